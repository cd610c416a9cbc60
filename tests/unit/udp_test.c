/* SPDX-License-Identifier: ISC */
/*
 * UDP: headers, endpoints, batches, answers in place, waiting, errors.
 */
#include "libnet/udp_wire.h"
#include "net_fixture.h"
#include "suites.h"

#include <string.h>

static uint8_t frame[PACKET_CAP];
static const struct packet_ip4 usual = { .src = PEER, .dst = US };

/* An endpoint's user that writes down what happens. */
static struct {
    size_t n_calls, n_got, n_rooms, n_failed;
    struct tern_dgram last;
    uint8_t data[66000];
    struct tern_endpoint_addr failed_peer;
    enum tern_err why;
    bool close;
} seen;

static void note(struct tern_endpoint *ep, struct tern_dgram *d, size_t n)
{
    seen.n_calls++;
    seen.n_got += n;
    seen.last = d[n - 1];
    memcpy(seen.data, d[n - 1].data, d[n - 1].len);
    if (seen.close)
        tern_endpoint_close(ep);
}

static void note_room(struct tern_endpoint *ep)
{
    (void)ep;
    seen.n_rooms++;
}

static void note_failed(struct tern_endpoint *ep, const struct tern_dgram *quoted,
                        enum tern_err why)
{
    (void)ep;
    seen.n_failed++;
    seen.failed_peer = quoted->peer;
    seen.why = why;
}

static void echo(struct tern_endpoint *ep, struct tern_dgram *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t room;
        uint8_t *out = tern_endpoint_reserve(ep, &in[i], in[i].len, &room);
        if (out == NULL)
            return;
        ck_assert_uint_ge(room, in[i].len);
        memcpy(out, in[i].data, in[i].len);
        tern_endpoint_commit(ep, in[i].len);
    }
}

static void close_failed(struct tern_endpoint *ep, const struct tern_dgram *quoted,
                         enum tern_err why)
{
    note_failed(ep, quoted, why);
    tern_endpoint_close(ep);
}

static const struct tern_endpoint_events noting = { note, note_room, note_failed };
static const struct tern_endpoint_events closing = { note, note_room, close_failed };
static const struct tern_endpoint_events echoing = { echo, NULL, NULL };

static struct tern_endpoint *open_on(struct net_fixture *f, uint16_t port,
                                     const struct tern_endpoint_events *events)
{
    struct tern_endpoint_addr local = { .port = port };
    struct tern_endpoint *ep = NULL;
    ck_assert_int_eq(tern_udp_open(&f->net, &local, events, NULL, &ep), TERN_OK);
    return ep;
}

static struct net_fixture *met(void)
{
    struct net_fixture *f = net_fixture();
    net_fixture_meet(f, PEER, packet_mac_peer);
    memset(&f->ipv4.stats, 0, sizeof f->ipv4.stats);
    memset(&seen, 0, sizeof seen);
    return f;
}

static void account(const struct net_fixture *f)
{
    const struct tern_udp_stats *s = &f->udp.stats;
    ck_assert_uint_eq(s->in_dgrams, s->in_delivered + s->in_short + s->in_bad_len +
                                        s->in_bad_checksum + s->in_no_port + s->in_no_room +
                                        s->in_port_zero + s->in_closed);
}

static struct tern_dgram to_peer(const void *data, size_t len)
{
    static uint8_t copy[66000];
    if (len > 0)
        memcpy(copy, data, len);
    return (struct tern_dgram){ .peer = { .addr = tern_addr_v4(PEER), .port = 9 },
                                .data = copy,
                                .len = len };
}

static void fail_about(struct net_fixture *f, uint8_t type, uint8_t code, uint32_t rest,
                       uint32_t dst, uint16_t src_port, uint16_t dst_port)
{
    uint8_t quote[256];
    struct packet_ip4 inner = { .src = US, .dst = dst };
    size_t len = packet_udp(quote, &inner, src_port, dst_port, NULL, 0) - PACKET_ETH;
    net_fixture_in(f, frame, packet_icmp(frame, &usual, type, code, rest, quote + PACKET_ETH,
                                         len));
}

/* ---- Lengths ------------------------------------------------------------ */

