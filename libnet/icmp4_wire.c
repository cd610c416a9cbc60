/* SPDX-License-Identifier: ISC */
/*
 * What ICMP errors quote (RFC 792, RFC 1191): pure functions.
 */
#include "icmp4_wire.h"
#include "ipv4_wire.h"

enum tern_err tern_icmp4_quote_parse(const uint8_t *body, size_t len,
                                     struct tern_icmp4_quote *quote)
{
    if (len < IPV4_HDR_LEN)
        return TERN_TRUNCATED;
    size_t hdr_len = (size_t)(body[IPV4_VIHL] & 0x0f) * 4;
    if (body[IPV4_VIHL] >> 4 != 4 || hdr_len < IPV4_HDR_LEN)
        return TERN_MALFORMED;
    if (hdr_len > len || len - hdr_len < 8)
        return TERN_TRUNCATED;
    size_t total_len = tern_load_be16(body + IPV4_TOTAL_LEN);
    if (total_len < hdr_len + 8)
        return TERN_MALFORMED;
    if ((tern_load_be16(body + IPV4_FRAG) & IPV4_OFF_MASK) != 0)
        return TERN_UNSUPPORTED;
    /* Routers may pad the quote (RFC 4884): what counts is the packet's own length. */
    size_t l4_len = len < total_len ? len - hdr_len : total_len - hdr_len;
    *quote = (struct tern_icmp4_quote){ .hdr = body,
                                        .l4 = body + hdr_len,
                                        .l4_len = l4_len,
                                        .total_len = total_len,
                                        .src = ipv4_src(body),
                                        .dst = ipv4_dst(body),
                                        .protocol = body[IPV4_PROTOCOL] };
    return TERN_OK;
}

uint16_t tern_icmp4_plateau(size_t total_len)
{
    static const uint16_t plateaus[] = { 32000, 17914, 8166, 4352, 2002, 1492, 1006, 576 };
    for (size_t i = 0; i < sizeof plateaus / sizeof plateaus[0]; i++)
        if (plateaus[i] < total_len)
            return plateaus[i];
    return 0;
}
