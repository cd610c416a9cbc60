/* SPDX-License-Identifier: ISC */
/*
 * The DHCP client against a server that the test plays.
 */
#include "libnet/dhcp4_internal.h"
#include "libnet/ipv4_internal.h"
#include "net_fixture.h"
#include "suites.h"

#include <string.h>

#define SERVER 0x0a0000feu
#define LEASED 0x0a000064u

static uint8_t frame[PACKET_CAP];
static struct tern_dhcp4 dhcp4;
static const uint8_t none[6];

/* A stack without an address, with a client on link 0. */
static struct net_fixture *start(void)
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

static void options_read(struct heard *h, const uint8_t *p, const uint8_t *end)
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
static struct heard hear(struct net_fixture *f)
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

static size_t u32_option(uint8_t *out, size_t off, uint8_t code, uint32_t value)
{
    if (value == 0)
        return off;
    out[off] = code;
    out[off + 1] = 4;
    tern_store_be32(out + off + 2, value);
    return off + 6;
}

static size_t reply_emit(uint8_t *msg, const struct reply *r)
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

static void say_octets(struct net_fixture *f, const uint8_t *msg, size_t len)
{
    struct packet_ip4 ip = { .src = SERVER, .dst = 0xffffffff, .dst_mac = packet_mac_broadcast };
    net_fixture_in(f, frame, packet_udp(frame, &ip, 67, 68, msg, len));
}

static void say(struct net_fixture *f, const struct reply *r)
{
    uint8_t msg[1500];
    say_octets(f, msg, reply_emit(msg, r));
}

/* From DISCOVER to the probe; *r is what the server offers and grants. */
static uint32_t to_probe(struct net_fixture *f, const struct reply *r)
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

static struct net_fixture *bound_by(const struct reply *r)
{
    struct net_fixture *f = start();
    (void)to_probe(f, r);
    ck_assert(hear(f).is_arp);
    net_fixture_pass(f, 250 * TERN_MILLISECOND_NS);
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    return f;
}

/* ---- A lease, from birth to death --------------------------------------- */

START_TEST(test_dhcp4_gets_a_lease)
{
    struct net_fixture *f = start();
    struct tern_dhcp4_lease lease;
    static const uint8_t more[] = { 6, 8, 1, 1, 1, 1, 8, 8, 8, 8, 42, 4, 9, 9, 9, 9 };
    struct reply r = good;
    r.more = more;
    r.more_len = sizeof more;
    struct heard h = hear(f);
    ck_assert_uint_eq(h.src, 0);
    ck_assert_uint_eq(h.dst, 0xffffffff);
    ck_assert(h.has_hostname);
    ck_assert(!h.asks_routes);
    r.type = DHCP4_OFFER;
    r.xid = h.xid;
    say(f, &r);
    h = hear(f);
    ck_assert_uint_eq(h.src, 0);
    ck_assert_uint_eq(h.ciaddr, 0);
    r.type = DHCP4_ACK;
    say(f, &r);
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_AGAIN);
    const struct fake_frame *probe = net_fixture_sent(f);
    ck_assert_uint_eq(tern_load_be32(probe->data + 28), 0);
    ck_assert_uint_eq(tern_load_be32(probe->data + 38), LEASED);
    net_fixture_pass(f, 190 * TERN_MILLISECOND_NS);
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_AGAIN);
    net_fixture_pass(f, 60 * TERN_MILLISECOND_NS);
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_OK);
    ck_assert_uint_eq(tern_addr_to_v4(&lease.address.addr), LEASED);
    ck_assert_uint_eq(lease.address.prefix_len, 24);
    ck_assert_uint_eq(tern_addr_to_v4(&lease.address.gateway), ROUTER);
    ck_assert_uint_eq(tern_addr_to_v4(&lease.server), SERVER);
    ck_assert_uint_eq(lease.n_dns, 2);
    ck_assert_uint_eq(tern_addr_to_v4(&lease.dns[1]), 0x08080808);
    ck_assert_uint_eq(lease.n_ntp, 1);
    ck_assert(hear(f).is_arp);    /* announced */
    ck_assert_int_eq(f->events[f->n_events - 1].event, TERN_NET_ADDRESS);
    ck_assert(!f->ipv4.links[0].configuring);
}
END_TEST

START_TEST(test_dhcp4_takes_answers_to_the_address_that_is_offered)
{
    struct net_fixture *f = start();
    struct heard h = hear(f);
    uint8_t msg[1500];
    struct reply r = good;
    struct packet_ip4 ip = { .src = SERVER, .dst = LEASED };
    r.type = DHCP4_OFFER;
    r.xid = h.xid;
    net_fixture_in(f, frame, packet_udp(frame, &ip, 67, 68, msg, reply_emit(msg, &r)));
    ck_assert_uint_eq(hear(f).type, DHCP4_REQUEST);
    /* Another port of that address is nobody's. */
    net_fixture_in(f, frame, packet_udp(frame, &ip, 67, 69, msg, 4));
    ck_assert_uint_eq(f->ipv4.stats.in_not_ours, 1);
}
END_TEST

