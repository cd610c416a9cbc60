/* SPDX-License-Identifier: ISC */
/*
 * A connection's one timer. At the end of every visit it is decided what is
 * waited for; a deadline that passes makes one more visit, where it is judged.
 *
 *   HEAD   from a head's first octet (of the first request: from the start)
 *          until it is complete: head_ns, however its octets drip.
 *   IDLE   between requests: idle_ns.
 *   BODY   while we take all that comes: at least body_rate in every body_ns.
 *   READ   while octets of answers have not left the stream below: it must
 *          get rid of read_rate in every read_ns, or of all.
 *
 * Nothing is waited for while a handler thinks: that is not the peer's fault.
 */
#include "http_internal.h"

void tern_http_conn_fire(struct tern_timer *timer, uint64_t now_ns)
{
    struct tern_http_conn *conn = TERN_CONTAINER_OF(timer, struct tern_http_conn, timer);
    (void)now_ns;
    if (conn->state == CONN_OVER)    /* closed below: there may be no more visits */
        tern_http_conn_watch(conn);
    else
        tern_stream_resume(conn->below);    /* its flush judges */
}

/* Octets of answers that have left the stream below. */
static uint64_t octets_left(const struct tern_http_conn *conn, size_t unsent)
{
    return conn->written > unsent ? conn->written - unsent : 0;
}

static enum conn_watch watch_choose(const struct tern_http_conn *conn, size_t unsent)
{
    if (unsent > 0)
        return WATCH_READ;
    switch (conn->state) {
    case CONN_HEAD:
        return conn->held != NULL || !conn_is(conn, CONN_SERVED) ? WATCH_HEAD : WATCH_IDLE;
    case CONN_BODY:
    case CONN_CHUNKED:
        return conn_is(conn, CONN_UNTAKEN | CONN_CONTINUE) ? WATCH_NOTHING : WATCH_BODY;
    default:
        return WATCH_NOTHING;
    }
}

/* Starts a watch; since_ns is when what it waits for began. */
static void watch_start(struct tern_http_conn *conn, enum conn_watch watch, uint64_t since_ns,
                        size_t unsent)
{
    const struct tern_http_config *config = &conn->server->config;
    const uint64_t limits[] = {
        [WATCH_NOTHING] = 0,
        [WATCH_HEAD] = config->head_ns,
        [WATCH_IDLE] = config->idle_ns,
        [WATCH_BODY] = config->body_ns,
        [WATCH_READ] = config->read_ns < config->idle_ns ? config->read_ns : config->idle_ns,
    };
    conn->watch = (uint8_t)watch;
    conn->mark_ns = since_ns;
    conn->mark_octets = watch == WATCH_READ ? octets_left(conn, unsent) : conn->received;
    if (watch == WATCH_NOTHING || limits[watch] > TERN_NEVER - since_ns)
        conn->due_ns = TERN_NEVER;
    else
        conn->due_ns = since_ns + limits[watch];
}

/* Were `octets` enough since the mark? Rate times seconds, without overflow. */
static bool rate_is_kept(const struct tern_http_conn *conn, uint64_t octets, uint64_t rate,
                         uint64_t now_ns)
{
    uint64_t elapsed_ms = (now_ns - conn->mark_ns) / TERN_MILLISECOND_NS;
    if (elapsed_ms != 0 && rate > UINT64_MAX / elapsed_ms)
        return false;
    return octets >= rate * elapsed_ms / 1000;
}

/* The deadline of conn->watch, which is still the right one, has passed. */
static void watch_expire(struct tern_http_conn *conn, size_t unsent, uint64_t now_ns)
{
    struct tern_http_server *server = conn->server;
    uint64_t done;
    switch (conn->watch) {
    case WATCH_HEAD:
        if (conn->held != NULL) {
            tern_http_conn_refuse(conn, TERN_HTTP_HEAD_TIME, UINT32_MAX);
            break;
        }
        /* fall through */
    case WATCH_IDLE:    /* no request is under way: nobody waits for an answer */
        server->stats.idle_closes++;
        tern_http_conn_close(conn);
        break;
    case WATCH_BODY:
        done = conn->received - conn->mark_octets;
        if (rate_is_kept(conn, done, server->config.body_rate, now_ns))
            watch_start(conn, WATCH_BODY, now_ns, unsent);
        else
            tern_http_conn_refuse(conn, TERN_HTTP_BODY_TIME, UINT32_MAX);
        break;
    case WATCH_READ:
        done = octets_left(conn, unsent) - conn->mark_octets;
        if (now_ns - conn->mark_ns < server->config.read_ns) {
            conn->due_ns = conn->mark_ns + server->config.read_ns;
        } else if (rate_is_kept(conn, done, server->config.read_rate, now_ns)) {
            watch_start(conn, WATCH_READ, now_ns, unsent);
        } else {
            server->stats.faults[TERN_HTTP_READ_TIME]++;
            conn->state = CONN_OVER;
            tern_stream_abort(conn->below, TERN_TIMED_OUT);
        }
        break;
    }
}

void tern_http_conn_watch(struct tern_http_conn *conn)
{
    struct tern_stream_info room;
    uint64_t now_ns = conn->server->turn->now_ns;
    size_t unsent = tern_stream_info(conn->below, &room)->unsent;
    enum conn_watch watch = watch_choose(conn, unsent);
    if (watch != conn->watch) {
        /* Answers that were read in time: idleness began when they were written. */
        bool idle = conn->watch == WATCH_READ && watch == WATCH_IDLE;
        watch_start(conn, watch, idle ? conn->mark_ns : now_ns, unsent);
    } else if (watch == WATCH_READ && conn->written > conn->flushed &&
               octets_left(conn, unsent) >= conn->flushed) {
        watch_start(conn, WATCH_READ, now_ns, unsent);    /* all before this was read */
    }
    conn->flushed = conn->written;
    if (now_ns >= conn->due_ns) {
        watch_expire(conn, unsent, now_ns);
        if (conn->state == CONN_OVER) {
            unsent = tern_stream_info(conn->below, &room)->unsent;
            watch_start(conn, watch_choose(conn, unsent), now_ns, unsent);
        }
    }
    if (conn->due_ns != TERN_NEVER)
        tern_timer_set(conn->server->turn, &conn->timer, conn->due_ns);
}
