/* SPDX-License-Identifier: ISC */
/* The ChaCha20 block function (RFC 8439 section 2.3). */
#include "base_internal.h"

#include <string.h>

#define N_COLUMNS 4u

static inline uint32_t rotl32(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

/* RFC 8439 section 2.1. */
static inline void quarter_round(uint32_t *s, size_t a, size_t b, size_t c, size_t d)
{
    s[a] += s[b];
    s[d] = rotl32(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotl32(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotl32(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotl32(s[b] ^ s[c], 7);
}

/* RFC 8439 section 2.3: words 12 to 15 are the counter and the nonce. */
void tern_chacha20_block(const uint32_t key[8], const uint32_t counter_nonce[4],
                         uint8_t out[TERN_CHACHA20_BLOCK_LEN])
{
    uint32_t start[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
    uint32_t s[16];
    memcpy(start + 4, key, 32);
    memcpy(start + 12, counter_nonce, 16);
    memcpy(s, start, sizeof s);
    for (size_t i = 0; i < 10; i++) {
        for (size_t c = 0; c < N_COLUMNS; c++)
            quarter_round(s, c, c + 4, c + 8, c + 12);
        for (size_t c = 0; c < N_COLUMNS; c++)
            quarter_round(s, c, (c + 1) % 4 + 4, (c + 2) % 4 + 8, (c + 3) % 4 + 12);
    }
    for (size_t i = 0; i < 16; i++)
        tern_store_le32(out + 4 * i, s[i] + start[i]);
}
