/* SPDX-License-Identifier: ISC */
/*
 * A connection that we end and begin anew, whatever the backend does meanwhile.
 */
#include "suites.h"
#include "xen_bus_fixture.h"

#include <string.h>

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

static TCase *reopening(void)
{
    TCase *t = tcase_create("reopening");
    tcase_add_checked_fixture(t, bus_setup, bus_teardown);
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
    return t;
}

Suite *xen_reopen_suite(void)
{
    Suite *suite = suite_create("xen_reopen");
    suite_add_tcase(suite, reopening());
    return suite;
}