START_TEST(test_dhcp4_asks_again_later_and_later)
{
    struct net_fixture *f = start();
    uint64_t at_s[6];
    for (size_t i = 0; i < 6; i++) {
        while (f->wire.n_sent == f->wire.n_taken)
            net_fixture_pass(f, 50 * TERN_MILLISECOND_NS);
        ck_assert_uint_eq(hear(f).type, DHCP4_DISCOVER);
        at_s[i] = f->now_ns / TERN_SECOND_NS;
    }
    for (size_t i = 0; i < 5; i++) {
        uint64_t wait_s = at_s[i + 1] - at_s[i], base_s = UINT64_C(4) << (i < 4 ? i : 4);
        ck_assert_uint_ge(wait_s, base_s - 2);
        ck_assert_uint_le(wait_s, base_s + 2);
    }
    ck_assert_uint_eq(dhcp4.stats.discovers, 6);
}
END_TEST

START_TEST(test_dhcp4_starts_over_when_its_request_is_not_answered)
{
    struct net_fixture *f = start();
    struct reply offer = good;
    offer.type = DHCP4_OFFER;
    offer.xid = hear(f).xid;
    say(f, &offer);
    net_fixture_pass(f, 80 * TERN_SECOND_NS);
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(hear(f).type, DHCP4_REQUEST);
    struct heard h = hear(f);
    ck_assert_uint_eq(h.type, DHCP4_DISCOVER);
    ck_assert_uint_ne(h.xid, offer.xid);
}
END_TEST

/* Relays may choose their servers by it (RFC 2131 section 3.1 (3), table 5). */
START_TEST(test_dhcp4_requests_with_the_seconds_of_its_discover)
{
    struct net_fixture *f = start();
    struct reply r = good;
    ck_assert_uint_eq(hear(f).secs, 0);
    net_fixture_pass(f, 5 * TERN_SECOND_NS);
    struct heard discover = hear(f);
    ck_assert_int_eq(discover.type, DHCP4_DISCOVER);
    ck_assert_uint_ge(discover.secs, 3);
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    r.type = DHCP4_OFFER;
    r.xid = discover.xid;
    say(f, &r);
    struct heard request = hear(f);
    ck_assert_int_eq(request.type, DHCP4_REQUEST);
    ck_assert_uint_eq(request.secs, discover.secs);
    r.type = DHCP4_ACK;
    say(f, &r);
    ck_assert(hear(f).is_arp);
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_us, 2, packet_mac_other, LEASED,
                                        packet_mac_us, 0));
    struct heard decline = hear(f);
    ck_assert_uint_eq(decline.type, DHCP4_DECLINE);
    ck_assert_uint_eq(decline.secs, 0);
}
END_TEST

START_TEST(test_dhcp4_declines_an_address_that_answers)
{
    struct net_fixture *f = start();
    (void)to_probe(f, &good);
    ck_assert(hear(f).is_arp);
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_us, 2, packet_mac_other, LEASED,
                                        packet_mac_us, 0));
    struct heard h = hear(f);
    ck_assert_uint_eq(h.type, DHCP4_DECLINE);
    ck_assert_uint_eq(h.requested, LEASED);
    ck_assert_uint_eq(h.server, SERVER);
    ck_assert_uint_eq(dhcp4.stats.conflicts, 1);
    ck_assert_uint_eq(f->ipv4.stats.arp_conflict, 1);
    ck_assert_uint_eq(f->ipv4.stats.arp_not_ours, 0);    /* one counter for each packet */
    net_fixture_pass(f, 9 * TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    ck_assert_uint_eq(hear(f).type, DHCP4_DISCOVER);
    struct tern_dhcp4_lease lease;
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_AGAIN);
}
END_TEST

START_TEST(test_dhcp4_declines_when_another_probes_the_same)
{
    struct net_fixture *f = start();
    (void)to_probe(f, &good);
    ck_assert(hear(f).is_arp);
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_broadcast, 1, packet_mac_other, 0, none,
                                        LEASED));
    ck_assert_uint_eq(hear(f).type, DHCP4_DECLINE);
}
END_TEST

