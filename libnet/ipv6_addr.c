/* SPDX-License-Identifier: ISC */
/*
 * Addresses of ours: how they come, are asked after (duplicate address
 * detection, RFC 4862 section 5.4 with the nonces of RFC 7527), age and go.
 *
 *     TENTATIVE --nobody else has it--> PREFERRED --time--> DEPRECATED --> gone
 *       |    ^                            |   ^                |    |
 *       |    +------ the link came up ----+---|----------------+    |
 *       |                                     +---- a router says --+
 *       +--somebody has it--> another by RFC 7217, or DUPLICATE
 */
#include "eth_wire.h"
#include "ipv6_internal.h"

#include <string.h>

#define DAD_DELAY_MS 1000u                             /* MAX_RTR_SOLICITATION_DELAY */
#define CONFLICT_TOLD_NS (10 * TERN_SECOND_NS)         /* no more often is it told */
#define IDGEN_RETRIES 3                                /* RFC 7217 section 6, RFC 8981 3.8 */

/* ---- The table ---------------------------------------------------------- */

const struct tern_ipv6_own *tern_ipv6_own_find(const struct tern_ipv6 *ip, uint8_t link,
                                               const struct tern_addr *addr)
{
    const struct tern_ipv6_own *found = NULL;
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++) {
        const struct tern_ipv6_own *own = &ip->addrs[i];
        if (own->state == TERN_IPV6_UNUSED || (link != 0xff && own->link != link) ||
            !tern_addr_equal(&own->addr, addr))
            continue;
        if (ipv6_own_is_valid(own))    /* links may have the same link-local one */
            return own;
        found = own;
    }
    return found;
}

static struct tern_ipv6_own *own_at(struct tern_ipv6 *ip, uint8_t link,
                                    const struct tern_addr *addr)
{
    const struct tern_ipv6_own *own = tern_ipv6_own_find(ip, link, addr);
    return own != NULL ? &ip->addrs[own - ip->addrs] : NULL;
}

/* It is ours from now on. */
static void use(struct tern_ipv6 *ip, struct tern_ipv6_own *own)
{
    struct tern_net *net = ip->ip.net;
    own->state = own->preferred_ns > net->turn->now_ns ? TERN_IPV6_PREFERRED
                                                       : TERN_IPV6_DEPRECATED;
    own->due_ns = 0;
    ipv6_own_changed(ip);
    tern_nd_announce(ip, own);
    if (own->origin == TERN_IPV6_LINK_LOCAL)    /* RFC 3810 section 5.2.13: reports count now */
        tern_mld_link_changed(ip, own->link);
    if (!own->told)
        tern_net_event(net, TERN_NET_ADDRESS, own->link, &own->addr);
    own->told = true;
}

/* Its questions begin; until they are over, it is not ours. */
static void ask_anew(struct tern_ipv6 *ip, struct tern_ipv6_own *own)
{
    struct tern_net *net = ip->ip.net;
    if (ip->config.no_dad) {
        use(ip, own);
        return;
    }
    own->state = TERN_IPV6_TENTATIVE;
    own->n_asks = ip->config.n_dad;
    own->due_ns = net->turn->now_ns +
                  tern_drbg_below(net->drbg, DAD_DELAY_MS) * TERN_MILLISECOND_NS;
    (void)tern_drbg_fill(net->drbg, own->nonce, sizeof own->nonce);
    tern_ip_rearm(&ip->ip, own->due_ns);
}

struct tern_ipv6_own *tern_ipv6_own_add(struct tern_ipv6 *ip, uint8_t link,
                                        const struct tern_addr *addr, uint8_t prefix_len,
                                        enum tern_ipv6_origin origin, uint64_t preferred_ns,
                                        uint64_t valid_ns)
{
    struct tern_ipv6_own *own = ip->addrs;
    while (own->state != TERN_IPV6_UNUSED)
        if (++own == ip->addrs + TERN_IPV6_ADDRS)
            return NULL;
    /* RFC 4862 section 5.4.2: who asks is heard only by this group. */
    struct tern_addr group = tern_ipv6_solicited_node(addr);
    if (tern_mld_join(ip, link, &group) != TERN_OK)
        return NULL;
    *own = (struct tern_ipv6_own){ .addr = *addr,
                                   .preferred_ns = preferred_ns,
                                   .valid_ns = valid_ns,
                                   .made_ns = ip->ip.net->turn->now_ns,
                                   .prefix_len = prefix_len,
                                   .link = link,
                                   .origin = (uint8_t)origin };
    ask_anew(ip, own);
    tern_ip_rearm(&ip->ip, preferred_ns < valid_ns ? preferred_ns : valid_ns);
    return own;
}

