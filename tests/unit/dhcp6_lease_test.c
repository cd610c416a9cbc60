/* SPDX-License-Identifier: ISC */
/*
 * What the DHCPv6 client makes of a lease: its times, renewal and end, addresses
 * that another has, a link that goes and comes back.
 */
#include "dhcp6_fixture.h"
#include "suites.h"

static struct net6_msg m;

START_TEST(test_dhcp6_renews_then_rebinds_then_loses_it)
{
    struct net6_fixture *f = dhcp6_bound_by(&dhcp6_good);
    struct dhcp6_said r = dhcp6_good;
    uint64_t from_ns = f->now_ns;
    net6_leap(f, 998 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp6_hear(f).type, 0);
    struct dhcp6_heard h = dhcp6_await(f);
    ck_assert_uint_eq(h.type, DHCP6_RENEW);
    ck_assert_uint_eq(h.server_len, sizeof dhcp6_server_id);
    struct tern_addr leased = addr6(dhcp6_leased);
    ck_assert(h.has_addr && tern_addr_equal(&h.addr, &leased));
    r.xid = h.xid;
    r.valid_s = 6000;
    dhcp6_say(f, &r);
    ck_assert_uint_eq(dhcp6.stats.replies, 2);
    struct tern_dhcp6_lease lease;
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_OK);
    ck_assert_uint_ge(lease.expires_ns - from_ns, 6990 * TERN_SECOND_NS);
    from_ns = f->now_ns;
    net6_leap(f, 1000 * TERN_SECOND_NS);
    for (h = dhcp6_await(f); h.type == DHCP6_RENEW; h = dhcp6_await(f))
        ck_assert_uint_lt(f->now_ns - from_ns, 1601 * TERN_SECOND_NS);
    ck_assert_uint_eq(h.type, DHCP6_REBIND);
    ck_assert_ptr_null(h.server);
    ck_assert(dhcp6_is_ours(f, dhcp6_leased));
    net6_pass(f, 450 * TERN_SECOND_NS);
    ck_assert(!dhcp6_is_ours(f, dhcp6_leased));    /* deprecated */
    net6_leap(f, from_ns + 5999 * TERN_SECOND_NS - f->now_ns);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 1);
    net6_pass(f, 3 * TERN_SECOND_NS);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    ck_assert_uint_eq(dhcp6.stats.expiries, 1);
    while ((h = dhcp6_hear(f)).type == DHCP6_REBIND)
        ;
    ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_AGAIN);
}
END_TEST

START_TEST(test_dhcp6_rebinds_with_any_server)
{
    struct net6_fixture *f = dhcp6_bound_by(&dhcp6_good);
    struct dhcp6_said r = dhcp6_good;
    struct dhcp6_heard h;
    net6_leap(f, 1601 * TERN_SECOND_NS);
    while ((h = dhcp6_await(f)).type != DHCP6_REBIND)
        ;
    r.xid = h.xid;
    r.other = true;
    dhcp6_say(f, &r);
    net6_leap(f, 1001 * TERN_SECOND_NS);
    h = dhcp6_await(f);
    ck_assert_uint_eq(h.type, DHCP6_RENEW);
    ck_assert_mem_eq(h.server, dhcp6_other_id, sizeof dhcp6_other_id);
}
END_TEST

