/* SPDX-License-Identifier: ISC */
/*
 * What a loader and a firmware may hand a guest: start info or Linux's
 * boot_params, memory map, modules, command line, ACPI tables. The input is a
 * piece of physical memory from 64 KiB on, and its first octets the start info,
 * or the boot_params if their magic is there. Sources are included so
 * that their state can begin anew with each input.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backends/pvh/boot.c"
#include "backends/pvh/cmdline.c"
#include "backends/pvh/mem.c"
#include "backends/kvm/acpi.c"
#include "backends/kvm/places.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { MEMORY_AT = 0x10000, MEMORY_CAP = 0x20000 };

/* Symbols that tern.ld gives an image; here the image is nowhere near RAM. */
char pvh_image[1], pvh_image_end[1];

static const uint8_t *memory;
static size_t memory_len;
static jmp_buf stopped;

const uint8_t *pvh_phys(uint64_t at, uint64_t len)
{
    if (at < MEMORY_AT || at - MEMORY_AT > memory_len || len > memory_len - (at - MEMORY_AT))
        return NULL;
    return memory + (at - MEMORY_AT);
}

/* No input would ever have the right sum: what comes after it is what is tried. */
bool pvh_phys_sums_to_zero(const uint8_t *octets, size_t len)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + octets[i]);
    return sum <= UINT8_MAX;
}

void pvh_logf(const char *format, ...)
{
    (void)format;
}

_Noreturn void pvh_fail(int status, const char *format, ...)
{
    (void)format;
    longjmp(stopped, status);
}

volatile void *pvh_mmio_map(uint64_t phys, size_t len)
{
    (void)phys;
    (void)len;
    return NULL;
}

bool pvh_paging_sealed(void)
{
    return false;
}

bool pvh_paging_guard(uint64_t start, uint64_t end)
{
    return start < end;
}

enum tern_err pc_irq_line(const struct pc_line *line, void (*handler)(void *arg), void *arg)
{
    (void)line;
    (void)handler;
    (void)arg;
    return TERN_UNREACHABLE;
}

void pvh_pending_set(uint32_t bits)
{
    (void)bits;
}

static void check(bool good)
{
    if (!good)
        abort();
}

static void begin_anew(void)
{
    memset(&pvh_boot, 0, sizeof pvh_boot);
    memset(modules, 0, sizeof modules);
    memset(words, 0, sizeof words);
    n_words = exit_port = 0;
    n_stretches = total = 0;
    memset(&pc_acpi, 0, sizeof pc_acpi);
    n_places = 0;
}

static bool by_linux;    /* the input is a boot_params */

/* Does the map say of an octet of [start, end) that it is anything but RAM? */
static bool reserved(uint64_t start, uint64_t end)
{
    const uint8_t *info = pvh_phys(MEMORY_AT, START_LEN_1);
    size_t entry_len = by_linux ? E820_LEN : MAP_ENTRY_LEN;
    uint64_t n = by_linux ? info[0x1e8] : tern_load_le32(info + 48);
    n = n < 1024 ? n : 1024;
    const uint8_t *map =
        by_linux ? info + 0x2d0 : pvh_phys(tern_load_le64(info + 40), n * MAP_ENTRY_LEN);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t at = tern_load_le64(map + i * entry_len);
        uint64_t len = tern_load_le64(map + i * entry_len + 8);
        if (tern_load_le32(map + i * entry_len + 16) != MAP_TYPE_RAM && len != 0 &&
            at < end && (start < at || start - at < len))
            return true;
    }
    return false;
}

/* Every piece lies in RAM of the map, and outside of modules and other pieces. */
static void carve_all(void)
{
    uint64_t end = 0;
    size_t left = pvh_mem_left();
    check(left <= pvh_mem_total());
    for (unsigned i = 0; i < 1000; i++) {
        size_t len = pvh_mem_longest();
        if (len == 0)
            break;
        uint64_t at = (uint64_t)(uintptr_t)pvh_mem_carve(len, 4096);
        check(at >= RAM_START && at % 4096 == 0 && len <= RAM_END - at);
        end = at + len;
        for (size_t m = 0; m < pvh_module_count(); m++) {
            uint64_t start = pvh_boot.modules[m].start;
            check(end <= start || at >= (pvh_boot.modules[m].end | 4095));
        }
        bool listed = false;
        for (size_t r = 0; r < pvh_boot.n_ram; r++)
            listed |= pvh_boot.ram[r].start < end && at < pvh_boot.ram[r].end;
        check(!reserved(at, end));
        check(listed && pvh_mem_left() + len <= left);
        left = pvh_mem_left();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > MEMORY_CAP)
        return 0;
    memory = data;
    memory_len = len;
    begin_anew();
    if (setjmp(stopped) != 0)
        return 0;
    by_linux = len >= LINUX_LEN && tern_load_le32(data + 0x202) == LINUX_MAGIC;
    if (by_linux)
        pvh_boot_copy_linux(MEMORY_AT);
    else
        pvh_boot_copy(MEMORY_AT);
    check(strlen(pvh_boot.cmdline) == pvh_boot.cmdline_len);
    pvh_cmdline_init();
    for (size_t i = 0; i < pvh_word_count(); i++)
        check(strlen(pvh_word(i)) <= PVH_CMDLINE_CAP);
    pvh_mem_init();
    pc_acpi_init();
    check(pc_acpi.n_ioapics <= 8 && pc_acpi.s5_type < 8 + 248 * !pc_acpi.s5);
    for (size_t i = 0; i < pc_mmio_count(); i++)
        check(pc_mmio_get(i)->len >= 0x100 && pc_mmio_get(i)->len <= 0x10000);
    carve_all();
    return 0;
}
