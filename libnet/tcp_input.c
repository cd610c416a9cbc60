/* SPDX-License-Identifier: ISC */
/*
 * A segment arrives: RFC 9293 section 3.10.7, in its order, with RFC 5961's
 * stricter rules for RST, SYN and ACK, and RFC 7323's timestamps.
 */
#include "tcp_internal.h"

/* ---- Section 3.10.7.4: a connection that is synchronized, or SYN-RECEIVED -------- */

/* Whatever was wrong with it, the sender shall learn where we are. */
static void ack_owed(struct tern_tcp_conn *conn)
{
    conn->ack_now = true;
    tern_tcp_conn_join(conn);
}

/*
 * RFC 7323 section 5.3, R1: an old timestamp is not acceptable, and neither is
 * a segment that should have one (section 3.2). A RST is judged by its number
 * alone. After 24 days without a segment, ts_recent says nothing (section 5.5).
 */
static bool paws_drops(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg)
{
    if (!conn->timestamps || (seg->flags & TCP_RST) != 0)
        return false;
    if (seg->has_ts && (!tern_tcp_seq_lt(seg->ts_val, conn->ts_recent) || conn->ts_stale))
        return false;
    conn->tcp->stats.drop_paws++;
    /* A SYN may be a peer's that has started anew (RFC 5961 section 4.2). */
    if (seg->has_ts || (seg->flags & TCP_SYN) != 0)
        tern_tcp_challenge(conn);
    return true;
}

/*
 * First, check sequence number: four cases by the segment's length and the
 * window's. A zero window still lets ACKs, and the ACK of a probe, through:
 * the probe's octet is cut off here and the rest goes on.
 */
static bool sequence_acceptable(struct tern_tcp_conn *conn, struct tern_tcp_seg *seg)
{
    uint32_t rcv_wnd = conn->rcv_adv - conn->rcv_nxt;
    uint32_t seg_len = seg->len + ((seg->flags & TCP_SYN) != 0) + ((seg->flags & TCP_FIN) != 0);
    if (rcv_wnd == 0) {
        /*
         * A peer that has a probe's octet out sends its ACKs and RSTs from behind
         * it, and so does one whose FIN only waits for its data to be taken.
         */
        if (seg->seq != conn->rcv_nxt && !(seg_len == 0 && seg->seq == conn->rcv_nxt + 1))
            return false;
        if (seg->len > 0) {
            conn->tcp->stats.in_window_probes++;
            seg->len = 0;
            seg->flags &= (uint8_t)~TCP_FIN;
            ack_owed(conn);
        }
        return true;
    }
    /* What has no length may stand at the right edge too: the peer has filled the window. */
    if (tern_tcp_seq_in(seg->seq, conn->rcv_nxt, rcv_wnd + (seg_len == 0)))
        return true;
    return seg_len > 0 && tern_tcp_seq_in(seg->seq + seg_len - 1, conn->rcv_nxt, rcv_wnd);
}

/*
 * Not acceptable: an ACK goes back, unless it was a RST. ACKs of pure ACKs are
 * held to the challenge budget, or two confused peers could keep each other
 * busy, and so are those of SYNs (RFC 5961 section 4.2: wherever they stand);
 * what else carries data or a FIN is a retransmission and always gets its answer.
 */
static void sequence_refused(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg)
{
    conn->tcp->stats.drop_out_of_window++;
    if ((seg->flags & TCP_RST) != 0)
        return;
    if ((seg->flags & TCP_SYN) != 0 || (seg->len == 0 && (seg->flags & TCP_FIN) == 0)) {
        tern_tcp_challenge(conn);
        return;
    }
    conn->tcp->stats.in_duplicate++;
    ack_owed(conn);
}

/*
 * Second, check the RST bit. RFC 5961 section 3.2: in the window, only a RST
 * at exactly RCV.NXT resets. An off-path attacker must guess one number in
 * 2^32, not one window.
 */
static void rst_input(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg)
{
    if (seg->seq != conn->rcv_nxt + (conn->fin_seen ? 1u : 0u)) {
        conn->tcp->stats.drop_rst_challenged++;
        tern_tcp_challenge(conn);
        return;
    }
    conn->tcp->stats.in_rst++;
    tern_tcp_close_reset(conn, conn->state == TERN_TCP_SYN_RECEIVED ? TERN_REFUSED : TERN_RESET);
}

