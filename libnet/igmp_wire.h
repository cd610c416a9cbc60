/* SPDX-License-Identifier: ISC */
/*
 * IGMP, the host's side (RFC 2236, RFC 3376).
 *
 *      0       8       16      24     31
 *      +-------+-------+---------------+
 *    0 | type  |max.rsp|   checksum    |
 *    4 |  group                        |    versions 1 and 2 end here
 *    8 |S, QRV | QQIC  | sources       |    version 3's query
 *   12 |  sources, 4 octets each
 *    4 |   reserved    |   records     |    version 3's report
 */
#ifndef TERN_NET_IGMP_WIRE_H
#define TERN_NET_IGMP_WIRE_H

#include "group_wire.h"

#pragma GCC visibility push(hidden)

enum { IGMP_TTL = 1, IGMP_HDR_LEN = 8 };

enum {
    IGMP_QUERY = 0x11,
    IGMP_REPORT_V1 = 0x12,
    IGMP_REPORT_V2 = 0x16,
    IGMP_LEAVE = 0x17,
    IGMP_REPORT_V3 = 0x22,
};

/* The groups for queries, for version 3 reports, for leaves. */
#define IGMP_ALL_HOSTS 0xe0000001u
#define IGMP_ALL_REPORTS 0xe0000016u
#define IGMP_ALL_ROUTERS 0xe0000002u

/*
 * Reads a query (IGMP_QUERY) of len octets, contig of them in one run, whose
 * checksum is right and that came with this TTL: its version is told by its
 * length and its response time (RFC 3376 section 7.1). Version 1's time is 10
 * seconds (RFC 2236 section 4). What follows the sources does not count.
 */
enum tern_group_fault tern_igmp_query_parse(const uint8_t *msg, size_t contig, size_t len,
                                            uint8_t ttl, struct tern_group_query *q);

/* Writes a version 3 report into cap octets (at least 8): see tern_group_report_emit. */
size_t tern_igmp_report_emit(uint8_t *out, size_t cap, const struct tern_group_record *records,
                             size_t n, size_t *n_done);

/* Writes a report of version 1 or 2, or a leave, with its checksum; group in host order. */
void tern_igmp_emit(uint8_t out[IGMP_HDR_LEN], uint8_t type, uint32_t group);

#pragma GCC visibility pop

#endif
