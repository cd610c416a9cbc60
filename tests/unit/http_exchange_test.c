/* SPDX-License-Identifier: ISC */
/*
 * Exchanges where room is short, where one side gives up, and where the
 * connection's end has to say what the answer cannot.
 */
#include "http_fixture.h"
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct http_fixture f;

static void open_with(enum http_handler handler, size_t out_max)
{
    fixture_init(&f);
    f.handler = handler;
    f.feed_config.out_max = out_max;
    fixture_open(&f);
}

static void input(const char *text)
{
    fixture_input(&f, text, strlen(text));
}

/* The body behind the first head of the output, chunks joined; its length. */
static size_t chunks_join(char *out)
{
    const char *p = strstr(fixture_out(&f), "\r\n\r\n");
    size_t len = 0;
    ck_assert_ptr_nonnull(p);
    for (p += 4;;) {
        char *digits_end;
        size_t n = strtoul(p, &digits_end, 16);
        ck_assert(digits_end > p && memcmp(digits_end, "\r\n", 2) == 0);
        p = digits_end + 2;
        memcpy(out + len, p, n);
        len += n;
        p += n;
        ck_assert_mem_eq(p, "\r\n", 2);
        p += 2;
        if (n == 0)
            return len;
    }
}

START_TEST(test_connection_close_is_kept_to)
{
    static const struct {
        const char *fields;
        bool closes;
    } cases[] = {
        { "Connection: close\r\n", true },
        { "Connection: Close\r\n", true },
        { "Connection: x, close\r\n", true },
        { "Connection: close ,x\r\n", true },
        { "Connection: keep-alive, close\r\n", true },
        { "Connection: x\r\nConnection: close\r\n", true },
        { "Connection: closed\r\n", false },
        { "Connection: keep-alive\r\n", false },
        { "Connection: upgrade, x\r\nUpgrade: h2c\r\n", false },
        { "Connection:\r\n", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        open_with(HANDLER_HELLO, 0);
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: x\r\n%s\r\nGET / HTTP/1.1\r\n",
                 cases[i].fields);
        input(text);
        ck_assert(strncmp(fixture_out(&f), "HTTP/1.1 200 OK\r\n", 17) == 0);
        ck_assert_int_eq(strstr(f.out, "Connection: close\r\n") != NULL, cases[i].closes);
        ck_assert_int_eq(tern_feed_state(&f.feed) == TERN_FEED_FINISHED, cases[i].closes);
        ck_assert(fixture_end(&f));
    }
}
END_TEST

