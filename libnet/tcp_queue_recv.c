/* SPDX-License-Identifier: ISC */
/*
 * What has arrived in order and the user has not taken (RFC 9293 section
 * 3.10.7.4, seventh).
 *
 * Its first octets lie in kept blocks (a ring, rcv_last->next is the first),
 * those that came in this turn in lent frames behind them (rx_first).
 *
 * Nothing is copied on the way to a user that takes what it is offered. What it
 * leaves is copied to blocks in put_away, at the end of the turn. If no block
 * is free, the octets that found none are forgotten and rcv_nxt goes back to
 * the first of them: no ACK has told of them yet, since ACKs leave after
 * put_away. The window's right edge, rcv_adv, stays where it is.
 *
 * Ranges that waited out of order (tcp_reass.c) and are in order now join the
 * kept blocks when all before them is taken or kept; so does a FIN count then
 * (tcp_close.c).
 *
 * A lent frame keeps its place in its scratch words:
 *
 *     [0] the next frame    [1] seq << 32 | octets left
 *     [2] offset of the first octet left in the frame
 *     [3] of the first frame: the last one
 */
#include "tcp_internal.h"

#include <string.h>

/* ---- Lent frames ------------------------------------------------------------------------ */

static struct tern_rx *rx_next(const struct tern_rx *rx)
{
    return (struct tern_rx *)(uintptr_t)rx->scratch[0];
}

static uint32_t rx_seq(const struct tern_rx *rx)
{
    return (uint32_t)(rx->scratch[1] >> 32);
}

static uint32_t rx_len(const struct tern_rx *rx)
{
    return (uint32_t)rx->scratch[1];
}

static void rx_set(struct tern_rx *rx, uint32_t seq, uint32_t len, uint64_t off)
{
    rx->scratch[1] = (uint64_t)seq << 32 | len;
    rx->scratch[2] = off;
}

static void rx_join(struct tern_tcp_conn *conn, struct tern_rx *rx)
{
    rx->scratch[0] = 0;
    if (conn->rx_first == NULL) {
        conn->rx_first = rx;
    } else {
        struct tern_rx *last = (struct tern_rx *)(uintptr_t)conn->rx_first->scratch[3];
        last->scratch[0] = (uintptr_t)rx;
    }
    conn->rx_first->scratch[3] = (uintptr_t)rx;
}

static void rx_leave(struct tern_tcp_conn *conn)
{
    struct tern_rx *rx = conn->rx_first;
    conn->rx_first = rx_next(rx);
    if (conn->rx_first != NULL)
        conn->rx_first->scratch[3] = rx->scratch[3];
}

/* ---- Kept blocks ---------------------------------------------------------------------------- */

bool tern_tcp_recv_waiting(const struct tern_tcp_conn *conn)
{
    return conn->rcv_last != NULL || conn->rx_first != NULL;
}

static void kept_pop(struct tern_tcp_conn *conn)
{
    struct tern_block *first = conn->rcv_last->next;
    if (first == conn->rcv_last)
        conn->rcv_last = NULL;
    else
        conn->rcv_last->next = first->next;
    tern_block_give(conn->tcp->net->blocks, first);
    conn->n_rcv_blocks--;
}

void tern_tcp_recv_append(struct tern_tcp_conn *conn, struct tern_block *first,
                          struct tern_block *last)
{
    if (conn->rcv_last == NULL) {
        last->next = first;
    } else {
        last->next = conn->rcv_last->next;
        conn->rcv_last->next = first;
    }
    conn->rcv_last = last;
    conn->offer = true;
    tern_tcp_conn_ready(conn);
}

/*
 * Room for one octet at least at the queue's end, or NULL. What is next in
 * order goes before what is not: while the connection's share is spent, its
 * last range out of order, which was never acknowledged, makes way. Otherwise
 * such ranges could keep the very segment out that they wait for.
 */
static struct tern_block *kept_tail(struct tern_tcp_conn *conn)
{
    struct tern_block_pool *pool = conn->tcp->net->blocks;
    struct tern_block *last = conn->rcv_last;
    if (last != NULL && last->off + last->len < pool->data_cap)
        return last;
    while (!tern_block_fair(pool, conn->n_rcv_blocks))
        if (!tern_tcp_reass_yield(conn))
            return NULL;
    struct tern_block *block = tern_block_take(pool);
    conn->n_rcv_blocks++;
    block->next = last != NULL ? last->next : block;
    if (last != NULL)
        last->next = block;
    conn->rcv_last = block;
    return block;
}

/* Copies what is left of the first frame; false: not all of it found a block. */
static bool rx_keep(struct tern_tcp_conn *conn)
{
    struct tern_rx *rx = conn->rx_first;
    uint32_t seq = rx_seq(rx), left = rx_len(rx);
    uint64_t off = rx->scratch[2];
    while (left > 0) {
        struct tern_block *block = kept_tail(conn);
        if (block == NULL)
            break;
        size_t at = block->off + block->len;
        size_t n = conn->tcp->net->blocks->data_cap - at;
        if (n > left)
            n = left;
        tern_rx_copy(rx, (size_t)off, block->data + at, n);
        block->len += (uint32_t)n;
        seq += (uint32_t)n;
        off += n;
        left -= (uint32_t)n;
    }
    rx_set(rx, seq, left, off);
    return left == 0;
}

