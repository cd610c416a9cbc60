/* SPDX-License-Identifier: ISC */
/*
 * IGMP messages on the wire (RFC 2236, 3376): pure parse and emit.
 */
#include "igmp_wire.h"

enum { IGMP_TYPE = 0, IGMP_MAX_RESPONSE = 1, IGMP_CHECKSUM = 2, IGMP_GROUP = 4 };

enum tern_group_fault tern_igmp_query_parse(const uint8_t *msg, size_t contig, size_t len,
                                            uint8_t ttl, struct tern_group_query *q)
{
    if (ttl != IGMP_TTL)
        return TERN_GROUP_NOT_LOCAL;
    if (contig < IGMP_HDR_LEN)
        return TERN_GROUP_MALFORMED;
    uint32_t group = tern_load_be32(msg + IGMP_GROUP);
    if (group != 0 && group >> 28 != 0xe)
        return TERN_GROUP_MALFORMED;
    uint8_t code = msg[IGMP_MAX_RESPONSE];
    *q = (struct tern_group_query){ .version = code == 0 ? 1 : 2, .is_general = group == 0,
                                    .max_response_ms = (code == 0 ? 100u : code) * 100u,
                                    .group = tern_addr_v4(group) };
    if (len == IGMP_HDR_LEN)
        return TERN_GROUP_GOOD;
    q->version = 3;
    q->max_response_ms = tern_group_value(code) * 100;
    if (!tern_group_tail_parse(q, msg + IGMP_HDR_LEN, contig - IGMP_HDR_LEN, len - IGMP_HDR_LEN, 4))
        return TERN_GROUP_MALFORMED;
    return TERN_GROUP_GOOD;
}

/* Sets type and checksum of a message whose other fields are there. */
static void seal(uint8_t *msg, size_t len, uint8_t type)
{
    tern_store_be32(msg, (uint32_t)type << 24);
    tern_store_be16(msg + IGMP_CHECKSUM, tern_checksum_finish(tern_checksum_add(0, msg, len)));
}

size_t tern_igmp_report_emit(uint8_t *out, size_t cap, const struct tern_group_record *records,
                             size_t n, size_t *n_done)
{
    tern_store_be16(out + IGMP_GROUP, 0);
    size_t len = tern_group_report_emit(out, cap, 4, records, n, n_done);
    seal(out, len, IGMP_REPORT_V3);
    return len;
}

void tern_igmp_emit(uint8_t out[IGMP_HDR_LEN], uint8_t type, uint32_t group)
{
    tern_store_be32(out + IGMP_GROUP, group);
    seal(out, IGMP_HDR_LEN, type);
}
