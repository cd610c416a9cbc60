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
    ck_assert(strstr(fixture_out(&f), "unanswered\n") != NULL);
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

/* What the feed has to send, as a string. */
static const char *feed_out(struct tern_feed *feed)
{
    static char text[2048];
    struct tern_feed_span span;
    size_t len = 0;
    while (tern_feed_output(feed, &span)) {
        ck_assert_uint_lt(len + span.len, sizeof text);
        memcpy(text + len, span.data, span.len);
        len += span.len;
        tern_feed_sent(feed, span.len);
    }
    text[len] = '\0';
    fixture_run(&f);
    return text;
}

static void feed_in(struct tern_feed *feed, const char *text)
{
    ck_assert_uint_eq(tern_feed_input(feed, (const uint8_t *)text, strlen(text)), strlen(text));
    fixture_run(&f);
}

/* 21: as many heads that drip as there are buffers; the oldest gives way, whoever comes. */
START_TEST(hostile_http_21_drips_keep_no_buffer_from_others)
{
    static struct tern_feed drips[FIXTURE_HEADS];
    char refusal[512];
    fixture_init(&f);
    fixture_open(&f);
    fixture_refusal(refusal, sizeof refusal, TERN_HTTP_NO_HEAD, -1, false);
    for (size_t i = 0; i < FIXTURE_HEADS; i++) {
        tern_feed_init(&drips[i], &f.turn, &f.pool, NULL);
        ck_assert_int_eq(tern_feed_accept(&drips[i], NULL, NULL, tern_http_accept, &f.server),
                         TERN_OK);
        feed_in(&drips[i], "GET /smug");
    }
    ck_assert_uint_eq(f.server.n_free_heads, 0);
    input("GET / HTTP/1.1\r\n");
    ck_assert_str_eq(feed_out(&drips[0]), refusal);
    ck_assert_int_eq(tern_feed_state(&drips[0]), TERN_FEED_FINISHED);
    feed_in(&drips[0], "gled HTTP/1.1\r\nHost: x\r\n\r\n");    /* of nothing */
    ck_assert_int_eq(tern_feed_state(&drips[1]), TERN_FEED_OPEN);
    input("Host: x\r\n\r\n");
    ck_assert_str_eq(fixture_out(&f), HELLO);
    ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_NO_HEAD], 1);
    ck_assert_uint_eq(f.server.stats.requests, 1);
    /* The middle of the queue has gone; what is left keeps its order. */
    feed_in(&drips[1], "gled HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_str_eq(feed_out(&drips[1]), HELLO);
    ck_assert_uint_eq(f.server.n_free_heads, FIXTURE_HEADS);
    for (size_t i = 0; i < FIXTURE_HEADS; i++)
        tern_feed_error(&drips[i], TERN_RESET);
    ck_assert(fixture_end(&f));
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

START_TEST(test_drain_answers_the_request_that_waits_behind_an_answer)
{
    open_with(HANDLER_LATER);
    input("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
          "GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, NULL, 0, 5), TERN_OK);
    fixture_run(&f);
    tern_http_server_drain(&f.server);
    fixture_run(&f);
    ck_assert_uint_eq(tern_stream_write(&f.exchange->stream, (const uint8_t *)"first", 5), 5);
    fixture_run(&f);
    ck_assert(strstr(fixture_out(&f), "Connection: close\r\n") == NULL);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    ck_assert_uint_eq(f.server.stats.requests, 2);
    ck_assert_int_eq(tern_http_respond_text(f.exchange, 200, "last", 4), TERN_OK);
    fixture_run(&f);
    ck_assert(strstr(fixture_out(&f), "Connection: close\r\n") != NULL);
    ck_assert(strstr(fixture_out(&f), "\r\n\r\nlast") != NULL);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
    ck_assert_uint_eq(f.server.stats.requests, 2);    /* the third was told that it has no turn */
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_drain_ends_a_connection_whose_last_answer_promised_to_go_on)
{
    open_with(HANDLER_LATER);
    input("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_eq(tern_http_respond(f.exchange, 200, NULL, 0, 5), TERN_OK);
    fixture_run(&f);
    tern_http_server_drain(&f.server);
    ck_assert_uint_eq(tern_stream_write(&f.exchange->stream, (const uint8_t *)"first", 5), 5);
    fixture_run(&f);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_drain_ends_a_connection_that_comes_after_it_without_a_request)
{
    open_with(HANDLER_HELLO);
    tern_http_server_drain(&f.server);
    fixture_run(&f);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
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
    ck_assert(strstr(fixture_out(&f), "truncated") != NULL);
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

START_TEST(test_init_refuses_another_version_s_structs)
{
    fixture_init(&f);
    for (size_t i = 0; i < 4; i++) {
        struct tern_http_sizes sizes = { sizeof f.server, sizeof f.config, sizeof *f.conns,
                                         sizeof *f.heads };
        *(i == 0 ? &sizes.server : i == 1 ? &sizes.config : i == 2 ? &sizes.conn : &sizes.head) +=
            8;
        ck_assert_int_eq(tern_http_server_init_sized(&sizes, &f.server, &f.turn, &f.config,
                                                     f.conns, 1, f.heads, 1), TERN_MISMATCH);
    }
}
END_TEST

START_TEST(test_connection_has_its_stated_size)
{
    ck_assert_uint_le(sizeof(struct tern_http_conn), 264);    /* doc/http.md says so */
    ck_assert_uint_le(sizeof(struct tern_http_head), 9072);
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
    tcase_add_test(tcase, test_http_1_0_keeps_only_when_asked);
    tcase_add_test(tcase, test_head_is_kept_only_on_request);
    tcase_add_test(tcase, test_kept_head_lives_until_closed);
    tcase_add_test(tcase, test_handler_that_does_nothing_gets_500);
    tcase_add_test(tcase, test_close_without_an_answer_is_500);
    tcase_add_test(tcase, test_unwanted_body_is_discarded_within_limits);
    tcase_add_test(tcase, test_unwanted_chunks_beyond_the_limit_end_the_connection);
    tcase_add_test(tcase, test_body_waits_below_while_its_handler_is_busy);
    tcase_add_test(tcase, test_next_request_waits_for_room_to_answer);
    tcase_add_test(tcase, test_head_in_pieces_without_a_buffer_is_503);
    tcase_add_test(tcase, hostile_http_21_drips_keep_no_buffer_from_others);
    tcase_add_test(tcase, test_full_server_pauses_its_listener_and_refuses);
    tcase_add_test(tcase, test_drain_ends_idle_connections_and_finishes_answers);
    tcase_add_test(tcase, test_drain_answers_the_request_that_waits_behind_an_answer);
    tcase_add_test(tcase, test_drain_ends_a_connection_whose_last_answer_promised_to_go_on);
    tcase_add_test(tcase, test_drain_ends_a_connection_that_comes_after_it_without_a_request);
    tcase_add_test(tcase, test_peer_that_half_closes_still_gets_its_answer);
    tcase_add_test(tcase, test_peer_that_ends_inside_a_request_is_told);
    tcase_add_test(tcase, test_broken_connection_closes_the_exchange);
    tcase_add_test(tcase, test_init_refuses_what_cannot_work);
    tcase_add_test(tcase, test_init_refuses_another_version_s_structs);
    tcase_add_test(tcase, test_connection_has_its_stated_size);
    suite_add_tcase(suite, tcase);
    return suite;
}
