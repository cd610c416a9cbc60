/* SPDX-License-Identifier: ISC */
/*
 * The frontend's side of a shared ring.
 */
#include "xen_ring.h"

#include "xen_public.h"

enum { REQ_PROD = 0, REQ_EVENT = 1, RSP_PROD = 2, RSP_EVENT = 3 };

_Static_assert(offsetof(struct netif_tx_sring, req_prod) == 4 * REQ_PROD, "ring.h");
_Static_assert(offsetof(struct netif_tx_sring, req_event) == 4 * REQ_EVENT, "ring.h");
_Static_assert(offsetof(struct netif_tx_sring, rsp_prod) == 4 * RSP_PROD, "ring.h");
_Static_assert(offsetof(struct netif_tx_sring, rsp_event) == 4 * RSP_EVENT, "ring.h");
_Static_assert(offsetof(struct netif_tx_sring, ring) == 64, "ring.h");
_Static_assert(64 + XEN_RING_SLOTS * sizeof(union netif_tx_sring_entry) <= XEN_PAGE_LEN, "ring.h");

void xen_ring_init(struct xen_ring *r, void *page)
{
    *r = (struct xen_ring){ .shared = page };
    r->shared[REQ_PROD] = r->shared[RSP_PROD] = 0;
    r->shared[REQ_EVENT] = r->shared[RSP_EVENT] = 1;
}

bool xen_ring_publish(struct xen_ring *r)
{
    uint32_t old = r->req_shown;
    if (old == r->req_prod)
        return false;
    xen_wmb();    /* requests before the index that covers them */
    r->shared[REQ_PROD] = r->req_prod;
    r->req_shown = r->req_prod;
    xen_mb();     /* the index before the look at what the backend wants */
    return (uint32_t)(r->req_prod - r->shared[REQ_EVENT]) < (uint32_t)(r->req_prod - old);
}

enum xen_ring_look xen_ring_look(struct xen_ring *r, uint32_t *n)
{
    uint32_t prod = r->shared[RSP_PROD];
    uint32_t there = prod - r->rsp_cons;
    *n = 0;
    /* Free-running: what lies before rsp_cons is a huge number here. */
    if (there > r->req_shown - r->rsp_cons)
        return XEN_RING_TOO_MANY;
    if (there < r->rsp_seen - r->rsp_cons)
        return XEN_RING_BACKWARDS;
    xen_rmb();    /* the index before the answers that it covers */
    r->rsp_seen = prod;
    *n = there;
    return XEN_RING_SANE;
}

bool xen_ring_is_unseen(const struct xen_ring *r)
{
    return r->req_shown != 0 && r->shared[RSP_PROD] == 0 && r->shared[REQ_EVENT] == 1;
}

enum xen_ring_look xen_ring_arm(struct xen_ring *r, uint32_t *n)
{
    r->shared[RSP_EVENT] = r->rsp_cons + 1;
    r->armed = true;
    xen_mb();     /* the wish before the last look */
    return xen_ring_look(r, n);
}
