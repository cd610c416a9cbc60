/* SPDX-License-Identifier: ISC */
/*
 * Sending IPv4: routes, headers, identification, fragments, path MTUs, and
 * slots that are refused.
 */
#include "libnet/ipv4_internal.h"
#include "libnet/ipv4_wire.h"
#include "net_fixture.h"
#include "suites.h"

#include <string.h>


static struct net_fixture *met(void)
{
    struct net_fixture *f = net_fixture();
    net_fixture_meet(f, PEER, packet_mac_peer);
    net_fixture_meet(f, ROUTER, packet_mac_other);
    memset(&f->ipv4.stats, 0, sizeof f->ipv4.stats);
    return f;
}

static struct tern_addr us, to;
static struct tern_net_path path;

static struct tern_net_out out_to(uint32_t dst, bool dont_fragment)
{
    us = tern_addr_v4(US);
    to = tern_addr_v4(dst);
    memset(&path, 0, sizeof path);
    return (struct tern_net_out){ .src = &us, .dst = &to, .path = &path, .protocol = 99,
                                  .dont_fragment = dont_fragment, .transport = 0 };
}

static enum tern_err send(struct net_fixture *f, uint32_t dst, size_t len, bool dont_fragment)
{
    static uint8_t data[65536];
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(i ^ i >> 8);
    struct tern_net_out out = out_to(dst, dont_fragment);
    enum tern_err err = tern_ip_send(&f->ipv4.ip, &out, data, len);
    net_fixture_pass(f, 1);
    return err;
}

/* ---- Routes ------------------------------------------------------------- */

START_TEST(test_ipv4_route_table)
{
    static const struct {
        uint32_t dst;
        uint16_t scope;
        enum tern_err err;
        uint8_t link;
        uint32_t next_hop;
        enum ipv4_kind kind;
        const char *why;
    } cases[] = {
        { PEER, 0, TERN_OK, 0, PEER, IPV4_UNICAST, "on the link" },
        { FAR, 0, TERN_OK, 0, ROUTER, IPV4_UNICAST, "by the router" },
        { 0x0a010005, 0, TERN_OK, 1, 0x0a010005, IPV4_UNICAST, "on the other link" },
        { FAR, 2, TERN_UNREACHABLE, 0, 0, 0, "that link has no router" },
        { PEER, 2, TERN_UNREACHABLE, 0, 0, 0, "not on that link" },
        { NET_BROADCAST, 0, TERN_OK, 0, NET_BROADCAST, IPV4_TO_BROADCAST, "the prefix's all" },
        { 0xffffffff, 0, TERN_OK, 0, 0xffffffff, IPV4_TO_BROADCAST, "all, by the default" },
        { 0xffffffff, 2, TERN_OK, 1, 0xffffffff, IPV4_TO_BROADCAST, "all of a link" },
        { 0xe00000fb, 0, TERN_OK, 0, 0xe00000fb, IPV4_TO_MULTICAST, "a group" },
        { 0xe00000fb, 2, TERN_OK, 1, 0xe00000fb, IPV4_TO_MULTICAST, "a group on a link" },
        { 0xffffffff, 3, TERN_UNREACHABLE, 0, 0, 0, "no such link" },
        { US, 0, TERN_UNREACHABLE, 0, 0, 0, "ourselves" },
        { US_1, 0, TERN_UNREACHABLE, 0, 0, 0, "ourselves on the other link" },
        { 0x7f000001, 0, TERN_UNREACHABLE, 0, 0, 0, "loopback" },
        { 0, 0, TERN_UNREACHABLE, 0, 0, 0, "none" },
        { 0xf0000001, 0, TERN_UNREACHABLE, 0, 0, 0, "class E" },
    };
    struct net_fixture *f = net_fixture();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ipv4_route r = { 0 };
        enum tern_err err = tern_ipv4_route(&f->net, &f->ipv4, cases[i].dst, cases[i].scope, &r);
        ck_assert_msg(err == cases[i].err, "%s", cases[i].why);
        if (err == TERN_OK)
            ck_assert_msg(r.link == cases[i].link && r.next_hop == cases[i].next_hop &&
                              r.kind == cases[i].kind,
                          "%s", cases[i].why);
    }
}
END_TEST

