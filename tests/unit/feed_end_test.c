/* SPDX-License-Identifier: ISC */
/*
 * The stream provider without I/O: how streams end, other users, sets of feeds.
 */
#include "feed_fixture.h"
#include "suites.h"

/* ---- Ends ---------------------------------------------------------------------------- */

START_TEST(test_feed_is_closed_in_order_when_both_ended_and_output_has_left)
{
    for (unsigned peer_first = 0; peer_first < 2; peer_first++) {
        setup(NULL);
        events_to_attach = &noting;
        ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
        (void)run();
        ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"bye", 3), 3);
        if (peer_first) {
            tern_feed_end(&feed);
            (void)run();
            ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_OPEN);
        }
        tern_stream_finish(&feed.stream);
        ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"more", 4), 0);
        (void)run();
        ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_FINISHED);
        input(peer_first ? "" : "still read");
        tern_feed_end(&feed);
        tern_feed_end(&feed);
        ck_assert_uint_eq(tern_feed_input(&feed, (const uint8_t *)"late", 4), 0);
        (void)run();
        ck_assert_uint_eq(user.n_closed, 0);
        expect_output("bye");
        (void)run();
        ck_assert_str_eq(user.trace, peer_first
                                         ? "accept opened flush ended flush flush flush closed"
                                         : "accept opened flush flush data ended flush "
                                           "flush closed");
        expect_over(TERN_OK);
    }
}
END_TEST

START_TEST(test_feed_close_discards_and_lingers_until_the_peer_ends)
{
    setup(NULL);
    open_feed();
    user.take = 0;
    input("untaken");
    (void)run();
    tern_stream_close(&feed.stream);
    tern_stream_close(&feed.stream);
    (void)run();
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
    input("discarded");
    size_t room;
    ck_assert_ptr_nonnull(tern_feed_input_reserve(&feed, &room));
    tern_feed_input_commit(&feed, room);
    now_ns += 4 * TERN_SECOND_NS;
    (void)run();
    ck_assert_uint_eq(user.n_closed, 0);
    tern_feed_end(&feed);
    (void)run();
    ck_assert_str_eq(user.trace, "offer closed");    /* no `ended` after close */
    expect_over(TERN_OK);
}
END_TEST

START_TEST(test_feed_close_gives_up_when_its_linger_time_runs_out)
{
    struct tern_feed_config config = { .linger_ns = TERN_SECOND_NS };
    setup(&config);
    open_feed();
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"bye", 3), 3);
    tern_stream_close(&feed.stream);
    ck_assert_uint_eq(run(), TERN_NEVER);    /* the time begins when all is sent */
    now_ns += 10 * TERN_SECOND_NS;
    ck_assert_uint_eq(run(), TERN_NEVER);
    expect_output("bye");
    uint64_t deadline_ns = run();
    ck_assert_uint_eq(deadline_ns, now_ns + TERN_SECOND_NS);
    now_ns += TERN_SECOND_NS / 2;
    input("x");                              /* does not lengthen it */
    ck_assert_uint_eq(run(), deadline_ns);
    now_ns = deadline_ns;
    (void)run();
    expect_over(TERN_TIMED_OUT);
}
END_TEST

static void abort_it(struct tern_stream *s)
{
    tern_stream_abort(s, TERN_UNSUPPORTED);
    ck_assert_uint_eq(tern_stream_write(s, pool_mem, 10), 0);
    size_t room;
    ck_assert_ptr_null(tern_stream_reserve(s, 1, &room));
    tern_stream_abort(s, TERN_BUG);    /* the first reason stays */
    tern_stream_finish(s);
}

START_TEST(test_feed_abort_in_data_is_closed_in_the_same_visit)
{
    setup(NULL);
    open_feed();
    user.in_data = abort_it;
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"lost", 4), 4);
    input("x");
    (void)run();
    ck_assert_str_eq(user.trace, "data closed");
    expect_over(TERN_UNSUPPORTED);
}
END_TEST