/* Section 18.2.10.1: what a server answers to a RENEW instead of a lease. */
START_TEST(test_dhcp6_refusals)
{
    static const struct { uint16_t status, ia_status; uint8_t then; bool keeps; } cases[] = {
        { DHCP6_UNSPEC_FAIL, 0, DHCP6_RENEW, true },
        { DHCP6_USE_MULTICAST, 0, DHCP6_RENEW, true },
        { 0, DHCP6_NO_ADDRS, DHCP6_RENEW, true },
        { 0, DHCP6_NO_BINDING, DHCP6_REQUEST, true },
        { DHCP6_NOT_ON_LINK, 0, DHCP6_SOLICIT, false },
        { 77, 0, DHCP6_RENEW, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net6_fixture *f = dhcp6_bound_by(&dhcp6_good);
        net6_leap(f, 1000 * TERN_SECOND_NS);
        struct dhcp6_said r = { .type = DHCP6_REPLY, .xid = dhcp6_await(f).xid,
                                .status = cases[i].status, .ia_status = cases[i].ia_status };
        dhcp6_say(f, &r);
        ck_assert_uint_eq(dhcp6.stats.refusals, 1);
        ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), cases[i].keeps);
        ck_assert_uint_eq(dhcp6_await(f).type, cases[i].then);
    }
    /* An address that is no longer valid; and another in its place. */
    struct net6_fixture *f = dhcp6_bound_by(&dhcp6_good);
    struct dhcp6_said r = dhcp6_good;
    net6_leap(f, 1000 * TERN_SECOND_NS);
    r.xid = dhcp6_await(f).xid;
    r.addr = "2001:db8::65";
    dhcp6_say(f, &r);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    ck_assert(dhcp6_is_ours(f, "2001:db8::65"));
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 2);    /* it did not speak of the other */
    net6_leap(f, 1000 * TERN_SECOND_NS);
    r.xid = dhcp6_await(f).xid;
    r.preferred_s = r.valid_s = 0;
    dhcp6_say(f, &r);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    ck_assert_uint_eq(dhcp6_await(f).type, DHCP6_SOLICIT);
}
END_TEST

/* Two of one association (RFC 8415 section 12.2): as where a server has two prefixes. */
START_TEST(test_dhcp6_has_two_addresses_of_an_association)
{
    struct dhcp6_said two = dhcp6_good;
    struct tern_dhcp6_lease lease;
    two.addr_2 = "fd00::64";
    two.t1_s = two.t2_s = 0;
    struct net6_fixture *f = dhcp6_bound_by(&two);
    ck_assert(dhcp6_is_ours(f, dhcp6_leased) && dhcp6_is_ours(f, "fd00::64"));
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_OK);
    ck_assert(tern_addr_equal(&lease.addrs[1], (const struct tern_addr[]){ addr6("fd00::64") }));
    ck_assert_uint_eq(dhcp6.lease.t1_ns - f->now_ns + 50 * TERN_MILLISECOND_NS,
                      1000 * TERN_SECOND_NS);    /* half of the least that is preferred */
    ck_assert_uint_eq(dhcp6.lease.valid_ns - f->now_ns + 50 * TERN_MILLISECOND_NS,
                      4000 * TERN_SECOND_NS);
    net6_leap(f, 1000 * TERN_SECOND_NS);
    struct dhcp6_heard h = dhcp6_await(f);
    ck_assert_uint_eq(h.type, DHCP6_RENEW);
    ck_assert_uint_eq(h.n_addrs, 2);
    /* A third: there is no room for what is not spoken of, and the last of those goes. */
    two.addr = "2001:db8::65";
    two.addr_2 = NULL;
    two.xid = h.xid;
    dhcp6_say(f, &two);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    ck_assert(dhcp6_is_ours(f, dhcp6_leased) && dhcp6_is_ours(f, "2001:db8::65"));
    ck_assert(!dhcp6_is_ours(f, "fd00::64"));
    h = dhcp6_await(f);
    ck_assert(h.type == DHCP6_RELEASE && h.n_addrs == 1);
    ck_assert(tern_addr_equal(&h.addr, (const struct tern_addr[]){ addr6("fd00::64") }));
    dhcp6_say(f, &(struct dhcp6_said){ .type = 7, .xid = h.xid });
    net6_leap(f, 1000 * TERN_SECOND_NS);
    two.xid = dhcp6_await(f).xid;
    two.addr_2 = "2001:db8::66";
    dhcp6_say(f, &two);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    ck_assert(dhcp6_is_ours(f, "2001:db8::65") && dhcp6_is_ours(f, "2001:db8::66"));
    dhcp6_say(f, &(struct dhcp6_said){ .type = 7, .xid = dhcp6_await(f).xid });
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 2);
    ck_assert_int_eq(tern_dhcp6_release(&f->net), TERN_OK);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    h = dhcp6_await(f);
    ck_assert(h.type == DHCP6_RELEASE && h.n_addrs == 2);
}
END_TEST

