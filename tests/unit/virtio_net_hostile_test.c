/* SPDX-License-Identifier: ISC */
/*
 * The network driver with a device that lies: lengths and numbers that cannot
 * be, frames and headers rewritten after they were published. Each breach is
 * counted exactly once, stops the device, and takes nothing else with it.
 */
#include "suites.h"
#include "virtio_net_fixture.h"

#include <stdlib.h>
#include <string.h>

static struct net_fixture x;
static uint8_t frame[VIRTIO_NET_FRAME_MAX + 4096];

static void setup(void) { fixture_begin(&x, FAKE_ALL, NULL); }
static void setup_events(void) { fixture_begin(&x, FAKE_ALL | VIRTIO_F_EVENT_IDX, NULL); }
static void teardown(void) { fixture_end(&x); }

/*
 * Exactly this breach, once. The stack is told that the link is down, once; what
 * the device can reach is not touched any more, whatever is called.
 */
static void assert_breach(enum virtio_breach breach)
{
    struct virtio_net *net = &x.net;
    for (int i = 0; i < VIRTIO_BREACH_COUNT; i++)
        ck_assert_uint_eq(x.f.dev.breaches[i], i == (int)breach ? 1 : 0);
    ck_assert_ptr_nonnull(strstr(x.f.log, virtio_breach_text(breach)));
    ck_assert(!net->link.up);
    ck_assert_uint_eq(x.n_changed, 1);
    ck_assert_uint_eq(x.f.n_resets, 1);
    ck_assert_uint_eq(x.f.status, 0);

    uint8_t *before = malloc(x.f.io_len);
    memcpy(before, x.f.io, x.f.io_len);
    unsigned notified = x.f.q[FAKE_RX].n_notified + x.f.q[FAKE_TX].n_notified;
    fixture_poll(&x);
    ck_assert(virtio_net_idle(net));
    ck_assert_int_eq(fixture_send(&x, frame, 60), TERN_UNREACHABLE);
    net->link.ops->flush(&net->link);
    fake_config_change(&x.f);
    fixture_poll(&x);
    ck_assert_int_eq(memcmp(before, x.f.io, x.f.io_len), 0);
    free(before);
    ck_assert_uint_eq(x.f.q[FAKE_RX].n_notified + x.f.q[FAKE_TX].n_notified, notified);
    ck_assert_uint_eq(x.n_changed, 1);
    ck_assert_uint_eq(x.f.n_resets, 1);
    for (int i = 0; i < VIRTIO_BREACH_COUNT; i++)
        ck_assert_uint_eq(x.f.dev.breaches[i], i == (int)breach ? 1 : 0);
}

/* Gives the next receive buffer back with this length, its header all zero but num_buffers. */
static void give(uint32_t len, uint16_t num_buffers)
{
    uint8_t *buf;
    uint16_t id = fake_take(&x.f, FAKE_RX, &buf, NULL);
    memset(buf, 0, 12);
    tern_store_le16(buf + 10, num_buffers);
    fake_give(&x.f, FAKE_RX, id, len);
}

START_TEST(hostile_net_55_length_zero_or_shorter_than_a_header)
{
    give((uint32_t)_i, 1);
    fake_show(&x.f, FAKE_RX);
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_input, 0);
    assert_breach(VIRTIO_BREACH_SHORT);
}
END_TEST

START_TEST(hostile_net_55_length_above_the_buffer_for_a_frame)
{
    give(2049, 1);
    fake_show(&x.f, FAKE_RX);
    ck_assert(fixture_poll(&x));
    assert_breach(VIRTIO_BREACH_LEN);
}
END_TEST

START_TEST(hostile_net_55_length_of_the_second_buffer_above_the_buffer)
{
    give(2048, 2);
    give(0xffffffffu, 0);
    fake_show(&x.f, FAKE_RX);
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_input, 0);
    assert_breach(VIRTIO_BREACH_LEN);
}
END_TEST

START_TEST(hostile_net_55_frame_of_no_buffers)
{
    give(72, 0);
    fake_show(&x.f, FAKE_RX);
    ck_assert(fixture_poll(&x));
    assert_breach(VIRTIO_BREACH_NUM_BUFFERS);
}
END_TEST

