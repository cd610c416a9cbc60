/* SPDX-License-Identifier: ISC */
/*
 * Received datagrams: checked, threaded on their endpoint, delivered in its
 * visit in batches, copied to blocks when they outlive their turn. And ICMP
 * errors, believed only about a peer that was written to of late.
 */
#include "udp_internal.h"

#include <string.h>

#define BATCH 16u

/* ---- Which endpoint ----------------------------------------------------- */

static bool has_joined(const struct tern_udp_endpoint *ep, const struct tern_addr *group)
{
    for (size_t i = 0; i < sizeof ep->groups / sizeof ep->groups[0]; i++)
        if (tern_addr_equal(&ep->groups[i].group, group))
            return true;
    return false;
}

static bool is_group(const struct tern_addr *addr)
{
    return tern_addr_is_v4(addr) ? addr->octets[12] >> 4 == 0xe : addr->octets[0] == 0xff;
}

/* How well an endpoint fits; 0: not at all. An address of its own beats any, a link no link. */
static unsigned fit(const struct tern_udp_endpoint *ep, const struct tern_addr *dst, uint16_t port,
                    uint8_t link)
{
    if (ep->local.port != port || (ep->local.link != 0 && ep->local.link != link + 1))
        return 0;
    bool any = udp_addr_any_v4(&ep->local.addr) ? tern_addr_is_v4(dst)
                                                : tern_addr_is_any(&ep->local.addr);
    if (is_group(dst))
        any = any && has_joined(ep, dst);
    if (!any && !tern_addr_equal(&ep->local.addr, dst))
        return 0;
    return 1u + (any ? 0 : 2u) + (ep->local.link != 0 ? 1u : 0);
}

static struct tern_udp_endpoint *find(struct tern_udp *udp, const struct tern_addr *dst,
                                      uint16_t port, uint8_t link)
{
    struct tern_udp_endpoint *best = NULL;
    unsigned best_fit = 0;
    uint32_t i = udp->buckets[port % (sizeof udp->buckets / sizeof udp->buckets[0])];
    for (; i != 0; i = udp->config.endpoints[i - 1].hash_next) {
        unsigned f = fit(&udp->config.endpoints[i - 1], dst, port, link);
        if (f > best_fit) {
            best_fit = f;
            best = &udp->config.endpoints[i - 1];
        }
    }
    return best;
}

/* ---- A lent datagram, in its frame's scratch ---------------------------- */

enum { SCRATCH_NEXT, SCRATCH_WHERE };

static struct tern_rx *rx_next(const struct tern_rx *rx)
{
    return (struct tern_rx *)(uintptr_t)rx->scratch[SCRATCH_NEXT];
}

/* Offsets of the headers: extension headers make IPv6's go up to 270. */
static uint64_t where_pack(const struct tern_net_packet *pkt, size_t len)
{
    size_t l3_off = pkt->l4_off - pkt->l3_len;
    return (uint64_t)len << 32 | (uint64_t)pkt->multicast << 31 | (uint64_t)pkt->link << 24 |
           (uint64_t)pkt->l4_off << 8 | l3_off;
}

static size_t udp_off(uint64_t where)
{
    return (size_t)(where >> 8 & 0xffff);
}

/* What the network header says: RFC 791 section 3.1, RFC 8200 section 3. */
static void dgram_from(struct tern_dgram *d, const uint8_t *l3)
{
    if (l3[0] >> 4 == 4) {
        d->peer.addr = tern_addr_v4(tern_load_be32(l3 + 12));
        d->local.addr = tern_addr_v4(tern_load_be32(l3 + 16));
        d->ecn = l3[1] & 3;
        d->hop_limit = l3[8];
        return;
    }
    memcpy(d->peer.addr.octets, l3 + 8, 16);
    memcpy(d->local.addr.octets, l3 + 24, 16);
    d->ecn = l3[1] >> 4 & 3;
    d->hop_limit = l3[7];
}

/* The datagram as the application sees it; data is set by the caller. */
static void dgram_make(struct tern_dgram *d, const struct tern_rx *rx)
{
    uint64_t where = rx->scratch[SCRATCH_WHERE];
    const uint8_t *udp = rx->spans[0].data + udp_off(where);
    uint16_t link = (uint16_t)((where >> 24 & 0x7f) + 1);
    memset(d, 0, sizeof *d);
    dgram_from(d, rx->spans[0].data + (where & 0xff));
    d->peer.port = tern_load_be16(udp + UDP_SRC_PORT);
    d->local.port = tern_load_be16(udp + UDP_DST_PORT);
    d->flags = where >> 31 & 1 ? TERN_DGRAM_MULTICAST : 0;
    d->link = link;
    d->len = (size_t)(where >> 32);
    if (rx->gso == TERN_GSO_UDP && rx->seg_len < d->len)
        d->seg_len = rx->seg_len;
}

static size_t payload_off(const struct tern_rx *rx)
{
    return udp_off(rx->scratch[SCRATCH_WHERE]) + UDP_HDR_LEN;
}

/* ---- Keeping ------------------------------------------------------------ */

