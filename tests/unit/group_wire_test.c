/* SPDX-License-Identifier: ISC */
/*
 * IGMP and MLD: queries of each version by their lengths, counts of sources
 * against what is there, and reports octet by octet.
 */
#include "exact.h"
#include "suites.h"

#include "libnet/igmp_wire.h"
#include "libnet/mld_wire.h"

static const uint8_t router[16] = { 0xfe, 0x80, [15] = 1 };
static const uint8_t group6[16] = { 0xff, 2, [15] = 0xfb };
static uint8_t msg[2048];

/* A query about group6, or about all groups, of len octets with zeros behind it. */
static void mld_make(uint16_t code, bool is_general)
{
    memset(msg, 0, sizeof msg);
    msg[0] = ICMP6_MLD_QUERY;
    tern_store_be16(msg + 4, code);
    if (!is_general)
        memcpy(msg + 8, group6, 16);
}

static enum tern_group_fault mld_parse(size_t contig, size_t len, struct tern_group_query *q)
{
    struct tern_mld_from from = { .src = router, .hop_limit = 1, .has_alert = true };
    uint8_t *p = exact(msg, contig);
    enum tern_group_fault fault = tern_mld_query_parse(p, contig, len, &from, q);
    if (fault == TERN_GROUP_GOOD && q->sources != NULL)
        q->sources = msg + (q->sources - p);
    free(p);
    return fault;
}

static void igmp_make(uint8_t code, uint32_t group)
{
    memset(msg, 0, sizeof msg);
    msg[0] = IGMP_QUERY;
    msg[1] = code;
    tern_store_be32(msg + 4, group);
}

static enum tern_group_fault igmp_parse(size_t contig, size_t len, struct tern_group_query *q)
{
    uint8_t *p = exact(msg, contig);
    enum tern_group_fault fault = tern_igmp_query_parse(p, contig, len, 1, q);
    if (fault == TERN_GROUP_GOOD && q->sources != NULL)
        q->sources = msg + (q->sources - p);
    free(p);
    return fault;
}

/* ---- Numbers ------------------------------------------------------------------- */

