/* SPDX-License-Identifier: ISC */
/*
 * Runs the unit tests of what a guest is told when it starts.
 */
#include "suites.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(pvh_acpi_suite());
    srunner_add_suite(runner, pvh_words_suite());
    srunner_add_suite(runner, pvh_mem_suite());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
