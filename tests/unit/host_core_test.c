/* SPDX-License-Identifier: ISC */
/*
 * What every host has: its log, its time, its end.
 */
#include <string.h>

#include "backends/host/host_internal.h"
#include "suites.h"

static struct tern_turn turn;
static struct tern_host_core core;
static char logged[65536];
static size_t logged_len;
static unsigned n_ended, n_stopped, n_drains;

static const struct tern_host_ops ops = {
    .wall_ns = tern_host_core_wall_ns, .random = tern_host_core_random,
    .log = tern_host_core_log, .on_event = tern_host_core_on_event,
    .drained = tern_host_core_drained, .option = tern_host_core_option,
    .module = tern_host_core_module, .pool = tern_host_core_pool,
};

static void log_line(struct tern_host_core *c, const char *line, size_t len)
{
    (void)c;
    ck_assert_uint_lt(logged_len + len, sizeof logged);
    memcpy(logged + logged_len, line, len);
    logged_len += len;
    logged[logged_len] = '\0';
}

static void ended(struct tern_host_core *c)
{
    (void)c;
    n_ended++;
}

static void stop_listening(struct tern_host_core *c)
{
    (void)c;
    n_stopped++;
}

static void setup(void)
{
    tern_turn_init(&turn, NULL, 1000);
    tern_host_core_init(&core, &ops, &turn, NULL, "test");
    core.log_line = log_line;
    core.ended = ended;
    core.stop_listening = stop_listening;
    logged_len = n_ended = n_stopped = n_drains = 0;
    logged[0] = '\0';
}

START_TEST(a_line_has_time_level_and_words)
{
    core.wall_offset_ns = UINT64_C(1763885008123456000) - 1000;
    tern_host_log(&core.host, TERN_LOG_WARN, "words", 5);
    ck_assert_str_eq(logged, "2025-11-23T08:03:28.123456Z warn  words\n");
}
END_TEST

START_TEST(the_29th_of_february_is_a_day)
{
    core.wall_offset_ns = UINT64_C(1709164800) * TERN_SECOND_NS - 1000;
    tern_host_log(&core.host, TERN_LOG_INFO, "", 0);
    ck_assert_str_eq(logged, "2024-02-29T00:00:00.000000Z info  \n");
}
END_TEST

START_TEST(a_level_that_is_not_wanted_is_not_logged)
{
    tern_host_log(&core.host, TERN_LOG_DEBUG, "x", 1);
    ck_assert_uint_eq(logged_len, 0);
    core.level = TERN_LOG_DEBUG;
    tern_host_log(&core.host, TERN_LOG_DEBUG, "x", 1);
    ck_assert_str_eq(logged, "debug x\n");
}
END_TEST

START_TEST(words_of_a_peer_cannot_forge_a_line)
{
    tern_host_log(&core.host, TERN_LOG_INFO, "a\nb\x1b[2J\r\x7f", 9);
    ck_assert_str_eq(logged, "info  a?b?[2J??\n");
}
END_TEST

START_TEST(a_long_line_is_cut_and_ends)
{
    char words[2000];
    memset(words, 'x', sizeof words);
    tern_host_log(&core.host, TERN_LOG_INFO, words, sizeof words);
    ck_assert_uint_lt(logged_len, TERN_LOG_LINE_CAP);
    ck_assert_int_eq(logged[logged_len - 1], '\n');
}
END_TEST

START_TEST(too_many_lines_are_lost_and_counted)
{
    for (int i = 0; i < 250; i++)
        tern_host_log(&core.host, TERN_LOG_INFO, "x", 1);
    ck_assert_uint_eq(logged_len, 200 * strlen("info  x\n"));
    logged_len = 0;
    tern_turn_advance(&turn, 1000 + TERN_SECOND_NS);
    tern_host_log(&core.host, TERN_LOG_INFO, "y", 1);
    ck_assert_str_eq(logged, "warn  50 lines were too many and are lost\ninfo  y\n");
}
END_TEST

START_TEST(random_octets_fail_closed)
{
    uint8_t out[4] = { 1, 2, 3, 4 };
    ck_assert_int_eq(tern_host_random(&core.host, out, 4), TERN_INVALID);
    ck_assert_uint_eq(out[0], 1);
}
END_TEST

