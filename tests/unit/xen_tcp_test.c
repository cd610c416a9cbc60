/* SPDX-License-Identifier: ISC */
/*
 * Two guests, each with a whole stack over its network device, and a bridge
 * between their backends: megabytes of TCP, with and without offloads, and
 * while a backend goes and another comes.
 */
#include "suites.h"
#include "xen_fixture.h"
#include "xen_world.h"

#include <stdio.h>
#include <string.h>

#include <tern/tcp.h>

enum { BLOCKS = 512, BLOCK_LEN = 2048, CONNS = 4, PORT = 80 };

struct guest {
    struct world w;
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_tcp tcp;
    struct tern_neighbour neighbours[8];
    struct tern_reassembly reassemblies[2];
    struct tern_tcp_conn conns[CONNS];
    struct tern_tcp_half halves[4];
    struct tern_tcp_time_wait time_waits[4];
    struct tern_tcp_work works[CONNS];
    struct tern_tcp_flight flights[256];
    struct tern_tcp_listener listeners[2];
    uint32_t buckets[64];
    _Alignas(16) uint8_t block_memory[BLOCKS * BLOCK_LEN];
    uint64_t deadline_ns;
    struct tern_stream *s;
    uint64_t n_sent, n_got, n_total;
    uint64_t n_bridged, n_bridge_dropped, n_aggregates;
    bool ended, closed, differs;
    enum tern_err why;
};

static struct guest guests[2];
static uint64_t now_ns;

static uint8_t content(uint64_t at)
{
    return (uint8_t)(at * 7 + (at >> 9) * 13 + (at >> 17));
}

/* ---- The ends of the connection ---- */

static void pump(struct guest *g)
{
    uint8_t piece[4096];
    while (g->n_sent < g->n_total) {
        size_t len = sizeof piece;
        if (len > g->n_total - g->n_sent)
            len = (size_t)(g->n_total - g->n_sent);
        for (size_t i = 0; i < len; i++)
            piece[i] = content(g->n_sent + i);
        size_t n = tern_stream_write(g->s, piece, len);
        g->n_sent += n;
        if (n < len)
            return;
    }
    tern_stream_finish(g->s);
}

static size_t on_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    struct guest *g = s->user;
    for (size_t i = 0; i < len; i++)
        g->differs = g->differs || data[i] != content(g->n_got + i);
    g->n_got += len;
    return len;
}

static void on_opened(struct tern_stream *s) { pump(s->user); }
static void on_room(struct tern_stream *s) { pump(s->user); }

static void on_ended(struct tern_stream *s)
{
    struct guest *g = s->user;
    g->ended = true;
    if (g->n_sent == g->n_total)
        tern_stream_finish(s);
}

static void on_closed(struct tern_stream *s, enum tern_err why)
{
    struct guest *g = s->user;
    g->closed = true;
    g->why = why;
    g->s = NULL;
}

static const struct tern_stream_events end_events = {
    .opened = on_opened, .data = on_data, .ended = on_ended, .room = on_room, .closed = on_closed,
};

static void on_accept(void *app, struct tern_stream *s)
{
    struct guest *g = app;
    g->s = s;
    tern_stream_attach(s, &end_events, g);
}

/* ---- The guests ---- */

static void stack_start(struct guest *g, unsigned number)
{
    uint8_t seed[TERN_SEED_LEN];
    memset(seed, (int)(number + 1), sizeof seed);
    tern_turn_init(&g->turn, NULL, now_ns);
    tern_drbg_init(&g->drbg, seed);
    ck_assert_int_eq(tern_block_pool_init(&g->blocks, g->block_memory, sizeof g->block_memory,
                                          BLOCK_LEN), TERN_OK);
    g->ipv4 = (struct tern_ipv4){ .config = {
        .neighbours = g->neighbours, .n_neighbours = 8,
        .reassemblies = g->reassemblies, .n_reassemblies = 2 } };
    g->tcp.config = (struct tern_tcp_config){
        .conns = g->conns, .n_conns = CONNS, .halves = g->halves, .n_halves = 4,
        .time_waits = g->time_waits, .n_time_waits = 4, .works = g->works, .n_works = CONNS,
        .flights = g->flights, .n_flights = 256, .listeners = g->listeners, .n_listeners = 2,
        .buckets = g->buckets, .n_buckets = 64, .msl_ms = 1000,
    };
    struct tern_net_config net = {
        .turn = &g->turn, .drbg = &g->drbg, .blocks = &g->blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv4, &g->ipv4 }, { &tern_tcp, &g->tcp },
                                                { &tern_newreno, NULL }, { NULL, NULL } },
    };
    struct tern_ipv4_address address = {
        .addr = tern_addr_v4(0x0a000001 + number), .prefix_len = 24,
    };
    ck_assert_int_eq(tern_net_init(&g->net, &net), TERN_OK);
    ck_assert_int_eq(tern_net_attach(&g->net, &g->w.nf.link), TERN_OK);
    ck_assert_int_eq(tern_ipv4_set(&g->net, 0, &address), TERN_OK);
}

