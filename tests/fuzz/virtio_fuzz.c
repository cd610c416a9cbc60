/* SPDX-License-Identifier: ISC */
/*
 * The network driver under a whole stack, and the entropy device's, with a device
 * whose every act is the fuzzer's: it gives back what it likes, moves the indices,
 * rewrites rings, descriptors, tables, headers, frames, answers and its
 * configuration between the driver's calls, inside them (at notifications and
 * register reads, and while the stack has the frames), and after single accesses.
 *
 * Held to throughout: no access outside (AddressSanitizer); buffers and slots add
 * up, each in one place; what the driver alone writes it never reads; an octet
 * rewritten right after it was read changes nothing, so that a device which does
 * no more than that is served as an honest one; at most one breach is counted a
 * life, it stops the device, the stack hears of it, and from then on the driver
 * touches nothing that the device can reach, until it has begun the device anew,
 * with the memory of the start, whatever it then offers. Of the stack: driver_stack.h.
 */
#include <backends/kvm/virtio_rng.h>

#include <stdlib.h>
#include <string.h>

#include "driver_stack.h"
#include "input.h"
#include "virtio_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { INPUT_MAX = 1024, WATCHES = 1, STEP_NS = 1000000 };

static uint64_t now_ns;
static unsigned n_watches;
static bool half_begun;    /* anew: it was refused, and is in pieces */

/* ---- What must hold ------------------------------------------------------------ */

NO_COVERAGE
static void queue_holds(const struct virtio_queue *q)
{
    unsigned n = 0;
    for (unsigned i = 0; i < q->n_bufs; i++)
        n += q->posted[i].in_flight;
    HOLD(n == q->n_in_flight && n <= q->n_bufs);
    HOLD(q->n_ready <= q->n_in_flight);
    HOLD((uint16_t)(q->avail_idx - q->used_idx) == q->n_in_flight);
    const uint8_t *ring = (const uint8_t *)(uintptr_t)q->desc;
    HOLD(ring >= f.io && ring < f.io + f.io_used);
}

/* Each slot is free or with the device; each receive buffer with it or in a frame. */
NO_COVERAGE
static void slots_hold(void)
{
    static uint8_t seen[VIRTIO_QUEUE_NUM_MAX];
    memset(seen, 0, sizeof seen);
    for (unsigned i = 0; i < net.n_tx_free; i++)
        seen[net.tx_free[i]]++;
    for (unsigned i = 0; i < net.n_tx_long_free; i++)
        seen[net.tx_long_free[i]]++;
    for (unsigned id = 0; id < net.n_tx + (unsigned)net.n_tx_long; id++)
        HOLD(seen[id] + net.tx.posted[id].in_flight == 1);
    memset(seen, 0, sizeof seen);
    for (unsigned i = 0; i < net.n_parts; i++)
        seen[net.parts[i].id]++;
    for (unsigned id = 0; id < net.rx.n_bufs; id++)
        HOLD(seen[id] + net.rx.posted[id].in_flight == 1 || f.dev.stopped);
}

NO_COVERAGE
static void driver_holds(void)
{
    queue_holds(&net.rx);
    queue_holds(&net.tx);
    if (net.ctrl_buf != NULL)
        queue_holds(&net.ctrl);
    if (!half_begun)
        slots_hold();
    uint64_t n_breaches = 0;
    for (unsigned i = 0; i < VIRTIO_BREACH_COUNT; i++)
        n_breaches += f.dev.breaches[i];
    HOLD(n_breaches <= net.stats.restarts + f.dev.stopped);
    HOLD(!f.dev.stopped || !driver_stack_honest());
    HOLD(net.stats.rx_frames == driver_stack_frames() || !attached);
    for (size_t i = f.own_used; i < f.own_len; i += 61)
        HOLD(f.own[i] == 0xa5);
}

/* ---- The device's acts ------------------------------------------------------------ */

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
    static uint8_t before[4 << 20];
    size_t len = f.io_used < sizeof before ? f.io_used : sizeof before;
    uint64_t deadline_ns;
    bool was_attached = attached;
    attached = ambush = false;
    (void)virtio_net_poll(&net, now_ns, &deadline_ns);
    HOLD(f.dev.stopped && !net.link.up);
    memcpy(before, f.io, len);
    unsigned notified = f.q[0].n_notified + f.q[1].n_notified + f.q[2].n_notified;
    HOLD(virtio_net_idle(&net));
    HOLD(virtio_net_due(&net) > now_ns && virtio_net_due(&net) <= now_ns + 300 * TERN_SECOND_NS);
    send(2, 60);
    net.link.ops->flush(&net.link);
    HOLD(!virtio_net_poll(&net, now_ns, &deadline_ns));
    HOLD(memcmp(before, f.io, len) == 0);
    HOLD(f.q[0].n_notified + f.q[1].n_notified + f.q[2].n_notified == notified);
    driver_holds();
    attached = was_attached;
}

