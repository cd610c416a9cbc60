/* SPDX-License-Identifier: ISC */
/*
 * The DHCPv6 client against a server that the test plays.
 */
#include "net6_fixture.h"
#include "suites.h"

#include "libnet/dhcp6_internal.h"

static struct tern_dhcp6 dhcp6;
static struct net6_msg m;

static const char server_text[] = "fe80::fe", leased_text[] = "2001:db8::64";
static const uint8_t our_id[] = { 0, 3, 0, 1, 2, 0, 0, 0, 0, 1 };
static const uint8_t server_id[] = { 0, 3, 0, 1, 2, 0, 0, 0, 0, 9 };
static const uint8_t other_id[] = { 0, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

/* A stack with the client on link 0, whose link-local address is in use at once. */
static struct net6_fixture *start(uint8_t mode)
{
    struct net6_fixture *f = net6_fixture_bare();
    tern_provider_leave(&f->net.provider);
    tern_turn_init(&f->turn, NULL, f->now_ns);
    memset(&dhcp6, 0, sizeof dhcp6);
    dhcp6.config.mode = mode;
    f->ipv6.config.no_dad = true;
    struct tern_net_config config = {
        .turn = &f->turn,
        .drbg = &f->drbg,
        .blocks = &f->blocks,
        .parts = (const struct tern_net_use[]){ { &tern_ipv6, &f->ipv6 },
                                                { &tern_udp, &f->udp },
                                                { &tern_dhcp6, &dhcp6 },
                                                { NULL, NULL } },
        .event = f->net.event,
        .app = f,
    };
    ck_assert_int_eq(tern_net_init(&f->net, &config), TERN_OK);
    fake_link_init(&f->wire, 1500, 0);
    ck_assert_int_eq(tern_net_attach(&f->net, &f->wire.link), TERN_OK);
    ck_assert_int_eq(tern_ipv6_auto(&f->net, 0, TERN_IPV6_AUTO), TERN_OK);
    net6_pass(f, 1);
    return f;
}

static void router_says(struct net6_fixture *f, uint8_t flags)
{
    net6_ra(&m, 0, flags, 1800);
    net6_say(f, "fe80::fe", "ff02::1", &m);
}

/* ---- The client's messages, as a server reads them ---------------------- */

struct heard {
    uint8_t type;
    uint32_t xid, iaid;
    uint16_t elapsed_cs;
    bool has_ia, has_rapid, has_addr, asks_refresh;
    struct tern_addr addr;
    const uint8_t *server;
    size_t server_len, n_addrs;
};

static void options_read(struct heard *h, const uint8_t *p, const uint8_t *end)
{
    bool has_id = false;
    for (size_t len; p < end; p += 4 + len) {
        len = tern_load_be16(p + 2);
        ck_assert_int_le((long)len, end - p - 4);
        switch (tern_load_be16(p)) {
        case 1:
            has_id = len == sizeof our_id && memcmp(p + 4, our_id, len) == 0;
            break;
        case 2:
            h->server = p + 4;
            h->server_len = len;
            break;
        case 3:
            h->has_ia = true;
            h->iaid = tern_load_be32(p + 4);
            h->has_addr = len >= 12 + 28;
            h->n_addrs = (len - 12) / 28;
            if (h->has_addr)
                h->addr = ipv6_addr(p + 4 + 12 + 4);
            break;
        case 6:
            for (size_t i = 0; i < len; i += 2)
                h->asks_refresh |= p[4 + i + 1] == 32;
            break;
        case 8:
            h->elapsed_cs = tern_load_be16(p + 4);
            break;
        case 14:
            h->has_rapid = true;
            break;
        }
    }
    ck_assert(has_id);
}

/* The next datagram that was sent, or type 0. */
static struct heard hear(struct net6_fixture *f)
{
    const struct fake_frame *sent;
    struct heard h = { 0 };
    do
        if ((sent = fake_link_take(&f->wire)) == NULL)
            return h;
    while (sent->data[PACKET_ETH + 6] != 17);
    const uint8_t *hdr = sent->data + PACKET_ETH, *udp = hdr + 40, *msg = udp + 8;
    struct tern_addr dst = ipv6_addr(hdr + 24), all = addr6("ff02::1:2");
    ck_assert(tern_addr_equal(&dst, &all));
    ck_assert(ipv6_is_link_local(hdr + 8));
    ck_assert_uint_eq(tern_load_be16(udp), 546);
    ck_assert_uint_eq(tern_load_be16(udp + 2), 547);
    h.type = msg[0];
    h.xid = tern_load_be32(msg) & 0xffffff;
    options_read(&h, msg + 4, sent->data + sent->len);
    return h;
}

static struct heard await(struct net6_fixture *f)
{
    struct heard h = hear(f);
    for (size_t i = 0; i < 15000 && h.type == 0; i++) {
        net6_pass(f, 50 * TERN_MILLISECOND_NS);
        h = hear(f);
    }
    ck_assert_msg(h.type != 0, "nothing was sent");
    return h;
}

/* ---- The server's ------------------------------------------------------- */

struct reply {
    uint8_t type;
    uint32_t xid;
    const char *addr, *addr_2;         /* NULL: no IA_NA, or no second address */
    uint32_t t1_s, t2_s, preferred_s, valid_s;
    uint16_t status, ia_status;        /* not sent if 0 */
    uint8_t preference;
    bool rapid, other;                 /* other: of the other server */
    bool not_to_us, to_group;
    const uint8_t *more;
    size_t more_len;
};

static const struct reply good = { .type = DHCP6_REPLY, .addr = leased_text, .t1_s = 1000,
                                   .t2_s = 1600, .preferred_s = 2000, .valid_s = 3000 };

static size_t option(uint8_t *msg, size_t off, unsigned code, const void *data, size_t len)
{
    tern_store_be16(msg + off, (uint16_t)code);
    tern_store_be16(msg + off + 2, (uint16_t)len);
    if (len > 0)
        memcpy(msg + off + 4, data, len);
    return off + 4 + len;
}

static size_t status_option(uint8_t *msg, size_t off, uint16_t status)
{
    uint8_t code[2];
    tern_store_be16(code, status);
    return status == 0 ? off : option(msg, off, 13, code, 2);
}

static size_t reply_emit(uint8_t *msg, const struct reply *r)
{
    uint8_t ia[128], addr[24];
    tern_store_be32(msg, (uint32_t)r->type << 24 | r->xid);
    size_t off = option(msg, 4, 1, r->not_to_us ? other_id : our_id, sizeof our_id);
    off = r->other ? option(msg, off, 2, other_id, sizeof other_id)
                   : option(msg, off, 2, server_id, sizeof server_id);
    off = status_option(msg, off, r->status);
    if (r->preference != 0)
        off = option(msg, off, 7, &r->preference, 1);
    if (r->rapid)
        off = option(msg, off, 14, NULL, 0);
    if (r->addr != NULL || r->ia_status != 0) {
        size_t len = 12;
        tern_store_be32(ia, 1);
        tern_store_be32(ia + 4, r->t1_s);
        tern_store_be32(ia + 8, r->t2_s);
        if (r->addr != NULL) {
            struct tern_addr a = addr6(r->addr);
            memcpy(addr, a.octets, 16);
            tern_store_be32(addr + 16, r->preferred_s);
            tern_store_be32(addr + 20, r->valid_s);
            len = option(ia, len, 5, addr, sizeof addr);
        }
        if (r->addr_2 != NULL) {    /* its times are a thousand seconds more */
            struct tern_addr a = addr6(r->addr_2);
            memcpy(addr, a.octets, 16);
            tern_store_be32(addr + 16, r->preferred_s + 1000);
            tern_store_be32(addr + 20, r->valid_s + 1000);
            len = option(ia, len, 5, addr, sizeof addr);
        }
        len = status_option(ia, len, r->ia_status);
        off = option(msg, off, 3, ia, len);
    }
    if (r->more_len > 0)
        memcpy(msg + off, r->more, r->more_len);
    return off + r->more_len;
}

static const char *says_to;    /* NULL: our link-local address */

static void say_octets(struct net6_fixture *f, const uint8_t *msg, size_t len, bool to_group)
{
    static uint8_t frame[PACKET_CAP];
    struct tern_addr src = addr6(server_text), dst = net6_own(f, TERN_IPV6_LINK_LOCAL);
    uint8_t *hdr = frame + PACKET_ETH, *udp = hdr + 40;
    if (to_group)
        dst = addr6("ff02::1");
    if (says_to != NULL)
        dst = addr6(says_to);
    memcpy(frame, packet_mac_us, 6);
    if (to_group)
        memcpy(frame, (const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 1 }, 6);
    memcpy(frame + 6, packet_mac_peer, 6);
    tern_store_be16(frame + 12, 0x86dd);
    tern_ipv6_hdr_emit(hdr, &(struct tern_ipv6_hdr){ .src = src.octets, .dst = dst.octets,
                                                     .payload_len = (uint16_t)(8 + len),
                                                     .next = 17, .hop_limit = 64 });
    tern_store_be16(udp, 547);
    tern_store_be16(udp + 2, 546);
    tern_store_be16(udp + 4, (uint16_t)(8 + len));
    tern_store_be16(udp + 6, 0);
    memcpy(udp + 8, msg, len);
    uint32_t sum = tern_ipv6_pseudo_sum(src.octets, dst.octets, 8 + len, 17);
    tern_store_be16(udp + 6, tern_checksum_finish(tern_checksum_add(sum, udp, 8 + len)));
    uint64_t next_ns = fake_link_input(&f->wire, frame, PACKET_ETH + 48 + len, f->now_ns);
    while (next_ns <= f->now_ns)
        next_ns = tern_net_poll(&f->net, f->now_ns);
}

static void say(struct net6_fixture *f, const struct reply *r)
{
    uint8_t msg[1400];
    say_octets(f, msg, reply_emit(msg, r), r->to_group);
}

/* Every datagram is in one counter, those of what was refused too. */
static uint64_t n_counted(void)
{
    const struct tern_dhcp6_stats *s = &dhcp6.stats;
    return s->advertises + s->replies + s->refusals + s->in_short + s->in_malformed +
           s->in_not_ours + s->in_unexpected;
}

/* From SOLICIT to the answer to the REQUEST. */
static struct net6_fixture *bound_by(const struct reply *reply)
{
    struct net6_fixture *f = start(TERN_DHCP6_STATEFUL);
    struct reply r = *reply;
    struct heard h = await(f);
    ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
    r.type = DHCP6_ADVERTISE;
    r.preference = 255;
    r.xid = h.xid;
    say(f, &r);
    h = await(f);
    ck_assert_uint_eq(h.type, DHCP6_REQUEST);
    r = *reply;
    r.xid = h.xid;
    say(f, &r);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    return f;
}

static bool is_ours(struct net6_fixture *f, const char *addr)
{
    struct tern_addr a = addr6(addr);
    return net6_state(f, &a) == TERN_IPV6_PREFERRED;
}

/* ---- Leases ------------------------------------------------------------- */

START_TEST(test_dhcp6_gets_a_lease_from_the_best_server)
{
    struct net6_fixture *f = start(TERN_DHCP6_STATEFUL);
    struct tern_dhcp6_lease lease;
    struct heard h = await(f);
    struct reply r = good;
    ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
    ck_assert(h.has_ia && h.has_rapid && !h.has_addr && h.server == NULL);
    ck_assert_uint_eq(h.elapsed_cs, 0);
    r.type = DHCP6_ADVERTISE;
    r.xid = h.xid;
    say(f, &r);
    ck_assert_uint_eq(hear(f).type, 0);    /* others may be better: RFC 8415 section 18.2.1 */
    r.other = true;
    r.preference = 7;
    say(f, &r);
    r.other = false;
    r.preference = 3;
    say(f, &r);
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_AGAIN);
    net6_pass(f, 1200 * TERN_MILLISECOND_NS);
    h = hear(f);
    ck_assert_uint_eq(h.type, DHCP6_REQUEST);
    ck_assert_uint_eq(h.server_len, sizeof other_id);
    ck_assert_mem_eq(h.server, other_id, sizeof other_id);
    ck_assert(h.has_addr && !h.has_rapid);
    r = good;
    r.xid = h.xid;
    say(f, &r);    /* not whom we asked */
    ck_assert_uint_eq(dhcp6.stats.in_unexpected, 1);
    r.other = true;
    say(f, &r);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    ck_assert(is_ours(f, leased_text));
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_OK);
    ck_assert(tern_addr_equal(&lease.addrs[0], (const struct tern_addr[]){ addr6(leased_text) }));
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 1);
    ck_assert_ptr_null(tern_net_route_get(&f->net, 0));    /* an address says nothing of a prefix */
    ck_assert_uint_eq(dhcp6.stats.advertises, 3);
    ck_assert_uint_eq(n_counted(), 5);
}
END_TEST