void tern_ipv6_own_remove(struct tern_ipv6 *ip, struct tern_ipv6_own *own)
{
    struct tern_ipv6_own old = *own;
    struct tern_addr group = tern_ipv6_solicited_node(&old.addr);
    *own = (struct tern_ipv6_own){ .state = TERN_IPV6_UNUSED };
    ipv6_own_changed(ip);
    tern_mld_leave(ip, old.link, &group);
    if (old.told)
        tern_net_address_lost(ip->ip.net, old.link, &old.addr);
}

void tern_ipv6_own_remove_all(struct tern_ipv6 *ip, uint8_t link, enum tern_ipv6_origin origin)
{
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++)
        if (ip->addrs[i].state != TERN_IPV6_UNUSED && ip->addrs[i].link == link &&
            ip->addrs[i].origin == origin)
            tern_ipv6_own_remove(ip, &ip->addrs[i]);
}

/* ---- Conflicts and time ------------------------------------------------- */

/* RFC 4862 section 5.4.5: "duplicate", and not to be used. */
static void give_up(struct tern_ipv6 *ip, struct tern_ipv6_own *own)
{
    struct tern_net *net = ip->ip.net;
    struct tern_addr addr = own->addr;
    uint8_t link = own->link;
    bool told = own->told;
    own->state = TERN_IPV6_DUPLICATE;
    own->told = false;
    tern_net_event(net, TERN_NET_CONFLICT, link, &addr);
    if (told)
        tern_net_address_lost(net, link, &addr);
    tern_net_conflict(net, link, &addr);    /* DHCPv6 declines it, which removes the entry */
}

static bool has_other_identifiers(const struct tern_ipv6_own *own)
{
    return own->origin == TERN_IPV6_LINK_LOCAL || own->origin == TERN_IPV6_FROM_PREFIX ||
           own->origin == TERN_IPV6_FROM_PREFIX_TEMPORARY;
}

void tern_ipv6_own_conflict(struct tern_ipv6 *ip, struct tern_ipv6_own *own)
{
    uint64_t now_ns = ip->ip.net->turn->now_ns;
    ip->stats.dad_conflicts++;
    if (ipv6_own_is_valid(own)) {
        if (now_ns >= own->due_ns)
            tern_net_event(ip->ip.net, TERN_NET_CONFLICT, own->link, &own->addr);
        own->due_ns = now_ns + CONFLICT_TOLD_NS;
    } else if (has_other_identifiers(own) && own->n_conflicts < IDGEN_RETRIES) {
        struct tern_ipv6_own failed = *own;
        tern_ipv6_own_remove(ip, own);
        tern_slaac_retry(ip, failed.link, &failed);
    } else if (own->state == TERN_IPV6_TENTATIVE) {
        give_up(ip, own);
    }
}

/* What is due of a tentative one; its next deadline. */
static uint64_t tentative_serve(struct tern_ipv6 *ip, struct tern_ipv6_own *own, uint64_t now_ns)
{
    if (!ip->ip.net->links[own->link].link->up)
        return TERN_NEVER;
    if (own->due_ns > now_ns)
        return own->due_ns;
    if (own->n_asks == 0) {
        use(ip, own);
        return TERN_NEVER;
    }
    if (tern_nd_probe(ip, own))
        own->n_asks--;
    own->due_ns = now_ns + ip->ip.retry_ns[own->link];
    return own->due_ns;
}

static uint64_t own_serve(struct tern_ipv6 *ip, struct tern_ipv6_own *own, uint64_t now_ns)
{
    uint64_t next_ns = TERN_NEVER;
    if (own->valid_ns <= now_ns) {
        tern_ipv6_own_remove(ip, own);
        return TERN_NEVER;
    }
    if (own->state == TERN_IPV6_TENTATIVE)
        next_ns = tentative_serve(ip, own, now_ns);
    if (own->state == TERN_IPV6_PREFERRED) {
        if (own->preferred_ns <= now_ns)
            own->state = TERN_IPV6_DEPRECATED;
        else
            next_ns = own->preferred_ns;
    }
    return next_ns < own->valid_ns ? next_ns : own->valid_ns;
}

uint64_t tern_ipv6_own_run(struct tern_ipv6 *ip, uint64_t now_ns)
{
    uint64_t next_ns = TERN_NEVER;
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++) {
        if (ip->addrs[i].state == TERN_IPV6_UNUSED)
            continue;
        uint64_t due_ns = own_serve(ip, &ip->addrs[i], now_ns);
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    return next_ns;
}

