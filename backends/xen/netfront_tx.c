/* SPDX-License-Identifier: ISC */
/*
 * Frames out (xen/io/netif.h).
 *
 * A slot is a stretch of pages that the backend may only read: half a page for
 * a frame of 1,500 octets, as many pages as it takes for a larger MTU, and 17
 * for an aggregate of 64 KiB. A frame is one request a page, all headers in the
 * first (XSA-423), whose size is the whole frame's; extra information, if any,
 * stands behind the first. Every request has an id of its own, from a list of
 * those that are free, and is answered once.
 *
 * The backend tells of sent frames only when asked: slots come back when none
 * is free, and an event is asked for only while the stack is owed a tx_room.
 */
#include "netfront.h"

#include <string.h>

#include "xen_public.h"

enum { TX_HEAD = NETFRONT_TX_HEAD, HALF = XEN_PAGE_LEN / 2, ETH_AND_TAG = 18 };

_Static_assert(sizeof(union netif_tx_sring_entry) == 12, "the public header's slot");
_Static_assert(NETFRONT_LONG_PAGES + 1 <= XEN_NETIF_NR_SLOTS_MIN, "what every backend takes");

/* ---- Slots ------------------------------------------------------------------------- */

static bool is_long(const struct netfront *nf, uint16_t slot)
{
    return slot >= nf->n_tx_slots;
}

static uint32_t frame_cap(const struct netfront *nf)
{
    return (uint32_t)nf->link.mtu + ETH_AND_TAG + TX_HEAD;
}

/* Pages of a short slot; 0: half of one. */
static uint16_t short_pages(const struct netfront *nf)
{
    uint32_t cap = frame_cap(nf);
    return cap <= HALF ? 0 : (uint16_t)((cap + XEN_PAGE_LEN - 1) / XEN_PAGE_LEN);
}

/* The first page of a slot, and where in it the slot begins. */
static uint16_t slot_page(const struct netfront *nf, uint16_t slot, uint16_t *off)
{
    uint16_t first = nf->n_any, pages = short_pages(nf);
    *off = 0;
    if (is_long(nf, slot))
        return (uint16_t)(first + nf->n_short + (slot - nf->n_tx_slots) * NETFRONT_LONG_PAGES);
    if (pages > 0)
        return (uint16_t)(first + slot * pages);
    *off = (slot & 1) != 0 ? HALF : 0;
    return (uint16_t)(first + slot / 2);
}

static bool slot_usable(const struct netfront *nf, uint16_t slot)
{
    uint16_t off, page = slot_page(nf, slot, &off);
    uint16_t n = is_long(nf, slot) ? NETFRONT_LONG_PAGES : short_pages(nf);
    for (unsigned i = 0; i < (n > 0 ? n : 1u); i++)
        if (nf->pages[page + i].held)
            return false;
    return true;
}

static void slot_give(struct netfront *nf, uint16_t slot)
{
    if (is_long(nf, slot))
        nf->tx_long_free[nf->n_tx_long_free++] = slot;
    else
        nf->tx_free[nf->n_tx_free++] = slot;
}

/* For a new connection: all slots that no former backend holds, all ids. */
void netfront_tx_layout(struct netfront *nf)
{
    uint16_t pages = short_pages(nf);
    nf->n_tx_slots = (uint16_t)(pages > 0 ? nf->n_short / pages : nf->n_short * 2);
    nf->tx_cap = (pages > 0 ? pages * XEN_PAGE_LEN : HALF) - TX_HEAD;
    nf->n_tx_free = nf->n_tx_long_free = 0;
    memset(nf->tx_pending, 0, nf->n_tx_slots + (size_t)nf->config.n_tx_long);
    for (unsigned i = nf->n_tx_slots + (unsigned)nf->config.n_tx_long; i > 0; i--)
        if (slot_usable(nf, (uint16_t)(i - 1)))
            slot_give(nf, (uint16_t)(i - 1));
    nf->n_tx_id_free = 0;
    for (unsigned id = XEN_RING_SLOTS; id > 0; id--) {
        nf->tx_id_pending[id - 1] = false;
        nf->tx_id_free[nf->n_tx_id_free++] = (uint16_t)(id - 1);
    }
    nf->n_tx_extras = nf->tx_reserved = 0;
    nf->n_groups_asked = 0;
}

