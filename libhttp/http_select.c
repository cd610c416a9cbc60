/* SPDX-License-Identifier: ISC */
/*
 * What of a representation is sent: the coding, what the conditions leave, the
 * ranges, and the fields that go with it. Pure but for the clock that dates
 * with two digits of a year are read by.
 */
#include "http_internal.h"

static const struct tern_http_field every[] = {
    TERN_HTTP_FIELD("Cache-Control", "no-cache"),
    TERN_HTTP_FIELD("X-Content-Type-Options", "nosniff"),
};

static const struct tern_http_field documents[] = {
    TERN_HTTP_FIELD("Referrer-Policy", "same-origin"),
    TERN_HTTP_FIELD("Content-Security-Policy",
                    "default-src 'self'; img-src 'self' data:; "
                    "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'"),
};

const struct tern_http_policy tern_http_policy_default = {
    .every = every, .documents = documents,
    .n_every = sizeof every / sizeof every[0],
    .n_documents = sizeof documents / sizeof documents[0],
};

static void asked_read(struct http_asked *a, const struct tern_http_exchange *x)
{
    *a = (struct http_asked){ .r = x->request, .head = x->head };
    size_t n = a->r != NULL ? a->r->n_fields : 0;
    for (size_t i = 0; i < n; i++) {
        const struct tern_http_line *line = &a->r->fields[i];
        switch (line->name) {
        case NAME_ACCEPT_ENCODING:
            a->accept = true;
            break;
        case NAME_IF_MATCH:
            a->match = true;
            break;
        case NAME_IF_NONE_MATCH:
            a->none_match = true;
            break;
        case NAME_IF_UNMODIFIED_SINCE:
            a->unmodified = line;
            a->n_unmodified++;
            break;
        case NAME_IF_MODIFIED_SINCE:
            a->modified = line;
            a->n_modified++;
            break;
        case NAME_IF_RANGE:
            a->if_range = line;
            a->n_if_range++;
            break;
        case NAME_RANGE:
            a->range = line;
            a->n_range++;
            break;
        default:
            break;
        }
    }
}

/* ---- The coding -------------------------------------------------------------------- */

static unsigned available(const struct tern_http_representation *rep)
{
    unsigned codings = 1u << TERN_HTTP_IDENTITY;
    for (unsigned c = TERN_HTTP_IDENTITY + 1; c < TERN_HTTP_CODINGS; c++)
        if (rep->variants[c].len != TERN_HTTP_UNKNOWN)
            codings |= 1u << c;
    return codings;
}

/* Without an Accept-Encoding field there is nothing to read: identity. */
static bool coding_choose(const struct http_asked *a, unsigned codings,
                          enum tern_http_coding *coding)
{
    struct tern_http_accept accept;
    *coding = TERN_HTTP_IDENTITY;
    if (!a->accept)
        return true;
    tern_http_accept_init(&accept);
    for (size_t i = 0; i < a->r->n_fields; i++)
        if (a->r->fields[i].name == NAME_ACCEPT_ENCODING)
            tern_http_accept_parse(&accept, asked_value(a, &a->r->fields[i]),
                                   a->r->fields[i].value_len);
    return tern_http_accept_choose(&accept, codings, coding);
}

/* ---- How much of it ------------------------------------------------------------------- */

static void body_whole(struct tern_http_body *body)
{
    body->ranges.n = 1;
    body->ranges.range[0] = (struct tern_http_range){ 0, body->complete_len - 1 };
    body->len = body->complete_len;
}

/* Sets what is sent of the form: the whole, or ranges of it. 200, 206 or 416. */
static uint16_t body_choose(const struct http_asked *a, struct tern_http_body *body,
                            enum tern_http_coding coding, bool ranges)
{
    body->ranges.n = 1;
    if (ranges && body->complete_len > 0) {
        enum tern_err err = tern_http_range_parse(asked_value(a, a->range), a->range->value_len,
                                                  body->complete_len, &body->ranges);
        if (err == TERN_OK && body->ranges.n == 0)
            return 416;
        if (err == TERN_OK && (body->ranges.n == 1 || coding == TERN_HTTP_IDENTITY) &&
            tern_http_body_measure(body))
            return 206;
    }
    body_whole(body);
    return 200;
}

/* ---- The fields ------------------------------------------------------------------------ */

static void field_add(struct tern_http_selection *s, const char *name, size_t name_len,
                      const char *value, size_t value_len)
{
    s->fields[s->n_fields++] = (struct tern_http_field){ { name, name_len }, { value, value_len } };
}

#define LITERAL(text) text, sizeof(text) - 1

static void policy_add(struct tern_http_selection *s, const struct tern_http_field *fields,
                       size_t n)
{
    for (size_t i = 0; i < n && s->n_fields < TERN_HTTP_SELECTION_FIELDS; i++)
        s->fields[s->n_fields++] = fields[i];
}

/* Only what can hold links, scripts and frames obeys the policies of a document. */
static bool is_document(const char *type, size_t len)
{
    return (len >= 9 && memcmp(type, "text/html", 9) == 0) ||
           (len >= 13 && memcmp(type, "image/svg+xml", 13) == 0) ||
           (len >= 15 && memcmp(type, "application/xml", 15) == 0) ||
           (len >= 21 && memcmp(type, "application/xhtml+xml", 21) == 0);
}

