/* SPDX-License-Identifier: ISC */
/* A transfer from a seed: what its two ends do, and what must come of it. */
#include "transfer.h"

#include "hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT = 7000, CONTENT_LEN = 1 << 18 };

/* The octets that everybody sends: a stream's octet at position p is content[(key + p) % LEN]. */
static uint8_t content[CONTENT_LEN];

static void content_init(void)
{
    struct sim_random r = { 1 };
    if (content[0] != 0 || content[1] != 0)
        return;
    for (size_t i = 0; i < CONTENT_LEN; i += 8)
        tern_store_be64(content + i, sim_random_u64(&r));
    content[0] |= 1;
}

/* What an end does when it has sent all that it has. */
enum ending { FINISH, CLOSE, ABORT_MIDWAY };

struct end {
    struct host *host;
    struct tern_stream *s;
    struct end *peer;
    struct sim_random random;
    struct tern_timer timer;         /* reads and writes again later */
    uint32_t key;                    /* where in content its octets begin */
    uint64_t n_total, n_sent, n_got;
    enum ending ending;
    uint64_t abort_at;               /* octets sent before ABORT_MIDWAY */
    bool opened, ended, finished, closed, lazy, slow_reader;
    enum tern_err why;
    const char *wrong;
};

struct transfer {
    struct sim sim;
    struct host hosts[2];
    struct end ends[2];
    uint64_t quiet_from_ns;
};

static size_t run_len(const struct end *e)
{
    uint64_t at = (e->key + e->n_sent) % CONTENT_LEN;
    uint64_t left = e->n_total - e->n_sent;
    uint64_t room = CONTENT_LEN - at;
    return (size_t)(left < room ? left : room);
}

/* Sends one piece in a style drawn from the seed; returns how many octets went. */
static size_t send_piece(struct end *e)
{
    size_t at = (size_t)((e->key + e->n_sent) % CONTENT_LEN), len = run_len(e);
    size_t want = 1 + sim_random_below(&e->random, 20000);
    if (want > len)
        want = len;
    switch (sim_random_below(&e->random, 4)) {
    case 0:
        return tern_stream_borrow(e->s, content + at, want);
    case 1: {
        size_t done = 0;
        for (unsigned i = 0; i < 3 && done < want; i++) {
            size_t room, least = want - done < 100 ? want - done : 100;
            uint8_t *to = tern_stream_reserve(e->s, least, &room);
            if (to == NULL)
                break;
            size_t n = room < want - done ? room : want - done;
            memcpy(to, content + at + done, n);
            done += n;
            if (n < room)
                break;
        }
        tern_stream_commit(e->s, done);
        return done;
    }
    default:
        return tern_stream_write(e->s, content + at, want);
    }
}

static void end_of_sending(struct end *e)
{
    if (e->finished)
        return;
    e->finished = true;
    if (e->ending == CLOSE && e->ended)
        tern_stream_close(e->s);
    else
        tern_stream_finish(e->s);
}

static void pump(struct end *e)
{
    unsigned pieces = e->lazy ? 1 + sim_random_below(&e->random, 3) : 1000;
    while (e->n_sent < e->n_total && pieces-- > 0) {
        size_t n = send_piece(e);
        if (n == 0)
            break;
        e->n_sent += n;
        if (e->ending == ABORT_MIDWAY && e->n_sent >= e->abort_at) {
            tern_stream_abort(e->s, TERN_ABORTED);
            return;
        }
    }
    if (e->n_sent == e->n_total)
        end_of_sending(e);
    else if (e->lazy && !tern_timer_is_set(&e->timer))
        tern_timer_set(&e->host->turn, &e->timer,
                       e->host->turn.now_ns +
                           sim_random_u64(&e->random) % (50 * TERN_MILLISECOND_NS));
}

static void on_timer(struct tern_timer *timer, uint64_t now_ns)
{
    struct end *e = TERN_CONTAINER_OF(timer, struct end, timer);
    (void)now_ns;
    if (e->s == NULL || e->closed)
        return;
    tern_stream_resume(e->s);
    if (e->opened)
        pump(e);
}

static void on_opened(struct tern_stream *s)
{
    struct end *e = s->user;
    if (e->opened)
        e->wrong = "opened twice";
    e->opened = true;
    pump(e);
}

