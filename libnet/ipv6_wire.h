/* SPDX-License-Identifier: ISC */
/*
 * The IPv6 header and its extension headers (RFC 8200 sections 3 and 4).
 *
 *      0       8       16      24     31
 *      +---+-------+-------------------+
 *    0 |ver|traffic|     flow label    |
 *    4 |payload length | next  |hop lim|
 *    8 |        source address         |
 *   24 |      destination address      |
 *   40 |  extension headers, upper layer
 *      +-------------------------------+
 *
 * Offsets count from the header's first octet, as ICMP's pointers do.
 */
#ifndef TERN_NET_IPV6_WIRE_H
#define TERN_NET_IPV6_WIRE_H

#include <tern/base.h>

#pragma GCC visibility push(hidden)

enum {
    IPV6_FLOW = 0,
    IPV6_PAYLOAD_LEN = 4,
    IPV6_NEXT = 6,
    IPV6_HOP_LIMIT = 7,
    IPV6_SRC = 8,
    IPV6_DST = 24,
    IPV6_HDR_LEN = 40,
};

enum { IPV6_FRAGMENT_HDR_LEN = 8, IPV6_ALERT_HDR_LEN = 8, IPV6_MTU_LEAST = 1280 };

/* What a next-header field names. */
enum {
    IPV6_HOP_BY_HOP = 0,
    IPV6_TCP = 6,
    IPV6_UDP = 17,
    IPV6_ROUTING = 43,
    IPV6_FRAGMENT = 44,
    IPV6_ICMP = 58,
    IPV6_NONE = 59,
    IPV6_DST_OPTIONS = 60,
};

/*
 * How far we read: all headers before the upper layer end within the first 256
 * octets, a header has at most 8 options that are no padding, and padding goes
 * on for at most 7 octets (RFC 8504 section 5.3 lets a host set such limits and
 * has the packet dropped in silence).
 */
enum { IPV6_CHAIN_CAP = 256, IPV6_OPTIONS_MAX = 8, IPV6_PADDING_MAX = 7 };

enum tern_ipv6_fault {
    TERN_IPV6_GOOD,
    TERN_IPV6_SHORT,              /* no room for a header */
    TERN_IPV6_BAD_VERSION,
    TERN_IPV6_BAD_PAYLOAD_LEN,    /* more than is there */
    TERN_IPV6_JUMBO,              /* RFC 2675: we have no such link */
    TERN_IPV6_LONG_CHAIN,         /* headers past IPV6_CHAIN_CAP, or too many options */
    TERN_IPV6_BAD_HDR,            /* an extension header's or an option's length */
    TERN_IPV6_BAD_OPTION,         /* one that we do not know and may not skip; padding */
    TERN_IPV6_BAD_ROUTING,        /* a route that is not at its end */
    TERN_IPV6_BAD_FRAGMENT,       /* its length or its place */
    TERN_IPV6_CUT_CHAIN,          /* a first fragment without all headers (RFC 7112) */
    TERN_IPV6_BAD_NEXT,           /* unknown, or not where it stands */
};

/* A packet whose header and length are checked. Only tern_ipv6_view_init makes one. */
struct tern_ipv6_view {
    const uint8_t *hdr;
    size_t total_len;    /* 40..pkt_len */
};

/*
 * Reads the header of a packet of pkt_len octets, contig of them in one run at
 * pkt. Octets after the payload are padding. A packet whose payload length is
 * 0 cannot have a hop-by-hop header, but a jumbogram must have both.
 */
static inline enum tern_ipv6_fault tern_ipv6_view_init(struct tern_ipv6_view *v,
                                                       const uint8_t *pkt, size_t contig,
                                                       size_t pkt_len)
{
    if (contig < IPV6_HDR_LEN)
        return TERN_IPV6_SHORT;
    if (pkt[IPV6_FLOW] >> 4 != 6)
        return TERN_IPV6_BAD_VERSION;
    size_t payload_len = tern_load_be16(pkt + IPV6_PAYLOAD_LEN);
    if (payload_len > pkt_len - IPV6_HDR_LEN)
        return TERN_IPV6_BAD_PAYLOAD_LEN;
    if (payload_len == 0 && pkt[IPV6_NEXT] == IPV6_HOP_BY_HOP)
        return TERN_IPV6_JUMBO;
    *v = (struct tern_ipv6_view){ .hdr = pkt, .total_len = IPV6_HDR_LEN + payload_len };
    return TERN_IPV6_GOOD;
}

static inline uint8_t ipv6_traffic_class(const uint8_t *hdr)
{
    return (uint8_t)(tern_load_be16(hdr + IPV6_FLOW) >> 4);
}

