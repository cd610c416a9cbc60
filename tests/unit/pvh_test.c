/* SPDX-License-Identifier: ISC */
/*
 * What a firmware and a loader tell a guest in words: ACPI's tables (ACPI 6.4,
 * sections 5.2 and 20.2), the power button, the command line. The sources are
 * included: their state begins anew with each test, ports are the test's own,
 * and memory is an array from 64 KiB on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backends/pvh/cpu.h"
#include "backends/kvm/pc_internal.h"
#include "suites.h"

static uint16_t port_in16(uint16_t port);
static void port_out8(uint16_t port, uint8_t value);
static void port_out16(uint16_t port, uint16_t value);

#define cpu_in16 port_in16
#define cpu_out8 port_out8
#define cpu_out16 port_out16
#include "backends/kvm/acpi.c"
#include "backends/kvm/places.c"
#include "backends/pvh/cmdline.c"

enum { MEMORY_AT = 0x10000, MEMORY_LEN = 0x120000 };
enum { RSDP = 0x10000, RSDT = 0x10100, XSDT = 0x10200, FADT = 0x10400, MADT = 0x10800,
       DSDT = 0x11000, OTHER_FADT = 0x12000, LARGE = 0x14000 };

struct pvh_boot pvh_boot;
static uint8_t memory[MEMORY_LEN];
static uint32_t registers[0x10000 / 4];    /* of devices, wherever they are */
static bool no_registers;
static jmp_buf stopped;
static bool stops;
static char said[256];

/* What was done to ports and lines. */
static struct {
    uint16_t control, status;    /* what pm1a's registers read */
    unsigned n_reads;            /* of the control register */
    unsigned scis_after;         /* SCI_EN is set after so many reads of it */
    char out[128];
    enum tern_err line_err;
    struct pc_line line;
    void (*handler)(void *arg);
    uint32_t pending;
} seen;

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

static uint8_t *at(uint32_t where)
{
    return memory + (where - MEMORY_AT);
}

/* Puts the sum right of len octets, in the octet at sum_off. */
static void sum(uint32_t where, size_t sum_off, size_t len)
{
    uint8_t total = 0;
    at(where)[sum_off] = 0;
    for (size_t i = 0; i < len; i++)
        total = (uint8_t)(total + at(where)[i]);
    at(where)[sum_off] = (uint8_t)-total;
}

static void table_sum(uint32_t where)
{
    sum(where, 9, tern_load_le32(at(where) + 4));
}

static void table_len(uint32_t where, uint32_t len)
{
    tern_store_le32(at(where) + 4, len);
    table_sum(where);
}

static void table(uint32_t where, const char *signature, uint32_t len)
{
    memset(at(where), 0, len);
    memcpy(at(where), signature, 4);
    table_len(where, len);
}

static const uint8_t madt_entries[] = {
    1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,            /* an I/O APIC at 0xfec00000 */
    2, 10, 0, 0, 2, 0, 0, 0, 0, 0,                        /* line 0 is GSI 2 */
    2, 10, 0, 5, 21, 0, 0, 0, 0x0f, 0,                    /* line 5: level, active low */
    2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0,                     /* the SCI: level, active high */
    2, 10, 1, 3, 99, 0, 0, 0, 0, 0,                       /* of another bus */
    2, 10, 0, 16, 99, 0, 0, 0, 0, 0,                      /* no such line */
    5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1, 0, 0, 0,            /* the local APIC, 64 bits */
};

