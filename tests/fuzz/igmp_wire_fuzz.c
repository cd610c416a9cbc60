/* SPDX-License-Identifier: ISC */
/*
 * IGMP queries, in memory of exactly the run's size. Input: how much lies in
 * one run, in two octets, then the message. A good one is answered.
 */
#include "libnet/igmp_wire.h"
#include "tests/unit/exact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[8 + 8 + 65535 * 4];
    struct tern_group_query q;
    if (size < 2)
        return 0;
    size_t contig = tern_load_be16(data), len = size - 2;
    if (contig > len)
        contig = len;
    uint8_t *p = exact(data + 2, contig);
    if (tern_igmp_query_parse(p, contig, len, IGMP_TTL, &q) == TERN_GROUP_GOOD) {
        if (q.n_sources * (size_t)4 > len || q.version < 1 || q.version > 3 ||
            (q.version < 3) != (len == 8) || (q.is_general != (tern_addr_to_v4(&q.group) == 0)))
            abort();
        struct tern_group_record r = { .type = GROUP_IS_INCLUDE, .group = q.group };
        if (q.sources != NULL) {
            r.sources = q.sources;
            r.n_sources = q.n_sources;
        }
        size_t n_done, n = tern_igmp_report_emit(out, sizeof out, &r, 1, &n_done);
        if (n_done != 1 || n != 16 + r.n_sources * (size_t)4 ||
            tern_checksum_fold(tern_checksum_add(0, out, n)) != 0xffff)
            abort();
    }
    free(p);
    return 0;
}
