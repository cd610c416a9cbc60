/* SPDX-License-Identifier: ISC */
/*
 * The neighbour cache that all links of a stack share: none takes from another what it
 * needs to find its neighbours.
 */
#include "libnet/ipv4_internal.h"
#include "net_fixture.h"
#include "suites.h"

/* Somebody on link i, 10.i.0.0/24. */
static struct tern_addr host_on(uint8_t link, uint32_t number)
{
    return tern_addr_v4(0x0a000000u | (uint32_t)link << 16 | number);
}

static enum tern_err resolve(struct net_fixture *f, uint8_t link, uint32_t number)
{
    struct tern_addr addr = host_on(link, number);
    struct tern_neighbour *n;
    return tern_neigh_resolve(&f->ipv4.ip, link, &addr, &n);
}

static const struct tern_neighbour *entry(struct net_fixture *f, uint8_t link, uint32_t number)
{
    struct tern_addr addr = host_on(link, number);
    return tern_neigh_find(&f->ipv4.ip, link, &addr);
}

/* A scan of all that a link has: each address is asked for, and nobody is there. */
static void scan(struct net_fixture *f, uint8_t link)
{
    for (uint32_t number = 16; number < 250; number++)
        (void)resolve(f, link, number);
}

static unsigned asked_on(const struct net_fixture *f, uint8_t link)
{
    unsigned n = 0;
    for (size_t i = 0; i < FIXTURE_NEIGHBOURS; i++)
        n += f->neighbours[i].state == NEIGH_INCOMPLETE && f->neighbours[i].link == link;
    return n;
}

START_TEST(test_neighbour_is_still_asked_for_while_another_link_is_scanned)
{
    struct net_fixture *f = net_fixture();
    uint8_t link = (uint8_t)_i, scanned = (uint8_t)(1 - _i);
    ck_assert_int_eq(resolve(f, link, 2), TERN_AGAIN);
    uint32_t generation = entry(f, link, 2)->generation;
    scan(f, scanned);
    ck_assert_ptr_nonnull(entry(f, link, 2));
    ck_assert_uint_eq(entry(f, link, 2)->generation, generation);    /* the same question */
    ck_assert_uint_eq(asked_on(f, scanned), FIXTURE_NEIGHBOURS - 1);
    ck_assert_int_eq(resolve(f, link, 3), TERN_AGAIN);    /* nor is there no room for another */
    scan(f, scanned);
    ck_assert_uint_eq(asked_on(f, link), 2);
    net_fixture_pass(f, 2500 * TERN_MILLISECOND_NS);
    scan(f, scanned);
    ck_assert_uint_eq(entry(f, link, 2)->n_tries, 3);
    ck_assert_uint_eq(asked_on(f, link), 2);
}
END_TEST

/* Of two scans neither has all. */
START_TEST(test_neighbours_of_two_links_that_are_scanned_share_the_cache)
{
    struct net_fixture *f = net_fixture();
    scan(f, 0);
    ck_assert_uint_eq(asked_on(f, 0), FIXTURE_NEIGHBOURS);
    scan(f, 1);
    ck_assert_uint_ge(asked_on(f, 0), FIXTURE_NEIGHBOURS / 2 - 1);
    ck_assert_uint_ge(asked_on(f, 1), FIXTURE_NEIGHBOURS / 2 - 1);
    net_fixture_pass(f, 10 * TERN_SECOND_NS);
    ck_assert_uint_eq(f->ipv4.ip.n_free, FIXTURE_NEIGHBOURS);
    ck_assert_uint_eq(f->ipv4.ip.n_incomplete[0] + f->ipv4.ip.n_incomplete[1], 0);
}
END_TEST

/* What a router says of a link's retries (RFC 4861 section 4.2) holds on that link only. */
START_TEST(test_neighbours_of_a_slow_link_delay_no_other_links)
{
    struct net_fixture *f = net_fixture();
    f->ipv4.ip.retry_ns[1] = 10 * TERN_SECOND_NS;
    ck_assert_int_eq(resolve(f, 1, 2), TERN_AGAIN);
    ck_assert_int_eq(resolve(f, 0, 3), TERN_AGAIN);
    ck_assert_uint_eq(entry(f, 0, 3)->due_ns, f->now_ns + TERN_SECOND_NS);
    net_fixture_pass(f, 1100 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(entry(f, 0, 3)->n_tries, 2);
    ck_assert_uint_eq(entry(f, 1, 2)->n_tries, 1);
    net_fixture_pass(f, 9 * TERN_SECOND_NS);
    ck_assert_ptr_null(entry(f, 0, 3));    /* failed, and forgotten */
    ck_assert_uint_eq(entry(f, 1, 2)->n_tries, 2);
}
END_TEST

Suite *ip_neighbour_suite(void)
{
    Suite *s = suite_create("ip_neighbour");
    TCase *c = tcase_create("links");
    tcase_add_loop_test(c, test_neighbour_is_still_asked_for_while_another_link_is_scanned, 0, 2);
    tcase_add_test(c, test_neighbours_of_two_links_that_are_scanned_share_the_cache);
    tcase_add_test(c, test_neighbours_of_a_slow_link_delay_no_other_links);
    suite_add_tcase(s, c);
    return s;
}
