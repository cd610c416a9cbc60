/* SPDX-License-Identifier: ISC */
/*
 * Sending: what is owed (ACKs, retransmissions, probes) and what is allowed
 * (new data), once a turn. RFC 9293 sections 3.7.4 (Nagle), 3.8.4 (keepalive),
 * 3.8.6.1 (probes), 3.8.6.2.1 (silly windows), 3.8.6.3 (delayed ACKs).
 *
 * A segment is written into the driver's slot, its payload copied and summed in
 * one pass. State moves when the slot is committed and not before: a link that
 * is full, or a neighbour that is not known yet, leaves the connection as it
 * was, in a list of waiters, and the same choice is made again later.
 *
 * On a link that cuts segments itself up to 64 KiB go down as one.
 */
#include "tcp_internal.h"

#define SUPER_MAX 65535u    /* an IP packet's length */

/* ---- One segment ------------------------------------------------------------------------- */

/* What a connection's header says, but for what differs from segment to segment. */
static struct tern_tcp_hdr header(struct tern_tcp_conn *conn, uint32_t seq, uint8_t flags)
{
    struct tern_tcp_hdr hdr = {
        .src_port = conn->tuple.local_port,
        .dst_port = conn->tuple.peer_port,
        .seq = seq,
        .ack = (flags & TCP_ACK) != 0 ? conn->rcv_nxt : 0,
        .scale = TCP_SCALE_NONE,
        .flags = flags,
        .has_ts = conn->timestamps,
        .ts_val = tcp_now_ms(conn->tcp) + conn->ts_offset,
        .ts_ecr = conn->ts_recent,
    };
    if ((flags & TCP_SYN) == 0) {
        hdr.wnd = tern_tcp_window_field(conn);
        return hdr;
    }
    const struct tern_tcp_config *config = &conn->tcp->config;
    uint32_t wnd = config->window_max < TCP_WINDOW_FIRST ? config->window_max : TCP_WINDOW_FIRST;
    hdr.wnd = (uint16_t)wnd;
    hdr.mss = tern_tcp_conn_mss_offer(conn->tcp, &conn->tuple);
    /* Our first SYN offers; the answer to one only agrees. */
    bool offers = (flags & TCP_ACK) == 0;
    hdr.has_ts = offers ? !config->no_timestamps : conn->timestamps;
    if (offers ? !config->no_window_scaling : (conn->rcv_scale | conn->snd_scale) != 0)
        hdr.scale = tern_tcp_window_scale(conn->tcp);
    return hdr;
}

static void wait_join(struct tern_tcp_conn *conn, uint32_t *list)
{
    conn->wait_next = *list;
    *list = tcp_conn_index(conn) + 1;
    conn->on_wait = true;
    conn->tcp->stats.tx_waits++;
}

/* Every segment but a first SYN carries an ACK: none is owed any more. */
static void ack_went(struct tern_tcp_conn *conn)
{
    conn->last_ack_sent = conn->rcv_nxt;
    conn->ack_now = conn->delack_set = false;
    conn->n_unacked = 0;
}

/* Writes the segment into its slot: header, payload copied and summed in one pass. */
static void segment_emit(struct tern_tcp_conn *conn, const struct tern_tcp_hdr *hdr,
                         struct tern_net_out *out, uint32_t len)
{
    const struct tern_checksum_ops *ops = conn->tcp->net->checksum;
    size_t hdr_len = tern_tcp_hdr_emit(hdr, out->l4);
    uint32_t sum = 0;
    if ((out->link->offloads & TERN_OFFLOAD_TX_CSUM) != 0)
        ops = NULL;    /* only the pseudo-header is ours to sum */
    if (len > 0)
        sum = tern_tcp_send_copy(conn, hdr->seq, out->l4 + hdr_len, len, ops, 0);
    if (len > conn->mss) {
        out->tx.gso = tern_addr_is_v4(out->dst) ? TERN_GSO_TCP4 : TERN_GSO_TCP6;
        out->tx.seg_len = conn->mss;
        out->tx.hdr_len = (uint16_t)(out->l4_off + hdr_len);
    }
    tern_tcp_reply_finish(conn->tcp, out, hdr_len, hdr_len + len, sum);
}

