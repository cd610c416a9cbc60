/* SPDX-License-Identifier: ISC */
/*
 * Sending datagrams: written once, into the driver's slot behind their
 * headers, summed on the way or by the device. What cannot go so (a neighbour
 * not yet known, a payload above the MTU) takes the network layer's send,
 * which copies or cuts.
 */
#include "udp_internal.h"

#include <string.h>

/* ---- Waiting for room --------------------------------------------------- */

static void wait_join(struct tern_udp *udp, struct tern_udp_endpoint *ep, uint32_t *list)
{
    if (ep->wait_list != NULL || list == NULL)
        return;
    ep->wait_list = list;
    ep->wait_next = *list;
    *list = udp_index(udp, ep) + 1;
}

void tern_udp_wait_leave(struct tern_udp *udp, struct tern_udp_endpoint *ep)
{
    if (ep->wait_list == NULL)
        return;
    uint32_t *at = ep->wait_list;
    while (*at != udp_index(udp, ep) + 1)
        at = &udp->config.endpoints[*at - 1].wait_next;
    *at = ep->wait_next;
    ep->wait_list = NULL;
}

/* The list is last in, first out; they are told in the order in which they came. */
void tern_udp_wake(struct tern_net *net, void *context, uint32_t *list, enum tern_err why)
{
    struct tern_udp *udp = context;
    uint32_t reversed = 0;
    (void)net;
    (void)why;    /* with a dead neighbour another try says so */
    while (*list != 0) {
        struct tern_udp_endpoint *ep = &udp->config.endpoints[*list - 1];
        uint32_t next = ep->wait_next;
        ep->wait_next = reversed;
        reversed = *list;
        *list = next;
    }
    while (reversed != 0) {
        struct tern_udp_endpoint *ep = &udp->config.endpoints[reversed - 1];
        reversed = ep->wait_next;
        ep->wait_list = NULL;
        ep->flags |= UDP_ROOM;
        tern_udp_ready(udp, ep);
    }
}

/* ---- One datagram's way ------------------------------------------------- */

struct sending {
    struct tern_net_out out;
    struct tern_addr src;
    const struct tern_net_network_ops *ops;
    void *context;
    uint16_t mtu;
};

static bool can_leave_from(const struct tern_addr *a)
{
    bool v4 = tern_addr_is_v4(a);
    return !udp_addr_any(a) && !(v4 ? a->octets[12] >= 0xe0 : a->octets[0] == 0xff);
}

/* The source: what the caller says if it is ours, the bound address, or by route. */
static enum tern_err source_choose(struct tern_udp_endpoint *ep, const struct tern_dgram *to,
                                   struct sending *s)
{
    struct tern_net *net = ep->net;
    if (can_leave_from(&to->local.addr) && s->ops->family(&to->local.addr) &&
        s->ops->is_ours(net, s->context, &to->local.addr, 0xff, false)) {
        s->src = to->local.addr;
        return TERN_OK;
    }
    if (udp_addr_any_v4(&ep->local.addr) && !tern_addr_is_v4(&to->peer.addr))
        return TERN_UNREACHABLE;
    if (!udp_addr_any(&ep->local.addr)) {
        s->src = ep->local.addr;
        return s->ops->is_ours(net, s->context, &s->src, 0xff, false) ? TERN_OK : TERN_UNREACHABLE;
    }
    return s->ops->source(net, s->context, &to->peer.addr, s->out.scope, &s->src);
}

static enum tern_err sending_init(struct tern_udp *udp, struct tern_udp_endpoint *ep,
                                  const struct tern_dgram *to, struct sending *s)
{
    struct tern_net *net = ep->net;
    uint8_t slot = tern_net_network_of(net, &to->peer.addr);
    if (slot == 0xff)
        return TERN_UNSUPPORTED;
    if (to->peer.port == 0)
        return TERN_INVALID;
    s->ops = tern_net_network(net, slot);
    s->context = net->networks[slot].context;
    uint16_t scope = to->link != 0 ? to->link : to->peer.link;
    if (ep->local.link != 0)
        scope = ep->local.link;
    s->out = (struct tern_net_out){ .src = &s->src,
                                    .dst = &to->peer.addr,
                                    .path = &ep->path,
                                    .protocol = UDP_PROTOCOL,
                                    .ttl = to->hop_limit,
                                    .tos = to->ecn & 3,
                                    .dont_fragment = (to->flags & TERN_DGRAM_DONT_FRAGMENT) != 0,
                                    .transport = udp->slot,
                                    .scope = scope };
    enum tern_err err = source_choose(ep, to, s);
    if (err != TERN_OK)
        return err;
    if (to->peer.port != ep->path_dst.port || scope != ep->path_dst.link ||
        !tern_addr_equal(&to->peer.addr, &ep->path_dst.addr)) {
        ep->path_dst = to->peer;
        ep->path_dst.link = scope;
        ep->path = (struct tern_net_path){ 0 };
        uint32_t key = tern_udp_peer_key(udp, &to->peer.addr, to->peer.port);
        ep->sent_keys[ep->n_sent_keys++ % (sizeof ep->sent_keys / sizeof ep->sent_keys[0])] = key;
    }
    s->mtu = s->ops->mtu(net, s->context, &s->src, &to->peer.addr);
    if (s->mtu == 0)    /* no route yet: the link's, as a DHCP client has it */
        s->mtu = scope != 0 && scope <= net->n_links ? net->links[scope - 1].link->mtu : 576;
    return TERN_OK;
}

