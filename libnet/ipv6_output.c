/* SPDX-License-Identifier: ISC */
/*
 * Sending IPv6: as ipv4_output.c, whose header this one's has the place of.
 * A flow label names source, destination, protocol and ports (RFC 6437 section
 * 3), under a key, so that it tells nobody more than these do.
 */
#include "eth_wire.h"
#include "ipv6_internal.h"

#include <string.h>

/* ---- The way ------------------------------------------------------------ */

struct way {
    const uint8_t *mac;
    struct tern_neighbour *asked;    /* with TERN_AGAIN: whom to wait for */
    uint8_t link;
    uint8_t group_mac[6];
};

static enum tern_err way_find(struct tern_ipv6 *ip, struct tern_net_out *out, struct way *way)
{
    struct ipv6_route route;
    struct tern_net *net = ip->ip.net;
    out->path->generation = 0;
    const struct tern_ipv6_own *own =
        tern_ipv6_own_find(ip, net->any_address ? 0xff : (uint8_t)(out->scope - 1), out->src);
    /* An address is one link's, and leaves by it. */
    if (out->scope == 0 && own != NULL && !net->any_address)
        out->scope = (uint16_t)(own->link + 1);
    if (tern_ipv6_route(net, ip, out->dst, out->scope, &route) != TERN_OK) {
        ip->stats.ip.out_no_route++;
        return TERN_UNREACHABLE;
    }
    /* While it is asked after anew, after the link was down, it is not ours (RFC 4862 5.4). */
    if (!net->links[route.link].link->up || own == NULL || !ipv6_own_is_valid(own)) {
        ip->stats.ip.out_link_down++;
        return TERN_UNREACHABLE;
    }
    way->link = route.link;
    if (route.multicast) {
        if (out->ttl == 0)
            out->ttl = 1;    /* RFC 3493 section 5.2: no further, unless one says so */
        tern_mld_group_mac(way->group_mac, out->dst);
        way->mac = way->group_mac;
        return TERN_OK;
    }
    enum tern_err err = tern_neigh_for(&ip->ip, out, route.link, &route.next_hop, &way->asked);
    if (err == TERN_OK)
        way->mac = way->asked->mac;
    return err;
}

static enum tern_err way_get(struct tern_ipv6 *ip, struct tern_net_out *out, struct way *way)
{
    const struct tern_neighbour *n = tern_neigh_of_path(&ip->ip, out->path);
    if (n == NULL)
        return way_find(ip, out, way);
    way->mac = n->mac;
    way->link = n->link;
    return TERN_OK;
}

/* ---- Begin and commit --------------------------------------------------- */

static uint8_t hop_limit_of(const struct tern_ipv6 *ip, uint8_t link, uint8_t wanted)
{
    if (wanted != 0)
        return wanted;
    if (ip->config.hop_limit != 0)
        return ip->config.hop_limit;
    return ip->links[link].hop_limit != 0 ? ip->links[link].hop_limit : 64;
}

/* ext_len octets of extension headers will stand before the upper layer, which next names. */
static enum tern_err slot_fill(struct tern_ipv6 *ip, struct tern_net_out *out,
                               const uint8_t *mac, uint8_t on_link, size_t l4_len,
                               size_t ext_len, uint8_t next)
{
    struct tern_net *net = ip->ip.net;
    struct tern_link *link = net->links[on_link].link;
    size_t hdr_len = IPV6_HDR_LEN + ext_len;
    if (l4_len > 65535 - ext_len || ETH_HDR_LEN + hdr_len + l4_len > link->slot_max) {
        ip->stats.ip.out_too_long++;
        return TERN_INVALID;
    }
    enum tern_err err = tern_net_slot_begin(net, on_link, out->transport, mac, ETH_TYPE_IPV6,
                                            hdr_len + l4_len, &out->tx, &out->wait);
    if (err != TERN_OK) {
        if (err == TERN_FULL)
            ip->stats.ip.out_full++;
        else
            ip->stats.ip.out_link_down++;
        return err;
    }
    uint8_t *hdr = out->tx.data + ETH_HDR_LEN;
    struct tern_ipv6_hdr fields = { .src = out->src->octets,
                                    .dst = out->dst->octets,
                                    .traffic_class = out->tos,
                                    .next = next,
                                    .hop_limit = hop_limit_of(ip, on_link, out->ttl) };
    tern_ipv6_hdr_emit(hdr, &fields);
    out->pseudo = tern_ipv6_pseudo_sum(hdr + IPV6_SRC, hdr + IPV6_DST, 0, out->protocol);
    out->own[0] = ext_len;
    out->own[1] = on_link;
    out->link = link;
    out->l4 = hdr + hdr_len;
    out->l4_cap = out->tx.cap - ETH_HDR_LEN - hdr_len;
    out->l4_off = (uint16_t)(ETH_HDR_LEN + hdr_len);
    return TERN_OK;
}

