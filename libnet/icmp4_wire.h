/* SPDX-License-Identifier: ISC */
/*
 * ICMP for IPv4 (RFC 792).
 *
 *      0       8       16      24     31
 *      +-------+-------+---------------+
 *    0 | type  | code  |   checksum    |
 *    4 |  by type: id and sequence; or 0, next hop's MTU (RFC 1191) |
 *    8 |  echo: data; errors: the packet's header and 8 octets or more
 */
#ifndef TERN_NET_ICMP4_WIRE_H
#define TERN_NET_ICMP4_WIRE_H

#include <tern/base.h>

#pragma GCC visibility push(hidden)

enum {
    ICMP4_TYPE = 0,
    ICMP4_CODE = 1,
    ICMP4_CHECKSUM = 2,
    ICMP4_MTU = 6,
    ICMP4_HDR_LEN = 8,
};

enum {
    ICMP4_ECHO_REPLY = 0,
    ICMP4_UNREACHABLE = 3,
    ICMP4_SOURCE_QUENCH = 4,
    ICMP4_REDIRECT = 5,
    ICMP4_ECHO = 8,
    ICMP4_TIME_EXCEEDED = 11,
    ICMP4_PARAMETER = 12,
    ICMP4_TIMESTAMP_REPLY = 14,
};

enum {
    ICMP4_PROTOCOL_UNREACHABLE = 2,
    ICMP4_PORT_UNREACHABLE = 3,
    ICMP4_TOO_BIG = 4,
};

static inline bool icmp4_is_error(uint8_t type)
{
    return type == ICMP4_UNREACHABLE || type == ICMP4_SOURCE_QUENCH || type == ICMP4_REDIRECT ||
           type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAMETER;
}

/* The packet that an error quotes, its bounds checked. Nothing in it is proven to be ours. */
struct tern_icmp4_quote {
    const uint8_t *hdr, *l4;
    size_t l4_len;          /* octets of it that are there: at least 8 */
    size_t total_len;       /* of the packet, as its header says */
    uint32_t src, dst;
    uint8_t protocol;
};

/*
 * Reads the quote in an ICMP error's body (what follows its 8 octets).
 * TERN_TRUNCATED: it ends before 8 octets of the transport; TERN_MALFORMED: it
 * is no IPv4 header; TERN_UNSUPPORTED: not the first fragment, so no ports.
 */
enum tern_err tern_icmp4_quote_parse(const uint8_t *body, size_t len,
                                     struct tern_icmp4_quote *quote);

/*
 * The next hop's MTU of a router that does not say it: the next of RFC 1191
 * section 7's plateaus below the length of the packet it refused.
 */
uint16_t tern_icmp4_plateau(size_t total_len);

#pragma GCC visibility pop

#endif
