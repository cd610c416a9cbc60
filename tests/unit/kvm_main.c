/* SPDX-License-Identifier: ISC */
/*
 * Runs the unit tests of the drivers under hypervisors.
 */
#include "suites.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(virtio_queue_suite());
    srunner_add_suite(runner, virtio_pieces_suite());
    srunner_add_suite(runner, virtio_net_suite());
    srunner_add_suite(runner, virtio_net_frames_suite());
    srunner_add_suite(runner, virtio_net_hostile_suite());
    srunner_add_suite(runner, virtio_again_suite());
    srunner_add_suite(runner, virtio_tcp_suite());
    srunner_add_suite(runner, virtio_rng_suite());
    srunner_add_suite(runner, virtio_bus_suite());
    srunner_add_suite(runner, virtio_mmio_suite());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
