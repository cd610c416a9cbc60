/* SPDX-License-Identifier: ISC */
/*
 * TCP against a hostile peer: the input says which segments come, when, and
 * what the user does. Numbers are chosen near the ones that matter, so that
 * most segments get past the first check. Octets are a function of their
 * sequence number, both ways: whatever the order, what the user is given and
 * what we send must be those octets. After each step every connection is sane;
 * at the end every pool is full again.
 */
#include <tern/tcp.h>

#include <stdlib.h>
#include <string.h>

#define US 0x0a000001u
#define PEER 0x0a000002u
#define N_CONNS 6u
#define N_PORTS 4u
#define N_BLOCKS 24u
#define FRAME_CAP 66000u

struct peer {               /* one of the peer's ports, and what it knows of us */
    bool syn_seen;
    uint32_t iss;           /* the peer's, fixed */
    uint32_t ours;          /* our initial number */
    uint32_t snd_nxt;       /* what we last acknowledged */
    uint32_t rcv_nxt;       /* past the last octet of ours */
    uint32_t ts;
};

struct user {
    struct tern_stream *s;
    uint32_t n_read, n_written;
    size_t take;
    uint8_t on_end;
    bool used;
    uint16_t port;
};

static struct world {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_neighbour neighbours[8];
    struct tern_tcp tcp;
    struct tern_tcp_conn conns[N_CONNS];
    struct tern_tcp_half halves[3];
    struct tern_tcp_time_wait time_waits[2];
    struct tern_tcp_work works[2];
    struct tern_tcp_flight flights[5];
    struct tern_tcp_listener listeners[2];
    uint32_t buckets[8];
    struct tern_link link;
    struct tern_tcp_listener *listener;
    bool full, owes;
    uint8_t frame[FRAME_CAP];
    struct peer peers[N_PORTS];
    struct user users[N_CONNS];
    uint64_t now_ns;
    const uint8_t *in;
    size_t in_len;
} w;
static _Alignas(16) uint8_t block_mem[N_BLOCKS * 2048];

static void must(bool ok)
{
    if (!ok)
        abort();
}

static uint32_t take(size_t n)
{
    uint32_t v = 0;
    for (; n > 0; n--) {
        v = v << 8 | (w.in_len > 0 ? *w.in : 0);
        if (w.in_len > 0) {
            w.in++;
            w.in_len--;
        }
    }
    return v;
}

static uint8_t octet(uint32_t at)
{
    return (uint8_t)(at * 7 + (at >> 8) * 13 + 1);
}

/* ---- The link: what we send is looked at ---------------------------------------------- */

static enum tern_err tx_slot(struct tern_link *link, size_t len, struct tern_tx *tx)
{
    (void)link;
    if (w.full) {
        w.owes = true;
        return TERN_FULL;
    }
    must(len <= w.link.slot_max);
    memset(tx, 0, sizeof *tx);
    memset(w.frame, 0xa5, len);
    tx->data = w.frame;
    tx->cap = len;
    return TERN_OK;
}

static void segment_seen(const uint8_t *l4, size_t len)
{
    uint16_t port = tern_load_be16(l4 + 2);
    size_t hdr_len = (size_t)(l4[12] >> 4) * 4;
    must(len >= 20 && hdr_len >= 20 && hdr_len <= len);
    if (port < 4000 || port >= 4000 + N_PORTS)
        return;
    struct peer *peer = &w.peers[port - 4000];
    uint32_t seq = tern_load_be32(l4 + 4);
    if ((l4[13] & 0x04) != 0)
        return;
    if ((l4[13] & 0x02) != 0) {
        peer->ours = seq;
        peer->syn_seen = true;
        peer->rcv_nxt = seq + 1;
    }
    if ((l4[13] & 0x10) != 0)
        peer->snd_nxt = tern_load_be32(l4 + 8);
    for (size_t i = hdr_len; i < len; i++)
        must(l4[i] == octet(seq + (uint32_t)(i - hdr_len) - peer->ours));
    uint32_t end = seq + (uint32_t)(len - hdr_len) + (l4[13] & 1);
    if ((int32_t)(end - peer->rcv_nxt) > 0)
        peer->rcv_nxt = end;
}

