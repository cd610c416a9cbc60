/* SPDX-License-Identifier: ISC */
/*
 * Runs the unit tests of the drivers under Xen.
 */
#include "suites.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(xen_gnttab_suite());
    srunner_add_suite(runner, xen_net_rx_suite());
    srunner_add_suite(runner, xen_net_tx_suite());
    srunner_add_suite(runner, xen_net_link_suite());
    srunner_add_suite(runner, xen_net_group_suite());
    srunner_add_suite(runner, xen_net_hostile_suite());
    srunner_add_suite(runner, xen_net_hostile_rx_suite());
    srunner_add_suite(runner, xen_net_race_suite());
    srunner_add_suite(runner, xen_store_suite());
    srunner_add_suite(runner, xen_store_watch_suite());
    srunner_add_suite(runner, xen_store_update_suite());
    srunner_add_suite(runner, xen_store_hostile_suite());
    srunner_add_suite(runner, xen_value_suite());
    srunner_add_suite(runner, xen_bus_suite());
    srunner_add_suite(runner, xen_life_suite());
    srunner_add_suite(runner, xen_reopen_suite());
    srunner_add_suite(runner, xen_resume_suite());
    srunner_add_suite(runner, xen_tcp_suite());
    srunner_add_suite(runner, xen_console_suite());
    srunner_add_suite(runner, xen_clock_suite());
    srunner_add_suite(runner, xen_guest_suite());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
