/* SPDX-License-Identifier: ISC */
/*
 * IPv4 (RFC 791, RFC 1122): the part, its addresses, and receiving.
 *
 * Received packets are checked in the order of RFC 1122 section 3.2.1: version,
 * lengths, checksum; then source, options, destination. A host, not a router:
 * what is not for this link's address is dropped, also when it is for another
 * link's (the strong model of RFC 1122 section 3.3.4.2, CVE-2019-14899).
 */
#include "eth_wire.h"
#include "ipv4_internal.h"
#include "ipv4_wire.h"

#include <string.h>

enum { UDP_DST_PORT = 2, DHCP_CLIENT_PORT = 68 };

/* ---- Receiving ---------------------------------------------------------- */

static inline void deliver(struct tern_net *net, struct tern_ipv4 *ip,
                           struct tern_net_packet *pkt)
{
    if (pkt->protocol == IPV4_ICMP) {
        ip->stats.in_delivered++;
        tern_icmp4_input(net, ip, pkt);
        return;
    }
    if (tern_net_deliver(net, pkt)) {
        ip->stats.in_delivered++;
        return;
    }
    if (pkt->protocol == IPV4_IGMP) {
        ip->stats.in_delivered++;
        ip->stats.igmp_in++;
        if (ip_groups(&ip->ip) != NULL)
            ip_groups(&ip->ip)->input(&ip->ip, pkt);
        else    /* nothing was joined, and could be */
            ip->stats.ip.group_ignored++;
        return;
    }
    /* RFC 1122 section 3.2.2.1. Tunnels (4, 41) and all else we do not speak end here. */
    ip->stats.in_unknown_protocol++;
    tern_icmp4_error(net, ip, pkt, 3, 2, 0);
}

void tern_ipv4_deliver(struct tern_net *net, struct tern_ipv4 *ip, struct tern_net_packet *pkt)
{
    deliver(net, ip, pkt);
}

/*
 * RFC 1122 section 3.2.1.3: sources that no packet may have; and our own
 * (LAND, CVE-1999-0016), wherever we have it. Packets come in trains: the last
 * good source needs no second look until an address of ours changes.
 */
static bool source_check(const struct tern_net *net, struct tern_ipv4 *ip, uint8_t link,
                         uint32_t src)
{
    if (!ipv4_is_host(src) || ipv4_is_directed_broadcast(ip, link, src) ||
        tern_ipv4_link_of(net, ip, src) != 0xff)
        return false;
    ip->links[link].good_source = src;
    return true;
}

/* Who has no address speaks IGMP all the same: hosts, and switches (RFC 4541 section 2.1.1). */
static bool is_unaddressed(const uint8_t *hdr, uint32_t src)
{
    return src == IPV4_ANY && hdr[IPV4_PROTOCOL] == IPV4_IGMP && ipv4_is_multicast(ipv4_dst(hdr));
}

static void good_sources_forget(struct tern_ipv4 *ip)
{
    for (size_t i = 0; i < TERN_NET_LINKS; i++)
        ip->links[i].good_source = 0;
}

static bool has_group(const struct tern_ipv4 *ip, uint8_t link, uint32_t group)
{
    struct tern_addr addr = tern_addr_v4(group);
    if (group == IPV4_ALL_HOSTS)    /* RFC 1112 section 7.2 */
        return ip->links[link].set;
    return ip_groups(&ip->ip) != NULL && ip_groups(&ip->ip)->has(&ip->ip, link, &addr);
}

/*
 * Not the link's unicast address: a group of ours, or the answer to a DHCP
 * client that has no address yet (RFC 2131 section 4.1: a server may send it
 * to the address that it offers). Counts what it refuses.
 */
static bool destination_ok(struct tern_net *net, struct tern_ipv4 *ip,
                           struct tern_net_packet *pkt, uint32_t dst, bool to_group)
{
    uint8_t link = pkt->link;
    if (dst == IPV4_BROADCAST || ipv4_is_directed_broadcast(ip, link, dst) ||
        (ipv4_is_multicast(dst) && has_group(ip, link, dst)))
        return true;
    if (ip->links[link].configuring && pkt->protocol == IPV4_UDP &&
        pkt->l4_contig >= UDP_DST_PORT + 2 && ipv4_is_host(dst) &&
        tern_load_be16(pkt->l4 + UDP_DST_PORT) == DHCP_CLIENT_PORT)
        return true;
    if (ipv4_is_loopback(dst)) {
        ip->stats.in_loopback++;
        return false;
    }
    int forwarded = net->forward != NULL ? net->forward(net, pkt, to_group) : NET_NOT_FORWARDED;
    if (forwarded == NET_FORWARDED)
        ip->stats.in_forwarded++;
    else if (forwarded == NET_NOT_FORWARDED && tern_ipv4_link_of(net, ip, dst) != 0xff)
        ip->stats.in_wrong_link++;
    else if (forwarded == NET_NOT_FORWARDED)
        ip->stats.in_not_ours++;
    return forwarded == NET_IS_OURS;
}

