/* SPDX-License-Identifier: ISC */
/*
 * Ranges of a representation (RFC 9110 section 14), and the body that several
 * of them make (section 15.3.7.2, RFC 2046 section 5.1.1).
 */
#include "http_internal.h"

enum {
    BOUNDARY_MAX = 40,
    TYPE_MAX = 128,            /* of a content type in a part's head */
};

_Static_assert(TERN_HTTP_PIECE_CAP >= TYPE_MAX + BOUNDARY_MAX + 3 * 20 + 64, "a part's head fits");

/* ---- Reading ---------------------------------------------------------------------- */

/* 1*DIGIT; numbers that do not fit count as the greatest. False: no digit. */
static bool number_read(const uint8_t *text, size_t len, size_t *i, uint64_t *value)
{
    uint64_t v = 0;
    size_t from = *i;
    for (; *i < len && text[*i] >= '0' && text[*i] <= '9'; (*i)++) {
        unsigned digit = text[*i] - '0' + 0u;
        v = v > (UINT64_MAX - digit) / 10 ? UINT64_MAX : v * 10 + digit;
    }
    *value = v;
    return *i > from;
}

enum spec { SPEC_INVALID, SPEC_UNSATISFIABLE, SPEC_RANGE };

/* int-range = first-pos "-" [ last-pos ]; suffix-range = "-" suffix-length */
static enum spec spec_read(struct tern_http_span spec, uint64_t complete_len,
                           struct tern_http_range *range)
{
    const uint8_t *text = (const uint8_t *)spec.data;
    uint64_t first, last = UINT64_MAX;
    size_t i = 0;
    if (spec.len > 0 && text[0] == '-') {
        i = 1;
        if (!number_read(text, spec.len, &i, &last) || i < spec.len)
            return SPEC_INVALID;
        if (last == 0 || complete_len == 0)
            return SPEC_UNSATISFIABLE;
        range->first = last < complete_len ? complete_len - last : 0;
        range->last = complete_len - 1;
        return SPEC_RANGE;
    }
    if (!number_read(text, spec.len, &i, &first) || i == spec.len || text[i] != '-')
        return SPEC_INVALID;
    i++;
    if (i < spec.len && (!number_read(text, spec.len, &i, &last) || i < spec.len))
        return SPEC_INVALID;
    if (last < first)
        return SPEC_INVALID;
    if (first >= complete_len)
        return SPEC_UNSATISFIABLE;
    range->first = first;
    range->last = last < complete_len ? last : complete_len - 1;
    return SPEC_RANGE;
}

/* Do they overlap, or follow one another? */
static bool touch(const struct tern_http_range *a, const struct tern_http_range *b)
{
    if (a->first > b->last)
        return a->first - b->last == 1;
    if (b->first > a->last)
        return b->first - a->last == 1;
    return true;
}

/*
 * Adds a range: with all that it touches it becomes one, at the place of the
 * first of those. Each turn but the last takes one range out. False: full.
 */
static bool range_add(struct tern_http_ranges *ranges, struct tern_http_range range)
{
    size_t at = ranges->n;
    for (size_t i = 0; i < ranges->n;) {
        struct tern_http_range *r = &ranges->range[i];
        if (!touch(r, &range)) {
            i++;
            continue;
        }
        range.first = r->first < range.first ? r->first : range.first;
        range.last = r->last > range.last ? r->last : range.last;
        at = i < at ? i : at;
        ranges->n--;
        memmove(r, r + 1, (ranges->n - i) * sizeof *r);
        i = 0;    /* it has grown: it may touch an earlier one now */
    }
    if (at > ranges->n)
        at = ranges->n;
    if (ranges->n == TERN_HTTP_RANGES_MAX)
        return false;
    memmove(&ranges->range[at + 1], &ranges->range[at], (ranges->n - at) * sizeof range);
    ranges->range[at] = range;
    ranges->n++;
    return true;
}

enum tern_err tern_http_range_parse(const char *value, size_t len, uint64_t complete_len,
                                    struct tern_http_ranges *ranges)
{
    const uint8_t *text = (const uint8_t *)value;
    size_t unit_len = (size_t)(scan_token(text, text + len) - text), n_specs = 0, n = 0;
    struct tern_http_span spec;
    struct tern_http_range range;
    bool full = false;
    ranges->n = 0;
    if (unit_len == 0 || unit_len == len || text[unit_len] != '=')
        return TERN_MALFORMED;
    if (!text_is(text, unit_len, "bytes", 5))
        return TERN_UNSUPPORTED;
    for (size_t off = unit_len + 1; tern_http_list_next(text, len, &off, &spec);) {
        if (spec.len == 0)    /* RFC 9110 section 5.6.1.2: empty elements are ignored */
            continue;
        if (n_specs++ == TERN_HTTP_RANGE_SPECS_MAX)
            return TERN_FULL;
        switch (spec_read(spec, complete_len, &range)) {
        case SPEC_INVALID:
            return TERN_MALFORMED;
        case SPEC_UNSATISFIABLE:
            break;
        case SPEC_RANGE:
            n++;
            full |= !range_add(ranges, range);
            break;
        }
    }
    if (n_specs == 0)
        return TERN_MALFORMED;
    return full ? TERN_FULL : TERN_OK;
}

