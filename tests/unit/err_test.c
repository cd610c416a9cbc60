/* SPDX-License-Identifier: ISC */
/*
 * Errors in words.
 */
#include "suites.h"

#include <tern/base.h>

#include <string.h>

START_TEST(test_err_text_is_there_for_every_value_and_for_none)
{
    for (int i = TERN_OK; i <= TERN_BUG + 1; i++) {
        const char *text = tern_err_text((enum tern_err)i);
        ck_assert_ptr_nonnull(text);
        ck_assert_uint_gt(strlen(text), 3);
        for (int k = TERN_OK; k < i; k++)
            ck_assert_str_ne(text, tern_err_text((enum tern_err)k));
    }
    ck_assert_str_eq(tern_err_text(TERN_TIMED_OUT), "timed out");
    ck_assert_str_eq(tern_err_text((enum tern_err)1000), "unknown error");
}
END_TEST

Suite *err_suite(void)
{
    Suite *suite = suite_create("err");
    TCase *tc = tcase_create("err");
    tcase_add_test(tc, test_err_text_is_there_for_every_value_and_for_none);
    suite_add_tcase(suite, tc);
    return suite;
}
