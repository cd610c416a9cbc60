/* SPDX-License-Identifier: ISC */
/*
 * A connection's end and the next one's beginning: everything that a backend, its
 * toolstack, the store or a suspend may do to it.
 */
#include "suites.h"
#include "xen_bus_fixture.h"

#include <stdio.h>
#include <string.h>

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

START_TEST(test_reopen_leaves_and_connects_anew)
{
    bus_attach(0);
    for (unsigned i = 0; i < 5; i++) {
        netfront_bus_reopen(&w.bus);
        world_run(&w);
        bus_assert_up();
    }
    ck_assert_uint_eq(w.back.n_connects, 6);
    ck_assert_uint_eq(w.back.n_disconnects, 5);
}
END_TEST

START_TEST(test_reopen_at_any_step_of_the_handshake_connects)
{
    for (unsigned n = 0; n < 24; n++) {
        world_attach(&w, 0);
        for (unsigned i = 0; i < n; i++)
            (void)world_turn(&w);
        w.back.stubborn = _i == 1;
        netfront_bus_reopen(&w.bus);
        for (unsigned i = 0; i < 5; i++)
            (void)world_turn(&w);
        w.back.stubborn = false;
        world_run(&w);
        bus_assert_up();
        netback_forget(&w.back.nb);
        world_detach(&w);
        world_run(&w);
        bus_assert_down();
    }
}
END_TEST

/* Whatever becomes of the handshake that was under way: keys written, refused, or lost. */
START_TEST(test_reopen_during_the_handshake_is_not_forgotten)
{
    w.s.ring->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION;
    world_feature(&w, "feature-rx-copy", _i == 1 ? "0" : "1");
    world_attach(&w, 0);
    w.back.stubborn = true;
    while (w.bus.bus.phase != XENBUS_BEGUN)
        (void)world_turn(&w);
    netfront_bus_reopen(&w.bus);
    if (_i == 2)
        ck_assert_int_eq(xenstore_reconnect(&w.xs), TERN_OK);
    world_run(&w);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_CLOSING);
    ck_assert_uint_eq(world_state(&w), XenbusStateClosing);
    world_feature(&w, "feature-rx-copy", "1");
    w.back.stubborn = false;
    world_run(&w);
    bus_assert_up();
}
END_TEST

START_TEST(test_reopen_waits_until_the_backend_has_seen_it)
{
    w.back.stubborn = true;
    bus_attach(0);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_OFFERED);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_CLOSING);    /* it may be about to connect */
    ck_assert_uint_ne(fake_n_granted(&w.x), 0);
    w.back.stubborn = false;
    world_run(&w);
    bus_assert_up();
}
END_TEST

/*
 * A backend that is slow to see what we are answers what we were. Both must come
 * to rest all the same, whatever happened at whatever step.
 */
START_TEST(test_slow_backend_and_we_come_to_rest)
{
    w.back.lag = (unsigned)_i % WORLD_LAG;
    for (unsigned n = 0; n < 24; n++) {
        w.now_ns += 2 * XENBUS_LASTED_NS;
        world_attach(&w, 0);
        for (unsigned i = 0; i < n; i++)
            (void)world_turn(&w);
        if (n % 3 == 0) {
            netfront_bus_reopen(&w.bus);
        } else if (n % 3 == 1) {
            netback_disconnect(&w.back.nb);
            world_back_state(&w, XenbusStateClosing);
        } else {
            world_back_restart(&w);
        }
        world_run(&w);
        netfront_bus_reopen(&w.bus);    /* if it was left alone, for closing too often */
        world_run(&w);
        bus_assert_up();
        netback_forget(&w.back.nb);
        world_detach(&w);
        world_run(&w);
        bus_assert_down();
    }
}
END_TEST

START_TEST(test_reopen_without_a_backend_is_harmless)
{
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_LOOKING);
    bus_attach(0);
    netfront_bus_reopen(&w.bus);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    bus_assert_up();
}
END_TEST

START_TEST(hostile_net_55_device_that_broke_connects_anew_with_the_same_backend)
{
    bus_attach(0);
    w.back.nb.rx[2] = 9999;
    world_run(&w);
    ck_assert_int_eq(w.nf.state, NETFRONT_BROKEN);
    ck_assert_uint_eq(w.nf.breaches[NETFRONT_BREACH_PROD], 1);
    ck_assert(!w.nf.link.up);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    bus_assert_up();
}
END_TEST

START_TEST(hostile_net_55_backend_that_does_not_let_us_close_is_replaced)
{
    bus_attach(0);
    w.back.ignores_close = true;
    w.back.nb.rx[2] = 9999;
    world_run(&w);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    ck_assert_uint_eq(world_state(&w), XenbusStateClosing);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_CLOSING);
    ck_assert_uint_ne(fake_n_granted(&w.x), 0);    /* nothing is freed */
    /* It keeps its mappings: two pages stay kept back, and the next one does without. */
    struct netback old = w.back.nb;
    w.back.nb = (struct netback){ 0 };
    w.back.ignores_close = false;
    store_remove(&w.s, w.back.dir);
    bus_attach(7);
    bus_assert_up();
    ck_assert_uint_eq(w.nf.n_any - 2u - netback_rx_posted(&w.back.nb), 2);
    netback_disconnect(&old);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    bus_assert_up();
    ck_assert_uint_eq(w.nf.n_any - 2u - netback_rx_posted(&w.back.nb), 0);
}
END_TEST

