/* SPDX-License-Identifier: ISC */
/*
 * The DHCP client against a server that the test plays: a lease, from birth to
 * death.
 */
#include "dhcp4_fixture.h"
#include "suites.h"

START_TEST(test_dhcp4_gets_a_lease)
{
    struct net_fixture *f = start();
    struct tern_dhcp4_lease lease;
    static const uint8_t more[] = { 6, 8, 1, 1, 1, 1, 8, 8, 8, 8, 42, 4, 9, 9, 9, 9 };
    struct reply r = good;
    r.more = more;
    r.more_len = sizeof more;
    struct heard h = hear(f);
    ck_assert_uint_eq(h.src, 0);
    ck_assert_uint_eq(h.dst, 0xffffffff);
    ck_assert(h.has_hostname);
    ck_assert(!h.asks_routes);
    r.type = DHCP4_OFFER;
    r.xid = h.xid;
    say(f, &r);
    h = hear(f);
    ck_assert_uint_eq(h.src, 0);
    ck_assert_uint_eq(h.ciaddr, 0);
    r.type = DHCP4_ACK;
    say(f, &r);
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_AGAIN);
    const struct fake_frame *probe = net_fixture_sent(f);
    ck_assert_uint_eq(tern_load_be32(probe->data + 28), 0);
    ck_assert_uint_eq(tern_load_be32(probe->data + 38), LEASED);
    net_fixture_pass(f, 190 * TERN_MILLISECOND_NS);
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_AGAIN);
    net_fixture_pass(f, 60 * TERN_MILLISECOND_NS);
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_OK);
    ck_assert_uint_eq(tern_addr_to_v4(&lease.address.addr), LEASED);
    ck_assert_uint_eq(lease.address.prefix_len, 24);
    ck_assert_uint_eq(tern_addr_to_v4(&lease.address.gateway), ROUTER);
    ck_assert_uint_eq(tern_addr_to_v4(&lease.server), SERVER);
    ck_assert_uint_eq(lease.n_dns, 2);
    ck_assert_uint_eq(tern_addr_to_v4(&lease.dns[1]), 0x08080808);
    ck_assert_uint_eq(lease.n_ntp, 1);
    ck_assert(hear(f).is_arp);    /* announced */
    ck_assert_int_eq(f->events[f->n_events - 1].event, TERN_NET_ADDRESS);
    ck_assert(!f->ipv4.links[0].configuring);
}
END_TEST

START_TEST(test_dhcp4_takes_answers_to_the_address_that_is_offered)
{
    struct net_fixture *f = start();
    struct heard h = hear(f);
    uint8_t msg[1500];
    struct reply r = good;
    struct packet_ip4 ip = { .src = SERVER, .dst = LEASED };
    r.type = DHCP4_OFFER;
    r.xid = h.xid;
    net_fixture_in(f, frame, packet_udp(frame, &ip, 67, 68, msg, reply_emit(msg, &r)));
    ck_assert_uint_eq(hear(f).type, DHCP4_REQUEST);
    /* Another port of that address is nobody's. */
    net_fixture_in(f, frame, packet_udp(frame, &ip, 67, 69, msg, 4));
    ck_assert_uint_eq(f->ipv4.stats.in_not_ours, 1);
}
END_TEST

START_TEST(test_dhcp4_asks_again_later_and_later)
{
    struct net_fixture *f = start();
    uint64_t at_s[6];
    for (size_t i = 0; i < 6; i++) {
        while (f->wire.n_sent == f->wire.n_taken)
            net_fixture_pass(f, 50 * TERN_MILLISECOND_NS);
        ck_assert_uint_eq(hear(f).type, DHCP4_DISCOVER);
        at_s[i] = f->now_ns / TERN_SECOND_NS;
    }
    for (size_t i = 0; i < 5; i++) {
        uint64_t wait_s = at_s[i + 1] - at_s[i], base_s = UINT64_C(4) << (i < 4 ? i : 4);
        ck_assert_uint_ge(wait_s, base_s - 2);
        ck_assert_uint_le(wait_s, base_s + 2);
    }
    ck_assert_uint_eq(dhcp4.stats.discovers, 6);
}
END_TEST

START_TEST(test_dhcp4_starts_over_when_its_request_is_not_answered)
{
    struct net_fixture *f = start();
    struct reply offer = good;
    offer.type = DHCP4_OFFER;
    offer.xid = hear(f).xid;
    say(f, &offer);
    net_fixture_pass(f, 80 * TERN_SECOND_NS);
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(hear(f).type, DHCP4_REQUEST);
    struct heard h = hear(f);
    ck_assert_uint_eq(h.type, DHCP4_DISCOVER);
    ck_assert_uint_ne(h.xid, offer.xid);
}
END_TEST

