/* SPDX-License-Identifier: ISC */
/* The impairment filter: what happens to each frame, and the frames held back. */
#include "impair.h"

#include <stdlib.h>
#include <string.h>

static uint8_t *copy_of(const uint8_t *frame, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, frame, len);
    return copy;
}

/*
 * Changes one octet, which the Internet checksum always notices; of two it
 * would miss some (a bit that goes up and the same that goes down elsewhere).
 */
static void corrupt(struct impair *im, uint8_t *frame, size_t len)
{
    frame[sim_random_below(&im->random, (uint32_t)len)] ^=
        (uint8_t)(1 + sim_random_below(&im->random, 255));
    im->n_corrupted++;
}

static void send_below(struct impair *im, const struct tern_tx *meta, const uint8_t *frame,
                       size_t len)
{
    struct tern_tx tx;
    if (im->below->ops->tx_slot(im->below, len, &tx) != TERN_OK)
        return;    /* the queue of a bad network overflows */
    memcpy(tx.data, frame, len);
    tx.csum_partial = meta->csum_partial;
    tx.gso = meta->gso;
    tx.csum_start = meta->csum_start;
    tx.csum_off = meta->csum_off;
    tx.seg_len = meta->seg_len;
    tx.hdr_len = meta->hdr_len;
    im->below->ops->tx_commit(im->below, &tx, len);
}

static void hold(struct impair *im, const struct impair_rates *rates, const struct tern_tx *tx,
                 const struct tern_rx *rx, const uint8_t *frame, size_t len)
{
    if (im->n_held == IMPAIR_HELD)
        return;
    struct impair_held *h = &im->held[im->n_held++];
    *h = (struct impair_held){
        .at_ns = im->now_ns + 1 + sim_random_u64(&im->random) % (rates->delay_max_ns + 1),
        .number = im->n_made++, .frame = copy_of(frame, len), .len = (uint32_t)len,
        .inward = rx != NULL,
    };
    if (tx != NULL)
        h->tx = *tx;
    if (rx != NULL)
        h->rx = *rx;
    im->n_delayed++;
}

static enum tern_err out_slot(struct tern_link *link, size_t len, struct tern_tx *tx)
{
    struct impair *im = TERN_CONTAINER_OF(link, struct impair, link);
    if (!im->below->up)
        return TERN_UNREACHABLE;
    if (len > link->slot_max)
        return TERN_UNSUPPORTED;
    if (sim_random_ppm(&im->random, im->out.full_ppm)) {
        im->owes_room = true;
        im->n_full++;
        return TERN_FULL;
    }
    *tx = (struct tern_tx){ .data = im->slot, .cap = link->slot_max };
    return TERN_OK;
}

static void out_commit(struct tern_link *link, struct tern_tx *tx, size_t len)
{
    struct impair *im = TERN_CONTAINER_OF(link, struct impair, link);
    if (len == 0)
        return;
    if (sim_random_ppm(&im->random, im->out.loss_ppm)) {
        im->n_lost++;
        return;
    }
    unsigned copies = 1;
    if (sim_random_ppm(&im->random, im->out.duplicate_ppm)) {
        copies = 2;
        im->n_duplicated++;
    }
    for (unsigned i = 0; i < copies; i++) {
        if (sim_random_ppm(&im->random, im->out.delay_ppm))
            hold(im, &im->out, tx, NULL, tx->data, len);
        else
            send_below(im, tx, tx->data, len);
    }
}

static void out_flush(struct tern_link *link)
{
    struct impair *im = TERN_CONTAINER_OF(link, struct impair, link);
    im->below->ops->flush(im->below);
}

static void out_groups(struct tern_link *link, const uint8_t *macs, size_t n)
{
    struct impair *im = TERN_CONTAINER_OF(link, struct impair, link);
    if (im->below->ops->groups != NULL)
        im->below->ops->groups(im->below, macs, n);
}

static const struct tern_link_ops out_ops = { out_slot, out_commit, out_flush, out_groups };

static size_t flatten(const struct tern_rx *rx, uint8_t *to, size_t cap)
{
    size_t len = 0;
    for (size_t i = 0; i < rx->n_spans; i++) {
        if (rx->spans[i].len > cap - len)
            return 0;
        memcpy(to + len, rx->spans[i].data, rx->spans[i].len);
        len += rx->spans[i].len;
    }
    return len;
}