/*
 * Nothing of these octets was acknowledged, so the peer sends them again. The
 * ACK says what we do have, and that the window is what it was.
 */
static void forget(struct tern_tcp_conn *conn)
{
    conn->rcv_nxt = rx_seq(conn->rx_first);
    for (; conn->rx_first != NULL; rx_leave(conn))
        conn->tcp->stats.drop_no_block++;
    conn->fin_seen = false;
    conn->ack_now = true;
}

/* Every lent frame to blocks; false: from rcv_nxt on all was forgotten. */
static bool keep_all(struct tern_tcp_conn *conn)
{
    for (; conn->rx_first != NULL; rx_leave(conn)) {
        if (!rx_keep(conn)) {
            forget(conn);
            return false;
        }
    }
    return true;
}

void tern_tcp_recv_put_away(struct tern_tcp_conn *conn)
{
    if (keep_all(conn) && tern_tcp_reass_is_due(conn))
        tern_tcp_reass_advance(conn);
    if (conn->fin_seen && !conn->over)
        tern_tcp_close_fin_in(conn);
}

TERN_COLD
void tern_tcp_recv_drop(struct tern_tcp_conn *conn)
{
    conn->rx_first = NULL;
    while (conn->rcv_last != NULL)
        kept_pop(conn);
    tern_tcp_reass_drop(conn);
}

/* ---- Arrival ------------------------------------------------------------------------------ */

/* Trims the segment to the window: what we have on the left, what we did not offer on the right. */
static void trim(const struct tern_tcp_conn *conn, struct tern_tcp_seg *seg)
{
    if (tern_tcp_seq_lt(seg->seq, conn->rcv_nxt)) {
        uint32_t have = conn->rcv_nxt - seg->seq;
        if (have > seg->len)
            have = seg->len;
        seg->seq += have;
        seg->data_off += have;
        seg->len -= have;
    }
    uint32_t room = conn->rcv_adv - seg->seq;
    if (seg->len > room) {
        seg->len = room;
        seg->flags &= (uint8_t)~TCP_FIN;
    }
}

/* In order: the frame is threaded, or dropped at once if its user has closed. */
static void in_order(struct tern_tcp_conn *conn, const struct tern_tcp_seg *seg,
                     const struct tern_net_packet *pkt)
{
    if (!conn->discard) {
        rx_set(pkt->rx, seg->seq, seg->len, seg->data_off);
        rx_join(conn, pkt->rx);
        conn->offer = true;
        tern_tcp_conn_ready(conn);
    }
    conn->rcv_nxt += seg->len;
    conn->tcp->stats.in_data_octets += seg->len;
    conn->n_unacked = seg->many || conn->n_unacked > 0 ? 2 : 1;
}

void tern_tcp_recv_input(struct tern_tcp_conn *conn, struct tern_tcp_seg *seg,
                         const struct tern_net_packet *pkt)
{
    trim(conn, seg);
    tern_tcp_conn_join(conn);
    if (seg->seq != conn->rcv_nxt) {
        tern_tcp_reass_add(conn, seg, pkt);
        return;
    }
    if (seg->len > 0)
        in_order(conn, seg, pkt);
    if ((seg->flags & TCP_FIN) != 0) {
        conn->fin_seen = true;
        tern_tcp_reass_drop(conn);    /* it has all before its end; behind it is nothing */
        tern_tcp_conn_ready(conn);
    }
}

/* ---- To the user -------------------------------------------------------- */

/* Offers the first frame's runs; false: one was not wholly taken. */
static bool rx_deliver(struct tern_tcp_conn *conn)
{
    struct tern_rx *rx = conn->rx_first;
    uint64_t off = rx->scratch[2], skip = off;
    uint32_t seq = rx_seq(rx), left = rx_len(rx);
    for (size_t i = 0; i < rx->n_spans && left > 0; i++) {
        const struct tern_span *span = &rx->spans[i];
        if (skip >= span->len) {
            skip -= span->len;
            continue;
        }
        size_t n = span->len - (size_t)skip;
        if (n > left)
            n = left;
        size_t taken = tern_stream_emit_data(&conn->stream, span->data + skip, n);
        skip = 0;
        if (conn->discard)
            return false;
        off += taken;
        seq += (uint32_t)taken;
        left -= (uint32_t)taken;
        rx_set(rx, seq, left, off);
        if (taken < n)
            return false;
    }
    return true;
}

static bool kept_deliver(struct tern_tcp_conn *conn)
{
    while (conn->rcv_last != NULL) {
        struct tern_block *first = conn->rcv_last->next;
        size_t taken = tern_stream_emit_data(&conn->stream, first->data + first->off, first->len);
        if (conn->discard)
            return false;
        first->off += (uint32_t)taken;
        first->len -= (uint32_t)taken;
        if (first->len > 0)
            return false;
        kept_pop(conn);
    }
    return true;
}

/*
 * The user may close or abort in any of these calls: discard is then set, the
 * queues are already dropped, and nothing here is touched again.
 */
bool tern_tcp_recv_deliver(struct tern_tcp_conn *conn)
{
    /* Each turn but the last takes at least one range out. */
    for (;;) {
        if (!kept_deliver(conn))
            return false;
        for (; conn->rx_first != NULL; rx_leave(conn))
            if (!rx_deliver(conn))
                return false;
        if (!tern_tcp_reass_is_due(conn))
            return true;
        tern_tcp_reass_advance(conn);
    }
}
