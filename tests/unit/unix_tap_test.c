/* SPDX-License-Identifier: ISC */
/*
 * The TAP driver, with a pair of sockets for a device: what it reads and
 * writes is seen, and its queue can be full.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/unix/unix_internal.h"
#include "suites.h"

static struct tern_tap tap;
static int other;    /* the kernel's side of the device */

static struct {
    size_t n_batches, n_frames, n_rooms, n_changes;
    size_t lens[TERN_LINK_BATCH];
    uint8_t first[TERN_LINK_BATCH], last[TERN_LINK_BATCH];
    uint8_t gso, csum;
    uint16_t seg_len;
} seen;

static uint64_t input(struct tern_link *link, struct tern_rx *rx, size_t n_rx, uint64_t now_ns)
{
    ck_assert_ptr_eq(link, &tap.link);
    seen.n_batches++;
    for (size_t i = 0; i < n_rx; i++) {
        const struct tern_span *span = rx[i].spans;
        ck_assert_uint_eq(rx[i].n_spans, 1);
        seen.lens[i] = span->len;
        seen.first[i] = span->data[0];
        seen.last[i] = span->data[span->len - 1];
        seen.gso = rx[i].gso;
        seen.csum = rx[i].csum;
        seen.seg_len = rx[i].seg_len;
    }
    seen.n_frames += n_rx;
    return now_ns + 5;
}

static uint64_t tx_room(struct tern_link *link, uint64_t now_ns)
{
    (void)link;
    seen.n_rooms++;
    return now_ns + 6;
}

static uint64_t changed(struct tern_link *link, uint64_t now_ns)
{
    (void)link;
    seen.n_changes++;
    return now_ns;
}

static const struct tern_link_events events = { input, tx_room, changed };

static void setup(void)
{
    static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
    memset(&tap, 0, sizeof tap);
    memset(&seen, 0, sizeof seen);
    tap.fd = ends[0];
    other = ends[1];
    ck_assert_int_eq(tern_tap_start(&tap, NULL, 1500, mac), TERN_OK);
    tap.link.events = &events;
}

static void teardown(void)
{
    tern_tap_close(&tap);
    close(other);
}

static void put_frame(size_t len, uint8_t first, uint8_t last, uint8_t gso, uint16_t seg_len)
{
    static uint8_t buf[70000];
    memset(buf, 0, TERN_VNET_LEN);
    buf[0] = gso != 0;
    buf[1] = gso;
    tern_store_le16(buf + 4, seg_len);
    buf[TERN_VNET_LEN] = first;
    buf[TERN_VNET_LEN + len - 1] = last;
    ck_assert_int_eq(send(other, buf, TERN_VNET_LEN + len, 0), (ssize_t)(TERN_VNET_LEN + len));
}

START_TEST(frames_come_up_in_one_batch_with_their_metadata)
{
    put_frame(60, 1, 2, 0, 0);
    put_frame(1514, 3, 4, 0, 0);
    put_frame(65000, 5, 6, 1, 1448);
    ck_assert_uint_eq(tern_tap_input(&tap, 100), 105);
    ck_assert_uint_eq(seen.n_batches, 1);
    ck_assert_uint_eq(seen.n_frames, 3);
    ck_assert_uint_eq(seen.lens[0], 60);
    ck_assert_uint_eq(seen.lens[1], 1514);
    ck_assert_uint_eq(seen.lens[2], 65000);
    for (uint8_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(seen.first[i], 2u * i + 1);
        ck_assert_uint_eq(seen.last[i], 2u * i + 2);
    }
    ck_assert_uint_eq(seen.gso, TERN_GSO_TCP4);
    ck_assert_uint_eq(seen.csum, TERN_CSUM_PARTIAL);
    ck_assert_uint_eq(seen.seg_len, 1448);
    ck_assert_uint_eq(tap.stats.rx_frames, 3);
    ck_assert_uint_eq(tap.stats.rx_octets, 60 + 1514 + 65000);
}
END_TEST