START_TEST(test_dhcp6_declines_one_of_two_addresses)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_STATEFUL);
    struct dhcp6_said r = dhcp6_good;
    f->ipv6.config.no_dad = false;
    r.xid = dhcp6_await(f).xid;
    r.rapid = true;
    r.addr_2 = "fd00::64";
    dhcp6_say(f, &r);
    net6_na(&m, "fd00::64", 0x20);
    net6_mac(&m, 2, packet_mac_peer);
    net6_say(f, "fe80::2", "ff02::1", &m);
    struct dhcp6_heard h = dhcp6_await(f);
    ck_assert_uint_eq(h.type, DHCP6_DECLINE);
    ck_assert_uint_eq(h.n_addrs, 1);
    ck_assert(tern_addr_equal(&h.addr, (const struct tern_addr[]){ addr6("fd00::64") }));
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 1);
    /* When that is answered the lease goes on with the other one, to its times. */
    r = (struct dhcp6_said){ .type = 7, .xid = h.xid };
    dhcp6_say(f, &r);
    net6_pass(f, 3 * TERN_SECOND_NS);
    ck_assert(dhcp6_is_ours(f, dhcp6_leased) && !dhcp6_is_ours(f, "fd00::64"));
    ck_assert_uint_eq(dhcp6.state, DHCP6_BOUND);
    ck_assert_uint_eq(dhcp6_hear(f).type, 0);
    net6_leap(f, 1000 * TERN_SECOND_NS);
    h = dhcp6_await(f);
    ck_assert(h.type == DHCP6_RENEW && h.n_addrs == 1);
    ck_assert(tern_addr_equal(&h.addr, (const struct tern_addr[]){ addr6(dhcp6_leased) }));
}
END_TEST

START_TEST(test_dhcp6_declines_both_addresses_one_after_the_other)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_STATEFUL);
    const char *const texts[] = { "fd00::64", dhcp6_leased };
    struct dhcp6_said r = dhcp6_good;
    f->ipv6.config.no_dad = false;
    r.xid = dhcp6_await(f).xid;
    r.rapid = true;
    r.addr_2 = "fd00::64";
    dhcp6_say(f, &r);
    for (size_t i = 0; i < 2; i++) {
        net6_na(&m, texts[i], 0x20);
        net6_mac(&m, 2, packet_mac_peer);
        net6_say(f, "fe80::2", "ff02::1", &m);
        struct dhcp6_heard h = dhcp6_await(f);
        ck_assert_uint_eq(h.type, DHCP6_DECLINE);
        ck_assert_uint_eq(h.n_addrs, i + 1);    /* the first was not answered */
        r = (struct dhcp6_said){ .type = 7, .xid = h.xid };
    }
    ck_assert_uint_eq(dhcp6.stats.conflicts, 2);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    dhcp6_say(f, &r);
    ck_assert_uint_eq(dhcp6_await(f).type, DHCP6_SOLICIT);
}
END_TEST

/* As many configured addresses as leave n places. */
static void places_leave(struct net6_fixture *f, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++)
        used += f->ipv6.addrs[i].state != TERN_IPV6_UNUSED;
    for (struct tern_ipv6_address a = { .addr = addr6("2001:db8:1::100"), .prefix_len = 64 };
         used + n < TERN_IPV6_ADDRS; used++) {
        a.addr.octets[15]++;
        ck_assert_int_eq(tern_ipv6_set(&f->net, 0, &a), TERN_OK);
    }
    while (dhcp6_hear(f).type != 0)
        continue;
}

START_TEST(test_dhcp6_gives_back_what_there_is_no_room_for)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_STATEFUL);
    struct dhcp6_said r = dhcp6_good;
    places_leave(f, 1);
    r.xid = dhcp6_await(f).xid;
    r.rapid = true;
    r.addr_2 = "fd00::64";
    dhcp6_say(f, &r);
    struct dhcp6_heard h = dhcp6_await(f);
    ck_assert(h.type == DHCP6_RELEASE && h.n_addrs == 1 && h.server != NULL);
    ck_assert(tern_addr_equal(&h.addr, (const struct tern_addr[]){ addr6("fd00::64") }));
    ck_assert_uint_eq(dhcp6.stats.replies, 1);
    r = (struct dhcp6_said){ .type = 7, .xid = h.xid };
    dhcp6_say(f, &r);
    ck_assert(dhcp6_is_ours(f, dhcp6_leased));
    ck_assert_uint_eq(dhcp6.state, DHCP6_BOUND);
}
END_TEST

