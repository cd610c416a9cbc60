/* SPDX-License-Identifier: ISC */
/*
 * A host that listens to routers, and what it has learned of them. Each file of
 * tests that includes this has it for itself.
 */
#ifndef TERN_TESTS_ND_ROUTER_FIXTURE_H
#define TERN_TESTS_ND_ROUTER_FIXTURE_H

#include "net6_fixture.h"

static struct net6_msg m;

static const char all[] = "ff02::1", router[] = "fe80::aa";

/* With addresses, and listening to routers; their solicitation is off the wire. */
static inline struct net6_fixture *listening(void)
{
    struct net6_fixture *f = net6_fixture();
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    net6_ra(&m, 0, 0, 1800);
    net6_mac(&m, 1, packet_mac_other);
    net6_say(f, router, all, &m);
    net6_pass(f, 2 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    memset(&f->ipv6.stats, 0, sizeof f->ipv6.stats);
    return f;
}

static inline const struct tern_route *way_to(struct net6_fixture *f, const char *dst)
{
    struct tern_addr a = addr6(dst);
    return tern_net_route_find(&f->net, &a, 1);
}

static inline size_t learned(const struct net6_fixture *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->net.n_routes; i++)
        n += f->net.routes[i].origin == TERN_ROUTE_LEARNED;
    return n;
}

#endif