START_TEST(test_dhcp4_renews_by_unicast_and_then_from_all)
{
    struct net_fixture *f = bound_by(&good);
    f->now_ns += 1790 * TERN_SECOND_NS;
    while (f->wire.n_sent == f->wire.n_taken)
        net_fixture_pass(f, 50 * TERN_MILLISECOND_NS);
    /* T1: to its server, whose MAC must be found first. */
    ck_assert(hear(f).is_arp);
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_us, 2, packet_mac_other, SERVER,
                                        packet_mac_us, LEASED));
    struct heard h = hear(f);
    ck_assert_uint_eq(h.type, DHCP4_REQUEST);
    ck_assert_uint_eq(h.dst, SERVER);
    ck_assert_uint_eq(h.src, LEASED);
    ck_assert_uint_eq(h.ciaddr, LEASED);
    ck_assert_uint_eq(h.requested, 0);
    ck_assert_uint_eq(h.server, 0);
    uint64_t asked_ns = f->now_ns;
    struct reply r = good;
    r.xid = h.xid;
    r.lease_s = 7200;
    say(f, &r);
    struct tern_dhcp4_lease lease;
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_OK);
    ck_assert_uint_le(lease.expires_ns, asked_ns + 7200 * TERN_SECOND_NS);
    ck_assert_uint_gt(lease.expires_ns, asked_ns + 7190 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.stats.renewals, 1);
    /* Silence until T2: then everyone is asked, and at the end the address goes. */
    fake_link_clear(&f->wire);
    size_t n_events = f->n_events;
    f->now_ns = lease.expires_ns - 901 * TERN_SECOND_NS;
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    net_fixture_pass(f, 890 * TERN_SECOND_NS);
    size_t n_all = 0;
    while (f->wire.n_taken != f->wire.n_sent) {
        h = hear(f);
        if (h.is_arp || h.dst != 0xffffffff)
            continue;
        ck_assert_uint_eq(h.ciaddr, LEASED);
        ck_assert_uint_eq(h.src, LEASED);
        n_all++;
    }
    ck_assert_uint_ge(n_all, 3);
    ck_assert_uint_eq(dhcp4.stats.rebinds, 1);
    ck_assert_uint_eq(f->n_events, n_events);
    net_fixture_pass(f, 12 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.stats.expiries, 1);
    ck_assert_int_eq(f->events[n_events].event, TERN_NET_ADDRESS_LOST);
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_AGAIN);
    struct tern_ipv4_address a;
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_INVALID);
    while (f->wire.n_taken != f->wire.n_sent)
        h = hear(f);
    ck_assert_uint_eq(h.type, DHCP4_DISCOVER);
    ck_assert_uint_eq(h.src, 0);
}
END_TEST

START_TEST(test_dhcp4_a_nak_ends_the_lease)
{
    struct net_fixture *f = bound_by(&good);
    struct reply nak = { .type = DHCP4_NAK, .server = SERVER, .xid = dhcp4.xid };
    say(f, &nak);    /* nothing was asked */
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 1);
    f->now_ns += 1800 * TERN_SECOND_NS;
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    nak.xid = dhcp4.xid;
    nak.server = OTHER;
    say(f, &nak);    /* of a server that was not asked */
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 2);
    nak.server = SERVER;
    say(f, &nak);
    ck_assert_uint_eq(dhcp4.stats.naks, 1);
    struct tern_dhcp4_lease lease;
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_AGAIN);
    ck_assert_uint_eq(hear(f).type, DHCP4_DISCOVER);
}
END_TEST

START_TEST(test_dhcp4_confirms_its_lease_when_the_link_comes_back)
{
    struct net_fixture *f = bound_by(&good);
    f->wire.link.up = false;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    net_fixture_pass(f, 10 * TERN_SECOND_NS);
    f->wire.link.up = true;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    struct heard h = hear(f);
    while (h.is_arp)
        h = hear(f);
    ck_assert_uint_eq(h.type, DHCP4_REQUEST);
    ck_assert_uint_eq(h.requested, LEASED);
    ck_assert_uint_eq(h.ciaddr, 0);
    ck_assert_uint_eq(h.server, 0);
    struct reply r = good;
    r.xid = h.xid;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.acks, 2);
    struct tern_dhcp4_lease lease;
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_OK);
    /* Nobody answers the next time: the lease runs on (RFC 2131 section 3.2). */
    f->wire.link.up = false;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    f->wire.link.up = true;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    net_fixture_pass(f, 60 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_OK);
}
END_TEST

START_TEST(test_dhcp4_waits_for_a_link)
{
    struct net_fixture *f = start();
    (void)hear(f);
    f->wire.full = true;
    net_fixture_pass(f, 6 * TERN_SECOND_NS);    /* no slot: it is sent again by the timer */
    ck_assert(net_fixture_quiet(f));
    (void)fake_link_room(&f->wire, f->now_ns);
    net_fixture_pass(f, 10 * TERN_SECOND_NS);
    ck_assert_uint_eq(hear(f).type, DHCP4_DISCOVER);
}
END_TEST

START_TEST(test_dhcp4_waits_for_an_endpoint)
{
    struct net_fixture *f = start();
    const struct tern_net_client_ops *ops = tern_dhcp4.ops;
    static struct tern_dhcp4 second;
    struct tern_endpoint *eps[8];
    struct tern_endpoint_addr local = { 0 };
    for (size_t i = 0; i < 7; i++)
        ck_assert_int_eq(tern_udp_open(&f->net, &local, NULL, NULL, &eps[i]), TERN_OK);
    fake_link_clear(&f->wire);
    memset(&second, 0, sizeof second);
    ck_assert_int_eq(ops->init(&f->net, &second), TERN_OK);
    ops->link_changed(&f->net, &second, 0);    /* none is free, and 68 is taken */
    ck_assert_uint_eq(second.state, DHCP4_STOPPED);
    ck_assert_uint_eq(second.stats.discovers, 0);
    tern_endpoint_close(dhcp4.ep);
    ops->link_changed(&f->net, &second, 0);    /* again when the link changes */
    ck_assert_uint_eq(second.state, DHCP4_SELECTING);
    ck_assert_uint_eq(second.stats.discovers, 1);
    ck_assert_uint_eq(hear(f).type, DHCP4_DISCOVER);
}
END_TEST

