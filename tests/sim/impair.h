/* SPDX-License-Identifier: ISC */
/*
 * A link filter that makes the network bad: loss, duplication, corruption,
 * extra delay, and reordering by unequal delay, in each direction. It uses one
 * link and provides one; the stack cannot tell. Frames that are delayed are
 * held in the filter and move on in impair_poll, which the loop calls (the
 * simulator, or the loop of a test on a TAP device), never inside a turn.
 */
#ifndef TERN_TESTS_IMPAIR_H
#define TERN_TESTS_IMPAIR_H

#include "sim.h"

#define IMPAIR_HELD 512

struct impair_rates {
    uint32_t loss_ppm, duplicate_ppm, corrupt_ppm, truncate_ppm;
    uint32_t delay_ppm;           /* how many frames get an extra delay */
    uint64_t delay_max_ns;        /* uniform in 0..max: reorders */
    uint32_t full_ppm;            /* tx_slot says FULL though the link has room */
};

struct impair_held {
    uint64_t at_ns, number;
    uint8_t *frame;
    uint32_t len;
    struct tern_tx tx;
    struct tern_rx rx;
    bool inward;
};

struct impair {
    struct tern_link link;            /* what the stack sees */
    struct tern_link *below;
    struct impair_rates out, in;
    struct sim_random random;
    struct impair_held held[IMPAIR_HELD];
    size_t n_held;
    uint64_t n_made;
    uint8_t *slot;
    uint64_t now_ns;
    bool owes_room;
    uint64_t n_lost, n_duplicated, n_corrupted, n_delayed, n_full;
};

/* Puts the filter over `below`. Attach &impair->link to the stack afterwards. */
void impair_init(struct impair *impair, struct tern_link *below, uint64_t seed);
void impair_free(struct impair *impair);

/* Lets held frames go whose time has come. Returns the next deadline, the stack's included. */
uint64_t impair_poll(struct impair *impair, uint64_t now_ns, uint64_t stack_deadline_ns);

/* When the next held frame is due, TERN_NEVER: none is held. */
uint64_t impair_deadline(const struct impair *impair);

#endif