/*
 * Sends len octets from seq on. TERN_OK: it is on its way, or there was none
 * and it counts as lost (the timer will tell). TERN_FULL, TERN_AGAIN: nothing
 * has changed and the connection waits.
 */
static enum tern_err segment_send(struct tern_tcp_conn *conn, uint32_t seq, uint32_t len,
                                  uint8_t flags)
{
    struct tern_tcp *tcp = conn->tcp;
    struct tern_net *net = tcp->net;
    uint32_t adv = conn->rcv_adv;
    struct tern_tcp_hdr hdr = header(conn, seq, flags);
    size_t l4_len = tern_tcp_hdr_len(&hdr) + len;
    if (conn->path.generation == 0)
        conn->path.network = tern_net_network_of(net, &conn->tuple.peer);
    struct tern_net_path path = tcp_path(conn);
    struct tern_net_out out = {
        .src = &conn->tuple.local,
        .dst = &conn->tuple.peer,
        .path = &path,
        .protocol = TCP_PROTOCOL,
        .dont_fragment = !conn->may_fragment,
        .transport = tcp->slot,
    };
    const struct tern_net_network_ops *ops = tern_net_network(net, path.network);
    void *context = net->networks[path.network].context;
    enum tern_err err = ops->begin(net, context, &out, l4_len);
    if (err == TERN_FULL || err == TERN_AGAIN) {
        conn->rcv_adv = adv;    /* the window was not offered after all */
        wait_join(conn, out.wait);
        return err;
    }
    tcp_path_keep(conn, &path);
    if (err == TERN_OK) {
        segment_emit(conn, &hdr, &out, len);
        ops->commit(net, context, &out, l4_len);
        tcp->stats.out_segs++;
        tcp->stats.out_data_octets += len;
    } else {
        conn->soft_error = true;
        tcp->stats.reply_lost++;
    }
    if ((flags & TCP_ACK) != 0)
        ack_went(conn);
    return TERN_OK;
}

/* ---- What may be sent ---------------------------------------------------------------------- */

/* The most one segment takes: mss, or a multiple of it where the link cuts. */
static uint32_t segment_cap(const struct tern_tcp_conn *conn)
{
    const struct tern_net *net = conn->tcp->net;
    if (conn->path.generation == 0 || conn->path.link >= net->n_links)
        return conn->mss;
    const struct tern_link *link = net->links[conn->path.link].link;
    bool v4 = tern_addr_is_v4(&conn->tuple.peer);
    const uint16_t needed = TERN_OFFLOAD_TX_CSUM | (v4 ? TERN_OFFLOAD_TX_TSO4
                                                       : TERN_OFFLOAD_TX_TSO6);
    if ((link->offloads & needed) != needed || link->slot_max <= 2048)
        return conn->mss;
    uint32_t most = link->slot_max - ETH_HDR_LEN;
    most = (most < SUPER_MAX ? most : SUPER_MAX) - 60 - TCP_HDR_MAX;
    return most > conn->mss ? most - most % conn->mss : conn->mss;
}

/*
 * How much may be in flight: the peer's window and ours; two segments more
 * while the first two duplicate ACKs say that segments are leaving (limited
 * transmit, RFC 3042). Without a work block it is one segment at a time.
 */
static uint32_t window(const struct tern_tcp_conn *conn, const struct tern_tcp_work *work)
{
    uint32_t wnd = conn->snd_wnd;
    uint32_t cwnd = conn->mss;
    if (work != NULL) {
        cwnd = work->cc.cwnd;
        if (!work->recovering && !work->timed_out && work->dup_acks < 3)
            cwnd += (uint32_t)work->dup_acks * conn->mss;
    }
    return wnd < cwnd ? wnd : cwnd;
}

/*
 * Nagle's algorithm in Minshall's form: a small segment waits only while
 * another small one is unacknowledged, so the tail of a long write does not
 * wait for the ACK of its own beginning.
 */
static bool nagle_holds(const struct tern_tcp_conn *conn, const struct tern_tcp_work *work)
{
    if (conn->no_delay || conn->fin_queued)
        return false;
    return work != NULL ? tern_tcp_seq_gt(work->small_end, conn->snd_una)
                        : tcp_in_flight(conn) % conn->mss != 0;
}

/*
 * The work block to send with. One segment by itself, which is most of what
 * there is on many connections, needs none: nothing can overtake it, and its
 * timer says when it was sent. *ok is false where sending has to wait.
 */
