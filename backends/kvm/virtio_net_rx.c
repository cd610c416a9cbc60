/* SPDX-License-Identifier: ISC */
/*
 * Frames in (virtio 1.2 sections 5.1.6.3 and 5.1.6.4).
 *
 *   ring of 2 KiB buffers           private arena
 *   [hdr|frame...][...frame]  --->  [frame][frame]...  --->  input(batch)
 *    the device's                    copied once             lent until it returns
 *
 * A frame in several buffers is gathered entry by entry; one of which some
 * buffers have not come yet waits, in private memory. What is believed of the
 * header is the private copy, checked.
 */
#include "virtio_net.h"

#include <string.h>

/* The header, little-endian. hdr_len is a hint that may be wrong (5.1.6.4.2): never read. */
enum {
    HDR_FLAGS = 0, HDR_GSO_TYPE = 1, HDR_HDR_LEN = 2, HDR_GSO_SIZE = 4,
    HDR_CSUM_START = 6, HDR_CSUM_OFFSET = 8, HDR_NUM_BUFFERS = 10,
};
enum { FLAG_NEEDS_CSUM = 1, FLAG_DATA_VALID = 2 };
enum { GSO_NONE = 0, GSO_TCPV4 = 1, GSO_TCPV6 = 4 };
enum { ETH_HDR_LEN = 14 };

/* A frame stands at 2 modulo 16, so that its IP header is aligned. */
enum { ARENA_ALIGN = 16, ARENA_SKEW = 2 };

static const uint8_t *rx_buf(const struct virtio_net *net, uint16_t id)
{
    return net->rx_bufs + (size_t)id * net->rx_cap;
}

TERN_COLD
void virtio_net_rx_start(struct virtio_net *net)
{
    net->n_parts = net->n_parts_needed = 0;
    for (uint16_t id = 0; id < net->rx.n_bufs; id++) {
        virtio_queue_place(&net->rx, id, rx_buf(net, id));
        virtio_queue_post(&net->rx, id, net->rx_cap, true);
    }
    virtio_queue_publish(&net->rx);
}

/*
 * The first buffer of a frame. How many there are is the device's word: more
 * than it holds or has given back can never come.
 */
static bool gather_begin(struct virtio_net *net)
{
    struct virtio_used *first = &net->parts[0];
    if (virtio_queue_take(&net->rx, first) != TERN_OK)
        return false;
    if (first->len < net->hdr_len) {
        virtio_dev_breach(net->dev, VIRTIO_BREACH_SHORT);
        return false;
    }
    memcpy(net->rx_hdr, rx_buf(net, first->id), net->hdr_len);
    virtio_rmb();    /* from here on it is the copy that is read, whatever a compiler knows */
    /* Without MRG_RXBUF it is 1; some devices write 0, and it is not read. */
    uint16_t n = net->mergeable ? tern_load_le16(net->rx_hdr + HDR_NUM_BUFFERS) : 1;
    if (n - 1u > net->rx.n_in_flight) {    /* 0 wraps: more than any queue has */
        virtio_dev_breach(net->dev, VIRTIO_BREACH_NUM_BUFFERS);
        return false;
    }
    net->n_parts = 1;
    net->n_parts_needed = n;
    net->parts_len = first->len;
    return true;
}

/* True: a whole frame stands in parts. Of a stopped device none is believed. */
static bool gather(struct virtio_net *net)
{
    if (net->dev->stopped)
        return false;
    if (net->n_parts_needed == 0 && !gather_begin(net))
        return false;
    while (net->n_parts < net->n_parts_needed) {
        struct virtio_used *part = &net->parts[net->n_parts];
        if (virtio_queue_take(&net->rx, part) != TERN_OK)
            return false;
        net->n_parts++;
        net->parts_len += part->len;    /* at most 2^10 parts of 2^14 octets */
    }
    if (net->parts_len - net->hdr_len > VIRTIO_NET_FRAME_MAX) {
        virtio_dev_breach(net->dev, VIRTIO_BREACH_TOO_LONG);
        return false;
    }
    return true;
}

