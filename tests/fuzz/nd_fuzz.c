/* SPDX-License-Identifier: ISC */
/*
 * Neighbour Discovery against a stack of IPv6: messages of any type and form,
 * time that passes, links that go down, addresses that come and go. What is
 * configured must stay, what is learned must stay within its bounds, and each
 * message must be counted once.
 *
 * Input: an octet of settings, then steps. A step's first octet, modulo 8: 0..4
 * a message of types 133..137 (then source, destination, whose address is its
 * target, length, and what follows its checksum), 5 lets time pass, 6 takes the
 * link down or up or gives it another MAC, 7 says what the link may have.
 */
#include "libnet/ipv6_internal.h"
#include "libnet/nd_wire.h"
#include "tests/unit/fake_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv6 ipv6;
    struct tern_neighbour neighbours[16];
    struct fake_link wire;
    uint64_t now_ns;
    _Alignas(16) uint8_t block_mem[8 * 2048];
} w;

static const uint8_t us[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
static const uint8_t gateway[16] = { 0xfe, 0x80, [15] = 0xfe };

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
    fprintf(stderr, "nd_fuzz: %s\n", what);
    abort();
}

static void settle(uint64_t next_ns)
{
    for (unsigned i = 0; next_ns <= w.now_ns; i++) {
        require(i < 100, "a stack that comes to rest");
        next_ns = tern_net_poll(&w.net, w.now_ns);
    }
}

static void start(uint8_t settings)
{
    static const uint8_t seed[TERN_SEED_LEN] = { 7 };
    memset(&w.ipv6, 0, sizeof w.ipv6);
    w.now_ns = TERN_SECOND_NS;
    tern_turn_init(&w.turn, NULL, w.now_ns);
    tern_drbg_init(&w.drbg, seed);
    tern_block_pool_init(&w.blocks, w.block_mem, sizeof w.block_mem, 2048);
    w.ipv6.config = (struct tern_ipv6_config){ .neighbours = w.neighbours,
                                               .n_neighbours = 16,
                                               .no_dad = settings & 1,
                                               .n_dad = settings >> 1 & 3 };
    struct tern_net_config config = {
        .turn = &w.turn,
        .drbg = &w.drbg,
        .blocks = &w.blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv6, &w.ipv6 }, { NULL, NULL } },
    };
    require(tern_net_init(&w.net, &config) == TERN_OK, "a stack");
    fake_link_init(&w.wire, 1500, 0);
    require(tern_net_attach(&w.net, &w.wire.link) == TERN_OK, "a link");
    struct tern_ipv6_address a = { .addr = ipv6_addr(us), .prefix_len = 64,
                                   .gateway = ipv6_addr(gateway) };
    require(tern_ipv6_set(&w.net, 0, &a) == TERN_OK, "an address");
    require(tern_ipv6_auto(&w.net, 0, settings >> 3 & 3) == TERN_OK, "flags");
}

/* Somebody's address: ours, a peer's, a router's, or what the input says. */
static struct tern_addr who(struct input *in)
{
    static const uint8_t peers[5][16] = {
        { 0xfe, 0x80, [15] = 2 },
        { 0xfe, 0x80, [15] = 0xfe },
        { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 },
        { 0 },
        { 0xff, 2, [15] = 1 },
    };
    uint8_t n = take(in);
    if (n < 5)
        return ipv6_addr(peers[n]);
    if (n < 128)
        return w.ipv6.addrs[n % TERN_IPV6_ADDRS].addr;
    if (n < 192)
        return tern_ipv6_solicited_node(&w.ipv6.addrs[n % TERN_IPV6_ADDRS].addr);
    struct tern_addr a = { { n < 224 ? 0xfe : 0x20, n < 224 ? 0x80 : 0x01, [15] = take(in) } };
    return a;
}

