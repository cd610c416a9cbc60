/* SPDX-License-Identifier: ISC */
/*
 * The table of routes: which of several ways is taken, of either family; what
 * is refused, renewed and forgotten.
 */
#include "libnet/net_internal.h"
#include "net_fixture.h"
#include "suites.h"

#include <string.h>

static struct tern_addr addr(const char *text)
{
    struct tern_addr a;
    ck_assert_msg(tern_addr_parse(text, strlen(text), &a) == TERN_OK, "%s", text);
    return a;
}

static struct tern_route route(const char *prefix, const char *gateway, uint8_t link,
                               uint16_t metric, enum tern_route_origin origin)
{
    struct tern_route r = { .expires_ns = TERN_NEVER, .link = link, .metric = metric,
                            .origin = (uint8_t)origin };
    ck_assert_int_eq(tern_prefix_parse(prefix, strlen(prefix), &r.prefix, &r.prefix_len),
                     TERN_OK);
    if (tern_addr_is_v4(&r.prefix))
        r.prefix_len = (uint8_t)(r.prefix_len + 96);
    if (gateway != NULL)
        r.gateway = addr(gateway);
    return r;
}

static void put(struct net_fixture *f, const char *prefix, const char *gateway, uint8_t link,
                uint16_t metric, enum tern_route_origin origin)
{
    struct tern_route r = route(prefix, gateway, link, metric, origin);
    ck_assert_int_eq(tern_net_route_put(&f->net, &r), TERN_OK);
}

static void way_is(struct net_fixture *f, const char *dst, uint16_t scope, const char *gateway)
{
    struct tern_addr to = addr(dst), by = gateway != NULL ? addr(gateway) : (struct tern_addr){ 0 };
    const struct tern_route *way = tern_net_route_find(&f->net, &to, scope);
    ck_assert_msg(way != NULL, "%s: no way", dst);
    ck_assert_msg(tern_addr_equal(&way->gateway, &by), "%s: not by %s", dst,
                  gateway != NULL ? gateway : "the link");
}

static struct net_fixture *empty(void)
{
    struct net_fixture *f = net_fixture();
    f->net.n_routes = 0;
    return f;
}

#define CONFIGURED TERN_ROUTE_CONFIGURED
#define LEARNED TERN_ROUTE_LEARNED

/* Longest prefix, then metric; in whatever order they were added. */
START_TEST(test_route_longest_prefix_then_metric)
{
    static const struct { const char *prefix, *gateway; uint16_t metric; } ways[] = {
        { "0.0.0.0/0", "10.0.0.9", 10 },       { "0.0.0.0/0", "10.0.0.8", 5 },
        { "192.0.2.0/24", "10.0.0.7", 900 },   { "192.0.2.0/24", "10.0.0.6", 20 },
        { "192.0.2.128/25", "10.0.0.5", 999 }, { "::/0", "fe80::9", 10 },
        { "::/0", "fe80::8", 5 },              { "2001:db8::/32", "fe80::7", 900 },
        { "2001:db8::/32", "fe80::6", 20 },    { "2001:db8:8::/48", "fe80::5", 999 },
    };
    size_t n = sizeof ways / sizeof ways[0];
    for (size_t start = 0; start < n; start++) {
        struct net_fixture *f = empty();
        for (size_t i = 0; i < n; i++) {
            size_t at = (start + i * 3) % n;    /* 3 and 10 have no divisor in common */
            put(f, ways[at].prefix, ways[at].gateway, 0, ways[at].metric, CONFIGURED);
        }
        way_is(f, "198.51.100.1", 0, "10.0.0.8");
        way_is(f, "192.0.2.1", 0, "10.0.0.6");
        way_is(f, "192.0.2.129", 0, "10.0.0.5");
        way_is(f, "2001:db9::1", 0, "fe80::8");
        way_is(f, "2001:db8:7::1", 0, "fe80::6");
        way_is(f, "2001:db8:8::1", 0, "fe80::5");
        for (size_t i = 1; i < f->net.n_routes; i++) {
            const struct tern_route *a = tern_net_route_get(&f->net, i - 1);
            const struct tern_route *b = tern_net_route_get(&f->net, i);
            ck_assert(a->prefix_len > b->prefix_len ||
                      (a->prefix_len == b->prefix_len && a->metric <= b->metric));
        }
        ck_assert_ptr_null(tern_net_route_get(&f->net, n));
    }
}
END_TEST

/* What was configured is never beaten, whatever prefix and metric (CVE-2024-3661). */
START_TEST(test_route_configured_before_learned)
{
    struct net_fixture *f = empty();
    put(f, "0.0.0.0/0", "10.0.0.9", 0, 65535, CONFIGURED);
    put(f, "192.0.2.1/32", "10.0.0.66", 0, 0, LEARNED);
    put(f, "::/0", "fe80::9", 0, 65535, CONFIGURED);
    put(f, "2001:db8::1/128", "fe80::66", 0, 0, LEARNED);
    way_is(f, "192.0.2.1", 0, "10.0.0.9");
    way_is(f, "2001:db8::1", 0, "fe80::9");
    /* Nor renewed as one that is learned. */
    struct tern_route same = route("::/0", "fe80::9", 0, 0, LEARNED);
    ck_assert_int_eq(tern_net_route_put(&f->net, &same), TERN_REFUSED);
}
END_TEST

