/* SPDX-License-Identifier: ISC */
/*
 * Addresses of ours: asking after them, conflicts, ageing (RFC 4862 section 5.4).
 */
#include "net6_fixture.h"
#include "suites.h"

#include <stdio.h>

static struct net6_msg m;

static const char text[] = "2001:db8::1", group[] = "ff02::1:ff00:1";

static enum tern_err set(struct net6_fixture *f, uint8_t link, const char *addr, uint8_t len,
                         const char *gateway)
{
    struct tern_ipv6_address a = { .addr = addr6(addr), .prefix_len = len,
                                   .gateway = addr6(gateway) };
    return tern_ipv6_set(&f->net, link, &a);
}

/* With one address, which has just been asked after; the question is *h. */
static struct net6_fixture *asking(struct net6_heard *h)
{
    struct net6_fixture *f = net6_fixture_bare();
    struct tern_addr a = addr6(text);
    ck_assert_int_eq(set(f, 0, text, 64, "::"), TERN_OK);
    do
        *h = net6_await(f);
    while (!tern_addr_equal(&h->target, &a));
    return f;
}

START_TEST(test_ipv6_addr_is_asked_after_before_it_is_used)
{
    struct net6_heard h;
    struct net6_fixture *f = asking(&h);
    struct tern_addr a = addr6(text), to = addr6(group), nobody = { { 0 } };
    ck_assert_uint_eq(h.type, ICMP6_NS);
    ck_assert(tern_addr_equal(&h.dst, &to) && tern_addr_equal(&h.src, &nobody));
    ck_assert_ptr_null(h.mac);
    ck_assert_ptr_nonnull(h.nonce);
    ck_assert_uint_le(f->now_ns, 1001 * TERN_SECOND_NS + 50 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_TENTATIVE);
    ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS, &a), 0);
    ck_assert(tern_ipv6_has_group(&f->ipv6, 0, &to));
    net6_ns(&m, text);
    net6_say(f, "fe80::2", group, &m);    /* who only wants its MAC hears nothing */
    ck_assert_uint_eq(f->ipv6.stats.nd_not_ours, 1);
    net6_pass(f, 1100 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_PREFERRED);
    ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS, &a), 1);
    ck_assert_uint_eq(f->ipv6.stats.dad_conflicts, 0);
    do
        h = net6_await(f);
    while (h.type != ICMP6_NA || !tern_addr_equal(&h.target, &a));
    ck_assert_uint_eq(h.flags, ND_NA_OVERRIDE);
    ck_assert_mem_eq(h.mac, packet_mac_us, 6);
}
END_TEST

START_TEST(test_ipv6_addr_is_asked_after_as_often_as_configured)
{
    struct net6_fixture *f = net6_fixture_bare();
    struct tern_addr a = addr6(text);
    f->ipv6.config.n_dad = 3;
    ck_assert_int_eq(set(f, 0, text, 64, "::"), TERN_OK);
    for (unsigned i = 0; i < 30; i++) {    /* however often it is looked at */
        tern_ip_rearm(&f->ipv6.ip, f->now_ns);
        net6_leap(f, 100 * TERN_MILLISECOND_NS);
    }
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_TENTATIVE);
    net6_pass(f, 2 * TERN_SECOND_NS);
    size_t n = 0;
    for (struct net6_heard h = net6_hear(f); h.type != 0; h = net6_hear(f))
        n += h.type == ICMP6_NS && tern_addr_equal(&h.target, &a);
    ck_assert_uint_eq(n, 3);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_PREFERRED);
}
END_TEST