START_TEST(test_expectations)
{
    static const struct {
        const char *fields;
        const char *begins;
    } cases[] = {
        { "Expect: 100-Continue\r\nContent-Length: 1\r\n", "HTTP/1.1 100 Continue\r\n\r\n" },
        { "Expect: 100-continue\r\n", "HTTP/1.1 200 OK\r\n" },    /* no body to wait for */
        { "Expect: 100-continue, x\r\n", "HTTP/1.1 417 Expectation Failed\r\n" },
        { "Expect: x\r\n", "HTTP/1.1 417 Expectation Failed\r\n" },
        { "Expect:\r\n", "HTTP/1.1 417 Expectation Failed\r\n" },
        { "Expect: 100-continue\r\nExpect: 100-continue\r\n",
          "HTTP/1.1 417 Expectation Failed\r\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        open_with(HANDLER_SINK, 0);
        snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: x\r\n%s\r\n", cases[i].fields);
        input(text);
        ck_assert_msg(strncmp(fixture_out(&f), cases[i].begins, strlen(cases[i].begins)) == 0,
                      "%s: %s", cases[i].fields, f.out);
        ck_assert(fixture_end(&f));
    }
    /* HTTP/1.0 knows no expectations (RFC 9110 section 10.1.1). */
    open_with(HANDLER_SINK, 0);
    input("POST / HTTP/1.0\r\nExpect: x\r\nContent-Length: 1\r\n\r\na");
    ck_assert(strncmp(fixture_out(&f), "HTTP/1.1 200 OK\r\n", 17) == 0);
    ck_assert(fixture_end(&f));
}
END_TEST

static struct tern_http_exchange *bare;

static void bare_request(void *app, struct tern_http_exchange *x)
{
    static const struct tern_stream_events nothing = { .ended = NULL };
    (void)app;
    bare = x;
    tern_stream_attach(&x->stream, &nothing, NULL);
}

START_TEST(test_resume_asks_a_waiting_client_for_its_body)
{
    fixture_init(&f);
    f.config.request = bare_request;
    fixture_open(&f);
    input("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
    ck_assert_uint_eq(f.out_len, 0);    /* no `data` is attached: not asked for by itself */
    fixture_wait(&f, 100 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    tern_stream_resume(&bare->stream);
    fixture_run(&f);
    ck_assert_str_eq(fixture_out(&f), "HTTP/1.1 100 Continue\r\n\r\n");
    tern_stream_resume(&bare->stream);
    fixture_run(&f);
    ck_assert_str_eq(fixture_out(&f), "HTTP/1.1 100 Continue\r\n\r\n");
    input("x");
    ck_assert_int_eq(tern_http_respond(bare, 200, NULL, 0, 0), TERN_OK);
    fixture_run(&f);
    ck_assert_ptr_null(strstr(fixture_out(&f), "close"));
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_echo_that_answers_first_still_asks_for_the_body)
{
    open_with(HANDLER_ECHO, 0);
    input("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    ck_assert(strncmp(fixture_out(&f), "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 42) ==
              0);
    input("hi");
    ck_assert_ptr_nonnull(strstr(fixture_out(&f), "0002\r\nhi\r\n0\r\n\r\n"));
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_info_tells_what_the_answer_may_take)
{
    struct tern_stream_info room;
    open_with(HANDLER_LATER, 0);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    struct tern_stream *s = &f.exchange->stream;
    const struct tern_stream_info *info = tern_stream_info(s, &room);
    ck_assert_str_eq(info->provider, "http");
    ck_assert_uint_eq(info->room, 0);    /* not answered yet */
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, NULL, 0, 10), TERN_OK);
    info = tern_stream_info(s, &room);
    ck_assert_uint_eq(info->room, 10);
    ck_assert_uint_gt(info->unsent, 0);
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"0123456789", 10), 10);
    ck_assert(fixture_end(&f));

    open_with(HANDLER_LATER, 0);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, NULL, 0, TERN_HTTP_UNKNOWN), TERN_OK);
    info = tern_stream_info(&f.exchange->stream, &room);
    ck_assert_uint_gt(info->room, 2000);
    ck_assert_uint_gt(info->reserve_max, 2000);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_chunks_come_whole_through_a_small_window)
{
    static char body[50000], got[60000];
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)('a' + i % 26);
    for (size_t out_max = 520; out_max < 3000; out_max += 263) {
        open_with(HANDLER_ECHO, out_max);
        f.reads = false;
        input("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n");
        for (size_t done = 0; done < sizeof body;) {
            done += fixture_input_cut(&f, body + done, sizeof body - done, 700);
            fixture_read(&f, 300);
            fixture_run(&f);
        }
        f.reads = true;
        fixture_run(&f);
        ck_assert_uint_eq(chunks_join(got), sizeof body);
        ck_assert_mem_eq(got, body, sizeof body);
        ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
        ck_assert(fixture_end(&f));
    }
}
END_TEST

