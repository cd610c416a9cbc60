/* SPDX-License-Identifier: ISC */
/*
 * Neighbour Discovery between neighbours: solicitations and advertisements
 * (RFC 4861 section 7). The cache is ip_neighbour_cache.c's, questions and
 * silence are ip_neighbour.c's; here is how questions look and whom we believe.
 *
 * Unlike ARP, whose answers say nothing of what they are, an advertisement says
 * whether it was asked for and whether it overrides, and a host that ignores
 * that fails to follow a neighbour that moves. So we follow the table of
 * section 7.2.5 as it stands, also where it replaces a MAC that we send to: the
 * new one is STALE, and who uses it asks it within five seconds whether it is
 * there (section 7.3.3).
 */
#include "eth_wire.h"
#include "ipv6_internal.h"
#include "nd_wire.h"

#include <string.h>

static const struct tern_addr nobody;    /* :: */
static const struct tern_addr all_nodes = { { 0xff, 2, [15] = 1 } };

/* A message in several spans is put together here; none needs to be longer. */
#define ND_GATHER_CAP 1460u

/* RFC 7527 section 4.1: after a loop, MAX_MULTICAST_SOLICIT more questions. */
#define LOOPED_ASKS 3

/* ---- Sending ------------------------------------------------------------ */

bool tern_nd_send(struct tern_ipv6 *ip, uint8_t link, const struct tern_addr *src,
                  const struct tern_addr *dst, const uint8_t *to_mac,
                  const struct tern_nd_out *nd)
{
    uint8_t msg[ND_EMIT_CAP];
    size_t len = tern_nd_emit(msg, nd);
    if (!tern_ipv6_send_local(ip, link, src, dst, to_mac, msg, len, false)) {
        ip->stats.nd_full++;
        return false;
    }
    if (nd->type == ICMP6_NA)
        ip->stats.nd_answered++;
    else
        ip->stats.nd_asked++;
    return true;
}

void tern_nd_ask(struct tern_ip *shared, const struct tern_neighbour *n, bool to_one)
{
    struct tern_ipv6 *ip = ipv6_of(shared);
    struct tern_addr src, group = tern_ipv6_solicited_node(&n->addr);
    struct tern_nd_out nd = { .type = ICMP6_NS,
                              .target = n->addr.octets,
                              .mac = shared->net->links[n->link].mac };
    /* Without an address we would ask whether the neighbour's is free (RFC 4862 5.4.2). */
    if (tern_ipv6_source(shared->net, ip, &n->addr, (uint16_t)(n->link + 1), &src) != TERN_OK)
        return;
    (void)tern_nd_send(ip, n->link, &src, to_one ? &n->addr : &group, to_one ? n->mac : NULL,
                       &nd);
}

bool tern_nd_probe(struct tern_ipv6 *ip, const struct tern_ipv6_own *own)
{
    struct tern_addr group = tern_ipv6_solicited_node(&own->addr);
    struct tern_nd_out nd = { .type = ICMP6_NS,
                              .target = own->addr.octets,
                              .nonce = own->nonce };
    return tern_nd_send(ip, own->link, &nobody, &group, NULL, &nd);
}

/* Who forwards says so, or it is no router any more (RFC 4861 section 7.2.5). */
static uint8_t own_flags(const struct tern_ipv6 *ip, const struct tern_ipv6_own *own)
{
    return (uint8_t)(ND_NA_OVERRIDE | (ip->ip.net->routes_v6 >> own->link & 1) << 7);
}

void tern_nd_announce(struct tern_ipv6 *ip, const struct tern_ipv6_own *own)
{
    /* Also to routers, which may make an entry of it (RFC 9131 section 6.1.1). */
    struct tern_nd_out nd = { .type = ICMP6_NA,
                              .flags = own_flags(ip, own),
                              .target = own->addr.octets,
                              .mac = ip->ip.net->links[own->link].mac };
    if (ip->ip.net->links[own->link].link->up)
        (void)tern_nd_send(ip, own->link, &own->addr, &all_nodes, NULL, &nd);
}

/* ---- What neighbours say of themselves ---------------------------------- */

static void mac_take(struct tern_ipv6 *ip, struct tern_neighbour *n, const uint8_t *mac,
                     enum neigh_state state)
{
    n->generation = ++ip->ip.generation;
    tern_neigh_learn(&ip->ip, n, mac, state);
}

