/* SPDX-License-Identifier: ISC */
/*
 * Runs the unit tests of IPv6 and its family.
 */
#include "suites.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(ipv6_wire_suite());
    srunner_add_suite(runner, icmp6_wire_suite());
    srunner_add_suite(runner, names_wire_suite());
    srunner_add_suite(runner, nd_wire_suite());
    srunner_add_suite(runner, group_wire_suite());
    srunner_add_suite(runner, dhcp6_wire_suite());
    srunner_add_suite(runner, ipv6_suite());
    srunner_add_suite(runner, icmp6_suite());
    srunner_add_suite(runner, ipv6_addr_suite());
    srunner_add_suite(runner, nd_suite());
    srunner_add_suite(runner, nd_router_suite());
    srunner_add_suite(runner, nd_router_hostile_suite());
    srunner_add_suite(runner, nd_redirect_suite());
    srunner_add_suite(runner, slaac_suite());
    srunner_add_suite(runner, mld_suite());
    srunner_add_suite(runner, dhcp6_suite());
    srunner_add_suite(runner, dhcp6_lease_suite());
    srunner_add_suite(runner, dhcp6_answer_suite());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
