/* SPDX-License-Identifier: ISC */
/*
 * A connection's end and the next one's beginning: everything that a backend or its
 * toolstack may do to it.
 */
#include "suites.h"
#include "xen_bus_fixture.h"

#include <stdio.h>

START_TEST(test_detached_device_closes_in_order)
{
    bus_attach(0);
    bus_assert_up();
    world_detach(&w);
    ck_assert_uint_eq(w.back.state, XenbusStateClosed);
    world_run(&w);
    bus_assert_down();
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_LOOKING);
    ck_assert_uint_eq(store_n_watches(&w.s), 2);
}
END_TEST

START_TEST(test_device_comes_back_as_often_as_it_goes)
{
    for (unsigned i = 0; i < 70; i++) {
        bus_attach((uint16_t)(i % 3));
        bus_assert_up();
        ck_assert_uint_eq(store_n_watches(&w.s), 3);
        netback_forget(&w.back.nb);
        world_detach(&w);
        if (i % 2 == 0)    /* or the next one comes before we have looked */
            world_run(&w);
    }
    world_run(&w);
    bus_assert_down();
    ck_assert_uint_eq(w.nf.stats.connects, 70);
}
END_TEST

START_TEST(test_backend_that_closes_is_followed)
{
    bus_attach(0);
    w.back.offline = true;
    netback_disconnect(&w.back.nb);
    world_back_state(&w, XenbusStateClosing);
    world_run(&w);
    bus_assert_down();
    ck_assert_uint_eq(w.back.state, XenbusStateClosed);
    /* It begins again, without a new device. */
    w.back.offline = false;
    world_back_restart(&w);
    world_run(&w);
    bus_assert_up();
}
END_TEST

START_TEST(test_backend_that_closes_and_stays_is_asked_to_begin_anew)
{
    bus_attach(0);
    for (unsigned i = 0; i < 20; i++) {
        w.now_ns += XENBUS_LASTED_NS;
        netback_disconnect(&w.back.nb);
        world_back_state(&w, XenbusStateClosing);
        world_run(&w);
        bus_assert_up();
    }
    ck_assert_uint_eq(w.nf.stats.connects, 21);
}
END_TEST

START_TEST(hostile_net_55_backend_that_closes_again_and_again_is_left_alone)
{
    bus_attach(0);
    for (unsigned i = 0; i < 20; i++) {
        netback_disconnect(&w.back.nb);
        world_back_state(&w, XenbusStateClosing);
        world_run(&w);
    }
    bus_assert_down();
    ck_assert_uint_eq(w.nf.stats.connects, 1 + XENBUS_REOPENS);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    bus_assert_up();
}
END_TEST

START_TEST(test_closing_that_is_missed_is_no_harm)
{
    bus_attach(0);
    w.back.offline = true;
    netback_disconnect(&w.back.nb);
    world_back_state(&w, XenbusStateClosing);
    world_back_state(&w, XenbusStateClosed);
    world_run(&w);
    bus_assert_down();
    w.back.offline = false;
    world_back_state(&w, XenbusStateInitWait);
    world_run(&w);
    bus_assert_up();
}
END_TEST

START_TEST(test_backend_that_restarts_without_closing_is_found_out)
{
    bus_attach(0);
    bus_assert_up();
    w.back.stubborn = true;
    if (_i == 1) {
        netback_disconnect(&w.back.nb);
        world_back_state(&w, XenbusStateInitialising);
        world_run(&w);
        bus_assert_down();
    }
    world_back_restart(&w);
    world_run(&w);
    w.back.stubborn = false;
    world_run(&w);
    bus_assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 2);
}
END_TEST

/* One that takes over the rings where the last one left off, before we have looked. */
START_TEST(test_backend_that_restarts_unseen_goes_on)
{
    bus_attach(0);
    bus_assert_up();
    world_back_restart(&w);
    world_run(&w);
    bus_assert_up();
}
END_TEST

START_TEST(test_backend_whose_domain_dies_is_left)
{
    bus_attach(9);
    world_back_dies(&w);
    world_run(&w);
    bus_assert_down();
    /* The toolstack names another domain, in the same directory. */
    world_features_all(&w);
    world_feature(&w, "feature-gso-tcpv6", "0");
    world_feature(&w, "feature-split-event-channels", "0");
    bus_attach(11);
    bus_assert_up();
    ck_assert_uint_eq(w.bus.bus.domid, 11);
    ck_assert(!w.nf.peer.split && !w.nf.peer.gso6);
}
END_TEST

START_TEST(test_backend_replaced_while_connected)
{
    bus_attach(9);
    netback_disconnect(&w.back.nb);
    store_remove(&w.s, w.back.dir);
    bus_attach(10);
    bus_assert_up();
    ck_assert_uint_eq(store_n_watches(&w.s), 3);
}
END_TEST

/* It is connected to a frontend that was here before: it has to close first. */
START_TEST(test_backend_connected_to_a_former_frontend_is_closed_first)
{
    world_attach(&w, 0);
    world_back_state(&w, XenbusStateConnected);
    world_run(&w);
    bus_assert_up();
    ck_assert_uint_eq(w.back.n_connects, 1);
}
END_TEST

/* ... and says nothing before it sees that we close. */
START_TEST(test_backend_connected_to_a_former_frontend_sees_us_close)
{
    world_attach(&w, 0);
    world_back_state(&w, XenbusStateConnected);
    w.back.stubborn = true;
    world_run(&w);
    ck_assert_uint_eq(world_state(&w), XenbusStateClosing);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_CLOSING);
    w.back.stubborn = false;
    world_run(&w);
    bus_assert_up();
    ck_assert_uint_eq(w.back.n_connects, 1);
}
END_TEST

