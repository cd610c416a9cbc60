/* SPDX-License-Identifier: ISC */
/*
 * Buffers of several pieces, by indirect tables and by chains (virtio 1.2
 * sections 2.7.5.3 and 2.7.4), the legacy layouts of ring and header (2.7.2,
 * 5.1.6), and the control queue, which stands on them (5.1.6.5).
 */
#include "suites.h"
#include "virtio_net_fixture.h"

#include <string.h>

enum { NUM = 8, CAP = 64 };

static struct net_fixture x;
static struct virtio_queue q;

/* ---- The ring -------------------------------------------------------------- */

static void ring_begin(uint64_t features, unsigned pieces, bool legacy)
{
    fake_init(&x.f, features);
    q = (struct virtio_queue){ .desc = NULL };
    x.f.dev.features = features;
    x.f.dev.legacy = x.f.dev.ring_fixed = legacy;
    ck_assert_int_eq(virtio_queue_init(&q, &x.f.dev, FAKE_RX, NUM, pieces), TERN_OK);
    ck_assert_int_eq(x.f.dev.ops->queue_start(&x.f.dev, &q), TERN_OK);
    uint8_t *bufs = x.f.dev.env->carve_io(NUM * CAP);
    for (uint16_t i = 0; i < NUM; i++)
        virtio_queue_place(&q, i, bufs + i * CAP);
}

static const struct virtio_piece three[] = {
    { 0, 2, false }, { 2, 6, false }, { 16, 3, true },
};

START_TEST(test_pieces_arrive_as_they_were_posted)
{
    static const struct { uint64_t features; uint16_t num, step; } rows[] = {
        { 0, 4 * NUM, 4 }, { VIRTIO_F_INDIRECT_DESC, NUM, 1 },
    };
    struct virtio_used used;
    for (size_t r = 0; r < 2; r++) {
        ring_begin(rows[r].features, 3, false);
        ck_assert_uint_eq(q.num, rows[r].num);
        ck_assert_uint_eq(q.n_bufs, NUM);
        for (unsigned round = 0; round < 70000; round++) {    /* over the wrap of the indices */
            uint16_t id = (uint16_t)(round * 5 % NUM);
            struct fake_piece got[VIRTIO_PIECES_MAX];
            size_t n;
            virtio_queue_post_pieces(&q, id, three, 3);
            virtio_queue_publish(&q);
            uint16_t head = fake_take_pieces(&x.f, FAKE_RX, got, &n);
            ck_assert_uint_eq(head, id * rows[r].step);
            ck_assert_uint_eq(n, 3);
            for (size_t i = 0; i < n; i++) {
                ck_assert_ptr_eq(got[i].at, (uint8_t *)(uintptr_t)q.posted[id].addr + three[i].off);
                ck_assert_uint_eq(got[i].len, three[i].len);
                ck_assert_uint_eq(got[i].writes, three[i].device_writes);
            }
            fake_give(&x.f, FAKE_RX, head, 3);
            fake_show(&x.f, FAKE_RX);
            ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_OK);
            ck_assert_uint_eq(used.id, id);
            ck_assert_uint_eq(used.len, 3);
        }
        fake_free(&x.f);
    }
}
END_TEST

START_TEST(test_pieces_indirect_tables_are_the_devices_pages_and_one_a_buffer)
{
    ring_begin(VIRTIO_F_INDIRECT_DESC, 3, false);
    ck_assert_ptr_nonnull((const void *)(uintptr_t)q.tables);
    for (uint16_t id = 0; id < NUM; id++) {
        virtio_queue_post_pieces(&q, id, three, 3);
        ck_assert_uint_eq(virtio_le16(q.desc[id].flags), VIRTIO_DESC_INDIRECT);
        ck_assert_uint_eq(virtio_le32(q.desc[id].len), 48);
        ck_assert_uint_eq(virtio_le64(q.desc[id].addr),
                          (uintptr_t)(q.tables + (size_t)id * VIRTIO_PIECES_MAX));
        /* Section 2.7.5.3.1: no NEXT beside INDIRECT, none that leaves the table. */
        for (unsigned i = 0; i < 3; i++) {
            const volatile struct virtio_desc *d = q.tables + id * VIRTIO_PIECES_MAX + i;
            ck_assert_uint_eq((virtio_le16(d->flags) & VIRTIO_DESC_NEXT) != 0, i < 2);
            ck_assert_uint_eq(virtio_le16(d->next), i < 2 ? i + 1 : 0);
            ck_assert_uint_eq(virtio_le16(d->flags) & VIRTIO_DESC_INDIRECT, 0);
        }
    }
    fake_free(&x.f);
}
END_TEST

