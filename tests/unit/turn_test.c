/* SPDX-License-Identifier: ISC */
/*
 * The turn: the order of visits, the budget, who sends, and who may leave.
 */
#include "suites.h"

#include <tern/base.h>
#include <tern/feed.h>

#include <string.h>

/* What happened, a letter an event. */
static char trace[256];
static struct tern_turn turn;

static void note(char c)
{
    size_t len = strlen(trace);
    ck_assert_uint_lt(len, sizeof trace - 1);
    trace[len] = c;
    trace[len + 1] = '\0';
}

/* A provider of n_news objects' news, named by a letter. */
struct fake {
    struct tern_provider provider;
    char name;
    size_t n_news;
    struct fake *wakes;         /* gets one more news in each of our visits */
    bool marks_in_send;
    bool leaves;
};

static void fake_news(struct fake *fake)
{
    fake->n_news++;
    tern_provider_ready(&fake->provider);
}

static size_t fake_visit(struct tern_provider *provider, size_t n)
{
    struct fake *fake = TERN_CONTAINER_OF(provider, struct fake, provider);
    size_t n_served = 0;
    ck_assert_uint_ge(n, 1);
    ck_assert(turn.running);
    for (; n_served < n && fake->n_news > 0; n_served++) {
        fake->n_news--;
        note(fake->name);
        if (fake->wakes != NULL)
            fake_news(fake->wakes);
        fake->wakes = NULL;
    }
    if (fake->leaves)
        tern_provider_leave(provider);
    return n_served;
}

static void fake_send(struct tern_provider *provider)
{
    struct fake *fake = TERN_CONTAINER_OF(provider, struct fake, provider);
    note((char)(fake->name - 'a' + 'A'));
    if (fake->marks_in_send)
        tern_provider_worked(provider);
}

static const struct tern_provider_ops fake_ops = { .visit = fake_visit, .send = fake_send };

static struct fake a, b, c;

static void setup(uint32_t budget)
{
    struct fake *fakes[] = { &a, &b, &c };
    struct tern_turn_config config = { .budget = budget };
    trace[0] = '\0';
    tern_turn_init(&turn, &config, 1000);
    for (size_t i = 0; i < 3; i++) {
        memset(fakes[i], 0, sizeof *fakes[i]);
        fakes[i]->name = (char)("abc"[i]);
        tern_provider_init(&fakes[i]->provider, &turn, &fake_ops);
    }
}

START_TEST(test_turn_visits_in_the_order_of_news_and_then_sends)
{
    setup(0);
    fake_news(&b);
    fake_news(&a);
    fake_news(&b);
    ck_assert_uint_eq(tern_turn_run(&turn, 1000), TERN_NEVER);
    ck_assert_str_eq(trace, "bbaBA");
    ck_assert_uint_eq(turn.n_visits, 3);
    ck_assert_uint_eq(tern_turn_run(&turn, 1000), TERN_NEVER);
    ck_assert_str_eq(trace, "bbaBA");
}
END_TEST

START_TEST(test_turn_serves_news_of_its_own_visits)
{
    setup(0);
    a.wakes = &c;
    c.wakes = &a;
    fake_news(&a);
    fake_news(&b);
    ck_assert_uint_eq(tern_turn_run(&turn, 1000), TERN_NEVER);
    ck_assert_str_eq(trace, "abcaABC");
}
END_TEST

START_TEST(test_turn_keeps_what_the_budget_does_not_pay_and_is_due_at_once)
{
    setup(4);
    for (size_t i = 0; i < 5; i++)
        fake_news(&a);
    fake_news(&b);
    ck_assert_uint_eq(tern_turn_run(&turn, 2000), 2000);
    ck_assert_str_eq(trace, "aaaaA");
    /* b has waited longer than the rest of a. */
    ck_assert_uint_eq(tern_turn_run(&turn, 2000), TERN_NEVER);
    ck_assert_str_eq(trace, "aaaaAbaBA");
}
END_TEST

static void fire_again(struct tern_timer *timer, uint64_t now_ns)
{
    note('t');
    tern_timer_set(&turn, timer, now_ns);
}

START_TEST(test_turn_with_a_budget_of_one_starves_neither_timers_nor_visits)
{
    setup(1);
    struct tern_timer timer = { .fire = fire_again };
    tern_timer_set(&turn, &timer, 0);
    fake_news(&a);
    fake_news(&b);
    for (size_t i = 0; i < 2; i++)
        ck_assert_uint_eq(tern_turn_run(&turn, 1000), 1000);
    ck_assert_str_eq(trace, "taAtbB");
}
END_TEST

START_TEST(test_turn_sends_for_what_was_only_marked)
{
    setup(0);
    tern_provider_worked(&c.provider);
    tern_provider_worked(&c.provider);
    ck_assert_uint_eq(tern_turn_run(&turn, 1000), TERN_NEVER);
    ck_assert_str_eq(trace, "C");
}
END_TEST

START_TEST(test_turn_leaves_marks_made_while_sending_to_the_next)
{
    setup(0);
    a.marks_in_send = true;
    fake_news(&a);
    ck_assert_uint_eq(tern_turn_run(&turn, 1000), 1000);
    ck_assert_str_eq(trace, "aA");
    a.marks_in_send = false;
    ck_assert_uint_eq(tern_turn_run(&turn, 1000), TERN_NEVER);
    ck_assert_str_eq(trace, "aAA");
}
END_TEST

