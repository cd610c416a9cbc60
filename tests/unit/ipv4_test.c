/* SPDX-License-Identifier: ISC */
/*
 * Receiving IPv4: the header's checks, options, addresses, one counter each.
 */
#include "libnet/ipv4_internal.h"
#include "libnet/ipv4_wire.h"
#include "net_fixture.h"
#include "suites.h"

#include <string.h>

static uint8_t frame[PACKET_CAP];
#define IP (frame + PACKET_ETH)

static struct net_fixture *met(void)
{
    struct net_fixture *f = net_fixture();
    net_fixture_meet(f, PEER, packet_mac_peer);
    memset(&f->ipv4.stats, 0, sizeof f->ipv4.stats);
    return f;
}

static size_t ping(const struct packet_ip4 *ip)
{
    return packet_icmp(frame, ip, 8, 0, 0x1234, (const uint8_t *)"octets", 6);
}

static const struct packet_ip4 usual = { .src = PEER, .dst = US };

/* Every received packet is delivered or in exactly one other counter. */
static uint64_t dropped(const struct tern_ipv4_stats *s)
{
    return s->in_short + s->in_bad_version + s->in_bad_hdr_len + s->in_bad_total_len +
           s->in_bad_checksum + s->in_bad_source + s->in_not_ours + s->in_wrong_link +
           s->in_bad_options + s->in_source_route + s->in_unknown_protocol + s->in_loopback +
           s->in_link_group + s->ip.frag_bad_offset + s->ip.frag_bad_len + s->ip.frag_overlap +
           s->ip.frag_duplicate + s->ip.frag_too_large + s->ip.frag_no_buffer +
           s->ip.frag_too_many + s->ip.frag_dead + s->ip.frag_in;
}

static void account(const struct net_fixture *f)
{
    const struct tern_ipv4_stats *s = &f->ipv4.stats;
    ck_assert_uint_eq(s->in_packets + s->ip.frag_reassembled, s->in_delivered + dropped(s));
}

/* ---- Lengths ------------------------------------------------------------ */

/*
 * Total length above the frame, below the header, header length below 5 or
 * above the total (CVE-2018-16601, CVE-2020-11909, CVE-2021-31401).
 */
START_TEST(hostile_net_1_lengths_against_the_frame_and_each_other)
{
    struct net_fixture *f = met();
    size_t len = ping(&usual);
    size_t total = len - PACKET_ETH;
    for (unsigned ihl = 0; ihl < 5; ihl++) {
        (void)ping(&usual);
        IP[0] = (uint8_t)(0x40 | ihl);
        net_fixture_in(f, frame, len);
        ck_assert_uint_eq(f->ipv4.stats.in_bad_hdr_len, ihl + 1);
    }
    for (unsigned ihl = 9; ihl < 16; ihl++) {    /* past the 34 octets that are there */
        (void)ping(&usual);
        IP[0] = (uint8_t)(0x40 | ihl);
        net_fixture_in(f, frame, len);
        ck_assert_uint_eq(f->ipv4.stats.in_bad_hdr_len, 5 + ihl - 8);
    }
    for (unsigned version = 0; version < 16; version++) {
        if (version == 4)
            continue;
        (void)ping(&usual);
        IP[0] = (uint8_t)(version << 4 | 5);
        net_fixture_in(f, frame, len);
    }
    ck_assert_uint_eq(f->ipv4.stats.in_bad_version, 15);
    uint64_t bad = 0;
    static const size_t totals[] = { 0, 1, 18, 19 };
    for (size_t i = 0; i < 4; i++) {
        (void)ping(&usual);
        tern_store_be16(IP + 2, (uint16_t)totals[i]);
        packet_ip4_resum(frame);
        net_fixture_in(f, frame, len);
        ck_assert_uint_eq(f->ipv4.stats.in_bad_total_len, ++bad);
    }
    for (size_t more = 1; more < 65536 - total; more *= 3) {
        (void)ping(&usual);
        tern_store_be16(IP + 2, (uint16_t)(total + more));
        packet_ip4_resum(frame);
        net_fixture_in(f, frame, len);
        ck_assert_uint_eq(f->ipv4.stats.in_bad_total_len, ++bad);
    }
    ck_assert_uint_eq(f->ipv4.stats.in_delivered, 0);
    ck_assert(net_fixture_quiet(f));
    account(f);
}
END_TEST

