/* SPDX-License-Identifier: ISC */
/*
 * What of an asset is sent: codings with a tag of their own, conditions in
 * their order, ranges of the form that was chosen, the fields that go along,
 * and the page for what is not there.
 */
#include "http_fixture.h"
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct http_fixture f;
static uint8_t plain[6000], packed[500], small[400];

#define MODIFIED "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

static const struct tern_http_asset assets[] = {
    { .path = "/404.html", .content_type = "text/html", .etag = "\"404\"",
      .data = (const uint8_t *)"<p>lost", .len = 7, .last_modified = MODIFIED,
      .gzip = { "\"404-gz\"", (const uint8_t *)"GZ", 2 } },
    { .path = "/bare", .content_type = "text/plain", .data = plain, .len = sizeof plain },
    { .path = "/empty", .content_type = "text/plain", .etag = "\"0\"",
      .data = (const uint8_t *)"", .len = 0 },
    { .path = "/forms.html", .content_type = "text/html", .etag = "\"id\"", .data = plain,
      .len = sizeof plain, .last_modified = MODIFIED,
      .gzip = { "\"gz\"", packed, sizeof packed }, .brotli = { "\"br\"", small, sizeof small } },
    { .path = "/gz", .content_type = "text/plain", .etag = "\"id\"", .data = plain,
      .len = sizeof plain, .last_modified = MODIFIED,
      .gzip = { "\"gz\"", packed, sizeof packed } },
    { .path = "/one", .content_type = "text/plain", .etag = "\"one\"", .data = plain,
      .len = sizeof plain, .last_modified = MODIFIED },
    { .path = "/weak", .content_type = "text/plain", .etag = "W/\"w\"", .data = plain,
      .len = sizeof plain, .last_modified = MODIFIED },
};
enum { N_ASSETS = sizeof assets / sizeof assets[0] };

static void start(void)
{
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)('a' + i % 26);
    memset(packed, 'G', sizeof packed);
    memset(small, 'B', sizeof small);
    fixture_init(&f);
    f.handler = HANDLER_ASSETS;
    f.assets = assets;
    f.n_assets = N_ASSETS;
}

static const char *answer(const char *request_line, const char *fields)
{
    static char text[4096];
    start();
    fixture_open(&f);
    int n = snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\n%s\r\n", request_line, fields);
    fixture_input(&f, text, (size_t)n);
    return fixture_out(&f);
}

static int status_of(const char *request_line, const char *fields)
{
    int status = atoi(answer(request_line, fields) + 9);
    ck_assert(fixture_end(&f));
    ck_assert_uint_eq(f.server.stats.answers, 1);
    return status;
}

/* Is there a field line in the last answer's head? */
static bool has(const char *line)
{
    const char *end = strstr(f.out, "\r\n\r\n"), *at = strstr(f.out, line);
    return at != NULL && at < end && at[-1] == '\n';
}

static const char *body(void)
{
    return strstr(f.out, "\r\n\r\n") + 4;
}

static size_t body_len(void)
{
    return (size_t)(f.out + f.out_len - body());
}

/* ---- Codings ------------------------------------------------------------------------- */

START_TEST(test_each_form_has_its_tag_and_length)
{
    static const struct {
        const char *path, *accept, *coding, *etag;
        size_t len;
        char first;
    } cases[] = {
        { "/forms.html", "", NULL, "ETag: \"id\"\r\n", sizeof plain, 'a' },
        { "/forms.html", "Accept-Encoding: gzip\r\n", "Content-Encoding: gzip\r\n",
          "ETag: \"gz\"\r\n", sizeof packed, 'G' },
        { "/forms.html", "Accept-Encoding: gzip\r\nAccept-Encoding: br\r\n",
          "Content-Encoding: br\r\n", "ETag: \"br\"\r\n", sizeof small, 'B' },
        { "/forms.html", "accept-encoding: br;q=0, *\r\n", "Content-Encoding: gzip\r\n",
          "ETag: \"gz\"\r\n", sizeof packed, 'G' },
        { "/gz", "Accept-Encoding: gzip, br\r\n", "Content-Encoding: gzip\r\n",
          "ETag: \"gz\"\r\n", sizeof packed, 'G' },
        { "/gz", "Accept-Encoding: br\r\n", NULL, "ETag: \"id\"\r\n", sizeof plain, 'a' },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char get[32], length[40];
        snprintf(get, sizeof get, "GET %s", cases[i].path);
        answer(get, cases[i].accept);
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", cases[i].len);
        ck_assert_msg(strncmp(f.out, "HTTP/1.1 200 ", 13) == 0, "%s", f.out);
        ck_assert(has(length) && has("Vary: Accept-Encoding\r\n") && has(cases[i].etag));
        ck_assert(has("Last-Modified: " MODIFIED "\r\n"));
        ck_assert(cases[i].coding != NULL ? has(cases[i].coding) : !has("Content-Encoding"));
        ck_assert_uint_eq(body_len(), cases[i].len);
        ck_assert_int_eq(body()[0], cases[i].first);
        ck_assert(fixture_end(&f));
    }
}
END_TEST

