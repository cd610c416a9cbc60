/* SPDX-License-Identifier: ISC */
/*
 * Opening: RFC 9293 sections 3.5, 3.10.1, 3.10.7.1 to 3.10.7.3, both sides and
 * both at once.
 */
#include "libnet/tcp_internal.h"
#include "suites.h"
#include "tcp_script.h"

START_TEST(test_listener_completes_a_handshake)
{
    SCRIPT(0);
    script_listen(t);
    IN(.flags = S, .mss = 1400);
    OUT(.flags = SA, .ack = 1, .mss = 1460, .wnd = 14600);
    LOG("");
    ck_assert_uint_eq(t->tcp.n_halves_free, 3);
    IN(.flags = A, .seq = 1, .ack = 1);
    LOG("accept opened");
    ck_assert_int_eq(script_state(t), TERN_TCP_ESTABLISHED);
    ck_assert_uint_eq(t->tcp.n_halves_free, 4);
    ck_assert_uint_eq(STAT(passive_opens), 1);
    ck_assert_uint_eq(STAT(curr_estab), 1);
    ck_assert_uint_eq(script_conn(t)->mss, 1400);
}
END_TEST

START_TEST(test_connect_sends_a_syn_and_is_opened_by_its_answer)
{
    SCRIPT(.timestamps = true, .scaling = true);
    script_connect(t);
    OUT(.flags = S, .mss = 1460, .ts = true, .scale = 8, .wnd = 14600);
    ck_assert_int_eq(script_state(t), TERN_TCP_SYN_SENT);
    IN(.flags = SA, .ack = 1, .mss = 1460, .ts = true, .ts_val = 77, .ts_ecr = t->last_ts_val,
       .scale = 3, .wnd = 1000);
    OUT(.flags = A, .seq = 1, .ack = 1, .ts = true, .ts_ecr = 77);
    LOG("opened");
    ck_assert_int_eq(script_state(t), TERN_TCP_ESTABLISHED);
    ck_assert_uint_eq(script_conn(t)->snd_wnd, 1000);    /* a SYN's window is never scaled */
    ck_assert_uint_eq(script_conn(t)->snd_scale, 2);
    ck_assert_uint_eq(script_conn(t)->mss, 1448);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = 1000, .ts = true, .ts_val = 78);
    ck_assert_uint_eq(script_conn(t)->snd_wnd, 4000);
}
END_TEST

START_TEST(test_options_that_the_peer_did_not_send_are_not_used)
{
    SCRIPT(.timestamps = true, .scaling = true);
    script_connect(t);
    OUT(.flags = S, .ts = true, .scale = 8);
    IN(.flags = SA, .ack = 1);
    OUT(.flags = A, .seq = 1, .ack = 1);
    ck_assert(!script_conn(t)->timestamps);
    ck_assert_uint_eq(script_conn(t)->rcv_scale, 0);
    ck_assert_uint_eq(script_conn(t)->mss, 536);    /* no MSS option either */
    ck_assert_uint_le(script_conn(t)->rcv_adv - script_conn(t)->rcv_nxt, 65535);
}
END_TEST

START_TEST(test_listener_agrees_to_options_that_were_offered)
{
    SCRIPT(.timestamps = true, .scaling = true);
    script_listen(t);
    IN(.flags = S, .mss = 1460, .ts = true, .ts_val = 9, .scale = 1);
    OUT(.flags = SA, .ack = 1, .ts = true, .ts_ecr = 9, .scale = 8);
    IN(.flags = A, .seq = 1, .ack = 1, .ts = true, .ts_val = 10, .ts_ecr = t->last_ts_val);
    LOG("accept opened");
    ck_assert_uint_eq(script_conn(t)->rcv_scale, 7);
    ck_assert_uint_eq(script_conn(t)->ts_recent, 10);
}
END_TEST

