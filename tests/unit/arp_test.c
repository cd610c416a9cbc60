/* SPDX-License-Identifier: ISC */
/*
 * ARP: its packets, and who is believed.
 */
#include "arp_frames.h"
#include "libnet/ipv4_internal.h"
#include "suites.h"

#include <string.h>

static const uint8_t none[6];
static uint8_t frame[PACKET_CAP];

#define ARP_OFF PACKET_ETH

static size_t reply_from(const uint8_t mac[6], uint32_t addr)
{
    return packet_arp(frame, packet_mac_us, 2, mac, addr, packet_mac_us, US);
}

static const struct tern_neighbour *entry(struct net_fixture *f, uint32_t addr)
{
    struct tern_addr a = tern_addr_v4(addr);
    return tern_neigh_find(&f->ipv4.ip, 0, &a);
}

/* Sends an echo request from addr, whose answer needs its MAC. */
static void ping_from(struct net_fixture *f, uint32_t addr)
{
    struct packet_ip4 ip = { .src = addr, .dst = US };
    uint8_t data[4] = { 0 };
    net_fixture_in(f, frame, packet_icmp(frame, &ip, 8, 0, 1, data, 4));
}

/* ---- The wire ----------------------------------------------------------- */

START_TEST(test_arp_reads_what_it_writes)
{
    struct tern_arp_packet a = { .op = 2, .sender = 0x01020304, .target = 0x05060708 }, b;
    uint8_t data[ARP_LEN];
    memcpy(a.sender_mac, packet_mac_peer, 6);
    memcpy(a.target_mac, packet_mac_us, 6);
    tern_arp_emit(data, &a);
    ck_assert_int_eq(tern_arp_parse(data, sizeof data, &b), TERN_OK);
    ck_assert_uint_eq(b.op, 2);
    ck_assert_uint_eq(b.sender, 0x01020304);
    ck_assert_uint_eq(b.target, 0x05060708);
    ck_assert_mem_eq(b.sender_mac, packet_mac_peer, 6);
    ck_assert_mem_eq(b.target_mac, packet_mac_us, 6);
}
END_TEST

START_TEST(test_arp_rejects_every_truncation)
{
    struct tern_arp_packet a = { .op = 1, .sender = PEER, .target = US }, b;
    uint8_t data[ARP_LEN];
    memcpy(a.sender_mac, packet_mac_peer, 6);
    tern_arp_emit(data, &a);
    for (size_t len = 0; len < ARP_LEN; len++)
        ck_assert_int_eq(tern_arp_parse(data, len, &b), TERN_TRUNCATED);
}
END_TEST

START_TEST(test_arp_rejects_wrong_fields)
{
    static const struct {
        size_t off;
        uint8_t value;
        enum tern_err err;
        const char *why;
    } cases[] = {
        { 0, 1, TERN_UNSUPPORTED, "hardware 0x101" },
        { 1, 6, TERN_UNSUPPORTED, "IEEE 802 hardware" },
        { 2, 0x86, TERN_UNSUPPORTED, "another protocol" },
        { 3, 1, TERN_UNSUPPORTED, "another protocol" },
        { 4, 0, TERN_MALFORMED, "hlen 0" },
        { 4, 5, TERN_MALFORMED, "hlen one below" },
        { 4, 7, TERN_MALFORMED, "hlen one above" },
        { 4, 255, TERN_MALFORMED, "hlen past the packet" },
        { 5, 0, TERN_MALFORMED, "plen 0" },
        { 5, 3, TERN_MALFORMED, "plen one below" },
        { 5, 5, TERN_MALFORMED, "plen one above" },
        { 5, 16, TERN_MALFORMED, "plen of IPv6" },
        { 7, 0, TERN_UNSUPPORTED, "no operation" },
        { 7, 3, TERN_UNSUPPORTED, "RARP request" },
        { 7, 4, TERN_UNSUPPORTED, "RARP reply" },
        { 8, 3, TERN_MALFORMED, "a group's MAC" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tern_arp_packet a = { .op = 1, .sender = PEER, .target = US }, b;
        uint8_t data[ARP_LEN];
        memcpy(a.sender_mac, packet_mac_peer, 6);
        tern_arp_emit(data, &a);
        data[cases[i].off] = cases[i].value;
        ck_assert_msg(tern_arp_parse(data, sizeof data, &b) == cases[i].err, "%s", cases[i].why);
    }
    struct tern_arp_packet a = { .op = 1 }, b;
    uint8_t data[ARP_LEN];
    tern_arp_emit(data, &a);    /* a sender's MAC of zero */
    ck_assert_int_eq(tern_arp_parse(data, sizeof data, &b), TERN_MALFORMED);
}
END_TEST

/* Wrong address lengths or a truncated packet (CVE-2018-16600, CVE-2020-11914). */
START_TEST(hostile_net_9_arp_with_wrong_lengths_or_truncated)
{
    struct net_fixture *f = net_fixture();
    uint64_t bad = 0;
    for (size_t cut = 0; cut < ARP_LEN; cut++) {
        size_t len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, PEER, none, US);
        net_fixture_in(f, frame, len - ARP_LEN + cut);
        ck_assert_uint_eq(f->ipv4.stats.arp_bad, ++bad);
    }
    static const uint8_t lens[] = { 0, 1, 5, 7, 16, 255 };
    for (size_t i = 0; i < sizeof lens; i++) {
        size_t len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, PEER, none, US);
        frame[ARP_OFF + 4] = lens[i];
        net_fixture_in(f, frame, len);
        len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, PEER, none, US);
        frame[ARP_OFF + 5] = lens[i];
        net_fixture_in(f, frame, len);
        bad += 2;
    }
    ck_assert_uint_eq(f->ipv4.stats.arp_bad, bad);
    ck_assert_uint_eq(f->ipv4.stats.arp_in, bad);
    ck_assert(net_fixture_quiet(f));
    ck_assert_ptr_null(entry(f, PEER));
}
END_TEST

