/* SPDX-License-Identifier: ISC */
/*
 * IPv6's core on the whole stack: what is taken and what is dropped, echoes,
 * errors both ways, fragments, source addresses.
 */
#include "net6_fixture.h"
#include "suites.h"

static uint8_t frame[PACKET_CAP];
static const char us[] = "2001:db8::1", peer[] = "2001:db8::2";

/* A packet of the peer's on link 0: next header and payload as given. */
static size_t packet(const char *src, const char *dst, uint8_t next, const uint8_t *payload,
                     size_t len)
{
    struct net6_from from = { .src = src, .dst = dst, .hop_limit = 64 };
    size_t n = net6_frame(frame, &from, payload, len);
    memcpy(frame + PACKET_ETH + 40, payload, len);
    frame[PACKET_ETH + 6] = next;
    return n;
}

static void in(struct net6_fixture *f, size_t len)
{
    uint64_t next_ns = fake_link_input(&f->wire, frame, len, f->now_ns);
    while (next_ns <= f->now_ns)
        next_ns = tern_net_poll(&f->net, f->now_ns);
}

static void echo_in(struct net6_fixture *f, const char *src, const char *dst, size_t len)
{
    static uint8_t msg[9000];
    struct net6_from from = { .src = src, .dst = dst, .hop_limit = 64 };
    memset(msg, 0, sizeof msg);
    msg[0] = 128;
    for (size_t i = 8; i < len; i++)
        msg[i] = (uint8_t)i;
    net6_in(f, &from, msg, len);
}

/* One whose peer's MAC is known; nothing is on the wire. */
static struct net6_fixture *met(void)
{
    static struct net6_msg m;
    struct net6_fixture *f = net6_fixture();
    net6_ns(&m, us);
    net6_mac(&m, 1, packet_mac_peer);
    net6_say(f, peer, "ff02::1:ff00:1", &m);
    fake_link_clear(&f->wire);
    memset(&f->ipv6.stats, 0, sizeof f->ipv6.stats);
    return f;
}

/* Every packet is delivered or in exactly one other counter. */
static uint64_t dropped(const struct tern_ipv6_stats *s)
{
    const struct tern_ip_stats *ip = &s->ip;
    return s->in_short + s->in_bad_version + s->in_bad_payload_len + s->in_jumbo +
           s->in_long_chain + s->in_bad_hdr + s->in_bad_option + s->in_bad_routing +
           s->in_bad_fragment + s->in_cut_chain + s->in_bad_next + s->in_no_next +
           s->in_bad_source + s->in_mapped + s->in_not_ours + s->in_wrong_link +
           s->in_tentative + s->in_link_group + s->in_unknown_protocol + ip->frag_in +
           ip->frag_bad_offset + ip->frag_bad_len + ip->frag_overlap + ip->frag_duplicate +
           ip->frag_too_large + ip->frag_no_buffer + ip->frag_too_many + ip->frag_dead;
}

static void account(const struct net6_fixture *f)
{
    const struct tern_ipv6_stats *s = &f->ipv6.stats;
    ck_assert_uint_eq(s->in_packets + s->ip.frag_reassembled, s->in_delivered + dropped(s));
}

/* ---- Who is it for, who is it from ----------------------------------------- */

START_TEST(test_ipv6_echo_is_answered_from_the_address_that_was_asked)
{
    struct net6_fixture *f = met();
    echo_in(f, peer, us, 64);
    struct net6_heard h = net6_hear(f);
    struct tern_addr from = addr6(us), to = addr6(peer);
    ck_assert_uint_eq(h.type, ICMP6_ECHO_REPLY);
    ck_assert(tern_addr_equal(&h.src, &from) && tern_addr_equal(&h.dst, &to));
    ck_assert_uint_eq(h.hop_limit, 64);
    ck_assert_uint_eq(f->ipv6.stats.icmp_echo_replies, 1);
    account(f);
}
END_TEST