START_TEST(hostile_net_1_every_truncation_of_a_valid_packet)
{
    struct net_fixture *f = met();
    size_t len = ping(&usual);
    for (size_t cut = PACKET_ETH; cut < len; cut++)
        net_fixture_in(f, frame, cut);
    ck_assert_uint_eq(f->ipv4.stats.in_short, 20);
    ck_assert_uint_eq(f->ipv4.stats.in_bad_total_len, len - PACKET_ETH - 20);
    ck_assert(net_fixture_quiet(f));
    for (size_t i = 0; i < 10000; i++)
        net_fixture_in(f, frame, len - 1);
    ck_assert_uint_eq(f->ipv4.stats.in_bad_total_len, 10000 + len - PACKET_ETH - 20);
    net_fixture_in(f, frame, len);
    (void)net_fixture_sent(f);
    account(f);
}
END_TEST

/* A total length past the data, so that a checksum would be made past it (CVE-2020-13987). */
START_TEST(hostile_net_2_length_past_the_data_under_a_checksum)
{
    struct net_fixture *f = met();
    for (uint8_t protocol = 1; protocol <= 17; protocol = (uint8_t)(protocol + 8)) {
        for (size_t past = 1; past <= 1024; past *= 2) {
            struct packet_ip4 ip = { .src = PEER, .dst = US, .protocol = protocol };
            uint8_t l4[40] = { 0 };
            size_t len = packet_ip4(frame, &ip, l4, sizeof l4);
            tern_store_be16(IP + 2, (uint16_t)(20 + sizeof l4 + past));
            packet_ip4_resum(frame);
            net_fixture_in(f, frame, len);
        }
    }
    ck_assert_uint_eq(f->ipv4.stats.in_bad_total_len, 33);
    ck_assert_uint_eq(f->ipv4.stats.in_delivered, 0);
    account(f);
}
END_TEST

START_TEST(test_ipv4_refuses_a_wrong_checksum)
{
    struct net_fixture *f = met();
    for (size_t i = 0; i < 20; i++) {
        size_t len = ping(&usual);
        if (i == 0)
            continue;    /* version and header length have counters of their own */
        IP[i] ^= 0x20;
        net_fixture_in(f, frame, len);
        ck_assert_uint_eq(f->ipv4.stats.in_bad_checksum, i);
    }
    account(f);
}
END_TEST

START_TEST(test_ipv4_takes_frames_of_many_spans)
{
    struct net_fixture *f = met();
    uint8_t data[700];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    size_t len = packet_icmp(frame, &usual, 8, 0, 0x1234, data, sizeof data);
    for (size_t first = 256; first < 300; first += 11) {
        for (size_t step = 1; step < 40; step += 6) {
            (void)packet_icmp(frame, &usual, 8, 0, 0x1234, data, sizeof data);
            (void)fake_link_input_spans(&f->wire, frame, len, first, step, f->now_ns);
            const struct fake_frame *sent = net_fixture_sent(f);
            ck_assert_uint_eq(sent->len, len);
            ck_assert(packet_sums_ok(sent->data, sent->len));
            ck_assert_mem_eq(sent->data + 42, data, sizeof data);
        }
    }
}
END_TEST

/* ---- Addresses ---------------------------------------------------------- */

/* LAND, and sources that no packet can have (CVE-1999-0016). */
START_TEST(hostile_net_43_sources_that_cannot_be)
{
    static const uint32_t sources[] = {
        US, US_1, 0, 1, 0x00ffffff, 0x7f000001, 0x7fffffff, 0xe0000001, 0xefffffff, 0xf0000001,
        0xffffffff, NET_BROADCAST,
    };
    static const uint8_t protocols[] = { 1, 6, 17, 99 };
    struct net_fixture *f = met();
    uint64_t bad = 0;
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        for (size_t j = 0; j < 4; j++) {
            struct packet_ip4 ip = { .src = sources[i], .dst = US, .protocol = protocols[j] };
            uint8_t l4[40] = { 0, 80, 0, 80 };
            net_fixture_in(f, frame, packet_ip4(frame, &ip, l4, sizeof l4));
            ck_assert_uint_eq(f->ipv4.stats.in_bad_source, ++bad);
        }
    }
    ck_assert(net_fixture_quiet(f));
    account(f);
}
END_TEST

