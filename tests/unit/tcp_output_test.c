/* SPDX-License-Identifier: ISC */
/*
 * Sending: segmentation, Nagle, silly windows, delayed ACKs, offloads, and a
 * link that is full.
 */
#include "suites.h"
#include "tcp_script.h"

START_TEST(test_write_is_cut_into_full_segments)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 4000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    OUT(.flags = A, .seq = 1461, .ack = 1, .len = 1460);
    OUT(.flags = PA, .seq = 2921, .ack = 1, .len = 1080);    /* the last says PSH */
    QUIET();
}
END_TEST

START_TEST(test_initial_window_is_ten_segments)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 20000);
    for (uint32_t i = 0; i < 10; i++)
        OUT(.flags = A, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 1 + 2 * 1460);    /* slow start: four for two */
    for (uint32_t i = 10; i < 13; i++)
        OUT(.flags = A, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
    OUT(.flags = PA, .seq = 1 + 1460 * 13, .ack = 1, .len = 20000 - 13 * 1460);
    QUIET();
}
END_TEST

START_TEST(test_peer_window_bounds_what_is_sent)
{
    SCRIPT(0);
    script_accepted(t);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = 3000);
    script_write(t, 5000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    OUT(.flags = A, .seq = 1461, .ack = 1, .len = 1460);
    QUIET();    /* 80 octets of window are not worth a segment */
    IN(.flags = A, .seq = 1, .ack = 1461, .wnd = 3000);
    OUT(.flags = A, .seq = 2921, .ack = 1, .len = 1460);
    QUIET();
}
END_TEST

START_TEST(test_nagle_holds_a_second_small_segment)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 10);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 10);
    script_write(t, 20);
    script_write(t, 30);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 11);
    OUT(.flags = PA, .seq = 11, .ack = 1, .len = 50);
    script_write(t, 1460);    /* a full segment does not wait */
    OUT(.flags = A, .seq = 61, .ack = 1, .len = 1460);
    QUIET();
}
END_TEST

START_TEST(test_nagle_lets_the_tail_of_a_long_write_go)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 1500);    /* its first segment is unacknowledged, but not small */
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    OUT(.flags = PA, .seq = 1461, .ack = 1, .len = 40);
    script_write(t, 10);
    QUIET();
}
END_TEST

START_TEST(test_no_delay_sends_small_segments_at_once)
{
    SCRIPT(.options = { .no_delay = true });
    script_accepted(t);
    for (uint32_t i = 0; i < 5; i++) {
        script_write(t, 10);
        OUT(.flags = PA, .seq = 1 + 10 * i, .ack = 1, .len = 10);
    }
}
END_TEST

START_TEST(test_small_window_is_used_when_it_is_half_of_the_largest)
{
    SCRIPT(0);
    script_listen(t);
    IN(.flags = S, .mss = 1460, .wnd = 800);
    OUT(.flags = SA, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = 800);
    script_write(t, 2000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 800);
    IN(.flags = A, .seq = 1, .ack = 801, .wnd = 399);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 801, .wnd = 400);
    OUT(.flags = A, .seq = 801, .ack = 1, .len = 400);
}
END_TEST

START_TEST(test_ack_is_delayed_40_ms)
{
    SCRIPT(0);
    script_accepted(t);
    script_at(t, 10);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    script_at(t, 49);
    QUIET();
    script_at(t, 50);
    OUT(.flags = A, .seq = 1, .ack = 101);
    ck_assert_uint_eq(STAT(timeouts_delayed_ack), 1);
}
END_TEST