static void deliver(uint8_t what)
{
    static uint8_t frame[DRIVER_STACK_FRAME_CAP];
    struct driver_stack_meta meta;
    uint8_t hdr[12] = { 0 };
    size_t len = driver_stack_frame(frame, what, next16(), &meta);
    bool known = meta.seg_len == 0 || (net.link.offloads & TERN_OFFLOAD_RX_GRO) != 0;
    bool fits = net.mergeable || len + net.hdr_len <= net.rx_cap;
    if (f.dev.legacy)    /* its header is as long as was agreed on in this life */
        f.hdr_len = net.mergeable ? 12 : 10;
    hdr[0] = meta.partial;
    hdr[1] = meta.seg_len != 0;
    tern_store_le16(hdr + 4, meta.seg_len);
    tern_store_le16(hdr + 6, meta.csum_start);
    tern_store_le16(hdr + 8, meta.csum_off);
    if (fake_n_avail(&f, FAKE_RX) > net.rx.n_bufs)
        return;
    if (!fake_deliver(&f, hdr, frame, len) || !fits)
        driver_stack_lied();
    else if (known)
        driver_stack_expect(frame, len);
}

static void turn(bool watched)
{
    uint64_t deadline_ns;
    if (watched && n_watches < WATCHES) {
        n_watches++;
        device_watch(next8());
        (void)virtio_net_poll(&net, now_ns, &deadline_ns);
        (void)virtio_net_idle(&net);
        device_watch_end();
    } else {
        (void)virtio_net_poll(&net, now_ns, &deadline_ns);
    }
    now_ns += STEP_NS;
    driver_stack_turn(now_ns);
}

/*
 * The time comes at which the device is begun anew, as what it says that it is now.
 * One that offers what it did, and does not lie, is taken.
 */
static void again(uint64_t offered)
{
    uint8_t how = next8(), what = next8();
    size_t io_used = f.io_used, own_used = f.own_used;
    uint64_t restarts = net.stats.restarts;
    f.offered = offered;
    f.never_resets = (how & 7) == 1;
    f.refuses_features = (how & 7) == 2;
    f.restless = (how & 7) == 3;
    f.offered ^= (how & 8) != 0 ? UINT64_C(1) << what % 33 : 0;
    if ((how & 7) == 4)
        f.config[what % 16] = next8();
    uint16_t queue_max = f.queue_max;
    if ((how & 7) == 5)
        f.queue_max = what;
    if (!f.never_resets)
        memset(f.q, 0, sizeof f.q);
    driver_stack_forget();
    now_ns = virtio_net_due(&net);
    turn((how & 16) != 0);
    HOLD(f.io_used == io_used && f.own_used == own_used);
    half_begun = net.stats.restarts == restarts;
    bool station = (f.config[0] & 1) == 0 && memcmp(f.config, (uint8_t[6]){ 0 }, 6) != 0;
    HOLD(!half_begun || (how & 15) != 0 || !station || !driver_stack_honest());
    if (f.dev.stopped)
        driver_stack_lied();
    f.queue_max = queue_max;
}

/* A frame of so many whole buffers, or so it says. */
static void give_many(void)
{
    uint8_t n = next8(), says = next8(), *buf = NULL;
    for (unsigned i = 0; i < n % 66u && fake_n_avail(&f, FAKE_RX) != 0; i++) {
        uint32_t cap;
        uint16_t id = fake_take(&f, FAKE_RX, buf == NULL ? &buf : NULL, &cap);
        fake_give(&f, FAKE_RX, id, cap);
    }
    if (buf != NULL)
        tern_store_le16(buf + 10, (says & 1) != 0 ? says : n % 66u);
    fake_show(&f, FAKE_RX);
}

static void lie(uint8_t what)
{
    unsigned queue = what >> 3 & 1;
    driver_stack_lied();
    switch (what & 7) {
    case 0:
        fake_give(&f, queue, next32(), next32());
        break;
    case 1:
    case 2:
        if (fake_n_avail(&f, queue) != 0)
            fake_give(&f, queue, fake_take(&f, queue, NULL, NULL), next16());
        break;
    case 3:
        fake_used_idx(&f, queue, next16());
        break;
    case 4:
        f.status |= next8() & VIRTIO_STATUS_NEEDS_RESET;
        fake_config_change(&f);
        break;
    case 5:
        give_many();
        break;
    default:
        device_strike();
    }
}

static void act(void)
{
    uint8_t what = next8();
    switch (what & 15) {
    case 0:
    case 1:
    case 2:
    case 3:
        deliver(next8());
        break;
    case 4:
        lie(what >> 4);
        break;
    case 5:
        fake_show(&f, what >> 4 & 1);
        break;
    case 6:
        ambush = (what & 16) != 0;
        break;
    case 7:
        f.config[next8() % 16] = next8();
        fake_config_change(&f);
        break;
    case 8:
        f.honest_tx = (what & 16) == 0;
        f.ctrl_silent = (what & 32) != 0;
        f.ctrl_ack = what >> 6;
        f.restless = (what & 0xe0) == 0xe0;
        break;
    case 9:
        if (fake_n_avail(&f, FAKE_TX) <= net.tx.num)
            fake_send(&f);
        device_sent_take();
        break;
    case 10:
        send(1 + next8() % 32, 1 + next16() % 3000);
        net.link.ops->flush(&net.link);
        break;
    case 11:
        (void)virtio_net_idle(&net);
        break;
    default:
        turn((what & 16) != 0);
    }
}

