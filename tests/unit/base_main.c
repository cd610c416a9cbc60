/* SPDX-License-Identifier: ISC */
/*
 * Runs base's unit tests.
 */
#include "suites.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(err_suite());
    srunner_add_suite(runner, addr_suite());
    srunner_add_suite(runner, dial_order_suite());
    srunner_add_suite(runner, wheel_suite());
    srunner_add_suite(runner, turn_suite());
    srunner_add_suite(runner, block_suite());
    srunner_add_suite(runner, siphash_suite());
    srunner_add_suite(runner, checksum_suite());
    srunner_add_suite(runner, drbg_suite());
    srunner_add_suite(runner, archive_suite());
    srunner_add_suite(runner, feed_suite());
    srunner_add_suite(runner, feed_write_suite());
    srunner_add_suite(runner, feed_end_suite());
    srunner_add_suite(runner, metrics_suite());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