/* ---- Answers -------------------------------------------------------------------------- */

/*
 * One answer, copied once. An extra's is empty, and its id is whatever stood
 * there; there are as many as extras were sent.
 */
static bool take(struct netfront *nf)
{
    union {
        struct netif_tx_response response;
        uint32_t words[1];
    } slot;
    uint32_t index = nf->tx.rsp_cons;
    xen_ring_load(slot.words, xen_ring_slot(&nf->tx, index, sizeof(union netif_tx_sring_entry)), 1);
    uint16_t id = slot.response.id;
    int16_t status = slot.response.status;
    enum netfront_breach breach;
    if (status == NETIF_RSP_NULL) {
        if (nf->n_tx_extras > 0) {
            nf->n_tx_extras--;
            nf->tx.rsp_cons++;
            return true;
        }
        breach = NETFRONT_BREACH_TX_NULL;
    } else if (status > NETIF_RSP_OKAY || status < NETIF_RSP_DROPPED) {
        breach = NETFRONT_BREACH_TX_STATUS;
    } else if (id >= XEN_RING_SLOTS) {
        breach = NETFRONT_BREACH_TX_ID;
    } else if (!nf->tx_id_pending[id]) {
        breach = NETFRONT_BREACH_TX_PENDING;
    } else {
        uint16_t owner = nf->tx_id_slot[id];
        bool refused = status != NETIF_RSP_OKAY;
        nf->tx_id_pending[id] = false;
        nf->tx_id_free[nf->n_tx_id_free++] = id;
        nf->tx.rsp_cons++;
        if (owner == NETFRONT_NO_SLOT) {
            nf->n_groups_asked--;
            nf->stats.groups_refused += refused;
            return true;
        }
        nf->stats.tx_refused += refused;
        if (--nf->tx_pending[owner] == 0)
            slot_give(nf, owner);
        return true;
    }
    netfront_breached(nf, breach);
    return false;
}

/* Takes all answers that are there. False: a breach. */
bool netfront_tx_reclaim(struct netfront *nf)
{
    uint32_t n;
    if (!netfront_sane(nf, xen_ring_look(&nf->tx, &n)))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!take(nf))
            return false;
    return true;
}

/* ---- Room ------------------------------------------------------------------------------- */

/* Ring slots that nobody has been promised. */
static uint32_t ring_room(const struct netfront *nf)
{
    return xen_ring_room(&nf->tx) - nf->tx_reserved;
}

/* What a frame in such a slot may need of the ring: a request a page, and an extra. */
static uint32_t ring_need(const struct netfront *nf, bool need_long)
{
    uint16_t pages = short_pages(nf);
    return need_long ? NETFRONT_LONG_PAGES + 1u : pages + (pages > 0 ? 1u : 2u);
}

static bool has_room(const struct netfront *nf, bool need_long)
{
    uint16_t n_free = need_long ? nf->n_tx_long_free : nf->n_tx_free;
    return n_free > 0 && ring_room(nf) >= ring_need(nf, need_long);
}

/*
 * Looks for room in a way that cannot miss it: takes answers, asks for an event
 * with the next one, looks again. Each round takes what has come, so there are
 * few.
 */
static bool find_room(struct netfront *nf, bool need_long)
{
    uint32_t n;
    while (!has_room(nf, need_long)) {
        if (!netfront_tx_reclaim(nf))
            return false;
        if (has_room(nf, need_long))
            break;
        if (!netfront_sane(nf, xen_ring_arm(&nf->tx, &n)) || n == 0)
            return false;
    }
    return true;
}

bool netfront_tx_room(struct netfront *nf)
{
    bool room = (nf->tx_owed && find_room(nf, false)) || (nf->tx_long_owed && find_room(nf, true));
    if (!room || nf->state != NETFRONT_CONNECTED)
        return false;
    nf->tx_owed = nf->tx_long_owed = false;
    return true;
}

static enum tern_err full(struct netfront *nf, bool need_long)
{
    *(need_long ? &nf->tx_long_owed : &nf->tx_owed) = true;
    nf->stats.tx_full++;
    return TERN_FULL;
}

