/* SPDX-License-Identifier: ISC */
/*
 * Hostile HTTP/1 beyond the grammar: paths and ranges on assets, and peers that
 * are slow on purpose. Memory stays flat, deadlines end what does not move.
 */
#include "http_fixture.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

static struct http_fixture f;

#define GET_HOST "GET / HTTP/1.1\r\nHost: x\r\n"
#define POST_HOST "POST /sink HTTP/1.1\r\nHost: x\r\n"

enum { NOWHERE = -1 };    /* the answer names no octet */

/* 17: on assets no path leads outside the root. */
START_TEST(hostile_http_17_paths_that_lead_outside)
{
    static const struct tern_http_asset assets[] = {
        { .path = "/a.txt", .content_type = "x/y", .data = (const uint8_t *)"A", .len = 1 },
        { .path = "/etc/passwd", .content_type = "x/y", .data = (const uint8_t *)"P", .len = 1 },
        { .path = "/evil", .content_type = "x/y", .data = (const uint8_t *)"E", .len = 1 },
    };
    static const struct {
        const char *path;
        int status;
    } cases[] = {
        { "//evil", 200 },               /* the root's own "evil" */
        { "/x/../evil", 200 },
        { "/%2e%2e/evil", 200 },         /* ".." at the root stays there */
        { "/../../../etc/passwd", 200 }, /* likewise: the asset, not a file */
        { "/..%2fevil", 400 },
        { "/..%2Fevil", 400 },
        { "/..\\evil", 400 },
        { "/..%5cevil", 400 },
        { "/%00", 400 },
        { "/a.txt%00.html", 400 },
        { "/a.txt%0a", 400 },
        { "/%252e%252e/evil", 404 },     /* decoded once */
        { "/%c0%ae%c0%ae/evil", 400 },   /* "." too long */
        { "/%e0%80%ae/evil", 400 },
        { "/%c0%af", 400 },              /* "/" too long */
        { "/%ed%a0%80", 400 },           /* half a surrogate pair */
        { "/%f4%90%80%80", 400 },        /* beyond U+10FFFF */
        { "/%ff", 400 },
        { "/%", 400 },
        { "/%2", 400 },
        { "/%2g", 400 },
        { "/a.txt/", 404 },
        { "/...", 404 },
        { "/.../evil", 404 },
        { "/%61.txt", 200 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256], wanted[32];
        fixture_init(&f);
        f.handler = HANDLER_ASSETS;
        f.assets = assets;
        f.n_assets = 3;
        fixture_open(&f);
        int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", cases[i].path);
        fixture_input(&f, text, (size_t)n);
        n = snprintf(wanted, sizeof wanted, "HTTP/1.1 %d ", cases[i].status);
        ck_assert_msg(strncmp(fixture_out(&f), wanted, (size_t)n) == 0, "%s: %s", cases[i].path,
                      fixture_out(&f));
        ck_assert(fixture_end(&f));
    }
}
END_TEST

/*
 * 20: 10,000 ranges, overlapping, "bytes=-0", 2^64-1, reversed, If-Range with a
 * weak tag: bounded, 416 or the whole. (CVE-2011-3192: an answer of many times
 * the file's length, and memory for each range.)
 */
static const char *ranges_answer(const char *fields)
{
    static uint8_t data[100000];
    static const struct tern_http_asset assets[] = {
        { .path = "/a", .content_type = "x/y", .etag = "\"e\"", .data = data, .len = sizeof data },
    };
    static char text[TERN_HTTP_HEAD_CAP + 64];
    fixture_init(&f);
    f.handler = HANDLER_ASSETS;
    f.assets = assets;
    f.n_assets = 1;
    fixture_open(&f);
    int n = sprintf(text, "GET /a HTTP/1.1\r\nHost: x\r\n%s\r\n", fields);
    fixture_input(&f, text, (size_t)n);
    /* Never much more than the file itself: 16 parts with heads of 200 octets. */
    ck_assert_uint_le(f.out_len, sizeof data + 512 + 16 * 200);
    fixture_out(&f);
    ck_assert(fixture_end(&f));
    ck_assert_uint_eq(f.server.stats.answers, 1);
    return f.out;
}

static void ranges_status(const char *fields, int status, size_t least, size_t most)
{
    char wanted[16];
    const char *out = ranges_answer(fields);
    int n = sprintf(wanted, "HTTP/1.1 %d ", status);
    ck_assert_msg(strncmp(out, wanted, (size_t)n) == 0, "%.60s: %.40s", fields, out);
    ck_assert_msg(f.out_len >= least && f.out_len <= most, "%.60s: %zu octets", fields, f.out_len);
}

