/* SPDX-License-Identifier: ISC */
/*
 * The Internet checksum against a loop over octets: every alignment, every
 * short length, sums that are all ones, and nothing beyond the end.
 */
#include "suites.h"

#include <tern/base.h>

#include <stdlib.h>
#include <string.h>

/* RFC 1071 section 1, word by word. */
static uint32_t naive(uint32_t sum, const uint8_t *data, size_t len)
{
    uint64_t s = sum;
    for (size_t i = 0; i < len; i++)
        s += (uint64_t)data[i] << (i % 2 == 0 ? 8 : 0);
    while (s > 0xffff)
        s = (s & 0xffff) + (s >> 16);
    return (uint32_t)s;
}

static uint8_t octet_at(uint32_t i, int pattern)
{
    switch (pattern) {
    case 0: return 0;
    case 1: return 0xff;
    case 2: return (uint8_t)(i * 2654435761u >> 24);
    default: return i % 7 == 0 ? 0xff : (uint8_t)i;
    }
}

START_TEST(test_checksum_adds_what_the_naive_loop_adds_at_every_offset_and_length)
{
    static const uint32_t sums[] = { 0, 1, 0xfffe, 0xffff, 0x10000, 0xffff0000, 0xffffffff };
    for (size_t off = 0; off <= 8; off++) {
        for (size_t len = 0; len <= 200; len++) {
            uint8_t *mem = malloc(off + len + 1);    /* its end is the sanitizer's */
            for (size_t i = 0; i < off + len; i++)
                mem[i] = octet_at((uint32_t)i, _i);
            uint32_t sum = sums[len % (sizeof sums / sizeof sums[0])];
            ck_assert_uint_eq(tern_checksum_add(sum, mem + off, len), naive(sum, mem + off, len));
            free(mem);
        }
    }
}
END_TEST

START_TEST(test_checksum_copies_exactly_and_writes_nothing_beyond)
{
    for (size_t off = 0; off <= 8; off++) {
        for (size_t len = 0; len <= 200; len++) {
            uint8_t from[256], to[256];
            size_t to_off = (off * 5 + len) % 9 + 8;
            for (size_t i = 0; i < sizeof from; i++)
                from[i] = octet_at((uint32_t)i, _i);
            memset(to, 0xa5, sizeof to);
            ck_assert_uint_eq(tern_checksum_copy(0x1234, to + to_off, from + off, len),
                              naive(0x1234, from + off, len));
            ck_assert_int_eq(memcmp(to + to_off, from + off, len), 0);
            size_t n_kept = 0;
            for (size_t i = 0; i < sizeof to; i++)
                n_kept += (i < to_off || i >= to_off + len) && to[i] == 0xa5;
            ck_assert_uint_eq(n_kept, sizeof to - len);
        }
    }
}
END_TEST

START_TEST(test_checksum_of_long_data_loses_no_carry)
{
    size_t len = 70001;
    uint8_t *mem = malloc(len), *to = malloc(len);
    for (size_t i = 0; i < len; i++)
        mem[i] = octet_at((uint32_t)i, _i);
    ck_assert_uint_eq(tern_checksum_add(0xffffffff, mem, len), naive(0xffffffff, mem, len));
    ck_assert_uint_eq(tern_checksum_copy(0xffffffff, to, mem, len), naive(0xffffffff, mem, len));
    ck_assert_int_eq(memcmp(to, mem, len), 0);
    free(mem);
    free(to);
}
END_TEST

START_TEST(test_checksum_of_rfc_1071_s_example_is_ddf2)
{
    static const uint8_t data[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
    ck_assert_uint_eq(tern_checksum_add(0, data, sizeof data), 0xddf2);
    ck_assert_uint_eq(tern_checksum_finish(tern_checksum_add(0, data, sizeof data)), 0x220d);
}
END_TEST

START_TEST(test_checksum_of_pieces_is_that_of_the_whole)
{
    uint8_t data[97];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = octet_at((uint32_t)i, 2);
    uint32_t whole = tern_checksum_add(0, data, sizeof data);
    for (size_t cut = 0; cut <= sizeof data; cut++) {
        uint32_t first = tern_checksum_add(0, data, cut);
        uint32_t second = tern_checksum_add(0, data + cut, sizeof data - cut);
        if (cut % 2 != 0)
            second = tern_checksum_swap(second);
        ck_assert_uint_eq(tern_checksum_fold(first + second), whole);
    }
}
END_TEST

START_TEST(test_checksum_folds_any_sum)
{
    ck_assert_uint_eq(tern_checksum_fold(0), 0);
    ck_assert_uint_eq(tern_checksum_fold(0xffff), 0xffff);
    ck_assert_uint_eq(tern_checksum_fold(0x10000), 1);
    ck_assert_uint_eq(tern_checksum_fold(0xffffffff), 0xffff);
    ck_assert_uint_eq(tern_checksum_fold(0xffff0001), 1);
    ck_assert_uint_eq(tern_checksum_finish(0xffff), 0);
    ck_assert_uint_eq(tern_checksum_finish(0), 0xffff);
}
END_TEST

Suite *checksum_suite(void)
{
    Suite *suite = suite_create("checksum");
    TCase *tc = tcase_create("checksum");
    tcase_add_loop_test(
        tc, test_checksum_adds_what_the_naive_loop_adds_at_every_offset_and_length, 0, 4);
    tcase_add_loop_test(tc, test_checksum_copies_exactly_and_writes_nothing_beyond, 0, 4);
    tcase_add_loop_test(tc, test_checksum_of_long_data_loses_no_carry, 0, 4);
    tcase_add_test(tc, test_checksum_of_rfc_1071_s_example_is_ddf2);
    tcase_add_test(tc, test_checksum_of_pieces_is_that_of_the_whole);
    tcase_add_test(tc, test_checksum_folds_any_sum);
    suite_add_tcase(suite, tc);
    return suite;
}
