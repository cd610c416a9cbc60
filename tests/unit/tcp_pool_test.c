/* SPDX-License-Identifier: ISC */
/*
 * Memory: what tcp.h promises when a pool is empty, and that what is taken
 * comes back. Path MTU, too, which changes what is in flight.
 */
#include "suites.h"
#include "tcp_script.h"

START_TEST(test_structs_have_their_stated_sizes)
{
    if (sizeof(void *) == 8)
        ck_assert_uint_eq(sizeof(struct tern_tcp_conn), 256);
    ck_assert_uint_eq(sizeof(struct tern_tcp_half), 64);
    ck_assert_uint_eq(sizeof(struct tern_tcp_time_wait), 64);
}
END_TEST

START_TEST(test_init_refuses_what_is_missing)
{
    SCRIPT(0);
    struct tern_net net;
    struct tern_net_config config = {
        .turn = &t->turn, .drbg = &t->drbg, .blocks = &t->blocks,
        .parts = (const struct tern_net_use[]){
            { &tern_ipv4, &t->ipv4 }, { &tern_tcp, &t->tcp }, { &tern_newreno, NULL },
            { NULL, NULL } },
    };
    struct tern_tcp_config good = t->tcp.config;
    for (int i = 0; i < 9; i++) {
        t->tcp.config = good;
        switch (i) {
        case 0: t->tcp.config.conns = NULL; break;
        case 1: t->tcp.config.n_conns = 0; break;
        case 2: t->tcp.config.n_buckets = 12; break;
        case 3: t->tcp.config.n_halves = 0; break;
        case 4: t->tcp.config.works = NULL; break;
        case 5: t->tcp.config.n_flights = 0; break;
        case 6: t->tcp.config.n_listeners = 128; break;
        case 7: t->tcp.config.delayed_ack_ms = 501; break;
        default: t->tcp.config.n_time_waits = 0; break;
        }
        ck_assert_int_eq(tern_net_init(&net, &config), TERN_INVALID);
    }
    t->tcp.config = good;
    config.parts = (const struct tern_net_use[]){
        { &tern_ipv4, &t->ipv4 }, { &tern_tcp, &t->tcp }, { NULL, NULL } };
    ck_assert_int_eq(tern_net_init(&net, &config), TERN_INVALID);    /* no congestion control */
}
END_TEST

START_TEST(test_handshake_waits_while_no_connection_is_free)
{
    SCRIPT(.n_conns = 1);
    script_accepted(t);
    struct tern_stream *first = t->s;
    IN(.flags = S, .mss = 1460, .port = 4001);
    OUT(.flags = SA, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1, .port = 4001);
    QUIET();
    LOG("");
    ck_assert_uint_eq(STAT(drop_no_conn_free), 1);
    ck_assert_uint_eq(t->tcp.n_halves_free, 3);
    tern_stream_abort(first, TERN_ABORTED);
    script_poll(t);
    LOG("closed(10)");
    fake_link_clear(t->wire);
    script_at(t, 1000);
    OUT(.flags = SA, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1, .port = 4001);
    LOG("accept opened");
}
END_TEST

START_TEST(test_oldest_half_open_entry_gives_way_but_not_before_its_peer_could_answer)
{
    SCRIPT(.n_halves = 4);
    script_listen(t);
    for (uint16_t i = 0; i < 4; i++) {
        IN(.flags = S, .mss = 1460, .port = (uint16_t)(4001 + i));
        OUT(.flags = SA, .ack = 1);
        script_pass(t, 1);
    }
    script_pass(t, 245);
    IN(.flags = S, .mss = 1460, .port = 4005);    /* the oldest is 249 ms old */
    QUIET();
    ck_assert_uint_eq(STAT(half_evicted), 0);
    ck_assert_uint_eq(STAT(drop_backlog), 1);
    script_pass(t, 1);
    IN(.flags = S, .mss = 1460, .port = 4005);
    OUT(.flags = SA, .ack = 1);
    ck_assert_uint_eq(STAT(half_evicted), 1);
    ck_assert_uint_eq(STAT(drop_backlog), 1);
    ck_assert_uint_eq(STAT(half_open), 4);
    IN(.flags = A, .seq = 1, .ack = 1, .port = 4001);
    OUT(.flags = R);
    LOG("");
    IN(.flags = A, .seq = 1, .ack = 1, .port = 4005);
    LOG("accept opened");
}
END_TEST