START_TEST(test_ipv6_addr_of_another_host_is_not_used)
{
    for (unsigned how = 0; how < 3; how++) {
        struct net6_heard h;
        struct net6_fixture *f = asking(&h);
        struct tern_addr a = addr6(text);
        static const uint8_t nonce[6] = { 1, 2, 3, 4, 5, 6 };
        if (how == 0) {    /* it has it */
            net6_na(&m, text, ND_NA_OVERRIDE);
            net6_mac(&m, 2, packet_mac_peer);
            net6_say(f, text, "ff02::1", &m);
        } else {           /* it asks as we do, with a nonce or without */
            net6_ns(&m, text);
            if (how == 2)
                net6_nonce(&m, nonce);
            net6_say(f, "::", group, &m);
        }
        ck_assert_uint_eq(f->ipv6.stats.dad_conflicts, 1);
        ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_DUPLICATE);
        ck_assert_uint_eq(net6_events(f, TERN_NET_CONFLICT, &a), 1);
        net6_pass(f, 5 * TERN_SECOND_NS);
        ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_DUPLICATE);
        ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS, &a), 0);
        ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS_LOST, &a), 0);
        fake_link_clear(&f->wire);
        net6_ns(&m, text);    /* nor defended */
        net6_say(f, "::", group, &m);
        ck_assert(net6_quiet(f));
    }
}
END_TEST

START_TEST(test_ipv6_addr_question_that_comes_back_is_no_conflict)
{
    struct net6_heard h;
    struct net6_fixture *f = asking(&h);
    struct tern_addr a = addr6(text);
    uint8_t nonce[6];
    memcpy(nonce, h.nonce, 6);
    net6_ns(&m, text);
    net6_nonce(&m, nonce);
    net6_say(f, "::", group, &m);
    ck_assert_uint_eq(f->ipv6.stats.dad_looped, 1);
    ck_assert_uint_eq(f->ipv6.stats.dad_conflicts, 0);
    size_t n = 0;    /* RFC 7527 section 4.1: three more */
    for (size_t i = 0; i < 100; i++) {
        net6_pass(f, 50 * TERN_MILLISECOND_NS);
        for (h = net6_hear(f); h.type != 0; h = net6_hear(f))
            n += h.type == ICMP6_NS && tern_addr_equal(&h.target, &a);
    }
    ck_assert_uint_eq(n, 3);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_PREFERRED);
}
END_TEST

START_TEST(test_ipv6_addr_in_use_stays_when_another_claims_it)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr a = addr6(text);
    net6_na(&m, text, ND_NA_OVERRIDE);
    net6_mac(&m, 2, packet_mac_peer);
    for (unsigned i = 0; i < 1000; i++)
        net6_say(f, "fe80::2", "ff02::1", &m);
    ck_assert_uint_eq(f->ipv6.stats.dad_conflicts, 1000);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_PREFERRED);
    ck_assert_uint_eq(net6_events(f, TERN_NET_CONFLICT, &a), 1);
    ck_assert(net6_quiet(f));
    net6_na(&m, text, ND_NA_OVERRIDE);    /* our own, come back by some other way */
    net6_mac(&m, 2, packet_mac_us);
    net6_say(f, "fe80::2", "ff02::1", &m);
    ck_assert_uint_eq(f->ipv6.stats.dad_looped, 1);
}
END_TEST

/* As hosts do: from the very address. Of all that comes from it this alone is heard. */
START_TEST(test_ipv6_addr_in_use_is_claimed_from_itself)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr a = addr6(text);
    net6_na(&m, text, ND_NA_OVERRIDE);
    net6_mac(&m, 2, packet_mac_peer);
    net6_say(f, text, "ff02::1", &m);
    ck_assert_uint_eq(f->ipv6.stats.dad_conflicts, 1);
    ck_assert_uint_eq(f->ipv6.stats.in_bad_source, 0);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_PREFERRED);
    ck_assert_uint_eq(net6_events(f, TERN_NET_CONFLICT, &a), 1);
    net6_na(&m, text, ND_NA_OVERRIDE);
    net6_mac(&m, 2, packet_mac_peer);
    net6_say(f, text, text, &m);
    net6_ns(&m, "2001:db8::77");
    net6_say(f, text, "ff02::1", &m);
    ck_assert_uint_eq(f->ipv6.stats.in_bad_source, 2);
    ck_assert_uint_eq(f->ipv6.stats.dad_conflicts, 1);
    ck_assert(net6_quiet(f));
}
END_TEST