START_TEST(test_ipv6_echo_to_all_nodes_is_answered_from_an_address_of_ours)
{
    struct net6_fixture *f = met();
    echo_in(f, peer, "ff02::1", 20);
    struct net6_heard h = net6_hear(f);
    struct tern_addr from = addr6(us);
    ck_assert_uint_eq(h.type, ICMP6_ECHO_REPLY);
    ck_assert(tern_addr_equal(&h.src, &from));
}
END_TEST

START_TEST(hostile_net_30_echo_shorter_than_its_header)
{
    struct net6_fixture *f = met();
    for (size_t len = 4; len < 8; len++)
        echo_in(f, peer, us, len);
    ck_assert_uint_eq(f->ipv6.stats.icmp_short, 4);
    ck_assert_uint_eq(f->ipv6.stats.icmp_in, 4);
    ck_assert(net6_quiet(f));
    echo_in(f, peer, us, 8);
    ck_assert_uint_eq(net6_hear(f).type, ICMP6_ECHO_REPLY);
    account(f);
}
END_TEST

static const struct {
    const char *src, *dst;
    size_t counter;    /* of struct tern_ipv6_stats */
} bad_addresses[] = {
    { "::", "2001:db8::1", offsetof(struct tern_ipv6_stats, in_bad_source) },
    { "::1", "2001:db8::1", offsetof(struct tern_ipv6_stats, in_bad_source) },
    { "ff02::2", "2001:db8::1", offsetof(struct tern_ipv6_stats, in_bad_source) },
    { "2001:db8::1", "2001:db8::1", offsetof(struct tern_ipv6_stats, in_bad_source) },
    { "2001:db8:1::1", "2001:db8::1", offsetof(struct tern_ipv6_stats, in_bad_source) },
    { "::ffff:10.0.0.1", "2001:db8::1", offsetof(struct tern_ipv6_stats, in_mapped) },
    { "2001:db8::2", "::ffff:10.0.0.1", offsetof(struct tern_ipv6_stats, in_mapped) },
    { "2001:db8::2", "2001:db8::3", offsetof(struct tern_ipv6_stats, in_not_ours) },
    { "2001:db8::2", "::1", offsetof(struct tern_ipv6_stats, in_not_ours) },
    { "2001:db8::2", "ff02::1234", offsetof(struct tern_ipv6_stats, in_not_ours) },
    { "2001:db8::2", "2001:db8:1::1", offsetof(struct tern_ipv6_stats, in_wrong_link) },
};

START_TEST(hostile_net_54_ipv6_addresses_that_no_packet_may_have)
{
    struct net6_fixture *f = met();
    static const uint8_t udp[12] = { 0, 9, 0, 9, 0, 12 };
    in(f, packet(bad_addresses[_i].src, bad_addresses[_i].dst, 17, udp, sizeof udp));
    const uint8_t *stats = (const uint8_t *)&f->ipv6.stats;
    uint64_t n;
    memcpy(&n, stats + bad_addresses[_i].counter, sizeof n);
    ck_assert_uint_eq(n, 1);
    ck_assert(net6_quiet(f));
    account(f);
}
END_TEST

/* Where no pair of addresses has been found good yet, none is: also not that of zeros. */
START_TEST(hostile_net_54_ipv6_packet_from_nobody_to_nobody)
{
    static const uint8_t udp[12] = { 0, 9, 0, 9, 0, 12 };
    struct net6_fixture *f = _i == 0 ? net6_fixture_bare() : met();
    struct tern_addr a = addr6("2001:db8::9");
    struct tern_ipv6_address other = { .addr = a, .prefix_len = 64 };
    if (_i == 2) {    /* the good pair is forgotten */
        f->ipv6.config.no_dad = true;
        ck_assert_int_eq(tern_ipv6_set(&f->net, 0, &other), TERN_OK);
        memset(&f->ipv6.stats, 0, sizeof f->ipv6.stats);
    }
    in(f, packet("::", "::", 17, udp, sizeof udp));
    ck_assert_uint_eq(f->ipv6.stats.in_bad_source, 1);
    ck_assert_uint_eq(f->ipv6.stats.in_delivered, 0);
    account(f);
}
END_TEST

