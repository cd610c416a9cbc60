/* SPDX-License-Identifier: ISC */
/*
 * The event loop: descriptors, time, signals.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <tern/unix.h>

#include "suites.h"

static struct tern_unix_loop loop;
static int ends[2][2];    /* two pipes: read end, write end */

static struct probe {
    struct tern_unix_watch watch;
    struct probe *unwatches;
    unsigned n_calls;
    uint32_t events;
} probes[2];

static void probe_ready(struct tern_unix_watch *watch, uint32_t events)
{
    struct probe *p = TERN_CONTAINER_OF(watch, struct probe, watch);
    char c;
    p->n_calls++;
    p->events = events;
    if ((events & TERN_UNIX_READ) != 0)
        ck_assert_int_eq(read(watch->fd, &c, 1), 1);
    if (p->unwatches != NULL)
        tern_unix_loop_unwatch(&loop, &p->unwatches->watch);
}

static void setup(void)
{
    ck_assert_int_eq(tern_unix_loop_init(&loop, NULL), TERN_OK);
    memset(probes, 0, sizeof probes);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pipe2(ends[i], O_CLOEXEC | O_NONBLOCK), 0);
        probes[i].watch.ready = probe_ready;
    }
}

static void teardown(void)
{
    tern_unix_loop_close(&loop);
    for (int i = 0; i < 4; i++)
        close(ends[i / 2][i % 2]);
}

static void watch(int i, uint32_t events)
{
    ck_assert_int_eq(tern_unix_loop_watch(&loop, &probes[i].watch, ends[i][0], events), TERN_OK);
}

static void say(int i)
{
    ck_assert_int_eq(write(ends[i][1], "x", 1), 1);
}

START_TEST(a_readable_descriptor_is_called_once_a_step)
{
    watch(0, TERN_UNIX_READ);
    ck_assert_int_eq(tern_unix_loop_step(&loop, 0), TERN_OK);
    ck_assert_uint_eq(probes[0].n_calls, 0);
    say(0);
    say(0);
    ck_assert_int_eq(tern_unix_loop_step(&loop, TERN_NEVER), TERN_OK);
    ck_assert_uint_eq(probes[0].n_calls, 1);
    ck_assert_uint_eq(probes[0].events, TERN_UNIX_READ);
    ck_assert_int_eq(tern_unix_loop_step(&loop, TERN_NEVER), TERN_OK);
    ck_assert_uint_eq(probes[0].n_calls, 2);
    ck_assert_int_eq(tern_unix_loop_step(&loop, 0), TERN_OK);
    ck_assert_uint_eq(probes[0].n_calls, 2);
}
END_TEST

START_TEST(an_edge_is_told_once)
{
    probes[0].watch.ready = probe_ready;
    watch(0, TERN_UNIX_READ | TERN_UNIX_EDGE);
    say(0);
    say(0);
    ck_assert_int_eq(tern_unix_loop_step(&loop, TERN_NEVER), TERN_OK);
    ck_assert_int_eq(tern_unix_loop_step(&loop, 0), TERN_OK);
    ck_assert_uint_eq(probes[0].n_calls, 1);
}
END_TEST

START_TEST(what_another_callback_unwatched_is_not_called_in_the_same_step)
{
    watch(0, TERN_UNIX_READ);
    watch(1, TERN_UNIX_READ);
    probes[0].unwatches = &probes[1];
    probes[1].unwatches = &probes[0];
    say(0);
    say(1);
    ck_assert_int_eq(tern_unix_loop_step(&loop, TERN_NEVER), TERN_OK);
    ck_assert_uint_eq(probes[0].n_calls + probes[1].n_calls, 1);
}
END_TEST

START_TEST(a_hangup_is_told_to_who_did_not_ask)
{
    watch(0, TERN_UNIX_READ);
    close(ends[0][1]);
    ends[0][1] = -1;
    ck_assert_int_eq(tern_unix_loop_step(&loop, TERN_NEVER), TERN_OK);
    ck_assert_uint_eq(probes[0].events, TERN_UNIX_HANGUP);
}
END_TEST

START_TEST(what_cannot_be_watched_is_refused)
{
    struct tern_unix_watch w = { .ready = probe_ready };
    ck_assert_int_eq(tern_unix_loop_watch(&loop, &w, -1, TERN_UNIX_READ), TERN_INVALID);
    ck_assert_int_eq(tern_unix_loop_watch(&loop, &w, 9999, TERN_UNIX_READ), TERN_INVALID);
    ck_assert_int_eq(tern_unix_loop_watch(&loop, &w, ends[0][0], 0), TERN_INVALID);
    tern_unix_loop_unwatch(&loop, &w);
}
END_TEST

static uint64_t fired_ns;
static unsigned n_fired;

static void fire(struct tern_timer *timer, uint64_t now_ns)
{
    (void)timer;
    fired_ns = now_ns;
    n_fired++;
}

