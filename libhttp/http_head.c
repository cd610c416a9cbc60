/* SPDX-License-Identifier: ISC */
/*
 * Heads on a connection: parsed where they lie if they lie whole in one run,
 * otherwise in a buffer of the server's pool; checked; and given to the handler
 * once there is room to answer (RFC 9112 sections 2 and 3).
 */
#include "http_internal.h"

/* ---- Buffers -------------------------------------------------------------------- */

/* The head is incomplete: the newest of those that are. */
static void waiting_add(struct tern_http_conn *conn, struct tern_http_head *head)
{
    struct tern_http_server *server = conn->server;
    head->conn = conn;
    head->next = NULL;
    head->link = server->waiting_end;
    *server->waiting_end = head;
    server->waiting_end = &head->next;
}

/* It is complete, or goes. Harmless where it was not waiting. */
static void waiting_remove(struct tern_http_server *server, struct tern_http_head *head)
{
    if (head->link == NULL)
        return;
    *head->link = head->next;
    if (head->next != NULL)
        head->next->link = head->link;
    else
        server->waiting_end = head->link;
    head->link = NULL;
}

/*
 * A buffer, or NULL. When there is none, whoever has been incomplete the
 * longest loses his: a head that is only cut by the network is whole within a
 * round trip, one that drips stays. Otherwise as many drips as there are
 * buffers would keep out everyone whose head comes in two segments.
 */
static struct tern_http_head *head_take(struct tern_http_server *server)
{
    if (server->free_heads == NULL && server->waiting != NULL)
        tern_http_conn_refuse(server->waiting->conn, TERN_HTTP_NO_HEAD, UINT32_MAX);
    struct tern_http_head *head = server->free_heads;
    if (head == NULL)
        return NULL;
    server->free_heads = head->next;
    server->n_free_heads--;
    head->link = NULL;
    return head;
}

void tern_http_head_give(struct tern_http_server *server, struct tern_http_head *head)
{
    waiting_remove(server, head);
    head->next = server->free_heads;
    server->free_heads = head;
    server->n_free_heads++;
}

/* ---- Requests --------------------------------------------------------------------- */

/* Room for an answer's head must be there before its request is given to a handler. */
static bool room_to_answer(struct tern_http_conn *conn)
{
    size_t room;
    if (tern_stream_reserve(conn->below, TERN_RESERVE_LEAST, &room) == NULL) {
        conn->flags |= CONN_NO_ROOM;
        return false;
    }
    tern_stream_commit(conn->below, 0);
    conn->flags &= ~(uint32_t)CONN_NO_ROOM;
    return true;
}

static void body_begin(struct tern_http_conn *conn, const struct tern_http_request *r)
{
    conn->received = 0;
    conn->body_left = r->body_len;
    if ((r->framing_flags & TERN_HTTP_CHUNKED) != 0) {
        conn->state = CONN_CHUNKED;
        conn->chunked = (struct tern_http_chunked){ .state = 0 };
        conn->body_left = conn->server->config.body_max;
    } else {
        conn->state = r->body_len != 0 ? CONN_BODY : CONN_WAIT;
    }
}

/* A checked head becomes an exchange, and the handler is asked. */
static void request_begin(struct tern_http_conn *conn, struct tern_http_request *r,
                          const uint8_t *head)
{
    struct tern_http_server *server = conn->server;
    struct tern_stream *s = &conn->exchange.stream;
    conn->flags |= CONN_EXCHANGE | CONN_IN_REQUEST;
    if ((r->framing_flags & TERN_HTTP_CLOSES) != 0)
        conn->flags |= CONN_CLOSES;
    if ((r->framing_flags & TERN_HTTP_CONTINUE) != 0)
        conn->flags |= CONN_CONTINUE;
    if ((r->framing_flags & TERN_HTTP_KEEPS) != 0)
        conn->flags |= CONN_KEEPS;
    if (r->method == TERN_HTTP_HEAD)
        conn->flags |= CONN_HEAD_ONLY;
    if (r->minor == 0)
        conn->flags |= CONN_OLD;
    body_begin(conn, r);
    conn->exchange.request = r;
    conn->exchange.head = head;
    tern_stream_attach(s, NULL, NULL);
    server->stats.requests++;
    server->config.request(server->config.app, &conn->exchange);
    conn->flags &= ~(uint32_t)CONN_IN_REQUEST;
    if (!conn_is(conn, CONN_KEPT)) {
        conn->exchange.request = NULL;
        conn->exchange.head = NULL;
        if (conn->held != NULL) {
            tern_http_head_give(server, conn->held);
            conn->held = NULL;
        }
    }
    /* RFC 9110 section 10.1.1: the body is wanted, so it is asked for. */
    if (conn_is(conn, CONN_CONTINUE) && !conn_is(conn, CONN_RESPONDED) && s->events != NULL &&
        s->events->data != NULL)
        (void)tern_http_interim(&conn->exchange, 100, NULL, 0);
    tern_http_conn_step(conn);
}

