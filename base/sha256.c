/* SPDX-License-Identifier: ISC */
/* SHA-256 (FIPS 180-4 section 6.2). */
#include <tern/base.h>

#include <string.h>

enum { BLOCK_LEN = 64, LEN_OFF = 56 };    /* of the last block, the message's length */

/* Section 4.2.2: the first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

/* Section 6.2.2. The names of v are a to h; round i calls v[(j - i) mod 8] what it calls v[j]. */
static void compress(uint32_t h[8], const uint8_t *block)
{
    uint32_t w[16], v[8];
    for (unsigned i = 0; i < 16; i++)
        w[i] = tern_load_be32(block + 4 * i);
    memcpy(v, h, sizeof v);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t a = v[-i & 7], b = v[(1 - i) & 7], c = v[(2 - i) & 7];
        uint32_t e = v[(4 - i) & 7], f = v[(5 - i) & 7], g = v[(6 - i) & 7];
        uint32_t t = v[(7 - i) & 7] + k[i] + w[i & 15] + (g ^ (e & (f ^ g))) +
                     (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25));
        v[(3 - i) & 7] += t;
        v[(7 - i) & 7] = t + ((a & b) | (c & (a | b))) +
                         (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22));
        /* The schedule's next word takes the place of the one just used. */
        uint32_t x = w[(i + 1) & 15], y = w[(i + 14) & 15];
        w[i & 15] += w[(i + 9) & 15] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
                     (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
    }
    for (unsigned i = 0; i < 8; i++)
        h[i] += v[i];
}

void tern_sha256_init(struct tern_sha256 *sha)
{
    static const uint32_t start[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    memcpy(sha->h, start, sizeof start);
    sha->len = 0;
}

void tern_sha256_add(struct tern_sha256 *sha, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t used = (size_t)(sha->len % BLOCK_LEN), n = BLOCK_LEN - used;
        if (used == 0 && len >= BLOCK_LEN) {
            compress(sha->h, data);
        } else {
            n = n < len ? n : len;
            memcpy(sha->block + used, data, n);
            if (used + n == BLOCK_LEN)
                compress(sha->h, sha->block);
        }
        sha->len += n;
        data += n;
        len -= n;
    }
}

void tern_sha256_finish(struct tern_sha256 *sha, uint8_t digest[TERN_SHA256_LEN])
{
    size_t used = (size_t)(sha->len % BLOCK_LEN);
    sha->block[used++] = 0x80;    /* section 5.1.1 */
    if (used > LEN_OFF) {
        memset(sha->block + used, 0, BLOCK_LEN - used);
        compress(sha->h, sha->block);
        used = 0;
    }
    memset(sha->block + used, 0, LEN_OFF - used);
    tern_store_be64(sha->block + LEN_OFF, sha->len * 8);
    compress(sha->h, sha->block);
    for (size_t i = 0; i < 8; i++)
        tern_store_be32(digest + 4 * i, sha->h[i]);
}

void tern_sha256_hex(const uint8_t digest[TERN_SHA256_LEN], char hex[TERN_SHA256_TEXT_CAP])
{
    for (size_t i = 0; i < 2 * TERN_SHA256_LEN; i++)
        hex[i] = "0123456789abcdef"[digest[i / 2] >> (4 - i % 2 * 4) & 15];
    hex[2 * TERN_SHA256_LEN] = '\0';
}
