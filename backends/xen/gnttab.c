/* SPDX-License-Identifier: ISC */
/*
 * Grants are given, and taken back only when nobody holds them.
 */
#include "gnttab.h"

#include <string.h>

#include "xen_public.h"

enum { ENTRIES_MOST = 1 << 16 };

_Static_assert(sizeof(struct grant_entry_v1) == 8, "the public header's entry");

void gnttab_restart(struct gnttab *g)
{
    memset(g->flags, 0, g->n * sizeof *g->flags);
    g->n_free = 0;
    g->first_free = GNTTAB_NONE;
    for (uint32_t ref = g->n - 1; ref >= GNTTAB_NR_RESERVED_ENTRIES; ref--) {
        g->table[ref].flags = GTF_invalid;
        g->next[ref] = g->first_free;
        g->first_free = ref;
        g->n_free++;
    }
}

enum tern_err gnttab_init(struct gnttab *g, struct xen_env *env, void *table, uint32_t n)
{
    if (table == NULL || n <= GNTTAB_NR_RESERVED_ENTRIES || n > ENTRIES_MOST)
        return TERN_INVALID;
    *g = (struct gnttab){ .table = table, .n = n };
    g->flags = env->carve(env, n * sizeof *g->flags, _Alignof(uint16_t));
    g->next = env->carve(env, n * sizeof *g->next, _Alignof(uint32_t));
    if (g->flags == NULL || g->next == NULL)
        return TERN_FULL;
    gnttab_restart(g);
    return TERN_OK;
}

enum tern_err gnttab_grant(struct gnttab *g, uint16_t domid, uint32_t frame, bool readonly,
                           uint32_t *ref)
{
    if (g->n_free == 0)
        return TERN_FULL;
    uint32_t at = g->first_free;
    g->first_free = g->next[at];
    g->n_free--;
    g->n_granted++;
    g->flags[at] = (uint16_t)(GTF_permit_access | (readonly ? GTF_readonly : 0));
    g->table[at].domid = domid;
    g->table[at].frame = frame;
    xen_wmb();    /* whom and what before the permission */
    g->table[at].flags = g->flags[at];
    *ref = at;
    return TERN_OK;
}

/*
 * The expected value is what was written, from private memory. Anything else,
 * be it a holder's mark or what no hypervisor writes, leaves the entry alone:
 * between a look at the marks and a store the domain could have mapped the page.
 */
enum tern_err gnttab_end(struct gnttab *g, uint32_t ref)
{
    if (ref >= g->n || g->flags[ref] == 0)    /* reserved ones never have flags here */
        return TERN_INVALID;
    uint16_t expected = g->flags[ref];
    if (!__atomic_compare_exchange_n(&g->table[ref].flags, &expected, GTF_invalid, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        g->n_refused++;
        return TERN_AGAIN;
    }
    g->flags[ref] = 0;
    g->next[ref] = g->first_free;
    g->first_free = ref;
    g->n_free++;
    g->n_ended++;
    return TERN_OK;
}