/* Copies a datagram to a block of the endpoint's, bounded in number and by fairness. */
static void keep(struct tern_udp *udp, struct tern_udp_endpoint *ep, const struct tern_rx *rx)
{
    struct tern_dgram d;
    struct tern_block_pool *blocks = udp->net->blocks;
    struct tern_block *block = NULL;
    dgram_make(&d, rx);
    if (ep->n_kept < udp->config.max_kept && blocks->data_cap >= sizeof d &&
        d.len <= blocks->data_cap - sizeof d && tern_block_fair(blocks, ep->n_kept))
        block = tern_block_take(blocks);
    if (block == NULL) {
        udp->stats.in_no_room++;
        return;
    }
    memcpy(block->data, &d, sizeof d);
    tern_rx_copy(rx, payload_off(rx), block->data + sizeof d, d.len);
    if (ep->kept_first == NULL)
        ep->kept_first = block;
    else
        ep->kept_last->next = block;
    ep->kept_last = block;
    ep->n_kept++;
}

void tern_udp_put_away(struct tern_net *net, void *context)
{
    struct tern_udp *udp = context;
    (void)net;
    while (udp->lent_first != 0) {
        struct tern_udp_endpoint *ep = &udp->config.endpoints[udp->lent_first - 1];
        udp->lent_first = ep->lent_next;
        ep->flags &= ~(uint32_t)UDP_LENT;
        for (struct tern_rx *rx = ep->rx_first; rx != NULL; rx = rx_next(rx))
            keep(udp, ep, rx);
        ep->rx_first = ep->rx_last = NULL;
    }
}

void tern_udp_received_drop(struct tern_udp *udp, struct tern_udp_endpoint *ep)
{
    for (struct tern_rx *rx = ep->rx_first; rx != NULL; rx = rx_next(rx))
        udp->stats.in_closed++;
    ep->rx_first = ep->rx_last = NULL;
    while (ep->kept_first != NULL) {
        struct tern_block *block = ep->kept_first;
        ep->kept_first = block->next;
        tern_block_give(udp->net->blocks, block);
        udp->stats.in_closed++;
    }
    ep->n_kept = 0;
}

/* ---- Input -------------------------------------------------------------- */

static void thread(struct tern_udp *udp, struct tern_udp_endpoint *ep, struct tern_rx *rx)
{
    rx->scratch[SCRATCH_NEXT] = 0;
    if (ep->rx_first == NULL)
        ep->rx_first = rx;
    else
        ep->rx_last->scratch[SCRATCH_NEXT] = (uint64_t)(uintptr_t)rx;
    ep->rx_last = rx;
    if (!(ep->flags & UDP_LENT)) {
        ep->flags |= UDP_LENT;
        ep->lent_next = udp->lent_first;
        udp->lent_first = udp_index(udp, ep) + 1;
    }
    tern_udp_ready(udp, ep);
}

static bool sum_ok(const struct tern_net *net, const struct tern_net_packet *pkt, size_t len)
{
    /* RFC 768: the sender made none. Of IPv6 it has to (RFC 8200 section 8.1). */
    if (tern_load_be16(pkt->l4 + UDP_CHECKSUM) == 0)
        return tern_addr_is_v4(&pkt->src);
    if (len == pkt->l4_len)
        return tern_net_packet_sum_ok(net, pkt);
    struct tern_net_packet shorter = *pkt;
    shorter.l4_len = len;
    return tern_net_packet_sum_ok(net, &shorter);
}

void tern_udp_input(struct tern_net *net, void *context, const struct tern_net_packet *pkt)
{
    struct tern_udp *udp = context;
    struct tern_udp_view v;
    udp->stats.in_dgrams++;
    switch (tern_udp_view_init(&v, pkt->l4, pkt->l4_contig, pkt->l4_len)) {
    case TERN_OK:
        break;
    case TERN_TRUNCATED:
        udp->stats.in_short++;
        return;
    default:
        udp->stats.in_bad_len++;
        return;
    }
    uint16_t port = tern_load_be16(v.hdr + UDP_DST_PORT);
    if (port == 0) {
        udp->stats.in_port_zero++;
        return;
    }
    if (!sum_ok(net, pkt, v.len)) {
        udp->stats.in_bad_checksum++;
        return;
    }
    struct tern_udp_endpoint *ep = find(udp, &pkt->dst, port, pkt->link);
    if (ep == NULL) {
        udp->stats.in_no_port++;
        tern_net_network(net, pkt->network)
            ->port_unreachable(net, net->networks[pkt->network].context, pkt);
        return;
    }
    size_t len = v.len - UDP_HDR_LEN;
    struct tern_rx *rx = pkt->rx;
    rx->scratch[SCRATCH_WHERE] = where_pack(pkt, len);
    if (pkt->l4_contig >= v.len) {
        thread(udp, ep, rx);
    } else {
        /* It lies in several spans, and an application wants one. */
        keep(udp, ep, rx);
        tern_udp_ready(udp, ep);
    }
}

/* ---- Errors ------------------------------------------------------------- */

