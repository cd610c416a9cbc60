/* SPDX-License-Identifier: ISC */
/*
 * The user's side: the stream contract (stream.h) on a connection, and its
 * visit, in which all events run.
 */
#include "tcp_internal.h"

#include <string.h>

/* ---- The user calls ---------------------------------------------------------------------- */

/* A write from outside the visit leads to one, for the `flush` of filters. */
static size_t written(struct tern_tcp_conn *conn, size_t len)
{
    if (len > 0 && !conn->visiting)
        tern_tcp_conn_ready(conn);
    return len;
}

static size_t stream_write(struct tern_stream *s, const uint8_t *data, size_t len)
{
    struct tern_tcp_conn *conn = tcp_conn_of(s);
    tcp_conn_prefetch(conn);
    return written(conn, tern_tcp_send_write(conn, data, len));
}

static size_t stream_borrow(struct tern_stream *s, const uint8_t *data, size_t len)
{
    struct tern_tcp_conn *conn = tcp_conn_of(s);
    return written(conn, tern_tcp_send_borrow(conn, data, len));
}

static uint8_t *stream_reserve(struct tern_stream *s, size_t least, size_t *room)
{
    return tern_tcp_send_reserve(tcp_conn_of(s), least, room);
}

static void stream_commit(struct tern_stream *s, size_t len)
{
    struct tern_tcp_conn *conn = tcp_conn_of(s);
    (void)written(conn, tern_tcp_send_commit(conn, len));
}

static void stream_resume(struct tern_stream *s)
{
    struct tern_tcp_conn *conn = tcp_conn_of(s);
    conn->offer = true;
    tern_tcp_conn_ready(conn);
}

static void stream_finish(struct tern_stream *s)
{
    tern_tcp_close_finish(tcp_conn_of(s));
}

/* Of a connection that is over, what is kept goes, so that `closed` need not wait for it. */
static void stream_close(struct tern_stream *s)
{
    struct tern_tcp_conn *conn = tcp_conn_of(s);
    if (conn->over && !conn->discard) {
        tern_tcp_recv_drop(conn);
        conn->discard = true;
        tern_tcp_conn_ready(conn);
        return;
    }
    tern_tcp_close_close(conn);
}

TERN_COLD
static void stream_abort(struct tern_stream *s, enum tern_err why)
{
    struct tern_tcp_conn *conn = tcp_conn_of(s);
    if (conn->over) {
        stream_close(s);
        return;
    }
    tern_tcp_close_abort(conn, why != TERN_OK ? why : TERN_ABORTED);
}

TERN_COLD
static const struct tern_stream_info *stream_info(const struct tern_stream *s,
                                                  struct tern_stream_info *info)
{
    const struct tern_tcp_conn *conn = (const struct tern_tcp_conn *)(const void *)s;
    size_t room = tern_tcp_send_room(conn);
    size_t most = TERN_RESERVE_SPANS * conn->tcp->net->blocks->data_cap;
    *info = (struct tern_stream_info){
        .provider = "tcp",
        .local = { .addr = conn->tuple.local, .port = conn->tuple.local_port },
        .peer = { .addr = conn->tuple.peer, .port = conn->tuple.peer_port },
        .room = room,
        .reserve_max = most,
        .unsent = conn->over || tcp_fin_sent(conn) ? 0 : conn->snd_end -
                  tern_tcp_seq_max(conn->snd_nxt, tcp_snd_first_seq(conn)),
    };
    return info;
}

const struct tern_stream_ops tern_tcp_stream_ops = {
    .write = stream_write,
    .borrow = stream_borrow,
    .reserve = stream_reserve,
    .commit = stream_commit,
    .resume = stream_resume,
    .finish = stream_finish,
    .close = stream_close,
    .abort = stream_abort,
    .info = stream_info,
};

TERN_COLD
void tern_tcp_set(struct tern_stream *s, const struct tern_tcp_options *options)
{
    struct tern_tcp_conn *conn = tcp_conn_of(s);
    tern_tcp_conn_options(conn, options);
    if (conn->over)
        return;
    if (conn->timer_kind == TCP_TIMER_IDLE)
        tern_tcp_keepalive_heard(conn);
    tern_tcp_conn_join(conn);
}