TERN_COLD
static void fault_count(struct tern_ipv4 *ip, enum tern_ipv4_fault fault)
{
    switch (fault) {
    case TERN_IPV4_SHORT:
        ip->stats.in_short++;
        break;
    case TERN_IPV4_BAD_VERSION:
        ip->stats.in_bad_version++;
        break;
    case TERN_IPV4_BAD_HDR_LEN:
        ip->stats.in_bad_hdr_len++;
        break;
    case TERN_IPV4_BAD_CHECKSUM:
        ip->stats.in_bad_checksum++;
        break;
    case TERN_IPV4_BAD_TOTAL_LEN:
        ip->stats.in_bad_total_len++;
        break;
    case TERN_IPV4_GOOD:
        break;
    }
}

TERN_COLD
static bool options_ok(struct tern_ipv4 *ip, const struct tern_ipv4_view *v)
{
    switch (tern_ipv4_options_check(v->hdr + IPV4_HDR_LEN, v->hdr_len - IPV4_HDR_LEN)) {
    case TERN_OK:
        return true;
    case TERN_UNSUPPORTED:
        ip->stats.in_source_route++;
        return false;
    default:
        ip->stats.in_bad_options++;
        return false;
    }
}

/* tern_addr_v4 without a detour by the machine's order. */
static inline void addr_take(struct tern_addr *a, const uint8_t *octets)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    __builtin_memcpy(a->octets, mapped, 12);
    __builtin_memcpy(a->octets + 12, octets, 4);
}

static void ipv4_input(struct tern_net *net, void *context, uint8_t link, struct tern_rx *rx,
                       size_t off, bool to_group)
{
    struct tern_ipv4 *ip = context;
    struct tern_ipv4_view v;
    const uint8_t *hdr = rx->spans[0].data + off;
    size_t contig = rx->spans[0].len - off;
    ip->stats.in_packets++;
    enum tern_ipv4_fault fault = tern_ipv4_view_init(&v, hdr, contig, tern_rx_len(rx) - off);
    if (fault != TERN_IPV4_GOOD) {
        fault_count(ip, fault);
        return;
    }
    uint32_t src = ipv4_src(hdr), dst = ipv4_dst(hdr);
    if ((src != ip->links[link].good_source || src == IPV4_ANY) &&
        !source_check(net, ip, link, src) && !is_unaddressed(hdr, src)) {
        ip->stats.in_bad_source++;
        return;
    }
    if (v.hdr_len > IPV4_HDR_LEN && !options_ok(ip, &v))
        return;
    bool ours = ip->links[link].set && dst == ip->links[link].addr;
    /* RFC 1122 section 3.3.6: to one host, but in a frame to many. */
    if (ours && to_group) {
        ip->stats.in_link_group++;
        return;
    }
    size_t l4_len = v.total_len - v.hdr_len;
    struct tern_net_packet pkt = {
        .rx = rx,
        .l4 = hdr + v.hdr_len,
        .l4_contig = contig - v.hdr_len < l4_len ? contig - v.hdr_len : l4_len,
        .l4_off = off + v.hdr_len,
        .l4_len = l4_len,
        .l3 = hdr,
        .l3_len = v.hdr_len,
        .network = ip->ip.slot,
        .link = link,
        .protocol = hdr[IPV4_PROTOCOL],
        .ttl = hdr[IPV4_TTL],
        .ecn = hdr[IPV4_TOS] & 3,
        .multicast = !ours,
    };
    addr_take(&pkt.src, hdr + IPV4_SRC);
    addr_take(&pkt.dst, hdr + IPV4_DST);
    if (!ours && !destination_ok(net, ip, &pkt, dst, to_group))
        return;
    if ((tern_load_be16(hdr + IPV4_FRAG) & (IPV4_MF | IPV4_OFF_MASK)) != 0) {
        tern_ipv4_fragment(ip, &pkt);
        return;
    }
    deliver(net, ip, &pkt);
}

