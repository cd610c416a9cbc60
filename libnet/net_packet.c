/* SPDX-License-Identifier: ISC */
/*
 * Octets of a received frame that may lie in several spans: copied, summed,
 * and the check of a transport's checksum over them (RFC 1071).
 */
#include "eth_wire.h"
#include "net_internal.h"

#include <string.h>

/* What a walk over spans does to each piece; ops and sum as in the public calls. */
static uint32_t piece(const struct tern_checksum_ops *ops, uint32_t sum, uint8_t *to,
                      const uint8_t *from, size_t len)
{
    if (ops == NULL) {
        /* fine: without sums there is always a copy */
        memcpy(to, from, len);
        return 0;
    }
    return to != NULL ? ops->copy(sum, to, from, len) : ops->add(sum, from, len);
}

/*
 * Pieces after an odd number of octets enter the sum with their octets
 * swapped (RFC 1071 section 2 (B)).
 */
static uint32_t walk(const struct tern_checksum_ops *ops, const struct tern_rx *rx, size_t off,
                     uint8_t *to, size_t len, uint32_t sum)
{
    bool odd = false;
    for (size_t i = 0; i < rx->n_spans && len > 0; i++) {
        const struct tern_span *span = &rx->spans[i];
        if (off >= span->len) {
            off -= span->len;
            continue;
        }
        size_t n = span->len - off < len ? span->len - off : len;
        if (odd)
            sum = tern_checksum_fold(sum) +
                  tern_checksum_swap(piece(ops, 0, to, span->data + off, n));
        else
            sum = piece(ops, sum, to, span->data + off, n);
        odd ^= n & 1;
        to = to != NULL ? to + n : NULL;
        len -= n;
        off = 0;
    }
    return sum;
}

size_t tern_rx_len_of_many(const struct tern_rx *rx)
{
    size_t len = 0;
    for (size_t i = 0; i < rx->n_spans; i++)
        len += rx->spans[i].len;
    return len;
}

void tern_rx_copy(const struct tern_rx *rx, size_t off, uint8_t *to, size_t len)
{
    (void)walk(NULL, rx, off, to, len, 0);
}

uint32_t tern_rx_sum(const struct tern_net *net, const struct tern_rx *rx, size_t off,
                     size_t len, uint32_t sum)
{
    return walk(net->checksum, rx, off, NULL, len, sum);
}

uint32_t tern_rx_sum_copy(const struct tern_net *net, const struct tern_rx *rx, size_t off,
                          uint8_t *to, size_t len, uint32_t sum)
{
    return walk(net->checksum, rx, off, to, len, sum);
}

/* The addresses as they stand in the sum: of IPv4 the last four octets of each. */
static uint32_t pseudo_sum(const struct tern_net *net, const struct tern_net_packet *pkt)
{
    uint32_t sum = pkt->protocol + (uint32_t)(pkt->l4_len >> 16) + (uint32_t)(pkt->l4_len & 0xffff);
    size_t from = net->networks[pkt->network].part->id == ETH_TYPE_IPV4 ? 12 : 0;
    for (size_t i = from; i < 16; i += 2)
        sum += (uint32_t)tern_load_be16(pkt->src.octets + i) + tern_load_be16(pkt->dst.octets + i);
    return sum;
}

bool tern_net_packet_sum_ok(const struct tern_net *net, const struct tern_net_packet *pkt)
{
    if (pkt->rx->csum != TERN_CSUM_NONE)
        return true;
    uint32_t sum = pseudo_sum(net, pkt);
    if (pkt->l4_contig >= pkt->l4_len)
        sum = net->checksum->add(sum, pkt->l4, pkt->l4_len);
    else
        sum = tern_rx_sum(net, pkt->rx, pkt->l4_off, pkt->l4_len, sum);
    return tern_checksum_fold(sum) == 0xffff;
}