struct tern_neighbour *tern_nd_learn(struct tern_ipv6 *ip, uint8_t link,
                                     const struct tern_addr *addr, const uint8_t *mac)
{
    struct tern_neighbour *n = tern_neigh_find(&ip->ip, link, addr);
    if (mac == NULL || (n != NULL && neigh_can_send(n) && eth_equal(n->mac, mac)))
        return n;
    if (n == NULL && (n = tern_neigh_add(&ip->ip, link, addr, false)) == NULL)
        return NULL;
    mac_take(ip, n, mac, NEIGH_STALE);
    return n;
}

/*
 * RFC 5942 section 4: that it asks us does not make a host a neighbour. An
 * entry for one that we would send to by a router would only take room.
 */
static bool is_neighbour(const struct tern_ipv6 *ip, uint8_t link, const struct tern_addr *addr)
{
    if (ipv6_addr_is_link_local(addr))
        return true;
    const struct tern_route *way =
        tern_net_route_find(ip->ip.net, addr, (uint16_t)(link + 1));
    return way != NULL && tern_addr_is_any(&way->gateway);
}

/* ---- Solicitations ------------------------------------------------------ */

static void answer(struct tern_ipv6 *ip, const struct tern_net_packet *pkt,
                   const struct tern_nd_msg *ns, const struct tern_ipv6_own *own)
{
    struct tern_nd_out nd = { .type = ICMP6_NA,
                              .flags = own_flags(ip, own),
                              .target = own->addr.octets,
                              .mac = ip->ip.net->links[own->link].mac };
    /* Section 7.2.4: who has no address yet hears it with all others. */
    if (tern_addr_is_any(&pkt->src)) {
        (void)tern_nd_send(ip, pkt->link, &own->addr, &all_nodes, NULL, &nd);
        return;
    }
    /* Who says no MAC has asked to our face, and has got ours: its frame has its own. */
    const uint8_t *mac = ns->mac != NULL ? ns->mac : pkt->rx->spans[0].data + ETH_SRC;
    nd.flags |= ND_NA_SOLICITED;
    (void)tern_nd_send(ip, pkt->link, &own->addr, &pkt->src, mac, &nd);
}

/* RFC 4862 section 5.4.3, RFC 7527 section 4.2: another asks after it, or we hear ourselves. */
static void probed(struct tern_ipv6 *ip, const struct tern_nd_msg *nd, struct tern_ipv6_own *own)
{
    if (nd->nonce_len != ND_NONCE_LEN || memcmp(nd->nonce, own->nonce, ND_NONCE_LEN) != 0) {
        tern_ipv6_own_conflict(ip, own);
        return;
    }
    ip->stats.dad_looped++;
    if (own->n_asks == 0)
        own->n_asks = LOOPED_ASKS;
}

static void solicitation(struct tern_ipv6 *ip, const struct tern_net_packet *pkt,
                         const struct tern_nd_msg *nd)
{
    struct tern_addr target = ipv6_addr(nd->target);
    const struct tern_ipv6_own *own = tern_ipv6_own_find(ip, pkt->link, &target);
    bool dad = tern_addr_is_any(&pkt->src);
    bool tentative = own != NULL && own->state == TERN_IPV6_TENTATIVE;
    if (own == NULL || !(ipv6_own_is_valid(own) || (tentative && dad))) {
        ip->stats.nd_not_ours++;
        return;
    }
    ip->stats.nd_solicitations++;
    if (tentative) {
        probed(ip, nd, &ip->addrs[own - ip->addrs]);
        return;
    }
    if (!dad && (tern_neigh_find(&ip->ip, pkt->link, &pkt->src) != NULL ||
                 is_neighbour(ip, pkt->link, &pkt->src)))
        (void)tern_nd_learn(ip, pkt->link, &pkt->src, nd->mac);
    answer(ip, pkt, nd, own);
}

/* ---- Advertisements ----------------------------------------------------- */

/* Section 7.2.5, when no MAC is known yet. */
static void first_take(struct tern_ipv6 *ip, struct tern_neighbour *n,
                       const struct tern_nd_msg *na)
{
    n->router = (na->flags & ND_NA_ROUTER) != 0;
    mac_take(ip, n, na->mac,
             (na->flags & ND_NA_SOLICITED) != 0 ? NEIGH_REACHABLE : NEIGH_STALE);
}

