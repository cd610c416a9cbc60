/* SPDX-License-Identifier: ISC */
/*
 * Neighbours over IPv6: who is answered, and who is believed (RFC 4861 section 7).
 */
#include "net6_fixture.h"
#include "suites.h"

#include <stdio.h>

static struct net6_msg m;

static const char us[] = "2001:db8::1", peer[] = "fe80::2", all[] = "ff02::1";
static const char us_group[] = "ff02::1:ff00:1";

/* Sends an echo request from src, whose answer needs its MAC. */
static void ping_from(struct net6_fixture *f, const char *src)
{
    static const uint8_t echo[12] = { 128, 0, 0, 0, 0, 1, 0, 1, 1, 2, 3, 4 };
    struct net6_from from = { .src = src, .dst = us };
    net6_in(f, &from, echo, sizeof echo);
}

/* The peer asks for our address and says its MAC; the answer is taken off the wire. */
static void meet(struct net6_fixture *f, const char *src, const uint8_t *mac)
{
    net6_ns(&m, us);
    net6_mac(&m, 1, mac);
    net6_say(f, src, us_group, &m);
    ck_assert_uint_eq(net6_hear(f).type, ICMP6_NA);
}

/* An entry for the peer in the given state, with its usual MAC. */
static const struct tern_neighbour *known(struct net6_fixture *f, enum neigh_state state)
{
    meet(f, peer, packet_mac_peer);
    const struct tern_neighbour *n = net6_neighbour(f, peer);
    ck_assert_ptr_nonnull(n);
    tern_neigh_state_set(&f->ipv6.ip, &f->neighbours[n - f->neighbours], state);
    return n;
}

/* ---- Questions to us ---------------------------------------------------- */

START_TEST(test_nd_question_is_answered_to_who_asks_and_teaches_its_mac)
{
    struct net6_fixture *f = net6_fixture();
    net6_ns(&m, us);
    net6_mac(&m, 1, packet_mac_peer);
    net6_say(f, peer, us_group, &m);
    struct net6_heard h = net6_hear(f);
    struct tern_addr to = addr6(peer), own = addr6(us);
    ck_assert_uint_eq(h.type, ICMP6_NA);
    ck_assert_uint_eq(h.flags, ND_NA_SOLICITED | ND_NA_OVERRIDE);
    ck_assert(tern_addr_equal(&h.dst, &to) && tern_addr_equal(&h.src, &own) &&
              tern_addr_equal(&h.target, &own));
    ck_assert_mem_eq(h.to_mac, packet_mac_peer, 6);
    ck_assert_mem_eq(h.mac, packet_mac_us, 6);
    const struct tern_neighbour *n = net6_neighbour(f, peer);
    ck_assert_uint_eq(n->state, NEIGH_STALE);
    ck_assert_mem_eq(n->mac, packet_mac_peer, 6);
    ck_assert(!n->router);
    ck_assert_uint_eq(f->ipv6.stats.nd_solicitations, 1);
    ck_assert_uint_eq(f->ipv6.stats.nd_answered, 1);
}
END_TEST

START_TEST(test_nd_question_without_a_mac_is_answered_to_its_frame_and_teaches_nothing)
{
    struct net6_fixture *f = net6_fixture();
    net6_ns(&m, us);
    net6_say(f, peer, us, &m);
    struct net6_heard h = net6_hear(f);
    ck_assert_uint_eq(h.type, ICMP6_NA);
    ck_assert_mem_eq(h.to_mac, packet_mac_peer, 6);
    ck_assert_ptr_null(net6_neighbour(f, peer));
}
END_TEST

START_TEST(test_nd_question_of_who_has_no_address_is_answered_to_all)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr to = addr6(all);
    net6_ns(&m, us);
    net6_say(f, "::", us_group, &m);
    struct net6_heard h = net6_hear(f);
    ck_assert_uint_eq(h.type, ICMP6_NA);
    ck_assert_uint_eq(h.flags, ND_NA_OVERRIDE);
    ck_assert(tern_addr_equal(&h.dst, &to));
    ck_assert_mem_eq(h.mac, packet_mac_us, 6);
}
END_TEST

