/* SPDX-License-Identifier: ISC */
/*
 * IPv6 (RFC 8200): the part, and receiving.
 *
 * A host, not a router: what is not for an address of the link it came by is
 * dropped, also when it is for another link's (strong hosts, CVE-2019-14899).
 * An address that is still tentative is not ours (RFC 4862 section 5.4).
 */
#include "eth_wire.h"
#include "ipv6_internal.h"

#include <string.h>

/* ---- Addresses ---------------------------------------------------------- */

bool tern_ipv6_is_host(const struct tern_addr *a)
{
    static const uint8_t loopback[16] = { [15] = 1 };
    return !ipv6_addr_is_multicast(a) && !tern_addr_is_any(a) && !tern_addr_is_v4(a) &&
           memcmp(a->octets, loopback, 16) != 0;
}

struct tern_addr tern_ipv6_solicited_node(const struct tern_addr *a)
{
    struct tern_addr group = { { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff } };
    memcpy(group.octets + 13, a->octets + 13, 3);
    return group;
}

/* ---- Receiving ---------------------------------------------------------- */

void tern_ipv6_deliver(struct tern_ipv6 *ip, struct tern_net_packet *pkt, size_t next_off)
{
    if (pkt->protocol == IPV6_ICMP) {
        ip->stats.in_delivered++;
        tern_icmp6_input(ip, pkt);
        return;
    }
    if (tern_net_deliver(ip->ip.net, pkt)) {
        ip->stats.in_delivered++;
        return;
    }
    if (pkt->protocol == IPV6_NONE) {    /* RFC 8200 section 4.7 */
        ip->stats.in_no_next++;
        return;
    }
    ip->stats.in_unknown_protocol++;
    tern_icmp6_error(ip, pkt, ICMP6_PARAMETER, 1, (uint32_t)next_off);
}

static void fault_count(struct tern_ipv6_stats *stats, enum tern_ipv6_fault fault)
{
    uint64_t *const counters[] = {
        [TERN_IPV6_SHORT] = &stats->in_short,
        [TERN_IPV6_BAD_VERSION] = &stats->in_bad_version,
        [TERN_IPV6_BAD_PAYLOAD_LEN] = &stats->in_bad_payload_len,
        [TERN_IPV6_JUMBO] = &stats->in_jumbo,
        [TERN_IPV6_LONG_CHAIN] = &stats->in_long_chain,
        [TERN_IPV6_BAD_HDR] = &stats->in_bad_hdr,
        [TERN_IPV6_BAD_OPTION] = &stats->in_bad_option,
        [TERN_IPV6_BAD_ROUTING] = &stats->in_bad_routing,
        [TERN_IPV6_BAD_FRAGMENT] = &stats->in_bad_fragment,
        [TERN_IPV6_CUT_CHAIN] = &stats->in_cut_chain,
        [TERN_IPV6_BAD_NEXT] = &stats->in_bad_next,
    };
    ++*counters[fault];
}

/*
 * RFC 4291 sections 2.5.2, 2.5.3, 2.7: sources that no packet may have; those
 * of IPv4, which have no place on the wire; and our own, wherever we have it, but where
 * another host tells all that it has it, too (RFC 4862 section 5.4.4).
 * A packet without a source is one of a host that is still without an address,
 * whose every message is ICMPv6.
 */
static bool source_ok(struct tern_ipv6 *ip, const struct tern_net_packet *pkt)
{
    const struct tern_addr *src = &pkt->src;
    uint8_t next = pkt->protocol;
    if (tern_addr_is_v4(src)) {
        ip->stats.in_mapped++;
        return false;
    }
    const struct tern_ipv6_own *own = tern_ipv6_own_find(ip, 0xff, src);
    bool is_claim = next == IPV6_ICMP && pkt->multicast && pkt->l4_contig > 0 &&
                    *pkt->l4 == ICMP6_NA;
    if ((tern_addr_is_any(src) ? next != IPV6_ICMP && next != IPV6_HOP_BY_HOP
                               : !tern_ipv6_is_host(src)) ||
        (own != NULL && ipv6_own_is_valid(own) && !is_claim)) {
        ip->stats.in_bad_source++;
        return false;
    }
    return true;
}

