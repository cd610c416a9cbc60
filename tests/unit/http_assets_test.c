/* SPDX-License-Identifier: ISC */
/*
 * Assets: lookup, directories, conditions, and data that takes no memory.
 */
#include "http_fixture.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

static struct http_fixture f;
static uint8_t big[3000000];

#define ASSET(asset_path, type, tag, text)                                                     \
    { .path = (asset_path), .content_type = (type), .etag = (tag),                             \
      .data = (const uint8_t *)(text), .len = sizeof(text) - 1 }

static const struct tern_http_asset assets[] = {
    ASSET("/a.css", "text/css", "\"css\"", "body{}"),
    { .path = "/big", .content_type = "application/octet-stream", .etag = "\"big\"", .data = big,
      .len = sizeof big },
    ASSET("/dir/index.html", "text/html", "\"dir\"", "<p>dir"),
    ASSET("/empty", "text/plain", NULL, ""),
    ASSET("/index.html", "text/html", "\"root\"", "<p>root"),
    ASSET("/s p/\xc3\xa9/index.html", "text/html", NULL, "<p>e"),
};
enum { N_ASSETS = sizeof assets / sizeof assets[0] };

static const char *answer(const char *request_line, const char *fields)
{
    char text[512];
    fixture_init(&f);
    f.handler = HANDLER_ASSETS;
    f.assets = assets;
    f.n_assets = N_ASSETS;
    fixture_open(&f);
    int n = snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\n%s\r\n", request_line, fields);
    fixture_input(&f, text, (size_t)n);
    return fixture_out(&f);
}

#define EVERY "Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n"
#define DOCUMENT                                                                               \
    EVERY "Referrer-Policy: same-origin\r\nContent-Security-Policy: default-src 'self'; "      \
          "img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'\r\n"
#define FULL_WITH(policy, len, etag, type, body)                                               \
    "HTTP/1.1 200 OK\r\nContent-Length: " len "\r\n" etag "Accept-Ranges: bytes\r\n"            \
    "Content-Type: " type "\r\n" policy "\r\n" body
#define FULL(len, etag, type, body) FULL_WITH(EVERY, len, etag, type, body)
#define PAGE(len, etag, body) FULL_WITH(DOCUMENT, len, etag, "text/html", body)
#define MOVED "HTTP/1.1 301 Moved Permanently\r\nContent-Length: 0\r\nLocation: "
#define NOT_FOUND                                                                              \
    "HTTP/1.1 404 Not Found\r\nContent-Length: 14\r\n"                                         \
    "Content-Type: text/plain; charset=utf-8\r\n" EVERY "\r\n404 Not Found\n"

START_TEST(test_assets_are_found_and_nothing_else)
{
    for (size_t n = 0; n <= N_ASSETS; n++)
        for (size_t i = 0; i < N_ASSETS; i++) {
            const char *path = assets[i].path;
            ck_assert_ptr_eq(tern_http_asset_find(assets, n, path, strlen(path)),
                             i < n ? &assets[i] : NULL);
            ck_assert_ptr_null(tern_http_asset_find(assets, n, path, strlen(path) - 1));
            ck_assert_ptr_null(tern_http_asset_find(assets, n, path, 0));
        }
    ck_assert_ptr_null(tern_http_asset_find(assets, N_ASSETS, "/z", 2));
}
END_TEST

START_TEST(test_asset_is_answered)
{
    ck_assert_str_eq(answer("GET /a.css", ""),
                     FULL("6", "ETag: \"css\"\r\n", "text/css", "body{}"));
    ck_assert(fixture_end(&f));
    ck_assert_str_eq(answer("HEAD /a.css", ""), FULL("6", "ETag: \"css\"\r\n", "text/css", ""));
    ck_assert(fixture_end(&f));
    ck_assert_str_eq(answer("GET /a.css?v=1", ""),
                     FULL("6", "ETag: \"css\"\r\n", "text/css", "body{}"));
    ck_assert(fixture_end(&f));
    ck_assert_str_eq(answer("GET /empty", ""), FULL("0", "", "text/plain", ""));
    ck_assert(fixture_end(&f));
    ck_assert_str_eq(answer("GET /nothing", ""), NOT_FOUND);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_directory_has_an_index)
{
    ck_assert_str_eq(answer("GET /", ""), PAGE("7", "ETag: \"root\"\r\n", "<p>root"));
    ck_assert(fixture_end(&f));
    ck_assert_str_eq(answer("GET /dir/", ""),
                     PAGE("6", "ETag: \"dir\"\r\n", "<p>dir"));
    ck_assert(fixture_end(&f));
    ck_assert_str_eq(answer("GET /dir", ""),
                     MOVED "/dir/\r\n" EVERY "\r\n");
    ck_assert(fixture_end(&f));
    ck_assert_str_eq(answer("GET //dir", ""),    /* never "//dir/": that would be a host */
                     MOVED "/dir/\r\n" EVERY "\r\n");
    ck_assert(fixture_end(&f));
    ck_assert_str_eq(answer("GET /dir?a=%20&b", ""),
                     MOVED "/dir/?a=%20&b\r\n" EVERY "\r\n");
    ck_assert(fixture_end(&f));
    ck_assert_str_eq(answer("GET /dir?", ""),
                     MOVED "/dir/?\r\n" EVERY "\r\n");
    ck_assert(fixture_end(&f));
    ck_assert_str_eq(answer("GET /s%20p/%c3%a9", ""),
                     MOVED "/s%20p/%C3%A9/\r\n" EVERY "\r\n");
    ck_assert(fixture_end(&f));
    ck_assert_str_eq(answer("GET /none/", ""), NOT_FOUND);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_other_methods_are_told_what_is_allowed)
{
    static const char *const methods[] = { "POST /", "PUT /nothing", "DELETE /", "OPTIONS *" };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        ck_assert_str_eq(answer(methods[i], ""),
                         "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n"
                         "Allow: GET, HEAD\r\n" EVERY "\r\n");
        ck_assert(fixture_end(&f));
    }
}
END_TEST

