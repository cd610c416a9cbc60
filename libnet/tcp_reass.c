/* SPDX-License-Identifier: ISC */
/*
 * Out-of-order octets: at most TERN_TCP_RANGES runs, in order, that do not
 * touch, each in a chain of blocks that is filled without gaps.
 *
 *     rcv_nxt        ranges[0]            ranges[1]
 *        |          |=========|          |====|          ... up to rcv_adv
 *                    first -> last        first = last
 *
 * What arrived first stays; a segment only fills the gaps. So the work for a
 * segment is bounded by the number of ranges and the octets copied, whatever
 * came before (CVE-2018-5390), and memory by the fair share of blocks.
 *
 * When rcv_nxt reaches a range, its chain becomes the end of the kept queue as
 * it is.
 */
#include "tcp_internal.h"

#include <string.h>

/* ---- Chains of blocks -------------------------------------------------------------------- */

static void chain_give(struct tern_tcp_conn *conn, struct tern_block *block)
{
    while (block != NULL) {
        struct tern_block *next = block->next;
        tern_block_give(conn->tcp->net->blocks, block);
        conn->n_rcv_blocks--;
        block = next;
    }
}

/* Appends octets of the frame to the range; how many found room. */
TERN_COLD
static uint32_t range_append(struct tern_tcp_conn *conn, struct tern_tcp_range *range,
                             const struct tern_rx *rx, size_t off, uint32_t len)
{
    struct tern_block_pool *pool = conn->tcp->net->blocks;
    uint32_t done = 0;
    while (done < len) {
        struct tern_block *last = range->last;
        if (last == NULL || last->off + last->len == pool->data_cap) {
            if (!tern_block_fair(pool, conn->n_rcv_blocks))
                break;
            struct tern_block *block = tern_block_take(pool);
            conn->n_rcv_blocks++;
            if (last == NULL)
                range->first = block;
            else
                last->next = block;
            range->last = last = block;
        }
        size_t at = last->off + last->len;
        size_t n = pool->data_cap - at;
        if (n > len - done)
            n = len - done;
        tern_rx_copy(rx, off + done, last->data + at, n);
        last->len += (uint32_t)n;
        done += (uint32_t)n;
    }
    range->end += done;
    return done;
}

/*
 * Joins range i + 1 to range i, which it touches. If the first block of the one
 * fits behind the last of the other it is copied there, so that many small
 * ranges do not leave many nearly empty blocks.
 */
TERN_COLD
static void range_join(struct tern_tcp_conn *conn, struct tern_tcp_work *work, uint32_t i)
{
    struct tern_tcp_range *left = &work->ranges[i], *right = left + 1;
    struct tern_block *last = left->last, *first = right->first;
    if (first->len <= conn->tcp->net->blocks->data_cap - last->off - last->len) {
        memcpy(last->data + last->off + last->len, first->data + first->off, first->len);
        last->len += first->len;
        right->first = first->next;
        first->next = NULL;
        chain_give(conn, first);
    }
    if (right->first != NULL) {
        last->next = right->first;
        left->last = right->last;
    }
    left->end = right->end;
    work->n_ranges--;
    memmove(right, right + 1, (work->n_ranges - i - 1) * sizeof *right);
}

/* ---- Adding -------------------------------------------------------------------------------- */

/* A new empty range at index i, or false: there are too many. */
TERN_COLD
static bool range_insert(struct tern_tcp_work *work, uint32_t i, uint32_t seq)
{
    if (work->n_ranges == TERN_TCP_RANGES)
        return false;
    struct tern_tcp_range *range = &work->ranges[i];
    memmove(range + 1, range, (work->n_ranges - i) * sizeof *range);
    *range = (struct tern_tcp_range){ .start = seq, .end = seq };
    work->n_ranges++;
    return true;
}

TERN_COLD
static void range_remove_empty(struct tern_tcp_work *work, uint32_t i)
{
    struct tern_tcp_range *range = &work->ranges[i];
    if (range->start != range->end)
        return;
    work->n_ranges--;
    memmove(range, range + 1, (work->n_ranges - i) * sizeof *range);
}

/*
 * Fills the gaps that the segment covers, from left to right. Each turn either
 * copies up to the next range or steps over one, so there are at most twice as
 * many turns as ranges. The result names the counter of what stopped it.
 */
