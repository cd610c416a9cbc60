/* SPDX-License-Identifier: ISC */
/*
 * The scripted peer. It keeps no state of TCP's but the two initial sequence
 * numbers: what a script does not say does not happen.
 */
#include "tcp_script.h"

#include <stdio.h>
#include <stdlib.h>

static struct tcp_script *current;    /* tests run one script each, in a process of their own */
static struct fake_link wire;
static uint32_t written;              /* octets the test has written */
static size_t n_seen;                 /* frames sent that were looked through for ARP requests */

uint8_t script_octet(uint32_t seq)
{
    return (uint8_t)(seq * 7 + (seq >> 8) * 13 + 1);
}

/* ---- The user --------------------------------------------------------------------------- */

static void note(struct tcp_script *t, const char *text)
{
    int n = snprintf(t->log + t->log_len, sizeof t->log - t->log_len, "%s%s",
                     t->log_len > 0 ? " " : "", text);
    ck_assert(n >= 0 && (size_t)n < sizeof t->log - t->log_len);
    t->log_len += (size_t)n;
    if (t->on_event != NULL)
        t->on_event(t, text);
}

static void user_opened(struct tern_stream *s)
{
    note(s->user, "opened");
}

static size_t user_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    struct tcp_script *t = s->user;
    for (size_t i = 0; i < len; i++)
        if (data[i] != script_octet(t->data_from + (uint32_t)(t->n_taken + i)))
            ck_abort_msg("octet %zu of the stream is %02x", t->n_taken + i, data[i]);
    size_t n = len < t->take ? len : t->take;
    if (t->echo)
        n = tern_stream_write(s, data, n);
    t->n_taken += n;
    char text[32];
    snprintf(text, sizeof text, "data(%zu)", len);
    note(t, text);
    return n;
}

static void user_ended(struct tern_stream *s)
{
    struct tcp_script *t = s->user;
    note(t, "ended");
    if (!t->keep_open)
        tern_stream_close(s);
}

static void user_room(struct tern_stream *s)
{
    note(s->user, "room");
}

static void user_closed(struct tern_stream *s, enum tern_err why)
{
    struct tcp_script *t = s->user;
    char text[32];
    snprintf(text, sizeof text, "closed(%d)", (int)why);
    if (t->s == s)
        t->s = NULL;
    note(t, text);
}

static const struct tern_stream_events user = {
    .opened = user_opened,
    .data = user_data,
    .ended = user_ended,
    .room = user_room,
    .closed = user_closed,
};

static void user_accept(void *app, struct tern_stream *s)
{
    struct tcp_script *t = app;
    note(t, "accept");
    if (t->attach_none)
        return;
    t->s = s;
    tern_stream_attach(s, &user, t);
}

/* ---- Beginning ----------------------------------------------------------------------------- */

static size_t or(size_t value, size_t fallback)
{
    return value != 0 ? value : fallback;
}

static void peer_meet(struct tcp_script *t)
{
    uint8_t frame[64];
    size_t len = packet_arp(frame, packet_mac_us, 1, packet_mac_peer, SCRIPT_PEER,
                            packet_mac_us, SCRIPT_US);
    fake_link_input(t->wire, frame, len, t->now_ns);
    fake_link_clear(t->wire);
}

