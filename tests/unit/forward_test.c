/* SPDX-License-Identifier: ISC */
/*
 * Forwarding of both families: what passes and how it looks then, neighbours that
 * are waited for. Most tests run for IPv4 and IPv6.
 */
#include "forward_fixture.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

static const uint8_t mac_gateway[6] = { 2, 0, 0, 0, 0, 9 };

START_TEST(test_forward_passes_with_one_hop_less)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    for (unsigned ttl = 255; ttl > 1; ttl--) {    /* each sum's update (RFC 1624) */
        say.ttl = (uint8_t)ttl;
        forward_in(f, &say, 80, 100);
        forward_passed_whole(f, &say, 80, 100);
    }
    ck_assert_uint_eq(f->forward.stats.passed, 254);
    ck_assert_uint_eq(f->forward.stats.passed_octets, 254 * (100 + 20 + (_i == V6 ? 40 : 20)));
    ck_assert(forward_quiet(f));
    forward_counted(f);
}
END_TEST

/* A transport's sum is its ends' affair. */
START_TEST(test_forward_leaves_wrong_sums_as_they_are)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    say.bad_sum = true;
    forward_in(f, &say, 80, 101);
    forward_passed_whole(f, &say, 80, 101);
}
END_TEST

START_TEST(test_forward_is_off_until_both_links_do)
{
    const struct forward_family *family = forward_families[_i];
    unsigned flag = _i == V6 ? TERN_FORWARD_IPV6 : TERN_FORWARD_IPV4;
    struct forward_say say = forward_tcp(family);
    for (unsigned on = 0; on < 4; on++) {
        struct forward_fixture *f = forward_fixture(0);
        for (uint8_t i = 0; i < 2; i++)    /* the other family's flag is no help */
            ck_assert_int_eq(tern_forward_link(&f->net, i,
                                               (on >> i & 1 ? flag : 0) | (3 ^ flag)), TERN_OK);
        forward_in(f, &say, 80, 10);
        ck_assert_uint_eq(f->forward.stats.passed, on == 3);
        ck_assert_uint_eq(f->forward.stats.in, on & 1);
        ck_assert_uint_eq(_i == V6 ? f->ipv6.stats.in_not_ours : f->ipv4.stats.in_not_ours,
                          !(on & 1));
        ck_assert_uint_eq(f->forward.stats.no_route, on == 1);
        forward_counted(f);
    }
}
END_TEST

START_TEST(test_forward_link_refuses_what_there_is_not)
{
    struct forward_fixture *f = forward_fixture(0);
    ck_assert_int_eq(tern_forward_link(&f->net, 2, TERN_FORWARD_IPV4), TERN_INVALID);
    ck_assert_int_eq(tern_forward_link(&f->net, 0, 0x10), TERN_INVALID);
    f->forward.config.ipv6 = NULL;
    ck_assert_int_eq(tern_forward_link(&f->net, 0, TERN_FORWARD_IPV6), TERN_INVALID);
    ck_assert_int_eq(tern_forward_link(&f->net, 0, TERN_FORWARD_IPV4), TERN_OK);
    f->forward.config.ipv4 = NULL;
    ck_assert_int_eq(tern_forward_link(&f->net, 0, TERN_FORWARD_IPV4), TERN_INVALID);
    ck_assert_ptr_eq(tern_forward_stats(&f->net), &f->forward.stats);
    ck_assert_uint_eq(tern_forward_size(), sizeof f->forward);
    struct tern_metrics set = { 0 };
    unsigned n = 0;
    for (size_t i = 0; tern_net_metrics(&f->net, i, &set); i++)
        n += strcmp(tern_metrics_area(&set), "forward") == 0;
    ck_assert_uint_eq(n, 1);
    f->net.n_transports--;
    ck_assert_ptr_null(tern_forward_stats(&f->net));
    ck_assert_int_eq(tern_forward_link(&f->net, 0, 0), TERN_UNSUPPORTED);
}
END_TEST

static uint16_t routers_users(const struct forward_fixture *f, uint8_t link)
{
    static const uint8_t routers[16] = { 0xff, 2, [15] = 2 };
    uint16_t n = 0;
    for (size_t i = 0; i < f->ipv6.ip.n_groups; i++)
        if (f->ipv6.groups[i].link == link &&
            memcmp(f->ipv6.groups[i].group.octets, routers, 16) == 0)
            n = (uint16_t)(n + f->ipv6.groups[i].n_users);
    return n;
}