/* ---- Answering and asking ----------------------------------------------- */

START_TEST(test_arp_answers_for_our_address_only)
{
    struct net_fixture *f = net_fixture();
    size_t len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, PEER, none, US);
    net_fixture_in(f, frame, len);
    ck_assert(is_arp(net_fixture_sent(f), 2, packet_mac_peer, PEER));
    ck_assert_uint_eq(f->ipv4.stats.arp_asked, 1);
    ck_assert_uint_eq(f->ipv4.stats.arp_replies, 1);
    len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, PEER, none, OTHER);
    net_fixture_in(f, frame, len);
    len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, PEER, none, US_1);
    net_fixture_in(f, frame, len);
    ck_assert_uint_eq(f->ipv4.stats.arp_not_ours, 2);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_arp_answers_a_probe_for_our_address)
{
    struct net_fixture *f = net_fixture();
    size_t len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, 0, none, US);
    net_fixture_in(f, frame, len);
    ck_assert(is_arp(net_fixture_sent(f), 2, packet_mac_peer, 0));
    ck_assert_ptr_null(entry(f, 0));
}
END_TEST

START_TEST(test_arp_asks_once_a_second_and_gives_up_after_three)
{
    struct net_fixture *f = net_fixture();
    for (size_t i = 0; i < 10; i++)
        ping_from(f, PEER);
    ck_assert(is_arp(net_fixture_sent(f), 1, packet_mac_broadcast, PEER));
    ck_assert(net_fixture_quiet(f));
    ck_assert_uint_eq(f->ipv4.stats.ip.neigh_rate_limited, 9);
    ck_assert_uint_eq(f->net.n_waiting, 3);    /* of ten, three are held */
    ck_assert_uint_eq(f->ipv4.stats.ip.out_waiting_full, 7);
    net_fixture_pass(f, 990 * TERN_MILLISECOND_NS);
    ck_assert(net_fixture_quiet(f));
    net_fixture_pass(f, 2200 * TERN_MILLISECOND_NS);
    ck_assert(is_arp(net_fixture_sent(f), 1, packet_mac_broadcast, PEER));
    ck_assert(is_arp(net_fixture_sent(f), 1, packet_mac_broadcast, PEER));
    ck_assert(net_fixture_quiet(f));
    ck_assert_uint_eq(f->ipv4.stats.ip.neigh_failed, 1);
    ck_assert_uint_eq(f->ipv4.stats.ip.out_no_neighbour, 3);
    ping_from(f, PEER);    /* within the second: unreachable, and no new question */
    ck_assert(net_fixture_quiet(f));
    ck_assert_uint_eq(f->ipv4.stats.ip.out_no_neighbour, 4);
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    ck_assert_ptr_null(entry(f, PEER));
    ck_assert(net_fixture_idle(f));
}
END_TEST

