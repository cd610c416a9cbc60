/* SPDX-License-Identifier: ISC */
/*
 * What a loader tells a guest in words: the command line, and the places of devices
 * that stand in it or are tried where nothing is told.
 */
#include "pvh_fixture.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

/* ---- Places --------------------------------------------------------------- */

START_TEST(test_mmio_places_are_kept_once_and_bounded)
{
    struct pc_line line = { .gsi = 5 };
    pvh_begin_anew();
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
        pvh_begin_anew();
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
    pvh_begin_anew();
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
    pvh_begin_anew();
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
    pvh_begin_anew();
    pvh_boot.cmdline_cut = stops = true;
    if (setjmp(stopped) == 0) {
        pvh_cmdline_init();
        ck_abort_msg("a line that was cut is taken");
    }
}
END_TEST

Suite *pvh_words_suite(void)
{
    Suite *suite = suite_create("pvh_words");
    TCase *tc = tcase_create("pvh_words");
    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, test_mmio_places_are_kept_once_and_bounded);
    tcase_add_test(tc, test_mmio_slots_are_probed_where_nothing_is_told);
    tcase_add_test(tc, test_cmdline_is_split_at_blanks);
    tcase_add_test(tc, test_cmdline_ends_at_its_first_zero);
    tcase_add_test(tc, test_cmdline_words_of_ours_are_read_whole);
    tcase_add_test(tc, test_cmdline_has_bounds);
    suite_add_tcase(suite, tc);
    return suite;
}
