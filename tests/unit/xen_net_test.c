/* SPDX-License-Identifier: ISC */
/*
 * The network driver and an honest backend: frames of every length both ways,
 * offloads, room, notifications, groups, the end of a connection and the next.
 */
#include "suites.h"
#include "xen_fixture.h"

#include <string.h>

static struct xen_fixture fx;
static uint8_t frame[NETFRONT_FRAME_MAX + 1];

static void setup(void) { fx_begin(&fx, NULL, &fixture_peer_all); }
static void teardown(void) { fx_end(&fx); }

static void restart(const struct netfront_config *config, const struct netfront_peer *peer)
{
    fx_end(&fx);
    fx_begin(&fx, config, peer);
}

/* A frame of IPv4 (4) or IPv6 with TCP, its checksum field as the stack leaves it. */
static void tcp_frame(unsigned family, size_t len, struct tern_tx *tx)
{
    memset(frame, 0, 80);
    fx_fill(frame + 80, len - 80, 9);
    tern_store_be16(frame + 12, family == 4 ? 0x0800 : 0x86dd);
    frame[14] = family == 4 ? 0x45 : 0x60;
    frame[family == 4 ? 23 : 20] = 6;
    tx->csum_partial = true;
    tx->csum_start = family == 4 ? 34 : 54;
    tx->csum_off = 16;
    tern_store_be16(frame + tx->csum_start + 16, 0x1234);
}

static void send_tcp(unsigned family, size_t len, uint16_t seg_len)
{
    struct tern_tx tx;
    ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, len, &tx), TERN_OK);
    tcp_frame(family, len, &tx);
    if (seg_len != 0) {
        tx.gso = family == 4 ? TERN_GSO_TCP4 : TERN_GSO_TCP6;
        tx.seg_len = seg_len;
        tx.hdr_len = (uint16_t)(tx.csum_start + 20);
    }
    memcpy(tx.data, frame, len);
    fx.nf.link.ops->tx_commit(&fx.nf.link, &tx, len);
    fx_flush(&fx);
}

/* ---- Frames in ---- */

START_TEST(test_frames_of_every_length_arrive)
{
    static const size_t lens[] = { 14, 15, 60, 1514, 4095, 4096, 4097, 8192, 8193, 65534, 65535 };
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        fx_fill(frame, lens[i], (uint8_t)i);
        ck_assert(netback_deliver(&fx.nb, frame, lens[i], 0, 0, 0));
        ck_assert(fx_poll(&fx));
        ck_assert_uint_eq(fx.n_got, 1);
        fx_assert_got(&fx, 0, frame, lens[i]);
        ck_assert_uint_eq(fx.got[0].csum, TERN_CSUM_NONE);
        ck_assert_uint_eq(fx.got[0].gso, TERN_GSO_NONE);
    }
    ck_assert_uint_eq(fx.nf.stats.rx_frames, 11);
}
END_TEST

START_TEST(test_frame_at_an_offset_in_its_page_arrives)
{
    static const uint16_t offsets[] = { 1, 2, 64, 3000, 4082 };
    fx.nb.rx_offset = offsets[_i];
    fx_fill(frame, 3000, 3);
    ck_assert(netback_deliver(&fx.nb, frame, 3000, 0, 0, 0));
    ck_assert(fx_poll(&fx));
    fx_assert_got(&fx, 0, frame, 3000);
}
END_TEST

START_TEST(test_ip_header_of_a_received_frame_is_aligned)
{
    ck_assert(netback_deliver(&fx.nb, frame, 61, 0, 0, 0));
    ck_assert(netback_deliver(&fx.nb, frame, 61, 0, 0, 0));
    ck_assert(fx_poll(&fx));
    for (size_t i = 0; i < 2; i++)
        ck_assert_uint_eq((uintptr_t)(fx.got[i].at + 14) % 4, 0);
}
END_TEST

START_TEST(test_frame_in_nineteen_slots_arrives)
{
    fx.nb.rx_slot_max = 100;
    fx_fill(frame, 1900, 5);
    ck_assert(netback_deliver(&fx.nb, frame, 1900, 0, 0, 0));
    ck_assert(fx_poll(&fx));
    fx_assert_got(&fx, 0, frame, 1900);
}
END_TEST

START_TEST(test_runt_is_dropped_and_counted_once)
{
    ck_assert(netback_deliver(&fx.nb, frame, 13, 0, 0, 0));
    ck_assert(netback_deliver(&fx.nb, frame, 0, 0, 0, 0));
    ck_assert(!fx_poll(&fx));
    ck_assert_uint_eq(fx.nf.stats.rx_runt, 2);
    ck_assert_uint_eq(fx.nf.stats.rx_frames, 0);
}
END_TEST

START_TEST(test_frame_that_the_backend_failed_is_dropped_and_its_slots_come_back)
{
    uint16_t id;
    for (int i = 0; i < 300; i++) {
        (void)netback_rx_take(&fx.nb, &id);
        netback_rx_answer(&fx.nb, id, 0, NETRXF_more_data, (int16_t)(i % 2 == 0 ? 100 : -1));
        (void)netback_rx_take(&fx.nb, &id);
        netback_rx_answer(&fx.nb, id, 0, 0, (int16_t)(i % 2 == 0 ? -2 : 100));
        netback_rx_show(&fx.nb);
        ck_assert(!fx_poll(&fx));
    }
    ck_assert_uint_eq(fx.nf.stats.rx_error, 300);
    ck_assert_uint_eq(netback_rx_posted(&fx.nb), 256);
}
END_TEST

START_TEST(test_checksum_flags_say_what_is_known)
{
    static const struct { uint16_t flags; uint8_t csum; } rows[] = {
        { 0, TERN_CSUM_NONE },
        { NETRXF_data_validated, TERN_CSUM_VALID },
        { NETRXF_csum_blank | NETRXF_data_validated, TERN_CSUM_PARTIAL },
        { NETRXF_csum_blank, TERN_CSUM_PARTIAL },
    };
    ck_assert(netback_deliver(&fx.nb, frame, 60, rows[_i].flags, 0, 0));
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.got[0].csum, rows[_i].csum);
}
END_TEST

