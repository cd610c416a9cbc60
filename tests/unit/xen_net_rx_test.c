/* SPDX-License-Identifier: ISC */
/*
 * The network driver and an honest backend: frames in of every length, what is
 * known of them, and events.
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
    /* What netback says, and what the hypervisor says of a copy (GNTST_*). */
    static const int16_t statuses[] = { -1, -2, -3, -13, -0x8000 };
    uint16_t id;
    for (int i = 0; i < 300; i++) {
        (void)netback_rx_take(&fx.nb, &id);
        netback_rx_answer(&fx.nb, id, 0, NETRXF_more_data, i % 2 == 0 ? 100 : statuses[i % 5]);
        (void)netback_rx_take(&fx.nb, &id);
        netback_rx_answer(&fx.nb, id, 0, 0, i % 2 == 0 ? statuses[i % 5] : 100);
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
START_TEST(hostile_net_55_event_storm_is_masked_with_growing_pauses)
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
        ck_assert(!fx.x.ports[fx.keys.port_rx].masked);
        fake_raise(&fx.x, fx.keys.port_rx);
        ck_assert(!fx_poll(&fx));
    }
    ck_assert(fx.x.ports[fx.keys.port_rx].masked);
    ck_assert(!fx_poll(&fx));
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
    tcase_add_test(t, hostile_net_55_event_storm_is_masked_with_growing_pauses);
    tcase_add_test(t, test_frame_that_comes_while_its_port_is_masked_is_found_when_the_pause_ends);
    return t;
}

Suite *xen_net_rx_suite(void)
{
    Suite *suite = suite_create("xen_net_rx");
    suite_add_tcase(suite, receiving());
    return suite;
}
