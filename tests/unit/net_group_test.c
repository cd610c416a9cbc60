/* SPDX-License-Identifier: ISC */
/*
 * What a link hears of the groups that are listened to.
 */
#include "libnet/ipv4_internal.h"
#include "net_fixture.h"
#include "suites.h"

#include <string.h>

#define ALL_HOSTS 0xe0000001u

static const uint8_t all_hosts[6] = { 1, 0, 0x5e, 0, 0, 1 };
static uint8_t frame[PACKET_CAP];

static bool hears(const struct fake_link *wire, const uint8_t mac[6])
{
    for (size_t i = 0; i < wire->n_groups; i++)
        if (memcmp(wire->groups[i], mac, 6) == 0)
            return true;
    return wire->all_groups;
}

static void nothing(struct tern_endpoint *ep, struct tern_dgram *dgrams, size_t n)
{
    (void)ep;
    (void)dgrams;
    (void)n;
}

static const struct tern_endpoint_events ignoring = { .received = nothing };

static struct tern_endpoint *open_on(struct net_fixture *f, uint16_t port)
{
    struct tern_endpoint *ep = NULL;
    struct tern_endpoint_addr local = { .port = port };
    ck_assert_int_eq(tern_udp_open(&f->net, &local, &ignoring, NULL, &ep), TERN_OK);
    return ep;
}

static enum tern_err join(struct tern_endpoint *ep, uint32_t group, uint16_t link, bool leave)
{
    struct tern_addr addr = tern_addr_v4(group);
    return tern_endpoint_join(ep, &addr, link, leave);
}

START_TEST(test_link_is_told_at_once_that_no_group_is_wanted)
{
    struct net_fixture *f = net_fixture_bare();
    ck_assert_uint_eq(f->wire.n_groups_calls, 1);
    ck_assert_uint_eq(f->wire.n_groups, 0);
    ck_assert(!f->wire.all_groups);
}
END_TEST

START_TEST(test_link_with_an_address_listens_to_all_hosts)
{
    struct net_fixture *f = net_fixture();
    ck_assert_uint_eq(f->wire.n_groups, 1);
    ck_assert_mem_eq(f->wire.groups[0], all_hosts, 6);
    /* Another address is another life, the same one with another mask is none. */
    struct tern_ipv4_address a = { .addr = tern_addr_v4(US), .prefix_len = 16 };
    size_t before = f->wire.n_groups_calls;
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_OK);
    ck_assert_uint_eq(f->wire.n_groups_calls, before);
    a.addr = tern_addr_v4(US + 8);
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_OK);
    ck_assert_uint_eq(f->wire.n_groups, 1);
    tern_ipv4_clear(&f->net, 0);
    tern_ipv4_clear(&f->net, 0);
    ck_assert_uint_eq(f->wire.n_groups, 0);
    ck_assert_uint_eq(f->wire_1.n_groups, 1);
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_OK);
    ck_assert(hears(&f->wire, all_hosts));
}
END_TEST

/* RFC 1112 section 7.2. It is not answered, as RFC 1122 section 3.2.2.6 allows. */
START_TEST(test_what_is_sent_to_all_hosts_is_received)
{
    struct net_fixture *f = net_fixture();
    struct packet_ip4 ip = { .src = PEER, .dst = ALL_HOSTS, .dst_mac = all_hosts };
    size_t len = packet_icmp(frame, &ip, 8, 0, 1, NULL, 0);
    net_fixture_in(f, frame, len);
    ck_assert_uint_eq(f->ipv4.stats.in_delivered, 1);
    ck_assert_uint_eq(f->ipv4.stats.icmp_broadcast, 1);
    ip.dst = ALL_HOSTS + 1;
    net_fixture_in(f, frame, packet_icmp(frame, &ip, 8, 0, 1, NULL, 0));
    ck_assert_uint_eq(f->ipv4.stats.in_not_ours, 1);
    tern_ipv4_clear(&f->net, 0);
    ip.dst = ALL_HOSTS;
    net_fixture_in(f, frame, packet_icmp(frame, &ip, 8, 0, 1, NULL, 0));
    ck_assert_uint_eq(f->ipv4.stats.in_not_ours, 2);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_group_of_an_endpoint_is_heard_until_it_is_left)
{
    struct net_fixture *f = net_fixture();
    static const uint8_t mac[6] = { 1, 0, 0x5e, 0, 0, 0xfb };
    struct tern_endpoint *a = open_on(f, 5353), *b = open_on(f, 5354);
    ck_assert(!hears(&f->wire, mac));
    ck_assert_int_eq(join(a, 0xe00000fb, 1, false), TERN_OK);
    ck_assert(hears(&f->wire, mac));
    ck_assert(!hears(&f->wire_1, mac));
    ck_assert_int_eq(join(b, 0xe00000fb, 1, false), TERN_OK);
    ck_assert_int_eq(join(a, 0xe00000fb, 1, true), TERN_OK);
    ck_assert(hears(&f->wire, mac));
    tern_endpoint_close(b);
    ck_assert(!hears(&f->wire, mac));
    ck_assert_uint_eq(f->wire.n_groups, 1);
}
END_TEST

