/* SPDX-License-Identifier: ISC */
/*
 * ICMP: echoes, errors that we send and how often, errors that we receive.
 */
#include "libnet/icmp4_wire.h"
#include "libnet/ipv4_internal.h"
#include "net_fixture.h"
#include "suites.h"

#include <string.h>

static uint8_t frame[PACKET_CAP];
static const struct packet_ip4 usual = { .src = PEER, .dst = US };

static struct net_fixture *met(void)
{
    struct net_fixture *f = net_fixture();
    net_fixture_meet(f, PEER, packet_mac_peer);
    memset(&f->ipv4.stats, 0, sizeof f->ipv4.stats);
    return f;
}

/* Every ICMP message is in one counter besides icmp_in. */
static void account(const struct net_fixture *f)
{
    const struct tern_ipv4_stats *s = &f->ipv4.stats;
    ck_assert_uint_eq(s->icmp_in, s->icmp_short + s->icmp_bad_checksum + s->icmp_unknown_type +
                                      s->icmp_broadcast + s->icmp_ignored + s->icmp_echo_in +
                                      s->icmp_errors_in + s->icmp_errors_bad +
                                      s->icmp_errors_unmatched);
}

/* ---- The wire ----------------------------------------------------------- */

START_TEST(test_icmp4_quote_rejects_every_truncation)
{
    struct tern_icmp4_quote q;
    struct packet_ip4 ip = { .src = US, .dst = FAR };
    size_t len = packet_udp(frame, &ip, 7, 9, (const uint8_t *)"quoted", 6) - PACKET_ETH;
    for (size_t cut = 0; cut < 28; cut++)
        ck_assert_int_eq(tern_icmp4_quote_parse(frame + PACKET_ETH, cut, &q), TERN_TRUNCATED);
    for (size_t cut = 28; cut <= len + 100; cut++) {    /* longer: padded by a router */
        ck_assert_int_eq(tern_icmp4_quote_parse(frame + PACKET_ETH, cut, &q), TERN_OK);
        ck_assert_uint_eq(q.l4_len, cut < len ? cut - 20 : len - 20);
        ck_assert_uint_eq(q.src, US);
        ck_assert_uint_eq(q.dst, FAR);
        ck_assert_uint_eq(q.protocol, 17);
        ck_assert_uint_eq(q.total_len, len);
    }
}
END_TEST

START_TEST(test_icmp4_quote_rejects_wrong_headers)
{
    struct tern_icmp4_quote q;
    struct packet_ip4 ip = { .src = US, .dst = FAR };
    static const struct {
        size_t off;
        uint8_t value;
        enum tern_err err;
        const char *why;
    } cases[] = {
        { 0, 0x44, TERN_MALFORMED, "a header of 16" },
        { 0, 0x40, TERN_MALFORMED, "a header of 0" },
        { 0, 0x55, TERN_MALFORMED, "version 5" },
        { 0, 0x65, TERN_MALFORMED, "version 6" },
        { 0, 0x4f, TERN_TRUNCATED, "a header of 60 in 34" },
        { 0, 0x47, TERN_TRUNCATED, "a header of 28: 6 of the transport" },
        { 3, 27, TERN_MALFORMED, "total below header and 8" },
        { 3, 0, TERN_MALFORMED, "total 0" },
        { 7, 1, TERN_UNSUPPORTED, "not the first fragment" },
        { 6, 0x10, TERN_UNSUPPORTED, "not the first fragment" },
        { 6, 0x20, TERN_OK, "the first fragment" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)packet_udp(frame, &ip, 7, 9, (const uint8_t *)"quoted", 6);
        frame[PACKET_ETH + cases[i].off] = cases[i].value;
        ck_assert_msg(tern_icmp4_quote_parse(frame + PACKET_ETH, 34, &q) == cases[i].err, "%s",
                      cases[i].why);
    }
}
END_TEST

START_TEST(test_icmp4_plateaus)
{
    ck_assert_uint_eq(tern_icmp4_plateau(1500), 1492);
    ck_assert_uint_eq(tern_icmp4_plateau(1492), 1006);
    ck_assert_uint_eq(tern_icmp4_plateau(65535), 32000);
    ck_assert_uint_eq(tern_icmp4_plateau(577), 576);
    ck_assert_uint_eq(tern_icmp4_plateau(576), 0);
    ck_assert_uint_eq(tern_icmp4_plateau(0), 0);
}
END_TEST