struct tcp_script *script(const struct script_config *config)
{
    struct tcp_script *t = current = calloc(1, sizeof *t);
    static const uint8_t seed[TERN_SEED_LEN] = { 1, 2, 3 };
    t->config = *config;
    t->take = SIZE_MAX;
    t->data_from = 1;
    t->port = 80;
    t->now_ns = t->start_ns = 5 * TERN_SECOND_NS;
    written = 0;
    n_seen = 0;
    tern_turn_init(&t->turn, NULL, t->now_ns);
    tern_drbg_init(&t->drbg, seed);
    size_t blocks_len = or(config->n_blocks, 64) * 2048;
    ck_assert_int_eq(tern_block_pool_init(&t->blocks, aligned_alloc(16, blocks_len), blocks_len,
                                          2048), TERN_OK);
    t->ipv4.config.neighbours = calloc(16, sizeof *t->ipv4.config.neighbours);
    t->ipv4.config.n_neighbours = 16;
    struct tern_tcp_config *c = &t->tcp.config;
    c->n_conns = or(config->n_conns, 8);
    c->n_halves = or(config->n_halves, 4);
    c->n_time_waits = or(config->n_time_waits, 2);
    c->n_works = or(config->n_works, 4);
    c->n_flights = or(config->n_flights, 16);
    c->n_listeners = 2;
    c->n_buckets = 16;
    c->conns = calloc(c->n_conns, sizeof *c->conns);
    c->halves = calloc(c->n_halves, sizeof *c->halves);
    c->time_waits = calloc(c->n_time_waits, sizeof *c->time_waits);
    c->works = calloc(c->n_works, sizeof *c->works);
    c->flights = calloc(c->n_flights, sizeof *c->flights);
    c->listeners = calloc(c->n_listeners, sizeof *c->listeners);
    c->buckets = calloc(c->n_buckets, sizeof *c->buckets);
    c->no_timestamps = !config->timestamps;
    c->no_window_scaling = !config->scaling;
    c->window_max = config->window_max;
    struct tern_net_config net = {
        .turn = &t->turn,
        .drbg = &t->drbg,
        .blocks = &t->blocks,
        .parts = (const struct tern_net_use[]){
            { &tern_ipv4, &t->ipv4 }, { &tern_tcp, &t->tcp }, { &tern_newreno, NULL },
            { NULL, NULL } },
    };
    ck_assert_int_eq(tern_net_init(&t->net, &net), TERN_OK);
    t->wire = &wire;
    fake_link_init(t->wire, config->mtu != 0 ? config->mtu : 1500, config->offloads);
    ck_assert_int_eq(tern_net_attach(&t->net, &t->wire->link), TERN_OK);
    struct tern_ipv4_address us = { .addr = tern_addr_v4(SCRIPT_US), .prefix_len = 24 };
    ck_assert_int_eq(tern_ipv4_set(&t->net, 0, &us), TERN_OK);
    script_poll(t);
    if (!config->no_peer)
        peer_meet(t);
    fake_link_clear(t->wire);
    return t;
}

void script_listen(struct tcp_script *t)
{
    struct tern_tcp_listen listen = { .local.port = 80,
                                      .backlog = t->config.backlog,
                                      .options = t->config.options };
    ck_assert_int_eq(tern_tcp_listen(&t->net, &listen, user_accept, t, &t->listener), TERN_OK);
}

void script_connect(struct tcp_script *t)
{
    struct tern_endpoint_addr peer = { .addr = tern_addr_v4(SCRIPT_PEER), .port = 4000 };
    struct tern_endpoint_addr local = { .port = 5000 };
    t->port = 5000;
    ck_assert_int_eq(tern_tcp_connect(&t->net, &peer, &local, &t->config.options, &user, t,
                                      &t->s), TERN_OK);
    script_poll(t);
}

static void log_clear(struct tcp_script *t)
{
    t->log_len = 0;
    t->log[0] = '\0';
}

void script_accepted(struct tcp_script *t)
{
    script_listen(t);
    bool ts = t->config.timestamps;
    IN(.flags = S, .mss = 1460, .ts = ts, .ts_val = 100, .scale = t->config.scaling ? 8 : 0);
    OUT(.flags = SA, .ack = 1, .ts = ts);
    IN(.flags = A, .seq = 1, .ack = 1, .ts = ts, .ts_val = 100, .ts_ecr = t->last_ts_val);
    LOG("accept opened");
    while (script_take(t) != NULL)    /* a larger window, perhaps */
        ;
}

void script_connected(struct tcp_script *t)
{
    bool ts = t->config.timestamps;
    script_connect(t);
    OUT(.flags = S, .ts = ts);
    IN(.flags = SA, .ack = 1, .mss = 1460, .ts = ts, .ts_val = 100, .ts_ecr = t->last_ts_val,
       .scale = t->config.scaling ? 8 : 0);
    OUT(.flags = A, .seq = 1, .ack = 1);
    LOG("opened");
}

/* ---- Segments in -------------------------------------------------------- */