static size_t on_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    struct end *e = s->user;
    if (!e->opened || e->ended || e->closed)
        e->wrong = "data out of order with the other events";
    size_t take = len;
    if (e->slow_reader && sim_random_below(&e->random, 3) == 0) {
        take = sim_random_below(&e->random, (uint32_t)len + 1);
        if (!tern_timer_is_set(&e->timer))
            tern_timer_set(&e->host->turn, &e->timer,
                           e->host->turn.now_ns +
                               sim_random_u64(&e->random) % (30 * TERN_MILLISECOND_NS));
    }
    for (size_t i = 0; i < take; i++)
        if (data[i] != content[(e->peer->key + e->n_got + i) % CONTENT_LEN]) {
            e->wrong = "an octet differs from what was sent";
            break;
        }
    e->n_got += take;
    if (e->n_got > e->peer->n_sent)
        e->wrong = "more octets than were sent";
    memset(data, 0xee, take);    /* those taken may be overwritten */
    return take;
}

static void on_ended(struct tern_stream *s)
{
    struct end *e = s->user;
    if (e->ended)
        e->wrong = "ended twice";
    if (e->n_got != e->peer->n_total)
        e->wrong = "ended before all was delivered";
    e->ended = true;
    if (e->ending == CLOSE && e->n_sent == e->n_total)
        tern_stream_close(s);
}

static void on_room(struct tern_stream *s)
{
    pump(s->user);
}

static void on_closed(struct tern_stream *s, enum tern_err why)
{
    struct end *e = s->user;
    if (e->closed)
        e->wrong = "closed twice";
    e->closed = true;
    e->why = why;
    e->s = NULL;
    tern_timer_cancel(&e->host->turn, &e->timer);
}

static const struct tern_stream_events end_events = {
    .opened = on_opened, .data = on_data, .ended = on_ended, .room = on_room, .closed = on_closed,
};

static void on_accept(void *app, struct tern_stream *s)
{
    struct end *e = app;
    if (e->s != NULL || e->closed) {
        e->wrong = "accepted twice";
        return;
    }
    e->s = s;
    tern_stream_attach(s, &end_events, e);
}

static void choose_rates(struct sim_random *r, struct impair_rates *rates)
{
    *rates = (struct impair_rates){ 0 };
    if (sim_random_below(r, 3) == 0)
        return;
    if (sim_random_below(r, 2) == 0)
        rates->loss_ppm = sim_random_below(r, 80000);
    if (sim_random_below(r, 3) == 0)
        rates->duplicate_ppm = sim_random_below(r, 50000);
    if (sim_random_below(r, 3) == 0)
        rates->corrupt_ppm = sim_random_below(r, 30000);
    if (sim_random_below(r, 6) == 0)
        rates->truncate_ppm = sim_random_below(r, 20000);
    if (sim_random_below(r, 3) == 0) {
        rates->delay_ppm = sim_random_below(r, 400000);
        rates->delay_max_ns = sim_random_u64(r) % (20 * TERN_MILLISECOND_NS);
    }
    if (sim_random_below(r, 4) == 0)
        rates->full_ppm = sim_random_below(r, 200000);
}

static void choose_host(struct sim_random *r, struct host_config *c)
{
    static const size_t blocks[] = { 8, 16, 32, 128, 512 };
    c->n_blocks = blocks[sim_random_below(r, 5)];
    if (sim_random_below(r, 4) == 0)
        c->n_flights = 1 + sim_random_below(r, 8);
    choose_rates(r, &c->out);
    choose_rates(r, &c->in);
    c->out.corrupt_ppm = c->out.truncate_ppm = 0;    /* a wire spoils what arrives */
}

static void choose_end(struct sim_random *r, struct end *e)
{
    static const uint32_t most[] = { 1, 100, 3000, 60000, 400000 };
    e->random.state = sim_random_u64(r);
    e->key = sim_random_below(r, CONTENT_LEN);
    e->n_total = sim_random_below(r, most[sim_random_below(r, 5)] + 1);
    e->lazy = sim_random_below(r, 4) == 0;
    e->slow_reader = sim_random_below(r, 4) == 0;
    e->ending = sim_random_below(r, 2) == 0 ? FINISH : CLOSE;
    if (sim_random_below(r, 20) == 0 && e->n_total > 0) {
        e->ending = ABORT_MIDWAY;
        e->abort_at = 1 + sim_random_below(r, (uint32_t)e->n_total);
    }
    e->timer.fire = on_timer;
}