START_TEST(a_frame_is_at_most_one_batch_and_nothing_comes_of_nothing)
{
    ck_assert_uint_eq(tern_tap_input(&tap, 100), TERN_NEVER);
    ck_assert_uint_eq(seen.n_batches, 0);
    for (int i = 0; i < 10; i++)
        put_frame(60, 1, 2, 0, 0);
    (void)tern_tap_input(&tap, 100);
    ck_assert_uint_eq(seen.n_frames, 10);
    ck_assert_uint_eq(tern_tap_input(&tap, 100), TERN_NEVER);
}
END_TEST

START_TEST(what_is_no_frame_is_counted_and_dropped)
{
    static const uint8_t junk[TERN_VNET_LEN] = { 0 };
    put_frame(60, 1, 2, 3, 100);     /* a kind of super-frame nobody asked for */
    put_frame(60, 1, 2, 1, 0);       /* one without a segment length */
    ck_assert_int_eq(send(other, junk, sizeof junk, 0), (ssize_t)sizeof junk);
    ck_assert_int_eq(send(other, junk, 3, 0), 3);
    put_frame(1, 7, 7, 0, 0);
    (void)tern_tap_input(&tap, 100);
    ck_assert_uint_eq(tap.stats.rx_malformed, 4);
    ck_assert_uint_eq(seen.n_frames, 1);
    ck_assert_uint_eq(seen.lens[0], 1);
    ck_assert_uint_eq(tap.stats.rx_frames, 1);
}
END_TEST

static enum tern_err send_frame(size_t len, uint8_t mark)
{
    struct tern_tx tx;
    enum tern_err err = tap.link.ops->tx_slot(&tap.link, len, &tx);
    if (err != TERN_OK)
        return err;
    ck_assert_uint_ge(tx.cap, len);
    memset(tx.data, mark, len);
    tap.link.ops->tx_commit(&tap.link, &tx, len);
    return TERN_OK;
}

static void expect_frame(size_t len, uint8_t mark)
{
    static uint8_t buf[70000];
    ck_assert_int_eq(recv(other, buf, sizeof buf, 0), (ssize_t)(TERN_VNET_LEN + len));
    for (size_t i = 0; i < len; i++)
        ck_assert_uint_eq(buf[TERN_VNET_LEN + i], mark);
}

START_TEST(nothing_leaves_before_the_flush_and_all_in_the_order_of_commits)
{
    struct tern_tx a, b, c;
    uint8_t octet;
    const struct tern_link_ops *ops = tap.link.ops;

    ck_assert_int_eq(ops->tx_slot(&tap.link, 100, &a), TERN_OK);
    ck_assert_int_eq(ops->tx_slot(&tap.link, 200, &b), TERN_OK);
    ck_assert_int_eq(ops->tx_slot(&tap.link, 300, &c), TERN_OK);
    memset(a.data, 1, 100);
    memset(b.data, 2, 200);
    memset(c.data, 3, 300);
    ops->tx_commit(&tap.link, &c, 250);
    ops->tx_commit(&tap.link, &b, 0);
    ops->tx_commit(&tap.link, &a, 100);
    ck_assert_int_eq(recv(other, &octet, 1, 0), -1);
    ops->flush(&tap.link);
    expect_frame(250, 3);
    expect_frame(100, 1);
    ck_assert_int_eq(recv(other, &octet, 1, 0), -1);
    ck_assert_uint_eq(tap.stats.tx_frames, 2);
    ck_assert_uint_eq(tap.tx_off, 0);
    ck_assert_uint_eq(tap.n_lent, 0);
}
END_TEST

