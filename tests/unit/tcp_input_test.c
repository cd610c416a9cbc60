/* SPDX-License-Identifier: ISC */
/*
 * Segments in synchronized states: RFC 9293 section 3.10.7.4 step by step, each
 * rule in each state that has it.
 */
#include "suites.h"
#include "tcp_script.h"

/* Brings a connection into a state; seq, ack: what the peer's next segment says. */
static struct tcp_script *in_state(enum tern_tcp_state state, uint32_t *seq, uint32_t *ack)
{
    SCRIPT(0);
    script_accepted(t);
    t->keep_open = true;
    *seq = *ack = 1;
    switch (state) {
    case TERN_TCP_FIN_WAIT_1:
    case TERN_TCP_FIN_WAIT_2:
    case TERN_TCP_CLOSING:
        tern_stream_finish(t->s);
        script_poll(t);
        OUT(.flags = FA, .seq = 1, .ack = 1);
        if (state == TERN_TCP_FIN_WAIT_2) {
            *ack = 2;
            IN(.flags = A, .seq = 1, .ack = 2);
        }
        if (state == TERN_TCP_CLOSING) {
            IN(.flags = FA, .seq = 1, .ack = 1);
            OUT(.flags = A, .seq = 2, .ack = 2);
            *seq = 2;
        }
        break;
    case TERN_TCP_CLOSE_WAIT:
    case TERN_TCP_LAST_ACK:
        IN(.flags = FA, .seq = 1, .ack = 1);
        OUT(.flags = A, .seq = 1, .ack = 2);
        *seq = 2;
        if (state == TERN_TCP_LAST_ACK) {
            tern_stream_finish(t->s);
            script_poll(t);
            OUT(.flags = FA, .seq = 1, .ack = 2);
        }
        break;
    default:
        break;
    }
    ck_assert_int_eq(script_state(t), state);
    t->log_len = 0;
    t->log[0] = '\0';
    QUIET();
    return t;
}

static const enum tern_tcp_state states[] = {
    TERN_TCP_ESTABLISHED, TERN_TCP_FIN_WAIT_1, TERN_TCP_FIN_WAIT_2, TERN_TCP_CLOSE_WAIT,
    TERN_TCP_LAST_ACK, TERN_TCP_CLOSING,
};
#define N_STATES ((int)(sizeof states / sizeof states[0]))

/* Our next sequence number: past the FIN where it was sent. */
static uint32_t ours(enum tern_tcp_state state)
{
    return state == TERN_TCP_ESTABLISHED || state == TERN_TCP_CLOSE_WAIT ? 1 : 2;
}

START_TEST(test_segment_before_the_window_is_answered_by_an_ack)
{
    uint32_t seq, ack;
    struct tcp_script *t = in_state(states[_i], &seq, &ack);
    IN(.flags = A, .seq = seq - 1, .ack = ack);
    OUT(.flags = A, .seq = ours(states[_i]), .ack = seq);
    IN(.flags = PA, .seq = seq - 1, .ack = ack, .len = 1);
    OUT(.flags = A, .seq = ours(states[_i]), .ack = seq);
    ck_assert_uint_eq(STAT(drop_out_of_window), 2);
    ck_assert_uint_eq(STAT(in_duplicate), 1);    /* an ACK alone is no retransmission */
    ck_assert_int_eq(script_state(t), states[_i]);
    LOG("");
}
END_TEST

START_TEST(test_segment_beyond_the_window_is_answered_by_an_ack)
{
    uint32_t seq, ack;
    struct tcp_script *t = in_state(states[_i], &seq, &ack);
    uint32_t end = script_conn(t)->rcv_adv - script_conn(t)->rcv_nxt;
    IN(.flags = A, .seq = seq + end, .ack = ack);    /* at the edge: no octet is beyond it */
    QUIET();
    IN(.flags = A, .seq = seq + end + 1, .ack = ack);
    OUT(.flags = A, .seq = ours(states[_i]), .ack = seq);
    ck_assert_uint_eq(STAT(drop_out_of_window), 1);
    LOG("");
}
END_TEST

