/* SPDX-License-Identifier: ISC */
/*
 * The grant table, version 1 (xen/grant_table.h): which page which domain may
 * read or write. The table is shared with the hypervisor alone; what is free in
 * it is known from private memory.
 */
#ifndef TERN_XEN_GNTTAB_H
#define TERN_XEN_GNTTAB_H

#include "xen.h"

struct grant_entry_v1;

/* What a grant reference can be that is none. 0 is Xen's own (the console's). */
#define GNTTAB_NONE 0u

/* Members are the table's; read them for statistics. */
struct gnttab {
    volatile struct grant_entry_v1 *table;
    uint16_t *flags;      /* private, per entry: what it was granted with; 0: free */
    uint32_t *next;       /* private: the list of free entries */
    uint32_t n, first_free, n_free;
    uint64_t n_granted, n_ended, n_refused;    /* refused: ends that came too early */
};

/*
 * Takes over a table of n entries in memory that the hypervisor has mapped as
 * the guest's grant table. The first 8 are Xen's and the toolstack's
 * (GNTTAB_NR_RESERVED_ENTRIES). TERN_INVALID: n; TERN_FULL: no private memory.
 */
enum tern_err gnttab_init(struct gnttab *g, struct xen_env *env, void *table, uint32_t n);

/*
 * Begins anew with an empty table at the same place, as after a restore: every
 * reference given before is void, and the hypervisor has been told the place.
 */
void gnttab_restart(struct gnttab *g);

/*
 * Lets domain domid read, or read and write, a page of guest frame `frame`. The
 * page holds nothing that the domain may not see. *ref receives its reference.
 * TERN_FULL: no entry is free.
 */
enum tern_err gnttab_grant(struct gnttab *g, uint16_t domid, uint32_t frame, bool readonly,
                           uint32_t *ref);

/*
 * Takes the grant back with one atomic compare-and-swap.
 *
 * TERN_OK: the domain cannot reach the page any more; the reference is free.
 * TERN_AGAIN: the domain still holds it (GTF_reading or GTF_writing) and may
 * touch the page at any time: the page must not be used for anything. The same
 * call may be made again later. TERN_INVALID: no such grant.
 */
enum tern_err gnttab_end(struct gnttab *g, uint32_t ref);

#endif
