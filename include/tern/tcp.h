/* SPDX-License-Identifier: ISC */
/*
 * TCP (RFC 9293) as a part of libnet: streams over IP.
 *
 * Standards: RFC 9293; RFC 7323 (window scaling, timestamps, PAWS), RFC 6298
 * (retransmission timer), RFC 5681 and 6582 (congestion control, NewReno), RFC
 * 5961 and 6528 (blind attacks, initial sequence numbers), RFC 6191 and 1337
 * (TIME-WAIT), RFC 5482 in part (user timeout), RFC 1191 and 5927 (path MTU).
 *
 * A connection is 256 octets. Only while it has data in flight or out of order
 * does it hold a work block and flight records; payload waits in the blocks of
 * the stack's pool. Half-open and TIME-WAIT entries are 64 octets in tables of
 * their own. Every pool has a stated behaviour when it is empty:
 *
 *   connections    connect: TERN_FULL. An arriving handshake is not completed
 *                  (its entry stays half-open and the peer tries again).
 *   half-open      the oldest entry of the table gives way.
 *   TIME-WAIT      the oldest entry gives way.
 *   work blocks    one segment at a time, by the retransmission timer, until
 *                  one is free (first come, first served).
 *   flights        neighbouring records merge.
 *   blocks         write takes 0 and `room` follows; an arrival that would have
 *                  to be kept is dropped without an ACK.
 */
#ifndef TERN_TCP_H
#define TERN_TCP_H

#include <tern/net.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The sizes of what TCP is given: tern_net_init compares them (net.h). */
#undef TERN_NET_TCP_MARK
#define TERN_NET_TCP_MARK                                                  \
    (sizeof(struct tern_tcp) + 3 * sizeof(struct tern_tcp_conn) +          \
     5 * sizeof(struct tern_tcp_half) + 7 * sizeof(struct tern_tcp_time_wait) + \
     11 * sizeof(struct tern_tcp_work) + 13 * sizeof(struct tern_tcp_flight) +  \
     17 * sizeof(struct tern_tcp_listener))

extern const struct tern_net_part tern_tcp;        /* struct tern_tcp */
extern const struct tern_net_part tern_newreno;    /* no context */

/* RFC 9293 section 3.3.2, in the order of MIB RFC 4022. */
enum tern_tcp_state {
    TERN_TCP_CLOSED = 1,
    TERN_TCP_LISTEN,
    TERN_TCP_SYN_SENT,
    TERN_TCP_SYN_RECEIVED,
    TERN_TCP_ESTABLISHED,
    TERN_TCP_FIN_WAIT_1,
    TERN_TCP_FIN_WAIT_2,
    TERN_TCP_CLOSE_WAIT,
    TERN_TCP_LAST_ACK,
    TERN_TCP_CLOSING,
    TERN_TCP_TIME_WAIT,
};

/*
 * Per-connection choices. Zero everywhere is the default. Times are kept in
 * tenths of a second, rounded up, at most 6,553 s; keepalive_s is at most
 * 65,535, keepalive_every_s at most 255 and keepalive_probes at most 15: what
 * is larger counts as that.
 */
struct tern_tcp_options {
    bool no_delay;                /* Nagle's algorithm off (RFC 9293 section 3.7.4) */
    bool no_delayed_ack;
    uint32_t keepalive_s;         /* idle seconds before the first probe; 0: none */
    uint32_t keepalive_every_s;   /* 0: 75 */
    uint8_t keepalive_probes;     /* 0: 9 */
    /*
     * Without progress for so long: TIMED_OUT. 0: 100 s (R2), 180 s for a SYN,
     * and a peer whose window is zero but who answers probes is waited for
     * (RFC 9293 section 3.8.6.1) until close() was called.
     */
    uint32_t user_timeout_ms;
    uint32_t linger_ms;           /* close: waiting for the peer's end; 0: 60 s */
};

struct tern_tcp_listen {
    struct tern_endpoint_addr local;    /* addr any: every address of ours */
    uint32_t backlog;                   /* half-open entries at once; 0: all there are */
    struct tern_tcp_options options;    /* what accepted connections start with */
};

struct tern_tcp_listener;

/* ---- What the caller places -------------------------------------------------- */

/* Who talks with whom; the first thing that lookups compare. */
struct tern_tcp_tuple {
    struct tern_addr local, peer;
    uint16_t local_port, peer_port;
    uint32_t next;                /* in its hash bucket, or in a list of free entries */
};