START_TEST(test_ipv4_route_prefers_the_longer_prefix)
{
    struct net_fixture *f = net_fixture();
    struct tern_ipv4_address a = { .addr = tern_addr_v4(0x0a010101), .prefix_len = 8 };
    struct ipv4_route r;
    ck_assert_int_eq(tern_ipv4_set(&f->net, 1, &a), TERN_OK);
    ck_assert_int_eq(tern_ipv4_route(&f->net, &f->ipv4, PEER, 0, &r), TERN_OK);
    ck_assert_uint_eq(r.link, 0);
    ck_assert_int_eq(tern_ipv4_route(&f->net, &f->ipv4, 0x0a020202, 0, &r), TERN_OK);
    ck_assert_uint_eq(r.link, 1);
}
END_TEST

START_TEST(test_ipv4_group_frames_have_group_macs)
{
    struct net_fixture *f = met();
    static const uint8_t mdns[6] = { 1, 0, 0x5e, 0, 0, 0xfb };
    static const uint8_t high[6] = { 1, 0, 0x5e, 0x7f, 0xff, 0xff };
    ck_assert_int_eq(send(f, 0xe00000fb, 8, false), TERN_OK);
    const struct fake_frame *sent = net_fixture_sent(f);
    ck_assert_mem_eq(sent->data, mdns, 6);
    ck_assert_uint_eq(sent->data[PACKET_ETH + 8], 1);    /* no further than the link */
    ck_assert_int_eq(send(f, 0xefffffff, 8, false), TERN_OK);
    ck_assert_mem_eq(net_fixture_sent(f)->data, high, 6);
    ck_assert_int_eq(send(f, NET_BROADCAST, 8, false), TERN_OK);
    ck_assert_mem_eq(net_fixture_sent(f)->data, packet_mac_broadcast, 6);
}
END_TEST

/* ---- Headers ------------------------------------------------------------ */

START_TEST(test_ipv4_header_says_what_it_should)
{
    struct net_fixture *f = met();
    struct tern_net_out out = out_to(FAR, true);
    out.ttl = 7;
    out.tos = 0xb9;
    ck_assert_int_eq(tern_ipv4_begin(&f->net, &f->ipv4, &out, 100), TERN_OK);
    ck_assert_uint_ge(out.l4_cap, 100);
    ck_assert_ptr_eq(out.l4, out.tx.data + out.l4_off);
    memset(out.l4, 9, 60);
    tern_ipv4_commit(&f->net, &f->ipv4, &out, 60);    /* fewer than begun */
    const struct fake_frame *sent = net_fixture_sent(f);
    const uint8_t *hdr = sent->data + PACKET_ETH;
    ck_assert_mem_eq(sent->data, packet_mac_other, 6);
    ck_assert_mem_eq(sent->data + 6, packet_mac_us, 6);
    ck_assert_uint_eq(sent->len, PACKET_ETH + 80);
    ck_assert_uint_eq(hdr[0], 0x45);
    ck_assert_uint_eq(hdr[1], 0xb9);
    ck_assert_uint_eq(tern_load_be16(hdr + 2), 80);
    ck_assert_uint_eq(tern_load_be32(hdr + 4), 0x00004000);
    ck_assert_uint_eq(hdr[8], 7);
    ck_assert_uint_eq(hdr[9], 99);
    ck_assert_uint_eq(tern_load_be32(hdr + 12), US);
    ck_assert_uint_eq(tern_load_be32(hdr + 16), FAR);
    ck_assert(packet_sums_ok(sent->data, sent->len));
    ck_assert_uint_eq(f->ipv4.stats.ip.out_packets, 1);
    /* The sum that a transport begins with. */
    ck_assert_uint_eq(out.pseudo, 0x0a00 + 1 + 0xc000 + 0x0201 + 99);
}
END_TEST

