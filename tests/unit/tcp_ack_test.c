/* SPDX-License-Identifier: ISC */
/*
 * ACKs: loss recovery by NewReno (RFC 5681, 6582), limited transmit (RFC 3042),
 * window updates; and the congestion control by itself.
 */
#include "suites.h"
#include "tcp_script.h"

#include "libnet/tcp_internal.h"

/* n full segments are out. */
static struct tcp_script *flight(uint32_t n, size_t queued)
{
    SCRIPT(.n_blocks = 512);
    script_accepted(t);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = 60000);
    script_write(t, queued);
    for (uint32_t i = 0; i < n; i++)
        OUT(.flags = A, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
    QUIET();
    return t;
}

static void dup_ack(struct tcp_script *t, uint32_t ack)
{
    IN(.flags = A, .seq = 1, .ack = ack, .wnd = 60000);
}

START_TEST(test_third_duplicate_retransmits)
{
    struct tcp_script *t = flight(10, 10 * 1460);
    dup_ack(t, 1);
    dup_ack(t, 1);
    QUIET();
    dup_ack(t, 1);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    QUIET();
    ck_assert_uint_eq(STAT(fast_retransmits), 1);
    struct tern_tcp_info info;
    tern_tcp_info(t->s, &info);
    ck_assert(info.in_recovery);
    ck_assert_uint_eq(info.ssthresh, 5 * 1460);
    ck_assert_uint_eq(info.cwnd, 8 * 1460);
    /* All acknowledged: RFC 6582's first option, no burst. */
    IN(.flags = A, .seq = 1, .ack = 1 + 10 * 1460, .wnd = 60000);
    tern_tcp_info(t->s, &info);
    ck_assert(!info.in_recovery);
    ck_assert_uint_eq(info.cwnd, 2 * 1460);
}
END_TEST

START_TEST(test_first_two_duplicates_send_new_segments)
{
    struct tcp_script *t = flight(10, 20 * 1460);
    dup_ack(t, 1);
    OUT(.flags = A, .seq = 1 + 14600, .ack = 1, .len = 1460);
    dup_ack(t, 1);
    OUT(.flags = A, .seq = 1 + 16060, .ack = 1, .len = 1460);
    QUIET();
    ck_assert_uint_eq(STAT(limited_transmits), 2);
    dup_ack(t, 1);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    QUIET();
}
END_TEST

START_TEST(test_each_partial_ack_retransmits_the_next_hole)
{
    struct tcp_script *t = flight(10, 10 * 1460);
    for (int i = 0; i < 3; i++)
        dup_ack(t, 1);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    IN(.flags = A, .seq = 1, .ack = 1 + 4 * 1460, .wnd = 60000);
    OUT(.flags = A, .seq = 1 + 4 * 1460, .ack = 1, .len = 1460);
    QUIET();
    ck_assert_uint_eq(STAT(partial_acks), 1);
    IN(.flags = A, .seq = 1, .ack = 1 + 7 * 1460, .wnd = 60000);
    OUT(.flags = A, .seq = 1 + 7 * 1460, .ack = 1, .len = 1460);
    ck_assert_uint_eq(STAT(recoveries), 1);
    IN(.flags = A, .seq = 1, .ack = 1 + 10 * 1460, .wnd = 60000);
    ck_assert_uint_eq(script_conn(t)->snd_una, script_conn(t)->snd_nxt);
    QUIET();
}
END_TEST

START_TEST(test_duplicates_in_recovery_let_new_segments_out)
{
    struct tcp_script *t = flight(10, 30 * 1460);
    for (int i = 0; i < 3; i++)
        dup_ack(t, 1);
    fake_link_clear(t->wire);
    /* cwnd is 8 segments; 12 are out. Each duplicate adds one. */
    for (int i = 0; i < 3; i++)
        dup_ack(t, 1);
    QUIET();
    dup_ack(t, 1);
    dup_ack(t, 1);
    struct tern_tcp_info info;
    tern_tcp_info(t->s, &info);
    ck_assert_uint_ge(info.cwnd, 12 * 1460);
    ck_assert(script_take(t) != NULL);
}
END_TEST

