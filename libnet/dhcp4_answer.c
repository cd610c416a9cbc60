/* SPDX-License-Identifier: ISC */
/*
 * What servers answer a DHCPv4 client (RFC 2131 section 4.4): offers, leases
 * and refusals, each taken only in the state that waits for it.
 */
#include "dhcp4_internal.h"
#include "eth_wire.h"

#include <string.h>

#define PROBE_NS (200 * TERN_MILLISECOND_NS)
#define LEASE_LEAST_S 10u                        /* a shorter one is of no use */
#define LEASE_FOR_EVER 0xffffffffu
#define MTU_LEAST 576

_Static_assert(TERN_DHCP4_ROUTES == DHCP4_ROUTES_MAX, "a lease has the routes of a reply");

/* RFC 950's class masks, for a server that says none. */
static uint32_t mask_of_class(uint32_t addr)
{
    return addr >> 31 == 0 ? 0xff000000 : addr >> 30 == 2 ? 0xffff0000 : 0xffffff00;
}

static bool mask_ok(uint32_t mask)
{
    return mask >= 0xff000000 && (~mask & (~mask + 1)) == 0;
}

/*
 * The times of a lease, counted from when it was asked for (RFC 2131 section
 * 4.4.1). T1 < T2 < lease, or they are the defaults of section 4.4.5.
 */
static void times_take(struct tern_dhcp4 *d, const struct tern_dhcp4_reply *r)
{
    uint64_t lease_s = r->lease_s, t1_s = r->t1_s, t2_s = r->t2_s;
    if (r->lease_s == LEASE_FOR_EVER) {
        d->offer.t1_ns = d->offer.t2_ns = d->offer.expires_ns = TERN_NEVER;
        return;
    }
    bool said = t1_s != 0 || t2_s != 0;
    if (t1_s == 0)
        t1_s = lease_s / 2;
    if (t2_s == 0)
        t2_s = lease_s * 7 / 8;
    if (!(t1_s < t2_s && t2_s < lease_s)) {
        d->stats.repaired += said ? 1 : 0;
        t1_s = lease_s / 2;
        t2_s = lease_s * 7 / 8;
    }
    d->offer.t1_ns = d->asked_ns + t1_s * TERN_SECOND_NS;
    d->offer.t2_ns = d->asked_ns + t2_s * TERN_SECOND_NS;
    d->offer.expires_ns = d->asked_ns + lease_s * TERN_SECOND_NS;
}

/*
 * RFC 3442: where routes are said, the default one is among them or there is
 * none. A router must be on the link; no host is in the prefix of a group.
 */
static void routes_take(struct tern_dhcp4 *d, const struct tern_dhcp4_reply *r)
{
    if (r->n_routes > 0)
        d->offer.gateway = 0;
    for (size_t i = 0; i < r->n_routes; i++) {
        uint32_t prefix = r->routes[i].prefix, gateway = r->routes[i].gateway;
        uint8_t prefix_len = r->routes[i].prefix_len, n = d->offer.n_routes;
        bool on_link = ipv4_is_host(gateway) && gateway != d->offer.addr &&
                       (d->offer.mask == UINT32_MAX ||
                        ((gateway ^ d->offer.addr) & d->offer.mask) == 0);
        if (prefix_len == 0 && on_link) {
            d->offer.gateway = gateway;
        } else if (prefix_len == 0 || ipv4_is_loopback(prefix) || prefix >> 29 == 7 ||
                   (gateway != 0 && !on_link)) {
            d->stats.repaired++;
        } else {
            d->offer.routes[n].prefix = prefix;
            d->offer.routes[n].prefix_len = prefix_len;
            d->offer.routes[n].gateway = gateway;
            d->offer.n_routes++;
        }
    }
}

