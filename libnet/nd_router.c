/* SPDX-License-Identifier: ISC */
/*
 * Routers, as a host sees them: solicitations (RFC 4861 section 6.3.7, RFC
 * 7559), advertisements (section 6.3.4) with the options of RFC 4191 and 8106.
 *
 * Anybody on the link can be a router. What they say is therefore bounded: in
 * number (those that came first keep their places, whatever comes after), in
 * value (below), and by rank, for a learned route is never tried before a
 * configured one (net_route.c).
 */
#include "eth_wire.h"
#include "ipv6_internal.h"
#include "names_wire.h"
#include "nd_wire.h"

#include <string.h>

#define SOLICIT_DELAY_MS 1000u                        /* MAX_RTR_SOLICITATION_DELAY */
#define SOLICIT_WAIT_NS (4 * TERN_SECOND_NS)          /* RTR_SOLICITATION_INTERVAL */
#define SOLICIT_WAIT_MOST_NS (3600 * TERN_SECOND_NS)  /* RFC 7559 section 2: SOL_MAX_RT */
#define SOLICITS 3                                    /* MAX_RTR_SOLICITATIONS */

/*
 * A router that says a hop limit of a few cuts us off from the Internet unseen
 * (CVE-2015-2922). RFC 4861 section 6.3.4 would have any taken and has no floor;
 * 15 is what conformance tests ask hosts to follow (IPv6 Ready, v6LC.2.2.13),
 * and goes far enough for most of the Internet: more than that any router can
 * take from us by other means.
 */
#define HOP_LIMIT_LEAST 15

/*
 * What neighbours are asked with. RFC 4861 allows any number of milliseconds;
 * one would have us flood the link, an hour would keep us from ever noticing.
 */
#define RETRY_LEAST_MS 100u
#define RETRY_MOST_MS 10000u
#define REACHABLE_LEAST_MS 1000u
#define REACHABLE_MOST_MS 3600000u                    /* section 6.2.1 */
#define REACHABLE_REDRAW_NS (2 * 3600 * TERN_SECOND_NS)

/* ---- Solicitations ------------------------------------------------------ */

void tern_nd_router_solicit(struct tern_ipv6 *ip, uint8_t link)
{
    struct tern_ipv6_link *l = &ip->links[link];
    struct tern_net *net = ip->ip.net;
    if ((l->flags & TERN_IPV6_AUTO) == 0)
        return;
    l->n_solicits = SOLICITS;
    l->solicit_wait_ns = SOLICIT_WAIT_NS;
    l->solicit_ns = net->turn->now_ns +
                    tern_drbg_below(net->drbg, SOLICIT_DELAY_MS) * TERN_MILLISECOND_NS;
    tern_ip_rearm(&ip->ip, l->solicit_ns);
}

/* From our link-local address or, while that is tentative, from nobody (section 6.1.1). */
static void solicit(struct tern_ipv6 *ip, uint8_t link)
{
    static const struct tern_addr all_routers = { { 0xff, 2, [15] = 2 } };
    struct tern_addr src = { { 0 } };
    struct tern_nd_out nd = { .type = ICMP6_RS };
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++) {
        const struct tern_ipv6_own *own = &ip->addrs[i];
        if (own->link != link || !ipv6_own_is_valid(own) || !ipv6_addr_is_link_local(&own->addr))
            continue;
        src = own->addr;
        nd.mac = ip->ip.net->links[link].mac;
    }
    (void)tern_nd_send(ip, link, &src, &all_routers, NULL, &nd);
}

/* Three at the interval of RFC 4861; then RFC 7559: ever more seldom, but without end. */
static uint64_t solicit_run(struct tern_ipv6 *ip, uint8_t link, uint64_t now_ns)
{
    struct tern_ipv6_link *l = &ip->links[link];
    struct tern_net *net = ip->ip.net;
    if (l->solicit_wait_ns == 0 || !net->links[link].link->up)
        return TERN_NEVER;
    if (l->solicit_ns > now_ns)
        return l->solicit_ns;
    solicit(ip, link);
    l->solicit_ns = now_ns + l->solicit_wait_ns;
    if (l->n_solicits > 1) {
        l->n_solicits--;
        return l->solicit_ns;
    }
    uint32_t tenth_ms = (uint32_t)(l->solicit_wait_ns / (10 * TERN_MILLISECOND_NS));
    l->solicit_ns += tern_drbg_below(net->drbg, tenth_ms) * TERN_MILLISECOND_NS;
    l->solicit_wait_ns *= 2;
    if (l->solicit_wait_ns > SOLICIT_WAIT_MOST_NS)
        l->solicit_wait_ns = SOLICIT_WAIT_MOST_NS;
    return l->solicit_ns;
}

