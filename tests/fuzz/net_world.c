/* SPDX-License-Identifier: ISC */
/*
 * The world for fuzzers: links that check what is sent, frames in memory of
 * their own length, and the account at the end.
 */
#include "net_world.h"

#include "net_count.h"
#include "tests/unit/packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US 0x0a000001u
#define N_LINKS 2u
#define N_BLOCKS 96u
#define SLOT_CAP (65550u + 18u)
#define N_SLOTS 4u

struct wire {
    struct tern_link link;
    bool full, owes;
    uint8_t slots[N_SLOTS][SLOT_CAP];
    bool lent[N_SLOTS];
    struct tern_rx batch[NET_WORLD_BATCH];
    struct tern_span spans[NET_WORLD_BATCH][64];
    size_t n_batch;
};

static struct wire wires[N_LINKS];

static struct {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_udp udp;
    struct tern_dhcp4 dhcp4;
    struct tern_tcp tcp;
    struct tern_neighbour neighbours[16];
    struct tern_reassembly reassemblies[4];
    struct tern_udp_endpoint endpoints[4];
    struct tern_tcp_conn conns[4];
    struct tern_tcp_half halves[4];
    struct tern_tcp_time_wait time_waits[4];
    struct tern_tcp_work works[3];
    struct tern_tcp_flight flights[8];
    struct tern_tcp_listener listeners[2];
    uint32_t buckets[16];
    struct tern_endpoint *ep;
    uint64_t now_ns;
    size_t n_sent, n_up;
    uint32_t tcp_seq, tcp_ack;    /* of the last segment sent: what a peer would know */
    _Alignas(16) uint8_t block_mem[N_BLOCKS * 2048];
} w;

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "net_world: %s\n", what);
    abort();
}

/* ---- The links ---------------------------------------------------------- */

static struct wire *wire_of(struct tern_link *link)
{
    return TERN_CONTAINER_OF(link, struct wire, link);
}

static enum tern_err tx_slot(struct tern_link *link, size_t len, struct tern_tx *tx)
{
    struct wire *wire = wire_of(link);
    size_t i = 0;
    require(len > 0 && len <= link->slot_max, "a slot within slot_max");
    if (!link->up)
        return TERN_UNREACHABLE;
    while (i < N_SLOTS && wire->lent[i])
        i++;
    if (wire->full || i == N_SLOTS) {
        wire->owes = true;
        return TERN_FULL;
    }
    wire->lent[i] = true;
    memset(tx, 0, sizeof *tx);
    memset(wire->slots[i], 0xa5, len);
    tx->data = wire->slots[i];
    tx->cap = len;
    tx->driver[0] = i;
    return TERN_OK;
}

/* What the device would do to a frame whose sum is left to it. */
static void sum_finish(uint8_t *frame, size_t len, const struct tern_tx *tx)
{
    require(tx->csum_start + tx->csum_off + 2u <= len, "the checksum inside its frame");
    uint8_t *field = frame + tx->csum_start + tx->csum_off;
    uint32_t sum = tern_checksum_add(0, frame + tx->csum_start, len - tx->csum_start);
    uint16_t value = tern_checksum_finish(sum);
    tern_store_be16(field, value);
}

static void tcp_note(const uint8_t *ip)
{
    const uint8_t *tcp = ip + 20;
    uint32_t len = tern_load_be16(ip + 2) - 20u - (uint32_t)(tcp[12] >> 4) * 4;
    len += (tcp[13] & 2 ? 1u : 0) + (tcp[13] & 1);
    w.tcp_seq = tern_load_be32(tcp + 4) + len;
    w.tcp_ack = tern_load_be32(tcp + 8);
}