/* RFC 4862 section 5.4: nobody can send to it before, but who listens need not wait. */
START_TEST(test_ipv6_listeners_do_not_wait_for_an_address)
{
    struct net6_fixture *f = net6_fixture_bare();
    struct tern_ipv6_address own = { .addr = addr6("2001:db8::7"), .prefix_len = 64 };
    struct tern_endpoint_addr local = { .addr = own.addr, .port = 7 };
    struct tern_endpoint *ep;
    ck_assert_int_eq(tern_udp_open(&f->net, &local, NULL, NULL, &ep), TERN_INVALID);
    ck_assert_int_eq(tern_ipv6_set(&f->net, 0, &own), TERN_OK);
    ck_assert_uint_eq(net6_state(f, &own.addr), TERN_IPV6_TENTATIVE);
    local.link = 2;
    ck_assert_int_eq(tern_udp_open(&f->net, &local, NULL, NULL, &ep), TERN_INVALID);
    local.link = 1;
    ck_assert_int_eq(tern_udp_open(&f->net, &local, NULL, NULL, &ep), TERN_OK);
}
END_TEST

START_TEST(test_ipv6_address_of_one_host_in_a_frame_for_many_is_dropped)
{
    struct net6_fixture *f = met();
    static const uint8_t udp[12] = { 0, 9, 0, 9, 0, 12 };
    size_t len = packet(peer, us, 17, udp, sizeof udp);
    memcpy(frame, packet_mac_broadcast, 6);
    in(f, len);
    ck_assert_uint_eq(f->ipv6.stats.in_link_group, 1);
    account(f);
}
END_TEST

/* A train of packets takes the short way; each that differs is looked at again. */
START_TEST(test_ipv6_good_pair_is_forgotten_with_the_address)
{
    struct net6_fixture *f = met();
    struct tern_addr a = addr6(us);
    for (int i = 0; i < 3; i++)
        echo_in(f, peer, us, 16);
    ck_assert_uint_eq(f->ipv6.stats.icmp_echo_in, 3);
    ck_assert_int_eq(tern_ipv6_clear(&f->net, 0, &a), TERN_OK);
    echo_in(f, peer, us, 16);
    ck_assert_uint_eq(f->ipv6.stats.in_not_ours, 1);
    account(f);
}
END_TEST

/* ---- Errors ------------------------------------------------------------------ */

START_TEST(test_ipv6_port_without_endpoint_is_unreachable)
{
    struct net6_fixture *f = met();
    uint8_t udp[12] = { 0x12, 0x34, 0, 9, 0, 12 };
    size_t len = packet(peer, us, 17, udp, sizeof udp);
    uint8_t *hdr = frame + PACKET_ETH;
    uint32_t sum = tern_ipv6_pseudo_sum(hdr + 8, hdr + 24, 12, 17);
    tern_store_be16(hdr + 46, tern_checksum_finish(
                                  tern_checksum_portable.add(sum, hdr + 40, 12)));
    in(f, len);
    struct net6_heard h = net6_hear(f);
    ck_assert_uint_eq(h.type, ICMP6_UNREACHABLE);
    ck_assert_uint_eq(f->ipv6.stats.icmp_errors_out, 1);
    account(f);
}
END_TEST

START_TEST(test_ipv6_udp_without_checksum_is_dropped)
{
    struct net6_fixture *f = met();
    static const uint8_t udp[12] = { 0x12, 0x34, 0, 9, 0, 12 };
    in(f, packet(peer, us, 17, udp, sizeof udp));
    ck_assert_uint_eq(f->udp.stats.in_bad_checksum, 1);
    ck_assert(net6_quiet(f));
}
END_TEST