START_TEST(test_udp_view_table)
{
    static const struct {
        size_t contig, l4_len, said;
        enum tern_err err;
        const char *why;
    } cases[] = {
        { 0, 0, 8, TERN_TRUNCATED, "nothing" },
        { 7, 7, 8, TERN_TRUNCATED, "one octet short" },
        { 7, 100, 8, TERN_TRUNCATED, "a header in two spans" },
        { 8, 7, 8, TERN_TRUNCATED, "a header past the IP payload" },
        { 8, 8, 8, TERN_OK, "empty" },
        { 8, 100, 100, TERN_OK, "data in the next span" },
        { 8, 8, 7, TERN_MALFORMED, "below its header" },
        { 8, 8, 0, TERN_MALFORMED, "zero" },
        { 8, 8, 9, TERN_MALFORMED, "one past" },
        { 100, 100, 100, TERN_OK, "all" },
        { 100, 100, 99, TERN_OK, "with a surplus" },
        { 100, 100, 101, TERN_MALFORMED, "one past" },
        { 100, 100, 65535, TERN_MALFORMED, "far past" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t l4[100] = { 0, 5, 0, 7, (uint8_t)(cases[i].said >> 8), (uint8_t)cases[i].said };
        struct tern_udp_view v;
        ck_assert_msg(tern_udp_view_init(&v, l4, cases[i].contig, cases[i].l4_len) ==
                          cases[i].err, "%s", cases[i].why);
    }
}
END_TEST

/* UDP's length against the IP payload (CVE-2021-31345). */
START_TEST(hostile_net_4_length_against_the_ip_payload)
{
    struct net_fixture *f = met();
    (void)open_on(f, 7, &noting);
    uint64_t bad = 0;
    for (size_t said = 0; said < 65536; said += said < 40 ? 1 : 4093) {
        size_t len = packet_udp(frame, &usual, 5, 7, (const uint8_t *)"0123456789", 10);
        tern_store_be16(frame + 38, (uint16_t)said);
        tern_store_be16(frame + 40, 0);    /* no checksum: lengths alone decide */
        net_fixture_in(f, frame, len);
        if (said < 8 || said > 18) {
            ck_assert_uint_eq(f->udp.stats.in_bad_len, ++bad);
        } else {
            ck_assert_uint_eq(seen.last.len, said - 8);
            ck_assert_mem_eq(seen.data, "0123456789", said - 8);
        }
    }
    ck_assert_uint_eq(f->udp.stats.in_delivered, 11);
    for (size_t len = 0; len < 8; len++) {
        struct packet_ip4 ip = usual;
        uint8_t l4[8] = { 0, 5, 0, 7, 0, 8 };
        ip.protocol = 17;
        net_fixture_in(f, frame, packet_ip4(frame, &ip, l4, len));
        ck_assert_uint_eq(f->udp.stats.in_short, len + 1);
    }
    for (size_t i = 0; i < 10000; i++) {
        size_t len = packet_udp(frame, &usual, 5, 7, NULL, 0);
        tern_store_be16(frame + 38, 9);
        net_fixture_in(f, frame, len);
    }
    ck_assert_uint_eq(f->udp.stats.in_bad_len, bad + 10000);
    account(f);
}
END_TEST

START_TEST(test_udp_checksums_of_any_length_and_none)
{
    struct net_fixture *f = met();
    (void)open_on(f, 7, &noting);
    uint8_t data[64];
    memset(data, 0xab, sizeof data);
    for (size_t n = 0; n <= sizeof data; n++) {
        size_t len = packet_udp(frame, &usual, 5, 7, data, n);
        net_fixture_in(f, frame, len);
        frame[len - 1] ^= 0x40;
        net_fixture_in(f, frame, len);
        ck_assert_uint_eq(f->udp.stats.in_delivered, n + 1);
        ck_assert_uint_eq(f->udp.stats.in_bad_checksum, n + 1);
    }
    size_t len = packet_udp(frame, &usual, 5, 7, data, 3);
    tern_store_be16(frame + 40, 0);
    net_fixture_in(f, frame, len);    /* RFC 768: none was made */
    ck_assert_uint_eq(f->udp.stats.in_delivered, 66);
    tern_store_be16(frame + 40, 1);    /* the driver's word is enough */
    (void)fake_link_input_as(&f->wire, frame, len, TERN_CSUM_VALID, 0, 0, f->now_ns);
    ck_assert_uint_eq(f->udp.stats.in_delivered, 67);
    account(f);
}
END_TEST

START_TEST(test_udp_a_surplus_behind_the_length_is_not_summed)
{
    struct net_fixture *f = met();
    (void)open_on(f, 7, &noting);
    size_t len = packet_udp(frame, &usual, 5, 7, (const uint8_t *)"abc", 3);
    memset(frame + len, 0x77, 5);
    tern_store_be16(frame + 16, (uint16_t)(len - PACKET_ETH + 5));
    packet_ip4_resum(frame);
    net_fixture_in(f, frame, len + 5);
    ck_assert_uint_eq(seen.n_got, 1);
    ck_assert_uint_eq(seen.last.len, 3);
}
END_TEST

/* ---- Endpoints ---------------------------------------------------------- */

START_TEST(test_udp_open_says_what_is_wrong)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep, *first;
    struct tern_endpoint_addr a = { .port = 7 };
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &first), TERN_OK);
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_REFUSED);
    a.addr = tern_addr_v4(0);
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_REFUSED);
    a.addr = tern_addr_v4(PEER);
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_INVALID);
    a.addr = tern_addr_v4(US);
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_OK);
    a.link = 2;
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_INVALID);
    a.link = 3;
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_INVALID);
    tern_endpoint_close(first);
    tern_endpoint_close(first);    /* harmless */
    a = (struct tern_endpoint_addr){ .port = 7 };
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_OK);
    for (size_t i = 0; i < 6; i++)
        (void)open_on(f, 0, NULL);
    a.port = 0;
    ck_assert_int_eq(tern_udp_open(&f->net, &a, NULL, NULL, &ep), TERN_FULL);
}
END_TEST