START_TEST(test_syn_to_no_listener_is_reset)
{
    SCRIPT(0);
    IN(.flags = S, .seq = 5);
    OUT(.flags = RA, .ack = 6);
    ck_assert_uint_eq(STAT(drop_no_conn), 1);
    IN(.flags = A, .seq = 5, .ack = 77);    /* with an ACK: <SEQ=SEG.ACK><CTL=RST> */
    const struct fake_frame *frame = script_take(t);
    ck_assert(frame != NULL && frame->data[34 + 13] == R);
    ck_assert_uint_eq(tern_load_be32(frame->data + 38), t->iss + 77);
    IN(.flags = R, .seq = 5);
    QUIET();
    ck_assert_uint_eq(STAT(drop_no_conn), 3);
    ck_assert_uint_eq(STAT(out_rsts), 2);
}
END_TEST

START_TEST(test_listen_resets_an_ack_and_ignores_a_rst)
{
    SCRIPT(0);
    script_listen(t);
    IN(.flags = R, .seq = 5);
    QUIET();
    ck_assert_uint_eq(STAT(drop_listen_rst), 1);
    IN(.flags = A, .seq = 5, .ack = 9);
    OUT(.flags = R);
    IN(.flags = SA, .seq = 5, .ack = 9);
    OUT(.flags = R);
    ck_assert_uint_eq(STAT(drop_listen_ack), 2);
    LOG("");
}
END_TEST

START_TEST(test_syn_sent_resets_an_ack_of_what_was_not_sent)
{
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    IN(.flags = SA, .ack = 0);
    OUT(.flags = R);
    IN(.flags = SA, .ack = 2);
    const struct fake_frame *frame = script_take(t);
    ck_assert_uint_eq(tern_load_be32(frame->data + 38), t->iss + 2);
    IN(.flags = RA, .ack = 2);    /* a RST with a bad ACK is only dropped */
    QUIET();
    ck_assert_uint_eq(STAT(drop_syn_sent_ack), 3);
    ck_assert_int_eq(script_state(t), TERN_TCP_SYN_SENT);
}
END_TEST

START_TEST(test_syn_sent_believes_a_rst_only_with_an_acceptable_ack)
{
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    IN(.flags = R);
    LOG("");
    ck_assert_uint_eq(STAT(drop_syn_sent_rst), 1);
    IN(.flags = RA, .ack = 1);
    LOG("closed(6)");    /* REFUSED */
    QUIET();
    ck_assert_uint_eq(STAT(attempt_fails), 1);
    DRAINED();
}
END_TEST

START_TEST(test_syn_sent_drops_what_is_neither_syn_nor_rst)
{
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    IN(.flags = A, .ack = 1, .len = 10);
    IN(.flags = FA, .ack = 1);
    QUIET();
    ck_assert_uint_eq(STAT(drop_syn_sent_no_syn), 2);
}
END_TEST

START_TEST(test_simultaneous_open_meets_in_the_middle)
{
    /* RFC 9293 section 3.5, figure 8. */
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    IN(.flags = S, .mss = 1460);
    OUT(.flags = SA, .ack = 1);
    ck_assert_int_eq(script_state(t), TERN_TCP_SYN_RECEIVED);
    LOG("");
    IN(.flags = SA, .ack = 1, .mss = 1460);    /* its SYN is old: answered by an ACK */
    OUT(.flags = A, .seq = 1, .ack = 1);
    ck_assert_int_eq(script_state(t), TERN_TCP_SYN_RECEIVED);
    IN(.flags = A, .seq = 1, .ack = 1);
    LOG("opened");
    ck_assert_int_eq(script_state(t), TERN_TCP_ESTABLISHED);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 5);
    LOG("data(5)");
}
END_TEST

START_TEST(test_simultaneous_open_resets_a_bad_ack)
{
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    IN(.flags = S, .mss = 1460);
    OUT(.flags = SA, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 5);
    OUT(.flags = R);
    ck_assert_uint_eq(STAT(drop_ack_unsent), 1);
    IN(.flags = A, .seq = 1, .ack = 0);    /* of nothing, not even of our SYN */
    OUT(.flags = R);
    ck_assert_uint_eq(STAT(drop_ack_unsent), 2);
    IN(.flags = R, .seq = 1);
    LOG("closed(6)");
    DRAINED();
}
END_TEST

