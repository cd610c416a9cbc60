/* SPDX-License-Identifier: ISC */
/*
 * The timer wheel: single timers at every distance, then random operations
 * against a model that knows nothing but an array of times.
 */
#include "suites.h"

#include <tern/base.h>

#include <stdlib.h>
#include <string.h>

#define YEAR_NS (UINT64_C(365) * 86400 * TERN_SECOND_NS)

static struct tern_turn turn;

/* A timer that remembers when it fired, and may set itself again. */
struct probe {
    struct tern_timer timer;
    uint64_t due_ns;       /* the model's: TERN_NEVER while idle */
    uint64_t again_ns;     /* what fire sets it to, after its present time; 0: nothing */
    unsigned n_fired;
};

static void probe_fire(struct tern_timer *timer, uint64_t now_ns)
{
    struct probe *probe = TERN_CONTAINER_OF(timer, struct probe, timer);
    ck_assert_uint_eq(now_ns, turn.now_ns);
    ck_assert_uint_le(probe->due_ns, now_ns);    /* never early, never when cancelled */
    ck_assert(!tern_timer_is_set(timer));
    probe->n_fired++;
    probe->due_ns = TERN_NEVER;
    if (probe->again_ns != 0) {
        probe->due_ns = now_ns + probe->again_ns - 1;
        probe->again_ns = 0;
        tern_timer_set(&turn, timer, probe->due_ns);
    }
}

static void probe_set(struct probe *probe, uint64_t due_ns)
{
    probe->due_ns = due_ns;
    tern_timer_set(&turn, &probe->timer, due_ns);
}

static const struct probe idle = { .timer.fire = probe_fire, .due_ns = TERN_NEVER };

START_TEST(test_wheel_without_timers_has_no_deadline_at_any_time)
{
    tern_turn_init(&turn, NULL, 0);
    ck_assert_uint_eq(tern_turn_run(&turn, 0), TERN_NEVER);
    ck_assert_uint_eq(tern_turn_run(&turn, 100 * YEAR_NS), TERN_NEVER);
    ck_assert_uint_eq(tern_turn_run(&turn, UINT64_MAX), TERN_NEVER);
    ck_assert_uint_eq(turn.n_turns, 3);
}
END_TEST

START_TEST(test_timer_fires_at_its_time_and_not_a_nanosecond_before)
{
    for (unsigned bit = 0; bit < 63; bit++) {
        for (uint64_t start = 0; start < 3; start++) {
            struct probe probe = idle;
            uint64_t now_ns = start * UINT64_C(0x123456789ab);
            uint64_t due_ns = now_ns + (UINT64_C(1) << bit) + start;
            tern_turn_init(&turn, NULL, now_ns);
            probe_set(&probe, due_ns);
            ck_assert_uint_eq(tern_turn_run(&turn, now_ns), due_ns);
            ck_assert_uint_eq(tern_turn_run(&turn, due_ns - 1), due_ns);
            ck_assert_uint_eq(probe.n_fired, 0);
            ck_assert_uint_eq(tern_turn_run(&turn, due_ns), TERN_NEVER);
            ck_assert_uint_eq(probe.n_fired, 1);
        }
    }
}
END_TEST

START_TEST(test_timer_that_is_due_already_fires_in_the_next_run)
{
    struct probe past = idle, present = idle;
    tern_turn_init(&turn, NULL, YEAR_NS);
    probe_set(&past, 1);
    probe_set(&present, YEAR_NS);
    ck_assert_uint_eq(tern_turn_run(&turn, YEAR_NS), TERN_NEVER);
    ck_assert_uint_eq(past.n_fired, 1);
    ck_assert_uint_eq(present.n_fired, 1);
}
END_TEST

