/* SPDX-License-Identifier: ISC */
/*
 * Closing: RFC 9293 sections 3.6, 3.10.4, 3.10.5; TIME-WAIT with RFC 6191 and
 * 1337; linger; half-close.
 */
#include "suites.h"
#include "tcp_script.h"

START_TEST(test_active_close_ends_in_time_wait)
{
    SCRIPT(0);
    script_accepted(t);
    tern_stream_close(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    ck_assert_int_eq(script_state(t), TERN_TCP_FIN_WAIT_1);
    IN(.flags = A, .seq = 1, .ack = 2);
    ck_assert_int_eq(script_state(t), TERN_TCP_FIN_WAIT_2);
    IN(.flags = FA, .seq = 1, .ack = 2);
    OUT(.flags = A, .seq = 2, .ack = 2);
    LOG("closed(0)");
    ck_assert_uint_eq(STAT(time_wait), 1);
    DRAINED();
    script_pass(t, 59999);
    ck_assert_uint_eq(STAT(time_wait), 1);
    script_pass(t, 1);
    ck_assert_uint_eq(STAT(time_wait), 0);
    ck_assert_uint_eq(STAT(time_wait_expired), 1);
    ck_assert_uint_eq(t->tcp.n_time_waits_free, 2);
}
END_TEST

START_TEST(test_passive_close_ends_at_once)
{
    SCRIPT(0);
    script_accepted(t);
    IN(.flags = FA, .seq = 1, .ack = 1);
    OUT(.flags = FA, .seq = 1, .ack = 2);
    LOG("ended");
    ck_assert_int_eq(script_state(t), TERN_TCP_LAST_ACK);
    IN(.flags = A, .seq = 2, .ack = 2);
    LOG("closed(0)");
    ck_assert_uint_eq(STAT(time_wait), 0);
    DRAINED();
}
END_TEST

START_TEST(test_simultaneous_close_goes_through_closing)
{
    SCRIPT(0);
    script_accepted(t);
    tern_stream_finish(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    IN(.flags = FA, .seq = 1, .ack = 1);
    OUT(.flags = A, .seq = 2, .ack = 2);
    LOG("ended");
    ck_assert_int_eq(script_state(t), TERN_TCP_CLOSING);
    IN(.flags = A, .seq = 2, .ack = 2);
    LOG("closed(0)");
    ck_assert_uint_eq(STAT(time_wait), 1);
    DRAINED();
}
END_TEST

START_TEST(test_fin_that_acknowledges_ours_goes_straight_to_time_wait)
{
    SCRIPT(0);
    script_accepted(t);
    tern_stream_finish(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    IN(.flags = FPA, .seq = 1, .ack = 2, .len = 3);
    OUT(.flags = A, .seq = 2, .ack = 5);
    LOG("data(3) ended closed(0)");
    ck_assert_uint_eq(STAT(time_wait), 1);
}
END_TEST

START_TEST(test_half_close_still_reads)
{
    SCRIPT(0);
    script_accepted(t);
    tern_stream_finish(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 2);
    for (uint32_t i = 0; i < 10; i++)
        IN(.flags = PA, .seq = 1 + 100 * i, .ack = 2, .len = 100);
    ck_assert_uint_eq(t->n_taken, 1000);
    script_pass(t, 3600 * 1000);    /* and no timer ends it */
    ck_assert_int_eq(script_state(t), TERN_TCP_FIN_WAIT_2);
}
END_TEST

START_TEST(test_half_closed_peer_is_still_written_to)
{
    SCRIPT(0);
    script_accepted(t);
    t->keep_open = true;
    IN(.flags = FA, .seq = 1, .ack = 1);
    OUT(.flags = A, .seq = 1, .ack = 2);
    LOG("ended");
    script_write(t, 100);
    OUT(.flags = PA, .seq = 1, .ack = 2, .len = 100);
    IN(.flags = A, .seq = 2, .ack = 101);
    tern_stream_finish(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 101, .ack = 2);
    IN(.flags = A, .seq = 2, .ack = 102);
    LOG("closed(0)");
    DRAINED();
}
END_TEST

START_TEST(test_fin_follows_what_was_written)
{
    SCRIPT(0);
    script_accepted(t);
    ck_assert_uint_eq(script_try_write(t, 2000), 2000);
    tern_stream_finish(t->s);
    ck_assert_uint_eq(script_try_write(t, 10), 0);    /* nothing goes behind it */
    script_poll(t);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    OUT(.flags = FPA, .seq = 1461, .ack = 1, .len = 540);
    QUIET();
}
END_TEST

START_TEST(test_lost_fin_is_sent_again)
{
    SCRIPT(0);
    script_accepted(t);
    tern_stream_finish(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    script_at(t, 1000);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    script_at(t, 3000);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 2);
    ck_assert_int_eq(script_state(t), TERN_TCP_FIN_WAIT_2);
}
END_TEST

START_TEST(test_close_discards_what_still_comes)
{
    SCRIPT(0);
    script_accepted(t);
    tern_stream_close(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    for (uint32_t i = 0; i < 50; i++) {
        IN(.flags = PA, .seq = 1 + 1460 * i, .ack = 2, .len = 1460);
        ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks);
    }
    IN(.flags = FA, .seq = 1 + 1460 * 50, .ack = 2);
    LOG("closed(0)");
    DRAINED();
}
END_TEST

START_TEST(test_linger_bounds_the_wait_for_the_peers_end)
{
    SCRIPT(.options = { .linger_ms = 1500 });
    script_accepted(t);
    tern_stream_close(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    script_at(t, 100);
    IN(.flags = A, .seq = 1, .ack = 2);
    script_at(t, 1599);
    QUIET();
    LOG("");
    script_at(t, 1600);
    OUT(.flags = RA, .seq = 2, .ack = 1);
    LOG("closed(8)");
    ck_assert_uint_eq(STAT(timeouts_linger), 1);
    DRAINED();
}
END_TEST

START_TEST(test_linger_is_a_minute_by_itself)
{
    SCRIPT(0);
    script_accepted(t);
    tern_stream_close(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 2);
    script_at(t, 59999);
    QUIET();
    script_at(t, 60000);
    OUT(.flags = RA, .seq = 2, .ack = 1);
    LOG("closed(8)");
}
END_TEST

START_TEST(test_abort_sends_a_rst)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 100);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    tern_stream_abort(t->s, TERN_MALFORMED);
    ck_assert_uint_eq(tern_stream_write(t->s, (const uint8_t *)"x", 1), 0);
    script_poll(t);
    OUT(.flags = RA, .seq = 101, .ack = 1);
    LOG("closed(4)");
    DRAINED();
}
END_TEST

static void abort_in_data(struct tcp_script *t, const char *event)
{
    if (strncmp(event, "data", 4) == 0)
        tern_stream_abort(t->s, TERN_ABORTED);
}

START_TEST(test_abort_inside_an_event_ends_the_visit)
{
    SCRIPT(0);
    script_accepted(t);
    t->on_event = abort_in_data;
    script_hold(t);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 10);
    IN(.flags = PA, .seq = 11, .ack = 1, .len = 10);
    script_release(t);
    LOG("data(10) closed(10)");
    OUT(.flags = RA, .seq = 1, .ack = 21);
    DRAINED();
}
END_TEST

static void close_in_data(struct tcp_script *t, const char *event)
{
    if (strncmp(event, "data", 4) == 0)
        tern_stream_close(t->s);
}

START_TEST(test_close_inside_an_event_discards_the_rest)
{
    SCRIPT(0);
    script_accepted(t);
    t->on_event = close_in_data;
    script_hold(t);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 10);
    IN(.flags = FPA, .seq = 11, .ack = 1, .len = 10);
    script_release(t);
    LOG("data(10)");
    OUT(.flags = FA, .seq = 1, .ack = 22);
    IN(.flags = A, .seq = 22, .ack = 2);
    LOG("closed(0)");
    DRAINED();
}
END_TEST

