/* SPDX-License-Identifier: ISC */
/*
 * SYN-RECEIVED behind a listener, in 64 octets an entry (RFC 4987 section 3.4
 * calls it a SYN cache). An entry becomes a connection when its handshake is
 * complete; a flood of SYNs costs entries, the oldest of which gives way.
 *
 * SYN-ACKs are sent again with doubling pauses. All entries that were sent
 * equally often wait equally long, so each such list is in order of time by
 * itself, and one timer for the table looks at the heads:
 *
 *   list 0   not sent yet: no slot, or the neighbour is being resolved; 20 ms
 *   list n   sent n times; waits rto_initial * 2^(n-1), then joins list n + 1
 *   list 6   sent six times; its end is the entry's end
 */
#include "tcp_internal.h"

#define UNSENT_PAUSE_MS 20u
#define UNSENT_MOST_MS 3000u
#define SENT_MOST 6u
#define LOOK_MOST 8u
#define MSS_MOST 0x3fffu    /* what an entry has bits for; no link of ours takes more */
#define CHALLENGES_MOST 3u

static uint32_t index_of(const struct tern_tcp *tcp, const struct tern_tcp_half *half)
{
    return (uint32_t)(half - tcp->config.halves) + 1;
}

static struct tern_tcp_half *at(const struct tern_tcp *tcp, uint32_t index)
{
    return &tcp->config.halves[index - 1];
}

/* ---- The lists ---------------------------------------------------------------------------- */

static void list_join(struct tern_tcp *tcp, struct tern_tcp_half *half)
{
    uint32_t n = half->n_sent, index = index_of(tcp, half);
    half->prev = tcp->half_lists[n].last;
    half->next = 0;
    if (half->prev == 0)
        tcp->half_lists[n].first = index;
    else
        at(tcp, half->prev)->next = index;
    tcp->half_lists[n].last = index;
}

static void list_leave(struct tern_tcp *tcp, struct tern_tcp_half *half)
{
    uint32_t n = half->n_sent;
    if (half->prev == 0)
        tcp->half_lists[n].first = half->next;
    else
        at(tcp, half->prev)->next = half->next;
    if (half->next == 0)
        tcp->half_lists[n].last = half->prev;
    else
        at(tcp, half->next)->prev = half->prev;
}

/* How long after its birth an entry of list n is due. */
static uint32_t list_due_ms(const struct tern_tcp *tcp, uint32_t n, uint32_t created_ms,
                            uint32_t now_ms)
{
    if (n == 0)    /* the next multiple of the pause after now */
        return created_ms + (now_ms - created_ms) / UNSENT_PAUSE_MS * UNSENT_PAUSE_MS +
               UNSENT_PAUSE_MS;
    return created_ms + tcp->config.rto_initial_ms * ((UINT32_C(1) << n) - 1);
}

static void timer_arm(struct tern_tcp *tcp)
{
    uint32_t now_ms = tcp_now_ms(tcp);
    uint64_t due_ns = TERN_NEVER;
    for (uint32_t n = 0; n <= SENT_MOST; n++) {
        if (tcp->half_lists[n].first == 0)
            continue;
        const struct tern_tcp_half *half = at(tcp, tcp->half_lists[n].first);
        uint64_t ns = tcp_ms_to_ns(tcp, list_due_ms(tcp, n, half->created_ms, now_ms));
        if (ns < due_ns)
            due_ns = ns;
    }
    if (due_ns == TERN_NEVER)
        tern_timer_cancel(tcp->net->turn, &tcp->half_timer);
    else if (!tern_timer_is_set(&tcp->half_timer) || due_ns < tcp->half_timer.due_ns)
        tern_timer_set(tcp->net->turn, &tcp->half_timer, due_ns);
}

void tern_tcp_half_remove(struct tern_tcp *tcp, struct tern_tcp_half *half)
{
    uint32_t index = index_of(tcp, half);
    tern_tcp_lookup_remove(tcp, TCP_REF_HALF | index);
    list_leave(tcp, half);
    tcp->config.listeners[half->listener].n_halves--;
    half->tuple.next = tcp->half_free;
    tcp->half_free = index;
    tcp->n_halves_free++;
    tcp->stats.half_open--;
}

/*
 * An entry that a peer on the other side of the world may still be about to
 * complete does not give way: the newcomer's SYN comes again in a second, while
 * the ACK of one whose entry has gone is answered by a reset. So a burst of
 * friends is served late, and a flood (RFC 4987 section 3.2) keeps out a share
 * of the newcomers instead of all whose way is longer than backlog / rate.
 */
#define GRACE_MS 250u

