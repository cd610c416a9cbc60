/* SPDX-License-Identifier: ISC */
/*
 * Keepalive: RFC 9293 section 3.8.4, off unless asked for. And the other long
 * silence: after 24 days the peer's timestamp clock may have gone half way
 * round, so ts_recent says nothing any more (RFC 7323 section 5.5).
 */
#include "tcp_internal.h"

#define SILENCE_MS (UINT32_C(24) * 86400 * 1000)

uint32_t tern_tcp_keepalive_idle_ms(const struct tern_tcp_conn *conn)
{
    return conn->keepalive_s != 0 ? 1000u * conn->keepalive_s : SILENCE_MS;
}

uint32_t tern_tcp_user_timeout_ms(const struct tern_tcp_conn *conn)
{
    const struct tern_tcp_config *config = &conn->tcp->config;
    if (conn->user_timeout_ds != 0)
        return 100u * conn->user_timeout_ds;
    return tcp_syn_out(conn) ? config->syn_timeout_ms : config->user_timeout_ms;
}

void tern_tcp_keepalive_heard(struct tern_tcp_conn *conn)
{
    if (conn->timer_kind != TCP_TIMER_IDLE)
        return;
    conn->backoff = 0;
    conn->probe_due = false;
    conn->due_ms = tcp_deadline_ms(conn->tcp, tern_tcp_keepalive_idle_ms(conn));
}

void tern_tcp_keepalive_fire(struct tern_tcp_conn *conn)
{
    struct tern_tcp_stats *stats = &conn->tcp->stats;
    if (conn->keepalive_s == 0) {
        conn->ts_stale = true;
        tern_tcp_timer_set(conn, TCP_TIMER_IDLE, SILENCE_MS);
        return;
    }
    if (conn->backoff >= conn->keepalive_probes) {
        stats->timeouts_keepalive++;
        tern_tcp_close_abort(conn, TERN_TIMED_OUT);
        return;
    }
    conn->backoff = (conn->backoff + 1u) & 0xf;
    conn->probe_due = true;
    tern_tcp_timer_set(conn, TCP_TIMER_IDLE, 1000u * conn->keepalive_every_s);
    tern_tcp_conn_join(conn);
}
