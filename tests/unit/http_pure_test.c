/* SPDX-License-Identifier: ISC */
/*
 * libhttp's pure functions: targets, authorities, paths, tags, dates, media
 * types, and the chunked decoder at every cut.
 */
#include "suites.h"

#include <tern/http.h>

#include <stdlib.h>
#include <string.h>

static bool span_is(struct tern_http_span span, const char *text)
{
    if (text == NULL)
        return span.data == NULL;
    return span.len == strlen(text) && memcmp(span.data, text, span.len) == 0;
}

START_TEST(test_target_forms)
{
    static const struct {
        const char *target;
        enum tern_http_method method;
        enum tern_err err;
        enum tern_http_form form;
        const char *authority, *path, *query;
    } cases[] = {
        { "/", TERN_HTTP_GET, TERN_OK, TERN_HTTP_ORIGIN, NULL, "/", NULL },
        { "/a/b?c?d", TERN_HTTP_GET, TERN_OK, TERN_HTTP_ORIGIN, NULL, "/a/b", "c?d" },
        { "/?", TERN_HTTP_GET, TERN_OK, TERN_HTTP_ORIGIN, NULL, "/", "" },
        { "//a", TERN_HTTP_GET, TERN_OK, TERN_HTTP_ORIGIN, NULL, "//a", NULL },
        { "/0123456789?x#", TERN_HTTP_GET, TERN_MALFORMED, TERN_HTTP_ORIGIN, NULL, NULL, NULL },
        { "http://a", TERN_HTTP_GET, TERN_OK, TERN_HTTP_ABSOLUTE, "a", "", NULL },
        { "http://a:1/b?c", TERN_HTTP_PUT, TERN_OK, TERN_HTTP_ABSOLUTE, "a:1", "/b", "c" },
        { "http://[::1]:80/", TERN_HTTP_GET, TERN_OK, TERN_HTTP_ABSOLUTE, "[::1]:80", "/", NULL },
        { "http://a#", TERN_HTTP_GET, TERN_MALFORMED, TERN_HTTP_ABSOLUTE, NULL, NULL, NULL },
        { "http:", TERN_HTTP_GET, TERN_MALFORMED, TERN_HTTP_ABSOLUTE, NULL, NULL, NULL },
        { "https://", TERN_HTTP_GET, TERN_MALFORMED, TERN_HTTP_ABSOLUTE, NULL, NULL, NULL },
        { "*", TERN_HTTP_OPTIONS, TERN_OK, TERN_HTTP_ASTERISK, NULL, "*", NULL },
        { "**", TERN_HTTP_OPTIONS, TERN_MALFORMED, TERN_HTTP_ASTERISK, NULL, NULL, NULL },
        { "*", TERN_HTTP_GET, TERN_MALFORMED, TERN_HTTP_ASTERISK, NULL, NULL, NULL },
        { "a:443", TERN_HTTP_CONNECT, TERN_OK, TERN_HTTP_AUTHORITY, "a:443", NULL, NULL },
        { "a:443x", TERN_HTTP_CONNECT, TERN_MALFORMED, TERN_HTTP_AUTHORITY, NULL, NULL, NULL },
        { ":443", TERN_HTTP_CONNECT, TERN_MALFORMED, TERN_HTTP_AUTHORITY, NULL, NULL, NULL },
        { "a/:443", TERN_HTTP_CONNECT, TERN_MALFORMED, TERN_HTTP_AUTHORITY, NULL, NULL, NULL },
        { "a:0", TERN_HTTP_CONNECT, TERN_MALFORMED, TERN_HTTP_AUTHORITY, NULL, NULL, NULL },
        { "a", TERN_HTTP_CONNECT, TERN_MALFORMED, TERN_HTTP_AUTHORITY, NULL, NULL, NULL },
        { "", TERN_HTTP_GET, TERN_MALFORMED, TERN_HTTP_ORIGIN, NULL, NULL, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tern_http_target t;
        ck_assert_int_eq(tern_http_target_parse(cases[i].target, strlen(cases[i].target),
                                                cases[i].method, &t), cases[i].err);
        if (cases[i].err != TERN_OK)
            continue;
        ck_assert_int_eq(t.form, cases[i].form);
        ck_assert(span_is(t.authority, cases[i].authority));
        ck_assert(span_is(t.path, cases[i].path));
        ck_assert(span_is(t.query, cases[i].query));
    }
    struct tern_http_target none;    /* whatever stands behind it */
    ck_assert_int_eq(tern_http_target_parse("/", 0, TERN_HTTP_GET, &none), TERN_MALFORMED);
}
END_TEST

START_TEST(test_authority_gives_host_and_port)
{
    static const struct {
        const char *text;
        enum tern_err err;
        size_t host_len;
        unsigned port;
    } cases[] = {
        { "", TERN_OK, 0, 0 },
        { "a", TERN_OK, 1, 0 },
        { "a:1", TERN_OK, 1, 1 },
        { "a:65535", TERN_OK, 1, 65535 },
        { "[::1]:8080", TERN_OK, 5, 8080 },
        { "a:65536", TERN_MALFORMED, 0, 0 },
        { "a:100000", TERN_MALFORMED, 0, 0 },
        { "a:4294967297", TERN_MALFORMED, 0, 0 },
        { "a:1/", TERN_MALFORMED, 0, 0 },
        { "a:0", TERN_MALFORMED, 0, 0 },
        { "a:01", TERN_MALFORMED, 0, 0 },
        { "a:", TERN_MALFORMED, 0, 0 },
        { "[::1", TERN_MALFORMED, 0, 0 },
        { "[", TERN_MALFORMED, 0, 0 },
        { "a@b", TERN_MALFORMED, 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t host_len = 0;
        uint16_t port = 0;
        ck_assert_int_eq(tern_http_authority_parse(cases[i].text, strlen(cases[i].text), &host_len,
                                                   &port), cases[i].err);
        ck_assert_uint_eq(host_len, cases[i].host_len);
        ck_assert_uint_eq(port, cases[i].port);
    }
}
END_TEST

START_TEST(test_paths_become_normal)
{
    static const struct {
        const char *path, *normal;    /* NULL: refused */
    } cases[] = {
        { "/", "/" },
        { "/a", "/a" },
        { "/a/", "/a/" },
        { "//", "/" },
        { "//a//b//", "/a/b/" },
        { "/.", "/" },
        { "/./", "/" },
        { "/..", "/" },
        { "/../", "/" },
        { "/a/..", "/" },
        { "/a/../", "/" },
        { "/a/.", "/a/" },
        { "/a/b/..", "/a/" },
        { "/a/b/../c", "/a/c" },
        { "/a/../../b", "/b" },
        { "/a//../b", "/b" },
        { "/%2e/%2E%2e/a", "/a" },
        { "/.a/..b/c.", "/.a/..b/c." },
        { "/%41%42", "/AB" },
        { "/%20", "/ " },
        { "/caf%C3%A9", "/caf\xc3\xa9" },
        { "/%F0%9F%98%80", "/\xf0\x9f\x98\x80" },
        { "/%EF%BF%BD", "/\xef\xbf\xbd" },
        { "/%3f%23", "/?#" },
        { "/%25", "/%" },
        { "/a:b@c;d=e", "/a:b@c;d=e" },
        { "", NULL },
        { "a", NULL },
        { "*", NULL },
        { "/%", NULL },
        { "/%1", NULL },
        { "/%gg", NULL },
        { "/%g1", NULL },
        { "/%4g", NULL },
        { "/%00", NULL },
        { "/%1f", NULL },
        { "/%7f", NULL },
        { "/%2f", NULL },
        { "/%5C", NULL },
        { "/\\", NULL },
        { "/%80", NULL },
        { "/%c3", NULL },
        { "/%c3/%a9", NULL },
        { "/%c1%bf", NULL },
        { "/%e0%9f%bf", NULL },
        { "/%ed%a0%80", NULL },
        { "/%ed%bf%bf", NULL },
        { "/%f0%8f%bf%bf", NULL },
        { "/%f4%90%80%80", NULL },
        { "/%f5%80%80%80", NULL },
        { "/%e2%82", NULL },
        { "/%e2%82a", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = strlen(cases[i].path), out_len;
        char *in = malloc(len + 1), *out = malloc(len + 1);
        ck_assert(in != NULL && out != NULL);
        memcpy(in, cases[i].path, len);
        enum tern_err err = tern_http_path_normalise(in, len, out, &out_len);
        ck_assert_int_eq(err, cases[i].normal == NULL ? TERN_MALFORMED : TERN_OK);
        if (err == TERN_OK) {
            ck_assert_msg(span_is((struct tern_http_span){ out, out_len }, cases[i].normal), "%s",
                          cases[i].path);
            /* In place, and once more: normal paths stay as they are. */
            ck_assert_int_eq(tern_http_path_normalise(in, len, in, &out_len), TERN_OK);
            ck_assert_mem_eq(in, out, out_len);
        }
        free(in);
        free(out);
    }
    size_t out_len;
    char out;
    ck_assert_int_eq(tern_http_path_normalise("/", 0, &out, &out_len), TERN_MALFORMED);
}
END_TEST

START_TEST(test_etags_match_weakly)
{
    static const struct {
        const char *list;
        bool match;
    } cases[] = {
        { "*", true },
        { "\"a\"", true },
        { "W/\"a\"", true },
        { "\"b\", \"a\"", true },
        { "\"b\",W/\"a\"", true },
        { " , \"b\" ,, \"a\" ,", true },
        { "\"b,\\\", \"a\"", true },
        { "\"\", \"a\"", true },
        { "", false },
        { "**", false },
        { "a", false },
        { "\"a", false },
        { "\"b\"", false },
        { "\"aa\"", false },
        { "w/\"a\"", false },
        { "W/", false },
        { "\"b\" junk \"a\"", false },
        { "junk\" \"a\"", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = strlen(cases[i].list);
        char *room = malloc(len + 1), *exact = room + 1;    /* nothing can be read behind it */
        ck_assert_ptr_nonnull(room);
        memcpy(exact, cases[i].list, len);
        ck_assert_msg(tern_http_etag_match(exact, len, "\"a\"", 3) == cases[i].match, "%s",
                      cases[i].list);
        ck_assert(tern_http_etag_match(exact, len, "W/\"a\"", 5) == cases[i].match);
        free(room);
    }
}
END_TEST

START_TEST(test_dates_of_the_calendar)
{
    static const struct {
        uint64_t unix_s;
        const char *text;
    } cases[] = {
        { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
        { 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
        { 951782399, "Mon, 28 Feb 2000 23:59:59 GMT" },
        { 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
        { 951868800, "Wed, 01 Mar 2000 00:00:00 GMT" },
        { 1709164800, "Thu, 29 Feb 2024 00:00:00 GMT" },
        { 4107542399, "Sun, 28 Feb 2100 23:59:59 GMT" },
        { 4107542400, "Mon, 01 Mar 2100 00:00:00 GMT" },
        { 4294967296, "Sun, 07 Feb 2106 06:28:16 GMT" },
        { 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT" },
        { UINT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[TERN_HTTP_DATE_LEN + 1] = "";
        tern_http_date_format(cases[i].unix_s, text);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(test_media_types_by_extension)
{
    static const char *const cases[][2] = {
        { "/index.html", "text/html; charset=utf-8" },
        { "/A.HTML", "text/html; charset=utf-8" },
        { "/a.tar.gz", "application/gzip" },
        { "/style.css", "text/css; charset=utf-8" },
        { "/a", "application/octet-stream" },
        { "/a.", "application/octet-stream" },
        { "/a.html/b", "application/octet-stream" },
        { "", "application/octet-stream" },
        { "/.png", "image/png" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_str_eq(tern_http_content_type(cases[i][0], strlen(cases[i][0])), cases[i][1]);
}
END_TEST

static const char chunks[] =
    "5\r\nhello\r\n6;a=bc;c=\"d\\\"e\" ; f\r\n world\r\n00a\r\n0123456789\r\n"
    "0;end\r\nTrailer: value\r\nEmpty:\r\n\r\n";
static const char chunks_data[] = "hello world0123456789";

/* Decodes in pieces that end at first and then every step octets, taking few at a time. */
static size_t chunks_decode(size_t first, size_t step, size_t take, char *out)
{
    struct tern_http_chunked c = { .state = 0 };
    size_t len = sizeof chunks - 1, end = first, at = 0, n = 0, used, data_len;
    for (;;) {
        enum tern_err err = tern_http_chunked_next(&c, (const uint8_t *)chunks + at, end - at,
                                                   &used, &data_len);
        at += used;
        if (err == TERN_OK)
            break;
        ck_assert_int_eq(err, TERN_AGAIN);
        if (data_len > 0) {
            size_t taken = data_len < take ? data_len : take;
            memcpy(out + n, chunks + at, taken);
            tern_http_chunked_take(&c, taken);
            n += taken;
            at += taken;
            continue;
        }
        ck_assert_uint_eq(at, end);
        ck_assert_uint_lt(end, len);
        end = end + step < len ? end + step : len;
    }
    ck_assert_uint_eq(at, len);
    return n;
}

START_TEST(test_chunks_are_the_same_for_every_cut)
{
    char out[sizeof chunks];
    for (size_t first = 0; first < sizeof chunks; first++)
        for (size_t take = 1; take < 12; take += 5) {
            size_t step = first % 3 == 0 ? 1 : sizeof chunks;
            size_t n = chunks_decode(first < sizeof chunks - 1 ? first : sizeof chunks - 1, step,
                                     take, out);
            ck_assert_uint_eq(n, sizeof chunks_data - 1);
            ck_assert_mem_eq(out, chunks_data, n);
        }
}
END_TEST

START_TEST(test_chunks_end_where_they_end)
{
    struct tern_http_chunked c = { .state = 0 };
    size_t used, data_len;
    const char *text = "0\r\n\r\nGET / HTTP/1.1\r\n";
    ck_assert_int_eq(tern_http_chunked_next(&c, (const uint8_t *)text, strlen(text), &used,
                                            &data_len), TERN_OK);
    ck_assert_uint_eq(used, 5);
    ck_assert_uint_eq(data_len, 0);
    /* And stay ended. */
    ck_assert_int_eq(tern_http_chunked_next(&c, (const uint8_t *)text, 5, &used, &data_len),
                     TERN_OK);
    ck_assert_uint_eq(used, 0);
}
END_TEST

/* Where much follows, a chunk's end and the next size are read in one step. */
START_TEST(test_chunk_without_its_end_is_broken_whatever_follows)
{
    struct tern_http_chunked c = { .state = 0 };
    static const uint8_t text[] = "1\r\na--1\r\nb\r\n0\r\n\r\n and what follows";
    size_t used, data_len;
    ck_assert_int_eq(tern_http_chunked_next(&c, text, sizeof text, &used, &data_len), TERN_AGAIN);
    ck_assert(used == 3 && data_len == 1);
    tern_http_chunked_take(&c, 1);
    ck_assert_int_eq(tern_http_chunked_next(&c, text + 4, sizeof text - 4, &used, &data_len),
                     TERN_MALFORMED);
    ck_assert_uint_eq(c.fault, TERN_HTTP_CHUNK_END_MISSING);
}
END_TEST

START_TEST(test_broken_chunk_stays_broken)
{
    struct tern_http_chunked c = { .state = 0 };
    size_t used, data_len;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(tern_http_chunked_next(&c, (const uint8_t *)"1x", 2, &used, &data_len),
                         TERN_MALFORMED);
        ck_assert_uint_eq(c.fault, TERN_HTTP_CHUNK_SIZE_MALFORMED);
        ck_assert_uint_eq(used, i == 0 ? 1 : 0);
    }
}
END_TEST

Suite *http_pure_suite(void)
{
    Suite *suite = suite_create("http_pure");
    TCase *tcase = tcase_create("http_pure");
    tcase_add_test(tcase, test_target_forms);
    tcase_add_test(tcase, test_authority_gives_host_and_port);
    tcase_add_test(tcase, test_paths_become_normal);
    tcase_add_test(tcase, test_etags_match_weakly);
    tcase_add_test(tcase, test_dates_of_the_calendar);
    tcase_add_test(tcase, test_media_types_by_extension);
    tcase_add_test(tcase, test_chunks_are_the_same_for_every_cut);
    tcase_add_test(tcase, test_chunks_end_where_they_end);
    tcase_add_test(tcase, test_chunk_without_its_end_is_broken_whatever_follows);
    tcase_add_test(tcase, test_broken_chunk_stays_broken);
    suite_add_tcase(suite, tcase);
    return suite;
}
