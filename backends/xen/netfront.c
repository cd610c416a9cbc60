/* SPDX-License-Identifier: ISC */
/*
 * The network device: its memory, its connection to a backend, and the loop's
 * side of it.
 */
#include "netfront.h"

#include <string.h>

enum { ETH_AND_TAG = 18, SHORT_MTU = 1500 };
enum { PORT_TX = 0, PORT_RX = 1 };

/* Why it was stopped, in the order of enum netfront_breach. */
static const char breach_texts[] =
    "more answers than requests\0"
    "an index moved backwards\0"
    "a sent frame's id lies outside the ring\0"
    "answered what was not asked\0"
    "a sent frame's status does not exist\0"
    "an empty answer without an extra\0"
    "a received frame leaves its page\0"
    "flags that were not agreed on\0"
    "a received frame has too many slots\0"
    "extra information that was not agreed on\0"
    "segments of no size or of an unknown kind\0"
    "a received frame is too long\0";

const char *netfront_breach_text(enum netfront_breach breach)
{
    return xen_text_at(breach_texts, breach);
}

struct netfront_config netfront_config_for(uint64_t memory_len)
{
    if (memory_len < UINT64_C(12) << 20)    /* 0.7 MiB */
        return (struct netfront_config){
            .n_rx = 64, .n_tx = 24, .n_tx_long = 3, .arena_len = 128u << 10,
        };
    if (memory_len < UINT64_C(48) << 20)    /* 1.2 MiB */
        return (struct netfront_config){
            .n_rx = 128, .n_tx = 48, .n_tx_long = 4, .arena_len = NETFRONT_ARENA,
        };
    return (struct netfront_config){ 0 };    /* 1.9 MiB */
}

/* ---- Memory ------------------------------------------------------------------ */

static enum tern_err config_check(struct netfront_config *c)
{
    if (c->n_rx == 0)
        c->n_rx = XEN_RING_SLOTS;
    if (c->n_tx == 0)
        c->n_tx = 48;
    if (c->n_tx_long == 0)
        c->n_tx_long = 6;
    if (c->arena_len == 0)
        c->arena_len = NETFRONT_ARENA;
    if (c->n_rx < 32 || c->n_rx > XEN_RING_SLOTS || c->n_tx > XEN_RING_SLOTS ||
        c->n_tx < NETFRONT_LONG_PAGES || c->n_tx_long > 12 || c->arena_len < NETFRONT_ARENA_LEAST)
        return TERN_INVALID;
    return TERN_OK;
}

enum tern_err netfront_init(struct netfront *nf, struct xen_env *env, struct gnttab *grants,
                            const struct netfront_config *config)
{
    memset(nf, 0, sizeof *nf);
    if (config != NULL)
        nf->config = *config;
    if (config_check(&nf->config) != TERN_OK)
        return TERN_INVALID;
    nf->env = env;
    nf->grants = grants;
    nf->link.ops = &netfront_link_ops;
    nf->link.name = "vif 0";
    nf->link.mtu = SHORT_MTU;
    nf->link.slot_max = SHORT_MTU + ETH_AND_TAG;
    nf->n_any = (uint16_t)(2 + nf->config.n_rx);
    nf->n_short = nf->config.n_tx;
    nf->n_pages =
        (uint16_t)(nf->n_any + nf->n_short + nf->config.n_tx_long * NETFRONT_LONG_PAGES);
    size_t n_slots = 2u * nf->n_short + nf->config.n_tx_long;
    nf->io = env->carve_io(env, (size_t)nf->n_pages * XEN_PAGE_LEN);
    nf->pages = env->carve(env, nf->n_pages * sizeof *nf->pages, _Alignof(struct netfront_page));
    nf->arena = env->carve(env, nf->config.arena_len, 16);
    nf->tx_free = env->carve(env, 2u * nf->n_short * sizeof *nf->tx_free, _Alignof(uint16_t));
    nf->tx_long_free =
        env->carve(env, nf->config.n_tx_long * sizeof *nf->tx_long_free, _Alignof(uint16_t));
    nf->tx_pending = env->carve(env, n_slots, 1);
    if (nf->io == NULL || nf->pages == NULL || nf->arena == NULL || nf->tx_free == NULL ||
        nf->tx_long_free == NULL || nf->tx_pending == NULL)
        return TERN_FULL;
    return TERN_OK;
}

/* ---- Grants -------------------------------------------------------------------- */

/*
 * Nothing is left on a page whose grant has ended: the next backend may be
 * another domain, and a grant is for all 4,096 octets (XSA-403).
 */
