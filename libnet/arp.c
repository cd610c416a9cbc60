/* SPDX-License-Identifier: ISC */
/*
 * ARP (RFC 826) with the unreachability detection of RFC 1122 section 2.3.2.1
 * and address conflict detection (RFC 5227) as far as a host with a fixed
 * address needs it: announcing, answering probes, defending.
 *
 * ARP is not authenticated, so what nobody asked for changes little: a packet
 * never replaces a MAC that we send to. It only makes us ask the old one; when
 * that is silent, everybody is asked, and whoever answers is believed.
 */
#include "arp_wire.h"
#include "eth_wire.h"
#include "ipv4_internal.h"

#include <string.h>

static const uint8_t mac_broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t mac_none[6];

#define DEFEND_INTERVAL_NS (10 * TERN_SECOND_NS)    /* RFC 5227 section 1.1 */
#define ANNOUNCE_INTERVAL_NS (2 * TERN_SECOND_NS)

/* ---- Sending ------------------------------------------------------------ */

static bool arp_send(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link,
                     const uint8_t to[6], const struct tern_arp_packet *arp)
{
    struct tern_tx tx;
    if (tern_net_slot_begin(net, link, 0xff, to, ETH_TYPE_ARP, ARP_LEN, &tx, NULL) != TERN_OK) {
        ip->stats.arp_full++;
        return false;
    }
    tern_arp_emit(tx.data + ETH_HDR_LEN, arp);
    tern_net_slot_commit(net, link, &tx, ARP_LEN);
    return true;
}

static void request_send(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link,
                         const uint8_t to[6], uint32_t sender, uint32_t target)
{
    struct tern_arp_packet arp = { .op = ARP_REQUEST, .sender = sender, .target = target };
    eth_copy(arp.sender_mac, net->links[link].mac);
    eth_copy(arp.target_mac, mac_none);
    if (arp_send(net, ip, link, to, &arp))
        ip->stats.arp_requests++;
}

/* One more question about n: to its MAC while we have one, else to all. */
static void ask(struct tern_net *net, struct tern_ipv4 *ip, struct tern_ipv4_neighbour *n)
{
    n->n_tries++;
    tern_arp_due_set(ip, n, ARP_RETRY_NS);
    request_send(net, ip, n->link, arp_can_send(n) ? n->mac : mac_broadcast,
                 ip->links[n->link].addr, n->addr);
}

void tern_arp_probe(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link, uint32_t addr)
{
    request_send(net, ip, link, mac_broadcast, IPV4_ANY, addr);
}

static void announce(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link)
{
    uint32_t addr = ip->links[link].addr;
    ip->stats.arp_announcements++;
    request_send(net, ip, link, mac_broadcast, addr, addr);
}

void tern_arp_announce(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link)
{
    announce(net, ip, link);
    ip->links[link].n_announce = 1;
    ip->links[link].announce_ns = net->turn->now_ns + ANNOUNCE_INTERVAL_NS;
    tern_ipv4_rearm(ip, ip->links[link].announce_ns);
}

/* ---- An entry's states -------------------------------------------------- */

static void state_set(struct tern_ipv4 *ip, struct tern_ipv4_neighbour *n, enum arp_state state)
{
    bool could_send = arp_can_send(n);
    tern_arp_due_clear(ip, n);
    if (n->state == ARP_INCOMPLETE)
        ip->n_incomplete--;
    if (state == ARP_INCOMPLETE)
        ip->n_incomplete++;
    n->state = (uint8_t)state;
    n->check_ns = 0;
    if (could_send != arp_can_send(n))
        n->generation = ++ip->generation;
}

/* Its MAC is known now: what waited for it goes. */
static void learn(struct tern_net *net, struct tern_ipv4 *ip, struct tern_ipv4_neighbour *n,
                  const uint8_t mac[6], enum arp_state state)
{
    eth_copy(n->mac, mac);
    state_set(ip, n, state);
    if (state == ARP_REACHABLE)
        n->confirmed_ns = net->turn->now_ns;
    tern_ipv4_held_send(net, ip, n);
    tern_net_wake(net, n->waiting, TERN_OK);
    tern_net_worked(net);
}

static void fail(struct tern_net *net, struct tern_ipv4 *ip, struct tern_ipv4_neighbour *n)
{
    ip->stats.arp_failed++;
    tern_ipv4_held_drop(net, ip, n);
    state_set(ip, n, ARP_FAILED);
    tern_arp_due_set(ip, n, ARP_RETRY_NS);
    tern_net_wake(net, n->waiting, TERN_UNREACHABLE);
    tern_net_worked(net);
}

static void probe_start(struct tern_net *net, struct tern_ipv4 *ip,
                        struct tern_ipv4_neighbour *n)
{
    state_set(ip, n, ARP_PROBE);
    n->n_tries = 0;
    ask(net, ip, n);
}