START_TEST(hostile_http_20_ranges_are_bounded)
{
    enum { HEAD = 400, WHOLE = 100000 };
    static const struct {
        const char *fields;
        int status;
        size_t least, most;
    } cases[] = {
        { "Range: bytes=-0\r\n", 416, 0, HEAD },
        { "Range: bytes=-0,100000-\r\n", 416, 0, HEAD },
        { "Range: bytes=18446744073709551615-\r\n", 416, 0, HEAD },
        { "Range: bytes=18446744073709551616-\r\n", 416, 0, HEAD },
        { "Range: bytes=0-18446744073709551615\r\n", 206, WHOLE, WHOLE + HEAD },
        { "Range: bytes=0-99999999999999999999999999\r\n", 206, WHOLE, WHOLE + HEAD },
        { "Range: bytes=-18446744073709551616\r\n", 206, WHOLE, WHOLE + HEAD },
        { "Range: bytes=99999-18446744073709551615\r\n", 206, 0, HEAD },
        { "Range: bytes=9-0\r\n", 200, WHOLE, WHOLE + HEAD },
        { "Range: bytes=0-1,9-0\r\n", 200, WHOLE, WHOLE + HEAD },
        { "Range: bytes=0-50000,20000-90000\r\n", 206, 90001, 90001 + HEAD },
        { "Range: bytes=-0,0-1\r\n", 206, 0, HEAD },
        { "If-Range: W/\"e\"\r\nRange: bytes=0-1\r\n", 200, WHOLE, WHOLE + HEAD },
        { "If-Range: \"e\"\r\nRange: bytes=0-1\r\n", 206, 0, HEAD },
        { "Range: bytes=0-1\r\nRange: bytes=0-1\r\n", 200, WHOLE, WHOLE + HEAD },
        { "Range: lines=0-1\r\n", 200, WHOLE, WHOLE + HEAD },
        { "Range: bytes=\r\n", 200, WHOLE, WHOLE + HEAD },
        { "Range:\r\n", 200, WHOLE, WHOLE + HEAD },
        { "Range: bytes=--1\r\n", 200, WHOLE, WHOLE + HEAD },
        { "Range: bytes 0-1\r\n", 200, WHOLE, WHOLE + HEAD },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ranges_status(cases[i].fields, cases[i].status, cases[i].least, cases[i].most);
}
END_TEST

START_TEST(hostile_http_20_many_ranges)
{
    static char fields[TERN_HTTP_HEAD_CAP];
    static const struct {
        const char *before, *after;    /* of a number that grows by step */
        unsigned step, n;
        int status;
    } cases[] = {
        { ",", "-", 0, 2600, 200 },     /* as many as a head holds, each the whole */
        { ",", "-", 0, 64, 206 },       /* as many as are read: they are one range */
        { ",", "-", 0, 65, 200 },
        { ",", "-", 1, 64, 206 },       /* the classic: each a little less */
        { ",", "-", 1000, 64, 206 },
        { ",", "-9", 0, 64, 206 },
        { ",-1", "", 1, 64, 206 },
        { ",-", "", 0, 64, 416 },
        { ", ,", "-9", 0, 64, 206 },    /* empty elements do not count */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int n = sprintf(fields, "Range: bytes=");
        for (unsigned k = 0; k < cases[i].n && n < 7900; k++)
            n += sprintf(fields + n, "%s%u%s", cases[i].before, k * cases[i].step, cases[i].after);
        strcpy(fields + n, "\r\n");
        ranges_status(fields, cases[i].status, 0, 100000 + 512);
    }
}
END_TEST

/* As many parts as there may be, and one more; far apart, in any order. */
START_TEST(hostile_http_20_many_parts)
{
    char fields[1024];
    for (unsigned parts = 15; parts <= 17; parts++) {
        int n = sprintf(fields, "Range: bytes=");
        for (unsigned k = 0; k < parts; k++)
            n += sprintf(fields + n, "%s%u-%u", k > 0 ? "," : "", (k * 7 % 17) * 1000,
                         (k * 7 % 17) * 1000 + 9);
        strcpy(fields + n, "\r\n");
        if (parts <= TERN_HTTP_RANGES_MAX)
            ranges_status(fields, 206, parts * 10, parts * 200 + 512);
        else
            ranges_status(fields, 200, 100000, 100000 + 512);
    }
}
END_TEST

/* 21: a head of one octet every ten seconds. */
START_TEST(hostile_http_21_slow_head)
{
    char wanted[512];
    fixture_init(&f);
    f.config.head_ns = 30 * TERN_SECOND_NS;
    fixture_open(&f);
    const char *text = GET_HOST;
    size_t n_blocks = 0;
    for (int i = 0; i < 20 && tern_feed_state(&f.feed) == TERN_FEED_OPEN; i++) {
        fixture_input(&f, text + i, 1);
        fixture_wait(&f, 10 * TERN_SECOND_NS);
        if (f.pool.n_blocks - f.pool.n_free > n_blocks)
            n_blocks = f.pool.n_blocks - f.pool.n_free;
    }
    fixture_refusal(wanted, sizeof wanted, TERN_HTTP_HEAD_TIME, NOWHERE, false);
    ck_assert_str_eq(fixture_out(&f), wanted);
    ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_HEAD_TIME], 1);
    ck_assert_uint_le(n_blocks, 1);
    ck_assert_uint_eq(f.server.n_free_heads, FIXTURE_HEADS);
    ck_assert(fixture_end(&f));
}
END_TEST

