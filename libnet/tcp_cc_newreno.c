/* SPDX-License-Identifier: ISC */
/*
 * NewReno: RFC 5681 (slow start, congestion avoidance, fast recovery), RFC 6582
 * (partial ACKs), RFC 3465 (growth by octets acknowledged, not by ACKs, so that
 * dividing ACKs gains a receiver nothing).
 *
 * own[0] is 1 from a timeout until slow start is over: RFC 3465 section 2.3
 * then allows one segment a step. Elsewhere in slow start it is eight, what RFC
 * 9406 section 4.3 has for senders that do not pace: receivers acknowledge a
 * whole batch or super-segment at once.
 */
#include "tcp_internal.h"

#define STEP_SLOW_START 8u

static uint32_t half_of(const struct tern_tcp_cc *cc, uint32_t flight)
{
    return flight / 2 > 2 * cc->mss ? flight / 2 : 2 * cc->mss;    /* RFC 5681, equation (4) */
}

static void cwnd_grow(struct tern_tcp_cc *cc, uint32_t by)
{
    cc->cwnd = by < TCP_QUEUE_MAX - cc->cwnd ? cc->cwnd + by : TCP_QUEUE_MAX;
}

static void newreno_start(struct tern_tcp_cc *cc)
{
    if (cc->cwnd < cc->mss)
        cc->cwnd = cc->mss;
    if (cc->cwnd > TCP_QUEUE_MAX)
        cc->cwnd = TCP_QUEUE_MAX;
}

static void newreno_acked(struct tern_tcp_cc *cc, uint32_t acked, uint64_t now_ns)
{
    (void)now_ns;
    if (cc->cwnd < cc->ssthresh) {
        uint32_t most = (cc->own[0] != 0 ? 1 : STEP_SLOW_START) * cc->mss;
        cwnd_grow(cc, acked < most ? acked : most);
        return;
    }
    cc->own[0] = 0;
    cc->n_acked = acked < cc->cwnd ? cc->n_acked + acked : cc->cwnd;
    if (cc->n_acked >= cc->cwnd) {    /* a window's worth: one segment more (RFC 3465, 2.1) */
        cc->n_acked -= cc->cwnd;
        cwnd_grow(cc, cc->mss);
    }
}

/* RFC 6582 section 3.2, step 2: cwnd is inflated by the three that have left the network. */
static void newreno_lost(struct tern_tcp_cc *cc, uint32_t flight, uint64_t now_ns)
{
    (void)now_ns;
    cc->ssthresh = half_of(cc, flight);
    cc->cwnd = cc->ssthresh + 3 * cc->mss;
    cc->n_acked = 0;
}

static void newreno_duplicate(struct tern_tcp_cc *cc)
{
    cwnd_grow(cc, cc->mss);
}

/* Step 3, partial: "deflate by the amount of new data acknowledged, ... add back SMSS". */
static void newreno_partial(struct tern_tcp_cc *cc, uint32_t acked)
{
    cc->cwnd = acked < cc->cwnd ? cc->cwnd - acked : 0;
    if (acked >= cc->mss)
        cwnd_grow(cc, cc->mss);
    if (cc->cwnd < cc->mss)
        cc->cwnd = cc->mss;
}

/* Step 3, full, option (1): min(ssthresh, max(FlightSize, SMSS) + SMSS): no burst. */
static void newreno_recovered(struct tern_tcp_cc *cc, uint32_t flight)
{
    uint32_t out = (flight > cc->mss ? flight : cc->mss) + cc->mss;
    cc->cwnd = out < cc->ssthresh ? out : cc->ssthresh;
}

/* RFC 5681 section 3.1: ssthresh is halved once, however often the same data times out. */
static void newreno_timed_out(struct tern_tcp_cc *cc, uint32_t flight, bool again,
                              uint64_t now_ns)
{
    (void)now_ns;
    if (!again)
        cc->ssthresh = half_of(cc, flight);
    cc->cwnd = cc->mss;
    cc->n_acked = 0;
    cc->own[0] = 1;
}

static const struct tern_tcp_cc_ops newreno_ops = {
    .start = newreno_start,
    .acked = newreno_acked,
    .lost = newreno_lost,
    .duplicate = newreno_duplicate,
    .partial = newreno_partial,
    .recovered = newreno_recovered,
    .timed_out = newreno_timed_out,
};

const struct tern_net_part tern_newreno = {
    .name = "newreno",
    .role = TERN_NET_CONGESTION,
    .ops = &newreno_ops,
};