/* RFC 1112 section 6.4: 32 groups have one address. */
START_TEST(test_groups_that_share_an_address_are_counted)
{
    struct net_fixture *f = net_fixture();
    static const uint8_t mac[6] = { 1, 0, 0x5e, 1, 2, 3 };
    struct tern_endpoint *ep = open_on(f, 5353);
    ck_assert_int_eq(join(ep, 0xe0010203, 1, false), TERN_OK);
    ck_assert_int_eq(join(ep, 0xe1810203, 1, false), TERN_OK);
    ck_assert_int_eq(join(ep, 0xe0800001, 1, false), TERN_OK);    /* as all hosts has */
    ck_assert_uint_eq(f->wire.n_groups, 2);
    ck_assert_int_eq(join(ep, 0xe0010203, 1, true), TERN_OK);
    ck_assert(hears(&f->wire, mac));
    ck_assert_int_eq(join(ep, 0xe1810203, 1, true), TERN_OK);
    ck_assert(!hears(&f->wire, mac));
    ck_assert_int_eq(join(ep, 0xe0800001, 1, true), TERN_OK);
    ck_assert(hears(&f->wire, all_hosts));
}
END_TEST

START_TEST(test_more_groups_than_there_are_places_make_the_link_hear_all)
{
    struct net_fixture *f = net_fixture_bare();
    uint8_t mac[6] = { 0x33, 0x33, 0, 0, 0, 0 };
    enum { MORE = TERN_LINK_GROUPS + 3 };
    for (mac[5] = 0; mac[5] < MORE; mac[5]++) {
        tern_net_group_join(&f->net, 0, mac, false);
        ck_assert_int_eq(f->wire.all_groups, mac[5] >= TERN_LINK_GROUPS);
    }
    tern_net_group_join(&f->net, 0, mac, false);
    tern_net_group_join(&f->net, 0, mac, true);
    ck_assert(f->wire.all_groups);
    /* Whoever leaves: nobody who stays goes deaf. */
    for (mac[5] = 0; mac[5] < MORE; mac[5]++) {
        tern_net_group_join(&f->net, 0, mac, true);
        uint8_t other[6];
        memcpy(other, mac, 6);
        for (other[5]++; other[5] < MORE; other[5]++)
            ck_assert(hears(&f->wire, other));
    }
    ck_assert(!f->wire.all_groups);
    ck_assert_uint_eq(f->wire.n_groups, 0);
    ck_assert_uint_eq(f->net.links[0].n_groups_more, 0);
}
END_TEST

/* Every user of a few addresses comes and goes, in an order that no table foresees. */
START_TEST(test_no_user_of_a_group_is_deaf_whatever_the_order)
{
    struct net_fixture *f = net_fixture_bare();
    enum { MACS = TERN_LINK_GROUPS + 8, STEPS = 4000 };
    static unsigned users[MACS];
    uint32_t random = 1;
    unsigned n = 0;
    memset(users, 0, sizeof users);
    for (unsigned step = 0; step < STEPS || n > 0; step++) {
        random = random * 1664525 + 1013904223;
        unsigned i = (random >> 16) % MACS;
        bool leave = step >= STEPS || (random >> 8 & 7) < (step / 400 % 2 == 0 ? 3u : 5u);
        if (leave && users[i] == 0)
            continue;
        uint8_t mac[6] = { 1, 0, 0x5e, 0, 9, (uint8_t)i };
        tern_net_group_join(&f->net, 0, mac, leave);
        users[i] += leave ? UINT32_MAX : 1;
        n += leave ? UINT32_MAX : 1;
        for (mac[5] = 0; mac[5] < MACS; mac[5]++)
            if (users[mac[5]] > 0 && !hears(&f->wire, mac))
                ck_abort_msg("step %u: %u is not heard", step, mac[5]);
    }
    ck_assert(!f->wire.all_groups);
    ck_assert_uint_eq(f->wire.n_groups, 0);
}
END_TEST

START_TEST(test_link_that_cannot_filter_is_told_nothing)
{
    struct net_fixture *f = net_fixture_bare();
    static struct tern_link_ops ops;
    ops = *f->wire.link.ops;
    ops.groups = NULL;
    f->wire.link.ops = &ops;
    size_t before = f->wire.n_groups_calls;
    struct tern_ipv4_address a = { .addr = tern_addr_v4(US), .prefix_len = 24 };
    ck_assert_int_eq(tern_ipv4_set(&f->net, 0, &a), TERN_OK);
    ck_assert_uint_eq(f->wire.n_groups_calls, before);
}
END_TEST

Suite *net_group_suite(void)
{
    Suite *s = suite_create("net_group");
    TCase *t = tcase_create("groups");
    tcase_add_test(t, test_link_is_told_at_once_that_no_group_is_wanted);
    tcase_add_test(t, test_link_with_an_address_listens_to_all_hosts);
    tcase_add_test(t, test_what_is_sent_to_all_hosts_is_received);
    tcase_add_test(t, test_group_of_an_endpoint_is_heard_until_it_is_left);
    tcase_add_test(t, test_groups_that_share_an_address_are_counted);
    tcase_add_test(t, test_more_groups_than_there_are_places_make_the_link_hear_all);
    tcase_add_test(t, test_no_user_of_a_group_is_deaf_whatever_the_order);
    tcase_add_test(t, test_link_that_cannot_filter_is_told_nothing);
    suite_add_tcase(s, t);
    return s;
}
