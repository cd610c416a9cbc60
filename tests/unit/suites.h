/* SPDX-License-Identifier: ISC */
/*
 * Every unit test suite, one line each, in the order of the tree. The programs
 * that run them are <area>_main.c beside this file.
 */
#ifndef TERN_TESTS_SUITES_H
#define TERN_TESTS_SUITES_H

#include <check.h>

Suite *err_suite(void);
Suite *addr_suite(void);
Suite *wheel_suite(void);
Suite *turn_suite(void);
Suite *block_suite(void);
Suite *siphash_suite(void);
Suite *checksum_suite(void);
Suite *drbg_suite(void);
Suite *feed_suite(void);

Suite *http_server_suite(void);

Suite *virtio_queue_suite(void);
Suite *virtio_net_suite(void);
Suite *virtio_net_hostile_suite(void);
Suite *virtio_rng_suite(void);

#endif