/*
 * A connection: 256 octets on 64-bit machines, of which the first 128 are what
 * an arriving segment needs. Members are the library's.
 *
 * Times are milliseconds of the turn's clock modulo 2^32, indices count from
 * one, 0 is none.
 */
struct tern_tcp_conn {
    struct tern_stream stream;
    struct tern_tcp *tcp;
    struct tern_tcp_tuple tuple;

    uint32_t snd_una, snd_nxt;    /* RFC 9293 section 3.3.1; snd_nxt never goes back */
    uint32_t snd_wnd, snd_wl1;    /* octets; SND.WL2 is never above SND.UNA, so not kept */
    uint32_t snd_end;             /* past the last octet of the send queue */
    uint32_t rcv_nxt;             /* tentative until the turn's end: see tcp_queue_recv.c */
    uint32_t rcv_adv;             /* right edge of the window that was offered */
    uint32_t last_ack_sent;       /* RFC 7323 section 4.3 */
    uint32_t ts_recent;

    uint8_t state;                /* enum tern_tcp_state */
    uint8_t snd_scale : 4, rcv_scale : 4;
    uint8_t backoff : 4;          /* timeouts in a row: of RTO, probe or keepalive */
    uint8_t keepalive_probes : 4;
    uint8_t challenges : 4;       /* spent of this period's budget */
    uint8_t why : 4;              /* enum tern_err: what `closed` will say */
    uint8_t timer_kind : 2;       /* what due_ms is the deadline of */
    uint8_t n_unacked : 2;        /* data segments since our last ACK, 2: two or more */
    bool no_delay : 1, no_delayed_ack : 1, timestamps : 1, ts_stale : 1;
    bool on_ready : 1, on_turn : 1, on_wait : 1, on_work_wait : 1;
    bool hashed : 1, accept_pending : 1, opened : 1, offer : 1;
    bool room_wanted : 1, fin_queued : 1, fin_seen : 1, ended : 1;
    bool discard : 1, over : 1, freed : 1, rst_due : 1;
    bool ack_now : 1, rtx_due : 1, probe_due : 1, delack_set : 1;
    bool give_up_set : 1, soft_error : 1, syn_lost : 1, visiting : 1;
    uint32_t work;                /* the work block; while waiting for one: see tcp_work.c */
    struct tern_rx *rx_first;     /* lent frames, in sequence, until the turn's end */

    struct tern_timer timer;      /* one for all deadlines */
    struct tern_block *snd_first, *snd_last;    /* see tcp_queue_send.c */
    struct tern_block *rcv_last;  /* a ring: kept data that the user has not taken */
    uint32_t due_ms;              /* of timer_kind */
    uint32_t give_up_ms;          /* user timeout or linger */
    uint16_t delack_ms;           /* modulo 2^16 */
    uint16_t mss;                 /* payload octets of a full segment we send */
    union {
        struct { uint32_t cwnd, ssthresh; } saved;     /* while it holds no work block */
        struct { uint32_t next, unused; } work_wait;
    } cc;
    uint32_t srtt_us, rttvar_us;
    uint32_t max_snd_wnd;
    uint32_t ts_offset;
    struct tern_tcp_path { uint32_t generation; uint16_t neighbour; uint8_t link, network; } path;
    uint32_t ready_next, turn_next, wait_next;
    uint16_t n_snd_blocks, n_rcv_blocks;
    uint16_t peer_mss;
    uint16_t keepalive_s, user_timeout_ds, linger_ds;
    uint8_t keepalive_every_s;
    uint8_t n_acks;               /* duplicate ACKs that this turn owes */
    uint8_t challenge_s;          /* when the period began, modulo 2^8 seconds */
    uint8_t n_reserved : 5;       /* spans lent to the user: see tcp_queue_send.c */
    bool lively : 1;              /* an ACK was delayed since the timer last fired */
    bool may_fragment : 1;        /* no DF: the path says it is tiny (tcp_pmtu.c) */
};

/* A connection in SYN-RECEIVED that a listener will own: 64 octets. */
struct tern_tcp_half {
    struct tern_tcp_tuple tuple;
    uint32_t prev, next;          /* of those that wait equally long */
    uint32_t created_ms;          /* gives our initial sequence number, too */
    uint32_t irs, ts_recent;
    uint16_t mss : 14;            /* what the peer offered, as far as we could use it */
    uint16_t challenges : 2;      /* spent of its budget */
    uint16_t listener : 7, n_sent : 3, snd_scale : 4, scaled : 1, timestamps : 1;
};

