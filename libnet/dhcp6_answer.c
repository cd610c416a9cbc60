/* SPDX-License-Identifier: ISC */
/*
 * What servers answer a DHCPv6 client (RFC 8415 sections 16 and 18.2.9 to
 * 18.2.10), each taken only in the state that waits for it.
 */
#include "dhcp6_internal.h"
#include "names_wire.h"

#include <string.h>

#define FOR_EVER UINT32_MAX                      /* section 7.7 */
#define T_LEAST_S 10u                            /* who wants to be asked more often waits */
#define REFRESH_S 86400u                         /* sections 7.6 and 21.23 */
#define REFRESH_LEAST_S 600u
#define PREFERENCE_MOST 255

_Static_assert(sizeof((struct tern_dhcp6 *)0)->server_id == DHCP6_DUID_MAX, "a DUID fits");

static uint64_t after(const struct tern_dhcp6 *d, uint32_t seconds)
{
    return seconds == FOR_EVER ? TERN_NEVER : d->net->turn->now_ns + seconds * TERN_SECOND_NS;
}

static bool octets_equal(const struct tern_dhcp6_octets *a, const void *data, size_t len)
{
    return a->len == len && memcmp(a->data, data, len) == 0;
}

static void server_choose(struct tern_dhcp6 *d, const struct tern_dhcp6_reply *r)
{
    d->server_id_len = (uint8_t)r->server_id.len;
    memcpy(d->server_id, r->server_id.data, r->server_id.len);
}

/* ---- What comes with any answer ------------------------------------------- */

static void limits_take(struct tern_dhcp6 *d, const struct tern_dhcp6_reply *r)
{
    if (r->sol_max_rt_s != 0)
        d->sol_max_rt_s = r->sol_max_rt_s;
    if (r->inf_max_rt_s != 0)
        d->inf_max_rt_s = r->inf_max_rt_s;
}

/* Servers and domains, for so long; what an answer does not speak of stays. */
static void others_take(struct tern_dhcp6 *d, const struct tern_dhcp6_reply *r,
                        uint64_t expires_ns)
{
    struct tern_ipv6 *ip = dhcp6_ipv6(d);
    for (size_t off = 0; off < r->dns.len; off += 16) {
        struct tern_addr server = ipv6_addr(r->dns.data + off);
        tern_nd_server_put(ip, d->config.link, &server, expires_ns);
    }
    if (r->domains.len > 0 && r->domains.len <= sizeof ip->domains) {
        size_t len = 0, name_len;
        while (len < r->domains.len &&
               (name_len = tern_name_len(r->domains.data + len, r->domains.len - len)) > 1)
            len += name_len;
        memcpy(ip->domains, r->domains.data, len);
        ip->domains_len = (uint16_t)len;
        ip->domains_expire_ns = expires_ns;
    }
    if (r->n_ntp > 0) {
        memcpy(d->ntp, r->ntp, sizeof d->ntp);
        d->n_ntp = r->n_ntp;
    }
}

/* ---- Leases --------------------------------------------------------------- */

/*
 * Section 21.4: where the server leaves T1 and T2 to us they are half and four
 * fifths of what is preferred. T1 <= T2 <= lease, or they are that of the lease.
 */
static void times_take(struct tern_dhcp6 *d, const struct tern_dhcp6_reply *r,
                       const struct tern_dhcp6_addr *a)
{
    uint32_t base_s = a->preferred_s != 0 ? a->preferred_s : a->valid_s;
    uint32_t t1_s = r->t1_s, t2_s = r->t2_s;
    if (t1_s == 0)
        t1_s = base_s == FOR_EVER ? FOR_EVER : base_s / 2;
    if (t2_s == 0)
        t2_s = base_s == FOR_EVER ? FOR_EVER : base_s / 5 * 4;
    if (t1_s > t2_s || (t2_s > a->valid_s && t2_s != FOR_EVER)) {
        d->stats.repaired++;
        t1_s = a->valid_s / 2;
        t2_s = a->valid_s / 5 * 4;
    }
    d->lease.t1_ns = after(d, t1_s > T_LEAST_S ? t1_s : T_LEAST_S);
    d->lease.t2_ns = after(d, t2_s > T_LEAST_S ? t2_s : T_LEAST_S);
    d->lease.valid_ns = after(d, a->valid_s);
}

/*
 * Takes what the answer grants, with the least and the most of their times as
 * *sum; how many. Further ones are left to the server.
 */
static size_t granted(const struct tern_dhcp6_reply *r, struct tern_addr addrs[DHCP6_ADDRS_MAX],
                      struct tern_dhcp6_addr *sum)
{
    size_t n = 0;
    *sum = (struct tern_dhcp6_addr){ .preferred_s = FOR_EVER };
    memset(addrs, 0, DHCP6_ADDRS_MAX * sizeof *addrs);
    for (size_t i = 0; i < r->n_addrs && n < DHCP6_ADDRS_MAX; i++) {
        const struct tern_dhcp6_addr *a = &r->addrs[i];
        if (a->valid_s == 0)
            continue;
        addrs[n++] = a->addr;
        if (a->preferred_s < sum->preferred_s)
            sum->preferred_s = a->preferred_s;
        if (a->valid_s > sum->valid_s)
            sum->valid_s = a->valid_s;
    }
    return n;
}

