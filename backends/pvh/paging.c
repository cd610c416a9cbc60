/* SPDX-License-Identifier: ISC */
/*
 * The map of memory, physical = virtual, and its seal. start.S has mapped 0 to
 * 4 GiB by 2 MiB pages; here the pages that hold the image are split, each part
 * gets its rights, and device registers are made reachable. The seal takes away
 * what is neither RAM nor such a register, makes the tables themselves
 * read-only and sets CR0.WP, after which the rights bind this code too.
 * Intel SDM volume 3, sections 4.5 and 4.6.
 *
 *      0 .. 2 MiB           one table of 4 KiB pages, the first not present
 *      image                4 KiB pages; whole 2 MiB of constants are one page
 *      other RAM            2 MiB pages, read, write
 *      registers            2 MiB pages, uncached; marked PVH_PTE_KEEP
 *      4 GiB .. 5 GiB       windows onto registers above 4 GiB
 */
#include "backends/pvh/cpu.h"
#include "backends/pvh/pvh_internal.h"

enum { PAGE = 4096, LARGE = 0x200000 };
enum { N_DIRECTORY = 2048, N_WINDOWS = 512 };

#define FOUR_GIB UINT64_C(0x100000000)
#define CR0_WP UINT64_C(0x10000)
#define ADDRESS_BITS UINT64_C(0x000ffffffffff000)

static char *next_table PVH_SEALED;
static bool sealed PVH_SEALED;
static uint64_t address_end PVH_SEALED;    /* of the physical address space */

static uint64_t *table_at(size_t off)
{
    return (uint64_t *)(void *)(pvh_tables + off);
}

static uint64_t *directory(void)
{
    return table_at(PVH_TABLE_PD);
}

static uint64_t addr(const char *p)
{
    return (uint64_t)(uintptr_t)p;
}

/* What the bits of an entry say, besides the address. */
#define ABSENT UINT64_C(0)
#define READ_EXECUTE (UINT64_C(0) | PVH_PTE_P | PVH_PTE_A)
#define READ (READ_EXECUTE | PVH_PTE_NX)
#define READ_WRITE (READ | PVH_PTE_W | PVH_PTE_D)

/* Gives the pages of [start, end) that the table of this region has these bits. */
static void set_pages(uint64_t *table, uint64_t region, uint64_t start, uint64_t end, uint64_t bits)
{
    uint64_t first = region * LARGE;
    if (start < first)
        start = first;
    if (end > first + LARGE)
        end = first + LARGE;
    if (start >= end)
        return;
    uint64_t entry = bits == ABSENT ? 0 : start | bits;
    uint64_t step = bits == ABSENT ? 0 : PAGE;
    const uint64_t *stop = table + (end - first + PAGE - 1) / PAGE;
    for (uint64_t *at = table + (start - first) / PAGE; at < stop; at++, entry += step)
        *at = entry;
}

/*
 * Puts a table of 512 pages in the place of a large page. It is complete before
 * it is hung in: this code, too, runs from such a region.
 */
static void split(uint64_t region)
{
    static const char *const guards[] = {
        pvh_guards, pvh_guard_trap, pvh_guard_double_fault, pvh_guard_nmi,
        pvh_guard_machine_check, pvh_guard_device,
    };
    if (next_table == pvh_tables_end)
        pvh_fail(PVH_STATUS_SETUP, "paging: too few tables\n");
    uint64_t *table = (uint64_t *)(void *)next_table;
    next_table += PAGE;
    set_pages(table, region, 0, UINT64_MAX, READ_WRITE);
    set_pages(table, region, 0, PAGE, ABSENT);
    set_pages(table, region, addr(pvh_image), addr(pvh_text_end), READ_EXECUTE);
    set_pages(table, region, addr(pvh_text_end), addr(pvh_constants_end), READ);
    for (size_t i = 0; i < sizeof guards / sizeof *guards; i++)
        set_pages(table, region, addr(guards[i]), addr(guards[i]) + PAGE, ABSENT);
    __asm__ volatile("" : : : "memory");
    directory()[region] = addr((char *)table) | PVH_PDE_TABLE;
}

/* Takes the right to write from the pages of [start, end): they are split. */
static void make_read_only(const char *start, const char *end)
{
    for (uint64_t page = addr(start); page < addr(end); page += PAGE) {
        uint64_t *table = (uint64_t *)(uintptr_t)(directory()[page / LARGE] & ADDRESS_BITS);
        table[page / PAGE % 512] = page | READ;
    }
}

