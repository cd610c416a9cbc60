/* SPDX-License-Identifier: ISC */
/*
 * Ends: a FIN comes (RFC 9293 section 3.10.7.4, eighth), ours is acknowledged
 * (fifth), a RST comes (second), and the user's calls CLOSE and ABORT (sections
 * 3.10.4 and 3.10.5).
 *
 *                   finish               FIN acked
 *     ESTABLISHED ---------> FIN-WAIT-1 -----------> FIN-WAIT-2
 *          | FIN                 | FIN                   | FIN
 *          v        finish       v       FIN acked       v
 *     CLOSE-WAIT --> LAST-ACK  CLOSING -----------> TIME-WAIT
 *                       | FIN acked
 *                       v
 *                    CLOSED
 *
 * FIN-WAIT-1 and LAST-ACK begin when the user has finished, though the FIN
 * itself leaves after what is queued: nothing more can be written either way.
 */
#include "tcp_internal.h"

/* ---- The peer ---------------------------------------------------------------------------- */

/*
 * Eighth, check the FIN bit: "advance RCV.NXT over the FIN, and send an
 * acknowledgment". Called when all before it is taken or kept.
 */
void tern_tcp_close_fin_in(struct tern_tcp_conn *conn)
{
    conn->rcv_nxt++;
    if (tern_tcp_seq_lt(conn->rcv_adv, conn->rcv_nxt))
        conn->rcv_adv = conn->rcv_nxt;
    conn->fin_seen = false;
    conn->ack_now = true;
    tern_tcp_conn_join(conn);
    tern_tcp_conn_ready(conn);
    switch (conn->state) {
    case TERN_TCP_SYN_RECEIVED:
    case TERN_TCP_ESTABLISHED:
        conn->state = TERN_TCP_CLOSE_WAIT;
        break;
    case TERN_TCP_FIN_WAIT_1:
        conn->state = TERN_TCP_CLOSING;
        break;
    case TERN_TCP_FIN_WAIT_2:
        tern_tcp_time_wait_enter(conn);
        conn->ack_now = true;    /* of this FIN; of any other it is the entry's */
        break;
    default:
        break;
    }
}

void tern_tcp_close_fin_acked(struct tern_tcp_conn *conn)
{
    switch (conn->state) {
    case TERN_TCP_FIN_WAIT_1:
        conn->state = TERN_TCP_FIN_WAIT_2;
        if (conn->discard) {
            uint32_t linger_ms = conn->linger_ds != 0 ? 100u * conn->linger_ds
                                                      : conn->tcp->config.linger_ms;
            tern_tcp_timer_give_up_set(conn, linger_ms);
        }
        break;
    case TERN_TCP_CLOSING:
        tern_tcp_time_wait_enter(conn);
        break;
    case TERN_TCP_LAST_ACK:
        tern_tcp_conn_over(conn, TERN_OK);
        break;
    default:
        break;
    }
}

/*
 * "All segment queues should be flushed. Users should also receive an
 * unsolicited general connection reset signal."
 */
void tern_tcp_close_reset(struct tern_tcp_conn *conn, enum tern_err why)
{
    struct tern_tcp_stats *stats = &conn->tcp->stats;
    if (conn->state == TERN_TCP_ESTABLISHED || conn->state == TERN_TCP_CLOSE_WAIT)
        stats->estab_resets++;
    else if (tcp_syn_out(conn))
        stats->attempt_fails++;
    tern_tcp_conn_over(conn, why);
}

/* ---- The user ------------------------------------------------------------------------------ */

/* CLOSE: "queue this until all preceding SENDs have been segmentized, then form a FIN". */
void tern_tcp_close_finish(struct tern_tcp_conn *conn)
{
    if (conn->over || conn->fin_queued)
        return;
    (void)tern_tcp_send_commit(conn, 0);
    conn->room_wanted = false;
    conn->fin_queued = true;
    if (conn->state == TERN_TCP_ESTABLISHED) {
        conn->state = TERN_TCP_FIN_WAIT_1;
        conn->tcp->stats.curr_estab--;
    } else if (conn->state == TERN_TCP_CLOSE_WAIT) {
        conn->state = TERN_TCP_LAST_ACK;
        conn->tcp->stats.curr_estab--;
    }
    tern_tcp_conn_join(conn);
}

/*
 * The user reads no more: what is kept goes, what still comes is acknowledged
 * and dropped. A SYN that was never answered is simply given up.
 */
void tern_tcp_close_close(struct tern_tcp_conn *conn)
{
    if (conn->discard)
        return;
    if (conn->state == TERN_TCP_SYN_SENT) {
        conn->discard = true;
        tern_tcp_conn_over(conn, TERN_OK);
        return;
    }
    tern_tcp_close_finish(conn);
    tern_tcp_recv_drop(conn);
    conn->discard = true;
    if (conn->state == TERN_TCP_FIN_WAIT_2) {
        uint32_t linger_ms = conn->linger_ds != 0 ? 100u * conn->linger_ds
                                                  : conn->tcp->config.linger_ms;
        tern_tcp_timer_give_up_set(conn, linger_ms);
    }
    tern_tcp_conn_ready(conn);
    tern_tcp_conn_join(conn);
}

/*
 * ABORT: "the TCP endpoint sends a reset segment", from every state in which
 * the peer may believe in the connection.
 */
void tern_tcp_close_abort(struct tern_tcp_conn *conn, enum tern_err why)
{
    if (conn->over)
        return;
    switch (conn->state) {
    case TERN_TCP_SYN_RECEIVED:
    case TERN_TCP_ESTABLISHED:
    case TERN_TCP_FIN_WAIT_1:
    case TERN_TCP_FIN_WAIT_2:
    case TERN_TCP_CLOSE_WAIT:
    case TERN_TCP_CLOSING:
    case TERN_TCP_LAST_ACK:
        conn->rst_due = true;
        break;
    default:
        break;
    }
    if (tcp_syn_out(conn))
        conn->tcp->stats.attempt_fails++;
    tern_tcp_conn_over(conn, why);
    conn->discard = true;
    tern_tcp_conn_join(conn);
}
