/* SPDX-License-Identifier: ISC */
/*
 * Metrics as a page for people: one table, without what is zero.
 */
#include "http_metrics.h"

static const char head[] =
    "<!DOCTYPE html><html lang=en><meta charset=utf-8>"
    "<meta name=viewport content=\"width=device-width\">"
    "<meta http-equiv=refresh content=10><title>Status</title><style>"
    ":root{color-scheme:light dark}"
    "body{max-width:44rem;margin:auto;padding:1rem;font:1rem/1.5 system-ui,sans-serif}"
    "p,th{opacity:.7}table{width:100%;border-collapse:collapse}"
    "th{text-align:left;padding:1.8rem 0 .3rem}"
    "td{border-top:1px solid #8886;padding:.3rem 0;vertical-align:top}"
    "td+td{text-align:right;padding-left:1rem;font-variant-numeric:tabular-nums}"
    "</style><h1>Status</h1><p>What is not zero, every ten seconds. "
    "<a href=metrics>/metrics</a> has it all.<table>";

/* Octets that mean something in HTML are named; of our own words _ is a space. */
static void text_put(struct metrics_out *out, const char *s, bool is_word)
{
    for (; *s != '\0'; s++) {
        if (*s == '<')
            tern_http_metrics_put_text(out, "&lt;");
        else if (*s == '&')
            tern_http_metrics_put_text(out, "&amp;");
        else
            tern_http_metrics_put(out, is_word && *s == '_' ? " " : s, 1);
    }
}

static void labels_put(const struct tern_metric_label *labels, struct metrics_out *out)
{
    for (size_t i = 0; i < TERN_METRIC_LABELS && labels[i].name != NULL; i++) {
        tern_http_metrics_put_text(out, "<tr><td>");
        text_put(out, labels[i].name, true);
        tern_http_metrics_put_text(out, "<td>");
        text_put(out, labels[i].value, false);
    }
}

static void value_put(const struct tern_metrics *set, const struct tern_metric *m,
                      struct metrics_out *out)
{
    tern_http_metrics_put_text(out, "<tr><td>");
    text_put(out, m->help, m->help == m->name);
    if (*m->label != '\0') {
        tern_http_metrics_put_text(out, ": ");
        text_put(out, m->label_value, true);
    }
    for (size_t i = 0; i < TERN_METRIC_LABELS && set->labels[i].name != NULL; i++) {
        tern_http_metrics_put_text(out, ", ");
        text_put(out, set->labels[i].value, false);
    }
    tern_http_metrics_put_text(out, "<td>");
    tern_http_metrics_put_number(out, m->value, "\u202f");    /* a narrow space */
}

void tern_http_metrics_html(const struct tern_http_metrics_page *page,
                            const struct tern_metrics *set, struct metrics_out *out)
{
    if (page->stage == STAGE_HEAD) {
        tern_http_metrics_put(out, head, sizeof head - 1);
        return;
    }
    if (page->stage == STAGE_FOOT) {
        tern_http_metrics_put_text(out, "</table>\n");
        return;
    }
    if (page->heads) {
        tern_http_metrics_put_text(out, "<tr><th colspan=2>");
        text_put(out, tern_metrics_area(set), true);
    }
    if (page->metric.kind == '!')
        labels_put(set->labels, out);
    else
        value_put(set, &page->metric, out);
}