static const uint8_t dsdt_octets[] = {
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
    memcpy(at(RSDP), "RSD PTR ", 8);
    at(RSDP)[15] = 2;
    tern_store_le32(at(RSDP) + 16, RSDT);
    tern_store_le64(at(RSDP) + 24, XSDT);
    sum(RSDP, 8, 20);
    sum(RSDP, 32, 36);
    table(RSDT, "RSDT", 36 + 4);
    tern_store_le32(at(RSDT) + 36, OTHER_FADT);
    table_sum(RSDT);
    table(XSDT, "XSDT", 36 + 3 * 8);
    tern_store_le64(at(XSDT) + 36, 0xfff00000);    /* a table that is nowhere */
    tern_store_le64(at(XSDT) + 44, MADT);
    tern_store_le64(at(XSDT) + 52, FADT);
    table_sum(XSDT);
    table(FADT, "FACP", 256);
    tern_store_le32(at(FADT) + 40, DSDT);
    tern_store_le16(at(FADT) + 46, 9);
    tern_store_le32(at(FADT) + 48, 0xb2);
    at(FADT)[52] = 2;
    tern_store_le32(at(FADT) + 56, 0x600);
    tern_store_le32(at(FADT) + 64, 0x604);
    at(FADT)[88] = 4;
    at(FADT)[108] = 0x32;
    tern_store_le64(at(FADT) + 248, 0xfe002000);
    table_sum(FADT);
    table(MADT, "APIC", 44 + sizeof madt_entries);
    tern_store_le32(at(MADT) + 36, 0xfee00000);
    memcpy(at(MADT) + 44, madt_entries, sizeof madt_entries);
    table_sum(MADT);
    table(DSDT, "DSDT", 36 + sizeof dsdt_octets);
    memcpy(at(DSDT) + 36, dsdt_octets, sizeof dsdt_octets);
    table_sum(DSDT);
    table(OTHER_FADT, "FACP", 116);
    tern_store_le16(at(OTHER_FADT) + 46, 11);
    table_sum(OTHER_FADT);
}

static void begin_anew(void)
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

static void machine(void)
{
    begin_anew();
    tables_emit();
}

/* ---- Tables --------------------------------------------------------------- */

START_TEST(test_acpi_reads_a_machine)
{
    machine();
    pc_acpi_init();
    ck_assert(pc_acpi.present);
    ck_assert_uint_eq(pc_acpi.lapic_base, 0x1fee00000);
    ck_assert_uint_eq(pc_acpi.n_ioapics, 1);
    ck_assert_uint_eq(pc_acpi.ioapics[0].base, 0xfec00000);
    ck_assert_uint_eq(pc_acpi.isa[0].gsi, 2);
    ck_assert(!pc_acpi.isa[0].level && !pc_acpi.isa[0].active_low);
    ck_assert_uint_eq(pc_acpi.isa[3].gsi, 3);
    ck_assert_uint_eq(pc_acpi.isa[5].gsi, 21);
    ck_assert(pc_acpi.isa[5].level && pc_acpi.isa[5].active_low);
    ck_assert(pc_acpi.isa[9].level && !pc_acpi.isa[9].active_low);
    ck_assert_uint_eq(pc_acpi.sci, 9);
    ck_assert_uint_eq(pc_acpi.pm1a_event, 0x600);
    ck_assert_uint_eq(pc_acpi.pm1a_control, 0x604);
    ck_assert_uint_eq(pc_acpi.century, 0x32);
    ck_assert_uint_eq(pc_acpi.sleep_control, 0xfe002000);
    ck_assert(pc_acpi.s5);
    ck_assert_uint_eq(pc_acpi.s5_type, 5);
    ck_assert_uint_eq(pc_mmio_count(), 1);
    ck_assert_uint_eq(pc_mmio_get(0)->base, 0xd0000200);
    ck_assert_uint_eq(pc_mmio_get(0)->len, 512);
    ck_assert_uint_eq(pc_mmio_get(0)->line.gsi, 17);
    ck_assert(pc_mmio_get(0)->line.level && !pc_mmio_get(0)->line.active_low);
    ck_assert_ptr_null(pc_mmio_get(1));
    ck_assert_uint_eq(pc_acpi.ged_selector, 0xfe001000);
    ck_assert_uint_eq(pc_acpi.ged_line.gsi, 18);
    ck_assert(!pc_acpi.ged_line.level && pc_acpi.ged_line.active_low);
}
END_TEST

