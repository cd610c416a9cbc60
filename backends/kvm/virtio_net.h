/* SPDX-License-Identifier: ISC */
/*
 * virtio-net (virtio 1.2 section 5.1) as a link: a driver that does not trust
 * its device. One receive, one transmit and one control queue.
 *
 * A received frame is copied once, before anything looks at it, from the
 * buffers that the device can write into a private arena, and its buffers go
 * back to the device; the arena is free again when the stack's input returns.
 *
 * A device that broke a rule or gave up is begun anew after a while (retry.h) with
 * the memory that it had, once it says that it is reset; no other is ever carved.
 * It is asked for no feature and no buffer more than at the start, and may have
 * less, or another address or MTU.
 *
 * The loop around it:
 *
 *     for (;;) {
 *         uint64_t now_ns = pvh_now_ns(), deadline_ns;
 *         if (!virtio_net_poll(&net, now_ns, &deadline_ns))
 *             deadline_ns = tern_turn_run(&turn, now_ns);
 *         if (deadline_ns > now_ns && virtio_net_idle(&net))
 *             pvh_wait(earlier(deadline_ns, virtio_net_due(&net)));
 *     }
 */
#ifndef TERN_VIRTIO_NET_H
#define TERN_VIRTIO_NET_H

#include <tern/link.h>

#include "backends/pvh/retry.h"
#include "virtio.h"

#define VIRTIO_NET_HDR_LEN 12u               /* with VERSION_1 it always has num_buffers ... */
#define VIRTIO_NET_HDR_LEN_LEGACY 10u        /* ... and before only where buffers merge */
#define VIRTIO_NET_FRAME_MAX 65553u          /* 65,535 of IP, Ethernet, one tag */
#define VIRTIO_NET_TX_HEAD 18u               /* where a slot's frame begins: aligns its IP header */
#define VIRTIO_NET_ARENA_LEAST (68u << 10)
#define VIRTIO_NET_ARENA (256u << 10)

/* How much memory the driver takes. Zeros: the defaults. */
struct virtio_net_config {
    uint16_t n_rx;         /* receive buffers of 2 KiB; a power of two; 256 */
    uint16_t n_tx;         /* slots for a frame of the MTU's size; 120 */
    uint16_t n_tx_long;    /* slots for a frame of 64 KiB, if the device segments; 8 */
    size_t arena_len;      /* private memory for received frames; VIRTIO_NET_ARENA */
    uint8_t mac[6];        /* this station's address; zeros: the device's own */
};

/* What suits a machine with so many octets of memory: an eighth of it at most. */
struct virtio_net_config virtio_net_config_for(uint64_t memory_len);

/* Frames, each in exactly one counter; breaches stand in the device. */
struct virtio_net_stats {
    uint64_t rx_frames, rx_octets, rx_batches;
    uint64_t rx_runt;          /* dropped: shorter than an Ethernet header */
    uint64_t rx_bad_header;    /* dropped: offload fields that contradict the frame */
    uint64_t tx_frames, tx_octets;
    uint64_t tx_full;          /* slots refused: each owed a tx_room */
    uint64_t tx_stale;         /* not sent: the device has stopped since its slot was lent */
    uint64_t changes;          /* changes of carrier or MTU told to the stack */
    uint64_t restarts;         /* times that the device was begun anew */
    uint64_t ctrl_done;        /* commands that the device has taken */
    uint64_t ctrl_refused;     /* ... and that it has not */
};

