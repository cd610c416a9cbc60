/* SPDX-License-Identifier: ISC */
/*
 * Multicast control: what a backend is told of the groups that the stack listens
 * to, and what it then delivers.
 */
#include "suites.h"
#include "xen_bus_fixture.h"
#include "xen_fixture.h"

#include <stdio.h>
#include <string.h>

#include <tern/net.h>

static struct xen_fixture fx;
static uint8_t frame[1514];

static const uint8_t a[6] = { 1, 0, 0x5e, 0, 0, 1 }, b[6] = { 0x33, 0x33, 0, 0, 0, 1 };

static void setup(void) { fx_begin(&fx, NULL, &fixture_peer_all); }
static void teardown(void) { fx_end(&fx); }

static void listen_to(struct netfront *nf, const uint8_t (*macs)[6], size_t n)
{
    nf->link.ops->groups(&nf->link, macs[0], n);
}

static void listen_to_many(struct netfront *nf, uint8_t first, size_t n)
{
    uint8_t macs[TERN_LINK_GROUPS + 1][6];
    for (size_t i = 0; i < n; i++)
        memcpy(macs[i], (uint8_t[]){ 1, 0, 0x5e, 0, 0, (uint8_t)(first + i) }, 6);
    nf->link.ops->groups(&nf->link, macs[0], n);
}

static void listen_to_all(struct netfront *nf)
{
    nf->link.ops->groups(&nf->link, NULL, 0);
}

static bool has(const struct netback *nb, const uint8_t mac[6])
{
    for (size_t i = 0; i < nb->n_groups; i++)
        if (memcmp(nb->groups[i], mac, 6) == 0)
            return true;
    return false;
}

/* Until the loop would wait, and the backend has seen all. */
static void settle(void)
{
    unsigned n = 0;
    do {
        (void)netback_take(&fx.nb);
        (void)fx_poll(&fx);
        ck_assert_uint_lt(n++, 100);
    } while (!netfront_idle(&fx.nf) || fx.nb.tx_req_cons != fx.nf.tx.req_prod);
}

static void reconnect(const struct netfront_peer *peer)
{
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    fx_connect(&fx, peer);
}

/* Fills the ring with frames that are not answered. */
static void fill(void)
{
    fx_end(&fx);
    fx_begin(&fx, &(struct netfront_config){ .n_tx = 128 }, &fixture_peer_all);
    fx.nb.holds_answers = true;
    while (fx_send(&fx, frame, 60) == TERN_OK)
        continue;
    fx_flush(&fx);
}

static void drain(void)
{
    (void)netback_take(&fx.nb);
    netback_answer(&fx.nb);
    fx.nb.holds_answers = false;
    settle();
    netback_forget(&fx.nb);
}

/* ---- What is told ---- */

START_TEST(test_groups_are_told_to_a_backend_that_filters)
{
    const uint8_t both[2][6] = { { 1, 0, 0x5e, 0, 0, 1 }, { 0x33, 0x33, 0, 0, 0, 1 } };
    listen_to(&fx.nf, both, 2);
    ck_assert_uint_eq(netback_take(&fx.nb), 0);
    ck_assert(fx.nb.n_groups == 2 && has(&fx.nb, a) && has(&fx.nb, b));
    /* The same again is nothing new, in whatever order. */
    listen_to(&fx.nf, both, 2);
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_joins, 2);
    listen_to(&fx.nf, both + 1, 1);
    (void)netback_take(&fx.nb);
    ck_assert(fx.nb.n_groups == 1 && has(&fx.nb, b));
    ck_assert_uint_eq(fx.nb.n_leaves, 1);
    listen_to(&fx.nf, both, 0);
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_groups, 0);
    ck_assert_uint_eq(fx.nb.n_strangers, 0);
    ck_assert_uint_eq(fx.nf.stats.tx_frames, 0);
}
END_TEST

