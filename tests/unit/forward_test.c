/* SPDX-License-Identifier: ISC */
/*
 * Forwarding of both families: what passes and how it looks then, what is
 * answered, what ends without a word; neighbours that are waited for, policy.
 * Each test runs for IPv4 and IPv6.
 */
#include "forward_fixture.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

static const struct forward_family *const families[] = { &forward_v4, &forward_v6 };
enum { V4, V6, N_FAMILIES };

static const uint8_t mac_gateway[6] = { 2, 0, 0, 0, 0, 9 };

static struct forward_say tcp(const struct forward_family *family)
{
    return (struct forward_say){ .family = family, .src = family->a, .dst = family->b,
                                 .protocol = 6, .frag = 0x4000 };
}

/* The packet left as it came but for hop limit and header's sum. */
static void passed_whole(struct forward_fixture *f, const struct forward_say *say, uint16_t port,
                         size_t len)
{
    static uint8_t frame[PACKET_CAP];
    size_t frame_len = forward_frame(frame, say, port, len);
    const struct fake_frame *sent = forward_sent(f, 1);
    ck_assert_msg(sent != NULL, "nothing was forwarded");
    ck_assert_uint_eq(sent->len, frame_len);
    ck_assert_mem_eq(sent->data, packet_mac_peer, 6);
    ck_assert_mem_eq(sent->data + 6, f->wires[1].link.mac, 6);
    frame[PACKET_ETH + (say->family->v6 ? 7 : 8)]--;
    if (!say->family->v6)
        packet_ip4_resum(frame);
    ck_assert_mem_eq(sent->data + 12, frame + 12, frame_len - 12);
    ck_assert(!sent->csum_partial);
}

static bool quiet(struct forward_fixture *f)
{
    return forward_sent(f, 0) == NULL && forward_sent(f, 1) == NULL;
}

START_TEST(test_forward_passes_with_one_hop_less)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(families[_i]);
    for (unsigned ttl = 255; ttl > 1; ttl--) {    /* each sum's update (RFC 1624) */
        say.ttl = (uint8_t)ttl;
        forward_in(f, &say, 80, 100);
        passed_whole(f, &say, 80, 100);
    }
    ck_assert_uint_eq(f->forward.stats.passed, 254);
    ck_assert_uint_eq(f->forward.stats.passed_octets, 254 * (100 + 20 + (_i == V6 ? 40 : 20)));
    ck_assert(quiet(f));
    forward_counted(f);
}
END_TEST

/* A transport's sum is its ends' affair. */
START_TEST(test_forward_leaves_wrong_sums_as_they_are)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(families[_i]);
    say.bad_sum = true;
    forward_in(f, &say, 80, 101);
    passed_whole(f, &say, 80, 101);
}
END_TEST

START_TEST(test_forward_is_off_until_both_links_do)
{
    const struct forward_family *family = families[_i];
    unsigned flag = _i == V6 ? TERN_FORWARD_IPV6 : TERN_FORWARD_IPV4;
    struct forward_say say = tcp(family);
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
    struct forward_say say = tcp(families[_i]);
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
    struct forward_say say = tcp(&forward_v4);
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

/* ---- Errors --------------------------------------------------------------- */

START_TEST(test_forward_answers_when_the_hops_are_used_up)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(families[_i]);
    say.ttl = 1;
    forward_in(f, &say, 80, 700);
    forward_error_is(f, families[_i], _i == V6 ? 3 : 11, 0, 0);
    ck_assert_uint_eq(f->forward.stats.expired, 1);
    ck_assert(quiet(f));
    forward_counted(f);
}
END_TEST

START_TEST(test_forward_answers_without_a_route)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(families[_i]);
    say.dst = families[_i]->nowhere;
    forward_in(f, &say, 80, 10);
    forward_error_is(f, families[_i], _i == V6 ? 1 : 3, 0, 0);
    ck_assert_uint_eq(f->forward.stats.no_route, 1);
    forward_counted(f);
}
END_TEST