/* The longest payload in one packet. */
static size_t payload_max(const struct sending *s)
{
    return (size_t)s->mtu - s->ops->hdr_len - UDP_HDR_LEN;
}

/* The longest in any number of fragments: what IP's total length can say. */
static size_t len_max(const struct sending *s)
{
    return (size_t)65535 - s->ops->hdr_len - UDP_HDR_LEN;
}

/* ---- The datagram itself ------------------------------------------------ */

/* Leaves the sum to the device: the field holds the pseudo-header's. */
static void sum_partial(struct tern_net_out *out, size_t len)
{
    tern_store_be16(out->l4 + UDP_CHECKSUM,
                    tern_checksum_fold(out->pseudo + (uint32_t)len));
    out->tx.csum_partial = true;
    out->tx.csum_start = out->l4_off;
    out->tx.csum_off = UDP_CHECKSUM;
}

static bool device_sums(const struct tern_net_out *out)
{
    return (out->link->offloads & TERN_OFFLOAD_TX_CSUM) != 0;
}

/* Header, data and sum into the slot, then out. */
static void slot_send(struct tern_udp *udp, struct tern_udp_endpoint *ep, struct sending *s,
                      const struct tern_dgram *d, const uint8_t *data, size_t data_len)
{
    struct tern_net_out *out = &s->out;
    size_t len = UDP_HDR_LEN + data_len;
    uint8_t *to = out->l4 + UDP_HDR_LEN;
    tern_udp_hdr_emit(out->l4, ep->local.port, d->peer.port, len);
    if (device_sums(out)) {
        memcpy(to, data, data_len);
        sum_partial(out, len);
    } else {
        uint32_t sum = ep->net->checksum->add(out->pseudo + (uint32_t)len, out->l4, UDP_HDR_LEN);
        sum = ep->net->checksum->copy(sum, to, data, data_len);
        tern_store_be16(out->l4 + UDP_CHECKSUM, udp_checksum_finish(sum));
    }
    s->ops->commit(ep->net, s->context, out, len);
    udp->stats.out_dgrams++;
}

static uint32_t addr_sum(const struct tern_addr *a)
{
    uint32_t sum = 0;
    for (size_t i = tern_addr_is_v4(a) ? 12 : 0; i < 16; i += 2)
        sum += tern_load_be16(a->octets + i);
    return sum;
}

/* By the network layer's send: copied or cut there. */
static enum tern_err long_send(struct tern_udp *udp, struct tern_udp_endpoint *ep,
                               struct sending *s, uint16_t port, uint8_t *data, size_t data_len)
{
    uint8_t hdr[UDP_HDR_LEN];
    size_t len = UDP_HDR_LEN + data_len;
    tern_udp_hdr_emit(hdr, ep->local.port, port, len);
    uint32_t sum = addr_sum(s->out.src) + addr_sum(s->out.dst) + UDP_PROTOCOL + (uint32_t)len;
    sum = ep->net->checksum->add(sum, hdr, UDP_HDR_LEN);
    sum = ep->net->checksum->add(sum, data, data_len);
    tern_store_be16(hdr + UDP_CHECKSUM, udp_checksum_finish(sum));
    struct tern_span parts[2] = { { hdr, UDP_HDR_LEN }, { data, data_len } };
    enum tern_err err = s->ops->send_parts(ep->net, s->context, &s->out, parts);
    if (err == TERN_OK)
        udp->stats.out_dgrams++;
    return err;
}

static enum tern_err one_send(struct tern_udp *udp, struct tern_udp_endpoint *ep,
                              struct sending *s, const struct tern_dgram *d, uint8_t *data,
                              size_t len)
{
    if (len > len_max(s))
        return TERN_INVALID;
    if (len > payload_max(s))
        return long_send(udp, ep, s, d->peer.port, data, len);
    enum tern_err err = s->ops->begin(ep->net, s->context, &s->out, UDP_HDR_LEN + len);
    if (err == TERN_AGAIN)
        return long_send(udp, ep, s, d->peer.port, data, len);
    if (err == TERN_OK)
        slot_send(udp, ep, s, d, data, len);
    return err;
}

