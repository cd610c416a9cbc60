/* SPDX-License-Identifier: ISC */
/*
 * Routers: asking for them, and what they may say (RFC 4861 section 6.3).
 */
#include "nd_router_fixture.h"
#include "suites.h"

#include <stdio.h>

/* ---- Solicitations ------------------------------------------------------ */

START_TEST(test_nd_router_is_asked_for_three_times_and_then_ever_more_seldom)
{
    struct net6_fixture *f = net6_fixture_bare();
    struct tern_addr to = addr6("ff02::2");
    uint64_t at_ns[8];
    size_t n = 0;
    f->ipv6.config.no_dad = true;
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    while (n < 8) {
        net6_pass(f, 50 * TERN_MILLISECOND_NS);
        for (struct net6_heard h = net6_hear(f); h.type != 0; h = net6_hear(f)) {
            if (h.type != ICMP6_RS)
                continue;
            ck_assert(tern_addr_equal(&h.dst, &to) && ipv6_addr_is_link_local(&h.src));
            ck_assert_mem_eq(h.mac, packet_mac_us, 6);
            at_ns[n++] = f->now_ns;
        }
    }
    ck_assert_uint_le(at_ns[0], 1001 * TERN_SECOND_NS + 50 * TERN_MILLISECOND_NS);
    uint64_t wait_ns = 4 * TERN_SECOND_NS;
    for (size_t i = 1; i < 8; i++) {
        if (i > 3)
            wait_ns *= 2;
        ck_assert_uint_ge(at_ns[i] - at_ns[i - 1] + 50 * TERN_MILLISECOND_NS, wait_ns);
        ck_assert_uint_le(at_ns[i] - at_ns[i - 1], wait_ns + wait_ns / 10 + 50000000);
    }
    /* One that is no default router does not end it, one that is does. */
    net6_ra(&m, 0, 0, 0);
    net6_say(f, router, all, &m);
    ck_assert_uint_ne(f->ipv6.links[0].solicit_wait_ns, 0);
    net6_ra(&m, 0, 0, 1);
    net6_say(f, router, all, &m);
    net6_pass(f, 600 * TERN_SECOND_NS);
    ck_assert(net6_quiet(f));
    f->wire.link.up = false;
    tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    f->wire.link.up = true;
    tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    struct net6_heard h;
    do
        h = net6_await(f);
    while (h.type != ICMP6_RS);
}
END_TEST

START_TEST(test_nd_router_is_asked_for_from_nobody_while_we_have_no_address)
{
    struct net6_fixture *f = net6_fixture_bare();
    f->ipv6.config.n_dad = 10;
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    struct net6_heard h;
    do
        h = net6_await(f);
    while (h.type != ICMP6_RS);
    ck_assert(tern_addr_is_any(&h.src));
    ck_assert_ptr_null(h.mac);
}
END_TEST

START_TEST(test_nd_router_is_not_asked_for_nor_heard_where_nobody_wants_it)
{
    struct net6_fixture *f = net6_fixture();
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, 0), TERN_OK);
    net6_ra(&m, 33, 0, 1800);
    net6_prefix(&m, "2001:db8:a::/64", 0xc0, 3600, 3600);
    net6_say(f, router, all, &m);
    net6_pass(f, 20 * TERN_SECOND_NS);
    ck_assert(net6_quiet(f));
    ck_assert_uint_eq(f->ipv6.stats.nd_unsolicited, 1);
    ck_assert_uint_eq(learned(f), 0);
    ck_assert_uint_eq(f->ipv6.links[0].hop_limit, 0);
    net6_ra(&m, 0, 0, 0);
    m.octets[0] = 133;
    m.len = 8;
    net6_say(f, "fe80::2", "ff02::1", &m);    /* we are no router */
    ck_assert_uint_eq(f->ipv6.stats.nd_not_ours, 1);
}
END_TEST

/* ---- Advertisements ----------------------------------------------------- */

