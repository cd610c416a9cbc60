/* SPDX-License-Identifier: ISC */
/*
 * ICMP for IPv6 (RFC 4443).
 *
 *      0       8       16      24     31
 *      +-------+-------+---------------+
 *    0 | type  | code  |   checksum    |
 *    4 |  by type: MTU; pointer; echo's id and sequence; flags
 *    8 |  echo: data; errors: as much of the packet as fits
 */
#ifndef TERN_NET_ICMP6_WIRE_H
#define TERN_NET_ICMP6_WIRE_H

#include "ipv6_wire.h"

#pragma GCC visibility push(hidden)

enum {
    ICMP6_TYPE = 0,
    ICMP6_CODE = 1,
    ICMP6_CHECKSUM = 2,
    ICMP6_VALUE = 4,
    ICMP6_HDR_LEN = 8,    /* of all messages that there are: a shorter one is none */
};

enum {
    ICMP6_UNREACHABLE = 1,
    ICMP6_TOO_BIG = 2,
    ICMP6_TIME_EXCEEDED = 3,
    ICMP6_PARAMETER = 4,
    ICMP6_ECHO = 128,
    ICMP6_ECHO_REPLY = 129,
    ICMP6_MLD_QUERY = 130,
    ICMP6_MLD_REPORT = 131,
    ICMP6_MLD_DONE = 132,
    ICMP6_RS = 133,
    ICMP6_RA = 134,
    ICMP6_NS = 135,
    ICMP6_NA = 136,
    ICMP6_REDIRECT = 137,
    ICMP6_MLD2_REPORT = 143,
};

/* Codes of ICMP6_UNREACHABLE, of ICMP6_TIME_EXCEEDED. */
enum {
    ICMP6_NO_ROUTE = 0,
    ICMP6_PROHIBITED = 1,
    ICMP6_BEYOND_SCOPE = 2,
    ICMP6_ADDRESS_UNREACHABLE = 3,
    ICMP6_PORT_UNREACHABLE = 4,
};
enum { ICMP6_HOP_LIMIT_EXCEEDED = 0, ICMP6_REASSEMBLY_EXCEEDED = 1 };

/* How much an error may quote: it fits the least MTU (section 2.4 (c)). */
enum { ICMP6_QUOTE_MAX = IPV6_MTU_LEAST - IPV6_HDR_LEN - ICMP6_HDR_LEN };

/* Section 2.1: the high bit divides errors from informational messages. */
static inline bool icmp6_is_error(uint8_t type)
{
    return type < 128;
}

/* Section 2.4 (e.1) and (e.2): what no error is ever sent about. */
static inline bool icmp6_is_unanswered(uint8_t type)
{
    return icmp6_is_error(type) || type == ICMP6_REDIRECT;
}

/* The MTU of Packet Too Big, the pointer of Parameter Problem. */
static inline uint32_t icmp6_value(const uint8_t *msg)
{
    return tern_load_be32(msg + ICMP6_VALUE);
}

/* The packet that an error quotes, its bounds checked. Nothing in it is proven to be ours. */
struct tern_icmp6_quote {
    const uint8_t *hdr, *l4;    /* the addresses are in hdr's 40 octets */
    size_t l4_len;              /* octets of it that are there: at least 8 */
    size_t total_len;           /* of the packet, as its header says */
    uint8_t protocol;
};

/*
 * Reads the quote in an ICMP error's body (what follows its 8 octets), which
 * lies in one run. TERN_TRUNCATED: it ends before 8 octets of the transport,
 * or its headers go on past IPV6_CHAIN_CAP, or it is a later fragment;
 * TERN_MALFORMED: it is no IPv6 header, or one of a packet too short for that.
 */
enum tern_err tern_icmp6_quote_parse(const uint8_t *body, size_t len,
                                     struct tern_icmp6_quote *quote);

/* Writes a message's first 8 octets, its checksum zero. */
void tern_icmp6_hdr_emit(uint8_t out[ICMP6_HDR_LEN], uint8_t type, uint8_t code, uint32_t value);

/* Sets the checksum of a message that is in one run (section 2.3), for 16-octet addresses. */
void tern_icmp6_seal(uint8_t *msg, size_t len, const uint8_t *src, const uint8_t *dst);

#pragma GCC visibility pop

#endif
