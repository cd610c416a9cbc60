/* SPDX-License-Identifier: ISC */
/*
 * The stack's frame: init, links, slots that are refused, events, turns.
 */
#include "libnet/ipv4_internal.h"
#include "net_fixture.h"
#include "suites.h"

#include <tern/ipv6.h>

#include <string.h>

static uint8_t frame[PACKET_CAP];

/* What init is given; each test spoils one thing. */
struct setup {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_udp udp;
    struct tern_dhcp4 dhcp4;
    struct tern_neighbour neighbours[8];
    struct tern_udp_endpoint endpoints[2];
    struct tern_net_use uses[8];
    struct tern_net_config config;
};

static struct setup *setup(void)
{
    static struct setup s;
    static const uint8_t seed[TERN_SEED_LEN] = { 7 };
    memset(&s, 0, sizeof s);
    tern_turn_init(&s.turn, NULL, 0);
    tern_drbg_init(&s.drbg, seed);
    s.ipv4.config.neighbours = s.neighbours;
    s.ipv4.config.n_neighbours = 8;
    s.udp.config.endpoints = s.endpoints;
    s.udp.config.n_endpoints = 2;
    s.uses[0] = (struct tern_net_use){ &tern_ipv4, &s.ipv4 };
    s.uses[1] = (struct tern_net_use){ &tern_udp, &s.udp };
    s.config = (struct tern_net_config){ .turn = &s.turn, .drbg = &s.drbg, .blocks = &s.blocks,
                                         .parts = s.uses };
    return &s;
}

/* Octets in spans of any size: copied and summed as if they were in one. */
START_TEST(test_net_octets_in_spans_are_as_in_one)
{
    struct setup *s = setup();
    static uint8_t apart[64][128];    /* a span each: what follows it is another's */
    uint8_t octets[64], copy[64];
    struct tern_span spans[64];
    struct tern_rx rx = { .spans = spans };
    s->net.checksum = &tern_checksum_portable;
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i * 37 + 11);
    for (size_t step = 1; step <= sizeof octets; step += 2) {
        rx.n_spans = 0;
        memset(apart, 0x77, sizeof apart);
        for (size_t at = 0; at < sizeof octets; at += step) {
            size_t n = sizeof octets - at < step ? sizeof octets - at : step;
            memcpy(apart[rx.n_spans], octets + at, n);
            spans[rx.n_spans] = (struct tern_span){ apart[rx.n_spans], n };
            rx.n_spans++;
        }
        ck_assert_uint_eq(tern_rx_len(&rx), sizeof octets);
        for (size_t off = 0; off <= sizeof octets; off++) {
            for (size_t len = 0; len <= sizeof octets - off; len++) {
                uint16_t sum = tern_checksum_finish(tern_checksum_add(0, octets + off, len));
                memset(copy, 0xee, sizeof copy);
                tern_rx_copy(&rx, off, copy, len);
                ck_assert(memcmp(copy, octets + off, len) == 0);
                ck_assert(len == sizeof copy || copy[len] == 0xee);
                ck_assert_uint_eq(tern_checksum_finish(tern_rx_sum(&s->net, &rx, off, len, 0)),
                                  sum);
                memset(copy, 0xee, sizeof copy);
                ck_assert_uint_eq(tern_checksum_finish(
                                      tern_rx_sum_copy(&s->net, &rx, off, copy, len, 0)), sum);
                ck_assert(memcmp(copy, octets + off, len) == 0);
            }
        }
    }
}
END_TEST

START_TEST(test_net_init_takes_a_whole_configuration)
{
    struct setup *s = setup();
    ck_assert_int_eq(tern_net_init(&s->net, &s->config), TERN_OK);
    ck_assert_uint_eq(s->net.n_networks, 1);
    ck_assert_uint_eq(s->net.n_transports, 1);
}
END_TEST

START_TEST(test_net_init_refuses_another_header)
{
    struct setup *s = setup();
    const struct { size_t net, config, parts, tcp; enum tern_err err; } cases[] = {
        { 0, 0, 0, tern_net_tcp_mark(), TERN_OK },
        { 8, 0, 0, tern_net_tcp_mark(), TERN_MISMATCH },
        { 0, 8, 0, tern_net_tcp_mark(), TERN_MISMATCH },
        { 0, 0, 3 * 8, tern_net_tcp_mark(), TERN_MISMATCH },    /* struct tern_ipv4 grew */
        { 0, 0, 0, tern_net_tcp_mark() + 8, TERN_MISMATCH },
        { 0, 0, 0, 0, TERN_OK },    /* a program without TCP */
        { 0, 0, 0 - TERN_NET_IPV6_MARK, 0, TERN_OK },    /* and without IPv6 */
        { 0, 0, 23 * 8, 0, TERN_MISMATCH },    /* struct tern_ipv6 grew */
    };
    ck_assert_uint_eq(tern_net_parts_mark(), TERN_NET_PARTS_MARK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s = setup();
        ck_assert_int_eq(tern_net_init_sized(&s->net, sizeof s->net + cases[i].net, &s->config,
                                             sizeof s->config + cases[i].config,
                                             TERN_NET_PARTS_MARK + cases[i].parts, cases[i].tcp),
                         cases[i].err);
    }
}
END_TEST

