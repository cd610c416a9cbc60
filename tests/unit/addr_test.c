/* SPDX-License-Identifier: ISC */
/*
 * Addresses in text: what is refused, what is read, and RFC 5952 on the way
 * out.
 */
#include "suites.h"

#include <tern/base.h>

#include <string.h>

static enum tern_err parse(const char *text, struct tern_addr *a)
{
    return tern_addr_parse(text, strlen(text), a);
}

static enum tern_err endpoint_parse(const char *text, struct tern_endpoint_addr *a)
{
    return tern_endpoint_addr_parse(text, strlen(text), a);
}

static const char *const addrs_refused[] = {
    "",
    " ",
    "1",
    "1.2",
    "1.2.3",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "1.2.3.4.",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.999",
    "1.2.3.4294967297",    /* 1 in 32 bits */
    "01.2.3.4",            /* octal elsewhere */
    "1.2.3.00",
    "0x1.2.3.4",
    "1.2.3.a",
    "1.2.3.-4",
    "1.2.3.+4",
    " 1.2.3.4",
    "1.2.3.4 ",
    "1.2.3.4/8",
    "1.2.3.4:80",
    ":",
    ":::",
    "::::",
    ":1",
    "1:",
    "::1:",
    ":1::",
    "1:::2",
    "1::2::3",
    "::1::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",       /* "::" for no group at all */
    "::1:2:3:4:5:6:7:8",
    "1:2:3:4::5:6:7:8",
    "1:2:3:4:5:6:7::8:9",
    "1:2:3:4:5:6:7:",
    "12345::",
    "::00001",
    "::g",
    "::-1",
    "::1%1",
    "[::1]",
    "::1.2.3",
    "::1.2.3.4.5",
    "::1.2.3.256",
    "::01.2.3.4",
    "::1.2.3.4:5",
    "1.2.3.4::",
    "1:2:3:4:5:6:7:1.2.3.4",
    "1:2:3:4:5:6:7:1.2.6.0",    /* its end, read as a number of groups, would be right */
    "1:2:3:4:5:1.2.3.4",
    "1:2:3:4:5:6::1.2.3.4",
    "::1:2:3:4:5:6:1.2.3.4",
    "::ffff:1.2.3.4/96",
    "0000:0000:0000:0000:0000:0000:255.255.255.2555",
};

START_TEST(test_addr_parse_refuses_what_is_no_address_and_writes_nothing)
{
    struct tern_addr a;
    memset(&a, 0x5a, sizeof a);
    struct tern_addr before = a;
    ck_assert_int_eq(parse(addrs_refused[_i], &a), TERN_MALFORMED);
    ck_assert_mem_eq(&a, &before, sizeof a);
}
END_TEST

START_TEST(test_addr_parse_reads_no_character_beyond_the_length)
{
    struct tern_addr a;
    ck_assert_int_eq(tern_addr_parse("1.2.3.45", 7, &a), TERN_OK);
    ck_assert_uint_eq(tern_addr_to_v4(&a), 0x01020304);
    ck_assert_int_eq(tern_addr_parse("::12", 3, &a), TERN_OK);
    ck_assert_uint_eq(a.octets[15], 1);
    ck_assert_int_eq(tern_addr_parse("1::2\0", 5, &a), TERN_MALFORMED);
}
END_TEST

