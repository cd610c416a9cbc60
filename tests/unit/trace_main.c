/* SPDX-License-Identifier: ISC */
/*
 * Runs the tests that libhttp is the same over every provider of streams. A
 * program of its own, since it takes every provider there is.
 */
#include "suites.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(http_trace_suite());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
