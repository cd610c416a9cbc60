/* SPDX-License-Identifier: ISC */
/*
 * The DHCP client: what leases may say, sensible or not, and what is made of it.
 */
#include "dhcp4_fixture.h"
#include "suites.h"

START_TEST(hostile_net_51_dhcp_times_out_of_order_are_put_right)
{
    static const struct {
        uint32_t lease_s, t1_s, t2_s, t1_expect_s, t2_expect_s;
        uint64_t repaired;
        const char *why;
    } cases[] = {
        { 3600, 0, 0, 1800, 3150, 0, "defaults" },
        { 3600, 1000, 2000, 1000, 2000, 0, "as said" },
        { 3600, 1000, 0, 1000, 3150, 0, "one said" },
        { 3600, 2000, 1000, 1800, 3150, 1, "T1 after T2" },
        { 3600, 1000, 1000, 1800, 3150, 1, "T1 at T2" },
        { 3600, 1000, 3600, 1800, 3150, 1, "T2 at the end" },
        { 3600, 4000, 5000, 1800, 3150, 1, "both past the end" },
        { 3600, 0xffffffff, 0xffffffff, 1800, 3150, 1, "both for ever" },
        { 3600, 3599, 0, 1800, 3150, 1, "T1 past the default T2" },
        { 10, 0, 0, 5, 8, 0, "the shortest lease" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply r = good;
        r.lease_s = cases[i].lease_s;
        r.t1_s = cases[i].t1_s;
        r.t2_s = cases[i].t2_s;
        struct net_fixture *f = start();
        uint64_t asked_ns = f->now_ns;
        (void)to_probe(f, &r);
        net_fixture_pass(f, 250 * TERN_MILLISECOND_NS);
        ck_assert_msg(dhcp4.stats.repaired == cases[i].repaired, "%s", cases[i].why);
        ck_assert_msg(dhcp4.lease.t1_ns == asked_ns + cases[i].t1_expect_s * TERN_SECOND_NS, "%s",
                      cases[i].why);
        ck_assert_msg(dhcp4.lease.t2_ns == asked_ns + cases[i].t2_expect_s * TERN_SECOND_NS, "%s",
                      cases[i].why);
    }
}
END_TEST

START_TEST(hostile_net_51_dhcp_leases_that_make_no_sense)
{
    static const struct {
        struct reply r;
        const char *why;
    } cases[] = {
        { { .yiaddr = 0 }, "no address" },
        { { .yiaddr = 0x7f000001 }, "loopback" },
        { { .yiaddr = 0xe0000001 }, "a group" },
        { { .yiaddr = 0xffffffff }, "broadcast" },
        { { .yiaddr = LEASED, .lease_s = 1 }, "a second" },
        { { .yiaddr = LEASED, .lease_s = 9 }, "nine seconds" },
        { { .yiaddr = LEASED, .mask = 0xff00ff00 }, "a mask with a hole" },
        { { .yiaddr = LEASED, .mask = 0x80000000 }, "a mask of one bit" },
        { { .yiaddr = LEASED, .mask = 1 }, "a mask upside down" },
        { { .yiaddr = LEASED, .server = 0xffffffff }, "no server" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply r = good, bad = cases[i].r;
        struct net_fixture *f = start();
        r.xid = hear(f).xid;
        r.type = DHCP4_OFFER;
        say(f, &r);
        (void)hear(f);
        r.type = DHCP4_ACK;
        r.yiaddr = bad.yiaddr;
        r.lease_s = bad.lease_s != 0 ? bad.lease_s : r.lease_s;
        r.mask = bad.mask != 0 ? bad.mask : r.mask;
        r.server = bad.server != 0 ? bad.server : r.server;
        say(f, &r);
        ck_assert_msg(dhcp4.stats.in_malformed + dhcp4.stats.in_unexpected == 1, "%s",
                      cases[i].why);
        ck_assert_msg(dhcp4.stats.acks == 0, "%s", cases[i].why);
        ck_assert(net_fixture_quiet(f));
    }
    /* No lease time at all. */
    struct reply r = good;
    r.lease_s = 0;
    struct net_fixture *f = start();
    (void)to_probe(f, &r);
    ck_assert_uint_eq(dhcp4.stats.in_malformed, 1);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_dhcp4_offers_without_sense_are_passed_over)
{
    struct net_fixture *f = start();
    struct reply r = good;
    r.type = DHCP4_OFFER;
    r.xid = hear(f).xid;
    r.yiaddr = 0;
    say(f, &r);
    r.yiaddr = LEASED;
    r.server = 0;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.in_malformed, 2);
    r.server = SERVER;
    say(f, &r);
    ck_assert_uint_eq(hear(f).type, DHCP4_REQUEST);
    r.server = OTHER;
    say(f, &r);    /* the second comes too late */
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 1);
}
END_TEST

