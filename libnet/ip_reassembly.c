/* SPDX-License-Identifier: ISC */
/*
 * Reassembly (RFC 791 section 3.2, RFC 1122 section 3.3.2; RFC 8200 section
 * 4.5) in a few placed buffers of stated size, for both families.
 *
 * What keeps it safe: a fragment's place is checked against the buffer before
 * a copy; what overlaps with other octets than are there ends the datagram and
 * swallows the rest of it (RFC 5722, for IPv4 as well); one source holds no
 * more than half of the buffers, and when all are in use the oldest gives way.
 * Work a fragment: the buffers, and 16 ranges.
 */
#include "ip_internal.h"

#include <string.h>

#define DATA_OFF IP_REASSEMBLY_OFF
#define N_RANGES (sizeof((struct tern_reassembly *)0)->ranges / \
                  sizeof((struct tern_reassembly *)0)->ranges[0])

enum { FREE, FILLING, DEAD, DELIVERED };

/* ---- Buffers ------------------------------------------------------------ */

static bool is_of(const struct tern_reassembly *r, const struct ip_fragment *f)
{
    return r->id == f->id && r->link == f->pkt->link && tern_addr_equal(&r->src, &f->pkt->src) &&
           tern_addr_equal(&r->dst, &f->pkt->dst);
}

static struct tern_reassembly *find(struct tern_ip *ip, const struct ip_fragment *f)
{
    for (size_t i = 0; i < ip->n_reassemblies; i++) {
        struct tern_reassembly *r = &ip->reassemblies[i];
        if ((r->state == FILLING || r->state == DEAD) && is_of(r, f))
            return r;
    }
    return NULL;
}

/* Which of two gives way first: a dead one, then the older. */
static bool goes_before(const struct tern_reassembly *a, const struct tern_reassembly *b)
{
    if (b == NULL)
        return true;
    if ((a->state == DEAD) != (b->state == DEAD))
        return a->state == DEAD;
    return a->order < b->order;
}

/* A buffer: a free one; one of its source's, if that has its share; the oldest. */
static struct tern_reassembly *take(struct tern_ip *ip, const struct ip_fragment *f)
{
    struct tern_reassembly *spare = NULL, *oldest = NULL, *own = NULL;
    size_t n_own = 0, share = (ip->n_reassemblies + 1) / 2;
    for (size_t i = 0; i < ip->n_reassemblies; i++) {
        struct tern_reassembly *r = &ip->reassemblies[i];
        if (r->state == FREE) {
            spare = spare == NULL ? r : spare;
            continue;
        }
        if (r->state == DELIVERED)    /* lent to a transport until the turn ends */
            continue;
        if (tern_addr_equal(&r->src, &f->pkt->src)) {
            n_own++;
            own = goes_before(r, own) ? r : own;
        }
        oldest = goes_before(r, oldest) ? r : oldest;
    }
    if (n_own >= share)
        spare = own;
    else if (spare == NULL)
        spare = oldest;
    if (spare != NULL && spare->state == FILLING)
        ip->stats->frag_evicted++;
    return spare;
}

static struct tern_reassembly *open_one(struct tern_ip *ip, const struct ip_fragment *f)
{
    struct tern_reassembly *r = take(ip, f);
    if (r == NULL)
        return NULL;
    r->src = f->pkt->src;
    r->dst = f->pkt->dst;
    r->id = f->id;
    r->link = f->pkt->link;
    r->state = FILLING;
    r->n_ranges = r->ecn = r->hdr_len = 0;
    r->total_len = r->have_len = 0;
    r->order = ++ip->n_reassembly_order;
    r->due_ns = ip->net->turn->now_ns + ip->reassembly_ns;
    tern_ip_rearm(ip, r->due_ns);
    return r;
}

/* The rest of this datagram is swallowed until its time is over. */
static void kill(struct tern_reassembly *r)
{
    r->state = DEAD;
}

/* ---- Ranges ------------------------------------------------------------- */

/* Adds [start, end), which touches nothing that is there but by its ends; false: too many. */
static bool range_add(struct tern_reassembly *r, size_t start, size_t end)
{
    size_t i = 0;
    while (i < r->n_ranges && r->ranges[i].start < start)
        i++;
    bool joins_prev = i > 0 && r->ranges[i - 1].end == start;
    bool joins_next = i < r->n_ranges && r->ranges[i].start == end;
    if (joins_prev && joins_next) {
        r->ranges[i - 1].end = r->ranges[i].end;
        memmove(&r->ranges[i], &r->ranges[i + 1],
                (size_t)(r->n_ranges - i - 1) * sizeof r->ranges[0]);
        r->n_ranges--;
    } else if (joins_prev) {
        r->ranges[i - 1].end = (uint16_t)end;
    } else if (joins_next) {
        r->ranges[i].start = (uint16_t)start;
    } else {
        if (r->n_ranges == N_RANGES)
            return false;
        memmove(&r->ranges[i + 1], &r->ranges[i],
                (size_t)(r->n_ranges - i) * sizeof r->ranges[0]);
        r->ranges[i].start = (uint16_t)start;
        r->ranges[i].end = (uint16_t)end;
        r->n_ranges++;
    }
    r->have_len = (uint16_t)(r->have_len + (end - start));
    return true;
}