START_TEST(test_nd_router_is_asked_for_neither_on_a_link_that_is_down_nor_on_another)
{
    struct net6_fixture *f = net6_fixture();
    tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    f->wire.link.up = false;
    tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    f->wire.link.up = true;
    tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    net6_pass(f, 10 * TERN_SECOND_NS);
    for (struct net6_heard h = net6_hear(f); h.type != 0; h = net6_hear(f))
        ck_assert_uint_ne(h.type, ICMP6_RS);    /* nobody wants routers */
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    f->wire.link.up = false;
    tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    net6_pass(f, 10 * TERN_SECOND_NS);
    ck_assert_uint_eq(f->ipv6.stats.nd_full, 0);
}
END_TEST

/* Neither an address of another scope nor of another link: it is :: then, without a MAC. */
START_TEST(test_nd_router_is_asked_for_from_the_link_local_address_alone)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr nobody = { { 0 } };
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++)
        if (f->ipv6.addrs[i].origin == TERN_IPV6_LINK_LOCAL && f->ipv6.addrs[i].link == 0)
            f->ipv6.addrs[i].state = TERN_IPV6_DUPLICATE;
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    struct net6_heard h = net6_await(f);
    ck_assert_uint_eq(h.type, ICMP6_RS);
    ck_assert(tern_addr_equal(&h.src, &nobody));
    ck_assert_ptr_null(h.mac);
}
END_TEST