START_TEST(hostile_net_43_a_source_that_was_good_becomes_ours)
{
    struct net_fixture *f = met();
    struct tern_ipv4_address a = { .addr = tern_addr_v4(OTHER), .prefix_len = 24 };
    struct packet_ip4 ip = { .src = OTHER, .dst = US };
    net_fixture_in(f, frame, ping(&ip));
    ck_assert_uint_eq(f->ipv4.stats.in_delivered, 1);
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_OK);
    ip.dst = OTHER;
    net_fixture_in(f, frame, ping(&ip));
    ck_assert_uint_eq(f->ipv4.stats.in_bad_source, 1);
    /* And one that was a host's becomes the broadcast address of a shorter prefix. */
    ip.src = 0x0a00027f;
    net_fixture_in(f, frame, ping(&ip));
    a.addr = tern_addr_v4(0x0a000203);
    a.prefix_len = 25;
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_OK);
    ip.dst = 0x0a000203;
    net_fixture_in(f, frame, ping(&ip));
    ck_assert_uint_eq(f->ipv4.stats.in_bad_source, 2);
}
END_TEST

/* Our address of one link on another: strong hosts only (CVE-2019-14899). */
START_TEST(hostile_net_54_our_address_on_the_wrong_link)
{
    struct net_fixture *f = met();
    struct packet_ip4 ip = { .src = PEER, .dst = US_1 };
    for (size_t i = 0; i < 10000; i++)
        net_fixture_in(f, frame, ping(&ip));
    ck_assert_uint_eq(f->ipv4.stats.in_wrong_link, 10000);
    ck_assert_uint_eq(f->ipv4.stats.in_delivered, 0);
    ck_assert(net_fixture_quiet(f));
    ck_assert_ptr_null(fake_link_take(&f->wire_1));
    account(f);
}
END_TEST

START_TEST(test_ipv4_destinations)
{
    static const uint8_t group_mac[6] = { 1, 0, 0x5e, 0, 0, 1 };
    static const struct {
        uint32_t dst;
        const uint8_t *mac;
        size_t counter;
        const char *why;
    } cases[] = {
#define COUNTER(name) offsetof(struct tern_ipv4_stats, name)
        { OTHER, packet_mac_us, COUNTER(in_not_ours), "another host" },
        { FAR, packet_mac_us, COUNTER(in_not_ours), "no router here" },
        { 0x0a0000fe, packet_mac_us, COUNTER(in_not_ours), "the router" },
        { 0x7f000001, packet_mac_us, COUNTER(in_loopback), "loopback" },
        { 0, packet_mac_us, COUNTER(in_not_ours), "none" },
        { 0x0a000000, packet_mac_us, COUNTER(in_not_ours), "the old broadcast" },
        { 0x0a0100ff, packet_mac_us, COUNTER(in_not_ours), "another link's broadcast" },
        { 0xe0000002, group_mac, COUNTER(in_not_ours), "a group not joined" },
        { 0xe0000001, group_mac, COUNTER(icmp_broadcast), "echo to all hosts" },
        { US, packet_mac_broadcast, COUNTER(in_link_group), "ours, in a frame to all" },
        { US, group_mac, COUNTER(in_link_group), "ours, in a frame to a group" },
        { NET_BROADCAST, packet_mac_broadcast, COUNTER(icmp_broadcast), "echo to all" },
        { 0xffffffff, packet_mac_broadcast, COUNTER(icmp_broadcast), "echo to all" },
#undef COUNTER
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net_fixture *f = met();
        struct packet_ip4 ip = { .src = PEER, .dst = cases[i].dst, .dst_mac = cases[i].mac };
        uint64_t n;
        net_fixture_in(f, frame, ping(&ip));
        memcpy(&n, (const uint8_t *)&f->ipv4.stats + cases[i].counter, sizeof n);
        ck_assert_msg(n == 1, "%s", cases[i].why);
        ck_assert(net_fixture_quiet(f));
        account(f);
    }
}
END_TEST