START_TEST(test_group_values_are_of_mantissa_and_exponent)
{
    static const struct {
        uint8_t code;
        uint32_t value;
    } cases[] = { { 0, 0 }, { 1, 1 }, { 127, 127 }, { 128, 128 }, { 129, 136 }, { 143, 248 },
                  { 144, 256 }, { 0xf0, 16384 }, { 255, 31744 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_uint_eq(tern_group_value(cases[i].code), cases[i].value);
}
END_TEST

/* ---- MLD ------------------------------------------------------------------------- */

START_TEST(test_mld_query_versions_are_told_by_length)
{
    struct tern_group_query q;
    mld_make(10000, true);
    for (size_t len = 0; len < 64; len++) {
        enum tern_group_fault fault = mld_parse(len, len, &q);
        bool good = len == 24 || len >= 28;
        ck_assert_int_eq(fault, good ? TERN_GROUP_GOOD : TERN_GROUP_MALFORMED);
        if (!good)
            continue;
        ck_assert_uint_eq(q.version, len == 24 ? 1 : 2);
        ck_assert(q.is_general && q.n_sources == 0 && q.sources == NULL);
        ck_assert_uint_eq(q.max_response_ms, 10000);
    }
}
END_TEST

START_TEST(test_mld_query_gives_each_field)
{
    struct tern_group_query q;
    mld_make(0x8001, false);
    msg[24] = 0x0a;
    msg[25] = 0x81;
    msg[27] = 2;
    memset(msg + 28, 0x20, 32);
    ck_assert_int_eq(mld_parse(60, 60, &q), TERN_GROUP_GOOD);
    ck_assert(q.version == 2 && !q.is_general && q.suppress);
    ck_assert_uint_eq(q.robustness, 2);
    ck_assert_uint_eq(q.interval_s, 136);
    ck_assert_uint_eq(q.max_response_ms, 0x1001 << 3);
    ck_assert_mem_eq(q.group.octets, group6, 16);
    ck_assert_uint_eq(q.n_sources, 2);
    ck_assert_ptr_eq(q.sources, msg + 28);
    msg[24] = 0xf1;
    tern_store_be16(msg + 4, 0xffff);
    ck_assert_int_eq(mld_parse(60, 60, &q), TERN_GROUP_GOOD);
    ck_assert(!q.suppress && q.robustness == 1);
    ck_assert_uint_eq(q.max_response_ms, 8387584);
    tern_store_be16(msg + 4, 0x7fff);
    ck_assert_int_eq(mld_parse(60, 60, &q), TERN_GROUP_GOOD);
    ck_assert_uint_eq(q.max_response_ms, 0x7fff);
    /* Version 1 has no exponent. */
    tern_store_be16(msg + 4, 0x8001);
    ck_assert_int_eq(mld_parse(24, 24, &q), TERN_GROUP_GOOD);
    ck_assert_uint_eq(q.max_response_ms, 0x8001);
    ck_assert(q.interval_s == 0 && q.robustness == 0 && q.n_sources == 0);
}
END_TEST

START_TEST(test_mld_query_is_from_the_link)
{
    static const uint8_t global[16] = { 0x20, 1 }, any[16] = { 0 };
    struct tern_group_query q;
    struct tern_mld_from from = { .src = router, .hop_limit = 1, .has_alert = true };
    mld_make(1000, true);
    for (unsigned hops = 0; hops < 256; hops++) {
        from.hop_limit = (uint8_t)hops;
        ck_assert_int_eq(tern_mld_query_parse(msg, 24, 24, &from, &q),
                         hops == 1 ? TERN_GROUP_GOOD : TERN_GROUP_NOT_LOCAL);
    }
    from.hop_limit = 1;
    from.has_alert = false;
    ck_assert_int_eq(tern_mld_query_parse(msg, 24, 24, &from, &q), TERN_GROUP_NOT_LOCAL);
    from.has_alert = true;
    from.src = global;
    ck_assert_int_eq(tern_mld_query_parse(msg, 24, 24, &from, &q), TERN_GROUP_NOT_LOCAL);
    from.src = any;
    ck_assert_int_eq(tern_mld_query_parse(msg, 24, 24, &from, &q), TERN_GROUP_NOT_LOCAL);
    from.src = router;
    msg[8] = 0x20;    /* no group, and not all of them */
    ck_assert_int_eq(tern_mld_query_parse(msg, 24, 24, &from, &q), TERN_GROUP_MALFORMED);
}
END_TEST

/* "query with zero/overlong source count or fragmented", CVE-2019-12259, CVE-2019-12265. */
START_TEST(hostile_net_13_mld_source_count_against_length)
{
    struct tern_group_query q;
    mld_make(1000, false);
    for (unsigned n = 0; n <= 0xffff; n += n < 20 ? 1 : 97) {
        tern_store_be16(msg + 26, (uint16_t)n);
        for (size_t len = 28; len <= 28 + 5 * 16; len += 8) {
            bool fits = n * 16 <= len - 28;
            ck_assert_int_eq(mld_parse(len, len, &q),
                             fits ? TERN_GROUP_GOOD : TERN_GROUP_MALFORMED);
            if (fits)
                ck_assert(q.n_sources == n && (q.sources != NULL) == (n > 0));
        }
    }
    /* Sources that lie in two pieces count, but are not shown. */
    tern_store_be16(msg + 26, 4);
    for (size_t contig = 0; contig <= 28 + 64; contig++) {
        ck_assert_int_eq(mld_parse(contig, 28 + 64, &q),
                         contig < 28 ? TERN_GROUP_MALFORMED : TERN_GROUP_GOOD);
        if (contig >= 28)
            ck_assert(q.n_sources == 4 && (q.sources != NULL) == (contig == 28 + 64));
    }
}
END_TEST

START_TEST(test_mld_report_has_the_records_that_fit)
{
    static const uint8_t sources[32] = { 0x20, 1, [16] = 0x20, [17] = 2 };
    struct tern_group_record records[3] = {
        { .type = GROUP_IS_EXCLUDE },
        { .type = GROUP_IS_INCLUDE, .n_sources = 2, .sources = sources },
        { .type = GROUP_TO_EXCLUDE },
    };
    for (size_t i = 0; i < 3; i++) {
        memcpy(records[i].group.octets, group6, 16);
        records[i].group.octets[14] = (uint8_t)i;
    }
    uint8_t expected[100] = { 143, 0, 0, 0, 0, 0, 0, 3, [8] = 2, [28] = 1, [31] = 2, [80] = 4 };
    memcpy(expected + 12, records[0].group.octets, 16);
    memcpy(expected + 32, records[1].group.octets, 16);
    memcpy(expected + 48, sources, 32);
    memcpy(expected + 84, records[2].group.octets, 16);
    for (size_t cap = 8; cap <= 100; cap++) {
        uint8_t *out = exact(msg, cap);
        size_t n_done, len = tern_mld_report_emit(out, cap, records, 3, &n_done);
        ck_assert_uint_eq(n_done, cap < 28 ? 0 : cap < 80 ? 1 : cap < 100 ? 2 : 3);
        ck_assert_uint_eq(len, cap < 28 ? 8 : cap < 80 ? 28 : cap < 100 ? 80 : 100);
        expected[7] = (uint8_t)n_done;
        ck_assert_mem_eq(out, expected, len);
        free(out);
    }
}
END_TEST

START_TEST(test_mld1_messages_octet_by_octet)
{
    struct tern_addr group;
    uint8_t out[MLD1_LEN], expected[MLD1_LEN] = { 131 };
    memcpy(group.octets, group6, 16);
    memcpy(expected + 8, group6, 16);
    tern_mld1_emit(out, ICMP6_MLD_REPORT, &group);
    ck_assert_mem_eq(out, expected, sizeof out);
    expected[0] = 132;
    tern_mld1_emit(out, ICMP6_MLD_DONE, &group);
    ck_assert_mem_eq(out, expected, sizeof out);
}
END_TEST

/* ---- IGMP --------------------------------------------------------------------------- */

START_TEST(test_igmp_query_versions_are_told_by_length_and_code)
{
    struct tern_group_query q;
    for (size_t len = 0; len < 32; len++) {
        bool good = len == 8 || len >= 12;
        igmp_make(100, 0);
        ck_assert_int_eq(igmp_parse(len, len, &q), good ? TERN_GROUP_GOOD : TERN_GROUP_MALFORMED);
        if (!good)
            continue;
        ck_assert_uint_eq(q.version, len == 8 ? 2 : 3);
        ck_assert_uint_eq(q.max_response_ms, 10000);
        ck_assert(q.is_general && q.n_sources == 0);
        igmp_make(0, 0);
        ck_assert_int_eq(igmp_parse(len, len, &q), TERN_GROUP_GOOD);
        ck_assert_uint_eq(q.version, len == 8 ? 1 : 3);
        ck_assert_uint_eq(q.max_response_ms, len == 8 ? 10000 : 0);
        igmp_make(255, 0);
        ck_assert_int_eq(igmp_parse(len, len, &q), TERN_GROUP_GOOD);
        ck_assert_uint_eq(q.max_response_ms, len == 8 ? 25500 : 3174400);
    }
}
END_TEST

START_TEST(test_igmp_query_gives_each_field)
{
    struct tern_group_query q;
    igmp_make(1, 0xe00000fb);
    msg[8] = 0x0f;
    msg[9] = 125;
    msg[11] = 3;
    ck_assert_int_eq(igmp_parse(24, 24, &q), TERN_GROUP_GOOD);
    ck_assert(q.version == 3 && q.suppress && q.robustness == 7 && q.interval_s == 125);
    ck_assert(!q.is_general && tern_addr_is_v4(&q.group));
    ck_assert_uint_eq(tern_addr_to_v4(&q.group), 0xe00000fb);
    ck_assert(q.n_sources == 3 && q.sources == msg + 12);
}
END_TEST

START_TEST(test_igmp_query_is_from_the_link_and_of_a_group)
{
    struct tern_group_query q;
    igmp_make(100, 0);
    for (unsigned ttl = 0; ttl < 256; ttl++)
        ck_assert_int_eq(tern_igmp_query_parse(msg, 8, 8, (uint8_t)ttl, &q),
                         ttl == 1 ? TERN_GROUP_GOOD : TERN_GROUP_NOT_LOCAL);
    for (uint32_t first = 1; first < 256; first++) {
        igmp_make(100, first << 24);
        ck_assert_int_eq(igmp_parse(8, 8, &q), first >> 4 == 0xe ? TERN_GROUP_GOOD
                                                                 : TERN_GROUP_MALFORMED);
    }
}
END_TEST

/* "IGMPv3 query with zero/overlong source count or fragmented", CVE-2019-12259. */
START_TEST(hostile_net_13_igmp_source_count_against_length)
{
    struct tern_group_query q;
    igmp_make(100, 0xe00000fb);
    for (unsigned n = 0; n <= 0xffff; n += n < 20 ? 1 : 97) {
        tern_store_be16(msg + 10, (uint16_t)n);
        for (size_t len = 12; len <= 12 + 5 * 4; len++) {
            bool fits = n * 4 <= len - 12;
            ck_assert_int_eq(igmp_parse(len, len, &q),
                             fits ? TERN_GROUP_GOOD : TERN_GROUP_MALFORMED);
            if (fits)
                ck_assert(q.n_sources == n && (q.sources != NULL) == (n > 0));
        }
    }
    tern_store_be16(msg + 10, 4);
    for (size_t contig = 0; contig <= 12 + 16; contig++) {
        ck_assert_int_eq(igmp_parse(contig, 12 + 16, &q),
                         contig < 12 ? TERN_GROUP_MALFORMED : TERN_GROUP_GOOD);
        if (contig >= 12)
            ck_assert(q.n_sources == 4 && (q.sources != NULL) == (contig == 12 + 16));
    }
}
END_TEST

START_TEST(test_igmp_messages_octet_by_octet)
{
    static const uint8_t sources[4] = { 192, 0, 2, 1 };
    const struct tern_group_record records[2] = {
        { .type = GROUP_IS_EXCLUDE, .group = tern_addr_v4(0xe00000fb) },
        { .type = GROUP_ALLOW, .group = tern_addr_v4(0xe9010203), .n_sources = 1,
          .sources = sources },
    };
    uint8_t expected[28] = { 0x22, 0, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 224, 0, 0, 251,
                             5, 0, 0, 1, 233, 1, 2, 3, 192, 0, 2, 1 };
    uint8_t out[28];
    for (size_t cap = 8; cap <= sizeof out; cap++) {
        memset(out, 0xa5, sizeof out);
        size_t n_done, len = tern_igmp_report_emit(out, cap, records, 2, &n_done);
        ck_assert_uint_eq(n_done, cap < 16 ? 0 : cap < 28 ? 1 : 2);
        ck_assert_uint_eq(len, cap < 16 ? 8 : cap < 28 ? 16 : 28);
        ck_assert_uint_eq(tern_checksum_fold(tern_checksum_add(0, out, len)), 0xffff);
        expected[7] = (uint8_t)n_done;
        memcpy(expected + 2, out + 2, 2);
        ck_assert_mem_eq(out, expected, len);
    }
    static const uint8_t leave[8] = { 0x17, 0, 8, 4, 0xe0, 0, 0, 0xfb };
    static const uint8_t report[8] = { 0x16, 0, 9, 4, 0xe0, 0, 0, 0xfb };
    tern_igmp_emit(out, IGMP_LEAVE, 0xe00000fb);
    ck_assert_mem_eq(out, leave, 8);
    tern_igmp_emit(out, IGMP_REPORT_V2, 0xe00000fb);
    ck_assert_mem_eq(out, report, 8);
}
END_TEST

Suite *group_wire_suite(void)
{
    Suite *s = suite_create("group_wire");
    TCase *tc = tcase_create("group_wire");
    tcase_add_test(tc, test_group_values_are_of_mantissa_and_exponent);
    tcase_add_test(tc, test_mld_query_versions_are_told_by_length);
    tcase_add_test(tc, test_mld_query_gives_each_field);
    tcase_add_test(tc, test_mld_query_is_from_the_link);
    tcase_add_test(tc, hostile_net_13_mld_source_count_against_length);
    tcase_add_test(tc, test_mld_report_has_the_records_that_fit);
    tcase_add_test(tc, test_mld1_messages_octet_by_octet);
    tcase_add_test(tc, test_igmp_query_versions_are_told_by_length_and_code);
    tcase_add_test(tc, test_igmp_query_gives_each_field);
    tcase_add_test(tc, test_igmp_query_is_from_the_link_and_of_a_group);
    tcase_add_test(tc, hostile_net_13_igmp_source_count_against_length);
    tcase_add_test(tc, test_igmp_messages_octet_by_octet);
    suite_add_tcase(s, tc);
    return s;
}
