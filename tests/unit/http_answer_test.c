/* SPDX-License-Identifier: ISC */
/*
 * Answers: their heads, interim answers, bodies in every style of writing, and
 * what a handler may not send.
 */
#include "http_fixture.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

static struct http_fixture f;

static void open_with(enum http_handler handler)
{
    fixture_init(&f);
    f.handler = handler;
    fixture_open(&f);
}

static void input(const char *text)
{
    fixture_input(&f, text, strlen(text));
}

START_TEST(test_expect_is_answered_before_the_body_comes)
{
    open_with(HANDLER_SINK);
    input("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    ck_assert_str_eq(fixture_out(&f), "HTTP/1.1 100 Continue\r\n\r\n");
    input("abc");
    ck_assert(strstr(fixture_out(&f), "\r\n\r\n3\n") != NULL);
    ck_assert(strstr(fixture_out(&f), "close") == NULL);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_expect_that_is_refused_ends_the_connection)
{
    open_with(HANDLER_HELLO);
    input("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    ck_assert(strstr(fixture_out(&f), "100 Continue") == NULL);
    ck_assert(strstr(fixture_out(&f), "Connection: close\r\n") != NULL);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_early_hints_come_before_the_answer)
{
    static const struct tern_http_field link[] = { TERN_HTTP_FIELD("Link", "</a>; rel=preload") };
    open_with(HANDLER_LATER);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_eq(tern_http_interim(f.exchange, 103, link, 1), TERN_OK);
    ck_assert_int_eq(tern_http_interim(f.exchange, 101, NULL, 0), TERN_INVALID);
    ck_assert_int_eq(tern_http_interim(f.exchange, 200, NULL, 0), TERN_INVALID);
    struct tern_http_exchange *x = f.exchange;
    ck_assert_int_eq(tern_http_respond(x, 204, NULL, 0, 0), TERN_OK);
    ck_assert_int_eq(tern_http_respond(x, 204, NULL, 0, 0), TERN_INVALID);
    ck_assert_int_eq(tern_http_interim(x, 103, link, 1), TERN_INVALID);
    fixture_run(&f);
    ck_assert_str_eq(fixture_out(&f), "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
                                      "HTTP/1.1 204 No Content\r\n\r\n");
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_interim_answer_to_http_1_0_is_not_sent)
{
    open_with(HANDLER_LATER);
    input("GET / HTTP/1.0\r\n\r\n");
    ck_assert_int_eq(tern_http_interim(f.exchange, 103, NULL, 0), TERN_OK);
    fixture_run(&f);
    ck_assert_str_eq(fixture_out(&f), "");
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_answer_cut_short_breaks_the_connection)
{
    open_with(HANDLER_LATER);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, NULL, 0, 10), TERN_OK);
    ck_assert_uint_eq(tern_stream_write(&f.exchange->stream, (const uint8_t *)"12345", 5), 5);
    tern_stream_finish(&f.exchange->stream);
    ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_CUT], 1);
    fixture_run(&f);
    ck_assert_str_eq(fixture_log(&f) + strlen("GET / @x [Host=x] 0\nopened\nended\n"),
                     "closed aborted\n");
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_answer_takes_no_more_than_its_length)
{
    open_with(HANDLER_LATER);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    struct tern_stream *s = &f.exchange->stream;
    size_t room;
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"x", 1), 0);
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, NULL, 0, 10), TERN_OK);
    ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"12345678901", 11), 0);
    ck_assert_ptr_null(tern_stream_reserve(s, 11, &room));
    uint8_t *to = tern_stream_reserve(s, 4, &room);
    ck_assert_ptr_nonnull(to);
    ck_assert_uint_eq(room, 10);
    memcpy(to, "1234", 4);
    tern_stream_commit(s, 4);
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"567890xyz", 9), 6);
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"xyz", 3), 0);
    fixture_run(&f);
    ck_assert_str_eq(fixture_out(&f),
                     "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234567890");
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_chunks_are_written_reserved_and_borrowed)
{
    open_with(HANDLER_LATER);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    struct tern_stream *s = &f.exchange->stream;
    size_t room;
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, NULL, 0, TERN_HTTP_UNKNOWN), TERN_OK);
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"abc", 3), 3);
    ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"0123456789abcdefg", 17), 17);
    uint8_t *to = tern_stream_reserve(s, 4, &room);
    ck_assert_ptr_nonnull(to);
    memcpy(to, "wxyz", 4);
    tern_stream_commit(s, 4);
    tern_stream_commit(s, 0);
    fixture_run(&f);
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"late", 4), 4);
    tern_stream_finish(s);
    fixture_run(&f);
    ck_assert_str_eq(fixture_out(&f),
                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "0003\r\nabc\r\n11\r\n0123456789abcdefg\r\n0004\r\nwxyz\r\n"
                     "0004\r\nlate\r\n0\r\n\r\n");
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    ck_assert(fixture_end(&f));
}
END_TEST

