/* SPDX-License-Identifier: ISC */
/*
 * The split ring (virtio 1.2 section 2.7), with a device that is honest, and
 * with one that writes each value that no honest device writes.
 */
#include "suites.h"
#include "virtio_fake.h"

#include <string.h>

enum { NUM = 8, CAP = 64 };

static struct fake f;
static struct virtio_queue q;
static uint8_t *bufs;

static void begin(uint64_t offered)
{
    uint64_t seen;
    fake_init(&f, offered | VIRTIO_F_VERSION_1);
    q = (struct virtio_queue){ .desc = NULL };
    ck_assert_int_eq(virtio_dev_open(&f.dev, &seen), TERN_OK);
    ck_assert_int_eq(virtio_dev_agree(&f.dev, seen, 0), TERN_OK);
    ck_assert_int_eq(virtio_queue_init(&q, &f.dev, FAKE_RX, NUM, 1), TERN_OK);
    ck_assert_int_eq(f.dev.ops->queue_start(&f.dev, &q), TERN_OK);
    virtio_dev_go(&f.dev);
    bufs = f.dev.env->carve_io(NUM * CAP);
    for (uint16_t i = 0; i < NUM; i++)
        virtio_queue_place(&q, i, bufs + i * CAP);
    f.n_resets = 0;
}

static void setup_plain(void) { begin(0); }
static void setup_events(void) { begin(VIRTIO_F_EVENT_IDX); }
static void teardown(void) { fake_free(&f); }

static void post_all(void)
{
    for (uint16_t i = 0; i < NUM; i++)
        virtio_queue_post(&q, i, CAP, true);
    virtio_queue_publish(&q);
}

/* Exactly this breach, once; the device is reset and the queue says that it is over. */
static void assert_breach(enum virtio_breach breach)
{
    for (int i = 0; i < VIRTIO_BREACH_COUNT; i++)
        ck_assert_uint_eq(f.dev.breaches[i], i == (int)breach ? 1 : 0);
    ck_assert(f.dev.stopped);
    ck_assert_uint_eq(f.n_resets, 1);
    ck_assert_uint_eq(f.status, 0);
    ck_assert_ptr_nonnull(strstr(f.log, virtio_breach_text(breach)));
    struct virtio_used used;
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_ABORTED);
    ck_assert_uint_eq(virtio_queue_ready(&q), 0);
    ck_assert_uint_eq(f.dev.breaches[breach], 1);
}

