/* SPDX-License-Identifier: ISC */
/*
 * A TAP device as a link. A frame is a system call here whatever its length
 * (0.7 us each), so what counts is that a segment of 64 KiB crosses as one:
 * IFF_VNET_HDR, with checksum and segmentation offload both ways.
 *
 * Received frames are read one after another into an arena, which is free
 * again when the batch has been handed up. Frames to send are put together in
 * another, from its start on, and written in the order of their commits; once
 * all are out it is used from its start again, so that it stays in the cache.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unix_internal.h"

#define ETH_MAX 18u                                       /* with one 802.1Q tag */
#define FRAME_MAX (65535u + ETH_MAX)
#define RX_STEP 64u                                       /* frames start on a cache line */
#define RX_OFF (RX_STEP - TERN_VNET_LEN)                  /* ... their headers before it */
#define TX_STEP 16u

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static struct tern_tap *tap_of(struct tern_link *link)
{
    return TERN_CONTAINER_OF(link, struct tern_tap, link);
}

static uint8_t *tx_arena(const struct tern_tap *tap)
{
    return tap->memory + TERN_TAP_RX_LEN;
}

/* ---- Sending -------------------------------------------------------------------- */

static void tap_look(struct tern_tap *tap)
{
    uint32_t events = TERN_UNIX_READ | (tap->wants_write ? TERN_UNIX_WRITE : 0);
    if (tap->loop != NULL && tap->fd >= 0 && tap->watch.events != events)
        (void)tern_unix_loop_watch(tap->loop, &tap->watch, tap->fd, events);
}

/* Writes what was committed, as far as the device takes it. */
static void frames_write(struct tern_tap *tap)
{
    uint32_t i = 0;

    while (i < tap->n_frames) {
        const struct tern_tap_frame *f = &tap->frames[i];
        ssize_t n = write(tap->fd, tx_arena(tap) + f->off, f->len);
        tap->stats.writes++;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        i++;
        if (n != (ssize_t)f->len) {    /* the device is down, or does not want it */
            tap->stats.tx_failed++;
            continue;
        }
        tap->stats.tx_frames++;
        tap->stats.tx_octets += f->len - TERN_VNET_LEN;
    }
    tap->n_frames -= i;
    memmove(tap->frames, tap->frames + i, tap->n_frames * sizeof tap->frames[0]);
    if (tap->n_frames == 0 && tap->n_lent == 0)
        tap->tx_off = 0;
    tap->wants_write = tap->n_frames > 0;
    tap_look(tap);
}

static bool slot_fits(const struct tern_tap *tap, size_t len)
{
    return tap->n_frames + tap->n_lent < TERN_TAP_TX_FRAMES &&
           TERN_VNET_LEN + len <= TERN_TAP_TX_LEN - tap->tx_off;
}

static enum tern_err tap_tx_slot(struct tern_link *link, size_t len, struct tern_tx *tx)
{
    struct tern_tap *tap = tap_of(link);

    if (!link->up)
        return TERN_UNREACHABLE;
    if (len == 0 || len > link->slot_max)
        return TERN_INVALID;
    if (!slot_fits(tap, len) && !tap->wants_write)
        frames_write(tap);
    if (!slot_fits(tap, len)) {
        tap->owes_room = true;
        tap->stats.tx_full++;
        tap->wants_write = true;
        tap_look(tap);
        return TERN_FULL;
    }
    uint32_t step = (uint32_t)((TERN_VNET_LEN + len + TX_STEP - 1) & ~(size_t)(TX_STEP - 1));
    *tx = (struct tern_tx){ .data = tx_arena(tap) + tap->tx_off + TERN_VNET_LEN, .cap = len,
                            .driver = { tap->tx_off, step } };
    tap->tx_off += step < TERN_TAP_TX_LEN - tap->tx_off ? step : TERN_TAP_TX_LEN - tap->tx_off;
    tap->n_lent++;
    return TERN_OK;
}

static void tap_tx_commit(struct tern_link *link, struct tern_tx *tx, size_t len)
{
    struct tern_tap *tap = tap_of(link);
    uint32_t off = (uint32_t)tx->driver[0], step = (uint32_t)tx->driver[1];
    uint32_t used = (uint32_t)((TERN_VNET_LEN + len + TX_STEP - 1) & ~(size_t)(TX_STEP - 1));

    tap->n_lent--;
    /* The last slot that was lent gives back what it did not use. */
    if (off + step >= tap->tx_off)
        tap->tx_off = len == 0 ? off : off + used < tap->tx_off ? off + used : tap->tx_off;
    if (len == 0 || len > tx->cap)
        return;
    tern_vnet_emit(tx_arena(tap) + off, tx);
    tap->frames[tap->n_frames++] =
        (struct tern_tap_frame){ .off = off, .len = (uint32_t)(TERN_VNET_LEN + len) };
}

