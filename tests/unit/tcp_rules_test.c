/* SPDX-License-Identifier: ISC */
/*
 * Rules of the RFCs that a peer sees from outside and that need more than one
 * of our files: what each state answers to odd flags, closed windows with data
 * out, timeouts without samples, windows that open a little.
 */
#include "suites.h"
#include "tcp_script.h"

static const int odd_flags[] = { 0, F, P, F | P | U, S | F, S | F | P | U };
#define N_ODD ((int)(sizeof odd_flags / sizeof odd_flags[0]))

START_TEST(test_closed_port_resets_whatever_has_no_rst)
{
    /* RFC 9293 section 3.10.7.1 */
    SCRIPT(0);
    uint8_t l4[128];
    size_t len = script_emit(t, &(struct script_seg){ .flags = odd_flags[_i], .seq = 7, .len = 2 },
                             l4);
    script_in_raw(t, l4, len);
    int n = 2 + ((odd_flags[_i] & S) != 0) + ((odd_flags[_i] & F) != 0);
    const struct fake_frame *frame = script_take(t);
    ck_assert(frame != NULL && frame->data[34 + 13] == RA);
    ck_assert_uint_eq(tern_load_be32(frame->data + 38), 0);
    ck_assert_uint_eq(tern_load_be32(frame->data + 42), SCRIPT_PEER_ISS + 7 + (uint32_t)n);
    ck_assert_uint_eq(STAT(drop_no_conn), 1);
    len = script_emit(t, &(struct script_seg){ .flags = odd_flags[_i] | R, .seq = 7 }, l4);
    script_in_raw(t, l4, len);
    QUIET();
}
END_TEST

START_TEST(test_listen_drops_odd_flags_silently)
{
    /* RFC 9293 section 3.10.7.2, fourth: "this should not be reached" */
    SCRIPT(0);
    script_listen(t);
    uint8_t l4[128];
    size_t len = script_emit(t, &(struct script_seg){ .flags = odd_flags[_i], .seq = 7 }, l4);
    script_in_raw(t, l4, len);
    QUIET();
    ck_assert_uint_eq(STAT(drop_bad_flags), 1);
    ck_assert_uint_eq(STAT(in_errs), 1);
    DRAINED();
}
END_TEST

START_TEST(test_odd_syn_in_time_wait_does_not_end_it)
{
    SCRIPT(0);
    script_accepted(t);
    tern_stream_close(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    IN(.flags = FA, .seq = 1, .ack = 2);
    OUT(.flags = A, .seq = 2, .ack = 2);
    script_pass(t, 10000);
    IN(.flags = S | F, .seq = 100000);
    ck_assert_uint_eq(STAT(time_wait), 1);
    ck_assert_uint_eq(STAT(time_wait_reused), 0);
}
END_TEST

START_TEST(test_syn_out_of_the_window_is_held_to_the_challenge_budget)
{
    /* RFC 5961 sections 4.2 and 7 */
    SCRIPT(0);
    script_accepted(t);
    for (uint32_t i = 0; i < 30; i++)
        IN(.flags = S, .seq = 1000000 + i, .len = i % 2);
    size_t n = 0;
    for (; script_take(t) != NULL; n++)
        ;
    ck_assert_uint_eq(n, 10);
    ck_assert_uint_eq(STAT(challenge_limited), 20);
}
END_TEST

START_TEST(test_syn_without_a_timestamp_is_challenged_too)
{
    /* RFC 5961 section 4.2, where RFC 7323 section 3.2 would have it dropped */
    SCRIPT(.timestamps = true);
    script_accepted(t);
    IN(.flags = S, .seq = 5);
    OUT(.flags = A, .seq = 1, .ack = 1, .ts = true);
    LOG("");
}
END_TEST

START_TEST(test_window_that_closes_on_data_is_waited_for)
{
    /*
     * RFC 9293 section 3.8.6.1, MUST-37: the peer has shrunk its window to
     * nothing below what is out, and answers. Ten minutes, then it is silent.
     */
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 1000);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 1000);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    for (int i = 0; i < 600; i++) {
        script_pass(t, 1000);
        while (script_take(t) != NULL)
            IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    }
    LOG("");
    script_pass(t, 160000);
    LOG("closed(8)");
}
END_TEST

START_TEST(test_finished_connection_is_waited_for_at_a_closed_window)
{
    /* A half-close is no close: what was written before it is still wanted. */
    SCRIPT(0);
    script_accepted(t);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    script_write(t, 100);
    tern_stream_finish(t->s);
    for (int i = 0; i < 300; i++) {
        script_pass(t, 1000);
        while (script_take(t) != NULL)
            IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    }
    LOG("");
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = 1000);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    OUT(.flags = FA, .seq = 101, .ack = 1);
}
END_TEST

