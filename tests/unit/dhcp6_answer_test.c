/* SPDX-License-Identifier: ISC */
/*
 * What is no answer to the DHCPv6 client, or a broken one.
 */
#include "dhcp6_fixture.h"
#include "suites.h"

START_TEST(test_dhcp6_takes_only_answers_to_its_question)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_STATEFUL);
    struct dhcp6_heard h = dhcp6_await(f);
    struct dhcp6_said r = dhcp6_good;
    r.rapid = true;
    r.xid = h.xid ^ 1;
    dhcp6_say(f, &r);
    r.xid = h.xid;
    r.not_to_us = true;
    dhcp6_say(f, &r);
    r.not_to_us = false;
    r.to = "ff02::1";    /* section 16: always to us alone; nobody listens there */
    dhcp6_say(f, &r);
    r.to = NULL;
    r.type = DHCP6_RECONFIGURE;
    dhcp6_say(f, &r);
    r.type = DHCP6_REPLY;
    struct tern_ipv6_address other = { .addr = addr6("2001:db8::55"), .prefix_len = 64 };
    f->ipv6.config.no_dad = true;
    ck_assert_int_eq(tern_ipv6_set(&f->net, 0, &other), TERN_OK);
    r.to = "2001:db8::55";    /* as somebody off the link could */
    dhcp6_say(f, &r);
    r.to = NULL;
    ck_assert_uint_eq(f->udp.stats.in_no_port, 1);
    ck_assert_uint_eq(dhcp6.stats.in_not_ours, 4);
    ck_assert_uint_eq(dhcp6_n_counted(), 4);
    ck_assert_uint_eq(dhcp6.state, DHCP6_SOLICITING);
    r.type = DHCP6_REPLY;
    dhcp6_say(f, &r);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(dhcp6.state, DHCP6_BOUND);
    dhcp6_say(f, &r);    /* once more: nothing was asked */
    ck_assert_uint_eq(dhcp6.stats.in_unexpected, 1);
}
END_TEST

/*
 * Lengths of options in options that end before their own, or past what they
 * stand in (CVE-2026-7424): no lease, and no octet past the datagram is read.
 */
START_TEST(hostile_net_53_dhcp6_sub_options_that_do_not_fit)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_STATEFUL);
    struct dhcp6_said r = dhcp6_good;
    uint8_t msg[1400];
    r.rapid = true;
    r.ia_status = DHCP6_NO_ADDRS;
    r.xid = dhcp6_await(f).xid;
    size_t len = dhcp6_reply_emit(msg, &r), ia = len - 4 - 12 - 28 - 6, n = 0;
    ck_assert_uint_eq(tern_load_be16(msg + ia), 3);
    /* Each length field within it, with every value that does not fit, or is too short. */
    static const size_t at[] = { 2, 4 + 12 + 2, 4 + 12 + 28 + 2 };
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        uint16_t right = tern_load_be16(msg + ia + at[i]);
        for (uint32_t value = 0; value <= UINT16_MAX; value += value < 300 ? 1 : 997) {
            if (value == right)
                continue;
            tern_store_be16(msg + ia + at[i], (uint16_t)value);
            dhcp6_say_octets(f, msg, len, NULL);
            ck_assert_uint_eq(dhcp6_n_counted(), ++n);
            ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
        }
        tern_store_be16(msg + ia + at[i], right);
    }
    ck_assert_uint_ge(dhcp6.stats.in_malformed, 1000);
    ck_assert_uint_eq(dhcp6.state, DHCP6_SOLICITING);
    /* Every truncation of a dhcp6_good one. */
    f = dhcp6_start(TERN_DHCP6_STATEFUL);
    r = dhcp6_good;
    r.rapid = true;
    r.xid = dhcp6_await(f).xid;
    len = dhcp6_reply_emit(msg, &r);
    for (size_t cut = 0; cut < len; cut++) {
        dhcp6_say_octets(f, msg, cut, NULL);
        ck_assert_uint_eq(dhcp6_n_counted(), cut + 1);
        ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    }
    ck_assert_uint_eq(dhcp6.stats.in_short, 4);
    ck_assert_uint_eq(dhcp6.state, DHCP6_SOLICITING);
    dhcp6_say_octets(f, msg, len, NULL);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 1);
}
END_TEST

START_TEST(hostile_net_53_dhcp6_addresses_that_no_host_has)
{
    static const char *const bad[] = { "::", "::1", "ff02::1", "fe80::1", "::ffff:10.0.0.1" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct net6_fixture *f = dhcp6_start(TERN_DHCP6_STATEFUL);
        struct dhcp6_said r = dhcp6_good;
        r.addr = bad[i];
        r.rapid = true;
        r.xid = dhcp6_await(f).xid;
        dhcp6_say(f, &r);
        ck_assert_uint_eq(dhcp6.stats.refusals, 1);
        ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    }
}
END_TEST

Suite *dhcp6_answer_suite(void)
{
    Suite *s = suite_create("dhcp6_answer");
    TCase *c = tcase_create("answer");
    tcase_add_test(c, test_dhcp6_takes_only_answers_to_its_question);
    tcase_add_test(c, hostile_net_53_dhcp6_sub_options_that_do_not_fit);
    tcase_add_test(c, hostile_net_53_dhcp6_addresses_that_no_host_has);
    suite_add_tcase(s, c);
    return s;
}