START_TEST(test_acpi_without_a_root_is_none)
{
    for (int i = 0; i < 5; i++) {
        machine();
        if (i == 0)
            pvh_boot.rsdp = 0;
        if (i == 1)
            pvh_boot.rsdp = MEMORY_AT + MEMORY_LEN - 35;
        if (i == 2) {
            memcpy(at(RSDP), "RSD PTR!", 8);
            sum(RSDP, 8, 20);
            sum(RSDP, 32, 36);
        }
        if (i == 3) {
            at(RSDP)[8]++;
            sum(RSDP, 32, 36);
        }
        if (i == 4) {    /* both roots are something else */
            table(XSDT, "XSDX", 44);
            table(RSDT, "RSDX", 40);
        }
        pc_acpi_init();
        ck_assert_msg(!pc_acpi.present, "case %d", i);
        ck_assert_uint_eq(pc_acpi.lapic_base, 0);
        ck_assert_uint_eq(pc_acpi.isa[9].gsi, 9);
        ck_assert(!pc_acpi.isa[9].level);
    }
}
END_TEST

START_TEST(test_acpi_takes_the_old_root_where_the_new_one_is_broken)
{
    for (int i = 0; i < 5; i++) {
        machine();
        if (i == 0) {
            at(RSDP)[15] = 0;
            sum(RSDP, 8, 20);
        }
        if (i == 1)
            at(RSDP)[32]++;
        if (i == 2)
            table(XSDT, "RSDT", 36);
        if (i == 3)
            at(XSDT)[9]++;
        if (i == 4)
            table_len(XSDT, 35);    /* shorter than its header */
        pc_acpi_init();
        ck_assert_msg(pc_acpi.sci == 11, "case %d", i);
    }
}
END_TEST

START_TEST(test_acpi_reads_no_table_that_is_broken)
{
    for (int i = 0; i < 5; i++) {
        machine();
        if (i == 0) {    /* shorter than its header */
            table_len(FADT, 35);
        } else if (i == 1) {    /* past the end of memory */
            tern_store_le64(at(XSDT) + 52, MEMORY_AT + MEMORY_LEN - 200);
            table_sum(XSDT);
            memcpy(memory + MEMORY_LEN - 200, at(FADT), 200);
        } else if (i == 2) {
            at(FADT)[9]++;
        } else {    /* a MiB is the most: one octet below and above */
            tern_store_le64(at(XSDT) + 52, LARGE);
            table_sum(XSDT);
            memset(at(LARGE), 0, 1024 * 1024 + 1);
            memcpy(at(LARGE), at(FADT), 256);
            table_len(LARGE, 1024 * 1024 + (i == 4));
        }
        pc_acpi_init();
        ck_assert_msg((pc_acpi.sci == 9) == (i == 3), "case %d", i);
        ck_assert_uint_eq(pc_acpi.n_ioapics, 1);
    }
}
END_TEST

START_TEST(test_acpi_madt_entries_end_where_they_must)
{
    static const struct {
        uint8_t octets[14];
        size_t len, n_ioapics;
        const char *why;
    } cases[] = {
        { { 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 12, 1, "whole" },
        { { 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 11, 0, "cut" },
        { { 1, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 11, 0, "too short" },
        { { 9, 0, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 14, 0, "no length" },
        { { 9, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 14, 0, "shorter than its length" },
        { { 9, 2, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 14, 1, "the least" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        machine();
        table(MADT, "APIC", 44 + (uint32_t)cases[i].len);
        memcpy(at(MADT) + 44, cases[i].octets, cases[i].len);
        table_sum(MADT);
        pc_acpi_init();
        ck_assert_msg(pc_acpi.n_ioapics == cases[i].n_ioapics, "%s", cases[i].why);
    }
    machine();
    table_len(MADT, 43);    /* not even its own fields */
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.lapic_base, 0);
    machine();
    table(MADT, "APIC", 44 + 9 * 12);    /* eight are kept */
    for (size_t i = 0; i < 9; i++)
        memcpy(at(MADT) + 44 + 12 * i, madt_entries, 12);
    table_sum(MADT);
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.n_ioapics, 8);
}
END_TEST

START_TEST(test_acpi_fadt_fields_are_read_where_they_are)
{
    machine();
    table_len(FADT, 115);
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.sci, 0);
    ck_assert(!pc_acpi.s5);
    machine();
    table_len(FADT, 116);    /* of ACPI 1.0 */
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.sci, 9);
    ck_assert(pc_acpi.s5);
    ck_assert_uint_eq(pc_acpi.sleep_control, 0);
    machine();
    table_len(FADT, 255);
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.sleep_control, 0);
    machine();
    at(FADT)[244] = 1;    /* a port, not memory */
    table_sum(FADT);
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.sleep_control, 0);
    machine();
    tern_store_le32(at(FADT) + 64, 0x10604);    /* no port has this number */
    tern_store_le32(at(FADT) + 112, 1u << 20);
    tern_store_le64(at(FADT) + 140, DSDT);
    tern_store_le32(at(FADT) + 40, 0);
    table_sum(FADT);
    pc_acpi_init();    /* reduced hardware has no SCI */
    ck_assert_uint_eq(pc_acpi.sci, 0);
    ck_assert(pc_acpi.s5);
    machine();
    tern_store_le32(at(FADT) + 64, 0x10604);
    table_sum(FADT);
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.pm1a_control, 0);
}
END_TEST

