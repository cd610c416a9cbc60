/* SPDX-License-Identifier: ISC */
/*
 * Pools, placed one after another in one piece of memory.
 */
#include <string.h>

#include "backends/host/host_internal.h"
#include "suites.h"

static struct tern_carver carver;
static _Alignas(64) uint8_t memory[4096];

static void setup(void)
{
    tern_carver_init(&carver);
    memset(memory, 0xa5, sizeof memory);
}

START_TEST(pools_are_placed_apart_aligned_and_clear)
{
    size_t n, used;
    ck_assert_int_eq(tern_carver_add(&carver, "a", 10, 1, 3), TERN_OK);
    ck_assert_int_eq(tern_carver_add(&carver, "b", 64, 64, 2), TERN_OK);
    ck_assert_uint_eq(tern_carver_total(&carver), 64 + 128);
    ck_assert_int_eq(tern_carver_place(&carver, memory, sizeof memory, false, &used), TERN_OK);
    ck_assert_uint_eq(used, 192);
    ck_assert_ptr_eq(tern_carver_get(&carver, "a", 10, &n), memory);
    ck_assert_uint_eq(n, 3);
    ck_assert_ptr_eq(tern_carver_get(&carver, "b", 64, &n), memory + 64);
    ck_assert_uint_eq(n, 2);
    for (size_t i = 0; i < 192; i++)
        ck_assert_uint_eq(memory[i], 0);
    ck_assert_uint_eq(memory[192], 0xa5);
}
END_TEST

START_TEST(a_pool_of_another_element_length_or_name_is_not_there)
{
    size_t n = 9, used;
    ck_assert_int_eq(tern_carver_add(&carver, "a", 10, 1, 3), TERN_OK);
    ck_assert_int_eq(tern_carver_place(&carver, memory, sizeof memory, false, &used), TERN_OK);
    ck_assert_ptr_null(tern_carver_get(&carver, "a", 11, &n));
    ck_assert_ptr_null(tern_carver_get(&carver, "aa", 10, &n));
    ck_assert_uint_eq(n, 9);
}
END_TEST

START_TEST(what_does_not_fit_is_refused_with_its_name_and_octets)
{
    size_t used;
    ck_assert_int_eq(tern_carver_add(&carver, "small", 100, 4, 1), TERN_OK);
    ck_assert_int_eq(tern_carver_add(&carver, "http.conn", 1000, 4, 5), TERN_OK);
    tern_carver_scales(&carver);
    ck_assert_int_eq(tern_carver_place(&carver, memory, sizeof memory, true, &used), TERN_FULL);
    ck_assert_str_eq(carver.error,
                     "pool http.conn needs 5056 octets (5 of 1000), 3968 are left: give more "
                     "memory= or fewer connections=");
}
END_TEST

START_TEST(a_size_that_cannot_be_is_refused)
{
    ck_assert_int_eq(tern_carver_add(&carver, "a", SIZE_MAX / 2, 1, 3), TERN_INVALID);
    ck_assert_ptr_nonnull(strstr(carver.error, "pool a, 3 of "));
    ck_assert_ptr_nonnull(strstr(carver.error, " octets: more than can be addressed"));
    ck_assert_int_eq(tern_carver_add(&carver, "a", 0, 1, 3), TERN_INVALID);
    ck_assert_int_eq(tern_carver_add(&carver, "a", 1, 128, 3), TERN_INVALID);
    ck_assert_int_eq(tern_carver_add(&carver, "a", SIZE_MAX / 2, 1, 2), TERN_OK);
    ck_assert_int_eq(tern_carver_add(&carver, "a", 1, 1, 1), TERN_INVALID);
    ck_assert_int_eq(tern_carver_add(&carver, "b", SIZE_MAX / 2, 1, 2), TERN_OK);
    ck_assert_uint_eq(tern_carver_total(&carver), SIZE_MAX);
}
END_TEST

START_TEST(an_appliances_pools_grow_with_connections)
{
    static const struct tern_pool pools[] = {
        { .name = "p", .elem_len = 8, .align = 8, .per_connection = 2, .fixed = 5 },
        { .name = NULL },
    };
    static const struct tern_appliance appliance = { .size = sizeof(struct tern_appliance),
                                                     .name = "x", .pools = pools };
    size_t n, used;
    ck_assert_int_eq(tern_carver_add_appliance(&carver, &appliance, 10), TERN_OK);
    ck_assert_int_eq(tern_carver_place(&carver, memory, sizeof memory, true, &used), TERN_OK);
    ck_assert_ptr_nonnull(tern_carver_get(&carver, "p", 8, &n));
    ck_assert_uint_eq(n, 25);
}
END_TEST

