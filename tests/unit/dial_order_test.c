/* SPDX-License-Identifier: ISC */
/*
 * The order of a peer's addresses, and the table behind it: RFC 6724 sections 2.1, 6 and
 * 10.2, RFC 8305 section 4.
 */
#include "suites.h"

#include <string.h>
#include <tern/base.h>

/* "DESTINATION SOURCE", source "-": none; "!" behind it: deprecated. */
#define MOST 6
static const struct {
    const char *rule;
    const char *given[MOST], *wanted;    /* numbers of those given */
} orders[] = {
    /* The examples of RFC 6724 section 10.2 that need no home address. */
    { "matching scope", { "2001:db8:1::1 2001:db8:1::2", "198.51.100.121 169.254.13.78" }, "01" },
    { "matching scope", { "2001:db8:1::1 fe80::1", "198.51.100.121 198.51.100.117" }, "10" },
    { "higher precedence", { "10.1.2.3 10.1.2.4", "2001:db8:1::1 2001:db8:1::2" }, "10" },
    { "smaller scope", { "2001:db8:1::1 2001:db8:1::2", "fe80::1 fe80::2" }, "10" },
    { "deprecated", { "2001:db8:1::1 2001:db8:1::2!", "2001:db8:2::1 2001:db8:2::2" }, "10" },
    { "longest prefix",
      { "2001:db8:3ffe::1 2001:db8:3f44::2", "2001:db8:1::1 2001:db8:1::2" }, "10" },
    { "matching label",
      { "2002:c633:6401::1 2002:c633:6401::2", "2001:db8:1::1 2002:c633:6401::2" }, "01" },
    { "higher precedence", { "2002:c633:6401::1 2002:c633:6401::2", "2001:db8:1::1 2001:db8:1::2" },
      "10" },
    { "unusable", { "2001:db8:1::1 -", "10.1.2.3 10.1.2.4" }, "10" },
    { "ULA behind IPv4", { "fd00::1 fd00::2", "10.1.2.3 10.1.2.4" }, "10" },
    { "loopback first", { "10.1.2.3 10.1.2.4", "::1 ::1" }, "10" },
    { "as they were", { "10.1.2.3 10.1.2.4", "192.0.2.1 10.1.2.4", "10.1.2.5 10.1.2.4" }, "012" },
    /* RFC 8305 section 4: in turn, the better family first; none that cannot be reached. */
    { "in turn", { "2001:db8::1 2001:db8::9", "2001:db8::2 2001:db8::9", "2001:db8::3 2001:db8::9",
                   "192.0.2.1 192.0.2.9", "192.0.2.2 192.0.2.9" }, "03142" },
    { "in turn",
      { "192.0.2.1 192.0.2.9", "192.0.2.2 192.0.2.9", "2001:db8::1 2001:db8::9" }, "201" },
    { "in turn, unusable last", { "2001:db8::1 2001:db8::9", "2001:db8::2 2001:db8::9",
                                  "192.0.2.1 -" }, "012" },
    { "one", { "192.0.2.1 -" }, "0" },
};

static struct tern_dial dial_of(const char *text, uint16_t number)
{
    struct tern_dial d;
    const char *source = strchr(text, ' ') + 1;
    size_t len = strcspn(source, "!");
    memset(&d, 0, sizeof d);
    ck_assert_int_eq(tern_addr_parse(text, (size_t)(source - text) - 1, &d.peer.addr), TERN_OK);
    d.peer.port = number;
    d.deprecated = source[len] == '!';
    if (source[0] != '-')
        ck_assert_int_eq(tern_addr_parse(source, len, &d.source), TERN_OK);
    return d;
}

START_TEST(test_dial_order_is_that_of_the_rfcs)
{
    struct tern_dial dials[MOST];
    char got[MOST + 1] = "";
    uint16_t n = 0;
    for (; n < MOST && orders[_i].given[n] != NULL; n++)
        dials[n] = dial_of(orders[_i].given[n], n);
    tern_dial_order(dials, n);
    for (size_t i = 0; i < n; i++)
        got[i] = (char)('0' + dials[i].peer.port);
    ck_assert_msg(strcmp(got, orders[_i].wanted) == 0, "%s: %s, not %s", orders[_i].rule, got,
                  orders[_i].wanted);
}
END_TEST

START_TEST(test_dial_order_of_none_is_none)
{
    tern_dial_order(NULL, 0);
}
END_TEST

/* The rows of up to 32 bits: each prefix's first and last address, and its neighbours. */
START_TEST(test_addr_policy_is_the_rfcs_table)
{
    static const struct { const char *addr; uint8_t precedence, label; } rows[] = {
        { "2001::", 5, 5 },         { "2001:0:ffff::1", 5, 5 },  { "2001:1::", 40, 1 },
        { "2000:ffff::", 40, 1 },   { "2002::", 30, 2 },         { "2002:ffff::1", 30, 2 },
        { "2003::", 40, 1 },        { "3ffe::1", 1, 12 },        { "3ffd:ffff::", 40, 1 },
        { "3fff::", 40, 1 },        { "fec0::1", 1, 11 },        { "feff:ffff::", 1, 11 },
        { "febf:ffff::", 40, 1 },   { "ff02::1", 40, 1 },        { "fc00::", 3, 13 },
        { "fdff:ffff::1", 3, 13 },  { "fbff:ffff::", 40, 1 },    { "fe00::", 40, 1 },
        { "fe80::1", 40, 1 },       { "2a00::1", 40, 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tern_addr a;
        ck_assert_int_eq(tern_addr_parse(rows[i].addr, strlen(rows[i].addr), &a), TERN_OK);
        const struct tern_addr_policy *p = tern_addr_policy(&a);
        ck_assert_msg(p->precedence == rows[i].precedence && p->label == rows[i].label, "%s",
                      rows[i].addr);
    }
}
END_TEST

Suite *dial_order_suite(void)
{
    Suite *suite = suite_create("dial_order");
    TCase *tc = tcase_create("dial_order");
    tcase_add_loop_test(tc, test_dial_order_is_that_of_the_rfcs, 0,
                        (int)(sizeof orders / sizeof orders[0]));
    tcase_add_test(tc, test_dial_order_of_none_is_none);
    tcase_add_test(tc, test_addr_policy_is_the_rfcs_table);
    suite_add_tcase(suite, tc);
    return suite;
}