static inline uint32_t ipv6_flow_label(const uint8_t *hdr)
{
    return tern_load_be32(hdr + IPV6_FLOW) & 0xfffff;
}

/* An address on the wire, as a value. */
static inline struct tern_addr ipv6_addr(const uint8_t *octets)
{
    struct tern_addr a;
    __builtin_memcpy(a.octets, octets, sizeof a.octets);
    return a;
}

static inline bool ipv6_is_multicast(const uint8_t *addr)
{
    return addr[0] == 0xff;
}

/* fe80::/10 (RFC 4291 section 2.4). */
static inline bool ipv6_is_link_local(const uint8_t *addr)
{
    return addr[0] == 0xfe && addr[1] >> 6 == 2;
}

static inline bool ipv6_is_any(const uint8_t *addr)
{
    return (tern_load_be64(addr) | tern_load_be64(addr + 8)) == 0;
}

/* No ICMP error goes out for a refused packet. */
#define IPV6_NO_ANSWER 0xff

/* What stands between the header and the upper layer. */
struct tern_ipv6_chain {
    uint16_t off;             /* where the upper layer begins, or a fragment's data */
    uint16_t next_off;        /* of the next-header field that names what stands there */
    uint8_t next;             /* TCP, UDP, ICMP or IPV6_NONE; a later fragment's: anything */
    uint8_t code;             /* of the Parameter Problem that answers, or IPV6_NO_ANSWER */
    uint32_t pointer;         /* for that */
    bool has_alert;           /* Router Alert (RFC 2711), and its value: */
    uint16_t alert;
    bool has_fragment, more;  /* a Fragment header, and its M flag */
    uint16_t frag_off;        /* octets */
    uint16_t frag_hdr_off;    /* where it stands: what is before is "per-fragment" */
    uint16_t frag_next_off;   /* of the next-header field that says 44 */
    uint8_t frag_next;        /* its own next-header field */
    uint32_t frag_id;
};

/*
 * Walks the extension headers of a checked packet, contig octets of it in one
 * run (RFC 8200 section 4, in the order in which they stand). Work is bounded
 * by IPV6_CHAIN_CAP.
 *
 * Each kind may come once, Destination Options twice, Hop-by-Hop only first;
 * what comes again is as unknown there as a protocol that we do not have
 * (ESP and AH among them). A routing header that has arrived is skipped,
 * whatever its type; any other is refused as RFC 5095 wants for type 0. The
 * padding of options is zeros (RFC 8200 section 4.2, RFC 4942 section
 * 2.1.9.5), else it is a channel that nobody looks at.
 *
 * The walk ends at a later fragment's data. A first fragment has all headers,
 * that of the upper layer too; an atomic one is a packet (RFC 6946).
 *
 * TERN_IPV6_GOOD: *chain is set. Else the packet is to be dropped, and an ICMP
 * Parameter Problem of chain->code at chain->pointer to be sent, unless that
 * is IPV6_NO_ANSWER. RFC 4443 section 2.4 (e.3), that no error is about what
 * many got, is heeded here; who may get one, and how often, is the caller's.
 */
enum tern_ipv6_fault tern_ipv6_chain_walk(struct tern_ipv6_chain *chain,
                                          const struct tern_ipv6_view *v, size_t contig);

/*
 * The same for what an ICMP error quotes: len octets from a header on, cut
 * where its sender liked. Nothing in the headers counts but their lengths.
 * Sets off, next and has_fragment; false: cut before the upper layer, or a later fragment.
 */
bool tern_ipv6_quote_walk(struct tern_ipv6_chain *chain, const uint8_t *hdr, size_t len);

/* A header to be written. Addresses are 16 octets, read. */
struct tern_ipv6_hdr {
    const uint8_t *src, *dst;
    uint32_t flow_label;      /* below 2^20 */
    uint16_t payload_len;
    uint8_t traffic_class, next, hop_limit;
};
void tern_ipv6_hdr_emit(uint8_t out[IPV6_HDR_LEN], const struct tern_ipv6_hdr *hdr);

/* A Fragment header (section 4.5); frag_off is in octets, a multiple of 8. */
void tern_ipv6_fragment_emit(uint8_t out[IPV6_FRAGMENT_HDR_LEN], uint8_t next, uint16_t frag_off,
                             bool more, uint32_t id);

/* A Hop-by-Hop header with a Router Alert of value 0, for MLD (RFC 2711, RFC 3810 section 5). */
void tern_ipv6_alert_emit(uint8_t out[IPV6_ALERT_HDR_LEN], uint8_t next);

/* The sum of the pseudo-header (section 8.1) for len octets of upper layer. */
uint32_t tern_ipv6_pseudo_sum(const uint8_t *src, const uint8_t *dst, size_t len, uint8_t next);

#pragma GCC visibility pop

#endif