START_TEST(test_one_form_varies_with_nothing)
{
    answer("GET /one", "Accept-Encoding: gzip, br\r\n");
    ck_assert(!has("Vary") && !has("Content-Encoding"));
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_no_acceptable_form_is_406)
{
    ck_assert_int_eq(status_of("GET /forms.html", "Accept-Encoding: *;q=0\r\n"), 406);
    ck_assert(has("Vary: Accept-Encoding\r\n") && !has("ETag"));
    ck_assert_int_eq(status_of("GET /one", "Accept-Encoding: identity;q=0, gzip\r\n"), 406);
    ck_assert_int_eq(status_of("GET /none", "Accept-Encoding: *;q=0\r\n"), 404);
}
END_TEST

/* A head of an own page fits where there is room for any: TERN_RESERVE_LEAST. */
START_TEST(test_longest_head_of_a_page_has_room)
{
    static const struct tern_http_asset page = {
        .path = "/p", .content_type = "text/html; charset=utf-8", .data = small, .len = 400,
        .etag = "\"0123456789abcdef01234567\"", .last_modified = MODIFIED,
        .gzip = { "\"0123456789abcdef01234567\"", packed, 1 },
    };
    fixture_init(&f);
    f.handler = HANDLER_ASSETS;
    f.assets = &page;
    f.n_assets = 1;
    fixture_open(&f);
    const char *get = "GET /p HTTP/1.0\r\nHost: x\r\nAccept-Encoding: gzip\r\n"
                      "Connection: keep-alive\r\n\r\n";
    fixture_input(&f, get, strlen(get));
    fixture_out(&f);
    size_t date = sizeof "Date: " MODIFIED "\r\n" - 1, long_len = 6;
    ck_assert(has("Content-Security-Policy: ") && has("Connection: keep-alive\r\n"));
    ck_assert_uint_le((size_t)(body() - f.out) + date + long_len, TERN_RESERVE_LEAST);
    ck_assert(fixture_end(&f));
}
END_TEST

/* ---- Conditions ------------------------------------------------------------------------ */