/* RFC 1191, RFC 4443 section 3.2: what the next link takes is said. */
START_TEST(test_forward_answers_what_is_too_big)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(families[_i]);
    size_t headers = _i == V6 ? 60 : 40;
    f->wires[1].link.mtu = 1280;
    forward_in(f, &say, 80, 1280 - headers + 1);
    forward_error_is(f, families[_i], _i == V6 ? 2 : 3, _i == V6 ? 0 : 4, 1280);
    ck_assert_uint_eq(f->forward.stats.too_big, 1);
    forward_in(f, &say, 80, 1280 - headers);
    passed_whole(f, &say, 80, 1280 - headers);
    forward_counted(f);
}
END_TEST

/* At the rate of all errors of ours: a burst of six at most, then one a second. */
START_TEST(test_forward_hostile_answers_no_more_than_the_limit)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(families[_i]);
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
    struct forward_say say = tcp(families[_i]);
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
    struct forward_say say = tcp(families[never[_i].family]);
    say.src = never[_i].src;
    say.dst = never[_i].dst;
    if (strstr(say.dst, "ffff") != NULL)
        return;    /* tern_addr has no other form of it: IPv4's tests have it */
    forward_in(f, &say, 80, 10);
    ck_assert(quiet(f));
    ck_assert_uint_eq(f->forward.stats.passed, 0);
    ck_assert_uint_eq(f->forward.stats.bad_source, never[_i].is_source);
    forward_counted(f);
}
END_TEST

/* RFC 4443 section 3.1, code 2: its sender hears that its address ends at the link. */
START_TEST(test_forward_answers_a_source_of_the_link_only)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(&forward_v6);
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
    struct forward_say say = tcp(families[_i]);
    static const uint8_t all_nodes[6] = { 0x33, 0x33, 0, 0, 0, 1 };
    say.dst_mac = _i == V6 ? all_nodes : packet_mac_broadcast;
    forward_in(f, &say, 80, 10);
    ck_assert(quiet(f));
    ck_assert_uint_eq(f->forward.stats.link_group, 1);
    forward_counted(f);
}
END_TEST

/* A spoofed source is not ours, nor behind another link where that is looked at (RFC 3704). */
START_TEST(test_forward_hostile_source_that_is_elsewhere)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(families[_i]);
    say.src = families[_i]->us[1];
    forward_in(f, &say, 80, 10);
    ck_assert_uint_eq(f->forward.stats.in, 0);
    say.src = families[_i]->far_b;    /* behind link 1 */
    forward_in(f, &say, 80, 10);
    ck_assert_uint_eq(f->forward.stats.passed, 1);
    ck_assert_int_eq(tern_forward_link(&f->net, 0, 3 | TERN_FORWARD_CHECK_SOURCE), TERN_OK);
    forward_in(f, &say, 80, 10);
    say.src = families[_i]->nowhere;
    forward_in(f, &say, 80, 10);
    ck_assert_uint_eq(f->forward.stats.wrong_way, 2);
    say.src = families[_i]->a;
    forward_in(f, &say, 80, 10);
    ck_assert_uint_eq(f->forward.stats.passed, 2);
    forward_counted(f);
}
END_TEST

/* ---- Our addresses of other links ------------------------------------------ */

START_TEST(test_forward_takes_another_links_address_only_if_told_to)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(families[_i]);
    uint64_t *wrong = _i == V6 ? &f->ipv6.stats.in_wrong_link : &f->ipv4.stats.in_wrong_link;
    uint64_t *delivered = _i == V6 ? &f->ipv6.stats.in_delivered : &f->ipv4.stats.in_delivered;
    uint64_t *replies =
        _i == V6 ? &f->ipv6.stats.icmp_echo_replies : &f->ipv4.stats.icmp_echo_replies;
    say.protocol = _i == V6 ? 58 : 1;
    say.dst = families[_i]->us[1];
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
    ck_assert(quiet(f));
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
    struct forward_say say = tcp(families[_i]);
    say.dst = families[_i]->far_b;
    for (unsigned i = 0; i < 5; i++)
        forward_in(f, &say, (uint16_t)(80 + i), 100);
    ck_assert_uint_eq(f->forward.stats.waiting, 3);
    ck_assert_uint_eq(f->forward.stats.waiting_full, 2);
    forward_counted(f);
    forward_answer(f, families[_i], _i == V6 ? "fe80::9" : "10.1.0.9", mac_gateway);
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
    struct forward_say say = tcp(families[_i]);
    say.dst = families[_i]->unknown_b;
    forward_in(f, &say, 80, 100);
    forward_in(f, &say, 81, 100);
    forward_pass_time(f, 4 * TERN_SECOND_NS);
    forward_error_is(f, families[_i], _i == V6 ? 1 : 3, _i == V6 ? 3 : 1, 0);
    forward_error_is(f, families[_i], _i == V6 ? 1 : 3, _i == V6 ? 3 : 1, 0);
    ck_assert_uint_eq(f->forward.stats.no_neighbour, 2);
    ck_assert_uint_eq(f->blocks.n_free, f->blocks.n_blocks);
    forward_counted(f);
}
END_TEST