START_TEST(test_window_update_is_no_duplicate)
{
    struct tcp_script *t = flight(5, 5 * 1460);
    for (uint16_t i = 0; i < 10; i++)
        IN(.flags = A, .seq = 1, .ack = 1, .wnd = 50000 + i);
    QUIET();
    ck_assert_uint_eq(STAT(in_dup_acks), 0);
}
END_TEST

START_TEST(test_data_is_no_duplicate)
{
    struct tcp_script *t = flight(5, 5 * 1460);
    for (uint32_t i = 0; i < 6; i++)
        IN(.flags = PA, .seq = 1 + i, .ack = 1, .wnd = 60000, .len = 1);
    ck_assert_uint_eq(STAT(in_dup_acks), 0);
    ck_assert_uint_eq(STAT(fast_retransmits), 0);
}
END_TEST

START_TEST(test_duplicates_of_an_old_recovery_do_not_begin_another)
{
    struct tcp_script *t = flight(10, 10 * 1460);
    script_at(t, 1000);    /* a timeout: everything may be sent again */
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    IN(.flags = A, .seq = 1, .ack = 1 + 1460, .wnd = 60000);
    fake_link_clear(t->wire);
    for (int i = 0; i < 5; i++)
        dup_ack(t, 1 + 1460);
    ck_assert_uint_eq(STAT(fast_retransmits), 0);
}
END_TEST

/* What goes again because the path is narrower is no loss that duplicates tell of. */
START_TEST(test_duplicates_after_a_smaller_path_mtu_begin_no_recovery)
{
    struct tcp_script *t = flight(10, 10 * 1460);
    script_icmp(t, 3, 4, 1000, 1);
    ck_assert(script_conn(t)->mss < 1460);
    fake_link_clear(t->wire);
    for (int i = 0; i < 5; i++)
        dup_ack(t, 1);
    ck_assert_uint_eq(STAT(in_dup_acks), 5);
    ck_assert_uint_eq(STAT(fast_retransmits), 0);
    ck_assert_uint_eq(STAT(recoveries), 0);
}
END_TEST

/* ---- Samples of the round trip ---------------------------------------------------------- */

START_TEST(test_sample_of_a_burst_is_exact)
{
    struct tcp_script *t = flight(2, 2 * 1460);
    t->now_ns += 37250 * 1000;
    script_poll(t);
    IN(.flags = A, .seq = 1, .ack = 1 + 2 * 1460, .wnd = 60000);
    ck_assert_uint_eq(script_conn(t)->srtt_us, 37250);
}
END_TEST

START_TEST(test_sample_of_a_burst_without_a_record_is_none)
{
    struct tcp_script *t = flight(0, 0);
    uint32_t flights = t->tcp.flight_free;
    uint32_t n_flights = t->tcp.n_flights_free;
    t->tcp.flight_free = 0;    /* other connections have them */
    t->tcp.n_flights_free = 0;
    script_write(t, 2 * 1460);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    OUT(.flags = PA, .seq = 1461, .ack = 1, .len = 1460);
    script_pass(t, 30);
    IN(.flags = A, .seq = 1, .ack = 1 + 2 * 1460, .wnd = 60000);
    ck_assert_uint_eq(script_conn(t)->srtt_us, 0);
    t->tcp.flight_free = flights;
    t->tcp.n_flights_free = n_flights;
}
END_TEST

START_TEST(test_sample_of_a_part_of_a_segment_is_none)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 1000);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 1000);
    script_pass(t, 50);
    IN(.flags = A, .seq = 1, .ack = 501);
    ck_assert_uint_eq(script_conn(t)->srtt_us, 0);
}
END_TEST

/* Karn's algorithm: an echo of the first transmission is none of the second. */
START_TEST(test_sample_of_what_went_twice_needs_the_echo_of_the_second)
{
    bool first = _i == 0;
    SCRIPT(.timestamps = true);
    script_accepted(t);
    script_write(t, 10);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 10, .ts = true);
    uint32_t echo = t->last_ts_val;
    script_pass(t, 200);    /* the least timeout */
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 10, .ts = true);
    ck_assert_uint_eq(t->last_ts_val, echo + 200);
    script_pass(t, 100);
    IN(.flags = A, .seq = 1, .ack = 11, .ts = true, .ts_val = 200,
       .ts_ecr = first ? echo : t->last_ts_val);
    ck_assert_int_eq(script_conn(t)->srtt_us == 0, first);    /* no estimate is left */
}
END_TEST

