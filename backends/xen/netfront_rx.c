/* SPDX-License-Identifier: ISC */
/*
 * Frames in (xen/io/netif.h).
 *
 *   receive pages                    private arena
 *   [frame...][...frame][extra] ---> [frame][frame]...  --->  input(batch)
 *    the backend's, while it has      copied once             lent until it returns
 *    a grant on them
 *
 * An answer stands in the ring slot of the request that it answers, whatever it
 * says of itself: extra information takes the place of its id. So the slot's
 * index tells which page it is about. A frame is
 *
 *   answer, then its extras (EXTRA_INFO, then FLAG_MORE), then answers (MORE_DATA)
 *
 * It is gathered answer by answer, each copied once out of the ring; a frame of
 * which some answers have not come yet waits, in private memory.
 */
#include "netfront.h"

#include <string.h>

#include "xen_public.h"

enum { ETH_HDR_LEN = 14 };

/* A frame stands at 2 modulo 16, so that its IP header is aligned. */
enum { ARENA_ALIGN = 16, ARENA_SKEW = 2 };

/* What the next answer is. */
enum { WANT_FIRST, WANT_EXTRA, WANT_MORE, WANT_NONE };

_Static_assert(sizeof(union netif_rx_sring_entry) == 8, "the public header's slot");
_Static_assert(sizeof(struct netif_extra_info) == 8, "the public header's extra");

/* ---- Pages for the backend ------------------------------------------------------ */

/* Posts what pages there are and shows them. */
static void post(struct netfront *nf)
{
    while (nf->n_rx_free > 0 && xen_ring_room(&nf->rx) > 0) {
        uint16_t page = nf->rx_free[--nf->n_rx_free];
        uint32_t index = nf->rx.req_prod;
        union {
            struct netif_rx_request request;
            uint32_t words[2];
        } slot = { .request = { .id = (uint16_t)(index & (XEN_RING_SLOTS - 1)),
                                .gref = nf->pages[page].ref } };
        nf->rx_slot[index & (XEN_RING_SLOTS - 1)] = page;
        xen_ring_store(xen_ring_slot(&nf->rx, index, sizeof slot), slot.words, 2);
        nf->rx.req_prod++;
    }
    if (xen_ring_publish(&nf->rx))
        netfront_notify(nf, 1);
}

void netfront_rx_start(struct netfront *nf)
{
    nf->n_parts = 0;
    nf->rx_want = WANT_FIRST;
    post(nf);
}

static void give(struct netfront *nf, uint16_t page)
{
    nf->rx_free[nf->n_rx_free++] = page;
}

/* ---- One frame ------------------------------------------------------------------- */

static bool breached(struct netfront *nf, enum netfront_breach breach)
{
    netfront_breached(nf, breach);
    return false;
}

/*
 * Extra information: only of segments, only once a frame, only if we said that
 * we understand it.
 */
static bool take_extra(struct netfront *nf, const struct netif_extra_info *extra)
{
    if (extra->type != XEN_NETIF_EXTRA_TYPE_GSO || nf->config.no_gso || nf->gso != TERN_GSO_NONE)
        return breached(nf, NETFRONT_BREACH_RX_EXTRA);
    if ((extra->flags & ~XEN_NETIF_EXTRA_FLAG_MORE) != 0)
        return breached(nf, NETFRONT_BREACH_RX_EXTRA);
    uint8_t type = extra->u.gso.type;
    if (extra->u.gso.size == 0 ||
        (type != XEN_NETIF_GSO_TYPE_TCPV4 && type != XEN_NETIF_GSO_TYPE_TCPV6))
        return breached(nf, NETFRONT_BREACH_RX_GSO);
    nf->gso = type == XEN_NETIF_GSO_TYPE_TCPV4 ? TERN_GSO_TCP4 : TERN_GSO_TCP6;
    nf->gso_size = extra->u.gso.size;
    if ((extra->flags & XEN_NETIF_EXTRA_FLAG_MORE) == 0)
        nf->rx_want = nf->rx_more ? WANT_MORE : WANT_NONE;
    return true;
}

static bool take_data(struct netfront *nf, const struct netif_rx_response *rsp, uint16_t page)
{
    const unsigned known =
        NETRXF_data_validated | NETRXF_csum_blank | NETRXF_more_data | NETRXF_extra_info;
    bool first = nf->rx_want == WANT_FIRST;
    if ((rsp->flags & ~known) != 0 || (!first && (rsp->flags & NETRXF_extra_info) != 0))
        return breached(nf, NETFRONT_BREACH_RX_FLAGS);
    /* Negative is a failure, of any kind: Linux hands on what the hypervisor says of a copy. */
    uint32_t off = rsp->offset, len = rsp->status >= 0 ? (uint32_t)rsp->status : 0;
    if (off > XEN_PAGE_LEN || len > XEN_PAGE_LEN - off)
        return breached(nf, NETFRONT_BREACH_RX_EXTENT);
    if (first) {
        nf->rx_flags = (uint8_t)rsp->flags;
        nf->n_parts = 0;
        nf->rx_len = 0;
        nf->rx_failed = false;
        nf->gso = TERN_GSO_NONE;
        nf->gso_size = 0;
    }
    if (nf->n_parts == NETFRONT_PARTS)
        return breached(nf, NETFRONT_BREACH_RX_SLOTS);
    if (len > NETFRONT_FRAME_MAX - nf->rx_len)
        return breached(nf, NETFRONT_BREACH_RX_TOO_LONG);
    nf->rx_failed = nf->rx_failed || rsp->status < 0;
    nf->rx_len += len;
    nf->parts[nf->n_parts++] =
        (struct netfront_part){ .page = page, .off = (uint16_t)off, .len = (uint16_t)len };
    nf->rx_more = (rsp->flags & NETRXF_more_data) != 0;
    if ((rsp->flags & NETRXF_extra_info) != 0)
        nf->rx_want = WANT_EXTRA;
    else
        nf->rx_want = nf->rx_more ? WANT_MORE : WANT_NONE;
    return true;
}