/* ---- Options ------------------------------------------------------------ */

START_TEST(test_ipv4_options_table)
{
    static const struct {
        uint8_t options[12];
        size_t len;
        enum tern_err err;
        const char *why;
    } cases[] = {
        { { 0 }, 0, TERN_OK, "none" },
        { { 1, 1, 1, 0 }, 4, TERN_OK, "padding" },
        { { 0, 255, 255, 255 }, 4, TERN_OK, "whatever follows the end" },
        { { 148, 4, 0, 0 }, 4, TERN_OK, "router alert" },
        { { 99, 2, 1, 1 }, 4, TERN_OK, "unknown, empty" },
        { { 99, 0, 0, 0 }, 4, TERN_MALFORMED, "length 0" },
        { { 99, 1, 0, 0 }, 4, TERN_MALFORMED, "length 1" },
        { { 99, 5, 0, 0 }, 4, TERN_MALFORMED, "one past the end" },
        { { 99, 255, 0, 0 }, 4, TERN_MALFORMED, "far past the end" },
        { { 1, 1, 1, 99 }, 4, TERN_MALFORMED, "no length" },
        { { 1, 1, 1, 131 }, 4, TERN_MALFORMED, "a source route without length" },
        { { 131, 3, 4, 0 }, 4, TERN_UNSUPPORTED, "loose route, empty" },
        { { 131, 7, 4, 10, 0, 0, 9, 0 }, 8, TERN_UNSUPPORTED, "loose route" },
        { { 137, 7, 4, 10, 0, 0, 9, 0 }, 8, TERN_UNSUPPORTED, "strict route" },
        { { 131, 7, 255, 10, 0, 0, 9, 0 }, 8, TERN_UNSUPPORTED, "loose route, bad pointer" },
        { { 131, 7, 0, 10, 0, 0, 9, 0 }, 8, TERN_UNSUPPORTED, "loose route, pointer 0" },
        { { 131, 9, 4, 10, 0, 0, 9, 0 }, 8, TERN_MALFORMED, "loose route past the end" },
        { { 7, 7, 4, 0, 0, 0, 0, 0 }, 8, TERN_OK, "record route" },
        { { 7, 7, 8, 0, 0, 0, 0, 0 }, 8, TERN_OK, "record route, full" },
        { { 7, 7, 3, 0, 0, 0, 0, 0 }, 8, TERN_MALFORMED, "record route, pointer in its head" },
        { { 7, 7, 0, 0, 0, 0, 0, 0 }, 8, TERN_MALFORMED, "record route, pointer 0" },
        { { 7, 2, 1, 1 }, 4, TERN_MALFORMED, "record route without pointer" },
        { { 68, 12, 5, 0 }, 12, TERN_OK, "timestamps" },
        { { 68, 12, 4, 0 }, 12, TERN_MALFORMED, "timestamps, pointer in its head" },
        { { 68, 3, 5, 0 }, 4, TERN_MALFORMED, "timestamps without flags" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(tern_ipv4_options_check(cases[i].options, cases[i].len) == cases[i].err,
                      "%s", cases[i].why);
}
END_TEST

START_TEST(test_ipv4_options_of_all_lengths_stay_inside)
{
    /* Every type with every length, in memory of exactly that size. */
    for (size_t len = 0; len <= 40; len++) {
        uint8_t room[40], *options = room + sizeof room - len;
        memset(room, 1, sizeof room);
        for (unsigned type = 0; type < 256; type++) {
            for (unsigned said = 0; said < 256; said++) {
                if (len > 0)
                    options[0] = (uint8_t)type;
                if (len > 1)
                    options[1] = (uint8_t)said;
                (void)tern_ipv4_options_check(options, len);
            }
        }
    }
}
END_TEST

/* Source routes with a bad pointer, copied into an error (CVE-2019-12256, CVE-2021-24074). */
START_TEST(hostile_net_10_source_routes_in_what_would_be_an_error)
{
    static const uint8_t types[] = { 131, 137 };
    static const uint8_t pointers[] = { 0, 1, 3, 4, 5, 8, 39, 40, 41, 255 };
    struct net_fixture *f = met();
    uint64_t n = 0;
    for (size_t i = 0; i < sizeof types; i++) {
        for (size_t j = 0; j < sizeof pointers; j++) {
            uint8_t options[40] = { types[i], 39, pointers[j] };
            struct packet_ip4 ip = { .src = PEER, .dst = US, .options = options,
                                     .options_len = sizeof options };
            /* To a port that nobody has: without the option this draws an error. */
            net_fixture_in(f, frame, packet_udp(frame, &ip, 5, 9, NULL, 0));
            ck_assert_uint_eq(f->ipv4.stats.in_source_route, ++n);
            ip.protocol = 77;
            net_fixture_in(f, frame, packet_ip4(frame, &ip, options, 8));
            ck_assert_uint_eq(f->ipv4.stats.in_source_route, ++n);
        }
    }
    ck_assert(net_fixture_quiet(f));
    account(f);
}
END_TEST

START_TEST(hostile_net_10_an_error_quotes_harmless_options_as_they_are)
{
    uint8_t options[40] = { 7, 39, 40 };    /* record route, full */
    struct net_fixture *f = met();
    struct packet_ip4 ip = { .src = PEER, .dst = US, .options = options,
                             .options_len = sizeof options };
    size_t len = packet_udp(frame, &ip, 5, 9, NULL, 0);
    net_fixture_in(f, frame, len);
    const struct fake_frame *sent = net_fixture_sent(f);
    ck_assert(packet_sums_ok(sent->data, sent->len));
    ck_assert_uint_eq(sent->data[PACKET_ETH], 0x45);    /* none in its own header */
    ck_assert_uint_eq(sent->len, PACKET_ETH + 20 + 8 + len - PACKET_ETH);
    ck_assert_mem_eq(sent->data + PACKET_ETH + 28, IP, len - PACKET_ETH);
}
END_TEST

/* Options that redirect an echo's answer to a third host (CVE-2021-31344). */
START_TEST(hostile_net_11_options_redirect_no_echo)
{
    struct net_fixture *f = met();
    static const uint8_t record[12] = { 7, 11, 4 };
    struct packet_ip4 ip = { .src = PEER, .dst = US, .options = record,
                             .options_len = sizeof record };
    net_fixture_in(f, frame, ping(&ip));
    const struct fake_frame *sent = net_fixture_sent(f);
    ck_assert_uint_eq(sent->data[PACKET_ETH], 0x45);
    ck_assert_uint_eq(tern_load_be32(sent->data + PACKET_ETH + 16), PEER);
    ck_assert_mem_eq(sent->data, packet_mac_peer, 6);
    static const uint8_t route[8] = { 131, 7, 4, 10, 0, 0, 3, 0 };
    ip.options = route;
    ip.options_len = sizeof route;
    for (size_t i = 0; i < 10000; i++)
        net_fixture_in(f, frame, ping(&ip));
    ck_assert_uint_eq(f->ipv4.stats.in_source_route, 10000);
    ck_assert(net_fixture_quiet(f));
    account(f);
}
END_TEST

/* ---- Protocols ---------------------------------------------------------- */

START_TEST(test_ipv4_answers_an_unknown_protocol)
{
    struct net_fixture *f = met();
    struct packet_ip4 ip = { .src = PEER, .dst = US, .protocol = 132 };
    uint8_t l4[12] = { 1, 2, 3 };
    net_fixture_in(f, frame, packet_ip4(frame, &ip, l4, sizeof l4));
    const struct fake_frame *sent = net_fixture_sent(f);
    ck_assert_uint_eq(sent->data[PACKET_ETH + 20], 3);
    ck_assert_uint_eq(sent->data[PACKET_ETH + 21], 2);
    ck_assert(packet_sums_ok(sent->data, sent->len));
    ck_assert_uint_eq(f->ipv4.stats.in_unknown_protocol, 1);
    account(f);
}
END_TEST

START_TEST(test_ipv4_refuses_ipv6)
{
    struct net_fixture *f = met();
    struct tern_endpoint_addr local = { .addr = { { 0x20, 1, 0xd, 0xb8, 1 } }, .port = 5 };
    struct tern_endpoint *ep;
    ck_assert_int_eq(tern_udp_open(&f->net, &local, NULL, NULL, &ep), TERN_UNSUPPORTED);
}
END_TEST

/* ---- What a host asks for ------------------------------------------------ */

/* An IPv6 address that ends as the IPv4 address does. */
static struct tern_addr like_v4(uint32_t addr)
{
    struct tern_addr a = tern_addr_v4(addr);
    a.octets[0] = 0x20;
    return a;
}

START_TEST(test_ipv4_addresses_are_set_once_and_cleared_once)
{
    struct net_fixture *f = met();
    struct tern_ipv4_address a = { .addr = like_v4(OTHER), .prefix_len = 129 }, got;
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_INVALID);
    a.prefix_len = 24;
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_UNSUPPORTED);
    a.addr = tern_addr_v4(US);
    a.gateway = like_v4(ROUTER);
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_UNSUPPORTED);
    a.gateway = tern_addr_v4(0);    /* ::ffff:0.0.0.0 names a router that cannot be; :: none */
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_INVALID);
    a.gateway = tern_addr_v4(ROUTER);
    ck_assert_int_eq(tern_ipv4_set(&f->net, 255, &a), TERN_INVALID);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 255, &got), TERN_INVALID);
    tern_ipv4_clear(&f->net, 255);
    fake_link_clear(&f->wire);
    f->n_events = 0;
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_OK);    /* as it was */
    ck_assert(net_fixture_quiet(f));
    ck_assert_uint_eq(f->n_events, 0);
    tern_ipv4_clear(&f->net, 0);
    uint32_t generation = f->ipv4.ip.generation;
    tern_ipv4_clear(&f->net, 0);
    ck_assert_uint_eq(f->ipv4.ip.generation, generation);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &got), TERN_INVALID);
}
END_TEST