static bool may_go(const struct tern_tcp *tcp, const struct tern_tcp_half *half)
{
    return half != NULL && tcp_now_ms(tcp) - half->created_ms >= GRACE_MS;
}

/* The heads are the oldest of their lists; the oldest head is the oldest of all. */
static struct tern_tcp_half *oldest(const struct tern_tcp *tcp)
{
    struct tern_tcp_half *found = NULL;
    for (uint32_t n = 0; n <= SENT_MOST; n++) {
        if (tcp->half_lists[n].first == 0)
            continue;
        struct tern_tcp_half *half = at(tcp, tcp->half_lists[n].first);
        if (found == NULL || tern_tcp_seq_lt(half->created_ms, found->created_ms))
            found = half;
    }
    return found;
}

/*
 * The oldest entry of a listener. The lists' heads are the oldest, and are
 * looked through only a little way, so that a flood at one listener is not
 * paid for by walking past another's entries.
 */
static struct tern_tcp_half *oldest_of(const struct tern_tcp *tcp,
                                       const struct tern_tcp_listener *listener)
{
    struct tern_tcp_half *found = NULL;
    for (uint32_t n = 0; n <= SENT_MOST; n++) {
        uint32_t index = tcp->half_lists[n].first;
        for (uint32_t i = 0; i < LOOK_MOST && index != 0; i++) {
            struct tern_tcp_half *half = at(tcp, index);
            index = half->next;
            if (&tcp->config.listeners[half->listener] != listener)
                continue;
            if (found == NULL || tern_tcp_seq_lt(half->created_ms, found->created_ms))
                found = half;
            break;
        }
    }
    return found;
}

/*
 * While no handshake of this listener can be completed none gives way: whose
 * ACK has come already believes in its connection, and the newcomer would only
 * wait in its place.
 */
bool tern_tcp_half_room(struct tern_tcp *tcp, const struct tern_tcp_listener *listener)
{
    struct tern_tcp_half *half;
    if (listener->n_halves < listener->backlog && tcp->half_free != 0)
        return true;
    if (listener->paused || tcp->conn_free == 0)
        return false;
    half = listener->n_halves >= listener->backlog ? oldest_of(tcp, listener) : oldest(tcp);
    if (!may_go(tcp, half))
        return false;
    tcp->stats.half_evicted++;
    tern_tcp_half_remove(tcp, half);
    return true;
}

/* Those of one listener, or of one address of ours. */
TERN_COLD
void tern_tcp_half_purge(struct tern_tcp *tcp, const struct tern_tcp_listener *listener,
                         const struct tern_addr *local)
{
    for (uint32_t n = 0; n <= SENT_MOST; n++) {
        for (uint32_t index = tcp->half_lists[n].first; index != 0;) {
            struct tern_tcp_half *half = at(tcp, index);
            index = half->next;
            if ((listener != NULL && &tcp->config.listeners[half->listener] == listener) ||
                (local != NULL && tern_addr_equal(&half->tuple.local, local)))
                tern_tcp_half_remove(tcp, half);
        }
    }
}

/* ---- Answers -------------------------------------------------------------------------------- */

static uint32_t window_first(const struct tern_tcp *tcp)
{
    return tcp->config.window_max < TCP_WINDOW_FIRST ? tcp->config.window_max : TCP_WINDOW_FIRST;
}

/* The SYN-ACK (again), or the bare ACK that a challenge asks for. */
static enum tern_err answer(struct tern_tcp *tcp, const struct tern_tcp_half *half, bool syn)
{
    uint32_t iss = tern_tcp_isn(tcp, &half->tuple, half->created_ms);
    struct tern_tcp_reply reply = {
        .local = &half->tuple.local,
        .peer = &half->tuple.peer,
        .hdr = {
            .src_port = half->tuple.local_port,
            .dst_port = half->tuple.peer_port,
            .seq = syn ? iss : iss + 1,
            .ack = half->irs + 1,
            .wnd = (uint16_t)window_first(tcp),
            .scale = TCP_SCALE_NONE,
            .flags = syn ? TCP_SYN | TCP_ACK : TCP_ACK,
        },
    };
    if (syn) {
        reply.hdr.mss = tern_tcp_conn_mss_offer(tcp, &half->tuple);
        if (half->scaled)
            reply.hdr.scale = tern_tcp_window_scale(tcp);
    } else if (half->scaled) {
        reply.hdr.wnd = (uint16_t)(reply.hdr.wnd >> tern_tcp_window_scale(tcp));
    }
    if (half->timestamps) {
        reply.hdr.has_ts = true;
        reply.hdr.ts_val = tcp_now_ms(tcp) + tern_tcp_isn_ts_offset(tcp, &half->tuple);
        reply.hdr.ts_ecr = half->ts_recent;
    }
    return tern_tcp_reply(tcp, &reply);
}