static struct tern_tcp_work *work_for(struct tern_tcp_conn *conn, uint32_t avail, bool *ok)
{
    struct tern_tcp_work *work = tcp_work(conn);
    bool alone = tcp_in_flight(conn) == 0 && avail <= conn->mss;
    *ok = true;
    if (alone && work == NULL)
        tern_tcp_work_restart(conn);
    if (work != NULL || alone)
        return work;
    if (avail < conn->mss && nagle_holds(conn, NULL)) {
        *ok = false;
        return NULL;
    }
    work = tern_tcp_work_take(conn, true);
    *ok = work != NULL || tcp_in_flight(conn) == 0;
    return work;
}

/*
 * How many of the avail unsent octets go now, in one segment; 0: none. Section
 * 3.8.6.2.1: a full segment; or all there is, if Nagle agrees; or at least half
 * of the largest window the peer has ever offered.
 */
static uint32_t new_len(const struct tern_tcp_conn *conn, const struct tern_tcp_work *work,
                        uint32_t avail)
{
    uint32_t wnd = window(conn, work), flight = tcp_in_flight(conn);
    uint32_t usable = wnd > flight ? wnd - flight : 0;
    uint32_t len = avail < usable ? avail : usable;
    uint32_t cap = work != NULL ? segment_cap(conn) : conn->mss;
    if (len > cap)
        len = cap;
    /* fine: the MSS is never below 64 */
    uint32_t tail = len % conn->mss;
    if (tail == 0)
        return len;
    bool small_ok = len == avail ? !nagle_holds(conn, work)
                                 : len < conn->mss && conn->snd_wnd <= usable + flight &&
                                       len >= conn->max_snd_wnd / 2;
    return small_ok ? len : len - tail;
}

/* ---- The kinds of segments ------------------------------------------------------------------- */

/* (5.1) of RFC 6298: "if the timer is not running, start it". */
static void sent(struct tern_tcp_conn *conn)
{
    if (conn->timer_kind == TCP_TIMER_RTO)
        return;
    conn->backoff = 0;    /* it counted something else */
    tern_tcp_timer_set(conn, TCP_TIMER_RTO, tern_tcp_rto_ms(conn));
}

/*
 * A retransmission from seq: at most one segment, and no octet beyond the
 * window that was not out before: a probe's octet may have company only as far
 * as the window has opened.
 */
TERN_COLD
static enum tern_err again_send(struct tern_tcp_conn *conn, uint32_t seq, uint32_t *len)
{
    uint32_t queued = conn->snd_end - seq;
    uint32_t most = tern_tcp_flight_head_len(conn, seq);
    *len = queued < conn->mss ? queued : conn->mss;
    if (*len > most)
        *len = most;
    uint32_t out = conn->snd_nxt - seq, ahead = seq - conn->snd_una;
    uint32_t wnd = conn->snd_wnd > ahead ? conn->snd_wnd - ahead : 0;
    if (wnd < out)
        wnd = out;
    if (*len > wnd)
        *len = wnd;
    uint8_t flags = *len > 0 ? TCP_ACK | TCP_PSH : TCP_ACK;
    bool fin = tcp_fin_sent(conn) && *len == queued;
    if (fin)
        flags |= TCP_FIN;
    enum tern_err err = segment_send(conn, seq, *len, flags);
    if (err != TERN_OK)
        return err;
    *len += fin ? 1u : 0u;
    /* Where only a part was out before (a window that closed), the rest is now. */
    conn->snd_nxt = tern_tcp_seq_max(conn->snd_nxt, seq + *len);
    tern_tcp_flight_again(conn, seq);
    conn->tcp->stats.retrans_segs++;
    sent(conn);
    return TERN_OK;
}

/* After a timeout, all that was out goes again as the window opens. */
TERN_COLD
static bool timed_out_send(struct tern_tcp_conn *conn, struct tern_tcp_work *work)
{
    if (!work->timed_out || !tern_tcp_seq_lt(work->rtx_nxt, work->rtx_end))
        return false;
    uint32_t ahead = work->rtx_nxt - conn->snd_una, len;
    if (ahead > 0 && (work->cc.cwnd < conn->mss || ahead > work->cc.cwnd - conn->mss))
        return false;
    if (again_send(conn, work->rtx_nxt, &len) != TERN_OK)
        return false;
    work->rtx_nxt += len;
    return true;
}