START_TEST(test_pieces_single_ones_need_no_table)
{
    ring_begin(VIRTIO_F_INDIRECT_DESC, 2, false);
    q.split = 10;
    virtio_queue_post(&q, 3, 10, true);    /* nothing follows the first piece */
    ck_assert_uint_eq(virtio_le16(q.desc[3].flags), VIRTIO_DESC_WRITE);
    virtio_queue_post(&q, 4, 11, true);
    ck_assert_uint_eq(virtio_le16(q.desc[4].flags), VIRTIO_DESC_INDIRECT);
    ck_assert_uint_eq(q.posted[4].len, 11);
    fake_free(&x.f);
}
END_TEST

START_TEST(hostile_net_55_head_inside_a_chain)
{
    /* ids that are descriptors, but not the first of a buffer; and outside the ring */
    static const uint32_t ids[] = { 1, 2, 3, 5, 4 * NUM, 4 * NUM + 1, 0x10000, 0xffffffffu };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct virtio_used used;
        ring_begin(0, 3, false);
        for (uint16_t id = 0; id < NUM; id++)
            virtio_queue_post_pieces(&q, id, three, 3);
        virtio_queue_publish(&q);
        fake_give(&x.f, FAKE_RX, ids[i], 0);
        fake_show(&x.f, FAKE_RX);
        ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_ABORTED);
        ck_assert_uint_eq(x.f.dev.breaches[VIRTIO_BREACH_ID], 1);
        ck_assert(x.f.dev.stopped);
        fake_free(&x.f);
    }
}
END_TEST

START_TEST(hostile_net_55_length_above_the_written_pieces)
{
    for (unsigned indirect = 0; indirect < 2; indirect++) {
        struct virtio_used used;
        ring_begin(indirect ? VIRTIO_F_INDIRECT_DESC : 0, 3, false);
        virtio_queue_post_pieces(&q, 0, three, 3);
        virtio_queue_publish(&q);
        fake_give(&x.f, FAKE_RX, 0, 4);    /* three octets were for it to write */
        fake_show(&x.f, FAKE_RX);
        ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_ABORTED);
        ck_assert_uint_eq(x.f.dev.breaches[VIRTIO_BREACH_LEN], 1);
        fake_free(&x.f);
    }
}
END_TEST

START_TEST(hostile_net_55_tables_rewritten_by_the_device)
{
    struct virtio_used used;
    ring_begin(VIRTIO_F_INDIRECT_DESC, 3, false);
    for (uint16_t id = 0; id < NUM; id++)
        virtio_queue_post_pieces(&q, id, three, 3);
    virtio_queue_publish(&q);
    memset((void *)(uintptr_t)q.tables, 0xff, NUM * VIRTIO_PIECES_MAX * sizeof *q.tables);
    for (uint16_t id = 0; id < NUM; id++)
        fake_give(&x.f, FAKE_RX, id, 3);
    fake_show(&x.f, FAKE_RX);
    for (uint16_t id = 0; id < NUM; id++) {
        ck_assert_int_eq(virtio_queue_take(&q, &used), TERN_OK);
        virtio_queue_post_pieces(&q, used.id, three, 3);    /* written anew, whole */
        ck_assert_uint_eq(virtio_le32(q.tables[(size_t)id * VIRTIO_PIECES_MAX].len), 2);
    }
    ck_assert(!x.f.dev.stopped);
    fake_free(&x.f);
}
END_TEST

