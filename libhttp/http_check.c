/* SPDX-License-Identifier: ISC */
/*
 * A head's lines become a decision: whom the request is for, how its body is
 * framed, whether the connection goes on (RFC 9112 sections 3.2, 6 and 9.3).
 * This is the one place that decides, and it is stricter than the text where
 * another reading of the same octets is possible: two readings are what
 * request smuggling is made of.
 */
#include "http_internal.h"

/* The fields that decide, each at most once but Connection. */
struct deciding {
    const struct tern_http_line *host, *length, *coding, *expect;
    bool close, keep_alive;
};

static enum tern_err refuse(struct tern_http_request *r, enum tern_http_fault fault, size_t off)
{
    r->fault = (uint8_t)fault;
    r->off = (uint16_t)off;
    return TERN_MALFORMED;
}

bool tern_http_list_next(const uint8_t *list, size_t len, size_t *off, struct tern_http_span *elem)
{
    if (*off > len)
        return false;
    size_t from = *off, to;
    for (to = from; to < len && list[to] != ','; to++)
        ;
    *off = to + 1;
    while (from < to && (list[from] == ' ' || list[from] == '\t'))
        from++;
    while (to > from && (list[to - 1] == ' ' || list[to - 1] == '\t'))
        to--;
    *elem = (struct tern_http_span){ (const char *)list + from, to - from };
    return true;
}

static bool elem_is(struct tern_http_span elem, const char *lower, size_t lower_len)
{
    return text_is((const uint8_t *)elem.data, elem.len, lower, lower_len);
}

static void connection_read(const uint8_t *value, size_t len, struct deciding *d)
{
    struct tern_http_span elem;
    /* The one value that nearly every request has, without a search. */
    if (len == 10 && tern_http_name_find(value, len) == NAME_KEEP_ALIVE) {
        d->keep_alive = true;
        return;
    }
    for (size_t off = 0; tern_http_list_next(value, len, &off, &elem);) {
        d->close |= elem_is(elem, "close", 5);
        d->keep_alive |= elem_is(elem, "keep-alive", 10);
    }
}

/* Notes the only line of a name; the fault if there was one before. */
static enum tern_http_fault once(const struct tern_http_line **slot,
                                 const struct tern_http_line *line, enum tern_http_fault twice)
{
    if (*slot != NULL)
        return twice;
    *slot = line;
    return TERN_HTTP_FAULT_NONE;
}

static enum tern_http_fault lines_collect(const struct tern_http_request *r, const uint8_t *buf,
                                          struct deciding *d, size_t *off)
{
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct tern_http_line *line = &r->fields[i];
        enum tern_http_fault fault = TERN_HTTP_FAULT_NONE;
        if (line->name == NAME_OTHER)
            continue;
        *off = line->name_off;
        switch (line->name) {
        case NAME_HOST:
            fault = once(&d->host, line, TERN_HTTP_HOST_TWICE);
            break;
        case NAME_CONTENT_LENGTH:
            fault = once(&d->length, line, TERN_HTTP_LENGTH_TWICE);
            break;
        case NAME_TRANSFER_ENCODING:
            fault = once(&d->coding, line, TERN_HTTP_CODING_TWICE);
            break;
        case NAME_EXPECT:
            fault = once(&d->expect, line, TERN_HTTP_EXPECT_UNKNOWN);
            break;
        case NAME_CONNECTION:
            connection_read(buf + line->value_off, line->value_len, d);
            break;
        }
        if (fault != TERN_HTTP_FAULT_NONE)
            return fault;
    }
    return TERN_HTTP_FAULT_NONE;
}

/* RFC 9110 section 8.6: 1*DIGIT, below 2^63 so that it fits every signed counter. */
static bool length_parse(const uint8_t *text, size_t len, uint64_t *value)
{
    uint64_t v = 0;
    if (len == 0 || len > 19)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(text[i] - '0');    /* 19 digits fit in 64 bits */
    }
    *value = v;
    return v <= INT64_MAX;
}

/*
 * RFC 9112 section 6.1: chunked, once, last; we know no other coding. Without
 * it at the end nobody knows where the body ends (section 6.3: 400). One that
 * cannot be told from chunked by everyone ("identity", empty elements, octets
 * that are no token) is an error of the peer's too, not a coding we lack.
 */
static enum tern_http_fault coding_check(const uint8_t *value, size_t len)
{
    struct tern_http_span elem;
    bool chunked = false, unknown = false;
    for (size_t off = 0; tern_http_list_next(value, len, &off, &elem);) {
        const uint8_t *p = (const uint8_t *)elem.data;
        if (elem.len == 0 || chunked || elem_is(elem, "identity", 8))
            return TERN_HTTP_CODING_MALFORMED;
        if (elem_is(elem, "chunked", 7))
            chunked = true;
        else if (!char_is(p[0], CHAR_TOKEN))
            return TERN_HTTP_CODING_MALFORMED;
        else
            unknown = true;
    }
    if (!chunked)
        return TERN_HTTP_CODING_MALFORMED;
    return unknown ? TERN_HTTP_CODING_UNKNOWN : TERN_HTTP_FAULT_NONE;
}

