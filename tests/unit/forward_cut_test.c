/* SPDX-License-Identifier: ISC */
/*
 * Forwarding what does not fit as it is: IPv4's fragments, sums that a driver
 * has left open, super-frames with and without the out link's offloads.
 */
#include "forward_fixture.h"
#include "suites.h"

#include <string.h>

#define TSO (TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_TX_TSO4 | TERN_OFFLOAD_TX_TSO6 | \
             TERN_OFFLOAD_TX_USO)

static size_t l3_len(int family)
{
    return family == V6 ? 40 : 20;
}

static uint8_t gso_of(int family)
{
    return family == V6 ? TERN_GSO_TCP6 : TERN_GSO_TCP4;
}

/* ---- Fragments of IPv4 ------------------------------------------------------ */

static uint8_t whole[70000];

/* Puts a fragment's data into its place; the end, if it is the last. */
static size_t fragment_take(const struct fake_frame *sent, size_t mtu, size_t first_off)
{
    const uint8_t *l3 = sent->data + PACKET_ETH;
    size_t hdr_len = (size_t)(l3[0] & 15) * 4, len = tern_load_be16(l3 + 2);
    unsigned frag = tern_load_be16(l3 + 6);
    size_t off = (frag & 0x1fff) * 8u - first_off;
    ck_assert_uint_eq(sent->len, PACKET_ETH + len);
    ck_assert_uint_le(len, mtu);
    ck_assert_uint_eq(tern_load_be16(l3 + 4), 0x1234);
    ck_assert_uint_eq(l3[8], 63);
    ck_assert_uint_eq(tern_checksum_fold(tern_checksum_add(0, l3, hdr_len)), 0xffff);
    memcpy(whole + off, l3 + hdr_len, len - hdr_len);
    return (frag & 0x2000) != 0 ? 0 : off + len - hdr_len;
}

static const struct { uint16_t mtu, frag; uint8_t csum; size_t len; } cuts[] = {
    { 1280, 0, TERN_CSUM_NONE, 1400 },       { 576, 0, TERN_CSUM_NONE, 1452 },
    { 577, 0, TERN_CSUM_NONE, 1200 },        { 1280, 0, TERN_CSUM_PARTIAL, 1400 },
    { 576, 0x2000, TERN_CSUM_NONE, 1452 },   { 576, 0x2064, TERN_CSUM_NONE, 1452 },
    { 583, 0x0064, TERN_CSUM_NONE, 1449 },   { 576, 0, TERN_CSUM_VALID, 549 },
};

START_TEST(test_forward_cuts_packets_of_ipv4)
{
    struct forward_fixture *f = forward_fixture(_i % 2 == 0 ? 0 : TSO);
    struct forward_say say = forward_tcp(&forward_v4);
    static uint8_t frame[PACKET_CAP];
    const struct fake_frame *sent;
    size_t end = 0, n = 0, total = 20 + cuts[_i].len;
    say.frag = 0;
    (void)forward_frame(frame, &say, 80, cuts[_i].len);    /* with its whole sum */
    say.frag = cuts[_i].frag;
    f->wires[1].link.mtu = cuts[_i].mtu;
    forward_in_as(f, &say, 80, cuts[_i].len, cuts[_i].csum, TERN_GSO_NONE, 0);
    memset(whole, 0, sizeof whole);
    for (; (sent = forward_sent(f, 1)) != NULL; n++) {
        ck_assert(!sent->csum_partial);
        size_t last = fragment_take(sent, cuts[_i].mtu, (cuts[_i].frag & 0x1fff) * 8u);
        end = last != 0 ? last : end;
    }
    ck_assert_uint_ge(n, 2);
    ck_assert_uint_eq(f->forward.stats.fragments, n);
    ck_assert_uint_eq(f->forward.stats.passed, 1);
    /* Of one that more follow, the last of ours says so too. */
    ck_assert_uint_eq(end, (cuts[_i].frag & 0x2000) != 0 ? 0 : total);
    ck_assert_mem_eq(whole, frame + PACKET_ETH + 20, total);
    forward_counted(f);
}
END_TEST

