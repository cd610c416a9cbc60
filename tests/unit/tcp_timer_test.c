/* SPDX-License-Identifier: ISC */
/*
 * Time: the retransmission timer (RFC 6298) to the millisecond, probes of a
 * zero window, keepalive, the user timeout.
 */
#include "suites.h"
#include "tcp_script.h"

#include "libnet/tcp_internal.h"

START_TEST(test_first_rto_is_a_second_and_doubles)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 100);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    static const uint32_t at[] = { 1000, 3000, 7000, 15000, 31000, 63000 };
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        script_at(t, at[i] - 1);
        QUIET();
        script_at(t, at[i]);
        OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    }
    ck_assert_uint_eq(STAT(timeouts_rto), 6);
}
END_TEST

START_TEST(test_rto_follows_the_measured_rtt)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 100);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    script_at(t, 300);
    IN(.flags = A, .seq = 1, .ack = 101);
    struct tern_tcp_info info;
    tern_tcp_info(t->s, &info);
    ck_assert_uint_eq(info.srtt_ns, 300 * TERN_MILLISECOND_NS);    /* RFC 6298 (2.2) */
    ck_assert_uint_eq(info.rttvar_ns, 150 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(info.rto_ns, 900 * TERN_MILLISECOND_NS);
    script_write(t, 100);
    OUT(.flags = PA, .seq = 101, .ack = 1, .len = 100);
    script_at(t, 400);
    IN(.flags = A, .seq = 1, .ack = 201);
    tern_tcp_info(t->s, &info);    /* (2.3): 3/4 * 150 + 1/4 * 200; 7/8 * 300 + 1/8 * 100 */
    ck_assert_uint_eq(info.rttvar_ns, UINT64_C(162500) * 1000);
    ck_assert_uint_eq(info.srtt_ns, 275 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(info.rto_ns, 925 * TERN_MILLISECOND_NS);
    script_write(t, 100);
    OUT(.flags = PA, .seq = 201, .ack = 1, .len = 100);
    script_at(t, 400 + 924);
    QUIET();
    script_at(t, 400 + 925);
    OUT(.flags = PA, .seq = 201, .ack = 1, .len = 100);
}
END_TEST

START_TEST(test_rto_is_at_least_200_ms)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 100);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    script_at(t, 1);
    IN(.flags = A, .seq = 1, .ack = 101);
    script_write(t, 100);
    OUT(.flags = PA, .seq = 101, .ack = 1, .len = 100);
    script_at(t, 200);
    QUIET();
    script_at(t, 201);
    OUT(.flags = PA, .seq = 101, .ack = 1, .len = 100);
}
END_TEST

START_TEST(test_retransmitted_segment_gives_no_sample)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 100);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    script_at(t, 1000);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    script_at(t, 1010);
    IN(.flags = A, .seq = 1, .ack = 101);
    ck_assert_uint_eq(script_conn(t)->srtt_us, 0);    /* Karn: of which was it? */
}
END_TEST

START_TEST(test_timestamp_gives_a_sample_even_then)
{
    SCRIPT(.timestamps = true);
    script_accepted(t);
    uint32_t before = script_conn(t)->srtt_us;
    script_write(t, 100);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100, .ts = true);
    script_at(t, 200);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100, .ts = true);
    uint32_t ecr = t->last_ts_val;
    script_at(t, 250);
    IN(.flags = A, .seq = 1, .ack = 101, .ts = true, .ts_val = 101, .ts_ecr = ecr);
    ck_assert_uint_eq(script_conn(t)->srtt_us, before - before / 8 + 50000 / 8);
}
END_TEST

START_TEST(test_ack_restarts_the_timer)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 2920);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    OUT(.flags = PA, .seq = 1461, .ack = 1, .len = 1460);
    script_at(t, 100);
    IN(.flags = A, .seq = 1, .ack = 1461);
    /* The record of the burst is not whole yet: no sample, still one second, from now. */
    script_at(t, 1099);
    QUIET();
    script_at(t, 1100);
    OUT(.flags = PA, .seq = 1461, .ack = 1, .len = 1460);
}
END_TEST

