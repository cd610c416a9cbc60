/* SPDX-License-Identifier: ISC */
/*
 * This machine's sums and copies against the portable ones.
 */
#include <string.h>

#include <tern/unix.h>

#include "suites.h"

#define GUARD 64u

static uint8_t from[8192 + 2 * GUARD], to[8192 + 2 * GUARD];

static void fill(uint8_t pattern)
{
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof from; i++) {
        x = x * 1664525 + 1013904223;
        from[i] = pattern != 0 ? pattern : (uint8_t)(x >> 24);
    }
}

static void same(size_t off, size_t len, uint32_t sum)
{
    const struct tern_checksum_ops *ops = tern_unix_checksum();
    uint32_t want = tern_checksum_add(sum, from + off, len);
    ck_assert_uint_eq(ops->add(sum, from + off, len), want);
    memset(to, 0x5a, sizeof to);
    ck_assert_uint_eq(ops->copy(sum, to + GUARD, from + off, len), want);
    ck_assert_mem_eq(to + GUARD, from + off, len);
    ck_assert_uint_eq(to[GUARD - 1], 0x5a);
    ck_assert_uint_eq(to[GUARD + len], 0x5a);
}

START_TEST(every_length_up_to_1600_and_offset_sums_as_the_portable)
{
    fill(0);
    for (size_t len = 0; len <= 1600; len++)
        same(len % 33, len, (uint32_t)len * 0x9e3779b9u);
}
END_TEST

START_TEST(carries_are_never_lost)
{
    static const uint32_t sums[] = { 0, 1, 0xfffe, 0xffff, 0x10000, 0xffffffff, 0xfffffffe };
    fill(0xff);
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++)
        for (size_t len = 8000; len <= 8192; len++)
            same(1, len, sums[i]);
}
END_TEST

Suite *unix_checksum_suite(void)
{
    Suite *suite = suite_create("unix_checksum");
    TCase *tc = tcase_create("checksum");

    tcase_add_test(tc, every_length_up_to_1600_and_offset_sums_as_the_portable);
    tcase_add_test(tc, carries_are_never_lost);
    suite_add_tcase(suite, tc);
    return suite;
}