/* Every fill of the block before: the octets come out in order, whatever the gap. */
START_TEST(test_chunk_reserve_keeps_its_promise_at_every_fill)
{
    static char filler[2100];
    memset(filler, '.', sizeof filler);
    for (size_t fill = 1300; fill < 2000; fill++) {
        open_with(HANDLER_LATER);
        input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        struct tern_stream *s = &f.exchange->stream;
        size_t room;
        char wanted[64];
        ck_assert_int_eq(tern_http_respond(f.exchange, 200, NULL, 0, TERN_HTTP_UNKNOWN), TERN_OK);
        ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)filler, fill), fill);
        uint8_t *to = tern_stream_reserve(s, TERN_RESERVE_LEAST, &room);
        ck_assert_ptr_nonnull(to);
        ck_assert_uint_ge(room, TERN_RESERVE_LEAST);
        for (size_t i = 0; i < TERN_RESERVE_LEAST; i++)
            to[i] = (uint8_t)('a' + i % 26);
        size_t len = fill % 2 == 0 ? TERN_RESERVE_LEAST : fill % 500;
        tern_stream_commit(s, len);
        tern_stream_finish(s);
        fixture_run(&f);
        const char *answer = strstr(fixture_out(&f), "\r\n\r\n");
        ck_assert_ptr_nonnull(answer);
        answer += 4;
        for (size_t total = 0; total < fill;) {
            unsigned n = 0;
            ck_assert_int_eq(sscanf(answer, "%x\r\n", &n), 1);
            answer += 6 + n + 2;
            total += n;
        }
        snprintf(wanted, sizeof wanted, "%04x\r\n", (unsigned)len);
        if (len > 0) {
            ck_assert_mem_eq(answer, wanted, 6);
            for (size_t i = 0; i < len; i++)
                ck_assert_int_eq(answer[6 + i], 'a' + (int)(i % 26));
            answer += 6 + len + 2;
        }
        ck_assert_str_eq(answer, "0\r\n\r\n");
        ck_assert(fixture_end(&f));
    }
}
END_TEST