START_TEST(test_next_backend_hears_of_those_that_are_left)
{
    listen_to_many(&fx.nf, 1, 3);
    (void)netback_take(&fx.nb);
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    listen_to_many(&fx.nf, 2, 3);    /* while there is none */
    fx_connect(&fx, &fixture_peer_all);
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_groups, 3);
    ck_assert(!has(&fx.nb, a));
    ck_assert_uint_eq(fx.nb.n_joins, 3);
    ck_assert_uint_eq(fx.nb.n_leaves, 0);
    ck_assert_uint_eq(fx.nf.n_groups, 3);
}
END_TEST

START_TEST(test_groups_are_not_told_to_others)
{
    struct netfront_peer peer = fixture_peer_all;
    peer.groups = false;
    reconnect(&peer);
    listen_to_many(&fx.nf, 1, 2);
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_groups, 0);
    /* Nor do they keep the loop awake once a frame was answered. */
    (void)fx_poll(&fx);
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
    (void)fx_poll(&fx);
    ck_assert(netfront_idle(&fx.nf));
}
END_TEST

START_TEST(test_groups_wait_for_a_carrier_and_for_the_end_of_a_suspend)
{
    netfront_carrier(&fx.nf, false);
    listen_to_many(&fx.nf, 1, 1);
    settle();
    ck_assert_uint_eq(fx.nb.n_groups, 0);
    netfront_carrier(&fx.nf, true);
    settle();
    ck_assert_uint_eq(fx.nb.n_groups, 1);
    netfront_suspend(&fx.nf);
    listen_to_many(&fx.nf, 1, 2);
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_groups, 1);
    netfront_resume(&fx.nf, true);
    settle();
    ck_assert_uint_eq(fx.nb.n_groups, 2);
}
END_TEST

START_TEST(test_groups_wait_for_room_in_the_ring)
{
    fill();
    listen_to_many(&fx.nf, 0, TERN_LINK_GROUPS);
    drain();
    ck_assert_uint_eq(fx.nb.n_groups, TERN_LINK_GROUPS);
    /* Others in their place, and again others before there is room. */
    fx.nb.holds_answers = true;
    while (fx_send(&fx, frame, 60) == TERN_OK)
        continue;
    fx_flush(&fx);
    listen_to_many(&fx.nf, 100, TERN_LINK_GROUPS);
    listen_to_many(&fx.nf, 150, TERN_LINK_GROUPS);
    listen_to_many(&fx.nf, 200, TERN_LINK_GROUPS);
    drain();
    ck_assert_uint_eq(fx.nb.n_groups, TERN_LINK_GROUPS);
    ck_assert(has(&fx.nb, (const uint8_t[]){ 1, 0, 0x5e, 0, 0, 200 }));
    ck_assert_uint_eq(fx.nf.n_groups, TERN_LINK_GROUPS);
    ck_assert_uint_eq(fx.nb.n_strangers, 0);
}
END_TEST

/* The backend's list is what the stack said last, however the ring stood meanwhile. */
START_TEST(test_groups_at_random_end_as_they_were_said)
{
    uint32_t random = 7;
    uint8_t first = 0;
    size_t n = 0;
    fill();
    for (unsigned i = 0; i < 3000; i++) {
        random = random * 1664525 + 1013904223;
        first = (uint8_t)(random >> 16);
        n = (random >> 24) % (TERN_LINK_GROUPS + 1);
        listen_to_many(&fx.nf, first, n);
        ck_assert_uint_le(fx.nf.n_groups, NETFRONT_GROUPS);
        if ((random >> 9 & 3) == 0)
            while (fx_send(&fx, frame, 60) == TERN_OK)
                continue;
        fx_flush(&fx);
        if ((random >> 12 & 3) == 0 && fx.nb.n_frames < 200) {
            (void)netback_take(&fx.nb);
            if ((random >> 14 & 1) == 0)
                netback_answer(&fx.nb);
        }
        ck_assert_uint_le(fx.nb.n_groups, TERN_LINK_GROUPS);
        if (fx.nb.n_frames >= 200)
            drain();
        fx.nb.holds_answers = true;
    }
    drain();
    ck_assert_uint_eq(fx.nb.n_groups, n);
    for (size_t i = 0; i < n; i++)
        ck_assert(has(&fx.nb, (const uint8_t[]){ 1, 0, 0x5e, 0, 0, (uint8_t)(first + i) }));
    ck_assert_uint_eq(fx.nb.n_strangers, 0);
    ck_assert_uint_eq(fx.nf.stats.groups_refused, 0);
}
END_TEST

