/* SPDX-License-Identifier: ISC */
/*
 * What IGMPv3 (RFC 3376) and MLDv2 (RFC 3810) have in common: a query in
 * values, and the records of a report. Only the size of addresses differs.
 */
#ifndef TERN_NET_GROUP_WIRE_H
#define TERN_NET_GROUP_WIRE_H

#include <tern/base.h>

#pragma GCC visibility push(hidden)

enum tern_group_fault {
    TERN_GROUP_GOOD,
    TERN_GROUP_NOT_LOCAL,    /* it has come through a router, or might have */
    TERN_GROUP_MALFORMED,    /* lengths, or a group that is none */
};

/* Kinds of records (RFC 3376 section 4.2.12, RFC 3810 section 5.2.12). */
enum {
    GROUP_IS_INCLUDE = 1,
    GROUP_IS_EXCLUDE = 2,
    GROUP_TO_INCLUDE = 3,
    GROUP_TO_EXCLUDE = 4,
    GROUP_ALLOW = 5,
    GROUP_BLOCK = 6,
};

/* A query that is checked. */
struct tern_group_query {
    uint8_t version;             /* IGMP 1..3, MLD 1..2 */
    bool is_general;             /* about all groups */
    bool suppress;               /* the S flag */
    uint8_t robustness;          /* QRV; 0: not said */
    uint32_t interval_s;         /* QQI; 0: not said */
    uint32_t max_response_ms;
    struct tern_addr group;      /* IPv4's mapped */
    uint16_t n_sources;
    const uint8_t *sources;      /* 4 or 16 octets each; NULL: none, or not in one run */
};

/* A group in a report. sources (4 or 16 octets each) are read. */
struct tern_group_record {
    uint8_t type;
    uint16_t n_sources;
    struct tern_addr group;
    const uint8_t *sources;
};

/*
 * Reads what follows the group in a query of the newest version: flags, QQIC
 * and sources, addr_len octets each; contig of len octets lie at tail. False:
 * shorter than its flags and count, or than its sources.
 */
bool tern_group_tail_parse(struct tern_group_query *q, const uint8_t *tail, size_t contig,
                           size_t len, size_t addr_len);

/*
 * An 8-bit value that counts in sixteens from 128 on: mantissa and exponent
 * (RFC 3376 section 4.1.1, RFC 3810 section 5.1.9).
 */
uint32_t tern_group_value(uint8_t code);

/*
 * Writes as many of the n records as fit into cap octets behind a report's
 * first 8 octets, whose own fields but their count are the caller's. Returns
 * the report's length; *n_done, how many records it has, is 0 if not even the
 * first fits.
 */
size_t tern_group_report_emit(uint8_t *out, size_t cap, size_t addr_len,
                              const struct tern_group_record *records, size_t n, size_t *n_done);

#pragma GCC visibility pop

#endif