START_TEST(test_dhcp4_a_router_out_of_reach_is_left_out)
{
    struct reply r = good;
    r.router = FAR;
    struct net_fixture *f = bound_by(&r);
    struct tern_ipv4_address a;
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_OK);
    ck_assert(tern_addr_is_any(&a.gateway));
    ck_assert_uint_eq(dhcp4.stats.repaired, 1);
    r.mask = 0xffffffff;    /* but with a prefix of 32 it is meant so */
    f = bound_by(&r);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_OK);
    ck_assert_uint_eq(tern_addr_to_v4(&a.gateway), FAR);
    ck_assert_uint_eq(a.prefix_len, 32);
}
END_TEST

/* An address that is its prefix's first or last is no host's: nothing is set. */
START_TEST(test_dhcp4_a_lease_that_cannot_be_set_is_lost)
{
    static const uint32_t routers[] = { 0, ROUTER, FAR };
    struct tern_ipv4_address a;
    for (size_t i = 0; i < 3; i++) {
        struct reply r = good;
        r.yiaddr = NET_BROADCAST;
        r.router = routers[i];
        struct net_fixture *f = bound_by(&r);
        ck_assert_uint_eq(dhcp4.stats.in_malformed, 1);
        ck_assert_uint_eq(dhcp4.state, DHCP4_INIT);
        ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_INVALID);
        /* The same from a renewal, by its mask: the address goes with the lease. */
        r = good;
        r.router = routers[i];
        f = bound_by(&r);
        net_fixture_pass(f, 1800 * TERN_SECOND_NS);
        ck_assert_uint_eq(dhcp4.state, DHCP4_RENEWING);
        r.xid = dhcp4.xid;
        r.type = DHCP4_ACK;
        r.mask = 0xfffffffc;    /* LEASED ends in 100 */
        say(f, &r);
        ck_assert_uint_eq(dhcp4.stats.in_malformed, 1);
        ck_assert_uint_eq(dhcp4.state, DHCP4_INIT);
        ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_INVALID);
    }
}
END_TEST

START_TEST(test_dhcp4_refuses_a_configuration_that_cannot_be)
{
    const struct tern_net_client_ops *ops = tern_dhcp4.ops;
    struct net_fixture *f = start();
    static struct tern_dhcp4 d;
    memset(&d, 0, sizeof d);
    ck_assert_int_eq(ops->init(&f->net, &d), TERN_OK);
    d.config.link = TERN_NET_LINKS;
    ck_assert_int_eq(ops->init(&f->net, &d), TERN_INVALID);
    d.config.link = TERN_NET_LINKS - 1;
    ck_assert_int_eq(ops->init(&f->net, &d), TERN_OK);
    uint8_t n_networks = f->net.n_networks, n_transports = f->net.n_transports;
    f->net.n_networks = 0;
    ck_assert_int_eq(ops->init(&f->net, &d), TERN_INVALID);
    f->net.n_networks = n_networks;
    f->net.n_transports = 0;
    ck_assert_int_eq(ops->init(&f->net, &d), TERN_INVALID);
    f->net.n_transports = n_transports;
}
END_TEST

START_TEST(test_dhcp4_mtu_option_lowers_the_link_and_not_below_576)
{
    static const struct {
        uint16_t said, mtu;
    } cases[] = { { 0, 1500 }, { 68, 1500 }, { 575, 1500 }, { 576, 576 }, { 1400, 1400 },
                  { 1500, 1500 }, { 9000, 1500 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply r = good;
        struct tern_addr peer = tern_addr_v4(PEER);
        r.mtu = cases[i].said;
        struct net_fixture *f = bound_by(&r);
        ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &peer, &peer), cases[i].mtu);
    }
}
END_TEST

START_TEST(test_dhcp4_a_lease_for_ever)
{
    struct reply r = good;
    r.lease_s = 0xffffffff;
    struct net_fixture *f = bound_by(&r);
    f->now_ns += UINT64_C(0xffffffff) * 2 * TERN_SECOND_NS;
    net_fixture_pass(f, TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));
    struct tern_dhcp4_lease lease;
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_OK);
    ck_assert_uint_eq(lease.expires_ns, TERN_NEVER);
}
END_TEST