START_TEST(test_second_segment_is_acknowledged_at_once)
{
    SCRIPT(0);
    script_accepted(t);
    for (uint32_t i = 0; i < 10; i++) {
        IN(.flags = A, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
        if (i % 2 == 1)
            OUT(.flags = A, .seq = 1, .ack = 1 + 1460 * (i + 1));
        QUIET();
    }
}
END_TEST

START_TEST(test_batch_in_order_costs_one_ack)
{
    SCRIPT(0);
    script_accepted(t);
    script_hold(t);
    for (uint32_t i = 0; i < 9; i++)
        IN(.flags = A, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
    script_release(t);
    OUT(.flags = A, .seq = 1, .ack = 1 + 1460 * 9);
    QUIET();
}
END_TEST

START_TEST(test_no_delayed_ack_acknowledges_each_segment)
{
    SCRIPT(.options = { .no_delayed_ack = true });
    script_accepted(t);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 1);
    OUT(.flags = A, .seq = 1, .ack = 2);
}
END_TEST

START_TEST(test_answer_carries_the_ack)
{
    SCRIPT(0);
    script_accepted(t);
    t->echo = true;
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 64);
    OUT(.flags = PA, .seq = 1, .ack = 65, .len = 64);
    QUIET();
    script_pass(t, 100);
    QUIET();    /* and no delayed ACK is left over */
}
END_TEST

START_TEST(test_full_link_changes_nothing_and_room_goes_on)
{
    SCRIPT(0);
    script_accepted(t);
    t->wire->full = true;
    script_write(t, 2000);
    const struct tern_tcp_conn *conn = script_conn(t);
    ck_assert_uint_eq(conn->snd_nxt, conn->snd_una);
    ck_assert_uint_eq(conn->timer_kind, 3);    /* idle, as before: nothing was sent */
    ck_assert(conn->on_wait);
    ck_assert_uint_eq(STAT(tx_waits), 1);
    script_pass(t, 5000);
    QUIET();
    ck_assert_uint_eq(STAT(timeouts_rto), 0);
    t->wire->full = false;
    fake_link_room(t->wire, t->now_ns);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    OUT(.flags = PA, .seq = 1461, .ack = 1, .len = 540);
    QUIET();
}
END_TEST

START_TEST(test_link_that_fills_up_stops_between_segments)
{
    SCRIPT(0);
    script_accepted(t);
    t->wire->full_after = 2;
    script_write(t, 5000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    OUT(.flags = A, .seq = 1461, .ack = 1, .len = 1460);
    QUIET();
    ck_assert_uint_eq(script_conn(t)->snd_nxt - script_conn(t)->snd_una, 2920);
    t->wire->full_after = SIZE_MAX;
    fake_link_room(t->wire, t->now_ns);
    OUT(.flags = A, .seq = 2921, .ack = 1, .len = 1460);
    OUT(.flags = PA, .seq = 4381, .ack = 1, .len = 620);
}
END_TEST

START_TEST(test_ack_that_finds_no_slot_leaves_later)
{
    SCRIPT(0);
    script_accepted(t);
    t->wire->full = true;
    script_hold(t);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    IN(.flags = A, .seq = 1461, .ack = 1, .len = 1460);
    script_release(t);
    t->wire->full = false;
    fake_link_room(t->wire, t->now_ns);
    OUT(.flags = A, .seq = 1, .ack = 2921);
    QUIET();
}
END_TEST

START_TEST(test_timeout_of_a_waiting_connection_keeps_its_retransmission)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 100);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    t->wire->full = true;
    script_at(t, 1000);
    QUIET();
    ck_assert_uint_eq(STAT(retrans_segs), 0);
    t->wire->full = false;
    fake_link_room(t->wire, t->now_ns);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    ck_assert_uint_eq(STAT(retrans_segs), 1);
}
END_TEST