/* A complete head: is it a request that we serve, and one with a body we take? */
static bool head_accept(struct tern_http_conn *conn, struct tern_http_request *r,
                        const uint8_t *head)
{
    enum tern_err err = tern_http_request_check(r, head);
    if (r->method == TERN_HTTP_HEAD)
        conn->flags |= CONN_HEAD_ONLY;
    if (err != TERN_OK) {
        tern_http_conn_refuse(conn, (enum tern_http_fault)r->fault, r->off);
        return false;
    }
    if (r->body_len != TERN_HTTP_UNKNOWN && r->body_len > conn->server->config.body_max) {
        tern_http_conn_refuse(conn, TERN_HTTP_BODY_LONG, UINT32_MAX);
        return false;
    }
    return true;
}

/* Copies what the parser knows so far; fields past the one under way hold nothing. */
static void request_copy(struct tern_http_request *to, const struct tern_http_request *from)
{
    size_t n = from->n_fields < TERN_HTTP_FIELDS_CAP ? from->n_fields + 1u : from->n_fields;
    memcpy(to, from, offsetof(struct tern_http_request, fields));
    memcpy(to->fields, from->fields, n * sizeof from->fields[0]);
}

/* The head so far waits in a buffer of its own. */
static bool head_hold(struct tern_http_conn *conn, const struct tern_http_request *r,
                      const uint8_t *octets, size_t len)
{
    struct tern_http_head *held = head_take(conn->server);
    if (held == NULL)
        return false;
    request_copy(&held->request, r);
    memcpy(held->octets, octets, len);
    held->len = len;
    conn->held = held;
    return true;
}

enum tern_err tern_http_keep(struct tern_http_exchange *x)
{
    struct tern_http_conn *conn = conn_of(x);
    if (!conn_is(conn, CONN_IN_REQUEST))
        return TERN_INVALID;
    if (conn->held == NULL && !head_hold(conn, x->request, x->head, x->request->head_len))
        return TERN_FULL;
    conn->flags |= CONN_KEPT;
    x->request = &conn->held->request;
    x->head = conn->held->octets;
    return TERN_OK;
}

static void parse_refuse(struct tern_http_conn *conn, const struct tern_http_request *r)
{
    if (r->method == TERN_HTTP_HEAD)
        conn->flags |= CONN_HEAD_ONLY;
    tern_http_conn_refuse(conn, (enum tern_http_fault)r->fault, r->off);
}

/* A head that lies in this run from its first octet on: parsed where it is. */
static size_t head_in_place(struct tern_http_conn *conn, const uint8_t *data, size_t len)
{
    struct tern_http_request *r = &conn->server->scratch;
    const struct tern_http_config *config = &conn->server->config;
    (void)tern_http_request_init(r, config->head_max, config->target_max, config->fields_max);
    enum tern_err err = tern_http_request_parse(r, data, len);
    if (err == TERN_AGAIN) {
        if (head_hold(conn, r, data, len))
            waiting_add(conn, conn->held);
        else
            tern_http_conn_refuse(conn, TERN_HTTP_NO_HEAD, UINT32_MAX);
        return len;
    }
    if (err != TERN_OK) {
        parse_refuse(conn, r);
        return len;
    }
    if (!room_to_answer(conn))
        return 0;
    size_t head_len = r->head_len;
    if (head_accept(conn, r, data))
        request_begin(conn, r, data);
    return head_len;
}

/* The head that waits in `held` is complete. */
void tern_http_head_ready(struct tern_http_conn *conn)
{
    struct tern_http_head *held = conn->held;
    conn->state = CONN_READY;
    if (!room_to_answer(conn))
        return;
    conn->state = CONN_HEAD;
    if (head_accept(conn, &held->request, held->octets))
        request_begin(conn, &held->request, held->octets);
}

/* A head that comes in pieces: the parser goes on where it stood. */
static size_t head_in_pieces(struct tern_http_conn *conn, const uint8_t *data, size_t len)
{
    struct tern_http_head *held = conn->held;
    size_t old = held->len, room = TERN_HTTP_HEAD_CAP - old, n = len < room ? len : room;
    memcpy(held->octets + old, data, n);
    enum tern_err err = tern_http_request_parse(&held->request, held->octets, old + n);
    if (err == TERN_AGAIN) {
        held->len = old + n;
        return n;
    }
    if (err != TERN_OK) {
        parse_refuse(conn, &held->request);
        return len;
    }
    size_t head_len = held->request.head_len;
    held->len = head_len;
    waiting_remove(conn->server, held);
    tern_http_head_ready(conn);
    return head_len - old;
}

size_t tern_http_head_input(struct tern_http_conn *conn, const uint8_t *data, size_t len)
{
    if (conn->held != NULL)
        return head_in_pieces(conn, data, len);
    if (conn_is(conn, CONN_NO_ROOM) && !room_to_answer(conn))
        return 0;
    return head_in_place(conn, data, len);
}
