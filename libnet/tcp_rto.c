/* SPDX-License-Identifier: ISC */
/*
 * The retransmission timer: RFC 6298. Estimates are in microseconds.
 *
 * Departures: the least RTO is 200 ms, not 1 s (section 2.4): what Linux and
 * the BSDs have used for twenty years. A half-open handshake's loss is the
 * 3 s of section 5.7: tern_tcp_conn_establish puts them in rttvar_us, since
 * srtt_us is 0 until the first sample.
 */
#include "tcp_internal.h"

#define RTT_MOST_US UINT32_C(100000000)    /* so that no sum below wraps */
#define BACKOFF_MOST 12u

/* Section 2.2 for the first sample, 2.3 for the others: alpha 1/8, beta 1/4. */
void tern_tcp_rto_sample(struct tern_tcp_conn *conn, uint32_t rtt_us)
{
    uint32_t r = rtt_us < RTT_MOST_US ? rtt_us : RTT_MOST_US;
    if (r == 0)
        r = 1;
    if (conn->srtt_us == 0) {
        conn->srtt_us = r;
        conn->rttvar_us = r / 2;
        return;
    }
    uint32_t apart = r > conn->srtt_us ? r - conn->srtt_us : conn->srtt_us - r;
    conn->rttvar_us = conn->rttvar_us - conn->rttvar_us / 4 + apart / 4;
    conn->srtt_us = conn->srtt_us - conn->srtt_us / 8 + r / 8;
    if (conn->srtt_us == 0)
        conn->srtt_us = 1;
}

/*
 * The sample of RFC 7323 section 4.1: now, less what we said and the peer
 * echoes. What we cannot have said is none: a peer that echoes nonsense, or
 * nothing, would have us wait a minute.
 */
bool tern_tcp_rto_echo(struct tern_tcp_conn *conn, uint32_t ts_ecr)
{
    uint32_t rtt_ms = tcp_now_ms(conn->tcp) + conn->ts_offset - ts_ecr;
    if (rtt_ms > conn->tcp->config.rto_max_ms)
        return false;
    tern_tcp_rto_sample(conn, 1000 * rtt_ms);
    return true;
}

/* (2.1) to (2.5), doubled for each timeout in a row (5.5). */
uint32_t tern_tcp_rto_ms(const struct tern_tcp_conn *conn)
{
    const struct tern_tcp_config *config = &conn->tcp->config;
    uint32_t rto_ms = config->rto_initial_ms;
    if (conn->srtt_us != 0 || conn->rttvar_us != 0)
        rto_ms = (conn->srtt_us + 4 * conn->rttvar_us + 999) / 1000;
    if (rto_ms < config->rto_min_ms)
        rto_ms = config->rto_min_ms;
    uint64_t backed_off = (uint64_t)rto_ms << conn->backoff;
    return backed_off < config->rto_max_ms ? (uint32_t)backed_off : config->rto_max_ms;
}

/*
 * Karn's algorithm, its other half: only a sample makes a timeout short again
 * that had to be doubled. Else a path slower than the estimate would see every
 * segment twice, never give a sample, and never be known. What the estimate
 * was is bogus then: section 5 lets it go, and the next sample be the first.
 */
void tern_tcp_rto_keep(struct tern_tcp_conn *conn)
{
    uint32_t rto_ms = tern_tcp_rto_ms(conn);
    conn->srtt_us = 0;
    conn->rttvar_us = rto_ms < RTT_MOST_US / 1000 ? rto_ms * 250 : RTT_MOST_US / 4;
}

/* (5.4) to (5.6): the earliest segment again, twice the time. */
void tern_tcp_rto_fire(struct tern_tcp_conn *conn)
{
    struct tern_tcp *tcp = conn->tcp;
    tcp->stats.timeouts_rto++;
    bool again = conn->backoff > 0;
    if (conn->backoff < BACKOFF_MOST)
        conn->backoff = (conn->backoff + 1u) & 0xf;
    struct tern_tcp_work *work = tcp_work(conn);
    if (tcp_syn_out(conn)) {
        conn->syn_lost = true;
        conn->rtx_due = true;
    } else if (work == NULL) {
        conn->rtx_due = true;
        if (!conn->on_work_wait) {    /* as the congestion control would, of one segment */
            conn->cc.saved.ssthresh = 2u * conn->mss;
            conn->cc.saved.cwnd = conn->mss;
        }
    } else {
        tcp->cc->timed_out(&work->cc, tcp_in_flight(conn), again, tcp->net->turn->now_ns);
        work->timed_out = true;
        work->recovering = false;
        work->dup_acks = 0;
        work->recover = conn->snd_nxt;    /* RFC 6582 section 4: no second reduction */
        work->rtx_nxt = conn->snd_una;
        work->rtx_end = conn->snd_nxt;
        conn->rtx_due = false;
        tern_tcp_flight_merge(conn);
    }
    tern_tcp_timer_set(conn, TCP_TIMER_RTO, tern_tcp_rto_ms(conn));
    tern_tcp_conn_join(conn);
}
