/* SPDX-License-Identifier: ISC */
/*
 * What a device of the fuzzer's does while the driver is at work: at notifications and
 * register reads, while the stack has the frames, and after single accesses.
 */
#include <tests/unit/access_watch.h>

#include <string.h>

#include "driver_stack.h"
#include "input.h"
#include "virtio_fuzz.h"

enum { ACCESSES = 64 };

struct fake f;
struct virtio_net net;
bool attached, ambush;
static enum { WATCH_ONE, WATCH_READS, WATCH_SOME } watching;
static unsigned strike_at, n_accesses;

/* ---- What the device writes ---------------------------------------------------- */

static size_t used_len(const struct virtio_queue *q)
{
    return 4u + 8u * q->num + 2u;
}

void device_strike(void)
{
    uint8_t where = next8(), value = next8();
    struct virtio_queue *q = (where & 1) != 0 ? &net.rx : &net.tx;
    if ((where & 0xf0) == 0xf0 && net.ctrl_buf != NULL)
        q = &net.ctrl;
    uint8_t *desc = (uint8_t *)(uintptr_t)q->desc, *used = (uint8_t *)(uintptr_t)q->used;
    driver_stack_lied();
    switch (where >> 1 & 7) {
    case 0:    /* descriptors, what is available, what is used */
        desc[next16() % ((size_t)(used - desc) + used_len(q))] = value;
        break;
    case 1:
        used[next16() % used_len(q)] = value;
        break;
    case 2:    /* the index and what the driver reads next */
        used[2 + next8() % 2] = value;
        used[4 + (q->used_idx + next8() % 4u & (q->num - 1u)) * 8u + next8() % 8u] = value;
        break;
    case 3:    /* a header */
        net.rx_bufs[next8() % net.rx.n_bufs * net.rx_cap + next8() % 12u] = value;
        break;
    case 4:
        if (q->tables != NULL)
            ((uint8_t *)(uintptr_t)q->tables)[next16() % (q->n_bufs * 64u)] = value;
        break;
    case 5:
        if (net.ctrl_buf != NULL)
            net.ctrl_buf[next8() % 64] = value;
        break;
    default:
        f.io[next32() % f.io_used] = value;
    }
}

/* Buffers that the driver has just been given back, and those that it sends from. */
static void fair_strike(void)
{
    const struct fake_queue *q = &f.q[FAKE_RX];
    if ((f.status & VIRTIO_STATUS_DRIVER_OK) == 0)    /* what stands there is of another life */
        return;
    uint16_t n = q->avail != NULL ? fake_n_avail(&f, FAKE_RX) : 0;
    for (uint16_t i = 0; i < n && i < 8; i++) {
        uint16_t head = virtio_le16(q->avail[2 + (uint16_t)(q->avail_idx + n - 1 - i) % q->num]);
        memset(net.rx_bufs + (size_t)(head / net.rx.step) * net.rx_cap, 0xee, 64);
    }
}

void device_moment(void)
{
    access_watch_pause(true);
    driver_stack_guard(true);
    if (ambush) {
        ambush = false;
        device_strike();
    }
    if (attached && driver_stack_honest() && !f.dev.stopped)
        fair_strike();
    else if (attached)
        memset(net.rx_bufs, 0xee, (size_t)net.rx.n_bufs * net.rx_cap);
    driver_stack_guard(false);
    access_watch_pause(false);
}

/* ---- Single accesses ------------------------------------------------------------- */

/*
 * The receive buffer that is being copied: the end of a frame shows in an access
 * elsewhere, that of a header in the number of loads that memcpy does for one.
 */
static uint8_t *last;
static bool copied;
static unsigned n_header_loads, header_loads;

static void count_load(uint8_t *addr, bool written)
{
    (void)addr;
    (void)written;
    header_loads++;
}

static void header_loads_count(void)
{
    static uint8_t hdr[VIRTIO_NET_HDR_LEN];
    header_loads = 0;
    access_watch(f.io, f.io_len, count_load);
    memcpy(hdr, net.rx_bufs, net.hdr_len);
    __asm__ volatile("" : : "r"(hdr) : "memory");
    access_watch_end();
}

