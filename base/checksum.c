/* SPDX-License-Identifier: ISC */
/*
 * The Internet checksum (RFC 1071) in portable C: 64-bit words in the machine's
 * own order (section 2 (B): the sum does not depend on it, but for one swap at
 * the end), whose carries are counted aside.
 */
#include "base_internal.h"

/*
 * By their names in the compiler: under -ffreestanding memcpy is a function
 * like any other, and calling it for eight octets takes ten times as long.
 */
#define copy_octets __builtin_memcpy

/* A one's complement sum: value + n_carries * 2^64, and 2^64 counts as one. */
struct acc {
    uint64_t value, n_carries;
};

static inline uint64_t load_native64(const uint8_t *p)
{
    uint64_t v;
    copy_octets(&v, p, sizeof v);
    return v;
}

static inline void acc_add(struct acc *acc, uint64_t word)
{
    acc->value += word;
    acc->n_carries += acc->value < word;    /* an add with carry, to a compiler */
}

/* Two sums in one. */
static inline void acc_join(struct acc *acc, const struct acc *other)
{
    acc_add(acc, other->value);
    acc->n_carries += other->n_carries;
}

/* Folds to the 16 bits that big-endian words would have given. */
static inline uint32_t acc_fold(const struct acc *acc)
{
    uint64_t s = (acc->value & 0xffffffffu) + (acc->value >> 32) + acc->n_carries;
    s = (s & 0xffffffffu) + (s >> 32);
    s = (s & 0xffffu) + (s >> 16);    /* below 2^18 */
    s = (s & 0xffffu) + (s >> 16);
    s = (s & 0xffffu) + (s >> 16);
    uint16_t native = (uint16_t)s;
    uint8_t octets[2];
    copy_octets(octets, &native, sizeof octets);
    return tern_load_be16(octets);
}

/* Adds the last 0..7 octets, which begin at an even offset, padded with zeros. */
static inline void acc_add_tail(struct acc *acc, const uint8_t *p, size_t len)
{
    uint64_t word = 0;
    copy_octets((uint8_t *)&word, p, len);
    acc_add(acc, word);
}

/* The sum that the caller brings, and that of the data, in 16 bits. */
static inline uint32_t sum_finish(uint32_t sum, const struct acc *acc)
{
    return tern_checksum_fold(tern_checksum_fold(sum) + acc_fold(acc));
}

uint32_t tern_checksum_add(uint32_t sum, const uint8_t *data, size_t len)
{
    /* Two sums, so that one's additions need not wait for the other's. */
    struct acc even = { 0, 0 }, odd = { 0, 0 };
    for (; len >= 64; data += 64, len -= 64) {
        acc_add(&even, load_native64(data));
        acc_add(&odd, load_native64(data + 8));
        acc_add(&even, load_native64(data + 16));
        acc_add(&odd, load_native64(data + 24));
        acc_add(&even, load_native64(data + 32));
        acc_add(&odd, load_native64(data + 40));
        acc_add(&even, load_native64(data + 48));
        acc_add(&odd, load_native64(data + 56));
    }
    for (; len >= 8; data += 8, len -= 8)
        acc_add(&even, load_native64(data));
    if (len > 0)
        acc_add_tail(&odd, data, len);
    acc_join(&even, &odd);
    return sum_finish(sum, &even);
}

/* One word on its way. */
static inline void acc_copy(struct acc *acc, uint8_t *to, const uint8_t *from)
{
    uint64_t word = load_native64(from);
    copy_octets(to, &word, sizeof word);
    acc_add(acc, word);
}

uint32_t tern_checksum_copy(uint32_t sum, uint8_t *to, const uint8_t *from, size_t len)
{
    struct acc even = { 0, 0 }, odd = { 0, 0 };
    for (; len >= 32; from += 32, to += 32, len -= 32) {
        acc_copy(&even, to, from);
        acc_copy(&odd, to + 8, from + 8);
        acc_copy(&even, to + 16, from + 16);
        acc_copy(&odd, to + 24, from + 24);
    }
    for (; len >= 8; from += 8, to += 8, len -= 8)
        acc_copy(&even, to, from);
    if (len > 0) {
        acc_add_tail(&odd, from, len);
        for (size_t i = 0; i < len; i++)
            to[i] = from[i];
    }
    acc_join(&even, &odd);
    return sum_finish(sum, &even);
}

const struct tern_checksum_ops tern_checksum_portable = {
    .add = tern_checksum_add,
    .copy = tern_checksum_copy,
};