TERN_COLD
static bool ipv4_input_other(struct tern_net *net, void *context, uint8_t link,
                             struct tern_rx *rx, size_t off, uint16_t ethertype, bool to_group)
{
    (void)to_group;
    if (ethertype != ETH_TYPE_ARP)
        return false;
    tern_arp_input(net, context, link, rx, off);
    return true;
}

/* ---- Addresses ---------------------------------------------------------- */

static bool ipv4_family(const struct tern_addr *addr)
{
    return tern_addr_is_v4(addr);
}

static bool ipv4_is_ours(const struct tern_net *net, const void *context,
                         const struct tern_addr *addr, uint8_t link, bool or_soon)
{
    const struct tern_ipv4 *ip = context;
    (void)or_soon;
    uint8_t own = tern_ipv4_link_of(net, ip, tern_addr_to_v4(addr));
    return tern_addr_is_v4(addr) && own != 0xff && (link == 0xff || link == own);
}

TERN_COLD
static bool ipv4_one_host(const struct tern_net *net, const void *context,
                          const struct tern_addr *addr)
{
    const struct tern_ipv4 *ip = context;
    uint32_t v4 = tern_addr_to_v4(addr);
    if (!ipv4_is_host(v4))
        return false;
    for (uint8_t i = 0; i < net->n_links; i++)
        if (ipv4_is_directed_broadcast(ip, i, v4))
            return false;
    return true;
}

static struct tern_ipv4 *context_of(const struct tern_net *net)
{
    return tern_net_context(net, &tern_ipv4);
}

const struct tern_ipv4_stats *tern_ipv4_stats(const struct tern_net *net)
{
    const struct tern_ipv4 *ip = context_of(net);
    return ip != NULL ? &ip->stats : NULL;
}

static uint32_t mask_of(uint8_t prefix_len)
{
    return prefix_len == 0 ? 0 : UINT32_MAX << (32 - prefix_len);
}

TERN_COLD
static void groups_tell(struct tern_ipv4 *ip, uint8_t link)
{
    if (ip_groups(&ip->ip) != NULL)
        ip_groups(&ip->ip)->tell(&ip->ip, link);
}

/* A link with an address is in this group; routers are not told (RFC 1112 section 7.2). */
TERN_COLD
static void all_hosts_hear(struct tern_net *net, uint8_t link, bool leave)
{
    struct tern_addr group = tern_addr_v4(IPV4_ALL_HOSTS);
    uint8_t mac[6];
    tern_igmp_group_mac(mac, &group);
    tern_net_group_join(net, link, mac, leave);
}

TERN_COLD
static bool address_ok(uint32_t addr, uint32_t mask, uint32_t gateway)
{
    if (!ipv4_is_host(addr))
        return false;
    /* The first and the last of a prefix are no host's, but with /31 and /32. */
    if (~mask > 1 && ((addr & ~mask) == 0 || (addr | mask) == UINT32_MAX))
        return false;
    if (gateway == 0)
        return true;
    return ipv4_is_host(gateway) && gateway != addr &&
           (mask == UINT32_MAX || ((gateway ^ addr) & mask) == 0) &&
           (~mask <= 1 || ((gateway & ~mask) != 0 && (gateway | mask) != UINT32_MAX));
}

/* The link's two routes, its prefix's and the default's, come or go. */
TERN_COLD
static enum tern_err routes_put(struct tern_net *net, const struct tern_ipv4 *ip, uint8_t link,
                                enum tern_route_origin origin, bool drop)
{
    const struct tern_ipv4_link *l = &ip->links[link];
    struct tern_route r = { .prefix = tern_addr_v4(l->addr & l->mask), .expires_ns = TERN_NEVER,
                            .prefix_len = 96, .link = link, .origin = (uint8_t)origin };
    enum tern_err err = TERN_OK;
    for (uint32_t mask = l->mask; mask != 0; mask <<= 1)
        r.prefix_len++;
    for (size_t i = 0; i < (l->gateway != 0 ? 2 : 1) && err == TERN_OK; i++) {
        if (drop)
            (void)tern_net_route_drop(net, &r);
        else
            err = tern_net_route_put(net, &r);
        r.prefix = tern_addr_v4(0);
        r.prefix_len = 96;
        r.gateway = tern_addr_v4(l->gateway);
    }
    return err;
}

TERN_COLD
enum tern_err tern_ipv4_set(struct tern_net *net, uint8_t link,
                            const struct tern_ipv4_address *address)
{
    return tern_ipv4_set_from(net, link, address, TERN_ROUTE_CONFIGURED);
}