/* ---- Refused ---- */

/* It is noticed although nothing else is sent. */
START_TEST(test_refused_group_is_counted_and_ends_the_filtering)
{
    fx.nb.groups_most = 2;
    listen_to_many(&fx.nf, 1, 2);
    settle();
    ck_assert(!netfront_filter_over(&fx.nf));
    fx.nb.holds_answers = true;
    listen_to_many(&fx.nf, 1, 3);
    settle();
    ck_assert(!fake_awake(&fx.x));
    netback_answer(&fx.nb);
    ck_assert(fake_awake(&fx.x));
    settle();
    ck_assert_uint_eq(fx.nb.n_groups_refused, 1);
    ck_assert_uint_eq(fx.nf.stats.groups_refused, 1);
    ck_assert_uint_eq(fx.nf.stats.tx_refused, 0);
    ck_assert(!netfront_filters(&fx.nf));
    ck_assert(netfront_filter_over(&fx.nf));
    ck_assert(!netfront_filter_over(&fx.nf));
    ck_assert(netfront_idle(&fx.nf));
}
END_TEST

START_TEST(test_stack_that_wants_all_or_too_many_ends_the_filtering)
{
    listen_to_many(&fx.nf, 1, 2);
    settle();
    if (_i == 0)
        listen_to_all(&fx.nf);
    else
        listen_to_many(&fx.nf, 1, TERN_LINK_GROUPS + 1);
    settle();
    ck_assert(netfront_filter_over(&fx.nf));
    ck_assert_uint_eq(fx.nb.n_leaves, 0);    /* what it delivers still is not made less */
    listen_to_many(&fx.nf, 1, 1);
    ck_assert(netfront_filters(&fx.nf));    /* in the next connection */
    settle();
    ck_assert_uint_eq(fx.nb.n_leaves, 0);
}
END_TEST

/* ---- A backend that is not honest ---- */

START_TEST(hostile_net_55_group_answered_that_nobody_asked_for)
{
    static const struct { int16_t status; enum netfront_breach breach; } rows[] = {
        { NETIF_RSP_OKAY, NETFRONT_BREACH_TX_PENDING },
        { NETIF_RSP_ERROR, NETFRONT_BREACH_TX_PENDING },
        { NETIF_RSP_NULL, NETFRONT_BREACH_TX_NULL },
    };
    listen_to_many(&fx.nf, 1, 1);
    fx.nb.holds_answers = true;
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_owed, 2);
    uint16_t id = fx.nb.owed[0].id;
    /* With a frame under way there are not more answers than requests. */
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    netback_answer(&fx.nb);    /* the group's own, and then once more */
    netback_tx_answer(&fx.nb, id, rows[_i].status);
    netback_tx_show(&fx.nb);
    (void)fx_poll(&fx);
    ck_assert_int_eq(fx.nf.state, NETFRONT_BROKEN);
    ck_assert_uint_eq(fx.nf.breaches[rows[_i].breach], 1);
    ck_assert_uint_eq(fx.nf.stats.groups_refused, 0);
    listen_to_many(&fx.nf, 4, 4);    /* harmless: it is for the next one */
    ck_assert(netfront_idle(&fx.nf));
}
END_TEST

START_TEST(hostile_net_55_groups_all_refused_cost_one_connection)
{
    fx.nb.tx_status = NETIF_RSP_DROPPED;
    listen_to_many(&fx.nf, 0, TERN_LINK_GROUPS);
    fx.nb.holds_answers = true;
    (void)netback_take(&fx.nb);
    for (unsigned i = 0; i < fx.nb.n_owed; i++)
        if (fx.nb.owed[i].status == NETIF_RSP_OKAY)
            fx.nb.owed[i].status = NETIF_RSP_DROPPED;
    netback_answer(&fx.nb);
    settle();
    ck_assert_uint_eq(fx.nf.stats.groups_refused, TERN_LINK_GROUPS);
    ck_assert(netfront_filter_over(&fx.nf));
    reconnect(&fixture_peer_all);
    ck_assert(!netfront_filters(&fx.nf));
}
END_TEST

