/* SPDX-License-Identifier: ISC */
/*
 * Reassembly: what joins, what is refused, and what a flood costs.
 */
#include "libnet/ipv4_internal.h"
#include "net_fixture.h"
#include "suites.h"

#include <string.h>

static uint8_t frame[PACKET_CAP];
static uint8_t whole[66000];

#define MF 0x2000u

/* Delivered datagrams are counted by a UDP endpoint that keeps the last. */
static size_t n_got, got_len;
static uint8_t got[66000];

static void received(struct tern_endpoint *ep, struct tern_dgram *d, size_t n)
{
    (void)ep;
    for (size_t i = 0; i < n; i++) {
        n_got++;
        got_len = d[i].len;
        memcpy(got, d[i].data, d[i].len);
    }
}

static struct net_fixture *met(void)
{
    static const struct tern_endpoint_events events = { .received = received };
    struct tern_endpoint_addr local = { .port = 7 };
    struct tern_endpoint *ep;
    struct net_fixture *f = net_fixture();
    net_fixture_meet(f, PEER, packet_mac_peer);
    ck_assert_int_eq(tern_udp_open(&f->net, &local, &events, NULL, &ep), TERN_OK);
    memset(&f->ipv4.stats, 0, sizeof f->ipv4.stats);
    n_got = got_len = 0;
    return f;
}

/* A UDP datagram to port 7 of len octets of data; its IP payload is at `whole`. */
static size_t make(size_t len)
{
    static uint8_t data[66000], whole_frame[PACKET_CAP];
    struct packet_ip4 ip = { .src = PEER, .dst = US };
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(i * 31 ^ i >> 7);
    size_t total = packet_udp(whole_frame, &ip, 5, 7, data, len);
    memcpy(whole, whole_frame + 34, total - 34);
    return total - 34;
}

static void fragment_of(struct net_fixture *f, uint32_t src, uint8_t protocol, uint16_t id,
                        size_t off, size_t len, bool more)
{
    struct packet_ip4 ip = { .src = src, .dst = US, .protocol = protocol, .id = id,
                             .frag = (uint16_t)((more ? MF : 0) | off / 8) };
    net_fixture_in(f, frame, packet_ip4(frame, &ip, whole + off, len));
}

static void fragment(struct net_fixture *f, size_t off, size_t len, bool more)
{
    fragment_of(f, PEER, 17, 1, off, len, more);
}

static void expect_got(size_t len)
{
    ck_assert_uint_eq(n_got, 1);
    ck_assert_uint_eq(got_len, len);
    ck_assert_mem_eq(got, whole + 8, len);
    n_got = 0;
}

/* ---- What joins --------------------------------------------------------- */

START_TEST(test_reassembly_joins_every_order_of_four)
{
    size_t len = make(92);    /* 100 octets: 24, 24, 24, 28 */
    for (unsigned order = 0; order < 256; order++) {
        unsigned used = 0;
        for (unsigned i = 0; i < 4; i++)
            used |= 1u << (order >> 2 * i & 3);
        if (used != 15)
            continue;
        struct net_fixture *f = met();
        for (unsigned i = 0; i < 4; i++) {
            unsigned k = order >> 2 * i & 3;
            fragment(f, k * 24, k == 3 ? len - 72 : 24, k < 3);
        }
        expect_got(92);
        ck_assert_uint_eq(f->ipv4.stats.ip.frag_reassembled, 1);
        ck_assert_uint_eq(f->ipv4.stats.ip.frag_in, 4);
        ck_assert(net_fixture_idle(f));
    }
}
END_TEST

START_TEST(test_reassembly_up_to_its_buffer_and_not_beyond)
{
    struct net_fixture *f = met();
    size_t len = make(TERN_REASSEMBLY_LEN - 8);
    for (size_t off = 0; off < len; off += 1480)
        fragment(f, off, len - off < 1480 ? len - off : 1480, len - off > 1480);
    expect_got(TERN_REASSEMBLY_LEN - 8);
    len = make(TERN_REASSEMBLY_LEN - 7);
    for (size_t off = 0; off < len; off += 1480)
        fragment_of(f, PEER, 17, 2, off, len - off < 1480 ? len - off : 1480, len - off > 1480);
    ck_assert_uint_eq(n_got, 0);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_too_large, 1);
    net_fixture_pass(f, 31 * TERN_SECOND_NS);
    ck_assert(net_fixture_idle(f));
}
END_TEST