static void tx_commit(struct tern_link *link, struct tern_tx *tx, size_t len)
{
    (void)link;
    if (len < 34 || tern_load_be16(tx->data + 12) != 0x0800 || tx->data[23] != 6)
        return;
    must(tern_load_be16(tx->data + 16) + 14u == len);
    if (!tx->csum_partial) {
        uint32_t sum = (US >> 16) + (US & 0xffff) + (PEER >> 16) + (PEER & 0xffff) + 6 +
                       (uint32_t)(len - 34);
        must(tern_checksum_fold(tern_checksum_add(sum, tx->data + 34, len - 34)) == 0xffff);
    }
    segment_seen(tx->data + 34, len - 34);
}

static void flush(struct tern_link *link)
{
    (void)link;
}

static const struct tern_link_ops link_ops = {
    .tx_slot = tx_slot, .tx_commit = tx_commit, .flush = flush,
};

/* ---- The user ---------------------------------------------------------------------------- */

static size_t user_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    struct user *user = s->user;
    for (size_t i = 0; i < len; i++)
        must(data[i] == octet(1 + user->n_read + (uint32_t)i));
    size_t n = len < user->take ? len : user->take;
    user->n_read += (uint32_t)n;
    memset(data, 0xdd, n);    /* those it may overwrite */
    if (user->on_end == 5)
        tern_stream_abort(s, TERN_MALFORMED);
    if (user->on_end == 6)
        tern_stream_close(s);
    return n;
}

static void user_ended(struct tern_stream *s)
{
    struct user *user = s->user;
    if (user->on_end % 2 == 0)
        tern_stream_close(s);
}

static void user_closed(struct tern_stream *s, enum tern_err why)
{
    (void)why;
    struct user *user = s->user;
    must(user->used && user->s == s);
    user->used = false;
}

static const struct tern_stream_events events = {
    .data = user_data, .ended = user_ended, .closed = user_closed,
};

static struct user *user_new(void)
{
    for (size_t i = 0; i < N_CONNS; i++) {
        if (w.users[i].used)
            continue;
        w.users[i] = (struct user){ .used = true, .take = SIZE_MAX };
        return &w.users[i];
    }
    abort();
}

static void accept_it(void *app, struct tern_stream *s)
{
    (void)app;
    struct user *user = user_new();
    user->s = s;
    struct tern_stream_info info;
    user->port = tern_stream_info(s, &info)->peer.port;
    tern_stream_attach(s, &events, user);
}

static void write_some(struct user *user, size_t len)
{
    static uint8_t data[4096];
    if (len > sizeof data)
        len = sizeof data;
    for (size_t i = 0; i < len; i++)
        data[i] = octet(1 + user->n_written + (uint32_t)i);
    user->n_written += (uint32_t)tern_stream_write(user->s, data, len);
}

static void reserve_some(struct user *user, unsigned n)
{
    size_t total = 0, room;
    uint32_t at = user->n_written;
    for (unsigned i = 0; i < n; i++) {
        uint8_t *span = tern_stream_reserve(user->s, 1 + i * 20, &room);
        if (span == NULL)
            break;
        for (size_t k = 0; k < room; k++)
            span[k] = octet(1 + at++);
        total += room;
    }
    size_t len = total * take(1) / 255;
    tern_stream_commit(user->s, len);
    user->n_written += (uint32_t)len;
}

static void borrow_some(struct user *user, size_t len)
{
    static uint8_t asset[70000];    /* at its place in the stream, so that it never changes */
    if (user->n_written + len > sizeof asset)
        return;
    for (size_t i = 0; i < len; i++)
        asset[user->n_written + i] = octet(1 + user->n_written + (uint32_t)i);
    user->n_written += (uint32_t)tern_stream_borrow(user->s, asset + user->n_written, len);
}

static void user_act(void)
{
    struct user *user = &w.users[take(1) % N_CONNS];
    uint32_t act = take(1);
    if (!user->used)
        return;
    switch (act % 11) {
    case 0: case 1: write_some(user, take(2) % 5000); break;
    case 2: reserve_some(user, 1 + take(1) % 17); break;
    case 3: borrow_some(user, take(2)); break;
    case 4: tern_stream_resume(user->s); break;
    case 5: user->take = take(1) % 4 == 0 ? SIZE_MAX : take(1); break;
    case 6: tern_stream_finish(user->s); break;
    case 7: tern_stream_close(user->s); break;
    case 8: tern_stream_abort(user->s, TERN_ABORTED); break;
    case 9: user->on_end = (uint8_t)(take(1) % 8); break;
    default: {
        struct tern_tcp_options options = { .no_delay = (act & 16) != 0,
                                            .no_delayed_ack = (act & 32) != 0,
                                            .keepalive_s = (act & 64) != 0 ? 1 : 0,
                                            .keepalive_every_s = 1,
                                            .user_timeout_ms = take(2) };
        tern_tcp_set(user->s, &options);
        break;
    }
    }
}

