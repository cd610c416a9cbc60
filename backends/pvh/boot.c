/* SPDX-License-Identifier: ISC */
/*
 * What the loader passed (x86/HVM direct boot ABI, struct hvm_start_info):
 * memory map, modules, command line, ACPI's root. It lies anywhere, page 0 and
 * the first octet after the image included, so all of it is copied before any
 * memory but the image's own is used; and nothing in it is believed.
 *
 *    0  magic 0x336ec578          24  command line, physical address, or 0
 *    4  version                   32  RSDP, physical address, or 0
 *    8  flags                     40  memory map, physical address  (version 1)
 *   12  number of modules         48  its number of entries         (version 1)
 *   16  list of modules
 *
 * A module is 4 words of 64 bits: address, length, command line, 0. An entry of
 * the memory map: address and length of 64 bits, type and 0 of 32.
 *
 * A loader that enters by Linux's 64-bit protocol passes a page instead, struct
 * boot_params (Documentation/arch/x86/zero-page.rst). Of the versions of that
 * protocol nothing depends: loaders of ELF files leave the number 0.
 *
 *   0x070  RSDP, or 0                         0x202  "HdrS"
 *   0x0c0  high words of the RAM disk's       0x218  RAM disk: address,
 *          address and length,                0x21c  length; 0: none
 *   0x0c8  of the command line's address      0x228  command line, or 0
 *   0x1e8  entries of the memory map,         0x238  its longest length, or 0
 *          an octet                           0x2d0  memory map: 128 of 20 octets
 */
#include <string.h>

#include "backends/pvh/pvh_internal.h"

enum { START_MAGIC = 0x336ec578, START_LEN = 40, START_LEN_1 = 56 };
enum { MODULE_LEN = 32, MAP_ENTRY_LEN = 24, MAP_TYPE_RAM = 1 };
enum { LINUX_LEN = 4096, LINUX_MAGIC = 0x53726448, E820_MAX = 128, E820_LEN = 20 };

struct pvh_boot pvh_boot PVH_SEALED;
static struct pvh_module modules[PVH_MODULES_MAX] PVH_SEALED;

/* Text that ends with a zero or after `most` octets. */
PVH_BOOT static void copy_cmdline(const uint8_t *text, uint64_t most)
{
    size_t len = 0, cap = most < PVH_CMDLINE_CAP ? (size_t)most : PVH_CMDLINE_CAP;
    while (len < cap) {
        char c = (char)text[len];
        if (c == '\0')
            break;
        pvh_boot.cmdline[len++] = c;
    }
    /* Too long is told when tern.exit= is known: only whole words are kept. */
    pvh_boot.cmdline_cut = len == cap && cap < most && text[len] != '\0';
    while (pvh_boot.cmdline_cut && len > 0 && pvh_boot.cmdline[len - 1] != ' ')
        len--;
    pvh_boot.cmdline[len] = '\0';
    pvh_boot.cmdline_len = len;
}

/* Takes `hole` out of the RAM that is listed so far, which may add pieces. */
PVH_BOOT static void ram_cut(struct pvh_range hole)
{
    for (size_t i = pvh_boot.n_ram; i-- > 0;) {
        struct pvh_range *r = &pvh_boot.ram[i];
        if (hole.start >= r->end || r->start >= hole.end)
            continue;
        struct pvh_range after = { hole.end, r->end };
        if (hole.start > r->start)
            r->end = hole.start;
        else
            *r = pvh_boot.ram[--pvh_boot.n_ram];    /* one that has been looked at */
        if (after.start < after.end && pvh_boot.n_ram < PVH_MAP_MAX)
            pvh_boot.ram[pvh_boot.n_ram++] = after;
    }
}

/* What is RAM in one entry and anything else in another belongs to somebody else. */
PVH_BOOT void pvh_boot_map(const uint8_t *map, uint32_t n, size_t entry_len)
{
    for (uint32_t i = 0; i < 2 * n; i++) {    /* RAM first, then the others */
        /* fine: the loop does not run for n of 0 */
        const uint8_t *entry = map + (i % n) * entry_len;
        uint64_t start = tern_load_le64(entry);
        uint64_t len = tern_load_le64(entry + 8);
        uint64_t end = len < UINT64_MAX - start ? start + len : UINT64_MAX;
        bool is_ram = tern_load_le32(entry + 16) == MAP_TYPE_RAM;
        if (is_ram != (i < n) || len == 0 || (is_ram && len > UINT64_MAX - start))
            continue;
        if (!is_ram) {
            ram_cut((struct pvh_range){ start, end });
        } else if (pvh_boot.n_ram < PVH_MAP_MAX) {
            pvh_boot.ram[pvh_boot.n_ram++] = (struct pvh_range){ start, end };
        } else {
            pvh_logf("boot: memory map: entries after the %uth are left out\n",
                     (unsigned)PVH_MAP_MAX);
            i = n - 1;
        }
    }
}

/* Where it lies is checked when all RAM is known: pvh_mem_init. False: not below 4 GiB. */
PVH_BOOT static bool add_module(uint64_t start, uint64_t len)
{
    const uint8_t *data = pvh_phys(start, len);
    if (data == NULL && (start != 0 || len > UINT32_MAX))
        return false;
    modules[pvh_boot.n_modules] = (struct pvh_module){ data, (size_t)len, "" };
    pvh_boot.modules[pvh_boot.n_modules++] = (struct pvh_range){ start, start + len };
    return true;
}

