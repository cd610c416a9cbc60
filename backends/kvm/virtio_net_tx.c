/* SPDX-License-Identifier: ISC */
/*
 * Frames out (virtio 1.2 sections 5.1.6.1 and 5.1.6.2).
 *
 * A slot is one buffer of the device's memory: header and frame side by side,
 * so one descriptor sends it (two where a legacy device wants them apart).
 * There are many for frames of the MTU's size and a
 * few for 64 KiB. The device tells of sent frames only when asked: slots come
 * back when none is free, and an interrupt is asked for only while the stack is
 * owed a tx_room.
 */
#include "virtio_net.h"

#include <string.h>

enum { FLAG_NEEDS_CSUM = 1 };
enum { GSO_NONE = 0, GSO_TCPV4 = 1, GSO_TCPV6 = 4 };
enum {
    HDR_FLAGS = 0, HDR_GSO_TYPE = 1, HDR_HDR_LEN = 2, HDR_GSO_SIZE = 4,
    HDR_CSUM_START = 6, HDR_CSUM_OFFSET = 8, HDR_NUM_BUFFERS = 10,
};

/* The header stands before the frame, which begins where an IP header is aligned. */
enum { TX_HEAD = VIRTIO_NET_TX_HEAD };

static bool is_long(const struct virtio_net *net, uint16_t id)
{
    return id >= net->n_tx;
}

static uint8_t *slot_mem(const struct virtio_net *net, uint16_t id)
{
    if (is_long(net, id))
        return net->tx_long_bufs + (size_t)(id - net->n_tx) * (net->tx_long_cap + TX_HEAD);
    return net->tx_bufs + (size_t)id * (net->tx_cap + TX_HEAD);
}

TERN_COLD
void virtio_net_tx_start(struct virtio_net *net)
{
    net->n_tx_free = net->n_tx_long_free = 0;
    net->tx_owed = net->tx_long_owed = false;
    for (uint16_t i = net->n_tx; i > 0; i--)
        net->tx_free[net->n_tx_free++] = (uint16_t)(i - 1);
    for (uint16_t i = net->n_tx_long; i > 0; i--)
        net->tx_long_free[net->n_tx_long_free++] = (uint16_t)(net->n_tx + i - 1);
    for (uint16_t id = 0; id < net->n_tx + net->n_tx_long; id++)
        virtio_queue_place(&net->tx, id, slot_mem(net, id) + TX_HEAD - net->hdr_len);
}

static void slot_give(struct virtio_net *net, uint16_t id)
{
    if (is_long(net, id))
        net->tx_long_free[net->n_tx_long_free++] = id;
    else
        net->tx_free[net->n_tx_free++] = id;
}

/* Takes back what the device has sent. The wish for silence keeps its distance. */
static void reclaim(struct virtio_net *net)
{
    struct virtio_used used;
    while (virtio_queue_take(&net->tx, &used) == TERN_OK)
        slot_give(net, used.id);
    if (!net->tx.armed)
        virtio_queue_disarm(&net->tx);
}

/*
 * Waits for room in a way that cannot miss it: asks for an interrupt, looks
 * again, and asks anew after each find. Each round takes what is in flight, so
 * there are few.
 */
static bool find_room(struct virtio_net *net, const uint16_t *n_free)
{
    while (*n_free == 0) {
        reclaim(net);
        if (*n_free > 0)
            break;
        if (virtio_queue_arm(&net->tx))
            return false;
    }
    if (net->tx.armed && !net->tx_owed && !net->tx_long_owed)
        virtio_queue_disarm(&net->tx);
    return true;
}

static enum tern_err tx_slot(struct tern_link *link, size_t len, struct tern_tx *tx)
{
    struct virtio_net *net = TERN_CONTAINER_OF(link, struct virtio_net, link);
    if (!link->up || net->dev->stopped)
        return TERN_UNREACHABLE;
    if (len == 0 || len > link->slot_max)
        return TERN_INVALID;
    bool need_long = len > net->tx_cap;
    uint16_t *n_free = need_long ? &net->n_tx_long_free : &net->n_tx_free;
    if (*n_free == 0 && !find_room(net, n_free)) {
        if (net->dev->stopped)
            return TERN_UNREACHABLE;
        *(need_long ? &net->tx_long_owed : &net->tx_owed) = true;
        net->stats.tx_full++;
        return TERN_FULL;
    }
    uint16_t id = (need_long ? net->tx_long_free : net->tx_free)[--*n_free];
    *tx = (struct tern_tx){
        .data = slot_mem(net, id) + TX_HEAD,
        .cap = need_long ? net->tx_long_cap : net->tx_cap,
        .driver = { id, net->stats.restarts },
    };
    return TERN_OK;
}

static void header_emit(uint8_t *hdr, size_t hdr_len, const struct tern_tx *tx)
{
    memset(hdr, 0, hdr_len);
    if (!tx->csum_partial)
        return;
    hdr[HDR_FLAGS] = FLAG_NEEDS_CSUM;
    tern_store_le16(hdr + HDR_CSUM_START, tx->csum_start);
    tern_store_le16(hdr + HDR_CSUM_OFFSET, tx->csum_off);
    if (tx->gso == TERN_GSO_NONE)
        return;
    hdr[HDR_GSO_TYPE] = tx->gso == TERN_GSO_TCP6 ? GSO_TCPV6 : GSO_TCPV4;
    tern_store_le16(hdr + HDR_GSO_SIZE, tx->seg_len);
    tern_store_le16(hdr + HDR_HDR_LEN, tx->hdr_len);
}

static void tx_commit(struct tern_link *link, struct tern_tx *tx, size_t len)
{
    struct virtio_net *net = TERN_CONTAINER_OF(link, struct virtio_net, link);
    uint16_t id = (uint16_t)tx->driver[0];
    bool old = tx->driver[1] != net->stats.restarts;    /* somebody else's by now */
    if (len == 0 || old || net->dev->stopped) {
        net->stats.tx_stale += len > 0;
        if (!old)
            slot_give(net, id);
        return;
    }
    header_emit(slot_mem(net, id) + TX_HEAD - net->hdr_len, net->hdr_len, tx);
    virtio_queue_post(&net->tx, id, (uint32_t)(net->hdr_len + len), false);
    net->stats.tx_frames++;
    net->stats.tx_octets += len;
}

static void flush(struct tern_link *link)
{
    struct virtio_net *net = TERN_CONTAINER_OF(link, struct virtio_net, link);
    virtio_queue_publish(&net->tx);
}

const struct tern_link_ops virtio_net_link_ops = {
    .tx_slot = tx_slot,
    .tx_commit = tx_commit,
    .flush = flush,
};

/*
 * Is there room now for a stack that was told FULL? If so the debt is paid: the
 * caller calls tx_room. If not, the interrupt is asked for.
 */
bool virtio_net_tx_room(struct virtio_net *net)
{
    bool room = (net->tx_owed && find_room(net, &net->n_tx_free)) ||
                (net->tx_long_owed && find_room(net, &net->n_tx_long_free));
    if (!room || net->dev->stopped)
        return false;
    net->tx_owed = net->tx_long_owed = false;
    virtio_queue_disarm(&net->tx);
    return true;
}