START_TEST(test_answers_to_probes_are_no_duplicates)
{
    /* The work block is there for what came out of order, so duplicates would be counted. */
    SCRIPT(0);
    script_accepted(t);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    IN(.flags = A, .seq = 100, .ack = 1, .wnd = ZERO, .len = 10);
    OUT(.flags = A, .seq = 1, .ack = 1);
    script_write(t, 3000);
    QUIET();
    script_at(t, 1000);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 1);
    for (int i = 0; i < 5; i++)
        IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    QUIET();
    ck_assert_uint_eq(STAT(fast_retransmits), 0);
    ck_assert_uint_eq(STAT(in_dup_acks), 0);
}
END_TEST

START_TEST(test_window_that_opens_a_little_after_a_probe_is_not_overrun)
{
    SCRIPT(0);
    script_accepted(t);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    script_write(t, 1400);
    script_at(t, 1000);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 1);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = 500);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 500);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 501, .wnd = 2000);
    OUT(.flags = PA, .seq = 501, .ack = 1, .len = 900);
}
END_TEST

START_TEST(test_timeout_stays_doubled_until_there_is_a_sample)
{
    /*
     * Karn's algorithm (RFC 6298 section 5, RFC 9293 MUST-18): a path of 1.5 s,
     * no timestamps. Were the timeout a second again for each new segment, all
     * would be sent twice for ever.
     */
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 100);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    script_at(t, 1000);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    script_at(t, 1500);
    IN(.flags = A, .seq = 1, .ack = 101);
    script_write(t, 100);
    OUT(.flags = PA, .seq = 101, .ack = 1, .len = 100);
    script_at(t, 3000);
    QUIET();    /* two seconds from 1500 */
    IN(.flags = A, .seq = 1, .ack = 201);
    ck_assert_uint_eq(script_conn(t)->srtt_us, 1500000);
    ck_assert_uint_eq(script_conn(t)->rttvar_us, 750000);
}
END_TEST

START_TEST(test_echo_of_what_we_never_said_is_no_sample)
{
    SCRIPT(.timestamps = true);
    script_listen(t);
    IN(.flags = S, .mss = 1460, .ts = true, .ts_val = 5);
    OUT(.flags = SA, .ack = 1, .ts = true);
    IN(.flags = A, .seq = 1, .ack = 1, .ts = true, .ts_val = 6,
       .ts_ecr = t->last_ts_val + 100000);
    ck_assert_uint_eq(script_conn(t)->srtt_us, 0);
    script_write(t, 10);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 10, .ts = true);
    script_pass(t, 1000);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 10, .ts = true);
}
END_TEST

START_TEST(test_small_segment_after_an_idle_time_does_not_save_the_window)
{
    /* RFC 5681 section 4.1: the restart window counts from the first segment on. */
    SCRIPT(0);
    script_accepted(t);
    struct tern_tcp_conn *conn = script_conn(t);
    conn->cc.saved.cwnd = 100 * 1460;
    script_pass(t, 5000);
    script_write(t, 1);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 1);
    IN(.flags = A, .seq = 1, .ack = 2);
    ck_assert_uint_eq(conn->cc.saved.cwnd, 10 * 1460);
}
END_TEST

START_TEST(test_fin_by_itself_pushes_nothing)
{
    SCRIPT(0);
    script_accepted(t);
    tern_stream_finish(t->s);
    script_poll(t);
    for (int i = 0; i < 2; i++) {
        const struct fake_frame *frame = script_take(t);
        ck_assert(frame != NULL && frame->data[34 + 13] == FA);
        script_pass(t, 1000);    /* and not when it is sent again either */
    }
}
END_TEST

Suite *tcp_rules_suite(void)
{
    Suite *suite = suite_create("tcp_rules");
    TCase *tc = tcase_create("rules");
    tcase_add_loop_test(tc, test_closed_port_resets_whatever_has_no_rst, 0, N_ODD);
    tcase_add_loop_test(tc, test_listen_drops_odd_flags_silently, 0, N_ODD);
    tcase_add_test(tc, test_odd_syn_in_time_wait_does_not_end_it);
    tcase_add_test(tc, test_syn_out_of_the_window_is_held_to_the_challenge_budget);
    tcase_add_test(tc, test_syn_without_a_timestamp_is_challenged_too);
    tcase_add_test(tc, test_window_that_closes_on_data_is_waited_for);
    tcase_add_test(tc, test_finished_connection_is_waited_for_at_a_closed_window);
    tcase_add_test(tc, test_answers_to_probes_are_no_duplicates);
    tcase_add_test(tc, test_window_that_opens_a_little_after_a_probe_is_not_overrun);
    tcase_add_test(tc, test_timeout_stays_doubled_until_there_is_a_sample);
    tcase_add_test(tc, test_echo_of_what_we_never_said_is_no_sample);
    tcase_add_test(tc, test_small_segment_after_an_idle_time_does_not_save_the_window);
    tcase_add_test(tc, test_fin_by_itself_pushes_nothing);
    suite_add_tcase(suite, tc);
    return suite;
}