START_TEST(test_ipv6_addr_link_local_one_is_tried_four_times)
{
    struct net6_fixture *f = net6_fixture_bare();
    struct tern_addr seen[5] = { 0 };
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, 0), TERN_OK);
    for (size_t i = 0; i < 4; i++) {
        char addr[TERN_ADDR_TEXT_CAP];
        struct net6_heard h = net6_await(f);
        ck_assert_uint_eq(h.type, ICMP6_NS);
        seen[i] = h.target;
        for (size_t k = 0; k < i; k++)
            ck_assert(!tern_addr_equal(&seen[k], &seen[i]));
        tern_addr_format(&h.target, addr);
        net6_na(&m, addr, 0);
        net6_say(f, "fe80::2", "ff02::1", &m);
    }
    ck_assert_uint_eq(f->ipv6.stats.dad_conflicts, 4);
    ck_assert_uint_eq(net6_state(f, &seen[3]), TERN_IPV6_DUPLICATE);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_LINK_LOCAL), 1);
    ck_assert_uint_eq(net6_events(f, TERN_NET_CONFLICT, &seen[3]), 1);
    net6_pass(f, 5 * TERN_SECOND_NS);
    ck_assert(net6_quiet(f));
    ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS, NULL), 0);
}
END_TEST

START_TEST(test_ipv6_addr_is_asked_after_anew_when_the_link_comes_up)
{
    struct net6_heard h;
    struct net6_fixture *f = asking(&h);
    struct tern_addr a = addr6(text);
    net6_pass(f, 3 * TERN_SECOND_NS);
    f->wire.link.up = false;
    tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    fake_link_clear(&f->wire);
    net6_pass(f, 3 * TERN_SECOND_NS);
    ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS_LOST, NULL), 0);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_PREFERRED);
    f->wire.link.up = true;
    tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_TENTATIVE);
    net6_pass(f, 2500 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_PREFERRED);
    ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS, &a), 1);    /* it was never lost */
    tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);    /* another MTU, perhaps */
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_PREFERRED);
    f->wire.link.mac[5] = 9;
    tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_TENTATIVE);
    net6_na(&m, text, 0);    /* where we are now, somebody else has it */
    struct net6_from from = { .src = "fe80::2", .dst = "ff02::1" };
    net6_in(f, &from, m.octets, m.len);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_DUPLICATE);
    net6_pass(f, 1);
    ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS_LOST, &a), 1);
}
END_TEST

/* What is asked after is not ours, and nothing leaves from it (RFC 4862 section 5.4). */
START_TEST(test_ipv6_addr_sends_nothing_while_it_is_asked_after_anew)
{
    static const uint8_t segment[20];
    struct net6_heard h;
    struct net6_fixture *f = asking(&h);
    struct tern_addr us = addr6(text), peer = addr6("2001:db8::2");
    struct tern_net_path path = { 0 };
    struct tern_net_out out = { .src = &us, .dst = &peer, .path = &path, .protocol = IP_TCP,
                                .transport = 0xff };
    net6_pass(f, 3 * TERN_SECOND_NS);
    net6_ns(&m, text);    /* the peer is known */
    net6_mac(&m, 1, packet_mac_peer);
    net6_say(f, "2001:db8::2", group, &m);
    ck_assert_int_eq(tern_ip_send(&f->ipv6.ip, &out, segment, 20), TERN_OK);
    ck_assert_uint_ne(path.generation, 0);
    f->wire.link.mac[5] = 9;
    tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    ck_assert_int_eq(tern_ip_send(&f->ipv6.ip, &out, segment, 20), TERN_UNREACHABLE);
    ck_assert_uint_eq(f->ipv6.stats.ip.out_link_down, 1);
    net6_pass(f, 2500 * TERN_MILLISECOND_NS);
    ck_assert_int_ne(tern_ip_send(&f->ipv6.ip, &out, segment, 20), TERN_UNREACHABLE);
    ck_assert_uint_eq(f->ipv6.stats.ip.out_link_down, 1);
}
END_TEST

