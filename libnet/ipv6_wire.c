/* SPDX-License-Identifier: ISC */
/*
 * IPv6 headers and extension headers on the wire (RFC 8200): pure functions.
 */
#include "ipv6_wire.h"

#include <string.h>

/* Extension headers: each begins with what follows it and, but Fragment, its length. */
enum { EXT_NEXT = 0, EXT_LEN = 1, EXT_LEAST = 8 };
enum { ROUTING_TYPE = 2, ROUTING_LEFT = 3 };
enum { FRAG_OFF = 2, FRAG_ID = 4, FRAG_MORE = 1, FRAG_OFF_MASK = 0xfff8 };

enum { OPT_PAD1 = 0, OPT_PADN = 1, OPT_ALERT = 5, OPT_ALERT_LEN = 2 };

/* Parameter Problem's codes (RFC 4443 section 3.4, RFC 7112). */
enum { FIELD = 0, NEXT_UNKNOWN = 1, OPTION_UNKNOWN = 2, CHAIN_INCOMPLETE = 3 };

struct walk {
    struct tern_ipv6_chain *chain;
    const uint8_t *hdr;
    size_t end;           /* of what may be read */
    bool multicast;
};

/* All faults with an answer come from here, so that e.3 is asked in one place. */
static enum tern_ipv6_fault refuse(const struct walk *w, enum tern_ipv6_fault fault, uint8_t code,
                                   size_t pointer)
{
    if (!w->multicast) {
        w->chain->code = code;
        w->chain->pointer = (uint32_t)pointer;
    }
    return fault;
}

static bool is_zero(const uint8_t *p, size_t len)
{
    unsigned all = 0;
    for (size_t i = 0; i < len; i++)
        all |= p[i];
    return all == 0;
}

/* RFC 8200 section 4.2: the two high bits say what to do with an unknown one. */
static enum tern_ipv6_fault option_refuse(struct walk *w, size_t off)
{
    uint8_t type = w->hdr[off];
    if (type >> 6 == 2)
        w->multicast = false;    /* "regardless of whether or not" it is */
    if (type >> 6 == 1)
        return TERN_IPV6_BAD_OPTION;
    return refuse(w, TERN_IPV6_BAD_OPTION, OPTION_UNKNOWN, off);
}

/* The options from off to end, which lies within what may be read. */
static enum tern_ipv6_fault options_walk(struct walk *w, uint8_t kind, size_t off, size_t end)
{
    unsigned n = 0;
    size_t padding = 0;
    /* Each turn adds at least one octet to off, which stays at most end. */
    while (off < end) {
        const uint8_t *opt = w->hdr + off;
        size_t len = 1;
        if (opt[0] != OPT_PAD1) {
            if (end - off < 2 || opt[1] > end - off - 2)
                return refuse(w, TERN_IPV6_BAD_HDR, FIELD, off + 1);
            len = 2 + (size_t)opt[1];
        }
        if (opt[0] <= OPT_PADN) {
            padding += len;
            if (padding > IPV6_PADDING_MAX || (len > 2 && !is_zero(opt + 2, len - 2)))
                return TERN_IPV6_BAD_OPTION;
            off += len;
            continue;
        }
        padding = 0;
        if (++n > IPV6_OPTIONS_MAX)
            return TERN_IPV6_LONG_CHAIN;
        if (opt[0] == OPT_ALERT && kind == IPV6_HOP_BY_HOP) {
            if (opt[1] != OPT_ALERT_LEN)
                return refuse(w, TERN_IPV6_BAD_HDR, FIELD, off + 1);
            w->chain->has_alert = true;
            w->chain->alert = tern_load_be16(opt + 2);
        } else if (opt[0] >> 6 != 0) {
            return option_refuse(w, off);
        }
        off += len;
    }
    return TERN_IPV6_GOOD;
}