START_TEST(test_dhcp6_takes_a_rapid_reply)
{
    struct net6_fixture *f = start(TERN_DHCP6_STATEFUL);
    struct reply r = good;
    r.xid = await(f).xid;
    say(f, &r);    /* which does not say that it is one */
    ck_assert_uint_eq(dhcp6.stats.in_unexpected, 1);
    r.rapid = true;
    say(f, &r);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    ck_assert(is_ours(f, leased_text));
    ck_assert_uint_eq(dhcp6.stats.requests, 0);
}
END_TEST

START_TEST(test_dhcp6_asks_again_later_and_later)
{
    struct net6_fixture *f = start(TERN_DHCP6_STATEFUL);
    uint64_t at_ns[7];
    struct heard h = { 0 };
    uint32_t xid = 0;
    for (size_t i = 0; i < 7; i++) {
        h = await(f);
        ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
        ck_assert(i == 0 || h.xid == xid);
        xid = h.xid;
        at_ns[i] = f->now_ns;
    }
    ck_assert_uint_gt(h.elapsed_cs, 5000);
    uint64_t wait_ns = at_ns[1] - at_ns[0], slack_ns = 100 * TERN_MILLISECOND_NS;
    ck_assert_uint_ge(wait_ns + slack_ns, TERN_SECOND_NS);
    for (size_t i = 2; i < 7; i++) {
        uint64_t next_ns = at_ns[i] - at_ns[i - 1];
        ck_assert_uint_ge(next_ns + slack_ns * 2, wait_ns / 10 * 19);
        ck_assert_uint_le(next_ns, wait_ns / 10 * 21 + slack_ns * 2);
        wait_ns = next_ns;
    }
    /* The server may bound the wait; here all advertise nothing. */
    static const uint8_t max_rt[] = { 0, 82, 0, 4, 0, 0, 0, 60 };
    struct reply r = { .type = DHCP6_ADVERTISE, .xid = xid, .status = DHCP6_NO_ADDRS,
                       .more = max_rt, .more_len = sizeof max_rt };
    say(f, &r);
    ck_assert_uint_eq(dhcp6.stats.refusals, 1);
    for (size_t i = 0; i < 4; i++)
        (void)await(f);
    uint64_t from_ns = f->now_ns;
    (void)await(f);
    ck_assert_uint_le(f->now_ns - from_ns, 67 * TERN_SECOND_NS);
}
END_TEST