/* Who has sent its last ACK believes in its connection: a newcomer must not end that. */
START_TEST(test_no_half_open_entry_gives_way_while_none_can_be_completed)
{
    SCRIPT(.n_conns = 1, .n_halves = 4);
    script_listen(t);
    tern_tcp_listener_pause(t->listener, true);
    for (uint16_t i = 0; i < 4; i++) {
        IN(.flags = S, .mss = 1460, .port = (uint16_t)(4001 + i));
        OUT(.flags = SA, .ack = 1);
        IN(.flags = A, .seq = 1, .ack = 1, .port = (uint16_t)(4001 + i));
    }
    uint32_t iss = t->iss;
    script_pass(t, 500);
    IN(.flags = S, .mss = 1460, .port = 4005);
    ck_assert_uint_eq(STAT(drop_backlog), 1);
    tern_tcp_listener_pause(t->listener, false);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 5, .port = 4004);
    LOG("accept opened data(5)");    /* and no connection is free now */
    IN(.flags = S, .mss = 1460, .port = 4005);    /* there is room for one */
    OUT(.flags = SA, .ack = 1);
    script_pass(t, 400);
    t->iss = iss;
    IN(.flags = S, .mss = 1460, .port = 4006);
    ck_assert_uint_eq(STAT(drop_backlog), 2);
    ck_assert_uint_eq(STAT(half_evicted), 0);
    tern_stream_abort(t->s, TERN_ABORTED);
    script_poll(t);
    fake_link_clear(t->wire);
    IN(.flags = S, .mss = 1460, .port = 4006);
    OUT(.flags = SA, .ack = 1);
    ck_assert_uint_eq(STAT(half_evicted), 1);
}
END_TEST

START_TEST(test_without_a_work_block_it_is_one_segment_at_a_time)
{
    SCRIPT(.n_works = 1);
    script_listen(t);
    struct tern_stream *s[3];
    uint32_t iss[3];
    for (uint16_t i = 0; i < 3; i++) {
        IN(.flags = S, .mss = 1460, .port = (uint16_t)(4001 + i));
        OUT(.flags = SA, .ack = 1);
        IN(.flags = A, .seq = 1, .ack = 1, .port = (uint16_t)(4001 + i));
        s[i] = t->s;
        iss[i] = t->iss;
    }
    for (size_t i = 0; i < 3; i++) {
        t->s = s[i];
        static uint8_t octets[6000];
        ck_assert_uint_eq(tern_stream_write(s[i], octets, sizeof octets), sizeof octets);
        script_poll(t);
        size_t n = 0;
        while (script_take(t) != NULL)
            n++;
        ck_assert_uint_eq(n, i == 0 ? 5 : 1);
    }
    ck_assert_uint_eq(STAT(work_waits), 2);
    /* Its ACK lets the next one out. */
    t->iss = iss[1];
    IN(.flags = A, .seq = 1, .ack = 1461, .port = 4002);
    ck_assert(script_take(t) != NULL && script_take(t) == NULL);
    /* A loss: by the timer. */
    script_at(t, 1000);
    size_t again = 0;
    while (script_take(t) != NULL)
        again++;
    ck_assert_uint_ge(again, 2);
    /* The first is done: who waited longest is next, and sends what its window allows. */
    t->iss = iss[0];
    IN(.flags = A, .seq = 1, .ack = 6001, .port = 4001);
    size_t n = 0;
    while (script_take(t) != NULL)
        n++;
    ck_assert_uint_ge(n, 2);
    struct tern_tcp_conn *second = TERN_CONTAINER_OF(s[1], struct tern_tcp_conn, stream);
    struct tern_tcp_conn *third = TERN_CONTAINER_OF(s[2], struct tern_tcp_conn, stream);
    ck_assert(!second->on_work_wait && second->work != 0 && third->on_work_wait);
    /* One that ends leaves the line. */
    tern_stream_abort(s[2], TERN_ABORTED);
    script_poll(t);
    ck_assert_uint_eq(t->tcp.work_wait_first, 0);
}
END_TEST

START_TEST(test_without_a_work_block_nothing_out_of_order_is_kept)
{
    SCRIPT(.n_works = 1);
    script_listen(t);
    for (uint16_t i = 0; i < 2; i++) {
        IN(.flags = S, .mss = 1460, .port = (uint16_t)(4001 + i));
        OUT(.flags = SA, .ack = 1);
        IN(.flags = A, .seq = 1, .ack = 1, .port = (uint16_t)(4001 + i));
        IN(.flags = PA, .seq = 11, .ack = 1, .len = 10, .port = (uint16_t)(4001 + i));
        OUT(.flags = A, .seq = 1, .ack = 1);    /* the duplicate ACK comes in any case */
    }
    ck_assert_uint_eq(STAT(drop_no_work), 1);
    ck_assert_uint_eq(STAT(in_out_of_order), 1);
}
END_TEST

