/* SPDX-License-Identifier: ISC */
/*
 * The DHCPv4 client (RFC 2131 section 4.4): its states, what it sends, and time.
 * What servers answer is dhcp4_answer.c's.
 *
 *   INIT --DISCOVER--> SELECTING --OFFER, REQUEST--> REQUESTING --ACK--> PROBING
 *    ^  ^                                                |  NAK            |
 *    |  +------------------------------------------------+    no answer in 200 ms
 *    |  +------------- DECLINE: someone answers ---------------------------+
 *    |                                                                     v
 *    +--NAK, expiry-- REBINDING <--T2-- RENEWING <--T1------------------ BOUND
 *                         |  ACK            |  ACK                         ^
 *                         +-----------------+------------------------------+
 *
 * REBOOTING asks to confirm a lease that still runs when the link comes back.
 *
 * Departures: the first DISCOVER goes at once, not after 1 to 10 random
 * seconds (section 4.4.1 wants that for many machines after a power failure;
 * a guest that serves in milliseconds cannot have it), and one ARP probe of 200
 * ms stands for section 4.4.1's check; RFC 5227's full schedule is not run.
 */
#include "dhcp4_internal.h"
#include "eth_wire.h"

#include <string.h>

#define DECLINE_WAIT_NS (10 * TERN_SECOND_NS)    /* RFC 2131 section 3.1 (5) */
#define RENEW_LEAST_NS (60 * TERN_SECOND_NS)     /* RFC 2131 section 4.4.5 */
#define REQUEST_TRIES 4
#define REBOOT_TRIES 3
#define ALONE_TRIES 3    /* after so many DISCOVERs, some 12 s, others do what they can */

void tern_dhcp4_state_set(struct tern_dhcp4 *d, enum dhcp4_state state)
{
    struct tern_ipv4 *ip = dhcp4_ipv4(d);
    bool was_probing = d->state == DHCP4_PROBING;
    d->state = (uint8_t)state;
    /* Until there is an address, answers may come to the one that is offered. */
    ip->links[d->config.link].configuring = state < DHCP4_PROBING;
    if (state == DHCP4_PROBING)
        ip->links[d->config.link].probing = d->offer.addr;
    else if (was_probing)
        ip->links[d->config.link].probing = 0;
}

void tern_dhcp4_due_set(struct tern_dhcp4 *d, uint64_t due_ns)
{
    if (due_ns == TERN_NEVER)
        tern_timer_cancel(d->net->turn, &d->timer);
    else
        tern_timer_set(d->net->turn, &d->timer, due_ns);
}

/* RFC 2131 section 4.1: 4, 8, 16, 32, 64 seconds, each with a random second more or less. */
static uint64_t backoff(struct tern_dhcp4 *d)
{
    uint64_t base_s = UINT64_C(4) << (d->n_tries < 4 ? d->n_tries : 4);
    uint64_t jitter_ns = tern_drbg_below(d->net->drbg, 2000) * TERN_MILLISECOND_NS;
    return (base_s - 1) * TERN_SECOND_NS + jitter_ns;
}

/* ---- Sending ------------------------------------------------------------ */

/* What finds no slot now is sent again by the timer, like what is lost. */
static void send(struct tern_dhcp4 *d, const struct tern_dhcp4_request *request, uint32_t to)
{
    uint8_t msg[DHCP4_EMIT_CAP];
    size_t len = tern_dhcp4_request_emit(msg, request);
    struct tern_dgram dgram = { .peer = { .addr = tern_addr_v4(to), .port = DHCP4_SERVER_PORT },
                                .data = msg,
                                .len = len };
    (void)tern_endpoint_send(d->ep, &dgram, 1);
}

static struct tern_dhcp4_request request_make(const struct tern_dhcp4 *d, uint8_t type)
{
    uint64_t secs = (d->net->turn->now_ns - d->started_ns) / TERN_SECOND_NS;
    struct tern_dhcp4_request r = { .type = type,
                                    .xid = d->xid,
                                    .secs = secs < UINT16_MAX ? (uint16_t)secs : UINT16_MAX,
                                    .hostname = d->config.hostname,
                                    .wants_routes = d->config.routes };
    eth_copy(r.chaddr, d->net->links[d->config.link].mac);
    return r;
}

