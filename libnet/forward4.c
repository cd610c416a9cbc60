/* SPDX-License-Identifier: ISC */
/*
 * Forwarding IPv4 (RFC 1812 sections 4.2.2, 4.3 and 5.2): what may pass, errors,
 * the time to live with its sum (RFC 1624), fragments (RFC 791 section 3.2).
 */
#include "eth_wire.h"
#include "forward_internal.h"
#include "icmp4_wire.h"
#include "ipv4_internal.h"
#include "ipv4_wire.h"

#include <string.h>

enum { OPT_END = 0, OPT_NOP = 1, OPT_COPIED = 0x80 };

static struct tern_ip *ip4(void *context)
{
    struct tern_ipv4 *ip = context;
    return &ip->ip;
}

static bool is_used(const void *context, uint8_t link)
{
    const struct tern_ipv4 *ip = context;
    return ip->links[link].set;
}

/* RFC 1812 sections 5.3.3 to 5.3.7, RFC 2644 (no directed broadcasts), RFC 3927 section 7. */
static bool is_one_elsewhere(const struct tern_net *net, const struct tern_ipv4 *ip,
                             uint32_t addr)
{
    if (!ipv4_is_host(addr) || addr >> 16 == IPV4_LINK_LOCAL)
        return false;
    for (uint8_t i = 0; i < net->n_links; i++)
        if (ipv4_is_directed_broadcast(ip, i, addr))
            return false;
    return tern_ipv4_link_of(net, ip, addr) == 0xff;
}

static enum forward_scope scope(const struct tern_net *net, const void *context,
                                const struct tern_net_packet *pkt)
{
    if (!is_one_elsewhere(net, context, tern_addr_to_v4(&pkt->dst)))
        return FORWARD_BAD_DST;
    return is_one_elsewhere(net, context, tern_addr_to_v4(&pkt->src)) ? FORWARD_GOOD
                                                                      : FORWARD_BAD_SOURCE;
}

static void transport_find(struct forward_job *job)
{
    unsigned frag = tern_load_be16(job->pkt->l3 + IPV4_FRAG);
    job->later = (frag & IPV4_OFF_MASK) != 0;
    job->fragment = job->later || (frag & IPV4_MF) != 0;
    job->is_bad = (job->protocol == IP_TCP && (frag & IPV4_OFF_MASK) == 1) ||
                  (frag & IPV4_OFF_MASK) * 8 + job->pkt->l4_len > UINT16_MAX;
}

static uint16_t link_mtu(const struct tern_net *net, const void *context, uint8_t link)
{
    return tern_ipv4_link_mtu(net, context, link);
}

/* RFC 1812 section 5.2.7.1: host unreachable if it is on the link; codes 13 (RFC 1812), 4. */
static void error(const struct forward_job *job, enum forward_error what, uint16_t mtu)
{
    static const uint8_t codes[FORWARD_N_ERRORS] = {
        [FORWARD_NO_ROUTE] = 0, [FORWARD_NO_NEIGHBOUR] = 1, [FORWARD_PROHIBITED] = 13,
        [FORWARD_TOO_BIG] = ICMP4_TOO_BIG,
    };
    tern_icmp4_error(job->f->net, job->context, job->pkt,
                     what == FORWARD_EXPIRED ? ICMP4_TIME_EXCEEDED : ICMP4_UNREACHABLE,
                     codes[what], mtu);
}

/* RFC 1624, equation 3: the word of time to live and protocol is 0x100 less. */
static void hop(uint8_t *l3)
{
    uint32_t was = tern_load_be16(l3 + IPV4_TTL);
    uint32_t sum = (uint16_t)~tern_load_be16(l3 + IPV4_CHECKSUM) + (was ^ 0xffff) + was - 0x100;
    l3[IPV4_TTL]--;
    tern_store_be16(l3 + IPV4_CHECKSUM, tern_checksum_finish(sum));
}

