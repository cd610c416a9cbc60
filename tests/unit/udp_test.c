/* SPDX-License-Identifier: ISC */
/*
 * UDP: headers, endpoints, errors.
 */
#include "udp_fixture.h"
#include "suites.h"

/* ---- Lengths ------------------------------------------------------------ */

START_TEST(test_udp_view_table)
{
    static const struct {
        size_t contig, l4_len, said;
        enum tern_err err;
        const char *why;
    } cases[] = {
        { 0, 0, 8, TERN_TRUNCATED, "nothing" },
        { 7, 7, 8, TERN_TRUNCATED, "one octet short" },
        { 7, 100, 8, TERN_TRUNCATED, "a header in two spans" },
        { 8, 7, 8, TERN_TRUNCATED, "a header past the IP payload" },
        { 8, 8, 8, TERN_OK, "empty" },
        { 8, 100, 100, TERN_OK, "data in the next span" },
        { 8, 8, 7, TERN_MALFORMED, "below its header" },
        { 8, 8, 0, TERN_MALFORMED, "zero" },
        { 8, 8, 9, TERN_MALFORMED, "one past" },
        { 100, 100, 100, TERN_OK, "all" },
        { 100, 100, 99, TERN_OK, "with a surplus" },
        { 100, 100, 101, TERN_MALFORMED, "one past" },
        { 100, 100, 65535, TERN_MALFORMED, "far past" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t l4[100] = { 0, 5, 0, 7, (uint8_t)(cases[i].said >> 8), (uint8_t)cases[i].said };
        struct tern_udp_view v;
        ck_assert_msg(tern_udp_view_init(&v, l4, cases[i].contig, cases[i].l4_len) ==
                          cases[i].err, "%s", cases[i].why);
    }
}
END_TEST

/* UDP's length against the IP payload (CVE-2021-31345). */
START_TEST(hostile_net_4_length_against_the_ip_payload)
{
    struct net_fixture *f = met();
    (void)open_on(f, 7, &noting);
    uint64_t bad = 0;
    for (size_t said = 0; said < 65536; said += said < 40 ? 1 : 4093) {
        size_t len = packet_udp(frame, &usual, 5, 7, (const uint8_t *)"0123456789", 10);
        tern_store_be16(frame + 38, (uint16_t)said);
        tern_store_be16(frame + 40, 0);    /* no checksum: lengths alone decide */
        net_fixture_in(f, frame, len);
        if (said < 8 || said > 18) {
            ck_assert_uint_eq(f->udp.stats.in_bad_len, ++bad);
        } else {
            ck_assert_uint_eq(seen.last.len, said - 8);
            ck_assert_mem_eq(seen.data, "0123456789", said - 8);
        }
    }
    ck_assert_uint_eq(f->udp.stats.in_delivered, 11);
    for (size_t len = 0; len < 8; len++) {
        struct packet_ip4 ip = usual;
        uint8_t l4[8] = { 0, 5, 0, 7, 0, 8 };
        ip.protocol = 17;
        net_fixture_in(f, frame, packet_ip4(frame, &ip, l4, len));
        ck_assert_uint_eq(f->udp.stats.in_short, len + 1);
    }
    for (size_t i = 0; i < 10000; i++) {
        size_t len = packet_udp(frame, &usual, 5, 7, NULL, 0);
        tern_store_be16(frame + 38, 9);
        net_fixture_in(f, frame, len);
    }
    ck_assert_uint_eq(f->udp.stats.in_bad_len, bad + 10000);
    account(f);
}
END_TEST

START_TEST(test_udp_checksums_of_any_length_and_none)
{
    struct net_fixture *f = met();
    (void)open_on(f, 7, &noting);
    uint8_t data[64];
    memset(data, 0xab, sizeof data);
    for (size_t n = 0; n <= sizeof data; n++) {
        size_t len = packet_udp(frame, &usual, 5, 7, data, n);
        net_fixture_in(f, frame, len);
        frame[len - 1] ^= 0x40;
        net_fixture_in(f, frame, len);
        ck_assert_uint_eq(f->udp.stats.in_delivered, n + 1);
        ck_assert_uint_eq(f->udp.stats.in_bad_checksum, n + 1);
    }
    size_t len = packet_udp(frame, &usual, 5, 7, data, 3);
    tern_store_be16(frame + 40, 0);
    net_fixture_in(f, frame, len);    /* RFC 768: none was made */
    ck_assert_uint_eq(f->udp.stats.in_delivered, 66);
    tern_store_be16(frame + 40, 1);    /* the driver's word is enough */
    (void)fake_link_input_as(&f->wire, frame, len, TERN_CSUM_VALID, 0, 0, f->now_ns);
    ck_assert_uint_eq(f->udp.stats.in_delivered, 67);
    account(f);
}
END_TEST

START_TEST(test_udp_a_surplus_behind_the_length_is_not_summed)
{
    struct net_fixture *f = met();
    (void)open_on(f, 7, &noting);
    size_t len = packet_udp(frame, &usual, 5, 7, (const uint8_t *)"abc", 3);
    memset(frame + len, 0x77, 5);
    tern_store_be16(frame + 16, (uint16_t)(len - PACKET_ETH + 5));
    packet_ip4_resum(frame);
    net_fixture_in(f, frame, len + 5);
    ck_assert_uint_eq(seen.n_got, 1);
    ck_assert_uint_eq(seen.last.len, 3);
}
END_TEST

/* ---- Endpoints ---------------------------------------------------------- */

/* 0.0.0.0 is any address of IPv4, and where :: is it is taken, as on kernel sockets. */
START_TEST(test_udp_any_of_ipv4_has_no_datagrams_of_ipv6)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep, *any;
    struct tern_endpoint_addr a = { .addr = tern_addr_v4(0), .port = 7 }, bound;
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &any), TERN_OK);
    tern_endpoint_local(any, &bound);
    ck_assert(tern_addr_equal(&bound.addr, &a.addr));
    a.addr = (struct tern_addr){ { 0 } };
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_REFUSED);
    struct tern_dgram to = { .peer = { .addr = { { 0x20, 1, 0xd, 0xb8, [15] = 1 } }, .port = 9 },
                             .data = (uint8_t *)"x", .len = 1 };
    ck_assert_uint_eq(tern_endpoint_send(any, &to, 1), 0);
    tern_endpoint_close(any);
}
END_TEST

