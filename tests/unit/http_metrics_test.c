/* SPDX-License-Identifier: ISC */
/*
 * Metrics as octets: the text format to the letter, in pieces of any size; the
 * page for people; both as answers; and who is told of refusals.
 */
#include "http_fixture.h"
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct http_fixture f;
static struct tern_http_metrics metrics;
static struct tern_http_metrics_page page;

/* ---- Sources ------------------------------------------------------------------------ */

static uint64_t letters[3];    /* sent, spam, virus */
static const char mail_text[] = "mail\0"
    TERN_COUNTER("sent", "Letters sent")
    TERN_COUNTER_BY("drops", "reason", "spam", "Letters dropped")
    TERN_METRIC_ALSO("virus");
static const char box_text[] = "mail\0" TERN_GAUGE_BY("box", "of", "in_box", "Letters kept");
static const char info_text[] = "build\0" TERN_INFO("info", "What is running");

static bool mail_get(void *user, size_t i, struct tern_metrics *set)
{
    const char *name = user;
    static const uint64_t one = 1;

    set->labels[0] = (struct tern_metric_label){ "name", name };
    set->labels[1].name = NULL;
    set->values = &one;
    if (i == 0) {
        set->text = info_text;
        return true;
    }
    set->labels[0].name = NULL;
    if (i == 1) {
        set->text = mail_text;
        set->values = letters;
    } else {
        set->text = box_text;
        set->own[0] = 1234567;
        set->values = set->own;
    }
    return i <= 2;
}

static bool none_get(void *user, size_t i, struct tern_metrics *set)
{
    (void)user;
    (void)i;
    (void)set;
    return false;
}

static char plain_name[] = "post";
static char hostile_name[] = "a\"b\\c\nd<e>&f";
static const struct tern_metrics_source plain[] = {
    { none_get, NULL }, { mail_get, plain_name }, { none_get, NULL }, { NULL, NULL },
};
static const struct tern_metrics_source hostile[] = {
    { mail_get, hostile_name }, { NULL, NULL },
};
static const struct tern_metrics_source of_server[] = {
    { tern_http_server_metrics, &f.server }, { NULL, NULL },
};
#define FOUR { mail_get, plain_name }, { mail_get, plain_name }, { mail_get, plain_name }, \
             { mail_get, plain_name }
static const struct tern_metrics_source many[] = { FOUR, FOUR, FOUR, FOUR, { NULL, NULL } };
static const struct tern_metrics_source none[] = { { NULL, NULL } };

static const char plain_wanted[] =
    "# HELP tern_build_info What is running.\n"
    "# TYPE tern_build_info gauge\n"
    "tern_build_info{name=\"post\"} 1\n"
    "# HELP tern_mail_sent_total Letters sent.\n"
    "# TYPE tern_mail_sent_total counter\n"
    "tern_mail_sent_total 7\n"
    "# HELP tern_mail_drops_total Letters dropped.\n"
    "# TYPE tern_mail_drops_total counter\n"
    "tern_mail_drops_total{reason=\"spam\"} 18446744073709551615\n"
    "tern_mail_drops_total{reason=\"virus\"} 0\n"
    "# HELP tern_mail_box Letters kept.\n"
    "# TYPE tern_mail_box gauge\n"
    "tern_mail_box{of=\"in_box\"} 1234567\n";

static void letters_set(void)
{
    letters[0] = 7;
    letters[1] = UINT64_MAX;
    letters[2] = 0;
}

/* The whole rendering in pieces of `cut` octets, as a C string. */
static const char *rendered(const struct tern_metrics_source *sources,
                            enum tern_http_metrics_form form, size_t cut)
{
    static char text[1 << 16];
    uint8_t piece[4096 + 1];
    size_t len = 0, n;

    tern_http_metrics_begin(&page, sources, form);
    do {
        piece[cut] = '#';
        n = tern_http_metrics_render(&page, piece, cut);
        if (n > cut || piece[cut] != '#' || n >= sizeof text - len)
            ck_abort_msg("%zu octets of %zu", n, cut);
        memcpy(text + len, piece, n);
        len += n;
    } while (n > 0);
    text[len] = '\0';
    return text;
}