START_TEST(test_nd_router_with_a_lifetime_is_a_default_one_until_it_ends)
{
    struct net6_fixture *f = listening();
    ck_assert_uint_eq(learned(f), 1);
    ck_assert_mem_eq(net6_neighbour(f, router)->mac, packet_mac_other, 6);
    ck_assert_uint_eq(net6_neighbour(f, router)->state, NEIGH_STALE);
    ck_assert(net6_neighbour(f, router)->router);
    net6_ra(&m, 0, 0, 0);
    net6_say(f, router, all, &m);
    ck_assert_uint_eq(learned(f), 0);
    net6_ra(&m, 0, 0, 5);
    net6_say(f, router, all, &m);
    net6_pass(f, 4 * TERN_SECOND_NS);
    ck_assert_uint_eq(learned(f), 1);
    net6_say(f, router, all, &m);
    net6_pass(f, 4 * TERN_SECOND_NS);
    ck_assert_uint_eq(learned(f), 1);
    net6_pass(f, 1100 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(learned(f), 0);
}
END_TEST

START_TEST(test_nd_router_preference_orders_default_routers)
{
    static const uint8_t flags[] = { 0x18, 0x00, 0x10, 0x08 };    /* low, medium, reserved, high */
    static const char *const names[] = { "fe80::a1", "fe80::a2", "fe80::a3", "fe80::a4" };
    struct net6_fixture *f = net6_fixture_bare();
    f->ipv6.config.no_dad = true;
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    for (size_t i = 0; i < 4; i++) {
        struct tern_addr a = addr6(names[i == 2 ? 1 : i]);
        net6_ra(&m, 0, flags[i], i == 2 ? 0 : 1800);
        net6_say(f, names[i], all, &m);
        ck_assert(tern_addr_equal(&way_to(f, "2a00::1")->gateway, &a));
    }
    ck_assert_uint_eq(learned(f), 3);
    struct tern_addr a = addr6(names[3]), b = addr6(names[1]);
    tern_net_gateway_failed(&f->net, 0, &a);    /* it does not answer: the next one */
    ck_assert(tern_addr_equal(&way_to(f, "2a00::1")->gateway, &b));
    net6_ra(&m, 0, 0, 1800);                    /* a route to all is what counts */
    net6_route(&m, "::/0", 0x08, 1800);
    net6_say(f, names[0], all, &m);
    a = addr6(names[0]);
    ck_assert(tern_addr_equal(&way_to(f, "2a00::1")->gateway, &a));
}
END_TEST

START_TEST(test_nd_router_never_beats_a_configured_route)
{
    struct net6_fixture *f = listening();
    struct tern_addr gateway = addr6("fe80::fe");
    net6_ra(&m, 0, 0x08, 1800);
    net6_route(&m, "2a00::/16", 0x08, 1800);
    net6_prefix(&m, "2a00:1::/64", 0x80, 3600, 3600);
    net6_say(f, router, all, &m);
    ck_assert(tern_addr_equal(&way_to(f, "2a00:1::1")->gateway, &gateway));
    net6_ra(&m, 0, 0, 0);    /* nor can who says so end it */
    net6_prefix(&m, "2001:db8::/64", 0x80, 0, 0);
    net6_say(f, "fe80::fe", all, &m);
    ck_assert(tern_addr_equal(&way_to(f, "2a00:1::1")->gateway, &gateway));
    ck_assert(tern_addr_is_any(&way_to(f, "2001:db8::2")->gateway));
}
END_TEST

START_TEST(test_nd_router_routes_and_prefixes_come_and_go)
{
    struct net6_fixture *f = net6_fixture_bare();
    struct tern_addr gateway = addr6(router);
    f->ipv6.config.no_dad = true;
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    net6_ra(&m, 0, 0, 0);
    net6_prefix(&m, "2001:db8:a::/64", 0x80, 100, 100);
    net6_route(&m, "2a00::/16", 0, 50);
    net6_prefix(&m, "::/0", 0x80, 100, 100);    /* the whole Internet on this link */
    net6_say(f, router, all, &m);
    ck_assert_uint_eq(learned(f), 2);
    ck_assert(tern_addr_is_any(&way_to(f, "2001:db8:a::5")->gateway));
    ck_assert(tern_addr_equal(&way_to(f, "2a00::1")->gateway, &gateway));
    ck_assert_ptr_null(way_to(f, "2b00::1"));
    net6_pass(f, 51 * TERN_SECOND_NS);
    ck_assert_ptr_null(way_to(f, "2a00::1"));
    ck_assert_uint_eq(learned(f), 1);
    net6_ra(&m, 0, 0, 0);
    net6_prefix(&m, "2001:db8:a::/64", 0, 0, 0);    /* says nothing about what is on the link */
    net6_say(f, router, all, &m);
    ck_assert_uint_eq(learned(f), 1);
    net6_ra(&m, 0, 0, 0);
    net6_prefix(&m, "2001:db8:a::/64", 0x80, 0, 0);
    net6_say(f, router, all, &m);
    ck_assert_uint_eq(learned(f), 0);
}
END_TEST

START_TEST(test_nd_router_times_are_taken_within_bounds)
{
    static const struct { uint32_t retrans_ms, retry_ms; } cases[] = {
        { 1, 100 }, { 99, 100 }, { 100, 100 }, { 2000, 2000 }, { 10001, 10000 },
        { UINT32_MAX, 10000 }, { 0, 10000 },
    };
    struct net6_fixture *f = listening();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        net6_ra(&m, 0, 0, 1800);
        tern_store_be32(m.octets + 12, cases[i].retrans_ms);
        net6_say(f, router, all, &m);
        ck_assert_uint_eq(f->ipv6.ip.retry_ns[0],
                          cases[i].retry_ms * TERN_MILLISECOND_NS);
        ck_assert_uint_eq(f->ipv6.ip.retry_ns[1], NEIGH_RETRY_NS);
    }
    for (uint32_t ms = 60000; ms <= 120000; ms += 60000) {
        net6_ra(&m, 0, 0, 1800);
        tern_store_be32(m.octets + 8, ms);
        net6_say(f, router, all, &m);
        uint64_t drawn_ns = f->ipv6.ip.reachable_ns[0];
        ck_assert_uint_ge(drawn_ns, ms / 2 * TERN_MILLISECOND_NS);
        ck_assert_uint_le(drawn_ns, ms * 3 / 2 * TERN_MILLISECOND_NS);
        net6_say(f, router, all, &m);
        ck_assert_uint_eq(f->ipv6.ip.reachable_ns[0], drawn_ns);
    }
    net6_ra(&m, 0, 0, 1800);
    tern_store_be32(m.octets + 8, UINT32_MAX);
    net6_say(f, router, all, &m);
    ck_assert_uint_le(f->ipv6.ip.reachable_ns[0], 5400 * TERN_SECOND_NS);
    ck_assert_uint_eq(f->ipv6.ip.reachable_ns[1], NEIGH_REACHABLE_NS);
}
END_TEST

