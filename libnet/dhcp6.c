/* SPDX-License-Identifier: ISC */
/*
 * The DHCPv6 client (RFC 8415 section 18.2): its states, what it sends, and
 * time. What servers answer is dhcp6_answer.c's.
 *
 *   STOPPED --O flag--> INFORMING --Reply--> INFORMED --refresh time--> INFORMING
 *      |
 *      M flag                     Reply (Rapid Commit)
 *      v          +-------------------------------------------+
 *   SOLICITING ---+--Advertise--> REQUESTING --Reply--> BOUND <+
 *      ^                                               | ^  T1
 *      +-- expiry -- REBINDING <--T2-- RENEWING <------+ |
 *      |                 +---------------+---------------+ Reply
 *      +-- DECLINING <-- another host has an address
 *
 * CONFIRMING asks whether the lease still fits when the link comes back,
 * RELEASING gives it back, or what of it there is no room for.
 *
 * There is one association, with two addresses at most. What of it is declined or
 * released is used no more; the lease goes on with the other one, if there is one.
 */
#include "dhcp6_internal.h"

#include <string.h>

#define DELAY_MS 1000u                           /* SOL_MAX_DELAY and its like */
#define NO_WAY_NS (500 * TERN_MILLISECOND_NS)    /* no source address yet, or no slot */
#define NO_LIMIT 0

/* Section 7.6, by state. */
static const struct plan {
    uint8_t type;
    uint16_t irt_s, mrt_s;     /* mrt_s 0: SOL_MAX_RT or INF_MAX_RT */
    uint8_t mrc, mrd_s;        /* NO_LIMIT: till it is answered, or the lease says */
} plans[] = {
    [DHCP6_INFORMING] = { DHCP6_INFORMATION_REQUEST, 1, 0, NO_LIMIT, NO_LIMIT },
    [DHCP6_SOLICITING] = { DHCP6_SOLICIT, 1, 0, NO_LIMIT, NO_LIMIT },
    [DHCP6_REQUESTING] = { DHCP6_REQUEST, 1, 30, 10, NO_LIMIT },
    [DHCP6_RENEWING] = { DHCP6_RENEW, 10, 600, NO_LIMIT, NO_LIMIT },
    [DHCP6_REBINDING] = { DHCP6_REBIND, 10, 600, NO_LIMIT, NO_LIMIT },
    [DHCP6_CONFIRMING] = { DHCP6_CONFIRM, 1, 4, NO_LIMIT, 10 },
    [DHCP6_RELEASING] = { DHCP6_RELEASE, 1, 3600, 4, NO_LIMIT },
    [DHCP6_DECLINING] = { DHCP6_DECLINE, 1, 3600, 4, NO_LIMIT },
};

void tern_dhcp6_due_set(struct tern_dhcp6 *d, uint64_t due_ns)
{
    if (due_ns == TERN_NEVER)
        tern_timer_cancel(d->net->turn, &d->timer);
    else
        tern_timer_set(d->net->turn, &d->timer, due_ns);
}

struct tern_dhcp6_octets tern_dhcp6_client_id(const struct tern_dhcp6 *d,
                                              uint8_t made[DHCP6_DUID_LL_LEN])
{
    if (d->config.duid_len > 0)
        return (struct tern_dhcp6_octets){ d->config.duid, d->config.duid_len };
    tern_dhcp6_duid_emit(made, d->net->links[d->config.link].mac);
    return (struct tern_dhcp6_octets){ made, DHCP6_DUID_LL_LEN };
}

/* ---- Sending ------------------------------------------------------------ */

static bool send(struct tern_dhcp6 *d, const struct tern_dhcp6_request *request)
{
    static const struct tern_addr all_servers = { { 0xff, 2, [13] = 1, [15] = 2 } };
    uint8_t msg[DHCP6_EMIT_CAP];
    size_t len = tern_dhcp6_request_emit(msg, request);
    struct tern_dgram dgram = { .peer = { .addr = all_servers, .port = DHCP6_SERVER_PORT },
                                .data = msg,
                                .len = len };
    return tern_endpoint_send(d->ep, &dgram, 1) == 1;
}