/* Borrowed pieces that the stream below has no place for yet wait in the exchange. */
START_TEST(test_borrowed_chunks_wait_their_turn)
{
    static const char piece[] = "0123456789abcdef0123456789abcdef";
    static char got[8192];
    open_with(HANDLER_LATER, 0);
    f.reads = false;
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    struct tern_stream *s = &f.exchange->stream;
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, NULL, 0, TERN_HTTP_UNKNOWN), TERN_OK);
    size_t n = 0, room;
    while (tern_stream_borrow(s, (const uint8_t *)piece, 32) == 32)
        n++;
    ck_assert_uint_eq(n, TERN_FEED_BORROWS + 1);    /* the last waits in the exchange */
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"x", 1), 0);
    ck_assert_ptr_null(tern_stream_reserve(s, 1, &room));
    ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)piece, 32), 0);
    fixture_run(&f);
    ck_assert_ptr_null(strstr(fixture_log(&f), "room"));
    f.reads = true;
    fixture_run(&f);
    ck_assert_ptr_nonnull(strstr(fixture_log(&f), "room"));
    tern_stream_finish(s);
    fixture_run(&f);
    ck_assert_uint_eq(chunks_join(got), n * 32);
    for (size_t i = 0; i < n; i++)
        ck_assert_mem_eq(got + 32 * i, piece, 32);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_answer_ends_though_there_is_no_room_for_its_end)
{
    static char got[8192];
    open_with(HANDLER_LATER, 600);
    f.reads = false;
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    struct tern_stream *s = &f.exchange->stream;
    static uint8_t filler[1000];
    memset(filler, '.', sizeof filler);
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, NULL, 0, TERN_HTTP_UNKNOWN), TERN_OK);
    size_t n = tern_stream_write(s, filler, sizeof filler);
    ck_assert_uint_lt(n, 600);
    tern_stream_finish(s);
    fixture_run(&f);
    ck_assert_uint_eq(f.server.stats.answers, 0);
    ck_assert_uint_eq(tern_stream_write(s, filler, 1), 0);
    f.reads = true;
    fixture_run(&f);
    ck_assert_uint_eq(f.server.stats.answers, 1);
    ck_assert_uint_eq(chunks_join(got), n);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_respond_says_full_and_room_follows)
{
    static char value[400];
    memset(value, 'v', sizeof value);
    struct tern_http_field field = { { "X", 1 }, { value, sizeof value } };
    open_with(HANDLER_LATER, 600);
    f.reads = false;
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_eq(tern_http_interim(f.exchange, 103, &field, 1), TERN_OK);
    ck_assert_int_eq(tern_http_interim(f.exchange, 103, &field, 1), TERN_FULL);
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, &field, 1, 0), TERN_FULL);
    fixture_run(&f);
    ck_assert_ptr_null(strstr(fixture_log(&f), "room"));
    f.reads = true;
    fixture_run(&f);
    ck_assert_ptr_nonnull(strstr(fixture_log(&f), "room"));
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, &field, 1, 0), TERN_OK);
    fixture_run(&f);
    ck_assert_uint_eq(f.server.stats.answers, 1);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_refusal_waits_for_room)
{
    open_with(HANDLER_HELLO, 300);
    f.reads = false;
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");    /* 300 octets are no room to answer in */
    ck_assert_uint_eq(f.server.stats.requests, 0);
    fixture_end(&f);

    open_with(HANDLER_LATER, 700);
    f.reads = false;
    input("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    static char value[600];
    memset(value, 'v', sizeof value);
    struct tern_http_field field = { { "X", 1 }, { value, 560 } };
    ck_assert_int_eq(tern_http_interim(f.exchange, 103, &field, 1), TERN_OK);
    input("oops\r\n");
    ck_assert_ptr_nonnull(strstr(fixture_log(&f), "closed malformed input\n"));
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    f.reads = true;
    fixture_run(&f);
    ck_assert_ptr_nonnull(strstr(fixture_out(&f), "chunk_size_malformed\n"));
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_keep_is_for_the_handler_alone)
{
    fixture_init(&f);
    f.config.request = bare_request;
    fixture_open(&f);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_eq(tern_http_keep(bare), TERN_INVALID);    /* `request` has returned */
    ck_assert_uint_eq(tern_http_n_fields(bare), 0);
    ck_assert_uint_eq(tern_http_field(bare, 0).name.len, 0);
    ck_assert(fixture_end(&f));
}
END_TEST

static enum tern_err keep_err;

static void keep_request(void *app, struct tern_http_exchange *x)
{
    (void)app;
    keep_err = tern_http_keep(x);
    ck_assert_int_eq(tern_http_respond_text(x, 200, "ok", 2), TERN_OK);
}

START_TEST(test_keep_needs_a_free_buffer)
{
    fixture_init(&f);
    f.config.request = keep_request;
    fixture_open(&f);
    struct tern_http_head *all = f.server.free_heads;
    size_t n = f.server.n_free_heads;
    f.server.free_heads = NULL;
    f.server.n_free_heads = 0;
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_eq(keep_err, TERN_FULL);
    f.server.free_heads = all;
    f.server.n_free_heads = n;
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_eq(keep_err, TERN_OK);
    ck_assert_uint_eq(f.server.stats.answers, 2);
    ck_assert(fixture_end(&f));
}
END_TEST

/* Where the end of the connection is the end of the answer, a cut must not look like one. */
START_TEST(test_broken_request_does_not_make_a_cut_answer_look_whole)
{
    static const struct {
        const char *request;
        enum tern_feed_state state;
    } cases[] = {
        { "POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\nabc", TERN_FEED_CLOSED },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", TERN_FEED_CLOSED },
    };
    for (size_t i = 0; i < 2; i++) {
        open_with(HANDLER_LATER, 0);
        input(cases[i].request);
        ck_assert_int_eq(tern_http_respond(f.exchange, 200, NULL, 0, TERN_HTTP_UNKNOWN), TERN_OK);
        ck_assert_uint_eq(tern_stream_write(&f.exchange->stream, (const uint8_t *)"half", 4), 4);
        fixture_run(&f);
        tern_feed_end(&f.feed);
        fixture_run(&f);
        ck_assert_int_eq(tern_feed_state(&f.feed), cases[i].state);
        /* In HTTP/1.1 the last chunk is missing: that says it. */
        ck_assert_int_eq(tern_feed_why(&f.feed), i == 0 ? TERN_TRUNCATED : TERN_OK);
        ck_assert_ptr_null(strstr(fixture_out(&f), "0\r\n\r\n"));
        ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_TRUNCATED], 1);
        ck_assert(fixture_end(&f));
    }
}
END_TEST

