/* SPDX-License-Identifier: ISC */
/*
 * TCP's files, and what each offers the others.
 *
 * Reading order: tcp_seq.h and tcp_wire.c (numbers, octets); tcp.c (the part,
 * its tables, its turn); tcp_lookup.c, tcp_isn.c; tcp_conn.c (a connection's
 * life); then the RFC in its order: tcp_input.c (3.10.7), tcp_listen.c and
 * tcp_half.c (LISTEN, SYN-RECEIVED), tcp_input_synsent.c, tcp_ack.c (fifth),
 * tcp_queue_recv.c and tcp_reass.c (seventh), tcp_close.c (eighth, and the
 * calls that end), tcp_timewait.c; tcp_output.c with tcp_window.c,
 * tcp_queue_send.c and tcp_reply.c; tcp_work.c, tcp_flight.c,
 * tcp_cc_newreno.c; tcp_timer.c with tcp_rto.c, tcp_persist.c and
 * tcp_keepalive.c; tcp_challenge.c, tcp_pmtu.c; tcp_stream.c (the user's
 * side); tcp_sane.c.
 *
 * A connection's turn:
 *
 *   input     conn_input changes state at once and sends nothing: it notes
 *             what is owed (ack_now, n_acks, rtx_due) and threads the frame.
 *   visit     the user sees news in stream.h's order.
 *   put_away  what is lent and untaken is copied to blocks; only then does
 *             rcv_nxt stand.
 *   send      tern_tcp_output sends what is owed and allowed. SND.NXT, flags
 *             and timers move at commit, so a full link costs nothing.
 */
#ifndef TERN_TCP_INTERNAL_H
#define TERN_TCP_INTERNAL_H

#include <tern/tcp.h>

#include "net_internal.h"
#include "tcp_seq.h"
#include "tcp_wire.h"

#pragma GCC visibility push(hidden)

#define TCP_PROTOCOL 6u

#define TCP_MSS_DEFAULT 536u        /* RFC 9293 section 3.7.1, where no option came */
#define TCP_MSS_LEAST 64u           /* what a hostile option cannot push us below */
#define TCP_PMTU_LEAST 552u         /* below it DF goes instead; kernels agree */
#define TCP_PMTU_NONE 68u           /* RFC 1191 section 3: no router may say less */
#define TCP_WINDOW_FIRST 14600u     /* offered with our SYN: all that IW10 sends (RFC 6928) */
#define TCP_QUEUE_MAX (UINT32_C(1) << 30)
#define TCP_CHALLENGES 10u          /* ... */
#define TCP_CHALLENGE_S 5u          /* ... in so many seconds (RFC 5961 section 7) */

enum { TCP_TIMER_NONE, TCP_TIMER_RTO, TCP_TIMER_PERSIST, TCP_TIMER_IDLE };

/* ---- Time ---------------------------------------------------------------------- */

static inline uint32_t tcp_now_ms(const struct tern_tcp *tcp)
{
    return (uint32_t)(tcp->net->turn->now_ns / TERN_MILLISECOND_NS);
}

/* The deadline delta_ms from now, never early: a part of a millisecond counts as one. */
static inline uint32_t tcp_deadline_ms(const struct tern_tcp *tcp, uint32_t delta_ms)
{
    uint64_t now_ns = tcp->net->turn->now_ns + TERN_MILLISECOND_NS - 1;
    return (uint32_t)(now_ns / TERN_MILLISECOND_NS) + delta_ms;
}

/* The same moment in the turn's nanoseconds: at most 2^31 ms away either way. */
static inline uint64_t tcp_ms_to_ns(const struct tern_tcp *tcp, uint32_t ms)
{
    uint64_t now_ms = tcp->net->turn->now_ns / TERN_MILLISECOND_NS;
    int64_t ahead = (int32_t)(ms - (uint32_t)now_ms);
    return ahead <= 0 ? tcp->net->turn->now_ns
                      : (now_ms + (uint64_t)ahead) * TERN_MILLISECOND_NS;
}

/* ---- tcp_lookup.c ---------------------------------------------------------------- */

/* What a bucket's list names: a kind and an index from one. */
#define TCP_REF_SHIFT 30
#define TCP_REF_CONN (UINT32_C(1) << TCP_REF_SHIFT)
#define TCP_REF_HALF (UINT32_C(2) << TCP_REF_SHIFT)
#define TCP_REF_TIME_WAIT (UINT32_C(3) << TCP_REF_SHIFT)
#define TCP_REF_KIND (UINT32_C(3) << TCP_REF_SHIFT)