/* RFC 4291 section 2.8: in the group once, as long as it forwards. */
START_TEST(test_forward_is_in_the_group_of_routers)
{
    struct forward_fixture *f = forward_fixture(0);
    ck_assert_uint_eq(routers_users(f, 0), 1);
    ck_assert_int_eq(tern_forward_link(&f->net, 0, 3), TERN_OK);
    ck_assert_uint_eq(routers_users(f, 0), 1);
    ck_assert_int_eq(tern_forward_link(&f->net, 0, TERN_FORWARD_IPV4), TERN_OK);
    ck_assert_uint_eq(routers_users(f, 0), 0);
    ck_assert_uint_eq(routers_users(f, 1), 1);
    /* Without room for it nothing is changed; nor is a family that is not there. */
    size_t n_groups = f->ipv6.ip.n_groups;
    f->ipv6.ip.n_groups = 0;
    ck_assert_int_eq(tern_forward_link(&f->net, 0, TERN_FORWARD_IPV6), TERN_FULL);
    ck_assert_uint_eq(f->forward.flags[0], TERN_FORWARD_IPV4);
    f->ipv6.ip.n_groups = n_groups;
    f->net.n_networks--;
    ck_assert_int_eq(tern_forward_link(&f->net, 0, TERN_FORWARD_IPV6), TERN_UNSUPPORTED);
}
END_TEST

START_TEST(test_forward_passes_no_family_without_its_table)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    f->forward.config.ipv4 = f->forward.config.ipv6 = NULL;
    forward_in(f, &say, 80, 10);
    ck_assert_uint_eq(_i == V6 ? f->ipv6.stats.in_not_ours : f->ipv4.stats.in_not_ours, 1);
    forward_counted(f);
}
END_TEST

/* A link without an address of IPv4 forwards none, in or out. */
START_TEST(test_forward_needs_an_address)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(&forward_v4);
    say.dst = forward_v4.far_b;
    tern_ipv4_clear(&f->net, 1);
    forward_in(f, &say, 80, 10);
    ck_assert_uint_eq(f->forward.stats.no_route, 1);
    tern_ipv4_clear(&f->net, 0);
    forward_in(f, &say, 80, 10);
    ck_assert_uint_eq(f->ipv4.stats.in_not_ours, 1);
    ck_assert_uint_eq(f->forward.stats.in, 1);
    forward_counted(f);
}
END_TEST

/* ---- Our addresses of other links ------------------------------------------ */

START_TEST(test_forward_takes_another_links_address_only_if_told_to)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    uint64_t *wrong = _i == V6 ? &f->ipv6.stats.in_wrong_link : &f->ipv4.stats.in_wrong_link;
    uint64_t *delivered = _i == V6 ? &f->ipv6.stats.in_delivered : &f->ipv4.stats.in_delivered;
    uint64_t *replies =
        _i == V6 ? &f->ipv6.stats.icmp_echo_replies : &f->ipv4.stats.icmp_echo_replies;
    say.protocol = _i == V6 ? 58 : 1;
    say.dst = forward_families[_i]->us[1];
    say.frag = 0;
    static uint8_t frame[PACKET_CAP];
    size_t len = forward_frame(frame, &say, 0, 56);
    uint8_t *icmp = frame + PACKET_ETH + (_i == V6 ? 40 : 20);
    icmp[0] = _i == V6 ? 128 : 8;
    tern_store_be16(icmp + 2, 0);
    uint32_t sum = tern_checksum_add(0, icmp, len - (size_t)(icmp - frame));
    if (_i == V6)
        sum = tern_checksum_add(sum + 58 + 64, frame + PACKET_ETH + 8, 32);
    tern_store_be16(icmp + 2, tern_checksum_finish(sum));
    (void)fake_link_input(&f->wires[0], frame, len, f->now_ns);
    ck_assert_uint_eq(*wrong, 1);
    ck_assert(forward_quiet(f));
    ck_assert_int_eq(tern_forward_link(&f->net, 0, 3 | TERN_FORWARD_ANY_ADDRESS), TERN_OK);
    (void)fake_link_input(&f->wires[0], frame, len, f->now_ns);
    ck_assert_uint_eq(*wrong, 1);
    ck_assert_uint_eq(*delivered, 1);
    ck_assert_uint_eq(*replies, 1);
    const struct fake_frame *sent = forward_sent(f, 0);
    ck_assert_ptr_nonnull(sent);
    ck_assert_mem_eq(sent->data + PACKET_ETH + (_i == V6 ? 8 : 12),
                     frame + PACKET_ETH + (_i == V6 ? 24 : 16), _i == V6 ? 16 : 4);
    ck_assert_int_eq(tern_forward_link(&f->net, 0, 3), TERN_OK);
    (void)fake_link_input(&f->wires[0], frame, len, f->now_ns);
    ck_assert_uint_eq(*wrong, 2);
    forward_counted(f);
}
END_TEST