START_TEST(test_backend_that_restarts_while_we_close)
{
    bus_attach(0);
    w.back.stubborn = true;
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_CLOSING);
    world_back_restart(&w);
    world_run(&w);
    w.back.stubborn = false;
    world_run(&w);
    bus_assert_up();
}
END_TEST

/* The keys of the former life are still being written when the next one begins. */
START_TEST(test_backend_that_restarts_while_our_keys_are_written)
{
    w.s.n_eagain = 6;
    world_attach(&w, 0);
    while (!w.bus.update.busy)
        (void)world_turn(&w);
    w.back.stubborn = true;
    world_back_state(&w, XenbusStateInitialising);
    while (w.bus.bus.phase != XENBUS_WAITING)
        (void)world_turn(&w);
    world_back_state(&w, XenbusStateInitWait);
    while (w.bus.bus.phase != XENBUS_BEGUN)
        (void)world_turn(&w);
    ck_assert(w.bus.begin_again);
    w.back.stubborn = _i != 2;    /* the backend takes its time, or looks at once */
    if (_i == 1) {                /* or it does not begin */
        w.back.offline = true;
        world_back_state(&w, XenbusStateClosing);
        world_run(&w);
        bus_assert_down();
        ck_assert_int_eq(w.bus.bus.phase, XENBUS_CLOSED);
        return;
    }
    world_run(&w);
    w.back.stubborn = false;
    world_run(&w);
    bus_assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 1);
    ck_assert_uint_eq(w.back.n_connects, 1);    /* never with the keys of the former life */
    ck_assert_uint_eq(w.s.n_tx_open, 0);
}
END_TEST

START_TEST(test_backend_that_is_closed_at_the_start_is_woken)
{
    char path[STORE_PATH];
    world_attach(&w, 0);
    world_back_state(&w, XenbusStateClosed);
    snprintf(path, sizeof path, "%s/state", w.front);
    store_set(&w.s, path, "6");    /* left by who was here before */
    world_run(&w);
    bus_assert_up();
}
END_TEST

/* Whatever step is under way when the backend goes, nothing is left of it. */
START_TEST(test_backend_that_goes_in_the_middle_of_the_handshake)
{
    for (unsigned n = 0; n < 24; n++) {
        world_attach(&w, (uint16_t)(n % 2));
        for (unsigned i = 0; i < n; i++)
            (void)world_turn(&w);
        switch (_i) {
        case 0:
            world_back_dies(&w);
            break;
        case 1:
            netback_disconnect(&w.back.nb);
            world_back_state(&w, XenbusStateClosing);
            break;
        case 2:
            world_back_restart(&w);
            break;
        default:
            netback_disconnect(&w.back.nb);
            store_remove(&w.s, w.front);
            store_remove(&w.s, w.back.dir);
            w.back.attached = false;
        }
        world_run(&w);
        if (_i == 1 || _i == 2)
            bus_assert_up();
        else
            bus_assert_down();
        netback_forget(&w.back.nb);
        netback_disconnect(&w.back.nb);
        store_remove(&w.s, w.front);
        store_remove(&w.s, w.back.dir);
        w.back.attached = false;
        world_run(&w);
        bus_assert_down();
        ck_assert_int_eq(w.bus.bus.phase, XENBUS_LOOKING);
        ck_assert_uint_eq(store_n_watches(&w.s), 2);
        ck_assert_uint_eq(w.s.n_tx_open, 0);
    }
    bus_attach(0);
    bus_assert_up();
}
END_TEST

static TCase *living(void)
{
    TCase *t = tcase_create("living");
    tcase_add_checked_fixture(t, bus_setup, bus_teardown);
    tcase_add_test(t, test_detached_device_closes_in_order);
    tcase_add_test(t, test_device_comes_back_as_often_as_it_goes);
    tcase_add_test(t, test_backend_that_closes_is_followed);
    tcase_add_test(t, test_backend_that_closes_and_stays_is_asked_to_begin_anew);
    tcase_add_test(t, hostile_net_55_backend_that_closes_again_and_again_is_left_alone);
    tcase_add_test(t, test_closing_that_is_missed_is_no_harm);
    tcase_add_loop_test(t, test_backend_that_restarts_without_closing_is_found_out, 0, 2);
    tcase_add_test(t, test_backend_that_restarts_unseen_goes_on);
    tcase_add_test(t, test_backend_whose_domain_dies_is_left);
    tcase_add_test(t, test_backend_replaced_while_connected);
    tcase_add_test(t, test_backend_connected_to_a_former_frontend_is_closed_first);
    tcase_add_test(t, test_backend_connected_to_a_former_frontend_sees_us_close);
    tcase_add_test(t, test_backend_that_restarts_while_we_close);
    tcase_add_loop_test(t, test_backend_that_restarts_while_our_keys_are_written, 0, 3);
    tcase_add_test(t, test_backend_that_is_closed_at_the_start_is_woken);
    tcase_add_loop_test(t, test_backend_that_goes_in_the_middle_of_the_handshake, 0, 4);
    return t;
}

Suite *xen_life_suite(void)
{
    Suite *suite = suite_create("xen_life");
    suite_add_tcase(suite, living());
    return suite;
}
