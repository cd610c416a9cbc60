/* SPDX-License-Identifier: ISC */
/*
 * What ICMPv6 errors quote, in memory of exactly its size. Input: the body.
 */
#include "libnet/icmp6_wire.h"
#include "tests/unit/exact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tern_icmp6_quote q;
    uint8_t *p = exact(data, size);
    if (tern_icmp6_quote_parse(p, size, &q) == TERN_OK) {
        size_t off = (size_t)(q.l4 - p);
        /* All that it shows lies inside, and there are ports. */
        if (q.hdr != p || off < 40 || off > size || q.l4_len < 8 || q.l4_len > size - off ||
            q.total_len < off + q.l4_len)
            abort();
    }
    if (size >= ICMP6_HDR_LEN + 32) {
        /* A message that is sealed is whole. */
        tern_icmp6_seal(p + 32, size - 32, p, p + 16);
        uint32_t sum = tern_ipv6_pseudo_sum(p, p + 16, size - 32, IPV6_ICMP);
        if (tern_checksum_fold(tern_checksum_add(sum, p + 32, size - 32)) != 0xffff)
            abort();
    }
    free(p);
    return 0;
}