TERN_COLD
enum tern_err tern_ipv4_set_from(struct tern_net *net, uint8_t link,
                                 const struct tern_ipv4_address *address,
                                 enum tern_route_origin origin)
{
    struct tern_ipv4 *ip = context_of(net);
    if (ip == NULL || link >= net->n_links || address->prefix_len > 128)
        return TERN_INVALID;
    struct tern_ipv4_link *l = &ip->links[link];
    if (!tern_addr_is_v4(&address->addr))
        return TERN_UNSUPPORTED;
    if (address->prefix_len > 32)
        return TERN_INVALID;
    uint32_t addr = tern_addr_to_v4(&address->addr);
    uint32_t mask = mask_of(address->prefix_len);
    uint32_t gateway = 0;
    if (tern_addr_is_v4(&address->gateway))
        gateway = tern_addr_to_v4(&address->gateway);
    else if (!tern_addr_is_any(&address->gateway))
        return TERN_UNSUPPORTED;
    if (gateway == 0 && !tern_addr_is_any(&address->gateway))
        return TERN_INVALID;
    uint8_t own = tern_ipv4_link_of(net, ip, addr);
    if (!address_ok(addr, mask, gateway) || (own != 0xff && own != link))
        return TERN_INVALID;
    bool is_new = !l->set || l->addr != addr;
    if (is_new)
        tern_ipv4_clear(net, link);
    else
        (void)routes_put(net, ip, link, (enum tern_route_origin)l->origin, true);
    l->addr = addr;
    l->mask = mask;
    l->gateway = gateway;
    l->origin = (uint8_t)origin;
    l->set = true;
    enum tern_err err = routes_put(net, ip, link, origin, false);
    if (err != TERN_OK) {
        tern_ipv4_clear(net, link);
        return err;
    }
    good_sources_forget(ip);
    tern_neigh_invalidate(&ip->ip);
    if (!is_new)
        return TERN_OK;
    l->defended_ns = 0;
    all_hosts_hear(net, link, false);
    groups_tell(ip, link);    /* from the new address */
    if (net->links[link].link->up)
        tern_arp_announce(net, ip, link);
    tern_net_event(net, TERN_NET_ADDRESS, link, &address->addr);
    return TERN_OK;
}

TERN_COLD
static enum tern_err ipv4_address_set(struct tern_net *net, uint8_t link,
                                      const struct tern_net_address *address)
{
    struct tern_ipv4_address own = { .addr = address->addr, .prefix_len = address->prefix_len,
                                     .gateway = address->gateway };
    return tern_ipv4_set(net, link, &own);
}

TERN_COLD
void tern_ipv4_clear(struct tern_net *net, uint8_t link)
{
    struct tern_ipv4 *ip = context_of(net);
    if (ip == NULL || link >= net->n_links)
        return;
    struct tern_ipv4_link *l = &ip->links[link];
    l->n_announce = 0;
    if (!l->set)
        return;
    struct tern_addr addr = tern_addr_v4(l->addr);
    (void)routes_put(net, ip, link, (enum tern_route_origin)l->origin, true);
    l->set = false;
    l->addr = l->mask = l->gateway = 0;
    good_sources_forget(ip);
    all_hosts_hear(net, link, true);
    tern_neigh_forget(&ip->ip, link);
    tern_neigh_invalidate(&ip->ip);
    tern_ip_reassembly_forget(&ip->ip, link);
    tern_net_address_lost(net, link, &addr);
}

TERN_COLD
void tern_ipv4_address_make(struct tern_ipv4_address *to, uint32_t addr, uint32_t mask,
                            uint32_t gateway)
{
    memset(to, 0, sizeof *to);
    to->addr = tern_addr_v4(addr);
    for (; mask != 0; mask <<= 1)
        to->prefix_len++;
    if (gateway != 0)
        to->gateway = tern_addr_v4(gateway);
}

TERN_COLD
enum tern_err tern_ipv4_get(const struct tern_net *net, uint8_t link,
                            struct tern_ipv4_address *address)
{
    const struct tern_ipv4 *ip = context_of(net);
    if (ip == NULL || link >= net->n_links || !ip->links[link].set)
        return TERN_INVALID;
    const struct tern_ipv4_link *l = &ip->links[link];
    tern_ipv4_address_make(address, l->addr, l->mask, l->gateway);
    return TERN_OK;
}

/* ---- Groups ------------------------------------------------------------- */

