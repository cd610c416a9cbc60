/* SPDX-License-Identifier: ISC */
/*
 * Multicast listening: reports of joins and leaves, answers to queries of both
 * versions, and queries that are none.
 */
#include "net6_fixture.h"
#include "suites.h"

#include "libnet/mld_wire.h"

static const char group_text[] = "ff05::101", group_2_text[] = "ff05::102", router[] = "fe80::fe";

static void join(struct net6_fixture *f, const char *group, bool leave)
{
    struct tern_addr a = addr6(group);
    ck_assert_int_eq(tern_net_groups_ipv6.join(&f->net, &f->ipv6, &a, 1, leave), TERN_OK);
    net6_pass(f, 1);
}

/* How a message comes: by default as a router's, from its link. */
struct from {
    const char *src, *dst;
    unsigned hop_limit;     /* 0: 1 */
    bool no_alert, fragmented;
};

static void say(struct net6_fixture *f, const struct from *from, uint8_t *msg, size_t len)
{
    static uint8_t frame[PACKET_CAP];
    struct tern_addr src = addr6(from->src != NULL ? from->src : router);
    struct tern_addr dst = addr6(from->dst != NULL ? from->dst : "ff02::1");
    uint8_t *hdr = frame + PACKET_ETH;
    size_t off = 40;
    struct tern_ipv6_hdr h = { .src = src.octets, .dst = dst.octets, .next = 58,
                               .hop_limit = (uint8_t)(from->hop_limit != 0 ? from->hop_limit : 1) };
    tern_store_be16(frame, 0x3333);
    memcpy(frame + 2, dst.octets + 12, 4);
    if (dst.octets[0] != 0xff)
        memcpy(frame, packet_mac_us, 6);
    memcpy(frame + 6, packet_mac_peer, 6);
    tern_store_be16(frame + 12, 0x86dd);
    tern_icmp6_seal(msg, len, src.octets, dst.octets);
    if (!from->no_alert) {
        h.next = 0;
        tern_ipv6_alert_emit(hdr + off, from->fragmented ? 44 : 58);
        off += 8;
    }
    if (from->fragmented) {    /* an atomic fragment: all of it in one */
        if (from->no_alert)
            h.next = 44;
        tern_ipv6_fragment_emit(hdr + off, 58, 0, false, 7);
        off += 8;
    }
    memcpy(hdr + off, msg, len);
    h.payload_len = (uint16_t)(off - 40 + len);
    tern_ipv6_hdr_emit(hdr, &h);
    uint64_t next_ns = fake_link_input(&f->wire, frame, PACKET_ETH + off + len, f->now_ns);
    while (next_ns <= f->now_ns)
        next_ns = tern_net_poll(&f->net, f->now_ns);
}

static void query(struct net6_fixture *f, uint8_t version, const char *group, uint16_t response)
{
    static const struct from usual;
    uint8_t msg[28] = { ICMP6_MLD_QUERY };
    struct tern_addr a = addr6(group);
    tern_store_be16(msg + 4, response);
    memcpy(msg + 8, a.octets, 16);
    say(f, &usual, msg, version == 2 ? 28 : 24);
}

/* A message of ours; type 0: none was sent. */
struct told {
    uint8_t type, record;
    uint16_t n_records;
    struct tern_addr src, dst;
    const uint8_t *records;
};

static struct told told(struct net6_fixture *f)
{
    const struct fake_frame *sent;
    struct told t = { 0 };
    do
        if ((sent = fake_link_take(&f->wire)) == NULL)
            return t;
    while (sent->data[PACKET_ETH + 6] != 0);
    static const uint8_t alert[8] = { 58, 0, 5, 2, 0, 0, 1, 0 };
    const uint8_t *hdr = sent->data + PACKET_ETH, *msg = hdr + 48;
    uint8_t copy[1500];
    size_t len = sent->len - PACKET_ETH - 48;
    ck_assert_uint_eq(hdr[7], 1);
    ck_assert_mem_eq(hdr + 40, alert, 8);
    ck_assert_uint_eq(tern_load_be16(hdr + 4), len + 8);
    t.src = ipv6_addr(hdr + 8);
    t.dst = ipv6_addr(hdr + 24);
    ck_assert_uint_eq(tern_load_be16(sent->data), 0x3333);
    ck_assert_mem_eq(sent->data + 2, hdr + 36, 4);
    memcpy(copy, msg, len);
    tern_store_be16(copy + 2, 0);
    tern_icmp6_seal(copy, len, hdr + 8, hdr + 24);
    ck_assert_mem_eq(copy, msg, len);
    t.type = msg[0];
    t.records = msg + 8;
    if (t.type == ICMP6_MLD2_REPORT) {
        t.n_records = tern_load_be16(msg + 6);
        t.record = msg[8];
        ck_assert_uint_eq(len, 8 + 20u * t.n_records);
        ck_assert(tern_addr_equal(&t.dst, (const struct tern_addr[]){ addr6("ff02::16") }));
    } else {
        ck_assert_uint_eq(len, 24);
    }
    return t;
}