START_TEST(test_conditions_have_an_order)
{
    static const struct {
        const char *path, *fields;
        int status;
    } cases[] = {
        /* 1. If-Match, strongly */
        { "/one", "If-Match: \"one\"\r\n", 200 },
        { "/one", "If-Match: *\r\n", 200 },
        { "/one", "If-Match: \"x\", \"one\"\r\n", 200 },
        { "/one", "If-Match: \"x\"\r\nIf-Match: \"one\"\r\n", 200 },
        { "/one", "If-Match: \"x\"\r\n", 412 },
        { "/one", "If-Match: W/\"one\"\r\n", 412 },
        { "/one", "If-Match: one\r\n", 412 },
        { "/one", "If-Match:\r\n", 412 },
        { "/weak", "If-Match: W/\"w\"\r\n", 412 },
        { "/weak", "If-Match: *\r\n", 200 },
        { "/bare", "If-Match: \"x\"\r\n", 412 },
        { "/bare", "If-Match: *\r\n", 200 },
        /* 2. If-Unmodified-Since, only without If-Match */
        { "/one", "If-Unmodified-Since: " MODIFIED "\r\n", 200 },
        { "/one", "If-Unmodified-Since: " AFTER "\r\n", 200 },
        { "/one", "If-Unmodified-Since: " BEFORE "\r\n", 412 },
        { "/one", "If-Unmodified-Since: Sunday, 06-Nov-94 08:49:36 GMT\r\n", 412 },
        { "/one", "If-Unmodified-Since: Sun Nov  6 08:49:36 1994\r\n", 412 },
        { "/one", "If-Match: \"one\"\r\nIf-Unmodified-Since: " BEFORE "\r\n", 200 },
        { "/one", "If-Match: \"x\"\r\nIf-Unmodified-Since: " AFTER "\r\n", 412 },
        { "/one", "If-Unmodified-Since: yesterday\r\n", 200 },
        { "/one", "If-Unmodified-Since: " BEFORE "\r\nIf-Unmodified-Since: " BEFORE "\r\n", 200 },
        { "/bare", "If-Unmodified-Since: " BEFORE "\r\n", 200 },
        /* 3. If-None-Match, weakly */
        { "/one", "If-None-Match: \"one\"\r\n", 304 },
        { "/one", "If-None-Match: W/\"one\"\r\n", 304 },
        { "/one", "If-None-Match: \"x\", W/\"one\"\r\n", 304 },
        { "/one", "If-None-Match: *\r\n", 304 },
        { "/one", "If-None-Match: \"x\"\r\n", 200 },
        { "/weak", "If-None-Match: \"w\"\r\n", 304 },
        { "/bare", "If-None-Match: \"x\"\r\n", 200 },
        /* 4. If-Modified-Since, only without If-None-Match */
        { "/one", "If-Modified-Since: " MODIFIED "\r\n", 304 },
        { "/one", "If-Modified-Since: " AFTER "\r\n", 304 },
        { "/one", "If-Modified-Since: " BEFORE "\r\n", 200 },
        { "/one", "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", 304 },
        { "/one", "If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n", 304 },
        { "/one", "If-Modified-Since: Mon, 06 Nov 1994 08:49:37 GMT\r\n", 200 },
        { "/one", "If-Modified-Since: " MODIFIED ", " MODIFIED "\r\n", 200 },
        { "/one", "If-Modified-Since: " MODIFIED "\r\nIf-Modified-Since: " AFTER "\r\n", 200 },
        { "/one", "If-None-Match: \"x\"\r\nIf-Modified-Since: " AFTER "\r\n", 200 },
        { "/one", "If-None-Match: \"one\"\r\nIf-Modified-Since: " BEFORE "\r\n", 304 },
        { "/bare", "If-Modified-Since: " AFTER "\r\n", 200 },
        /* the first that fails decides */
        { "/one", "If-None-Match: \"one\"\r\nIf-Match: \"x\"\r\n", 412 },
        { "/one", "If-None-Match: \"one\"\r\nIf-Match: \"one\"\r\n", 304 },
        { "/one", "If-Modified-Since: " AFTER "\r\nIf-Unmodified-Since: " BEFORE "\r\n", 412 },
        { "/one", "If-Modified-Since: " AFTER "\r\nIf-Unmodified-Since: " AFTER "\r\n", 304 },
        /* 5. ranges come last */
        { "/one", "Range: bytes=0-1\r\n", 206 },
        { "/one", "Range: bytes=9999-\r\n", 416 },
        { "/one", "Range: bytes=9999-\r\nIf-None-Match: \"one\"\r\n", 304 },
        { "/one", "Range: bytes=9999-\r\nIf-Match: \"x\"\r\n", 412 },
        { "/one", "Range: bytes=0-1\r\nIf-Range: \"one\"\r\n", 206 },
        { "/one", "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n", 200 },
        { "/one", "Range: bytes=9999-\r\nIf-Range: \"x\"\r\n", 200 },
        { "/one", "Range: bytes=0-1\r\nIf-Range: W/\"one\"\r\n", 200 },
        { "/one", "Range: bytes=0-1\r\nIf-Range: \"one\", \"x\"\r\n", 200 },
        { "/one", "Range: bytes=0-1\r\nIf-Range: *\r\n", 200 },
        { "/one", "Range: bytes=0-1\r\nIf-Range:\r\n", 200 },
        { "/one", "Range: bytes=0-1\r\nIf-Range: \"one\"\r\nIf-Range: \"one\"\r\n", 200 },
        { "/one", "Range: bytes=0-1\r\nIf-Range: " MODIFIED "\r\n", 206 },
        { "/one", "Range: bytes=0-1\r\nIf-Range: " AFTER "\r\n", 200 },
        { "/one", "Range: bytes=0-1\r\nIf-Range: " BEFORE "\r\n", 200 },
        { "/weak", "Range: bytes=0-1\r\nIf-Range: W/\"w\"\r\n", 200 },
        { "/weak", "Range: bytes=0-1\r\nIf-Range: \"w\"\r\n", 200 },
        { "/forms.html", "Range: bytes=0-1\r\nIf-Range: " MODIFIED "\r\n", 200 },
        { "/forms.html", "Range: bytes=0-1\r\nIf-Range: \"id\"\r\n", 206 },
        { "/forms.html", "Range: bytes=0-1\r\nIf-Range: \"gz\"\r\n", 200 },
        { "/one", "If-Range: \"x\"\r\n", 200 },
        /* a form's tag is its own */
        { "/forms.html", "Accept-Encoding: br\r\nIf-None-Match: \"br\"\r\n", 304 },
        { "/forms.html", "Accept-Encoding: br\r\nIf-None-Match: \"id\"\r\n", 200 },
        { "/forms.html", "Accept-Encoding: br\r\nIf-Match: \"id\"\r\n", 412 },
        { "/forms.html", "If-None-Match: \"br\"\r\n", 200 },
        /* what does not succeed has no conditions */
        { "/none", "If-None-Match: *\r\n", 404 },
        { "/none", "If-Match: \"x\"\r\n", 404 },
        { "/none", "Range: bytes=0-1\r\n", 404 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char get[32], head[32];
        snprintf(get, sizeof get, "GET %s", cases[i].path);
        snprintf(head, sizeof head, "HEAD %s", cases[i].path);
        int status = status_of(get, cases[i].fields);
        ck_assert_msg(status == cases[i].status, "%s %s: %d", get, cases[i].fields, status);
        /* HEAD is the same, but there are no ranges of nothing (section 14.2). */
        int wanted = status == 206 || status == 416 ? 200 : status;
        status = status_of(head, cases[i].fields);
        ck_assert_msg(status == wanted, "%s %s: %d", head, cases[i].fields, status);
        ck_assert_uint_eq(body_len(), 0);
    }
}
END_TEST

START_TEST(test_304_has_what_a_cache_needs)
{
    answer("GET /forms.html", "Accept-Encoding: gzip\r\nIf-None-Match: \"gz\"\r\n");
    ck_assert_str_eq(f.out, "HTTP/1.1 304 Not Modified\r\nETag: \"gz\"\r\n"
                            "Vary: Accept-Encoding\r\nCache-Control: no-cache\r\n\r\n");
    ck_assert(fixture_end(&f));
    answer("GET /one", "If-Match: \"x\"\r\n");
    ck_assert_str_eq(f.out, "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n"
                            "Cache-Control: no-cache\r\n"
                            "X-Content-Type-Options: nosniff\r\n\r\n");
    ck_assert(fixture_end(&f));
}
END_TEST

static uint64_t wall_at(void *second)
{
    return *(const uint64_t *)second * TERN_SECOND_NS + 999999999u;
}

/* The date of /one is that of second 784111777; in that second another version may get it. */
START_TEST(test_if_range_with_the_date_of_this_second_is_weak)
{
    static const struct {
        uint64_t now_s;
        const char *status;
    } cases[] = { { 784111777, "200" }, { 784111778, "206" }, { 784111776, "200" } };
    static const char asked[] = "GET /one HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n"
                                "If-Range: " MODIFIED "\r\n\r\n";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t now_s = cases[i].now_s;
        start();
        f.config.wall_ns = wall_at;
        f.config.wall_user = &now_s;
        fixture_open(&f);
        fixture_input(&f, asked, sizeof asked - 1);
        ck_assert_msg(strncmp(fixture_out(&f) + 9, cases[i].status, 3) == 0, "%s", f.out);
        ck_assert(fixture_end(&f));
    }
}
END_TEST