START_TEST(test_aggregate_arrives_with_its_segments_size)
{
    uint8_t type = _i == 0 ? XEN_NETIF_GSO_TYPE_TCPV4 : XEN_NETIF_GSO_TYPE_TCPV6;
    fx_fill(frame, 65535, 2);
    ck_assert(netback_deliver(&fx.nb, frame, 65535, NETRXF_csum_blank, type, 1448));
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 2);
    fx_assert_got(&fx, 0, frame, 65535);
    ck_assert_uint_eq(fx.got[0].gso, _i == 0 ? TERN_GSO_TCP4 : TERN_GSO_TCP6);
    ck_assert_uint_eq(fx.got[0].seg_len, 1448);
    ck_assert_uint_eq(fx.got[0].csum, TERN_CSUM_PARTIAL);
    ck_assert_uint_eq(fx.got[1].gso, TERN_GSO_NONE);
    ck_assert_uint_eq(fx.got[1].seg_len, 0);
}
END_TEST

/* Some peers send aggregates without saying that the checksum is blank. */
START_TEST(test_aggregate_without_csum_blank_counts_as_partial)
{
    ck_assert(netback_deliver(&fx.nb, frame, 3000, 0, XEN_NETIF_GSO_TYPE_TCPV4, 1448));
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.got[0].csum, TERN_CSUM_PARTIAL);
}
END_TEST

/* The page under an extra must come back, or the pool drains by one an aggregate. */
START_TEST(test_slot_of_an_extra_is_posted_again)
{
    for (int i = 0; i < 600; i++) {
        ck_assert(netback_deliver(&fx.nb, frame, 3000, NETRXF_csum_blank,
                                  XEN_NETIF_GSO_TYPE_TCPV4, 1448));
        ck_assert(fx_poll(&fx));
        ck_assert_uint_eq(netback_rx_posted(&fx.nb), 256);
    }
}
END_TEST

START_TEST(test_frames_follow_their_slots_and_not_their_ids)
{
    uint16_t id;
    for (uint8_t i = 0; i < 4; i++) {
        uint8_t *page = netback_rx_take(&fx.nb, &id);
        fx_fill(page, 60, i);
        netback_rx_answer(&fx.nb, (uint16_t)(0xfff0 + i), 0, 0, 60);
    }
    netback_rx_show(&fx.nb);
    ck_assert(fx_poll(&fx));
    for (uint8_t i = 0; i < 4; i++) {
        fx_fill(frame, 60, i);
        fx_assert_got(&fx, i, frame, 60);
    }
}
END_TEST

START_TEST(test_frame_whose_slots_come_in_pieces_waits_for_the_last)
{
    uint16_t id;
    fx_fill(frame, 300, 8);
    for (int i = 0; i < 3; i++) {
        memcpy(netback_rx_take(&fx.nb, &id), frame + 100 * i, 100);
        netback_rx_answer(&fx.nb, id, 0, i < 2 ? NETRXF_more_data : 0, 100);
        netback_rx_show(&fx.nb);
        ck_assert_int_eq(fx_poll(&fx), i == 2);
    }
    fx_assert_got(&fx, 0, frame, 300);
}
END_TEST

START_TEST(test_extra_that_comes_late_is_waited_for)
{
    uint16_t id;
    struct netif_extra_info e = { .type = XEN_NETIF_EXTRA_TYPE_GSO };
    e.u.gso.type = XEN_NETIF_GSO_TYPE_TCPV4;
    e.u.gso.size = 700;
    (void)netback_rx_take(&fx.nb, &id);
    netback_rx_answer(&fx.nb, id, 0, NETRXF_extra_info, 100);
    netback_rx_show(&fx.nb);
    ck_assert(!fx_poll(&fx));
    (void)netback_rx_take(&fx.nb, &id);
    netback_rx_extra(&fx.nb, e);
    netback_rx_show(&fx.nb);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.got[0].seg_len, 700);
}
END_TEST

START_TEST(test_batch_ends_where_the_arena_is_full)
{
    restart(&(struct netfront_config){ .arena_len = NETFRONT_ARENA_LEAST }, &fixture_peer_all);
    for (int i = 0; i < 3; i++) {
        fx_fill(frame, 40000, (uint8_t)i);
        ck_assert(netback_deliver(&fx.nb, frame, 40000, 0, 0, 0));
    }
    for (int i = 0; i < 3; i++) {
        ck_assert(!netfront_idle(&fx.nf));
        ck_assert(fx_poll(&fx));
        ck_assert_uint_eq(fx.n_got, 1);
        fx_fill(frame, 40000, (uint8_t)i);
        fx_assert_got(&fx, 0, frame, 40000);
    }
    ck_assert(!fx_poll(&fx));
    ck_assert(netfront_idle(&fx.nf));
}
END_TEST

START_TEST(test_batch_has_at_most_64_frames)
{
    for (int i = 0; i < 100; i++)
        ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 64);
    ck_assert(!netfront_idle(&fx.nf));
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 36);
}
END_TEST

START_TEST(test_receive_ring_wraps_at_32_bits)
{
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2000; i++) {
            fx_fill(frame, 5000, (uint8_t)i);
            ck_assert(netback_deliver(&fx.nb, frame, 5000, 0, 0, 0));
            ck_assert(fx_poll(&fx));
            fx_assert_got(&fx, 0, frame, 5000);
        }
        if (round == 1)
            break;
        /* As if nearly 2^32 slots had gone by. */
        uint32_t to = 0xfffffe00u - (fx.nf.rx.rsp_cons & 0xffffff00u);
        fx.nf.rx.req_prod += to, fx.nf.rx.req_shown += to;
        fx.nf.rx.rsp_cons += to, fx.nf.rx.rsp_seen += to;
        fx.nb.rx_req_cons += to, fx.nb.rx_rsp_prod += to, fx.nb.rx_shown += to;
        for (int i = 0; i < 4; i++)
            fx.nb.rx[i] += to;
    }
    ck_assert_uint_lt(fx.nf.rx.rsp_cons, 5000);
}
END_TEST

START_TEST(test_no_less_than_nineteen_pages_are_posted)
{
    restart(&(struct netfront_config){ .n_rx = 32 }, &fixture_peer_all);
    ck_assert_uint_eq(netback_rx_posted(&fx.nb), 32);
    fx_fill(frame, 65535, 1);
    ck_assert(netback_deliver(&fx.nb, frame, 65535, NETRXF_csum_blank,
                              XEN_NETIF_GSO_TYPE_TCPV4, 1448));
    ck_assert(fx_poll(&fx));
    fx_assert_got(&fx, 0, frame, 65535);
    ck_assert_uint_eq(netback_rx_posted(&fx.nb), 32);
}
END_TEST

