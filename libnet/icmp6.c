/* SPDX-License-Identifier: ISC */
/*
 * ICMPv6 (RFC 4443): answers echoes, sends errors rarely, and hands errors
 * about our own packets to their transport, which decides whether to believe
 * them (RFC 5927). Neighbour Discovery and multicast listening are passed on.
 */
#include "ipv6_internal.h"

#include <string.h>

/* ---- Errors that we send ------------------------------------------------ */

/*
 * RFC 4443 section 2.4 (e): nothing about errors and redirects, to nobody in
 * particular, or about what was sent to many, but for one: an unknown option
 * that wants it.
 */
static bool error_allowed(const struct tern_net_packet *pkt, uint8_t type, uint8_t code)
{
    if (!tern_ipv6_is_host(&pkt->src))
        return false;
    if (pkt->multicast && !(type == ICMP6_PARAMETER && code == 2))
        return false;
    /* It may stand behind the very headers that the error is about, or in a fragment. */
    struct tern_ipv6_chain chain;
    size_t len = pkt->l3_len + pkt->l4_contig;
    return !tern_ipv6_quote_walk(&chain, pkt->l3, len) || chain.next != IPV6_ICMP ||
           (chain.off < len && !icmp6_is_unanswered(pkt->l3[chain.off]));
}

/* An answer leaves by the link that asked, one to who is farther off by route. */
static uint16_t scope_back(const struct tern_net_packet *pkt)
{
    return pkt->transit && !ipv6_addr_is_link_local(&pkt->src) ? 0 : (uint16_t)(pkt->link + 1);
}

/* The address that was asked if it is ours, else the best for the way back (section 2.2). */
static enum tern_err source_for(struct tern_ipv6 *ip, const struct tern_net_packet *pkt,
                                struct tern_addr *src)
{
    const struct tern_ipv6_own *own = tern_ipv6_own_find(ip, 0xff, &pkt->dst);
    if (own != NULL && ipv6_own_is_valid(own)) {
        *src = pkt->dst;
        return TERN_OK;
    }
    return tern_ipv6_source(ip->ip.net, ip, &pkt->src, scope_back(pkt), src);
}

void tern_icmp6_error(struct tern_ipv6 *ip, const struct tern_net_packet *pkt, uint8_t type,
                      uint8_t code, uint32_t word)
{
    uint8_t msg[ICMP6_HDR_LEN + ICMP6_QUOTE_MAX];
    struct tern_addr src;
    if (!error_allowed(pkt, type, code)) {
        ip->stats.icmp_not_allowed++;
        return;
    }
    if (!tern_ip_rate_allows(&ip->ip, &pkt->src))
        return;
    size_t quote_len = pkt->l3_len + pkt->l4_contig;
    if (quote_len > ICMP6_QUOTE_MAX)
        quote_len = ICMP6_QUOTE_MAX;
    tern_icmp6_hdr_emit(msg, type, code, word);
    memcpy(msg + ICMP6_HDR_LEN, pkt->l3, quote_len);
    struct tern_net_path path = { 0 };
    struct tern_net_out out = { .src = &src,
                                .dst = &pkt->src,
                                .path = &path,
                                .protocol = IPV6_ICMP,
                                .transport = 0xff,
                                .scope = scope_back(pkt) };
    enum tern_err err = source_for(ip, pkt, &src);
    if (err == TERN_OK) {
        tern_icmp6_seal(msg, ICMP6_HDR_LEN + quote_len, src.octets, pkt->src.octets);
        err = tern_ip_send(&ip->ip, &out, msg, ICMP6_HDR_LEN + quote_len);
    }
    if (err == TERN_OK)
        ip->stats.icmp_errors_out++;
    else
        ip->stats.icmp_full++;
}

/* ---- Echo --------------------------------------------------------------- */

/*
 * Section 4.2. A question to a group is answered too, from an address of ours.
 * The question becomes the answer where it stands; the checksum is made anew,
 * for a driver may have vouched for a field that holds anything.
 */
static void echo(struct tern_ipv6 *ip, struct tern_net_packet *pkt)
{
    struct tern_net *net = ip->ip.net;
    struct tern_net_path path = { 0 };
    struct tern_addr src;
    uint8_t *l4 = pkt->rx->spans[0].data + pkt->l4_off;
    struct tern_net_out out = { .src = &src,
                                .dst = &pkt->src,
                                .path = &path,
                                .protocol = IPV6_ICMP,
                                .tos = ipv6_traffic_class(pkt->l3) & 0xfc,
                                .transport = 0xff,
                                .scope = (uint16_t)(pkt->link + 1) };
    enum tern_err err = tern_ipv6_is_host(&pkt->src) ? source_for(ip, pkt, &src)
                                                     : TERN_UNREACHABLE;
    if (err == TERN_OK) {
        l4[ICMP6_TYPE] = ICMP6_ECHO_REPLY;
        tern_store_be16(l4 + ICMP6_CHECKSUM, 0);
        uint32_t sum = tern_ipv6_pseudo_sum(src.octets, pkt->src.octets, pkt->l4_len, IPV6_ICMP);
        sum = tern_rx_sum(net, pkt->rx, pkt->l4_off, pkt->l4_len, sum);
        uint16_t field = tern_checksum_finish(sum);
        tern_store_be16(l4 + ICMP6_CHECKSUM, field != 0 ? field : 0xffff);
        err = tern_ip_answer(&ip->ip, pkt, &out);
    }
    if (err == TERN_OK)
        ip->stats.icmp_echo_replies++;
    else
        ip->stats.icmp_full++;
}