/* ---- What a server may say ---------------------------------------------- */

START_TEST(test_dhcp4_ignores_what_is_not_for_it)
{
    struct net_fixture *f = start();
    uint8_t msg[1500];
    struct reply r = good;
    r.type = DHCP4_OFFER;
    r.xid = hear(f).xid;
    struct reply other = r;
    other.xid ^= 1;
    say(f, &other);
    ck_assert_uint_eq(dhcp4.stats.in_not_ours, 1);
    size_t len = reply_emit(msg, &r);
    msg[33] ^= 1;    /* another client's */
    say_octets(f, msg, len);
    ck_assert_uint_eq(dhcp4.stats.in_not_ours, 2);
    len = reply_emit(msg, &r);
    msg[0] = 1;    /* a client's request */
    say_octets(f, msg, len);
    ck_assert_uint_eq(dhcp4.stats.in_not_ours, 3);
    struct packet_ip4 ip = { .src = SERVER, .dst = 0xffffffff, .dst_mac = packet_mac_broadcast };
    len = reply_emit(msg, &r);
    net_fixture_in(f, frame, packet_udp(frame, &ip, 6767, 68, msg, len));    /* another port */
    ck_assert_uint_eq(dhcp4.stats.in_not_ours, 4);
    r.type = DHCP4_ACK;
    say(f, &r);    /* for no request */
    r.type = 99;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 2);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_dhcp4_takes_only_the_answer_it_waits_for)
{
    struct net_fixture *f = start();
    struct reply r = good;
    r.xid = hear(f).xid;
    r.type = DHCP4_OFFER;
    say(f, &r);
    ck_assert_uint_eq(hear(f).type, DHCP4_REQUEST);
    r.type = DHCP4_ACK;
    r.yiaddr = LEASED + 1;
    say(f, &r);    /* another address than was offered */
    r.yiaddr = LEASED;
    r.server = OTHER;
    say(f, &r);    /* another server than was asked */
    r.type = DHCP4_NAK;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 3);
    ck_assert(net_fixture_quiet(f));
    r.type = DHCP4_ACK;
    r.server = SERVER;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.acks, 1);
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.state, DHCP4_BOUND);
    r.xid = dhcp4.xid;
    say(f, &r);    /* again, though nothing was asked */
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 4);
    ck_assert_uint_eq(dhcp4.state, DHCP4_BOUND);
    /* T1: only its own server may renew; T2: any, if it says which it is. */
    f->now_ns += 1800 * TERN_SECOND_NS;
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.state, DHCP4_RENEWING);
    r.xid = dhcp4.xid;
    r.server = OTHER;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 5);
    f->now_ns += 1350 * TERN_SECOND_NS;
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.state, DHCP4_REBINDING);
    r.xid = dhcp4.xid;
    r.server = 0;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.in_malformed, 1);
    r.server = OTHER;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.acks, 2);
    ck_assert_uint_eq(dhcp4.state, DHCP4_BOUND);
}
END_TEST

START_TEST(test_dhcp4_heeds_conflicts_only_about_its_probe)
{
    const struct tern_net_client_ops *ops = tern_dhcp4.ops;
    struct net_fixture *f = start();
    (void)to_probe(f, &good);
    ck_assert(hear(f).is_arp);
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_broadcast, 1, packet_mac_other, OTHER,
                                        none, PEER));
    ops->conflict(&f->net, &dhcp4, 1, LEASED);
    ops->conflict(&f->net, &dhcp4, 0, LEASED + 1);
    ck_assert_uint_eq(dhcp4.stats.conflicts, 0);
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.state, DHCP4_BOUND);
    ops->conflict(&f->net, &dhcp4, 0, LEASED);    /* its defence is ARP's */
    ck_assert_uint_eq(dhcp4.stats.conflicts, 0);
    ck_assert_uint_eq(dhcp4.state, DHCP4_BOUND);
    /* Nor does it ask again when another link changes, or its own stays up. */
    fake_link_clear(&f->wire);
    ops->link_changed(&f->net, &dhcp4, 1);
    ops->link_changed(&f->net, &dhcp4, 0);
    net_fixture_pass(f, TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.state, DHCP4_BOUND);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_dhcp4_says_that_it_is_not_there)
{
    struct net_fixture *f = net_fixture();
    struct tern_dhcp4_lease lease;
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_INVALID);
}
END_TEST