/* ---- Notifications ---- */

START_TEST(test_event_is_asked_for_before_the_loop_waits)
{
    ck_assert(netfront_idle(&fx.nf));
    ck_assert(!fake_awake(&fx.x));
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    ck_assert(fake_awake(&fx.x));
    ck_assert(fx_poll(&fx));
    ck_assert(!fake_awake(&fx.x));
    /* Not asked again: silence. */
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    ck_assert(!fake_awake(&fx.x));
    ck_assert(!netfront_idle(&fx.nf));
    ck_assert(fx_poll(&fx));
    ck_assert(netfront_idle(&fx.nf));
}
END_TEST

START_TEST(test_backend_is_notified_only_when_it_asks)
{
    unsigned *n = &fx.x.ports[fx.keys.port_tx].n_notified;
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    ck_assert_uint_eq(*n, 1);
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    ck_assert_uint_eq(*n, 1);
    ck_assert_uint_eq(netback_take(&fx.nb), 2);
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    fx_flush(&fx);
    ck_assert_uint_eq(*n, 2);
}
END_TEST

START_TEST(test_posted_pages_notify_a_backend_that_waits_for_them)
{
    unsigned *n = &fx.x.ports[fx.keys.port_rx].n_notified;
    while (netback_deliver(&fx.nb, frame, 60, 0, 0, 0))
        continue;
    unsigned before = *n;
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(*n, before + 1);
}
END_TEST

START_TEST(test_one_port_serves_both_ways_without_split)
{
    struct netfront_peer peer = fixture_peer_all;
    peer.split = false;
    restart(NULL, &peer);
    ck_assert_uint_eq(fx.keys.port_tx, fx.keys.port_rx);
    ck_assert_uint_eq(fx.x.n_open, 1);
    ck_assert(netfront_idle(&fx.nf));
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    ck_assert(fake_awake(&fx.x));
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 1);
}
END_TEST

/* XSA-391: a port that is raised without work is not listened to for a while. */
START_TEST(hostile_xen_event_storm_is_masked_with_growing_pauses)
{
    unsigned n_awake = 0;
    uint64_t last_ns = 0;
    for (unsigned i = 0; i < 20000; i++) {
        fake_raise(&fx.x, fx.keys.port_rx);
        if (fake_awake(&fx.x)) {
            n_awake++;
            ck_assert(!fx_poll(&fx));
            ck_assert(netfront_idle(&fx.nf));
        }
        uint64_t due_ns = netfront_due(&fx.nf);
        if (due_ns != TERN_NEVER && fx.now_ns >= due_ns) {
            last_ns = due_ns;
            ck_assert(!fx_poll(&fx));
        }
        fx.now_ns += 100000;    /* 2 s in all */
    }
    ck_assert_uint_gt(last_ns, 0);
    ck_assert_uint_gt(fx.nf.stats.storms, 5);
    ck_assert_uint_lt(n_awake, 600);    /* of 20,000 */
    /* It still works, and work is what makes the port heard again. */
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 1);
    ck_assert(fx.nf.link.up);
}
END_TEST

START_TEST(test_frame_that_comes_while_its_port_is_masked_is_found_when_the_pause_ends)
{
    for (unsigned i = 0; i < 32; i++) {
        fake_raise(&fx.x, fx.keys.port_rx);
        ck_assert(!fx_poll(&fx));
    }
    ck_assert(fx.x.ports[fx.keys.port_rx].masked);
    ck_assert(netfront_idle(&fx.nf));
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    ck_assert(!fake_awake(&fx.x));
    ck_assert_uint_eq(netfront_due(&fx.nf), fx.now_ns + TERN_MILLISECOND_NS);
    fx.now_ns += TERN_MILLISECOND_NS;
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 1);
    ck_assert(!fx.x.ports[fx.keys.port_rx].masked);
    ck_assert_uint_eq(netfront_due(&fx.nf), TERN_NEVER);
}
END_TEST

/* ---- Frames out ---- */

START_TEST(test_frames_of_every_length_leave)
{
    static const size_t lens[] = { 14, 60, 1514, 2046, 2047, 4094, 4095, 4096, 8190, 8191,
                                   65534, 65535 };
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        fx_fill(frame, lens[i], (uint8_t)i);
        ck_assert_int_eq(fx_send(&fx, frame, lens[i]), TERN_OK);
        fx_flush(&fx);
        ck_assert_uint_eq(netback_take(&fx.nb), 1);
        const struct netback_frame *sent = &fx.nb.frames[i];
        ck_assert_uint_eq(sent->len, lens[i]);
        ck_assert_mem_eq(sent->octets, frame, lens[i]);
        ck_assert_uint_eq(sent->flags & ~(unsigned)NETTXF_more_data, 0);
        ck_assert_uint_eq(sent->n_requests,
                          lens[i] <= 2046 ? 1 : (2 + lens[i] + 4095) / 4096);
    }
    ck_assert_uint_eq(fx.nf.stats.tx_frames, 12);
    ck_assert_int_eq(fx_send(&fx, frame, 65536), TERN_INVALID);
}
END_TEST

START_TEST(test_whole_headers_stand_in_the_first_slot)
{
    send_tcp(4, 65535, 1448);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);    /* which holds the first one to it */
    ck_assert_uint_eq(fx.nb.frames[0].n_requests, 17);
    ck_assert_uint_eq(fx.nb.frames[0].n_extras, 1);
}
END_TEST

START_TEST(test_aggregate_leaves_with_its_segments_size)
{
    unsigned family = _i == 0 ? 4 : 6;
    send_tcp(family, 3000, 1000);
    send_tcp(family, 1200, 300);    /* in a short slot */
    ck_assert_uint_eq(netback_take(&fx.nb), 2);
    for (int i = 0; i < 2; i++) {
        const struct netback_frame *sent = &fx.nb.frames[i];
        ck_assert_uint_eq(sent->gso_type, _i == 0 ? XEN_NETIF_GSO_TYPE_TCPV4
                                                  : XEN_NETIF_GSO_TYPE_TCPV6);
        ck_assert_uint_eq(sent->gso_size, i == 0 ? 1000 : 300);
        ck_assert_uint_ne(sent->flags & NETTXF_csum_blank, 0);
        ck_assert_uint_ne(sent->flags & NETTXF_data_validated, 0);
    }
    ck_assert_mem_eq(fx.nb.frames[1].octets, frame, 1200);
}
END_TEST

