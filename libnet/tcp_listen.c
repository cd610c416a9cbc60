/* SPDX-License-Identifier: ISC */
/*
 * Listeners: RFC 9293 sections 3.10.1 (OPEN, passive) and 3.10.7.2 (a segment
 * arrives in LISTEN), and connecting (OPEN, active).
 */
#include "tcp_internal.h"

#include <string.h>

/* ---- Segments -------------------------------------------------------------------------- */

/* 0.0.0.0, in our form, is any of IPv4. */
static bool is_any_v4(const struct tern_addr *a)
{
    return tern_addr_is_v4(a) && tern_addr_to_v4(a) == 0;
}

static bool is_any(const struct tern_addr *a)
{
    return is_any_v4(a) || tern_addr_is_any(a);
}

/*
 * A listener for this very address before one for any. There are few, so they
 * are looked through.
 */
struct tern_tcp_listener *tern_tcp_listen_find(const struct tern_tcp *tcp,
                                               const struct tern_addr *local, uint16_t port,
                                               uint8_t link)
{
    struct tern_tcp_listener *any = NULL;
    for (size_t i = 0; i < tcp->config.n_listeners; i++) {
        struct tern_tcp_listener *listener = &tcp->config.listeners[i];
        if (!listener->open || listener->local.port != port)
            continue;
        if (listener->local.link != 0 && link != 0xff && listener->local.link != link + 1u)
            continue;
        if (tern_addr_equal(&listener->local.addr, local))
            return listener;
        if (is_any(&listener->local.addr) &&
            (tern_addr_is_any(&listener->local.addr) || tern_addr_is_v4(local)))
            any = listener;
    }
    return any;
}

/* Neither "any", nor a group, nor ourselves on the same port (LAND, CVE-1999-0016). */
static bool source_ok(const struct tern_net_packet *pkt, const struct tern_tcp_seg *seg)
{
    if (tern_addr_is_any(&pkt->src))
        return false;
    if (tern_addr_is_v4(&pkt->src)) {
        uint32_t v4 = tern_addr_to_v4(&pkt->src);
        if (v4 == 0 || v4 >= UINT32_C(0xe0000000))
            return false;
    } else if (pkt->src.octets[0] == 0xff) {
        return false;
    }
    return seg->src_port != seg->dst_port || !tern_addr_equal(&pkt->src, &pkt->dst);
}

void tern_tcp_listen_input(struct tern_tcp_listener *listener, struct tern_tcp_seg *seg,
                           const struct tern_net_packet *pkt)
{
    struct tern_tcp *tcp = listener->tcp;
    struct tern_tcp_stats *stats = &tcp->stats;
    /* First, check for a RST: it could not be for anything of ours. */
    if ((seg->flags & TCP_RST) != 0) {
        stats->drop_listen_rst++;
        return;
    }
    /* Second, check for an ACK: whatever it acknowledges, it was not sent. */
    if ((seg->flags & TCP_ACK) != 0) {
        stats->drop_listen_ack++;
        tern_tcp_reply_reset(tcp, seg, pkt);
        return;
    }
    /*
     * Third, check for a SYN; fourth, "this should not be reached. Drop the
     * segment": what scanners send. A FIN with a SYN has nothing to end.
     */
    if ((seg->flags & (TCP_SYN | TCP_FIN)) != TCP_SYN) {
        stats->drop_bad_flags++;
        stats->in_errs++;
        return;
    }
    if (!source_ok(pkt, seg)) {
        stats->drop_bad_source++;
        stats->in_errs++;
        return;
    }
    if (!tern_tcp_half_room(tcp, listener)) {
        stats->drop_backlog++;
        return;
    }
    if (seg->len > 0)
        stats->in_syn_data++;    /* not acknowledged: the peer sends it again */
    tern_tcp_half_open(listener, seg, pkt);
}

/* ---- Calls --------------------------------------------------------------------------------- */

/*
 * The source address of a packet to peer, in *tuple; or the caller's own,
 * checked. RFC 9293 section 3.9.2.3, MUST-46: no OPEN to what is no host's.
 */
static enum tern_err local_find(struct tern_tcp *tcp, struct tern_tcp_tuple *tuple,
                                const struct tern_endpoint_addr *local, uint16_t scope)
{
    struct tern_net *net = tcp->net;
    uint8_t slot = tern_net_network_of(net, &tuple->peer);
    if (slot == 0xff)
        return TERN_UNSUPPORTED;
    const struct tern_net_network_ops *ops = tern_net_network(net, slot);
    if (!ops->is_host(net, net->networks[slot].context, &tuple->peer))
        return TERN_INVALID;
    if (local == NULL || tern_addr_is_any(&local->addr))
        return ops->source(net, net->networks[slot].context, &tuple->peer, scope, &tuple->local);
    if (!ops->family(&local->addr) ||
        !ops->is_ours(net, net->networks[slot].context, &local->addr, 0xff, false))
        return TERN_INVALID;
    tuple->local = local->addr;
    return TERN_OK;
}

