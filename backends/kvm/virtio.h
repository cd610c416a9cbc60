/* SPDX-License-Identifier: ISC */
/*
 * virtio 1.2 (OASIS) for a driver that does not trust its device: what every
 * device has (struct virtio_dev: status, features, configuration space), its
 * split virtqueues (struct virtio_queue), and the transports under them. Each
 * transport has its modern interface and the legacy one of virtio 0.9.5.
 *
 * Files in reading order:
 *
 *   virtio_queue.c   the split ring (section 2.7)
 *   virtio_dev.c     the start of a device (section 3.1.1), its end
 *   virtio_net.c     the network device (section 5.1) as a struct tern_link
 *   virtio_net_rx.c  ... its frames in
 *   virtio_net_tx.c  ... its frames out
 *   virtio_net_ctrl.c    ... its control queue
 *   virtio_rng.c     the entropy device (section 5.4)
 *   virtio_pci.c     transport over PCI, modern (section 4.1)
 *   virtio_pci_legacy.c  ... and legacy (section 4.1.4.10)
 *   virtio_mmio.c    transport over MMIO, version 2 (section 4.2), and 1 (4.2.4)
 *   virtio_find.c    which devices there are (virtio_pvh.h)
 *
 * All but the last four are pure: they see the machine through two tables
 * (virtio_env, virtio_transport_ops), so the very same objects run in tests
 * with a device that lies.
 *
 * The device is hostile. It may write all memory that it can reach at any time,
 * so the driver keeps a private copy of everything it relies on, reads each
 * value of the ring once into a local, and checks it. A value that no honest
 * device writes is a breach: it is counted, the device is reset, its queues say
 * so from then on, and nothing else is touched until the device says that it is
 * reset: then it may begin anew, in the memory that it had.
 */
#ifndef TERN_VIRTIO_H
#define TERN_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tern/base.h>

/* ---- What a device may do wrong ------------------------------------------ */

enum virtio_breach {
    VIRTIO_BREACH_USED_IDX,       /* more buffers given back than were in flight */
    VIRTIO_BREACH_ID,             /* an id outside the ring */
    VIRTIO_BREACH_NOT_IN_FLIGHT,  /* the id of a buffer that the device does not have */
    VIRTIO_BREACH_LEN,            /* more octets written than the buffer holds */
    VIRTIO_BREACH_SHORT,          /* fewer octets than the device's header */
    VIRTIO_BREACH_NUM_BUFFERS,    /* a frame of no buffers, or of more than there are */
    VIRTIO_BREACH_TOO_LONG,       /* a frame longer than any that was agreed on */
    VIRTIO_BREACH_COUNT
};

const char *virtio_breach_text(enum virtio_breach breach);

/* ---- The machine ----------------------------------------------------------- */

/* What the driver needs of the machine, all of it called before the seal but log. */
struct virtio_env {
    /* Zeroed whole pages for what a device reads or writes, shared with nothing else. */
    void *(*carve_io)(size_t len);
    /*
     * The same with contents unspecified, for buffers. At the start RAM holds
     * nothing of the guest's, so there is nothing to hide, and zeroing a
     * megabyte would be most of the way to the first frame.
     */
    void *(*carve_bufs)(size_t len);
    /* Private memory. */
    void *(*carve)(size_t len, size_t align);
    /* The address by which a device knows it. */
    uint64_t (*address)(const void *p);
    void (*log)(const char *text, size_t len);
};

/* ---- The split ring ---------------------------------------------------------- */

/* The three areas as the device sees them (section 2.7), all little-endian. */
struct virtio_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};
enum { VIRTIO_DESC_NEXT = 1, VIRTIO_DESC_WRITE = 2, VIRTIO_DESC_INDIRECT = 4 };

struct virtio_used_elem {
    uint32_t id, len;
};

/*
 * One virtqueue. Buffer i always uses the same descriptors, at addresses fixed
 * at the start: descriptor i or, if it is made of several pieces, descriptor i
 * with its own table of them (indirect, section 2.7.5.3), or the descriptors
 * from i * step on. So the ring holds no list that a device could bend. What is
 * shared is only ever written, but for used->idx, used->ring, used->flags and
 * avail_event, each of which is read once.
 */
struct virtio_queue {
    volatile struct virtio_desc *desc;
    volatile struct virtio_desc *tables;    /* n_bufs of VIRTIO_PIECES_MAX; NULL: none */
    size_t len;                   /* octets of desc, avail and used: whole pages */
    volatile uint16_t *avail;     /* flags, idx, ring[num], used_event */
    volatile uint16_t *used;      /* flags, idx, ring of virtio_used_elem, avail_event */
    struct virtio_posted *posted; /* private, n_bufs of them */
    struct virtio_dev *dev;
    uint16_t index;               /* the queue's number */
    uint16_t num;                 /* descriptors: a power of two, at most 32,768 */
    uint16_t n_bufs;              /* buffers, numbered from 0 */
    uint16_t step;                /* descriptors of the ring for each: 1, 2 or 4 */
    uint32_t split;               /* octets that stand in a piece of their own; 0: none */
    uint16_t avail_idx;           /* free running: next to post */
    uint16_t published_idx;       /* free running: what the device has been shown */
    uint16_t used_idx;            /* free running: next to take */
    uint16_t n_in_flight;
    uint16_t n_ready;             /* given back as far as we have looked */
    bool event_idx, armed;
};

