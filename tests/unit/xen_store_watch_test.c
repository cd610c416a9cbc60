/* SPDX-License-Identifier: ISC */
/*
 * Watches of the store's client, and a store that begins anew.
 */
#include "suites.h"
#include "xen_store_fixture.h"

#include <stdio.h>
#include <string.h>

/* ---- Watches ---- */

START_TEST(test_watch_fires_when_it_is_set_and_at_changes_below)
{
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "control"), TERN_OK);
    store_run();
    ck_assert_uint_eq(n_fired[0], 1);
    store_set(&s, "/local/domain/5/control/shutdown", "poweroff");
    store_set(&s, "/local/domain/5/controls", "no");
    store_run();
    ck_assert_uint_eq(n_fired[0], 2);
    store_remove(&s, "/local/domain/5");
    store_run();
    ck_assert_uint_eq(n_fired[0], 3);
}
END_TEST

START_TEST(test_events_between_answers_are_kept_in_bounded_memory)
{
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[1], "b"), TERN_OK);
    store_run();
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a/1"), TERN_OK);
    for (int i = 0; i < 400; i++)
        store_set(&s, "/local/domain/5/a/1", "x");
    store_run();
    store_assert_value(0, "x");
    ck_assert_uint_ge(n_fired[0], 2);
    ck_assert_uint_le(n_fired[0], 402);
    ck_assert_uint_eq(n_fired[1], 1);
    ck_assert_uint_eq(xs.stats.events, 402);
}
END_TEST

START_TEST(test_watch_moves_and_leaves_nothing_behind)
{
    static const char *const paths[] = { "a", "b", "a", "c" };
    for (size_t i = 0; i < 300; i++) {
        ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], paths[i % 4]), TERN_OK);
        if (i % 3 == 0)
            store_run();
    }
    store_run();
    ck_assert_uint_eq(store_n_watches(&s), 1);
    unsigned before = n_fired[0];
    store_set(&s, "/local/domain/5/b/x", "1");
    store_run();
    ck_assert_uint_eq(n_fired[0], before);
    store_set(&s, "/local/domain/5/c/x", "1");
    store_run();
    ck_assert_uint_eq(n_fired[0], before + 1);
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], ""), TERN_OK);
    store_run();
    ck_assert_uint_eq(store_n_watches(&s), 0);
}
END_TEST

START_TEST(test_event_of_a_watch_that_moved_is_dropped_and_counted)
{
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    store_run();
    char event[] = "a\0" "00000001";
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "b"), TERN_OK);
    store_run();
    ck_assert_uint_eq(n_fired[0], 2);
    store_send(&s, XS_WATCH_EVENT, 0, event, sizeof event);
    store_run();
    ck_assert_uint_eq(n_fired[0], 2);
    ck_assert_uint_eq(xs.stats.events_unknown, 1);
}
END_TEST

START_TEST(test_refused_watch_is_said_and_not_tried_without_end)
{
    s.watch_limit = 1;
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[1], "b"), TERN_OK);
    store_run();
    ck_assert_uint_eq(n_fired[0] + n_fired[1], 1);
    ck_assert_ptr_nonnull(strstr(x.log, "refuses a watch"));
    unsigned before = s.n_requests;
    store_run();
    ck_assert_uint_eq(s.n_requests, before);
    s.watch_limit = 0;
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[1], "b"), TERN_OK);
    store_run();
    ck_assert_uint_eq(n_fired[0] + n_fired[1], 2);
}
END_TEST

START_TEST(test_watches_of_before_are_reset_first)
{
    snprintf(s.watches[3].token, 9, "deadbeef");
    s.watches[3].used = true;
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    store_run();
    ck_assert_uint_eq(store_n_watches(&s), 1);
    ck_assert_uint_eq(n_fired[0], 1);
}
END_TEST

START_TEST(test_store_that_cannot_reset_watches_is_fine)
{
    s.no_reset = true;
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    store_run();
    ck_assert_uint_eq(n_fired[0], 1);
}
END_TEST

