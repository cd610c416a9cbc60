/* SPDX-License-Identifier: ISC */
/*
 * A stack of IPv6 and UDP with two fake links, and the messages of those on
 * link 0. We are 2001:db8::1/64 there with the router fe80::fe, and
 * 2001:db8:1::1/64 on link 1; the peer is fe80::2 and 2001:db8::2.
 */
#ifndef TERN_TESTS_NET6_FIXTURE_H
#define TERN_TESTS_NET6_FIXTURE_H

#include "fake_link.h"
#include "libnet/ipv6_internal.h"
#include "libnet/nd_wire.h"
#include "packet.h"

#include <check.h>
#include <string.h>

#define FIXTURE6_NEIGHBOURS 16u

struct net6_fixture {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv6 ipv6;
    struct tern_udp udp;
    struct tern_neighbour neighbours[FIXTURE6_NEIGHBOURS];
    struct tern_reassembly reassemblies[4];
    struct tern_udp_endpoint endpoints[8];
    struct fake_link wire, wire_1;
    uint64_t now_ns;
    size_t n_events;
    struct { enum tern_net_event event; uint8_t link; struct tern_addr addr; } events[256];
    _Alignas(16) uint8_t block_mem[64 * 2048];
};

/* An address from its text. */
struct tern_addr addr6(const char *text);

/* One with no address, asking after them as usual; a test may set config.no_dad before. */
struct net6_fixture *net6_fixture_bare(void);

/* One with its addresses, which it has not asked after; nothing is left on the wire. */
struct net6_fixture *net6_fixture(void);

/* Lets ns nanoseconds pass in steps of at most 50 ms; in one. */
void net6_pass(struct net6_fixture *f, uint64_t ns);
void net6_leap(struct net6_fixture *f, uint64_t ns);

/* How often an event has come for addr (NULL: any). */
size_t net6_events(const struct net6_fixture *f, enum tern_net_event event,
                   const struct tern_addr *addr);

/* ---- Messages to the stack ---------------------------------------------- */

struct net6_from {
    const char *src, *dst;
    const uint8_t *src_mac;    /* NULL: the peer's */
    uint8_t hop_limit;         /* 0: 255 */
};

/* An ICMPv6 message in a frame, its checksum made right; on link 0. The frame's length. */
size_t net6_frame(uint8_t *frame, const struct net6_from *from, const uint8_t *msg, size_t len);
void net6_in(struct net6_fixture *f, const struct net6_from *from, const uint8_t *msg,
             size_t len);

/* Messages are written here and sent with net6_say. */
struct net6_msg {
    uint8_t octets[65000];
    size_t len;
};

/* Each starts a message; flags are the wire's. */
void net6_ns(struct net6_msg *m, const char *target);
void net6_na(struct net6_msg *m, const char *target, uint8_t flags);
void net6_ra(struct net6_msg *m, uint8_t hop_limit, uint8_t flags, uint16_t lifetime_s);
void net6_redirect(struct net6_msg *m, const char *target, const char *dst);

/* Each adds an option. */
void net6_mac(struct net6_msg *m, uint8_t type, const uint8_t *mac);
void net6_nonce(struct net6_msg *m, const uint8_t nonce[6]);
void net6_mtu(struct net6_msg *m, uint32_t mtu);
void net6_prefix(struct net6_msg *m, const char *prefix, uint8_t flags, uint32_t valid_s,
                 uint32_t preferred_s);    /* with "/len" */
void net6_route(struct net6_msg *m, const char *prefix, uint8_t flags, uint32_t lifetime_s);
void net6_rdnss(struct net6_msg *m, uint32_t lifetime_s, const char *server);

void net6_say(struct net6_fixture *f, const char *src, const char *dst,
              const struct net6_msg *m);

/* ---- What the stack sends ----------------------------------------------- */

/* A message of Neighbour Discovery, as its receiver reads it. */
struct net6_heard {
    uint8_t type, flags, hop_limit;
    struct tern_addr src, dst, target;
    const uint8_t *to_mac;
    const uint8_t *mac, *nonce;    /* the option's, or NULL */
};

/* The next message sent on link 0 that is not MLD's; type 0: none. Checks its checksum. */
struct net6_heard net6_hear(struct net6_fixture *f);

/* Lets time pass, at most a minute, until there is one. */
struct net6_heard net6_await(struct net6_fixture *f);

/* Nothing but MLD's was sent on link 0. */
bool net6_quiet(struct net6_fixture *f);

/* The entry of a neighbour on link 0, or NULL; the state of an address of ours there. */
const struct tern_neighbour *net6_neighbour(struct net6_fixture *f, const char *addr);
uint8_t net6_state(struct net6_fixture *f, const struct tern_addr *addr);

/* The link-local address that link 0 has; the first of an origin. Fails without one. */
struct tern_addr net6_own(struct net6_fixture *f, enum tern_ipv6_origin origin);
size_t net6_count(struct net6_fixture *f, enum tern_ipv6_origin origin);

#endif