static void l4_sum(uint8_t *l4, size_t len)
{
    uint32_t sum = (SCRIPT_US >> 16) + (SCRIPT_US & 0xffff) + (SCRIPT_PEER >> 16) +
                   (SCRIPT_PEER & 0xffff) + 6 + (uint32_t)len;
    tern_store_be16(l4 + 16, 0);
    for (size_t i = 0; i < len; i++)
        sum += i % 2 == 0 ? (uint32_t)l4[i] << 8 : l4[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    tern_store_be16(l4 + 16, (uint16_t)~sum);
}

size_t script_emit(struct tcp_script *t, const struct script_seg *seg, uint8_t *l4)
{
    memset(l4, 0, 60);
    tern_store_be16(l4, seg->port != 0 ? seg->port : 4000);
    tern_store_be16(l4 + 2, t->port);
    tern_store_be32(l4 + 4, SCRIPT_PEER_ISS + seg->seq);
    if ((seg->flags & A) != 0)
        tern_store_be32(l4 + 8, t->iss + seg->ack);
    l4[13] = (uint8_t)seg->flags;
    tern_store_be16(l4 + 14, seg->wnd == 0 ? 0xffff : seg->wnd == ZERO ? 0 : (uint16_t)seg->wnd);
    tern_store_be16(l4 + 18, seg->urgent);
    size_t hdr = 20;
    if (seg->options != NULL) {
        memcpy(l4 + hdr, seg->options, seg->options_len);
        hdr += (seg->options_len + 3) / 4 * 4;
    }
    if (seg->mss != 0) {
        l4[hdr] = 2;
        l4[hdr + 1] = 4;
        tern_store_be16(l4 + hdr + 2, seg->mss == ZERO ? 0 : (uint16_t)seg->mss);
        hdr += 4;
    }
    if (seg->scale != 0) {
        l4[hdr] = 1;
        l4[hdr + 1] = 3;
        l4[hdr + 2] = 3;
        l4[hdr + 3] = (uint8_t)(seg->scale - 1);
        hdr += 4;
    }
    if (seg->ts) {
        tern_store_be32(l4 + hdr, 0x0101080a);
        tern_store_be32(l4 + hdr + 4, seg->ts_val);
        tern_store_be32(l4 + hdr + 8, seg->ts_ecr);
        hdr += 12;
    }
    l4[12] = (uint8_t)(hdr / 4 << 4);
    for (uint32_t i = 0; i < seg->len; i++)
        l4[hdr + i] = seg->data != NULL ? seg->data[i] : script_octet(seg->seq + i);
    l4_sum(l4, hdr + seg->len);
    return hdr + seg->len;
}

static void frame_in(struct tcp_script *t, const uint8_t *l4, size_t len)
{
    static uint8_t frame[PACKET_CAP];
    struct packet_ip4 ip = { .src = SCRIPT_PEER, .dst = SCRIPT_US, .protocol = 6 };
    size_t frame_len = packet_ip4(frame, &ip, l4, len);
    if (t->holding) {
        ck_assert_uint_lt(t->n_held, 64);
        t->held[t->n_held] = malloc(frame_len);
        memcpy(t->held[t->n_held], frame, frame_len);
        t->held_len[t->n_held++] = frame_len;
        return;
    }
    fake_link_input(t->wire, frame, frame_len, t->now_ns);
    script_sane(t);
}

void script_in(struct tcp_script *t, const struct script_seg *seg)
{
    static uint8_t l4[PACKET_CAP];
    frame_in(t, l4, script_emit(t, seg, l4));
}

void script_in_raw(struct tcp_script *t, const uint8_t *l4, size_t len)
{
    frame_in(t, l4, len);
}

void script_hold(struct tcp_script *t)
{
    t->holding = true;
}

void script_release(struct tcp_script *t)
{
    struct tern_rx rx[64];
    struct tern_span spans[64];
    t->holding = false;
    for (size_t i = 0; i < t->n_held; i++) {
        spans[i] = (struct tern_span){ t->held[i], t->held_len[i] };
        rx[i] = (struct tern_rx){ .spans = &spans[i], .n_spans = 1 };
    }
    tern_link_input(&t->wire->link, rx, t->n_held, t->now_ns);
    for (size_t i = 0; i < t->n_held; i++)
        free(t->held[i]);
    t->n_held = 0;
    script_sane(t);
}

void script_icmp(struct tcp_script *t, uint8_t type, uint8_t code, uint16_t mtu, uint32_t seq)
{
    static uint8_t frame[PACKET_CAP], quoted[PACKET_CAP];
    uint8_t l4[20] = { 0 };
    struct packet_ip4 ours = { .src = SCRIPT_US, .dst = SCRIPT_PEER, .protocol = 6 };
    struct packet_ip4 ip = { .src = SCRIPT_PEER, .dst = SCRIPT_US };
    tern_store_be16(l4, t->port);
    tern_store_be16(l4 + 2, t->s != NULL ? script_conn(t)->tuple.peer_port : 4000);
    tern_store_be32(l4 + 4, t->iss + seq);
    size_t quoted_len = packet_ip4(quoted, &ours, l4, sizeof l4);
    tern_store_be16(quoted + PACKET_ETH + 2, 1500);    /* as long as it was when it was sent */
    packet_ip4_resum(quoted);
    size_t len = packet_icmp(frame, &ip, type, code, mtu, quoted + PACKET_ETH,
                             quoted_len - PACKET_ETH);
    fake_link_input(t->wire, frame, len, t->now_ns);
    script_sane(t);
}

/* ---- Segments out ------------------------------------------------------- */

const struct fake_frame *script_take(struct tcp_script *t)
{
    const struct fake_frame *frame;
    do
        frame = fake_link_take(t->wire);
    while (frame != NULL && tern_load_be16(frame->data + 12) == 0x0806);
    return frame;
}

static void options_check(struct tcp_script *t, const struct script_seg *seg, const uint8_t *l4,
                          const char *file, int line)
{
    int mss = 0, scale = 0;
    bool ts = false;
    uint32_t ts_ecr = 0;
    for (size_t at = 20; at < (size_t)(l4[12] >> 4) * 4;) {
        if (l4[at] == 1) {
            at++;
            continue;
        }
        if (l4[at] == 2)
            mss = tern_load_be16(l4 + at + 2);
        if (l4[at] == 3)
            scale = l4[at + 2] + 1;
        if (l4[at] == 8) {
            ts = true;
            t->last_ts_val = tern_load_be32(l4 + at + 2);
            ts_ecr = tern_load_be32(l4 + at + 6);
        }
        at += l4[at + 1];
    }
    ck_assert_msg(seg->mss == 0 || mss == seg->mss, "%s:%d: mss %d", file, line, mss);
    ck_assert_msg(seg->scale == 0 || scale == seg->scale, "%s:%d: scale %d", file, line, scale);
    ck_assert_msg(!seg->ts || ts, "%s:%d: no timestamp", file, line);
    ck_assert_msg(!seg->ts || seg->ts_ecr == 0 || seg->ts_ecr == ts_ecr, "%s:%d: ts_ecr %u",
                  file, line, ts_ecr);
}

void script_out(struct tcp_script *t, const struct script_seg *seg, const char *file, int line)
{
    const struct fake_frame *frame = script_take(t);
    ck_assert_msg(frame != NULL, "%s:%d: nothing was sent (log: %s)", file, line, t->log);
    t->last = *frame;
    const uint8_t *l4 = frame->data + 34;
    size_t len = tern_load_be16(frame->data + 16) - 20u - (size_t)(l4[12] >> 4) * 4;
    if (!frame->csum_partial)
        ck_assert_msg(packet_sums_ok(frame->data, frame->len), "%s:%d: checksum", file, line);
    uint32_t seq = tern_load_be32(l4 + 4), ack = tern_load_be32(l4 + 8);
    if ((l4[13] & S) != 0)
        t->iss = seq;
    int flags = l4[13];
    bool ok = (flags & ~P) == (seg->flags & ~P) && len == seg->len &&
              ((flags & R) != 0 && seg->seq == 0 ? true : seq - t->iss == seg->seq);
    if ((seg->flags & A) != 0)
        ok = ok && ack - SCRIPT_PEER_ISS == seg->ack;
    if ((seg->flags & P) != 0)
        ok = ok && (flags & P) != 0;
    ck_assert_msg(ok, "%s:%d: sent flags %02x seq %u ack %u len %zu wnd %u", file, line, flags,
                  seq - t->iss, ack - SCRIPT_PEER_ISS, len, tern_load_be16(l4 + 14));
    t->last_wnd = tern_load_be16(l4 + 14);
    if (seg->wnd != 0)
        ck_assert_msg(t->last_wnd == (seg->wnd == ZERO ? 0 : (uint32_t)seg->wnd),
                      "%s:%d: window %u", file, line, t->last_wnd);
    const uint8_t *data = l4 + (size_t)(l4[12] >> 4) * 4;
    for (size_t i = 0; i < len; i++)
        ck_assert_msg(data[i] == script_octet(seq - t->iss + (uint32_t)i), "%s:%d: octet %zu",
                      file, line, i);
    options_check(t, seg, l4, file, line);
}

void script_quiet(struct tcp_script *t, const char *file, int line)
{
    const struct fake_frame *frame = script_take(t);
    if (frame == NULL)
        return;
    const uint8_t *l4 = frame->data + 34;
    ck_abort_msg("%s:%d: sent flags %02x seq %u ack %u len %d", file, line, l4[13],
                 tern_load_be32(l4 + 4) - t->iss, tern_load_be32(l4 + 8) - SCRIPT_PEER_ISS,
                 tern_load_be16(frame->data + 16) - 20 - (l4[12] >> 4) * 4);
}

/* ---- Time, the user's calls, ends --------------------------------------- */

/* The peer's MAC is asked for now and then. */
static void arp_answer(struct tcp_script *t)
{
    for (; n_seen < t->wire->n_sent; n_seen++) {
        const uint8_t *sent = t->wire->frames[n_seen % FAKE_LINK_FRAMES].data;
        if (tern_load_be16(sent + 12) != 0x0806 || tern_load_be32(sent + 38) != SCRIPT_PEER)
            continue;
        uint8_t frame[64];
        size_t len = packet_arp(frame, packet_mac_us, 2, packet_mac_peer, SCRIPT_PEER,
                                packet_mac_us, SCRIPT_US);
        fake_link_input(t->wire, frame, len, t->now_ns);
    }
}

void script_poll(struct tcp_script *t)
{
    for (int i = 0; i < 100 && tern_net_poll(&t->net, t->now_ns) <= t->now_ns; i++)
        ;
    if (!t->config.no_peer)
        arp_answer(t);
    script_sane(t);
}

void script_at(struct tcp_script *t, uint32_t ms)
{
    uint64_t to_ns = t->start_ns + ms * TERN_MILLISECOND_NS;
    while (t->now_ns < to_ns) {
        uint64_t due_ns = tern_net_poll(&t->net, t->now_ns);
        t->now_ns = due_ns < to_ns ? (due_ns > t->now_ns ? due_ns : t->now_ns) : to_ns;
        script_poll(t);
    }
}

void script_pass(struct tcp_script *t, uint32_t ms)
{
    script_at(t, (uint32_t)((t->now_ns - t->start_ns) / TERN_MILLISECOND_NS) + ms);
}

void script_log(struct tcp_script *t, const char *expected, const char *file, int line)
{
    ck_assert_msg(strcmp(t->log, expected) == 0, "%s:%d: log is \"%s\"", file, line, t->log);
    log_clear(t);
}

size_t script_try_write(struct tcp_script *t, size_t len)
{
    size_t done = 0;
    while (done < len) {
        uint8_t data[1024];
        size_t n = len - done < sizeof data ? len - done : sizeof data;
        for (size_t i = 0; i < n; i++)
            data[i] = script_octet(1 + written + (uint32_t)i);
        size_t took = tern_stream_write(t->s, data, n);
        written += (uint32_t)took;
        done += took;
        if (took < n)
            break;
    }
    return done;
}

void script_write(struct tcp_script *t, size_t len)
{
    ck_assert_uint_eq(script_try_write(t, len), len);
    script_poll(t);
}

struct tern_tcp_conn *script_conn(struct tcp_script *t)
{
    return TERN_CONTAINER_OF(t->s, struct tern_tcp_conn, stream);
}

enum tern_tcp_state script_state(struct tcp_script *t)
{
    struct tern_tcp_info info;
    tern_tcp_info(t->s, &info);
    return info.state;
}

void script_sane(struct tcp_script *t)
{
    for (size_t i = 0; i < t->tcp.config.n_conns; i++)
        if (!tern_tcp_conn_sane(&t->tcp.config.conns[i]))
            ck_abort_msg("connection %zu is not sane (log: %s)", i, t->log);
}

void script_drained(struct tcp_script *t, const char *file, int line)
{
    const struct tern_tcp *tcp = &t->tcp;
    ck_assert_msg(tcp->n_conns_free == tcp->config.n_conns &&
                      tcp->n_halves_free == tcp->config.n_halves &&
                      tcp->n_works_free == tcp->config.n_works &&
                      tcp->n_flights_free == tcp->config.n_flights &&
                      t->blocks.n_free == t->blocks.n_blocks && tcp->turn_first == 0 &&
                      tcp->work_wait_first == 0 && tcp->stats.curr_estab == 0,
                  "%s:%d: conns %u halves %u works %u flights %u blocks %zu estab %llu", file,
                  line, tcp->n_conns_free, tcp->n_halves_free, tcp->n_works_free,
                  tcp->n_flights_free, t->blocks.n_free,
                  (unsigned long long)tcp->stats.curr_estab);
}
