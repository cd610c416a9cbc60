/* SPDX-License-Identifier: ISC */
/*
 * One timer for all of a connection's deadlines: the retransmission, probe or
 * keepalive that timer_kind names (one at a time, since they exclude each
 * other), the delayed ACK, and the moment at which it is given up (the user
 * timeout, or the linger time after close).
 *
 * The timer is never moved later. When it fires early it is set to the next
 * deadline, so an ACK that moves the RTO touches nothing but the connection.
 * While ACKs are being delayed it stays close, whatever the next deadline: to
 * move it earlier for each would touch its neighbours in the wheel, which with
 * many connections are in nobody's cache.
 */
#include "tcp_internal.h"

/* How often a user who waits for blocks that others hold is looked after. */
#define ROOM_RETRY_MS 20u

void tern_tcp_timer_set(struct tern_tcp_conn *conn, uint8_t kind, uint32_t delta_ms)
{
    conn->timer_kind = kind & 3u;
    conn->due_ms = tcp_deadline_ms(conn->tcp, delta_ms);
}

void tern_tcp_timer_give_up_set(struct tern_tcp_conn *conn, uint32_t delta_ms)
{
    conn->give_up_set = true;
    conn->give_up_ms = tcp_deadline_ms(conn->tcp, delta_ms);
}

static void earlier(uint32_t now_ms, uint32_t *in_ms, uint32_t due_ms)
{
    uint32_t ahead = tern_tcp_seq_gt(due_ms, now_ms) ? due_ms - now_ms : 0;
    if (ahead < *in_ms)
        *in_ms = ahead;
}

/* The delayed ACK's deadline is kept modulo 2^16 ms; it is never further off than 500. */
static uint32_t delack_in_ms(const struct tern_tcp_conn *conn, uint32_t now_ms)
{
    uint32_t ahead = (uint16_t)(conn->delack_ms - now_ms);
    return ahead < 0x8000 ? ahead : 0;
}

static void arm(struct tern_tcp_conn *conn, uint32_t in_ms)
{
    struct tern_tcp *tcp = conn->tcp;
    uint32_t now_ms = tcp_now_ms(tcp);
    if (conn->timer_kind != TCP_TIMER_NONE)
        earlier(now_ms, &in_ms, conn->due_ms);
    if (conn->give_up_set)
        earlier(now_ms, &in_ms, conn->give_up_ms);
    if (conn->delack_set)
        earlier(now_ms, &in_ms, now_ms + delack_in_ms(conn, now_ms));
    /* No ACK is awaited that could make room for this user: others' blocks must. */
    if (conn->room_wanted && !tcp_owes(conn))
        earlier(now_ms, &in_ms, now_ms + ROOM_RETRY_MS);
    if (in_ms == UINT32_MAX)
        return;
    uint64_t due_ns = tcp_ms_to_ns(tcp, now_ms + in_ms);
    if (!tern_timer_is_set(&conn->timer) || due_ns < conn->timer.due_ns)
        tern_timer_set(tcp->net->turn, &conn->timer, due_ns);
}

void tern_tcp_timer_arm(struct tern_tcp_conn *conn)
{
    arm(conn, UINT32_MAX);
}

/* RFC 9293 section 3.10.8, USER TIMEOUT: all queues go, the user learns of it, and a RST. */
static void gave_up(struct tern_tcp_conn *conn)
{
    struct tern_tcp_stats *stats = &conn->tcp->stats;
    if (conn->state == TERN_TCP_FIN_WAIT_2) {
        stats->timeouts_linger++;
        tern_tcp_close_abort(conn, TERN_TIMED_OUT);
        return;
    }
    stats->timeouts_user++;
    tern_tcp_close_abort(conn, conn->soft_error ? TERN_UNREACHABLE : TERN_TIMED_OUT);
}

static void kind_fire(struct tern_tcp_conn *conn)
{
    switch (conn->timer_kind) {
    case TCP_TIMER_RTO:
        tern_tcp_rto_fire(conn);
        break;
    case TCP_TIMER_PERSIST:
        tern_tcp_persist_fire(conn);
        break;
    case TCP_TIMER_IDLE:
        tern_tcp_keepalive_fire(conn);
        break;
    default:
        break;
    }
}

void tern_tcp_timer_fire(struct tern_timer *timer, uint64_t now_ns)
{
    (void)now_ns;
    struct tern_tcp_conn *conn = TERN_CONTAINER_OF(timer, struct tern_tcp_conn, timer);
    tcp_conn_prefetch(conn);
    uint32_t now_ms = tcp_now_ms(conn->tcp);
    if (conn->delack_set && delack_in_ms(conn, now_ms) == 0) {
        conn->delack_set = false;
        conn->ack_now = true;
        conn->tcp->stats.timeouts_delayed_ack++;
        tern_tcp_conn_join(conn);
    }
    if (conn->give_up_set && tern_tcp_seq_leq(conn->give_up_ms, now_ms)) {
        gave_up(conn);
        return;
    }
    if (conn->timer_kind != TCP_TIMER_NONE && tern_tcp_seq_leq(conn->due_ms, now_ms))
        kind_fire(conn);
    if (conn->over)
        return;
    if (conn->room_wanted && tern_tcp_send_has_room(conn))
        tern_tcp_conn_ready(conn);
    arm(conn, conn->lively ? conn->tcp->config.delayed_ack_ms : UINT32_MAX);
    conn->lively = false;
}
