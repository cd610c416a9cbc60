/* SPDX-License-Identifier: ISC */
/*
 * The DHCPv6 client: how it comes by a lease, and what it does without one.
 */
#include "dhcp6_fixture.h"
#include "suites.h"

/* ---- Leases ------------------------------------------------------------- */

START_TEST(test_dhcp6_gets_a_lease_from_the_best_server)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_STATEFUL);
    struct tern_dhcp6_lease lease;
    struct dhcp6_heard h = dhcp6_await(f);
    struct dhcp6_said r = dhcp6_good;
    ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
    ck_assert(h.has_ia && h.has_rapid && !h.has_addr && h.server == NULL);
    ck_assert_uint_eq(h.elapsed_cs, 0);
    r.type = DHCP6_ADVERTISE;
    r.xid = h.xid;
    dhcp6_say(f, &r);
    ck_assert_uint_eq(dhcp6_hear(f).type, 0);    /* others may be better: RFC 8415 section 18.2.1 */
    r.other = true;
    r.preference = 7;
    dhcp6_say(f, &r);
    r.other = false;
    r.preference = 3;
    dhcp6_say(f, &r);
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_AGAIN);
    net6_pass(f, 1200 * TERN_MILLISECOND_NS);
    h = dhcp6_hear(f);
    ck_assert_uint_eq(h.type, DHCP6_REQUEST);
    ck_assert_uint_eq(h.server_len, sizeof dhcp6_other_id);
    ck_assert_mem_eq(h.server, dhcp6_other_id, sizeof dhcp6_other_id);
    ck_assert(h.has_addr && !h.has_rapid);
    r = dhcp6_good;
    r.xid = h.xid;
    dhcp6_say(f, &r);    /* not whom we asked */
    ck_assert_uint_eq(dhcp6.stats.in_unexpected, 1);
    r.other = true;
    dhcp6_say(f, &r);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    ck_assert(dhcp6_is_ours(f, dhcp6_leased));
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_OK);
    ck_assert(tern_addr_equal(&lease.addrs[0], (const struct tern_addr[]){ addr6(dhcp6_leased) }));
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 1);
    ck_assert_ptr_null(tern_net_route_get(&f->net, 0));    /* an address says nothing of a prefix */
    ck_assert_uint_eq(dhcp6.stats.advertises, 3);
    ck_assert_uint_eq(dhcp6_n_counted(), 5);
}
END_TEST

START_TEST(test_dhcp6_takes_a_rapid_reply)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_STATEFUL);
    struct dhcp6_said r = dhcp6_good;
    r.xid = dhcp6_await(f).xid;
    dhcp6_say(f, &r);    /* which does not say that it is one */
    ck_assert_uint_eq(dhcp6.stats.in_unexpected, 1);
    r.rapid = true;
    dhcp6_say(f, &r);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    ck_assert(dhcp6_is_ours(f, dhcp6_leased));
    ck_assert_uint_eq(dhcp6.stats.requests, 0);
}
END_TEST

START_TEST(test_dhcp6_asks_again_later_and_later)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_STATEFUL);
    uint64_t at_ns[7];
    struct dhcp6_heard h = { 0 };
    uint32_t xid = 0;
    for (size_t i = 0; i < 7; i++) {
        h = dhcp6_await(f);
        ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
        ck_assert(i == 0 || h.xid == xid);
        xid = h.xid;
        at_ns[i] = f->now_ns;
    }
    ck_assert_uint_gt(h.elapsed_cs, 5000);
    uint64_t wait_ns = at_ns[1] - at_ns[0], slack_ns = 100 * TERN_MILLISECOND_NS;
    ck_assert_uint_ge(wait_ns + slack_ns, TERN_SECOND_NS);
    for (size_t i = 2; i < 7; i++) {
        uint64_t next_ns = at_ns[i] - at_ns[i - 1];
        ck_assert_uint_ge(next_ns + slack_ns * 2, wait_ns / 10 * 19);
        ck_assert_uint_le(next_ns, wait_ns / 10 * 21 + slack_ns * 2);
        wait_ns = next_ns;
    }
    /* The server may bound the wait; here all advertise nothing. */
    static const uint8_t max_rt[] = { 0, 82, 0, 4, 0, 0, 0, 60 };
    struct dhcp6_said r = { .type = DHCP6_ADVERTISE, .xid = xid, .status = DHCP6_NO_ADDRS,
                            .more = max_rt, .more_len = sizeof max_rt };
    dhcp6_say(f, &r);
    ck_assert_uint_eq(dhcp6.stats.refusals, 1);
    for (size_t i = 0; i < 4; i++)
        (void)dhcp6_await(f);
    uint64_t from_ns = f->now_ns;
    (void)dhcp6_await(f);
    ck_assert_uint_le(f->now_ns - from_ns, 67 * TERN_SECOND_NS);
}
END_TEST

