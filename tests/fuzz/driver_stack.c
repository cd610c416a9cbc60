/* SPDX-License-Identifier: ISC */
/*
 * The stack above a driver that is being fuzzed, and its peer.
 */
#include "driver_stack.h"

#include "net_count.h"
#include "tests/unit/packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US 0x0a000001u
#define PEER 0x0a000002u

enum { N_BLOCKS = 48, BLOCK_LEN = 2048, CONNS = 4, FLIGHTS = 8, EXPECTED = 256 };
enum { ECHO_PORT = 7, SYN = 2, FIN = 1, RST = 4, PSH = 8, ACK = 16 };
enum { TCP_HDR_LEN = 20, IP_PAYLOAD_MAX = 65535 - 20 };

static struct {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_udp udp;
    struct tern_tcp tcp;
    struct tern_neighbour neighbours[8];
    struct tern_reassembly reassemblies[2];
    struct tern_udp_endpoint endpoints[2];
    struct tern_tcp_conn conns[CONNS];
    struct tern_tcp_half halves[2];
    struct tern_tcp_time_wait time_waits[2];
    struct tern_tcp_work works[CONNS];
    struct tern_tcp_flight flights[FLIGHTS];
    struct tern_tcp_listener listeners[1];
    uint32_t buckets[8];
    struct driver_stack_config config;
    const struct tern_link_events *events;    /* the stack's */
    bool attached;
    uint32_t seq, ack;                        /* of the last segment sent: what a peer knows */
    uint16_t port;                            /* the peer's, of that segment */
    uint64_t n_frames;
    bool lied;
    struct { uint64_t hash; size_t len; } expected[EXPECTED];
    size_t n_expected, n_arrived;
    struct { uint64_t hash; const uint8_t *data; size_t len; } held[TERN_LINK_BATCH];
    size_t n_held;                            /* frames that the stack has at this moment */
} w;
static _Alignas(16) uint8_t block_mem[N_BLOCKS * BLOCK_LEN];

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "driver_stack: %s\n", what);
    abort();
}

/* ---- What the stack is lent ---- */

__attribute__((no_sanitize("coverage")))
static uint64_t hash(const uint8_t *p, size_t len)
{
    uint64_t h = 14695981039346656037u ^ len, word;
    for (; len >= sizeof word; p += sizeof word, len -= sizeof word) {
        memcpy(&word, p, sizeof word);
        h = (h ^ word) * 1099511628211u;
        h ^= h >> 29;
    }
    for (; len > 0; p++, len--)
        h = (h ^ *p) * 1099511628211u;
    return h;
}

void driver_stack_expect(const uint8_t *frame, size_t len)
{
    if (w.n_expected - w.n_arrived == EXPECTED) {
        w.lied = true;
        return;
    }
    w.expected[w.n_expected % EXPECTED].hash = hash(frame, len);
    w.expected[w.n_expected++ % EXPECTED].len = len;
}

void driver_stack_lied(void)
{
    w.lied = true;
}

void driver_stack_forget(void)
{
    w.lied = false;
    w.n_expected = w.n_arrived = 0;
}

bool driver_stack_honest(void)
{
    return !w.lied;
}

uint64_t driver_stack_frames(void)
{
    return w.n_frames;
}

static void arrived(uint64_t sum, size_t len)
{
    w.n_frames++;
    if (w.lied)
        return;
    require(w.n_arrived < w.n_expected, "no frame but those delivered");
    size_t i = w.n_arrived++ % EXPECTED;
    require(w.expected[i].len == len, "a frame as long as it was");
    require(w.expected[i].hash == sum, "a frame as it was delivered, in order");
}