START_TEST(test_queue_num_must_be_a_power_of_two_in_bounds)
{
    static const struct { uint16_t num; enum tern_err err; const char *why; } rows[] = {
        { 0, TERN_INVALID, "none" }, { 1, TERN_INVALID, "too few" },
        { 2, TERN_OK, "the least" }, { 3, TERN_INVALID, "no power of two" },
        { 1024, TERN_OK, "the most" }, { 1025, TERN_INVALID, "no power of two" },
        { 2048, TERN_INVALID, "too many" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct virtio_queue other = { .desc = NULL };
        ck_assert_msg(virtio_queue_init(&other, &f.dev, 1, rows[i].num, 1) == rows[i].err, "%s",
                      rows[i].why);
    }
}
END_TEST

START_TEST(test_queue_buffers_have_one_piece_to_four)
{
    for (unsigned pieces = 0; pieces <= VIRTIO_PIECES_MAX + 1; pieces++) {
        struct virtio_queue other = { .desc = NULL };
        ck_assert_int_eq(virtio_queue_init(&other, &f.dev, 1, 8, pieces),
                         pieces >= 1 && pieces <= VIRTIO_PIECES_MAX ? TERN_OK : TERN_INVALID);
    }
}
END_TEST

START_TEST(test_queue_without_memory_is_full)
{
    struct virtio_queue other = { .desc = NULL };
    f.io_used = f.io_len;
    ck_assert_int_eq(virtio_queue_init(&other, &f.dev, 1, 256, 1), TERN_FULL);
    f.io_used = 0;
    f.own_used = f.own_len;
    other = (struct virtio_queue){ .desc = NULL };
    ck_assert_int_eq(virtio_queue_init(&other, &f.dev, 1, 256, 1), TERN_FULL);
}
END_TEST

START_TEST(test_queue_shares_its_pages_with_nothing)
{
    ck_assert_uint_eq((uintptr_t)q.desc % 4096, 0);
    uintptr_t end = (uintptr_t)(q.used + 3 + 4 * NUM);
    ck_assert_uint_le(end, (uintptr_t)bufs);
    ck_assert_uint_eq((uintptr_t)bufs % 4096, 0);
}
END_TEST

START_TEST(test_queue_posted_buffers_are_seen_only_when_published)
{
    virtio_queue_post(&q, 3, CAP, true);
    ck_assert_uint_eq(fake_n_avail(&f, FAKE_RX), 0);
    ck_assert_uint_eq(f.q[FAKE_RX].n_notified, 0);
    virtio_queue_post(&q, 5, 10, false);
    virtio_queue_publish(&q);
    ck_assert_uint_eq(fake_n_avail(&f, FAKE_RX), 2);
    ck_assert_uint_eq(f.q[FAKE_RX].n_notified, 1);
    virtio_queue_publish(&q);    /* nothing new */
    ck_assert_uint_eq(f.q[FAKE_RX].n_notified, 1);
    uint8_t *buf;
    uint32_t len;
    ck_assert_uint_eq(fake_take(&f, FAKE_RX, &buf, &len), 3);
    ck_assert_ptr_eq(buf, bufs + 3 * CAP);
    ck_assert_uint_eq(len, CAP);
    ck_assert_uint_eq(virtio_le16(q.desc[3].flags), VIRTIO_DESC_WRITE);
    ck_assert_uint_eq(fake_take(&f, FAKE_RX, &buf, &len), 5);
    ck_assert_uint_eq(len, 10);
    ck_assert_uint_eq(virtio_le16(q.desc[5].flags), 0);
}
END_TEST

START_TEST(test_queue_takes_buffers_back_in_any_order)
{
    static const uint16_t order[NUM] = { 5, 0, 7, 3, 1, 6, 2, 4 };
    struct virtio_used used;
    post_all();
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_AGAIN);
    for (uint16_t i = 0; i < NUM; i++)
        fake_give(&f, FAKE_RX, order[i], i);
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_AGAIN);    /* not shown yet */
    fake_show(&f, FAKE_RX);
    ck_assert_uint_eq(virtio_queue_ready(&q), NUM);
    for (uint16_t i = 0; i < NUM; i++) {
        ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_OK);
        ck_assert_uint_eq(used.id, order[i]);
        ck_assert_uint_eq(used.len, i);
    }
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_AGAIN);
    ck_assert_uint_eq(q.n_in_flight, 0);
    ck_assert(!f.dev.stopped);
}
END_TEST

START_TEST(test_queue_indices_wrap_over_2_to_the_16)
{
    struct virtio_used used;
    unsigned posted = 0, taken = 0;
    post_all();
    posted += NUM;
    while (taken < 3 * 65536u) {
        unsigned n = 1 + taken % NUM;
        for (unsigned i = 0; i < n; i++)
            fake_give(&f, FAKE_RX, fake_take(&f, FAKE_RX, NULL, NULL), taken % CAP);
        fake_show(&f, FAKE_RX);
        for (unsigned i = 0; i < n; i++, taken++) {
            ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_OK);
            virtio_queue_post(&q, used.id, CAP, true);
            posted++;
        }
        virtio_queue_publish(&q);
        ck_assert_uint_eq(fake_n_avail(&f, FAKE_RX), NUM);
    }
    ck_assert_uint_eq(posted, taken + NUM);
    ck_assert(!f.dev.stopped);
}
END_TEST

START_TEST(test_queue_does_not_notify_a_device_that_asks_for_silence)
{
    f.q[FAKE_RX].used[0] = virtio_le16(1);
    post_all();
    ck_assert_uint_eq(f.q[FAKE_RX].n_notified, 0);
    ck_assert_uint_eq(fake_n_avail(&f, FAKE_RX), NUM);
}
END_TEST

START_TEST(test_queue_notifies_when_the_devices_event_is_passed)
{
    /* Section 2.7.10: avail_event 2 asks for word of the third buffer. */
    volatile uint16_t *avail_event = q.used + 2 + 4 * NUM;
    *avail_event = virtio_le16(2);
    for (uint16_t i = 0; i < 4; i++) {
        virtio_queue_post(&q, i, CAP, true);
        virtio_queue_publish(&q);
        ck_assert_uint_eq(f.q[FAKE_RX].n_notified, i >= 2 ? 1 : 0);
    }
    f.q[FAKE_RX].used[0] = virtio_le16(1);    /* the flag counts no more */
    *avail_event = virtio_le16(4);
    virtio_queue_post(&q, 4, CAP, true);
    virtio_queue_publish(&q);
    ck_assert_uint_eq(f.q[FAKE_RX].n_notified, 2);
}
END_TEST