/* A connection in TIME-WAIT: 64 octets. */
struct tern_tcp_time_wait {
    struct tern_tcp_tuple tuple;
    uint32_t prev, next;          /* oldest first */
    uint32_t snd_nxt, rcv_nxt, ts_recent;
    uint32_t due_ms : 31, timestamps : 1;
};

#define TERN_TCP_CC_OWN 8u

/* What a congestion control works on. */
struct tern_tcp_cc {
    uint32_t cwnd, ssthresh;      /* octets */
    uint32_t mss;
    uint32_t n_acked;             /* octets counted towards the next step (RFC 3465) */
    uint64_t own[TERN_TCP_CC_OWN];
};

/*
 * A congestion control: `ops` of a part with role CONGESTION. It decides cwnd
 * and ssthresh; which octets are sent is not its matter. Numbers are octets.
 */
struct tern_tcp_cc_ops {
    void (*start)(struct tern_tcp_cc *cc);    /* cwnd, ssthresh, mss are set, the rest is 0 */
    void (*acked)(struct tern_tcp_cc *cc, uint32_t acked, uint64_t now_ns);
    void (*lost)(struct tern_tcp_cc *cc, uint32_t flight, uint64_t now_ns);    /* third duplicate */
    void (*duplicate)(struct tern_tcp_cc *cc);                   /* one more, while recovering */
    void (*partial)(struct tern_tcp_cc *cc, uint32_t acked);     /* part of what was out is acked */
    void (*recovered)(struct tern_tcp_cc *cc, uint32_t flight);  /* all of it */
    void (*timed_out)(struct tern_tcp_cc *cc, uint32_t flight, bool again, uint64_t now_ns);
};

/* A run of out-of-order octets, in blocks, first to last. */
struct tern_tcp_range {
    uint32_t start, end;
    struct tern_block *first, *last;
};
#define TERN_TCP_RANGES 16u

/* What a connection needs only while data is in flight or out of order. */
struct tern_tcp_work {
    struct tern_tcp_cc cc;
    struct tern_block *cursor;    /* a block of the send queue, NULL: the first */
    uint32_t cursor_seq;          /* of its first octet */
    uint32_t next;                /* free list */
    uint32_t conn;                /* whose it is */
    uint32_t flight_first, flight_last;
    uint32_t recover;             /* RFC 6582 */
    uint32_t rtx_nxt, rtx_end;    /* after a timeout: what is sent again */
    uint32_t small_end;           /* past the last segment smaller than mss */
    uint8_t dup_acks;
    bool recovering, timed_out;
    bool fin;                     /* a FIN came out of order, at fin_seq */
    uint32_t fin_seq;
    uint32_t n_ranges;
    struct tern_tcp_range ranges[TERN_TCP_RANGES];    /* by sequence; never touching */
};

/* One transmitted burst. */
struct tern_tcp_flight {
    uint64_t sent_ns;
    uint32_t next;
    uint32_t seq, len;
    bool again;                   /* part of it was sent more than once: no RTT (Karn) */
};

struct tern_tcp_listener {
    struct tern_endpoint_addr local;
    struct tern_tcp *tcp;
    tern_accept_fn *accept;
    void *app;
    struct tern_tcp_options options;
    uint32_t backlog, n_halves, n_pending;    /* n_pending: established, not yet accepted */
    bool open, paused;
};

/*
 * Where a tern_tcp's memory is (placed, typed) and its times. Each count at
 * least 1; n_listeners at most 127; n_buckets a power of two, best the sum of
 * conns, halves and time_waits rounded up. Times of 0 have the default named.
 */