START_TEST(test_dhcp6_starts_over_when_its_request_is_not_answered)
{
    struct net6_fixture *f = start(TERN_DHCP6_STATEFUL);
    struct reply r = good;
    r.type = DHCP6_ADVERTISE;
    r.preference = 255;
    r.xid = await(f).xid;
    say(f, &r);
    for (size_t i = 0; i < 10; i++)
        ck_assert_uint_eq(await(f).type, DHCP6_REQUEST);
    struct heard h = await(f);
    ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
    ck_assert_uint_ne(h.xid, r.xid);
    ck_assert_ptr_null(h.server);
}
END_TEST

START_TEST(test_dhcp6_renews_then_rebinds_then_loses_it)
{
    struct net6_fixture *f = bound_by(&good);
    struct reply r = good;
    uint64_t from_ns = f->now_ns;
    net6_leap(f, 998 * TERN_SECOND_NS);
    ck_assert_uint_eq(hear(f).type, 0);
    struct heard h = await(f);
    ck_assert_uint_eq(h.type, DHCP6_RENEW);
    ck_assert_uint_eq(h.server_len, sizeof server_id);
    struct tern_addr leased = addr6(leased_text);
    ck_assert(h.has_addr && tern_addr_equal(&h.addr, &leased));
    r.xid = h.xid;
    r.valid_s = 6000;
    say(f, &r);
    ck_assert_uint_eq(dhcp6.stats.replies, 2);
    struct tern_dhcp6_lease lease;
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_OK);
    ck_assert_uint_ge(lease.expires_ns - from_ns, 6990 * TERN_SECOND_NS);
    from_ns = f->now_ns;
    net6_leap(f, 1000 * TERN_SECOND_NS);
    for (h = await(f); h.type == DHCP6_RENEW; h = await(f))
        ck_assert_uint_lt(f->now_ns - from_ns, 1601 * TERN_SECOND_NS);
    ck_assert_uint_eq(h.type, DHCP6_REBIND);
    ck_assert_ptr_null(h.server);
    ck_assert(is_ours(f, leased_text));
    net6_pass(f, 450 * TERN_SECOND_NS);
    ck_assert(!is_ours(f, leased_text));    /* deprecated */
    net6_leap(f, from_ns + 5999 * TERN_SECOND_NS - f->now_ns);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 1);
    net6_pass(f, 3 * TERN_SECOND_NS);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    ck_assert_uint_eq(dhcp6.stats.expiries, 1);
    while ((h = hear(f)).type == DHCP6_REBIND)
        ;
    ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_AGAIN);
}
END_TEST

