/* SPDX-License-Identifier: ISC */
/*
 * The network driver and an honest backend: frames out of every length,
 * checksums, aggregates, room.
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
    ck_assert_int_eq(fx_send(&fx, frame, 0), TERN_INVALID);
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
    ck_assert_uint_eq(fx.nf.link.offloads & (TERN_OFFLOAD_TX_TSO4 | TERN_OFFLOAD_TX_TSO6),
                      _i == 0 ? TERN_OFFLOAD_TX_TSO6 : TERN_OFFLOAD_TX_TSO4);
    send_tcp(_i == 0 ? 4 : 6, 201, 0);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
    size_t start = _i == 0 ? 34 : 54;
    ck_assert_uint_eq(fx.nb.frames[0].flags, 0);
    uint16_t sum = tern_checksum_finish(tern_checksum_add(0, frame + start, 201 - start));
    ck_assert_uint_eq(tern_load_be16(fx.nb.frames[0].octets + start + 16), sum);
    ck_assert_uint_eq(fx.nf.stats.tx_summed, 1);
}
END_TEST

START_TEST(test_blank_checksum_of_udp_is_left_to_the_backend)
{
    struct tern_tx tx;
    ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, 100, &tx), TERN_OK);
    tcp_frame(4, 100, &tx);
    frame[23] = 17;
    tx.csum_off = 6;
    memcpy(tx.data, frame, 100);
    fx.nf.link.ops->tx_commit(&fx.nf.link, &tx, 100);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
    ck_assert_uint_eq(fx.nb.frames[0].flags, NETTXF_csum_blank | NETTXF_data_validated);
}
END_TEST

START_TEST(test_checksum_outside_the_frame_is_not_written)
{
    static const struct { uint16_t start, off; } rows[] = {
        { 60, 0 }, { 61, 0 }, { 59, 0 }, { 14, 46 }, { 14, 45 }, { 0xffff, 0xffff },
    };
    struct tern_tx tx;
    ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, 60, &tx), TERN_OK);
    memset(tx.data, 0x11, tx.cap);
    memset(frame, 0x11, tx.cap);
    tx.csum_partial = true;
    tx.csum_start = rows[_i].start;
    tx.csum_off = rows[_i].off;
    const uint8_t *at = tx.data;
    size_t cap = tx.cap;
    fx.nf.link.ops->tx_commit(&fx.nf.link, &tx, 60);
    ck_assert_mem_eq(at, frame, cap);
}
END_TEST

START_TEST(test_aggregate_for_a_backend_that_takes_no_blank_checksum_is_dropped)
{
    struct netfront_peer peer = fixture_peer_all;
    peer.csum4 = false;
    restart(NULL, &peer);
    send_tcp(4, 3000, 1000);
    ck_assert_uint_eq(netback_take(&fx.nb), 0);
    ck_assert_uint_eq(fx.nf.stats.tx_bad, 1);
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

START_TEST(test_send_ring_wraps_at_32_bits)
{
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2000; i++) {
            ck_assert_int_eq(fx_send(&fx, frame, 9000), TERN_OK);    /* three slots */
            fx_flush(&fx);
            ck_assert_uint_eq(netback_take(&fx.nb), 1);
            ck_assert_uint_eq(fx.nb.frames[0].len, 9000);
            netback_forget(&fx.nb);
        }
        if (round == 1)
            break;
        /* As if nearly 2^32 slots had gone by. */
        ck_assert(netfront_tx_reclaim(&fx.nf));
        uint32_t to = 0xfffffe00u - (fx.nf.tx.rsp_cons & 0xffffff00u);
        fx.nf.tx.req_prod += to, fx.nf.tx.req_shown += to;
        fx.nf.tx.rsp_cons += to, fx.nf.tx.rsp_seen += to;
        fx.nb.tx_req_cons += to, fx.nb.tx_rsp_prod += to, fx.nb.tx_shown += to;
        for (int i = 0; i < 4; i++)
            fx.nb.tx[i] += to;
    }
    ck_assert_uint_lt(fx.nf.tx.rsp_cons, 10000);
    ck_assert_int_eq(fx.nf.state, NETFRONT_CONNECTED);
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
START_TEST(hostile_net_55_granted_pages_hold_nothing_but_frames)
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
    tcase_add_test(t, test_blank_checksum_of_udp_is_left_to_the_backend);
    tcase_add_loop_test(t, test_checksum_outside_the_frame_is_not_written, 0, 6);
    tcase_add_test(t, test_aggregate_for_a_backend_that_takes_no_blank_checksum_is_dropped);
    tcase_add_test(t, test_blank_checksum_that_no_backend_finds_is_completed);
    tcase_add_test(t, test_aggregate_that_cannot_be_taken_apart_is_dropped_and_counted);
    tcase_add_test(t, test_without_scatter_gather_a_frame_has_one_slot);
    tcase_add_test(t, test_large_mtu_gets_larger_slots);
    tcase_add_loop_test(t, test_slots_are_full_until_answered_and_room_is_told_once, 0, 2);
    tcase_add_test(t, test_room_that_comes_before_the_wait_is_not_missed);
    tcase_add_test(t, test_ring_room_is_promised_with_the_slot);
    tcase_add_test(t, test_slot_that_is_given_back_sends_nothing);
    tcase_add_loop_test(t, test_ids_are_never_used_twice_at_once, 0, 2);
    tcase_add_test(t, test_send_ring_wraps_at_32_bits);
    tcase_add_loop_test(
        t, test_frames_that_the_backend_drops_are_counted_and_their_slots_come_back, 0, 2);
    tcase_add_test(t, test_sent_pages_can_only_be_read);
    tcase_add_test(t, hostile_net_55_granted_pages_hold_nothing_but_frames);
    return t;
}

Suite *xen_net_tx_suite(void)
{
    Suite *suite = suite_create("xen_net_tx");
    suite_add_tcase(suite, sending());
    return suite;
}