/* The entry for these four, or 0. */
uint32_t tern_tcp_lookup(const struct tern_tcp *tcp, const struct tern_addr *local,
                         uint16_t local_port, const struct tern_addr *peer, uint16_t peer_port);
/* The same in two steps, between which there is time for an entry to come from memory. */
uint32_t tern_tcp_lookup_begin(const struct tern_tcp *tcp, const struct tern_addr *local,
                               uint16_t local_port, const struct tern_addr *peer,
                               uint16_t peer_port);
uint32_t tern_tcp_lookup_from(const struct tern_tcp *tcp, uint32_t first,
                              const struct tern_addr *local, uint16_t local_port,
                              const struct tern_addr *peer, uint16_t peer_port);
static inline void tcp_conn_prefetch(const struct tern_tcp_conn *conn)
{
    __builtin_prefetch(&conn->stream);
    __builtin_prefetch(&conn->snd_una);
    __builtin_prefetch(&conn->timer);
    __builtin_prefetch(&conn->srtt_us);
}
void tern_tcp_lookup_add(struct tern_tcp *tcp, uint32_t ref);
void tern_tcp_lookup_remove(struct tern_tcp *tcp, uint32_t ref);
bool tern_tcp_tuple_is(const struct tern_tcp_tuple *tuple, const struct tern_addr *local,
                       uint16_t local_port, const struct tern_addr *peer, uint16_t peer_port);

/* ---- tcp_isn.c --------------------------------------------------------------------- */

uint32_t tern_tcp_isn(const struct tern_tcp *tcp, const struct tern_tcp_tuple *tuple,
                      uint32_t at_ms);
uint32_t tern_tcp_isn_ts_offset(const struct tern_tcp *tcp, const struct tern_tcp_tuple *tuple);

/* An ephemeral port that makes a free tuple with the rest, or TERN_FULL. */
enum tern_err tern_tcp_isn_port(const struct tern_tcp *tcp, struct tern_tcp_tuple *tuple);

/* ---- tcp_conn.c ----------------------------------------------------------------------- */

static inline uint32_t tcp_conn_index(const struct tern_tcp_conn *conn)
{
    return (uint32_t)(conn - conn->tcp->config.conns);
}

static inline struct tern_tcp_conn *tcp_conn_of(struct tern_stream *s)
{
    return TERN_CONTAINER_OF(s, struct tern_tcp_conn, stream);
}

static inline uint32_t tcp_in_flight(const struct tern_tcp_conn *conn)
{
    return conn->snd_nxt - conn->snd_una;
}

/* Is the SYN of ours still unacknowledged? It stands before the queue's first octet. */
static inline bool tcp_syn_out(const struct tern_tcp_conn *conn)
{
    return conn->state == TERN_TCP_SYN_SENT || conn->state == TERN_TCP_SYN_RECEIVED;
}

/* The sequence number of the send queue's first octet. */
static inline uint32_t tcp_snd_first_seq(const struct tern_tcp_conn *conn)
{
    return conn->snd_una + (tcp_syn_out(conn) ? 1u : 0u);
}

/* Was our FIN sent? It follows the queue's last octet. */
static inline bool tcp_fin_sent(const struct tern_tcp_conn *conn)
{
    return conn->snd_nxt == conn->snd_end + 1;
}

/* Is anything of ours queued, sent or not, that is not acknowledged? */
static inline bool tcp_owes(const struct tern_tcp_conn *conn)
{
    return conn->snd_una != conn->snd_end + (conn->fin_queued ? 1u : 0u);
}

/* The path that it keeps, as the network layer knows it. */
static inline struct tern_net_path tcp_path(const struct tern_tcp_conn *conn)
{
    return (struct tern_net_path){ conn->path.generation, conn->path.neighbour,
                                   conn->path.link, conn->path.network };
}

static inline void tcp_path_keep(struct tern_tcp_conn *conn, const struct tern_net_path *path)
{
    conn->path = (struct tern_tcp_path){ path->generation, path->neighbour, path->link,
                                         path->network };
}

/* A zeroed connection with its tuple in the table, or NULL: none is free. */
struct tern_tcp_conn *tern_tcp_conn_take(struct tern_tcp *tcp, const struct tern_tcp_tuple *tuple);

