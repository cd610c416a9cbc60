/* SPDX-License-Identifier: ISC */
/*
 * The network driver with an honest device: frames both ways, whole 64 KiB segments,
 * room.
 */
#include "suites.h"
#include "virtio_net_fixture.h"

#include <string.h>

static struct net_fixture x;

static void setup(void) { fixture_begin(&x, FAKE_ALL, NULL); }
static void setup_events(void) { fixture_begin(&x, FAKE_ALL | VIRTIO_F_EVENT_IDX, NULL); }
static void teardown(void) { fixture_end(&x); }

/* ---- Frames in ---------------------------------------------------------- */

START_TEST(test_net_frame_arrives_whole_and_aligned)
{
    static const size_t lens[] = { 14, 60, 1514, 1518, 2035, 2036, 2037, 4096, 9018 };
    static uint8_t frame[9018];
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        fixture_fill(frame, lens[i], (uint8_t)i);
        ck_assert(fake_deliver(&x.f, NULL, frame, lens[i]));
        ck_assert(fixture_poll(&x));
        ck_assert_uint_eq(x.n_got, 1);
        fixture_assert_got(&x, 0, frame, lens[i]);
        ck_assert_uint_eq((uintptr_t)x.got[0].at % 16, 2);    /* the IP header: 0 */
        ck_assert_uint_eq(x.got[0].csum, TERN_CSUM_NONE);
        ck_assert_uint_eq(x.got[0].gso, TERN_GSO_NONE);
        ck_assert_uint_eq(x.got[0].seg_len, 0);
    }
    ck_assert(!fixture_poll(&x));
    ck_assert_uint_eq(x.net.stats.rx_frames, sizeof lens / sizeof lens[0]);
    ck_assert_uint_eq(fake_n_avail(&x.f, FAKE_RX), x.net.rx.num);
}
END_TEST

START_TEST(test_net_64k_segment_comes_up_whole)
{
    static uint8_t frame[VIRTIO_NET_FRAME_MAX];
    static const uint8_t hdr[12] = { 1, 1, 54, 0, 0xb4, 0x05, 34, 0, 16, 0 };
    fixture_fill(frame, sizeof frame, 7);
    ck_assert(fake_deliver(&x.f, hdr, frame, sizeof frame));
    ck_assert(fixture_poll(&x));
    fixture_assert_got(&x, 0, frame, sizeof frame);
    ck_assert_uint_eq(x.got[0].csum, TERN_CSUM_PARTIAL);
    ck_assert_uint_eq(x.got[0].gso, TERN_GSO_TCP4);
    ck_assert_uint_eq(x.got[0].seg_len, 1460);
}
END_TEST

START_TEST(test_net_runts_are_dropped_and_counted)
{
    static uint8_t frame[13];
    for (size_t len = 0; len <= 13; len++)
        ck_assert(fake_deliver(&x.f, NULL, frame, len));
    ck_assert(!fixture_poll(&x));
    ck_assert_uint_eq(x.net.stats.rx_runt, 14);
    ck_assert_uint_eq(x.n_got, 0);
    ck_assert(!x.f.dev.stopped);
    ck_assert_uint_eq(fake_n_avail(&x.f, FAKE_RX), x.net.rx.num);
}
END_TEST

/* What a header says of a frame of 60 octets. */
struct header_row {
    uint8_t hdr[12];
    bool taken;
    uint8_t csum, gso;
    uint16_t seg_len;
    const char *why;
};

static void assert_headers(const struct header_row *rows, size_t n)
{
    static uint8_t frame[60];
    for (size_t i = 0; i < n; i++) {
        uint64_t bad = x.net.stats.rx_bad_header;
        fixture_forget(&x);
        ck_assert(fake_deliver(&x.f, rows[i].hdr, frame, sizeof frame));
        ck_assert_msg(fixture_poll(&x) == rows[i].taken, "%s", rows[i].why);
        ck_assert_msg(x.net.stats.rx_bad_header == bad + !rows[i].taken, "%s", rows[i].why);
        if (!rows[i].taken)
            continue;
        ck_assert_msg(x.got[0].csum == rows[i].csum, "%s: csum %u", rows[i].why, x.got[0].csum);
        ck_assert_msg(x.got[0].gso == rows[i].gso, "%s: gso %u", rows[i].why, x.got[0].gso);
        ck_assert_msg(x.got[0].seg_len == rows[i].seg_len, "%s", rows[i].why);
    }
    ck_assert(!x.f.dev.stopped);
    ck_assert_uint_eq(fake_n_avail(&x.f, FAKE_RX), x.net.rx.num);
}