START_TEST(test_timer_at_the_end_of_time_neither_fires_nor_has_a_deadline)
{
    struct probe probe = idle;
    tern_turn_init(&turn, NULL, 5);
    tern_timer_set(&turn, &probe.timer, TERN_NEVER);
    ck_assert_uint_eq(tern_turn_run(&turn, 100 * YEAR_NS), TERN_NEVER);
    ck_assert_uint_eq(probe.n_fired, 0);
}
END_TEST

START_TEST(test_timer_moved_later_is_not_touched_until_its_slot_comes)
{
    struct probe probe = idle;
    tern_turn_init(&turn, NULL, 0);
    probe_set(&probe, 10 * TERN_MILLISECOND_NS);
    struct tern_timer **link = probe.timer.link;
    probe_set(&probe, 30 * TERN_SECOND_NS);
    ck_assert_ptr_eq(probe.timer.link, link);
    uint64_t deadline_ns = 0;
    unsigned n_turns = 0;
    for (; probe.n_fired == 0; n_turns++) {
        deadline_ns = tern_turn_run(&turn, deadline_ns);
        ck_assert(deadline_ns <= 30 * TERN_SECOND_NS || probe.n_fired == 1);
    }
    ck_assert_uint_eq(turn.now_ns, 30 * TERN_SECOND_NS);
    ck_assert_uint_le(n_turns, 4);
}
END_TEST

START_TEST(test_timer_moved_earlier_fires_earlier)
{
    struct probe probe = idle;
    tern_turn_init(&turn, NULL, 0);
    probe_set(&probe, YEAR_NS);
    probe_set(&probe, 3);
    ck_assert_uint_eq(tern_turn_run(&turn, 0), 3);
    ck_assert_uint_eq(tern_turn_run(&turn, 3), TERN_NEVER);
    ck_assert_uint_eq(probe.n_fired, 1);
}
END_TEST

START_TEST(test_timer_cancelled_leaves_neighbours_and_no_deadline)
{
    struct probe probes[3] = { idle, idle, idle };
    for (size_t out = 0; out < 3; out++) {
        tern_turn_init(&turn, NULL, 0);
        for (size_t i = 0; i < 3; i++) {
            probes[i] = idle;
            probe_set(&probes[i], TERN_SECOND_NS + i);
        }
        tern_timer_cancel(&turn, &probes[out].timer);
        tern_timer_cancel(&turn, &probes[out].timer);
        probes[out].due_ns = TERN_NEVER;
        ck_assert_uint_eq(tern_turn_run(&turn, 2 * TERN_SECOND_NS), TERN_NEVER);
        for (size_t i = 0; i < 3; i++)
            ck_assert_uint_eq(probes[i].n_fired, i != out);
    }
}
END_TEST

START_TEST(test_timer_moved_later_and_cancelled_leaves_no_deadline)
{
    struct probe probe = idle;
    tern_turn_init(&turn, NULL, 0);
    probe_set(&probe, 10 * TERN_MILLISECOND_NS);
    probe_set(&probe, TERN_SECOND_NS);
    ck_assert_uint_le(tern_turn_run(&turn, 0), TERN_SECOND_NS);
    tern_timer_cancel(&turn, &probe.timer);
    ck_assert_uint_eq(tern_turn_run(&turn, 0), TERN_NEVER);
}
END_TEST

static struct probe victim;

static void cancel_victim(struct tern_timer *timer, uint64_t now_ns)
{
    (void)timer, (void)now_ns;
    tern_timer_cancel(&turn, &victim.timer);
    victim.due_ns = TERN_NEVER;
}

START_TEST(test_timer_may_cancel_one_that_is_due_in_the_same_turn)
{
    struct tern_timer killer = { .fire = cancel_victim };
    for (unsigned order = 0; order < 2; order++) {
        victim = idle;
        tern_turn_init(&turn, NULL, 0);
        /* In one slot the timer that was set last comes first. */
        if (order == 0)
            tern_timer_set(&turn, &killer, 5);
        probe_set(&victim, 5);
        if (order == 1)
            tern_timer_set(&turn, &killer, 5);
        ck_assert_uint_eq(tern_turn_run(&turn, 10), TERN_NEVER);
        ck_assert_uint_eq(victim.n_fired, order == 0);
    }
}
END_TEST