START_TEST(more_pools_than_there_is_room_for_are_refused)
{
    static char names[TERN_CARVED_MAX + 1][4];
    for (size_t i = 0; i <= TERN_CARVED_MAX; i++) {
        names[i][0] = (char)('a' + i / 26);
        names[i][1] = (char)('a' + i % 26);
        ck_assert_int_eq(tern_carver_add(&carver, names[i], 1, 1, 1),
                         i < TERN_CARVED_MAX ? TERN_OK : TERN_FULL);
    }
}
END_TEST

START_TEST(test_carve_the_rest_is_for_blocks_and_too_little_is_named)
{
    struct tern_text text;
    char lines[512];
    size_t rest = 0;

    tern_carver_init(&carver);
    ck_assert_int_eq(tern_carver_add(&carver, "a", 10, 1, 3), TERN_OK);
    ck_assert_int_eq(tern_carver_add(&carver, "b", 100, 1, 1), TERN_OK);
    ck_assert_int_eq(tern_carver_rest(&carver, 192 + 1000, 1000, &rest), TERN_OK);
    ck_assert_uint_eq(rest, 1000);
    ck_assert_int_eq(tern_carver_rest(&carver, 192 + 999, 1000, &rest), TERN_FULL);
    ck_assert_str_eq(carver.error, "pool blocks needs 1000 octets or more, 999 are left: give more "
                                   "memory=");
    ck_assert_int_eq(tern_carver_rest(&carver, 191, 0, &rest), TERN_FULL);
    ck_assert_str_eq(carver.error, "pool b needs 128 octets (1 of 100), 127 are left: give more "
                                   "memory=");
    /* With fewer of c there would be room for what follows it, but not with less than 1,192. */
    ck_assert_int_eq(tern_carver_add(&carver, "c", 640, 1, 1), TERN_OK);
    tern_carver_scales(&carver);
    ck_assert_int_eq(tern_carver_add(&carver, "d", 64, 1, 1), TERN_OK);
    ck_assert_int_eq(tern_carver_rest(&carver, 192 + 64, 0, &rest), TERN_FULL);
    ck_assert_str_eq(carver.error, "pool c needs 640 octets (1 of 640), 64 are left: give more "
                                   "memory= or fewer connections=");
    ck_assert_int_eq(tern_carver_rest(&carver, 192 + 640, 0, &rest), TERN_FULL);
    ck_assert_str_eq(carver.error, "pool d needs 64 octets (1 of 64), 0 are left: give more "
                                   "memory= or fewer connections=");
    ck_assert_int_eq(tern_carver_rest(&carver, 192 + 63, 0, &rest), TERN_FULL);
    ck_assert_str_eq(carver.error, "pool c needs 640 octets (1 of 640), 63 are left: give more "
                                   "memory=");
    ck_assert_int_eq(tern_carver_rest(&carver, 192 + 64, 1, &rest), TERN_FULL);
    ck_assert_str_eq(carver.error, "pool c needs 640 octets (1 of 640), 64 are left: give more "
                                   "memory=");
    carver.n_pools = 2;
    tern_text_init(&text, lines, sizeof lines);
    tern_carver_print(&carver, 1000, 100, &text);
    ck_assert_str_eq(lines, "a                       3 x 10              64\n"
                            "b                       1 x 100             128\n"
                            "blocks                  10 x 100            1000\n"
                            "in all                                      1192\n");
}
END_TEST

Suite *host_carve_suite(void)
{
    Suite *suite = suite_create("host_carve");
    TCase *tc = tcase_create("carve");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, test_carve_the_rest_is_for_blocks_and_too_little_is_named);
    tcase_add_test(tc, pools_are_placed_apart_aligned_and_clear);
    tcase_add_test(tc, a_pool_of_another_element_length_or_name_is_not_there);
    tcase_add_test(tc, what_does_not_fit_is_refused_with_its_name_and_octets);
    tcase_add_test(tc, a_size_that_cannot_be_is_refused);
    tcase_add_test(tc, an_appliances_pools_grow_with_connections);
    tcase_add_test(tc, more_pools_than_there_is_room_for_are_refused);
    suite_add_tcase(suite, tc);
    return suite;
}
