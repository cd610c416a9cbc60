/* SPDX-License-Identifier: ISC */
/*
 * Routers: asking for them, and what they may say (RFC 4861 section 6.3).
 */
#include "net6_fixture.h"
#include "suites.h"

#include <stdio.h>

static struct net6_msg m;

static const char all[] = "ff02::1", router[] = "fe80::aa";

/* With addresses, and listening to routers; their solicitation is off the wire. */
static struct net6_fixture *listening(void)
{
    struct net6_fixture *f = net6_fixture();
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    net6_ra(&m, 0, 0, 1800);
    net6_mac(&m, 1, packet_mac_other);
    net6_say(f, router, all, &m);
    net6_pass(f, 2 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    memset(&f->ipv6.stats, 0, sizeof f->ipv6.stats);
    return f;
}

static const struct tern_route *way_to(struct net6_fixture *f, const char *dst)
{
    struct tern_addr a = addr6(dst);
    return tern_net_route_find(&f->net, &a, 1);
}

static size_t learned(const struct net6_fixture *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->net.n_routes; i++)
        n += f->net.routes[i].origin == TERN_ROUTE_LEARNED;
    return n;
}

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

/* ---- Redirects ---------------------------------------------------------- */

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

/* ---- Hostile ------------------------------------------------------------ */

/* RDNSS of even length (CVE-2020-16898); prefixes of a wrong size or length (FreeRTOS). */
START_TEST(hostile_net_32_router_options_of_wrong_length)
{
    struct net6_fixture *f = listening();
    struct tern_endpoint_addr s;
    size_t n_routes = f->net.n_routes;
    uint64_t n_bad = 0;
    for (unsigned units = 1; units <= 8; units++) {
        net6_ra(&m, 0, 0, 1800);
        memset(m.octets + m.len, 0x20, units * 8);    /* addresses that would be taken */
        m.octets[m.len] = 25;
        m.octets[m.len + 1] = (uint8_t)units;
        m.len += units * 8;
        net6_say(f, router, all, &m);
        n_bad += units == 1 || units % 2 == 0;
        ck_assert_uint_eq(f->ipv6.stats.nd_bad_options, n_bad);
    }
    ck_assert_int_eq(tern_ipv6_server(&f->net, 0, &s), TERN_OK);    /* of the odd ones */
    for (unsigned len = 129; len < 256; len += 42) {
        net6_ra(&m, 0, 0, 1800);
        net6_prefix(&m, "2001:db8:a::/64", 0xc0, 3600, 3600);
        m.octets[m.len - 30] = (uint8_t)len;
        net6_say(f, router, all, &m);
        net6_ra(&m, 0, 0, 1800);
        net6_route(&m, "2a00::/16", 0, 3600);
        m.octets[m.len - 22] = (uint8_t)len;
        net6_say(f, router, all, &m);
        n_bad += 2;
    }
    for (unsigned units = 1; units <= 8; units++) {    /* a prefix in an option of another size */
        if (units == 4)
            continue;
        net6_ra(&m, 0, 0, 1800);
        net6_prefix(&m, "2001:db8:a::/64", 0xc0, 3600, 3600);
        m.octets[m.len - 31] = (uint8_t)units;
        m.len += units * 8u;
        m.len -= 32;
        net6_say(f, router, all, &m);
        n_bad++;
    }
    ck_assert_uint_eq(f->ipv6.stats.nd_bad_options, n_bad);
    ck_assert_uint_eq(f->ipv6.stats.nd_malformed, 0);
    ck_assert_uint_eq(f->net.n_routes, n_routes);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX), 0);
}
END_TEST

