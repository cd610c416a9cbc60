/* SPDX-License-Identifier: ISC */
/*
 * The network driver with a backend that lies of its rings: indices, ids and statuses
 * that cannot be. Each breach is counted exactly once, stops the device, and takes
 * nothing else with it; a reconnection is possible.
 */
#include "suites.h"
#include "xen_breach.h"

/* ---- Indices ---- */

START_TEST(hostile_net_55_more_receive_answers_than_requests)
{
    static const uint32_t prods[] = { 257, 258, 1000, 0x7fffffffu, 0x80000000u, 0xffffffffu };
    fx.nb.rx[2] = prods[_i];
    ck_assert(fx_poll(&fx));
    breach_assert(NETFRONT_BREACH_PROD);
}
END_TEST

START_TEST(hostile_net_55_more_sent_answers_than_requests)
{
    static const uint32_t prods[] = { 2, 257, 0x80000000u, 0xffffffffu };
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    fx.nb.tx[2] = prods[_i];
    fake_raise(&fx.x, fx.keys.port_tx);
    ck_assert(fx_poll(&fx));
    breach_assert(NETFRONT_BREACH_PROD);
}
END_TEST

/* Written into the ring, but not shown yet: an answer to it cannot be. */
START_TEST(hostile_net_55_answer_to_a_request_that_was_not_shown)
{
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx.nb.tx[2] = 1;
    fake_raise(&fx.x, fx.keys.port_tx);
    ck_assert(fx_poll(&fx));
    breach_assert(NETFRONT_BREACH_PROD);
}
END_TEST

START_TEST(hostile_net_55_receive_index_moves_backwards)
{
    breach_answer(0, NETRXF_more_data, 10);
    breach_answer(0, NETRXF_more_data, 10);
    netback_rx_show(&fx.nb);
    ck_assert(!fx_poll(&fx));
    fx.nb.rx[2] = 1;
    ck_assert(fx_poll(&fx));
    breach_assert(NETFRONT_BREACH_PROD);    /* behind what was taken: a huge number */
}
END_TEST

START_TEST(hostile_net_55_receive_index_moves_backwards_between_looks)
{
    for (int i = 0; i < 100; i++)
        breach_answer(0, 0, 60);
    netback_rx_show(&fx.nb);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 64);
    fx.nb.rx[2] = 80;    /* 100 were there */
    fx.n_input = 0;
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_input, 0);
    breach_assert(NETFRONT_BREACH_BACKWARDS);
}
END_TEST

START_TEST(hostile_net_55_indices_of_ours_in_the_shared_page_are_never_read)
{
    for (int i = 0; i < 600; i++) {
        fx.nb.rx[0] = fx.nb.rx[3] = 0xdeadbeef;
        fx.nb.tx[0] = fx.nb.tx[3] = 0xdeadbeef;
        ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
        fx_flush(&fx);
        ck_assert_uint_eq(fx.nb.tx[0], (uint32_t)i + 1);
        ck_assert_uint_eq(netback_take(&fx.nb), 1);
        netback_forget(&fx.nb);
        fx.nb.rx[0] = fx.nf.rx.req_shown;
        ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
        fx.nb.rx[0] = 0xdeadbeef;
        ck_assert(fx_poll(&fx));
        ck_assert_uint_eq(fx.nb.rx[0], fx.nf.rx.req_prod);
    }
}
END_TEST

/* ---- Answers to what was sent ---- */

static void sent_answered(uint16_t id, int16_t status)
{
    netback_tx_answer(&fx.nb, id, status);
    netback_tx_show(&fx.nb);
    fake_raise(&fx.x, fx.keys.port_tx);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_tx_room, 0);
}

static uint16_t sent(void)
{
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    fx.nb.holds_answers = true;
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
    return fx.nb.owed[0].id;
}

START_TEST(hostile_net_55_id_beyond_the_ring)
{
    static const uint16_t ids[] = { 256, 257, 0x7fff, 0x8000, 0xffff };
    (void)sent();
    sent_answered(ids[_i], NETIF_RSP_OKAY);
    breach_assert(NETFRONT_BREACH_TX_ID);
}
END_TEST

START_TEST(hostile_net_55_id_of_no_request_that_waits)
{
    uint16_t id = sent();
    sent_answered((uint16_t)(id == 255 ? 0 : id + 1), NETIF_RSP_OKAY);
    breach_assert(NETFRONT_BREACH_TX_PENDING);
}
END_TEST

/* MSA00: a slot answered twice would be lent twice, and one frame sent for another. */
START_TEST(hostile_net_55_request_answered_twice)
{
    uint16_t id = sent();
    (void)sent();
    netback_tx_answer(&fx.nb, id, NETIF_RSP_OKAY);
    sent_answered(id, NETIF_RSP_OKAY);
    breach_assert(NETFRONT_BREACH_TX_PENDING);
}
END_TEST

START_TEST(hostile_net_55_status_that_does_not_exist)
{
    static const int16_t statuses[] = { 2, 100, 0x7fff, -3, -0x8000 };
    sent_answered(sent(), statuses[_i]);
    breach_assert(NETFRONT_BREACH_TX_STATUS);
}
END_TEST

