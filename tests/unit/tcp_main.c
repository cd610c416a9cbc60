/* SPDX-License-Identifier: ISC */
/*
 * Runs the unit tests of TCP.
 */
#include "suites.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(tcp_wire_suite());
    srunner_add_suite(runner, tcp_open_suite());
    srunner_add_suite(runner, tcp_input_suite());
    srunner_add_suite(runner, tcp_close_suite());
    srunner_add_suite(runner, tcp_timer_suite());
    srunner_add_suite(runner, tcp_output_suite());
    srunner_add_suite(runner, tcp_ack_suite());
    srunner_add_suite(runner, tcp_recv_suite());
    srunner_add_suite(runner, tcp_pool_suite());
    srunner_add_suite(runner, tcp_hostile_suite());
    srunner_add_suite(runner, tcp_rules_suite());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
