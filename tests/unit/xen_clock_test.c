/* SPDX-License-Identifier: ISC */
/*
 * Time under Xen: scaled as the shared page says, never back, going on in another
 * life, and bounded when Xen writes nonsense. The source is included: its state
 * begins anew with each test, and the TSC is the test's own.
 */
#include <setjmp.h>

/* Beside the clock of another test's machine. */
#define pvh_now_ns clock_now_ns
#define pvh_wall_offset_ns clock_wall_offset_ns
#define pvh_fail clock_fail
#include "backends/pvh/cpu.h"
#include "access_watch.h"
#include "suites.h"

static uint64_t test_tsc(void);
#define cpu_tsc test_tsc
#include "backends/xen/xen_clock.c"

union xen_shared_page xen_shared __attribute__((aligned(XEN_PAGE_LEN)));

static volatile struct vcpu_time_info *t;
static uint64_t tsc;
static jmp_buf stopped;

static uint64_t test_tsc(void)
{
    return tsc;
}

_Noreturn void pvh_fail(int status, const char *format, ...)
{
    (void)format;
    longjmp(stopped, status);
}

/* A TSC of 1 GHz, the system time 5 s at its 1,000th tick. */
static void setup(void)
{
    memset(&xen_shared, 0, sizeof xen_shared);
    t = &xen_shared.info.vcpu_info[0].time;
    t->version = 2;
    t->tsc_timestamp = tsc = 1000;
    t->system_time = UINT64_C(5000000000);
    t->tsc_to_system_mul = 0x80000000;
    t->tsc_shift = 1;
    last_ns = offset_ns = 0;
    xen_clock_start();
}

START_TEST(test_clock_begins_at_zero_and_counts)
{
    ck_assert_uint_eq(pvh_now_ns(), 0);
    tsc += 1234567;
    ck_assert_uint_eq(pvh_now_ns(), 1234567);
    ck_assert_uint_eq(xen_clock_raw_ns(1234567), UINT64_C(5001234567));
    t->tsc_shift = -1;    /* a quarter now, in all: time stands, it does not go back */
    ck_assert_uint_eq(pvh_now_ns(), 1234567);
    tsc = t->tsc_timestamp + 8000000;
    ck_assert_uint_eq(pvh_now_ns(), 2000000);
    tsc = 0;              /* before the time stamp */
    ck_assert_uint_eq(pvh_now_ns(), 2000000);
}
END_TEST

START_TEST(test_clock_goes_on_in_another_life)
{
    tsc += 1000000;
    ck_assert_uint_eq(pvh_now_ns(), 1000000);
    /* A host that has been up for a moment, with another TSC; then one for long. */
    static const uint64_t host_ns[] = { 7, UINT64_C(900000000000000) };
    t->system_time = host_ns[_i];
    t->tsc_timestamp = tsc = 77;
    xen_clock_resume();
    ck_assert_uint_eq(pvh_now_ns(), 1000000);
    tsc += 500;
    ck_assert_uint_eq(pvh_now_ns(), 1000500);
    ck_assert_uint_eq(xen_clock_raw_ns(1000500), host_ns[_i] + 500);
}
END_TEST

START_TEST(test_clock_tells_the_wall_at_its_zero)
{
    int64_t offset;
    ck_assert(!pvh_wall_offset_ns(&offset));
    ck_assert_str_eq(pvh_wall_name(), "none");
    xen_shared.info.wc_version = 4;
    xen_shared.info.wc_sec = 1700000000;
    xen_shared.info.wc_nsec = 250;
    ck_assert(pvh_wall_offset_ns(&offset));
    ck_assert_int_eq(offset, INT64_C(1700000005000000250));
    ck_assert_str_eq(pvh_wall_name(), "xen");
    xen_shared.info.wc_nsec = 1000000000;
    ck_assert(!pvh_wall_offset_ns(&offset));
    xen_shared.info.wc_nsec = 0;
    xen_shared.info.wc_sec_hi = 0xffffffff;
    ck_assert(!pvh_wall_offset_ns(&offset));
    xen_shared.info.wc_sec_hi = 0;
    xen_shared.info.wc_version = 5;
    ck_assert(!pvh_wall_offset_ns(&offset));
}
END_TEST