START_TEST(test_waiters_are_served_first_come_first)
{
    SCRIPT(0);
    script_listen(t);
    struct tern_stream *s[3];
    for (uint16_t i = 0; i < 3; i++) {
        IN(.flags = S, .mss = 1460, .port = (uint16_t)(4001 + i));
        OUT(.flags = SA, .ack = 1);
        IN(.flags = A, .seq = 1, .ack = 1, .port = (uint16_t)(4001 + i));
        s[i] = t->s;
    }
    t->wire->full = true;
    for (size_t i = 0; i < 3; i++) {
        tern_stream_write(s[i], (const uint8_t *)"x", 1);
        script_poll(t);
    }
    t->wire->full = false;
    fake_link_room(t->wire, t->now_ns);
    for (uint16_t i = 0; i < 3; i++)
        ck_assert_uint_eq(tern_load_be16(script_take(t)->data + 36), 4001 + i);
    QUIET();
}
END_TEST

START_TEST(test_checksum_is_left_to_a_link_that_does_it)
{
    SCRIPT(.offloads = TERN_OFFLOAD_TX_CSUM);
    script_accepted(t);
    script_write(t, 101);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 101);
    ck_assert(t->last.csum_partial);
    ck_assert_uint_eq(t->last.csum_start, 34);
    ck_assert_uint_eq(t->last.csum_off, 16);
    ck_assert_uint_eq(t->last.gso, TERN_GSO_NONE);
    /* The field holds the pseudo-header's sum: finishing it gives a good frame. */
    uint32_t sum = tern_checksum_add(0, t->last.data + 34, t->last.len - 34);
    tern_store_be16(t->last.data + 50, tern_checksum_finish(sum));
    ck_assert(packet_sums_ok(t->last.data, t->last.len));
}
END_TEST

START_TEST(test_super_segment_goes_down_whole)
{
    SCRIPT(.offloads = TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_TX_TSO4, .n_blocks = 256);
    script_accepted(t);
    script_write(t, 20000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 14600);
    ck_assert_uint_eq(t->last.gso, TERN_GSO_TCP4);
    ck_assert_uint_eq(t->last.seg_len, 1460);
    ck_assert_uint_eq(t->last.hdr_len, 54);
    ck_assert(t->last.csum_partial);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 14601);
    OUT(.flags = PA, .seq = 14601, .ack = 1, .len = 5400);    /* with its short tail */
    QUIET();
}
END_TEST

START_TEST(test_super_segment_is_at_most_what_ip_can_say)
{
    SCRIPT(.offloads = TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_TX_TSO4, .n_blocks = 1024,
           .scaling = true);
    script_accepted(t);
    uint32_t acked = 1, len = 0;
    script_write(t, 300000);
    for (int i = 0; i < 20 && acked < 250000; i++) {
        const struct fake_frame *frame;
        while ((frame = script_take(t)) != NULL) {
            len = tern_load_be16(frame->data + 16) - 40u;
            ck_assert_uint_le(len, 65495);
            ck_assert(len % 1460 == 0 || acked + len == 300001);
            acked += len;
        }
        IN(.flags = A, .seq = 1, .ack = acked);
    }
    ck_assert_uint_ge(acked, 250000);
}
END_TEST

START_TEST(test_super_frame_that_arrives_is_one_run)
{
    SCRIPT(.scaling = true, .n_blocks = 512);
    script_accepted(t);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 14600);
    /* Seen as one plain frame of this size, it is one segment: its ACK may wait. */
    LOG("data(14600)");
}
END_TEST

START_TEST(test_window_is_opened_again_when_the_user_takes)
{
    SCRIPT(0);
    script_accepted(t);
    t->take = 0;
    uint32_t seq = 1;
    while (script_conn(t)->rcv_adv - script_conn(t)->rcv_nxt >= 1460) {
        IN(.flags = A, .seq = seq, .ack = 1, .len = 1460);
        seq += 1460;
    }
    fake_link_clear(t->wire);
    script_pass(t, 100);
    fake_link_clear(t->wire);
    t->take = SIZE_MAX;
    tern_stream_resume(t->s);
    script_poll(t);
    OUT(.flags = A, .seq = 1, .ack = seq);
    ck_assert_uint_ge(t->last_wnd, 2 * 1460);
    ck_assert_uint_eq(STAT(out_window_updates), 1);
    ck_assert_uint_eq(t->n_taken, seq - 1);
    QUIET();
}
END_TEST