/* Ports that can be foretold (CVE-2022-1012). */
START_TEST(hostile_net_42_udp_ports_are_unpredictable)
{
    struct net_fixture *f = met();
    uint16_t ports[64];
    unsigned neighbours = 0;
    for (size_t i = 0; i < 64; i++) {
        struct tern_endpoint *ep = open_on(f, 0, NULL);
        struct tern_endpoint_addr local;
        tern_endpoint_local(ep, &local);
        ck_assert_uint_ge(local.port, 49152);
        ports[i] = local.port;
        if (i > 0 && (uint16_t)(ports[i] - ports[i - 1] + 2) <= 4)
            neighbours++;
        tern_endpoint_close(ep);
    }
    ck_assert_uint_lt(neighbours, 4);
}
END_TEST

START_TEST(test_udp_the_best_fit_receives)
{
    struct net_fixture *f = met();
    struct tern_endpoint_addr own = { .addr = tern_addr_v4(US), .port = 7 };
    struct tern_endpoint *ep;
    (void)open_on(f, 7, NULL);
    ck_assert_int_eq(tern_udp_open(&f->net, &own, &noting, NULL, &ep), TERN_OK);
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 7, NULL, 0));
    ck_assert_uint_eq(seen.n_got, 1);
    ck_assert_uint_eq(tern_addr_to_v4(&seen.last.peer.addr), PEER);
    ck_assert_uint_eq(seen.last.peer.port, 5);
    ck_assert_uint_eq(tern_addr_to_v4(&seen.last.local.addr), US);
    ck_assert_uint_eq(seen.last.local.port, 7);
    ck_assert_uint_eq(seen.last.link, 1);
    ck_assert_uint_eq(seen.last.hop_limit, 64);
    ck_assert_uint_eq(seen.last.flags, 0);
}
END_TEST

/* Another port, another link, another address of ours: none of them fits. */
START_TEST(test_udp_what_does_not_fit_receives_nothing)
{
    struct net_fixture *f = met();
    const uint16_t n_buckets = sizeof f->udp.buckets / sizeof f->udp.buckets[0];
    struct tern_endpoint_addr local = { .addr = tern_addr_v4(US), .port = 9 };
    struct packet_ip4 all = { .src = PEER, .dst = NET_BROADCAST,
                              .dst_mac = packet_mac_broadcast };
    struct tern_endpoint *ep;
    (void)open_on(f, (uint16_t)(7 + n_buckets), &noting);    /* of the same bucket */
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 7, NULL, 0));
    ck_assert_int_eq(tern_udp_open(&f->net, &local, &noting, NULL, &ep), TERN_OK);
    net_fixture_in(f, frame, packet_udp(frame, &all, 5, 9, NULL, 0));
    local = (struct tern_endpoint_addr){ .port = 11, .link = 2 };
    ck_assert_int_eq(tern_udp_open(&f->net, &local, &noting, NULL, &ep), TERN_OK);
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 11, NULL, 0));
    ck_assert_uint_eq(f->udp.stats.in_no_port, 3);
    ck_assert_uint_eq(seen.n_got, 0);
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 9, NULL, 0));
    ck_assert_uint_eq(seen.n_got, 1);
    account(f);
}
END_TEST

START_TEST(test_udp_what_nobody_receives_is_counted)
{
    static const struct tern_endpoint_events deaf = { NULL, note_room, note_failed };
    struct net_fixture *f = met();
    (void)open_on(f, 7, NULL);
    (void)open_on(f, 9, &deaf);
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 7, NULL, 0));
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 9, NULL, 0));
    ck_assert_uint_eq(f->udp.stats.in_no_room, 2);
    ck_assert_uint_eq(f->udp.stats.in_delivered, 0);
    ck_assert(net_fixture_quiet(f));
    account(f);
}
END_TEST

START_TEST(test_udp_no_port_draws_an_error)
{
    struct net_fixture *f = met();
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 7, NULL, 0));
    ck_assert_uint_eq(net_fixture_sent(f)->data[35], 3);
    ck_assert_uint_eq(f->udp.stats.in_no_port, 1);
    net_fixture_in(f, frame, packet_udp(frame, &usual, 5, 0, NULL, 0));
    ck_assert_uint_eq(f->udp.stats.in_port_zero, 1);
    ck_assert(net_fixture_quiet(f));
    account(f);
}
END_TEST

