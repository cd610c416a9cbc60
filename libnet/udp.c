/* SPDX-License-Identifier: ISC */
/*
 * UDP (RFC 768) as a transport: its endpoints, opened, found by port, closed.
 */
#include "udp_internal.h"

#include <string.h>

/* ---- Ports -------------------------------------------------------------- */

#define N_BUCKETS (sizeof((struct tern_udp *)0)->buckets / sizeof(uint32_t))
#define PORT_FIRST 49152u    /* RFC 6335 section 6: the dynamic ports */
#define N_PORTS (65536u - PORT_FIRST)

static uint32_t *bucket(struct tern_udp *udp, uint16_t port)
{
    return &udp->buckets[port % N_BUCKETS];
}

static bool taken(struct tern_udp *udp, const struct tern_endpoint_addr *local, uint16_t port)
{
    for (uint32_t i = *bucket(udp, port); i != 0; i = udp->config.endpoints[i - 1].hash_next) {
        const struct tern_endpoint_addr *other = &udp->config.endpoints[i - 1].local;
        if (other->port == port && other->link == local->link &&
            (tern_addr_equal(&other->addr, &local->addr) ||
             (udp_addr_any(&other->addr) && udp_addr_any(&local->addr))))
            return true;
    }
    return false;
}

/* RFC 6056 section 3.3.1: at random, then the next that is free. */
static uint16_t port_choose(struct tern_net *net, struct tern_udp *udp,
                            const struct tern_endpoint_addr *local)
{
    uint32_t start = tern_drbg_below(net->drbg, N_PORTS);
    for (uint32_t i = 0; i < N_PORTS; i++) {
        uint16_t port = (uint16_t)(PORT_FIRST + (start + i) % N_PORTS);
        if (!taken(udp, local, port))
            return port;
    }
    return 0;
}

/* ---- Groups ------------------------------------------------------------- */

#define N_GROUPS (sizeof((struct tern_udp_endpoint *)0)->groups / \
                  sizeof((struct tern_udp_endpoint *)0)->groups[0])

static enum tern_err network_join(struct tern_net *net, const struct tern_addr *group,
                                  uint16_t link, bool leave)
{
    uint8_t slot = tern_net_network_of(net, group);
    for (const struct net_groups *const *g = tern_net_groups; slot != 0xff && *g != NULL; g++)
        if (net->networks[slot].part->id == (*g)->id)
            return (*g)->join(net, net->networks[slot].context, group, link, leave);
    return TERN_UNSUPPORTED;
}

static enum tern_err udp_join(struct tern_endpoint *endpoint, const struct tern_addr *group,
                              uint16_t link, bool leave)
{
    struct tern_udp_endpoint *ep = udp_endpoint_of(endpoint);
    size_t at = N_GROUPS;
    for (size_t i = 0; i < N_GROUPS; i++) {
        bool same = ep->groups[i].link == link && tern_addr_equal(&ep->groups[i].group, group);
        if (same && !leave)
            return TERN_OK;
        if (leave ? same : tern_addr_is_any(&ep->groups[i].group))
            at = i;
    }
    if (tern_addr_is_any(group) || (leave && at == N_GROUPS))
        return TERN_INVALID;
    if (at == N_GROUPS)
        return TERN_FULL;
    enum tern_err err = network_join(ep->net, group, link, leave);
    if (err != TERN_OK)
        return err;
    static const struct tern_addr none;
    ep->groups[at].group = leave ? none : *group;
    ep->groups[at].link = link;
    return TERN_OK;
}

/* ---- Endpoints ---------------------------------------------------------- */

static void udp_local(struct tern_endpoint *endpoint, struct tern_endpoint_addr *addr)
{
    *addr = udp_endpoint_of(endpoint)->local;
}

