/* SPDX-License-Identifier: ISC */
/*
 * The sources that read what a loader and a firmware tell, and all that they ask
 * for. They are included, so that their state begins anew with each test.
 */
#include "pvh_fixture.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backends/pvh/cpu.h"

static uint16_t port_in16(uint16_t port);
static void port_out8(uint16_t port, uint8_t value);
static void port_out16(uint16_t port, uint16_t value);

#define cpu_in16 port_in16
#define cpu_out8 port_out8
#define cpu_out16 port_out16
#include "backends/kvm/acpi.c"
#include "backends/kvm/places.c"
#include "backends/pvh/cmdline.c"

struct pvh_boot pvh_boot;
struct pvh_seen seen;
uint8_t memory[MEMORY_LEN];
uint32_t registers[0x10000 / 4];
bool no_registers;
jmp_buf stopped;
bool stops;
char said[256];

/* ---- What the files ask for ---------------------------------------------- */

const uint8_t *pvh_phys(uint64_t at, uint64_t len)
{
    if (at < MEMORY_AT || at - MEMORY_AT > MEMORY_LEN || len > MEMORY_LEN - (at - MEMORY_AT))
        return NULL;
    return memory + (at - MEMORY_AT);
}

bool pvh_phys_sums_to_zero(const uint8_t *octets, size_t len)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + octets[i]);
    return sum == 0;
}

void pvh_logf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(said, sizeof said, format, args);
    va_end(args);
}

_Noreturn void pvh_fail(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(said, sizeof said, format, args);
    va_end(args);
    ck_assert_msg(stops, "%s", said);
    longjmp(stopped, status);
}

volatile void *pvh_mmio_map(uint64_t phys, size_t len)
{
    return no_registers || len > 0x1000 ? NULL : (volatile uint8_t *)registers + (phys & 0xfffc);
}

enum tern_err pc_irq_line(const struct pc_line *line, void (*handler)(void *arg), void *arg)
{
    (void)arg;
    seen.line = *line;
    seen.handler = handler;
    return seen.line_err;
}

void pvh_pending_set(uint32_t bits)
{
    seen.pending |= bits;
}

static uint16_t port_in16(uint16_t port)
{
    if (port != pc_acpi.pm1a_control)
        return seen.status;
    seen.control |= seen.n_reads++ >= seen.scis_after ? 1 : 0;
    return seen.control;
}

static void port_note(const char *format, uint16_t port, unsigned value)
{
    size_t len = strlen(seen.out);
    (void)snprintf(seen.out + len, sizeof seen.out - len, format, (unsigned)port, value);
}

static void port_out8(uint16_t port, uint8_t value)
{
    port_note("%x<%02x ", port, value);
}

static void port_out16(uint16_t port, uint16_t value)
{
    port_note("%x<%04x ", port, value);
}

/* ---- A machine ------------------------------------------------------------ */

uint8_t *memory_at(uint32_t where)
{
    return memory + (where - MEMORY_AT);
}

void acpi_sum(uint32_t where, size_t sum_off, size_t len)
{
    uint8_t total = 0;
    memory_at(where)[sum_off] = 0;
    for (size_t i = 0; i < len; i++)
        total = (uint8_t)(total + memory_at(where)[i]);
    memory_at(where)[sum_off] = (uint8_t)-total;
}

void acpi_table_sum(uint32_t where)
{
    acpi_sum(where, 9, tern_load_le32(memory_at(where) + 4));
}

void acpi_table_len(uint32_t where, uint32_t len)
{
    tern_store_le32(memory_at(where) + 4, len);
    acpi_table_sum(where);
}

void acpi_table(uint32_t where, const char *signature, uint32_t len)
{
    memset(memory_at(where), 0, len);
    memcpy(memory_at(where), signature, 4);
    acpi_table_len(where, len);
}

