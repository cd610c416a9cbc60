/* SPDX-License-Identifier: ISC */
/*
 * The split virtqueue (virtio 1.2 section 2.7), from the driver's side, for a
 * device that lies.
 *
 *   descriptors    we write    { addr, len, flags, next } x num
 *   avail          we write    flags | idx | ring[num] | used_event
 *   used           it writes   flags | idx | { id, len } x num | avail_event
 *
 * They stand one after another in pages of their own; a legacy device finds the
 * third at the next multiple of 4,096 (section 2.7.2).
 *
 * Indices run free over 2^16 and are masked where the ring is touched. The
 * state that decides is private: `posted` knows which buffers the device has
 * and how long each is, so an entry of the used ring is believed only if it
 * names one of them and, of one to be written, at most its length. Of a buffer
 * that it only reads the length is nobody's business: Cloud Hypervisor tells
 * there how much it has sent. What the device writes into the
 * descriptors or into avail harms nobody but itself: we never read them.
 */
#include "virtio.h"

#include <string.h>

enum { AVAIL_FLAGS = 0, AVAIL_IDX = 1, AVAIL_RING = 2 };    /* in 16-bit words */
enum { USED_FLAGS = 0, USED_IDX = 1, USED_RING = 2 };
enum { AVAIL_NO_INTERRUPT = 1, USED_NO_NOTIFY = 1 };
enum { PAGE = 4096 };    /* what a legacy device aligns to, too */

static size_t avail_off(uint16_t num)
{
    return (size_t)num * sizeof(struct virtio_desc);
}

static size_t used_off(uint16_t num, bool legacy)
{
    size_t off = avail_off(num) + 2u * (3u + (size_t)num);
    size_t align = legacy ? PAGE : 4;
    return (off + align - 1) & ~(align - 1);
}

static size_t ring_len(uint16_t num, bool legacy)
{
    return used_off(num, legacy) + 2u * 3u + (size_t)num * sizeof(struct virtio_used_elem);
}

/* How many descriptors of the ring a buffer of so many pieces takes. */
TERN_COLD
static uint16_t step_of(const struct virtio_dev *dev, unsigned pieces)
{
    if (pieces == 1 || (dev->features & VIRTIO_F_INDIRECT_DESC) != 0)
        return 1;
    return pieces == 2 ? 2 : 4;
}

TERN_COLD
uint16_t virtio_queue_room(struct virtio_dev *dev, uint16_t index, unsigned pieces)
{
    return dev->ops->queue_max(dev, index) / step_of(dev, pieces);
}

/* The ring's length; 0: the device has none that would do. */
TERN_COLD
static uint16_t ring_num(struct virtio_dev *dev, uint16_t index, uint16_t least)
{
    if (!dev->ring_fixed)
        return least;
    uint16_t num = dev->ops->queue_max(dev, index);
    return num <= VIRTIO_RING_NUM_MAX && (num & (num - 1)) == 0 && num >= least ? num : 0;
}

TERN_COLD
enum tern_err virtio_queue_init(struct virtio_queue *q, struct virtio_dev *dev, uint16_t index,
                                uint16_t num, unsigned pieces)
{
    if (num < 2 || num > VIRTIO_QUEUE_NUM_MAX || (num & (num - 1)) != 0 || pieces == 0 ||
        pieces > VIRTIO_PIECES_MAX)
        return TERN_INVALID;
    uint16_t step = step_of(dev, pieces);
    uint16_t ring = ring_num(dev, index, (uint16_t)(num * step));
    if (ring == 0)
        return TERN_UNSUPPORTED;
    size_t len = (ring_len(ring, dev->legacy) + PAGE - 1) & ~(size_t)(PAGE - 1);
    unsigned char *shared = (unsigned char *)(uintptr_t)q->desc;
    struct virtio_posted *posted = q->posted;
    void *tables = (void *)(uintptr_t)q->tables;
    bool tabled = pieces > 1 && step == 1;
    if (shared == NULL) {
        shared = dev->env->carve_bufs(len);
        posted = dev->env->carve(num * sizeof *posted, _Alignof(struct virtio_posted));
        if (tabled)
            tables = dev->env->carve_io(num * VIRTIO_PIECES_MAX * sizeof(struct virtio_desc));
        q->len = len;
    }
    if (shared == NULL || posted == NULL || (tables == NULL && tabled) || len > q->len)
        return TERN_FULL;
    memset(shared, 0, len);
    memset(posted, 0, num * sizeof *posted);
    *q = (struct virtio_queue){
        .desc = (volatile struct virtio_desc *)(void *)shared,
        .avail = (volatile uint16_t *)(void *)(shared + avail_off(ring)),
        .used = (volatile uint16_t *)(void *)(shared + used_off(ring, dev->legacy)),
        .tables = tables,
        .len = q->len,
        .posted = posted,
        .dev = dev,
        .index = index,
        .num = ring,
        .n_bufs = num,
        .step = step,
        .event_idx = (dev->features & VIRTIO_F_EVENT_IDX) != 0,
    };
    virtio_queue_disarm(q);
    return TERN_OK;
}

