/* SPDX-License-Identifier: ISC */
/*
 * A ring of 256 requests and answers on one shared page (xen/io/ring.h), the
 * frontend's side:
 *
 *     0  req_prod     ours: requests written
 *     4  req_event    theirs: tell me when req_prod passes this
 *     8  rsp_prod     theirs: answers written
 *    12  rsp_event    ours: tell me when rsp_prod passes this
 *    64  256 slots, each a request and later the answer to some request
 *
 * Indices run freely over 32 bits. Of the page only req_event, rsp_prod and
 * answers are ever read: what is ours is in private memory.
 */
#ifndef TERN_XEN_RING_H
#define TERN_XEN_RING_H

#include "xen.h"

#define XEN_RING_SLOTS 256u

struct xen_ring {
    volatile uint32_t *shared;
    uint32_t req_prod;      /* the next request to write */
    uint32_t req_shown;     /* those before it the backend has been shown */
    uint32_t rsp_cons;      /* the next answer to take */
    uint32_t rsp_seen;      /* those before it are there */
    bool armed;
};

/* What a look at rsp_prod can find. */
enum xen_ring_look {
    XEN_RING_SANE,
    XEN_RING_TOO_MANY,     /* more answers than there are requests */
    XEN_RING_BACKWARDS,    /* fewer than there were before */
};

/* Makes the page (zeroed) an empty ring, both sides of it. */
void xen_ring_init(struct xen_ring *r, void *page);

/* Requests that may still be written, and answers that are owed. */
static inline uint32_t xen_ring_room(const struct xen_ring *r)
{
    return XEN_RING_SLOTS - (r->req_prod - r->rsp_cons);
}

/* The slot of a free-running index, `len` octets long. */
static inline volatile void *xen_ring_slot(const struct xen_ring *r, uint32_t index, size_t len)
{
    return (volatile uint8_t *)r->shared + 64 + (index & (XEN_RING_SLOTS - 1)) * len;
}

/* Copies n words out of shared memory, each once, or into it. */
static inline void xen_ring_load(uint32_t *to, const volatile void *from, size_t n)
{
    const volatile uint32_t *words = from;
    for (size_t i = 0; i < n; i++)
        to[i] = words[i];
}

static inline void xen_ring_store(volatile void *to, const uint32_t *from, size_t n)
{
    volatile uint32_t *words = to;
    for (size_t i = 0; i < n; i++)
        words[i] = from[i];
}

/* Shows the backend what was written. True: it wants to be notified. */
bool xen_ring_publish(struct xen_ring *r);

/*
 * How many answers can be taken now. Reads rsp_prod once; nothing of it is
 * believed unless it is sane.
 */
enum xen_ring_look xen_ring_look(struct xen_ring *r, uint32_t *n);

/*
 * Asks for an event with the next answer and then looks once more, for an
 * answer that came before the wish was seen (RING_FINAL_CHECK_FOR_RESPONSES).
 * An event asked for comes once: without a new wish there is silence.
 */
enum xen_ring_look xen_ring_arm(struct xen_ring *r, uint32_t *n);

/*
 * Was the backend shown requests, and has it neither answered one nor moved its own
 * wish for events from where the ring's making put it? Then it has never looked.
 */
bool xen_ring_is_unseen(const struct xen_ring *r);

#endif
