/* SPDX-License-Identifier: ISC */
/*
 * Forwarding IPv6 (RFC 8200, RFC 4291 section 2.5.6, RFC 4443 section 3): what
 * may pass and errors. Extension headers are of no account on the way, a
 * Hop-by-Hop Options header neither (RFC 8200 section 4.3); who looks for the
 * transport's header goes past them by their lengths.
 */
#include "eth_wire.h"
#include "forward_internal.h"
#include "ipv6_internal.h"

static struct tern_ip *ip6(void *context)
{
    struct tern_ipv6 *ip = context;
    return &ip->ip;
}

/* RFC 4291 section 2.8: all routers of the link are in ff02::2. */
static enum tern_err group(void *context, uint8_t link, bool leave)
{
    static const struct tern_addr all_routers = { { 0xff, 2, [15] = 2 } };
    struct tern_ipv6 *ip = context;
    return leave ? tern_ip_group_leave(&ip->ip, link, &all_routers)
                 : tern_ip_group_join(&ip->ip, link, &all_routers);
}

static bool is_used(const void *context, uint8_t link)
{
    const struct tern_ipv6 *ip = context;
    return ip->links[link].running;
}

static enum forward_scope scope(const struct tern_net *net, const void *context,
                                const struct tern_net_packet *pkt)
{
    (void)net;
    if (!tern_ipv6_is_host(&pkt->dst) || ipv6_addr_is_link_local(&pkt->dst) ||
        tern_ipv6_own_find(context, 0xff, &pkt->dst) != NULL)
        return FORWARD_BAD_DST;
    if (!tern_ipv6_is_host(&pkt->src))
        return FORWARD_BAD_SOURCE;
    return ipv6_addr_is_link_local(&pkt->src) ? FORWARD_SOURCE_BEYOND : FORWARD_GOOD;
}

static void transport_find(struct forward_job *job)
{
    struct tern_ipv6_chain chain;
    const struct tern_net_packet *pkt = job->pkt;
    const uint8_t *l3 = pkt->l3;
    if (job->protocol == IP_TCP || job->protocol == IP_UDP || job->protocol == IP_ICMP6)
        return;
    size_t contig = pkt->l3_len + pkt->l4_contig;
    bool found = tern_ipv6_quote_walk(&chain, l3, contig);
    job->hdr_len = chain.off;
    job->protocol = chain.next;
    job->fragment = chain.has_fragment;
    if (found)
        return;
    /* Behind a fragment's header that is not the first's there is none. */
    job->later = chain.next == IPV6_FRAGMENT && contig - chain.off >= IPV6_FRAGMENT_HDR_LEN;
    job->fragment |= job->later;
    job->protocol = job->later ? l3[chain.off] : TERN_FORWARD_UNKNOWN;
}

static uint16_t link_mtu(const struct tern_net *net, const void *context, uint8_t link)
{
    return tern_ipv6_link_mtu(net, context, link);
}

static void error(const struct forward_job *job, enum forward_error what, uint16_t mtu)
{
    static const uint8_t types[FORWARD_N_ERRORS] = {
        [FORWARD_EXPIRED] = ICMP6_TIME_EXCEEDED, [FORWARD_NO_ROUTE] = ICMP6_UNREACHABLE,
        [FORWARD_NO_NEIGHBOUR] = ICMP6_UNREACHABLE, [FORWARD_PROHIBITED] = ICMP6_UNREACHABLE,
        [FORWARD_TOO_BIG] = ICMP6_TOO_BIG, [FORWARD_BEYOND_SCOPE] = ICMP6_UNREACHABLE,
    };
    static const uint8_t codes[FORWARD_N_ERRORS] = {
        [FORWARD_NO_NEIGHBOUR] = ICMP6_ADDRESS_UNREACHABLE,
        [FORWARD_PROHIBITED] = ICMP6_PROHIBITED, [FORWARD_BEYOND_SCOPE] = ICMP6_BEYOND_SCOPE,
    };
    tern_icmp6_error(job->context, job->pkt, types[what], codes[what], mtu);
}

static void hop(uint8_t *l3)
{
    l3[IPV6_HOP_LIMIT]--;
}

static void len_set(uint8_t *l3, size_t l3_len, size_t total_len, size_t nth)
{
    (void)nth;
    tern_store_be16(l3 + IPV6_PAYLOAD_LEN, (uint16_t)(total_len - l3_len));
}

static uint32_t pseudo_sum(const uint8_t *l3, size_t l4_len, uint8_t protocol)
{
    return tern_ipv6_pseudo_sum(l3 + IPV6_SRC, l3 + IPV6_DST, l4_len, protocol);
}

/* RFC 8200 section 4.5: only its source cuts a packet. */
static bool may_cut(const uint8_t *l3)
{
    (void)l3;
    return false;
}

const struct tern_forward_family tern_forward_ipv6 = {
    .ethertype = ETH_TYPE_IPV6,
    .flag = TERN_FORWARD_IPV6,
    .part = &tern_ipv6,
    .group = group,
    .ip = ip6,
    .is_used = is_used,
    .scope = scope,
    .transport_find = transport_find,
    .link_mtu = link_mtu,
    .error = error,
    .hop = hop,
    .len_set = len_set,
    .pseudo_sum = pseudo_sum,
    .may_cut = may_cut,
};