static void count(struct tern_dhcp6_stats *stats, enum dhcp6_state state)
{
    switch (state) {
    case DHCP6_INFORMING:
        stats->information_requests++;
        break;
    case DHCP6_SOLICITING:
        stats->solicits++;
        break;
    case DHCP6_REQUESTING:
        stats->requests++;
        break;
    case DHCP6_RENEWING:
        stats->renews++;
        break;
    case DHCP6_REBINDING:
        stats->rebinds++;
        break;
    case DHCP6_CONFIRMING:
        stats->confirms++;
        break;
    case DHCP6_RELEASING:
        stats->releases++;
        break;
    case DHCP6_DECLINING:
        stats->declines++;
        break;
    case DHCP6_STOPPED:
    case DHCP6_INFORMED:
    case DHCP6_BOUND:
        break;
    }
}

/* x with a tenth of it more or less (section 15: RAND). */
static uint64_t blur(struct tern_dhcp6 *d, uint64_t x, uint64_t of)
{
    return x - of / 10 + of / 1000 * tern_drbg_below(d->net->drbg, 201);
}

/* How long to wait for an answer to what was just sent (section 15). */
static uint64_t wait_next(struct tern_dhcp6 *d, const struct plan *plan)
{
    uint64_t irt_ns = plan->irt_s * TERN_SECOND_NS, mrt_ns = plan->mrt_s * TERN_SECOND_NS;
    if (mrt_ns == 0)
        mrt_ns = (d->state == DHCP6_SOLICITING ? d->sol_max_rt_s : d->inf_max_rt_s) *
                 TERN_SECOND_NS;
    if (d->n_sent == 1 && d->state == DHCP6_SOLICITING)    /* section 18.2.1: never less */
        return irt_ns + irt_ns / 1000 * (1 + tern_drbg_below(d->net->drbg, 100));
    if (d->n_sent == 1)
        return blur(d, irt_ns, irt_ns);
    uint64_t rt_ns = blur(d, 2 * d->rt_ns, d->rt_ns);
    return rt_ns > mrt_ns ? blur(d, mrt_ns, mrt_ns) : rt_ns;
}

/* When the exchange ends, answered or not. */
static uint64_t end_of(const struct tern_dhcp6 *d, const struct plan *plan)
{
    if (d->state == DHCP6_RENEWING)
        return d->lease.t2_ns;
    if (d->state == DHCP6_REBINDING)
        return d->lease.valid_ns;
    return plan->mrd_s != NO_LIMIT ? d->started_ns + plan->mrd_s * TERN_SECOND_NS : TERN_NEVER;
}

static void transmit(struct tern_dhcp6 *d)
{
    const struct plan *plan = &plans[d->state];
    uint64_t now_ns = d->net->turn->now_ns, end_ns = end_of(d, plan);
    uint8_t made[DHCP6_DUID_LL_LEN];
    if (d->n_sent == 0)
        d->started_ns = now_ns;
    uint64_t elapsed_cs = (now_ns - d->started_ns) / (10 * TERN_MILLISECOND_NS);
    struct tern_dhcp6_request r = {
        .type = plan->type,
        .xid = d->xid,
        .iaid = dhcp6_iaid(d),
        .has_ia = d->state != DHCP6_INFORMING,
        .wants_rapid = d->state == DHCP6_SOLICITING,
        .elapsed_cs = elapsed_cs < UINT16_MAX ? (uint16_t)elapsed_cs : UINT16_MAX,
        .client_id = tern_dhcp6_client_id(d, made),
    };
    bool returns = d->state == DHCP6_RELEASING || d->state == DHCP6_DECLINING;
    if (r.has_ia)
        r.addrs = returns ? d->returned : d->lease.addrs;
    if (d->state != DHCP6_INFORMING && d->state != DHCP6_SOLICITING &&
        d->state != DHCP6_REBINDING && d->state != DHCP6_CONFIRMING)
        r.server_id = (struct tern_dhcp6_octets){ d->server_id, d->server_id_len };
    uint64_t due_ns = now_ns + NO_WAY_NS;
    if (send(d, &r)) {
        if (d->n_sent < UINT8_MAX)
            d->n_sent++;
        count(&d->stats, (enum dhcp6_state)d->state);
        d->rt_ns = wait_next(d, plan);
        due_ns = now_ns + d->rt_ns;
    }
    tern_dhcp6_due_set(d, due_ns < end_ns ? due_ns : end_ns);
}