START_TEST(hostile_net_55_empty_answer_without_an_extra)
{
    sent_answered(sent(), NETIF_RSP_NULL);
    breach_assert(NETFRONT_BREACH_TX_NULL);
}
END_TEST

/* Room of both kinds is owed, and one of them is there when the other finds the breach. */
START_TEST(hostile_net_55_broken_device_has_no_room)
{
    struct tern_tx lent[6];
    (void)sent();
    for (size_t i = 0; i < 6; i++)
        ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, 60000, &lent[i]), TERN_OK);
    ck_assert_int_eq(fx_send(&fx, frame, 60000), TERN_FULL);
    while (fx_send(&fx, frame, 60) == TERN_OK)
        continue;
    fx.nf.link.ops->tx_commit(&fx.nf.link, &lent[0], 0);
    sent_answered(300, NETIF_RSP_OKAY);
    ck_assert_uint_eq(fx.n_tx_room, 0);
    fx.nf.tx_owed = fx.nf.tx_long_owed = false;    /* the next connection has room */
    breach_assert(NETFRONT_BREACH_TX_ID);
}
END_TEST

/* A frame that was being written when the device broke goes nowhere, and is counted. */
START_TEST(hostile_net_55_frame_that_is_lent_over_a_breach)
{
    struct tern_tx lent;
    (void)sent();
    ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, 60, &lent), TERN_OK);
    sent_answered(300, NETIF_RSP_OKAY);
    ck_assert_int_eq(fx.nf.state, NETFRONT_BROKEN);
    uint64_t n_frames = fx.nf.stats.tx_frames;
    uint32_t prod = fx.nf.tx.req_prod;
    fx.nf.link.ops->tx_commit(&fx.nf.link, &lent, 60);
    ck_assert_uint_eq(fx.nf.stats.tx_stale, 1);
    ck_assert_uint_eq(fx.nf.stats.tx_frames, n_frames);
    ck_assert_uint_eq(fx.nf.tx.req_prod, prod);
    breach_assert(NETFRONT_BREACH_TX_ID);
}
END_TEST

START_TEST(hostile_net_55_frames_behind_a_breach_are_not_believed)
{
    (void)sent();
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    sent_answered(300, NETIF_RSP_OKAY);
    ck_assert_uint_eq(fx.n_input, 0);
    breach_assert(NETFRONT_BREACH_TX_ID);
}
END_TEST

START_TEST(hostile_net_55_breach_found_while_the_loop_goes_to_sleep)
{
    fx.nb.rx[2] = 1000;
    ck_assert(!netfront_idle(&fx.nf));
    ck_assert(fx_poll(&fx));
    breach_assert(NETFRONT_BREACH_PROD);
}
END_TEST

START_TEST(hostile_net_55_breach_found_while_the_stack_looks_for_room)
{
    (void)sent();
    while (fx_send(&fx, frame, 60) == TERN_OK)
        if (fx.nf.n_tx_free == 0)
            break;
    fx.nb.tx[2] = 1000;
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_UNREACHABLE);
    ck_assert(fx_poll(&fx));
    breach_assert(NETFRONT_BREACH_PROD);
}
END_TEST

Suite *xen_net_hostile_suite(void)
{
    Suite *suite = suite_create("xen_net_hostile");
    TCase *t = tcase_create("hostile");
    tcase_add_checked_fixture(t, breach_setup, breach_teardown);
    tcase_add_loop_test(t, hostile_net_55_more_receive_answers_than_requests, 0, 6);
    tcase_add_loop_test(t, hostile_net_55_more_sent_answers_than_requests, 0, 4);
    tcase_add_test(t, hostile_net_55_answer_to_a_request_that_was_not_shown);
    tcase_add_test(t, hostile_net_55_receive_index_moves_backwards);
    tcase_add_test(t, hostile_net_55_receive_index_moves_backwards_between_looks);
    tcase_add_test(t, hostile_net_55_indices_of_ours_in_the_shared_page_are_never_read);
    tcase_add_loop_test(t, hostile_net_55_id_beyond_the_ring, 0, 5);
    tcase_add_test(t, hostile_net_55_id_of_no_request_that_waits);
    tcase_add_test(t, hostile_net_55_request_answered_twice);
    tcase_add_loop_test(t, hostile_net_55_status_that_does_not_exist, 0, 5);
    tcase_add_test(t, hostile_net_55_empty_answer_without_an_extra);
    tcase_add_test(t, hostile_net_55_broken_device_has_no_room);
    tcase_add_test(t, hostile_net_55_frame_that_is_lent_over_a_breach);
    tcase_add_test(t, hostile_net_55_frames_behind_a_breach_are_not_believed);
    tcase_add_test(t, hostile_net_55_breach_found_while_the_loop_goes_to_sleep);
    tcase_add_test(t, hostile_net_55_breach_found_while_the_stack_looks_for_room);
    suite_add_tcase(suite, t);
    return suite;
}
