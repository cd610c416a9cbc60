/* SPDX-License-Identifier: ISC */
/*
 * The block pool: what it refuses, what it counts, and its fairness.
 */
#include "suites.h"

#include <tern/base.h>

#include <stdlib.h>
#include <string.h>

#define LEN TERN_BLOCK_LEN_LEAST

static _Alignas(16) uint8_t mem[64 * LEN + 16];

START_TEST(test_pool_refuses_lengths_and_memory_that_do_not_fit)
{
    struct tern_block_pool pool;
    ck_assert_int_eq(tern_block_pool_init(&pool, mem, sizeof mem, 0), TERN_INVALID);
    ck_assert_int_eq(tern_block_pool_init(&pool, mem, sizeof mem, LEN - 16), TERN_INVALID);
    ck_assert_int_eq(tern_block_pool_init(&pool, mem, sizeof mem, LEN + 8), TERN_INVALID);
    ck_assert_int_eq(tern_block_pool_init(&pool, mem, 0, LEN), TERN_INVALID);
    ck_assert_int_eq(tern_block_pool_init(&pool, mem, LEN - 1, LEN), TERN_INVALID);
    ck_assert_int_eq(tern_block_pool_init(&pool, mem + 1, LEN + 14, LEN), TERN_INVALID);
    ck_assert_int_eq(tern_block_pool_init(&pool, mem + 1, 4, LEN), TERN_INVALID);
    ck_assert_int_eq(tern_block_pool_init(&pool, NULL, sizeof mem, LEN), TERN_INVALID);
    ck_assert_int_eq(tern_block_pool_init(&pool, mem + 1, LEN + 15, LEN), TERN_OK);
    ck_assert_uint_eq(pool.n_blocks, 1);
    ck_assert_int_eq(tern_block_pool_init(&pool, mem, 3 * LEN - 1, LEN), TERN_OK);
    ck_assert_uint_eq(pool.n_blocks, 2);
}
END_TEST

START_TEST(test_pool_lends_each_block_once_and_whole)
{
    struct tern_block_pool pool;
    struct tern_block *taken[8];
    ck_assert_int_eq(tern_block_pool_init(&pool, mem, 8 * LEN, LEN), TERN_OK);
    for (size_t i = 0; i < 8; i++) {
        taken[i] = tern_block_take(&pool);
        ck_assert_ptr_nonnull(taken[i]);
        ck_assert_uint_eq((uintptr_t)taken[i] % 16, 0);
        ck_assert_uint_eq(taken[i]->len + taken[i]->off, 0);
        ck_assert_ptr_null(taken[i]->next);
        memset(taken[i]->data, (int)i, pool.data_cap);
        taken[i]->len = (uint32_t)i;
    }
    ck_assert_ptr_null(tern_block_take(&pool));
    ck_assert_ptr_null(tern_block_take(&pool));
    ck_assert_uint_eq(pool.n_empty, 2);
    ck_assert_uint_eq(pool.n_free, 0);
    ck_assert_uint_eq(pool.n_low, 0);
    for (size_t i = 0; i < 8; i++) {
        ck_assert_uint_eq(taken[i]->data[0], i);
        ck_assert_uint_eq(taken[i]->data[pool.data_cap - 1], i);
        ck_assert_uint_eq(taken[i]->len, i);
        tern_block_give(&pool, taken[i]);
    }
    ck_assert_uint_eq(pool.n_free, 8);
    ck_assert_ptr_eq(tern_block_take(&pool), taken[7]);    /* the one still in the cache */
}
END_TEST

START_TEST(test_pool_remembers_its_lowest_point)
{
    struct tern_block_pool pool;
    ck_assert_int_eq(tern_block_pool_init(&pool, mem, 8 * LEN, LEN), TERN_OK);
    struct tern_block *a = tern_block_take(&pool), *b = tern_block_take(&pool);
    tern_block_give(&pool, a);
    tern_block_give(&pool, b);
    tern_block_give(&pool, tern_block_take(&pool));
    ck_assert_uint_eq(pool.n_low, 6);
}
END_TEST

/* N greedy holders leave at least 1/(1 + n/4) of the pool, and a newcomer gets its first. */
START_TEST(test_pool_is_fair_to_newcomers_whatever_the_greedy_hold)
{
    struct tern_block_pool pool;
    for (size_t n_greedy = 1; n_greedy <= 12; n_greedy++) {
        size_t held[12] = { 0 };
        bool more = true;
        ck_assert_int_eq(tern_block_pool_init(&pool, mem, 64 * LEN, LEN), TERN_OK);
        while (more) {
            more = false;
            for (size_t i = 0; i < n_greedy; i++) {
                if (!tern_block_fair(&pool, held[i]))
                    continue;
                ck_assert_ptr_nonnull(tern_block_take(&pool));
                held[i]++;
                more = true;
            }
        }
        ck_assert_uint_ge((pool.n_free + n_greedy) * (4 + n_greedy), 64 * 4);
        ck_assert(tern_block_fair(&pool, 0));
    }
}
END_TEST

START_TEST(test_pool_without_free_blocks_is_fair_to_nobody)
{
    struct tern_block_pool pool;
    ck_assert_int_eq(tern_block_pool_init(&pool, mem, LEN, LEN), TERN_OK);
    ck_assert(tern_block_fair(&pool, 0));
    ck_assert(!tern_block_fair(&pool, 1));
    (void)tern_block_take(&pool);
    ck_assert(!tern_block_fair(&pool, 0));
}
END_TEST

START_TEST(test_pool_foretells_how_many_it_would_grant)
{
    for (size_t n_free = 0; n_free < 60; n_free++) {
        for (size_t n_held = 0; n_held < 20; n_held++) {
            struct tern_block_pool pool = { .n_free = n_free };
            size_t n = 0, foretold = tern_block_fair_more(&pool, n_held);
            for (; tern_block_fair(&pool, n_held + n); pool.n_free--)
                n++;
            ck_assert_uint_eq(foretold, n);
        }
    }
}
END_TEST

Suite *block_suite(void)
{
    Suite *suite = suite_create("block");
    TCase *tc = tcase_create("block");
    tcase_add_test(tc, test_pool_refuses_lengths_and_memory_that_do_not_fit);
    tcase_add_test(tc, test_pool_lends_each_block_once_and_whole);
    tcase_add_test(tc, test_pool_remembers_its_lowest_point);
    tcase_add_test(tc, test_pool_is_fair_to_newcomers_whatever_the_greedy_hold);
    tcase_add_test(tc, test_pool_without_free_blocks_is_fair_to_nobody);
    tcase_add_test(tc, test_pool_foretells_how_many_it_would_grant);
    suite_add_tcase(suite, tc);
    return suite;
}