START_TEST(test_udp_open_says_what_is_wrong)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep, *first;
    struct tern_endpoint_addr a = { .port = 7 };
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &first), TERN_OK);
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_REFUSED);
    a.addr = tern_addr_v4(0);
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_REFUSED);
    a.addr = tern_addr_v4(PEER);
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_INVALID);
    a.addr = tern_addr_v4(US);
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_OK);
    a.link = 2;
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_INVALID);
    a.link = 3;
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_INVALID);
    tern_endpoint_close(first);
    tern_endpoint_close(first);    /* harmless */
    a = (struct tern_endpoint_addr){ .port = 7 };
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_OK);
    for (size_t i = 0; i < 6; i++)
        (void)open_on(f, 0, NULL);
    a.port = 0;
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_FULL);
}
END_TEST

/* Ports that can be foretold (CVE-2022-1012). */
START_TEST(hostile_net_42_udp_ports_are_unpredictable)
{
    struct net_fixture *f = met();
    uint16_t ports[64];
    unsigned neighbours = 0;
    for (size_t i = 0; i < 64; i++) {
        struct tern_endpoint *ep = open_on(f, 0, NULL);
        struct tern_endpoint_addr local;
        tern_endpoint_local(ep, &local);
        ck_assert_uint_ge(local.port, 49152);
        ports[i] = local.port;
        if (i > 0 && (uint16_t)(ports[i] - ports[i - 1] + 2) <= 4)
            neighbours++;
        tern_endpoint_close(ep);
    }
    ck_assert_uint_lt(neighbours, 4);
}
END_TEST

START_TEST(test_udp_the_best_fit_receives)
{
    struct net_fixture *f = met();
    struct tern_endpoint_addr own = { .addr = tern_addr_v4(US), .port = 7 };
    struct tern_endpoint *ep;
    (void)open_on(f, 7, NULL);
    ck_assert_int_eq(tern_udp_open(&f->net, &own, &noting, NULL, &ep), TERN_OK);
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 7, NULL, 0));
    ck_assert_uint_eq(seen.n_got, 1);
    ck_assert_uint_eq(tern_addr_to_v4(&seen.last.peer.addr), PEER);
    ck_assert_uint_eq(seen.last.peer.port, 5);
    ck_assert_uint_eq(tern_addr_to_v4(&seen.last.local.addr), US);
    ck_assert_uint_eq(seen.last.local.port, 7);
    ck_assert_uint_eq(seen.last.link, 1);
    ck_assert_uint_eq(seen.last.hop_limit, 64);
    ck_assert_uint_eq(seen.last.flags, 0);
}
END_TEST

