/* SPDX-License-Identifier: ISC */
/*
 * Addresses from prefixes (RFC 4862 section 5.5.3, RFC 7217, RFC 8981).
 */
#include "net6_fixture.h"
#include "suites.h"

#include <stdio.h>

#define DAY_S UINT64_C(86400)

static struct net6_msg m;

static const char all[] = "ff02::1", router[] = "fe80::aa", net_a[] = "2001:db8:a::/64";
static const uint8_t secret[16] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static struct net6_fixture *start(unsigned flags)
{
    struct net6_fixture *f = net6_fixture_bare();
    f->ipv6.config.no_dad = true;
    memcpy(f->ipv6.stable_secret, secret, 16);
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, flags), TERN_OK);
    return f;
}

static void advertise(struct net6_fixture *f, const char *prefix, uint32_t valid_s,
                      uint32_t preferred_s)
{
    net6_ra(&m, 0, 0, 9000);
    net6_prefix(&m, prefix, 0xc0, valid_s, preferred_s);
    net6_say(f, router, all, &m);
}

static const struct tern_ipv6_own *own_of(struct net6_fixture *f, enum tern_ipv6_origin origin)
{
    struct tern_addr a = net6_own(f, origin);
    return tern_ipv6_own_find(&f->ipv6, 0, &a);
}

static uint64_t left_s(const struct net6_fixture *f, uint64_t until_ns)
{
    return (until_ns - f->now_ns + TERN_SECOND_NS / 2) / TERN_SECOND_NS;
}

/* ---- Stable ones -------------------------------------------------------- */

START_TEST(test_slaac_address_is_made_from_a_prefix)
{
    struct net6_fixture *f = start(TERN_IPV6_AUTO);
    struct tern_addr prefix = addr6("2001:db8:a::");
    advertise(f, net_a, 3600, 1800);
    const struct tern_ipv6_own *own = own_of(f, TERN_IPV6_FROM_PREFIX);
    ck_assert(tern_net_prefix_has(&prefix, 64, &own->addr));
    ck_assert_uint_eq(own->state, TERN_IPV6_PREFERRED);
    ck_assert_uint_eq(own->prefix_len, 64);
    ck_assert_uint_eq(left_s(f, own->preferred_ns), 1800);
    ck_assert_uint_eq(left_s(f, own->valid_ns), 3600);
    ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS, &own->addr), 1);
    advertise(f, net_a, 3600, 1800);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX), 1);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX_TEMPORARY), 0);
}
END_TEST

START_TEST(test_slaac_identifier_is_stable_in_a_network_and_another_elsewhere)
{
    struct net6_fixture *f = start(TERN_IPV6_AUTO);
    struct tern_addr a = addr6("2001:db8:a::"), b = addr6("2001:db8:b::"), again = a, c;
    tern_slaac_stable(&f->ipv6, 0, &a, 0);
    tern_slaac_stable(&f->ipv6, 0, &again, 0);
    tern_slaac_stable(&f->ipv6, 0, &b, 0);
    ck_assert(tern_addr_equal(&a, &again));
    ck_assert_mem_ne(a.octets + 8, b.octets + 8, 8);    /* by prefix */
    c = a;
    tern_slaac_stable(&f->ipv6, 0, &c, 1);              /* by counter */
    ck_assert_mem_ne(a.octets + 8, c.octets + 8, 8);
    c = a;
    tern_slaac_stable(&f->ipv6, 1, &c, 0);              /* by link */
    ck_assert_mem_ne(a.octets + 8, c.octets + 8, 8);
    f->ipv6.stable_secret[15] ^= 1;                     /* by secret */
    c = a;
    tern_slaac_stable(&f->ipv6, 0, &c, 0);
    ck_assert_mem_ne(a.octets + 8, c.octets + 8, 8);
    advertise(f, net_a, 3600, 1800);
    ck_assert(tern_addr_equal(&c, &(struct tern_addr[]){ net6_own(f, TERN_IPV6_FROM_PREFIX) }[0]));
}
END_TEST

