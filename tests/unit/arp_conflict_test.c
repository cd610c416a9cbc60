/* SPDX-License-Identifier: ISC */
/*
 * Another host has our IPv4 address (RFC 5227): asked after, defended, given up, taken again.
 */
#include "arp_frames.h"
#include "libnet/ipv4_internal.h"
#include "suites.h"

static const uint8_t none[6];
static uint8_t frame[PACKET_CAP];

START_TEST(test_arp_defends_our_address_once_in_ten_seconds)
{
    struct net_fixture *f = net_fixture();
    size_t len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_other, US, none, US);
    for (size_t i = 0; i < 1000; i++)
        net_fixture_in(f, frame, len);
    ck_assert_uint_eq(f->ipv4.stats.arp_conflict, 1000);
    ck_assert(is_arp(net_fixture_sent(f), 1, packet_mac_broadcast, US));
    ck_assert(net_fixture_quiet(f));
    ck_assert_uint_eq(f->n_events, 1);
    ck_assert_int_eq(f->events[0].event, TERN_NET_CONFLICT);
    net_fixture_pass(f, 10 * TERN_SECOND_NS);
    net_fixture_in(f, frame, len);
    ck_assert(is_arp(net_fixture_sent(f), 1, packet_mac_broadcast, US));
    ck_assert_uint_eq(f->n_events, 2);
}
END_TEST

static struct net_fixture *just_set(void)
{
    struct net_fixture *f = net_fixture_bare();
    struct tern_ipv4_address a = { .addr = tern_addr_v4(US), .prefix_len = 24,
                                   .gateway = tern_addr_v4(ROUTER) };
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_OK);
    net_fixture_pass(f, 1);
    ck_assert(is_probe(f));
    f->n_events = 0;
    return f;
}

START_TEST(test_arp_asks_after_a_new_address_and_announces_it_twice)
{
    struct net_fixture *f = just_set();
    /* It is used meanwhile. */
    ck_assert(net_fixture_quiet(f));
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, PEER, none,
                                        US));
    ck_assert(is_arp(net_fixture_sent(f), 2, packet_mac_peer, PEER));
    net_fixture_pass(f, 10 * TERN_SECOND_NS);
    ck_assert(is_probe(f));
    ck_assert(is_probe(f));
    ck_assert(is_arp(net_fixture_sent(f), 1, packet_mac_broadcast, US));
    ck_assert(is_arp(net_fixture_sent(f), 1, packet_mac_broadcast, US));
    ck_assert(net_fixture_quiet(f));
    ck_assert_uint_eq(f->ipv4.stats.arp_announcements, 2);
    ck_assert_uint_eq(f->ipv4.stats.arp_conflict, 0);
}
END_TEST

/* A reply, or anything else by which another host shows that it was there before. */
START_TEST(test_arp_gives_up_a_new_address_that_another_host_has)
{
    for (size_t op = 1; op <= 2; op++) {
        struct net_fixture *f = just_set();
        struct tern_ipv4_address a;
        const uint8_t *to = op == 1 ? packet_mac_broadcast : packet_mac_us;
        size_t len = packet_arp(frame, to, (uint16_t)op, packet_mac_other, US, packet_mac_us, 0);
        net_fixture_in(f, frame, len);
        ck_assert_uint_eq(f->ipv4.stats.arp_conflict, 1);
        ck_assert_uint_eq(f->n_events, 2);
        ck_assert_int_eq(f->events[0].event, TERN_NET_CONFLICT);
        ck_assert_int_eq(f->events[1].event, TERN_NET_ADDRESS_LOST);
        ck_assert_uint_eq(tern_addr_to_v4(&f->events[0].addr), US);
        ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_INVALID);
        ck_assert_uint_eq(f->net.n_routes, 0);
        /* It neither announces nor defends what is not its own. */
        net_fixture_in(f, frame, len);
        net_fixture_in(f, frame, packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, PEER,
                                            none, US));
        net_fixture_pass(f, 59 * TERN_SECOND_NS);
        ck_assert(net_fixture_quiet(f));
        ck_assert_uint_eq(f->ipv4.stats.arp_announcements, 0);
    }
}
END_TEST