START_TEST(test_legacy_ring_is_as_long_as_the_device_says)
{
    ring_begin(0, 1, true);
    ck_assert_uint_eq(q.num, 256);
    ck_assert_uint_eq(q.n_bufs, NUM);
    /* Section 2.7.2: 16 x 256 octets, then 6 + 2 x 256, then the next 4,096. */
    ck_assert_uint_eq((uintptr_t)q.avail - (uintptr_t)q.desc, 4096);
    ck_assert_uint_eq((uintptr_t)q.used - (uintptr_t)q.desc, 8192);
    fake_free(&x.f);
    x.f.queue_max = 256;
    fake_init(&x.f, 0);
    q = (struct virtio_queue){ .desc = NULL };
    x.f.dev.ring_fixed = true;
    x.f.queue_max = 16;    /* eight buffers of two pieces fit, of three they do not */
    ck_assert_uint_eq(virtio_queue_room(&x.f.dev, 0, 2), 8);
    ck_assert_int_eq(virtio_queue_init(&q, &x.f.dev, 0, NUM, 2), TERN_OK);
    ck_assert_int_eq(virtio_queue_init(&q, &x.f.dev, 0, NUM, 3), TERN_UNSUPPORTED);
    ck_assert_int_eq(virtio_queue_init(&q, &x.f.dev, 0, NUM, 0), TERN_INVALID);
    ck_assert_int_eq(virtio_queue_init(&q, &x.f.dev, 0, NUM, 5), TERN_INVALID);
    fake_free(&x.f);
}
END_TEST

/* ---- The network device ------------------------------------------------------ */

#define LEGACY (FAKE_MAC | FAKE_STATUS)

START_TEST(test_legacy_frames_cross_with_each_header_and_layout)
{
    static const struct { uint64_t features; size_t hdr_len, pieces; } rows[] = {
        { LEGACY, 10, 2 },
        { LEGACY | VIRTIO_F_INDIRECT_DESC, 10, 2 },
        { LEGACY | VIRTIO_F_ANY_LAYOUT, 10, 1 },
        { LEGACY | FAKE_MRG_RXBUF | VIRTIO_F_ANY_LAYOUT | VIRTIO_F_EVENT_IDX, 12, 1 },
        { LEGACY | FAKE_MRG_RXBUF, 12, 2 },
        { LEGACY | FAKE_MRG_RXBUF | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX, 12, 2 },
    };
    uint8_t frame[1514];
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        fixture_legacy(&x, rows[r].features | VIRTIO_F_VERSION_1);    /* bit 32 cannot be seen */
        ck_assert_uint_eq(x.f.taken, rows[r].features);
        ck_assert_uint_eq(x.f.status, 7);
        ck_assert_uint_eq(x.net.hdr_len, rows[r].hdr_len);
        x.f.honest_tx = false;
        for (uint8_t i = 0; i < 200; i++) {
            struct fake_piece got[VIRTIO_PIECES_MAX];
            size_t n;
            fixture_fill(frame, sizeof frame, i);
            ck_assert(fake_deliver(&x.f, NULL, frame, sizeof frame));
            ck_assert(fixture_poll(&x));
            fixture_assert_got(&x, 0, frame, sizeof frame);
            ck_assert_int_eq(fixture_send(&x, frame, sizeof frame), TERN_OK);
            x.net.link.ops->flush(&x.net.link);
            uint16_t id = fake_take_pieces(&x.f, FAKE_TX, got, &n);
            ck_assert_uint_eq(n, rows[r].pieces);
            uint8_t *at = got[0].at + rows[r].hdr_len;
            if (n == 2) {
                ck_assert_uint_eq(got[0].len, rows[r].hdr_len);
                at = got[1].at;
            }
            ck_assert_uint_eq(got[n - 1].len, sizeof frame + (n == 1 ? rows[r].hdr_len : 0));
            ck_assert_mem_eq(at, frame, sizeof frame);
            fake_give(&x.f, FAKE_TX, id, 0);
            fake_show(&x.f, FAKE_TX);
        }
        ck_assert(!x.f.dev.stopped);
        fixture_end(&x);
    }
}
END_TEST

START_TEST(test_legacy_receive_buffers_keep_the_header_apart_only_where_it_must_be)
{
    struct fake_piece got[VIRTIO_PIECES_MAX];
    size_t n;
    fixture_legacy(&x, LEGACY);
    fake_take_pieces(&x.f, FAKE_RX, got, &n);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(got[0].len, 10);
    ck_assert(got[0].writes && got[1].writes);
    fixture_end(&x);
    fixture_legacy(&x, LEGACY | FAKE_MRG_RXBUF);    /* merged buffers are of one piece */
    fake_take_pieces(&x.f, FAKE_RX, got, &n);
    ck_assert_uint_eq(n, 1);
    fixture_end(&x);
}
END_TEST

