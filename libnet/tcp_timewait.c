/* SPDX-License-Identifier: ISC */
/*
 * TIME-WAIT in 64 octets: RFC 9293 section 3.6.1, with RFC 6191 (a new SYN may
 * take the place early) and RFC 1337 (a RST may not).
 *
 * All wait equally long, twice the MSL, so the list is in order of time and one
 * timer looks at its head. A full table lets the oldest go.
 */
#include "tcp_internal.h"

static uint32_t index_of(const struct tern_tcp *tcp, const struct tern_tcp_time_wait *tw)
{
    return (uint32_t)(tw - tcp->config.time_waits) + 1;
}

static struct tern_tcp_time_wait *at(const struct tern_tcp *tcp, uint32_t index)
{
    return &tcp->config.time_waits[index - 1];
}

/* due_ms has 31 bits: the difference in them, read as signed. */
static int32_t due_in_ms(const struct tern_tcp *tcp, const struct tern_tcp_time_wait *tw)
{
    return (int32_t)((tw->due_ms - tcp_now_ms(tcp)) << 1) / 2;
}

static void list_join(struct tern_tcp *tcp, struct tern_tcp_time_wait *tw)
{
    uint32_t index = index_of(tcp, tw);
    tw->due_ms = tcp_deadline_ms(tcp, 2 * tcp->config.msl_ms) & INT32_MAX;
    tw->prev = tcp->time_wait_last;
    tw->next = 0;
    if (tw->prev == 0)
        tcp->time_wait_first = index;
    else
        at(tcp, tw->prev)->next = index;
    tcp->time_wait_last = index;
}

static void list_leave(struct tern_tcp *tcp, struct tern_tcp_time_wait *tw)
{
    if (tw->prev == 0)
        tcp->time_wait_first = tw->next;
    else
        at(tcp, tw->prev)->next = tw->next;
    if (tw->next == 0)
        tcp->time_wait_last = tw->prev;
    else
        at(tcp, tw->next)->prev = tw->prev;
}

/* For the head, lazily: a timer that fires early looks again. */
static void timer_arm(struct tern_tcp *tcp)
{
    if (tcp->time_wait_first == 0 || tern_timer_is_set(&tcp->time_wait_timer))
        return;
    int32_t due_in = due_in_ms(tcp, at(tcp, tcp->time_wait_first));
    uint32_t due_ms = tcp_now_ms(tcp) + (uint32_t)(due_in > 0 ? due_in : 0);
    tern_timer_set(tcp->net->turn, &tcp->time_wait_timer, tcp_ms_to_ns(tcp, due_ms));
}

void tern_tcp_time_wait_remove(struct tern_tcp *tcp, struct tern_tcp_time_wait *tw)
{
    uint32_t index = index_of(tcp, tw);
    tern_tcp_lookup_remove(tcp, TCP_REF_TIME_WAIT | index);
    list_leave(tcp, tw);
    tw->tuple.next = tcp->time_wait_free;
    tcp->time_wait_free = index;
    tcp->n_time_waits_free++;
    tcp->stats.time_wait--;
    if (tcp->time_wait_first == 0)
        tern_timer_cancel(tcp->net->turn, &tcp->time_wait_timer);
}

void tern_tcp_time_wait_purge(struct tern_tcp *tcp, const struct tern_addr *local)
{
    for (uint32_t index = tcp->time_wait_first; index != 0;) {
        struct tern_tcp_time_wait *tw = at(tcp, index);
        index = tw->next;
        if (tern_addr_equal(&tw->tuple.local, local))
            tern_tcp_time_wait_remove(tcp, tw);
    }
}

/*
 * Both sides have ended. The connection itself is over for us; it stays for
 * its user until what it kept is taken, while the entry answers for it.
 */
