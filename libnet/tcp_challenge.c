/* SPDX-License-Identifier: ISC */
/*
 * Challenge ACKs (RFC 5961): when a segment could be forged, the real peer is
 * told where we are and corrects us if it must.
 *
 * Section 7 wants them limited. The limit is each connection's own: one for all
 * would tell an attacker whether a connection of others exists (CVE-2016-5696).
 */
#include "tcp_internal.h"

void tern_tcp_challenge(struct tern_tcp_conn *conn)
{
    uint8_t now_s = (uint8_t)(conn->tcp->net->turn->now_ns / TERN_SECOND_NS);
    if ((uint8_t)(now_s - conn->challenge_s) >= TCP_CHALLENGE_S) {
        conn->challenge_s = now_s;
        conn->challenges = 0;
    }
    if (conn->challenges >= TCP_CHALLENGES) {
        conn->tcp->stats.challenge_limited++;
        return;
    }
    conn->challenges = (conn->challenges + 1u) & 0xf;
    conn->tcp->stats.out_challenge_acks++;
    conn->ack_now = true;
    tern_tcp_conn_join(conn);
}
