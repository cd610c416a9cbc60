/* SPDX-License-Identifier: ISC */
/*
 * One HTTP/1.1 connection (RFC 9112): what arrives is taken apart, one request
 * after another is given to the handler, the next when the last is answered.
 *
 *            head complete            no body            answer complete
 *   HEAD ----------------- (READY) -----------> WAIT ---------------------> HEAD
 *     |                       |                  ^                           |
 *     |                       +--> BODY ---------+  body complete            |
 *     |                       +--> CHUNKED ------+                           |
 *     +-------------------------- fault, end, abort ----------------> OVER <-+
 *
 * READY is passed through at once unless there is no room to answer in.
 * An answer that is complete before its request leaves BODY and CHUNKED
 * without an exchange: the rest is discarded, within limits.
 *
 * What is not wanted yet (a body whose handler is busy, a pipelined request)
 * is not taken and waits in the stream below, whose window says so to the peer.
 * Heads are http_head.c's.
 */
#include "http_internal.h"

/* Why an exchange is closed when its connection goes. */
static enum tern_err fault_err(enum tern_http_fault fault)
{
    switch (fault) {
    case TERN_HTTP_TRUNCATED:
        return TERN_TRUNCATED;
    case TERN_HTTP_HEAD_TIME:
    case TERN_HTTP_BODY_TIME:
    case TERN_HTTP_READ_TIME:
        return TERN_TIMED_OUT;
    case TERN_HTTP_UNANSWERED:
    case TERN_HTTP_CUT:
        return TERN_ABORTED;
    default:
        return TERN_MALFORMED;
    }
}

/* The exchange's last event, and back to what a connection is between requests. */
static void exchange_close(struct tern_http_conn *conn, enum tern_err why)
{
    struct tern_stream *s = &conn->exchange.stream;
    if (!conn_is(conn, CONN_EXCHANGE))
        return;
    conn->flags &= ~(uint32_t)CONN_EXCHANGE;
    tern_stream_emit_closed(s, why);
    tern_stream_attach(s, NULL, NULL);
    if (conn->held != NULL) {
        tern_http_head_give(conn->server, conn->held);
        conn->held = NULL;
    }
    conn->exchange.request = NULL;
    conn->exchange.head = NULL;
    conn->borrowed = NULL;
    conn->borrowed_len = 0;
    conn->answer_left = 0;
    conn->reserved = 0;
    conn->n_spans = 0;
}

void tern_http_conn_close(struct tern_http_conn *conn)
{
    conn->state = CONN_OVER;
    tern_stream_close(conn->below);
}

bool tern_http_conn_is_idle(const struct tern_http_conn *conn)
{
    return conn->state == CONN_HEAD && conn->held == NULL && !conn_is(conn, CONN_BEHIND);
}

void tern_http_conn_refuse(struct tern_http_conn *conn, enum tern_http_fault fault, uint32_t off)
{
    /* A body without an exchange is one that is thrown away: its answer was sent. */
    bool discards = conn->state == CONN_BODY || conn->state == CONN_CHUNKED;
    bool answered = conn_is(conn, CONN_RESPONDED) || (discards && !conn_is(conn, CONN_EXCHANGE));
    bool finished = conn_is(conn, CONN_FINISHED);
    conn->server->stats.faults[fault]++;
    conn->state = CONN_OVER;
    conn->fault = (uint8_t)fault;
    conn->fault_off = off;
    exchange_close(conn, fault_err(fault));
    if (conn->held != NULL) {
        tern_http_head_give(conn->server, conn->held);
        conn->held = NULL;
    }
    if (conn_is(conn, CONN_RESPONDED) && !finished &&
        conn->framing == TERN_HTTP_FRAME_CLOSE) {
        /* An orderly end would say that the answer is complete. */
        tern_stream_abort(conn->below, fault_err(fault));
        return;
    }
    if (answered) {
        tern_http_conn_close(conn);
        return;
    }
    conn->flags |= CONN_REFUSING;
    tern_http_refusal_send(conn);
}

/* The exchange is over: its connection ends, or the next request may come. */
static void exchange_over(struct tern_http_conn *conn)
{
    conn->server->stats.answers++;
    exchange_close(conn, TERN_OK);
    /* A request that waits behind this one is told first that it is the last. */
    bool closes = conn_is(conn, CONN_CLOSES) ||
                  (conn->server->draining && !conn_is(conn, CONN_IN_DATA | CONN_BEHIND));
    conn->flags &= ~(uint32_t)CONN_OF_EXCHANGE;
    conn->flags |= CONN_SERVED;
    if (conn->state == CONN_OVER)
        return;
    if (closes) {
        tern_http_conn_close(conn);
        return;
    }
    if (conn->state == CONN_WAIT)
        conn->state = CONN_HEAD;
    else
        conn->discard_left = conn->server->config.discard_max;
    if (conn_is(conn, CONN_PEER_ENDED))
        tern_http_conn_close(conn);
    else if (!conn_is(conn, CONN_IN_DATA))
        tern_stream_resume(conn->below);    /* more may be waiting there */
}

