/* SPDX-License-Identifier: ISC */
/*
 * The domain as Xen gives it: hypercalls, the shared information page, event
 * channels, time, waiting, and the way out (xen/xen.h, xen/sched.h,
 * xen/event_channel.h, xen/memory.h, xen/hvm/params.h).
 *
 *   machine.c      the start, what Xen shares, the console, the end
 *   events.c       event channels, waiting
 *   xen_clock.c    time
 *   guest_net.c    the device, the store, and what the toolstack wants
 *
 * There are no interrupts.
 */
#ifndef TERN_XEN_MACHINE_H
#define TERN_XEN_MACHINE_H

#include "xen.h"
#include "xen_public.h"

/* hypercall.S. Negative: an error of xen/errno.h. */
int64_t xen_hypercall(unsigned n, uintptr_t a, uintptr_t b, uintptr_t c);

static inline uintptr_t xen_arg(const volatile void *p)
{
    return (uintptr_t)p;
}

/* Xen's to write; each value is read once. */
union xen_shared_page {
    volatile struct shared_info info;
    uint8_t page[XEN_PAGE_LEN];
};
extern union xen_shared_page xen_shared;

/* HVM_PARAM_*; 0 where Xen says nothing. */
uint64_t xen_machine_param(uint32_t index);

/* A page whose number is a parameter (the store's), mapped. NULL: none. Before the seal. */
void *xen_machine_page(uint32_t pfn_param);

/* Grant table pages, shared; *n_frames: wanted, then had. NULL: none. Before the seal. */
void *xen_machine_grants(uint32_t *n_frames);

/*
 * What was typed on the console: at most cap octets, 0 if nothing. And when it wants to
 * be asked again, whatever happens.
 */
size_t xen_machine_typed(char *to, size_t cap, uint64_t now_ns);
uint64_t xen_machine_typed_due(void);

/* Rules that the console's other side broke: at most one, as the console then ends. */
uint64_t xen_machine_console_breaches(void);

/* The end, if it is a good one, shall be a new start. */
void xen_machine_reboots(void);

/*
 * SHUTDOWN_suspend: true when this is the same domain still. In a new life there
 * is no event channel but those that the toolstack has bound, and the grant table
 * is empty: xen_machine_resume, which also takes up time where it was.
 */
bool xen_machine_suspend(void);
void xen_machine_resume(void);

/* ---- events.c ---- */

void xen_events_start(void);

/* A port that the toolstack has bound (store, console) joins those that end a wait. */
void xen_machine_listen(uint32_t port);

/* The machine as drivers see it; from xen_env_start on, which is called first of all. */
extern struct xen_env xen_machine_env;
void xen_env_start(void);

/* ---- xen_clock.c ---- */

void xen_clock_start(void);
void xen_clock_resume(void);
/* Xen's system time at that time of ours. */
uint64_t xen_clock_raw_ns(uint64_t ns);

#endif