START_TEST(test_feed_abort_in_opened_is_closed_without_data)
{
    setup(NULL);
    user.in_opened = abort_it;
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    input("x");
    (void)run();
    ck_assert_str_eq(user.trace, "accept opened closed");
    expect_over(TERN_UNSUPPORTED);
}
END_TEST

START_TEST(test_feed_abort_outside_a_turn_takes_effect_in_the_next)
{
    setup(NULL);
    open_feed();
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"lost", 4), 4);
    tern_stream_abort(&feed.stream, TERN_OK);
    ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_FAILED);
    ck_assert_str_eq(user.trace, "");
    expect_output("");
    tern_feed_error(&feed, TERN_RESET);    /* too late */
    (void)run();
    ck_assert_str_eq(user.trace, "closed");
    expect_over(TERN_ABORTED);
}
END_TEST

START_TEST(test_feed_error_drops_both_queues)
{
    setup(NULL);
    open_feed();
    user.take = 0;
    input("waiting");
    (void)run();
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"lost", 4), 4);
    tern_feed_error(&feed, TERN_RESET);
    expect_output("");
    (void)run();
    ck_assert_str_eq(user.trace, "offer closed");
    expect_over(TERN_RESET);
}
END_TEST

START_TEST(test_feed_s_memory_is_the_owner_s_after_the_turn_of_closed)
{
    setup(NULL);
    open_feed();
    turn.budget = 1;
    tern_feed_error(&feed, TERN_RESET);
    (void)tern_turn_run(&turn, now_ns);    /* its visit was all that the budget paid */
    ck_assert_uint_eq(user.n_closed, 1);
    memset(&feed, 0xee, sizeof feed);
    ck_assert_uint_eq(run(), TERN_NEVER);
}
END_TEST

static void accept_anew(struct tern_stream *s)
{
    (void)s;
    if (user.n_closed == 1)
        ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
}

START_TEST(test_feed_may_be_opened_anew_inside_closed)
{
    setup(NULL);
    open_feed();
    user.in_closed = accept_anew;
    tern_stream_abort(&feed.stream, TERN_ABORTED);
    (void)run();
    ck_assert_str_eq(user.trace, "closed accept opened");
    ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_OPEN);
    ck_assert_int_eq(tern_feed_why(&feed), TERN_OK);
    tern_feed_error(&feed, TERN_RESET);
    (void)run();
    ck_assert_uint_eq(user.n_closed, 2);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
}
END_TEST

/* ---- Another user -------------------------------------------------------------------- */

static void upgrade(struct tern_stream *s)
{
    note("upgrade");
    user.in_data = NULL;
    user.take = SIZE_MAX;
    tern_stream_attach(s, &noting, &user);
}

START_TEST(test_feed_gives_untaken_data_to_the_user_attached_in_data)
{
    for (size_t take = 0; take < 3; take++) {
        setup(NULL);
        open_feed();
        user.in_data = upgrade;
        user.take = take;
        input("ab");
        (void)run();
        ck_assert_uint_eq(user.n_got, 2);
        ck_assert_mem_eq(user.got, "ab", 2);
        ck_assert_int_eq(strncmp(user.trace, take == 0 ? "offer upgrade flush data"
                                             : take == 1 ? "data upgrade data flush"
                                                         : "data upgrade flush", 18), 0);
    }
}
END_TEST

/* ---- Sets ---------------------------------------------------------------------------- */

static struct tern_feed members[3];
static struct tern_feed_set set;

static void set_send(struct tern_feed_set *s)
{
    ck_assert_ptr_eq(s, &set);
    note("send");
    struct tern_feed *member;
    while ((member = tern_feed_set_next(s)) != NULL) {
        char name[2] = { (char)('0' + (member - members)), '\0' };
        note(name);
        struct tern_feed_span span;
        while (tern_feed_output(member, &span))
            tern_feed_sent(member, span.len);
        if (tern_feed_state(member) == TERN_FEED_CLOSED)
            memset(&member->stream, 0xee, sizeof member->stream);    /* the owner's again */
    }
}