/* Fifth, in SYN-RECEIVED (reached by simultaneous open only): true to go on. */
static bool syn_received_ack(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg,
                             const struct tern_net_packet *pkt)
{
    if (!tern_tcp_seq_gt(seg->ack, conn->snd_una) || tern_tcp_seq_gt(seg->ack, conn->snd_nxt)) {
        conn->tcp->stats.drop_ack_unsent++;
        tern_tcp_reply_reset(conn->tcp, seg, pkt);
        return false;
    }
    conn->snd_una++;    /* our SYN */
    conn->snd_wnd = (uint32_t)seg->wnd << conn->snd_scale;
    conn->snd_wl1 = seg->seq;
    if (conn->snd_wnd > conn->max_snd_wnd)
        conn->max_snd_wnd = conn->snd_wnd;
    tern_tcp_conn_establish(conn);
    return true;
}

/*
 * RFC 7323 section 4.3, R3 with the condition of RFC 7323 section 5.3: only a
 * segment that begins at or before what we last acknowledged, and that has
 * passed the ACK check too, may move ts_recent: a forged one would otherwise
 * freeze the connection.
 */
static void ts_recent_update(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg)
{
    if (!conn->timestamps || tern_tcp_seq_gt(seg->seq, conn->last_ack_sent))
        return;
    /* It has one: paws_drops has seen to that. */
    conn->ts_recent = seg->ts_val;
    conn->ts_stale = false;
}

/* Seventh, process the segment text; in states where none may come it is dropped. */
static void text_input(struct tern_tcp_conn *conn, struct tern_tcp_seg *seg,
                       const struct tern_net_packet *pkt)
{
    switch (conn->state) {
    case TERN_TCP_ESTABLISHED:
    case TERN_TCP_FIN_WAIT_1:
    case TERN_TCP_FIN_WAIT_2:
        if (!conn->fin_seen) {
            tern_tcp_recv_input(conn, seg, pkt);
            return;
        }
        break;
    default:
        break;
    }
    /* "This should not occur since a FIN has been received from the remote side." */
    conn->tcp->stats.drop_after_fin++;
    ack_owed(conn);
}

void tern_tcp_input_conn(struct tern_tcp_conn *conn, struct tern_tcp_seg *seg,
                         const struct tern_net_packet *pkt)
{
    struct tern_tcp_stats *stats = &conn->tcp->stats;
    if (paws_drops(conn, seg))
        return;
    /* First, check sequence number. */
    if (!sequence_acceptable(conn, seg)) {
        sequence_refused(conn, seg);
        return;
    }
    /* Second, check the RST bit. */
    if ((seg->flags & TCP_RST) != 0) {
        rst_input(conn, seg);
        return;
    }
    /* Third, security: TCP-AO and TCP-MD5 are not done here. Fourth, check the SYN bit. */
    if ((seg->flags & TCP_SYN) != 0) {
        stats->drop_syn_challenged++;    /* RFC 5961 section 4.2 */
        tern_tcp_challenge(conn);
        return;
    }
    /* Fifth, check the ACK field. */
    if ((seg->flags & TCP_ACK) == 0) {
        stats->drop_no_ack++;
        return;
    }
    if (conn->state == TERN_TCP_SYN_RECEIVED && !syn_received_ack(conn, seg, pkt))
        return;
    if (!tern_tcp_ack_input(conn, seg))
        return;
    ts_recent_update(conn, seg);
    tern_tcp_keepalive_heard(conn);
    if (conn->over)    /* that ACK was the last of LAST-ACK or CLOSING */
        return;
    /* Sixth, check the URG bit: RFC 6093 section 6, urgent data is data. */
    if ((seg->flags & TCP_URG) != 0)
        stats->in_urgent++;
    /* Seventh, process the segment text; eighth, check the FIN bit. */
    if (seg->len > 0 || (seg->flags & TCP_FIN) != 0)
        text_input(conn, seg, pkt);
    else
        stats->in_ack_only++;
}

/* ---- Sections 3.10.7.1 to 3.10.7.3: who is it for? ---------------------------------- */

/* CLOSED: "An incoming segment not containing a RST causes a RST to be sent in response." */
static void closed_input(struct tern_tcp *tcp, const struct tern_tcp_seg *seg,
                         const struct tern_net_packet *pkt)
{
    tcp->stats.drop_no_conn++;
    if ((seg->flags & TCP_RST) == 0)
        tern_tcp_reply_reset(tcp, seg, pkt);
}

