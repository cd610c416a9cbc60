/* SPDX-License-Identifier: ISC */
/*
 * The stream provider without I/O, from both of its sides: the owner's, who
 * moves octets, and the user's, who has the stream. What every provider must
 * do alike is in tests/stream; here is what only a feed has, and its limits:
 * how it begins, and reading. feed_write_test.c and feed_end_test.c go on.
 */
#include "feed_fixture.h"
#include "suites.h"

/* ---- Begins -------------------------------------------------------------------------- */

START_TEST(test_feed_that_is_not_attached_in_accept_is_aborted)
{
    setup(NULL);
    user.attach = false;
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    input("GET");
    ck_assert_str_eq(user.trace, "");    /* a call runs no event */
    (void)run();
    ck_assert_str_eq(user.trace, "accept");
    ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_CLOSED);
    ck_assert_int_eq(tern_feed_why(&feed), TERN_ABORTED);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
}
END_TEST

START_TEST(test_feed_gives_opened_before_data_that_came_with_the_connection)
{
    setup(NULL);
    events_to_attach = &noting;
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_INVALID);
    input("GET");
    tern_feed_end(&feed);
    (void)run();
    ck_assert_str_eq(user.trace, "accept opened data ended flush");
}
END_TEST

START_TEST(test_feed_that_failed_before_accept_is_offered_to_nobody)
{
    setup(NULL);
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    tern_feed_error(&feed, TERN_RESET);
    (void)run();
    ck_assert_str_eq(user.trace, "");
    ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_CLOSED);
    ck_assert_int_eq(tern_feed_why(&feed), TERN_RESET);
}
END_TEST

START_TEST(test_feed_connect_gives_opened_only_when_connected)
{
    setup(NULL);
    struct tern_endpoint_addr peer = { .port = 80 }, local = { .port = 40000 };
    struct tern_stream_info info;
    ck_assert_int_eq(tern_feed_connect(&feed, &peer, &quiet, &user), TERN_OK);
    ck_assert_int_eq(tern_feed_connect(&feed, &peer, &quiet, &user), TERN_INVALID);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"early", 5), 5);
    (void)run();
    ck_assert_str_eq(user.trace, "");
    tern_feed_connected(&feed, &local);
    (void)run();
    ck_assert_str_eq(user.trace, "opened");
    tern_feed_connected(&feed, &local);
    (void)run();
    ck_assert_str_eq(user.trace, "opened");
    ck_assert_uint_eq(tern_stream_info(&feed.stream, &info)->local.port, 40000);
    ck_assert_uint_eq(tern_stream_info(&feed.stream, &info)->peer.port, 80);
    expect_output("early");
}
END_TEST

START_TEST(test_feed_connect_that_fails_is_closed_without_opened)
{
    setup(NULL);
    ck_assert_int_eq(tern_feed_connect(&feed, NULL, &quiet, &user), TERN_OK);
    tern_feed_error(&feed, TERN_REFUSED);
    ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_FAILED);
    (void)run();
    ck_assert_str_eq(user.trace, "closed");
    expect_over(TERN_REFUSED);
}
END_TEST

START_TEST(test_feed_closed_while_it_connects_is_aborted)
{
    setup(NULL);
    ck_assert_int_eq(tern_feed_connect(&feed, NULL, &quiet, &user), TERN_OK);
    tern_stream_close(&feed.stream);
    (void)run();
    ck_assert_str_eq(user.trace, "closed");
    expect_over(TERN_ABORTED);
}
END_TEST

START_TEST(test_feed_that_ends_both_ways_while_it_connects_still_opens_first)
{
    setup(NULL);
    ck_assert_int_eq(tern_feed_connect(&feed, NULL, &noting, &user), TERN_OK);
    tern_stream_finish(&feed.stream);
    tern_feed_end(&feed);
    (void)run();
    ck_assert_str_eq(user.trace, "");
    tern_feed_connected(&feed, NULL);
    (void)run();
    ck_assert_str_eq(user.trace, "opened ended flush closed");
    expect_over(TERN_OK);
}
END_TEST

/* ---- Reading ------------------------------------------------------------------------- */