START_TEST(test_net_header_becomes_what_is_known_of_the_frame)
{
    static const struct header_row rows[] = {
        { { 0 }, true, TERN_CSUM_NONE, 0, 0, "nothing is known" },
        { { 2 }, true, TERN_CSUM_VALID, 0, 0, "the device has looked" },
        { { [0] = 1, [6] = 34, [8] = 16 }, true, TERN_CSUM_PARTIAL, 0, 0, "never left the host" },
        { { [0] = 3, [6] = 34, [8] = 16 }, true, TERN_CSUM_PARTIAL, 0, 0, "both: unfinished" },
        { { [0] = 1, [6] = 34, [8] = 24 }, true, TERN_CSUM_PARTIAL, 0, 0, "the field ends it" },
        { { [0] = 1, [6] = 34, [8] = 25 }, false, 0, 0, 0, "the field passes the end" },
        { { [0] = 1, [6] = 61, [8] = 0 }, false, 0, 0, 0, "starts behind the end" },
        { { [0] = 1, [6] = 60, [8] = 0 }, false, 0, 0, 0, "starts at the end" },
        { { [0] = 1, [6] = 13, [8] = 16 }, false, 0, 0, 0, "starts in the Ethernet header" },
        { { [0] = 1, [6] = 34, [8] = 0xff, [9] = 0xff }, false, 0, 0, 0, "offset 65,535" },
        { { [0] = 1, [6] = 0xff, [7] = 0xff, [8] = 3 }, false, 0, 0, 0, "start 65,535" },
        { { [0] = 1, [1] = 1, [2] = 54, [4] = 10, [6] = 34, [8] = 16 }, true, TERN_CSUM_PARTIAL,
          TERN_GSO_TCP4, 10, "TCP over IPv4" },
        { { [0] = 1, [1] = 4, [4] = 10, [6] = 54, [8] = 4 }, true, TERN_CSUM_PARTIAL,
          TERN_GSO_TCP6, 10, "TCP over IPv6; hdr_len is but a hint" },
        { { [0] = 1, [1] = 1, [2] = 0xff, [3] = 0xff, [4] = 10, [6] = 34, [8] = 16 }, true,
          TERN_CSUM_PARTIAL, TERN_GSO_TCP4, 10, "a hint that is wrong" },
        { { [0] = 1, [1] = 1, [6] = 34, [8] = 16 }, false, 0, 0, 0, "segments of 0 octets" },
        { { [0] = 1, [1] = 3, [4] = 10, [6] = 34, [8] = 6 }, false, 0, 0, 0, "UFO: not agreed" },
        { { [0] = 1, [1] = 0x81, [4] = 10, [6] = 34, [8] = 16 }, false, 0, 0, 0, "ECN: unagreed" },
        { { [1] = 2, [4] = 10 }, false, 0, 0, 0, "no such type" },
        { { [1] = 0xff, [4] = 10 }, false, 0, 0, 0, "no such type" },
    };
    assert_headers(rows, sizeof rows / sizeof rows[0]);
}
END_TEST

START_TEST(test_net_believes_only_what_was_agreed_on)
{
    static const struct header_row rows[] = {
        { { 2 }, true, TERN_CSUM_NONE, 0, 0, "VALID without GUEST_CSUM says nothing" },
        { { [0] = 1, [6] = 34, [8] = 16 }, true, TERN_CSUM_PARTIAL, 0, 0, "some devices do" },
        { { [0] = 1, [1] = 1, [4] = 10, [6] = 34, [8] = 16 }, false, 0, 0, 0, "large unasked" },
        { { [10] = 0 }, true, TERN_CSUM_NONE, 0, 0, "num_buffers is not read" },
    };
    fixture_begin(&x, VIRTIO_F_VERSION_1 | FAKE_MAC, NULL);
    assert_headers(rows, sizeof rows / sizeof rows[0]);
    fixture_end(&x);
}
END_TEST

