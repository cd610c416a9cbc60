/* SPDX-License-Identifier: ISC */
/*
 * What is not forwarded: what is answered, and what ends without a word. Most
 * tests run for IPv4 and IPv6.
 */
#include "forward_fixture.h"
#include "suites.h"

#include <string.h>

/* ---- Errors --------------------------------------------------------------- */

START_TEST(test_forward_answers_when_the_hops_are_used_up)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    say.ttl = 1;
    forward_in(f, &say, 80, 700);
    forward_error_is(f, forward_families[_i], _i == V6 ? 3 : 11, 0, 0);
    ck_assert_uint_eq(f->forward.stats.expired, 1);
    ck_assert(forward_quiet(f));
    forward_counted(f);
}
END_TEST

START_TEST(test_forward_answers_without_a_route)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    say.dst = forward_families[_i]->nowhere;
    forward_in(f, &say, 80, 10);
    forward_error_is(f, forward_families[_i], _i == V6 ? 1 : 3, 0, 0);
    ck_assert_uint_eq(f->forward.stats.no_route, 1);
    forward_counted(f);
}
END_TEST

/* RFC 1191, RFC 4443 section 3.2: what the next link takes is said. */
START_TEST(test_forward_answers_what_is_too_big)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    size_t headers = _i == V6 ? 60 : 40;
    f->wires[1].link.mtu = 1280;
    forward_in(f, &say, 80, 1280 - headers + 1);
    forward_error_is(f, forward_families[_i], _i == V6 ? 2 : 3, _i == V6 ? 0 : 4, 1280);
    ck_assert_uint_eq(f->forward.stats.too_big, 1);
    forward_in(f, &say, 80, 1280 - headers);
    forward_passed_whole(f, &say, 80, 1280 - headers);
    forward_counted(f);
}
END_TEST

/* At the rate of all errors of ours: a burst of six at most, then one a second. */
START_TEST(test_forward_hostile_answers_no_more_than_the_limit)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    unsigned answered = 0;
    say.ttl = 1;
    for (unsigned i = 0; i < 1000; i++) {
        forward_in(f, &say, 80, 10);
        answered += forward_sent(f, 0) != NULL;
    }
    ck_assert_uint_ge(answered, 1);
    ck_assert_uint_le(answered, 6);
    ck_assert_uint_eq(f->forward.stats.expired, 1000);
    ck_assert_uint_eq((_i == V6 ? f->ipv6.stats.ip.icmp_rate_limited
                                : f->ipv4.stats.ip.icmp_rate_limited), 1000 - answered);
}
END_TEST

/* RFC 1812 section 4.3.2.7, RFC 4443 section 2.4 (e): no error is about an error. */
START_TEST(test_forward_hostile_answers_no_error)
{
    struct forward_fixture *f = forward_fixture(0);
    static const uint8_t ext[8] = { 58, 0, 1, 4 };
    struct forward_say say = forward_tcp(forward_families[_i]);
    say.protocol = _i == V6 ? 58 : 1;
    say.ttl = 1;
    forward_in(f, &say, 0, 40);    /* destination unreachable of IPv6 is 1, of IPv4 3 */
    const struct fake_frame *sent = forward_sent(f, 0);
    static uint8_t frame[PACKET_CAP];
    (void)sent;
    size_t len = forward_frame(frame, &say, 0, 40);
    frame[PACKET_ETH + (_i == V6 ? 40 : 20)] = _i == V6 ? 1 : 3;
    uint64_t before = _i == V6 ? f->ipv6.stats.icmp_not_allowed : f->ipv4.stats.icmp_not_allowed;
    fake_link_clear(&f->wires[0]);
    (void)fake_link_input(&f->wires[0], frame, len, f->now_ns);
    ck_assert_ptr_null(forward_sent(f, 0));
    ck_assert_uint_eq((_i == V6 ? f->ipv6.stats.icmp_not_allowed : f->ipv4.stats.icmp_not_allowed),
                      before + 1);
    if (_i == V4)
        return;
    say.options = ext;    /* behind an extension header it is one, too */
    say.options_len = 8;
    say.next = 60;
    len = forward_frame(frame, &say, 0, 40);
    frame[PACKET_ETH + 48] = 1;
    (void)fake_link_input(&f->wires[0], frame, len, f->now_ns);
    ck_assert_ptr_null(forward_sent(f, 0));
    ck_assert_uint_eq(f->ipv6.stats.icmp_not_allowed, before + 2);
}
END_TEST

/* ---- What is never forwarded ---------------------------------------------- */