/* Would the link cut all of it into datagrams? A slot, given back, tells which link. */
static bool device_cuts(struct tern_udp_endpoint *ep, struct sending *s,
                        const struct tern_dgram *d)
{
    if (d->seg_len > payload_max(s) || d->len > len_max(s) ||
        s->ops->begin(ep->net, s->context, &s->out, UDP_HDR_LEN + (size_t)d->seg_len) != TERN_OK)
        return false;
    const struct tern_link *link = s->out.link;
    s->ops->commit(ep->net, s->context, &s->out, 0);
    return (link->offloads & TERN_OFFLOAD_TX_USO) != 0 &&
           (link->offloads & TERN_OFFLOAD_TX_CSUM) != 0 &&
           ETH_HDR_LEN + s->ops->hdr_len + UDP_HDR_LEN + d->len <= link->slot_max;
}

/* Several datagrams of one size. A slot refused on the way repeats those before it. */
static enum tern_err segments_send(struct tern_udp *udp, struct tern_udp_endpoint *ep,
                                   struct sending *s, const struct tern_dgram *d)
{
    enum tern_err err = TERN_OK;
    if (device_cuts(ep, s, d)) {
        err = s->ops->begin(ep->net, s->context, &s->out, UDP_HDR_LEN + d->len);
        if (err != TERN_OK)
            return err;
        s->out.tx.gso = TERN_GSO_UDP;
        s->out.tx.seg_len = d->seg_len;
        s->out.tx.hdr_len = (uint16_t)(s->out.l4_off + UDP_HDR_LEN);
        slot_send(udp, ep, s, d, d->data, d->len);
        return TERN_OK;
    }
    for (size_t off = 0; off < d->len && err == TERN_OK; off += d->seg_len) {
        size_t len = d->len - off < d->seg_len ? d->len - off : d->seg_len;
        err = one_send(udp, ep, s, d, d->data + off, len);
    }
    return err;
}

/* As they are; and, each, those of several in one. */
static enum tern_err plain_send(struct tern_udp *udp, struct tern_udp_endpoint *ep,
                                struct sending *s, const struct tern_dgram *d)
{
    return one_send(udp, ep, s, d, d->data, d->len);
}

static enum tern_err any_send(struct tern_udp *udp, struct tern_udp_endpoint *ep,
                              struct sending *s, const struct tern_dgram *d)
{
    return d->seg_len != 0 && d->len > d->seg_len ? segments_send(udp, ep, s, d)
                                                  : plain_send(udp, ep, s, d);
}

static size_t all_send(struct tern_endpoint *endpoint, const struct tern_dgram *dgrams, size_t n,
                       enum tern_err (*send)(struct tern_udp *udp, struct tern_udp_endpoint *ep,
                                             struct sending *s, const struct tern_dgram *d))
{
    struct tern_udp_endpoint *ep = udp_endpoint_of(endpoint);
    struct tern_udp *udp = tern_net_context(ep->net, &tern_udp);
    if (!(ep->flags & UDP_OPEN))
        return 0;
    for (size_t i = 0; i < n; i++) {
        struct sending s;
        const struct tern_dgram *d = &dgrams[i];
        enum tern_err err = sending_init(udp, ep, d, &s);
        if (err == TERN_OK)
            err = send(udp, ep, &s, d);
        if (err == TERN_FULL || err == TERN_AGAIN) {
            udp->stats.out_full++;
            wait_join(udp, ep, s.out.wait);
            return i;
        }
        if (err != TERN_OK) {
            udp->stats.out_refused++;
            return i;
        }
    }
    return n;
}

size_t tern_udp_send(struct tern_endpoint *endpoint, const struct tern_dgram *dgrams, size_t n)
{
    return all_send(endpoint, dgrams, n, any_send);
}

size_t tern_udp_client_send(struct tern_endpoint *endpoint, const struct tern_dgram *dgrams,
                            size_t n)
{
    return all_send(endpoint, dgrams, n, plain_send);
}

/* ---- Written in place --------------------------------------------------- */

_Static_assert(sizeof(struct sending) <= sizeof((struct tern_udp_endpoint *)0)->reserved_state,
               "an open reservation fits its endpoint");

/* The neighbour is not known yet, or it is long: a block is written, and sent from at commit. */
static uint8_t *block_reserve(struct tern_udp_endpoint *ep, struct sending *s, size_t least,
                              size_t *room)
{
    struct tern_block_pool *blocks = ep->net->blocks;
    if (least > blocks->data_cap)
        return NULL;
    ep->reserved_block = tern_block_take(blocks);
    if (ep->reserved_block == NULL)
        return NULL;
    *room = blocks->data_cap;
    if (least <= payload_max(s) && payload_max(s) < *room)
        *room = payload_max(s);
    return ep->reserved_block->data;
}

