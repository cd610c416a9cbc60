/* SPDX-License-Identifier: ISC */
/*
 * What IPv4 and IPv6 send alike: whole payloads from one run or two, and answers that
 * are made of the question.
 */
#include "ip_internal.h"

#include <string.h>

void tern_ip_parts_copy(uint8_t *to, const struct tern_span parts[2], size_t off, size_t len)
{
    for (size_t i = 0; i < 2 && len > 0; i++) {
        if (off >= parts[i].len) {
            off -= parts[i].len;
            continue;
        }
        size_t n = parts[i].len - off < len ? parts[i].len - off : len;
        memcpy(to, parts[i].data + off, n);
        to += n;
        len -= n;
        off = 0;
    }
}

enum tern_err tern_ip_send(struct tern_ip *ip, struct tern_net_out *out, const uint8_t *l4,
                           size_t l4_len)
{
    /* A span's octets are writable for drivers' sake; these are only read. */
    struct tern_span parts[2] = { { .data = (uint8_t *)(uintptr_t)l4, .len = l4_len }, { 0 } };
    const struct tern_net_slot *slot = &ip->net->networks[ip->slot];
    const struct tern_net_network_ops *ops = slot->ops;
    return ops->send_parts(ip->net, slot->context, out, parts);
}

enum tern_err tern_ip_answer(struct tern_ip *ip, const struct tern_net_packet *pkt,
                             struct tern_net_out *out)
{
    const struct tern_net_slot *slot = &ip->net->networks[ip->slot];
    const struct tern_net_network_ops *ops = slot->ops;
    if (pkt->l4_contig >= pkt->l4_len)
        return tern_ip_send(ip, out, pkt->l4, pkt->l4_len);
    enum tern_err err = ops->begin(ip->net, slot->context, out, pkt->l4_len);
    if (err == TERN_OK) {
        tern_rx_copy(pkt->rx, pkt->l4_off, out->l4, pkt->l4_len);
        ops->commit(ip->net, slot->context, out, pkt->l4_len);
    }
    return err;
}