static void found_input(struct tern_tcp *tcp, uint32_t ref, struct tern_tcp_seg *seg,
                        const struct tern_net_packet *pkt)
{
    uint32_t index = (ref & ~TCP_REF_KIND) - 1;
    switch (ref & TCP_REF_KIND) {
    case TCP_REF_CONN: {
        struct tern_tcp_conn *conn = &tcp->config.conns[index];
        tern_tcp_send_prefetch(conn);    /* what an ACK frees, to be written anew */
        tcp->recent = index + 1;
        if (conn->state == TERN_TCP_SYN_SENT)
            tcp->synsent(conn, seg, pkt);
        else
            tern_tcp_input_conn(conn, seg, pkt);
        return;
    }
    case TCP_REF_HALF:
        tern_tcp_half_input(tcp, &tcp->config.halves[index], seg, pkt);
        return;
    case TCP_REF_TIME_WAIT:
        if (!tern_tcp_time_wait_input(tcp, &tcp->config.time_waits[index], seg, pkt))
            return;
        break;
    default:
        break;
    }
    struct tern_tcp_listener *listener =
        tern_tcp_listen_find(tcp, &pkt->dst, seg->dst_port, pkt->link);
    if (listener != NULL)
        tern_tcp_listen_input(listener, seg, pkt);
    else
        closed_input(tcp, seg, pkt);
}

/* The checks that need no state but the header's first words; each failure has its counter. */
static uint64_t *header_reason(struct tern_tcp *tcp, struct tern_tcp_seg *seg,
                               const struct tern_net_packet *pkt)
{
    enum tern_err err = tern_tcp_seg_parse(seg, pkt->l4, pkt->l4_contig, pkt->l4_len);
    if (err == TERN_OK)
        return NULL;
    return err == TERN_TRUNCATED ? &tcp->stats.drop_short : &tcp->stats.drop_bad_offset;
}

static uint64_t *segment_reason(struct tern_tcp *tcp, struct tern_tcp_seg *seg,
                                const struct tern_net_packet *pkt)
{
    struct tern_tcp_stats *stats = &tcp->stats;
    if (!tern_net_packet_sum_ok(tcp->net, pkt))
        return &stats->drop_bad_checksum;
    if (tern_tcp_seg_options_parse(seg, pkt->l4) != TERN_OK)
        return &stats->drop_bad_options;
    if (seg->src_port == 0 || seg->dst_port == 0)
        return &stats->drop_port_zero;
    if (pkt->multicast)    /* RFC 9293 section 3.9.2.3, MUST-57 */
        return &stats->drop_bad_source;
    return NULL;
}

/* Is it for the connection of the segment before? Most of a batch is. */
static bool is_recent(const struct tern_tcp *tcp, const struct tern_tcp_seg *seg,
                      const struct tern_net_packet *pkt)
{
    if (tcp->recent == 0)
        return false;
    const struct tern_tcp_conn *conn = &tcp->config.conns[tcp->recent - 1];
    return conn->hashed && tern_tcp_tuple_is(&conn->tuple, &pkt->dst, seg->dst_port, &pkt->src,
                                             seg->src_port);
}

void tern_tcp_input(struct tern_net *net, void *context, const struct tern_net_packet *pkt)
{
    (void)net;
    struct tern_tcp *tcp = context;
    struct tern_tcp_seg seg;
    bool recent = false;
    uint32_t first = 0;
    tcp->stats.in_segs++;
    uint64_t *reason = header_reason(tcp, &seg, pkt);
    if (reason == NULL) {
        recent = is_recent(tcp, &seg, pkt);
        if (!recent)
            first = tern_tcp_lookup_begin(tcp, &pkt->dst, seg.dst_port, &pkt->src,
                                          seg.src_port);
        reason = segment_reason(tcp, &seg, pkt);
    }
    if (reason != NULL) {
        (*reason)++;
        tcp->stats.in_errs++;
        return;
    }
    seg.data_off = (uint32_t)(pkt->l4_off + seg.hdr_len);
    seg.many = pkt->rx->seg_len != 0 && seg.len > pkt->rx->seg_len;
    uint32_t ref = TCP_REF_CONN | tcp->recent;
    if (!recent)
        ref = tern_tcp_lookup_from(tcp, first, &pkt->dst, seg.dst_port, &pkt->src, seg.src_port);
    found_input(tcp, ref, &seg, pkt);
}
