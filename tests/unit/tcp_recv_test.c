/* SPDX-License-Identifier: ISC */
/*
 * Receiving: what is offered to the user and when, what is kept, what comes out
 * of order (RFC 9293 section 3.10.7.4, seventh; RFC 5681 section 4.2).
 */
#include "suites.h"
#include "tcp_script.h"

START_TEST(test_batch_is_offered_run_for_run)
{
    SCRIPT(0);
    script_accepted(t);
    script_hold(t);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 1000);
    IN(.flags = A, .seq = 1001, .ack = 1, .len = 500);
    IN(.flags = PA, .seq = 1501, .ack = 1, .len = 5);
    script_release(t);
    LOG("data(1000) data(500) data(5)");
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks);
}
END_TEST

START_TEST(test_frame_in_many_spans_is_offered_span_for_span)
{
    SCRIPT(0);
    script_accepted(t);
    uint8_t l4[2000], frame[2000];
    size_t len = script_emit(t, &(struct script_seg){ .flags = PA, .seq = 1, .ack = 1,
                                                      .len = 1000 }, l4);
    struct packet_ip4 ip = { .src = SCRIPT_PEER, .dst = SCRIPT_US, .protocol = 6 };
    len = packet_ip4(frame, &ip, l4, len);
    fake_link_input_spans(t->wire, frame, len, 256, 301, t->now_ns);
    LOG("data(202) data(301) data(301) data(196)");
    ck_assert_uint_eq(t->n_taken, 1000);
}
END_TEST

START_TEST(test_super_frame_is_acknowledged_at_once)
{
    SCRIPT(0);
    script_accepted(t);
    static uint8_t l4[20000], frame[20000];
    size_t len = script_emit(t, &(struct script_seg){ .flags = PA, .seq = 1, .ack = 1,
                                                      .len = 4380 }, l4);
    struct packet_ip4 ip = { .src = SCRIPT_PEER, .dst = SCRIPT_US, .protocol = 6 };
    len = packet_ip4(frame, &ip, l4, len);
    fake_link_input_as(t->wire, frame, len, TERN_CSUM_VALID, TERN_GSO_TCP4, 1460, t->now_ns);
    LOG("data(4380)");
    OUT(.flags = A, .seq = 1, .ack = 4381);
}
END_TEST

START_TEST(test_what_is_not_taken_is_kept_and_offered_with_new_data)
{
    SCRIPT(0);
    script_accepted(t);
    t->take = 3;
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 10);
    LOG("data(10)");
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks - 1);
    script_poll(t);
    LOG("");    /* nothing offers it again by itself */
    IN(.flags = PA, .seq = 11, .ack = 1, .len = 10);
    LOG("data(7)");
    t->take = SIZE_MAX;
    tern_stream_resume(t->s);
    script_poll(t);
    LOG("data(14)");
    ck_assert_uint_eq(t->n_taken, 20);
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks);
}
END_TEST

START_TEST(test_small_segments_share_a_block)
{
    SCRIPT(0);
    script_accepted(t);
    t->take = 0;
    for (uint32_t i = 0; i < 2032; i++) {
        IN(.flags = PA, .seq = 1 + i, .ack = 1, .len = 1);
        t->log_len = 0;
    }
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks - 1);
    IN(.flags = PA, .seq = 2033, .ack = 1, .len = 1);
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks - 2);
}
END_TEST

