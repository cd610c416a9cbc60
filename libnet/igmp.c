/* SPDX-License-Identifier: ISC */
/*
 * IGMP (RFC 3376, and RFC 2236 and 1112 where their versions are spoken) as far
 * as it is not MLD as well: see ip_group.c.
 */
#include "eth_wire.h"
#include "igmp_wire.h"
#include "ipv4_internal.h"
#include "ipv4_wire.h"

/* RFC 3376 section 4: every message has a Router Alert (RFC 2113) behind its header. */
enum { ALERT_LEN = 4, HDR_LEN = IPV4_HDR_LEN + ALERT_LEN, OPT_ALERT = 0x94 };
#define ALERT 0x94040000u
#define TOS 0xc0u    /* Internetwork Control */

/* Octets of a report of version 3 with all the records that it may have. */
enum { REPORT_CAP = 8 + IP_GROUP_RECORDS * 8 };

static bool igmp_is_reported(const struct tern_addr *group)
{
    return tern_addr_to_v4(group) != IGMP_ALL_HOSTS;
}

void tern_igmp_group_mac(uint8_t mac[6], const struct tern_addr *group)
{
    tern_store_be16(mac, 0x0100);    /* RFC 1112 section 6.4 */
    tern_store_be32(mac + 2, 0x5e000000 | (tern_addr_to_v4(group) & 0x7fffff));
}

/* ---- Sending ------------------------------------------------------------ */

static bool send(struct tern_ipv4 *ip, uint8_t link, uint32_t dst, const uint8_t *msg, size_t len)
{
    struct tern_addr group = tern_addr_v4(dst);
    struct tern_tx tx;
    uint8_t mac[6];
    tern_igmp_group_mac(mac, &group);
    if (tern_net_slot_begin(ip->ip.net, link, 0xff, mac, ETH_TYPE_IPV4, HDR_LEN + len, &tx,
                            NULL) != TERN_OK)
        return false;
    uint8_t *hdr = tx.data + ETH_HDR_LEN;
    tern_store_be32(hdr + IPV4_VIHL, 0x46000000 | TOS << 16 | (uint32_t)(HDR_LEN + len));
    tern_store_be32(hdr + IPV4_ID, IPV4_DF);    /* RFC 6864 section 4.1 */
    tern_store_be32(hdr + IPV4_TTL, (uint32_t)IGMP_TTL << 24 | IPV4_IGMP << 16);
    tern_store_be32(hdr + IPV4_SRC, ip->links[link].addr);
    tern_store_be32(hdr + IPV4_DST, dst);
    tern_store_be32(hdr + IPV4_HDR_LEN, ALERT);
    tern_store_be16(hdr + IPV4_CHECKSUM, tern_ipv4_checksum(hdr, HDR_LEN));
    for (size_t i = 0; i < len; i++)
        hdr[HDR_LEN + i] = msg[i];
    ip->stats.ip.out_packets++;
    tern_net_slot_commit(ip->ip.net, link, &tx, HDR_LEN + len);
    return true;
}

static bool igmp_report(struct tern_ip *shared, uint8_t link, uint8_t version,
                        const struct tern_group_record *records, size_t n)
{
    struct tern_ipv4 *ip = ipv4_of(shared);
    uint8_t msg[REPORT_CAP];
    uint32_t group = tern_addr_to_v4(&records->group);
    if (version == 3) {
        size_t len = tern_igmp_report_emit(msg, sizeof msg, records, n, &n);
        return send(ip, link, IGMP_ALL_REPORTS, msg, len);
    }
    if (records->type != GROUP_TO_INCLUDE) {
        tern_igmp_emit(msg, version == 2 ? IGMP_REPORT_V2 : IGMP_REPORT_V1, group);
        return send(ip, link, group, msg, IGMP_HDR_LEN);
    }
    if (version == 1)    /* it knows of no leaving */
        return true;
    tern_igmp_emit(msg, IGMP_LEAVE, group);
    return send(ip, link, IGMP_ALL_ROUTERS, msg, IGMP_HDR_LEN);
}

/* ---- Receiving ---------------------------------------------------------- */

/* Is there a Router Alert among the options, which are well-formed? */
static bool has_alert(const struct tern_net_packet *pkt)
{
    /* Each turn adds at least one octet to off. */
    for (size_t off = IPV4_HDR_LEN; off < pkt->l3_len;) {
        uint8_t option = pkt->l3[off];
        if (option == OPT_ALERT)
            return true;
        off += option == 1 ? 1 : option == 0 ? pkt->l3_len : pkt->l3[off + 1];
    }
    return false;
}

/*
 * RFC 3376 section 9.1: a query of version 2 or 3 without a Router Alert is not
 * believed. Version 1 had none (RFC 1112 appendix I).
 */
static void query_input(struct tern_ipv4 *ip, const struct tern_net_packet *pkt)
{
    struct tern_group_query q;
    enum tern_group_fault fault =
        tern_igmp_query_parse(pkt->l4, pkt->l4_contig, pkt->l4_len, pkt->ttl, &q);
    if (fault == TERN_GROUP_MALFORMED)
        ip->stats.ip.group_malformed++;
    else if (fault == TERN_GROUP_NOT_LOCAL || (q.version > 1 && !has_alert(pkt)))
        ip->stats.ip.group_not_local++;
    else
        tern_ip_group_query(&ip->ip, pkt->link, &q);
}

/* Another host's, of version 1 or 2; not from another network (RFC 2236 section 10). */
static void report_input(struct tern_ipv4 *ip, const struct tern_net_packet *pkt)
{
    uint32_t src = tern_addr_to_v4(&pkt->src);
    struct tern_addr group = tern_addr_v4(tern_load_be32(pkt->l4 + 4));
    if (pkt->ttl != IGMP_TTL || !ip->links[pkt->link].set ||
        (src != IPV4_ANY &&
         ((src ^ ip->links[pkt->link].addr) & ip->links[pkt->link].mask) != 0)) {
        ip->stats.ip.group_not_local++;
        return;
    }
    tern_ip_group_heard(&ip->ip, pkt->link, &group);
}

static void igmp_input(struct tern_ip *shared, const struct tern_net_packet *pkt)
{
    struct tern_ipv4 *ip = ipv4_of(shared);
    if (pkt->fragmented || pkt->l4_contig < IGMP_HDR_LEN) {
        ip->stats.ip.group_malformed++;
        return;
    }
    if (tern_checksum_finish(tern_rx_sum(ip->ip.net, pkt->rx, pkt->l4_off, pkt->l4_len, 0)) != 0) {
        ip->stats.igmp_bad_checksum++;
        return;
    }
    switch (pkt->l4[0]) {
    case IGMP_QUERY:
        query_input(ip, pkt);
        break;
    case IGMP_REPORT_V1:
    case IGMP_REPORT_V2:
        report_input(ip, pkt);
        break;
    default:
        ip->stats.ip.group_ignored++;
        break;
    }
}

const struct ip_group_ops tern_igmp_ops = {
    .version = 3,
    .is_reported = igmp_is_reported,
    .mac = tern_igmp_group_mac,
    .report = igmp_report,
    .input = igmp_input,
    .run = tern_ip_groups_run,
    .tell = tern_ip_groups_tell,
    .has = tern_ip_has_group,
};
