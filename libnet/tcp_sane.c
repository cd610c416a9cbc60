/* SPDX-License-Identifier: ISC */
/*
 * What must hold of a connection between any two calls. For tests: it walks
 * every list the connection is in.
 */
#include "tcp_internal.h"

static bool pointers_sane(const struct tern_tcp_conn *conn)
{
    /* With our FIN acknowledged, SND.UNA is one past the queue's end. */
    uint32_t flight = tcp_in_flight(conn), queued = conn->snd_end + 1 - conn->snd_una;
    if (flight > TCP_QUEUE_MAX + 1 || queued > TCP_QUEUE_MAX + 2)
        return false;
    /* SND.UNA =< SND.NXT =< the queue's end and a FIN, if there is one. */
    if (tern_tcp_seq_gt(conn->snd_nxt, conn->snd_end + (conn->fin_queued ? 1u : 0u)))
        return false;
    if (tern_tcp_seq_gt(conn->rcv_nxt, conn->rcv_adv) && !conn->fin_seen)
        return false;
    return conn->state == TERN_TCP_SYN_SENT || tern_tcp_seq_leq(conn->last_ack_sent, conn->rcv_nxt);
}

static bool send_queue_sane(const struct tern_tcp_conn *conn)
{
    uint32_t octets = 0, n = 0;
    bool behind_last = conn->snd_last == NULL;
    for (const struct tern_block *b = conn->snd_first; b != NULL; b = b->next) {
        if (behind_last && conn->n_reserved == 0)
            return false;
        if (!behind_last)
            octets += b->len;
        behind_last = behind_last || b == conn->snd_last;
        n++;
    }
    uint32_t fin = tcp_in_flight(conn) > 0 && conn->snd_una == conn->snd_end + 1 ? 1 : 0;
    uint32_t expected = conn->snd_end - tcp_snd_first_seq(conn) + fin;
    if (conn->fin_queued && conn->snd_una == conn->snd_end + 1)
        expected = 0;    /* our FIN is acknowledged */
    return n == conn->n_snd_blocks && octets == expected;
}

static bool ranges_sane(const struct tern_tcp_conn *conn, uint32_t *n_blocks)
{
    const struct tern_tcp_work *work = tcp_work(conn);
    if (work == NULL)
        return true;
    if (work->n_ranges > TERN_TCP_RANGES || work->conn != tcp_conn_index(conn) + 1)
        return false;
    uint32_t before = conn->rcv_nxt;
    for (uint32_t i = 0; i < work->n_ranges; i++) {
        const struct tern_tcp_range *range = &work->ranges[i];
        uint32_t octets = 0;
        for (const struct tern_block *b = range->first; b != NULL; b = b->next) {
            octets += b->len;
            (*n_blocks)++;
        }
        if (!tern_tcp_seq_gt(range->start, before) || octets != range->end - range->start ||
            octets == 0)
            return false;
        before = range->end;
    }
    return work->n_ranges == 0 || tern_tcp_seq_leq(before, conn->rcv_adv);
}

static bool recv_queue_sane(const struct tern_tcp_conn *conn)
{
    uint32_t n = 0;
    if (conn->rcv_last != NULL) {
        const struct tern_block *b = conn->rcv_last;
        do {
            b = b->next;
            if (b == NULL || b->len == 0)
                return false;
            n++;
        } while (b != conn->rcv_last);
    }
    return ranges_sane(conn, &n) && n == conn->n_rcv_blocks;
}

static bool flights_sane(const struct tern_tcp_conn *conn)
{
    const struct tern_tcp_work *work = tcp_work(conn);
    if (work == NULL || work->flight_first == 0)
        return true;
    uint32_t seq = conn->snd_una;
    for (uint32_t index = work->flight_first; index != 0;) {
        const struct tern_tcp_flight *flight = &conn->tcp->config.flights[index - 1];
        if (tern_tcp_seq_lt(flight->seq, seq) || flight->len == 0)
            return false;
        seq = flight->seq + flight->len;
        index = flight->next;
    }
    return tern_tcp_seq_leq(seq, conn->snd_nxt);
}

static bool timers_sane(const struct tern_tcp_conn *conn)
{
    if (conn->over)
        return conn->timer_kind == TCP_TIMER_NONE && !tern_timer_is_set(&conn->timer);
    bool due = conn->timer_kind != TCP_TIMER_NONE || conn->give_up_set || conn->delack_set;
    /* What is in flight has a timer, unless this turn has yet to set it. */
    if (!conn->on_turn && tcp_in_flight(conn) > 0 && conn->timer_kind != TCP_TIMER_RTO &&
        conn->timer_kind != TCP_TIMER_PERSIST)
        return false;
    return conn->on_turn || !due || tern_timer_is_set(&conn->timer);
}

bool tern_tcp_conn_sane(const struct tern_tcp_conn *conn)
{
    if (conn->state == 0 || conn->freed)
        return true;
    if (conn->state > TERN_TCP_TIME_WAIT || conn->hashed == conn->over)
        return false;
    if (conn->hashed &&
        tern_tcp_lookup(conn->tcp, &conn->tuple.local, conn->tuple.local_port,
                        &conn->tuple.peer, conn->tuple.peer_port) !=
            (TCP_REF_CONN | (tcp_conn_index(conn) + 1)))
        return false;
    if (!recv_queue_sane(conn) || !timers_sane(conn))
        return false;
    return conn->over || (pointers_sane(conn) && send_queue_sane(conn) && flights_sane(conn));
}