/* Sets up what depends on the peer's SYN: MSS, scales, timestamps. */
void tern_tcp_conn_syn(struct tern_tcp_conn *conn, const struct tern_tcp_seg *syn);

/* Both SYNs are acknowledged: the connection is ESTABLISHED. */
void tern_tcp_conn_establish(struct tern_tcp_conn *conn);

void tern_tcp_conn_options(struct tern_tcp_conn *conn, const struct tern_tcp_options *options);

/* It has news for its user. */
void tern_tcp_conn_ready(struct tern_tcp_conn *conn);

/* It has something to put away, to send or to rearm at the turn's end. */
void tern_tcp_conn_join(struct tern_tcp_conn *conn);

/* It is over: leaves the table, drops its queues; closed(why) follows in a visit. */
void tern_tcp_conn_over(struct tern_tcp_conn *conn, enum tern_err why);

/* `closed` has run: back to the pool as soon as no list has it. */
void tern_tcp_conn_give(struct tern_tcp_conn *conn);

/* MSS from the peer's, the path's MTU and our options. */
void tern_tcp_conn_mss(struct tern_tcp_conn *conn);

/* The largest segment that we can receive from peer: for our SYN. */
uint16_t tern_tcp_conn_mss_offer(const struct tern_tcp *tcp, const struct tern_tcp_tuple *tuple);

/* ---- Arriving segments ------------------------------------------------------------------- */

/* tcp_input.c: from IP. */
void tern_tcp_input(struct tern_net *net, void *context, const struct tern_net_packet *pkt);
/* A segment for a connection in any state but SYN-SENT. */
void tern_tcp_input_conn(struct tern_tcp_conn *conn, struct tern_tcp_seg *seg,
                         const struct tern_net_packet *pkt);

/* tcp_input_synsent.c */
void tern_tcp_input_synsent(struct tern_tcp_conn *conn, struct tern_tcp_seg *seg,
                            const struct tern_net_packet *pkt);

/* tcp_listen.c */
struct tern_tcp_listener *tern_tcp_listen_find(const struct tern_tcp *tcp,
                                               const struct tern_addr *local, uint16_t port,
                                               uint8_t link);
void tern_tcp_listen_input(struct tern_tcp_listener *listener, struct tern_tcp_seg *seg,
                           const struct tern_net_packet *pkt);

/* tcp_half.c */
void tern_tcp_half_open(struct tern_tcp_listener *listener, const struct tern_tcp_seg *seg,
                        const struct tern_net_packet *pkt);
void tern_tcp_half_input(struct tern_tcp *tcp, struct tern_tcp_half *half,
                         struct tern_tcp_seg *seg, const struct tern_net_packet *pkt);
void tern_tcp_half_remove(struct tern_tcp *tcp, struct tern_tcp_half *half);
/*
 * Room for one more entry of this listener's; the oldest gives way where there
 * is none, unless it is so young that its peer may yet complete it: false.
 */
bool tern_tcp_half_room(struct tern_tcp *tcp, const struct tern_tcp_listener *listener);
void tern_tcp_half_fire(struct tern_timer *timer, uint64_t now_ns);
void tern_tcp_half_purge(struct tern_tcp *tcp, const struct tern_tcp_listener *listener,
                         const struct tern_addr *local);

/* tcp_timewait.c */
void tern_tcp_time_wait_enter(struct tern_tcp_conn *conn);
/* True: a new SYN that the entry made way for (RFC 6191); look it up again. */
bool tern_tcp_time_wait_input(struct tern_tcp *tcp, struct tern_tcp_time_wait *tw,
                              const struct tern_tcp_seg *seg, const struct tern_net_packet *pkt);
void tern_tcp_time_wait_remove(struct tern_tcp *tcp, struct tern_tcp_time_wait *tw);
void tern_tcp_time_wait_fire(struct tern_timer *timer, uint64_t now_ns);
void tern_tcp_time_wait_purge(struct tern_tcp *tcp, const struct tern_addr *local);

/* tcp_ack.c: section 3.10.7.4, fifth. False: the segment was dropped and counted. */
bool tern_tcp_ack_input(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg);

/* tcp_queue_recv.c: section 3.10.7.4, seventh. May trim the segment, its FIN too. */
void tern_tcp_recv_input(struct tern_tcp_conn *conn, struct tern_tcp_seg *seg,
                         const struct tern_net_packet *pkt);
