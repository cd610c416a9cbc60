/* SPDX-License-Identifier: ISC */
/*
 * The stack's frame: its parts in their slots, its turn, its list of news.
 *
 * A turn of a stack. Input goes through eth.c, a network layer and a transport,
 * which threads frames on its objects and puts these on the list of news.
 * net_visit serves that list, oldest first; net_send ends the turn: transports
 * put away what was lent, network layers release it, transports send, links
 * are flushed.
 */
#include "net_internal.h"

#include <string.h>

/* ---- Init --------------------------------------------------------------- */

TERN_COLD
static enum tern_err slot_file(struct tern_net_slot *slots, uint8_t *n, size_t max,
                               const struct tern_net_use *use)
{
    if (*n == max)
        return TERN_INVALID;
    for (size_t i = 0; i < *n; i++)
        if (slots[i].part == use->part || (use->part->role != TERN_NET_CLIENT &&
                                           use->part->role != TERN_NET_CONGESTION &&
                                           slots[i].part->id == use->part->id))
            return TERN_INVALID;
    slots[(*n)++] = (struct tern_net_slot){ .ops = use->part->ops,
                                            .context = use->context,
                                            .part = use->part };
    return TERN_OK;
}

TERN_COLD
static enum tern_err part_file(struct tern_net *net, const struct tern_net_use *use)
{
    if (use->part->context_len != 0 && use->context == NULL)
        return TERN_INVALID;
    switch (use->part->role) {
    case TERN_NET_NETWORK:
        return slot_file(net->networks, &net->n_networks, TERN_NET_NETWORKS, use);
    case TERN_NET_TRANSPORT:
        return slot_file(net->transports, &net->n_transports, TERN_NET_TRANSPORTS, use);
    case TERN_NET_CLIENT:
        return slot_file(net->clients, &net->n_clients, TERN_NET_CLIENTS, use);
    case TERN_NET_CONGESTION:
        return slot_file(net->congestions, &net->n_congestions, TERN_NET_CONGESTIONS, use);
    default:
        return TERN_INVALID;
    }
}

/* From the bottom up, so that each finds those below it ready. */
TERN_COLD
static enum tern_err parts_init(struct tern_net *net)
{
    enum tern_err err = TERN_OK;
    for (size_t i = 0; i < net->n_networks && err == TERN_OK; i++) {
        const struct tern_net_network_ops *ops = net->networks[i].ops;
        err = ops->init(net, net->networks[i].context);
    }
    for (uint8_t i = 0; i < net->n_transports && err == TERN_OK; i++) {
        const struct tern_net_transport_ops *ops = net->transports[i].ops;
        err = ops->init(net, net->transports[i].context, i);
    }
    for (size_t i = 0; i < net->n_clients && err == TERN_OK; i++) {
        const struct tern_net_client_ops *ops = net->clients[i].ops;
        err = ops->init(net, net->clients[i].context);
    }
    return err;
}

static size_t net_visit(struct tern_provider *provider, size_t n);
static void net_send(struct tern_provider *provider);

static const struct tern_provider_ops net_provider = { .visit = net_visit, .send = net_send };

TERN_COLD
enum tern_err tern_net_init_sized(struct tern_net *net, size_t net_len,
                                  const struct tern_net_config *config, size_t config_len,
                                  size_t parts_mark, size_t tcp_mark)
{
    if (net_len != sizeof *net || config_len != sizeof *config ||
        (parts_mark != TERN_NET_PARTS_MARK && parts_mark != tern_net_parts_mark()) ||
        (tcp_mark != 0 && tcp_mark != tern_net_tcp_mark()))
        return TERN_MISMATCH;
    if (config->turn == NULL || config->drbg == NULL || !config->drbg->seeded ||
        config->blocks == NULL || config->parts == NULL)
        return TERN_INVALID;
    memset(net, 0, sizeof *net);
    net->turn = config->turn;
    net->drbg = config->drbg;
    net->blocks = config->blocks;
    net->checksum = config->checksum != NULL ? config->checksum : &tern_checksum_portable;
    net->event = config->event;
    net->app = config->app;
    net->max_waiting = config->waiting_dgrams != 0 ? config->waiting_dgrams : 64;
    net->max_waiting_per_neighbour =
        config->waiting_per_neighbour != 0 ? config->waiting_per_neighbour : 3;
    if (net->max_waiting_per_neighbour > UINT8_MAX)
        net->max_waiting_per_neighbour = UINT8_MAX;    /* what an entry counts to */
    for (const struct tern_net_use *use = config->parts; use->part != NULL; use++) {
        enum tern_err err = part_file(net, use);
        if (err != TERN_OK)
            return err;
    }
    if (net->n_networks == 0)
        return TERN_INVALID;
    enum tern_err err = tern_provider_init(&net->provider, net->turn, &net_provider);
    if (err == TERN_OK)
        err = parts_init(net);
    if (err != TERN_OK)
        tern_provider_leave(&net->provider);
    return err;
}

