/* SPDX-License-Identifier: ISC */
/*
 * Link-local addresses of IPv4 (RFC 3927), for networks without a server: one is
 * chosen at random in 169.254/16, asked after, and defended once.
 *
 *            up, or no DHCP server            3 probes, silence
 *    STOPPED ---------------------> PROBING --------------------> BOUND
 *       ^                           ^  | somebody has it            |
 *       |                           |  +-- another, 10 at once,     |
 *       |                           |      then one a minute        |
 *       +-- DHCP has an address,    +------- a second conflict -----+
 *           the link is down                 in 10 s
 */
#include "ipv4_internal.h"

#include <string.h>

/* RFC 3927 section 9. */
#define PROBE_WAIT_MS 1000u
#define PROBE_NUM 3
#define PROBE_MIN_MS 1000u
#define PROBE_MAX_MS 2000u
#define ANNOUNCE_WAIT_NS (2 * TERN_SECOND_NS)
#define MAX_CONFLICTS 10
#define RATE_LIMIT_INTERVAL_NS (60 * TERN_SECOND_NS)

/* Section 2.1: the first and the last 256 addresses of the prefix are reserved. */
#define ADDR_FIRST 0xa9fe0100u
#define N_ADDRS (254u * 256u)

enum linklocal4_state { LINKLOCAL4_STOPPED, LINKLOCAL4_PROBING, LINKLOCAL4_BOUND };

static struct tern_ipv4 *ipv4_of_client(const struct tern_linklocal4 *l)
{
    return tern_net_context(l->net, &tern_ipv4);
}

static void state_set(struct tern_linklocal4 *l, enum linklocal4_state state)
{
    struct tern_ipv4 *ip = ipv4_of_client(l);
    bool was_probing = l->state == LINKLOCAL4_PROBING;
    l->state = (uint8_t)state;
    if (state == LINKLOCAL4_PROBING)
        ip->links[l->config.link].probing = l->addr;
    else if (was_probing)
        ip->links[l->config.link].probing = 0;
}

static void due_in(struct tern_linklocal4 *l, uint64_t ns)
{
    tern_timer_set(l->net->turn, &l->timer, l->net->turn->now_ns + ns);
}

static uint64_t random_ms(const struct tern_linklocal4 *l, uint32_t below)
{
    return tern_drbg_below(l->net->drbg, below) * TERN_MILLISECOND_NS;
}

/* Section 2.1: the same host chooses the same addresses in the same order, others do not. */
static uint32_t candidate(const struct tern_linklocal4 *l)
{
    static const uint8_t key[16] = "link-local IPv4";
    uint8_t mac[8] = { 0 };
    memcpy(mac, l->net->links[l->config.link].mac, 6);
    return ADDR_FIRST +
           (uint32_t)(tern_siphash_3(key, tern_load_be64(mac), l->n_conflicts, 0) % N_ADDRS);
}

static void start(struct tern_linklocal4 *l)
{
    if (ipv4_of_client(l)->links[l->config.link].set)    /* somebody has set one meanwhile */
        return;
    l->addr = candidate(l);
    l->n_probes = 0;
    state_set(l, LINKLOCAL4_PROBING);
    due_in(l, l->n_conflicts >= MAX_CONFLICTS ? RATE_LIMIT_INTERVAL_NS
                                              : random_ms(l, PROBE_WAIT_MS));
}

/* To STOPPED; an address that was ours goes. */
static void stop(struct tern_linklocal4 *l)
{
    struct tern_ipv4 *ip = ipv4_of_client(l);
    bool was_bound = l->state == LINKLOCAL4_BOUND;
    state_set(l, LINKLOCAL4_STOPPED);
    tern_timer_cancel(l->net->turn, &l->timer);
    if (was_bound && ip->links[l->config.link].addr == l->addr)
        tern_ipv4_clear(l->net, l->config.link);
}

