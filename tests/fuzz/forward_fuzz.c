/* SPDX-License-Identifier: ISC */
/*
 * A router of both families between two links: packets of any form from both,
 * with whatever a driver may say of them; neighbours that come and go, slots that
 * are refused, links that go down, a policy that changes its mind. What leaves
 * must fit its link and be lent a slot, be one hop less and from us, and each
 * packet must be counted once.
 *
 * Input: an octet of offloads, then steps. A step's first octet, modulo 8: 0..4
 * a packet (flags, a driver's word, segment, length, its octets from the network
 * header on, of which version, lengths and addresses are put right by flags), 5
 * lets time pass, 6 takes a link down or up or refuses slots, 7 answers for a
 * neighbour or says what a link forwards.
 */
#include "libnet/ip_internal.h"
#include "tests/unit/fake_link.h"

#include <tern/forward.h>
#include <tern/ipv6.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_ipv6 ipv6;
    struct tern_forward forward;
    struct tern_neighbour neighbours[2][8];
    struct fake_link wires[2];
    uint64_t now_ns;
    _Alignas(16) uint8_t block_mem[8 * 2048];
} w;

struct input {
    const uint8_t *data;
    size_t len;
};

static uint8_t take(struct input *in)
{
    if (in->len == 0)
        return 0;
    in->len--;
    return *in->data++;
}

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "forward_fuzz: %s\n", what);
    abort();
}

/* ---- What leaves ------------------------------------------------------------ */

static void frame_check(const struct fake_link *wire, const struct fake_frame *sent)
{
    const uint8_t *l3 = sent->data + 14;
    unsigned type = tern_load_be16(sent->data + 12);
    require(memcmp(sent->data + 6, wire->link.mac, 6) == 0, "a frame from us");
    require(sent->gso != TERN_GSO_NONE || sent->len <= 14u + wire->link.mtu, "the MTU");
    require(sent->gso == TERN_GSO_NONE || sent->seg_len > 0, "segments of a length");
    require(!sent->csum_partial || sent->csum_start + sent->csum_off + 2u <= sent->len,
            "a sum's field in its frame");
    if (type == 0x0800) {
        size_t hdr_len = (size_t)(l3[0] & 15) * 4;
        require(hdr_len >= 20 && tern_load_be16(l3 + 2) == sent->len - 14, "lengths of IPv4");
        require(tern_checksum_fold(tern_checksum_add(0, l3, hdr_len)) == 0xffff, "its sum");
        require(l3[8] > 0, "a hop left");
    } else if (type == 0x86dd) {
        require(40u + tern_load_be16(l3 + 4) == sent->len - 14, "IPv6's length");
        require(l3[7] > 0, "a hop left");
        require(l3[24] == 0xff || (l3[8] != 0xff && (l3[8] | l3[23]) != 0), "addresses");
    }
}

static void settle(uint64_t next_ns)
{
    for (unsigned i = 0; next_ns <= w.now_ns; i++) {
        require(i < 100, "a stack that comes to rest");
        next_ns = tern_net_poll(&w.net, w.now_ns);
    }
    for (size_t i = 0; i < 2; i++) {
        const struct fake_frame *sent;
        require(w.wires[i].n_lent == 0, "every slot back");
        while ((sent = fake_link_take(&w.wires[i])) != NULL)
            frame_check(&w.wires[i], sent);
    }
    const struct tern_forward_stats *s = &w.forward.stats;
    require(s->in == s->passed + s->waiting + s->bad_source + s->wrong_way + s->link_group +
                         s->cut + s->expired + s->no_route + s->denied + s->rejected +
                         s->too_big + s->no_neighbour + s->waiting_full + s->full +
                         s->bad_offload, "each packet counted once");
    require(s->in == w.ipv4.stats.in_forwarded + w.ipv6.stats.in_forwarded, "by both layers");
    require(s->waiting <= TERN_FORWARD_WAITING, "few packets that wait");
}

/* ---- The router --------------------------------------------------------------- */

static enum tern_forward_verdict judge(void *arg, uint8_t in_link, uint8_t out_link,
                                       const struct tern_forward_packet *pkt)
{
    uint8_t last = pkt->l4 != NULL && pkt->l4_len > 0 ? pkt->l4[pkt->l4_len - 1] : 0;
    (void)arg;
    require(in_link < 2 && out_link < 2, "links there are");
    require(pkt->l4 != NULL || pkt->dst_port == 0, "ports that stand somewhere");
    return last == 0x55   ? TERN_FORWARD_REJECT
           : last == 0xaa ? TERN_FORWARD_DROP
                          : TERN_FORWARD_PASS;
}

