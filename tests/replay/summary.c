/* SPDX-License-Identifier: ISC */
/*
 * Frames to conversations: fragments joined, TCP's octets each once, in order.
 */
#include "summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct summary_flow *flow_of(struct summary *s, enum summary_kind kind,
                                    const struct tern_addr *peer, uint16_t ours, uint16_t theirs,
                                    bool make)
{
    for (size_t i = 0; i < s->n_flows; i++) {
        struct summary_flow *f = &s->flows[i];
        if (f->kind == kind && tern_addr_equal(&f->peer, peer) && f->ours == ours &&
            f->theirs == theirs)
            return f;
    }
    if (!make)
        return NULL;
    if (s->n_flows == SUMMARY_FLOWS) {
        s->overflow = true;
        return &s->flows[0];
    }
    struct summary_flow *f = &s->flows[s->n_flows++];
    *f = (struct summary_flow){ .kind = kind, .peer = *peer, .ours = ours, .theirs = theirs,
                                .hash = UINT64_C(0xcbf29ce484222325) };
    return f;
}

static void octets_add(struct summary_flow *f, const uint8_t *data, size_t len)
{
    f->n_octets += len;
    for (size_t i = 0; i < len; i++)
        f->hash = (f->hash ^ data[i]) * UINT64_C(0x100000001b3);
}

/* ---- TCP ---- */

static uint32_t timestamp_of(const uint8_t *tcp, size_t hdr_len)
{
    for (size_t off = 20; off < hdr_len && tcp[off] != 0;) {
        if (tcp[off] == 1) {
            off++;
            continue;
        }
        if (hdr_len - off < 2 || tcp[off + 1] < 2 || tcp[off + 1] > hdr_len - off)
            break;
        if (tcp[off] == 8 && tcp[off + 1] == 10)
            return tern_load_be32(tcp + off + 2);
        off += tcp[off + 1];
    }
    return 0;
}

/* Octets in sequence, each once: retransmissions add nothing. */
static void tcp_add(struct summary *s, const struct tern_addr *peer, const uint8_t *tcp,
                    size_t len)
{
    size_t hdr_len = len >= 20 ? (size_t)(tcp[12] >> 4) * 4 : 0;
    if (hdr_len < 20 || hdr_len > len)
        return;
    struct summary_flow *f = flow_of(s, SUMMARY_TCP, peer, tern_load_be16(tcp),
                                     tern_load_be16(tcp + 2), true);
    uint32_t seq = tern_load_be32(tcp + 4);
    uint8_t flags = tcp[13];
    const uint8_t *data = tcp + hdr_len;
    len -= hdr_len;
    if (flags & 2) {
        f->started = true;
        f->iss = seq;
        f->next = seq + 1;
    }
    uint32_t ts = timestamp_of(tcp, hdr_len);
    f->last_ts = ts != 0 ? ts : f->last_ts;
    f->rst |= (flags & 4) != 0;
    uint32_t old = f->next - seq;    /* octets that were there before */
    if (!f->started || (flags & 2) || old > UINT32_C(1) << 30)
        return;
    if (old < len) {
        octets_add(f, data + old, len - old);
        f->next = seq + (uint32_t)len;
    }
    if ((flags & 1) && seq + (uint32_t)len == f->next && !f->fin) {
        f->fin = true;
        f->next++;
    }
}

struct summary_flow *summary_tcp(struct summary *s, const struct tern_addr *peer, uint16_t ours,
                                 uint16_t theirs)
{
    return flow_of(s, SUMMARY_TCP, peer, ours, theirs, false);
}

/* ---- Packets ---- */

static bool packet4(const uint8_t *frame, size_t len, struct summary_packet *pkt)
{
    const uint8_t *ip = frame + 14;
    size_t hdr_len = (size_t)(ip[0] & 15) * 4, total = tern_load_be16(ip + 2);
    unsigned frag = tern_load_be16(ip + 6);
    if (hdr_len < 20 || total < hdr_len || total > len - 14)
        return false;
    *pkt = (struct summary_packet){
        .src = tern_addr_v4(tern_load_be32(ip + 12)), .dst = tern_addr_v4(tern_load_be32(ip + 16)),
        .protocol = ip[9], .fragment = (frag & 0x3fff) != 0, .more = (frag & 0x2000) != 0,
        .frag_off = (size_t)(frag & 0x1fff) * 8, .id = tern_load_be16(ip + 4),
        .l4_off = 14 + hdr_len, .l4_len = total - hdr_len };
    return true;
}

