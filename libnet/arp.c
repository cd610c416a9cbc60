/* SPDX-License-Identifier: ISC */
/*
 * ARP (RFC 826) with the unreachability detection of RFC 1122 section 2.3.2.1
 * and address conflict detection (RFC 5227): announcing, answering probes,
 * defending.
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
#define ANNOUNCE_INTERVAL_MS 2000u
#define RATE_LIMIT_INTERVAL_MS 60000u
#define RATE_LIMIT_BLUR_MS 8000u    /* or two that began together lose it together for ever */

/*
 * Between two probes, and behind the last: RFC 5227 has 1 to 2 s. Section 2.1.2 expects
 * shorter times where links are fast, and that they differ "does not cause any problems".
 */
#define PROBE_INTERVAL_MS 200u

/* What is still to be done with an address, down to 0; and TERN_IPV4_LOST. */
enum { STEP_PROBE = 5, STEP_ANNOUNCE = 2 };

/* ---- Sending ------------------------------------------------------------ */

static bool arp_send(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link,
                     const uint8_t to[6], const struct tern_arp_packet *arp)
{
    struct tern_tx tx;
    if (arp->sender >> 16 == IPV4_LINK_LOCAL)    /* RFC 3927 section 2.5: all must hear of it */
        to = mac_broadcast;
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

void tern_arp_ask(struct tern_ip *shared, const struct tern_neighbour *n, bool to_one)
{
    struct tern_ipv4 *ip = ipv4_of(shared);
    request_send(shared->net, ip, n->link, to_one ? n->mac : mac_broadcast,
                 ip->links[n->link].addr, tern_addr_to_v4(&n->addr));
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

/* The next step, so much later. */
static void step_in(struct tern_ipv4 *ip, uint8_t link, unsigned step, uint32_t ms)
{
    struct tern_ipv4_link *l = &ip->links[link];
    l->n_announce = (uint8_t)step;
    l->announce_ns = ip->ip.net->turn->now_ns + ms * TERN_MILLISECOND_NS;
    tern_ip_rearm(&ip->ip, l->announce_ns);
}

/* An address that was lost is tried again, not before a minute (RFC 5227 section 2.1.1). */
static void try_later(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link)
{
    step_in(ip, link, TERN_IPV4_LOST,
            RATE_LIMIT_INTERVAL_MS + tern_drbg_below(net->drbg, RATE_LIMIT_BLUR_MS));
}

static void step(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link, unsigned n)
{
    struct tern_ipv4_link *l = &ip->links[link];
    if (n == TERN_IPV4_LOST) {
        if (tern_ipv4_set(net, link, &l->lost) != TERN_OK)    /* no room for its routes now */
            try_later(net, ip, link);
        return;
    }
    step_in(ip, link, n - 1, n > STEP_ANNOUNCE ? PROBE_INTERVAL_MS : ANNOUNCE_INTERVAL_MS);
    if (n > STEP_ANNOUNCE)
        tern_arp_probe(net, ip, link, l->addr);
    else
        announce(net, ip, link);
}

void tern_arp_announce(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link)
{
    bool learned = ip->links[link].origin == TERN_ROUTE_LEARNED;
    step(net, ip, link, learned ? STEP_ANNOUNCE : STEP_PROBE);
}

uint64_t tern_arp_run(struct tern_ip *shared, uint64_t now_ns)
{
    struct tern_ipv4 *ip = ipv4_of(shared);
    struct tern_net *net = shared->net;
    uint64_t next_ns = TERN_NEVER;
    for (uint8_t link = 0; link < net->n_links; link++) {
        struct tern_ipv4_link *l = &ip->links[link];
        if (l->n_announce == 0)
            continue;
        if (l->announce_ns <= now_ns)
            step(net, ip, link, l->n_announce);
        if (l->n_announce != 0 && l->announce_ns < next_ns)
            next_ns = l->announce_ns;
    }
    return next_ns;
}

/* ---- Receiving ---------------------------------------------------------- */

/* Another host was there before: it is not ours (RFC 5227 section 2.1.1). */
static void lose(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link)
{
    struct tern_ipv4_link *l = &ip->links[link];
    (void)tern_ipv4_get(net, link, &l->lost);
    tern_net_event(net, TERN_NET_CONFLICT, link, &l->lost.addr);
    tern_ipv4_clear(net, link);
    try_later(net, ip, link);
}

/*
 * Another host sends as if it had our address. While that is being asked after, it is
 * given up; else it is defended once in ten seconds at most; whether it is kept when that
 * does not help is for whoever chose it. Configured and leased ones are (RFC 5227 section
 * 2.4 (c)), for that must not be in any neighbour's power; link-local ones go (RFC 3927
 * section 2.5).
 */
static void conflict(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link)
{
    struct tern_ipv4_link *l = &ip->links[link];
    uint64_t now_ns = net->turn->now_ns;
    struct tern_addr addr = tern_addr_v4(l->addr);
    ip->stats.arp_conflict++;
    if (l->n_announce >= STEP_ANNOUNCE) {
        lose(net, ip, link);
        return;
    }
    if (l->defended_ns != 0 &&
        now_ns - l->defended_ns < DEFEND_INTERVAL_NS) {
        tern_net_conflict(net, link, &addr);
        return;
    }
    l->defended_ns = now_ns != 0 ? now_ns : 1;
    announce(net, ip, link);
    tern_net_event(net, TERN_NET_CONFLICT, link, &addr);
}

/* Is it about the address that a client asks for before it takes it (RFC 5227 2.1.1)? */
static bool probe_answered(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link,
                           const struct tern_arp_packet *arp)
{
    struct tern_ipv4_link *l = &ip->links[link];
    uint32_t addr = l->probing;
    if (addr == 0)
        return false;
    bool others_probe = arp->op == ARP_REQUEST && arp->sender == IPV4_ANY && arp->target == addr;
    if (arp->sender != addr && !others_probe)
        return false;
    ip->stats.arp_conflict++;
    struct tern_addr asked = tern_addr_v4(addr);
    tern_net_conflict(net, link, &asked);
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

/* Takes what a packet says of its sender; true if it answered a question of ours. */
static bool sender_take(struct tern_ipv4 *ip, uint8_t link, const struct tern_arp_packet *arp,
                        bool for_us)
{
    struct tern_addr sender = tern_addr_v4(arp->sender);
    struct tern_neighbour *n = tern_neigh_find(&ip->ip, link, &sender);
    bool reply = arp->op == ARP_REPLY && for_us;
    if (n == NULL) {
        /* RFC 826: who asks us will be spoken to. Never at another's cost. */
        uint32_t mask = ip->links[link].mask;
        if (arp->op == ARP_REQUEST && for_us && ipv4_is_host(arp->sender) &&
            ((arp->sender ^ ip->links[link].addr) & mask) == 0 &&
            (n = tern_neigh_add(&ip->ip, link, &sender, false)) != NULL)
            tern_neigh_learn(&ip->ip, n, arp->sender_mac, NEIGH_STALE);
        return false;
    }
    if (!neigh_can_send(n)) {
        tern_neigh_learn(&ip->ip, n, arp->sender_mac, reply ? NEIGH_REACHABLE : NEIGH_STALE);
        return reply;
    }
    if (!eth_equal(n->mac, arp->sender_mac)) {
        tern_neigh_contest(&ip->ip, n);
        return false;
    }
    if (n->state != NEIGH_PROBE || !reply)
        return false;
    tern_neigh_confirm(&ip->ip, n);
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
    bool learned = arp.sender != IPV4_ANY && sender_take(ip, link, &arp, for_us);
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