uint8_t *tern_udp_reserve(struct tern_endpoint *endpoint, const struct tern_dgram *to,
                          size_t least, size_t *room)
{
    struct tern_udp_endpoint *ep = udp_endpoint_of(endpoint);
    struct tern_udp *udp = tern_net_context(ep->net, &tern_udp);
    struct sending s;
    uint8_t *data = NULL;
    if (!(ep->flags & UDP_OPEN))
        return NULL;
    tern_udp_commit(endpoint, 0);
    /* Often a received datagram: where to and where from are taken of it, not how it came. */
    struct tern_dgram plain = *to;
    plain.hop_limit = plain.ecn = 0;
    enum tern_err err = sending_init(udp, ep, &plain, &s);
    if (err == TERN_OK) {
        s.out.dst = &to->peer.addr;
        ep->reserved_block = NULL;
        err = least > payload_max(&s) ? TERN_AGAIN
                                      : s.ops->begin(ep->net, s.context, &s.out,
                                                     UDP_HDR_LEN + payload_max(&s));
    }
    if (err == TERN_OK) {
        data = s.out.l4 + UDP_HDR_LEN;
        *room = payload_max(&s);
    } else if (err == TERN_AGAIN) {
        data = block_reserve(ep, &s, least, room);
    }
    if (data == NULL) {
        if (err == TERN_FULL || err == TERN_AGAIN) {
            udp->stats.out_full++;
            wait_join(udp, ep, s.out.wait);
        } else {
            udp->stats.out_refused++;
        }
        return NULL;
    }
    /* The addresses it names are read again at commit: these copies, not the caller's. */
    memcpy(ep->reserved_state, &s, sizeof s);
    ep->reserved_peer = to->peer;
    ep->reserved_cap = (uint32_t)*room;
    ep->flags |= UDP_RESERVED;
    return data;
}

static void slot_commit(struct tern_udp *udp, struct tern_udp_endpoint *ep, struct sending *s,
                        size_t data_len)
{
    struct tern_net_out *out = &s->out;
    size_t len = data_len + UDP_HDR_LEN;
    tern_udp_hdr_emit(out->l4, ep->local.port, ep->reserved_peer.port, len);
    if (device_sums(out)) {
        sum_partial(out, len);
    } else {
        uint32_t sum = ep->net->checksum->add(out->pseudo + (uint32_t)len, out->l4, len);
        tern_store_be16(out->l4 + UDP_CHECKSUM, udp_checksum_finish(sum));
    }
    s->ops->commit(ep->net, s->context, out, len);
    udp->stats.out_dgrams++;
}

/* An empty datagram cannot be told from none: commit 0 gives back. */
void tern_udp_commit(struct tern_endpoint *endpoint, size_t len)
{
    struct tern_udp_endpoint *ep = udp_endpoint_of(endpoint);
    struct tern_udp *udp = tern_net_context(ep->net, &tern_udp);
    struct sending s;
    if (!(ep->flags & UDP_RESERVED))
        return;
    ep->flags &= ~(uint32_t)UDP_RESERVED;
    memcpy(&s, ep->reserved_state, sizeof s);
    s.out.src = &s.src;
    s.out.dst = &ep->reserved_peer.addr;
    if (len > ep->reserved_cap) {    /* the caller's mistake: nothing of it goes out */
        udp->stats.out_refused++;
        len = 0;
    }
    if (ep->reserved_block == NULL) {
        if (len != 0)
            slot_commit(udp, ep, &s, len);
        else
            s.ops->commit(ep->net, s.context, &s.out, 0);
        return;
    }
    if (len != 0) {
        enum tern_err err =
            long_send(udp, ep, &s, ep->reserved_peer.port, ep->reserved_block->data, len);
        if (err == TERN_FULL || err == TERN_AGAIN)
            udp->stats.out_full++;
        else if (err != TERN_OK)
            udp->stats.out_refused++;
    }
    tern_block_give(ep->net->blocks, ep->reserved_block);
    ep->reserved_block = NULL;
}

size_t tern_udp_mtu(struct tern_endpoint *endpoint, const struct tern_endpoint_addr *peer)
{
    struct tern_udp_endpoint *ep = udp_endpoint_of(endpoint);
    struct tern_net *net = ep->net;
    uint8_t slot = tern_net_network_of(net, &peer->addr);
    if (slot == 0xff)
        return 0;
    const struct tern_net_network_ops *ops = tern_net_network(net, slot);
    uint16_t mtu = ops->mtu(net, net->networks[slot].context, &ep->local.addr, &peer->addr);
    return mtu > ops->hdr_len + UDP_HDR_LEN ? (size_t)mtu - ops->hdr_len - UDP_HDR_LEN : 0;
}