/* It is ours from now on, or for longer. False: there is no room for it. */
static bool address_put(struct tern_dhcp6 *d, const struct tern_dhcp6_addr *a)
{
    struct tern_ipv6 *ip = dhcp6_ipv6(d);
    struct tern_ipv6_own *own = tern_dhcp6_own(d, &a->addr);
    uint64_t preferred_ns = after(d, a->preferred_s), valid_ns = after(d, a->valid_s);
    if (own == NULL)
        return tern_ipv6_own_add(ip, d->config.link, &a->addr, 128, TERN_IPV6_FROM_DHCP,
                                 preferred_ns, valid_ns) != NULL;
    own->preferred_ns = preferred_ns;
    own->valid_ns = valid_ns;
    if (own->state == TERN_IPV6_DEPRECATED && a->preferred_s > 0)
        own->state = TERN_IPV6_PREFERRED;
    tern_ip_rearm(&ip->ip, preferred_ns);
    return true;
}

/*
 * The lease is the n addresses that are granted now; what it had and the answer
 * does not speak of stays if there is room (section 18.2.10.1). What finds none is to
 * be given back.
 */
static void lease_put(struct tern_dhcp6 *d, const struct tern_dhcp6_reply *r,
                      struct tern_addr addrs[DHCP6_ADDRS_MAX], size_t n)
{
    size_t n_granted = n, n_held = 0;
    memset(d->returned, 0, sizeof d->returned);
    for (size_t i = 0; i < DHCP6_ADDRS_MAX; i++) {
        struct tern_ipv6_own *own = tern_dhcp6_own(d, &d->lease.addrs[i]);
        bool said = false, kept = false;
        for (size_t k = 0; own != NULL && k < r->n_addrs; k++)
            said |= tern_addr_equal(&r->addrs[k].addr, &own->addr);
        for (size_t k = 0; own != NULL && k < n_granted; k++)
            kept |= tern_addr_equal(&addrs[k], &own->addr);
        if (own == NULL || kept)
            continue;
        if (!said && n < DHCP6_ADDRS_MAX) {
            addrs[n++] = own->addr;
            continue;
        }
        if (!said)
            tern_dhcp6_return(d, &own->addr);
        tern_ipv6_own_remove(dhcp6_ipv6(d), own);
    }
    memset(d->lease.addrs, 0, sizeof d->lease.addrs);
    for (size_t i = 0, k = 0; i < r->n_addrs && k < n_granted; i++) {
        if (r->addrs[i].valid_s == 0)
            continue;
        if (address_put(d, &r->addrs[i]))
            d->lease.addrs[n_held++] = addrs[k];
        else
            tern_dhcp6_return(d, &addrs[k]);
        k++;
    }
    for (size_t i = n_granted; i < n; i++)
        d->lease.addrs[n_held++] = addrs[i];
}

static void refuse(struct tern_dhcp6 *d, bool solicit)
{
    d->stats.refusals++;
    if (solicit)
        tern_dhcp6_solicit(d);
}

/* Section 18.2.10.1, of what is no lease. */
static void refusal_input(struct tern_dhcp6 *d, const struct tern_dhcp6_reply *r, unsigned status)
{
    bool renews = d->state == DHCP6_RENEWING || d->state == DHCP6_REBINDING;
    if (renews && status == DHCP6_NO_BINDING) {    /* it knows us not: it is asked as at first */
        d->stats.refusals++;
        server_choose(d, r);
        tern_dhcp6_begin(d, DHCP6_REQUESTING, 0);
        return;
    }
    bool ended = renews && status == DHCP6_SUCCESS && r->n_addrs > 0;
    if (d->state == DHCP6_SOLICITING) {    /* another server may have one */
        refuse(d, false);
        return;
    }
    /* Who cannot now may be able later: so a lease is not lost before its time. */
    refuse(d, status == DHCP6_NOT_ON_LINK || ended ||
                  (!renews && status != DHCP6_UNSPEC_FAIL && status != DHCP6_USE_MULTICAST));
}

static void lease_input(struct tern_dhcp6 *d, const struct tern_dhcp6_reply *r)
{
    unsigned status = r->status != DHCP6_SUCCESS ? r->status : r->ia_status;
    struct tern_addr addrs[DHCP6_ADDRS_MAX];
    struct tern_dhcp6_addr sum;
    size_t n = granted(r, addrs, &sum);
    if (status != DHCP6_SUCCESS || n == 0) {
        refusal_input(d, r, status);
        return;
    }
    lease_put(d, r, addrs, n);
    server_choose(d, r);
    times_take(d, r, &sum);
    others_take(d, r, d->lease.valid_ns);
    if (tern_addr_is_any(d->lease.addrs)) {
        /* Not one has a place: all go back (section 18.2.7), and none is asked for again. */
        d->released = true;
        tern_dhcp6_lease_lose(d);
        refuse(d, false);
    } else {
        d->stats.replies++;
        tern_dhcp6_resume(d);
    }
    if (!tern_addr_is_any(d->returned))
        tern_dhcp6_begin(d, DHCP6_RELEASING, 0);
}

