/* SPDX-License-Identifier: ISC */
/*
 * A DHCP client, and the messages of a server that the test plays. Each file of
 * tests that includes this has them for itself.
 */
#ifndef TERN_TESTS_UNIT_DHCP4_FIXTURE_H
#define TERN_TESTS_UNIT_DHCP4_FIXTURE_H

#include <check.h>
#include <string.h>

#include "libnet/dhcp4_internal.h"
#include "libnet/ipv4_internal.h"
#include "net_fixture.h"

#define SERVER 0x0a0000feu
#define LEASED 0x0a000064u

static uint8_t frame[PACKET_CAP];
static struct tern_dhcp4 dhcp4;
static const uint8_t none[6];

/* A stack without an address, with a client on link 0. */
static inline struct net_fixture *start(void)
{
    static struct net_fixture *f;
    static const uint8_t seed[TERN_SEED_LEN] = { 9 };
    f = net_fixture_bare();
    tern_provider_leave(&f->net.provider);
    tern_turn_init(&f->turn, NULL, f->now_ns);
    tern_drbg_init(&f->drbg, seed);
    memset(&dhcp4, 0, sizeof dhcp4);
    dhcp4.config.hostname = "tern";
    struct tern_net_config config = {
        .turn = &f->turn,
        .drbg = &f->drbg,
        .blocks = &f->blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv4, &f->ipv4 },
                                                { &tern_udp, &f->udp },
                                                { &tern_dhcp4, &dhcp4 },
                                                { NULL, NULL } },
        .event = f->net.event,
        .app = f,
    };
    ck_assert_int_eq(tern_net_init(&f->net, &config), TERN_OK);
    fake_link_init(&f->wire, 1500, 0);
    ck_assert_int_eq(tern_net_attach(&f->net, &f->wire.link), TERN_OK);
    net_fixture_pass(f, 1);
    return f;
}

/* ---- The client's messages, as a server reads them ---------------------- */

struct heard {
    bool is_arp;
    uint8_t type;
    uint32_t xid, src, dst, ciaddr, requested, server;
    uint16_t secs;
    bool asks_routes, has_hostname;
};

static inline void options_read(struct heard *h, const uint8_t *p, const uint8_t *end)
{
    while (p < end && *p != 255) {
        if (*p == 0) {
            p++;
            continue;
        }
        ck_assert_int_ge(end - p, 2 + p[1]);
        if (p[0] == 53)
            h->type = p[2];
        if (p[0] == 50)
            ck_assert_uint_ne(h->requested = tern_load_be32(p + 2), 0);
        if (p[0] == 54)
            ck_assert_uint_ne(h->server = tern_load_be32(p + 2), 0);
        if (p[0] == 12)
            h->has_hostname = p[1] == 4 && memcmp(p + 2, "tern", 4) == 0;
        for (size_t i = 0; p[0] == 55 && i < p[1]; i++)
            h->asks_routes |= p[2 + i] == 121 || p[2 + i] == 249;
        p += 2 + p[1];
    }
    ck_assert(p < end);
}

/* The next frame that the client sent. */
static inline struct heard hear(struct net_fixture *f)
{
    const struct fake_frame *sent = net_fixture_sent(f);
    struct heard h = { .is_arp = tern_load_be16(sent->data + 12) == 0x0806 };
    if (h.is_arp)
        return h;
    const uint8_t *ip = sent->data + 14, *msg = ip + 28;
    ck_assert(packet_sums_ok(sent->data, sent->len));
    ck_assert_uint_eq(tern_load_be16(ip + 20), 68);
    ck_assert_uint_eq(tern_load_be16(ip + 22), 67);
    ck_assert_uint_ge(sent->len, 42 + 300);
    h.src = tern_load_be32(ip + 12);
    h.dst = tern_load_be32(ip + 16);
    h.xid = tern_load_be32(msg + 4);
    h.secs = tern_load_be16(msg + 8);
    h.ciaddr = tern_load_be32(msg + 12);
    ck_assert_uint_eq(msg[0], 1);
    ck_assert_mem_eq(msg + 28, packet_mac_us, 6);
    options_read(&h, msg + 240, sent->data + sent->len);
    return h;
}