/* Options that overrun, have no end, length 0; T1 > T2 > lease (CVE-2019-12257 and others). */
START_TEST(hostile_net_51_dhcp_option_table)
{
    static const struct {
        uint8_t octets[24];
        size_t len;
        enum tern_err err;
        const char *why;
    } cases[] = {
        { { 53, 1, 2, 255 }, 4, TERN_OK, "the least" },
        { { 53, 1, 2 }, 3, TERN_MALFORMED, "no end" },
        { { 255 }, 1, TERN_MALFORMED, "no type" },
        { { 0 }, 0, TERN_MALFORMED, "nothing" },
        { { 0, 0, 0, 0 }, 4, TERN_MALFORMED, "only padding" },
        { { 53 }, 1, TERN_MALFORMED, "a number without length" },
        { { 53, 1 }, 2, TERN_MALFORMED, "a length without data" },
        { { 53, 0, 255 }, 3, TERN_MALFORMED, "type of length 0" },
        { { 53, 2, 2, 2, 255 }, 5, TERN_MALFORMED, "type of length 2" },
        { { 53, 1, 2, 53, 1, 5, 255 }, 7, TERN_MALFORMED, "two types" },
        { { 53, 1, 2, 12, 255, 'x', 255 }, 7, TERN_MALFORMED, "a name past the end" },
        { { 53, 1, 2, 12, 2, 'x', 255 }, 7, TERN_MALFORMED, "a name over the end option" },
        { { 53, 1, 2, 12, 0, 255 }, 6, TERN_OK, "an empty name is nothing to us" },
        { { 53, 1, 2, 15, 3, 'a', 0, 'b', 255 }, 9, TERN_OK, "a name with a zero inside" },
        { { 53, 1, 2, 1, 3, 255, 255, 255, 255 }, 9, TERN_MALFORMED, "a mask of 3" },
        { { 53, 1, 2, 1, 5, 255, 255, 255, 0, 0, 255 }, 11, TERN_MALFORMED, "a mask of 5" },
        { { 53, 1, 2, 1, 0, 255 }, 6, TERN_MALFORMED, "a mask of 0" },
        { { 53, 1, 2, 3, 0, 255 }, 6, TERN_MALFORMED, "no router" },
        { { 53, 1, 2, 3, 3, 1, 2, 3, 255 }, 9, TERN_MALFORMED, "three quarters of a router" },
        { { 53, 1, 2, 6, 5, 1, 2, 3, 4, 5, 255 }, 11, TERN_MALFORMED, "a server and a quarter" },
        { { 53, 1, 2, 6, 8, 1, 2, 3, 4, 5, 6, 7, 8, 255 }, 14, TERN_OK, "two servers" },
        { { 53, 1, 2, 51, 2, 1, 1, 255 }, 8, TERN_MALFORMED, "half a lease" },
        { { 53, 1, 2, 26, 1, 5, 255 }, 7, TERN_MALFORMED, "half an MTU" },
        { { 53, 1, 2, 54, 8, 1, 1, 1, 1, 2, 2, 2, 2, 255 }, 14, TERN_MALFORMED, "two ids" },
        { { 0, 53, 1, 2, 0, 0, 255 }, 7, TERN_OK, "padding between options" },
        { { 53, 1, 2, 51, 4, 0, 0, 0, 9, 51, 4, 0, 0, 0, 9, 255 }, 16, TERN_MALFORMED,
          "two leases" },
        { { 53, 1, 2, 52, 1, 0, 255 }, 7, TERN_MALFORMED, "overload 0" },
        { { 53, 1, 2, 52, 1, 4, 255 }, 7, TERN_MALFORMED, "overload 4" },
        { { 53, 1, 2, 52, 1, 1, 255 }, 7, TERN_MALFORMED, "overloaded file without end" },
        { { 53, 1, 2, 52, 1, 2, 255 }, 7, TERN_MALFORMED, "overloaded sname without end" },
        { { 53, 1, 2, 255, 12, 255, 1 }, 7, TERN_OK, "whatever follows the end" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t msg[264];
        struct reply empty = { 0 };
        struct tern_dhcp4_reply got;
        (void)reply_emit(msg, &empty);
        memcpy(msg + 240, cases[i].octets, cases[i].len);
        ck_assert_msg(tern_dhcp4_reply_parse(msg, 240 + cases[i].len, &got) == cases[i].err,
                      "%s", cases[i].why);
    }
}
END_TEST

/* What says before the options that it is not for us or no DHCP. */
START_TEST(test_dhcp4_replies_of_another_kind)
{
    static const struct {
        size_t off;
        enum tern_err err;
    } cases[] = { { 0, TERN_UNSUPPORTED }, { 1, TERN_UNSUPPORTED },   /* op, htype */
                  { 2, TERN_UNSUPPORTED }, { 236, TERN_MALFORMED },   /* hlen, the cookie */
                  { 239, TERN_MALFORMED }, { 10, TERN_OK } };         /* flags */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t msg[300];
        struct reply r = { .type = DHCP4_OFFER };
        struct tern_dhcp4_reply got;
        size_t len = reply_emit(msg, &r);
        msg[cases[i].off] ^= 16;
        ck_assert_int_eq(tern_dhcp4_reply_parse(msg, len, &got), cases[i].err);
    }
}
END_TEST