/* ---- The peer ----------------------------------------------------------------------------- */

static size_t options_put(uint8_t *opt, struct peer *peer, uint32_t which)
{
    size_t n = 0;
    if ((which & 1) != 0) {
        memcpy(opt + n, (const uint8_t[]){ 2, 4, 5, 0xb4 }, 4);
        n += 4;
    }
    if ((which & 2) != 0) {
        memcpy(opt + n, (const uint8_t[]){ 1, 3, 3, (uint8_t)(which >> 4 & 15) }, 4);
        n += 4;
    }
    if ((which & 4) != 0) {
        tern_store_be32(opt + n, 0x0101080a);
        tern_store_be32(opt + n + 4, peer->ts);
        tern_store_be32(opt + n + 8, take(1));
        n += 12;
    }
    if ((which & 8) != 0) {
        for (size_t i = 0; i < 8; i++)
            opt[n + i] = (uint8_t)take(1);
        n += 8;
    }
    return n;
}

static size_t segment_make(uint8_t *frame)
{
    uint32_t what = take(1), port = what & 3;
    struct peer *peer = &w.peers[port];
    uint8_t *l4 = frame + 34;
    static const uint8_t flags[8] = { 0x10, 0x18, 0x02, 0x11, 0x12, 0x04, 0x14, 0x19 };
    uint8_t flag = (what & 0x80) != 0 ? (uint8_t)take(1) : flags[what >> 2 & 7];
    int32_t near = (int8_t)take(1);
    if ((what & 0x40) != 0)
        near *= 100;
    uint32_t seq = peer->syn_seen && (flag & 0x02) == 0 ? peer->snd_nxt + (uint32_t)near
                                                        : peer->iss;
    uint32_t ack = peer->rcv_nxt - take(1) % 16 * ((what & 0x20) != 0 ? 300u : 0u);
    uint32_t len = take(1) * ((what & 0x10) != 0 ? 17u : 0u);
    uint32_t options = take(1);
    peer->ts += options >> 6;
    size_t hdr_len = 20 + options_put(l4 + 20, peer, options);
    tern_store_be16(l4, (uint16_t)(4000 + port));
    tern_store_be16(l4 + 2, 80);
    tern_store_be32(l4 + 4, seq);
    tern_store_be32(l4 + 8, ack);
    l4[12] = (uint8_t)(hdr_len / 4 << 4);
    l4[13] = flag;
    tern_store_be16(l4 + 14, (uint16_t)((take(1) & 3) == 0 ? take(1) : 0xffff));
    tern_store_be16(l4 + 16, 0);
    tern_store_be16(l4 + 18, 0);
    for (uint32_t i = 0; i < len; i++)
        l4[hdr_len + i] = octet(seq + i - peer->iss);
    uint32_t sum = (US >> 16) + (US & 0xffff) + (PEER >> 16) + (PEER & 0xffff) + 6 +
                   (uint32_t)hdr_len + len;
    tern_store_be16(l4 + 16, tern_checksum_finish(tern_checksum_add(sum, l4, hdr_len + len)));
    return hdr_len + len;
}

static void frame_finish(uint8_t *frame, size_t l4_len, uint8_t protocol)
{
    memcpy(frame, (const uint8_t[]){ 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 }, 14);
    uint8_t *ip = frame + 14;
    memset(ip, 0, 20);
    ip[0] = 0x45;
    ip[8] = 64;
    ip[9] = protocol;
    tern_store_be16(ip + 2, (uint16_t)(20 + l4_len));
    tern_store_be32(ip + 12, PEER);
    tern_store_be32(ip + 16, US);
    tern_store_be16(ip + 10, tern_checksum_finish(tern_checksum_add(0, ip, 20)));
}