/* One that answers nothing: the loop sleeps all the same. */
START_TEST(hostile_net_55_groups_that_are_never_answered_keep_nobody_awake)
{
    fx.nb.holds_answers = true;
    listen_to_many(&fx.nf, 0, TERN_LINK_GROUPS);
    settle();
    ck_assert_uint_eq(fx.nf.n_groups_asked, TERN_LINK_GROUPS);
    ck_assert(netfront_idle(&fx.nf));
    reconnect(&fixture_peer_all);
    ck_assert_uint_le(fx.nf.n_groups_asked, TERN_LINK_GROUPS);
}
END_TEST

/* ---- In the handshake ---- */

static void world_is_chosen(size_t n)
{
    listen_to_many(&w.nf, 1, n);
}

/* Delivers a frame to this address; how many reached the stack? */
static uint64_t reaches(const uint8_t mac[6])
{
    uint64_t before = w.nf.stats.rx_frames;
    memcpy(frame, mac, 6);
    ck_assert(netback_deliver(&w.back.nb, frame, 60, 0, 0, 0));
    world_run(&w);
    return w.nf.stats.rx_frames - before;
}

/* Lets all be told, and answered. */
static void world_settle(void)
{
    for (unsigned i = 0; i < 4; i++) {
        world_run(&w);
        (void)netback_take(&w.back.nb);
    }
}

START_TEST(test_filtering_is_asked_for_once_the_stack_has_chosen)
{
    bus_attach(0);
    ck_assert_str_eq(world_key(&w, "request-multicast-control"), "0");
    world_is_chosen(1);
    ck_assert(!w.nf.peer.groups);    /* all come still, and that is right */
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    ck_assert_str_eq(world_key(&w, "request-multicast-control"), "1");
    world_settle();
    ck_assert_uint_eq(w.back.nb.n_groups, 1);
    bus_assert_up();
}
END_TEST

START_TEST(test_filtering_is_not_asked_of_a_backend_that_does_not_offer_it)
{
    static const char *const offers[] = { "0", NULL, "2" };
    world_is_chosen(1);
    world_feature(&w, "feature-multicast-control", offers[_i]);
    world_feature(&w, "feature-dynamic-multicast-control", "1");
    bus_attach(0);
    ck_assert_str_eq(world_key(&w, "request-multicast-control"), "0");
    world_settle();
    ck_assert_uint_eq(w.back.nb.n_joins, 0);
    ck_assert_uint_eq(reaches(b), 1);
}
END_TEST

START_TEST(test_only_frames_to_groups_that_are_listened_to_arrive)
{
    world_is_chosen(1);
    bus_attach(0);
    world_settle();
    ck_assert_uint_eq(reaches(a), 1);
    ck_assert_uint_eq(reaches(b), 0);
    ck_assert_uint_eq(w.back.nb.n_filtered, 1);
    ck_assert_uint_eq(reaches((const uint8_t[]){ 255, 255, 255, 255, 255, 255 }), 1);
    ck_assert_uint_eq(reaches(w.nf.link.mac), 1);
    world_is_chosen(2);
    world_settle();
    ck_assert_uint_eq(reaches((const uint8_t[]){ 1, 0, 0x5e, 0, 0, 2 }), 1);
}
END_TEST

/* 0: replaced, 1: it begins anew, 2: another life, 3: it begins anew unseen. */
START_TEST(test_groups_are_told_anew_to_whoever_comes)
{
    world_is_chosen(3);
    bus_attach(0);
    world_settle();
    ck_assert_uint_eq(w.back.nb.n_groups, 3);
    if (_i == 0) {
        world_detach(&w);
        bus_attach(9);
    } else if (_i == 1) {
        w.back.stubborn = true;
        world_back_restart(&w);
        world_run(&w);
        w.back.stubborn = false;
        world_run(&w);
    } else if (_i == 2) {
        netfront_suspend(&w.nf);
        fake_restore(&w.x);
        store_restore(&w.s, 20);
        ck_assert_int_eq(w.x.env.evtchn_alloc(&w.x.env, 0, &w.s.port), TERN_OK);
        w.back.nb.tx = w.back.nb.rx = NULL;
        netfront_bus_restart(&w.bus);
        xenstore_restart(&w.xs, w.s.ring, w.s.port);
        bus_attach(1);
    } else {
        world_back_restart(&w);
    }
    world_settle();
    ck_assert_str_eq(world_key(&w, "request-multicast-control"), "1");
    ck_assert(w.back.nb.filters);
    ck_assert_uint_eq(w.back.nb.n_groups, 3);
    ck_assert_uint_eq(reaches(a), 1);
    bus_assert_up();
}
END_TEST