START_TEST(test_ipv4_path_is_looked_up_once_and_again_when_it_changed)
{
    struct net_fixture *f = met();
    struct tern_net_out out = out_to(PEER, true);
    ck_assert_int_eq(tern_ipv4_begin(&f->net, &f->ipv4, &out, 8), TERN_OK);
    tern_ipv4_commit(&f->net, &f->ipv4, &out, 8);
    struct tern_net_path before = path;
    ck_assert_uint_ne(before.generation, 0);
    ck_assert_int_eq(tern_ipv4_begin(&f->net, &f->ipv4, &out, 8), TERN_OK);
    tern_ipv4_commit(&f->net, &f->ipv4, &out, 8);
    ck_assert_mem_eq(&before, &path, sizeof path);
    struct tern_ipv4_address a = { .addr = tern_addr_v4(US), .prefix_len = 32,
                                   .gateway = tern_addr_v4(ROUTER) };
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_OK);    /* now by the router */
    fake_link_clear(&f->wire);
    ck_assert_int_eq(tern_ipv4_begin(&f->net, &f->ipv4, &out, 8), TERN_OK);
    tern_ipv4_commit(&f->net, &f->ipv4, &out, 8);
    ck_assert_mem_eq(net_fixture_sent(f)->data, packet_mac_other, 6);
}
END_TEST

START_TEST(test_ipv4_refuses_what_is_too_long)
{
    struct net_fixture *f = met();
    struct tern_net_out out = out_to(PEER, true);
    ck_assert_int_eq(send(f, PEER, 1480, true), TERN_OK);
    ck_assert_int_eq(send(f, PEER, 1481, true), TERN_INVALID);
    ck_assert_int_eq(send(f, PEER, 65515, false), TERN_OK);
    ck_assert_int_eq(send(f, PEER, 65516, false), TERN_INVALID);
    ck_assert_int_eq(tern_ipv4_begin(&f->net, &f->ipv4, &out, 1485), TERN_INVALID);
    ck_assert_uint_eq(f->ipv4.stats.ip.out_too_long, 2);
    ck_assert_uint_eq(f->ipv4.stats.ip.out_dont_fragment, 1);
    ck_assert_uint_eq(f->wire.n_lent, 0);
}
END_TEST

START_TEST(test_ipv4_super_frames_need_the_link_to_cut_them)
{
    struct net_fixture *f = met();
    struct tern_net_out out = out_to(PEER, true);
    f->wire.link.slot_max = 65550;
    f->wire.link.offloads = TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_TX_TSO4;
    ck_assert_int_eq(tern_ipv4_begin(&f->net, &f->ipv4, &out, 65515), TERN_OK);
    tern_ipv4_commit(&f->net, &f->ipv4, &out, 65515);    /* not marked: given back */
    ck_assert_uint_eq(f->wire.n_given_back, 1);
    ck_assert_uint_eq(f->ipv4.stats.ip.out_too_long, 1);
    ck_assert_int_eq(tern_ipv4_begin(&f->net, &f->ipv4, &out, 65515), TERN_OK);
    out.tx.gso = TERN_GSO_TCP4;
    out.tx.seg_len = 1448;
    memset(out.l4, 0, 65515);
    tern_ipv4_commit(&f->net, &f->ipv4, &out, 65515);
    const struct fake_frame *sent = net_fixture_sent(f);
    ck_assert_uint_eq(sent->len, PACKET_ETH + 65535);
    ck_assert_uint_eq(tern_load_be16(sent->data + 16), 65535);
    ck_assert_uint_eq(sent->gso, TERN_GSO_TCP4);
}
END_TEST

