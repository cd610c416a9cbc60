/* SPDX-License-Identifier: ISC */
/*
 * Links as the stack sees them: slots to send from, who waits for one, the
 * flush at the end of a turn, and the calls of a link's driver.
 *
 * A slot that a driver refuses (TERN_FULL) makes it owe a tx_room; who wanted
 * it joins the link's list of its transport and is woken then. Nothing else
 * changes: no sequence number, no timer.
 */
#include "eth_wire.h"
#include "net_internal.h"

/* ---- Slots -------------------------------------------------------------- */

enum tern_err tern_net_slot_begin(struct tern_net *net, uint8_t link, uint8_t transport,
                                  const uint8_t dst_mac[6], uint16_t ethertype, size_t len,
                                  struct tern_tx *tx, uint32_t **wait)
{
    struct tern_net_link *own = &net->links[link];
    enum tern_err err = own->link->ops->tx_slot(own->link, ETH_HDR_LEN + len, tx);
    if (err != TERN_OK) {
        if (err != TERN_FULL)
            return TERN_UNREACHABLE;
        net->stats.tx_full++;
        own->owed_room = true;
        if (transport < TERN_NET_TRANSPORTS)
            *wait = &own->waiting[transport];
        return TERN_FULL;
    }
    eth_copy(tx->data + ETH_DST, dst_mac);
    eth_copy(tx->data + ETH_SRC, own->mac);
    tern_store_be16(tx->data + ETH_TYPE, ethertype);
    return TERN_OK;
}

void tern_net_slot_commit(struct tern_net *net, uint8_t link, struct tern_tx *tx, size_t len)
{
    struct tern_net_link *own = &net->links[link];
    if (len != 0) {
        len += ETH_HDR_LEN;
        net->stats.tx_frames++;
        net->stats.tx_octets += len;
        own->unflushed = true;
        tern_net_worked(net);
    }
    own->link->ops->tx_commit(own->link, tx, len);
}

void tern_net_flush(struct tern_net *net)
{
    for (size_t i = 0; i < net->n_links; i++) {
        if (!net->links[i].unflushed)
            continue;
        net->links[i].unflushed = false;
        net->links[i].link->ops->flush(net->links[i].link);
    }
}

/* ---- Attaching ---------------------------------------------------------- */

TERN_COLD
static void link_tell(struct tern_net *net, uint8_t link)
{
    for (size_t i = 0; i < net->n_networks; i++)
        tern_net_network(net, (uint8_t)i)->link_changed(net, net->networks[i].context, link);
    for (size_t i = 0; i < net->n_transports; i++) {
        const struct tern_net_transport_ops *ops = net->transports[i].ops;
        ops->link_changed(net, net->transports[i].context, link);
    }
    for (size_t i = 0; i < net->n_clients; i++) {
        const struct tern_net_client_ops *ops = net->clients[i].ops;
        ops->link_changed(net, net->clients[i].context, link);
    }
}

/* Takes over what the driver says of its link and tells all who care. */
static void link_take(struct tern_net *net, struct tern_link *link)
{
    struct tern_net_link *own = &net->links[link->index];
    if (!eth_is_group(link->mac))
        eth_copy(own->mac, link->mac);
    if (link->up != own->was_up) {
        own->was_up = link->up;
        tern_net_event(net, link->up ? TERN_NET_LINK_UP : TERN_NET_LINK_DOWN, link->index, NULL);
    }
    link_tell(net, link->index);
    tern_net_worked(net);
    /* A driver that went down and up may have forgotten what it owed. */
    if (link->up)
        tern_net_wake(net, own->waiting, TERN_OK);
}

TERN_COLD
enum tern_err tern_net_attach(struct tern_net *net, struct tern_link *link)
{
    if (net->n_links == TERN_NET_LINKS)
        return TERN_FULL;
    if (link->ops == NULL || link->mtu < 576 ||
        link->slot_max < (uint32_t)link->mtu + ETH_HDR_LEN || eth_is_group(link->mac))
        return TERN_INVALID;
    uint8_t index = net->n_links++;
    net->links[index] = (struct tern_net_link){ .link = link };
    eth_copy(net->links[index].mac, link->mac);
    link->events = &tern_net_link_events;
    link->user = net;
    link->index = index;
    tern_net_groups_tell(net, index);
    link_take(net, link);
    return TERN_OK;
}

/* ---- The driver's calls ------------------------------------------------- */

uint64_t tern_net_input(struct tern_net *net, struct tern_link *link, struct tern_rx *rx,
                        size_t n_rx, uint64_t now_ns)
{
    /* Frames are lent to a turn of their own, which cannot begin inside another. */
    if (net->turn->running) {
        net->stats.eth_nested += n_rx;
        return now_ns;
    }
    tern_turn_advance(net->turn, now_ns);
    tern_net_worked(net);
    for (size_t i = 0; i < n_rx; i++) {
        if (i + 1 < n_rx && rx[i + 1].n_spans > 0)
            __builtin_prefetch(rx[i + 1].spans[0].data);
        tern_eth_input(net, link->index, &rx[i]);
    }
    return tern_turn_run(net->turn, now_ns);
}

uint64_t tern_net_tx_room(struct tern_net *net, struct tern_link *link, uint64_t now_ns)
{
    struct tern_net_link *own = &net->links[link->index];
    own->owed_room = false;
    tern_net_worked(net);
    tern_net_wake(net, own->waiting, TERN_OK);
    return tern_turn_run(net->turn, now_ns);
}

TERN_COLD
uint64_t tern_net_link_changed(struct tern_net *net, struct tern_link *link, uint64_t now_ns)
{
    tern_turn_advance(net->turn, now_ns);
    link_take(net, link);
    return tern_turn_run(net->turn, now_ns);
}

static uint64_t link_input(struct tern_link *link, struct tern_rx *rx, size_t n_rx,
                           uint64_t now_ns)
{
    return tern_net_input(link->user, link, rx, n_rx, now_ns);
}

static uint64_t link_tx_room(struct tern_link *link, uint64_t now_ns)
{
    return tern_net_tx_room(link->user, link, now_ns);
}

TERN_COLD
static uint64_t link_changed(struct tern_link *link, uint64_t now_ns)
{
    return tern_net_link_changed(link->user, link, now_ns);
}

const struct tern_link_events tern_net_link_events = {
    .input = link_input,
    .tx_room = link_tx_room,
    .changed = link_changed,
};