/* Routes that nobody asked for (TunnelVision, CVE-2024-3661). */
START_TEST(hostile_net_52_dhcp_routes_are_neither_asked_for_nor_taken)
{
    /* 0.0.0.0/1 and 128.0.0.0/1 by another host, in both option numbers. */
    static const uint8_t routes[] = { 121, 12, 1, 0, 10, 0, 0, 66, 1, 128, 10, 0, 0, 66,
                                      249, 12, 1, 0, 10, 0, 0, 66, 1, 128, 10, 0, 0, 66,
                                      33, 8, 192, 0, 2, 1, 10, 0, 0, 66 };
    struct reply r = good;
    r.more = routes;
    r.more_len = sizeof routes;
    struct net_fixture *f = bound_by(&r);
    struct ipv4_route route;
    static const uint32_t hosts[] = { FAR, 0x01020304, 0x80000001, 0xc6336401 };
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        ck_assert_int_eq(tern_ipv4_route(&f->net, &f->ipv4, hosts[i], 0, &route), TERN_OK);
        ck_assert_uint_eq(route.next_hop, ROUTER);
    }
    /* Malformed ones are no reason to refuse the lease: they are not read. */
    static const uint8_t broken[] = { 121, 3, 33, 1, 2 };
    r.more = broken;
    r.more_len = sizeof broken;
    f = bound_by(&r);
    ck_assert_uint_eq(dhcp4.stats.acks, 1);
}
END_TEST

/* A bound client that asks for routes, where the server says these. */
static struct net_fixture *bound_with_routes(const uint8_t *option, size_t len)
{
    struct reply r = good, offer = good;
    struct net_fixture *f = start();
    dhcp4.config.routes = true;
    net_fixture_pass(f, 5 * TERN_SECOND_NS);    /* its next DISCOVER asks */
    (void)hear(f);
    struct heard h = hear(f);
    ck_assert(h.asks_routes);
    r.more = option;
    r.more_len = len;
    offer.type = DHCP4_OFFER;
    offer.xid = r.xid = h.xid;
    say(f, &offer);
    (void)hear(f);
    say(f, &r);
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    return f;
}

static uint32_t next_hop(struct net_fixture *f, uint32_t dst)
{
    struct ipv4_route route;
    return tern_ipv4_route(&f->net, &f->ipv4, dst, 0, &route) == TERN_OK ? route.next_hop : 0;
}

START_TEST(test_dhcp4_takes_routes_that_it_asked_for)
{
    static const uint8_t routes[] = { 121, 5 + 8 + 9 + 6 + 8 + 8 + 8,
                                      0, 10, 0, 0, 5,                       /* the default one */
                                      24, 192, 0, 2, 10, 0, 0, 6,
                                      32, 198, 51, 100, 7, 0, 0, 0, 0,      /* on the link */
                                      7, 0x21, 10, 0, 0, 7,                 /* 32.0.0.0/7 */
                                      24, 203, 0, 113, 10, 9, 0, 1,         /* no such router */
                                      24, 224, 0, 1, 10, 0, 0, 1,           /* a group */
                                      24, 127, 0, 0, 10, 0, 0, 1 };
    struct net_fixture *f = bound_with_routes(routes, sizeof routes);
    ck_assert_uint_eq(next_hop(f, 0x08080808), 0x0a000005);
    ck_assert_uint_eq(next_hop(f, 0xc0000203), 0x0a000006);
    ck_assert_uint_eq(next_hop(f, 0xc6336407), 0xc6336407);
    ck_assert_uint_eq(next_hop(f, 0x20000001), 0x0a000007);
    ck_assert_uint_eq(next_hop(f, 0xcb007101), 0x0a000005);
    ck_assert_uint_eq(dhcp4.stats.repaired, 3);
    /* They go with the lease. */
    f->now_ns += 3590 * TERN_SECOND_NS;
    net_fixture_pass(f, 20 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.stats.expiries, 1);
    ck_assert_ptr_null(tern_net_route_get(&f->net, 0));
}
END_TEST

