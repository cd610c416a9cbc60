/* SPDX-License-Identifier: ISC */
/*
 * Every script over every provider, alone and below the test filter: the users
 * cannot tell which it was.
 */
#include "tests/unit/suites.h"

#include "conform.h"

static const struct conform_driver *const drivers[] = {
    &conform_feed,
    &conform_feed_small,
    &conform_feed_octet,
    &conform_sockets,
    &conform_net,
    &conform_net_rough,
};

#define N_DRIVERS ((int)(sizeof drivers / sizeof drivers[0]))

/* _i counts the scripts within the drivers within the two stacks. */
START_TEST(test_stream_users_cannot_tell_their_provider)
{
    const struct conform_script *script = &conform_scripts[_i % conform_n_scripts];
    const struct conform_driver *driver = drivers[_i / conform_n_scripts % N_DRIVERS];
    if (_i / conform_n_scripts >= N_DRIVERS)
        driver = conform_filtered(driver);
    script->run(driver);
}
END_TEST

Suite *conform_suite(void)
{
    Suite *suite = suite_create("stream");
    for (int i = 0; i < 2 * N_DRIVERS; i++) {
        const struct conform_driver *driver = drivers[i % N_DRIVERS];
        if (i >= N_DRIVERS)
            driver = conform_filtered(driver);
        static char names[2 * N_DRIVERS][64];
        for (size_t k = 0; driver->name[k] != '\0'; k++)
            names[i][k] = driver->name[k];
        TCase *tc = tcase_create(names[i]);
        tcase_set_timeout(tc, 60);
        tcase_add_loop_test(tc, test_stream_users_cannot_tell_their_provider,
                            i * conform_n_scripts, (i + 1) * conform_n_scripts);
        suite_add_tcase(suite, tc);
    }
    return suite;
}