/* ---- Echo --------------------------------------------------------------- */

START_TEST(test_icmp4_echo_returns_what_came)
{
    struct net_fixture *f = met();
    uint8_t data[1472];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 13);
    for (size_t len = 0; len <= sizeof data; len += len < 20 ? 1 : 121) {
        size_t n = packet_icmp(frame, &usual, 8, 0, 0xabcd0000 + (uint32_t)len, data, len);
        net_fixture_in(f, frame, n);
        const struct fake_frame *sent = net_fixture_sent(f);
        ck_assert_uint_eq(sent->len, n);
        ck_assert(packet_sums_ok(sent->data, sent->len));
        ck_assert_uint_eq(sent->data[34], 0);
        ck_assert_uint_eq(tern_load_be32(sent->data + 38), 0xabcd0000 + len);
        ck_assert_mem_eq(sent->data + 42, data, len);
    }
    account(f);
}
END_TEST

START_TEST(test_icmp4_echo_that_a_driver_vouched_for_gets_a_sum_of_its_own)
{
    struct net_fixture *f = met();
    static const uint8_t words[] = { TERN_CSUM_PARTIAL, TERN_CSUM_VALID };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t n = packet_icmp(frame, &usual, 8, 0, 0xabcd0001, (const uint8_t *)"vouched", 7);
        tern_store_be16(frame + 36, 0x1234);    /* whatever it left in the field */
        (void)fake_link_input_as(&f->wire, frame, n, words[i], TERN_GSO_NONE, 0, f->now_ns);
        const struct fake_frame *sent = net_fixture_sent(f);
        ck_assert_uint_eq(sent->len, n);
        ck_assert(packet_sums_ok(sent->data, sent->len));
    }
    account(f);
}
END_TEST

START_TEST(test_icmp4_echo_in_fragments_is_answered_in_fragments)
{
    struct net_fixture *f = met();
    static uint8_t whole[PACKET_CAP], data[4000];
    size_t len = packet_icmp(whole, &usual, 8, 0, 7, data, sizeof data) - 34;
    for (size_t off = 0; off < len; off += 1480) {
        struct packet_ip4 ip = usual;
        ip.protocol = 1;
        ip.id = 5;
        ip.frag = (uint16_t)((len - off > 1480 ? 0x2000u : 0) | off / 8);
        net_fixture_in(f, frame, packet_ip4(frame, &ip, whole + 34 + off,
                                            len - off < 1480 ? len - off : 1480));
    }
    ck_assert_uint_eq(f->ipv4.stats.icmp_echo_replies, 1);
    ck_assert_uint_eq(f->ipv4.stats.ip.out_fragments, 3);
    ck_assert_uint_eq(net_fixture_sent(f)->len, 1514);
    ck_assert_uint_eq(net_fixture_sent(f)->len, 1514);
    ck_assert_uint_eq(net_fixture_sent(f)->len, 14 + 20 + len - 2960);
    ck_assert(net_fixture_idle(f));
    account(f);
}
END_TEST

START_TEST(test_icmp4_echo_dropped_when_no_slot_is_free)
{
    struct net_fixture *f = met();
    f->wire.full = true;
    net_fixture_in(f, frame, packet_icmp(frame, &usual, 8, 0, 7, NULL, 0));
    ck_assert_uint_eq(f->ipv4.stats.icmp_full, 1);
    ck_assert_uint_eq(f->ipv4.stats.icmp_echo_replies, 0);
    account(f);
}
END_TEST