/* Asked for, they still give way to all that its owner has configured. */
START_TEST(hostile_net_52_dhcp_routes_never_beat_a_configured_one)
{
    static const uint8_t routes[] = { 121, 9 + 9 + 6 + 6,
                                      32, 192, 0, 2, 1, 10, 0, 0, 66,
                                      25, 198, 51, 100, 0, 10, 0, 0, 66,
                                      1, 0, 10, 0, 0, 66, 1, 128, 10, 0, 0, 66 };
    struct net_fixture *f = bound_with_routes(routes, sizeof routes);
    struct tern_route tunnel = { .prefix = tern_addr_v4(0), .gateway = tern_addr_v4(0x0a000009),
                                 .expires_ns = TERN_NEVER, .prefix_len = 96 };
    ck_assert_uint_eq(next_hop(f, FAR), 0x0a000042);
    ck_assert_int_eq(tern_net_route_set(&f->net, &tunnel), TERN_OK);
    for (uint32_t i = 1; i < 224; i++)
        ck_assert_uint_eq(next_hop(f, i << 24 | 0x000201), i == 127 ? 0 : 0x0a000009);
    ck_assert_uint_eq(next_hop(f, FAR), 0x0a000009);
    ck_assert_uint_eq(next_hop(f, 0xc6336401), 0x0a000009);
    /* The end of the lease takes only what the lease brought. */
    static const uint8_t same[] = { 121, 13, 0, 10, 0, 0, 9, 24, 192, 0, 2, 10, 0, 0, 9 };
    f = bound_with_routes(same, sizeof same);
    ck_assert_int_eq(tern_net_route_set(&f->net, &tunnel), TERN_OK);
    tunnel.prefix = tern_addr_v4(0xc0000200);
    tunnel.prefix_len = 96 + 24;
    ck_assert_int_eq(tern_net_route_set(&f->net, &tunnel), TERN_OK);
    f->now_ns += 3590 * TERN_SECOND_NS;
    net_fixture_pass(f, 20 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.stats.expiries, 1);
    ck_assert_ptr_nonnull(tern_net_route_get(&f->net, 1));
    ck_assert_ptr_null(tern_net_route_get(&f->net, 2));
}
END_TEST

/* Lists that are cut or too long leave the lease as it is. */
START_TEST(hostile_net_52_dhcp_routes_that_make_no_sense)
{
    static const struct { uint8_t len, octets[24]; } bad[] = {
        { 2, { 121, 0 } },
        { 3, { 121, 1, 32 } },
        { 3, { 121, 1, 0 } },
        { 6, { 121, 4, 0, 10, 0, 0 } },
        { 11, { 121, 9, 33, 192, 0, 2, 1, 10, 0, 0, 66 } },
        { 11, { 121, 9, 255, 192, 0, 2, 1, 10, 0, 0, 66 } },
        { 10, { 121, 8, 32, 192, 0, 2, 1, 10, 0, 0 } },
        { 12, { 121, 10, 32, 192, 0, 2, 1, 10, 0, 0, 66, 8 } },
        { 15, { 121, 13, 32, 192, 0, 2, 1, 10, 0, 0, 66, 24, 1, 2, 3 } },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct net_fixture *f = bound_with_routes(bad[i].octets, bad[i].len);
        ck_assert_uint_eq(dhcp4.stats.acks, 1);
        ck_assert_uint_eq(next_hop(f, FAR), ROUTER);
    }
    /* More than there is room for: the first eight. */
    uint8_t many[2 + 28 * 9] = { 121, 28 * 9 };
    for (size_t i = 0; i < 28; i++) {
        const uint8_t one[9] = { 32, 192, 0, 2, (uint8_t)(i + 1), 10, 0, 0, 66 };
        memcpy(many + 2 + 9 * i, one, 9);
    }
    struct net_fixture *f = bound_with_routes(many, sizeof many);
    ck_assert_uint_eq(next_hop(f, 0xc0000208), 0x0a000042);
    ck_assert_uint_eq(next_hop(f, 0xc0000209), 0);
    ck_assert_uint_eq(dhcp4.lease.n_routes, 8);
}
END_TEST

Suite *dhcp4_lease_suite(void)
{
    Suite *suite = suite_create("dhcp4_lease");
    TCase *tc = tcase_create("dhcp4_lease");
    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, hostile_net_51_dhcp_times_out_of_order_are_put_right);
    tcase_add_test(tc, hostile_net_51_dhcp_leases_that_make_no_sense);
    tcase_add_test(tc, test_dhcp4_offers_without_sense_are_passed_over);
    tcase_add_test(tc, test_dhcp4_a_router_out_of_reach_is_left_out);
    tcase_add_test(tc, test_dhcp4_a_lease_that_cannot_be_set_is_lost);
    tcase_add_test(tc, test_dhcp4_refuses_a_configuration_that_cannot_be);
    tcase_add_test(tc, test_dhcp4_mtu_option_lowers_the_link_and_not_below_576);
    tcase_add_test(tc, test_dhcp4_a_lease_for_ever);
    tcase_add_test(tc, hostile_net_52_dhcp_routes_are_neither_asked_for_nor_taken);
    tcase_add_test(tc, test_dhcp4_takes_routes_that_it_asked_for);
    tcase_add_test(tc, hostile_net_52_dhcp_routes_never_beat_a_configured_one);
    tcase_add_test(tc, hostile_net_52_dhcp_routes_that_make_no_sense);
    suite_add_tcase(suite, tc);
    return suite;
}
