/* SPDX-License-Identifier: ISC */
/*
 * Probing a window that is closed, or too small to be used: RFC 9293 section
 * 3.8.6.1 ("the first probe after one RTO, then with growing pauses") and the
 * override of section 3.8.6.2.1. How long this goes on: tcp_ack.c moves the
 * user timeout while probes are answered.
 */
#include "tcp_internal.h"

#define BACKOFF_MOST 12u

uint32_t tern_tcp_persist_ms(const struct tern_tcp_conn *conn)
{
    return tern_tcp_rto_ms(conn);
}

void tern_tcp_persist_fire(struct tern_tcp_conn *conn)
{
    conn->tcp->stats.timeouts_persist++;
    conn->probe_due = true;
    if (conn->backoff < BACKOFF_MOST)
        conn->backoff = (conn->backoff + 1u) & 0xf;
    tern_tcp_timer_set(conn, TCP_TIMER_PERSIST, tern_tcp_persist_ms(conn));
    tern_tcp_conn_join(conn);
}