/* RFC 4443 section 3.4: code 1, at the field that names the protocol; bounded a destination. */
START_TEST(test_ipv6_unknown_protocol_is_answered_and_not_too_often)
{
    struct net6_fixture *f = met();
    static const uint8_t octets[16] = { 0 };
    size_t n = 0;
    for (int i = 0; i < 100; i++)
        in(f, packet(peer, us, 99, octets, sizeof octets));
    const struct fake_frame *sent;
    while ((sent = fake_link_take(&f->wire)) != NULL) {
        const uint8_t *msg = sent->data + PACKET_ETH + 40;
        ck_assert_uint_eq(msg[0], ICMP6_PARAMETER);
        ck_assert_uint_eq(msg[1], 1);
        ck_assert_uint_eq(tern_load_be32(msg + 4), IPV6_NEXT);
        n++;
    }
    ck_assert(n >= 4 && n <= 6);
    ck_assert_uint_eq(n + f->ipv6.stats.ip.icmp_rate_limited, 100);
    account(f);
}
END_TEST

START_TEST(test_ipv6_nothing_is_said_about_what_a_group_got)
{
    struct net6_fixture *f = met();
    static const uint8_t octets[16] = { 0 };
    in(f, packet(peer, "ff02::1", 99, octets, sizeof octets));
    ck_assert_uint_eq(f->ipv6.stats.in_bad_next, 1);
    ck_assert_uint_eq(f->ipv6.stats.icmp_errors_out, 0);
    ck_assert(net6_quiet(f));
    account(f);
}
END_TEST

/* ---- Fragments ------------------------------------------------------------------ */

/* A fragment of the echo request that stands in msg. */
static void fragment(struct net6_fixture *f, uint32_t id, const uint8_t *msg, size_t off,
                     size_t len, bool more)
{
    static uint8_t piece[9100];
    tern_ipv6_fragment_emit(piece, 58, (uint16_t)off, more, id);
    memcpy(piece + 8, msg + off, len);
    in(f, packet(peer, us, 44, piece, len + 8));
}

static uint8_t whole[4000];

static void whole_make(void)
{
    struct net6_from from = { .src = peer, .dst = us };
    memset(whole, 0, sizeof whole);
    whole[0] = 128;
    for (size_t i = 8; i < sizeof whole; i++)
        whole[i] = (uint8_t)(i * 7);
    (void)net6_frame(frame, &from, whole, sizeof whole);
    memcpy(whole, frame + PACKET_ETH + 40, sizeof whole);    /* with its checksum */
}

START_TEST(test_ipv6_fragments_in_any_order_become_a_packet)
{
    struct net6_fixture *f = met();
    whole_make();
    fragment(f, 5, whole, 2400, 1600, false);
    fragment(f, 5, whole, 0, 1200, true);
    ck_assert(net6_quiet(f));
    fragment(f, 5, whole, 1200, 1200, true);
    ck_assert_uint_eq(f->ipv6.stats.ip.frag_reassembled, 1);
    ck_assert_uint_eq(f->ipv6.stats.icmp_echo_in, 1);
    ck_assert_uint_eq(f->ipv6.stats.icmp_echo_replies, 1);
    ck_assert_uint_eq(f->ipv6.stats.ip.out_fragments, 3);    /* the answer is cut too */
    account(f);
}
END_TEST

START_TEST(hostile_net_19_ipv6_overlap_ends_the_datagram)
{
    struct net6_fixture *f = met();
    whole_make();
    fragment(f, 6, whole, 0, 1200, true);
    whole[1199] ^= 1;
    fragment(f, 6, whole, 1192, 1200, true);
    ck_assert_uint_eq(f->ipv6.stats.ip.frag_overlap, 1);
    fragment(f, 6, whole, 2392, 1608, false);
    ck_assert_uint_eq(f->ipv6.stats.ip.frag_dead, 1);
    ck_assert_uint_eq(f->ipv6.stats.ip.frag_reassembled, 0);
    account(f);
}
END_TEST