START_TEST(hostile_net_55_backend_that_toggles_its_state_costs_bounded_work)
{
    bus_attach(0);
    for (unsigned i = 0; i < 500; i++) {
        world_back_state(&w, i * 7 % 9);
        for (unsigned k = 0; k < i % 5; k++)
            (void)world_turn(&w);
    }
    netback_disconnect(&w.back.nb);
    netfront_bus_reopen(&w.bus);
    world_back_restart(&w);
    world_run(&w);
    bus_assert_up();
    ck_assert_uint_eq(store_n_watches(&w.s), 3);
}
END_TEST

START_TEST(test_no_grants_left_is_said_and_tried_again_when_asked)
{
    uint32_t refs[FAKE_GRANTS], n = 0;
    while (gnttab_grant(&w.x.grants, 1, FAKE_FRAME_BASE, true, &refs[n]) == TERN_OK)
        n++;
    bus_attach(0);
    ck_assert(!w.nf.link.up);
    ck_assert_uint_eq(world_state(&w), XenbusStateClosed);
    ck_assert_ptr_nonnull(strstr(w.x.log, "cannot be opened"));
    ck_assert_uint_eq(w.s.n_commits, 0);    /* no keys of a connection that is none */
    ck_assert_uint_eq(w.x.n_open, 1);
    while (n > 0)
        ck_assert_int_eq(gnttab_end(&w.x.grants, refs[--n]), TERN_OK);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    bus_assert_up();
}
END_TEST

/* ---- Suspend, resume, a store that begins anew ---- */

START_TEST(test_restored_guest_connects_anew)
{
    bus_attach(0);
    for (unsigned i = 0; i < 3; i++) {
        netfront_suspend(&w.nf);
        /* Another domain, another directory; nothing is held or open. */
        fake_restore(&w.x);
        store_restore(&w.s, (uint16_t)(20 + i));
        ck_assert_int_eq(w.x.env.evtchn_alloc(&w.x.env, 0, &w.s.port), TERN_OK);
        w.back.nb.tx = w.back.nb.rx = NULL;
        netfront_bus_restart(&w.bus);
        xenstore_restart(&w.xs, w.s.ring, w.s.port);
        world_attach(&w, (uint16_t)(i % 2));
        world_run(&w);
        bus_assert_up();
        ck_assert_uint_eq(store_n_watches(&w.s), 3);
        ck_assert_uint_eq(fake_n_granted(&w.x), w.nf.n_pages);
    }
}
END_TEST

START_TEST(test_cancelled_suspend_goes_on)
{
    bus_attach(0);
    netfront_suspend(&w.nf);
    world_run(&w);
    netfront_resume(&w.nf, true);
    world_run(&w);
    bus_assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 1);
}
END_TEST

START_TEST(test_store_that_reconnects_leaves_the_connection_alone)
{
    bus_attach(0);
    w.s.ring->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION;
    ck_assert_int_eq(xenstore_reconnect(&w.xs), TERN_OK);
    world_run(&w);
    bus_assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 1);
    netback_disconnect(&w.back.nb);    /* our watches work */
    world_back_state(&w, XenbusStateClosing);
    world_run(&w);
    bus_assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 2);
}
END_TEST

START_TEST(test_store_that_reconnects_or_is_silent_while_a_state_is_read)
{
    char path[STORE_PATH];
    bus_attach(0);
    w.s.ring->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION;
    snprintf(path, sizeof path, "%s/hotplug-status", w.back.dir);
    store_set(&w.s, path, "connected");
    w.s.silent = true;
    for (unsigned i = 0; i < 3; i++)
        (void)world_turn(&w);
    ck_assert(w.bus.bus.read_state.busy);
    w.now_ns += _i == 1 ? XENSTORE_TIMEOUT_NS : 0;
    (void)world_turn(&w);
    w.s.silent = false;
    ck_assert_int_eq(xenstore_reconnect(&w.xs), TERN_OK);
    world_run(&w);
    bus_assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 1);
}
END_TEST

/* A few turns in which answers are kept back, and then come, the last first. */
static void turns_held(unsigned n)
{
    w.s.holds = true;
    for (unsigned i = 0; i < n; i++)
        (void)world_turn(&w);
    store_release(&w.s);
}

START_TEST(test_handshake_goes_well_in_whatever_order_answers_come)
{
    world_attach(&w, 0);
    for (unsigned i = 0; i < 40; i++) {
        turns_held(3);
        (void)world_turn(&w);
    }
    world_run(&w);
    bus_assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 1);
}
END_TEST