TERN_COLD
void virtio_queue_place(struct virtio_queue *q, uint16_t id, const void *buf)
{
    q->posted[id].addr = q->dev->env->address(buf);
}

static void desc_write(volatile struct virtio_desc *desc, uint64_t addr, uint32_t len,
                       unsigned flags)
{
    desc->addr = virtio_le64(addr);
    desc->len = virtio_le32(len);
    desc->flags = virtio_le16((uint16_t)flags);
    desc->next = 0;
}

/* Pieces one behind another, the first in desc[first]. */
static void chain_write(volatile struct virtio_desc *desc, uint16_t first, uint64_t addr,
                        const struct virtio_piece *pieces, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        volatile struct virtio_desc *d = &desc[first + i];
        bool more = i + 1 < n;
        desc_write(d, addr + pieces[i].off, pieces[i].len,
                   (pieces[i].device_writes ? VIRTIO_DESC_WRITE : 0u) |
                       (more ? VIRTIO_DESC_NEXT : 0u));
        if (more)
            d->next = virtio_le16((uint16_t)(first + i + 1));
    }
}

/* What the driver remembers, and the entry of the available ring. */
static void post(struct virtio_queue *q, uint16_t id, uint32_t n_written)
{
    struct virtio_posted *posted = &q->posted[id];
    posted->len = n_written;
    posted->in_flight = true;
    q->n_in_flight++;
    q->avail[AVAIL_RING + (q->avail_idx & (q->num - 1u))] =
        virtio_le16((uint16_t)(id * q->step));
    q->avail_idx++;
}

void virtio_queue_post_pieces(struct virtio_queue *q, uint16_t id,
                              const struct virtio_piece *pieces, size_t n)
{
    uint64_t addr = q->posted[id].addr;
    uint32_t n_written = 0;
    for (size_t i = 0; i < n; i++)
        n_written += pieces[i].device_writes ? pieces[i].len : 0;
    if (q->step == 1 && n > 1) {
        volatile struct virtio_desc *table = q->tables + (size_t)id * VIRTIO_PIECES_MAX;
        chain_write(table, 0, addr, pieces, n);
        desc_write(&q->desc[id], q->dev->env->address((const void *)(uintptr_t)table),
                   (uint32_t)(n * sizeof *table), VIRTIO_DESC_INDIRECT);
    } else {
        chain_write(q->desc, (uint16_t)(id * q->step), addr, pieces, n);
    }
    post(q, id, n_written);
}

/* The whole descriptor is written anew each time: what the device made of it is gone. */
void virtio_queue_post(struct virtio_queue *q, uint16_t id, uint32_t len, bool device_writes)
{
    if (q->split != 0 && len > q->split) {
        const struct virtio_piece pieces[] = {
            { 0, q->split, device_writes }, { q->split, len - q->split, device_writes },
        };
        virtio_queue_post_pieces(q, id, pieces, 2);
        return;
    }
    desc_write(&q->desc[id * q->step], q->posted[id].addr, len,
               device_writes ? VIRTIO_DESC_WRITE : 0u);
    post(q, id, device_writes ? len : 0);
}

