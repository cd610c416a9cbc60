/* SPDX-License-Identifier: ISC */
/*
 * The names in a set's text, one after another. A text is constants of the
 * program, made by the macros of the header; it ends with an empty entry.
 */
#include <string.h>

#include <tern/metrics.h>

/* The string at *at, and *at behind it. */
static const char *string_take(const char **at)
{
    const char *s = *at;
    *at += strlen(s) + 1;
    return s;
}

bool tern_metrics_next(const struct tern_metrics *set, struct tern_metric *metric)
{
    const char *at = metric->next;

    if (at == NULL) {
        at = set->text + strlen(set->text) + 1;    /* the area stands first */
        metric->index = 0;
    } else {
        metric->index++;
    }
    for (; *at == '-'; at++)
        metric->index++;
    if (*at == '\0')
        return false;
    metric->first = *at != ',';
    if (metric->first) {
        metric->kind = *at++;
        char by = *at;    /* ':' and '?' are not of a name */
        if (by == ':' || by == '?')
            at++;
        metric->name = string_take(&at);
        metric->help = string_take(&at);
        if (*metric->help == '\0')
            metric->help = metric->name;
        metric->label = by == ':' ? string_take(&at) : by == '?' ? "reason" : "";
        metric->label_value = *metric->label != '\0' ? string_take(&at) : metric->label;
    } else {
        at++;
        metric->label_value = string_take(&at);
    }
    metric->next = at;
    metric->value = set->values[metric->index];
    return true;
}