START_TEST(hostile_net_51_dhcp_overloaded_fields)
{
    uint8_t msg[300];
    struct reply r = { .type = DHCP4_OFFER };
    static const uint8_t both[] = { 52, 1, 3 };
    struct tern_dhcp4_reply got;
    r.more = both;
    r.more_len = sizeof both;
    size_t len = reply_emit(msg, &r);
    static const uint8_t file[] = { 54, 4, 10, 0, 0, 1, 255 };
    static const uint8_t sname[] = { 51, 4, 0, 0, 14, 16, 255 };
    memcpy(msg + 108, file, sizeof file);
    memcpy(msg + 44, sname, sizeof sname);
    ck_assert_int_eq(tern_dhcp4_reply_parse(msg, len, &got), TERN_OK);
    ck_assert_uint_eq(got.server, 0x0a000001);
    ck_assert_uint_eq(got.lease_s, 3600);
    msg[240 + 4] = 2;    /* overload's length; its second octet is now the end option */
    msg[len++] = 255;
    ck_assert_int_eq(tern_dhcp4_reply_parse(msg, len, &got), TERN_MALFORMED);
    msg[240 + 4] = 1;
    /* An option may not run out of its field, though octets follow. */
    memset(msg + 108, 0, 128);
    msg[108 + 126] = 12;
    msg[108 + 127] = 1;
    ck_assert_int_eq(tern_dhcp4_reply_parse(msg, len, &got), TERN_MALFORMED);
    memcpy(msg + 108, file, sizeof file);
    memset(msg + 44, 0, 64);
    msg[44 + 63] = 12;
    ck_assert_int_eq(tern_dhcp4_reply_parse(msg, len, &got), TERN_MALFORMED);
    /* Overload inside an overloaded field. */
    memcpy(msg + 44, sname, sizeof sname);
    memcpy(msg + 108, both, sizeof both);
    msg[108 + 3] = 255;
    ck_assert_int_eq(tern_dhcp4_reply_parse(msg, len, &got), TERN_MALFORMED);
}
END_TEST

START_TEST(hostile_net_51_dhcp_every_truncation)
{
    struct net_fixture *f = start();
    uint8_t msg[1500];
    struct reply r = good;
    r.type = DHCP4_OFFER;
    r.xid = hear(f).xid;
    size_t len = reply_emit(msg, &r);
    for (size_t cut = 0; cut < len; cut++)
        say_octets(f, msg, cut);
    ck_assert_uint_eq(dhcp4.stats.in_short, 240);
    ck_assert_uint_eq(dhcp4.stats.in_malformed, len - 240);
    ck_assert(net_fixture_quiet(f));
    for (size_t i = 0; i < 10000; i++)
        say_octets(f, msg, len - 1);
    ck_assert_uint_eq(dhcp4.stats.in_malformed, len - 240 + 10000);
    say_octets(f, msg, len);
    ck_assert_uint_eq(hear(f).type, DHCP4_REQUEST);
}
END_TEST

START_TEST(hostile_net_51_dhcp_times_out_of_order_are_put_right)
{
    static const struct {
        uint32_t lease_s, t1_s, t2_s, t1_expect_s, t2_expect_s;
        uint64_t repaired;
        const char *why;
    } cases[] = {
        { 3600, 0, 0, 1800, 3150, 0, "defaults" },
        { 3600, 1000, 2000, 1000, 2000, 0, "as said" },
        { 3600, 1000, 0, 1000, 3150, 0, "one said" },
        { 3600, 2000, 1000, 1800, 3150, 1, "T1 after T2" },
        { 3600, 1000, 1000, 1800, 3150, 1, "T1 at T2" },
        { 3600, 1000, 3600, 1800, 3150, 1, "T2 at the end" },
        { 3600, 4000, 5000, 1800, 3150, 1, "both past the end" },
        { 3600, 0xffffffff, 0xffffffff, 1800, 3150, 1, "both for ever" },
        { 3600, 3599, 0, 1800, 3150, 1, "T1 past the default T2" },
        { 10, 0, 0, 5, 8, 0, "the shortest lease" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply r = good;
        r.lease_s = cases[i].lease_s;
        r.t1_s = cases[i].t1_s;
        r.t2_s = cases[i].t2_s;
        struct net_fixture *f = start();
        uint64_t asked_ns = f->now_ns;
        (void)to_probe(f, &r);
        net_fixture_pass(f, 250 * TERN_MILLISECOND_NS);
        ck_assert_msg(dhcp4.stats.repaired == cases[i].repaired, "%s", cases[i].why);
        ck_assert_msg(dhcp4.lease.t1_ns == asked_ns + cases[i].t1_expect_s * TERN_SECOND_NS, "%s",
                      cases[i].why);
        ck_assert_msg(dhcp4.lease.t2_ns == asked_ns + cases[i].t2_expect_s * TERN_SECOND_NS, "%s",
                      cases[i].why);
    }
}
END_TEST

START_TEST(hostile_net_51_dhcp_leases_that_make_no_sense)
{
    static const struct {
        struct reply r;
        const char *why;
    } cases[] = {
        { { .yiaddr = 0 }, "no address" },
        { { .yiaddr = 0x7f000001 }, "loopback" },
        { { .yiaddr = 0xe0000001 }, "a group" },
        { { .yiaddr = 0xffffffff }, "broadcast" },
        { { .yiaddr = LEASED, .lease_s = 1 }, "a second" },
        { { .yiaddr = LEASED, .lease_s = 9 }, "nine seconds" },
        { { .yiaddr = LEASED, .mask = 0xff00ff00 }, "a mask with a hole" },
        { { .yiaddr = LEASED, .mask = 0x80000000 }, "a mask of one bit" },
        { { .yiaddr = LEASED, .mask = 1 }, "a mask upside down" },
        { { .yiaddr = LEASED, .server = 0xffffffff }, "no server" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply r = good, bad = cases[i].r;
        struct net_fixture *f = start();
        r.xid = hear(f).xid;
        r.type = DHCP4_OFFER;
        say(f, &r);
        (void)hear(f);
        r.type = DHCP4_ACK;
        r.yiaddr = bad.yiaddr;
        r.lease_s = bad.lease_s != 0 ? bad.lease_s : r.lease_s;
        r.mask = bad.mask != 0 ? bad.mask : r.mask;
        r.server = bad.server != 0 ? bad.server : r.server;
        say(f, &r);
        ck_assert_msg(dhcp4.stats.in_malformed + dhcp4.stats.in_unexpected == 1, "%s",
                      cases[i].why);
        ck_assert_msg(dhcp4.stats.acks == 0, "%s", cases[i].why);
        ck_assert(net_fixture_quiet(f));
    }
    /* No lease time at all. */
    struct reply r = good;
    r.lease_s = 0;
    struct net_fixture *f = start();
    (void)to_probe(f, &r);
    ck_assert_uint_eq(dhcp4.stats.in_malformed, 1);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_dhcp4_offers_without_sense_are_passed_over)
{
    struct net_fixture *f = start();
    struct reply r = good;
    r.type = DHCP4_OFFER;
    r.xid = hear(f).xid;
    r.yiaddr = 0;
    say(f, &r);
    r.yiaddr = LEASED;
    r.server = 0;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.in_malformed, 2);
    r.server = SERVER;
    say(f, &r);
    ck_assert_uint_eq(hear(f).type, DHCP4_REQUEST);
    r.server = OTHER;
    say(f, &r);    /* the second comes too late */
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 1);
}
END_TEST