/* A scan of a prefix holds no more than TERN_FORWARD_WAITING packets (RFC 6583). */
START_TEST(test_forward_hostile_scan_of_a_prefix)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(families[_i]);
    char text[64];
    forward_in(f, &say, 80, 10);
    passed_whole(f, &say, 80, 10);
    say.dst = text;
    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(text, sizeof text, _i == V6 ? "2001:db8:1::1:%x" : "10.1.0.%u", 20 + i);
        forward_in(f, &say, 80, 10);
        ck_assert_uint_le(f->forward.stats.waiting, TERN_FORWARD_WAITING);
    }
    say.dst = families[_i]->b;    /* who lives is still reached */
    fake_link_clear(&f->wires[1]);
    forward_in(f, &say, 80, 10);
    passed_whole(f, &say, 80, 10);
    forward_pass_time(f, 10 * TERN_SECOND_NS);
    ck_assert_uint_eq(f->forward.stats.waiting, 0);
    ck_assert_uint_eq(f->blocks.n_free, f->blocks.n_blocks);
    forward_counted(f);
}
END_TEST

START_TEST(test_forward_drops_what_waits_when_the_link_goes_down)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(families[_i]);
    say.dst = families[_i]->unknown_b;
    forward_in(f, &say, 80, 100);
    f->wires[1].link.up = false;
    (void)tern_link_changed(&f->wires[1].link, f->now_ns);
    ck_assert_uint_eq(f->forward.stats.no_neighbour, 1);
    ck_assert_uint_eq(f->blocks.n_free, f->blocks.n_blocks);
    say.dst = families[_i]->b;
    forward_in(f, &say, 80, 100);
    ck_assert_uint_eq(f->forward.stats.no_route, 1);
    forward_counted(f);
}
END_TEST

START_TEST(test_forward_drops_without_a_slot)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(families[_i]);
    f->wires[1].full = true;
    forward_in(f, &say, 80, 100);
    ck_assert_uint_eq(f->forward.stats.full, 1);
    f->wires[1].full = false;
    (void)fake_link_room(&f->wires[1], f->now_ns);
    forward_in(f, &say, 80, 100);
    passed_whole(f, &say, 80, 100);
    forward_counted(f);
}
END_TEST

/* A route that came since is taken, whatever was found before. */
START_TEST(test_forward_follows_the_table_of_routes)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(families[_i]);
    forward_in(f, &say, 80, 10);
    passed_whole(f, &say, 80, 10);
    struct tern_route back = { .prefix_len = 128, .link = 0, .expires_ns = TERN_NEVER };
    (void)tern_addr_parse(say.dst, strlen(say.dst), &back.prefix);
    (void)tern_addr_parse(say.src, strlen(say.src), &back.gateway);
    ck_assert_int_eq(tern_net_route_set(&f->net, &back), TERN_OK);
    forward_in(f, &say, 80, 10);
    ck_assert_ptr_null(forward_sent(f, 1));
    ck_assert_ptr_nonnull(forward_sent(f, 0));    /* back where it came from: no redirect */
    ck_assert(quiet(f));
    ck_assert_uint_eq(f->forward.stats.passed, 2);
    forward_counted(f);
}
END_TEST

/* ---- Policy ---------------------------------------------------------------- */