START_TEST(test_room_offers_what_an_echo_could_not_write)
{
    SCRIPT(.n_blocks = 16);
    script_accepted(t);
    t->echo = true;
    uint32_t seq = 1, taken = 0;
    for (int i = 0; i < 20; i++) {    /* the peer acknowledges nothing: our queue fills */
        uint32_t room = script_conn(t)->rcv_adv - script_conn(t)->rcv_nxt;
        uint32_t len = room < 1000 ? room : 1000;
        IN(.flags = PA, .seq = seq, .ack = 1, .len = len, .wnd = 2000);
        seq = script_conn(t)->rcv_nxt - SCRIPT_PEER_ISS;
    }
    taken = (uint32_t)t->n_taken;
    ck_assert_uint_lt(taken, seq - 1);
    ck_assert(script_conn(t)->room_wanted);
    t->log_len = 0;
    uint32_t acked = 1;
    for (int i = 0; i < 100 && t->n_taken < seq - 1; i++) {
        const struct fake_frame *frame;
        while ((frame = script_take(t)) != NULL) {
            uint32_t end = tern_load_be32(frame->data + 38) - t->iss +
                           tern_load_be16(frame->data + 16) - 40u;
            if ((int32_t)(end - acked) > 0)
                acked = end;
        }
        IN(.flags = A, .seq = seq, .ack = acked, .wnd = 20000);
    }
    ck_assert_uint_eq(t->n_taken, seq - 1);
    ck_assert(strstr(t->log, "data(") != NULL && strstr(t->log, "room") != NULL);
}
END_TEST

START_TEST(test_each_out_of_order_segment_gets_its_duplicate_ack)
{
    SCRIPT(0);
    script_accepted(t);
    script_hold(t);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100);
    IN(.flags = A, .seq = 201, .ack = 1, .len = 100);
    IN(.flags = A, .seq = 301, .ack = 1, .len = 100);
    IN(.flags = A, .seq = 401, .ack = 1, .len = 100);
    script_release(t);
    for (int i = 0; i < 4; i++)    /* one for what is in order, three duplicates */
        OUT(.flags = A, .seq = 1, .ack = 101);
    QUIET();
    ck_assert_uint_eq(STAT(out_dup_acks), 3);
    LOG("data(100)");
    IN(.flags = A, .seq = 101, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 501);    /* at once: the gap is filled */
    QUIET();
    LOG("data(100) data(300)");
    ck_assert_uint_eq(t->tcp.n_works_free, 4);
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks);
}
END_TEST

/* All orders of five segments, one of them a FIN: the octets are the same. */
START_TEST(test_every_order_of_arrival_gives_the_same_octets)
{
    static const struct { uint32_t seq, len; } piece[5] = {
        { 1, 7 }, { 8, 1 }, { 9, 2000 }, { 2009, 300 }, { 2309, 50 },
    };
    int order[5], rest = _i;
    bool used[5] = { false };
    for (int i = 0; i < 5; i++) {
        int k = rest % (5 - i), at = 0;
        rest /= 5 - i;
        for (;; at++)
            if (!used[at] && k-- == 0)
                break;
        used[at] = true;
        order[i] = at;
    }
    SCRIPT(0);
    script_accepted(t);
    for (int i = 0; i < 5; i++)
        IN(.flags = order[i] == 4 ? FPA : PA, .seq = piece[order[i]].seq, .ack = 1,
           .len = piece[order[i]].len);
    ck_assert_uint_eq(t->n_taken, 2358);
    ck_assert(strstr(t->log, "ended") != NULL);
    fake_link_clear(t->wire);
    IN(.flags = A, .seq = 2360, .ack = 2);
    ck_assert(strstr(t->log, "closed(0)") != NULL);
    DRAINED();
}
END_TEST

START_TEST(test_overlaps_keep_what_came_first)
{
    SCRIPT(0);
    script_accepted(t);
    static uint8_t lies[600];
    memset(lies, 0xee, sizeof lies);
    IN(.flags = PA, .seq = 101, .ack = 1, .len = 100);
    IN(.flags = PA, .seq = 301, .ack = 1, .len = 100);
    /* What both ranges have already is not believed a second time. */
    uint8_t mixed[500];
    for (uint32_t i = 0; i < sizeof mixed; i++) {
        uint32_t seq = 51 + i;
        bool have = (seq >= 101 && seq < 201) || (seq >= 301 && seq < 401);
        mixed[i] = have ? 0xee : script_octet(seq);
    }
    IN(.flags = PA, .seq = 51, .ack = 1, .len = 500, .data = mixed);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 60);
    ck_assert_uint_eq(t->n_taken, 550);
    ck_assert_uint_eq(script_conn(t)->rcv_nxt - SCRIPT_PEER_ISS, 551);
    fake_link_clear(t->wire);
    /* And what was delivered is not believed at all. */
    IN(.flags = PA, .seq = 51, .ack = 1, .len = 500, .data = lies);
    OUT(.flags = A, .seq = 1, .ack = 551);
    ck_assert_uint_eq(t->n_taken, 550);
}
END_TEST

