/* SPDX-License-Identifier: ISC */
/*
 * ICMP for IPv4 (RFC 792, RFC 1122 section 3.2.2): answers echoes, sends
 * errors rarely, and hands errors about our own packets to their transport,
 * which decides whether to believe them (RFC 5927).
 */
#include "icmp4_wire.h"
#include "ipv4_internal.h"
#include "ipv4_wire.h"

#include <string.h>

/* ---- Errors that we send ------------------------------------------------ */

/* RFC 1122 section 3.2.2: what no error may be sent about. */
static bool error_allowed(const struct tern_net_packet *pkt)
{
    if (pkt->multicast || (tern_load_be16(pkt->l3 + IPV4_FRAG) & IPV4_OFF_MASK) != 0)
        return false;
    return pkt->protocol != IPV4_ICMP ||
           (pkt->l4_contig > 0 && !icmp4_is_error(pkt->l4[ICMP4_TYPE]));
}

/* RFC 1812 section 4.3.2.3: as much as fits 576 octets, and never more than came. */
#define ERROR_LEN_MAX (576u - IPV4_HDR_LEN)

void tern_icmp4_error(struct tern_net *net, struct tern_ipv4 *ip,
                      const struct tern_net_packet *pkt, uint8_t type, uint8_t code,
                      uint32_t word)
{
    uint8_t msg[ERROR_LEN_MAX];
    struct tern_addr src;
    if (!error_allowed(pkt)) {
        ip->stats.icmp_not_allowed++;
        return;
    }
    if (!tern_ip_rate_allows(&ip->ip, &pkt->src))
        return;
    size_t quote_len = pkt->l3_len + pkt->l4_contig;
    if (quote_len > ERROR_LEN_MAX - ICMP4_HDR_LEN)
        quote_len = ERROR_LEN_MAX - ICMP4_HDR_LEN;
    tern_store_be32(msg, (uint32_t)type << 24 | (uint32_t)code << 16);
    tern_store_be32(msg + 4, word);
    memcpy(msg + ICMP4_HDR_LEN, pkt->l3, quote_len);
    size_t len = ICMP4_HDR_LEN + quote_len;
    tern_store_be16(msg + ICMP4_CHECKSUM, tern_checksum_finish(net->checksum->add(0, msg, len)));
    struct tern_net_path path = { 0 };
    struct tern_net_out out = { .src = &src,
                                .dst = &pkt->src,
                                .path = &path,
                                .protocol = IPV4_ICMP,
                                .tos = 0xc0,    /* RFC 1812 section 4.3.2.5 */
                                .transport = 0xff,
                                .scope = pkt->transit ? 0 : (uint16_t)(pkt->link + 1) };
    /* The address of the link that it leaves by (RFC 1812 section 4.3.2.4). */
    if (tern_ipv4_source(net, ip, &pkt->src, out.scope, &src) == TERN_OK &&
        tern_ip_send(&ip->ip, &out, msg, len) == TERN_OK)
        ip->stats.icmp_errors_out++;
    else
        ip->stats.icmp_full++;
}

/* ---- Echo --------------------------------------------------------------- */

/*
 * The question becomes the answer where it stands. The type is the one octet
 * that differs: RFC 1624's update of the checksum, if the field holds one that
 * we have verified; where a driver vouched for it, it may hold anything.
 */
static void echo_turn(struct tern_net *net, struct tern_net_packet *pkt, uint8_t *l4)
{
    uint32_t sum;
    l4[ICMP4_TYPE] = ICMP4_ECHO_REPLY;
    if (pkt->rx->csum == TERN_CSUM_NONE) {
        sum = (uint32_t)(uint16_t)~tern_load_be16(l4 + ICMP4_CHECKSUM) +
              (uint32_t)(uint16_t)~((uint16_t)ICMP4_ECHO << 8);
    } else {
        tern_store_be16(l4 + ICMP4_CHECKSUM, 0);
        sum = tern_rx_sum(net, pkt->rx, pkt->l4_off, pkt->l4_len, 0);
    }
    /* Of the two zeros all ones is right for every message, also one of only zeros. */
    uint16_t field = tern_checksum_finish(sum);
    tern_store_be16(l4 + ICMP4_CHECKSUM, field != 0 ? field : 0xffff);
}

/*
 * RFC 1122 section 3.2.2.6. The answer leaves from the address that was asked,
 * by our own route: no option of the question has a say in it. All of it is
 * written into the slot, whatever the spans; one longer than the MTU came in
 * fragments, in one run, and leaves in fragments.
 */