/* ---- A run -------------------------------------------------------------------------- */

static bool lent(const uint8_t *frame, size_t len)
{
    return frame >= net.arena && len <= net.arena_len - (size_t)(frame - net.arena) &&
           net.arena >= f.own && net.arena + net.arena_len <= f.own + f.own_used;
}

/* What a device may be before anything is agreed on. */
static void strange(void)
{
    static const uint16_t queue_max[] = { 256, 0, 1, 2, 3, 15, 64, 1024, 0x8000, 0xffff };
    f.queue_max = queue_max[next8() % 10];
    f.n_queues = next8() % 4;
    uint8_t how = next8();
    f.refuses_features = (how & 1) != 0;
    f.restless = (how & 2) != 0;
    f.never_resets = (how & 0xfc) == 0xfc;
    for (unsigned i = how >> 2 & 3; i > 0; i--)
        f.config[next8() % 16] = next8();
}

static bool start(uint8_t features, uint8_t more)
{
    const struct virtio_net_config config = { .n_rx = 64, .n_tx = 12, .n_tx_long = 2,
                                              .arena_len = VIRTIO_NET_ARENA_LEAST };
    uint64_t offered = FAKE_ALL;
    offered |= (features & 1) != 0 ? VIRTIO_F_EVENT_IDX : 0;
    offered &= (features & 2) != 0 ? ~FAKE_MRG_RXBUF : ~UINT64_C(0);
    offered |= (features & 4) != 0 ? VIRTIO_F_INDIRECT_DESC : 0;
    if ((features & 8) != 0)
        offered |= FAKE_CTRL_VQ | FAKE_CTRL_RX | FAKE_CTRL_MAC | FAKE_ANNOUNCE;
    offered &= (features & 16) != 0 ? ~(FAKE_GUEST_CSUM | FAKE_HOST_TSO4) : ~UINT64_C(0);
    offered |= (features & 32) != 0 ? VIRTIO_F_ANY_LAYOUT : 0;
    fake_init(&f, offered);
    if ((features & 64) != 0) {
        f.dev.legacy = true;
        f.dev.ring_fixed = (features & 128) != 0;
        f.hdr_len = (offered & FAKE_MRG_RXBUF) != 0 ? 12 : 10;
    }
    device_begin();
    net = (struct virtio_net){ 0 };
    attached = false;
    if ((more & 1) != 0)
        strange();
    enum tern_err err = virtio_net_init(&net, &f.dev, &config);
    HOLD(err == TERN_OK || ((more & 1) != 0 && f.dev.stopped && !net.link.up));
    return err == TERN_OK;
}

static void net_run(uint8_t features, uint8_t more)
{
    uint64_t deadline_ns;
    half_begun = false;
    if (start(features, more)) {
        uint64_t offered = f.offered;
        const struct driver_stack_config stack = { &net.link, lent, device_moment };
        attached = driver_stack_start(&stack, now_ns);
        while (input_left() > 0) {
            if (f.dev.stopped) {
                stopped_holds();
                again(offered);
            } else {
                act();
            }
            driver_holds();
        }
        for (unsigned i = 0; i < 300 && virtio_net_poll(&net, now_ns, &deadline_ns); i++)
            now_ns += STEP_NS;
        driver_holds();
        if (f.dev.stopped)
            stopped_holds();
        driver_stack_finish(now_ns);
    }
    fake_free(&f);
}

/* The entropy device acts whenever its driver looks at the clock. */
static uint64_t rng_clock(void)
{
    uint8_t what = next8();
    now_ns += STEP_NS;
    if ((what & 1) != 0 && f.q[0].desc != NULL && fake_n_avail(&f, 0) != 0)
        fake_give(&f, 0, fake_take(&f, 0, NULL, NULL), what >> 2);
    else if ((what & 2) != 0)
        f.io[next16() % (f.io_used + 1)] = next8();
    if ((what & 0x80) != 0)
        fake_give(&f, 0, next8() & 1, next16());
    if (f.q[0].used != NULL)
        fake_show(&f, 0);
    return now_ns;
}

static void rng_run(void)
{
    size_t len = 1 + next8();
    uint8_t *out = malloc(len);
    fake_init(&f, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX);
    f.n_queues = 1;
    size_t n = virtio_rng_read(&f.dev, out, len, rng_clock, 64 * (uint64_t)STEP_NS);
    HOLD(n <= len && f.dev.stopped && f.status == 0);
    fake_free(&f);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    input_begin(data, len, INPUT_MAX);
    ambush = false;
    n_watches = 0;
    now_ns = TERN_SECOND_NS;
    uint8_t features = next8(), more = next8();
    if (more == 0xff)
        rng_run();
    else
        net_run(features, more);
    return 0;
}