struct tern_tcp_config {
    struct tern_tcp_conn *conns;
    size_t n_conns;
    struct tern_tcp_half *halves;
    size_t n_halves;
    struct tern_tcp_time_wait *time_waits;
    size_t n_time_waits;
    struct tern_tcp_work *works;
    size_t n_works;
    struct tern_tcp_flight *flights;
    size_t n_flights;
    struct tern_tcp_listener *listeners;
    size_t n_listeners;
    uint32_t *buckets;
    size_t n_buckets;
    uint32_t window_max;          /* octets offered to a peer at most; 0: 4 MiB */
    uint32_t msl_ms;              /* 30,000: TIME-WAIT is twice that */
    uint32_t rto_initial_ms;      /* 1,000 (RFC 6298) */
    uint32_t rto_min_ms;          /* 200: kernels agree that RFC 6298's second is too long */
    uint32_t rto_max_ms;          /* 60,000 */
    uint32_t delayed_ack_ms;      /* 40; at most 500 (RFC 9293 section 3.8.6.3) */
    uint32_t user_timeout_ms;     /* 100,000: R2 */
    uint32_t syn_timeout_ms;      /* 180,000: R2 for a SYN */
    uint32_t linger_ms;           /* 60,000 */
    bool no_timestamps, no_window_scaling;    /* neither offered nor agreed to */
};

/*
 * Free-running. The first ten are those of RFC 4022. Every segment that is not
 * processed is in exactly one of drop_*; the rest says what was done.
 */
struct tern_tcp_stats {
    uint64_t active_opens, passive_opens, attempt_fails, estab_resets, curr_estab;
    uint64_t in_segs, out_segs, retrans_segs, in_errs, out_rsts;

    /* drop: the segment is broken (in_errs is their sum) */
    uint64_t drop_short, drop_bad_offset, drop_bad_checksum, drop_bad_options, drop_port_zero;
    uint64_t drop_bad_flags;      /* in LISTEN: SYN with FIN, or none of ACK, RST and SYN */
    uint64_t drop_bad_source;     /* to or from a group, "any", or ourselves (LAND) */

    /* drop: nobody is there, or the state does not want it */
    uint64_t drop_no_conn;             /* answered by RST, or a RST itself */
    uint64_t drop_listen_ack;          /* section 3.10.7.2: an ACK no half-open entry knows; RST */
    uint64_t drop_listen_rst;
    uint64_t drop_backlog;             /* a SYN for which no half-open entry may give way */
    uint64_t drop_paused;              /* a handshake's last ACK while the listener is paused */
    uint64_t drop_no_conn_free;        /* ... or while no connection is free */
    uint64_t drop_half_seq;            /* a half-open entry's: outside the window, or a bad ACK */
    uint64_t drop_half_rst, drop_half_paws;
    uint64_t drop_syn_sent_ack;        /* an ACK of what was not sent */
    uint64_t drop_syn_sent_rst, drop_syn_sent_no_syn;
    uint64_t drop_out_of_window;       /* section 3.10.7.4, first */
    uint64_t drop_paws;
    uint64_t drop_rst_challenged;      /* RFC 5961 section 3 */
    uint64_t drop_syn_challenged;      /* RFC 5961 section 4 */
    uint64_t drop_no_ack;              /* ACK bit off */
    uint64_t drop_ack_old;             /* RFC 5961 section 5 */
    uint64_t drop_ack_unsent;
    uint64_t drop_after_fin;           /* data beyond the peer's FIN */
    uint64_t drop_time_wait;           /* a TIME-WAIT entry's: answered by an ACK, or not */
    uint64_t drop_time_wait_rst;       /* RFC 1337 */

    /* drop: no memory; nothing of it is acknowledged */
    uint64_t drop_no_block, drop_no_work, drop_no_range;

    /* taken in part or whole, and worth knowing */
    uint64_t in_data_octets, in_out_of_order, in_duplicate, in_urgent, in_rst, in_syn_data;
    uint64_t in_ack_only, in_dup_acks, in_window_probes;
    uint64_t out_data_octets, out_acks, out_dup_acks, out_challenge_acks, out_window_updates;
    uint64_t challenge_limited;        /* ACKs not sent: the connection's budget is spent */
    uint64_t reply_lost;               /* sent nowhere: no route, or for a reply no slot */
    uint64_t timeouts_rto, timeouts_delayed_ack, timeouts_persist, timeouts_keepalive;
    uint64_t timeouts_user, timeouts_linger;
    uint64_t fast_retransmits, recoveries, partial_acks, limited_transmits;
    uint64_t half_open, half_completed, half_evicted, half_timed_out, half_retransmits;
    uint64_t time_wait, time_wait_evicted, time_wait_expired, time_wait_reused;
    uint64_t work_waits, flight_merges, accept_aborts;
    uint64_t tx_waits;                 /* a segment that found no slot or neighbour and waits */
    uint64_t icmp_unmatched, icmp_out_of_window, icmp_soft, icmp_hard, icmp_pmtu, icmp_pmtu_bad;
};

