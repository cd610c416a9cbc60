/* SPDX-License-Identifier: ISC */
/*
 * The map of memory, physical = virtual, and its seal. start.S has mapped 0 to
 * 4 GiB by 2 MiB pages; here the pages that hold the image are split, each part
 * gets its rights, and device registers are made reachable. The seal takes away
 * what is neither RAM nor such a register and sets CR0.WP, after which rights
 * bind all code; the map that it turns on has neither the tables themselves nor
 * the code of this file. Each piece of memory is mapped once, at its address.
 * Intel SDM volume 3, sections 4.5 and 4.6.
 *
 *      0 .. 2 MiB           one table of 4 KiB pages, the first not present; after
 *                           the seal nothing of the first MiB but modules, read
 *      image                4 KiB pages; whole 2 MiB of constants are one page
 *      other RAM            2 MiB pages, read, write; 4 KiB pages where a guard
 *                           page of a device's memory lies
 *      modules              read; 4 KiB pages where they begin and end
 *      registers            2 MiB pages, uncached; marked PVH_PTE_KEEP
 *      4 GiB .. 5 GiB       windows onto registers above 4 GiB
 */
#include <string.h>

#include "backends/pvh/cpu.h"
#include "backends/pvh/pvh_internal.h"

enum { PAGE = 4096, LARGE = 0x200000 };
enum { N_DIRECTORY = 2048, IO_MAX = 64 };

#define FOUR_GIB UINT64_C(0x100000000)
#define ADDRESS_BITS UINT64_C(0x000ffffffffff000)

static char *next_table PVH_SEALED;
static bool sealed PVH_SEALED;
static uint64_t address_end PVH_SEALED;    /* of the physical address space */
static struct pvh_range io[IO_MAX] PVH_SEALED;    /* between two guard pages each */
static size_t n_io PVH_SEALED;

PVH_BOOT static uint64_t *table_at(size_t off)
{
    return (uint64_t *)(void *)(pvh_tables + off);
}

PVH_BOOT static uint64_t *directory(void)
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
PVH_BOOT static void set_pages(uint64_t *table, uint64_t region, uint64_t start, uint64_t end,
                               uint64_t bits)
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
PVH_BOOT static void split(uint64_t region)
{
    static const char *const guards[] = {
        pvh_guards, pvh_guard_trap, pvh_guard_double_fault, pvh_guard_nmi,
        pvh_guard_machine_check, pvh_guard_device, pvh_guard_above,
    };
    if (next_table == pvh_tables_end)
        pvh_fail(PVH_STATUS_SETUP, "paging: too few tables\n");
    uint64_t *table = (uint64_t *)(void *)next_table;
    next_table += PAGE;
    set_pages(table, region, 0, UINT64_MAX, READ_WRITE);
    set_pages(table, region, 0, PAGE, ABSENT);
    set_pages(table, region, addr(pvh_image), addr(pvh_text_end), READ_EXECUTE);
    set_pages(table, region, addr(pvh_text_end), addr(pvh_constants_end), READ);
    set_pages(table, region, addr(pvh_sealed_end), addr(pvh_hypercall_end), READ_EXECUTE);
    for (size_t i = 0; i < sizeof guards / sizeof *guards; i++)
        set_pages(table, region, addr(guards[i]), addr(guards[i]) + PAGE, ABSENT);
    __asm__ volatile("" : : : "memory");
    directory()[region] = addr((char *)table) | PVH_PDE_TABLE;
}

PVH_BOOT void pvh_paging_init(void)
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
    pvh_boot_flush();

    uint32_t bits = 36;
    if (cpu_id(0x80000000).eax >= 0x80000008)
        bits = cpu_id(0x80000008).eax & 0xff;
    address_end = UINT64_C(1) << (bits >= 32 && bits <= 52 ? bits : 36);
}

/* ---- Device registers ---- */

PVH_BOOT bool pvh_paging_may_map(uint64_t phys, size_t len)
{
    return len != 0 && phys < address_end && len <= address_end - phys;
}

