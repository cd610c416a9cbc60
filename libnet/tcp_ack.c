/* SPDX-License-Identifier: ISC */
/*
 * Fifth, check the ACK field: RFC 9293 section 3.10.7.4, with RFC 5961 section
 * 5; and what an ACK means for loss recovery (RFC 5681 section 3.2, NewReno of
 * RFC 6582 section 3.2).
 */
#include "tcp_internal.h"

#define DUP_ACKS 3u    /* that mean a loss */

/* ---- Loss recovery --------------------------------------------------------------------- */

/*
 * A duplicate by RFC 5681 section 2: something is out, the segment carries
 * neither data nor FIN, moves neither the ACK nor the window. What answers a
 * window probe says nothing of a loss.
 */
static bool is_duplicate(const struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg,
                         uint32_t wnd)
{
    return tcp_in_flight(conn) > 0 && conn->timer_kind == TCP_TIMER_RTO && seg->len == 0 &&
           (seg->flags & TCP_FIN) == 0 && seg->ack == conn->snd_una && wnd == conn->snd_wnd;
}

/* RFC 6582 section 3.2, step 2: the third duplicate, unless it echoes an old recovery. */
TERN_COLD
static void recovery_enter(struct tern_tcp_conn *conn, struct tern_tcp_work *work)
{
    conn->tcp->stats.recoveries++;
    conn->tcp->stats.fast_retransmits++;
    work->recovering = true;
    work->recover = conn->snd_nxt;
    conn->tcp->cc->lost(&work->cc, tcp_in_flight(conn), conn->tcp->net->turn->now_ns);
    conn->rtx_due = true;
}

/*
 * What duplicates a peer may have us believe is bounded by what is out: each
 * stands for a segment that has left the network.
 */
TERN_COLD
static void duplicate_input(struct tern_tcp_conn *conn)
{
    conn->tcp->stats.in_dup_acks++;
    struct tern_tcp_work *work = tcp_work(conn);
    if (work == NULL || work->timed_out)
        return;
    if (work->recovering) {
        if (work->cc.cwnd - work->cc.ssthresh < tcp_in_flight(conn) ||
            work->cc.cwnd < work->cc.ssthresh)
            conn->tcp->cc->duplicate(&work->cc);
    } else if (work->dup_acks < DUP_ACKS) {
        work->dup_acks++;
        if (work->dup_acks == DUP_ACKS && tern_tcp_seq_geq(conn->snd_una, work->recover))
            recovery_enter(conn, work);
    }
    tern_tcp_conn_join(conn);
}

/* New data is acknowledged: RFC 6582 section 3.2, step 3, or plain growth. */
TERN_COLD
static void recovery_acked(struct tern_tcp_conn *conn, struct tern_tcp_work *work,
                           uint32_t acked, uint32_t flight)
{
    const struct tern_tcp_cc_ops *cc = conn->tcp->cc;
    work->dup_acks = 0;
    if (work->timed_out) {
        if (tern_tcp_seq_lt(work->rtx_nxt, conn->snd_una))
            work->rtx_nxt = conn->snd_una;
        if (tern_tcp_seq_geq(conn->snd_una, work->rtx_end))
            work->timed_out = false;
    }
    if (work->recovering && tern_tcp_seq_lt(conn->snd_una, work->recover)) {
        conn->tcp->stats.partial_acks++;
        cc->partial(&work->cc, acked);
        conn->rtx_due = true;
    } else if (work->recovering) {
        work->recovering = false;
        cc->recovered(&work->cc, tcp_in_flight(conn));
    } else if (flight >= work->cc.cwnd / 2) {
        /* A window that is not used says nothing about the path (RFC 7661). */
        cc->acked(&work->cc, acked, conn->tcp->net->turn->now_ns);
    }
}

/* ---- What an ACK acknowledges ----------------------------------------------------------- */

/*
 * An RTT from the flight record, to the nanosecond; else, to the millisecond,
 * from the echoed timestamp (RFC 7323 section 4); else, of a segment that was
 * alone and sent once, from its timer, which was set when it left.
 *
 * Karn's algorithm: of what was sent again, only an echo of the retransmission
 * counts. Where only the ACK was lost, an answer to it may still echo the
 * original, and a sample of seconds would stay for long. False: no sample.
 */
static bool rtt_take(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg)
{
    uint32_t rtt_us, now_ms = tcp_now_ms(conn->tcp);
    uint64_t again_ns = 0;
    if (tern_tcp_flight_acked(conn, seg->ack, &rtt_us, &again_ns)) {
        tern_tcp_rto_sample(conn, rtt_us);
        return true;
    }
    bool alone = conn->work == 0 && conn->timer_kind == TCP_TIMER_RTO;
    bool again = again_ns != 0 || conn->backoff > 0 || conn->rtx_due;
    uint32_t sent_ms = conn->due_ms - tern_tcp_rto_ms(conn);    /* the last time, if alone */
    if (conn->timestamps && seg->has_ts && seg->ts_ecr != 0) {
        uint32_t last_ms = alone ? sent_ms : (uint32_t)(again_ns / TERN_MILLISECOND_NS);
        sent_ms = seg->ts_ecr - conn->ts_offset;
        if (again && tern_tcp_seq_lt(sent_ms, last_ms))
            return false;
    } else if (!alone || again || seg->ack != conn->snd_nxt) {
        return false;
    }
    uint32_t rtt_ms = now_ms - sent_ms;
    if (rtt_ms > conn->tcp->config.rto_max_ms)
        return false;
    tern_tcp_rto_sample(conn, 1000 * rtt_ms);
    return true;
}