void tern_tcp_time_wait_enter(struct tern_tcp_conn *conn)
{
    struct tern_tcp *tcp = conn->tcp;
    if (tcp->time_wait_free == 0) {
        tcp->stats.time_wait_evicted++;
        tern_tcp_time_wait_remove(tcp, at(tcp, tcp->time_wait_first));
    }
    struct tern_tcp_tuple tuple = conn->tuple;
    bool timestamps = conn->timestamps;
    conn->state = TERN_TCP_TIME_WAIT;
    tern_tcp_conn_over(conn, TERN_OK);
    uint32_t index = tcp->time_wait_free;
    struct tern_tcp_time_wait *tw = at(tcp, index);
    tcp->time_wait_free = tw->tuple.next;
    tcp->n_time_waits_free--;
    *tw = (struct tern_tcp_time_wait){
        .tuple = tuple,
        .snd_nxt = conn->snd_nxt,
        .rcv_nxt = conn->rcv_nxt,
        .ts_recent = conn->ts_recent,
        .timestamps = timestamps,
    };
    tern_tcp_lookup_add(tcp, TCP_REF_TIME_WAIT | index);
    list_join(tcp, tw);
    tcp->stats.time_wait++;
    timer_arm(tcp);
}

void tern_tcp_time_wait_fire(struct tern_timer *timer, uint64_t now_ns)
{
    (void)now_ns;
    struct tern_tcp *tcp = TERN_CONTAINER_OF(timer, struct tern_tcp, time_wait_timer);
    while (tcp->time_wait_first != 0) {
        struct tern_tcp_time_wait *tw = at(tcp, tcp->time_wait_first);
        if (due_in_ms(tcp, tw) > 0)
            break;
        tcp->stats.time_wait_expired++;
        tern_tcp_time_wait_remove(tcp, tw);
    }
    timer_arm(tcp);
}

/* "Acknowledge it": what we last had to say. */
static void ack_again(struct tern_tcp *tcp, const struct tern_tcp_time_wait *tw)
{
    struct tern_tcp_reply reply = {
        .local = &tw->tuple.local,
        .peer = &tw->tuple.peer,
        .hdr = {
            .src_port = tw->tuple.local_port,
            .dst_port = tw->tuple.peer_port,
            .seq = tw->snd_nxt,
            .ack = tw->rcv_nxt,
            .scale = TCP_SCALE_NONE,
            .flags = TCP_ACK,
            .has_ts = tw->timestamps,
            .ts_val = tcp_now_ms(tcp) + tern_tcp_isn_ts_offset(tcp, &tw->tuple),
            .ts_ecr = tw->ts_recent,
        },
    };
    (void)tern_tcp_reply(tcp, &reply);
}

/*
 * RFC 6191 section 2: a SYN with a later timestamp starts a new connection;
 * without timestamps, one with a later sequence number, if ours will be later,
 * too (RFC 9293 section 3.6.1, MAY-2).
 */
static bool may_reopen(const struct tern_tcp *tcp, const struct tern_tcp_time_wait *tw,
                       const struct tern_tcp_seg *seg)
{
    if (tw->timestamps && seg->has_ts && seg->ts_val != tw->ts_recent)
        return tern_tcp_seq_gt(seg->ts_val, tw->ts_recent);
    uint32_t iss = tern_tcp_isn(tcp, &tw->tuple, tcp_now_ms(tcp));
    return tern_tcp_seq_gt(seg->seq, tw->rcv_nxt) && tern_tcp_seq_gt(iss, tw->snd_nxt);
}

bool tern_tcp_time_wait_input(struct tern_tcp *tcp, struct tern_tcp_time_wait *tw,
                              const struct tern_tcp_seg *seg, const struct tern_net_packet *pkt)
{
    if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN &&
        may_reopen(tcp, tw, seg) &&
        tern_tcp_listen_find(tcp, &pkt->dst, seg->dst_port, pkt->link) != NULL) {
        tcp->stats.time_wait_reused++;
        tern_tcp_time_wait_remove(tcp, tw);
        return true;
    }
    /* RFC 1337 section 3, fix F1: "Ignore RST segments in TIME-WAIT state." */
    if ((seg->flags & TCP_RST) != 0) {
        tcp->stats.drop_time_wait_rst++;
        return false;
    }
    tcp->stats.drop_time_wait++;
    /* A pure ACK of what we have says nothing: answering it could go on for ever. */
    if (seg->len == 0 && (seg->flags & (TCP_SYN | TCP_FIN)) == 0 && seg->seq == tw->rcv_nxt)
        return false;
    ack_again(tcp, tw);
    /* "The only thing that can arrive in this state is a retransmission of the remote FIN." */
    if ((seg->flags & TCP_FIN) != 0 && seg->seq + seg->len + 1 == tw->rcv_nxt) {
        list_leave(tcp, tw);
        list_join(tcp, tw);
    }
    return false;
}