START_TEST(test_arp_takes_an_address_again_when_nobody_has_it_any_more)
{
    struct net_fixture *f = just_set();
    struct tern_ipv4_address a;
    size_t len = packet_arp(frame, packet_mac_us, 2, packet_mac_other, US, packet_mac_us, 0);
    unsigned waited[3] = { 0 };    /* steps of a tenth of a second behind the minute */
    for (size_t i = 0; i < 3; i++) {
        net_fixture_in(f, frame, len);
        ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_INVALID);
        ck_assert_uint_eq(f->ipv4.stats.arp_conflict, i + 1);
        net_fixture_pass(f, 59 * TERN_SECOND_NS);    /* not more often is it tried */
        ck_assert(net_fixture_quiet(f));
        while (tern_ipv4_get(&f->net, 0, &a) != TERN_OK) {
            net_fixture_pass(f, 100 * TERN_MILLISECOND_NS);
            ck_assert_uint_lt(++waited[i], 100);
        }
        ck_assert(is_probe(f));
        ck_assert(net_fixture_quiet(f));
    }
    /* Nor at the same times as by another that began with us. */
    ck_assert(waited[0] != waited[1] || waited[1] != waited[2]);
    net_fixture_pass(f, 10 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_OK);
    ck_assert_uint_eq(tern_addr_to_v4(&a.gateway), ROUTER);
    ck_assert_uint_eq(a.prefix_len, 24);
    ck_assert_uint_eq(f->ipv4.stats.arp_announcements, 2);
    ck_assert_uint_eq(f->net.n_routes, 2);
}
END_TEST

START_TEST(test_arp_address_that_is_lost_waits_for_room_in_the_table_of_routes)
{
    struct net_fixture *f = just_set();
    struct tern_ipv4_address a;
    struct tern_route r = { .expires_ns = TERN_NEVER, .prefix_len = 128 };
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_us, 2, packet_mac_other, US,
                                        packet_mac_us, 0));
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_INVALID);
    uint32_t last = 0xac100000;    /* 172.16.0.0 and so on: others take all the room */
    do
        r.prefix = tern_addr_v4(++last);
    while (tern_net_route_put(&f->net, &r) == TERN_OK);
    for (size_t i = 0; i < 3; i++) {
        net_fixture_pass(f, 70 * TERN_SECOND_NS);
        ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_INVALID);
    }
    for (size_t i = 0; i < 2; i++) {
        r.prefix = tern_addr_v4(--last);
        ck_assert(tern_net_route_drop(&f->net, &r));
    }
    net_fixture_pass(f, 70 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_OK);
    ck_assert_uint_eq(tern_addr_to_v4(&a.addr), US);
}
END_TEST

START_TEST(test_arp_address_that_is_lost_can_be_taken_away_or_another_given)
{
    for (size_t i = 0; i < 2; i++) {
        struct net_fixture *f = just_set();
        struct tern_ipv4_address a = { .addr = tern_addr_v4(OTHER), .prefix_len = 24 };
        net_fixture_in(f, frame, packet_arp(frame, packet_mac_us, 2, packet_mac_other, US,
                                            packet_mac_us, 0));
        if (i == 0)
            tern_ipv4_clear(&f->net, 0);
        else
            ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_OK);
        net_fixture_pass(f, 120 * TERN_SECOND_NS);
        ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), i == 0 ? TERN_INVALID : TERN_OK);
        ck_assert_uint_eq(tern_addr_to_v4(&a.addr), OTHER);
    }
}
END_TEST

/* A link that comes back may be another one (RFC 5227 section 2.1). */
START_TEST(test_arp_asks_again_when_the_link_comes_back)
{
    struct net_fixture *f = just_set();
    struct tern_ipv4_address a;
    net_fixture_pass(f, 10 * TERN_SECOND_NS);
    for (size_t i = 0; i < 2; i++) {
        f->wire.link.up = !f->wire.link.up;
        (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
        fake_link_clear(&f->wire);
        if (f->wire.link.up)
            continue;
        net_fixture_pass(f, 100 * TERN_SECOND_NS);
    }
    net_fixture_pass(f, 200 * TERN_MILLISECOND_NS);
    ck_assert(is_probe(f));
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_us, 2, packet_mac_other, US,
                                        packet_mac_us, 0));
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_INVALID);
    /* While it is down the minute goes on, and nothing is used. */
    f->wire.link.up = false;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    net_fixture_pass(f, 90 * TERN_SECOND_NS);
    f->wire.link.up = true;
    fake_link_clear(&f->wire);
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    ck_assert(is_probe(f));
}
END_TEST

Suite *arp_conflict_suite(void)
{
    Suite *suite = suite_create("arp_conflict");
    TCase *tcase = tcase_create("conflicts");
    tcase_add_test(tcase, test_arp_defends_our_address_once_in_ten_seconds);
    tcase_add_test(tcase, test_arp_asks_after_a_new_address_and_announces_it_twice);
    tcase_add_test(tcase, test_arp_gives_up_a_new_address_that_another_host_has);
    tcase_add_test(tcase, test_arp_takes_an_address_again_when_nobody_has_it_any_more);
    tcase_add_test(tcase, test_arp_address_that_is_lost_waits_for_room_in_the_table_of_routes);
    tcase_add_test(tcase, test_arp_address_that_is_lost_can_be_taken_away_or_another_given);
    tcase_add_test(tcase, test_arp_asks_again_when_the_link_comes_back);
    suite_add_tcase(suite, tcase);
    return suite;
}
