/* SPDX-License-Identifier: ISC */
/*
 * Sending IPv4: begin lends a slot behind the headers, commit completes them.
 * send takes a whole payload, which it may copy to a block until the neighbour
 * is known, or cut into fragments.
 *
 * The way of a bulk sender is short: its path names a neighbour, the entry's
 * generation says that nothing has changed, and check_ns that it need not be
 * asked about now.
 */
#include "eth_wire.h"
#include "ipv4_internal.h"
#include "ipv4_wire.h"

#include <string.h>

/* ---- The way ------------------------------------------------------------ */

struct way {
    const uint8_t *mac;
    struct tern_neighbour *asked;    /* with TERN_AGAIN: whom to wait for */
    uint8_t link;
    uint8_t group_mac[6];
};

static enum tern_err way_find(struct tern_net *net, struct tern_ipv4 *ip,
                              struct tern_net_out *out, struct way *way)
{
    struct ipv4_route route;
    struct tern_neighbour *n;
    uint32_t dst = tern_addr_to_v4(out->dst);
    out->path->generation = 0;
    if (out->scope == 0)    /* an address of ours is one link's, and leaves by it */
        out->scope = tern_ipv4_scope_of(net, ip, out->src);
    if (tern_ipv4_route(net, ip, dst, out->scope, &route) != TERN_OK) {
        ip->stats.ip.out_no_route++;
        return TERN_UNREACHABLE;
    }
    if (!net->links[route.link].link->up) {
        ip->stats.ip.out_link_down++;
        return TERN_UNREACHABLE;
    }
    way->link = route.link;
    if (route.kind != IPV4_UNICAST) {
        if (route.kind == IPV4_TO_MULTICAST && out->ttl == 0)
            out->ttl = 1;    /* RFC 1112 section 6.1: no further, unless one says so */
        memset(way->group_mac, 0xff, sizeof way->group_mac);
        if (route.kind == IPV4_TO_MULTICAST)
            tern_igmp_group_mac(way->group_mac, out->dst);
        way->mac = way->group_mac;
        return TERN_OK;
    }
    struct tern_addr next_hop = tern_addr_v4(route.next_hop);
    enum tern_err err = tern_neigh_for(&ip->ip, out, route.link, &next_hop, &n);
    way->asked = n;
    if (err == TERN_OK)
        way->mac = n->mac;
    return err;
}

/* ---- Identification ----------------------------------------------------- */

/*
 * RFC 6864 section 4.1: a packet that cannot be fragmented needs none. Others
 * get RFC 7739 section 5.3's: an offset that is secret and the pair's own, and
 * one of several counters, also chosen by secret.
 */
static uint16_t next_id(struct tern_ipv4 *ip, const struct tern_net_out *out)
{
    uint64_t pair = (uint64_t)tern_addr_to_v4(out->src) << 32 | tern_addr_to_v4(out->dst);
    uint64_t h = tern_siphash_3(ip->ip.key, pair, out->protocol, 2);
    uint16_t *counter = &ip->ids[h % (sizeof ip->ids / sizeof ip->ids[0])];
    return (uint16_t)((h >> 32) + ++*counter);
}

/* ---- Begin and commit --------------------------------------------------- */

/* id_frag: identification in the upper half, flags and fragment offset in the lower. */
static inline enum tern_err slot_fill(struct tern_net *net, struct tern_ipv4 *ip,
                                      struct tern_net_out *out, const uint8_t *mac,
                                      uint8_t on_link, size_t l4_len, uint32_t id_frag)
{
    struct tern_link *link = net->links[on_link].link;
    if (l4_len > 65535 - IPV4_HDR_LEN ||
        ETH_HDR_LEN + IPV4_HDR_LEN + l4_len > link->slot_max) {
        ip->stats.ip.out_too_long++;
        return TERN_INVALID;
    }
    enum tern_err err =
        tern_net_slot_begin(net, on_link, out->transport, mac, ETH_TYPE_IPV4,
                            IPV4_HDR_LEN + l4_len, &out->tx, &out->wait);
    if (err != TERN_OK) {
        if (err == TERN_FULL)
            ip->stats.ip.out_full++;
        else
            ip->stats.ip.out_link_down++;
        return err;
    }
    uint32_t src = tern_addr_to_v4(out->src), dst = tern_addr_to_v4(out->dst);
    uint32_t ttl_protocol =
        (uint32_t)(out->ttl != 0 ? out->ttl : ip->config.default_ttl) << 8 | out->protocol;
    uint8_t *hdr = out->tx.data + ETH_HDR_LEN;
    tern_store_be32(hdr + IPV4_VIHL, 0x45000000 | (uint32_t)out->tos << 16);
    tern_store_be32(hdr + IPV4_ID, id_frag);
    tern_store_be32(hdr + IPV4_TTL, ttl_protocol << 16);
    tern_store_be32(hdr + IPV4_SRC, src);
    tern_store_be32(hdr + IPV4_DST, dst);
    uint32_t addr_sum = (src >> 16) + (src & 0xffff) + (dst >> 16) + (dst & 0xffff);
    out->pseudo = addr_sum + out->protocol;
    out->own[0] = addr_sum + (0x4500u | out->tos) + (id_frag >> 16) + (id_frag & 0xffff) +
                  ttl_protocol;
    out->own[1] = on_link;
    out->link = link;
    out->l4 = hdr + IPV4_HDR_LEN;
    out->l4_cap = out->tx.cap - ETH_HDR_LEN - IPV4_HDR_LEN;
    out->l4_off = ETH_HDR_LEN + IPV4_HDR_LEN;
    return TERN_OK;
}