TERN_COLD
void tern_ipv6_own_link_changed(struct tern_ipv6 *ip, uint8_t link)
{
    struct tern_ipv6_link *l = &ip->links[link];
    const struct tern_net_link *own = &ip->ip.net->links[link];
    bool same = l->was_up && eth_equal(l->mac, own->mac);
    l->was_up = own->link->up;
    eth_copy(l->mac, own->mac);
    if (!l->was_up || same)
        return;
    /* RFC 4862 section 5.4 speaks of one that is "(re-)enabled": it may be another network. */
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++)
        if (ip->addrs[i].state != TERN_IPV6_UNUSED && ip->addrs[i].link == link)
            ask_anew(ip, &ip->addrs[i]);
    ipv6_own_changed(ip);
}

/* ---- For the application ------------------------------------------------ */

TERN_COLD
static struct tern_ipv6 *context_for(const struct tern_net *net, uint8_t link)
{
    struct tern_ipv6 *ip = tern_ipv6_context(net);
    if (ip == NULL || link >= net->n_links || net->links[link].link->mtu < IPV6_MTU_LEAST)
        return NULL;
    return ip;
}

/* The link has addresses from now on: a link-local one first (RFC 4862 section 5.3). */
TERN_COLD
static enum tern_err link_start(struct tern_ipv6 *ip, uint8_t link)
{
    static const struct tern_addr all_nodes = { { 0xff, 2, [15] = 1 } };
    struct tern_ipv6_link *l = &ip->links[link];
    struct tern_addr addr = { { 0xfe, 0x80 } };
    if (l->running)
        return TERN_OK;
    tern_slaac_stable(ip, link, &addr, 0);
    if (tern_mld_join(ip, link, &all_nodes) != TERN_OK ||    /* RFC 4291 section 2.8 */
        tern_ipv6_own_add(ip, link, &addr, 64, TERN_IPV6_LINK_LOCAL, TERN_NEVER, TERN_NEVER) ==
            NULL)
        return TERN_FULL;
    l->running = true;
    l->was_up = ip->ip.net->links[link].link->up;
    eth_copy(l->mac, ip->ip.net->links[link].mac);
    return TERN_OK;
}

TERN_COLD
enum tern_err tern_ipv6_automatic(struct tern_net *net, uint8_t link, unsigned flags)
{
    struct tern_ipv6 *ip = context_for(net, link);
    if (ip == NULL || (flags & ~(TERN_IPV6_AUTO | TERN_IPV6_TEMPORARY)) != 0)
        return TERN_INVALID;
    if ((flags & TERN_IPV6_TEMPORARY) != 0 && ip->temporary == NULL)
        return TERN_UNSUPPORTED;
    enum tern_err err = link_start(ip, link);
    if (err != TERN_OK)
        return err;
    unsigned old = ip->links[link].flags;
    ip->links[link].flags = (uint8_t)flags;
    if ((old & ~flags & TERN_IPV6_AUTO) != 0)
        tern_nd_router_forget(ip, link);
    if ((old & ~flags & TERN_IPV6_TEMPORARY) != 0)
        tern_ipv6_own_remove_all(ip, link, TERN_IPV6_FROM_PREFIX_TEMPORARY);
    if ((~old & flags & TERN_IPV6_AUTO) != 0)
        tern_nd_router_solicit(ip, link);
    tern_ip_rearm(&ip->ip, net->turn->now_ns);    /* temporary ones are made there */
    return TERN_OK;
}

TERN_COLD
enum tern_err tern_ipv6_auto(struct tern_net *net, uint8_t link, unsigned flags)
{
    struct tern_ipv6 *ip = tern_ipv6_context(net);
    if (ip != NULL)
        ip->temporary = &tern_ipv6_temporary_ops;
    return tern_ipv6_automatic(net, link, flags);
}

/* Does another configured address of the link need its prefix, or its gateway? */
TERN_COLD
static bool is_shared(const struct tern_ipv6 *ip, const struct tern_ipv6_own *own, bool gateway)
{
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++) {
        const struct tern_ipv6_own *other = &ip->addrs[i];
        if (other == own || other->state == TERN_IPV6_UNUSED || other->link != own->link ||
            other->origin != TERN_IPV6_CONFIGURED)
            continue;
        if (gateway ? tern_addr_equal(&other->gateway, &own->gateway)
                    : other->prefix_len == own->prefix_len &&
                          tern_net_prefix_has(&own->addr, own->prefix_len, &other->addr))
            return true;
    }
    return false;
}