static void tap_flush(struct tern_link *link)
{
    struct tern_tap *tap = tap_of(link);
    if (tap->n_frames > 0 && !tap->wants_write)
        frames_write(tap);
}

static const struct tern_link_ops tap_ops = {
    .tx_slot = tap_tx_slot, .tx_commit = tap_tx_commit, .flush = tap_flush,
};

uint64_t tern_tap_output(struct tern_tap *tap, uint64_t now_ns)
{
    frames_write(tap);
    if (!tap->owes_room || tap->n_frames > 0)
        return TERN_NEVER;
    tap->owes_room = false;
    return tern_link_tx_room(&tap->link, now_ns);
}

/* ---- Receiving ------------------------------------------------------------------- */

static uint64_t tap_down(struct tern_tap *tap, uint64_t now_ns)
{
    tap->stats.rx_down++;
    if (!tap->link.up)
        return TERN_NEVER;
    tap->link.up = false;
    return tern_link_changed(&tap->link, now_ns);
}

uint64_t tern_tap_input(struct tern_tap *tap, uint64_t now_ns)
{
    size_t off = RX_OFF, n_rx = 0;
    bool down = false;

    /* Ends: each turn reads one frame, and there is room for TERN_LINK_BATCH. */
    while (n_rx < TERN_LINK_BATCH && TERN_TAP_RX_LEN - off >= TERN_VNET_LEN + FRAME_MAX) {
        uint8_t *at = tap->memory + off;
        ssize_t n = read(tap->fd, at, TERN_VNET_LEN + FRAME_MAX);
        tap->stats.reads++;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            down = errno != EAGAIN;
            break;
        }
        struct tern_rx *rx = &tap->rx[n_rx];
        if (n <= (ssize_t)TERN_VNET_LEN || tern_vnet_parse(at, rx) != TERN_OK) {
            tap->stats.rx_malformed++;
            continue;
        }
        size_t len = (size_t)n - TERN_VNET_LEN;
        tap->spans[n_rx] = (struct tern_span){ .data = at + TERN_VNET_LEN, .len = len };
        rx->spans = &tap->spans[n_rx];
        rx->n_spans = 1;
        tap->stats.rx_frames++;
        tap->stats.rx_octets += len;
        off += (TERN_VNET_LEN + len + RX_STEP - 1) & ~(size_t)(RX_STEP - 1);
        n_rx++;
    }
    if (n_rx == 0 && !down)
        return TERN_NEVER;
    uint64_t deadline_ns = TERN_NEVER;
    if (!down && !tap->link.up) {
        tap->link.up = true;
        (void)tern_link_changed(&tap->link, now_ns);
    }
    if (n_rx > 0)
        deadline_ns = tern_link_input(&tap->link, tap->rx, n_rx, now_ns);
    return down ? tap_down(tap, now_ns) : deadline_ns;
}

static void tap_ready(struct tern_unix_watch *watch, uint32_t events)
{
    struct tern_tap *tap = TERN_CONTAINER_OF(watch, struct tern_tap, watch);
    uint64_t now_ns = tap->loop->turn.now_ns;

    if ((events & (TERN_UNIX_ERROR | TERN_UNIX_HANGUP)) != 0 &&
        (events & TERN_UNIX_READ) == 0) {    /* the device is gone for good */
        tern_unix_loop_unwatch(tap->loop, &tap->watch);
        (void)tap_down(tap, now_ns);
        return;
    }
    if ((events & TERN_UNIX_WRITE) != 0)
        (void)tern_tap_output(tap, now_ns);
    if ((events & TERN_UNIX_READ) != 0)
        (void)tern_tap_input(tap, now_ns);
}

/* ---- Opening --------------------------------------------------------------------- */

/* Asks for offloads; what the kernel grants decides what the link says it has. */
static void offloads_set(struct tern_tap *tap, bool none)
{
    unsigned long want = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    uint16_t tx = TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_TX_TSO4 | TERN_OFFLOAD_TX_TSO6;

    if (none) {
        (void)ioctl(tap->fd, TUNSETOFFLOAD, 0ul);
        return;
    }
    if (ioctl(tap->fd, TUNSETOFFLOAD, want | TUN_F_USO4 | TUN_F_USO6) == 0)
        tx |= TERN_OFFLOAD_TX_USO;
    else if (ioctl(tap->fd, TUNSETOFFLOAD, want) != 0)
        return;
    tap->link.offloads = tx | TERN_OFFLOAD_RX_CSUM | TERN_OFFLOAD_RX_GRO;
    tap->link.slot_max = FRAME_MAX;
}