START_TEST(test_nd_question_for_others_is_not_answered)
{
    static const char *const targets[] = { "2001:db8::3", "2001:db8:1::1", "fe80::9" };
    struct net6_fixture *f = net6_fixture();
    for (size_t i = 0; i < 3; i++) {
        net6_ns(&m, targets[i]);
        net6_mac(&m, 1, packet_mac_peer);
        net6_say(f, peer, us_group, &m);
    }
    ck_assert(net6_quiet(f));
    ck_assert_uint_eq(f->ipv6.stats.nd_not_ours, 3);
    ck_assert_ptr_null(net6_neighbour(f, peer));
}
END_TEST

START_TEST(test_nd_question_from_afar_is_answered_and_takes_no_entry)
{
    struct net6_fixture *f = net6_fixture();
    meet(f, "2001:db8:77::1", packet_mac_peer);
    ck_assert_ptr_null(net6_neighbour(f, "2001:db8:77::1"));
    meet(f, "2001:db8::2", packet_mac_peer);
    ck_assert_ptr_nonnull(net6_neighbour(f, "2001:db8::2"));
}
END_TEST

START_TEST(test_nd_question_with_another_mac_replaces_ours_and_is_stale)
{
    static const enum neigh_state states[] = { NEIGH_STALE, NEIGH_DELAY, NEIGH_PROBE,
                                               NEIGH_REACHABLE };
    for (size_t i = 0; i < 4; i++) {
        struct net6_fixture *f = net6_fixture();
        const struct tern_neighbour *n = known(f, states[i]);
        uint32_t generation = n->generation;
        meet(f, peer, packet_mac_peer);    /* the same: nothing changes */
        ck_assert_uint_eq(n->state, states[i]);
        ck_assert_uint_eq(n->generation, generation);
        meet(f, peer, packet_mac_other);
        ck_assert_uint_eq(n->state, NEIGH_STALE);
        ck_assert_mem_eq(n->mac, packet_mac_other, 6);
        ck_assert_uint_ne(n->generation, generation);
    }
}
END_TEST

/* ---- Questions of ours, and their answers ------------------------------- */

START_TEST(test_nd_neighbour_is_asked_by_its_group_and_hears_what_waited)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr group = addr6("ff02::1:ff00:2"), target = addr6("2001:db8::2");
    struct tern_addr own = addr6(us);
    ping_from(f, "2001:db8::2");
    struct net6_heard h = net6_hear(f);
    ck_assert_uint_eq(h.type, ICMP6_NS);
    ck_assert(tern_addr_equal(&h.dst, &group) && tern_addr_equal(&h.target, &target) &&
              tern_addr_equal(&h.src, &own));
    ck_assert_mem_eq(h.to_mac, ((uint8_t[]){ 0x33, 0x33, 0xff, 0, 0, 2 }), 6);
    ck_assert_mem_eq(h.mac, packet_mac_us, 6);
    ck_assert_ptr_null(h.nonce);
    net6_na(&m, "2001:db8::2", ND_NA_SOLICITED);
    net6_say(f, "2001:db8::2", us, &m);    /* without a MAC it is no answer */
    ck_assert_uint_eq(f->ipv6.stats.nd_unsolicited, 1);
    ck_assert(net6_quiet(f));
    net6_mac(&m, 2, packet_mac_peer);
    net6_say(f, "2001:db8::2", us, &m);
    h = net6_hear(f);
    ck_assert_uint_eq(h.type, ICMP6_ECHO_REPLY);
    ck_assert_mem_eq(h.to_mac, packet_mac_peer, 6);
    ck_assert_uint_eq(net6_neighbour(f, "2001:db8::2")->state, NEIGH_REACHABLE);
    ck_assert_uint_eq(f->ipv6.stats.nd_advertisements, 1);
}
END_TEST