START_TEST(test_segment_over_the_window_is_cut)
{
    SCRIPT(.window_max = 4000);
    script_accepted(t);
    t->take = 0;
    IN(.flags = FPA, .seq = 1, .ack = 1, .len = 5000);
    ck_assert_uint_eq(script_conn(t)->rcv_nxt - SCRIPT_PEER_ISS, 4001);
    ck_assert_int_eq(script_state(t), TERN_TCP_ESTABLISHED);    /* its FIN was beyond, too */
    OUT(.flags = A, .seq = 1, .ack = 4001, .wnd = 4000);
}
END_TEST

START_TEST(test_fin_waits_until_what_is_before_it_is_taken)
{
    SCRIPT(0);
    script_accepted(t);
    t->take = 0;
    IN(.flags = FPA, .seq = 1, .ack = 1, .len = 10);
    LOG("data(10)");
    OUT(.flags = A, .seq = 1, .ack = 12);    /* kept, so acknowledged */
    ck_assert_int_eq(script_state(t), TERN_TCP_CLOSE_WAIT);
    t->take = SIZE_MAX;
    tern_stream_resume(t->s);
    script_poll(t);
    LOG("data(10) ended");
}
END_TEST

START_TEST(test_fin_is_forgotten_with_what_found_no_block)
{
    SCRIPT(0);
    script_accepted(t);
    t->take = 0;
    struct tern_block *taken[65];
    size_t n = 0;
    while ((taken[n] = tern_block_take(&t->blocks)) != NULL)
        n++;
    IN(.flags = FPA, .seq = 1, .ack = 1, .len = 10);
    LOG("data(10)");
    OUT(.flags = A, .seq = 1, .ack = 1);
    ck_assert_int_eq(script_state(t), TERN_TCP_ESTABLISHED);
    ck_assert_uint_eq(STAT(drop_no_block), 1);
    while (n > 0)
        tern_block_give(&t->blocks, taken[--n]);
    t->take = SIZE_MAX;
    IN(.flags = FPA, .seq = 1, .ack = 1, .len = 10);
    LOG("data(10) ended");
    OUT(.flags = FA, .seq = 1, .ack = 12);
}
END_TEST

START_TEST(test_spent_budget_keeps_what_was_not_offered)
{
    SCRIPT(0);
    script_listen(t);
    uint32_t iss[4];
    for (uint16_t i = 0; i < 4; i++) {
        IN(.flags = S, .mss = 1460, .port = (uint16_t)(4001 + i));
        OUT(.flags = SA, .ack = 1);
        IN(.flags = A, .seq = 1, .ack = 1, .port = (uint16_t)(4001 + i));
        iss[i] = t->iss;
    }
    t->log_len = 0;
    t->turn.budget = 2;
    script_hold(t);
    for (uint16_t i = 0; i < 4; i++) {
        uint8_t octet = script_octet(1 + i);
        t->iss = iss[i];
        IN(.flags = PA, .seq = 1, .ack = 1, .len = 1, .data = &octet,
           .port = (uint16_t)(4001 + i));
    }
    script_release(t);
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks - 2);
    script_poll(t);
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks);
    ck_assert_uint_eq(t->n_taken, 4);
}
END_TEST