START_TEST(test_head_request_gets_the_fields_and_no_body)
{
    open_with(HANDLER_LATER);
    input("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    struct tern_stream *s = &f.exchange->stream;
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, NULL, 0, 10), TERN_OK);
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"1234567890", 10), 10);
    fixture_run(&f);
    ck_assert_str_eq(fixture_out(&f), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_framing_fields_of_a_handler_are_refused)
{
    static const struct {
        const char *name, *value;
        enum tern_err err;
    } cases[] = {
        { "Content-Length", "5", TERN_INVALID },
        { "transfer-encoding", "chunked", TERN_INVALID },
        { "CONNECTION", "close", TERN_INVALID },
        { "Keep-Alive", "timeout=5", TERN_INVALID },
        { "Proxy-Connection", "close", TERN_INVALID },
        { "TE", "trailers", TERN_INVALID },
        { "Trailer", "x", TERN_INVALID },
        { "Upgrade", "h2c", TERN_INVALID },
        { "", "x", TERN_INVALID },
        { "a b", "x", TERN_INVALID },
        { "a:", "x", TERN_INVALID },
        { "a\r\nb", "x", TERN_INVALID },
        { "caf\xc3\xa9", "x", TERN_INVALID },
        { "a", "x\r\nSet-Cookie: y", TERN_INVALID },
        { "a", "x\ny", TERN_INVALID },
        { "a", "x\ry", TERN_INVALID },
        { "a", "12345678\x7f", TERN_INVALID },
        { "a", "\x01", TERN_INVALID },
        { "a", "tab\tand caf\xc3\xa9", TERN_OK },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_with(HANDLER_LATER);
        input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        struct tern_http_field field = {
            { cases[i].name, strlen(cases[i].name) }, { cases[i].value, strlen(cases[i].value) }
        };
        ck_assert_int_eq(tern_http_respond(f.exchange, 200, &field, 1, 0), cases[i].err);
        fixture_run(&f);
        ck_assert_int_eq(f.out_len > 0, cases[i].err == TERN_OK);
        ck_assert(fixture_end(&f));
    }
    open_with(HANDLER_LATER);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    struct tern_http_field nul = { { "a", 1 }, { "x\0y", 3 } };
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, &nul, 1, 0), TERN_INVALID);
    ck_assert_int_eq(tern_http_respond(f.exchange, 199, NULL, 0, 0), TERN_INVALID);
    ck_assert_int_eq(tern_http_respond(f.exchange, 1000, NULL, 0, 0), TERN_INVALID);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_long_head_spans_many_blocks)
{
    static char value[9000];
    memset(value, 'v', sizeof value);
    open_with(HANDLER_LATER);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    struct tern_http_field field = { { "X", 1 }, { value, sizeof value } };
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, &field, 1, 0), TERN_OK);
    fixture_run(&f);
    ck_assert_uint_eq(f.out_len, strlen("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: \r\n\r\n") +
                                     sizeof value);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_respond_without_room_may_be_tried_again)
{
    static char value[3000];
    memset(value, 'v', sizeof value);
    fixture_init(&f);
    f.feed_config.out_max = 2500;
    f.handler = HANDLER_LATER;
    fixture_open(&f);
    f.reads = false;
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    struct tern_http_field field = { { "X", 1 }, { value, 2000 } };
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, &field, 1, 1000), TERN_OK);
    ck_assert_uint_lt(tern_stream_write(&f.exchange->stream, (const uint8_t *)value, 1000), 1000);
    fixture_run(&f);
    ck_assert_ptr_null(strstr(fixture_log(&f), "room"));
    f.reads = true;
    fixture_run(&f);
    ck_assert_ptr_nonnull(strstr(fixture_log(&f), "room"));
    ck_assert(fixture_end(&f));
}
END_TEST

static uint64_t wall(void *user)
{
    return *(const uint64_t *)user;
}

START_TEST(test_date_is_sent_once_the_time_is_known)
{
    static const struct tern_http_field own[] = {
        TERN_HTTP_FIELD("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    };
    uint64_t wall_ns = 0;
    fixture_init(&f);
    f.config.wall_ns = wall;
    f.config.wall_user = &wall_ns;
    f.handler = HANDLER_LATER;
    fixture_open(&f);
    for (int i = 0; i < 3; i++) {
        input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        ck_assert_int_eq(tern_http_respond(f.exchange, 200, own, i == 2, 0), TERN_OK);
        fixture_run(&f);
        wall_ns = UINT64_C(784111777) * TERN_SECOND_NS;
    }
    ck_assert_str_eq(fixture_out(&f),
                     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                     "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                     "Content-Length: 0\r\n\r\n"
                     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                     "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
    ck_assert(fixture_end(&f));
}
END_TEST

Suite *http_answer_suite(void)
{
    Suite *suite = suite_create("http_answer");
    TCase *tcase = tcase_create("http_answer");
    tcase_add_test(tcase, test_expect_is_answered_before_the_body_comes);
    tcase_add_test(tcase, test_expect_that_is_refused_ends_the_connection);
    tcase_add_test(tcase, test_early_hints_come_before_the_answer);
    tcase_add_test(tcase, test_interim_answer_to_http_1_0_is_not_sent);
    tcase_add_test(tcase, test_answer_cut_short_breaks_the_connection);
    tcase_add_test(tcase, test_answer_takes_no_more_than_its_length);
    tcase_add_test(tcase, test_chunks_are_written_reserved_and_borrowed);
    tcase_add_test(tcase, test_chunk_reserve_keeps_its_promise_at_every_fill);
    tcase_add_test(tcase, test_head_request_gets_the_fields_and_no_body);
    tcase_add_test(tcase, test_framing_fields_of_a_handler_are_refused);
    tcase_add_test(tcase, test_long_head_spans_many_blocks);
    tcase_add_test(tcase, test_respond_without_room_may_be_tried_again);
    tcase_add_test(tcase, test_date_is_sent_once_the_time_is_known);
    suite_add_tcase(suite, tcase);
    return suite;
}