START_TEST(test_nd_silent_neighbour_is_asked_three_times)
{
    struct net6_fixture *f = net6_fixture();
    ping_from(f, "2001:db8::2");
    net6_pass(f, 10 * TERN_SECOND_NS);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(net6_hear(f).type, ICMP6_NS);
    ck_assert(net6_quiet(f));
    ck_assert_ptr_null(net6_neighbour(f, "2001:db8::2"));
    ck_assert_uint_eq(f->ipv6.stats.ip.neigh_failed, 1);
    ck_assert_uint_eq(f->net.n_waiting, 0);
}
END_TEST

START_TEST(test_nd_stale_neighbour_is_asked_to_its_face_five_seconds_after_use)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr to = addr6(peer), ours = net6_own(f, TERN_IPV6_LINK_LOCAL);
    const struct tern_neighbour *n = known(f, NEIGH_STALE);
    ping_from(f, peer);
    ck_assert_uint_eq(net6_hear(f).type, ICMP6_ECHO_REPLY);
    net6_pass(f, 4 * TERN_SECOND_NS);
    ck_assert(net6_quiet(f));
    net6_pass(f, 2 * TERN_SECOND_NS);
    struct net6_heard h = net6_hear(f);
    ck_assert_uint_eq(h.type, ICMP6_NS);
    ck_assert(tern_addr_equal(&h.dst, &to) && tern_addr_equal(&h.src, &ours));
    ck_assert_mem_eq(h.to_mac, packet_mac_peer, 6);
    net6_na(&m, peer, ND_NA_SOLICITED);
    net6_say(f, peer, us, &m);    /* here a MAC need not be said */
    ck_assert_uint_eq(n->state, NEIGH_REACHABLE);
}
END_TEST

/* RFC 4861 section 7.2.5 and appendix C: each state, each answer. */
START_TEST(test_nd_advertisement_table_is_followed)
{
    enum { S = ND_NA_SOLICITED, O = ND_NA_OVERRIDE };
    enum { NONE, SAME, OTHER };
    static const struct {
        uint8_t flags, mac;
        bool moved;              /* the MAC is the other one's then */
        uint8_t state;           /* 0: as it was, or from REACHABLE to STALE if doubt says so */
        bool doubt;
    } cases[] = {
        { 0, NONE, false, 0, false },           { 0, SAME, false, 0, false },
        { 0, OTHER, false, 0, true },           { O, NONE, false, 0, false },
        { O, SAME, false, 0, false },           { O, OTHER, true, NEIGH_STALE, false },
        { S, NONE, false, NEIGH_REACHABLE, false },
        { S, SAME, false, NEIGH_REACHABLE, false },
        { S, OTHER, false, 0, true },
        { S | O, NONE, false, NEIGH_REACHABLE, false },
        { S | O, SAME, false, NEIGH_REACHABLE, false },
        { S | O, OTHER, true, NEIGH_REACHABLE, false },
    };
    static const enum neigh_state states[] = { NEIGH_STALE, NEIGH_DELAY, NEIGH_PROBE,
                                               NEIGH_REACHABLE };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0] * 4; i++) {
        struct net6_fixture *f = net6_fixture();
        enum neigh_state before = states[i % 4], after = cases[i / 4].state;
        const struct tern_neighbour *n = known(f, before);
        if (after == 0)
            after = cases[i / 4].doubt && before == NEIGH_REACHABLE ? NEIGH_STALE : before;
        net6_na(&m, peer, cases[i / 4].flags);
        if (cases[i / 4].mac != NONE)
            net6_mac(&m, 2, cases[i / 4].mac == SAME ? packet_mac_peer : packet_mac_other);
        net6_say(f, peer, us, &m);
        ck_assert_msg(n->state == after, "case %zu: %u", i, n->state);
        ck_assert_mem_eq(n->mac, cases[i / 4].moved ? packet_mac_other : packet_mac_peer, 6);
        ck_assert_uint_eq(f->ipv6.stats.nd_advertisements, 1);
    }
}
END_TEST

