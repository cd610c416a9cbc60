/* SPDX-License-Identifier: ISC */
/*
 * A connection's life: out of the pool, set up by the SYNs, over, back.
 *
 *      take ---> hashed ---> over: out of the table, queues dropped,
 *                                  `closed` is due in a visit
 *                              |
 *                              v   closed has run (tcp_stream.c)
 *                            freed: given back as soon as neither the turn's
 *                                  list nor a waiters' list has it
 *
 * Lists link 32-bit indices one way, so an entry in the middle cannot leave;
 * instead a freed connection is passed over when its turn comes.
 */
#include "tcp_internal.h"

#include <string.h>

#define TENTH_MS 100u

struct tern_tcp_conn *tern_tcp_conn_take(struct tern_tcp *tcp, const struct tern_tcp_tuple *tuple)
{
    if (tcp->conn_free == 0)
        return NULL;
    uint32_t index = tcp->conn_free;
    struct tern_tcp_conn *conn = &tcp->config.conns[index - 1];
    tcp->conn_free = conn->tuple.next;
    tcp->n_conns_free--;
    memset(conn, 0, sizeof *conn);
    conn->stream.ops = &tern_tcp_stream_ops;
    conn->tcp = tcp;
    conn->tuple = *tuple;
    conn->timer.fire = tern_tcp_timer_fire;
    conn->hashed = true;
    tern_tcp_lookup_add(tcp, TCP_REF_CONN | index);
    return conn;
}

static uint16_t tenths(uint32_t ms)
{
    uint32_t ds = ms / TENTH_MS + (ms % TENTH_MS != 0);
    return ds < UINT16_MAX ? (uint16_t)ds : UINT16_MAX;
}

void tern_tcp_conn_options(struct tern_tcp_conn *conn, const struct tern_tcp_options *options)
{
    conn->no_delay = options->no_delay;
    conn->no_delayed_ack = options->no_delayed_ack;
    conn->keepalive_s =
        options->keepalive_s < UINT16_MAX ? (uint16_t)options->keepalive_s : UINT16_MAX;
    uint32_t every_s = options->keepalive_every_s != 0 ? options->keepalive_every_s : 75;
    conn->keepalive_every_s = every_s < UINT8_MAX ? (uint8_t)every_s : UINT8_MAX;
    uint8_t probes = options->keepalive_probes != 0 ? options->keepalive_probes : 9;
    conn->keepalive_probes = (probes < 15u ? probes : 15u) & 0xfu;
    conn->user_timeout_ds = tenths(options->user_timeout_ms);
    conn->linger_ds = tenths(options->linger_ms);
}

/* The MTU to peer, as far as it is known, less both headers; 0: no route. */
static uint16_t mtu_mss(const struct tern_tcp *tcp, const struct tern_tcp_tuple *tuple)
{
    uint8_t slot = tern_net_network_of(tcp->net, &tuple->peer);
    const struct tern_net_network_ops *ops = tern_net_network(tcp->net, slot);
    uint16_t mtu = ops->mtu(tcp->net, tcp->net->networks[slot].context, &tuple->local,
                             &tuple->peer);
    uint16_t headers = (uint16_t)(ops->hdr_len + TCP_HDR_LEN);
    return mtu > headers + TCP_MSS_LEAST ? (uint16_t)(mtu - headers) : 0;
}

/* What a peer without the option would send, at least (RFC 9293 section 3.7.1). */
uint16_t tern_tcp_conn_mss_offer(const struct tern_tcp *tcp, const struct tern_tcp_tuple *tuple)
{
    uint16_t mss = mtu_mss(tcp, tuple);
    return mss > TCP_MSS_DEFAULT ? mss : TCP_MSS_DEFAULT;
}

/*
 * RFC 9293 section 3.7.1: SendMSS by the peer's option and the path's MTU, less
 * the options that every segment carries (RFC 6691).
 */
void tern_tcp_conn_mss(struct tern_tcp_conn *conn)
{
    uint16_t mss = mtu_mss(conn->tcp, &conn->tuple);
    if (mss == 0)
        mss = TCP_MSS_DEFAULT;
    if (conn->peer_mss < mss)
        mss = conn->peer_mss;
    conn->mss = (uint16_t)(mss - (conn->timestamps ? TCP_TS_SPACE : 0u));
    struct tern_tcp_work *work = tcp_work(conn);
    if (work != NULL)
        work->cc.mss = conn->mss;
}