/* ---- Neighbours ------------------------------------------------------------ */

START_TEST(test_forward_waits_for_a_neighbour)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    say.dst = forward_families[_i]->far_b;
    for (unsigned i = 0; i < 5; i++)
        forward_in(f, &say, (uint16_t)(80 + i), 100);
    ck_assert_uint_eq(f->forward.stats.waiting, 3);
    ck_assert_uint_eq(f->forward.stats.waiting_full, 2);
    forward_counted(f);
    forward_answer(f, forward_families[_i], _i == V6 ? "fe80::9" : "10.1.0.9", mac_gateway);
    for (unsigned i = 0; i < 3; i++) {
        const struct fake_frame *sent = forward_sent(f, 1);
        ck_assert_ptr_nonnull(sent);
        ck_assert_mem_eq(sent->data, mac_gateway, 6);
        ck_assert(forward_sums_ok(sent->data));
        ck_assert_uint_eq(tern_load_be16(sent->data + PACKET_ETH + (_i == V6 ? 42 : 22)), 80 + i);
        ck_assert_uint_eq(sent->data[PACKET_ETH + (_i == V6 ? 7 : 8)], 63);
    }
    forward_in(f, &say, 99, 100);
    ck_assert_ptr_nonnull(forward_sent(f, 1));
    ck_assert_uint_eq(f->forward.stats.waiting, 0);
    ck_assert_uint_eq(f->forward.stats.passed, 4);
    ck_assert_uint_eq(f->blocks.n_free, f->blocks.n_blocks);
    forward_counted(f);
}
END_TEST

START_TEST(test_forward_answers_for_a_neighbour_that_does_not)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    say.dst = forward_families[_i]->unknown_b;
    forward_in(f, &say, 80, 100);
    forward_in(f, &say, 81, 100);
    forward_pass_time(f, 4 * TERN_SECOND_NS);
    forward_error_is(f, forward_families[_i], _i == V6 ? 1 : 3, _i == V6 ? 3 : 1, 0);
    forward_error_is(f, forward_families[_i], _i == V6 ? 1 : 3, _i == V6 ? 3 : 1, 0);
    ck_assert_uint_eq(f->forward.stats.no_neighbour, 2);
    ck_assert_uint_eq(f->blocks.n_free, f->blocks.n_blocks);
    forward_counted(f);
}
END_TEST

/* A scan of a prefix holds no more than TERN_FORWARD_WAITING packets (RFC 6583). */
START_TEST(test_forward_hostile_scan_of_a_prefix)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    char text[64];
    forward_in(f, &say, 80, 10);
    forward_passed_whole(f, &say, 80, 10);
    say.dst = text;
    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(text, sizeof text, _i == V6 ? "2001:db8:1::1:%x" : "10.1.0.%u", 20 + i);
        forward_in(f, &say, 80, 10);
        ck_assert_uint_le(f->forward.stats.waiting, TERN_FORWARD_WAITING);
    }
    say.dst = forward_families[_i]->b;    /* who lives is still reached */
    fake_link_clear(&f->wires[1]);
    forward_in(f, &say, 80, 10);
    forward_passed_whole(f, &say, 80, 10);
    forward_pass_time(f, 10 * TERN_SECOND_NS);
    ck_assert_uint_eq(f->forward.stats.waiting, 0);
    ck_assert_uint_eq(f->blocks.n_free, f->blocks.n_blocks);
    forward_counted(f);
}
END_TEST

START_TEST(test_forward_drops_what_waits_when_the_link_goes_down)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    say.dst = forward_families[_i]->unknown_b;
    forward_in(f, &say, 80, 100);
    f->wires[1].link.up = false;
    (void)tern_link_changed(&f->wires[1].link, f->now_ns);
    ck_assert_uint_eq(f->forward.stats.no_neighbour, 1);
    ck_assert_uint_eq(f->blocks.n_free, f->blocks.n_blocks);
    say.dst = forward_families[_i]->b;
    forward_in(f, &say, 80, 100);
    ck_assert_uint_eq(f->forward.stats.no_route, 1);
    forward_counted(f);
}
END_TEST