/* A Fragment header; total_len is the packet's, its header included. */
static enum tern_ipv6_fault fragment_take(const struct walk *w, size_t total_len)
{
    struct tern_ipv6_chain *c = w->chain;
    const uint8_t *frag = w->hdr + c->off;
    unsigned word = tern_load_be16(frag + FRAG_OFF);
    size_t data_len = total_len - c->off - IPV6_FRAGMENT_HDR_LEN;
    c->has_fragment = true;
    c->more = (word & FRAG_MORE) != 0;
    c->frag_off = word & FRAG_OFF_MASK;
    c->frag_id = tern_load_be32(frag + FRAG_ID);
    c->frag_hdr_off = c->off;
    c->frag_next_off = c->next_off;
    c->frag_next = frag[EXT_NEXT];
    /* RFC 8200 section 4.5, the errors of reassembly, in its order. */
    if (c->more && data_len % 8 != 0)
        return refuse(w, TERN_IPV6_BAD_FRAGMENT, FIELD, IPV6_PAYLOAD_LEN);
    if (data_len + c->frag_off + (c->frag_hdr_off - (size_t)IPV6_HDR_LEN) > 65535)
        return refuse(w, TERN_IPV6_BAD_FRAGMENT, FIELD, (size_t)c->off + FRAG_OFF);
    return TERN_IPV6_GOOD;
}

/*
 * How long the header of a protocol is at least, which RFC 7112 wants in a
 * first fragment; 0: a protocol that we do not have.
 */
static size_t upper_least(uint8_t next)
{
    switch (next) {
    case IPV6_TCP:
        return 20;
    case IPV6_UDP:
        return 8;
    case IPV6_ICMP:
        return 4;
    default:
        return 0;
    }
}

static bool is_extension(uint8_t next)
{
    return next == IPV6_HOP_BY_HOP || next == IPV6_DST_OPTIONS || next == IPV6_ROUTING ||
           next == IPV6_FRAGMENT;
}

/* The extension header at chain->off by its lengths; 0: it is not all there. */
static size_t extension_len(const uint8_t *hdr, size_t off, size_t end, uint8_t kind)
{
    if (end - off < EXT_LEAST)
        return 0;
    size_t len = kind == IPV6_FRAGMENT ? EXT_LEAST : EXT_LEAST * (1 + (size_t)hdr[off + EXT_LEN]);
    return len > end - off ? 0 : len;
}

/* A header that is not all there. */
static enum tern_ipv6_fault cut(const struct walk *w, size_t total_len)
{
    if (w->end < total_len)
        return TERN_IPV6_LONG_CHAIN;
    if (w->chain->has_fragment && w->chain->more)
        return refuse(w, TERN_IPV6_CUT_CHAIN, CHAIN_INCOMPLETE, 0);
    return refuse(w, TERN_IPV6_BAD_HDR, FIELD, (size_t)w->chain->off + EXT_LEN);
}

/* May an extension header of this kind stand here? `seen` holds those before. */
static bool is_in_place(unsigned *seen, const struct tern_ipv6_chain *c)
{
    unsigned bit = 8;
    if (c->next == IPV6_HOP_BY_HOP)
        bit = 1;
    else if (c->next == IPV6_ROUTING)
        bit = 2;
    else if (c->next == IPV6_FRAGMENT)
        bit = 4;
    else if ((*seen & bit) != 0)
        bit = 16;
    if ((*seen & bit) != 0 || (bit == 1 && c->off != IPV6_HDR_LEN))
        return false;
    *seen |= bit;
    return true;
}

