/* SPDX-License-Identifier: ISC */
/*
 * A segment arrives in SYN-SENT: RFC 9293 section 3.10.7.3. Both ways out: the
 * peer accepts (ESTABLISHED), or opens at the same time (SYN-RECEIVED).
 */
#include "tcp_internal.h"

/* "If SND.UNA > ISS (our SYN has been ACKed), change the connection state to ESTABLISHED." */
static void accepted(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg)
{
    conn->snd_una = seg->ack;
    conn->snd_wnd = seg->wnd;    /* never scaled in a SYN (RFC 7323 section 2.2) */
    conn->max_snd_wnd = conn->snd_wnd;
    conn->snd_wl1 = seg->seq;
    if (conn->timestamps && !conn->syn_lost)
        (void)tern_tcp_rto_echo(conn, seg->ts_ecr);
    conn->ack_now = true;
    tern_tcp_conn_establish(conn);
}

/*
 * "Otherwise, enter SYN-RECEIVED, form a SYN,ACK segment and send it": the
 * simultaneous open of section 3.5, figure 8. SND.UNA goes back to our SYN, so
 * it is sent again, now with an ACK.
 */
static void opened_too(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg)
{
    conn->state = TERN_TCP_SYN_RECEIVED;
    conn->snd_wnd = seg->wnd;
    conn->max_snd_wnd = conn->snd_wnd;
    conn->snd_wl1 = seg->seq;
    conn->rtx_due = true;
    tern_tcp_conn_join(conn);
}

void tern_tcp_input_synsent(struct tern_tcp_conn *conn, struct tern_tcp_seg *seg,
                            const struct tern_net_packet *pkt)
{
    struct tern_tcp_stats *stats = &conn->tcp->stats;
    bool acked = (seg->flags & TCP_ACK) != 0;
    /* First, check the ACK bit. snd_una is ISS; a SYN is all that can be acknowledged. */
    if (acked && (seg->ack != conn->snd_una + 1 || conn->snd_nxt == conn->snd_una)) {
        stats->drop_syn_sent_ack++;
        if ((seg->flags & TCP_RST) == 0)
            tern_tcp_reply_reset(conn->tcp, seg, pkt);
        return;
    }
    /* Second, check the RST bit: believed only with an acceptable ACK. */
    if ((seg->flags & TCP_RST) != 0) {
        if (!acked) {
            stats->drop_syn_sent_rst++;
            return;
        }
        stats->in_rst++;
        tern_tcp_close_reset(conn, TERN_REFUSED);
        return;
    }
    /* Third, security: nothing. Fourth, check the SYN bit; fifth, without it drop. */
    if ((seg->flags & TCP_SYN) == 0) {
        stats->drop_syn_sent_no_syn++;
        return;
    }
    conn->rcv_nxt = seg->seq + 1;
    conn->rcv_adv = conn->rcv_nxt + TCP_WINDOW_FIRST;
    if (conn->rcv_adv - conn->rcv_nxt > conn->tcp->config.window_max)
        conn->rcv_adv = conn->rcv_nxt + conn->tcp->config.window_max;
    conn->last_ack_sent = conn->rcv_nxt;
    tern_tcp_conn_syn(conn, seg);
    if (seg->len > 0)
        stats->in_syn_data++;    /* not acknowledged: the peer sends it again */
    if (acked)
        accepted(conn, seg);
    else
        opened_too(conn, seg);
}
