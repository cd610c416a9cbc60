/* SPDX-License-Identifier: ISC */
/*
 * The router for tests: made, fed, watched.
 */
#include "forward_fixture.h"

#include <string.h>

static struct forward_fixture fixture;

const struct forward_family forward_v4 = {
    .a = "10.0.0.2", .b = "10.1.0.2", .us = { "10.0.0.1", "10.1.0.1" },
    .far_b = "198.51.100.7", .unknown_b = "10.1.0.77", .nowhere = "203.0.113.1",
    .local = "169.254.1.1", .group = "239.1.1.1",
};
const struct forward_family forward_v6 = {
    .v6 = true, .a = "2001:db8::2", .b = "2001:db8:1::2",
    .us = { "2001:db8::1", "2001:db8:1::1" }, .far_b = "2001:db8:9::7",
    .unknown_b = "2001:db8:1::77", .nowhere = "2001:db8:ffff::1", .local = "fe80::77",
    .group = "ff0e::1",
};
const struct forward_family *const forward_families[] = { &forward_v4, &forward_v6 };

static struct tern_addr addr(const char *text)
{
    struct tern_addr a;
    ck_assert_msg(tern_addr_parse(text, strlen(text), &a) == TERN_OK, "%s", text);
    return a;
}

/* ---- The router ----------------------------------------------------------- */

static void place(struct forward_fixture *f, tern_forward_allow_fn *allow)
{
    f->ipv4.config = (struct tern_ipv4_config){ .neighbours = f->neighbours[0],
                                                .n_neighbours = 16,
                                                .reassemblies = f->reassemblies[0],
                                                .n_reassemblies = 2 };
    f->ipv6.config = (struct tern_ipv6_config){ .neighbours = f->neighbours[1],
                                                .n_neighbours = 16,
                                                .reassemblies = f->reassemblies[1],
                                                .n_reassemblies = 2 };
    f->udp.config = (struct tern_udp_config){ .endpoints = f->endpoints, .n_endpoints = 4 };
    f->forward.config = (struct tern_forward_config){ .ipv4 = &tern_forward_ipv4,
                                                      .ipv6 = &tern_forward_ipv6,
                                                      .allow = allow, .arg = f };
}

static void addresses_set(struct forward_fixture *f)
{
    for (size_t i = 0; i < 4; i++) {
        struct tern_net_address a = { .addr = addr(forward_families[i / 2]->us[i % 2]),
                                      .prefix_len = i < 2 ? 24 : 64 };
        ck_assert_int_eq(tern_net_address_set(&f->net, (uint8_t)(i % 2), &a), TERN_OK);
    }
    struct tern_route routes[] = {
        { .prefix = addr("198.51.100.0"), .prefix_len = 96 + 24, .gateway = addr("10.1.0.9"),
          .link = 1, .expires_ns = TERN_NEVER },
        { .prefix = addr("2001:db8:9::"), .prefix_len = 48, .gateway = addr("fe80::9"),
          .link = 1, .expires_ns = TERN_NEVER },
    };
    ck_assert_int_eq(tern_net_route_set(&f->net, &routes[0]), TERN_OK);
    ck_assert_int_eq(tern_net_route_set(&f->net, &routes[1]), TERN_OK);
}

/* They ask us something, as a neighbour that lives. */
static void meet(struct forward_fixture *f, unsigned link)
{
    uint8_t frame[128];
    static const uint8_t none[6];
    size_t len = packet_arp(frame, f->wires[link].link.mac, 1, packet_mac_peer,
                            link == 0 ? 0x0a000002 : 0x0a010002, none,
                            link == 0 ? 0x0a000001 : 0x0a010001);
    (void)fake_link_input(&f->wires[link], frame, len, f->now_ns);
    struct tern_addr src = addr(link == 0 ? forward_v6.a : forward_v6.b);
    struct tern_addr dst = addr(forward_v6.us[link]);
    uint8_t *l3 = frame + PACKET_ETH, *ns = l3 + 40;
    memset(frame, 0, sizeof frame);
    memcpy(frame, f->wires[link].link.mac, 6);
    memcpy(frame + 6, packet_mac_peer, 6);
    tern_store_be16(frame + 12, 0x86dd);
    l3[0] = 0x60;
    l3[5] = 32;
    l3[6] = 58;
    l3[7] = 255;
    memcpy(l3 + 8, src.octets, 16);
    memcpy(l3 + 24, dst.octets, 16);
    ns[0] = 135;
    memcpy(ns + 8, dst.octets, 16);
    ns[24] = ns[25] = 1;
    memcpy(ns + 26, packet_mac_peer, 6);
    uint32_t sum = tern_checksum_add(58 + 32, l3 + 8, 32 + 32);
    tern_store_be16(ns + 2, tern_checksum_finish(sum));
    (void)fake_link_input(&f->wires[link], frame, PACKET_ETH + 72, f->now_ns);
}

