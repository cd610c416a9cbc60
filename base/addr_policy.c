/* SPDX-License-Identifier: ISC */
/*
 * The table of policies: RFC 6724 section 2.1. In an archive member of its own: it is
 * asked for by who chooses a source as by who orders destinations.
 */
#include "base_internal.h"

const struct tern_addr_policy *tern_addr_policy(const struct tern_addr *a)
{
    /* The longest prefix that an address has stands first. */
    static const struct tern_addr_policy policies[] = {
        { 0x20010000, 32, 5, 5 }, { 0x20020000, 16, 30, 2 }, { 0x3ffe0000, 16, 1, 12 },
        { 0xfec00000, 10, 1, 11 }, { 0xfc000000, 7, 3, 13 }, { 0, 0, 40, 1 },
    };
    const struct tern_addr_policy *p = policies;
    uint32_t first = tern_load_be32(a->octets);
    while ((uint64_t)(first ^ p->prefix) >> (32 - p->prefix_len) != 0)
        p++;    /* ends: none of no bits differ */
    return p;
}
