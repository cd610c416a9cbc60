/* SPDX-License-Identifier: ISC */
/*
 * The network driver with an honest device: its start, interrupts and changes.
 * virtio_net_frames_test.c has the frames, virtio_net_hostile_test.c the other kind
 * of device.
 */
#include "suites.h"
#include "virtio_net_fixture.h"

#include <string.h>

static struct net_fixture x;

static void setup(void) { fixture_begin(&x, FAKE_ALL, NULL); }
static void setup_events(void) { fixture_begin(&x, FAKE_ALL | VIRTIO_F_EVENT_IDX, NULL); }
static void teardown(void) { fixture_end(&x); }

/* ---- The start ---------------------------------------------------------- */

START_TEST(test_net_address_is_read_and_the_device_left_reset)
{
    static const struct {
        uint64_t offered;
        bool never_resets;
        enum tern_err err;
        uint8_t mac[6];
    } rows[] = {
        { FAKE_ALL, false, TERN_OK, { 0x52, 0x54, 0, 0x12, 0x34, 0x56 } },
        { FAKE_ALL & ~FAKE_MAC, false, TERN_OK, { 0 } },
        { FAKE_ALL, true, TERN_UNSUPPORTED, { 0 } },
        { FAKE_ALL & ~VIRTIO_F_VERSION_1, false, TERN_UNSUPPORTED, { 0 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t mac[6];
        fake_init(&x.f, rows[i].offered);
        x.f.never_resets = rows[i].never_resets;
        ck_assert_int_eq(virtio_net_address(&x.f.dev, mac), rows[i].err);
        ck_assert_mem_eq(mac, rows[i].mac, 6);
        ck_assert(x.f.dev.stopped);
        if (rows[i].err == TERN_OK)
            ck_assert_uint_eq(x.f.status, 0);
        ck_assert_uint_eq(x.f.io_used + x.f.own_used + x.f.taken, 0);
        fake_free(&x.f);
    }
    fake_init(&x.f, FAKE_ALL);    /* one whose configuration never stands still */
    uint8_t mac[6];
    x.f.restless = true;
    ck_assert_int_eq(virtio_net_address(&x.f.dev, mac), TERN_UNSUPPORTED);
    ck_assert_uint_eq(x.f.status, 0);
    fake_free(&x.f);
}
END_TEST

START_TEST(test_net_takes_the_features_that_make_sense_together)
{
    static const uint64_t v1 = VIRTIO_F_VERSION_1;
    static const struct {
        uint64_t offered, taken;
        uint16_t offloads;
        const char *why;
    } rows[] = {
        { FAKE_ALL, FAKE_ALL, 0x37, "everything but USO" },
        { FAKE_ALL | (UINT64_C(1) << 22) | (UINT64_C(1) << 34), FAKE_ALL, 0x37,
          "neither MQ nor packed rings" },
        { v1, v1, 0, "nothing" },
        { v1 | FAKE_MAC, v1 | FAKE_MAC, 0, "an address" },
        { v1 | FAKE_CSUM, v1 | FAKE_CSUM, TERN_OFFLOAD_TX_CSUM, "sums out" },
        { v1 | FAKE_HOST_TSO4, v1, 0, "segmentation stands on sums" },
        { v1 | FAKE_CSUM | FAKE_HOST_TSO6, v1 | FAKE_CSUM | FAKE_HOST_TSO6,
          TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_TX_TSO6, "IPv6 only" },
        { v1 | FAKE_GUEST_CSUM | FAKE_GUEST_TSO4, v1 | FAKE_GUEST_CSUM, TERN_OFFLOAD_RX_CSUM,
          "large frames only where buffers merge" },
        { v1 | FAKE_MRG_RXBUF | FAKE_GUEST_TSO4, v1 | FAKE_MRG_RXBUF, 0,
          "large frames only with their sums" },
        { v1 | FAKE_MRG_RXBUF | FAKE_GUEST_CSUM | FAKE_GUEST_TSO4,
          v1 | FAKE_MRG_RXBUF | FAKE_GUEST_CSUM | FAKE_GUEST_TSO4,
          TERN_OFFLOAD_RX_CSUM | TERN_OFFLOAD_RX_GRO, "large frames" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture_begin(&x, rows[i].offered, NULL);
        ck_assert_msg(x.f.taken == rows[i].taken, "%s: took %llx", rows[i].why,
                      (unsigned long long)x.f.taken);
        ck_assert_msg(x.net.link.offloads == rows[i].offloads, "%s: offloads %x", rows[i].why,
                      x.net.link.offloads);
        bool segments = (rows[i].taken & (FAKE_HOST_TSO4 | FAKE_HOST_TSO6)) != 0;
        ck_assert_uint_eq(x.net.link.slot_max > 60000, segments);
        ck_assert_uint_eq(x.f.status, 0x0f);
        fixture_end(&x);
    }
}
END_TEST

START_TEST(test_net_takes_large_frames_only_where_the_ring_holds_one)
{
    struct virtio_net_config config = { .n_rx = 32 };    /* 64 KiB, and the header */
    fixture_begin(&x, FAKE_ALL, &config);
    ck_assert_uint_eq(x.f.taken & (FAKE_GUEST_TSO4 | FAKE_GUEST_TSO6), 0);
    fixture_end(&x);
    config.n_rx = 64;
    fixture_begin(&x, FAKE_ALL, &config);
    ck_assert_uint_eq(x.f.taken, FAKE_ALL);
    fixture_end(&x);
}
END_TEST

START_TEST(test_net_reads_address_mtu_and_carrier)
{
    static const uint8_t mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
    ck_assert_mem_eq(x.net.link.mac, mac, 6);
    ck_assert_uint_eq(x.net.link.mtu, 1500);
    ck_assert(x.net.link.up);
    ck_assert_str_eq(x.net.link.name, "fake");
    ck_assert_ptr_null(x.net.ctrl_buf);    /* a queue that was not agreed on is none */
    ck_assert_ptr_null((const void *)(uintptr_t)x.f.q[FAKE_CTRL].desc);
}
END_TEST

static enum tern_err init_with(struct fake *f, uint64_t offered, void (*spoil)(struct fake *))
{
    static struct virtio_net net;
    fake_init(f, offered);
    if (spoil != NULL)
        spoil(f);
    return virtio_net_init(&net, &f->dev, NULL);
}

static void no_features(struct fake *f) { f->refuses_features = true; }
static void no_reset(struct fake *f) { f->never_resets = true; }
static void no_queues(struct fake *f) { f->queue_max = 0; }
static void one_queue(struct fake *f) { f->n_queues = 1; }
static void no_memory(struct fake *f) { f->io_used = f->io_len - 65536; }
static void no_own_memory(struct fake *f) { f->own_used = f->own_len - 65536; }
static size_t memory_left;
static void io_ends(struct fake *f) { f->io_used = f->io_len - memory_left; }
static void own_ends(struct fake *f) { f->own_used = f->own_len - memory_left; }
static void group_mac(struct fake *f) { f->config[0] |= 1; }
static void zero_mac(struct fake *f) { memset(f->config, 0, 6); }
static void never_still(struct fake *f) { f->restless = true; }

START_TEST(test_net_refuses_a_device_that_it_cannot_use)
{
    static const struct {
        uint64_t offered;
        void (*spoil)(struct fake *);
        enum tern_err err;
        const char *says;
    } rows[] = {
        { FAKE_ALL & ~VIRTIO_F_VERSION_1, NULL, TERN_UNSUPPORTED, "is a legacy device" },
        { FAKE_ALL, no_features, TERN_UNSUPPORTED, "does not take the features" },
        { FAKE_ALL, no_reset, TERN_UNSUPPORTED, "does not reset" },
        { FAKE_ALL, no_queues, TERN_UNSUPPORTED, "has no two queues" },
        { FAKE_ALL, one_queue, TERN_UNSUPPORTED, "has no two queues" },
        { FAKE_ALL, no_memory, TERN_FULL, "no memory" },
        { FAKE_ALL, no_own_memory, TERN_FULL, "no memory" },
        { FAKE_ALL, group_mac, TERN_UNSUPPORTED, "is no station's" },
        { FAKE_ALL, zero_mac, TERN_UNSUPPORTED, "is no station's" },
        { FAKE_ALL, never_still, TERN_UNSUPPORTED, "never stands still" },
        { FAKE_ALL & ~FAKE_MAC, never_still, TERN_UNSUPPORTED, "never stands still" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct fake f;
        ck_assert_msg(init_with(&f, rows[i].offered, rows[i].spoil) == rows[i].err, "%s",
                      rows[i].says);
        ck_assert_msg(strstr(f.log, rows[i].says) != NULL, "%s, but said: %s", rows[i].says,
                      f.log);
        ck_assert(f.dev.stopped);
        ck_assert_uint_eq(f.status & VIRTIO_STATUS_DRIVER_OK & (f.never_resets ? 0 : 0xff), 0);
        fake_free(&f);
    }
}
END_TEST

START_TEST(test_net_refuses_an_impossible_configuration)
{
    static const struct virtio_net_config rows[] = {
        { .n_rx = 1 }, { .n_rx = 2048 }, { .n_tx = 513 }, { .n_tx_long = 513 },
        { .arena_len = VIRTIO_NET_ARENA_LEAST - 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct fake f;
        static struct virtio_net net;
        fake_init(&f, FAKE_ALL);
        ck_assert_int_eq(virtio_net_init(&net, &f.dev, &rows[i]), TERN_INVALID);
        ck_assert_uint_eq(f.n_resets, 0);    /* the device is not even asked */
        fake_free(&f);
    }
}
END_TEST

/* Wherever memory ends there is no device, and nothing is touched that is not there. */
START_TEST(test_net_memory_may_end_anywhere)
{
    static struct fake f;
    uint64_t offered = FAKE_ALL | FAKE_CTRL_VQ | FAKE_CTRL_RX | VIRTIO_F_INDIRECT_DESC;
    if (_i != 0)    /* without segments the last pieces are not the longest */
        offered &= ~(FAKE_HOST_TSO4 | FAKE_HOST_TSO6);
    ck_assert_int_eq(init_with(&f, offered, NULL), TERN_OK);
    size_t io = f.io_used, own = f.own_used;
    fake_free(&f);
    for (memory_left = 0; memory_left < io; memory_left += 4096) {
        ck_assert_int_eq(init_with(&f, offered, io_ends), TERN_FULL);
        ck_assert(f.dev.stopped);
        fake_free(&f);
    }
    /* The last pieces are small. */
    for (memory_left = 0; memory_left < own; memory_left += own - memory_left < 9000 ? 16 : 4096) {
        ck_assert_int_eq(init_with(&f, offered, own_ends), TERN_FULL);
        ck_assert(f.dev.stopped);
        fake_free(&f);
    }
}
END_TEST

/* A device whose interrupt, or one of whose queues, does not start. */
static int fails_at;

static enum tern_err broken_irq_start(struct virtio_dev *dev)
{
    (void)dev;
    return fails_at-- == 0 ? TERN_UNREACHABLE : TERN_OK;
}

static enum tern_err broken_queue_start(struct virtio_dev *dev, struct virtio_queue *q)
{
    (void)dev;
    (void)q;
    return fails_at-- == 0 ? TERN_UNREACHABLE : TERN_OK;
}

static void breaks(struct fake *f)
{
    static struct virtio_transport_ops broken;
    broken = *f->dev.ops;
    broken.irq_start = broken_irq_start;
    broken.queue_start = broken_queue_start;
    f->dev.ops = &broken;
}

/* A configuration that changes with each look at it. */
static unsigned n_looks;

static uint32_t moving_config(struct virtio_dev *dev, struct virtio_field field)
{
    (void)dev;
    (void)field;
    return n_looks++;
}

START_TEST(test_net_legacy_configuration_is_read_until_it_stands_still)
{
    static const struct virtio_field fields[] = { { 0, 1 }, { 1, 1 } };
    static struct fake f;
    struct virtio_transport_ops moving;
    uint32_t out[2];
    fake_init(&f, FAKE_ALL);
    moving = *f.dev.ops;
    moving.config = moving_config;
    ck_assert_int_eq(virtio_dev_config(&f.dev, fields, 2, out), TERN_OK);
    f.dev.legacy = true;    /* it has no generation, so it is read twice */
    ck_assert_int_eq(virtio_dev_config(&f.dev, fields, 2, out), TERN_OK);
    f.dev.ops = &moving;
    ck_assert_int_eq(virtio_dev_config(&f.dev, fields, 2, out), TERN_AGAIN);
    ck_assert_uint_le(n_looks, 1000);
    f.dev.legacy = false;
    ck_assert_int_eq(virtio_dev_config(&f.dev, fields, 2, out), TERN_OK);
    fake_free(&f);
}
END_TEST

START_TEST(test_net_refuses_a_device_that_refuses_to_start)
{
    static struct fake f;
    static struct virtio_net net;
    const uint64_t offered = FAKE_ALL | FAKE_CTRL_VQ | FAKE_CTRL_RX;
    for (int i = 0; i < 4; i++) {
        fails_at = i;
        ck_assert_int_eq(init_with(&f, offered, breaks), TERN_UNREACHABLE);
        ck_assert_ptr_nonnull(strstr(f.log, i == 0 ? "its interrupt cannot be had"
                                                   : "does not take its queues"));
        ck_assert(f.dev.stopped);
        ck_assert_int_eq(fails_at, -1);    /* and nothing was started after that */
        fake_free(&f);
    }
    fake_init(&f, FAKE_ALL);
    f.dev.interrupt = NULL;
    ck_assert_int_eq(virtio_net_init(&net, &f.dev, NULL), TERN_INVALID);
    ck_assert_uint_eq(f.n_resets, 0);
    fake_free(&f);
}
END_TEST

START_TEST(test_net_without_an_address_takes_a_local_one)
{
    static const uint8_t local[6] = { 0x02, 0x54, 0x65, 0x72, 0x6e, 0x01 };
    fixture_begin(&x, VIRTIO_F_VERSION_1, NULL);
    ck_assert_mem_eq(x.net.link.mac, local, 6);
    fixture_end(&x);
}
END_TEST

START_TEST(test_net_default_memory_is_bounded_by_the_machines)
{
    static const uint64_t sizes[] = { 8u << 20, 16u << 20, 64u << 20, UINT64_C(4) << 30 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct virtio_net_config config = virtio_net_config_for(sizes[i]);
        fixture_begin(&x, FAKE_ALL, &config);
        ck_assert_uint_le(x.f.io_used + x.f.own_used, sizes[i] / 8);
        ck_assert_uint_eq(x.f.taken, FAKE_ALL);
        fixture_end(&x);
    }
    ck_assert_uint_eq(virtio_net_config_for((12u << 20) - 1).n_rx, 64);
    ck_assert_uint_eq(virtio_net_config_for(12u << 20).n_rx, 256);
    ck_assert_uint_eq(virtio_net_config_for((48u << 20) - 1).n_tx_long, 4);
    ck_assert_uint_eq(virtio_net_config_for(48u << 20).n_tx_long, 0);    /* the default */
}
END_TEST

START_TEST(test_net_long_mtu_has_its_buffers)
{
    uint64_t offered = VIRTIO_F_VERSION_1 | FAKE_MAC | FAKE_MTU;
    static uint8_t frame[9018];
    fixture_mtu(&x, offered, 9000);
    ck_assert_uint_eq(x.net.link.mtu, 9000);
    ck_assert_uint_ge(x.net.link.slot_max, 9018);
    fixture_fill(frame, sizeof frame, 1);
    ck_assert(fake_deliver(&x.f, NULL, frame, sizeof frame));    /* in one buffer */
    ck_assert(fixture_poll(&x));
    fixture_assert_got(&x, 0, frame, sizeof frame);
    fixture_end(&x);
    fixture_mtu(&x, offered, 65535);
    ck_assert_uint_eq(x.net.link.mtu, 9216);
    fixture_end(&x);
    fixture_mtu(&x, offered, 67);    /* less than any IP host may have */
    ck_assert_uint_eq(x.net.link.mtu, 1500);
    fixture_end(&x);
}
END_TEST

/* ---- Interrupts and changes --------------------------------------------- */

START_TEST(test_net_interrupts_only_when_idle)
{
    static uint8_t frame[60];
    ck_assert(!fixture_poll(&x));
    fake_deliver(&x.f, NULL, frame, sizeof frame);
    ck_assert_uint_eq(x.f.n_interrupts, 0);
    ck_assert(fixture_poll(&x));
    ck_assert(virtio_net_idle(&x.net));
    fake_deliver(&x.f, NULL, frame, sizeof frame);
    ck_assert_uint_eq(x.f.n_interrupts, 1);
    ck_assert(fixture_poll(&x));
    fake_deliver(&x.f, NULL, frame, sizeof frame);
    ck_assert_uint_eq(x.f.n_interrupts, 1);
    ck_assert(!virtio_net_idle(&x.net));
}
END_TEST

/* The device acts right after the driver's nth access to the shared memory. */
static unsigned step_at, step_now;
static bool step_sends;
static void act_at_step(struct fake *f, uint8_t *addr, bool written)
{
    static uint8_t frame[60];
    (void)addr;
    (void)written;
    if (step_now++ != step_at)
        return;
    if (step_sends)
        fake_send(f);
    else
        fake_deliver(f, NULL, frame, sizeof frame);
}

/*
 * Whenever a frame comes or room appears while the loop polls and goes idle,
 * the loop hears of it: by what poll and idle return, or by an interrupt after.
 */
START_TEST(test_net_no_wakeup_is_lost)
{
    step_sends = (_i & 1) != 0;
    for (step_at = 0;; step_at++) {
        fixture_begin(&x, FAKE_ALL | ((_i & 2) != 0 ? VIRTIO_F_EVENT_IDX : 0), NULL);
        if (step_sends)
            fixture_fill_up(&x, 60);
        x.f.n_interrupts = 0;
        step_now = 0;
        fake_watch(&x.f, act_at_step);
        bool news = fixture_poll(&x);
        bool may_wait = virtio_net_idle(&x.net);
        fake_watch_end(&x.f);
        unsigned steps = step_now;
        if (may_wait && !news)
            ck_assert_msg(x.f.n_interrupts >= 1 || steps <= step_at, "lost after access %u",
                          step_at);
        fixture_end(&x);
        if (steps <= step_at)
            break;
    }
    ck_assert_uint_ge(step_at, 3);
}
END_TEST

START_TEST(test_net_tells_of_carrier_and_mtu)
{
    x.f.config[6] = 0;
    fake_config_change(&x.f);
    ck_assert(!virtio_net_idle(&x.net));
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_changed, 1);
    ck_assert(!x.net.link.up);
    ck_assert(!fixture_poll(&x));
    fake_config_change(&x.f);    /* but nothing has */
    ck_assert(!fixture_poll(&x));
    ck_assert(virtio_net_idle(&x.net));
    x.f.config[6] = 1;
    tern_store_le16(x.f.config + 10, 1400);
    fake_config_change(&x.f);
    ck_assert(fixture_poll(&x));
    ck_assert(x.net.link.up);
    ck_assert_uint_eq(x.net.link.mtu, 1400);
    ck_assert_uint_eq(x.n_changed, 2);
    tern_store_le16(x.f.config + 10, 9000);    /* more than the slots hold */
    fake_config_change(&x.f);
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.net.link.mtu, x.net.tx_cap - 18);
}
END_TEST

START_TEST(test_net_device_that_gives_up_is_a_link_that_is_down)
{
    uint8_t frame[60] = { 0 };
    x.f.status |= VIRTIO_STATUS_NEEDS_RESET;
    fake_config_change(&x.f);
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_changed, 1);
    ck_assert(!x.net.link.up);
    ck_assert_uint_eq(x.f.status, 0);
    ck_assert_ptr_nonnull(strstr(x.f.log, "gave up"));
    ck_assert_int_eq(fixture_send(&x, frame, sizeof frame), TERN_UNREACHABLE);
    ck_assert(!fixture_poll(&x));
    ck_assert(virtio_net_idle(&x.net));
}
END_TEST

static void add_both(TCase *tc)
{
    tcase_add_test(tc, test_net_interrupts_only_when_idle);
}

Suite *virtio_net_suite(void)
{
    Suite *s = suite_create("virtio_net");
    TCase *start = tcase_create("start");
    tcase_add_test(start, test_net_address_is_read_and_the_device_left_reset);
    tcase_add_test(start, test_net_takes_the_features_that_make_sense_together);
    tcase_add_test(start, test_net_takes_large_frames_only_where_the_ring_holds_one);
    tcase_add_test(start, test_net_refuses_a_device_that_it_cannot_use);
    tcase_add_test(start, test_net_refuses_an_impossible_configuration);
    tcase_add_loop_test(start, test_net_memory_may_end_anywhere, 0, 2);
    tcase_add_test(start, test_net_legacy_configuration_is_read_until_it_stands_still);
    tcase_add_test(start, test_net_refuses_a_device_that_refuses_to_start);
    tcase_add_test(start, test_net_without_an_address_takes_a_local_one);
    tcase_add_test(start, test_net_default_memory_is_bounded_by_the_machines);
    tcase_add_test(start, test_net_long_mtu_has_its_buffers);
    tcase_add_loop_test(start, test_net_no_wakeup_is_lost, 0, 4);
    suite_add_tcase(s, start);
    TCase *plain = tcase_create("flags");
    tcase_add_checked_fixture(plain, setup, teardown);
    add_both(plain);
    tcase_add_test(plain, test_net_reads_address_mtu_and_carrier);
    tcase_add_test(plain, test_net_tells_of_carrier_and_mtu);
    tcase_add_test(plain, test_net_device_that_gives_up_is_a_link_that_is_down);
    suite_add_tcase(s, plain);
    TCase *events = tcase_create("event_idx");
    tcase_add_checked_fixture(events, setup_events, teardown);
    add_both(events);
    suite_add_tcase(s, events);
    return s;
}