static uint64_t input(struct tern_link *link, struct tern_rx *rx, size_t n_rx, uint64_t now_ns)
{
    require(n_rx >= 1 && n_rx <= TERN_LINK_BATCH, "a batch of one frame to 64");
    for (size_t i = 0; i < n_rx; i++) {
        const struct tern_span *span = rx[i].spans;
        require(rx[i].n_spans == 1 && span->len >= 14 && span->len <= DRIVER_STACK_FRAME_CAP,
                "a frame in one piece");
        require(w.config.lent(span->data, span->len), "a frame in private memory");
        require((rx[i].gso == TERN_GSO_NONE) == (rx[i].seg_len == 0), "segments of some length");
        w.held[i].data = span->data;
        w.held[i].len = span->len;
        arrived(hash(span->data, span->len), span->len);
    }
    w.n_held = n_rx;
    w.config.moment();
    uint64_t deadline_ns = w.events->input(link, rx, n_rx, now_ns);
    w.n_held = 0;
    return deadline_ns;
}

void driver_stack_guard(bool begin)
{
    for (size_t i = 0; i < w.n_held; i++) {
        uint64_t sum = hash(w.held[i].data, w.held[i].len);
        require(begin || sum == w.held[i].hash, "a frame that the other side cannot write");
        w.held[i].hash = sum;
    }
}

static uint64_t tx_room(struct tern_link *link, uint64_t now_ns)
{
    w.config.moment();
    return w.events->tx_room(link, now_ns);
}

static uint64_t changed(struct tern_link *link, uint64_t now_ns)
{
    w.config.moment();
    return w.events->changed(link, now_ns);
}

static const struct tern_link_events spy = { .input = input, .tx_room = tx_room,
                                             .changed = changed };

/* ---- The echoes ---- */

static void received(struct tern_endpoint *ep, struct tern_dgram *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t room;
        uint8_t *out = tern_endpoint_reserve(ep, &in[i], in[i].len, &room);
        if (out == NULL)
            continue;
        if (in[i].len > 0)
            memcpy(out, in[i].data, in[i].len);
        tern_endpoint_commit(ep, in[i].len);
    }
}

static void failed(struct tern_endpoint *ep, const struct tern_dgram *quoted, enum tern_err why)
{
    (void)ep;
    (void)quoted;
    (void)why;
}

static const struct tern_endpoint_events udp_echo = { .received = received, .failed = failed };

static size_t echo_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    return tern_stream_write(s, data, len);
}

static const struct tern_stream_events tcp_echo = { .data = echo_data };

static void accept_echo(void *app, struct tern_stream *s)
{
    tern_stream_attach(s, &tcp_echo, app);
}

/* ---- The stack ---- */

static void stack_init(uint64_t now_ns)
{
    static const uint8_t seed[TERN_SEED_LEN] = { 4, 2 };
    tern_turn_init(&w.turn, NULL, now_ns);
    tern_drbg_init(&w.drbg, seed);
    require(tern_block_pool_init(&w.blocks, block_mem, sizeof block_mem, BLOCK_LEN) == TERN_OK,
            "blocks");
    w.ipv4.config = (struct tern_ipv4_config){ .neighbours = w.neighbours, .n_neighbours = 8,
                                               .reassemblies = w.reassemblies,
                                               .n_reassemblies = 2 };
    w.udp.config = (struct tern_udp_config){ .endpoints = w.endpoints, .n_endpoints = 2 };
    w.tcp.config = (struct tern_tcp_config){
        .conns = w.conns, .n_conns = CONNS, .halves = w.halves, .n_halves = 2,
        .time_waits = w.time_waits, .n_time_waits = 2, .works = w.works, .n_works = CONNS,
        .flights = w.flights, .n_flights = FLIGHTS, .listeners = w.listeners, .n_listeners = 1,
        .buckets = w.buckets, .n_buckets = 8, .msl_ms = 1000 };
    struct tern_net_config config = {
        .turn = &w.turn, .drbg = &w.drbg, .blocks = &w.blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv4, &w.ipv4 }, { &tern_tcp, &w.tcp },
                                                { &tern_udp, &w.udp }, { &tern_newreno, NULL },
                                                { NULL, NULL } },
    };
    require(tern_net_init(&w.net, &config) == TERN_OK, "a stack");
}

