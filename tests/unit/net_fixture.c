/* SPDX-License-Identifier: ISC */
/*
 * The stack for tests of the network layer: made, fed, watched.
 */
#include "net_fixture.h"

#include "libnet/net_internal.h"

#include <check.h>
#include <string.h>

static struct net_fixture fixture;

static void event(void *app, enum tern_net_event what, uint8_t link, const struct tern_addr *addr)
{
    struct net_fixture *f = app;
    ck_assert_uint_lt(f->n_events, 64);
    f->events[f->n_events].event = what;
    f->events[f->n_events].link = link;
    f->events[f->n_events++].addr = *addr;
}

struct net_fixture *net_fixture_bare(void)
{
    struct net_fixture *f = &fixture;
    static const uint8_t seed[TERN_SEED_LEN] = { 1, 2, 3 };
    memset(f, 0, sizeof *f);
    f->now_ns = TERN_SECOND_NS;
    tern_turn_init(&f->turn, NULL, f->now_ns);
    tern_drbg_init(&f->drbg, seed);
    ck_assert_int_eq(tern_block_pool_init(&f->blocks, f->block_mem, sizeof f->block_mem, 2048),
                     TERN_OK);
    f->ipv4.config = (struct tern_ipv4_config){ .neighbours = f->neighbours,
                                                .n_neighbours = FIXTURE_NEIGHBOURS,
                                                .reassemblies = f->reassemblies,
                                                .n_reassemblies = 4 };
    f->udp.config = (struct tern_udp_config){ .endpoints = f->endpoints, .n_endpoints = 8 };
    struct tern_net_config config = {
        .turn = &f->turn,
        .drbg = &f->drbg,
        .blocks = &f->blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv4, &f->ipv4 },
                                                { &tern_udp, &f->udp },
                                                { NULL, NULL } },
        .event = event,
        .app = f,
    };
    ck_assert_int_eq(tern_net_init(&f->net, &config), TERN_OK);
    tern_net_groups_ipv4.start(&f->net);    /* as the first tern_udp_open does */
    fake_link_init(&f->wire, 1500, 0);
    ck_assert_int_eq(tern_net_attach(&f->net, &f->wire.link), TERN_OK);
    return f;
}

struct net_fixture *net_fixture(void)
{
    struct net_fixture *f = net_fixture_bare();
    fake_link_init(&f->wire_1, 1500, 0);
    f->wire_1.link.mac[4] = 1;
    ck_assert_int_eq(tern_net_attach(&f->net, &f->wire_1.link), TERN_OK);
    struct tern_ipv4_address a = { .addr = tern_addr_v4(US), .prefix_len = 24,
                                   .gateway = tern_addr_v4(ROUTER) };
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_OK);
    a = (struct tern_ipv4_address){ .addr = tern_addr_v4(US_1), .prefix_len = 24 };
    ck_assert_int_eq(tern_ipv4_set(&f->net, 1, &a), TERN_OK);
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    fake_link_clear(&f->wire_1);
    f->n_events = 0;
    return f;
}

void net_fixture_pass(struct net_fixture *f, uint64_t ns)
{
    uint64_t end_ns = f->now_ns + ns;
    while (f->now_ns < end_ns) {
        uint64_t step = 50 * TERN_MILLISECOND_NS;
        f->now_ns += end_ns - f->now_ns < step ? end_ns - f->now_ns : step;
        while (tern_net_poll(&f->net, f->now_ns) <= f->now_ns)
            ;
    }
}

void net_fixture_in(struct net_fixture *f, const uint8_t *frame, size_t len)
{
    uint64_t next_ns = fake_link_input(&f->wire, frame, len, f->now_ns);
    while (next_ns <= f->now_ns)
        next_ns = tern_net_poll(&f->net, f->now_ns);
}

void net_fixture_meet(struct net_fixture *f, uint32_t addr, const uint8_t mac[6])
{
    uint8_t frame[64];
    size_t n = f->wire.n_sent;
    static const uint8_t none[6];
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_broadcast, 1, mac, addr, none, US));
    ck_assert_uint_eq(f->wire.n_sent, n + 1);
    (void)fake_link_take(&f->wire);
}

const struct fake_frame *net_fixture_sent(struct net_fixture *f)
{
    const struct fake_frame *sent = fake_link_take(&f->wire);
    ck_assert_msg(sent != NULL, "nothing was sent");
    return sent;
}

bool net_fixture_quiet(struct net_fixture *f)
{
    return fake_link_take(&f->wire) == NULL;
}

bool net_fixture_idle(struct net_fixture *f)
{
    for (size_t i = 0; i < 4; i++)
        if (f->reassemblies[i].state != 0)
            return false;
    return f->blocks.n_free == f->blocks.n_blocks && f->net.n_waiting == 0 && f->wire.n_lent == 0;
}
