/* SPDX-License-Identifier: ISC */
/*
 * A whole stack over the network driver, and a peer's behind the device: megabytes
 * of TCP while the device breaks rules, gives up, and is begun anew as another.
 */
#include "suites.h"
#include "virtio_net_fixture.h"

#include "fake_link.h"

#include <string.h>

#include <tern/tcp.h>

enum { BLOCKS = 256, BLOCK_LEN = 2048, CONNS = 2, PORT = 80, TOTAL = 1 << 20 };

struct station {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_tcp tcp;
    struct tern_neighbour neighbours[8];
    struct tern_reassembly reassemblies[2];
    struct tern_tcp_conn conns[CONNS];
    struct tern_tcp_half halves[2];
    struct tern_tcp_time_wait time_waits[2];
    struct tern_tcp_work works[CONNS];
    struct tern_tcp_flight flights[256];
    struct tern_tcp_listener listeners[1];
    uint32_t buckets[16];
    _Alignas(16) uint8_t block_memory[BLOCKS * BLOCK_LEN];
    struct tern_stream *s;
    uint64_t n_sent, n_got;
    bool closed, differs;
    enum tern_err why;
};

static struct station us, peer;
static struct fake f;
static struct virtio_net net;
static struct fake_link wire;
static uint64_t now_ns;

static uint8_t content(uint64_t at)
{
    return (uint8_t)(at * 7 + (at >> 9) * 13 + (at >> 17));
}

/* ---- The ends of the connection ---- */

static void pump(struct tern_stream *s)
{
    struct station *st = s->user;
    uint8_t piece[4096];
    size_t len = 1, n = 1;
    while (n == len && st->n_sent < TOTAL) {
        len = TOTAL - st->n_sent < sizeof piece ? (size_t)(TOTAL - st->n_sent) : sizeof piece;
        for (size_t i = 0; i < len; i++)
            piece[i] = content(st->n_sent + i);
        n = tern_stream_write(s, piece, len);
        st->n_sent += n;
    }
    if (st->n_sent == TOTAL)
        tern_stream_finish(s);
}

static size_t on_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    struct station *st = s->user;
    for (size_t i = 0; i < len; i++)
        st->differs = st->differs || data[i] != content(st->n_got + i);
    st->n_got += len;
    return len;
}

static void on_ended(struct tern_stream *s) { pump(s); }

static void on_closed(struct tern_stream *s, enum tern_err why)
{
    struct station *st = s->user;
    st->closed = true;
    st->why = why;
}

static const struct tern_stream_events end_events = {
    .opened = pump, .data = on_data, .ended = on_ended, .room = pump, .closed = on_closed,
};

static void on_accept(void *app, struct tern_stream *s)
{
    tern_stream_attach(s, &end_events, app);
    pump(s);
}

/* ---- Stations ---- */

static void station_start(struct station *st, struct tern_link *link, uint32_t addr)
{
    uint8_t seed[TERN_SEED_LEN];
    memset(st, 0, sizeof *st);
    memset(seed, (int)(addr & 0xff), sizeof seed);
    tern_turn_init(&st->turn, NULL, now_ns);
    tern_drbg_init(&st->drbg, seed);
    ck_assert_int_eq(tern_block_pool_init(&st->blocks, st->block_memory,
                                          sizeof st->block_memory, BLOCK_LEN), TERN_OK);
    st->ipv4 = (struct tern_ipv4){ .config = {
        .neighbours = st->neighbours, .n_neighbours = 8,
        .reassemblies = st->reassemblies, .n_reassemblies = 2 } };
    st->tcp.config = (struct tern_tcp_config){
        .conns = st->conns, .n_conns = CONNS, .halves = st->halves, .n_halves = 2,
        .time_waits = st->time_waits, .n_time_waits = 2, .works = st->works, .n_works = CONNS,
        .flights = st->flights, .n_flights = 256, .listeners = st->listeners, .n_listeners = 1,
        .buckets = st->buckets, .n_buckets = 16, .msl_ms = 1000,
    };
    struct tern_net_config config = {
        .turn = &st->turn, .drbg = &st->drbg, .blocks = &st->blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv4, &st->ipv4 },
                                                { &tern_tcp, &st->tcp },
                                                { &tern_newreno, NULL }, { NULL, NULL } },
    };
    struct tern_ipv4_address address = { .addr = tern_addr_v4(addr), .prefix_len = 24 };
    ck_assert_int_eq(tern_net_init(&st->net, &config), TERN_OK);
    ck_assert_int_eq(tern_net_attach(&st->net, link), TERN_OK);
    ck_assert_int_eq(tern_ipv4_set(&st->net, 0, &address), TERN_OK);
}