/* ---- Ways from state to state ------------------------------------------- */

void tern_dhcp6_begin(struct tern_dhcp6 *d, enum dhcp6_state state, uint32_t delay_ms)
{
    uint64_t now_ns = d->net->turn->now_ns;
    d->state = (uint8_t)state;
    d->xid = tern_drbg_u32(d->net->drbg) & 0xffffff;
    d->n_sent = 0;
    d->started_ns = now_ns;
    if (delay_ms == 0)
        transmit(d);
    else
        tern_dhcp6_due_set(d, now_ns + tern_drbg_below(d->net->drbg, delay_ms) *
                                           TERN_MILLISECOND_NS);
}

void tern_dhcp6_solicit(struct tern_dhcp6 *d)
{
    tern_dhcp6_lease_lose(d);
    memset(&d->lease, 0, sizeof d->lease);
    d->server_id_len = d->preference = 0;
    tern_dhcp6_begin(d, DHCP6_SOLICITING, DELAY_MS);
}

void tern_dhcp6_resume(struct tern_dhcp6 *d)
{
    uint64_t now_ns = d->net->turn->now_ns;
    if (now_ns >= d->lease.valid_ns) {
        d->stats.expiries++;
        tern_dhcp6_solicit(d);
    } else if (now_ns >= d->lease.t2_ns) {
        tern_dhcp6_begin(d, DHCP6_REBINDING, 0);
    } else if (now_ns >= d->lease.t1_ns) {
        tern_dhcp6_begin(d, DHCP6_RENEWING, 0);
    } else {
        uint64_t due_ns = d->lease.t1_ns;
        d->state = DHCP6_BOUND;
        tern_dhcp6_due_set(d, due_ns < d->lease.valid_ns ? due_ns : d->lease.valid_ns);
    }
}

struct tern_ipv6_own *tern_dhcp6_own(const struct tern_dhcp6 *d, const struct tern_addr *addr)
{
    struct tern_ipv6 *ip = dhcp6_ipv6(d);
    const struct tern_ipv6_own *own = tern_ipv6_own_find(ip, d->config.link, addr);
    return own != NULL && own->origin == TERN_IPV6_FROM_DHCP ? &ip->addrs[own - ip->addrs] : NULL;
}

void tern_dhcp6_lease_lose(struct tern_dhcp6 *d)
{
    for (size_t i = 0; i < DHCP6_ADDRS_MAX; i++) {
        struct tern_ipv6_own *own = tern_dhcp6_own(d, &d->lease.addrs[i]);
        if (own != NULL)
            tern_ipv6_own_remove(dhcp6_ipv6(d), own);
    }
    d->lease.valid_ns = 0;
}

void tern_dhcp6_return(struct tern_dhcp6 *d, const struct tern_addr *addr)
{
    d->returned[!tern_addr_is_any(d->returned)] = *addr;
}

static void stop(struct tern_dhcp6 *d)
{
    d->state = DHCP6_STOPPED;
    memset(&d->lease, 0, sizeof d->lease);
    tern_dhcp6_due_set(d, TERN_NEVER);
}

/* ---- Time --------------------------------------------------------------- */