struct tern_tcp_seg;
struct tern_net_packet;

#define TERN_TCP_HALF_LISTS 8u

/* The context of part tern_tcp: set config, the rest is the library's. */
struct tern_tcp {
    struct tern_net *net;
    const struct tern_tcp_cc_ops *cc;
    uint8_t slot;                 /* among the stack's transports */
    uint32_t bucket_mask;
    uint32_t recent;              /* the connection of the last segment: a batch is mostly one's */
    uint32_t conn_free, half_free, time_wait_free, work_free, flight_free;
    uint32_t n_conns_free, n_halves_free, n_time_waits_free, n_works_free, n_flights_free;
    uint32_t turn_first, turn_last;              /* with something to do at the turn's end */
    uint32_t work_wait_first, work_wait_last;
    uint32_t time_wait_first, time_wait_last;
    struct tern_tcp_config config;
    uint8_t hash_key[16], isn_key[16];
    struct { uint32_t first, last; } half_lists[TERN_TCP_HALF_LISTS];
    struct tern_timer half_timer, time_wait_timer;
    /* set by the first tern_tcp_connect: what serves SYN-SENT is linked with that */
    void (*synsent)(struct tern_tcp_conn *conn, struct tern_tcp_seg *seg,
                    const struct tern_net_packet *pkt);
    struct tern_tcp_stats stats;
    uint64_t reserved[15];
};

/* The counters, or NULL: this stack has no TCP. */
const struct tern_tcp_stats *tern_tcp_stats(const struct tern_net *net);

/*
 * True while all that must hold of a connection, and of the tables it is in,
 * holds: what tests ask after each event. Work is bounded by what it queues.
 */
bool tern_tcp_conn_sane(const struct tern_tcp_conn *conn);

/* ---- Listening and connecting ------------------------------------------------ */

/*
 * TERN_FULL: no listener left; TERN_REFUSED: the port is taken; TERN_INVALID:
 * not an address of ours; TERN_UNSUPPORTED: the family. accept runs as
 * stream.h says. Port 0 takes a free one.
 */
enum tern_err tern_tcp_listen(struct tern_net *net, const struct tern_tcp_listen *listen,
                              tern_accept_fn *accept, void *app,
                              struct tern_tcp_listener **listener);

/* Paused: no new handshake is completed; SYNs beyond the backlog are dropped. */
void tern_tcp_listener_pause(struct tern_tcp_listener *listener, bool pause);
void tern_tcp_listener_close(struct tern_tcp_listener *listener);
void tern_tcp_listener_local(const struct tern_tcp_listener *listener,
                             struct tern_endpoint_addr *addr);

/*
 * Connects. local may be NULL: source address by route, port by RFC 6056
 * (unpredictable). *s is valid at once. TERN_FULL, TERN_UNREACHABLE (no
 * route), TERN_REFUSED (the four-tuple is in use), TERN_UNSUPPORTED,
 * TERN_INVALID.
 */
enum tern_err tern_tcp_connect(struct tern_net *net, const struct tern_endpoint_addr *peer,
                               const struct tern_endpoint_addr *local,
                               const struct tern_tcp_options *options,
                               const struct tern_stream_events *events, void *user,
                               struct tern_stream **s);

/* Changes a connection's options. s is a stream of this stack's TCP. */
void tern_tcp_set(struct tern_stream *s, const struct tern_tcp_options *options);

/* A look inside, for tools and tests. */
struct tern_tcp_info {
    enum tern_tcp_state state;
    uint32_t snd_una, snd_nxt, snd_wnd, rcv_nxt, rcv_wnd, cwnd, ssthresh;
    uint16_t mss, path_mtu;
    uint64_t srtt_ns, rttvar_ns, rto_ns;
    uint32_t n_retransmits;
    uint8_t snd_scale, rcv_scale;
    bool timestamps, in_recovery;
};
void tern_tcp_info(const struct tern_stream *s, struct tern_tcp_info *info);

/* For other languages: the octets of what a caller places. */
size_t tern_tcp_size(void);
size_t tern_tcp_conn_size(void);
size_t tern_tcp_half_size(void);
size_t tern_tcp_time_wait_size(void);
size_t tern_tcp_work_size(void);
size_t tern_tcp_flight_size(void);
size_t tern_tcp_listener_size(void);

#ifdef __cplusplus
}
#endif

#endif