START_TEST(test_feed_offers_untaken_data_again_only_with_cause)
{
    setup(NULL);
    open_feed();
    user.take = 2;
    input("abcd");
    (void)run();
    ck_assert_str_eq(user.trace, "data");
    now_ns += TERN_SECOND_NS;
    (void)run();
    ck_assert_str_eq(user.trace, "data");
    input("e");                          /* new data */
    (void)run();
    ck_assert_str_eq(user.trace, "data offer");
    user.take = 1;
    tern_stream_resume(&feed.stream);    /* resume */
    (void)run();
    ck_assert_str_eq(user.trace, "data offer data");
    tern_feed_end(&feed);                /* an end is not ended while data waits */
    (void)run();
    ck_assert_str_eq(user.trace, "data offer data");
    user.take = SIZE_MAX;
    tern_stream_resume(&feed.stream);
    (void)run();
    ck_assert_mem_eq(user.got, "abcde", 5);
    ck_assert_uint_eq(user.n_got, 5);
}
END_TEST

static size_t echo_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    return tern_stream_write(s, data, len);
}

static const struct tern_stream_events echoing = { .data = echo_data, .closed = user_closed };

START_TEST(test_feed_echo_never_hangs_and_loses_nothing)
{
    static const struct { size_t n_blocks, in_max, out_max, step; } cases[] = {
        { 2, 1, 1, 1 },         { 2, 0, 0, 100 },         { 3, 5000, 10, 7 },
        { 64, 10, 5000, 4000 }, { 64, 0, 0, SIZE_MAX },   { 16, 3000, 3000, 1 },
    };
    struct tern_feed_config config = { .in_max = cases[_i].in_max, .out_max = cases[_i].out_max };
    static uint8_t sent[20000], back[20000];
    size_t n_sent = 0, n_back = 0;
    setup_blocks(cases[_i].n_blocks, &config);
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 31 + i / 256);
    events_to_attach = &echoing;
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    for (unsigned turns = 0; n_back < sizeof sent; turns++) {
        ck_assert_uint_lt(turns, 100000);
        n_sent += tern_feed_input(&feed, sent + n_sent, sizeof sent - n_sent);
        (void)run();
        n_back += output(back + n_back, sizeof back - n_back, cases[_i].step);
    }
    ck_assert_mem_eq(sent, back, sizeof sent);
    tern_feed_end(&feed);    /* the default of ended: close */
    (void)run();
    expect_over(TERN_OK);
}
END_TEST

START_TEST(test_feed_takes_no_more_than_its_limit_and_tells_when_there_is_room)
{
    struct tern_feed_config config = { .in_max = 10 };
    setup(&config);
    open_feed();
    user.take = 0;
    ck_assert_uint_eq(tern_feed_input_room(&feed, 100), 10);
    ck_assert_uint_eq(tern_feed_input(&feed, (const uint8_t *)"0123456789ab", 12), 10);
    ck_assert(tern_feed_is_choked(&feed));
    ck_assert_uint_eq(tern_feed_input_room(&feed, 100), 0);
    size_t room;
    ck_assert_ptr_null(tern_feed_input_reserve(&feed, &room));
    (void)run();
    user.take = 4;
    tern_stream_resume(&feed.stream);
    (void)run();
    ck_assert(!tern_feed_is_choked(&feed));
    ck_assert_uint_eq(tern_feed_input_room(&feed, 100), 4);
    ck_assert_uint_eq(tern_feed_input_room(&feed, 3), 3);
}
END_TEST

START_TEST(test_feed_reads_in_place_without_a_copy)
{
    setup(NULL);
    open_feed();
    size_t room = 0, again = 0;
    uint8_t *at = tern_feed_input_reserve(&feed, &room);
    ck_assert_ptr_nonnull(at);
    ck_assert_uint_eq(room, DATA_CAP);
    ck_assert_ptr_null(tern_feed_input_reserve(&feed, &again));    /* one at a time */
    memcpy(at, "abc", 3);
    tern_feed_input_commit(&feed, 3);
    uint8_t *next = tern_feed_input_reserve(&feed, &room);
    ck_assert_ptr_eq(next, at + 3);    /* the rest of the block */
    ck_assert_uint_eq(room, DATA_CAP - 3);
    (void)run();                       /* what came before is taken meanwhile */
    ck_assert_uint_eq(user.n_got, 3);
    memcpy(next, "def", 3);
    tern_feed_input_commit(&feed, 3);
    (void)run();
    ck_assert_mem_eq(user.got, "abcdef", 6);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
    ck_assert_ptr_nonnull(tern_feed_input_reserve(&feed, &room));
    tern_feed_input_commit(&feed, 0);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
}
END_TEST