/* What a backend does to its directory may be all we see of its begin: but not twice. */
START_TEST(test_backend_that_only_changes_something_has_each_group_once)
{
    char path[STORE_PATH];
    world_is_chosen(3);
    bus_attach(0);
    world_settle();
    for (unsigned i = 0; i < 100; i++) {
        snprintf(path, sizeof path, "%s/hotplug-status", w.back.dir);
        store_set(&w.s, path, "connected");
        world_settle();
        ck_assert_uint_eq(w.back.nb.n_groups, 3);
    }
    ck_assert_uint_eq(w.nf.stats.groups_refused, 0);
    ck_assert_uint_eq(w.nf.stats.connects, 1);
    ck_assert_uint_eq(w.back.nb.n_strangers, 0);
}
END_TEST

START_TEST(test_refused_group_leads_to_a_connection_that_hears_all)
{
    w.back.nb.groups_most = 2;
    world_is_chosen(3);
    bus_attach(0);
    ck_assert_str_eq(world_key(&w, "request-multicast-control"), "1");
    world_settle();
    ck_assert_uint_eq(w.nf.stats.groups_refused, 1);
    ck_assert_str_eq(world_key(&w, "request-multicast-control"), "0");
    ck_assert_uint_eq(w.nf.stats.connects, 2);
    ck_assert_uint_eq(reaches((const uint8_t[]){ 1, 0, 0x5e, 0, 0, 3 }), 1);
    ck_assert_uint_eq(reaches(b), 1);
    /* Nor is the next one asked. */
    world_detach(&w);
    bus_attach(3);
    world_settle();
    ck_assert_str_eq(world_key(&w, "request-multicast-control"), "0");
    ck_assert_uint_eq(w.nf.stats.connects, 3);
}
END_TEST

START_TEST(test_stack_that_wants_all_is_heard_by_another_connection)
{
    world_is_chosen(1);
    bus_attach(0);
    world_settle();
    listen_to_all(&w.nf);
    world_settle();
    ck_assert_uint_eq(w.nf.stats.connects, 2);
    ck_assert_uint_eq(reaches(b), 1);
    /* When it has chosen again, the next connection filters. */
    world_is_chosen(1);
    world_settle();
    ck_assert_uint_eq(w.nf.stats.connects, 2);
    world_detach(&w);
    bus_attach(0);
    world_settle();
    ck_assert_uint_eq(reaches(b), 0);
}
END_TEST

/* ---- Under a stack ---- */

static struct {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_neighbour neighbours[8];
    _Alignas(16) uint8_t block_memory[8 * 2048];
} stack;

static void stack_start(void)
{
    static const uint8_t seed[TERN_SEED_LEN] = { 5 };
    tern_turn_init(&stack.turn, NULL, w.now_ns);
    tern_drbg_init(&stack.drbg, seed);
    ck_assert_int_eq(tern_block_pool_init(&stack.blocks, stack.block_memory,
                                          sizeof stack.block_memory, 2048), TERN_OK);
    stack.ipv4 = (struct tern_ipv4){ .config = { .neighbours = stack.neighbours,
                                                 .n_neighbours = 8 } };
    struct tern_net_config config = {
        .turn = &stack.turn, .drbg = &stack.drbg, .blocks = &stack.blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv4, &stack.ipv4 }, { NULL, NULL } },
    };
    struct tern_ipv4_address address = { .addr = tern_addr_v4(0x0a000001), .prefix_len = 24 };
    ck_assert_int_eq(tern_net_init(&stack.net, &config), TERN_OK);
    ck_assert_int_eq(tern_net_attach(&stack.net, &w.nf.link), TERN_OK);
    ck_assert_int_eq(tern_ipv4_set(&stack.net, 0, &address), TERN_OK);
}