START_TEST(test_ipv4_slot_refused_changes_nothing)
{
    struct net_fixture *f = met();
    struct tern_net_out out = out_to(PEER, true);
    f->wire.full = true;
    ck_assert_int_eq(tern_ipv4_begin(&f->net, &f->ipv4, &out, 8), TERN_FULL);
    ck_assert_ptr_eq(out.wait, &f->net.links[0].waiting[0]);
    ck_assert_uint_eq(f->ipv4.stats.ip.out_full, 1);
    ck_assert_uint_eq(f->ipv4.stats.ip.out_packets, 0);
    f->wire.full = false;
    f->wire.link.up = false;
    ck_assert_int_eq(tern_ipv4_begin(&f->net, &f->ipv4, &out, 8), TERN_UNREACHABLE);
    ck_assert_uint_eq(f->ipv4.stats.ip.out_link_down, 1);
}
END_TEST

/* ---- Identification ----------------------------------------------------- */

/* Predictable identifications (CVE-2019-10638): none, or secret and the pair's own. */
START_TEST(hostile_net_42_ip_ids_are_zero_or_unpredictable)
{
    struct net_fixture *f = met();
    uint16_t ids[3][64];
    static const uint32_t hosts[] = { PEER, FAR, 0xc0000202 };
    for (size_t i = 0; i < 64; i++) {
        for (size_t j = 0; j < 3; j++) {
            ck_assert_int_eq(send(f, hosts[j], 8, false), TERN_OK);
            ids[j][i] = tern_load_be16(net_fixture_sent(f)->data + 18);
        }
        ck_assert_int_eq(send(f, PEER, 8, true), TERN_OK);
        ck_assert_uint_eq(tern_load_be16(net_fixture_sent(f)->data + 18), 0);
    }
    for (size_t j = 0; j < 3; j++) {
        for (size_t i = 0; i < 64; i++)
            for (size_t k = i + 1; k < 64; k++)
                ck_assert_uint_ne(ids[j][i], ids[j][k]);    /* unique to a destination */
        /* What one destination sees tells nothing of what another does. */
        ck_assert_uint_ne(ids[j][0], ids[(j + 1) % 3][0]);
        ck_assert_uint_ne((uint16_t)(ids[j][0] + 1), ids[(j + 1) % 3][0]);
    }
    /* Another secret, other numbers. */
    uint16_t before = ids[0][0];
    f = met();
    f->ipv4.ip.key[0] ^= 1;
    ck_assert_int_eq(send(f, PEER, 8, false), TERN_OK);
    ck_assert_uint_ne(tern_load_be16(net_fixture_sent(f)->data + 18), before);
}
END_TEST

/* ---- Fragments ---------------------------------------------------------- */

START_TEST(test_ipv4_fragments_join_to_what_was_sent)
{
    static const size_t lens[] = { 1481, 2960, 2961, 9000, 65515 };
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct net_fixture *f = met();
        ck_assert_int_eq(send(f, PEER, lens[i], false), TERN_OK);
        size_t off = 0;
        uint16_t id = 0;
        for (;;) {
            const struct fake_frame *sent = net_fixture_sent(f);
            const uint8_t *hdr = sent->data + PACKET_ETH;
            uint16_t frag = tern_load_be16(hdr + 6);
            size_t len = tern_load_be16(hdr + 2) - 20u;
            ck_assert_uint_le(sent->len, PACKET_ETH + 1500);
            ck_assert(packet_sums_ok(sent->data, sent->len));
            if (off == 0)
                id = tern_load_be16(hdr + 4);
            ck_assert_uint_eq(tern_load_be16(hdr + 4), id);
            ck_assert_uint_eq((frag & 0x1fffu) * 8u, off);
            for (size_t k = 0; k < len; k++)
                ck_assert_uint_eq(hdr[20 + k], (uint8_t)((off + k) ^ (off + k) >> 8));
            off += len;
            if (!(frag & 0x2000))
                break;
            ck_assert_uint_eq(len % 8, 0);
        }
        ck_assert_uint_eq(off, lens[i]);
        ck_assert(net_fixture_quiet(f));
        ck_assert_uint_eq(f->ipv4.stats.ip.out_fragments, (lens[i] + 1479) / 1480);
    }
}
END_TEST