START_TEST(test_nd_advertisement_of_a_stranger_makes_no_entry)
{
    struct net6_fixture *f = net6_fixture();
    net6_na(&m, "2001:db8::2", ND_NA_OVERRIDE);
    net6_mac(&m, 2, packet_mac_peer);
    net6_say(f, "2001:db8::2", all, &m);
    ck_assert_ptr_null(net6_neighbour(f, "2001:db8::2"));
    ck_assert_uint_eq(f->ipv6.stats.nd_unsolicited, 1);
}
END_TEST

START_TEST(test_nd_router_that_is_one_no_more_takes_its_ways_with_it)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr far = addr6("2a00::1");
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    net6_ra(&m, 0, 0, 1800);
    net6_mac(&m, 1, packet_mac_other);
    net6_route(&m, "2a00::/16", 0, 1800);
    net6_say(f, "fe80::aa", all, &m);
    ck_assert_uint_eq(f->net.n_routes, 5);
    ck_assert(net6_neighbour(f, "fe80::aa")->router);
    net6_na(&m, "fe80::aa", ND_NA_ROUTER | ND_NA_OVERRIDE);
    net6_say(f, "fe80::aa", all, &m);
    ck_assert_uint_eq(f->net.n_routes, 5);
    net6_na(&m, "fe80::aa", ND_NA_OVERRIDE);
    net6_say(f, "fe80::aa", all, &m);
    ck_assert_uint_eq(f->net.n_routes, 3);    /* those that are configured */
    struct tern_addr gateway = addr6("fe80::fe");
    ck_assert(tern_addr_equal(&tern_net_route_find(&f->net, &far, 0)->gateway, &gateway));
    ck_assert(!net6_neighbour(f, "fe80::aa")->router);
}
END_TEST

START_TEST(test_nd_configured_gateway_stays_whatever_it_says_of_itself)
{
    struct net6_fixture *f = net6_fixture();
    meet(f, "fe80::fe", packet_mac_peer);
    net6_na(&m, "fe80::fe", ND_NA_ROUTER | ND_NA_SOLICITED);
    net6_say(f, "fe80::fe", us, &m);
    net6_na(&m, "fe80::fe", ND_NA_SOLICITED);
    net6_say(f, "fe80::fe", us, &m);
    ck_assert_uint_eq(f->net.n_routes, 3);
}
END_TEST

START_TEST(test_nd_message_in_pieces_is_read)
{
    struct net6_fixture *f = net6_fixture();
    static uint8_t frame[PACKET_CAP];
    struct net6_from from = { .src = peer, .dst = us_group };
    net6_ns(&m, us);
    net6_mac(&m, 1, packet_mac_peer);
    size_t len = net6_frame(frame, &from, m.octets, m.len);
    fake_link_input_spans(&f->wire, frame, len, 14 + 40 + 8, 5, f->now_ns);
    ck_assert_uint_eq(net6_hear(f).type, ICMP6_NA);
    ck_assert_mem_eq(net6_neighbour(f, peer)->mac, packet_mac_peer, 6);
}
END_TEST

START_TEST(test_nd_message_in_pieces_longer_than_any_is_refused)
{
    struct net6_fixture *f = net6_fixture();
    static uint8_t frame[PACKET_CAP];
    struct net6_from from = { .src = peer, .dst = us_group };
    for (size_t len = 1448; len <= 9000; len = len == 1464 ? 9000 : len + 8) {
        net6_ns(&m, us);
        while (m.len < len) {    /* options that nobody knows */
            size_t n = len - m.len < 2040 ? len - m.len : 2040;
            memset(m.octets + m.len, 0xee, n);
            m.octets[m.len + 1] = (uint8_t)(n / 8);
            m.len += n;
        }
        uint64_t before = f->ipv6.stats.nd_malformed;
        size_t frame_len = net6_frame(frame, &from, m.octets, m.len);
        fake_link_input_spans(&f->wire, frame, frame_len, 14 + 40 + 8, 1000, f->now_ns);
        ck_assert_uint_eq(f->ipv6.stats.nd_malformed - before, len > 1460);
        ck_assert_uint_eq(net6_hear(f).type, len > 1460 ? 0 : ICMP6_NA);
    }
}
END_TEST