START_TEST(test_provider_leaves_every_place_of_both_lists)
{
    struct fake *fakes[] = { &a, &b, &c };
    static const char *const expected[] = { "bcBC", "acAC", "abAB" };
    for (size_t i = 0; i < 3; i++) {
        setup(0);
        for (size_t k = 0; k < 3; k++) {
            fake_news(fakes[k]);
            tern_provider_worked(&fakes[k]->provider);
        }
        tern_provider_leave(&fakes[i]->provider);
        memset(fakes[i], 0xee, sizeof *fakes[i]);
        (void)tern_turn_run(&turn, 1000);
        ck_assert_str_eq(trace, expected[i]);
        /* The lists' ends are right again: what comes next is appended. */
        trace[0] = '\0';
        fake_news(fakes[(i + 1) % 3]);
        (void)tern_turn_run(&turn, 1000);
        ck_assert_uint_eq(strlen(trace), 2);
    }
}
END_TEST

START_TEST(test_provider_that_leaves_in_its_visit_is_not_visited_again)
{
    setup(1);
    a.leaves = true;
    fake_news(&a);
    fake_news(&a);
    ck_assert_uint_eq(tern_turn_run(&turn, 1000), TERN_NEVER);
    ck_assert_str_eq(trace, "a");
}
END_TEST

static uint64_t answer;

static void run_inside(struct tern_timer *timer, uint64_t now_ns)
{
    (void)timer;
    answer = tern_turn_run(&turn, now_ns + 5);
    note('t');
}

START_TEST(test_turn_run_inside_a_turn_does_nothing_and_is_due)
{
    struct tern_timer timer = { .fire = run_inside };
    setup(0);
    fake_news(&a);
    tern_timer_set(&turn, &timer, 1500);
    ck_assert_uint_eq(tern_turn_run(&turn, 1500), TERN_NEVER);
    ck_assert_uint_eq(answer, 1505);
    ck_assert_str_eq(trace, "taA");    /* timers come first */
    ck_assert_uint_eq(turn.n_turns, 1);
}
END_TEST

START_TEST(test_turn_takes_a_step_back_as_no_step)
{
    setup(0);
    (void)tern_turn_run(&turn, 500);
    ck_assert_uint_eq(turn.now_ns, 1000);
    fake_news(&a);
    tern_provider_ready(&a.provider);
    ck_assert_uint_eq(tern_turn_run(&turn, 500), TERN_NEVER);
    ck_assert_uint_eq(turn.now_ns, 1000);
}
END_TEST

/* What a mismatch leaves is what was there. */
START_TEST(test_every_init_of_base_refuses_another_header_and_touches_nothing)
{
    static union {
        struct tern_turn turn;
        struct tern_provider provider;
        struct tern_block_pool pool;
        struct tern_drbg drbg;
        struct tern_feed_set set;
        struct tern_feed feed;
    } u, before;
    static _Alignas(16) uint8_t mem[2 * 2048];
    static const uint8_t seed[TERN_SEED_LEN];
    static const struct tern_provider_ops ops = { .visit = NULL };
    memset(&u, 0xa5, sizeof u);
    before = u;
    for (size_t more = 0; more <= 8; more += 8) {
        size_t other = 8 - more;    /* one of two sizes is another */
        ck_assert_int_eq(tern_turn_init_sized(&u.turn, sizeof u.turn + more, NULL,
                                              sizeof(struct tern_turn_config) + other, 0),
                         TERN_MISMATCH);
        ck_assert_int_eq(tern_provider_init_sized(&u.provider, sizeof u.provider + more, &turn,
                                                  &ops, sizeof ops + other),
                         TERN_MISMATCH);
        ck_assert_int_eq(tern_feed_init_sized(&u.feed, sizeof u.feed + more, NULL, &turn, NULL,
                                              NULL, sizeof(struct tern_feed_config) + other),
                         TERN_MISMATCH);
    }
    ck_assert_int_eq(tern_block_pool_init_sized(&u.pool, sizeof u.pool - 8, mem, sizeof mem, 2048),
                     TERN_MISMATCH);
    ck_assert_int_eq(tern_drbg_init_sized(&u.drbg, sizeof u.drbg + 1, seed), TERN_MISMATCH);
    ck_assert_int_eq(tern_feed_set_init_sized(&u.set, sizeof u.set + 8, &turn, NULL),
                     TERN_MISMATCH);
    ck_assert_mem_eq(&u, &before, sizeof u);
    ck_assert_int_eq(tern_turn_init(&u.turn, NULL, 0), TERN_OK);
}
END_TEST

Suite *turn_suite(void)
{
    Suite *suite = suite_create("turn");
    TCase *tc = tcase_create("turn");
    tcase_add_test(tc, test_turn_visits_in_the_order_of_news_and_then_sends);
    tcase_add_test(tc, test_turn_serves_news_of_its_own_visits);
    tcase_add_test(tc, test_turn_keeps_what_the_budget_does_not_pay_and_is_due_at_once);
    tcase_add_test(tc, test_turn_with_a_budget_of_one_starves_neither_timers_nor_visits);
    tcase_add_test(tc, test_turn_sends_for_what_was_only_marked);
    tcase_add_test(tc, test_turn_leaves_marks_made_while_sending_to_the_next);
    tcase_add_test(tc, test_provider_leaves_every_place_of_both_lists);
    tcase_add_test(tc, test_provider_that_leaves_in_its_visit_is_not_visited_again);
    tcase_add_test(tc, test_turn_run_inside_a_turn_does_nothing_and_is_due);
    tcase_add_test(tc, test_turn_takes_a_step_back_as_no_step);
    tcase_add_test(tc, test_every_init_of_base_refuses_another_header_and_touches_nothing);
    suite_add_tcase(suite, tc);
    return suite;
}
