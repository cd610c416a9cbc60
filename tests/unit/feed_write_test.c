/* SPDX-License-Identifier: ISC */
/*
 * The stream provider without I/O: writing, copied, borrowed and reserved.
 */
#include "feed_fixture.h"
#include "suites.h"

/* ---- Writing ------------------------------------------------------------------------- */

START_TEST(test_feed_keeps_the_order_of_copied_and_borrowed_octets)
{
    struct tern_stream_info info;
    setup(NULL);
    open_feed();
    struct tern_stream *s = &feed.stream;
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"one ", 4), 4);
    ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"two ", 4), 4);
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"three ", 6), 6);
    ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"four ", 5), 5);
    ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"five", 4), 4);
    ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"five", 0), 0);
    struct tern_feed_span spans[8];
    ck_assert_uint_eq(tern_feed_outputs(&feed, spans, 8), 5);
    ck_assert_uint_eq(tern_feed_outputs(&feed, spans, 3), 3);
    ck_assert_uint_eq(tern_feed_outputs(&feed, spans, 0), 0);
    ck_assert_uint_eq(tern_stream_info(s, &info)->unsent, 23);
    ck_assert_str_eq(info.provider, "feed");
    uint8_t out[64];
    ck_assert_uint_eq(output(out, sizeof out, 3), 23);
    ck_assert_mem_eq(out, "one two three four five", 23);
    ck_assert_uint_eq(tern_stream_info(s, &info)->unsent, 0);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
}
END_TEST

START_TEST(test_feed_tells_room_after_a_borrow_that_found_no_place)
{
    setup(NULL);
    open_feed();
    for (size_t i = 0; i < TERN_FEED_BORROWS; i++)
        ck_assert_uint_eq(tern_stream_borrow(&feed.stream, (const uint8_t *)"xy", 2), 2);
    ck_assert_uint_eq(tern_stream_borrow(&feed.stream, (const uint8_t *)"z", 1), 0);
    (void)run();
    tern_feed_sent(&feed, 1);
    (void)run();
    ck_assert_str_eq(user.trace, "");
    tern_feed_sent(&feed, 1);
    (void)run();
    ck_assert_str_eq(user.trace, "room");
    ck_assert_uint_eq(tern_stream_borrow(&feed.stream, (const uint8_t *)"z", 1), 1);
    (void)run();
    expect_output("xyxyxyxyxyxyxyz");
}
END_TEST

START_TEST(test_feed_write_that_fits_exactly_owes_no_room)
{
    struct tern_feed_config config = { .out_max = 5 };
    struct tern_stream_info info;
    setup(&config);
    open_feed();
    ck_assert_uint_eq(tern_stream_info(&feed.stream, &info)->room, 5);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"12345", 5), 5);
    ck_assert_uint_eq(tern_stream_info(&feed.stream, &info)->room, 0);
    (void)run();
    expect_output("12345");
    (void)run();
    ck_assert_str_eq(user.trace, "");
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"123456", 6), 5);
    expect_output("12345");
    (void)run();
    ck_assert_str_eq(user.trace, "room");
}
END_TEST

START_TEST(test_feed_offers_data_before_room_and_then_tells_room)
{
    struct tern_feed_config config = { .out_max = 5 };
    setup(&config);
    open_feed();
    user.take = 0;
    input("in");
    (void)run();
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"123456", 6), 5);
    expect_output("12345");
    user.take = SIZE_MAX;
    (void)run();
    ck_assert_str_eq(user.trace, "offer data room");
}
END_TEST

START_TEST(test_feed_lends_spans_and_commits_over_all_of_them)
{
    struct tern_stream_info info;
    setup(NULL);
    open_feed();
    struct tern_stream *s = &feed.stream;
    size_t most = tern_stream_info(s, &info)->reserve_max, sum = 0, n_spans = 0, room = 0;
    uint8_t *span;
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"-", 1), 1);
    for (uint8_t c = 0; (span = tern_stream_reserve(s, 1, &room)) != NULL; n_spans++) {
        for (size_t i = 0; i < room; i++)
            span[i] = (uint8_t)(c++ % 251);
        sum += room;
    }
    ck_assert_uint_le(n_spans, TERN_RESERVE_SPANS);
    ck_assert_uint_ge(n_spans, 8);
    ck_assert_uint_le(sum, most);
    size_t n = DATA_CAP * 3 + 17;    /* the tail of the first, two whole ones, a part */
    tern_stream_commit(s, n);
    static uint8_t out[8 * BLOCK_LEN];
    ck_assert_uint_eq(tern_stream_info(s, &info)->unsent, n + 1);
    ck_assert_uint_eq(pool.n_blocks - pool.n_free, 4);
    ck_assert_uint_eq(output(out, sizeof out, 1000), n + 1);
    ck_assert_uint_eq(out[0], '-');
    size_t n_right = 0;
    uint8_t c = 0;
    for (size_t i = 0; i < n; i++)
        n_right += out[1 + i] == (uint8_t)(c++ % 251);
    ck_assert_uint_eq(n_right, n);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
    tern_stream_commit(s, 100);    /* nothing is reserved */
    ck_assert_uint_eq(tern_stream_info(s, &info)->unsent, 0);
}
END_TEST