/* Takes over an ACK's parameters, whose address is the one asked for; false: they are no lease. */
static bool ack_take(struct tern_dhcp4 *d, const struct tern_dhcp4_reply *r)
{
    uint32_t mask = r->mask != 0 ? r->mask : mask_of_class(r->yiaddr);
    uint16_t link_mtu = d->net->links[d->config.link].link->mtu;
    if (!mask_ok(mask) || r->lease_s < LEASE_LEAST_S || !ipv4_is_host(r->server))
        return false;
    memset(&d->offer, 0, sizeof d->offer);
    d->offer.addr = r->yiaddr;
    d->offer.mask = mask;
    d->offer.gateway = r->router;
    d->offer.server = r->server;
    d->offer.mtu = r->mtu >= MTU_LEAST && r->mtu < link_mtu ? r->mtu : 0;
    memcpy(d->offer.dns, r->dns, sizeof r->dns);
    memcpy(d->offer.ntp, r->ntp, sizeof r->ntp);
    d->offer.n_dns = r->n_dns;
    d->offer.n_ntp = r->n_ntp;
    if (d->config.routes)
        routes_take(d, r);
    times_take(d, r);
    return true;
}

static void offer_input(struct tern_dhcp4 *d, const struct tern_dhcp4_reply *r)
{
    if (d->state != DHCP4_SELECTING) {
        d->stats.in_unexpected++;
        return;
    }
    if (!ipv4_is_host(r->yiaddr) || !ipv4_is_host(r->server)) {
        d->stats.in_malformed++;
        return;
    }
    d->stats.offers++;
    d->offer.addr = r->yiaddr;
    d->offer.server = r->server;
    d->n_tries = 0;
    d->asked_ns = d->net->turn->now_ns;
    tern_dhcp4_state_set(d, DHCP4_REQUESTING);
    tern_dhcp4_request_offer(d);
}

static void ack_input(struct tern_dhcp4 *d, const struct tern_dhcp4_reply *r)
{
    bool first = d->state == DHCP4_REQUESTING;
    bool again = d->state >= DHCP4_RENEWING;
    uint32_t addr = first ? d->offer.addr : d->lease.addr;
    /* Of the server that was asked, for what was asked; when all were, of any. */
    if ((!first && !again) || r->yiaddr != addr ||
        (first && r->server != d->offer.server) ||
        (d->state == DHCP4_RENEWING && r->server != d->lease.server)) {
        d->stats.in_unexpected++;
        return;
    }
    if (!ack_take(d, r)) {
        d->stats.in_malformed++;
        return;
    }
    d->stats.acks++;
    if (again) {
        tern_dhcp4_bind(d);
        return;
    }
    tern_net_leased(d->net, d->config.link, true);
    tern_dhcp4_state_set(d, DHCP4_PROBING);
    tern_arp_probe(d->net, dhcp4_ipv4(d), d->config.link, d->offer.addr);
    tern_dhcp4_due_set(d, d->net->turn->now_ns + PROBE_NS);
}

static void nak_input(struct tern_dhcp4 *d, const struct tern_dhcp4_reply *r)
{
    bool first = d->state == DHCP4_REQUESTING;
    if ((!first && d->state < DHCP4_RENEWING) || (first && r->server != d->offer.server) ||
        (d->state == DHCP4_RENEWING && r->server != d->lease.server)) {
        d->stats.in_unexpected++;
        return;
    }
    d->stats.naks++;
    if (d->lease.addr != 0)
        tern_dhcp4_lease_lose(d);
    tern_dhcp4_select_start(d);
}

static void reply_input(struct tern_dhcp4 *d, const struct tern_dgram *dgram)
{
    struct tern_dhcp4_reply r;
    switch (tern_dhcp4_reply_parse(dgram->data, dgram->len, &r)) {
    case TERN_OK:
        break;
    case TERN_TRUNCATED:
        d->stats.in_short++;
        return;
    case TERN_UNSUPPORTED:
        d->stats.in_not_ours++;
        return;
    default:
        d->stats.in_malformed++;
        return;
    }
    if (dgram->peer.port != DHCP4_SERVER_PORT || r.xid != d->xid ||
        !eth_equal(r.chaddr, d->net->links[d->config.link].mac)) {
        d->stats.in_not_ours++;
        return;
    }
    switch (r.type) {
    case DHCP4_OFFER:
        offer_input(d, &r);
        break;
    case DHCP4_ACK:
        ack_input(d, &r);
        break;
    case DHCP4_NAK:
        nak_input(d, &r);
        break;
    default:
        d->stats.in_unexpected++;
        break;
    }
}

void tern_dhcp4_received(struct tern_endpoint *ep, struct tern_dgram *dgrams, size_t n)
{
    for (size_t i = 0; i < n; i++)
        reply_input(ep->user, &dgrams[i]);
}
