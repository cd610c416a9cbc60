/* SPDX-License-Identifier: ISC */
/*
 * The stack of IPv6 for tests: made, fed, watched.
 */
#include "net6_fixture.h"

static struct net6_fixture fixture;

static void event(void *app, enum tern_net_event what, uint8_t link, const struct tern_addr *addr)
{
    struct net6_fixture *f = app;
    ck_assert_uint_lt(f->n_events, 256);
    f->events[f->n_events].event = what;
    f->events[f->n_events].link = link;
    f->events[f->n_events++].addr = *addr;
}

struct tern_addr addr6(const char *text)
{
    struct tern_addr a;
    ck_assert_msg(tern_addr_parse(text, strlen(text), &a) == TERN_OK, "%s", text);
    return a;
}

struct net6_fixture *net6_fixture_bare(void)
{
    struct net6_fixture *f = &fixture;
    static const uint8_t seed[TERN_SEED_LEN] = { 6, 6, 6 };
    memset(f, 0, sizeof *f);
    f->now_ns = 1000 * TERN_SECOND_NS;
    tern_turn_init(&f->turn, NULL, f->now_ns);
    tern_drbg_init(&f->drbg, seed);
    ck_assert_int_eq(tern_block_pool_init(&f->blocks, f->block_mem, sizeof f->block_mem, 2048),
                     TERN_OK);
    f->ipv6.config = (struct tern_ipv6_config){ .neighbours = f->neighbours,
                                                .n_neighbours = FIXTURE6_NEIGHBOURS,
                                                .reassemblies = f->reassemblies,
                                                .n_reassemblies = 4 };
    f->udp.config = (struct tern_udp_config){ .endpoints = f->endpoints, .n_endpoints = 8 };
    struct tern_net_config config = {
        .turn = &f->turn,
        .drbg = &f->drbg,
        .blocks = &f->blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv6, &f->ipv6 },
                                                { &tern_udp, &f->udp },
                                                { NULL, NULL } },
        .event = event,
        .app = f,
    };
    ck_assert_int_eq(tern_net_init(&f->net, &config), TERN_OK);
    fake_link_init(&f->wire, 1500, 0);
    ck_assert_int_eq(tern_net_attach(&f->net, &f->wire.link), TERN_OK);
    fake_link_init(&f->wire_1, 1500, 0);
    f->wire_1.link.mac[4] = 1;
    ck_assert_int_eq(tern_net_attach(&f->net, &f->wire_1.link), TERN_OK);
    net6_pass(f, 1);
    f->n_events = 0;
    return f;
}

struct net6_fixture *net6_fixture(void)
{
    struct net6_fixture *f = net6_fixture_bare();
    f->ipv6.config.no_dad = true;
    struct tern_ipv6_address a = { .addr = addr6("2001:db8::1"), .prefix_len = 64,
                                   .gateway = addr6("fe80::fe") };
    ck_assert_int_eq(tern_ipv6_set(&f->net, 0, &a), TERN_OK);
    a = (struct tern_ipv6_address){ .addr = addr6("2001:db8:1::1"), .prefix_len = 64 };
    ck_assert_int_eq(tern_ipv6_set(&f->net, 1, &a), TERN_OK);
    net6_pass(f, 3 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    fake_link_clear(&f->wire_1);
    f->n_events = 0;
    memset(&f->ipv6.stats, 0, sizeof f->ipv6.stats);
    return f;
}

void net6_leap(struct net6_fixture *f, uint64_t ns)
{
    f->now_ns += ns;
    while (tern_net_poll(&f->net, f->now_ns) <= f->now_ns)
        ;
}

void net6_pass(struct net6_fixture *f, uint64_t ns)
{
    uint64_t end_ns = f->now_ns + ns, step = 50 * TERN_MILLISECOND_NS;
    while (f->now_ns < end_ns)
        net6_leap(f, end_ns - f->now_ns < step ? end_ns - f->now_ns : step);
}

size_t net6_events(const struct net6_fixture *f, enum tern_net_event what,
                   const struct tern_addr *addr)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n_events; i++)
        n += f->events[i].event == what &&
             (addr == NULL || tern_addr_equal(&f->events[i].addr, addr));
    return n;
}

/* ---- Messages to the stack ---------------------------------------------- */

static uint32_t sum_add(uint32_t sum, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
    return sum;
}

