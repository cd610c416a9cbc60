/* SPDX-License-Identifier: ISC */
/*
 * IGMP as a host speaks it: reports of joins and leaves, answers to queries of
 * three versions, and queries that are none.
 */
#include "net_fixture.h"
#include "suites.h"

#include "libnet/igmp_wire.h"
#include "libnet/ipv4_internal.h"

#include <check.h>
#include <string.h>

#define GROUP 0xef010203u
#define GROUP_2 0xef010204u

static uint8_t frame[PACKET_CAP];
static const uint8_t alert[4] = { 0x94, 4, 0, 0 };

static void join(struct net_fixture *f, uint32_t group, bool leave)
{
    struct tern_addr a = tern_addr_v4(group);
    ck_assert_int_eq(tern_net_groups_ipv4.join(&f->net, &f->ipv4, &a, 1, leave), TERN_OK);
    net_fixture_pass(f, 1);
}

/* A message from the router, its checksum made right. */
static size_t message(uint8_t *msg, size_t len, const struct packet_ip4 *as)
{
    struct packet_ip4 ip = { .src = ROUTER, .dst = 0xe0000001, .protocol = 2, .ttl = 1,
                             .options = alert, .options_len = sizeof alert,
                             .dst_mac = packet_mac_broadcast };
    static const uint8_t all_hosts[6] = { 1, 0, 0x5e, 0, 0, 1 };
    if (as != NULL)
        ip = *as;
    if (ip.dst_mac == packet_mac_broadcast)
        ip.dst_mac = all_hosts;
    tern_store_be16(msg + 2, 0);
    tern_store_be16(msg + 2, tern_checksum_finish(tern_checksum_add(0, msg, len)));
    return packet_ip4(frame, &ip, msg, len);
}

static void say(struct net_fixture *f, uint8_t *msg, size_t len)
{
    net_fixture_in(f, frame, message(msg, len, NULL));
}

static void query(struct net_fixture *f, uint8_t version, uint32_t group, uint8_t code)
{
    uint8_t msg[12] = { IGMP_QUERY, code };
    tern_store_be32(msg + 4, group);
    say(f, msg, version == 3 ? 12 : 8);
}

/* What was sent: one message. */
struct told {
    uint32_t dst, group;
    uint8_t type, record;
    uint16_t n_records;
};

static struct told told(struct net_fixture *f)
{
    const uint8_t *ip = net_fixture_sent(f)->data + 14, *msg = ip + 24;
    size_t len = tern_load_be16(ip + 2) - 24u;
    struct told t = { .dst = tern_load_be32(ip + 16), .type = msg[0] };
    ck_assert_uint_eq(ip[0], 0x46);
    ck_assert_uint_eq(ip[1], 0xc0);
    ck_assert_uint_eq(ip[8], 1);
    ck_assert_uint_eq(ip[9], 2);
    ck_assert_uint_eq(tern_load_be32(ip + 12), US);
    ck_assert_mem_eq(ip + 20, alert, 4);
    ck_assert_uint_eq(tern_checksum_finish(tern_checksum_add(0, ip, 24)), 0);
    ck_assert_uint_eq(tern_checksum_finish(tern_checksum_add(0, msg, len)), 0);
    /* The frame goes to the group's MAC. */
    ck_assert_uint_eq(tern_load_be16(ip - 14), 0x0100);
    ck_assert_uint_eq(tern_load_be32(ip - 12), 0x5e000000 | (t.dst & 0x7fffff));
    if (t.type == IGMP_REPORT_V3) {
        t.n_records = tern_load_be16(msg + 6);
        t.record = msg[8];
        t.group = tern_load_be32(msg + 12);
        ck_assert_uint_eq(len, 8 + 8u * t.n_records);
        ck_assert_uint_eq(t.dst, IGMP_ALL_REPORTS);
    } else {
        t.group = tern_load_be32(msg + 4);
        ck_assert_uint_eq(len, 8);
    }
    return t;
}

static size_t n_waiting(const struct net_fixture *f)
{
    return f->wire.n_sent - f->wire.n_taken;
}