static void give_one(uint16_t id)
{
    fake_give(&f, FAKE_RX, id, 1);
    fake_show(&f, FAKE_RX);
}

START_TEST(test_queue_interrupts_only_while_armed)
{
    struct virtio_used used;
    post_all();
    give_one(0);
    ck_assert_uint_eq(f.n_interrupts, 0);
    ck_assert(!virtio_queue_arm(&q));    /* 0 is here already */
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_OK);
    ck_assert(virtio_queue_arm(&q));
    give_one(1);
    ck_assert_uint_eq(f.n_interrupts, 1);
    virtio_queue_disarm(&q);
    give_one(2);
    give_one(3);
    ck_assert_uint_eq(f.n_interrupts, 1);
}
END_TEST

START_TEST(test_queue_stays_silent_over_a_whole_wrap)
{
    struct virtio_used used;
    post_all();
    for (unsigned i = 0; i < 70000; i++) {
        virtio_queue_disarm(&q);
        give_one(fake_take(&f, FAKE_RX, NULL, NULL));
        ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_OK);
        virtio_queue_post(&q, used.id, CAP, true);
        virtio_queue_publish(&q);
    }
    ck_assert_uint_eq(f.n_interrupts, 0);
}
END_TEST

/* The device gives buffer 0 back right after the driver's nth access. */
static unsigned step_at, step_now;
static void give_at_step(struct fake *fake, uint8_t *addr, bool written)
{
    (void)addr;
    (void)written;
    if (step_now++ == step_at) {
        fake_give(fake, FAKE_RX, 0, 1);
        fake_show(fake, FAKE_RX);
    }
}

START_TEST(test_queue_arming_loses_no_wakeup)
{
    for (step_at = 0;; step_at++) {
        f.dev.stopped = false;
        begin(_i != 0 ? VIRTIO_F_EVENT_IDX : 0);
        post_all();
        step_now = 0;
        fake_watch(&f, give_at_step);
        bool may_wait = virtio_queue_arm(&q);
        fake_watch_end(&f);
        unsigned n_interrupts = f.n_interrupts;
        fake_free(&f);
        if (step_now <= step_at)
            break;
        ck_assert_msg(!may_wait || n_interrupts == 1, "lost after access %u", step_at);
    }
    ck_assert_uint_ge(step_at, 2);    /* the wish and the look */
}
END_TEST

START_TEST(hostile_net_55_used_index_ahead_of_what_is_in_flight)
{
    struct virtio_used used;
    post_all();
    fake_used_idx(&f, FAKE_RX, NUM + 1);    /* indices read once and validated after the copy */
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_ABORTED);
    assert_breach(VIRTIO_BREACH_USED_IDX);
}
END_TEST

START_TEST(hostile_net_55_used_index_ahead_of_few_in_flight)
{
    virtio_queue_post(&q, 0, CAP, true);
    virtio_queue_publish(&q);
    fake_used_idx(&f, FAKE_RX, 2);    /* within the ring, but one was posted */
    ck_assert_uint_eq(virtio_queue_ready(&q), 0);
    assert_breach(VIRTIO_BREACH_USED_IDX);
}
END_TEST

START_TEST(hostile_net_55_used_index_steps_back)
{
    struct virtio_used used;
    post_all();
    give_one(0);
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_OK);
    fake_used_idx(&f, FAKE_RX, 0);
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_ABORTED);
    assert_breach(VIRTIO_BREACH_USED_IDX);
}
END_TEST

START_TEST(hostile_net_55_used_index_found_by_arming)
{
    post_all();
    fake_used_idx(&f, FAKE_RX, 0x8000);
    ck_assert(virtio_queue_arm(&q));
    assert_breach(VIRTIO_BREACH_USED_IDX);
    /* A device that is stopped is asked for nothing. */
    q.armed = false;
    ck_assert(virtio_queue_arm(&q));
    ck_assert(!q.armed);
}
END_TEST