static void page_end(struct netfront *nf, uint16_t page)
{
    struct netfront_page *p = &nf->pages[page];
    if (p->ref == GNTTAB_NONE)
        return;
    p->held = gnttab_end(nf->grants, p->ref) != TERN_OK;
    if (p->held)
        return;
    p->ref = GNTTAB_NONE;
    memset(netfront_page_at(nf, page), 0, XEN_PAGE_LEN);
}

static bool page_grant(struct netfront *nf, uint16_t page, bool readonly)
{
    struct netfront_page *p = &nf->pages[page];
    uint32_t frame = nf->env->frame(nf->env, netfront_page_at(nf, page));
    return gnttab_grant(nf->grants, nf->peer.domid, frame, readonly, &p->ref) == TERN_OK;
}

static bool pages_end(struct netfront *nf)
{
    bool held = false;
    for (uint16_t page = 0; page < nf->n_pages; page++) {
        page_end(nf, page);
        held = held || nf->pages[page].held;
    }
    return held;
}

/* Grants the next page that is nobody's, for a ring. */
static bool ring_page(struct netfront *nf, struct xen_ring *ring, uint32_t *ref)
{
    for (uint16_t page = 0; page < nf->n_any; page++) {
        if (nf->pages[page].ref != GNTTAB_NONE)
            continue;
        if (!page_grant(nf, page, false))
            return false;
        xen_ring_init(ring, netfront_page_at(nf, page));
        *ref = nf->pages[page].ref;
        return true;
    }
    return false;
}

static bool pages_grant(struct netfront *nf, struct netfront_keys *keys)
{
    if (!ring_page(nf, &nf->tx, &keys->tx_ref) || !ring_page(nf, &nf->rx, &keys->rx_ref))
        return false;
    nf->n_rx_free = 0;
    for (uint16_t page = 0; page < nf->n_any; page++) {
        if (nf->pages[page].ref != GNTTAB_NONE)
            continue;
        if (!page_grant(nf, page, false))
            return false;
        nf->rx_free[nf->n_rx_free++] = page;
    }
    for (uint16_t page = nf->n_any; page < nf->n_pages; page++)
        if (nf->pages[page].ref == GNTTAB_NONE && !page_grant(nf, page, true))
            return false;
    return nf->n_rx_free >= NETFRONT_RX_LEAST;
}

/* ---- The connection --------------------------------------------------------------- */

static bool port_open(struct netfront *nf, struct netfront_port *port)
{
    *port = (struct netfront_port){ 0 };
    port->open = nf->env->evtchn_alloc(nf->env, nf->peer.domid, &port->event.port) == TERN_OK;
    return port->open;
}

/* A link that says something else than before has to be told of. */
static void link_set(struct netfront *nf, bool up)
{
    if (nf->link.up != up)
        nf->news = true;
    nf->link.up = up;
}

/*
 * What the stack may count on. Where the backend takes blank checksums of one
 * family only, the other's are completed here, so the stack need not ask.
 */
static void link_agree(struct netfront *nf)
{
    struct netfront_peer *peer = &nf->peer;
    if (nf->config.no_gso)
        peer->gso4 = peer->gso6 = false;
    bool tso4 = peer->sg && peer->gso4 && peer->csum4;
    bool tso6 = peer->sg && peer->gso6 && peer->csum6;
    uint16_t offloads = TERN_OFFLOAD_RX_CSUM;
    offloads |= peer->csum4 || peer->csum6 ? TERN_OFFLOAD_TX_CSUM : 0;
    offloads |= tso4 ? TERN_OFFLOAD_TX_TSO4 : 0;
    offloads |= tso6 ? TERN_OFFLOAD_TX_TSO6 : 0;
    offloads |= !nf->config.no_gso ? TERN_OFFLOAD_RX_GRO : 0;
    if (!peer->sg && peer->mtu > SHORT_MTU)    /* a frame has one page, as Linux has it */
        peer->mtu = SHORT_MTU;
    struct tern_link *link = &nf->link;
    nf->news = nf->news || link->offloads != offloads || link->mtu != peer->mtu ||
               memcmp(link->mac, peer->mac, 6) != 0;
    link->offloads = offloads;
    link->mtu = peer->mtu;
    memcpy(link->mac, peer->mac, 6);
    netfront_tx_layout(nf);
    link->slot_max = tso4 || tso6 ? NETFRONT_FRAME_MAX : nf->tx_cap;
}