START_TEST(test_the_text_is_prometheus_to_the_letter)
{
    letters_set();
    ck_assert_str_eq(rendered(plain, TERN_HTTP_METRICS_TEXT, 4096), plain_wanted);
}
END_TEST

START_TEST(test_pieces_of_any_size_make_the_same_text)
{
    letters_set();
    for (size_t cut = 1; cut < 700; cut++)
        ck_assert_str_eq(rendered(plain, TERN_HTTP_METRICS_TEXT, cut), plain_wanted);
}
END_TEST

START_TEST(test_pieces_of_any_size_make_the_same_page)
{
    static char whole[8192];
    letters_set();
    strcpy(whole, rendered(plain, TERN_HTTP_METRICS_PAGE, 4096));
    for (size_t cut = 1; cut < 64; cut++)
        ck_assert_str_eq(rendered(plain, TERN_HTTP_METRICS_PAGE, cut), whole);
    ck_assert_str_eq(rendered(plain, TERN_HTTP_METRICS_PAGE, 1001), whole);
}
END_TEST

START_TEST(test_nothing_to_show_is_nothing)
{
    ck_assert_str_eq(rendered(none, TERN_HTTP_METRICS_TEXT, 64), "");
    ck_assert_ptr_nonnull(strstr(rendered(none, TERN_HTTP_METRICS_PAGE, 64), "<h1>Status</h1>"));
}
END_TEST

START_TEST(test_hostile_label_values_are_escaped)
{
    letters_set();
    ck_assert_ptr_nonnull(strstr(rendered(hostile, TERN_HTTP_METRICS_TEXT, 1),
                                 "\ntern_build_info{name=\"a\\\"b\\\\c\\nd<e>&f\"} 1\n"));
    const char *html = rendered(hostile, TERN_HTTP_METRICS_PAGE, 1);
    ck_assert_ptr_nonnull(strstr(html, "<td>a\"b\\c\nd&lt;e>&amp;f<tr>"));
    ck_assert_ptr_null(strstr(html, "<e>"));
}
END_TEST

START_TEST(test_a_value_does_not_change_within_its_line)
{
    uint8_t to[8];
    size_t n;
    char text[2048] = "";

    letters_set();
    letters[0] = 1111111111;
    tern_http_metrics_begin(&page, plain, TERN_HTTP_METRICS_TEXT);
    do {
        n = tern_http_metrics_render(&page, to, 1);
        strncat(text, (const char *)to, n);
        letters[0]++;    /* with every octet: what the line began with counts */
    } while (n > 0);
    const char *line = strstr(text, "\ntern_mail_sent_total ");
    ck_assert_ptr_nonnull(line);
    unsigned long long value = 0;
    ck_assert_int_eq(sscanf(line, "\ntern_mail_sent_total %llu\n", &value), 1);
    /* When its family began: after the lines of the one before. */
    const char *help = strstr(text, "# HELP tern_mail_sent_total");
    ck_assert_uint_eq(value, 1111111111u + (unsigned long long)(help - text) - 1);
}
END_TEST

START_TEST(test_the_page_has_what_is_not_zero_once_an_area)
{
    letters_set();
    const char *html = rendered(plain, TERN_HTTP_METRICS_PAGE, 4096);
    ck_assert_ptr_nonnull(strstr(html, "<tr><th colspan=2>build<tr><td>name<td>post"
                                       "<tr><th colspan=2>mail<tr><td>Letters sent<td>7"
                                       "<tr><td>Letters dropped: spam<td>18"));
    ck_assert_ptr_nonnull(strstr(html, "<tr><td>Letters kept: in box"
                                       "<td>1\u202f234\u202f567</table>\n"));
    ck_assert_ptr_null(strstr(html, "virus"));
    const char *mail = strstr(html, "<th colspan=2>mail");
    ck_assert_ptr_null(strstr(mail + 1, "<th colspan=2>mail"));
}
END_TEST