START_TEST(test_blank_checksum_is_left_to_a_backend_that_takes_it)
{
    send_tcp(_i == 0 ? 4 : 6, 200, 0);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
    ck_assert_uint_eq(fx.nb.frames[0].flags, NETTXF_csum_blank | NETTXF_data_validated);
    ck_assert_mem_eq(fx.nb.frames[0].octets, frame, 200);
    ck_assert_uint_eq(fx.nf.stats.tx_summed, 0);
}
END_TEST

START_TEST(test_blank_checksum_of_a_family_that_the_backend_does_not_take_is_completed)
{
    struct netfront_peer peer = fixture_peer_all;
    *(_i == 0 ? &peer.csum4 : &peer.csum6) = false;
    restart(NULL, &peer);
    ck_assert_uint_ne(fx.nf.link.offloads & TERN_OFFLOAD_TX_CSUM, 0);
    ck_assert_uint_eq(fx.nf.link.offloads & TERN_OFFLOAD_TX_TSO4, _i == 0 ? 0 : TERN_OFFLOAD_TX_TSO4);
    ck_assert_uint_eq(fx.nf.link.offloads & TERN_OFFLOAD_TX_TSO6, _i == 1 ? 0 : TERN_OFFLOAD_TX_TSO6);
    send_tcp(_i == 0 ? 4 : 6, 201, 0);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
    size_t start = _i == 0 ? 34 : 54;
    ck_assert_uint_eq(fx.nb.frames[0].flags, 0);
    uint16_t sum = tern_checksum_finish(tern_checksum_add(0, frame + start, 201 - start));
    ck_assert_uint_eq(tern_load_be16(fx.nb.frames[0].octets + start + 16), sum);
    ck_assert_uint_eq(fx.nf.stats.tx_summed, 1);
}
END_TEST

/* Neither TCP nor UDP right behind IP: the backend would not find the field. */
START_TEST(test_blank_checksum_that_no_backend_finds_is_completed)
{
    struct tern_tx tx;
    ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, 100, &tx), TERN_OK);
    tcp_frame(6, 100, &tx);
    frame[20] = 58;    /* ICMPv6 */
    tx.csum_off = 2;
    memcpy(tx.data, frame, 100);
    fx.nf.link.ops->tx_commit(&fx.nf.link, &tx, 100);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
    ck_assert_uint_eq(fx.nb.frames[0].flags, 0);
    uint16_t sum = tern_checksum_finish(tern_checksum_add(0, frame + 54, 46));
    ck_assert_uint_eq(tern_load_be16(fx.nb.frames[0].octets + 56), sum);
}
END_TEST

START_TEST(test_aggregate_that_cannot_be_taken_apart_is_dropped_and_counted)
{
    struct tern_tx tx;
    ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, 3000, &tx), TERN_OK);
    memset(tx.data, 0, 3000);
    tx.gso = TERN_GSO_TCP4;
    tx.seg_len = 1000;
    fx.nf.link.ops->tx_commit(&fx.nf.link, &tx, 3000);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 0);
    ck_assert_uint_eq(fx.nf.stats.tx_bad, 1);
    ck_assert_uint_eq(fx.nf.stats.tx_frames, 0);
}
END_TEST

START_TEST(test_without_scatter_gather_a_frame_has_one_slot)
{
    struct netfront_peer peer = fixture_peer_all;
    peer.sg = false;
    peer.mtu = 9000;
    restart(NULL, &peer);
    ck_assert_uint_eq(fx.nf.link.mtu, 1500);
    ck_assert_uint_eq(fx.nf.link.slot_max, 2046);
    ck_assert_uint_eq(fx.nf.link.offloads, TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_RX_CSUM |
                                               TERN_OFFLOAD_RX_GRO);
    ck_assert_int_eq(fx_send(&fx, frame, 2047), TERN_INVALID);
    ck_assert_int_eq(fx_send(&fx, frame, 2046), TERN_OK);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
    ck_assert_uint_eq(fx.nb.frames[0].n_requests, 1);
}
END_TEST

START_TEST(test_large_mtu_gets_larger_slots)
{
    struct netfront_peer peer = fixture_peer_all;
    peer.mtu = 9000;
    peer.gso4 = peer.gso6 = false;
    restart(NULL, &peer);
    ck_assert_uint_eq(fx.nf.tx_cap, 3 * 4096 - 2);
    ck_assert_uint_eq(fx.nf.n_tx_slots, 16);
    for (int i = 0; i < 16; i++) {
        fx_fill(frame, 9018, (uint8_t)i);
        ck_assert_int_eq(fx_send(&fx, frame, 9018), TERN_OK);
    }
    ck_assert_int_eq(fx_send(&fx, frame, 9018), TERN_FULL);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 16);
    for (int i = 0; i < 16; i++) {
        fx_fill(frame, 9018, (uint8_t)i);
        ck_assert_mem_eq(fx.nb.frames[i].octets, frame, 9018);
    }
}
END_TEST

START_TEST(test_slots_are_full_until_answered_and_room_is_told_once)
{
    bool is_long = _i == 1;
    size_t len = is_long ? 60000 : 60, n = 0;
    fx.nb.holds_answers = true;
    while (fx_send(&fx, frame, len) == TERN_OK)
        n++;
    ck_assert_uint_eq(n, is_long ? 6 : 96);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), n);
    ck_assert(!fx_poll(&fx));
    ck_assert(netfront_idle(&fx.nf));
    ck_assert(!fake_awake(&fx.x));
    netback_answer(&fx.nb);
    ck_assert(fake_awake(&fx.x));
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_tx_room, 1);
    ck_assert(!fx_poll(&fx));
    ck_assert_uint_eq(fx.n_tx_room, 1);
    ck_assert_int_eq(fx_send(&fx, frame, len), TERN_OK);
}
END_TEST

