/* SPDX-License-Identifier: ISC */
/*
 * Multicast Listener Discovery (RFC 3810, and RFC 2710 where its version 1 is
 * spoken) as far as it is not IGMP as well: see ip_group.c.
 */
#include "ipv6_internal.h"
#include "mld_wire.h"

/* Octets of a report of version 2 with all the records that it may have. */
enum { REPORT_CAP = 8 + IP_GROUP_RECORDS * 20 };

static bool mld_is_reported(const struct tern_addr *group)
{
    static const struct tern_addr all_nodes = { { 0xff, 2, [15] = 1 } };
    /* RFC 3810 section 6: nor those whose scope is 0 or 1, which stay inside. */
    return (group->octets[1] & 15) > 1 && !tern_addr_equal(group, &all_nodes);
}

void tern_mld_group_mac(uint8_t mac[6], const struct tern_addr *group)
{
    tern_store_be16(mac, 0x3333);    /* RFC 2464 section 7 */
    tern_store_be32(mac + 2, tern_load_be32(group->octets + 12));
}

/* RFC 3810 section 5.2.13, RFC 3590: an address that is ours beyond doubt, or none. */
static struct tern_addr source(const struct tern_ipv6 *ip, uint8_t link)
{
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++) {
        const struct tern_ipv6_own *own = &ip->addrs[i];
        if (own->link == link && ipv6_own_is_valid(own) && ipv6_addr_is_link_local(&own->addr))
            return own->addr;
    }
    return (struct tern_addr){ { 0 } };
}

static bool mld_report(struct tern_ip *shared, uint8_t link, uint8_t version,
                       const struct tern_group_record *records, size_t n)
{
    static const struct tern_addr all_routers = { { 0xff, 2, [15] = 2 } };
    static const struct tern_addr all_reports = { { 0xff, 2, [15] = 0x16 } };
    struct tern_ipv6 *ip = ipv6_of(shared);
    struct tern_addr src = source(ip, link);
    const struct tern_addr *dst = &all_reports;
    uint8_t msg[REPORT_CAP];
    size_t len = MLD1_LEN;
    if (version == 2) {
        len = tern_mld_report_emit(msg, sizeof msg, records, n, &n);
    } else {
        bool leave = records->type == GROUP_TO_INCLUDE;
        dst = leave ? &all_routers : &records->group;
        tern_mld1_emit(msg, leave ? ICMP6_MLD_DONE : ICMP6_MLD_REPORT, &records->group);
    }
    return tern_ipv6_send_local(ip, link, &src, dst, NULL, msg, len, true);
}

static void query_input(struct tern_ipv6 *ip, const struct tern_net_packet *pkt)
{
    struct tern_mld_from from = { .src = pkt->src.octets, .hop_limit = pkt->ttl,
                                  .has_alert = pkt->alert };
    struct tern_group_query q;
    switch (tern_mld_query_parse(pkt->l4, pkt->l4_contig, pkt->l4_len, &from, &q)) {
    case TERN_GROUP_GOOD:
        tern_ip_group_query(&ip->ip, pkt->link, &q);
        break;
    case TERN_GROUP_NOT_LOCAL:
        ip->stats.ip.group_not_local++;
        break;
    case TERN_GROUP_MALFORMED:
        ip->stats.ip.group_malformed++;
        break;
    }
}

/* Another host's, in version 1 (RFC 2710 section 3); :: is RFC 3590's. */
static void report_input(struct tern_ipv6 *ip, const struct tern_net_packet *pkt)
{
    struct tern_addr group;
    if (pkt->ttl != MLD_HOP_LIMIT || !pkt->alert ||
        !(ipv6_addr_is_link_local(&pkt->src) || tern_addr_is_any(&pkt->src))) {
        ip->stats.ip.group_not_local++;
        return;
    }
    if (pkt->l4_contig < MLD1_LEN) {
        ip->stats.ip.group_malformed++;
        return;
    }
    group = ipv6_addr(pkt->l4 + ICMP6_HDR_LEN);
    tern_ip_group_heard(&ip->ip, pkt->link, &group);
}

void tern_mld_input(struct tern_ipv6 *ip, const struct tern_net_packet *pkt)
{
    if (pkt->fragmented)    /* none of these is longer than the least MTU */
        ip->stats.ip.group_malformed++;
    else if (pkt->l4[ICMP6_TYPE] == ICMP6_MLD_QUERY)
        query_input(ip, pkt);
    else if (pkt->l4[ICMP6_TYPE] == ICMP6_MLD_REPORT)
        report_input(ip, pkt);
    else
        ip->stats.ip.group_ignored++;
}

const struct ip_group_ops tern_mld_ops = {
    .version = 2,
    .is_reported = mld_is_reported,
    .mac = tern_mld_group_mac,
    .report = mld_report,
    .run = tern_ip_groups_run,
    .tell = tern_ip_groups_tell,
    .has = tern_ip_has_group,
};
