/* SPDX-License-Identifier: ISC */
/*
 * A stack with two fake links, for tests of the network layer. We are
 * 10.0.0.1/24 on link 0 with the router 10.0.0.254, and 10.1.0.1/24 on link 1;
 * the peer is 10.0.0.2 and its MAC is known after net_fixture_meet.
 */
#ifndef TERN_TESTS_NET_FIXTURE_H
#define TERN_TESTS_NET_FIXTURE_H

#include "fake_link.h"
#include "packet.h"

#include <tern/net.h>

#define US 0x0a000001u
#define PEER 0x0a000002u
#define OTHER 0x0a000003u
#define ROUTER 0x0a0000feu
#define NET_BROADCAST 0x0a0000ffu
#define FAR 0xc0000201u    /* 192.0.2.1, by the router */
#define US_1 0x0a010001u

#define FIXTURE_NEIGHBOURS 16u
#define FIXTURE_BLOCKS 64u

struct net_fixture {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_udp udp;
    struct tern_neighbour neighbours[FIXTURE_NEIGHBOURS];
    struct tern_reassembly reassemblies[4];
    struct tern_udp_endpoint endpoints[8];
    struct fake_link wire, wire_1;
    uint64_t now_ns;
    size_t n_events;
    struct { enum tern_net_event event; uint8_t link; struct tern_addr addr; } events[64];
    _Alignas(16) uint8_t block_mem[FIXTURE_BLOCKS * 2048];
};

/* One, started anew, with addresses; announcements are taken off the wire. */
struct net_fixture *net_fixture(void);

/* The same without an address on link 0 and without link 1. */
struct net_fixture *net_fixture_bare(void);

/* Lets ns nanoseconds pass in steps of at most 50 ms. */
void net_fixture_pass(struct net_fixture *f, uint64_t ns);

/* Hands up a frame on link 0. */
void net_fixture_in(struct net_fixture *f, const uint8_t *frame, size_t len);

/* Learns the MAC of addr: it asks us, before we sent to it. The answer is taken off the wire. */
void net_fixture_meet(struct net_fixture *f, uint32_t addr, const uint8_t mac[6]);

/* The next frame sent on link 0; fails the test if there is none. */
const struct fake_frame *net_fixture_sent(struct net_fixture *f);

/* Nothing more was sent on link 0. */
bool net_fixture_quiet(struct net_fixture *f);

/* Every pool is full again: blocks, reassembly buffers, waiting datagrams. */
bool net_fixture_idle(struct net_fixture *f);

#endif
