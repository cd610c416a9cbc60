/* SPDX-License-Identifier: ISC */
/* The simulator: a heap of frames under way, and the hosts' deadlines. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* SplitMix64 (Steele, Lea and Flood, 2014): one word of state, good enough to choose. */
uint64_t sim_random_u64(struct sim_random *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint32_t sim_random_below(struct sim_random *r, uint32_t n)
{
    return (uint32_t)((sim_random_u64(r) >> 32) * n >> 32);
}

bool sim_random_ppm(struct sim_random *r, uint32_t ppm)
{
    return ppm != 0 && sim_random_below(r, 1000000) < ppm;
}

static bool event_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->number < b->number;
}

static void heap_push(struct sim *sim, struct sim_event e)
{
    size_t i = sim->n_heap++;
    while (i > 0 && event_before(&e, &sim->heap[(i - 1) / 2])) {
        sim->heap[i] = sim->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    sim->heap[i] = e;
}

static struct sim_event heap_pop(struct sim *sim)
{
    struct sim_event top = sim->heap[0];
    struct sim_event last = sim->heap[--sim->n_heap];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < sim->n_heap; i = child) {
        if (child + 1 < sim->n_heap && event_before(&sim->heap[child + 1], &sim->heap[child]))
            child++;
        if (!event_before(&sim->heap[child], &last))
            break;
        sim->heap[i] = sim->heap[child];
    }
    sim->heap[i] = last;
    return top;
}

static void trace_frame(struct sim *sim, const uint8_t *frame, size_t len)
{
    uint64_t h = sim->trace ^ sim->now_ns;
    for (size_t i = 0; i < len; i++)
        h = (h ^ frame[i]) * UINT64_C(0x100000001b3);
    sim->trace = h;
}

/* The transport checksum that the sender left to the device, completed. */
static void finish_checksum(uint8_t *frame, size_t len, const struct tern_tx *tx)
{
    size_t at = (size_t)tx->csum_start + tx->csum_off;
    if (tx->csum_start >= len || at + 2 > len)
        abort();    /* the stack handed a driver nonsense */
    uint32_t sum = tern_checksum_add(0, frame + tx->csum_start, len - tx->csum_start);
    tern_store_be16(frame + at, tern_checksum_finish(sum));
}

static enum tern_err link_slot(struct tern_link *link, size_t len, struct tern_tx *tx)
{
    struct sim_link *l = TERN_CONTAINER_OF(link, struct sim_link, link);
    if (!link->up)
        return TERN_UNREACHABLE;
    if (len > link->slot_max)
        return TERN_UNSUPPORTED;
    if (l->n_queued >= l->queue_max || l->sim->n_heap >= SIM_EVENTS - 1) {
        l->owes_room = true;
        l->n_full++;
        return TERN_FULL;
    }
    *tx = (struct tern_tx){ .data = l->slot, .cap = link->slot_max };
    return TERN_OK;
}

static void link_commit(struct tern_link *link, struct tern_tx *tx, size_t len)
{
    struct sim_link *l = TERN_CONTAINER_OF(link, struct sim_link, link);
    struct sim *sim = l->sim;
    if (len == 0)
        return;
    if (len > link->slot_max || (tx->gso == TERN_GSO_NONE && len > (size_t)link->mtu + 18))
        abort();
    /* A super-frame crosses whole; its receiver must accept aggregates. */
    if (tx->csum_partial && tx->gso == TERN_GSO_NONE)
        finish_checksum(tx->data, len, tx);
    trace_frame(sim, tx->data, len);
    if (sim->tap != NULL)
        sim->tap(sim->tap_user, sim->now_ns, tx->data, len);
    uint64_t start_ns = l->busy_until_ns > sim->now_ns ? l->busy_until_ns : sim->now_ns;
    l->busy_until_ns = start_ns + (len * l->octet_ns_x1024 >> 10);
    struct sim_event e = {
        .at_ns = l->busy_until_ns + l->delay_ns,
        .number = sim->n_events_made++,
        .to = l->peer,
        .frame = malloc(len),
        .len = (uint32_t)len,
        .seg_len = tx->seg_len,
        .gso = tx->gso,
        .csum = tx->csum_partial ? (tx->gso != TERN_GSO_NONE ? TERN_CSUM_PARTIAL : TERN_CSUM_VALID)
                                 : TERN_CSUM_NONE,
    };
    if (e.frame == NULL)
        abort();
    memcpy(e.frame, tx->data, len);
    heap_push(sim, e);
    l->n_queued++;
    l->n_sent++;
}