START_TEST(test_dhcp6_starts_over_when_its_request_is_not_answered)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_STATEFUL);
    struct dhcp6_said r = dhcp6_good;
    r.type = DHCP6_ADVERTISE;
    r.preference = 255;
    r.xid = dhcp6_await(f).xid;
    dhcp6_say(f, &r);
    for (size_t i = 0; i < 10; i++)
        ck_assert_uint_eq(dhcp6_await(f).type, DHCP6_REQUEST);
    struct dhcp6_heard h = dhcp6_await(f);
    ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
    ck_assert_uint_ne(h.xid, r.xid);
    ck_assert_ptr_null(h.server);
}
END_TEST

/* ---- Without a lease ---------------------------------------------------- */

static const uint8_t others[] = { 0, 23, 0, 32,
                                  0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53,
                                  0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x54,
                                  0, 24, 0, 9, 3, 'l', 'a', 'b', 3, 'n', 'e', 't', 0,
                                  0, 32, 0, 4, 0, 0, 0x0e, 0x10 };

START_TEST(test_dhcp6_asks_for_what_is_no_address)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_AS_ROUTERS_SAY);
    struct tern_endpoint_addr server;
    struct tern_dhcp6_lease lease;
    net6_pass(f, 5 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp6_hear(f).type, 0);    /* no router has asked us to */
    dhcp6_router_says(f, 0x40);
    struct dhcp6_heard h = dhcp6_await(f);
    ck_assert_uint_eq(h.type, DHCP6_INFORMATION_REQUEST);
    ck_assert(!h.has_ia && h.asks_refresh);
    struct dhcp6_said r = { .type = DHCP6_REPLY, .xid = h.xid, .more = others,
                            .more_len = sizeof others };
    dhcp6_say(f, &r);
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_OK);
    ck_assert(tern_addr_is_any(&lease.addrs[0]));
    ck_assert_int_eq(tern_ipv6_server(&f->net, 1, &server), TERN_OK);
    ck_assert_int_eq(tern_ipv6_server(&f->net, 2, &server), TERN_INVALID);
    ck_assert_uint_eq(f->ipv6.domains_len, 9);
    /* Other advertisements change nothing; then it is asked anew. */
    dhcp6_router_says(f, 0x40);
    dhcp6_router_says(f, 0);
    net6_leap(f, 3590 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp6_hear(f).type, 0);
    ck_assert_uint_eq(dhcp6_await(f).type, DHCP6_INFORMATION_REQUEST);
    net6_leap(f, 3700 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_ipv6_server(&f->net, 0, &server), TERN_INVALID);
}
END_TEST

START_TEST(test_dhcp6_does_as_routers_say)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_AS_ROUTERS_SAY);
    dhcp6_router_says(f, 0x40);
    ck_assert_uint_eq(dhcp6_await(f).type, DHCP6_INFORMATION_REQUEST);
    dhcp6_router_says(f, 0xc0);
    struct dhcp6_heard h = dhcp6_await(f);
    ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
    for (size_t i = 0; i < 100; i++) {    /* which is under way: routers do not start it over */
        dhcp6_router_says(f, 0x80);
        dhcp6_router_says(f, 0x40);
    }
    ck_assert_uint_eq(dhcp6_await(f).xid, h.xid);
    f = dhcp6_start(TERN_DHCP6_STATELESS);
    ck_assert_uint_eq(dhcp6_await(f).type, DHCP6_INFORMATION_REQUEST);
    dhcp6_router_says(f, 0x80);
    ck_assert_uint_eq(dhcp6_await(f).type, DHCP6_INFORMATION_REQUEST);
}
END_TEST

/* ---- Its configuration --------------------------------------------------- */

START_TEST(test_dhcp6_config_is_checked)
{
    static const uint8_t id[3] = { 0, 4, 1 };
    const struct tern_net_client_ops *ops = tern_dhcp6.ops;
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_AS_ROUTERS_SAY);
    static const struct tern_dhcp6_config bad[] = {
        { .link = TERN_NET_LINKS }, { .mode = TERN_DHCP6_STATEFUL + 1 }, { .duid_len = 3 },
        { .duid_len = 2, .duid = id }, { .duid_len = 131, .duid = id },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dhcp6.config = bad[i];
        ck_assert_int_eq(ops->init(&f->net, &dhcp6), TERN_INVALID);
    }
    dhcp6.config = (struct tern_dhcp6_config){ .duid_len = 3, .duid = id };
    ck_assert_int_eq(ops->init(&f->net, &dhcp6), TERN_OK);
}

Suite *dhcp6_suite(void)
{
    Suite *s = suite_create("dhcp6");
    TCase *c = tcase_create("client");
    tcase_add_test(c, test_dhcp6_gets_a_lease_from_the_best_server);
    tcase_add_test(c, test_dhcp6_takes_a_rapid_reply);
    tcase_add_test(c, test_dhcp6_asks_again_later_and_later);
    tcase_add_test(c, test_dhcp6_starts_over_when_its_request_is_not_answered);
    tcase_add_test(c, test_dhcp6_asks_for_what_is_no_address);
    tcase_add_test(c, test_dhcp6_does_as_routers_say);
    tcase_add_test(c, test_dhcp6_config_is_checked);
    suite_add_tcase(s, c);
    return s;
}
