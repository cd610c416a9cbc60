/* SPDX-License-Identifier: ISC */
/*
 * The domain as Xen gives it: hypercalls, the shared information page, event
 * channels, time, waiting, and the way out (xen/xen.h, xen/sched.h,
 * xen/event_channel.h, xen/memory.h, xen/hvm/params.h).
 *
 * There are no interrupts. The loop waits in SCHEDOP_poll, which names the event
 * channels that end the wait; a channel's bit in the shared page stays set
 * until it is taken, so no event is lost between a look and a wait.
 */
#ifndef TERN_XEN_MACHINE_H
#define TERN_XEN_MACHINE_H

#include "xen.h"

/* hypercall.S. Negative: an error of xen/errno.h. */
int64_t xen_hypercall(unsigned n, uintptr_t a, uintptr_t b, uintptr_t c);

/* Is this Xen? Reads CPUID only. */
bool xen_machine_is(void);

/*
 * Takes possession: the hypercall page, the shared information page, all event
 * channels masked. Once, before the seal; ends the guest where Xen refuses.
 */
void xen_machine_start(void);

/* After a resume: as at the start, and no event channel is left. */
void xen_machine_resume(void);

/* HVM_PARAM_*; 0 where Xen says nothing. */
uint64_t xen_machine_param(uint32_t index);

/*
 * A page that Xen or the toolstack shares by a parameter (store, console),
 * mapped; NULL: there is none, or it cannot be mapped. Before the seal.
 */
void *xen_machine_page(uint32_t pfn_param);

/* Grant table pages, shared; *n_frames: wanted, then had. NULL: none. Before the seal. */
void *xen_machine_grants(uint32_t *n_frames);

/*
 * RAM of XENMEM_memory_map in the format of the start info: 24 octets an
 * entry. How many were written.
 */
size_t xen_machine_ram(uint8_t *entries, size_t n_max);

/* Nanoseconds since Xen started, never back; wall time at its 0. */
uint64_t xen_machine_now_ns(void);
bool xen_machine_wall_ns(uint64_t *at_zero_ns);

/* Waits until a port that is alive and unmasked is raised, or until that time of xen_machine_now_ns. */
void xen_machine_wait(uint64_t until_ns);

/* SHUTDOWN_* of xen/sched.h. */
_Noreturn void xen_machine_shutdown(unsigned reason);
/* SHUTDOWN_suspend: true when this is the same domain still, false in a new life. */
bool xen_machine_suspend(void);

/* A port that the toolstack has bound (store, console) joins those that end a wait. */
void xen_machine_listen(uint32_t port);

extern struct xen_env xen_machine_env;

#endif