/* ---- Errors that we receive --------------------------------------------- */

static void kind_set(struct tern_net_error *error, uint8_t type, uint8_t code)
{
    error->kind = TERN_NET_ERROR_UNREACHABLE;
    if (type == ICMP6_TOO_BIG)
        error->kind = TERN_NET_ERROR_TOO_BIG;
    else if (type == ICMP6_TIME_EXCEEDED)
        error->kind = TERN_NET_ERROR_EXPIRED;
    else if (type == ICMP6_PARAMETER)
        error->kind = code == 1 ? TERN_NET_ERROR_PROTOCOL : TERN_NET_ERROR_PARAMETER;
    else if (code == ICMP6_PORT_UNREACHABLE)
        error->kind = TERN_NET_ERROR_PORT;
}

/*
 * RFC 8201 section 4 wants answers to echoes to get through as well. Nobody who
 * could vouch for them remembers them, so what is said of one counts for echo
 * replies alone: a forgery shortens no other packet.
 */
static bool echo_too_big(struct tern_ipv6 *ip, const struct tern_icmp6_quote *quote,
                         const struct tern_net_error *error)
{
    uint16_t link_mtu = tern_ipv6_link_mtu(ip->ip.net, ip, error->link);
    if (error->kind != TERN_NET_ERROR_TOO_BIG || quote->protocol != IPV6_ICMP ||
        quote->l4[ICMP6_TYPE] != ICMP6_ECHO_REPLY)
        return false;
    if (error->mtu < IPV6_MTU_LEAST)
        ip->stats.ip.pmtu_refused++;
    else if (error->mtu < tern_ip_pmtu(&ip->ip, &error->dst, link_mtu, true))
        tern_ip_pmtu_lower(&ip->ip, &error->dst, error->mtu, true);
    return true;
}

static void error_input(struct tern_ipv6 *ip, const struct tern_net_packet *pkt)
{
    struct tern_icmp6_quote quote;
    const uint8_t *msg = pkt->l4;
    /* The quote must lie in the first span, as far as we look at it. */
    if (tern_icmp6_quote_parse(msg + ICMP6_HDR_LEN, pkt->l4_contig - ICMP6_HDR_LEN, &quote) !=
        TERN_OK) {
        ip->stats.icmp_errors_bad++;
        return;
    }
    struct tern_net_error error = { .src = ipv6_addr(quote.hdr + IPV6_SRC),
                                    .dst = ipv6_addr(quote.hdr + IPV6_DST),
                                    .l4 = quote.l4,
                                    .l4_len = quote.l4_len,
                                    .network = ip->ip.slot,
                                    .link = pkt->link };
    const struct tern_ipv6_own *own = tern_ipv6_own_find(ip, pkt->link, &error.src);
    if (own == NULL || !ipv6_own_is_valid(own)) {
        ip->stats.icmp_errors_bad++;
        return;
    }
    kind_set(&error, msg[ICMP6_TYPE], msg[ICMP6_CODE]);
    if (error.kind == TERN_NET_ERROR_TOO_BIG) {
        uint32_t mtu = icmp6_value(msg);
        error.mtu = mtu < UINT16_MAX ? (uint16_t)mtu : UINT16_MAX;
    }
    if (tern_net_deliver_error(ip->ip.net, quote.protocol, &error) ||
        echo_too_big(ip, &quote, &error))
        ip->stats.icmp_errors_in++;
    else
        ip->stats.icmp_errors_unmatched++;
}

/* ---- Input -------------------------------------------------------------- */

static void input_by_type(struct tern_ipv6 *ip, struct tern_net_packet *pkt)
{
    struct tern_ipv6_stats *stats = &ip->stats;
    switch (pkt->l4[ICMP6_TYPE]) {
    case ICMP6_ECHO:
        stats->icmp_echo_in++;
        echo(ip, pkt);
        break;
    case ICMP6_UNREACHABLE:
    case ICMP6_TOO_BIG:
    case ICMP6_TIME_EXCEEDED:
    case ICMP6_PARAMETER:
        error_input(ip, pkt);
        break;
    case ICMP6_RS:
    case ICMP6_RA:
    case ICMP6_NS:
    case ICMP6_NA:
    case ICMP6_REDIRECT:
        stats->icmp_nd_in++;
        tern_nd_input(ip, pkt);
        break;
    case ICMP6_MLD_QUERY:
    case ICMP6_MLD_REPORT:
    case ICMP6_MLD_DONE:
    case ICMP6_MLD2_REPORT:
        stats->icmp_mld_in++;
        tern_mld_input(ip, pkt);
        break;
    case ICMP6_ECHO_REPLY:
        stats->icmp_ignored++;
        break;
    default:    /* section 2.4 (a) and (b): of errors for the upper layer, we know none to tell */
        stats->icmp_unknown_type++;
        break;
    }
}

void tern_icmp6_input(struct tern_ipv6 *ip, struct tern_net_packet *pkt)
{
    ip->stats.icmp_in++;
    if (pkt->l4_contig < ICMP6_HDR_LEN)
        ip->stats.icmp_short++;
    else if (!tern_net_packet_sum_ok(ip->ip.net, pkt))
        ip->stats.icmp_bad_checksum++;
    else
        input_by_type(ip, pkt);
}
