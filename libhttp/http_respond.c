/* SPDX-License-Identifier: ISC */
/*
 * Answers: final ones, interim ones (RFC 9110 section 15), and the server's
 * own refusals.
 */
#include "http_internal.h"

enum { TEXT_MAX = 256 };    /* octets of a body that is written with its head */

static const struct tern_http_field plain =
    TERN_HTTP_FIELD("Content-Type", "text/plain; charset=utf-8");

/* How many octets of the request's body are still to come, as far as we know. */
static uint64_t body_missing(const struct tern_http_conn *conn)
{
    return conn->state == CONN_BODY ? conn->body_left : 0;
}

/*
 * Does the connection end with this answer? Also where a client that waits for
 * 100 (Continue) did not get it: it may or may not send the body now (RFC 9110
 * section 10.1.1); and where a body is on its way that nobody wants and that
 * is longer than we throw away.
 */
static bool closes_after(const struct tern_http_conn *conn, enum tern_http_framing framing)
{
    if (conn_is(conn, CONN_CLOSES | CONN_CONTINUE) || conn->server->draining ||
        framing == TERN_HTTP_FRAME_CLOSE)
        return true;
    return conn->exchange.stream.events == NULL &&
           body_missing(conn) > conn->server->config.discard_max;
}

static enum http_persistence persistence(const struct tern_http_conn *conn, bool closes)
{
    if (closes)
        return PERSIST_CLOSE;
    return conn_is(conn, CONN_KEEPS) ? PERSIST_KEEP : PERSIST_SILENT;
}

static enum tern_err answer_queue(struct tern_http_conn *conn, const struct http_answer *answer)
{
    size_t len;
    enum tern_err err = tern_http_emit_answer(conn->below, answer, &len);
    if (err == TERN_FULL)
        conn->flags |= CONN_WANT_ROOM;
    if (err == TERN_OK)
        conn->written += len;
    return err;
}

static void status_count(struct tern_http_conn *conn, uint16_t status)
{
    conn->server->stats.statuses[status < 300 ? 0 : status < 400 ? 1 : status < 500 ? 2 : 3]++;
}

/* The final answer, with all of its body where text is given. */
static enum tern_err respond(struct tern_http_exchange *x, uint16_t status,
                             const struct tern_http_field *fields, size_t n_fields, bool trusted,
                             uint64_t body_len, const char *text)
{
    struct tern_http_conn *conn = conn_of(x);
    if (!conn_is(conn, CONN_EXCHANGE) || conn_is(conn, CONN_RESPONDED) ||
        conn->state == CONN_OVER || status < 200 || status > 999)
        return TERN_INVALID;
    enum tern_http_method method = conn_is(conn, CONN_HEAD_ONLY) ? TERN_HTTP_HEAD : TERN_HTTP_GET;
    enum tern_http_framing framing =
        tern_http_framing_choose(method, status, body_len, tern_http_minor(x));
    bool wanted = x->stream.events != NULL && x->stream.events->data != NULL;
    if (conn_is(conn, CONN_CONTINUE) && wanted && status < 300) {
        /* The handler answers before it reads: the body is wanted all the same. */
        enum tern_err err = tern_http_interim(x, 100, NULL, 0);
        if (err != TERN_OK)
            return err;
    }
    bool closes = closes_after(conn, framing);
    struct http_answer answer = {
        .status = status,
        .framing = framing,
        .persistence = persistence(conn, closes),
        .body_len = body_len,
        .fields = fields,
        .n_fields = n_fields,
        .trusted = trusted,
        .date = tern_http_server_date(conn->server),
        .text = text,
        .text_len = text != NULL && framing == TERN_HTTP_FRAME_LENGTH ? (size_t)body_len : 0,
    };
    enum tern_err err = answer_queue(conn, &answer);
    if (err != TERN_OK)
        return err;
    status_count(conn, status);
    conn->flags |= CONN_RESPONDED;
    if (closes)
        conn->flags |= CONN_CLOSES;
    conn->status = status;
    conn->framing = (uint8_t)framing;
    conn->answer_left = framing == TERN_HTTP_FRAME_LENGTH ? body_len - answer.text_len : 0;
    if (framing == TERN_HTTP_FRAME_NONE || framing == TERN_HTTP_FRAME_HEAD ||
        (framing == TERN_HTTP_FRAME_LENGTH && conn->answer_left == 0))
        conn->flags |= CONN_FINISHED;
    if (!conn_is(conn, CONN_IN_VISIT))
        tern_stream_resume(conn->below);
    return TERN_OK;
}

enum tern_err tern_http_respond(struct tern_http_exchange *x, uint16_t status,
                                const struct tern_http_field *fields, size_t n_fields,
                                uint64_t body_len)
{
    return respond(x, status, fields, n_fields, false, body_len, NULL);
}

enum tern_err tern_http_respond_text(struct tern_http_exchange *x, uint16_t status,
                                     const char *text, size_t len)
{
    return len > TEXT_MAX ? TERN_INVALID : respond(x, status, &plain, 1, false, len, text);
}