START_TEST(test_ipv6_atomic_fragment_is_a_packet_whatever_else_has_its_id)
{
    struct net6_fixture *f = met();
    whole_make();
    fragment(f, 7, whole, 0, 1200, true);
    uint8_t small[16] = { 128 };
    struct net6_from from = { .src = peer, .dst = us };
    (void)net6_frame(frame, &from, small, sizeof small);
    memcpy(small, frame + PACKET_ETH + 40, sizeof small);
    fragment(f, 7, small, 0, sizeof small, false);
    ck_assert_uint_eq(f->ipv6.stats.icmp_echo_in, 1);
    ck_assert_uint_eq(f->ipv6.stats.ip.frag_in, 1);
    account(f);
}
END_TEST

/* RFC 8200 section 4.5: after 60 s, with the first fragment as quote; without it, silence. */
START_TEST(test_ipv6_fragments_that_stay_alone_time_out)
{
    struct net6_fixture *f = met();
    whole_make();
    fragment(f, 8, whole, _i == 0 ? 0 : 1200, 1200, true);
    net6_pass(f, 61 * TERN_SECOND_NS);
    ck_assert_uint_eq(f->ipv6.stats.ip.frag_timed_out, 1);
    ck_assert_uint_eq(f->ipv6.stats.icmp_errors_out, _i == 0);
}
END_TEST

/* What stands before a fragment is kept with it, 240 octets at most. */
START_TEST(hostile_net_22_ipv6_headers_before_a_fragment_that_are_too_long)
{
    struct net6_fixture *f = met();
    static uint8_t octets[208 + 8 + 64];
    for (unsigned len = 176; len <= 208; len += 32) {    /* 40 + len + 8: 224, 256 */
        memset(octets, 0, sizeof octets);
        octets[0] = 44;
        octets[1] = (uint8_t)(len / 8 - 1);
        octets[2] = 0x1e;    /* an option to be skipped */
        octets[3] = (uint8_t)(len - 4);
        tern_ipv6_fragment_emit(octets + len, 58, 8, true, len);
        in(f, packet(peer, us, 60, octets, len + 8 + 64));
        ck_assert_uint_eq(f->ipv6.stats.in_long_chain, len == 208);
        ck_assert_uint_eq(f->ipv6.stats.ip.frag_in, 1);
    }
    account(f);
}
END_TEST

START_TEST(test_ipv6_part_refuses_tables_that_cannot_be)
{
    struct net6_fixture *f = net6_fixture_bare();
    static struct tern_ipv6 other;
    struct tern_net_config config = {
        .turn = &f->turn, .drbg = &f->drbg, .blocks = &f->blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv6, &other }, { NULL, NULL } } };
    static struct tern_net net;
    other.config = (struct tern_ipv6_config){ .neighbours = f->neighbours, .n_neighbours = 7 };
    ck_assert_int_eq(tern_net_init(&net, &config), TERN_INVALID);
}
END_TEST

START_TEST(test_ipv6_groups_alone_are_joined_and_on_a_link_that_is)
{
    static const struct tern_endpoint_events ignoring = { .room = NULL };
    struct net6_fixture *f = met();
    struct tern_endpoint_addr local = { .port = 7 };
    struct tern_endpoint *ep;
    struct tern_addr to = addr6("ff15::1"), host = addr6(peer);
    ck_assert_int_eq(tern_udp_open(&f->net, &local, &ignoring, NULL, &ep), TERN_OK);
    ck_assert_int_eq(tern_endpoint_join(ep, &host, 1, false), TERN_INVALID);
    ck_assert_int_eq(tern_endpoint_join(ep, &to, 3, false), TERN_INVALID);
    ck_assert_int_eq(tern_endpoint_join(ep, &to, 2, false), TERN_OK);
    ck_assert(tern_ipv6_has_group(&f->ipv6, 1, &to) && !tern_ipv6_has_group(&f->ipv6, 0, &to));
    tern_endpoint_close(ep);
}
END_TEST