START_TEST(test_timer_that_sets_itself_for_now_is_bounded_by_the_budget)
{
    struct probe probe = idle;
    struct tern_turn_config config = { .budget = 8 };
    tern_turn_init(&turn, &config, 0);
    for (unsigned i = 0; i < 3; i++) {
        probe.again_ns = 1;
        probe_set(&probe, 0);
        (void)tern_turn_run(&turn, 1000);
        ck_assert_uint_eq(probe.n_fired, 2 * (i + 1));
    }
}
END_TEST

START_TEST(test_wheel_serves_many_timers_of_one_instant_in_bounded_turns)
{
    enum { N = 1000, BUDGET = 16 };
    static struct probe probes[N];
    struct tern_turn_config config = { .budget = BUDGET };
    tern_turn_init(&turn, &config, 0);
    for (size_t i = 0; i < N; i++) {
        probes[i] = idle;
        probe_set(&probes[i], 77 * TERN_SECOND_NS + (i % 2) * 30 * TERN_MILLISECOND_NS);
    }
    uint64_t now_ns = 77 * TERN_SECOND_NS;
    unsigned n_turns = 0;
    for (uint64_t before = 0; tern_turn_run(&turn, now_ns) <= now_ns; n_turns++) {
        ck_assert_uint_le(turn.n_timers - before, BUDGET / 2);
        before = turn.n_timers;
    }
    ck_assert_uint_eq(turn.n_timers, N / 2);
    /* Half of them fire; the others move, at most once a level. */
    ck_assert_uint_le(n_turns, 3 * N / (BUDGET / 2));
    while (turn.n_timers < N)
        now_ns = tern_turn_run(&turn, now_ns + TERN_MILLISECOND_NS);
    ck_assert_uint_eq(now_ns, TERN_NEVER);
}
END_TEST

START_TEST(test_wheel_jumps_over_centuries_at_the_cost_of_its_timers)
{
    struct probe probes[5] = { idle, idle, idle, idle, idle };
    tern_turn_init(&turn, NULL, 0);
    for (size_t i = 0; i < 5; i++)
        probe_set(&probes[i], (i + 1) * 90 * YEAR_NS);
    ck_assert_uint_eq(tern_turn_run(&turn, 400 * YEAR_NS), 450 * YEAR_NS);
    ck_assert_uint_eq(turn.n_timers, 4);
    ck_assert_uint_eq(tern_turn_run(&turn, UINT64_MAX - 1), TERN_NEVER);
    ck_assert_uint_eq(turn.n_timers, 5);
}
END_TEST

/* ---- Against the model ---------------------------------------------------------- */

#define N_PROBES 48

static uint64_t random_next(uint64_t *state)    /* splitmix64 */
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* A distance of a random magnitude: 0 to 36 years. */
static uint64_t random_distance(uint64_t *state)
{
    uint64_t v = random_next(state);
    return v >> (4 + random_next(state) % 60);
}

static uint64_t model_next(const struct probe *probes)
{
    uint64_t next_ns = TERN_NEVER;
    for (size_t i = 0; i < N_PROBES; i++)
        if (probes[i].due_ns < next_ns)
            next_ns = probes[i].due_ns;
    return next_ns;
}

