/* SPDX-License-Identifier: ISC */
/*
 * Forwarding by a policy: what it is asked, and what hides from it.
 */
#include "forward_fixture.h"
#include "suites.h"

static struct tern_forward_packet seen;
static uint8_t seen_in, seen_out;
static unsigned n_asked;

static enum tern_forward_verdict judge(void *arg, uint8_t in_link, uint8_t out_link,
                                       const struct tern_forward_packet *pkt)
{
    ck_assert_ptr_nonnull(arg);
    seen = *pkt;
    seen_in = in_link;
    seen_out = out_link;
    n_asked++;
    return pkt->dst_port == 23   ? TERN_FORWARD_REJECT
           : pkt->dst_port == 25 ? TERN_FORWARD_DROP
                                 : TERN_FORWARD_PASS;
}

START_TEST(test_forward_asks_the_policy)
{
    struct forward_fixture *f = forward_fixture_with(0, judge);
    struct forward_say say = forward_tcp(forward_families[_i]);
    n_asked = 0;
    forward_in(f, &say, 23, 30);
    forward_error_is(f, forward_families[_i], _i == V6 ? 1 : 3, _i == V6 ? 1 : 13, 0);
    ck_assert_uint_eq(f->forward.stats.rejected, 1);
    ck_assert_uint_eq(seen_in, 0);
    ck_assert_uint_eq(seen_out, 1);
    ck_assert_uint_eq(seen.protocol, 6);
    ck_assert_uint_eq(seen.src_port, 40000);
    ck_assert_uint_eq(seen.hop_limit, 64);
    ck_assert_uint_eq(seen.l4_len, 50);
    ck_assert_uint_eq(seen.len, 50 + (_i == V6 ? 40 : 20));
    ck_assert(!seen.later_fragment);
    forward_in(f, &say, 25, 30);
    ck_assert(forward_quiet(f));
    ck_assert_uint_eq(f->forward.stats.denied, 1);
    say.protocol = 17;
    forward_in(f, &say, 53, 30);
    forward_passed_whole(f, &say, 53, 30);
    ck_assert_uint_eq(n_asked, 3);
    forward_counted(f);
}
END_TEST

/* RFC 1858, RFC 3128, RFC 7112: fragments that would hide their ports go nowhere. */
START_TEST(test_forward_hostile_fragments_that_hide_ports)
{
    struct forward_fixture *f = forward_fixture_with(0, judge);
    struct forward_say say = forward_tcp(forward_families[_i]);
    static uint8_t frame[PACKET_CAP], ext[8] = { 6, 0, 0, 1, 0, 0, 0, 7 };
    if (_i == V6) {
        say.options = ext;
        say.options_len = 8;
        say.next = 44;
    } else {
        say.frag = 0x2000;    /* more follow */
    }
    size_t len = forward_frame(frame, &say, 23, 0), cut = _i == V6 ? 8 : 0;
    size_t hdr = PACKET_ETH + (_i == V6 ? 48 : 20);
    tern_store_be16(frame + PACKET_ETH + (_i == V6 ? 4 : 2),
                    (uint16_t)((_i == V6 ? 8 : 20) + 16));    /* 16 octets of TCP's header */
    if (_i == V4)
        packet_ip4_resum(frame);
    (void)cut;
    (void)len;
    n_asked = 0;
    (void)fake_link_input(&f->wires[0], frame, hdr + 16, f->now_ns);
    ck_assert_uint_eq(f->forward.stats.cut, 1);
    ck_assert_uint_eq(n_asked, 0);
    if (_i == V4) {
        say.frag = 1;    /* 8 octets in: it would write over the flags */
        forward_in(f, &say, 80, 100);
        ck_assert_uint_eq(f->forward.stats.cut, 2);
        say.frag = 0x1fff;
        forward_in(f, &say, 80, 100);    /* past the end of all packets */
        ck_assert_uint_eq(f->forward.stats.cut, 3);
        say.frag = 100;
    } else {
        tern_store_be16(ext + 2, 100 << 3);
    }
    forward_in(f, &say, 23, 100);    /* a later one has no ports to be judged by */
    ck_assert_uint_eq(n_asked, 1);
    ck_assert(seen.later_fragment);
    ck_assert_ptr_null(seen.l4);
    ck_assert_uint_eq(seen.dst_port, 0);
    ck_assert_uint_eq(seen.protocol, 6);
    ck_assert_uint_eq(f->forward.stats.passed, 1);
    forward_counted(f);
}
END_TEST

/* IPv6's transports are found behind extension headers, and what cannot be is called so. */
START_TEST(test_forward_policy_sees_past_extension_headers)
{
    struct forward_fixture *f = forward_fixture_with(0, judge);
    struct forward_say say = forward_tcp(&forward_v6);
    static uint8_t ext[24] = { 43, 0, 1, 4, 0, 0, 0, 0, 60, 0, 4, 9, 0, 0, 0, 0, 6, 0, 1, 4 };
    say.options = ext;    /* hop-by-hop, a routing header that is not at its end, destination */
    say.options_len = 24;
    say.next = 0;
    forward_in(f, &say, 23, 30);
    ck_assert_uint_eq(f->forward.stats.rejected, 1);
    forward_in(f, &say, 24, 30);
    forward_passed_whole(f, &say, 24, 30);
    ext[17] = 255;    /* 2,048 octets that are not there */
    forward_in(f, &say, 23, 30);
    ck_assert_uint_eq(seen.protocol, TERN_FORWARD_UNKNOWN);
    ck_assert_ptr_null(seen.l4);
    ck_assert_uint_eq(f->forward.stats.passed, 2);
    ext[17] = 0;
    forward_counted(f);
}
END_TEST

Suite *forward_policy_suite(void)
{
    Suite *s = suite_create("forward_policy");
    TCase *c = tcase_create("policy");
    tcase_add_loop_test(c, test_forward_asks_the_policy, 0, FORWARD_FAMILIES);
    tcase_add_loop_test(c, test_forward_hostile_fragments_that_hide_ports, 0, FORWARD_FAMILIES);
    tcase_add_test(c, test_forward_policy_sees_past_extension_headers);
    suite_add_tcase(s, c);
    return s;
}
