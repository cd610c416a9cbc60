/* SPDX-License-Identifier: ISC */
/*
 * ICMPv6 messages and what its errors quote (RFC 4443): pure functions.
 */
#include "icmp6_wire.h"

enum tern_err tern_icmp6_quote_parse(const uint8_t *body, size_t len,
                                     struct tern_icmp6_quote *quote)
{
    struct tern_ipv6_chain chain;
    if (len < IPV6_HDR_LEN)
        return TERN_TRUNCATED;
    if (body[IPV6_FLOW] >> 4 != 6)
        return TERN_MALFORMED;
    if (!tern_ipv6_quote_walk(&chain, body, len) || len - chain.off < 8)
        return TERN_TRUNCATED;
    size_t total_len = IPV6_HDR_LEN + (size_t)tern_load_be16(body + IPV6_PAYLOAD_LEN);
    if (total_len < (size_t)chain.off + 8)
        return TERN_MALFORMED;
    /* Extensions may follow the quote (RFC 4884): what counts is the packet's own length. */
    *quote = (struct tern_icmp6_quote){ .hdr = body,
                                        .l4 = body + chain.off,
                                        .l4_len = (len < total_len ? len : total_len) - chain.off,
                                        .total_len = total_len,
                                        .protocol = chain.next };
    return TERN_OK;
}

void tern_icmp6_hdr_emit(uint8_t out[ICMP6_HDR_LEN], uint8_t type, uint8_t code, uint32_t value)
{
    out[ICMP6_TYPE] = type;
    out[ICMP6_CODE] = code;
    tern_store_be16(out + ICMP6_CHECKSUM, 0);
    tern_store_be32(out + ICMP6_VALUE, value);
}

void tern_icmp6_seal(uint8_t *msg, size_t len, const uint8_t *src, const uint8_t *dst)
{
    tern_store_be16(msg + ICMP6_CHECKSUM, 0);
    uint32_t sum = tern_ipv6_pseudo_sum(src, dst, len, IPV6_ICMP);
    tern_store_be16(msg + ICMP6_CHECKSUM, tern_checksum_finish(tern_checksum_add(sum, msg, len)));
}