/* Hop-by-hop options and a fragment header are all that hosts here put before the rest. */
static bool packet6(const uint8_t *frame, size_t len, struct summary_packet *pkt)
{
    const uint8_t *ip = frame + 14;
    size_t total = 40 + (size_t)tern_load_be16(ip + 4), off = 40;
    if (len < 14 + 40 || total > len - 14)
        return false;
    *pkt = (struct summary_packet){ .protocol = ip[6] };
    memcpy(pkt->src.octets, ip + 8, 16);
    memcpy(pkt->dst.octets, ip + 24, 16);
    for (; (pkt->protocol == 0 || pkt->protocol == 44) && total - off >= 8;) {
        const uint8_t *ext = ip + off;
        if (pkt->protocol == 44) {
            unsigned frag = tern_load_be16(ext + 2);
            pkt->fragment = true;
            pkt->more = (frag & 1) != 0;
            pkt->frag_off = frag & 0xfff8;
            pkt->id = tern_load_be32(ext + 4);
        }
        off += pkt->protocol == 44 ? 8 : 8 + (size_t)ext[1] * 8;
        pkt->protocol = ext[0];
        if (off > total)
            return false;
    }
    pkt->l4_off = 14 + off;
    pkt->l4_len = total - off;
    return true;
}

bool summary_packet(const uint8_t *frame, size_t len, struct summary_packet *pkt)
{
    uint16_t type = len >= 14 + 20 ? tern_load_be16(frame + 12) : 0;
    return type == 0x0800 ? packet4(frame, len, pkt) : type == 0x86dd && packet6(frame, len, pkt);
}

uint32_t summary_pseudo_sum(const struct summary_packet *pkt)
{
    bool four = tern_addr_is_v4(&pkt->src);
    uint32_t sum = pkt->protocol + (uint32_t)pkt->l4_len;
    sum = tern_checksum_add(sum, pkt->src.octets + (four ? 12 : 0), four ? 4 : 16);
    return tern_checksum_add(sum, pkt->dst.octets + (four ? 12 : 0), four ? 4 : 16);
}

/* ---- Messages ---- */

static void group_add(struct summary *s, const uint8_t *group)
{
    struct tern_addr addr;
    memcpy(addr.octets, group, 16);
    (void)flow_of(s, SUMMARY_GROUP, &addr, 0, 0, true);
}

/* Which groups are reported; which neighbours are answered. */
static void icmp6_add(struct summary *s, const struct tern_addr *peer, const uint8_t *icmp,
                      size_t len)
{
    if (icmp[0] == 131 && len >= 24)
        group_add(s, icmp + 8);
    for (size_t off = 8, n = 0; icmp[0] == 143 && len >= off + 20 &&
                                n < tern_load_be16(icmp + 6); n++) {
        group_add(s, icmp + off + 4);
        off += 20 + (size_t)tern_load_be16(icmp + off + 2) * 16 + (size_t)icmp[off + 1] * 4;
    }
    if (icmp[0] == 136 && peer->octets[0] != 0xff)
        flow_of(s, SUMMARY_ARP, peer, 0, 0, true)->n_messages++;
    if ((icmp[0] >= 130 && icmp[0] <= 137) || icmp[0] == 143)
        return;
    struct summary_flow *f = flow_of(s, SUMMARY_ICMP, peer, icmp[0], icmp[1], true);
    octets_add(f, icmp + 4, len - 4);
    f->n_messages++;
}

static void message_add(struct summary *s, uint8_t protocol, const struct tern_addr *peer,
                        const uint8_t *l4, size_t len)
{
    struct summary_flow *f = NULL;
    if (protocol == 6) {
        tcp_add(s, peer, l4, len);
    } else if (protocol == 17 && len >= 8 && tern_load_be16(l4 + 2) == 547) {
        /* DHCPv6: which messages are sent, not with what numbers. */
        (void)flow_of(s, SUMMARY_UDP, peer, l4[8], 547, true);
    } else if (protocol == 17 && len >= 8) {
        f = flow_of(s, SUMMARY_UDP, peer, tern_load_be16(l4), tern_load_be16(l4 + 2), true);
        octets_add(f, l4 + 8, len - 8);
    } else if (protocol == 1 && len >= 8) {
        f = flow_of(s, SUMMARY_ICMP, peer, l4[0], l4[1], true);
        octets_add(f, l4 + 4, len - 4);
    } else if (protocol == 58 && len >= 8) {
        icmp6_add(s, peer, l4, len);
    }
    if (f != NULL)
        f->n_messages++;
}