enum overlap { OVERLAP_NONE, OVERLAP_INSIDE, OVERLAP_PARTLY };

static enum overlap overlap_of(const struct tern_reassembly *r, size_t start, size_t end)
{
    for (size_t i = 0; i < r->n_ranges; i++) {
        if (end <= r->ranges[i].start || start >= r->ranges[i].end)
            continue;
        return start >= r->ranges[i].start && end <= r->ranges[i].end ? OVERLAP_INSIDE
                                                                      : OVERLAP_PARTLY;
    }
    return OVERLAP_NONE;
}

/* Are the octets there the same? A fragment that the network doubled is no attack. */
static bool same_octets(const struct tern_reassembly *r, const struct ip_fragment *f)
{
    const struct tern_rx *rx = f->pkt->rx;
    /* All headers lie in the first span, so off is inside it or at its end. */
    size_t off = f->pkt->l4_off, at = DATA_OFF + f->start, left = f->end - f->start;
    for (size_t i = 0; i < rx->n_spans && left > 0; i++) {
        size_t n = rx->spans[i].len - off < left ? rx->spans[i].len - off : left;
        if (memcmp(rx->spans[i].data + off, r->frame + at, n) != 0)
            return false;
        at += n;
        left -= n;
        off = 0;
    }
    return true;
}

/* ---- A fragment --------------------------------------------------------- */

/*
 * The place of a fragment, by its own header. RFC 791, RFC 8200 section 4.5:
 * all but the last carry multiples of 8; none is empty; none ends past what a
 * total length can say (ping of death, CVE-1999-0128).
 */
static enum ip_fragment_fault place_check(struct tern_ip_stats *stats,
                                          const struct ip_fragment *f)
{
    if (f->end == f->start || (f->more && (f->end - f->start) % 8 != 0)) {
        stats->frag_bad_len++;
        return IP_FRAGMENT_BAD_LEN;
    }
    if (f->end > f->end_max) {
        stats->frag_bad_offset++;
        return IP_FRAGMENT_BAD_OFFSET;
    }
    return IP_FRAGMENT_GOOD;
}

/* Does it agree with where the datagram ends? */
static bool end_agrees(const struct tern_reassembly *r, const struct ip_fragment *f)
{
    if (r->total_len != 0)
        return f->more ? f->end <= r->total_len : f->end == r->total_len;
    if (f->more || r->n_ranges == 0)
        return true;
    return r->ranges[r->n_ranges - 1].end <= f->end;
}

/* RFC 3168 section 5.3: CE among ECT is CE; CE or ECT among Not-ECT is a broken path. */
static bool ecn_join(const struct tern_reassembly *r, uint8_t *ecn)
{
    bool not_ect = r->ecn & 1u << 0, ce = r->ecn & 1u << 3;
    *ecn = ce ? 3 : not_ect ? 0 : r->ecn & 1u << 2 ? 2 : 1;
    return !(not_ect && ce);
}

struct tern_net_packet tern_ip_reassembly_packet(struct tern_ip *ip, struct tern_reassembly *r)
{
    uint8_t *hdr = r->frame + DATA_OFF - r->hdr_len;
    r->span = (struct tern_span){ .data = hdr - ETH_HDR_LEN,
                                  .len = (size_t)ETH_HDR_LEN + r->hdr_len + r->total_len };
    r->rx = (struct tern_rx){ .spans = &r->span, .n_spans = 1 };
    size_t l4_len = r->total_len != 0 ? r->total_len : r->ranges[0].end;
    return (struct tern_net_packet){ .rx = &r->rx,
                                     .src = r->src,
                                     .dst = r->dst,
                                     .l4 = r->frame + DATA_OFF,
                                     .l4_contig = l4_len,
                                     .l4_off = (size_t)ETH_HDR_LEN + r->hdr_len,
                                     .l4_len = l4_len,
                                     .l3 = hdr,
                                     .l3_len = r->hdr_len,
                                     .network = ip->slot,
                                     .link = r->link };
}