START_TEST(test_udp_groups_are_joined_and_left)
{
    struct net_fixture *f = met();
    static const uint8_t mac[6] = { 1, 0, 0x5e, 0, 0, 0xfb };
    struct tern_endpoint *ep = open_on(f, 5353, &noting);
    struct tern_addr group = tern_addr_v4(0xe00000fb), host = tern_addr_v4(PEER);
    struct packet_ip4 ip = { .src = PEER, .dst = 0xe00000fb, .dst_mac = mac };
    net_fixture_in(f, frame, packet_udp(frame, &ip, 5353, 5353, NULL, 0));
    ck_assert_uint_eq(seen.n_got, 0);
    ck_assert_int_eq(tern_endpoint_join(ep, &host, 0, false), TERN_INVALID);
    ck_assert_int_eq(tern_endpoint_join(ep, &group, 0, true), TERN_INVALID);
    ck_assert_int_eq(tern_endpoint_join(ep, &group, 0, false), TERN_OK);
    ck_assert_int_eq(tern_endpoint_join(ep, &group, 0, false), TERN_OK);
    net_fixture_in(f, frame, packet_udp(frame, &ip, 5353, 5353, NULL, 0));
    ck_assert_uint_eq(seen.n_got, 1);
    ck_assert_uint_eq(seen.last.flags, TERN_DGRAM_MULTICAST);
    ck_assert_int_eq(tern_endpoint_join(ep, &group, 0, true), TERN_OK);
    net_fixture_in(f, frame, packet_udp(frame, &ip, 5353, 5353, NULL, 0));
    ck_assert_uint_eq(seen.n_got, 1);
    ck_assert_int_eq(tern_endpoint_join(ep, &group, 0, false), TERN_OK);
    tern_endpoint_close(ep);
    ck_assert_uint_eq(f->ipv4.groups[15].n_users, 0);
}
END_TEST

START_TEST(test_udp_a_broadcast_is_answered_from_our_address)
{
    struct net_fixture *f = met();
    (void)open_on(f, 7, &echoing);
    struct packet_ip4 ip = { .src = PEER, .dst = NET_BROADCAST, .dst_mac = packet_mac_broadcast,
                             .ttl = 1, .tos = 3 };
    net_fixture_in(f, frame, packet_udp(frame, &ip, 5, 7, (const uint8_t *)"who", 3));
    const struct fake_frame *sent = net_fixture_sent(f);
    ck_assert(packet_sums_ok(sent->data, sent->len));
    ck_assert_uint_eq(tern_load_be32(sent->data + 26), US);
    ck_assert_uint_eq(sent->data[22], 64);    /* not the question's hop limit */
    ck_assert_uint_eq(sent->data[15], 0);     /* nor its congestion mark */
}
END_TEST

/* ---- Batches and keeping ------------------------------------------------ */

static void batch_in(struct net_fixture *f, size_t n)
{
    static uint8_t frames[64][64];
    struct tern_span spans[64];
    struct tern_rx rx[64];
    memset(rx, 0, sizeof rx);
    for (size_t i = 0; i < n; i++) {
        uint8_t data[2] = { (uint8_t)(i >> 8), (uint8_t)i };
        spans[i].data = frames[i];
        spans[i].len = packet_udp(frames[i], &usual, 5, 7, data, 2);
        rx[i].spans = &spans[i];
        rx[i].n_spans = 1;
    }
    (void)tern_net_input(&f->net, &f->wire.link, rx, n, f->now_ns);
    memset(frames, 0xdd, sizeof frames);    /* lent no longer */
}

START_TEST(test_udp_a_batch_is_delivered_in_batches)
{
    struct net_fixture *f = met();
    (void)open_on(f, 7, &noting);
    batch_in(f, 64);
    ck_assert_uint_eq(seen.n_got, 64);
    ck_assert_uint_eq(seen.n_calls, 4);
    ck_assert_uint_eq(tern_load_be16(seen.data), 63);
    ck_assert(net_fixture_idle(f));
    account(f);
}
END_TEST

/* A turn whose budget is spent by another provider. */
static size_t greedy_visit(struct tern_provider *p, size_t n)
{
    (void)p;
    return n;
}

START_TEST(test_udp_keeps_what_a_spent_budget_left_over)
{
    static const struct tern_provider_ops greedy_ops = { .visit = greedy_visit };
    struct net_fixture *f = met();
    struct tern_provider greedy;
    (void)open_on(f, 7, &noting);
    tern_provider_init(&greedy, &f->turn, &greedy_ops);
    tern_provider_ready(&greedy);
    batch_in(f, 20);
    ck_assert_uint_eq(seen.n_got, 0);
    ck_assert_uint_eq(f->udp.stats.in_no_room, 7);    /* 13 of 64 blocks are a fair share */
    tern_provider_leave(&greedy);
    net_fixture_pass(f, 1);
    ck_assert_uint_eq(seen.n_got, 13);
    ck_assert_uint_eq(tern_load_be16(seen.data), 12);
    ck_assert_uint_eq(tern_addr_to_v4(&seen.last.peer.addr), PEER);
    ck_assert(net_fixture_idle(f));
    account(f);
}
END_TEST

