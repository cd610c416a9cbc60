/* SPDX-License-Identifier: ISC */
/*
 * A whole stack for fuzzers: IPv4, UDP, TCP and a DHCP client on two links,
 * with an echo on port 7 of both transports. We are 10.0.0.1/24 on link 0;
 * link 1 asks by DHCP. Every frame that the stack sends is checked, every frame
 * that it gets lies in memory of its own length, and at the end every pool must
 * be full again and every frame counted once. A failed check aborts.
 */
#ifndef TERN_TESTS_NET_WORLD_H
#define TERN_TESTS_NET_WORLD_H

#include <tern/net.h>
#include <tern/tcp.h>

#define NET_WORLD_BATCH 16u

/* A world starts at the same point whatever happened before. */
void net_world_start(uint16_t offloads);

/* What the driver says of a frame. */
struct net_world_meta {
    uint8_t link, csum, gso;
    uint16_t seg_len;
    uint16_t first, step;    /* where spans are cut; 0: one span */
    bool fix;                /* put lengths, sums and a few secrets right first */
};

/* Puts a frame into the batch; a full batch goes up. */
void net_world_frame(const uint8_t *frame, size_t len, const struct net_world_meta *meta);

/* Hands up the batch of each link. */
void net_world_flush(void);

void net_world_pass(uint64_t ns);
void net_world_full(uint8_t link, bool full);
void net_world_up(uint8_t link, bool up);

/* The UDP endpoint on port 7, for a fuzzer that calls it. */
struct tern_endpoint *net_world_endpoint(void);
struct tern_net *net_world_net(void);

/* Frames that were sent and that came up, so far. */
size_t net_world_n_sent(void);

/* Lets the world come to rest and checks that nothing is left over. */
void net_world_finish(void);

#endif
