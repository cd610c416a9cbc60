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

/* Per-connection choices. Zero everywhere is the default. */
struct tern_tcp_options {
    bool no_delay;                /* Nagle's algorithm off (RFC 9293 section 3.7.4) */
    bool no_delayed_ack;
    uint32_t keepalive_s;         /* idle seconds before the first probe; 0: none */
    uint32_t keepalive_every_s;   /* 0: 75 */
    uint8_t keepalive_probes;     /* 0: 9 */
    uint32_t user_timeout_ms;     /* unacknowledged for so long: TIMED_OUT; 0: 100 s (R2) */
    uint32_t linger_ms;           /* close: waiting for the peer's end; 0: 60 s */
};

struct tern_tcp_listen {
    struct tern_endpoint_addr local;    /* addr any: every address of ours */
    uint32_t backlog;                   /* half-open entries at once; 0: 128 */
    struct tern_tcp_options options;    /* what accepted connections start with */
};

struct tern_tcp_listener;

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

#ifdef __cplusplus
}
#endif

#endif