void *tern_net_context(const struct tern_net *net, const struct tern_net_part *part)
{
    for (size_t i = 0; i < net->n_networks; i++)
        if (net->networks[i].part == part)
            return net->networks[i].context;
    for (size_t i = 0; i < net->n_transports; i++)
        if (net->transports[i].part == part)
            return net->transports[i].context;
    for (size_t i = 0; i < net->n_clients; i++)
        if (net->clients[i].part == part)
            return net->clients[i].context;
    return NULL;
}

uint8_t tern_net_network_of(const struct tern_net *net, const struct tern_addr *addr)
{
    for (uint8_t i = 0; i < net->n_networks; i++)
        if (tern_net_network(net, i)->family(addr))
            return i;
    return 0xff;
}

TERN_COLD
enum tern_err tern_net_address_set(struct tern_net *net, uint8_t link,
                                   const struct tern_net_address *address)
{
    uint8_t slot = tern_net_network_of(net, &address->addr);
    return slot != 0xff ? tern_net_network(net, slot)->address_set(net, link, address)
                        : TERN_UNSUPPORTED;
}

TERN_COLD
enum tern_err tern_net_auto(struct tern_net *net, uint8_t link, unsigned flags)
{
    for (uint8_t i = 0; i < net->n_networks; i++)
        if (tern_net_network(net, i)->automatic != NULL)
            return tern_net_network(net, i)->automatic(net, link, flags);
    return TERN_UNSUPPORTED;
}

/* ---- News --------------------------------------------------------------- */

static uint32_t *handle_link(struct tern_net *net, uint32_t handle)
{
    const struct tern_net_slot *slot =
        &net->transports[handle >> TERN_NET_HANDLE_SLOT_SHIFT];
    const struct tern_net_transport_ops *ops = slot->ops;
    uint32_t index = (handle & ((UINT32_C(1) << TERN_NET_HANDLE_SLOT_SHIFT) - 1)) - 1;
    return ops->ready_link(slot->context, index);
}

void tern_net_ready(struct tern_net *net, uint8_t transport, uint32_t index)
{
    uint32_t handle = ((uint32_t)transport << TERN_NET_HANDLE_SLOT_SHIFT) + index + 1;
    *handle_link(net, handle) = 0;
    if (net->ready_first == 0)
        net->ready_first = handle;
    else
        *handle_link(net, net->ready_last) = handle;
    net->ready_last = handle;
    tern_provider_ready(&net->provider);
}

enum { N_EVENTS = sizeof((struct tern_net *)0)->events / sizeof((struct tern_net *)0)->events[0] };

TERN_COLD
void tern_net_event(struct tern_net *net, enum tern_net_event event, uint8_t link,
                    const struct tern_addr *addr)
{
    if (net->event == NULL)
        return;
    if (net->n_events == N_EVENTS) {
        net->stats.events_lost++;
        return;
    }
    size_t at = (net->event_first + net->n_events++) % (size_t)N_EVENTS;
    net->events[at].event = (uint8_t)event;
    net->events[at].link = link;
    net->events[at].addr = addr != NULL ? *addr : (struct tern_addr){ { 0 } };
    tern_provider_ready(&net->provider);
}

TERN_COLD
static void event_visit(struct tern_net *net)
{
    size_t at = net->event_first;
    enum tern_net_event event = (enum tern_net_event)net->events[at].event;
    struct tern_addr addr = net->events[at].addr;
    uint8_t link = net->events[at].link;
    net->event_first = (uint8_t)((at + 1) % (size_t)N_EVENTS);
    net->n_events--;
    net->event(net->app, event, link, &addr);
}