static void attach(struct guest *g, unsigned number, uint16_t domid)
{
    char path[STORE_PATH];
    world_attach(&g->w, domid);
    snprintf(path, sizeof path, "%s/mac", g->w.front);
    store_set(&g->w.s, path, number == 0 ? "00:16:3e:00:00:0a" : "00:16:3e:00:00:0b");
}

static void setup_with(const struct netfront_config *config)
{
    memset(guests, 0, sizeof guests);
    now_ns = TERN_SECOND_NS;
    for (unsigned i = 0; i < 2; i++) {
        world_init(&guests[i].w, config);
        world_features_all(&guests[i].w);
        guests[i].w.now_ns = now_ns;
        stack_start(&guests[i], i);
        attach(&guests[i], i, (uint16_t)i);
    }
}

static void teardown(void)
{
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_ptr_eq(fx_broken(&guests[i].w.nf), NULL);
        world_free(&guests[i].w);
    }
}

/* ---- The bridge ---- */

static uint16_t rx_flags(uint16_t tx_flags)
{
    return (tx_flags & NETTXF_csum_blank) != 0 ? NETRXF_csum_blank | NETRXF_data_validated : 0;
}

static bool bridge(struct guest *from, struct guest *to)
{
    struct netback *nb = &from->w.back.nb;
    bool worked = netback_take(nb) > 0;
    for (size_t i = 0; i < nb->n_frames; i++) {
        const struct netback_frame *f = &nb->frames[i];
        if (to->w.back.nb.rx != NULL && netback_deliver(&to->w.back.nb, f->octets, f->len,
                                                        rx_flags(f->flags), f->gso_type,
                                                        f->gso_size))
            from->n_bridged++;
        else
            from->n_bridge_dropped++;
        from->n_aggregates += f->gso_size != 0;
    }
    netback_forget(nb);
    return worked;
}

/* One turn of all. Without work, virtual time moves on to the next deadline. */
static void turn(void)
{
    bool worked = false;
    uint64_t next_ns = now_ns + 100 * TERN_MILLISECOND_NS;
    for (unsigned i = 0; i < 2; i++) {
        struct guest *g = &guests[i];
        g->w.now_ns = now_ns;
        worked |= world_turn(&g->w);
        g->deadline_ns = tern_net_poll(&g->net, now_ns);
        worked |= g->deadline_ns <= now_ns;
        if (g->deadline_ns < next_ns)
            next_ns = g->deadline_ns;
        if (netfront_due(&g->w.nf) < next_ns)
            next_ns = netfront_due(&g->w.nf);
    }
    for (unsigned i = 0; i < 2; i++)
        worked |= bridge(&guests[i], &guests[1 - i]);
    now_ns = worked || next_ns <= now_ns ? now_ns + 20000 : next_ns;
}

static bool over(void)
{
    return guests[0].closed && guests[1].closed;
}

static void transfer(uint64_t there, uint64_t back, void (*midway)(unsigned n))
{
    struct tern_tcp_listener *listener;
    struct tern_tcp_listen listen = { .local = { .port = PORT } };
    struct tern_endpoint_addr to = { .addr = tern_addr_v4(0x0a000002), .port = PORT };
    guests[0].n_total = there;
    guests[1].n_total = back;
    for (unsigned i = 0; i < 200; i++)
        turn();
    ck_assert_int_eq(tern_tcp_listen(&guests[1].net, &listen, on_accept, &guests[1], &listener),
                     TERN_OK);
    ck_assert_int_eq(tern_tcp_connect(&guests[0].net, &to, NULL, NULL, &end_events, &guests[0],
                                      &guests[0].s), TERN_OK);
    unsigned n_midway = 0;
    uint64_t end_ns = now_ns + 600 * TERN_SECOND_NS;
    while (!over() && now_ns < end_ns) {
        turn();
        uint64_t got = guests[0].n_got + guests[1].n_got;
        if (midway != NULL && n_midway < 3 && got > (there + back) / 4 * (n_midway + 1))
            midway(n_midway++);
    }
    ck_assert_uint_eq(guests[1].n_got, there);
    ck_assert_uint_eq(guests[0].n_got, back);
    for (unsigned i = 0; i < 2; i++) {
        const struct guest *g = &guests[i];
        ck_assert(!g->differs);
        ck_assert(g->closed);
        ck_assert_int_eq(g->why, TERN_OK);
        for (unsigned b = 0; b < NETFRONT_BREACH_COUNT; b++)
            ck_assert_uint_eq(g->w.nf.breaches[b], 0);
    }
    if (midway != NULL)
        ck_assert_uint_eq(n_midway, 3);
}

START_TEST(test_megabytes_cross_with_aggregates)
{
    setup_with(NULL);
    transfer(4 << 20, 4 << 20, NULL);
    ck_assert_uint_gt(guests[0].n_aggregates, 10);
    ck_assert_uint_gt(guests[1].n_aggregates, 10);
    ck_assert_uint_eq(guests[0].w.nf.stats.tx_bad, 0);
    ck_assert_uint_eq(guests[0].w.nf.stats.tx_summed, 0);
    /* 8 MiB of segments are more than 5,800 frames without. */
    ck_assert_uint_lt(guests[0].n_bridged + guests[1].n_bridged, 3000);
    teardown();
}
END_TEST