START_TEST(test_igmp_reports_a_join_and_a_leave_twice)
{
    struct net_fixture *f = net_fixture();
    join(f, GROUP, false);
    struct told t = told(f);
    ck_assert_uint_eq(t.type, IGMP_REPORT_V3);
    ck_assert_uint_eq(t.n_records, 1);
    ck_assert_uint_eq(t.record, GROUP_TO_EXCLUDE);
    ck_assert_uint_eq(t.group, GROUP);
    net_fixture_pass(f, 1100 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(told(f).record, GROUP_TO_EXCLUDE);
    net_fixture_pass(f, 20 * TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));
    /* A second user is no change, nor is its end. */
    join(f, GROUP, false);
    join(f, GROUP, true);
    ck_assert(net_fixture_quiet(f));
    join(f, GROUP, true);
    for (size_t i = 0; i < 2; i++) {
        t = told(f);
        ck_assert_uint_eq(t.record, GROUP_TO_INCLUDE);
        ck_assert_uint_eq(t.group, GROUP);
        net_fixture_pass(f, 1100 * TERN_MILLISECOND_NS);
    }
    net_fixture_pass(f, 20 * TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));
    ck_assert_uint_eq(f->ipv4.stats.ip.group_reports, 4);
    ck_assert_uint_eq(f->net.links[0].n_groups, 1);    /* all hosts */
}
END_TEST

START_TEST(test_igmp_reports_in_one_message_what_is_due_at_once)
{
    struct net_fixture *f = net_fixture();
    for (uint32_t i = 0; i < TERN_IPV4_GROUPS; i++) {
        struct tern_addr a = tern_addr_v4(GROUP + i);
        ck_assert_int_eq(tern_net_groups_ipv4.join(&f->net, &f->ipv4, &a, 1, false), TERN_OK);
    }
    net_fixture_pass(f, 1);
    ck_assert_uint_eq(told(f).n_records, TERN_IPV4_GROUPS);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_igmp_a_join_ends_the_report_of_a_leave)
{
    struct net_fixture *f = net_fixture();
    join(f, GROUP, false);
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    join(f, GROUP, true);
    ck_assert_uint_eq(told(f).record, GROUP_TO_INCLUDE);
    join(f, GROUP, false);
    ck_assert_uint_eq(told(f).record, GROUP_TO_EXCLUDE);
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    ck_assert_uint_eq(told(f).record, GROUP_TO_EXCLUDE);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_igmp_all_hosts_is_never_reported)
{
    struct net_fixture *f = net_fixture();
    join(f, IGMP_ALL_HOSTS, false);
    query(f, 3, 0, 10);
    query(f, 2, 0, 10);
    query(f, 2, IGMP_ALL_HOSTS, 10);
    join(f, IGMP_ALL_HOSTS, true);
    net_fixture_pass(f, 5 * TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));
    ck_assert_uint_eq(f->ipv4.stats.ip.group_queries, 3);
}
END_TEST

static struct net_fixture *joined(void)
{
    struct net_fixture *f = net_fixture();
    join(f, GROUP, false);
    join(f, GROUP_2, false);
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    f->ipv4.stats.ip.group_reports = 0;
    return f;
}

START_TEST(test_igmp_answers_queries_within_their_time)
{
    struct net_fixture *f = joined();
    query(f, 3, 0, 50);
    net_fixture_pass(f, 5100 * TERN_MILLISECOND_NS);
    struct told t = told(f);
    ck_assert_uint_eq(t.n_records, 2);
    ck_assert_uint_eq(t.record, GROUP_IS_EXCLUDE);
    ck_assert(net_fixture_quiet(f));
    query(f, 3, GROUP_2, 10);
    net_fixture_pass(f, 1100 * TERN_MILLISECOND_NS);
    t = told(f);
    ck_assert_uint_eq(t.n_records, 1);
    ck_assert_uint_eq(t.group, GROUP_2);
    ck_assert_uint_eq(t.record, GROUP_IS_EXCLUDE);
    query(f, 3, 0xef0a0a0a, 10);    /* not ours */
    net_fixture_pass(f, 1100 * TERN_MILLISECOND_NS);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_igmp_answers_many_queries_once)
{
    struct net_fixture *f = joined();
    for (size_t i = 0; i < 10000; i++) {
        query(f, 3, 0, 100);
        query(f, 3, GROUP, 100);
    }
    net_fixture_pass(f, 11 * TERN_SECOND_NS);
    ck_assert_uint_ge(n_waiting(f), 1);
    ck_assert_uint_le(n_waiting(f), 20);
    ck_assert_uint_eq(f->ipv4.stats.ip.group_queries, 20000);
}
END_TEST