static const struct { int family; const char *src, *dst; bool is_source; } never[] = {
    { V4, "10.0.0.2", "169.254.1.1", false },     { V4, "10.0.0.2", "127.0.0.1", false },
    { V4, "10.0.0.2", "0.0.0.1", false },         { V4, "10.0.0.2", "240.0.0.1", false },
    { V4, "10.0.0.2", "239.1.1.1", false },       { V4, "10.0.0.2", "10.1.0.255", false },
    { V4, "169.254.1.1", "10.1.0.2", true },      { V4, "10.1.0.255", "10.1.0.2", true },
    { V6, "2001:db8::2", "fe80::77", false },     { V6, "2001:db8::2", "::1", false },
    { V6, "2001:db8::2", "ff0e::1", false },      { V6, "2001:db8::2", "::ffff:10.1.0.2", false },
};

START_TEST(test_forward_hostile_addresses_of_no_other_place)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[never[_i].family]);
    say.src = never[_i].src;
    say.dst = never[_i].dst;
    if (strstr(say.dst, "ffff") != NULL)
        return;    /* tern_addr has no other form of it: IPv4's tests have it */
    forward_in(f, &say, 80, 10);
    ck_assert(forward_quiet(f));
    ck_assert_uint_eq(f->forward.stats.passed, 0);
    ck_assert_uint_eq(f->forward.stats.bad_source, never[_i].is_source);
    forward_counted(f);
}
END_TEST

/* RFC 4443 section 3.1, code 2: its sender hears that its address ends at the link. */
START_TEST(test_forward_answers_a_source_of_the_link_only)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(&forward_v6);
    say.src = "fe80::77";
    forward_in(f, &say, 80, 10);
    ck_assert_uint_eq(f->forward.stats.bad_source, 1);
    ck_assert_ptr_null(forward_sent(f, 1));
    ck_assert_uint_eq(f->ipv6.stats.icmp_errors_out, 1);    /* held: nobody has met it */
    say.src = "::";
    say.protocol = 58;
    forward_in(f, &say, 0x8000, 10);
    ck_assert_uint_eq(f->forward.stats.bad_source, 2);
    forward_counted(f);
}
END_TEST

START_TEST(test_forward_hostile_packet_in_a_frame_for_many)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    static const uint8_t all_nodes[6] = { 0x33, 0x33, 0, 0, 0, 1 };
    say.dst_mac = _i == V6 ? all_nodes : packet_mac_broadcast;
    forward_in(f, &say, 80, 10);
    ck_assert(forward_quiet(f));
    ck_assert_uint_eq(f->forward.stats.link_group, 1);
    forward_counted(f);
}
END_TEST

/* A spoofed source is not ours, nor behind another link where that is looked at (RFC 3704). */
START_TEST(test_forward_hostile_source_that_is_elsewhere)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    say.src = forward_families[_i]->us[1];
    forward_in(f, &say, 80, 10);
    ck_assert_uint_eq(f->forward.stats.in, 0);
    say.src = forward_families[_i]->far_b;    /* behind link 1 */
    forward_in(f, &say, 80, 10);
    ck_assert_uint_eq(f->forward.stats.passed, 1);
    ck_assert_int_eq(tern_forward_link(&f->net, 0, 3 | TERN_FORWARD_CHECK_SOURCE), TERN_OK);
    forward_in(f, &say, 80, 10);
    say.src = forward_families[_i]->nowhere;
    forward_in(f, &say, 80, 10);
    ck_assert_uint_eq(f->forward.stats.wrong_way, 2);
    say.src = forward_families[_i]->a;
    forward_in(f, &say, 80, 10);
    ck_assert_uint_eq(f->forward.stats.passed, 2);
    forward_counted(f);
}
END_TEST

/* IPv4's source routes are followed by nobody (RFC 7126 section 4.3). */
START_TEST(test_forward_hostile_source_route)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(&forward_v4);
    static const uint8_t route[8] = { 0x83, 7, 4, 10, 1, 0, 2, 0 };
    say.options = route;
    say.options_len = 8;
    forward_in(f, &say, 80, 10);
    ck_assert(forward_quiet(f));
    ck_assert_uint_eq(f->ipv4.stats.in_source_route, 1);
    ck_assert_uint_eq(f->forward.stats.in, 0);
}
END_TEST

Suite *forward_refuse_suite(void)
{
    Suite *s = suite_create("forward_refuse");
    TCase *c = tcase_create("refuse");
    tcase_add_loop_test(c, test_forward_answers_when_the_hops_are_used_up, 0, FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_answers_without_a_route, 0, FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_answers_what_is_too_big, 0, FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_hostile_answers_no_more_than_the_limit, 0,
                        FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_hostile_answers_no_error, 0, FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_hostile_addresses_of_no_other_place, 0,
                        sizeof never / sizeof never[0]);
    tcase_add_test(c, test_forward_answers_a_source_of_the_link_only);
    tcase_add_loop_test(c, test_forward_hostile_packet_in_a_frame_for_many, 0, FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_hostile_source_that_is_elsewhere, 0, FORWARD_FAMILIES);
    tcase_add_test(c, test_forward_hostile_source_route);
    suite_add_tcase(s, c);
    return s;
}
