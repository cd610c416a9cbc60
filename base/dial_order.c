/* SPDX-License-Identifier: ISC */
/*
 * In which order to try the addresses of a peer: RFC 6724 section 6, then RFC 8305
 * section 4. In an archive member of its own: who connects to one address has none of it.
 */
#include "base_internal.h"

#include <string.h>

static bool is_loopback(const struct tern_addr *a)
{
    return tern_load_be64(a->octets) == 0 && tern_load_be64(a->octets + 8) == 1;
}

/* Section 2.1: the prefixes of more than 32 bits, then the others. */
static const struct tern_addr_policy *policy_of(const struct tern_addr *a)
{
    static const struct tern_addr_policy loopback = { .precedence = 50, .label = 0 },
                                         v4 = { .precedence = 35, .label = 4 },
                                         v4_compatible = { .precedence = 1, .label = 3 };
    if (tern_addr_is_v4(a))
        return &v4;
    if (is_loopback(a))
        return &loopback;
    if ((tern_load_be64(a->octets) | tern_load_be32(a->octets + 8)) == 0)
        return &v4_compatible;
    return tern_addr_policy(a);
}

/* Sections 3.1 and 3.2: as multicast scopes are numbered (RFC 4291 section 2.7). */
static unsigned scope_of(const struct tern_addr *a)
{
    enum { LINK = 2, SITE = 5, GLOBAL = 14 };
    const uint8_t *o = a->octets;
    if (tern_addr_is_v4(a))
        return o[12] == 127 || (o[12] == 169 && o[13] == 254) ? LINK : GLOBAL;
    if (o[0] == 0xff)
        return o[1] & 15u;
    if (o[0] == 0xfe && o[1] >> 6 == 3)
        return SITE;
    return (o[0] == 0xfe && o[1] >> 6 == 2) || is_loopback(a) ? LINK : GLOBAL;
}

/* Of the first 64 bits, behind which stands a host's own. */
static unsigned common_len(const struct tern_addr *a, const struct tern_addr *b)
{
    uint64_t differ = tern_load_be64(a->octets) ^ tern_load_be64(b->octets);
    unsigned n = 0;
    while (n < 64 && (differ << n >> 63) == 0)
        n++;
    return n;
}

/* What a rule says of one destination; the larger number is preferred. */
static unsigned rate(const struct tern_dial *d, unsigned rule)
{
    const struct tern_addr *to = &d->peer.addr;
    switch (rule) {
    case 1:
        return !tern_addr_is_any(&d->source);
    case 2:
        return scope_of(to) == scope_of(&d->source);
    case 3:
        return !d->deprecated;
    case 5:
        return policy_of(to)->label == policy_of(&d->source)->label;
    case 6:
        return policy_of(to)->precedence;
    case 8:
        return 15 - scope_of(to);
    case 9:    /* not for IPv4, whose prefixes say nothing of nearness */
        return tern_addr_is_v4(to) ? 0 : common_len(to, &d->source);
    default:
        return 0;
    }
}

static bool is_better(const struct tern_dial *a, const struct tern_dial *b)
{
    bool same_family = tern_addr_is_v4(&a->peer.addr) == tern_addr_is_v4(&b->peer.addr);
    for (unsigned rule = 1; rule <= (same_family ? 9u : 8u); rule++) {
        unsigned x = rate(a, rule), y = rate(b, rule);
        if (x != y)
            return x > y;
    }
    return false;
}

/* Number `from` becomes number `to`, before it; those between move up. */
static void move(struct tern_dial *dials, size_t from, size_t to)
{
    struct tern_dial d = dials[from];
    memmove(&dials[to + 1], &dials[to], (from - to) * sizeof d);
    dials[to] = d;
}

void tern_dial_order(struct tern_dial *dials, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        size_t at = i;
        while (at > 0 && is_better(&dials[i], &dials[at - 1]))
            at--;
        move(dials, i, at);
    }
    /* The next of the other family, as long as there is one that can be reached. */
    for (size_t i = 1; i < n; i++) {
        bool v4 = tern_addr_is_v4(&dials[i - 1].peer.addr);
        size_t at = i;
        while (at < n && tern_addr_is_v4(&dials[at].peer.addr) == v4)
            at++;
        if (at < n && !tern_addr_is_any(&dials[at].source))
            move(dials, at, i);
    }
}