/* An echo shorter than its header, whose length minus headers is negative (CVE-2026-7423). */
START_TEST(hostile_net_12_an_echo_shorter_than_its_header)
{
    static const uint8_t types[] = { 0, 8, 3, 11, 12, 13 };
    struct net_fixture *f = met();
    uint64_t n = 0;
    for (size_t t = 0; t < sizeof types; t++) {
        for (size_t len = 0; len < 8; len++) {
            struct packet_ip4 ip = usual;
            uint8_t l4[8] = { types[t] };
            ip.protocol = 1;
            net_fixture_in(f, frame, packet_ip4(frame, &ip, l4, len));
            ck_assert_uint_eq(f->ipv4.stats.icmp_short, ++n);
        }
    }
    ck_assert(net_fixture_quiet(f));
    net_fixture_in(f, frame, packet_icmp(frame, &usual, 8, 0, 0, NULL, 0));
    ck_assert_uint_eq(net_fixture_sent(f)->len, 42);
    for (size_t i = 0; i < 10000; i++) {
        struct packet_ip4 ip = usual;
        uint8_t l4[8] = { 8 };
        ip.protocol = 1;
        net_fixture_in(f, frame, packet_ip4(frame, &ip, l4, 7));
    }
    ck_assert_uint_eq(f->ipv4.stats.icmp_short, n + 10000);
    ck_assert(net_fixture_quiet(f));
    account(f);
}
END_TEST

/* Total and payload lengths that disagree (CVE-2021-31346, CVE-2020-35683). */
START_TEST(hostile_net_5_icmp_lengths_that_disagree)
{
    struct net_fixture *f = met();
    size_t len = packet_icmp(frame, &usual, 8, 0, 7, (const uint8_t *)"0123456789", 10);
    for (size_t total = 20; total < len - PACKET_ETH; total++) {
        (void)packet_icmp(frame, &usual, 8, 0, 7, (const uint8_t *)"0123456789", 10);
        tern_store_be16(frame + 16, (uint16_t)total);
        packet_ip4_resum(frame);
        net_fixture_in(f, frame, len);
    }
    ck_assert_uint_eq(f->ipv4.stats.icmp_short, 8);
    ck_assert_uint_eq(f->ipv4.stats.icmp_bad_checksum, 10);
    /* An error whose quote claims more than there is. */
    struct packet_ip4 inner = { .src = US, .dst = PEER };
    uint8_t quote[PACKET_CAP / 16];
    size_t quote_len = packet_udp(quote, &inner, 7, 9, (const uint8_t *)"quoted", 6) - PACKET_ETH;
    for (size_t cut = 0; cut < 28; cut++) {
        net_fixture_in(f, frame,
                       packet_icmp(frame, &usual, 3, 3, 0, quote + PACKET_ETH, cut));
        ck_assert_uint_eq(f->ipv4.stats.icmp_errors_bad, cut + 1);
    }
    net_fixture_in(f, frame, packet_icmp(frame, &usual, 3, 3, 0, quote + PACKET_ETH, quote_len));
    ck_assert_uint_eq(f->ipv4.stats.icmp_errors_in, 1);
    ck_assert_uint_eq(f->udp.stats.errors_unmatched, 1);
    /* And after a good one: nothing of that is left to be believed. */
    for (size_t cut = 0; cut < 28; cut++)
        net_fixture_in(f, frame,
                       packet_icmp(frame, &usual, 3, 3, 0, quote + PACKET_ETH, cut));
    ck_assert_uint_eq(f->ipv4.stats.icmp_errors_bad, 56);
    ck_assert_uint_eq(f->ipv4.stats.icmp_errors_in, 1);
    ck_assert(net_fixture_quiet(f));
    account(f);
}
END_TEST

/* ---- Errors that we send ------------------------------------------------ */

static void to_closed_port(struct net_fixture *f, uint32_t src, const uint8_t *mac, size_t len)
{
    static const uint8_t data[1400] = { 1 };
    struct packet_ip4 ip = { .src = src, .dst = US, .src_mac = mac };
    net_fixture_in(f, frame, packet_udp(frame, &ip, 5, 9, data, len));
}

START_TEST(test_icmp4_error_quotes_no_more_than_576_octets)
{
    struct net_fixture *f = met();
    to_closed_port(f, PEER, NULL, 0);
    const struct fake_frame *sent = net_fixture_sent(f);
    ck_assert_uint_eq(sent->len, 14 + 20 + 8 + 28);
    ck_assert_uint_eq(sent->data[34], 3);
    ck_assert_uint_eq(sent->data[35], 3);
    ck_assert_uint_eq(tern_load_be32(sent->data + 38), 0);
    ck_assert(packet_sums_ok(sent->data, sent->len));
    to_closed_port(f, PEER, NULL, 1400);
    sent = net_fixture_sent(f);
    ck_assert_uint_eq(sent->len, 14 + 576);
    ck_assert(packet_sums_ok(sent->data, sent->len));
}
END_TEST

