/* SPDX-License-Identifier: ISC */
/*
 * The numbered options of several links, and what all links want together.
 */
#include <string.h>

#include "backends/host/host_internal.h"
#include "suites.h"

static const struct tern_appliance appliance = {
    .size = sizeof(struct tern_appliance), .name = "test",
};

static struct tern_host_options options;
static struct tern_host_settings settings;
static struct tern_host_links links;

/* Takes a line as a host of this kind would. */
static enum tern_err settle(unsigned kind, const char *line)
{
    static char words[256];

    links = (struct tern_host_links)TERN_HOST_LINKS;
    ck_assert_int_eq(tern_host_options_init(&options, &appliance, NULL), TERN_OK);
    options.links = &links;
    options.lacks = tern_host_options_lacks;
    ck_assert_uint_lt(strlen(line), sizeof words);
    memcpy(words, line, strlen(line) + 1);
    enum tern_err err = tern_host_options_line(&options, words);
    if (err == TERN_OK)
        err = tern_host_options_settle(&options, kind);
    if (err == TERN_OK)
        err = tern_host_options_settings(&options, &settings);
    return err == TERN_OK ? tern_host_links_settle(&links, &options, kind, &settings) : err;
}

START_TEST(a_host_of_one_link_has_no_others)
{
    ck_assert_int_eq(settle(TERN_HOST_GUEST, "ip=10.0.0.2/24"), TERN_OK);
    ck_assert_uint_eq(links.n, 1);
    ck_assert_ptr_null(settings.links);
    ck_assert(!settings.dhcp && !settings.slaac);
}
END_TEST

START_TEST(each_link_has_its_own_and_the_host_what_any_wants)
{
    ck_assert_int_eq(settle(TERN_HOST_GUEST,
                            "ip=10.0.0.2/24 gw=10.0.0.1 ip1=slaac,10.0.1.2/16 mtu1=1400 "
                            "nic1=02:00:00:00:00:01 mac1=02:00:00:00:00:07 ip2=dhcp"),
                     TERN_OK);
    ck_assert_ptr_eq(settings.links, &links);
    ck_assert_uint_eq(links.n, 3);
    ck_assert_uint_eq(links.of[0].n_addresses, 1);
    ck_assert(!links.of[0].dhcp && !links.of[0].slaac && !links.of[0].has_nic);
    ck_assert_uint_eq(links.of[0].mtu, 0);
    ck_assert_uint_eq(links.of[1].addresses[0].prefix_len, 16);
    ck_assert(!links.of[1].dhcp && links.of[1].slaac && links.of[1].has_nic);
    ck_assert_uint_eq(links.of[1].mtu, 1400);
    ck_assert_uint_eq(links.of[1].nic[5], 1);
    ck_assert_uint_eq(links.of[1].mac[5], 7);
    ck_assert(links.of[2].dhcp && !links.of[2].slaac && !links.of[2].has_nic);
    ck_assert(settings.dhcp && settings.slaac && settings.has_ip[0] && !settings.has_ip[1]);
    ck_assert(settings.wants[0] && settings.wants[1]);
}
END_TEST

START_TEST(of_links_that_take_dhcp_as_it_comes_the_first_has_it)
{
    ck_assert_int_eq(settle(TERN_HOST_TAP, "link=tap:a link1=tap:b link2=tap:c"), TERN_OK);
    ck_assert_uint_eq(links.n, 3);
    ck_assert(links.of[0].dhcp && !links.of[1].dhcp && !links.of[2].dhcp);
    ck_assert(links.of[0].slaac && links.of[1].slaac && links.of[2].slaac);
    ck_assert_int_eq(settle(TERN_HOST_TAP, "link=tap:a ip=slaac link1=tap:b"), TERN_OK);
    ck_assert(!links.of[0].dhcp && links.of[1].dhcp && settings.dhcp);
}
END_TEST

