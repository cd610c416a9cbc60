/* SPDX-License-Identifier: ISC */
/*
 * Work blocks: what a connection needs only while it has data in flight or out
 * of order. It takes one with the second segment (tcp_output.c) and gives it
 * back with the last ACK; cwnd and ssthresh stay with it in between.
 *
 * Where none is free a connection waits its turn, first come, first served, and
 * sends one segment at a time meanwhile. The waiters' links are `work` (the one
 * before) and cc.work_wait.next, which are unused then: who had to wait starts
 * anew from the initial window.
 */
#include "tcp_internal.h"

#include <string.h>

static struct tern_tcp_conn *at(const struct tern_tcp *tcp, uint32_t index)
{
    return &tcp->config.conns[index - 1];
}

/* RFC 6928 section 2: min(10 * MSS, max(2 * MSS, 14600)). */
uint32_t tern_tcp_work_initial_window(const struct tern_tcp_conn *conn)
{
    uint32_t least = 2u * conn->mss > 14600u ? 2u * conn->mss : 14600u;
    return 10u * conn->mss < least ? 10u * conn->mss : least;
}

static void saved_reset(struct tern_tcp_conn *conn)
{
    conn->cc.saved.cwnd = tern_tcp_work_initial_window(conn);
    conn->cc.saved.ssthresh = UINT32_MAX;
}

/* ---- Waiting ------------------------------------------------------------------------------ */

static void wait_join(struct tern_tcp_conn *conn)
{
    struct tern_tcp *tcp = conn->tcp;
    uint32_t index = tcp_conn_index(conn) + 1;
    conn->on_work_wait = true;
    conn->work = tcp->work_wait_last;
    conn->cc.work_wait.next = 0;
    if (conn->work == 0)
        tcp->work_wait_first = index;
    else
        at(tcp, conn->work)->cc.work_wait.next = index;
    tcp->work_wait_last = index;
    tcp->stats.work_waits++;
}

static void wait_leave(struct tern_tcp_conn *conn)
{
    struct tern_tcp *tcp = conn->tcp;
    uint32_t prev = conn->work, next = conn->cc.work_wait.next;
    if (prev == 0)
        tcp->work_wait_first = next;
    else
        at(tcp, prev)->cc.work_wait.next = next;
    if (next == 0)
        tcp->work_wait_last = prev;
    else
        at(tcp, next)->work = prev;
    conn->on_work_wait = false;
    conn->work = 0;
    saved_reset(conn);
}

/* ---- Taking and giving ---------------------------------------------------------------------- */

/*
 * RFC 5681 section 4.1: after an idle time of more than one RTO cwnd is at most
 * the initial window. Idle since: when the idle timer was last set.
 */
static uint32_t restart_window(const struct tern_tcp_conn *conn)
{
    uint32_t initial = tern_tcp_work_initial_window(conn);
    if (conn->timer_kind != TCP_TIMER_IDLE || conn->cc.saved.cwnd <= initial)
        return conn->cc.saved.cwnd;
    uint32_t since_ms = conn->due_ms - tern_tcp_keepalive_idle_ms(conn);
    uint32_t idle_ms = tcp_now_ms(conn->tcp) - since_ms;
    return (int32_t)idle_ms > (int32_t)tern_tcp_rto_ms(conn) ? initial : conn->cc.saved.cwnd;
}

void tern_tcp_work_restart(struct tern_tcp_conn *conn)
{
    if (conn->work == 0)
        conn->cc.saved.cwnd = restart_window(conn);
}

static struct tern_tcp_work *work_give_to(struct tern_tcp_conn *conn, uint32_t index)
{
    struct tern_tcp *tcp = conn->tcp;
    struct tern_tcp_work *work = &tcp->config.works[index - 1];
    memset(work, 0, offsetof(struct tern_tcp_work, ranges));
    work->conn = tcp_conn_index(conn) + 1;
    work->cc.cwnd = restart_window(conn);
    work->cc.ssthresh = conn->cc.saved.ssthresh;
    work->cc.mss = conn->mss;
    work->recover = work->small_end = work->rtx_nxt = work->rtx_end = conn->snd_una;
    if (tcp_in_flight(conn) % conn->mss != 0)
        work->small_end = conn->snd_nxt;    /* the segment that was sent without */
    tcp->cc->start(&work->cc);
    conn->work = index;
    return work;
}

struct tern_tcp_work *tern_tcp_work_take(struct tern_tcp_conn *conn, bool wait)
{
    struct tern_tcp *tcp = conn->tcp;
    struct tern_tcp_work *work = tcp_work(conn);
    if (work != NULL || conn->on_work_wait)
        return work;
    uint32_t index = tcp->work_free;
    if (index == 0) {
        if (wait)
            wait_join(conn);
        return NULL;
    }
    /* fine: an index that is not 0 names one */
    tcp->work_free = tcp->config.works[index - 1].next;
    tcp->n_works_free--;
    return work_give_to(conn, index);
}

/* Nothing of it is needed: on the free list, or at once to who waits longest. */
static void work_release(struct tern_tcp_conn *conn, struct tern_tcp_work *work)
{
    struct tern_tcp *tcp = conn->tcp;
    uint32_t index = conn->work;
    tern_tcp_flight_drop(conn);
    conn->cc.saved.cwnd = work->cc.cwnd;
    conn->cc.saved.ssthresh = work->cc.ssthresh;
    conn->work = 0;
    work->conn = 0;
    if (tcp->work_wait_first != 0) {
        struct tern_tcp_conn *waiter = at(tcp, tcp->work_wait_first);
        wait_leave(waiter);
        (void)work_give_to(waiter, index);
        tern_tcp_conn_join(waiter);
        return;
    }
    work->next = tcp->work_free;
    tcp->work_free = index;
    tcp->n_works_free++;
}

void tern_tcp_work_settle(struct tern_tcp_conn *conn)
{
    struct tern_tcp_work *work = tcp_work(conn);
    if (conn->on_work_wait && tcp_in_flight(conn) == 0 && conn->snd_end == conn->snd_nxt)
        wait_leave(conn);
    if (work == NULL || tcp_in_flight(conn) > 0 || work->n_ranges > 0 || work->fin)
        return;
    /* More to send now, but for a slot: it would only be taken again. */
    if (conn->on_wait && tcp_owes(conn))
        return;
    work_release(conn, work);
}

TERN_COLD
void tern_tcp_work_drop(struct tern_tcp_conn *conn)
{
    if (conn->on_work_wait)
        wait_leave(conn);
    struct tern_tcp_work *work = tcp_work(conn);
    if (work == NULL)
        return;
    tern_tcp_reass_drop(conn);
    work_release(conn, work);
}
