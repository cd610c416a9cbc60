/* SPDX-License-Identifier: ISC */
/*
 * Boot modules and RAM: where a module may lie, and that its pages are nobody else's. The
 * source is included.
 */
#include "pvh_fixture.h"
#include "suites.h"

static char *image_from, *image_to;
#define pvh_image image_from
#define pvh_image_end image_to
#include "backends/pvh/mem.c"

enum { MIB = 1 << 20 };

bool pvh_paging_sealed(void) { return false; }
bool pvh_paging_guard(uint64_t start, uint64_t end) { return start < end; }

/* RAM below 640 KiB, and from 1 to 8 MiB in two entries; the image from 2 to 3 MiB. */
static void begin(void)
{
    static const struct pvh_range ram[] = {
        { 4 * MIB, 8 * MIB }, { 0, 640 << 10 }, { MIB, 4 * MIB },
    };
    pvh_begin_anew();
    n_stretches = total = 0;
    image_from = (char *)(uintptr_t)(2 * MIB);
    image_to = (char *)(uintptr_t)(3 * MIB);
    memcpy(pvh_boot.ram, ram, sizeof ram);
    pvh_boot.n_ram = 3;
    pvh_boot.n_modules = 1;
}

START_TEST(test_module_lies_in_ram_and_apart_from_the_image)
{
    static const struct { struct pvh_range at; bool good; } rows[] = {
        { { 3 * MIB + 5, 3 * MIB + 6 }, true },
        { { 3 * MIB, 8 * MIB }, true },             /* two entries */
        { { 4096, 640 << 10 }, true },
        { { 0, 8192 }, false },                     /* page 0 */
        { { 4095, 8192 }, false },
        { { 600 << 10, 641 << 10 }, false },        /* not all of it is RAM */
        { { 7 * MIB, 8 * MIB + 1 }, false },
        { { 9 * MIB, 9 * MIB + 1 }, false },
        { { 2 * MIB, 2 * MIB + 1 }, false },        /* the image */
        { { 2 * MIB - 1, 2 * MIB + 1 }, false },
        { { 3 * MIB - 1, 4 * MIB }, false },
        { { MIB, 4 * MIB }, false },
    };
    begin();
    pvh_boot.modules[0] = rows[_i].at;
    stops = true;
    int status = setjmp(stopped);
    if (status == 0)
        pvh_mem_init();
    stops = false;
    ck_assert_int_eq(status, rows[_i].good ? 0 : PVH_STATUS_SETUP);
}
END_TEST

/* The map forbids to write to a module's pages: nothing else may be on them. */
START_TEST(test_pages_of_a_module_are_carved_for_nobody)
{
    begin();
    pvh_boot.modules[0] = (struct pvh_range){ 5 * MIB + 4095, 5 * MIB + 4097 };
    pvh_mem_init();
    for (size_t len; (len = pvh_mem_longest()) != 0;) {
        uint64_t at = (uint64_t)(uintptr_t)pvh_mem_carve(len, 1);
        ck_assert(at + len <= 5 * MIB || at >= 5 * MIB + 8192);
    }
    ck_assert_uint_eq(pvh_mem_left(), 0);
}
END_TEST

Suite *pvh_mem_suite(void)
{
    Suite *suite = suite_create("pvh_mem");
    TCase *tc = tcase_create("mem");
    tcase_add_loop_test(tc, test_module_lies_in_ram_and_apart_from_the_image, 0, 12);
    tcase_add_test(tc, test_pages_of_a_module_are_carved_for_nobody);
    suite_add_tcase(suite, tc);
    return suite;
}