static void udp_close(struct tern_endpoint *endpoint)
{
    struct tern_udp_endpoint *ep = udp_endpoint_of(endpoint);
    struct tern_net *net = ep->net;
    struct tern_udp *udp = tern_net_context(net, &tern_udp);
    if (!(ep->flags & UDP_OPEN))
        return;
    tern_udp_commit(endpoint, 0);
    tern_udp_wait_leave(udp, ep);
    tern_udp_received_drop(udp, ep);
    for (size_t i = 0; i < N_GROUPS; i++)
        if (!tern_addr_is_any(&ep->groups[i].group))
            (void)network_join(net, &ep->groups[i].group, ep->groups[i].link, true);
    uint32_t *at = bucket(udp, ep->local.port);
    while (*at != udp_index(udp, ep) + 1)
        at = &udp->config.endpoints[*at - 1].hash_next;
    *at = ep->hash_next;
    ep->flags &= UDP_READY | UDP_LENT;
    ep->generation++;
    ep->hash_next = udp->free_first;
    udp->free_first = udp_index(udp, ep) + 1;
}

static const struct tern_endpoint_ops udp_endpoint_ops = {
    .send = tern_udp_send,
    .reserve = tern_udp_reserve,
    .commit = tern_udp_commit,
    .mtu = tern_udp_mtu,
    .local = udp_local,
    .join = udp_join,
    .close = udp_close,
};

static enum tern_err local_check(const struct tern_net *net, const struct tern_endpoint_addr *local)
{
    if (local->link > net->n_links)
        return TERN_INVALID;
    if (udp_addr_any(&local->addr))
        return TERN_OK;
    uint8_t slot = tern_net_network_of(net, &local->addr);
    if (slot == 0xff)
        return TERN_UNSUPPORTED;
    uint8_t link = local->link != 0 ? (uint8_t)(local->link - 1) : 0xff;
    return tern_net_network(net, slot)->is_ours(net, net->networks[slot].context, &local->addr,
                                                link, true)
               ? TERN_OK
               : TERN_INVALID;
}

/* What a client within the stack needs of one: it has no more, and is never closed. */
static const struct tern_endpoint_ops udp_client_ops = { .send = tern_udp_client_send };

/* A free endpoint becomes this one; what the lists know of it stays. */
static void endpoint_start(struct tern_net *net, struct tern_udp *udp,
                           struct tern_udp_endpoint *ep, const struct tern_endpoint_addr *local)
{
    struct tern_udp_endpoint old = { .ready_next = ep->ready_next, .lent_next = ep->lent_next,
                                     .flags = ep->flags, .generation = ep->generation };
    memset(ep, 0, sizeof *ep);
    ep->endpoint.ops = &udp_client_ops;
    ep->net = net;
    ep->local = *local;
    ep->ready_next = old.ready_next;
    ep->lent_next = old.lent_next;
    ep->flags = (old.flags & (UDP_READY | UDP_LENT)) | UDP_OPEN;
    ep->generation = old.generation + 1;
    uint32_t *head = bucket(udp, local->port);
    ep->hash_next = *head;
    *head = udp_index(udp, ep) + 1;
}

enum tern_err tern_udp_client_open(struct tern_net *net, const struct tern_endpoint_addr *local,
                                   const struct tern_endpoint_events *events, void *user,
                                   struct tern_endpoint **ep)
{
    struct tern_udp *udp = tern_net_context(net, &tern_udp);
    if (udp == NULL)
        return TERN_UNSUPPORTED;
    struct tern_endpoint_addr bound = *local;
    enum tern_err err = local_check(net, &bound);
    if (err != TERN_OK)
        return err;
    if (bound.port == 0 && udp->port_choose != NULL)
        bound.port = udp->port_choose(net, udp, &bound);
    else if (taken(udp, &bound, bound.port))
        return TERN_REFUSED;
    if (bound.port == 0 || udp->free_first == 0)
        return TERN_FULL;
    struct tern_udp_endpoint *e = &udp->config.endpoints[udp->free_first - 1];
    udp->free_first = e->hash_next;
    endpoint_start(net, udp, e, &bound);
    e->endpoint.events = events;
    e->endpoint.user = user;
    *ep = &e->endpoint;
    return TERN_OK;
}

enum tern_err tern_udp_open(struct tern_net *net, const struct tern_endpoint_addr *local,
                            const struct tern_endpoint_events *events, void *user,
                            struct tern_endpoint **ep)
{
    struct tern_udp *udp = tern_net_context(net, &tern_udp);
    if (udp == NULL)
        return TERN_UNSUPPORTED;
    udp->port_choose = port_choose;
    if (udp->error == NULL) {
        udp->error = tern_udp_error;
        for (const struct net_groups *const *g = tern_net_groups; *g != NULL; g++)
            (*g)->start(net);
    }
    enum tern_err err = tern_udp_client_open(net, local, events, user, ep);
    if (err == TERN_OK)
        (*ep)->ops = &udp_endpoint_ops;
    return err;
}

