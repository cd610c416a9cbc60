/* SPDX-License-Identifier: ISC */
/* A simulated host: its stack's memory, its turn of events, its invariants. */
#include "hosts.h"

#include <stdlib.h>
#include <string.h>

#define OR(value, most) ((value) != 0 && (value) < (most) ? (value) : (most))

static uint64_t host_poll(void *user, uint64_t now_ns)
{
    struct host *h = user;
    return impair_poll(&h->impair, now_ns, tern_net_poll(&h->net, now_ns));
}

static void host_after(void *user)
{
    struct host *h = user;
    for (size_t i = 0; i < h->tcp.config.n_conns && h->broken == NULL; i++)
        if (!tern_tcp_conn_sane(&h->conns[i]))
            h->broken = "tern_tcp_conn_sane";
}

static void tcp_memory(struct host *h, const struct host_config *config)
{
    h->tcp.config = (struct tern_tcp_config){
        .conns = h->conns, .n_conns = OR(config->n_conns, HOST_CONNS),
        .halves = h->halves, .n_halves = HOST_HALVES,
        .time_waits = h->time_waits, .n_time_waits = HOST_TIME_WAITS,
        .works = h->works, .n_works = OR(config->n_works, HOST_WORKS),
        .flights = h->flights, .n_flights = OR(config->n_flights, HOST_FLIGHTS),
        .listeners = h->listeners, .n_listeners = 4,
        .buckets = h->buckets, .n_buckets = HOST_BUCKETS,
        .msl_ms = 120000,
    };
}

static enum tern_err address_set(struct host *h, const struct host_config *config)
{
    struct tern_ipv4_address four = { .addr = tern_addr_v4(config->addr), .prefix_len = 24 };
    struct tern_ipv6_address six = { .addr = { { 0x20, 1, 0xd, 0xb8 } }, .prefix_len = 64 };
    if (!config->six)
        return tern_ipv4_set(&h->net, 0, &four);
    if (config->slaac)
        return tern_ipv6_auto(&h->net, 0, TERN_IPV6_AUTO | TERN_IPV6_TEMPORARY);
    tern_store_be32(six.addr.octets + 12, config->addr);
    return tern_ipv6_set(&h->net, 0, &six);
}

bool host_address(const struct host *h, struct tern_addr *addr)
{
    struct tern_ipv6_address a;
    struct tern_ipv4_address four;
    if (!h->six) {
        enum tern_err err = tern_ipv4_get(&h->net, 0, &four);
        *addr = four.addr;
        return err == TERN_OK;
    }
    for (size_t i = 0; tern_ipv6_get(&h->net, 0, i, &a) == TERN_OK; i++) {
        *addr = a.addr;
        if (a.state == TERN_IPV6_PREFERRED &&
            (a.origin == TERN_IPV6_CONFIGURED || a.origin == TERN_IPV6_FROM_PREFIX))
            return true;
    }
    return false;
}

const struct tern_ip_stats *host_ip_stats(const struct host *h)
{
    return h->six ? &h->ipv6.stats.ip : &h->ipv4.stats.ip;
}

void host_init(struct host *h, struct sim *sim, const struct host_config *config, uint64_t seed)
{
    struct sim_random random = { seed };
    uint8_t seed_octets[TERN_SEED_LEN];
    for (size_t i = 0; i < TERN_SEED_LEN; i += 8)
        tern_store_be64(seed_octets + i, sim_random_u64(&random));
    h->sim = sim;
    h->broken = NULL;
    tern_turn_init(&h->turn, NULL, sim->now_ns);
    tern_drbg_init(&h->drbg, seed_octets);
    size_t n_blocks = OR(config->n_blocks, HOST_BLOCKS_MAX);
    if (tern_block_pool_init(&h->blocks, h->block_memory, n_blocks * HOST_BLOCK_LEN,
                             HOST_BLOCK_LEN) != TERN_OK)
        abort();
    h->six = config->six;
    h->ipv4 = (struct tern_ipv4){ .config = {
        .neighbours = h->neighbours, .n_neighbours = HOST_NEIGHBOURS,
        .reassemblies = h->reassemblies, .n_reassemblies = 2 } };
    h->ipv6 = (struct tern_ipv6){ .config = {
        .neighbours = h->neighbours, .n_neighbours = HOST_NEIGHBOURS,
        .reassemblies = h->reassemblies, .n_reassemblies = 2 } };
    tcp_memory(h, config);
    struct tern_net_use four = { &tern_ipv4, &h->ipv4 }, six = { &tern_ipv6, &h->ipv6 };
    struct tern_net_config net = {
        .turn = &h->turn, .drbg = &h->drbg, .blocks = &h->blocks,
        .parts = (const struct tern_net_use[]){ h->six ? six : four,
                                                { &tern_tcp, &h->tcp },
                                                { &tern_newreno, NULL },
                                                { NULL, NULL } },
    };
    impair_init(&h->impair, &h->cable.link, sim_random_u64(&random));
    h->impair.out = config->out;
    h->impair.in = config->in;
    if (tern_net_init(&h->net, &net) != TERN_OK ||
        tern_net_attach(&h->net, &h->impair.link) != TERN_OK ||
        address_set(h, config) != TERN_OK)
        abort();
    h->number = sim_add_host(sim, host_poll, host_after, h);
}

void host_free(struct host *h)
{
    impair_free(&h->impair);
}

const char *host_leaks(const struct host *h)
{
    const struct tern_tcp *tcp = &h->tcp;
    if (h->blocks.n_free != h->blocks.n_blocks)
        return "blocks";
    if (tcp->n_conns_free != tcp->config.n_conns)
        return "connections";
    if (tcp->n_works_free != tcp->config.n_works)
        return "work blocks";
    if (tcp->n_flights_free != tcp->config.n_flights)
        return "flight records";
    if (tcp->n_halves_free != tcp->config.n_halves)
        return "half-open entries";
    if (tcp->n_time_waits_free != tcp->config.n_time_waits)
        return "TIME-WAIT entries";
    return NULL;
}