/* ---- Ranges ------------------------------------------------------------------------------ */

START_TEST(test_single_range)
{
    answer("GET /one", "Range: bytes=26-28\r\n");
    ck_assert_str_eq(f.out, "HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\n"
                            "ETag: \"one\"\r\nLast-Modified: " MODIFIED "\r\n"
                            "Accept-Ranges: bytes\r\nContent-Type: text/plain\r\n"
                            "Content-Range: bytes 26-28/6000\r\nCache-Control: no-cache\r\n"
                            "X-Content-Type-Options: nosniff\r\n\r\nabc");
    ck_assert(fixture_end(&f));
    answer("GET /one", "Range: bytes=100-5099\r\n");    /* borrowed */
    ck_assert(has("Content-Range: bytes 100-5099/6000\r\n"));
    ck_assert_uint_eq(body_len(), 5000);
    ck_assert_mem_eq(body(), plain + 100, 5000);
    ck_assert(fixture_end(&f));
    answer("GET /one", "Range: bytes=6000-\r\n");
    ck_assert_str_eq(f.out, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n"
                            "Content-Range: bytes */6000\r\nCache-Control: no-cache\r\n"
                            "X-Content-Type-Options: nosniff\r\n\r\n");
    ck_assert(fixture_end(&f));
    ck_assert_int_eq(status_of("GET /empty", "Range: bytes=0-\r\n"), 200);
    ck_assert_int_eq(status_of("GET /empty", "Range: bytes=-1\r\n"), 200);
}
END_TEST