START_TEST(test_reassembly_keeps_datagrams_apart)
{
    struct net_fixture *f = met();
    size_t len = make(92);
    fragment_of(f, PEER, 17, 1, 0, 48, true);
    fragment_of(f, PEER, 17, 2, 48, len - 48, false);     /* another id */
    fragment_of(f, OTHER, 17, 1, 48, len - 48, false);    /* another source */
    fragment_of(f, PEER, 99, 1, 48, len - 48, false);     /* another protocol */
    ck_assert_uint_eq(n_got, 0);
    fragment_of(f, OTHER, 17, 1, 0, 48, true);
    ck_assert_uint_eq(n_got, 0);    /* its checksum names the other source */
    ck_assert_uint_eq(f->udp.stats.in_bad_checksum, 1);
}
END_TEST

START_TEST(test_reassembly_takes_fragments_of_many_spans)
{
    struct net_fixture *f = met();
    size_t len = make(1000);
    for (size_t off = 0; off < len; off += 504) {
        struct packet_ip4 ip = { .src = PEER, .dst = US, .protocol = 17, .id = 9,
                                 .frag = (uint16_t)((off == 0 ? MF : 0) | off / 8) };
        size_t n = packet_ip4(frame, &ip, whole + off, off == 0 ? 504 : len - 504);
        (void)fake_link_input_spans(&f->wire, frame, n, 256, 37, f->now_ns);
    }
    expect_got(1000);
}
END_TEST

START_TEST(test_reassembly_ignores_a_fragment_that_came_twice)
{
    struct net_fixture *f = met();
    size_t len = make(92);
    fragment(f, 0, 48, true);
    fragment(f, 0, 48, true);
    fragment(f, 24, 24, true);    /* part of what is there, the same octets */
    fragment(f, 48, len - 48, false);
    expect_got(92);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_duplicate, 2);
}
END_TEST

START_TEST(test_reassembly_joins_ecn_marks)
{
    static const struct {
        uint8_t a, b, joined;
        bool ok;
    } cases[] = {
        { 0, 0, 0, true }, { 2, 2, 2, true }, { 1, 1, 1, true }, { 3, 2, 3, true },
        { 2, 3, 3, true }, { 3, 3, 3, true }, { 0, 3, 0, false }, { 3, 0, 0, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net_fixture *f = met();
        size_t len = make(92);
        struct packet_ip4 ip = { .src = PEER, .dst = US, .protocol = 17, .id = 3, .frag = MF,
                                 .tos = cases[i].a };
        net_fixture_in(f, frame, packet_ip4(frame, &ip, whole, 48));
        ip.frag = 6;
        ip.tos = cases[i].b;
        net_fixture_in(f, frame, packet_ip4(frame, &ip, whole + 48, len - 48));
        ck_assert_uint_eq(n_got, cases[i].ok);
        ck_assert_uint_eq(f->ipv4.stats.ip.frag_bad_ecn, !cases[i].ok);
    }
}
END_TEST

START_TEST(test_reassembly_says_time_exceeded_when_the_first_came)
{
    struct net_fixture *f = met();
    (void)make(92);
    fragment(f, 0, 48, true);
    net_fixture_pass(f, 29 * TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    const struct fake_frame *sent = net_fixture_sent(f);
    ck_assert(packet_sums_ok(sent->data, sent->len));
    ck_assert_uint_eq(sent->data[34], 11);
    ck_assert_uint_eq(sent->data[35], 1);
    ck_assert_mem_eq(sent->data + 42 + 20, whole, 48);
    fragment(f, 48, 24, true);    /* without the first: silence */
    net_fixture_pass(f, 40 * TERN_SECOND_NS);
    ck_assert_uint_eq(f->ipv4.stats.icmp_errors_out, 1);
    ck_assert_uint_eq(f->ipv4.stats.icmp_not_allowed, 0);
    ck_assert_uint_eq(f->ipv4.stats.icmp_full, 0);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_timed_out, 2);
    ck_assert(net_fixture_idle(f));
}
END_TEST

START_TEST(test_reassembly_without_buffers_refuses)
{
    struct net_fixture *f = met();
    f->ipv4.ip.n_reassemblies = 0;
    (void)make(92);
    fragment(f, 0, 48, true);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_no_buffer, 1);
}
END_TEST

