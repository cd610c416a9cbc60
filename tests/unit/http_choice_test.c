/* SPDX-License-Identifier: ISC */
/*
 * What a client says about what it wants, as tables: dates in three forms,
 * tags compared strongly, Accept-Encoding with weights, Range; and the body
 * that several ranges make, piece by piece.
 */
#include "libhttp/http_internal.h"
#include "suites.h"

#include <tern/http.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_S 1700000000u    /* 14 November 2023 */

/* A copy without a terminator, whose end a sanitizer watches. */
static char *exact(const char *text)
{
    size_t len = strlen(text);
    char *copy = malloc(len > 0 ? len : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, len);
    return copy;
}

/* ---- Dates ------------------------------------------------------------------------- */

START_TEST(test_dates_have_three_forms)
{
    static const struct {
        const char *text;
        int64_t unix_s;
    } cases[] = {
        { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
        { "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
        { "Sun Nov  6 08:49:37 1994", 784111777 },
        { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
        { "Wed, 31 Dec 1969 23:59:59 GMT", -1 },
        { "Tue, 29 Feb 2000 00:00:00 GMT", 951782400 },
        { "Tue Feb 29 23:59:59 2000", 951868799 },
        { "Fri Dec 31 23:59:59 9999", 253402300799 },
        { "Mon, 01 Jan 0001 00:00:00 GMT", -62135596800 },
        { "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },    /* a leap second */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t unix_s = 7;
        char *text = exact(cases[i].text);
        ck_assert_msg(tern_http_date_parse(text, strlen(cases[i].text), NOW_S, &unix_s) == TERN_OK,
                      "%s", cases[i].text);
        ck_assert_msg(unix_s == cases[i].unix_s, "%s: %lld", cases[i].text, (long long)unix_s);
        free(text);
    }
}
END_TEST

START_TEST(test_malformed_dates_are_none)
{
    static const char *const cases[] = {
        "", "0", "784111777", "GMT", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 gmt",
        "sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun,  6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ", " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +000", "Sun, 06-Nov-1994 08:49:37 GMT",
        "Mon, 06 Nov 1994 08:49:37 GMT",     /* it was a Sunday */
        "Sun Nov 06 08:49:37 94", "Sun Nov 6 08:49:37 1994", "Mon Nov  6 08:49:37 1994",
        "Sun Nov  0 08:49:37 1994", "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT", "Monday, 06-Nov-94 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Thu, 31 Nov 1994 08:49:37 GMT",
        "Thu, 29 Feb 1900 00:00:00 GMT", "Mon, 29 Feb 2100 00:00:00 GMT",
        "Sun, 32 Jan 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08.49.37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT, x",
        "Mon, 00 Nov 1994 08:49:37 GMT",     /* the day before the first is a Monday */
        "Sun, 06 Nov 1994 08:49:3: GMT", "Sun, 06 Nov 1994 08:49:3/ GMT",
        "Sun, 0x Nov 1994 08:49:37 GMT", "Sun, 06 Nov -994 08:49:37 GMT",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t unix_s;
        char *text = exact(cases[i]);
        ck_assert_msg(tern_http_date_parse(text, strlen(cases[i]), NOW_S, &unix_s) ==
                      TERN_MALFORMED, "%s", cases[i]);
        free(text);
    }
    /* No year at all, whatever day of the week that would have been. */
    static const char days[] = "SunMonTueWedThuFriSat";
    for (size_t day = 0; day < 7; day++) {
        char text[] = "Sun Nov  6 08:49:37 19x4";
        int64_t unix_s;
        memcpy(text, days + 3 * day, 3);
        ck_assert_int_eq(tern_http_date_parse(text, 24, NOW_S, &unix_s), TERN_MALFORMED);
    }
}
END_TEST

/* Every truncation, and every octet of each form replaced by another. */
START_TEST(test_dates_with_one_octet_wrong_are_none)
{
    static const char *const forms[] = { "Sun, 06 Nov 1994 08:49:37 GMT",
                                         "Sunday, 06-Nov-94 08:49:37 GMT",
                                         "Sun Nov  6 08:49:37 1994" };
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(forms[i]);
        int64_t unix_s;
        for (size_t cut = 0; cut < len; cut++)
            ck_assert_int_eq(tern_http_date_parse(forms[i], cut, NOW_S, &unix_s), TERN_MALFORMED);
        for (size_t at = 0; at < len; at++) {
            char *text = exact(forms[i]);
            text[at] = '!';
            ck_assert_int_eq(tern_http_date_parse(text, len, NOW_S, &unix_s), TERN_MALFORMED);
            free(text);
        }
    }
}
END_TEST

/* What is written is read again, up to the last. */
START_TEST(test_dates_are_read_as_they_are_written)
{
    for (uint64_t s = 0; s < UINT64_C(253402300800); s += 86400 * 97 + 3601) {
        char text[TERN_HTTP_DATE_LEN];
        int64_t unix_s = -1;
        tern_http_date_format(s, text);
        ck_assert_int_eq(tern_http_date_parse(text, sizeof text, NOW_S, &unix_s), TERN_OK);
        ck_assert(unix_s == (int64_t)s);
    }
}
END_TEST

/* RFC 9110 section 5.6.7: more than 50 years ahead means the century before. */
START_TEST(test_two_digit_years_are_near)
{
    static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
                                        "Friday", "Saturday" };
    static const struct {
        uint64_t now_s;
        unsigned yy;
        int64_t unix_s;    /* of the first of March */
    } cases[] = {
        { 1700000000, 23, 1677628800 },    /* 2023 */
        { 1700000000, 24, 1709251200 },
        { 1700000000, 73, 3255552000 },    /* 2073: less than 50 years ahead */
        { 1700000000, 74, 131328000 },      /* 1974 */
        { 1700000000, 99, 920246400 },
        { 0, 94, 762480000 },               /* no clock: 1994 */
        { 0, 70, 5097600 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned n = 0;
        for (unsigned d = 0; d < 7; d++) {
            char text[64];
            int64_t unix_s;
            int len = sprintf(text, "%s, 01-Mar-%02u 00:00:00 GMT", days[d], cases[i].yy);
            if (tern_http_date_parse(text, (size_t)len, cases[i].now_s, &unix_s) != TERN_OK)
                continue;
            n++;
            ck_assert_msg(unix_s == cases[i].unix_s, "%s: %lld", text, (long long)unix_s);
        }
        ck_assert_uint_eq(n, 1);    /* one day of the week was right */
    }
}
END_TEST

/* ---- Tags --------------------------------------------------------------------------- */

START_TEST(test_etags_match_strongly)
{
    /* RFC 9110 section 8.8.3.2, its table, and lists. */
    static const struct {
        const char *list, *etag;
        bool strong, weak;
    } cases[] = {
        { "W/\"1\"", "W/\"1\"", false, true },
        { "W/\"1\"", "W/\"2\"", false, false },
        { "W/\"1\"", "\"1\"", false, true },
        { "\"1\"", "\"1\"", true, true },
        { "\"1\"", "W/\"1\"", false, true },
        { "*", "W/\"1\"", true, true },
        { "*", "\"1\"", true, true },
        { "\"2\", W/\"1\", \"1\"", "\"1\"", true, true },
        { "\"2\", W/\"1\"", "\"1\"", false, true },
        { "W/\"2\" , \"1\"", "\"1\"", true, true },
        { "", "\"1\"", false, false },
        { "1", "\"1\"", false, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *list = exact(cases[i].list);
        size_t len = strlen(cases[i].list), etag_len = strlen(cases[i].etag);
        ck_assert_msg(tern_http_etag_match_strong(list, len, cases[i].etag, etag_len) ==
                      cases[i].strong, "%s", cases[i].list);
        ck_assert(tern_http_etag_match(list, len, cases[i].etag, etag_len) == cases[i].weak);
        free(list);
    }
}
END_TEST

/* ---- Codings -------------------------------------------------------------------------- */

START_TEST(test_codings_are_chosen_by_weight)
{
    enum { NONE = -1, ID = TERN_HTTP_IDENTITY, GZ = TERN_HTTP_GZIP, BR = TERN_HTTP_BROTLI };
    enum { WITH_GZ = 1 << GZ, WITH_BR = 1 << BR, ALL = WITH_GZ | WITH_BR };
    static const struct {
        const char *value;    /* NULL: no field */
        unsigned available;
        int chosen;
    } cases[] = {
        { NULL, ALL, ID },
        { "", ALL, ID },
        { "gzip", ALL, GZ },
        { "GZIP", ALL, GZ },
        { "x-gzip", ALL, GZ },
        { "br", ALL, BR },
        { "gzip, br", ALL, BR },
        { "br, gzip", ALL, BR },
        { "gzip, deflate, br, zstd", ALL, BR },
        { "gzip, deflate, br, zstd", WITH_GZ, GZ },
        { "gzip, deflate, br, zstd", 0, ID },
        { "deflate, zstd, compress", ALL, ID },
        { "gzip;q=1.0, br;q=0.5", ALL, GZ },
        { "gzip;q=0.5, br;q=0.501", ALL, BR },
        { "br;q=0, gzip", ALL, GZ },
        { "br;q=0.000, gzip;q=0.001", ALL, GZ },
        { "gzip;q=0.001", ALL, GZ },
        { "gzip;q=0", ALL, ID },
        { "gzip;q=0.5, identity", ALL, ID },
        { "gzip;q=0.5, identity;q=0.5", ALL, GZ },
        { "identity;q=0.5, gzip;q=0.4", ALL, ID },
        { "identity", ALL, ID },
        { "*", ALL, BR },
        { "*", WITH_GZ, GZ },
        { "*", 0, ID },
        { "*;q=0.5, br;q=0.4", ALL, GZ },
        { "gzip;q=1.0, identity; q=0.5, *;q=0", ALL, GZ },    /* an example of the RFC */
        { "gzip;q=1.0, identity; q=0.5, *;q=0", WITH_BR, ID },
        { "*;q=0", ALL, NONE },
        { "*;q=0, identity", ALL, ID },
        { "*;q=0, gzip", ALL, GZ },
        { "*;q=0, gzip", WITH_BR, NONE },
        { "identity;q=0", ALL, NONE },
        { "identity;q=0, gzip", ALL, GZ },
        { "identity;q=0, gzip", 0, NONE },
        { "identity;q=0, *", WITH_BR, BR },
        { "gzip ; q=0.8 , br\t;\tq=0.9", ALL, BR },
        { "gzip;Q=0.8", ALL, GZ },
        { ",, gzip ,", ALL, GZ },
        { "gzip;q=2", ALL, ID },           /* malformed elements say nothing */
        { "gzip;q=1.001", ALL, ID },
        { "gzip;q=0.1234", ALL, ID },
        { "gzip;q=", ALL, ID },
        { "gzip;q=.5", ALL, ID },
        { "gzip;q=0,5", ALL, ID },
        { "gzip;q=-1", ALL, ID },
        { "gzip;level=9", ALL, ID },
        { "gzip;", ALL, ID },
        { "gzip br", ALL, ID },
        { "gzipp, bro", ALL, ID },
        /* Read as a weight, each of these would refuse identity, or take gzip. */
        { "identity;q=2", ALL, ID },
        { "identity;q=0x", ALL, ID },
        { "identity;q=0.0000", ALL, ID },
        { "identity xq=0", ALL, ID },
        { "identity;x=0", ALL, ID },
        { "identity;q:0", ALL, ID },
        { "identity;q", ALL, ID },
        { "gzip;q=0.:", ALL, ID },
        { "gzip;q=1./", ALL, ID },
        { "gzip;q=1.", ALL, GZ },
        { "gzip;q=1.000, br;q=1", ALL, BR },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tern_http_accept accept;
        enum tern_http_coding coding;
        tern_http_accept_init(&accept);
        if (cases[i].value != NULL) {
            char *value = exact(cases[i].value);
            tern_http_accept_parse(&accept, value, strlen(cases[i].value));
            free(value);
        }
        bool found = tern_http_accept_choose(&accept, cases[i].available, &coding);
        ck_assert_msg(found == (cases[i].chosen != NONE), "%s", cases[i].value);
        ck_assert_msg(!found || (int)coding == cases[i].chosen, "%s: %s", cases[i].value,
                      tern_http_coding_text(coding));
    }
}
END_TEST

/* ---- Ranges ---------------------------------------------------------------------------- */

static void ranges_text(const struct tern_http_ranges *ranges, char *to)
{
    *to = '\0';
    for (size_t i = 0; i < ranges->n; i++)
        to += sprintf(to, "%s%llu-%llu", i > 0 ? "," : "",
                      (unsigned long long)ranges->range[i].first,
                      (unsigned long long)ranges->range[i].last);
}

START_TEST(test_ranges_are_read)
{
    static const struct {
        const char *value;
        uint64_t len;
        enum tern_err err;
        const char *ranges;
    } cases[] = {
        /* RFC 9110 section 14.1.2: examples for 10,000 octets */
        { "bytes=0-499", 10000, TERN_OK, "0-499" },
        { "bytes=500-999", 10000, TERN_OK, "500-999" },
        { "bytes=-500", 10000, TERN_OK, "9500-9999" },
        { "bytes=9500-", 10000, TERN_OK, "9500-9999" },
        { "bytes=0-0,-1", 10000, TERN_OK, "0-0,9999-9999" },
        { "bytes= 0-999, 4500-5499, -1000", 10000, TERN_OK, "0-999,4500-5499,9000-9999" },
        { "bytes=500-600,601-999", 10000, TERN_OK, "500-999" },
        { "bytes=500-700,601-999", 10000, TERN_OK, "500-999" },
        { "BYTES=0-1", 10000, TERN_OK, "0-1" },
        /* ends */
        { "bytes=0-", 10000, TERN_OK, "0-9999" },
        { "bytes=9999-", 10000, TERN_OK, "9999-9999" },
        { "bytes=9999-20000", 10000, TERN_OK, "9999-9999" },
        { "bytes=10000-", 10000, TERN_OK, "" },
        { "bytes=-0", 10000, TERN_OK, "" },
        { "bytes=-10000", 10000, TERN_OK, "0-9999" },
        { "bytes=-10001", 10000, TERN_OK, "0-9999" },
        { "bytes=0-0", 1, TERN_OK, "0-0" },
        { "bytes=1-1", 1, TERN_OK, "" },
        { "bytes=0-", 0, TERN_OK, "" },
        { "bytes=-1", 0, TERN_OK, "" },
        { "bytes=20000-,5-6", 10000, TERN_OK, "5-6" },
        { "bytes=18446744073709551614-18446744073709551615", UINT64_MAX, TERN_OK,
          "18446744073709551614-18446744073709551614" },
        { "bytes=0-18446744073709551616", UINT64_MAX, TERN_OK, "0-18446744073709551614" },
        { "bytes=00000000000000000000000005-6", 10000, TERN_OK, "5-6" },
        /* order is kept; what is close becomes one, where the first of it was */
        { "bytes=9000-9001,0-1", 10000, TERN_OK, "9000-9001,0-1" },
        { "bytes=0-1,3-4", 10000, TERN_OK, "0-1,3-4" },
        { "bytes=0-1,2-4", 10000, TERN_OK, "0-4" },
        { "bytes=3-4,0-1", 10000, TERN_OK, "3-4,0-1" },
        { "bytes=2-4,0-1", 10000, TERN_OK, "0-4" },
        { "bytes=0-1,5000-5001,2-3", 10000, TERN_OK, "0-3,5000-5001" },
        { "bytes=0-1,5000-5001,9000-9001,1000-9000", 10000, TERN_OK, "0-1,1000-9001" },
        { "bytes=9000-9001,0-1,5000-5001,2-9500", 10000, TERN_OK, "0-9500" },
        { "bytes=5-6,5-6,5-6", 10000, TERN_OK, "5-6" },
        { "bytes=,,5-6,", 10000, TERN_OK, "5-6" },
        /* invalid: to be ignored */
        { "bytes=6-5", 10000, TERN_MALFORMED, NULL },
        { "bytes=0-1,6-5", 10000, TERN_MALFORMED, NULL },
        { "bytes=", 10000, TERN_MALFORMED, NULL },
        { "bytes=,", 10000, TERN_MALFORMED, NULL },
        { "bytes=-", 10000, TERN_MALFORMED, NULL },
        { "bytes=5", 10000, TERN_MALFORMED, NULL },
        { "bytes=a-b", 10000, TERN_MALFORMED, NULL },
        { "bytes=0-1-2", 10000, TERN_MALFORMED, NULL },
        { "bytes=--1", 10000, TERN_MALFORMED, NULL },
        { "bytes=0 -1", 10000, TERN_MALFORMED, NULL },
        { "bytes=0-1;2-3", 10000, TERN_MALFORMED, NULL },
        { "bytes=0x0-1", 10000, TERN_MALFORMED, NULL },
        { "bytes=0x5", 10000, TERN_MALFORMED, NULL },
        { "bytes=-5x", 10000, TERN_MALFORMED, NULL },
        { "bytes=-5-", 10000, TERN_MALFORMED, NULL },
        { "bytes =0-1", 10000, TERN_MALFORMED, NULL },
        { "bytes", 10000, TERN_MALFORMED, NULL },
        { "=0-1", 10000, TERN_MALFORMED, NULL },
        { "", 10000, TERN_MALFORMED, NULL },
        { "lines=0-1", 10000, TERN_UNSUPPORTED, NULL },
        { "bytes2=0-1", 10000, TERN_UNSUPPORTED, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tern_http_ranges ranges;
        char text[1024], *value = exact(cases[i].value);
        enum tern_err err = tern_http_range_parse(value, strlen(cases[i].value), cases[i].len,
                                                  &ranges);
        ck_assert_msg(err == cases[i].err, "%s: %d", cases[i].value, (int)err);
        if (err == TERN_OK) {
            ranges_text(&ranges, text);
            ck_assert_msg(strcmp(text, cases[i].ranges) == 0, "%s: %s", cases[i].value, text);
        }
        free(value);
    }
}
END_TEST

START_TEST(test_ranges_have_limits)
{
    char value[4096], *at;
    struct tern_http_ranges ranges;
    for (unsigned n = 15; n <= 17; n++) {    /* parts */
        at = value + sprintf(value, "bytes=");
        for (unsigned i = 0; i < n; i++)
            at += sprintf(at, "%u-%u,", 1000 * i, 1000 * i + 1);
        enum tern_err err = tern_http_range_parse(value, strlen(value), 100000, &ranges);
        ck_assert_int_eq(err, n <= TERN_HTTP_RANGES_MAX ? TERN_OK : TERN_FULL);
        ck_assert(err != TERN_OK || ranges.n == n);
    }
    for (unsigned n = 63; n <= 65; n++) {    /* elements */
        at = value + sprintf(value, "bytes=");
        for (unsigned i = 0; i < n; i++)
            at += sprintf(at, "%u-,", i);
        enum tern_err err = tern_http_range_parse(value, strlen(value), 100000, &ranges);
        ck_assert_int_eq(err, n <= TERN_HTTP_RANGE_SPECS_MAX ? TERN_OK : TERN_FULL);
        ck_assert(err != TERN_OK || ranges.n == 1);
    }
}
END_TEST

/* A body is the same from whatever offset one goes on. */
START_TEST(test_body_of_parts_from_every_offset)
{
    static const char wanted[] =
        "--tern-a_b-1\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/9000\r\n\r\n@@"
        "\r\n--tern-a_b-1\r\nContent-Type: text/plain\r\nContent-Range: bytes 5000-5002/9000\r\n"
        "\r\n@@@\r\n--tern-a_b-1--\r\n";
    struct tern_http_body body = {
        .len = sizeof wanted - 1, .complete_len = 9000, .content_type = "text/plain",
        .etag = "\"a/b-1\"", .ranges = { 2, { { 0, 1 }, { 5000, 5002 } } },
    };
    for (uint64_t from = 0; from < body.len; from++) {
        char text[sizeof wanted];
        size_t n = 0;
        struct tern_http_piece piece;
        for (uint64_t at = from; at < body.len; at += piece.len) {
            tern_http_body_piece(&body, at, &piece);
            ck_assert_uint_gt(piece.len, 0);
            ck_assert_uint_le(piece.len, body.len - at);
            if (piece.is_text) {
                memcpy(text + n, piece.text + piece.off, (size_t)piece.len);
            } else {
                ck_assert(piece.off + piece.len == 2 || piece.off + piece.len == 5003);
                memset(text + n, '@', (size_t)piece.len);
            }
            n += (size_t)piece.len;
        }
        ck_assert_uint_eq(n, body.len - from);
        ck_assert_mem_eq(text, wanted + from, n);
    }
}
END_TEST

START_TEST(test_body_of_parts_has_room_for_its_type)
{
    char type[130];
    struct tern_http_body body = {
        .complete_len = 9000, .content_type = type, .etag = "\"e\"",
        .ranges = { 2, { { 0, 1 }, { 5000, 5002 } } },
    };
    memset(type, 't', sizeof type);
    type[128] = '\0';
    ck_assert(tern_http_body_measure(&body));
    type[128] = 't';
    type[129] = '\0';
    ck_assert(!tern_http_body_measure(&body));
}
END_TEST

Suite *http_choice_suite(void)
{
    Suite *suite = suite_create("http_choice");
    TCase *tcase = tcase_create("http_choice");
    tcase_add_test(tcase, test_dates_have_three_forms);
    tcase_add_test(tcase, test_malformed_dates_are_none);
    tcase_add_test(tcase, test_dates_with_one_octet_wrong_are_none);
    tcase_add_test(tcase, test_dates_are_read_as_they_are_written);
    tcase_add_test(tcase, test_two_digit_years_are_near);
    tcase_add_test(tcase, test_etags_match_strongly);
    tcase_add_test(tcase, test_codings_are_chosen_by_weight);
    tcase_add_test(tcase, test_ranges_are_read);
    tcase_add_test(tcase, test_ranges_have_limits);
    tcase_add_test(tcase, test_body_of_parts_from_every_offset);
    tcase_add_test(tcase, test_body_of_parts_has_room_for_its_type);
    suite_add_tcase(suite, tcase);
    return suite;
}