/* 21: a connection that says nothing is ended without an answer. */
START_TEST(hostile_http_21_silence)
{
    fixture_init(&f);
    f.config.idle_ns = 15 * TERN_SECOND_NS;
    fixture_open(&f);
    fixture_wait(&f, 9 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    fixture_wait(&f, 2 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
    ck_assert_uint_eq(f.out_len, 0);
    ck_assert_uint_eq(f.server.stats.idle_closes, 1);
    ck_assert(fixture_end(&f));

    /* After an answer: idle_ns from that on, to the second. */
    fixture_init(&f);
    f.config.idle_ns = 15 * TERN_SECOND_NS;
    fixture_open(&f);
    for (int i = 0; i < 3; i++) {
        fixture_input(&f, GET_HOST "\r\n", strlen(GET_HOST) + 2);
        fixture_wait(&f, 14 * TERN_SECOND_NS);
        ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    }
    fixture_wait(&f, 2 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
    ck_assert_uint_eq(f.server.stats.idle_closes, 1);
    ck_assert(fixture_end(&f));
}
END_TEST

/* 21: a body of one octet every ten seconds; one that keeps its rate is served. */
START_TEST(hostile_http_21_slow_body)
{
    char wanted[512];
    static char piece[4000];
    fixture_init(&f);
    fixture_open(&f);
    const char *head = POST_HOST "Content-Length: 100000\r\n\r\n";
    fixture_input(&f, head, strlen(head));
    int n = 0;
    for (; n < 20 && tern_feed_state(&f.feed) == TERN_FEED_OPEN; n++) {
        fixture_input(&f, "b", 1);
        fixture_wait(&f, 10 * TERN_SECOND_NS);
    }
    ck_assert_int_le(n, 2);
    fixture_refusal(wanted, sizeof wanted, TERN_HTTP_BODY_TIME, NOWHERE, false);
    ck_assert_str_eq(fixture_out(&f), wanted);
    ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_BODY_TIME], 1);
    ck_assert_ptr_nonnull(strstr(fixture_log(&f), "closed timed out\n"));
    ck_assert(fixture_end(&f));

    memset(piece, 'p', sizeof piece);
    fixture_init(&f);
    fixture_open(&f);
    fixture_input(&f, head, strlen(head));
    for (int i = 0; i < 25; i++) {
        fixture_wait(&f, 9 * TERN_SECOND_NS);
        fixture_input(&f, piece, sizeof piece);
    }
    ck_assert_ptr_nonnull(strstr(fixture_out(&f), "\r\n\r\n100000\n"));
    ck_assert(fixture_end(&f));

    /* A rate so high that its product with the time would wrap to nothing. */
    fixture_init(&f);
    f.config.body_rate = UINT64_C(1) << 63;
    fixture_open(&f);
    fixture_input(&f, head, strlen(head));
    fixture_wait(&f, 11 * TERN_SECOND_NS);
    ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_BODY_TIME], 1);
    ck_assert(fixture_end(&f));

    /* Octets that are thrown away are timed like any other. */
    fixture_init(&f);
    fixture_open(&f);
    head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n";
    fixture_input(&f, head, strlen(head));
    fixture_wait(&f, 80 * TERN_SECOND_NS);
    ck_assert_int_ne(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_BODY_TIME], 1);
    ck_assert(fixture_end(&f));
}
END_TEST

