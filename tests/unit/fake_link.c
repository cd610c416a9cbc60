/* SPDX-License-Identifier: ISC */
/*
 * The link for tests. Every frame goes up in memory of exactly its length, so
 * that a sanitizer sees the first octet read past it.
 */
#include "fake_link.h"

#include <stdlib.h>
#include <string.h>

static struct fake_link *of(struct tern_link *link)
{
    return TERN_CONTAINER_OF(link, struct fake_link, link);
}

static enum tern_err fake_tx_slot(struct tern_link *link, size_t len, struct tern_tx *tx)
{
    struct fake_link *f = of(link);
    if (!link->up)
        return TERN_UNREACHABLE;
    size_t i = 0;
    while (i < FAKE_LINK_LENT && f->lent_used[i])
        i++;
    if (f->full || f->full_after == 0 || i == FAKE_LINK_LENT || len == 0 ||
        len > link->slot_max) {
        f->n_refused++;
        f->owes_room = true;
        return TERN_FULL;
    }
    if (f->full_after != SIZE_MAX)
        f->full_after--;
    f->lent_used[i] = true;
    f->n_lent++;
    /* What the stack does not write shows. */
    memset(f->lent[i].data, 0xa5, len);
    memset(tx, 0, sizeof *tx);
    tx->data = f->lent[i].data;
    tx->cap = len;
    tx->driver[0] = i;
    return TERN_OK;
}

static void fake_tx_commit(struct tern_link *link, struct tern_tx *tx, size_t len)
{
    struct fake_link *f = of(link);
    size_t i = (size_t)tx->driver[0];
    if (i >= FAKE_LINK_LENT || !f->lent_used[i] || len > tx->cap)
        abort();    /* the stack broke the contract */
    f->lent_used[i] = false;
    f->n_lent--;
    if (len == 0) {
        f->n_given_back++;
        return;
    }
    struct fake_frame *to = &f->frames[f->n_sent++ % FAKE_LINK_FRAMES];
    to->len = len;
    to->csum_partial = tx->csum_partial;
    to->gso = tx->gso;
    to->csum_start = tx->csum_start;
    to->csum_off = tx->csum_off;
    to->seg_len = tx->seg_len;
    to->hdr_len = tx->hdr_len;
    memcpy(to->data, f->lent[i].data, len);
    memset(to->data + len, 0x5a, len + 16 < FAKE_LINK_FRAME_CAP ? 16 : 0);
}

static void fake_flush(struct tern_link *link)
{
    of(link)->n_flushes++;
}

static void fake_groups(struct tern_link *link, const uint8_t *macs, size_t n)
{
    struct fake_link *f = of(link);
    f->n_groups_calls++;
    f->all_groups = macs == NULL;
    f->n_groups = macs == NULL ? 0 : n;
    if (f->n_groups > TERN_LINK_GROUPS)
        abort();    /* the stack broke the contract */
    for (size_t i = 0; i < f->n_groups; i++) {
        memcpy(f->groups[i], macs + 6 * i, 6);
        for (size_t k = 0; k < i; k++)
            if (memcmp(f->groups[k], f->groups[i], 6) == 0)
                abort();
    }
}

static const struct tern_link_ops fake_ops = {
    .tx_slot = fake_tx_slot,
    .tx_commit = fake_tx_commit,
    .flush = fake_flush,
    .groups = fake_groups,
};

void fake_link_init(struct fake_link *f, uint16_t mtu, uint16_t offloads)
{
    static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
    memset(f, 0, sizeof *f);
    f->full_after = SIZE_MAX;
    f->link.ops = &fake_ops;
    f->link.mtu = mtu;
    f->link.offloads = offloads;
    f->link.slot_max = mtu + 18u;
    if (offloads & (TERN_OFFLOAD_TX_TSO4 | TERN_OFFLOAD_TX_USO))
        f->link.slot_max = 65550;
    memcpy(f->link.mac, mac, 6);
    f->link.up = true;
    f->link.name = "fake";
}

const struct fake_frame *fake_link_take(struct fake_link *f)
{
    if (f->n_sent - f->n_taken > FAKE_LINK_FRAMES)
        f->n_taken = f->n_sent - FAKE_LINK_FRAMES;
    if (f->n_taken == f->n_sent)
        return NULL;
    return &f->frames[f->n_taken++ % FAKE_LINK_FRAMES];
}

void fake_link_clear(struct fake_link *f)
{
    f->n_taken = f->n_sent;
}

#define SPANS_MAX 256u

static uint64_t input(struct fake_link *f, const uint8_t *frame, size_t len, size_t first,
                      size_t step, struct tern_rx rx, uint64_t now_ns)
{
    struct tern_span spans[SPANS_MAX];
    size_t n = 0;
    for (size_t off = 0; off < len || n == 0;) {
        size_t piece = n == 0 ? first : step;
        if (piece > len - off || n == SPANS_MAX - 1)
            piece = len - off;
        uint8_t *data = malloc(piece > 0 ? piece : 1);
        if (data == NULL)
            abort();
        if (piece > 0)
            memcpy(data, frame + off, piece);
        spans[n++] = (struct tern_span){ .data = data, .len = piece };
        off += piece;
    }
    rx.spans = spans;
    rx.n_spans = (uint16_t)n;
    uint64_t next_ns = tern_link_input(&f->link, &rx, 1, now_ns);
    for (size_t i = 0; i < n; i++)
        free(spans[i].data);
    return next_ns;
}

uint64_t fake_link_input(struct fake_link *f, const uint8_t *frame, size_t len, uint64_t now_ns)
{
    return input(f, frame, len, len, len, (struct tern_rx){ 0 }, now_ns);
}

uint64_t fake_link_input_spans(struct fake_link *f, const uint8_t *frame, size_t len,
                               size_t first, size_t step, uint64_t now_ns)
{
    return input(f, frame, len, first, step, (struct tern_rx){ 0 }, now_ns);
}

uint64_t fake_link_input_as(struct fake_link *f, const uint8_t *frame, size_t len, uint8_t csum,
                            uint8_t gso, uint16_t seg_len, uint64_t now_ns)
{
    struct tern_rx rx = { .csum = csum, .gso = gso, .seg_len = seg_len };
    return input(f, frame, len, len, len, rx, now_ns);
}

uint64_t fake_link_room(struct fake_link *f, uint64_t now_ns)
{
    f->full = false;
    f->full_after = SIZE_MAX;
    if (!f->owes_room)
        return TERN_NEVER;
    f->owes_room = false;
    return tern_link_tx_room(&f->link, now_ns);
}
