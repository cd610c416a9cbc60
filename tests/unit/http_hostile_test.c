/* SPDX-License-Identifier: ISC */
/*
 * Hostile HTTP/1: what breaks the grammar is answered exactly, counted once and
 * ends the connection; nothing behind it is ever read as a request. Every
 * request is given whole and octet by octet, with the same result.
 */
#include "http_fixture.h"
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct http_fixture f;

#define GET_HOST "GET / HTTP/1.1\r\nHost: x\r\n"
#define POST_HOST "POST /sink HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED POST_HOST "Transfer-Encoding: chunked\r\n\r\n"
#define SMUGGLED "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

enum { NOWHERE = -1 };    /* the answer names no octet */

/* Gives text in pieces; asserts the fault's answer, its counter, and the end. */
static void refused_cut(const char *text, size_t len, size_t cut, enum tern_http_fault fault,
                        int off)
{
    char wanted[512];
    bool head = strncmp(text, "HEAD ", 5) == 0;
    uint64_t n_faults = 0;
    fixture_init(&f);
    fixture_open(&f);
    (void)fixture_input_cut(&f, text, len, cut);
    fixture_refusal(wanted, sizeof wanted, fault, off, head);
    ck_assert_msg(strcmp(fixture_out(&f), wanted) == 0, "cut %zu of %s\ngot:\n%s\nwanted:\n%s", cut,
                  text, fixture_out(&f), wanted);
    for (size_t i = 0; i < TERN_HTTP_N_FAULTS; i++)
        n_faults += f.server.stats.faults[i];
    ck_assert_uint_eq(n_faults, 1);
    ck_assert_uint_eq(f.server.stats.faults[fault], 1);
    ck_assert_ptr_null(strstr(fixture_log(&f), "/smuggled"));
    ck_assert_uint_le(f.server.stats.requests, 1);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_FINISHED);
    ck_assert(fixture_end(&f));
}

static void refused_len(const char *text, size_t len, enum tern_http_fault fault, int off)
{
    refused_cut(text, len, SIZE_MAX, fault, off);
    refused_cut(text, len, 1, fault, off);
    refused_cut(text, len, 7, fault, off);
}

static void refused(const char *text, enum tern_http_fault fault, int off)
{
    refused_len(text, strlen(text), fault, off);
}

/* The head is followed by what must not become a request. */
static void head_refused(const char *text, enum tern_http_fault fault, int off)
{
    char whole[4096];
    snprintf(whole, sizeof whole, "%s\r\n%s", text, SMUGGLED);
    refused(whole, fault, off);
}

/* Is served: one request, and the connection goes on. */
static void served_cut(const char *text, size_t cut, const char *log)
{
    fixture_init(&f);
    fixture_open(&f);
    (void)fixture_input_cut(&f, text, strlen(text), cut);
    ck_assert_msg(strncmp(fixture_out(&f), "HTTP/1.1 200 OK\r\n", 17) == 0, "%s\n%s", text,
                  fixture_out(&f));
    if (log != NULL)
        ck_assert_str_eq(fixture_log(&f), log);
    ck_assert_int_eq(tern_feed_state(&f.feed), TERN_FEED_OPEN);
    ck_assert(fixture_end(&f));
}

static void served(const char *text, const char *log)
{
    served_cut(text, SIZE_MAX, log);
    served_cut(text, 1, log);
}

static int off_of(const char *text, const char *piece)
{
    const char *p = strstr(text, piece);
    ck_assert_ptr_nonnull(p);
    return (int)(p - text);
}

/* A field line behind GET and Host is refused at an octet of the line. */
static void line_refused(const char *line, enum tern_http_fault fault, int off_in_line)
{
    char text[2048];
    snprintf(text, sizeof text, GET_HOST "%s\r\n", line);
    head_refused(text, fault, (int)strlen(GET_HOST) + off_in_line);
}

static void post_refused(const char *lines, enum tern_http_fault fault, int off_in_lines)
{
    char text[2048];
    snprintf(text, sizeof text, POST_HOST "%s\r\n", lines);
    head_refused(text, fault, (int)strlen(POST_HOST) + off_in_lines);
}

/* 1: "Content-Length: 5" twice, the same value or two different ones: 400 and the end. */
START_TEST(hostile_http_1_content_length_twice)
{
    post_refused("Content-Length: 5\r\nContent-Length: 5", TERN_HTTP_LENGTH_TWICE, 19);
    post_refused("Content-Length: 5\r\nContent-Length: 6", TERN_HTTP_LENGTH_TWICE, 19);
    post_refused("Content-Length: 0\r\ncontent-LENGTH: 0", TERN_HTTP_LENGTH_TWICE, 19);
    post_refused("Content-Length: 5\r\nX: y\r\nContent-Length: 5\r\nContent-Length: 5",
                 TERN_HTTP_LENGTH_TWICE, 25);
}
END_TEST

/* 2: a list, signs, hexadecimal, nothing, inner space, 2^63 and more; OWS around is allowed. */
START_TEST(hostile_http_2_content_length_is_no_number)
{
    static const char *const bad[] = {
        "5, 5", "5,5", "+5", "-1", "0x5", "5 6", "", "5\xa0", "18446744073709551616",
        "9223372036854775808", "99999999999999999999", "00000000000000000005", "5.0", "1e3", "5;",
        "\"5\"", "five",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[128];
        snprintf(line, sizeof line, "Content-Length: %s", bad[i]);
        post_refused(line, TERN_HTTP_LENGTH_MALFORMED, 16);
    }
    served(POST_HOST "Content-Length: \t 5 \t\r\n\r\nhello", NULL);
    served(POST_HOST "Content-Length:5\r\n\r\nhello", NULL);
    served(POST_HOST "Content-Length: 0000000000000000005\r\n\r\nhello", NULL);
    /* The largest number is a number: it is the limit of a body that refuses it. */
    head_refused(POST_HOST "Content-Length: 9223372036854775807\r\n", TERN_HTTP_BODY_LONG, NOWHERE);
    head_refused(POST_HOST "Content-Length: 1048577\r\n", TERN_HTTP_BODY_LONG, NOWHERE);
}
END_TEST