START_TEST(hostile_net_55_legacy_frame_shorter_than_its_header)
{
    fixture_legacy(&x, LEGACY | VIRTIO_F_ANY_LAYOUT);
    uint16_t id = fake_take(&x.f, FAKE_RX, NULL, NULL);
    fake_give(&x.f, FAKE_RX, id, 9);
    fake_show(&x.f, FAKE_RX);
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.f.dev.breaches[VIRTIO_BREACH_SHORT], 1);
    fixture_end(&x);
}
END_TEST

/* ---- The control queue --------------------------------------------------------- */

#define CONTROL (FAKE_ALL | FAKE_CTRL_VQ | FAKE_CTRL_RX | FAKE_ANNOUNCE | FAKE_CTRL_MAC)

static void poll_times(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        (void)fixture_poll(&x);
}

START_TEST(test_control_asks_for_its_own_frames_and_those_to_groups)
{
    static const uint64_t layouts[] = { 0, VIRTIO_F_INDIRECT_DESC,
                                        VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX };
    for (size_t i = 0; i < 3; i++) {
        fixture_begin(&x, CONTROL | layouts[i], NULL);
        ck_assert_uint_eq(x.f.taken, CONTROL | layouts[i]);
        poll_times(3);
        ck_assert_uint_eq(x.f.n_ctrl, 2);
        ck_assert_mem_eq(x.f.ctrl[0], ((uint8_t[]){ 0, 1, 1 }), 3);    /* all groups: on */
        ck_assert_mem_eq(x.f.ctrl[1], ((uint8_t[]){ 0, 0, 0 }), 3);    /* promiscuous: off */
        ck_assert_uint_eq(x.net.stats.ctrl_done, 2);
        ck_assert(virtio_net_idle(&x.net));
        fixture_end(&x);
    }
}
END_TEST

START_TEST(test_control_tells_the_address_that_was_asked_for)
{
    struct virtio_net_config config = { .mac = { 2, 0, 0, 0, 0, 7 } };
    fixture_begin(&x, CONTROL, &config);
    poll_times(4);
    ck_assert_mem_eq(x.net.link.mac, config.mac, 6);
    ck_assert_uint_eq(x.f.n_ctrl, 3);
    ck_assert_mem_eq(x.f.ctrl[0], ((uint8_t[]){ 1, 1, 2, 0, 0, 0, 0, 7 }), 8);
    ck_assert_uint_eq(x.net.stats.ctrl_done, 3);
    fixture_end(&x);
    /* A device that cannot be told goes on to deliver everything. */
    fixture_begin(&x, CONTROL & ~FAKE_CTRL_MAC, &config);
    poll_times(4);
    ck_assert_uint_eq(x.f.n_ctrl, 0);
    fixture_end(&x);
}
END_TEST

START_TEST(test_control_refused_address_leaves_the_filter_off)
{
    struct virtio_net_config config = { .mac = { 2, 0, 0, 0, 0, 7 } };
    fixture_begin(&x, CONTROL, &config);
    x.f.ctrl_ack = 1;
    poll_times(1);    /* the first was answered at its notification */
    x.f.n_ctrl = 0;
    poll_times(4);
    ck_assert_uint_eq(x.net.stats.ctrl_done + x.net.stats.ctrl_refused, 2);
    ck_assert_uint_eq(x.net.stats.ctrl_refused, 1);
    ck_assert_uint_eq(x.f.n_ctrl, 0);    /* no "promiscuous: off" after the refused one */
    fixture_end(&x);
}
END_TEST

START_TEST(test_control_announcement_is_told_to_the_stack_and_acknowledged)
{
    fixture_begin(&x, CONTROL, NULL);
    poll_times(3);
    x.f.n_ctrl = 0;
    x.f.config[6] = 3;    /* up, and ANNOUNCE (section 5.1.4) */
    fake_config_change(&x.f);
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_changed, 1);
    poll_times(2);
    ck_assert_uint_eq(x.f.n_ctrl, 1);
    ck_assert_mem_eq(x.f.ctrl[0], ((uint8_t[]){ 3, 0 }), 2);
    ck_assert_uint_eq(x.n_changed, 1);
    fixture_end(&x);
}
END_TEST