/* ---- Source addresses (RFC 6724 section 10.1, where hosts of one link can tell) ---- */

static const struct {
    const char *ours[3], *dst, *chosen;
} choices[] = {
    { { "2001:db8:1::1/64", "fd00::1/64" }, "2001:db8:2::1", "2001:db8:1::1" },
    { { "2001:db8:1::1/64", "fd00::1/64" }, "fd00:1::1", "fd00::1" },
    { { "2001:db8:1::1/64", "2001:db8:3::1/64" }, "2001:db8:3::9", "2001:db8:3::1" },
    { { "2002:c633:6401::1/64", "2001:db8:1::1/64" }, "2002:c633:6402::1", "2002:c633:6401::1" },
    { { "2002:c633:6401::1/64", "2001:db8:1::1/64" }, "2001:db8:9::1", "2001:db8:1::1" },
};

START_TEST(test_ipv6_source_is_chosen_by_scope_label_and_prefix)
{
    struct net6_fixture *f = net6_fixture_bare();
    struct tern_addr dst = addr6(choices[_i].dst), src, chosen = addr6(choices[_i].chosen);
    f->ipv6.config.no_dad = true;
    for (size_t i = 0; choices[_i].ours[i] != NULL; i++) {
        struct tern_ipv6_address a = { .gateway = addr6("fe80::fe") };
        ck_assert_int_eq(tern_prefix_parse(choices[_i].ours[i], strlen(choices[_i].ours[i]),
                                           &a.addr, &a.prefix_len), TERN_OK);
        ck_assert_int_eq(tern_ipv6_set(&f->net, 0, &a), TERN_OK);
    }
    net6_pass(f, 3 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_ipv6_source(&f->net, &f->ipv6, &dst, 0, &src), TERN_OK);
    ck_assert(tern_addr_equal(&src, &chosen));
}
END_TEST

START_TEST(test_ipv6_source_for_a_link_local_peer_is_link_local)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr dst = addr6("fe80::2"), src, own = net6_own(f, TERN_IPV6_LINK_LOCAL);
    ck_assert_int_eq(tern_ipv6_source(&f->net, &f->ipv6, &dst, 1, &src), TERN_OK);
    ck_assert(tern_addr_equal(&src, &own));
}
END_TEST

/* ---- The path's MTU ------------------------------------------------------------- */

START_TEST(hostile_net_15_packet_too_big_below_1280_changes_nothing)
{
    struct net6_fixture *f = met();
    struct tern_addr dst = addr6(peer);
    tern_ipv6_set_mtu(&f->net, &f->ipv6, &dst, 1279);
    ck_assert_uint_eq(f->ipv6.stats.ip.pmtu_refused, 1);
    ck_assert_uint_eq(tern_ipv6_mtu(&f->net, &f->ipv6, &dst, &dst), 1500);
    tern_ipv6_set_mtu(&f->net, &f->ipv6, &dst, 1280);
    ck_assert_uint_eq(tern_ipv6_mtu(&f->net, &f->ipv6, &dst, &dst), 1280);
    tern_ipv6_set_mtu(&f->net, &f->ipv6, &dst, 1400);    /* never up */
    ck_assert_uint_eq(tern_ipv6_mtu(&f->net, &f->ipv6, &dst, &dst), 1280);
    net6_leap(f, 601 * TERN_SECOND_NS);
    ck_assert_uint_eq(tern_ipv6_mtu(&f->net, &f->ipv6, &dst, &dst), 1500);
}
END_TEST

/* ---- Strong hosts -------------------------------------------------------- */

static enum tern_err send_from(struct net6_fixture *f, const char *from, const char *to)
{
    struct tern_addr src = addr6(from), dst = addr6(to);
    struct tern_net_path path = { 0 };
    struct tern_net_out out = { .src = &src, .dst = &dst, .path = &path, .protocol = 99,
                                .transport = 0xff };
    enum tern_err err = tern_ip_send(&f->ipv6.ip, &out, packet_mac_us, 6);
    net6_pass(f, 1);
    return err;
}