/* ---- Routes that are learned -------------------------------------------- */

/* How many of a kind a link may have, and all links together: DHCP for IPv4 has room left. */
enum way_kind { WAY_DEFAULT, WAY_ON_LINK, WAY_OTHER };
static const uint8_t ways_max[] = { [WAY_DEFAULT] = 3, [WAY_ON_LINK] = 8, [WAY_OTHER] = 4 };
#define WAYS_MAX 16u
_Static_assert(WAYS_MAX + ND_REDIRECTS_MAX + 2 <= TERN_NET_ROUTES / 2, "room for IPv4's two");

static enum way_kind kind_of(const struct tern_route *way)
{
    if (way->prefix_len == 0)
        return WAY_DEFAULT;
    return tern_addr_is_any(&way->gateway) ? WAY_ON_LINK : WAY_OTHER;
}

/* Did a router of this link say it? */
static bool is_heard(const struct tern_route *way, uint8_t link)
{
    return way->link == link && !tern_addr_is_v4(&way->prefix) &&
           (way->origin == TERN_ROUTE_LEARNED || net_route_is_redirect(way));
}

static bool is_same(const struct tern_route *a, const struct tern_route *b)
{
    return a->link == b->link && a->prefix_len == b->prefix_len &&
           tern_addr_equal(&a->prefix, &b->prefix) && tern_addr_equal(&a->gateway, &b->gateway);
}

/* Takes a route over until its time; a time of now takes it back. */
static void way_put(struct tern_ipv6 *ip, const struct tern_route *way, uint64_t *no_room)
{
    struct tern_net *net = ip->ip.net;
    unsigned n = 0, n_all = 0;
    bool old = false;
    for (size_t i = 0; i < net->n_routes; i++) {
        const struct tern_route *r = &net->routes[i];
        if (!is_heard(r, r->link) || net_route_is_redirect(r))
            continue;
        n_all++;
        n += r->link == way->link && kind_of(r) == kind_of(way);
        old |= is_same(r, way);
    }
    if (way->expires_ns <= net->turn->now_ns) {
        if (old)
            (void)tern_net_route_drop(net, way);
    } else if ((!old && (n >= ways_max[kind_of(way)] || n_all >= WAYS_MAX)) ||
               tern_net_route_put(net, way) == TERN_FULL) {
        ++*no_room;
    } else {
        tern_ip_rearm(&ip->ip, way->expires_ns);
    }
}

/* RFC 4191 section 3: of equal prefixes the router that is preferred goes first. */
static uint16_t metric_of(uint8_t flags)
{
    return (uint16_t)(1024 - 512 * nd_preference(flags));
}

static void ways_drop(struct tern_ipv6 *ip, uint8_t link, const struct tern_addr *router)
{
    struct tern_net *net = ip->ip.net;
    for (size_t i = net->n_routes; i-- > 0;) {
        struct tern_route way = net->routes[i];
        if (is_heard(&way, link) && (router == NULL || tern_addr_equal(&way.gateway, router)))
            (void)tern_net_route_drop(net, &way);
    }
}

void tern_nd_router_gone(struct tern_ipv6 *ip, uint8_t link, const struct tern_addr *router)
{
    ways_drop(ip, link, router);
}

/* ---- Names -------------------------------------------------------------- */

void tern_nd_server_put(struct tern_ipv6 *ip, uint8_t link, const struct tern_addr *server,
                        uint64_t expires_ns)
{
    uint64_t now_ns = ip->ip.net->turn->now_ns;
    size_t at = TERN_IPV6_SERVERS;
    if (!tern_ipv6_is_host(server))
        return;
    for (size_t i = TERN_IPV6_SERVERS; i-- > 0;) {
        if (ip->servers[i].link == link && tern_addr_equal(&ip->servers[i].addr, server)) {
            ip->servers[i].expires_ns = expires_ns;
            return;
        }
        if (ip->servers[i].expires_ns <= now_ns)
            at = i;
    }
    if (at == TERN_IPV6_SERVERS) {
        ip->stats.router_no_room++;
        return;
    }
    ip->servers[at].addr = *server;
    ip->servers[at].link = link;
    ip->servers[at].expires_ns = expires_ns;
}

