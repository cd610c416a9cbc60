/* SPDX-License-Identifier: ISC */
/*
 * The seed: RDRAND (Intel SDM volume 1, section 7.3.17) and the backend's
 * source (virtio-rng), both when both are there, through the generator of
 * base/. A guest that has neither does not start.
 */
#include <string.h>

#include "backends/pvh/cpu.h"
#include "backends/pvh/pvh_internal.h"

#pragma weak pvh_entropy_source

enum { RDRAND_TRIES = 10, SEED_WORDS = 4 };

static struct tern_drbg drbg;

/* Section 7.3.17.1: ten failures in a row mean that the generator is broken. */
static bool rdrand(uint64_t *word)
{
    for (unsigned i = 0; i < RDRAND_TRIES; i++) {
        uint8_t good;
        __asm__ volatile("rdrand %0; setc %1" : "=r"(*word), "=qm"(good) : : "cc");
        if (good)
            return true;
    }
    return false;
}

/* Some processors answered all ones for ever: equal words are no entropy. */
static bool rdrand_seed(uint64_t words[SEED_WORDS])
{
    if ((cpu_id(1).ecx >> 30 & 1) == 0)
        return false;
    for (unsigned i = 0; i < SEED_WORDS; i++) {
        if (!rdrand(&words[i]) || (i > 0 && words[i] == words[i - 1]))
            return false;
    }
    return true;
}

PVH_BOOT bool pvh_entropy_init(void)
{
    uint64_t words[SEED_WORDS] = { 0 };
    uint8_t seed[TERN_SEED_LEN] = { 0 };
    _Static_assert(sizeof words == sizeof seed, "one seed");
    bool seeded = rdrand_seed(words);
    memcpy(seed, words, sizeof seed);
    tern_drbg_init(&drbg, seed);

    uint8_t more[TERN_SEED_LEN];
    size_t n = pvh_entropy_source != NULL ? pvh_entropy_source(more, sizeof more) : 0;
    if (n == sizeof more) {
        tern_drbg_reseed(&drbg, more, n);
        seeded = true;
    }
    return seeded;
}

bool pvh_entropy_renew(void)
{
    uint64_t words[SEED_WORDS + 1] = { 0 };
    bool seeded = rdrand_seed(words);
    words[SEED_WORDS] = cpu_tsc();
    tern_drbg_reseed(&drbg, (const uint8_t *)words, sizeof words);
    return seeded;
}

void pvh_entropy(uint8_t *out, size_t len)
{
    if (tern_drbg_fill(&drbg, out, len) != TERN_OK)
        pvh_fail(PVH_STATUS_ENTROPY, "entropy: asked for too early\n");
}