START_TEST(test_range_is_of_the_form_chosen)
{
    answer("GET /forms.html", "Accept-Encoding: gzip\r\nRange: bytes=-3\r\n");
    ck_assert(has("Content-Range: bytes 497-499/500\r\n") && has("Content-Encoding: gzip\r\n"));
    ck_assert(has("ETag: \"gz\"\r\n") && has("Vary: Accept-Encoding\r\n"));
    ck_assert_str_eq(body(), "GGG");
    ck_assert(fixture_end(&f));
    /* Several ranges of a coded form: the whole of it. */
    ck_assert_int_eq(status_of("GET /forms.html",
                               "Accept-Encoding: gzip\r\nRange: bytes=0-1,300-301\r\n"), 200);
    ck_assert_uint_eq(body_len(), sizeof packed);
    ck_assert_int_eq(status_of("GET /forms.html",
                               "Accept-Encoding: gzip\r\nRange: bytes=500-\r\n"), 416);
    ck_assert(has("Content-Range: bytes */500\r\n"));
}
END_TEST

START_TEST(test_several_ranges)
{
    char wanted[5000];
    int n = sprintf(wanted, "--tern-one\r\nContent-Type: text/plain\r\n"
                            "Content-Range: bytes 26-27/6000\r\n\r\nab\r\n"
                            "--tern-one\r\nContent-Type: text/plain\r\n"
                            "Content-Range: bytes 1000-2999/6000\r\n\r\n");
    memcpy(wanted + n, plain, sizeof wanted - (size_t)n);
    answer("GET /one", "Range: bytes=26-27,1000-2999,-1\r\n");
    memcpy(wanted + n, plain + 1000, 2000);
    n += 2000;
    n += sprintf(wanted + n, "\r\n--tern-one\r\nContent-Type: text/plain\r\n"
                             "Content-Range: bytes 5999-5999/6000\r\n\r\n%c\r\n--tern-one--\r\n",
                 plain[5999]);
    ck_assert(has("Content-Type: multipart/byteranges; boundary=tern-one\r\n"));
    ck_assert(!has("Content-Range"));
    ck_assert_uint_eq(body_len(), (size_t)n);
    ck_assert_mem_eq(body(), wanted, (size_t)n);
    ck_assert(fixture_end(&f));
    /* As long as the whole, all in all: the whole. */
    ck_assert_int_eq(status_of("GET /one", "Range: bytes=0-2900,3000-5999\r\n"), 200);
}
END_TEST