START_TEST(test_ipv4_says_that_it_is_not_there)
{
    static struct tern_net bare = { .n_links = 1 };
    struct tern_ipv4_address a = { .addr = tern_addr_v4(US), .prefix_len = 24 };
    ck_assert_int_eq(tern_ipv4_set(&bare, 0, &a), TERN_INVALID);
    ck_assert_int_eq(tern_ipv4_get(&bare, 0, &a), TERN_INVALID);
    ck_assert_ptr_null(tern_ipv4_stats(&bare));
    tern_ipv4_clear(&bare, 0);    /* harmless */
}
END_TEST

START_TEST(test_ipv4_tells_hosts_from_what_is_none)
{
    struct net_fixture *f = met();
    const struct tern_net_network_ops *ops = tern_net_network(&f->net, 0);
    struct tern_addr peer = tern_addr_v4(PEER), group = tern_addr_v4(0xe0000005),
                     all = tern_addr_v4(NET_BROADCAST), us = tern_addr_v4(US),
                     us_6 = like_v4(US);
    ck_assert(ops->is_host(&f->net, &f->ipv4, &peer));
    ck_assert(!ops->is_host(&f->net, &f->ipv4, &group));
    ck_assert(!ops->is_host(&f->net, &f->ipv4, &all));
    ck_assert(ops->is_ours(&f->net, &f->ipv4, &us, 0, false));
    ck_assert(!ops->is_ours(&f->net, &f->ipv4, &us_6, 0, false));
}
END_TEST