START_TEST(test_ipv6_addr_on_a_link_that_is_down_waits)
{
    struct net6_fixture *f = net6_fixture_bare();
    struct tern_addr a = addr6(text);
    f->wire.link.up = false;
    tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    ck_assert_int_eq(set(f, 0, text, 64, "::"), TERN_OK);
    net6_pass(f, 10 * TERN_SECOND_NS);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_TENTATIVE);
    ck_assert_uint_eq(f->ipv6.stats.nd_full, 0);
    f->wire.link.up = true;
    tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    net6_pass(f, 2500 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_PREFERRED);
}
END_TEST

START_TEST(test_ipv6_addr_is_not_used_unasked_because_the_link_is_full)
{
    struct net6_fixture *f = net6_fixture_bare();
    struct tern_addr a = addr6(text);
    f->wire.full = true;
    ck_assert_int_eq(set(f, 0, text, 64, "::"), TERN_OK);
    net6_pass(f, 10 * TERN_SECOND_NS);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_TENTATIVE);
    f->wire.full = false;
    net6_pass(f, 2500 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_PREFERRED);
}
END_TEST

START_TEST(test_ipv6_addr_set_refuses_what_no_host_has)
{
    static const struct { const char *addr, *gateway; uint8_t len; enum tern_err err; } cases[] = {
        { "::", "::", 64, TERN_INVALID },
        { "::1", "::", 64, TERN_INVALID },
        { "ff02::5", "::", 64, TERN_INVALID },
        { "2001:db8::", "::", 64, TERN_INVALID },    /* all routers' of the prefix */
        { "2001:db8::", "::", 127, TERN_OK },
        { "2001:db8::", "::", 128, TERN_OK },
        { "2001:db8::1", "::", 129, TERN_INVALID },
        { "2001:db8::1", "::1", 64, TERN_INVALID },
        { "2001:db8::1", "ff02::2", 64, TERN_INVALID },
        { "2001:db8::1", "2001:db8::1", 64, TERN_INVALID },
        { "10.0.0.1", "::", 64, TERN_UNSUPPORTED },
        { "2001:db8::1", "10.0.0.1", 64, TERN_UNSUPPORTED },
        { "2001:db8::1", "2001:db8::fe", 64, TERN_OK },
        { "fe80::5", "::", 64, TERN_OK },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net6_fixture *f = net6_fixture_bare();
        ck_assert_msg(set(f, 0, cases[i].addr, cases[i].len, cases[i].gateway) == cases[i].err,
                      "case %zu", i);
    }
    struct net6_fixture *f = net6_fixture();
    ck_assert_int_eq(set(f, 2, "2001:db8::9", 64, "::"), TERN_INVALID);
    ck_assert_int_eq(set(f, 0, "2001:db8:1::1", 64, "::"), TERN_INVALID);    /* link 1's */
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 2, 0), TERN_INVALID);
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, 4), TERN_INVALID);
    f->wire.link.mtu = 1279;
    ck_assert_int_eq(set(f, 0, "2001:db8::9", 64, "::"), TERN_INVALID);
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, 0), TERN_INVALID);
    f->wire.link.mtu = 1280;
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, 0), TERN_OK);
}
END_TEST

START_TEST(test_ipv6_addr_clear_takes_what_came_with_it_and_no_more)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr a = addr6(text), b = addr6("2001:db8::5"), far = addr6("2a00::1");
    ck_assert_int_eq(set(f, 0, "2001:db8::5", 64, "fe80::fe"), TERN_OK);
    ck_assert_uint_eq(f->net.n_routes, 3);
    ck_assert_int_eq(tern_ipv6_clear(&f->net, 0, &a), TERN_OK);
    net6_pass(f, 1);
    ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS_LOST, &a), 1);
    ck_assert_uint_eq(f->net.n_routes, 3);
    ck_assert_ptr_nonnull(tern_net_route_find(&f->net, &far, 0));
    ck_assert_int_eq(tern_ipv6_clear(&f->net, 0, &a), TERN_INVALID);
    ck_assert_int_eq(tern_ipv6_clear(&f->net, 0, &b), TERN_OK);
    ck_assert_uint_eq(f->net.n_routes, 1);    /* link 1's */
    ck_assert_ptr_null(tern_net_route_find(&f->net, &far, 0));
    struct tern_addr to = addr6("ff02::1:ff00:5");
    ck_assert(!tern_ipv6_has_group(&f->ipv6, 0, &to));
}
END_TEST

