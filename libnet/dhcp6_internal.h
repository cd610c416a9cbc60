/* SPDX-License-Identifier: ISC */
/*
 * The DHCPv6 client's files among themselves. Reading order: dhcp6_wire.c,
 * dhcp6.c (states, messages, time), dhcp6_answer.c.
 */
#ifndef TERN_NET_DHCP6_INTERNAL_H
#define TERN_NET_DHCP6_INTERNAL_H

#include "dhcp6_wire.h"
#include "ipv6_internal.h"

#pragma GCC visibility push(hidden)

/* Those from INFORMING on are exchanges: a message that is repeated until it is answered. */
enum dhcp6_state {
    DHCP6_STOPPED,
    DHCP6_INFORMED,       /* there is no lease, and the rest is known */
    DHCP6_BOUND,
    DHCP6_INFORMING,
    DHCP6_SOLICITING,
    DHCP6_REQUESTING,
    DHCP6_RENEWING,
    DHCP6_REBINDING,
    DHCP6_CONFIRMING,
    DHCP6_RELEASING,
    DHCP6_DECLINING,
};

static inline struct tern_ipv6 *dhcp6_ipv6(const struct tern_dhcp6 *d)
{
    return tern_net_context(d->net, &tern_ipv6);
}

/* Time goes on while the link is down, and nothing of ours runs then. */
static inline bool dhcp6_has_lease(const struct tern_dhcp6 *d)
{
    return d->lease.valid_ns > d->net->turn->now_ns;
}

/* IAID: one association a link, the same at each start (RFC 8415 section 12). */
static inline uint32_t dhcp6_iaid(const struct tern_dhcp6 *d)
{
    return d->config.link + 1u;
}

/* Who we are: what was configured, or made of the link's MAC. */
struct tern_dhcp6_octets tern_dhcp6_client_id(const struct tern_dhcp6 *d,
                                              uint8_t made[DHCP6_DUID_LL_LEN]);

/* ---- dhcp6.c ------------------------------------------------------------ */

/* The one timer; TERN_NEVER: off. */
void tern_dhcp6_due_set(struct tern_dhcp6 *d, uint64_t due_ns);

/* Begins an exchange, its first message after at most delay_ms. */
void tern_dhcp6_begin(struct tern_dhcp6 *d, enum dhcp6_state state, uint32_t delay_ms);

/* From the beginning, with no server chosen. */
void tern_dhcp6_solicit(struct tern_dhcp6 *d);

/* Goes on with the lease as its times say. */
void tern_dhcp6_resume(struct tern_dhcp6 *d);

/* Its addresses are gone. */
void tern_dhcp6_lease_lose(struct tern_dhcp6 *d);

/* To be declined or released, beside another one at most. */
void tern_dhcp6_return(struct tern_dhcp6 *d, const struct tern_addr *addr);

/* It is over: nobody has answered in time, or there is nothing more to be said. */
void tern_dhcp6_exchange_end(struct tern_dhcp6 *d);

/* Our entry for an address that DHCP gave, or NULL. */
struct tern_ipv6_own *tern_dhcp6_own(const struct tern_dhcp6 *d, const struct tern_addr *addr);

/* ---- dhcp6_answer.c ----------------------------------------------------- */

void tern_dhcp6_received(struct tern_endpoint *ep, struct tern_dgram *dgrams, size_t n);

#pragma GCC visibility pop

#endif
