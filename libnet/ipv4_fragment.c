/* SPDX-License-Identifier: ISC */
/*
 * Fragments of IPv4 (RFC 791 section 3.2): what they say in their header, and
 * the packet that they become.
 */
#include "icmp4_wire.h"
#include "ipv4_internal.h"
#include "ipv4_wire.h"

void tern_ipv4_fragment(struct tern_ipv4 *ip, const struct tern_net_packet *pkt)
{
    uint16_t frag = tern_load_be16(pkt->l3 + IPV4_FRAG);
    size_t start = (size_t)(frag & IPV4_OFF_MASK) * 8;
    uint32_t id = (uint32_t)pkt->protocol << 16 | tern_load_be16(pkt->l3 + IPV4_ID);
    struct ip_fragment f = { .pkt = pkt,
                             .id = id,
                             .start = start,
                             .end = start + pkt->l4_len,
                             .end_max = 65535 - pkt->l3_len,
                             .more = (frag & IPV4_MF) != 0 };
    /* RFC 1122 section 3.3.2 knows no answer to a bad one: it is only counted. */
    (void)tern_ip_fragment(&ip->ip, &f);
}

/* What tern_ip_reassembly_packet leaves to the family. */
static struct tern_net_packet packet_of(struct tern_ipv4 *ip, struct tern_reassembly *r)
{
    struct tern_net_packet pkt = tern_ip_reassembly_packet(&ip->ip, r);
    pkt.protocol = pkt.l3[IPV4_PROTOCOL];
    pkt.ttl = pkt.l3[IPV4_TTL];
    pkt.ecn = pkt.l3[IPV4_TOS] & 3;
    pkt.fragmented = true;
    pkt.multicast = !ip->links[r->link].set ||
                    tern_addr_to_v4(&r->dst) != ip->links[r->link].addr;
    return pkt;
}

static void reassembled(struct tern_ip *shared, struct tern_reassembly *r, uint8_t ecn)
{
    struct tern_ipv4 *ip = ipv4_of(shared);
    uint8_t *hdr = r->frame + IP_REASSEMBLY_OFF - r->hdr_len;
    tern_store_be16(hdr + IPV4_TOTAL_LEN, (uint16_t)(r->hdr_len + r->total_len));
    tern_store_be16(hdr + IPV4_FRAG, 0);
    hdr[IPV4_TOS] = (uint8_t)((hdr[IPV4_TOS] & 0xfc) | ecn);
    tern_store_be16(hdr + IPV4_CHECKSUM, 0);
    tern_store_be16(hdr + IPV4_CHECKSUM, tern_ipv4_checksum(hdr, r->hdr_len));
    struct tern_net_packet pkt = packet_of(ip, r);
    tern_ipv4_deliver(shared->net, ip, &pkt);
}

/* RFC 1122 section 3.3.2: time exceeded, with fragment zero as quote. */
static void timed_out(struct tern_ip *shared, struct tern_reassembly *r)
{
    struct tern_ipv4 *ip = ipv4_of(shared);
    struct tern_net_packet pkt = packet_of(ip, r);
    tern_icmp4_error(shared->net, ip, &pkt, ICMP4_TIME_EXCEEDED, 1, 0);
}

const struct ip_family tern_ipv4_family = {
    .ask = tern_arp_ask,
    .run = tern_arp_run,
    .reassembled = reassembled,
    .timed_out = timed_out,
};
