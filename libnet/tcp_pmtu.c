/* SPDX-License-Identifier: ISC */
/*
 * ICMP errors about our segments: path MTU (RFC 1191), the rest by RFC 5927:
 * an error must quote a sequence number that is in flight, and none of them
 * ends a connection that was established.
 */
#include "tcp_internal.h"

/* Section 4.1 of RFC 5927: SND.UNA =< SEQ < SND.NXT. */
static bool quote_is_in_flight(const struct tern_tcp_conn *conn, uint32_t seq)
{
    return tern_tcp_seq_in(seq, conn->snd_una, tcp_in_flight(conn));
}

/* The longest packet that this connection sends. Others may have lowered the path's MTU. */
static uint32_t packet_len_max(const struct tern_tcp_conn *conn, uint32_t ip_hdr_len)
{
    return ip_hdr_len + TCP_HDR_LEN + (conn->timestamps ? TCP_TS_SPACE : 0u) + conn->mss;
}

/*
 * Section 6.4 of RFC 1191: MSS follows, and what was too big goes again at
 * once, without a congestion signal. An MTU for which nothing would be too big
 * is not believed. One below TCP_PMTU_LEAST costs no more than that: segments stay so
 * large and go without DF, which section 3 allows, so that a router who means
 * it cuts them, and one who lies has not made us send crumbs (CVE-2004-1060).
 */
static void too_big(struct tern_tcp_conn *conn, const struct tern_net_error *error)
{
    struct tern_tcp *tcp = conn->tcp;
    struct tern_net *net = tcp->net;
    const struct tern_net_network_ops *ops = tern_net_network(net, error->network);
    void *context = net->networks[error->network].context;
    bool tiny = error->mtu < TCP_PMTU_LEAST;
    if (error->mtu < TCP_PMTU_NONE ||
        (tiny ? conn->may_fragment : error->mtu >= packet_len_max(conn, ops->hdr_len))) {
        tcp->stats.icmp_pmtu_bad++;
        return;
    }
    tcp->stats.icmp_pmtu++;
    uint16_t mtu = tiny ? TCP_PMTU_LEAST : error->mtu;
    if (tiny)
        conn->may_fragment = true;
    if (mtu < ops->mtu(net, context, &conn->tuple.local, &conn->tuple.peer))
        ops->set_mtu(net, context, &conn->tuple.peer, mtu);
    tern_tcp_conn_mss(conn);
    if (tcp_syn_out(conn))
        return;
    /* A segment that was alone is several now: without a work block, one a timeout. */
    struct tern_tcp_work *work = tern_tcp_work_take(conn, false);
    if (work == NULL) {
        conn->rtx_due = true;
    } else {
        work->timed_out = true;    /* everything out goes again; cwnd stays */
        work->rtx_nxt = conn->snd_una;
        work->rtx_end = conn->snd_nxt;
        tern_tcp_flight_merge(conn);
    }
    tern_tcp_conn_join(conn);
}

/*
 * RFC 5927 section 5.2: hard errors are soft ones once a connection is
 * synchronized. In SYN-SENT a port or protocol that is not there ends it (RFC
 * 1122 section 4.2.3.9); a soft error only changes the reason in the end.
 */
static void other(struct tern_tcp_conn *conn, const struct tern_net_error *error)
{
    bool hard = error->kind == TERN_NET_ERROR_PORT || error->kind == TERN_NET_ERROR_PROTOCOL;
    if (hard && conn->state == TERN_TCP_SYN_SENT) {
        conn->tcp->stats.icmp_hard++;
        tern_tcp_close_reset(conn, TERN_REFUSED);
        return;
    }
    conn->tcp->stats.icmp_soft++;
    conn->soft_error = true;
}

void tern_tcp_pmtu_error(struct tern_net *net, void *context, const struct tern_net_error *error)
{
    (void)net;
    struct tern_tcp *tcp = context;
    uint32_t ref = tern_tcp_lookup(tcp, &error->src, tern_load_be16(error->l4 + TCP_SRC_PORT),
                                   &error->dst, tern_load_be16(error->l4 + TCP_DST_PORT));
    if ((ref & TCP_REF_KIND) != TCP_REF_CONN) {
        tcp->stats.icmp_unmatched++;
        return;
    }
    struct tern_tcp_conn *conn = &tcp->config.conns[(ref & ~TCP_REF_KIND) - 1];
    if (!quote_is_in_flight(conn, tern_load_be32(error->l4 + TCP_SEQ))) {
        tcp->stats.icmp_out_of_window++;
        return;
    }
    if (error->kind == TERN_NET_ERROR_TOO_BIG)
        too_big(conn, error);
    else
        other(conn, error);
}