/* 21: an answer of a megabyte read one octet every ten seconds; one that is read is sent. */
START_TEST(hostile_http_21_slow_reader)
{
    static uint8_t data[1 << 20];
    static const struct tern_http_asset assets[] = {
        { .path = "/big", .content_type = "x/y", .data = data, .len = sizeof data },
    };
    const char *get = "GET /big HTTP/1.1\r\nHost: x\r\n\r\n";
    for (int lives = 0; lives < 2; lives++) {
        fixture_init(&f);
        f.handler = HANDLER_ASSETS;
        f.assets = assets;
        f.n_assets = 1;
        fixture_open(&f);
        f.reads = false;
        fixture_input(&f, get, strlen(get));
        size_t n_blocks = f.pool.n_blocks - f.pool.n_free;
        ck_assert_uint_le(n_blocks, 1);    /* borrowed: the data takes no block */
        int n = 0;
        for (; n < 20 && tern_feed_state(&f.feed) == TERN_FEED_OPEN; n++) {
            fixture_wait(&f, 10 * TERN_SECOND_NS);
            (void)fixture_read(&f, lives ? 6000 : 1);
            ck_assert_uint_le(f.pool.n_blocks - f.pool.n_free, n_blocks);
        }
        ck_assert_int_eq(n, lives ? 20 : 2);
        ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_READ_TIME], lives ? 0 : 1);
        f.out_len = 0;
        f.reads = !lives;
        ck_assert_int_eq(tern_feed_state(&f.feed),
                         lives ? TERN_FEED_OPEN : TERN_FEED_CLOSED);
        tern_feed_error(&f.feed, TERN_RESET);
        fixture_run(&f);
        ck_assert_uint_eq(f.pool.n_free, f.pool.n_blocks);
        ck_assert_uint_eq(f.server.n_free_conns, FIXTURE_CONNS);
    }
}
END_TEST

/* 21: the same for the last answer of a connection, and for an error's. */
START_TEST(hostile_http_21_slow_reader_of_the_last_answer)
{
    static const char *const texts[] = {
        "GET / HTTP/1.0\r\n\r\n",
        "GET\n",
    };
    for (size_t i = 0; i < 2; i++) {
        fixture_init(&f);
        fixture_open(&f);
        f.reads = false;
        fixture_input(&f, texts[i], strlen(texts[i]));
        ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
        fixture_wait(&f, 70 * TERN_SECOND_NS);
        ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_CLOSED);
        ck_assert_uint_eq(f.server.stats.faults[TERN_HTTP_READ_TIME], 1);
        ck_assert_uint_eq(f.pool.n_free, f.pool.n_blocks);
        ck_assert_uint_eq(f.server.n_free_conns, FIXTURE_CONNS);
    }
}
END_TEST

/*
 * 21: heads in single octets cost work that grows with their length, not with
 * its square: the parser stands where it stood, and never goes back.
 */
START_TEST(hostile_http_21_head_in_single_octets)
{
    static char text[TERN_HTTP_HEAD_CAP];
    static struct tern_http_request r;
    int n = sprintf(text, GET_HOST "A: ");
    memset(text + n, 'v', sizeof text - (size_t)n);
    tern_http_request_init(&r, 0, 0, 0);
    for (size_t len = 1; len < sizeof text; len++) {
        ck_assert_int_eq(tern_http_request_parse(&r, (const uint8_t *)text, len), TERN_AGAIN);
        ck_assert_uint_eq(r.off, len);    /* all that is there has been looked at... */
        if (len > 1)
            text[len - 2] = '\n';         /* ...and is not looked at again */
    }
}
END_TEST

Suite *http_hostile_server_suite(void)
{
    Suite *suite = suite_create("http_hostile_server");
    TCase *tcase = tcase_create("http_hostile_server");
    tcase_add_test(tcase, hostile_http_17_paths_that_lead_outside);
    tcase_add_test(tcase, hostile_http_20_ranges_are_bounded);
    tcase_add_test(tcase, hostile_http_20_many_ranges);
    tcase_add_test(tcase, hostile_http_20_many_parts);
    tcase_add_test(tcase, hostile_http_21_slow_head);
    tcase_add_test(tcase, hostile_http_21_silence);
    tcase_add_test(tcase, hostile_http_21_slow_body);
    tcase_add_test(tcase, hostile_http_21_slow_reader);
    tcase_add_test(tcase, hostile_http_21_slow_reader_of_the_last_answer);
    tcase_add_test(tcase, hostile_http_21_head_in_single_octets);
    suite_add_tcase(suite, tcase);
    return suite;
}
