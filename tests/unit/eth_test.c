/* SPDX-License-Identifier: ISC */
/*
 * Ethernet: which frames are for us, and their tags.
 */
#include "libnet/net_internal.h"
#include "net_fixture.h"
#include "suites.h"

#include <string.h>

static uint8_t frame[PACKET_CAP];

/* An echo request; its answer shows that the frame was taken. */
static size_t ping(void)
{
    struct packet_ip4 ip = { .src = PEER, .dst = US };
    return packet_icmp(frame, &ip, 8, 0, 0x1234, (const uint8_t *)"tern", 4);
}

/* Puts an 802.1Q tag into the frame. */
static size_t tag(size_t len, uint16_t tci)
{
    memmove(frame + 16, frame + 12, len - 12);
    tern_store_be16(frame + 12, 0x8100);
    tern_store_be16(frame + 14, tci);
    return len + 4;
}

static struct net_fixture *met(void)
{
    struct net_fixture *f = net_fixture();
    net_fixture_meet(f, PEER, packet_mac_peer);
    memset(&f->net.stats, 0, sizeof f->net.stats);
    return f;
}

START_TEST(test_eth_takes_what_is_sent_to_us)
{
    struct net_fixture *f = met();
    size_t len = ping();
    net_fixture_in(f, frame, len);
    ck_assert_uint_eq(net_fixture_sent(f)->len, len);
    ck_assert_uint_eq(f->net.stats.rx_frames, 1);
    ck_assert_uint_eq(f->net.stats.rx_octets, len);
    ck_assert_uint_eq(f->net.stats.tx_frames, 1);
    ck_assert_uint_eq(f->net.stats.tx_octets, len);
}
END_TEST

START_TEST(test_eth_drops_frames_for_others)
{
    struct net_fixture *f = met();
    for (size_t i = 0; i < 6; i++) {
        size_t len = ping();
        frame[i] ^= 0x10;
        net_fixture_in(f, frame, len);
        ck_assert_uint_eq(f->net.stats.eth_other_host, i + 1);
    }
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_eth_drops_sources_that_cannot_be)
{
    struct net_fixture *f = met();
    size_t len = ping();
    frame[6] |= 1;    /* a group sends nothing */
    net_fixture_in(f, frame, len);
    len = ping();
    memcpy(frame + 6, packet_mac_us, 6);    /* ours, come back */
    net_fixture_in(f, frame, len);
    ck_assert_uint_eq(f->net.stats.eth_bad_source, 2);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_eth_takes_priority_tags_and_no_vlan)
{
    struct net_fixture *f = met();
    net_fixture_in(f, frame, tag(ping(), 0));
    net_fixture_in(f, frame, tag(ping(), 0xe000));
    ck_assert_uint_eq(net_fixture_sent(f)->len, ping());
    ck_assert_uint_eq(net_fixture_sent(f)->len, ping());
    net_fixture_in(f, frame, tag(ping(), 1));
    net_fixture_in(f, frame, tag(ping(), 0x0fff));
    ck_assert_uint_eq(f->net.stats.eth_bad_vlan, 2);
    net_fixture_in(f, frame, tag(tag(ping(), 0), 0));    /* two tags: no type we know */
    ck_assert_uint_eq(f->net.stats.eth_unknown_type, 1);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_eth_counts_types_it_does_not_know)
{
    static const uint16_t types[] = { 0, 46, 0x05dc, 0x0600, 0x0801, 0x8035, 0x88cc, 0xffff };
    struct net_fixture *f = met();
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t len = ping();
        tern_store_be16(frame + 12, types[i]);
        net_fixture_in(f, frame, len);
        ck_assert_uint_eq(f->net.stats.eth_unknown_type, i + 1);
    }
    size_t len = ping();
    tern_store_be16(frame + 12, 0x86dd);
    net_fixture_in(f, frame, len);
    ck_assert_uint_eq(f->net.stats.ipv6_unsupported, 1);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

/* A second network layer beside IPv4, which counts its frames. */
static size_t n_second;

