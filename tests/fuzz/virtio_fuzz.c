/* SPDX-License-Identifier: ISC */
/*
 * The network driver and a device whose every act is the fuzzer's: it gives
 * back what it likes, moves the indices, rewrites rings, descriptors, headers
 * and frames between the driver's calls, inside them (at notifications, register
 * reads and while the stack has the frames), and after a chosen single access.
 *
 * Held to throughout: no access outside (AddressSanitizer); frames that the
 * stack was lent do not change; the driver's queues and slots add up; at most
 * one breach is counted, it stops the device, and from then on the driver
 * touches nothing that the device can reach.
 */
#include <backends/kvm/virtio_net.h>
#include <tests/unit/virtio_fake.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fake f;
static struct virtio_net net;
static const uint8_t *in;
static size_t in_len;
static bool ambush;          /* strike at the driver's next call of its own */
static bool watching;        /* single accesses */
static unsigned strike_at, n_accesses, n_watches;
static uint64_t sum;         /* keeps what is read from being optimised away */

#define HOLD(condition) \
    do {                \
        if (!(condition)) \
            __builtin_trap(); \
    } while (0)

static uint8_t next8(void)
{
    if (in_len == 0)
        return 0;
    in_len--;
    return *in++;
}

static uint16_t next16(void)
{
    uint16_t low = next8();
    return (uint16_t)(low | next8() << 8);
}

static uint32_t next32(void)
{
    uint32_t low = next16();
    return low | (uint32_t)next16() << 16;
}

/* Writes a value somewhere: in a ring, a header, or anywhere. */
static void strike(void)
{
    uint8_t where = next8(), value = next8();
    struct virtio_queue *q = (where & 1) != 0 ? &net.rx : &net.tx;
    uint8_t *ring = (uint8_t *)(uintptr_t)q->desc;
    size_t ring_len = 16u * q->num + 6 + 2u * q->num + 8 + 8u * q->num;
    switch (where >> 1 & 3) {
    case 0:
        ring[next16() % ring_len] = value;
        break;
    case 1:    /* the used ring's first words: flags, index, entries */
        ((uint8_t *)(uintptr_t)q->used)[next8() % (4u + 8u * q->num)] = value;
        break;
    case 2:    /* a header */
        net.rx_bufs[next8() % net.rx.num * net.rx_cap + next8() % 12u] = value;
        break;
    default:
        f.io[next32() % f.io_used] = value;
    }
}

static void moment(void)
{
    if (ambush) {
        ambush = false;
        strike();
    }
}

static void on_access(struct fake *fake, uint8_t *addr, bool written)
{
    (void)fake;
    (void)addr;
    (void)written;
    if (n_accesses++ == strike_at)
        strike();
}

/* ---- The stack above -------------------------------------------------------- */

static uint64_t hash(const struct tern_rx *rx, size_t n_rx)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < n_rx; i++) {
        HOLD(rx[i].n_spans == 1);
        const uint8_t *p = rx[i].spans[0].data;
        size_t len = rx[i].spans[0].len;
        HOLD(len >= 14 && len <= VIRTIO_NET_FRAME_MAX);
        HOLD(p >= net.arena && len <= net.arena_len - (size_t)(p - net.arena));
        HOLD(rx[i].gso == TERN_GSO_NONE || rx[i].seg_len != 0);
        for (size_t o = 0; o < len; o += 7)
            h = (h ^ p[o]) * 1099511628211u;
    }
    return h;
}

static uint64_t input(struct tern_link *link, struct tern_rx *rx, size_t n_rx, uint64_t now_ns)
{
    HOLD(n_rx >= 1 && n_rx <= TERN_LINK_BATCH);
    uint64_t before = hash(rx, n_rx);
    moment();
    if (!watching)    /* or each store here would be one to watch */
        memset(net.rx_bufs, (int)(n_rx & 0xff), (size_t)net.rx.num * net.rx_cap);
    struct tern_tx tx;
    if (link->ops->tx_slot(link, 60, &tx) == TERN_OK) {
        memset(tx.data, 1, 60);
        link->ops->tx_commit(link, &tx, 60);
    }
    link->ops->flush(link);
    HOLD(hash(rx, n_rx) == before);
    sum += before;
    return now_ns;
}

static uint64_t nothing(struct tern_link *link, uint64_t now_ns)
{
    (void)link;
    moment();
    return now_ns;
}

static const struct tern_link_events events = { .input = input, .tx_room = nothing,
                                                .changed = nothing };

/* Registers are read through the real table, and it is a good moment to strike. */
static const struct virtio_transport_ops *real_ops;
static uint8_t spy_status(struct virtio_dev *dev) { moment(); return real_ops->status(dev); }
static void spy_notify(struct virtio_dev *dev, uint16_t index)
{
    moment();
    real_ops->notify(dev, index);
    moment();
}

/* ---- What must hold ------------------------------------------------------------ */

static void queue_holds(const struct virtio_queue *q)
{
    unsigned n = 0;
    for (unsigned i = 0; i < q->num; i++)
        n += q->posted[i].in_flight;
    HOLD(n == q->n_in_flight && n <= q->num);
    HOLD(q->n_ready <= q->n_in_flight);
    HOLD((uint16_t)(q->avail_idx - q->used_idx) == q->n_in_flight);
    const uint8_t *ring = (const uint8_t *)(uintptr_t)q->desc;
    HOLD(ring >= f.io && ring < f.io + f.io_used);
}