START_TEST(hostile_net_55_frame_of_more_buffers_than_the_ring_has)
{
    static const uint16_t nums[] = { 257, 258, 0x8000, 0xffff };
    give(72, nums[_i]);
    fake_show(&x.f, FAKE_RX);
    ck_assert(fixture_poll(&x));
    assert_breach(VIRTIO_BREACH_NUM_BUFFERS);
}
END_TEST

START_TEST(hostile_net_55_frame_of_all_buffers_is_too_long)
{
    for (unsigned i = 0; i < 256; i++)
        give(2048, 256);
    fake_show(&x.f, FAKE_RX);
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_input, 0);
    assert_breach(VIRTIO_BREACH_TOO_LONG);
}
END_TEST

START_TEST(hostile_net_55_frame_one_octet_too_long)
{
    ck_assert(fake_deliver(&x.f, NULL, frame, VIRTIO_NET_FRAME_MAX));
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_input, 1);
    ck_assert(fake_deliver(&x.f, NULL, frame, VIRTIO_NET_FRAME_MAX + 1));
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_input, 1);
    assert_breach(VIRTIO_BREACH_TOO_LONG);
}
END_TEST

START_TEST(hostile_net_55_used_index_of_received_frames_jumps)
{
    give(72, 1);
    fake_used_idx(&x.f, FAKE_RX, 300);
    ck_assert(fixture_poll(&x));
    assert_breach(VIRTIO_BREACH_USED_IDX);
}
END_TEST

START_TEST(hostile_net_55_same_buffer_twice_in_one_frame)
{
    uint16_t id = fake_take(&x.f, FAKE_RX, NULL, NULL);
    uint8_t *buf = x.net.rx_bufs + (size_t)id * x.net.rx_cap;
    memset(buf, 0, 12);
    buf[10] = 2;
    fake_give(&x.f, FAKE_RX, id, 2048);
    fake_give(&x.f, FAKE_RX, id, 2048);
    fake_show(&x.f, FAKE_RX);
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_input, 0);
    assert_breach(VIRTIO_BREACH_NOT_IN_FLIGHT);
}
END_TEST

START_TEST(hostile_net_55_good_frames_before_a_bad_one_still_arrive)
{
    ck_assert(fake_deliver(&x.f, NULL, frame, 60));
    ck_assert(fake_deliver(&x.f, NULL, frame, 61));
    fake_give(&x.f, FAKE_RX, 9999, 60);
    fake_show(&x.f, FAKE_RX);
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_got, 2);
    ck_assert_uint_eq(x.got[1].len, 61);
    assert_breach(VIRTIO_BREACH_ID);
}
END_TEST

/* It waits for room in the next batch; until then the device proves a liar elsewhere. */
START_TEST(hostile_net_55_frame_gathered_before_its_device_was_stopped)
{
    static const struct virtio_net_config config = { .arena_len = VIRTIO_NET_ARENA_LEAST };
    fixture_end(&x);
    fixture_begin(&x, FAKE_ALL, &config);
    for (unsigned i = 0; i < 3; i++)
        ck_assert(fake_deliver(&x.f, NULL, frame, 30000));
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_got, 2);
    ck_assert(virtio_net_rx_waiting(&x.net));
    virtio_dev_breach(&x.f.dev, VIRTIO_BREACH_ID);
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_input, 1);
    assert_breach(VIRTIO_BREACH_ID);
}
END_TEST

START_TEST(hostile_net_55_sent_buffer_given_back_twice)
{
    x.f.honest_tx = false;
    ck_assert_int_eq(fixture_send(&x, frame, 60), TERN_OK);
    while (fixture_send(&x, frame, 60) == TERN_OK)
        continue;
    x.net.link.ops->flush(&x.net.link);
    uint16_t id = fake_take(&x.f, FAKE_TX, NULL, NULL);
    fake_give(&x.f, FAKE_TX, id, 0);
    fake_give(&x.f, FAKE_TX, id, 0);
    fake_show(&x.f, FAKE_TX);
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_tx_room, 0);
    assert_breach(VIRTIO_BREACH_NOT_IN_FLIGHT);
}
END_TEST