/* RFC 791 section 3.1: options with the copied flag are in all fragments, others in the first. */
START_TEST(test_forward_copies_the_options_that_say_so)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(&forward_v4);
    static const uint8_t options[16] = { 1, 0x94, 4, 0, 0, 0x07, 7, 8, 0, 0, 0, 0, 0 };
    say.frag = 0;
    say.options = options;
    say.options_len = 16;
    f->wires[1].link.mtu = 576;
    forward_in(f, &say, 80, 1000);
    const struct fake_frame *first = forward_sent(f, 1), *second = forward_sent(f, 1);
    ck_assert_ptr_nonnull(second);
    ck_assert_uint_eq(first->data[PACKET_ETH], 0x49);
    ck_assert_mem_eq(first->data + PACKET_ETH + 20, options, 16);
    ck_assert_uint_eq(second->data[PACKET_ETH], 0x46);
    ck_assert_mem_eq(second->data + PACKET_ETH + 20, options + 1, 4);
    (void)fragment_take(second, 576, 0);
}
END_TEST

/* Nobody leaves a fragment's sum open, nor makes a super-frame of one. */
START_TEST(test_forward_hostile_fragments_with_offloads)
{
    struct forward_fixture *f = forward_fixture(TSO);
    struct forward_say say = forward_tcp(&forward_v4);
    say.frag = 0x0064;
    forward_in_as(f, &say, 80, 100, TERN_CSUM_PARTIAL, TERN_GSO_NONE, 0);
    ck_assert_uint_eq(f->forward.stats.bad_offload, 1);
    say.frag = 0x2000;
    forward_in_as(f, &say, 80, 1000, TERN_CSUM_PARTIAL, TERN_GSO_TCP4, 500);
    ck_assert_uint_eq(f->forward.stats.bad_offload, 2);
    ck_assert_ptr_null(forward_sent(f, 1));
    forward_counted(f);
}
END_TEST

START_TEST(test_forward_counts_a_super_frame_once_whatever_was_lost)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(forward_families[_i]);
    f->wires[1].full_after = 1;
    forward_in_as(f, &say, 80, 3000, TERN_CSUM_PARTIAL, gso_of(_i), 1000);
    ck_assert_uint_eq(f->forward.stats.full, 1);
    ck_assert_uint_eq(f->forward.stats.segments, 1);
    ck_assert_uint_eq(f->forward.stats.passed, 0);
    forward_counted(f);
}
END_TEST

/* A slot that is refused on the way loses the rest; the packet is counted once. */
START_TEST(test_forward_counts_a_packet_once_whatever_was_lost)
{
    struct forward_fixture *f = forward_fixture(0);
    struct forward_say say = forward_tcp(&forward_v4);
    say.frag = 0;
    f->wires[1].link.mtu = 576;
    f->wires[1].full_after = 1;
    forward_in(f, &say, 80, 1400);
    ck_assert_uint_eq(f->forward.stats.full, 1);
    ck_assert_uint_eq(f->forward.stats.passed, 0);
    ck_assert_uint_eq(f->forward.stats.fragments, 1);
    forward_counted(f);
}
END_TEST

/* ---- Sums that are left open ------------------------------------------------- */

START_TEST(test_forward_completes_sums_or_leaves_them_to_the_link)
{
    static const uint8_t protocols[] = { 6, 17 };
    for (unsigned i = 0; i < 4; i++) {
        struct forward_fixture *f = forward_fixture(i < 2 ? 0 : TERN_OFFLOAD_TX_CSUM);
        struct forward_say say = forward_tcp(forward_families[_i]);
        say.protocol = protocols[i % 2];
        forward_in_as(f, &say, 80, 333, TERN_CSUM_PARTIAL, TERN_GSO_NONE, 0);
        const struct fake_frame *sent = forward_sent(f, 1);
        ck_assert_ptr_nonnull(sent);
        ck_assert_uint_eq(sent->csum_partial, i >= 2);
        static uint8_t frame[PACKET_CAP];
        memcpy(frame, sent->data, sent->len);
        if (i >= 2) {
            ck_assert_uint_eq(sent->csum_start, PACKET_ETH + l3_len(_i));
            ck_assert_uint_eq(sent->csum_off, say.protocol == 6 ? 16 : 6);
            uint8_t *l4 = frame + sent->csum_start;
            uint16_t sum = tern_checksum_finish(
                tern_checksum_add(0, l4, sent->len - sent->csum_start));
            tern_store_be16(l4 + sent->csum_off, sum);
        }
        ck_assert(forward_sums_ok(frame));
        ck_assert_uint_eq(f->forward.stats.passed, 1);
    }
}
END_TEST