/* What is read, and how RFC 5952 writes it. */
static const struct {
    const char *text, *canonical;
} addrs_read[] = {
    { "0.0.0.0", "0.0.0.0" },
    { "255.255.255.255", "255.255.255.255" },
    { "10.0.0.1", "10.0.0.1" },
    { "::", "::" },
    { "0:0:0:0:0:0:0:0", "::" },
    { "::1", "::1" },
    { "1::", "1::" },
    { "0000:0000:0000:0000:0000:0000:0000:0001", "::1" },
    { "2001:DB8::A", "2001:db8::a" },                               /* 4.3: lower case */
    { "2001:0db8::0001", "2001:db8::1" },                           /* 4.1: leading zeros */
    { "2001:db8:0:0:0:0:2:1", "2001:db8::2:1" },                    /* 4.2.1: as short as can be */
    { "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },             /* 4.2.2: not for one group */
    { "2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
    { "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },                      /* 4.2.3: the longest */
    { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },                /* 4.2.3: the first */
    { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
    { "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
    { "0:0:1:0:0:0:0:0", "0:0:1::" },
    { "::1:0:0:0:0", "0:0:0:1::" },
    { "::ffff:10.0.0.1", "10.0.0.1" },                              /* mapped: IPv4 */
    { "::FFFF:a00:1", "10.0.0.1" },
    { "0000:0000:0000:0000:0000:ffff:255.255.255.255", "255.255.255.255" },
    { "::10.0.0.1", "::a00:1" },
    { "::1.2.3.4", "::102:304" },
    { "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
    { "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
    { "1::2:3:4:5:1.2.3.4", "1:0:2:3:4:5:102:304" },
    { "::ffff:0:1.2.3.4", "::ffff:0:102:304" },
    { "fe80::200:5eff:fe00:5213", "fe80::200:5eff:fe00:5213" },
    { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
};

START_TEST(test_addr_format_writes_what_rfc_5952_recommends)
{
    struct tern_addr a, again;
    char text[TERN_ADDR_TEXT_CAP];
    ck_assert_int_eq(parse(addrs_read[_i].text, &a), TERN_OK);
    size_t len = tern_addr_format(&a, text);
    ck_assert_str_eq(text, addrs_read[_i].canonical);
    ck_assert_uint_eq(len, strlen(text));
    ck_assert_int_eq(parse(text, &again), TERN_OK);
    ck_assert(tern_addr_equal(&a, &again));
}
END_TEST

START_TEST(test_addr_text_survives_every_pattern_of_zero_groups)
{
    for (unsigned mask = 0; mask < 256; mask++) {
        struct tern_addr a, again;
        char text[TERN_ADDR_TEXT_CAP];
        for (unsigned i = 0; i < 8; i++)
            tern_store_be16(a.octets + 2 * i, mask >> i & 1 ? (uint16_t)(0x0f << i) : 0);
        ck_assert_uint_lt(tern_addr_format(&a, text), sizeof text);
        ck_assert_int_eq(parse(text, &again), TERN_OK);
        ck_assert_msg(tern_addr_equal(&a, &again), "mask %x, %s", mask, text);
        ck_assert_msg(strstr(text, ":::") == NULL, "%s", text);
    }
}
END_TEST

START_TEST(test_addr_any_is_the_unspecified_ipv6_address_alone)
{
    struct tern_addr any = { { 0 } }, v4_any = tern_addr_v4(0), one = { { [15] = 1 } };
    struct tern_addr first = { { 1 } };
    ck_assert(tern_addr_is_any(&any));
    ck_assert(!tern_addr_is_any(&v4_any));
    ck_assert(!tern_addr_is_any(&one));
    ck_assert(!tern_addr_is_any(&first));
    ck_assert(tern_addr_is_v4(&v4_any));
    ck_assert(!tern_addr_is_v4(&any));
    ck_assert_int_lt(tern_addr_compare(&any, &one), 0);
    ck_assert_int_gt(tern_addr_compare(&first, &one), 0);
    ck_assert_int_eq(tern_addr_compare(&one, &one), 0);
}
END_TEST

static const char *const endpoints_refused[] = {
    "",
    ":",
    "*",
    "*:",
    "**:80",
    "10.0.0.1",
    "10.0.0.1:",
    "10.0.0.1:65536",
    "10.0.0.1:080",
    "10.0.0.1:+80",
    "10.0.0.1: 80",
    "10.0.0.1 :80",
    "10.0.0.1:80 ",
    "10.0.0.1%1:80",
    "10.0.0:80",
    "65536",
    "-1",
    "00",
    "99999999999",
    "::1",
    "::1:80",
    "[::1]",
    "[::1]80",
    "[::1]:",
    "[::1:80",
    "::1]:80",
    "[]:80",
    "[:80",
    "]:80",
    "[[::1]]:80",
    "[10.0.0.1]:80",
    "[*]:80",
    "[fe80::1%]:80",
    "[fe80::1%0]:80",
    "[fe80::1%01]:80",
    "[fe80::1%65536]:80",
    "[fe80::1%eth0]:80",
    "[fe80::1%1%1]:80",
    "[%1]:80",
    "[::ffff:1.2.3.4%1]:80",
    "localhost:80",
};

START_TEST(test_endpoint_addr_parse_refuses_what_is_none_and_writes_nothing)
{
    struct tern_endpoint_addr a;
    memset(&a, 0x5a, sizeof a);
    struct tern_endpoint_addr before = a;
    ck_assert_int_eq(endpoint_parse(endpoints_refused[_i], &a), TERN_MALFORMED);
    ck_assert_mem_eq(&a, &before, sizeof a);
}
END_TEST

static const struct {
    const char *text, *canonical;
    uint16_t port, link;
} endpoints_read[] = {
    { "10.0.0.1:80", "10.0.0.1:80", 80, 0 },
    { "255.255.255.255:65535", "255.255.255.255:65535", 65535, 0 },
    { "[2001:db8::1]:80", "[2001:db8::1]:80", 80, 0 },
    { "[fe80::1%2]:80", "[fe80::1%2]:80", 80, 2 },
    { "[fe80::1%65535]:0", "[fe80::1%65535]:0", 0, 65535 },
    { "[::ffff:10.0.0.1]:7", "10.0.0.1:7", 7, 0 },
    { ":80", "[::]:80", 80, 0 },
    { "80", "[::]:80", 80, 0 },
    { "0", "[::]:0", 0, 0 },
    { "*:80", "[::]:80", 80, 0 },
    { "0.0.0.0:80", "0.0.0.0:80", 80, 0 },
    { "[2001:db8:1111:2222:3333:4444:5555:6666%65535]:65535",
      "[2001:db8:1111:2222:3333:4444:5555:6666%65535]:65535", 65535, 65535 },
};

START_TEST(test_endpoint_addr_text_goes_both_ways)
{
    struct tern_endpoint_addr a, again;
    char text[TERN_ENDPOINT_TEXT_CAP];
    ck_assert_int_eq(endpoint_parse(endpoints_read[_i].text, &a), TERN_OK);
    ck_assert_uint_eq(a.port, endpoints_read[_i].port);
    ck_assert_uint_eq(a.link, endpoints_read[_i].link);
    size_t len = tern_endpoint_addr_format(&a, text);
    ck_assert_str_eq(text, endpoints_read[_i].canonical);
    ck_assert_uint_eq(len, strlen(text));
    ck_assert_int_eq(endpoint_parse(text, &again), TERN_OK);
    ck_assert(tern_addr_equal(&a.addr, &again.addr));
    ck_assert(a.port == again.port && a.link == again.link);
}
END_TEST

/* Knows two links; user counts how often it was asked. */
static uint16_t link_of(void *user, const char *name, size_t len)
{
    ++*(int *)user;
    return len == 4 && memcmp(name, "eth0", 4) == 0 ? 7 : len == 2 && name[0] == '0' ? 9 : 0;
}

static const struct {
    const char *text;
    enum tern_err err;
    uint16_t link;
    int n_asked;
} zones[] = {
    { "[fe80::1%eth0]:80", TERN_OK, 7, 1 },
    { "[fe80::1%0x]:80", TERN_OK, 9, 1 },
    { "[fe80::1%7]:80", TERN_OK, 7, 0 },
    { "[fe80::1%eth]:80", TERN_UNREACHABLE, 0, 1 },
    { "[fe80::1%eth01]:80", TERN_UNREACHABLE, 0, 1 },
    { "[fe80::1%65536]:80", TERN_UNREACHABLE, 0, 1 },
    { "[fe80::1%1%1]:80", TERN_UNREACHABLE, 0, 1 },
    { "[fe80::1%0]:80", TERN_MALFORMED, 0, 0 },
    { "[fe80::1%]:80", TERN_MALFORMED, 0, 0 },
    { "[::ffff:10.0.0.1%eth0]:80", TERN_MALFORMED, 0, 0 },
    { "10.0.0.1%eth0:80", TERN_MALFORMED, 0, 0 },
    { "[fe80::1]%eth0:80", TERN_MALFORMED, 0, 0 },
    { "[fe80::1%eth0]:x", TERN_MALFORMED, 0, 0 },
};

START_TEST(test_endpoint_addr_parse_zone_asks_for_links_that_are_named)
{
    struct tern_endpoint_addr a, before;
    int n_asked = 0;
    memset(&a, 0x5a, sizeof a);
    before = a;
    ck_assert_int_eq(tern_endpoint_addr_parse_zone(zones[_i].text, strlen(zones[_i].text),
                                                   link_of, &n_asked, &a), zones[_i].err);
    ck_assert_int_eq(n_asked, zones[_i].n_asked);
    if (zones[_i].err == TERN_OK)
        ck_assert_uint_eq(a.link, zones[_i].link);
    else
        ck_assert_mem_eq(&a, &before, sizeof a);
}
END_TEST

static const struct {
    const char *text;
    enum tern_err err;
    unsigned prefix_len;
} prefixes[] = {
    { "", TERN_MALFORMED, 0 },
    { "/8", TERN_MALFORMED, 0 },
    { "10.0.0.2/", TERN_MALFORMED, 0 },
    { "10.0.0.2/33", TERN_MALFORMED, 0 },
    { "10.0.0.2/08", TERN_MALFORMED, 0 },
    { "10.0.0.2/-1", TERN_MALFORMED, 0 },
    { "10.0.0.2/24/1", TERN_MALFORMED, 0 },
    { "10.0.0/24", TERN_MALFORMED, 0 },
    { "2001:db8::/129", TERN_MALFORMED, 0 },
    { "10.0.0.2/0", TERN_OK, 0 },
    { "10.0.0.2/24", TERN_OK, 24 },
    { "10.0.0.2/32", TERN_OK, 32 },
    { "10.0.0.2", TERN_OK, 32 },
    { "2001:db8::/64", TERN_OK, 64 },
    { "2001:db8::/128", TERN_OK, 128 },
    { "::1", TERN_OK, 128 },
};

START_TEST(test_prefix_parse_knows_each_family_s_longest)
{
    struct tern_addr a;
    uint8_t len = 0xee;
    ck_assert_int_eq(tern_prefix_parse(prefixes[_i].text, strlen(prefixes[_i].text), &a, &len),
                     prefixes[_i].err);
    ck_assert_uint_eq(len, prefixes[_i].err == TERN_OK ? prefixes[_i].prefix_len : 0xee);
}
END_TEST

#define N_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

Suite *addr_suite(void)
{
    Suite *suite = suite_create("addr");
    TCase *tc = tcase_create("addr");
    tcase_add_loop_test(tc, test_addr_parse_refuses_what_is_no_address_and_writes_nothing, 0,
                        N_OF(addrs_refused));
    tcase_add_test(tc, test_addr_parse_reads_no_character_beyond_the_length);
    tcase_add_loop_test(tc, test_addr_format_writes_what_rfc_5952_recommends, 0,
                        N_OF(addrs_read));
    tcase_add_test(tc, test_addr_text_survives_every_pattern_of_zero_groups);
    tcase_add_test(tc, test_addr_any_is_the_unspecified_ipv6_address_alone);
    tcase_add_loop_test(tc, test_endpoint_addr_parse_refuses_what_is_none_and_writes_nothing, 0,
                        N_OF(endpoints_refused));
    tcase_add_loop_test(tc, test_endpoint_addr_text_goes_both_ways, 0, N_OF(endpoints_read));
    tcase_add_loop_test(tc, test_endpoint_addr_parse_zone_asks_for_links_that_are_named, 0,
                        N_OF(zones));
    tcase_add_loop_test(tc, test_prefix_parse_knows_each_family_s_longest, 0, N_OF(prefixes));
    suite_add_tcase(suite, tc);
    return suite;
}