START_TEST(test_net_init_refuses_what_is_missing)
{
    for (size_t i = 0; i < 12; i++) {
        struct setup *s = setup();
        switch (i) {
        case 0:
            s->config.turn = NULL;
            break;
        case 1:
            s->config.drbg = NULL;
            break;
        case 2:
            s->drbg.seeded = false;
            break;
        case 3:
            s->config.blocks = NULL;
            break;
        case 4:
            s->config.parts = NULL;
            break;
        case 5:
            s->uses[0].part = NULL;    /* no network layer */
            break;
        case 6:
            s->uses[0].context = NULL;
            break;
        case 7:
            s->uses[2] = s->uses[1];    /* twice */
            break;
        case 8:
            s->ipv4.config.n_neighbours = 7;
            break;
        case 9:
            s->udp.config.endpoints = NULL;
            break;
        case 10:    /* a client without what it needs */
            s->uses[1] = (struct tern_net_use){ &tern_dhcp4, &s->dhcp4 };
            break;
        case 11:
            s->uses[2] = (struct tern_net_use){ &tern_dhcp4, &s->dhcp4 };
            s->dhcp4.config.hostname =
                "a-name-of-sixty-four-octets-is-one-more-than-a-label-may-have-00";
            break;
        }
        ck_assert_msg(tern_net_init(&s->net, &s->config) == TERN_INVALID, "case %zu", i);
    }
}
END_TEST

START_TEST(test_net_attach_refuses_links_that_cannot_work)
{
    struct setup *s = setup();
    static struct fake_link wires[5];
    ck_assert_int_eq(tern_net_init(&s->net, &s->config), TERN_OK);
    for (size_t i = 0; i < 5; i++)
        fake_link_init(&wires[i], 1500, 0);
    wires[0].link.mtu = 575;
    ck_assert_int_eq(tern_net_attach(&s->net, &wires[0].link), TERN_INVALID);
    wires[0].link.mtu = 1500;
    wires[0].link.slot_max = 1513;
    ck_assert_int_eq(tern_net_attach(&s->net, &wires[0].link), TERN_INVALID);
    wires[0].link.slot_max = 1514;
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(tern_net_attach(&s->net, &wires[i].link), TERN_OK);
        ck_assert_uint_eq(wires[i].link.index, i);
    }
    ck_assert_int_eq(tern_net_attach(&s->net, &wires[4].link), TERN_FULL);
}
END_TEST

START_TEST(test_net_attach_runs_no_event)
{
    struct net_fixture *f = net_fixture_bare();
    ck_assert_uint_eq(f->n_events, 0);
    net_fixture_pass(f, 1);
    ck_assert_uint_eq(f->n_events, 1);
    ck_assert_int_eq(f->events[0].event, TERN_NET_LINK_UP);
}
END_TEST

START_TEST(test_net_flushes_each_link_once_a_turn)
{
    struct net_fixture *f = net_fixture();
    struct packet_ip4 ip = { .src = PEER, .dst = US };
    net_fixture_meet(f, PEER, packet_mac_peer);
    size_t flushes = f->wire.n_flushes, flushes_1 = f->wire_1.n_flushes;
    struct tern_span spans[8];
    struct tern_rx rx[8];
    static uint8_t frames[8][64];
    memset(rx, 0, sizeof rx);
    for (size_t i = 0; i < 8; i++) {
        spans[i].data = frames[i];
        spans[i].len = packet_icmp(frames[i], &ip, 8, 0, (uint32_t)i, NULL, 0);
        rx[i].spans = &spans[i];
        rx[i].n_spans = 1;
    }
    (void)tern_net_input(&f->net, &f->wire.link, rx, 8, f->now_ns);
    for (uint32_t i = 0; i < 8; i++)
        ck_assert_uint_eq(tern_load_be32(net_fixture_sent(f)->data + 38), i);
    ck_assert_uint_eq(f->wire.n_flushes, flushes + 1);
    ck_assert_uint_eq(f->wire_1.n_flushes, flushes_1);
}
END_TEST