/* A driver that leaves a sum open which nobody knows, or a super-frame that is none. */
START_TEST(test_forward_hostile_words_of_a_driver)
{
    struct forward_fixture *f = forward_fixture(TSO);
    struct forward_say say = forward_tcp(forward_families[_i]), icmp = say, udp = say;
    icmp.protocol = _i == V6 ? 58 : 1;
    udp.protocol = 17;
    uint64_t n = 0;
    forward_in_as(f, &icmp, 0x800, 100, TERN_CSUM_PARTIAL, TERN_GSO_NONE, 0);
    ck_assert_uint_eq(f->forward.stats.bad_offload, ++n);
    static const struct { uint8_t gso; uint16_t seg_len; } bad[] = {
        { TERN_GSO_UDP, 500 }, { 9, 500 }, { TERN_GSO_TCP4, 0 }, { TERN_GSO_TCP6, 3 },
        { TERN_GSO_TCP4, 3 }, { TERN_GSO_TCP6, 0 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        forward_in_as(f, &say, 80, 1400, TERN_CSUM_PARTIAL, bad[i].gso, bad[i].seg_len);
        ck_assert_uint_eq(f->forward.stats.bad_offload, ++n);
    }
    /* The other family's. */
    forward_in_as(f, &say, 80, 1400, TERN_CSUM_PARTIAL, gso_of(1 - _i), 500);
    ck_assert_uint_eq(f->forward.stats.bad_offload, ++n);
    forward_in_as(f, &udp, 80, 1400, TERN_CSUM_PARTIAL, gso_of(_i), 500);
    ck_assert_uint_eq(f->forward.stats.bad_offload, ++n);
    /* A header that is too short for one, or longer than what there is. */
    struct forward_say odd = say;
    odd.data_off = 0x40;
    forward_in_as(f, &odd, 80, 1400, TERN_CSUM_PARTIAL, gso_of(_i), 500);
    ck_assert_uint_eq(f->forward.stats.bad_offload, ++n);
    odd.data_off = 0xf0;
    forward_in_as(f, &odd, 80, 39, TERN_CSUM_PARTIAL, gso_of(_i), 5);
    ck_assert_uint_eq(f->forward.stats.bad_offload, ++n);
    /* Headers that have no end where they should. */
    static const uint8_t ext[208] = { 6, 25 };
    odd = say;
    odd.options = ext;
    odd.options_len = sizeof ext;
    if (_i == V6) {
        forward_in_as(f, &odd, 80, 300, TERN_CSUM_PARTIAL, TERN_GSO_NONE, 0);
        ck_assert_uint_eq(f->forward.stats.bad_offload, ++n);
    }
    /* One whose sums nobody has looked at is looked at, before we make others. */
    say.bad_sum = true;
    forward_in_as(f, &say, 80, 1400, TERN_CSUM_NONE, gso_of(_i), 500);
    ck_assert_uint_eq(f->forward.stats.bad_offload, ++n);
    ck_assert_ptr_null(forward_sent(f, 1));
    forward_counted(f);
}
END_TEST

/* ---- Super-frames -------------------------------------------------------------- */

/* csum of the frame, in which tenths of the link's offloads. */
static const struct { uint8_t csum; uint16_t offloads; } supers[] = {
    { TERN_CSUM_PARTIAL, 0 },   { TERN_CSUM_VALID, 0 },
    { TERN_CSUM_NONE, 0 },      { TERN_CSUM_PARTIAL, TERN_OFFLOAD_TX_CSUM },
};

START_TEST(test_forward_cuts_super_frames_into_their_segments)
{
    const int family = _i / 4;
    const size_t seg_len = 1000, len = 10100, hdr = l3_len(family) + 20;
    struct forward_fixture *f = forward_fixture(supers[_i % 4].offloads);
    struct forward_say say = forward_tcp(forward_families[family]);
    static uint8_t frame[PACKET_CAP];
    (void)forward_frame(frame, &say, 80, len);
    forward_in_as(f, &say, 80, len, supers[_i % 4].csum, gso_of(family), (uint16_t)seg_len);
    for (size_t off = 0, nth = 0; off < len; off += seg_len, nth++) {
        const struct fake_frame *sent = forward_sent(f, 1);
        ck_assert_msg(sent != NULL, "no segment %zu", nth);
        static uint8_t copy[PACKET_CAP];
        memcpy(copy, sent->data, sent->len);
        const uint8_t *l3 = copy + PACKET_ETH;
        uint8_t *l4 = copy + PACKET_ETH + l3_len(family);
        size_t n = len - off < seg_len ? len - off : seg_len;
        ck_assert_uint_eq(sent->len, PACKET_ETH + hdr + n);
        ck_assert_uint_eq(sent->gso, TERN_GSO_NONE);
        ck_assert_uint_eq(sent->csum_partial, supers[_i % 4].offloads != 0);
        if (sent->csum_partial)
            tern_store_be16(l4 + 16, tern_checksum_finish(tern_checksum_add(0, l4, 20 + n)));
        ck_assert(forward_sums_ok(copy));
        if (family == V4) {
            ck_assert_uint_eq(tern_load_be16(l3 + 2), hdr + n);
            ck_assert_uint_eq(tern_load_be16(l3 + 4), 0x1234 + nth);
        } else {
            ck_assert_uint_eq(tern_load_be16(l3 + 4), 20 + n);
        }
        ck_assert_uint_eq(l3[family == V6 ? 7 : 8], 63);
        ck_assert_uint_eq(tern_load_be32(l4 + 4), 1000 + off);
        ck_assert_uint_eq(l4[13], (nth == 0 ? 0x80 : 0) | 0x10 | (off + n == len ? 0x09 : 0));
        ck_assert_mem_eq(l4 + 20, frame + PACKET_ETH + hdr + off, n);
    }
    ck_assert_ptr_null(forward_sent(f, 1));
    ck_assert_uint_eq(f->forward.stats.segments, 11);
    ck_assert_uint_eq(f->forward.stats.passed, 1);
    ck_assert_uint_eq(f->forward.stats.super_frames, 0);
    forward_counted(f);
}
END_TEST

START_TEST(test_forward_leaves_super_frames_to_a_link_that_cuts_them)
{
    const int family = _i / 4;
    struct forward_fixture *f = forward_fixture(TSO);
    struct forward_say say = forward_tcp(forward_families[family]);
    static uint8_t frame[PACKET_CAP];
    size_t frame_len = forward_frame(frame, &say, 80, 60000);
    forward_in_as(f, &say, 80, 60000, supers[_i % 4].csum, gso_of(family), 1400);
    const struct fake_frame *sent = forward_sent(f, 1);
    ck_assert_ptr_nonnull(sent);
    ck_assert_uint_eq(sent->len, frame_len);
    ck_assert_uint_eq(sent->gso, gso_of(family));
    ck_assert_uint_eq(sent->seg_len, 1400);
    ck_assert_uint_eq(sent->hdr_len, PACKET_ETH + l3_len(family) + 20);
    ck_assert(sent->csum_partial);
    ck_assert_uint_eq(sent->csum_start, PACKET_ETH + l3_len(family));
    ck_assert_uint_eq(sent->csum_off, 16);
    static uint8_t copy[PACKET_CAP];
    memcpy(copy, sent->data, sent->len);
    uint8_t *l4 = copy + sent->csum_start;
    tern_store_be16(l4 + 16, tern_checksum_finish(
                                 tern_checksum_add(0, l4, sent->len - sent->csum_start)));
    ck_assert(forward_sums_ok(copy));
    ck_assert_uint_eq(f->forward.stats.super_frames, 1);
    /* Not by a link on which its segments would be too long: that is answered. */
    f->wires[1].link.mtu = 1400;
    forward_in_as(f, &say, 80, 60000, supers[_i % 4].csum, gso_of(family), 1400);
    ck_assert_uint_eq(f->forward.stats.too_big, 1);
    forward_error_is(f, forward_families[family], family == V6 ? 2 : 3, family == V6 ? 0 : 4, 1400);
    forward_counted(f);
}
END_TEST

/* Datagrams that came as one are several again. */
START_TEST(test_forward_cuts_super_frames_of_datagrams)
{
    const bool uso = _i >= 2;
    const int family = _i % 2;
    struct forward_fixture *f = forward_fixture(uso ? TSO : 0);
    struct forward_say say = forward_tcp(forward_families[family]);
    say.protocol = 17;
    forward_in_as(f, &say, 4433, 3000, TERN_CSUM_PARTIAL, TERN_GSO_UDP, 1200);
    const struct fake_frame *sent;
    size_t n = 0;
    while ((sent = forward_sent(f, 1)) != NULL) {
        size_t len = uso ? 3000 : n == 2 ? 600 : 1200;
        ck_assert_uint_eq(sent->len, PACKET_ETH + l3_len(family) + 8 + len);
        ck_assert_uint_eq(tern_load_be16(sent->data + PACKET_ETH + l3_len(family) + 4), 8 + len);
        ck_assert_uint_eq(sent->gso, uso ? TERN_GSO_UDP : TERN_GSO_NONE);
        ck_assert(uso || forward_sums_ok(sent->data));
        n++;
    }
    ck_assert_uint_eq(n, uso ? 1 : 3);
    forward_counted(f);
}
END_TEST

/* A segment that may be cut is, behind its own header. */
START_TEST(test_forward_cuts_segments_of_ipv4_into_fragments)
{
    struct forward_fixture *f = forward_fixture(TSO);
    struct forward_say say = forward_tcp(&forward_v4);
    static uint8_t frame[PACKET_CAP];
    const struct fake_frame *sent;
    size_t n = 0;
    say.frag = 0;
    (void)forward_frame(frame, &say, 80, 4000);
    f->wires[1].link.mtu = 1280;
    forward_in_as(f, &say, 80, 4000, TERN_CSUM_PARTIAL, TERN_GSO_TCP4, 1400);
    for (size_t off = 0; (sent = forward_sent(f, 1)) != NULL; n++) {
        const uint8_t *l3 = sent->data + PACKET_ETH;
        ck_assert_uint_le(sent->len, PACKET_ETH + 1280);
        unsigned frag = tern_load_be16(l3 + 6);
        memcpy(whole + (frag & 0x1fff) * 8, l3 + 20, sent->len - PACKET_ETH - 20);
        if ((frag & 0x2000) != 0)
            continue;
        ck_assert_int_eq(sent->csum_partial, frag == 0);    /* only what stayed whole */
        if (sent->csum_partial)
            tern_store_be16(whole + 16, tern_checksum_finish(tern_checksum_add(
                                            0, whole, sent->len - PACKET_ETH - 20)));
        size_t len = (frag & 0x1fff) * 8 + sent->len - PACKET_ETH - 20;
        uint32_t sum = tern_checksum_add(6 + (uint32_t)len, l3 + 12, 8);
        ck_assert_uint_eq(tern_checksum_fold(tern_checksum_add(sum, whole, len)), 0xffff);
        ck_assert_mem_eq(whole + 20, frame + PACKET_ETH + 40 + off, len - 20);
        off += len - 20;
    }
    ck_assert_uint_eq(n, 5);    /* two of 1,400 in two each, and one of 1,200 */
    ck_assert_uint_eq(f->forward.stats.segments, 3);
    forward_counted(f);
}
END_TEST

/* One that has to wait is too long for that; its sender sends again. */
START_TEST(test_forward_does_not_keep_super_frames)
{
    struct forward_fixture *f = forward_fixture(TSO);
    struct forward_say say = forward_tcp(forward_families[_i]);
    say.dst = forward_families[_i]->unknown_b;
    forward_in_as(f, &say, 80, 1400, TERN_CSUM_PARTIAL, gso_of(_i), 700);
    ck_assert_uint_eq(f->forward.stats.waiting_full, 1);
    /* With a sum that is open one waits as it is. */
    forward_in_as(f, &say, 80, 1400, TERN_CSUM_PARTIAL, TERN_GSO_NONE, 0);
    ck_assert_uint_eq(f->forward.stats.waiting, 1);
    forward_answer(f, forward_families[_i], say.dst, packet_mac_other);
    const struct fake_frame *sent = forward_sent(f, 1);
    ck_assert_ptr_nonnull(sent);
    ck_assert(sent->csum_partial);
    ck_assert_uint_eq(sent->csum_off, 16);
    forward_counted(f);
}
END_TEST

Suite *forward_cut_suite(void)
{
    Suite *s = suite_create("forward_cut");
    TCase *tc = tcase_create("forward_cut");
#define LOOP(test, n) tcase_add_loop_test(tc, test, 0, n)
    LOOP(test_forward_cuts_packets_of_ipv4, sizeof cuts / sizeof cuts[0]);
    tcase_add_test(tc, test_forward_copies_the_options_that_say_so);
    tcase_add_test(tc, test_forward_counts_a_packet_once_whatever_was_lost);
    tcase_add_test(tc, test_forward_hostile_fragments_with_offloads);
    LOOP(test_forward_counts_a_super_frame_once_whatever_was_lost, FORWARD_FAMILIES);
    LOOP(test_forward_completes_sums_or_leaves_them_to_the_link, FORWARD_FAMILIES);
    LOOP(test_forward_hostile_words_of_a_driver, FORWARD_FAMILIES);
    LOOP(test_forward_cuts_super_frames_into_their_segments, 8);
    LOOP(test_forward_leaves_super_frames_to_a_link_that_cuts_them, 8);
    LOOP(test_forward_cuts_super_frames_of_datagrams, 4);
    tcase_add_test(tc, test_forward_cuts_segments_of_ipv4_into_fragments);
    LOOP(test_forward_does_not_keep_super_frames, FORWARD_FAMILIES);
    suite_add_tcase(s, tc);
    return s;
}