START_TEST(test_rst_out_of_the_window_is_dropped_silently)
{
    uint32_t seq, ack;
    struct tcp_script *t = in_state(states[_i], &seq, &ack);
    IN(.flags = R, .seq = seq - 1);
    IN(.flags = R, .seq = seq + 200000);
    QUIET();
    ck_assert_uint_eq(STAT(drop_out_of_window), 2);
    LOG("");
}
END_TEST

START_TEST(test_rst_in_the_window_is_challenged)
{
    uint32_t seq, ack;
    struct tcp_script *t = in_state(states[_i], &seq, &ack);
    IN(.flags = R, .seq = seq + 1);
    OUT(.flags = A, .seq = ours(states[_i]), .ack = seq);
    ck_assert_uint_eq(STAT(drop_rst_challenged), 1);
    ck_assert_int_eq(script_state(t), states[_i]);
    LOG("");
}
END_TEST

START_TEST(test_rst_at_rcv_nxt_resets)
{
    uint32_t seq, ack;
    struct tcp_script *t = in_state(states[_i], &seq, &ack);
    IN(.flags = R, .seq = seq);
    QUIET();
    LOG("closed(7)");
    ck_assert_uint_eq(STAT(in_rst), 1);
    bool counted = states[_i] == TERN_TCP_ESTABLISHED || states[_i] == TERN_TCP_CLOSE_WAIT;
    ck_assert_uint_eq(STAT(estab_resets), counted ? 1 : 0);
    DRAINED();
}
END_TEST

START_TEST(test_syn_in_a_synchronized_state_is_challenged)
{
    uint32_t seq, ack;
    struct tcp_script *t = in_state(states[_i], &seq, &ack);
    IN(.flags = S, .seq = seq);
    OUT(.flags = A, .seq = ours(states[_i]), .ack = seq);
    IN(.flags = SA, .seq = seq + 5, .ack = ack);
    OUT(.flags = A, .seq = ours(states[_i]), .ack = seq);
    ck_assert_uint_eq(STAT(drop_syn_challenged), 2);
    LOG("");
}
END_TEST

START_TEST(test_segment_without_ack_is_dropped)
{
    uint32_t seq, ack;
    struct tcp_script *t = in_state(states[_i], &seq, &ack);
    uint8_t l4[128];
    size_t len = script_emit(t, &(struct script_seg){ .flags = F, .seq = seq, .len = 3 }, l4);
    script_in_raw(t, l4, len);    /* neither ACK, RST nor SYN */
    QUIET();
    ck_assert_uint_eq(STAT(drop_no_ack), 1);
    LOG("");
}
END_TEST

START_TEST(test_ack_of_what_was_not_sent_is_challenged_and_its_text_dropped)
{
    uint32_t seq, ack;
    struct tcp_script *t = in_state(states[_i], &seq, &ack);
    uint32_t nxt = ours(states[_i]);
    IN(.flags = PA, .seq = seq, .ack = nxt + 1, .len = 4);
    OUT(.flags = A, .seq = nxt, .ack = seq);
    ck_assert_uint_eq(STAT(drop_ack_unsent), 1);
    ck_assert_int_eq(script_state(t), states[_i]);
    LOG("");
}
END_TEST