enum tern_err netfront_open(struct netfront *nf, const struct netfront_peer *peer,
                            struct netfront_keys *keys)
{
    if (nf->state != NETFRONT_CLOSED)
        return TERN_INVALID;
    nf->peer = *peer;
    nf->state = NETFRONT_OPEN;
    (void)pages_end(nf);    /* perhaps what was held is not any more */
    bool ready = pages_grant(nf, keys) && port_open(nf, &nf->ports[PORT_TX]) &&
                 (!peer->split || port_open(nf, &nf->ports[PORT_RX]));
    if (!ready) {
        nf->stats.no_pages++;
        xen_say(nf->env, nf->link.name, "no pages, grants or ports are left for a connection");
        netfront_close(nf);
        return TERN_FULL;
    }
    keys->port_tx = nf->ports[PORT_TX].event.port;
    keys->port_rx = nf->ports[peer->split ? PORT_RX : PORT_TX].event.port;
    nf->epoch++;
    link_agree(nf);
    return TERN_OK;
}

void netfront_go(struct netfront *nf, bool carrier)
{
    if (nf->state != NETFRONT_OPEN)
        return;
    nf->state = NETFRONT_CONNECTED;
    nf->stats.connects++;
    netfront_rx_start(nf);
    nf->carrier = carrier;
    link_set(nf, carrier);
    netfront_groups_begin(nf, true);
    nf->news = true;    /* even if it is the same as before: neighbours have to hear */
}

void netfront_carrier(struct netfront *nf, bool carrier)
{
    nf->carrier = carrier;
    if (nf->state == NETFRONT_CONNECTED && !nf->suspended)
        link_set(nf, carrier);
}

static void ports_close(struct netfront *nf)
{
    for (unsigned i = 0; i < 2; i++) {
        if (nf->ports[i].open)
            nf->env->evtchn_close(nf->env, nf->ports[i].event.port);
        nf->ports[i] = (struct netfront_port){ 0 };
    }
}

void netfront_close(struct netfront *nf)
{
    if (nf->state == NETFRONT_CLOSED)
        return;
    nf->state = NETFRONT_CLOSED;
    nf->epoch++;
    link_set(nf, false);
    ports_close(nf);
    if (pages_end(nf))
        xen_say(nf->env, nf->link.name, "its backend holds pages still: they are kept back");
}

void netfront_breached(struct netfront *nf, enum netfront_breach breach)
{
    if (nf->state != NETFRONT_CONNECTED)
        return;
    nf->state = NETFRONT_BROKEN;
    nf->breaches[breach]++;
    for (unsigned i = 0; i < 2; i++)
        if (nf->ports[i].open)
            nf->env->evtchn_mask(nf->env, nf->ports[i].event.port, true);
    link_set(nf, false);
    xen_say_stopped(nf->env, nf->link.name, xen_text_at(breach_texts, breach));
}

bool netfront_sane(struct netfront *nf, enum xen_ring_look look)
{
    if (look == XEN_RING_SANE)
        return true;
    netfront_breached(nf, look == XEN_RING_TOO_MANY ? NETFRONT_BREACH_PROD
                                                    : NETFRONT_BREACH_BACKWARDS);
    return false;
}

/* ---- Suspend and resume ---------------------------------------------------------------- */

void netfront_suspend(struct netfront *nf)
{
    nf->suspended = true;
}

/*
 * What was cancelled has changed nothing: the rings live, and an event may have
 * been missed only if it was taken, which nobody did. (XSA-465: a teardown that
 * was begun for a suspend which then did not come.)
 */
void netfront_resume(struct netfront *nf, bool cancelled)
{
    bool was = nf->suspended;
    nf->suspended = false;
    if (cancelled) {
        nf->news = nf->news || (was && nf->state == NETFRONT_CONNECTED);
        netfront_carrier(nf, nf->carrier);    /* what it has become meanwhile */
        return;
    }
    /* All grants are void: what was held before is nobody's now. */
    for (uint16_t page = 0; page < nf->n_pages; page++) {
        if (nf->pages[page].ref != GNTTAB_NONE)
            memset(netfront_page_at(nf, page), 0, XEN_PAGE_LEN);
        nf->pages[page] = (struct netfront_page){ .ref = GNTTAB_NONE };
    }
    memset(nf->ports, 0, sizeof nf->ports);
    nf->epoch++;
    nf->state = NETFRONT_CLOSED;
    link_set(nf, false);
}

/* ---- The loop's side ---------------------------------------------------------------------- */

void netfront_notify(struct netfront *nf, unsigned port)
{
    if (!nf->ports[PORT_RX].open)
        port = PORT_TX;
    nf->env->evtchn_notify(nf->env, nf->ports[port].event.port);
}