/* A cache may need the policy's Cache-Control with a 304 (RFC 9110 section 15.4.5). */
static void cache_control_add(struct tern_http_selection *s, const struct tern_http_policy *policy)
{
    for (size_t i = 0; i < policy->n_every; i++) {
        const struct tern_http_span *name = &policy->every[i].name;
        if (text_is((const uint8_t *)name->data, name->len, "cache-control", 13))
            policy_add(s, &policy->every[i], 1);
    }
}

/*
 * The fields of an answer with content. One of several parts says its type in
 * each part; what governs documents is for the whole only.
 */
static void content_fields(struct tern_http_selection *s,
                           const struct tern_http_representation *rep,
                           const struct tern_http_policy *policy)
{
    size_t type_len = strlen(rep->content_type);
    if (s->body.ranges.n > 1) {
        field_add(s, LITERAL("Content-Type"), s->multipart,
                  tern_http_multipart_type(s->body.etag, s->multipart));
    } else {
        field_add(s, LITERAL("Content-Type"), rep->content_type, type_len);
        if (s->status == 206)
            field_add(s, LITERAL("Content-Range"), s->content_range,
                      tern_http_content_range(s->content_range, 0, &s->body.ranges.range[0],
                                              s->body.complete_len));
    }
    if (s->coding != TERN_HTTP_IDENTITY) {
        const char *coding = tern_http_coding_text(s->coding);
        field_add(s, LITERAL("Content-Encoding"), coding, strlen(coding));
    }
    policy_add(s, policy->every, policy->n_every);
    if (s->status != 206 && is_document(rep->content_type, type_len))
        policy_add(s, policy->documents, policy->n_documents);
}

static void fields_write(struct tern_http_selection *s, const struct tern_http_representation *rep,
                         const struct tern_http_policy *policy, bool vary)
{
    const char *etag = s->body.etag;
    bool success = s->status == 200 || s->status == 206;
    s->n_fields = 0;
    if (etag != NULL && (success || s->status == 304))
        field_add(s, LITERAL("ETag"), etag, strlen(etag));
    if (rep->last_modified != NULL && (success || (s->status == 304 && etag == NULL)))
        field_add(s, LITERAL("Last-Modified"), rep->last_modified, TERN_HTTP_DATE_LEN);
    if (vary)
        field_add(s, LITERAL("Vary"), LITERAL("Accept-Encoding"));
    if (success)
        field_add(s, LITERAL("Accept-Ranges"), LITERAL("bytes"));
    switch (s->status) {
    case 304:
        cache_control_add(s, policy);
        break;
    case 416:
        field_add(s, LITERAL("Content-Range"), s->content_range,
                  tern_http_content_range(s->content_range, 0, NULL, s->body.complete_len));
        policy_add(s, policy->every, policy->n_every);
        break;
    case 406:
    case 412:
        policy_add(s, policy->every, policy->n_every);
        break;
    default:
        content_fields(s, rep, policy);
        break;
    }
}

/* ---- All of it --------------------------------------------------------------------------- */

void tern_http_select(const struct tern_http_exchange *x,
                      const struct tern_http_representation *rep,
                      const struct tern_http_policy *policy, struct tern_http_selection *out)
{
    struct http_asked a;
    unsigned codings = available(rep);
    bool one_form = codings == 1u << TERN_HTTP_IDENTITY;
    bool page = rep->status != 0 && rep->status != 200;
    if (policy == NULL)
        policy = &tern_http_policy_default;
    asked_read(&a, x);
    bool acceptable = coding_choose(&a, codings, &out->coding);
    const struct tern_http_variant *variant = &rep->variants[out->coding];
    out->body.len = 0;
    out->body.complete_len = variant->len;
    out->body.content_type = rep->content_type;
    out->body.etag = page ? NULL : variant->etag;
    if (page) {    /* RFC 9110 section 13.2.1: conditions are for what succeeds */
        out->status = rep->status;
        body_whole(&out->body);
    } else if (!acceptable) {
        out->status = 406;
    } else {
        uint64_t now_s = 0;
        if (a.n_unmodified + a.n_modified + a.n_if_range > 0)
            now_s = tern_http_server_now_s(conn_of(x)->server);
        out->status = 200;
        if (a.match || a.none_match || a.n_unmodified + a.n_modified > 0)
            out->status = tern_http_conditions_check(&a, variant->etag, rep->last_modified, now_s);
        bool ranges = a.n_range == 1 && tern_http_method(x) == TERN_HTTP_GET &&
                      tern_http_range_is_wanted(&a, variant->etag, rep->last_modified, one_form,
                                                now_s);
        if (out->status == 200)
            out->status = body_choose(&a, &out->body, out->coding, ranges);
    }
    fields_write(out, rep, policy, !one_form);
}

void tern_http_select_whole(const struct tern_http_representation *rep,
                            const struct tern_http_policy *policy,
                            struct tern_http_selection *selection)
{
    selection->status = 200;
    body_whole(&selection->body);
    fields_write(selection, rep, policy != NULL ? policy : &tern_http_policy_default,
                 available(rep) != 1u << TERN_HTTP_IDENTITY);
}
