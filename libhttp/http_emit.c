/* SPDX-License-Identifier: ISC */
/*
 * An answer's head becomes octets (RFC 9112 sections 4 and 5). What a handler
 * gives is checked here and nowhere else: no octet that could end a line, no
 * field of framing, ever leaves (RFC 9110 section 5.5).
 */
#include "http_internal.h"

struct out_span {
    uint8_t *data;
    size_t len;
};

/* Room lent by the stream below, and where in it we write. */
struct out {
    struct out_span spans[TERN_RESERVE_SPANS];
    size_t n_spans, i_span;
    uint8_t *at;
    size_t left;
};

/* Reserves len octets in as many spans as it takes; false: no room. */
static bool out_open(struct out *out, struct tern_stream *below, size_t len)
{
    out->n_spans = out->i_span = 0;
    for (size_t lent = 0; lent < len;) {
        size_t room = 0, missing = len - lent;
        size_t least = missing < TERN_RESERVE_LEAST ? missing : TERN_RESERVE_LEAST;
        uint8_t *data = out->n_spans == TERN_RESERVE_SPANS
                            ? NULL : tern_stream_reserve(below, least, &room);
        if (data == NULL) {
            tern_stream_commit(below, 0);
            return false;
        }
        out->spans[out->n_spans++] = (struct out_span){ data, room };
        lent += room;
    }
    /* fine: a head is never empty, so there is a span */
    out->at = out->spans[0].data;
    out->left = out->spans[0].len;
    return true;
}

/* Over the end of a span. There is room: out_open saw to it. */
static void out_put_over(struct out *out, const char *text, size_t len)
{
    while (len > out->left) {
        memcpy(out->at, text, out->left);
        text += out->left;
        len -= out->left;
        out->i_span++;
        /* fine: the spans have room for all that is put */
        out->at = out->spans[out->i_span].data;
        out->left = out->spans[out->i_span].len;
    }
    memcpy(out->at, text, len);
    out->at += len;
    out->left -= len;
}

static inline void out_put(struct out *out, const char *text, size_t len)
{
    if (len > out->left) {
        out_put_over(out, text, len);
        return;
    }
    memcpy(out->at, text, len);
    out->at += len;
    out->left -= len;
}

/* A line, most often within a span: then in one go. */
static void out_put_field(struct out *out, const struct tern_http_field *f)
{
    size_t name_len = f->name.len, value_len = f->value.len;
    uint8_t *at = out->at;
    if (name_len + value_len + 4 > out->left) {
        out_put(out, f->name.data, name_len);
        out_put(out, ": ", 2);
        if (value_len > 0)
            out_put(out, f->value.data, value_len);
        out_put(out, "\r\n", 2);
        return;
    }
    memcpy(at, f->name.data, name_len);
    memcpy(at + name_len, ": ", 2);
    at += name_len + 2;
    if (value_len > 0)
        memcpy(at, f->value.data, value_len);
    memcpy(at + value_len, "\r\n", 2);
    out->at = at + value_len + 2;
    out->left -= name_len + value_len + 4;
}

static bool field_is_sendable(const struct tern_http_field *f, bool *date)
{
    const uint8_t *name = (const uint8_t *)f->name.data, *value = (const uint8_t *)f->value.data;
    if (f->name.len == 0 || scan_token(name, name + f->name.len) != name + f->name.len)
        return false;
    if (f->value.len > 0 && scan_value(value, value + f->value.len) != value + f->value.len)
        return false;
    switch (tern_http_name_find(name, f->name.len)) {
    case NAME_CONNECTION:
    case NAME_CONTENT_LENGTH:
    case NAME_TRANSFER_ENCODING:
    case NAME_KEEP_ALIVE:
    case NAME_PROXY_CONNECTION:
    case NAME_TE:
    case NAME_TRAILER:
    case NAME_UPGRADE:
        return false;
    case NAME_DATE:
        *date = true;
        return true;
    default:
        return true;
    }
}

bool tern_http_field_sane(const struct tern_http_field *field)
{
    bool date;
    return field_is_sendable(field, &date);
}

#define LINE_CHUNKED "Transfer-Encoding: chunked\r\n"
#define LINE_CLOSE "Connection: close\r\n"
#define LINE_KEEP "Connection: keep-alive\r\n"
#define LINE_LENGTH "Content-Length: "
#define LINE_DATE "Date: "
#define LITERAL(text) text, sizeof(text) - 1

/* The status line and the lines that are ours; at most HEAD_OURS octets. */
enum { HEAD_OURS = 192 };

static size_t append(char *to, size_t at, const char *text, size_t len)
{
    /* fine: len octets of text were written by its caller */
    memcpy(to + at, text, len);
    return at + len;
}

static size_t ours_write(const struct http_answer *a, bool date, char *to)
{
    const char *reason = tern_http_status_text(a->status);
    char digits[20];
    size_t n = append(to, 0, LITERAL("HTTP/1.1 "));
    to[n++] = (char)('0' + a->status / 100 % 10);
    to[n++] = (char)('0' + a->status / 10 % 10);
    to[n++] = (char)('0' + a->status % 10);
    to[n++] = ' ';
    n = append(to, n, reason, strlen(reason));
    n = append(to, n, LITERAL("\r\n"));
    if (date) {
        n = append(to, n, LITERAL(LINE_DATE));
        n = append(to, n, a->date, TERN_HTTP_DATE_LEN);
        n = append(to, n, LITERAL("\r\n"));
    }
    if (a->framing == TERN_HTTP_FRAME_CHUNKED)
        n = append(to, n, LITERAL(LINE_CHUNKED));
    if (a->framing == TERN_HTTP_FRAME_LENGTH ||
        (a->framing == TERN_HTTP_FRAME_HEAD && a->body_len != TERN_HTTP_UNKNOWN)) {
        n = append(to, n, LITERAL(LINE_LENGTH));
        n = append(to, n, digits, tern_decimal_format(a->body_len, digits));
        n = append(to, n, LITERAL("\r\n"));
    }
    if (a->persistence == PERSIST_CLOSE)
        n = append(to, n, LITERAL(LINE_CLOSE));
    else if (a->persistence == PERSIST_KEEP)
        n = append(to, n, LITERAL(LINE_KEEP));
    return n;
}

enum tern_err tern_http_emit_answer(struct tern_stream *below, const struct http_answer *a,
                                    size_t *len)
{
    char ours[HEAD_OURS];
    struct out out;
    bool date = false;
    size_t total = 0;
    for (size_t i = 0; i < a->n_fields; i++) {
        const struct tern_http_field *f = &a->fields[i];
        if (!a->trusted && !field_is_sendable(f, &date))
            return TERN_INVALID;
        if (f->name.len > SIZE_MAX / 4 || f->value.len > SIZE_MAX / 4 ||
            total > SIZE_MAX / 4)
            return TERN_INVALID;
        total += f->name.len + f->value.len + 4;
    }
    size_t ours_len = ours_write(a, a->date != NULL && !date && a->status >= 200, ours);
    total += ours_len + 2 + a->text_len;
    if (!out_open(&out, below, total))
        return TERN_FULL;
    out_put(&out, ours, ours_len);
    for (size_t i = 0; i < a->n_fields; i++)
        out_put_field(&out, &a->fields[i]);
    out_put(&out, LITERAL("\r\n"));
    if (a->text_len > 0)
        out_put(&out, a->text, a->text_len);
    tern_stream_commit(below, total);
    *len = total;
    return TERN_OK;
}
