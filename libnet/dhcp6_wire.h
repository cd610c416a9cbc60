/* SPDX-License-Identifier: ISC */
/*
 * DHCPv6 messages between client and server (RFC 8415 sections 8 and 21).
 *
 *      0       8       16      24     31
 *      +-------+-------+-------+-------+
 *    0 | type  |    transaction id     |
 *    4 |  options: code (2), length (2), data; IA_NA has its own in it, and
 *      |  so has each address of it
 */
#ifndef TERN_NET_DHCP6_WIRE_H
#define TERN_NET_DHCP6_WIRE_H

#include <tern/base.h>

#pragma GCC visibility push(hidden)

enum tern_dhcp6_type {
    DHCP6_SOLICIT = 1,
    DHCP6_ADVERTISE,
    DHCP6_REQUEST,
    DHCP6_CONFIRM,
    DHCP6_RENEW,
    DHCP6_REBIND,
    DHCP6_REPLY,
    DHCP6_RELEASE,
    DHCP6_DECLINE,
    DHCP6_RECONFIGURE,
    DHCP6_INFORMATION_REQUEST,
};

/* Section 21.13. */
enum tern_dhcp6_status {
    DHCP6_SUCCESS,
    DHCP6_UNSPEC_FAIL,
    DHCP6_NO_ADDRS,
    DHCP6_NO_BINDING,
    DHCP6_NOT_ON_LINK,
    DHCP6_USE_MULTICAST,
};

enum { DHCP6_CLIENT_PORT = 546, DHCP6_SERVER_PORT = 547 };
enum { DHCP6_DUID_LEAST = 3, DHCP6_DUID_MAX = 130, DHCP6_DUID_LL_LEN = 10 };
enum { DHCP6_ADDRS_MAX = 2, DHCP6_SAID_MAX = 4, DHCP6_NTP_MAX = 2, DHCP6_EMIT_CAP = 384 };

/* Octets of the message that was read, or that will be written. */
struct tern_dhcp6_octets {
    const uint8_t *data;
    size_t len;
};

struct tern_dhcp6_addr {
    struct tern_addr addr;    /* one that a host may have */
    uint32_t preferred_s;     /* at most valid_s */
    uint32_t valid_s;         /* 0: no longer ours */
};

/* What a server says, in values; 0, len or n_ 0: it does not say. Pointers lead into it. */
struct tern_dhcp6_reply {
    uint8_t type, preference;
    uint32_t xid;
    struct tern_dhcp6_octets client_id, server_id;    /* both are there */
    uint16_t status;                                  /* of the whole message */
    bool is_rapid;
    bool has_ia;                                      /* the one with our IAID */
    uint16_t ia_status;
    uint32_t t1_s, t2_s;                              /* T1 at most T2, where T2 is not 0 */
    struct tern_dhcp6_addr addrs[DHCP6_SAID_MAX];     /* also those that end now */
    uint8_t n_addrs, n_ntp;
    struct tern_addr ntp[DHCP6_NTP_MAX];
    struct tern_dhcp6_octets dns;                     /* 16 octets an address */
    struct tern_dhcp6_octets domains;                 /* tern_names_ok */
    uint32_t sol_max_rt_s, inf_max_rt_s;              /* 60..86400 */
    uint32_t refresh_s;                               /* as it stands (section 21.23) */
};

/*
 * Reads a server's message of len octets in one run. Work is bounded by len.
 * Options that we do not ask for, prefixes, temporary addresses, relays,
 * authentication and reconfiguration among them, are stepped over, and so are
 * identity associations with another IAID. Options of IA_NA and of its
 * addresses are read there and nowhere else.
 *
 * By section 21.4 an IA_NA whose T1 is past its T2, and by section 21.6 an
 * address that is preferred longer than it is valid, is as if it were not
 * there. So is an address that failed, or that no host has.
 *
 * TERN_OK           *reply is set.
 * TERN_TRUNCATED    no message.
 * TERN_UNSUPPORTED  neither Advertise nor Reply.
 * TERN_MALFORMED    an option runs past what it stands in, one of ours has a
 *                   wrong length or comes twice, or there is no DUID of the
 *                   server or of the client (sections 16.3 and 16.10).
 */
enum tern_err tern_dhcp6_reply_parse(const uint8_t *msg, size_t len, uint32_t iaid,
                                     struct tern_dhcp6_reply *reply);

/* What the client says. */
struct tern_dhcp6_request {
    uint8_t type;
    bool wants_rapid;
    bool has_ia;                                    /* an IA_NA with this, and: */
    uint32_t iaid, xid;
    const struct tern_addr *addrs;                  /* DHCP6_ADDRS_MAX, or zeros; or NULL */
    uint16_t elapsed_cs;                            /* hundredths of a second */
    struct tern_dhcp6_octets client_id, server_id;  /* at most DHCP6_DUID_MAX each; len 0: none */
};

/* Writes at most DHCP6_EMIT_CAP octets and returns how many. */
size_t tern_dhcp6_request_emit(uint8_t out[DHCP6_EMIT_CAP],
                               const struct tern_dhcp6_request *request);

/* The DUID of a host by its MAC (section 11.4). */
void tern_dhcp6_duid_emit(uint8_t out[DHCP6_DUID_LL_LEN], const uint8_t mac[6]);

#pragma GCC visibility pop

#endif