START_TEST(hostile_net_55_id_outside_the_ring)
{
    static const uint32_t ids[] = { NUM, 0xffff, 0x10000, 0x80000000u, 0xffffffffu };
    struct virtio_used used;
    post_all();
    fake_give(&f, FAKE_RX, ids[_i], 1);
    fake_show(&f, FAKE_RX);
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_ABORTED);
    assert_breach(VIRTIO_BREACH_ID);
}
END_TEST

START_TEST(hostile_net_55_id_never_posted)
{
    struct virtio_used used;
    virtio_queue_post(&q, 0, CAP, true);
    virtio_queue_publish(&q);
    fake_give(&f, FAKE_RX, 1, 1);
    fake_show(&f, FAKE_RX);
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_ABORTED);
    assert_breach(VIRTIO_BREACH_NOT_IN_FLIGHT);
}
END_TEST

START_TEST(hostile_net_55_id_given_back_twice)
{
    struct virtio_used used;
    post_all();
    fake_give(&f, FAKE_RX, 4, 1);
    fake_give(&f, FAKE_RX, 4, 1);
    fake_show(&f, FAKE_RX);
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_OK);
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_ABORTED);
    assert_breach(VIRTIO_BREACH_NOT_IN_FLIGHT);
}
END_TEST

START_TEST(hostile_net_55_length_above_the_buffer)
{
    static const uint32_t lens[] = { CAP + 1, 0x10000 + CAP, 0xffffffffu };
    struct virtio_used used;
    post_all();
    fake_give(&f, FAKE_RX, 2, lens[_i]);
    fake_show(&f, FAKE_RX);
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_ABORTED);
    assert_breach(VIRTIO_BREACH_LEN);
}
END_TEST

/* Cloud Hypervisor gives the octets sent, others give nothing: none is believed. */
START_TEST(hostile_net_55_length_of_a_buffer_to_read_is_ignored)
{
    static const uint32_t lens[] = { 0, 1, CAP, CAP + 1, 0xffffffffu };
    struct virtio_used used;
    virtio_queue_post(&q, 0, CAP, false);
    virtio_queue_publish(&q);
    fake_give(&f, FAKE_RX, 0, lens[_i]);
    fake_show(&f, FAKE_RX);
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_OK);
    ck_assert_uint_eq(used.id, 0);
    ck_assert_uint_eq(used.len, 0);
    ck_assert(!f.dev.stopped);
}
END_TEST

START_TEST(hostile_net_55_descriptors_and_avail_rewritten_by_the_device)
{
    struct virtio_used used;
    post_all();
    memset((void *)(uintptr_t)q.desc, 0xff, NUM * sizeof *q.desc);
    for (size_t i = 0; i < 3 + NUM; i++)
        q.avail[i] = 0xffff;
    for (uint16_t i = 0; i < NUM; i++) {
        give_one(i);
        ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_OK);
        ck_assert_uint_eq(used.id, i);
    }
    ck_assert(!f.dev.stopped);
    /* And what is posted next is what we say, not what it made of it. */
    virtio_queue_post(&q, 6, 7, true);
    virtio_queue_publish(&q);
    ck_assert_uint_eq(virtio_le64(q.desc[6].addr), (uintptr_t)(bufs + 6 * CAP));
    ck_assert_uint_eq(virtio_le32(q.desc[6].len), 7);
    ck_assert_uint_eq(virtio_le16(q.avail[1]), NUM + 1);
}
END_TEST

/* Turns every cell to ones right after the driver has read it. */
static unsigned n_loads;
static void spoil(struct fake *fake, uint8_t *addr, bool written)
{
    (void)fake;
    if (!written) {
        memset(addr, 0xff, 2);
        n_loads++;
    }
}

START_TEST(hostile_net_55_ring_rewritten_after_each_load)
{
    struct virtio_used used;
    post_all();
    give_one(3);
    n_loads = 0;
    fake_watch(&f, spoil);
    enum tern_err err = virtio_queue_take(&q, &used);
    fake_watch_end(&f);
    ck_assert_int_eq(err, TERN_OK);
    ck_assert_uint_eq(used.id, 3);
    ck_assert_uint_eq(used.len, 1);
    ck_assert_uint_eq(n_loads, 3);    /* the index, the id, the length: once each */
    ck_assert(!q.posted[3].in_flight);
    ck_assert_uint_eq(q.n_in_flight, NUM - 1);
}
END_TEST