static void link_flush(struct tern_link *link)
{
    (void)link;
}

static const struct tern_link_ops link_ops = {
    .tx_slot = link_slot, .tx_commit = link_commit, .flush = link_flush,
};

void sim_init(struct sim *sim, uint64_t seed)
{
    memset(sim, 0, sizeof *sim);
    sim->random.state = seed;
    sim->now_ns = TERN_SECOND_NS;
    sim->trace = UINT64_C(0xcbf29ce484222325);
}

void sim_free(struct sim *sim)
{
    while (sim->n_heap > 0)
        free(heap_pop(sim).frame);
}

static void end_init(struct sim *sim, struct sim_link *l, struct sim_link *peer, uint8_t host,
                     uint16_t mtu, uint16_t offloads)
{
    bool tso = (offloads & TERN_OFFLOAD_TX_TSO4) != 0;
    *l = (struct sim_link){
        .link = { .ops = &link_ops, .mtu = mtu, .offloads = offloads, .up = true,
                  .slot_max = tso ? SIM_FRAME_CAP : (uint32_t)mtu + 18,
                  .mac = { 2, 0, 0, 0, 1, (uint8_t)(host + 1) }, .name = "sim" },
        .sim = sim, .peer = peer, .host = host, .queue_max = 1000,
        .delay_ns = TERN_MILLISECOND_NS,
    };
    l->slot = malloc(SIM_FRAME_CAP);
    if (l->slot == NULL)
        abort();
}

void sim_cable(struct sim *sim, struct sim_link *a, uint8_t host_a, struct sim_link *b,
               uint8_t host_b, uint16_t mtu, uint16_t offloads)
{
    end_init(sim, a, b, host_a, mtu, offloads);
    end_init(sim, b, a, host_b, mtu, offloads);
}

void sim_uncable(struct sim_link *a, struct sim_link *b)
{
    free(a->slot);
    free(b->slot);
}

uint8_t sim_add_host(struct sim *sim, uint64_t (*poll)(void *host, uint64_t now_ns),
                     void (*after)(void *host), void *host)
{
    if (sim->n_hosts == SIM_HOSTS)
        abort();
    sim->hosts[sim->n_hosts] = (struct sim_host){ .poll = poll, .after = after, .host = host };
    return (uint8_t)sim->n_hosts++;
}

void sim_inject(struct sim *sim, struct sim_link *to, const uint8_t *frame, size_t len)
{
    struct sim_event e = { .at_ns = sim->now_ns + to->delay_ns, .number = sim->n_events_made++,
                           .to = to, .frame = malloc(len), .len = (uint32_t)len,
                           .csum = TERN_CSUM_NONE };
    if (e.frame == NULL)
        abort();
    if (sim->n_heap >= SIM_EVENTS - 1) {
        free(e.frame);
        return;
    }
    memcpy(e.frame, frame, len);
    trace_frame(sim, frame, len);
    if (sim->tap != NULL)
        sim->tap(sim->tap_user, sim->now_ns, frame, len);
    heap_push(sim, e);
    to->peer->n_queued++;
}

void sim_kick(struct sim *sim, uint8_t host)
{
    sim->hosts[host].deadline_ns = sim->now_ns;
}

static void host_ran(struct sim_host *h, uint64_t deadline_ns)
{
    h->deadline_ns = deadline_ns;
    if (h->after != NULL)
        h->after(h->host);
}