static void services_open(void)
{
    struct tern_endpoint_addr local = { .port = ECHO_PORT };
    struct tern_tcp_listen listen = { .local = local, .backlog = 2,
                                      .options = { .keepalive_s = 5, .keepalive_every_s = 1,
                                                   .keepalive_probes = 2, .linger_ms = 5000,
                                                   .user_timeout_ms = 5000 } };
    struct tern_tcp_listener *listener;
    struct tern_endpoint *ep;
    require(tern_udp_open(&w.net, &local, &udp_echo, NULL, &ep) == TERN_OK, "an endpoint");
    require(tern_tcp_listen(&w.net, &listen, accept_echo, NULL, &listener) == TERN_OK,
            "a listener");
}

bool driver_stack_start(const struct driver_stack_config *config, uint64_t now_ns)
{
    struct tern_ipv4_address a = { .addr = tern_addr_v4(US), .prefix_len = 24 };
    memset(&w, 0, sizeof w);
    w.config = *config;
    stack_init(now_ns);
    if (tern_net_attach(&w.net, config->link) != TERN_OK)
        return false;
    w.attached = true;
    w.events = config->link->events;
    config->link->events = &spy;
    require(tern_ipv4_set(&w.net, 0, &a) == TERN_OK, "an address");
    services_open();
    return true;
}

/* Runs what is due at now_ns; returns when there is more. */
static uint64_t run(uint64_t now_ns)
{
    uint64_t next_ns = tern_net_poll(&w.net, now_ns);
    for (size_t i = 0; next_ns <= now_ns; i++) {
        require(i < 10000, "a turn that ends");
        next_ns = tern_net_poll(&w.net, now_ns);
    }
    return next_ns;
}

void driver_stack_turn(uint64_t now_ns)
{
    if (w.attached)
        (void)run(now_ns);
}

void driver_stack_finish(uint64_t now_ns)
{
    uint64_t end_ns = now_ns + 400 * TERN_SECOND_NS;
    if (!w.attached)
        return;
    while (now_ns < end_ns) {
        uint64_t next_ns = run(now_ns);
        now_ns = next_ns < end_ns ? next_ns : end_ns;
    }
    (void)run(end_ns);
    for (size_t i = 0; i < CONNS; i++)
        require(tern_tcp_conn_sane(&w.conns[i]), "a sane connection");
    require(w.tcp.stats.curr_estab == 0, "every connection closed");
    require(w.blocks.n_free == w.blocks.n_blocks, "every block back");
    require(w.net.n_waiting == 0, "no datagram waiting");
    require(w.net.stats.rx_frames == w.n_frames, "each frame taken by the stack");
    const char *wrong = net_count_wrong(&w.net, &w.ipv4, &w.udp, &w.tcp);
    require(wrong == NULL, wrong);
}

/* ---- The peer ---- */

/* Its segments are acknowledged by what the stack sends, and its numbers follow. */
void driver_stack_sent(const uint8_t *frame, size_t len)
{
    const uint8_t *ip = frame + PACKET_ETH, *tcp = ip + PACKET_IP;
    if (len < PACKET_ETH + PACKET_IP + TCP_HDR_LEN || tern_load_be16(frame + 12) != 0x0800 ||
        ip[0] != 0x45 || ip[9] != 6)
        return;
    uint32_t n = (uint32_t)len - PACKET_ETH - PACKET_IP - (uint32_t)(tcp[12] >> 4) * 4u;
    n += (uint32_t)((tcp[13] & SYN) != 0) + ((tcp[13] & FIN) != 0);
    w.seq = tern_load_be32(tcp + 4) + n;
    w.ack = tern_load_be32(tcp + 8);
    w.port = tern_load_be16(tcp + 2);
}