static enum tern_err tx_slot(struct tern_link *link, size_t len, struct tern_tx *tx)
{
    struct netfront *nf = TERN_CONTAINER_OF(link, struct netfront, link);
    if (!link->up)    /* it is up only while connected */
        return TERN_UNREACHABLE;
    if (len == 0 || len > link->slot_max)
        return TERN_INVALID;
    bool need_long = len > nf->tx_cap;
    if (nf->suspended)
        return full(nf, need_long);
    if (!find_room(nf, need_long))
        return nf->state == NETFRONT_CONNECTED ? full(nf, need_long) : TERN_UNREACHABLE;
    uint16_t slot =
        need_long ? nf->tx_long_free[--nf->n_tx_long_free] : nf->tx_free[--nf->n_tx_free];
    nf->tx_reserved += ring_need(nf, need_long);
    uint16_t off, page = slot_page(nf, slot, &off);
    *tx = (struct tern_tx){
        .data = netfront_page_at(nf, page) + off + TX_HEAD,
        .cap = need_long ? NETFRONT_FRAME_MAX : nf->tx_cap,
        .driver = { slot, nf->epoch },
    };
    return TERN_OK;
}

/* ---- Checksums --------------------------------------------------------------------------- */

/*
 * A backend finds the checksum itself, from the headers: TCP's and UDP's, right
 * behind an IP header. What kind of frame is it? 4, 6, or 0: it could not.
 */
static unsigned csum_family(const uint8_t *frame, size_t len, const struct tern_tx *tx)
{
    enum { TCP = 6, UDP = 17, TCP_CHECKSUM = 16, UDP_CHECKSUM = 6 };
    unsigned family = 0;
    uint8_t protocol = 0;
    if (len >= 34 && tern_load_be16(frame + 12) == 0x0800 &&
        tx->csum_start == 14u + 4u * (frame[14] & 15u)) {
        protocol = frame[23];
        family = 4;
    } else if (len >= 54 && tern_load_be16(frame + 12) == 0x86dd && tx->csum_start == 54) {
        protocol = frame[20];
        family = 6;
    }
    if ((protocol == TCP && tx->csum_off == TCP_CHECKSUM) ||
        (protocol == UDP && tx->csum_off == UDP_CHECKSUM))
        return family;
    return 0;
}

/* The field holds the pseudo-header's sum; UDP's zero is sent as its complement (RFC 768). */
static void csum_complete(uint8_t *frame, size_t len, const struct tern_tx *tx)
{
    size_t start = tx->csum_start, at = start + tx->csum_off;
    if (at > len || len - at < 2)
        return;
    uint16_t sum = tern_checksum_finish(tern_checksum_add(0, frame + start, len - start));
    tern_store_be16(frame + at, sum != 0 ? sum : 0xffff);
}

/* The flags of the frame's first request, or -1: it cannot be sent. */
static int csum_flags(struct netfront *nf, const struct tern_tx *tx, size_t len)
{
    const int blank = NETTXF_csum_blank | NETTXF_data_validated;
    if (!tx->csum_partial)
        return tx->gso == TERN_GSO_NONE ? 0 : -1;
    unsigned family = csum_family(tx->data, len, tx);
    if ((family == 4 && nf->peer.csum4) || (family == 6 && nf->peer.csum6)) {
        bool fits = tx->gso == TERN_GSO_NONE || tx->gso == (family == 4 ? TERN_GSO_TCP4
                                                                        : TERN_GSO_TCP6);
        return fits ? blank : -1;
    }
    if (tx->gso != TERN_GSO_NONE)
        return -1;
    csum_complete(tx->data, len, tx);
    nf->stats.tx_summed++;
    return 0;
}

/* ---- Requests ------------------------------------------------------------------------------ */

static void request(struct netfront *nf, struct netif_tx_request fields, uint16_t slot)
{
    union {
        struct netif_tx_request request;
        uint32_t words[3];
    } entry = { .request = fields };
    uint16_t id = nf->tx_id_free[--nf->n_tx_id_free];
    entry.request.id = id;
    nf->tx_id_pending[id] = true;
    nf->tx_id_slot[id] = slot;
    xen_ring_store(xen_ring_slot(&nf->tx, nf->tx.req_prod, sizeof entry), entry.words, 3);
    nf->tx.req_prod++;
}

