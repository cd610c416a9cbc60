/* SPDX-License-Identifier: ISC */
/*
 * The server: its pools and what it does when they are empty, the accept
 * callback, the date, and the end of service.
 */
#include "http_internal.h"

#include <tern/host.h>

static uint64_t or_default(uint64_t value, uint64_t fallback)
{
    return value != 0 ? value : fallback;
}

static void config_complete(struct tern_http_config *c)
{
    c->body_max = or_default(c->body_max, 1u << 20);
    c->discard_max = or_default(c->discard_max, 1u << 16);
    c->head_ns = or_default(c->head_ns, 10 * TERN_SECOND_NS);
    c->idle_ns = or_default(c->idle_ns, 60 * TERN_SECOND_NS);
    c->body_ns = or_default(c->body_ns, 10 * TERN_SECOND_NS);
    c->body_rate = or_default(c->body_rate, 200);
    c->read_ns = or_default(c->read_ns, 20 * TERN_SECOND_NS);
    c->read_rate = or_default(c->read_rate, 200);
}

struct tern_http_multipart *tern_http_multipart_take(struct tern_http_server *server)
{
    struct tern_http_multipart *m = server->free_multiparts;
    if (m != NULL)
        server->free_multiparts = m->next;
    return m;
}

void tern_http_multipart_give(struct tern_http_server *server, struct tern_http_multipart *m)
{
    m->next = server->free_multiparts;
    server->free_multiparts = m;
}

enum tern_err tern_http_server_init_sized(const struct tern_http_sizes *sizes,
                                          struct tern_http_server *server, struct tern_turn *turn,
                                          const struct tern_http_config *config,
                                          struct tern_http_conn *conns, size_t n_conns,
                                          struct tern_http_head *heads, size_t n_heads)
{
    if (sizes->server != sizeof *server || sizes->config != sizeof *config ||
        sizes->conn != sizeof *conns || sizes->head != sizeof *heads)
        return TERN_MISMATCH;
    if (config->request == NULL || n_conns == 0 || config->head_max > TERN_HTTP_HEAD_CAP ||
        config->target_max > TERN_HTTP_HEAD_CAP || config->fields_max > TERN_HTTP_FIELDS_CAP)
        return TERN_INVALID;
    memset(server, 0, sizeof *server);
    server->turn = turn;
    server->config = *config;
    config_complete(&server->config);
    server->conns = conns;
    server->n_conns = server->n_free_conns = n_conns;
    server->n_heads = server->n_free_heads = n_heads;
    server->date_s = UINT64_MAX;
    server->waiting_end = &server->waiting;
    for (size_t i = n_conns; i-- > 0;) {
        conns[i].below = NULL;
        conns[i].next = server->free_conns;
        server->free_conns = &conns[i];
    }
    for (size_t i = n_heads; i-- > 0;) {
        heads[i].next = server->free_heads;
        server->free_heads = &heads[i];
    }
    for (size_t i = TERN_HTTP_MULTIPARTS; i-- > 0;)
        tern_http_multipart_give(server, &server->multiparts[i]);
    return TERN_OK;
}

/* While no connection is free, none is accepted that could only be aborted. */
static void listeners_update(struct tern_http_server *server)
{
    bool pause = server->n_free_conns == 0;
    if (pause == server->paused)
        return;
    server->paused = pause;
    for (size_t i = 0; i < server->n_listeners; i++) {
        if (pause)
            tern_listener_pause(server->listeners[i]);
        else
            tern_listener_resume(server->listeners[i]);
    }
}

enum tern_err tern_http_server_listener(struct tern_http_server *server,
                                        struct tern_listener *listener)
{
    if (server->n_listeners == TERN_HTTP_LISTENERS)
        return TERN_FULL;
    server->listeners[server->n_listeners++] = listener;
    if (server->paused)
        tern_listener_pause(listener);
    return TERN_OK;
}

void tern_http_accept(void *app, struct tern_stream *s)
{
    struct tern_http_server *server = app;
    struct tern_http_conn *conn = server->free_conns;
    if (conn == NULL) {
        server->stats.refused++;
        return;
    }
    server->free_conns = conn->next;
    server->n_free_conns--;
    server->stats.connections++;
    memset(conn, 0, sizeof *conn);
    conn->server = server;
    conn->below = s;
    conn->exchange.stream.ops = &tern_http_exchange_ops;
    conn->timer.fire = tern_http_conn_fire;
    conn->due_ns = TERN_NEVER;
    tern_stream_attach(s, &tern_http_conn_events, conn);
    listeners_update(server);
}

void tern_http_conn_give(struct tern_http_conn *conn)
{
    struct tern_http_server *server = conn->server;
    tern_timer_cancel(server->turn, &conn->timer);
    conn->below = NULL;
    conn->next = server->free_conns;
    server->free_conns = conn;
    server->n_free_conns++;
    listeners_update(server);
}

void tern_http_server_drain(struct tern_http_server *server)
{
    server->draining = true;
    for (size_t i = 0; i < server->n_conns; i++) {
        struct tern_http_conn *conn = &server->conns[i];
        if (conn->below != NULL && tern_http_conn_is_idle(conn))
            tern_http_conn_close(conn);
    }
}

size_t tern_http_server_active(const struct tern_http_server *server)
{
    return server->n_conns - server->n_free_conns;
}

/* RFC 9110 section 6.6.1: an origin server with a clock sends a date. */
const char *tern_http_server_date(struct tern_http_server *server)
{
    if (server->config.wall_ns == NULL)
        return NULL;
    uint64_t wall_ns = server->config.wall_ns(server->config.wall_user);
    if (wall_ns == 0)
        return NULL;
    if (wall_ns / TERN_SECOND_NS != server->date_s) {
        server->date_s = wall_ns / TERN_SECOND_NS;
        tern_http_date_format(server->date_s, server->date_text);
    }
    return server->date_text;
}

uint64_t tern_http_server_now_s(const struct tern_http_server *server)
{
    return server->config.wall_ns == NULL
               ? 0 : server->config.wall_ns(server->config.wall_user) / TERN_SECOND_NS;
}

bool tern_http_conn_sane(const struct tern_http_conn *conn)
{
    const struct tern_http_server *server = conn->server;
    bool exchange = conn_is(conn, CONN_EXCHANGE), over = conn->state == CONN_OVER;
    return conn->below != NULL && conn->state <= CONN_OVER && conn->watch <= WATCH_READ &&
           conn->fault < TERN_HTTP_N_FAULTS &&
           server->n_free_conns < server->n_conns && server->n_free_heads <= server->n_heads &&
           /* A request that is complete and not answered is an exchange. */
           (conn->state != CONN_WAIT || exchange) && (conn->state != CONN_HEAD || !exchange) &&
           (conn->state != CONN_READY || conn->held != NULL) &&
           /* A head is held while it is incomplete or kept. */
           (conn->held == NULL || over || conn->state <= CONN_READY || conn_is(conn, CONN_KEPT)) &&
           (conn->exchange.request == NULL || conn_is(conn, CONN_KEPT)) &&
           /* What belongs to an exchange is there only with one. */
           (exchange || over || !conn_is(conn, CONN_RESPONDED | CONN_OPENED | CONN_UNTAKEN)) &&
           (!conn_is(conn, CONN_FINISHED | CONN_FINISHING) || over ||
            conn_is(conn, CONN_RESPONDED)) &&
           (conn->borrowed_len == 0 || exchange) &&
           (!conn_is(conn, CONN_IN_REQUEST | CONN_IN_DATA | CONN_IN_VISIT));
}
