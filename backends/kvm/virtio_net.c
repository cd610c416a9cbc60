/* SPDX-License-Identifier: ISC */
/*
 * The network device: its features, configuration and memory, the loop's side of
 * it (virtio 1.2 sections 5.1.3 to 5.1.5), and another start after a breach.
 */
#include "virtio_net.h"

#include <string.h>

#define NET_F_CSUM (UINT64_C(1) << 0)
#define NET_F_GUEST_CSUM (UINT64_C(1) << 1)
#define NET_F_MTU (UINT64_C(1) << 3)
#define NET_F_MAC (UINT64_C(1) << 5)
#define NET_F_GUEST_TSO4 (UINT64_C(1) << 7)
#define NET_F_GUEST_TSO6 (UINT64_C(1) << 8)
#define NET_F_HOST_TSO4 (UINT64_C(1) << 11)
#define NET_F_HOST_TSO6 (UINT64_C(1) << 12)
#define NET_F_MRG_RXBUF (UINT64_C(1) << 15)
#define NET_F_STATUS (UINT64_C(1) << 16)

enum { QUEUE_RX = 0, QUEUE_TX = 1 };
enum { STATUS_LINK_UP = 1, STATUS_ANNOUNCE = 2 };
enum { RX_CAP = 2048, ALIGN = 64, ETH_AND_TAG = 18 };
enum { MTU_DEFAULT = 1500, MTU_LEAST = 68, MTU_MOST = 9216 };

/* mac 6 x 8, status 16, max_virtqueue_pairs 16, mtu 16 (section 5.1.4) */
enum { CONFIG_MAC = 0, CONFIG_STATUS = 6, CONFIG_MTU = 7, N_CONFIG = 8 };
static const struct virtio_field config_fields[N_CONFIG] = {
    { 0, 1 }, { 1, 1 }, { 2, 1 }, { 3, 1 }, { 4, 1 }, { 5, 1 }, { 6, 2 }, { 10, 2 },
};

TERN_COLD
struct virtio_net_config virtio_net_config_for(uint64_t memory_len)
{
    if (memory_len < UINT64_C(12) << 20)    /* 0.6 MiB */
        return (struct virtio_net_config){
            .n_rx = 64, .n_tx = 60, .n_tx_long = 3, .arena_len = 128u << 10,
        };
    if (memory_len < UINT64_C(48) << 20)    /* 1.3 MiB */
        return (struct virtio_net_config){
            .n_rx = 256, .n_tx = 120, .n_tx_long = 4, .arena_len = VIRTIO_NET_ARENA,
        };
    return (struct virtio_net_config){ 0 };    /* 1.5 MiB */
}