/* A host sends its fragments in order; anything else is not of one. */
static void fragment_add(struct summary *s, const struct summary_packet *pkt,
                         const uint8_t *data, size_t len)
{
    size_t at = SUMMARY_FRAGMENTS, off = pkt->frag_off;
    for (size_t i = 0; i < SUMMARY_FRAGMENTS; i++) {
        if (s->fragments[i].used && tern_addr_equal(&s->fragments[i].dst, &pkt->dst) &&
            s->fragments[i].id == pkt->id && s->fragments[i].protocol == pkt->protocol)
            at = i;
        else if (!s->fragments[i].used && off == 0 && at == SUMMARY_FRAGMENTS)
            at = i;
    }
    if (at == SUMMARY_FRAGMENTS)
        return;
    if (off == 0) {
        s->fragments[at].used = true;
        s->fragments[at].dst = pkt->dst;
        s->fragments[at].id = pkt->id;
        s->fragments[at].protocol = pkt->protocol;
        s->fragments[at].len = 0;
    }
    if (off != s->fragments[at].len || len > sizeof s->fragments[at].data - off)
        return;
    memcpy(s->fragments[at].data + off, data, len);
    s->fragments[at].len += len;
    if (pkt->more)
        return;
    message_add(s, pkt->protocol, &pkt->dst, s->fragments[at].data, s->fragments[at].len);
    s->fragments[at].used = false;
}

void summary_add(struct summary *s, const uint8_t *frame, size_t len)
{
    struct summary_packet pkt;
    if (len >= 42 && tern_load_be16(frame + 12) == 0x0806 && tern_load_be16(frame + 20) == 2) {
        struct tern_addr asker = tern_addr_v4(tern_load_be32(frame + 38));
        flow_of(s, SUMMARY_ARP, &asker, 0, 0, true)->n_messages++;
    }
    if (!summary_packet(frame, len, &pkt))
        return;
    if (pkt.fragment)
        fragment_add(s, &pkt, frame + pkt.l4_off, pkt.l4_len);
    else
        message_add(s, pkt.protocol, &pkt.dst, frame + pkt.l4_off, pkt.l4_len);
}

/* ---- Comparing ---- */

static void flow_print(const char *who, const struct summary_flow *f)
{
    static const char *const kinds[] = { "arp", "icmp", "udp", "tcp", "group" };
    char text[TERN_ADDR_TEXT_CAP];
    (void)tern_addr_format(&f->peer, text);
    printf("%s %s %s %u %u: %" PRIu64 " messages, %" PRIu64 " octets, hash %016" PRIx64 "%s%s\n",
           who, kinds[f->kind], text, f->ours, f->theirs, f->n_messages, f->n_octets, f->hash,
           f->fin ? ", end" : "", f->rst ? ", reset" : "");
}

static bool flow_same(const struct summary_flow *a, const struct summary_flow *b)
{
    return a->n_messages == b->n_messages && a->n_octets == b->n_octets && a->hash == b->hash &&
           a->fin == b->fin && a->rst == b->rst;
}

/* A capture may begin when its host has long reported some groups. */
static size_t missing(const struct summary *from, const struct summary *in, const char *who,
                      const char *other, bool with_groups)
{
    size_t n = 0;
    for (size_t i = 0; i < from->n_flows; i++) {
        const struct summary_flow *f = &from->flows[i], *g = NULL;
        if (f->kind == SUMMARY_GROUP && !with_groups)
            continue;
        for (size_t k = 0; k < in->n_flows; k++)
            if (in->flows[k].kind == f->kind && tern_addr_equal(&in->flows[k].peer, &f->peer) &&
                in->flows[k].ours == f->ours && in->flows[k].theirs == f->theirs)
                g = &in->flows[k];
        if (g != NULL && flow_same(f, g))
            continue;
        n++;
        flow_print(who, f);
        if (g != NULL)
            flow_print(other, g);
    }
    return n;
}

bool summary_same(const struct summary *want, const struct summary *got)
{
    if (want->overflow || got->overflow || want->n_flows == 0) {
        printf("too many conversations, or none\n");
        return false;
    }
    size_t n = missing(want, got, "want", "got", true);
    return n + missing(got, want, "got", "want", false) == 0;
}