static enum tern_err join(struct net_fixture *f, const struct tern_addr *group, uint16_t scope,
                          bool leave)
{
    return tern_net_groups_ipv4.join(&f->net, &f->ipv4, group, scope, leave);
}

START_TEST(test_ipv4_groups_are_counted_and_bounded)
{
    struct net_fixture *f = met();
    struct tern_addr group = tern_addr_v4(0xe0000005), group_6 = like_v4(0xe0000005);
    ck_assert_int_eq(join(f, &group_6, 1, false), TERN_INVALID);
    ck_assert_int_eq(join(f, &group, 1, true), TERN_INVALID);
    ck_assert_int_eq(join(f, &group, 3, false), TERN_INVALID);
    ck_assert_int_eq(join(f, &group, 3, true), TERN_INVALID);
    for (uint32_t i = 0; i < TERN_IPV4_GROUPS; i++) {
        struct tern_addr each = tern_addr_v4(0xe0000005 + i);
        ck_assert_int_eq(join(f, &each, 1, false), TERN_OK);
    }
    struct tern_addr more = tern_addr_v4(0xe0000105);
    ck_assert_int_eq(join(f, &more, 1, false), TERN_FULL);
    for (size_t i = 0; i < TERN_IPV4_GROUPS; i++)
        f->ipv4.groups[i].n_users = UINT16_MAX;
    ck_assert_int_eq(join(f, &group, 1, false), TERN_FULL);
    ck_assert_int_eq(join(f, &group, 1, true), TERN_OK);
    ck_assert_int_eq(join(f, &group, 1, false), TERN_OK);
}
END_TEST

