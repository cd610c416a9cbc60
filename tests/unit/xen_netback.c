/* SPDX-License-Identifier: ISC */
/*
 * A netback: rings, frames both ways, and the rules that a frontend keeps.
 */
#include "xen_netback.h"

#include <stdlib.h>
#include <string.h>

enum { REQ_PROD = 0, REQ_EVENT = 1, RSP_PROD = 2, RSP_EVENT = 3, RING = 256 };

static volatile void *slot_at(volatile uint32_t *ring, uint32_t index, size_t len)
{
    return (volatile uint8_t *)ring + 64 + (index & (RING - 1)) * len;
}

bool netback_connect(struct netback *nb, struct xen_fake *xen, uint16_t domid, uint32_t tx_ref,
                     uint32_t rx_ref, uint32_t port_tx, uint32_t port_rx)
{
    netback_forget(nb);
    bool holds = nb->holds_answers;
    size_t most = nb->groups_most;
    *nb = (struct netback){
        .xen = xen, .domid = domid, .tx_ref = tx_ref, .rx_ref = rx_ref, .port_tx = port_tx,
        .port_rx = port_rx, .holds_answers = holds, .groups_most = most,
    };
    uint8_t *tx = fake_map(xen, domid, tx_ref, true), *rx = fake_map(xen, domid, rx_ref, true);
    if (tx == NULL || rx == NULL || port_tx >= FAKE_PORTS || port_rx >= FAKE_PORTS)
        return false;
    nb->tx = (volatile uint32_t *)(void *)tx;
    nb->rx = (volatile uint32_t *)(void *)rx;
    /* Where a former backend has left off. */
    nb->tx_req_cons = nb->tx_rsp_prod = nb->tx_shown = nb->tx[RSP_PROD];
    nb->rx_req_cons = nb->rx_rsp_prod = nb->rx_shown = nb->rx[RSP_PROD];
    return xen->ports[port_tx].open && xen->ports[port_tx].domid == domid &&
           xen->ports[port_rx].open && xen->ports[port_rx].domid == domid;
}

void netback_disconnect(struct netback *nb)
{
    if (nb->tx != NULL) {
        fake_unmap(nb->xen, nb->tx_ref);
        fake_unmap(nb->xen, nb->rx_ref);
    }
    nb->tx = nb->rx = NULL;
    nb->n_owed = 0;
    memset(nb->id_pending, 0, sizeof nb->id_pending);
}

void netback_forget(struct netback *nb)
{
    for (size_t i = 0; i < nb->n_frames; i++)
        free(nb->frames[i].octets);
    nb->n_frames = 0;
}

/* ---- What the guest sends ---- */

static void tx_load(struct netback *nb, uint32_t words[3])
{
    const volatile uint32_t *p = slot_at(nb->tx, nb->tx_req_cons++, 12);
    for (int i = 0; i < 3; i++)
        words[i] = p[i];
}

static void owe(struct netback *nb, uint16_t id, int16_t status)
{
    FAKE_HOLD(nb->n_owed < 256);
    nb->owed[nb->n_owed].id = id;
    nb->owed[nb->n_owed++].status = status;
}

static size_t group_find(const struct netback *nb, const uint8_t mac[6])
{
    size_t i = 0;
    while (i < nb->n_groups && memcmp(nb->groups[i], mac, 6) != 0)
        i++;
    return i;
}

/* Linux adds what it has once more; a frontend that keeps its books never asks for that. */
static int16_t group_take(struct netback *nb, const struct netif_extra_info *e)
{
    size_t i = group_find(nb, e->u.mcast.addr);
    size_t most = nb->groups_most != 0 ? nb->groups_most : NETBACK_GROUPS;
    FAKE_HOLD((e->u.mcast.addr[0] & 1) != 0);
    if (e->type == XEN_NETIF_EXTRA_TYPE_MCAST_DEL) {
        nb->n_leaves++;
        if (i < nb->n_groups)
            memcpy(nb->groups[i], nb->groups[--nb->n_groups], 6);
        else
            nb->n_strangers++;
        return NETIF_RSP_OKAY;
    }
    FAKE_HOLD(e->type == XEN_NETIF_EXTRA_TYPE_MCAST_ADD && i == nb->n_groups);
    nb->n_joins++;
    if (i >= most) {
        nb->n_groups_refused++;
        return NETIF_RSP_ERROR;
    }
    memcpy(nb->groups[nb->n_groups++], e->u.mcast.addr, 6);
    return NETIF_RSP_OKAY;
}

static bool filters_out(const struct netback *nb, const uint8_t mac[6])
{
    static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    return nb->filters && (mac[0] & 1) != 0 && memcmp(mac, broadcast, 6) != 0 &&
           group_find(nb, mac) == nb->n_groups;
}