enum tern_err tern_ipv6_begin(struct tern_net *net, void *context, struct tern_net_out *out,
                              size_t l4_len)
{
    struct tern_ipv6 *ip = context;
    struct way way;
    (void)net;
    enum tern_err err = way_get(ip, out, &way);
    if (err != TERN_OK)
        return err;
    return slot_fill(ip, out, way.mac, way.link, l4_len, 0, out->protocol);
}

/* Of all packets between two ports the same; of fragments, whose ports not all have, none. */
static uint32_t flow_label(const struct tern_ipv6 *ip, const uint8_t *hdr)
{
    uint64_t words[5];
    if (hdr[IPV6_NEXT] != IP_TCP && hdr[IPV6_NEXT] != IP_UDP)
        return 0;
    memcpy(words, hdr + IPV6_SRC, 32);
    words[4] = (uint64_t)hdr[IPV6_NEXT] << 32 | tern_load_be32(hdr + IPV6_HDR_LEN);
    uint32_t label = (uint32_t)tern_siphash13_5(ip->ip.key, words) & 0xfffff;
    return label != 0 ? label : 1;
}

static void slot_commit(struct tern_ipv6 *ip, struct tern_net_out *out, size_t l4_len)
{
    uint8_t link = (uint8_t)out->own[1], *hdr = out->tx.data + ETH_HDR_LEN;
    size_t payload_len = (size_t)out->own[0] + l4_len;
    tern_store_be16(hdr + IPV6_PAYLOAD_LEN, (uint16_t)payload_len);
    tern_store_be32(hdr + IPV6_FLOW, tern_load_be32(hdr + IPV6_FLOW) | flow_label(ip, hdr));
    ip->stats.ip.out_packets++;
    tern_net_slot_commit(ip->ip.net, link, &out->tx, IPV6_HDR_LEN + payload_len);
}

void tern_ipv6_commit(struct tern_net *net, void *context, struct tern_net_out *out,
                      size_t l4_len)
{
    struct tern_ipv6 *ip = context;
    uint8_t link = (uint8_t)out->own[1];
    bool too_long = out->own[0] + IPV6_HDR_LEN + l4_len > tern_ipv6_link_mtu(net, ip, link) &&
                    out->tx.gso == TERN_GSO_NONE;
    if (l4_len == 0 || too_long) {
        ip->stats.ip.out_too_long += too_long;
        tern_net_slot_commit(net, link, &out->tx, 0);
        return;
    }
    slot_commit(ip, out, l4_len);
}

void tern_ipv6_confirm(struct tern_net *net, void *context, const struct tern_net_path *path)
{
    struct tern_ipv6 *ip = context;
    (void)net;
    tern_neigh_progress(&ip->ip, path);
}

/* ---- Whole payloads ----------------------------------------------------- */

/* RFC 7739 section 5.3, as for IPv4's identification. */
TERN_COLD
static uint32_t next_id(struct tern_ipv6 *ip, const struct tern_net_out *out)
{
    const uint8_t *src = out->src->octets, *dst = out->dst->octets;
    uint64_t h = tern_siphash_3(ip->ip.key, tern_load_le64(src) ^ tern_load_le64(dst),
                                tern_load_le64(dst + 8), tern_load_le64(src + 8));
    return (uint32_t)(h >> 32) + ++ip->frag_ids[h % (sizeof ip->frag_ids / sizeof(uint32_t))];
}