static const struct {
    unsigned kind;
    const char *line, *error;
} faults[] = {
    { TERN_HOST_GUEST, "ip4=slaac", "option ip4: there is no such option" },
    { TERN_HOST_GUEST, "ip0=slaac", "option ip0: there is no such option" },
    { TERN_HOST_GUEST, "log1=info", "option log1: there is no such option" },
    { TERN_HOST_GUEST, "1=2", "option 1: there is no such option" },
    { TERN_HOST_GUEST, "ip1=slaac ip1=slaac", "option ip1: given twice" },
    { TERN_HOST_GUEST, "link1=tap:a", "option link1: a guest has no such option" },
    { TERN_HOST_GUEST, "ip2=slaac",
      "option ip2: there is no such link: one with a lower number is free" },
    { TERN_HOST_GUEST, "mtu1=60", "option mtu1: '60' is not a number of octets from 576 to 65535" },
    { TERN_HOST_GUEST, "ip1=10.0.0.2/24 gw1=10.1.0.1",
      "option gw1: '10.1.0.1' is not on the net of ip1=" },
    { TERN_HOST_GUEST, "ip=10.0.0.2/24 gw1=10.0.0.1",
      "option gw1: with dhcp or slaac the network says it" },
    { TERN_HOST_GUEST, "nic1=x",
      "option nic1: 'x' is not a station's address, as 02:00:00:00:00:01" },
    { TERN_HOST_GUEST, "nic=02:00:00:00:00:01 nic1=02:00:00:00:00:01",
      "option nic1: another link has that device" },
    { TERN_HOST_GUEST, "ip=dhcp ip1=dhcp",
      "option ip1: there is one DHCP client, and another link has it" },
    { TERN_HOST_GUEST, "ip=10.0.0.2/24 ip1=10.0.0.2/16",
      "option ip1: another link has that address" },
    { TERN_HOST_GUEST, "ip=slaac,fd00::2/64 ip1=dhcp ip2=fd00::1/64,fd00::2/64",
      "option ip2: another link has that address" },
    { TERN_HOST_TAP, "link=tap:a nic1=02:00:00:00:00:01 link1=tap:b",
      "option nic1: only a guest has it" },
    { TERN_HOST_TAP, "link=tap:a mtu1=1400",
      "option mtu1: there is no such link: its device is wanted, as link1=" },
    { TERN_HOST_TAP, "link=tap:a link1=tap:a", "option link1: another link has that device" },
    { TERN_HOST_TAP, "link=tap:a link1=tap:b link2=tap:b",
      "option link2: another link has that device" },
#define ROUTE(value, wrong) \
    { TERN_HOST_GUEST, "ip=10.0.0.2/24 route=" value, "option route: '" value "' " wrong }
    ROUTE("x", "is not dhcp, or prefixes with gateways, as 10.0.0.0/8,192.0.2.1"),
    ROUTE("", "is not dhcp, or prefixes with gateways, as 10.0.0.0/8,192.0.2.1"),
    ROUTE("dhcp", "wants routes of DHCP, without dhcp in ip="),
    ROUTE("10.0.0.1/8,10.0.0.1", "has a prefix with bits behind its length"),
    ROUTE("10.0.0.0/8", "has a prefix without a gateway on this link behind it"),
    ROUTE("10.0.0.0/8,x", "has a prefix without a gateway on this link behind it"),
    ROUTE("10.0.0.0/8,2001:db8::1", "has a gateway of another family than its prefix"),
    ROUTE("10.0.0.0/8,10.0.1.1", "has a gateway that is not on the net of ip="),
    ROUTE("10.0.0.0/8,10.0.0.2", "has our own address as a gateway"),
    ROUTE("10.0.0.0/8,10.0.0.0", "has a gateway that no host may be"),
    ROUTE("10.0.0.0/8,10.0.0.255", "has a gateway that no host may be"),
    ROUTE("224.0.0.0/4,10.0.0.1", "has a prefix that no packet is sent to by a gateway"),
    ROUTE("127.0.0.0/8,10.0.0.1", "has a prefix that no packet is sent to by a gateway"),
    ROUTE("::1/128,fe80::1", "has a prefix that no packet is sent to by a gateway"),
    ROUTE("ff00::/8,fe80::1", "has a prefix that no packet is sent to by a gateway"),
    ROUTE("10.0.0.0/8,10.0.0.1,65535", "has a metric above 65534"),
    ROUTE("10.0.0.0/8,10.0.0.1,99999999999999999999", "has a metric above 65534"),
    ROUTE("10.0.0.0/8,224.0.0.1", "has a gateway that no host may be"),
    ROUTE("fd00::/8,fe80::1", "has a gateway of a family that has no address in ip="),
    { TERN_HOST_GUEST, "ip=fd00::2/64 route=2001:db8::/32,fe80::1%2",
      "option route: '2001:db8::/32,fe80::1%2' has a prefix without a gateway on this link "
      "behind it" },
    { TERN_HOST_GUEST, "ip1=10.0.0.2/24 route1=10.9.0.0/16,10.1.0.1",
      "option route1: '10.9.0.0/16,10.1.0.1' has a gateway that is not on the net of ip1=" },
    { TERN_HOST_GUEST, "ip1=10.0.0.2/24 route1=dhcp",
      "option route1: 'dhcp' wants routes of DHCP, without dhcp in ip1=" },
    { TERN_HOST_TAP, "link=tap:a route1=10.9.0.0/16,10.1.0.1",
      "option route1: there is no such link: its device is wanted, as link1=" },
    { TERN_HOST_SOCKETS, "route=10.9.0.0/16,10.1.0.1",
      "option route: it needs link=tap:NAME; on kernel sockets there is nothing to set" },
    { TERN_HOST_SOCKETS, "secret=00",
      "option secret: it needs link=tap:NAME; on kernel sockets there is nothing to set" },
    { TERN_HOST_GUEST, "secret=0123456789abcdef",
      "option secret: 32 hexadecimal digits are wanted" },
    { TERN_HOST_GUEST, "secret1=0123456789abcdef", "option secret1: there is no such option" },
    { TERN_HOST_GUEST, "route0=10.9.0.0/16,10.1.0.1", "option route0: there is no such option" },
    { TERN_HOST_GUEST, "ip=fd00::2/64 gw=fe80::1%2",
      "option gw: 'fe80::1%2' is not an address on this link" },
    { TERN_HOST_GUEST, "ip=fd00::2/64 gw=fd00::1%1",
      "option gw: 'fd00::1%1' is not an address on this link" },
    { TERN_HOST_GUEST, "ip1=fd00::2/64 gw1=fe80::1%1",
      "option gw1: 'fe80::1%1' is not an address on this link" },
    { TERN_HOST_SOCKETS, "link1=tap:a",
      "option link1: it needs link=tap:NAME; on kernel sockets there is nothing to set" },
};