/* Registers uncached (PVH_PTE_UC); what a hypervisor shares is memory like other memory (0). */
PVH_BOOT volatile void *pvh_paging_map(uint64_t phys, size_t len, uint64_t cache)
{
    if (!pvh_paging_may_map(phys, len))
        return NULL;
    uint64_t first = phys & ~(uint64_t)(LARGE - 1);
    uint64_t last = (phys + len + LARGE - 1) & ~(uint64_t)(LARGE - 1);
    /* The page attributes of whole 2 MiB change: no RAM may share them. */
    if (last > FOUR_GIB || first < LARGE || pvh_mem_overlaps(first, last))
        return NULL;
    for (uint64_t at = first; at < last; at += LARGE) {
        directory()[at / LARGE] =
            at | PVH_PDE_RAM | cache | PVH_PTE_KEEP | PVH_PTE_NX;
    }
    pvh_boot_flush();
    return (volatile void *)(uintptr_t)phys;
}

void *pvh_page_map(uint64_t phys)
{
    return sealed ? NULL : (void *)(uintptr_t)pvh_paging_map(phys, PAGE, 0);
}

/* ---- Guard pages around what devices reach ---- */

/*
 * A guard page is never read or written, so it may as well hold the table that
 * splits its 2 MiB.
 */
PVH_BOOT static void guard(uint64_t page)
{
    uint64_t region = page / LARGE;
    if ((directory()[region] & PVH_PTE_PS) == 0)
        return;
    uint64_t *table = (uint64_t *)(uintptr_t)page;
    set_pages(table, region, 0, UINT64_MAX, READ_WRITE);
    __asm__ volatile("" : : : "memory");
    directory()[region] = page | PVH_PDE_TABLE;
}

PVH_BOOT static bool guard_both(uint64_t start, uint64_t end)
{
    if (n_io == IO_MAX)
        return false;
    guard(start - PAGE);
    guard(end);
    pvh_boot_flush();
    io[n_io++] = (struct pvh_range){ start, end };
    return true;
}

bool pvh_paging_guard(uint64_t start, uint64_t end)
{
    return !sealed && guard_both(start, end);
}

const char *pvh_paging_place(uint64_t at)
{
    for (size_t i = 0; i < n_io; i++) {
        if (at - (io[i].start - PAGE) < PAGE)
            return "guard page below I/O pages";
        if (at - io[i].end < PAGE)
            return "guard page above I/O pages";
        if (at >= io[i].start && at < io[i].end)
            return "I/O pages";
    }
    return NULL;
}

/* ---- The seal ---- */

bool pvh_paging_sealed(void)
{
    return sealed;
}

/* Maps [start, end) again, where it was cleared: the large pages that it touches. */
PVH_BOOT static void keep(struct pvh_range r)
{
    uint64_t from = r.start / LARGE;
    uint64_t to = r.end < FOUR_GIB ? (r.end + LARGE - 1) / LARGE : N_DIRECTORY;
    for (uint64_t i = from; i < to; i++) {
        if (directory()[i] == 0)
            directory()[i] = i * LARGE | PVH_PDE_RAM | PVH_PTE_NX;
    }
}

/* The pages of a module, which lies in RAM, are read and no more. */
PVH_BOOT static void keep_module(struct pvh_range r)
{
    uint64_t start = r.start & ~(uint64_t)(PAGE - 1);
    for (uint64_t i = start / LARGE; i * LARGE < r.end; i++) {
        uint64_t *entry = &directory()[i];
        if (start <= i * LARGE && r.end - i * LARGE >= LARGE && (*entry & PVH_PTE_PS) != 0) {
            *entry &= ~(uint64_t)(PVH_PTE_W | PVH_PTE_D);
            continue;
        }
        if ((*entry & PVH_PTE_PS) != 0)
            split(i);
        set_pages((uint64_t *)(uintptr_t)(*entry & ADDRESS_BITS), i, start, r.end, READ);
    }
}

/* ---- What other processors can be started in ---- */

/*
 * The local APIC stays mapped, so code can send what starts another processor: that
 * begins, in real mode and without this map, with the first octet of a page below
 * 1 MiB (SDM volume 3, "MP initialization"); and an SMI begins at 0x38000 unless
 * firmware has moved it ("SMRAM"). Each page of RAM there gets instructions that
 * halt for good, and is not mapped from then on.
 */
PVH_BOOT static void halt_at(uint64_t page)
{
    for (size_t i = 0; i < pvh_boot.n_modules; i++) {
        if (pvh_boot.modules[i].start < page + sizeof(uint32_t) && page < pvh_boot.modules[i].end)
            return;
    }
    volatile uint32_t *code = (volatile uint32_t *)(uintptr_t)page;
    __asm__ volatile("" : "+r"(code));    /* page 0 is a page like others */
    *code = 0xfdebf4fa;    /* cli; 1: hlt; jmp 1b */
}

