/* SPDX-License-Identifier: ISC */
/*
 * What comes in is counted once.
 */
#include "net_count.h"

/* Every frame is in one counter, and so is every packet and datagram in it. */
const char *net_count_wrong(const struct tern_net *net, const struct tern_ipv4 *ipv4,
                            const struct tern_udp *udp, const struct tern_tcp *tcp)
{
    const struct tern_net_stats *n = &net->stats;
    const struct tern_ipv4_stats *i = &ipv4->stats;
    const struct tern_ip_stats *g = &i->ip;
    const struct tern_udp_stats *u = &udp->stats;
    if (n->rx_frames !=
        n->eth_short + n->eth_other_host + n->eth_bad_source + n->eth_unknown_type +
        n->eth_bad_vlan + n->ipv6_unsupported + i->arp_in + i->in_packets)
        return "each frame counted once";
    if (i->in_packets + g->frag_reassembled !=
        i->in_delivered + i->in_short + i->in_bad_version + i->in_bad_hdr_len +
        i->in_bad_total_len + i->in_bad_checksum + i->in_bad_source + i->in_not_ours +
        i->in_wrong_link + i->in_bad_options + i->in_source_route + i->in_unknown_protocol +
        i->in_loopback + i->in_link_group + g->frag_bad_offset + g->frag_bad_len +
        g->frag_overlap + g->frag_duplicate + g->frag_too_large + g->frag_no_buffer +
        g->frag_too_many + g->frag_dead + g->frag_in)
        return "each packet counted once";
    if (i->icmp_in !=
        i->icmp_short + i->icmp_bad_checksum + i->icmp_unknown_type + i->icmp_broadcast +
        i->icmp_ignored + i->icmp_echo_in + i->icmp_errors_in + i->icmp_errors_bad +
        i->icmp_errors_unmatched)
        return "each ICMP message counted once";
    if (i->igmp_in !=
        i->igmp_bad_checksum + g->group_queries + g->group_heard + g->group_ignored +
        g->group_not_local + g->group_malformed)
        return "each IGMP message counted once";
    if (i->arp_in !=
        i->arp_bad + i->arp_not_ours + i->arp_unsolicited + i->arp_conflict + i->arp_learned +
        i->arp_asked)
        return "each ARP packet counted once";
    if (u->in_dgrams !=
        u->in_delivered + u->in_short + u->in_bad_len + u->in_bad_checksum + u->in_no_port +
        u->in_no_room + u->in_port_zero + u->in_closed)
        return "each datagram counted once";
    if (i->in_delivered !=
        i->icmp_in + i->igmp_in + u->in_dgrams + tcp->stats.in_segs)
        return "each delivered packet taken by a transport";
    return NULL;
}