START_TEST(test_igmp_answers_a_query_about_sources_with_all)
{
    struct net_fixture *f = joined();
    uint8_t msg[12 + 8] = { IGMP_QUERY, 10, [11] = 2, [12] = 192, [16] = 192 };
    tern_store_be32(msg + 4, GROUP);
    say(f, msg, sizeof msg);
    net_fixture_pass(f, 1100 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(told(f).record, GROUP_IS_EXCLUDE);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_igmp_repeats_as_often_as_the_querier_says)
{
    struct net_fixture *f = joined();
    uint8_t msg[12] = { IGMP_QUERY, 1, [8] = 5 };
    say(f, msg, sizeof msg);
    net_fixture_pass(f, TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    join(f, GROUP, true);
    net_fixture_pass(f, 10 * TERN_SECOND_NS);
    ck_assert_uint_eq(n_waiting(f), 5);
}
END_TEST

START_TEST(test_igmp_speaks_version_2_where_a_querier_does)
{
    struct net_fixture *f = joined();
    query(f, 2, 0, 10);
    net_fixture_pass(f, 1100 * TERN_MILLISECOND_NS);
    for (size_t i = 0; i < 2; i++) {
        struct told t = told(f);
        ck_assert_uint_eq(t.type, IGMP_REPORT_V2);
        ck_assert_uint_eq(t.dst, t.group);
    }
    ck_assert(net_fixture_quiet(f));
    join(f, GROUP, true);
    struct told t = told(f);
    ck_assert_uint_eq(t.type, IGMP_LEAVE);
    ck_assert_uint_eq(t.dst, IGMP_ALL_ROUTERS);
    ck_assert_uint_eq(t.group, GROUP);
    ck_assert(net_fixture_quiet(f));
    /* 2 * 125 + 10 seconds later it is forgotten. */
    net_fixture_pass(f, 258 * TERN_SECOND_NS);
    join(f, GROUP, false);
    ck_assert_uint_eq(told(f).type, IGMP_REPORT_V2);
    net_fixture_pass(f, 12 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    join(f, GROUP, true);
    ck_assert_uint_eq(told(f).type, IGMP_REPORT_V3);
}
END_TEST

START_TEST(test_igmp_a_report_of_another_makes_ours_needless)
{
    struct net_fixture *f = joined();
    uint8_t msg[8] = { IGMP_REPORT_V2 };
    const uint8_t mac[6] = { 1, 0, 0x5e, 1, 2, 3 };
    struct packet_ip4 ip = { .src = PEER, .dst = GROUP, .protocol = 2, .ttl = 1,
                             .dst_mac = mac, .options = alert, .options_len = 4 };
    tern_store_be32(msg + 4, GROUP);
    query(f, 2, 0, 100);
    net_fixture_in(f, frame, message(msg, 8, &ip));
    net_fixture_pass(f, 11 * TERN_SECOND_NS);
    ck_assert_uint_eq(told(f).group, GROUP_2);
    ck_assert(net_fixture_quiet(f));
    ck_assert_uint_eq(f->ipv4.stats.ip.group_heard, 1);
    join(f, GROUP, true);    /* we were not the last: nobody needs to know */
    ck_assert(net_fixture_quiet(f));
    join(f, GROUP_2, true);
    ck_assert_uint_eq(told(f).type, IGMP_LEAVE);
    /* From another network, or through a router, it is not believed. */
    ip.src = FAR;
    net_fixture_in(f, frame, message(msg, 8, &ip));
    ip.src = PEER;
    ip.ttl = 2;
    net_fixture_in(f, frame, message(msg, 8, &ip));
    ck_assert_uint_eq(f->ipv4.stats.in_not_ours, 2);
    join(f, GROUP, false);
    net_fixture_in(f, frame, message(msg, 8, &ip));
    ck_assert_uint_eq(f->ipv4.stats.ip.group_not_local, 1);
}
END_TEST

START_TEST(test_igmp_speaks_version_1_which_has_no_leave)
{
    struct net_fixture *f = joined();
    query(f, 1, 0, 0);
    net_fixture_pass(f, 10100 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(told(f).type, IGMP_REPORT_V1);
    ck_assert_uint_eq(told(f).type, IGMP_REPORT_V1);
    query(f, 2, 0, 10);    /* the lowest version that is there counts */
    net_fixture_pass(f, 1100 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(told(f).type, IGMP_REPORT_V1);
    fake_link_clear(&f->wire);
    join(f, GROUP, true);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_igmp_reports_again_when_the_link_comes_back)
{
    struct net_fixture *f = joined();
    f->wire.link.up = false;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    join(f, GROUP, true);
    net_fixture_pass(f, TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));
    f->wire.link.up = true;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    net_fixture_pass(f, 1);
    bool heard = false;
    for (const struct fake_frame *s; (s = fake_link_take(&f->wire)) != NULL;)
        if (tern_load_be16(s->data + 12) == 0x0800) {
            ck_assert_uint_eq(tern_load_be32(s->data + 14 + 24 + 12), GROUP_2);
            ck_assert_uint_eq(s->data[14 + 24 + 8], GROUP_TO_EXCLUDE);
            heard = true;
        }
    ck_assert(heard);
}
END_TEST

START_TEST(test_igmp_a_switch_without_an_address_may_ask)
{
    struct net_fixture *f = joined();
    uint8_t msg[12] = { IGMP_QUERY, 10 };
    const uint8_t mac[6] = { 1, 0, 0x5e, 0, 0, 1 };
    struct packet_ip4 ip = { .src = 0, .dst = 0xe0000001, .protocol = 2, .ttl = 1,
                             .dst_mac = mac, .options = alert, .options_len = 4 };
    net_fixture_in(f, frame, message(msg, 12, &ip));
    ck_assert_uint_eq(f->ipv4.stats.ip.group_queries, 1);
    ip.protocol = 17;
    net_fixture_in(f, frame, message(msg, 12, &ip));
    ck_assert_uint_eq(f->ipv4.stats.in_bad_source, 1);
}
END_TEST

/* Messages that are no query of our link, each in the counter that says why. */
START_TEST(hostile_net_13_igmp_queries_with_wrong_source_counts)
{
    struct net_fixture *f = joined();
    const struct tern_ip_stats *s = &f->ipv4.stats.ip;
    uint8_t msg[1480] = { IGMP_QUERY, 10 };
    tern_store_be32(msg + 4, GROUP);
    /* Every count beyond what is there; n is what is there. */
    for (uint16_t n = 0; n < 4; n++) {
        tern_store_be16(msg + 10, (uint16_t)(n + 1));
        say(f, msg, 12 + 4u * n);
        tern_store_be16(msg + 10, UINT16_MAX);
        say(f, msg, 12 + 4u * n + 3);
    }
    ck_assert_uint_eq(s->group_malformed, 8);
    /* Lengths between the versions', and shorter than any; a group that is none. */
    for (size_t len = 9; len < 12; len++)
        say(f, msg, len);
    for (size_t len = 1; len < 8; len++) {
        uint8_t cut[8] = { IGMP_QUERY };
        cut[1] = cut[0];
        struct packet_ip4 ip = { .src = ROUTER, .dst = 0xe0000001, .protocol = 2, .ttl = 1,
                                 .options = alert, .options_len = 4,
                                 .dst_mac = (const uint8_t[]){ 1, 0, 0x5e, 0, 0, 1 } };
        net_fixture_in(f, frame, packet_ip4(frame, &ip, cut, len));
    }
    query(f, 3, PEER, 10);
    ck_assert_uint_eq(s->group_malformed, 8 + 3 + 7 + 1);
    net_fixture_pass(f, 12 * TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));
    /* No sources, as many as fit, and octets behind them: good ones. */
    tern_store_be16(msg + 10, 0);
    say(f, msg, 12);
    tern_store_be16(msg + 10, 360);
    say(f, msg, 12 + 1440);
    say(f, msg, 12 + 1440 + 5);
    ck_assert_uint_eq(s->group_queries, 3);
    ck_assert_uint_eq(s->group_malformed, 19);
}
END_TEST

START_TEST(hostile_net_13_igmp_queries_in_fragments_or_from_afar)
{
    struct net_fixture *f = joined();
    const struct tern_ip_stats *s = &f->ipv4.stats.ip;
    uint8_t msg[40] = { IGMP_QUERY, 10 };
    struct packet_ip4 ip = { .src = ROUTER, .dst = 0xe0000001, .protocol = 2, .ttl = 1, .id = 7,
                             .options = alert, .options_len = 4,
                             .dst_mac = (const uint8_t[]){ 1, 0, 0x5e, 0, 0, 1 } };
    /* In two pieces that together are a good query. */
    tern_store_be16(msg + 10, 7);
    (void)message(msg, sizeof msg, &ip);
    ip.frag = 0x2000;
    net_fixture_in(f, frame, packet_ip4(frame, &ip, msg, 16));
    ip.frag = 2;
    net_fixture_in(f, frame, packet_ip4(frame, &ip, msg + 16, 24));
    ck_assert_uint_eq(s->frag_reassembled, 1);
    ck_assert_uint_eq(s->group_malformed, 1);
    ip.frag = 0;
    for (unsigned ttl = 2; ttl < 256; ttl++) {
        ip.ttl = (uint8_t)ttl;
        net_fixture_in(f, frame, message(msg, sizeof msg, &ip));
    }
    ck_assert_uint_eq(s->group_not_local, 254);
    ip.ttl = 1;
    ip.options_len = 0;    /* no Router Alert */
    net_fixture_in(f, frame, message(msg, sizeof msg, &ip));
    ip.options = (const uint8_t[]){ 1, 7, 3, 4 };
    ip.options_len = 4;    /* another option */
    net_fixture_in(f, frame, message(msg, sizeof msg, &ip));
    ck_assert_uint_eq(s->group_not_local, 256);
    ip.options = alert;
    size_t len = message(msg, sizeof msg, &ip);
    frame[len - 1] ^= 1;
    net_fixture_in(f, frame, len);
    ck_assert_uint_eq(f->ipv4.stats.igmp_bad_checksum, 1);
    msg[0] = IGMP_REPORT_V3;
    net_fixture_in(f, frame, message(msg, sizeof msg, &ip));
    ck_assert_uint_eq(s->group_ignored, 1);
    ck_assert_uint_eq(f->ipv4.stats.igmp_in,
                      s->group_queries + s->group_heard + s->group_ignored + s->group_not_local +
                          s->group_malformed + f->ipv4.stats.igmp_bad_checksum);
    ck_assert_uint_eq(s->group_queries, 0);
    net_fixture_pass(f, 12 * TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_igmp_is_counted_where_no_endpoint_could_join)
{
    struct net_fixture *f = net_fixture();
    f->ipv4.ip.group_ops = NULL;
    query(f, 3, 0, 10);
    query(f, 2, 0, 10);
    ck_assert_uint_eq(f->ipv4.stats.igmp_in, 2);
    ck_assert_uint_eq(f->ipv4.stats.ip.group_ignored, 2);
    net_fixture_pass(f, 12 * TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_igmp_counts_reports_without_a_slot)
{
    struct net_fixture *f = net_fixture();
    f->wire.full = true;
    join(f, GROUP, false);
    ck_assert_uint_eq(f->ipv4.stats.ip.group_full, 1);
    f->wire.full = false;
    net_fixture_pass(f, 1100 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(told(f).record, GROUP_TO_EXCLUDE);
}
END_TEST

Suite *igmp_suite(void)
{
    Suite *s = suite_create("igmp");
    TCase *tc = tcase_create("host");
    suite_add_tcase(s, tc);
    tcase_add_test(tc, test_igmp_reports_a_join_and_a_leave_twice);
    tcase_add_test(tc, test_igmp_reports_in_one_message_what_is_due_at_once);
    tcase_add_test(tc, test_igmp_a_join_ends_the_report_of_a_leave);
    tcase_add_test(tc, test_igmp_all_hosts_is_never_reported);
    tcase_add_test(tc, test_igmp_answers_queries_within_their_time);
    tcase_add_test(tc, test_igmp_answers_many_queries_once);
    tcase_add_test(tc, test_igmp_answers_a_query_about_sources_with_all);
    tcase_add_test(tc, test_igmp_repeats_as_often_as_the_querier_says);
    tcase_add_test(tc, test_igmp_speaks_version_2_where_a_querier_does);
    tcase_add_test(tc, test_igmp_a_report_of_another_makes_ours_needless);
    tcase_add_test(tc, test_igmp_speaks_version_1_which_has_no_leave);
    tcase_add_test(tc, test_igmp_reports_again_when_the_link_comes_back);
    tcase_add_test(tc, test_igmp_a_switch_without_an_address_may_ask);
    tcase_add_test(tc, hostile_net_13_igmp_queries_with_wrong_source_counts);
    tcase_add_test(tc, hostile_net_13_igmp_queries_in_fragments_or_from_afar);
    tcase_add_test(tc, test_igmp_is_counted_where_no_endpoint_could_join);
    tcase_add_test(tc, test_igmp_counts_reports_without_a_slot);
    return s;
}
