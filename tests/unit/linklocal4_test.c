/* SPDX-License-Identifier: ISC */
/*
 * Link-local addresses of IPv4: chosen, asked after, announced, defended, lost.
 */
#include "dhcp4_fixture.h"
#include "suites.h"

static struct tern_linklocal4 local;

static struct net_fixture *start_local(bool at_once, bool with_dhcp)
{
    struct net_fixture *f = net_fixture_bare();
    static const uint8_t seed[TERN_SEED_LEN] = { 9 };
    tern_provider_leave(&f->net.provider);
    tern_turn_init(&f->turn, NULL, f->now_ns);
    tern_drbg_init(&f->drbg, seed);
    memset(&local, 0, sizeof local);
    memset(&dhcp4, 0, sizeof dhcp4);
    local.config.at_once = at_once;
    struct tern_net_config config = {
        .turn = &f->turn,
        .drbg = &f->drbg,
        .blocks = &f->blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv4, &f->ipv4 },
                                                { &tern_udp, &f->udp },
                                                { &tern_linklocal4, &local },
                                                { with_dhcp ? &tern_dhcp4 : NULL, &dhcp4 },
                                                { NULL, NULL } },
        .event = f->net.event,
        .app = f,
    };
    ck_assert_int_eq(tern_net_init(&f->net, &config), TERN_OK);
    fake_link_init(&f->wire, 1500, 0);
    ck_assert_int_eq(tern_net_attach(&f->net, &f->wire.link), TERN_OK);
    net_fixture_pass(f, 1);
    return f;
}

/* The next ARP request that was sent to all: who says what of which address. */
static uint32_t asked(struct net_fixture *f, uint32_t *sender)
{
    const uint8_t *sent = net_fixture_sent(f)->data;
    ck_assert_uint_eq(tern_load_be16(sent + 12), 0x0806);
    ck_assert_uint_eq(tern_load_be16(sent + 20), 1);
    ck_assert_mem_eq(sent, packet_mac_broadcast, 6);
    *sender = tern_load_be32(sent + 28);
    return tern_load_be32(sent + 38);
}

/* Three probes and two announcements of one address, which is then ours. */
static uint32_t claimed(struct net_fixture *f)
{
    struct tern_ipv4_address a;
    uint32_t addr = 0, sender;
    net_fixture_pass(f, 10 * TERN_SECOND_NS);
    for (size_t i = 0; i < 5; i++) {
        uint32_t target = asked(f, &sender);
        ck_assert(addr == 0 || addr == target);
        addr = target;
        ck_assert_uint_eq(sender, i < 3 ? 0 : addr);
    }
    ck_assert_uint_ge(addr, 0xa9fe0100);
    ck_assert_uint_le(addr, 0xa9fefeff);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_OK);
    ck_assert_uint_eq(tern_addr_to_v4(&a.addr), addr);
    ck_assert_uint_eq(a.prefix_len, 16);
    ck_assert(tern_addr_is_any(&a.gateway));
    ck_assert(net_fixture_quiet(f));
    return addr;
}

/* Another host says that addr is its own. */
static void other_claims(struct net_fixture *f, uint32_t addr)
{
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_broadcast, 1, packet_mac_other, addr,
                                        none, addr));
}

START_TEST(test_linklocal4_asks_three_times_before_it_takes_an_address)
{
    struct net_fixture *f = start_local(true, false);
    uint32_t first = claimed(f);
    ck_assert_uint_eq(local.stats.probes, 3);
    ck_assert_uint_eq(local.stats.claims, 1);
    /* The same host finds the same address again. */
    ck_assert_uint_eq(claimed(start_local(true, false)), first);
}
END_TEST

START_TEST(test_linklocal4_answers_and_asks_by_broadcast)
{
    struct net_fixture *f = start_local(true, false);
    uint32_t addr = claimed(f);
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer,
                                        0xa9fe0203, none, addr));
    const uint8_t *sent = net_fixture_sent(f)->data;
    ck_assert_uint_eq(tern_load_be16(sent + 20), 2);
    ck_assert_mem_eq(sent, packet_mac_broadcast, 6);    /* RFC 3927 section 2.5 */
    ck_assert_mem_eq(sent + 32, packet_mac_peer, 6);
}
END_TEST

START_TEST(test_linklocal4_chooses_another_if_one_is_taken)
{
    struct net_fixture *f = start_local(true, false);
    uint32_t taken[11], sender;
    for (size_t i = 0; i < 10; i++) {
        uint64_t from_ns = f->now_ns;
        while (f->wire.n_sent == f->wire.n_taken)
            net_fixture_pass(f, 10 * TERN_MILLISECOND_NS);
        ck_assert_uint_le(f->now_ns - from_ns, 1100 * TERN_MILLISECOND_NS);
        taken[i] = asked(f, &sender);
        ck_assert_uint_eq(sender, 0);
        ck_assert(i == 0 || taken[i] != taken[i - 1]);
        if (i % 2 == 0) {
            other_claims(f, taken[i]);
        } else {    /* asks after it as we do: RFC 3927 section 2.2.1 */
            net_fixture_in(f, frame, packet_arp(frame, packet_mac_broadcast, 1, packet_mac_other,
                                                0, none, taken[i]));
        }
    }
    ck_assert_uint_eq(local.stats.conflicts, 10);
    ck_assert_uint_eq(f->ipv4.stats.arp_conflict, 10);
    /* So many conflicts: from now on one try a minute. */
    net_fixture_pass(f, 59 * TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));
    net_fixture_pass(f, 11 * TERN_SECOND_NS);
    ck_assert_uint_eq(local.stats.claims, 1);
}
END_TEST