START_TEST(test_arp_believes_one_that_was_given_up_and_speaks)
{
    struct net_fixture *f = net_fixture();
    ping_from(f, PEER);
    net_fixture_pass(f, 3100 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_FAILED);
    size_t len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, PEER, none, US);
    net_fixture_in(f, frame, len);
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_STALE);
    ck_assert_mem_eq(entry(f, PEER)->mac, packet_mac_peer, 6);
}
END_TEST

START_TEST(test_arp_sends_what_waited_in_order)
{
    struct net_fixture *f = net_fixture();
    struct packet_ip4 ip = { .src = PEER, .dst = US };
    for (uint32_t i = 0; i < 3; i++)
        net_fixture_in(f, frame, packet_icmp(frame, &ip, 8, 0, i, NULL, 0));
    (void)net_fixture_sent(f);
    net_fixture_in(f, frame, reply_from(packet_mac_peer, PEER));
    for (uint32_t i = 0; i < 3; i++) {
        const struct fake_frame *sent = net_fixture_sent(f);
        ck_assert(packet_sums_ok(sent->data, sent->len));
        ck_assert_uint_eq(tern_load_be32(sent->data + 38), i);
        ck_assert_mem_eq(sent->data, packet_mac_peer, 6);
    }
    ck_assert_uint_eq(f->ipv4.stats.arp_learned, 1);
    ck_assert(net_fixture_idle(f));
}
END_TEST

START_TEST(test_arp_held_datagrams_are_bounded_in_all)
{
    struct net_fixture *f = net_fixture();
    f->net.max_waiting = 5;
    for (uint32_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 3; j++)
            ping_from(f, PEER + i);
    ck_assert_uint_eq(f->net.n_waiting, 5);
    ck_assert_uint_eq(f->ipv4.stats.ip.out_waiting_full, 7);
    net_fixture_pass(f, 5 * TERN_SECOND_NS);
    ck_assert(net_fixture_idle(f));
}
END_TEST

/* ---- Does it still live? ------------------------------------------------ */

START_TEST(test_arp_probes_a_quiet_neighbour_to_its_face_then_asks_all)
{
    struct net_fixture *f = net_fixture();
    ping_from(f, PEER);
    (void)net_fixture_sent(f);
    net_fixture_in(f, frame, reply_from(packet_mac_peer, PEER));
    (void)net_fixture_sent(f);
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_REACHABLE);
    net_fixture_pass(f, 31 * TERN_SECOND_NS);
    ping_from(f, PEER);
    (void)net_fixture_sent(f);    /* still sent to the MAC we have */
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_DELAY);
    net_fixture_pass(f, 5100 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_PROBE);
    ck_assert(is_arp(net_fixture_sent(f), 1, packet_mac_peer, PEER));
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    ck_assert(is_arp(net_fixture_sent(f), 1, packet_mac_peer, PEER));
    ck_assert(is_arp(net_fixture_sent(f), 1, packet_mac_peer, PEER));
    ck_assert(is_arp(net_fixture_sent(f), 1, packet_mac_broadcast, PEER));
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_INCOMPLETE);
    /* A new machine has taken over: now it is believed. */
    net_fixture_in(f, frame, reply_from(packet_mac_other, PEER));
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_REACHABLE);
    ck_assert_mem_eq(entry(f, PEER)->mac, packet_mac_other, 6);
}
END_TEST

START_TEST(test_arp_an_answer_to_a_probe_confirms)
{
    struct net_fixture *f = net_fixture();
    net_fixture_meet(f, PEER, packet_mac_peer);
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_STALE);
    ping_from(f, PEER);
    net_fixture_pass(f, 5100 * TERN_MILLISECOND_NS);
    net_fixture_in(f, frame, reply_from(packet_mac_peer, PEER));
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_REACHABLE);
    ck_assert_uint_eq(f->ipv4.stats.arp_learned, 1);
}
END_TEST