/* Is there data that the user has not taken? */
bool tern_tcp_recv_waiting(const struct tern_tcp_conn *conn);
/* Offers it, run for run; true if all was taken. */
bool tern_tcp_recv_deliver(struct tern_tcp_conn *conn);
void tern_tcp_recv_put_away(struct tern_tcp_conn *conn);
void tern_tcp_recv_drop(struct tern_tcp_conn *conn);
/* Puts a chain of blocks at the end of what is kept. */
void tern_tcp_recv_append(struct tern_tcp_conn *conn, struct tern_block *first,
                          struct tern_block *last);

/* tcp_reass.c */
void tern_tcp_reass_add(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg,
                        const struct tern_net_packet *pkt);
/* Has rcv_nxt reached the first range? Once all before it is taken or kept: */
bool tern_tcp_reass_is_due(const struct tern_tcp_conn *conn);
void tern_tcp_reass_advance(struct tern_tcp_conn *conn);
/* Gives the last range's blocks back, for octets in order; false: there is none. */
bool tern_tcp_reass_yield(struct tern_tcp_conn *conn);
void tern_tcp_reass_drop(struct tern_tcp_conn *conn);

/* ---- Closing: tcp_close.c ----------------------------------------------- */

/* The peer's FIN is next in order (eighth). */
void tern_tcp_close_fin_in(struct tern_tcp_conn *conn);
/* Our FIN is acknowledged (fifth). */
void tern_tcp_close_fin_acked(struct tern_tcp_conn *conn);
/* A RST at RCV.NXT (second), or what counts as one. */
void tern_tcp_close_reset(struct tern_tcp_conn *conn, enum tern_err why);
void tern_tcp_close_finish(struct tern_tcp_conn *conn);
void tern_tcp_close_close(struct tern_tcp_conn *conn);
void tern_tcp_close_abort(struct tern_tcp_conn *conn, enum tern_err why);

/* ---- Sending ------------------------------------------------------------ */

/* tcp_output.c: sends all that is due and allowed; takes care of the timers. */
void tern_tcp_output(struct tern_tcp_conn *conn);

/* tcp_window.c: moves rcv_adv as far as it should go; returns the field to send. */
uint16_t tern_tcp_window_field(struct tern_tcp_conn *conn);
/* Has so much become free that the peer should be told (RFC 9293 section 3.8.6.2.2)? */
bool tern_tcp_window_update_due(const struct tern_tcp_conn *conn);
uint8_t tern_tcp_window_scale(const struct tern_tcp *tcp);

/* tcp_queue_send.c */
size_t tern_tcp_send_write(struct tern_tcp_conn *conn, const uint8_t *data, size_t len);
size_t tern_tcp_send_borrow(struct tern_tcp_conn *conn, const uint8_t *data, size_t len);
uint8_t *tern_tcp_send_reserve(struct tern_tcp_conn *conn, size_t least, size_t *room);
size_t tern_tcp_send_commit(struct tern_tcp_conn *conn, size_t len);
static inline void tern_tcp_send_prefetch(const struct tern_tcp_conn *conn)
{
    __builtin_prefetch(conn->snd_first, 1);
    __builtin_prefetch((const void *)((uintptr_t)conn->snd_first + 64), 1);
}
bool tern_tcp_send_has_room(const struct tern_tcp_conn *conn);
size_t tern_tcp_send_room(const struct tern_tcp_conn *conn);
void tern_tcp_send_acked(struct tern_tcp_conn *conn, uint32_t len);
/* Copies len queued octets from seq on; returns sum plus theirs, unless ops is NULL. */
uint32_t tern_tcp_send_copy(struct tern_tcp_conn *conn, uint32_t seq, uint8_t *to, size_t len,
                            const struct tern_checksum_ops *ops, uint32_t sum);
void tern_tcp_send_drop(struct tern_tcp_conn *conn);

/* tcp_reply.c: segments without a connection; lost and counted where no slot is. */
struct tern_tcp_reply {
    const struct tern_addr *local, *peer;
    struct tern_tcp_hdr hdr;
};
enum tern_err tern_tcp_reply(struct tern_tcp *tcp, const struct tern_tcp_reply *reply);
/* The RST of section 3.10.7.1 for a segment that nobody wants. */
void tern_tcp_reply_reset(struct tern_tcp *tcp, const struct tern_tcp_seg *seg,
                          const struct tern_net_packet *pkt);