START_TEST(test_abort_breaks_the_connection_off)
{
    open_with(HANDLER_LATER, 0);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    tern_stream_abort(&f.exchange->stream, TERN_REFUSED);
    fixture_run(&f);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_CLOSED);
    ck_assert_int_eq(tern_feed_why(&f.feed), TERN_REFUSED);
    ck_assert_ptr_nonnull(strstr(fixture_log(&f), "closed refused by the peer\n"));
    ck_assert_uint_eq(f.out_len, 0);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_calls_on_an_aborted_exchange_do_nothing)
{
    open_with(HANDLER_LATER, 0);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    struct tern_http_exchange *x = f.exchange;
    struct tern_stream *s = &x->stream;
    size_t room;
    tern_stream_abort(s, TERN_REFUSED);
    tern_stream_abort(s, TERN_RESET);
    tern_stream_resume(s);
    tern_stream_finish(s);
    tern_stream_close(s);
    ck_assert_int_eq(tern_http_respond(x, 200, NULL, 0, 0), TERN_INVALID);
    ck_assert_int_eq(tern_http_interim(x, 103, NULL, 0), TERN_INVALID);
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"x", 1), 0);
    ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"x", 1), 0);
    ck_assert_ptr_null(tern_stream_reserve(s, 1, &room));
    tern_stream_commit(s, 1);
    fixture_run(&f);
    ck_assert_uint_eq(f.out_len, 0);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_close_discards_the_rest_of_the_body)
{
    open_with(HANDLER_SLOW, 0);
    input("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, NULL, 0, TERN_HTTP_UNKNOWN), TERN_OK);
    tern_stream_close(&f.exchange->stream);
    fixture_run(&f);
    ck_assert_ptr_null(f.exchange);
    input("defGET /next HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(fixture_log(&f), "GET /next"));
    ck_assert_uint_eq(f.server.stats.requests, 2);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_body_beyond_the_limit_is_refused_while_it_comes)
{
    static char chunk[3000];
    memset(chunk, 'c', sizeof chunk);
    fixture_init(&f);
    f.config.body_max = 2000;
    f.handler = HANDLER_SINK;
    fixture_open(&f);
    input("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n");
    fixture_input(&f, chunk, 2000);
    input("\r\n1\r\n");
    ck_assert_uint_eq(f.out_len, 0);
    input("c");
    ck_assert(strncmp(fixture_out(&f), "HTTP/1.1 413 Content Too Large\r\n", 32) == 0);
    ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_BODY_LONG], 1);
    ck_assert_ptr_nonnull(strstr(fixture_log(&f), "closed malformed input\n"));
    ck_assert(fixture_end(&f));
}
END_TEST