/* Relays may choose their servers by it (RFC 2131 section 3.1 (3), table 5). */
START_TEST(test_dhcp4_requests_with_the_seconds_of_its_discover)
{
    struct net_fixture *f = start();
    struct reply r = good;
    ck_assert_uint_eq(hear(f).secs, 0);
    net_fixture_pass(f, 5 * TERN_SECOND_NS);
    struct heard discover = hear(f);
    ck_assert_int_eq(discover.type, DHCP4_DISCOVER);
    ck_assert_uint_ge(discover.secs, 3);
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    r.type = DHCP4_OFFER;
    r.xid = discover.xid;
    say(f, &r);
    struct heard request = hear(f);
    ck_assert_int_eq(request.type, DHCP4_REQUEST);
    ck_assert_uint_eq(request.secs, discover.secs);
    r.type = DHCP4_ACK;
    say(f, &r);
    ck_assert(hear(f).is_arp);
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_us, 2, packet_mac_other, LEASED,
                                        packet_mac_us, 0));
    struct heard decline = hear(f);
    ck_assert_uint_eq(decline.type, DHCP4_DECLINE);
    ck_assert_uint_eq(decline.secs, 0);
}
END_TEST

START_TEST(test_dhcp4_declines_an_address_that_answers)
{
    struct net_fixture *f = start();
    (void)to_probe(f, &good);
    ck_assert(hear(f).is_arp);
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_us, 2, packet_mac_other, LEASED,
                                        packet_mac_us, 0));
    struct heard h = hear(f);
    ck_assert_uint_eq(h.type, DHCP4_DECLINE);
    ck_assert_uint_eq(h.requested, LEASED);
    ck_assert_uint_eq(h.server, SERVER);
    ck_assert_uint_eq(dhcp4.stats.conflicts, 1);
    ck_assert_uint_eq(f->ipv4.stats.arp_conflict, 1);
    ck_assert_uint_eq(f->ipv4.stats.arp_not_ours, 0);    /* one counter for each packet */
    net_fixture_pass(f, 9 * TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    ck_assert_uint_eq(hear(f).type, DHCP4_DISCOVER);
    struct tern_dhcp4_lease lease;
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_AGAIN);
}
END_TEST

START_TEST(test_dhcp4_declines_when_another_probes_the_same)
{
    struct net_fixture *f = start();
    (void)to_probe(f, &good);
    ck_assert(hear(f).is_arp);
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_broadcast, 1, packet_mac_other, 0, none,
                                        LEASED));
    ck_assert_uint_eq(hear(f).type, DHCP4_DECLINE);
}
END_TEST

START_TEST(test_dhcp4_renews_by_unicast_and_then_from_all)
{
    struct net_fixture *f = bound_by(&good);
    f->now_ns += 1790 * TERN_SECOND_NS;
    while (f->wire.n_sent == f->wire.n_taken)
        net_fixture_pass(f, 50 * TERN_MILLISECOND_NS);
    /* T1: to its server, whose MAC must be found first. */
    ck_assert(hear(f).is_arp);
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_us, 2, packet_mac_other, SERVER,
                                        packet_mac_us, LEASED));
    struct heard h = hear(f);
    ck_assert_uint_eq(h.type, DHCP4_REQUEST);
    ck_assert_uint_eq(h.dst, SERVER);
    ck_assert_uint_eq(h.src, LEASED);
    ck_assert_uint_eq(h.ciaddr, LEASED);
    ck_assert_uint_eq(h.requested, 0);
    ck_assert_uint_eq(h.server, 0);
    uint64_t asked_ns = f->now_ns;
    struct reply r = good;
    r.xid = h.xid;
    r.lease_s = 7200;
    say(f, &r);
    struct tern_dhcp4_lease lease;
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_OK);
    ck_assert_uint_le(lease.expires_ns, asked_ns + 7200 * TERN_SECOND_NS);
    ck_assert_uint_gt(lease.expires_ns, asked_ns + 7190 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.stats.renewals, 1);
    /* Silence until T2: then everyone is asked, and at the end the address goes. */
    fake_link_clear(&f->wire);
    size_t n_events = f->n_events;
    f->now_ns = lease.expires_ns - 901 * TERN_SECOND_NS;
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    net_fixture_pass(f, 890 * TERN_SECOND_NS);
    size_t n_all = 0;
    while (f->wire.n_taken != f->wire.n_sent) {
        h = hear(f);
        if (h.is_arp || h.dst != 0xffffffff)
            continue;
        ck_assert_uint_eq(h.ciaddr, LEASED);
        ck_assert_uint_eq(h.src, LEASED);
        n_all++;
    }
    ck_assert_uint_ge(n_all, 3);
    ck_assert_uint_eq(dhcp4.stats.rebinds, 1);
    ck_assert_uint_eq(f->n_events, n_events);
    net_fixture_pass(f, 12 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.stats.expiries, 1);
    ck_assert_int_eq(f->events[n_events].event, TERN_NET_ADDRESS_LOST);
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_AGAIN);
    struct tern_ipv4_address a;
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_INVALID);
    while (f->wire.n_taken != f->wire.n_sent)
        h = hear(f);
    ck_assert_uint_eq(h.type, DHCP4_DISCOVER);
    ck_assert_uint_eq(h.src, 0);
}
END_TEST