/* ---- Path MTU ----------------------------------------------------------- */

START_TEST(test_ipv4_path_mtu_is_lowered_kept_ten_minutes_and_forgotten)
{
    struct net_fixture *f = met();
    struct tern_addr far = tern_addr_v4(FAR), peer = tern_addr_v4(PEER);
    ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &far, &far), 1500);
    tern_ipv4_set_mtu(&f->net, &f->ipv4, &far, 1400);
    ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &far, &far), 1400);
    ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &peer, &peer), 1500);
    tern_ipv4_set_mtu(&f->net, &f->ipv4, &far, 1450);    /* never up */
    ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &far, &far), 1400);
    ck_assert_uint_eq(f->ipv4.stats.ip.pmtu_lowered, 1);
    ck_assert_int_eq(send(f, FAR, 1380, true), TERN_OK);
    ck_assert_int_eq(send(f, FAR, 1381, true), TERN_INVALID);
    f->now_ns += 599 * TERN_SECOND_NS;
    net_fixture_pass(f, 1);
    ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &far, &far), 1400);
    f->now_ns += 2 * TERN_SECOND_NS;
    net_fixture_pass(f, 1);
    ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &far, &far), 1500);
}
END_TEST

START_TEST(test_ipv4_path_mtus_of_many_peers_stay_in_their_table)
{
    struct net_fixture *f = met();
    for (uint32_t i = 0; i < 10000; i++) {
        struct tern_addr far = tern_addr_v4(FAR + i);
        tern_ipv4_set_mtu(&f->net, &f->ipv4, &far, 1000);
        ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &far, &far), 1000);
        f->turn.now_ns++;
    }
}
END_TEST

/* A tiny MTU for a forged or real packet (CVE-2004-1060, RFC 5927). */
START_TEST(hostile_net_15_a_tiny_path_mtu_is_refused)
{
    static const uint16_t mtus[] = { 0, 1, 20, 28, 67, 68, 296, 551 };
    struct net_fixture *f = met();
    struct tern_addr far = tern_addr_v4(FAR);
    for (size_t i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        tern_ipv4_set_mtu(&f->net, &f->ipv4, &far, mtus[i]);
        ck_assert_uint_eq(f->ipv4.stats.ip.pmtu_refused, i + 1);
        ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &far, &far), 1500);
    }
    tern_ipv4_set_mtu(&f->net, &f->ipv4, &far, 552);
    ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &far, &far), 552);
}
END_TEST

START_TEST(test_ipv4_source_by_route)
{
    struct net_fixture *f = net_fixture();
    struct tern_addr dst = tern_addr_v4(0x0a010009), src, v6 = { { 0x20 } };
    ck_assert_int_eq(tern_ipv4_source(&f->net, &f->ipv4, &dst, 0, &src), TERN_OK);
    ck_assert_uint_eq(tern_addr_to_v4(&src), US_1);
    dst = tern_addr_v4(FAR);
    ck_assert_int_eq(tern_ipv4_source(&f->net, &f->ipv4, &dst, 0, &src), TERN_OK);
    ck_assert_uint_eq(tern_addr_to_v4(&src), US);
    ck_assert_int_eq(tern_ipv4_source(&f->net, &f->ipv4, &v6, 0, &src), TERN_UNREACHABLE);
}
END_TEST

/* ---- Strong hosts -------------------------------------------------------- */

