/* SPDX-License-Identifier: ISC */
/*
 * Accept-Encoding, conditions, ranges, dates and tags of a request, against a
 * representation: whatever is asked for, the answer has a status that there
 * is, fields that can be sent, and a body of disjoint ranges inside the form
 * that was chosen, not longer than it, but for one part.
 *
 * Input: an octet for the representation, then field lines.
 */
#include <tern/http.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void body_check(const struct tern_http_body *body)
{
    struct tern_http_piece piece;
    uint64_t octets = 0, text = 0;
    for (uint64_t at = 0; at < body->len; at += piece.len) {
        tern_http_body_piece(body, at, &piece);
        must(piece.len > 0 && piece.len <= body->len - at);
        if (piece.is_text) {
            must(piece.off + piece.len <= TERN_HTTP_PIECE_CAP);
            text += piece.len;
        } else {
            must(piece.off < body->complete_len && piece.len <= body->complete_len - piece.off);
            octets += piece.len;
        }
    }
    must(octets <= body->complete_len && octets + text == body->len);
    must(body->len <= body->complete_len);
}

static void ranges_check(const struct tern_http_ranges *ranges, uint64_t complete_len)
{
    must(ranges->n <= TERN_HTTP_RANGES_MAX);
    for (size_t i = 0; i < ranges->n; i++) {
        const struct tern_http_range *a = &ranges->range[i];
        must(a->first <= a->last && a->last < complete_len);
        for (size_t k = 0; k < i; k++) {
            const struct tern_http_range *b = &ranges->range[k];
            must(a->first > b->last || b->first > a->last);
        }
    }
}

static void select_check(const struct tern_http_exchange *x, uint8_t choice)
{
    static const uint64_t lengths[] = { 0, 1, 1000, 100000, UINT64_C(1) << 40,
                                        TERN_HTTP_UNKNOWN - 1 };
    uint64_t len = lengths[choice % 6];
    struct tern_http_representation rep = {
        .content_type = (choice & 8) != 0 ? "text/html" : "text/plain",
        .last_modified = (choice & 16) != 0 ? "Sun, 06 Nov 1994 08:49:37 GMT" : NULL,
        .variants = { { (choice & 32) != 0 ? "\"a\"" : NULL, len },
                      { "\"b\"", (choice & 64) != 0 ? len / 2 : TERN_HTTP_UNKNOWN },
                      { "W/\"c\"", (choice & 128) != 0 ? len / 3 : TERN_HTTP_UNKNOWN } },
        .status = choice % 7 == 0 ? 404 : 200,
    };
    struct tern_http_selection s;
    tern_http_select(x, &rep, NULL, &s);
    must(s.status == 200 || s.status == 206 || s.status == 304 || s.status == 406 ||
         s.status == 412 || s.status == 416 || s.status == rep.status);
    must(s.coding < TERN_HTTP_CODINGS && rep.variants[s.coding].len != TERN_HTTP_UNKNOWN);
    must(s.n_fields <= TERN_HTTP_SELECTION_FIELDS);
    for (size_t i = 0; i < s.n_fields; i++)
        must(tern_http_field_sane(&s.fields[i]));
    if (s.status != 200 && s.status != 206 && s.status != 404)
        must(s.body.len == 0);
    must(s.body.complete_len == rep.variants[s.coding].len);
    if (s.body.len > 0) {
        must(s.body.ranges.n >= 1);
        ranges_check(&s.body.ranges, s.body.complete_len);
        body_check(&s.body);
    }
}

/* The values on their own: without their lines' limits. */
static void values_check(const char *text, size_t len)
{
    struct tern_http_ranges ranges;
    struct tern_http_accept accept;
    enum tern_http_coding coding;
    int64_t unix_s, again;
    if (tern_http_range_parse(text, len, 100000, &ranges) == TERN_OK)
        ranges_check(&ranges, 100000);
    tern_http_accept_init(&accept);
    tern_http_accept_parse(&accept, text, len);
    must(tern_http_accept_choose(&accept, 7, &coding) || accept.present);
    if (tern_http_date_parse(text, len, 1700000000, &unix_s) == TERN_OK && unix_s >= 0) {
        char date[TERN_HTTP_DATE_LEN];
        tern_http_date_format((uint64_t)unix_s, date);
        must(tern_http_date_parse(date, sizeof date, 0, &again) == TERN_OK && again == unix_s);
    }
    if (tern_http_etag_match_strong(text, len, "\"a\"", 3))
        must(tern_http_etag_match(text, len, "\"a\"", 3));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char line[] = "GET / HTTP/1.1\r\nHost: x\r\n";
    static struct tern_http_server server;
    static struct tern_http_conn conn;
    static struct tern_http_request request;
    static uint8_t head[TERN_HTTP_HEAD_CAP];
    size_t line_len = sizeof line - 1;
    if (size < 1 || size - 1 > sizeof head - line_len - 2)
        return 0;
    memcpy(head, line, line_len);
    memcpy(head + line_len, data + 1, size - 1);
    memcpy(head + line_len + size - 1, "\r\n", 2);
    tern_http_request_init(&request, 0, 0, 0);
    if (tern_http_request_parse(&request, head, line_len + size + 1) == TERN_OK) {
        conn.server = &server;
        conn.exchange.request = &request;
        conn.exchange.head = head;
        select_check(&conn.exchange, data[0]);
    }
    char *text = malloc(size);    /* its end is watched */
    must(text != NULL);
    memcpy(text, data + 1, size - 1);
    values_check(text, size - 1);
    free(text);
    return 0;
}
