/* SPDX-License-Identifier: ISC */
/*
 * Runs the unit tests of libnet below TCP.
 */
#include "suites.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(net_suite());
    srunner_add_suite(runner, net_group_suite());
    srunner_add_suite(runner, net_route_suite());
    srunner_add_suite(runner, eth_suite());
    srunner_add_suite(runner, ip_neighbour_suite());
    srunner_add_suite(runner, arp_suite());
    srunner_add_suite(runner, arp_conflict_suite());
    srunner_add_suite(runner, ipv4_suite());
    srunner_add_suite(runner, ipv4_output_suite());
    srunner_add_suite(runner, ipv4_reassembly_suite());
    srunner_add_suite(runner, icmp4_suite());
    srunner_add_suite(runner, igmp_suite());
    srunner_add_suite(runner, udp_suite());
    srunner_add_suite(runner, udp_batch_suite());
    srunner_add_suite(runner, dhcp4_suite());
    srunner_add_suite(runner, dhcp4_answer_suite());
    srunner_add_suite(runner, dhcp4_lease_suite());
    srunner_add_suite(runner, linklocal4_suite());
    srunner_add_suite(runner, net_metrics_suite());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