START_TEST(test_dhcp6_rebinds_with_any_server)
{
    struct net6_fixture *f = bound_by(&good);
    struct reply r = good;
    struct heard h;
    net6_leap(f, 1601 * TERN_SECOND_NS);
    while ((h = await(f)).type != DHCP6_REBIND)
        ;
    r.xid = h.xid;
    r.other = true;
    say(f, &r);
    net6_leap(f, 1001 * TERN_SECOND_NS);
    h = await(f);
    ck_assert_uint_eq(h.type, DHCP6_RENEW);
    ck_assert_mem_eq(h.server, other_id, sizeof other_id);
}
END_TEST

/* Section 18.2.10.1: what a server answers to a RENEW instead of a lease. */
START_TEST(test_dhcp6_refusals)
{
    static const struct { uint16_t status, ia_status; uint8_t then; bool keeps; } cases[] = {
        { DHCP6_UNSPEC_FAIL, 0, DHCP6_RENEW, true },
        { DHCP6_USE_MULTICAST, 0, DHCP6_RENEW, true },
        { 0, DHCP6_NO_ADDRS, DHCP6_RENEW, true },
        { 0, DHCP6_NO_BINDING, DHCP6_REQUEST, true },
        { DHCP6_NOT_ON_LINK, 0, DHCP6_SOLICIT, false },
        { 77, 0, DHCP6_RENEW, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net6_fixture *f = bound_by(&good);
        net6_leap(f, 1000 * TERN_SECOND_NS);
        struct reply r = { .type = DHCP6_REPLY, .xid = await(f).xid, .status = cases[i].status,
                           .ia_status = cases[i].ia_status };
        say(f, &r);
        ck_assert_uint_eq(dhcp6.stats.refusals, 1);
        ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), cases[i].keeps);
        ck_assert_uint_eq(await(f).type, cases[i].then);
    }
    /* An address that is no longer valid; and another in its place. */
    struct net6_fixture *f = bound_by(&good);
    struct reply r = good;
    net6_leap(f, 1000 * TERN_SECOND_NS);
    r.xid = await(f).xid;
    r.addr = "2001:db8::65";
    say(f, &r);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    ck_assert(is_ours(f, "2001:db8::65"));
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 2);    /* it did not speak of the other */
    net6_leap(f, 1000 * TERN_SECOND_NS);
    r.xid = await(f).xid;
    r.preferred_s = r.valid_s = 0;
    say(f, &r);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    ck_assert_uint_eq(await(f).type, DHCP6_SOLICIT);
}
END_TEST