START_TEST(test_simultaneous_open_sends_its_syn_ack_again)
{
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    IN(.flags = S, .mss = 1460);
    OUT(.flags = SA, .ack = 1);
    script_at(t, 999);
    QUIET();
    script_at(t, 1000);
    OUT(.flags = SA, .ack = 1);
}
END_TEST

START_TEST(test_syn_is_sent_again_with_doubling_pauses_until_the_user_timeout)
{
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    static const uint32_t at[] = { 1000, 3000, 7000, 15000, 31000, 63000, 123000 };
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        script_at(t, at[i] - 1);
        QUIET();
        script_at(t, at[i]);
        OUT(.flags = S);
    }
    script_at(t, 179999);
    QUIET();
    LOG("");
    script_at(t, 180000);
    LOG("closed(8)");    /* TIMED_OUT: R2 of a SYN is three minutes */
    QUIET();
    ck_assert_uint_eq(STAT(timeouts_user), 1);
    DRAINED();
}
END_TEST

START_TEST(test_after_a_lost_syn_rto_is_three_seconds_and_the_window_one_segment)
{
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    script_at(t, 1000);
    OUT(.flags = S);
    IN(.flags = SA, .ack = 1, .mss = 1460);
    OUT(.flags = A, .seq = 1, .ack = 1);
    script_write(t, 5000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    QUIET();
    script_at(t, 3999);
    QUIET();
    script_at(t, 4000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
}
END_TEST

START_TEST(test_syn_ack_is_sent_again_and_its_entry_gives_up)
{
    SCRIPT(0);
    script_listen(t);
    IN(.flags = S);
    OUT(.flags = SA, .ack = 1);
    static const uint32_t at[] = { 1000, 3000, 7000, 15000, 31000 };
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        script_at(t, at[i] - 1);
        QUIET();
        script_at(t, at[i]);
        OUT(.flags = SA, .ack = 1);
    }
    script_at(t, 62999);
    ck_assert_uint_eq(t->tcp.n_halves_free, 3);
    script_at(t, 63000);
    QUIET();
    ck_assert_uint_eq(STAT(half_timed_out), 1);
    ck_assert_uint_eq(STAT(half_retransmits), 5);
    LOG("");
    DRAINED();
}
END_TEST

START_TEST(test_syn_again_gets_its_syn_ack_again)
{
    SCRIPT(0);
    script_listen(t);
    IN(.flags = S, .mss = 1460);
    OUT(.flags = SA, .ack = 1);
    IN(.flags = S, .mss = 1460);
    OUT(.flags = SA, .ack = 1);
    ck_assert_uint_eq(t->tcp.n_halves_free, 3);
    IN(.flags = A, .seq = 1, .ack = 1);
    LOG("accept opened");
}
END_TEST

START_TEST(test_half_open_entry_checks_what_completes_it)
{
    SCRIPT(.timestamps = true);
    script_listen(t);
    IN(.flags = S, .mss = 1460, .ts = true, .ts_val = 500);
    OUT(.flags = SA, .ack = 1, .ts = true, .ts_ecr = 500);
    uint32_t ecr = t->last_ts_val;
    IN(.flags = A, .seq = 1, .ack = 1, .ts = true, .ts_val = 499);    /* PAWS */
    OUT(.flags = A, .seq = 1, .ack = 1, .ts = true);
    IN(.flags = A, .seq = 1, .ack = 1);                               /* no timestamp at all */
    ck_assert_uint_eq(STAT(drop_half_paws), 2);
    QUIET();
    IN(.flags = A, .seq = 20000, .ack = 1, .ts = true, .ts_val = 500);    /* beyond the window */
    OUT(.flags = A, .seq = 1, .ack = 1, .ts = true);
    ck_assert_uint_eq(STAT(drop_half_seq), 1);
    IN(.flags = A, .seq = 1, .ack = 2, .ts = true, .ts_val = 500);
    OUT(.flags = R);
    ck_assert_uint_eq(STAT(drop_half_seq), 2);
    IN(.flags = S, .seq = 100, .ts = true, .ts_val = 500);    /* another SYN, in the window */
    OUT(.flags = A, .seq = 1, .ack = 1, .ts = true);
    IN(.flags = P, .seq = 1, .len = 5, .ts = true, .ts_val = 500);
    ck_assert_uint_eq(STAT(drop_no_ack), 1);
    ck_assert_uint_eq(STAT(out_challenge_acks), 3);
    IN(.flags = R, .seq = 2);    /* the budget is spent */
    QUIET();
    ck_assert_uint_eq(STAT(drop_half_rst), 1);
    ck_assert_uint_eq(STAT(challenge_limited), 1);
    LOG("");
    IN(.flags = A, .seq = 1, .ack = 1, .ts = true, .ts_val = 501, .ts_ecr = ecr);
    LOG("accept opened");
}
END_TEST

START_TEST(test_rst_in_a_half_open_entrys_window_is_challenged)
{
    SCRIPT(0);
    script_listen(t);
    IN(.flags = S);
    OUT(.flags = SA, .ack = 1);
    IN(.flags = R, .seq = 2);    /* RFC 5961 section 3.2 */
    OUT(.flags = A, .seq = 1, .ack = 1);
    ck_assert_uint_eq(STAT(drop_half_rst), 1);
    ck_assert_uint_eq(STAT(half_open), 1);
}
END_TEST

START_TEST(test_rst_at_the_right_place_ends_a_half_open_entry)
{
    SCRIPT(0);
    script_listen(t);
    IN(.flags = S);
    OUT(.flags = SA, .ack = 1);
    IN(.flags = R, .seq = 1);
    QUIET();
    DRAINED();
    ck_assert_uint_eq(STAT(in_rst), 1);
    ck_assert_uint_eq(STAT(attempt_fails), 1);
}
END_TEST

START_TEST(test_ack_that_completes_may_carry_data_and_fin)
{
    SCRIPT(0);
    script_listen(t);
    IN(.flags = S, .mss = 1460);
    OUT(.flags = SA, .ack = 1);
    IN(.flags = FPA, .seq = 1, .ack = 1, .len = 7);
    LOG("accept opened data(7) ended");
    OUT(.flags = FA, .seq = 1, .ack = 9);
    IN(.flags = A, .seq = 9, .ack = 2);
    LOG("closed(0)");
    DRAINED();
}
END_TEST

START_TEST(test_data_on_a_syn_is_not_acknowledged)
{
    SCRIPT(0);
    script_listen(t);
    IN(.flags = S, .mss = 1460, .len = 20);
    OUT(.flags = SA, .ack = 1);
    ck_assert_uint_eq(STAT(in_syn_data), 1);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 20);
    LOG("accept opened data(20)");
}
END_TEST