static void spoil_frame(uint8_t *addr)
{
    uint8_t *bufs = net.rx_bufs, *buf = NULL;
    if (addr >= bufs && addr < bufs + (size_t)net.rx.n_bufs * net.rx_cap)
        buf = bufs + (size_t)(addr - bufs) / net.rx_cap * net.rx_cap;
    if (last != NULL && last != buf) {
        if (copied)
            memset(last, 0xee, net.rx_cap);
        copied = false;
        n_header_loads = 0;
    }
    last = buf;
    if (buf == NULL)
        return;
    if (addr >= buf + net.hdr_len)
        copied = true;
    else if (++n_header_loads % header_loads == 0)
        for (size_t i = 0; i < net.hdr_len; i++)
            buf[i] ^= 0xff;
}

/* What has just been read becomes other. What must be read again is left alone. */
static void spoil(uint8_t *addr, bool written)
{
    spoil_frame(addr);
    if (written)
        return;
    struct virtio_queue *queues[] = { &net.rx, &net.tx, &net.ctrl };
    for (size_t i = 0; i < 3; i++) {
        struct virtio_queue *q = queues[i];
        uint8_t *desc = (uint8_t *)(uintptr_t)q->desc, *used = (uint8_t *)(uintptr_t)q->used;
        uint8_t *tables = (uint8_t *)(uintptr_t)q->tables;
        if (desc == NULL)
            continue;
        HOLD(addr < desc || addr >= used);    /* ours: never read */
        HOLD(tables == NULL || addr < tables || addr >= tables + q->n_bufs * 64u);
        if (addr >= used + 4 && addr < used + 4 + 8u * q->num)
            for (size_t k = 0; k < 4; k++)
                addr[k] ^= 0xff;
    }
    if (net.ctrl_buf != NULL && addr >= net.ctrl_buf && addr < net.ctrl_buf + 64)
        *addr ^= 0xff;
}

static void on_access(struct fake *fake, uint8_t *addr, bool written)
{
    unsigned n = n_accesses++;
    switch (watching) {
    case WATCH_ONE:
        if (n == strike_at)
            device_strike();
        break;
    case WATCH_READS:
        spoil(addr, written);
        break;
    case WATCH_SOME:
        if (n % 4 == strike_at % 4 && input_left() > 0) {
            *addr = next8();
            driver_stack_lied();
        }
        break;
    }
    if (n_accesses == ACCESSES || (watching == WATCH_ONE && n == strike_at))
        fake_watch_end(fake);
}

void device_watch(uint8_t how)
{
    n_accesses = 0;
    watching = how % 4 == 0 ? WATCH_ONE : how % 4 == 1 ? WATCH_SOME : WATCH_READS;
    strike_at = how >> 2;
    last = NULL;
    copied = false;
    n_header_loads = 0;
    header_loads_count();
    fake_watch(&f, on_access);
}

void device_watch_end(void)
{
    fake_watch_end(&f);
}

/* ---- Registers: good moments to strike ------------------------------------------------ */

static const struct virtio_transport_ops *real_ops;

static uint8_t spy_status(struct virtio_dev *dev)
{
    device_moment();
    return real_ops->status(dev);
}

static uint32_t spy_config(struct virtio_dev *dev, struct virtio_field field)
{
    device_moment();
    return real_ops->config(dev, field);
}

void device_sent_take(void)
{
    for (size_t i = 0; i < f.n_sent; i++)
        if (f.sent[i].len > net.hdr_len)
            driver_stack_sent(f.sent[i].octets + net.hdr_len, f.sent[i].len - net.hdr_len);
    fake_sent_clear(&f);
}

static void spy_notify(struct virtio_dev *dev, uint16_t index)
{
    device_moment();
    real_ops->notify(dev, index);
    device_sent_take();
    device_moment();
}

void device_begin(void)
{
    static struct virtio_transport_ops ops;
    real_ops = f.dev.ops;
    ops = *f.dev.ops;
    ops.status = spy_status;
    ops.config = spy_config;
    ops.notify = spy_notify;
    f.dev.ops = &ops;
}