/* ---- Messages ------------------------------------------------------------- */

static void advertise_input(struct tern_dhcp6 *d, const struct tern_dhcp6_reply *r)
{
    struct tern_addr addrs[DHCP6_ADDRS_MAX];
    struct tern_dhcp6_addr sum;
    if (d->state != DHCP6_SOLICITING) {
        d->stats.in_unexpected++;
        return;
    }
    limits_take(d, r);    /* section 18.2.9: also of one that has nothing for us */
    if (r->status != DHCP6_SUCCESS || r->ia_status != DHCP6_SUCCESS ||
        granted(r, addrs, &sum) == 0) {
        refuse(d, false);
        return;
    }
    d->stats.advertises++;
    if (d->server_id_len == 0 || r->preference > d->preference) {
        server_choose(d, r);
        d->preference = r->preference;
        memcpy(d->lease.addrs, addrs, sizeof d->lease.addrs);
    }
    /* Section 18.2.1: all are waited for until the first time-out, then whoever comes first. */
    if (d->n_sent > 1 || r->preference == PREFERENCE_MOST)
        tern_dhcp6_begin(d, DHCP6_REQUESTING, 0);
}

static void information_input(struct tern_dhcp6 *d, const struct tern_dhcp6_reply *r)
{
    uint32_t refresh_s = r->refresh_s != 0 ? r->refresh_s : REFRESH_S;
    if (r->status != DHCP6_SUCCESS) {
        refuse(d, false);
        return;
    }
    if (refresh_s < REFRESH_LEAST_S)
        refresh_s = REFRESH_LEAST_S;
    d->stats.replies++;
    /* It is good for twice that time, for one answer may be missed. */
    others_take(d, r, after(d, refresh_s < FOR_EVER / 2 ? refresh_s * 2 : FOR_EVER));
    d->state = DHCP6_INFORMED;
    tern_dhcp6_due_set(d, after(d, refresh_s));
}

static void confirmed_input(struct tern_dhcp6 *d, const struct tern_dhcp6_reply *r)
{
    if (r->status == DHCP6_SUCCESS) {
        d->stats.replies++;
        tern_dhcp6_resume(d);
    } else {
        refuse(d, r->status == DHCP6_NOT_ON_LINK);
    }
}

static void reply_input(struct tern_dhcp6 *d, const struct tern_dhcp6_reply *r)
{
    bool is_chosen = octets_equal(&r->server_id, d->server_id, d->server_id_len);
    limits_take(d, r);
    switch ((enum dhcp6_state)d->state) {
    case DHCP6_INFORMING:
        information_input(d, r);
        return;
    case DHCP6_CONFIRMING:
        confirmed_input(d, r);
        return;
    case DHCP6_REBINDING:
        lease_input(d, r);
        return;
    case DHCP6_SOLICITING:
        if (!r->is_rapid)    /* section 16.10 */
            break;
        lease_input(d, r);
        return;
    case DHCP6_REQUESTING:
    case DHCP6_RENEWING:
        if (!is_chosen)
            break;
        lease_input(d, r);
        return;
    case DHCP6_RELEASING:
    case DHCP6_DECLINING:
        if (!is_chosen)
            break;
        d->stats.replies++;
        tern_dhcp6_exchange_end(d);
        return;
    case DHCP6_STOPPED:
    case DHCP6_INFORMED:
    case DHCP6_BOUND:
        break;
    }
    d->stats.in_unexpected++;
}

static void input(struct tern_dhcp6 *d, const struct tern_dgram *dgram)
{
    struct tern_dhcp6_reply r;
    uint8_t made[DHCP6_DUID_LL_LEN];
    struct tern_dhcp6_octets id = tern_dhcp6_client_id(d, made);
    switch (tern_dhcp6_reply_parse(dgram->data, dgram->len, dhcp6_iaid(d), &r)) {
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
    /* We have asked from a link-local address: nobody off the link can answer to that. */
    if (r.xid != d->xid || !octets_equal(&r.client_id, id.data, id.len) ||
        !ipv6_addr_is_link_local(&dgram->local.addr))
        d->stats.in_not_ours++;
    else if (d->n_sent == 0)
        d->stats.in_unexpected++;
    else if (r.type == DHCP6_ADVERTISE)
        advertise_input(d, &r);
    else
        reply_input(d, &r);
}

void tern_dhcp6_received(struct tern_endpoint *ep, struct tern_dgram *dgrams, size_t n)
{
    for (size_t i = 0; i < n; i++)
        input(ep->user, &dgrams[i]);
}
