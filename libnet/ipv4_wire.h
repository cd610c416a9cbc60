/* SPDX-License-Identifier: ISC */
/*
 * The IPv4 header (RFC 791 section 3.1).
 *
 *      0       8       16      24     31
 *      +---+---+-------+---------------+
 *    0 |ver|ihl|  tos  | total length  |
 *    4 | identification|flg| frag. off.|
 *    8 |  ttl  | proto |   checksum    |
 *   12 |        source address         |
 *   16 |      destination address      |
 *   20 |  options, 0..40 octets        |
 *      +-------------------------------+
 */
#ifndef TERN_NET_IPV4_WIRE_H
#define TERN_NET_IPV4_WIRE_H

#include <tern/base.h>

#pragma GCC visibility push(hidden)

enum {
    IPV4_VIHL = 0,
    IPV4_TOS = 1,
    IPV4_TOTAL_LEN = 2,
    IPV4_ID = 4,
    IPV4_FRAG = 6,
    IPV4_TTL = 8,
    IPV4_PROTOCOL = 9,
    IPV4_CHECKSUM = 10,
    IPV4_SRC = 12,
    IPV4_DST = 16,
    IPV4_HDR_LEN = 20,
    IPV4_HDR_MAX = 60,
};

enum { IPV4_DF = 0x4000, IPV4_MF = 0x2000, IPV4_OFF_MASK = 0x1fff };

enum { IPV4_ICMP = 1, IPV4_IGMP = 2, IPV4_TCP = 6, IPV4_UDP = 17 };

/* A packet whose header and lengths are checked. Only tern_ipv4_view_init makes one. */
struct tern_ipv4_view {
    const uint8_t *hdr;
    size_t hdr_len;      /* 20..60 */
    size_t total_len;    /* hdr_len..pkt_len */
};

enum tern_ipv4_fault {
    TERN_IPV4_GOOD,
    TERN_IPV4_SHORT,
    TERN_IPV4_BAD_VERSION,
    TERN_IPV4_BAD_HDR_LEN,
    TERN_IPV4_BAD_CHECKSUM,
    TERN_IPV4_BAD_TOTAL_LEN,
};

static inline uint32_t ipv4_src(const uint8_t *hdr)
{
    return tern_load_be32(hdr + IPV4_SRC);
}

static inline uint32_t ipv4_dst(const uint8_t *hdr)
{
    return tern_load_be32(hdr + IPV4_DST);
}

static inline uint64_t ipv4_word(const uint8_t *p)
{
    uint32_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return word;
}

/*
 * Is the sum of a whole header all ones? By RFC 1071 section 2 (B) that does
 * not depend on the order of octets, so the words are the machine's.
 */
static inline bool ipv4_sum_ok(const uint8_t *hdr, size_t hdr_len)
{
    uint64_t sum = ipv4_word(hdr) + ipv4_word(hdr + 4) + ipv4_word(hdr + 8) +
                   ipv4_word(hdr + 12) + ipv4_word(hdr + 16);
    for (size_t i = IPV4_HDR_LEN; i < hdr_len; i += 4)
        sum += ipv4_word(hdr + i);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

/*
 * Reads the header of a packet of pkt_len octets, contig of them in one run at
 * pkt (RFC 1122 section 3.2.1, in the order of its checks). Octets after the
 * total length are padding.
 */
static inline enum tern_ipv4_fault tern_ipv4_view_init(struct tern_ipv4_view *v,
                                                       const uint8_t *pkt, size_t contig,
                                                       size_t pkt_len)
{
    if (contig < IPV4_HDR_LEN)
        return TERN_IPV4_SHORT;
    size_t hdr_len = (size_t)(pkt[IPV4_VIHL] & 0x0f) * 4;
    if (pkt[IPV4_VIHL] >> 4 != 4)
        return TERN_IPV4_BAD_VERSION;
    if (hdr_len < IPV4_HDR_LEN || hdr_len > contig)
        return TERN_IPV4_BAD_HDR_LEN;
    if (!ipv4_sum_ok(pkt, hdr_len))
        return TERN_IPV4_BAD_CHECKSUM;
    size_t total_len = tern_load_be16(pkt + IPV4_TOTAL_LEN);
    if (total_len < hdr_len || total_len > pkt_len)
        return TERN_IPV4_BAD_TOTAL_LEN;
    *v = (struct tern_ipv4_view){ .hdr = pkt, .hdr_len = hdr_len, .total_len = total_len };
    return TERN_IPV4_GOOD;
}

/*
 * Walks the options (RFC 791 section 3.1, RFC 1122 section 3.2.1.8). TERN_OK:
 * well-formed and none that we refuse. TERN_UNSUPPORTED: a source route.
 * TERN_MALFORMED: a length that does not fit, or a pointer outside its option.
 */
enum tern_err tern_ipv4_options_check(const uint8_t *options, size_t len);

/* The header's checksum field, for a header whose field is zero. */
uint16_t tern_ipv4_checksum(const uint8_t *hdr, size_t hdr_len);

#pragma GCC visibility pop

#endif