START_TEST(test_dhcp6_that_has_room_for_no_address_gives_all_back_and_is_quiet)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_STATEFUL);
    struct dhcp6_said r = dhcp6_good;
    places_leave(f, 0);
    r.xid = dhcp6_await(f).xid;
    r.rapid = true;
    r.addr_2 = "fd00::64";
    dhcp6_say(f, &r);
    struct dhcp6_heard h = dhcp6_await(f);
    ck_assert(h.type == DHCP6_RELEASE && h.n_addrs == 2 && h.server != NULL);
    ck_assert_uint_eq(dhcp6.stats.refusals, 1);
    r = (struct dhcp6_said){ .type = 7, .xid = h.xid };
    dhcp6_say(f, &r);
    ck_assert_uint_eq(dhcp6.state, DHCP6_STOPPED);
    dhcp6_router_says(f, 0xc0);
    net6_pass(f, 60 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp6_hear(f).type, 0);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
}
END_TEST

START_TEST(test_dhcp6_confirms_when_the_link_comes_back)
{
    for (unsigned status = 0; status <= DHCP6_NOT_ON_LINK; status++) {
        struct net6_fixture *f = dhcp6_bound_by(&dhcp6_good);
        f->wire.link.up = false;
        (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
        net6_pass(f, 5 * TERN_SECOND_NS);
        f->wire.link.up = true;
        (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
        struct dhcp6_heard h = dhcp6_await(f);
        ck_assert_uint_eq(h.type, DHCP6_CONFIRM);
        ck_assert(h.has_addr && h.server == NULL);
        struct dhcp6_said r = { .type = DHCP6_REPLY, .xid = h.xid, .status = (uint16_t)status,
                                .other = true };
        if (status == DHCP6_UNSPEC_FAIL) {    /* in this one nobody answers: it stays as it is */
            net6_pass(f, 11 * TERN_SECOND_NS);
            while ((h = dhcp6_hear(f)).type == DHCP6_CONFIRM)
                ;
            ck_assert_uint_eq(h.type, 0);
        } else {
            dhcp6_say(f, &r);
        }
        bool lost = status == DHCP6_NOT_ON_LINK;
        ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), !lost);
        ck_assert_uint_eq(dhcp6.state, status == 0 || status == DHCP6_UNSPEC_FAIL ? DHCP6_BOUND
                                       : lost ? DHCP6_SOLICITING : DHCP6_CONFIRMING);
    }
}
END_TEST

START_TEST(test_dhcp6_lease_that_ends_while_the_link_is_down_is_over)
{
    struct net6_fixture *f = dhcp6_bound_by(&dhcp6_good);
    struct tern_dhcp6_lease lease;
    f->wire.link.up = false;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_OK);
    net6_leap(f, dhcp6_good.valid_s * TERN_SECOND_NS);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_AGAIN);
    f->wire.link.up = true;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    struct dhcp6_heard h = dhcp6_await(f);
    ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
}
END_TEST

START_TEST(test_dhcp6_declines_an_address_that_another_has)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_STATEFUL);
    struct dhcp6_said r = dhcp6_good;
    struct tern_addr leased = addr6(dhcp6_leased);
    f->ipv6.config.no_dad = false;
    r.xid = dhcp6_await(f).xid;
    r.rapid = true;
    dhcp6_say(f, &r);
    ck_assert_uint_eq(net6_state(f, &leased), TERN_IPV6_TENTATIVE);
    net6_na(&m, dhcp6_leased, 0x20);
    net6_mac(&m, 2, packet_mac_peer);
    net6_say(f, dhcp6_leased, "ff02::1", &m);
    ck_assert_uint_eq(dhcp6.stats.conflicts, 1);
    ck_assert_uint_eq(net6_state(f, &leased), TERN_IPV6_UNUSED);
    struct dhcp6_heard h = dhcp6_await(f);
    ck_assert_uint_eq(h.type, DHCP6_DECLINE);
    ck_assert(h.has_addr && tern_addr_equal(&h.addr, &leased));
    ck_assert_mem_eq(h.server, dhcp6_server_id, sizeof dhcp6_server_id);
    r = (struct dhcp6_said){ .type = DHCP6_REPLY, .xid = h.xid };
    dhcp6_say(f, &r);
    ck_assert_uint_eq(dhcp6_await(f).type, DHCP6_SOLICIT);
}
END_TEST