START_TEST(test_what_accept_does_not_attach_is_reset)
{
    SCRIPT(0);
    script_listen(t);
    t->attach_none = true;
    IN(.flags = S);
    OUT(.flags = SA, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1);
    OUT(.flags = RA, .seq = 1, .ack = 1);
    LOG("accept");
    ck_assert_uint_eq(STAT(accept_aborts), 1);
    DRAINED();
}
END_TEST

START_TEST(test_paused_listener_completes_nothing_until_it_goes_on)
{
    SCRIPT(0);
    script_listen(t);
    tern_tcp_listener_pause(t->listener, true);
    IN(.flags = S);
    OUT(.flags = SA, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1);
    QUIET();
    LOG("");
    ck_assert_uint_eq(STAT(drop_paused), 1);
    tern_tcp_listener_pause(t->listener, false);
    script_at(t, 1000);
    OUT(.flags = SA, .ack = 1);    /* the peer answers the SYN-ACK that comes again */
    IN(.flags = A, .seq = 1, .ack = 1);
    LOG("accept opened");
}
END_TEST

START_TEST(test_closed_listener_forgets_its_half_open_entries)
{
    SCRIPT(0);
    script_listen(t);
    IN(.flags = S);
    OUT(.flags = SA, .ack = 1);
    tern_tcp_listener_close(t->listener);
    IN(.flags = A, .seq = 1, .ack = 1);
    OUT(.flags = R);
    LOG("");
    DRAINED();
    script_listen(t);    /* the port is free again */
}
END_TEST

