/* SPDX-License-Identifier: ISC */
/*
 * A simulated host: one stack with all its memory, an impaired network card on
 * a simulated cable, and the checks that run after each event.
 */
#ifndef TERN_TESTS_SIM_HOSTS_H
#define TERN_TESTS_SIM_HOSTS_H

#include "impair.h"

#include <tern/ipv6.h>
#include <tern/tcp.h>

#define HOST_CONNS 16
#define HOST_HALVES 16
#define HOST_TIME_WAITS 16
#define HOST_WORKS 16
#define HOST_FLIGHTS 256
#define HOST_BUCKETS 64
#define HOST_NEIGHBOURS 16
#define HOST_BLOCKS_MAX 512
#define HOST_BLOCK_LEN 2048

struct host_config {
    uint32_t addr;           /* 10.0.0.x, in host order; of IPv6 2001:db8::x */
    bool six;                /* IPv6, and no IPv4 */
    bool slaac;              /* its address is what a router makes it, and temporary ones */
    size_t n_conns, n_works, n_flights, n_blocks;    /* 0: the most there are */
    struct impair_rates out, in;
};

struct host {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_ipv6 ipv6;
    bool six;
    struct tern_tcp tcp;
    struct tern_neighbour neighbours[HOST_NEIGHBOURS];
    struct tern_reassembly reassemblies[2];
    struct tern_tcp_conn conns[HOST_CONNS];
    struct tern_tcp_half halves[HOST_HALVES];
    struct tern_tcp_time_wait time_waits[HOST_TIME_WAITS];
    struct tern_tcp_work works[HOST_WORKS];
    struct tern_tcp_flight flights[HOST_FLIGHTS];
    struct tern_tcp_listener listeners[4];
    uint32_t buckets[HOST_BUCKETS];
    struct sim *sim;
    struct sim_link cable;
    struct impair impair;
    uint8_t number;
    const char *broken;      /* the first invariant that failed, or NULL */
    _Alignas(16) uint8_t block_memory[HOST_BLOCKS_MAX * HOST_BLOCK_LEN];
};

/* The host becomes number sim->n_hosts; its cable is joined by sim_cable before. */
void host_init(struct host *host, struct sim *sim, const struct host_config *config,
               uint64_t seed);
void host_free(struct host *host);

/* The address by which others reach it; false: it has none yet. */
bool host_address(const struct host *host, struct tern_addr *addr);

/* What its network layer counts. */
const struct tern_ip_stats *host_ip_stats(const struct host *host);

/* NULL if every pool is full again, else which one is not. */
const char *host_leaks(const struct host *host);

#endif