struct forward_fixture *forward_fixture_with(unsigned offloads, tern_forward_allow_fn *allow)
{
    struct forward_fixture *f = &fixture;
    static const uint8_t seed[TERN_SEED_LEN] = { 7, 7, 7 };
    memset(f, 0, sizeof *f);
    f->now_ns = 1000 * TERN_SECOND_NS;
    tern_turn_init(&f->turn, NULL, f->now_ns);
    tern_drbg_init(&f->drbg, seed);
    ck_assert_int_eq(tern_block_pool_init(&f->blocks, f->block_mem, sizeof f->block_mem, 2048),
                     TERN_OK);
    place(f, allow);
    struct tern_net_config config = {
        .turn = &f->turn, .drbg = &f->drbg, .blocks = &f->blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv4, &f->ipv4 },
                                                { &tern_ipv6, &f->ipv6 },
                                                { &tern_udp, &f->udp },
                                                { &tern_forward, &f->forward },
                                                { NULL, NULL } },
    };
    ck_assert_int_eq(tern_net_init(&f->net, &config), TERN_OK);
    f->ipv6.config.no_dad = true;
    for (unsigned i = 0; i < 2; i++) {
        fake_link_init(&f->wires[i], 1500, (uint16_t)(i == 1 ? offloads : 0));
        f->wires[i].link.mac[4] = (uint8_t)i;
        ck_assert_int_eq(tern_net_attach(&f->net, &f->wires[i].link), TERN_OK);
    }
    addresses_set(f);
    for (uint8_t i = 0; i < 2; i++)
        ck_assert_int_eq(tern_forward_link(&f->net, i, TERN_FORWARD_IPV4 | TERN_FORWARD_IPV6),
                         TERN_OK);
    forward_pass_time(f, 5 * TERN_SECOND_NS);
    meet(f, 0);
    meet(f, 1);
    forward_pass_time(f, 1);
    fake_link_clear(&f->wires[0]);
    fake_link_clear(&f->wires[1]);
    memset(&f->ipv4.stats, 0, sizeof f->ipv4.stats);
    memset(&f->ipv6.stats, 0, sizeof f->ipv6.stats);
    return f;
}

struct forward_fixture *forward_fixture(unsigned offloads)
{
    return forward_fixture_with(offloads, NULL);
}

void forward_pass_time(struct forward_fixture *f, uint64_t ns)
{
    uint64_t end_ns = f->now_ns + ns, step = 50 * TERN_MILLISECOND_NS;
    while (f->now_ns < end_ns) {
        f->now_ns += end_ns - f->now_ns < step ? end_ns - f->now_ns : step;
        while (tern_net_poll(&f->net, f->now_ns) <= f->now_ns)
            ;
    }
}

/* ---- Packets in ------------------------------------------------------------- */

static size_t l3_len_of(const uint8_t *l3)
{
    return l3[0] >> 4 == 4 ? (size_t)(l3[0] & 15) * 4 : 40;
}

/* The sum of pseudo-header and l4 with its field as it is. */
static uint32_t l4_sum(const uint8_t *l3, const uint8_t *l4, size_t len, uint8_t protocol)
{
    uint32_t sum = l3[0] >> 4 == 4 ? tern_checksum_add(0, l3 + 12, 8)
                                   : tern_checksum_add(0, l3 + 8, 32);
    return tern_checksum_add(tern_checksum_fold(sum) + protocol + (uint32_t)(len & 0xffff) +
                                 (uint32_t)(len >> 16), l4, len);
}