/* A hundred thousand prefixes and routes, from as many routers (CVE-2010-4669's class). */
START_TEST(hostile_net_33_router_flood_leaves_what_came_first)
{
    struct net6_fixture *f = listening();
    char text[64], src[40];
    net6_ra(&m, 0, 0, 1800);
    net6_prefix(&m, "2001:db8:a::/64", 0xc0, 3600, 3600);
    net6_route(&m, "2a00::/16", 0, 1800);
    net6_say(f, router, all, &m);
    struct tern_addr own = net6_own(f, TERN_IPV6_FROM_PREFIX);
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(src, sizeof src, "fe80::1:%x", i + 1);
        net6_ra(&m, 0, 0x08, 1800);
        net6_mac(&m, 1, packet_mac_peer);
        for (unsigned k = 0; k < 25; k++) {
            snprintf(text, sizeof text, "2001:%x:%x::/64", i + 1, k + 0x1000);
            net6_prefix(&m, text, 0xc0, 3600, 3600);
            snprintf(text, sizeof text, "2b00:%x:%x::/48", i, k);
            net6_route(&m, text, 0x08, 1800);
        }
        net6_say(f, src, all, &m);
        if (i % 100 == 0)
            net6_pass(f, 50 * TERN_MILLISECOND_NS);
    }
    ck_assert_uint_eq(f->ipv6.stats.nd_routers, 2001);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX), 8);
    ck_assert_uint_eq(learned(f), 3 + 8 + 4);
    ck_assert_uint_eq(f->ipv6.stats.prefix_no_room, 2 * (50000 - 7));
    ck_assert_uint_eq(f->ipv6.stats.router_no_room, 2000 - 2 + 50000 - 3);
    /* What was configured, and what was heard before. */
    struct tern_addr gateway = addr6("fe80::fe"), first = addr6(router);
    ck_assert(tern_addr_equal(&way_to(f, "3000::1")->gateway, &gateway));
    bool found = false;
    for (size_t i = 0; i < f->net.n_routes; i++)
        found |= f->net.routes[i].prefix_len == 16 &&
                 tern_addr_equal(&f->net.routes[i].gateway, &first);
    ck_assert(found);
    ck_assert_uint_ne(net6_state(f, &own), TERN_IPV6_UNUSED);
    struct tern_ipv6_address a = { .addr = addr6("2001:db8::1234"), .prefix_len = 64 };
    ck_assert_int_eq(tern_ipv6_set(&f->net, 0, &a), TERN_OK);    /* and there is room for more */
    ck_assert_uint_eq(f->blocks.n_free, f->blocks.n_blocks);
}
END_TEST

/* The same on two links: IPv4's lease still finds room for its routes. */
START_TEST(hostile_net_33_router_flood_on_all_links_leaves_room_for_others)
{
    struct net6_fixture *f = listening();
    static uint8_t frame[PACKET_CAP];
    char text[64];
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 1, TERN_IPV6_AUTO), TERN_OK);
    for (unsigned i = 0; i < 100; i++) {
        struct net6_from from = { .src = "fe80::1:1", .dst = all };
        net6_ra(&m, 0, 0x08, 1800);
        snprintf(text, sizeof text, "2001:%x:1::/64", i + 1);
        net6_prefix(&m, text, 0xc0, UINT32_MAX, UINT32_MAX);
        snprintf(text, sizeof text, "2b00:%x::/48", i);
        net6_route(&m, text, 0x08, UINT32_MAX);
        size_t len = net6_frame(frame, &from, m.octets, m.len);
        fake_link_input(i % 2 == 0 ? &f->wire : &f->wire_1, frame, len, f->now_ns);
        net6_redirect(&m, "fe80::bb", "3000::1");
        m.octets[39] = (uint8_t)i;
        net6_say(f, "fe80::fe", "2001:db8::1", &m);
    }
    ck_assert_uint_le(learned(f), TERN_NET_ROUTES / 2 - 2);
    for (uint8_t i = 0; i < 2; i++) {
        struct tern_route lease = { .prefix = tern_addr_v4(0), .prefix_len = (uint8_t)(96 + 8 * i),
                                    .gateway = tern_addr_v4(i), .expires_ns = TERN_NEVER,
                                    .origin = TERN_ROUTE_LEARNED };
        ck_assert_int_eq(tern_net_route_put(&f->net, &lease), TERN_OK);
    }
}
END_TEST

/* Names that are longer than what they are kept in, by any length. */
START_TEST(hostile_net_32_router_names_more_domains_than_fit)
{
    struct net6_fixture *f = listening();
    for (size_t n = 1; n <= 8; n++) {
        net6_ra(&m, 0, 0, 1800);
        uint8_t *o = m.octets + m.len;
        memset(o, 'a', 8 + n * 64);
        o[0] = 31;
        o[1] = (uint8_t)(1 + n * 8);
        tern_store_be32(o + 4, 100);
        for (size_t i = 0; i < n; i++) {    /* names of 64 octets */
            o[8 + i * 64] = 62;
            o[8 + i * 64 + 63] = 0;
        }
        m.len += 8 + n * 64;
        net6_say(f, router, all, &m);
        ck_assert_uint_eq(f->ipv6.domains_len, (n < 4 ? n : 4) * 64);
        ck_assert_uint_eq(f->ipv6.stats.router_no_room, n < 4 ? 0 : n - 4);
        ck_assert_uint_eq(f->ipv6.domains[255], 0);
    }
}
END_TEST