START_TEST(test_feed_gives_the_tail_back_when_it_was_read_into_for_nothing)
{
    setup(NULL);
    open_feed();
    size_t room;
    input("abc");
    ck_assert_ptr_nonnull(tern_feed_input_reserve(&feed, &room));
    (void)run();
    ck_assert_uint_eq(pool.n_free, pool.n_blocks - 1);
    tern_feed_input_commit(&feed, 0);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
    input("d");
    (void)run();
    ck_assert_mem_eq(user.got, "abcd", 4);
}
END_TEST

START_TEST(test_feed_keeps_room_that_is_lent_when_the_stream_fails)
{
    for (unsigned in_tail = 0; in_tail < 2; in_tail++) {
        setup(NULL);
        open_feed();
        size_t room;
        user.take = 0;
        if (in_tail)
            input("abc");
        ck_assert_ptr_nonnull(tern_feed_input_reserve(&feed, &room));
        tern_stream_abort(&feed.stream, TERN_ABORTED);
        (void)run();
        ck_assert_uint_eq(user.n_closed, 1);
        ck_assert_uint_eq(pool.n_free, pool.n_blocks - 1);
        ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_INVALID);
        tern_feed_input_commit(&feed, room);
        expect_over(TERN_ABORTED);
    }
}
END_TEST

START_TEST(test_feed_leaves_blocks_to_output_when_input_is_greedy)
{
    static struct tern_feed feeds[32];
    static uint8_t data[16 * BLOCK_LEN];
    setup_blocks(16, NULL);
    user.take = 0;
    for (size_t i = 0; i < 32; i++) {
        tern_feed_init(&feeds[i], &turn, &pool, NULL);
        ck_assert_int_eq(tern_feed_accept(&feeds[i], NULL, NULL, accept_user, &user), TERN_OK);
        (void)run();
        (void)tern_feed_input(&feeds[i], data, sizeof data);
        user.trace[0] = '\0';
    }
    ck_assert_uint_eq(pool.n_free, 2);    /* an eighth */
    ck_assert_uint_gt(tern_stream_write(&feeds[0].stream, data, 100), 0);
}
END_TEST

START_TEST(test_feed_hears_and_answers_newcomers_whatever_slow_readers_hold)
{
    static struct tern_feed slow[24];
    static uint8_t much[32 * BLOCK_LEN];
    setup(NULL);
    for (size_t i = 0; i < 24; i++) {
        tern_feed_init(&slow[i], &turn, &pool, NULL);
        ck_assert_int_eq(tern_feed_accept(&slow[i], NULL, NULL, accept_user, &user), TERN_OK);
        (void)run();
        ck_assert_uint_gt(tern_stream_write(&slow[i].stream, much, sizeof much), 0);
    }
    user.trace[0] = '\0';
    open_feed();
    input("a question");
    (void)run();
    ck_assert_uint_eq(user.n_got, 10);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, much, 100), 100);
}
END_TEST

START_TEST(test_feed_starved_by_others_looks_again_without_being_told)
{
    setup_blocks(4, NULL);
    open_feed();
    struct tern_block *others[4];
    for (size_t i = 0; i < 4; i++)
        others[i] = tern_block_take(&pool);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, pool_mem, 10), 0);
    ck_assert_uint_eq(tern_feed_input(&feed, pool_mem, 10), 0);
    ck_assert(tern_feed_is_choked(&feed));
    uint64_t deadline_ns = run();
    ck_assert_uint_gt(deadline_ns, now_ns);
    ck_assert_uint_ne(deadline_ns, TERN_NEVER);
    now_ns = deadline_ns;
    deadline_ns = run();
    ck_assert_str_eq(user.trace, "");    /* still none */
    for (size_t i = 0; i < 4; i++)
        tern_block_give(&pool, others[i]);
    now_ns = deadline_ns;
    ck_assert_uint_eq(run(), TERN_NEVER);
    ck_assert_str_eq(user.trace, "room");
    ck_assert(!tern_feed_is_choked(&feed));
}
END_TEST

START_TEST(test_feed_starved_behind_borrowed_octets_looks_again_once_they_are_sent)
{
    setup_blocks(4, NULL);
    open_feed();
    struct tern_block *others[4];
    for (size_t i = 0; i < 4; i++)
        others[i] = tern_block_take(&pool);
    ck_assert_uint_eq(tern_stream_borrow(&feed.stream, (const uint8_t *)"borrowed", 8), 8);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, pool_mem, 10), 0);
    ck_assert_uint_eq(run(), TERN_NEVER);    /* what is sent brings the next look */
    expect_output("borrowed");
    uint64_t deadline_ns = run();
    ck_assert_uint_ne(deadline_ns, TERN_NEVER);
    for (size_t i = 0; i < 4; i++)
        tern_block_give(&pool, others[i]);
    now_ns = deadline_ns;
    ck_assert_uint_eq(run(), TERN_NEVER);
    ck_assert_str_eq(user.trace, "room");
}
END_TEST

