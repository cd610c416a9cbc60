/* SPDX-License-Identifier: ISC */
/*
 * The network driver with a backend that lies of the frames that it delivers: lengths,
 * flags, chains and extras that cannot be. Each breach is counted exactly once, stops
 * the device, and takes nothing else with it; a reconnection is possible.
 */
#include "suites.h"
#include "xen_breach.h"

static void answer_extra(uint8_t type, uint8_t flags, uint8_t gso_type, uint16_t size)
{
    uint16_t id;
    struct netif_extra_info e = { .type = type, .flags = flags };
    e.u.gso.type = gso_type;
    e.u.gso.size = size;
    (void)netback_rx_take(&fx.nb, &id);
    netback_rx_extra(&fx.nb, e);
}

static void show_and_poll(void)
{
    netback_rx_show(&fx.nb);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_input, 0);
}

START_TEST(hostile_net_55_octets_outside_the_page)
{
    static const struct { uint16_t offset; int16_t status; } rows[] = {
        { 0, 4097 }, { 0, 0x7fff }, { 1, 4096 }, { 4096, 1 }, { 4097, 0 }, { 4097, 60 },
        { 4095, 2 }, { 0xffff, 1 }, { 0xf000, 0x7fff }, { 0xffff, -1 },
    };
    breach_answer(rows[_i].offset, 0, rows[_i].status);
    show_and_poll();
    breach_assert(NETFRONT_BREACH_RX_EXTENT);
}
END_TEST

START_TEST(hostile_net_55_octets_outside_a_later_page)
{
    breach_answer(0, NETRXF_more_data, 4096);
    breach_answer(100, 0, 4000);
    show_and_poll();
    breach_assert(NETFRONT_BREACH_RX_EXTENT);
}
END_TEST

START_TEST(hostile_net_55_flags_that_were_not_agreed_on)
{
    static const uint16_t flags[] = { NETRXF_gso_prefix, 32, 0x8000, 0xffff };
    breach_answer(0, flags[_i], 60);
    show_and_poll();
    breach_assert(NETFRONT_BREACH_RX_FLAGS);
}
END_TEST

START_TEST(hostile_net_55_extra_behind_a_later_slot)
{
    breach_answer(0, NETRXF_more_data, 60);
    breach_answer(0, NETRXF_extra_info, 60);
    show_and_poll();
    breach_assert(NETFRONT_BREACH_RX_FLAGS);
}
END_TEST

START_TEST(hostile_net_55_chain_of_twenty_slots)
{
    for (int i = 0; i < 20; i++)
        breach_answer(0, i < 19 ? NETRXF_more_data : 0, 60);
    show_and_poll();
    breach_assert(NETFRONT_BREACH_RX_SLOTS);
}
END_TEST

START_TEST(hostile_net_55_chain_without_an_end)
{
    for (int i = 0; i < 256; i++)
        breach_answer(0, NETRXF_more_data, (int16_t)(_i == 0 ? 0 : 1));
    show_and_poll();
    breach_assert(NETFRONT_BREACH_RX_SLOTS);
}
END_TEST

START_TEST(hostile_net_55_chain_one_octet_too_long)
{
    for (int i = 0; i < 15; i++)
        breach_answer(0, NETRXF_more_data, 4096);
    breach_answer(0, NETRXF_more_data, 4095);
    breach_answer(0, 0, (int16_t)_i);    /* 65,535 and 65,536 */
    netback_rx_show(&fx.nb);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_input, _i == 0);
    if (_i == 1)
        breach_assert(NETFRONT_BREACH_RX_TOO_LONG);
}
END_TEST

START_TEST(hostile_net_55_extra_of_a_kind_that_was_not_agreed_on)
{
    static const uint8_t types[] = { XEN_NETIF_EXTRA_TYPE_NONE, XEN_NETIF_EXTRA_TYPE_MCAST_ADD,
                                     XEN_NETIF_EXTRA_TYPE_MCAST_DEL, XEN_NETIF_EXTRA_TYPE_HASH,
                                     XEN_NETIF_EXTRA_TYPE_MAX, 0x80, 0xff };
    breach_answer(0, NETRXF_extra_info, 60);
    answer_extra(types[_i], 0, XEN_NETIF_GSO_TYPE_TCPV4, 1000);
    show_and_poll();
    breach_assert(NETFRONT_BREACH_RX_EXTRA);
}
END_TEST

