/* SPDX-License-Identifier: ISC */
/*
 * An image that tries the network device and its interrupts without a stack: it
 * asks "who has 10.0.2.2" (ARP, RFC 826), sleeps until the answer comes, asks
 * again, and tells how often it was woken. Every wait has a limit, so that an
 * interrupt that never comes is an end and not a hang.
 */
#include <string.h>

#include "backends/kvm/virtio_net.h"
#include "backends/kvm/virtio_pvh.h"

enum { STATUS_OK = 0, STATUS_SILENT = 3, STATUS_NO_SLOT = 4 };
enum { PENDING_NET = 1u << 1, ROUNDS = 10, ARP_LEN = 42 };

static struct virtio_dev dev;
static struct virtio_net net;
static unsigned n_answers, n_frames;

static void arrived(void *arg)
{
    (void)arg;
    pvh_pending_set(PENDING_NET);
}

/* Ethernet type 0x0806, operation 2, of 10.0.2.2. */
static bool is_answer(const struct tern_rx *rx)
{
    static const uint8_t head[] = { 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 2 };
    static const uint8_t sender[] = { 10, 0, 2, 2 };
    const struct tern_span *span = &rx->spans[0];
    return span->len >= ARP_LEN && memcmp(span->data + 12, head, sizeof head) == 0 &&
           memcmp(span->data + 28, sender, sizeof sender) == 0;
}

static uint64_t input(struct tern_link *link, struct tern_rx *rx, size_t n_rx, uint64_t now_ns)
{
    (void)link;
    (void)now_ns;
    n_frames += (unsigned)n_rx;
    for (size_t i = 0; i < n_rx; i++)
        n_answers += is_answer(&rx[i]);
    return TERN_NEVER;
}

static uint64_t nothing(struct tern_link *link, uint64_t now_ns)
{
    (void)link;
    (void)now_ns;
    return TERN_NEVER;
}

static const struct tern_link_events events = {
    .input = input, .tx_room = nothing, .changed = nothing,
};

static bool ask(void)
{
    static const uint8_t arp[] = { 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1 };
    struct tern_tx tx;
    if (net.link.ops->tx_slot(&net.link, ARP_LEN, &tx) != TERN_OK)
        return false;
    memset(tx.data, 0, ARP_LEN);
    memset(tx.data, 0xff, 6);
    memcpy(tx.data + 6, net.link.mac, 6);
    memcpy(tx.data + 12, arp, sizeof arp);
    memcpy(tx.data + 22, net.link.mac, 6);
    memcpy(tx.data + 28, (const uint8_t[]){ 10, 0, 2, 15 }, 4);
    memcpy(tx.data + 38, (const uint8_t[]){ 10, 0, 2, 2 }, 4);
    net.link.ops->tx_commit(&net.link, &tx, ARP_LEN);
    net.link.ops->flush(&net.link);
    return true;
}

enum tern_err pvh_backend_setup(void)
{
    struct virtio_net_config config = virtio_net_config_for(pvh_mem_total());
    size_t at = 0;
    enum tern_err err = virtio_pvh_find(VIRTIO_TYPE_NET, &at, &dev);
    dev.interrupt = arrived;
    if (err == TERN_OK)
        err = virtio_net_init(&net, &dev, &config);
    net.link.events = &events;
    pvh_logf("link: setup: %s\n", tern_err_text(err));
    return err;
}

/* Sleeps until there is an answer more; false if five seconds were not enough. */
static bool answered(unsigned before)
{
    uint64_t limit_ns = pvh_now_ns() + 5 * TERN_SECOND_NS;
    while (n_answers == before) {
        uint64_t now_ns = pvh_now_ns(), deadline_ns;
        if (now_ns >= limit_ns)
            return false;
        (void)pvh_pending_take();
        bool news = virtio_net_poll(&net, now_ns, &deadline_ns);
        if (!news && virtio_net_idle(&net))
            pvh_wait(dev.has_irq ? limit_ns : now_ns + VIRTIO_POLL_NS);
    }
    return true;
}

int pvh_backend_main(void)
{
    pvh_log_flush();
    uint64_t woken = pvh_stats()->wakeups, timer = pvh_stats()->irq_timer;
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned before = n_answers;
        if (!ask())
            return STATUS_NO_SLOT;
        if (!answered(before)) {
            pvh_logf("link: no answer to question %u, %lu interrupts\n", i,
                     pvh_stats()->irq_device);
            return STATUS_SILENT;
        }
    }
    pvh_logf("link: %u answers, %u frames, %lu wake-ups, %lu timers, %lu storms\n", n_answers,
             n_frames, pvh_stats()->wakeups - woken, pvh_stats()->irq_timer - timer,
             pvh_stats()->irq_storms);
    return STATUS_OK;
}