/* What shares a prefix is of the same link, and configured: others bring their own routes. */
START_TEST(test_ipv6_addr_clear_keeps_no_route_for_another_link_or_a_router)
{
    struct net6_fixture *f = net6_fixture_bare();
    struct tern_addr a = addr6(text), b = addr6("2001:db8::77");
    ck_assert_int_eq(set(f, 0, text, 64, "::"), TERN_OK);
    ck_assert_int_eq(set(f, 1, "2001:db8::5", 64, "::"), TERN_OK);
    ck_assert_ptr_nonnull(tern_ipv6_own_add(&f->ipv6, 0, &b, 64, TERN_IPV6_FROM_PREFIX,
                                            TERN_NEVER, TERN_NEVER));
    ck_assert_uint_eq(f->net.n_routes, 2);
    ck_assert_int_eq(tern_ipv6_clear(&f->net, 0, &a), TERN_OK);
    ck_assert_uint_eq(f->net.n_routes, 1);
    ck_assert_uint_eq(tern_net_route_get(&f->net, 0)->link, 1);
}
END_TEST

START_TEST(test_ipv6_addr_set_again_changes_prefix_and_gateway)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr far = addr6("2a00::1"), near = addr6("2001:db8:0:1::1");
    ck_assert_int_eq(set(f, 0, text, 56, "fe80::fd"), TERN_OK);
    ck_assert_uint_eq(f->net.n_routes, 3);
    struct tern_addr gateway = addr6("fe80::fd");
    ck_assert(tern_addr_equal(&tern_net_route_find(&f->net, &far, 0)->gateway, &gateway));
    ck_assert_uint_eq(tern_net_route_find(&f->net, &near, 0)->prefix_len, 56);
    struct tern_ipv6_address a;
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_CONFIGURED), 1);
    ck_assert_int_eq(tern_ipv6_get(&f->net, 0, 1, &a), TERN_OK);
    ck_assert(tern_addr_equal(&a.gateway, &gateway));
    ck_assert_uint_eq(a.prefix_len, 56);
    ck_assert_uint_eq(a.state, TERN_IPV6_PREFERRED);
    ck_assert_int_eq(tern_ipv6_get(&f->net, 0, 2, &a), TERN_INVALID);
}
END_TEST

START_TEST(test_ipv6_addr_table_that_is_full_says_so)
{
    struct net6_fixture *f = net6_fixture();
    char addr[40];
    size_t n = 0;
    enum tern_err err;
    do {
        snprintf(addr, sizeof addr, "2001:db8::%zx", 0x100 + n);
        err = set(f, 0, addr, 64, "::");
        n += err == TERN_OK;
        ck_assert_uint_lt(n, 100);
    } while (err == TERN_OK);
    ck_assert_int_eq(err, TERN_FULL);
    ck_assert_uint_eq(n, TERN_IPV6_ADDRS - 4);    /* two links with two each */
    ck_assert_uint_eq(f->net.n_routes, 3);
}
END_TEST