START_TEST(test_udp_datagrams_in_many_spans_come_in_one)
{
    struct net_fixture *f = met();
    (void)open_on(f, 7, &noting);
    uint8_t data[1400];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 3);
    size_t len = packet_udp(frame, &usual, 5, 7, data, sizeof data);
    (void)fake_link_input_spans(&f->wire, frame, len, 256, 100, f->now_ns);
    ck_assert_uint_eq(seen.n_got, 1);
    ck_assert_uint_eq(seen.last.len, sizeof data);
    ck_assert_mem_eq(seen.data, data, sizeof data);
    ck_assert(net_fixture_idle(f));
}
END_TEST

START_TEST(test_udp_close_in_an_event_drops_the_rest)
{
    struct net_fixture *f = met();
    (void)open_on(f, 7, &noting);
    seen.close = true;
    batch_in(f, 40);
    ck_assert_uint_eq(seen.n_calls, 1);
    ck_assert_uint_eq(seen.n_got, 16);
    ck_assert_uint_eq(f->udp.stats.in_closed, 24);
    ck_assert(net_fixture_idle(f));
    account(f);
    (void)open_on(f, 7, &noting);    /* the slot is used anew */
    seen.close = false;
    batch_in(f, 3);
    ck_assert_uint_eq(seen.n_got, 19);
}
END_TEST

/* Who closes in an event hears nothing more, whatever else there was to tell. */
START_TEST(test_udp_close_in_an_event_is_the_last)
{
    static const struct tern_provider_ops greedy_ops = { .visit = greedy_visit };
    for (size_t i = 0; i < 3; i++) {
        struct net_fixture *f = met();
        struct tern_provider greedy;
        struct tern_endpoint *ep = open_on(f, 7, i == 2 ? &closing : &noting);
        struct tern_dgram d = to_peer("x", 1);
        ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
        f->wire.full = true;
        ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 0);
        f->wire.full = false;
        tern_provider_init(&greedy, &f->turn, &greedy_ops);
        tern_provider_ready(&greedy);    /* there are no visits but its own */
        if (i == 0)
            batch_in(f, 3);    /* kept */
        else
            (void)fake_link_room(&f->wire, f->now_ns);
        ck_assert_uint_eq(seen.n_calls + seen.n_failed + seen.n_rooms, 0);
        seen.close = true;
        tern_provider_leave(&greedy);
        if (i == 0)
            (void)fake_link_room(&f->wire, f->now_ns);
        else if (i == 1)
            batch_in(f, 3);    /* lent */
        else
            fail_about(f, 3, 3, 0, PEER, 7, 9);
        net_fixture_pass(f, 1);
        ck_assert_uint_eq(seen.n_calls, i < 2 ? 1 : 0);
        ck_assert_uint_eq(seen.n_failed, i < 2 ? 0 : 1);
        ck_assert_uint_eq(seen.n_rooms, 0);
        ck_assert(net_fixture_idle(f));
        account(f);
    }
}
END_TEST

START_TEST(test_udp_super_frames_say_their_segments)
{
    struct net_fixture *f = met();
    (void)open_on(f, 7, &noting);
    static uint8_t data[5000];
    size_t len = packet_udp(frame, &usual, 5, 7, data, sizeof data);
    (void)fake_link_input_as(&f->wire, frame, len, TERN_CSUM_VALID, TERN_GSO_UDP, 1200,
                             f->now_ns);
    ck_assert_uint_eq(seen.last.seg_len, 1200);
    ck_assert_uint_eq(seen.last.len, 5000);
    (void)fake_link_input_as(&f->wire, frame, len, TERN_CSUM_VALID, TERN_GSO_UDP, 65535,
                             f->now_ns);
    ck_assert_uint_eq(seen.last.seg_len, 0);
}
END_TEST

/* ---- Sending ------------------------------------------------------------ */

START_TEST(test_udp_send_sums_and_copies)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep = open_on(f, 7, &noting);
    uint8_t data[1473];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 5);
    for (size_t len = 0; len <= 1472; len += len < 40 ? 1 : 716) {
        struct tern_dgram d = to_peer(data, len);
        ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
        const struct fake_frame *sent = net_fixture_sent(f);
        ck_assert_uint_eq(sent->len, 42 + len);
        ck_assert(packet_sums_ok(sent->data, sent->len));
        ck_assert_uint_ne(tern_load_be16(sent->data + 40), 0);
        ck_assert_uint_eq(tern_load_be16(sent->data + 34), 7);
        ck_assert_uint_eq(tern_load_be16(sent->data + 36), 9);
        ck_assert_mem_eq(sent->data + 42, data, len);
    }
    struct tern_dgram d = to_peer(data, 1473);
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);    /* in two fragments */
    ck_assert_uint_eq(f->ipv4.stats.out_fragments, 2);
    d.flags = TERN_DGRAM_DONT_FRAGMENT;
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 0);
    ck_assert_uint_eq(f->udp.stats.out_refused, 1);
    ck_assert_uint_eq(tern_endpoint_mtu(ep, &d.peer), 1472);
}
END_TEST