static void due_serve(struct tern_net *net, struct tern_ipv4 *ip, struct tern_ipv4_neighbour *n)
{
    switch ((enum arp_state)n->state) {
    case ARP_INCOMPLETE:
        if (n->n_tries < ARP_TRIES)
            ask(net, ip, n);
        else
            fail(net, ip, n);
        break;
    case ARP_DELAY:
        probe_start(net, ip, n);
        break;
    case ARP_PROBE:
        if (n->n_tries < ARP_TRIES) {
            ask(net, ip, n);
        } else {
            state_set(ip, n, ARP_INCOMPLETE);
            n->n_tries = 0;
            ask(net, ip, n);
        }
        break;
    case ARP_FAILED:
        tern_arp_cache_remove(ip, n);
        break;
    case ARP_FREE:
    case ARP_STALE:
    case ARP_REACHABLE:
        tern_arp_due_clear(ip, n);    /* these wait for nothing */
        break;
    }
}

uint64_t tern_arp_run(struct tern_net *net, struct tern_ipv4 *ip, uint64_t now_ns)
{
    uint64_t next_ns = TERN_NEVER;
    for (size_t fifo = 0; fifo < 2; fifo++) {
        struct tern_ipv4_neighbour *n;
        /* Each is served once: what it waits for next lies after now. */
        while ((n = tern_arp_due_first(ip, fifo)) != NULL && n->due_ns <= now_ns)
            due_serve(net, ip, n);
    }
    for (size_t fifo = 0; fifo < 2; fifo++) {
        const struct tern_ipv4_neighbour *n = tern_arp_due_first(ip, fifo);
        if (n != NULL && n->due_ns < next_ns)
            next_ns = n->due_ns;
    }
    for (uint8_t link = 0; link < net->n_links; link++) {
        if (ip->links[link].n_announce == 0)
            continue;
        if (ip->links[link].announce_ns <= now_ns) {
            ip->links[link].n_announce = 0;
            announce(net, ip, link);
        } else if (ip->links[link].announce_ns < next_ns) {
            next_ns = ip->links[link].announce_ns;
        }
    }
    return next_ns;
}

/* ---- For those who send ------------------------------------------------- */

enum tern_err tern_arp_resolve(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link,
                               uint32_t addr, struct tern_ipv4_neighbour **n)
{
    *n = tern_arp_cache_find(ip, link, addr);
    if (*n == NULL) {
        *n = tern_arp_cache_add(ip, link, addr, true);
        if (*n == NULL) {
            ip->stats.arp_cache_full++;
            return TERN_UNREACHABLE;
        }
        ask(net, ip, *n);
        return TERN_AGAIN;
    }
    if (arp_can_send(*n)) {
        tern_arp_check(net, ip, *n);
        return TERN_OK;
    }
    /* RFC 1122 section 2.3.2.1: no more than one question a second. */
    ip->stats.arp_rate_limited++;
    return (*n)->state == ARP_INCOMPLETE ? TERN_AGAIN : TERN_UNREACHABLE;
}

void tern_arp_check(struct tern_net *net, struct tern_ipv4 *ip, struct tern_ipv4_neighbour *n)
{
    uint64_t now_ns = net->turn->now_ns;
    if (n->state == ARP_STALE ||
        (n->state == ARP_REACHABLE && now_ns - n->confirmed_ns >= ARP_REACHABLE_NS)) {
        state_set(ip, n, ARP_DELAY);
        tern_arp_due_set(ip, n, ARP_DELAY_NS);
    }
    n->check_ns = now_ns + TERN_SECOND_NS;
    tern_arp_cache_touch(ip, n);
}

void tern_arp_confirm(struct tern_ipv4 *ip, struct tern_ipv4_neighbour *n, uint64_t now_ns)
{
    n->confirmed_ns = now_ns;
    if (n->state != ARP_REACHABLE)
        state_set(ip, n, ARP_REACHABLE);
}

void tern_arp_forget(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link)
{
    ip->links[link].n_announce = 0;
    for (size_t i = 0; i < ip->config.n_neighbours; i++) {
        struct tern_ipv4_neighbour *n = &ip->config.neighbours[i];
        if (n->state == ARP_FREE || n->link != link)
            continue;
        tern_ipv4_held_drop(net, ip, n);
        tern_net_wake(net, n->waiting, TERN_UNREACHABLE);
        tern_arp_cache_remove(ip, n);
    }
}

/* ---- Receiving ---------------------------------------------------------- */

/*
 * Another host sends as if it had our address. RFC 5227 section 2.4 (c): a
 * host that must keep its address defends it, once in ten seconds at most.
 */