PVH_BOOT static void low_halt(uint64_t *low)
{
    set_pages(low, 0, 0, PVH_LOW_END, READ_WRITE);
    for (size_t i = 0; i < pvh_boot.n_ram; i++) {
        struct pvh_range r = pvh_boot.ram[i];
        uint64_t end = r.end < PVH_LOW_END ? r.end : PVH_LOW_END;
        for (uint64_t page = 0; page < end; page += PAGE) {
            if (page >= r.start && end - page >= sizeof(uint32_t))
                halt_at(page);
        }
    }
}

/* Large pages only: what is split is RAM, or the image. */
PVH_BOOT static void clear_all_but_ram(void)
{
    uint64_t *low = (uint64_t *)(uintptr_t)(directory()[0] & ADDRESS_BITS);
    low_halt(low);
    set_pages(low, 0, 0, LARGE, ABSENT);
    uint64_t image_end = (addr(pvh_image_end) + LARGE - 1) / LARGE;
    const uint64_t *stop = directory() + N_DIRECTORY;
    for (uint64_t *at = directory() + image_end; at < stop; at++) {
        if ((*at & (PVH_PTE_KEEP | PVH_PTE_PS)) == PVH_PTE_PS)
            *at = 0;
    }
    for (size_t i = 0; i < pvh_boot.n_ram; i++) {
        uint64_t start = pvh_boot.ram[i].start & ~(uint64_t)(PAGE - 1);
        keep(pvh_boot.ram[i]);
        /* Of the first MiB nothing but modules. */
        set_pages(low, 0, start < PVH_LOW_END ? PVH_LOW_END : start, pvh_boot.ram[i].end,
                  READ_WRITE);
    }
    for (size_t i = 0; i < pvh_boot.n_modules; i++)
        keep_module(pvh_boot.modules[i]);
}

/* A table for the sealed map that begins as the entry's present one. */
PVH_BOOT static uint64_t *copy(uint64_t *entry)
{
    if (next_table == pvh_tables_end)
        pvh_fail(PVH_STATUS_SETUP, "paging: too few tables\n");
    void *table = next_table;
    next_table += PAGE;
    memcpy(table, (const void *)(uintptr_t)(*entry & ADDRESS_BITS), PAGE);
    *entry = (uint64_t)(uintptr_t)table | PVH_PDE_TABLE;
    return table;
}

/* Gives [start, end), which is split, these bits in the map with this first directory. */
PVH_BOOT static void set_range(const uint64_t *pd, uint64_t start, uint64_t end, uint64_t bits)
{
    for (uint64_t i = start / LARGE; i * LARGE < end; i++) {
        uint64_t entry = i < PAGE / sizeof *pd ? pd[i] : directory()[i];
        set_pages((uint64_t *)(uintptr_t)(entry & ADDRESS_BITS), i, start, end, bits);
    }
}

/*
 * The code that does this runs from pages, and writes to pages, that the sealed
 * map has not. So the tables on the way to them are made twice, and the two maps
 * differ until CR3 is loaded, by start.S. A guard page that holds the table
 * of its own 2 MiB was the first one there: backwards, its entry is the last to go.
 */
PVH_BOOT uint64_t pvh_paging_seal(void)
{
    clear_all_but_ram();
    sealed = true;
    uint64_t root = addr(pvh_tables);
    uint64_t *pd = copy(copy(copy(&root)));
    for (uint64_t i = addr(pvh_image) / LARGE; i * LARGE < addr(pvh_image_end); i++) {
        if ((pd[i] & PVH_PTE_PS) == 0)
            (void)copy(&pd[i]);
    }
    set_range(pd, addr(pvh_image), addr(pvh_boot_end), ABSENT);
    set_range(pd, addr(pvh_sealed), addr(pvh_sealed_end), READ);
    set_range(pd, addr(pvh_tables), addr(pvh_tables_end), ABSENT);
    for (size_t i = n_io; i-- > 0;) {
        set_range(pd, io[i].end, io[i].end + PAGE, ABSENT);
        set_range(pd, io[i].start - PAGE, io[i].start, ABSENT);
    }
    pvh_boot_protect();
    return root & ADDRESS_BITS;
}