static void discover(struct tern_dhcp4 *d)
{
    struct tern_dhcp4_request r = request_make(d, DHCP4_DISCOVER);
    d->secs = r.secs;
    d->stats.discovers++;
    send(d, &r, IPV4_BROADCAST);
    tern_dhcp4_due_set(d, d->net->turn->now_ns + backoff(d));
    if (d->n_tries < UINT8_MAX)
        d->n_tries++;
    if (d->n_tries == ALONE_TRIES)
        tern_net_leased(d->net, d->config.link, false);
}

/*
 * For the offer: broadcast, so that servers not chosen hear it, and with the
 * DISCOVER's secs, so that relays pass it on alike (RFC 2131 section 3.1 (3)).
 */
void tern_dhcp4_request_offer(struct tern_dhcp4 *d)
{
    struct tern_dhcp4_request r = request_make(d, DHCP4_REQUEST);
    r.secs = d->secs;
    r.requested = d->offer.addr;
    r.server = d->offer.server;
    d->stats.requests++;
    send(d, &r, IPV4_BROADCAST);
    tern_dhcp4_due_set(d, d->net->turn->now_ns + backoff(d));
    d->n_tries++;
}

/* For the lease (RFC 2131 table 5): by unicast to its server, or to all. */
static void request_lease(struct tern_dhcp4 *d, uint32_t to)
{
    struct tern_dhcp4_request r = request_make(d, DHCP4_REQUEST);
    if (d->state == DHCP4_REBOOTING)
        r.requested = d->lease.addr;
    else
        r.ciaddr = d->lease.addr;
    d->stats.requests++;
    d->asked_ns = d->net->turn->now_ns;
    send(d, &r, to);
}

static void decline(struct tern_dhcp4 *d)
{
    struct tern_dhcp4_request r = request_make(d, DHCP4_DECLINE);
    r.secs = 0;    /* RFC 2131 table 5 */
    r.requested = d->offer.addr;
    r.server = d->offer.server;
    d->stats.declines++;
    send(d, &r, IPV4_BROADCAST);
}

/* ---- Ways from state to state ------------------------------------------- */

void tern_dhcp4_select_start(struct tern_dhcp4 *d)
{
    d->xid = tern_drbg_u32(d->net->drbg);
    d->started_ns = d->net->turn->now_ns;
    d->n_tries = 0;
    memset(&d->offer, 0, sizeof d->offer);
    tern_dhcp4_state_set(d, DHCP4_SELECTING);
    discover(d);
}

static void init_wait(struct tern_dhcp4 *d, uint64_t ns)
{
    tern_dhcp4_state_set(d, DHCP4_INIT);
    tern_dhcp4_due_set(d, d->net->turn->now_ns + ns);
}

/* The routes of the lease come, or go. */
static void routes_put(struct tern_dhcp4 *d, bool drop)
{
    for (size_t i = 0; i < d->lease.n_routes; i++) {
        struct tern_route r = { .prefix = tern_addr_v4(d->lease.routes[i].prefix),
                                .expires_ns = TERN_NEVER,
                                .prefix_len = (uint8_t)(96 + d->lease.routes[i].prefix_len),
                                .link = d->config.link,
                                .origin = TERN_ROUTE_LEARNED };
        if (d->lease.routes[i].gateway != 0)
            r.gateway = tern_addr_v4(d->lease.routes[i].gateway);
        if (drop)
            (void)tern_net_route_drop(d->net, &r);
        else if (tern_net_route_put(d->net, &r) != TERN_OK)
            d->stats.repaired++;
    }
}

/* The address is gone, by NAK or by time. */
void tern_dhcp4_lease_lose(struct tern_dhcp4 *d)
{
    routes_put(d, true);
    memset(&d->lease, 0, sizeof d->lease);
    dhcp4_ipv4(d)->links[d->config.link].mtu = 0;
    tern_ipv4_clear(d->net, d->config.link);
}

static void renew_start(struct tern_dhcp4 *d, enum dhcp4_state state)
{
    d->xid = tern_drbg_u32(d->net->drbg);
    d->started_ns = d->net->turn->now_ns;
    d->n_tries = 0;
    tern_dhcp4_state_set(d, state);
}

