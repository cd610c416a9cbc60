/* SPDX-License-Identifier: ISC */
/*
 * A long stream of octets that both ends know: the octet at each offset
 * depends on all bits of the offset, so that what is lost, doubled or put in
 * another order is seen where it happens.
 */
#ifndef TERN_TESTS_PATTERN_H
#define TERN_TESTS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Eight octets of the pattern: those from offset 8 * word on. */
static inline uint64_t pattern_word(uint64_t word)
{
    word = (word ^ word >> 33) * UINT64_C(0xff51afd7ed558ccd);
    word = (word ^ word >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return word ^ word >> 33;
}

static inline uint8_t pattern_octet(uint64_t at)
{
    return (uint8_t)(pattern_word(at / 8) >> (8 * (at % 8)));
}

static inline void pattern_fill(uint8_t *to, size_t len, uint64_t at)
{
    size_t i = 0;
    while (i < len) {
        uint64_t word = pattern_word((at + i) / 8) >> (8 * ((at + i) % 8));
        for (size_t k = (at + i) % 8; k < 8 && i < len; k++, i++, word >>= 8)
            to[i] = (uint8_t)word;
    }
}

static inline bool pattern_is(const uint8_t *data, size_t len, uint64_t at)
{
    uint64_t wrong = 0;
    size_t i = 0;
    while (i < len) {
        uint64_t word = pattern_word((at + i) / 8) >> (8 * ((at + i) % 8));
        for (size_t k = (at + i) % 8; k < 8 && i < len; k++, i++, word >>= 8)
            wrong |= data[i] ^ (uint8_t)word;
    }
    return wrong == 0;
}

#endif
