/* SPDX-License-Identifier: ISC */
/*
 * TCP's wire format: tables of headers and options, good and bad, and every
 * truncation of a good one.
 */
#include "suites.h"

#include "libnet/tcp_seq.h"
#include "libnet/tcp_wire.h"

#include <stdlib.h>
#include <string.h>

static size_t hdr_make(uint8_t *l4, const uint8_t *options, size_t options_len)
{
    size_t hdr_len = 20 + options_len;
    memset(l4, 0, hdr_len);
    tern_store_be16(l4 + TCP_SRC_PORT, 4000);
    tern_store_be16(l4 + TCP_DST_PORT, 80);
    tern_store_be32(l4 + TCP_SEQ, 0x01020304);
    tern_store_be32(l4 + TCP_ACK_NO, 0x05060708);
    l4[TCP_OFFSET] = (uint8_t)(hdr_len / 4 << 4);
    l4[TCP_FLAGS] = TCP_ACK | TCP_PSH;
    tern_store_be16(l4 + TCP_WINDOW, 0x1234);
    if (options_len > 0)
        memcpy(l4 + 20, options, options_len);
    return hdr_len;
}

START_TEST(test_segment_gives_each_field_of_its_header)
{
    uint8_t l4[64];
    struct tern_tcp_seg seg;
    size_t len = hdr_make(l4, NULL, 0);
    ck_assert_int_eq(tern_tcp_seg_parse(&seg, l4, len + 5, len + 5), TERN_OK);
    ck_assert_uint_eq(seg.src_port, 4000);
    ck_assert_uint_eq(seg.dst_port, 80);
    ck_assert_uint_eq(seg.seq, 0x01020304);
    ck_assert_uint_eq(seg.ack, 0x05060708);
    ck_assert_uint_eq(seg.wnd, 0x1234);
    ck_assert_uint_eq(seg.flags, TCP_ACK | TCP_PSH);
    ck_assert_uint_eq(seg.len, 5);
    ck_assert_uint_eq(seg.hdr_len, 20);
}
END_TEST

START_TEST(test_segment_rejects_every_truncation)
{
    uint8_t l4[64];
    struct tern_tcp_seg seg;
    static const uint8_t options[] = { 2, 4, 5, 0xb4, 1, 3, 3, 7 };
    size_t len = hdr_make(l4, options, sizeof options);
    for (size_t n = 0; n < len; n++) {
        uint8_t *exact = malloc(n > 0 ? n : 1);
        memcpy(exact, l4, n);
        enum tern_err err = tern_tcp_seg_parse(&seg, exact, n, n);
        ck_assert_int_eq(err, n < 20 ? TERN_TRUNCATED : TERN_MALFORMED);
        free(exact);
    }
    ck_assert_int_eq(tern_tcp_seg_parse(&seg, l4, len, len), TERN_OK);
    /* Enough of it, but not in one run; and a run that is longer than the segment. */
    ck_assert_int_eq(tern_tcp_seg_parse(&seg, l4, len - 1, len + 100), TERN_MALFORMED);
    ck_assert_int_eq(tern_tcp_seg_parse(&seg, l4, 19, len), TERN_TRUNCATED);
    ck_assert_int_eq(tern_tcp_seg_parse(&seg, l4, len, 19), TERN_TRUNCATED);
    ck_assert_int_eq(tern_tcp_seg_parse(&seg, l4, len, len - 1), TERN_MALFORMED);
}
END_TEST

START_TEST(test_segment_rejects_data_offsets_below_five)
{
    uint8_t l4[64];
    struct tern_tcp_seg seg;
    size_t len = hdr_make(l4, NULL, 0);
    for (unsigned words = 0; words < 16; words++) {
        l4[TCP_OFFSET] = (uint8_t)(words << 4);
        ck_assert_int_eq(tern_tcp_seg_parse(&seg, l4, len, len),
                         words == 5 ? TERN_OK : TERN_MALFORMED);
        ck_assert_int_eq(tern_tcp_seg_parse(&seg, l4, 60, 60),
                         words >= 5 ? TERN_OK : TERN_MALFORMED);
    }
}
END_TEST