/* One answer a request: what goes wrong in a body that is thrown away gets none. */
START_TEST(test_fault_in_a_discarded_body_is_not_answered)
{
    static const struct {
        const char *head, *body;
        bool ends;
        uint64_t wait_ns;
        enum tern_http_fault fault;
    } cases[] = {
        { "Content-Length: 6", "abc", true, 0, TERN_HTTP_TRUNCATED },
        { "Transfer-Encoding: chunked", "x", false, 0, TERN_HTTP_CHUNK_SIZE_MALFORMED },
        { "Transfer-Encoding: chunked", "1\r\n", true, 0, TERN_HTTP_TRUNCATED },
        { "Content-Length: 6", "abc", false, 60 * TERN_SECOND_NS, TERN_HTTP_BODY_TIME },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        open_with(HANDLER_HELLO, 0);
        snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", cases[i].head);
        input(text);
        ck_assert_uint_eq(f.server.stats.answers, 1);
        size_t out_len = f.out_len;
        input(cases[i].body);
        if (cases[i].ends)
            tern_feed_end(&f.feed);
        fixture_run(&f);
        fixture_wait(&f, cases[i].wait_ns);
        ck_assert_uint_eq(f.out_len, out_len);
        ck_assert_int_ne(tern_feed_state(&f.feed), TERN_FEED_OPEN);
        ck_assert_uint_eq(f.server.stats.faults[cases[i].fault], 1);
        ck_assert(fixture_end(&f));
    }
}
END_TEST

START_TEST(test_body_is_timed_while_its_handler_takes_it)
{
    open_with(HANDLER_SLOW, 0);
    input("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
    fixture_wait(&f, 100 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    f.takes = true;
    tern_stream_resume(&f.exchange->stream);
    fixture_run(&f);
    fixture_wait(&f, 9 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    fixture_wait(&f, 2 * TERN_SECOND_NS);
    ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_BODY_TIME], 1);
    ck_assert(strncmp(fixture_out(&f), "HTTP/1.1 408 Request Timeout\r\n", 30) == 0);
    ck_assert(fixture_end(&f));
}
END_TEST

Suite *http_exchange_suite(void)
{
    Suite *suite = suite_create("http_exchange");
    TCase *tcase = tcase_create("http_exchange");
    tcase_add_test(tcase, test_connection_close_is_kept_to);
    tcase_add_test(tcase, test_expectations);
    tcase_add_test(tcase, test_resume_asks_a_waiting_client_for_its_body);
    tcase_add_test(tcase, test_echo_that_answers_first_still_asks_for_the_body);
    tcase_add_test(tcase, test_info_tells_what_the_answer_may_take);
    tcase_add_test(tcase, test_chunks_come_whole_through_a_small_window);
    tcase_add_test(tcase, test_borrowed_chunks_wait_their_turn);
    tcase_add_test(tcase, test_answer_ends_though_there_is_no_room_for_its_end);
    tcase_add_test(tcase, test_respond_says_full_and_room_follows);
    tcase_add_test(tcase, test_refusal_waits_for_room);
    tcase_add_test(tcase, test_keep_is_for_the_handler_alone);
    tcase_add_test(tcase, test_keep_needs_a_free_buffer);
    tcase_add_test(tcase, test_broken_request_does_not_make_a_cut_answer_look_whole);
    tcase_add_test(tcase, test_abort_breaks_the_connection_off);
    tcase_add_test(tcase, test_calls_on_an_aborted_exchange_do_nothing);
    tcase_add_test(tcase, test_close_discards_the_rest_of_the_body);
    tcase_add_test(tcase, test_body_beyond_the_limit_is_refused_while_it_comes);
    tcase_add_test(tcase, test_fault_in_a_discarded_body_is_not_answered);
    tcase_add_test(tcase, test_body_is_timed_while_its_handler_takes_it);
    suite_add_tcase(suite, tcase);
    return suite;
}
