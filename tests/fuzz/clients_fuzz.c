/* SPDX-License-Identifier: ISC */
/*
 * Multicast listening and the clients that configure a link, against a stack of
 * both families: IGMP, MLD and DHCPv6 messages of any form, ARP about a
 * link-local address, groups that are joined and left, time that passes, links
 * that go down. Each message must be counted once, a lease must be an address of
 * ours, and at the end everything must be given back.
 *
 * Input: an octet of settings, then steps. A step's first octet, modulo 8: 0 a
 * DHCPv6 message, 1 IGMP, 2 MLD, 3 a router's M and O flags, 4 ARP, 5 lets time
 * pass, 6 takes the link down or up or fills it, 7 joins or leaves a group.
 */
#include "libnet/dhcp6_internal.h"
#include "libnet/igmp_wire.h"
#include "libnet/ipv4_internal.h"
#include "libnet/ipv4_wire.h"
#include "libnet/nd_wire.h"
#include "tests/unit/fake_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS 8

static struct {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_ipv6 ipv6;
    struct tern_udp udp;
    struct tern_dhcp6 dhcp6;
    struct tern_linklocal4 linklocal4;
    struct tern_neighbour neighbours[2][16];
    struct tern_udp_endpoint endpoints[4];
    struct tern_endpoint *ep;
    struct fake_link wire;
    unsigned n_joined[2][GROUPS];
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

/* As many octets as the next one says; how many there were. */
static size_t take_some(struct input *in, uint8_t *out)
{
    size_t len = take(in);
    len = len < in->len ? len : in->len;
    memcpy(out, in->data, len);
    in->data += len;
    in->len -= len;
    return len;
}

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "clients_fuzz: %s\n", what);
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
    static const struct tern_endpoint_events ignoring = { .room = NULL };
    struct tern_endpoint_addr any = { .port = 7 };
    memset(&w.ipv4, 0, sizeof w.ipv4);
    memset(&w.ipv6, 0, sizeof w.ipv6);
    memset(&w.udp, 0, sizeof w.udp);
    memset(&w.dhcp6, 0, sizeof w.dhcp6);
    memset(&w.linklocal4, 0, sizeof w.linklocal4);
    memset(w.n_joined, 0, sizeof w.n_joined);
    w.now_ns = TERN_SECOND_NS;
    tern_turn_init(&w.turn, NULL, w.now_ns);
    tern_drbg_init(&w.drbg, seed);
    tern_block_pool_init(&w.blocks, w.block_mem, sizeof w.block_mem, 2048);
    w.ipv4.config = (struct tern_ipv4_config){ .neighbours = w.neighbours[0],
                                               .n_neighbours = 16 };
    w.ipv6.config = (struct tern_ipv6_config){ .neighbours = w.neighbours[1],
                                               .n_neighbours = 16,
                                               .no_dad = settings & 1 };
    w.udp.config = (struct tern_udp_config){ .endpoints = w.endpoints, .n_endpoints = 4 };
    w.dhcp6.config.mode = (uint8_t)((settings >> 1) % 3);
    w.linklocal4.config.at_once = true;
    struct tern_net_config config = {
        .turn = &w.turn,
        .drbg = &w.drbg,
        .blocks = &w.blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv4, &w.ipv4 },
                                                { &tern_ipv6, &w.ipv6 },
                                                { &tern_udp, &w.udp },
                                                { &tern_dhcp6, &w.dhcp6 },
                                                { &tern_linklocal4, &w.linklocal4 },
                                                { NULL, NULL } },
    };
    require(tern_net_init(&w.net, &config) == TERN_OK, "a stack");
    fake_link_init(&w.wire, 1500, 0);
    require(tern_net_attach(&w.net, &w.wire.link) == TERN_OK, "a link");
    require(tern_ipv6_auto(&w.net, 0, TERN_IPV6_AUTO) == TERN_OK, "IPv6 on it");
    require(tern_udp_open(&w.net, &any, &ignoring, NULL, &w.ep) == TERN_OK, "an endpoint");
    w.now_ns += 3 * TERN_SECOND_NS;
    settle(w.now_ns);
}

/* ---- Frames ------------------------------------------------------------- */

static const uint8_t server[16] = { 0xfe, 0x80, [15] = 2 };

/* The head of a frame of IPv6 to us; the driver has seen its checksum. */
static void v6_in(uint8_t *frame, const uint8_t dst[16], uint8_t next, size_t len, uint8_t hops)
{
    memcpy(frame, w.net.links[0].mac, 6);
    if (dst[0] == 0xff) {
        frame[0] = frame[1] = 0x33;
        memcpy(frame + 2, dst + 12, 4);
    }
    frame[6] = 2;
    frame[11] = 2;
    tern_store_be16(frame + 12, 0x86dd);
    struct tern_ipv6_hdr fields = { .src = server, .dst = dst, .next = next,
                                    .payload_len = (uint16_t)len, .hop_limit = hops };
    tern_ipv6_hdr_emit(frame + 14, &fields);
    settle(fake_link_input_as(&w.wire, frame, 54 + len, TERN_CSUM_VALID, 0, 0, w.now_ns));
}