/*
 * A challenge ACK (RFC 5961), a few an entry and no more: two half-open entries
 * that forged SYNs have made face each other would answer each other for ever.
 * A peer that has started anew needs one; its RST ends the entry.
 */
TERN_COLD
static void challenge_answer(struct tern_tcp *tcp, struct tern_tcp_half *half)
{
    if (half->challenges == CHALLENGES_MOST) {
        tcp->stats.challenge_limited++;
        return;
    }
    half->challenges = (half->challenges + 1u) & CHALLENGES_MOST;
    tcp->stats.out_challenge_acks++;
    (void)answer(tcp, half, false);
}

/*
 * "If the SYN bit is set ... select an ISS, send SYN,ACK, enter SYN-RECEIVED"
 * (section 3.10.7.2, third).
 */
void tern_tcp_half_open(struct tern_tcp_listener *listener, const struct tern_tcp_seg *seg,
                        const struct tern_net_packet *pkt)
{
    struct tern_tcp *tcp = listener->tcp;
    uint32_t index = tcp->half_free;
    struct tern_tcp_half *half = at(tcp, index);
    uint16_t mss = seg->has_mss ? seg->mss : TCP_MSS_DEFAULT;
    tcp->half_free = half->tuple.next;
    tcp->n_halves_free--;
    *half = (struct tern_tcp_half){
        .tuple = { .local = pkt->dst, .peer = pkt->src,
                   .local_port = seg->dst_port, .peer_port = seg->src_port },
        .created_ms = tcp_now_ms(tcp),
        .irs = seg->seq,
        .ts_recent = seg->ts_val,
        .mss = (mss < MSS_MOST ? mss : MSS_MOST) & MSS_MOST,
        .listener = (unsigned)(listener - tcp->config.listeners) & 0x7f,
        .timestamps = seg->has_ts && !tcp->config.no_timestamps,
    };
    if (seg->scale != TCP_SCALE_NONE && !tcp->config.no_window_scaling) {
        half->scaled = 1;
        half->snd_scale = seg->scale & 0xfu;
    }
    listener->n_halves++;
    tcp->stats.half_open++;
    tern_tcp_lookup_add(tcp, TCP_REF_HALF | index);
    if (answer(tcp, half, true) == TERN_OK)
        half->n_sent = 1;
    list_join(tcp, half);
    timer_arm(tcp);
}

/* One entry's pause is over: again, or the end. */
TERN_COLD
static void due(struct tern_tcp *tcp, struct tern_tcp_half *half, uint32_t now_ms)
{
    bool unsent = half->n_sent == 0;
    if (half->n_sent == SENT_MOST || (unsent && now_ms - half->created_ms >= UNSENT_MOST_MS)) {
        tcp->stats.half_timed_out++;
        tcp->stats.attempt_fails++;
        tern_tcp_half_remove(tcp, half);
        return;
    }
    enum tern_err err = answer(tcp, half, true);
    list_leave(tcp, half);
    if (!unsent || err == TERN_OK)
        half->n_sent = (half->n_sent + 1u) & 7;    /* one that found no slot counts as lost */
    if (!unsent)
        tcp->stats.half_retransmits++;
    list_join(tcp, half);
}

TERN_COLD
void tern_tcp_half_fire(struct tern_timer *timer, uint64_t now_ns)
{
    (void)now_ns;
    struct tern_tcp *tcp = TERN_CONTAINER_OF(timer, struct tern_tcp, half_timer);
    uint32_t now_ms = tcp_now_ms(tcp);
    for (uint32_t n = SENT_MOST + 1; n-- > 0;) {
        /* The last of the list as it is now bounds the loop: list 0 is joined again. */
        uint32_t last = tcp->half_lists[n].last;
        for (uint32_t index = tcp->half_lists[n].first; index != 0;) {
            struct tern_tcp_half *half = at(tcp, index);
            uint32_t next = index == last ? 0 : half->next;
            if (n != 0 && tern_tcp_seq_gt(list_due_ms(tcp, n, half->created_ms, now_ms), now_ms))
                break;
            due(tcp, half, now_ms);
            index = next;
        }
    }
    timer_arm(tcp);
    tern_net_worked(tcp->net);
}

/* ---- Segments ----------------------------------------------------------- */