/* Takes the next answer. False: a breach. */
static bool take(struct netfront *nf)
{
    uint32_t index = nf->rx.rsp_cons++;
    uint16_t page = nf->rx_slot[index & (XEN_RING_SLOTS - 1)];
    union {
        struct netif_rx_response response;
        struct netif_extra_info extra;
        uint32_t words[2];
    } slot = { .words = { 0 } };
    xen_ring_load(slot.words, xen_ring_slot(&nf->rx, index, sizeof slot), 2);
    if (nf->rx_want != WANT_EXTRA)
        return take_data(nf, &slot.response, page);
    give(nf, page);    /* one page a piece of extra information: it goes straight back */
    return take_extra(nf, &slot.extra);
}

/* True: a whole frame stands in parts. */
static bool gather(struct netfront *nf)
{
    while (nf->rx_want != WANT_NONE) {
        if (nf->rx.rsp_cons == nf->rx.rsp_seen)
            return false;
        if (!take(nf))
            return false;
    }
    return true;
}

bool netfront_rx_waiting(const struct netfront *nf)
{
    return nf->rx_want == WANT_NONE || nf->rx.rsp_cons != nf->rx.rsp_seen;
}

static void copy_parts(const struct netfront *nf, uint8_t *to)
{
    for (uint16_t i = 0; i < nf->n_parts; i++) {
        const struct netfront_part *part = &nf->parts[i];
        memcpy(to, netfront_page_at(nf, part->page) + part->off, part->len);
        to += part->len;
    }
}

/* The frame's pages can be posted again. */
static void release(struct netfront *nf)
{
    for (uint16_t i = 0; i < nf->n_parts; i++)
        give(nf, nf->parts[i].page);
    nf->n_parts = 0;
    nf->rx_want = WANT_FIRST;
}

/*
 * Segments have no checksum of their own yet. Some backends do not say so, and
 * then the field holds the pseudo-header's sum all the same.
 */
static void describe(const struct netfront *nf, struct tern_rx *rx)
{
    rx->gso = nf->gso;
    rx->seg_len = nf->gso_size;
    rx->csum = TERN_CSUM_NONE;
    if ((nf->rx_flags & NETRXF_csum_blank) != 0 || nf->gso != TERN_GSO_NONE)
        rx->csum = TERN_CSUM_PARTIAL;
    else if ((nf->rx_flags & NETRXF_data_validated) != 0)
        rx->csum = TERN_CSUM_VALID;
    rx->hash = 0;
}

/*
 * Copies frames until there are TERN_LINK_BATCH, none is left, or the next does
 * not fit; that one stays gathered. Dropped ones count, so the work is bounded.
 */
size_t netfront_rx_batch(struct netfront *nf)
{
    size_t n = 0, used = 0, arena_len = nf->config.arena_len;
    uint32_t n_there;
    if (nf->state != NETFRONT_CONNECTED || !netfront_sane(nf, xen_ring_look(&nf->rx, &n_there)))
        return 0;
    for (size_t seen = 0; seen < TERN_LINK_BATCH && gather(nf); seen++) {
        size_t len = nf->rx_len;
        if (nf->rx_failed || len < ETH_HDR_LEN) {
            if (nf->rx_failed)
                nf->stats.rx_error++;
            else
                nf->stats.rx_runt++;
            release(nf);
            continue;
        }
        if (len + ARENA_SKEW > arena_len - used)
            break;
        uint8_t *frame = nf->arena + used + ARENA_SKEW;
        copy_parts(nf, frame);
        used += (len + ARENA_SKEW + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
        if (used > arena_len)
            used = arena_len;
        struct tern_rx *rx = &nf->batch[n];
        describe(nf, rx);
        release(nf);
        nf->spans[n] = (struct tern_span){ .data = frame, .len = len };
        rx->spans = &nf->spans[n];
        rx->n_spans = 1;
        nf->stats.rx_frames++;
        nf->stats.rx_octets += len;
        n++;
    }
    /* The backend fills them anew while the stack works on the copies. */
    if (nf->state == NETFRONT_CONNECTED)
        post(nf);
    return n;
}