static const uint8_t *our_link_local(void)
{
    static const uint8_t none[16] = { 0xfe, 0x80, [15] = 1 };
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++)
        if (w.ipv6.addrs[i].state != TERN_IPV6_UNUSED &&
            w.ipv6.addrs[i].origin == TERN_IPV6_LINK_LOCAL)
            return w.ipv6.addrs[i].addr.octets;
    return none;
}

static size_t option_put(uint8_t *out, uint16_t code, const uint8_t *data, size_t len)
{
    tern_store_be16(out, code);
    tern_store_be16(out + 2, (uint16_t)len);
    memcpy(out + 4, data, len);
    return 4 + len;
}

/* Type and a few flags, then options: the identifiers are ours unless a flag says other. */
static void dhcp6_message(struct input *in)
{
    static const uint8_t server_id[10] = { 0, 3, 0, 1, 2, [9] = 2 };
    uint8_t frame[54 + 8 + 4 + 64 + 255] = { 0 }, made[DHCP6_DUID_LL_LEN];
    uint8_t *udp = frame + 54, *msg = udp + 8, flags = take(in);
    size_t len = 4;
    tern_store_be32(msg, w.dhcp6.xid ^ (flags >> 6 == 3));
    msg[0] = flags & 1 ? DHCP6_REPLY : flags & 2 ? DHCP6_ADVERTISE : take(in);
    struct tern_dhcp6_octets id = tern_dhcp6_client_id(&w.dhcp6, made);
    if ((flags & 0x14) != 0x14)
        len += option_put(msg + len, 1, id.data, id.len);
    if ((flags & 0x28) != 0x28)
        len += option_put(msg + len, 2, server_id, sizeof server_id);
    len += take_some(in, msg + len);
    tern_store_be16(udp, DHCP6_SERVER_PORT);
    tern_store_be16(udp + 2, DHCP6_CLIENT_PORT);
    tern_store_be16(udp + 4, (uint16_t)(8 + len));
    tern_store_be16(udp + 6, 0x1234);
    v6_in(frame, our_link_local(), IP_UDP, 8 + len, 64);
}

/* Destination by an octet: a general query's, a group's, or ours. */
static void igmp_message(struct input *in)
{
    uint8_t frame[14 + 24 + 255] = { 0 }, *hdr = frame + 14, *msg = hdr + 24;
    uint8_t to = take(in);
    uint32_t dst = to < 128 ? 0xe0000001 : to < 250 ? 0xe8010100 + to % GROUPS : 0xa9fe0001;
    size_t len = take_some(in, msg);
    tern_store_be16(frame, 0x0100);
    tern_store_be32(frame + 2, 0x5e000000 | (dst & 0x7fffff));
    frame[6] = 2;
    frame[11] = 2;
    tern_store_be16(frame + 12, 0x0800);
    tern_store_be32(hdr + IPV4_VIHL, 0x46c00000 | (uint32_t)(24 + len));
    tern_store_be32(hdr + IPV4_TTL, (to & 1 ? 2u : 1u) << 24 | IPV4_IGMP << 16);
    tern_store_be32(hdr + IPV4_SRC, to & 2 ? 0 : 0xa9fe0102);
    tern_store_be32(hdr + IPV4_DST, dst);
    tern_store_be32(hdr + 20, to & 4 ? 0x01010101 : 0x94040000);
    tern_store_be16(hdr + IPV4_CHECKSUM, tern_ipv4_checksum(hdr, 24));
    if (len >= 4 && !(to & 8)) {
        tern_store_be16(msg + 2, 0);
        tern_store_be16(msg + 2, tern_checksum_finish(tern_checksum_add(0, msg, len)));
    }
    settle(fake_link_input(&w.wire, frame, 14 + 24 + len, w.now_ns));
}

static void mld_message(struct input *in)
{
    uint8_t frame[54 + 8 + 4 + 255] = { 0 }, *hbh = frame + 54, *msg = hbh + 8;
    static const uint8_t alert[8] = { IPV6_ICMP, 0, 5, 2, 0, 0, 1, 0 };
    uint8_t dst[16] = { 0xff, 2, [15] = 1 }, to = take(in);
    size_t len = take_some(in, msg + 4) + 4;
    memcpy(hbh, alert, 8);
    if (to & 4)
        hbh[2] = hbh[3] = hbh[4] = hbh[5] = 0;
    msg[0] = to < 64 ? 130 : to < 128 ? 131 : to < 192 ? 132 : 143;
    if (to & 8)
        dst[15] = (uint8_t)(0x10 + to % GROUPS);
    if (len >= ICMP6_HDR_LEN)
        tern_icmp6_seal(msg, len, server, dst);
    v6_in(frame, dst, 0, 8 + len, to & 1 ? 2 : 1);
}