/* Two of one association (RFC 8415 section 12.2): as where a server has two prefixes. */
START_TEST(test_dhcp6_has_two_addresses_of_an_association)
{
    struct reply two = good;
    struct tern_dhcp6_lease lease;
    two.addr_2 = "fd00::64";
    two.t1_s = two.t2_s = 0;
    struct net6_fixture *f = bound_by(&two);
    ck_assert(is_ours(f, leased_text) && is_ours(f, "fd00::64"));
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_OK);
    ck_assert(tern_addr_equal(&lease.addrs[1], (const struct tern_addr[]){ addr6("fd00::64") }));
    ck_assert_uint_eq(dhcp6.lease.t1_ns - f->now_ns + 50 * TERN_MILLISECOND_NS,
                      1000 * TERN_SECOND_NS);    /* half of the least that is preferred */
    ck_assert_uint_eq(dhcp6.lease.valid_ns - f->now_ns + 50 * TERN_MILLISECOND_NS,
                      4000 * TERN_SECOND_NS);
    net6_leap(f, 1000 * TERN_SECOND_NS);
    struct heard h = await(f);
    ck_assert_uint_eq(h.type, DHCP6_RENEW);
    ck_assert_uint_eq(h.n_addrs, 2);
    /* A third: there is no room for what is not spoken of, and the last of those goes. */
    two.addr = "2001:db8::65";
    two.addr_2 = NULL;
    two.xid = h.xid;
    say(f, &two);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    ck_assert(is_ours(f, leased_text) && is_ours(f, "2001:db8::65") && !is_ours(f, "fd00::64"));
    net6_leap(f, 1000 * TERN_SECOND_NS);
    two.xid = await(f).xid;
    two.addr_2 = "2001:db8::66";
    say(f, &two);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    ck_assert(is_ours(f, "2001:db8::65") && is_ours(f, "2001:db8::66"));
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 2);
    ck_assert_int_eq(tern_dhcp6_release(&f->net), TERN_OK);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    h = await(f);
    ck_assert(h.type == DHCP6_RELEASE && h.n_addrs == 2);
}
END_TEST

START_TEST(test_dhcp6_declines_one_of_two_addresses)
{
    struct net6_fixture *f = start(TERN_DHCP6_STATEFUL);
    struct reply r = good;
    f->ipv6.config.no_dad = false;
    r.xid = await(f).xid;
    r.rapid = true;
    r.addr_2 = "fd00::64";
    say(f, &r);
    net6_na(&m, "fd00::64", 0x20);
    net6_mac(&m, 2, packet_mac_peer);
    net6_say(f, "fe80::2", "ff02::1", &m);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    struct heard h = await(f);
    ck_assert_uint_eq(h.type, DHCP6_DECLINE);
    ck_assert_uint_eq(h.n_addrs, 1);
    ck_assert(tern_addr_equal(&h.addr, (const struct tern_addr[]){ addr6("fd00::64") }));
}
END_TEST

START_TEST(test_dhcp6_confirms_when_the_link_comes_back)
{
    for (unsigned status = 0; status <= DHCP6_NOT_ON_LINK; status++) {
        struct net6_fixture *f = bound_by(&good);
        f->wire.link.up = false;
        (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
        net6_pass(f, 5 * TERN_SECOND_NS);
        f->wire.link.up = true;
        (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
        struct heard h = await(f);
        ck_assert_uint_eq(h.type, DHCP6_CONFIRM);
        ck_assert(h.has_addr && h.server == NULL);
        struct reply r = { .type = DHCP6_REPLY, .xid = h.xid, .status = (uint16_t)status,
                           .other = true };
        if (status == DHCP6_UNSPEC_FAIL) {    /* in this one nobody answers: it stays as it is */
            net6_pass(f, 11 * TERN_SECOND_NS);
            while ((h = hear(f)).type == DHCP6_CONFIRM)
                ;
            ck_assert_uint_eq(h.type, 0);
        } else {
            say(f, &r);
        }
        bool lost = status == DHCP6_NOT_ON_LINK;
        ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), !lost);
        ck_assert_uint_eq(dhcp6.state, status == 0 || status == DHCP6_UNSPEC_FAIL ? DHCP6_BOUND
                                       : lost ? DHCP6_SOLICITING : DHCP6_CONFIRMING);
    }
}
END_TEST