/* Is the group in one of its records, as this? */
static bool has(const struct told *t, const char *group, uint8_t record)
{
    struct tern_addr a = addr6(group);
    for (size_t i = 0; i < t->n_records; i++)
        if (memcmp(t->records + 20 * i + 4, a.octets, 16) == 0)
            return t->records[20 * i] == record;
    return false;
}

static bool quiet(struct net6_fixture *f)
{
    return told(f).type == 0;
}

/* Its addresses are in use, so two solicited-node groups are reported already. */
static struct net6_fixture *joined(void)
{
    struct net6_fixture *f = net6_fixture();
    join(f, group_text, false);
    join(f, group_2_text, false);
    net6_pass(f, 3 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    memset(&f->ipv6.stats, 0, sizeof f->ipv6.stats);
    return f;
}

START_TEST(test_mld_reports_a_join_and_a_leave_twice)
{
    struct net6_fixture *f = net6_fixture();
    join(f, group_text, false);
    for (size_t i = 0; i < 2; i++) {
        struct told t = told(f);
        ck_assert_uint_eq(t.n_records, 1);
        ck_assert(has(&t, group_text, GROUP_TO_EXCLUDE));
        ck_assert(ipv6_addr_is_link_local(&t.src));
        net6_pass(f, 1100 * TERN_MILLISECOND_NS);
    }
    join(f, group_text, true);
    for (size_t i = 0; i < 2; i++) {
        struct told t = told(f);
        ck_assert(has(&t, group_text, GROUP_TO_INCLUDE));
        net6_pass(f, 1100 * TERN_MILLISECOND_NS);
    }
    net6_pass(f, 20 * TERN_SECOND_NS);
    ck_assert(quiet(f));
}
END_TEST

/* RFC 3590: before there is an address to report from, and once more when there is. */
START_TEST(test_mld_reports_without_an_address_and_again_with_one)
{
    struct net6_fixture *f = net6_fixture_bare();
    struct told t;
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, 0), TERN_OK);
    net6_pass(f, 1);
    t = told(f);
    ck_assert_uint_eq(t.type, ICMP6_MLD2_REPORT);
    ck_assert_uint_eq(t.n_records, 1);
    ck_assert(tern_addr_is_any(&t.src));
    ck_assert_uint_eq(tern_load_be64(t.records + 4), UINT64_C(0xff02) << 48);    /* ff02::1:ff... */
    bool with_address = false;
    for (size_t i = 0; i < 100; i++) {
        net6_pass(f, 50 * TERN_MILLISECOND_NS);
        while ((t = told(f)).type != 0)
            with_address |= ipv6_addr_is_link_local(&t.src);
    }
    ck_assert(with_address);
    ck_assert_uint_eq(f->net.links[0].n_groups, 2);    /* its own, and all nodes */
}
END_TEST

START_TEST(test_mld_does_not_report_what_needs_none)
{
    struct net6_fixture *f = net6_fixture();
    join(f, "ff02::1", false);
    join(f, "ff01::5", false);
    join(f, "ff10::5", false);
    query(f, 1, "ff02::1", 100);
    query(f, 2, "ff01::5", 100);
    net6_pass(f, 3 * TERN_SECOND_NS);
    ck_assert(quiet(f));
    join(f, "ff01::5", true);
    ck_assert(quiet(f));
    ck_assert(tern_ipv6_has_group(&f->ipv6, 0, (const struct tern_addr[]){ addr6("ff02::1") }));
}
END_TEST