START_TEST(a_slot_of_any_length_the_link_has_and_no_other)
{
    struct tern_tx tx;
    ck_assert_int_eq(tap.link.ops->tx_slot(&tap.link, 0, &tx), TERN_INVALID);
    ck_assert_int_eq(tap.link.ops->tx_slot(&tap.link, tap.link.slot_max + 1u, &tx), TERN_INVALID);
    ck_assert_int_eq(send_frame(tap.link.slot_max, 9), TERN_OK);
    tap.link.ops->flush(&tap.link);
    expect_frame(tap.link.slot_max, 9);
    tap.link.up = false;
    ck_assert_int_eq(tap.link.ops->tx_slot(&tap.link, 60, &tx), TERN_UNREACHABLE);
}
END_TEST

START_TEST(a_full_device_is_full_once_and_then_says_room_once)
{
    size_t n_sent = 0, n_got = 0;
    enum tern_err err = TERN_OK;
    static uint8_t buf[70000];

    while (n_sent < 5000 && err == TERN_OK) {
        err = send_frame(1500, (uint8_t)n_sent);
        if (err == TERN_OK)
            n_sent++;
    }
    ck_assert_int_eq(err, TERN_FULL);
    ck_assert_uint_eq(tap.stats.tx_full, 1);
    ck_assert_uint_eq(tern_tap_output(&tap, 100), TERN_NEVER);    /* nobody has read */
    ck_assert_uint_eq(seen.n_rooms, 0);
    for (int i = 0; i < 1000 && seen.n_rooms == 0; i++) {
        while (recv(other, buf, sizeof buf, 0) > 0) {
            ck_assert_uint_eq(buf[TERN_VNET_LEN], (uint8_t)n_got);
            n_got++;
        }
        (void)tern_tap_output(&tap, 100);
    }
    ck_assert_uint_eq(seen.n_rooms, 1);
    while (recv(other, buf, sizeof buf, 0) > 0) {
        ck_assert_uint_eq(buf[TERN_VNET_LEN], (uint8_t)n_got);
        n_got++;
    }
    ck_assert_uint_eq(n_got, n_sent);    /* none lost, none twice, in order */
    ck_assert_uint_eq(tern_tap_output(&tap, 100), TERN_NEVER);
    ck_assert_uint_eq(seen.n_rooms, 1);
    ck_assert_int_eq(send_frame(60, 1), TERN_OK);
}
END_TEST

START_TEST(a_device_that_refuses_a_frame_loses_that_one_alone)
{
    close(other);
    ck_assert_int_eq(send_frame(60, 1), TERN_OK);
    tap.link.ops->flush(&tap.link);
    ck_assert_uint_eq(tap.stats.tx_failed, 1);
    ck_assert_uint_eq(tap.stats.tx_frames, 0);
    ck_assert_int_eq(send_frame(60, 1), TERN_OK);
    other = dup(0);
}
END_TEST

START_TEST(a_name_that_cannot_be_or_is_not_there_is_told_apart)
{
    static struct tern_tap t;
    ck_assert_int_eq(tern_tap_open(&t, NULL, "", NULL), TERN_INVALID);
    ck_assert_int_eq(tern_tap_open(&t, NULL, "0123456789abcdef", NULL), TERN_INVALID);
    ck_assert_int_eq(tern_tap_open(&t, NULL, "tern-nothing", NULL), TERN_UNREACHABLE);
}
END_TEST

Suite *unix_tap_suite(void)
{
    Suite *suite = suite_create("unix_tap");
    TCase *tc = tcase_create("tap");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, frames_come_up_in_one_batch_with_their_metadata);
    tcase_add_test(tc, a_frame_is_at_most_one_batch_and_nothing_comes_of_nothing);
    tcase_add_test(tc, what_is_no_frame_is_counted_and_dropped);
    tcase_add_test(tc, nothing_leaves_before_the_flush_and_all_in_the_order_of_commits);
    tcase_add_test(tc, a_slot_of_any_length_the_link_has_and_no_other);
    tcase_add_test(tc, a_full_device_is_full_once_and_then_says_room_once);
    tcase_add_test(tc, a_device_that_refuses_a_frame_loses_that_one_alone);
    tcase_add_test(tc, a_name_that_cannot_be_or_is_not_there_is_told_apart);
    suite_add_tcase(suite, tc);
    return suite;
}