/* As Cloud Hypervisor's does, which gives there the octets that it has sent. */
START_TEST(hostile_net_55_length_of_a_sent_frame_is_ignored)
{
    x.f.tx_used_len = 72;
    for (unsigned i = 0; i < 3 * 120; i++) {
        ck_assert_int_eq(fixture_send(&x, frame, 60), TERN_OK);
        x.net.link.ops->flush(&x.net.link);
    }
    ck_assert(!x.net.dev->stopped);
    ck_assert_uint_eq(x.net.stats.tx_frames, 3 * 120);
}
END_TEST

START_TEST(hostile_net_55_checksum_ok_falsely_for_what_is_no_frame)
{
    /* "Valid" is the device's word; what contradicts the frame costs the frame. */
    static const uint8_t hdr[12] = { 1, 1, 0, 0, 0xb4, 0x05, 0xff, 0xff, 0xff, 0xff };
    ck_assert(fake_deliver(&x.f, hdr, frame, 60));
    ck_assert(fake_deliver(&x.f, NULL, frame, 61));
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_got, 1);
    ck_assert_uint_eq(x.got[0].len, 61);
    ck_assert_uint_eq(x.net.stats.rx_bad_header, 1);
    ck_assert(!x.f.dev.stopped);
}
END_TEST

/* The device rewrites all that it can reach. */
static void rewrite_all(struct net_fixture *fixture)
{
    memset(fixture->f.io, 0xee, fixture->f.io_used);
}

START_TEST(hostile_net_55_frames_rewritten_while_the_stack_has_them)
{
    static uint8_t large[30000];
    fixture_fill(frame, 1514, 1);
    fixture_fill(large, sizeof large, 2);
    ck_assert(fake_deliver(&x.f, NULL, frame, 1514));
    ck_assert(fake_deliver(&x.f, NULL, large, sizeof large));
    x.during_input = rewrite_all;
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_got, 2);
    fixture_assert_got(&x, 0, frame, 1514);    /* what was parsed has not changed */
    fixture_assert_got(&x, 1, large, sizeof large);
}
END_TEST

/* After each load of the driver the octets that it has just read become others. */
static unsigned n_header_loads;
static uint8_t *header_at;
static void spoil_read(struct fake *f, uint8_t *addr, bool written)
{
    (void)f;
    if (written)
        return;
    if (addr >= header_at && addr < header_at + 12)
        n_header_loads++;
    if (addr >= x.net.rx_bufs && addr < x.net.rx_bufs + (size_t)x.net.rx.num * x.net.rx_cap)
        memset(addr, 0xff, 2);    /* no load of ours is narrower */
}

START_TEST(hostile_net_55_header_and_frame_rewritten_after_each_load)
{
    static const uint8_t hdr[12] = { 1, 1, 54, 0, 10, 0, 34, 0, 16, 0 };
    static uint8_t zeros[3000];
    header_at = x.net.rx_bufs;    /* the first buffer's */
    ck_assert(fake_deliver(&x.f, hdr, zeros, sizeof zeros));
    n_header_loads = 0;
    fake_watch(&x.f, spoil_read);
    size_t n = virtio_net_rx_batch(&x.net);
    fake_watch_end(&x.f);
    ck_assert_uint_eq(n, 1);
    /* At most one load an octet; what it says now (65,535 buffers) nobody reads. */
    ck_assert_uint_le(n_header_loads, 12);
    ck_assert_uint_eq(x.net.batch[0].csum, TERN_CSUM_PARTIAL);
    ck_assert_uint_eq(x.net.batch[0].gso, TERN_GSO_TCP4);
    ck_assert_uint_eq(x.net.batch[0].seg_len, 10);
    ck_assert_uint_eq(x.net.spans[0].len, sizeof zeros);
    ck_assert(!x.f.dev.stopped);
}
END_TEST

/* The device writes at random into all that it shares, after each access. */
static uint64_t seed;
static uint32_t next_random(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33);
}

