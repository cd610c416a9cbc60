/* SPDX-License-Identifier: ISC */
/*
 * Redirects: who may send us another way (RFC 4861 section 8).
 */
#include "nd_router_fixture.h"
#include "suites.h"

#include <stdio.h>

START_TEST(test_nd_redirect_takes_no_room_of_routes_nor_do_they_of_it)
{
    struct net6_fixture *f = listening();
    char text[40];
    for (unsigned i = 1; i <= 4; i++) {
        snprintf(text, sizeof text, "2a00::%u", i);
        net6_redirect(&m, "fe80::bb", text);
        net6_say(f, "fe80::fe", "2001:db8::1", &m);
    }
    ck_assert_uint_eq(f->ipv6.stats.redirect_refused, 0);
    for (unsigned i = 1; i <= 4; i++) {
        snprintf(text, sizeof text, "2a0%u::/32", i);
        net6_ra(&m, 0, 0, 1800);
        net6_route(&m, text, 0, 1800);
        net6_say(f, router, all, &m);
    }
    ck_assert_uint_eq(f->ipv6.stats.router_no_room, 0);
    ck_assert_uint_eq(learned(f), 5);
}
END_TEST

START_TEST(test_nd_redirect_without_a_way_or_a_place_for_it_is_refused)
{
    struct net6_fixture *f = net6_fixture_bare();
    f->ipv6.config.no_dad = true;
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, 0), TERN_OK);
    struct tern_addr own = net6_own(f, TERN_IPV6_LINK_LOCAL);
    char us[TERN_ADDR_TEXT_CAP];
    tern_addr_format(&own, us);
    net6_redirect(&m, "fe80::bb", "2a00::1");
    net6_say(f, "fe80::fe", us, &m);
    ck_assert_uint_eq(f->ipv6.stats.redirect_refused, 1);
    struct tern_route way = { .gateway = addr6("fe80::fe"), .expires_ns = TERN_NEVER };
    ck_assert_int_eq(tern_net_route_set(&f->net, &way), TERN_OK);
    net6_redirect(&m, us, "2a00::1");    /* to ourselves */
    net6_say(f, "fe80::fe", us, &m);
    ck_assert_uint_eq(f->ipv6.stats.redirect_refused, 2);
    way.prefix_len = 128;
    for (uint8_t i = 1; f->net.n_routes < TERN_NET_ROUTES; i++) {
        way.prefix = addr6("2b00::");
        way.prefix.octets[15] = i;
        ck_assert_int_eq(tern_net_route_set(&f->net, &way), TERN_OK);
    }
    net6_redirect(&m, "fe80::bb", "2a00::1");
    net6_say(f, "fe80::fe", us, &m);
    ck_assert_uint_eq(f->ipv6.stats.redirect_refused, 3);
    ck_assert_ptr_null(net6_neighbour(f, "fe80::bb"));
}
END_TEST

START_TEST(test_nd_redirect_of_the_router_in_use_is_followed_for_a_while)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr better = addr6("fe80::bb"), gateway = addr6("fe80::fe");
    net6_redirect(&m, "fe80::bb", "2a00::1");
    net6_mac(&m, 2, packet_mac_other);
    net6_say(f, "fe80::fe", "2001:db8::1", &m);
    ck_assert_uint_eq(f->ipv6.stats.nd_redirects, 1);
    ck_assert_uint_eq(f->ipv6.stats.redirect_refused, 0);
    ck_assert(tern_addr_equal(&way_to(f, "2a00::1")->gateway, &better));
    ck_assert(tern_addr_equal(&way_to(f, "2a00::2")->gateway, &gateway));
    ck_assert_mem_eq(net6_neighbour(f, "fe80::bb")->mac, packet_mac_other, 6);
    ck_assert(net6_neighbour(f, "fe80::bb")->router);
    net6_redirect(&m, "2a00::1", "2a00::1");    /* now the new one: it is your neighbour */
    net6_say(f, "fe80::bb", "2001:db8::1", &m);
    ck_assert(tern_addr_is_any(&way_to(f, "2a00::1")->gateway));
    ck_assert_uint_eq(f->net.n_routes, 4);
    net6_pass(f, 601 * TERN_SECOND_NS);
    ck_assert(tern_addr_equal(&way_to(f, "2a00::1")->gateway, &gateway));
    ck_assert_uint_eq(f->net.n_routes, 3);
}
END_TEST