/* 3: Content-Length and Transfer-Encoding in one request, both orders. */
START_TEST(hostile_http_3_length_and_coding)
{
    post_refused("Content-Length: 5\r\nTransfer-Encoding: chunked",
                 TERN_HTTP_LENGTH_AND_CODING, 19);
    post_refused("Transfer-Encoding: chunked\r\nContent-Length: 5",
                 TERN_HTTP_LENGTH_AND_CODING, 28);
    post_refused("Transfer-Encoding: chunked\r\nX: y\r\nContent-Length: 0",
                 TERN_HTTP_LENGTH_AND_CODING, 34);
    post_refused("Content-Length: x\r\nTransfer-Encoding: gzip", TERN_HTTP_LENGTH_AND_CODING, 19);
}
END_TEST

/* 4: Transfer-Encoding's value after VT or 0xA0, its name before a space or tab. */
START_TEST(hostile_http_4_coding_behind_odd_space)
{
    post_refused("Transfer-Encoding: \vchunked", TERN_HTTP_VALUE_CHAR, 19);
    post_refused("Transfer-Encoding:\vchunked", TERN_HTTP_VALUE_CHAR, 18);
    post_refused("Transfer-Encoding: \fchunked", TERN_HTTP_VALUE_CHAR, 19);
    post_refused("Transfer-Encoding: \xa0" "chunked", TERN_HTTP_CODING_MALFORMED, 19);
    post_refused("Transfer-Encoding: chunked\x0b", TERN_HTTP_VALUE_CHAR, 26);
    post_refused("Transfer-Encoding : chunked", TERN_HTTP_NAME_SPACE, 17);
    post_refused("Transfer-Encoding\t: chunked", TERN_HTTP_NAME_SPACE, 17);
    post_refused(" Transfer-Encoding: chunked", TERN_HTTP_LINE_FOLDED, 0);
    post_refused("\tTransfer-Encoding: chunked", TERN_HTTP_LINE_FOLDED, 0);
    post_refused("\vTransfer-Encoding: chunked", TERN_HTTP_NAME_CHAR, 0);
    post_refused("\xa0Transfer-Encoding: chunked", TERN_HTTP_NAME_CHAR, 0);
    /* Space and tab around a value are the grammar's own. */
    served(POST_HOST "Transfer-Encoding: \t chunked \t\r\n\r\n0\r\n\r\n", NULL);
}
END_TEST