static void tx_commit(struct tern_link *link, struct tern_tx *tx, size_t len)
{
    struct wire *wire = wire_of(link);
    size_t slot = (size_t)tx->driver[0];
    require(slot < N_SLOTS && wire->lent[slot] && len <= tx->cap, "a slot that was lent");
    wire->lent[slot] = false;
    if (len == 0)
        return;
    uint8_t *frame = wire->slots[slot];
    w.n_sent++;
    require(len >= PACKET_ETH + 20 && memcmp(frame + 6, link->mac, 6) == 0, "a frame from us");
    require(tx->gso != TERN_GSO_NONE || len <= PACKET_ETH + link->mtu, "a frame within the MTU");
    uint16_t type = tern_load_be16(frame + 12);
    require(type == 0x0800 || type == 0x0806, "a type we speak");
    if (type == 0x0806)
        return;
    bool igmp = frame[PACKET_ETH + 9] == 2;    /* with a Router Alert (RFC 3376 section 4) */
    require(frame[PACKET_ETH] == (igmp ? 0x46 : 0x45), "a header of the length it should have");
    require(PACKET_ETH + (size_t)tern_load_be16(frame + 16) == len, "a total length that is true");
    if (tx->csum_partial)
        sum_finish(frame, len, tx);
    require(packet_sums_ok(frame, len), "checksums that are right");
    if (frame[23] == 6 && link == &wires[0].link)
        tcp_note(frame + PACKET_ETH);
}

static void flush(struct tern_link *link)
{
    (void)link;
}

static const struct tern_link_ops ops = {
    .tx_slot = tx_slot, .tx_commit = tx_commit, .flush = flush,
};

static void wire_start(struct wire *wire, uint8_t number, uint16_t offloads)
{
    static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
    wire->link = (struct tern_link){ .ops = &ops, .mtu = 1500, .slot_max = 1518, .up = true,
                                     .offloads = offloads };
    if (offloads & (TERN_OFFLOAD_TX_TSO4 | TERN_OFFLOAD_TX_USO)) {
        wire->link.offloads |= TERN_OFFLOAD_TX_CSUM;
        wire->link.slot_max = 65550;
    }
    memcpy(wire->link.mac, mac, 6);
    wire->link.mac[4] = number;
    wire->full = wire->owes = false;
    memset(wire->lent, 0, sizeof wire->lent);
    wire->n_batch = 0;
    require(tern_net_attach(&w.net, &wire->link) == TERN_OK, "a link to attach");
}

/* ---- The echoes --------------------------------------------------------- */

static void received(struct tern_endpoint *ep, struct tern_dgram *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t room;
        uint8_t *out = tern_endpoint_reserve(ep, &in[i], in[i].len, &room);
        w.n_up++;
        if (out == NULL)
            continue;
        require(room >= in[i].len, "the room that was asked for");
        if (in[i].len > 0)
            memcpy(out, in[i].data, in[i].len);
        tern_endpoint_commit(ep, in[i].len);
    }
}

static void failed(struct tern_endpoint *ep, const struct tern_dgram *quoted, enum tern_err why)
{
    (void)ep;
    (void)quoted;
    require(why == TERN_REFUSED || why == TERN_UNREACHABLE || why == TERN_FULL,
            "an error that dgram.h knows");
}

static const struct tern_endpoint_events udp_echo = { .received = received, .failed = failed };

static size_t echo_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    w.n_up++;
    return tern_stream_write(s, data, len);
}

static const struct tern_stream_events tcp_echo = { .data = echo_data };

static void accept_echo(void *app, struct tern_stream *s)
{
    tern_stream_attach(s, &tcp_echo, app);
}

/* ---- The world ---------------------------------------------------------- */

static void memory_place(void)
{
    w.ipv4.config = (struct tern_ipv4_config){ .neighbours = w.neighbours, .n_neighbours = 16,
                                               .reassemblies = w.reassemblies,
                                               .n_reassemblies = 4 };
    w.udp.config = (struct tern_udp_config){ .endpoints = w.endpoints, .n_endpoints = 4 };
    w.dhcp4.config = (struct tern_dhcp4_config){ .link = 1, .hostname = "fuzz" };
    w.tcp.config = (struct tern_tcp_config){
        .conns = w.conns, .n_conns = 4, .halves = w.halves, .n_halves = 4,
        .time_waits = w.time_waits, .n_time_waits = 4, .works = w.works, .n_works = 3,
        .flights = w.flights, .n_flights = 8, .listeners = w.listeners, .n_listeners = 2,
        .buckets = w.buckets, .n_buckets = 16 };
}