void tern_dhcp6_exchange_end(struct tern_dhcp6 *d)
{
    switch ((enum dhcp6_state)d->state) {
    case DHCP6_CONFIRMING:    /* section 18.2.3: the lease goes on as it stands */
    case DHCP6_RENEWING:
    case DHCP6_REBINDING:
        tern_dhcp6_resume(d);
        break;
    case DHCP6_RELEASING:
    case DHCP6_DECLINING:
        memset(d->returned, 0, sizeof d->returned);
        if (dhcp6_has_lease(d))
            tern_dhcp6_resume(d);
        else if (d->state == DHCP6_RELEASING)
            stop(d);
        else
            tern_dhcp6_solicit(d);
        break;
    default:
        tern_dhcp6_solicit(d);
        break;
    }
}

static void dhcp6_fire(struct tern_timer *timer, uint64_t now_ns)
{
    struct tern_dhcp6 *d = TERN_CONTAINER_OF(timer, struct tern_dhcp6, timer);
    const struct plan *plan = &plans[d->state];
    if (d->state == DHCP6_STOPPED)
        return;
    tern_net_worked(d->net);
    if (d->state == DHCP6_INFORMED)
        tern_dhcp6_begin(d, DHCP6_INFORMING, 0);
    else if (d->state == DHCP6_BOUND)
        tern_dhcp6_resume(d);
    else if (now_ns >= end_of(d, plan) || (plan->mrc != NO_LIMIT && d->n_sent >= plan->mrc))
        tern_dhcp6_exchange_end(d);
    else if (d->state == DHCP6_SOLICITING && d->server_id_len > 0)
        tern_dhcp6_begin(d, DHCP6_REQUESTING, 0);    /* the best of those that offered */
    else
        transmit(d);
}

/* ---- The part ----------------------------------------------------------- */

static const struct tern_endpoint_events dhcp6_events = { .received = tern_dhcp6_received };

/*
 * Duplicate address detection has found another host with an address of the lease: that
 * one alone is declined, and not used (section 18.2.8). While it is not known whether
 * the lease fits the link at all, it goes as a whole.
 */
static void dhcp6_conflict(struct tern_net *net, void *context, uint8_t link,
                           const struct tern_addr *addr)
{
    struct tern_dhcp6 *d = context;
    struct tern_ipv6_own *own = tern_dhcp6_own(d, addr);
    (void)net;
    if (link != d->config.link || !dhcp6_has_lease(d) ||
        own == NULL || ipv6_own_is_valid(own))
        return;
    d->stats.conflicts++;
    if (d->state != DHCP6_DECLINING)
        memset(d->returned, 0, sizeof d->returned);
    tern_dhcp6_return(d, addr);
    tern_ipv6_own_remove(dhcp6_ipv6(d), own);
    bool is_first = tern_addr_equal(&d->lease.addrs[0], d->returned) ||
                    tern_addr_equal(&d->lease.addrs[0], d->returned + 1);
    const struct tern_addr other = d->lease.addrs[is_first];
    d->lease.addrs[0] = other;
    d->lease.addrs[1] = (struct tern_addr){ { 0 } };
    if (tern_addr_is_any(&other) || d->state == DHCP6_CONFIRMING)
        tern_dhcp6_lease_lose(d);
    tern_dhcp6_begin(d, DHCP6_DECLINING, 0);
}

/* Section 4.2 of RFC 4861: M for all, O for all but addresses. Neither takes back a word. */
static void want(struct tern_dhcp6 *d, bool managed, bool other)
{
    bool has_none = d->state == DHCP6_STOPPED || d->state == DHCP6_INFORMED ||
                    d->state == DHCP6_INFORMING;
    if (!d->was_up || d->released)
        return;
    if (managed && has_none)
        tern_dhcp6_solicit(d);
    else if (other && d->state == DHCP6_STOPPED)
        tern_dhcp6_begin(d, DHCP6_INFORMING, DELAY_MS);
}

static void dhcp6_router_said(struct tern_net *net, void *context, uint8_t link, uint8_t ra_flags)
{
    struct tern_dhcp6 *d = context;
    (void)net;
    if (link == d->config.link && d->config.mode == TERN_DHCP6_AS_ROUTERS_SAY)
        want(d, (ra_flags & 0x80) != 0, (ra_flags & 0x40) != 0);
}