/* Another port, another link, another address of ours: none of them fits. */
START_TEST(test_udp_what_does_not_fit_receives_nothing)
{
    struct net_fixture *f = met();
    const uint16_t n_buckets = sizeof f->udp.buckets / sizeof f->udp.buckets[0];
    struct tern_endpoint_addr local = { .addr = tern_addr_v4(US), .port = 9 };
    struct packet_ip4 all = { .src = PEER, .dst = NET_BROADCAST,
                              .dst_mac = packet_mac_broadcast };
    struct tern_endpoint *ep;
    (void)open_on(f, (uint16_t)(7 + n_buckets), &noting);    /* of the same bucket */
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 7, NULL, 0));
    ck_assert_int_eq(tern_udp_open(&f->net, &local, &noting, NULL, &ep), TERN_OK);
    net_fixture_in(f, frame, packet_udp(frame, &all, 5, 9, NULL, 0));
    local = (struct tern_endpoint_addr){ .port = 11, .link = 2 };
    ck_assert_int_eq(tern_udp_open(&f->net, &local, &noting, NULL, &ep), TERN_OK);
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 11, NULL, 0));
    ck_assert_uint_eq(f->udp.stats.in_no_port, 3);
    ck_assert_uint_eq(seen.n_got, 0);
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 9, NULL, 0));
    ck_assert_uint_eq(seen.n_got, 1);
    account(f);
}
END_TEST

START_TEST(test_udp_what_nobody_receives_is_counted)
{
    static const struct tern_endpoint_events deaf = { NULL, note_room, note_failed };
    struct net_fixture *f = met();
    (void)open_on(f, 7, NULL);
    (void)open_on(f, 9, &deaf);
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 7, NULL, 0));
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 9, NULL, 0));
    ck_assert_uint_eq(f->udp.stats.in_no_room, 2);
    ck_assert_uint_eq(f->udp.stats.in_delivered, 0);
    ck_assert(net_fixture_quiet(f));
    account(f);
}
END_TEST

START_TEST(test_udp_no_port_draws_an_error)
{
    struct net_fixture *f = met();
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 7, NULL, 0));
    ck_assert_uint_eq(net_fixture_sent(f)->data[35], 3);
    ck_assert_uint_eq(f->udp.stats.in_no_port, 1);
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 0, NULL, 0));
    ck_assert_uint_eq(f->udp.stats.in_port_zero, 1);
    ck_assert(net_fixture_quiet(f));
    account(f);
}
END_TEST

START_TEST(test_udp_groups_are_joined_and_left)
{
    struct net_fixture *f = met();
    static const uint8_t mac[6] = { 1, 0, 0x5e, 0, 0, 0xfb };
    struct tern_endpoint *ep = open_on(f, 5353, &noting);
    struct tern_addr group = tern_addr_v4(0xe00000fb), host = tern_addr_v4(PEER);
    struct packet_ip4 ip = { .src = PEER, .dst = 0xe00000fb, .dst_mac = mac };
    net_fixture_in(f, frame, packet_udp(frame, &ip, 5353, 5353, NULL, 0));
    ck_assert_uint_eq(seen.n_got, 0);
    ck_assert_int_eq(tern_endpoint_join(ep, &host, 0, false), TERN_INVALID);
    ck_assert_int_eq(tern_endpoint_join(ep, &group, 0, true), TERN_INVALID);
    ck_assert_int_eq(tern_endpoint_join(ep, &group, 0, false), TERN_OK);
    ck_assert_int_eq(tern_endpoint_join(ep, &group, 0, false), TERN_OK);
    net_fixture_in(f, frame, packet_udp(frame, &ip, 5353, 5353, NULL, 0));
    ck_assert_uint_eq(seen.n_got, 1);
    ck_assert_uint_eq(seen.last.flags, TERN_DGRAM_MULTICAST);
    ck_assert_int_eq(tern_endpoint_join(ep, &group, 0, true), TERN_OK);
    net_fixture_in(f, frame, packet_udp(frame, &ip, 5353, 5353, NULL, 0));
    ck_assert_uint_eq(seen.n_got, 1);
    ck_assert_int_eq(tern_endpoint_join(ep, &group, 0, false), TERN_OK);
    tern_endpoint_close(ep);
    ck_assert_uint_eq(f->ipv4.groups[15].n_users, 0);
}
END_TEST

START_TEST(test_udp_a_broadcast_is_answered_from_our_address)
{
    struct net_fixture *f = met();
    (void)open_on(f, 7, &echoing);
    struct packet_ip4 ip = { .src = PEER, .dst = NET_BROADCAST, .dst_mac = packet_mac_broadcast,
                             .ttl = 1, .tos = 3 };
    net_fixture_in(f, frame, packet_udp(frame, &ip, 5, 7, (const uint8_t *)"who", 3));
    const struct fake_frame *sent = net_fixture_sent(f);
    ck_assert(packet_sums_ok(sent->data, sent->len));
    ck_assert_uint_eq(tern_load_be32(sent->data + 26), US);
    ck_assert_uint_eq(sent->data[22], 64);    /* not the question's hop limit */
    ck_assert_uint_eq(sent->data[15], 0);     /* nor its congestion mark */
}
END_TEST

/* ---- Errors ------------------------------------------------------------- */