START_TEST(test_ack_far_behind_is_challenged)
{
    uint32_t seq, ack;
    struct tcp_script *t = in_state(states[_i], &seq, &ack);
    /* RFC 5961 section 5.2: below SND.UNA - MAX.SND.WND. */
    IN(.flags = PA, .seq = seq, .ack = ack - 0xffff, .len = 1);
    bool reads = states[_i] == TERN_TCP_ESTABLISHED || states[_i] == TERN_TCP_FIN_WAIT_1 ||
                 states[_i] == TERN_TCP_FIN_WAIT_2;
    ck_assert_uint_eq(STAT(drop_ack_old), 0);
    ck_assert_uint_eq(t->n_taken, reads ? 1 : 0);
    fake_link_clear(t->wire);
    IN(.flags = PA, .seq = seq + (reads ? 1 : 0), .ack = ack - 0x10000 - 1, .len = 1);
    OUT(.flags = A, .seq = ours(states[_i]), .ack = seq + (reads ? 1 : 0));
    ck_assert_uint_eq(STAT(drop_ack_old), 1);
    ck_assert_uint_eq(t->n_taken, reads ? 1 : 0);
}
END_TEST

START_TEST(test_text_is_taken_until_the_fin_and_dropped_after)
{
    uint32_t seq, ack;
    struct tcp_script *t = in_state(states[_i], &seq, &ack);
    bool reads = states[_i] == TERN_TCP_ESTABLISHED || states[_i] == TERN_TCP_FIN_WAIT_1 ||
                 states[_i] == TERN_TCP_FIN_WAIT_2;
    IN(.flags = PA, .seq = seq, .ack = ack, .len = 6);
    LOG(reads ? "data(6)" : "");
    ck_assert_uint_eq(STAT(drop_after_fin), reads ? 0 : 1);
    if (!reads)
        OUT(.flags = A, .seq = ours(states[_i]), .ack = seq);
}
END_TEST

START_TEST(test_urgent_data_is_data)
{
    uint32_t seq, ack;
    struct tcp_script *t = in_state(TERN_TCP_ESTABLISHED, &seq, &ack);
    IN(.flags = PA | U, .seq = 1, .ack = 1, .len = 6, .urgent = 3);
    LOG("data(6)");
    ck_assert_uint_eq(STAT(in_urgent), 1);
}
END_TEST

START_TEST(test_fin_again_is_acknowledged_again)
{
    uint32_t seq, ack;
    struct tcp_script *t = in_state(TERN_TCP_CLOSE_WAIT, &seq, &ack);
    IN(.flags = FA, .seq = 1, .ack = 1);
    OUT(.flags = A, .seq = 1, .ack = 2);
    LOG("");
}
END_TEST

START_TEST(test_paws_refuses_an_old_timestamp_and_a_missing_one)
{
    SCRIPT(.timestamps = true);
    script_accepted(t);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 4, .ts = true, .ts_val = 200);
    LOG("data(4)");
    IN(.flags = PA, .seq = 5, .ack = 1, .len = 4, .ts = true, .ts_val = 199);
    OUT(.flags = A, .seq = 1, .ack = 5, .ts = true, .ts_ecr = 200);
    IN(.flags = PA, .seq = 5, .ack = 1, .len = 4);
    QUIET();
    ck_assert_uint_eq(STAT(drop_paws), 2);
    LOG("");
    IN(.flags = PA, .seq = 5, .ack = 1, .len = 4, .ts = true, .ts_val = 200u + 0x7fffffffu);
    LOG("data(4)");
    IN(.flags = R, .seq = 9);    /* a RST needs none */
    LOG("closed(7)");
}
END_TEST

START_TEST(test_timestamps_are_forgotten_after_24_days_of_silence)
{
    SCRIPT(.timestamps = true);
    script_accepted(t);
    t->now_ns += UINT64_C(25) * 86400 * TERN_SECOND_NS;
    script_poll(t);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 4, .ts = true, .ts_val = 100 - 5);
    LOG("data(4)");
    ck_assert_uint_eq(STAT(drop_paws), 0);
}
END_TEST

START_TEST(test_only_a_segment_at_the_left_edge_moves_ts_recent)
{
    SCRIPT(.timestamps = true);
    script_accepted(t);
    IN(.flags = PA, .seq = 11, .ack = 1, .len = 5, .ts = true, .ts_val = 5000);
    OUT(.flags = A, .seq = 1, .ack = 1, .ts = true, .ts_ecr = 100);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 10, .ts = true, .ts_val = 101);
    OUT(.flags = A, .seq = 1, .ack = 16, .ts = true, .ts_ecr = 101);
}
END_TEST