/* A router lowers hop limit or MTU (CVE-2015-2922; nuttx pull request 18866, systemd 31496). */
START_TEST(hostile_net_34_router_lowers_hop_limit_or_mtu)
{
    static const uint32_t bad_mtus[] = { 0, 1, 68, 576, 1279 };
    static const uint32_t long_mtus[] = { 1501, 9000, 65536 + 1400, UINT32_MAX };
    struct net6_fixture *f = listening();
    for (unsigned hop = 1; hop < 15; hop++) {
        net6_ra(&m, (uint8_t)hop, 0, 1800);
        net6_say(f, router, all, &m);
        ck_assert_uint_eq(f->ipv6.stats.hop_limit_refused, hop);
        ck_assert_uint_eq(f->ipv6.links[0].hop_limit, 0);
    }
    net6_ra(&m, 15, 0, 1800);
    net6_say(f, router, all, &m);
    ck_assert_uint_eq(f->ipv6.links[0].hop_limit, 15);
    net6_ra(&m, 0, 0, 1800);    /* unspecified */
    net6_say(f, router, all, &m);
    ck_assert_uint_eq(f->ipv6.links[0].hop_limit, 15);
    ck_assert_uint_eq(f->ipv6.stats.hop_limit_refused, 14);
    for (size_t i = 0; i < 5; i++) {
        net6_ra(&m, 0, 0, 1800);
        net6_mtu(&m, bad_mtus[i]);
        net6_say(f, router, all, &m);
        ck_assert_uint_eq(f->ipv6.stats.nd_bad_options, i + 1);
        ck_assert_uint_eq(tern_ipv6_link_mtu(&f->net, &f->ipv6, 0), 1500);
    }
    for (size_t i = 0; i < 4; i++) {
        net6_ra(&m, 0, 0, 1800);
        net6_mtu(&m, long_mtus[i]);
        net6_say(f, router, all, &m);
        ck_assert_uint_eq(f->ipv6.stats.mtu_refused, i + 1);
        ck_assert_uint_eq(tern_ipv6_link_mtu(&f->net, &f->ipv6, 0), 1500);
    }
    net6_ra(&m, 0, 0, 1800);
    net6_mtu(&m, 1280);
    net6_say(f, router, all, &m);
    ck_assert_uint_eq(tern_ipv6_link_mtu(&f->net, &f->ipv6, 0), 1280);
    net6_ra(&m, 0, 0, 1800);
    net6_mtu(&m, 1500);
    net6_say(f, router, all, &m);
    ck_assert_uint_eq(tern_ipv6_link_mtu(&f->net, &f->ipv6, 0), 1500);
}
END_TEST

Suite *nd_router_suite(void)
{
    Suite *s = suite_create("nd_router");
    TCase *c = tcase_create("routers");
    tcase_add_test(c, test_nd_router_is_asked_for_three_times_and_then_ever_more_seldom);
    tcase_add_test(c, test_nd_router_is_asked_for_from_nobody_while_we_have_no_address);
    tcase_add_test(c, test_nd_router_is_not_asked_for_nor_heard_where_nobody_wants_it);
    tcase_add_test(c, test_nd_router_with_a_lifetime_is_a_default_one_until_it_ends);
    tcase_add_test(c, test_nd_router_preference_orders_default_routers);
    tcase_add_test(c, test_nd_router_never_beats_a_configured_route);
    tcase_add_test(c, test_nd_router_routes_and_prefixes_come_and_go);
    tcase_add_test(c, test_nd_router_times_are_taken_within_bounds);
    tcase_add_test(c, test_nd_router_names_servers_until_their_time);
    tcase_add_test(c, test_nd_router_names_domains);
    tcase_add_test(c, test_nd_router_tells_dhcp_what_it_says_of_it);
    tcase_add_test(c, test_nd_router_that_is_not_wanted_any_more_is_forgotten);
    suite_add_tcase(s, c);
    c = tcase_create("redirects");
    tcase_add_test(c, test_nd_redirect_of_the_router_in_use_is_followed_for_a_while);
    tcase_add_test(c, test_nd_redirect_to_who_is_silent_is_forgotten);
    tcase_add_test(c, test_nd_redirect_that_is_none_of_its_sender_is_refused);
    suite_add_tcase(s, c);
    c = tcase_create("hostile");
    tcase_add_test(c, test_nd_router_is_asked_for_neither_on_a_link_that_is_down_nor_on_another);
    tcase_add_test(c, test_nd_router_is_asked_for_from_the_link_local_address_alone);
    tcase_add_test(c, test_nd_router_mtu_that_is_said_again_troubles_no_transport);
    tcase_add_test(c, test_nd_redirect_takes_no_room_of_routes_nor_do_they_of_it);
    tcase_add_test(c, test_nd_redirect_without_a_way_or_a_place_for_it_is_refused);
    tcase_add_test(c, hostile_net_32_router_options_of_wrong_length);
    tcase_add_test(c, hostile_net_32_router_names_more_domains_than_fit);
    tcase_add_test(c, hostile_net_33_router_flood_leaves_what_came_first);
    tcase_add_test(c, hostile_net_33_router_flood_on_all_links_leaves_room_for_others);
    tcase_add_test(c, hostile_net_34_router_lowers_hop_limit_or_mtu);
    suite_add_tcase(s, c);
    return s;
}
