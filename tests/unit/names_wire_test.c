/* SPDX-License-Identifier: ISC */
/*
 * Names in configuration options: each way to be no name, and each limit.
 */
#include "exact.h"
#include "suites.h"

#include "libnet/names_wire.h"

#define LABEL_63 "\77aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_64 "\100aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_61 "\75aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_62 "\76aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
    const char *why;
    const char *octets;
    size_t len;          /* of octets */
    size_t name_len;     /* what is expected; 0: no name */
    bool list_ok;
} cases[] = {
    { "nothing", "", 0, 0, false },
    { "the root only", "\0", 1, 1, false },
    { "zeros only", "\0\0\0\0", 4, 1, false },
    { "a name", "\3com\0", 5, 5, true },
    { "two labels", "\1a\3B-9\0", 7, 7, true },
    { "underscores", "\4_tcp\0", 6, 6, true },
    { "padded", "\3com\0\0\0\0", 8, 5, true },
    { "padded, but not with zeros", "\3com\0\0\0\1", 8, 5, false },
    { "two names", "\3com\0\3org\0", 10, 5, true },
    { "two names, padded", "\3com\0\3org\0\0\0", 12, 5, true },
    { "two names, the second cut", "\3com\0\3org", 9, 5, false },
    { "no root", "\3com", 4, 0, false },
    { "a label past the end", "\4com\0", 5, 0, false },
    { "a label and nothing", "\1", 1, 0, false },
    { "a pointer", "\300\0", 2, 0, false },
    { "a pointer behind a label", "\1a\300\0", 4, 0, false },
    { "a dot in a label", "\3a.b\0", 5, 0, false },
    { "a zero in a label", "\3a\0b\0", 5, 0, false },
    { "a space", "\3a b\0", 5, 0, false },
    { "a slash", "\1/\0", 3, 0, false },
    { "a colon", "\1:\0", 3, 0, false },
    { "an at", "\1@\0", 3, 0, false },
    { "a bracket", "\1[\0", 3, 0, false },
    { "a grave", "\1`\0", 3, 0, false },
    { "a brace", "\1{\0", 3, 0, false },
    { "edges", "\5azAZ0\0", 7, 7, true },
    { "nine", "\0019\0", 3, 3, true },
    { "above ASCII", "\1\341\0", 3, 0, false },
    { "a label of 63", LABEL_63 "\0", 65, 65, true },
    { "a label of 64", LABEL_64 "\0", 66, 0, false },
    { "a name of 255", LABEL_63 LABEL_63 LABEL_63 LABEL_61 "\0", 255, 255, true },
    { "a name of 256", LABEL_63 LABEL_63 LABEL_63 LABEL_62 "\0", 256, 0, false },
};

START_TEST(test_names_by_table)
{
    size_t len = cases[_i].len;
    uint8_t *p = exact(cases[_i].octets, len);
    ck_assert_msg(tern_name_len(p, len) == cases[_i].name_len, "%s", cases[_i].why);
    ck_assert_msg(tern_names_ok(p, len) == cases[_i].list_ok, "%s", cases[_i].why);
    free(p);
}
END_TEST

Suite *names_wire_suite(void)
{
    Suite *s = suite_create("names_wire");
    TCase *tc = tcase_create("names_wire");
    tcase_add_loop_test(tc, test_names_by_table, 0, (int)(sizeof cases / sizeof cases[0]));
    suite_add_tcase(s, tc);
    return s;
}