START_TEST(test_ipv6_leaves_by_the_link_of_its_source)
{
    struct net6_fixture *f = net6_fixture();
    struct tern_addr far = addr6("2001:db8:9::9"), mine = addr6("2001:db8::1"),
                     other = addr6("2001:db8:1::1");
    struct tern_route by_1 = { .prefix = addr6("2001:db8:9::"), .prefix_len = 48,
                               .gateway = addr6("fe80::77"), .link = 1,
                               .expires_ns = TERN_NEVER };
    /* Link 1 has no router: nothing leaves by another in its stead. */
    ck_assert_int_eq(send_from(f, "2001:db8:1::1", "2001:db8:9::9"), TERN_UNREACHABLE);
    ck_assert_uint_eq(f->ipv6.stats.ip.out_no_route, 1);
    ck_assert_uint_eq(f->wire.n_sent + f->wire_1.n_sent, f->wire.n_taken + f->wire_1.n_taken);
    ck_assert_int_eq(tern_net_route_set(&f->net, &by_1), TERN_OK);
    f->wire_1.link.mtu = 1280;
    ck_assert_uint_eq(tern_ipv6_mtu(&f->net, &f->ipv6, &far, &far), 1280);
    ck_assert_uint_eq(tern_ipv6_mtu(&f->net, &f->ipv6, &other, &far), 1280);
    ck_assert_uint_eq(tern_ipv6_mtu(&f->net, &f->ipv6, &mine, &far), 1500);
    /* Each asks for the gateway of its own link. */
    fake_link_clear(&f->wire_1);
    ck_assert_int_eq(send_from(f, "2001:db8::1", "2001:db8:9::9"), TERN_OK);
    struct tern_addr target = addr6("fe80::fe");
    struct net6_heard heard = net6_hear(f);
    ck_assert(tern_addr_equal(&heard.target, &target));
    ck_assert_ptr_null(fake_link_take(&f->wire_1));
    ck_assert_int_eq(send_from(f, "2001:db8:1::1", "2001:db8:9::9"), TERN_OK);
    const struct fake_frame *asked = fake_link_take(&f->wire_1);
    ck_assert_ptr_nonnull(asked);
    ck_assert_mem_eq(asked->data + PACKET_ETH + 48, by_1.gateway.octets, 16);
    ck_assert(net6_quiet(f));
}
END_TEST

/* A router's word about the echo reply of 1,400 octets that we sent: mtu fits. */
static void too_big_in(struct net6_fixture *f, uint32_t mtu)
{
    static uint8_t msg[8 + 40 + 64];
    struct net6_from from = { .src = "2001:db8::fe", .dst = us, .hop_limit = 64 };
    struct tern_addr src = addr6(us), dst = addr6(peer);
    struct tern_ipv6_hdr hdr = { .src = src.octets, .dst = dst.octets, .next = 58,
                                 .hop_limit = 60 };
    memset(msg, 0, sizeof msg);
    tern_icmp6_hdr_emit(msg, ICMP6_TOO_BIG, 0, mtu);
    tern_ipv6_hdr_emit(msg + 8, &hdr);
    tern_store_be16(msg + 8 + 4, 1400);
    msg[48] = ICMP6_ECHO_REPLY;
    net6_in(f, &from, msg, sizeof msg);
}