START_TEST(what_is_wrong_with_a_link_is_told_by_its_option)
{
    ck_assert_int_eq(settle(faults[_i].kind, faults[_i].line), TERN_INVALID);
    ck_assert_str_eq(options.error, faults[_i].error);
}
END_TEST

START_TEST(a_gateway_may_name_its_own_link)
{
    ck_assert_int_eq(settle(TERN_HOST_GUEST, "ip=fd00::2/64,fe80::2/64 gw=fe80::1%1 "
                                             "ip1=fd01::2/64,fe80::2/64 gw1=fe80::9%2"),
                     TERN_OK);
    ck_assert_uint_eq(links.of[0].addresses[0].gateway.octets[15], 1);
    ck_assert_uint_eq(links.of[1].addresses[0].gateway.octets[15], 9);
}
END_TEST

START_TEST(routes_are_read_in_their_order_each_on_its_link)
{
    char text[TERN_ADDR_TEXT_CAP];
    ck_assert_int_eq(settle(TERN_HOST_GUEST,
                            "ip=dhcp,2001:db8::2/64 "
                            "route=dhcp,10.0.0.0/8,192.0.2.1,2001:db8:1::/48,fe80::1%1,100,"
                            "10.1.2.3,192.0.2.9 "
                            "ip1=10.5.0.2/24 route1=172.16.0.0/12,10.5.0.1,7 "
                            "secret=000102030405060708090a0b0c0d0eFf"),
                     TERN_OK);
    ck_assert_ptr_eq(settings.links, &links);
    ck_assert(links.dhcp_routes);
    ck_assert_uint_eq(links.n_routes, 4);
    ck_assert_uint_eq(links.routes[0].prefix_len, 104);
    ck_assert_uint_eq(links.routes[0].metric, 0);
    ck_assert_uint_eq(links.routes[1].prefix_len, 48);
    ck_assert_uint_eq(links.routes[1].metric, 100);
    tern_addr_format(&links.routes[1].gateway, text);
    ck_assert_str_eq(text, "fe80::1");
    ck_assert_uint_eq(links.routes[2].prefix_len, 128);
    ck_assert_uint_eq(links.routes[2].link, 0);
    tern_addr_format(&links.routes[3].prefix, text);
    ck_assert_str_eq(text, "172.16.0.0");
    ck_assert_uint_eq(links.routes[3].metric, 7);
    ck_assert_uint_eq(links.routes[3].link, 1);
    for (size_t i = 0; i < 4; i++)
        ck_assert(links.routes[i].expires_ns == TERN_NEVER);
    /* One link has them too, and nothing else of several. */
    ck_assert_int_eq(settle(TERN_HOST_GUEST, "ip=10.0.0.2/24 route=10.9.0.0/16,10.0.0.1"), TERN_OK);
    ck_assert_ptr_eq(settings.links, &links);
    ck_assert_uint_eq(links.n, 1);
    ck_assert(!links.dhcp_routes);
}
END_TEST