static void bind(struct tern_linklocal4 *l)
{
    struct tern_ipv4_address a = { .addr = tern_addr_v4(l->addr), .prefix_len = 16 };
    if (ipv4_of_client(l)->links[l->config.link].set ||
        tern_ipv4_set_from(l->net, l->config.link, &a, TERN_ROUTE_LEARNED) != TERN_OK) {
        stop(l);
        return;
    }
    l->stats.claims++;
    state_set(l, LINKLOCAL4_BOUND);    /* and it is being announced (section 2.4) */
}

static void linklocal4_fire(struct tern_timer *timer, uint64_t now_ns)
{
    struct tern_linklocal4 *l = TERN_CONTAINER_OF(timer, struct tern_linklocal4, timer);
    (void)now_ns;
    if (l->state != LINKLOCAL4_PROBING)
        return;
    tern_net_worked(l->net);
    if (l->n_probes == PROBE_NUM) {
        bind(l);
        return;
    }
    l->stats.probes++;
    tern_arp_probe(l->net, ipv4_of_client(l), l->config.link, l->addr);
    if (++l->n_probes == PROBE_NUM)
        due_in(l, ANNOUNCE_WAIT_NS);
    else
        due_in(l, PROBE_MIN_MS * TERN_MILLISECOND_NS +
                      random_ms(l, PROBE_MAX_MS - PROBE_MIN_MS));
}

/* ---- The part ----------------------------------------------------------- */

/*
 * Of an address in use this is called when it was defended less than ten seconds
 * ago: section 2.5 (b), the other may keep it.
 */
static void linklocal4_conflict(struct tern_net *net, void *context, uint8_t link,
                                const struct tern_addr *addr)
{
    struct tern_linklocal4 *l = context;
    (void)net;
    if (link != l->config.link || l->state == LINKLOCAL4_STOPPED || !tern_addr_is_v4(addr) ||
        tern_addr_to_v4(addr) != l->addr)
        return;
    l->stats.conflicts++;
    stop(l);
    if (l->n_conflicts < UINT16_MAX)
        l->n_conflicts++;
    start(l);
}

static void linklocal4_leased(struct tern_net *net, void *context, uint8_t link, bool found)
{
    struct tern_linklocal4 *l = context;
    if (link != l->config.link || !net->links[link].link->up)
        return;
    if (found)
        stop(l);
    else if (l->state == LINKLOCAL4_STOPPED)
        start(l);
}

static void linklocal4_link_changed(struct tern_net *net, void *context, uint8_t link)
{
    struct tern_linklocal4 *l = context;
    if (link != l->config.link)
        return;
    bool up = net->links[link].link->up;
    if (up == l->was_up)
        return;
    l->was_up = up;
    l->n_conflicts = 0;
    if (!up)    /* it may come back as another one, where the address is somebody's */
        stop(l);
    else if (l->config.at_once)
        start(l);
}

static enum tern_err linklocal4_init(struct tern_net *net, void *context)
{
    struct tern_linklocal4 *l = context;
    const struct tern_linklocal4_config *config = &l->config;
    if (tern_net_context(net, &tern_ipv4) == NULL || config->link >= TERN_NET_LINKS)
        return TERN_INVALID;
    tern_net_clear(l, sizeof *l, offsetof(struct tern_linklocal4, config), sizeof *config);
    l->net = net;
    l->timer.fire = linklocal4_fire;
    return TERN_OK;
}

static const struct tern_net_client_ops linklocal4_ops = {
    .init = linklocal4_init,
    .link_changed = linklocal4_link_changed,
    .conflict = linklocal4_conflict,
    .leased = linklocal4_leased,
};

const struct tern_net_part tern_linklocal4 = {
    .name = "linklocal4",
    .role = TERN_NET_CLIENT,
    .id = 0xa9fe,
    .context_len = sizeof(struct tern_linklocal4),
    .ops = &linklocal4_ops,
};
