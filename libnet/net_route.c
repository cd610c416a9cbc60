/* SPDX-License-Identifier: ISC */
/*
 * Routes of both families, in one small table that is kept in the order in
 * which they are tried, so that the first that matches is the one (RFC 1122
 * section 3.3.1, RFC 4861 section 5.2, RFC 4191 section 3).
 *
 * What somebody on the network says never beats what was configured, however
 * long its prefix: a DHCP server or a router that offers routes cannot steal
 * traffic from a tunnel (TunnelVision, CVE-2024-3661). So configured routes
 * come first, longer prefixes before shorter, lower metrics before higher.
 */
#include "net_internal.h"

#include <string.h>

/* A gateway that did not answer is passed over so long if there is another. */
#define GATEWAY_BAD_NS (60 * TERN_SECOND_NS)

bool tern_net_prefix_has(const struct tern_addr *prefix, uint8_t len, const struct tern_addr *addr)
{
    size_t whole = len / 8;
    if (memcmp(prefix->octets, addr->octets, whole) != 0)
        return false;
    unsigned rest = len % 8;
    return rest == 0 || (prefix->octets[whole] ^ addr->octets[whole]) >> (8 - rest) == 0;
}

struct tern_addr tern_net_prefix_of(const struct tern_addr *addr, uint8_t len)
{
    struct tern_addr prefix = *addr;
    for (size_t i = 0; i < 16; i++, len = len > 8 ? (uint8_t)(len - 8) : 0)
        if (len < 8)
            prefix.octets[i] &= (uint8_t)(0xff00 >> len);
    return prefix;
}

/* Does a go before b? */
static bool goes_before(const struct tern_route *a, const struct tern_route *b)
{
    if (a->origin != b->origin)
        return a->origin < b->origin;
    if (a->prefix_len != b->prefix_len)
        return a->prefix_len > b->prefix_len;
    return a->metric < b->metric;
}

/* Is it the same way? Metric, origin and lifetime are what may change of it. */
static bool is_same(const struct tern_route *a, const struct tern_route *b)
{
    return a->link == b->link && a->prefix_len == b->prefix_len &&
           tern_addr_equal(&a->prefix, &b->prefix) && tern_addr_equal(&a->gateway, &b->gateway);
}

static void remove_at(struct tern_net *net, size_t at)
{
    net->n_routes--;
    memmove(&net->routes[at], &net->routes[at + 1],
            (net->n_routes - at) * sizeof net->routes[0]);
}

void tern_net_route_changed(struct tern_net *net)
{
    for (size_t i = 0; i < net->n_networks; i++)
        tern_net_network(net, (uint8_t)i)->route_changed(net, net->networks[i].context);
}

bool tern_net_route_drop(struct tern_net *net, const struct tern_route *route)
{
    for (size_t i = 0; i < net->n_routes; i++) {
        if (!is_same(&net->routes[i], route) || net->routes[i].origin < route->origin)
            continue;
        remove_at(net, i);
        tern_net_route_changed(net);
        return true;
    }
    return false;
}

enum tern_err tern_net_route_put(struct tern_net *net, const struct tern_route *route)
{
    size_t at = 0, n_learned = 0;
    for (size_t i = 0; i < net->n_routes; i++) {
        struct tern_route *old = &net->routes[i];
        n_learned += old->origin == TERN_ROUTE_LEARNED;
        if (!is_same(old, route))
            continue;
        if (old->origin < route->origin)    /* configured: nobody says otherwise */
            return TERN_REFUSED;
        if (old->metric == route->metric && old->origin == route->origin) {
            old->expires_ns = route->expires_ns;
            return TERN_OK;
        }
        n_learned -= old->origin == TERN_ROUTE_LEARNED;
        remove_at(net, i--);
    }
    /* What others say leaves half of the table to its owner. */
    if (net->n_routes == TERN_NET_ROUTES ||
        (route->origin == TERN_ROUTE_LEARNED && n_learned >= TERN_NET_ROUTES / 2))
        return TERN_FULL;
    while (at < net->n_routes && !goes_before(route, &net->routes[at]))
        at++;
    memmove(&net->routes[at + 1], &net->routes[at],
            (net->n_routes - at) * sizeof net->routes[0]);
    net->routes[at] = *route;
    net->routes[at].bad_until_ns = 0;
    net->n_routes++;
    tern_net_route_changed(net);
    return TERN_OK;
}

const struct tern_route *tern_net_route_find(const struct tern_net *net,
                                             const struct tern_addr *dst, uint16_t scope)
{
    const struct tern_route *found = NULL;
    uint64_t now_ns = net->turn->now_ns;
    for (size_t i = 0; i < net->n_routes; i++) {
        const struct tern_route *r = &net->routes[i];
        if ((scope != 0 && r->link != scope - 1) || !net->links[r->link].link->up ||
            r->expires_ns <= now_ns || !tern_net_prefix_has(&r->prefix, r->prefix_len, dst))
            continue;
        if (found != NULL && (r->prefix_len != found->prefix_len || r->origin != found->origin))
            break;
        if (r->bad_until_ns <= now_ns)
            return r;
        if (found == NULL)
            found = r;
    }
    return found;
}

/*
 * A redirect is forgotten with the neighbour it named: whoever sent it is asked
 * again for the way (RFC 4861 section 7.3.3).
 */
void tern_net_gateway_failed(struct tern_net *net, uint8_t link, const struct tern_addr *gateway)
{
    for (size_t i = 0; i < net->n_routes; i++) {
        struct tern_route *r = &net->routes[i];
        bool redirect = net_route_is_redirect(r);
        if (r->link != link ||
            !tern_addr_equal(redirect && tern_addr_is_any(&r->gateway) ? &r->prefix : &r->gateway,
                             gateway))
            continue;
        if (redirect)
            r->expires_ns = net->turn->now_ns;
        else
            r->bad_until_ns = net->turn->now_ns + GATEWAY_BAD_NS;
    }
}

/* ---- For the application ---------------------------------------------------- */

TERN_COLD
enum tern_err tern_net_route_set(struct tern_net *net, const struct tern_route *route)
{
    static const struct tern_addr none;
    struct tern_route own = *route;
    /* ::/0 is IPv6's; :: alone, as an address, nobody's. */
    uint8_t slot = tern_net_network_of(net, tern_addr_is_any(&route->prefix) ? &route->gateway
                                                                             : &route->prefix);
    bool v4 = tern_addr_is_v4(&route->prefix);
    struct tern_addr zeroed = tern_net_prefix_of(&route->prefix, route->prefix_len);
    if (slot == 0xff)
        return TERN_UNSUPPORTED;
    if (route->link >= net->n_links || route->prefix_len > 128 || (v4 && route->prefix_len < 96) ||
        !tern_addr_equal(&route->prefix, &zeroed))
        return TERN_INVALID;
    if (!tern_addr_equal(&route->gateway, &none) &&
        (tern_net_network_of(net, &route->gateway) != slot ||
         !tern_net_network(net, slot)->is_host(net, net->networks[slot].context,
                                               &route->gateway)))
        return TERN_INVALID;
    own.origin = TERN_ROUTE_CONFIGURED;
    return tern_net_route_put(net, &own);
}

TERN_COLD
enum tern_err tern_net_route_clear(struct tern_net *net, const struct tern_route *route)
{
    return tern_net_route_drop(net, route) ? TERN_OK : TERN_INVALID;
}

const struct tern_route *tern_net_route_get(const struct tern_net *net, size_t i)
{
    return i < net->n_routes ? &net->routes[i] : NULL;
}