START_TEST(hostile_net_55_extra_with_flags_that_do_not_exist)
{
    breach_answer(0, NETRXF_extra_info, 60);
    answer_extra(XEN_NETIF_EXTRA_TYPE_GSO, 2, XEN_NETIF_GSO_TYPE_TCPV4, 1000);
    show_and_poll();
    breach_assert(NETFRONT_BREACH_RX_EXTRA);
}
END_TEST

START_TEST(hostile_net_55_extras_without_end)
{
    breach_answer(0, NETRXF_extra_info, 60);
    for (int i = 0; i < 200; i++)
        answer_extra(XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_FLAG_MORE,
                     XEN_NETIF_GSO_TYPE_TCPV4, 1000);
    show_and_poll();
    breach_assert(NETFRONT_BREACH_RX_EXTRA);
}
END_TEST

START_TEST(hostile_net_55_aggregate_that_we_did_not_say_we_understand)
{
    fx_end(&fx);
    fx_begin(&fx, &(struct netfront_config){ .no_gso = true }, &fixture_peer_all);
    breach_answer(0, NETRXF_extra_info, 60);
    answer_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, XEN_NETIF_GSO_TYPE_TCPV4, 1000);
    show_and_poll();
    ck_assert_uint_eq(fx.nf.breaches[NETFRONT_BREACH_RX_EXTRA], 1);
    ck_assert(!fx.nf.link.up);
}
END_TEST

START_TEST(hostile_net_55_segments_of_no_size_or_of_an_unknown_kind)
{
    static const struct { uint8_t type; uint16_t size; } rows[] = {
        { XEN_NETIF_GSO_TYPE_TCPV4, 0 }, { XEN_NETIF_GSO_TYPE_TCPV6, 0 },
        { XEN_NETIF_GSO_TYPE_NONE, 1000 }, { 3, 1000 }, { 0xff, 1000 },
    };
    breach_answer(0, NETRXF_extra_info, 60);
    answer_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, rows[_i].type, rows[_i].size);
    show_and_poll();
    breach_assert(NETFRONT_BREACH_RX_GSO);
}
END_TEST

START_TEST(hostile_net_55_good_chains_before_a_bad_one_still_arrive)
{
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    ck_assert(netback_deliver(&fx.nb, frame, 5000, 0, 0, 0));
    breach_answer(0, 0, 5000);
    netback_rx_show(&fx.nb);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 2);
    ck_assert_uint_eq(fx.got[1].len, 5000);
    breach_assert(NETFRONT_BREACH_RX_EXTENT);
}
END_TEST

START_TEST(hostile_net_55_what_stands_behind_a_bad_slot_is_not_looked_at)
{
    uint32_t cons = fx.nf.rx.rsp_cons;
    breach_answer(0, 0, 5000);
    breach_answer(0, 0, 5000);
    show_and_poll();
    ck_assert_uint_eq(fx.nf.rx.rsp_cons, cons + 1);
    breach_assert(NETFRONT_BREACH_RX_EXTENT);
}
END_TEST

Suite *xen_net_hostile_rx_suite(void)
{
    Suite *suite = suite_create("xen_net_hostile_rx");
    TCase *t = tcase_create("hostile");
    tcase_add_checked_fixture(t, breach_setup, breach_teardown);
    tcase_add_loop_test(t, hostile_net_55_octets_outside_the_page, 0, 10);
    tcase_add_test(t, hostile_net_55_octets_outside_a_later_page);
    tcase_add_loop_test(t, hostile_net_55_flags_that_were_not_agreed_on, 0, 4);
    tcase_add_test(t, hostile_net_55_extra_behind_a_later_slot);
    tcase_add_test(t, hostile_net_55_chain_of_twenty_slots);
    tcase_add_loop_test(t, hostile_net_55_chain_without_an_end, 0, 2);
    tcase_add_loop_test(t, hostile_net_55_chain_one_octet_too_long, 0, 2);
    tcase_add_loop_test(t, hostile_net_55_extra_of_a_kind_that_was_not_agreed_on, 0, 7);
    tcase_add_test(t, hostile_net_55_extra_with_flags_that_do_not_exist);
    tcase_add_test(t, hostile_net_55_extras_without_end);
    tcase_add_test(t, hostile_net_55_aggregate_that_we_did_not_say_we_understand);
    tcase_add_loop_test(t, hostile_net_55_segments_of_no_size_or_of_an_unknown_kind, 0, 5);
    tcase_add_test(t, hostile_net_55_good_chains_before_a_bad_one_still_arrive);
    tcase_add_test(t, hostile_net_55_what_stands_behind_a_bad_slot_is_not_looked_at);
    suite_add_tcase(suite, t);
    return suite;
}