/* The answers come between the FULL and the wait: the last look finds them. */
START_TEST(test_room_that_comes_before_the_wait_is_not_missed)
{
    fx.nb.holds_answers = true;
    while (fx_send(&fx, frame, 60) == TERN_OK)
        continue;
    fx_flush(&fx);
    (void)netback_take(&fx.nb);
    (void)fx_poll(&fx);
    netback_answer(&fx.nb);
    fx.x.ports[fx.keys.port_tx].raised = false;    /* its event is lost, or was taken */
    ck_assert(!netfront_idle(&fx.nf));
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_tx_room, 1);
}
END_TEST

START_TEST(test_ring_room_is_promised_with_the_slot)
{
    struct tern_tx lent[12];
    restart(&(struct netfront_config){ .n_tx = 120, .n_tx_long = 12 }, &fixture_peer_all);
    size_t n_long = 0, n_short = 0;
    while (n_long < 12 && fx.nf.link.ops->tx_slot(&fx.nf.link, 65535, &lent[n_long]) == TERN_OK)
        n_long++;
    ck_assert_uint_eq(n_long, 12);    /* 216 slots of the ring */
    fx.nb.holds_answers = true;
    while (fx_send(&fx, frame, 60) == TERN_OK)
        n_short++;
    ck_assert_uint_eq(n_short, 39);   /* one each, and one more for an extra that does not come */
    for (size_t i = 0; i < n_long; i++)
        fx.nf.link.ops->tx_commit(&fx.nf.link, &lent[i], 65535);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 51);
    netback_answer(&fx.nb);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.nf.n_tx_long_free, 12);
}
END_TEST

START_TEST(test_slot_that_is_given_back_sends_nothing)
{
    struct tern_tx tx;
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, i % 2 ? 60 : 60000, &tx), TERN_OK);
        fx.nf.link.ops->tx_commit(&fx.nf.link, &tx, 0);
    }
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 0);
    ck_assert_uint_eq(fx.nf.stats.tx_frames, 0);
}
END_TEST

/* Ids stay below 256 and unique, however many frames go by (an id of 16 bits wraps). */
START_TEST(test_ids_are_never_used_twice_at_once)
{
    fx.nb.reversed = _i == 1;
    for (int i = 0; i < 70000 / 40; i++) {
        for (int k = 0; k < 40; k++)
            ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
        fx_flush(&fx);
        ck_assert_uint_eq(netback_take(&fx.nb), 40);    /* which holds us to it */
        netback_forget(&fx.nb);
    }
    ck_assert_uint_eq(fx.nf.stats.tx_frames, 70000 / 40 * 40);
}
END_TEST

START_TEST(test_frames_that_the_backend_drops_are_counted_and_their_slots_come_back)
{
    fx.nb.tx_status = _i == 0 ? NETIF_RSP_DROPPED : NETIF_RSP_ERROR;
    for (int i = 0; i < 300; i++) {
        send_tcp(4, 5000, 1000);
        ck_assert_uint_eq(netback_take(&fx.nb), 1);
    }
    netfront_tx_reclaim(&fx.nf);
    ck_assert_uint_eq(fx.nf.stats.tx_refused, 600);
    ck_assert(fx.nf.link.up);
}
END_TEST

START_TEST(test_sent_pages_can_only_be_read)
{
    for (unsigned page = fx.nf.n_any; page < fx.nf.n_pages; page++) {
        uint32_t ref = fx.nf.pages[page].ref;
        ck_assert_ptr_eq(fake_page(&fx.x, FIXTURE_BACKEND, ref, false),
                         netfront_page_at(&fx.nf, (uint16_t)page));
        ck_assert_ptr_null(fake_page(&fx.x, FIXTURE_BACKEND, ref, true));
    }
}
END_TEST

/* XSA-403, MSA01: nothing but what was sent is on a page that is granted. */
START_TEST(hostile_xen_granted_pages_hold_nothing_but_frames)
{
    memset(frame, 0xab, 60);
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    unsigned n = 0;
    for (unsigned page = fx.nf.n_any; page < fx.nf.n_pages; page++) {
        const uint8_t *p = netfront_page_at(&fx.nf, (uint16_t)page);
        for (unsigned i = 0; i < XEN_PAGE_LEN; i++) {
            if (p[i] != 0 && p[i] != 0xab)
                ck_abort_msg("octet %u of page %u", i, page);
            n += p[i] == 0xab;
        }
    }
    ck_assert_uint_eq(n, 60);
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    for (unsigned i = 0; i < fx.nf.n_pages * XEN_PAGE_LEN; i++)
        if (fx.nf.io[i] != 0)
            ck_abort_msg("octet %u is left", i);
}
END_TEST

/* ---- Groups ---- */

START_TEST(test_groups_are_told_to_a_backend_that_filters)
{
    static const uint8_t a[6] = { 1, 0, 0x5e, 0, 0, 1 }, b[6] = { 0x33, 0x33, 0, 0, 0, 1 };
    restart(&(struct netfront_config){ .filter = true }, &fixture_peer_all);
    ck_assert_int_eq(netfront_join(&fx.nf, a), TERN_OK);
    ck_assert_int_eq(netfront_join(&fx.nf, b), TERN_OK);
    ck_assert_int_eq(netfront_join(&fx.nf, b), TERN_OK);
    ck_assert_uint_eq(netback_take(&fx.nb), 0);
    ck_assert_uint_eq(fx.nb.n_groups, 2);
    ck_assert_mem_eq(fx.nb.groups[0], a, 6);
    ck_assert_int_eq(netfront_leave(&fx.nf, a), TERN_OK);
    ck_assert_int_eq(netfront_leave(&fx.nf, a), TERN_INVALID);
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_groups, 1);
    ck_assert_mem_eq(fx.nb.groups[0], b, 6);
    /* The next backend hears of those that are left. */
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    fx_connect(&fx, &fixture_peer_all);
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_groups, 1);
    ck_assert_mem_eq(fx.nb.groups[0], b, 6);
}
END_TEST

START_TEST(test_groups_are_not_told_to_others)
{
    static const uint8_t a[6] = { 1, 0, 0x5e, 0, 0, 1 }, host[6] = { 2 };
    struct netfront_peer peer = fixture_peer_all;
    peer.groups = false;
    if (_i == 0)
        restart(&(struct netfront_config){ .filter = true }, &peer);
    ck_assert_int_eq(netfront_join(&fx.nf, a), TERN_OK);
    ck_assert_int_eq(netfront_join(&fx.nf, host), TERN_INVALID);
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_groups, 0);
    ck_assert(netfront_idle(&fx.nf) || fx_poll(&fx));
}
END_TEST