START_TEST(test_mld_answers_queries_within_their_time)
{
    struct net6_fixture *f = joined();
    query(f, 2, "::", 5000);
    net6_pass(f, 5100 * TERN_MILLISECOND_NS);
    struct told t = told(f);
    ck_assert_uint_eq(t.n_records, 4);
    ck_assert(has(&t, group_text, GROUP_IS_EXCLUDE) && has(&t, group_2_text, GROUP_IS_EXCLUDE));
    ck_assert(has(&t, "ff02::1:ff00:1", GROUP_IS_EXCLUDE));
    ck_assert(quiet(f));
    query(f, 2, group_2_text, 1000);
    net6_pass(f, 1100 * TERN_MILLISECOND_NS);
    t = told(f);
    ck_assert_uint_eq(t.n_records, 1);
    ck_assert(has(&t, group_2_text, GROUP_IS_EXCLUDE));
    query(f, 2, "ff05::999", 1000);
    net6_pass(f, 2 * TERN_SECOND_NS);
    ck_assert(quiet(f));
    ck_assert_uint_eq(f->ipv6.stats.ip.group_queries, 3);
    ck_assert_uint_eq(f->ipv6.stats.icmp_mld_in, 3);
}
END_TEST

START_TEST(test_mld_answers_a_query_about_sources_with_all)
{
    struct net6_fixture *f = joined();
    static const struct from usual;
    struct tern_addr a = addr6(group_text), source = addr6("2001:db8::9");
    uint8_t msg[28 + 32] = { ICMP6_MLD_QUERY, [27] = 2 };
    memcpy(msg + 8, a.octets, 16);
    memcpy(msg + 28, source.octets, 16);
    memcpy(msg + 44, source.octets, 16);
    say(f, &usual, msg, sizeof msg);    /* at once */
    struct told t = told(f);
    ck_assert(has(&t, group_text, GROUP_IS_EXCLUDE));
    ck_assert(quiet(f));
}
END_TEST

START_TEST(test_mld_speaks_version_1_where_a_querier_does)
{
    struct net6_fixture *f = joined();
    struct tern_addr all_routers = addr6("ff02::2"), group = addr6(group_text);
    query(f, 1, "::", 1000);
    net6_pass(f, 1100 * TERN_MILLISECOND_NS);
    for (size_t i = 0; i < 4; i++) {
        struct told t = told(f);
        ck_assert_uint_eq(t.type, ICMP6_MLD_REPORT);
        ck_assert_mem_eq(t.records, t.dst.octets, 16);
    }
    ck_assert(quiet(f));
    /* Another host's report makes ours needless, and then our leaving is no news. */
    static const struct from peer = { .src = "fe80::2", .dst = "ff05::101" };
    uint8_t msg[24] = { ICMP6_MLD_REPORT };
    memcpy(msg + 8, group.octets, 16);
    query(f, 1, group_text, 1000);
    say(f, &peer, msg, sizeof msg);
    net6_pass(f, 1100 * TERN_MILLISECOND_NS);
    ck_assert(quiet(f));
    join(f, group_text, true);
    ck_assert(quiet(f));
    join(f, group_2_text, true);
    struct told t = told(f);
    ck_assert_uint_eq(t.type, ICMP6_MLD_DONE);
    ck_assert(tern_addr_equal(&t.dst, &all_routers));
    ck_assert_uint_eq(f->ipv6.stats.ip.group_heard, 1);
    net6_pass(f, 262 * TERN_SECOND_NS);
    join(f, group_text, false);
    ck_assert_uint_eq(told(f).type, ICMP6_MLD2_REPORT);
}
END_TEST