START_TEST(a_host_without_streams_drains_at_once)
{
    tern_host_core_drain(&core);
    ck_assert_uint_eq(n_stopped, 1);
    ck_assert_uint_eq(n_ended, 1);
    ck_assert_int_eq(core.status, 0);
}
END_TEST

START_TEST(a_host_drains_with_its_last_stream)
{
    tern_host_core_stream_opened(&core);
    tern_host_core_stream_opened(&core);
    tern_host_core_drain(&core);
    tern_host_core_stream_closed(&core);
    ck_assert_uint_eq(n_ended, 0);
    tern_host_core_stream_closed(&core);
    ck_assert_uint_eq(n_ended, 1);
    ck_assert_int_eq(core.status, 0);
}
END_TEST

START_TEST(draining_ends_when_the_time_is_up)
{
    core.drain_ns = 3 * TERN_SECOND_NS;
    tern_host_core_stream_opened(&core);
    tern_host_core_drain(&core);
    (void)tern_turn_run(&turn, 2 * TERN_SECOND_NS);
    ck_assert_uint_eq(n_ended, 0);
    (void)tern_turn_run(&turn, 4 * TERN_SECOND_NS);
    ck_assert_uint_eq(n_ended, 1);
}
END_TEST

START_TEST(a_second_wish_ends_at_once_with_a_failure)
{
    tern_host_core_stream_opened(&core);
    tern_host_core_drain(&core);
    tern_host_core_drain(&core);
    ck_assert_uint_eq(n_ended, 1);
    ck_assert_int_eq(core.status, 1);
}
END_TEST

static void drain_event(void *app, enum tern_host_event event, const struct tern_addr *addr)
{
    (void)app;
    (void)addr;
    if (event == TERN_HOST_DRAIN)
        n_drains++;
}

START_TEST(an_appliance_is_told_and_may_end_it_with_a_status)
{
    tern_host_on_event(&core.host, drain_event, NULL);
    tern_host_core_stream_opened(&core);
    tern_host_core_drain(&core);
    ck_assert_uint_eq(n_drains, 1);
    tern_host_drained(&core.host, 5);
    ck_assert_uint_eq(n_ended, 1);
    ck_assert_int_eq(core.status, 5);
    tern_host_drained(&core.host, 6);
    ck_assert_uint_eq(n_ended, 1);
    ck_assert_int_eq(core.status, 5);
}
END_TEST

static size_t n_counted;

static size_t count_streams(struct tern_host_core *c)
{
    (void)c;
    return n_counted;
}

START_TEST(streams_that_are_counted_are_looked_at_until_there_are_none)
{
    n_counted = 1;
    core.count_streams = count_streams;
    tern_host_core_drain(&core);
    (void)tern_turn_run(&turn, 100 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(n_ended, 0);
    n_counted = 0;
    (void)tern_turn_run(&turn, 200 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(n_ended, 1);
}
END_TEST

Suite *host_core_suite(void)
{
    Suite *suite = suite_create("host_core");
    TCase *tc = tcase_create("core");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, a_line_has_time_level_and_words);
    tcase_add_test(tc, the_29th_of_february_is_a_day);
    tcase_add_test(tc, a_level_that_is_not_wanted_is_not_logged);
    tcase_add_test(tc, words_of_a_peer_cannot_forge_a_line);
    tcase_add_test(tc, a_long_line_is_cut_and_ends);
    tcase_add_test(tc, too_many_lines_are_lost_and_counted);
    tcase_add_test(tc, random_octets_fail_closed);
    tcase_add_test(tc, a_host_without_streams_drains_at_once);
    tcase_add_test(tc, a_host_drains_with_its_last_stream);
    tcase_add_test(tc, draining_ends_when_the_time_is_up);
    tcase_add_test(tc, a_second_wish_ends_at_once_with_a_failure);
    tcase_add_test(tc, an_appliance_is_told_and_may_end_it_with_a_status);
    tcase_add_test(tc, streams_that_are_counted_are_looked_at_until_there_are_none);
    suite_add_tcase(suite, tc);
    return suite;
}