/* Asks again after half of the time that is left until end_ns (RFC 2131 section 4.4.5). */
static void renew_due(struct tern_dhcp4 *d, uint64_t end_ns)
{
    uint64_t now_ns = d->net->turn->now_ns;
    uint64_t wait_ns = (end_ns - now_ns) / 2;
    if (wait_ns < RENEW_LEAST_NS)
        wait_ns = RENEW_LEAST_NS;
    tern_dhcp4_due_set(d, wait_ns < end_ns - now_ns ? now_ns + wait_ns : end_ns);
}

static void address_make(const struct tern_dhcp4 *d, struct tern_ipv4_address *a)
{
    tern_ipv4_address_make(a, d->lease.addr, d->lease.mask, d->lease.gateway);
}

/* Puts the lease to use, for the first time or with other times and routers. */
void tern_dhcp4_bind(struct tern_dhcp4 *d)
{
    struct tern_ipv4_address a;
    struct tern_ipv4 *ip = dhcp4_ipv4(d);
    routes_put(d, true);
    d->lease = d->offer;
    address_make(d, &a);
    enum tern_err err = tern_ipv4_set_from(d->net, d->config.link, &a, TERN_ROUTE_LEARNED);
    if (err != TERN_OK && d->lease.gateway != 0) {
        /* A router that cannot be reached is left out; the address serves its link. */
        d->stats.repaired++;
        d->lease.gateway = 0;
        address_make(d, &a);
        err = tern_ipv4_set_from(d->net, d->config.link, &a, TERN_ROUTE_LEARNED);
    }
    if (err != TERN_OK) {
        d->stats.in_malformed++;
        tern_dhcp4_lease_lose(d);
        init_wait(d, DECLINE_WAIT_NS);
        return;
    }
    routes_put(d, false);
    ip->links[d->config.link].mtu = d->lease.mtu;
    tern_dhcp4_state_set(d, DHCP4_BOUND);
    tern_dhcp4_due_set(d, d->lease.t1_ns);
}

static void reboot_start(struct tern_dhcp4 *d)
{
    renew_start(d, DHCP4_REBOOTING);
    request_lease(d, IPV4_BROADCAST);
    tern_dhcp4_due_set(d, d->net->turn->now_ns + backoff(d));
    d->n_tries++;
}

/* ---- Time --------------------------------------------------------------- */

static void renew_fire(struct tern_dhcp4 *d, uint64_t now_ns)
{
    if (now_ns >= d->lease.expires_ns) {
        d->stats.expiries++;
        tern_dhcp4_lease_lose(d);
        tern_dhcp4_select_start(d);
    } else if (now_ns >= d->lease.t2_ns) {
        if (d->state != DHCP4_REBINDING) {
            renew_start(d, DHCP4_REBINDING);
            d->stats.rebinds++;
        }
        request_lease(d, IPV4_BROADCAST);
        renew_due(d, d->lease.expires_ns);
    } else if (now_ns >= d->lease.t1_ns) {
        if (d->state != DHCP4_RENEWING) {
            renew_start(d, DHCP4_RENEWING);
            d->stats.renewals++;
        }
        request_lease(d, d->lease.server);
        renew_due(d, d->lease.t2_ns);
    } else {
        tern_dhcp4_state_set(d, DHCP4_BOUND);
        tern_dhcp4_due_set(d, d->lease.t1_ns);
    }
}

static void dhcp4_fire(struct tern_timer *timer, uint64_t now_ns)
{
    struct tern_dhcp4 *d = TERN_CONTAINER_OF(timer, struct tern_dhcp4, timer);
    switch ((enum dhcp4_state)d->state) {
    case DHCP4_STOPPED:
        break;
    case DHCP4_INIT:
        tern_dhcp4_select_start(d);
        break;
    case DHCP4_SELECTING:
        discover(d);
        break;
    case DHCP4_REQUESTING:
        if (d->n_tries < REQUEST_TRIES)
            tern_dhcp4_request_offer(d);
        else
            tern_dhcp4_select_start(d);
        break;
    case DHCP4_PROBING:
        tern_dhcp4_bind(d);
        break;
    case DHCP4_REBOOTING:
        /* RFC 2131 section 3.2 (3): nobody answers, so the lease is used as it stands. */
        if (d->n_tries >= REBOOT_TRIES || now_ns >= d->lease.expires_ns) {
            renew_fire(d, now_ns);
        } else {
            request_lease(d, IPV4_BROADCAST);
            tern_dhcp4_due_set(d, now_ns + backoff(d));
            d->n_tries++;
        }
        break;
    case DHCP4_BOUND:
    case DHCP4_RENEWING:
    case DHCP4_REBINDING:
        renew_fire(d, now_ns);
        break;
    }
}