static void copy_parts(const struct virtio_net *net, uint8_t *to)
{
    size_t skip = net->hdr_len;
    for (uint16_t i = 0; i < net->n_parts; i++) {
        size_t len = net->parts[i].len - skip;
        memcpy(to, rx_buf(net, net->parts[i].id) + skip, len);
        to += len;
        skip = 0;
    }
}

/* The device gets the buffers back. */
static void repost(struct virtio_net *net)
{
    for (uint16_t i = 0; i < net->n_parts; i++)
        virtio_queue_post(&net->rx, net->parts[i].id, net->rx_cap, true);
    net->n_parts = net->n_parts_needed = 0;
}

/*
 * What the header says of the frame, or false: it contradicts the frame or what
 * was agreed on. A header may be another guest's, handed through by a switch,
 * so it costs the frame and not the device.
 */
static bool header_parse(const struct virtio_net *net, size_t len, struct tern_rx *rx)
{
    const uint8_t *hdr = net->rx_hdr;
    bool checks = (net->link.offloads & TERN_OFFLOAD_RX_CSUM) != 0;
    rx->csum = TERN_CSUM_NONE;
    if ((hdr[HDR_FLAGS] & FLAG_NEEDS_CSUM) != 0) {
        /* Some devices say so without having been asked to: it means the same. */
        size_t start = tern_load_le16(hdr + HDR_CSUM_START);
        size_t off = tern_load_le16(hdr + HDR_CSUM_OFFSET);
        if (start < ETH_HDR_LEN || start > len || off > len - start || len - start - off < 2)
            return false;
        rx->csum = TERN_CSUM_PARTIAL;
    } else if ((hdr[HDR_FLAGS] & FLAG_DATA_VALID) != 0 && checks) {
        rx->csum = TERN_CSUM_VALID;
    }
    rx->gso = TERN_GSO_NONE;
    rx->seg_len = 0;
    switch (hdr[HDR_GSO_TYPE]) {
    case GSO_NONE:
        return true;
    case GSO_TCPV4:
        rx->gso = TERN_GSO_TCP4;
        break;
    case GSO_TCPV6:
        rx->gso = TERN_GSO_TCP6;
        break;
    default:    /* UDP and ECN were not agreed on */
        return false;
    }
    rx->seg_len = tern_load_le16(hdr + HDR_GSO_SIZE);
    return (net->link.offloads & TERN_OFFLOAD_RX_GRO) != 0 && rx->seg_len != 0;
}

/*
 * Copies frames until there are TERN_LINK_BATCH, none is left, or the next does
 * not fit; that one stays gathered. Dropped ones count, so the work is bounded.
 */
size_t virtio_net_rx_batch(struct virtio_net *net)
{
    size_t n = 0, used = 0;
    for (size_t seen = 0; seen < TERN_LINK_BATCH && gather(net); seen++) {
        size_t len = net->parts_len - net->hdr_len;
        struct tern_rx *rx = &net->batch[n];
        if (len < ETH_HDR_LEN || !header_parse(net, len, rx)) {
            if (len < ETH_HDR_LEN)
                net->stats.rx_runt++;
            else
                net->stats.rx_bad_header++;
            repost(net);
            continue;
        }
        if (len + ARENA_SKEW > net->arena_len - used)
            break;
        uint8_t *frame = net->arena + used + ARENA_SKEW;
        copy_parts(net, frame);
        repost(net);
        used += (len + ARENA_SKEW + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
        if (used > net->arena_len)
            used = net->arena_len;
        net->spans[n] = (struct tern_span){ .data = frame, .len = len };
        rx->spans = &net->spans[n];
        rx->n_spans = 1;
        rx->hash = 0;
        net->stats.rx_frames++;
        net->stats.rx_octets += len;
        n++;
    }
    /* The device fills them anew while the stack works on the copies. */
    virtio_queue_publish(&net->rx);
    return n;
}

/* Is there a frame that no interrupt will tell of? */
bool virtio_net_rx_waiting(const struct virtio_net *net)
{
    return net->n_parts_needed != 0 && net->n_parts == net->n_parts_needed;
}
