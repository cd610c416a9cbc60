/* SPDX-License-Identifier: ISC */
/*
 * SipHash: the vectors of its authors' reference, and the unrolled forms
 * against the plain one.
 */
#include "suites.h"

#include <tern/base.h>

#include <string.h>

static const uint8_t key[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* Inputs 00, 00 01, ...: the authors' first and the paper's appendix A (length 15). */
static const struct {
    size_t len;
    uint64_t hash;
} vectors[] = {
    { 0, UINT64_C(0x726fdb47dd0e0e31) },
    { 1, UINT64_C(0x74f839c593dc67fd) },
    { 2, UINT64_C(0x0d6c8009d9a94f5a) },
    { 3, UINT64_C(0x85676696d7fb7e2d) },
    { 4, UINT64_C(0xcf2794e0277187b7) },
    { 5, UINT64_C(0x18765564cd99a68d) },
    { 6, UINT64_C(0xcbc9466e58fee3ce) },
    { 7, UINT64_C(0xab0200f58b01d137) },
    { 8, UINT64_C(0x93f5f5799a932462) },
    { 15, UINT64_C(0xa129ca6149be45e5) },
};

START_TEST(test_siphash_gives_the_vectors_of_its_authors)
{
    uint8_t data[64];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    ck_assert_uint_eq(tern_siphash(key, data, vectors[_i].len), vectors[_i].hash);
}
END_TEST

START_TEST(test_siphash_depends_on_every_bit_of_key_and_input)
{
    uint8_t data[24] = { 0 }, k[16] = { 0 };
    uint64_t hash = tern_siphash(k, data, sizeof data);
    for (size_t bit = 0; bit < 8 * sizeof data; bit++) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_uint_ne(tern_siphash(k, data, sizeof data), hash);
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof k; bit++) {
        k[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_uint_ne(tern_siphash(k, data, sizeof data), hash);
        k[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
END_TEST

START_TEST(test_siphash_of_three_words_is_that_of_their_octets)
{
    uint64_t a = UINT64_C(0x0123456789abcdef), b = ~a, c = UINT64_C(0xfedcba9876543210);
    uint8_t data[24];
    tern_store_le64(data, a);
    tern_store_le64(data + 8, b);
    tern_store_le64(data + 16, c);
    ck_assert_uint_eq(tern_siphash_3(key, a, b, c), tern_siphash(key, data, sizeof data));
}
END_TEST

/* SipHash-1-3 written out once more, as the paper has it. */
static uint64_t siphash13_of_words(const uint8_t k[16], const uint64_t *words, size_t n)
{
    uint64_t k0 = tern_load_le64(k), k1 = tern_load_le64(k + 8);
    uint64_t v[4] = { k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                      k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573) };
    for (size_t i = 0; i < n + 4; i++) {    /* the words, the length, three rounds of end */
        uint64_t m = i < n ? words[i] : (uint64_t)(8 * n) << 56;
        if (i <= n)
            v[3] ^= m;
        if (i == n + 1)
            v[2] ^= 0xff;
        v[0] += v[1], v[2] += v[3];
        v[1] = v[1] << 13 | v[1] >> 51, v[3] = v[3] << 16 | v[3] >> 48;
        v[1] ^= v[0], v[3] ^= v[2];
        v[0] = v[0] << 32 | v[0] >> 32;
        v[2] += v[1], v[0] += v[3];
        v[1] = v[1] << 17 | v[1] >> 47, v[3] = v[3] << 21 | v[3] >> 43;
        v[1] ^= v[2], v[3] ^= v[0];
        v[2] = v[2] << 32 | v[2] >> 32;
        if (i <= n)
            v[0] ^= m;
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

START_TEST(test_siphash13_of_five_words_is_what_the_paper_says)
{
    uint64_t words[5] = { 1, UINT64_MAX, 0, UINT64_C(0x8000000000000000), 42 };
    for (uint64_t i = 0; i < 100; i++) {
        words[i % 5] += i * UINT64_C(0x9e3779b97f4a7c15);
        ck_assert_uint_eq(tern_siphash13_5(key, words), siphash13_of_words(key, words, 5));
    }
}
END_TEST

Suite *siphash_suite(void)
{
    Suite *suite = suite_create("siphash");
    TCase *tc = tcase_create("siphash");
    tcase_add_loop_test(tc, test_siphash_gives_the_vectors_of_its_authors, 0,
                        (int)(sizeof vectors / sizeof vectors[0]));
    tcase_add_test(tc, test_siphash_depends_on_every_bit_of_key_and_input);
    tcase_add_test(tc, test_siphash_of_three_words_is_that_of_their_octets);
    tcase_add_test(tc, test_siphash13_of_five_words_is_what_the_paper_says);
    suite_add_tcase(suite, tc);
    return suite;
}