static void services_open(void)
{
    struct tern_endpoint_addr local = { .port = 7 };
    struct tern_tcp_listen listen = { .local = local, .backlog = 4,
                                      .options = { .keepalive_s = 5, .keepalive_every_s = 1,
                                                   .keepalive_probes = 2,
                                                   .user_timeout_ms = 5000,
                                                   .linger_ms = 5000 } };
    struct tern_tcp_listener *listener;
    require(tern_udp_open(&w.net, &local, &udp_echo, NULL, &w.ep) == TERN_OK, "an endpoint");
    require(tern_tcp_listen(&w.net, &listen, accept_echo, NULL, &listener) == TERN_OK,
            "a listener");
}

void net_world_start(uint16_t offloads)
{
    static const uint8_t seed[TERN_SEED_LEN] = { 4, 2 };
    memset(&w, 0, sizeof w);
    w.now_ns = TERN_SECOND_NS;
    tern_turn_init(&w.turn, NULL, w.now_ns);
    tern_drbg_init(&w.drbg, seed);
    require(tern_block_pool_init(&w.blocks, w.block_mem, sizeof w.block_mem, 2048) == TERN_OK,
            "blocks");
    memory_place();
    struct tern_net_config config = {
        .turn = &w.turn, .drbg = &w.drbg, .blocks = &w.blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv4, &w.ipv4 }, { &tern_tcp, &w.tcp },
                                                { &tern_udp, &w.udp }, { &tern_dhcp4, &w.dhcp4 },
                                                { &tern_newreno, NULL }, { NULL, NULL } },
    };
    require(tern_net_init(&w.net, &config) == TERN_OK, "a stack");
    wire_start(&wires[0], 0, offloads);
    wire_start(&wires[1], 1, 0);
    struct tern_ipv4_address a = { .addr = tern_addr_v4(US), .prefix_len = 24,
                                   .gateway = tern_addr_v4(0x0a0000fe) };
    require(tern_ipv4_set(&w.net, 0, &a) == TERN_OK, "an address");
    services_open();
    net_world_pass(1);
}

struct tern_endpoint *net_world_endpoint(void)
{
    return w.ep;
}

struct tern_net *net_world_net(void)
{
    return &w.net;
}

size_t net_world_n_sent(void)
{
    return w.n_sent;
}

void net_world_pass(uint64_t ns)
{
    uint64_t end_ns = w.now_ns + ns;
    for (;;) {
        uint64_t next_ns = tern_net_poll(&w.net, w.now_ns);
        for (size_t i = 0; next_ns <= w.now_ns; i++) {
            require(i < 10000, "a turn that ends");
            next_ns = tern_net_poll(&w.net, w.now_ns);
        }
        if (next_ns > end_ns)
            break;
        w.now_ns = next_ns;
    }
    w.now_ns = end_ns;
}

void net_world_full(uint8_t link, bool full)
{
    struct wire *wire = &wires[link % N_LINKS];
    wire->full = full;
    if (full || !wire->owes)
        return;
    wire->owes = false;
    (void)tern_link_tx_room(&wire->link, w.now_ns);
}

void net_world_up(uint8_t link, bool up)
{
    struct wire *wire = &wires[link % N_LINKS];
    wire->link.up = up;
    (void)tern_link_changed(&wire->link, w.now_ns);
}

/* ---- Frames ------------------------------------------------------------- */

/*
 * What no fuzzer finds by chance: our MAC, checksums, TCP's numbers (the input
 * says how far off they are), the DHCP client's transaction.
 */
