/* SPDX-License-Identifier: ISC */
/*
 * Runs the unit tests of forwarding.
 */
#include "suites.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(forward_suite());
    srunner_add_suite(runner, forward_refuse_suite());
    srunner_add_suite(runner, forward_policy_suite());
    srunner_add_suite(runner, forward_cut_suite());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
