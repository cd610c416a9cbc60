/* SPDX-License-Identifier: ISC */
/*
 * The head parser alone: results, every truncation, every cut.
 */
#include "suites.h"

#include <tern/http.h>

#include "libhttp/http_chars.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char browser[] =
    "GET /wiki/Request_for_Comments?action=view&lang=en HTTP/1.1\r\n"
    "Host: docs.example.org\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.5\r\n"
    "Connection: keep-alive\r\n"
    "X-Empty:\r\n"
    "X-Space: \t a\tb  \t\r\n"
    "x: 1\r\n\r\n";

static bool field_is(const struct tern_http_request *r, const char *buf, size_t i,
                     const char *name, const char *value)
{
    const struct tern_http_line *line = &r->fields[i];
    return line->name_len == strlen(name) &&
           memcmp(buf + line->name_off, name, line->name_len) == 0 &&
           line->value_len == strlen(value) &&
           memcmp(buf + line->value_off, value, line->value_len) == 0;
}

static enum tern_err parse(struct tern_http_request *r, const char *buf, size_t len)
{
    return tern_http_request_parse(r, (const uint8_t *)buf, len);
}

static void browser_check(const struct tern_http_request *r)
{
    ck_assert_uint_eq(r->head_len, sizeof browser - 1);
    ck_assert_uint_eq(r->method, TERN_HTTP_GET);
    ck_assert_uint_eq(r->method_len, 3);
    ck_assert_uint_eq(r->minor, 1);
    ck_assert_uint_eq(r->target_off, 4);
    ck_assert_uint_eq(r->target_len, strlen("/wiki/Request_for_Comments?action=view&lang=en"));
    ck_assert_uint_eq(r->n_fields, 8);
    ck_assert(field_is(r, browser, 0, "Host", "docs.example.org"));
    ck_assert(field_is(r, browser, 5, "X-Empty", ""));
    ck_assert(field_is(r, browser, 6, "X-Space", "a\tb"));
    ck_assert(field_is(r, browser, 7, "x", "1"));
}

START_TEST(test_request_is_parsed_at_once)
{
    struct tern_http_request r;
    tern_http_request_init(&r, 0, 0, 0);
    ck_assert_int_eq(parse(&r, browser, sizeof browser - 1), TERN_OK);
    browser_check(&r);
    ck_assert_int_eq(parse(&r, browser, sizeof browser - 1), TERN_OK);
}
END_TEST

START_TEST(test_request_is_the_same_for_every_cut)
{
    for (size_t first = 0; first < sizeof browser - 1; first++) {
        struct tern_http_request r;
        /* Each piece at another place, so that nothing can point into the last. */
        char *copy = malloc(first + 1);
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, browser, first);
        tern_http_request_init(&r, 0, 0, 0);
        ck_assert_int_eq(parse(&r, copy, first), TERN_AGAIN);
        ck_assert_uint_eq(r.off, first);
        free(copy);
        ck_assert_int_eq(parse(&r, browser, sizeof browser - 1), TERN_OK);
        browser_check(&r);
    }
    struct tern_http_request r;
    tern_http_request_init(&r, 0, 0, 0);
    for (size_t len = 0; len < sizeof browser - 1; len++)
        ck_assert_int_eq(parse(&r, browser, len), TERN_AGAIN);
    ck_assert_int_eq(parse(&r, browser, sizeof browser - 1), TERN_OK);
    browser_check(&r);
}
END_TEST

START_TEST(test_request_reads_no_octet_beyond_its_length)
{
    for (size_t len = 0; len < sizeof browser - 1; len++) {
        struct tern_http_request r;
        char *room = malloc(len + 1), *exact = room + 1;    /* its end is watched */
        ck_assert_ptr_nonnull(room);
        memcpy(exact, browser, len);
        tern_http_request_init(&r, 0, 0, 0);
        ck_assert_int_eq(parse(&r, exact, len), TERN_AGAIN);
        free(room);
    }
}
END_TEST