/* :: is any address of every family, 0.0.0.0 any of IPv4. */
START_TEST(test_listener_at_any_of_ipv4_is_for_ipv4_alone)
{
    SCRIPT(.n_conns = 1);
    script_listen(t);
    const struct tern_tcp *tcp = &t->tcp;
    struct tern_addr v6 = { { 0x20, 1, 0xd, 0xb8, [15] = 1 } }, v4 = tern_addr_v4(SCRIPT_US);
    ck_assert_ptr_nonnull(tern_tcp_listen_find(tcp, &v4, 80, 0));
    ck_assert_ptr_nonnull(tern_tcp_listen_find(tcp, &v6, 80, 0));
    struct tern_tcp_listen listen = { .local = { .addr = tern_addr_v4(0), .port = 80 } };
    struct tern_tcp_listener *l;
    tern_accept_fn *accept = t->listener->accept;
    tern_tcp_listener_close(t->listener);
    ck_assert_int_eq(tern_tcp_listen(&t->net, &listen, accept, t, &l), TERN_OK);
    ck_assert_ptr_eq(tern_tcp_listen_find(tcp, &v4, 80, 0), l);
    ck_assert_ptr_null(tern_tcp_listen_find(tcp, &v6, 80, 0));
    listen.local.addr = (struct tern_addr){ { 0 } };
    ck_assert_int_eq(tern_tcp_listen(&t->net, &listen, accept, t, &l), TERN_REFUSED);
}
END_TEST

START_TEST(test_listen_and_connect_say_what_is_wrong)
{
    SCRIPT(.n_conns = 1);
    script_listen(t);
    struct tern_tcp_listen listen = { .local.port = 80 };
    struct tern_tcp_listener *l;
    tern_accept_fn *accept = t->listener->accept;
    ck_assert_int_eq(tern_tcp_listen(&t->net, &listen, accept, t, &l), TERN_REFUSED);
    listen.local.addr = tern_addr_v4(0);
    ck_assert_int_eq(tern_tcp_listen(&t->net, &listen, accept, t, &l), TERN_REFUSED);
    listen.local.addr = tern_addr_v4(0x0a0a0a0a);
    ck_assert_int_eq(tern_tcp_listen(&t->net, &listen, accept, t, &l), TERN_INVALID);
    listen.local.addr = (struct tern_addr){ { 0xfe, 0x80, [15] = 1 } };
    ck_assert_int_eq(tern_tcp_listen(&t->net, &listen, accept, t, &l), TERN_UNSUPPORTED);
    listen.local = (struct tern_endpoint_addr){ .port = 0 };
    ck_assert_int_eq(tern_tcp_listen(&t->net, &listen, accept, t, &l), TERN_OK);
    struct tern_endpoint_addr at;
    tern_tcp_listener_local(l, &at);
    ck_assert_uint_ge(at.port, 49152);
    listen.local.port = 81;
    ck_assert_int_eq(tern_tcp_listen(&t->net, &listen, accept, t, &l), TERN_FULL);

    struct tern_stream *s;
    struct tern_endpoint_addr peer = { .addr = tern_addr_v4(SCRIPT_PEER) };
    struct tern_endpoint_addr local = { .port = 5000 };
    ck_assert_int_eq(tern_tcp_connect(&t->net, &peer, NULL, NULL, NULL, NULL, &s), TERN_INVALID);
    peer.port = 4000;
    local.addr = tern_addr_v4(0x0a0a0a0a);
    ck_assert_int_eq(tern_tcp_connect(&t->net, &peer, &local, NULL, NULL, NULL, &s),
                     TERN_INVALID);
    peer.addr = (struct tern_addr){ { 0x20, 1, [15] = 1 } };
    ck_assert_int_eq(tern_tcp_connect(&t->net, &peer, NULL, NULL, NULL, NULL, &s),
                     TERN_UNSUPPORTED);
    static const uint32_t groups[] = { 0xffffffff, 0xe0000001, 0x0a0000ff, 0x7f000001,
                                       0xf0000001 };
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        peer.addr = tern_addr_v4(groups[i]);
        ck_assert_int_eq(tern_tcp_connect(&t->net, &peer, NULL, NULL, NULL, NULL, &s),
                         TERN_INVALID);
    }
    peer.addr = tern_addr_v4(0xc0000201);
    ck_assert_int_eq(tern_tcp_connect(&t->net, &peer, NULL, NULL, NULL, NULL, &s),
                     TERN_UNREACHABLE);
    script_connect(t);
    peer.addr = tern_addr_v4(SCRIPT_PEER);
    local = (struct tern_endpoint_addr){ .port = 5000 };
    ck_assert_int_eq(tern_tcp_connect(&t->net, &peer, &local, NULL, NULL, NULL, &s), TERN_FULL);
}
END_TEST