START_TEST(test_dhcp6_lease_that_ends_while_the_link_is_down_is_over)
{
    struct net6_fixture *f = bound_by(&good);
    struct tern_dhcp6_lease lease;
    f->wire.link.up = false;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_OK);
    net6_leap(f, good.valid_s * TERN_SECOND_NS);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_AGAIN);
    f->wire.link.up = true;
    (void)tern_net_link_changed(&f->net, &f->wire.link, f->now_ns);
    struct heard h = await(f);
    ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
}
END_TEST

START_TEST(test_dhcp6_declines_an_address_that_another_has)
{
    struct net6_fixture *f = start(TERN_DHCP6_STATEFUL);
    struct reply r = good;
    struct tern_addr leased = addr6(leased_text);
    f->ipv6.config.no_dad = false;
    r.xid = await(f).xid;
    r.rapid = true;
    say(f, &r);
    ck_assert_uint_eq(net6_state(f, &leased), TERN_IPV6_TENTATIVE);
    net6_na(&m, leased_text, 0x20);
    net6_mac(&m, 2, packet_mac_peer);
    net6_say(f, leased_text, "ff02::1", &m);
    ck_assert_uint_eq(dhcp6.stats.conflicts, 1);
    ck_assert_uint_eq(net6_state(f, &leased), TERN_IPV6_UNUSED);
    struct heard h = await(f);
    ck_assert_uint_eq(h.type, DHCP6_DECLINE);
    ck_assert(h.has_addr && tern_addr_equal(&h.addr, &leased));
    ck_assert_mem_eq(h.server, server_id, sizeof server_id);
    r = (struct reply){ .type = DHCP6_REPLY, .xid = h.xid };
    say(f, &r);
    ck_assert_uint_eq(await(f).type, DHCP6_SOLICIT);
}
END_TEST

START_TEST(test_dhcp6_gives_its_lease_back)
{
    struct net6_fixture *f = bound_by(&good);
    ck_assert_int_eq(tern_dhcp6_release(&f->net), TERN_OK);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    for (size_t i = 0; i < 4; i++) {
        struct heard h = await(f);
        ck_assert_uint_eq(h.type, DHCP6_RELEASE);
        ck_assert(h.has_addr && h.server != NULL);
    }
    router_says(f, 0xc0);
    net6_pass(f, 60 * TERN_SECOND_NS);
    ck_assert_uint_eq(hear(f).type, 0);
    ck_assert_uint_eq(dhcp6.state, DHCP6_STOPPED);
    ck_assert_int_eq(tern_dhcp6_release(&f->net), TERN_OK);
    ck_assert_uint_eq(hear(f).type, 0);
}
END_TEST

START_TEST(test_dhcp6_times_are_put_right)
{
    static const struct {
        uint32_t t1_s, t2_s, preferred_s, valid_s, want1_s, want2_s;
        bool repaired;
    } cases[] = {
            { 0, 0, 1000, 2000, 500, 800, false },
            { 0, 0, 0, 2000, 1000, 1600, false },
            { 0, 0, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, false },
            { 100, 3000, 1000, 2000, 1000, 1600, true },
            { 900, 0, 1000, 2000, 1000, 1600, true },    /* T2 would be 800 */
            { 1, 2, 1000, 2000, 10, 10, false },
            { UINT32_MAX, UINT32_MAX, 1000, 2000, UINT32_MAX, UINT32_MAX, false },
        };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply r = good;
        r.t1_s = cases[i].t1_s;
        r.t2_s = cases[i].t2_s;
        r.preferred_s = cases[i].preferred_s;
        r.valid_s = cases[i].valid_s;
        struct net6_fixture *f = bound_by(&r);
        uint64_t base_ns = f->now_ns - 50 * TERN_MILLISECOND_NS;
        ck_assert_uint_eq(dhcp6.lease.t1_ns, cases[i].want1_s == UINT32_MAX
                              ? TERN_NEVER : base_ns + cases[i].want1_s * TERN_SECOND_NS);
        ck_assert_uint_eq(dhcp6.lease.t2_ns, cases[i].want2_s == UINT32_MAX
                              ? TERN_NEVER : base_ns + cases[i].want2_s * TERN_SECOND_NS);
        ck_assert_uint_eq(dhcp6.stats.repaired, cases[i].repaired);
    }
}
END_TEST

/* ---- Without a lease ---------------------------------------------------- */

static const uint8_t others[] = { 0, 23, 0, 32,
                                  0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53,
                                  0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x54,
                                  0, 24, 0, 9, 3, 'l', 'a', 'b', 3, 'n', 'e', 't', 0,
                                  0, 32, 0, 4, 0, 0, 0x0e, 0x10 };

