/* SPDX-License-Identifier: ISC */
/*
 * The names of counters: a set's text and its values, side by side.
 */
#include "suites.h"

#include <tern/metrics.h>

#include <string.h>

struct mail_stats {
    uint64_t sent, spam, virus, waiting;
};

#define MAIL(X, T)                                                                            \
    X(T, sent, TERN_COUNTER("sent", "Letters sent"))                                          \
    X(T, spam, TERN_COUNTER_BY("drops", "reason", "spam", "Letters dropped"))                 \
    X(T, virus, TERN_METRIC_ALSO("virus"))                                                    \
    X(T, waiting, TERN_GAUGE("waiting", "Letters that wait"))
TERN_METRICS_TABLE(MAIL, mail_stats, sizeof(struct mail_stats), "mail");

enum { KIND_NONE, KIND_A, KIND_B, N_KINDS };
#define KINDS(X, T)                                                                           \
    X(T, KIND_NONE, TERN_METRIC_NONE)                                                         \
    X(T, KIND_A, TERN_COUNTER_BY("kinds", "of", "a", "Kinds"))                                \
    X(T, KIND_B, TERN_METRIC_ALSO("b"))
TERN_METRICS_ARRAY(KINDS, kinds, N_KINDS, "zoo");

static void metric_is(const struct tern_metric *m, char kind, bool first, const char *name,
                      const char *label, const char *label_value, uint64_t value)
{
    ck_assert_int_eq(m->kind, kind);
    ck_assert_int_eq(m->first, first);
    ck_assert_str_eq(m->name, name);
    ck_assert_str_eq(m->label, label);
    ck_assert_str_eq(m->label_value, label_value);
    ck_assert_uint_eq(m->value, value);
}

START_TEST(test_each_member_has_its_name)
{
    struct mail_stats stats = { 7, 2, 0, UINT64_MAX };
    struct tern_metrics set = { .text = mail_stats_text, .values = (const uint64_t *)&stats };
    struct tern_metric m = { 0 };

    ck_assert_str_eq(set.text, "mail");
    ck_assert(tern_metrics_next(&set, &m));
    metric_is(&m, '+', true, "sent", "", "", 7);
    ck_assert_str_eq(m.help, "Letters sent");
    ck_assert(tern_metrics_next(&set, &m));
    metric_is(&m, '+', true, "drops", "reason", "spam", 2);
    ck_assert(tern_metrics_next(&set, &m));
    metric_is(&m, '+', false, "drops", "reason", "virus", 0);
    ck_assert_str_eq(m.help, "Letters dropped");
    ck_assert(tern_metrics_next(&set, &m));
    metric_is(&m, '=', true, "waiting", "", "", UINT64_MAX);
    ck_assert(!tern_metrics_next(&set, &m));
    ck_assert(!tern_metrics_next(&set, &m));
}
END_TEST

START_TEST(test_an_index_that_counts_nothing_is_passed_over)
{
    const uint64_t kinds[N_KINDS] = { 99, 1, 2 };
    struct tern_metrics set = { .text = kinds_text, .values = kinds };
    struct tern_metric m = { 0 };

    ck_assert(tern_metrics_next(&set, &m));
    metric_is(&m, '+', true, "kinds", "of", "a", 1);
    ck_assert(tern_metrics_next(&set, &m));
    metric_is(&m, '+', false, "kinds", "of", "b", 2);
    ck_assert(!tern_metrics_next(&set, &m));
}
END_TEST

START_TEST(test_a_set_may_be_empty)
{
    struct tern_metrics set = { .text = "nothing\0", .values = NULL };
    struct tern_metric m = { 0 };
    ck_assert(!tern_metrics_next(&set, &m));
}
END_TEST

START_TEST(test_values_are_read_when_they_are_reached)
{
    struct mail_stats stats = { 0 };
    struct tern_metrics set = { .text = mail_stats_text, .values = (const uint64_t *)&stats };
    struct tern_metric m = { 0 };

    ck_assert(tern_metrics_next(&set, &m));
    stats.sent = 5;
    stats.spam = 6;
    ck_assert_uint_eq(m.value, 0);
    ck_assert(tern_metrics_next(&set, &m));
    ck_assert_uint_eq(m.value, 6);
}
END_TEST

Suite *metrics_suite(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tc = tcase_create("metrics");
    tcase_add_test(tc, test_each_member_has_its_name);
    tcase_add_test(tc, test_an_index_that_counts_nothing_is_passed_over);
    tcase_add_test(tc, test_a_set_may_be_empty);
    tcase_add_test(tc, test_values_are_read_when_they_are_reached);
    suite_add_tcase(suite, tc);
    return suite;
}