/* ---- As answers --------------------------------------------------------------------- */

static void request(void *app, struct tern_http_exchange *x)
{
    (void)app;
    if (!tern_http_metrics_serve(&metrics, x))
        (void)tern_http_respond_text(x, 404, "no\n", 3);
}

static void open_with(const struct tern_metrics_source *sources, size_t out_max)
{
    fixture_init(&f);
    f.config.request = request;
    f.feed_config.out_max = out_max;
    ck_assert_int_eq(tern_http_metrics_init(&metrics, sources), TERN_OK);
    fixture_open(&f);
}

static void input(const char *text)
{
    fixture_input(&f, text, strlen(text));
}

/* The body of the last answer, its chunks joined. */
static const char *body(void)
{
    static char text[1 << 16];
    const char *at = strstr(fixture_out(&f), "\r\n\r\n");
    size_t len = 0;

    ck_assert_ptr_nonnull(at);
    at += 4;
    for (;;) {
        char *end;
        size_t n = strtoul(at, &end, 16);
        ck_assert(end > at && strncmp(end, "\r\n", 2) == 0);
        at = end + 2;
        if (n == 0)
            break;
        ck_assert_uint_lt(n, sizeof text - len);
        memcpy(text + len, at, n);
        len += n;
        at += n + 2;
    }
    ck_assert_str_eq(at, "\r\n");
    text[len] = '\0';
    return text;
}

static size_t pages_free(void)
{
    size_t n = 0;
    for (const struct tern_http_metrics_page *p = metrics.free; p != NULL; p = p->next)
        n++;
    return n;
}