/* Runs until nothing is due, then compares. Returns the deadline. */
static uint64_t settle(const struct probe *probes, uint64_t now_ns)
{
    uint64_t deadline_ns = tern_turn_run(&turn, now_ns);
    for (unsigned n = 0; deadline_ns <= now_ns; n++) {
        ck_assert_uint_lt(n, 40 * N_PROBES);
        deadline_ns = tern_turn_run(&turn, now_ns);
    }
    bool all_fired = true, all_known = true;
    for (size_t i = 0; i < N_PROBES; i++) {
        all_fired = all_fired && probes[i].due_ns > now_ns;
        all_known = all_known && tern_timer_is_set(&probes[i].timer) ==
                                     (probes[i].due_ns != TERN_NEVER);
    }
    ck_assert(all_fired);
    ck_assert(all_known);
    ck_assert_uint_le(deadline_ns, model_next(probes));
    if (model_next(probes) == TERN_NEVER)
        ck_assert_uint_eq(deadline_ns, TERN_NEVER);
    return deadline_ns;
}

START_TEST(test_wheel_agrees_with_the_naive_model)
{
    static struct probe probes[N_PROBES];
    uint64_t state = (uint64_t)_i, now_ns = _i % 2 == 0 ? 0 : random_next(&state) >> 8;
    struct tern_turn_config config = { .budget = (uint32_t)(1 + _i % 7) };
    tern_turn_init(&turn, &config, now_ns);
    for (size_t i = 0; i < N_PROBES; i++)
        probes[i] = idle;
    uint64_t deadline_ns = TERN_NEVER;
    for (unsigned step = 0; step < 3000; step++) {
        struct probe *probe = &probes[random_next(&state) % N_PROBES];
        switch (random_next(&state) % 8) {
        case 0:
        case 1:
        case 2:
            probe_set(probe, now_ns + random_distance(&state));
            break;
        case 3:    /* move it a little, later or earlier */
            if (probe->due_ns != TERN_NEVER && probe->due_ns > now_ns)
                probe_set(probe, now_ns + (probe->due_ns - now_ns) / 2 * (1 + step % 3));
            break;
        case 4:
            tern_timer_cancel(&turn, &probe->timer);
            probe->due_ns = TERN_NEVER;
            break;
        case 5:
            probe->again_ns = 1 + random_distance(&state);
            break;
        case 6:
            if (deadline_ns != TERN_NEVER && deadline_ns > now_ns)
                now_ns = deadline_ns;
            deadline_ns = settle(probes, now_ns);
            break;
        default:
            if (now_ns < UINT64_MAX / 2)
                now_ns += random_distance(&state);
            deadline_ns = settle(probes, now_ns);
        }
    }
    ck_assert_uint_gt(turn.n_timers, 100);
}
END_TEST

Suite *wheel_suite(void)
{
    Suite *suite = suite_create("wheel");
    TCase *tc = tcase_create("wheel");
    tcase_add_test(tc, test_wheel_without_timers_has_no_deadline_at_any_time);
    tcase_add_test(tc, test_timer_fires_at_its_time_and_not_a_nanosecond_before);
    tcase_add_test(tc, test_timer_that_is_due_already_fires_in_the_next_run);
    tcase_add_test(tc, test_timer_at_the_end_of_time_neither_fires_nor_has_a_deadline);
    tcase_add_test(tc, test_timer_moved_later_is_not_touched_until_its_slot_comes);
    tcase_add_test(tc, test_timer_moved_earlier_fires_earlier);
    tcase_add_test(tc, test_timer_cancelled_leaves_neighbours_and_no_deadline);
    tcase_add_test(tc, test_timer_moved_later_and_cancelled_leaves_no_deadline);
    tcase_add_test(tc, test_timer_may_cancel_one_that_is_due_in_the_same_turn);
    tcase_add_test(tc, test_timer_that_sets_itself_for_now_is_bounded_by_the_budget);
    tcase_add_test(tc, test_wheel_serves_many_timers_of_one_instant_in_bounded_turns);
    tcase_add_test(tc, test_wheel_jumps_over_centuries_at_the_cost_of_its_timers);
    tcase_add_loop_test(tc, test_wheel_agrees_with_the_naive_model, 0, 40);
    suite_add_tcase(suite, tc);
    return suite;
}
