/* SPDX-License-Identifier: ISC */
/*
 * The other side of netfront. Honest, it answers what it is sent, holds the
 * guest to the protocol's rules, and delivers frames over as many slots as it
 * takes. Its single steps are there too, for one that is not honest.
 */
#ifndef TERN_TESTS_XEN_NETBACK_H
#define TERN_TESTS_XEN_NETBACK_H

#include "xen_fake.h"

enum { NETBACK_FRAMES = 512, NETBACK_GROUPS = 64 };

/* A frame that the guest sent, put together. */
struct netback_frame {
    uint8_t *octets;
    size_t len;
    uint16_t flags;              /* of its first request */
    uint8_t gso_type;
    uint16_t gso_size;
    unsigned n_requests, n_extras;
};

struct netback {
    struct xen_fake *xen;
    uint16_t domid;
    uint32_t tx_ref, rx_ref, port_tx, port_rx;
    volatile uint32_t *tx, *rx;              /* the shared pages; NULL: not connected */
    uint32_t tx_req_cons, tx_rsp_prod, tx_shown;
    uint32_t rx_req_cons, rx_rsp_prod, rx_shown;
    bool holds_answers;                      /* takes frames and does not answer yet */
    bool lies;                               /* what stands in the ring may be its own work */
    bool reversed;                           /* answers a round in reverse order */
    int16_t tx_status;                       /* what it answers */
    struct { uint16_t id; int16_t status; } owed[256];
    unsigned n_owed;
    bool id_pending[256];
    struct netback_frame frames[NETBACK_FRAMES];
    size_t n_frames;
    bool filters;                            /* request-multicast-control was 1 */
    uint8_t groups[NETBACK_GROUPS][6];
    size_t n_groups;
    size_t groups_most;                      /* refuses more than so many; 0: NETBACK_GROUPS */
    unsigned n_joins, n_leaves, n_groups_refused;
    unsigned n_strangers;                    /* left, and never joined */
    unsigned n_filtered;                     /* frames to groups that it did not deliver */
    uint16_t rx_offset;                      /* where in the first page it puts a frame */
    uint16_t rx_slot_max;                    /* octets it puts in a page at most; 0: all */
};

/* Maps the rings, as a backend does that has read these keys. False: it cannot. */
bool netback_connect(struct netback *nb, struct xen_fake *xen, uint16_t domid, uint32_t tx_ref,
                     uint32_t rx_ref, uint32_t port_tx, uint32_t port_rx);
void netback_disconnect(struct netback *nb);
void netback_forget(struct netback *nb);    /* the frames */

/* Takes all that was sent and, unless holds_answers, answers it. Returns how many frames. */
size_t netback_take(struct netback *nb);
/* Gives the answers that it owes. */
void netback_answer(struct netback *nb);

/*
 * Delivers a frame, unless it filters and has not been told of the group that it is
 * to; flags as NETRXF_*, gso_size 0 for none. False: the guest has not posted pages
 * enough.
 */
bool netback_deliver(struct netback *nb, const uint8_t *frame, size_t len, uint16_t flags,
                     uint8_t gso_type, uint16_t gso_size);

/* ---- Steps ---- */

uint32_t netback_rx_posted(const struct netback *nb);
/* The next posted page; its id and reference. NULL: there is none. */
uint8_t *netback_rx_take(struct netback *nb, uint16_t *id);
/* Writes the next answer, or extra, without showing it. */
void netback_rx_answer(struct netback *nb, uint16_t id, uint16_t offset, uint16_t flags,
                       int16_t status);
void netback_rx_extra(struct netback *nb, struct netif_extra_info extra);
void netback_rx_show(struct netback *nb);
void netback_tx_answer(struct netback *nb, uint16_t id, int16_t status);
void netback_tx_show(struct netback *nb);

#endif