START_TEST(test_net_batch_ends_at_64_frames)
{
    static uint8_t frame[60];
    for (uint8_t i = 0; i < 100; i++) {
        fixture_fill(frame, sizeof frame, i);
        ck_assert(fake_deliver(&x.f, NULL, frame, sizeof frame));
    }
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_got, 64);
    ck_assert(!virtio_net_idle(&x.net));
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_got, 36);
    fixture_fill(frame, sizeof frame, 99);
    fixture_assert_got(&x, 35, frame, sizeof frame);
    ck_assert(virtio_net_idle(&x.net));
}
END_TEST

START_TEST(test_net_batch_ends_when_the_next_frame_does_not_fit)
{
    static uint8_t frames[3][30000];
    struct virtio_net_config config = { .arena_len = VIRTIO_NET_ARENA_LEAST };
    fixture_begin(&x, FAKE_ALL, &config);
    for (uint8_t i = 0; i < 3; i++) {
        fixture_fill(frames[i], sizeof frames[i], i);
        ck_assert(fake_deliver(&x.f, NULL, frames[i], sizeof frames[i]));
    }
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_got, 2);
    fixture_assert_got(&x, 1, frames[1], sizeof frames[1]);
    ck_assert(!virtio_net_idle(&x.net));    /* the third is gathered already */
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_got, 1);
    fixture_assert_got(&x, 0, frames[2], sizeof frames[2]);
    ck_assert_uint_eq(fake_n_avail(&x.f, FAKE_RX), x.net.rx.num);
    ck_assert(virtio_net_idle(&x.net));
    fixture_end(&x);
}
END_TEST

START_TEST(test_net_frame_waits_for_its_last_buffer)
{
    uint8_t *first, *second;
    static uint8_t frame[3000];
    fixture_fill(frame, sizeof frame, 3);
    uint16_t a = fake_take(&x.f, FAKE_RX, &first, NULL);
    uint16_t b = fake_take(&x.f, FAKE_RX, &second, NULL);
    memset(first, 0, 12);
    first[10] = 2;
    memcpy(first + 12, frame, 2036);
    memcpy(second, frame + 2036, sizeof frame - 2036);
    fake_give(&x.f, FAKE_RX, a, 2048);
    fake_show(&x.f, FAKE_RX);
    ck_assert(!fixture_poll(&x));
    ck_assert(virtio_net_idle(&x.net));    /* nothing to do but wait */
    fake_give(&x.f, FAKE_RX, b, sizeof frame - 2036);
    fake_show(&x.f, FAKE_RX);
    ck_assert(fixture_poll(&x));
    fixture_assert_got(&x, 0, frame, sizeof frame);
    ck_assert(!x.f.dev.stopped);
}
END_TEST

/* ---- Frames out --------------------------------------------------------- */

START_TEST(test_net_sends_a_frame_behind_an_empty_header)
{
    static const uint8_t none[12];
    uint8_t frame[60];
    fixture_fill(frame, sizeof frame, 9);
    ck_assert_int_eq(fixture_send(&x, frame, sizeof frame), TERN_OK);
    ck_assert_uint_eq(x.f.n_sent, 0);
    x.net.link.ops->flush(&x.net.link);
    ck_assert_uint_eq(x.f.n_sent, 1);
    ck_assert_uint_eq(x.f.sent[0].len, 72);
    ck_assert_mem_eq(x.f.sent[0].octets, none, 12);
    ck_assert_mem_eq(x.f.sent[0].octets + 12, frame, sizeof frame);
}
END_TEST

