/* SPDX-License-Identifier: ISC */
/*
 * MLD messages on the wire (RFC 3810, 2710): pure parse and emit.
 */
#include "mld_wire.h"

#include <string.h>

enum { QUERY_MAX_RESPONSE = 4, QUERY_GROUP = 8 };

/* RFC 3810 section 5.1.3: as tern_group_value, with 12 bits of mantissa. */
static uint32_t response_ms(uint16_t code)
{
    return code < 0x8000 ? code : ((code & 0xfffu) | 0x1000u) << ((code >> 12 & 7) + 3);
}

enum tern_group_fault tern_mld_query_parse(const uint8_t *msg, size_t contig, size_t len,
                                           const struct tern_mld_from *from,
                                           struct tern_group_query *q)
{
    if (from->hop_limit != MLD_HOP_LIMIT || !from->has_alert || !ipv6_is_link_local(from->src))
        return TERN_GROUP_NOT_LOCAL;
    if (contig < MLD1_LEN)
        return TERN_GROUP_MALFORMED;
    *q = (struct tern_group_query){ .version = 1, .group = ipv6_addr(msg + QUERY_GROUP) };
    uint16_t code = tern_load_be16(msg + QUERY_MAX_RESPONSE);
    q->max_response_ms = code;
    q->is_general = ipv6_is_any(msg + QUERY_GROUP);
    if (!q->is_general && !ipv6_is_multicast(msg + QUERY_GROUP))
        return TERN_GROUP_MALFORMED;
    if (len == MLD1_LEN)
        return TERN_GROUP_GOOD;
    q->version = 2;
    q->max_response_ms = response_ms(code);
    if (!tern_group_tail_parse(q, msg + MLD1_LEN, contig - MLD1_LEN, len - MLD1_LEN, 16))
        return TERN_GROUP_MALFORMED;
    return TERN_GROUP_GOOD;
}

size_t tern_mld_report_emit(uint8_t *out, size_t cap, const struct tern_group_record *records,
                            size_t n, size_t *n_done)
{
    tern_icmp6_hdr_emit(out, ICMP6_MLD2_REPORT, 0, 0);
    return tern_group_report_emit(out, cap, 16, records, n, n_done);
}

void tern_mld1_emit(uint8_t out[MLD1_LEN], uint8_t type, const struct tern_addr *group)
{
    tern_icmp6_hdr_emit(out, type, 0, 0);
    memcpy(out + QUERY_GROUP, group->octets, sizeof group->octets);
}