START_TEST(test_dhcp4_a_nak_ends_the_lease)
{
    struct net_fixture *f = bound_by(&good);
    struct reply nak = { .type = DHCP4_NAK, .server = SERVER, .xid = dhcp4.xid };
    say(f, &nak);    /* nothing was asked */
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 1);
    f->now_ns += 1800 * TERN_SECOND_NS;
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    nak.xid = dhcp4.xid;
    nak.server = OTHER;
    say(f, &nak);    /* of a server that was not asked */
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 2);
    nak.server = SERVER;
    say(f, &nak);
    ck_assert_uint_eq(dhcp4.stats.naks, 1);
    struct tern_dhcp4_lease lease;
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_AGAIN);
    ck_assert_uint_eq(hear(f).type, DHCP4_DISCOVER);
}
END_TEST

START_TEST(test_dhcp4_confirms_its_lease_when_the_link_comes_back)
{
    struct net_fixture *f = bound_by(&good);
    f->wire.link.up = false;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    net_fixture_pass(f, 10 * TERN_SECOND_NS);
    f->wire.link.up = true;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    struct heard h = hear(f);
    while (h.is_arp)
        h = hear(f);
    ck_assert_uint_eq(h.type, DHCP4_REQUEST);
    ck_assert_uint_eq(h.requested, LEASED);
    ck_assert_uint_eq(h.ciaddr, 0);
    ck_assert_uint_eq(h.server, 0);
    struct reply r = good;
    r.xid = h.xid;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.acks, 2);
    struct tern_dhcp4_lease lease;
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_OK);
    /* Nobody answers the next time: the lease runs on (RFC 2131 section 3.2). */
    f->wire.link.up = false;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    f->wire.link.up = true;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    net_fixture_pass(f, 60 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_OK);
}
END_TEST

START_TEST(test_dhcp4_waits_for_a_link)
{
    struct net_fixture *f = start();
    (void)hear(f);
    f->wire.full = true;
    net_fixture_pass(f, 6 * TERN_SECOND_NS);    /* no slot: it is sent again by the timer */
    ck_assert(net_fixture_quiet(f));
    (void)fake_link_room(&f->wire, f->now_ns);
    net_fixture_pass(f, 10 * TERN_SECOND_NS);
    ck_assert_uint_eq(hear(f).type, DHCP4_DISCOVER);
}
END_TEST

START_TEST(test_dhcp4_waits_for_an_endpoint)
{
    struct net_fixture *f = start();
    const struct tern_net_client_ops *ops = tern_dhcp4.ops;
    static struct tern_dhcp4 second;
    struct tern_endpoint *eps[8];
    struct tern_endpoint_addr local = { 0 };
    for (size_t i = 0; i < 7; i++)
        ck_assert_int_eq(tern_udp_open(&f->net, &local, NULL, NULL, &eps[i]), TERN_OK);
    fake_link_clear(&f->wire);
    memset(&second, 0, sizeof second);
    ck_assert_int_eq(ops->init(&f->net, &second), TERN_OK);
    ops->link_changed(&f->net, &second, 0);    /* none is free, and 68 is taken */
    ck_assert_uint_eq(second.state, DHCP4_STOPPED);
    ck_assert_uint_eq(second.stats.discovers, 0);
    dhcp4.ep->ops = eps[0]->ops;    /* a client's own has no close */
    tern_endpoint_close(dhcp4.ep);
    ops->link_changed(&f->net, &second, 0);    /* again when the link changes */
    ck_assert_uint_eq(second.state, DHCP4_SELECTING);
    ck_assert_uint_eq(second.stats.discovers, 1);
    ck_assert_uint_eq(hear(f).type, DHCP4_DISCOVER);
}
END_TEST

Suite *dhcp4_suite(void)
{
    Suite *suite = suite_create("dhcp4");
    TCase *tc = tcase_create("dhcp4");
    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, test_dhcp4_gets_a_lease);
    tcase_add_test(tc, test_dhcp4_takes_answers_to_the_address_that_is_offered);
    tcase_add_test(tc, test_dhcp4_asks_again_later_and_later);
    tcase_add_test(tc, test_dhcp4_starts_over_when_its_request_is_not_answered);
    tcase_add_test(tc, test_dhcp4_requests_with_the_seconds_of_its_discover);
    tcase_add_test(tc, test_dhcp4_declines_an_address_that_answers);
    tcase_add_test(tc, test_dhcp4_declines_when_another_probes_the_same);
    tcase_add_test(tc, test_dhcp4_renews_by_unicast_and_then_from_all);
    tcase_add_test(tc, test_dhcp4_a_nak_ends_the_lease);
    tcase_add_test(tc, test_dhcp4_confirms_its_lease_when_the_link_comes_back);
    tcase_add_test(tc, test_dhcp4_waits_for_a_link);
    tcase_add_test(tc, test_dhcp4_waits_for_an_endpoint);
    suite_add_tcase(suite, tc);
    return suite;
}