/* Section 2.7.10: has idx passed event on its way from old to idx? */
static bool passed(uint16_t event, uint16_t idx, uint16_t old)
{
    return (uint16_t)(idx - event - 1u) < (uint16_t)(idx - old);
}

void virtio_queue_publish(struct virtio_queue *q)
{
    uint16_t old = q->published_idx;
    if (old == q->avail_idx || q->dev->stopped)
        return;
    virtio_wmb();    /* entries before the index that covers them */
    q->avail[AVAIL_IDX] = virtio_le16(q->avail_idx);
    q->published_idx = q->avail_idx;
    virtio_mb();     /* the index before the look at what the device wants */
    bool wanted;
    if (q->event_idx) {
        const volatile uint16_t *avail_event = q->used + USED_RING + 4u * (size_t)q->num;
        wanted = passed(virtio_le16(*avail_event), q->avail_idx, old);
    } else {
        wanted = (virtio_le16(q->used[USED_FLAGS]) & USED_NO_NOTIFY) == 0;
    }
    if (wanted)
        q->dev->ops->notify(q->dev, q->index);
}

uint16_t virtio_queue_ready(struct virtio_queue *q)
{
    if (q->dev->stopped)
        return 0;
    if (q->n_ready > 0)
        return q->n_ready;
    uint16_t n = (uint16_t)(virtio_le16(q->used[USED_IDX]) - q->used_idx);
    if (n > q->n_in_flight) {    /* in flight: at most num; a step back is a huge step */
        virtio_dev_breach(q->dev, VIRTIO_BREACH_USED_IDX);
        return 0;
    }
    virtio_rmb();    /* the index before the entries that it covers */
    q->n_ready = n;
    return n;
}

enum tern_err virtio_queue_take(struct virtio_queue *q, struct virtio_used *used)
{
    if (virtio_queue_ready(q) == 0)
        return q->dev->stopped ? TERN_ABORTED : TERN_AGAIN;
    const volatile uint16_t *words = q->used + USED_RING;
    const volatile struct virtio_used_elem *ring =
        (const volatile struct virtio_used_elem *)(const volatile void *)words;
    const volatile struct virtio_used_elem *elem = &ring[q->used_idx & (q->num - 1u)];
    uint32_t head = virtio_le32(elem->id), id = head / q->step;
    uint32_t len = virtio_le32(elem->len);

    enum virtio_breach breach;
    if (id >= q->n_bufs || head % q->step != 0)
        breach = VIRTIO_BREACH_ID;
    else if (!q->posted[id].in_flight)
        breach = VIRTIO_BREACH_NOT_IN_FLIGHT;
    else if (q->posted[id].len > 0 && len > q->posted[id].len)
        breach = VIRTIO_BREACH_LEN;
    else {
        /* For what was only to be read, devices say anything (section 2.7.8.1). */
        if (q->posted[id].len == 0)
            len = 0;
        q->posted[id].in_flight = false;
        q->n_in_flight--;
        q->n_ready--;
        q->used_idx++;
        *used = (struct virtio_used){ .id = (uint16_t)id, .len = len };
        return TERN_OK;
    }
    virtio_dev_breach(q->dev, breach);
    return TERN_ABORTED;
}

bool virtio_queue_arm(struct virtio_queue *q)
{
    if (q->dev->stopped)
        return true;
    q->armed = true;
    if (q->event_idx)
        q->avail[AVAIL_RING + q->num] = virtio_le16(q->used_idx);
    else
        q->avail[AVAIL_FLAGS] = 0;
    virtio_mb();    /* the wish before the last look (section 2.7.7.1) */
    return virtio_queue_ready(q) == 0;
}

/*
 * With EVENT_IDX the wish is parked out of reach: at most n_bufs entries, no more
 * than 2^10, come before it is parked anew.
 */
void virtio_queue_disarm(struct virtio_queue *q)
{
    if (q->dev->stopped)
        return;
    q->armed = false;
    if (q->event_idx)
        q->avail[AVAIL_RING + q->num] = virtio_le16((uint16_t)(q->used_idx + 0x8000u));
    else
        q->avail[AVAIL_FLAGS] = virtio_le16(AVAIL_NO_INTERRUPT);
}