static struct tern_addr addr(const char *text)
{
    struct tern_addr a;
    require(tern_addr_parse(text, strlen(text), &a) == TERN_OK, text);
    return a;
}

/* To clear all of its frames for each input would take nearly all of the time. */
static void wire_start(struct fake_link *wire, uint16_t mtu, unsigned offloads)
{
    static struct fake_link fresh;
    if (fresh.link.ops == NULL)
        fake_link_init(&fresh, mtu, 0);
    wire->link = fresh.link;
    wire->link.mtu = mtu;
    wire->link.offloads = (uint16_t)offloads;
    wire->link.slot_max = (offloads & (TERN_OFFLOAD_TX_TSO4 | TERN_OFFLOAD_TX_TSO6)) != 0
                              ? 65550 : mtu + 14u;
    wire->full_after = fresh.full_after;
    wire->full = wire->owes_room = false;
    wire->n_sent = wire->n_taken = wire->n_lent = 0;
    memset(wire->lent_used, 0, sizeof wire->lent_used);
}

static void start(uint8_t offloads)
{
    static const uint8_t seed[TERN_SEED_LEN] = { 8 };
    static const char *const own[] = { "10.0.0.1", "10.1.0.1", "2001:db8::1", "2001:db8:1::1" };
    memset(&w, 0, (size_t)((uint8_t *)w.wires - (uint8_t *)&w));
    w.now_ns = 1000 * TERN_SECOND_NS;
    tern_turn_init(&w.turn, NULL, w.now_ns);
    tern_drbg_init(&w.drbg, seed);
    require(tern_block_pool_init(&w.blocks, w.block_mem, sizeof w.block_mem, 2048) == TERN_OK,
            "blocks");
    w.ipv4.config = (struct tern_ipv4_config){ .neighbours = w.neighbours[0], .n_neighbours = 8 };
    w.ipv6.config = (struct tern_ipv6_config){ .neighbours = w.neighbours[1], .n_neighbours = 8,
                                               .no_dad = true };
    w.forward.config = (struct tern_forward_config){ .ipv4 = &tern_forward_ipv4,
                                                     .ipv6 = &tern_forward_ipv6,
                                                     .allow = judge };
    struct tern_net_config config = {
        .turn = &w.turn, .drbg = &w.drbg, .blocks = &w.blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv4, &w.ipv4 }, { &tern_ipv6, &w.ipv6 },
                                                { &tern_forward, &w.forward }, { NULL, NULL } },
    };
    require(tern_net_init(&w.net, &config) == TERN_OK, "a stack");
    for (unsigned i = 0; i < 2; i++) {
        wire_start(&w.wires[i], i == 0 ? 1500 : 1280, i == 0 ? offloads & 15 : offloads >> 4);
        w.wires[i].link.mac[4] = (uint8_t)i;
        require(tern_net_attach(&w.net, &w.wires[i].link) == TERN_OK, "a link");
    }
    for (uint8_t i = 0; i < 4; i++) {
        struct tern_net_address a = { .addr = addr(own[i]), .prefix_len = i < 2 ? 24 : 64 };
        require(tern_net_address_set(&w.net, i % 2, &a) == TERN_OK, "an address");
    }
    for (uint8_t i = 0; i < 2; i++)
        require(tern_forward_link(&w.net, i, TERN_FORWARD_IPV4 | TERN_FORWARD_IPV6) == TERN_OK,
                "a link that forwards");
    settle(w.now_ns);
}

/* ---- Steps ---------------------------------------------------------------------- */

/* Version, lengths and addresses: from the net of one link to that of the other. */
static void packet_fix(uint8_t *l3, size_t len, unsigned from, uint8_t flags)
{
    bool v6 = (flags & 1) != 0;
    if (len < (v6 ? 40u : 20u))
        return;
    if (v6) {
        struct tern_addr src = addr(from == 0 ? "2001:db8::2" : "2001:db8:1::2");
        struct tern_addr dst = addr(from == 0 ? "2001:db8:1::2" : "2001:db8::2");
        l3[0] = (uint8_t)(0x60 | (l3[0] & 15));
        tern_store_be16(l3 + 4, (uint16_t)(len - 40));
        memcpy(l3 + 8, src.octets, 16);
        memcpy(l3 + 24, dst.octets, (flags & 2) != 0 ? 15 : 16);
        return;
    }
    size_t hdr_len = (size_t)(l3[0] & 15) * 4;
    if (hdr_len < 20 || hdr_len > len)
        hdr_len = 20;
    l3[0] = (uint8_t)(0x40 | hdr_len / 4);
    tern_store_be16(l3 + 2, (uint16_t)len);
    tern_store_be32(l3 + 12, from == 0 ? 0x0a000002 : 0x0a010002);
    tern_store_be32(l3 + 16, (from == 0 ? 0x0a010002u : 0x0a000002u) +
                                 ((flags & 2) != 0 ? l3[19] : 0));
    tern_store_be16(l3 + 10, 0);
    tern_store_be16(l3 + 10, tern_checksum_finish(tern_checksum_add(0, l3, hdr_len)));
}