START_TEST(test_net_says_how_to_finish_a_frame)
{
    static const uint8_t csum[12] = { 1, 0, 0, 0, 0, 0, 34, 0, 16, 0, 0, 0 };
    static const uint8_t tso4[12] = { 1, 1, 54, 0, 0xb4, 0x05, 34, 0, 16, 0, 0, 0 };
    static const uint8_t tso6[12] = { 1, 4, 74, 0, 0xa0, 0x05, 54, 0, 16, 0, 0, 0 };
    struct tern_link *link = &x.net.link;
    struct tern_tx tx;
    ck_assert_int_eq(link->ops->tx_slot(link, 60, &tx), TERN_OK);
    tx.csum_partial = true;
    tx.csum_start = 34;
    tx.csum_off = 16;
    link->ops->tx_commit(link, &tx, 60);
    ck_assert_int_eq(link->ops->tx_slot(link, VIRTIO_NET_FRAME_MAX, &tx), TERN_OK);
    ck_assert_uint_ge(tx.cap, VIRTIO_NET_FRAME_MAX);
    ck_assert(!tx.csum_partial);
    fixture_fill(tx.data, VIRTIO_NET_FRAME_MAX, 5);
    tx.csum_partial = true;
    tx.csum_start = 34;
    tx.csum_off = 16;
    tx.gso = TERN_GSO_TCP4;
    tx.seg_len = 1460;
    tx.hdr_len = 54;
    link->ops->tx_commit(link, &tx, VIRTIO_NET_FRAME_MAX);
    ck_assert_int_eq(link->ops->tx_slot(link, 5000, &tx), TERN_OK);
    tx.csum_partial = true;
    tx.csum_start = 54;
    tx.csum_off = 16;
    tx.gso = TERN_GSO_TCP6;
    tx.seg_len = 1440;
    tx.hdr_len = 74;
    link->ops->tx_commit(link, &tx, 5000);
    link->ops->flush(link);
    ck_assert_uint_eq(x.f.n_sent, 3);
    ck_assert_uint_eq(x.f.q[FAKE_TX].n_notified, 1);    /* once for all */
    ck_assert_mem_eq(x.f.sent[0].octets, csum, 12);
    ck_assert_mem_eq(x.f.sent[1].octets, tso4, 12);
    ck_assert_mem_eq(x.f.sent[2].octets, tso6, 12);
    static uint8_t frame[VIRTIO_NET_FRAME_MAX];
    fixture_fill(frame, sizeof frame, 5);
    ck_assert_uint_eq(x.f.sent[1].len, 12 + sizeof frame);
    ck_assert_mem_eq(x.f.sent[1].octets + 12, frame, sizeof frame);
}
END_TEST

START_TEST(test_net_slots_leave_in_the_order_of_their_commits)
{
    struct tern_link *link = &x.net.link;
    struct tern_tx tx[3];
    for (uint8_t i = 0; i < 3; i++) {
        ck_assert_int_eq(link->ops->tx_slot(link, 60, &tx[i]), TERN_OK);
        memset(tx[i].data, i, 60);
        ck_assert_uint_eq((uintptr_t)tx[i].data % 16, 2);
    }
    link->ops->tx_commit(link, &tx[2], 60);
    link->ops->tx_commit(link, &tx[1], 0);    /* given back */
    link->ops->tx_commit(link, &tx[0], 60);
    link->ops->flush(link);
    ck_assert_uint_eq(x.f.n_sent, 2);
    ck_assert_uint_eq(x.f.sent[0].octets[12], 2);
    ck_assert_uint_eq(x.f.sent[1].octets[12], 0);
    ck_assert_uint_eq(x.net.stats.tx_frames, 2);
}
END_TEST

START_TEST(test_net_refuses_slots_of_impossible_length)
{
    struct tern_link *link = &x.net.link;
    struct tern_tx tx;
    ck_assert_int_eq(link->ops->tx_slot(link, 0, &tx), TERN_INVALID);
    ck_assert_int_eq(link->ops->tx_slot(link, link->slot_max + 1, &tx), TERN_INVALID);
    link->up = false;
    ck_assert_int_eq(link->ops->tx_slot(link, 60, &tx), TERN_UNREACHABLE);
}
END_TEST

START_TEST(test_net_full_is_followed_by_one_tx_room)
{
    size_t len = _i != 0 ? 60000 : 60;
    ck_assert_uint_eq(fixture_fill_up(&x, len), _i != 0 ? 8 : 120);
    ck_assert_uint_eq(x.net.stats.tx_full, 1);
    ck_assert(!fixture_poll(&x));
    ck_assert(virtio_net_idle(&x.net));
    unsigned before = x.f.n_interrupts;
    ck_assert_uint_gt(fake_send(&x.f), 0);
    ck_assert_uint_eq(x.f.n_interrupts, before + 1);    /* asked for while owed */
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_tx_room, 1);
    ck_assert(!fixture_poll(&x));
    ck_assert_uint_eq(x.n_tx_room, 1);
}
END_TEST

START_TEST(test_net_short_frames_pass_while_long_slots_are_full)
{
    uint8_t frame[60] = { 0 };
    ck_assert_uint_eq(fixture_fill_up(&x, 60000), 8);
    ck_assert_int_eq(fixture_send(&x, frame, sizeof frame), TERN_OK);
    x.net.link.ops->flush(&x.net.link);
    ck_assert(!fixture_poll(&x));    /* the long one is still owed */
    fake_send(&x.f);
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_tx_room, 1);
}
END_TEST