START_TEST(test_dhcp4_a_router_out_of_reach_is_left_out)
{
    struct reply r = good;
    r.router = FAR;
    struct net_fixture *f = bound_by(&r);
    struct tern_ipv4_address a;
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_OK);
    ck_assert(tern_addr_is_any(&a.gateway));
    ck_assert_uint_eq(dhcp4.stats.repaired, 1);
    r.mask = 0xffffffff;    /* but with a prefix of 32 it is meant so */
    f = bound_by(&r);
    ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_OK);
    ck_assert_uint_eq(tern_addr_to_v4(&a.gateway), FAR);
    ck_assert_uint_eq(a.prefix_len, 32);
}
END_TEST

/* An address that is its prefix's first or last is no host's: nothing is set. */
START_TEST(test_dhcp4_a_lease_that_cannot_be_set_is_lost)
{
    static const uint32_t routers[] = { 0, ROUTER, FAR };
    struct tern_ipv4_address a;
    for (size_t i = 0; i < 3; i++) {
        struct reply r = good;
        r.yiaddr = NET_BROADCAST;
        r.router = routers[i];
        struct net_fixture *f = bound_by(&r);
        ck_assert_uint_eq(dhcp4.stats.in_malformed, 1);
        ck_assert_uint_eq(dhcp4.state, DHCP4_INIT);
        ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_INVALID);
        /* The same from a renewal, by its mask: the address goes with the lease. */
        r = good;
        r.router = routers[i];
        f = bound_by(&r);
        net_fixture_pass(f, 1800 * TERN_SECOND_NS);
        ck_assert_uint_eq(dhcp4.state, DHCP4_RENEWING);
        r.xid = dhcp4.xid;
        r.type = DHCP4_ACK;
        r.mask = 0xfffffffc;    /* LEASED ends in 100 */
        say(f, &r);
        ck_assert_uint_eq(dhcp4.stats.in_malformed, 1);
        ck_assert_uint_eq(dhcp4.state, DHCP4_INIT);
        ck_assert_int_eq(tern_ipv4_get(&f->net, 0, &a), TERN_INVALID);
    }
}
END_TEST

START_TEST(test_dhcp4_refuses_a_configuration_that_cannot_be)
{
    const struct tern_net_client_ops *ops = tern_dhcp4.ops;
    struct net_fixture *f = start();
    static struct tern_dhcp4 d;
    memset(&d, 0, sizeof d);
    ck_assert_int_eq(ops->init(&f->net, &d), TERN_OK);
    d.config.link = TERN_NET_LINKS;
    ck_assert_int_eq(ops->init(&f->net, &d), TERN_INVALID);
    d.config.link = TERN_NET_LINKS - 1;
    ck_assert_int_eq(ops->init(&f->net, &d), TERN_OK);
    uint8_t n_networks = f->net.n_networks, n_transports = f->net.n_transports;
    f->net.n_networks = 0;
    ck_assert_int_eq(ops->init(&f->net, &d), TERN_INVALID);
    f->net.n_networks = n_networks;
    f->net.n_transports = 0;
    ck_assert_int_eq(ops->init(&f->net, &d), TERN_INVALID);
    f->net.n_transports = n_transports;
}
END_TEST