/* A version that stays odd, a shift beyond the number, a time beyond all times. */
START_TEST(hostile_net_55_clock_of_nonsense_stands)
{
    tsc += 1000;
    ck_assert_uint_eq(pvh_now_ns(), 1000);
    tsc += 9000;
    switch (_i) {
    case 0: t->version = 3; break;
    case 1: t->tsc_shift = 32; break;
    case 2: t->tsc_shift = -64; break;    /* a shift by 0, to a processor */
    case 3: t->system_time = UINT64_C(0xf000000000000000); break;
    }
    ck_assert_uint_eq(pvh_now_ns(), 1000);
    xen_clock_resume();
    ck_assert_uint_eq(pvh_now_ns(), 1000);
}
END_TEST

/*
 * Xen writes all of the page anew after the so many-th access: what is told is of
 * before or of after, never of both.
 */
static unsigned n_accesses, write_at;

static void write_anew(uint8_t *addr, bool written)
{
    (void)addr;
    (void)written;
    if (++n_accesses != write_at)
        return;
    volatile struct shared_info *info = &xen_shared.info;
    t->version += 2;
    t->tsc_timestamp = tsc - 8;
    t->system_time = UINT64_C(5000070000);
    t->tsc_to_system_mul = 0x40000000;
    t->tsc_shift = 3;
    info->wc_version += 2;
    info->wc_sec = 1800000000;
    info->wc_sec_hi = 1;
    info->wc_nsec = 999;
}

START_TEST(hostile_net_55_clock_rewritten_while_it_is_read_is_read_again)
{
    unsigned n_told[2] = { 0, 0 };
    for (write_at = 1; write_at <= 12; write_at++) {
        setup();
        tsc += 50000;
        n_accesses = 0;
        access_watch(xen_shared.page, sizeof xen_shared, write_anew);
        uint64_t ns = pvh_now_ns();
        access_watch_end();
        ck_assert(ns == 50000 || ns == 70016);
        ck_assert_uint_gt(n_accesses, 0);
        n_told[ns == 70016]++;
    }
    ck_assert(n_told[0] > 0 && n_told[1] > 0);
}
END_TEST

START_TEST(hostile_net_55_wall_rewritten_while_it_is_read_is_read_again)
{
    unsigned n_told[2] = { 0, 0 };
    for (write_at = 1; write_at <= 12; write_at++) {
        setup();
        xen_shared.info.wc_version = 4;
        xen_shared.info.wc_sec = 1700000000;
        xen_shared.info.wc_nsec = 250;
        n_accesses = 0;
        access_watch(xen_shared.page, sizeof xen_shared, write_anew);
        int64_t offset = 0;
        bool told = pvh_wall_offset_ns(&offset);
        access_watch_end();
        ck_assert(told);
        bool is_new = offset == INT64_C(6094967301000000999);
        ck_assert(is_new || offset == INT64_C(1700000005000000250));
        n_told[is_new]++;
    }
    ck_assert(n_told[0] > 0 && n_told[1] > 0);
}
END_TEST

START_TEST(hostile_net_55_clock_that_cannot_be_read_ends_the_start)
{
    t->version = 1;
    int status = setjmp(stopped);
    if (status == 0) {
        xen_clock_start();
        ck_abort_msg("it started");
    }
    ck_assert_int_eq(status, PVH_STATUS_SETUP);
}
END_TEST

Suite *xen_clock_suite(void)
{
    Suite *s = suite_create("xen_clock");
    TCase *tc = tcase_create("clock");
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, test_clock_begins_at_zero_and_counts);
    tcase_add_loop_test(tc, test_clock_goes_on_in_another_life, 0, 2);
    tcase_add_test(tc, test_clock_tells_the_wall_at_its_zero);
    tcase_add_loop_test(tc, hostile_net_55_clock_of_nonsense_stands, 0, 4);
    tcase_add_test(tc, hostile_net_55_clock_rewritten_while_it_is_read_is_read_again);
    tcase_add_test(tc, hostile_net_55_wall_rewritten_while_it_is_read_is_read_again);
    tcase_add_test(tc, hostile_net_55_clock_that_cannot_be_read_ends_the_start);
    suite_add_tcase(s, tc);
    return s;
}