START_TEST(test_udp_a_sum_of_zero_is_sent_as_ones)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep = open_on(f, 7, &noting);
    /* Two octets that bring the sum to 0xffff. */
    for (uint32_t v = 0; v < 65536; v++) {
        uint8_t data[2] = { (uint8_t)(v >> 8), (uint8_t)v };
        size_t len = packet_udp(frame, &(struct packet_ip4){ .src = US, .dst = PEER }, 7, 9,
                                data, 2);
        if (tern_load_be16(frame + 40) != 0xffff)
            continue;
        struct tern_dgram d = to_peer(data, 2);
        ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
        const struct fake_frame *sent = net_fixture_sent(f);
        ck_assert_uint_eq(sent->len, len);
        ck_assert_uint_eq(tern_load_be16(sent->data + 40), 0xffff);
        return;
    }
    ck_abort_msg("no such octets");
}
END_TEST

START_TEST(test_udp_leaves_sums_to_the_device)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep = open_on(f, 7, &noting);
    f->wire.link.offloads = TERN_OFFLOAD_TX_CSUM;
    struct tern_dgram d = to_peer("device", 6);
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
    const struct fake_frame *sent = net_fixture_sent(f);
    ck_assert(sent->csum_partial);
    ck_assert_uint_eq(sent->csum_start, 34);
    ck_assert_uint_eq(sent->csum_off, 6);
    /* Finishing the sum as a device does gives a right frame. */
    uint8_t copy[64];
    memcpy(copy, sent->data, sent->len);
    uint16_t sum = tern_checksum_finish(tern_checksum_add(0, copy + 34, sent->len - 34));
    tern_store_be16(copy + 40, sum);
    ck_assert(packet_sums_ok(copy, sent->len));
}
END_TEST

START_TEST(test_udp_segments_go_whole_or_one_by_one)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep = open_on(f, 7, &noting);
    static uint8_t data[5000];
    struct tern_dgram d = to_peer(data, sizeof data);
    d.seg_len = 1200;
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
    for (size_t i = 0; i < 5; i++)
        ck_assert_uint_eq(net_fixture_sent(f)->len, 42u + (i < 4 ? 1200u : 200u));
    ck_assert(net_fixture_quiet(f));
    f->wire.link.offloads = TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_TX_USO;
    f->wire.link.slot_max = 65550;
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
    const struct fake_frame *sent = net_fixture_sent(f);
    ck_assert_uint_eq(sent->len, 5042);
    ck_assert_uint_eq(sent->gso, TERN_GSO_UDP);
    ck_assert_uint_eq(sent->seg_len, 1200);
    ck_assert_uint_eq(sent->hdr_len, 42);
    ck_assert(net_fixture_quiet(f));
    ck_assert_uint_eq(f->wire.n_lent, 0);
}
END_TEST

START_TEST(test_udp_answers_in_place)
{
    struct net_fixture *f = met();
    (void)open_on(f, 7, &echoing);
    batch_in(f, 10);
    for (size_t i = 0; i < 10; i++) {
        const struct fake_frame *sent = net_fixture_sent(f);
        ck_assert(packet_sums_ok(sent->data, sent->len));
        ck_assert_uint_eq(tern_load_be16(sent->data + 42), i);
        ck_assert_uint_eq(sent->len, 44);
    }
    ck_assert_uint_eq(f->udp.stats.out_dgrams, 10);
    ck_assert(net_fixture_idle(f));
}
END_TEST

START_TEST(test_udp_reservations_are_given_back)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep = open_on(f, 7, &noting);
    struct tern_dgram d = to_peer(NULL, 0);
    size_t room;
    ck_assert_ptr_nonnull(tern_endpoint_reserve(ep, &d, 10, &room));
    ck_assert_uint_eq(room, 1472);
    ck_assert_ptr_nonnull(tern_endpoint_reserve(ep, &d, 10, &room));
    ck_assert_uint_eq(f->wire.n_lent, 1);
    tern_endpoint_commit(ep, 0);
    tern_endpoint_commit(ep, 5);    /* nothing is reserved */
    ck_assert_uint_eq(f->wire.n_lent, 0);
    ck_assert_ptr_nonnull(tern_endpoint_reserve(ep, &d, 10, &room));
    tern_endpoint_commit(ep, room + 1);    /* beyond what was lent */
    ck_assert_uint_eq(f->udp.stats.out_refused, 1);
    ck_assert_ptr_nonnull(tern_endpoint_reserve(ep, &d, 2000, &room));    /* a block */
    ck_assert_uint_ge(room, 2000);
    tern_endpoint_commit(ep, 2000);
    ck_assert_uint_eq(f->ipv4.stats.out_fragments, 2);
    ck_assert_ptr_null(tern_endpoint_reserve(ep, &d, 3000, &room));
    ck_assert_ptr_nonnull(tern_endpoint_reserve(ep, &d, 10, &room));
    tern_endpoint_close(ep);
    ck_assert_uint_eq(f->wire.n_lent, 0);
    ck_assert(net_fixture_idle(f));
}
END_TEST

