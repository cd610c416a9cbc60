/* SPDX-License-Identifier: ISC */
/*
 * What happens to an entry of the neighbour cache: questions, answers and
 * silence (RFC 4861 section 7.3, RFC 1122 section 2.3.2.1). How a question
 * looks, and what an answer may say, is its family's.
 */
#include "eth_wire.h"
#include "ip_internal.h"

/* One more question about n: to its MAC while we have one, else to all. */
static void ask(struct tern_ip *ip, struct tern_neighbour *n)
{
    n->n_tries++;
    tern_neigh_due_set(ip, n, ip->retry_ns[n->link]);
    ip_family(ip)->ask(ip, n, neigh_can_send(n));
}

void tern_neigh_state_set(struct tern_ip *ip, struct tern_neighbour *n, enum neigh_state state)
{
    bool could_send = neigh_can_send(n);
    tern_neigh_due_clear(ip, n);
    if (n->state == NEIGH_INCOMPLETE)
        ip->n_incomplete[n->link]--;
    if (state == NEIGH_INCOMPLETE)
        ip->n_incomplete[n->link]++;
    n->state = (uint8_t)state;
    n->check_ns = 0;
    if (could_send != neigh_can_send(n))
        n->generation = ++ip->generation;
}

void tern_neigh_learn(struct tern_ip *ip, struct tern_neighbour *n, const uint8_t mac[6],
                      enum neigh_state state)
{
    eth_copy(n->mac, mac);
    tern_neigh_state_set(ip, n, state);
    if (state == NEIGH_REACHABLE)
        n->confirmed_ns = ip->net->turn->now_ns;
    tern_ip_held_send(ip, n);
    tern_net_wake(ip->net, n->waiting, TERN_OK);
    tern_net_worked(ip->net);
}

static void fail(struct tern_ip *ip, struct tern_neighbour *n)
{
    ip->stats->neigh_failed++;
    tern_net_gateway_failed(ip->net, n->link, &n->addr);
    tern_ip_held_drop(ip, n);
    tern_neigh_state_set(ip, n, NEIGH_FAILED);
    tern_neigh_due_set(ip, n, ip->retry_ns[n->link]);
    tern_net_wake(ip->net, n->waiting, TERN_UNREACHABLE);
    tern_net_worked(ip->net);
}

static void ask_anew(struct tern_ip *ip, struct tern_neighbour *n, enum neigh_state state)
{
    tern_neigh_state_set(ip, n, state);
    n->n_tries = 0;
    ask(ip, n);
}

static void due_serve(struct tern_ip *ip, struct tern_neighbour *n)
{
    switch ((enum neigh_state)n->state) {
    case NEIGH_INCOMPLETE:
        if (n->n_tries < NEIGH_TRIES)
            ask(ip, n);
        else
            fail(ip, n);
        break;
    case NEIGH_DELAY:
        ask_anew(ip, n, NEIGH_PROBE);
        break;
    case NEIGH_PROBE:
        if (n->n_tries < NEIGH_TRIES)
            ask(ip, n);
        else
            ask_anew(ip, n, NEIGH_INCOMPLETE);
        break;
    case NEIGH_FAILED:
        tern_neigh_remove(ip, n);
        break;
    case NEIGH_FREE:
    case NEIGH_STALE:
    case NEIGH_REACHABLE:
        tern_neigh_due_clear(ip, n);    /* these wait for nothing */
        break;
    }
}

uint64_t tern_neigh_run(struct tern_ip *ip, uint64_t now_ns)
{
    uint64_t next_ns = TERN_NEVER;
    struct tern_neighbour *n;
    for (size_t fifo = 0; fifo <= TERN_NET_LINKS; fifo++)
        /* Each is served once: what it waits for next lies after now. */
        while ((n = tern_neigh_due_first(ip, fifo)) != NULL && n->due_ns <= now_ns)
            due_serve(ip, n);
    for (size_t fifo = 0; fifo <= TERN_NET_LINKS; fifo++) {
        n = tern_neigh_due_first(ip, fifo);
        if (n != NULL && n->due_ns < next_ns)
            next_ns = n->due_ns;
    }
    return next_ns;
}

