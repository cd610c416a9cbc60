/* SPDX-License-Identifier: ISC */
/*
 * The control queue (virtio 1.2 section 5.1.6.5). A command is one buffer of
 * three pieces: what is wanted, its data, and an octet in which the device says
 * whether it has obeyed. One is under way at a time; nobody waits for it, so a
 * device that never answers costs the commands that would follow.
 *
 * At the start the device takes the link's address, if it is not its own, and
 * filters: frames for this station, for groups and for all.
 */
#include "virtio_net.h"

#include <string.h>

enum { QUEUE_CTRL = 2 };    /* without MQ (section 5.1.2) */
enum { CMD = 0, CMD_LEN = 2, DATA = 2, ACK = 16, BUF_LEN = 64 };
enum { CLASS_RX = 0, RX_PROMISC = 0, RX_ALLMULTI = 1 };
enum { CLASS_MAC = 1, MAC_ADDR_SET = 1 };
enum { CLASS_ANNOUNCE = 3, ANNOUNCE_ACK = 0 };
enum { ACK_OK = 0, ACK_NONE = 0xff };

enum tern_err virtio_net_ctrl_place(struct virtio_net *net)
{
    struct virtio_dev *dev = net->dev;
    net->ctrl_wanted = 0;
    net->ctrl_busy = false;
    net->has_ctrl = (dev->features & VIRTIO_NET_F_CTRL_VQ) != 0 &&
                    virtio_queue_room(dev, QUEUE_CTRL, 3) >= 2;
    if (!net->has_ctrl)
        return TERN_OK;
    if (net->ctrl_buf == NULL)
        net->ctrl_buf = dev->env->carve_io(BUF_LEN);
    if (net->ctrl_buf == NULL)
        return TERN_FULL;
    return virtio_queue_init(&net->ctrl, dev, QUEUE_CTRL, 2, 3);
}

enum tern_err virtio_net_ctrl_start(struct virtio_net *net)
{
    uint64_t has = net->dev->features;
    if (!net->has_ctrl)
        return TERN_OK;
    virtio_queue_place(&net->ctrl, 0, net->ctrl_buf);
    bool can_mac = (has & VIRTIO_NET_F_CTRL_MAC) != 0;
    if (net->mac_differs && can_mac)
        net->ctrl_wanted |= VIRTIO_NET_CTRL_MAC;
    /* With another address than the device knows, it must go on to deliver all. */
    if ((has & VIRTIO_NET_F_CTRL_RX) != 0 && (!net->mac_differs || can_mac))
        net->ctrl_wanted |= VIRTIO_NET_CTRL_ALLMULTI | VIRTIO_NET_CTRL_NO_PROMISC;
    return net->dev->ops->queue_start(net->dev, &net->ctrl);
}

/* Writes the command and returns the length of its data. */
static uint32_t command_emit(struct virtio_net *net, uint8_t command)
{
    uint8_t *buf = net->ctrl_buf;
    uint32_t len = 1;
    switch (command) {
    case VIRTIO_NET_CTRL_MAC:
        buf[CMD] = CLASS_MAC;
        buf[CMD + 1] = MAC_ADDR_SET;
        memcpy(buf + DATA, net->link.mac, 6);
        len = 6;
        break;
    case VIRTIO_NET_CTRL_ALLMULTI:
    case VIRTIO_NET_CTRL_NO_PROMISC:
        buf[CMD] = CLASS_RX;
        buf[CMD + 1] = command == VIRTIO_NET_CTRL_ALLMULTI ? RX_ALLMULTI : RX_PROMISC;
        buf[DATA] = command == VIRTIO_NET_CTRL_ALLMULTI;
        break;
    default:
        buf[CMD] = CLASS_ANNOUNCE;
        buf[CMD + 1] = ANNOUNCE_ACK;
        len = 0;
        break;
    }
    buf[ACK] = ACK_NONE;
    return len;
}

static void command_give(struct virtio_net *net)
{
    uint8_t command = (uint8_t)(net->ctrl_wanted & (0u - net->ctrl_wanted));    /* the lowest */
    uint32_t len = command_emit(net, command);
    struct virtio_piece pieces[3] = { { CMD, CMD_LEN, false }, { DATA, len, false } };
    size_t n = len > 0 ? 2 : 1;
    pieces[n++] = (struct virtio_piece){ ACK, 1, true };
    virtio_queue_post_pieces(&net->ctrl, 0, pieces, n);
    virtio_queue_publish(&net->ctrl);
    net->ctrl_wanted = (uint8_t)(net->ctrl_wanted & ~command);
    net->ctrl_now = command;
    net->ctrl_busy = true;
}

/*
 * A filter that was to stand on a refused command would hide frames: then it is
 * not asked for.
 */
static void command_end(struct virtio_net *net, uint8_t ack)
{
    net->ctrl_busy = false;
    if (ack == ACK_OK) {
        net->stats.ctrl_done++;
        return;
    }
    net->stats.ctrl_refused++;
    if (net->ctrl_now == VIRTIO_NET_CTRL_MAC || net->ctrl_now == VIRTIO_NET_CTRL_ALLMULTI)
        net->ctrl_wanted &= (uint8_t)~VIRTIO_NET_CTRL_NO_PROMISC;
}

/* Without such a queue nothing is wanted and nothing under way. */
void virtio_net_ctrl_poll(struct virtio_net *net)
{
    struct virtio_used used;
    if (net->ctrl_busy && virtio_queue_take(&net->ctrl, &used) == TERN_OK) {
        if (net->ctrl.armed)
            virtio_queue_disarm(&net->ctrl);
        const volatile uint8_t *buf = net->ctrl_buf;
        command_end(net, buf[ACK]);    /* read once */
    }
    if (!net->ctrl_busy && net->ctrl_wanted != 0 && !net->dev->stopped)
        command_give(net);
}

void virtio_net_ctrl_want(struct virtio_net *net, uint8_t commands)
{
    if (!net->has_ctrl)
        return;
    net->ctrl_wanted |= commands;
    virtio_net_ctrl_poll(net);
}