START_TEST(test_slaac_prefix_that_says_what_cannot_be_is_passed_over)
{
    static const struct { const char *prefix; uint32_t valid_s, preferred_s; } cases[] = {
        { "2001:db8:a::/63", 3600, 1800 },  { "2001:db8:a::/65", 3600, 1800 },
        { "2001:db8:a::1/128", 3600, 1800 }, { "2001:db8:a::/64", 1800, 1801 },
        { "2001:db8:a::/64", 0, 1 },         { "fe80::/64", 3600, 1800 },
        { "ff02::/64", 3600, 1800 },
    };
    struct net6_fixture *f = start(TERN_IPV6_AUTO);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        net6_ra(&m, 0, 0, 9000);
        net6_prefix(&m, cases[i].prefix, 0x40, cases[i].valid_s, cases[i].preferred_s);
        net6_say(f, router, all, &m);
        ck_assert_msg(f->ipv6.stats.nd_bad_options == i + 1, "case %zu", i);
    }
    advertise(f, net_a, 0, 0);    /* this is a fact, but nothing follows */
    net6_ra(&m, 0, 0, 9000);
    net6_prefix(&m, net_a, 0x80, 3600, 1800);    /* not for addresses */
    net6_say(f, router, all, &m);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX), 0);
    ck_assert_uint_eq(f->ipv6.stats.nd_bad_options, sizeof cases / sizeof cases[0]);
}
END_TEST

/* RFC 4862 section 5.5.3 (e). */
START_TEST(test_slaac_valid_lifetime_is_not_cut_below_two_hours)
{
    static const struct { uint32_t left_s, said_s, then_s; } cases[] = {
        { 86400, 90000, 90000 },    /* more */
        { 86400, 7201, 7201 },      /* less, but above two hours */
        { 86400, 7200, 7200 },
        { 86400, 60, 7200 },
        { 86400, 0, 7200 },
        { 7300, 60, 7200 },
        { 7200, 60, 7200 },         /* at or below: as it was */
        { 100, 60, 100 },
        { 100, 0, 100 },
        { 100, 200, 200 },          /* more is always good */
        { 100, UINT32_MAX, 0 },     /* for ever */
        { UINT32_MAX, 60, 7200 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net6_fixture *f = start(TERN_IPV6_AUTO);
        advertise(f, net_a, cases[i].left_s, 0);
        const struct tern_ipv6_own *own = own_of(f, TERN_IPV6_FROM_PREFIX);
        ck_assert_uint_eq(own->state, TERN_IPV6_DEPRECATED);
        advertise(f, net_a, cases[i].said_s, cases[i].said_s < 50 ? 0 : 50);
        if (cases[i].then_s == 0)
            ck_assert(own->valid_ns == TERN_NEVER);
        else
            ck_assert_msg(left_s(f, own->valid_ns) == cases[i].then_s, "case %zu", i);
        ck_assert_uint_eq(own->state, cases[i].said_s < 50 ? TERN_IPV6_DEPRECATED
                                                           : TERN_IPV6_PREFERRED);
    }
}
END_TEST

START_TEST(test_slaac_address_is_deprecated_and_preferred_again_as_routers_say)
{
    struct net6_fixture *f = start(TERN_IPV6_AUTO);
    advertise(f, net_a, 7200, 60);
    const struct tern_ipv6_own *own = own_of(f, TERN_IPV6_FROM_PREFIX);
    struct tern_addr addr = own->addr;
    net6_pass(f, 61 * TERN_SECOND_NS);
    ck_assert_uint_eq(own->state, TERN_IPV6_DEPRECATED);
    advertise(f, net_a, 7200, 60);
    ck_assert_uint_eq(own->state, TERN_IPV6_PREFERRED);
    advertise(f, net_a, 7200, 0);
    ck_assert_uint_eq(own->state, TERN_IPV6_DEPRECATED);
    net6_leap(f, 7201 * TERN_SECOND_NS);
    ck_assert_uint_eq(net6_state(f, &addr), TERN_IPV6_UNUSED);
    ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS_LOST, &addr), 1);
}
END_TEST

START_TEST(test_slaac_duplicate_is_replaced_three_times)
{
    struct net6_fixture *f = net6_fixture_bare();
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    net6_pass(f, 3 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    advertise(f, net_a, 3600, 1800);
    for (size_t i = 0; i < 4; i++) {
        char addr[TERN_ADDR_TEXT_CAP];
        struct net6_heard h;
        do
            h = net6_await(f);
        while (h.type != ICMP6_NS);
        ck_assert_uint_eq(tern_load_be16(h.target.octets + 4), 0xa);
        tern_addr_format(&h.target, addr);
        net6_na(&m, addr, 0);
        net6_say(f, "fe80::2", all, &m);
    }
    ck_assert_uint_eq(own_of(f, TERN_IPV6_FROM_PREFIX)->state, TERN_IPV6_DUPLICATE);
    fake_link_clear(&f->wire);
    advertise(f, net_a, 3600, 1800);    /* it is not tried again at each advertisement */
    net6_pass(f, 5 * TERN_SECOND_NS);
    ck_assert(net6_quiet(f));
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX), 1);
}
END_TEST

