/* SPDX-License-Identifier: ISC */
/*
 * Renderings of metrics inside: an item (a value's lines, a page's head) is
 * put out from its beginning every time, without the octets that are out
 * already, so that none is ever kept.
 */
#ifndef TERN_HTTP_METRICS_H
#define TERN_HTTP_METRICS_H

#include "http_internal.h"

#pragma GCC visibility push(hidden)

/* Where a rendering's next octets go. */
struct metrics_out {
    uint8_t *to;
    size_t room, skip;    /* skip: octets of this item that are out */
    size_t n;             /* put now */
    bool cut;             /* there was more than room */
};

void tern_http_metrics_put(struct metrics_out *out, const char *s, size_t len);
void tern_http_metrics_put_text(struct metrics_out *out, const char *s);
void tern_http_metrics_put_number(struct metrics_out *out, uint64_t value, const char *between);

enum metrics_stage { STAGE_HEAD, STAGE_VALUE, STAGE_FOOT, STAGE_OVER };

/* http_metrics_html.c: an item of the page for people; is a value on it? */
void tern_http_metrics_html(const struct tern_http_metrics_page *page,
                            const struct tern_metrics *set, struct metrics_out *out);

#pragma GCC visibility pop

#endif
