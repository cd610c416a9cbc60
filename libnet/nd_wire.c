/* SPDX-License-Identifier: ISC */
/*
 * Neighbour Discovery messages and options (RFC 4861, 4191, 7527, 8106): pure
 * parse and emit.
 */
#include "nd_wire.h"
#include "eth_wire.h"
#include "names_wire.h"

#include <string.h>

enum {
    RA_HOP_LIMIT = 4,
    RA_FLAGS = 5,
    RA_LIFETIME = 6,
    RA_REACHABLE = 8,
    RA_RETRANS = 12,
    NA_FLAGS = 4,
    ND_TARGET = 8,
    REDIRECT_DST = 24,
};

/* Lengths of options are in units of 8 octets, type and length included. */
enum { OPT_UNIT = 8, ADDR_LEN = 16 };

/* Type by type from RS on: where options begin, and which of them has the MAC. */
static const uint8_t options_off[] = { 8, 16, 24, 24, 40 };
static const uint8_t mac_option[] = { ND_OPT_SOURCE_LINK, ND_OPT_SOURCE_LINK, ND_OPT_SOURCE_LINK,
                                      ND_OPT_TARGET_LINK, ND_OPT_TARGET_LINK };

/* ---- Options ------------------------------------------------------------ */

/* A prefix of which len octets are there. What is behind its bits does not count. */
static bool prefix_take(struct tern_nd_option *o, const uint8_t *octets, size_t len)
{
    size_t n = o->prefix_len / 8u, rest = o->prefix_len % 8u;
    if (o->prefix_len > len * 8)
        return false;
    memcpy(o->prefix.octets, octets, n);
    if (rest != 0)
        o->prefix.octets[n] = (uint8_t)(octets[n] & 0xff00 >> rest);
    /* RFC 4861 section 4.6.2, RFC 4862 section 5.5.3 (b); no host has a multicast address. */
    return !ipv6_is_link_local(o->prefix.octets) && !ipv6_is_multicast(o->prefix.octets);
}

/* Cuts the option to its body, behind its first n octets of at least 8; gives its length. */
static size_t body_take(struct tern_nd_option *o, size_t n)
{
    o->data += n;
    return o->len -= n;
}

/* Reads the option of len octets at p, *o its type only; false: malformed. */
static bool option_read(struct tern_nd_option *o, const uint8_t *p, size_t len)
{
    uint32_t word = tern_load_be32(p + 4);
    o->data = p;
    o->len = len;
    switch (o->type) {
    case ND_OPT_SOURCE_LINK:
    case ND_OPT_TARGET_LINK:
        return body_take(o, 2) == 6 && !eth_is_group(o->data);
    case ND_OPT_NONCE:
        return body_take(o, 2) >= ND_NONCE_LEN;
    case ND_OPT_REDIRECTED:
        (void)body_take(o, 8);
        return true;
    case ND_OPT_MTU:
        o->mtu = word;
        return len == OPT_UNIT && word >= IPV6_MTU_LEAST;
    case ND_OPT_PREFIX:
        if (len != 32)
            return false;
        o->prefix_len = p[2];
        o->flags = p[3];
        o->lifetime_s = word;
        o->preferred_s = tern_load_be32(p + 8);
        return prefix_take(o, p + 16, ADDR_LEN);
    case ND_OPT_ROUTE:
        o->prefix_len = p[2];
        o->flags = p[3];
        o->lifetime_s = word;
        /* RFC 4191 section 2.3: a reserved preference, 10, has the option ignored. */
        return len <= 24 && (o->flags & 0x18) != 0x10 && prefix_take(o, p + 8, len - 8);
    case ND_OPT_RDNSS:
        o->lifetime_s = word;
        return body_take(o, 8) != 0 && o->len % ADDR_LEN == 0;
    default:    /* ND_OPT_DNSSL */
        o->lifetime_s = word;
        return body_take(o, 8) != 0 && tern_names_ok(o->data, o->len);
    }
}

static bool is_known(uint8_t type)
{
    return (type >= ND_OPT_SOURCE_LINK && type <= ND_OPT_MTU) || type == ND_OPT_NONCE ||
           type == ND_OPT_ROUTE || type == ND_OPT_RDNSS || type == ND_OPT_DNSSL;
}

bool tern_nd_option_next(struct tern_nd_options *options, struct tern_nd_option *option)
{
    /* tern_nd_parse has seen that each has a length, and that they fill len. */
    while (options->len > 0) {
        const uint8_t *p = options->at;
        size_t len = (size_t)p[1] * OPT_UNIT;
        options->at += len;
        options->len -= len;
        if (!is_known(p[0]))
            continue;
        *option = (struct tern_nd_option){ .type = p[0] };
        if (option_read(option, p, len))
            return true;
        options->n_bad++;
    }
    return false;
}

/* RFC 4861: "All included options have a length that is greater than zero." */
static bool lengths_ok(const uint8_t *p, size_t len)
{
    /* Each turn takes at least 8 octets of len. */
    for (unsigned n = 0; len > 0; n++) {
        if (len < OPT_UNIT || n == ND_OPTIONS_MAX)
            return false;
        size_t opt_len = (size_t)p[1] * OPT_UNIT;
        if (opt_len == 0 || opt_len > len)
            return false;
        p += opt_len;
        len -= opt_len;
    }
    return true;
}