/* What the driver remembers of buffer i. */
struct virtio_posted {
    uint64_t addr;
    uint32_t len;       /* octets that the device may write; 0: it only reads */
    bool in_flight;
};

/* A buffer given back, checked. */
struct virtio_used {
    uint16_t id;
    uint32_t len;       /* octets written, at most those posted; 0 for what was only read */
};

#define VIRTIO_QUEUE_NUM_MAX 1024u    /* buffers */
#define VIRTIO_RING_NUM_MAX 32768u    /* descriptors (section 2.7) */
#define VIRTIO_PIECES_MAX 4u

/* A part of a buffer: octets from its start, all read or all written by the device. */
struct virtio_piece {
    uint32_t off, len;
    bool device_writes;
};

/*
 * Places a queue of num buffers (a power of two, 2 to VIRTIO_QUEUE_NUM_MAX), of
 * up to `pieces` pieces each (1 to VIRTIO_PIECES_MAX), in memory of the
 * environment. The ring has as many descriptors as that takes or, where it is
 * the device that says (dev->ring_fixed), as the device wants. q is zeroed; or it
 * was placed before, with no fewer buffers the first time, and its device has been
 * reset since: then it keeps its memory. TERN_INVALID: num or pieces;
 * TERN_UNSUPPORTED: the device's ring is too short; TERN_FULL: no memory, or more
 * is needed than it has.
 */
enum tern_err virtio_queue_init(struct virtio_queue *q, struct virtio_dev *dev, uint16_t index,
                                uint16_t num, unsigned pieces);

/* How many buffers of so many pieces the device's queue can hold at most; 0: no such queue. */
uint16_t virtio_queue_room(struct virtio_dev *dev, uint16_t index, unsigned pieces);

/* Says where buffer id stands, once. */
void virtio_queue_place(struct virtio_queue *q, uint16_t id, const void *buf);

/*
 * Hands len octets of buffer id to the device, to read or to write, with the
 * next virtio_queue_publish; the first q->split of them as a piece. The buffer
 * must not be in flight.
 */
void virtio_queue_post(struct virtio_queue *q, uint16_t id, uint32_t len, bool device_writes);

/* The same for n pieces, those that the device writes last (section 2.7.4.2). */
void virtio_queue_post_pieces(struct virtio_queue *q, uint16_t id,
                              const struct virtio_piece *pieces, size_t n);

/* Shows the device what was posted and notifies it, if there is any and it cares. */
void virtio_queue_publish(struct virtio_queue *q);

/*
 * Takes one buffer back. TERN_AGAIN: there is none; TERN_ABORTED: the device is
 * stopped, perhaps for what has just been read.
 */
enum tern_err virtio_queue_take(struct virtio_queue *q, struct virtio_used *used);

/* How many can be taken now, 0 when stopped. May find a breach. */
uint16_t virtio_queue_ready(struct virtio_queue *q);

/*
 * Asks for an interrupt with the next buffer given back, and then looks once
 * more: false means that some are here already, for which none may come.
 */
bool virtio_queue_arm(struct virtio_queue *q);

/* Asks for none. The device may send some all the same. */
void virtio_queue_disarm(struct virtio_queue *q);

/* ---- Transports ---------------------------------------------------------------- */

/* A field of a device's configuration space: read in one access of its width (4.2.2.2). */
struct virtio_field {
    uint8_t off, width;    /* octets; aligned to the width */
};

struct virtio_transport_ops {
    uint8_t (*status)(struct virtio_dev *dev);
    void (*set_status)(struct virtio_dev *dev, uint8_t status);
    uint64_t (*features)(struct virtio_dev *dev);
    void (*set_features)(struct virtio_dev *dev, uint64_t features);
    /* A field of 8, 16 or 32 bits of the configuration space, 0 beyond its end; its generation. */
    uint32_t (*config)(struct virtio_dev *dev, struct virtio_field field);
    uint32_t (*generation)(struct virtio_dev *dev);
    /* The longest ring the device can do; 0: no such queue. */
    uint16_t (*queue_max)(struct virtio_dev *dev, uint16_t index);
    /* Tells the device where the queue is and turns it on. */
    enum tern_err (*queue_start)(struct virtio_dev *dev, struct virtio_queue *q);
    void (*notify)(struct virtio_dev *dev, uint16_t index);
    /*
     * Joins the device's interrupts to its pending words, the first time; later it
     * only tells the device. TERN_OK without dev->has_irq: there are none, and the
     * device has to be polled.
     */
    enum tern_err (*irq_start)(struct virtio_dev *dev);
};