START_TEST(test_flight_records_merge_when_there_are_none)
{
    SCRIPT(.n_flights = 1, .options = { .no_delay = true });
    script_accepted(t);
    for (uint32_t i = 0; i < 5; i++) {
        script_write(t, 10);
        OUT(.flags = PA, .seq = 1 + 10 * i, .ack = 1, .len = 10);
        script_pass(t, 1);
    }
    ck_assert_uint_eq(STAT(flight_merges), 3);    /* the first was alone and has none */
    IN(.flags = A, .seq = 1, .ack = 51);
    ck_assert_uint_eq(script_conn(t)->srtt_us, 0);    /* whose time would it be? */
    ck_assert_uint_eq(t->tcp.n_flights_free, 1);
}
END_TEST

START_TEST(test_write_takes_what_is_fair_and_room_follows)
{
    SCRIPT(.n_blocks = 20);
    script_accepted(t);
    size_t wrote = script_try_write(t, 60000);
    /* n held blocks leave 20 - n; one more while n <= (20 - n) / 4: five of them. */
    ck_assert_uint_eq(wrote, 5 * 2032);
    script_poll(t);
    LOG("");
    IN(.flags = A, .seq = 1, .ack = 1 + 1460);
    LOG("");    /* no block is whole yet */
    IN(.flags = A, .seq = 1, .ack = 1 + 2920);
    LOG("room");
    ck_assert_uint_eq(script_try_write(t, 60000), 2032);
}
END_TEST

START_TEST(test_greedy_connections_leave_each_newcomer_its_first_block)
{
    SCRIPT(.n_blocks = 64, .n_conns = 16, .n_halves = 16, .backlog = 16);
    script_listen(t);
    static uint8_t octets[200000];
    for (uint16_t i = 0; i < 12; i++) {
        IN(.flags = S, .mss = 1460, .port = (uint16_t)(4001 + i));
        OUT(.flags = SA, .ack = 1);
        IN(.flags = A, .seq = 1, .ack = 1, .port = (uint16_t)(4001 + i));
        size_t held = t->blocks.n_blocks - t->blocks.n_free;
        ck_assert_uint_gt(tern_stream_write(t->s, octets, sizeof octets), 0);
        /* At most a quarter of what it leaves, or its first one. */
        size_t took = t->blocks.n_blocks - t->blocks.n_free - held;
        ck_assert_uint_le(took, (t->blocks.n_free + 1) / 4 + 1);
        script_poll(t);
        fake_link_clear(t->wire);
    }
    ck_assert_uint_ge(t->blocks.n_free, 1);
}
END_TEST

START_TEST(test_arrival_that_finds_no_block_is_not_acknowledged)
{
    SCRIPT(0);
    script_accepted(t);
    t->take = 0;
    struct tern_block *taken[65];
    size_t n = 0;
    while ((taken[n] = tern_block_take(&t->blocks)) != NULL)
        n++;
    uint32_t edge = script_conn(t)->rcv_adv;
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 1);
    ck_assert_uint_eq(script_conn(t)->rcv_adv, edge);    /* the window is not shrunk */
    ck_assert_uint_eq(STAT(drop_no_block), 1);
    IN(.flags = PA, .seq = 201, .ack = 1, .len = 100);    /* out of order: the same */
    OUT(.flags = A, .seq = 1, .ack = 1);
    ck_assert_uint_eq(STAT(drop_no_block), 2);
    t->take = SIZE_MAX;
    t->log_len = 0;
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 100);    /* who takes it needs no block */
    LOG("data(100)");
    while (n > 0)
        tern_block_give(&t->blocks, taken[--n]);
}
END_TEST

START_TEST(test_idle_connection_holds_nothing)
{
    SCRIPT(0);
    script_accepted(t);
    t->echo = true;
    for (uint32_t i = 0; i < 20; i++) {
        IN(.flags = PA, .seq = 1 + 64 * i, .ack = 1 + 64 * i, .len = 64);
        OUT(.flags = PA, .seq = 1 + 64 * i, .ack = 65 + 64 * i, .len = 64);
    }
    IN(.flags = A, .seq = 1 + 64 * 20, .ack = 1 + 64 * 20);
    ck_assert_uint_eq(t->tcp.n_works_free, 4);
    ck_assert_uint_eq(t->tcp.n_flights_free, 16);
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks);
}
END_TEST