/* What was shown was counted once: a device cannot take it back. */
START_TEST(hostile_net_55_index_rewritten_between_two_buffers)
{
    struct virtio_used used;
    post_all();
    fake_give(&f, FAKE_RX, 3, 1);
    fake_give(&f, FAKE_RX, 5, 2);
    fake_show(&f, FAKE_RX);
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_OK);
    fake_used_idx(&f, FAKE_RX, 0x8000);
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_OK);
    ck_assert_uint_eq(used.id, 5);
    ck_assert(!f.dev.stopped);
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_ABORTED);
    assert_breach(VIRTIO_BREACH_USED_IDX);
}
END_TEST

START_TEST(hostile_net_55_stopped_device_is_left_alone)
{
    struct virtio_used used;
    static uint8_t before[4096];
    post_all();
    ck_assert(virtio_queue_arm(&q));    /* so that disarming would show */
    fake_used_idx(&f, FAKE_RX, 99);
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_ABORTED);
    virtio_queue_post(&q, 0, CAP, true);    /* what is posted now is never shown */
    memcpy(before, f.io, sizeof before);
    unsigned notified = f.q[FAKE_RX].n_notified;
    virtio_queue_publish(&q);
    virtio_queue_disarm(&q);
    ck_assert(virtio_queue_arm(&q));
    ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_ABORTED);
    virtio_dev_stop(&f.dev);
    ck_assert_mem_eq(before, f.io, sizeof before);
    ck_assert_uint_eq(f.q[FAKE_RX].n_notified, notified);
    ck_assert_uint_eq(f.n_resets, 1);
}
END_TEST

static void add_common(TCase *tc)
{
    tcase_add_test(tc, test_queue_num_must_be_a_power_of_two_in_bounds);
    tcase_add_test(tc, test_queue_buffers_have_one_piece_to_four);
    tcase_add_test(tc, test_queue_without_memory_is_full);
    tcase_add_test(tc, test_queue_shares_its_pages_with_nothing);
    tcase_add_test(tc, test_queue_posted_buffers_are_seen_only_when_published);
    tcase_add_test(tc, test_queue_takes_buffers_back_in_any_order);
    tcase_add_test(tc, test_queue_indices_wrap_over_2_to_the_16);
    tcase_add_test(tc, test_queue_interrupts_only_while_armed);
    tcase_add_test(tc, test_queue_stays_silent_over_a_whole_wrap);
    tcase_add_test(tc, hostile_net_55_used_index_ahead_of_what_is_in_flight);
    tcase_add_test(tc, hostile_net_55_used_index_ahead_of_few_in_flight);
    tcase_add_test(tc, hostile_net_55_used_index_steps_back);
    tcase_add_test(tc, hostile_net_55_used_index_found_by_arming);
    tcase_add_loop_test(tc, hostile_net_55_id_outside_the_ring, 0, 5);
    tcase_add_test(tc, hostile_net_55_id_never_posted);
    tcase_add_test(tc, hostile_net_55_id_given_back_twice);
    tcase_add_loop_test(tc, hostile_net_55_length_above_the_buffer, 0, 3);
    tcase_add_loop_test(tc, hostile_net_55_length_of_a_buffer_to_read_is_ignored, 0, 5);
    tcase_add_test(tc, hostile_net_55_descriptors_and_avail_rewritten_by_the_device);
    tcase_add_test(tc, hostile_net_55_ring_rewritten_after_each_load);
    tcase_add_test(tc, hostile_net_55_index_rewritten_between_two_buffers);
    tcase_add_test(tc, hostile_net_55_stopped_device_is_left_alone);
}

Suite *virtio_queue_suite(void)
{
    Suite *s = suite_create("virtio_queue");
    TCase *plain = tcase_create("flags");
    tcase_add_checked_fixture(plain, setup_plain, teardown);
    add_common(plain);
    tcase_add_test(plain, test_queue_does_not_notify_a_device_that_asks_for_silence);
    suite_add_tcase(s, plain);
    TCase *events = tcase_create("event_idx");
    tcase_add_checked_fixture(events, setup_events, teardown);
    add_common(events);
    tcase_add_test(events, test_queue_notifies_when_the_devices_event_is_passed);
    suite_add_tcase(s, events);
    TCase *wake = tcase_create("wakeups");
    tcase_add_loop_test(wake, test_queue_arming_loses_no_wakeup, 0, 2);
    suite_add_tcase(s, wake);
    return s;
}