static void extra(struct netfront *nf, struct netif_extra_info fields)
{
    union {
        struct netif_extra_info extra;
        uint32_t words[3];
    } entry = { .words = { 0 } };
    entry.extra = fields;
    xen_ring_store(xen_ring_slot(&nf->tx, nf->tx.req_prod, sizeof entry), entry.words, 3);
    nf->tx.req_prod++;
    nf->n_tx_extras++;
}

/* One request a page. The first one's size is the whole frame's. */
static void send(struct netfront *nf, uint16_t slot, const struct tern_tx *tx, size_t len,
                 int flags)
{
    uint16_t off, page = slot_page(nf, slot, &off);
    off = (uint16_t)(off + TX_HEAD);
    size_t here = XEN_PAGE_LEN - off, left = len;
    nf->tx_pending[slot] = 0;
    for (bool first = true; left > 0; first = false) {
        size_t n = left < here ? left : here;
        struct netif_tx_request r = {
            .gref = nf->pages[page].ref,
            .offset = off,
            .size = (uint16_t)(first ? len : n),
        };
        r.flags = (uint16_t)(first ? flags : 0);
        r.flags |= left > n ? NETTXF_more_data : 0;
        r.flags |= first && tx->gso != TERN_GSO_NONE ? NETTXF_extra_info : 0;
        request(nf, r, slot);
        nf->tx_pending[slot]++;
        if (first && tx->gso != TERN_GSO_NONE) {
            struct netif_extra_info e = { .type = XEN_NETIF_EXTRA_TYPE_GSO };
            e.u.gso.size = tx->seg_len;
            e.u.gso.type = tx->gso == TERN_GSO_TCP4 ? XEN_NETIF_GSO_TYPE_TCPV4
                                                    : XEN_NETIF_GSO_TYPE_TCPV6;
            extra(nf, e);
        }
        left -= n;
        off = 0;
        here = XEN_PAGE_LEN;
        page++;
    }
}

static void tx_commit(struct tern_link *link, struct tern_tx *tx, size_t len)
{
    struct netfront *nf = TERN_CONTAINER_OF(link, struct netfront, link);
    uint16_t slot = (uint16_t)tx->driver[0];
    if (tx->driver[1] != nf->epoch) {    /* its slot is somebody else's by now */
        nf->stats.tx_stale += len > 0;
        return;
    }
    nf->tx_reserved -= ring_need(nf, is_long(nf, slot));
    if (len == 0 || nf->state != NETFRONT_CONNECTED) {
        nf->stats.tx_stale += len > 0;
        slot_give(nf, slot);
        return;
    }
    int flags = csum_flags(nf, tx, len);
    if (flags < 0) {
        nf->stats.tx_bad++;
        slot_give(nf, slot);
        return;
    }
    send(nf, slot, tx, len, flags);
    nf->stats.tx_frames++;
    nf->stats.tx_octets += len;
}

static void flush(struct tern_link *link)
{
    struct netfront *nf = TERN_CONTAINER_OF(link, struct netfront, link);
    if (nf->state == NETFRONT_CONNECTED && !nf->suspended && xen_ring_publish(&nf->tx))
        netfront_notify(nf, 0);
}

const struct tern_link_ops netfront_link_ops = {
    .tx_slot = tx_slot,
    .tx_commit = tx_commit,
    .flush = flush,
    .groups = netfront_groups,
};

/*
 * A request that sends nothing: it carries an address for the backend's list of
 * groups. False: there is no room for it now.
 */
bool netfront_tx_group(struct netfront *nf, const uint8_t group[6], bool join)
{
    if (ring_room(nf) < 2 && (!netfront_tx_reclaim(nf) || ring_room(nf) < 2))
        return false;
    request(nf, (struct netif_tx_request){ .flags = NETTXF_extra_info }, NETFRONT_NO_SLOT);
    nf->n_groups_asked++;
    struct netif_extra_info e = {
        .type = join ? XEN_NETIF_EXTRA_TYPE_MCAST_ADD : XEN_NETIF_EXTRA_TYPE_MCAST_DEL,
    };
    memcpy(e.u.mcast.addr, group, sizeof e.u.mcast.addr);
    extra(nf, e);
    return true;
}