static bool port_is_free(const struct tern_tcp *tcp, const struct tern_endpoint_addr *local)
{
    for (size_t i = 0; i < tcp->config.n_listeners; i++) {
        const struct tern_tcp_listener *other = &tcp->config.listeners[i];
        if (other->open && other->local.port == local->port &&
            other->local.link == local->link &&
            (tern_addr_equal(&other->local.addr, &local->addr) ||
             (is_any(&other->local.addr) && is_any(&local->addr))))
            return false;
    }
    return true;
}

static enum tern_err port_choose(struct tern_tcp *tcp, struct tern_endpoint_addr *local)
{
    uint32_t start = tern_drbg_below(tcp->net->drbg, 16384);
    for (uint32_t i = 0; i < 16384; i++) {
        local->port = (uint16_t)(49152 + (start + i) % 16384);
        if (port_is_free(tcp, local))
            return TERN_OK;
    }
    return TERN_FULL;
}

enum tern_err tern_tcp_listen(struct tern_net *net, const struct tern_tcp_listen *listen,
                              tern_accept_fn *accept, void *app,
                              struct tern_tcp_listener **listener)
{
    struct tern_tcp *tcp = tern_net_context(net, &tern_tcp);
    if (tcp == NULL || accept == NULL)
        return TERN_INVALID;
    struct tern_endpoint_addr local = listen->local;
    if (!tern_addr_is_any(&local.addr)) {
        uint8_t slot = tern_net_network_of(net, &local.addr);
        if (slot == 0xff)
            return TERN_UNSUPPORTED;
        uint8_t link = local.link != 0 ? (uint8_t)(local.link - 1) : 0xff;
        if (!is_any_v4(&local.addr) &&
            !tern_net_network(net, slot)->is_ours(net, net->networks[slot].context, &local.addr,
                                                  link, true))
            return TERN_INVALID;
    }
    struct tern_tcp_listener *found = NULL;
    for (size_t i = 0; i < tcp->config.n_listeners && found == NULL; i++)
        if (!tcp->config.listeners[i].open && tcp->config.listeners[i].n_pending == 0)
            found = &tcp->config.listeners[i];
    if (found == NULL)
        return TERN_FULL;
    if (local.port == 0 && port_choose(tcp, &local) != TERN_OK)
        return TERN_FULL;
    if (!port_is_free(tcp, &local))
        return TERN_REFUSED;
    *found = (struct tern_tcp_listener){
        .local = local,
        .tcp = tcp,
        .accept = accept,
        .app = app,
        .options = listen->options,
        .backlog = listen->backlog != 0 ? listen->backlog : (uint32_t)tcp->config.n_halves,
        .open = true,
    };
    if (listener != NULL)
        *listener = found;
    return TERN_OK;
}

void tern_tcp_listener_pause(struct tern_tcp_listener *listener, bool pause)
{
    listener->paused = pause;
}

/* Half-open entries end without a word; connections not yet accepted are reset in their visit. */
void tern_tcp_listener_close(struct tern_tcp_listener *listener)
{
    listener->open = false;
    tern_tcp_half_purge(listener->tcp, listener, NULL);
}

void tern_tcp_listener_local(const struct tern_tcp_listener *listener,
                             struct tern_endpoint_addr *addr)
{
    *addr = listener->local;
}

/* Section 3.10.1, active OPEN: the SYN leaves at the end of the turn. */
enum tern_err tern_tcp_connect(struct tern_net *net, const struct tern_endpoint_addr *peer,
                               const struct tern_endpoint_addr *local,
                               const struct tern_tcp_options *options,
                               const struct tern_stream_events *events, void *user,
                               struct tern_stream **s)
{
    static const struct tern_tcp_options defaults;
    struct tern_tcp *tcp = tern_net_context(net, &tern_tcp);
    if (tcp == NULL || peer->port == 0 || tern_addr_is_any(&peer->addr))
        return TERN_INVALID;
    struct tern_tcp_tuple tuple = { .peer = peer->addr, .peer_port = peer->port };
    enum tern_err err = local_find(tcp, &tuple, local, peer->link);
    if (err != TERN_OK)
        return err;
    if (tcp->conn_free == 0)
        return TERN_FULL;
    if (local != NULL && local->port != 0) {
        tuple.local_port = local->port;
        if (tern_tcp_lookup(tcp, &tuple.local, tuple.local_port, &tuple.peer,
                            tuple.peer_port) != 0)
            return TERN_REFUSED;
    } else if ((err = tern_tcp_isn_port(tcp, &tuple)) != TERN_OK) {
        return err;
    }
    tcp->synsent = tern_tcp_input_synsent;
    struct tern_tcp_conn *conn = tern_tcp_conn_take(tcp, &tuple);
    tern_stream_attach(&conn->stream, events, user);
    tern_tcp_conn_options(conn, options != NULL ? options : &defaults);
    conn->state = TERN_TCP_SYN_SENT;
    conn->snd_una = conn->snd_nxt = tern_tcp_isn(tcp, &tuple, tcp_now_ms(tcp));
    conn->snd_end = conn->snd_una + 1;
    conn->ts_offset = tern_tcp_isn_ts_offset(tcp, &tuple);
    tcp->stats.active_opens++;
    tern_tcp_conn_join(conn);
    *s = &conn->stream;
    return TERN_OK;
}