START_TEST(test_feed_says_what_its_owner_should_wait_for)
{
    struct tern_feed_config config = { .in_max = 10 };
    setup(&config);
    ck_assert_uint_eq(tern_feed_wants(&feed), 0);    /* not open */
    open_feed();
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_READ);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"ab", 2), 2);
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_READ | TERN_FEED_WRITE);
    user.take = 0;
    input("0123456789");
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_WRITE);
    (void)run();
    expect_output("ab");
    ck_assert_uint_eq(tern_feed_wants(&feed), 0);    /* backpressure */
    user.take = SIZE_MAX;
    tern_stream_resume(&feed.stream);
    (void)run();
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_READ);
    tern_feed_end(&feed);
    ck_assert_uint_eq(tern_feed_wants(&feed), 0);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"c", 1), 1);
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_WRITE);
    tern_feed_error(&feed, TERN_RESET);
    ck_assert_uint_eq(tern_feed_wants(&feed), 0);
}
END_TEST

START_TEST(test_feed_that_connects_wants_to_be_told_when_it_can_write)
{
    setup(NULL);
    ck_assert_int_eq(tern_feed_connect(&feed, NULL, &quiet, &user), TERN_OK);
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_WRITE);
    tern_feed_connected(&feed, NULL);
    (void)run();
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_READ);
}
END_TEST

START_TEST(test_feed_that_may_not_be_read_is_visited_once_it_may)
{
    setup_blocks(4, NULL);
    open_feed();
    struct tern_block *others[4];
    for (size_t i = 0; i < 4; i++)
        others[i] = tern_block_take(&pool);
    ck_assert_uint_eq(tern_feed_wants(&feed), 0);    /* nobody has tried to read */
    uint64_t deadline_ns = run();
    ck_assert_uint_ne(deadline_ns, TERN_NEVER);
    for (size_t i = 0; i < 4; i++)
        tern_block_give(&pool, others[i]);
    now_ns = deadline_ns;
    ck_assert_uint_eq(run(), TERN_NEVER);
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_READ);
}
END_TEST

Suite *feed_suite(void)
{
    Suite *suite = suite_create("feed");
    TCase *begins = tcase_create("begins");
    tcase_add_test(begins, test_feed_that_is_not_attached_in_accept_is_aborted);
    tcase_add_test(begins, test_feed_gives_opened_before_data_that_came_with_the_connection);
    tcase_add_test(begins, test_feed_that_failed_before_accept_is_offered_to_nobody);
    tcase_add_test(begins, test_feed_connect_gives_opened_only_when_connected);
    tcase_add_test(begins, test_feed_connect_that_fails_is_closed_without_opened);
    tcase_add_test(begins, test_feed_closed_while_it_connects_is_aborted);
    tcase_add_test(begins, test_feed_that_ends_both_ways_while_it_connects_still_opens_first);
    suite_add_tcase(suite, begins);
    TCase *reading = tcase_create("reading");
    tcase_add_test(reading, test_feed_offers_untaken_data_again_only_with_cause);
    tcase_add_loop_test(reading, test_feed_echo_never_hangs_and_loses_nothing, 0, 6);
    tcase_add_test(reading, test_feed_takes_no_more_than_its_limit_and_tells_when_there_is_room);
    tcase_add_test(reading, test_feed_reads_in_place_without_a_copy);
    tcase_add_test(reading, test_feed_gives_the_tail_back_when_it_was_read_into_for_nothing);
    tcase_add_test(reading, test_feed_keeps_room_that_is_lent_when_the_stream_fails);
    tcase_add_test(reading, test_feed_leaves_blocks_to_output_when_input_is_greedy);
    tcase_add_test(reading, test_feed_hears_and_answers_newcomers_whatever_slow_readers_hold);
    tcase_add_test(reading, test_feed_starved_by_others_looks_again_without_being_told);
    tcase_add_test(reading,
                   test_feed_starved_behind_borrowed_octets_looks_again_once_they_are_sent);
    tcase_add_test(reading, test_feed_says_what_its_owner_should_wait_for);
    tcase_add_test(reading, test_feed_that_connects_wants_to_be_told_when_it_can_write);
    tcase_add_test(reading, test_feed_that_may_not_be_read_is_visited_once_it_may);
    suite_add_tcase(suite, reading);
    return suite;
}