static void sum_set(uint8_t *l3, size_t l3_len)
{
    tern_store_be16(l3 + IPV4_CHECKSUM, 0);
    tern_store_be16(l3 + IPV4_CHECKSUM, tern_ipv4_checksum(l3, l3_len));
}

static void len_set(uint8_t *l3, size_t l3_len, size_t total_len, size_t nth)
{
    tern_store_be16(l3 + IPV4_TOTAL_LEN, (uint16_t)total_len);
    tern_store_be16(l3 + IPV4_ID, (uint16_t)(tern_load_be16(l3 + IPV4_ID) + nth));
    sum_set(l3, l3_len);
}

static uint32_t pseudo_sum(const uint8_t *l3, size_t l4_len, uint8_t protocol)
{
    uint32_t src = ipv4_src(l3), dst = ipv4_dst(l3);
    return (src >> 16) + (src & 0xffff) + (dst >> 16) + (dst & 0xffff) + protocol +
           (uint32_t)l4_len;
}

static bool may_cut(const uint8_t *l3)
{
    return (tern_load_be16(l3 + IPV4_FRAG) & IPV4_DF) == 0;
}

/*
 * The header of all fragments but the first has those options alone that say so
 * (RFC 791 section 3.1, the copied flag). They are well-formed: they came through
 * tern_ipv4_options_check. Its length.
 */
static size_t later_header(uint8_t to[IPV4_HDR_MAX], const uint8_t *l3, size_t l3_len)
{
    size_t len = IPV4_HDR_LEN, opt_len;
    memcpy(to, l3, IPV4_HDR_LEN);
    for (size_t off = IPV4_HDR_LEN; off < l3_len && l3[off] != OPT_END; off += opt_len) {
        opt_len = l3[off] == OPT_NOP || off + 1 == l3_len ? 1 : l3[off + 1];
        if (opt_len == 0 || opt_len > l3_len - off)
            break;
        if ((l3[off] & OPT_COPIED) != 0) {
            memcpy(to + len, l3 + off, opt_len);
            len += opt_len;
        }
    }
    while (len % 4 != 0)
        to[len++] = OPT_END;
    to[IPV4_VIHL] = (uint8_t)(0x40 | len / 4);
    return len;
}

static enum tern_err fragments(struct forward_cut *cut, size_t mtu)
{
    uint8_t later[IPV4_HDR_MAX], *l3 = cut->hdr;
    size_t later_len = later_header(later, l3, cut->l3_len), l3_len = cut->l3_len;
    size_t len = cut->hdr_len - cut->l3_len + cut->data_len;
    unsigned frag = tern_load_be16(l3 + IPV4_FRAG);
    /* Each turn takes 8 octets at least: no link has an MTU below 576. */
    for (size_t off = 0; off < len;) {
        size_t most = (mtu - l3_len) & ~(size_t)7;
        bool last = len - off <= mtu - l3_len;
        size_t n = last ? len - off : most;
        tern_store_be16(l3 + IPV4_FRAG,
                        (uint16_t)(frag + off / 8) | (last ? 0u : (unsigned)IPV4_MF));
        tern_store_be16(l3 + IPV4_TOTAL_LEN, (uint16_t)(l3_len + n));
        sum_set(l3, l3_len);
        enum tern_err err = tern_forward_piece(cut, l3, l3_len, off, n);
        if (err != TERN_OK)
            return err;
        off += n;
        l3 = later;
        l3_len = later_len;
    }
    return TERN_OK;
}

const struct tern_forward_family tern_forward_ipv4 = {
    .ethertype = ETH_TYPE_IPV4,
    .flag = TERN_FORWARD_IPV4,
    .part = &tern_ipv4,
    .ip = ip4,
    .is_used = is_used,
    .scope = scope,
    .transport_find = transport_find,
    .link_mtu = link_mtu,
    .error = error,
    .hop = hop,
    .len_set = len_set,
    .pseudo_sum = pseudo_sum,
    .may_cut = may_cut,
    .fragments = fragments,
};