static void message(struct input *in, uint8_t type)
{
    uint8_t frame[14 + 40 + 8 + 255] = { 0 }, *hdr = frame + 14, *msg = hdr + 40;
    struct tern_addr src = who(in), dst = who(in), target = who(in);
    size_t len = take(in);
    len = (len < in->len ? len : in->len) + 4;
    msg[0] = type;
    memcpy(msg + 4, in->data, len - 4);
    in->data += len - 4;
    in->len -= len - 4;
    if (len >= 24 && type >= ICMP6_NS && !tern_addr_is_any(&target))
        memcpy(msg + 8, target.octets, 16);
    memcpy(frame, w.net.links[0].mac, 6);
    frame[6] = 2;
    frame[11] = src.octets[15];
    frame[12] = 0x86;
    frame[13] = 0xdd;
    if (ipv6_is_multicast(dst.octets)) {
        frame[0] = frame[1] = 0x33;
        memcpy(frame + 2, dst.octets + 12, 4);
    }
    struct tern_ipv6_hdr fields = { .src = src.octets, .dst = dst.octets, .next = IPV6_ICMP,
                                    .payload_len = (uint16_t)len, .hop_limit = 255 };
    tern_ipv6_hdr_emit(hdr, &fields);
    if (len >= ICMP6_HDR_LEN)
        tern_icmp6_seal(msg, len, src.octets, dst.octets);
    settle(fake_link_input(&w.wire, frame, 14 + 40 + len, w.now_ns));
}

static void link_step(uint8_t op)
{
    if (op & 8)
        w.wire.link.up = !w.wire.link.up;
    if (op & 16)
        w.wire.link.mac[5] ^= 0x40;
    w.wire.full = (op & 32) != 0;
    settle(tern_net_link_changed(&w.net, &w.wire.link, w.now_ns));
}

static void check(void)
{
    const struct tern_ipv6_stats *s = &w.ipv6.stats;
    size_t n_learned = 0, n_redirects = 0, n_configured = 0, n_auto = 0;
    for (size_t i = 0; i < w.net.n_routes; i++) {
        bool redirect = net_route_is_redirect(&w.net.routes[i]);
        n_redirects += redirect;
        n_learned += w.net.routes[i].origin == TERN_ROUTE_LEARNED;
        n_configured += w.net.routes[i].origin == TERN_ROUTE_CONFIGURED && !redirect;
    }
    require(n_configured == 2, "the routes that were configured");
    require(n_learned <= TERN_NET_ROUTES / 2 && n_redirects <= ND_REDIRECTS_MAX,
            "few that are learned");
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++)
        n_auto += w.ipv6.addrs[i].state != TERN_IPV6_UNUSED &&
                  (w.ipv6.addrs[i].origin == TERN_IPV6_FROM_PREFIX ||
                   w.ipv6.addrs[i].origin == TERN_IPV6_FROM_PREFIX_TEMPORARY);
    require(n_auto <= 16, "few addresses by prefixes");
    struct tern_addr own = ipv6_addr(us);
    require(tern_ipv6_own_find(&w.ipv6, 0, &own) != NULL, "the address that was configured");
    require(s->icmp_nd_in == s->nd_solicitations + s->nd_advertisements + s->nd_routers +
                                 s->nd_redirects + s->nd_not_local + s->nd_fragmented +
                                 s->nd_malformed + s->nd_bad_addr + s->nd_not_ours +
                                 s->nd_unsolicited,
            "each message counted once");
    require(w.wire.n_lent == 0, "no slot kept");
    require(w.ipv6.links[0].hop_limit == 0 || w.ipv6.links[0].hop_limit >= 15, "a hop limit");
    require(w.ipv6.links[0].mtu == 0 || w.ipv6.links[0].mtu >= IPV6_MTU_LEAST, "an MTU");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    start(take(&in));
    while (in.len > 0) {
        uint8_t op = take(&in);
        if (op % 8 < 5) {
            message(&in, (uint8_t)(ICMP6_RS + op % 8));
        } else if (op % 8 == 5) {
            w.now_ns += UINT64_C(0x100000) << (op >> 3);
            settle(w.now_ns);
        } else if (op % 8 == 6) {
            link_step(op);
        } else {
            require(tern_ipv6_auto(&w.net, 0, op >> 3 & 3) == TERN_OK, "flags");
        }
        check();
    }
    /* At rest and away from all, it has what it began with. */
    require(tern_ipv6_auto(&w.net, 0, 0) == TERN_OK, "flags");
    w.now_ns += 3600 * TERN_SECOND_NS;
    settle(w.now_ns);
    check();
    require(w.net.n_routes == 2 && w.blocks.n_free == w.blocks.n_blocks, "nothing left over");
    return 0;
}