START_TEST(test_udp_to_an_unknown_neighbour_is_held_then_refused_then_room_comes)
{
    struct net_fixture *f = net_fixture();
    memset(&seen, 0, sizeof seen);
    struct tern_endpoint *ep = open_on(f, 7, &noting);
    struct tern_dgram d[5];
    size_t room;
    for (size_t i = 0; i < 5; i++)
        d[i] = to_peer("held", 4);
    ck_assert_uint_eq(tern_endpoint_send(ep, d, 2), 2);
    uint8_t *out = tern_endpoint_reserve(ep, &d[0], 4, &room);
    ck_assert_ptr_nonnull(out);
    memcpy(out, "held", 4);
    tern_endpoint_commit(ep, 4);
    ck_assert_uint_eq(tern_endpoint_send(ep, d, 5), 0);
    ck_assert_uint_eq(f->udp.stats.out_full, 1);
    net_fixture_pass(f, 1);
    (void)net_fixture_sent(f);
    net_fixture_in(f, frame,
                   packet_arp(frame, packet_mac_us, 2, packet_mac_peer, PEER, packet_mac_us, US));
    for (size_t i = 0; i < 3; i++) {
        const struct fake_frame *sent = net_fixture_sent(f);
        ck_assert(packet_sums_ok(sent->data, sent->len));
        ck_assert_mem_eq(sent->data + 42, "held", 4);
    }
    ck_assert_uint_eq(seen.n_rooms, 1);
    ck_assert(net_fixture_idle(f));
}
END_TEST

START_TEST(test_udp_without_slots_waits_for_room)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep = open_on(f, 7, &noting);
    struct tern_dgram d[3] = { to_peer("x", 1), to_peer("x", 1), to_peer("x", 1) };
    size_t room;
    f->wire.full_after = 1;
    ck_assert_uint_eq(tern_endpoint_send(ep, d, 3), 1);
    ck_assert_ptr_null(tern_endpoint_reserve(ep, d, 1, &room));
    net_fixture_pass(f, TERN_SECOND_NS);
    ck_assert_uint_eq(seen.n_rooms, 0);
    (void)fake_link_room(&f->wire, f->now_ns);
    ck_assert_uint_eq(seen.n_rooms, 1);
    ck_assert_uint_eq(tern_endpoint_send(ep, d, 3), 3);
    f->wire.full = true;
    ck_assert_uint_eq(tern_endpoint_send(ep, d, 3), 0);
    tern_endpoint_close(ep);    /* leaves the list of waiters */
    (void)fake_link_room(&f->wire, f->now_ns);
    ck_assert_uint_eq(seen.n_rooms, 1);
}
END_TEST

START_TEST(test_udp_send_refuses_what_cannot_go)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep = open_on(f, 7, &noting);
    struct tern_dgram d = to_peer("x", 1);
    d.peer.port = 0;
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 0);
    d.peer.port = 9;
    d.peer.addr = (struct tern_addr){ { 0x20, 1 } };
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 0);
    d.peer.addr = tern_addr_v4(US);
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 0);
    d = to_peer("x", 1);
    d.len = 65508;
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 0);
    ck_assert_uint_eq(f->udp.stats.out_refused, 4);
    d.len = 65507;
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
    tern_endpoint_close(ep);
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 0);
}
END_TEST

/* ---- Errors ------------------------------------------------------------- */

START_TEST(test_udp_errors_reach_only_who_wrote_to_the_peer)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep = open_on(f, 7, &noting);
    struct tern_dgram d = to_peer("x", 1);
    fail_about(f, 3, 3, 0, PEER, 7, 9);    /* never written to */
    ck_assert_uint_eq(f->udp.stats.errors_unmatched, 1);
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
    fail_about(f, 3, 3, 0, PEER, 7, 10);     /* another port of it */
    fail_about(f, 3, 3, 0, OTHER, 7, 9);     /* another peer */
    fail_about(f, 3, 3, 0, PEER, 8, 9);      /* another port of ours */
    ck_assert_uint_eq(f->udp.stats.errors_unmatched, 4);
    ck_assert_uint_eq(seen.n_failed, 0);
    fail_about(f, 3, 3, 0, PEER, 7, 9);
    ck_assert_uint_eq(seen.n_failed, 1);
    ck_assert_int_eq(seen.why, TERN_REFUSED);
    ck_assert_uint_eq(seen.failed_peer.port, 9);
    ck_assert_uint_eq(tern_addr_to_v4(&seen.failed_peer.addr), PEER);
    fail_about(f, 3, 1, 0, PEER, 7, 9);
    ck_assert_int_eq(seen.why, TERN_UNREACHABLE);
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);    /* it ends nothing */
}
END_TEST

