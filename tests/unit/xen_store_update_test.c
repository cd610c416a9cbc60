/* SPDX-License-Identifier: ISC */
/*
 * Keys that the store's client writes and removes all at once, or not at all.
 */
#include "suites.h"
#include "xen_store_fixture.h"

#include <string.h>

static unsigned n_updated;
static enum tern_err updated_err;

static void updated(struct xenstore_update *u, enum tern_err err)
{
    (void)u;
    n_updated++;
    updated_err = err;
}

static const struct xenstore_entry entries[] = {
    { "tx-ring-ref", "8" }, { "rx-ring-ref", "9" }, { "old", NULL }, { "older", NULL },
};
static struct xenstore_update update;

static void update_start(void)
{
    n_updated = 0;
    memset(&update, 0, sizeof update);
    update.done = updated;
    store_set(&s, "/local/domain/5/device/vif/0/old", "1");
    ck_assert_int_eq(xenstore_update(&xs, &update, "device/vif/0", entries, 4), TERN_OK);
    ck_assert_int_eq(xenstore_update(&xs, &update, "device/vif/0", entries, 4), TERN_INVALID);
    static struct xenstore_update other;
    ck_assert_int_eq(xenstore_update(&xs, &other, "device/vif/0", entries,
                                     XENSTORE_UPDATE_CAP + 1), TERN_INVALID);
}

START_TEST(test_update_writes_all_keys_in_one_transaction)
{
    update_start();
    store_run();
    ck_assert_uint_eq(n_updated, 1);
    ck_assert_int_eq(updated_err, TERN_OK);
    ck_assert_uint_eq(s.n_commits, 1);
    ck_assert_str_eq(store_get(&s, "/local/domain/5/device/vif/0/tx-ring-ref"), "8");
    ck_assert_str_eq(store_get(&s, "/local/domain/5/device/vif/0/rx-ring-ref"), "9");
    ck_assert_ptr_null(store_get(&s, "/local/domain/5/device/vif/0/old"));
    ck_assert_uint_eq(s.n_tx_open, 0);
}
END_TEST

START_TEST(test_update_into_a_directory_that_is_too_long_changes_nothing)
{
    static char dir[XENSTORE_PATH_CAP];
    memset(dir, 'd', 118);    /* "dir/old" fits, "dir/tx-ring-ref" does not */
    n_updated = 0;
    memset(&update, 0, sizeof update);
    update.done = updated;
    ck_assert_int_eq(xenstore_update(&xs, &update, dir, entries, _i == 0 ? 4 : 2), TERN_OK);
    store_run();
    ck_assert_uint_eq(n_updated, 1);
    ck_assert_int_eq(updated_err, TERN_INVALID);
    ck_assert_uint_eq(s.n_commits, 0);
    ck_assert_uint_eq(s.n_tx_open, 0);
}
END_TEST

START_TEST(test_update_that_collides_is_tried_again)
{
    s.n_eagain = 3;
    update_start();
    store_run();
    ck_assert_int_eq(updated_err, TERN_OK);
    ck_assert_uint_eq(update.n_tries, 4);
    ck_assert_uint_eq(s.n_commits, 1);
    ck_assert_str_eq(store_get(&s, "/local/domain/5/device/vif/0/tx-ring-ref"), "8");
}
END_TEST

START_TEST(test_update_that_always_collides_ends)
{
    s.n_eagain = 1000;
    update_start();
    store_run();
    ck_assert_uint_eq(n_updated, 1);
    ck_assert_int_eq(updated_err, TERN_AGAIN);
    ck_assert_uint_eq(update.n_tries, XENSTORE_UPDATE_TRIES);
    ck_assert_ptr_null(store_get(&s, "/local/domain/5/device/vif/0/tx-ring-ref"));
    ck_assert_uint_eq(s.n_tx_open, 0);
}
END_TEST

static unsigned n_refuse;