START_TEST(test_arp_progress_above_confirms)
{
    struct net_fixture *f = net_fixture();
    const struct tern_net_network_ops *ops = tern_net_network(&f->net, 0);
    net_fixture_meet(f, PEER, packet_mac_peer);
    struct tern_addr us = tern_addr_v4(US), peer = tern_addr_v4(PEER);
    struct tern_net_path path = { 0 };
    struct tern_net_out out = { .src = &us, .dst = &peer, .path = &path, .protocol = 6,
                                .dont_fragment = true };
    ck_assert_int_eq(ops->begin(&f->net, &f->ipv4, &out, 20), TERN_OK);
    ops->commit(&f->net, &f->ipv4, &out, 0);
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_DELAY);
    ops->confirm(&f->net, &f->ipv4, &path);
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_REACHABLE);
    net_fixture_pass(f, 6 * TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));    /* nobody is asked */
    ck_assert_int_eq(ops->begin(&f->net, &f->ipv4, &out, 20), TERN_OK);
    ops->commit(&f->net, &f->ipv4, &out, 0);
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_REACHABLE);
}
END_TEST

START_TEST(test_arp_only_an_answer_that_was_asked_for_confirms)
{
    struct net_fixture *f = net_fixture();
    ping_from(f, PEER);
    (void)net_fixture_sent(f);
    net_fixture_in(f, frame, reply_from(packet_mac_peer, PEER));
    ck_assert_uint_eq(f->ipv4.stats.arp_learned, 1);
    net_fixture_in(f, frame, reply_from(packet_mac_peer, PEER));    /* once more, unasked */
    ck_assert_uint_eq(f->ipv4.stats.arp_learned, 1);
    ck_assert_uint_eq(f->ipv4.stats.arp_unsolicited, 1);
    /* Within a second of its answer nobody casts a doubt on it. */
    fake_link_clear(&f->wire);
    net_fixture_in(f, frame, reply_from(packet_mac_other, PEER));
    ck_assert(net_fixture_quiet(f));
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_REACHABLE);
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    net_fixture_in(f, frame, reply_from(packet_mac_other, PEER));
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_PROBE);
    /* A question is no answer, even from the right MAC. */
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_us, 1, packet_mac_peer, PEER, none, US));
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_PROBE);
    net_fixture_in(f, frame, reply_from(packet_mac_peer, PEER));
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_REACHABLE);
}
END_TEST

/* ---- What nobody asked for ---------------------------------------------- */

/* An unsolicited reply installs an address or evicts a live neighbour (CVE-2019-12262). */
START_TEST(hostile_net_14_unsolicited_arp_installs_nothing)
{
    struct net_fixture *f = net_fixture();
    net_fixture_in(f, frame, reply_from(packet_mac_peer, PEER));
    ck_assert_ptr_null(entry(f, PEER));
    size_t len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, PEER, none, PEER);
    net_fixture_in(f, frame, len);    /* gratuitous */
    ck_assert_ptr_null(entry(f, PEER));
    len = packet_arp(frame, packet_mac_us, 4, packet_mac_peer, PEER, packet_mac_us, US_1);
    net_fixture_in(f, frame, len);    /* RARP's reply */
    tern_store_be16(frame + 12, 0x8035);
    net_fixture_in(f, frame, len);
    ck_assert_uint_eq(f->ipv4.stats.arp_unsolicited, 2);
    ck_assert_uint_eq(f->ipv4.stats.arp_bad, 1);
    ck_assert_uint_eq(f->net.stats.eth_unknown_type, 1);
    ck_assert_uint_eq(f->ipv4.ip.n_free, FIXTURE_NEIGHBOURS);
    ck_assert_uint_eq(f->ipv4.links[0].addr, US);
}
END_TEST

START_TEST(hostile_net_14_unsolicited_arp_overwrites_no_live_peer)
{
    struct net_fixture *f = net_fixture();
    ping_from(f, PEER);
    (void)net_fixture_sent(f);
    net_fixture_in(f, frame, reply_from(packet_mac_peer, PEER));
    fake_link_clear(&f->wire);
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    for (size_t i = 0; i < 10000; i++)
        net_fixture_in(f, frame, reply_from(packet_mac_other, PEER));
    ck_assert_mem_eq(entry(f, PEER)->mac, packet_mac_peer, 6);
    ck_assert_uint_eq(f->ipv4.stats.arp_unsolicited, 10000);
    /* It only made us ask the one we know, to its face, once. */
    ck_assert(is_arp(net_fixture_sent(f), 1, packet_mac_peer, PEER));
    ck_assert(net_fixture_quiet(f));
    ping_from(f, PEER);
    const struct fake_frame *sent = net_fixture_sent(f);
    ck_assert_mem_eq(sent->data, packet_mac_peer, 6);
    net_fixture_in(f, frame, reply_from(packet_mac_peer, PEER));
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_REACHABLE);
    ck_assert_mem_eq(entry(f, PEER)->mac, packet_mac_peer, 6);
}
END_TEST