START_TEST(test_control_nobody_waits_for_a_device_that_never_answers)
{
    struct virtio_net_config config = { .mac = { 2, 0, 0, 0, 0, 7 } };
    uint8_t frame[60];
    fixture_fill(frame, sizeof frame, 1);
    fixture_begin(&x, CONTROL, &config);
    fixture_end(&x);
    memset(&x, 0, sizeof x);
    fixture_begin(&x, CONTROL & ~FAKE_CTRL_RX, NULL);
    x.f.ctrl_silent = true;
    x.f.config[6] = 3;
    for (unsigned i = 0; i < 5; i++) {    /* the wish is repeated, the command is not */
        fake_config_change(&x.f);
        ck_assert(fixture_poll(&x));
        ck_assert(fake_deliver(&x.f, NULL, frame, sizeof frame));
        ck_assert(fixture_poll(&x));
        fixture_assert_got(&x, 0, frame, sizeof frame);
    }
    ck_assert_uint_eq(x.f.n_ctrl, 1);
    ck_assert(virtio_net_idle(&x.net));
    ck_assert(!x.f.dev.stopped);
    fixture_end(&x);
}
END_TEST

START_TEST(hostile_net_55_control_queue_gives_back_what_it_does_not_have)
{
    static const struct { uint32_t id, len; enum virtio_breach breach; } rows[] = {
        { 0, 2, VIRTIO_BREACH_LEN }, { 1, 0, VIRTIO_BREACH_NOT_IN_FLIGHT },
        { 2, 0, VIRTIO_BREACH_ID }, { 77, 0, VIRTIO_BREACH_ID },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture_begin(&x, (CONTROL & ~FAKE_CTRL_RX) | VIRTIO_F_INDIRECT_DESC, NULL);
        x.f.ctrl_silent = true;
        x.f.config[6] = 3;
        fake_config_change(&x.f);
        ck_assert(fixture_poll(&x));
        fake_give(&x.f, FAKE_CTRL, rows[i].id, rows[i].len);
        fake_show(&x.f, FAKE_CTRL);
        poll_times(2);
        ck_assert_uint_eq(x.f.dev.breaches[rows[i].breach], 1);
        ck_assert(x.f.dev.stopped);
        ck_assert(!x.net.link.up);
        fixture_end(&x);
    }
}
END_TEST

START_TEST(test_control_queue_that_is_missing_is_done_without)
{
    memset(&x, 0, sizeof x);
    fake_init(&x.f, CONTROL);
    x.f.n_queues = 2;
    ck_assert_int_eq(virtio_net_init(&x.net, &x.f.dev, NULL), TERN_OK);
    ck_assert_ptr_null(x.net.ctrl_buf);
    /* What the device's news would ask for is not noted, nor given to a queue that is not there. */
    virtio_net_ctrl_want(&x.net, VIRTIO_NET_CTRL_ANNOUNCED);
    ck_assert_uint_eq(x.net.ctrl_wanted, 0);
    ck_assert(!x.net.ctrl_busy);
    fixture_end(&x);
}
END_TEST

Suite *virtio_pieces_suite(void)
{
    Suite *s = suite_create("virtio_pieces");
    TCase *tc = tcase_create("pieces");
    tcase_add_test(tc, test_pieces_arrive_as_they_were_posted);
    tcase_add_test(tc, test_pieces_indirect_tables_are_the_devices_pages_and_one_a_buffer);
    tcase_add_test(tc, test_pieces_single_ones_need_no_table);
    tcase_add_test(tc, hostile_net_55_head_inside_a_chain);
    tcase_add_test(tc, hostile_net_55_length_above_the_written_pieces);
    tcase_add_test(tc, hostile_net_55_tables_rewritten_by_the_device);
    tcase_add_test(tc, test_legacy_ring_is_as_long_as_the_device_says);
    tcase_add_test(tc, test_legacy_frames_cross_with_each_header_and_layout);
    tcase_add_test(tc, test_legacy_receive_buffers_keep_the_header_apart_only_where_it_must_be);
    tcase_add_test(tc, hostile_net_55_legacy_frame_shorter_than_its_header);
    tcase_add_test(tc, test_control_asks_for_its_own_frames_and_those_to_groups);
    tcase_add_test(tc, test_control_tells_the_address_that_was_asked_for);
    tcase_add_test(tc, test_control_refused_address_leaves_the_filter_off);
    tcase_add_test(tc, test_control_announcement_is_told_to_the_stack_and_acknowledged);
    tcase_add_test(tc, test_control_nobody_waits_for_a_device_that_never_answers);
    tcase_add_test(tc, hostile_net_55_control_queue_gives_back_what_it_does_not_have);
    tcase_add_test(tc, test_control_queue_that_is_missing_is_done_without);
    suite_add_tcase(s, tc);
    return s;
}