START_TEST(test_dhcp6_asks_for_what_is_no_address)
{
    struct net6_fixture *f = start(TERN_DHCP6_AS_ROUTERS_SAY);
    struct tern_endpoint_addr server;
    struct tern_dhcp6_lease lease;
    net6_pass(f, 5 * TERN_SECOND_NS);
    ck_assert_uint_eq(hear(f).type, 0);    /* no router has asked us to */
    router_says(f, 0x40);
    struct heard h = await(f);
    ck_assert_uint_eq(h.type, DHCP6_INFORMATION_REQUEST);
    ck_assert(!h.has_ia && h.asks_refresh);
    struct reply r = { .type = DHCP6_REPLY, .xid = h.xid, .more = others,
                       .more_len = sizeof others };
    say(f, &r);
    ck_assert_int_eq(tern_dhcp6_get(&f->net, &lease), TERN_OK);
    ck_assert(tern_addr_is_any(&lease.addrs[0]));
    ck_assert_int_eq(tern_ipv6_server(&f->net, 1, &server), TERN_OK);
    ck_assert_int_eq(tern_ipv6_server(&f->net, 2, &server), TERN_INVALID);
    ck_assert_uint_eq(f->ipv6.domains_len, 9);
    /* Other advertisements change nothing; then it is asked anew. */
    router_says(f, 0x40);
    router_says(f, 0);
    net6_leap(f, 3590 * TERN_SECOND_NS);
    ck_assert_uint_eq(hear(f).type, 0);
    ck_assert_uint_eq(await(f).type, DHCP6_INFORMATION_REQUEST);
    net6_leap(f, 3700 * TERN_SECOND_NS);
    ck_assert_int_eq(tern_ipv6_server(&f->net, 0, &server), TERN_INVALID);
}
END_TEST

START_TEST(test_dhcp6_does_as_routers_say)
{
    struct net6_fixture *f = start(TERN_DHCP6_AS_ROUTERS_SAY);
    router_says(f, 0x40);
    ck_assert_uint_eq(await(f).type, DHCP6_INFORMATION_REQUEST);
    router_says(f, 0xc0);
    struct heard h = await(f);
    ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
    for (size_t i = 0; i < 100; i++) {    /* which is under way: routers do not start it over */
        router_says(f, 0x80);
        router_says(f, 0x40);
    }
    ck_assert_uint_eq(await(f).xid, h.xid);
    f = start(TERN_DHCP6_STATELESS);
    ck_assert_uint_eq(await(f).type, DHCP6_INFORMATION_REQUEST);
    router_says(f, 0x80);
    ck_assert_uint_eq(await(f).type, DHCP6_INFORMATION_REQUEST);
}
END_TEST

/* ---- What is no answer to us -------------------------------------------- */

START_TEST(test_dhcp6_takes_only_answers_to_its_question)
{
    struct net6_fixture *f = start(TERN_DHCP6_STATEFUL);
    struct heard h = await(f);
    struct reply r = good;
    r.rapid = true;
    r.xid = h.xid ^ 1;
    say(f, &r);
    r.xid = h.xid;
    r.not_to_us = true;
    say(f, &r);
    r.not_to_us = false;
    r.to_group = true;    /* section 16: always to us alone; nobody listens there */
    say(f, &r);
    r.to_group = false;
    r.type = DHCP6_RECONFIGURE;
    say(f, &r);
    r.type = DHCP6_REPLY;
    struct tern_ipv6_address other = { .addr = addr6("2001:db8::55"), .prefix_len = 64 };
    f->ipv6.config.no_dad = true;
    ck_assert_int_eq(tern_ipv6_set(&f->net, 0, &other), TERN_OK);
    says_to = "2001:db8::55";    /* as somebody off the link could */
    say(f, &r);
    says_to = NULL;
    ck_assert_uint_eq(f->udp.stats.in_no_port, 1);
    ck_assert_uint_eq(dhcp6.stats.in_not_ours, 4);
    ck_assert_uint_eq(n_counted(), 4);
    ck_assert_uint_eq(dhcp6.state, DHCP6_SOLICITING);
    r.type = DHCP6_REPLY;
    say(f, &r);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(dhcp6.state, DHCP6_BOUND);
    say(f, &r);    /* once more: nothing was asked */
    ck_assert_uint_eq(dhcp6.stats.in_unexpected, 1);
}
END_TEST

/*
 * Lengths of options in options that end before their own, or past what they
 * stand in (CVE-2026-7424): no lease, and no octet past the datagram is read.
 */
