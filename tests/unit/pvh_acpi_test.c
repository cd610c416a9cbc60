/* SPDX-License-Identifier: ISC */
/*
 * What a firmware tells a guest: ACPI's tables (ACPI 6.4, sections 5.2 and 20.2) and
 * the power button.
 */
#include "pvh_fixture.h"
#include "suites.h"

#include <string.h>

/* ---- Tables --------------------------------------------------------------- */

START_TEST(test_acpi_reads_a_machine)
{
    acpi_machine();
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
        acpi_machine();
        if (i == 0)
            pvh_boot.rsdp = 0;
        if (i == 1)
            pvh_boot.rsdp = MEMORY_AT + MEMORY_LEN - 35;
        if (i == 2) {
            memcpy(memory_at(RSDP), "RSD PTR!", 8);
            acpi_sum(RSDP, 8, 20);
            acpi_sum(RSDP, 32, 36);
        }
        if (i == 3) {
            memory_at(RSDP)[8]++;
            acpi_sum(RSDP, 32, 36);
        }
        if (i == 4) {    /* both roots are something else */
            acpi_table(XSDT, "XSDX", 44);
            acpi_table(RSDT, "RSDX", 40);
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
        acpi_machine();
        if (i == 0) {
            memory_at(RSDP)[15] = 0;
            acpi_sum(RSDP, 8, 20);
        }
        if (i == 1)
            memory_at(RSDP)[32]++;
        if (i == 2)
            acpi_table(XSDT, "RSDT", 36);
        if (i == 3)
            memory_at(XSDT)[9]++;
        if (i == 4)
            acpi_table_len(XSDT, 35);    /* shorter than its header */
        pc_acpi_init();
        ck_assert_msg(pc_acpi.sci == 11, "case %d", i);
    }
}
END_TEST

START_TEST(test_acpi_reads_no_table_that_is_broken)
{
    for (int i = 0; i < 5; i++) {
        acpi_machine();
        if (i == 0) {    /* shorter than its header */
            acpi_table_len(FADT, 35);
        } else if (i == 1) {    /* past the end of memory */
            tern_store_le64(memory_at(XSDT) + 52, MEMORY_AT + MEMORY_LEN - 200);
            acpi_table_sum(XSDT);
            memcpy(memory + MEMORY_LEN - 200, memory_at(FADT), 200);
        } else if (i == 2) {
            memory_at(FADT)[9]++;
        } else {    /* a MiB is the most: one octet below and above */
            tern_store_le64(memory_at(XSDT) + 52, LARGE);
            acpi_table_sum(XSDT);
            memset(memory_at(LARGE), 0, 1024 * 1024 + 1);
            memcpy(memory_at(LARGE), memory_at(FADT), 256);
            acpi_table_len(LARGE, 1024 * 1024 + (i == 4));
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
        acpi_machine();
        acpi_table(MADT, "APIC", 44 + (uint32_t)cases[i].len);
        memcpy(memory_at(MADT) + 44, cases[i].octets, cases[i].len);
        acpi_table_sum(MADT);
        pc_acpi_init();
        ck_assert_msg(pc_acpi.n_ioapics == cases[i].n_ioapics, "%s", cases[i].why);
    }
    acpi_machine();
    acpi_table_len(MADT, 43);    /* not even its own fields */
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.lapic_base, 0);
    acpi_machine();
    acpi_table(MADT, "APIC", 44 + 9 * 12);    /* eight are kept */
    for (size_t i = 0; i < 9; i++)
        memcpy(memory_at(MADT) + 44 + 12 * i, madt_entries, 12);
    acpi_table_sum(MADT);
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.n_ioapics, 8);
}
END_TEST

START_TEST(test_acpi_fadt_fields_are_read_where_they_are)
{
    acpi_machine();
    acpi_table_len(FADT, 115);
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.sci, 0);
    ck_assert(!pc_acpi.s5);
    acpi_machine();
    acpi_table_len(FADT, 116);    /* of ACPI 1.0 */
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.sci, 9);
    ck_assert(pc_acpi.s5);
    ck_assert_uint_eq(pc_acpi.sleep_control, 0);
    acpi_machine();
    acpi_table_len(FADT, 255);
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.sleep_control, 0);
    acpi_machine();
    memory_at(FADT)[244] = 1;    /* a port, not memory */
    acpi_table_sum(FADT);
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.sleep_control, 0);
    acpi_machine();
    tern_store_le32(memory_at(FADT) + 64, 0x10604);    /* no port has this number */
    tern_store_le32(memory_at(FADT) + 112, 1u << 20);
    tern_store_le64(memory_at(FADT) + 140, DSDT);
    tern_store_le32(memory_at(FADT) + 40, 0);
    acpi_table_sum(FADT);
    pc_acpi_init();    /* reduced hardware has no SCI */
    ck_assert_uint_eq(pc_acpi.sci, 0);
    ck_assert(pc_acpi.s5);
    acpi_machine();
    tern_store_le32(memory_at(FADT) + 64, 0x10604);
    acpi_table_sum(FADT);
    pc_acpi_init();
    ck_assert_uint_eq(pc_acpi.pm1a_control, 0);
}
END_TEST

/* ---- The DSDT ------------------------------------------------------------- */

static void with_dsdt(const uint8_t *octets, size_t len)
{
    acpi_machine();
    acpi_table(DSDT, "DSDT", 36 + (uint32_t)len);
    memcpy(memory_at(DSDT) + 36, octets, len);
    acpi_table_sum(DSDT);
    /* What lies behind it is no part of it. */
    memcpy(memory_at(DSDT) + 36 + len, dsdt_octets + 8, DSDT_OCTETS_LEN - 8);
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
    acpi_machine();
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
        acpi_machine();
        if (i == 0)
            tern_store_le32(memory_at(FADT) + 56, 0);
        if (i == 1)
            memory_at(FADT)[88] = 3;
        if (i == 2)
            tern_store_le32(memory_at(FADT) + 64, 0);
        if (i == 3)
            seen.line_err = TERN_UNREACHABLE;
        acpi_table_sum(FADT);
        button_init();
        ck_assert_str_eq(seen.out, i < 3 ? "" : "600<feff ");
        ck_assert_int_eq(said[0] != '\0', i == 3);
    }
}
END_TEST

START_TEST(test_acpi_event_device_is_asked_at_once)
{
    acpi_machine();
    registers[0x1000 / 4] = 2;    /* pressed before now */
    pc_acpi_init();
    pc_acpi_button_init();
    ck_assert_uint_eq(seen.line.gsi, 18);
    ck_assert_uint_eq(seen.pending, PVH_DRAIN);
    ck_assert_uint_eq(pc_acpi.sleep_control, 0xfe002000);
    acpi_machine();
    no_registers = true;
    pc_acpi_init();
    pc_acpi_button_init();
    ck_assert_str_eq(said, "acpi: the event device is out of reach: no power button\n");
    ck_assert_uint_eq(pc_acpi.sleep_control, 0);
}
END_TEST

Suite *pvh_acpi_suite(void)
{
    Suite *suite = suite_create("pvh_acpi");
    TCase *tc = tcase_create("pvh_acpi");
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
    suite_add_tcase(suite, tc);
    return suite;
}