static enum tern_err way_get(struct tern_net *net, struct tern_ipv4 *ip, struct tern_net_out *out,
                             struct way *way)
{
    const struct tern_neighbour *n = tern_neigh_of_path(&ip->ip, out->path);
    if (n == NULL)
        return way_find(net, ip, out, way);
    way->mac = n->mac;
    way->link = n->link;
    return TERN_OK;
}

static uint32_t whole_id_frag(struct tern_ipv4 *ip, const struct tern_net_out *out)
{
    return out->dont_fragment ? IPV4_DF : (uint32_t)next_id(ip, out) << 16;
}

static enum tern_err begin_slowly(struct tern_net *net, struct tern_ipv4 *ip,
                                  struct tern_net_out *out, size_t l4_len)
{
    struct way way;
    enum tern_err err = way_find(net, ip, out, &way);
    if (err != TERN_OK)
        return err;
    return slot_fill(net, ip, out, way.mac, way.link, l4_len, whole_id_frag(ip, out));
}

enum tern_err tern_ipv4_begin(struct tern_net *net, void *context, struct tern_net_out *out,
                              size_t l4_len)
{
    struct tern_ipv4 *ip = context;
    const struct tern_neighbour *n = tern_neigh_of_path(&ip->ip, out->path);
    if (n == NULL)
        return begin_slowly(net, ip, out, l4_len);
    return slot_fill(net, ip, out, n->mac, n->link, l4_len, whole_id_frag(ip, out));
}

void tern_ipv4_commit(struct tern_net *net, void *context, struct tern_net_out *out,
                      size_t l4_len)
{
    struct tern_ipv4 *ip = context;
    uint8_t link = (uint8_t)out->own[1];
    uint32_t total_len = (uint32_t)(IPV4_HDR_LEN + l4_len);
    if (l4_len == 0) {
        tern_net_slot_commit(net, link, &out->tx, 0);
        return;
    }
    if (total_len > net->links[link].link->mtu && out->tx.gso == TERN_GSO_NONE) {
        ip->stats.ip.out_too_long++;
        tern_net_slot_commit(net, link, &out->tx, 0);
        return;
    }
    uint8_t *hdr = out->tx.data + ETH_HDR_LEN;
    tern_store_be16(hdr + IPV4_TOTAL_LEN, (uint16_t)total_len);
    tern_store_be16(hdr + IPV4_CHECKSUM,
                    tern_checksum_finish((uint32_t)out->own[0] + total_len));
    ip->stats.ip.out_packets++;
    tern_net_slot_commit(net, link, &out->tx, total_len);
}

void tern_ipv4_confirm(struct tern_net *net, void *context, const struct tern_net_path *path)
{
    struct tern_ipv4 *ip = context;
    (void)net;
    tern_neigh_progress(&ip->ip, path);
}

/* ---- Whole payloads ----------------------------------------------------- */

TERN_COLD
static enum tern_err piece_send(struct tern_net *net, struct tern_ipv4 *ip,
                                struct tern_net_out *out, const struct way *way,
                                const struct tern_span parts[2], size_t off, size_t len,
                                uint32_t id_frag)
{
    enum tern_err err = slot_fill(net, ip, out, way->mac, way->link, len, id_frag);
    if (err != TERN_OK)
        return err;
    tern_ip_parts_copy(out->l4, parts, off, len);
    tern_ipv4_commit(net, ip, out, len);
    return TERN_OK;
}

/*
 * RFC 791 section 3.2. A slot refused on the way loses the rest, as a router
 * would: the receiver's reassembly times out.
 */
TERN_COLD
static enum tern_err fragments_send(struct tern_net *net, struct tern_ipv4 *ip,
                                    struct tern_net_out *out, const struct way *way,
                                    const struct tern_span parts[2], size_t mtu)
{
    uint32_t id = (uint32_t)next_id(ip, out) << 16;
    size_t most = (mtu - IPV4_HDR_LEN) & ~(size_t)7, l4_len = parts[0].len + parts[1].len;
    for (size_t off = 0; off < l4_len;) {
        size_t len = l4_len - off < most ? l4_len - off : most;
        uint32_t more = off + len < l4_len ? IPV4_MF : 0;
        enum tern_err err = piece_send(net, ip, out, way, parts, off, len,
                                       id | more | (uint32_t)(off / 8));
        if (err != TERN_OK)
            return err;
        ip->stats.ip.out_fragments++;
        off += len;
    }
    return TERN_OK;
}

enum tern_err tern_ipv4_send_parts(struct tern_net *net, void *context, struct tern_net_out *out,
                                   const struct tern_span parts[2])
{
    struct tern_ipv4 *ip = context;
    struct way way;
    size_t l4_len = parts[0].len + parts[1].len;
    size_t mtu = tern_ipv4_mtu(net, ip, out->src, out->dst);
    if (l4_len > 65535 - IPV4_HDR_LEN) {
        ip->stats.ip.out_too_long++;
        return TERN_INVALID;
    }
    if (mtu != 0 && out->dont_fragment && l4_len > mtu - IPV4_HDR_LEN) {
        ip->stats.ip.out_dont_fragment++;
        return TERN_INVALID;
    }
    enum tern_err err = way_get(net, ip, out, &way);
    if (err == TERN_AGAIN)
        return tern_ip_hold(&ip->ip, way.asked, out, parts);
    if (err != TERN_OK)
        return err;
    mtu = mtu != 0 ? mtu : tern_ipv4_link_mtu(net, ip, way.link);
    if (l4_len > mtu - IPV4_HDR_LEN)
        return fragments_send(net, ip, out, &way, parts, mtu);
    return piece_send(net, ip, out, &way, parts, 0, l4_len, whole_id_frag(ip, out));
}
