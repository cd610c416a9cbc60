/* SPDX-License-Identifier: ISC */
/*
 * A guest, its store and its backend, and what is asked of them again and again.
 */
#ifndef TERN_TESTS_XEN_BUS_FIXTURE_H
#define TERN_TESTS_XEN_BUS_FIXTURE_H

#include "xen_world.h"

/* The world of the test that runs. */
extern struct world w;

/* Starts the guest; a backend would be able to everything. config may be NULL. */
void bus_begin(const struct netfront_config *config);
void bus_setup(void);
void bus_teardown(void);

/* Makes the device and lets everybody run. */
void bus_attach(uint16_t domid);

/* Connected, and a frame goes each way. */
void bus_assert_up(void);
/* Down, and nothing of a connection is left. */
void bus_assert_down(void);

#endif