static void setup(struct transfer *t, uint64_t seed)
{
    static const uint16_t mtus[] = { 576, 1280, 1500, 9000 };
    struct sim_random r = { seed };
    struct host_config configs[2] = { { .addr = 0x0a000001 }, { .addr = 0x0a000002 } };
    sim_init(&t->sim, sim_random_u64(&r));
    uint16_t offloads = 0;
    if (sim_random_below(&r, 3) == 0)
        offloads = TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_RX_CSUM;
    if (offloads != 0 && sim_random_below(&r, 2) == 0)
        offloads |= TERN_OFFLOAD_TX_TSO4 | TERN_OFFLOAD_RX_GRO;
    sim_cable(&t->sim, &t->hosts[0].cable, 0, &t->hosts[1].cable, 1,
              mtus[sim_random_below(&r, 4)], offloads);
    for (int i = 0; i < 2; i++) {
        struct sim_link *l = &t->hosts[i].cable;
        l->delay_ns = sim_random_u64(&r) % (30 * TERN_MILLISECOND_NS);
        l->octet_ns_x1024 = sim_random_below(&r, 3) == 0 ? sim_random_below(&r, 80000) : 0;
        if (sim_random_below(&r, 4) == 0)
            l->queue_max = 2 + sim_random_below(&r, 40);
        choose_host(&r, &configs[i]);
        host_init(&t->hosts[i], &t->sim, &configs[i], sim_random_u64(&r));
        t->ends[i] = (struct end){ .host = &t->hosts[i], .peer = &t->ends[1 - i] };
        choose_end(&r, &t->ends[i]);
    }
    if (sim_random_below(&r, 10) == 0)
        t->sim.hosts[sim_random_below(&r, 2)].paused_until_ns =
            t->sim.now_ns + sim_random_u64(&r) % (3 * TERN_SECOND_NS);
}

static bool both_closed(void *user)
{
    struct transfer *t = user;
    for (int i = 0; i < 2; i++)
        if (t->hosts[i].broken != NULL || t->ends[i].wrong != NULL)
            return true;
    return t->ends[0].closed && (t->ends[1].closed || !t->ends[1].opened);
}

static bool is_clean(void *user)
{
    struct transfer *t = user;
    return t->ends[1].closed == t->ends[1].opened && host_leaks(&t->hosts[0]) == NULL &&
           host_leaks(&t->hosts[1]) == NULL;
}

static bool some_abort(const struct transfer *t)
{
    return t->ends[0].ending == ABORT_MIDWAY || t->ends[1].ending == ABORT_MIDWAY;
}

/* What must be true of both ends once they have closed. */
static const char *verdict(const struct transfer *t)
{
    for (int i = 0; i < 2; i++) {
        const struct end *e = &t->ends[i];
        if (t->hosts[i].broken != NULL)
            return t->hosts[i].broken;
        if (e->wrong != NULL)
            return e->wrong;
        if (some_abort(t))
            continue;
        /* All three ARP requests were lost: that is an honest answer. */
        if (e->why == TERN_UNREACHABLE && !e->opened && e->host->ipv4.stats.arp_failed > 0)
            return NULL;
        if (e->why != TERN_OK && e->closed)
            return tern_err_text(e->why);
        if (!e->ended || !e->opened)
            return "closed without ended";
    }
    return NULL;
}

static void fail(struct transfer_result *result, const struct transfer *t, const char *what)
{
    const struct end *a = &t->ends[0], *b = &t->ends[1];
    snprintf(result->failure, sizeof result->failure,
             "%s (sent %llu/%llu got %llu, sent %llu/%llu got %llu, at %.3f s)", what,
             (unsigned long long)a->n_sent, (unsigned long long)a->n_total,
             (unsigned long long)a->n_got, (unsigned long long)b->n_sent,
             (unsigned long long)b->n_total, (unsigned long long)b->n_got,
             (double)t->sim.now_ns / 1e9);
}

