/* SPDX-License-Identifier: ISC */
/*
 * Where an IPv6 packet goes and what it comes from: the next hop (RFC 4861
 * section 5.2), the source address (RFC 6724 section 5) and the path's MTU
 * (RFC 8201).
 */
#include "ipv6_internal.h"

/* ---- The way ------------------------------------------------------------ */

/* The link for groups and link-local addresses when none is said: the first that is up. */
static uint8_t default_link(const struct tern_net *net, const struct tern_ipv6 *ip)
{
    for (uint8_t i = 0; i < net->n_links; i++)
        if (ip->links[i].running && net->links[i].link->up)
            return i;
    return 0xff;
}

enum tern_err tern_ipv6_route(const struct tern_net *net, const struct tern_ipv6 *ip,
                              const struct tern_addr *dst, uint16_t scope,
                              struct ipv6_route *route)
{
    if (scope > net->n_links)
        return TERN_UNREACHABLE;
    route->multicast = ipv6_addr_is_multicast(dst);
    route->next_hop = *dst;
    if (route->multicast || ipv6_addr_is_link_local(dst)) {
        route->link = scope != 0 ? (uint8_t)(scope - 1) : default_link(net, ip);
        if (route->link == 0xff || !ip->links[route->link].running)
            return TERN_UNREACHABLE;
    } else {
        const struct tern_route *way = tern_net_route_find(net, dst, scope);
        if (way == NULL)
            return TERN_UNREACHABLE;
        route->link = way->link;
        if (!tern_addr_is_any(&way->gateway))
            route->next_hop = way->gateway;
    }
    /* There is no loopback: a stack does not send to itself. */
    if (route->multicast)
        return TERN_OK;
    return tern_ipv6_is_host(dst) && tern_ipv6_own_find(ip, 0xff, dst) == NULL ? TERN_OK
                                                                              : TERN_UNREACHABLE;
}

/* ---- The source --------------------------------------------------------- */

/* RFC 6724 section 3.1, of unicast addresses as of groups. */
static uint8_t scope_of(const struct tern_addr *a)
{
    if (ipv6_addr_is_multicast(a))
        return a->octets[1] & 15;
    if (ipv6_addr_is_link_local(a))
        return 2;
    return a->octets[0] == 0xfe && a->octets[1] >> 6 == 3 ? 5 : 14;
}

static unsigned common_len(const struct tern_addr *a, const struct tern_addr *b, unsigned most)
{
    unsigned n = 0;
    while (n < most && ((a->octets[n / 8] ^ b->octets[n / 8]) >> (7 - n % 8) & 1) == 0)
        n++;
    return n;
}

/* A rule of section 5: which of two it prefers, by which number is larger. */
#define PREFER(a, b)            \
    do {                        \
        unsigned a_ = (a), b_ = (b); \
        if (a_ != b_)           \
            return a_ > b_;     \
    } while (0)

/* Is a the better source for dst? */
static bool is_better(const struct tern_ipv6_own *a, const struct tern_ipv6_own *b,
                      const struct tern_addr *dst)
{
    uint8_t sa = scope_of(&a->addr), sb = scope_of(&b->addr), sd = scope_of(dst);
    if (sa != sb)                                     /* rule 2: the appropriate scope */
        return sa < sb ? sa >= sd : sb < sd;
    PREFER(a->state == TERN_IPV6_PREFERRED, b->state == TERN_IPV6_PREFERRED);    /* rule 3 */
    const struct tern_addr_policy *policy = tern_addr_policy(dst);    /* one row has a label */
    PREFER(tern_addr_policy(&a->addr) == policy, tern_addr_policy(&b->addr) == policy);  /* 6 */
    PREFER(a->origin == TERN_IPV6_FROM_PREFIX_TEMPORARY,
           b->origin == TERN_IPV6_FROM_PREFIX_TEMPORARY);                        /* rule 7 */
    PREFER(common_len(&a->addr, dst, a->prefix_len), common_len(&b->addr, dst, b->prefix_len));
    return false;
}

enum tern_err tern_ipv6_source(struct tern_net *net, void *context, const struct tern_addr *dst,
                               uint16_t scope, struct tern_addr *src)
{
    const struct tern_ipv6 *ip = context;
    const struct tern_ipv6_own *best = NULL;
    struct ipv6_route route;
    if (tern_ipv6_route(net, ip, dst, scope, &route) != TERN_OK)
        return TERN_UNREACHABLE;
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++) {
        const struct tern_ipv6_own *own = &ip->addrs[i];
        if (ipv6_own_is_valid(own) && own->link == route.link &&
            (best == NULL || is_better(own, best, dst)))
            best = own;
    }
    if (best == NULL)
        return TERN_UNREACHABLE;
    *src = best->addr;
    return TERN_OK;
}

/* ---- The path MTU ------------------------------------------------------- */

uint16_t tern_ipv6_link_mtu(const struct tern_net *net, const struct tern_ipv6 *ip, uint8_t link)
{
    uint16_t mtu = net->links[link].link->mtu;
    return ip->links[link].mtu != 0 && ip->links[link].mtu < mtu ? ip->links[link].mtu : mtu;
}

/* The scope in which src is sent from: its link's index plus one, or 0: not ours. */
static uint16_t scope_from(const struct tern_ipv6 *ip, const struct tern_addr *src)
{
    const struct tern_ipv6_own *own = tern_ipv6_own_find(ip, 0xff, src);
    return own != NULL && !ip->ip.net->any_address ? (uint16_t)(own->link + 1) : 0;
}

uint16_t tern_ipv6_path_mtu(const struct tern_ipv6 *ip, const struct tern_addr *src,
                            const struct tern_addr *dst, uint16_t scope, bool echo)
{
    struct ipv6_route route;
    if (scope == 0)
        scope = scope_from(ip, src);
    if (tern_ipv6_route(ip->ip.net, ip, dst, scope, &route) != TERN_OK)
        return 0;
    return tern_ip_pmtu(&ip->ip, dst, tern_ipv6_link_mtu(ip->ip.net, ip, route.link), echo);
}

uint16_t tern_ipv6_mtu(const struct tern_net *net, const void *context,
                       const struct tern_addr *src, const struct tern_addr *dst)
{
    (void)net;
    return tern_ipv6_path_mtu(context, src, dst, 0, false);
}

/* RFC 8201 section 4: what is below IPv6's least MTU is none. */
void tern_ipv6_set_mtu(struct tern_net *net, void *context, const struct tern_addr *dst,
                       uint16_t mtu)
{
    struct tern_ipv6 *ip = context;
    (void)net;
    if (mtu < IPV6_MTU_LEAST)
        ip->stats.ip.pmtu_refused++;
    else if (mtu < tern_ip_pmtu(&ip->ip, dst, UINT16_MAX, false))
        tern_ip_pmtu_lower(&ip->ip, dst, mtu, false);
}