START_TEST(test_dhcp6_gives_its_lease_back)
{
    struct net6_fixture *f = dhcp6_bound_by(&dhcp6_good);
    ck_assert_int_eq(tern_dhcp6_release(&f->net), TERN_OK);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    for (size_t i = 0; i < 4; i++) {
        struct dhcp6_heard h = dhcp6_await(f);
        ck_assert_uint_eq(h.type, DHCP6_RELEASE);
        ck_assert(h.has_addr && h.server != NULL);
    }
    dhcp6_router_says(f, 0xc0);
    net6_pass(f, 60 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp6_hear(f).type, 0);
    ck_assert_uint_eq(dhcp6.state, DHCP6_STOPPED);
    ck_assert_int_eq(tern_dhcp6_release(&f->net), TERN_OK);
    ck_assert_uint_eq(dhcp6_hear(f).type, 0);
}
END_TEST

START_TEST(test_dhcp6_times_are_put_right)
{
    static const struct {
        uint32_t t1_s, t2_s, preferred_s, valid_s, want1_s, want2_s;
        bool repaired;
    } cases[] = {
            { 0, 0, 1000, 2000, 500, 800, false },
            { 0, 0, 0, 2000, 1000, 1600, false },
            { 0, 0, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, false },
            { 100, 3000, 1000, 2000, 1000, 1600, true },
            { 900, 0, 1000, 2000, 1000, 1600, true },    /* T2 would be 800 */
            { 1, 2, 1000, 2000, 10, 10, false },
            { UINT32_MAX, UINT32_MAX, 1000, 2000, UINT32_MAX, UINT32_MAX, false },
        };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dhcp6_said r = dhcp6_good;
        r.t1_s = cases[i].t1_s;
        r.t2_s = cases[i].t2_s;
        r.preferred_s = cases[i].preferred_s;
        r.valid_s = cases[i].valid_s;
        struct net6_fixture *f = dhcp6_bound_by(&r);
        uint64_t base_ns = f->now_ns - 50 * TERN_MILLISECOND_NS;
        ck_assert_uint_eq(dhcp6.lease.t1_ns, cases[i].want1_s == UINT32_MAX
                              ? TERN_NEVER : base_ns + cases[i].want1_s * TERN_SECOND_NS);
        ck_assert_uint_eq(dhcp6.lease.t2_ns, cases[i].want2_s == UINT32_MAX
                              ? TERN_NEVER : base_ns + cases[i].want2_s * TERN_SECOND_NS);
        ck_assert_uint_eq(dhcp6.stats.repaired, cases[i].repaired);
    }
}
END_TEST

Suite *dhcp6_lease_suite(void)
{
    Suite *s = suite_create("dhcp6_lease");
    TCase *c = tcase_create("lease");
    tcase_add_test(c, test_dhcp6_renews_then_rebinds_then_loses_it);
    tcase_add_test(c, test_dhcp6_rebinds_with_any_server);
    tcase_add_test(c, test_dhcp6_refusals);
    tcase_add_test(c, test_dhcp6_has_two_addresses_of_an_association);
    tcase_add_test(c, test_dhcp6_declines_one_of_two_addresses);
    tcase_add_test(c, test_dhcp6_declines_both_addresses_one_after_the_other);
    tcase_add_test(c, test_dhcp6_gives_back_what_there_is_no_room_for);
    tcase_add_test(c, test_dhcp6_that_has_room_for_no_address_gives_all_back_and_is_quiet);
    tcase_add_test(c, test_dhcp6_confirms_when_the_link_comes_back);
    tcase_add_test(c, test_dhcp6_lease_that_ends_while_the_link_is_down_is_over);
    tcase_add_test(c, test_dhcp6_declines_an_address_that_another_has);
    tcase_add_test(c, test_dhcp6_gives_its_lease_back);
    tcase_add_test(c, test_dhcp6_times_are_put_right);
    suite_add_tcase(s, c);
    return s;
}