static void connect_in_closed(struct tcp_script *t, const char *event)
{
    if (strncmp(event, "data", 4) == 0) {
        tern_stream_resume(t->s);    /* one visit more, which the end overtakes */
        tern_stream_abort(t->s, TERN_ABORTED);
    }
    if (strncmp(event, "closed", 6) == 0) {
        struct tern_endpoint_addr peer = { .addr = tern_addr_v4(SCRIPT_PEER), .port = 99 };
        struct tern_stream *s;
        t->on_event = NULL;
        ck_assert_int_eq(tern_tcp_connect(&t->net, &peer, NULL, NULL, NULL, NULL, &s),
                         TERN_FULL);    /* the memory is ours until closed returns */
    }
}

START_TEST(test_memory_is_the_pools_when_closed_has_returned)
{
    SCRIPT(.n_conns = 1);
    script_accepted(t);
    t->on_event = connect_in_closed;
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 10);
    LOG("data(10) closed(10)");
    script_poll(t);
    LOG("");
    DRAINED();
    fake_link_clear(t->wire);
    script_connect(t);
    OUT(.flags = S);
}
END_TEST

START_TEST(test_data_kept_beyond_time_wait_is_delivered_before_the_end)
{
    SCRIPT(0);
    script_accepted(t);
    tern_stream_finish(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    t->take = 0;
    IN(.flags = FPA, .seq = 1, .ack = 2, .len = 30);
    OUT(.flags = A, .seq = 2, .ack = 32);
    LOG("data(30)");
    ck_assert_uint_eq(STAT(time_wait), 1);
    t->take = SIZE_MAX;
    tern_stream_resume(t->s);
    script_poll(t);
    LOG("data(30) ended closed(0)");
    DRAINED();
}
END_TEST

START_TEST(test_time_wait_acknowledges_the_fin_again_and_waits_anew)
{
    SCRIPT(0);
    script_accepted(t);
    tern_stream_close(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    IN(.flags = FA, .seq = 1, .ack = 2);
    OUT(.flags = A, .seq = 2, .ack = 2);
    script_at(t, 30000);
    IN(.flags = FA, .seq = 1, .ack = 2);
    OUT(.flags = A, .seq = 2, .ack = 2);
    ck_assert_uint_eq(STAT(drop_time_wait), 1);
    IN(.flags = A, .seq = 2, .ack = 2);    /* says nothing new: no answer */
    QUIET();
    script_at(t, 89999);
    ck_assert_uint_eq(STAT(time_wait), 1);
    script_at(t, 90000);
    ck_assert_uint_eq(STAT(time_wait), 0);
}
END_TEST

static struct tcp_script *time_wait(bool timestamps)
{
    SCRIPT(.timestamps = timestamps);
    script_accepted(t);
    tern_stream_close(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    IN(.flags = FA, .seq = 1, .ack = 2, .ts = timestamps, .ts_val = 100);
    OUT(.flags = A, .seq = 2, .ack = 2);
    LOG("closed(0)");
    return t;
}

START_TEST(test_syn_with_a_later_timestamp_reopens_from_time_wait)
{
    struct tcp_script *t = time_wait(true);
    IN(.flags = S, .seq = 0u - 1000, .mss = 1460, .ts = true, .ts_val = 99);
    OUT(.flags = A, .seq = 2, .ack = 2);
    IN(.flags = S, .seq = 0u - 1000, .mss = 1460, .ts = true, .ts_val = 101);
    OUT(.flags = SA, .ack = 1u - 1000);
    ck_assert_uint_eq(STAT(time_wait_reused), 1);
    IN(.flags = A, .seq = 1u - 1000, .ack = 1, .ts = true, .ts_val = 101);
    LOG("accept opened");
}
END_TEST

START_TEST(test_syn_with_a_later_number_reopens_from_time_wait)
{
    struct tcp_script *t = time_wait(false);
    IN(.flags = S, .seq = 2, .mss = 1460);    /* not later */
    OUT(.flags = A, .seq = 2, .ack = 2);
    IN(.flags = S, .seq = 3, .mss = 1460);    /* ours would not be later yet: RFC 6528's clock */
    OUT(.flags = A, .seq = 2, .ack = 2);
    script_pass(t, 1);
    IN(.flags = S, .seq = 3, .mss = 1460);
    OUT(.flags = SA, .ack = 4);
    ck_assert_uint_eq(STAT(time_wait_reused), 1);
}
END_TEST

START_TEST(test_rst_does_not_end_time_wait)
{
    struct tcp_script *t = time_wait(false);
    IN(.flags = R, .seq = 2);    /* RFC 1337 */
    QUIET();
    ck_assert_uint_eq(STAT(drop_time_wait_rst), 1);
    ck_assert_uint_eq(STAT(time_wait), 1);
}
END_TEST

START_TEST(test_full_time_wait_table_lets_the_oldest_go)
{
    SCRIPT(.n_time_waits = 2);
    script_listen(t);
    for (uint16_t port = 4001; port <= 4003; port++) {
        IN(.flags = S, .mss = 1460, .port = port);
        OUT(.flags = SA, .ack = 1);
        IN(.flags = A, .seq = 1, .ack = 1, .port = port);
        tern_stream_close(t->s);
        script_poll(t);
        OUT(.flags = FA, .seq = 1, .ack = 1);
        IN(.flags = FA, .seq = 1, .ack = 2, .port = port);
        OUT(.flags = A, .seq = 2, .ack = 2);
    }
    ck_assert_uint_eq(STAT(time_wait), 2);
    ck_assert_uint_eq(STAT(time_wait_evicted), 1);
    IN(.flags = R, .seq = 2, .port = 4001);    /* the first is unknown now */
    ck_assert_uint_eq(STAT(drop_time_wait_rst), 0);
    IN(.flags = R, .seq = 2, .port = 4002);
    ck_assert_uint_eq(STAT(drop_time_wait_rst), 1);
}
END_TEST

START_TEST(test_address_that_is_lost_ends_its_connections)
{
    SCRIPT(0);
    script_accepted(t);
    IN(.flags = S, .mss = 1460, .port = 4001);
    OUT(.flags = SA, .ack = 1);
    tern_ipv4_clear(&t->net, 0);
    script_poll(t);
    LOG("closed(9)");
    DRAINED();
}
END_TEST

Suite *tcp_close_suite(void)
{
    Suite *suite = suite_create("tcp_close");
    TCase *tc = tcase_create("close");
    tcase_add_test(tc, test_active_close_ends_in_time_wait);
    tcase_add_test(tc, test_passive_close_ends_at_once);
    tcase_add_test(tc, test_simultaneous_close_goes_through_closing);
    tcase_add_test(tc, test_fin_that_acknowledges_ours_goes_straight_to_time_wait);
    tcase_add_test(tc, test_half_close_still_reads);
    tcase_add_test(tc, test_half_closed_peer_is_still_written_to);
    tcase_add_test(tc, test_fin_follows_what_was_written);
    tcase_add_test(tc, test_lost_fin_is_sent_again);
    tcase_add_test(tc, test_close_discards_what_still_comes);
    tcase_add_test(tc, test_linger_bounds_the_wait_for_the_peers_end);
    tcase_add_test(tc, test_linger_is_a_minute_by_itself);
    tcase_add_test(tc, test_abort_sends_a_rst);
    tcase_add_test(tc, test_abort_inside_an_event_ends_the_visit);
    tcase_add_test(tc, test_close_inside_an_event_discards_the_rest);
    tcase_add_test(tc, test_memory_is_the_pools_when_closed_has_returned);
    tcase_add_test(tc, test_data_kept_beyond_time_wait_is_delivered_before_the_end);
    tcase_add_test(tc, test_time_wait_acknowledges_the_fin_again_and_waits_anew);
    tcase_add_test(tc, test_syn_with_a_later_timestamp_reopens_from_time_wait);
    tcase_add_test(tc, test_syn_with_a_later_number_reopens_from_time_wait);
    tcase_add_test(tc, test_rst_does_not_end_time_wait);
    tcase_add_test(tc, test_full_time_wait_table_lets_the_oldest_go);
    tcase_add_test(tc, test_address_that_is_lost_ends_its_connections);
    suite_add_tcase(suite, tc);
    return suite;
}