static void handle_visit(struct tern_net *net)
{
    uint32_t handle = net->ready_first;
    const struct tern_net_slot *slot =
        &net->transports[handle >> TERN_NET_HANDLE_SLOT_SHIFT];
    const struct tern_net_transport_ops *ops = slot->ops;
    uint32_t index = (handle & ((UINT32_C(1) << TERN_NET_HANDLE_SLOT_SHIFT) - 1)) - 1;
    net->ready_first = *ops->ready_link(slot->context, index);
    ops->visit(net, slot->context, index);
}

static size_t net_visit(struct tern_provider *provider, size_t n)
{
    struct tern_net *net = TERN_CONTAINER_OF(provider, struct tern_net, provider);
    for (size_t done = 0; done < n; done++) {
        if (net->n_events > 0)
            event_visit(net);
        else if (net->ready_first != 0)
            handle_visit(net);
        else
            return done;
    }
    return n;
}

static void net_send(struct tern_provider *provider)
{
    struct tern_net *net = TERN_CONTAINER_OF(provider, struct tern_net, provider);
    for (size_t i = 0; i < net->n_transports; i++) {
        const struct tern_net_transport_ops *ops = net->transports[i].ops;
        ops->put_away(net, net->transports[i].context);
    }
    for (size_t i = 0; i < net->n_networks; i++)
        tern_net_network(net, (uint8_t)i)->turn_end(net, net->networks[i].context);
    for (size_t i = 0; i < net->n_transports; i++) {
        const struct tern_net_transport_ops *ops = net->transports[i].ops;
        ops->send(net, net->transports[i].context);
    }
    tern_net_flush(net);
}

/* ---- What ends a turn's input ------------------------------------------- */

uint64_t tern_net_poll(struct tern_net *net, uint64_t now_ns)
{
    return tern_turn_run(net->turn, now_ns);
}

/* ---- Between the layers ------------------------------------------------- */

bool tern_net_deliver(struct tern_net *net, const struct tern_net_packet *pkt)
{
    for (size_t i = 0; i < net->n_transports; i++) {
        if (net->transports[i].part->id != pkt->protocol)
            continue;
        const struct tern_net_transport_ops *ops = net->transports[i].ops;
        ops->input(net, net->transports[i].context, pkt);
        return true;
    }
    return false;
}

TERN_COLD
bool tern_net_deliver_error(struct tern_net *net, uint8_t protocol,
                            const struct tern_net_error *error)
{
    for (size_t i = 0; i < net->n_transports; i++) {
        if (net->transports[i].part->id != protocol)
            continue;
        const struct tern_net_transport_ops *ops = net->transports[i].ops;
        ops->error(net, net->transports[i].context, error);
        return true;
    }
    return false;
}

TERN_COLD
void tern_net_address_lost(struct tern_net *net, uint8_t link, const struct tern_addr *addr)
{
    for (size_t i = 0; i < net->n_transports; i++) {
        const struct tern_net_transport_ops *ops = net->transports[i].ops;
        ops->address_lost(net, net->transports[i].context, addr);
    }
    tern_net_event(net, TERN_NET_ADDRESS_LOST, link, addr);
    tern_net_worked(net);
}

TERN_COLD
void tern_net_conflict(struct tern_net *net, uint8_t link, const struct tern_addr *addr)
{
    for (size_t i = 0; i < net->n_clients; i++) {
        const struct tern_net_client_ops *ops = net->clients[i].ops;
        if (ops->conflict != NULL)
            ops->conflict(net, net->clients[i].context, link, addr);
    }
}

TERN_COLD
void tern_net_router_said(struct tern_net *net, uint8_t link, uint8_t ra_flags)
{
    for (size_t i = 0; i < net->n_clients; i++) {
        const struct tern_net_client_ops *ops = net->clients[i].ops;
        if (ops->router_said != NULL)
            ops->router_said(net, net->clients[i].context, link, ra_flags);
    }
}

TERN_COLD
void tern_net_leased(struct tern_net *net, uint8_t link, bool found)
{
    for (size_t i = 0; i < net->n_clients; i++) {
        const struct tern_net_client_ops *ops = net->clients[i].ops;
        if (ops->leased != NULL)
            ops->leased(net, net->clients[i].context, link, found);
    }
}

void tern_net_wake(struct tern_net *net, uint32_t waiting[TERN_NET_TRANSPORTS], enum tern_err why)
{
    for (size_t i = 0; i < net->n_transports; i++) {
        if (waiting[i] == 0)
            continue;
        const struct tern_net_transport_ops *ops = net->transports[i].ops;
        ops->wake(net, net->transports[i].context, &waiting[i], why);
    }
}