START_TEST(hostile_net_53_dhcp6_sub_options_that_do_not_fit)
{
    struct net6_fixture *f = start(TERN_DHCP6_STATEFUL);
    struct reply r = good;
    uint8_t msg[1400];
    r.rapid = true;
    r.ia_status = DHCP6_NO_ADDRS;
    r.xid = await(f).xid;
    size_t len = reply_emit(msg, &r), ia = len - 4 - 12 - 28 - 6, n = 0;
    ck_assert_uint_eq(tern_load_be16(msg + ia), 3);
    /* Each length field within it, with every value that does not fit, or is too short. */
    static const size_t at[] = { 2, 4 + 12 + 2, 4 + 12 + 28 + 2 };
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        uint16_t right = tern_load_be16(msg + ia + at[i]);
        for (uint32_t value = 0; value <= UINT16_MAX; value += value < 300 ? 1 : 997) {
            if (value == right)
                continue;
            tern_store_be16(msg + ia + at[i], (uint16_t)value);
            say_octets(f, msg, len, false);
            ck_assert_uint_eq(n_counted(), ++n);
            ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
        }
        tern_store_be16(msg + ia + at[i], right);
    }
    ck_assert_uint_ge(dhcp6.stats.in_malformed, 1000);
    ck_assert_uint_eq(dhcp6.state, DHCP6_SOLICITING);
    /* Every truncation of a good one. */
    f = start(TERN_DHCP6_STATEFUL);
    r = good;
    r.rapid = true;
    r.xid = await(f).xid;
    len = reply_emit(msg, &r);
    for (size_t cut = 0; cut < len; cut++) {
        say_octets(f, msg, cut, false);
        ck_assert_uint_eq(n_counted(), cut + 1);
        ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    }
    ck_assert_uint_eq(dhcp6.stats.in_short, 4);
    ck_assert_uint_eq(dhcp6.state, DHCP6_SOLICITING);
    say_octets(f, msg, len, false);
    ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 1);
}
END_TEST

START_TEST(hostile_net_53_dhcp6_addresses_that_no_host_has)
{
    static const char *const bad[] = { "::", "::1", "ff02::1", "fe80::1", "::ffff:10.0.0.1" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct net6_fixture *f = start(TERN_DHCP6_STATEFUL);
        struct reply r = good;
        r.addr = bad[i];
        r.rapid = true;
        r.xid = await(f).xid;
        say(f, &r);
        ck_assert_uint_eq(dhcp6.stats.refusals, 1);
        ck_assert_uint_eq(net6_count(f, TERN_IPV6_FROM_DHCP), 0);
    }
}
END_TEST

START_TEST(test_dhcp6_config_is_checked)
{
    static const uint8_t id[3] = { 0, 4, 1 };
    const struct tern_net_client_ops *ops = tern_dhcp6.ops;
    struct net6_fixture *f = start(TERN_DHCP6_AS_ROUTERS_SAY);
    static const struct tern_dhcp6_config bad[] = {
        { .link = TERN_NET_LINKS }, { .mode = TERN_DHCP6_STATEFUL + 1 }, { .duid_len = 3 },
        { .duid_len = 2, .duid = id }, { .duid_len = 131, .duid = id },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dhcp6.config = bad[i];
        ck_assert_int_eq(ops->init(&f->net, &dhcp6), TERN_INVALID);
    }
    dhcp6.config = (struct tern_dhcp6_config){ .duid_len = 3, .duid = id };
    ck_assert_int_eq(ops->init(&f->net, &dhcp6), TERN_OK);
}
END_TEST

Suite *dhcp6_suite(void)
{
    Suite *s = suite_create("dhcp6");
    TCase *tc = tcase_create("client");
    suite_add_tcase(s, tc);
    tcase_add_test(tc, test_dhcp6_gets_a_lease_from_the_best_server);
    tcase_add_test(tc, test_dhcp6_takes_a_rapid_reply);
    tcase_add_test(tc, test_dhcp6_asks_again_later_and_later);
    tcase_add_test(tc, test_dhcp6_starts_over_when_its_request_is_not_answered);
    tcase_add_test(tc, test_dhcp6_renews_then_rebinds_then_loses_it);
    tcase_add_test(tc, test_dhcp6_rebinds_with_any_server);
    tcase_add_test(tc, test_dhcp6_refusals);
    tcase_add_test(tc, test_dhcp6_has_two_addresses_of_an_association);
    tcase_add_test(tc, test_dhcp6_declines_one_of_two_addresses);
    tcase_add_test(tc, test_dhcp6_confirms_when_the_link_comes_back);
    tcase_add_test(tc, test_dhcp6_lease_that_ends_while_the_link_is_down_is_over);
    tcase_add_test(tc, test_dhcp6_declines_an_address_that_another_has);
    tcase_add_test(tc, test_dhcp6_gives_its_lease_back);
    tcase_add_test(tc, test_dhcp6_times_are_put_right);
    tcase_add_test(tc, test_dhcp6_asks_for_what_is_no_address);
    tcase_add_test(tc, test_dhcp6_does_as_routers_say);
    tcase_add_test(tc, test_dhcp6_takes_only_answers_to_its_question);
    tcase_add_test(tc, hostile_net_53_dhcp6_sub_options_that_do_not_fit);
    tcase_add_test(tc, hostile_net_53_dhcp6_addresses_that_no_host_has);
    tcase_add_test(tc, test_dhcp6_config_is_checked);
    return s;
}