static void segments_in(size_t n)
{
    struct tern_rx rx[8];
    struct tern_span spans[8][3];
    uint8_t *data[8];
    for (size_t i = 0; i < n; i++) {
        static uint8_t frame[8192];
        size_t len = 34 + segment_make(frame);
        frame_finish(frame, len - 34, 6);
        data[i] = malloc(len);
        memcpy(data[i], frame, len);
        size_t first = len > 256 ? 256 : len, second = (len - first) / 3;
        spans[i][0] = (struct tern_span){ data[i], first };
        spans[i][1] = (struct tern_span){ data[i] + first, second };
        spans[i][2] = (struct tern_span){ data[i] + first + second, len - first - second };
        rx[i] = (struct tern_rx){ .spans = spans[i], .n_spans = len > 300 ? 3 : 1,
                                  .seg_len = len > 1500 ? 1460 : 0 };
        if (rx[i].n_spans == 1)
            spans[i][0].len = len;
    }
    tern_link_input(&w.link, rx, n, w.now_ns);
    for (size_t i = 0; i < n; i++)
        free(data[i]);
}

static void icmp_in(void)
{
    static uint8_t frame[128];
    struct peer *peer = &w.peers[take(1) % N_PORTS];
    uint8_t *icmp = frame + 34, *quote = icmp + 8;
    memset(icmp, 0, 36);
    icmp[0] = 3;
    icmp[1] = (uint8_t)(take(1) % 16);
    tern_store_be16(icmp + 6, (uint16_t)take(2));
    quote[0] = 0x45;
    tern_store_be16(quote + 2, 1500);
    quote[8] = 64;
    quote[9] = 6;
    tern_store_be32(quote + 12, US);
    tern_store_be32(quote + 16, PEER);
    tern_store_be16(quote + 10, tern_checksum_finish(tern_checksum_add(0, quote, 20)));
    tern_store_be16(quote + 20, 80);
    tern_store_be16(quote + 22, (uint16_t)(4000 + (peer - w.peers)));
    tern_store_be32(quote + 24, peer->rcv_nxt - take(1));
    tern_store_be16(icmp + 2, tern_checksum_finish(tern_checksum_add(0, icmp, 36)));
    frame_finish(frame, 36, 1);
    struct tern_span span = { frame, 70 };
    struct tern_rx rx = { .spans = &span, .n_spans = 1 };
    tern_link_input(&w.link, &rx, 1, w.now_ns);
}

static void connect_it(void)
{
    struct tern_endpoint_addr peer = { .addr = tern_addr_v4(PEER),
                                       .port = (uint16_t)(4000 + take(1) % N_PORTS) };
    struct tern_endpoint_addr local = { .port = 80 };
    struct user *user = w.tcp.n_conns_free > 0 ? user_new() : NULL;
    if (user == NULL)
        return;
    user->port = peer.port;
    if (tern_tcp_connect(&w.net, &peer, &local, NULL, &events, user, &user->s) != TERN_OK)
        user->used = false;
}

/* ---- A run ----------------------------------------------------------------------------------- */