/* RFC 1122 section 3.2.2: about what no error may be sent. */
START_TEST(test_icmp4_errors_that_are_not_allowed)
{
    static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 1 };
    struct net_fixture *f = met();
    struct packet_ip4 ip = { .src = PEER, .dst = NET_BROADCAST, .dst_mac = packet_mac_broadcast };
    net_fixture_in(f, frame, packet_udp(frame, &ip, 5, 9, NULL, 0));
    ip.dst = 0xffffffff;
    net_fixture_in(f, frame, packet_udp(frame, &ip, 5, 9, NULL, 0));
    ip.dst = 0xe0000001;
    ip.dst_mac = group;
    net_fixture_in(f, frame, packet_udp(frame, &ip, 5, 9, NULL, 0));
    ck_assert_uint_eq(f->ipv4.stats.icmp_not_allowed, 3);
    ip.dst = 0xe0000002;
    net_fixture_in(f, frame, packet_udp(frame, &ip, 5, 9, NULL, 0));
    ck_assert_uint_eq(f->ipv4.stats.icmp_not_allowed, 3);
    ck_assert_uint_eq(f->ipv4.stats.in_not_ours, 1);
    /* About an error, and about one that is too short to tell. */
    for (uint8_t type = 0; type < 20; type++) {
        net_fixture_in(f, frame, packet_icmp(frame, &usual, type, 9, 0, NULL, 0));
        fake_link_clear(&f->wire);
    }
    ck_assert_uint_eq(f->ipv4.stats.icmp_errors_out, 0);
    ck_assert(net_fixture_quiet(f));
    account(f);
}
END_TEST

START_TEST(test_icmp4_no_error_about_a_later_fragment)
{
    struct net_fixture *f = met();
    struct packet_ip4 ip = { .src = PEER, .dst = US };
    size_t len = packet_udp(frame, &ip, 5, 9, NULL, 0);
    struct tern_net_packet pkt = { .src = tern_addr_v4(PEER), .dst = tern_addr_v4(US),
                                   .l3 = frame + PACKET_ETH, .l3_len = PACKET_IP,
                                   .l4 = frame + PACKET_ETH + PACKET_IP,
                                   .l4_contig = 8, .l4_len = 8, .protocol = 17 };
    ck_assert_uint_eq(len, PACKET_ETH + PACKET_IP + 8);
    static const uint16_t later[] = { 0x2001, 0x0001, 0x1fff, 0x1000 };
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        tern_store_be16(frame + PACKET_ETH + 6, later[i]);
        tern_icmp4_error(&f->net, &f->ipv4, &pkt, 3, 3, 0);
        ck_assert_uint_eq(f->ipv4.stats.icmp_not_allowed, i + 1);
    }
    tern_store_be16(frame + PACKET_ETH + 6, 0x2000);    /* the first may be answered */
    tern_icmp4_error(&f->net, &f->ipv4, &pkt, 3, 3, 0);
    ck_assert_uint_eq(f->ipv4.stats.icmp_not_allowed, 4);
    ck_assert_uint_eq(f->ipv4.stats.icmp_errors_out, 1);
}
END_TEST

/* One limit a destination, never one for all (SAD DNS, CVE-2020-25705). */
START_TEST(hostile_net_17_errors_are_limited_per_destination)
{
    struct net_fixture *f = met();
    net_fixture_meet(f, OTHER, packet_mac_other);
    for (size_t i = 0; i < 10000; i++)
        to_closed_port(f, PEER, NULL, 8);
    uint64_t to_peer = f->ipv4.stats.icmp_errors_out;
    ck_assert_uint_ge(to_peer, 4);
    ck_assert_uint_le(to_peer, 6);
    ck_assert_uint_eq(f->ipv4.stats.ip.icmp_rate_limited, 10000 - to_peer);
    /* Another host sees nothing of that: its bucket is its own. */
    for (size_t i = 0; i < 4; i++)
        to_closed_port(f, OTHER, packet_mac_other, 8);
    ck_assert_uint_eq(f->ipv4.stats.icmp_errors_out, to_peer + 4);
    /* A token a second, and never more than the burst. */
    net_fixture_pass(f, 1100 * TERN_MILLISECOND_NS);
    for (size_t i = 0; i < 3; i++)
        to_closed_port(f, PEER, NULL, 8);
    ck_assert_uint_eq(f->ipv4.stats.icmp_errors_out, to_peer + 5);
    net_fixture_pass(f, 60 * TERN_SECOND_NS);
    net_fixture_meet(f, PEER, packet_mac_peer);
    for (size_t i = 0; i < 100; i++)
        to_closed_port(f, PEER, NULL, 8);
    ck_assert_uint_eq(f->ipv4.stats.icmp_errors_out, to_peer + 11);
}
END_TEST

