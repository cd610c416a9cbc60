/* SPDX-License-Identifier: ISC */
/*
 * The store's ring (xen/io/xs_wire.h): 1,024 octets of requests, 1,024 of
 * answers and events. req_prod and rsp_cons are ours and only ever written;
 * req_cons and rsp_prod are the store's, and each is read once a time.
 */
#include "xenstore.h"

#include "xen_public.h"

enum { RING = XENSTORE_RING_SIZE };

_Static_assert(sizeof(struct xenstore_domain_interface) <= XEN_PAGE_LEN, "one page");
_Static_assert(XENSTORE_REPLY_CAP == XENSTORE_PAYLOAD_MAX, "xs_wire.h");
_Static_assert(XENSTORE_MESSAGE_CAP + sizeof(struct xsd_sockmsg) <= RING, "fits as a whole");

void xenstore_ring_take(struct xenstore *xs)
{
    /* Answers to somebody else are skipped; requests of somebody else are left. */
    xs->rsp_prod = xs->rsp_cons = xs->ring->rsp_prod;
    xs->req_cons = xs->ring->req_cons;
    xs->req_prod = xs->ring->req_prod;
    if (xs->req_prod - xs->req_cons > RING)
        xs->req_prod = xs->req_cons;
    xs->ring->rsp_cons = xs->rsp_cons;
    xs->ring->req_prod = xs->req_prod;
    xs->in_len = 0;
}

size_t xenstore_ring_read(struct xenstore *xs, uint8_t *to, size_t cap)
{
    uint32_t prod = xs->ring->rsp_prod;
    uint32_t there = prod - xs->rsp_cons;
    if (there > RING || there < xs->rsp_prod - xs->rsp_cons) {
        xenstore_breached(xs, XENSTORE_BREACH_INDEX);
        return 0;
    }
    xs->rsp_prod = prod;
    xs->was_full = xs->was_full || there == RING;
    xen_rmb();    /* the index before the octets that it covers */
    size_t len = there < cap ? there : cap;
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)xs->ring->rsp[MASK_XENSTORE_IDX(xs->rsp_cons + i)];
    if (len == 0)
        return 0;
    xs->rsp_cons += (uint32_t)len;
    xen_mb();     /* the octets are read before they may be overwritten */
    xs->ring->rsp_cons = xs->rsp_cons;
    return len;
}

bool xenstore_ring_room(struct xenstore *xs, size_t len)
{
    uint32_t cons = xs->ring->req_cons;
    if (xs->req_prod - cons > xs->req_prod - xs->req_cons) {    /* backwards, or beyond */
        xenstore_breached(xs, XENSTORE_BREACH_INDEX);
        return false;
    }
    xs->req_cons = cons;
    return len <= RING - (xs->req_prod - cons);
}

void xenstore_ring_write(struct xenstore *xs, const uint8_t *from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        xs->ring->req[MASK_XENSTORE_IDX(xs->req_prod + i)] = (char)from[i];
    xs->req_prod += (uint32_t)len;
    xen_wmb();    /* the octets before the index that covers them */
    xs->ring->req_prod = xs->req_prod;
}

void xenstore_ring_tell(struct xenstore *xs)
{
    xs->env->evtchn_notify(xs->env, xs->event.port);
}

bool xenstore_ring_ask_reconnect(struct xenstore *xs)
{
    if ((xs->ring->server_features & XENSTORE_SERVER_FEATURE_RECONNECTION) == 0)
        return false;
    xs->ring->connection = XENSTORE_RECONNECT;
    xenstore_ring_tell(xs);
    return true;
}

bool xenstore_ring_is_reconnected(struct xenstore *xs)
{
    return xs->ring->connection == XENSTORE_CONNECTED;
}