START_TEST(test_timestamps_that_were_not_agreed_on_say_nothing)
{
    /* RFC 7323 section 3.2 */
    SCRIPT(0);
    script_accepted(t);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 4, .ts = true, .ts_val = 200);
    IN(.flags = PA, .seq = 5, .ack = 1, .len = 4, .ts = true, .ts_val = 100);
    LOG("data(4) data(4)");
    ck_assert_uint_eq(script_conn(t)->ts_recent, 0);
    ck_assert_uint_eq(STAT(drop_paws), 0);
}
END_TEST

START_TEST(test_last_ack_ends_all_also_with_text)
{
    uint32_t seq, ack;
    struct tcp_script *t = in_state(states[_i], &seq, &ack);
    bool closing = states[_i] == TERN_TCP_CLOSING;
    IN(.flags = PA, .seq = seq, .ack = 2, .len = 3);
    QUIET();
    LOG("closed(0)");
    ck_assert_uint_eq(STAT(drop_after_fin), 0);
    ck_assert_uint_eq(STAT(time_wait), closing ? 1 : 0);
    script_pass(t, 61000);
    DRAINED();
}
END_TEST

START_TEST(test_zero_window_still_takes_acks_and_rsts)
{
    SCRIPT(0);
    script_accepted(t);
    t->take = 0;
    uint32_t seq = 1;
    while (script_conn(t)->rcv_adv != script_conn(t)->rcv_nxt) {
        uint32_t len = script_conn(t)->rcv_adv - script_conn(t)->rcv_nxt;
        IN(.flags = PA, .seq = seq, .ack = 1, .len = len < 1460 ? len : 1460);
        ck_assert_uint_eq(STAT(drop_no_block), 0);
        seq += len < 1460 ? len : 1460;
    }
    script_write(t, 10);
    fake_link_clear(t->wire);
    IN(.flags = A, .seq = seq, .ack = 11);
    ck_assert_uint_eq(script_conn(t)->snd_una, script_conn(t)->snd_nxt);
    /* A probe: its octet is refused, what it acknowledges is not. */
    script_write(t, 10);
    fake_link_clear(t->wire);
    IN(.flags = PA, .seq = seq, .ack = 21, .len = 1);
    OUT(.flags = A, .seq = 21, .ack = seq, .wnd = ZERO);
    ck_assert_uint_eq(STAT(in_window_probes), 1);
    /* What stands anywhere else is refused as ever. */
    uint64_t n_refused = STAT(drop_out_of_window);
    IN(.flags = PA, .seq = seq + 1, .ack = 21, .len = 1);
    OUT(.flags = A, .seq = 21, .ack = seq, .wnd = ZERO);
    IN(.flags = A, .seq = seq + 2, .ack = 21);
    OUT(.flags = A, .seq = 21, .ack = seq, .wnd = ZERO);
    IN(.flags = R, .seq = seq - 1);
    QUIET();
    ck_assert_uint_eq(STAT(drop_out_of_window), n_refused + 3);
    ck_assert_uint_eq(STAT(in_window_probes), 1);
    IN(.flags = R, .seq = seq);
    ck_assert(t->s == NULL);
    DRAINED();
}
END_TEST