START_TEST(test_linklocal4_defends_once_and_then_gives_up)
{
    struct net_fixture *f = start_local(true, false);
    uint32_t addr = claimed(f), sender;
    struct tern_ipv4_address a;
    for (size_t i = 0; i < 3; i++) {    /* far enough apart: defended each time */
        other_claims(f, addr);
        ck_assert_uint_eq(asked(f, &sender), addr);
        ck_assert_uint_eq(sender, addr);
        net_fixture_pass(f, 11 * TERN_SECOND_NS);
    }
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_OK);
    ck_assert_uint_eq(local.stats.conflicts, 0);
    other_claims(f, addr);
    (void)asked(f, &sender);
    other_claims(f, addr);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_INVALID);
    ck_assert_uint_eq(local.stats.conflicts, 1);
    ck_assert(net_fixture_quiet(f));
    ck_assert_uint_ne(claimed(f), addr);
}
END_TEST

/* Another's word does not take away an address that was given (RFC 5227 section 2.4 (c)). */
START_TEST(test_linklocal4_other_addresses_are_kept)
{
    struct net_fixture *f = start_local(false, false);
    struct tern_ipv4_address a = { .addr = tern_addr_v4(US), .prefix_len = 24 };
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_OK);
    net_fixture_pass(f, TERN_SECOND_NS);    /* it was asked after, and nobody had it */
    for (size_t i = 0; i < 10000; i++)
        other_claims(f, US);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_OK);
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    ck_assert_uint_eq(f->ipv4.stats.arp_announcements, 3);    /* two of its own, one defence */
    ck_assert_uint_eq(local.stats.probes, 0);
}
END_TEST

START_TEST(test_linklocal4_waits_for_dhcp_and_gives_way_to_it)
{
    struct net_fixture *f = start_local(false, true);
    struct tern_ipv4_address a;
    struct reply r = good;
    struct heard h = { 0 };
    uint64_t from_ns = f->now_ns;
    size_t n_discovers = 0;
    while (tern_ipv4_get(&f->net, 0, &a) != TERN_OK) {
        net_fixture_pass(f, 50 * TERN_MILLISECOND_NS);
        ck_assert_uint_lt(f->now_ns - from_ns, 30 * TERN_SECOND_NS);
    }
    while (f->wire.n_sent > f->wire.n_taken) {
        struct heard next = hear(f);
        n_discovers += !next.is_arp;
        if (!next.is_arp)
            h = next;
    }
    ck_assert_uint_eq(n_discovers, 3);
    ck_assert_uint_eq(tern_addr_to_v4(&a.addr) >> 16, 0xa9fe);
    /* A server is there after all. */
    r.type = DHCP4_OFFER;
    r.xid = h.xid;
    say(f, &r);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_OK);
    r.type = DHCP4_ACK;
    say(f, &r);
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_OK);
    ck_assert_uint_eq(tern_addr_to_v4(&a.addr), LEASED);
    net_fixture_pass(f, 60 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_OK);
    ck_assert_uint_eq(tern_addr_to_v4(&a.addr), LEASED);
    ck_assert_uint_eq(local.stats.claims, 1);
}
END_TEST

START_TEST(test_linklocal4_leaves_an_offer_its_probe)
{
    struct net_fixture *f = start_local(true, true);
    struct reply r = good;
    r.type = DHCP4_OFFER;
    r.xid = hear(f).xid;
    net_fixture_pass(f, 2 * TERN_SECOND_NS);    /* both are on their way */
    fake_link_clear(&f->wire);
    say(f, &r);
    ck_assert_uint_eq(f->ipv4.links[0].probing >> 16, 0xa9fe);
    r.type = DHCP4_ACK;
    say(f, &r);
    ck_assert_uint_eq(f->ipv4.links[0].probing, LEASED);
    other_claims(f, LEASED);
    ck_assert_uint_eq(dhcp4.stats.declines, 1);
    ck_assert_uint_eq(local.stats.conflicts, 0);
    ck_assert_uint_eq(f->ipv4.links[0].probing, 0);
}
END_TEST

START_TEST(test_linklocal4_starts_over_with_the_link)
{
    struct net_fixture *f = start_local(true, false);
    struct tern_ipv4_address a;
    uint32_t addr = claimed(f);
    f->wire.link.up = false;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_INVALID);
    net_fixture_pass(f, 60 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    f->wire.link.up = true;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    ck_assert_uint_eq(claimed(f), addr);
}
END_TEST

Suite *linklocal4_suite(void)
{
    Suite *s = suite_create("linklocal4");
    TCase *tc = tcase_create("client");
    suite_add_tcase(s, tc);
    tcase_add_test(tc, test_linklocal4_asks_three_times_before_it_takes_an_address);
    tcase_add_test(tc, test_linklocal4_answers_and_asks_by_broadcast);
    tcase_add_test(tc, test_linklocal4_chooses_another_if_one_is_taken);
    tcase_add_test(tc, test_linklocal4_defends_once_and_then_gives_up);
    tcase_add_test(tc, test_linklocal4_other_addresses_are_kept);
    tcase_add_test(tc, test_linklocal4_waits_for_dhcp_and_gives_way_to_it);
    tcase_add_test(tc, test_linklocal4_leaves_an_offer_its_probe);
    tcase_add_test(tc, test_linklocal4_starts_over_with_the_link);
    return s;
}