/* 5: chunked twice, not last, as a part of a word; two fields; nothing; unknown codings. */
START_TEST(hostile_http_5_transfer_codings)
{
    static const struct {
        const char *value;
        enum tern_http_fault fault;
    } cases[] = {
        { "chunked, chunked", TERN_HTTP_CODING_MALFORMED },
        { "chunked,chunked", TERN_HTTP_CODING_MALFORMED },
        { "chunked, gzip", TERN_HTTP_CODING_MALFORMED },
        { "chunked, identity", TERN_HTTP_CODING_MALFORMED },
        { "identity", TERN_HTTP_CODING_MALFORMED },
        { "identity, chunked", TERN_HTTP_CODING_MALFORMED },
        { "", TERN_HTTP_CODING_MALFORMED },
        { ",", TERN_HTTP_CODING_MALFORMED },
        { "chunked,", TERN_HTTP_CODING_MALFORMED },
        { ",chunked", TERN_HTTP_CODING_MALFORMED },
        { "\"chunked\"", TERN_HTTP_CODING_MALFORMED },
        { "xchunked", TERN_HTTP_CODING_MALFORMED },
        { "chunkedchunked", TERN_HTTP_CODING_MALFORMED },
        { "chunked chunked", TERN_HTTP_CODING_MALFORMED },
        { "chunke", TERN_HTTP_CODING_MALFORMED },
        { "chunked;q=1", TERN_HTTP_CODING_MALFORMED },
        { "gzip", TERN_HTTP_CODING_MALFORMED },
        { "chunked x, gzip", TERN_HTTP_CODING_MALFORMED },
        { "\xa0gzip, chunked", TERN_HTTP_CODING_MALFORMED },
        { "gzip, chunked", TERN_HTTP_CODING_UNKNOWN },
        { "gzip;q=1, br, chunked", TERN_HTTP_CODING_UNKNOWN },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[128];
        snprintf(line, sizeof line, "Transfer-Encoding: %s", cases[i].value);
        post_refused(line, cases[i].fault, 19);
    }
    post_refused("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                 TERN_HTTP_CODING_TWICE, 28);
    post_refused("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
                 TERN_HTTP_CODING_TWICE, 28);
    post_refused("Transfer-Encoding:\r\nContent-Length: 5", TERN_HTTP_LENGTH_AND_CODING, 20);
    post_refused("Content-Length: 5\r\nTransfer-Encoding:", TERN_HTTP_LENGTH_AND_CODING, 19);
    served(POST_HOST "Transfer-Encoding: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n", NULL);
}
END_TEST

/* 6: Transfer-Encoding in an HTTP/1.0 request; the connection is never used again. */
START_TEST(hostile_http_6_coding_in_http_1_0)
{
    const char *text = "POST / HTTP/1.0\r\nConnection: keep-alive\r\n"
                       "Transfer-Encoding: chunked\r\n";
    head_refused(text, TERN_HTTP_CODING_VERSION, off_of(text, "Transfer"));
}
END_TEST

/* 7: a bare LF at the end of every kind of line, and right after the target. */
START_TEST(hostile_http_7_bare_lf)
{
    refused("GET /\n", TERN_HTTP_LINE_BARE_LF, 5);
    refused("GET\n", TERN_HTTP_LINE_BARE_LF, 3);
    refused("GET / HTTP/1.1\nHost: x\r\n\r\n" SMUGGLED, TERN_HTTP_LINE_BARE_LF, 14);
    refused("GET / HTTP/1.1\r\nHost: x\n\r\n" SMUGGLED, TERN_HTTP_LINE_BARE_LF, 23);
    refused(GET_HOST "A: b\nC: d\r\n\r\n" SMUGGLED, TERN_HTTP_LINE_BARE_LF,
            (int)strlen(GET_HOST) + 4);
    refused(GET_HOST "\n" SMUGGLED, TERN_HTTP_LINE_BARE_LF, (int)strlen(GET_HOST));
    refused("\n" SMUGGLED, TERN_HTTP_LINE_BARE_LF, 0);
    refused(CHUNKED "5\nhello\r\n0\r\n\r\n" SMUGGLED, TERN_HTTP_LINE_BARE_LF, NOWHERE);
    refused(CHUNKED "5;a\nhello\r\n0\r\n\r\n" SMUGGLED, TERN_HTTP_LINE_BARE_LF, NOWHERE);
    refused(CHUNKED "5;a=b\nhello\r\n0\r\n\r\n" SMUGGLED, TERN_HTTP_LINE_BARE_LF, NOWHERE);
    refused(CHUNKED "0\n\n" SMUGGLED, TERN_HTTP_LINE_BARE_LF, NOWHERE);
    refused(CHUNKED "0\r\n\n" SMUGGLED, TERN_HTTP_LINE_BARE_LF, NOWHERE);
    refused(CHUNKED "0\r\nX: y\n\r\n" SMUGGLED, TERN_HTTP_LINE_BARE_LF, NOWHERE);
    refused(CHUNKED "0\r\nX: y\r\n\n" SMUGGLED, TERN_HTTP_LINE_BARE_LF, NOWHERE);
    refused(CHUNKED "5\r\nhello\n0\r\n\r\n" SMUGGLED, TERN_HTTP_CHUNK_END_MISSING, NOWHERE);
}
END_TEST

/* 8: a bare CR inside a value, CR not followed by LF, CR CR LF. */
START_TEST(hostile_http_8_bare_cr)
{
    line_refused("A: b\rc", TERN_HTTP_LINE_BARE_CR, 5);
    line_refused("A: b\r\r", TERN_HTTP_LINE_BARE_CR, 5);
    line_refused("A: \r b", TERN_HTTP_LINE_BARE_CR, 4);
    line_refused("A\rB: c", TERN_HTTP_NAME_NO_COLON, 1);
    refused("GET / HTTP/1.1\rHost: x\r\n\r\n", TERN_HTTP_LINE_BARE_CR, 15);
    refused("GET / HTTP/1.1\r\r\nHost: x\r\n\r\n", TERN_HTTP_LINE_BARE_CR, 15);
    refused(GET_HOST "\rX" SMUGGLED, TERN_HTTP_LINE_BARE_CR, (int)strlen(GET_HOST) + 1);
    refused("\rGET / HTTP/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_LINE_BARE_CR, 1);
    refused("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_METHOD_CHAR, 2);
    refused("GET /\r HTTP/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_VERSION_MALFORMED, 5);
    refused(CHUNKED "5\rhello\r\n0\r\n\r\n", TERN_HTTP_LINE_BARE_CR, NOWHERE);
    refused(CHUNKED "5\r\r\nhello\r\n0\r\n\r\n", TERN_HTTP_LINE_BARE_CR, NOWHERE);
    refused(CHUNKED "0\r\nX: a\rb\r\n\r\n", TERN_HTTP_LINE_BARE_CR, NOWHERE);
    refused(CHUNKED "0\r\n\rX", TERN_HTTP_LINE_BARE_CR, NOWHERE);
    /* One empty line before a request is skipped (RFC 9112 section 2.2). */
    served("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / @x [Host=x] 0\n");
}
END_TEST

/* 9: obs-fold in the first field, in the middle, after Transfer-Encoding and Content-Length. */
START_TEST(hostile_http_9_folded_fields)
{
    head_refused("GET / HTTP/1.1\r\nHost: x\r\n y\r\n", TERN_HTTP_LINE_FOLDED, 25);
    line_refused("A: b\r\n c\r\nD: e", TERN_HTTP_LINE_FOLDED, 6);
    line_refused("A: b\r\n\tc", TERN_HTTP_LINE_FOLDED, 6);
    line_refused("A:\r\n b", TERN_HTTP_LINE_FOLDED, 4);
    post_refused("Transfer-Encoding:\r\n chunked", TERN_HTTP_LINE_FOLDED, 20);
    post_refused("Transfer-Encoding: chunked\r\n ,gzip", TERN_HTTP_LINE_FOLDED, 28);
    post_refused("Content-Length: 5\r\n 6", TERN_HTTP_LINE_FOLDED, 19);
    refused(GET_HOST " \r\n" SMUGGLED, TERN_HTTP_LINE_FOLDED, (int)strlen(GET_HOST));
    refused(CHUNKED "0\r\nA: b\r\n c\r\n\r\n" SMUGGLED, TERN_HTTP_LINE_FOLDED, NOWHERE);
}
END_TEST

/* 10: space before the first field or a colon; no colon; no name. */
START_TEST(hostile_http_10_lines_without_name_or_colon)
{
    head_refused("GET / HTTP/1.1\r\n Host: x\r\n", TERN_HTTP_LINE_SPACE_FIRST, 16);
    head_refused("GET / HTTP/1.1\r\n\tHost: x\r\n", TERN_HTTP_LINE_SPACE_FIRST, 16);
    line_refused("A : b", TERN_HTTP_NAME_SPACE, 1);
    line_refused("A\t: b", TERN_HTTP_NAME_SPACE, 1);
    line_refused("Content-Length 10", TERN_HTTP_NAME_SPACE, 14);
    line_refused("Content-Length", TERN_HTTP_NAME_NO_COLON, 14);
    line_refused(": b", TERN_HTTP_NAME_EMPTY, 0);
    line_refused(":", TERN_HTTP_NAME_EMPTY, 0);
    refused(CHUNKED "0\r\nA : b\r\n\r\n", TERN_HTTP_NAME_SPACE, NOWHERE);
    refused(CHUNKED "0\r\nA\x01: b\r\n\r\n", TERN_HTTP_NAME_CHAR, NOWHERE);
    refused(CHUNKED "0\r\nA(: b\r\n\r\n", TERN_HTTP_NAME_CHAR, NOWHERE);
    line_refused("A(B): c", TERN_HTTP_NAME_CHAR, 1);
    refused(CHUNKED "0\r\n: b\r\n\r\n", TERN_HTTP_NAME_EMPTY, NOWHERE);
    refused(CHUNKED "0\r\nA\r\n\r\n", TERN_HTTP_NAME_NO_COLON, NOWHERE);
    refused(CHUNKED "0\r\n A: b\r\n\r\n", TERN_HTTP_LINE_FOLDED, NOWHERE);
    served(GET_HOST "A:\r\nB: \r\n\r\n", "GET / @x [Host=x] [A=] [B=] 0\n");
}
END_TEST

/* 11: control characters everywhere; obs-text only in values. */
START_TEST(hostile_http_11_control_characters)
{
    for (unsigned c = 0; c < 256; c++) {
        char text[256];
        int n;
        bool control = c < 0x20 || c == 0x7f;
        if (c == '\r' || c == '\n')
            continue;
        /* In a value, at each place of a word of eight octets. */
        for (int at = 0; at < 9; at++) {
            n = snprintf(text, sizeof text, GET_HOST "A: %.*sZ345678901\r\n\r\n", at, "abcdefghij");
            text[strlen(GET_HOST) + 3 + (size_t)at] = (char)c;
            if (control && c != '\t')
                refused_cut(text, (size_t)n, at == 3 ? 1 : SIZE_MAX, TERN_HTTP_VALUE_CHAR,
                            (int)strlen(GET_HOST) + 3 + at);
        }
        /* In a name. */
        n = snprintf(text, sizeof text, GET_HOST "abcdZefgh: b\r\n\r\n");
        text[strlen(GET_HOST) + 4] = (char)c;
        if (control || c >= 0x80)
            refused_len(text, (size_t)n, c == '\t' ? TERN_HTTP_NAME_SPACE : TERN_HTTP_NAME_CHAR,
                        (int)strlen(GET_HOST) + 4);
        /* In a target. */
        n = snprintf(text, sizeof text, "GET /abcdZefgh HTTP/1.1\r\nHost: x\r\n\r\n");
        text[9] = (char)c;
        if (control || c >= 0x80)
            refused_len(text, (size_t)n, TERN_HTTP_TARGET_CHAR, 9);
        /* In a method. */
        n = snprintf(text, sizeof text, "GEZT / HTTP/1.1\r\nHost: x\r\n\r\n");
        text[2] = (char)c;
        if (control || c >= 0x80)
            refused_len(text, (size_t)n, TERN_HTTP_METHOD_CHAR, 2);
    }
    served(GET_HOST "A: caf\xc3\xa9 \x80\xff\tb\r\n\r\n",
           "GET / @x [Host=x] [A=caf\xc3\xa9 \x80\xff\tb] 0\n");
}
END_TEST

/* 12: chunk sizes with prefix, sign, nothing, too many digits; extensions without end. */
START_TEST(hostile_http_12_chunk_sizes_and_extensions)
{
    static const struct {
        const char *line;
        enum tern_http_fault fault;
    } cases[] = {
        { "0x1", TERN_HTTP_CHUNK_SIZE_MALFORMED },
        { "1_0", TERN_HTTP_CHUNK_SIZE_MALFORMED },
        { "+1", TERN_HTTP_CHUNK_SIZE_MALFORMED },
        { "-1", TERN_HTTP_CHUNK_SIZE_MALFORMED },
        { "", TERN_HTTP_CHUNK_SIZE_MALFORMED },
        { " 1", TERN_HTTP_CHUNK_SIZE_MALFORMED },
        { "g", TERN_HTTP_CHUNK_SIZE_MALFORMED },
        { "1 ", TERN_HTTP_CHUNK_SIZE_MALFORMED },
        { "1\t", TERN_HTTP_CHUNK_SIZE_MALFORMED },
        { "1 2", TERN_HTTP_CHUNK_SIZE_MALFORMED },
        { ";a", TERN_HTTP_CHUNK_SIZE_MALFORMED },
        { "00000000000000001", TERN_HTTP_CHUNK_SIZE_LONG },
        { "12345678901234567", TERN_HTTP_CHUNK_SIZE_LONG },
        { "FFFFFFFFFFFFFFFF", TERN_HTTP_CHUNK_SIZE_LONG },
        { "8000000000000000", TERN_HTTP_CHUNK_SIZE_LONG },
        { "7FFFFFFFFFFFFFFF", TERN_HTTP_BODY_LONG },
        { "100001", TERN_HTTP_BODY_LONG },
        { "1;", TERN_HTTP_CHUNK_EXT_MALFORMED },
        { "1;;a", TERN_HTTP_CHUNK_EXT_MALFORMED },
        { "1;=b", TERN_HTTP_CHUNK_EXT_MALFORMED },
        { "1;a=", TERN_HTTP_CHUNK_EXT_MALFORMED },
        { "1;a ", TERN_HTTP_CHUNK_EXT_MALFORMED },
        { "1;a b", TERN_HTTP_CHUNK_EXT_MALFORMED },
        { "1;a=b ", TERN_HTTP_CHUNK_SIZE_MALFORMED },
        { "1;a=\"", TERN_HTTP_CHUNK_EXT_MALFORMED },
        { "1;a=\"b\\", TERN_HTTP_CHUNK_EXT_MALFORMED },
        { "1;a=\"b\"c", TERN_HTTP_CHUNK_EXT_MALFORMED },
        { "1;a=\"\x01\"", TERN_HTTP_CHUNK_EXT_MALFORMED },
        { "1;\x01", TERN_HTTP_CHUNK_EXT_MALFORMED },
        { "1;a\x7f", TERN_HTTP_CHUNK_EXT_MALFORMED },
    };
    char text[1024];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(text, sizeof text, CHUNKED "%s\r\nx\r\n0\r\n\r\n" SMUGGLED, cases[i].line);
        refused(text, cases[i].fault, NOWHERE);
    }
    refused(CHUNKED "1;a=\"\r\n\"\r\nx\r\n0\r\n\r\n" SMUGGLED, TERN_HTTP_CHUNK_EXT_MALFORMED,
            NOWHERE);
    served(CHUNKED "1 \t ;a\r\nx\r\n0\r\n\r\n", NULL);    /* BWS, RFC 9110 section 5.6.3 */
    served(CHUNKED "1;a;b=c;d=\"e \\\" ; f\" ; g = h\r\nx\r\n0;last\r\n\r\n", NULL);
    served(CHUNKED "0000000000000001\r\nx\r\n0000000000000000\r\n\r\n", NULL);
    served(CHUNKED "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", NULL);
}
END_TEST

/* 12: extensions of a megabyte, zeros by the hundred thousand: bounded, in one chunk or many. */
START_TEST(hostile_http_12_endless_chunk_lines)
{
    enum { LEN = 1 << 20 };
    char *text = malloc(LEN);
    ck_assert_ptr_nonnull(text);
    memset(text, 'e', LEN);
    memcpy(text, CHUNKED "1;", strlen(CHUNKED) + 2);
    refused_cut(text, LEN, 4096, TERN_HTTP_CHUNK_EXT_LONG, NOWHERE);
    memset(text, '0', LEN);
    memcpy(text, CHUNKED, strlen(CHUNKED));
    refused_cut(text, 100000, 4096, TERN_HTTP_CHUNK_SIZE_LONG, NOWHERE);
    size_t n = strlen(CHUNKED);
    while (n < LEN - 64)    /* 60 octets of extension for one of data */
        n += (size_t)sprintf(text + n, "1;%060d\r\nx\r\n", 0);
    refused_cut(text, n, 4096, TERN_HTTP_CHUNK_EXT_LONG, NOWHERE);
    free(text);
}
END_TEST

/* 13: chunk data longer than its size, or followed by two other octets. */
START_TEST(hostile_http_13_chunk_data_of_another_length)
{
    refused(CHUNKED "5\r\nhello!\r\n0\r\n\r\n" SMUGGLED, TERN_HTTP_CHUNK_END_MISSING, NOWHERE);
    refused(CHUNKED "5\r\nhelloXX0\r\n\r\n" SMUGGLED, TERN_HTTP_CHUNK_END_MISSING, NOWHERE);
    refused(CHUNKED "5\r\nhello\rX0\r\n\r\n" SMUGGLED, TERN_HTTP_CHUNK_END_MISSING, NOWHERE);
    refused(CHUNKED "5\r\nhello\n\n0\r\n\r\n" SMUGGLED, TERN_HTTP_CHUNK_END_MISSING, NOWHERE);
    refused(CHUNKED "5\r\nhello0\r\n\r\n" SMUGGLED, TERN_HTTP_CHUNK_END_MISSING, NOWHERE);
    refused(CHUNKED "5\r\nhell\r\n0\r\n\r\n" SMUGGLED, TERN_HTTP_CHUNK_END_MISSING, NOWHERE);
    refused(CHUNKED "2;\nxx\r\n4c\r\n0\r\n\r\n" SMUGGLED, TERN_HTTP_CHUNK_EXT_MALFORMED, NOWHERE);
}
END_TEST

/* 14: the last chunk is missing before a pipelined request: that is no request. */
START_TEST(hostile_http_14_missing_last_chunk)
{
    refused(CHUNKED "5\r\nhello\r\n" SMUGGLED, TERN_HTTP_CHUNK_SIZE_MALFORMED, NOWHERE);
    refused(CHUNKED "5\r\nhello\r\n\r\n" SMUGGLED, TERN_HTTP_CHUNK_SIZE_MALFORMED, NOWHERE);
    refused(CHUNKED "5\r\nhello\r\n0\r\n" SMUGGLED, TERN_HTTP_NAME_SPACE, NOWHERE);
}
END_TEST

/* 15: trailers are bounded and never merged into what the handler sees. */
START_TEST(hostile_http_15_trailers)
{
    enum { LEN = 200000 };
    char *text = malloc(LEN);
    ck_assert_ptr_nonnull(text);
    memset(text, 't', LEN);
    int n = sprintf(text, CHUNKED "0\r\nX: ");
    text[n] = 't';
    refused_cut(text, LEN, 3000, TERN_HTTP_TRAILER_LONG, NOWHERE);
    n = sprintf(text, CHUNKED "0\r\n");
    while (n < LEN - 16)
        n += sprintf(text + n, "X: y\r\n");
    refused_cut(text, (size_t)n, 3000, TERN_HTTP_TRAILER_LONG, NOWHERE);
    memset(text, 'n', LEN);
    n = sprintf(text, CHUNKED "0\r\n");
    text[n] = 'n';
    refused_cut(text, LEN, 3000, TERN_HTTP_NAME_LONG, NOWHERE);
    free(text);
    /* Exactly at the limit, CR LF of the empty line included. */
    char whole[TERN_HTTP_TRAILER_MAX + 512];
    for (int over = 0; over < 2; over++) {
        n = sprintf(whole, CHUNKED "0\r\nX: ");
        int value = (int)TERN_HTTP_TRAILER_MAX - 3 - 2 - 1 + over;
        memset(whole + n, 'v', (size_t)value);
        memcpy(whole + n + value, "\r\n\r\n", 5);
        if (over)
            refused(whole, TERN_HTTP_TRAILER_LONG, NOWHERE);
        else
            served(whole, NULL);
    }
    refused(CHUNKED "0\r\nX : y\r\n\r\n", TERN_HTTP_NAME_SPACE, NOWHERE);
    refused(CHUNKED "0\r\nX\t: y\r\n\r\n", TERN_HTTP_NAME_SPACE, NOWHERE);
    refused(CHUNKED "0\r\n\tX: y\r\n\r\n", TERN_HTTP_LINE_FOLDED, NOWHERE);
    served(CHUNKED "1\r\na\r\n0\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n"
                   "Host: evil\r\n\r\n",
           "POST /sink @x [Host=x] [Transfer-Encoding=chunked] chunked\nopened\ndata a\nended\n"
           "closed no error\n");
}
END_TEST

static void host_refused(const char *target, const char *hosts, enum tern_http_fault fault,
                         const char *at)
{
    char text[512];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n%s", target, hosts);
    head_refused(text, fault, at == NULL ? (int)strlen(text) : off_of(text, at));
}

/* 16: whom a request is for: one Host, well formed, the same as in the target. */
START_TEST(hostile_http_16_targets_and_hosts)
{
    static const char *const bad[] = {
        "user@x", "user:pw@x", "x/y", "/", "x y", "x:99999", "x:65536", "x:0", "x:", "x:8a",
        "x:+80", "x:80:80", "x?", "x#", "x\\y", "[::1", "::1", "[1.2.3.4]", "[::1]x", "[::g]",
        "[]", ":80", "x,y", "x%2", "x%zz", "\"x\"", "x\xc3\xa9", "x:000080",
    };
    static const char *const good[] = {
        "x", "X.example", "x:80", "x:65535", "127.0.0.1:8080", "[::1]", "[2001:db8::1]:443",
        "x%20y", "a_b~c!$&'()*+;=", "xn--caf-dma.example", "",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char hosts[128];
        snprintf(hosts, sizeof hosts, "Host: %s\r\n", bad[i]);
        char text[256];
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\n%s", hosts);
        head_refused(text, TERN_HTTP_HOST_MALFORMED, 22);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char text[256], log[256];
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]);
        snprintf(log, sizeof log, "GET / @%s [Host=%s] 0\n", good[i], good[i]);
        served(text, log);
    }
    host_refused("/", "", TERN_HTTP_HOST_MISSING, NULL);
    host_refused("/", "Host: x\r\nhost: x\r\n", TERN_HTTP_HOST_TWICE, "host: x");
    host_refused("/", "Host: x\r\nA: b\r\nhost: y\r\n", TERN_HTTP_HOST_TWICE, "host: y");
    host_refused("http://a/", "Host: b\r\n", TERN_HTTP_TARGET_HOST, "http");
    host_refused("http://a/", "Host: a:81\r\n", TERN_HTTP_TARGET_HOST, "http");
    host_refused("http://a:81/", "Host: a\r\n", TERN_HTTP_TARGET_HOST, "http");
    host_refused("http://a/", "Host:\r\n", TERN_HTTP_TARGET_HOST, "http");
    host_refused("http://a/", "", TERN_HTTP_HOST_MISSING, NULL);
    host_refused("http://u@a/", "Host: a\r\n", TERN_HTTP_TARGET_FORM, "http");
    host_refused("http:///", "Host: a\r\n", TERN_HTTP_TARGET_FORM, "http");
    host_refused("http://a:99999/", "Host: a\r\n", TERN_HTTP_TARGET_FORM, "http");
    host_refused("ftp://a/", "Host: a\r\n", TERN_HTTP_TARGET_FORM, "ftp");
    host_refused("http:/a", "Host: a\r\n", TERN_HTTP_TARGET_FORM, "http");
    host_refused("a", "Host: a\r\n", TERN_HTTP_TARGET_FORM, "a HTTP");
    host_refused("a:80", "Host: a\r\n", TERN_HTTP_TARGET_FORM, "a:80");
    host_refused("*", "Host: a\r\n", TERN_HTTP_TARGET_FORM, "*");
    host_refused("/a#b", "Host: a\r\n", TERN_HTTP_TARGET_FORM, "/a#");
    host_refused("/a?b#c", "Host: a\r\n", TERN_HTTP_TARGET_FORM, "/a?");
    host_refused("?a", "Host: a\r\n", TERN_HTTP_TARGET_FORM, "?a");
    served("GET http://A:80/p?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET /p ?q @A:80 [Host=a] 0\n");
    served("GET HTTPS://a HTTP/1.1\r\nHost: a:443\r\n\r\n", "GET / @a [Host=a:443] 0\n");
    served("GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET / ?q @a [Host=a] 0\n");
    served("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * @a [Host=a] 0\n");
    served("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * @a [Host=a] 0\n");
    served("GET /? HTTP/1.1\r\nHost: a\r\n\r\n", "GET / ? @a [Host=a] 0\n");
}
END_TEST

/* 18: methods of 65,000 octets, in lower case, CONNECT; the preface of HTTP/2; versions. */
START_TEST(hostile_http_18_methods_and_versions)
{
    static char text[65000 + 64];
    memset(text, 'M', 65000);
    strcpy(text + 65000, " / HTTP/1.1\r\nHost: x\r\n\r\n");
    refused(text, TERN_HTTP_METHOD_LONG, 24);
    refused("MMMMMMMMMMMMMMMMMMMMMMMMM / HTTP/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_METHOD_LONG, 24);
    served("MMMMMMMMMMMMMMMMMMMMMMMM / HTTP/1.1\r\nHost: x\r\n\r\n", NULL);
    served("M-SEARCH / HTTP/1.1\r\nHost: x\r\n\r\n", "M-SEARCH / @x [Host=x] 0\n");
    refused("get / HTTP/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_METHOD_CHAR, 0);
    refused("Get / HTTP/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_METHOD_CHAR, 1);
    refused(" / HTTP/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_METHOD_EMPTY, 0);
    refused("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_TARGET_CHAR, 4);
    refused("GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_METHOD_CHAR, 3);
    refused("GET /  HTTP/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_VERSION_MALFORMED, 6);
    refused("GET / x HTTP/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_VERSION_MALFORMED, 6);
    refused("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", TERN_HTTP_METHOD_CONNECT, 0);
    refused("CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_METHOD_CONNECT, 0);
    refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", TERN_HTTP_VERSION_UNSUPPORTED, 6);
    refused("GET / HTTP/2.0\r\nHost: x\r\n\r\n", TERN_HTTP_VERSION_UNSUPPORTED, 6);
    refused("GET / HTTP/0.9\r\nHost: x\r\n\r\n", TERN_HTTP_VERSION_UNSUPPORTED, 6);
    refused("GET / HTTP/1.10\r\nHost: x\r\n\r\n", TERN_HTTP_VERSION_MALFORMED, 14);
    refused("GET / HTTP/1.1 \r\nHost: x\r\n\r\n", TERN_HTTP_VERSION_MALFORMED, 14);
    refused("GET / HTTP/:.1\r\nHost: x\r\n\r\n", TERN_HTTP_VERSION_MALFORMED, 11);
    refused("GET / HTTP/1.:\r\nHost: x\r\n\r\n", TERN_HTTP_VERSION_MALFORMED, 13);
    refused("GET / HTTP/1\r\nHost: x\r\n\r\n", TERN_HTTP_VERSION_MALFORMED, 12);
    refused("GET / HTTP/+1.1\r\nHost: x\r\n\r\n", TERN_HTTP_VERSION_MALFORMED, 11);
    refused("GET / http/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_VERSION_MALFORMED, 6);
    refused("GET / HTTPS/1.1\r\nHost: x\r\n\r\n", TERN_HTTP_VERSION_MALFORMED, 10);
    refused("GET /\r\n\r\n", TERN_HTTP_VERSION_MALFORMED, 5);
    served("GET / HTTP/1.2\r\nHost: x\r\n\r\n", "GET / @x [Host=x] 0\n");
}
END_TEST

/* 18: limits of what is long, each at its edge: target, head, fields, names. */
START_TEST(hostile_http_18_limits_and_their_neighbours)
{
    static char text[3 * TERN_HTTP_HEAD_CAP];
    for (int over = 0; over < 2; over++) {
        strcpy(text, "GET /");
        memset(text + 5, 'p', 7999);
        strcpy(text + 4 + 8000 + over, " HTTP/1.1\r\nHost: x\r\n\r\n");
        text[4 + 8000] = over ? 'p' : ' ';
        if (over)
            refused(text, TERN_HTTP_TARGET_LONG, 4 + 8000);
        else
            served(text, NULL);

        int n = sprintf(text, GET_HOST "A: ");
        int value = (int)TERN_HTTP_HEAD_CAP - n - 4 + over;
        memset(text + n, 'v', (size_t)value);
        strcpy(text + n + value, "\r\n\r\n");
        if (over)
            refused(text, TERN_HTTP_HEAD_LONG, TERN_HTTP_HEAD_CAP);
        else
            served(text, NULL);

        n = sprintf(text, GET_HOST);
        for (unsigned i = 1; i < TERN_HTTP_FIELDS_CAP; i++)
            n += sprintf(text + n, "A: b\r\n");
        int last = n;
        n += sprintf(text + n, over ? "A: b\r\n\r\n" : "\r\n");
        if (over)
            refused(text, TERN_HTTP_FIELDS_MANY, last);
        else
            served(text, NULL);

        n = sprintf(text, GET_HOST);
        memset(text + n, 'n', 255 + (size_t)over);
        sprintf(text + n + 255 + over, ": b\r\n\r\n");
        if (over)
            refused(text, TERN_HTTP_NAME_LONG, n + 255);
        else
            served(text, NULL);
    }
}
END_TEST

/* 19: what we emit: no body where there is none; nothing of a caller's can end a line. */
START_TEST(hostile_http_19_framing_of_answers)
{
    static const struct {
        enum tern_http_method method;
        uint16_t status;
        uint64_t body_len;
        unsigned minor;
        enum tern_http_framing framing;
    } cases[] = {
        { TERN_HTTP_GET, 200, 5, 1, TERN_HTTP_FRAME_LENGTH },
        { TERN_HTTP_GET, 200, 0, 1, TERN_HTTP_FRAME_LENGTH },
        { TERN_HTTP_GET, 200, 5, 0, TERN_HTTP_FRAME_LENGTH },
        { TERN_HTTP_GET, 200, TERN_HTTP_UNKNOWN, 1, TERN_HTTP_FRAME_CHUNKED },
        { TERN_HTTP_GET, 200, TERN_HTTP_UNKNOWN, 0, TERN_HTTP_FRAME_CLOSE },
        { TERN_HTTP_HEAD, 200, 5, 1, TERN_HTTP_FRAME_HEAD },
        { TERN_HTTP_HEAD, 200, TERN_HTTP_UNKNOWN, 1, TERN_HTTP_FRAME_HEAD },
        { TERN_HTTP_HEAD, 200, TERN_HTTP_UNKNOWN, 0, TERN_HTTP_FRAME_HEAD },
        { TERN_HTTP_GET, 204, 5, 1, TERN_HTTP_FRAME_NONE },
        { TERN_HTTP_GET, 204, TERN_HTTP_UNKNOWN, 1, TERN_HTTP_FRAME_NONE },
        { TERN_HTTP_GET, 304, 5, 1, TERN_HTTP_FRAME_NONE },
        { TERN_HTTP_HEAD, 304, TERN_HTTP_UNKNOWN, 0, TERN_HTTP_FRAME_NONE },
        { TERN_HTTP_GET, 100, 5, 1, TERN_HTTP_FRAME_NONE },
        { TERN_HTTP_GET, 199, TERN_HTTP_UNKNOWN, 1, TERN_HTTP_FRAME_NONE },
        { TERN_HTTP_GET, 205, 0, 1, TERN_HTTP_FRAME_LENGTH },
        { TERN_HTTP_GET, 404, TERN_HTTP_UNKNOWN, 1, TERN_HTTP_FRAME_CHUNKED },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_int_eq(tern_http_framing_choose(cases[i].method, cases[i].status,
                                                  cases[i].body_len, cases[i].minor),
                         cases[i].framing);

    static const struct tern_http_field split[] = {
        TERN_HTTP_FIELD("Location", "/a\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK"),
    };
    static const uint16_t bodiless[] = { 204, 304 };
    for (size_t i = 0; i < 2; i++) {
        fixture_init(&f);
        f.handler = HANDLER_LATER;
        fixture_open(&f);
        fixture_input(&f, GET_HOST "\r\n", strlen(GET_HOST) + 2);
        struct tern_http_exchange *x = f.exchange;
        ck_assert_int_eq(tern_http_respond(x, 301, split, 1, 0), TERN_INVALID);
        ck_assert_int_eq(tern_http_interim(x, 103, split, 1), TERN_INVALID);
        ck_assert_int_eq(tern_http_interim(x, 101, NULL, 0), TERN_INVALID);
        ck_assert_int_eq(tern_http_respond(x, bodiless[i], NULL, 0, 5), TERN_OK);
        ck_assert_uint_eq(tern_stream_write(&x->stream, (const uint8_t *)"hello", 5), 5);
        fixture_run(&f);
        ck_assert_ptr_nonnull(strstr(fixture_out(&f), "\r\n\r\n"));
        ck_assert_str_eq(strstr(fixture_out(&f), "\r\n\r\n"), "\r\n\r\n");
        ck_assert_ptr_null(strstr(fixture_out(&f), "Content-Length"));
        ck_assert_ptr_null(strstr(fixture_out(&f), "Transfer-Encoding"));
        ck_assert(fixture_end(&f));
    }
    /* A refused HEAD has the fields of the error and not its body. */
    refused("HEAD / HTTP/1.1\r\n\r\n", TERN_HTTP_HOST_MISSING, 17);
}
END_TEST

Suite *http_hostile_suite(void)
{
    Suite *suite = suite_create("http_hostile");
    TCase *tcase = tcase_create("http_hostile");
    tcase_add_test(tcase, hostile_http_1_content_length_twice);
    tcase_add_test(tcase, hostile_http_2_content_length_is_no_number);
    tcase_add_test(tcase, hostile_http_3_length_and_coding);
    tcase_add_test(tcase, hostile_http_4_coding_behind_odd_space);
    tcase_add_test(tcase, hostile_http_5_transfer_codings);
    tcase_add_test(tcase, hostile_http_6_coding_in_http_1_0);
    tcase_add_test(tcase, hostile_http_7_bare_lf);
    tcase_add_test(tcase, hostile_http_8_bare_cr);
    tcase_add_test(tcase, hostile_http_9_folded_fields);
    tcase_add_test(tcase, hostile_http_10_lines_without_name_or_colon);
    tcase_add_test(tcase, hostile_http_11_control_characters);
    tcase_add_test(tcase, hostile_http_12_chunk_sizes_and_extensions);
    tcase_add_test(tcase, hostile_http_12_endless_chunk_lines);
    tcase_add_test(tcase, hostile_http_13_chunk_data_of_another_length);
    tcase_add_test(tcase, hostile_http_14_missing_last_chunk);
    tcase_add_test(tcase, hostile_http_15_trailers);
    tcase_add_test(tcase, hostile_http_16_targets_and_hosts);
    tcase_add_test(tcase, hostile_http_18_methods_and_versions);
    tcase_add_test(tcase, hostile_http_18_limits_and_their_neighbours);
    tcase_add_test(tcase, hostile_http_19_framing_of_answers);
    suite_add_tcase(suite, tcase);
    return suite;
}
