/* SPDX-License-Identifier: ISC */
/*
 * A connection over a suspend, a restore, and a store that begins anew, is silent or
 * answers in another order.
 */
#include "suites.h"
#include "xen_bus_fixture.h"

#include <stdio.h>
#include <string.h>

#include <xen/io/xs_wire.h>

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

/* The second key that is read, feature-sg, is refused. */
static unsigned n_keys;
static void refuse_one(struct xen_store *store, uint8_t *message, size_t len)
{
    struct xsd_sockmsg hdr;
    (void)store;
    (void)len;
    memcpy(&hdr, message, sizeof hdr);
    if (hdr.type != XS_READ || ++n_keys != 2)
        return;
    hdr.type = XS_ERROR;
    memcpy(message, &hdr, sizeof hdr);
}

/* What the store does not say is not missing: it is asked again, not done without. */
START_TEST(hostile_net_55_key_that_the_store_keeps_to_itself_is_not_a_missing_one)
{
    world_attach(&w, 0);
    w.back.stubborn = true;
    while (w.bus.bus.phase != XENBUS_BEGUN)
        (void)world_turn(&w);
    if (_i == 0) {
        w.s.silent = true;
        for (unsigned i = 0; i < 3; i++)
            (void)world_turn(&w);
        ck_assert_uint_eq(w.bus.n_reading, 11);
        w.now_ns += XENSTORE_TIMEOUT_NS;
        (void)world_turn(&w);
        w.s.silent = false;
    } else {
        n_keys = 0;
        w.s.mangle = refuse_one;
    }
    w.back.stubborn = false;
    world_run(&w);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_CLOSED);
    ck_assert_ptr_nonnull(strstr(w.x.log, "the store does not say what it can"));
    ck_assert_uint_eq(w.nf.stats.connects, 0);
    w.s.mangle = NULL;
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    bus_assert_up();
    ck_assert(w.nf.peer.sg);
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

static TCase *resuming(void)
{
    TCase *t = tcase_create("resuming");
    tcase_add_checked_fixture(t, bus_setup, bus_teardown);
    tcase_add_test(t, test_restored_guest_connects_anew);
    tcase_add_test(t, test_cancelled_suspend_goes_on);
    tcase_add_test(t, test_store_that_reconnects_leaves_the_connection_alone);
    tcase_add_loop_test(t, test_store_that_reconnects_or_is_silent_while_a_state_is_read, 0, 2);
    tcase_add_test(t, test_handshake_goes_well_in_whatever_order_answers_come);
    tcase_add_test(t, test_keys_of_a_former_life_are_not_believed);
    tcase_add_loop_test(
        t, hostile_net_55_key_that_the_store_keeps_to_itself_is_not_a_missing_one, 0, 2);
    tcase_add_test(t, test_backend_that_closes_while_its_state_is_read_is_followed);
    tcase_add_test(t, test_carrier_that_changes_while_it_is_read_is_read_again);
    tcase_add_test(t, test_store_that_reconnects_in_the_middle_of_the_handshake);
    return t;
}

Suite *xen_resume_suite(void)
{
    Suite *suite = suite_create("xen_resume");
    suite_add_tcase(suite, resuming());
    return suite;
}