static size_t every_add(struct tern_http_field *fields, size_t n,
                        const struct tern_http_policy *policy)
{
    for (size_t i = 0; i < policy->n_every && i < TERN_HTTP_POLICY_MAX; i++)
        fields[n++] = policy->every[i];
    return n;
}

enum tern_err tern_http_respond_policy(struct tern_http_exchange *x, uint16_t status,
                                       const struct tern_http_field *own, const char *text,
                                       size_t len, const struct tern_http_policy *policy)
{
    struct tern_http_field fields[2 + TERN_HTTP_POLICY_MAX];
    size_t n = 0;
    if (len > TEXT_MAX)
        return TERN_INVALID;
    if (own != NULL)
        fields[n++] = *own;
    if (len > 0)
        fields[n++] = plain;
    n = every_add(fields, n, policy != NULL ? policy : &tern_http_policy_default);
    return respond(x, status, fields, n, false, len, text);
}

enum tern_err tern_http_respond_selection(struct tern_http_exchange *x,
                                          const struct tern_http_selection *selection)
{
    return respond(x, selection->status, selection->fields, selection->n_fields, true,
                   selection->body.len, NULL);
}

TERN_COLD
enum tern_err tern_http_interim(struct tern_http_exchange *x, uint16_t status,
                                const struct tern_http_field *fields, size_t n_fields)
{
    struct tern_http_conn *conn = conn_of(x);
    if (!conn_is(conn, CONN_EXCHANGE) || conn_is(conn, CONN_RESPONDED) ||
        conn->state == CONN_OVER || status < 100 || status > 199 || status == 101)
        return TERN_INVALID;
    if (conn_is(conn, CONN_OLD))    /* RFC 9110 section 15.2 */
        return TERN_OK;
    struct http_answer answer = {
        .status = status,
        .framing = TERN_HTTP_FRAME_NONE,
        .fields = fields,
        .n_fields = n_fields,
    };
    enum tern_err err = answer_queue(conn, &answer);
    if (err == TERN_OK && status == 100)
        conn->flags &= ~(uint32_t)CONN_CONTINUE;
    return err;
}

/* ---- Refusals ------------------------------------------------------------------- */

struct text {
    char octets[192];
    size_t len;
};

TERN_COLD
static void text_add(struct text *t, const char *more)
{
    size_t len = strlen(more);
    if (len > sizeof t->octets - t->len)
        len = sizeof t->octets - t->len;
    memcpy(t->octets + t->len, more, len);
    t->len += len;
}

TERN_COLD
static void text_add_number(struct text *t, uint32_t value)
{
    char digits[21];
    digits[tern_decimal_format(value, digits)] = '\0';
    text_add(t, digits);
}

/* "400 Bad Request\nname_space at octet 57\n" */
TERN_COLD
static void refusal_text(const struct tern_http_conn *conn, struct text *t)
{
    enum tern_http_fault fault = (enum tern_http_fault)conn->fault;
    uint16_t status = tern_http_fault_status(fault);
    text_add_number(t, status);
    text_add(t, " ");
    text_add(t, tern_http_status_text(status));
    text_add(t, "\n");
    text_add(t, tern_http_fault_text(fault));
    if (conn->fault_off != UINT32_MAX) {
        text_add(t, " at octet ");
        text_add_number(t, conn->fault_off);
    }
    text_add(t, "\n");
}

TERN_COLD
void tern_http_refusal_send(struct tern_http_conn *conn)
{
    const struct tern_http_policy *policy = conn->server->config.policy;
    struct tern_http_field fields[1 + TERN_HTTP_POLICY_MAX] = { plain };
    struct text text = { .len = 0 };
    refusal_text(conn, &text);
    bool head = conn_is(conn, CONN_HEAD_ONLY);
    struct http_answer answer = {
        .status = tern_http_fault_status((enum tern_http_fault)conn->fault),
        .framing = head ? TERN_HTTP_FRAME_HEAD : TERN_HTTP_FRAME_LENGTH,
        .persistence = PERSIST_CLOSE,
        .body_len = text.len,
        .fields = fields,
        .n_fields = policy != NULL ? every_add(fields, 1, policy) : 1,
        .date = tern_http_server_date(conn->server),
        .text = text.octets,
        .text_len = head ? 0 : text.len,
    };
    if (answer_queue(conn, &answer) == TERN_FULL)
        return;    /* again in `room`; the deadline for reading is running */
    conn->flags &= ~(uint32_t)(CONN_REFUSING | CONN_WANT_ROOM);
    status_count(conn, answer.status);
    if (conn->server->config.refused != NULL) {
        struct tern_stream_info room;
        struct tern_http_refusal refusal = {
            .fault = (enum tern_http_fault)conn->fault, .status = answer.status,
            .body_len = answer.text_len, .info = tern_stream_info(conn->below, &room),
        };
        conn->server->config.refused(conn->server->config.app, &refusal);
    }
    tern_http_conn_close(conn);
}