static void packet(struct input *in, unsigned from)
{
    static uint8_t frame[14 + 0x4000];
    uint8_t flags = take(in), word = take(in);
    uint16_t seg_len = (uint16_t)(take(in) << 2);
    size_t given = take(in) | (size_t)(take(in) & 1) << 8, len = given;
    if (given > in->len)
        given = len = in->len;
    memset(frame, 0, 14);
    memcpy(frame, w.wires[from].link.mac, 6);
    if ((flags & 0x80) != 0)
        memset(frame, 0xff, 6);
    frame[6] = 2;
    frame[11] = 9;
    tern_store_be16(frame + 12, (flags & 1) != 0 ? 0x86dd : 0x0800);
    memcpy(frame + 14, in->data, given);
    in->data += given;
    in->len -= given;
    if ((flags & 0x40) != 0 && len > 0) {    /* long: the last octet goes on */
        size_t more = (size_t)(word >> 4) << 10;
        memset(frame + 14 + len, frame[14 + len - 1], more);
        len += more;
    }
    if ((flags & 0x20) == 0)
        packet_fix(frame + 14, len, from, flags);
    settle(fake_link_input_as(&w.wires[from], frame, 14 + len, word & 3, word >> 2 & 3, seg_len,
                              w.now_ns));
}

/* An answer in ARP for .2 and what is next to it; for IPv6 by the cache itself. */
static void answer(unsigned link, uint8_t who)
{
    static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 2 };
    uint8_t arp[42] = { 0 };
    memcpy(arp, w.wires[link].link.mac, 6);
    memcpy(arp + 6, mac, 6);
    tern_store_be16(arp + 12, 0x0806);
    tern_store_be64(arp + 14, UINT64_C(0x0001080006040002));
    memcpy(arp + 22, mac, 6);
    tern_store_be32(arp + 28, (link == 0 ? 0x0a000002u : 0x0a010002u) + who);
    memcpy(arp + 32, w.wires[link].link.mac, 6);
    tern_store_be32(arp + 38, link == 0 ? 0x0a000001 : 0x0a010001);
    settle(fake_link_input(&w.wires[link], arp, sizeof arp, w.now_ns));
    struct tern_addr six = addr(link == 0 ? "2001:db8::2" : "2001:db8:1::2");
    struct tern_neighbour *n = tern_neigh_find(&w.ipv6.ip, (uint8_t)link, &six);
    if (n != NULL && !neigh_can_send(n))
        tern_neigh_learn(&w.ipv6.ip, n, mac, NEIGH_REACHABLE);
    settle(tern_net_poll(&w.net, w.now_ns));
}

static void change(unsigned link, uint8_t what)
{
    struct fake_link *wire = &w.wires[link];
    if ((what & 1) != 0) {
        wire->full = (what & 2) != 0;
        if (!wire->full && wire->owes_room)
            settle(fake_link_room(wire, w.now_ns));
        return;
    }
    wire->link.up = (what & 2) != 0;
    settle(tern_link_changed(&wire->link, w.now_ns));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    start(take(&in));
    while (in.len > 0) {
        uint8_t op = take(&in);
        unsigned link = op >> 3 & 1;
        if (op % 8 < 5) {
            packet(&in, link);
        } else if (op % 8 == 5) {
            w.now_ns += (uint64_t)take(&in) << 26;
            settle(w.now_ns);
        } else if (op % 8 == 6) {
            change(link, op >> 4);
        } else if ((op & 0x80) != 0) {
            (void)tern_forward_link(&w.net, (uint8_t)link, op >> 4 & 15);
            settle(w.now_ns);
        } else {
            answer(link, op >> 4);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        change(i, 1);
        change(i, 2);
    }
    for (unsigned i = 0; i < 60; i++) {
        w.now_ns += 500 * TERN_MILLISECOND_NS;
        settle(w.now_ns);
    }
    require(w.forward.stats.waiting == 0, "nobody waits for ever");
    require(w.net.n_waiting == 0 && w.blocks.n_free == w.blocks.n_blocks, "every block back");
    return 0;
}
