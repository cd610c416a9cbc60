/* SPDX-License-Identifier: ISC */
/*
 * A scripted peer for tests of TCP: segments go in and are expected by their
 * fields, in virtual time. Sequence numbers are relative: the peer's to its
 * SYN, ours to ours, so that in every script both SYNs have number 0.
 *
 *     struct tcp_script *t = script(&(struct script_config){ 0 });
 *     script_listen(t);
 *     IN(.flags = S, .mss = 1460);
 *     OUT(.flags = SA, .ack = 1);
 *     IN(.flags = A, .seq = 1, .ack = 1);
 *     LOG("accept opened");
 *
 * We are 10.0.0.1 port 80 (or, connecting, 5000), the peer is 10.0.0.2 port
 * 4000. After each step every connection must be sane.
 */
#ifndef TERN_TESTS_TCP_SCRIPT_H
#define TERN_TESTS_TCP_SCRIPT_H

#include "fake_link.h"
#include "packet.h"

#include <check.h>
#include <string.h>
#include <tern/tcp.h>

enum { F = 0x01, S = 0x02, R = 0x04, P = 0x08, A = 0x10, U = 0x20 };
enum { SA = S | A, PA = P | A, FA = F | A, RA = R | A, FPA = F | P | A };

#define SCRIPT_US 0x0a000001u
#define SCRIPT_PEER 0x0a000002u
#define SCRIPT_PEER_ISS 0xfffff000u    /* so that every script wraps */
#define ANY (-1)

/* Zero is the usual: 8 connections, 4 halves, 2 TIME-WAITs, 4 works, 16 flights, 64 blocks. */
struct script_config {
    size_t n_conns, n_halves, n_time_waits, n_works, n_flights, n_blocks;
    uint16_t mtu, offloads;
    bool timestamps, scaling;    /* off unless asked for */
    bool no_peer;                /* the peer's MAC is not known yet */
    uint32_t window_max;
    struct tern_tcp_options options;
    uint32_t backlog;
};

/* A segment from the peer, or what one of ours must say. */
struct script_seg {
    int flags;
    uint32_t seq, ack;
    int wnd;                 /* in: 0 is 0xffff, ZERO is 0; out: 0 is any, ZERO is 0 */
    uint32_t len;            /* octets of data: script_octet(seq + i) */
    int mss;                 /* in: 0 none; out: 0 is not looked at */
    int scale;               /* in and out: value + 1; 0: none in, any out */
    bool ts;                 /* in: with; out: must have */
    uint32_t ts_val, ts_ecr;
    uint16_t urgent;
    const uint8_t *options;  /* in: raw options instead */
    size_t options_len;
    uint16_t port;           /* in: the peer's, 0: 4000 */
    const uint8_t *data;     /* in: instead of script_octet */
};
#define ZERO (-2)

struct tcp_script {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_tcp tcp;
    struct fake_link *wire;
    struct tern_tcp_listener *listener;
    struct script_config config;
    uint64_t now_ns;
    uint64_t start_ns;
    uint32_t iss;               /* ours, of the connection under test */
    uint16_t port;              /* ours */
    uint32_t last_ts_val;       /* of the last segment taken by OUT */
    uint32_t last_wnd;
    struct fake_frame last;
    bool holding;               /* segments are gathered for one batch */
    size_t n_held, held_len[64];
    uint8_t *held[64];
    struct tern_stream *s;      /* the connection under test */
    /* the user: */
    size_t take;                /* octets that one data event takes at most */
    size_t n_taken;             /* octets taken, each checked against script_octet */
    uint32_t data_from;         /* relative sequence number of the first; 1 */
    bool echo;                  /* write what comes */
    bool keep_open;             /* ended does nothing; otherwise it closes */
    bool attach_none;           /* accept leaves without attaching */
    void (*on_event)(struct tcp_script *t, const char *event);
    char log[4096];             /* "accept opened data(5) ended room closed(0)" */
    size_t log_len;
};

uint8_t script_octet(uint32_t seq);
struct tcp_script *script(const struct script_config *config);
void script_listen(struct tcp_script *t);
void script_connect(struct tcp_script *t);
/* Both ways to ESTABLISHED; nothing is left to take, the log is empty. Peer: mss 1460. */
void script_accepted(struct tcp_script *t);
void script_connected(struct tcp_script *t);
void script_in(struct tcp_script *t, const struct script_seg *seg);
void script_in_raw(struct tcp_script *t, const uint8_t *l4, size_t len);
size_t script_emit(struct tcp_script *t, const struct script_seg *seg, uint8_t *l4);
void script_hold(struct tcp_script *t);
void script_release(struct tcp_script *t);
/* Like script_release, each frame in spans of at most step octets behind the first 256. */
void script_out(struct tcp_script *t, const struct script_seg *seg, const char *file, int line);
/* Takes the next frame; NULL: none. */
const struct fake_frame *script_take(struct tcp_script *t);
void script_quiet(struct tcp_script *t, const char *file, int line);
/* Lets time pass, deadline by deadline, up to ms from the start. */
void script_at(struct tcp_script *t, uint32_t ms);
void script_pass(struct tcp_script *t, uint32_t ms);
void script_poll(struct tcp_script *t);
void script_log(struct tcp_script *t, const char *expected, const char *file, int line);
void script_write(struct tcp_script *t, size_t len);    /* script_octet from 1 on, all or fail */
size_t script_try_write(struct tcp_script *t, size_t len);
void script_icmp(struct tcp_script *t, uint8_t type, uint8_t code, uint16_t mtu, uint32_t seq);
struct tern_tcp_conn *script_conn(struct tcp_script *t);
enum tern_tcp_state script_state(struct tcp_script *t);
/* Every pool is full again and no list has anything. */
void script_drained(struct tcp_script *t, const char *file, int line);
void script_sane(struct tcp_script *t);

#define IN(...) script_in(t, &(struct script_seg){ __VA_ARGS__ })
#define OUT(...) script_out(t, &(struct script_seg){ __VA_ARGS__ }, __FILE__, __LINE__)
#define QUIET() script_quiet(t, __FILE__, __LINE__)
#define LOG(text) script_log(t, text, __FILE__, __LINE__)
#define DRAINED() script_drained(t, __FILE__, __LINE__)
#define STAT(name) (t->tcp.stats.name)
#define SCRIPT(...) struct tcp_script *t = script(&(struct script_config){ __VA_ARGS__ })

#endif