/* Section 7.2.5, I and II. */
static void next_take(struct tern_ipv6 *ip, struct tern_neighbour *n,
                      const struct tern_nd_msg *nd)
{
    bool other = nd->mac != NULL && !eth_equal(n->mac, nd->mac);
    bool router = (nd->flags & ND_NA_ROUTER) != 0;
    if (other && (nd->flags & ND_NA_OVERRIDE) == 0) {
        if (n->state == NEIGH_REACHABLE)
            tern_neigh_state_set(&ip->ip, n, NEIGH_STALE);
        return;
    }
    if (other)
        mac_take(ip, n, nd->mac, NEIGH_STALE);
    if ((nd->flags & ND_NA_SOLICITED) != 0)
        tern_neigh_confirm(&ip->ip, n);
    bool was_router = n->router;
    n->router = router;
    if (was_router && !router)
        tern_nd_router_gone(ip, n->link, &n->addr);
}

static void advertisement(struct tern_ipv6 *ip, const struct tern_net_packet *pkt,
                          const struct tern_nd_msg *nd)
{
    struct tern_addr target = ipv6_addr(nd->target);
    const struct tern_ipv6_own *own = tern_ipv6_own_find(ip, pkt->link, &target);
    struct tern_neighbour *n = tern_neigh_find(&ip->ip, pkt->link, &target);
    if (own != NULL) {    /* RFC 4862 section 5.4.4 */
        ip->stats.nd_advertisements++;
        if (nd->mac != NULL && eth_equal(nd->mac, ip->ip.net->links[pkt->link].mac))
            ip->stats.dad_looped++;
        else
            tern_ipv6_own_conflict(ip, &ip->addrs[own - ip->addrs]);
        return;
    }
    /* Section 7.2.5: nothing is made of what nobody wants to know. */
    if (n == NULL || (!neigh_can_send(n) && nd->mac == NULL)) {
        ip->stats.nd_unsolicited++;
        return;
    }
    ip->stats.nd_advertisements++;
    if (neigh_can_send(n))
        next_take(ip, n, nd);
    else
        first_take(ip, n, nd);
}

/* ---- Input -------------------------------------------------------------- */

static void fault_count(struct tern_ipv6_stats *stats, enum tern_nd_fault fault)
{
    if (fault == TERN_ND_NOT_LOCAL)
        stats->nd_not_local++;
    else if (fault == TERN_ND_FRAGMENTED)
        stats->nd_fragmented++;
    else if (fault == TERN_ND_MALFORMED)
        stats->nd_malformed++;
    else
        stats->nd_bad_addr++;
}

static void bad_options_count(struct tern_ipv6 *ip, const struct tern_nd_msg *nd)
{
    struct tern_nd_options options = nd->options;
    struct tern_nd_option option;
    while (tern_nd_option_next(&options, &option))
        ;
    ip->stats.nd_bad_options += options.n_bad;
}

void tern_nd_input(struct tern_ipv6 *ip, const struct tern_net_packet *pkt)
{
    uint8_t gathered[ND_GATHER_CAP];
    const uint8_t *msg = pkt->l4;
    struct tern_nd_msg nd;
    struct tern_nd_from from = { .src = pkt->src.octets,
                                 .dst = pkt->dst.octets,
                                 .hop_limit = pkt->ttl,
                                 .fragmented = pkt->fragmented };
    if (pkt->l4_contig < pkt->l4_len) {
        if (pkt->l4_len > sizeof gathered) {
            ip->stats.nd_malformed++;
            return;
        }
        tern_rx_copy(pkt->rx, pkt->l4_off, gathered, pkt->l4_len);
        msg = gathered;
    }
    enum tern_nd_fault fault = tern_nd_parse(msg, pkt->l4_len, &from, &nd);
    if (fault != TERN_ND_GOOD) {
        fault_count(&ip->stats, fault);
        return;
    }
    bad_options_count(ip, &nd);
    if (nd.type == ICMP6_NS)
        solicitation(ip, pkt, &nd);
    else if (nd.type == ICMP6_NA)
        advertisement(ip, pkt, &nd);
    else if (nd.type == ICMP6_RA)
        tern_nd_router_input(ip, pkt, &nd);
    else if (nd.type == ICMP6_REDIRECT)
        tern_nd_redirect_input(ip, pkt, &nd);
    else
        ip->stats.nd_not_ours++;    /* section 6.2.6: a solicitation is for routers */
}