START_TEST(test_request_knows_its_methods)
{
    static const struct {
        const char *text;
        enum tern_http_method method;
    } methods[] = {
        { "GET", TERN_HTTP_GET },         { "HEAD", TERN_HTTP_HEAD },
        { "POST", TERN_HTTP_POST },       { "PUT", TERN_HTTP_PUT },
        { "DELETE", TERN_HTTP_DELETE },   { "CONNECT", TERN_HTTP_CONNECT },
        { "OPTIONS", TERN_HTTP_OPTIONS }, { "TRACE", TERN_HTTP_TRACE },
        { "PATCH", TERN_HTTP_PATCH },     { "GE", TERN_HTTP_OTHER },
        { "GETS", TERN_HTTP_OTHER },      { "PROPFIND", TERN_HTTP_OTHER },
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct tern_http_request r;
        char text[64];
        int n = snprintf(text, sizeof text, "%s / HTTP/1.0\r\n\r\n", methods[i].text);
        tern_http_request_init(&r, 0, 0, 0);
        ck_assert_int_eq(parse(&r, text, (size_t)n), TERN_OK);
        ck_assert_uint_eq(r.method, methods[i].method);
        ck_assert_uint_eq(r.minor, 0);
        ck_assert_uint_eq(r.n_fields, 0);
    }
}
END_TEST

START_TEST(test_request_keeps_to_smaller_limits)
{
    static const struct {
        size_t head_max, target_max, fields_max;
        enum tern_http_fault fault;
        size_t off;
    } cases[] = {
        { 25, 0, 0, TERN_HTTP_FAULT_NONE, 25 },
        { 24, 0, 0, TERN_HTTP_HEAD_LONG, 24 },
        { 1, 0, 0, TERN_HTTP_HEAD_LONG, 1 },
        { 0, 2, 0, TERN_HTTP_FAULT_NONE, 25 },
        { 0, 1, 0, TERN_HTTP_TARGET_LONG, 5 },
        { 0, 0, 1, TERN_HTTP_FAULT_NONE, 25 },
        { 5, 1, 0, TERN_HTTP_HEAD_LONG, 5 },
    };
    const char *text = "GET /a HTTP/1.1\r\nA: b\r\n\r\n";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t step = 1; step <= 25; step += 24) {
            struct tern_http_request r;
            enum tern_err err = TERN_AGAIN;
            tern_http_request_init(&r, cases[i].head_max, cases[i].target_max,
                                   cases[i].fields_max);
            for (size_t len = step; len <= 25 && err == TERN_AGAIN; len += step)
                err = parse(&r, text, len);
            ck_assert_int_eq(err, cases[i].fault == TERN_HTTP_FAULT_NONE ? TERN_OK
                                                                        : TERN_MALFORMED);
            ck_assert_uint_eq(r.fault, cases[i].fault);
            ck_assert_uint_eq(r.off, cases[i].off);
        }
}
END_TEST

START_TEST(test_request_that_was_refused_stays_refused)
{
    struct tern_http_request r;
    tern_http_request_init(&r, 0, 0, 0);
    ck_assert_int_eq(parse(&r, "get", 3), TERN_MALFORMED);
    ck_assert_int_eq(parse(&r, browser, sizeof browser - 1), TERN_MALFORMED);
    ck_assert_uint_eq(r.fault, TERN_HTTP_METHOD_CHAR);
}
END_TEST

START_TEST(test_every_fault_has_a_status_and_a_text)
{
    for (unsigned i = 1; i < TERN_HTTP_N_FAULTS; i++) {
        uint16_t status = tern_http_fault_status((enum tern_http_fault)i);
        ck_assert_uint_ge(status, 400);
        ck_assert_str_ne(tern_http_status_text(status), "Unknown");
        ck_assert_uint_gt(strlen(tern_http_fault_text((enum tern_http_fault)i)), 2);
        ck_assert_uint_lt(strlen(tern_http_fault_text((enum tern_http_fault)i)), 80);
    }
    ck_assert_str_eq(tern_http_status_text(999), "Unknown");
}
END_TEST