struct option_case {
    const char *why;
    uint8_t octets[40];
    size_t len;
    enum tern_err err;
    uint16_t mss;
    uint8_t scale;
    bool has_ts;
};

static const struct option_case option_cases[] = {
    { "none", { 0 }, 0, TERN_OK, 0, TCP_SCALE_NONE, false },
    { "only ends", { 0, 0, 0, 0 }, 4, TERN_OK, 0, TCP_SCALE_NONE, false },
    { "what follows the end is not read", { 0, 2, 0, 0 }, 4, TERN_OK, 0, TCP_SCALE_NONE, false },
    { "NOPs", { 1, 1, 1, 1 }, 4, TERN_OK, 0, TCP_SCALE_NONE, false },
    { "MSS", { 2, 4, 0x05, 0xb4 }, 4, TERN_OK, 1460, TCP_SCALE_NONE, false },
    { "MSS 0 is an option, too", { 2, 4, 0, 0 }, 4, TERN_OK, 0, TCP_SCALE_NONE, false },
    { "MSS of three octets", { 2, 3, 5, 1 }, 4, TERN_MALFORMED, 0, 0, false },
    { "MSS of five", { 2, 5, 5, 1, 1, 1, 1, 1 }, 8, TERN_MALFORMED, 0, 0, false },
    { "MSS cut off", { 1, 1, 1, 2 }, 4, TERN_MALFORMED, 0, 0, false },
    { "MSS cut off behind its length", { 1, 1, 2, 4 }, 4, TERN_MALFORMED, 0, 0, false },
    { "scale", { 3, 3, 7, 0 }, 4, TERN_OK, 0, 7, false },
    { "scale 15 counts as 14", { 3, 3, 15, 0 }, 4, TERN_OK, 0, 14, false },
    { "scale 255 counts as 14", { 3, 3, 255, 0 }, 4, TERN_OK, 0, 14, false },
    { "scale of four octets", { 3, 4, 7, 7 }, 4, TERN_MALFORMED, 0, 0, false },
    { "timestamps", { 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2 }, 12, TERN_OK, 0, TCP_SCALE_NONE,
      true },
    { "timestamps in another place", { 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1 }, 12, TERN_OK, 0,
      TCP_SCALE_NONE, true },
    { "timestamps of nine", { 8, 9, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1 }, 12, TERN_MALFORMED, 0, 0,
      false },
    { "timestamps cut off", { 1, 1, 1, 8, 10, 0, 0, 0 }, 8, TERN_MALFORMED, 0, 0, false },
    { "SACK-permitted is skipped", { 4, 2, 2, 4, 5, 0xb4, 1, 1 }, 8, TERN_OK, 1460,
      TCP_SCALE_NONE, false },
    { "SACK is skipped whatever it says", { 5, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1 }, 12, TERN_OK,
      0, TCP_SCALE_NONE, false },
    { "unknown is skipped", { 254, 4, 1, 2 }, 4, TERN_OK, 0, TCP_SCALE_NONE, false },
    { "unknown to the last octet", { 254, 8, 1, 2, 3, 4, 5, 6 }, 8, TERN_OK, 0, TCP_SCALE_NONE,
      false },
    { "unknown beyond the last", { 254, 9, 1, 2, 3, 4, 5, 6 }, 8, TERN_MALFORMED, 0, 0, false },
    { "length 0", { 254, 0, 1, 1 }, 4, TERN_MALFORMED, 0, 0, false },
    { "length 1", { 254, 1, 1, 1 }, 4, TERN_MALFORMED, 0, 0, false },
    { "all that a SYN has", { 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7 },
      20, TERN_OK, 1460, 7, true },
};

