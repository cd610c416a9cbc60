/* SPDX-License-Identifier: ISC */
/*
 * Request heads: parsed whole, octet by octet and cut where the input says, the
 * result is the same, and it lies inside the head.
 *
 * Input: an octet that says how to cut, then a head.
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

/* Parses in pieces of step octets, each time at a place whose end is watched. */
static enum tern_err parse_cut(struct tern_http_request *r, const uint8_t *head, size_t len,
                               size_t step)
{
    enum tern_err err = TERN_AGAIN;
    tern_http_request_init(r, 0, 0, 0);
    for (size_t end = step < len ? step : len; err == TERN_AGAIN; end += step) {
        if (end > len)
            end = len;
        uint8_t *exact = malloc(end > 0 ? end : 1);
        must(exact != NULL);
        memcpy(exact, head, end);
        err = tern_http_request_parse(r, exact, end);
        must(err != TERN_AGAIN || r->off == end || end > r->head_max);
        free(exact);
        if (end == len)
            break;
    }
    return err;
}

static void inside(const struct tern_http_request *r, size_t off, size_t len)
{
    must(off <= r->head_len && len <= r->head_len - off);
}

static void results_check(const struct tern_http_request *r, const uint8_t *head, size_t len)
{
    must(r->head_len <= len && r->n_fields <= TERN_HTTP_FIELDS_CAP);
    inside(r, r->target_off, r->target_len);
    must(r->target_len > 0 && r->method_len > 0);
    must(head[r->head_len - 1] == '\n' && head[r->head_len - 2] == '\r');
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct tern_http_line *line = &r->fields[i];
        inside(r, line->name_off, line->name_len);
        inside(r, line->value_off, line->value_len);
        must(line->name_len > 0 && head[line->name_off + line->name_len] == ':');
        for (size_t k = 0; k < line->value_len; k++)
            must(head[line->value_off + k] >= 0x20 || head[line->value_off + k] == '\t');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tern_http_request whole, single, cut;
    if (size < 1 || size > 10000)
        return 0;
    const uint8_t *head = data + 1;
    size_t len = size - 1;
    enum tern_err err = parse_cut(&whole, head, len, len + 1);
    must(parse_cut(&cut, head, len, 1 + data[0] % 61u) == err);
    must(len > 2000 || parse_cut(&single, head, len, 1) == err);
    must(cut.off == whole.off && cut.fault == whole.fault && cut.n_fields == whole.n_fields);
    if (err == TERN_MALFORMED)
        must(whole.fault != TERN_HTTP_FAULT_NONE && whole.off <= len);
    if (err != TERN_OK)
        return 0;
    results_check(&whole, head, len);
    must(memcmp(cut.fields, whole.fields, whole.n_fields * sizeof whole.fields[0]) == 0);
    must(cut.head_len == whole.head_len && cut.method == whole.method);

    err = tern_http_request_check(&whole, head);
    must(tern_http_request_check(&cut, head) == err && cut.fault == whole.fault);
    if (err != TERN_OK)
        return 0;
    inside(&whole, whole.path_off, whole.path_len);
    inside(&whole, whole.query_off, whole.query_len);
    inside(&whole, whole.authority_off, whole.authority_len);
    must(whole.body_len <= INT64_MAX ||
         (whole.body_len == TERN_HTTP_UNKNOWN && (whole.framing_flags & TERN_HTTP_CHUNKED) != 0));
    return 0;
}