static struct tern_forward_packet seen;
static uint8_t seen_in, seen_out;
static unsigned n_asked;

static enum tern_forward_verdict judge(void *arg, uint8_t in_link, uint8_t out_link,
                                       const struct tern_forward_packet *pkt)
{
    ck_assert_ptr_nonnull(arg);
    seen = *pkt;
    seen_in = in_link;
    seen_out = out_link;
    n_asked++;
    return pkt->dst_port == 23   ? TERN_FORWARD_REJECT
           : pkt->dst_port == 25 ? TERN_FORWARD_DROP
                                 : TERN_FORWARD_PASS;
}

START_TEST(test_forward_asks_the_policy)
{
    struct forward_fixture *f = forward_fixture_with(0, judge);
    struct forward_say say = tcp(families[_i]);
    n_asked = 0;
    forward_in(f, &say, 23, 30);
    forward_error_is(f, families[_i], _i == V6 ? 1 : 3, _i == V6 ? 1 : 13, 0);
    ck_assert_uint_eq(f->forward.stats.rejected, 1);
    ck_assert_uint_eq(seen_in, 0);
    ck_assert_uint_eq(seen_out, 1);
    ck_assert_uint_eq(seen.protocol, 6);
    ck_assert_uint_eq(seen.src_port, 40000);
    ck_assert_uint_eq(seen.hop_limit, 64);
    ck_assert_uint_eq(seen.l4_len, 50);
    ck_assert_uint_eq(seen.len, 50 + (_i == V6 ? 40 : 20));
    ck_assert(!seen.later_fragment);
    forward_in(f, &say, 25, 30);
    ck_assert(quiet(f));
    ck_assert_uint_eq(f->forward.stats.denied, 1);
    say.protocol = 17;
    forward_in(f, &say, 53, 30);
    passed_whole(f, &say, 53, 30);
    ck_assert_uint_eq(n_asked, 3);
    forward_counted(f);
}
END_TEST

/* RFC 1858, RFC 3128, RFC 7112: fragments that would hide their ports go nowhere. */
START_TEST(test_forward_hostile_fragments_that_hide_ports)
{
    struct forward_fixture *f = forward_fixture_with(0, judge);
    struct forward_say say = tcp(families[_i]);
    static uint8_t frame[PACKET_CAP], ext[8] = { 6, 0, 0, 1, 0, 0, 0, 7 };
    if (_i == V6) {
        say.options = ext;
        say.options_len = 8;
        say.next = 44;
    } else {
        say.frag = 0x2000;    /* more follow */
    }
    size_t len = forward_frame(frame, &say, 23, 0), cut = _i == V6 ? 8 : 0;
    size_t hdr = PACKET_ETH + (_i == V6 ? 48 : 20);
    tern_store_be16(frame + PACKET_ETH + (_i == V6 ? 4 : 2),
                    (uint16_t)((_i == V6 ? 8 : 20) + 16));    /* 16 octets of TCP's header */
    if (_i == V4)
        packet_ip4_resum(frame);
    (void)cut;
    (void)len;
    n_asked = 0;
    (void)fake_link_input(&f->wires[0], frame, hdr + 16, f->now_ns);
    ck_assert_uint_eq(f->forward.stats.cut, 1);
    ck_assert_uint_eq(n_asked, 0);
    if (_i == V4) {
        say.frag = 1;    /* 8 octets in: it would write over the flags */
        forward_in(f, &say, 80, 100);
        ck_assert_uint_eq(f->forward.stats.cut, 2);
        say.frag = 0x1fff;
        forward_in(f, &say, 80, 100);    /* past the end of all packets */
        ck_assert_uint_eq(f->forward.stats.cut, 3);
        say.frag = 100;
    } else {
        tern_store_be16(ext + 2, 100 << 3);
    }
    forward_in(f, &say, 23, 100);    /* a later one has no ports to be judged by */
    ck_assert_uint_eq(n_asked, 1);
    ck_assert(seen.later_fragment);
    ck_assert_ptr_null(seen.l4);
    ck_assert_uint_eq(seen.dst_port, 0);
    ck_assert_uint_eq(seen.protocol, 6);
    ck_assert_uint_eq(f->forward.stats.passed, 1);
    forward_counted(f);
}
END_TEST

