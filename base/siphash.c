/* SPDX-License-Identifier: ISC */
/*
 * SipHash (Aumasson and Bernstein, 2012), a keyed hash of short inputs: 2-4
 * for what faces attackers, 1-3 for tables keyed by a connection's addresses.
 */
#include "base_internal.h"

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl64(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static inline void sip_init(struct sip *s, const uint8_t key[16])
{
    uint64_t k0 = tern_load_le64(key), k1 = tern_load_le64(key + 8);
    /* "somepseudorandomlygeneratedbytes" */
    s->v0 = k0 ^ UINT64_C(0x736f6d6570736575);
    s->v1 = k1 ^ UINT64_C(0x646f72616e646f6d);
    s->v2 = k0 ^ UINT64_C(0x6c7967656e657261);
    s->v3 = k1 ^ UINT64_C(0x7465646279746573);
}

static inline void sip_rounds(struct sip *s, unsigned n)
{
    while (n-- > 0) {
        s->v0 += s->v1;
        s->v1 = rotl64(s->v1, 13) ^ s->v0;
        s->v0 = rotl64(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotl64(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotl64(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotl64(s->v1, 17) ^ s->v2;
        s->v2 = rotl64(s->v2, 32);
    }
}

static inline void sip_word(struct sip *s, uint64_t word, unsigned n_rounds)
{
    s->v3 ^= word;
    sip_rounds(s, n_rounds);
    s->v0 ^= word;
}

static inline uint64_t sip_finish(struct sip *s, unsigned n_rounds)
{
    s->v2 ^= 0xff;
    sip_rounds(s, n_rounds);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t tern_siphash(const uint8_t key[16], const uint8_t *data, size_t len)
{
    struct sip s;
    sip_init(&s, key);
    size_t off = 0;
    for (; len - off >= 8; off += 8)
        sip_word(&s, tern_load_le64(data + off), 2);
    /* The last word: what is left, and the length modulo 256 on top. */
    uint64_t last = (uint64_t)len << 56;
    for (unsigned i = 0; off < len; i++)
        last |= (uint64_t)data[off++] << (8 * i);
    sip_word(&s, last, 2);
    return sip_finish(&s, 4);
}

uint64_t tern_siphash_3(const uint8_t key[16], uint64_t a, uint64_t b, uint64_t c)
{
    struct sip s;
    sip_init(&s, key);
    sip_word(&s, a, 2);
    sip_word(&s, b, 2);
    sip_word(&s, c, 2);
    sip_word(&s, UINT64_C(24) << 56, 2);
    return sip_finish(&s, 4);
}

uint64_t tern_siphash13_5(const uint8_t key[16], const uint64_t words[5])
{
    struct sip s;
    sip_init(&s, key);
    for (size_t i = 0; i < 5; i++)
        sip_word(&s, words[i], 1);
    sip_word(&s, UINT64_C(40) << 56, 1);
    return sip_finish(&s, 3);
}
