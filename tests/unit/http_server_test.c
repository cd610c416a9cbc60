/* SPDX-License-Identifier: ISC */
/*
 * The server over a feed: exchanges, answers, keep-alive, pipelining, pools.
 */
#include "http_fixture.h"
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct http_fixture f;

#define HELLO                                                                                  \
    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"  \
    "hello\n"

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

START_TEST(test_get_is_answered_and_connection_stays)
{
    open_with(HANDLER_HELLO);
    input("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_str_eq(fixture_out(&f), HELLO);
    input("GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_str_eq(fixture_out(&f), HELLO HELLO);
    ck_assert_str_eq(fixture_log(&f), "GET /a ?b=c @x [Host=x] 0\nGET /b @x [Host=x] 0\n");
    ck_assert_uint_eq(f.server.stats.requests, 2);
    ck_assert_uint_eq(f.server.stats.answers, 2);
    ck_assert(fixture_end(&f));
    ck_assert_int_eq(tern_feed_why(&f.feed), TERN_OK);
}
END_TEST

START_TEST(test_pipelined_requests_are_answered_in_one_send)
{
    open_with(HANDLER_HELLO);
    char text[2048] = "", wanted[4096] = "";
    for (int i = 0; i < 16; i++) {
        strcat(text, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        strcat(wanted, HELLO);
    }
    input(text);
    ck_assert_str_eq(fixture_out(&f), wanted);
    ck_assert_uint_eq(f.n_sends, 1);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_pipelined_requests_wait_for_a_late_answer)
{
    open_with(HANDLER_LATER);
    input("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_str_eq(fixture_log(&f), "GET /1 @x [Host=x] 0\nopened\nended\n");
    struct tern_http_exchange *x = f.exchange;
    ck_assert_int_eq(tern_http_respond_text(x, 200, "1", 1), TERN_OK);
    fixture_run(&f);
    ck_assert_str_eq(fixture_log(&f), "GET /1 @x [Host=x] 0\nopened\nended\nclosed "
                                      "no error\nGET /2 @x [Host=x] 0\nopened\nended\n");
    ck_assert_int_eq(tern_http_respond_text(f.exchange, 200, "2", 1), TERN_OK);
    fixture_run(&f);
    ck_assert_uint_eq(f.server.stats.answers, 2);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_body_is_echoed_in_chunks)
{
    open_with(HANDLER_ECHO);
    input("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    ck_assert_str_eq(fixture_out(&f),
                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                     "Content-Type: application/octet-stream\r\n\r\n0005\r\nhello\r\n0\r\n\r\n");
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_chunked_request_is_decoded_and_its_trailers_dropped)
{
    open_with(HANDLER_SINK);
    input("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
          "5\r\nhello\r\n6;ext=\"a\\\"b\"\r\n world\r\n0\r\nHost: evil\r\nX: y\r\n\r\n"
          "GET /next HTTP/1.0\r\n\r\n");
    ck_assert_str_eq(fixture_log(&f),
                     "POST / @x [Host=x] [Transfer-Encoding=chunked] chunked\nopened\n"
                     "data hello world\nended\nclosed no error\n"
                     "GET /next @ 0\nopened\nended\nclosed no error\n");
    ck_assert(strstr(fixture_out(&f), "Connection: close\r\n") != NULL);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_body_is_sent_back_whole_through_a_small_window)
{
    enum { LEN = 100000 };
    static char body[LEN], head[] = "POST /echo HTTP/1.0\r\nContent-Length: 100000\r\n\r\n";
    open_with(HANDLER_ECHO);
    f.reads = false;
    for (size_t i = 0; i < LEN; i++)
        body[i] = (char)('a' + i % 23);
    fixture_input(&f, head, sizeof head - 1);
    for (size_t done = 0; done < LEN;) {
        done += fixture_input_cut(&f, body + done, LEN - done, 3000);
        fixture_read(&f, 2500);
        fixture_run(&f);
    }
    for (int i = 0; i < 100; i++) {
        fixture_read(&f, 2500);
        fixture_run(&f);
    }
    const char *answer = strstr(fixture_out(&f), "\r\n\r\n");
    ck_assert_ptr_nonnull(answer);
    ck_assert_uint_eq(strlen(answer + 4), LEN);
    ck_assert_mem_eq(answer + 4, body, LEN);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
    ck_assert(fixture_end(&f));
}
END_TEST

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

START_TEST(test_http_1_0_keeps_only_when_asked)
{
    open_with(HANDLER_HELLO);
    input("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    ck_assert(strstr(fixture_out(&f), "Connection: keep-alive\r\n") != NULL);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    input("GET / HTTP/1.0\r\n\r\n");
    ck_assert(strstr(fixture_out(&f), "Connection: close\r\n") != NULL);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_head_is_kept_only_on_request)
{
    open_with(HANDLER_LATER);
    fixture_input_cut(&f, "GET /kept HTTP/1.1\r\nHost: x\r\n\r\n", 31, 5);
    ck_assert_ptr_null(tern_http_path(f.exchange).data);
    ck_assert_int_eq(tern_http_keep(f.exchange), TERN_INVALID);
    ck_assert_uint_eq(f.server.n_free_heads, FIXTURE_HEADS);
    ck_assert(fixture_end(&f));
}
END_TEST

static struct tern_http_exchange *kept;

static void keep_request(void *app, struct tern_http_exchange *x)
{
    static const struct tern_stream_events events = { .data = NULL, .ended = NULL };
    (void)app;
    kept = x;
    tern_stream_attach(&x->stream, &events, NULL);
    ck_assert_int_eq(tern_http_keep(x), TERN_OK);
    ck_assert_int_eq(tern_http_keep(x), TERN_OK);
}

START_TEST(test_kept_head_lives_until_closed)
{
    for (size_t cut = 1; cut < 64; cut++) {
        fixture_init(&f);
        f.config.request = keep_request;
        fixture_open(&f);
        const char text[] = "GET /kept?q HTTP/1.1\r\nHost: host\r\n\r\n";
        ck_assert_uint_eq(fixture_input_cut(&f, text, sizeof text - 1, cut), sizeof text - 1);
        ck_assert_uint_eq(f.server.n_free_heads, FIXTURE_HEADS - 1);
        ck_assert_uint_eq(tern_http_path(kept).len, 5);
        ck_assert_mem_eq(tern_http_path(kept).data, "/kept", 5);
        ck_assert_mem_eq(tern_http_authority(kept).data, "host", 4);
        ck_assert_mem_eq(tern_http_query(kept).data, "q", 1);
        struct tern_http_span scheme = tern_http_scheme(kept);
        ck_assert_uint_eq(scheme.len, 4);
        ck_assert_int_eq(tern_http_respond_text(kept, 200, "", 0), TERN_OK);
        fixture_run(&f);
        ck_assert_uint_eq(f.server.n_free_heads, FIXTURE_HEADS);
        ck_assert_ptr_null(tern_http_path(kept).data);
        ck_assert(fixture_end(&f));
    }
}
END_TEST

START_TEST(test_handler_that_does_nothing_gets_500)
{
    open_with(HANDLER_SILENT);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert(strstr(fixture_out(&f), "HTTP/1.1 500 Internal Server Error\r\n") == f.out);
    ck_assert(strstr(fixture_out(&f), "request was not answered\n") != NULL);
    ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_UNANSWERED], 1);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_close_without_an_answer_is_500)
{
    open_with(HANDLER_LATER);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    tern_stream_close(&f.exchange->stream);
    fixture_run(&f);
    ck_assert(strstr(fixture_out(&f), "HTTP/1.1 500 Internal Server Error\r\n") == f.out);
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

START_TEST(test_unwanted_body_is_discarded_within_limits)
{
    static char body[70000];
    memset(body, 'b', sizeof body);
    open_with(HANDLER_HELLO);
    input("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n");
    ck_assert_str_eq(fixture_out(&f), HELLO);
    fixture_input(&f, body, 60000);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_str_eq(fixture_out(&f), HELLO HELLO);
    input("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n");
    ck_assert(strstr(f.out + 2 * strlen(HELLO), "Connection: close\r\n") != NULL);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_unwanted_chunks_beyond_the_limit_end_the_connection)
{
    static char chunk[20000 + 16];
    memset(chunk, 'c', sizeof chunk);
    memcpy(chunk, "4e20\r\n", 6);
    memcpy(chunk + 20006, "\r\n", 2);
    open_with(HANDLER_HELLO);
    input("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    ck_assert_str_eq(fixture_out(&f), HELLO);
    for (int i = 0; i < 3; i++)
        fixture_input(&f, chunk, 20008);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    fixture_input(&f, chunk, 20008);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_body_waits_below_while_its_handler_is_busy)
{
    static char body[300000];
    memset(body, 'b', sizeof body);
    open_with(HANDLER_SLOW);
    input("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n");
    size_t taken = fixture_input_cut(&f, body, sizeof body, 4000);
    ck_assert_uint_lt(taken, 66000);
    fixture_wait(&f, 1000 * TERN_SECOND_NS);    /* not the peer's fault: no deadline */
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
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

START_TEST(test_next_request_waits_for_room_to_answer)
{
    fixture_init(&f);
    f.feed_config.out_max = 600;
    fixture_open(&f);
    f.reads = false;
    char text[2048] = "";
    for (int i = 0; i < 16; i++)
        strcat(text, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    input(text);
    ck_assert_uint_lt(f.server.stats.requests, 3);
    f.reads = true;
    fixture_run(&f);
    ck_assert_uint_eq(f.server.stats.requests, 16);
    ck_assert_uint_eq(f.out_len, 16 * strlen(HELLO));
    /* The same with heads in pieces. */
    f.reads = false;
    size_t taken = fixture_input_cut(&f, text, strlen(text), 7);
    ck_assert_uint_eq(taken, strlen(text));
    ck_assert_uint_lt(f.server.stats.requests, 19);
    f.reads = true;
    fixture_run(&f);
    ck_assert_uint_eq(f.server.stats.requests, 32);
    ck_assert_uint_eq(f.out_len, 32 * strlen(HELLO));
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_head_in_pieces_without_a_buffer_is_503)
{
    fixture_init(&f);
    fixture_open(&f);
    struct tern_http_head *all[FIXTURE_HEADS];
    for (size_t i = 0; i < FIXTURE_HEADS; i++) {
        all[i] = f.server.free_heads;
        f.server.free_heads = all[i]->next;
        f.server.n_free_heads--;
    }
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");    /* whole: needs none */
    ck_assert_str_eq(fixture_out(&f), HELLO);
    input("GET /");
    ck_assert(strstr(fixture_out(&f), "HTTP/1.1 503 Service Unavailable\r\n") != NULL);
    ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_NO_HEAD], 1);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
}
END_TEST

/* A listener whose host only counts. */
static int n_paused;

static void count_pause(struct tern_listener *listener, bool pause)
{
    (void)listener;
    n_paused += pause ? 1 : -1;
}

#include <tern/host.h>

START_TEST(test_full_server_pauses_its_listener_and_refuses)
{
    static const struct tern_host_ops ops = { .listener_pause = count_pause };
    struct tern_host host = { .ops = &ops };
    struct tern_listener listener = { .host = &host };
    static struct tern_feed feeds[FIXTURE_CONNS + 1];
    fixture_init(&f);
    fixture_open(&f);
    ck_assert_int_eq(tern_http_server_listener(&f.server, &listener), TERN_OK);
    for (size_t i = 1; i <= FIXTURE_CONNS; i++) {
        ck_assert_int_eq(n_paused, i == FIXTURE_CONNS);
        tern_feed_init(&feeds[i], &f.turn, &f.pool, NULL);
        ck_assert_int_eq(tern_feed_accept(&feeds[i], NULL, NULL, tern_http_accept, &f.server),
                         TERN_OK);
        fixture_run(&f);
    }
    ck_assert_int_eq(tern_feed_state(&feeds[FIXTURE_CONNS]), TERN_FEED_CLOSED);
    ck_assert_uint_eq(f.server.stats.refused, 1);
    ck_assert_uint_eq(tern_http_server_active(&f.server), FIXTURE_CONNS);
    tern_feed_error(&feeds[1], TERN_RESET);
    fixture_run(&f);
    ck_assert_int_eq(n_paused, 0);
    for (size_t i = 2; i < FIXTURE_CONNS; i++)
        tern_feed_error(&feeds[i], TERN_RESET);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_drain_ends_idle_connections_and_finishes_answers)
{
    static struct tern_feed idle;
    open_with(HANDLER_LATER);
    tern_feed_init(&idle, &f.turn, &f.pool, NULL);
    ck_assert_int_eq(tern_feed_accept(&idle, NULL, NULL, tern_http_accept, &f.server), TERN_OK);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_uint_eq(tern_http_server_active(&f.server), 2);
    tern_http_server_drain(&f.server);
    fixture_run(&f);
    ck_assert_int_eq(tern_feed_state(&idle), TERN_FEED_FINISHED);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    ck_assert_int_eq(tern_http_respond_text(f.exchange, 200, "x", 1), TERN_OK);
    fixture_run(&f);
    ck_assert(strstr(fixture_out(&f), "Connection: close\r\n") != NULL);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
    tern_feed_end(&idle);
    fixture_run(&f);
    ck_assert(fixture_end(&f));
    ck_assert_uint_eq(tern_http_server_active(&f.server), 0);
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

START_TEST(test_peer_that_half_closes_still_gets_its_answer)
{
    open_with(HANDLER_LATER);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    tern_feed_end(&f.feed);
    fixture_run(&f);
    ck_assert_int_eq(tern_http_respond_text(f.exchange, 200, "late", 4), TERN_OK);
    fixture_run(&f);
    ck_assert(strstr(fixture_out(&f), "\r\n\r\nlate") != NULL);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_CLOSED);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_peer_that_ends_inside_a_request_is_told)
{
    open_with(HANDLER_LATER);
    input("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
    tern_feed_end(&f.feed);
    fixture_run(&f);
    ck_assert(strstr(fixture_out(&f), "connection ended inside the request") != NULL);
    ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_TRUNCATED], 1);
    ck_assert(strstr(fixture_log(&f), "data hel\nclosed ") != NULL);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_broken_connection_closes_the_exchange)
{
    open_with(HANDLER_LATER);
    input("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    tern_feed_error(&f.feed, TERN_RESET);
    fixture_run(&f);
    ck_assert_ptr_null(f.exchange);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_init_refuses_what_cannot_work)
{
    fixture_init(&f);
    struct tern_http_config bad[] = { f.config, f.config, f.config, f.config };
    bad[0].request = NULL;
    bad[1].head_max = TERN_HTTP_HEAD_CAP + 1;
    bad[2].fields_max = TERN_HTTP_FIELDS_CAP + 1;
    bad[3].target_max = TERN_HTTP_HEAD_CAP + 1;
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(tern_http_server_init(&f.server, &f.turn, &bad[i], f.conns, 1, f.heads,
                                               1), TERN_INVALID);
    ck_assert_int_eq(tern_http_server_init(&f.server, &f.turn, &f.config, f.conns, 0, f.heads, 1),
                     TERN_INVALID);
}
END_TEST

START_TEST(test_connection_has_its_stated_size)
{
    ck_assert_uint_le(sizeof(struct tern_http_conn), 272);    /* doc/http.md says so */
    ck_assert_uint_le(sizeof(struct tern_http_head), 9056);
}
END_TEST

Suite *http_server_suite(void)
{
    Suite *suite = suite_create("http_server");
    TCase *tcase = tcase_create("http_server");
    tcase_add_test(tcase, test_get_is_answered_and_connection_stays);
    tcase_add_test(tcase, test_pipelined_requests_are_answered_in_one_send);
    tcase_add_test(tcase, test_pipelined_requests_wait_for_a_late_answer);
    tcase_add_test(tcase, test_body_is_echoed_in_chunks);
    tcase_add_test(tcase, test_chunked_request_is_decoded_and_its_trailers_dropped);
    tcase_add_test(tcase, test_body_is_sent_back_whole_through_a_small_window);
    tcase_add_test(tcase, test_expect_is_answered_before_the_body_comes);
    tcase_add_test(tcase, test_expect_that_is_refused_ends_the_connection);
    tcase_add_test(tcase, test_early_hints_come_before_the_answer);
    tcase_add_test(tcase, test_interim_answer_to_http_1_0_is_not_sent);
    tcase_add_test(tcase, test_http_1_0_keeps_only_when_asked);
    tcase_add_test(tcase, test_head_is_kept_only_on_request);
    tcase_add_test(tcase, test_kept_head_lives_until_closed);
    tcase_add_test(tcase, test_handler_that_does_nothing_gets_500);
    tcase_add_test(tcase, test_close_without_an_answer_is_500);
    tcase_add_test(tcase, test_answer_cut_short_breaks_the_connection);
    tcase_add_test(tcase, test_answer_takes_no_more_than_its_length);
    tcase_add_test(tcase, test_chunks_are_written_reserved_and_borrowed);
    tcase_add_test(tcase, test_chunk_reserve_keeps_its_promise_at_every_fill);
    tcase_add_test(tcase, test_head_request_gets_the_fields_and_no_body);
    tcase_add_test(tcase, test_unwanted_body_is_discarded_within_limits);
    tcase_add_test(tcase, test_unwanted_chunks_beyond_the_limit_end_the_connection);
    tcase_add_test(tcase, test_body_waits_below_while_its_handler_is_busy);
    tcase_add_test(tcase, test_framing_fields_of_a_handler_are_refused);
    tcase_add_test(tcase, test_long_head_spans_many_blocks);
    tcase_add_test(tcase, test_respond_without_room_may_be_tried_again);
    tcase_add_test(tcase, test_next_request_waits_for_room_to_answer);
    tcase_add_test(tcase, test_head_in_pieces_without_a_buffer_is_503);
    tcase_add_test(tcase, test_full_server_pauses_its_listener_and_refuses);
    tcase_add_test(tcase, test_drain_ends_idle_connections_and_finishes_answers);
    tcase_add_test(tcase, test_date_is_sent_once_the_time_is_known);
    tcase_add_test(tcase, test_peer_that_half_closes_still_gets_its_answer);
    tcase_add_test(tcase, test_peer_that_ends_inside_a_request_is_told);
    tcase_add_test(tcase, test_broken_connection_closes_the_exchange);
    tcase_add_test(tcase, test_init_refuses_what_cannot_work);
    tcase_add_test(tcase, test_connection_has_its_stated_size);
    suite_add_tcase(suite, tcase);
    return suite;
}
