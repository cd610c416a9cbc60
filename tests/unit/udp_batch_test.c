/* SPDX-License-Identifier: ISC */
/*
 * UDP: batches, sending, answers in place, waiting.
 */
#include "udp_fixture.h"
#include "suites.h"

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
    ck_assert_uint_eq(f->ipv4.stats.ip.out_fragments, 2);
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
    ck_assert_uint_eq(f->ipv4.stats.ip.out_fragments, 2);
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

Suite *udp_batch_suite(void)
{
    Suite *suite = suite_create("udp_batch");
    TCase *tc = tcase_create("udp_batch");
    tcase_set_timeout(tc, 0);
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
    suite_add_tcase(suite, tc);
    return suite;
}
