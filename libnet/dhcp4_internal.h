/* SPDX-License-Identifier: ISC */
/*
 * The DHCPv4 client's files among themselves. Reading order: dhcp4_wire.c,
 * dhcp4.c (states, messages, time), dhcp4_answer.c.
 */
#ifndef TERN_NET_DHCP4_INTERNAL_H
#define TERN_NET_DHCP4_INTERNAL_H

#include "dhcp4_wire.h"
#include "ipv4_internal.h"

#pragma GCC visibility push(hidden)

enum dhcp4_state {
    DHCP4_STOPPED,    /* the link has not come up yet */
    DHCP4_INIT,
    DHCP4_SELECTING,
    DHCP4_REQUESTING,
    DHCP4_PROBING,
    DHCP4_BOUND,
    DHCP4_RENEWING,
    DHCP4_REBINDING,
    DHCP4_REBOOTING,
};

static inline struct tern_ipv4 *dhcp4_ipv4(const struct tern_dhcp4 *d)
{
    return tern_net_context(d->net, &tern_ipv4);
}

/* ---- dhcp4.c ------------------------------------------------------------ */

void tern_dhcp4_state_set(struct tern_dhcp4 *d, enum dhcp4_state state);
/* The one timer; TERN_NEVER: off. */
void tern_dhcp4_due_set(struct tern_dhcp4 *d, uint64_t due_ns);

/* From the beginning: DISCOVER. */
void tern_dhcp4_select_start(struct tern_dhcp4 *d);
/* REQUEST for d->offer. */
void tern_dhcp4_request_offer(struct tern_dhcp4 *d);
/* Puts d->offer to use, for the first time or with other times and routers. */
void tern_dhcp4_bind(struct tern_dhcp4 *d);
/* The address is gone, by NAK or by time. */
void tern_dhcp4_lease_lose(struct tern_dhcp4 *d);

/* ---- dhcp4_answer.c ----------------------------------------------------- */

void tern_dhcp4_received(struct tern_endpoint *ep, struct tern_dgram *dgrams, size_t n);

#pragma GCC visibility pop

#endif