/* Each in the counter that says why. */
START_TEST(test_mld_believes_only_queries_of_its_link)
{
    struct net6_fixture *f = joined();
    const struct tern_ip_stats *s = &f->ipv6.stats.ip;
    uint8_t msg[28 + 48] = { ICMP6_MLD_QUERY };
    for (unsigned hops = 2; hops < 256; hops++)
        say(f, &(struct from){ .hop_limit = hops }, msg, 28);
    say(f, &(struct from){ .src = "2001:db8::2" }, msg, 28);
    say(f, &(struct from){ .src = "::" }, msg, 28);
    say(f, &(struct from){ .no_alert = true }, msg, 28);
    say(f, &(struct from){ .no_alert = true }, msg, 24);
    ck_assert_uint_eq(s->group_not_local, 254 + 4);
    say(f, &(struct from){ .fragmented = true }, msg, 28);
    for (size_t len = 8; len < 28; len++)
        if (len != 24)
            say(f, &(struct from){ 0 }, msg, len);
    for (uint16_t n = 0; n < 4; n++) {    /* one source more than there is, and all that can be */
        tern_store_be16(msg + 26, (uint16_t)(n + 1));
        say(f, &(struct from){ 0 }, msg, 28 + 16u * n);
        tern_store_be16(msg + 26, UINT16_MAX);
        say(f, &(struct from){ 0 }, msg, 28 + 16u * n);
    }
    tern_store_be16(msg + 26, 0);
    msg[8] = 0x20;    /* no group */
    say(f, &(struct from){ 0 }, msg, 28);
    ck_assert_uint_eq(s->group_malformed, 1 + 19 + 8 + 1);
    msg[0] = ICMP6_MLD2_REPORT;
    say(f, &(struct from){ 0 }, msg, 28);
    msg[0] = ICMP6_MLD_DONE;
    say(f, &(struct from){ 0 }, msg, 24);
    ck_assert_uint_eq(s->group_ignored, 2);
    ck_assert_uint_eq(f->ipv6.stats.icmp_mld_in, s->group_not_local + s->group_malformed +
                                                     s->group_ignored + s->group_queries);
    net6_pass(f, 20 * TERN_SECOND_NS);
    ck_assert(quiet(f));
}
END_TEST

START_TEST(test_mld_answers_many_queries_once)
{
    struct net6_fixture *f = joined();
    for (size_t i = 0; i < 10000; i++) {
        query(f, 2, "::", 10000);
        query(f, 2, group_text, 10000);
    }
    net6_pass(f, 11 * TERN_SECOND_NS);
    ck_assert_uint_ge(f->ipv6.stats.ip.group_reports, 1);
    ck_assert_uint_le(f->ipv6.stats.ip.group_reports, 20);
}
END_TEST

START_TEST(test_mld_has_room_for_so_many_groups)
{
    struct net6_fixture *f = net6_fixture_bare();
    struct tern_addr a = addr6(group_text);
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, 0), TERN_OK);
    for (size_t i = 2; i < TERN_IPV6_GROUPS; i++) {
        a.octets[15] = (uint8_t)i;
        ck_assert_int_eq(tern_net_groups_ipv6.join(&f->net, &f->ipv6, &a, 1, false), TERN_OK);
    }
    a.octets[15] = 0xff;
    ck_assert_int_eq(tern_net_groups_ipv6.join(&f->net, &f->ipv6, &a, 1, false), TERN_FULL);
    net6_pass(f, 1);
    size_t n = 0;
    for (struct told t = told(f); t.type != 0; t = told(f))
        n += t.n_records;
    ck_assert_uint_eq(n, TERN_IPV6_GROUPS - 1);    /* in as many messages as they need */
    a.octets[15] = 2;
    ck_assert_int_eq(tern_net_groups_ipv6.join(&f->net, &f->ipv6, &a, 1, true), TERN_OK);
    ck_assert_int_eq(tern_net_groups_ipv6.join(&f->net, &f->ipv6, &a, 1, true), TERN_INVALID);
    a.octets[15] = 0xff;    /* in the place of one that is still being left */
    ck_assert_int_eq(tern_net_groups_ipv6.join(&f->net, &f->ipv6, &a, 1, false), TERN_OK);
}
END_TEST

Suite *mld_suite(void)
{
    Suite *s = suite_create("mld");
    TCase *tc = tcase_create("listener");
    suite_add_tcase(s, tc);
    tcase_add_test(tc, test_mld_reports_a_join_and_a_leave_twice);
    tcase_add_test(tc, test_mld_reports_without_an_address_and_again_with_one);
    tcase_add_test(tc, test_mld_does_not_report_what_needs_none);
    tcase_add_test(tc, test_mld_answers_queries_within_their_time);
    tcase_add_test(tc, test_mld_answers_a_query_about_sources_with_all);
    tcase_add_test(tc, test_mld_speaks_version_1_where_a_querier_does);
    tcase_add_test(tc, test_mld_believes_only_queries_of_its_link);
    tcase_add_test(tc, test_mld_answers_many_queries_once);
    tcase_add_test(tc, test_mld_has_room_for_so_many_groups);
    return s;
}
