/* SPDX-License-Identifier: ISC */
/*
 * Where an IPv4 packet goes: link and next hop (RFC 1122 section 3.3.1), the
 * source address, and how large it may be (path MTU discovery, RFC 1191).
 */
#include "ipv4_internal.h"
#include "ipv4_wire.h"

/* ---- Routes ------------------------------------------------------------- */

/* The link for groups when none is said: one with a router, else with an address. */
static uint8_t default_link(const struct tern_net *net, const struct tern_ipv4 *ip)
{
    uint8_t found = 0;
    for (uint8_t i = net->n_links; i-- > 0;)
        if (ip->links[i].set)
            found = i;
    for (uint8_t i = net->n_links; i-- > 0;)
        if (ip->links[i].set && ip->links[i].gateway != 0)
            found = i;
    return found;
}

uint8_t tern_ipv4_link_of(const struct tern_net *net, const struct tern_ipv4 *ip, uint32_t addr)
{
    for (uint8_t i = 0; i < net->n_links; i++)
        if (ip->links[i].set && ip->links[i].addr == addr)
            return i;
    return 0xff;
}

uint16_t tern_ipv4_scope_of(const struct tern_net *net, const struct tern_ipv4 *ip,
                            const struct tern_addr *src)
{
    /* 0xff + 1 is no scope. */
    return net->any_address ? 0 : (uint8_t)(tern_ipv4_link_of(net, ip, tern_addr_to_v4(src)) + 1);
}

enum tern_err tern_ipv4_route(const struct tern_net *net, const struct tern_ipv4 *ip,
                              uint32_t dst, uint16_t scope, struct ipv4_route *route)
{
    if (scope > net->n_links || net->n_links == 0)
        return TERN_UNREACHABLE;
    if (dst == IPV4_BROADCAST || ipv4_is_multicast(dst)) {
        route->link = scope != 0 ? (uint8_t)(scope - 1) : default_link(net, ip);
        route->kind = dst == IPV4_BROADCAST ? IPV4_TO_BROADCAST : IPV4_TO_MULTICAST;
        route->next_hop = dst;
        return TERN_OK;
    }
    /* There is no loopback: a stack does not send to itself. */
    if (!ipv4_is_host(dst) || tern_ipv4_link_of(net, ip, dst) != 0xff)
        return TERN_UNREACHABLE;
    struct tern_addr to = tern_addr_v4(dst);
    const struct tern_route *way = tern_net_route_find(net, &to, scope);
    if (way == NULL || !ip->links[way->link].set)
        return TERN_UNREACHABLE;
    route->link = way->link;
    route->kind = ipv4_is_directed_broadcast(ip, way->link, dst) ? IPV4_TO_BROADCAST
                                                                 : IPV4_UNICAST;
    route->next_hop = tern_addr_is_any(&way->gateway) ? dst : tern_addr_to_v4(&way->gateway);
    return TERN_OK;
}

enum tern_err tern_ipv4_source(struct tern_net *net, void *context, const struct tern_addr *dst,
                               uint16_t scope, struct tern_addr *src)
{
    const struct tern_ipv4 *ip = context;
    struct ipv4_route route;
    if (!tern_addr_is_v4(dst) ||
        tern_ipv4_route(net, ip, tern_addr_to_v4(dst), scope, &route) != TERN_OK)
        return TERN_UNREACHABLE;
    if (!ip->links[route.link].set && route.kind != IPV4_TO_BROADCAST)
        return TERN_UNREACHABLE;
    *src = tern_addr_v4(ip->links[route.link].addr);    /* 0.0.0.0: none yet (RFC 1122 3.2.1.3) */
    return TERN_OK;
}

/* ---- The path MTU ------------------------------------------------------- */

/*
 * RFC 1191 section 3 lets a router say 68. Nothing that we meet is below 552
 * (576 less what tunnels take), and a forged small one costs the whole path
 * dear (CVE-2004-1060): so it is refused.
 */
#define PMTU_LEAST 552

uint16_t tern_ipv4_link_mtu(const struct tern_net *net, const struct tern_ipv4 *ip, uint8_t link)
{
    uint16_t mtu = net->links[link].link->mtu;
    return ip->links[link].mtu != 0 && ip->links[link].mtu < mtu ? ip->links[link].mtu : mtu;
}

uint16_t tern_ipv4_mtu(const struct tern_net *net, const void *context,
                       const struct tern_addr *src, const struct tern_addr *dst)
{
    const struct tern_ipv4 *ip = context;
    struct ipv4_route route;
    if (tern_ipv4_route(net, ip, tern_addr_to_v4(dst), tern_ipv4_scope_of(net, ip, src),
                        &route) != TERN_OK)
        return 0;
    return tern_ip_pmtu(&ip->ip, dst, tern_ipv4_link_mtu(net, ip, route.link), false);
}

void tern_ipv4_set_mtu(struct tern_net *net, void *context, const struct tern_addr *dst,
                       uint16_t mtu)
{
    struct tern_ipv4 *ip = context;
    (void)net;
    if (mtu < PMTU_LEAST)
        ip->stats.ip.pmtu_refused++;
    else if (mtu < tern_ip_pmtu(&ip->ip, dst, UINT16_MAX, false))
        tern_ip_pmtu_lower(&ip->ip, dst, mtu, false);
}