START_TEST(test_connect_refuses_a_tuple_that_is_in_use)
{
    SCRIPT(0);
    script_connect(t);
    struct tern_stream *s;
    struct tern_endpoint_addr peer = { .addr = tern_addr_v4(SCRIPT_PEER), .port = 4000 };
    struct tern_endpoint_addr local = { .port = 5000 };
    ck_assert_int_eq(tern_tcp_connect(&t->net, &peer, &local, NULL, NULL, NULL, &s),
                     TERN_REFUSED);
}
END_TEST

START_TEST(test_close_before_the_answer_gives_the_connect_up)
{
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    tern_stream_close(t->s);
    script_poll(t);
    LOG("closed(0)");
    QUIET();
    DRAINED();
    IN(.flags = SA, .ack = 1);    /* half-open on the other side: section 3.5.1 */
    OUT(.flags = R);
}
END_TEST

START_TEST(test_what_is_written_before_the_answer_leaves_with_it)
{
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    script_write(t, 10);
    tern_stream_finish(t->s);
    QUIET();
    IN(.flags = SA, .ack = 1, .mss = 1460);
    OUT(.flags = FPA, .seq = 1, .ack = 1, .len = 10);
    LOG("opened");
    ck_assert_int_eq(script_state(t), TERN_TCP_FIN_WAIT_1);
}
END_TEST

START_TEST(test_neighbour_that_does_not_answer_makes_a_connect_unreachable)
{
    SCRIPT(.no_peer = true);
    script_connect(t);
    QUIET();    /* ARP only */
    script_at(t, 20000);
    LOG("closed(9)");
    DRAINED();
}
END_TEST

START_TEST(test_syn_waits_for_the_neighbour_and_leaves_when_it_is_known)
{
    SCRIPT(.no_peer = true);
    script_connect(t);
    QUIET();
    uint8_t frame[64];
    size_t len = packet_arp(frame, packet_mac_us, 2, packet_mac_peer, SCRIPT_PEER,
                            packet_mac_us, SCRIPT_US);
    fake_link_input(t->wire, frame, len, t->now_ns);
    OUT(.flags = S);
    ck_assert_uint_eq(STAT(tx_waits), 1);
}
END_TEST

START_TEST(test_syn_ack_that_finds_no_slot_leaves_soon)
{
    SCRIPT(0);
    script_listen(t);
    t->wire->full = true;
    IN(.flags = S, .mss = 1460);
    QUIET();
    ck_assert_uint_eq(STAT(reply_lost), 1);
    t->wire->full = false;
    script_at(t, 19);
    QUIET();
    script_at(t, 20);
    OUT(.flags = SA, .ack = 1);
    script_at(t, 999);
    QUIET();
    script_at(t, 1000);    /* and from then on as if it had left at once */
    OUT(.flags = SA, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1);
    LOG("accept opened");
}
END_TEST