START_TEST(test_groups_wait_for_room_in_the_ring)
{
    restart(&(struct netfront_config){ .filter = true, .n_tx = 128 }, &fixture_peer_all);
    fx.nb.holds_answers = true;
    while (fx_send(&fx, frame, 60) == TERN_OK)
        continue;
    fx_flush(&fx);
    for (uint8_t i = 0; i < NETFRONT_GROUPS; i++)
        ck_assert_int_eq(netfront_join(&fx.nf, (uint8_t[]){ 1, 2, 3, 4, 5, i }), TERN_OK);
    ck_assert_int_eq(netfront_join(&fx.nf, (uint8_t[]){ 1, 2, 3, 4, 5, 99 }), TERN_FULL);
    (void)netback_take(&fx.nb);
    netback_answer(&fx.nb);
    fx.nb.holds_answers = false;
    ck_assert(fx_poll(&fx));
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_groups, NETFRONT_GROUPS);
}
END_TEST

/* ---- Connections ---- */

START_TEST(test_link_says_what_was_agreed_on)
{
    ck_assert(fx.nf.link.up);
    ck_assert_uint_eq(fx.nf.link.mtu, 1500);
    ck_assert_uint_eq(fx.nf.link.slot_max, 65535);
    ck_assert_mem_eq(fx.nf.link.mac, fixture_peer_all.mac, 6);
    ck_assert_uint_eq(fx.nf.link.offloads,
                      TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_RX_CSUM | TERN_OFFLOAD_TX_TSO4 |
                          TERN_OFFLOAD_TX_TSO6 | TERN_OFFLOAD_RX_GRO);
}
END_TEST

START_TEST(test_link_without_aggregates_says_so)
{
    restart(&(struct netfront_config){ .no_gso = true }, &fixture_peer_all);
    ck_assert_uint_eq(fx.nf.link.slot_max, 2046);
    ck_assert_uint_eq(fx.nf.link.offloads, TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_RX_CSUM);
}
END_TEST

START_TEST(test_carrier_goes_and_comes)
{
    netfront_carrier(&fx.nf, false);
    ck_assert(!netfront_idle(&fx.nf));
    ck_assert(fx_poll(&fx));
    ck_assert(!fx.nf.link.up);
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_UNREACHABLE);
    netfront_carrier(&fx.nf, true);
    ck_assert(fx_poll(&fx));
    ck_assert(fx.nf.link.up);
    ck_assert_uint_eq(fx.n_changed, 2);
    netfront_carrier(&fx.nf, true);
    ck_assert(!fx_poll(&fx));
}
END_TEST

START_TEST(test_closed_device_leaves_nothing_granted_or_open)
{
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    ck_assert_uint_eq(fake_n_granted(&fx.x), 0);
    ck_assert_uint_eq(fx.x.n_open, 0);
    ck_assert(fx_poll(&fx));
    ck_assert(!fx.nf.link.up);
    netfront_close(&fx.nf);
    ck_assert(!fx_poll(&fx));
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_UNREACHABLE);
}
END_TEST

START_TEST(test_another_backend_with_other_features_takes_over)
{
    struct netfront_peer other = { .domid = 12, .mtu = 9000, .mac = { 2, 2, 2, 2, 2, 2 },
                                   .sg = true, .csum6 = true };
    fx.nb.holds_answers = true;
    while (fx_send(&fx, frame, 60) == TERN_OK)
        continue;
    fx_flush(&fx);
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    ck_assert(fx_poll(&fx));
    fx.nb.holds_answers = false;
    fx_connect(&fx, &other);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_changed, 2);
    ck_assert_uint_eq(fx.n_tx_room, 1);    /* owed since the first one */
    ck_assert(fx.nf.link.up);
    ck_assert_uint_eq(fx.nf.link.mtu, 9000);
    ck_assert_mem_eq(fx.nf.link.mac, other.mac, 6);
    ck_assert_uint_eq(fx.x.n_open, 1);
    fx_fill(frame, 9018, 4);
    ck_assert_int_eq(fx_send(&fx, frame, 9018), TERN_OK);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
    ck_assert_mem_eq(fx.nb.frames[0].octets, frame, 9018);
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    ck_assert(fx_poll(&fx));
    fx_assert_got(&fx, 0, frame, 60);
    ck_assert_uint_eq(fx.nf.stats.connects, 2);
}
END_TEST

START_TEST(test_slot_lent_in_a_former_connection_sends_nothing)
{
    struct tern_tx tx, now;
    ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, 60, &tx), TERN_OK);
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    if (_i == 1) {
        fx_connect(&fx, &fixture_peer_all);
        ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, 60, &now), TERN_OK);
        ck_assert_ptr_eq(now.data, tx.data);
    }
    fx.nf.link.ops->tx_commit(&fx.nf.link, &tx, 60);
    fx_flush(&fx);
    ck_assert_uint_eq(fx.nf.stats.tx_stale, 1);
    ck_assert_uint_eq(fx.nf.stats.tx_frames, 0);
    if (_i == 1) {
        ck_assert_uint_eq(netback_take(&fx.nb), 0);
        fx.nf.link.ops->tx_commit(&fx.nf.link, &now, 60);
        fx_flush(&fx);
        ck_assert_uint_eq(netback_take(&fx.nb), 1);
    }
}
END_TEST