/* RFC 8201 section 4; what nobody can vouch for shortens nothing else (RFC 5927 section 2.1). */
START_TEST(test_ipv6_packet_too_big_of_an_echo_reply_counts_for_echo_replies_alone)
{
    struct net6_fixture *f = met();
    struct tern_addr dst = addr6(peer);
    echo_in(f, peer, us, 1400);
    ck_assert_uint_eq(f->ipv6.stats.ip.out_fragments, 0);
    too_big_in(f, 1279);
    ck_assert_uint_eq(f->ipv6.stats.ip.pmtu_refused, 1);
    echo_in(f, peer, us, 1400);
    ck_assert_uint_eq(f->ipv6.stats.ip.out_fragments, 0);
    too_big_in(f, 1300);
    too_big_in(f, 1400);    /* never up */
    ck_assert_uint_eq(f->ipv6.stats.icmp_errors_in, 3);
    ck_assert_uint_eq(f->ipv6.stats.ip.pmtu_lowered, 1);
    echo_in(f, peer, us, 1400);
    ck_assert_uint_eq(f->ipv6.stats.ip.out_fragments, 2);
    ck_assert_uint_eq(f->ipv6.stats.icmp_echo_replies, 3);
    ck_assert_uint_eq(tern_ipv6_mtu(&f->net, &f->ipv6, &dst, &dst), 1500);
    net6_leap(f, 601 * TERN_SECOND_NS);
    ck_assert_uint_eq(tern_ip_pmtu(&f->ipv6.ip, &dst, 1500, true), 1500);
}
END_TEST

Suite *ipv6_suite(void)
{
    Suite *suite = suite_create("ipv6");
    TCase *t = tcase_create("core");
    tcase_add_test(t, test_ipv6_echo_is_answered_from_the_address_that_was_asked);
    tcase_add_test(t, test_ipv6_echo_to_all_nodes_is_answered_from_an_address_of_ours);
    tcase_add_test(t, hostile_net_30_echo_shorter_than_its_header);
    tcase_add_loop_test(t, hostile_net_54_ipv6_addresses_that_no_packet_may_have, 0,
                        sizeof bad_addresses / sizeof bad_addresses[0]);
    tcase_add_loop_test(t, hostile_net_54_ipv6_packet_from_nobody_to_nobody, 0, 3);
    tcase_add_test(t, test_ipv6_listeners_do_not_wait_for_an_address);
    tcase_add_test(t, test_ipv6_address_of_one_host_in_a_frame_for_many_is_dropped);
    tcase_add_test(t, test_ipv6_good_pair_is_forgotten_with_the_address);
    tcase_add_test(t, test_ipv6_leaves_by_the_link_of_its_source);
    tcase_add_test(t, test_ipv6_port_without_endpoint_is_unreachable);
    tcase_add_test(t, test_ipv6_udp_without_checksum_is_dropped);
    tcase_add_test(t, test_ipv6_unknown_protocol_is_answered_and_not_too_often);
    tcase_add_test(t, test_ipv6_nothing_is_said_about_what_a_group_got);
    tcase_add_test(t, test_ipv6_fragments_in_any_order_become_a_packet);
    tcase_add_test(t, hostile_net_19_ipv6_overlap_ends_the_datagram);
    tcase_add_test(t, hostile_net_22_ipv6_headers_before_a_fragment_that_are_too_long);
    tcase_add_test(t, test_ipv6_part_refuses_tables_that_cannot_be);
    tcase_add_test(t, test_ipv6_groups_alone_are_joined_and_on_a_link_that_is);
    tcase_add_test(t, test_ipv6_atomic_fragment_is_a_packet_whatever_else_has_its_id);
    tcase_add_loop_test(t, test_ipv6_fragments_that_stay_alone_time_out, 0, 2);
    tcase_add_loop_test(t, test_ipv6_source_is_chosen_by_scope_label_and_prefix, 0,
                        sizeof choices / sizeof choices[0]);
    tcase_add_test(t, test_ipv6_source_for_a_link_local_peer_is_link_local);
    tcase_add_test(t, hostile_net_15_packet_too_big_below_1280_changes_nothing);
    tcase_add_test(t, test_ipv6_packet_too_big_of_an_echo_reply_counts_for_echo_replies_alone);
    suite_add_tcase(suite, t);
    return suite;
}
