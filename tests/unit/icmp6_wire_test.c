/* SPDX-License-Identifier: ISC */
/*
 * ICMPv6: what errors quote, whole, cut and wrong; headers and their sums.
 */
#include "exact.h"
#include "suites.h"

#include "libnet/icmp6_wire.h"

static const uint8_t us[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 1 };
static const uint8_t peer[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 2 };
static uint8_t body[600];

static size_t body_make(uint8_t next, const uint8_t *payload, size_t len)
{
    struct tern_ipv6_hdr hdr = { .src = us, .dst = peer, .payload_len = (uint16_t)len,
                                 .next = next, .hop_limit = 64 };
    memset(body, 0, sizeof body);
    tern_ipv6_hdr_emit(body, &hdr);
    memcpy(body + IPV6_HDR_LEN, payload, len);
    return IPV6_HDR_LEN + len;
}

static enum tern_err parse(size_t len, struct tern_icmp6_quote *q, size_t *l4_off)
{
    uint8_t *p = exact(body, len);
    enum tern_err err = tern_icmp6_quote_parse(p, len, q);
    if (err == TERN_OK) {
        ck_assert_ptr_eq(q->hdr, p);
        *l4_off = (size_t)(q->l4 - p);
    }
    free(p);
    return err;
}

START_TEST(test_icmp6_quote_rejects_every_truncation)
{
    static const uint8_t udp[20] = { 0, 7, 0, 9 };
    struct tern_icmp6_quote q;
    size_t off, len = body_make(IPV6_UDP, udp, sizeof udp);
    for (size_t cut = 0; cut < 48; cut++)
        ck_assert_int_eq(parse(cut, &q, &off), TERN_TRUNCATED);
    for (size_t cut = 48; cut < len + 100; cut++) {    /* longer: RFC 4884's extensions */
        ck_assert_int_eq(parse(cut, &q, &off), TERN_OK);
        ck_assert_uint_eq(off, 40);
        ck_assert_uint_eq(q.l4_len, cut < len ? cut - 40 : len - 40);
        ck_assert_uint_eq(q.total_len, len);
        ck_assert_uint_eq(q.protocol, IPV6_UDP);
    }
}
END_TEST

START_TEST(test_icmp6_quote_is_found_behind_all_headers)
{
    /* A route under way, options nobody knows, and a first fragment: none of it counts. */
    static const uint8_t octets[] = { 60, 0, 0xc2, 4, 1, 2, 3, 4, 43, 0, 0xff, 0xff, 0, 0, 0, 0,
                                      44, 0, 0, 9, 0, 0, 0, 0, 6, 0, 0, 1, 0, 0, 0, 7,
                                      1, 2, 3, 4, 5, 6, 7, 8, 9 };
    struct tern_icmp6_quote q;
    size_t off, len = body_make(IPV6_HOP_BY_HOP, octets, sizeof octets);
    ck_assert_int_eq(parse(len, &q, &off), TERN_OK);
    ck_assert_uint_eq(off, 72);
    ck_assert_uint_eq(q.protocol, IPV6_TCP);
    ck_assert_uint_eq(q.l4_len, 9);
    for (size_t cut = 0; cut < 80; cut++)
        ck_assert_int_eq(parse(cut, &q, &off), TERN_TRUNCATED);
    ck_assert_int_eq(parse(80, &q, &off), TERN_OK);
    /* A later fragment has no ports. */
    body[40 + 26] = 1;
    ck_assert_int_eq(parse(len, &q, &off), TERN_TRUNCATED);
}
END_TEST

START_TEST(test_icmp6_quote_rejects_what_cannot_be)
{
    static const uint8_t udp[20] = { 0, 7, 0, 9 };
    struct tern_icmp6_quote q;
    size_t off, len = body_make(IPV6_UDP, udp, sizeof udp);
    for (unsigned version = 0; version < 16; version++) {
        body[0] = (uint8_t)(version << 4);
        ck_assert_int_eq(parse(len, &q, &off), version == 6 ? TERN_OK : TERN_MALFORMED);
    }
    body[0] = 0x60;
    for (uint8_t said = 0; said < 24; said++) {
        body[5] = said;
        ck_assert_int_eq(parse(len, &q, &off), said < 8 ? TERN_MALFORMED : TERN_OK);
        if (said >= 8)
            ck_assert_uint_eq(q.l4_len, said < 20 ? said : 20);
    }
}
END_TEST

START_TEST(test_icmp6_quote_ends_within_the_chains_limit)
{
    /* 27 headers of 8 octets end at 256, and nothing is read behind that. */
    static uint8_t octets[400];
    struct tern_icmp6_quote q;
    size_t off;
    for (size_t n = 20; n < 30; n++) {
        for (size_t i = 0; i < n; i++)
            memcpy(octets + 8 * i, (const uint8_t[8]){ 60 }, 8);
        octets[8 * (n - 1)] = IPV6_UDP;
        size_t len = body_make(60, octets, 8 * n + 8);
        ck_assert_int_eq(parse(len, &q, &off), n <= 27 ? TERN_OK : TERN_TRUNCATED);
    }
}
END_TEST

START_TEST(test_icmp6_error_is_summed_over_the_pseudo_header)
{
    uint8_t msg[48], whole[40 + 48] = { 0 };
    for (size_t len = 8; len <= sizeof msg; len++) {
        memset(msg, 0xa5, sizeof msg);
        tern_icmp6_hdr_emit(msg, ICMP6_TOO_BIG, 1, 0x01020304);
        ck_assert(msg[0] == 2 && msg[1] == 1 && icmp6_value(msg) == 0x01020304);
        msg[2] = 7;    /* what stands there does not count */
        tern_icmp6_seal(msg, len, us, peer);
        memcpy(whole, us, 16);
        memcpy(whole + 16, peer, 16);
        tern_store_be32(whole + 32, (uint32_t)len);
        whole[39] = IPV6_ICMP;
        memcpy(whole + 40, msg, len);
        ck_assert_uint_eq(tern_checksum_fold(tern_checksum_add(0, whole, 40 + len)), 0xffff);
        ck_assert_uint_eq(tern_checksum_fold(tern_checksum_add(
                              tern_ipv6_pseudo_sum(us, peer, len, IPV6_ICMP), msg, len)), 0xffff);
    }
}
END_TEST

START_TEST(test_icmp6_no_error_is_about_an_error_or_a_redirect)
{
    for (unsigned type = 0; type < 256; type++) {
        ck_assert(icmp6_is_error((uint8_t)type) == (type < 128));
        ck_assert(icmp6_is_unanswered((uint8_t)type) == (type < 128 || type == 137));
    }
}
END_TEST

Suite *icmp6_wire_suite(void)
{
    Suite *s = suite_create("icmp6_wire");
    TCase *tc = tcase_create("icmp6_wire");
    tcase_add_test(tc, test_icmp6_quote_rejects_every_truncation);
    tcase_add_test(tc, test_icmp6_quote_is_found_behind_all_headers);
    tcase_add_test(tc, test_icmp6_quote_rejects_what_cannot_be);
    tcase_add_test(tc, test_icmp6_quote_ends_within_the_chains_limit);
    tcase_add_test(tc, test_icmp6_error_is_summed_over_the_pseudo_header);
    tcase_add_test(tc, test_icmp6_no_error_is_about_an_error_or_a_redirect);
    suite_add_tcase(s, tc);
    return s;
}