START_TEST(test_megabytes_cross_without_aggregates)
{
    setup_with(&(struct netfront_config){ .no_gso = true });
    transfer(2 << 20, 2 << 20, NULL);
    ck_assert_uint_eq(guests[0].n_aggregates + guests[1].n_aggregates, 0);
    ck_assert_uint_gt(guests[0].n_bridged, 1400);
    teardown();
}
END_TEST

START_TEST(test_megabytes_cross_without_any_offload)
{
    setup_with(&(struct netfront_config){ .no_gso = true, .n_rx = 32, .n_tx = 17, .n_tx_long = 1,
                                          .arena_len = NETFRONT_ARENA_LEAST });
    for (unsigned i = 0; i < 2; i++) {
        world_feature(&guests[i].w, "feature-no-csum-offload", "1");
        world_feature(&guests[i].w, "feature-ipv6-csum-offload", "0");
        world_feature(&guests[i].w, "feature-sg", "0");
        world_feature(&guests[i].w, "feature-split-event-channels", "0");
        attach(&guests[i], i, (uint16_t)i);
    }
    transfer(1 << 20, 1 << 20, NULL);
    ck_assert_uint_eq(guests[0].w.nf.link.offloads, TERN_OFFLOAD_RX_CSUM);
    teardown();
}
END_TEST

/* ---- A backend that goes in the middle ---- */

static void replace_backend(unsigned n)
{
    struct guest *g = &guests[n % 2];
    world_detach(&g->w);
    for (unsigned i = 0; i < 50; i++)
        turn();
    ck_assert(!g->w.nf.link.up);
    /* Of another domain, which can less. */
    world_feature(&g->w, "feature-gso-tcpv4", n == 2 ? "1" : "0");
    world_feature(&g->w, "feature-split-event-channels", n == 0 ? "0" : "1");
    attach(g, n % 2, (uint16_t)(10 + n));
}

START_TEST(test_connection_lives_while_backends_are_replaced)
{
    setup_with(NULL);
    transfer(3 << 20, 3 << 20, replace_backend);
    ck_assert_uint_eq(guests[0].w.nf.stats.connects, 3);
    ck_assert_uint_eq(guests[1].w.nf.stats.connects, 2);
    teardown();
}
END_TEST

static void break_backend(unsigned n)
{
    struct guest *g = &guests[n % 2];
    g->w.back.nb.rx[2] += 5000;
    for (unsigned i = 0; i < 20; i++)
        (void)world_turn(&g->w);
    ck_assert_int_eq(g->w.nf.state, NETFRONT_BROKEN);
    g->w.nf.breaches[NETFRONT_BREACH_PROD] = 0;
    netfront_bus_reopen(&g->w.bus);
}

static void suspend_guest(unsigned n)
{
    struct guest *g = &guests[n % 2];
    netfront_suspend(&g->w.nf);
    if (n == 1) {    /* cancelled */
        netfront_resume(&g->w.nf, true);
        return;
    }
    fake_restore(&g->w.x);
    store_restore(&g->w.s, (uint16_t)(30 + n));
    ck_assert_int_eq(g->w.x.env.evtchn_alloc(&g->w.x.env, 0, &g->w.s.port), TERN_OK);
    g->w.back.nb.tx = g->w.back.nb.rx = NULL;
    netfront_bus_restart(&g->w.bus);
    xenstore_restart(&g->w.xs, g->w.s.ring, g->w.s.port);
    attach(g, n % 2, (uint16_t)n);
}

START_TEST(hostile_net_55_connection_lives_through_breaches_of_its_backend)
{
    setup_with(NULL);
    transfer(3 << 20, 3 << 20, break_backend);
    ck_assert_uint_eq(guests[0].w.nf.stats.connects, 3);
    teardown();
}
END_TEST

START_TEST(test_connection_lives_through_suspend_and_restore)
{
    setup_with(NULL);
    transfer(3 << 20, 3 << 20, suspend_guest);
    ck_assert_uint_eq(guests[0].w.nf.stats.connects, 3);
    ck_assert_uint_eq(guests[1].w.nf.stats.connects, 1);
    teardown();
}
END_TEST

Suite *xen_tcp_suite(void)
{
    Suite *suite = suite_create("xen_tcp");
    TCase *t = tcase_create("tcp");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_megabytes_cross_with_aggregates);
    tcase_add_test(t, test_megabytes_cross_without_aggregates);
    tcase_add_test(t, test_megabytes_cross_without_any_offload);
    tcase_add_test(t, test_connection_lives_while_backends_are_replaced);
    tcase_add_test(t, hostile_net_55_connection_lives_through_breaches_of_its_backend);
    tcase_add_test(t, test_connection_lives_through_suspend_and_restore);
    suite_add_tcase(suite, t);
    return suite;
}