/* A group that we have joined, or an address of ours on this link. Counts what it refuses. */
static bool destination_ok(struct tern_ipv6 *ip, uint8_t link, struct tern_net_packet *pkt,
                           bool to_group)
{
    struct tern_net *net = ip->ip.net;
    const struct tern_addr *dst = &pkt->dst;
    if (ipv6_addr_is_multicast(dst)) {
        if (tern_ipv6_has_group(ip, link, dst))
            return true;
        ip->stats.in_not_ours++;
        return false;
    }
    const struct tern_ipv6_own *own = tern_ipv6_own_find(ip, link, dst);
    if (own == NULL) {
        int forwarded = net->forward != NULL ? net->forward(net, pkt, to_group)
                                             : NET_NOT_FORWARDED;
        if (forwarded == NET_IS_OURS)
            return true;
        if (forwarded == NET_FORWARDED)
            ip->stats.in_forwarded++;
        else if (tern_ipv6_own_find(ip, 0xff, dst) != NULL)
            ip->stats.in_wrong_link++;
        else if (tern_addr_is_v4(dst))
            ip->stats.in_mapped++;
        else
            ip->stats.in_not_ours++;
        return false;
    }
    if (!ipv6_own_is_valid(own)) {
        ip->stats.in_tentative++;
        return false;
    }
    if (to_group) {    /* to one host, but in a frame to many */
        ip->stats.in_link_group++;
        return false;
    }
    return true;
}

/* The packet's two addresses, or at least one, differ from those of the one before. */
static bool addresses_ok(struct tern_ipv6 *ip, uint8_t link, struct tern_net_packet *pkt,
                         bool to_group)
{
    if (!source_ok(ip, pkt) || !destination_ok(ip, link, pkt, to_group))
        return false;
    if (!pkt->multicast && !tern_addr_is_any(&pkt->src)) {
        ip->good_source = pkt->src;
        ip->good_dst = pkt->dst;
        ip->good_link = link;
    }
    return true;
}

/* Extension headers: false if the packet goes no further, or elsewhere. */
static bool chain_take(struct tern_ipv6 *ip, const struct tern_ipv6_view *v, size_t contig,
                       struct tern_net_packet *pkt, size_t *next_off)
{
    struct tern_ipv6_chain chain;
    enum tern_ipv6_fault fault = tern_ipv6_chain_walk(&chain, v, contig);
    if (fault != TERN_IPV6_GOOD) {
        fault_count(&ip->stats, fault);
        if (chain.code != IPV6_NO_ANSWER)
            tern_icmp6_error(ip, pkt, ICMP6_PARAMETER, chain.code, chain.pointer);
        return false;
    }
    pkt->l4 = v->hdr + chain.off;
    pkt->l4_len = v->total_len - chain.off;
    pkt->l4_contig = contig < v->total_len ? contig - chain.off : pkt->l4_len;
    pkt->l4_off += chain.off - IPV6_HDR_LEN;
    pkt->l3_len = chain.off;
    pkt->protocol = chain.next;
    pkt->alert = chain.has_alert;
    pkt->fragmented = chain.has_fragment;
    *next_off = chain.next_off;
    if (chain.has_fragment && (chain.more || chain.frag_off != 0)) {
        tern_ipv6_fragment(ip, pkt, &chain);
        return false;
    }
    return true;
}