START_TEST(test_slaac_prefixes_are_as_many_as_there_is_room_for)
{
    struct net6_fixture *f = start(TERN_IPV6_AUTO | TERN_IPV6_TEMPORARY);
    char prefix[40];
    for (unsigned i = 0; i < 100; i++) {
        snprintf(prefix, sizeof prefix, "2001:db8:%x::/64", i);
        advertise(f, prefix, UINT32_MAX, UINT32_MAX);
    }
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX), 8);
    ck_assert_uint_le(net6_count(f, TERN_IPV6_FROM_PREFIX_TEMPORARY), 8);
    net6_leap(f, 10 * DAY_S * TERN_SECOND_NS);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX), 8);
}
END_TEST

/* 16 of all links: the other eight are for what is configured, and link-local ones. */
START_TEST(test_slaac_addresses_leave_room_for_others)
{
    struct net6_fixture *f = start(TERN_IPV6_AUTO | TERN_IPV6_TEMPORARY);
    char prefix[40];
    for (unsigned i = 0; i < 8; i++) {
        snprintf(prefix, sizeof prefix, "2001:db8:%x::/64", i);
        advertise(f, prefix, UINT32_MAX, UINT32_MAX);
    }
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX_TEMPORARY), 8);
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 1, TERN_IPV6_AUTO), TERN_OK);
    struct tern_nd_option o = { .type = ND_OPT_PREFIX, .prefix = addr6("2001:db8:b::"),
                                .prefix_len = 64, .flags = 0x40, .lifetime_s = 9000 };
    ck_assert_uint_eq(f->ipv6.stats.prefix_no_room, 0);
    tern_slaac_prefix(&f->ipv6, 1, &o);
    ck_assert_uint_eq(f->ipv6.stats.prefix_no_room, 1);
}
END_TEST

START_TEST(test_slaac_prefix_that_is_over_makes_nothing)
{
    struct net6_fixture *f = start(TERN_IPV6_AUTO);
    net6_pass(f, 10 * TERN_SECOND_NS);
    uint64_t n_reports = f->ipv6.stats.ip.group_reports;
    advertise(f, net_a, 0, 0);
    net6_pass(f, 10 * TERN_SECOND_NS);
    ck_assert_uint_eq(f->ipv6.stats.ip.group_reports, n_reports);
    ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS, NULL), 1);
}
END_TEST

/* ---- Temporary ones ----------------------------------------------------- */

START_TEST(test_slaac_temporary_address_lives_at_most_its_own_time)
{
    struct net6_fixture *f = start(TERN_IPV6_AUTO | TERN_IPV6_TEMPORARY);
    advertise(f, net_a, UINT32_MAX, UINT32_MAX);
    const struct tern_ipv6_own *own = own_of(f, TERN_IPV6_FROM_PREFIX_TEMPORARY);
    struct tern_addr stable = net6_own(f, TERN_IPV6_FROM_PREFIX);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX_TEMPORARY), 1);
    ck_assert(tern_net_prefix_has(&own->addr, 64, &stable));
    ck_assert(!tern_addr_equal(&own->addr, &stable));
    ck_assert_uint_eq(left_s(f, own->valid_ns), 2 * DAY_S);
    ck_assert_uint_le(left_s(f, own->preferred_ns), DAY_S);
    ck_assert_uint_ge(left_s(f, own->preferred_ns), DAY_S * 6 / 10);
    uint64_t valid_ns = own->valid_ns, preferred_ns = own->preferred_ns;
    net6_leap(f, 3600 * TERN_SECOND_NS);
    advertise(f, net_a, UINT32_MAX, UINT32_MAX);
    ck_assert(own->valid_ns == valid_ns && own->preferred_ns == preferred_ns);
    /* The best source for what is far. */
    struct tern_addr far = addr6("2a00::1"), src;
    ck_assert_int_eq(tern_ipv6_source(&f->net, &f->ipv6, &far, 0, &src), TERN_OK);
    ck_assert(tern_addr_equal(&src, &own->addr));
}
END_TEST