/* status: of the request that the extras stand behind. */
static void extras_take(struct netback *nb, struct netback_frame *f, bool *group, int16_t *status)
{
    union { struct netif_extra_info e; uint32_t words[3]; } slot;
    do {
        FAKE_HOLD(nb->tx_req_cons != nb->tx[REQ_PROD]);
        tx_load(nb, slot.words);
        FAKE_HOLD(slot.words[2] == 0);
        f->n_extras++;
        if (slot.e.type == XEN_NETIF_EXTRA_TYPE_GSO) {
            FAKE_HOLD(slot.e.u.gso.size != 0 && slot.e.u.gso.pad == 0 &&
                      slot.e.u.gso.features == 0 && f->gso_size == 0);
            f->gso_type = slot.e.u.gso.type;
            f->gso_size = slot.e.u.gso.size;
        } else {
            *status = group_take(nb, &slot.e);
            *group = true;
        }
    } while ((slot.e.flags & XEN_NETIF_EXTRA_FLAG_MORE) != 0);
}

static void part_take(struct netback *nb, struct netback_frame *f, size_t *at,
                      const struct netif_tx_request *r, size_t len)
{
    FAKE_HOLD((size_t)r->offset + len <= XEN_PAGE_LEN && len > 0);
    FAKE_HOLD(fake_page(nb->xen, nb->domid, r->gref, true) == NULL);
    const uint8_t *page = fake_page(nb->xen, nb->domid, r->gref, false);
    FAKE_HOLD(page != NULL);
    memcpy(f->octets + *at, page + r->offset, len);
    *at += len;
    f->n_requests++;
}

static void id_take(struct netback *nb, const struct netif_tx_request *r)
{
    FAKE_HOLD(r->id < 256 && !nb->id_pending[r->id]);
    nb->id_pending[r->id] = true;
    owe(nb, r->id, nb->tx_status);
}

/* The first request's size is the whole frame's: what the others leave is its own. */
static void frame_take(struct netback *nb)
{
    union { struct netif_tx_request r; uint32_t words[3]; } slot;
    struct netif_tx_request parts[18];
    struct netback_frame f = { 0 };
    bool group = false;
    tx_load(nb, slot.words);
    parts[0] = slot.r;
    id_take(nb, &parts[0]);
    f.flags = parts[0].flags;
    if ((parts[0].flags & NETTXF_extra_info) != 0)
        extras_take(nb, &f, &group, &nb->owed[nb->n_owed - 1].status);
    for (unsigned i = 0; i < f.n_extras; i++)
        owe(nb, 0xdead, NETIF_RSP_NULL);
    if (group) {
        FAKE_HOLD(parts[0].gref == 0 && parts[0].size == 0 && f.n_extras == 1);
        return;
    }
    unsigned n = 1;
    size_t rest = 0;
    while ((parts[n - 1].flags & NETTXF_more_data) != 0) {
        FAKE_HOLD(n < XEN_NETIF_NR_SLOTS_MIN && nb->tx_req_cons != nb->tx[REQ_PROD]);
        tx_load(nb, slot.words);
        parts[n] = slot.r;
        id_take(nb, &parts[n]);
        rest += parts[n++].size;
    }
    FAKE_HOLD(n + f.n_extras <= XEN_NETIF_NR_SLOTS_MIN && parts[0].size >= 14);
    FAKE_HOLD(rest < parts[0].size);
    f.len = parts[0].size;
    f.octets = malloc(f.len);
    size_t at = 0, first = f.len - rest;
    FAKE_HOLD(first == f.len || first >= 256);    /* all headers */
    part_take(nb, &f, &at, &parts[0], first);
    for (unsigned i = 1; i < n; i++)
        part_take(nb, &f, &at, &parts[i], parts[i].size);
    FAKE_HOLD(nb->n_frames < NETBACK_FRAMES);
    nb->frames[nb->n_frames++] = f;
}

size_t netback_take(struct netback *nb)
{
    size_t before = nb->n_frames;
    if (nb->tx == NULL)
        return 0;
    do {
        while (nb->tx_req_cons != nb->tx[REQ_PROD]) {
            FAKE_HOLD(nb->tx[REQ_PROD] - nb->tx_rsp_prod <= RING);
            frame_take(nb);
        }
        nb->tx[REQ_EVENT] = nb->tx_req_cons + 1;
    } while (nb->tx_req_cons != nb->tx[REQ_PROD]);
    if (!nb->holds_answers)
        netback_answer(nb);
    return nb->n_frames - before;
}

void netback_answer(struct netback *nb)
{
    for (unsigned i = 0; i < nb->n_owed; i++) {
        unsigned which = nb->reversed ? nb->n_owed - 1 - i : i;
        netback_tx_answer(nb, nb->owed[which].id, nb->owed[which].status);
        if (nb->owed[which].status != NETIF_RSP_NULL)
            nb->id_pending[nb->owed[which].id] = false;
    }
    nb->n_owed = 0;
    netback_tx_show(nb);
}