const uint8_t madt_entries[] = {
    1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,            /* an I/O APIC at 0xfec00000 */
    2, 10, 0, 0, 2, 0, 0, 0, 0, 0,                        /* line 0 is GSI 2 */
    2, 10, 0, 5, 21, 0, 0, 0, 0x0f, 0,                    /* line 5: level, active low */
    2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0,                     /* the SCI: level, active high */
    2, 10, 1, 3, 99, 0, 0, 0, 0, 0,                       /* of another bus */
    2, 10, 0, 16, 99, 0, 0, 0, 0, 0,                      /* no such line */
    5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1, 0, 0, 0,            /* the local APIC, 64 bits */
};

const uint8_t dsdt_octets[] = {
    0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x05, 0x00, 0x00, 0x00,
    'L', 'N', 'R', 'O', '0', '0', '0', '5', 0,
    0x86, 9, 0, 1, 0, 2, 0, 0xd0, 0, 2, 0, 0,             /* 0xd0000200, 512 octets */
    0x89, 6, 0, 1, 1, 17, 0, 0, 0,                        /* level, active high, 17 */
    'A', 'C', 'P', 'I', '0', '0', '1', '3', 0,
    0x89, 6, 0, 7, 1, 18, 0, 0, 0,                        /* edge, active low, 18 */
    0x5b, 0x80, 'E', 'S', 'E', 'L', 0, 0x0c, 0, 0x10, 0, 0xfe,
};

static void tables_emit(void)
{
    memset(memory, 0, 0x8000);
    memcpy(memory_at(RSDP), "RSD PTR ", 8);
    memory_at(RSDP)[15] = 2;
    tern_store_le32(memory_at(RSDP) + 16, RSDT);
    tern_store_le64(memory_at(RSDP) + 24, XSDT);
    acpi_sum(RSDP, 8, 20);
    acpi_sum(RSDP, 32, 36);
    acpi_table(RSDT, "RSDT", 36 + 4);
    tern_store_le32(memory_at(RSDT) + 36, OTHER_FADT);
    acpi_table_sum(RSDT);
    acpi_table(XSDT, "XSDT", 36 + 3 * 8);
    tern_store_le64(memory_at(XSDT) + 36, 0xfff00000);    /* a table that is nowhere */
    tern_store_le64(memory_at(XSDT) + 44, MADT);
    tern_store_le64(memory_at(XSDT) + 52, FADT);
    acpi_table_sum(XSDT);
    acpi_table(FADT, "FACP", 256);
    tern_store_le32(memory_at(FADT) + 40, DSDT);
    tern_store_le16(memory_at(FADT) + 46, 9);
    tern_store_le32(memory_at(FADT) + 48, 0xb2);
    memory_at(FADT)[52] = 2;
    tern_store_le32(memory_at(FADT) + 56, 0x600);
    tern_store_le32(memory_at(FADT) + 64, 0x604);
    memory_at(FADT)[88] = 4;
    memory_at(FADT)[108] = 0x32;
    tern_store_le64(memory_at(FADT) + 248, 0xfe002000);
    acpi_table_sum(FADT);
    acpi_table(MADT, "APIC", 44 + sizeof madt_entries);
    tern_store_le32(memory_at(MADT) + 36, 0xfee00000);
    memcpy(memory_at(MADT) + 44, madt_entries, sizeof madt_entries);
    acpi_table_sum(MADT);
    acpi_table(DSDT, "DSDT", 36 + sizeof dsdt_octets);
    memcpy(memory_at(DSDT) + 36, dsdt_octets, sizeof dsdt_octets);
    acpi_table_sum(DSDT);
    acpi_table(OTHER_FADT, "FACP", 116);
    tern_store_le16(memory_at(OTHER_FADT) + 46, 11);
    acpi_table_sum(OTHER_FADT);
}

void pvh_begin_anew(void)
{
    memset(&pvh_boot, 0, sizeof pvh_boot);
    memset(&pc_acpi, 0, sizeof pc_acpi);
    memset(&seen, 0, sizeof seen);
    memset(registers, 0, sizeof registers);
    n_places = n_words = exit_port = 0;
    no_registers = stops = false;
    ged = NULL;
    said[0] = '\0';
    pvh_boot.rsdp = RSDP;
}

void acpi_machine(void)
{
    pvh_begin_anew();
    tables_emit();
}
