/* SPDX-License-Identifier: ISC */
/*
 * A stack with a DHCPv6 client on link 0, what the client says, and the answers
 * of a server that the test plays.
 */
#ifndef TERN_TESTS_DHCP6_FIXTURE_H
#define TERN_TESTS_DHCP6_FIXTURE_H

#include "libnet/dhcp6_internal.h"
#include "net6_fixture.h"

extern struct tern_dhcp6 dhcp6;
extern const char dhcp6_leased[];    /* the address of dhcp6_good */
extern const uint8_t dhcp6_our_id[10], dhcp6_server_id[10], dhcp6_other_id[18];

/* The link-local address is in use at once; mode is the client's configuration. */
struct net6_fixture *dhcp6_start(uint8_t mode);

/* A router advertises with these flags. */
void dhcp6_router_says(struct net6_fixture *f, uint8_t flags);

/* ---- The client's messages, as a server reads them ---------------------- */

struct dhcp6_heard {
    uint8_t type;
    uint32_t xid, iaid;
    uint16_t elapsed_cs;
    bool has_ia, has_rapid, has_addr, asks_refresh;
    struct tern_addr addr;
    const uint8_t *server;
    size_t server_len, n_addrs;
};

/* The next datagram that was sent, or type 0; await lets time pass until there is one. */
struct dhcp6_heard dhcp6_hear(struct net6_fixture *f);
struct dhcp6_heard dhcp6_await(struct net6_fixture *f);

/* ---- The server's ------------------------------------------------------- */

struct dhcp6_said {
    uint8_t type;
    uint32_t xid;
    const char *addr, *addr_2;         /* NULL: no IA_NA, or no second address */
    uint32_t t1_s, t2_s, preferred_s, valid_s;
    uint16_t status, ia_status;        /* not sent if 0 */
    uint8_t preference;
    bool rapid, other;                 /* other: of the other server */
    bool not_to_us;
    const char *to;                    /* NULL: our link-local address */
    const uint8_t *more;
    size_t more_len;
};
extern const struct dhcp6_said dhcp6_good;

/* Writes a message of the server; its length. */
size_t dhcp6_reply_emit(uint8_t *msg, const struct dhcp6_said *r);

/* Sends one; to: NULL is our link-local address. */
void dhcp6_say_octets(struct net6_fixture *f, const uint8_t *msg, size_t len, const char *to);
void dhcp6_say(struct net6_fixture *f, const struct dhcp6_said *r);

/* The sum of the counters that received datagrams are in. */
uint64_t dhcp6_n_counted(void);

/* A client that has its lease: from SOLICIT to the answer to the REQUEST. */
struct net6_fixture *dhcp6_bound_by(const struct dhcp6_said *reply);

/* Is it an address of ours, and preferred? */
bool dhcp6_is_ours(struct net6_fixture *f, const char *addr);

#endif