START_TEST(test_keys_of_a_former_life_are_not_believed)
{
    world_attach(&w, 0);
    w.back.stubborn = true;
    while (w.bus.bus.phase != XENBUS_BEGUN)
        (void)world_turn(&w);
    w.s.holds = true;
    for (unsigned i = 0; i < 3; i++)
        (void)world_turn(&w);
    ck_assert_uint_eq(w.bus.n_reading, 11);
    world_back_state(&w, XenbusStateInitialising);
    for (unsigned i = 0; i < 3; i++)
        (void)world_turn(&w);
    store_release(&w.s);    /* the state first, then the keys */
    world_run(&w);
    bus_assert_down();
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_WAITING);
    w.back.stubborn = false;
    world_back_restart(&w);
    world_run(&w);
    bus_assert_up();
}
END_TEST

/* It closes when its state has been read and the answer is under way: that is old. */
START_TEST(test_backend_that_closes_while_its_state_is_read_is_followed)
{
    char path[STORE_PATH];
    bus_attach(0);
    snprintf(path, sizeof path, "%s/hotplug-status", w.back.dir);
    store_set(&w.s, path, "connected");
    w.s.holds = true;
    while (w.s.n_held == 0)
        (void)world_turn(&w);
    ck_assert(w.bus.bus.read_state.busy);
    w.back.offline = true;
    netback_disconnect(&w.back.nb);
    world_back_state(&w, XenbusStateClosing);
    for (unsigned i = 0; i < 3; i++)
        (void)world_turn(&w);
    ck_assert(w.bus.bus.read_state.busy);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_CONNECTED);
    store_release(&w.s);
    world_run(&w);
    bus_assert_down();
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_WAITING);
}
END_TEST

START_TEST(test_carrier_that_changes_while_it_is_read_is_read_again)
{
    char path[STORE_PATH];
    bus_attach(0);
    snprintf(path, sizeof path, "%s/carrier", w.back.dir);
    store_set(&w.s, path, "0");
    while (!w.bus.carrier.busy)
        (void)world_turn(&w);
    w.s.holds = true;
    for (unsigned i = 0; i < 3; i++)
        (void)world_turn(&w);
    store_set(&w.s, path, "1");
    for (unsigned i = 0; i < 3; i++)
        (void)world_turn(&w);
    ck_assert(w.bus.carrier.busy && w.bus.bus.read_state.busy);
    store_release(&w.s);
    world_run(&w);
    bus_assert_up();
}
END_TEST

/* Whatever is under way when the store begins anew, the handshake comes to its end. */
START_TEST(test_store_that_reconnects_in_the_middle_of_the_handshake)
{
    for (unsigned n = 0; n < 30; n++) {
        w.s.n_eagain = n % 3;
        w.s.ring->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION;
        world_attach(&w, 0);
        for (unsigned i = 0; i < n; i++) {
            w.back.stubborn = i % 2 == 0;    /* and the backend takes its time */
            (void)world_turn(&w);
        }
        ck_assert_int_eq(xenstore_reconnect(&w.xs), TERN_OK);
        w.back.stubborn = false;
        world_run(&w);
        bus_assert_up();
        netback_forget(&w.back.nb);
        world_detach(&w);
        world_run(&w);
        bus_assert_down();
    }
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
    tcase_add_test(t, test_reopen_leaves_and_connects_anew);
    tcase_add_loop_test(t, test_reopen_at_any_step_of_the_handshake_connects, 0, 2);
    tcase_add_loop_test(t, test_reopen_during_the_handshake_is_not_forgotten, 0, 3);
    tcase_add_test(t, test_reopen_waits_until_the_backend_has_seen_it);
    tcase_add_loop_test(t, test_slow_backend_and_we_come_to_rest, 0, WORLD_LAG);
    tcase_add_test(t, test_reopen_without_a_backend_is_harmless);
    tcase_add_test(t, hostile_net_55_device_that_broke_connects_anew_with_the_same_backend);
    tcase_add_test(t, hostile_net_55_backend_that_does_not_let_us_close_is_replaced);
    tcase_add_test(t, hostile_net_55_backend_that_toggles_its_state_costs_bounded_work);
    tcase_add_test(t, test_no_grants_left_is_said_and_tried_again_when_asked);
    tcase_add_test(t, test_restored_guest_connects_anew);
    tcase_add_test(t, test_cancelled_suspend_goes_on);
    tcase_add_test(t, test_store_that_reconnects_leaves_the_connection_alone);
    tcase_add_loop_test(t, test_store_that_reconnects_or_is_silent_while_a_state_is_read, 0, 2);
    tcase_add_test(t, test_handshake_goes_well_in_whatever_order_answers_come);
    tcase_add_test(t, test_keys_of_a_former_life_are_not_believed);
    tcase_add_test(t, test_backend_that_closes_while_its_state_is_read_is_followed);
    tcase_add_test(t, test_carrier_that_changes_while_it_is_read_is_read_again);
    tcase_add_test(t, test_store_that_reconnects_in_the_middle_of_the_handshake);
    return t;
}

Suite *xen_life_suite(void)
{
    Suite *suite = suite_create("xen_life");
    suite_add_tcase(suite, living());
    return suite;
}
