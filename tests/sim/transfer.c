/* SPDX-License-Identifier: ISC */
/* A transfer from a seed: its network, its connections, and what must come of it. */
#include "transfer.h"

#include "end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT = 7000, PAIRS = 6 };

/* Ends 2i and 2i + 1 are a connection's: the one that dials, and the other. */
struct transfer {
    struct sim sim;
    bool six;
    bool slaac;
    uint64_t quiet_ns;      /* when the router falls silent */
    struct host hosts[2];
    struct end ends[2 * PAIRS];
    size_t n_ends;
};

/* Which end a new connection is for: that whose peer dialled from its port. */
static void on_accept(void *app, struct tern_stream *s)
{
    struct transfer *t = app;
    struct tern_stream_info room, dialled;
    uint16_t port = tern_stream_info(s, &room)->peer.port;
    for (size_t i = 0; i < t->n_ends; i += 2) {
        struct end *from = &t->ends[i];
        if (from->s != NULL && tern_stream_info(from->s, &dialled)->local.port == port) {
            end_attach(&t->ends[i + 1], s);
            return;
        }
    }
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

/*
 * A router that advertises every two seconds, for a while: no host of ours, but
 * a frame for both. Its prefix 2001:db8::/64 makes addresses (RFC 4862).
 */
static uint64_t router_poll(void *user, uint64_t now_ns)
{
    static const uint8_t ra[] = {
        0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 9, 9, 0x86, 0xdd,
        0x60, 0, 0, 0, 0, 56, 58, 255,
        0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9,
        0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0,    /* lifetime 1,800 s */
        1, 1, 2, 0, 0, 0, 9, 9,
        3, 4, 64, 0xc0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
        0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    };
    struct transfer *t = user;
    uint8_t frame[sizeof ra];
    memcpy(frame, ra, sizeof ra);
    uint32_t sum = tern_checksum_add(56 + 58, frame + 22, 32);
    sum = tern_checksum_add(sum, frame + 54, 56);
    tern_store_be16(frame + 56, tern_checksum_finish(sum));
    for (size_t i = 0; i < 2; i++)
        sim_inject(&t->sim, &t->hosts[i].cable, frame, sizeof frame);
    return now_ns < t->quiet_ns ? now_ns + 2 * TERN_SECOND_NS : TERN_NEVER;
}

static bool have_addresses(void *user)
{
    const struct transfer *t = user;
    struct tern_addr addr;
    return host_address(&t->hosts[0], &addr) && host_address(&t->hosts[1], &addr);
}

static void setup(struct transfer *t, uint64_t seed)
{
    static const uint16_t mtus[2][4] = { { 576, 1280, 1500, 9000 }, { 1280, 1300, 1500, 9000 } };
    struct sim_random r = { seed };
    struct host_config configs[2] = { { .addr = 0x0a000001 }, { .addr = 0x0a000002 } };
    sim_init(&t->sim, sim_random_u64(&r));
    uint16_t offloads = 0;
    if (sim_random_below(&r, 3) == 0)
        offloads = TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_RX_CSUM;
    if (offloads != 0 && sim_random_below(&r, 2) == 0)
        offloads |= (t->six ? TERN_OFFLOAD_TX_TSO6 : TERN_OFFLOAD_TX_TSO4) | TERN_OFFLOAD_RX_GRO;
    sim_cable(&t->sim, &t->hosts[0].cable, 0, &t->hosts[1].cable, 1,
              mtus[t->six][sim_random_below(&r, 4)], offloads);
    t->slaac = t->six && seed % 2 == 0;
    for (int i = 0; i < 2; i++) {
        struct sim_link *l = &t->hosts[i].cable;
        l->delay_ns = sim_random_u64(&r) % (30 * TERN_MILLISECOND_NS);
        l->octet_ns_x1024 = sim_random_below(&r, 3) == 0 ? sim_random_below(&r, 80000) : 0;
        if (sim_random_below(&r, 4) == 0)
            l->queue_max = 2 + sim_random_below(&r, 40);
        choose_host(&r, &configs[i]);
        configs[i].six = t->six;
        configs[i].slaac = t->slaac;
        host_init(&t->hosts[i], &t->sim, &configs[i], sim_random_u64(&r));
    }
    t->quiet_ns = t->sim.now_ns + 600 * TERN_SECOND_NS;
    if (t->slaac)
        (void)sim_add_host(&t->sim, router_poll, NULL, t);
    t->n_ends = 2 * (sim_random_below(&r, 3) == 0 ? 1 + sim_random_below(&r, PAIRS) : 1);
    for (size_t i = 0; i < t->n_ends; i++) {
        t->ends[i] = (struct end){ .host = &t->hosts[i & 1], .peer = &t->ends[i ^ 1] };
        end_choose(&t->ends[i], &r);
    }
    if (sim_random_below(&r, 10) == 0)
        t->sim.hosts[sim_random_below(&r, 2)].paused_until_ns =
            t->sim.now_ns + sim_random_u64(&r) % (3 * TERN_SECOND_NS);
}

/* An end that was never opened (its handshake was lost) need not hear of the end. */
static bool end_is_over(const struct end *e)
{
    return e->closed || (!e->opened && e->s == NULL && e->peer->closed);
}

static bool all_closed(void *user)
{
    struct transfer *t = user;
    bool all = true;
    for (size_t i = 0; i < t->n_ends; i++) {
        if (t->ends[i].wrong != NULL || t->hosts[i & 1].broken != NULL)
            return true;
        all = all && end_is_over(&t->ends[i]);
    }
    return all;
}

static bool is_clean(void *user)
{
    struct transfer *t = user;
    return all_closed(t) && host_leaks(&t->hosts[0]) == NULL &&
           host_leaks(&t->hosts[1]) == NULL;
}

static bool aborts(const struct end *e)
{
    return e->ending == ABORT_MIDWAY || e->peer->ending == ABORT_MIDWAY;
}

/* What must be true of an end that has closed, or NULL. */
static const char *end_verdict(const struct end *e)
{
    if (e->host->broken != NULL)
        return e->host->broken;
    if (e->wrong != NULL || aborts(e))
        return e->wrong;
    /* All questions for the neighbour were lost: that is an honest answer. */
    if (!e->opened && e->why == TERN_UNREACHABLE && host_ip_stats(e->host)->neigh_failed > 0)
        return NULL;
    if (!e->opened && !e->closed && e->peer->why == TERN_UNREACHABLE)
        return NULL;
    if (e->why != TERN_OK)
        return tern_err_text(e->why);
    return e->ended && e->opened ? NULL : "closed without ended";
}

static void fail(struct transfer_result *result, const struct transfer *t, size_t pair,
                 const char *what)
{
    const struct end *a = &t->ends[2 * pair], *b = a + 1;
    snprintf(result->failure, sizeof result->failure,
             "%s (pair %zu of %zu: sent %llu/%llu got %llu, sent %llu/%llu got %llu, at %.3f s)",
             what, pair + 1, t->n_ends / 2, (unsigned long long)a->n_sent,
             (unsigned long long)a->n_total, (unsigned long long)a->n_got,
             (unsigned long long)b->n_sent, (unsigned long long)b->n_total,
             (unsigned long long)b->n_got, (double)t->sim.now_ns / 1e9);
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
static bool abort_widows(struct transfer *t)
{
    for (size_t i = 0; i < t->n_ends; i++) {
        struct end *e = &t->ends[i];
        if (aborts(e) && !e->closed && e->peer->closed && e->s != NULL) {
            tern_stream_abort(e->s, TERN_ABORTED);
            sim_kick(&t->sim, (uint8_t)(i & 1));
        }
    }
    return sim_run(&t->sim, t->sim.now_ns + TERN_SECOND_NS, all_closed, t);
}

/*
 * Hosts look for others with their addresses before they have them, and listen
 * for routers: on some cables half of all that is said of it is lost.
 */
static bool settle(struct transfer *t)
{
    uint32_t loss_ppm[2];
    for (int i = 0; i < 2; i++) {
        loss_ppm[i] = t->hosts[i].impair.in.loss_ppm;
        if (t->sim.random.state % 3 == 0)
            t->hosts[i].impair.in.loss_ppm = 500000;
        sim_kick(&t->sim, (uint8_t)i);
    }
    bool settled = sim_run(&t->sim, t->sim.now_ns + 600 * TERN_SECOND_NS, have_addresses, t);
    for (int i = 0; i < 2; i++)
        t->hosts[i].impair.in.loss_ppm = loss_ppm[i];
    return settled;
}

static bool dial(struct transfer *t)
{
    struct tern_endpoint_addr to = { .port = PORT };
    if (!settle(t) || !host_address(&t->hosts[1], &to.addr))
        return false;
    for (size_t i = 0; i < t->n_ends; i += 2)
        if (tern_tcp_connect(&t->hosts[0].net, &to, NULL, NULL, &end_events, &t->ends[i],
                             &t->ends[i].s) != TERN_OK)
            return false;
    sim_kick(&t->sim, 0);
    sim_kick(&t->sim, 1);
    return true;
}

/* The first end that is not as it must be, if any. */
static bool judge(struct transfer *t, bool done, struct transfer_result *result)
{
    for (size_t i = 0; i < t->n_ends; i++) {
        const struct end *e = &t->ends[i];
        bool sound = e->wrong == NULL && e->host->broken == NULL;
        const char *what = !done && sound && !end_is_over(e) ? "not over after an hour" :
                           done || !sound ? end_verdict(e) : NULL;
        if (what != NULL) {
            fail(result, t, i / 2, what);
            return false;
        }
    }
    return true;
}

static void run(struct transfer *t, struct transfer_result *result)
{
    struct tern_tcp_listener *listener;
    struct tern_tcp_listen listen = { .local = { .port = PORT } };
    if (tern_tcp_listen(&t->hosts[1].net, &listen, on_accept, t, &listener) != TERN_OK ||
        !dial(t)) {
        fail(result, t, 0, "could not listen and connect");
        return;
    }
    bool done = sim_run(&t->sim, t->sim.now_ns + 3600 * TERN_SECOND_NS, all_closed, t);
    if (!judge(t, done || abort_widows(t), result))
        return;
    tern_tcp_listener_close(listener);
    sim_kick(&t->sim, 1);
    if (!sim_run(&t->sim, t->sim.now_ns + 1000 * TERN_SECOND_NS, is_clean, t)) {
        const char *leak = host_leaks(&t->hosts[0]);
        char text[64];
        snprintf(text, sizeof text, "%s not given back",
                 leak != NULL ? leak : host_leaks(&t->hosts[1]) ? host_leaks(&t->hosts[1]) : "?");
        fail(result, t, 0, text);
    }
}

void transfer_run(uint64_t seed, bool six, bool verbose, const char *pcap,
                  struct transfer_result *result)
{
    struct transfer *t = calloc(1, sizeof *t);
    FILE *f = NULL;
    if (t == NULL)
        abort();
    end_content_init();
    t->six = six;
    memset(result, 0, sizeof *result);
    setup(t, seed);
    if (pcap != NULL && (f = pcap_open(pcap)) != NULL) {
        t->sim.tap = pcap_frame;
        t->sim.tap_user = f;
    }
    uint64_t start_ns = t->sim.now_ns;
    run(t, result);
    result->trace = t->sim.trace;
    for (size_t i = 0; i < t->n_ends; i++)
        result->octets += t->ends[i].n_got;
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
