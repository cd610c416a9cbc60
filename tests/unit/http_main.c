/* SPDX-License-Identifier: ISC */
/*
 * Runs libhttp's unit tests.
 */
#include "suites.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(http_request_suite());
    srunner_add_suite(runner, http_pure_suite());
    srunner_add_suite(runner, http_server_suite());
    srunner_add_suite(runner, http_answer_suite());
    srunner_add_suite(runner, http_exchange_suite());
    srunner_add_suite(runner, http_choice_suite());
    srunner_add_suite(runner, http_select_suite());
    srunner_add_suite(runner, http_assets_suite());
    srunner_add_suite(runner, http_archive_suite());
    srunner_add_suite(runner, http_metrics_suite());
    srunner_add_suite(runner, http_hostile_suite());
    srunner_add_suite(runner, http_hostile_server_suite());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
