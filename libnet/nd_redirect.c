/* SPDX-License-Identifier: ISC */
/*
 * Redirects (RFC 4861 section 8.3): a router tells of a better first hop for
 * one destination, another router or the destination itself.
 *
 * It becomes a route to that host, as long as REDIRECT_NS and no longer than
 * what it names answers (tern_net_gateway_failed). Only the router whom we
 * would send that destination's packets to is heard, and what it says ranks
 * with the route by which it came to that.
 */
#include "ipv6_internal.h"
#include "nd_wire.h"

#define REDIRECT_NS (600 * TERN_SECOND_NS)

static bool is_full(const struct tern_net *net)
{
    unsigned n = 0;
    for (size_t i = 0; i < net->n_routes; i++)
        n += net_route_is_redirect(&net->routes[i]);
    return n >= ND_REDIRECTS_MAX;
}

static bool way_put(struct tern_ipv6 *ip, uint8_t link, const struct tern_addr *router,
                    const struct tern_addr *dst, const struct tern_addr *target)
{
    struct tern_net *net = ip->ip.net;
    const struct tern_route *way = tern_net_route_find(net, dst, (uint16_t)(link + 1));
    if (way == NULL || !tern_addr_equal(&way->gateway, router) ||
        tern_addr_equal(target, router) || !tern_ipv6_is_host(dst) ||
        ipv6_addr_is_link_local(dst) || tern_ipv6_own_find(ip, 0xff, dst) != NULL ||
        tern_ipv6_own_find(ip, link, target) != NULL)
        return false;
    struct tern_route old = *way, own = { .prefix = *dst,
                                          .prefix_len = 128,
                                          .metric = NET_METRIC_REDIRECT,
                                          .expires_ns = net->turn->now_ns + REDIRECT_NS,
                                          .link = link,
                                          .origin = old.origin };
    if (!tern_addr_equal(target, dst))
        own.gateway = *target;
    if (net_route_is_redirect(&old))    /* that first hop, too, knows of a better one */
        (void)tern_net_route_drop(net, &old);
    if (is_full(net) || tern_net_route_put(net, &own) != TERN_OK)
        return false;
    tern_ip_rearm(&ip->ip, own.expires_ns);
    return true;
}

void tern_nd_redirect_input(struct tern_ipv6 *ip, const struct tern_net_packet *pkt,
                            struct tern_nd_msg *nd)
{
    struct tern_addr dst = ipv6_addr(nd->dst), target = ipv6_addr(nd->target);
    ip->stats.nd_redirects++;
    if (!way_put(ip, pkt->link, &pkt->src, &dst, &target)) {
        ip->stats.redirect_refused++;
        return;
    }
    struct tern_neighbour *n = tern_nd_learn(ip, pkt->link, &target, nd->mac);
    if (n != NULL && !tern_addr_equal(&target, &dst))
        n->router = true;
}