/* Members are the driver's; the stack uses link. */
struct virtio_net {
    struct tern_link link;
    struct virtio_dev *dev;
    bool begun;                     /* anew; the stack is to be told */
    bool mergeable, split;          /* split: the header is a piece of its own */
    bool tx_owed, tx_long_owed;
    bool has_ctrl;                  /* a control queue */
    uint8_t ctrl_wanted;            /* commands still to be given: VIRTIO_NET_CTRL_* */
    uint8_t ctrl_now;               /* the one that the device has */
    bool ctrl_busy;
    bool mac_differs;               /* from the device's own, or it has none */
    uint16_t n_tx_free, n_tx_long_free;
    uint16_t n_parts, n_parts_needed;
    uint16_t n_tx, n_tx_long;       /* ids 0..n_tx-1 are short, the next are long */
    uint32_t parts_len;             /* octets in them, header included */
    uint32_t rx_cap;
    uint32_t hdr_len;               /* of the device's header */
    uint32_t tx_cap, tx_long_cap;   /* octets of frame in a slot */
    struct virtio_used *parts;      /* of the frame that is being gathered */
    uint16_t *tx_free, *tx_long_free;    /* stacks of ids */
    uint8_t *rx_bufs;               /* n_rx buffers of rx_cap octets, the device's */
    uint8_t *tx_bufs, *tx_long_bufs;
    struct virtio_queue rx, tx, ctrl;
    uint8_t *arena;                 /* private */
    size_t arena_len;
    uint8_t rx_hdr[VIRTIO_NET_HDR_LEN];
    uint8_t *ctrl_buf;
    struct virtio_net_stats stats;
    struct virtio_net_config config;     /* once started: with as many buffers as there are */
    uint64_t features_gone;              /* not agreed on at the start: never asked for again */
    struct pvh_retry retry;

    struct tern_rx batch[TERN_LINK_BATCH];
    struct tern_span spans[TERN_LINK_BATCH];
};

/*
 * The device's address, of zeros if it has none. The device is not started, and
 * left reset. TERN_UNSUPPORTED: it cannot be used, see the log.
 */
enum tern_err virtio_net_address(struct virtio_dev *dev, uint8_t mac[6]);

/*
 * Starts the device, which stands reset or in any state; net and dev are
 * placed, dev->interrupt is set. Memory comes from dev->env. The link is ready to be attached, but
 * nothing is delivered before the first poll.
 *
 * TERN_UNSUPPORTED: a device that cannot be used, see the log; TERN_INVALID:
 * config; TERN_FULL: no memory.
 */
enum tern_err virtio_net_init(struct virtio_net *net, struct virtio_dev *dev,
                              const struct virtio_net_config *config);

/*
 * Tells the stack what is new: a change, room to send, one batch of frames, each
 * a turn of its own. False: there was nothing, and no turn was run. *deadline_ns
 * is what the last turn returned.
 */
bool virtio_net_poll(struct virtio_net *net, uint64_t now_ns, uint64_t *deadline_ns);

/*
 * Asks the device for interrupts before the loop waits. False: there is news
 * already, for which no interrupt may come: poll again instead.
 */
bool virtio_net_idle(struct virtio_net *net);

/* When to poll again at the latest, for a stopped device that gets another chance. */
uint64_t virtio_net_due(const struct virtio_net *net);

/* The driver's other files: fills the ring, gathers a batch; slots. */
void virtio_net_rx_start(struct virtio_net *net);
size_t virtio_net_rx_batch(struct virtio_net *net);
bool virtio_net_rx_waiting(const struct virtio_net *net);
void virtio_net_tx_start(struct virtio_net *net);
bool virtio_net_tx_room(struct virtio_net *net);
extern const struct tern_link_ops virtio_net_link_ops;

/* Features and commands of the control queue (section 5.1.6.5). */
#define VIRTIO_NET_F_CTRL_VQ (UINT64_C(1) << 17)
#define VIRTIO_NET_F_CTRL_RX (UINT64_C(1) << 18)
#define VIRTIO_NET_F_ANNOUNCE (UINT64_C(1) << 21)
#define VIRTIO_NET_F_CTRL_MAC (UINT64_C(1) << 23)
enum {
    VIRTIO_NET_CTRL_MAC = 1,          /* take the link's address for the device's own */
    VIRTIO_NET_CTRL_ALLMULTI = 2,     /* deliver frames to every group ... */
    VIRTIO_NET_CTRL_NO_PROMISC = 4,   /* ... and none to other stations */
    VIRTIO_NET_CTRL_ANNOUNCED = 8,    /* the stack has announced itself */
};
enum tern_err virtio_net_ctrl_place(struct virtio_net *net);
enum tern_err virtio_net_ctrl_start(struct virtio_net *net);
void virtio_net_ctrl_want(struct virtio_net *net, uint8_t commands);
void virtio_net_ctrl_poll(struct virtio_net *net);

#endif
