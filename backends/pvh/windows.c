/* SPDX-License-Identifier: ISC */
/*
 * Device registers: below 4 GiB where they are, above it through windows, 2 MiB each,
 * at 4 GiB and up. A file of its own, as not each hypervisor's guest has such.
 */
#include "backends/pvh/pvh_internal.h"

enum { LARGE = 0x200000, N_WINDOWS = 512 };

#define FOUR_GIB UINT64_C(0x100000000)

/* The window onto 2 MiB above 4 GiB: its number, or N_WINDOWS if none is left. */
PVH_BOOT static size_t window(uint64_t large_page)
{
    uint64_t *windows = (uint64_t *)(void *)(pvh_tables + PVH_TABLE_WINDOW);
    uint64_t entry = large_page | PVH_PDE_RAM | PVH_PTE_UC | PVH_PTE_KEEP | PVH_PTE_NX;
    for (size_t i = 0; i < N_WINDOWS; i++) {
        if (windows[i] == entry)
            return i;
        if (windows[i] == 0) {
            windows[i] = entry;
            return i;
        }
    }
    return N_WINDOWS;
}

/*
 * A range above 4 GiB needs consecutive windows. They are handed out in order
 * and never given back, so the pages of one request stand together unless a
 * former request had some of them: such a range is refused.
 */
PVH_BOOT static volatile void *map_high(uint64_t start, uint64_t end)
{
    uint64_t first = start & ~(uint64_t)(LARGE - 1);
    size_t base = window(first);
    size_t n = 0;
    for (uint64_t at = first; at < end; at += LARGE, n++) {
        size_t i = window(at);
        if (i == N_WINDOWS || i != base + n)
            return NULL;
    }
    return (volatile void *)(uintptr_t)(FOUR_GIB + base * LARGE + (start - first));
}

PVH_BOOT static volatile void *map(uint64_t phys, size_t len)
{
    if (phys < FOUR_GIB)
        return pvh_paging_map(phys, len, PVH_PTE_UC);
    if (!pvh_paging_may_map(phys, len) || len > N_WINDOWS * (uint64_t)LARGE / 2)
        return NULL;
    return map_high(phys, phys + len);
}

volatile void *pvh_mmio_map(uint64_t phys, size_t len)
{
    return pvh_paging_sealed() ? NULL : map(phys, len);
}