static bool one_of(unsigned c, const char *set)
{
    return c != 0 && c < 0x80 && strchr(set, (int)c) != NULL;
}

/* The table against the grammars of RFC 9110 section 5.6.2 and RFC 3986 section 2. */
START_TEST(test_character_classes_are_the_grammars)
{
    for (unsigned c = 0; c < 256; c++) {
        bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
        bool digit = c >= '0' && c <= '9', alnum = lower || upper || digit;
        bool token = alnum || one_of(c, "!#$%&'*+-.^_`|~");
        bool unreserved = alnum || one_of(c, "-._~"), sub_delim = one_of(c, "!$&'()*+,;=");
        uint8_t o = (uint8_t)c;
        ck_assert_int_eq(char_is(o, CHAR_TOKEN), token);
        ck_assert_int_eq(char_is(o, CHAR_UPPER), token && !lower);
        ck_assert_int_eq(char_is(o, CHAR_VALUE), c == '\t' || (c >= 0x20 && c != 0x7f));
        ck_assert_int_eq(char_is(o, CHAR_HOST), unreserved || (sub_delim && c != ','));
        ck_assert_int_eq(char_is(o, CHAR_PATH), unreserved || sub_delim || one_of(c, ":@/"));
    }
}
END_TEST

/* Every octet at every place of a word, among every neighbour that could borrow. */
START_TEST(test_scanners_stop_where_the_table_says)
{
    static const uint8_t fill[] = { 'a', 'Z', '-', '~', '!', 'a' };
    for (size_t k = 0; k < sizeof fill; k++)
        for (unsigned c = 0; c < 256; c++)
            for (size_t at = 0; at < 19; at++) {
                uint8_t text[19];
                memset(text, fill[k], sizeof text);
                text[at] = (uint8_t)c;
                const uint8_t *end = text + sizeof text, *stop = text + at;
                bool visible = c > 0x20 && c < 0x7f;
                ck_assert_ptr_eq(scan_token(text, end),
                                 char_is((uint8_t)c, CHAR_TOKEN) ? end : stop);
                ck_assert_ptr_eq(scan_name(text, end), scan_token(text, end));
                ck_assert_ptr_eq(scan_value(text, end),
                                 char_is((uint8_t)c, CHAR_VALUE) ? end : stop);
                ck_assert_ptr_eq(scan_visible(text, end), visible ? end : stop);
            }
}
END_TEST

START_TEST(test_request_init_refuses_another_header)
{
    static struct tern_http_request r;
    ck_assert_int_eq(tern_http_request_init_sized(&r, sizeof r + 8, 0, 0, 0), TERN_MISMATCH);
    ck_assert_uint_eq(r.head_max, 0);
    ck_assert_int_eq(tern_http_request_init(&r, 0, 0, 0), TERN_OK);
}
END_TEST

Suite *http_request_suite(void)
{
    Suite *suite = suite_create("http_request");
    TCase *tcase = tcase_create("http_request");
    tcase_add_test(tcase, test_request_is_parsed_at_once);
    tcase_add_test(tcase, test_request_is_the_same_for_every_cut);
    tcase_add_test(tcase, test_request_reads_no_octet_beyond_its_length);
    tcase_add_test(tcase, test_request_knows_its_methods);
    tcase_add_test(tcase, test_request_keeps_to_smaller_limits);
    tcase_add_test(tcase, test_request_that_was_refused_stays_refused);
    tcase_add_test(tcase, test_every_fault_has_a_status_and_a_text);
    tcase_add_test(tcase, test_character_classes_are_the_grammars);
    tcase_add_test(tcase, test_scanners_stop_where_the_table_says);
    tcase_add_test(tcase, test_request_init_refuses_another_header);
    suite_add_tcase(suite, tcase);
    return suite;
}