enum tern_err tern_ipv6_server(const struct tern_net *net, size_t i,
                               struct tern_endpoint_addr *server)
{
    const struct tern_ipv6 *ip = tern_ipv6_context(net);
    for (size_t at = 0; ip != NULL && at < TERN_IPV6_SERVERS; at++) {
        if (ip->servers[at].expires_ns <= net->turn->now_ns || i-- > 0)
            continue;
        bool local = ipv6_addr_is_link_local(&ip->servers[at].addr);
        *server = (struct tern_endpoint_addr){
            .addr = ip->servers[at].addr,
            .port = 53,
            .link = local ? (uint16_t)(ip->servers[at].link + 1) : 0,
        };
        return TERN_OK;
    }
    return TERN_INVALID;
}

/* The newest list counts (RFC 8106 section 5.2); without the zeros that fill it up. */
static void domains_put(struct tern_ipv6 *ip, const struct tern_nd_option *o)
{
    size_t len = 0, name_len;
    while (len < o->len && (name_len = tern_name_len(o->data + len, o->len - len)) > 1)
        len += name_len;
    if (len > sizeof ip->domains) {
        ip->stats.router_no_room++;
        return;
    }
    if (o->lifetime_s == 0) {    /* takes back its own list, not another router's */
        if (len == ip->domains_len && memcmp(ip->domains, o->data, len) == 0)
            ip->domains_len = 0;
        return;
    }
    memcpy(ip->domains, o->data, len);
    ip->domains_len = (uint16_t)len;
    ip->domains_expire_ns = nd_expires_ns(ip, o->lifetime_s);
}

/* ---- Advertisements ----------------------------------------------------- */

/* The link's own MTU, or less: not below IPv6's least, which nd_wire.c has seen to. */
static void mtu_take(struct tern_ipv6 *ip, uint8_t link, uint32_t mtu)
{
    struct tern_net *net = ip->ip.net;
    if (mtu > net->links[link].link->mtu) {
        ip->stats.mtu_refused++;
        return;
    }
    if (ip->links[link].mtu == mtu)
        return;
    ip->links[link].mtu = (uint16_t)mtu;
    for (size_t i = 0; i < net->n_transports; i++) {
        const struct tern_net_transport_ops *ops = net->transports[i].ops;
        ops->link_changed(net, net->transports[i].context, link);
    }
}