START_TEST(test_reassembly_ends_with_the_address)
{
    struct net_fixture *f = met();
    (void)make(92);
    fragment(f, 0, 48, true);
    tern_ipv4_clear(&f->net, 0);
    net_fixture_pass(f, 1);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_cleared, 1);
    ck_assert(net_fixture_idle(f));
}
END_TEST

/* Fragments of link 1 know nothing of link 0's address. */
START_TEST(test_reassembly_of_another_link_goes_on)
{
    struct net_fixture *f = met();
    struct packet_ip4 ip = { .src = US_1 + 1, .dst = US_1, .protocol = 1, .frag = MF,
                             .dst_mac = f->wire_1.link.mac };
    memset(whole, 0, 16);
    whole[0] = 8;    /* an echo request of zeros */
    whole[2] = 0xf7;
    whole[3] = 0xff;
    size_t len = packet_ip4(frame, &ip, whole, 8);
    (void)fake_link_input(&f->wire_1, frame, len, f->now_ns);
    tern_ipv4_clear(&f->net, 0);
    net_fixture_pass(f, 1);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_cleared, 0);
    ip.frag = 1;
    len = packet_ip4(frame, &ip, whole + 8, 8);
    (void)fake_link_input(&f->wire_1, frame, len, f->now_ns);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_reassembled, 1);
    ck_assert_uint_eq(f->ipv4.stats.icmp_echo_in, 1);
}
END_TEST

/* What is lent to an application stays until the turn ends, whatever it does. */
static struct net_fixture *cleared;

static void received_and_clears(struct tern_endpoint *ep, struct tern_dgram *d, size_t n)
{
    tern_ipv4_clear(&cleared->net, 0);
    ck_assert_uint_ne(cleared->reassemblies[0].state, 0);
    received(ep, d, n);
}

START_TEST(test_reassembly_lends_until_the_turn_ends)
{
    static const struct tern_endpoint_events events = { .received = received_and_clears };
    struct tern_endpoint_addr local = { .addr = tern_addr_v4(US), .port = 7 };
    struct tern_endpoint *ep;
    struct net_fixture *f = met();
    size_t len = make(92);
    cleared = f;
    ck_assert_int_eq(tern_udp_open(&f->net, &local, &events, NULL, &ep), TERN_OK);
    fragment(f, 0, 48, true);
    fragment(f, 48, len - 48, false);
    expect_got(92);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_cleared, 0);
    net_fixture_pass(f, 1);
    ck_assert(net_fixture_idle(f));
}
END_TEST

/* A buffer that is lent gives way to nobody, were it the oldest. */
START_TEST(test_reassembly_takes_no_buffer_that_is_lent)
{
    struct net_fixture *f = met();
    static uint8_t frames[6][256];
    struct tern_span spans[6];
    struct tern_rx rx[6];
    size_t len = make(92);
    memset(rx, 0, sizeof rx);
    for (uint32_t i = 0; i < 6; i++) {
        struct packet_ip4 ip = { .src = i < 2 ? PEER : OTHER + i, .dst = US, .protocol = 17,
                                 .frag = i == 1 ? 6 : MF };
        spans[i].data = frames[i];
        spans[i].len = packet_ip4(frames[i], &ip, whole + (i == 1 ? 48 : 0),
                                  i == 1 ? len - 48 : 48);
        rx[i].spans = &spans[i];
        rx[i].n_spans = 1;
    }
    (void)tern_net_input(&f->net, &f->wire.link, rx, 6, f->now_ns);
    expect_got(92);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_evicted, 1);    /* of the three others */
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_in, 6);
}
END_TEST

/* What one source had is no part of its share once it was delivered. */
START_TEST(test_reassembly_counts_only_what_is_under_way)
{
    struct net_fixture *f = met();
    size_t len = make(92);
    fragment_of(f, PEER, 17, 1, 0, 48, true);
    fragment_of(f, PEER, 17, 2, 0, 48, true);
    fragment_of(f, PEER, 17, 2, 48, len - 48, false);
    expect_got(92);
    fragment_of(f, PEER, 17, 3, 0, 48, true);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_evicted, 0);
    fragment_of(f, PEER, 17, 1, 48, len - 48, false);
    expect_got(92);
    fragment_of(f, PEER, 17, 3, 48, len - 48, false);
    expect_got(92);
}
END_TEST