START_TEST(test_metrics_are_answered_in_chunks)
{
    letters_set();
    open_with(plain, 0);
    input("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(fixture_out(&f), "HTTP/1.1 200 OK\r\n"));
    ck_assert_ptr_nonnull(strstr(fixture_out(&f),
                                 "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    ck_assert_ptr_nonnull(strstr(fixture_out(&f), "\r\nCache-Control: no-store\r\n"));
    ck_assert_str_eq(body(), plain_wanted);
    ck_assert_uint_eq(pages_free(), TERN_HTTP_METRICS_PAGES);
    ck_assert_uint_eq(f.server.stats.answers, 1);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_a_peer_that_reads_octet_by_octet_gets_all)
{
    letters_set();
    open_with(many, 700);
    f.reads = false;
    input("GET /metrics?x HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_uint_eq(pages_free(), TERN_HTTP_METRICS_PAGES - 1);
    while (fixture_read(&f, 1) == 1)
        fixture_run(&f);
    ck_assert_str_eq(body(), rendered(many, TERN_HTTP_METRICS_TEXT, 4096));
    ck_assert_uint_eq(pages_free(), TERN_HTTP_METRICS_PAGES);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_a_connection_that_breaks_gives_its_page_back)
{
    letters_set();
    open_with(many, 700);
    f.reads = false;
    input("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_uint_eq(pages_free(), TERN_HTTP_METRICS_PAGES - 1);
    tern_feed_error(&f.feed, TERN_RESET);
    fixture_run(&f);
    ck_assert_uint_eq(pages_free(), TERN_HTTP_METRICS_PAGES);
}
END_TEST

START_TEST(test_http_1_0_gets_it_up_to_the_end)
{
    letters_set();
    open_with(plain, 0);
    input("GET /metrics HTTP/1.0\r\n\r\n");
    ck_assert_str_eq(strstr(fixture_out(&f), "\r\n\r\n") + 4, plain_wanted);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_head_has_the_fields_and_no_body)
{
    letters_set();
    open_with(plain, 0);
    input("HEAD /status HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(fixture_out(&f), "\r\nContent-Type: text/html; charset=utf-8\r\n"
                                                  "Content-Security-Policy: default-src 'none'"));
    ck_assert_str_eq(strstr(fixture_out(&f), "\r\n\r\n"), "\r\n\r\n");
    ck_assert_uint_eq(pages_free(), TERN_HTTP_METRICS_PAGES);
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_other_methods_and_paths)
{
    static const struct {
        const char *request, *answer;
    } cases[] = {
        { "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 405 " },
        { "DELETE /status HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 " },
        { "GET /metrics/ HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 " },
        { "GET /metric HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 " },
        { "GET /metrics%20 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 " },
        { "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 " },
        { "GET http://x/metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 " },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_with(plain, 0);
        input(cases[i].request);
        ck_assert_msg(strncmp(fixture_out(&f), cases[i].answer, strlen(cases[i].answer)) == 0,
                      "%s: %s", cases[i].request, fixture_out(&f));
        ck_assert(fixture_end(&f));
    }
}
END_TEST

START_TEST(test_more_readers_than_pages_are_told_to_wait)
{
    open_with(plain, 0);
    while (metrics.free != NULL)
        metrics.free = metrics.free->next;
    input("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(fixture_out(&f), "HTTP/1.1 503 "));
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_metrics_of_another_version_are_refused)
{
    ck_assert_int_eq(tern_http_metrics_init_sized(&metrics, sizeof metrics - 8, plain),
                     TERN_MISMATCH);
}
END_TEST

/* ---- The server's own ------------------------------------------------------------------ */

static char told[512];

static void refused(void *app, const struct tern_http_refusal *refusal)
{
    ck_assert_ptr_eq(app, &f);
    ck_assert_ptr_nonnull(refusal->info);
    size_t len = strlen(told);
    snprintf(told + len, sizeof told - len, "%u %s %llu\n", refusal->status,
             tern_http_fault_text(refusal->fault), (unsigned long long)refusal->body_len);
}

static bool has(const char *line)
{
    char whole[160];
    snprintf(whole, sizeof whole, "\n%s\n", line);
    return strstr(rendered(of_server, TERN_HTTP_METRICS_TEXT, 4096), whole) != NULL;
}

START_TEST(test_every_fault_has_a_name)
{
    open_with(of_server, 0);
    for (size_t i = 1; i < TERN_HTTP_N_FAULTS; i++)
        f.server.stats.faults[i] = 1000 + i;
    f.server.stats.faults[TERN_HTTP_FAULT_NONE] = 999;
    const char *text = rendered(of_server, TERN_HTTP_METRICS_TEXT, 4096);
    for (size_t i = 1; i < TERN_HTTP_N_FAULTS; i++) {
        char end[32];
        snprintf(end, sizeof end, "\"} %zu\n", 1000 + i);
        ck_assert_ptr_nonnull(strstr(text, end));
    }
    ck_assert_ptr_null(strstr(text, " 999\n"));
    ck_assert(has("tern_http_faults_total{reason=\"line_bare_lf\"} 1011"));
    ck_assert(has("tern_http_faults_total{reason=\"cut\"} 1047"));
    ck_assert_uint_eq(TERN_HTTP_LINE_BARE_LF, 11);
    ck_assert_uint_eq(TERN_HTTP_CUT, 47);
}
END_TEST

START_TEST(test_a_refusal_is_told_and_counted)
{
    told[0] = '\0';
    open_with(of_server, 0);
    f.config.refused = refused;
    f.config.app = &f;
    fixture_open(&f);
    input("GET / HTTP/1.1\r\nHost : x\r\n\r\n");
    ck_assert_str_eq(told, "400 name_space 39\n");
    ck_assert_ptr_nonnull(strstr(fixture_out(&f), "\r\nContent-Length: 39\r\n"));
    ck_assert(has("tern_http_faults_total{reason=\"name_space\"} 1"));
    ck_assert(has("tern_http_responses_total{status=\"4xx\"} 1"));
    ck_assert(has("tern_http_requests_total 0"));
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_a_refusal_that_waits_for_room_is_told_once)
{
    told[0] = '\0';
    open_with(of_server, 600);
    f.config.refused = refused;
    f.config.app = &f;
    fixture_open(&f);
    f.reads = false;
    input("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
          "GET /3 HTTP/1.1\r\nHost: x\r\n\r\nGET /4 HTTP/1.1\r\nHost: x\r\n\r\n");
    (void)tern_feed_input(&f.feed, (const uint8_t *)"\n\n", 2);
    fixture_run(&f);
    f.reads = true;
    fixture_run(&f);
    (void)fixture_end(&f);
    ck_assert_ptr_null(strstr(told, "\n400 "));
    ck_assert_uint_le(f.server.stats.statuses[2], 5);
}
END_TEST

START_TEST(test_a_fault_after_the_answer_began_is_counted_and_not_told)
{
    told[0] = '\0';
    open_with(of_server, 0);
    f.config.refused = refused;
    f.config.app = &f;
    fixture_open(&f);
    input("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n");
    ck_assert_str_eq(told, "");
    ck_assert(has("tern_http_faults_total{reason=\"chunk_size_malformed\"} 1"));
    ck_assert(has("tern_http_responses_total{status=\"4xx\"} 1"));    /* request's own 404 */
    ck_assert(fixture_end(&f));
}
END_TEST

START_TEST(test_answers_are_counted_by_the_kind_of_their_status)
{
    open_with(of_server, 0);
    input("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n"
          "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_uint_eq(f.server.stats.statuses[0], 2);
    ck_assert_uint_eq(f.server.stats.statuses[1], 0);
    ck_assert_uint_eq(f.server.stats.statuses[2], 1);
    ck_assert_uint_eq(f.server.stats.statuses[3], 0);
    ck_assert(has("tern_http_responses_total{status=\"2xx\"} 2"));
    ck_assert(has("tern_http_connections 1"));
    ck_assert(has("tern_http_connections_free 3"));
    ck_assert(fixture_end(&f));
}
END_TEST

Suite *http_metrics_suite(void)
{
    Suite *suite = suite_create("http_metrics");
    TCase *tc = tcase_create("rendering");
    tcase_add_test(tc, test_the_text_is_prometheus_to_the_letter);
    tcase_add_test(tc, test_pieces_of_any_size_make_the_same_text);
    tcase_add_test(tc, test_pieces_of_any_size_make_the_same_page);
    tcase_add_test(tc, test_nothing_to_show_is_nothing);
    tcase_add_test(tc, test_hostile_label_values_are_escaped);
    tcase_add_test(tc, test_a_value_does_not_change_within_its_line);
    tcase_add_test(tc, test_the_page_has_what_is_not_zero_once_an_area);
    suite_add_tcase(suite, tc);
    tc = tcase_create("answers");
    tcase_add_test(tc, test_metrics_are_answered_in_chunks);
    tcase_add_test(tc, test_a_peer_that_reads_octet_by_octet_gets_all);
    tcase_add_test(tc, test_a_connection_that_breaks_gives_its_page_back);
    tcase_add_test(tc, test_http_1_0_gets_it_up_to_the_end);
    tcase_add_test(tc, test_head_has_the_fields_and_no_body);
    tcase_add_test(tc, test_other_methods_and_paths);
    tcase_add_test(tc, test_more_readers_than_pages_are_told_to_wait);
    tcase_add_test(tc, test_metrics_of_another_version_are_refused);
    suite_add_tcase(suite, tc);
    tc = tcase_create("server");
    tcase_add_test(tc, test_every_fault_has_a_name);
    tcase_add_test(tc, test_a_refusal_is_told_and_counted);
    tcase_add_test(tc, test_a_refusal_that_waits_for_room_is_told_once);
    tcase_add_test(tc, test_a_fault_after_the_answer_began_is_counted_and_not_told);
    tcase_add_test(tc, test_answers_are_counted_by_the_kind_of_their_status);
    suite_add_tcase(suite, tc);
    return suite;
}