static uint32_t clamp(uint32_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* Between half and one and a half of what they say, drawn anew every few hours (6.3.2, 6.3.4). */
static void reachable_take(struct tern_ipv6 *ip, uint8_t link, uint32_t reachable_ms)
{
    struct tern_ipv6_link *l = &ip->links[link];
    uint64_t now_ns = ip->ip.net->turn->now_ns;
    uint32_t base_ms = clamp(reachable_ms, REACHABLE_LEAST_MS, REACHABLE_MOST_MS);
    if (base_ms * TERN_MILLISECOND_NS == l->reachable_base_ns &&
        now_ns - l->reachable_drawn_ns < REACHABLE_REDRAW_NS)
        return;
    l->reachable_base_ns = base_ms * TERN_MILLISECOND_NS;
    l->reachable_drawn_ns = now_ns;
    ip->ip.reachable_ns[link] =
        (base_ms / 2 + tern_drbg_below(ip->ip.net->drbg, base_ms)) * TERN_MILLISECOND_NS;
}

/* What is not 0, which says nothing. */
static void parameters_take(struct tern_ipv6 *ip, uint8_t link, const struct tern_nd_msg *ra)
{
    if (ra->hop_limit >= HOP_LIMIT_LEAST)
        ip->links[link].hop_limit = ra->hop_limit;
    else if (ra->hop_limit != 0)
        ip->stats.hop_limit_refused++;
    if (ra->retrans_ms != 0)
        ip->ip.retry_ns[link] = clamp(ra->retrans_ms, RETRY_LEAST_MS, RETRY_MOST_MS) *
                                TERN_MILLISECOND_NS;
    if (ra->reachable_ms != 0)
        reachable_take(ip, link, ra->reachable_ms);
}

static void option_take(struct tern_ipv6 *ip, uint8_t link, const struct tern_addr *router,
                        const struct tern_nd_option *o)
{
    struct tern_route way = { .prefix = o->prefix,
                              .prefix_len = o->prefix_len,
                              .expires_ns = nd_expires_ns(ip, o->lifetime_s),
                              .link = link,
                              .origin = TERN_ROUTE_LEARNED };
    switch (o->type) {
    case ND_OPT_MTU:
        mtu_take(ip, link, o->mtu);
        break;
    case ND_OPT_PREFIX:
        /* All of the Internet is on no link. */
        if ((o->flags & ND_PREFIX_ON_LINK) != 0 && o->prefix_len != 0)
            way_put(ip, &way, &ip->stats.prefix_no_room);
        if ((o->flags & ND_PREFIX_AUTONOMOUS) != 0)
            tern_slaac_prefix(ip, link, o);
        break;
    case ND_OPT_ROUTE:    /* of ::/0 it is the word that counts (RFC 4191 section 3.1) */
        way.gateway = *router;
        way.metric = metric_of(o->flags);
        way_put(ip, &way, &ip->stats.router_no_room);
        break;
    case ND_OPT_RDNSS:
        for (size_t off = 0; off < o->len; off += 16) {
            struct tern_addr server = ipv6_addr(o->data + off);
            tern_nd_server_put(ip, link, &server, way.expires_ns);
        }
        break;
    case ND_OPT_DNSSL:
        domains_put(ip, o);
        break;
    default:
        break;
    }
}

void tern_nd_router_input(struct tern_ipv6 *ip, const struct tern_net_packet *pkt,
                          struct tern_nd_msg *nd)
{
    struct tern_ipv6_link *l = &ip->links[pkt->link];
    struct tern_nd_option option;
    if ((l->flags & TERN_IPV6_AUTO) == 0) {
        ip->stats.nd_unsolicited++;
        return;
    }
    ip->stats.nd_routers++;
    if (nd->lifetime_s != 0)
        l->solicit_wait_ns = 0;    /* RFC 7559 section 2: a default router has answered */
    parameters_take(ip, pkt->link, nd);
    struct tern_neighbour *n = tern_nd_learn(ip, pkt->link, &pkt->src, nd->mac);
    if (n != NULL)
        n->router = true;
    struct tern_route way = { .gateway = pkt->src,
                              .metric = metric_of(nd->flags),
                              .expires_ns = nd_expires_ns(ip, nd->lifetime_s),
                              .link = pkt->link,
                              .origin = TERN_ROUTE_LEARNED };
    way_put(ip, &way, &ip->stats.router_no_room);
    while (tern_nd_option_next(&nd->options, &option))
        option_take(ip, pkt->link, &pkt->src, &option);
    l->ra_flags = nd->flags & (ND_RA_MANAGED | ND_RA_OTHER);
    tern_net_router_said(ip->ip.net, pkt->link, l->ra_flags);    /* to DHCPv6 */
}

/* ---- Time --------------------------------------------------------------- */

uint64_t tern_nd_router_run(struct tern_ipv6 *ip, uint64_t now_ns)
{
    struct tern_net *net = ip->ip.net;
    uint64_t next_ns = TERN_NEVER;
    for (uint8_t link = 0; link < net->n_links; link++) {
        uint64_t due_ns = solicit_run(ip, link, now_ns);
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    for (size_t i = net->n_routes; i-- > 0;) {
        struct tern_route way = net->routes[i];
        if (way.expires_ns <= now_ns)
            (void)tern_net_route_drop(net, &way);
        else
            next_ns = way.expires_ns < next_ns ? way.expires_ns : next_ns;
    }
    return next_ns;
}

TERN_COLD
void tern_nd_router_forget(struct tern_ipv6 *ip, uint8_t link)
{
    struct tern_ipv6_link *l = &ip->links[link];
    ways_drop(ip, link, NULL);
    tern_ipv6_own_remove_all(ip, link, TERN_IPV6_FROM_PREFIX);
    tern_ipv6_own_remove_all(ip, link, TERN_IPV6_FROM_PREFIX_TEMPORARY);
    for (size_t i = 0; i < TERN_IPV6_SERVERS; i++)
        if (ip->servers[i].link == link)
            ip->servers[i].expires_ns = 0;
    ip->domains_len = 0;
    ip->ip.retry_ns[link] = NEIGH_RETRY_NS;
    ip->ip.reachable_ns[link] = NEIGH_REACHABLE_NS;
    l->mtu = 0;
    l->hop_limit = l->ra_flags = 0;
    l->reachable_base_ns = l->solicit_wait_ns = 0;
}