START_TEST(test_borrowed_octets_cost_one_block)
{
    SCRIPT(0);
    script_accepted(t);
    static uint8_t asset[100000];
    for (uint32_t i = 0; i < sizeof asset; i++)
        asset[i] = script_octet(1 + i);
    ck_assert_uint_eq(tern_stream_borrow(t->s, asset, sizeof asset), sizeof asset);
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks - 1);
    script_poll(t);
    uint32_t acked = 1;
    while (acked < 1 + sizeof asset) {
        const struct fake_frame *frame;
        while ((frame = script_take(t)) != NULL) {
            uint32_t len = tern_load_be16(frame->data + 16) - 40u;
            ck_assert(len > 0 && memcmp(frame->data + 54, asset + acked - 1, len) == 0);
            acked += len;
        }
        IN(.flags = A, .seq = 1, .ack = acked);
    }
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks);
}
END_TEST

START_TEST(test_reserved_spans_are_queued_in_order)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 100);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 100);
    size_t room[3];
    uint8_t *span[3];
    for (int i = 0; i < 3; i++) {
        span[i] = tern_stream_reserve(t->s, 1, &room[i]);
        ck_assert(span[i] != NULL);
    }
    ck_assert_uint_eq(room[0], 2032 - 100);    /* behind what was written */
    ck_assert_uint_eq(room[1], 2032);
    uint32_t seq = 101;
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < room[i]; k++)
            span[i][k] = script_octet(seq++);
    span[2][0] = script_octet(seq++);
    IN(.flags = A, .seq = 1, .ack = 101);    /* what is before the span is acknowledged */
    tern_stream_commit(t->s, seq - 101);
    script_poll(t);
    OUT(.flags = A, .seq = 101, .ack = 1, .len = 1460);
    OUT(.flags = A, .seq = 1561, .ack = 1, .len = 1460);
    OUT(.flags = PA, .seq = 3021, .ack = 1, .len = seq - 3021);
    IN(.flags = A, .seq = 1, .ack = seq);
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks);
}
END_TEST

START_TEST(test_sixteen_spans_are_lent_and_come_back_by_themselves)
{
    SCRIPT(.n_blocks = 512);
    script_accepted(t);
    size_t room[1];
    for (int i = 0; i < 16; i++)
        ck_assert(tern_stream_reserve(t->s, 512, &room[0]) != NULL);
    ck_assert(tern_stream_reserve(t->s, 1, &room[0]) == NULL);
    tern_stream_resume(t->s);
    script_poll(t);
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks);
}
END_TEST

START_TEST(test_path_mtu_lowers_the_segments_and_sends_again)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 2920);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    OUT(.flags = A, .seq = 1461, .ack = 1, .len = 1460);
    script_icmp(t, 3, 4, 1000, 1);
    ck_assert_uint_eq(STAT(icmp_pmtu), 1);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 960);
    OUT(.flags = A, .seq = 961, .ack = 1, .len = 960);
    OUT(.flags = A, .seq = 1921, .ack = 1, .len = 960);
    OUT(.flags = A, .seq = 2881, .ack = 1, .len = 40);
    QUIET();
    struct tern_tcp_info info;
    tern_tcp_info(t->s, &info);
    ck_assert_uint_eq(info.mss, 960);
    ck_assert_uint_eq(info.path_mtu, 1000);
    ck_assert_uint_eq(info.cwnd, 14600);    /* not a congestion signal */
}
END_TEST

START_TEST(test_path_mtu_of_a_syn_sends_nothing_again)
{
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    script_icmp(t, 3, 4, 500, 0);
    ck_assert_uint_eq(STAT(icmp_pmtu), 1);
    ck_assert_uint_eq(t->tcp.n_works_free, 4);
    script_pass(t, 10);
    QUIET();
    IN(.flags = SA, .ack = 1, .mss = 1460);
    OUT(.flags = A, .seq = 1, .ack = 1);
    script_write(t, 1000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 512);
}
END_TEST

/* About nobody's segments, or about those of an entry that is half open. */
START_TEST(test_icmp_error_about_no_connection_is_counted)
{
    SCRIPT(0);
    script_listen(t);
    script_icmp(t, 3, 3, 0, 0);
    ck_assert_uint_eq(STAT(icmp_unmatched), 1);
    IN(.flags = S, .mss = 1460);
    OUT(.flags = SA, .ack = 1);
    script_icmp(t, 3, 3, 0, 0);
    script_icmp(t, 3, 4, 1000, 0);
    ck_assert_uint_eq(STAT(icmp_unmatched), 3);
    IN(.flags = A, .seq = 1, .ack = 1);
    LOG("accept opened");
}
END_TEST