/* RFC 9112 section 6.3, for requests. */
static enum tern_err framing_decide(struct tern_http_request *r, const uint8_t *buf,
                                    const struct deciding *d)
{
    r->body_len = 0;
    if (d->coding != NULL && d->length != NULL)
        return refuse(r, TERN_HTTP_LENGTH_AND_CODING,
                      d->coding > d->length ? d->coding->name_off : d->length->name_off);
    if (d->coding != NULL) {
        if (r->minor == 0)    /* section 6.1: its framing is faulty */
            return refuse(r, TERN_HTTP_CODING_VERSION, d->coding->name_off);
        enum tern_http_fault fault = coding_check(buf + d->coding->value_off, d->coding->value_len);
        if (fault != TERN_HTTP_FAULT_NONE)
            return refuse(r, fault, d->coding->value_off);
        r->framing_flags |= TERN_HTTP_CHUNKED;
        r->body_len = TERN_HTTP_UNKNOWN;
    } else if (d->length != NULL) {
        if (!length_parse(buf + d->length->value_off, d->length->value_len, &r->body_len))
            return refuse(r, TERN_HTTP_LENGTH_MALFORMED, d->length->value_off);
    }
    return TERN_OK;
}

/* RFC 9112 section 9.3, and RFC 9110 section 10.1.1. */
static enum tern_err persistence_decide(struct tern_http_request *r, const uint8_t *buf,
                                        const struct deciding *d)
{
    if (d->close || (r->minor == 0 && !d->keep_alive))
        r->framing_flags |= TERN_HTTP_CLOSES;
    else if (r->minor == 0)
        r->framing_flags |= TERN_HTTP_KEEPS;
    if (d->expect == NULL || r->minor == 0)
        return TERN_OK;
    if (!text_is(buf + d->expect->value_off, d->expect->value_len, "100-continue", 12))
        return refuse(r, TERN_HTTP_EXPECT_UNKNOWN, d->expect->value_off);
    if (r->body_len != 0)
        r->framing_flags |= TERN_HTTP_CONTINUE;
    return TERN_OK;
}

static bool hosts_equal(struct tern_http_span a, struct tern_http_span b, uint16_t default_port)
{
    size_t a_len, b_len;
    uint16_t a_port, b_port;
    if (tern_http_authority_parse(a.data, a.len, &a_len, &a_port) != TERN_OK ||
        tern_http_authority_parse(b.data, b.len, &b_len, &b_port) != TERN_OK || a_len != b_len)
        return false;
    for (size_t i = 0; i < a_len; i++)
        if (char_lower((uint8_t)a.data[i]) != char_lower((uint8_t)b.data[i]))
            return false;
    return (a_port == 0 ? default_port : a_port) == (b_port == 0 ? default_port : b_port);
}

/*
 * RFC 9112 section 3.2: one Host field in every HTTP/1.1 request, well formed.
 * Section 3.2.2 lets an absolute target overrule it; a request where the two
 * differ is refused instead, since whoever stood before us may have looked at
 * the other one.
 */
static enum tern_err host_decide(struct tern_http_request *r, const uint8_t *buf,
                                 const struct deciding *d, const struct tern_http_target *target)
{
    size_t host_len;
    uint16_t port;
    struct tern_http_span host = { NULL, 0 };
    if (d->host == NULL && r->minor > 0)
        return refuse(r, TERN_HTTP_HOST_MISSING, r->head_len - 2u);
    if (d->host != NULL) {
        host.data = (const char *)buf + d->host->value_off;
        host.len = d->host->value_len;
        r->authority_off = d->host->value_off;
        r->authority_len = d->host->value_len;
        if (tern_http_authority_parse(host.data, host.len, &host_len, &port) != TERN_OK)
            return refuse(r, TERN_HTTP_HOST_MALFORMED, d->host->value_off);
    }
    if (target->form != TERN_HTTP_ABSOLUTE)
        return TERN_OK;
    if (d->host != NULL &&
        !hosts_equal(host, target->authority, target->scheme.len == 5 ? 443 : 80))
        return refuse(r, TERN_HTTP_TARGET_HOST, r->target_off);
    r->authority_off = (uint16_t)(target->authority.data - (const char *)buf);
    r->authority_len = (uint16_t)target->authority.len;
    return TERN_OK;
}

enum tern_err tern_http_request_check(struct tern_http_request *r, const uint8_t *buf)
{
    struct deciding d = { .host = NULL };
    struct tern_http_target target;
    size_t off = 0;
    enum tern_http_fault fault = lines_collect(r, buf, &d, &off);
    if (fault != TERN_HTTP_FAULT_NONE)
        return refuse(r, fault, off);
    if (r->method == TERN_HTTP_CONNECT)    /* RFC 9110 section 9.3.6 */
        return refuse(r, TERN_HTTP_METHOD_CONNECT, r->method_off);
    if (tern_http_target_parse((const char *)buf + r->target_off, r->target_len,
                               (enum tern_http_method)r->method, &target) != TERN_OK)
        return refuse(r, TERN_HTTP_TARGET_FORM, r->target_off);
    r->form = (uint8_t)target.form;
    r->path_off = (uint16_t)(target.path.data - (const char *)buf);
    r->path_len = (uint16_t)target.path.len;
    if (target.query.data != NULL)
        r->query_off = (uint16_t)(target.query.data - (const char *)buf);
    r->query_len = (uint16_t)target.query.len;

    enum tern_err err = host_decide(r, buf, &d, &target);
    if (err == TERN_OK)
        err = framing_decide(r, buf, &d);
    if (err == TERN_OK)
        err = persistence_decide(r, buf, &d);
    return err;
}
