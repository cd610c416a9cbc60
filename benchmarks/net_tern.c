/* SPDX-License-Identifier: ISC */
/*
 * Tern's side of the in-memory measurements: two stacks in one process, joined
 * by rings of 2 KiB slots, checksums on.
 *
 *   net_tern bulk OCTETS         ns of CPU a data frame of 1460 octets
 *   net_tern echo CONNS ROUNDS   ns of CPU a round trip of 64 octets on a
 *                                random one of CONNS connections
 *   net_tern memory CONNS        octets handed to the stack for an idle
 *                                connection, and the fixed part beside it
 *   net_tern frames OCTETS       data frames sent, for a count of instructions
 */
#include <tern/tcp.h>
#include <tern/unix.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { SLOTS = 128, SLOT_LEN = 2048, PORT = 7, PORTS = 8, BATCH = 64, TABLE = 1024,
       HUGE_LEN = 2 << 20 };
#define STEP_MOST_NS UINT64_C(50000)

struct ring {
    uint8_t data[SLOTS][SLOT_LEN];
    uint16_t len[SLOTS];
    unsigned head, tail;    /* free-running */
};

struct host {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_tcp tcp;
    struct tern_neighbour neighbours[64];
    struct tern_link link;
    struct host *peer;
    struct ring in;          /* frames on their way to this host */
    bool owes_room;
    uint64_t deadline_ns;
    uint64_t n_data_frames;
    size_t given, fixed;     /* octets handed to tern_net_init */
};

static struct host hosts[2];
static uint8_t payload[65536];
static uint64_t n_received, n_rounds, n_opened, n_accepted;
static uint64_t left_to_send;
static struct tern_stream **clients;

static uint64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * TERN_SECOND_NS + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

/*
 * The stacks' time. It does not go on while the process waits for a processor:
 * CPU time is measured, and the peer's timers are too coarse to notice, but ours
 * would send thousands of delayed ACKs that a machine of its own never sees.
 */
static uint64_t now_ns(void)
{
    static uint64_t before_ns, t_ns = TERN_SECOND_NS;
    uint64_t real_ns = clock_ns(CLOCK_MONOTONIC), step_ns = real_ns - before_ns;
    t_ns += step_ns < STEP_MOST_NS ? step_ns : STEP_MOST_NS;
    before_ns = real_ns;
    return t_ns;
}

static enum tern_err ring_slot(struct tern_link *link, size_t len, struct tern_tx *tx)
{
    struct host *h = TERN_CONTAINER_OF(link, struct host, link);
    struct ring *out = &h->peer->in;
    if (len > SLOT_LEN)
        return TERN_UNSUPPORTED;
    if (out->head - out->tail == SLOTS) {
        h->owes_room = true;
        return TERN_FULL;
    }
    *tx = (struct tern_tx){ .data = out->data[out->head % SLOTS], .cap = SLOT_LEN };
    return TERN_OK;
}

static void ring_commit(struct tern_link *link, struct tern_tx *tx, size_t len)
{
    struct host *h = TERN_CONTAINER_OF(link, struct host, link);
    struct ring *out = &h->peer->in;
    (void)tx;
    if (len == 0)
        return;
    out->len[out->head++ % SLOTS] = (uint16_t)len;
    if (len > 1000)
        h->n_data_frames++;
}

static void ring_flush(struct tern_link *link)
{
    (void)link;
}

static const struct tern_link_ops ring_ops = {
    .tx_slot = ring_slot, .tx_commit = ring_commit, .flush = ring_flush,
};

/* Hands what has arrived to a host, a batch at a time; true if there was any. */
static bool pump(struct host *h, uint64_t t_ns)
{
    struct tern_rx rx[BATCH];
    struct tern_span spans[BATCH];
    unsigned n = 0;
    while (n < BATCH && h->in.tail + n != h->in.head) {
        unsigned i = (h->in.tail + n) % SLOTS;
        spans[n] = (struct tern_span){ h->in.data[i], h->in.len[i] };
        rx[n].spans = &spans[n];
        rx[n].n_spans = 1;
        rx[n].seg_len = 0;
        rx[n].gso = TERN_GSO_NONE;
        rx[n].csum = TERN_CSUM_NONE;
        rx[n].hash = 0;
        n++;
    }
    if (n == 0 && h->deadline_ns > t_ns)
        return false;
    h->deadline_ns = n > 0 ? tern_link_input(&h->link, rx, n, t_ns) : tern_net_poll(&h->net, t_ns);
    h->in.tail += n;
    if (h->peer->owes_room && n > 0) {
        h->peer->owes_room = false;
        h->peer->deadline_ns = tern_link_tx_room(&h->peer->link, t_ns);
    }
    return true;
}

/*
 * Large ones in huge pages, as in a guest, whose RAM is mapped so: what is
 * measured are the stack's lines of memory, not the walks of a page table.
 */