/* An address for this side that differs from the device's own, the same each time. */
static void mac_choose(struct tern_tap *tap, const uint8_t given[6])
{
    static const uint8_t key[16] = { 't', 'e', 'r', 'n', '-', 't', 'a', 'p' };
    static const uint8_t none[6] = { 0 };
    uint8_t hash[8];

    if (memcmp(given, none, 6) != 0) {
        memcpy(tap->link.mac, given, 6);
        return;
    }
    tern_store_be64(hash, tern_siphash(key, (const uint8_t *)tap->name, strlen(tap->name)));
    memcpy(tap->link.mac, hash, 6);
    tap->link.mac[0] = (uint8_t)((tap->link.mac[0] & 0xfc) | 2);    /* local, one station's */
}

static uint16_t device_mtu(const char *name)
{
    struct ifreq ifr = { .ifr_mtu = 0 };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(ifr.ifr_name, name, strlen(name) + 1);
    int mtu = fd >= 0 && ioctl(fd, SIOCGIFMTU, &ifr) == 0 ? ifr.ifr_mtu : 1500;
    if (fd >= 0)
        close(fd);
    return (uint16_t)(mtu < 68 ? 68 : mtu > 65535 ? 65535 : mtu);
}

static enum tern_err device_open(struct tern_tap *tap, const struct tern_tap_config *config)
{
    struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
    int vnet_len = (int)TERN_VNET_LEN, one = 1;

    if (!config->create && if_nametoindex(tap->name) == 0)
        return TERN_UNREACHABLE;
    tap->fd = open(config->device != NULL ? config->device : "/dev/net/tun",
                   O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tap->fd < 0)
        return errno == EACCES || errno == EPERM     ? TERN_REFUSED
               : errno == ENOENT || errno == ENODEV ? TERN_UNSUPPORTED
                                                    : TERN_FULL;
    memcpy(ifr.ifr_name, tap->name, sizeof tap->name);
    if (ioctl(tap->fd, TUNSETIFF, &ifr) != 0)
        return errno == EPERM || errno == EBUSY ? TERN_REFUSED : TERN_UNSUPPORTED;
    if (ioctl(tap->fd, TUNSETVNETHDRSZ, &vnet_len) != 0 ||
        ioctl(tap->fd, TUNSETVNETLE, &one) != 0)
        return TERN_UNSUPPORTED;
    memcpy(tap->name, ifr.ifr_name, sizeof tap->name);
    tap->name[sizeof tap->name - 1] = '\0';
    return TERN_OK;
}

enum tern_err tern_tap_start(struct tern_tap *tap, struct tern_unix_loop *loop, uint16_t mtu,
                             const uint8_t mac[6])
{
    tap->memory = mmap(NULL, TERN_TAP_RX_LEN + TERN_TAP_TX_LEN, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (tap->memory == MAP_FAILED) {
        tap->memory = NULL;
        return TERN_FULL;
    }
    tap->link = (struct tern_link){ .ops = &tap_ops, .up = true, .name = tap->name, .mtu = mtu,
                                    .slot_max = mtu + ETH_MAX };
    mac_choose(tap, mac);
    tap->watch.ready = tap_ready;
    if (loop == NULL)
        return TERN_OK;
    tap->loop = loop;
    return tern_unix_loop_watch(loop, &tap->watch, tap->fd, TERN_UNIX_READ);
}

enum tern_err tern_tap_open_sized(struct tern_tap *tap, size_t tap_len,
                                  struct tern_unix_loop *loop, const char *name,
                                  const struct tern_tap_config *given, size_t config_len)
{
    if (tap_len != sizeof *tap || config_len != sizeof *given)
        return TERN_MISMATCH;
    struct tern_tap_config config = { .create = false };
    size_t name_len = strlen(name);

    if (given != NULL)
        config = *given;
    memset(tap, 0, sizeof *tap);
    tap->fd = -1;
    if (name_len == 0 || name_len >= sizeof tap->name || name_len >= IFNAMSIZ)
        return TERN_INVALID;
    memcpy(tap->name, name, name_len);
    enum tern_err err = device_open(tap, &config);
    if (err == TERN_OK) {
        uint16_t mtu = device_mtu(tap->name);
        if (config.mtu != 0 && config.mtu < mtu)
            mtu = config.mtu;
        err = tern_tap_start(tap, loop, mtu, config.mac);
    }
    if (err == TERN_OK)
        offloads_set(tap, config.no_offloads);
    else
        tern_tap_close(tap);
    return err;
}

void tern_tap_close(struct tern_tap *tap)
{
    if (tap->loop != NULL)
        tern_unix_loop_unwatch(tap->loop, &tap->watch);
    if (tap->fd >= 0)
        close(tap->fd);
    if (tap->memory != NULL)
        munmap(tap->memory, TERN_TAP_RX_LEN + TERN_TAP_TX_LEN);
    tap->fd = -1;
    tap->memory = NULL;
    tap->link.up = false;
}