static bool new_send(struct tern_tcp_conn *conn)
{
    if (tcp_fin_sent(conn))
        return false;
    uint32_t avail = conn->snd_end - conn->snd_nxt;
    if (avail == 0 && !conn->fin_queued)
        return false;
    /* Nothing moves without a window, so nothing is taken for it. */
    if (avail > 0 && conn->snd_wnd <= tcp_in_flight(conn))
        return false;
    bool ok;
    struct tern_tcp_work *work = work_for(conn, avail, &ok);
    if (!ok)
        return false;
    uint32_t len = new_len(conn, work, avail);
    if (len == 0 && avail > 0)
        return false;
    uint8_t flags = TCP_ACK;
    if (len == avail && len > 0)
        flags |= TCP_PSH;
    bool fin = conn->fin_queued && len == avail;
    if (fin)
        flags |= TCP_FIN;
    uint32_t seq = conn->snd_nxt;
    if (segment_send(conn, seq, len, flags) != TERN_OK)
        return false;
    conn->snd_nxt = seq + len + (fin ? 1u : 0u);
    if (work != NULL) {
        if (!work->recovering && work->dup_acks > 0 && work->dup_acks < 3)
            conn->tcp->stats.limited_transmits++;
        if (len % conn->mss != 0)
            work->small_end = conn->snd_nxt;
        tern_tcp_flight_sent(conn, seq, conn->snd_nxt - seq);
    }
    sent(conn);
    return true;
}

/*
 * Section 3.8.6.1: one octet beyond a zero window, again and again the same; of
 * a window that is open but too small to be worth it, what fits.
 */
TERN_COLD
static void probe_send(struct tern_tcp_conn *conn)
{
    uint32_t seq = conn->snd_una, left = conn->snd_end - seq;
    if (!tcp_owes(conn)) {    /* keepalive: below the window, so it must be answered */
        if (segment_send(conn, conn->snd_nxt - 1, 0, TCP_ACK) == TERN_OK)
            conn->probe_due = false;
        return;
    }
    uint32_t len = conn->snd_wnd == 0 ? 1 : conn->snd_wnd;
    if (len > left)
        len = left;
    if (len > conn->mss)
        len = conn->mss;
    uint8_t flags = TCP_ACK | TCP_PSH;
    if (segment_send(conn, seq, len, flags) != TERN_OK)
        return;
    conn->probe_due = false;
    conn->snd_nxt = tern_tcp_seq_max(conn->snd_nxt, seq + len);
    if (conn->snd_wnd > 0)
        sent(conn);
}

TERN_COLD
static void syn_send(struct tern_tcp_conn *conn)
{
    if (conn->snd_nxt != conn->snd_una && !conn->rtx_due)
        return;
    uint8_t flags = conn->state == TERN_TCP_SYN_SENT ? TCP_SYN : TCP_SYN | TCP_ACK;
    if (segment_send(conn, conn->snd_una, 0, flags) != TERN_OK)
        return;
    if (conn->rtx_due && conn->syn_lost)
        conn->tcp->stats.retrans_segs++;
    conn->rtx_due = false;
    conn->snd_nxt = conn->snd_una + 1;
    sent(conn);
}

/* ---- ACKs --------------------------------------------------------------- */

/*
 * Where an ACK or RST stands: at SND.NXT, but not beyond the window. With a
 * probe's octet out, or data that the peer had to drop, SND.NXT is beyond what
 * the peer takes, and its window update would never be heard.
 */
static uint32_t seq_acceptable(const struct tern_tcp_conn *conn)
{
    uint32_t edge = conn->snd_una + conn->snd_wnd;
    return tern_tcp_seq_gt(conn->snd_nxt, edge) && !conn->fin_queued ? edge : conn->snd_nxt;
}

static bool ack_send(struct tern_tcp_conn *conn)
{
    if (segment_send(conn, seq_acceptable(conn), 0, TCP_ACK) != TERN_OK)
        return false;
    conn->tcp->stats.out_acks++;
    return true;
}

/*
 * Duplicate ACKs, one for each out-of-order segment. They must be bare, and
 * behind an ACK of what came in order: the peer counts them against that.
 */