/* How often a device without interrupts is looked at. */
#define VIRTIO_POLL_NS (TERN_MILLISECOND_NS)

enum {
    VIRTIO_TYPE_NET = 1,
    VIRTIO_TYPE_RNG = 4,
};

enum {
    VIRTIO_STATUS_ACKNOWLEDGE = 1,
    VIRTIO_STATUS_DRIVER = 2,
    VIRTIO_STATUS_DRIVER_OK = 4,
    VIRTIO_STATUS_FEATURES_OK = 8,
    VIRTIO_STATUS_NEEDS_RESET = 64,
    VIRTIO_STATUS_FAILED = 128,
};

#define VIRTIO_F_ANY_LAYOUT (UINT64_C(1) << 27)    /* of legacy devices */
#define VIRTIO_F_INDIRECT_DESC (UINT64_C(1) << 28)
#define VIRTIO_F_EVENT_IDX (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)

#define VIRTIO_DEV_QUEUES 8u    /* queues of one device that a transport keeps registers for */

struct virtio_dev {
    const struct virtio_transport_ops *ops;
    const struct virtio_env *env;
    const char *name;             /* for the log: "pci 00:02.0" */
    uint64_t features;            /* agreed on */
    bool stopped;                 /* by virtio_dev_stop: not to be touched but by _open */
    bool legacy;                  /* the interface of virtio 0.9.5 */
    bool ring_fixed;              /* the device says how long its rings are */
    uint64_t breaches[VIRTIO_BREACH_COUNT];
    /* Said by interrupt handlers and only ever set by them, taken by the loop. */
    void (*interrupt)(void *arg);    /* wakes the loop; runs in handlers: no SSE, no waiting */
    void *interrupt_arg;
    volatile bool config_changed;
    /* The transport's. */
    volatile void *regs, *isr, *device_cfg;
    size_t device_cfg_len;
    volatile void *notify_at[VIRTIO_DEV_QUEUES];
    volatile void *notify_base;
    size_t notify_len;
    uint32_t notify_multiplier;
    const void *bus;              /* a struct pc_pci or pvh_mmio */
    uint16_t port;                /* legacy PCI: its registers */
    bool has_irq, has_msix, irq_asked;
    char name_text[24];
};

/*
 * Resets the device and says that there is a driver (section 3.1.1, steps 1 to
 * 3). *offered: its features. It is not stopped any more: what it had is the
 * driver's again. TERN_UNSUPPORTED: it does not reset, so what it had is its own
 * still; or it is a legacy device behind a modern interface.
 */
enum tern_err virtio_dev_open(struct virtio_dev *dev, uint64_t *offered);

/*
 * Agrees on features, a part of those offered (steps 4 to 6); VERSION_1 (of a
 * legacy device ANY_LAYOUT), and EVENT_IDX and INDIRECT_DESC where they are
 * offered, are added. TERN_UNSUPPORTED: the device does not take the choice.
 */
enum tern_err virtio_dev_agree(struct virtio_dev *dev, uint64_t offered, uint64_t wanted);

/* Step 8: the device lives. */
void virtio_dev_go(struct virtio_dev *dev);

/*
 * Reads n fields of the configuration space, consistent by its generation.
 * TERN_AGAIN: it changed without end.
 */
enum tern_err virtio_dev_config(struct virtio_dev *dev, const struct virtio_field *fields, size_t n,
                                uint32_t *out);

/* Resets the device, without a look at whether it obeys. */
void virtio_dev_stop(struct virtio_dev *dev);

/* Counts the breach, says so and stops the device. */
void virtio_dev_breach(struct virtio_dev *dev, enum virtio_breach breach);

/* One line about the device in the log: its name, then text. */
void virtio_dev_say(struct virtio_dev *dev, const char *text);

/* ---- Little-endian memory shared with a device ---------------------------------- */

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
static inline uint16_t virtio_le16(uint16_t v) { return __builtin_bswap16(v); }
static inline uint32_t virtio_le32(uint32_t v) { return __builtin_bswap32(v); }
static inline uint64_t virtio_le64(uint64_t v) { return __builtin_bswap64(v); }
#else
static inline uint16_t virtio_le16(uint16_t v) { return v; }
static inline uint32_t virtio_le32(uint32_t v) { return v; }
static inline uint64_t virtio_le64(uint64_t v) { return v; }
#endif

/*
 * Order. On x86 stores are seen in the order of the program, and loads too: only
 * a load must be kept from passing an earlier store. The compiler is told in all
 * three cases.
 */
static inline void virtio_wmb(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }
static inline void virtio_rmb(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }
static inline void virtio_mb(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

#endif