START_TEST(test_dhcp4_mtu_option_lowers_the_link_and_not_below_576)
{
    static const struct {
        uint16_t said, mtu;
    } cases[] = { { 0, 1500 }, { 68, 1500 }, { 575, 1500 }, { 576, 576 }, { 1400, 1400 },
                  { 1500, 1500 }, { 9000, 1500 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply r = good;
        struct tern_addr peer = tern_addr_v4(PEER);
        r.mtu = cases[i].said;
        struct net_fixture *f = bound_by(&r);
        ck_assert_uint_eq(tern_ipv4_mtu(&f->net, &f->ipv4, &peer), cases[i].mtu);
    }
}
END_TEST

START_TEST(test_dhcp4_a_lease_for_ever)
{
    struct reply r = good;
    r.lease_s = 0xffffffff;
    struct net_fixture *f = bound_by(&r);
    f->now_ns += UINT64_C(0xffffffff) * 2 * TERN_SECOND_NS;
    net_fixture_pass(f, TERN_SECOND_NS);
    ck_assert(net_fixture_quiet(f));
    struct tern_dhcp4_lease lease;
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_OK);
    ck_assert_uint_eq(lease.expires_ns, TERN_NEVER);
}
END_TEST

/* Routes that nobody asked for (TunnelVision, CVE-2024-3661). */
START_TEST(hostile_net_52_dhcp_routes_are_neither_asked_for_nor_taken)
{
    /* 0.0.0.0/1 and 128.0.0.0/1 by another host, in both option numbers. */
    static const uint8_t routes[] = { 121, 12, 1, 0, 10, 0, 0, 66, 1, 128, 10, 0, 0, 66,
                                      249, 12, 1, 0, 10, 0, 0, 66, 1, 128, 10, 0, 0, 66,
                                      33, 8, 192, 0, 2, 1, 10, 0, 0, 66 };
    struct reply r = good;
    r.more = routes;
    r.more_len = sizeof routes;
    struct net_fixture *f = bound_by(&r);
    struct ipv4_route route;
    static const uint32_t hosts[] = { FAR, 0x01020304, 0x80000001, 0xc6336401 };
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        ck_assert_int_eq(tern_ipv4_route(&f->net, &f->ipv4, hosts[i], 0, &route), TERN_OK);
        ck_assert_uint_eq(route.next_hop, ROUTER);
    }
    /* Malformed ones are no reason to refuse the lease: they are not read. */
    static const uint8_t broken[] = { 121, 3, 33, 1, 2 };
    r.more = broken;
    r.more_len = sizeof broken;
    f = bound_by(&r);
    ck_assert_uint_eq(dhcp4.stats.acks, 1);
}
END_TEST

Suite *dhcp4_suite(void)
{
    Suite *suite = suite_create("dhcp4");
    TCase *tc = tcase_create("dhcp4");
    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, test_dhcp4_gets_a_lease);
    tcase_add_test(tc, test_dhcp4_takes_answers_to_the_address_that_is_offered);
    tcase_add_test(tc, test_dhcp4_asks_again_later_and_later);
    tcase_add_test(tc, test_dhcp4_starts_over_when_its_request_is_not_answered);
    tcase_add_test(tc, test_dhcp4_requests_with_the_seconds_of_its_discover);
    tcase_add_test(tc, test_dhcp4_declines_an_address_that_answers);
    tcase_add_test(tc, test_dhcp4_declines_when_another_probes_the_same);
    tcase_add_test(tc, test_dhcp4_renews_by_unicast_and_then_from_all);
    tcase_add_test(tc, test_dhcp4_a_nak_ends_the_lease);
    tcase_add_test(tc, test_dhcp4_confirms_its_lease_when_the_link_comes_back);
    tcase_add_test(tc, test_dhcp4_waits_for_a_link);
    tcase_add_test(tc, test_dhcp4_waits_for_an_endpoint);
    tcase_add_test(tc, test_dhcp4_ignores_what_is_not_for_it);
    tcase_add_test(tc, test_dhcp4_takes_only_the_answer_it_waits_for);
    tcase_add_test(tc, test_dhcp4_heeds_conflicts_only_about_its_probe);
    tcase_add_test(tc, test_dhcp4_says_that_it_is_not_there);
    tcase_add_test(tc, hostile_net_51_dhcp_option_table);
    tcase_add_test(tc, test_dhcp4_replies_of_another_kind);
    tcase_add_test(tc, hostile_net_51_dhcp_overloaded_fields);
    tcase_add_test(tc, hostile_net_51_dhcp_every_truncation);
    tcase_add_test(tc, hostile_net_51_dhcp_times_out_of_order_are_put_right);
    tcase_add_test(tc, hostile_net_51_dhcp_leases_that_make_no_sense);
    tcase_add_test(tc, test_dhcp4_offers_without_sense_are_passed_over);
    tcase_add_test(tc, test_dhcp4_a_router_out_of_reach_is_left_out);
    tcase_add_test(tc, test_dhcp4_a_lease_that_cannot_be_set_is_lost);
    tcase_add_test(tc, test_dhcp4_refuses_a_configuration_that_cannot_be);
    tcase_add_test(tc, test_dhcp4_mtu_option_lowers_the_link_and_not_below_576);
    tcase_add_test(tc, test_dhcp4_a_lease_for_ever);
    tcase_add_test(tc, hostile_net_52_dhcp_routes_are_neither_asked_for_nor_taken);
    suite_add_tcase(suite, tc);
    return suite;
}
