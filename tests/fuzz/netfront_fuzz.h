/* SPDX-License-Identifier: ISC */
/*
 * A driver of Xen's network device, its backend, and what the backend does on its own
 * while the driver is at work.
 */
#ifndef TERN_TESTS_NETFRONT_FUZZ_H
#define TERN_TESTS_NETFRONT_FUZZ_H

#include <backends/xen/netfront.h>
#include <tests/unit/xen_netback.h>

/* Of the input that runs. */
extern struct xen_fake x;
extern struct netfront nf;
extern struct netback nb;
extern bool attached;        /* the stack is above the driver */
extern bool ambush;          /* strike at the driver's next call of its own */

/* From now on what stands in the rings may be the backend's own work. */
void backend_lied(void);

/* Writes a value somewhere that the backend can write: a ring's head, a slot, a frame. */
void backend_strike(void);

/* A moment in which the backend may act: at a call of the driver's, or of the stack's. */
void backend_moment(void);

/* The backend acts after single accesses of the driver's, up to backend_watch_end. */
void backend_watch(uint8_t how);
void backend_watch_end(void);

#endif
