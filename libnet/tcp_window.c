/* SPDX-License-Identifier: ISC */
/*
 * The window that we offer: RFC 9293 sections 3.8.6 and 3.8.6.2.2, RFC 7323
 * section 2.
 *
 * What is offered is what the connection could keep if its user took nothing:
 * its fair share of the free blocks, a connection holding n of which may have
 * one more while n is at most a quarter of those free. With f free and h held,
 * k more are fair if h + k <= (f - k) / 4, so k = (f - 4h) / 5.
 *
 * The right edge, rcv_adv, never moves left. A connection that holds nothing
 * is offered four segments even of an empty pool: a user that takes what it
 * gets needs no block.
 */
#include "tcp_internal.h"

#define WINDOW_LEAST (4u * 1460u)

uint8_t tern_tcp_window_scale(const struct tern_tcp *tcp)
{
    uint8_t scale = 0;
    while (scale < TCP_SCALE_MAX && (UINT32_C(65535) << scale) < tcp->config.window_max)
        scale++;
    return scale;
}

/* How much could be offered now, whatever was offered before. */
static uint32_t window_fair(const struct tern_tcp_conn *conn)
{
    const struct tern_block_pool *pool = conn->tcp->net->blocks;
    uint64_t held = conn->n_rcv_blocks, octets = 0;
    if (pool->n_free > 4 * held)
        octets = (pool->n_free - 4 * held) / 5 * pool->data_cap;
    if (held == 0 && octets < WINDOW_LEAST)
        octets = WINDOW_LEAST;
    uint32_t max = conn->tcp->config.window_max;
    uint32_t most = UINT32_C(65535) << conn->rcv_scale;
    if (most < max)
        max = most;
    return octets < max ? (uint32_t)octets : max;
}

/* By how much the right edge could move. */
static uint32_t window_gain(const struct tern_tcp_conn *conn, uint32_t fair)
{
    uint32_t offered = conn->rcv_adv - conn->rcv_nxt;
    return fair > offered ? fair - offered : 0;
}

/*
 * Silly-window avoidance: the edge moves only by a full segment or by half of
 * all that there is, whichever is less. A full segment is as long as ours are:
 * peers on one path seldom differ.
 */
static uint32_t window_step(const struct tern_tcp_conn *conn, uint32_t fair)
{
    return fair / 2 < conn->mss ? fair / 2 : conn->mss;
}

bool tern_tcp_window_update_due(const struct tern_tcp_conn *conn)
{
    /* Most connections have most of their window open: no more to be said. */
    uint32_t offered = conn->rcv_adv - conn->rcv_nxt;
    uint32_t fair = window_fair(conn);
    if (offered >= fair / 2)
        return false;
    return window_gain(conn, fair) >= 2 * window_step(conn, fair);
}

/*
 * RFC 7323 section 2.3 lets the field only say multiples of 2^scale; it is
 * rounded up, since rounded down it would take back what was offered.
 */
uint16_t tern_tcp_window_field(struct tern_tcp_conn *conn)
{
    if (!conn->over && !conn->fin_seen) {
        uint32_t fair = window_fair(conn);
        uint32_t gain = window_gain(conn, fair);
        if (gain > 0 && gain >= window_step(conn, fair))
            conn->rcv_adv += gain;
    }
    uint32_t offered = conn->rcv_adv - conn->rcv_nxt;
    uint32_t unit = UINT32_C(1) << conn->rcv_scale;
    uint32_t field = (offered + unit - 1) >> conn->rcv_scale;
    if (field > UINT16_MAX)
        field = UINT16_MAX;
    if (tern_tcp_seq_gt(conn->rcv_nxt + (field << conn->rcv_scale), conn->rcv_adv))
        conn->rcv_adv = conn->rcv_nxt + (field << conn->rcv_scale);
    return (uint16_t)field;
}
