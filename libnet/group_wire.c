/* SPDX-License-Identifier: ISC */
/*
 * The common part of IGMPv3 and MLDv2 on the wire: pure functions.
 */
#include "group_wire.h"

#include <string.h>

/* What follows the group in a query. */
enum { TAIL_FLAGS = 0, TAIL_QQIC = 1, TAIL_N_SOURCES = 2, TAIL_SOURCES = 4 };
/* A report, and a record: type, auxiliary length (always 0), sources, group. */
enum { REPORT_N_RECORDS = 6, REPORT_HDR_LEN = 8, RECORD_N_SOURCES = 2, RECORD_GROUP = 4 };

uint32_t tern_group_value(uint8_t code)
{
    return code < 128 ? code : ((code & 0x0fu) | 0x10u) << ((code >> 4 & 7) + 3);
}

bool tern_group_tail_parse(struct tern_group_query *q, const uint8_t *tail, size_t contig,
                           size_t len, size_t addr_len)
{
    if (contig < TAIL_SOURCES)
        return false;
    q->suppress = (tail[TAIL_FLAGS] & 8) != 0;
    q->robustness = tail[TAIL_FLAGS] & 7;
    q->interval_s = tern_group_value(tail[TAIL_QQIC]);
    q->n_sources = tern_load_be16(tail + TAIL_N_SOURCES);
    size_t sources_len = q->n_sources * addr_len;
    if (sources_len > len - TAIL_SOURCES)
        return false;
    if (sources_len > 0 && sources_len <= contig - TAIL_SOURCES)
        q->sources = tail + TAIL_SOURCES;
    return true;
}

size_t tern_group_report_emit(uint8_t *out, size_t cap, size_t addr_len,
                              const struct tern_group_record *records, size_t n, size_t *n_done)
{
    size_t off = REPORT_HDR_LEN, i;
    for (i = 0; i < n; i++) {
        const struct tern_group_record *r = &records[i];
        size_t sources_len = r->n_sources * addr_len;
        if (RECORD_GROUP + addr_len + sources_len > cap - off)
            break;
        tern_store_be16(out + off, (uint16_t)(r->type << 8));
        tern_store_be16(out + off + RECORD_N_SOURCES, r->n_sources);
        off += RECORD_GROUP;
        memcpy(out + off, r->group.octets + 16 - addr_len, addr_len);
        off += addr_len;
        if (sources_len > 0)
            memcpy(out + off, r->sources, sources_len);
        off += sources_len;
    }
    tern_store_be16(out + REPORT_N_RECORDS, (uint16_t)i);
    *n_done = i;
    return off;
}