/* What the device has sent reaches the peer, and what the peer has sent the device. */
static bool bridge(void)
{
    bool worked = f.n_sent > 0;
    for (size_t i = 0; i < f.n_sent; i++) {
        const uint8_t *hdr = f.sent[i].octets;
        (void)fake_link_input_as(&wire, hdr + 12, f.sent[i].len - 12,
                                 (hdr[0] & 1) != 0 ? TERN_CSUM_PARTIAL : TERN_CSUM_NONE,
                                 hdr[1] == 1 ? TERN_GSO_TCP4 : TERN_GSO_NONE,
                                 tern_load_le16(hdr + 4), now_ns);
    }
    fake_sent_clear(&f);
    const struct fake_frame *frame;
    while ((frame = fake_link_take(&wire)) != NULL) {
        if (!f.dev.stopped && f.status != 0 && fake_n_avail(&f, FAKE_RX) > 1)
            ck_assert(fake_deliver(&f, NULL, frame->data, frame->len));
        worked = true;
    }
    return worked;
}

/* One turn of all. Without work, virtual time moves on to the next deadline. */
static void turn(void)
{
    uint64_t ignored, next_ns = now_ns + 100 * TERN_MILLISECOND_NS;
    bool worked = virtio_net_poll(&net, now_ns, &ignored);
    uint64_t due_ns[] = { tern_net_poll(&us.net, now_ns), tern_net_poll(&peer.net, now_ns),
                          virtio_net_due(&net) };
    worked |= !virtio_net_idle(&net);
    worked |= bridge();
    for (size_t i = 0; i < 3; i++)
        next_ns = due_ns[i] < next_ns ? due_ns[i] : next_ns;
    now_ns = worked || next_ns <= now_ns ? now_ns + 20000 : next_ns;
}

/* ---- What happens midway ---- */

static void midway(unsigned n)
{
    switch (n) {
    case 0:
        fake_used_idx(&f, FAKE_RX, (uint16_t)(net.rx.used_idx + 5000));
        break;
    case 1:
        f.status |= VIRTIO_STATUS_NEEDS_RESET;
        fake_config_change(&f);
        break;
    default:
        virtio_dev_breach(&f.dev, VIRTIO_BREACH_SHORT);
    }
    for (unsigned i = 0; i < 50 && net.link.up; i++)
        turn();
    ck_assert(f.dev.stopped && !net.link.up);
    /* It comes back as another, that can less. */
    f.config[5] = (uint8_t)(0x60 + n);
    tern_store_le16(f.config + 10, n == 1 ? 1300 : 1500);
    f.offered = FAKE_ALL & ~(n == 0 ? FAKE_HOST_TSO4 : n == 1 ? FAKE_CSUM : 0);
}

START_TEST(hostile_net_55_connection_lives_while_its_device_is_begun_anew)
{
    struct tern_tcp_listener *listener;
    struct tern_tcp_listen listen = { .local = { .port = PORT } };
    struct tern_endpoint_addr to = { .addr = tern_addr_v4(0x0a000002), .port = PORT };
    now_ns = TERN_SECOND_NS;
    fake_init(&f, FAKE_ALL);
    ck_assert_int_eq(virtio_net_init(&net, &f.dev, NULL), TERN_OK);
    fake_link_init(&wire, 1500, 0);
    station_start(&us, &net.link, 0x0a000001);
    station_start(&peer, &wire.link, 0x0a000002);
    for (unsigned i = 0; i < 50; i++)
        turn();
    ck_assert_int_eq(tern_tcp_listen(&peer.net, &listen, on_accept, &peer, &listener), TERN_OK);
    ck_assert_int_eq(tern_tcp_connect(&us.net, &to, NULL, NULL, &end_events, &us, &us.s), TERN_OK);
    unsigned n = 0;
    uint64_t end_ns = now_ns + 600 * TERN_SECOND_NS;
    while (!(us.closed && peer.closed) && now_ns < end_ns) {
        turn();
        if (n < 3 && us.n_got + peer.n_got > (uint64_t)2 * TOTAL / 4 * (n + 1))
            midway(n++);
    }
    ck_assert_uint_eq(n, 3);
    ck_assert_uint_eq(net.stats.restarts, 3);
    ck_assert_uint_eq(net.link.mac[5], 0x62);
    ck_assert_uint_eq(us.n_got, TOTAL);
    ck_assert_uint_eq(peer.n_got, TOTAL);
    ck_assert(!us.differs && !peer.differs);
    ck_assert(us.closed && peer.closed);
    ck_assert_int_eq(us.why, TERN_OK);
    ck_assert_int_eq(peer.why, TERN_OK);
    fake_free(&f);
}
END_TEST

Suite *virtio_tcp_suite(void)
{
    Suite *s = suite_create("virtio_tcp");
    TCase *tc = tcase_create("tcp");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, hostile_net_55_connection_lives_while_its_device_is_begun_anew);
    suite_add_tcase(s, tc);
    return s;
}