static void refuse_writes(struct xen_store *store, uint8_t *message, size_t len)
{
    uint32_t type;
    (void)store;
    memcpy(&type, message, 4);
    if (type != XS_WRITE || n_refuse == 0 || len != 19)
        return;
    n_refuse--;
    type = XS_ERROR;
    memcpy(message, &type, 4);    /* "OK" is an error that nobody knows */
}

START_TEST(test_update_with_a_refused_key_changes_nothing)
{
    n_refuse = 1;
    s.mangle = refuse_writes;
    update_start();
    store_run();
    ck_assert_uint_eq(n_updated, 1);
    ck_assert_int_eq(updated_err, TERN_REFUSED);
    ck_assert_uint_eq(s.n_commits, 0);
    ck_assert_uint_eq(s.n_tx_open, 0);
    ck_assert_ptr_null(store_get(&s, "/local/domain/5/device/vif/0/rx-ring-ref"));
}
END_TEST

START_TEST(hostile_net_55_transaction_with_a_number_that_is_none)
{
    static const char *const numbers[] = { "", "0", "x", "-1", "4294967296", "99999999999999",
                                           "1 " };
    s.silent = true;
    store_run();
    update_start();
    store_run();
    s.silent = false;
    store_send(&s, XS_TRANSACTION_START, update.start.id, numbers[_i], strlen(numbers[_i]));
    (void)xenstore_poll(&xs, now_ns);
    ck_assert_uint_eq(n_updated, 1);
    ck_assert_int_eq(updated_err, TERN_MALFORMED);
}
END_TEST

START_TEST(test_update_ends_when_the_store_does)
{
    update_start();
    for (int i = 0; i < _i; i++) {
        (void)xenstore_poll(&xs, now_ns);
        store_serve(&s);
    }
    bool was_over = n_updated == 1;
    store_restore(&s, 6);
    xenstore_restart(&xs, s.ring, s.port);
    store_run();
    ck_assert_uint_eq(n_updated, 1);
    ck_assert_int_eq(updated_err, was_over ? TERN_OK : TERN_ABORTED);
    ck_assert(!update.busy);
}
END_TEST

/* One key is refused, the others are never answered: the next store has no such transaction. */
START_TEST(test_update_with_a_refused_key_ends_when_the_store_does)
{
    store_run();
    update_start();
    (void)xenstore_poll(&xs, now_ns);
    store_serve(&s);
    (void)xenstore_poll(&xs, now_ns);
    ck_assert(update.requests[0].busy && update.requests[1].busy);
    s.silent = true;
    store_serve(&s);
    s.silent = false;
    store_send(&s, XS_ERROR, update.requests[0].id, "EACCES", 7);
    (void)xenstore_poll(&xs, now_ns);
    ck_assert(!update.requests[0].busy && update.requests[1].busy);
    store_restore(&s, 6);
    xenstore_restart(&xs, s.ring, s.port);
    store_run();
    ck_assert_uint_eq(n_updated, 1);
    ck_assert_int_eq(updated_err, TERN_ABORTED);
}
END_TEST

static TCase *updating(void)
{
    TCase *t = tcase_create("updating");
    tcase_add_checked_fixture(t, store_setup, store_teardown);
    tcase_add_test(t, test_update_writes_all_keys_in_one_transaction);
    tcase_add_loop_test(t, test_update_into_a_directory_that_is_too_long_changes_nothing, 0, 2);
    tcase_add_test(t, test_update_that_collides_is_tried_again);
    tcase_add_test(t, test_update_that_always_collides_ends);
    tcase_add_test(t, test_update_with_a_refused_key_changes_nothing);
    tcase_add_loop_test(t, test_update_ends_when_the_store_does, 0, 8);
    tcase_add_test(t, test_update_with_a_refused_key_ends_when_the_store_does);
    tcase_add_loop_test(t, hostile_net_55_transaction_with_a_number_that_is_none, 0, 7);
    return t;
}

Suite *xen_store_update_suite(void)
{
    Suite *suite = suite_create("xen_store_update");
    suite_add_tcase(suite, updating());
    return suite;
}
