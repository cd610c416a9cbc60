/* SPDX-License-Identifier: ISC */
/*
 * The entropy device: one queue, one buffer, asked until there is enough: it may
 * give as little as an octet at a time (virtio 1.2 section 5.4.6).
 */
#include "virtio_rng.h"

#include <string.h>

enum { QUEUE = 0, NUM = 2, BUF_LEN = 256 };

static enum tern_err start(struct virtio_dev *dev, struct virtio_queue *q)
{
    uint64_t offered;
    enum tern_err err = virtio_dev_open(dev, &offered);
    if (err == TERN_OK)
        err = virtio_dev_agree(dev, offered, 0);
    if (err == TERN_OK && dev->ops->queue_max(dev, QUEUE) < NUM)
        err = TERN_UNSUPPORTED;
    if (err == TERN_OK)
        err = virtio_queue_init(q, dev, QUEUE, NUM, 1);
    if (err == TERN_OK)
        err = dev->ops->queue_start(dev, q);
    return err;
}

size_t virtio_rng_read(struct virtio_dev *dev, uint8_t *out, size_t len,
                       uint64_t (*now_ns)(void), uint64_t limit_ns)
{
    struct virtio_queue q = { .desc = NULL };
    if (len > BUF_LEN)
        len = BUF_LEN;
    uint8_t *buf = dev->env->carve_io(BUF_LEN);
    if (buf == NULL || len == 0 || start(dev, &q) != TERN_OK) {
        virtio_dev_stop(dev);
        return 0;
    }
    virtio_dev_go(dev);
    virtio_queue_place(&q, 0, buf);
    uint64_t begin_ns = now_ns();
    size_t n = 0;
    while (n < len) {
        struct virtio_used used;
        enum tern_err err;
        virtio_queue_post(&q, 0, (uint32_t)(len - n), true);
        virtio_queue_publish(&q);
        do
            err = virtio_queue_take(&q, &used);
        while (err == TERN_AGAIN && now_ns() - begin_ns < limit_ns);
        if (err != TERN_OK || used.len == 0)
            break;
        memcpy(out + n, buf, used.len);    /* at most len - n: checked when it was taken */
        n += used.len;
    }
    bool honest = !dev->stopped;
    virtio_dev_stop(dev);
    return honest ? n : 0;
}