/* `ended`, with the default that an exchange has (http.h). */
static void exchange_end(struct tern_http_conn *conn)
{
    struct tern_stream *s = &conn->exchange.stream;
    conn->flags |= CONN_ENDED;
    if (s->events->ended != NULL)
        s->events->ended(s);
    else if (conn_is(conn, CONN_RESPONDED) && (conn->framing == TERN_HTTP_FRAME_CHUNKED ||
                                               conn->framing == TERN_HTTP_FRAME_CLOSE))
        tern_stream_close(s);
}

void tern_http_conn_step(struct tern_http_conn *conn)
{
    struct tern_stream *s = &conn->exchange.stream;
    if (!conn_is(conn, CONN_EXCHANGE) || conn->state == CONN_OVER)
        return;
    if (s->events != NULL && !conn_is(conn, CONN_OPENED)) {
        conn->flags |= CONN_OPENED;
        tern_stream_emit_opened(s);
    }
    if (s->events != NULL && conn->state == CONN_WAIT && !conn_is(conn, CONN_ENDED | CONN_DISCARD))
        exchange_end(conn);
    if (conn->state == CONN_OVER)
        return;
    if (!conn_is(conn, CONN_RESPONDED) &&
        (s->events == NULL || conn_is(conn, CONN_DISCARD))) {
        tern_http_conn_refuse(conn, TERN_HTTP_UNANSWERED, UINT32_MAX);
        return;
    }
    tern_http_exchange_push(conn);
    /* Nobody is there who could write the rest. */
    if (s->events == NULL && !conn_is(conn, CONN_FINISHED | CONN_FINISHING)) {
        tern_stream_finish(s);
        if (conn->state == CONN_OVER)
            return;
    }
    if (conn_is(conn, CONN_FINISHED) &&
        (s->events == NULL || conn_is(conn, CONN_ENDED | CONN_DISCARD)))
        exchange_over(conn);
}

/* ---- Bodies ------------------------------------------------------------------- */

/* The request is complete. */
static void body_over(struct tern_http_conn *conn)
{
    if (conn_is(conn, CONN_EXCHANGE)) {
        conn->state = CONN_WAIT;
        tern_http_conn_step(conn);
        return;
    }
    conn->state = CONN_HEAD;
    if (conn_is(conn, CONN_PEER_ENDED))
        tern_http_conn_close(conn);
}

/* Gives n >= 1 octets of the body to whoever wants them; how many were taken. */
static size_t body_deliver(struct tern_http_conn *conn, uint8_t *data, size_t n)
{
    struct tern_stream *s = &conn->exchange.stream;
    size_t taken = n;
    if (!conn_is(conn, CONN_EXCHANGE)) {
        if (n > conn->discard_left) {
            tern_http_conn_close(conn);
            return n;
        }
        conn->discard_left -= n;
    } else if (s->events != NULL && !conn_is(conn, CONN_DISCARD)) {
        taken = tern_stream_emit_data(s, data, n);
        if (taken < n)
            conn->flags |= CONN_UNTAKEN;
        else
            conn->flags &= ~(uint32_t)CONN_UNTAKEN;
    }
    conn->received += taken;
    return taken;
}

static size_t body_input(struct tern_http_conn *conn, uint8_t *data, size_t len)
{
    size_t n = len < conn->body_left ? len : (size_t)conn->body_left;
    size_t taken = body_deliver(conn, data, n);
    if (conn->state != CONN_BODY)
        return taken;
    conn->body_left -= taken;
    if (conn->body_left == 0)
        body_over(conn);
    else
        tern_http_conn_step(conn);
    return taken;
}

