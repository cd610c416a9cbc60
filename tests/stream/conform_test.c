/* SPDX-License-Identifier: ISC */
/*
 * Every script over every provider, alone and below the test filter: the users
 * cannot tell which it was.
 */
#include "tests/unit/suites.h"

#include "conform.h"

#include <stdio.h>

static const struct conform_driver *const drivers[] = {
    &conform_feed,
    &conform_feed_small,
    &conform_feed_octet,
    &conform_sockets,
    &conform_net,
    &conform_net_rough,
};

#define N_DRIVERS ((int)(sizeof drivers / sizeof drivers[0]))
#define N_SCRIPTS_MOST 64

/* The drivers, and then each once more below the filter. */
static const struct conform_driver *stack_at(int i)
{
    return i < N_DRIVERS ? drivers[i] : conform_filtered(drivers[i - N_DRIVERS]);
}

/* _i counts the scripts within the stacks. */
START_TEST(run_script)
{
    conform_scripts[_i % conform_n_scripts].run(stack_at(_i / conform_n_scripts));
}
END_TEST

/* One test a script and stack, named for both, so that a failure tells which. */
static void add_tests(TCase *tc, int stack)
{
    static TTest tests[2 * N_DRIVERS][N_SCRIPTS_MOST];
    static char names[2 * N_DRIVERS][N_SCRIPTS_MOST][128];
    for (int i = 0; i < conform_n_scripts && i < N_SCRIPTS_MOST; i++) {
        snprintf(names[stack][i], sizeof names[stack][i], "%s (%s)", conform_scripts[i].name,
                 stack_at(stack)->name);
        tests[stack][i] = *run_script;
        tests[stack][i].name = names[stack][i];
        int n = stack * conform_n_scripts + i;
        tcase_add_loop_test(tc, &tests[stack][i], n, n + 1);
    }
}

Suite *conform_suite(void)
{
    static char names[2 * N_DRIVERS][64];
    Suite *suite = suite_create("stream");
    for (int i = 0; i < 2 * N_DRIVERS; i++) {
        snprintf(names[i], sizeof names[i], "%s", stack_at(i)->name);
        TCase *tc = tcase_create(names[i]);
        tcase_set_timeout(tc, 60);
        add_tests(tc, i);
        suite_add_tcase(suite, tc);
    }
    return suite;
}