START_TEST(hostile_net_15_frag_needed_for_udp_real_and_forged)
{
    struct net_fixture *f = met();
    struct tern_endpoint *ep = open_on(f, 7, &noting);
    struct tern_dgram d = to_peer("x", 1);
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
    for (uint32_t mtu = 1; mtu < 552; mtu++)
        fail_about(f, 3, 4, mtu, PEER, 7, 9);
    ck_assert_uint_eq(f->ipv4.stats.pmtu_refused, 551);
    fail_about(f, 3, 4, 0, PEER, 7, 9);    /* no plateau lies below 29 octets */
    ck_assert_uint_eq(f->ipv4.stats.pmtu_refused, 552);
    fail_about(f, 3, 4, 1000, OTHER, 7, 9);    /* never written to */
    ck_assert_uint_eq(seen.n_failed, 0);
    ck_assert_uint_eq(tern_endpoint_mtu(ep, &d.peer), 1472);
    fail_about(f, 3, 4, 1400, PEER, 7, 9);
    ck_assert_int_eq(seen.why, TERN_FULL);
    ck_assert_uint_eq(tern_endpoint_mtu(ep, &d.peer), 1372);
    fail_about(f, 3, 4, 1500, PEER, 7, 9);    /* up it does not go */
    ck_assert_uint_eq(seen.n_failed, 1);
}
END_TEST

START_TEST(test_udp_tells_that_its_address_is_gone)
{
    struct net_fixture *f = met();
    struct tern_endpoint_addr own = { .addr = tern_addr_v4(US), .port = 7 };
    struct tern_endpoint *ep;
    ck_assert_int_eq(tern_udp_open(&f->net, &own, &noting, NULL, &ep), TERN_OK);
    tern_ipv4_clear(&f->net, 0);
    net_fixture_pass(f, 1);
    ck_assert_uint_eq(seen.n_failed, 1);
    ck_assert_int_eq(seen.why, TERN_UNREACHABLE);
}
END_TEST

Suite *udp_suite(void)
{
    Suite *suite = suite_create("udp");
    TCase *tc = tcase_create("udp");
    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, test_udp_view_table);
    tcase_add_test(tc, hostile_net_4_length_against_the_ip_payload);
    tcase_add_test(tc, test_udp_checksums_of_any_length_and_none);
    tcase_add_test(tc, test_udp_a_surplus_behind_the_length_is_not_summed);
    tcase_add_test(tc, test_udp_open_says_what_is_wrong);
    tcase_add_test(tc, hostile_net_42_udp_ports_are_unpredictable);
    tcase_add_test(tc, test_udp_the_best_fit_receives);
    tcase_add_test(tc, test_udp_what_does_not_fit_receives_nothing);
    tcase_add_test(tc, test_udp_what_nobody_receives_is_counted);
    tcase_add_test(tc, test_udp_no_port_draws_an_error);
    tcase_add_test(tc, test_udp_groups_are_joined_and_left);
    tcase_add_test(tc, test_udp_a_broadcast_is_answered_from_our_address);
    tcase_add_test(tc, test_udp_a_batch_is_delivered_in_batches);
    tcase_add_test(tc, test_udp_keeps_what_a_spent_budget_left_over);
    tcase_add_test(tc, test_udp_datagrams_in_many_spans_come_in_one);
    tcase_add_test(tc, test_udp_close_in_an_event_drops_the_rest);
    tcase_add_test(tc, test_udp_close_in_an_event_is_the_last);
    tcase_add_test(tc, test_udp_super_frames_say_their_segments);
    tcase_add_test(tc, test_udp_send_sums_and_copies);
    tcase_add_test(tc, test_udp_a_sum_of_zero_is_sent_as_ones);
    tcase_add_test(tc, test_udp_leaves_sums_to_the_device);
    tcase_add_test(tc, test_udp_segments_go_whole_or_one_by_one);
    tcase_add_test(tc, test_udp_answers_in_place);
    tcase_add_test(tc, test_udp_reservations_are_given_back);
    tcase_add_test(tc, test_udp_to_an_unknown_neighbour_is_held_then_refused_then_room_comes);
    tcase_add_test(tc, test_udp_without_slots_waits_for_room);
    tcase_add_test(tc, test_udp_send_refuses_what_cannot_go);
    tcase_add_test(tc, test_udp_errors_reach_only_who_wrote_to_the_peer);
    tcase_add_test(tc, hostile_net_15_frag_needed_for_udp_real_and_forged);
    tcase_add_test(tc, test_udp_tells_that_its_address_is_gone);
    suite_add_tcase(suite, tc);
    return suite;
}