/* ---- Messages ------------------------------------------------------------ */

/* A solicited-node address (RFC 4291 section 2.7.1), of whatever node. */
static bool is_solicited_node(const uint8_t *addr)
{
    static const uint8_t prefix[13] = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff };
    return memcmp(addr, prefix, sizeof prefix) == 0;
}

/* What addresses, flags and the MAC's option say of each other. */
static enum tern_nd_fault addrs_check(const struct tern_nd_msg *nd,
                                      const struct tern_nd_from *from)
{
    bool nobody = ipv6_is_any(from->src);
    switch (nd->type) {
    case ICMP6_RS:    /* section 6.1.1 */
        if (nobody && nd->mac != NULL)
            return TERN_ND_BAD_ADDR;
        return TERN_ND_GOOD;
    case ICMP6_NS:    /* section 7.1.1 */
        if (nobody && (nd->mac != NULL || !is_solicited_node(from->dst)))
            return TERN_ND_BAD_ADDR;
        break;
    case ICMP6_NA:    /* section 7.1.2 */
        if ((nd->flags & ND_NA_SOLICITED) != 0 && ipv6_is_multicast(from->dst))
            return TERN_ND_BAD_ADDR;
        break;
    default:          /* sections 6.1.2 and 8.1: only a redirect has a destination */
        if (!ipv6_is_link_local(from->src))
            return TERN_ND_NOT_LOCAL;
        if (nd->dst == NULL)
            return TERN_ND_GOOD;
        /* The target is a router by its link-local address, or the destination itself. */
        if (ipv6_is_multicast(nd->dst) ||
            (!ipv6_is_link_local(nd->target) && memcmp(nd->target, nd->dst, ADDR_LEN) != 0))
            return TERN_ND_BAD_ADDR;
        return TERN_ND_GOOD;
    }
    return ipv6_is_multicast(nd->target) ? TERN_ND_BAD_ADDR : TERN_ND_GOOD;
}

enum tern_nd_fault tern_nd_parse(const uint8_t *msg, size_t len, const struct tern_nd_from *from,
                                 struct tern_nd_msg *nd)
{
    if (from->hop_limit != ND_HOP_LIMIT)
        return TERN_ND_NOT_LOCAL;
    if (from->fragmented)
        return TERN_ND_FRAGMENTED;
    if (len < ICMP6_HDR_LEN || msg[ICMP6_CODE] != 0)
        return TERN_ND_MALFORMED;
    size_t i = (size_t)msg[ICMP6_TYPE] - ICMP6_RS;
    if (i >= sizeof options_off || len < options_off[i])
        return TERN_ND_MALFORMED;
    size_t off = options_off[i];
    if (!lengths_ok(msg + off, len - off))
        return TERN_ND_MALFORMED;
    *nd = (struct tern_nd_msg){ .type = msg[ICMP6_TYPE], .options = { msg + off, len - off, 0 } };
    if (nd->type == ICMP6_RA) {
        nd->hop_limit = msg[RA_HOP_LIMIT];
        nd->flags = msg[RA_FLAGS];
        nd->lifetime_s = tern_load_be16(msg + RA_LIFETIME);
        nd->reachable_ms = tern_load_be32(msg + RA_REACHABLE);
        nd->retrans_ms = tern_load_be32(msg + RA_RETRANS);
    } else if (nd->type != ICMP6_RS) {
        nd->flags = msg[NA_FLAGS];
        nd->target = msg + ND_TARGET;
        nd->dst = nd->type == ICMP6_REDIRECT ? msg + REDIRECT_DST : NULL;
    }
    struct tern_nd_options options = nd->options;
    struct tern_nd_option o;
    while (tern_nd_option_next(&options, &o)) {
        if (o.type == mac_option[i]) {
            nd->mac = o.data;
        } else if (o.type == ND_OPT_NONCE) {
            nd->nonce = o.data;
            nd->nonce_len = o.len;
        }
    }
    return addrs_check(nd, from);
}

/* ---- Emitting ------------------------------------------------------------ */

static size_t option_put(uint8_t *out, size_t off, uint8_t type, const uint8_t *six)
{
    if (six == NULL)
        return off;
    out[off] = type;
    out[off + 1] = 1;
    memcpy(out + off + 2, six, 6);
    return off + OPT_UNIT;
}

size_t tern_nd_emit(uint8_t out[ND_EMIT_CAP], const struct tern_nd_out *nd)
{
    size_t i = (size_t)nd->type - ICMP6_RS, off = options_off[i];
    tern_icmp6_hdr_emit(out, nd->type, 0, (uint32_t)nd->flags << 24);
    if (off > ND_TARGET)
        memcpy(out + ND_TARGET, nd->target, ADDR_LEN);
    off = option_put(out, off, mac_option[i], nd->mac);
    return option_put(out, off, ND_OPT_NONCE, nd->nonce);
}