START_TEST(test_nd_redirect_to_who_is_silent_is_forgotten)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr gateway = addr6("fe80::fe"), better = addr6("fe80::bb");
    struct tern_addr near = addr6("2a00::2");
    net6_redirect(&m, "fe80::bb", "2a00::1");
    net6_say(f, "fe80::fe", "2001:db8::1", &m);
    net6_redirect(&m, "2a00::2", "2a00::2");
    net6_say(f, "fe80::fe", "2001:db8::1", &m);
    ck_assert(tern_addr_equal(&way_to(f, "2a00::1")->gateway, &better));
    tern_net_gateway_failed(&f->net, 0, &better);
    ck_assert(tern_addr_equal(&way_to(f, "2a00::1")->gateway, &gateway));
    tern_net_gateway_failed(&f->net, 0, &near);
    ck_assert(tern_addr_equal(&way_to(f, "2a00::2")->gateway, &gateway));
}
END_TEST

START_TEST(test_nd_redirect_that_is_none_of_its_sender_is_refused)
{
    static const struct { const char *src, *target, *dst; } cases[] = {
        { "fe80::2", "fe80::bb", "2a00::1" },            /* not the router of it */
        { "fe80::fe", "fe80::bb", "2001:db8::9" },       /* that is on the link */
        { "fe80::fe", "fe80::fe", "2a00::1" },           /* itself */
        { "fe80::fe", "fe80::bb", "2001:db8::1" },       /* ours */
        { "fe80::fe", "fe80::bb", "2001:db8:1::1" },
        { "fe80::fe", "fe80::bb", "::1" },
        { "fe80::fe", "fe80::bb", "fe80::9" },
    };
    struct net6_fixture *f = net6_fixture();
    size_t n = sizeof cases / sizeof cases[0];
    for (size_t i = 0; i < n; i++) {
        net6_redirect(&m, cases[i].target, cases[i].dst);
        net6_mac(&m, 2, packet_mac_other);
        net6_say(f, cases[i].src, "2001:db8::1", &m);
        ck_assert_uint_eq(f->ipv6.stats.redirect_refused, i + 1);
    }
    ck_assert_uint_eq(f->ipv6.stats.nd_redirects, n);
    ck_assert_uint_eq(f->net.n_routes, 3);
    ck_assert_ptr_null(net6_neighbour(f, "fe80::bb"));
    for (unsigned i = 0; i < 1000; i++) {    /* and no more than there is room for */
        char dst[40];
        snprintf(dst, sizeof dst, "2a00::%x", i + 1);
        net6_redirect(&m, "fe80::bb", dst);
        net6_say(f, "fe80::fe", "2001:db8::1", &m);
    }
    ck_assert_uint_eq(f->net.n_routes, 3 + 6);
    ck_assert_uint_eq(f->ipv6.stats.redirect_refused, n + 1000 - 6);
}
END_TEST

Suite *nd_redirect_suite(void)
{
    Suite *s = suite_create("nd_redirect");
    TCase *c = tcase_create("redirects");
    tcase_add_test(c, test_nd_redirect_takes_no_room_of_routes_nor_do_they_of_it);
    tcase_add_test(c, test_nd_redirect_without_a_way_or_a_place_for_it_is_refused);
    tcase_add_test(c, test_nd_redirect_of_the_router_in_use_is_followed_for_a_while);
    tcase_add_test(c, test_nd_redirect_to_who_is_silent_is_forgotten);
    tcase_add_test(c, test_nd_redirect_that_is_none_of_its_sender_is_refused);
    suite_add_tcase(s, c);
    return s;
}