/* A corrupted frame loses what the device had said of its checksum. */
static bool spoil(struct impair *im, struct tern_rx *rx)
{
    bool plain = rx->gso == TERN_GSO_NONE && rx->csum != TERN_CSUM_PARTIAL;
    if (!plain || rx->n_spans != 1 || rx->spans[0].len == 0)
        return false;
    if (sim_random_ppm(&im->random, im->in.corrupt_ppm)) {
        corrupt(im, rx->spans[0].data, rx->spans[0].len);
        rx->csum = TERN_CSUM_NONE;
        return true;
    }
    if (sim_random_ppm(&im->random, im->in.truncate_ppm)) {
        rx->spans[0].len = sim_random_below(&im->random, (uint32_t)rx->spans[0].len) + 1;
        rx->csum = TERN_CSUM_NONE;
        return true;
    }
    return false;
}

uint64_t impair_deadline(const struct impair *im)
{
    uint64_t at_ns = TERN_NEVER;
    for (size_t i = 0; i < im->n_held; i++)
        if (im->held[i].at_ns < at_ns)
            at_ns = im->held[i].at_ns;
    return at_ns;
}

/* The stack's next deadline, or the filter's own where that comes first. */
static uint64_t next_deadline(const struct impair *im, uint64_t stack_ns)
{
    uint64_t own_ns = im->owes_room ? im->now_ns : impair_deadline(im);
    return own_ns < stack_ns ? own_ns : stack_ns;
}

/* Passes on what of the batch survives, in one batch. */
static uint64_t in_input(struct tern_link *below, struct tern_rx *rx, size_t n_rx,
                         uint64_t now_ns)
{
    struct impair *im = below->user;
    struct tern_rx keep[TERN_LINK_BATCH];
    size_t n = 0;
    im->now_ns = now_ns;
    for (size_t i = 0; i < n_rx && n < TERN_LINK_BATCH; i++) {
        if (sim_random_ppm(&im->random, im->in.loss_ppm)) {
            im->n_lost++;
            continue;
        }
        spoil(im, &rx[i]);
        if (sim_random_ppm(&im->random, im->in.delay_ppm)) {
            size_t len = flatten(&rx[i], im->slot, SIM_FRAME_CAP);
            if (len > 0)
                hold(im, &im->in, NULL, &rx[i], im->slot, len);
            continue;
        }
        keep[n++] = rx[i];
    }
    return next_deadline(im, tern_link_input(&im->link, keep, n, now_ns));
}

static uint64_t in_room(struct tern_link *below, uint64_t now_ns)
{
    struct impair *im = below->user;
    im->now_ns = now_ns;
    im->owes_room = false;
    return next_deadline(im, tern_link_tx_room(&im->link, now_ns));
}

static uint64_t in_changed(struct tern_link *below, uint64_t now_ns)
{
    struct impair *im = below->user;
    im->link.up = below->up;
    im->link.mtu = below->mtu;
    return tern_link_changed(&im->link, now_ns);
}

static const struct tern_link_events in_events = { in_input, in_room, in_changed };

void impair_init(struct impair *im, struct tern_link *below, uint64_t seed)
{
    memset(im, 0, sizeof *im);
    im->link = *below;
    im->link.ops = &out_ops;
    im->link.events = NULL;
    im->below = below;
    im->random.state = seed;
    im->slot = malloc(SIM_FRAME_CAP);
    if (im->slot == NULL)
        abort();
    below->events = &in_events;
    below->user = im;
}

void impair_free(struct impair *im)
{
    for (size_t i = 0; i < im->n_held; i++)
        free(im->held[i].frame);
    free(im->slot);
}

/* Takes the earliest held frame that is due; false: none is. */
static bool take_due(struct impair *im, struct impair_held *out)
{
    size_t best = im->n_held;
    for (size_t i = 0; i < im->n_held; i++) {
        const struct impair_held *h = &im->held[i];
        if (h->at_ns > im->now_ns)
            continue;
        if (best == im->n_held || h->at_ns < im->held[best].at_ns ||
            (h->at_ns == im->held[best].at_ns && h->number < im->held[best].number))
            best = i;
    }
    if (best == im->n_held)
        return false;
    *out = im->held[best];
    im->held[best] = im->held[--im->n_held];
    return true;
}

uint64_t impair_poll(struct impair *im, uint64_t now_ns, uint64_t stack_deadline_ns)
{
    uint64_t next_ns = stack_deadline_ns;
    struct impair_held h;
    im->now_ns = now_ns;
    while (take_due(im, &h)) {
        if (h.inward) {
            struct tern_span span = { h.frame, h.len };
            h.rx.spans = &span;
            h.rx.n_spans = 1;
            next_ns = tern_link_input(&im->link, &h.rx, 1, now_ns);
            memset(h.frame, 0xdd, h.len);
        } else {
            send_below(im, &h.tx, h.frame, h.len);
            im->below->ops->flush(im->below);
        }
        free(h.frame);
    }
    if (im->owes_room) {
        im->owes_room = false;
        next_ns = tern_link_tx_room(&im->link, now_ns);
    }
    return next_deadline(im, next_ns);
}