START_TEST(a_secret_is_its_octets)
{
    static const uint8_t wanted[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xaB, 0xff };
    uint8_t secret[16];
    ck_assert_int_eq(tern_host_secret_parse("000102030405060708090a0B0c0dAbFf", secret), TERN_OK);
    ck_assert_mem_eq(secret, wanted, 16);
    ck_assert_int_eq(tern_host_secret_parse("000102030405060708090a0b0c0dabf", secret),
                     TERN_INVALID);
    ck_assert_int_eq(tern_host_secret_parse("000102030405060708090a0b0c0dabf/", secret),
                     TERN_INVALID);
    ck_assert_int_eq(tern_host_secret_parse("", secret), TERN_INVALID);
}
END_TEST

START_TEST(lines_about_several_options_have_the_number_at_each)
{
    char line[64] = "options ip, gw: no, or: ip";
    tern_host_links_number(line, sizeof line, 2);
    ck_assert_str_eq(line, "options ip2, gw2: no, or: ip");
    tern_host_links_number(line, sizeof line, 0);
    ck_assert_str_eq(line, "options ip2, gw2: no, or: ip");
}
END_TEST

START_TEST(without_the_part_there_are_no_numbered_options)
{
    char word[] = "ip1=slaac";
    ck_assert_int_eq(tern_host_options_init(&options, &appliance, NULL), TERN_OK);
    ck_assert_int_eq(tern_host_options_line(&options, word), TERN_INVALID);
    ck_assert_str_eq(options.error, "option ip1: there is no such option");
}
END_TEST

Suite *host_links_suite(void)
{
    Suite *suite = suite_create("host_links");
    TCase *tc = tcase_create("links");

    tcase_add_test(tc, a_host_of_one_link_has_no_others);
    tcase_add_test(tc, each_link_has_its_own_and_the_host_what_any_wants);
    tcase_add_test(tc, of_links_that_take_dhcp_as_it_comes_the_first_has_it);
    tcase_add_loop_test(tc, what_is_wrong_with_a_link_is_told_by_its_option, 0,
                        sizeof faults / sizeof faults[0]);
    tcase_add_test(tc, a_gateway_may_name_its_own_link);
    tcase_add_test(tc, routes_are_read_in_their_order_each_on_its_link);
    tcase_add_test(tc, a_secret_is_its_octets);
    tcase_add_test(tc, lines_about_several_options_have_the_number_at_each);
    tcase_add_test(tc, without_the_part_there_are_no_numbered_options);
    suite_add_tcase(suite, tc);
    return suite;
}
