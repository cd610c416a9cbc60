/* SPDX-License-Identifier: ISC */
/*
 * Metrics as octets, from value to value: the walk over sources and sets, and
 * Prometheus's text exposition format 0.0.4.
 */
#include "http_metrics.h"

void tern_http_metrics_put(struct metrics_out *out, const char *s, size_t len)
{
    if (len <= out->skip) {
        out->skip -= len;
        return;
    }
    s += out->skip;
    len -= out->skip;
    out->skip = 0;
    if (len > out->room) {
        out->cut = true;
        len = out->room;
    }
    memcpy(out->to, s, len);
    out->to += len;
    out->room -= len;
    out->n += len;
}

void tern_http_metrics_put_text(struct metrics_out *out, const char *s)
{
    tern_http_metrics_put(out, s, strlen(s));
}

/* In decimal; between: what stands between groups of three digits. */
void tern_http_metrics_put_number(struct metrics_out *out, uint64_t value, const char *between)
{
    char digits[20];
    size_t n = tern_decimal_format(value, digits);

    for (size_t i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            tern_http_metrics_put_text(out, between);
        tern_http_metrics_put(out, digits + i, 1);
    }
}

/* ---- The text format -------------------------------------------------------------- */

static void name_put(struct metrics_out *out, const char *area, const struct tern_metric *m)
{
    tern_http_metrics_put_text(out, "tern_");
    tern_http_metrics_put_text(out, area);
    tern_http_metrics_put_text(out, "_");
    tern_http_metrics_put_text(out, m->name);
    if (m->kind == '+')
        tern_http_metrics_put_text(out, "_total");
}

/* Backslash, quotation mark and newline have escapes, nothing else needs one. */
static void label_put(struct metrics_out *out, char open, const char *name, const char *value)
{
    tern_http_metrics_put(out, &open, 1);
    tern_http_metrics_put_text(out, name);
    tern_http_metrics_put_text(out, "=\"");
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            tern_http_metrics_put_text(out, "\\n");
            continue;
        }
        if (*value == '\\' || *value == '"')
            tern_http_metrics_put_text(out, "\\");
        tern_http_metrics_put(out, value, 1);
    }
    tern_http_metrics_put_text(out, "\"");
}

static void text_value(const struct tern_metrics *set, const struct tern_metric *m,
                       struct metrics_out *out)
{
    char open = '{';

    if (m->first) {
        tern_http_metrics_put_text(out, "# HELP ");
        name_put(out, tern_metrics_area(set), m);
        tern_http_metrics_put_text(out, " ");
        tern_http_metrics_put_text(out, m->help);
        tern_http_metrics_put_text(out, ".\n# TYPE ");
        name_put(out, tern_metrics_area(set), m);
        tern_http_metrics_put_text(out, m->kind == '+' ? " counter\n" : " gauge\n");
    }
    name_put(out, tern_metrics_area(set), m);
    if (*m->label != '\0') {
        label_put(out, open, m->label, m->label_value);
        open = ',';
    }
    for (size_t i = 0; i < TERN_METRIC_LABELS && set->labels[i].name != NULL; i++) {
        label_put(out, open, set->labels[i].name, set->labels[i].value);
        open = ',';
    }
    tern_http_metrics_put_text(out, open == ',' ? "} " : " ");
    tern_http_metrics_put_number(out, m->value, "");
    tern_http_metrics_put_text(out, "\n");
}

/* ---- The walk ------------------------------------------------------------------------ */

void tern_http_metrics_begin(struct tern_http_metrics_page *page,
                             const struct tern_metrics_source *sources,
                             enum tern_http_metrics_form form)
{
    page->sources = sources;
    page->source = page->set = page->at = 0;
    page->area = "";
    page->form = (uint8_t)form;
    page->stage = STAGE_HEAD;
    memset(&page->metric, 0, sizeof page->metric);
}

/* The page for people tells what has happened, under a heading an area. */
static bool is_shown(struct tern_http_metrics_page *page, const struct tern_metrics *set)
{
    if (page->form == TERN_HTTP_METRICS_TEXT)
        return true;
    if (page->metric.value == 0)
        return false;
    const char *area = tern_metrics_area(set);
    size_t len = strlen(area);
    page->heads = len != strlen(page->area) || memcmp(page->area, area, len) != 0;
    page->area = area;
    return true;
}

/* The set under way; one that is gone since the last piece has no labels and no text. */
static bool set_get(const struct tern_http_metrics_page *page, struct tern_metrics *set)
{
    const struct tern_metrics_source *source = &page->sources[page->source];

    set->labels[0].name = NULL;
    set->area = NULL;
    if (source->get != NULL && source->get(source->user, page->set, set))
        return true;
    set->text = "";
    return false;
}

/*
 * To the next item. Ends: each round leaves a value, a set or a source behind
 * it. The zeros that are not shown are passed over in one go: there are some
 * hundreds of values in all.
 */
static void step(struct tern_http_metrics_page *page, struct tern_metrics *set)
{
    page->at = 0;
    if (page->stage == STAGE_FOOT) {
        page->stage = STAGE_OVER;
        return;
    }
    bool has = page->stage == STAGE_VALUE || set_get(page, set);
    page->stage = STAGE_VALUE;
    while (page->sources[page->source].get != NULL) {
        if (has && tern_metrics_next(set, &page->metric)) {
            if (is_shown(page, set))
                return;
            continue;
        }
        page->set = has ? page->set + 1 : 0;
        page->source += has ? 0 : 1;
        memset(&page->metric, 0, sizeof page->metric);
        has = set_get(page, set);
    }
    page->stage = STAGE_FOOT;
}

size_t tern_http_metrics_render(struct tern_http_metrics_page *page, uint8_t *to, size_t cap)
{
    struct tern_metrics set;
    size_t n = 0;

    if (page->stage == STAGE_VALUE)
        (void)set_get(page, &set);
    while (n < cap && page->stage != STAGE_OVER) {
        struct metrics_out out = { .to = to + n, .room = cap - n, .skip = page->at };
        if (page->form == TERN_HTTP_METRICS_PAGE)
            tern_http_metrics_html(page, &set, &out);
        else if (page->stage == STAGE_VALUE)
            text_value(&set, &page->metric, &out);
        n += out.n;
        if (out.cut)
            page->at += out.n;
        else
            step(page, &set);
    }
    return n;
}
