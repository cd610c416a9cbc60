/* SPDX-License-Identifier: ISC */
/*
 * Multicast Listener Discovery, the listener's side (RFC 3810, RFC 2710).
 *
 *   query   4 | max. response |   reserved    |    version 1 ends at 24
 *           8 |  group, 16 octets             |
 *          24 |S, QRV | QQIC  | sources       |    version 2
 *          28 |  sources, 16 octets each
 *   report  6 |  records; 8: records          |    version 2
 *           8 |  group                        |    version 1, and done
 */
#ifndef TERN_NET_MLD_WIRE_H
#define TERN_NET_MLD_WIRE_H

#include "group_wire.h"
#include "icmp6_wire.h"

#pragma GCC visibility push(hidden)

enum { MLD_HOP_LIMIT = 1, MLD1_LEN = 24 };

/* What a message came in. src is 16 octets, read. */
struct tern_mld_from {
    const uint8_t *src;
    uint8_t hop_limit;
    bool has_alert;    /* Router Alert, whatever its value */
};

/*
 * Reads a query (ICMP6_MLD_QUERY) of len octets, contig of them in one run,
 * whose checksum is right, as RFC 3810 sections 6.2 and 8.1 want it: from a
 * link-local source, of hop limit 1 and with a Router Alert. Its code does not
 * count, nor what follows the sources.
 */
enum tern_group_fault tern_mld_query_parse(const uint8_t *msg, size_t contig, size_t len,
                                           const struct tern_mld_from *from,
                                           struct tern_group_query *q);

/*
 * Writes a version 2 report into cap octets (at least 8), its checksum zero:
 * see tern_group_report_emit.
 */
size_t tern_mld_report_emit(uint8_t *out, size_t cap, const struct tern_group_record *records,
                            size_t n, size_t *n_done);

/* A version 1 message: type is ICMP6_MLD_REPORT or ICMP6_MLD_DONE. */
void tern_mld1_emit(uint8_t out[MLD1_LEN], uint8_t type, const struct tern_addr *group);

#pragma GCC visibility pop

#endif