static size_t l3_emit(uint8_t *l3, const struct forward_say *say, size_t l4_len)
{
    struct tern_addr src = addr(say->src), dst = addr(say->dst);
    uint8_t ttl = say->ttl != 0 ? say->ttl : 64;
    size_t len = (say->family->v6 ? 40 : 20) + say->options_len;
    if (say->family->v6) {
        memset(l3, 0, 40);
        l3[0] = 0x6a;    /* traffic class 0xa5, flow label 0x12345 */
        l3[1] = 0x51;
        tern_store_be16(l3 + 2, 0x2345);
        tern_store_be16(l3 + 4, (uint16_t)(say->options_len + l4_len));
        l3[6] = say->options_len != 0 ? say->next : say->protocol;
        l3[7] = ttl;
        memcpy(l3 + 8, src.octets, 16);
        memcpy(l3 + 24, dst.octets, 16);
    } else {
        memset(l3, 0, 20);
        l3[0] = (uint8_t)(0x40 | len / 4);
        l3[1] = 0xa5;
        tern_store_be16(l3 + 2, (uint16_t)(len + l4_len));
        tern_store_be16(l3 + 4, 0x1234);
        tern_store_be16(l3 + 6, say->frag);
        l3[8] = ttl;
        l3[9] = say->protocol;
        memcpy(l3 + 12, src.octets + 12, 4);
        memcpy(l3 + 16, dst.octets + 12, 4);
    }
    if (say->options_len > 0)
        memcpy(l3 + len - say->options_len, say->options, say->options_len);
    return len;
}

size_t forward_frame(uint8_t *frame, const struct forward_say *say, uint16_t port, size_t len)
{
    uint8_t *l3 = frame + PACKET_ETH;
    bool tcp = say->protocol == 6;
    size_t l4_len = (tcp ? 20 : 8) + len, csum = tcp ? 16 : say->protocol == 17 ? 6 : 2;
    memcpy(frame, say->dst_mac != NULL ? say->dst_mac : packet_mac_us, 6);
    memcpy(frame + 6, packet_mac_peer, 6);
    tern_store_be16(frame + 12, say->family->v6 ? 0x86dd : 0x0800);
    uint8_t *l4 = l3 + l3_emit(l3, say, l4_len);
    memset(l4, 0, l4_len - len);
    tern_store_be16(l4, 40000);
    tern_store_be16(l4 + 2, port);
    if (tcp) {
        tern_store_be32(l4 + 4, 1000);
        tern_store_be32(l4 + 8, 2000);
        l4[12] = say->data_off != 0 ? say->data_off : 0x50;
        l4[13] = 0x99;    /* CWR, ACK, PSH, FIN */
    } else if (say->protocol == 17) {
        tern_store_be16(l4 + 4, (uint16_t)l4_len);
    } else {
        tern_store_be32(l4, port);    /* ICMP: type and code in its upper half */
        tern_store_be16(l4, port);
    }
    for (size_t i = 0; i < len; i++)
        l4[l4_len - len + i] = (uint8_t)(i ^ i >> 7);
    uint16_t field = tern_checksum_finish(l4_sum(l3, l4, l4_len, say->protocol));
    if (!say->family->v6 && say->protocol == 1)
        field = tern_checksum_finish(tern_checksum_add(0, l4, l4_len));
    tern_store_be16(l4 + csum, say->bad_sum ? (uint16_t)(field ^ 1) : field);
    if (!say->family->v6)
        packet_ip4_resum(frame);
    return (size_t)(l4 - frame) + l4_len;
}

static void settle(struct forward_fixture *f, uint64_t next_ns)
{
    while (next_ns <= f->now_ns)
        next_ns = tern_net_poll(&f->net, f->now_ns);
}

void forward_in(struct forward_fixture *f, const struct forward_say *say, uint16_t port,
                size_t len)
{
    forward_in_as(f, say, port, len, TERN_CSUM_NONE, TERN_GSO_NONE, 0);
}