START_TEST(test_window_is_not_opened_by_crumbs)
{
    SCRIPT(0);
    script_accepted(t);
    t->take = 0;
    uint32_t seq = 1;
    while (script_conn(t)->rcv_adv - script_conn(t)->rcv_nxt >= 1460) {
        IN(.flags = A, .seq = seq, .ack = 1, .len = 1460);
        seq += 1460;
    }
    script_pass(t, 100);
    fake_link_clear(t->wire);
    t->take = 100;
    tern_stream_resume(t->s);
    script_poll(t);
    QUIET();
}
END_TEST

START_TEST(test_window_is_never_taken_back)
{
    SCRIPT(.scaling = true, .n_blocks = 64);
    script_accepted(t);
    t->take = 0;
    uint32_t seq = 1, edge = 0;
    for (int i = 0; i < 200 && seq - 1 < 60000; i++) {
        uint32_t room = script_conn(t)->rcv_adv - script_conn(t)->rcv_nxt;
        uint32_t len = room < 700 ? room : 700;
        if (len == 0)
            break;
        IN(.flags = PA, .seq = seq, .ack = 1, .len = len);
        seq += len;
        const struct fake_frame *frame;
        while ((frame = script_take(t)) != NULL) {
            uint32_t now = tern_load_be32(frame->data + 42) +
                           ((uint32_t)tern_load_be16(frame->data + 48) << 7);
            ck_assert(edge == 0 || (int32_t)(now - edge) >= 0);
            edge = now;
        }
    }
    ck_assert_uint_eq(STAT(drop_no_block), 0);    /* what was offered could be kept */
}
END_TEST

Suite *tcp_output_suite(void)
{
    Suite *suite = suite_create("tcp_output");
    TCase *tc = tcase_create("output");
    tcase_add_test(tc, test_write_is_cut_into_full_segments);
    tcase_add_test(tc, test_initial_window_is_ten_segments);
    tcase_add_test(tc, test_peer_window_bounds_what_is_sent);
    tcase_add_test(tc, test_nagle_holds_a_second_small_segment);
    tcase_add_test(tc, test_nagle_lets_the_tail_of_a_long_write_go);
    tcase_add_test(tc, test_no_delay_sends_small_segments_at_once);
    tcase_add_test(tc, test_small_window_is_used_when_it_is_half_of_the_largest);
    tcase_add_test(tc, test_ack_is_delayed_40_ms);
    tcase_add_test(tc, test_second_segment_is_acknowledged_at_once);
    tcase_add_test(tc, test_batch_in_order_costs_one_ack);
    tcase_add_test(tc, test_no_delayed_ack_acknowledges_each_segment);
    tcase_add_test(tc, test_answer_carries_the_ack);
    tcase_add_test(tc, test_full_link_changes_nothing_and_room_goes_on);
    tcase_add_test(tc, test_link_that_fills_up_stops_between_segments);
    tcase_add_test(tc, test_ack_that_finds_no_slot_leaves_later);
    tcase_add_test(tc, test_timeout_of_a_waiting_connection_keeps_its_retransmission);
    tcase_add_test(tc, test_waiters_are_served_first_come_first);
    tcase_add_test(tc, test_checksum_is_left_to_a_link_that_does_it);
    tcase_add_test(tc, test_super_segment_goes_down_whole);
    tcase_add_test(tc, test_super_segment_is_at_most_what_ip_can_say);
    tcase_add_test(tc, test_super_frame_that_arrives_is_one_run);
    tcase_add_test(tc, test_window_is_opened_again_when_the_user_takes);
    tcase_add_test(tc, test_window_is_not_opened_by_crumbs);
    tcase_add_test(tc, test_window_is_never_taken_back);
    suite_add_tcase(suite, tc);
    return suite;
}