/* The transport checksum of a header of hdr_len octets and a payload's sum. */
void tern_tcp_reply_finish(struct tern_tcp *tcp, struct tern_net_out *out, size_t hdr_len,
                           size_t l4_len, uint32_t payload_sum);

/* ---- Work, flights, congestion ------------------------------------------ */

/* tcp_work.c: its work block, or NULL. */
static inline struct tern_tcp_work *tcp_work(const struct tern_tcp_conn *conn)
{
    return conn->work != 0 && !conn->on_work_wait ? &conn->tcp->config.works[conn->work - 1]
                                                  : NULL;
}
/* Takes one if it has none; NULL: none is free, and it waits if it may. */
struct tern_tcp_work *tern_tcp_work_take(struct tern_tcp_conn *conn, bool wait);
/* Gives it back if nothing needs it any more. */
void tern_tcp_work_settle(struct tern_tcp_conn *conn);
void tern_tcp_work_drop(struct tern_tcp_conn *conn);
/* Something is sent without one: if it ends an idle time, that counts (RFC 5681 section 4.1). */
void tern_tcp_work_restart(struct tern_tcp_conn *conn);
uint32_t tern_tcp_work_initial_window(const struct tern_tcp_conn *conn);

/* tcp_flight.c */
void tern_tcp_flight_sent(struct tern_tcp_conn *conn, uint32_t seq, uint32_t len);
void tern_tcp_flight_again(struct tern_tcp_conn *conn, uint32_t seq);
/* How much of what starts at snd_una one retransmission covers. */
uint32_t tern_tcp_flight_head_len(const struct tern_tcp_conn *conn, uint32_t seq);
/*
 * Everything up to ack has arrived: true with *rtt_us for a sample. False, and
 * some of it was sent again: *again_ns is raised to when it last was.
 */
bool tern_tcp_flight_acked(struct tern_tcp_conn *conn, uint32_t ack, uint32_t *rtt_us,
                           uint64_t *again_ns);
/* A timeout: all that is out becomes one record. */
void tern_tcp_flight_merge(struct tern_tcp_conn *conn);
void tern_tcp_flight_drop(struct tern_tcp_conn *conn);

/* ---- Timers ------------------------------------------------------------- */

/* tcp_timer.c */
void tern_tcp_timer_fire(struct tern_timer *timer, uint64_t now_ns);
/* Makes the timer fire no later than the earliest deadline. */
void tern_tcp_timer_arm(struct tern_tcp_conn *conn);
void tern_tcp_timer_set(struct tern_tcp_conn *conn, uint8_t kind, uint32_t delta_ms);
void tern_tcp_timer_give_up_set(struct tern_tcp_conn *conn, uint32_t delta_ms);

/* tcp_rto.c (RFC 6298) */
void tern_tcp_rto_sample(struct tern_tcp_conn *conn, uint32_t rtt_us);
bool tern_tcp_rto_echo(struct tern_tcp_conn *conn, uint32_t ts_ecr);
uint32_t tern_tcp_rto_ms(const struct tern_tcp_conn *conn);
void tern_tcp_rto_fire(struct tern_tcp_conn *conn);
/* What timed out is acknowledged, without a sample: the timeout stays as long as it is. */
void tern_tcp_rto_keep(struct tern_tcp_conn *conn);

/* tcp_persist.c, tcp_keepalive.c */
void tern_tcp_persist_fire(struct tern_tcp_conn *conn);
uint32_t tern_tcp_persist_ms(const struct tern_tcp_conn *conn);
void tern_tcp_keepalive_fire(struct tern_tcp_conn *conn);
uint32_t tern_tcp_keepalive_idle_ms(const struct tern_tcp_conn *conn);
/* An acceptable segment came while nothing was out. */
void tern_tcp_keepalive_heard(struct tern_tcp_conn *conn);
uint32_t tern_tcp_user_timeout_ms(const struct tern_tcp_conn *conn);

/* tcp_challenge.c (RFC 5961 sections 5 and 7): asks for one ACK if the budget allows. */
void tern_tcp_challenge(struct tern_tcp_conn *conn);

/* tcp_pmtu.c: ICMP errors (RFC 1191, 5927). */
void tern_tcp_pmtu_error(struct tern_net *net, void *context, const struct tern_net_error *error);

/* tcp_stream.c */
extern const struct tern_stream_ops tern_tcp_stream_ops;
void tern_tcp_stream_visit(struct tern_net *net, void *context, uint32_t index);

#pragma GCC visibility pop

#endif