START_TEST(test_nd_router_names_servers_until_their_time)
{
    struct net6_fixture *f = listening();
    struct tern_endpoint_addr s;
    struct tern_addr a = addr6("2001:db8::53"), b = addr6("fe80::53");
    net6_ra(&m, 0, 0, 1800);
    net6_rdnss(&m, 100, "2001:db8::53");
    net6_rdnss(&m, UINT32_MAX, "fe80::53");
    net6_rdnss(&m, 100, "ff02::fb");    /* no host */
    net6_say(f, router, all, &m);
    ck_assert_int_eq(tern_ipv6_server(&f->net, 0, &s), TERN_OK);
    ck_assert(tern_addr_equal(&s.addr, &a) && s.port == 53 && s.link == 0);
    ck_assert_int_eq(tern_ipv6_server(&f->net, 1, &s), TERN_OK);
    ck_assert(tern_addr_equal(&s.addr, &b) && s.port == 53 && s.link == 1);
    ck_assert_int_eq(tern_ipv6_server(&f->net, 2, &s), TERN_INVALID);
    net6_pass(f, 101 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_ipv6_server(&f->net, 0, &s), TERN_OK);
    ck_assert(tern_addr_equal(&s.addr, &b));
    ck_assert_int_eq(tern_ipv6_server(&f->net, 1, &s), TERN_INVALID);
    for (unsigned i = 0; i < 10; i++) {    /* who came first stays */
        char text[40];
        snprintf(text, sizeof text, "2001:db8::%x", 0x100 + i);
        net6_ra(&m, 0, 0, 1800);
        net6_rdnss(&m, 100, text);
        net6_say(f, router, all, &m);
    }
    ck_assert_uint_eq(f->ipv6.stats.router_no_room, 10 - (TERN_IPV6_SERVERS - 1));
    net6_ra(&m, 0, 0, 1800);
    net6_rdnss(&m, 0, "fe80::53");
    net6_say(f, router, all, &m);
    for (size_t i = 0; i < TERN_IPV6_SERVERS - 1; i++) {
        ck_assert_int_eq(tern_ipv6_server(&f->net, i, &s), TERN_OK);
        ck_assert(!tern_addr_equal(&s.addr, &b));
    }
    ck_assert_int_eq(tern_ipv6_server(&f->net, TERN_IPV6_SERVERS - 1, &s), TERN_INVALID);
}
END_TEST

START_TEST(test_nd_router_names_domains)
{
    static const uint8_t option[] = { 31, 3, 0, 0, 0, 0, 0, 100, 4, 't', 'e', 'r', 'n', 2, 'i',
                                      'o', 0, 1, 'a', 0, 0, 0, 0, 0 };
    struct net6_fixture *f = listening();
    net6_ra(&m, 0, 0, 1800);
    memcpy(m.octets + m.len, option, sizeof option);
    m.len += sizeof option;
    net6_say(f, router, all, &m);
    ck_assert_uint_eq(f->ipv6.domains_len, 12);
    ck_assert_mem_eq(f->ipv6.domains, option + 8, 12);
    m.octets[m.len - sizeof option + 7] = 0;
    m.octets[m.len - sizeof option + 9] = 'f';    /* of other names it takes back nothing */
    net6_say(f, router, all, &m);
    ck_assert_uint_eq(f->ipv6.domains_len, 12);
    m.octets[m.len - sizeof option + 9] = 't';
    net6_say(f, router, all, &m);
    ck_assert_uint_eq(f->ipv6.domains_len, 0);
}
END_TEST

static unsigned n_told;
static uint8_t told_flags;

static void flags_hear(struct tern_net *net, void *context, uint8_t link, uint8_t flags)
{
    (void)net;
    ck_assert_ptr_null(context);
    ck_assert_uint_eq(link, 0);
    n_told++;
    told_flags = flags;
}

START_TEST(test_nd_router_tells_dhcp_what_it_says_of_it)
{
    static const struct tern_net_client_ops ops = { .router_said = flags_hear }, deaf = { 0 };
    static const uint8_t flags[] = { 0x00, 0x40, 0x40, 0xc0, 0x7f, 0x3f };
    static const uint8_t told[] = { 0, 0x40, 0x40, 0xc0, 0x40, 0 };
    struct net6_fixture *f = listening();
    n_told = told_flags = 0;
    f->net.clients[f->net.n_clients++] = (struct tern_net_slot){ .ops = &deaf };
    f->net.clients[f->net.n_clients++] = (struct tern_net_slot){ .ops = &ops };
    for (size_t i = 0; i < sizeof flags; i++) {
        net6_ra(&m, 0, flags[i] & (uint8_t)~0x18, 1800);
        net6_say(f, router, all, &m);
        ck_assert_uint_eq(n_told, i + 1);
        ck_assert_uint_eq(told_flags, told[i]);
        ck_assert_uint_eq(f->ipv6.links[0].ra_flags, told[i]);
    }
    f->net.n_clients = 0;
}
END_TEST