START_TEST(test_udp_errors_reach_only_who_wrote_to_the_peer)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep = open_on(f, 7, &noting);
    struct tern_dgram d = to_peer("x", 1);
    fail_about(f, 3, 3, 0, PEER, 7, 9);    /* never written to */
    ck_assert_uint_eq(f->udp.stats.errors_unmatched, 1);
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
    fail_about(f, 3, 3, 0, PEER, 7, 10);     /* another port of it */
    fail_about(f, 3, 3, 0, OTHER, 7, 9);     /* another peer */
    fail_about(f, 3, 3, 0, PEER, 8, 9);      /* another port of ours */
    ck_assert_uint_eq(f->udp.stats.errors_unmatched, 4);
    ck_assert_uint_eq(seen.n_failed, 0);
    fail_about(f, 3, 3, 0, PEER, 7, 9);
    ck_assert_uint_eq(seen.n_failed, 1);
    ck_assert_int_eq(seen.why, TERN_REFUSED);
    ck_assert_uint_eq(seen.failed_peer.port, 9);
    ck_assert_uint_eq(tern_addr_to_v4(&seen.failed_peer.addr), PEER);
    fail_about(f, 3, 1, 0, PEER, 7, 9);
    ck_assert_int_eq(seen.why, TERN_UNREACHABLE);
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);    /* it ends nothing */
}
END_TEST

START_TEST(hostile_net_15_frag_needed_for_udp_real_and_forged)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep = open_on(f, 7, &noting);
    struct tern_dgram d = to_peer("x", 1);
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
    for (uint32_t mtu = 1; mtu < 552; mtu++)
        fail_about(f, 3, 4, mtu, PEER, 7, 9);
    ck_assert_uint_eq(f->ipv4.stats.ip.pmtu_refused, 551);
    fail_about(f, 3, 4, 0, PEER, 7, 9);    /* no plateau lies below 29 octets */
    ck_assert_uint_eq(f->ipv4.stats.ip.pmtu_refused, 552);
    fail_about(f, 3, 4, 1000, OTHER, 7, 9);    /* never written to */
    ck_assert_uint_eq(seen.n_failed, 0);
    ck_assert_uint_eq(tern_endpoint_mtu(ep, &d.peer), 1472);
    fail_about(f, 3, 4, 1400, PEER, 7, 9);
    ck_assert_int_eq(seen.why, TERN_FULL);
    ck_assert_uint_eq(tern_endpoint_mtu(ep, &d.peer), 1372);
    fail_about(f, 3, 4, 1500, PEER, 7, 9);    /* up it does not go */
    ck_assert_uint_eq(seen.n_failed, 1);
}
END_TEST

START_TEST(test_udp_tells_that_its_address_is_gone)
{
    struct net_fixture *f = met();
    struct tern_endpoint_addr own = { .addr = tern_addr_v4(US), .port = 7 };
    struct tern_endpoint *ep;
    ck_assert_int_eq(tern_udp_open(&f->net, &own, &noting, NULL, &ep), TERN_OK);
    tern_ipv4_clear(&f->net, 0);
    net_fixture_pass(f, 1);
    ck_assert_uint_eq(seen.n_failed, 1);
    ck_assert_int_eq(seen.why, TERN_UNREACHABLE);
}
END_TEST

Suite *udp_suite(void)
{
    Suite *suite = suite_create("udp");
    TCase *tc = tcase_create("udp");
    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, test_udp_view_table);
    tcase_add_test(tc, hostile_net_4_length_against_the_ip_payload);
    tcase_add_test(tc, test_udp_checksums_of_any_length_and_none);
    tcase_add_test(tc, test_udp_a_surplus_behind_the_length_is_not_summed);
    tcase_add_test(tc, test_udp_any_of_ipv4_has_no_datagrams_of_ipv6);
    tcase_add_test(tc, test_udp_open_says_what_is_wrong);
    tcase_add_test(tc, hostile_net_42_udp_ports_are_unpredictable);
    tcase_add_test(tc, test_udp_the_best_fit_receives);
    tcase_add_test(tc, test_udp_what_does_not_fit_receives_nothing);
    tcase_add_test(tc, test_udp_what_nobody_receives_is_counted);
    tcase_add_test(tc, test_udp_no_port_draws_an_error);
    tcase_add_test(tc, test_udp_groups_are_joined_and_left);
    tcase_add_test(tc, test_udp_a_broadcast_is_answered_from_our_address);
    tcase_add_test(tc, test_udp_errors_reach_only_who_wrote_to_the_peer);
    tcase_add_test(tc, hostile_net_15_frag_needed_for_udp_real_and_forged);
    tcase_add_test(tc, test_udp_tells_that_its_address_is_gone);
    suite_add_tcase(suite, tc);
    return suite;
}