/* XSA-396: the backend keeps what it maps. Those pages are not used, and not lost for ever. */
START_TEST(hostile_xen_pages_that_a_backend_holds_are_kept_back)
{
    uint16_t held_rx = fx.nf.n_any - 1, held_tx = fx.nf.n_any;
    uint32_t rx_ref = fx.nf.pages[held_rx].ref, tx_ref = fx.nf.pages[held_tx].ref;
    ck_assert_ptr_nonnull(fake_map(&fx.x, FIXTURE_BACKEND, rx_ref, true));
    ck_assert_ptr_nonnull(fake_map(&fx.x, FIXTURE_BACKEND, tx_ref, false));
    /* The rings are held too: netback_disconnect has not been called. */
    netfront_close(&fx.nf);
    ck_assert_uint_eq(fake_n_granted(&fx.x), 4);
    ck_assert_ptr_nonnull(strstr(fx.x.log, "kept back"));
    struct netback first = fx.nb;
    fx.nb = (struct netback){ 0 };
    struct netfront_peer other = fixture_peer_all;
    other.domid = 8;
    fx_connect(&fx, &other);
    ck_assert_uint_eq(netback_rx_posted(&fx.nb), 253);
    ck_assert_uint_eq(fx.nf.n_tx_free, 94);
    /* Neither is given to the new backend, nor touched when frames go by. */
    memset(netfront_page_at(&fx.nf, held_rx), 0xcc, XEN_PAGE_LEN);
    memset(netfront_page_at(&fx.nf, held_tx), 0xcc, XEN_PAGE_LEN);
    for (int i = 0; i < 600; i++) {
        ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
        fx_flush(&fx);
        ck_assert_uint_eq(netback_take(&fx.nb), 1);
        netback_forget(&fx.nb);
        ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
        ck_assert(fx_poll(&fx));
    }
    static uint8_t untouched[XEN_PAGE_LEN];
    memset(untouched, 0xcc, sizeof untouched);
    ck_assert_mem_eq(netfront_page_at(&fx.nf, held_rx), untouched, XEN_PAGE_LEN);
    ck_assert_mem_eq(netfront_page_at(&fx.nf, held_tx), untouched, XEN_PAGE_LEN);
    /* Let go, all of them serve again. */
    netback_disconnect(&first);
    fake_unmap(&fx.x, rx_ref);
    fake_unmap(&fx.x, tx_ref);
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    fx_connect(&fx, &fixture_peer_all);
    ck_assert_uint_eq(netback_rx_posted(&fx.nb), 256);
    ck_assert_uint_eq(fx.nf.n_tx_free, 96);
}
END_TEST

START_TEST(hostile_xen_backend_that_holds_everything_ends_the_device_in_order)
{
    for (unsigned page = 0; page < fx.nf.n_pages; page++)
        (void)fake_map(&fx.x, FIXTURE_BACKEND, fx.nf.pages[page].ref, page < fx.nf.n_any);
    netfront_close(&fx.nf);
    ck_assert_int_eq(netfront_open(&fx.nf, &fixture_peer_all, &fx.keys), TERN_FULL);
    ck_assert_uint_eq(fx.nf.stats.no_pages, 1);
    ck_assert_int_eq(fx.nf.state, NETFRONT_CLOSED);
    ck_assert_uint_eq(fx.x.n_open, 0);
    for (unsigned page = 0; page < fx.nf.n_pages; page++)
        fake_unmap(&fx.x, fx.nf.pages[page].ref);
    fx_connect(&fx, &fixture_peer_all);
    ck_assert_uint_eq(netback_rx_posted(&fx.nb), 256);
}
END_TEST

START_TEST(test_open_without_ports_or_grants_closes_everything_again)
{
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    unsigned ports = fx.x.n_ports_left;
    if (_i < 2) {
        fx.x.n_ports_left = (unsigned)_i;
    } else {
        uint32_t ref;
        while (fx.x.grants.n_free > (unsigned)_i * 50)
            ck_assert_int_eq(gnttab_grant(&fx.x.grants, 1, 1, true, &ref), TERN_OK);
    }
    unsigned before = fake_n_granted(&fx.x);
    ck_assert_int_eq(netfront_open(&fx.nf, &fixture_peer_all, &fx.keys), TERN_FULL);
    ck_assert_uint_eq(fake_n_granted(&fx.x), before);
    ck_assert_uint_eq(fx.x.n_open, 0);
    fx.x.n_ports_left = ports;
    if (_i < 2)
        fx_connect(&fx, &fixture_peer_all);
}
END_TEST

START_TEST(test_open_twice_is_refused)
{
    ck_assert_int_eq(netfront_open(&fx.nf, &fixture_peer_all, &fx.keys), TERN_INVALID);
    netfront_go(&fx.nf, true);
    ck_assert_uint_eq(fx.nf.stats.connects, 1);
}
END_TEST

/* ---- Memory and suspend ---- */

START_TEST(test_init_refuses_what_cannot_work)
{
    static const struct netfront_config configs[] = {
        { .n_rx = 31 }, { .n_rx = 257 }, { .n_tx = 16 }, { .n_tx = 257 }, { .n_tx_long = 13 },
        { .arena_len = NETFRONT_ARENA_LEAST - 1 },
    };
    struct netfront nf;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
        ck_assert_int_eq(netfront_init(&nf, &fx.x.env, &fx.x.grants, &configs[i]), TERN_INVALID);
}
END_TEST

START_TEST(test_init_says_that_memory_is_short)
{
    static const size_t limits[] = { 1, 4000, 265500, 265605, 265700 };
    struct netfront nf;
    fx.x.carve_limit = limits[_i];
    ck_assert_int_eq(netfront_init(&nf, &fx.x.env, &fx.x.grants, NULL), TERN_FULL);
}
END_TEST

START_TEST(test_small_machine_gets_a_small_driver)
{
    static const uint64_t mibs[] = { 8, 16, 64 };
    struct netfront_config config = netfront_config_for(mibs[_i] << 20);
    fx_end(&fx);
    fx_begin(&fx, &config, &fixture_peer_all);
    size_t len = (size_t)fx.nf.n_pages * XEN_PAGE_LEN + fx.nf.config.arena_len;
    ck_assert_uint_le(len, mibs[_i] << 17);
    fx_fill(frame, 65535, 1);
    ck_assert_int_eq(fx_send(&fx, frame, 65535), TERN_OK);
}
END_TEST

START_TEST(test_cancelled_suspend_changes_nothing)
{
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    netfront_suspend(&fx.nf);
    netfront_suspend(&fx.nf);
    ck_assert(!fx_poll(&fx));
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_FULL);
    ck_assert(netfront_idle(&fx.nf));
    unsigned granted = fake_n_granted(&fx.x);
    netfront_resume(&fx.nf, true);
    netfront_resume(&fx.nf, true);
    ck_assert_uint_eq(fake_n_granted(&fx.x), granted);
    ck_assert_uint_eq(fx.x.n_closed, 0);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 1);
    ck_assert_uint_eq(fx.n_tx_room, 1);
    ck_assert(fx.nf.link.up);
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
}
END_TEST