/* RFC 1122 section 3.3.4.2: a source is one link's, and its packets leave by that. */
START_TEST(test_ipv4_leaves_by_the_link_of_its_source)
{
    struct net_fixture *f = met();
    struct tern_route by_1 = { .prefix = tern_addr_v4(FAR & 0xffffff00), .prefix_len = 96 + 24,
                               .gateway = tern_addr_v4(US_1 + 1), .link = 1,
                               .expires_ns = TERN_NEVER };
    ck_assert_int_eq(tern_net_route_set(&f->net, &by_1), TERN_OK);
    /* The longer prefix leads by link 1, but the source is link 0's. */
    ck_assert_int_eq(send(f, FAR, 100, false), TERN_OK);
    const struct fake_frame *sent = net_fixture_sent(f);
    ck_assert_mem_eq(sent->data, packet_mac_other, 6);
    ck_assert_ptr_null(fake_link_take(&f->wire_1));
    /* One without a source goes by route: it asks there for the gateway. */
    struct tern_net_out out = out_to(FAR, false);
    us = tern_addr_v4(US_1);
    ck_assert_int_eq(tern_ip_send(&f->ipv4.ip, &out, packet_mac_us, 6), TERN_OK);
    net_fixture_pass(f, 1);
    ck_assert_ptr_nonnull(fake_link_take(&f->wire_1));
    ck_assert_ptr_null(fake_link_take(&f->wire_1));
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_ipv4_without_a_way_by_the_link_of_its_source_goes_nowhere)
{
    struct net_fixture *f = met();
    struct tern_net_out out = out_to(FAR, false);
    us = tern_addr_v4(US_1);    /* its link has no router */
    ck_assert_int_eq(tern_ip_send(&f->ipv4.ip, &out, packet_mac_us, 6), TERN_UNREACHABLE);
    net_fixture_pass(f, 1);
    ck_assert_uint_eq(f->ipv4.stats.ip.out_no_route, 1);
    ck_assert_ptr_null(fake_link_take(&f->wire_1));
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_ipv4_mtu_is_that_of_the_link_of_the_source)
{
    struct net_fixture *f = met();
    struct tern_addr far = tern_addr_v4(FAR), mine = tern_addr_v4(US), other = tern_addr_v4(US_1);
    struct tern_route by_1 = { .prefix = tern_addr_v4(FAR & 0xffffff00), .prefix_len = 96 + 24,
                               .gateway = tern_addr_v4(US_1 + 1), .link = 1,
                               .expires_ns = TERN_NEVER };
    ck_assert_int_eq(tern_net_route_set(&f->net, &by_1), TERN_OK);
    f->wire_1.link.mtu = 1280;
    ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &far, &far), 1280);
    ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &other, &far), 1280);
    ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &mine, &far), 1500);
    ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &far, &far), 1280);    /* not ours */
}
END_TEST

Suite *ipv4_output_suite(void)
{
    Suite *suite = suite_create("ipv4_output");
    TCase *tc = tcase_create("output");
    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, test_ipv4_route_table);
    tcase_add_test(tc, test_ipv4_route_prefers_the_longer_prefix);
    tcase_add_test(tc, test_ipv4_group_frames_have_group_macs);
    tcase_add_test(tc, test_ipv4_header_says_what_it_should);
    tcase_add_test(tc, test_ipv4_path_is_looked_up_once_and_again_when_it_changed);
    tcase_add_test(tc, test_ipv4_refuses_what_is_too_long);
    tcase_add_test(tc, test_ipv4_super_frames_need_the_link_to_cut_them);
    tcase_add_test(tc, test_ipv4_slot_refused_changes_nothing);
    tcase_add_test(tc, hostile_net_42_ip_ids_are_zero_or_unpredictable);
    tcase_add_test(tc, test_ipv4_fragments_join_to_what_was_sent);
    tcase_add_test(tc, test_ipv4_path_mtu_is_lowered_kept_ten_minutes_and_forgotten);
    tcase_add_test(tc, test_ipv4_path_mtus_of_many_peers_stay_in_their_table);
    tcase_add_test(tc, hostile_net_15_a_tiny_path_mtu_is_refused);
    tcase_add_test(tc, test_ipv4_source_by_route);
    tcase_add_test(tc, test_ipv4_leaves_by_the_link_of_its_source);
    tcase_add_test(tc, test_ipv4_without_a_way_by_the_link_of_its_source_goes_nowhere);
    tcase_add_test(tc, test_ipv4_mtu_is_that_of_the_link_of_the_source);
    suite_add_tcase(suite, tc);
    return suite;
}