START_TEST(test_unknown_methods_are_not_implemented)
{
    static const char *const methods[] = { "BREW /", "GETS /a.css", "PROPFIND /nothing" };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        ck_assert_str_eq(answer(methods[i], ""),
                         "HTTP/1.1 501 Not Implemented\r\nContent-Length: 20\r\n"
                         "Content-Type: text/plain; charset=utf-8\r\n" EVERY
                         "\r\n501 Not Implemented\n");
        ck_assert(fixture_end(&f));
    }
}
END_TEST

START_TEST(test_client_that_has_it_gets_304)
{
    static const struct {
        const char *fields;
        bool current;
    } cases[] = {
        { "If-None-Match: \"css\"\r\n", true },
        { "if-none-match: W/\"css\"\r\n", true },
        { "If-None-Match: \"x\", \"css\"\r\n", true },
        { "If-None-Match: *\r\n", true },
        { "If-None-Match: \"x\"\r\nIf-None-Match: \"css\"\r\n", true },
        { "If-None-Match: \"x\"\r\n", false },
        { "If-None-Match: css\r\n", false },
        { "If-None-Match:\r\n", false },
        { "If-Match: \"css\"\r\n", false },
        { "If-None-Match: \"css\"\r\nRange: bytes=0-1\r\n", true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *out = answer("GET /a.css", cases[i].fields);
        if (cases[i].current)
            ck_assert_str_eq(out, "HTTP/1.1 304 Not Modified\r\nETag: \"css\"\r\n"
                                  "Cache-Control: no-cache\r\n\r\n");
        else
            ck_assert_str_eq(out, FULL("6", "ETag: \"css\"\r\n", "text/css", "body{}"));
        ck_assert(fixture_end(&f));
    }
    ck_assert_str_eq(answer("GET /empty", "If-None-Match: *\r\n"),    /* there is one */
                     "HTTP/1.1 304 Not Modified\r\nCache-Control: no-cache\r\n\r\n");
    ck_assert(fixture_end(&f));
    ck_assert_str_eq(answer("GET /empty", "If-None-Match: \"\"\r\n"),    /* it has no tag */
                     FULL("0", "", "text/plain", ""));
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_big_asset_takes_one_block_to_send)
{
    size_t total = 0;
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 2654435761u >> 13);
    fixture_init(&f);
    f.handler = HANDLER_ASSETS;
    f.assets = assets;
    f.n_assets = N_ASSETS;
    fixture_open(&f);
    f.reads = false;
    const char *get = "GET /big HTTP/1.1\r\nHost: x\r\n\r\n";
    /* More requests than a feed can borrow for: each waits its turn. */
    enum { N = 12 };
    for (int i = 0; i < N; i++)
        fixture_input(&f, get, strlen(get));
    while (total < N * sizeof big) {
        struct tern_feed_span span;
        ck_assert_uint_le(f.pool.n_blocks - f.pool.n_free, 3);
        if (!tern_feed_output(&f.feed, &span)) {
            fixture_run(&f);
            ck_assert(tern_feed_output(&f.feed, &span));
        }
        if (span.len > 4096) {    /* the asset itself, not a copy */
            ck_assert_ptr_eq(span.data, big);
            ck_assert_uint_eq(span.len, sizeof big);
        }
        if (span.data >= big && span.data < big + sizeof big)
            total += span.len;
        tern_feed_sent(&f.feed, span.len);
        fixture_run(&f);
    }
    ck_assert_uint_eq(total, N * sizeof big);
    ck_assert_uint_eq(f.server.stats.answers, N);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_long_path_names_no_asset)
{
    static char line[2100];
    for (size_t len = 1020; len < 1030; len++) {
        memset(line, 'p', sizeof line);
        memcpy(line, "GET /", 5);
        strcpy(line + 4 + len, " HTTP/1.1\r\nHost: x\r\n\r\n");
        fixture_init(&f);
        f.handler = HANDLER_ASSETS;
        f.assets = assets;
        f.n_assets = N_ASSETS;
        fixture_open(&f);
        fixture_input(&f, line, strlen(line));
        ck_assert_str_eq(fixture_out(&f), NOT_FOUND);
        ck_assert(fixture_end(&f));
    }
}
END_TEST