enum tern_ipv6_fault tern_ipv6_chain_walk(struct tern_ipv6_chain *c,
                                          const struct tern_ipv6_view *v, size_t contig)
{
    struct walk w = { .chain = c, .hdr = v->hdr, .end = v->total_len,
                      .multicast = ipv6_is_multicast(v->hdr + IPV6_DST) };
    unsigned seen = 0;
    *c = (struct tern_ipv6_chain){ .off = IPV6_HDR_LEN, .next_off = IPV6_NEXT,
                                   .next = v->hdr[IPV6_NEXT], .code = IPV6_NO_ANSWER };
    if (w.end > contig)
        w.end = contig;
    if (w.end > IPV6_CHAIN_CAP)
        w.end = IPV6_CHAIN_CAP;
    /* Each turn takes one kind's place in `seen`: five at most. */
    while (is_extension(c->next)) {
        enum tern_ipv6_fault fault = TERN_IPV6_GOOD;
        if (!is_in_place(&seen, c))
            return refuse(&w, TERN_IPV6_BAD_NEXT, NEXT_UNKNOWN, c->next_off);
        size_t len = extension_len(v->hdr, c->off, w.end, c->next);
        if (len == 0)
            return cut(&w, v->total_len);
        if (c->next == IPV6_FRAGMENT)
            fault = fragment_take(&w, v->total_len);
        else if (c->next != IPV6_ROUTING)
            fault = options_walk(&w, c->next, (size_t)c->off + 2, c->off + len);
        else if (v->hdr[c->off + ROUTING_LEFT] != 0)
            fault = refuse(&w, TERN_IPV6_BAD_ROUTING, FIELD, (size_t)c->off + ROUTING_TYPE);
        if (fault != TERN_IPV6_GOOD)
            return fault;
        c->next_off = (uint16_t)(c->off + EXT_NEXT);
        c->next = v->hdr[c->next_off];
        c->off = (uint16_t)(c->off + len);
        if (c->frag_off != 0)
            return TERN_IPV6_GOOD;
    }
    size_t least = upper_least(c->next);
    if (least == 0 && c->next != IPV6_NONE)
        return refuse(&w, TERN_IPV6_BAD_NEXT, NEXT_UNKNOWN, c->next_off);
    if (c->more && least > v->total_len - c->off)
        return refuse(&w, TERN_IPV6_CUT_CHAIN, CHAIN_INCOMPLETE, 0);
    return TERN_IPV6_GOOD;
}

bool tern_ipv6_quote_walk(struct tern_ipv6_chain *c, const uint8_t *hdr, size_t len)
{
    *c = (struct tern_ipv6_chain){ .off = IPV6_HDR_LEN, .next = hdr[IPV6_NEXT] };
    if (len > IPV6_CHAIN_CAP)
        len = IPV6_CHAIN_CAP;
    /* Each turn adds at least 8 octets to off, which stays at most len. */
    while (is_extension(c->next)) {
        size_t ext_len = extension_len(hdr, c->off, len, c->next);
        if (ext_len == 0)
            return false;
        c->has_fragment |= c->next == IPV6_FRAGMENT;
        if (c->next == IPV6_FRAGMENT &&
            (tern_load_be16(hdr + c->off + FRAG_OFF) & FRAG_OFF_MASK) != 0)
            return false;
        c->next = hdr[c->off + EXT_NEXT];
        c->off = (uint16_t)(c->off + ext_len);
    }
    return true;
}

void tern_ipv6_hdr_emit(uint8_t out[IPV6_HDR_LEN], const struct tern_ipv6_hdr *hdr)
{
    tern_store_be32(out + IPV6_FLOW,
                    6u << 28 | (uint32_t)hdr->traffic_class << 20 | (hdr->flow_label & 0xfffff));
    tern_store_be16(out + IPV6_PAYLOAD_LEN, hdr->payload_len);
    out[IPV6_NEXT] = hdr->next;
    out[IPV6_HOP_LIMIT] = hdr->hop_limit;
    memcpy(out + IPV6_SRC, hdr->src, 16);
    memcpy(out + IPV6_DST, hdr->dst, 16);
}

void tern_ipv6_fragment_emit(uint8_t out[IPV6_FRAGMENT_HDR_LEN], uint8_t next, uint16_t frag_off,
                             bool more, uint32_t id)
{
    tern_store_be16(out, (uint16_t)(next << 8));
    tern_store_be16(out + FRAG_OFF, (uint16_t)((frag_off & FRAG_OFF_MASK) | more));
    tern_store_be32(out + FRAG_ID, id);
}

void tern_ipv6_alert_emit(uint8_t out[IPV6_ALERT_HDR_LEN], uint8_t next)
{
    static const uint8_t alert[] = { 0, 0, OPT_ALERT, OPT_ALERT_LEN, 0, 0, OPT_PADN, 0 };
    memcpy(out, alert, sizeof alert);
    out[EXT_NEXT] = next;
}

uint32_t tern_ipv6_pseudo_sum(const uint8_t *src, const uint8_t *dst, size_t len, uint8_t next)
{
    uint32_t sum = tern_checksum_add((uint32_t)len + next, src, 16);
    return tern_checksum_add(sum, dst, 16);
}