/* RFC 8200 section 4.5. A slot refused on the way loses the rest, as a router would. */
TERN_COLD
static enum tern_err fragments_send(struct tern_ipv6 *ip, struct tern_net_out *out,
                                    const struct way *way, const struct tern_span parts[2],
                                    size_t mtu)
{
    uint32_t id = next_id(ip, out);
    size_t most = (mtu - IPV6_HDR_LEN - IPV6_FRAGMENT_HDR_LEN) & ~(size_t)7;
    size_t l4_len = parts[0].len + parts[1].len;
    for (size_t off = 0; off < l4_len;) {
        size_t len = l4_len - off < most ? l4_len - off : most;
        enum tern_err err = slot_fill(ip, out, way->mac, way->link, len, IPV6_FRAGMENT_HDR_LEN,
                                      IPV6_FRAGMENT);
        if (err != TERN_OK)
            return err;
        tern_ipv6_fragment_emit(out->l4 - IPV6_FRAGMENT_HDR_LEN, out->protocol, (uint16_t)off,
                                off + len < l4_len, id);
        tern_ip_parts_copy(out->l4, parts, off, len);
        slot_commit(ip, out, len);
        ip->stats.ip.out_fragments++;
        off += len;
    }
    return TERN_OK;
}

enum tern_err tern_ipv6_send_parts(struct tern_net *net, void *context, struct tern_net_out *out,
                                   const struct tern_span parts[2])
{
    struct tern_ipv6 *ip = context;
    struct way way;
    size_t l4_len = parts[0].len + parts[1].len;
    if (l4_len > 65535) {
        ip->stats.ip.out_too_long++;
        return TERN_INVALID;
    }
    size_t mtu = tern_ipv6_path_mtu(ip, out->src, out->dst, out->scope,
                                    out->protocol == IPV6_ICMP);
    if (mtu != 0 && out->dont_fragment && l4_len > mtu - IPV6_HDR_LEN) {
        ip->stats.ip.out_dont_fragment++;
        return TERN_INVALID;
    }
    enum tern_err err = way_get(ip, out, &way);
    if (err == TERN_AGAIN)
        return tern_ip_hold(&ip->ip, way.asked, out, parts);
    if (err != TERN_OK)
        return err;
    mtu = mtu != 0 ? mtu : tern_ipv6_link_mtu(net, ip, way.link);
    if (l4_len > mtu - IPV6_HDR_LEN)
        return fragments_send(ip, out, &way, parts, mtu);
    err = slot_fill(ip, out, way.mac, way.link, l4_len, 0, out->protocol);
    if (err != TERN_OK)
        return err;
    tern_ip_parts_copy(out->l4, parts, 0, l4_len);
    slot_commit(ip, out, l4_len);
    return TERN_OK;
}

/* ---- To neighbours ------------------------------------------------------ */

bool tern_ipv6_send_local(struct tern_ipv6 *ip, uint8_t link, const struct tern_addr *src,
                          const struct tern_addr *dst, const uint8_t *to_mac, uint8_t *msg,
                          size_t len, bool alert)
{
    uint8_t mac[6];
    struct tern_net_out out = { .src = src,
                                .dst = dst,
                                .protocol = IPV6_ICMP,
                                .ttl = alert ? 1 : 255,
                                .transport = 0xff };
    if (to_mac == NULL) {
        tern_mld_group_mac(mac, dst);
        to_mac = mac;
    }
    tern_icmp6_seal(msg, len, src->octets, dst->octets);
    size_t ext_len = alert ? IPV6_ALERT_HDR_LEN : 0;
    if (slot_fill(ip, &out, to_mac, link, len, ext_len,
                  alert ? IPV6_HOP_BY_HOP : IPV6_ICMP) != TERN_OK)
        return false;
    if (alert)
        tern_ipv6_alert_emit(out.l4 - IPV6_ALERT_HDR_LEN, IPV6_ICMP);
    memcpy(out.l4, msg, len);
    slot_commit(ip, &out, len);
    return true;
}