static void driver_holds(void)
{
    queue_holds(&net.rx);
    queue_holds(&net.tx);
    HOLD(net.n_tx_free + net.n_tx_long_free + net.tx.n_in_flight == net.n_tx + net.n_tx_long);
    uint64_t n_breaches = 0;
    for (unsigned i = 0; i < VIRTIO_BREACH_COUNT; i++)
        n_breaches += f.dev.breaches[i];
    HOLD(n_breaches <= 1 && (n_breaches == 0 || f.dev.stopped));
    for (size_t i = f.own_used; i < f.own_len; i += 61)
        HOLD(f.own[i] == 0xa5);
}

static void send(size_t n, size_t len)
{
    struct tern_tx tx;
    for (size_t i = 0; i < n; i++) {
        if (net.link.ops->tx_slot(&net.link, len, &tx) != TERN_OK)
            break;
        HOLD(tx.cap >= len);
        memset(tx.data, 3, len);
        tx.csum_partial = (len & 1) != 0;
        net.link.ops->tx_commit(&net.link, &tx, (len & 2) != 0 ? 0 : len);
    }
}

/* The driver of a stopped device leaves all that it can reach alone. */
static void stopped_holds(void)
{
    static uint8_t before[1 << 20];
    size_t len = f.io_used < sizeof before ? f.io_used : sizeof before;
    uint64_t deadline_ns;
    memcpy(before, f.io, len);
    ambush = false;
    unsigned notified = f.q[0].n_notified + f.q[1].n_notified;
    virtio_net_poll(&net, 1, &deadline_ns);
    HOLD(!net.link.up);
    HOLD(virtio_net_idle(&net));
    send(2, 60);
    net.link.ops->flush(&net.link);
    HOLD(!virtio_net_poll(&net, 2, &deadline_ns));
    HOLD(memcmp(before, f.io, len) == 0);
    HOLD(f.q[0].n_notified + f.q[1].n_notified == notified);
    driver_holds();
}

/* ---- The script ------------------------------------------------------------------ */

static void turn(bool watched)
{
    uint64_t deadline_ns;
    if (watched && n_watches < 2) {
        n_watches++;
        n_accesses = 0;
        strike_at = next8();
        watching = true;
        fake_watch(&f, on_access);
        (void)virtio_net_poll(&net, 1, &deadline_ns);
        (void)virtio_net_idle(&net);
        fake_watch_end(&f);
        watching = false;
        return;
    }
    (void)virtio_net_poll(&net, 1, &deadline_ns);
}

static void act(void)
{
    static uint8_t frame[4096];
    uint8_t what = next8();
    unsigned queue = what >> 4 & 1;
    switch (what & 15) {
    case 0:
    case 1:
        fake_deliver(&f, NULL, frame, next16() % sizeof frame);
        break;
    case 2:
        fake_give(&f, queue, next32(), next32());
        break;
    case 3:
        if (fake_n_avail(&f, queue) != 0)
            fake_give(&f, queue, fake_take(&f, queue, NULL, NULL), next16());
        break;
    case 4:
        fake_show(&f, queue);
        break;
    case 5:
        fake_used_idx(&f, queue, next16());
        break;
    case 6:
        strike();
        break;
    case 7:
        ambush = true;
        break;
    case 8:
        f.config[next8() % 16] = next8();
        fake_config_change(&f);
        break;
    case 9:
        f.status |= next8() & VIRTIO_STATUS_NEEDS_RESET;
        f.honest_tx = queue != 0;
        break;
    case 10:
        if (fake_n_avail(&f, FAKE_TX) <= net.tx.num)
            fake_send(&f);
        break;
    case 11:
        send(1 + next8() % 32, 1 + next16() % 3000);
        net.link.ops->flush(&net.link);
        break;
    case 12:
        (void)virtio_net_idle(&net);
        break;
    default:
        turn(queue != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    in = data;
    in_len = len < 1024 ? len : 1024;
    ambush = false;
    n_watches = 0;
    uint64_t offered = FAKE_ALL;
    uint8_t less = next8();
    if ((less & 1) != 0)
        offered |= VIRTIO_F_EVENT_IDX;
    if ((less & 2) != 0)
        offered &= ~FAKE_MRG_RXBUF;
    fake_init(&f, offered);
    struct virtio_transport_ops ops = *f.dev.ops;
    real_ops = f.dev.ops;
    ops.status = spy_status;
    ops.notify = spy_notify;
    f.dev.ops = &ops;
    const struct virtio_net_config config = { .n_rx = 64, .n_tx = 12, .n_tx_long = 2,
                                              .arena_len = VIRTIO_NET_ARENA_LEAST };
    HOLD(virtio_net_init(&net, &f.dev, &config) == TERN_OK);
    net.link.events = &events;
    while (in_len > 0 && !f.dev.stopped) {
        act();
        driver_holds();
    }
    if (f.dev.stopped)
        stopped_holds();
    fake_free(&f);
    return 0;
}