START_TEST(test_ipv6_addr_link_local_one_needs_room_too)
{
    struct net6_fixture *f = net6_fixture_bare();
    char addr[40];
    for (unsigned i = 0; i < TERN_IPV6_ADDRS - 1; i++) {
        snprintf(addr, sizeof addr, "2001:db8::%x", 0x100 + i);
        ck_assert_int_eq(set(f, 0, addr, 64, "::"), TERN_OK);
    }
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 1, TERN_IPV6_AUTO), TERN_FULL);
    ck_assert_uint_eq(f->ipv6.links[1].flags, 0);
    ck_assert(!f->ipv6.links[1].running);
    f = net6_fixture_bare();    /* nor an address where there is no place for all-nodes */
    struct tern_addr to = addr6("ff02::1:ff00:99");
    while (tern_mld_join(&f->ipv6, 1, &to) == TERN_OK)
        to.octets[14]++;
    ck_assert_int_eq(set(f, 1, "2001:db8::99", 64, "::"), TERN_FULL);
    to = addr6("2001:db8::99");
    ck_assert_ptr_null(tern_ipv6_own_find(&f->ipv6, 0xff, &to));
}
END_TEST

START_TEST(test_ipv6_addr_without_ipv6_is_refused)
{
    static struct tern_ipv4 ipv4;
    static struct tern_net net;
    struct net6_fixture *f = net6_fixture_bare();
    struct tern_net_config config = {
        .turn = &f->turn, .drbg = &f->drbg, .blocks = &f->blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv4, &ipv4 }, { NULL, NULL } } };
    struct tern_ipv6_address a = { .addr = addr6(text), .prefix_len = 64 };
    ipv4.config = (struct tern_ipv4_config){ .neighbours = f->neighbours, .n_neighbours = 16 };
    ck_assert_int_eq(tern_net_init(&net, &config), TERN_OK);
    fake_link_init(&f->wire, 1500, 0);
    ck_assert_int_eq(tern_net_attach(&net, &f->wire.link), TERN_OK);
    ck_assert_int_eq(tern_ipv6_auto(&net, 0, 0), TERN_INVALID);
    ck_assert_int_eq(tern_ipv6_set(&net, 0, &a), TERN_INVALID);
    ck_assert_int_eq(tern_ipv6_clear(&net, 0, &a.addr), TERN_INVALID);
    ck_assert_int_eq(tern_ipv6_get(&net, 0, 0, &a), TERN_INVALID);
    ck_assert_ptr_null(tern_ipv6_stats(&net));
}
END_TEST

/* An entry that is free is the address of nobody, also not of ::. */
START_TEST(test_ipv6_addr_entries_that_are_free_are_nothing)
{
    struct net6_fixture *f = net6_fixture();
    struct net6_from from = { .src = "fe80::2", .dst = "::", .hop_limit = 64 };
    static const uint8_t echo[16] = { ICMP6_ECHO };
    struct tern_addr to = addr6("ff02::1:ff00:0");    /* ::'s, as it were */
    net6_in(f, &from, echo, sizeof echo);
    ck_assert_uint_eq(f->ipv6.stats.in_not_ours, 1);
    ck_assert_int_eq(set(f, 0, "2001:db8::100:0", 64, "::"), TERN_OK);
    net6_pass(f, 10 * TERN_SECOND_NS);
    ck_assert(tern_ipv6_has_group(&f->ipv6, 0, &to));
}
END_TEST

/* Of two links with the same link-local address the one counts that has it. */
START_TEST(test_ipv6_addr_of_two_links_is_found_where_it_is_valid)
{
    for (uint8_t valid = 0; valid < 2; valid++) {
        struct net6_fixture *f = net6_fixture_bare();
        struct tern_addr a = addr6("fe80::77");
        f->ipv6.config.no_dad = valid == 0;
        ck_assert_int_eq(set(f, 0, "fe80::77", 64, "::"), TERN_OK);
        f->ipv6.config.no_dad = valid == 1;
        ck_assert_int_eq(set(f, 1, "fe80::77", 64, "::"), TERN_OK);
        ck_assert_uint_eq(tern_ipv6_own_find(&f->ipv6, 0xff, &a)->link, valid);
    }
}
END_TEST

START_TEST(test_ipv6_addr_without_its_group_is_none)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr to = addr6("ff15::");
    do
        to.octets[15]++;
    while (tern_mld_join(&f->ipv6, 0, &to) == TERN_OK);
    ck_assert_int_eq(set(f, 0, "2001:db8::99", 64, "::"), TERN_FULL);
    ck_assert_int_eq(set(f, 0, "2001:db8:2::1", 64, "::"), TERN_OK);    /* with ::1's group */
}
END_TEST