static void ipv6_input(struct tern_net *net, void *context, uint8_t link, struct tern_rx *rx,
                       size_t off, bool to_group)
{
    struct tern_ipv6 *ip = context;
    struct tern_ipv6_view v;
    const uint8_t *hdr = rx->spans[0].data + off;
    size_t contig = rx->spans[0].len - off, next_off = IPV6_NEXT;
    (void)net;
    ip->stats.in_packets++;
    enum tern_ipv6_fault fault = tern_ipv6_view_init(&v, hdr, contig, tern_rx_len(rx) - off);
    if (fault != TERN_IPV6_GOOD) {
        fault_count(&ip->stats, fault);
        return;
    }
    size_t l4_len = v.total_len - IPV6_HDR_LEN;
    struct tern_net_packet pkt = {
        .rx = rx,
        .src = ipv6_addr(hdr + IPV6_SRC),
        .dst = ipv6_addr(hdr + IPV6_DST),
        .l4 = hdr + IPV6_HDR_LEN,
        .l4_contig = contig - IPV6_HDR_LEN < l4_len ? contig - IPV6_HDR_LEN : l4_len,
        .l4_off = off + IPV6_HDR_LEN,
        .l4_len = l4_len,
        .l3 = hdr,
        .l3_len = IPV6_HDR_LEN,
        .network = ip->ip.slot,
        .link = link,
        .protocol = hdr[IPV6_NEXT],
        .ttl = hdr[IPV6_HOP_LIMIT],
        .ecn = ipv6_traffic_class(hdr) & 3,
        .multicast = hdr[IPV6_DST] == 0xff,
    };
    /* Packets come in trains: a pair that was good is, until an address of ours changes. */
    if ((to_group || link != ip->good_link || !tern_addr_equal(&pkt.src, &ip->good_source) ||
         !tern_addr_equal(&pkt.dst, &ip->good_dst)) &&
        !addresses_ok(ip, link, &pkt, to_group))
        return;
    if (pkt.protocol != IP_TCP && pkt.protocol != IP_UDP && pkt.protocol != IPV6_ICMP &&
        !chain_take(ip, &v, contig, &pkt, &next_off))
        return;
    tern_ipv6_deliver(ip, &pkt, next_off);
}

/* ---- What the core asks ------------------------------------------------- */

static bool ipv6_family(const struct tern_addr *addr)
{
    return !tern_addr_is_v4(addr) && !tern_addr_is_any(addr);
}

static bool ipv6_is_ours(const struct tern_net *net, const void *context,
                         const struct tern_addr *addr, uint8_t link, bool or_soon)
{
    const struct tern_ipv6_own *own = tern_ipv6_own_find(context, link, addr);
    (void)net;
    return own != NULL &&
           (ipv6_own_is_valid(own) || (or_soon && own->state == TERN_IPV6_TENTATIVE));
}

static bool ipv6_one_host(const struct tern_net *net, const void *context,
                          const struct tern_addr *addr)
{
    (void)net;
    (void)context;
    return tern_ipv6_is_host(addr);
}

TERN_COLD
static void ipv6_port_unreachable(struct tern_net *net, void *context,
                                  const struct tern_net_packet *pkt)
{
    (void)net;
    tern_icmp6_error(context, pkt, ICMP6_UNREACHABLE, ICMP6_PORT_UNREACHABLE, 0);
}

TERN_COLD
static void ipv6_route_changed(struct tern_net *net, void *context)
{
    struct tern_ipv6 *ip = context;
    (void)net;
    ipv6_own_changed(ip);
}

TERN_COLD
static void ipv6_link_changed(struct tern_net *net, void *context, uint8_t link)
{
    struct tern_ipv6 *ip = context;
    if (!net->links[link].link->up) {
        tern_neigh_forget(&ip->ip, link);
        tern_ip_reassembly_forget(&ip->ip, link);
    }
    ipv6_own_changed(ip);
    tern_mld_link_changed(ip, link);
    tern_ipv6_own_link_changed(ip, link);
    if (net->links[link].link->up)
        tern_nd_router_solicit(ip, link);
}

static void ipv6_turn_end(struct tern_net *net, void *context)
{
    struct tern_ipv6 *ip = context;
    (void)net;
    tern_ip_reassembly_turn_end(&ip->ip);
}

TERN_COLD
static enum tern_err ipv6_join(struct tern_net *net, void *context, const struct tern_addr *group,
                               uint16_t scope, bool leave)
{
    struct tern_ipv6 *ip = context;
    struct ipv6_route route;
    if (!ipv6_addr_is_multicast(group) ||
        tern_ipv6_route(net, ip, group, scope, &route) != TERN_OK)
        return TERN_INVALID;
    if (leave)
        return tern_ip_group_leave(&ip->ip, scope != 0 ? route.link : 0xff, group);
    return tern_ip_group_join(&ip->ip, route.link, group);
}

