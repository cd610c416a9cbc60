/* SPDX-License-Identifier: ISC */
/*
 * A virtio device in the test's own memory, behind the same tables as a real
 * one. It can be honest, or do anything that a device can: write its memory at
 * any moment, even after each single access of the driver to it.
 */
#ifndef TERN_TESTS_VIRTIO_FAKE_H
#define TERN_TESTS_VIRTIO_FAKE_H

#include <backends/kvm/virtio.h>

enum { FAKE_QUEUES = 3, FAKE_SENT_MAX = 256, FAKE_CTRL_MAX = 16 };
enum { FAKE_RX = 0, FAKE_TX = 1, FAKE_CTRL = 2 };

/* Feature bits of a network device (virtio 1.2 section 5.1.3). */
#define FAKE_CSUM (UINT64_C(1) << 0)
#define FAKE_GUEST_CSUM (UINT64_C(1) << 1)
#define FAKE_MTU (UINT64_C(1) << 3)
#define FAKE_MAC (UINT64_C(1) << 5)
#define FAKE_GUEST_TSO4 (UINT64_C(1) << 7)
#define FAKE_GUEST_TSO6 (UINT64_C(1) << 8)
#define FAKE_HOST_TSO4 (UINT64_C(1) << 11)
#define FAKE_HOST_TSO6 (UINT64_C(1) << 12)
#define FAKE_MRG_RXBUF (UINT64_C(1) << 15)
#define FAKE_STATUS (UINT64_C(1) << 16)
#define FAKE_CTRL_VQ (UINT64_C(1) << 17)
#define FAKE_CTRL_RX (UINT64_C(1) << 18)
#define FAKE_ANNOUNCE (UINT64_C(1) << 21)
#define FAKE_CTRL_MAC (UINT64_C(1) << 23)
#define FAKE_ALL                                                                             \
    (FAKE_CSUM | FAKE_GUEST_CSUM | FAKE_MTU | FAKE_MAC | FAKE_GUEST_TSO4 | FAKE_GUEST_TSO6 | \
     FAKE_HOST_TSO4 | FAKE_HOST_TSO6 | FAKE_MRG_RXBUF | FAKE_STATUS | VIRTIO_F_VERSION_1)

struct fake_queue {
    volatile struct virtio_desc *desc;
    volatile uint16_t *avail, *used;
    uint16_t num, avail_idx, used_idx;    /* the device's side, free running */
    unsigned n_notified, n_interrupts;
};

/* A frame that the driver sent, its header first. */
struct fake_sent {
    uint8_t *octets;
    size_t len;
};

/* A piece of a buffer as the device finds it. */
struct fake_piece {
    uint8_t *at;
    uint32_t len;
    bool writes;
};

struct fake {
    struct virtio_dev dev;
    uint64_t offered, taken;
    uint8_t status, config[16];
    uint32_t generation;
    uint16_t queue_max;
    unsigned n_queues;          /* FAKE_QUEUES */
    bool refuses_features, never_resets, restless;    /* restless: its generation never stands */
    bool honest_tx;             /* sends and gives back at every notification */
    uint32_t tx_used_len;       /* what it says it wrote into sent buffers: 0 if honest */
    size_t hdr_len;             /* of the network device: 12, or 10 */
    bool ctrl_silent;           /* takes commands and never answers */
    uint8_t ctrl_ack;           /* what it answers: 0 if it obeys */
    uint8_t ctrl[FAKE_CTRL_MAX][8];    /* the commands that it was given, without their ack */
    unsigned n_ctrl;
    unsigned n_resets, n_interrupts;
    struct fake_queue q[FAKE_QUEUES];
    struct fake_sent sent[FAKE_SENT_MAX];
    size_t n_sent;
    uint8_t *io;                /* all that the device can reach */
    size_t io_len, io_used;
    uint8_t *own;               /* the driver's private memory */
    size_t own_len, own_used;
    char log[4096];
    size_t log_len;
};

/* One fake at a time. Starts as an honest device that offers these features. */
void fake_init(struct fake *f, uint64_t offered);
void fake_free(struct fake *f);

/* How many buffers wait for the device in a queue. */
uint16_t fake_n_avail(struct fake *f, unsigned queue);

/* Takes the next of them: its id and, if wanted, where it is and how long. */
uint16_t fake_take(struct fake *f, unsigned queue, uint8_t **buf, uint32_t *len);

/*
 * The same with all its pieces, of which there are at most VIRTIO_PIECES_MAX;
 * indirect tables are followed. Returns the id.
 */
uint16_t fake_take_pieces(struct fake *f, unsigned queue,
                          struct fake_piece pieces[VIRTIO_PIECES_MAX], size_t *n);

/* Writes one entry of the used ring without showing it. */
void fake_give(struct fake *f, unsigned queue, uint32_t id, uint32_t len);

/* Shows what was given, and interrupts if the driver wants it. */
void fake_show(struct fake *f, unsigned queue);

/* The used index as the driver sees it, set to anything. */
void fake_used_idx(struct fake *f, unsigned queue, uint16_t idx);

/*
 * Delivers a frame as an honest device does, over as many buffers as it takes;
 * hdr (hdr_len octets, num_buffers is filled in) may be NULL. False: no room.
 */
bool fake_deliver(struct fake *f, const uint8_t *hdr, const uint8_t *frame, size_t len);

/* Sends all that waits and gives the buffers back. Returns how many. */
size_t fake_send(struct fake *f);
void fake_sent_clear(struct fake *f);

/* Says that the configuration has changed. */
void fake_config_change(struct fake *f);

/*
 * From now on `step` runs after every single access of the driver to the
 * device's memory, until fake_watch_end. addr: where; written: it was a store.
 */
void fake_watch(struct fake *f, void (*step)(struct fake *f, uint8_t *addr, bool written));
void fake_watch_end(struct fake *f);

#endif