/* A fragment that came twice, its data in other spans than its headers. */
START_TEST(test_reassembly_compares_fragments_of_many_spans)
{
    struct net_fixture *f = met();
    size_t len = make(92);
    fragment(f, 0, 48, true);
    for (size_t first = 34; first <= 82; first += 3) {
        struct packet_ip4 ip = { .src = PEER, .dst = US, .protocol = 17, .id = 1, .frag = MF };
        size_t n = packet_ip4(frame, &ip, whole, 48);
        uint64_t before = f->ipv4.stats.ip.frag_duplicate;
        (void)fake_link_input_spans(&f->wire, frame, n, first, 5, f->now_ns);
        ck_assert_uint_eq(f->ipv4.stats.ip.frag_duplicate, before + 1);
    }
    fragment(f, 48, len - 48, false);
    expect_got(92);
}
END_TEST

/* ---- What is refused ---------------------------------------------------- */

/* Reassembled length past 65,535: ping of death (CVE-1999-0128). */
START_TEST(hostile_net_18_reassembly_past_65535)
{
    struct net_fixture *f = met();
    (void)make(65000);
    fragment_of(f, PEER, 1, 1, 0, 1480, true);
    static const size_t lens[] = { 4, 8, 100, 1480 };
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct packet_ip4 ip = { .src = PEER, .dst = US, .protocol = 1, .id = 1, .frag = 0x1fff };
        net_fixture_in(f, frame, packet_ip4(frame, &ip, whole, lens[i]));
        ck_assert_uint_eq(f->ipv4.stats.ip.frag_bad_offset, 2 * i + 1);
        ip.frag |= MF;    /* and not even the last */
        net_fixture_in(f, frame, packet_ip4(frame, &ip, whole, 8));
    }
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_bad_offset, 8);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_reassembled, 0);
    /* 65,535 exactly is no more than too large for the buffer. */
    struct packet_ip4 ip = { .src = PEER, .dst = US, .protocol = 1, .id = 1,
                             .frag = (65535 - 20 - 3) / 8 };
    net_fixture_in(f, frame, packet_ip4(frame, &ip, whole, 3));
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_bad_offset, 8);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_too_large, 1);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

/* Overlapping fragments, also such that a trimmed length would be negative (CVE-1999-0015). */
START_TEST(hostile_net_19_overlapping_fragments)
{
    static const struct {
        size_t off, len;
        bool more;
        const char *why;
    } cases[] = {
        { 40, 24, true, "into the end" },
        { 0, 56, true, "one step longer" },
        { 24, 8, true, "inside, other octets: teardrop" },
        { 40, 8, true, "the last eight" },
        { 0, 8, true, "the first eight" },
        { 24, 24, false, "the end of what is there, as the last" },
        { 8, 24, false, "inside, and says that it is the end" },
        { 40, 3, false, "inside, odd, the end" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net_fixture *f = met();
        size_t len = make(92);
        fragment(f, 0, 48, true);
        for (size_t k = 0; k < len; k++)
            whole[k] ^= 0xff;    /* other octets */
        fragment(f, cases[i].off, cases[i].len, cases[i].more);
        ck_assert_msg(f->ipv4.stats.ip.frag_overlap == 1, "%s", cases[i].why);
        (void)make(92);
        /* The rest is swallowed: nothing of this datagram is ever delivered. */
        fragment(f, 0, 48, true);
        fragment(f, 48, len - 48, false);
        ck_assert_uint_eq(f->ipv4.stats.ip.frag_dead, 2);
        ck_assert_uint_eq(n_got, 0);
        net_fixture_pass(f, 31 * TERN_SECOND_NS);
        ck_assert(net_fixture_quiet(f));
        ck_assert(net_fixture_idle(f));
    }
}
END_TEST

START_TEST(hostile_net_19_fragments_that_disagree_about_the_end)
{
    struct net_fixture *f = met();
    (void)make(992);
    fragment_of(f, PEER, 17, 1, 480, 20, false);
    fragment_of(f, PEER, 17, 1, 504, 24, true);    /* past the end */
    fragment_of(f, PEER, 17, 2, 480, 24, true);
    fragment_of(f, PEER, 17, 2, 240, 24, false);    /* an end before what came */
    fragment_of(f, OTHER, 17, 3, 480, 20, false);
    fragment_of(f, OTHER, 17, 3, 240, 20, false);    /* two ends */
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_overlap, 3);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_reassembled, 0);
}
END_TEST