START_TEST(test_net_tells_addresses_that_come_and_go)
{
    struct net_fixture *f = net_fixture();
    struct tern_addr us = tern_addr_v4(US), next = tern_addr_v4(US + 4);
    struct tern_ipv4_address a = { .addr = next, .prefix_len = 24 }, got;
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &got), TERN_OK);
    ck_assert_uint_eq(got.prefix_len, 24);
    ck_assert(tern_addr_equal(&got.addr, &us));
    ck_assert_uint_eq(tern_addr_to_v4(&got.gateway), ROUTER);
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_OK);
    ck_assert_uint_eq(f->n_events, 0);    /* none before the turn */
    net_fixture_pass(f, 1);
    ck_assert_uint_eq(f->n_events, 2);
    ck_assert_int_eq(f->events[0].event, TERN_NET_ADDRESS_LOST);
    ck_assert(tern_addr_equal(&f->events[0].addr, &us));
    ck_assert_int_eq(f->events[1].event, TERN_NET_ADDRESS);
    ck_assert(tern_addr_equal(&f->events[1].addr, &next));
    tern_ipv4_clear(&f->net, 0);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &got), TERN_INVALID);
}
END_TEST

START_TEST(test_net_counts_events_beyond_its_list)
{
    struct net_fixture *f = net_fixture_bare();
    for (uint8_t i = 0; i < 20; i++)
        tern_net_event(&f->net, TERN_NET_CONFLICT, 0, NULL);
    net_fixture_pass(f, 1);
    ck_assert_uint_eq(f->n_events, 16);
    ck_assert_uint_eq(f->net.stats.events_lost, 5);    /* with the link that came up */
}
END_TEST

START_TEST(test_net_refuses_addresses_no_host_may_have)
{
    static const struct {
        uint32_t addr, gateway;
        uint8_t prefix_len;
        enum tern_err err;
        const char *why;
    } cases[] = {
        { 0, 0, 24, TERN_INVALID, "none" },
        { 0x00000001, 0, 24, TERN_INVALID, "this network" },
        { 0x7f000001, 0, 8, TERN_INVALID, "loopback" },
        { 0xe0000001, 0, 24, TERN_INVALID, "a group" },
        { 0xf0000001, 0, 24, TERN_INVALID, "class E" },
        { 0xffffffff, 0, 24, TERN_INVALID, "broadcast" },
        { 0x0a000200, 0, 24, TERN_INVALID, "the prefix itself" },
        { 0x0a0002ff, 0, 24, TERN_INVALID, "the prefix's broadcast" },
        { 0x0a000201, 0x0a000301, 24, TERN_INVALID, "a router outside" },
        { 0x0a000201, 0x0a000201, 24, TERN_INVALID, "a router that is us" },
        { 0x0a000201, 0xe0000001, 0, TERN_INVALID, "a router that is a group" },
        { 0x0a000201, 0x0a0002ff, 24, TERN_INVALID, "a router that is the broadcast" },
        { 0x0a000201, 0x0a000200, 24, TERN_INVALID, "a router that is the prefix" },
        { 0x0a000201, 0, 33, TERN_INVALID, "33 bits" },
        { US_1, 0, 24, TERN_INVALID, "another link's" },
        { 0x0a000200, 0, 31, TERN_OK, "the first of two (RFC 3021)" },
        { 0x0a000201, 0, 31, TERN_OK, "the second of two" },
        { 0x0a0002ff, 0, 32, TERN_OK, "a single one" },
        { 0x0a0002fe, 0x0a000001, 32, TERN_OK, "a single one with a router elsewhere" },
        { 0x0a000201, 0x0a0002fe, 24, TERN_OK, "a usual one" },
        { 0x0a000201, 0x0b000001, 0, TERN_OK, "everything on the link" },
    };
    struct net_fixture *f = net_fixture();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tern_ipv4_address a = { .addr = tern_addr_v4(cases[i].addr),
                                       .prefix_len = cases[i].prefix_len };
        if (cases[i].gateway != 0)
            a.gateway = tern_addr_v4(cases[i].gateway);
        ck_assert_msg(tern_ipv4_set(&f->net, 0, &a) == cases[i].err, "%s", cases[i].why);
    }
    struct tern_ipv4_address a = { .addr = { { 0x20, 1 } }, .prefix_len = 64 };
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_UNSUPPORTED);
    a = (struct tern_ipv4_address){ .addr = tern_addr_v4(US), .prefix_len = 24 };
    ck_assert_int_eq(tern_ipv4_set(&f->net, 2, &a), TERN_INVALID);
}
END_TEST