static void router_message(struct input *in)
{
    static const uint8_t all[16] = { 0xff, 2, [15] = 1 };
    uint8_t frame[54 + 16] = { 0 }, *msg = frame + 54;
    msg[0] = ICMP6_RA;
    msg[5] = take(in) & 0xc0;
    tern_store_be16(msg + 6, 1800);
    tern_icmp6_seal(msg, 16, server, all);
    v6_in(frame, all, IPV6_ICMP, 16, 255);
}

/* Somebody asks after our link-local address, or says to have it. */
static void arp_message(struct input *in)
{
    uint8_t frame[60] = { 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 2, 8, 6,
                          0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2 };
    uint8_t form = take(in);
    frame[21] = form & 1 ? 2 : 1;
    tern_store_be32(frame + 28, form & 2 ? w.linklocal4.addr : form & 4 ? 0 : 0xa9fe0102);
    tern_store_be32(frame + 38, form & 8 ? w.linklocal4.addr : 0xa9fe0103);
    settle(fake_link_input(&w.wire, frame, sizeof frame, w.now_ns));
}

/* ---- Steps and checks --------------------------------------------------- */

static void group_step(uint8_t op)
{
    unsigned at = op >> 3 & (GROUPS - 1), family = op >> 6 & 1;
    bool leave = op >> 7 != 0;
    struct tern_addr group = tern_addr_v4(0xe8010100 + at);
    if (family == 1)
        group = (struct tern_addr){ { 0xff, 2, [15] = (uint8_t)(0x10 + at) } };
    enum tern_err err = tern_endpoint_join(w.ep, &group, 1, leave);
    if (err == TERN_OK)
        w.n_joined[family][at] += leave ? 0u - 1u : 1u;
    require(w.n_joined[family][at] <= 255, "no group is left that was not joined");
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

static uint64_t groups_counted(const struct tern_ip_stats *s)
{
    return s->group_queries + s->group_heard + s->group_ignored + s->group_not_local +
           s->group_malformed;
}

static void check(void)
{
    const struct tern_ipv4_stats *v4 = &w.ipv4.stats;
    const struct tern_ipv6_stats *v6 = &w.ipv6.stats;
    const struct tern_dhcp6_stats *d = &w.dhcp6.stats;
    size_t n_leased = 0;
    require(v4->igmp_in == v4->igmp_bad_checksum + groups_counted(&v4->ip),
            "each IGMP message counted once");
    require(v6->icmp_mld_in == groups_counted(&v6->ip), "each MLD message counted once");
    require(w.udp.stats.in_delivered == d->in_short + d->in_malformed + d->in_not_ours +
                                            d->in_unexpected + d->advertises + d->replies +
                                            d->refusals,
            "each DHCPv6 message counted once");
    for (size_t i = 0; i < TERN_IPV6_ADDRS; i++)
        n_leased += w.ipv6.addrs[i].state != TERN_IPV6_UNUSED &&
                    w.ipv6.addrs[i].origin == TERN_IPV6_FROM_DHCP;
    require(n_leased <= DHCP6_ADDRS_MAX, "few addresses by DHCP");
    require(!dhcp6_has_lease(&w.dhcp6) || n_leased >= 1, "a lease is an address");
    require(w.dhcp6.n_ntp <= 2 && w.dhcp6.server_id_len <= DHCP6_DUID_MAX, "what fits");
    require(w.linklocal4.addr == 0 || w.linklocal4.addr >> 16 == 0xa9fe, "an address of 169.254");
    require(w.wire.n_lent == 0, "no slot kept");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    start(take(&in));
    while (in.len > 0) {
        uint8_t op = take(&in);
        switch (op % 8) {
        case 0:
            dhcp6_message(&in);
            break;
        case 1:
            igmp_message(&in);
            break;
        case 2:
            mld_message(&in);
            break;
        case 3:
            router_message(&in);
            break;
        case 4:
            arp_message(&in);
            break;
        case 5:
            w.now_ns += UINT64_C(0x100000) << (op >> 3);
            settle(w.now_ns);
            break;
        case 6:
            link_step(op);
            break;
        default:
            group_step(op);
            settle(tern_net_poll(&w.net, w.now_ns));
            break;
        }
        check();
    }
    tern_endpoint_close(w.ep);    /* its groups are left */
    require(tern_dhcp6_release(&w.net) == TERN_OK, "a client");
    require(tern_ipv6_auto(&w.net, 0, 0) == TERN_OK, "flags");
    w.wire.full = false;
    w.wire.link.up = true;
    settle(tern_net_link_changed(&w.net, &w.wire.link, w.now_ns));
    for (unsigned i = 0; i < 40; i++) {
        w.now_ns += 10 * TERN_SECOND_NS;
        settle(w.now_ns);
    }
    check();
    require(w.blocks.n_free == w.blocks.n_blocks, "nothing left over");
    for (size_t i = 0; i < w.ipv4.ip.n_groups; i++)
        require(w.ipv4.ip.groups[i].n_users == 0, "no group of IPv4 left over");
    return 0;
}