static void *place(size_t len)
{
    size_t unit = len < HUGE_LEN / 2 ? 64 : HUGE_LEN;    /* 64: a cache line, as hosts place */
    size_t cap = (len + unit - 1) / unit * unit;
    void *p = aligned_alloc(unit, cap);
    if (p == NULL)
        abort();
    if (unit == HUGE_LEN)
        (void)madvise(p, cap, MADV_HUGEPAGE);
    return p;
}

static void *table(struct host *h, size_t n, size_t len, bool fixed)
{
    h->given += n * len;
    if (fixed)
        h->fixed += n * len;
    void *p = place(n * len);
    memset(p, 0, n * len);
    return p;
}

static void host_init(struct host *h, uint32_t addr, size_t n_conns, size_t blocks_len)
{
    uint8_t seed[TERN_SEED_LEN] = { (uint8_t)addr, 1, 2, 3 };
    size_t n_buckets = 1;
    while (n_buckets < n_conns)
        n_buckets *= 2;
    tern_turn_init(&h->turn, NULL, now_ns());
    tern_drbg_init(&h->drbg, seed);
    if (tern_block_pool_init(&h->blocks, place(blocks_len), blocks_len, 2048) != TERN_OK)
        abort();
    h->given = h->fixed = sizeof h->net + sizeof h->ipv4 + sizeof h->tcp + sizeof h->neighbours +
                          sizeof h->turn + sizeof h->drbg;
    h->ipv4.config = (struct tern_ipv4_config){ .neighbours = h->neighbours, .n_neighbours = 64 };
    h->tcp.config = (struct tern_tcp_config){
        .conns = table(h, n_conns, sizeof(struct tern_tcp_conn), false), .n_conns = n_conns,
        .halves = table(h, TABLE, sizeof(struct tern_tcp_half), true), .n_halves = TABLE,
        .time_waits = table(h, TABLE, sizeof(struct tern_tcp_time_wait), true),
        .n_time_waits = TABLE,
        .works = table(h, TABLE, sizeof(struct tern_tcp_work), true), .n_works = TABLE,
        .flights = table(h, TABLE, sizeof(struct tern_tcp_flight), true), .n_flights = TABLE,
        .listeners = table(h, PORTS, sizeof(struct tern_tcp_listener), true),
        .n_listeners = PORTS,
        .buckets = table(h, n_buckets, sizeof(uint32_t), false), .n_buckets = n_buckets,
    };
    struct tern_net_config config = {
        .turn = &h->turn, .drbg = &h->drbg, .blocks = &h->blocks,
        .checksum = tern_unix_checksum(),
        .parts = (const struct tern_net_use[]){ { &tern_ipv4, &h->ipv4 }, { &tern_tcp, &h->tcp },
                                                { &tern_newreno, NULL }, { NULL, NULL } },
    };
    h->link = (struct tern_link){ .ops = &ring_ops, .mtu = 1500, .slot_max = 1518, .up = true,
                                  .mac = { 2, 0, 0, 0, 0, (uint8_t)addr } };
    struct tern_ipv4_address address = { .addr = tern_addr_v4(addr), .prefix_len = 8 };
    if (tern_net_init(&h->net, &config) != TERN_OK ||
        tern_net_attach(&h->net, &h->link) != TERN_OK ||
        tern_ipv4_set(&h->net, 0, &address) != TERN_OK)
        abort();
}

static size_t sink_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    (void)s;
    (void)data;
    n_received += len;
    return len;
}
static const struct tern_stream_events sink = { .data = sink_data };

static size_t echo_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    return tern_stream_write(s, data, len);
}
static const struct tern_stream_events echo = { .data = echo_data };

static void accept_conn(void *app, struct tern_stream *s)
{
    n_accepted++;
    tern_stream_attach(s, app, NULL);
}

static void client_opened(struct tern_stream *s)
{
    (void)s;
    n_opened++;
}

static size_t client_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    (void)s;
    (void)data;
    n_rounds++;
    return len;
}

static void client_closed(struct tern_stream *s, enum tern_err why)
{
    (void)s;
    fprintf(stderr, "net_tern: a connection ended: %s\n", tern_err_text(why));
    exit(1);
}
static const struct tern_stream_events client = { .opened = client_opened, .data = client_data,
                                                  .closed = client_closed };

/* The peer copies too (TCP_WRITE_FLAG_COPY off for bulk there, so borrow here). */
static void bulk_send(struct tern_stream *s)
{
    while (left_to_send > 0) {
        size_t n = left_to_send < sizeof payload ? (size_t)left_to_send : sizeof payload;
        if (tern_stream_borrow(s, payload, n) == 0)
            break;
        left_to_send -= n;
    }
}

static void bulk_opened(struct tern_stream *s)
{
    n_opened++;
    bulk_send(s);
}
static const struct tern_stream_events bulk_events = { .opened = bulk_opened, .room = bulk_send,
                                                       .closed = client_closed };