START_TEST(test_sample_beyond_any_timeout_is_none)
{
    SCRIPT(.timestamps = true);
    script_accepted(t);
    uint32_t srtt_us = script_conn(t)->srtt_us;
    script_write(t, 10);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 10, .ts = true);
    script_pass(t, 20);
    IN(.flags = A, .seq = 1, .ack = 11, .ts = true, .ts_val = 200,
       .ts_ecr = t->last_ts_val - 10000000);
    ck_assert_uint_eq(script_conn(t)->srtt_us, srtt_us);
}
END_TEST

START_TEST(test_old_segment_does_not_update_the_window)
{
    SCRIPT(0);
    script_accepted(t);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 10, .wnd = 5000);
    ck_assert_uint_eq(script_conn(t)->snd_wnd, 5000);
    IN(.flags = PA, .seq = 0, .ack = 1, .len = 12, .wnd = 100);    /* SEG.SEQ < SND.WL1 */
    ck_assert_uint_eq(script_conn(t)->snd_wnd, 5000);
    ck_assert_uint_eq(t->n_taken, 11);
    IN(.flags = A, .seq = 12, .ack = 1, .wnd = 100);
    ck_assert_uint_eq(script_conn(t)->snd_wnd, 100);
}
END_TEST

/* A retransmission of the peer's stands before its last ACK, and says more. */
START_TEST(test_window_of_a_new_ack_counts_wherever_it_stands)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 2920);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    OUT(.flags = PA, .seq = 1461, .ack = 1, .len = 1460);
    IN(.flags = A, .seq = 101, .ack = 1, .wnd = 2920);    /* 100 octets are lost */
    IN(.flags = PA, .seq = 1, .ack = 1461, .len = 100, .wnd = 1960);
    ck_assert_uint_eq(script_conn(t)->snd_wnd, 1960);
    script_write(t, 2920);    /* of it 500 are left, which is no full segment */
    QUIET();
}
END_TEST

START_TEST(test_cwnd_is_kept_while_idle_and_restarted_after_an_rto)
{
    struct tcp_script *t = flight(10, 10 * 1460);
    IN(.flags = A, .seq = 1, .ack = 1 + 14600, .wnd = 60000);
    struct tern_tcp_info info;
    tern_tcp_info(t->s, &info);
    ck_assert_uint_eq(info.cwnd, 18 * 1460);    /* ten and at most eight more */
    ck_assert_uint_eq(t->tcp.n_works_free, 4);
    script_pass(t, 100);
    script_write(t, 20 * 1460);
    for (uint32_t i = 0; i < 18; i++)
        OUT(.flags = A, .seq = 14601 + 1460 * i, .ack = 1, .len = 1460);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 1 + 28 * 1460, .wnd = 60000);
    fake_link_clear(t->wire);
    IN(.flags = A, .seq = 1, .ack = 1 + 30 * 1460, .wnd = 60000);
    script_pass(t, 5000);    /* RFC 5681 section 4.1 */
    script_write(t, 20 * 1460);
    for (uint32_t i = 0; i < 10; i++)
        OUT(.flags = A, .seq = 1 + 1460 * (30 + i), .ack = 1, .len = 1460);
    QUIET();
}
END_TEST

START_TEST(test_newreno_grows_by_octets_not_by_acks)
{
    const struct tern_tcp_cc_ops *ops = tern_newreno.ops;
    struct tern_tcp_cc whole = { .cwnd = 10000, .ssthresh = 5000, .mss = 1000 };
    struct tern_tcp_cc divided = whole;
    ops->start(&whole);
    ops->start(&divided);
    for (int i = 0; i < 10; i++)
        ops->acked(&whole, 1000, 0);
    for (int i = 0; i < 10000; i++)
        ops->acked(&divided, 1, 0);
    ck_assert_uint_eq(whole.cwnd, 11000);    /* one segment a round trip */
    ck_assert_uint_eq(divided.cwnd, 11000);
}
END_TEST