/* The peer contradicts itself: octets behind its own end. Nobody shall see them. */
START_TEST(test_octets_behind_the_fin_are_forgotten)
{
    SCRIPT(0);
    script_accepted(t);
    t->keep_open = true;
    IN(.flags = PA, .seq = 2, .ack = 1, .len = 10);    /* kept: 1 may still be an octet */
    OUT(.flags = A, .seq = 1, .ack = 1);
    IN(.flags = FA, .seq = 1, .ack = 1);
    OUT(.flags = A, .seq = 1, .ack = 2);
    LOG("ended");
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks);
    ck_assert_uint_eq(t->tcp.n_works_free, 4);
    IN(.flags = A, .seq = 2, .ack = 1);
    script_pass(t, 1000);
    LOG("");
    ck_assert_uint_eq(t->n_taken, 0);
    QUIET();
}
END_TEST

/* A FIN that waits out of order counts where it stands, whatever came behind it. */
START_TEST(test_octets_behind_a_fin_out_of_order_are_forgotten)
{
    SCRIPT(0);
    script_accepted(t);
    t->keep_open = true;
    IN(.flags = FPA, .seq = 11, .ack = 1, .len = 10);
    IN(.flags = PA, .seq = 22, .ack = 1, .len = 10);
    fake_link_clear(t->wire);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 10);
    OUT(.flags = A, .seq = 1, .ack = 22);
    LOG("data(10) data(10) ended");
    ck_assert_uint_eq(t->n_taken, 20);
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks);
    QUIET();
}
END_TEST

/* A segment that finds room for a part of itself is kept as far as that goes. */
START_TEST(test_part_of_a_segment_out_of_order_is_kept)
{
    SCRIPT(.n_blocks = 8);
    script_accepted(t);
    uint32_t n = 0;
    for (; STAT(drop_no_block) == 0; n++) {
        ck_assert_uint_lt(n, 8 * 2048 / 1000);
        IN(.flags = PA, .seq = 101 + 1000 * n, .ack = 1, .len = 1000);
    }
    ck_assert_uint_gt(n, 1);
    ck_assert_uint_eq(STAT(in_out_of_order), n - 1);
    fake_link_clear(t->wire);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    ck_assert_uint_gt(t->n_taken, 100 + 1000 * (n - 1));
    ck_assert_uint_lt(t->n_taken, 100 + 1000 * n);
    OUT(.flags = A, .seq = 1, .ack = 1 + (uint32_t)t->n_taken);
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks);
}
END_TEST

Suite *tcp_recv_suite(void)
{
    Suite *suite = suite_create("tcp_recv");
    TCase *tc = tcase_create("recv");
    tcase_add_test(tc, test_batch_is_offered_run_for_run);
    tcase_add_test(tc, test_frame_in_many_spans_is_offered_span_for_span);
    tcase_add_test(tc, test_super_frame_is_acknowledged_at_once);
    tcase_add_test(tc, test_what_is_not_taken_is_kept_and_offered_with_new_data);
    tcase_add_test(tc, test_small_segments_share_a_block);
    tcase_add_test(tc, test_room_offers_what_an_echo_could_not_write);
    tcase_add_test(tc, test_each_out_of_order_segment_gets_its_duplicate_ack);
    tcase_add_loop_test(tc, test_every_order_of_arrival_gives_the_same_octets, 0, 120);
    tcase_add_test(tc, test_overlaps_keep_what_came_first);
    tcase_add_test(tc, test_segment_over_the_window_is_cut);
    tcase_add_test(tc, test_fin_waits_until_what_is_before_it_is_taken);
    tcase_add_test(tc, test_fin_is_forgotten_with_what_found_no_block);
    tcase_add_test(tc, test_spent_budget_keeps_what_was_not_offered);
    tcase_add_test(tc, test_octets_behind_the_fin_are_forgotten);
    tcase_add_test(tc, test_octets_behind_a_fin_out_of_order_are_forgotten);
    tcase_add_test(tc, test_part_of_a_segment_out_of_order_is_kept);
    suite_add_tcase(suite, tc);
    return suite;
}
