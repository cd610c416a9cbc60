/* SPDX-License-Identifier: ISC */
/*
 * Routers that mean harm: broken options, floods, a link made useless.
 */
#include "nd_router_fixture.h"
#include "suites.h"

#include <stdio.h>

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

Suite *nd_router_hostile_suite(void)
{
    Suite *s = suite_create("nd_router_hostile");
    TCase *c = tcase_create("hostile");
    tcase_add_test(c, hostile_net_32_router_options_of_wrong_length);
    tcase_add_test(c, hostile_net_33_router_flood_leaves_what_came_first);
    tcase_add_test(c, hostile_net_33_router_flood_on_all_links_leaves_room_for_others);
    tcase_add_test(c, hostile_net_32_router_names_more_domains_than_fit);
    tcase_add_test(c, hostile_net_34_router_lowers_hop_limit_or_mtu);
    suite_add_tcase(s, c);
    return s;
}
