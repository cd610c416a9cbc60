/* SPDX-License-Identifier: ISC */
/*
 * The generator: ChaCha20's published key stream behind it, closed before it
 * is seeded, and nothing of the past in its memory.
 */
#include "suites.h"

#include <tern/base.h>

#include <string.h>

START_TEST(test_drbg_fails_closed_until_it_is_seeded)
{
    struct tern_drbg drbg;
    uint8_t out[4] = { 1, 2, 3, 4 };
    memset(&drbg, 0, sizeof drbg);
    ck_assert_int_eq(tern_drbg_fill(&drbg, out, sizeof out), TERN_INVALID);
    ck_assert_mem_eq(out, "\1\2\3\4", 4);
    ck_assert_uint_eq(tern_drbg_u32(&drbg), 0);
    ck_assert_uint_eq(tern_drbg_below(&drbg, 1000), 0);
    tern_drbg_reseed(&drbg, out, sizeof out);    /* mixing in is not seeding */
    ck_assert_int_eq(tern_drbg_fill(&drbg, out, sizeof out), TERN_INVALID);
}
END_TEST

/*
 * RFC 8439 appendix A.1, vector 1: key, nonce and counter zero. The first 32
 * octets become the next key; output begins after them.
 */
START_TEST(test_drbg_hands_out_chacha20_s_key_stream_after_the_next_key)
{
    static const uint8_t seed[TERN_SEED_LEN] = { 0 };
    static const uint8_t next_key[32] = {
        0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86,
        0xbd, 0x28, 0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d, 0xed, 0x1a, 0xa8, 0x36, 0xef, 0xcc,
        0x8b, 0x77, 0x0d, 0xc7,
    };
    static const uint8_t expected[32] = {
        0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d, 0x77, 0x24, 0xe0, 0x3f, 0xb8, 0xd8,
        0x4a, 0x37, 0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18, 0xa1, 0x1c, 0xc3, 0x87, 0xb6, 0x69,
        0xb2, 0xee, 0x65, 0x86,
    };
    /* Counter 1 of the same key, appendix A.1, vector 2. */
    static const uint8_t second_block[16] = {
        0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d,
        0x08, 0x0d,
    };
    struct tern_drbg drbg;
    uint8_t out[48];
    tern_drbg_init(&drbg, seed);
    ck_assert_int_eq(tern_drbg_fill(&drbg, out, sizeof out), TERN_OK);
    ck_assert_mem_eq(out, expected, sizeof expected);
    ck_assert_mem_eq(out + 32, second_block, sizeof second_block);
    for (size_t i = 0; i < 8; i++)
        ck_assert_uint_eq(drbg.key[i], tern_load_le32(next_key + 4 * i));
}
END_TEST

static bool holds(const struct tern_drbg *drbg, const uint8_t *octets, size_t len)
{
    const uint8_t *mem = (const uint8_t *)drbg;
    for (size_t i = 0; i + len <= sizeof *drbg; i++)
        if (memcmp(mem + i, octets, len) == 0)
            return true;
    return false;
}

START_TEST(test_drbg_s_memory_does_not_tell_what_it_handed_out)
{
    static const uint8_t seed[TERN_SEED_LEN] = { 7, 7, 7 };
    struct tern_drbg drbg;
    uint8_t out[16];
    tern_drbg_init(&drbg, seed);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(tern_drbg_fill(&drbg, out, sizeof out), TERN_OK);
        ck_assert(!holds(&drbg, out, sizeof out));
        ck_assert(!holds(&drbg, seed, sizeof seed));
    }
}
END_TEST

START_TEST(test_drbg_output_does_not_depend_on_how_it_is_cut)
{
    static const uint8_t seed[TERN_SEED_LEN] = { 1 };
    struct tern_drbg whole, cut;
    uint8_t a[1000], b[1000];
    tern_drbg_init(&whole, seed);
    tern_drbg_init(&cut, seed);
    ck_assert_int_eq(tern_drbg_fill(&whole, a, sizeof a), TERN_OK);
    for (size_t off = 0, n = 1; off < sizeof b; off += n, n = n % 37 + 1) {
        n = n < sizeof b - off ? n : sizeof b - off;
        ck_assert_int_eq(tern_drbg_fill(&cut, b + off, n), TERN_OK);
    }
    ck_assert_mem_eq(a, b, sizeof a);
    ck_assert_int_eq(tern_drbg_fill(&cut, b, 0), TERN_OK);
}
END_TEST

START_TEST(test_drbg_reseed_changes_what_follows_by_all_of_the_entropy)
{
    static const uint8_t seed[TERN_SEED_LEN] = { 1 };
    static const struct {
        uint8_t octets[40];
        size_t len;
    } entropies[] = {
        { { 0 }, 0 }, { { 0 }, 1 }, { { 0 }, 2 }, { { 1 }, 1 }, { { 0 }, 32 },
        { { 0 }, 33 }, { { [32] = 1 }, 33 }, { { [39] = 1 }, 40 },
    };
    uint8_t outs[9][16];
    for (size_t i = 0; i < 9; i++) {
        struct tern_drbg drbg;
        tern_drbg_init(&drbg, seed);
        if (i < 8)
            tern_drbg_reseed(&drbg, entropies[i].octets, entropies[i].len);
        ck_assert_int_eq(tern_drbg_fill(&drbg, outs[i], 16), TERN_OK);
        for (size_t k = 0; k < i; k++)
            ck_assert_mem_ne(outs[i], outs[k], 16);
    }
}
END_TEST

START_TEST(test_drbg_below_stays_below_and_reaches_all)
{
    static const uint8_t seed[TERN_SEED_LEN] = { 3 };
    static const uint32_t limits[] = { 1, 2, 3, 10, 0x7fffffff, 0x80000001, 0xffffffff };
    struct tern_drbg drbg;
    unsigned seen[10] = { 0 };
    tern_drbg_init(&drbg, seed);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        for (int k = 0; k < 200; k++)
            ck_assert_uint_lt(tern_drbg_below(&drbg, limits[i]), limits[i]);
    for (int i = 0; i < 10000; i++)
        seen[tern_drbg_below(&drbg, 10)]++;
    for (size_t i = 0; i < 10; i++)    /* the seed is fixed: this is no chance */
        ck_assert(seen[i] > 850 && seen[i] < 1150);
    ck_assert_uint_eq(tern_drbg_below(&drbg, 0), 0);
}
END_TEST

Suite *drbg_suite(void)
{
    Suite *suite = suite_create("drbg");
    TCase *tc = tcase_create("drbg");
    tcase_add_test(tc, test_drbg_fails_closed_until_it_is_seeded);
    tcase_add_test(tc, test_drbg_hands_out_chacha20_s_key_stream_after_the_next_key);
    tcase_add_test(tc, test_drbg_s_memory_does_not_tell_what_it_handed_out);
    tcase_add_test(tc, test_drbg_output_does_not_depend_on_how_it_is_cut);
    tcase_add_test(tc, test_drbg_reseed_changes_what_follows_by_all_of_the_entropy);
    tcase_add_test(tc, test_drbg_below_stays_below_and_reaches_all);
    suite_add_tcase(suite, tc);
    return suite;
}
