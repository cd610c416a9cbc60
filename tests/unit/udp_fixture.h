/* SPDX-License-Identifier: ISC */
/*
 * Users of UDP endpoints that note what happens. Each file of tests that includes
 * this has them for itself.
 */
#ifndef TERN_TESTS_UNIT_UDP_FIXTURE_H
#define TERN_TESTS_UNIT_UDP_FIXTURE_H

#include <check.h>
#include <string.h>

#include "libnet/udp_wire.h"
#include "net_fixture.h"

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

static inline void note(struct tern_endpoint *ep, struct tern_dgram *d, size_t n)
{
    seen.n_calls++;
    seen.n_got += n;
    seen.last = d[n - 1];
    memcpy(seen.data, d[n - 1].data, d[n - 1].len);
    if (seen.close)
        tern_endpoint_close(ep);
}

static inline void note_room(struct tern_endpoint *ep)
{
    (void)ep;
    seen.n_rooms++;
}

static inline void note_failed(struct tern_endpoint *ep, const struct tern_dgram *quoted,
                               enum tern_err why)
{
    (void)ep;
    seen.n_failed++;
    seen.failed_peer = quoted->peer;
    seen.why = why;
}

static inline void echo(struct tern_endpoint *ep, struct tern_dgram *in, size_t n)
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

static inline void close_failed(struct tern_endpoint *ep, const struct tern_dgram *quoted,
                                enum tern_err why)
{
    note_failed(ep, quoted, why);
    tern_endpoint_close(ep);
}

static const struct tern_endpoint_events noting = { note, note_room, note_failed };
static const struct tern_endpoint_events closing = { note, note_room, close_failed };
static const struct tern_endpoint_events echoing = { echo, NULL, NULL };

static inline struct tern_endpoint *open_on(struct net_fixture *f, uint16_t port,
                                            const struct tern_endpoint_events *events)
{
    struct tern_endpoint_addr local = { .port = port };
    struct tern_endpoint *ep = NULL;
    ck_assert_int_eq(tern_udp_open(&f->net, &local, events, NULL, &ep), TERN_OK);
    return ep;
}

static inline struct net_fixture *met(void)
{
    struct net_fixture *f = net_fixture();
    net_fixture_meet(f, PEER, packet_mac_peer);
    memset(&f->ipv4.stats, 0, sizeof f->ipv4.stats);
    memset(&seen, 0, sizeof seen);
    return f;
}

static inline void account(const struct net_fixture *f)
{
    const struct tern_udp_stats *s = &f->udp.stats;
    ck_assert_uint_eq(s->in_dgrams, s->in_delivered + s->in_short + s->in_bad_len +
                                        s->in_bad_checksum + s->in_no_port + s->in_no_room +
                                        s->in_port_zero + s->in_closed);
}

static inline struct tern_dgram to_peer(const void *data, size_t len)
{
    static uint8_t copy[66000];
    if (len > 0)
        memcpy(copy, data, len);
    return (struct tern_dgram){ .peer = { .addr = tern_addr_v4(PEER), .port = 9 },
                                .data = copy,
                                .len = len };
}

static inline void fail_about(struct net_fixture *f, uint8_t type, uint8_t code, uint32_t rest,
                              uint32_t dst, uint16_t src_port, uint16_t dst_port)
{
    uint8_t quote[256];
    struct packet_ip4 inner = { .src = US, .dst = dst };
    size_t len = packet_udp(quote, &inner, src_port, dst_port, NULL, 0) - PACKET_ETH;
    net_fixture_in(f, frame, packet_icmp(frame, &usual, type, code, rest, quote + PACKET_ETH,
                                         len));
}

#endif