START_TEST(test_syn_ack_that_never_finds_a_slot_is_given_up)
{
    SCRIPT(0);
    script_listen(t);
    t->wire->full = true;
    IN(.flags = S, .mss = 1460);
    script_at(t, 3000);
    ck_assert_uint_eq(STAT(half_timed_out), 1);
    t->wire->full = false;
    script_at(t, 10000);
    QUIET();
    DRAINED();
}
END_TEST

Suite *tcp_open_suite(void)
{
    Suite *suite = suite_create("tcp_open");
    TCase *tc = tcase_create("open");
    tcase_add_test(tc, test_listener_completes_a_handshake);
    tcase_add_test(tc, test_connect_sends_a_syn_and_is_opened_by_its_answer);
    tcase_add_test(tc, test_options_that_the_peer_did_not_send_are_not_used);
    tcase_add_test(tc, test_listener_agrees_to_options_that_were_offered);
    tcase_add_test(tc, test_syn_to_no_listener_is_reset);
    tcase_add_test(tc, test_listen_resets_an_ack_and_ignores_a_rst);
    tcase_add_test(tc, test_syn_sent_resets_an_ack_of_what_was_not_sent);
    tcase_add_test(tc, test_syn_sent_believes_a_rst_only_with_an_acceptable_ack);
    tcase_add_test(tc, test_syn_sent_drops_what_is_neither_syn_nor_rst);
    tcase_add_test(tc, test_simultaneous_open_meets_in_the_middle);
    tcase_add_test(tc, test_simultaneous_open_resets_a_bad_ack);
    tcase_add_test(tc, test_simultaneous_open_sends_its_syn_ack_again);
    tcase_add_test(tc, test_syn_is_sent_again_with_doubling_pauses_until_the_user_timeout);
    tcase_add_test(tc, test_after_a_lost_syn_rto_is_three_seconds_and_the_window_one_segment);
    tcase_add_test(tc, test_syn_ack_is_sent_again_and_its_entry_gives_up);
    tcase_add_test(tc, test_syn_again_gets_its_syn_ack_again);
    tcase_add_test(tc, test_half_open_entry_checks_what_completes_it);
    tcase_add_test(tc, test_rst_in_a_half_open_entrys_window_is_challenged);
    tcase_add_test(tc, test_rst_at_the_right_place_ends_a_half_open_entry);
    tcase_add_test(tc, test_ack_that_completes_may_carry_data_and_fin);
    tcase_add_test(tc, test_data_on_a_syn_is_not_acknowledged);
    tcase_add_test(tc, test_what_accept_does_not_attach_is_reset);
    tcase_add_test(tc, test_paused_listener_completes_nothing_until_it_goes_on);
    tcase_add_test(tc, test_closed_listener_forgets_its_half_open_entries);
    tcase_add_test(tc, test_listener_at_any_of_ipv4_is_for_ipv4_alone);
    tcase_add_test(tc, test_listen_and_connect_say_what_is_wrong);
    tcase_add_test(tc, test_connect_refuses_a_tuple_that_is_in_use);
    tcase_add_test(tc, test_close_before_the_answer_gives_the_connect_up);
    tcase_add_test(tc, test_what_is_written_before_the_answer_leaves_with_it);
    tcase_add_test(tc, test_neighbour_that_does_not_answer_makes_a_connect_unreachable);
    tcase_add_test(tc, test_syn_waits_for_the_neighbour_and_leaves_when_it_is_known);
    tcase_add_test(tc, test_syn_ack_that_finds_no_slot_leaves_soon);
    tcase_add_test(tc, test_syn_ack_that_never_finds_a_slot_is_given_up);
    suite_add_tcase(suite, tc);
    return suite;
}
