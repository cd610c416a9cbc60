/* SPDX-License-Identifier: ISC */
/* The unit tests of the tern command's parts. */
#include <stdlib.h>

#include "suites.h"

int main(void)
{
    SRunner *runner = srunner_create(notes_suite());
    srunner_add_suite(runner, audit_suite());
    srunner_add_suite(runner, audit_search_suite());
    srunner_add_suite(runner, x86_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