TERN_COLD
void tern_tcp_info(const struct tern_stream *s, struct tern_tcp_info *info)
{
    const struct tern_tcp_conn *conn = (const struct tern_tcp_conn *)(const void *)s;
    const struct tern_tcp_work *work = tcp_work(conn);
    const struct tern_tcp *tcp = conn->tcp;
    const struct tern_net_network_ops *ops = tern_net_network(tcp->net, conn->path.network);
    *info = (struct tern_tcp_info){
        .state = (enum tern_tcp_state)conn->state,
        .snd_una = conn->snd_una,
        .snd_nxt = conn->snd_nxt,
        .snd_wnd = conn->snd_wnd,
        .rcv_nxt = conn->rcv_nxt,
        .rcv_wnd = conn->rcv_adv - conn->rcv_nxt,
        .cwnd = work != NULL ? work->cc.cwnd : conn->on_work_wait ? conn->mss
                                                                 : conn->cc.saved.cwnd,
        .ssthresh = work != NULL ? work->cc.ssthresh
                                 : conn->on_work_wait ? UINT32_MAX : conn->cc.saved.ssthresh,
        .mss = conn->mss,
        .path_mtu = ops->mtu(tcp->net, tcp->net->networks[conn->path.network].context,
                             &conn->tuple.local, &conn->tuple.peer),
        .srtt_ns = (uint64_t)conn->srtt_us * 1000,
        .rttvar_ns = (uint64_t)conn->rttvar_us * 1000,
        .rto_ns = tern_tcp_rto_ms(conn) * TERN_MILLISECOND_NS,
        .n_retransmits = conn->backoff,
        .snd_scale = conn->snd_scale,
        .rcv_scale = conn->rcv_scale,
        .timestamps = conn->timestamps,
        .in_recovery = work != NULL && (work->recovering || work->timed_out),
    };
}

/* ---- The visit ------------------------------------------------------------------------------- */

/* A new connection: its listener's accept attaches a user, or it is aborted. */
static void accept_emit(struct tern_tcp_conn *conn)
{
    struct tern_tcp_listener *listener = conn->stream.user;
    conn->accept_pending = false;
    conn->stream.user = NULL;
    listener->n_pending--;
    if (listener->open && !conn->over)
        listener->accept(listener->app, &conn->stream);
    if (conn->stream.events == NULL && !conn->over) {
        conn->tcp->stats.accept_aborts++;
        tern_tcp_close_abort(conn, TERN_ABORTED);
    }
}

/* May the user still be offered data? A reset takes what it has not seen. */
static bool may_read(const struct tern_tcp_conn *conn)
{
    return !conn->discard && (!conn->over || conn->why == TERN_OK);
}

/* Has the peer's FIN been taken in? */
static bool peer_ended(const struct tern_tcp_conn *conn)
{
    switch (conn->state) {
    case TERN_TCP_CLOSE_WAIT:
    case TERN_TCP_LAST_ACK:
    case TERN_TCP_CLOSING:
    case TERN_TCP_TIME_WAIT:
        return true;
    default:    /* CLOSED in order: by way of LAST-ACK */
        return conn->over && conn->why == TERN_OK;
    }
}

static void data_emit(struct tern_tcp_conn *conn)
{
    const struct tern_stream_events *events = conn->stream.events;
    const void *user = conn->stream.user;
    bool has_room = conn->room_wanted && tern_tcp_send_has_room(conn);
    if (tern_tcp_recv_waiting(conn) && (conn->offer || has_room)) {
        conn->offer = false;
        (void)tern_tcp_recv_deliver(conn);
    }
    /* Who was attached meanwhile is offered what the one before did not take. */
    if (conn->stream.events != events || conn->stream.user != user)
        stream_resume(&conn->stream);
    conn->offer = conn->offer && tern_tcp_recv_waiting(conn);
    if (!may_read(conn) || tern_tcp_recv_waiting(conn))
        return;
    if (conn->fin_seen)
        tern_tcp_close_fin_in(conn);
    if (peer_ended(conn) && !conn->ended) {
        conn->ended = true;
        tern_stream_emit_ended(&conn->stream);
    }
}

static void closed_emit(struct tern_tcp_conn *conn)
{
    conn->freed = true;
    tern_tcp_recv_drop(conn);
    tern_tcp_send_drop(conn);
    tern_stream_emit_closed(&conn->stream, (enum tern_err)conn->why);
    conn->stream.events = NULL;
    tern_tcp_conn_give(conn);
}

void tern_tcp_stream_visit(struct tern_net *net, void *context, uint32_t index)
{
    (void)net;
    struct tern_tcp *tcp = context;
    struct tern_tcp_conn *conn = &tcp->config.conns[index];
    conn->on_ready = false;
    if (conn->freed) {    /* its last event asked for one visit more */
        tern_tcp_conn_give(conn);
        return;
    }
    conn->visiting = true;
    if (conn->accept_pending)
        accept_emit(conn);
    if (!conn->opened && may_read(conn) && !tcp_syn_out(conn) && conn->state != 0) {
        conn->opened = true;
        tern_stream_emit_opened(&conn->stream);
    }
    if (conn->opened && may_read(conn))
        data_emit(conn);
    else if (conn->discard && !conn->over)
        tern_tcp_recv_put_away(conn);    /* nothing to be kept, but a FIN may count */
    if (conn->room_wanted && tern_tcp_send_has_room(conn)) {
        conn->room_wanted = false;
        tern_stream_emit_room(&conn->stream);
    }
    if (conn->opened && !conn->over)
        tern_stream_emit_flush(&conn->stream);
    (void)tern_tcp_send_commit(conn, 0);
    conn->visiting = false;
    if (conn->over && (!may_read(conn) || conn->ended))
        closed_emit(conn);
    else
        tern_tcp_conn_join(conn);
}