/* An address pair has fewer than 65,536 connections to one port, so there are several. */
static struct tern_stream *dial(const struct tern_stream_events *events)
{
    static unsigned n;
    struct tern_endpoint_addr to = { .addr = tern_addr_v4(0x0a000002),
                                     .port = (uint16_t)(PORT + n++ % PORTS) };
    struct tern_stream *s;
    enum tern_err err = tern_tcp_connect(&hosts[0].net, &to, NULL,
                                         &(struct tern_tcp_options){ .no_delay = true }, events,
                                         NULL, &s);
    if (err != TERN_OK) {
        fprintf(stderr, "net_tern: connect: %s\n", tern_err_text(err));
        exit(1);
    }
    hosts[0].deadline_ns = 0;
    uint64_t before = n_opened;
    while (n_opened == before) {
        pump(&hosts[0], now_ns());
        pump(&hosts[1], now_ns());
    }
    return s;
}

static void start(size_t n_conns, const struct tern_stream_events *server)
{
    struct tern_tcp_listener *listener;
    struct tern_tcp_listen listen = { .options = { .no_delay = true } };
    hosts[0].peer = &hosts[1];
    hosts[1].peer = &hosts[0];
    for (unsigned i = 0; i < 2; i++)
        /* What was echoed and waits for a delayed ACK holds a block. */
        host_init(&hosts[i], 0x0a000001 + i, n_conns, (16u << 20) + n_conns * 4096);
    for (uint16_t i = 0; i < PORTS; i++) {
        listen.local.port = (uint16_t)(PORT + i);
        if (tern_tcp_listen(&hosts[1].net, &listen, accept_conn, (void *)(uintptr_t)server,
                            &listener) != TERN_OK)
            abort();
    }
}

static void bulk(uint64_t octets, bool frames)
{
    start(4, &sink);
    left_to_send = octets;
    uint64_t start_ns = cpu_ns();
    (void)dial(&bulk_events);
    while (n_received < octets) {
        uint64_t t_ns = now_ns();
        pump(&hosts[1], t_ns);
        pump(&hosts[0], t_ns);
    }
    uint64_t n = hosts[0].n_data_frames;
    if (frames)
        printf("%llu\n", (unsigned long long)n);
    else
        printf("%.1f\n", (double)(cpu_ns() - start_ns) / (double)n);
}

static void echoes(size_t n_conns, uint64_t rounds)
{
    uint64_t x = 88172645463325252u, n_stalls = 0;
    start(n_conns, &echo);
    clients = calloc(n_conns, sizeof *clients);
    if (clients == NULL)
        abort();
    for (size_t i = 0; i < n_conns; i++)
        clients[i] = dial(&client);
    uint64_t start_ns = cpu_ns();
    for (uint64_t r = 0; r < rounds; r++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        uint64_t before = n_rounds, t_ns = now_ns();
        tern_stream_write(clients[x % n_conns], payload, 64);
        hosts[0].deadline_ns = tern_net_poll(&hosts[0].net, t_ns);
        for (unsigned spins = 0; n_rounds == before; spins++) {
            if (spins > 8) {    /* it waits for a timer */
                t_ns = now_ns();
                n_stalls += spins == 9;
            }
            pump(&hosts[1], t_ns);
            pump(&hosts[0], t_ns);
        }
    }
    if (n_stalls > 0)
        fprintf(stderr, "net_tern: %llu rounds waited for a timer\n",
                (unsigned long long)n_stalls);
    printf("%.1f\n", (double)(cpu_ns() - start_ns) / (double)rounds);
}

static void memory(size_t n_conns)
{
    start(n_conns, &sink);
    for (size_t i = 0; i < n_conns; i++)
        (void)dial(&client);
    while (pump(&hosts[0], now_ns()) || pump(&hosts[1], now_ns()))
        ;
    struct host *h = &hosts[1];
    printf("%.2f %zu %llu\n", (double)(h->given - h->fixed) / (double)n_conns, h->fixed,
           (unsigned long long)n_accepted);
}

int main(int argc, char **argv)
{
    uint64_t a = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
    uint64_t b = argc > 3 ? strtoull(argv[3], NULL, 0) : 0;
    if (argc == 3 && strcmp(argv[1], "bulk") == 0 && a > 0)
        bulk(a, false);
    else if (argc == 3 && strcmp(argv[1], "frames") == 0 && a > 0)
        bulk(a, true);
    else if (argc == 4 && strcmp(argv[1], "echo") == 0 && a > 0 && b > 0)
        echoes((size_t)a, b);
    else if (argc == 3 && strcmp(argv[1], "memory") == 0 && a > 0)
        memory((size_t)a);
    else {
        fprintf(stderr, "usage: net_tern bulk OCTETS | echo CONNS ROUNDS | memory CONNS | "
                        "frames OCTETS\n");
        return 2;
    }
    return 0;
}