static void dhcp6_link_changed(struct tern_net *net, void *context, uint8_t link)
{
    struct tern_dhcp6 *d = context;
    bool up = net->links[link].link->up;
    if (link != d->config.link || up == d->was_up)
        return;
    if (d->ep == NULL) {
        struct tern_endpoint_addr local = { .port = DHCP6_CLIENT_PORT,
                                            .link = (uint16_t)(link + 1) };
        if (tern_udp_client_open(net, &local, &dhcp6_events, d, &d->ep) != TERN_OK)
            return;    /* no endpoint was free: again when the link changes */
    }
    d->was_up = up;
    d->released = false;
    d->state = DHCP6_STOPPED;
    tern_dhcp6_due_set(d, TERN_NEVER);
    if (up && dhcp6_has_lease(d)) {    /* section 18.2.3 */
        tern_dhcp6_begin(d, DHCP6_CONFIRMING, DELAY_MS);
        return;
    }
    want(d, d->config.mode == TERN_DHCP6_STATEFUL, d->config.mode == TERN_DHCP6_STATELESS);
}

static enum tern_err dhcp6_init(struct tern_net *net, void *context)
{
    struct tern_dhcp6 *d = context;
    const struct tern_dhcp6_config *config = &d->config;
    if (tern_net_context(net, &tern_ipv6) == NULL || tern_net_context(net, &tern_udp) == NULL ||
        config->link >= TERN_NET_LINKS || config->mode > TERN_DHCP6_STATEFUL ||
        (config->duid_len > 0 && (config->duid == NULL || config->duid_len < DHCP6_DUID_LEAST ||
                                 config->duid_len > DHCP6_DUID_MAX)))
        return TERN_INVALID;
    tern_net_clear(d, sizeof *d, offsetof(struct tern_dhcp6, config), sizeof *config);
    d->net = net;
    d->timer.fire = dhcp6_fire;
    d->sol_max_rt_s = d->inf_max_rt_s = 3600;
    return TERN_OK;
}

enum tern_err tern_dhcp6_release(struct tern_net *net)
{
    struct tern_dhcp6 *d = tern_net_context(net, &tern_dhcp6);
    if (d == NULL)
        return TERN_INVALID;
    bool had_lease = dhcp6_has_lease(d) && d->was_up;
    tern_dhcp6_lease_lose(d);    /* section 18.2.7: it is not used from now on */
    d->released = true;
    if (had_lease) {
        memcpy(d->returned, d->lease.addrs, sizeof d->returned);
        tern_dhcp6_begin(d, DHCP6_RELEASING, 0);
    } else if (d->state != DHCP6_RELEASING) {
        stop(d);
    }
    return TERN_OK;
}

enum tern_err tern_dhcp6_get(const struct tern_net *net, struct tern_dhcp6_lease *lease)
{
    const struct tern_dhcp6 *d = tern_net_context(net, &tern_dhcp6);
    if (d == NULL)
        return TERN_INVALID;
    if (!dhcp6_has_lease(d) && d->state != DHCP6_INFORMED)
        return TERN_AGAIN;
    memset(lease, 0, sizeof *lease);
    if (dhcp6_has_lease(d)) {
        memcpy(lease->addrs, d->lease.addrs, sizeof lease->addrs);
        lease->expires_ns = d->lease.valid_ns;
    }
    lease->n_ntp = d->n_ntp;
    memcpy(lease->ntp, d->ntp, sizeof lease->ntp);
    return TERN_OK;
}

static const struct tern_net_client_ops dhcp6_ops = {
    .init = dhcp6_init,
    .link_changed = dhcp6_link_changed,
    .conflict = dhcp6_conflict,
    .router_said = dhcp6_router_said,
};

const struct tern_net_part tern_dhcp6 = {
    .name = "dhcp6",
    .role = TERN_NET_CLIENT,
    .id = 547,
    .context_len = sizeof(struct tern_dhcp6),
    .ops = &dhcp6_ops,
};