START_TEST(hostile_net_14_unsolicited_requests_evict_nobody)
{
    struct net_fixture *f = net_fixture();
    net_fixture_meet(f, PEER, packet_mac_peer);
    ping_from(f, PEER);
    for (uint32_t i = 0; i < 10000; i++) {
        uint8_t mac[6] = { 2, 1, 0, 0, (uint8_t)(i >> 8), (uint8_t)i };
        size_t len = packet_arp(frame, packet_mac_broadcast, 1, mac,
                                0x0a000004 + i % 200, none, US);
        net_fixture_in(f, frame, len);
    }
    /* All were answered, a quarter of the cache is still free, the peer is known. */
    ck_assert_uint_eq(f->ipv4.stats.arp_replies, 10001);
    ck_assert_uint_ge(f->ipv4.ip.n_free, FIXTURE_NEIGHBOURS / 4);
    ck_assert_mem_eq(entry(f, PEER)->mac, packet_mac_peer, 6);
}
END_TEST

START_TEST(hostile_net_14_questions_of_ours_evict_no_live_peer)
{
    struct net_fixture *f = net_fixture();
    ping_from(f, PEER);
    net_fixture_in(f, frame, reply_from(packet_mac_peer, PEER));
    /* Pings from addresses that do not exist make us ask for each. */
    for (uint32_t i = 0; i < 10000; i++)
        ping_from(f, 0x0a000004 + i % 240);
    ck_assert_mem_eq(entry(f, PEER)->mac, packet_mac_peer, 6);
    ck_assert_uint_eq(entry(f, PEER)->state, NEIGH_REACHABLE);
    ck_assert_uint_le(f->net.n_waiting, 64);
    fake_link_clear(&f->wire);
    ping_from(f, PEER);
    ck_assert_mem_eq(net_fixture_sent(f)->data, packet_mac_peer, 6);
    net_fixture_pass(f, 10 * TERN_SECOND_NS);
    ck_assert(net_fixture_idle(f));
}
END_TEST

/* Whom we talk to keeps its place; who comes after that has none, and is not reached. */
START_TEST(hostile_net_14_a_cache_of_live_peers_takes_no_more)
{
    struct net_fixture *f = net_fixture();
    for (uint32_t i = 0; i < FIXTURE_NEIGHBOURS; i++) {
        ping_from(f, PEER + i);
        net_fixture_in(f, frame, reply_from(packet_mac_peer, PEER + i));
    }
    ck_assert_uint_eq(f->ipv4.ip.n_free, 0);
    fake_link_clear(&f->wire);
    ping_from(f, PEER + FIXTURE_NEIGHBOURS);
    ck_assert_uint_eq(f->ipv4.stats.ip.neigh_cache_full, 1);
    ck_assert_uint_eq(f->ipv4.stats.ip.out_no_neighbour, 1);
    ck_assert(net_fixture_quiet(f));
    for (uint32_t i = 0; i < FIXTURE_NEIGHBOURS; i++)
        ck_assert_uint_eq(entry(f, PEER + i)->state, NEIGH_REACHABLE);
}
END_TEST

START_TEST(test_arp_takes_no_impossible_sender)
{
    static const uint32_t senders[] = { 0xffffffff, 0xe0000001, 0x7f000001, 0xf0000001, 1 };
    struct net_fixture *f = net_fixture();
    for (size_t i = 0; i < sizeof senders / sizeof senders[0]; i++) {
        size_t len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, senders[i], none,
                                US);
        net_fixture_in(f, frame, len);
        ck_assert_uint_eq(f->ipv4.stats.arp_bad, i + 1);
    }
    ck_assert_uint_eq(f->ipv4.ip.n_free, FIXTURE_NEIGHBOURS);
    /* Our own MAC, in another's frame. */
    size_t len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_us, OTHER, none, PEER);
    memcpy(frame + 6, packet_mac_peer, 6);
    net_fixture_in(f, frame, len);
    ck_assert_uint_eq(f->ipv4.stats.arp_bad, sizeof senders / sizeof senders[0] + 1);
}
END_TEST