/* Offset and length past the reassembly buffer (CVE-2020-17438). */
START_TEST(hostile_net_20_a_fragment_past_the_buffer)
{
    struct net_fixture *f = met();
    (void)make(66000 - 8 - 500);
    uint64_t n = 0;
    for (size_t off = (TERN_REASSEMBLY_LEN - 24) / 8 * 8; off <= 64000; off += 1000) {
        for (size_t len = 1; len <= 1481; len += 148) {
            uint64_t before = f->ipv4.stats.ip.frag_in;
            fragment_of(f, PEER, 17, (uint16_t)++n, off, len, false);
            ck_assert_uint_eq(f->ipv4.stats.ip.frag_in - before,
                              off + len <= TERN_REASSEMBLY_LEN);
        }
    }
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_in + f->ipv4.stats.ip.frag_too_large, n);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_reassembled, 0);
}
END_TEST

START_TEST(hostile_net_20_lengths_no_fragment_has)
{
    struct net_fixture *f = met();
    (void)make(1000);
    fragment(f, 0, 0, true);
    fragment(f, 8, 0, false);
    for (size_t len = 1; len < 8; len++)
        fragment(f, 0, 16 + len, true);    /* not the last, no multiple of 8 */
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_bad_len, 9);
    ck_assert(net_fixture_idle(f));
}
END_TEST

START_TEST(hostile_net_20_more_ranges_than_are_kept)
{
    struct net_fixture *f = met();
    (void)make(1000);
    for (size_t i = 0; i < 16; i++)
        fragment(f, i * 16, 8, true);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_in, 16);
    fragment(f, 16 * 16, 8, true);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_too_many, 1);
    net_fixture_pass(f, 31 * TERN_SECOND_NS);
    ck_assert(net_fixture_idle(f));
}
END_TEST

/* What was refused gives way before what is still whole, though that is older. */
START_TEST(hostile_net_21_the_dead_give_way_first)
{
    struct net_fixture *f = met();
    size_t len = make(92);
    fragment(f, 0, 48, true);
    for (uint32_t i = 0; i < 3; i++)
        fragment_of(f, OTHER + i, 17, 1, 0, 48, true);
    fragment_of(f, OTHER + 1, 17, 1, 40, 16, true);    /* overlaps */
    fragment_of(f, OTHER + 9, 17, 1, 0, 48, true);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_overlap, 1);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_evicted, 0);
    fragment(f, 48, len - 48, false);
    expect_got(92);
}
END_TEST

/* Thousands of half datagrams (CVE-2018-5391): bounded, and others get through. */
START_TEST(hostile_net_21_a_flood_of_half_datagrams)
{
    struct net_fixture *f = met();
    size_t len = make(92);
    for (uint32_t i = 0; i < 10000; i++)
        fragment_of(f, 0xc6336400 + i % 251, 17, (uint16_t)i, 0, 48, true);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_in, 10000);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_evicted, 10000 - 4);
    fragment(f, 0, 48, true);
    fragment(f, 48, len - 48, false);
    expect_got(92);
    net_fixture_pass(f, 40 * TERN_SECOND_NS);
    ck_assert(net_fixture_idle(f));
}
END_TEST

START_TEST(hostile_net_21_one_source_holds_half_of_the_buffers)
{
    struct net_fixture *f = met();
    size_t len = make(92);
    fragment_of(f, OTHER, 17, 77, 0, 48, true);    /* one who waits */
    for (uint32_t i = 0; i < 10000; i++)
        fragment_of(f, PEER, 17, (uint16_t)i, 0, 48, true);
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_evicted, 10000 - 2);
    uint64_t delivered = f->ipv4.stats.ip.frag_reassembled;
    fragment_of(f, OTHER, 17, 77, 48, len - 48, false);    /* undisturbed */
    ck_assert_uint_eq(f->ipv4.stats.ip.frag_reassembled, delivered + 1);
}
END_TEST