/* ---- The DSDT ------------------------------------------------------------- */

static void with_dsdt(const uint8_t *octets, size_t len)
{
    machine();
    table(DSDT, "DSDT", 36 + (uint32_t)len);
    memcpy(at(DSDT) + 36, octets, len);
    table_sum(DSDT);
    /* What lies behind it is no part of it. */
    memcpy(at(DSDT) + 36 + len, dsdt_octets + 8, sizeof dsdt_octets - 8);
    pc_acpi_init();
}

START_TEST(test_acpi_s5_is_a_small_integer_in_a_package)
{
    static const struct {
        uint8_t octets[16];
        size_t len;
        bool s5;
        uint8_t type;
        const char *why;
    } cases[] = {
        { "_S5_\x12\x06\x04\x0a\x05", 9, true, 5, "a byte" },
        { "_S5_\x12\x06\x04\x01\x00", 9, true, 1, "one" },
        { "_S5_\x12\x06\x04\x00\x00", 9, true, 0, "zero" },
        { "_S5_\x12\x46\x00\x04\x0a\x03", 10, true, 3, "a length of two octets" },
        { "_S5_\x12\x06\x04\x0a\x08", 9, false, 8, "beyond three bits" },
        { "_S5_\x12\x06\x04\x0b\x05\x00", 10, false, 0, "a word" },
        { "_S5_\x12\x06\x04\x02\x05\x00", 10, false, 0, "no constant" },
        { "_S5_\x12\x06\x04\x0a", 8, false, 0, "cut" },
        { "_S5_\x11\x06\x04\x0a\x05", 9, false, 0, "no package" },
        { "_S4_\x12\x06\x04\x0a\x05", 9, false, 0, "another state" },
        { "_S5_\x12\xc6\x04\x0a\x05", 9, false, 0, "a length past the end" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        with_dsdt(cases[i].octets, cases[i].len);
        ck_assert_msg(pc_acpi.s5 == cases[i].s5, "%s", cases[i].why);
        ck_assert_msg(!cases[i].s5 || pc_acpi.s5_type == cases[i].type, "%s", cases[i].why);
    }
}
END_TEST

#define VIRTIO "LNRO0005\0"
#define EVENTS "ACPI0013\0"
#define CRS_MEMORY "\x86\x09\0\1\0\2\0\xd0\0\2\0\0"
#define CRS_LINE "\x89\x06\0\1\1\x11\0\0\0"
#define REGION "\x5b\x80" "ESEL\0\x0c\0\x10\0\xfe"
#define DSDT_CASE(text, n) { (const uint8_t *)(text), sizeof(text) - 1, n, #text }

START_TEST(test_acpi_devices_are_found_by_their_encodings)
{
    static const struct {
        const uint8_t *octets;
        size_t len, n;
        const char *why;
    } cases[] = {
        DSDT_CASE(VIRTIO CRS_MEMORY CRS_LINE, 1),
        DSDT_CASE(VIRTIO CRS_LINE CRS_MEMORY, 1),
        DSDT_CASE(VIRTIO CRS_MEMORY "\x86\x09\0\1\0\4\0\xd0\0\2\0\0" CRS_LINE, 1),
        DSDT_CASE(VIRTIO CRS_MEMORY CRS_LINE VIRTIO CRS_MEMORY CRS_LINE, 1),
        DSDT_CASE(VIRTIO CRS_MEMORY, 0),
        DSDT_CASE(VIRTIO CRS_LINE, 0),
        DSDT_CASE("LNRO0006\0" CRS_MEMORY CRS_LINE, 0),
        DSDT_CASE(VIRTIO "\x86\x08\0\1\0\2\0\xd0\0\2\0\0" CRS_LINE, 0),
        DSDT_CASE(VIRTIO "\x85\x09\0\1\0\2\0\xd0\0\2\0\0" CRS_LINE, 0),
        DSDT_CASE(VIRTIO "\x86\x09\0\1\0\2\0\xd0\xff\0\0\0" CRS_LINE, 0),
        DSDT_CASE(VIRTIO "\x86\x09\0\1\0\2\0\xd0\1\0\1\0" CRS_LINE, 0),
        DSDT_CASE(VIRTIO CRS_MEMORY "\x89\x05\0\1\1\x11\0\0\0", 0),
        DSDT_CASE(VIRTIO CRS_MEMORY "\x89\x06\0\1\0\x11\0\0\0", 0),
        DSDT_CASE(EVENTS CRS_LINE REGION, 16),
        DSDT_CASE(EVENTS CRS_LINE REGION "\x5b\x80" "ESEL\0\x0c\0\x20\0\xfe", 16),
        DSDT_CASE(EVENTS REGION, 0),
        DSDT_CASE(EVENTS CRS_LINE, 0),
        DSDT_CASE("ACPI0014\0" CRS_LINE REGION, 0),
        DSDT_CASE(EVENTS CRS_LINE "\x5b\x80" "ESEL\1\x0c\0\x10\0\xfe", 0),
        DSDT_CASE(EVENTS CRS_LINE "\x5b\x80" "ESEL\0\x0b\0\x10\0\xfe", 0),
        DSDT_CASE(EVENTS CRS_LINE "\x5b\x81" "ESEL\0\x0c\0\x10\0\xfe", 0),
        DSDT_CASE(EVENTS CRS_LINE "\x5c\x80" "ESEL\0\x0c\0\x10\0\xfe", 0),
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        with_dsdt(cases[i].octets, cases[i].len);
        size_t n = pc_mmio_count() + (pc_acpi.ged_selector == 0xfe001000 ? 16 : 0);
        ck_assert_msg(n == cases[i].n, "%zu: %s", n, cases[i].why);
        ck_assert(n == 16 || pc_acpi.ged_selector == 0);
    }
}
END_TEST

/* ---- The power button ----------------------------------------------------- */

static void button_init(void)
{
    pc_acpi_init();
    pc_acpi.ged_selector = 0;
    pc_acpi_button_init();
}

START_TEST(test_acpi_button_is_armed_when_the_firmware_has_handed_over)
{
    machine();
    seen.scis_after = 5;
    button_init();
    ck_assert_str_eq(seen.out, "b2<02 600<feff 602<0100 ");
    ck_assert_uint_eq(seen.n_reads, 6);    /* and no longer */
    ck_assert_uint_eq(seen.line.gsi, 9);
    ck_assert(seen.line.level && !seen.line.active_low);
    seen.status = 0x20;
    seen.handler(NULL);
    ck_assert_uint_eq(seen.pending, 0);
    seen.status = 0x120;
    seen.handler(NULL);
    ck_assert_uint_eq(seen.pending, PVH_DRAIN);
}
END_TEST

START_TEST(test_acpi_button_that_is_not_there_is_left_alone)
{
    for (int i = 0; i < 4; i++) {
        machine();
        if (i == 0)
            tern_store_le32(at(FADT) + 56, 0);
        if (i == 1)
            at(FADT)[88] = 3;
        if (i == 2)
            tern_store_le32(at(FADT) + 64, 0);
        if (i == 3)
            seen.line_err = TERN_UNREACHABLE;
        table_sum(FADT);
        button_init();
        ck_assert_str_eq(seen.out, i < 3 ? "" : "600<feff ");
        ck_assert_int_eq(said[0] != '\0', i == 3);
    }
}
END_TEST

START_TEST(test_acpi_event_device_is_asked_at_once)
{
    machine();
    registers[0x1000 / 4] = 2;    /* pressed before now */
    pc_acpi_init();
    pc_acpi_button_init();
    ck_assert_uint_eq(seen.line.gsi, 18);
    ck_assert_uint_eq(seen.pending, PVH_DRAIN);
    ck_assert_uint_eq(pc_acpi.sleep_control, 0xfe002000);
    machine();
    no_registers = true;
    pc_acpi_init();
    pc_acpi_button_init();
    ck_assert_str_eq(said, "acpi: the event device is out of reach: no power button\n");
    ck_assert_uint_eq(pc_acpi.sleep_control, 0);
}
END_TEST

/* ---- Places --------------------------------------------------------------- */

START_TEST(test_mmio_places_are_kept_once_and_bounded)
{
    struct pc_line line = { .gsi = 5 };
    begin_anew();
    for (uint32_t i = 0; i < 32; i++) {
        ck_assert(pc_mmio_add(0x1000 * i, 0x200, line));
        ck_assert(pc_mmio_add(0x1000 * i, 0x200, line));
        ck_assert_uint_eq(pc_mmio_count(), i + 1);
    }
    ck_assert(!pc_mmio_add(0x100000, 0x200, line));
    ck_assert(pc_mmio_add(0x1000, 0x200, line));
    ck_assert_uint_eq(pc_mmio_count(), 32);
}
END_TEST

START_TEST(test_mmio_slots_are_probed_where_nothing_is_told)
{
    for (int i = 0; i < 5; i++) {
        begin_anew();
        for (size_t slot = 0; slot < (i == 1 ? 3 : 8); slot++)
            registers[0x200 * slot / 4] = 0x74726976;
        if (i == 2)
            pc_acpi.present = true;
        if (i == 3)
            (void)pc_mmio_add(0x1000, 0x200, (struct pc_line){ 0 });
        if (i == 4)
            no_registers = true;
        pc_mmio_probe();
        static const size_t counts[] = { 8, 3, 0, 1, 0 };
        ck_assert_msg(pc_mmio_count() == counts[i], "case %d", i);
        if (i == 0) {
            ck_assert_uint_eq(pc_mmio_get(7)->base, 0xfeb00e00);
            ck_assert_uint_eq(pc_mmio_get(7)->line.gsi, 12);
        }
    }
}
END_TEST

/* ---- The command line ----------------------------------------------------- */

/* The status it ends with, 0 if it goes on. */
static int line_read(const char *text)
{
    begin_anew();
    stops = true;
    pvh_boot.cmdline_len = strlen(text);
    ck_assert_uint_le(pvh_boot.cmdline_len, PVH_CMDLINE_CAP);
    memcpy(pvh_boot.cmdline, text, pvh_boot.cmdline_len + 1);
    int status = setjmp(stopped);
    if (status == 0)
        pvh_cmdline_init();
    return status;
}

START_TEST(test_cmdline_is_split_at_blanks)
{
    ck_assert_int_eq(line_read(" ip=10.0.0.2/24\t tern.exit=0x501  \n virtio_mmio.device="
                               "512@0xfeb00000:5 last"), 0);
    ck_assert_uint_eq(pvh_word_count(), 2);
    ck_assert_str_eq(pvh_word(0), "ip=10.0.0.2/24");
    ck_assert_str_eq(pvh_word(1), "last");
    ck_assert_ptr_null(pvh_word(2));
    ck_assert_uint_eq(pvh_cmdline_exit_port(), 0x501);
    ck_assert_uint_eq(pc_mmio_count(), 1);
    ck_assert_uint_eq(pc_mmio_get(0)->base, 0xfeb00000);
    ck_assert_uint_eq(pc_mmio_get(0)->line.gsi, 5);
    ck_assert_int_eq(line_read(""), 0);
    ck_assert_int_eq(line_read("   "), 0);
    ck_assert_uint_eq(pvh_word_count(), 0);
}
END_TEST

START_TEST(test_cmdline_ends_at_its_first_zero)
{
    static const char line[] = "first\0second";
    begin_anew();
    memcpy(pvh_boot.cmdline, line, sizeof line);
    pvh_cmdline_init();
    ck_assert_uint_eq(pvh_word_count(), 1);
    ck_assert_str_eq(pvh_word(0), "first");
}
END_TEST

START_TEST(test_cmdline_words_of_ours_are_read_whole)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        { "tern.exit=1", true }, { "tern.exit=65535", true }, { "tern.exit=0xf4", true },
        { "tern.exit=0", false }, { "tern.exit=65536", false }, { "tern.exit=", false },
        { "tern.exit=0x", false }, { "tern.exit=1x", false }, { "tern.exit=1 tern.exit=2", false },
        { "tern.exit=18446744073709551617", false }, { "tern.exit=0x10000000000000001", false },
        { "virtio_mmio.device=256@1:0", true }, { "virtio_mmio.device=64K@1:255:7", true },
        { "virtio_mmio.device=4k@1:5", true }, { "virtio_mmio.device=255@1:5", false },
        { "virtio_mmio.device=65537@1:5", false }, { "virtio_mmio.device=512@1:256", false },
        { "virtio_mmio.device=512", false }, { "virtio_mmio.device=512@1", false },
        { "virtio_mmio.device=512@:5", false }, { "virtio_mmio.device=512@1:", false },
        { "virtio_mmio.device=512@1:5x", false }, { "virtio_mmio.device=512:1@5", false },
        { "virtio_mmio.device=@1:5", false }, { "virtio_mmio.device=512M@1:5", false },
        { "virtio_mmio.device=18014398509481985K@1:5", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(line_read(cases[i].text) == (cases[i].good ? 0 : PVH_STATUS_USAGE), "%s",
                      cases[i].text);
        ck_assert_uint_eq(pvh_word_count(), 0);
    }
}
END_TEST