static enum tern_err error_meaning(struct tern_net *net, const struct tern_net_error *error)
{
    const struct tern_net_network_ops *ops = tern_net_network(net, error->network);
    void *context = net->networks[error->network].context;
    if (error->kind == TERN_NET_ERROR_PORT)
        return TERN_REFUSED;
    if (error->kind != TERN_NET_ERROR_TOO_BIG)
        return TERN_UNREACHABLE;
    uint16_t before = ops->mtu(net, context, &error->src, &error->dst);
    ops->set_mtu(net, context, &error->dst, error->mtu);
    return ops->mtu(net, context, &error->src, &error->dst) < before ? TERN_FULL : TERN_OK;
}

/*
 * RFC 5927: anyone can send such an error; who can also name the port of ours
 * and a peer that it wrote to of late is believed. It ends nothing: the
 * application hears of it.
 */
void tern_udp_error(struct tern_net *net, struct tern_udp *udp,
                    const struct tern_net_error *error)
{
    uint16_t src_port = tern_load_be16(error->l4 + UDP_SRC_PORT);
    uint16_t dst_port = tern_load_be16(error->l4 + UDP_DST_PORT);
    uint32_t key = tern_udp_peer_key(udp, &error->dst, dst_port);
    struct tern_udp_endpoint *ep = find(udp, &error->src, src_port, error->link);
    bool known = false;
    for (size_t i = 0; ep != NULL && i < sizeof ep->sent_keys / sizeof ep->sent_keys[0]; i++)
        known |= ep->sent_keys[i] == key;
    if (!known) {
        udp->stats.errors_unmatched++;
        return;
    }
    udp->stats.errors_in++;
    enum tern_err why = error_meaning(net, error);
    if (why == TERN_OK)
        return;
    if (ep->flags & UDP_ERROR)
        udp->stats.errors_lost++;    /* the application hears of the latest */
    ep->error.why = why;
    ep->error.peer = (struct tern_endpoint_addr){ .addr = error->dst, .port = dst_port };
    ep->flags |= UDP_ERROR;
    tern_udp_ready(udp, ep);
}

/* ---- The visit ---------------------------------------------------------- */

/* Hands over a batch; false: the endpoint was closed in the call. */
static bool deliver(struct tern_udp *udp, struct tern_udp_endpoint *ep, struct tern_dgram *d,
                    size_t n)
{
    uint32_t generation = ep->generation;
    if (ep->endpoint.events == NULL || ep->endpoint.events->received == NULL) {
        udp->stats.in_no_room += n;
        return true;
    }
    udp->stats.in_delivered += n;
    ep->endpoint.events->received(&ep->endpoint, d, n);
    return ep->generation == generation;
}

static bool deliver_kept(struct tern_udp *udp, struct tern_udp_endpoint *ep)
{
    struct tern_dgram d[BATCH];
    while (ep->kept_first != NULL) {
        struct tern_block *first = ep->kept_first, *at = first;
        size_t n = 0;
        for (; at != NULL && n < BATCH; at = at->next, n++) {
            memcpy(&d[n], at->data, sizeof d[n]);
            d[n].data = at->data + sizeof d[n];
        }
        ep->kept_first = at;
        ep->n_kept -= (uint32_t)n;
        bool open = deliver(udp, ep, d, n);
        while (first != at) {
            struct tern_block *next = first->next;
            tern_block_give(udp->net->blocks, first);
            first = next;
        }
        if (!open)
            return false;
    }
    return true;
}

static bool deliver_lent(struct tern_udp *udp, struct tern_udp_endpoint *ep)
{
    struct tern_dgram d[BATCH];
    while (ep->rx_first != NULL) {
        struct tern_rx *rx = ep->rx_first;
        size_t n = 0;
        for (; rx != NULL && n < BATCH; rx = rx_next(rx), n++) {
            dgram_make(&d[n], rx);
            d[n].data = rx->spans[0].data + payload_off(rx);
        }
        ep->rx_first = rx;
        if (!deliver(udp, ep, d, n))
            return false;
    }
    return true;
}

void tern_udp_visit(struct tern_net *net, void *context, uint32_t index)
{
    struct tern_udp *udp = context;
    struct tern_udp_endpoint *ep = &udp->config.endpoints[index];
    uint32_t generation = ep->generation, flags = ep->flags;
    (void)net;
    ep->flags &= ~(uint32_t)(UDP_READY | UDP_ERROR | UDP_ROOM);
    /* One that was closed meanwhile has neither news nor datagrams. */
    const struct tern_endpoint_events *events = ep->endpoint.events;
    if (flags & UDP_ERROR && events != NULL && events->failed != NULL) {
        struct tern_dgram quoted = { .peer = ep->error.peer, .local = ep->local };
        events->failed(&ep->endpoint, &quoted, ep->error.why);
        if (ep->generation != generation)
            return;
    }
    if (!deliver_kept(udp, ep) || !deliver_lent(udp, ep))
        return;
    if (flags & UDP_ROOM && events != NULL && events->room != NULL)
        events->room(&ep->endpoint);
}
