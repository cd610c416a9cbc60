/* SPDX-License-Identifier: ISC */
/*
 * Neighbour Discovery (RFC 4861 section 4) over Ethernet, with the options of
 * RFC 4191 (routes), RFC 8106 (names' servers and domains) and RFC 7527 (the
 * nonce that tells a looped solicitation from a duplicate address).
 *
 *   RS    8 |  options          NS, NA   8 |  target, 24 options
 *   RA    4 | hops  | flags | lifetime     |
 *         8 | reachable ms, 12 retrans ms, 16 options
 *   Redirect, 8 |  target, 24 destination, 40 options
 */
#ifndef TERN_NET_ND_WIRE_H
#define TERN_NET_ND_WIRE_H

#include "icmp6_wire.h"

#pragma GCC visibility push(hidden)

enum { ND_HOP_LIMIT = 255, ND_NONCE_LEN = 6, ND_OPTIONS_MAX = 64 };

/* Flags of a router and of a neighbour advertisement, of a prefix. */
enum { ND_RA_MANAGED = 0x80, ND_RA_OTHER = 0x40 };
enum { ND_NA_ROUTER = 0x80, ND_NA_SOLICITED = 0x40, ND_NA_OVERRIDE = 0x20 };
enum { ND_PREFIX_ON_LINK = 0x80, ND_PREFIX_AUTONOMOUS = 0x40 };

enum {
    ND_OPT_SOURCE_LINK = 1,
    ND_OPT_TARGET_LINK = 2,
    ND_OPT_PREFIX = 3,
    ND_OPT_REDIRECTED = 4,
    ND_OPT_MTU = 5,
    ND_OPT_NONCE = 14,
    ND_OPT_ROUTE = 24,
    ND_OPT_RDNSS = 25,
    ND_OPT_DNSSL = 31,
};

/* Of a router's or a route's flags (RFC 4191 section 2.1): -1, 0 or 1. Reserved counts as 0. */
static inline int nd_preference(uint8_t flags)
{
    static const int8_t values[] = { 0, 1, 0, -1 };
    return values[flags >> 3 & 3];
}

enum tern_nd_fault {
    TERN_ND_GOOD,
    TERN_ND_NOT_LOCAL,     /* hop limit, or a router's source that is no link-local address */
    TERN_ND_FRAGMENTED,    /* RFC 6980 section 5 */
    TERN_ND_MALFORMED,     /* length, code, or an option's length */
    TERN_ND_BAD_ADDR,      /* addresses or flags that contradict each other */
};

/* What a message came in. Addresses are 16 octets, read. */
struct tern_nd_from {
    const uint8_t *src, *dst;
    uint8_t hop_limit;
    bool fragmented;    /* there was a Fragment header, also an atomic one */
};

/* The options of a checked message. Only tern_nd_parse makes one. */
struct tern_nd_options {
    const uint8_t *at;
    size_t len;
    unsigned n_bad;     /* that tern_nd_option_next has passed over as malformed */
};

/* A message whose checks are done. Pointers lead into it. */
struct tern_nd_msg {
    uint8_t type, flags;
    uint8_t hop_limit;                    /* RA, like the next three; 0: unspecified, each */
    uint16_t lifetime_s;
    uint32_t reachable_ms, retrans_ms;
    const uint8_t *target;                /* NS, NA, Redirect */
    const uint8_t *dst;                   /* Redirect: whose next hop is target */
    const uint8_t *mac;                   /* source's (RS, RA, NS) or target's, or NULL */
    const uint8_t *nonce;                 /* ND_NONCE_LEN octets or more, or NULL */
    size_t nonce_len;
    struct tern_nd_options options;
};

/*
 * Reads a message of len octets in one run, whose checksum is right, with all
 * checks of RFC 4861 sections 6.1, 7.1 and 8.1 but for one: that a redirect
 * comes from the router in use. All options have a length that fits, and there
 * are at most ND_OPTIONS_MAX.
 */
enum tern_nd_fault tern_nd_parse(const uint8_t *msg, size_t len, const struct tern_nd_from *from,
                                 struct tern_nd_msg *nd);

/* An option whose form is checked. What its type does not have is 0. */
struct tern_nd_option {
    uint8_t type;
    uint8_t flags;                 /* prefix: ND_PREFIX_; route: see nd_preference */
    uint8_t prefix_len;            /* prefix, route: 0..128 */
    uint32_t lifetime_s;           /* prefix: the valid one; 0xffffffff: for ever */
    uint32_t preferred_s;          /* prefix: may be more than lifetime_s */
    uint32_t mtu;                  /* at least IPV6_MTU_LEAST */
    struct tern_addr prefix;       /* zeros behind prefix_len */
    /*
     * MAC: 6 octets. Nonce. RDNSS: 16 octets an address. DNSSL: names that
     * tern_names_ok has seen. Redirected: the packet, cut anywhere.
     */
    const uint8_t *data;
    size_t len;
};

/*
 * The next option that is known and well-formed; false: no more. Others are
 * passed over (RFC 4861 section 4.6), those of known type counted as bad: a
 * wrong size, a prefix longer than it may be, link-local or multicast, an MTU
 * below IPv6's least, a MAC of a group, a reserved preference of a route, no
 * whole address, no name.
 */
bool tern_nd_option_next(struct tern_nd_options *options, struct tern_nd_option *option);

/* A solicitation or an advertisement of ours. */
struct tern_nd_out {
    uint8_t type;              /* RS, NS or NA */
    uint8_t flags;             /* NA */
    const uint8_t *target;     /* NS, NA */
    const uint8_t *mac;        /* source's, of an NA target's; NULL: no option */
    const uint8_t *nonce;      /* ND_NONCE_LEN octets; NULL: no option */
};
enum { ND_EMIT_CAP = 40 };

/* Writes it, its checksum zero, and returns its length. */
size_t tern_nd_emit(uint8_t out[ND_EMIT_CAP], const struct tern_nd_out *nd);

#pragma GCC visibility pop

#endif