/* Was the port raised? */
static bool port_take(struct netfront *nf, struct netfront_port *port, uint64_t now_ns)
{
    return port->open && xen_port_take(nf->env, &port->event, now_ns);
}

static void port_account(struct netfront *nf, struct netfront_port *port, bool raised, bool worked,
                         uint64_t now_ns)
{
    nf->stats.storms += xen_port_account(nf->env, &port->event, raised, worked, now_ns);
}

/* Frames gathered, and whether there is room that was owed. Events before the rings. */
static size_t rings_work(struct netfront *nf, uint64_t now_ns, bool *room)
{
    struct netfront_port *tx = &nf->ports[PORT_TX], *rx = &nf->ports[PORT_RX];
    uint32_t tx_before = nf->tx.rsp_cons, rx_before = nf->rx.rsp_cons;
    bool tx_raised = port_take(nf, tx, now_ns), rx_raised = port_take(nf, rx, now_ns);
    if (tx_raised || nf->n_groups_asked > 0)
        (void)netfront_tx_reclaim(nf);
    *room = (nf->tx_owed || nf->tx_long_owed) && netfront_tx_room(nf);
    size_t n = netfront_rx_batch(nf);
    bool tx_worked = nf->tx.rsp_cons != tx_before, rx_worked = nf->rx.rsp_cons != rx_before;
    if (rx->open) {
        port_account(nf, tx, tx_raised, tx_worked, now_ns);
        port_account(nf, rx, rx_raised, rx_worked, now_ns);
    } else {
        port_account(nf, tx, tx_raised, tx_worked || rx_worked, now_ns);
    }
    return n;
}

static bool tell(struct netfront *nf, uint64_t now_ns, uint64_t *deadline_ns)
{
    if (!nf->news)
        return false;
    nf->news = false;
    nf->stats.changes++;
    *deadline_ns = tern_link_changed(&nf->link, now_ns);
    return true;
}

bool netfront_poll(struct netfront *nf, uint64_t now_ns, uint64_t *deadline_ns)
{
    if (nf->suspended)
        return false;
    bool told = tell(nf, now_ns, deadline_ns);
    if (nf->state != NETFRONT_CONNECTED)
        return told;
    bool room;
    size_t n = rings_work(nf, now_ns, &room);
    if (room)
        *deadline_ns = tern_link_tx_room(&nf->link, now_ns);
    if (n > 0) {
        nf->n_deaf = 0;
        nf->stats.rx_batches++;
        *deadline_ns = tern_link_input(&nf->link, nf->batch, n, now_ns);
    }
    netfront_groups_send(nf);
    /* Once more: a breach in this very poll is told at once. */
    return tell(nf, now_ns, deadline_ns) || told || room || n > 0;
}

bool netfront_deaf(struct netfront *nf, uint64_t now_ns)
{
    bool deaf = false;
    if (nf->state != NETFRONT_CONNECTED || nf->suspended || !xen_ring_is_unseen(&nf->tx)) {
        nf->deaf_at_ns = 0;
    } else if (nf->deaf_at_ns == 0) {
        nf->deaf_at_ns = now_ns + (NETFRONT_DEAF_NS << nf->n_deaf);
    } else if (now_ns >= nf->deaf_at_ns) {
        nf->deaf_at_ns = 0;
        nf->n_deaf += nf->n_deaf < NETFRONT_DEAF_MOST;
        deaf = true;
    }
    return deaf;
}

uint64_t netfront_due(const struct netfront *nf)
{
    uint64_t due_ns = TERN_NEVER;
    if (nf->state == NETFRONT_CONNECTED && nf->deaf_at_ns != 0)
        due_ns = nf->deaf_at_ns;
    for (unsigned i = 0; i < 2 && nf->state == NETFRONT_CONNECTED; i++)
        if (xen_port_due(&nf->ports[i].event) < due_ns)
            due_ns = xen_port_due(&nf->ports[i].event);
    return due_ns;
}

bool netfront_idle(struct netfront *nf)
{
    if (nf->suspended)
        return true;
    if (nf->news)
        return false;
    if (nf->state != NETFRONT_CONNECTED)
        return true;
    uint32_t n_rx, n_tx = 0;
    if (netfront_rx_waiting(nf) || !netfront_sane(nf, xen_ring_arm(&nf->rx, &n_rx)))
        return false;
    bool wants_tx = nf->tx_owed || nf->tx_long_owed || netfront_groups_wait(nf);
    if (wants_tx && !netfront_sane(nf, xen_ring_arm(&nf->tx, &n_tx)))
        return false;
    return n_rx == 0 && n_tx == 0;
}
