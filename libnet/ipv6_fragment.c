/* SPDX-License-Identifier: ISC */
/*
 * Fragments of IPv6 (RFC 8200 section 4.5, RFC 5722, 7112): what they say in
 * their headers, and the packet that they become. And what the shared part asks
 * of IPv6.
 */
#include "ipv6_internal.h"

#include <string.h>

void tern_ipv6_fragment(struct tern_ipv6 *ip, const struct tern_net_packet *pkt,
                        const struct tern_ipv6_chain *chain)
{
    struct tern_net_packet piece = *pkt;
    /* The walk ends at the fragment's data, or in a first one at its upper layer. */
    size_t data_off = (size_t)chain->frag_hdr_off + IPV6_FRAGMENT_HDR_LEN;
    size_t more_l3 = pkt->l3_len - data_off;
    piece.l4 -= more_l3;
    piece.l4_off -= more_l3;
    piece.l4_len += more_l3;
    piece.l4_contig += more_l3;
    piece.l3_len = data_off;
    if (data_off > TERN_REASSEMBLY_HDR_LEN) {
        ip->stats.in_long_chain++;
        return;
    }
    struct ip_fragment f = { .pkt = &piece,
                             .id = chain->frag_id,
                             .start = chain->frag_off,
                             .end = chain->frag_off + piece.l4_len,
                             .end_max = 65535 - (data_off - IPV6_FRAGMENT_HDR_LEN - IPV6_HDR_LEN),
                             .more = chain->more };
    switch (tern_ip_fragment(&ip->ip, &f)) {
    case IP_FRAGMENT_GOOD:
        break;
    case IP_FRAGMENT_BAD_LEN:
        tern_icmp6_error(ip, pkt, ICMP6_PARAMETER, 0, IPV6_PAYLOAD_LEN);
        break;
    case IP_FRAGMENT_BAD_OFFSET:
        tern_icmp6_error(ip, pkt, ICMP6_PARAMETER, 0, chain->frag_hdr_off + 2u);
        break;
    }
}

/* What tern_ip_reassembly_packet leaves to the family. */
static struct tern_net_packet packet_of(struct tern_ip *shared, struct tern_reassembly *r)
{
    struct tern_net_packet pkt = tern_ip_reassembly_packet(shared, r);
    pkt.ttl = pkt.l3[IPV6_HOP_LIMIT];
    pkt.ecn = ipv6_traffic_class(pkt.l3) & 3;
    pkt.multicast = ipv6_addr_is_multicast(&r->dst);
    pkt.fragmented = true;
    return pkt;
}

/*
 * The header and those before the fragment header move up over it; then the
 * packet's headers are walked like those of any other.
 */
static void reassembled(struct tern_ip *shared, struct tern_reassembly *r, uint8_t ecn)
{
    struct tern_ipv6 *ip = ipv6_of(shared);
    struct tern_ipv6_chain chain;
    uint8_t *hdr = r->frame + IP_REASSEMBLY_OFF - r->hdr_len;
    struct tern_ipv6_view v = { .hdr = hdr, .total_len = (size_t)r->hdr_len + r->total_len };
    /* The walk went well when fragment zero came. */
    (void)tern_ipv6_chain_walk(&chain, &v, v.total_len);
    hdr[chain.frag_next_off] = chain.frag_next;
    r->hdr_len = (uint8_t)(r->hdr_len - IPV6_FRAGMENT_HDR_LEN);
    memmove(hdr + IPV6_FRAGMENT_HDR_LEN, hdr, r->hdr_len);
    hdr += IPV6_FRAGMENT_HDR_LEN;
    size_t payload_len = (size_t)r->hdr_len - IPV6_HDR_LEN + r->total_len;
    tern_store_be16(hdr + IPV6_PAYLOAD_LEN, (uint16_t)payload_len);
    tern_store_be16(hdr + IPV6_FLOW,
                    (uint16_t)((tern_load_be16(hdr + IPV6_FLOW) & 0xffcf) | ecn << 4));
    v = (struct tern_ipv6_view){ .hdr = hdr, .total_len = IPV6_HDR_LEN + payload_len };
    struct tern_net_packet pkt = packet_of(shared, r);
    enum tern_ipv6_fault fault = tern_ipv6_chain_walk(&chain, &v, v.total_len);
    if (fault != TERN_IPV6_GOOD || chain.has_fragment) {
        ip->stats.in_bad_fragment++;    /* a fragment in fragments, or headers that have changed */
        return;
    }
    pkt.l4 = hdr + chain.off;
    pkt.l4_off += chain.off - r->hdr_len;
    pkt.l4_len = pkt.l4_contig = v.total_len - chain.off;
    pkt.l3_len = chain.off;
    pkt.protocol = chain.next;
    pkt.alert = chain.has_alert;
    tern_ipv6_deliver(ip, &pkt, chain.next_off);
}

/* RFC 8200 section 4.5: time exceeded, with fragment zero as quote. */
static void timed_out(struct tern_ip *shared, struct tern_reassembly *r)
{
    struct tern_net_packet pkt = packet_of(shared, r);
    tern_icmp6_error(ipv6_of(shared), &pkt, ICMP6_TIME_EXCEEDED, ICMP6_REASSEMBLY_EXCEEDED, 0);
}

static uint64_t run(struct tern_ip *shared, uint64_t now_ns)
{
    struct tern_ipv6 *ip = ipv6_of(shared);
    const uint64_t due_ns[] = { tern_ipv6_own_run(ip, now_ns), tern_nd_router_run(ip, now_ns),
                                tern_slaac_run(ip, now_ns) };
    uint64_t next_ns = TERN_NEVER;
    for (size_t i = 0; i < sizeof due_ns / sizeof due_ns[0]; i++)
        next_ns = due_ns[i] < next_ns ? due_ns[i] : next_ns;
    return next_ns;
}

const struct ip_family tern_ipv6_family = {
    .ask = tern_nd_ask,
    .run = run,
    .reassembled = reassembled,
    .timed_out = timed_out,
};