static void frame_fix(uint8_t *f, size_t len, uint8_t link)
{
    if (len < PACKET_ETH + 20 || tern_load_be16(f + 12) != 0x0800)
        return;
    if (!(f[0] & 1))
        memcpy(f, wires[link].link.mac, 6);
    size_t hdr_len = (size_t)(f[PACKET_ETH] & 15) * 4;
    if (hdr_len < 20 || len < PACKET_ETH + hdr_len)
        return;
    uint8_t *l4 = f + PACKET_ETH + hdr_len;
    size_t l4_len = len - PACKET_ETH - hdr_len;
    tern_store_be16(f + 16, (uint16_t)(len - PACKET_ETH));
    packet_ip4_resum(f);
    size_t at = f[23] == 6 ? 16 : f[23] == 17 ? 6 : f[23] == 1 ? 2 : 0;
    if (at == 0 || l4_len < at + 2)
        return;
    if (f[23] == 6 && l4_len >= 20 && (l4[13] & 2) == 0) {
        tern_store_be32(l4 + 4, w.tcp_ack + (uint32_t)(int32_t)(int16_t)tern_load_be16(l4 + 6));
        tern_store_be32(l4 + 8, w.tcp_seq + (uint32_t)(int32_t)(int16_t)tern_load_be16(l4 + 10));
    }
    if (f[23] == 17 && l4_len >= 8 + 240 && tern_load_be16(l4 + 2) == 68) {
        tern_store_be32(l4 + 8 + 4, w.dhcp4.xid);
        memcpy(l4 + 8 + 28, wires[1].link.mac, 6);
    }
    tern_store_be16(l4 + at, 0);
    uint32_t sum = tern_checksum_add(0, l4, l4_len);
    if (f[23] != 1)
        sum = tern_checksum_add(sum + f[23] + (uint32_t)l4_len, f + PACKET_ETH + 12, 8);
    tern_store_be16(l4 + at, tern_checksum_finish(sum));
}

static void wire_flush(struct wire *wire)
{
    size_t n = wire->n_batch;
    wire->n_batch = 0;
    if (n == 0)
        return;
    (void)tern_link_input(&wire->link, wire->batch, n, w.now_ns);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < wire->batch[i].n_spans; j++)
            free(wire->spans[i][j].data);
}

void net_world_flush(void)
{
    for (size_t i = 0; i < N_LINKS; i++)
        wire_flush(&wires[i]);
}

void net_world_frame(const uint8_t *frame, size_t len, const struct net_world_meta *meta)
{
    struct wire *wire = &wires[meta->link % N_LINKS];
    size_t slot = wire->n_batch, n = 0;
    uint8_t *whole = malloc(len + 1);
    require(whole != NULL, "memory");
    if (len > 0)
        memcpy(whole, frame, len);
    if (meta->fix)
        frame_fix(whole, len, meta->link % N_LINKS);
    size_t first = meta->step != 0 ? meta->first : len;
    for (size_t off = 0; off < len || n == 0; n++) {
        size_t piece = n == 0 ? first : meta->step;
        if (piece > len - off || n == 63)
            piece = len - off;
        struct tern_span *span = &wire->spans[slot][n];
        span->len = piece;
        span->data = malloc(piece > 0 ? piece : 1);
        require(span->data != NULL, "memory");
        if (piece > 0)
            memcpy(span->data, whole + off, piece);
        off += piece;
    }
    free(whole);
    wire->batch[slot] = (struct tern_rx){ .spans = wire->spans[slot], .n_spans = (uint16_t)n,
                                          .seg_len = meta->seg_len, .gso = meta->gso,
                                          .csum = meta->csum };
    if (++wire->n_batch == NET_WORLD_BATCH)
        wire_flush(wire);
}

/* ---- The end ------------------------------------------------------------ */

void net_world_finish(void)
{
    net_world_flush();
    for (uint8_t i = 0; i < N_LINKS; i++) {
        net_world_full(i, false);
        if (!wires[i].link.up)
            net_world_up(i, true);
    }
    net_world_pass(400 * TERN_SECOND_NS);
    tern_endpoint_commit(w.ep, 0);
    require(w.tcp.stats.curr_estab == 0, "every connection closed");
    require(w.blocks.n_free == w.blocks.n_blocks, "every block back");
    require(w.net.n_waiting == 0, "no datagram waiting");
    for (size_t i = 0; i < 4; i++)
        require(w.reassemblies[i].state == 0, "every reassembly buffer back");
    for (size_t i = 0; i < N_LINKS; i++)
        for (size_t j = 0; j < N_SLOTS; j++)
            require(!wires[i].lent[j], "every slot back");
    const char *wrong = net_count_wrong(&w.net, &w.ipv4, &w.udp, &w.tcp);
    require(wrong == NULL, wrong);
}