void tern_tcp_conn_syn(struct tern_tcp_conn *conn, const struct tern_tcp_seg *syn)
{
    const struct tern_tcp_config *config = &conn->tcp->config;
    conn->peer_mss = syn->has_mss ? syn->mss : TCP_MSS_DEFAULT;
    if (conn->peer_mss < TCP_MSS_LEAST)
        conn->peer_mss = TCP_MSS_LEAST;    /* CVE-2019-11479: no flood of tiny segments */
    conn->timestamps = syn->has_ts && !config->no_timestamps;
    conn->ts_recent = syn->ts_val;
    if (syn->scale != TCP_SCALE_NONE && !config->no_window_scaling) {
        conn->snd_scale = syn->scale & 0xfu;
        conn->rcv_scale = tern_tcp_window_scale(conn->tcp) & 0xfu;
    }
    tern_tcp_conn_mss(conn);
}

/*
 * RFC 6298 (5.7) and RFC 5681 section 3.1: after a lost SYN the timeout starts
 * at 3 s and the window at one segment. Without a sample srtt_us is 0 and the
 * timeout is four times rttvar_us (tcp_rto.c).
 */
void tern_tcp_conn_establish(struct tern_tcp_conn *conn)
{
    /* The user may have finished before the handshake did. */
    conn->state = conn->fin_queued ? TERN_TCP_FIN_WAIT_1 : TERN_TCP_ESTABLISHED;
    if (!conn->fin_queued)
        conn->tcp->stats.curr_estab++;
    if (conn->syn_lost && conn->srtt_us == 0)
        conn->rttvar_us = 3000000 / 4;
    conn->cc.saved.cwnd = conn->syn_lost ? conn->mss : tern_tcp_work_initial_window(conn);
    conn->cc.saved.ssthresh = UINT32_MAX;
    conn->backoff = 0;
    conn->give_up_set = false;    /* it was the SYN's */
    conn->timer_kind = TCP_TIMER_NONE;
    conn->soft_error = false;
    tern_tcp_conn_ready(conn);
    tern_tcp_conn_join(conn);
}

void tern_tcp_conn_ready(struct tern_tcp_conn *conn)
{
    if (conn->on_ready || conn->freed)
        return;
    conn->on_ready = true;
    tern_net_ready(conn->tcp->net, conn->tcp->slot, tcp_conn_index(conn));
}

void tern_tcp_conn_join(struct tern_tcp_conn *conn)
{
    struct tern_tcp *tcp = conn->tcp;
    if (conn->on_turn)
        return;
    conn->on_turn = true;
    conn->turn_next = 0;
    uint32_t index = tcp_conn_index(conn) + 1;
    if (tcp->turn_first == 0)
        tcp->turn_first = index;
    else
        tcp->config.conns[tcp->turn_last - 1].turn_next = index;
    tcp->turn_last = index;
    tern_net_worked(tcp->net);
}

static bool state_is_established(const struct tern_tcp_conn *conn)
{
    return conn->state == TERN_TCP_ESTABLISHED || conn->state == TERN_TCP_CLOSE_WAIT;
}

void tern_tcp_conn_over(struct tern_tcp_conn *conn, enum tern_err why)
{
    struct tern_tcp *tcp = conn->tcp;
    if (conn->over)
        return;
    if (state_is_established(conn))
        tcp->stats.curr_estab--;
    conn->over = true;
    conn->why = (unsigned)why & 0xf;
    if (conn->state != TERN_TCP_TIME_WAIT)
        conn->state = TERN_TCP_CLOSED;
    if (conn->hashed)
        tern_tcp_lookup_remove(tcp, TCP_REF_CONN | (tcp_conn_index(conn) + 1));
    conn->hashed = false;
    if (why != TERN_OK) {
        tern_tcp_recv_drop(conn);
        conn->discard = true;
    }
    tern_tcp_send_drop(conn);
    conn->snd_end = conn->snd_nxt;
    conn->fin_queued = false;
    tern_tcp_work_drop(conn);
    conn->timer_kind = TCP_TIMER_NONE;
    conn->give_up_set = conn->delack_set = conn->ack_now = false;
    conn->n_acks = 0;
    tern_timer_cancel(tcp->net->turn, &conn->timer);
    tern_tcp_conn_ready(conn);
}

void tern_tcp_conn_give(struct tern_tcp_conn *conn)
{
    struct tern_tcp *tcp = conn->tcp;
    conn->freed = true;
    if (conn->on_turn || conn->on_wait || conn->on_ready)
        return;
    uint32_t index = tcp_conn_index(conn) + 1;
    if (tcp->recent == index)
        tcp->recent = 0;
    conn->state = 0;
    conn->tuple.next = tcp->conn_free;
    tcp->conn_free = index;
    tcp->n_conns_free++;
}