/* XSA-465: whatever state the device was in, twice, and with no suspend before it. */
START_TEST(hostile_xen_resume_in_any_state_is_harmless)
{
    if (_i == 1)
        netfront_close(&fx.nf);
    if (_i == 2)
        netfront_breached(&fx.nf, NETFRONT_BREACH_PROD);
    if (_i != 3)
        netfront_suspend(&fx.nf);
    fake_restore(&fx.x);    /* no port is open: to touch one would be caught */
    netfront_resume(&fx.nf, false);
    netfront_resume(&fx.nf, false);
    netfront_close(&fx.nf);
    ck_assert_int_eq(fx.nf.state, NETFRONT_CLOSED);
    ck_assert(!fx.nf.link.up);
    fx.nb = (struct netback){ 0 };
    fx_connect(&fx, &fixture_peer_all);
    ck_assert(fx_poll(&fx));
    ck_assert(fx.nf.link.up);
    ck_assert_uint_eq(netback_rx_posted(&fx.nb), 256);
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
}
END_TEST

static TCase *receiving(void)
{
    TCase *t = tcase_create("receiving");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_frames_of_every_length_arrive);
    tcase_add_loop_test(t, test_frame_at_an_offset_in_its_page_arrives, 0, 5);
    tcase_add_test(t, test_ip_header_of_a_received_frame_is_aligned);
    tcase_add_test(t, test_frame_in_nineteen_slots_arrives);
    tcase_add_test(t, test_runt_is_dropped_and_counted_once);
    tcase_add_test(t, test_frame_that_the_backend_failed_is_dropped_and_its_slots_come_back);
    tcase_add_loop_test(t, test_checksum_flags_say_what_is_known, 0, 4);
    tcase_add_loop_test(t, test_aggregate_arrives_with_its_segments_size, 0, 2);
    tcase_add_test(t, test_aggregate_without_csum_blank_counts_as_partial);
    tcase_add_test(t, test_slot_of_an_extra_is_posted_again);
    tcase_add_test(t, test_frames_follow_their_slots_and_not_their_ids);
    tcase_add_test(t, test_frame_whose_slots_come_in_pieces_waits_for_the_last);
    tcase_add_test(t, test_extra_that_comes_late_is_waited_for);
    tcase_add_test(t, test_batch_ends_where_the_arena_is_full);
    tcase_add_test(t, test_batch_has_at_most_64_frames);
    tcase_add_test(t, test_receive_ring_wraps_at_32_bits);
    tcase_add_test(t, test_no_less_than_nineteen_pages_are_posted);
    tcase_add_test(t, test_event_is_asked_for_before_the_loop_waits);
    tcase_add_test(t, test_backend_is_notified_only_when_it_asks);
    tcase_add_test(t, test_posted_pages_notify_a_backend_that_waits_for_them);
    tcase_add_test(t, test_one_port_serves_both_ways_without_split);
    tcase_add_test(t, hostile_xen_event_storm_is_masked_with_growing_pauses);
    tcase_add_test(t, test_frame_that_comes_while_its_port_is_masked_is_found_when_the_pause_ends);
    return t;
}

static TCase *sending(void)
{
    TCase *t = tcase_create("sending");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_frames_of_every_length_leave);
    tcase_add_test(t, test_whole_headers_stand_in_the_first_slot);
    tcase_add_loop_test(t, test_aggregate_leaves_with_its_segments_size, 0, 2);
    tcase_add_loop_test(t, test_blank_checksum_is_left_to_a_backend_that_takes_it, 0, 2);
    tcase_add_loop_test(
        t, test_blank_checksum_of_a_family_that_the_backend_does_not_take_is_completed, 0, 2);
    tcase_add_test(t, test_blank_checksum_that_no_backend_finds_is_completed);
    tcase_add_test(t, test_aggregate_that_cannot_be_taken_apart_is_dropped_and_counted);
    tcase_add_test(t, test_without_scatter_gather_a_frame_has_one_slot);
    tcase_add_test(t, test_large_mtu_gets_larger_slots);
    tcase_add_loop_test(t, test_slots_are_full_until_answered_and_room_is_told_once, 0, 2);
    tcase_add_test(t, test_room_that_comes_before_the_wait_is_not_missed);
    tcase_add_test(t, test_ring_room_is_promised_with_the_slot);
    tcase_add_test(t, test_slot_that_is_given_back_sends_nothing);
    tcase_add_loop_test(t, test_ids_are_never_used_twice_at_once, 0, 2);
    tcase_add_loop_test(
        t, test_frames_that_the_backend_drops_are_counted_and_their_slots_come_back, 0, 2);
    tcase_add_test(t, test_sent_pages_can_only_be_read);
    tcase_add_test(t, hostile_xen_granted_pages_hold_nothing_but_frames);
    tcase_add_test(t, test_groups_are_told_to_a_backend_that_filters);
    tcase_add_loop_test(t, test_groups_are_not_told_to_others, 0, 2);
    tcase_add_test(t, test_groups_wait_for_room_in_the_ring);
    return t;
}

static TCase *connecting(void)
{
    TCase *t = tcase_create("connecting");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_link_says_what_was_agreed_on);
    tcase_add_test(t, test_link_without_aggregates_says_so);
    tcase_add_test(t, test_carrier_goes_and_comes);
    tcase_add_test(t, test_closed_device_leaves_nothing_granted_or_open);
    tcase_add_test(t, test_another_backend_with_other_features_takes_over);
    tcase_add_loop_test(t, test_slot_lent_in_a_former_connection_sends_nothing, 0, 2);
    tcase_add_test(t, hostile_xen_pages_that_a_backend_holds_are_kept_back);
    tcase_add_test(t, hostile_xen_backend_that_holds_everything_ends_the_device_in_order);
    tcase_add_loop_test(t, test_open_without_ports_or_grants_closes_everything_again, 0, 5);
    tcase_add_test(t, test_open_twice_is_refused);
    tcase_add_test(t, test_init_refuses_what_cannot_work);
    tcase_add_loop_test(t, test_init_says_that_memory_is_short, 0, 5);
    tcase_add_loop_test(t, test_small_machine_gets_a_small_driver, 0, 3);
    tcase_add_test(t, test_cancelled_suspend_changes_nothing);
    tcase_add_loop_test(t, hostile_xen_resume_in_any_state_is_harmless, 0, 4);
    return t;
}

Suite *xen_net_suite(void)
{
    Suite *suite = suite_create("xen_net");
    suite_add_tcase(suite, receiving());
    suite_add_tcase(suite, sending());
    suite_add_tcase(suite, connecting());
    return suite;
}
