/* SPDX-License-Identifier: ISC */
/*
 * Grants: given to one domain, taken back only when it does not hold them.
 */
#include "suites.h"
#include "xen_fake.h"

#include <string.h>

static struct xen_fake x;
static uint8_t *page;

static void setup(void)
{
    fake_init(&x);
    page = x.env.carve_io(&x.env, XEN_PAGE_LEN);
}

static void teardown(void) { fake_free(&x); }

static uint32_t grant(bool readonly)
{
    uint32_t ref;
    ck_assert_int_eq(gnttab_grant(&x.grants, 7, x.env.frame(&x.env, page), readonly, &ref),
                     TERN_OK);
    return ref;
}

START_TEST(test_grant_lets_one_domain_read_and_write)
{
    uint32_t ref = grant(false);
    ck_assert_ptr_eq(fake_page(&x, 7, ref, true), page);
    ck_assert_ptr_eq(fake_page(&x, 7, ref, false), page);
    ck_assert_ptr_null(fake_page(&x, 8, ref, false));
}
END_TEST

START_TEST(test_grant_for_reading_does_not_let_write)
{
    uint32_t ref = grant(true);
    ck_assert_ptr_eq(fake_page(&x, 7, ref, false), page);
    ck_assert_ptr_null(fake_page(&x, 7, ref, true));
}
END_TEST

START_TEST(test_grant_that_ended_is_nobodys)
{
    uint32_t ref = grant(false);
    ck_assert_int_eq(gnttab_end(&x.grants, ref), TERN_OK);
    ck_assert_ptr_null(fake_page(&x, 7, ref, false));
    ck_assert_uint_eq(fake_n_granted(&x), 0);
    ck_assert_uint_eq(x.grants.n_ended, 1);
}
END_TEST

START_TEST(test_grant_ends_only_once)
{
    uint32_t ref = grant(false);
    ck_assert_int_eq(gnttab_end(&x.grants, ref), TERN_OK);
    ck_assert_int_eq(gnttab_end(&x.grants, ref), TERN_INVALID);
    ck_assert_uint_eq(x.grants.n_free, FAKE_GRANTS - GNTTAB_NR_RESERVED_ENTRIES);
}
END_TEST

START_TEST(test_reference_outside_the_table_is_no_grant)
{
    static const uint32_t refs[] = { 0, 1, GNTTAB_NR_RESERVED_ENTRIES - 1, FAKE_GRANTS,
                                     FAKE_GRANTS + 1, 0x80000000u, 0xffffffffu };
    ck_assert_int_eq(gnttab_end(&x.grants, refs[_i]), TERN_INVALID);
}
END_TEST

/* XSA-396, MSA02: the answer of an end that came too early must not be lost. */
START_TEST(hostile_net_55_grant_still_held_does_not_end)
{
    uint32_t ref = grant(_i == 0);
    ck_assert_ptr_nonnull(fake_map(&x, 7, ref, _i != 0));
    uint32_t n_free = x.grants.n_free;
    ck_assert_int_eq(gnttab_end(&x.grants, ref), TERN_AGAIN);
    ck_assert_uint_eq(x.grants.n_free, n_free);
    ck_assert_uint_eq(x.grants.n_refused, 1);
    ck_assert_ptr_eq(fake_page(&x, 7, ref, false), page);
    /* The reference is not given to another page meanwhile. */
    for (uint32_t i = 0; i < n_free; i++) {
        uint32_t other;
        ck_assert_int_eq(gnttab_grant(&x.grants, 7, FAKE_FRAME_BASE, true, &other), TERN_OK);
        ck_assert_uint_ne(other, ref);
    }
    fake_unmap(&x, ref);
    ck_assert_int_eq(gnttab_end(&x.grants, ref), TERN_OK);
}
END_TEST

