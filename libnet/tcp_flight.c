/* SPDX-License-Identifier: ISC */
/*
 * Flight records: what went out when. One a burst (what a connection sends in
 * one turn): its RTT, and how much of it one retransmission covers.
 *
 *     snd_una                                        snd_nxt
 *        |  record  |    record     |    record    |   |
 *        first                       last            (a part without records,
 *                                                     where none was free)
 *
 * Where no record is free, the last one grows instead (neighbours merge). It
 * keeps the earlier time and gives no sample: too long would be a lie.
 */
#include "tcp_internal.h"

static struct tern_tcp_flight *at(const struct tern_tcp *tcp, uint32_t index)
{
    return &tcp->config.flights[index - 1];
}

static void first_give(struct tern_tcp *tcp, struct tern_tcp_work *work)
{
    uint32_t index = work->flight_first;
    struct tern_tcp_flight *flight = at(tcp, index);
    work->flight_first = flight->next;
    if (work->flight_first == 0)
        work->flight_last = 0;
    flight->next = tcp->flight_free;
    tcp->flight_free = index;
    tcp->n_flights_free++;
}

void tern_tcp_flight_sent(struct tern_tcp_conn *conn, uint32_t seq, uint32_t len)
{
    struct tern_tcp *tcp = conn->tcp;
    struct tern_tcp_work *work = tcp_work(conn);
    uint64_t now_ns = tcp->net->turn->now_ns;
    /* fine: who sends more than one segment has a work block */
    if (work->flight_last != 0) {
        struct tern_tcp_flight *last = at(tcp, work->flight_last);
        bool same_burst = last->sent_ns == now_ns && !last->again;
        if (same_burst || tcp->flight_free == 0) {
            last->len = seq + len - last->seq;
            if (!same_burst) {
                last->again = true;
                tcp->stats.flight_merges++;
            }
            return;
        }
    }
    uint32_t index = tcp->flight_free;
    if (index == 0) {
        tcp->stats.flight_merges++;
        return;
    }
    struct tern_tcp_flight *flight = at(tcp, index);
    tcp->flight_free = flight->next;
    tcp->n_flights_free--;
    *flight = (struct tern_tcp_flight){ .sent_ns = now_ns, .seq = seq, .len = len };
    if (work->flight_last == 0)
        work->flight_first = index;
    else
        at(tcp, work->flight_last)->next = index;
    work->flight_last = index;
}

/* The record that covers seq, or NULL. It is the first but for a timeout's sweep. */
TERN_COLD
static struct tern_tcp_flight *covering(const struct tern_tcp_conn *conn, uint32_t seq)
{
    const struct tern_tcp_work *work = tcp_work(conn);
    for (uint32_t index = work != NULL ? work->flight_first : 0; index != 0;) {
        struct tern_tcp_flight *flight = at(conn->tcp, index);
        if (tern_tcp_seq_in(seq, flight->seq, flight->len))
            return flight;
        index = flight->next;
    }
    return NULL;
}

TERN_COLD
void tern_tcp_flight_again(struct tern_tcp_conn *conn, uint32_t seq)
{
    struct tern_tcp_flight *flight = covering(conn, seq);
    if (flight == NULL)
        return;
    flight->again = true;
    flight->sent_ns = conn->tcp->net->turn->now_ns;
}

TERN_COLD
uint32_t tern_tcp_flight_head_len(const struct tern_tcp_conn *conn, uint32_t seq)
{
    const struct tern_tcp_flight *flight = covering(conn, seq);
    return flight != NULL ? flight->seq + flight->len - seq : UINT32_MAX;
}

/*
 * The sample is of the youngest record that is wholly acknowledged now: the
 * ACK was sent for it. Karn's algorithm: none where anything was sent twice;
 * *again_ns is then when it was last sent.
 */
bool tern_tcp_flight_acked(struct tern_tcp_conn *conn, uint32_t ack, uint32_t *rtt_us,
                           uint64_t *again_ns)
{
    struct tern_tcp *tcp = conn->tcp;
    struct tern_tcp_work *work = tcp_work(conn);
    bool known = false, again = false;
    while (work != NULL && work->flight_first != 0) {
        struct tern_tcp_flight *first = at(tcp, work->flight_first);
        if (!tern_tcp_seq_gt(ack, first->seq))
            break;
        if (first->again) {
            again = true;
            if (first->sent_ns > *again_ns)
                *again_ns = first->sent_ns;
        }
        if (tern_tcp_seq_lt(ack, first->seq + first->len)) {
            first->len -= ack - first->seq;
            first->seq = ack;
            break;
        }
        uint64_t rtt_ns = tcp->net->turn->now_ns - first->sent_ns;
        known = rtt_ns / 1000 <= UINT32_MAX;
        *rtt_us = (uint32_t)(rtt_ns / 1000);
        first_give(tcp, work);
    }
    return known && !again;
}

TERN_COLD
void tern_tcp_flight_merge(struct tern_tcp_conn *conn)
{
    struct tern_tcp_work *work = tcp_work(conn);
    if (work == NULL || work->flight_first == 0)
        return;
    while (work->flight_first != work->flight_last)
        first_give(conn->tcp, work);
    struct tern_tcp_flight *only = at(conn->tcp, work->flight_first);
    only->seq = conn->snd_una;
    only->len = tcp_in_flight(conn);
    only->again = true;
    only->sent_ns = conn->tcp->net->turn->now_ns;
}

TERN_COLD
void tern_tcp_flight_drop(struct tern_tcp_conn *conn)
{
    struct tern_tcp_work *work = tcp_work(conn);
    while (work != NULL && work->flight_first != 0)
        first_give(conn->tcp, work);
}