START_TEST(test_feed_set_visits_in_the_order_of_news_and_tells_who_worked)
{
    setup(NULL);
    tern_feed_set_init(&set, &turn, set_send);
    for (size_t i = 0; i < 3; i++) {
        tern_feed_init_in(&members[i], &set, &turn, &pool, NULL);
        ck_assert_int_eq(tern_feed_accept(&members[i], NULL, NULL, accept_user, &user), TERN_OK);
    }
    (void)run();
    ck_assert_str_eq(user.trace, "accept opened accept opened accept opened send 0 1 2");
    user.trace[0] = '\0';
    ck_assert_uint_eq(tern_feed_input(&members[2], (const uint8_t *)"x", 1), 1);
    ck_assert_uint_eq(tern_feed_input(&members[0], (const uint8_t *)"x", 1), 1);
    ck_assert_uint_eq(tern_feed_input(&members[2], (const uint8_t *)"x", 1), 1);
    (void)run();
    ck_assert_str_eq(user.trace, "data data send 2 0");
    user.trace[0] = '\0';
    tern_feed_error(&members[1], TERN_RESET);
    ck_assert_uint_eq(tern_stream_write(&members[0].stream, (const uint8_t *)"x", 1), 1);
    (void)run();
    ck_assert_str_eq(user.trace, "closed send 1 0");
    (void)run();
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
}
END_TEST

START_TEST(test_feed_set_is_bounded_by_the_turn_s_budget)
{
    struct tern_turn_config config = { .budget = 2 };
    setup(NULL);
    tern_turn_init(&turn, &config, now_ns);
    tern_feed_set_init(&set, &turn, NULL);
    for (size_t i = 0; i < 3; i++) {
        tern_feed_init_in(&members[i], &set, &turn, &pool, NULL);
        ck_assert_int_eq(tern_feed_accept(&members[i], NULL, NULL, accept_user, &user), TERN_OK);
    }
    ck_assert_uint_eq(tern_turn_run(&turn, now_ns), now_ns);
    ck_assert_str_eq(user.trace, "accept opened accept opened");
    ck_assert_uint_eq(tern_turn_run(&turn, now_ns), TERN_NEVER);
    ck_assert_str_eq(user.trace, "accept opened accept opened accept opened");
}
END_TEST

Suite *feed_end_suite(void)
{
    Suite *suite = suite_create("feed_end");
    TCase *ends = tcase_create("ends");
    tcase_add_test(ends, test_feed_is_closed_in_order_when_both_ended_and_output_has_left);
    tcase_add_test(ends, test_feed_close_discards_and_lingers_until_the_peer_ends);
    tcase_add_test(ends, test_feed_close_gives_up_when_its_linger_time_runs_out);
    tcase_add_test(ends, test_feed_abort_in_data_is_closed_in_the_same_visit);
    tcase_add_test(ends, test_feed_abort_in_opened_is_closed_without_data);
    tcase_add_test(ends, test_feed_abort_outside_a_turn_takes_effect_in_the_next);
    tcase_add_test(ends, test_feed_error_drops_both_queues);
    tcase_add_test(ends, test_feed_s_memory_is_the_owner_s_after_the_turn_of_closed);
    tcase_add_test(ends, test_feed_may_be_opened_anew_inside_closed);
    suite_add_tcase(suite, ends);
    TCase *users = tcase_create("users and sets");
    tcase_add_test(users, test_feed_gives_untaken_data_to_the_user_attached_in_data);
    tcase_add_test(users, test_feed_set_visits_in_the_order_of_news_and_tells_who_worked);
    tcase_add_test(users, test_feed_set_is_bounded_by_the_turn_s_budget);
    suite_add_tcase(suite, users);
    return suite;
}