TERN_COLD
static void duplicates_send(struct tern_tcp_conn *conn)
{
    if (conn->n_acks == 0)
        return;
    if (conn->last_ack_sent != conn->rcv_nxt && !ack_send(conn))
        return;
    for (; conn->n_acks > 0; conn->n_acks--) {
        if (!ack_send(conn))
            return;
        conn->tcp->stats.out_dup_acks++;
    }
}

/*
 * Section 3.8.6.3: at the latest with the second segment, or after the delay,
 * or at once where something calls for it; or when the window has opened.
 */
static void ack_settle(struct tern_tcp_conn *conn)
{
    if (conn->on_wait)
        return;
    bool update = tern_tcp_window_update_due(conn);
    if (conn->ack_now || update || conn->n_unacked >= 2 ||
        (conn->n_unacked > 0 && conn->no_delayed_ack)) {
        if (update && !conn->ack_now && conn->n_unacked == 0)
            conn->tcp->stats.out_window_updates++;
        (void)ack_send(conn);
    } else if (conn->n_unacked > 0 && !conn->delack_set) {
        conn->delack_set = conn->lively = true;
        conn->delack_ms =
            (uint16_t)tcp_deadline_ms(conn->tcp, conn->tcp->config.delayed_ack_ms);
    }
}

/* ---- The turn's end ----------------------------------------------------- */

/* The last word of a connection that is over: its RST, or the ACK of the peer's FIN. */
static void over_send(struct tern_tcp_conn *conn)
{
    if (!conn->rst_due && !conn->ack_now)
        return;
    struct tern_tcp_reply reply = {
        .local = &conn->tuple.local,
        .peer = &conn->tuple.peer,
        .hdr = header(conn, seq_acceptable(conn), conn->rst_due ? TCP_RST | TCP_ACK : TCP_ACK),
    };
    if (!conn->rst_due)
        conn->tcp->stats.out_acks++;
    conn->rst_due = conn->ack_now = false;
    (void)tern_tcp_reply(conn->tcp, &reply);
}

/* Which timer runs now (RFC 9293 section 3.8), and when all is given up. */
static void timers_settle(struct tern_tcp_conn *conn)
{
    if (tcp_owes(conn) && !conn->give_up_set)
        tern_tcp_timer_give_up_set(conn, tern_tcp_user_timeout_ms(conn));
    if (tcp_in_flight(conn) == 0) {
        bool stuck = tcp_owes(conn) && !conn->on_wait;
        if (stuck && conn->timer_kind != TCP_TIMER_PERSIST)
            tern_tcp_timer_set(conn, TCP_TIMER_PERSIST, tern_tcp_persist_ms(conn));
        else if (!tcp_owes(conn) && conn->timer_kind != TCP_TIMER_IDLE)
            tern_tcp_timer_set(conn, TCP_TIMER_IDLE, tern_tcp_keepalive_idle_ms(conn));
    }
    tern_tcp_work_settle(conn);
    tern_tcp_timer_arm(conn);
}

void tern_tcp_output(struct tern_tcp_conn *conn)
{
    if (conn->over) {
        over_send(conn);
        return;
    }
    if (!conn->on_wait && tcp_syn_out(conn))
        syn_send(conn);
    if (!conn->on_wait && !tcp_syn_out(conn)) {
        duplicates_send(conn);
        /* A probe is out and the window has opened: the octet may be lost. */
        if (conn->timer_kind == TCP_TIMER_PERSIST && conn->snd_wnd > 0 && tcp_in_flight(conn) > 0)
            conn->rtx_due = true;
        uint32_t len;
        if (!conn->on_wait && conn->rtx_due && tcp_in_flight(conn) > 0 &&
            again_send(conn, conn->snd_una, &len) == TERN_OK)
            conn->rtx_due = false;
        if (!conn->on_wait && conn->probe_due)
            probe_send(conn);
        struct tern_tcp_work *work = tcp_work(conn);
        while (!conn->on_wait && work != NULL && timed_out_send(conn, work))
            ;
        while (!conn->on_wait && new_send(conn))
            ;
    }
    if (!conn->over && conn->state != TERN_TCP_SYN_SENT)
        ack_settle(conn);
    if (!conn->over)
        timers_settle(conn);
}