static void new_data_acked(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg)
{
    uint32_t flight = tcp_in_flight(conn);
    uint32_t acked = seg->ack - conn->snd_una;
    bool fin_acked = tcp_fin_sent(conn) && seg->ack == conn->snd_nxt;
    if (!rtt_take(conn, seg) && conn->timer_kind == TCP_TIMER_RTO && conn->backoff > 0)
        tern_tcp_rto_keep(conn);
    tern_tcp_send_acked(conn, acked - (fin_acked ? 1u : 0u));
    conn->snd_una = seg->ack;
    conn->backoff = 0;
    conn->soft_error = conn->rtx_due = conn->probe_due = false;
    struct tern_tcp_work *work = tcp_work(conn);
    if (work != NULL)
        recovery_acked(conn, work, acked, flight);
    /* RFC 6298 (5.2), (5.3): all acknowledged, off; else again from now. */
    if (tcp_in_flight(conn) == 0)
        conn->timer_kind = TCP_TIMER_NONE;
    else
        tern_tcp_timer_set(conn, TCP_TIMER_RTO, tern_tcp_rto_ms(conn));
    if (tcp_owes(conn))
        tern_tcp_timer_give_up_set(conn, tern_tcp_user_timeout_ms(conn));
    else
        conn->give_up_set = false;
    if (conn->room_wanted && tern_tcp_send_has_room(conn))
        tern_tcp_conn_ready(conn);
    tern_tcp_conn_join(conn);
    struct tern_net *net = conn->tcp->net;
    struct tern_net_path path = tcp_path(conn);
    tern_net_network(net, path.network)->confirm(net, net->networks[path.network].context, &path);
    if (fin_acked)
        tern_tcp_close_fin_acked(conn);
}

/*
 * "If SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK)". SND.WL2
 * is an ACK that was once taken, so it is at most SND.UNA, and SEG.ACK is at
 * least that: the last condition always holds here.
 *
 * What acknowledges something new is newer than all before, wherever it stands:
 * the peer's retransmissions stand before its ACKs. Without its window the old
 * one would begin at the new SND.UNA, and we would overrun what was offered.
 */
static void window_update(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg,
                          uint32_t wnd, bool advanced)
{
    if (!advanced && tern_tcp_seq_gt(conn->snd_wl1, seg->seq))
        return;
    if (wnd != conn->snd_wnd) {
        /* What the peer had no room for when it came need not wait for its timer. */
        if (wnd > conn->snd_wnd && conn->backoff > 0 && tcp_in_flight(conn) > 0)
            conn->rtx_due = true;
        conn->snd_wnd = wnd;
        tern_tcp_conn_join(conn);
    }
    if (wnd > conn->max_snd_wnd)
        conn->max_snd_wnd = wnd;
    conn->snd_wl1 = seg->seq;
    /*
     * RFC 9293 section 3.8.6.1: while probes are answered, the peer is alive.
     * Where the window closed with data out, its retransmissions are the probes.
     */
    if ((conn->timer_kind == TCP_TIMER_PERSIST || wnd == 0) && conn->give_up_set &&
        !conn->discard && conn->user_timeout_ds == 0)
        tern_tcp_timer_give_up_set(conn, tern_tcp_user_timeout_ms(conn));
}

bool tern_tcp_ack_input(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg)
{
    struct tern_tcp_stats *stats = &conn->tcp->stats;
    /* RFC 5961 section 5.2: SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT. */
    if (tern_tcp_seq_gt(seg->ack, conn->snd_nxt)) {
        stats->drop_ack_unsent++;
        tern_tcp_challenge(conn);
        return false;
    }
    if (tern_tcp_seq_lt(seg->ack, conn->snd_una - conn->max_snd_wnd)) {
        stats->drop_ack_old++;
        tern_tcp_challenge(conn);
        return false;
    }
    uint32_t wnd = (uint32_t)seg->wnd << conn->snd_scale;
    if (tern_tcp_seq_lt(seg->ack, conn->snd_una))
        return true;    /* "a duplicate, it can be ignored": its text is not */
    bool advanced = seg->ack != conn->snd_una;
    if (advanced)
        new_data_acked(conn, seg);
    else if (is_duplicate(conn, seg, wnd))
        duplicate_input(conn);
    if (!conn->over)
        window_update(conn, seg, wnd, advanced);
    return true;
}