START_TEST(test_newreno_after_a_timeout_steps_one_segment_at_a_time)
{
    const struct tern_tcp_cc_ops *ops = tern_newreno.ops;
    struct tern_tcp_cc cc = { .cwnd = 20000, .ssthresh = UINT32_MAX, .mss = 1000 };
    ops->start(&cc);
    ops->timed_out(&cc, 20000, false, 0);
    ck_assert_uint_eq(cc.cwnd, 1000);
    ck_assert_uint_eq(cc.ssthresh, 10000);
    ops->timed_out(&cc, 1000, true, 0);    /* the same data again: ssthresh stays */
    ck_assert_uint_eq(cc.ssthresh, 10000);
    ops->acked(&cc, 5000, 0);
    ck_assert_uint_eq(cc.cwnd, 2000);
}
END_TEST

START_TEST(test_newreno_never_goes_below_a_segment_or_wraps)
{
    const struct tern_tcp_cc_ops *ops = tern_newreno.ops;
    struct tern_tcp_cc cc = { .cwnd = 1, .ssthresh = UINT32_MAX, .mss = 1000 };
    ops->start(&cc);
    ck_assert_uint_eq(cc.cwnd, 1000);
    for (int i = 0; i < 1000000; i++)
        ops->acked(&cc, UINT32_MAX, 0);
    ck_assert_uint_eq(cc.cwnd, TCP_QUEUE_MAX);
    for (int i = 0; i < 100; i++)
        ops->duplicate(&cc);
    ck_assert_uint_eq(cc.cwnd, TCP_QUEUE_MAX);
    ops->lost(&cc, 0, 0);
    ck_assert_uint_eq(cc.ssthresh, 2000);
    ops->partial(&cc, UINT32_MAX);
    ck_assert_uint_ge(cc.cwnd, 1000);
    ops->recovered(&cc, 0);
    ck_assert_uint_eq(cc.cwnd, 2000);
}
END_TEST

Suite *tcp_ack_suite(void)
{
    Suite *suite = suite_create("tcp_ack");
    TCase *tc = tcase_create("ack");
    tcase_add_test(tc, test_third_duplicate_retransmits);
    tcase_add_test(tc, test_first_two_duplicates_send_new_segments);
    tcase_add_test(tc, test_each_partial_ack_retransmits_the_next_hole);
    tcase_add_test(tc, test_duplicates_in_recovery_let_new_segments_out);
    tcase_add_test(tc, test_window_update_is_no_duplicate);
    tcase_add_test(tc, test_data_is_no_duplicate);
    tcase_add_test(tc, test_duplicates_of_an_old_recovery_do_not_begin_another);
    tcase_add_test(tc, test_duplicates_after_a_smaller_path_mtu_begin_no_recovery);
    tcase_add_test(tc, test_sample_of_a_burst_is_exact);
    tcase_add_test(tc, test_sample_of_a_burst_without_a_record_is_none);
    tcase_add_test(tc, test_sample_of_a_part_of_a_segment_is_none);
    tcase_add_loop_test(tc, test_sample_of_what_went_twice_needs_the_echo_of_the_second, 0, 2);
    tcase_add_test(tc, test_sample_beyond_any_timeout_is_none);
    tcase_add_test(tc, test_old_segment_does_not_update_the_window);
    tcase_add_test(tc, test_window_of_a_new_ack_counts_wherever_it_stands);
    tcase_add_test(tc, test_cwnd_is_kept_while_idle_and_restarted_after_an_rto);
    tcase_add_test(tc, test_newreno_grows_by_octets_not_by_acks);
    tcase_add_test(tc, test_newreno_after_a_timeout_steps_one_segment_at_a_time);
    tcase_add_test(tc, test_newreno_never_goes_below_a_segment_or_wraps);
    suite_add_tcase(suite, tc);
    return suite;
}
