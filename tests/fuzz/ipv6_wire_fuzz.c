/* SPDX-License-Identifier: ISC */
/*
 * IPv6's header and extension headers, in memory of exactly the packet's size.
 * Input: how much of it lies in one run, in two octets, then the packet.
 */
#include "libnet/ipv6_wire.h"
#include "tests/unit/exact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool so)
{
    if (!so)
        abort();
}

/* What holds for every packet that is accepted. */
static void good_check(const struct tern_ipv6_chain *c, const struct tern_ipv6_view *v,
                       size_t contig)
{
    must(c->code == IPV6_NO_ANSWER && c->pointer == 0);
    must(c->off >= IPV6_HDR_LEN && c->off <= v->total_len && c->off <= IPV6_CHAIN_CAP);
    must(c->off <= contig && v->hdr[c->next_off] == c->next);
    if (c->has_fragment) {
        must(v->hdr[c->frag_next_off] == IPV6_FRAGMENT);
        must(c->frag_hdr_off + 8 <= c->off && c->frag_off % 8 == 0);
        must(v->hdr[c->frag_hdr_off] == c->frag_next);
        must(c->frag_off == 0 || c->off == c->frag_hdr_off + 8);
    } else {
        must(!c->more && c->frag_off == 0);
    }
    if (c->frag_off == 0)
        must(c->next == IPV6_TCP || c->next == IPV6_UDP || c->next == IPV6_ICMP ||
             c->next == IPV6_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tern_ipv6_view v;
    struct tern_ipv6_chain c;
    if (size < 2)
        return 0;
    size_t contig = tern_load_be16(data), len = size - 2;
    if (contig > len)
        contig = len;
    uint8_t *p = exact(data + 2, contig);
    if (tern_ipv6_view_init(&v, p, contig, len) == TERN_IPV6_GOOD) {
        must(v.total_len <= len);
        if (tern_ipv6_chain_walk(&c, &v, contig) == TERN_IPV6_GOOD)
            good_check(&c, &v, contig);
        else if (c.code != IPV6_NO_ANSWER)
            must(c.code <= 3 && c.pointer <= v.total_len + 1);
        if (ipv6_is_multicast(p + IPV6_DST))
            must(c.code == IPV6_NO_ANSWER || c.code == 2);
    }
    if (contig >= IPV6_HDR_LEN && tern_ipv6_quote_walk(&c, p, contig))
        must(c.off >= IPV6_HDR_LEN && c.off <= contig);
    free(p);
    return 0;
}