/* Fragmented IP in IP, its inner lengths wrong (CVE-2020-11896): there is no tunnel here. */
START_TEST(hostile_net_24_fragmented_ip_in_ip)
{
    static const uint8_t protocols[] = { 4, 41, 47, 50 };
    struct net_fixture *f = met();
    struct packet_ip4 inner = { .src = OTHER, .dst = US };
    for (size_t i = 0; i < sizeof protocols; i++) {
        uint8_t in[200];
        size_t len = packet_udp(in, &inner, 1, 7, (const uint8_t *)"inside", 6) - PACKET_ETH;
        tern_store_be16(in + PACKET_ETH + 2, 0xffff);
        memcpy(whole, in + PACKET_ETH, len);
        fragment_of(f, PEER, protocols[i], 1, 0, 16, true);
        fragment_of(f, PEER, protocols[i], 1, 16, len - 16, false);
        ck_assert_uint_eq(f->ipv4.stats.in_unknown_protocol, i + 1);
    }
    /* And in one piece (CVE-2020-10136). */
    struct packet_ip4 ip = { .src = PEER, .dst = US, .protocol = 4 };
    net_fixture_in(f, frame, packet_ip4(frame, &ip, whole, 34));
    ck_assert_uint_eq(f->ipv4.stats.in_unknown_protocol, 5);
    ck_assert_uint_eq(f->udp.stats.in_dgrams, 0);
    ck_assert_uint_eq(n_got, 0);
}
END_TEST

START_TEST(test_reassembly_rejects_every_cut_in_its_fragments)
{
    /* A first fragment too short for a UDP header reaches UDP only when whole. */
    struct net_fixture *f = met();
    size_t len = make(9);
    fragment(f, 0, 8, true);
    fragment(f, 8, len - 8, false);
    expect_got(9);
    fragment_of(f, PEER, 17, 5, 0, 3, false);    /* offset 0 and no more: no fragment */
    ck_assert_uint_eq(f->udp.stats.in_short, 1);
    ck_assert(net_fixture_idle(f));
}
END_TEST

Suite *ipv4_reassembly_suite(void)
{
    Suite *suite = suite_create("ipv4_reassembly");
    TCase *tc = tcase_create("reassembly");
    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, test_reassembly_joins_every_order_of_four);
    tcase_add_test(tc, test_reassembly_up_to_its_buffer_and_not_beyond);
    tcase_add_test(tc, test_reassembly_keeps_datagrams_apart);
    tcase_add_test(tc, test_reassembly_takes_fragments_of_many_spans);
    tcase_add_test(tc, test_reassembly_ignores_a_fragment_that_came_twice);
    tcase_add_test(tc, test_reassembly_joins_ecn_marks);
    tcase_add_test(tc, test_reassembly_says_time_exceeded_when_the_first_came);
    tcase_add_test(tc, test_reassembly_without_buffers_refuses);
    tcase_add_test(tc, test_reassembly_ends_with_the_address);
    tcase_add_test(tc, test_reassembly_of_another_link_goes_on);
    tcase_add_test(tc, test_reassembly_lends_until_the_turn_ends);
    tcase_add_test(tc, test_reassembly_takes_no_buffer_that_is_lent);
    tcase_add_test(tc, test_reassembly_counts_only_what_is_under_way);
    tcase_add_test(tc, test_reassembly_compares_fragments_of_many_spans);
    tcase_add_test(tc, hostile_net_18_reassembly_past_65535);
    tcase_add_test(tc, hostile_net_19_overlapping_fragments);
    tcase_add_test(tc, hostile_net_19_fragments_that_disagree_about_the_end);
    tcase_add_test(tc, hostile_net_20_a_fragment_past_the_buffer);
    tcase_add_test(tc, hostile_net_20_lengths_no_fragment_has);
    tcase_add_test(tc, hostile_net_20_more_ranges_than_are_kept);
    tcase_add_test(tc, hostile_net_21_the_dead_give_way_first);
    tcase_add_test(tc, hostile_net_21_a_flood_of_half_datagrams);
    tcase_add_test(tc, hostile_net_21_one_source_holds_half_of_the_buffers);
    tcase_add_test(tc, hostile_net_24_fragmented_ip_in_ip);
    tcase_add_test(tc, test_reassembly_rejects_every_cut_in_its_fragments);
    suite_add_tcase(suite, tc);
    return suite;
}
