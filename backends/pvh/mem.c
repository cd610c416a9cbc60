/* SPDX-License-Identifier: ISC */
/*
 * RAM, carved once. The loader's memory map, less the first MiB, the image, the
 * modules and what lies above 3 GiB, is a short list of free stretches; a piece
 * is cut from the front of the shortest stretch that holds it, so that the long
 * one stays for what asks last.
 */
#include <string.h>

#include "backends/pvh/pvh_internal.h"

enum { FREE_MAX = 2 * (PVH_MAP_MAX + PVH_MODULES_MAX), PAGE = 4096 };

#define RAM_START PVH_LOW_END    /* below, other processors start: paging.c */
#define RAM_END UINT64_C(0xc0000000)    /* registers lie above, mapped uncached */

static struct pvh_range stretches[FREE_MAX];
static size_t n_stretches;
static size_t total PVH_SEALED;

static uint64_t addr(const char *p)
{
    return (uint64_t)(uintptr_t)p;
}

static bool overlap(struct pvh_range a, struct pvh_range b)
{
    return a.start < b.end && b.start < a.end;
}

PVH_BOOT static void add(struct pvh_range r)
{
    if (r.start >= r.end || n_stretches == FREE_MAX)
        return;
    stretches[n_stretches++] = r;
}

/* Takes `hole` out of every stretch: each leaves up to two pieces. */
PVH_BOOT static void cut(struct pvh_range hole)
{
    size_t n = n_stretches;
    for (size_t i = 0; i < n; i++) {
        struct pvh_range *r = &stretches[i];
        if (!overlap(*r, hole))
            continue;
        struct pvh_range after = { hole.end, r->end };
        if (hole.start < r->start)
            r->end = r->start;
        else
            r->end = hole.start;
        add(after);
    }
}

/* Adds RAM of the map, without what another entry has listed already. */
PVH_BOOT static void add_ram(struct pvh_range r)
{
    if (r.start < RAM_START)
        r.start = RAM_START;
    if (r.end > RAM_END)
        r.end = RAM_END;
    if (r.start >= r.end)
        return;
    cut(r);
    add(r);
}

/* Whether all octets of r are RAM, of however many entries of the map. */
PVH_BOOT static bool is_ram(struct pvh_range r)
{
    for (size_t i = 0; i < pvh_boot.n_ram; i++) {
        const struct pvh_range *ram = &pvh_boot.ram[i];
        if (r.start >= ram->start && r.start < ram->end) {
            if (r.end <= ram->end)
                return true;
            r.start = ram->end;
            i = SIZE_MAX;    /* from the first again: entries have no order */
        }
    }
    return false;
}

/* A module's pages, whole ones: the map forbids to write to them. */
PVH_BOOT static void cut_module(size_t i)
{
    struct pvh_range r = pvh_boot.modules[i];
    struct pvh_range image = { addr(pvh_image), addr(pvh_image_end) };
    const char *wrong = r.start < PAGE ? "begins in page 0, which is never mapped"
                        : overlap(r, image) ? "lies over the image"
                        : !is_ram(r) ? "does not lie in RAM" : NULL;
    if (wrong != NULL)
        pvh_fail(PVH_STATUS_SETUP, "boot: module %zu, %lx to %lx, %s\n", i, r.start, r.end, wrong);
    cut((struct pvh_range){ r.start & ~(uint64_t)(PAGE - 1),
                            (r.end + PAGE - 1) & ~(uint64_t)(PAGE - 1) });
}

PVH_BOOT void pvh_mem_init(void)
{
    uint64_t above = 0;
    for (size_t i = 0; i < pvh_boot.n_ram; i++) {
        struct pvh_range r = pvh_boot.ram[i];
        uint64_t from = r.start > RAM_END ? r.start : RAM_END;
        if (r.end > from)
            above += r.end - from;
        add_ram(r);
    }
    if (above > 0)
        pvh_logf("mem: %lu MiB of RAM above 3 GiB are not used\n", above >> 20);
    total = pvh_mem_left();
    if (total == 0)
        pvh_fail(PVH_STATUS_SETUP, "mem: the loader's memory map lists no RAM\n");

    cut((struct pvh_range){ addr(pvh_image) & ~(uint64_t)(PAGE - 1), addr(pvh_image_end) });
    for (size_t i = 0; i < pvh_boot.n_modules; i++)
        cut_module(i);
}

bool pvh_mem_overlaps(uint64_t start, uint64_t end)
{
    struct pvh_range r = { start, end };
    if (overlap(r, (struct pvh_range){ addr(pvh_image), addr(pvh_image_end) }))
        return true;
    for (size_t i = 0; i < pvh_boot.n_ram; i++) {
        if (overlap(r, pvh_boot.ram[i]))
            return true;
    }
    for (size_t i = 0; i < pvh_boot.n_modules; i++) {
        if (overlap(r, pvh_boot.modules[i]))
            return true;
    }
    return false;
}

/* What a stretch can give with this alignment. */
static uint64_t room(struct pvh_range r, size_t align)
{
    uint64_t start = (r.start + align - 1) & ~(uint64_t)(align - 1);
    return start < r.end ? r.end - start : 0;
}

void *pvh_mem_carve(size_t len, size_t align)
{
    struct pvh_range *best = NULL;
    if (len == 0 || align == 0 || align > 0x200000 || (align & (align - 1)) != 0)
        return NULL;
    for (size_t i = 0; i < n_stretches; i++) {
        struct pvh_range *r = &stretches[i];
        if (room(*r, align) >= len &&
            (best == NULL || r->end - r->start < best->end - best->start))
            best = r;
    }
    if (best == NULL)
        return NULL;
    uint64_t start = (best->start + align - 1) & ~(uint64_t)(align - 1);
    best->start = start + len;
    return (void *)(uintptr_t)start;
}

/* The pages before and behind belong to the piece: the seal unmaps them. */
void *pvh_mem_carve_pages(size_t len)
{
    if (len == 0 || len > SIZE_MAX - 3 * PAGE || pvh_paging_sealed())
        return NULL;
    len = (len + PAGE - 1) & ~(size_t)(PAGE - 1);
    uint8_t *piece = pvh_mem_carve(len + 2 * PAGE, PAGE);
    if (piece == NULL)
        return NULL;
    uint64_t start = (uint64_t)(uintptr_t)piece + PAGE;
    return pvh_paging_guard(start, start + len) ? piece + PAGE : NULL;
}

void *pvh_mem_carve_io(size_t len)
{
    void *pages = pvh_mem_carve_pages(len);
    if (pages != NULL)
        memset(pages, 0, len);
    return pages;
}

size_t pvh_mem_longest(void)
{
    uint64_t longest = 0;
    for (size_t i = 0; i < n_stretches; i++) {
        uint64_t n = room(stretches[i], PAGE);
        if (n > longest)
            longest = n;
    }
    return (size_t)longest;
}

size_t pvh_mem_left(void)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n_stretches; i++)
        sum += stretches[i].end - stretches[i].start;
    return (size_t)sum;
}

size_t pvh_mem_total(void)
{
    return total;
}
