/* SPDX-License-Identifier: ISC */
/*
 * MLD queries, in memory of exactly the run's size. Input: how much lies in one
 * run, in two octets, then the message. A good one is answered.
 */
#include "libnet/mld_wire.h"
#include "tests/unit/exact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t router[16] = { 0xfe, 0x80, [15] = 1 };
    static uint8_t out[8 + 20 + 65535 * 16];
    struct tern_mld_from from = { .src = router, .hop_limit = 1, .has_alert = true };
    struct tern_group_query q;
    if (size < 2)
        return 0;
    size_t contig = tern_load_be16(data), len = size - 2;
    if (contig > len)
        contig = len;
    uint8_t *p = exact(data + 2, contig);
    if (tern_mld_query_parse(p, contig, len, &from, &q) == TERN_GROUP_GOOD) {
        if (q.n_sources * (size_t)16 > len || (q.is_general != tern_addr_is_any(&q.group)) ||
            (q.version == 1 && len != MLD1_LEN) || q.max_response_ms > 8387584)
            abort();
        struct tern_group_record r = { .type = GROUP_IS_INCLUDE, .group = q.group };
        if (q.sources != NULL) {
            r.sources = q.sources;
            r.n_sources = q.n_sources;
        }
        size_t n_done, n = tern_mld_report_emit(out, sizeof out, &r, 1, &n_done);
        if (n_done != 1 || n != 28 + r.n_sources * (size_t)16)
            abort();
    }
    free(p);
    return 0;
}
