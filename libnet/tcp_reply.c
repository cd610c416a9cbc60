/* SPDX-License-Identifier: ISC */
/*
 * Segments that no connection sends: resets, and the answers of half-open and
 * TIME-WAIT entries. Nobody keeps them: one that finds no slot is lost and
 * counted, and the peer asks again.
 */
#include "tcp_internal.h"

/*
 * The checksum: partly, where the link completes it, else whole. The
 * pseudo-header's sum lacks only the length; payload_sum is of what follows
 * the header.
 */
void tern_tcp_reply_finish(struct tern_tcp *tcp, struct tern_net_out *out, size_t hdr_len,
                           size_t l4_len, uint32_t payload_sum)
{
    uint32_t sum = out->pseudo + (uint32_t)l4_len;
    if ((out->link->offloads & TERN_OFFLOAD_TX_CSUM) != 0) {
        out->tx.csum_partial = true;
        out->tx.csum_start = out->l4_off;
        out->tx.csum_off = TCP_CHECKSUM;
        tern_store_be16(out->l4 + TCP_CHECKSUM, tern_checksum_fold(sum));
        return;
    }
    sum = tcp->net->checksum->add(sum, out->l4, hdr_len);
    sum = tern_checksum_fold(sum) + tern_checksum_fold(payload_sum);
    tern_store_be16(out->l4 + TCP_CHECKSUM, tern_checksum_finish(sum));
}

enum tern_err tern_tcp_reply(struct tern_tcp *tcp, const struct tern_tcp_reply *reply)
{
    struct tern_net *net = tcp->net;
    uint8_t slot = tern_net_network_of(net, reply->peer);
    if (slot == 0xff)
        return TERN_UNSUPPORTED;
    const struct tern_net_network_ops *ops = tern_net_network(net, slot);
    struct tern_net_path path = { .network = slot };
    struct tern_net_out out = {
        .src = reply->local,
        .dst = reply->peer,
        .path = &path,
        .protocol = TCP_PROTOCOL,
        .dont_fragment = true,
        .transport = tcp->slot,
    };
    size_t hdr_len = tern_tcp_hdr_len(&reply->hdr);
    enum tern_err err = ops->begin(net, net->networks[slot].context, &out, hdr_len);
    if (err != TERN_OK) {
        tcp->stats.reply_lost++;
        return err;
    }
    (void)tern_tcp_hdr_emit(&reply->hdr, out.l4);
    tern_tcp_reply_finish(tcp, &out, hdr_len, hdr_len, 0);
    ops->commit(net, net->networks[slot].context, &out, hdr_len);
    tcp->stats.out_segs++;
    if ((reply->hdr.flags & TCP_RST) != 0)
        tcp->stats.out_rsts++;
    return TERN_OK;
}

/*
 * Section 3.10.7.1: "If the ACK bit is off, sequence number zero is used,
 * <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>. If the ACK bit is on,
 * <SEQ=SEG.ACK><CTL=RST>."
 */
void tern_tcp_reply_reset(struct tern_tcp *tcp, const struct tern_tcp_seg *seg,
                          const struct tern_net_packet *pkt)
{
    struct tern_tcp_reply reply = {
        .local = &pkt->dst,
        .peer = &pkt->src,
        .hdr = {
            .src_port = seg->dst_port,
            .dst_port = seg->src_port,
            .scale = TCP_SCALE_NONE,
            .flags = TCP_RST,
        },
    };
    if ((seg->flags & TCP_ACK) != 0) {
        reply.hdr.seq = seg->ack;
    } else {
        reply.hdr.ack = seg->seq + seg->len + ((seg->flags & TCP_SYN) != 0) +
                        ((seg->flags & TCP_FIN) != 0);
        reply.hdr.flags = TCP_RST | TCP_ACK;
    }
    (void)tern_tcp_reply(tcp, &reply);
}