/* A driver that reports no span, length 0, or less than a header. */
START_TEST(hostile_net_55_a_driver_lends_nothing_or_too_little)
{
    struct net_fixture *f = net_fixture();
    struct tern_rx rx[3];
    struct tern_span empty = { .data = NULL, .len = 0 };
    memset(rx, 0, sizeof rx);
    rx[1].spans = &empty;
    rx[1].n_spans = 1;
    (void)tern_net_input(&f->net, &f->wire.link, rx, 3, f->now_ns);
    ck_assert_uint_eq(f->net.stats.eth_short, 3);
    (void)tern_net_input(&f->net, &f->wire.link, rx, 0, f->now_ns);
    ck_assert_uint_eq(f->net.stats.rx_frames, 3);
    /* Headers that do not lie in the first span: the rest is never looked for. */
    struct packet_ip4 ip = { .src = PEER, .dst = US };
    size_t len = packet_icmp(frame, &ip, 8, 0, 0, NULL, 0);
    net_fixture_meet(f, PEER, packet_mac_peer);
    for (size_t first = 0; first < len; first++) {
        uint64_t shorts = f->net.stats.eth_short + f->ipv4.stats.in_short +
                          f->ipv4.stats.icmp_short;
        (void)fake_link_input_spans(&f->wire, frame, len, first, 1, f->now_ns);
        ck_assert_uint_eq(f->net.stats.eth_short + f->ipv4.stats.in_short +
                              f->ipv4.stats.icmp_short,
                          shorts + 1);
    }
    (void)fake_link_input_spans(&f->wire, frame, len, len, 1, f->now_ns);
    ck_assert(net_fixture_sent(f)->len == len);
}
END_TEST

/* A driver that says a false checksum is valid can only pass on bad octets. */
START_TEST(hostile_net_55_a_driver_vouches_falsely)
{
    struct net_fixture *f = net_fixture();
    struct packet_ip4 ip = { .src = PEER, .dst = US };
    net_fixture_meet(f, PEER, packet_mac_peer);
    for (unsigned csum = 0; csum < 256; csum += 51) {
        for (unsigned gso = 0; gso < 256; gso += 17) {
            size_t len = packet_icmp(frame, &ip, 8, 0, 0, (const uint8_t *)"abc", 3);
            frame[len - 1] ^= 1;
            (void)fake_link_input_as(&f->wire, frame, len, (uint8_t)csum, (uint8_t)gso,
                                     (uint16_t)(gso * 257), f->now_ns);
        }
    }
    ck_assert_uint_eq(f->ipv4.stats.icmp_bad_checksum, 16);
    ck_assert_uint_eq(f->ipv4.stats.icmp_echo_replies, 5 * 16);
}
END_TEST

/* Frames brought inside an event: they are lent to no turn, so they are dropped. */
static struct net_fixture *nested;

static void nested_received(struct tern_endpoint *ep, struct tern_dgram *d, size_t n)
{
    struct packet_ip4 ip = { .src = PEER, .dst = US };
    (void)ep;
    (void)d;
    (void)n;
    (void)fake_link_input(&nested->wire, frame, packet_icmp(frame, &ip, 8, 0, 0, NULL, 0),
                          nested->now_ns);
}

START_TEST(hostile_net_55_a_driver_brings_frames_inside_an_event)
{
    static const struct tern_endpoint_events events = { .received = nested_received };
    struct tern_endpoint_addr local = { .port = 7 };
    struct tern_endpoint *ep;
    struct packet_ip4 ip = { .src = PEER, .dst = US };
    nested = net_fixture();
    ck_assert_int_eq(tern_udp_open(&nested->net, &local, &events, NULL, &ep), TERN_OK);
    net_fixture_in(nested, frame, packet_udp(frame, &ip, 9, 7, NULL, 0));
    ck_assert_uint_eq(nested->net.stats.eth_nested, 1);
    ck_assert_uint_eq(nested->ipv4.stats.icmp_in, 0);
}
END_TEST

Suite *net_suite(void)
{
    Suite *suite = suite_create("net");
    TCase *tc = tcase_create("stack");
    tcase_add_test(tc, test_net_octets_in_spans_are_as_in_one);
    tcase_add_test(tc, test_net_init_takes_a_whole_configuration);
    tcase_add_test(tc, test_net_init_refuses_another_header);
    tcase_add_test(tc, test_net_init_refuses_what_is_missing);
    tcase_add_test(tc, test_net_attach_refuses_links_that_cannot_work);
    tcase_add_test(tc, test_net_attach_runs_no_event);
    tcase_add_test(tc, test_net_flushes_each_link_once_a_turn);
    tcase_add_test(tc, test_net_tells_addresses_that_come_and_go);
    tcase_add_test(tc, test_net_counts_events_beyond_its_list);
    tcase_add_test(tc, test_net_refuses_addresses_no_host_may_have);
    tcase_add_test(tc, hostile_net_55_a_driver_lends_nothing_or_too_little);
    tcase_add_test(tc, hostile_net_55_a_driver_vouches_falsely);
    tcase_add_test(tc, hostile_net_55_a_driver_brings_frames_inside_an_event);
    suite_add_tcase(suite, tc);
    return suite;
}