TERN_COLD
static size_t round_up(size_t len)
{
    return (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* The largest power of two that is at most n; n >= 1. */
TERN_COLD
static uint16_t power_of_two(uint16_t n)
{
    uint16_t p = 1;
    while (p <= n / 2)
        p = (uint16_t)(p * 2);
    return p;
}

/* ---- Configuration -------------------------------------------------------- */

static bool config_load(struct virtio_net *net, uint32_t v[N_CONFIG])
{
    if (virtio_dev_config(net->dev, config_fields, N_CONFIG, v) == TERN_OK)
        return true;
    virtio_dev_say(net->dev, "its configuration never stands still");
    return false;
}

/* The buffers are as long as the MTU of the start demanded. */
TERN_COLD
static uint16_t mtu_of(const struct virtio_net *net, uint32_t mtu)
{
    uint32_t most = MTU_MOST;
    if ((net->dev->features & NET_F_MTU) == 0 || mtu < MTU_LEAST)
        mtu = MTU_DEFAULT;    /* less is nothing that an IP host could live with */
    if (net->tx_cap != 0 && most > net->tx_cap - ETH_AND_TAG)
        most = net->tx_cap - ETH_AND_TAG;
    if (net->rx_cap != 0 && !net->mergeable && most > net->rx_cap - net->hdr_len - ETH_AND_TAG)
        most = net->rx_cap - net->hdr_len - ETH_AND_TAG;
    return (uint16_t)(mtu < most ? mtu : most);
}

/* Carrier and MTU. False: nothing changed. */
TERN_COLD
static bool config_take(struct virtio_net *net, const uint32_t v[N_CONFIG])
{
    bool up = (net->dev->features & NET_F_STATUS) == 0 || (v[CONFIG_STATUS] & STATUS_LINK_UP) != 0;
    uint16_t mtu = mtu_of(net, v[CONFIG_MTU]);
    bool changed = up != net->link.up || mtu != net->link.mtu;
    net->link.up = up;
    net->link.mtu = mtu;
    return changed;
}

/*
 * The wish to be announced (section 5.1.6.5.4) is a change, too: the stack says who
 * is here, and the device hears that it was heard.
 */
TERN_COLD
static bool config_news(struct virtio_net *net)
{
    uint32_t v[N_CONFIG] = { 0 };
    if (!config_load(net, v))
        return false;
    bool changed = config_take(net, v);
    if ((net->dev->features & VIRTIO_NET_F_ANNOUNCE) == 0 || !net->link.up ||
        (v[CONFIG_STATUS] & STATUS_ANNOUNCE) == 0)
        return changed;
    virtio_net_ctrl_want(net, VIRTIO_NET_CTRL_ANNOUNCED);
    return true;
}

enum tern_err virtio_net_address(struct virtio_dev *dev, uint8_t mac[6])
{
    uint64_t offered;
    uint32_t v[N_CONFIG] = { 0 };
    enum tern_err err = virtio_dev_open(dev, &offered);
    if (err == TERN_OK && (offered & NET_F_MAC) != 0)
        err = virtio_dev_config(dev, config_fields, CONFIG_STATUS, v) == TERN_OK
                  ? TERN_OK : TERN_UNSUPPORTED;
    for (size_t i = 0; i < 6; i++)
        mac[i] = (uint8_t)v[CONFIG_MAC + i];
    virtio_dev_stop(dev);
    return err;
}

/* The address that was asked for, else the device's own, else what it was, else a local one. */
TERN_COLD
static enum tern_err mac_choose(struct virtio_net *net, const uint32_t v[N_CONFIG])
{
    static const uint8_t none[6], local[6] = { 0x02, 0x54, 0x65, 0x72, 0x6e, 0x01 };
    bool has_own = (net->dev->features & NET_F_MAC) != 0;
    uint8_t own[6], mac[6];
    for (size_t i = 0; i < 6; i++)
        own[i] = (uint8_t)v[CONFIG_MAC + i];
    memcpy(mac, has_own ? own : net->link.mac, 6);
    if (memcmp(net->config.mac, none, 6) != 0) {
        memcpy(mac, net->config.mac, 6);
    } else if (!has_own && memcmp(mac, none, 6) == 0) {
        memcpy(mac, local, 6);
        virtio_dev_say(net->dev, "has no address, takes a local one");
    }
    if ((mac[0] & 1) != 0 || memcmp(mac, none, 6) == 0) {
        virtio_dev_say(net->dev, "has an address that is no station's");
        return TERN_UNSUPPORTED;
    }
    net->mac_differs = !has_own || memcmp(mac, own, 6) != 0;
    memcpy(net->link.mac, mac, 6);
    return TERN_OK;
}

/* ---- Memory ---------------------------------------------------------------- */

TERN_COLD
static enum tern_err rx_carve(struct virtio_net *net, uint16_t num)
{
    const struct virtio_env *env = net->dev->env;
    net->config.n_rx = num;
    net->rx_cap = RX_CAP;
    size_t frame = net->hdr_len + (size_t)net->link.mtu + ETH_AND_TAG;
    if (!net->mergeable && frame > RX_CAP)    /* a frame has one buffer only */
        net->rx_cap = (uint32_t)round_up(frame);
    net->arena_len = net->config.arena_len;
    net->rx_bufs = env->carve_bufs((size_t)num * net->rx_cap);
    net->arena = env->carve(net->arena_len, 16);
    net->parts = env->carve(num * sizeof *net->parts, _Alignof(struct virtio_used));
    return net->rx_bufs == NULL || net->arena == NULL || net->parts == NULL ? TERN_FULL : TERN_OK;
}

TERN_COLD
static enum tern_err rx_place(struct virtio_net *net)
{
    unsigned pieces = net->split && !net->mergeable ? 2 : 1;
    uint16_t max = virtio_queue_room(net->dev, QUEUE_RX, pieces);
    if (max < 2)
        return TERN_UNSUPPORTED;
    uint16_t num = power_of_two(net->config.n_rx < max ? net->config.n_rx : max);
    enum tern_err err = net->rx_bufs != NULL ? TERN_OK : rx_carve(net, num);
    if (err == TERN_OK)
        err = virtio_queue_init(&net->rx, net->dev, QUEUE_RX, num, pieces);
    net->rx.split = pieces > 1 ? net->hdr_len : 0;
    return err;
}

TERN_COLD
static enum tern_err tx_carve(struct virtio_net *net)
{
    const struct virtio_env *env = net->dev->env;
    size_t around = VIRTIO_NET_TX_HEAD;
    size_t slot = round_up(around + net->link.mtu + ETH_AND_TAG);
    size_t slot_long = round_up(around + VIRTIO_NET_FRAME_MAX);
    if (slot < RX_CAP)
        slot = RX_CAP;
    net->config.n_tx = net->n_tx;
    net->config.n_tx_long = net->n_tx_long;
    net->tx_cap = (uint32_t)(slot - around);
    net->tx_long_cap = (uint32_t)(slot_long - around);
    net->tx_bufs = env->carve_bufs(slot * net->n_tx);
    net->tx_free = env->carve(net->n_tx * sizeof *net->tx_free, _Alignof(uint16_t));
    if (net->tx_bufs == NULL || net->tx_free == NULL)
        return TERN_FULL;
    if (net->n_tx_long == 0)
        return TERN_OK;
    net->tx_long_bufs = env->carve_bufs(slot_long * net->n_tx_long);
    net->tx_long_free =
        env->carve(net->n_tx_long * sizeof *net->tx_long_free, _Alignof(uint16_t));
    return net->tx_long_bufs == NULL || net->tx_long_free == NULL ? TERN_FULL : TERN_OK;
}

TERN_COLD
static enum tern_err tx_place(struct virtio_net *net)
{
    bool segments = (net->dev->features & (NET_F_HOST_TSO4 | NET_F_HOST_TSO6)) != 0;
    unsigned pieces = net->split ? 2 : 1;
    uint16_t max = virtio_queue_room(net->dev, QUEUE_TX, pieces);
    if (max < 2)
        return TERN_UNSUPPORTED;
    if (max > VIRTIO_QUEUE_NUM_MAX)
        max = VIRTIO_QUEUE_NUM_MAX;
    max = power_of_two(max);
    net->n_tx_long = segments ? net->config.n_tx_long : 0;
    if (net->n_tx_long > max / 2)
        net->n_tx_long = max / 2;
    net->n_tx = net->config.n_tx;
    if (net->n_tx > max - net->n_tx_long)
        net->n_tx = (uint16_t)(max - net->n_tx_long);
    uint16_t num = power_of_two((uint16_t)(net->n_tx + net->n_tx_long));
    if (num < net->n_tx + net->n_tx_long)
        num = (uint16_t)(num * 2);
    if (num < 2)
        num = 2;
    enum tern_err err = net->tx_bufs != NULL ? TERN_OK : tx_carve(net);
    net->link.slot_max = net->n_tx_long > 0 ? VIRTIO_NET_FRAME_MAX : net->tx_cap;
    if (err == TERN_OK)
        err = virtio_queue_init(&net->tx, net->dev, QUEUE_TX, num, pieces);
    net->tx.split = net->split ? net->hdr_len : 0;
    return err;
}

/* ---- The start --------------------------------------------------------------- */

TERN_COLD
static enum tern_err config_check(struct virtio_net_config *config)
{
    if (config->n_rx == 0)
        config->n_rx = 256;
    if (config->n_tx == 0)
        config->n_tx = 120;
    if (config->n_tx_long == 0)
        config->n_tx_long = 8;
    if (config->arena_len == 0)
        config->arena_len = VIRTIO_NET_ARENA;
    if (config->n_rx < 2 || config->n_rx > VIRTIO_QUEUE_NUM_MAX ||
        config->n_tx > VIRTIO_QUEUE_NUM_MAX / 2 || config->n_tx_long > VIRTIO_QUEUE_NUM_MAX / 2 ||
        config->arena_len < VIRTIO_NET_ARENA_LEAST)
        return TERN_INVALID;
    return TERN_OK;
}

/*
 * Section 5.1.4.2: large received frames only where buffers merge and the ring
 * holds one; a checksum on sending is what segmentation stands on (5.1.3.1).
 */
TERN_COLD
static enum tern_err features_agree(struct virtio_net *net)
{
    uint64_t offered;
    enum tern_err err = virtio_dev_open(net->dev, &offered);
    if (err != TERN_OK)
        return err;
    offered &= ~net->features_gone;
    uint64_t wanted = NET_F_MAC | NET_F_MTU | NET_F_STATUS | NET_F_CSUM | NET_F_GUEST_CSUM |
                      NET_F_MRG_RXBUF;
    if ((offered & VIRTIO_NET_F_CTRL_VQ) != 0)
        wanted |= VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_MAC |
                  ((offered & NET_F_STATUS) != 0 ? VIRTIO_NET_F_ANNOUNCE : 0);
    if ((offered & NET_F_CSUM) != 0)
        wanted |= NET_F_HOST_TSO4 | NET_F_HOST_TSO6;
    uint16_t max = net->dev->ops->queue_max(net->dev, QUEUE_RX);
    uint16_t n_rx = power_of_two(net->config.n_rx < max || max == 0 ? net->config.n_rx : max);
    if ((offered & NET_F_GUEST_CSUM) != 0 && (offered & NET_F_MRG_RXBUF) != 0 &&
        (size_t)n_rx * RX_CAP >= VIRTIO_NET_HDR_LEN + VIRTIO_NET_FRAME_MAX)
        wanted |= NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6;
    err = virtio_dev_agree(net->dev, offered, wanted);
    if (err != TERN_OK)
        return err;
    uint64_t has = net->dev->features;
    net->mergeable = (has & NET_F_MRG_RXBUF) != 0;
    net->hdr_len = net->mergeable || (has & VIRTIO_F_VERSION_1) != 0 ? VIRTIO_NET_HDR_LEN
                                                                     : VIRTIO_NET_HDR_LEN_LEGACY;
    /* Section 5.1.6.6: a legacy device may want the header apart. */
    net->split = net->dev->legacy && (has & VIRTIO_F_ANY_LAYOUT) == 0;
    uint16_t offloads = 0;
    offloads |= (has & NET_F_CSUM) != 0 ? TERN_OFFLOAD_TX_CSUM : 0;
    offloads |= (has & NET_F_HOST_TSO4) != 0 ? TERN_OFFLOAD_TX_TSO4 : 0;
    offloads |= (has & NET_F_HOST_TSO6) != 0 ? TERN_OFFLOAD_TX_TSO6 : 0;
    offloads |= (has & NET_F_GUEST_CSUM) != 0 ? TERN_OFFLOAD_RX_CSUM : 0;
    offloads |= (has & (NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6)) != 0 ? TERN_OFFLOAD_RX_GRO : 0;
    net->link.offloads = offloads;
    return TERN_OK;
}

TERN_COLD
static enum tern_err queues_start(struct virtio_net *net)
{
    const struct virtio_transport_ops *ops = net->dev->ops;
    enum tern_err err = rx_place(net);
    if (err == TERN_OK)
        err = tx_place(net);
    if (err == TERN_OK)
        err = virtio_net_ctrl_place(net);
    if (err != TERN_OK) {
        virtio_dev_say(net->dev, err == TERN_FULL ? "no memory for its queues"
                                                  : "has no two queues");
        return err;
    }
    if ((err = ops->irq_start(net->dev)) != TERN_OK) {
        virtio_dev_say(net->dev, "its interrupt cannot be had");
        return err;
    }
    if ((err = ops->queue_start(net->dev, &net->rx)) != TERN_OK ||
        (err = ops->queue_start(net->dev, &net->tx)) != TERN_OK ||
        (err = virtio_net_ctrl_start(net)) != TERN_OK)
        virtio_dev_say(net->dev, "does not take its queues");
    return err;
}

/* The device lives, or is stopped and the link down. */
TERN_COLD
static enum tern_err start(struct virtio_net *net)
{
    uint32_t v[N_CONFIG] = { 0 };
    enum tern_err err = features_agree(net);
    if (err == TERN_OK)
        err = config_load(net, v) ? mac_choose(net, v) : TERN_UNSUPPORTED;
    if (err == TERN_OK) {
        (void)config_take(net, v);
        err = queues_start(net);
    }
    if (err != TERN_OK) {
        net->link.up = false;
        virtio_dev_stop(net->dev);
        return err;
    }
    virtio_dev_go(net->dev);
    virtio_net_tx_start(net);
    virtio_net_rx_start(net);
    virtio_net_ctrl_poll(net);
    return TERN_OK;
}

TERN_COLD
enum tern_err virtio_net_init(struct virtio_net *net, struct virtio_dev *dev,
                              const struct virtio_net_config *config)
{
    memset(net, 0, sizeof *net);
    if (config != NULL)
        net->config = *config;
    enum tern_err err = config_check(&net->config);
    if (err != TERN_OK || dev->interrupt == NULL)
        return TERN_INVALID;
    net->dev = dev;
    net->link.ops = &virtio_net_link_ops;
    net->link.name = dev->name;
    err = start(net);
    net->features_gone = ~dev->features | (net->has_ctrl ? 0 : VIRTIO_NET_F_CTRL_VQ);
    return err;
}

/* ---- The loop's side ------------------------------------------------------------ */

/* The stack is told of it, even if all is as before: neighbours have to hear. */
TERN_COLD
static void begin_anew(struct virtio_net *net)
{
    net->dev->config_changed = false;
    net->begun = start(net) == TERN_OK;
    net->stats.restarts += net->begun;
    if (net->begun)
        virtio_dev_say(net->dev, "has begun anew");
}

/* Section 2.1.2: a device that gives up says so with a change of configuration. */
static bool changed(struct virtio_net *net)
{
    if (net->dev->stopped) {
        bool was_up = net->link.up;
        net->link.up = false;
        return was_up;
    }
    if (net->begun) {
        net->begun = false;
        return true;
    }
    if (!net->dev->config_changed)
        return false;
    net->dev->config_changed = false;
    if ((net->dev->ops->status(net->dev) & VIRTIO_STATUS_NEEDS_RESET) != 0) {
        virtio_dev_say(net->dev, "gave up");
        virtio_dev_stop(net->dev);
        return changed(net);
    }
    return config_news(net);
}

bool virtio_net_poll(struct virtio_net *net, uint64_t now_ns, uint64_t *deadline_ns)
{
    bool news = false;
    if (net->rx.armed && !net->dev->stopped)
        virtio_queue_disarm(&net->rx);
    if ((net->tx_owed || net->tx_long_owed) && virtio_net_tx_room(net)) {
        *deadline_ns = tern_link_tx_room(&net->link, now_ns);
        news = true;
    }
    size_t n = virtio_net_rx_batch(net);
    if (n > 0) {
        net->stats.rx_batches++;
        *deadline_ns = tern_link_input(&net->link, net->batch, n, now_ns);
        news = true;
    }
    virtio_net_ctrl_poll(net);
    if (net->dev->stopped && pvh_retry_due(&net->retry, now_ns))
        begin_anew(net);
    if (changed(net)) {    /* last: a breach in this very poll is told at once */
        net->stats.changes++;
        *deadline_ns = tern_link_changed(&net->link, now_ns);
        news = true;
    }
    return news;
}

bool virtio_net_idle(struct virtio_net *net)
{
    if (net->dev->stopped)
        return !net->link.up && net->retry.at_ns != 0;    /* still to be told, or to be timed */
    bool owed = net->tx_owed || net->tx_long_owed;
    if (net->dev->config_changed || virtio_net_rx_waiting(net) ||
        (net->tx_owed && net->n_tx_free > 0) || (net->tx_long_owed && net->n_tx_long_free > 0))
        return false;
    return virtio_queue_arm(&net->rx) && (!owed || virtio_queue_arm(&net->tx)) &&
           (!net->ctrl_busy || virtio_queue_arm(&net->ctrl));
}

uint64_t virtio_net_due(const struct virtio_net *net)
{
    return net->dev->stopped ? net->retry.at_ns : TERN_NEVER;
}