/* ---- Bodies of several parts --------------------------------------------------------- */

static size_t text_add(char *to, size_t at, const char *text, size_t len)
{
    memcpy(to + at, text, len);
    return at + len;
}

#define LITERAL(text) text, sizeof(text) - 1

/*
 * A boundary no octets of the representation contain: made of its tag, which
 * depends on all of them. Octets that boundaries may not have become "_".
 */
static size_t boundary_add(char *to, size_t at, const char *etag)
{
    at = text_add(to, at, LITERAL("tern-"));
    for (size_t n = 5; etag != NULL && *etag != '\0' && n < BOUNDARY_MAX; etag++) {
        uint8_t c = (uint8_t)*etag, low = c | 0x20;
        if (c == '"')
            continue;
        bool plain = (c >= '0' && c <= '9') || (low >= 'a' && low <= 'z') || c == '-';
        to[at++] = (char)(plain ? c : '_');
        n++;
    }
    return at;
}

size_t tern_http_multipart_type(const char *etag, char *to)
{
    return boundary_add(to, text_add(to, 0, LITERAL("multipart/byteranges; boundary=")), etag);
}

size_t tern_http_content_range(char *to, size_t at, const struct tern_http_range *range,
                               uint64_t complete_len)
{
    at = text_add(to, at, LITERAL("bytes "));
    if (range != NULL) {
        at += tern_decimal_format(range->first, to + at);
        to[at++] = '-';
        at += tern_decimal_format(range->last, to + at);
    } else {
        to[at++] = '*';
    }
    to[at++] = '/';
    return at + tern_decimal_format(complete_len, to + at);
}

/* What stands before part i; i == n: the end. */
static size_t part_head(const struct tern_http_body *body, size_t i, char *to)
{
    size_t n = i > 0 ? text_add(to, 0, LITERAL("\r\n")) : 0;
    n = text_add(to, n, LITERAL("--"));
    n = boundary_add(to, n, body->etag);
    if (i == body->ranges.n)
        return text_add(to, n, LITERAL("--\r\n"));
    n = text_add(to, n, LITERAL("\r\nContent-Type: "));
    n = text_add(to, n, body->content_type, strlen(body->content_type));
    n = text_add(to, n, LITERAL("\r\nContent-Range: "));
    n = tern_http_content_range(to, n, &body->ranges.range[i], body->complete_len);
    return text_add(to, n, LITERAL("\r\n\r\n"));
}

static uint64_t range_len(const struct tern_http_range *range)
{
    return range->last - range->first + 1;
}

bool tern_http_body_measure(struct tern_http_body *body)
{
    char text[TERN_HTTP_PIECE_CAP];
    uint64_t len = 0;
    if (body->ranges.n == 1) {
        body->len = range_len(&body->ranges.range[0]);
        return true;
    }
    if (strlen(body->content_type) > TYPE_MAX)
        return false;
    for (size_t i = 0; i <= body->ranges.n; i++) {
        len += part_head(body, i, text);
        if (i < body->ranges.n)
            len += range_len(&body->ranges.range[i]);
    }
    body->len = len;
    return len < body->complete_len;
}

void tern_http_body_piece(const struct tern_http_body *body, uint64_t at,
                          struct tern_http_piece *piece)
{
    if (body->ranges.n == 1) {
        piece->is_text = false;
        piece->off = body->ranges.range[0].first + at;
        piece->len = body->len - at;
        return;
    }
    for (size_t i = 0;; i++) {    /* at is in the body: some piece has it */
        size_t text_len = part_head(body, i, piece->text);
        if (at < text_len || i == body->ranges.n) {
            piece->is_text = true;
            piece->off = at;
            piece->len = text_len - at;
            return;
        }
        at -= text_len;
        uint64_t len = range_len(&body->ranges.range[i]);
        if (at < len) {
            piece->is_text = false;
            piece->off = body->ranges.range[i].first + at;
            piece->len = len - at;
            return;
        }
        at -= len;
    }
}