/* ---- The server's ------------------------------------------------------- */

struct reply {
    uint8_t type;
    uint32_t xid, yiaddr, server, mask, router, lease_s, t1_s, t2_s;
    uint16_t mtu;
    const uint8_t *more;    /* further options */
    size_t more_len;
};

static const struct reply good = { .type = DHCP4_ACK, .yiaddr = LEASED, .server = SERVER,
                                   .mask = 0xffffff00, .router = ROUTER, .lease_s = 3600 };

static inline size_t u32_option(uint8_t *out, size_t off, uint8_t code, uint32_t value)
{
    if (value == 0)
        return off;
    out[off] = code;
    out[off + 1] = 4;
    tern_store_be32(out + off + 2, value);
    return off + 6;
}

static inline size_t reply_emit(uint8_t *msg, const struct reply *r)
{
    static const uint8_t cookie[4] = { 99, 130, 83, 99 };
    memset(msg, 0, 240);
    msg[0] = 2;
    msg[1] = 1;
    msg[2] = 6;
    tern_store_be32(msg + 4, r->xid);
    tern_store_be32(msg + 16, r->yiaddr);
    memcpy(msg + 28, packet_mac_us, 6);
    memcpy(msg + 236, cookie, 4);
    size_t off = 240;
    if (r->type != 0) {
        msg[off++] = 53;
        msg[off++] = 1;
        msg[off++] = r->type;
    }
    off = u32_option(msg, off, 54, r->server);
    off = u32_option(msg, off, 1, r->mask);
    off = u32_option(msg, off, 3, r->router);
    off = u32_option(msg, off, 51, r->lease_s);
    off = u32_option(msg, off, 58, r->t1_s);
    off = u32_option(msg, off, 59, r->t2_s);
    if (r->mtu != 0) {
        msg[off++] = 26;
        msg[off++] = 2;
        tern_store_be16(msg + off, r->mtu);
        off += 2;
    }
    if (r->more_len > 0)
        memcpy(msg + off, r->more, r->more_len);
    off += r->more_len;
    msg[off++] = 255;
    return off;
}

static inline void say_octets(struct net_fixture *f, const uint8_t *msg, size_t len)
{
    struct packet_ip4 ip = { .src = SERVER, .dst = 0xffffffff, .dst_mac = packet_mac_broadcast };
    net_fixture_in(f, frame, packet_udp(frame, &ip, 67, 68, msg, len));
}

static inline void say(struct net_fixture *f, const struct reply *r)
{
    uint8_t msg[1500];
    say_octets(f, msg, reply_emit(msg, r));
}

/* From DISCOVER to the probe; *r is what the server offers and grants. */
static inline uint32_t to_probe(struct net_fixture *f, const struct reply *r)
{
    struct reply offer = *r;
    struct heard h = hear(f);
    ck_assert_uint_eq(h.type, DHCP4_DISCOVER);
    offer.type = DHCP4_OFFER;
    offer.xid = h.xid;
    say(f, &offer);
    h = hear(f);
    ck_assert_uint_eq(h.type, DHCP4_REQUEST);
    ck_assert_uint_eq(h.requested, r->yiaddr);
    ck_assert_uint_eq(h.server, r->server);
    ck_assert_uint_eq(h.xid, offer.xid);
    offer.type = DHCP4_ACK;
    say(f, &offer);
    return offer.xid;
}

static inline struct net_fixture *bound_by(const struct reply *r)
{
    struct net_fixture *f = start();
    (void)to_probe(f, r);
    ck_assert(hear(f).is_arp);
    net_fixture_pass(f, 250 * TERN_MILLISECOND_NS);
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    return f;
}

#endif