START_TEST(test_redirect_without_room_is_503)
{
    static char path[600], line[700];
    struct tern_http_asset deep = ASSET(path, "text/html", NULL, "x");
    memset(path, '^', 500);
    path[0] = '/';
    strcpy(path + 300, "/index.html");
    int n = snprintf(line, sizeof line, "GET %.300s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    for (int room = 0; room < 2; room++) {
        fixture_init(&f);
        f.handler = HANDLER_ASSETS;
        f.assets = &deep;
        f.n_assets = 1;
        f.feed_config.out_max = room ? 4096 : 600;
        fixture_open(&f);
        fixture_input(&f, line, (size_t)n);
        const char *wanted = room ? "HTTP/1.1 301 Moved" : "HTTP/1.1 503 Service Unavailable\r\n";
        ck_assert_msg(strncmp(fixture_out(&f), wanted, strlen(wanted)) == 0, "%s", f.out);
        ck_assert(fixture_end(&f));
    }
}
END_TEST

/* A policy of one's own goes with whatever is answered, but a 304. */
START_TEST(test_every_answer_has_the_fields_of_the_policy)
{
    static const struct {
        const char *request, *fields, *status;
    } cases[] = {
        { "GET /a.css", "", "200" },
        { "GET /a.css", "Range: bytes=0-1\r\n", "206" },
        { "GET /a.css", "Range: bytes=99-\r\n", "416" },
        { "GET /a.css", "If-Match: \"x\"\r\n", "412" },
        { "GET /a.css", "Accept-Encoding: identity;q=0\r\n", "406" },
        { "GET /dir", "", "301" },
        { "GET /%zz", "", "400" },
        { "GET /none", "", "404" },
        { "POST /a.css", "", "405" },
        { "BREW /a.css", "", "501" },
        { "GET /a.css", "Expect: tea\r\n", "417" },
        { "GET /a.css", "Content-Length: x\r\n", "400" },
    };
    static const struct tern_http_field every[] = {
        TERN_HTTP_FIELD("X-One", "1"), TERN_HTTP_FIELD("X-Two", "2"),
    };
    static const struct tern_http_policy policy = { every, NULL, 2, 0 };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        fixture_init(&f);
        f.handler = HANDLER_ASSETS;
        f.assets = assets;
        f.n_assets = N_ASSETS;
        f.policy = &policy;
        f.config.policy = &policy;
        fixture_open(&f);
        int n = snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\n%s\r\n", cases[i].request,
                         cases[i].fields);
        fixture_input(&f, text, (size_t)n);
        const char *out = fixture_out(&f);
        ck_assert_msg(strncmp(out + 9, cases[i].status, 3) == 0, "%s: %s", cases[i].request, out);
        ck_assert_msg(strstr(out, "\r\nX-One: 1\r\nX-Two: 2\r\n") != NULL, "%s", out);
        ck_assert_ptr_null(strstr(out, "nosniff"));
        ck_assert(fixture_end(&f));
    }
}
END_TEST

Suite *http_assets_suite(void)
{
    Suite *suite = suite_create("http_assets");
    TCase *tcase = tcase_create("http_assets");
    tcase_add_test(tcase, test_assets_are_found_and_nothing_else);
    tcase_add_test(tcase, test_asset_is_answered);
    tcase_add_test(tcase, test_directory_has_an_index);
    tcase_add_test(tcase, test_other_methods_are_told_what_is_allowed);
    tcase_add_test(tcase, test_unknown_methods_are_not_implemented);
    tcase_add_test(tcase, test_client_that_has_it_gets_304);
    tcase_add_test(tcase, test_big_asset_takes_one_block_to_send);
    tcase_add_test(tcase, test_long_path_names_no_asset);
    tcase_add_test(tcase, test_redirect_without_room_is_503);
    tcase_add_test(tcase, test_every_answer_has_the_fields_of_the_policy);
    suite_add_tcase(suite, tcase);
    return suite;
}