START_TEST(a_timer_is_waited_for_and_never_early)
{
    struct tern_timer timer = { .fire = fire };
    uint64_t due_ns = tern_unix_now_ns() + 3 * TERN_MILLISECOND_NS;

    n_fired = 0;
    tern_timer_set(&loop.turn, &timer, due_ns);
    tern_unix_loop_wake(&loop);
    for (int i = 0; i < 1000 && n_fired == 0; i++)
        ck_assert_int_eq(tern_unix_loop_step(&loop, TERN_NEVER), TERN_OK);
    ck_assert_uint_eq(n_fired, 1);
    ck_assert_uint_ge(fired_ns, due_ns);
    ck_assert_uint_lt(loop.n_steps, 20);    /* it waited: no busy loop */
    ck_assert_uint_eq(tern_unix_loop_deadline(&loop), TERN_NEVER);
}
END_TEST

START_TEST(waits_in_milliseconds_are_never_early_either)
{
    struct tern_timer timer = { .fire = fire };
    uint64_t due_ns = tern_unix_now_ns() + 3500 * TERN_MICROSECOND_NS;

    loop.coarse = true;
    n_fired = 0;
    tern_timer_set(&loop.turn, &timer, due_ns);
    tern_unix_loop_wake(&loop);
    for (int i = 0; i < 1000 && n_fired == 0; i++)
        ck_assert_int_eq(tern_unix_loop_step(&loop, TERN_NEVER), TERN_OK);
    ck_assert_uint_ge(fired_ns, due_ns);
    ck_assert_uint_lt(loop.n_steps, 20);
}
END_TEST

static unsigned n_caught[2];

static void caught_0(struct tern_unix_signal *signal, int number)
{
    ck_assert_int_eq(signal->number, number);
    n_caught[0]++;
}

static void caught_1(struct tern_unix_signal *signal, int number)
{
    (void)signal;
    (void)number;
    n_caught[1]++;
    tern_unix_loop_stop(&loop);
}

START_TEST(signals_are_taken_in_the_loop)
{
    static struct tern_unix_signal usr1 = { .caught = caught_0, .number = SIGUSR1 };
    static struct tern_unix_signal usr2 = { .caught = caught_1, .number = SIGUSR2 };

    ck_assert_int_eq(tern_unix_loop_signal(&loop, &usr1), TERN_OK);
    ck_assert_int_eq(tern_unix_loop_signal(&loop, &usr2), TERN_OK);
    raise(SIGUSR1);
    ck_assert_int_eq(tern_unix_loop_step(&loop, 0), TERN_OK);
    ck_assert_uint_eq(n_caught[0], 1);
    raise(SIGUSR2);
    ck_assert_int_eq(tern_unix_loop_run(&loop), TERN_OK);
    ck_assert_uint_eq(n_caught[1], 1);
}
END_TEST

START_TEST(another_loop_can_wait_for_its_descriptor)
{
    struct pollfd p = { .fd = tern_unix_loop_fd(&loop), .events = POLLIN };
    watch(0, TERN_UNIX_READ);
    ck_assert_int_eq(poll(&p, 1, 0), 0);
    say(0);
    ck_assert_int_eq(poll(&p, 1, 0), 1);
}
END_TEST

START_TEST(what_was_compiled_with_another_header_is_refused)
{
    static struct tern_unix_loop other;
    static struct tern_tap tap;
    struct tern_host *host = (struct tern_host *)&other;
    ck_assert_int_eq(tern_unix_loop_init_sized(&other, sizeof other + 8, NULL,
                                               sizeof(struct tern_turn_config)),
                     TERN_MISMATCH);
    ck_assert_int_eq(tern_unix_loop_init_sized(&other, sizeof other, NULL, 0), TERN_MISMATCH);
    ck_assert_int_eq(tern_tap_open_sized(&tap, sizeof tap - 8, NULL, "none", NULL,
                                         sizeof(struct tern_tap_config)),
                     TERN_MISMATCH);
    ck_assert_int_eq(tern_tap_open_sized(&tap, sizeof tap, NULL, "none", NULL, 1), TERN_MISMATCH);
    ck_assert_int_eq(tern_sockets_open_sized(&loop, NULL, 1, &host), TERN_MISMATCH);
    ck_assert_ptr_null(host);
}
END_TEST

Suite *unix_loop_suite(void)
{
    Suite *suite = suite_create("unix_loop");
    TCase *tc = tcase_create("loop");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_readable_descriptor_is_called_once_a_step);
    tcase_add_test(tc, an_edge_is_told_once);
    tcase_add_test(tc, what_another_callback_unwatched_is_not_called_in_the_same_step);
    tcase_add_test(tc, a_hangup_is_told_to_who_did_not_ask);
    tcase_add_test(tc, what_cannot_be_watched_is_refused);
    tcase_add_test(tc, a_timer_is_waited_for_and_never_early);
    tcase_add_test(tc, waits_in_milliseconds_are_never_early_either);
    tcase_add_test(tc, signals_are_taken_in_the_loop);
    tcase_add_test(tc, another_loop_can_wait_for_its_descriptor);
    tcase_add_test(tc, what_was_compiled_with_another_header_is_refused);
    suite_add_tcase(suite, tc);
    return suite;
}