START_TEST(test_nd_router_that_is_not_wanted_any_more_is_forgotten)
{
    struct net6_fixture *f = listening();
    struct tern_endpoint_addr s;
    net6_ra(&m, 40, 0x80, 1800);
    net6_mtu(&m, 1400);
    net6_prefix(&m, "2001:db8:a::/64", 0xc0, 3600, 3600);
    net6_rdnss(&m, 100, "2001:db8::53");
    net6_say(f, router, all, &m);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX), 1);
    ck_assert_uint_eq(f->ipv6.links[0].hop_limit, 40);
    ck_assert_uint_eq(f->ipv6.links[0].ra_flags, 0x80);
    ck_assert_uint_eq(tern_ipv6_link_mtu(&f->net, &f->ipv6, 0), 1400);
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, 0), TERN_OK);
    ck_assert_uint_eq(learned(f), 0);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX), 0);
    ck_assert_uint_eq(f->ipv6.links[0].hop_limit, 0);
    ck_assert_uint_eq(tern_ipv6_link_mtu(&f->net, &f->ipv6, 0), 1500);
    ck_assert_int_eq(tern_ipv6_server(&f->net, 0, &s), TERN_INVALID);
}
END_TEST

static unsigned n_link_changes;

static void link_change_count(struct tern_net *net, void *context, uint8_t link)
{
    (void)net;
    (void)context;
    (void)link;
    n_link_changes++;
}

START_TEST(test_nd_router_mtu_that_is_said_again_troubles_no_transport)
{
    struct net6_fixture *f = listening();
    struct tern_net_transport_ops ops =
        *(const struct tern_net_transport_ops *)f->net.transports[0].ops;
    n_link_changes = 0;
    ops.link_changed = link_change_count;
    f->net.transports[0].ops = &ops;
    for (unsigned i = 0; i < 5; i++) {
        net6_ra(&m, 0, 0, 1800);
        net6_mtu(&m, i < 3 ? 1400 : 1300);
        net6_say(f, router, all, &m);
        ck_assert_uint_eq(n_link_changes, i < 3 ? 1 : 2);
    }
}
END_TEST

Suite *nd_router_suite(void)
{
    Suite *s = suite_create("nd_router");
    TCase *c = tcase_create("routers");
    tcase_add_test(c, test_nd_router_is_asked_for_three_times_and_then_ever_more_seldom);
    tcase_add_test(c, test_nd_router_is_asked_for_from_nobody_while_we_have_no_address);
    tcase_add_test(c, test_nd_router_is_not_asked_for_nor_heard_where_nobody_wants_it);
    tcase_add_test(c, test_nd_router_is_asked_for_neither_on_a_link_that_is_down_nor_on_another);
    tcase_add_test(c, test_nd_router_is_asked_for_from_the_link_local_address_alone);
    tcase_add_test(c, test_nd_router_with_a_lifetime_is_a_default_one_until_it_ends);
    tcase_add_test(c, test_nd_router_preference_orders_default_routers);
    tcase_add_test(c, test_nd_router_never_beats_a_configured_route);
    tcase_add_test(c, test_nd_router_routes_and_prefixes_come_and_go);
    tcase_add_test(c, test_nd_router_times_are_taken_within_bounds);
    tcase_add_test(c, test_nd_router_names_servers_until_their_time);
    tcase_add_test(c, test_nd_router_names_domains);
    tcase_add_test(c, test_nd_router_tells_dhcp_what_it_says_of_it);
    tcase_add_test(c, test_nd_router_that_is_not_wanted_any_more_is_forgotten);
    tcase_add_test(c, test_nd_router_mtu_that_is_said_again_troubles_no_transport);
    suite_add_tcase(s, c);
    return s;
}
