/* SPDX-License-Identifier: ISC */
/*
 * Frames to conversations: fragments joined, TCP's octets each once, in order.
 */
#include "summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct summary_flow *flow_of(struct summary *s, enum summary_kind kind, uint32_t peer,
                                    uint16_t ours, uint16_t theirs, bool make)
{
    for (size_t i = 0; i < s->n_flows; i++) {
        struct summary_flow *f = &s->flows[i];
        if (f->kind == kind && f->peer == peer && f->ours == ours && f->theirs == theirs)
            return f;
    }
    if (!make)
        return NULL;
    if (s->n_flows == SUMMARY_FLOWS) {
        s->overflow = true;
        return &s->flows[0];
    }
    struct summary_flow *f = &s->flows[s->n_flows++];
    *f = (struct summary_flow){ .kind = kind, .peer = peer, .ours = ours, .theirs = theirs,
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
static void tcp_add(struct summary *s, uint32_t peer, const uint8_t *tcp, size_t len)
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

struct summary_flow *summary_tcp(struct summary *s, uint32_t peer, uint16_t ours, uint16_t theirs)
{
    return flow_of(s, SUMMARY_TCP, peer, ours, theirs, false);
}

/* ---- IPv4 ---- */

static void message_add(struct summary *s, uint8_t protocol, uint32_t peer, const uint8_t *l4,
                        size_t len)
{
    struct summary_flow *f = NULL;
    if (protocol == 6) {
        tcp_add(s, peer, l4, len);
    } else if (protocol == 17 && len >= 8) {
        f = flow_of(s, SUMMARY_UDP, peer, tern_load_be16(l4), tern_load_be16(l4 + 2), true);
        octets_add(f, l4 + 8, len - 8);
    } else if (protocol == 1 && len >= 8) {
        f = flow_of(s, SUMMARY_ICMP, peer, l4[0], l4[1], true);
        octets_add(f, l4 + 4, len - 4);
    }
    if (f != NULL)
        f->n_messages++;
}

/* A host sends its fragments in order; anything else is not of one. */
static void fragment_add(struct summary *s, const uint8_t *ip, const uint8_t *data, size_t len)
{
    size_t at = SUMMARY_FRAGMENTS, off = (size_t)(tern_load_be16(ip + 6) & 0x1fff) * 8;
    uint32_t dst = tern_load_be32(ip + 16);
    for (size_t i = 0; i < SUMMARY_FRAGMENTS; i++) {
        if (s->fragments[i].used && s->fragments[i].dst == dst &&
            s->fragments[i].id == tern_load_be16(ip + 4) && s->fragments[i].protocol == ip[9])
            at = i;
        else if (!s->fragments[i].used && off == 0 && at == SUMMARY_FRAGMENTS)
            at = i;
    }
    if (at == SUMMARY_FRAGMENTS)
        return;
    if (off == 0) {
        s->fragments[at].used = true;
        s->fragments[at].dst = dst;
        s->fragments[at].id = tern_load_be16(ip + 4);
        s->fragments[at].protocol = ip[9];
        s->fragments[at].len = 0;
    }
    if (off != s->fragments[at].len || len > sizeof s->fragments[at].data - off)
        return;
    memcpy(s->fragments[at].data + off, data, len);
    s->fragments[at].len += len;
    if ((tern_load_be16(ip + 6) & 0x2000) != 0)
        return;
    message_add(s, ip[9], dst, s->fragments[at].data, s->fragments[at].len);
    s->fragments[at].used = false;
}

void summary_add(struct summary *s, const uint8_t *frame, size_t len)
{
    if (len < 14 + 20)
        return;
    const uint8_t *ip = frame + 14;
    uint16_t type = tern_load_be16(frame + 12);
    if (type == 0x0806 && len >= 42 && tern_load_be16(ip + 6) == 2)
        flow_of(s, SUMMARY_ARP, tern_load_be32(ip + 24), 0, 0, true)->n_messages++;
    if (type != 0x0800)
        return;
    size_t hdr_len = (size_t)(ip[0] & 15) * 4, total = tern_load_be16(ip + 2);
    if (hdr_len < 20 || total < hdr_len || total > len - 14)
        return;
    if ((tern_load_be16(ip + 6) & 0x3fff) != 0)
        fragment_add(s, ip, ip + hdr_len, total - hdr_len);
    else
        message_add(s, ip[9], tern_load_be32(ip + 16), ip + hdr_len, total - hdr_len);
}

/* ---- Comparing ---- */

static void flow_print(const char *who, const struct summary_flow *f)
{
    static const char *const kinds[] = { "arp", "icmp", "udp", "tcp" };
    char text[TERN_ADDR_TEXT_CAP];
    struct tern_addr peer = tern_addr_v4(f->peer);
    (void)tern_addr_format(&peer, text);
    printf("%s %s %s %u %u: %" PRIu64 " messages, %" PRIu64 " octets, hash %016" PRIx64 "%s%s\n",
           who, kinds[f->kind], text, f->ours, f->theirs, f->n_messages, f->n_octets, f->hash,
           f->fin ? ", end" : "", f->rst ? ", reset" : "");
}

static bool flow_same(const struct summary_flow *a, const struct summary_flow *b)
{
    return a->n_messages == b->n_messages && a->n_octets == b->n_octets && a->hash == b->hash &&
           a->fin == b->fin && a->rst == b->rst;
}

static size_t missing(const struct summary *from, const struct summary *in, const char *who,
                      const char *other)
{
    size_t n = 0;
    for (size_t i = 0; i < from->n_flows; i++) {
        const struct summary_flow *f = &from->flows[i], *g = NULL;
        for (size_t k = 0; k < in->n_flows; k++)
            if (in->flows[k].kind == f->kind && in->flows[k].peer == f->peer &&
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
    size_t n = missing(want, got, "want", "got");
    return n + missing(got, want, "got", "want") == 0;
}
