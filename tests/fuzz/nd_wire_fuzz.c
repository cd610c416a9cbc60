/* SPDX-License-Identifier: ISC */
/*
 * Neighbour Discovery, in memory of exactly the message's size. Input: an
 * octet that says how it came, then the message.
 */
#include "libnet/names_wire.h"
#include "libnet/nd_wire.h"
#include "tests/unit/exact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *const addrs[4] = {
    (const uint8_t[16]){ 0xfe, 0x80, [15] = 2 },
    (const uint8_t[16]){ 0 },
    (const uint8_t[16]){ 0xff, 2, [11] = 1, [12] = 0xff, [15] = 2 },
    (const uint8_t[16]){ 0x20, 1, 0x0d, 0xb8, [15] = 2 },
};

static void must(bool so)
{
    if (!so)
        abort();
}

/* Every octet that an option shows lies in the message, and is what its type says. */
static void option_check(const struct tern_nd_option *o, const uint8_t *end)
{
    static volatile uint8_t sink;
    must(o->data != NULL && o->len <= (size_t)(end - o->data));
    for (size_t i = 0; i < o->len; i++)
        sink = o->data[i];
    (void)sink;
    must(o->prefix_len <= 128);
    for (unsigned i = o->prefix_len; i < 128; i++)
        must((o->prefix.octets[i / 8] >> (7 - i % 8) & 1) == 0);
    if (o->type == ND_OPT_RDNSS)
        must(o->len >= 16 && o->len % 16 == 0);
    if (o->type == ND_OPT_MTU)
        must(o->mtu >= IPV6_MTU_LEAST);
    if (o->type == ND_OPT_DNSSL) {
        size_t n = 0, off = 0;
        while (off < o->len && (n = tern_name_len(o->data + off, o->len - off)) > 1)
            off += n;
        must(off > 0 && (off == o->len || n == 1));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tern_nd_msg nd;
    struct tern_nd_option o;
    if (size < 1)
        return 0;
    struct tern_nd_from from = { .src = addrs[data[0] & 3], .dst = addrs[data[0] >> 2 & 3],
                                 .hop_limit = (data[0] & 16) != 0 ? 64 : 255,
                                 .fragmented = (data[0] & 32) != 0 };
    size_t len = size - 1;
    uint8_t *p = exact(data + 1, len);
    if (tern_nd_parse(p, len, &from, &nd) == TERN_ND_GOOD) {
        unsigned n = 0;
        must(from.hop_limit == 255 && !from.fragmented && p[1] == 0);
        if (nd.target != NULL)
            must(nd.target == p + 8 && len >= 24);
        if (nd.mac != NULL)
            must(nd.mac > p && nd.mac + 6 <= p + len && (nd.mac[0] & 1) == 0);
        if (nd.nonce != NULL)
            must(nd.nonce_len >= ND_NONCE_LEN && nd.nonce + nd.nonce_len <= p + len);
        while (tern_nd_option_next(&nd.options, &o)) {
            option_check(&o, p + len);
            n++;
        }
        must(n + nd.options.n_bad <= ND_OPTIONS_MAX && nd.options.at == p + len);
    }
    free(p);
    return 0;
}