/* ---- What the guest receives ---- */

uint32_t netback_rx_posted(const struct netback *nb)
{
    return nb->rx == NULL ? 0 : nb->rx[REQ_PROD] - nb->rx_req_cons;
}

uint8_t *netback_rx_take(struct netback *nb, uint16_t *id)
{
    static uint8_t nowhere[XEN_PAGE_LEN];
    if (netback_rx_posted(nb) == 0 || netback_rx_posted(nb) > RING) {
        *id = 0;
        return nb->lies ? nowhere : NULL;
    }
    const volatile struct netif_rx_request *r = slot_at(nb->rx, nb->rx_req_cons++, 8);
    uint32_t gref = r->gref;
    *id = r->id;
    uint8_t *page = fake_page(nb->xen, nb->domid, gref, true);
    if (nb->lies)
        return page != NULL ? page : nowhere;
    FAKE_HOLD(r->pad == 0 && page != NULL);
    return page;
}

bool netback_deliver(struct netback *nb, const uint8_t *frame, size_t len, uint16_t flags,
                     uint8_t gso_type, uint16_t gso_size)
{
    if (len >= 6 && filters_out(nb, frame)) {
        nb->n_filtered++;
        return true;
    }
    size_t most = nb->rx_slot_max != 0 ? nb->rx_slot_max : XEN_PAGE_LEN;
    size_t first_most = most < XEN_PAGE_LEN - nb->rx_offset ? most : XEN_PAGE_LEN - nb->rx_offset;
    size_t n = 1 + (len > first_most ? (len - first_most + most - 1) / most : 0);
    uint16_t id;
    if (netback_rx_posted(nb) < n + (gso_size != 0)) {
        if (nb->rx != NULL)
            nb->rx[REQ_EVENT] = nb->rx_req_cons + (uint32_t)n + (gso_size != 0);
        return false;
    }
    for (size_t i = 0, at = 0; i < n; i++) {
        uint16_t offset = i == 0 ? nb->rx_offset : 0;
        size_t here = i == 0 ? first_most : most;
        if (here > len - at)
            here = len - at;
        uint8_t *page = netback_rx_take(nb, &id);
        memcpy(page + offset, frame + at, here);
        at += here;
        uint16_t f = (uint16_t)((i == 0 ? flags : 0) | (i + 1 < n ? NETRXF_more_data : 0) |
                                (i == 0 && gso_size != 0 ? NETRXF_extra_info : 0));
        netback_rx_answer(nb, id, offset, f, (int16_t)here);
        if (i == 0 && gso_size != 0) {
            struct netif_extra_info e = { .type = XEN_NETIF_EXTRA_TYPE_GSO };
            e.u.gso.type = gso_type;
            e.u.gso.size = gso_size;
            (void)netback_rx_take(nb, &id);
            netback_rx_extra(nb, e);
        }
    }
    netback_rx_show(nb);
    return true;
}

void netback_rx_answer(struct netback *nb, uint16_t id, uint16_t offset, uint16_t flags,
                       int16_t status)
{
    volatile struct netif_rx_response *r = slot_at(nb->rx, nb->rx_rsp_prod++, 8);
    r->id = id;
    r->offset = offset;
    r->flags = flags;
    r->status = status;
}

void netback_rx_extra(struct netback *nb, struct netif_extra_info extra)
{
    volatile uint8_t *to = slot_at(nb->rx, nb->rx_rsp_prod++, 8);
    const uint8_t *from = (const uint8_t *)&extra;
    for (size_t i = 0; i < sizeof extra; i++)
        to[i] = from[i];
}

/* Shows answers up to prod, and notifies if the guest wants to hear of one among them. */
static void show(struct netback *nb, volatile uint32_t *ring, uint32_t prod, uint32_t *shown,
                 uint32_t port)
{
    uint32_t old = *shown;
    if (ring == NULL)
        return;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    ring[RSP_PROD] = prod;
    *shown = prod;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if ((uint32_t)(prod - ring[RSP_EVENT]) < (uint32_t)(prod - old))
        fake_raise(nb->xen, port);
}

void netback_rx_show(struct netback *nb)
{
    show(nb, nb->rx, nb->rx_rsp_prod, &nb->rx_shown, nb->port_rx);
}

void netback_tx_answer(struct netback *nb, uint16_t id, int16_t status)
{
    volatile struct netif_tx_response *r = slot_at(nb->tx, nb->tx_rsp_prod++, 12);
    r->id = id;
    r->status = status;
}

void netback_tx_show(struct netback *nb)
{
    show(nb, nb->tx, nb->tx_rsp_prod, &nb->tx_shown, nb->port_tx);
}