void forward_in_as(struct forward_fixture *f, const struct forward_say *say, uint16_t port,
                   size_t len, uint8_t csum, uint8_t gso, uint16_t seg_len)
{
    static uint8_t frame[PACKET_CAP];
    len = forward_frame(frame, say, port, len);
    if (csum == TERN_CSUM_PARTIAL) {    /* the pseudo-header's sum alone */
        uint8_t *l3 = frame + PACKET_ETH, *l4 = l3 + l3_len_of(l3) +
                                                (say->family->v6 ? say->options_len : 0);
        size_t l4_len = (size_t)(frame + len - l4);
        tern_store_be16(l4 + (say->protocol == 6 ? 16 : 6),
                        tern_checksum_fold(l4_sum(l3, NULL, 0, say->protocol) +
                                           (uint32_t)l4_len));
    }
    settle(f, fake_link_input_as(&f->wires[0], frame, len, csum, gso, seg_len, f->now_ns));
}

/* ---- What is sent ------------------------------------------------------------- */

static bool is_housekeeping(const uint8_t *frame)
{
    unsigned type = tern_load_be16(frame + 12);
    const uint8_t *l3 = frame + PACKET_ETH;
    if (type == 0x0806)
        return true;
    if (type == 0x0800)
        return l3[9] == 2;
    return (l3[6] == 0 && l3[24] == 0xff) || (l3[6] == 58 && l3[40] >= 133);
}

const struct fake_frame *forward_sent(struct forward_fixture *f, unsigned link)
{
    const struct fake_frame *sent;
    do
        sent = fake_link_take(&f->wires[link]);
    while (sent != NULL && is_housekeeping(sent->data));
    return sent;
}

static void arp_answer(struct forward_fixture *f, const char *text, const uint8_t mac[6])
{
    struct tern_addr a = addr(text);
    uint8_t frame[64];
    size_t len = packet_arp(frame, f->wires[1].link.mac, 2, mac, tern_addr_to_v4(&a),
                            f->wires[1].link.mac, 0x0a010001);
    settle(f, fake_link_input(&f->wires[1], frame, len, f->now_ns));
}

void forward_answer(struct forward_fixture *f, const struct forward_family *family,
                    const char *text, const uint8_t mac[6])
{
    struct tern_addr a = addr(text);
    const struct fake_frame *asked = fake_link_take(&f->wires[1]);
    ck_assert_msg(asked != NULL, "nobody asks for %s", text);
    if (!family->v6) {
        ck_assert_mem_eq(asked->data + 38, a.octets + 12, 4);
        arp_answer(f, text, mac);
        return;
    }
    uint8_t frame[PACKET_ETH + 72] = { 0 }, *l3 = frame + PACKET_ETH;
    ck_assert_uint_eq(asked->data[PACKET_ETH + 40], 135);
    ck_assert_mem_eq(asked->data + PACKET_ETH + 48, a.octets, 16);
    memcpy(frame, f->wires[1].link.mac, 6);
    memcpy(frame + 6, mac, 6);
    tern_store_be16(frame + 12, 0x86dd);
    l3[0] = 0x60;
    l3[5] = 32;
    l3[6] = 58;
    l3[7] = 255;
    memcpy(l3 + 8, a.octets, 16);
    memcpy(l3 + 24, asked->data + PACKET_ETH + 8, 16);
    l3[40] = 136;
    l3[44] = 0x60;
    memcpy(l3 + 48, a.octets, 16);
    l3[64] = 2;
    l3[65] = 1;
    memcpy(l3 + 66, mac, 6);
    tern_store_be16(l3 + 42, tern_checksum_finish(l4_sum(l3, l3 + 40, 32, 58)));
    settle(f, fake_link_input(&f->wires[1], frame, sizeof frame, f->now_ns));
}