/*
 * Cuts the frame at random places into spans, the first with at least the
 * headers, as mergeable buffers and netfront's pages do.
 */
static uint16_t cut_spans(struct sim *sim, const struct sim_event *e, struct tern_span *spans)
{
    size_t first = e->len < TERN_LINK_HEADER_LEAST ? e->len : TERN_LINK_HEADER_LEAST;
    uint16_t n = 0;
    size_t at = 0;
    while (at < e->len && n < 3) {
        size_t left = e->len - at, least = n == 0 ? first : 1;
        size_t len = least + sim_random_below(&sim->random, (uint32_t)(left - least) + 1);
        spans[n++] = (struct tern_span){ e->frame + at, len };
        at += len;
    }
    if (at < e->len)
        spans[n++] = (struct tern_span){ e->frame + at, e->len - at };
    return n;
}

/* Delivers the batch of frames that are due now at one end, up to a random size. */
static void deliver(struct sim *sim)
{
    struct sim_event batch[16];
    struct tern_rx rx[16];
    struct tern_span spans[16][4];
    size_t n = 0, most = 1 + sim_random_below(&sim->random, 16);
    struct sim_link *to = sim->heap[0].to;
    while (n < most && sim->n_heap > 0 && sim->heap[0].to == to &&
           sim->heap[0].at_ns <= sim->now_ns) {
        batch[n] = heap_pop(sim);
        struct sim_event *e = &batch[n];
        bool cut = sim_random_below(&sim->random, 4) == 0;
        spans[n][0] = (struct tern_span){ e->frame, e->len };
        rx[n] = (struct tern_rx){ .spans = spans[n],
                                  .n_spans = cut ? cut_spans(sim, e, spans[n]) : 1,
                                  .seg_len = e->seg_len, .gso = e->gso, .csum = e->csum };
        e->to->peer->n_queued--;
        n++;
    }
    struct sim_host *h = &sim->hosts[to->host];
    if (to->link.up)
        host_ran(h, tern_link_input(&to->link, rx, n, sim->now_ns));
    for (size_t i = 0; i < n; i++) {
        memset(batch[i].frame, 0xdd, batch[i].len);    /* it was lent: nobody may look now */
        free(batch[i].frame);
    }
    struct sim_link *from = to->peer;
    if (from->owes_room) {
        from->owes_room = false;
        host_ran(&sim->hosts[from->host], tern_link_tx_room(&from->link, sim->now_ns));
    }
}

/* A paused host (a virtual machine that was not scheduled) gets its frames late. */
static bool put_off(struct sim *sim)
{
    struct sim_host *h = &sim->hosts[sim->heap[0].to->host];
    if (h->paused_until_ns <= sim->now_ns)
        return false;
    struct sim_event e = heap_pop(sim);
    e.at_ns = h->paused_until_ns;
    heap_push(sim, e);
    return true;
}

static uint64_t host_due(const struct sim_host *h)
{
    if (h->deadline_ns == TERN_NEVER)
        return TERN_NEVER;
    return h->deadline_ns > h->paused_until_ns ? h->deadline_ns : h->paused_until_ns;
}

bool sim_run(struct sim *sim, uint64_t until_ns, bool (*done)(void *user), void *user)
{
    while (!done(user)) {
        uint64_t at_ns = sim->n_heap > 0 ? sim->heap[0].at_ns : TERN_NEVER;
        struct sim_host *due = NULL;
        for (size_t i = 0; i < sim->n_hosts; i++)
            if (host_due(&sim->hosts[i]) < at_ns) {
                due = &sim->hosts[i];
                at_ns = host_due(due);
            }
        if (at_ns == TERN_NEVER || at_ns > until_ns)
            return done(user);
        if (at_ns > sim->now_ns)
            sim->now_ns = at_ns;
        if (due != NULL)
            host_ran(due, due->poll(due->host, sim->now_ns));
        else if (!put_off(sim))
            deliver(sim);
    }
    return true;
}