/* The handshake's last ACK has come: the entry becomes a connection. */
static struct tern_tcp_conn *promote(struct tern_tcp *tcp, struct tern_tcp_half *half,
                                     const struct tern_tcp_seg *seg)
{
    struct tern_tcp_half was = *half;
    /* fine: an entry's index names a listener */
    struct tern_tcp_listener *listener = &tcp->config.listeners[was.listener];
    tern_tcp_half_remove(tcp, half);
    struct tern_tcp_conn *conn = tern_tcp_conn_take(tcp, &was.tuple);
    struct tern_tcp_seg syn = {
        .has_ts = was.timestamps,
        .ts_val = was.ts_recent,
        .has_mss = true,
        .mss = was.mss,
        .scale = was.scaled ? (uint8_t)was.snd_scale : TCP_SCALE_NONE,
    };
    tern_tcp_conn_options(conn, &listener->options);
    tern_tcp_conn_syn(conn, &syn);
    conn->snd_una = conn->snd_nxt = conn->snd_end =
        tern_tcp_isn(tcp, &was.tuple, was.created_ms) + 1;
    conn->ts_offset = tern_tcp_isn_ts_offset(tcp, &was.tuple);
    conn->rcv_nxt = conn->last_ack_sent = was.irs + 1;
    conn->rcv_adv = conn->rcv_nxt + window_first(tcp);
    conn->snd_wnd = conn->max_snd_wnd = (uint32_t)seg->wnd << conn->snd_scale;
    conn->snd_wl1 = seg->seq;
    conn->syn_lost = was.n_sent != 1;
    if (conn->timestamps && was.n_sent == 1)
        (void)tern_tcp_rto_echo(conn, seg->ts_ecr);
    conn->accept_pending = true;
    conn->stream.user = listener;
    listener->n_pending++;
    tcp->stats.half_completed++;
    tcp->stats.passive_opens++;
    tern_tcp_conn_establish(conn);
    return conn;
}

/* What an entry drops, by the order of section 3.10.7.4; NULL: it completes the handshake. */
TERN_COLD
static uint64_t *refused(struct tern_tcp *tcp, const struct tern_tcp_half *half,
                         const struct tern_tcp_seg *seg, bool *challenge)
{
    struct tern_tcp_stats *stats = &tcp->stats;
    if (half->timestamps && (seg->flags & TCP_RST) == 0 &&
        (!seg->has_ts || tern_tcp_seq_lt(seg->ts_val, half->ts_recent))) {
        *challenge = seg->has_ts;    /* RFC 7323 section 5.3, R1; section 3.2 */
        return &stats->drop_half_paws;
    }
    if (!tern_tcp_seq_in(seg->seq, half->irs + 1, window_first(tcp))) {
        *challenge = (seg->flags & TCP_RST) == 0;
        return &stats->drop_half_seq;
    }
    if ((seg->flags & TCP_RST) != 0) {    /* in the window, but not where it counts */
        *challenge = true;
        return &stats->drop_half_rst;
    }
    if ((seg->flags & TCP_SYN) != 0) {
        *challenge = true;
        return &stats->drop_half_seq;
    }
    if ((seg->flags & TCP_ACK) == 0)
        return &stats->drop_no_ack;
    const struct tern_tcp_listener *listener = &tcp->config.listeners[half->listener];
    if (listener->paused)
        return &stats->drop_paused;
    if (tcp->conn_free == 0)
        return &stats->drop_no_conn_free;
    return NULL;
}

void tern_tcp_half_input(struct tern_tcp *tcp, struct tern_tcp_half *half,
                         struct tern_tcp_seg *seg, const struct tern_net_packet *pkt)
{
    /* The same SYN again: our SYN-ACK was lost, so it goes again. */
    if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN && seg->seq == half->irs) {
        tcp->stats.half_retransmits++;
        (void)answer(tcp, half, true);
        return;
    }
    /* "If this connection was initiated with a passive OPEN, return to the LISTEN state." */
    if ((seg->flags & TCP_RST) != 0 && seg->seq == half->irs + 1) {
        tcp->stats.in_rst++;
        tcp->stats.attempt_fails++;
        tern_tcp_half_remove(tcp, half);
        return;
    }
    bool challenge = false;
    uint64_t *reason = refused(tcp, half, seg, &challenge);
    if (reason != NULL) {
        (*reason)++;
        if (challenge)
            challenge_answer(tcp, half);
        return;
    }
    if (seg->ack != tern_tcp_isn(tcp, &half->tuple, half->created_ms) + 1) {
        /* fine: tcp is the one it came to */
        tcp->stats.drop_half_seq++;
        tern_tcp_reply_reset(tcp, seg, pkt);
        return;
    }
    tern_tcp_input_conn(promote(tcp, half, seg), seg, pkt);
}