START_TEST(test_arp_without_an_address_answers_nobody)
{
    struct net_fixture *f = net_fixture_bare();
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, PEER, none,
                                        0));
    ck_assert_uint_eq(f->ipv4.stats.arp_not_ours, 1);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

/* ---- Links --------------------------------------------------------------- */

START_TEST(test_arp_reply_dropped_when_no_slot_is_free)
{
    struct net_fixture *f = net_fixture();
    f->wire.full = true;
    size_t len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, PEER, none, US);
    net_fixture_in(f, frame, len);
    ck_assert_uint_eq(f->ipv4.stats.arp_full, 1);
    ck_assert_uint_eq(f->ipv4.stats.arp_replies, 0);
    ck_assert_uint_eq(f->net.stats.tx_full, 1);
}
END_TEST

START_TEST(test_arp_forgets_all_when_the_link_goes_down)
{
    struct net_fixture *f = net_fixture();
    net_fixture_meet(f, PEER, packet_mac_peer);
    ping_from(f, OTHER);
    ck_assert_uint_eq(f->net.n_waiting, 1);
    size_t len = packet_arp(frame, packet_mac_broadcast, 1, packet_mac_peer, US_1 + 1, none, US_1);
    (void)fake_link_input(&f->wire_1, frame, len, f->now_ns);
    f->wire.link.up = false;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    ck_assert_uint_eq(f->ipv4.ip.n_free, FIXTURE_NEIGHBOURS - 1);    /* all of this link's */
    struct tern_addr other_links = tern_addr_v4(US_1 + 1);
    ck_assert_ptr_nonnull(tern_neigh_find(&f->ipv4.ip, 1, &other_links));
    ck_assert(net_fixture_idle(f));
    fake_link_clear(&f->wire);
    f->wire.link.up = true;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    ck_assert(is_probe(f));
    ck_assert_uint_eq(f->n_events, 2);
    ck_assert_int_eq(f->events[0].event, TERN_NET_LINK_DOWN);
    ck_assert_int_eq(f->events[1].event, TERN_NET_LINK_UP);
}
END_TEST

Suite *arp_suite(void)
{
    Suite *suite = suite_create("arp");
    TCase *wire = tcase_create("wire");
    tcase_add_test(wire, test_arp_reads_what_it_writes);
    tcase_add_test(wire, test_arp_rejects_every_truncation);
    tcase_add_test(wire, test_arp_rejects_wrong_fields);
    suite_add_tcase(suite, wire);
    TCase *cache = tcase_create("cache");
    tcase_add_test(cache, hostile_net_9_arp_with_wrong_lengths_or_truncated);
    tcase_add_test(cache, test_arp_answers_for_our_address_only);
    tcase_add_test(cache, test_arp_answers_a_probe_for_our_address);
    tcase_add_test(cache, test_arp_asks_once_a_second_and_gives_up_after_three);
    tcase_add_test(cache, test_arp_believes_one_that_was_given_up_and_speaks);
    tcase_add_test(cache, test_arp_sends_what_waited_in_order);
    tcase_add_test(cache, test_arp_held_datagrams_are_bounded_in_all);
    tcase_add_test(cache, test_arp_probes_a_quiet_neighbour_to_its_face_then_asks_all);
    tcase_add_test(cache, test_arp_an_answer_to_a_probe_confirms);
    tcase_add_test(cache, test_arp_only_an_answer_that_was_asked_for_confirms);
    tcase_add_test(cache, test_arp_progress_above_confirms);
    tcase_add_test(cache, hostile_net_14_unsolicited_arp_installs_nothing);
    tcase_add_test(cache, hostile_net_14_unsolicited_arp_overwrites_no_live_peer);
    tcase_add_test(cache, hostile_net_14_unsolicited_requests_evict_nobody);
    tcase_add_test(cache, hostile_net_14_questions_of_ours_evict_no_live_peer);
    tcase_add_test(cache, hostile_net_14_a_cache_of_live_peers_takes_no_more);
    tcase_add_test(cache, test_arp_takes_no_impossible_sender);
    tcase_add_test(cache, test_arp_without_an_address_answers_nobody);
    tcase_add_test(cache, test_arp_reply_dropped_when_no_slot_is_free);
    tcase_add_test(cache, test_arp_forgets_all_when_the_link_goes_down);
    suite_add_tcase(suite, cache);
    return suite;
}