/* Only the value that was written is exchanged; whatever else stands there stays. */
START_TEST(hostile_net_55_grant_entry_with_strange_flags_is_left_alone)
{
    static const uint16_t flags[] = { GTF_invalid, GTF_accept_transfer, 0xffff,
                                      GTF_permit_access | GTF_sub_page };
    uint32_t ref = grant(false);
    x.table[ref].flags = flags[_i];
    ck_assert_int_eq(gnttab_end(&x.grants, ref), TERN_AGAIN);
    ck_assert_uint_eq(x.table[ref].flags, flags[_i]);
}
END_TEST

START_TEST(test_grants_run_out_and_come_back)
{
    static uint32_t refs[FAKE_GRANTS];
    uint32_t n = 0, ref;
    while (gnttab_grant(&x.grants, 7, FAKE_FRAME_BASE, false, &refs[n]) == TERN_OK) {
        ck_assert_uint_ge(refs[n], GNTTAB_NR_RESERVED_ENTRIES);
        ck_assert_uint_lt(refs[n], FAKE_GRANTS);
        n++;
    }
    ck_assert_uint_eq(n, FAKE_GRANTS - GNTTAB_NR_RESERVED_ENTRIES);
    ck_assert_uint_eq(fake_n_granted(&x), n);
    /* In reverse order, as a batch may be drained. */
    while (n > 0)
        ck_assert_int_eq(gnttab_end(&x.grants, refs[--n]), TERN_OK);
    ck_assert_uint_eq(fake_n_granted(&x), 0);
    ck_assert_int_eq(gnttab_grant(&x.grants, 7, FAKE_FRAME_BASE, false, &ref), TERN_OK);
}
END_TEST

START_TEST(test_reserved_entries_are_left_alone)
{
    x.table[0].flags = x.table[1].flags = GTF_permit_access;
    x.table[1].frame = 99;
    gnttab_restart(&x.grants);
    ck_assert_uint_eq(x.table[0].flags, GTF_permit_access);
    ck_assert_uint_eq(x.table[1].frame, 99);
}
END_TEST

START_TEST(test_restart_makes_every_reference_void)
{
    uint32_t ref = grant(false);
    fake_restore(&x);
    ck_assert_int_eq(gnttab_end(&x.grants, ref), TERN_INVALID);
    ck_assert_uint_eq(x.grants.n_free, FAKE_GRANTS - GNTTAB_NR_RESERVED_ENTRIES);
}
END_TEST

START_TEST(test_table_without_room_is_refused)
{
    struct gnttab g;
    ck_assert_int_eq(gnttab_init(&g, &x.env, x.table, GNTTAB_NR_RESERVED_ENTRIES), TERN_INVALID);
    ck_assert_int_eq(gnttab_init(&g, &x.env, NULL, FAKE_GRANTS), TERN_INVALID);
    ck_assert_int_eq(gnttab_init(&g, &x.env, x.table, (1u << 16) + 1), TERN_INVALID);
    for (unsigned i = 1; i <= 2; i++) {
        x.fail_in = i;
        ck_assert_int_eq(gnttab_init(&g, &x.env, x.table, FAKE_GRANTS), TERN_FULL);
    }
}
END_TEST

Suite *xen_gnttab_suite(void)
{
    Suite *suite = suite_create("xen_gnttab");
    TCase *t = tcase_create("gnttab");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_grant_lets_one_domain_read_and_write);
    tcase_add_test(t, test_grant_for_reading_does_not_let_write);
    tcase_add_test(t, test_grant_that_ended_is_nobodys);
    tcase_add_test(t, test_grant_ends_only_once);
    tcase_add_loop_test(t, test_reference_outside_the_table_is_no_grant, 0, 7);
    tcase_add_loop_test(t, hostile_net_55_grant_still_held_does_not_end, 0, 2);
    tcase_add_loop_test(t, hostile_net_55_grant_entry_with_strange_flags_is_left_alone, 0, 4);
    tcase_add_test(t, test_grants_run_out_and_come_back);
    tcase_add_test(t, test_reserved_entries_are_left_alone);
    tcase_add_test(t, test_restart_makes_every_reference_void);
    tcase_add_test(t, test_table_without_room_is_refused);
    suite_add_tcase(suite, t);
    return suite;
}