/* IPv6's transports are found behind extension headers, and what cannot be is called so. */
START_TEST(test_forward_policy_sees_past_extension_headers)
{
    struct forward_fixture *f = forward_fixture_with(0, judge);
    struct forward_say say = tcp(&forward_v6);
    static uint8_t ext[24] = { 43, 0, 1, 4, 0, 0, 0, 0, 60, 0, 4, 9, 0, 0, 0, 0, 6, 0, 1, 4 };
    say.options = ext;    /* hop-by-hop, a routing header that is not at its end, destination */
    say.options_len = 24;
    say.next = 0;
    forward_in(f, &say, 23, 30);
    ck_assert_uint_eq(f->forward.stats.rejected, 1);
    forward_in(f, &say, 24, 30);
    passed_whole(f, &say, 24, 30);
    ext[17] = 255;    /* 2,048 octets that are not there */
    forward_in(f, &say, 23, 30);
    ck_assert_uint_eq(seen.protocol, TERN_FORWARD_UNKNOWN);
    ck_assert_ptr_null(seen.l4);
    ck_assert_uint_eq(f->forward.stats.passed, 2);
    ext[17] = 0;
    forward_counted(f);
}
END_TEST

/* IPv4's source routes are followed by nobody (RFC 7126 section 4.3). */
START_TEST(test_forward_hostile_source_route)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = tcp(&forward_v4);
    static const uint8_t route[8] = { 0x83, 7, 4, 10, 1, 0, 2, 0 };
    say.options = route;
    say.options_len = 8;
    forward_in(f, &say, 80, 10);
    ck_assert(quiet(f));
    ck_assert_uint_eq(f->ipv4.stats.in_source_route, 1);
    ck_assert_uint_eq(f->forward.stats.in, 0);
}
END_TEST

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
    TCase *tc = tcase_create("forward");
#define BOTH(test) tcase_add_loop_test(tc, test, 0, N_FAMILIES)
    BOTH(test_forward_passes_with_one_hop_less);
    BOTH(test_forward_leaves_wrong_sums_as_they_are);
    BOTH(test_forward_is_off_until_both_links_do);
    tcase_add_test(tc, test_forward_link_refuses_what_there_is_not);
    tcase_add_test(tc, test_forward_is_in_the_group_of_routers);
    BOTH(test_forward_passes_no_family_without_its_table);
    tcase_add_test(tc, test_forward_needs_an_address);
    BOTH(test_forward_answers_when_the_hops_are_used_up);
    BOTH(test_forward_answers_without_a_route);
    BOTH(test_forward_answers_what_is_too_big);
    BOTH(test_forward_hostile_answers_no_more_than_the_limit);
    BOTH(test_forward_hostile_answers_no_error);
    tcase_add_loop_test(tc, test_forward_hostile_addresses_of_no_other_place, 0,
                        sizeof never / sizeof never[0]);
    tcase_add_test(tc, test_forward_answers_a_source_of_the_link_only);
    BOTH(test_forward_hostile_packet_in_a_frame_for_many);
    BOTH(test_forward_hostile_source_that_is_elsewhere);
    BOTH(test_forward_takes_another_links_address_only_if_told_to);
    BOTH(test_forward_waits_for_a_neighbour);
    BOTH(test_forward_answers_for_a_neighbour_that_does_not);
    BOTH(test_forward_hostile_scan_of_a_prefix);
    BOTH(test_forward_drops_what_waits_when_the_link_goes_down);
    BOTH(test_forward_drops_without_a_slot);
    BOTH(test_forward_follows_the_table_of_routes);
    BOTH(test_forward_asks_the_policy);
    BOTH(test_forward_hostile_fragments_that_hide_ports);
    tcase_add_test(tc, test_forward_policy_sees_past_extension_headers);
    tcase_add_test(tc, test_forward_hostile_source_route);
    tcase_add_test(tc, test_forward_says_that_it_is_a_router);
    suite_add_tcase(s, tc);
    return s;
}