/* Parts wait for room, octet by octet; then a slot of the server is free again. */
START_TEST(test_parts_go_on_where_they_stopped)
{
    static const char get[] = "GET /one HTTP/1.1\r\nHost: x\r\n"
                              "Range: bytes=0-99,300-1399,2000-2001,2500-3700,4000-4009\r\n\r\n";
    static char all[1 << 14];
    size_t all_len = 0;
    for (size_t step = 0; step < 4; step++) {
        static const size_t steps[] = { 100000, 1, 7, 613 };
        answer("GET /one", "");
        ck_assert(fixture_end(&f));
        fixture_init(&f);
        f.handler = HANDLER_ASSETS;
        f.assets = assets;
        f.n_assets = N_ASSETS;
        f.feed_config.out_max = 700;
        fixture_open(&f);
        f.reads = false;
        fixture_input(&f, get, sizeof get - 1);
        while (fixture_read(&f, steps[step]) > 0)
            fixture_run(&f);
        fixture_out(&f);
        ck_assert_msg(strncmp(f.out, "HTTP/1.1 206 ", 13) == 0, "%s", f.out);
        if (step == 0) {
            all_len = f.out_len;
            memcpy(all, f.out, all_len);
        }
        ck_assert_uint_eq(f.out_len, all_len);
        ck_assert_mem_eq(f.out, all, all_len);
        ck_assert_uint_eq(f.server.stats.answers, 1);
        ck_assert(fixture_end(&f));
        size_t n_free = 0;
        for (const struct tern_http_multipart *m = f.server.free_multiparts; m != NULL; m = m->next)
            n_free++;
        ck_assert_uint_eq(n_free, TERN_HTTP_MULTIPARTS);
    }
}
END_TEST

START_TEST(test_without_a_slot_parts_become_the_whole)
{
    static const char get[] = "GET /one HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1,900-901\r\n\r\n";
    for (int free = 0; free < 2; free++) {
        answer("GET /one", "");
        ck_assert(fixture_end(&f));
        fixture_init(&f);
        f.handler = HANDLER_ASSETS;
        f.assets = assets;
        f.n_assets = N_ASSETS;
        fixture_open(&f);
        if (free == 0)
            f.server.free_multiparts = NULL;
        fixture_input(&f, get, sizeof get - 1);
        fixture_out(&f);
        ck_assert_int_eq(atoi(f.out + 9), free == 0 ? 200 : 206);
        ck_assert(has(free == 0 ? "Content-Type: text/plain\r\n"
                                : "Content-Type: multipart/byteranges; boundary=tern-one\r\n"));
        ck_assert_uint_eq(body_len() == sizeof plain, free == 0);
        ck_assert(fixture_end(&f));
    }
}
END_TEST

/* ---- What is not there --------------------------------------------------------------------- */

START_TEST(test_not_found_has_the_sites_page)
{
    answer("GET /none", "If-None-Match: \"404\"\r\n");
    ck_assert_str_eq(f.out,
                     "HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\nVary: Accept-Encoding\r\n"
                     "Content-Type: text/html\r\nCache-Control: no-cache\r\n"
                     "X-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\n"
                     "Content-Security-Policy: default-src 'self'; img-src 'self' data:; "
                     "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'\r\n\r\n<p>lost");
    ck_assert(fixture_end(&f));
    answer("GET /none/", "Accept-Encoding: gzip\r\n");
    ck_assert(has("Content-Encoding: gzip\r\n"));
    ck_assert_str_eq(body(), "GZ");
    ck_assert(fixture_end(&f));
    ck_assert_int_eq(status_of("HEAD /none", ""), 404);
    ck_assert_uint_eq(body_len(), 0);
    ck_assert_int_eq(status_of("GET /404.html", ""), 200);
}
END_TEST

Suite *http_select_suite(void)
{
    Suite *suite = suite_create("http_select");
    TCase *tcase = tcase_create("http_select");
    tcase_add_test(tcase, test_each_form_has_its_tag_and_length);
    tcase_add_test(tcase, test_one_form_varies_with_nothing);
    tcase_add_test(tcase, test_no_acceptable_form_is_406);
    tcase_add_test(tcase, test_if_range_with_the_date_of_this_second_is_weak);
    tcase_add_test(tcase, test_longest_head_of_a_page_has_room);
    tcase_add_test(tcase, test_conditions_have_an_order);
    tcase_add_test(tcase, test_304_has_what_a_cache_needs);
    tcase_add_test(tcase, test_single_range);
    tcase_add_test(tcase, test_range_is_of_the_form_chosen);
    tcase_add_test(tcase, test_several_ranges);
    tcase_add_test(tcase, test_parts_go_on_where_they_stopped);
    tcase_add_test(tcase, test_without_a_slot_parts_become_the_whole);
    tcase_add_test(tcase, test_not_found_has_the_sites_page);
    suite_add_tcase(suite, tcase);
    return suite;
}
