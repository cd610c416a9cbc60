/* SPDX-License-Identifier: ISC */
/*
 * The unit tests of the unix backend and of what hosts share.
 */
#include <stdlib.h>

#include "suites.h"

int main(void)
{
    SRunner *runner = srunner_create(host_options_suite());
    srunner_add_suite(runner, host_links_suite());

    srunner_add_suite(runner, host_carve_suite());
    srunner_add_suite(runner, host_core_suite());
    srunner_add_suite(runner, host_modules_suite());
    srunner_add_suite(runner, unix_loop_suite());
    srunner_add_suite(runner, unix_sockets_suite());
    srunner_add_suite(runner, unix_dgram_suite());
    srunner_add_suite(runner, unix_vnet_suite());
    srunner_add_suite(runner, unix_tap_suite());
    srunner_add_suite(runner, unix_checksum_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