/* A configured address's routes come or go: its prefix's and the default's. */
TERN_COLD
static enum tern_err routes_put(struct tern_ipv6 *ip, const struct tern_ipv6_own *own, bool drop)
{
    struct tern_route r = { .prefix = tern_net_prefix_of(&own->addr, own->prefix_len),
                            .expires_ns = TERN_NEVER, .prefix_len = own->prefix_len,
                            .link = own->link, .origin = TERN_ROUTE_CONFIGURED };
    enum tern_err err = TERN_OK;
    /* Link-local addresses are on their link without a route (RFC 4861 section 5.2). */
    bool wanted = !ipv6_addr_is_link_local(&own->addr);
    for (unsigned i = 0; i < 2 && err == TERN_OK; i++) {
        if (wanted && !drop)
            err = tern_net_route_put(ip->ip.net, &r);
        else if (wanted && !is_shared(ip, own, i == 1))
            (void)tern_net_route_drop(ip->ip.net, &r);
        memset(&r.prefix, 0, sizeof r.prefix);
        r.prefix_len = 0;
        r.gateway = own->gateway;
        wanted = !tern_addr_is_any(&own->gateway);
    }
    return err;
}

TERN_COLD
static bool address_ok(const struct tern_ipv6_address *a)
{
    struct tern_addr routers = tern_net_prefix_of(&a->addr, a->prefix_len);
    if (!tern_ipv6_is_host(&a->addr))
        return false;
    /* RFC 4291 section 2.6.1, RFC 6164: all of a prefix's routers have its first address. */
    if (a->prefix_len < 127 && tern_addr_equal(&a->addr, &routers))
        return false;
    return tern_addr_is_any(&a->gateway) ||
           (tern_ipv6_is_host(&a->gateway) && !tern_addr_equal(&a->gateway, &a->addr));
}

TERN_COLD
enum tern_err tern_ipv6_set(struct tern_net *net, uint8_t link,
                            const struct tern_ipv6_address *address)
{
    struct tern_ipv6 *ip = context_for(net, link);
    if (tern_addr_is_v4(&address->addr) || tern_addr_is_v4(&address->gateway))
        return TERN_UNSUPPORTED;
    if (ip == NULL || address->prefix_len > 128 || !address_ok(address))
        return TERN_INVALID;
    struct tern_ipv6_own *own = own_at(ip, link, &address->addr);
    if (own == NULL && !ipv6_addr_is_link_local(&address->addr) &&
        own_at(ip, 0xff, &address->addr) != NULL)
        return TERN_INVALID;
    enum tern_err err = link_start(ip, link);
    if (err != TERN_OK)
        return err;
    if (own == NULL)
        own = tern_ipv6_own_add(ip, link, &address->addr, address->prefix_len,
                                TERN_IPV6_CONFIGURED, TERN_NEVER, TERN_NEVER);
    else if (own->origin == TERN_IPV6_CONFIGURED)
        (void)routes_put(ip, own, true);
    if (own == NULL)
        return TERN_FULL;
    own->origin = TERN_IPV6_CONFIGURED;
    own->preferred_ns = own->valid_ns = TERN_NEVER;
    own->prefix_len = address->prefix_len;
    own->gateway = address->gateway;
    if (own->state == TERN_IPV6_DEPRECATED)
        own->state = TERN_IPV6_PREFERRED;
    err = routes_put(ip, own, false);
    if (err != TERN_OK)
        (void)tern_ipv6_clear(net, link, &address->addr);
    return err;
}

TERN_COLD
enum tern_err tern_ipv6_clear(struct tern_net *net, uint8_t link, const struct tern_addr *addr)
{
    struct tern_ipv6 *ip = context_for(net, link);
    struct tern_ipv6_own *own = ip != NULL ? own_at(ip, link, addr) : NULL;
    if (own == NULL)
        return TERN_INVALID;
    if (own->origin == TERN_IPV6_CONFIGURED)
        (void)routes_put(ip, own, true);
    tern_ipv6_own_remove(ip, own);
    return TERN_OK;
}

TERN_COLD
enum tern_err tern_ipv6_get(const struct tern_net *net, uint8_t link, size_t i,
                            struct tern_ipv6_address *address)
{
    const struct tern_ipv6 *ip = tern_ipv6_context(net);
    for (size_t at = 0; ip != NULL && at < TERN_IPV6_ADDRS; at++) {
        const struct tern_ipv6_own *own = &ip->addrs[at];
        if (own->state == TERN_IPV6_UNUSED || own->link != link || i-- > 0)
            continue;
        *address = (struct tern_ipv6_address){ .addr = own->addr,
                                               .prefix_len = own->prefix_len,
                                               .state = own->state,
                                               .origin = own->origin,
                                               .gateway = own->gateway,
                                               .preferred_ns = own->preferred_ns,
                                               .valid_ns = own->valid_ns };
        return TERN_OK;
    }
    return TERN_INVALID;
}