START_TEST(test_cmdline_has_bounds)
{
    static char text[PVH_CMDLINE_CAP + 1];
    for (size_t n = 64; n <= 65; n++) {
        memset(text, 0, sizeof text);
        for (size_t i = 0; i < n; i++)
            memcpy(text + 2 * i, "w ", 2);
        ck_assert_int_eq(line_read(text), n == 64 ? 0 : PVH_STATUS_USAGE);
        ck_assert_uint_eq(pvh_word_count(), 64);
    }
    memset(text, 0, sizeof text);
    for (size_t n = 0; n < 33; n++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text),
                       "virtio_mmio.device=512@%zu:5 ", n);
    ck_assert_int_eq(line_read(text), PVH_STATUS_USAGE);
    ck_assert_uint_eq(pc_mmio_count(), 32);
    begin_anew();
    pvh_boot.cmdline_cut = stops = true;
    if (setjmp(stopped) == 0) {
        pvh_cmdline_init();
        ck_abort_msg("a line that was cut is taken");
    }
}
END_TEST

Suite *pvh_suite(void)
{
    Suite *suite = suite_create("pvh");
    TCase *tc = tcase_create("pvh");
    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, test_acpi_reads_a_machine);
    tcase_add_test(tc, test_acpi_without_a_root_is_none);
    tcase_add_test(tc, test_acpi_takes_the_old_root_where_the_new_one_is_broken);
    tcase_add_test(tc, test_acpi_reads_no_table_that_is_broken);
    tcase_add_test(tc, test_acpi_madt_entries_end_where_they_must);
    tcase_add_test(tc, test_acpi_fadt_fields_are_read_where_they_are);
    tcase_add_test(tc, test_acpi_s5_is_a_small_integer_in_a_package);
    tcase_add_test(tc, test_acpi_devices_are_found_by_their_encodings);
    tcase_add_test(tc, test_acpi_button_is_armed_when_the_firmware_has_handed_over);
    tcase_add_test(tc, test_acpi_button_that_is_not_there_is_left_alone);
    tcase_add_test(tc, test_acpi_event_device_is_asked_at_once);
    tcase_add_test(tc, test_mmio_places_are_kept_once_and_bounded);
    tcase_add_test(tc, test_mmio_slots_are_probed_where_nothing_is_told);
    tcase_add_test(tc, test_cmdline_is_split_at_blanks);
    tcase_add_test(tc, test_cmdline_ends_at_its_first_zero);
    tcase_add_test(tc, test_cmdline_words_of_ours_are_read_whole);
    tcase_add_test(tc, test_cmdline_has_bounds);
    suite_add_tcase(suite, tc);
    return suite;
}