TERN_COLD
static uint64_t *gaps_fill(struct tern_tcp_conn *conn, struct tern_tcp_work *work,
                           const struct tern_tcp_seg *seg, const struct tern_net_packet *pkt)
{
    uint32_t seq = seg->seq, end = seg->seq + seg->len;
    uint32_t i = 0;
    while (tern_tcp_seq_lt(seq, end)) {
        /* The first range that ends at or after seq. */
        while (i < work->n_ranges && tern_tcp_seq_lt(work->ranges[i].end, seq))
            i++;
        bool touches = i < work->n_ranges && tern_tcp_seq_leq(work->ranges[i].start, seq);
        if (touches && tern_tcp_seq_gt(work->ranges[i].end, seq)) {
            seq = work->ranges[i].end;    /* have it already */
            continue;
        }
        if (!touches && !range_insert(work, i, seq))
            return &conn->tcp->stats.drop_no_range;
        bool has_right = i + 1 < work->n_ranges;
        uint32_t stop = end;
        if (has_right && tern_tcp_seq_lt(work->ranges[i + 1].start, end))
            stop = work->ranges[i + 1].start;
        uint32_t n = range_append(conn, &work->ranges[i], pkt->rx,
                                  seg->data_off + (seq - seg->seq), stop - seq);
        seq += n;
        if (seq != stop) {
            range_remove_empty(work, i);
            return &conn->tcp->stats.drop_no_block;
        }
        if (has_right && work->ranges[i + 1].start == seq)
            range_join(conn, work, i);
    }
    return NULL;
}

/*
 * Every out-of-order segment gets its own duplicate ACK at once (RFC 5681
 * section 4.2), also one that is dropped: it tells the peer that something is
 * missing, and where.
 */
TERN_COLD
void tern_tcp_reass_add(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg,
                        const struct tern_net_packet *pkt)
{
    struct tern_tcp_stats *stats = &conn->tcp->stats;
    if (conn->n_acks < UINT8_MAX)
        conn->n_acks++;
    struct tern_tcp_work *work = tern_tcp_work_take(conn, false);
    if (work == NULL) {
        stats->drop_no_work++;
        return;
    }
    uint64_t *reason = gaps_fill(conn, work, seg, pkt);
    if (reason != NULL) {
        (*reason)++;
        return;
    }
    stats->in_out_of_order++;
    if ((seg->flags & TCP_FIN) != 0) {
        work->fin = true;
        work->fin_seq = seg->seq + seg->len;
    }
}

/* ---- In order ------------------------------------------------------------------------------- */

bool tern_tcp_reass_is_due(const struct tern_tcp_conn *conn)
{
    const struct tern_tcp_work *work = tcp_work(conn);
    if (work == NULL)
        return false;
    return (work->n_ranges > 0 && tern_tcp_seq_leq(work->ranges[0].start, conn->rcv_nxt)) ||
           (work->fin && work->fin_seq == conn->rcv_nxt);
}

/* Cuts what is before rcv_nxt off the range: it came again, in order. */
TERN_COLD
static void range_cut(struct tern_tcp_conn *conn, struct tern_tcp_range *range)
{
    uint32_t n = conn->rcv_nxt - range->start;
    if (n > range->end - range->start)
        n = range->end - range->start;
    range->start += n;
    while (n > 0) {
        struct tern_block *block = range->first;
        if (block->len > n) {
            block->off += n;
            block->len -= n;
            return;
        }
        n -= block->len;
        range->first = block->next;
        block->next = NULL;
        chain_give(conn, block);
    }
}

/*
 * rcv_nxt has reached the first range, or gone beyond: moves it to the end of
 * all that is in order now. Filling a gap is acknowledged at once (RFC 5681
 * section 4.2); where none is left, no duplicate is owed any more.
 */
TERN_COLD
void tern_tcp_reass_advance(struct tern_tcp_conn *conn)
{
    struct tern_tcp_work *work = tcp_work(conn);
    uint32_t i = 0;
    /* fine: called where there are ranges, which a work block holds */
    for (; i < work->n_ranges; i++) {
        struct tern_tcp_range *range = &work->ranges[i];
        if (tern_tcp_seq_gt(range->start, conn->rcv_nxt))
            break;
        range_cut(conn, range);
        if (range->start == range->end)
            continue;
        conn->tcp->stats.in_data_octets += range->end - range->start;
        conn->rcv_nxt = range->end;
        if (conn->discard)
            chain_give(conn, range->first);
        else
            tern_tcp_recv_append(conn, range->first, range->last);
    }
    work->n_ranges -= i;
    memmove(work->ranges, work->ranges + i, work->n_ranges * sizeof work->ranges[0]);
    if (work->fin && work->fin_seq == conn->rcv_nxt) {
        conn->fin_seen = true;
        tern_tcp_reass_drop(conn);    /* what stands behind its end, a peer cannot mean */
        tern_tcp_conn_ready(conn);
    }
    conn->ack_now = true;
    /* fine: dropping the ranges leaves the work block */
    if (work->n_ranges == 0)
        conn->n_acks = 0;
}

TERN_COLD
bool tern_tcp_reass_yield(struct tern_tcp_conn *conn)
{
    struct tern_tcp_work *work = tcp_work(conn);
    if (work == NULL || work->n_ranges == 0)
        return false;
    work->n_ranges--;
    chain_give(conn, work->ranges[work->n_ranges].first);
    work->fin = false;
    return true;
}

TERN_COLD
void tern_tcp_reass_drop(struct tern_tcp_conn *conn)
{
    struct tern_tcp_work *work = tcp_work(conn);
    if (work == NULL)
        return;
    for (uint32_t i = 0; i < work->n_ranges; i++)
        chain_give(conn, work->ranges[i].first);
    work->n_ranges = 0;
    work->fin = false;
}