/* ---- Errors that we receive --------------------------------------------- */

START_TEST(test_icmp4_errors_about_what_is_not_ours)
{
    struct net_fixture *f = met();
    uint8_t quote[256];
    static const uint32_t sources[] = { PEER, US_1, OTHER, 0, 0xffffffff };
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        struct packet_ip4 inner = { .src = sources[i], .dst = FAR };
        size_t len = packet_udp(quote, &inner, 7, 9, NULL, 0) - PACKET_ETH;
        net_fixture_in(f, frame, packet_icmp(frame, &usual, 3, 1, 0, quote + PACKET_ETH, len));
        ck_assert_uint_eq(f->ipv4.stats.icmp_errors_bad, i + 1);
    }
    struct packet_ip4 inner = { .src = US, .dst = FAR, .protocol = 99 };
    size_t len = packet_ip4(quote, &inner, quote + 100, 8) - PACKET_ETH;
    net_fixture_in(f, frame, packet_icmp(frame, &usual, 3, 1, 0, quote + PACKET_ETH, len));
    ck_assert_uint_eq(f->ipv4.stats.icmp_errors_unmatched, 1);
    account(f);
}
END_TEST

START_TEST(test_icmp4_types_land_in_their_counters)
{
    struct net_fixture *f = met();
    for (unsigned type = 0; type < 256; type++) {
        net_fixture_in(f, frame, packet_icmp(frame, &usual, (uint8_t)type, 0, 0, NULL, 0));
        account(f);
    }
    ck_assert_uint_eq(f->ipv4.stats.icmp_echo_in, 1);
    ck_assert_uint_eq(f->ipv4.stats.icmp_ignored, 4);
    ck_assert_uint_eq(f->ipv4.stats.icmp_errors_bad, 3);
    ck_assert_uint_eq(f->ipv4.stats.icmp_unknown_type, 248);
    size_t len = packet_icmp(frame, &usual, 8, 0, 0, NULL, 0);
    frame[len - 1] ^= 1;
    net_fixture_in(f, frame, len);
    ck_assert_uint_eq(f->ipv4.stats.icmp_bad_checksum, 1);
}
END_TEST

Suite *icmp4_suite(void)
{
    Suite *suite = suite_create("icmp4");
    TCase *tc = tcase_create("icmp4");
    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, test_icmp4_quote_rejects_every_truncation);
    tcase_add_test(tc, test_icmp4_quote_rejects_wrong_headers);
    tcase_add_test(tc, test_icmp4_plateaus);
    tcase_add_test(tc, test_icmp4_echo_returns_what_came);
    tcase_add_test(tc, test_icmp4_echo_that_a_driver_vouched_for_gets_a_sum_of_its_own);
    tcase_add_test(tc, test_icmp4_echo_in_fragments_is_answered_in_fragments);
    tcase_add_test(tc, test_icmp4_echo_dropped_when_no_slot_is_free);
    tcase_add_test(tc, hostile_net_12_an_echo_shorter_than_its_header);
    tcase_add_test(tc, hostile_net_5_icmp_lengths_that_disagree);
    tcase_add_test(tc, test_icmp4_error_quotes_no_more_than_576_octets);
    tcase_add_test(tc, test_icmp4_errors_that_are_not_allowed);
    tcase_add_test(tc, test_icmp4_no_error_about_a_later_fragment);
    tcase_add_test(tc, hostile_net_17_errors_are_limited_per_destination);
    tcase_add_test(tc, test_icmp4_errors_about_what_is_not_ours);
    tcase_add_test(tc, test_icmp4_types_land_in_their_counters);
    suite_add_tcase(suite, tc);
    return suite;
}
