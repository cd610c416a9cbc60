/* SPDX-License-Identifier: ISC */
/*
 * The split virtqueue (virtio 1.2 section 2.7), from the driver's side, for a
 * device that lies.
 *
 *   descriptors    we write    { addr, len, flags, next } x num
 *   avail          we write    flags | idx | ring[num] | used_event
 *   used           it writes   flags | idx | { id, len } x num | avail_event
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

enum { AVAIL_FLAGS = 0, AVAIL_IDX = 1, AVAIL_RING = 2 };    /* in 16-bit words */
enum { USED_FLAGS = 0, USED_IDX = 1, USED_RING = 2 };
enum { AVAIL_NO_INTERRUPT = 1, USED_NO_NOTIFY = 1 };

static size_t avail_off(uint16_t num)
{
    return (size_t)num * sizeof(struct virtio_desc);
}

static size_t used_off(uint16_t num)
{
    size_t off = avail_off(num) + 2u * (3u + (size_t)num);
    return (off + 3) & ~(size_t)3;
}

static size_t ring_len(uint16_t num)
{
    return used_off(num) + 2u * 3u + (size_t)num * sizeof(struct virtio_used_elem);
}

enum tern_err virtio_queue_init(struct virtio_queue *q, struct virtio_dev *dev, uint16_t index,
                                uint16_t num)
{
    if (num < 2 || num > VIRTIO_QUEUE_NUM_MAX || (num & (num - 1)) != 0)
        return TERN_INVALID;
    unsigned char *ring = dev->env->carve_io(ring_len(num));
    struct virtio_posted *posted =
        dev->env->carve(num * sizeof *posted, _Alignof(struct virtio_posted));
    if (ring == NULL || posted == NULL)
        return TERN_FULL;
    for (uint16_t i = 0; i < num; i++)
        posted[i] = (struct virtio_posted){ .in_flight = false };
    *q = (struct virtio_queue){
        .desc = (volatile struct virtio_desc *)(void *)ring,
        .avail = (volatile uint16_t *)(void *)(ring + avail_off(num)),
        .used = (volatile uint16_t *)(void *)(ring + used_off(num)),
        .posted = posted,
        .dev = dev,
        .index = index,
        .num = num,
        .event_idx = (dev->features & VIRTIO_F_EVENT_IDX) != 0,
    };
    virtio_queue_disarm(q);
    return TERN_OK;
}

void virtio_queue_place(struct virtio_queue *q, uint16_t id, const void *buf)
{
    q->posted[id].addr = q->dev->env->address(buf);
}

/* The whole descriptor is written anew each time: what the device made of it is gone. */
void virtio_queue_post(struct virtio_queue *q, uint16_t id, uint32_t len, bool device_writes)
{
    struct virtio_posted *posted = &q->posted[id];
    posted->len = device_writes ? len : 0;
    posted->in_flight = true;
    q->n_in_flight++;
    volatile struct virtio_desc *desc = &q->desc[id];
    desc->addr = virtio_le64(posted->addr);
    desc->len = virtio_le32(len);
    desc->flags = virtio_le16(device_writes ? VIRTIO_DESC_WRITE : 0);
    desc->next = 0;
    q->avail[AVAIL_RING + (q->avail_idx & (q->num - 1u))] = virtio_le16(id);
    q->avail_idx++;
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
    uint32_t id = virtio_le32(elem->id);
    uint32_t len = virtio_le32(elem->len);

    enum virtio_breach breach;
    if (id >= q->num)
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
 * With EVENT_IDX the wish is parked out of reach: at most num entries, no more
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