START_TEST(test_net_slot_given_back_is_room_too)
{
    struct tern_link *link = &x.net.link;
    struct tern_tx tx[120], more;
    size_t len = _i != 0 ? 60000 : 60, n = _i != 0 ? 8 : 120;
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(link->ops->tx_slot(link, len, &tx[i]), TERN_OK);
    ck_assert_int_eq(link->ops->tx_slot(link, len, &more), TERN_FULL);
    ck_assert(virtio_net_idle(&x.net));
    link->ops->tx_commit(link, &tx[7], 0);
    ck_assert(!virtio_net_idle(&x.net));    /* no interrupt will tell */
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.n_tx_room, 1);
}
END_TEST

START_TEST(test_net_sent_slots_come_back_without_an_interrupt)
{
    uint8_t frame[60] = { 0 };
    for (unsigned i = 0; i < 70000; i++) {    /* over the wrap of both indices */
        tern_store_le32(frame, i);
        ck_assert_int_eq(fixture_send(&x, frame, sizeof frame), TERN_OK);
        x.net.link.ops->flush(&x.net.link);
        ck_assert_uint_eq(x.f.n_sent, 1);
        ck_assert_uint_eq(tern_load_le32(x.f.sent[0].octets + 12), i);
        fake_sent_clear(&x.f);
    }
    ck_assert_uint_eq(x.f.n_interrupts, 0);
    ck_assert_uint_eq(x.net.stats.tx_frames, 70000);
    ck_assert_uint_eq(x.net.stats.tx_full, 0);
}
END_TEST

START_TEST(test_net_echoes_over_the_wrap_of_the_indices)
{
    static uint8_t frame[1514];
    x.echo = true;
    for (unsigned i = 0; i < 70000; i++) {
        size_t len = 14 + i % 1500;
        tern_store_le32(frame, i);
        ck_assert(fake_deliver(&x.f, NULL, frame, len));
        ck_assert(fixture_poll(&x));
        ck_assert_uint_eq(x.f.n_sent, 1);
        ck_assert_uint_eq(x.f.sent[0].len, 12 + len);
        ck_assert_uint_eq(tern_load_le32(x.f.sent[0].octets + 12), i);
        fake_sent_clear(&x.f);
    }
    ck_assert_uint_eq(x.net.stats.rx_frames, 70000);
    ck_assert(!x.f.dev.stopped);
}
END_TEST

static void add_both(TCase *tc)
{
    tcase_add_test(tc, test_net_frame_arrives_whole_and_aligned);
    tcase_add_test(tc, test_net_64k_segment_comes_up_whole);
    tcase_add_test(tc, test_net_batch_ends_at_64_frames);
    tcase_add_loop_test(tc, test_net_full_is_followed_by_one_tx_room, 0, 2);
    tcase_add_test(tc, test_net_short_frames_pass_while_long_slots_are_full);
    tcase_add_test(tc, test_net_sent_slots_come_back_without_an_interrupt);
    tcase_add_test(tc, test_net_echoes_over_the_wrap_of_the_indices);
}

Suite *virtio_net_frames_suite(void)
{
    Suite *s = suite_create("virtio_net_frames");
    TCase *start = tcase_create("start");
    tcase_add_test(start, test_net_believes_only_what_was_agreed_on);
    tcase_add_test(start, test_net_batch_ends_when_the_next_frame_does_not_fit);
    suite_add_tcase(s, start);
    TCase *plain = tcase_create("flags");
    tcase_add_checked_fixture(plain, setup, teardown);
    add_both(plain);
    tcase_add_test(plain, test_net_runts_are_dropped_and_counted);
    tcase_add_test(plain, test_net_header_becomes_what_is_known_of_the_frame);
    tcase_add_test(plain, test_net_frame_waits_for_its_last_buffer);
    tcase_add_test(plain, test_net_sends_a_frame_behind_an_empty_header);
    tcase_add_test(plain, test_net_says_how_to_finish_a_frame);
    tcase_add_test(plain, test_net_slots_leave_in_the_order_of_their_commits);
    tcase_add_test(plain, test_net_refuses_slots_of_impossible_length);
    tcase_add_loop_test(plain, test_net_slot_given_back_is_room_too, 0, 2);
    suite_add_tcase(s, plain);
    TCase *events = tcase_create("event_idx");
    tcase_add_checked_fixture(events, setup_events, teardown);
    add_both(events);
    suite_add_tcase(s, events);
    return s;
}