void forward_error_is(struct forward_fixture *f, const struct forward_family *family,
                      uint8_t type, uint8_t code, uint32_t word)
{
    struct tern_addr us = addr(family->us[0]), a = addr(family->a);
    const struct fake_frame *sent = forward_sent(f, 0);
    ck_assert_msg(sent != NULL, "no error was sent");
    const uint8_t *l3 = sent->data + PACKET_ETH, *icmp = l3 + l3_len_of(l3);
    size_t len = sent->len - (size_t)(icmp - sent->data);
    ck_assert_mem_eq(sent->data, packet_mac_peer, 6);
    ck_assert_uint_eq(icmp[0], type);
    ck_assert_uint_eq(icmp[1], code);
    ck_assert_uint_eq(tern_load_be32(icmp + 4), word);
    ck_assert_mem_eq(l3 + (family->v6 ? 8 : 12), us.octets + (family->v6 ? 0 : 12),
                     family->v6 ? 16 : 4);
    ck_assert_mem_eq(l3 + (family->v6 ? 24 : 16), a.octets + (family->v6 ? 0 : 12),
                     family->v6 ? 16 : 4);
    uint32_t sum = family->v6 ? l4_sum(l3, icmp, len, 58) : tern_checksum_add(0, icmp, len);
    ck_assert_uint_eq(tern_checksum_fold(sum), 0xffff);
    ck_assert_uint_eq(sent->len <= PACKET_ETH + (family->v6 ? 1280u : 576u), true);
    /* The quote is what came, with its hop limit as it was then. */
    ck_assert_mem_eq(icmp + 8 + (family->v6 ? 8 : 12), a.octets + (family->v6 ? 0 : 12),
                     family->v6 ? 16 : 4);
}

bool forward_sums_ok(const uint8_t *frame)
{
    const uint8_t *l3 = frame + PACKET_ETH, *l4 = l3 + l3_len_of(l3);
    size_t total = l3[0] >> 4 == 4 ? tern_load_be16(l3 + 2) : 40 + (size_t)tern_load_be16(l3 + 4);
    uint8_t protocol = l3[0] >> 4 == 4 ? l3[9] : l3[6];
    if (l3[0] >> 4 == 4 && tern_checksum_fold(tern_checksum_add(0, l3, l3_len_of(l3))) != 0xffff)
        return false;
    return tern_checksum_fold(l4_sum(l3, l4, total - l3_len_of(l3), protocol)) == 0xffff;
}

void forward_counted(const struct forward_fixture *f)
{
    const struct tern_forward_stats *s = &f->forward.stats;
    ck_assert_uint_eq(s->in, s->passed + s->waiting + s->bad_source + s->wrong_way +
                                 s->link_group + s->cut + s->expired + s->no_route + s->denied +
                                 s->rejected + s->too_big + s->no_neighbour + s->waiting_full +
                                 s->full + s->bad_offload);
    ck_assert_uint_eq(s->in, f->ipv4.stats.in_forwarded + f->ipv6.stats.in_forwarded);
}

struct forward_say forward_tcp(const struct forward_family *family)
{
    return (struct forward_say){ .family = family, .src = family->a, .dst = family->b,
                                 .protocol = 6, .frag = 0x4000 };
}

void forward_passed_whole(struct forward_fixture *f, const struct forward_say *say, uint16_t port,
                          size_t len)
{
    static uint8_t frame[PACKET_CAP];
    size_t frame_len = forward_frame(frame, say, port, len);
    const struct fake_frame *sent = forward_sent(f, 1);
    ck_assert_msg(sent != NULL, "nothing was forwarded");
    ck_assert_uint_eq(sent->len, frame_len);
    ck_assert_mem_eq(sent->data, packet_mac_peer, 6);
    ck_assert_mem_eq(sent->data + 6, f->wires[1].link.mac, 6);
    frame[PACKET_ETH + (say->family->v6 ? 7 : 8)]--;
    if (!say->family->v6)
        packet_ip4_resum(frame);
    ck_assert_mem_eq(sent->data + 12, frame + 12, frame_len - 12);
    ck_assert(!sent->csum_partial);
}

bool forward_quiet(struct forward_fixture *f)
{
    return forward_sent(f, 0) == NULL && forward_sent(f, 1) == NULL;
}