START_TEST(test_after_a_timeout_all_goes_again_as_the_window_opens)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 6 * 1460);
    for (uint32_t i = 0; i < 6; i++)
        OUT(.flags = A, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
    script_at(t, 1000);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 1460);
    QUIET();
    struct tern_tcp_info info;
    tern_tcp_info(t->s, &info);
    ck_assert_uint_eq(info.cwnd, 1460);
    ck_assert_uint_eq(info.ssthresh, 3 * 1460);
    IN(.flags = A, .seq = 1, .ack = 1461);
    OUT(.flags = PA, .seq = 1461, .ack = 1, .len = 1460);
    OUT(.flags = PA, .seq = 2921, .ack = 1, .len = 1460);
    QUIET();
    /* The peer had the rest: nothing of it goes a third time. */
    IN(.flags = A, .seq = 1, .ack = 1 + 6 * 1460);
    QUIET();
    ck_assert_uint_eq(script_conn(t)->snd_una, script_conn(t)->snd_nxt);
    ck_assert_uint_eq(STAT(retrans_segs), 3);
}
END_TEST

START_TEST(test_user_timeout_ends_a_connection_without_progress)
{
    SCRIPT(.options = { .user_timeout_ms = 5000 });
    script_accepted(t);
    script_at(t, 100);
    script_write(t, 100);
    script_at(t, 2000);
    LOG("");
    script_at(t, 5099);
    LOG("");
    fake_link_clear(t->wire);
    script_at(t, 5100);
    OUT(.flags = RA, .seq = 101, .ack = 1);
    LOG("closed(8)");
    ck_assert_uint_eq(STAT(timeouts_user), 1);
    DRAINED();
}
END_TEST

START_TEST(test_user_timeout_begins_anew_with_progress)
{
    SCRIPT(.options = { .user_timeout_ms = 5000 });
    script_accepted(t);
    script_write(t, 2920);
    script_at(t, 4000);
    IN(.flags = A, .seq = 1, .ack = 1461);
    script_at(t, 8999);
    LOG("");
    script_at(t, 9000);
    LOG("closed(8)");
}
END_TEST

START_TEST(test_user_timeout_is_100_s_by_itself)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 10);
    script_at(t, 99999);
    LOG("");
    script_at(t, 100000);
    LOG("closed(8)");
}
END_TEST

START_TEST(test_zero_window_is_probed_with_doubling_pauses)
{
    SCRIPT(0);
    script_accepted(t);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    script_write(t, 100);
    QUIET();
    static const uint32_t at[] = { 1000, 3000, 7000, 15000 };
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        script_at(t, at[i] - 1);
        QUIET();
        script_at(t, at[i]);
        OUT(.flags = PA, .seq = 1, .ack = 1, .len = 1);
        IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
        QUIET();
    }
    ck_assert_uint_eq(STAT(timeouts_persist), 4);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = 1000);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);    /* the probe's octet, and the rest */
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 101, .wnd = 1000);
    ck_assert_uint_eq(script_conn(t)->snd_una, script_conn(t)->snd_nxt);
}
END_TEST

START_TEST(test_probe_that_is_taken_is_progress)
{
    SCRIPT(0);
    script_accepted(t);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    script_write(t, 100);
    script_at(t, 1000);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 1);
    IN(.flags = A, .seq = 1, .ack = 2, .wnd = 500);
    OUT(.flags = PA, .seq = 2, .ack = 1, .len = 99);
    QUIET();
}
END_TEST

START_TEST(test_peer_that_answers_probes_is_waited_for)
{
    SCRIPT(0);
    script_accepted(t);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    script_write(t, 100);
    for (int i = 0; i < 600; i++) {
        script_pass(t, 1000);
        while (script_take(t) != NULL)
            IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    }
    LOG("");    /* ten minutes */
    ck_assert_int_eq(script_state(t), TERN_TCP_ESTABLISHED);
    /* One that falls silent is not. */
    script_pass(t, 160000);
    LOG("closed(8)");
}
END_TEST

START_TEST(test_small_window_is_used_after_a_while)
{
    /* RFC 9293 section 3.8.6.2.1: the override timeout. */
    SCRIPT(0);
    script_accepted(t);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = 50);
    script_write(t, 100);
    QUIET();
    script_at(t, 1000);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 50);
}
END_TEST

START_TEST(test_keepalive_probes_an_idle_connection_and_gives_up)
{
    SCRIPT(.options = { .keepalive_s = 10, .keepalive_every_s = 2, .keepalive_probes = 3 });
    script_accepted(t);
    script_at(t, 9999);
    QUIET();
    script_at(t, 10000);
    OUT(.flags = A, .seq = 0, .ack = 1);
    script_at(t, 12000);
    OUT(.flags = A, .seq = 0, .ack = 1);
    script_at(t, 14000);
    OUT(.flags = A, .seq = 0, .ack = 1);
    script_at(t, 15999);
    LOG("");
    script_at(t, 16000);
    OUT(.flags = RA, .seq = 1, .ack = 1);
    LOG("closed(8)");
    ck_assert_uint_eq(STAT(timeouts_keepalive), 1);
    DRAINED();
}
END_TEST