static uint16_t icmp_sum(const uint8_t *hdr, size_t len)
{
    uint32_t sum = sum_add(58 + (uint32_t)len, hdr + 8, 32);
    sum = sum_add(sum, hdr + 40, len);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

size_t net6_frame(uint8_t *frame, const struct net6_from *from, const uint8_t *msg, size_t len)
{
    struct tern_addr src = addr6(from->src), dst = addr6(from->dst);
    uint8_t *hdr = frame + PACKET_ETH;
    memset(frame, 0, PACKET_ETH + 40);
    if (dst.octets[0] == 0xff) {
        frame[0] = frame[1] = 0x33;
        memcpy(frame + 2, dst.octets + 12, 4);
    } else {
        memcpy(frame, packet_mac_us, 6);
    }
    memcpy(frame + 6, from->src_mac != NULL ? from->src_mac : packet_mac_peer, 6);
    tern_store_be16(frame + 12, 0x86dd);
    hdr[0] = 0x60;
    tern_store_be16(hdr + 4, (uint16_t)len);
    hdr[6] = 58;
    hdr[7] = from->hop_limit != 0 ? from->hop_limit : 255;
    memcpy(hdr + 8, src.octets, 16);
    memcpy(hdr + 24, dst.octets, 16);
    memcpy(hdr + 40, msg, len);
    if (len >= 4) {
        tern_store_be16(hdr + 42, 0);
        tern_store_be16(hdr + 42, icmp_sum(hdr, len));
    }
    return PACKET_ETH + 40 + len;
}

void net6_in(struct net6_fixture *f, const struct net6_from *from, const uint8_t *msg, size_t len)
{
    static uint8_t frame[PACKET_CAP];
    len = net6_frame(frame, from, msg, len);
    uint64_t next_ns = fake_link_input(&f->wire, frame, len, f->now_ns);
    while (next_ns <= f->now_ns)
        next_ns = tern_net_poll(&f->net, f->now_ns);
}

void net6_say(struct net6_fixture *f, const char *src, const char *dst, const struct net6_msg *m)
{
    struct net6_from from = { .src = src, .dst = dst };
    net6_in(f, &from, m->octets, m->len);
}

static void begin(struct net6_msg *m, uint8_t type, size_t len)
{
    memset(m->octets, 0, len);
    m->octets[0] = type;
    m->len = len;
}

static void put_addr(struct net6_msg *m, size_t off, const char *text)
{
    struct tern_addr a = addr6(text);
    memcpy(m->octets + off, a.octets, 16);
}

void net6_ns(struct net6_msg *m, const char *target)
{
    begin(m, 135, 24);
    put_addr(m, 8, target);
}

void net6_na(struct net6_msg *m, const char *target, uint8_t flags)
{
    begin(m, 136, 24);
    m->octets[4] = flags;
    put_addr(m, 8, target);
}

void net6_ra(struct net6_msg *m, uint8_t hop_limit, uint8_t flags, uint16_t lifetime_s)
{
    begin(m, 134, 16);
    m->octets[4] = hop_limit;
    m->octets[5] = flags;
    tern_store_be16(m->octets + 6, lifetime_s);
}

void net6_redirect(struct net6_msg *m, const char *target, const char *dst)
{
    begin(m, 137, 40);
    put_addr(m, 8, target);
    put_addr(m, 24, dst);
}

/* Adds an option of len octets, type and length set, the rest zero. */
static uint8_t *option(struct net6_msg *m, uint8_t type, size_t len)
{
    uint8_t *o = m->octets + m->len;
    memset(o, 0, len);
    o[0] = type;
    o[1] = (uint8_t)(len / 8);
    m->len += len;
    return o;
}

void net6_mac(struct net6_msg *m, uint8_t type, const uint8_t *mac)
{
    memcpy(option(m, type, 8) + 2, mac, 6);
}

void net6_nonce(struct net6_msg *m, const uint8_t nonce[6])
{
    memcpy(option(m, 14, 8) + 2, nonce, 6);
}

void net6_mtu(struct net6_msg *m, uint32_t mtu)
{
    tern_store_be32(option(m, 5, 8) + 4, mtu);
}

void net6_prefix(struct net6_msg *m, const char *prefix, uint8_t flags, uint32_t valid_s,
                 uint32_t preferred_s)
{
    struct tern_addr a;
    uint8_t *o = option(m, 3, 32);
    ck_assert_int_eq(tern_prefix_parse(prefix, strlen(prefix), &a, &o[2]), TERN_OK);
    o[3] = flags;
    tern_store_be32(o + 4, valid_s);
    tern_store_be32(o + 8, preferred_s);
    memcpy(o + 16, a.octets, 16);
}

void net6_route(struct net6_msg *m, const char *prefix, uint8_t flags, uint32_t lifetime_s)
{
    struct tern_addr a;
    uint8_t *o = option(m, 24, 24);
    ck_assert_int_eq(tern_prefix_parse(prefix, strlen(prefix), &a, &o[2]), TERN_OK);
    o[3] = flags;
    tern_store_be32(o + 4, lifetime_s);
    memcpy(o + 8, a.octets, 16);
}

void net6_rdnss(struct net6_msg *m, uint32_t lifetime_s, const char *server)
{
    struct tern_addr a = addr6(server);
    uint8_t *o = option(m, 25, 24);
    tern_store_be32(o + 4, lifetime_s);
    memcpy(o + 8, a.octets, 16);
}

/* ---- What the stack sends ----------------------------------------------- */

static void options_read(struct net6_heard *h, const uint8_t *p, const uint8_t *end)
{
    for (; p < end; p += (size_t)p[1] * 8) {
        ck_assert_uint_ge(p[1], 1);
        ck_assert_int_le(p[1] * 8, end - p);
        if (p[0] == 1 || p[0] == 2)
            h->mac = p + 2;
        if (p[0] == 14)
            h->nonce = p + 2;
    }
}

struct net6_heard net6_hear(struct net6_fixture *f)
{
    const struct fake_frame *sent;
    struct net6_heard h = { 0 };
    do
        if ((sent = fake_link_take(&f->wire)) == NULL)
            return h;
    while (sent->data[PACKET_ETH + 6] == 0);    /* MLD: it has a Router Alert */
    const uint8_t *hdr = sent->data + PACKET_ETH, *msg = hdr + 40;
    ck_assert_uint_eq(tern_load_be16(sent->data + 12), 0x86dd);
    ck_assert_uint_eq(tern_load_be16(hdr + 4), sent->len - PACKET_ETH - 40);
    ck_assert_uint_eq(hdr[6], 58);
    ck_assert_uint_eq(icmp_sum(hdr, sent->len - PACKET_ETH - 40), 0);
    h.type = msg[0];
    h.flags = msg[4];
    h.hop_limit = hdr[7];
    memcpy(h.src.octets, hdr + 8, 16);
    memcpy(h.dst.octets, hdr + 24, 16);
    h.to_mac = sent->data;
    if (h.type < 133)
        return h;
    ck_assert_uint_eq(h.hop_limit, 255);
    if (h.type != 133)
        memcpy(h.target.octets, msg + 8, 16);
    options_read(&h, msg + (h.type == 133 ? 8 : 24), sent->data + sent->len);
    return h;
}

struct net6_heard net6_await(struct net6_fixture *f)
{
    struct net6_heard h = net6_hear(f);
    for (size_t i = 0; i < 1200 && h.type == 0; i++) {
        net6_pass(f, 50 * TERN_MILLISECOND_NS);
        h = net6_hear(f);
    }
    ck_assert_msg(h.type != 0, "nothing was sent");
    return h;
}

bool net6_quiet(struct net6_fixture *f)
{
    return net6_hear(f).type == 0;
}

const struct tern_neighbour *net6_neighbour(struct net6_fixture *f, const char *addr)
{
    struct tern_addr a = addr6(addr);
    return tern_neigh_find(&f->ipv6.ip, 0, &a);
}

uint8_t net6_state(struct net6_fixture *f, const struct tern_addr *addr)
{
    const struct tern_ipv6_own *own = tern_ipv6_own_find(&f->ipv6, 0, addr);
    return own != NULL ? own->state : TERN_IPV6_UNUSED;
}

size_t net6_count(struct net6_fixture *f, enum tern_ipv6_origin origin)
{
    struct tern_ipv6_address a;
    size_t n = 0;
    for (size_t i = 0; tern_ipv6_get(&f->net, 0, i, &a) == TERN_OK; i++)
        n += a.origin == origin;
    return n;
}

struct tern_addr net6_own(struct net6_fixture *f, enum tern_ipv6_origin origin)
{
    struct tern_ipv6_address a;
    for (size_t i = 0; tern_ipv6_get(&f->net, 0, i, &a) == TERN_OK; i++)
        if (a.origin == origin)
            return a.addr;
    ck_abort_msg("no such address");
}
