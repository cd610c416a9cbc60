/* SPDX-License-Identifier: ISC */
/*
 * A link for tests: it keeps the frames that the stack sends, may refuse
 * slots, and hands frames up in whatever form a test wants.
 *
 *     static struct fake_link wire;
 *     fake_link_init(&wire, 1500, 0);
 *     tern_net_attach(&net, &wire.link);
 *     fake_link_input(&wire, frame, frame_len, now_ns);
 *     const struct fake_frame *sent = fake_link_take(&wire);
 */
#ifndef TERN_TESTS_FAKE_LINK_H
#define TERN_TESTS_FAKE_LINK_H

#include <tern/link.h>

#define FAKE_LINK_FRAMES 256u
#define FAKE_LINK_FRAME_CAP (65536u + 64u)
#define FAKE_LINK_LENT 8u

/* A frame that was sent, with what the stack said of it. */
struct fake_frame {
    size_t len;
    bool csum_partial;
    uint8_t gso;
    uint16_t csum_start, csum_off, seg_len, hdr_len;
    uint8_t data[FAKE_LINK_FRAME_CAP];
};

struct fake_link {
    struct tern_link link;
    struct fake_frame frames[FAKE_LINK_FRAMES];    /* a ring: n_sent % FAKE_LINK_FRAMES is next */
    size_t n_sent, n_taken;
    bool full;              /* refuse every slot */
    size_t full_after;      /* refuse once so many more are lent; SIZE_MAX: never */
    size_t n_lent;          /* slots that are neither committed nor given back */
    size_t n_given_back, n_flushes, n_refused;
    bool owes_room;
    uint8_t groups[TERN_LINK_GROUPS][6];    /* of the last call, */
    size_t n_groups, n_groups_calls;
    bool all_groups;                        /* which may have said: all */
    struct fake_frame lent[FAKE_LINK_LENT];
    bool lent_used[FAKE_LINK_LENT];
};

/* MAC 02:00:00:00:00:01, up, with these offloads; slots of 65,550 with TSO or USO. */
void fake_link_init(struct fake_link *f, uint16_t mtu, uint16_t offloads);

/* The oldest frame not taken, or NULL. Valid until 256 more are sent. */
const struct fake_frame *fake_link_take(struct fake_link *f);

/* Forgets what was sent. */
void fake_link_clear(struct fake_link *f);

/* Hands up one frame (copied to a heap block of exactly its size), in one span. */
uint64_t fake_link_input(struct fake_link *f, const uint8_t *frame, size_t len, uint64_t now_ns);

/* The same with spans cut at first, first + step, first + 2 * step, ... */
uint64_t fake_link_input_spans(struct fake_link *f, const uint8_t *frame, size_t len,
                               size_t first, size_t step, uint64_t now_ns);

/* The same with the driver's word on checksum and segmentation. */
uint64_t fake_link_input_as(struct fake_link *f, const uint8_t *frame, size_t len, uint8_t csum,
                            uint8_t gso, uint16_t seg_len, uint64_t now_ns);

/* Slots are free again: pays what the driver owes. */
uint64_t fake_link_room(struct fake_link *f, uint64_t now_ns);

#endif