const struct tern_udp_stats *tern_udp_stats(const struct tern_net *net)
{
    const struct tern_udp *udp = tern_net_context(net, &tern_udp);
    return udp != NULL ? &udp->stats : NULL;
}

/* ---- The part ----------------------------------------------------------- */

uint32_t tern_udp_peer_key(const struct tern_udp *udp, const struct tern_addr *addr, uint16_t port)
{
    uint64_t h = tern_siphash_3(udp->key, tern_load_be64(addr->octets),
                                tern_load_be64(addr->octets + 8), port);
    return (uint32_t)h | 1;
}

void tern_udp_ready(struct tern_udp *udp, struct tern_udp_endpoint *ep)
{
    if (ep->flags & UDP_READY)
        return;
    ep->flags |= UDP_READY;
    tern_net_ready(udp->net, udp->slot, udp_index(udp, ep));
}

static enum tern_err udp_init(struct tern_net *net, void *context, uint8_t slot)
{
    struct tern_udp *udp = context;
    struct tern_udp_config *config = &udp->config;
    if (config->endpoints == NULL || config->n_endpoints == 0 || config->n_endpoints > 65536)
        return TERN_INVALID;
    tern_net_clear(udp, sizeof *udp, offsetof(struct tern_udp, config), sizeof *config);
    if (config->max_kept == 0)
        config->max_kept = 16;
    udp->net = net;
    udp->slot = slot;
    (void)tern_drbg_fill(net->drbg, udp->key, sizeof udp->key);
    memset(config->endpoints, 0, config->n_endpoints * sizeof *config->endpoints);
    for (size_t i = config->n_endpoints; i-- > 0;) {
        config->endpoints[i].hash_next = udp->free_first;
        udp->free_first = (uint32_t)i + 1;
    }
    return TERN_OK;
}

static uint32_t *udp_ready_link(void *context, uint32_t index)
{
    struct tern_udp *udp = context;
    return &udp->config.endpoints[index].ready_next;
}

/* Datagrams go out as they are written: at the end of a turn nothing is left to send. */
static void udp_send_nothing(struct tern_net *net, void *context)
{
    (void)net;
    (void)context;
}

static void udp_address_lost(struct tern_net *net, void *context, const struct tern_addr *addr)
{
    struct tern_udp *udp = context;
    (void)net;
    for (size_t i = 0; i < udp->config.n_endpoints; i++) {
        struct tern_udp_endpoint *ep = &udp->config.endpoints[i];
        if (!(ep->flags & UDP_OPEN) || !tern_addr_equal(&ep->local.addr, addr))
            continue;
        ep->error.why = TERN_UNREACHABLE;
        memset(&ep->error.peer, 0, sizeof ep->error.peer);
        ep->flags |= UDP_ERROR;
        tern_udp_ready(udp, ep);
    }
}

/* Clients hear of no errors: they ask again. */
static void udp_error(struct tern_net *net, void *context, const struct tern_net_error *error)
{
    struct tern_udp *udp = context;
    if (udp->error != NULL)
        udp->error(net, udp, error);
    else
        udp->stats.errors_unmatched++;
}

static void udp_link_changed(struct tern_net *net, void *context, uint8_t link)
{
    (void)net;
    (void)context;
    (void)link;
}

static const struct tern_net_transport_ops udp_ops = {
    .init = udp_init,
    .input = tern_udp_input,
    .error = udp_error,
    .wake = tern_udp_wake,
    .visit = tern_udp_visit,
    .ready_link = udp_ready_link,
    .put_away = tern_udp_put_away,
    .send = udp_send_nothing,
    .address_lost = udp_address_lost,
    .link_changed = udp_link_changed,
};

const struct tern_net_part tern_udp = {
    .name = "udp",
    .role = TERN_NET_TRANSPORT,
    .id = UDP_PROTOCOL,
    .context_len = sizeof(struct tern_udp),
    .ops = &udp_ops,
};