START_TEST(test_ipv4_refuses_a_configuration_that_cannot_be)
{
    struct net_fixture *f = met();
    const struct tern_net_network_ops *ops = tern_net_network(&f->net, 0);
    const struct tern_ipv4_config good = f->ipv4.config;
    for (size_t i = 0; i < 5; i++) {
        struct tern_ipv4 ip = { .config = good };
        if (i == 0)
            ip.config.neighbours = NULL;
        if (i == 1)
            ip.config.n_neighbours = 7;
        if (i == 2)
            ip.config.n_neighbours = 32769;
        if (i == 3)
            ip.config.reassemblies = NULL;
        if (i == 4)
            ip.config.n_reassemblies = 4097;
        ck_assert_int_eq(ops->init(&f->net, &ip), TERN_INVALID);
    }
}
END_TEST

Suite *ipv4_suite(void)
{
    Suite *suite = suite_create("ipv4");
    TCase *tc = tcase_create("input");
    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, hostile_net_1_lengths_against_the_frame_and_each_other);
    tcase_add_test(tc, hostile_net_1_every_truncation_of_a_valid_packet);
    tcase_add_test(tc, hostile_net_2_length_past_the_data_under_a_checksum);
    tcase_add_test(tc, test_ipv4_refuses_a_wrong_checksum);
    tcase_add_test(tc, test_ipv4_takes_frames_of_many_spans);
    tcase_add_test(tc, hostile_net_43_sources_that_cannot_be);
    tcase_add_test(tc, hostile_net_43_a_source_that_was_good_becomes_ours);
    tcase_add_test(tc, hostile_net_54_our_address_on_the_wrong_link);
    tcase_add_test(tc, test_ipv4_destinations);
    tcase_add_test(tc, test_ipv4_options_table);
    tcase_add_test(tc, test_ipv4_options_of_all_lengths_stay_inside);
    tcase_add_test(tc, hostile_net_10_source_routes_in_what_would_be_an_error);
    tcase_add_test(tc, hostile_net_10_an_error_quotes_harmless_options_as_they_are);
    tcase_add_test(tc, hostile_net_11_options_redirect_no_echo);
    tcase_add_test(tc, test_ipv4_answers_an_unknown_protocol);
    tcase_add_test(tc, test_ipv4_refuses_ipv6);
    tcase_add_test(tc, test_ipv4_addresses_are_set_once_and_cleared_once);
    tcase_add_test(tc, test_ipv4_says_that_it_is_not_there);
    tcase_add_test(tc, test_ipv4_tells_hosts_from_what_is_none);
    tcase_add_test(tc, test_ipv4_groups_are_counted_and_bounded);
    tcase_add_test(tc, test_ipv4_refuses_a_configuration_that_cannot_be);
    suite_add_tcase(suite, tc);
    return suite;
}