START_TEST(test_nd_full_link_is_counted)
{
    struct net6_fixture *f = net6_fixture();
    f->wire.full = true;
    net6_ns(&m, us);
    net6_say(f, peer, us, &m);
    ck_assert_uint_eq(f->ipv6.stats.nd_full, 1);
    ck_assert_uint_eq(f->ipv6.stats.nd_answered, 0);
}
END_TEST

/* ---- Hostile ------------------------------------------------------------ */

/* An option of length 0 or beyond the packet (smoltcp pull request 636). */
START_TEST(hostile_net_31_nd_option_length_zero_or_past_the_packet)
{
    static const uint8_t lens[] = { 0, 2, 3, 128, 255 };
    struct net6_fixture *f = net6_fixture();
    uint64_t bad = 0;
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    for (size_t i = 0; i < sizeof lens; i++) {
        for (unsigned type = 0; type < 4; type++) {
            if (type == 0)
                net6_ns(&m, us);
            else if (type == 1)
                net6_na(&m, us, 0);
            else if (type == 2)
                net6_ra(&m, 0, 0, 1800);
            else
                net6_redirect(&m, "fe80::9", "2a00::1");
            net6_mac(&m, type == 1 || type == 3 ? 2 : 1, packet_mac_peer);
            m.octets[m.len - 7] = lens[i];
            net6_say(f, peer, type == 2 ? all : us, &m);
            ck_assert_uint_eq(f->ipv6.stats.nd_malformed, ++bad);
        }
    }
    ck_assert_uint_eq(f->ipv6.stats.icmp_nd_in, bad);
    ck_assert(net6_quiet(f));
    ck_assert_ptr_null(net6_neighbour(f, peer));
    ck_assert_uint_eq(f->net.n_routes, 3);
}
END_TEST

/* Hop limits that routers have lowered, and sources from elsewhere. */
START_TEST(hostile_net_33_nd_from_off_the_link)
{
    struct net6_fixture *f = net6_fixture();
    uint64_t n = 0;
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    for (unsigned hop = 1; hop < 255; hop += hop == 64 ? 190 : 63) {
        struct net6_from from = { .src = peer, .dst = us, .hop_limit = (uint8_t)hop };
        net6_ns(&m, us);
        net6_mac(&m, 1, packet_mac_peer);
        net6_in(f, &from, m.octets, m.len);
        net6_na(&m, us, 0);
        net6_in(f, &from, m.octets, m.len);
        net6_ra(&m, 0, 0, 1800);
        net6_in(f, &from, m.octets, m.len);
        net6_redirect(&m, "fe80::9", "2a00::1");
        net6_in(f, &from, m.octets, m.len);
        n += 4;
    }
    net6_ra(&m, 0, 0, 1800);
    net6_say(f, "2001:db8::2", all, &m);    /* a router is known by its link-local address */
    net6_redirect(&m, "fe80::9", "2a00::1");
    net6_say(f, "2001:db8::fe", us, &m);
    ck_assert_uint_eq(f->ipv6.stats.nd_not_local, n + 2);
    ck_assert_uint_eq(f->ipv6.stats.icmp_nd_in, n + 2);
    ck_assert(net6_quiet(f));
    ck_assert_ptr_null(net6_neighbour(f, peer));
    ck_assert_uint_eq(f->net.n_routes, 3);
    ck_assert_uint_eq(net6_events(f, TERN_NET_CONFLICT, NULL), 0);
}
END_TEST

