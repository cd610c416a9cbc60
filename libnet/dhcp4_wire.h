/* SPDX-License-Identifier: ISC */
/*
 * DHCPv4 messages (RFC 2131 section 2, options of RFC 2132).
 *
 *      0       8       16      24     31
 *      +-------+-------+-------+-------+
 *    0 |  op   | htype | hlen  | hops  |
 *    4 |              xid              |
 *    8 |     secs      |    flags      |
 *   12 |  ciaddr, 16 yiaddr, 20 siaddr, 24 giaddr
 *   28 |  chaddr, 16 octets
 *   44 |  sname, 64 octets    (options too, when option 52 says so)
 *  108 |  file, 128 octets    (likewise)
 *  236 |  99 130 83 99, then options
 *      +-------------------------------+
 */
#ifndef TERN_NET_DHCP4_WIRE_H
#define TERN_NET_DHCP4_WIRE_H

#include <tern/base.h>

#pragma GCC visibility push(hidden)

enum tern_dhcp4_type {
    DHCP4_DISCOVER = 1,
    DHCP4_OFFER,
    DHCP4_REQUEST,
    DHCP4_DECLINE,
    DHCP4_ACK,
    DHCP4_NAK,
    DHCP4_RELEASE,
};

enum { DHCP4_SERVER_PORT = 67, DHCP4_CLIENT_PORT = 68 };
enum { DHCP4_FIXED_LEN = 240, DHCP4_EMIT_CAP = 548, DHCP4_HOSTNAME_MAX = 63,
       DHCP4_ROUTES_MAX = 8 };

/* What a server says, in values; 0 or n_ 0: it does not say. Addresses in host order. */
struct tern_dhcp4_reply {
    uint8_t type;
    uint32_t xid;
    uint8_t chaddr[6];
    uint32_t yiaddr, server, mask, router;
    uint32_t lease_s, t1_s, t2_s;
    uint32_t dns[3], ntp[2];
    uint8_t n_dns, n_ntp, n_routes;
    uint16_t mtu;
    /* RFC 3442; gateway 0: on the link. Nothing is checked but lengths. */
    struct { uint32_t prefix, gateway; uint8_t prefix_len; } routes[DHCP4_ROUTES_MAX];
};

/*
 * Reads a server's message. Work is bounded by len. Options that we never ask
 * for are stepped over.
 *
 * TERN_OK           *reply is set.
 * TERN_TRUNCATED    shorter than the fixed part with its cookie.
 * TERN_UNSUPPORTED  no answer to a client on Ethernet.
 * TERN_MALFORMED    an option runs past its field, a field has no end option,
 *                   an option of ours has a wrong length or comes twice, or
 *                   there is no message type.
 */
enum tern_err tern_dhcp4_reply_parse(const uint8_t *msg, size_t len,
                                     struct tern_dhcp4_reply *reply);

/* What the client says. */
struct tern_dhcp4_request {
    uint8_t type;
    uint32_t xid, ciaddr;
    uint32_t requested, server;    /* options 50 and 54; 0: not sent */
    uint16_t secs;
    uint8_t chaddr[6];
    bool wants_routes;
    const char *hostname;          /* at most 63 octets are sent; or NULL */
};

/* Writes at most DHCP4_EMIT_CAP octets and returns how many: 300 or more (RFC 1542 2.1). */
size_t tern_dhcp4_request_emit(uint8_t out[DHCP4_EMIT_CAP],
                               const struct tern_dhcp4_request *request);

#pragma GCC visibility pop

#endif