/* An echo request to a group, from 10.0.0.2. */
static void ping(uint32_t group)
{
    static const uint8_t start[] = { 2, 0, 0, 0, 0, 9, 8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 1, 1 };
    memset(frame, 0, 60);
    tern_store_be32(frame + 2, 0x5e000000 | (group & 0x7fffff));
    tern_store_be16(frame, 0x0100);
    memcpy(frame + 6, start, sizeof start);
    tern_store_be32(frame + 26, 0x0a000002);
    tern_store_be32(frame + 30, group);
    tern_store_be16(frame + 24, tern_checksum_finish(tern_checksum_add(0, frame + 14, 20)));
    frame[34] = 8;
    tern_store_be16(frame + 36, tern_checksum_finish(tern_checksum_add(0, frame + 34, 8)));
    ck_assert(netback_deliver(&w.back.nb, frame, 60, 0, 0, 0));
    world_run(&w);
}

START_TEST(test_stack_with_an_address_hears_all_hosts_and_no_others)
{
    stack_start();
    bus_attach(0);
    world_settle();
    ck_assert(w.back.nb.filters);
    ck_assert_uint_eq(w.back.nb.n_groups, 1);
    ping(0xe0000001);
    ck_assert_uint_eq(stack.ipv4.stats.icmp_broadcast, 1);
    ping(0xe00000fb);
    ck_assert_uint_eq(w.back.nb.n_filtered, 1);
    ck_assert_uint_eq(stack.ipv4.stats.in_packets, 1);
    tern_ipv4_clear(&stack.net, 0);
    world_settle();
    ping(0xe0000001);
    ck_assert_uint_eq(w.back.nb.n_filtered, 2);
}
END_TEST

Suite *xen_net_group_suite(void)
{
    Suite *s = suite_create("xen_net_group");
    TCase *t = tcase_create("driver");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_groups_are_told_to_a_backend_that_filters);
    tcase_add_test(t, test_next_backend_hears_of_those_that_are_left);
    tcase_add_test(t, test_groups_are_not_told_to_others);
    tcase_add_test(t, test_groups_wait_for_a_carrier_and_for_the_end_of_a_suspend);
    tcase_add_test(t, test_groups_wait_for_room_in_the_ring);
    tcase_add_test(t, test_groups_at_random_end_as_they_were_said);
    tcase_add_test(t, test_refused_group_is_counted_and_ends_the_filtering);
    tcase_add_loop_test(t, test_stack_that_wants_all_or_too_many_ends_the_filtering, 0, 2);
    tcase_add_loop_test(t, hostile_net_55_group_answered_that_nobody_asked_for, 0, 3);
    tcase_add_test(t, hostile_net_55_groups_all_refused_cost_one_connection);
    tcase_add_test(t, hostile_net_55_groups_that_are_never_answered_keep_nobody_awake);
    suite_add_tcase(s, t);
    t = tcase_create("bus");
    tcase_add_checked_fixture(t, bus_setup, bus_teardown);
    tcase_add_test(t, test_filtering_is_asked_for_once_the_stack_has_chosen);
    tcase_add_loop_test(t, test_filtering_is_not_asked_of_a_backend_that_does_not_offer_it, 0, 3);
    tcase_add_test(t, test_only_frames_to_groups_that_are_listened_to_arrive);
    tcase_add_loop_test(t, test_groups_are_told_anew_to_whoever_comes, 0, 4);
    tcase_add_test(t, test_backend_that_only_changes_something_has_each_group_once);
    tcase_add_test(t, test_refused_group_leads_to_a_connection_that_hears_all);
    tcase_add_test(t, test_stack_that_wants_all_is_heard_by_another_connection);
    tcase_add_test(t, test_stack_with_an_address_hears_all_hosts_and_no_others);
    suite_add_tcase(s, t);
    return s;
}
