/* SPDX-License-Identifier: ISC */
/*
 * Counters and gauges with their names. Whoever counts keeps plain structs of
 * uint64_t, which cost an increment; a set lays a constant text beside one,
 * with a name for every member, so that a program can show them all without
 * knowing any. libhttp makes pages of them (http.h): Prometheus's text, and one
 * for people. Names are those of the MIBs where these have one (RFC 4022, 4113,
 * 4293). What was dropped has the label "reason": a family of several reasons
 * sums up to the MIB's object.
 *
 * A table of names is a list macro over the struct's members, in their order.
 * One that is missing does not compile:
 *
 *     struct mail_stats { uint64_t sent, spam, virus; };
 *     #define MAIL(X, T)                                                           \
 *         X(T, sent, TERN_COUNTER("sent", "Letters sent"))                         \
 *         X(T, spam, TERN_COUNTER_BY("drops", "reason", "spam", "Letters dropped")) \
 *         X(T, virus, TERN_METRIC_ALSO("virus"))
 *     TERN_METRICS_TABLE(MAIL, mail_stats, sizeof(struct mail_stats), "mail");
 *
 * makes the constant text mail_stats_text, for these three:
 *
 *     tern_mail_sent_total 7
 *     tern_mail_drops_total{reason="spam"} 2
 *     tern_mail_drops_total{reason="virus"} 0
 */
#ifndef TERN_METRICS_H
#define TERN_METRICS_H

#include <tern/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Tables ------------------------------------------------------------------ */

/*
 * One value: what begins a family, a further one of the same, and one that is
 * not shown. Names are of a-z, 0-9 and _; a counter's gets "_total" behind it.
 * An INFO is the number 1, said for the sake of its set's labels. The help, a phrase
 * for people, is "" where the name is one already. Most families are by "reason".
 */
#define TERN_COUNTER(name, help) "+" name "\0" help "\0"
#define TERN_GAUGE(name, help) "=" name "\0" help "\0"
#define TERN_INFO(name, help) "!" name "\0" help "\0"
#define TERN_COUNTER_BY(name, label, value, help) "+:" name "\0" help "\0" label "\0" value "\0"
#define TERN_GAUGE_BY(name, label, value, help) "=:" name "\0" help "\0" label "\0" value "\0"
#define TERN_COUNTER_REASON(name, value, help) "+?" name "\0" help "\0" value "\0"
#define TERN_METRIC_ALSO(value) "," value "\0"
#define TERN_METRIC_NONE "-"

#ifdef __cplusplus
#define TERN_METRIC_ASSERT static_assert
#else
#define TERN_METRIC_ASSERT _Static_assert
#endif
#define TERN_METRIC_TEXT(T, member, text) text
#define TERN_METRIC_MEMBER(T, member, text) uint64_t member;
#define TERN_METRIC_CHECK(T, member, text)                                               \
    TERN_METRIC_ASSERT(offsetof(struct T##_order, member) == offsetof(struct T, member), \
                       "named in the order of the members: " #member);
#define TERN_METRIC_CHECK_AT(T, index, text)                                                    \
    TERN_METRIC_ASSERT(offsetof(struct T##_order, index) == (size_t)(index) * sizeof(uint64_t), \
                       "named in the order of the array: " #index);

/* T_text, for the first len octets of struct T. area: what all its names begin with. */
#define TERN_METRICS_TABLE(list, T, len, area)                                        \
    struct T##_order { list(TERN_METRIC_MEMBER, T) };                                 \
    list(TERN_METRIC_CHECK, T)                                                        \
    TERN_METRIC_ASSERT(sizeof(struct T##_order) == (len), "a name for every member"); \
    static const char T##_text[] = area "\0" list(TERN_METRIC_TEXT, T)

/* The same for an array of n, whose list has constant indices in place of members. */
#define TERN_METRICS_ARRAY(list, T, n, area)                                         \
    struct T##_order { list(TERN_METRIC_MEMBER, T) };                                \
    list(TERN_METRIC_CHECK_AT, T)                                                    \
    TERN_METRIC_ASSERT(sizeof(struct T##_order) == (size_t)(n) * sizeof(uint64_t),   \
                       "a name for every index");                                    \
    static const char T##_text[] = area "\0" list(TERN_METRIC_TEXT, T)

/* ---- Sets -------------------------------------------------------------------- */

struct tern_metric_label {
    const char *name, *value;    /* the value is any text that a zero ends */
};

#define TERN_METRIC_LABELS 4u
#define TERN_METRICS_OWN 32u

/* Values that lie one after another, and their names. */
struct tern_metrics {
    const char *text;              /* of a table; constant for the program's life */
    const uint64_t *values;        /* as many as the text has names; may point to own */
    const char *area;              /* in place of the text's, for a text of several sets; or NULL */
    struct tern_metric_label labels[TERN_METRIC_LABELS];    /* of all; up to one without a name */
    uint64_t own[TERN_METRICS_OWN];    /* room for values that are only known on demand */
};

/* What the names of a set's values begin with, behind "tern_". */
static inline const char *tern_metrics_area(const struct tern_metrics *set)
{
    return set->area != NULL ? set->area : set->text;
}

/*
 * Fills in *set, whose area and labels are empty, with number i of those that
 * user has; false: there are no more. Its values are read soon after, in the
 * same turn. A text is in one set of an area, and sets of one area follow each
 * other.
 */
typedef bool tern_metrics_fn(void *user, size_t i, struct tern_metrics *set);

/* Where sets come from: the host, a server, the appliance itself. */
struct tern_metrics_source {
    tern_metrics_fn *get;    /* NULL ends a list */
    void *user;
};

/* One value with its name. All zero it stands before a set's first. */
struct tern_metric {
    const char *name, *help;
    const char *label, *label_value;    /* "reason", "bad_checksum"; label empty: none */
    char kind;                          /* '+' counter, '=' gauge, '!' info */
    bool first;                         /* of its family */
    uint64_t value;
    /* What follows is not part of the interface. */
    const char *next;
    size_t index;
};

/* Moves on to the set's next value; false: that was the last. O(1). */
bool tern_metrics_next(const struct tern_metrics *set, struct tern_metric *metric);

#ifdef __cplusplus
}
#endif

#endif