/* ---- For those who send ------------------------------------------------- */

/* What a path does once a second: notes the use, asks whether the neighbour lives. */
static void check(struct tern_ip *ip, struct tern_neighbour *n)
{
    uint64_t now_ns = ip->net->turn->now_ns;
    if (n->state == NEIGH_STALE ||
        (n->state == NEIGH_REACHABLE && now_ns - n->confirmed_ns >= ip->reachable_ns[n->link])) {
        tern_neigh_state_set(ip, n, NEIGH_DELAY);
        tern_neigh_due_set(ip, n, NEIGH_DELAY_NS);
    }
    n->check_ns = now_ns + TERN_SECOND_NS;
    tern_neigh_touch(ip, n);
}

enum tern_err tern_neigh_resolve(struct tern_ip *ip, uint8_t link, const struct tern_addr *addr,
                                 struct tern_neighbour **n)
{
    *n = tern_neigh_find(ip, link, addr);
    if (*n == NULL) {
        *n = tern_neigh_add(ip, link, addr, true);
        if (*n == NULL) {
            ip->stats->neigh_cache_full++;
            return TERN_UNREACHABLE;
        }
        ask(ip, *n);
        return TERN_AGAIN;
    }
    if (neigh_can_send(*n)) {
        check(ip, *n);
        return TERN_OK;
    }
    /* RFC 1122 section 2.3.2.1, RFC 4861 section 7.2.2: no more than one question a second. */
    ip->stats->neigh_rate_limited++;
    return (*n)->state == NEIGH_INCOMPLETE ? TERN_AGAIN : TERN_UNREACHABLE;
}

enum tern_err tern_neigh_for(struct tern_ip *ip, struct tern_net_out *out, uint8_t link,
                             const struct tern_addr *next_hop, struct tern_neighbour **n)
{
    enum tern_err err = tern_neigh_resolve(ip, link, next_hop, n);
    if (err == TERN_OK) {
        *out->path = (struct tern_net_path){ .generation = (*n)->generation,
                                             .neighbour = (uint16_t)(*n - ip->neighbours),
                                             .link = link,
                                             .network = ip->slot };
    } else if (err == TERN_AGAIN) {
        out->wait = out->transport < TERN_NET_TRANSPORTS ? &(*n)->waiting[out->transport] : NULL;
    } else {
        ip->stats->out_no_neighbour++;
    }
    return err;
}

void tern_neigh_confirm(struct tern_ip *ip, struct tern_neighbour *n)
{
    n->confirmed_ns = ip->net->turn->now_ns;
    if (n->state != NEIGH_REACHABLE)
        tern_neigh_state_set(ip, n, NEIGH_REACHABLE);
}

void tern_neigh_progress(struct tern_ip *ip, const struct tern_net_path *path)
{
    struct tern_neighbour *n = &ip->neighbours[path->neighbour];
    if (path->generation != 0 && path->generation == n->generation)
        tern_neigh_confirm(ip, n);
}

void tern_neigh_contest(struct tern_ip *ip, struct tern_neighbour *n)
{
    if (n->state == NEIGH_PROBE || ip->net->turn->now_ns - n->confirmed_ns < NEIGH_RETRY_NS)
        return;
    ask_anew(ip, n, NEIGH_PROBE);
}

void tern_neigh_forget(struct tern_ip *ip, uint8_t link)
{
    for (size_t i = 0; i < ip->n_neighbours; i++) {
        struct tern_neighbour *n = &ip->neighbours[i];
        if (n->state != NEIGH_FREE && n->link == link)
            tern_neigh_remove(ip, n);
    }
}