/* Somebody pings us from each address of our /64 in turn (RFC 6583). */
START_TEST(hostile_net_33_neighbour_cache_outlives_a_scan_of_the_prefix)
{
    struct net6_fixture *f = net6_fixture();
    char src[40];
    const struct tern_neighbour *n = known(f, NEIGH_REACHABLE);
    f->neighbours[n - f->neighbours].confirmed_ns = f->now_ns;
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(src, sizeof src, "2001:db8::%x:%x", 1 + i / 100, 1 + i % 100);
        ping_from(f, src);
        if (i % 100 == 0)
            net6_pass(f, 100 * TERN_MILLISECOND_NS);
    }
    ck_assert_ptr_eq(net6_neighbour(f, peer), n);
    ck_assert_mem_eq(n->mac, packet_mac_peer, 6);
    fake_link_clear(&f->wire);
    ping_from(f, peer);
    ck_assert_uint_eq(net6_hear(f).type, ICMP6_ECHO_REPLY);
    /* The other way: all of them ask for us, and say where they are. */
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(src, sizeof src, "2001:db8::%x:%x", 1 + i / 100, 1 + i % 100);
        net6_ns(&m, us);
        net6_mac(&m, 1, packet_mac_other);
        net6_say(f, src, us_group, &m);
    }
    ck_assert_ptr_eq(net6_neighbour(f, peer), n);
    fake_link_clear(&f->wire);
    net6_pass(f, 30 * TERN_SECOND_NS);
    ping_from(f, peer);
    struct net6_heard h = net6_hear(f);
    while (h.type == ICMP6_NS)
        h = net6_hear(f);
    ck_assert_uint_eq(h.type, ICMP6_ECHO_REPLY);
}
END_TEST

Suite *nd_suite(void)
{
    Suite *s = suite_create("nd");
    TCase *c = tcase_create("neighbours");
    tcase_add_test(c, test_nd_question_is_answered_to_who_asks_and_teaches_its_mac);
    tcase_add_test(c, test_nd_question_without_a_mac_is_answered_to_its_frame_and_teaches_nothing);
    tcase_add_test(c, test_nd_question_of_who_has_no_address_is_answered_to_all);
    tcase_add_test(c, test_nd_question_for_others_is_not_answered);
    tcase_add_test(c, test_nd_question_from_afar_is_answered_and_takes_no_entry);
    tcase_add_test(c, test_nd_question_with_another_mac_replaces_ours_and_is_stale);
    tcase_add_test(c, test_nd_neighbour_is_asked_by_its_group_and_hears_what_waited);
    tcase_add_test(c, test_nd_silent_neighbour_is_asked_three_times);
    tcase_add_test(c, test_nd_stale_neighbour_is_asked_to_its_face_five_seconds_after_use);
    tcase_add_test(c, test_nd_advertisement_table_is_followed);
    tcase_add_test(c, test_nd_advertisement_of_a_stranger_makes_no_entry);
    tcase_add_test(c, test_nd_router_that_is_one_no_more_takes_its_ways_with_it);
    tcase_add_test(c, test_nd_configured_gateway_stays_whatever_it_says_of_itself);
    tcase_add_test(c, test_nd_message_in_pieces_is_read);
    tcase_add_test(c, test_nd_message_in_pieces_longer_than_any_is_refused);
    tcase_add_test(c, test_nd_full_link_is_counted);
    suite_add_tcase(s, c);
    c = tcase_create("hostile");
    tcase_add_test(c, hostile_net_31_nd_option_length_zero_or_past_the_packet);
    tcase_add_test(c, hostile_net_33_nd_from_off_the_link);
    tcase_add_test(c, hostile_net_33_neighbour_cache_outlives_a_scan_of_the_prefix);
    suite_add_tcase(s, c);
    return s;
}