TERN_COLD
static enum tern_err ipv4_join(struct tern_net *net, void *context, const struct tern_addr *addr,
                               uint16_t scope, bool leave)
{
    struct tern_ipv4 *ip = context;
    uint32_t group = tern_addr_to_v4(addr);
    struct ipv4_route route;
    if (!tern_addr_is_v4(addr) || !ipv4_is_multicast(group))
        return TERN_INVALID;
    if (tern_ipv4_route(net, ip, group, scope, &route) != TERN_OK)
        return TERN_INVALID;
    if (leave)
        return tern_ip_group_leave(&ip->ip, scope != 0 ? route.link : 0xff, addr);
    return tern_ip_group_join(&ip->ip, route.link, addr);
}

TERN_COLD
static void ipv4_groups_start(struct tern_net *net)
{
    struct tern_ipv4 *ip = tern_net_context(net, &tern_ipv4);
    if (ip != NULL && ip_groups(&ip->ip) == NULL)
        tern_ip_groups_init(&ip->ip, &tern_igmp_ops);
}

const struct net_groups tern_net_groups_ipv4 = {
    .id = ETH_TYPE_IPV4, .start = ipv4_groups_start, .join = ipv4_join,
};

/* ---- The part ----------------------------------------------------------- */

TERN_COLD
static enum tern_err ipv4_init(struct tern_net *net, void *context)
{
    struct tern_ipv4 *ip = context;
    tern_net_clear(ip, sizeof *ip, offsetof(struct tern_ipv4, config), sizeof ip->config);
    if (ip->config.default_ttl == 0)
        ip->config.default_ttl = 64;
    ip->ip.neighbours = ip->config.neighbours;
    ip->ip.n_neighbours = ip->config.n_neighbours;
    ip->ip.reassemblies = ip->config.reassemblies;
    ip->ip.n_reassemblies = ip->config.n_reassemblies;
    ip->ip.reassembly_ns = ip->config.reassembly_ns;
    ip->ip.groups = ip->groups;
    ip->ip.n_groups = TERN_IPV4_GROUPS;
    if (!tern_ip_init(&ip->ip, net, ip, &tern_ipv4_family, &ip->stats.ip))
        return TERN_INVALID;
    for (size_t i = 0; i < sizeof ip->ids / sizeof ip->ids[0]; i++)
        ip->ids[i] = (uint16_t)tern_drbg_u32(net->drbg);
    return TERN_OK;
}

TERN_COLD
static void ipv4_link_changed(struct tern_net *net, void *context, uint8_t link)
{
    struct tern_ipv4 *ip = context;
    struct tern_ipv4_link *l = &ip->links[link];
    tern_neigh_invalidate(&ip->ip);
    groups_tell(ip, link);
    if (!net->links[link].link->up) {
        if (l->n_announce != TERN_IPV4_LOST)
            l->n_announce = 0;
        tern_neigh_forget(&ip->ip, link);
    } else if (l->set) {
        tern_arp_announce(net, ip, link);    /* also for a new MAC: RFC 5227 section 2.3 */
    }
}

TERN_COLD
static void ipv4_route_changed(struct tern_net *net, void *context)
{
    struct tern_ipv4 *ip = context;
    (void)net;
    tern_neigh_invalidate(&ip->ip);
}

static void ipv4_turn_end(struct tern_net *net, void *context)
{
    struct tern_ipv4 *ip = context;
    (void)net;
    tern_ip_reassembly_turn_end(&ip->ip);
}

TERN_COLD
static void ipv4_port_unreachable(struct tern_net *net, void *context,
                                  const struct tern_net_packet *pkt)
{
    tern_icmp4_error(net, context, pkt, 3, 3, 0);
}

static const struct tern_net_network_ops ipv4_ops = {
    .hdr_len = IPV4_HDR_LEN,
    .init = ipv4_init,
    .input = ipv4_input,
    .input_other = ipv4_input_other,
    .family = ipv4_family,
    .is_ours = ipv4_is_ours,
    .is_host = ipv4_one_host,
    .source = tern_ipv4_source,
    .mtu = tern_ipv4_mtu,
    .set_mtu = tern_ipv4_set_mtu,
    .begin = tern_ipv4_begin,
    .commit = tern_ipv4_commit,
    .send_parts = tern_ipv4_send_parts,
    .confirm = tern_ipv4_confirm,
    .port_unreachable = ipv4_port_unreachable,
    .address_set = ipv4_address_set,
    .route_changed = ipv4_route_changed,
    .link_changed = ipv4_link_changed,
    .turn_end = ipv4_turn_end,
};

const struct tern_net_part tern_ipv4 = {
    .name = "ipv4",
    .role = TERN_NET_NETWORK,
    .id = ETH_TYPE_IPV4,
    .context_len = sizeof(struct tern_ipv4),
    .ops = &ipv4_ops,
};