/* ---- Beginning anew ---- */

START_TEST(test_restart_ends_requests_and_sets_watches_again)
{
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    store_run();
    s.silent = true;
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    store_run();
    ck_assert_int_eq(xenstore_read(&xs, &requests[1], 0, "a"), TERN_OK);
    s.silent = false;
    store_restore(&s, 9);
    xenstore_restart(&xs, s.ring, s.port);
    ck_assert_int_eq(got[0].err, TERN_ABORTED);
    ck_assert_int_eq(got[1].err, TERN_ABORTED);
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[1], "b"), TERN_OK);
    xenstore_restart(&xs, s.ring, s.port);    /* while watches are being set */
    ck_assert_uint_eq(x.log_len, 0);
    store_run();
    ck_assert_uint_eq(store_n_watches(&s), 2);
    ck_assert_uint_eq(n_fired[0], 2);
    store_set(&s, "/local/domain/9/a", "1");
    store_run();
    ck_assert_uint_eq(n_fired[0], 3);
}
END_TEST

START_TEST(test_reconnect_heals_a_broken_ring)
{
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    store_run();
    ck_assert_int_eq(xenstore_reconnect(&xs), TERN_UNSUPPORTED);
    s.ring->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION;
    s.ring->rsp_prod += 5000;
    (void)xenstore_poll(&xs, now_ns);
    ck_assert_int_eq(xs.state, XENSTORE_BROKEN);
    ck_assert_int_eq(xenstore_reconnect(&xs), TERN_OK);
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    /* A watch that is set meanwhile is not forgotten by the reset that goes first. */
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[1], "b"), TERN_OK);
    ck_assert(xenstore_idle(&xs));
    store_run();
    ck_assert_int_eq(xs.state, XENSTORE_RUNNING);
    ck_assert_int_eq(got[0].err, TERN_UNREACHABLE);
    ck_assert_uint_eq(store_n_watches(&s), 2);
    ck_assert_uint_eq(n_fired[0], 2);
    ck_assert_uint_eq(n_fired[1], 1);
}
END_TEST

START_TEST(test_what_is_left_in_the_ring_is_skipped)
{
    store_send(&s, XS_READ, 77, "old", 3);
    xenstore_restart(&xs, s.ring, s.port);
    store_send(&s, XS_READ, 78, "old", 3);    /* asked by somebody before us */
    store_run();
    ck_assert_uint_eq(xs.stats.foreign, 1);
    ck_assert_int_eq(xs.state, XENSTORE_RUNNING);
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    store_run();
    ck_assert_int_eq(got[0].err, TERN_UNREACHABLE);
}
END_TEST

static TCase *watching(void)
{
    TCase *t = tcase_create("watching");
    tcase_add_checked_fixture(t, store_setup, store_teardown);
    tcase_add_test(t, test_watch_fires_when_it_is_set_and_at_changes_below);
    tcase_add_test(t, test_events_between_answers_are_kept_in_bounded_memory);
    tcase_add_test(t, test_watch_moves_and_leaves_nothing_behind);
    tcase_add_test(t, test_event_of_a_watch_that_moved_is_dropped_and_counted);
    tcase_add_test(t, test_refused_watch_is_said_and_not_tried_without_end);
    tcase_add_test(t, test_watches_of_before_are_reset_first);
    tcase_add_test(t, test_store_that_cannot_reset_watches_is_fine);
    tcase_add_test(t, test_restart_ends_requests_and_sets_watches_again);
    tcase_add_test(t, test_reconnect_heals_a_broken_ring);
    tcase_add_test(t, test_what_is_left_in_the_ring_is_skipped);
    return t;
}

Suite *xen_store_watch_suite(void)
{
    Suite *suite = suite_create("xen_store_watch");
    suite_add_tcase(suite, watching());
    return suite;
}