START_TEST(test_options_by_table)
{
    const struct option_case *c = &option_cases[_i];
    uint8_t l4[64];
    struct tern_tcp_seg seg;
    size_t len = hdr_make(l4, c->octets, c->len);
    uint8_t *exact = malloc(len);
    memcpy(exact, l4, len);
    ck_assert_int_eq(tern_tcp_seg_parse(&seg, exact, len, len), TERN_OK);
    ck_assert_msg(tern_tcp_seg_options_parse(&seg, exact) == c->err, "%s", c->why);
    free(exact);
    if (c->err != TERN_OK)
        return;
    ck_assert_msg(seg.mss == c->mss && seg.scale == c->scale && seg.has_ts == c->has_ts, "%s",
                  c->why);
    if (c->has_ts)
        ck_assert(seg.ts_val == 1 && seg.ts_ecr == 2);
}
END_TEST

START_TEST(test_header_that_is_emitted_parses_back)
{
    for (unsigned with = 0; with < 8; with++) {
        struct tern_tcp_hdr hdr = {
            .src_port = 1, .dst_port = 65535, .seq = UINT32_MAX, .ack = 7, .wnd = 8,
            .mss = (with & 1) != 0 ? 1460 : 0,
            .scale = (with & 2) != 0 ? 3 : TCP_SCALE_NONE,
            .flags = TCP_SYN,
            .has_ts = (with & 4) != 0, .ts_val = 9, .ts_ecr = 10,
        };
        uint8_t l4[TCP_HDR_MAX];
        struct tern_tcp_seg seg;
        size_t len = tern_tcp_hdr_emit(&hdr, l4);
        ck_assert_uint_eq(len, tern_tcp_hdr_len(&hdr));
        ck_assert_uint_eq(len % 4, 0);
        ck_assert_int_eq(tern_tcp_seg_parse(&seg, l4, len, len), TERN_OK);
        ck_assert_int_eq(tern_tcp_seg_options_parse(&seg, l4), TERN_OK);
        ck_assert(seg.src_port == 1 && seg.dst_port == 65535 && seg.seq == UINT32_MAX);
        ck_assert(seg.ack == 7 && seg.wnd == 8 && seg.flags == TCP_SYN && seg.len == 0);
        ck_assert(seg.mss == hdr.mss && seg.scale == hdr.scale && seg.has_ts == hdr.has_ts);
        if (hdr.has_ts)
            ck_assert(seg.ts_val == 9 && seg.ts_ecr == 10);
    }
}
END_TEST

START_TEST(test_sequence_numbers_compare_round_the_circle)
{
    static const uint32_t at[] = { 0, 1, 0x7fffffff, 0x80000000u, 0xfffffffeu, UINT32_MAX };
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        uint32_t a = at[i];
        ck_assert(!tern_tcp_seq_lt(a, a) && tern_tcp_seq_leq(a, a) && tern_tcp_seq_geq(a, a));
        ck_assert(tern_tcp_seq_lt(a, a + 1) && tern_tcp_seq_gt(a + 1, a));
        ck_assert(tern_tcp_seq_lt(a, a + 0x7fffffff) && !tern_tcp_seq_gt(a, a + 0x7fffffff));
        ck_assert(tern_tcp_seq_in(a, a, 1) && !tern_tcp_seq_in(a, a, 0));
        ck_assert(!tern_tcp_seq_in(a - 1, a, 10) && tern_tcp_seq_in(a + 9, a, 10));
        ck_assert(!tern_tcp_seq_in(a + 10, a, 10));
        ck_assert_uint_eq(tern_tcp_seq_max(a, a + 5), a + 5);
    }
}
END_TEST

Suite *tcp_wire_suite(void)
{
    Suite *suite = suite_create("tcp_wire");
    TCase *tc = tcase_create("wire");
    tcase_add_test(tc, test_segment_gives_each_field_of_its_header);
    tcase_add_test(tc, test_segment_rejects_every_truncation);
    tcase_add_test(tc, test_segment_rejects_data_offsets_below_five);
    tcase_add_loop_test(tc, test_options_by_table, 0,
                        (int)(sizeof option_cases / sizeof option_cases[0]));
    tcase_add_test(tc, test_header_that_is_emitted_parses_back);
    tcase_add_test(tc, test_sequence_numbers_compare_round_the_circle);
    suite_add_tcase(suite, tc);
    return suite;
}