static void scribble(struct fake *f, uint8_t *addr, bool written)
{
    (void)written;
    if (next_random() % 8 == 0)
        addr[next_random() % 2] = (uint8_t)next_random();
    if (next_random() % 16 == 0)
        f->io[next_random() % f->io_used] = (uint8_t)next_random();
}

/* All memory of the driver but its arena, the state of its queues, stays what it was. */
START_TEST(hostile_net_55_random_writes_at_every_access)
{
    unsigned n_stopped = 0;
    for (unsigned round = 0; round < 12; round++) {
        seed = (uint64_t)_i * 1000 + round;
        fixture_begin(&x, FAKE_ALL | (round % 2 != 0 ? VIRTIO_F_EVENT_IDX : 0), NULL);
        size_t guard = x.f.own_used;
        for (unsigned turn = 0; turn < 8; turn++) {
            if (!x.f.dev.stopped && fake_n_avail(&x.f, FAKE_RX) <= 256)
                fake_deliver(&x.f, NULL, frame, 60 + next_random() % 200);
            fake_watch(&x.f, scribble);
            fixture_poll(&x);
            if (x.net.link.up)
                fixture_send(&x, frame, 60);
            x.net.link.ops->flush(&x.net.link);
            virtio_net_idle(&x.net);
            fake_watch_end(&x.f);
        }
        uint64_t n_breaches = 0;
        for (int i = 0; i < VIRTIO_BREACH_COUNT; i++)
            n_breaches += x.f.dev.breaches[i];
        ck_assert_uint_eq(n_breaches, x.f.dev.stopped ? 1 : 0);
        n_stopped += x.f.dev.stopped;
        while (guard < x.f.own_len && x.f.own[guard] == 0xa5)    /* behind the driver's own */
            guard++;
        ck_assert_uint_eq(guard, x.f.own_len);
        fixture_end(&x);
    }
    ck_assert_uint_ge(n_stopped, 1);    /* it did find something */
}
END_TEST

static void add_all(TCase *tc)
{
    tcase_add_loop_test(tc, hostile_net_55_length_zero_or_shorter_than_a_header, 0, 12);
    tcase_add_test(tc, hostile_net_55_length_above_the_buffer_for_a_frame);
    tcase_add_test(tc, hostile_net_55_length_of_the_second_buffer_above_the_buffer);
    tcase_add_test(tc, hostile_net_55_frame_of_no_buffers);
    tcase_add_loop_test(tc, hostile_net_55_frame_of_more_buffers_than_the_ring_has, 0, 4);
    tcase_add_test(tc, hostile_net_55_frame_of_all_buffers_is_too_long);
    tcase_add_test(tc, hostile_net_55_frame_one_octet_too_long);
    tcase_add_test(tc, hostile_net_55_used_index_of_received_frames_jumps);
    tcase_add_test(tc, hostile_net_55_same_buffer_twice_in_one_frame);
    tcase_add_test(tc, hostile_net_55_good_frames_before_a_bad_one_still_arrive);
    tcase_add_test(tc, hostile_net_55_frame_gathered_before_its_device_was_stopped);
    tcase_add_test(tc, hostile_net_55_sent_buffer_given_back_twice);
    tcase_add_test(tc, hostile_net_55_length_of_a_sent_frame_is_ignored);
    tcase_add_test(tc, hostile_net_55_checksum_ok_falsely_for_what_is_no_frame);
    tcase_add_test(tc, hostile_net_55_frames_rewritten_while_the_stack_has_them);
    tcase_add_test(tc, hostile_net_55_header_and_frame_rewritten_after_each_load);
}

Suite *virtio_net_hostile_suite(void)
{
    Suite *s = suite_create("virtio_net_hostile");
    TCase *plain = tcase_create("flags");
    tcase_add_checked_fixture(plain, setup, teardown);
    add_all(plain);
    suite_add_tcase(s, plain);
    TCase *events = tcase_create("event_idx");
    tcase_add_checked_fixture(events, setup_events, teardown);
    add_all(events);
    suite_add_tcase(s, events);
    TCase *random_writes = tcase_create("random");
    tcase_add_loop_test(random_writes, hostile_net_55_random_writes_at_every_access, 0, 4);
    suite_add_tcase(s, random_writes);
    return s;
}