static void second_input(struct tern_net *net, void *context, uint8_t link, struct tern_rx *rx,
                         size_t off, bool to_group)
{
    (void)net;
    (void)context;
    ck_assert_uint_eq(link, 0);
    ck_assert_uint_eq(off, PACKET_ETH);
    ck_assert_uint_eq(rx->n_spans, 1);
    ck_assert(!to_group);
    n_second++;
}

START_TEST(test_eth_gives_each_network_layer_its_type)
{
    static const struct tern_net_network_ops ops = { .input = second_input };
    static const struct tern_net_part part = { .name = "second", .id = 0x88b5, .ops = &ops };
    struct net_fixture *f = met();
    struct tern_span span = { .data = frame };
    struct tern_rx rx = { .spans = &span, .n_spans = 1 };
    f->net.networks[1] = (struct tern_net_slot){ .ops = &ops, .part = &part };
    f->net.n_networks = 2;
    n_second = 0;
    uint64_t n_asked = f->ipv4.stats.arp_asked;
    span.len = ping();
    tern_store_be16(frame + 12, 0x88b5);
    tern_eth_input(&f->net, 0, &rx);
    ck_assert_uint_eq(n_second, 1);
    tern_store_be16(frame + 12, 0x88b6);    /* the next type is nobody's */
    tern_eth_input(&f->net, 0, &rx);
    span.len = packet_arp(frame, packet_mac_us, 1, packet_mac_peer, PEER, packet_mac_us, US);
    tern_eth_input(&f->net, 0, &rx);        /* IPv4 takes ARP, though it has another type */
    ck_assert_uint_eq(n_second, 1);
    ck_assert_uint_eq(f->net.stats.eth_unknown_type, 1);
    ck_assert_uint_eq(f->ipv4.stats.arp_asked, n_asked + 1);
    f->net.n_networks = 1;
}
END_TEST

/* A frame shorter than its header, and padding behind a short packet (CVE-2020-11906). */
START_TEST(hostile_net_8_a_frame_shorter_than_its_header)
{
    struct net_fixture *f = met();
    (void)ping();
    for (size_t len = 0; len < PACKET_ETH; len++) {
        net_fixture_in(f, frame, len);
        ck_assert_uint_eq(f->net.stats.eth_short, len + 1);
    }
    net_fixture_in(f, frame, PACKET_ETH);    /* a header and nothing: IPv4's business */
    ck_assert_uint_eq(f->net.stats.eth_short, PACKET_ETH);
    ck_assert_uint_eq(f->ipv4.stats.in_short, 1);
    (void)tag(ping(), 0);
    for (size_t len = PACKET_ETH; len < PACKET_ETH + 4; len++)
        net_fixture_in(f, frame, len);
    ck_assert_uint_eq(f->net.stats.eth_short, PACKET_ETH + 4);
    for (size_t i = 0; i < 10000; i++)
        net_fixture_in(f, frame, 13);
    ck_assert_uint_eq(f->net.stats.eth_short, PACKET_ETH + 10004);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(hostile_net_8_padding_is_no_part_of_a_packet)
{
    struct net_fixture *f = met();
    for (size_t pad = 0; pad < 64; pad++) {
        size_t len = ping();
        memset(frame + len, 0xee, pad);
        net_fixture_in(f, frame, len + pad);
        const struct fake_frame *sent = net_fixture_sent(f);
        ck_assert_uint_eq(sent->len, len);
        ck_assert(packet_sums_ok(sent->data, sent->len));
    }
}
END_TEST

Suite *eth_suite(void)
{
    Suite *suite = suite_create("eth");
    TCase *tc = tcase_create("eth");
    tcase_add_test(tc, test_eth_takes_what_is_sent_to_us);
    tcase_add_test(tc, test_eth_drops_frames_for_others);
    tcase_add_test(tc, test_eth_drops_sources_that_cannot_be);
    tcase_add_test(tc, test_eth_takes_priority_tags_and_no_vlan);
    tcase_add_test(tc, test_eth_counts_types_it_does_not_know);
    tcase_add_test(tc, test_eth_gives_each_network_layer_its_type);
    tcase_add_test(tc, hostile_net_8_a_frame_shorter_than_its_header);
    tcase_add_test(tc, hostile_net_8_padding_is_no_part_of_a_packet);
    suite_add_tcase(suite, tc);
    return suite;
}