static void conflict(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link)
{
    uint64_t now_ns = net->turn->now_ns;
    ip->stats.arp_conflict++;
    if (ip->links[link].defended_ns != 0 &&
        now_ns - ip->links[link].defended_ns < DEFEND_INTERVAL_NS)
        return;
    ip->links[link].defended_ns = now_ns != 0 ? now_ns : 1;
    announce(net, ip, link);
    struct tern_addr addr = tern_addr_v4(ip->links[link].addr);
    tern_net_event(net, TERN_NET_CONFLICT, link, &addr);
}

/* Is it about the address that a client asks for before it takes it (RFC 5227 2.1.1)? */
static bool probe_answered(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link,
                           const struct tern_arp_packet *arp)
{
    uint32_t addr = ip->links[link].probing;
    if (addr == 0)
        return false;
    bool others_probe = arp->op == ARP_REQUEST && arp->sender == IPV4_ANY && arp->target == addr;
    if (arp->sender != addr && !others_probe)
        return false;
    ip->stats.arp_conflict++;
    for (size_t i = 0; i < net->n_clients; i++) {
        const struct tern_net_client_ops *ops = net->clients[i].ops;
        ops->conflict(net, net->clients[i].context, link, addr);
    }
    return true;
}

static void answer(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link,
                   const struct tern_arp_packet *request)
{
    struct tern_arp_packet arp = { .op = ARP_REPLY, .sender = request->target,
                                   .target = request->sender };
    eth_copy(arp.sender_mac, net->links[link].mac);
    eth_copy(arp.target_mac, request->sender_mac);
    if (arp_send(net, ip, link, request->sender_mac, &arp))
        ip->stats.arp_replies++;
}

/*
 * The MAC we have is contested. It stays until its owner has been asked, to
 * its face, and was silent; at most once a second, whoever says so.
 */
static void contest(struct tern_net *net, struct tern_ipv4 *ip, struct tern_ipv4_neighbour *n)
{
    if (n->state == ARP_PROBE || net->turn->now_ns - n->confirmed_ns < ARP_RETRY_NS)
        return;
    probe_start(net, ip, n);
}

/* Takes what a packet says of its sender; true if it answered a question of ours. */
static bool sender_take(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link,
                        const struct tern_arp_packet *arp, bool for_us)
{
    struct tern_ipv4_neighbour *n = tern_arp_cache_find(ip, link, arp->sender);
    bool reply = arp->op == ARP_REPLY && for_us;
    if (n == NULL) {
        /* RFC 826: who asks us will be spoken to. Never at another's cost. */
        uint32_t mask = ip->links[link].mask;
        if (arp->op == ARP_REQUEST && for_us && ipv4_is_host(arp->sender) &&
            ((arp->sender ^ ip->links[link].addr) & mask) == 0 &&
            (n = tern_arp_cache_add(ip, link, arp->sender, false)) != NULL)
            learn(net, ip, n, arp->sender_mac, ARP_STALE);
        return false;
    }
    if (n->state == ARP_INCOMPLETE || n->state == ARP_FAILED) {
        learn(net, ip, n, arp->sender_mac, reply ? ARP_REACHABLE : ARP_STALE);
        return reply;
    }
    if (!eth_equal(n->mac, arp->sender_mac)) {
        contest(net, ip, n);
        return false;
    }
    if (n->state != ARP_PROBE || !reply)
        return false;
    tern_arp_confirm(ip, n, net->turn->now_ns);
    return true;
}

void tern_arp_input(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link,
                    struct tern_rx *rx, size_t off)
{
    struct tern_arp_packet arp;
    ip->stats.arp_in++;
    if (tern_arp_parse(rx->spans[0].data + off, rx->spans[0].len - off, &arp) != TERN_OK ||
        (arp.sender != IPV4_ANY && !ipv4_is_host(arp.sender)) ||
        eth_equal(arp.sender_mac, net->links[link].mac)) {
        ip->stats.arp_bad++;
        return;
    }
    if (probe_answered(net, ip, link, &arp))
        return;
    if (!ip->links[link].set) {
        ip->stats.arp_not_ours++;
        return;
    }
    uint32_t ours = ip->links[link].addr;
    if (arp.sender == ours) {
        conflict(net, ip, link);
        return;
    }
    bool for_us = arp.target == ours;
    bool learned = arp.sender != IPV4_ANY && sender_take(net, ip, link, &arp, for_us);
    if (for_us && arp.op == ARP_REQUEST) {
        ip->stats.arp_asked++;
        answer(net, ip, link, &arp);
    } else if (learned) {
        ip->stats.arp_learned++;
    } else if (for_us || arp.sender == arp.target || arp.op == ARP_REPLY) {
        ip->stats.arp_unsolicited++;
    } else {
        ip->stats.arp_not_ours++;
    }
}