/* A classic pcap file, written by hand: no library needed for 40 octets of header. */
static void pcap_frame(void *user, uint64_t now_ns, const uint8_t *frame, size_t len)
{
    uint32_t head[4] = { (uint32_t)(now_ns / TERN_SECOND_NS),
                         (uint32_t)(now_ns % TERN_SECOND_NS / 1000), (uint32_t)len, (uint32_t)len };
    fwrite(head, sizeof head, 1, user);
    fwrite(frame, 1, len, user);
}

static FILE *pcap_open(const char *path)
{
    FILE *f = fopen(path, "wb");
    uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 262144, 1 };
    if (f != NULL)
        fwrite(head, sizeof head, 1, f);
    return f;
}

/* A RST may be lost, and an end that only reads then waits for ever, by the standard. */
static bool abort_widow(struct transfer *t)
{
    for (int i = 0; i < 2; i++) {
        if (!t->ends[i].closed && t->ends[1 - i].closed && t->ends[i].s != NULL) {
            tern_stream_abort(t->ends[i].s, TERN_ABORTED);
            sim_kick(&t->sim, (uint8_t)i);
        }
    }
    return sim_run(&t->sim, t->sim.now_ns + TERN_SECOND_NS, both_closed, t);
}

static void run(struct transfer *t, struct transfer_result *result)
{
    struct tern_tcp_listener *listener;
    struct tern_tcp_listen listen = { .local = { .port = PORT } };
    struct tern_endpoint_addr to = { .addr = tern_addr_v4(0x0a000002), .port = PORT };
    struct end *a = &t->ends[0];
    if (tern_tcp_listen(&t->hosts[1].net, &listen, on_accept, &t->ends[1], &listener) != TERN_OK ||
        tern_tcp_connect(&t->hosts[0].net, &to, NULL, NULL, &end_events, a, &a->s) != TERN_OK) {
        fail(result, t, "could not listen and connect");
        return;
    }
    sim_kick(&t->sim, 0);
    sim_kick(&t->sim, 1);
    bool done = sim_run(&t->sim, t->sim.now_ns + 3600 * TERN_SECOND_NS, both_closed, t);
    if (!done && some_abort(t))
        done = abort_widow(t);
    const char *what = done ? verdict(t) : "not over after an hour";
    if (what != NULL) {
        fail(result, t, what);
        return;
    }
    tern_tcp_listener_close(listener);
    sim_kick(&t->sim, 1);
    if (!sim_run(&t->sim, t->sim.now_ns + 1000 * TERN_SECOND_NS, is_clean, t)) {
        const char *leak = host_leaks(&t->hosts[0]);
        char text[64];
        snprintf(text, sizeof text, "%s not given back",
                 leak != NULL ? leak : host_leaks(&t->hosts[1]) ? host_leaks(&t->hosts[1]) : "?");
        fail(result, t, text);
    }
}

void transfer_run(uint64_t seed, bool verbose, const char *pcap, struct transfer_result *result)
{
    struct transfer *t = calloc(1, sizeof *t);
    FILE *f = NULL;
    if (t == NULL)
        abort();
    content_init();
    memset(result, 0, sizeof *result);
    setup(t, seed);
    if (pcap != NULL && (f = pcap_open(pcap)) != NULL) {
        t->sim.tap = pcap_frame;
        t->sim.tap_user = f;
    }
    uint64_t start_ns = t->sim.now_ns;
    run(t, result);
    result->trace = t->sim.trace;
    result->octets = t->ends[0].n_got + t->ends[1].n_got;
    result->frames = t->sim.n_events_made;
    result->virtual_ns = t->sim.now_ns - start_ns;
    if (verbose)
        fprintf(stderr, "seed %llu: %llu octets, %llu frames, %.3f s, trace %016llx %s\n",
                (unsigned long long)seed, (unsigned long long)result->octets,
                (unsigned long long)result->frames, (double)result->virtual_ns / 1e9,
                (unsigned long long)result->trace, result->failure);
    if (f != NULL)
        fclose(f);
    sim_free(&t->sim);
    for (int i = 0; i < 2; i++)
        host_free(&t->hosts[i]);
    sim_uncable(&t->hosts[0].cable, &t->hosts[1].cable);
    free(t);
}