/* A gateway that did not answer is the last of its prefix, whatever its metric. */
START_TEST(test_route_by_metric_passes_over_a_dead_gateway)
{
    struct net_fixture *f = empty();
    struct tern_addr dead = addr("10.0.0.9"), dead6 = addr("fe80::9");
    put(f, "0.0.0.0/0", "10.0.0.9", 0, 1, CONFIGURED);
    put(f, "0.0.0.0/0", "10.0.0.8", 0, 2, CONFIGURED);
    put(f, "::/0", "fe80::9", 0, 1, CONFIGURED);
    put(f, "::/0", "fe80::8", 0, 2, CONFIGURED);
    tern_net_gateway_failed(&f->net, 0, &dead);
    tern_net_gateway_failed(&f->net, 0, &dead6);
    way_is(f, "192.0.2.1", 0, "10.0.0.8");
    way_is(f, "2001:db8::1", 0, "fe80::8");
    net_fixture_pass(f, 61 * TERN_SECOND_NS);
    way_is(f, "192.0.2.1", 0, "10.0.0.9");
    way_is(f, "2001:db8::1", 0, "fe80::9");
}
END_TEST

/* A link that is down, or not asked for, has no way; one that expired is none. */
START_TEST(test_route_by_metric_among_links_that_are_up)
{
    struct net_fixture *f = empty();
    put(f, "192.0.2.0/24", "10.0.0.9", 0, 1, CONFIGURED);
    put(f, "192.0.2.0/24", "10.1.0.9", 1, 2, CONFIGURED);
    put(f, "0.0.0.0/0", "10.1.0.8", 1, 0, CONFIGURED);
    way_is(f, "192.0.2.1", 0, "10.0.0.9");
    way_is(f, "192.0.2.1", 2, "10.1.0.9");
    f->wire.link.up = false;
    way_is(f, "192.0.2.1", 0, "10.1.0.9");
    struct tern_addr to = addr("192.0.2.1");
    ck_assert_ptr_null(tern_net_route_find(&f->net, &to, 1));
    struct tern_route r = route("192.0.2.0/24", "10.1.0.9", 1, 2, CONFIGURED);
    r.expires_ns = f->now_ns + TERN_SECOND_NS;
    ck_assert_int_eq(tern_net_route_set(&f->net, &r), TERN_OK);
    net_fixture_pass(f, TERN_SECOND_NS);
    way_is(f, "192.0.2.1", 0, "10.1.0.8");
}
END_TEST

/* One with the same link, prefix and gateway takes the place of the one before. */
START_TEST(test_route_with_another_metric_takes_the_place_of_itself)
{
    struct net_fixture *f = empty();
    struct tern_route a = route("192.0.2.0/24", "10.0.0.9", 0, 1, CONFIGURED);
    struct tern_route b = route("192.0.2.0/24", "10.0.0.8", 0, 2, CONFIGURED);
    ck_assert_int_eq(tern_net_route_set(&f->net, &a), TERN_OK);
    ck_assert_int_eq(tern_net_route_set(&f->net, &b), TERN_OK);
    a.metric = 3;
    ck_assert_int_eq(tern_net_route_set(&f->net, &a), TERN_OK);
    ck_assert_uint_eq(f->net.n_routes, 2);
    way_is(f, "192.0.2.1", 0, "10.0.0.8");
    ck_assert_int_eq(tern_net_route_clear(&f->net, &b), TERN_OK);
    ck_assert_int_eq(tern_net_route_clear(&f->net, &b), TERN_INVALID);
    way_is(f, "192.0.2.1", 0, "10.0.0.9");
}
END_TEST

/* The table is bounded; what others say has half of it. */
START_TEST(test_route_table_full)
{
    struct net_fixture *f = empty();
    struct tern_route r = route("192.0.2.0/24", "10.0.0.9", 0, 0, LEARNED);
    for (uint32_t i = 0; i < TERN_NET_ROUTES; i++) {
        r.gateway = tern_addr_v4(0x0a000002 + i);
        ck_assert_int_eq(tern_net_route_put(&f->net, &r),
                         i < TERN_NET_ROUTES / 2 ? TERN_OK : TERN_FULL);
    }
    for (uint32_t i = 0; i < TERN_NET_ROUTES; i++) {
        r.gateway = tern_addr_v4(0x0a000002 + i);
        r.link = 1;
        ck_assert_int_eq(tern_net_route_set(&f->net, &r),
                         i < TERN_NET_ROUTES / 2 ? TERN_OK : TERN_FULL);
    }
    ck_assert_uint_eq(f->net.n_routes, TERN_NET_ROUTES);
}
END_TEST

Suite *net_route_suite(void)
{
    Suite *s = suite_create("net_route");
    TCase *tc = tcase_create("net_route");
    tcase_add_test(tc, test_route_longest_prefix_then_metric);
    tcase_add_test(tc, test_route_configured_before_learned);
    tcase_add_test(tc, test_route_by_metric_passes_over_a_dead_gateway);
    tcase_add_test(tc, test_route_by_metric_among_links_that_are_up);
    tcase_add_test(tc, test_route_with_another_metric_takes_the_place_of_itself);
    tcase_add_test(tc, test_route_table_full);
    suite_add_tcase(s, tc);
    return s;
}