START_TEST(test_ipv6_addr_ages_and_goes)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr a = addr6("2001:db8::77");
    uint64_t now_ns = f->now_ns;
    ck_assert_ptr_nonnull(tern_ipv6_own_add(&f->ipv6, 0, &a, 128, TERN_IPV6_FROM_DHCP,
                                            now_ns + 10 * TERN_SECOND_NS,
                                            now_ns + 20 * TERN_SECOND_NS));
    net6_pass(f, 9 * TERN_SECOND_NS);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_PREFERRED);
    net6_pass(f, 1100 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_DEPRECATED);
    ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS_LOST, &a), 0);
    net6_pass(f, 10 * TERN_SECOND_NS);
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_UNUSED);
    ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS_LOST, &a), 1);
}
END_TEST

START_TEST(test_ipv6_addr_that_is_gone_leaves_by_itself_without_a_packet)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr a = addr6("2001:db8::77");
    tern_ipv6_own_add(&f->ipv6, 0, &a, 128, TERN_IPV6_FROM_DHCP,
                      f->now_ns + 10 * TERN_SECOND_NS, f->now_ns + 20 * TERN_SECOND_NS);
    net6_leap(f, 3600 * TERN_SECOND_NS);    /* suspended, and resumed much later */
    ck_assert_uint_eq(net6_state(f, &a), TERN_IPV6_UNUSED);
    ck_assert_uint_eq(net6_events(f, TERN_NET_ADDRESS_LOST, &a), 1);
}
END_TEST

Suite *ipv6_addr_suite(void)
{
    Suite *s = suite_create("ipv6_addr");
    TCase *c = tcase_create("addresses");
    tcase_add_test(c, test_ipv6_addr_is_asked_after_before_it_is_used);
    tcase_add_test(c, test_ipv6_addr_is_asked_after_as_often_as_configured);
    tcase_add_test(c, test_ipv6_addr_of_another_host_is_not_used);
    tcase_add_test(c, test_ipv6_addr_question_that_comes_back_is_no_conflict);
    tcase_add_test(c, test_ipv6_addr_in_use_stays_when_another_claims_it);
    tcase_add_test(c, test_ipv6_addr_in_use_is_claimed_from_itself);
    tcase_add_test(c, test_ipv6_addr_link_local_one_is_tried_four_times);
    tcase_add_test(c, test_ipv6_addr_is_asked_after_anew_when_the_link_comes_up);
    tcase_add_test(c, test_ipv6_addr_sends_nothing_while_it_is_asked_after_anew);
    tcase_add_test(c, test_ipv6_addr_on_a_link_that_is_down_waits);
    tcase_add_test(c, test_ipv6_addr_is_not_used_unasked_because_the_link_is_full);
    tcase_add_test(c, test_ipv6_addr_set_refuses_what_no_host_has);
    tcase_add_test(c, test_ipv6_addr_clear_takes_what_came_with_it_and_no_more);
    tcase_add_test(c, test_ipv6_addr_clear_keeps_no_route_for_another_link_or_a_router);
    tcase_add_test(c, test_ipv6_addr_set_again_changes_prefix_and_gateway);
    tcase_add_test(c, test_ipv6_addr_table_that_is_full_says_so);
    tcase_add_test(c, test_ipv6_addr_link_local_one_needs_room_too);
    tcase_add_test(c, test_ipv6_addr_without_ipv6_is_refused);
    tcase_add_test(c, test_ipv6_addr_entries_that_are_free_are_nothing);
    tcase_add_test(c, test_ipv6_addr_of_two_links_is_found_where_it_is_valid);
    tcase_add_test(c, test_ipv6_addr_without_its_group_is_none);
    tcase_add_test(c, test_ipv6_addr_ages_and_goes);
    tcase_add_test(c, test_ipv6_addr_that_is_gone_leaves_by_itself_without_a_packet);
    suite_add_tcase(s, c);
    return s;
}