/* The first word of the text at `at`, for the module that was added last; a long one is cut. */
PVH_BOOT static void copy_name(uint64_t at)
{
    char *name = modules[pvh_boot.n_modules - 1].name;
    const uint8_t *text = at != 0 ? pvh_phys(at, PVH_MODULE_NAME_CAP) : NULL;
    for (size_t i = 0; text != NULL && i < PVH_MODULE_NAME_CAP - 1; i++) {
        char c = (char)text[i];
        if (c == '\0' || c == ' ')
            break;
        name[i] = c;
    }
}

PVH_BOOT static void copy_modules(uint64_t at, uint32_t n)
{
    if (n > PVH_MODULES_MAX) {
        pvh_logf("boot: %u modules, of which %u are kept\n", n, (unsigned)PVH_MODULES_MAX);
        n = PVH_MODULES_MAX;
    }
    const uint8_t *entry = pvh_phys(at, (uint64_t)n * MODULE_LEN);
    for (uint32_t i = 0; entry != NULL && i < n; i++, entry += MODULE_LEN) {
        uint64_t len = tern_load_le64(entry + 8);
        if (len != 0 && add_module(tern_load_le64(entry), len))
            copy_name(tern_load_le64(entry + 16));
        else if (len != 0)
            pvh_logf("boot: module %u does not lie below 4 GiB\n", i);
    }
}

PVH_BOOT void pvh_boot_copy(uint32_t start_info)
{
    const uint8_t *from = pvh_phys(start_info, START_LEN_1);
    if (from == NULL || tern_load_le32(from) != START_MAGIC)
        pvh_fail(PVH_STATUS_SETUP, "boot: no start info at %x\n", start_info);
    uint8_t info[START_LEN_1] = { 0 };
    /* fine: pvh_fail does not return */
    memcpy(info, from, START_LEN);
    pvh_boot.version = tern_load_le32(info + 4);
    if (pvh_boot.version >= 1)
        memcpy(info + START_LEN, from + START_LEN, START_LEN_1 - START_LEN);

    pvh_boot.rsdp = tern_load_le64(info + 32);
    uint32_t n = tern_load_le32(info + 48);
    if (n > 1024)
        n = 1024;
    const uint8_t *map = pvh_phys(tern_load_le64(info + 40), (uint64_t)n * MAP_ENTRY_LEN);
    if (map != NULL)
        pvh_boot_map(map, n, MAP_ENTRY_LEN);
    copy_modules(tern_load_le64(info + 16), tern_load_le32(info + 12));
    const uint8_t *text = pvh_phys(tern_load_le64(info + 24), PVH_CMDLINE_CAP + 1);
    if (text != NULL)
        copy_cmdline(text, PVH_CMDLINE_CAP + 1);
}

/* How many octets of RAM there are from this address on without a gap. */
PVH_BOOT static uint64_t ram_from(uint64_t at)
{
    for (size_t i = 0; i < pvh_boot.n_ram; i++) {
        const struct pvh_range *r = &pvh_boot.ram[i];
        if (at >= r->start && at < r->end)
            return r->end - at;
    }
    return 0;
}

PVH_BOOT static uint64_t two_words(const uint8_t *low, const uint8_t *high)
{
    return tern_load_le32(low) | (uint64_t)tern_load_le32(high) << 32;
}

PVH_BOOT void pvh_boot_copy_linux(uint32_t boot_params)
{
    const uint8_t *p = pvh_phys(boot_params, LINUX_LEN);
    if (p == NULL || tern_load_le32(p + 0x202) != LINUX_MAGIC)
        pvh_fail(PVH_STATUS_SETUP, "boot: no boot_params with \"HdrS\" at %x\n", boot_params);
    /* fine: pvh_fail does not return */
    uint8_t n = p[0x1e8];
    if (n > E820_MAX)
        pvh_fail(PVH_STATUS_SETUP, "boot: boot_params: a memory map of %u entries\n", n);
    pvh_boot.rsdp = tern_load_le64(p + 0x70);
    pvh_boot_map(p + 0x2d0, n, E820_LEN);

    uint64_t at = two_words(p + 0x218, p + 0xc0);
    uint64_t len = two_words(p + 0x21c, p + 0xc4);
    if (len > ram_from(at) || (len != 0 && !add_module(at, len)))
        pvh_fail(PVH_STATUS_SETUP, "boot: boot_params: the RAM disk does not lie in RAM\n");
    at = two_words(p + 0x228, p + 0xc8);
    if (at == 0)
        return;
    len = ram_from(at);
    uint32_t most = tern_load_le32(p + 0x238);
    if (most == 0 || most > PVH_CMDLINE_CAP)
        most = PVH_CMDLINE_CAP + 1;
    if (len > most)
        len = most;
    const uint8_t *text = pvh_phys(at, len);
    if (len == 0 || text == NULL)
        pvh_fail(PVH_STATUS_SETUP, "boot: boot_params: the command line does not lie in RAM\n");
    copy_cmdline(text, len);
}

size_t pvh_module_count(void)
{
    return pvh_boot.n_modules;
}

const struct pvh_module *pvh_module_get(size_t i)
{
    return i < pvh_boot.n_modules ? &modules[i] : NULL;
}