static void ipv6_groups_start(struct tern_net *net)
{
    (void)net;
}

const struct net_groups tern_net_groups_ipv6 = {
    .id = ETH_TYPE_IPV6, .start = ipv6_groups_start, .join = ipv6_join,
};

TERN_COLD
static enum tern_err ipv6_address_set(struct tern_net *net, uint8_t link,
                                      const struct tern_net_address *address)
{
    struct tern_ipv6_address own = { .addr = address->addr, .prefix_len = address->prefix_len,
                                     .gateway = address->gateway };
    return tern_ipv6_set(net, link, &own);
}

/* ---- The part ----------------------------------------------------------- */

TERN_COLD
struct tern_ipv6 *tern_ipv6_context(const struct tern_net *net)
{
    return tern_net_context(net, &tern_ipv6);
}

TERN_COLD
const struct tern_ipv6_stats *tern_ipv6_stats(const struct tern_net *net)
{
    const struct tern_ipv6 *ip = tern_ipv6_context(net);
    return ip != NULL ? &ip->stats : NULL;
}

TERN_COLD
static enum tern_err ipv6_init(struct tern_net *net, void *context)
{
    struct tern_ipv6 *ip = context;
    struct tern_ipv6_config *config = &ip->config;
    tern_net_clear(ip, sizeof *ip, offsetof(struct tern_ipv6, config), sizeof *config);
    if (config->n_dad == 0)
        config->n_dad = 1;
    ip->ip.neighbours = config->neighbours;
    ip->ip.n_neighbours = config->n_neighbours;
    ip->ip.reassemblies = config->reassemblies;
    ip->ip.n_reassemblies = config->n_reassemblies;
    ip->ip.reassembly_ns =
        config->reassembly_ns != 0 ? config->reassembly_ns : 60 * TERN_SECOND_NS;
    ip->ip.groups = ip->groups;
    ip->ip.n_groups = TERN_IPV6_GROUPS;
    if (!tern_ip_init(&ip->ip, net, ip, &tern_ipv6_family, &ip->stats.ip))
        return TERN_INVALID;
    tern_ip_groups_init(&ip->ip, &tern_mld_ops);
    ip->good_link = 0xff;
    for (size_t i = 0; i < sizeof ip->frag_ids / sizeof ip->frag_ids[0]; i++)
        ip->frag_ids[i] = tern_drbg_u32(net->drbg);
    if (config->stable_secret != NULL)
        memcpy(ip->stable_secret, config->stable_secret, sizeof ip->stable_secret);
    else
        (void)tern_drbg_fill(net->drbg, ip->stable_secret, sizeof ip->stable_secret);
    return TERN_OK;
}

static const struct tern_net_network_ops ipv6_ops = {
    .hdr_len = IPV6_HDR_LEN,
    .init = ipv6_init,
    .input = ipv6_input,
    .family = ipv6_family,
    .is_ours = ipv6_is_ours,
    .is_host = ipv6_one_host,
    .source = tern_ipv6_source,
    .mtu = tern_ipv6_mtu,
    .set_mtu = tern_ipv6_set_mtu,
    .begin = tern_ipv6_begin,
    .commit = tern_ipv6_commit,
    .send_parts = tern_ipv6_send_parts,
    .confirm = tern_ipv6_confirm,
    .port_unreachable = ipv6_port_unreachable,
    .address_set = ipv6_address_set,
    .automatic = tern_ipv6_automatic,
    .route_changed = ipv6_route_changed,
    .link_changed = ipv6_link_changed,
    .turn_end = ipv6_turn_end,
};

const struct tern_net_part tern_ipv6 = {
    .name = "ipv6",
    .role = TERN_NET_NETWORK,
    .id = ETH_TYPE_IPV6,
    .context_len = sizeof(struct tern_ipv6),
    .ops = &ipv6_ops,
};
