/* SPDX-License-Identifier: ISC */
/*
 * Ethernet: is the frame for us, and which network layer takes it. Ethernet II
 * and priority-tagged 802.1Q frames (VID 0, IEEE 802.1Q section 6.9.1); one of
 * a VLAN is not for an end station without it.
 */
#include "eth_wire.h"
#include "net_internal.h"

static void other_input(struct tern_net *net, uint8_t link, struct tern_rx *rx, size_t off,
                        uint16_t type, bool to_group)
{
    for (uint8_t i = 0; i < net->n_networks; i++) {
        const struct tern_net_network_ops *ops = tern_net_network(net, i);
        void *context = net->networks[i].context;
        if (net->networks[i].part->id == type) {
            ops->input(net, context, link, rx, off, to_group);
            return;
        }
        if (ops->input_other != NULL &&
            ops->input_other(net, context, link, rx, off, type, to_group))
            return;
    }
    if (type == ETH_TYPE_IPV6)
        net->stats.ipv6_unsupported++;
    else
        net->stats.eth_unknown_type++;
}

void tern_eth_input(struct tern_net *net, uint8_t link, struct tern_rx *rx)
{
    struct tern_net_stats *stats = &net->stats;
    stats->rx_frames++;
    /* A driver that lends nothing, or less than a header, lends a short frame. */
    if (rx->n_spans == 0 || rx->spans[0].len < ETH_HDR_LEN) {
        stats->eth_short++;
        return;
    }
    stats->rx_octets += tern_rx_len(rx);
    const uint8_t *frame = rx->spans[0].data, *mac = net->links[link].mac;
    bool to_group = false;
    if (!eth_equal(frame + ETH_DST, mac)) {
        if (!eth_is_group(frame + ETH_DST)) {
            stats->eth_other_host++;
            return;
        }
        to_group = true;
    }
    /* A group sends nothing; what we sent ourselves has come back. */
    if (eth_is_group(frame + ETH_SRC) || eth_equal(frame + ETH_SRC, mac)) {
        stats->eth_bad_source++;
        return;
    }
    uint16_t type = tern_load_be16(frame + ETH_TYPE);
    size_t off = ETH_HDR_LEN;
    if (type == ETH_TYPE_VLAN) {
        if (rx->spans[0].len < ETH_HDR_LEN + ETH_TAG_LEN) {
            stats->eth_short++;
            return;
        }
        if ((tern_load_be16(frame + ETH_TCI) & 0x0fff) != 0) {
            stats->eth_bad_vlan++;
            return;
        }
        type = tern_load_be16(frame + ETH_TCI + 2);
        off += ETH_TAG_LEN;
    }
    const struct tern_net_slot *first = &net->networks[0];
    if (first->part->id == type) {
        const struct tern_net_network_ops *ops = first->ops;
        ops->input(net, first->context, link, rx, off, to_group);
        return;
    }
    other_input(net, link, rx, off, type, to_group);
}