START_TEST(test_feed_reservation_keeps_its_limits)
{
    struct tern_feed_config config = { .out_max = 600 };
    size_t room = 0;
    setup(&config);
    open_feed();
    struct tern_stream *s = &feed.stream;
    ck_assert_ptr_null(tern_stream_reserve(s, TERN_RESERVE_LEAST + 1, &room));
    ck_assert_ptr_nonnull(tern_stream_reserve(s, TERN_RESERVE_LEAST, &room));
    ck_assert_uint_eq(room, 600);
    ck_assert_ptr_null(tern_stream_reserve(s, 1, &room));
    tern_stream_commit(s, 1000);    /* more than was lent is what was lent */
    struct tern_stream_info info;
    ck_assert_uint_eq(tern_stream_info(s, &info)->unsent, 600);
    tern_feed_sent(&feed, 599);
    ck_assert_ptr_nonnull(tern_stream_reserve(s, TERN_RESERVE_LEAST, &room));
    ck_assert_uint_eq(room, 599);
    tern_stream_commit(s, 0);
    ck_assert_uint_eq(tern_stream_write(s, pool_mem, 600), 599);
}
END_TEST

START_TEST(test_feed_write_borrow_finish_and_the_visit_give_reservations_back)
{
    size_t room;
    for (unsigned how = 0; how < 5; how++) {
        setup(NULL);
        open_feed();
        struct tern_stream *s = &feed.stream;
        for (size_t i = 0; i < 3; i++)
            ck_assert_ptr_nonnull(tern_stream_reserve(s, TERN_RESERVE_LEAST, &room));
        switch (how) {
        case 0: ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"w", 1), 1); break;
        case 1: ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"w", 1), 1); break;
        case 2: tern_stream_finish(s); break;
        case 3: tern_stream_close(s); break;
        default: tern_stream_resume(s); (void)run();
        }
        ck_assert_uint_ge(pool.n_free, pool.n_blocks - 1);
        tern_stream_commit(s, 10);
        if (how < 2)
            expect_output("w");
        else
            expect_output("");
        ck_assert_uint_eq(pool.n_free, pool.n_blocks);
    }
}
END_TEST

START_TEST(test_feed_sent_empty_under_a_reservation_keeps_no_empty_block)
{
    size_t room;
    struct tern_feed_span span;
    setup(NULL);
    open_feed();
    static uint8_t data[DATA_CAP - 4];
    ck_assert_uint_eq(tern_stream_write(&feed.stream, data, sizeof data), sizeof data);
    ck_assert_ptr_nonnull(tern_stream_reserve(&feed.stream, 1, &room));
    ck_assert_uint_eq(room, 4);
    tern_feed_sent(&feed, sizeof data);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks - 1);
    tern_stream_commit(&feed.stream, 0);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"abcdef", 6), 6);
    ck_assert(tern_feed_output(&feed, &span));
    ck_assert_uint_eq(span.len, 6);
    expect_output("abcdef");
}
END_TEST

static void abort_with_spans(struct tern_stream *s)
{
    size_t room;
    uint8_t *span = tern_stream_reserve(s, 1, &room);
    ck_assert_ptr_nonnull(span);
    tern_stream_abort(s, TERN_UNSUPPORTED);
    memset(span, 1, room);    /* lent to the end of the visit */
    tern_stream_commit(s, room);
}

START_TEST(test_feed_aborted_with_spans_reserved_gives_all_back)
{
    setup(NULL);
    open_feed();
    user.in_data = abort_with_spans;
    input("x");
    (void)run();
    ck_assert_str_eq(user.trace, "data closed");
    expect_over(TERN_UNSUPPORTED);
}
END_TEST

START_TEST(test_feed_flushes_after_a_write_from_outside_a_turn)
{
    setup(NULL);
    events_to_attach = &noting;
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    (void)run();
    user.trace[0] = '\0';
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"w", 1), 1);
    (void)run();
    ck_assert_str_eq(user.trace, "flush");
}
END_TEST

Suite *feed_write_suite(void)
{
    Suite *suite = suite_create("feed_write");
    TCase *writing = tcase_create("writing");
    tcase_add_test(writing, test_feed_keeps_the_order_of_copied_and_borrowed_octets);
    tcase_add_test(writing, test_feed_tells_room_after_a_borrow_that_found_no_place);
    tcase_add_test(writing, test_feed_write_that_fits_exactly_owes_no_room);
    tcase_add_test(writing, test_feed_offers_data_before_room_and_then_tells_room);
    tcase_add_test(writing, test_feed_lends_spans_and_commits_over_all_of_them);
    tcase_add_test(writing, test_feed_reservation_keeps_its_limits);
    tcase_add_test(writing, test_feed_write_borrow_finish_and_the_visit_give_reservations_back);
    tcase_add_test(writing, test_feed_sent_empty_under_a_reservation_keeps_no_empty_block);
    tcase_add_test(writing, test_feed_aborted_with_spans_reserved_gives_all_back);
    tcase_add_test(writing, test_feed_flushes_after_a_write_from_outside_a_turn);
    suite_add_tcase(suite, writing);
    return suite;
}
