/* SPDX-License-Identifier: ISC */
/*
 * The header before each frame of a TAP device.
 */
#include <string.h>

#include "backends/unix/unix_internal.h"
#include "suites.h"

static const struct {
    uint8_t hdr[TERN_VNET_LEN];
    enum tern_err err;
    uint8_t gso, csum;
    uint16_t seg_len;
} parsed[] = {
    { { 0 }, TERN_OK, TERN_GSO_NONE, TERN_CSUM_NONE, 0 },
    { { 1, 0, 0, 0, 0, 0, 34, 0, 16, 0 }, TERN_OK, TERN_GSO_NONE, TERN_CSUM_PARTIAL, 0 },
    { { 2 }, TERN_OK, TERN_GSO_NONE, TERN_CSUM_VALID, 0 },
    { { 3 }, TERN_OK, TERN_GSO_NONE, TERN_CSUM_PARTIAL, 0 },
    /* a plain frame has no segments, whatever the field says */
    { { 0, 0, 0, 0, 9, 9 }, TERN_OK, TERN_GSO_NONE, TERN_CSUM_NONE, 0 },
    { { 1, 1, 66, 0, 0xa8, 5 }, TERN_OK, TERN_GSO_TCP4, TERN_CSUM_PARTIAL, 1448 },
    /* with the bit that says CWR is in the first segment alone */
    { { 1, 0x81, 66, 0, 0xa8, 5 }, TERN_OK, TERN_GSO_TCP4, TERN_CSUM_PARTIAL, 1448 },
    { { 1, 4, 86, 0, 0x94, 5 }, TERN_OK, TERN_GSO_TCP6, TERN_CSUM_PARTIAL, 1428 },
    { { 1, 5, 42, 0, 100, 0 }, TERN_OK, TERN_GSO_UDP, TERN_CSUM_PARTIAL, 100 },
    { { 1, 1, 66, 0, 0, 0 }, TERN_MALFORMED, 0, 0, 0 },
    { { 1, 3, 42, 0, 100, 0 }, TERN_UNSUPPORTED, 0, 0, 0 },
    { { 1, 0x7f, 42, 0, 100, 0 }, TERN_UNSUPPORTED, 0, 0, 0 },
};

START_TEST(a_header_becomes_what_is_known_of_a_frame)
{
    struct tern_rx rx = { .hash = 7 };
    ck_assert_int_eq(tern_vnet_parse(parsed[_i].hdr, &rx), parsed[_i].err);
    if (parsed[_i].err != TERN_OK)
        return;
    ck_assert_uint_eq(rx.gso, parsed[_i].gso);
    ck_assert_uint_eq(rx.csum, parsed[_i].csum);
    ck_assert_uint_eq(rx.seg_len, parsed[_i].seg_len);
    ck_assert_uint_eq(rx.hash, 0);
}
END_TEST

static const struct {
    struct tern_tx tx;
    uint8_t hdr[TERN_VNET_LEN];
} emitted[] = {
    { { .csum_start = 34, .csum_off = 16 }, { 0 } },
    { { .csum_partial = true, .csum_start = 34, .csum_off = 16 },
      { 1, 0, 0, 0, 0, 0, 34, 0, 16, 0 } },
    { { .csum_partial = true, .csum_start = 34, .csum_off = 16, .seg_len = 1448, .hdr_len = 66 },
      { 1, 0, 0, 0, 0, 0, 34, 0, 16, 0 } },    /* lengths mean nothing without segments */
    { { .csum_partial = true, .csum_start = 34, .csum_off = 16, .gso = TERN_GSO_TCP4,
        .seg_len = 1448, .hdr_len = 66 },
      { 1, 1, 66, 0, 0xa8, 5, 34, 0, 16, 0 } },
    { { .csum_partial = true, .csum_start = 54, .csum_off = 16, .gso = TERN_GSO_TCP6,
        .seg_len = 1428, .hdr_len = 86 },
      { 1, 4, 86, 0, 0x94, 5, 54, 0, 16, 0 } },
    { { .csum_partial = true, .csum_start = 34, .csum_off = 6, .gso = TERN_GSO_UDP,
        .seg_len = 300, .hdr_len = 42 },
      { 1, 5, 42, 0, 0x2c, 1, 34, 0, 6, 0 } },
};

START_TEST(what_the_stack_says_becomes_a_header)
{
    uint8_t hdr[TERN_VNET_LEN];
    memset(hdr, 0xff, sizeof hdr);
    tern_vnet_emit(hdr, &emitted[_i].tx);
    ck_assert_mem_eq(hdr, emitted[_i].hdr, sizeof hdr);
}
END_TEST

Suite *unix_vnet_suite(void)
{
    Suite *suite = suite_create("unix_vnet");
    TCase *tc = tcase_create("vnet");

    tcase_add_loop_test(tc, a_header_becomes_what_is_known_of_a_frame, 0,
                        sizeof parsed / sizeof parsed[0]);
    tcase_add_loop_test(tc, what_the_stack_says_becomes_a_header, 0,
                        sizeof emitted / sizeof emitted[0]);
    suite_add_tcase(suite, tc);
    return suite;
}