static void world_init(uint32_t flags)
{
    static const uint8_t seed[TERN_SEED_LEN] = { 7 };
    memset(&w, 0, offsetof(struct world, in));
    w.now_ns = TERN_SECOND_NS;
    tern_turn_init(&w.turn, &(struct tern_turn_config){ .budget = 4 }, w.now_ns);
    tern_drbg_init(&w.drbg, seed);
    must(tern_block_pool_init(&w.blocks, block_mem, sizeof block_mem, 2048) == TERN_OK);
    w.ipv4.config = (struct tern_ipv4_config){ .neighbours = w.neighbours, .n_neighbours = 8 };
    w.tcp.config = (struct tern_tcp_config){
        .conns = w.conns, .n_conns = N_CONNS, .halves = w.halves, .n_halves = 3,
        .time_waits = w.time_waits, .n_time_waits = 2, .works = w.works, .n_works = 2,
        .flights = w.flights, .n_flights = 5, .listeners = w.listeners, .n_listeners = 2,
        .buckets = w.buckets, .n_buckets = 8,
        .no_timestamps = (flags & 1) != 0, .no_window_scaling = (flags & 2) != 0,
        .window_max = (flags & 4) != 0 ? 3000 : 0, .msl_ms = 500,
    };
    struct tern_net_config config = {
        .turn = &w.turn, .drbg = &w.drbg, .blocks = &w.blocks,
        .parts = (const struct tern_net_use[]){
            { &tern_ipv4, &w.ipv4 }, { &tern_tcp, &w.tcp }, { &tern_newreno, NULL },
            { NULL, NULL } },
    };
    must(tern_net_init(&w.net, &config) == TERN_OK);
    w.link = (struct tern_link){ .ops = &link_ops, .mtu = 1500, .slot_max = 1518,
                                 .mac = { 2, 0, 0, 0, 0, 1 }, .up = true };
    if ((flags & 8) != 0) {
        w.link.offloads = TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_TX_TSO4;
        w.link.slot_max = 65550;
    }
    must(tern_net_attach(&w.net, &w.link) == TERN_OK);
    struct tern_ipv4_address us = { .addr = tern_addr_v4(US), .prefix_len = 24 };
    must(tern_ipv4_set(&w.net, 0, &us) == TERN_OK);
    struct tern_tcp_listen listen = { .local.port = 80, .backlog = 3 };
    must(tern_tcp_listen(&w.net, &listen, accept_it, NULL, &w.listener) == TERN_OK);
    for (uint32_t i = 0; i < N_PORTS; i++)
        w.peers[i].iss = i * 0x7ffff800u;
}

/* The peer asks for us, so its MAC is known; again, lest it is forgotten. */
static void meet(void)
{
    uint8_t frame[42] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
                          2, 0, 0, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1 };
    struct tern_span span = { frame, sizeof frame };
    struct tern_rx rx = { .spans = &span, .n_spans = 1 };
    tern_link_input(&w.link, &rx, 1, w.now_ns);
}

static void sane(void)
{
    for (size_t i = 0; i < N_CONNS; i++)
        must(tern_tcp_conn_sane(&w.conns[i]));
}

static void room(void)
{
    w.full = false;
    if (w.owes) {
        w.owes = false;
        tern_net_tx_room(&w.net, &w.link, w.now_ns);
    }
}

static void pass(uint64_t ms)
{
    uint64_t to_ns = w.now_ns + ms * TERN_MILLISECOND_NS;
    for (int i = 0; i < 400 && w.now_ns < to_ns; i++) {
        uint64_t due_ns = tern_net_poll(&w.net, w.now_ns);
        if (due_ns > w.now_ns)
            w.now_ns = due_ns < to_ns ? due_ns : to_ns;
        sane();
    }
    w.now_ns = to_ns;
    tern_net_poll(&w.net, w.now_ns);
}

static void drained(void)
{
    room();
    for (size_t i = 0; i < N_CONNS; i++)
        if (w.users[i].used)
            tern_stream_abort(w.users[i].s, TERN_ABORTED);
    tern_tcp_listener_close(w.listener);
    pass(3000);
    pass(200000);
    sane();
    must(w.blocks.n_free == w.blocks.n_blocks);
    must(w.tcp.n_conns_free == N_CONNS && w.tcp.n_halves_free == 3);
    must(w.tcp.n_time_waits_free == 2 && w.tcp.n_works_free == 2 && w.tcp.n_flights_free == 5);
    must(w.tcp.stats.curr_estab == 0 && w.tcp.turn_first == 0 && w.tcp.work_wait_first == 0);
    for (size_t i = 0; i < 8; i++)
        must(w.buckets[i] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    w.in = data;
    w.in_len = len;
    world_init(take(1));
    w.in = data + (len > 0);
    w.in_len = len - (len > 0);
    meet();
    while (w.in_len > 0) {
        uint32_t op = take(1);
        switch (op % 12) {
        case 0: case 1: case 2: case 3: case 4: segments_in(1); break;
        case 5: segments_in(1 + op / 12 % 8); break;
        case 6: case 7: user_act(); break;
        case 8: pass((uint64_t)take(1) << (op / 12 % 10)); break;
        case 9: op / 12 % 2 == 0 ? (void)(w.full = true) : room(); break;
        case 10: op / 12 % 2 == 0 ? connect_it() : icmp_in(); break;
        default:
            tern_tcp_listener_pause(w.listener, op / 12 % 2 == 0);
            meet();
            break;
        }
        tern_net_poll(&w.net, w.now_ns);
        sane();
    }
    drained();
    return 0;
}