START_TEST(test_forward_drops_without_a_slot)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    f->wires[1].full = true;
    forward_in(f, &say, 80, 100);
    ck_assert_uint_eq(f->forward.stats.full, 1);
    f->wires[1].full = false;
    (void)fake_link_room(&f->wires[1], f->now_ns);
    forward_in(f, &say, 80, 100);
    forward_passed_whole(f, &say, 80, 100);
    forward_counted(f);
}
END_TEST

/* A route that came since is taken, whatever was found before. */
START_TEST(test_forward_follows_the_table_of_routes)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    forward_in(f, &say, 80, 10);
    forward_passed_whole(f, &say, 80, 10);
    struct tern_route back = { .prefix_len = 128, .link = 0, .expires_ns = TERN_NEVER };
    (void)tern_addr_parse(say.dst, strlen(say.dst), &back.prefix);
    (void)tern_addr_parse(say.src, strlen(say.src), &back.gateway);
    ck_assert_int_eq(tern_net_route_set(&f->net, &back), TERN_OK);
    forward_in(f, &say, 80, 10);
    ck_assert_ptr_null(forward_sent(f, 1));
    ck_assert_ptr_nonnull(forward_sent(f, 0));    /* back where it came from: no redirect */
    ck_assert(forward_quiet(f));
    ck_assert_uint_eq(f->forward.stats.passed, 2);
    forward_counted(f);
}
END_TEST

/* ---- Being a router ---------------------------------------------------------- */

/* RFC 4861 section 7.2.5: who forwards says so in its advertisements. */
START_TEST(test_forward_says_that_it_is_a_router)
{
    struct forward_fixture *f = forward_fixture(0);
    for (unsigned on = 0; on < 2; on++) {
        ck_assert_int_eq(tern_forward_link(&f->net, 1, on ? TERN_FORWARD_IPV6 : 0), TERN_OK);
        struct tern_ipv6_address a = { .prefix_len = 64 };
        (void)tern_addr_parse("2001:db8:1::5", 13, &a.addr);
        forward_pass_time(f, 5 * TERN_SECOND_NS);    /* the group's reports */
        fake_link_clear(&f->wires[1]);
        f->wires[1].link.mac[5]++;
        (void)tern_link_changed(&f->wires[1].link, f->now_ns);
        forward_pass_time(f, 2 * TERN_SECOND_NS);
        const struct fake_frame *sent;
        unsigned n = 0;
        while ((sent = fake_link_take(&f->wires[1])) != NULL) {
            const uint8_t *icmp = sent->data + PACKET_ETH + 40;
            if (tern_load_be16(sent->data + 12) != 0x86dd || sent->data[20] != 58 ||
                icmp[0] != 136)
                continue;
            ck_assert_uint_eq(icmp[4] >> 7, on);
            n++;
        }
        ck_assert_uint_ge(n, 1);
    }
}
END_TEST

Suite *forward_suite(void)
{
    Suite *s = suite_create("forward");
    TCase *c = tcase_create("forward");
    tcase_add_loop_test(c, test_forward_passes_with_one_hop_less, 0, FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_leaves_wrong_sums_as_they_are, 0, FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_is_off_until_both_links_do, 0, FORWARD_FAMILIES);
    tcase_add_test(c, test_forward_link_refuses_what_there_is_not);
    tcase_add_test(c, test_forward_is_in_the_group_of_routers);
    tcase_add_loop_test(c, test_forward_passes_no_family_without_its_table, 0, FORWARD_FAMILIES);
    tcase_add_test(c, test_forward_needs_an_address);
    tcase_add_loop_test(c, test_forward_takes_another_links_address_only_if_told_to, 0,
                        FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_waits_for_a_neighbour, 0, FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_answers_for_a_neighbour_that_does_not, 0,
                        FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_hostile_scan_of_a_prefix, 0, FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_drops_what_waits_when_the_link_goes_down, 0,
                        FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_drops_without_a_slot, 0, FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_follows_the_table_of_routes, 0, FORWARD_FAMILIES);
    tcase_add_test(c, test_forward_says_that_it_is_a_router);
    suite_add_tcase(s, c);
    return s;
}