static size_t chunked_input(struct tern_http_conn *conn, uint8_t *data, size_t len)
{
    size_t used, data_len;
    enum tern_err err = tern_http_chunked_next(&conn->chunked, data, len, &used, &data_len);
    if (err == TERN_MALFORMED) {
        tern_http_conn_refuse(conn, (enum tern_http_fault)conn->chunked.fault, UINT32_MAX);
        return len;
    }
    if (err == TERN_OK) {
        body_over(conn);
        return used;
    }
    if (data_len == 0)
        return used;
    if (conn->chunked.left > conn->body_left) {    /* body_left: of body_max */
        tern_http_conn_refuse(conn, TERN_HTTP_BODY_LONG, UINT32_MAX);
        return len;
    }
    size_t taken = body_deliver(conn, data + used, data_len);
    if (conn->state != CONN_CHUNKED)
        return used + taken;
    tern_http_chunked_take(&conn->chunked, taken);
    if (conn->server->config.body_max != TERN_HTTP_UNKNOWN)
        conn->body_left -= taken;
    tern_http_conn_step(conn);
    return used + taken;
}

/* ---- Events of the stream below -------------------------------------------------- */

static size_t conn_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    struct tern_http_conn *conn = s->user;
    size_t used = 0, n = 1;
    conn->flags |= CONN_IN_VISIT | CONN_IN_DATA;
    while (used < len && n > 0) {
        switch (conn->state) {
        case CONN_HEAD:
            n = tern_http_head_input(conn, data + used, len - used);
            break;
        case CONN_BODY:
            n = body_input(conn, data + used, len - used);
            break;
        case CONN_CHUNKED:
            n = chunked_input(conn, data + used, len - used);
            break;
        case CONN_OVER:
            n = len - used;
            break;
        default:
            n = 0;
        }
        used += n;
    }
    conn->flags &= ~(uint32_t)(CONN_IN_VISIT | CONN_IN_DATA | CONN_BEHIND);
    if (used < len)
        conn->flags |= CONN_BEHIND;
    return used;
}

static void conn_ended(struct tern_stream *s)
{
    struct tern_http_conn *conn = s->user;
    conn->flags |= CONN_IN_VISIT | CONN_PEER_ENDED;
    if (conn->state == CONN_BODY || conn->state == CONN_CHUNKED ||
        (conn->state == CONN_HEAD && conn->held != NULL))
        tern_http_conn_refuse(conn, TERN_HTTP_TRUNCATED, UINT32_MAX);
    else if (conn->state == CONN_HEAD)
        tern_http_conn_close(conn);
    else
        conn->flags |= CONN_CLOSES;    /* after the answer under way */
    conn->flags &= ~(uint32_t)CONN_IN_VISIT;
}

static void conn_room(struct tern_stream *s)
{
    struct tern_http_conn *conn = s->user;
    conn->flags |= CONN_IN_VISIT;
    if (conn_is(conn, CONN_REFUSING))
        tern_http_refusal_send(conn);
    if (conn->state == CONN_READY)
        tern_http_head_ready(conn);
    else if (conn->state == CONN_HEAD && conn_is(conn, CONN_NO_ROOM))
        tern_stream_resume(s);
    if (conn_is(conn, CONN_EXCHANGE) && conn->state != CONN_OVER) {
        tern_http_exchange_push(conn);
        if (conn_is(conn, CONN_WANT_ROOM) && conn_is(conn, CONN_OPENED) &&
            conn->borrowed_len == 0) {
            conn->flags &= ~(uint32_t)CONN_WANT_ROOM;
            tern_stream_emit_room(&conn->exchange.stream);
        }
        tern_http_conn_step(conn);
    }
    conn->flags &= ~(uint32_t)CONN_IN_VISIT;
}

static void conn_flush(struct tern_stream *s)
{
    struct tern_http_conn *conn = s->user;
    conn->flags |= CONN_IN_VISIT;
    tern_http_conn_step(conn);
    if (conn_is(conn, CONN_EXCHANGE) && conn_is(conn, CONN_OPENED) && conn->state != CONN_OVER) {
        tern_stream_emit_flush(&conn->exchange.stream);
        tern_http_conn_step(conn);
    }
    if (conn_is(conn, CONN_EXCHANGE) && conn->state != CONN_OVER)
        tern_http_exchange_seal(conn);
    if (conn->server->draining && tern_http_conn_is_idle(conn))
        tern_http_conn_close(conn);
    tern_http_conn_watch(conn);
    conn->flags &= ~(uint32_t)CONN_IN_VISIT;
}

static void conn_closed(struct tern_stream *s, enum tern_err why)
{
    struct tern_http_conn *conn = s->user;
    conn->state = CONN_OVER;
    exchange_close(conn, why != TERN_OK ? why : TERN_ABORTED);
    if (conn->held != NULL)
        tern_http_head_give(conn->server, conn->held);
    conn->held = NULL;
    tern_http_conn_give(conn);
}

const struct tern_stream_events tern_http_conn_events = {
    .data = conn_data,
    .ended = conn_ended,
    .room = conn_room,
    .flush = conn_flush,
    .closed = conn_closed,
};