/* Octets that differ from place to place, and from seed to seed. */
static void fill(uint8_t *p, size_t n, uint8_t seed)
{
    static uint8_t pattern[DRIVER_STACK_FRAME_CAP + 256];
    static bool filled;
    for (size_t i = 0; !filled && i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i * 7 + (i >> 8) * 31);
    filled = true;
    memcpy(p, pattern + seed, n);
}

/*
 * A segment: its flags, and n octets. Of an aggregate, and where the device is
 * to finish it, the sum is the pseudo-header's.
 */
static size_t segment(uint8_t *frame, const struct packet_ip4 *ip, uint8_t flags, size_t n,
                      struct driver_stack_meta *meta)
{
    static uint8_t tcp[IP_PAYLOAD_MAX];
    bool syn = (flags & SYN) != 0;
    if (n > sizeof tcp - TCP_HDR_LEN)
        n = sizeof tcp - TCP_HDR_LEN;
    memset(tcp, 0, TCP_HDR_LEN);
    tern_store_be16(tcp, syn ? (uint16_t)(1024 + (w.n_frames & 255)) : w.port);
    tern_store_be16(tcp + 2, ECHO_PORT);
    tern_store_be32(tcp + 4, syn ? 0 : w.ack);
    tern_store_be32(tcp + 8, syn ? 0 : w.seq);
    tcp[12] = TCP_HDR_LEN / 4 << 4;
    tcp[13] = flags;
    tern_store_be16(tcp + 14, 0xffff);
    fill(tcp + TCP_HDR_LEN, n, (uint8_t)w.ack);
    uint32_t sum = 6 + TCP_HDR_LEN + (uint32_t)n;
    sum += (PEER >> 16) + (PEER & 0xffff) + (US >> 16) + (US & 0xffff);
    if (meta->partial)
        tern_store_be16(tcp + 16, (uint16_t)~tern_checksum_finish(sum));
    else
        tern_store_be16(tcp + 16,
                        tern_checksum_finish(tern_checksum_add(sum, tcp, TCP_HDR_LEN + n)));
    meta->csum_start = PACKET_ETH + PACKET_IP;
    meta->csum_off = 16;
    struct packet_ip4 h = *ip;
    h.protocol = 6;
    return packet_ip4(frame, &h, tcp, TCP_HDR_LEN + n);
}

size_t driver_stack_frame(uint8_t frame[DRIVER_STACK_FRAME_CAP], uint8_t what, uint16_t n,
                          struct driver_stack_meta *meta)
{
    static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
    static uint8_t data[1472];
    const struct packet_ip4 ip = { .src = PEER, .dst = US, .dst_mac = w.config.link->mac,
                                   .src_mac = mac };
    size_t few = n % sizeof data;
    *meta = (struct driver_stack_meta){ .partial = (what & 8) != 0 && (what & 7) >= 3 };
    switch (what & 7) {
    case 0:
        return packet_arp(frame, w.config.link->mac, (what & 16) != 0 ? 2 : 1, mac, PEER,
                          w.config.link->mac, US);
    case 1:
        fill(data, few, what);
        return packet_icmp(frame, &ip, 8, 0, n, data, few);
    case 2:
        fill(data, few, what);
        return packet_udp(frame, &ip, 5353, ECHO_PORT, data, few);
    case 3:
        return segment(frame, &ip, SYN, 0, meta);
    case 4:
        meta->partial = true;
        meta->seg_len = (uint16_t)(100 + what * 5u);
        return segment(frame, &ip, ACK, n, meta);
    case 5:
        return segment(frame, &ip, (what & 16) != 0 ? ACK | FIN : RST | ACK, 0, meta);
    case 6:
        return segment(frame, &ip, ACK | PSH, n % 1460, meta);
    default:    /* no frame of any kind */
        meta->partial = false;
        fill(frame, 14 + few, what);
        return 14 + few;
    }
}