START_TEST(test_hard_icmp_error_refuses_a_connect)
{
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    script_icmp(t, 3, 1, 0, 0);    /* host unreachable: soft */
    ck_assert_uint_eq(STAT(icmp_soft), 1);
    LOG("");
    script_icmp(t, 3, 3, 0, 5);    /* quotes what is not in flight */
    ck_assert_uint_eq(STAT(icmp_out_of_window), 1);
    LOG("");
    script_icmp(t, 3, 3, 0, 0);
    ck_assert_uint_eq(STAT(icmp_hard), 1);
    LOG("closed(6)");
    DRAINED();
}
END_TEST

/* What one connection has made known of a path, another must still be told for itself. */
START_TEST(test_path_mtu_is_learned_by_each_connection_of_a_path)
{
    SCRIPT(0);
    script_listen(t);
    uint32_t iss[2];
    struct tern_stream *s[2];
    uint8_t octets[1460];
    for (uint32_t i = 0; i < sizeof octets; i++)
        octets[i] = script_octet(1 + i);
    for (uint16_t i = 0; i < 2; i++) {
        IN(.flags = S, .mss = 1460, .port = (uint16_t)(4001 + i));
        OUT(.flags = SA, .ack = 1);
        IN(.flags = A, .seq = 1, .ack = 1, .port = (uint16_t)(4001 + i));
        iss[i] = t->iss;
        s[i] = t->s;
    }
    for (uint16_t i = 0; i < 2; i++) {
        t->iss = iss[i];
        t->s = s[i];
        ck_assert_uint_eq(tern_stream_write(t->s, octets, sizeof octets), sizeof octets);
        script_poll(t);
        OUT(.flags = PA, .seq = 1, .ack = 1, .len = 1460);
    }
    for (uint16_t i = 0; i < 2; i++) {
        t->iss = iss[i];
        t->s = s[i];
        script_icmp(t, 3, 4, 1000, 1);
        OUT(.flags = A, .seq = 1, .ack = 1, .len = 960);
        OUT(.flags = PA, .seq = 961, .ack = 1, .len = 500);
        script_icmp(t, 3, 4, 1000, 1);    /* nothing new: it is not believed twice */
        QUIET();
    }
    ck_assert_uint_eq(STAT(icmp_pmtu), 2);
    ck_assert_uint_eq(STAT(icmp_pmtu_bad), 2);
}
END_TEST

Suite *tcp_pool_suite(void)
{
    Suite *suite = suite_create("tcp_pool");
    TCase *tc = tcase_create("pool");
    tcase_add_test(tc, test_structs_have_their_stated_sizes);
    tcase_add_test(tc, test_init_refuses_what_is_missing);
    tcase_add_test(tc, test_handshake_waits_while_no_connection_is_free);
    tcase_add_test(tc, test_oldest_half_open_entry_gives_way_but_not_before_its_peer_could_answer);
    tcase_add_test(tc, test_no_half_open_entry_gives_way_while_none_can_be_completed);
    tcase_add_test(tc, test_without_a_work_block_it_is_one_segment_at_a_time);
    tcase_add_test(tc, test_without_a_work_block_nothing_out_of_order_is_kept);
    tcase_add_test(tc, test_flight_records_merge_when_there_are_none);
    tcase_add_test(tc, test_write_takes_what_is_fair_and_room_follows);
    tcase_add_test(tc, test_greedy_connections_leave_each_newcomer_its_first_block);
    tcase_add_test(tc, test_arrival_that_finds_no_block_is_not_acknowledged);
    tcase_add_test(tc, test_idle_connection_holds_nothing);
    tcase_add_test(tc, test_borrowed_octets_cost_one_block);
    tcase_add_test(tc, test_reserved_spans_are_queued_in_order);
    tcase_add_test(tc, test_sixteen_spans_are_lent_and_come_back_by_themselves);
    tcase_add_test(tc, test_path_mtu_lowers_the_segments_and_sends_again);
    tcase_add_test(tc, test_path_mtu_is_learned_by_each_connection_of_a_path);
    tcase_add_test(tc, test_path_mtu_of_a_syn_sends_nothing_again);
    tcase_add_test(tc, test_icmp_error_about_no_connection_is_counted);
    tcase_add_test(tc, test_hard_icmp_error_refuses_a_connect);
    suite_add_tcase(suite, tc);
    return suite;
}