void pvh_paging_init(void)
{
    next_table = pvh_tables + PVH_TABLE_PT;
    uint64_t whole_from = (addr(pvh_text_end) + LARGE - 1) / LARGE;
    uint64_t whole_to = addr(pvh_constants_end) / LARGE;
    split(0);
    for (uint64_t i = addr(pvh_image) / LARGE; i * LARGE < addr(pvh_image_end); i++) {
        if (i >= whole_from && i < whole_to)
            directory()[i] = i * LARGE | PVH_PTE_P | PVH_PTE_A | PVH_PTE_PS | PVH_PTE_NX;
        else
            split(i);
    }

    /* The directory of windows follows those of start.S in the PDPT. */
    table_at(PVH_TABLE_PDPT)[4] = addr(pvh_tables + PVH_TABLE_WINDOW) | PVH_PDE_TABLE;
    cpu_tlb_flush();

    uint32_t bits = 36;
    if (cpu_id(0x80000000).eax >= 0x80000008)
        bits = cpu_id(0x80000008).eax & 0xff;
    address_end = UINT64_C(1) << (bits >= 32 && bits <= 52 ? bits : 36);
}

/* ---- Device registers ---- */

/* The window onto 2 MiB above 4 GiB: its number, or N_WINDOWS if none is left. */
static size_t window(uint64_t large_page)
{
    uint64_t *windows = table_at(PVH_TABLE_WINDOW);
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
static volatile void *map_high(uint64_t start, uint64_t end)
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

volatile void *pvh_mmio_map(uint64_t phys, size_t len)
{
    if (sealed || len == 0 || phys >= address_end || len > address_end - phys)
        return NULL;
    uint64_t end = phys + len;
    uint64_t first = phys & ~(uint64_t)(LARGE - 1);
    uint64_t last = (end + LARGE - 1) & ~(uint64_t)(LARGE - 1);
    if (phys >= FOUR_GIB)
        return len > N_WINDOWS * (uint64_t)LARGE / 2 ? NULL : map_high(phys, end);
    /* The page attributes of whole 2 MiB change: no RAM may share them. */
    if (last > FOUR_GIB || first < LARGE || pvh_mem_overlaps(first, last))
        return NULL;
    for (uint64_t at = first; at < last; at += LARGE) {
        directory()[at / LARGE] =
            at | PVH_PDE_RAM | PVH_PTE_UC | PVH_PTE_KEEP | PVH_PTE_NX;
    }
    cpu_tlb_flush();
    return (volatile void *)(uintptr_t)phys;
}

/* ---- The seal ---- */

bool pvh_paging_sealed(void)
{
    return sealed;
}

/* Maps [start, end) again, where it was cleared: the large pages that it touches. */
static void keep(struct pvh_range r)
{
    uint64_t from = r.start / LARGE;
    uint64_t to = r.end < FOUR_GIB ? (r.end + LARGE - 1) / LARGE : N_DIRECTORY;
    for (uint64_t i = from; i < to; i++) {
        if (directory()[i] == 0)
            directory()[i] = i * LARGE | PVH_PDE_RAM | PVH_PTE_NX;
    }
}

/* The same for the pages of the lowest 2 MiB. */
static void keep_low(uint64_t *table, struct pvh_range r)
{
    uint64_t start = r.start < PAGE ? PAGE : r.start & ~(uint64_t)(PAGE - 1);
    set_pages(table, 0, start, r.end, READ_WRITE);
}

static void clear_all_but_ram(void)
{
    uint64_t *low = (uint64_t *)(uintptr_t)(directory()[0] & ADDRESS_BITS);
    set_pages(low, 0, 0, LARGE, ABSENT);
    uint64_t image_end = (addr(pvh_image_end) + LARGE - 1) / LARGE;
    const uint64_t *stop = directory() + N_DIRECTORY;
    for (uint64_t *at = directory() + image_end; at < stop; at++) {
        if ((*at & PVH_PTE_KEEP) == 0)
            *at = 0;
    }
    for (size_t i = 0; i < pvh_boot.n_ram; i++) {
        keep(pvh_boot.ram[i]);
        keep_low(low, pvh_boot.ram[i]);
    }
    for (size_t i = 0; i < pvh_boot.n_modules; i++) {
        keep(pvh_boot.modules[i]);
        keep_low(low, pvh_boot.modules[i]);
    }
}

void pvh_paging_seal(void)
{
    clear_all_but_ram();
    sealed = true;
    make_read_only(pvh_sealed, pvh_sealed_end);
    make_read_only(pvh_tables, pvh_tables_end);
    cpu_tlb_flush();
    __asm__ volatile("movq %0, %%cr0" : : "r"(cpu_cr0() | CR0_WP) : "memory");
}