/* ---- The part ----------------------------------------------------------- */

static const struct tern_endpoint_events dhcp4_events = { .received = tern_dhcp4_received };

static void dhcp4_conflict(struct tern_net *net, void *context, uint8_t link,
                           const struct tern_addr *addr)
{
    struct tern_dhcp4 *d = context;
    (void)net;
    if (link != d->config.link || d->state != DHCP4_PROBING || !tern_addr_is_v4(addr) ||
        tern_addr_to_v4(addr) != d->offer.addr)
        return;
    d->stats.conflicts++;
    decline(d);
    init_wait(d, DECLINE_WAIT_NS);
}

static void dhcp4_link_changed(struct tern_net *net, void *context, uint8_t link)
{
    struct tern_dhcp4 *d = context;
    if (link != d->config.link)
        return;
    bool up = net->links[link].link->up, came = up && !d->was_up;
    d->was_up = up;
    if (!came)
        return;
    if (d->ep == NULL) {
        struct tern_endpoint_addr local = { .port = DHCP4_CLIENT_PORT,
                                            .link = (uint16_t)(link + 1) };
        if (tern_udp_client_open(net, &local, &dhcp4_events, d, &d->ep) != TERN_OK) {
            d->was_up = false;    /* no endpoint was free: again when the link changes */
            return;
        }
    }
    if (d->lease.addr != 0)
        reboot_start(d);
    else
        tern_dhcp4_select_start(d);
}

static enum tern_err dhcp4_init(struct tern_net *net, void *context)
{
    struct tern_dhcp4 *d = context;
    const struct tern_dhcp4_config *config = &d->config;
    if (tern_net_context(net, &tern_ipv4) == NULL || tern_net_context(net, &tern_udp) == NULL ||
        config->link >= TERN_NET_LINKS ||
        (config->hostname != NULL && strlen(config->hostname) > DHCP4_HOSTNAME_MAX))
        return TERN_INVALID;
    tern_net_clear(d, sizeof *d, offsetof(struct tern_dhcp4, config), sizeof *config);
    d->net = net;
    d->timer.fire = dhcp4_fire;
    return TERN_OK;
}

enum tern_err tern_dhcp4_get(const struct tern_net *net, struct tern_dhcp4_lease *lease)
{
    const struct tern_dhcp4 *d = tern_net_context(net, &tern_dhcp4);
    if (d == NULL)
        return TERN_INVALID;
    if (d->lease.addr == 0)
        return TERN_AGAIN;
    memset(lease, 0, sizeof *lease);
    address_make(d, &lease->address);
    lease->server = tern_addr_v4(d->lease.server);
    for (size_t i = 0; i < d->lease.n_dns; i++)
        lease->dns[i] = tern_addr_v4(d->lease.dns[i]);
    for (size_t i = 0; i < d->lease.n_ntp; i++)
        lease->ntp[i] = tern_addr_v4(d->lease.ntp[i]);
    lease->n_dns = d->lease.n_dns;
    lease->n_ntp = d->lease.n_ntp;
    lease->expires_ns = d->lease.expires_ns;
    return TERN_OK;
}

static const struct tern_net_client_ops dhcp4_ops = {
    .init = dhcp4_init,
    .link_changed = dhcp4_link_changed,
    .conflict = dhcp4_conflict,
};

const struct tern_net_part tern_dhcp4 = {
    .name = "dhcp4",
    .role = TERN_NET_CLIENT,
    .id = 67,
    .context_len = sizeof(struct tern_dhcp4),
    .ops = &dhcp4_ops,
};
