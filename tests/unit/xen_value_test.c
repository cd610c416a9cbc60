/* SPDX-License-Identifier: ISC */
/*
 * What is believed of values from the store.
 */
#include "suites.h"

#include <backends/xen/xenstore.h>

#include <string.h>

START_TEST(test_numbers_are_digits_and_bounded)
{
    static const struct { const char *text; uint32_t most; bool good; uint32_t number; } rows[] = {
        { "0", 1, true, 0 }, { "1", 1, true, 1 }, { "2", 1, false, 0 }, { "007", 9, true, 7 },
        { "4294967295", UINT32_MAX, true, UINT32_MAX }, { "4294967296", UINT32_MAX, false, 0 },
        { "9999999999", UINT32_MAX, false, 0 }, { "00000000001", 9, false, 0 },
        { "", 9, false, 0 }, { "-1", 9, false, 0 }, { "+1", 9, false, 0 }, { " 1", 9, false, 0 },
        { "1 ", 9, false, 0 }, { "0x1", 9, false, 0 }, { "1a", 9, false, 0 }, { ":", 99, false, 0 },
        { "1/", 99, false, 0 }, { "1:", 99, false, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t number = 77;
        bool good = xenstore_number((const uint8_t *)rows[i].text, strlen(rows[i].text),
                                    rows[i].most, &number);
        ck_assert_msg(good == rows[i].good && number == (good ? rows[i].number : 77), "%s",
                      rows[i].text);
    }
}
END_TEST

START_TEST(test_mac_addresses_are_exact)
{
    static const struct { const char *text; bool good; } rows[] = {
        { "00:16:3e:aB:Cd:ef", true }, { "00:16:3e:ab:cd:e", false },
        { "00:16:3e:ab:cd:eff", false }, { "00-16-3e-ab-cd-ef", false },
        { "00:16:3e:ab:cd:eg", false }, { "01:00:5e:00:00:01", false },
        { "00:00:00:00:00:00", false }, { "ff:ff:ff:ff:ff:ff", false }, { "", false },
        { "00:16:3e:ab:cd ef", false }, { "/0:16:3e:ab:cd:ef", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t mac[6] = { 9, 9, 9, 9, 9, 9 };
        bool good = xenstore_mac((const uint8_t *)rows[i].text, strlen(rows[i].text), mac);
        ck_assert_msg(good == rows[i].good, "%s", rows[i].text);
        ck_assert_uint_eq(mac[5], good ? 0xef : 9);
    }
}
END_TEST

START_TEST(test_paths_are_absolute_and_plain)
{
    static const struct { const char *text; bool good; } rows[] = {
        { "/local/domain/0/backend/vif/5/0", true }, { "/a", true }, { "/a-b_c@d", true },
        { "", false }, { "/", false }, { "a", false }, { "/a/", false }, { "/a//b", false },
        { "//a", false }, { "ab", false },
        { "local/domain", false }, { "/a b", false }, { "/a\n", false }, { "/a.b", false },
        { "/\x80", false },
    };
    char path[XENSTORE_PATH_CAP];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(xenstore_path((const uint8_t *)rows[i].text, strlen(rows[i].text), path) ==
                          rows[i].good, "%s", rows[i].text);
    uint8_t longest[XENSTORE_PATH_CAP];
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    ck_assert(xenstore_path(longest, XENSTORE_PATH_CAP - 1, path));
    ck_assert_uint_eq(strlen(path), XENSTORE_PATH_CAP - 1);
    ck_assert(!xenstore_path(longest, XENSTORE_PATH_CAP, path));
    ck_assert(!xenstore_path((const uint8_t *)"/a\0b", 4, path));
}
END_TEST

START_TEST(test_text_and_paths_are_written_or_left_empty)
{
    char text[11], path[8];
    xenstore_text(text, sizeof text, 0);
    ck_assert_str_eq(text, "0");
    xenstore_text(text, sizeof text, UINT32_MAX);
    ck_assert_str_eq(text, "4294967295");
    xenstore_text(text, 10, UINT32_MAX);
    ck_assert_str_eq(text, "");
    xenstore_join(path, sizeof path, "abc", "def");
    ck_assert_str_eq(path, "abc/def");
    xenstore_join(path, sizeof path, "abc", "defg");
    ck_assert_str_eq(path, "");
    xenstore_join(path, sizeof path, "abcdefgh", "d");
    ck_assert_str_eq(path, "");
    xenstore_join(path, sizeof path, "abcdefghi", "d");
    ck_assert_str_eq(path, "");
}
END_TEST

Suite *xen_value_suite(void)
{
    Suite *suite = suite_create("xen_value");
    TCase *t = tcase_create("values");
    tcase_add_test(t, test_numbers_are_digits_and_bounded);
    tcase_add_test(t, test_mac_addresses_are_exact);
    tcase_add_test(t, test_paths_are_absolute_and_plain);
    tcase_add_test(t, test_text_and_paths_are_written_or_left_empty);
    suite_add_tcase(suite, t);
    return suite;
}
