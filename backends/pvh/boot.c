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
 */
#include <string.h>

#include "backends/pvh/pvh_internal.h"

enum { START_MAGIC = 0x336ec578, START_LEN = 40, START_LEN_1 = 56 };
enum { MODULE_LEN = 32, MAP_ENTRY_LEN = 24, MAP_TYPE_RAM = 1 };

struct pvh_boot pvh_boot PVH_SEALED;
static struct pvh_module modules[PVH_MODULES_MAX] PVH_SEALED;

static void copy_cmdline(uint64_t at)
{
    const uint8_t *text = pvh_phys(at, PVH_CMDLINE_CAP + 1);
    if (text == NULL)
        return;
    size_t len = 0;
    while (len < PVH_CMDLINE_CAP) {
        char c = (char)text[len];
        if (c == '\0')
            break;
        pvh_boot.cmdline[len++] = c;
    }
    /* Too long is told when tern.exit= is known: only whole words are kept. */
    pvh_boot.cmdline_cut = len == PVH_CMDLINE_CAP && text[len] != '\0';
    while (pvh_boot.cmdline_cut && len > 0 && pvh_boot.cmdline[len - 1] != ' ')
        len--;
    pvh_boot.cmdline[len] = '\0';
    pvh_boot.cmdline_len = len;
}

/* Takes `hole` out of the RAM that is listed so far, which may add pieces. */
static void ram_cut(struct pvh_range hole)
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
static void copy_map(uint64_t at, uint32_t n)
{
    if (n > 1024)
        n = 1024;
    const uint8_t *map = pvh_phys(at, (uint64_t)n * MAP_ENTRY_LEN);
    if (map == NULL)
        return;
    for (uint32_t i = 0; i < 2 * n; i++) {    /* RAM first, then the others */
        /* fine: the loop does not run for n of 0 */
        const uint8_t *entry = map + (size_t)(i % n) * MAP_ENTRY_LEN;
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

static void copy_modules(uint64_t at, uint32_t n)
{
    if (n > PVH_MODULES_MAX) {
        pvh_logf("boot: %u modules, of which %u are kept\n", n, (unsigned)PVH_MODULES_MAX);
        n = PVH_MODULES_MAX;
    }
    const uint8_t *entry = pvh_phys(at, (uint64_t)n * MODULE_LEN);
    for (uint32_t i = 0; entry != NULL && i < n; i++, entry += MODULE_LEN) {
        uint64_t start = tern_load_le64(entry);
        uint64_t len = tern_load_le64(entry + 8);
        const uint8_t *data = pvh_phys(start, len);
        if (data == NULL || len == 0)
            continue;
        modules[pvh_boot.n_modules] = (struct pvh_module){ data, (size_t)len };
        pvh_boot.modules[pvh_boot.n_modules++] = (struct pvh_range){ start, start + len };
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
    copy_map(tern_load_le64(info + 40), tern_load_le32(info + 48));
    copy_modules(tern_load_le64(info + 16), tern_load_le32(info + 12));
    copy_cmdline(tern_load_le64(info + 24));
}

size_t pvh_module_count(void)
{
    return pvh_boot.n_modules;
}

const struct pvh_module *pvh_module_get(size_t i)
{
    return i < pvh_boot.n_modules ? &modules[i] : NULL;
}