START_TEST(test_slaac_temporary_address_is_followed_by_the_next)
{
    struct net6_fixture *f = start(TERN_IPV6_AUTO | TERN_IPV6_TEMPORARY);
    struct tern_addr seen[12] = { 0 };
    advertise(f, net_a, UINT32_MAX, UINT32_MAX);
    size_t n = 0;
    for (unsigned hour = 0; hour < 24 * 5; hour++) {
        struct tern_addr far = addr6("2a00::1"), src;
        advertise(f, net_a, UINT32_MAX, UINT32_MAX);
        ck_assert_int_eq(tern_ipv6_source(&f->net, &f->ipv6, &far, 0, &src), TERN_OK);
        ck_assert_uint_eq(tern_ipv6_own_find(&f->ipv6, 0, &src)->origin,
                          TERN_IPV6_FROM_PREFIX_TEMPORARY);
        if (n == 0 || !tern_addr_equal(&seen[n - 1], &src)) {
            ck_assert_uint_lt(n, 12);
            for (size_t i = 0; i < n; i++)
                ck_assert(!tern_addr_equal(&seen[i], &src));
            seen[n++] = src;
        }
        ck_assert_uint_le(net6_count(f, TERN_IPV6_FROM_PREFIX_TEMPORARY), 5);
        for (unsigned i = 0; i < 60; i++)
            net6_leap(f, 60 * TERN_SECOND_NS);
    }
    ck_assert_uint_ge(n, 5);
    ck_assert_uint_le(n, 9);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX), 1);
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX_TEMPORARY), 0);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX), 1);
}
END_TEST

START_TEST(test_slaac_temporary_address_is_not_made_for_a_moment)
{
    struct net6_fixture *f = start(TERN_IPV6_AUTO | TERN_IPV6_TEMPORARY);
    advertise(f, net_a, 3600, 5);    /* REGEN_ADVANCE */
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX), 1);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX_TEMPORARY), 0);
    advertise(f, net_a, 3600, 7);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX_TEMPORARY), 1);
}
END_TEST

START_TEST(test_slaac_temporary_duplicate_is_replaced)
{
    struct net6_fixture *f = net6_fixture_bare();
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO | TERN_IPV6_TEMPORARY), TERN_OK);
    net6_pass(f, 3 * TERN_SECOND_NS);
    advertise(f, net_a, UINT32_MAX, UINT32_MAX);
    struct tern_addr last = { { 0 } };
    for (size_t i = 0; i < 4; i++) {
        char addr[TERN_ADDR_TEXT_CAP];
        struct tern_addr a = net6_own(f, TERN_IPV6_FROM_PREFIX_TEMPORARY);
        ck_assert(!tern_addr_equal(&a, &last));
        last = a;
        tern_slaac_stable(&f->ipv6, 0, &last, (uint8_t)i);
        ck_assert(!tern_addr_equal(&a, &last));    /* nor one that tells who we are */
        last = a;
        tern_addr_format(&a, addr);
        net6_na(&m, addr, 0);
        net6_say(f, "fe80::2", all, &m);
    }
    ck_assert_uint_eq(net6_state(f, &last), TERN_IPV6_DUPLICATE);
    net6_pass(f, 10 * TERN_SECOND_NS);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_PREFIX_TEMPORARY), 1);
}
END_TEST

Suite *slaac_suite(void)
{
    Suite *s = suite_create("slaac");
    TCase *c = tcase_create("stable");
    tcase_add_test(c, test_slaac_address_is_made_from_a_prefix);
    tcase_add_test(c, test_slaac_identifier_is_stable_in_a_network_and_another_elsewhere);
    tcase_add_test(c, test_slaac_prefix_that_says_what_cannot_be_is_passed_over);
    tcase_add_test(c, test_slaac_valid_lifetime_is_not_cut_below_two_hours);
    tcase_add_test(c, test_slaac_address_is_deprecated_and_preferred_again_as_routers_say);
    tcase_add_test(c, test_slaac_duplicate_is_replaced_three_times);
    tcase_add_test(c, test_slaac_prefixes_are_as_many_as_there_is_room_for);
    tcase_add_test(c, test_slaac_addresses_leave_room_for_others);
    tcase_add_test(c, test_slaac_prefix_that_is_over_makes_nothing);
    suite_add_tcase(s, c);
    c = tcase_create("temporary");
    tcase_add_test(c, test_slaac_temporary_address_lives_at_most_its_own_time);
    tcase_add_test(c, test_slaac_temporary_address_is_followed_by_the_next);
    tcase_add_test(c, test_slaac_temporary_address_is_not_made_for_a_moment);
    tcase_add_test(c, test_slaac_temporary_duplicate_is_replaced);
    suite_add_tcase(s, c);
    return s;
}