/* All is there: the datagram goes up as a frame of its own, lent until the turn ends. */
static void complete(struct tern_ip *ip, struct tern_reassembly *r)
{
    uint8_t ecn;
    if (!ecn_join(r, &ecn)) {
        ip->stats->frag_bad_ecn++;
        kill(r);
        return;
    }
    r->state = DELIVERED;
    ip->stats->frag_reassembled++;
    tern_net_worked(ip->net);
    ip_family(ip)->reassembled(ip, r, ecn);
}

/* Puts a fragment that fits into its buffer. */
static void store(struct tern_ip *ip, struct tern_reassembly *r, const struct ip_fragment *f)
{
    if (!range_add(r, f->start, f->end)) {
        ip->stats->frag_too_many++;
        kill(r);
        return;
    }
    tern_rx_copy(f->pkt->rx, f->pkt->l4_off, r->frame + DATA_OFF + f->start, f->end - f->start);
    if (f->start == 0) {
        r->hdr_len = (uint8_t)f->pkt->l3_len;
        memcpy(r->frame + DATA_OFF - r->hdr_len, f->pkt->l3, r->hdr_len);
    }
    if (!f->more)
        r->total_len = (uint16_t)f->end;
    r->ecn |= (uint8_t)(1u << f->pkt->ecn);
    ip->stats->frag_in++;
    if (r->total_len != 0 && r->have_len == r->total_len)
        complete(ip, r);
}

enum ip_fragment_fault tern_ip_fragment(struct tern_ip *ip, const struct ip_fragment *f)
{
    enum ip_fragment_fault fault = place_check(ip->stats, f);
    if (fault != IP_FRAGMENT_GOOD)
        return fault;
    struct tern_reassembly *r = find(ip, f);
    if (r != NULL && r->state == DEAD) {
        ip->stats->frag_dead++;
        return IP_FRAGMENT_GOOD;
    }
    if (r == NULL && (r = open_one(ip, f)) == NULL) {
        ip->stats->frag_no_buffer++;
        return IP_FRAGMENT_GOOD;
    }
    if (f->end > TERN_REASSEMBLY_LEN) {
        ip->stats->frag_too_large++;
        kill(r);
        return IP_FRAGMENT_GOOD;
    }
    enum overlap overlap = overlap_of(r, f->start, f->end);
    if (overlap == OVERLAP_INSIDE && end_agrees(r, f) && same_octets(r, f)) {
        ip->stats->frag_duplicate++;
        return IP_FRAGMENT_GOOD;
    }
    if (overlap != OVERLAP_NONE || !end_agrees(r, f)) {
        ip->stats->frag_overlap++;
        kill(r);
        return IP_FRAGMENT_GOOD;
    }
    store(ip, r, f);
    return IP_FRAGMENT_GOOD;
}

/* ---- Time --------------------------------------------------------------- */

static void time_out(struct tern_ip *ip, struct tern_reassembly *r)
{
    bool was_dead = r->state == DEAD;
    r->state = FREE;
    if (was_dead)
        return;
    ip->stats->frag_timed_out++;
    if (r->hdr_len != 0)
        ip_family(ip)->timed_out(ip, r);
}

uint64_t tern_ip_reassembly_run(struct tern_ip *ip, uint64_t now_ns)
{
    uint64_t next_ns = TERN_NEVER;
    for (size_t i = 0; i < ip->n_reassemblies; i++) {
        struct tern_reassembly *r = &ip->reassemblies[i];
        if (r->state != FILLING && r->state != DEAD)
            continue;
        if (r->due_ns <= now_ns)
            time_out(ip, r);
        else if (r->due_ns < next_ns)
            next_ns = r->due_ns;
    }
    return next_ns;
}

void tern_ip_reassembly_init(struct tern_ip *ip)
{
    for (size_t i = 0; i < ip->n_reassemblies; i++)
        ip->reassemblies[i].state = FREE;
}

void tern_ip_reassembly_turn_end(struct tern_ip *ip)
{
    for (size_t i = 0; i < ip->n_reassemblies; i++)
        if (ip->reassemblies[i].state == DELIVERED)
            ip->reassemblies[i].state = FREE;
}

void tern_ip_reassembly_forget(struct tern_ip *ip, uint8_t link)
{
    for (size_t i = 0; i < ip->n_reassemblies; i++) {
        struct tern_reassembly *r = &ip->reassemblies[i];
        if (r->link != link || (r->state != FILLING && r->state != DEAD))
            continue;
        if (r->state == FILLING)
            ip->stats->frag_cleared++;
        r->state = FREE;
    }
}
