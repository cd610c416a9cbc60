/* SPDX-License-Identifier: ISC */
/*
 * Random octets from one seed: the ChaCha20 block function in counter mode with
 * fast key erasure (Bernstein, 2017).
 */
#include "base_internal.h"

#include <string.h>

#define KEY_LEN 32u
#define BLOCK_LEN TERN_CHACHA20_BLOCK_LEN

/* What a block is for, in the nonce, so that no block serves two ends. */
enum { FOR_OUTPUT = 0, FOR_RESEED = 1 };

static void key_load(struct tern_drbg *drbg, const uint8_t octets[KEY_LEN])
{
    for (size_t i = 0; i < 8; i++)
        drbg->key[i] = tern_load_le32(octets + 4 * i);
}

/* Fills buf; its first octets replace the key that made it, and are not handed out. */
static void refill(struct tern_drbg *drbg)
{
    for (uint32_t i = 0; i < sizeof drbg->buf / BLOCK_LEN; i++) {
        uint32_t counter_nonce[4] = { i, FOR_OUTPUT, 0, 0 };
        tern_chacha20_block(drbg->key, counter_nonce, drbg->buf + i * BLOCK_LEN);
    }
    key_load(drbg, drbg->buf);
    drbg->n_left = sizeof drbg->buf - KEY_LEN;
}

TERN_COLD
enum tern_err tern_drbg_init_sized(struct tern_drbg *drbg, size_t drbg_len,
                                   const uint8_t seed[TERN_SEED_LEN])
{
    if (drbg_len != sizeof *drbg)
        return TERN_MISMATCH;
    memset(drbg, 0, sizeof *drbg);
    key_load(drbg, seed);
    drbg->seeded = true;
    return TERN_OK;
}

/*
 * Each 32 octets are added to the key, which then goes through the block
 * function; how many they are is in the nonce, so that padding is no entropy's
 * double. What was generated before and not yet handed out is dropped.
 */
TERN_COLD
void tern_drbg_reseed(struct tern_drbg *drbg, const uint8_t *entropy, size_t len)
{
    uint8_t block[BLOCK_LEN];
    do {
        size_t n = len < KEY_LEN ? len : KEY_LEN;
        uint8_t piece[KEY_LEN] = { 0 };
        if (n > 0)
            memcpy(piece, entropy, n);
        for (size_t i = 0; i < 8; i++)
            drbg->key[i] ^= tern_load_le32(piece + 4 * i);
        uint32_t counter_nonce[4] = { 0, FOR_RESEED, (uint32_t)n, 0 };
        tern_chacha20_block(drbg->key, counter_nonce, block);
        key_load(drbg, block);
        entropy = n > 0 ? entropy + n : entropy;
        len -= n;
    } while (len > 0);
    memset(drbg->buf, 0, sizeof drbg->buf);
    drbg->n_left = 0;
}

/* What has been handed out is erased here. */
static void draw(struct tern_drbg *drbg, uint8_t *out, size_t len)
{
    while (len > 0) {
        if (drbg->n_left == 0)
            refill(drbg);
        size_t n = len < drbg->n_left ? len : drbg->n_left;
        uint8_t *from = drbg->buf + sizeof drbg->buf - drbg->n_left;
        memcpy(out, from, n);
        memset(from, 0, n);
        drbg->n_left = (uint16_t)(drbg->n_left - n);
        out += n;
        len -= n;
    }
}

enum tern_err tern_drbg_fill(struct tern_drbg *drbg, uint8_t *out, size_t len)
{
    if (!drbg->seeded)
        return TERN_INVALID;
    draw(drbg, out, len);
    return TERN_OK;
}

uint32_t tern_drbg_u32(struct tern_drbg *drbg)
{
    uint8_t octets[4];
    if (!drbg->seeded)
        return 0;
    draw(drbg, octets, sizeof octets);
    return tern_load_le32(octets);
}

uint32_t tern_drbg_below(struct tern_drbg *drbg, uint32_t n)
{
    if (n < 2 || !drbg->seeded)
        return 0;
    /*
     * The first 2^32 mod n numbers are one too many for an even share. At
     * most half of all are, so the expected number of draws is below two.
     */
    uint32_t least = (0 - n) % n;
    uint32_t v;
    do
        v = tern_drbg_u32(drbg);
    while (v < least);
    return v % n;
}