static void echo(struct tern_net *net, struct tern_ipv4 *ip, struct tern_net_packet *pkt)
{
    struct tern_net_path path = { 0 };
    struct tern_net_out out = { .src = &pkt->dst,
                                .dst = &pkt->src,
                                .path = &path,
                                .protocol = IPV4_ICMP,
                                .tos = pkt->l3[IPV4_TOS] & 0xfc,
                                .transport = 0xff,
                                .scope = (uint16_t)(pkt->link + 1) };
    echo_turn(net, pkt, pkt->rx->spans[0].data + pkt->l4_off);
    if (tern_ip_answer(&ip->ip, pkt, &out) == TERN_OK)
        ip->stats.icmp_echo_replies++;
    else
        ip->stats.icmp_full++;
}

/* ---- Errors that we receive --------------------------------------------- */

static void kind_set(struct tern_net_error *error, uint8_t type, uint8_t code)
{
    error->kind = TERN_NET_ERROR_UNREACHABLE;
    if (type == ICMP4_TIME_EXCEEDED)
        error->kind = TERN_NET_ERROR_EXPIRED;
    else if (type == ICMP4_PARAMETER)
        error->kind = TERN_NET_ERROR_PARAMETER;
    else if (code == ICMP4_PROTOCOL_UNREACHABLE)
        error->kind = TERN_NET_ERROR_PROTOCOL;
    else if (code == ICMP4_PORT_UNREACHABLE)
        error->kind = TERN_NET_ERROR_PORT;
    else if (code == ICMP4_TOO_BIG)
        error->kind = TERN_NET_ERROR_TOO_BIG;
}

static void error_input(struct tern_net *net, struct tern_ipv4 *ip,
                        const struct tern_net_packet *pkt)
{
    struct tern_icmp4_quote quote;
    const uint8_t *msg = pkt->l4;
    /*
     * The quote must lie in the first span: 256 octets hold what we look at.
     * The error is to come to the address that it is about.
     */
    if (tern_icmp4_quote_parse(msg + ICMP4_HDR_LEN, pkt->l4_contig - ICMP4_HDR_LEN, &quote) !=
            TERN_OK ||
        quote.src != tern_addr_to_v4(&pkt->dst)) {
        ip->stats.icmp_errors_bad++;
        return;
    }
    struct tern_net_error error = { .src = tern_addr_v4(quote.src),
                                    .dst = tern_addr_v4(quote.dst),
                                    .l4 = quote.l4,
                                    .l4_len = quote.l4_len,
                                    .network = ip->ip.slot,
                                    .link = pkt->link };
    kind_set(&error, msg[ICMP4_TYPE], msg[ICMP4_CODE]);
    if (error.kind == TERN_NET_ERROR_TOO_BIG) {
        uint16_t mtu = tern_load_be16(msg + ICMP4_MTU);
        error.mtu = mtu != 0 ? mtu : tern_icmp4_plateau(quote.total_len);
    }
    if (tern_net_deliver_error(net, quote.protocol, &error))
        ip->stats.icmp_errors_in++;
    else
        ip->stats.icmp_errors_unmatched++;
}

/* ---- Input -------------------------------------------------------------- */

static bool sum_ok(const struct tern_net *net, const struct tern_net_packet *pkt)
{
    if (pkt->rx->csum != TERN_CSUM_NONE)
        return true;
    return tern_checksum_fold(tern_rx_sum(net, pkt->rx, pkt->l4_off, pkt->l4_len, 0)) == 0xffff;
}

void tern_icmp4_input(struct tern_net *net, struct tern_ipv4 *ip, struct tern_net_packet *pkt)
{
    struct tern_ipv4_stats *stats = &ip->stats;
    stats->icmp_in++;
    if (pkt->l4_contig < ICMP4_HDR_LEN) {
        stats->icmp_short++;
        return;
    }
    if (!sum_ok(net, pkt)) {
        stats->icmp_bad_checksum++;
        return;
    }
    if (pkt->multicast) {
        stats->icmp_broadcast++;
        return;
    }
    switch (pkt->l4[ICMP4_TYPE]) {
    case ICMP4_ECHO:
        stats->icmp_echo_in++;
        echo(net, ip, pkt);
        break;
    case ICMP4_UNREACHABLE:
    case ICMP4_TIME_EXCEEDED:
    case ICMP4_PARAMETER:
        error_input(net, ip, pkt);
        break;
    case ICMP4_ECHO_REPLY:
    case ICMP4_TIMESTAMP_REPLY:
    case ICMP4_SOURCE_QUENCH:    /* RFC 6633 */
    case ICMP4_REDIRECT:         /* an end host with one router has no use for it */
        stats->icmp_ignored++;
        break;
    default:
        stats->icmp_unknown_type++;
        break;
    }
}