START_TEST(test_broken_segments_have_a_counter_each)
{
    SCRIPT(0);
    script_accepted(t);
    uint8_t l4[128];
    size_t len = script_emit(t, &(struct script_seg){ .flags = PA, .seq = 1, .ack = 1, .len = 9 },
                             l4);
    script_in_raw(t, l4, 19);
    ck_assert_uint_eq(STAT(drop_short), 1);
    l4[25] ^= 1;
    script_in_raw(t, l4, len);
    ck_assert_uint_eq(STAT(drop_bad_checksum), 1);
    t->port = 0;
    IN(.flags = A, .seq = 1, .ack = 1);
    ck_assert_uint_eq(STAT(drop_port_zero), 1);
    ck_assert_uint_eq(STAT(in_errs), 3);
    /* The peer's port zero; and to us among all others (RFC 9293 section 3.9.2.3, MUST-57). */
    static uint8_t frame[PACKET_CAP];
    struct packet_ip4 ip = { .src = SCRIPT_PEER, .dst = SCRIPT_US, .protocol = 6 };
    t->port = 80;
    len = script_emit(t, &(struct script_seg){ .flags = A, .seq = 1, .ack = 1 }, l4);
    tern_store_be16(l4, 0);
    (void)fake_link_input_as(t->wire, frame, packet_ip4(frame, &ip, l4, len), TERN_CSUM_VALID, 0,
                             0, t->now_ns);
    ck_assert_uint_eq(STAT(drop_port_zero), 2);
    len = script_emit(t, &(struct script_seg){ .flags = A, .seq = 1, .ack = 1, .port = 4001 }, l4);
    ip.dst |= 0xff;
    ip.dst_mac = packet_mac_broadcast;
    (void)fake_link_input_as(t->wire, frame, packet_ip4(frame, &ip, l4, len), TERN_CSUM_VALID, 0,
                             0, t->now_ns);
    ck_assert_uint_eq(STAT(drop_bad_source), 1);
    ck_assert_uint_eq(STAT(drop_no_conn), 0);
    ck_assert_uint_eq(STAT(in_errs), 5);
    QUIET();
    LOG("");
}
END_TEST

Suite *tcp_input_suite(void)
{
    Suite *suite = suite_create("tcp_input");
    TCase *tc = tcase_create("input");
    tcase_add_loop_test(tc, test_segment_before_the_window_is_answered_by_an_ack, 0, N_STATES);
    tcase_add_loop_test(tc, test_segment_beyond_the_window_is_answered_by_an_ack, 0, N_STATES);
    tcase_add_loop_test(tc, test_rst_out_of_the_window_is_dropped_silently, 0, N_STATES);
    tcase_add_loop_test(tc, test_rst_in_the_window_is_challenged, 0, N_STATES);
    tcase_add_loop_test(tc, test_rst_at_rcv_nxt_resets, 0, N_STATES);
    tcase_add_loop_test(tc, test_syn_in_a_synchronized_state_is_challenged, 0, N_STATES);
    tcase_add_loop_test(tc, test_segment_without_ack_is_dropped, 0, N_STATES);
    tcase_add_loop_test(tc, test_ack_of_what_was_not_sent_is_challenged_and_its_text_dropped, 0,
                        N_STATES);
    tcase_add_loop_test(tc, test_ack_far_behind_is_challenged, 0, N_STATES);
    tcase_add_loop_test(tc, test_text_is_taken_until_the_fin_and_dropped_after, 0, N_STATES);
    tcase_add_test(tc, test_urgent_data_is_data);
    tcase_add_test(tc, test_fin_again_is_acknowledged_again);
    tcase_add_test(tc, test_paws_refuses_an_old_timestamp_and_a_missing_one);
    tcase_add_test(tc, test_timestamps_are_forgotten_after_24_days_of_silence);
    tcase_add_test(tc, test_only_a_segment_at_the_left_edge_moves_ts_recent);
    tcase_add_test(tc, test_timestamps_that_were_not_agreed_on_say_nothing);
    tcase_add_loop_test(tc, test_last_ack_ends_all_also_with_text, 4, 6);
    tcase_add_test(tc, test_zero_window_still_takes_acks_and_rsts);
    tcase_add_test(tc, test_broken_segments_have_a_counter_each);
    suite_add_tcase(suite, tc);
    return suite;
}
