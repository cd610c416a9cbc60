/* SPDX-License-Identifier: ISC */
/*
 * The DHCPv6 client against a server that the test plays.
 */
#include "dhcp6_fixture.h"

struct tern_dhcp6 dhcp6;
static struct net6_msg m;

static const char server_text[] = "fe80::fe";
const char dhcp6_leased[] = "2001:db8::64";
const uint8_t dhcp6_our_id[] = { 0, 3, 0, 1, 2, 0, 0, 0, 0, 1 };
const uint8_t dhcp6_server_id[] = { 0, 3, 0, 1, 2, 0, 0, 0, 0, 9 };
const uint8_t dhcp6_other_id[] = { 0, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

/* A stack with the client on link 0, whose link-local address is in use at once. */
struct net6_fixture *dhcp6_start(uint8_t mode)
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

void dhcp6_router_says(struct net6_fixture *f, uint8_t flags)
{
    net6_ra(&m, 0, flags, 1800);
    net6_say(f, "fe80::fe", "ff02::1", &m);
}

/* ---- The client's messages, as a server reads them ---------------------- */

static void options_read(struct dhcp6_heard *h, const uint8_t *p, const uint8_t *end)
{
    bool has_id = false;
    for (size_t len; p < end; p += 4 + len) {
        len = tern_load_be16(p + 2);
        ck_assert_int_le((long)len, end - p - 4);
        switch (tern_load_be16(p)) {
        case 1:
            has_id = len == sizeof dhcp6_our_id && memcmp(p + 4, dhcp6_our_id, len) == 0;
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
struct dhcp6_heard dhcp6_hear(struct net6_fixture *f)
{
    const struct fake_frame *sent;
    struct dhcp6_heard h = { 0 };
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

struct dhcp6_heard dhcp6_await(struct net6_fixture *f)
{
    struct dhcp6_heard h = dhcp6_hear(f);
    for (size_t i = 0; i < 15000 && h.type == 0; i++) {
        net6_pass(f, 50 * TERN_MILLISECOND_NS);
        h = dhcp6_hear(f);
    }
    ck_assert_msg(h.type != 0, "nothing was sent");
    return h;
}

/* ---- The server's ------------------------------------------------------- */

const struct dhcp6_said dhcp6_good = { .type = DHCP6_REPLY, .addr = dhcp6_leased, .t1_s = 1000,
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

size_t dhcp6_reply_emit(uint8_t *msg, const struct dhcp6_said *r)
{
    uint8_t ia[128], addr[24];
    tern_store_be32(msg, (uint32_t)r->type << 24 | r->xid);
    size_t off = option(msg, 4, 1, r->not_to_us ? dhcp6_other_id : dhcp6_our_id,
                        sizeof dhcp6_our_id);
    off = r->other ? option(msg, off, 2, dhcp6_other_id, sizeof dhcp6_other_id)
                   : option(msg, off, 2, dhcp6_server_id, sizeof dhcp6_server_id);
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

void dhcp6_say_octets(struct net6_fixture *f, const uint8_t *msg, size_t len, const char *to)
{
    static uint8_t frame[PACKET_CAP];
    struct tern_addr src = addr6(server_text);
    struct tern_addr dst = to != NULL ? addr6(to) : net6_own(f, TERN_IPV6_LINK_LOCAL);
    uint8_t *hdr = frame + PACKET_ETH, *udp = hdr + 40;
    memcpy(frame, packet_mac_us, 6);
    if (ipv6_addr_is_multicast(&dst))
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

void dhcp6_say(struct net6_fixture *f, const struct dhcp6_said *r)
{
    uint8_t msg[1400];
    dhcp6_say_octets(f, msg, dhcp6_reply_emit(msg, r), r->to);
}

/* Every datagram is in one counter, those of what was refused too. */
uint64_t dhcp6_n_counted(void)
{
    const struct tern_dhcp6_stats *s = &dhcp6.stats;
    return s->advertises + s->replies + s->refusals + s->in_short + s->in_malformed +
           s->in_not_ours + s->in_unexpected;
}

/* From SOLICIT to the answer to the REQUEST. */
struct net6_fixture *dhcp6_bound_by(const struct dhcp6_said *reply)
{
    struct net6_fixture *f = dhcp6_start(TERN_DHCP6_STATEFUL);
    struct dhcp6_said r = *reply;
    struct dhcp6_heard h = dhcp6_await(f);
    ck_assert_uint_eq(h.type, DHCP6_SOLICIT);
    r.type = DHCP6_ADVERTISE;
    r.preference = 255;
    r.xid = h.xid;
    dhcp6_say(f, &r);
    h = dhcp6_await(f);
    ck_assert_uint_eq(h.type, DHCP6_REQUEST);
    r = *reply;
    r.xid = h.xid;
    dhcp6_say(f, &r);
    net6_pass(f, 50 * TERN_MILLISECOND_NS);
    return f;
}

bool dhcp6_is_ours(struct net6_fixture *f, const char *addr)
{
    struct tern_addr a = addr6(addr);
    return net6_state(f, &a) == TERN_IPV6_PREFERRED;
}