START_TEST(test_answer_to_a_keepalive_begins_the_wait_anew)
{
    SCRIPT(.options = { .keepalive_s = 10, .keepalive_every_s = 2, .keepalive_probes = 3 });
    script_accepted(t);
    script_at(t, 10000);
    OUT(.flags = A, .seq = 0, .ack = 1);
    script_at(t, 11000);
    IN(.flags = A, .seq = 1, .ack = 1);
    script_at(t, 20999);
    QUIET();
    script_at(t, 21000);
    OUT(.flags = A, .seq = 0, .ack = 1);
}
END_TEST

START_TEST(test_keepalive_of_the_peer_is_answered)
{
    SCRIPT(0);
    script_accepted(t);
    for (int i = 0; i < 5; i++) {
        script_pass(t, 2000);
        IN(.flags = A, .seq = 0, .ack = 1);
        OUT(.flags = A, .seq = 1, .ack = 1);
        IN(.flags = PA, .seq = 0, .ack = 1, .len = 1);    /* BSD's has an octet */
        OUT(.flags = A, .seq = 1, .ack = 1);
    }
}
END_TEST

START_TEST(test_options_can_be_changed_later)
{
    SCRIPT(0);
    script_accepted(t);
    script_at(t, 5000);
    tern_tcp_set(t->s, &(struct tern_tcp_options){ .keepalive_s = 1 });
    script_at(t, 6000);
    OUT(.flags = A, .seq = 0, .ack = 1);
}
END_TEST

START_TEST(test_estimates_do_not_wrap_whatever_the_samples)
{
    struct tern_tcp tcp = { .config = { .rto_initial_ms = 1000, .rto_min_ms = 200,
                                        .rto_max_ms = 60000 } };
    struct tern_tcp_conn conn = { .tcp = &tcp };
    static const uint32_t samples[] = { 0, 1, UINT32_MAX, 0, UINT32_MAX, UINT32_MAX, 1, 1000 };
    for (size_t i = 0; i < 800; i++) {
        tern_tcp_rto_sample(&conn, samples[i % 8]);
        uint32_t rto_ms = tern_tcp_rto_ms(&conn);
        ck_assert_uint_ge(rto_ms, 200);
        ck_assert_uint_le(rto_ms, 60000);
        ck_assert_uint_ge(conn.srtt_us, 1);
        ck_assert_uint_le(conn.srtt_us, 100000000);
    }
    for (unsigned i = 0; i < 16; i++) {
        conn.backoff = i & 0xf;
        ck_assert_uint_le(tern_tcp_rto_ms(&conn), 60000);
    }
}
END_TEST

Suite *tcp_timer_suite(void)
{
    Suite *suite = suite_create("tcp_timer");
    TCase *tc = tcase_create("timer");
    tcase_add_test(tc, test_first_rto_is_a_second_and_doubles);
    tcase_add_test(tc, test_rto_follows_the_measured_rtt);
    tcase_add_test(tc, test_rto_is_at_least_200_ms);
    tcase_add_test(tc, test_retransmitted_segment_gives_no_sample);
    tcase_add_test(tc, test_timestamp_gives_a_sample_even_then);
    tcase_add_test(tc, test_ack_restarts_the_timer);
    tcase_add_test(tc, test_after_a_timeout_all_goes_again_as_the_window_opens);
    tcase_add_test(tc, test_user_timeout_ends_a_connection_without_progress);
    tcase_add_test(tc, test_user_timeout_begins_anew_with_progress);
    tcase_add_test(tc, test_user_timeout_is_100_s_by_itself);
    tcase_add_test(tc, test_zero_window_is_probed_with_doubling_pauses);
    tcase_add_test(tc, test_probe_that_is_taken_is_progress);
    tcase_add_test(tc, test_peer_that_answers_probes_is_waited_for);
    tcase_add_test(tc, test_small_window_is_used_after_a_while);
    tcase_add_test(tc, test_keepalive_probes_an_idle_connection_and_gives_up);
    tcase_add_test(tc, test_answer_to_a_keepalive_begins_the_wait_anew);
    tcase_add_test(tc, test_keepalive_of_the_peer_is_answered);
    tcase_add_test(tc, test_options_can_be_changed_later);
    tcase_add_test(tc, test_estimates_do_not_wrap_whatever_the_samples);
    suite_add_tcase(suite, tc);
    return suite;
}
