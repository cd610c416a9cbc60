/* SPDX-License-Identifier: ISC */
/*
 * The store's client, with a store that keeps the rules and one that does not.
 */
#include "access_watch.h"
#include "suites.h"
#include "xen_store.h"

#include <stdio.h>
#include <string.h>

static struct xen_fake x;
static struct xen_store s;
static struct xenstore xs;
static uint64_t now_ns;

/* What a request came to. */
static struct {
    unsigned n_done;
    enum tern_err err;
    uint8_t data[XENSTORE_REPLY_CAP];
    size_t len;
} got[8];

static void done(struct xenstore_request *r, enum tern_err err, const uint8_t *data, size_t len)
{
    size_t i = (size_t)(uintptr_t)r->user;
    got[i].n_done++;
    got[i].err = err;
    got[i].len = len;
    if (len > 0)
        memcpy(got[i].data, data, len);
}

static struct xenstore_request requests[8];
static struct xenstore_watch watches[4];
static unsigned n_fired[4];

static void fired(struct xenstore_watch *w)
{
    n_fired[(size_t)(uintptr_t)w->user]++;
}

static void setup(void)
{
    memset(got, 0, sizeof got);
    memset(requests, 0, sizeof requests);
    memset(watches, 0, sizeof watches);
    memset(n_fired, 0, sizeof n_fired);
    for (size_t i = 0; i < 8; i++)
        requests[i] = (struct xenstore_request){ .done = done, .user = (void *)(uintptr_t)i };
    for (size_t i = 0; i < 4; i++)
        watches[i] = (struct xenstore_watch){ .fired = fired, .user = (void *)(uintptr_t)i };
    now_ns = 1000;
    fake_init(&x);
    store_init(&s, &x, 5);
    xenstore_init(&xs, &x.env, s.ring, s.port);
}

static void teardown(void)
{
    store_free(&s);
    fake_free(&x);
}

/* Both sides until neither has anything to do. */
static void run(void)
{
    for (int i = 0; i < 1000; i++) {
        bool worked = store_serve(&s);
        uint32_t cons = xs.rsp_cons, prod = xs.req_prod;
        uint64_t due_ns = xenstore_poll(&xs, now_ns);
        if (!worked && due_ns > now_ns && cons == xs.rsp_cons && prod == xs.req_prod)
            return;
    }
    ck_abort_msg("no end");
}

static void assert_value(size_t i, const char *value)
{
    ck_assert_uint_eq(got[i].n_done, 1);
    ck_assert_int_eq(got[i].err, TERN_OK);
    ck_assert_uint_eq(got[i].len, strlen(value));
    ck_assert_mem_eq(got[i].data, value, strlen(value));
}

/* ---- Requests ---- */

START_TEST(test_key_is_read)
{
    store_set(&s, "/local/domain/5/device/vif/0/mac", "00:16:3e:00:00:01");
    store_set(&s, "/vm/x", "");
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "device/vif/0/mac"), TERN_OK);
    ck_assert_int_eq(xenstore_read(&xs, &requests[1], 0, "/vm/x"), TERN_OK);
    run();
    assert_value(0, "00:16:3e:00:00:01");
    assert_value(1, "");
    ck_assert(xenstore_is_quiet(&xs));
}
END_TEST

START_TEST(test_missing_key_is_unreachable)
{
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "nothing"), TERN_OK);
    run();
    ck_assert_uint_eq(got[0].n_done, 1);
    ck_assert_int_eq(got[0].err, TERN_UNREACHABLE);
}
END_TEST

START_TEST(test_key_is_written_and_removed)
{
    ck_assert_int_eq(xenstore_write(&xs, &requests[0], 0, "control/shutdown", ""), TERN_OK);
    ck_assert_int_eq(xenstore_write(&xs, &requests[1], 0, "data/a", "17"), TERN_OK);
    run();
    ck_assert_str_eq(store_get(&s, "/local/domain/5/control/shutdown"), "");
    ck_assert_str_eq(store_get(&s, "/local/domain/5/data/a"), "17");
    ck_assert_int_eq(xenstore_remove(&xs, &requests[2], 0, "data"), TERN_OK);
    run();
    ck_assert_ptr_null(store_get(&s, "/local/domain/5/data/a"));
    ck_assert_int_eq(got[2].err, TERN_OK);
    ck_assert_int_eq(xenstore_remove(&xs, &requests[3], 0, "data/a"), TERN_OK);
    run();
    ck_assert_int_eq(got[3].err, TERN_UNREACHABLE);
}
END_TEST

START_TEST(test_hundred_thousand_requests_wrap_the_rings)
{
    s.ring->req_prod = s.ring->req_cons = 0xfffff000u;
    s.ring->rsp_prod = s.ring->rsp_cons = 0xffffff80u;
    xenstore_restart(&xs, s.ring, s.port);
    store_set(&s, "/a", "0123456789abcdef");
    for (int i = 0; i < 3000; i++) {
        memset(got, 0, sizeof got);
        for (size_t k = 0; k < 8; k++)
            ck_assert_int_eq(xenstore_read(&xs, &requests[k], 0, "/a"), TERN_OK);
        run();
        for (size_t k = 0; k < 8; k++)
            if (got[k].n_done != 1 || got[k].len != 16)
                ck_abort_msg("request %zu of round %d", k, i);
    }
    ck_assert_uint_lt(s.ring->rsp_prod, 0x10000000u);
}
END_TEST

START_TEST(test_more_requests_than_the_ring_holds_wait_in_order)
{
    static char path[XENSTORE_PATH_CAP];
    static struct xenstore_request many[40];
    memset(many, 0, sizeof many);
    memset(path, 'p', 120);
    for (size_t i = 0; i < 40; i++) {
        many[i] = (struct xenstore_request){ .done = done, .user = (void *)(uintptr_t)7 };
        ck_assert_int_eq(xenstore_read(&xs, &many[i], 0, path), TERN_OK);
    }
    (void)xenstore_poll(&xs, now_ns);
    ck_assert(!xenstore_is_quiet(&xs));
    run();
    ck_assert_uint_eq(got[7].n_done, 40);
    ck_assert(xenstore_is_quiet(&xs));
}
END_TEST

START_TEST(test_busy_or_too_long_request_is_refused)
{
    static char longest[XENSTORE_PATH_CAP + 1], value[XENSTORE_MESSAGE_CAP + 1];
    memset(longest, 'p', XENSTORE_PATH_CAP);
    memset(value, 'v', XENSTORE_MESSAGE_CAP);
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, longest), TERN_INVALID);
    ck_assert_int_eq(xenstore_write(&xs, &requests[0], 0, "p", value), TERN_INVALID);
    longest[XENSTORE_PATH_CAP - 1] = '\0';
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, longest), TERN_OK);
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], longest), TERN_OK);
    longest[XENSTORE_PATH_CAP - 1] = 'p';
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], longest), TERN_INVALID);
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "p"), TERN_INVALID);
    run();
    ck_assert_uint_eq(got[0].n_done, 1);
}
END_TEST

START_TEST(test_longest_answer_is_read)
{
    static uint8_t data[XENSTORE_PAYLOAD_MAX];
    memset(data, 'd', sizeof data);
    s.silent = true;
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    run();
    s.silent = false;
    store_send(&s, XS_READ, requests[0].id, data, sizeof data);
    run();
    ck_assert_uint_eq(got[0].n_done, 1);
    ck_assert_uint_eq(got[0].len, sizeof data);
    ck_assert_mem_eq(got[0].data, data, sizeof data);
}
END_TEST

static void serve_when_told(struct xen_fake *fake, uint32_t port)
{
    (void)fake;
    (void)port;
    store_serve(&s);
}

/* The store does something only when it is told: four rings full take four words. */
START_TEST(test_store_that_waits_for_room_is_told_and_no_other)
{
    static uint8_t data[XENSTORE_PAYLOAD_MAX];
    run();
    s.silent = true;
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    run();
    s.silent = false;
    unsigned told = x.ports[s.port].n_notified;
    store_send(&s, XS_READ, requests[0].id, data, sizeof data);
    x.notified = serve_when_told;
    for (int i = 0; i < 20; i++)
        (void)xenstore_poll(&xs, now_ns);
    ck_assert_uint_eq(got[0].n_done, 1);
    ck_assert_uint_eq(x.ports[s.port].n_notified, told + 4);
    /* An answer that leaves room: only the request is told of. */
    ck_assert_int_eq(xenstore_read(&xs, &requests[1], 0, "a"), TERN_OK);
    (void)xenstore_poll(&xs, now_ns);
    (void)xenstore_poll(&xs, now_ns);
    ck_assert_uint_eq(got[1].n_done, 1);
    ck_assert_uint_eq(x.ports[s.port].n_notified, told + 5);
}
END_TEST

static struct xenstore_request again;
static unsigned n_again;

static void ask_again(struct xenstore_request *r, enum tern_err err, const uint8_t *data,
                      size_t len)
{
    (void)data;
    (void)len;
    ck_assert_int_eq(err, TERN_UNREACHABLE);
    if (++n_again < 100)
        ck_assert_int_eq(xenstore_read(&xs, r, 0, "a"), TERN_OK);
}

START_TEST(test_request_may_be_asked_again_from_its_done)
{
    n_again = 0;
    again = (struct xenstore_request){ .done = ask_again };
    ck_assert_int_eq(xenstore_read(&xs, &again, 0, "a"), TERN_OK);
    run();
    ck_assert_uint_eq(n_again, 100);
}
END_TEST

START_TEST(test_answers_may_come_in_another_order)
{
    s.silent = true;
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(xenstore_read(&xs, &requests[i], 0, "a"), TERN_OK);
    run();
    s.silent = false;
    store_send(&s, XS_READ, requests[2].id, "two", 3);
    store_send(&s, XS_READ, requests[0].id, "zero", 4);
    store_send(&s, XS_READ, requests[1].id, "one", 3);
    run();
    assert_value(0, "zero");
    assert_value(1, "one");
    assert_value(2, "two");
}
END_TEST

START_TEST(test_client_sleeps_only_when_nothing_is_there)
{
    run();
    ck_assert(xenstore_idle(&xs));
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    ck_assert(!xenstore_idle(&xs));
    (void)xenstore_poll(&xs, now_ns);
    ck_assert(xenstore_idle(&xs));
    store_serve(&s);
    ck_assert(fake_awake(&x));
    ck_assert(!xenstore_idle(&xs));
    (void)xenstore_poll(&xs, now_ns);
    ck_assert(xenstore_idle(&xs));
}
END_TEST

START_TEST(test_no_answer_is_a_time_out_and_a_late_one_is_dropped)
{
    s.silent = true;
    run();
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    run();
    uint32_t id = requests[0].id;
    ck_assert_uint_eq(xenstore_poll(&xs, now_ns), now_ns + XENSTORE_TIMEOUT_NS);
    now_ns += XENSTORE_TIMEOUT_NS - 1;
    (void)xenstore_poll(&xs, now_ns);
    ck_assert_uint_eq(got[0].n_done, 0);
    now_ns++;
    (void)xenstore_poll(&xs, now_ns);
    ck_assert_uint_eq(got[0].n_done, 1);
    ck_assert_int_eq(got[0].err, TERN_TIMED_OUT);
    s.silent = false;
    store_set(&s, "/b", "here");
    ck_assert_int_eq(xenstore_read(&xs, &requests[1], 0, "/b"), TERN_OK);
    run();
    assert_value(1, "here");
    store_send(&s, XS_READ, id, "late", 4);
    run();
    ck_assert_uint_eq(xs.stats.late, 1);
    ck_assert_uint_eq(xs.stats.timed_out, 2);    /* the reset of watches was the other */
    ck_assert_int_eq(xs.state, XENSTORE_RUNNING);
    ck_assert_uint_eq(got[0].n_done, 1);
}
END_TEST

START_TEST(test_store_that_reads_nothing_is_a_time_out_too)
{
    static char path[XENSTORE_PATH_CAP];
    memset(path, 'p', 120);
    s.deaf = true;
    s.ring->server_features = XENSTORE_SERVER_FEATURE_ERROR;
    s.ring->error = XENSTORE_ERROR_COMM;
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(xenstore_read(&xs, &requests[i], 0, path), TERN_OK);
    (void)xenstore_poll(&xs, now_ns);
    ck_assert_ptr_nonnull(xs.waiting);
    now_ns += XENSTORE_TIMEOUT_NS;
    (void)xenstore_poll(&xs, now_ns);
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(got[i].err, TERN_TIMED_OUT);
    ck_assert_uint_eq(xs.server_error, XENSTORE_ERROR_COMM);
    ck_assert(xenstore_is_quiet(&xs));
}
END_TEST

/* ---- Watches ---- */

START_TEST(test_watch_fires_when_it_is_set_and_at_changes_below)
{
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "control"), TERN_OK);
    run();
    ck_assert_uint_eq(n_fired[0], 1);
    store_set(&s, "/local/domain/5/control/shutdown", "poweroff");
    store_set(&s, "/local/domain/5/controls", "no");
    run();
    ck_assert_uint_eq(n_fired[0], 2);
    store_remove(&s, "/local/domain/5");
    run();
    ck_assert_uint_eq(n_fired[0], 3);
}
END_TEST

START_TEST(test_events_between_answers_are_kept_in_bounded_memory)
{
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[1], "b"), TERN_OK);
    run();
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a/1"), TERN_OK);
    for (int i = 0; i < 400; i++)
        store_set(&s, "/local/domain/5/a/1", "x");
    run();
    assert_value(0, "x");
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
            run();
    }
    run();
    ck_assert_uint_eq(store_n_watches(&s), 1);
    unsigned before = n_fired[0];
    store_set(&s, "/local/domain/5/b/x", "1");
    run();
    ck_assert_uint_eq(n_fired[0], before);
    store_set(&s, "/local/domain/5/c/x", "1");
    run();
    ck_assert_uint_eq(n_fired[0], before + 1);
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], ""), TERN_OK);
    run();
    ck_assert_uint_eq(store_n_watches(&s), 0);
}
END_TEST

START_TEST(test_event_of_a_watch_that_moved_is_dropped_and_counted)
{
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    run();
    char event[] = "a\0" "00000001";
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "b"), TERN_OK);
    run();
    ck_assert_uint_eq(n_fired[0], 2);
    store_send(&s, XS_WATCH_EVENT, 0, event, sizeof event);
    run();
    ck_assert_uint_eq(n_fired[0], 2);
    ck_assert_uint_eq(xs.stats.events_unknown, 1);
}
END_TEST

START_TEST(test_refused_watch_is_said_and_not_tried_without_end)
{
    s.watch_limit = 1;
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[1], "b"), TERN_OK);
    run();
    ck_assert_uint_eq(n_fired[0] + n_fired[1], 1);
    ck_assert_ptr_nonnull(strstr(x.log, "refuses a watch"));
    unsigned before = s.n_requests;
    run();
    ck_assert_uint_eq(s.n_requests, before);
    s.watch_limit = 0;
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[1], "b"), TERN_OK);
    run();
    ck_assert_uint_eq(n_fired[0] + n_fired[1], 2);
}
END_TEST

START_TEST(test_watches_of_before_are_reset_first)
{
    snprintf(s.watches[3].token, 9, "deadbeef");
    s.watches[3].used = true;
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    run();
    ck_assert_uint_eq(store_n_watches(&s), 1);
    ck_assert_uint_eq(n_fired[0], 1);
}
END_TEST

START_TEST(test_store_that_cannot_reset_watches_is_fine)
{
    s.no_reset = true;
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    run();
    ck_assert_uint_eq(n_fired[0], 1);
}
END_TEST

/* ---- Transactions ---- */

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
    run();
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
    run();
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
    run();
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
    run();
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
    run();
    ck_assert_uint_eq(n_updated, 1);
    ck_assert_int_eq(updated_err, TERN_REFUSED);
    ck_assert_uint_eq(s.n_commits, 0);
    ck_assert_uint_eq(s.n_tx_open, 0);
    ck_assert_ptr_null(store_get(&s, "/local/domain/5/device/vif/0/rx-ring-ref"));
}
END_TEST

START_TEST(hostile_xen_transaction_with_a_number_that_is_none)
{
    static const char *const numbers[] = { "", "0", "x", "-1", "4294967296", "99999999999999",
                                           "1 " };
    s.silent = true;
    run();
    update_start();
    run();
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
    run();
    ck_assert_uint_eq(n_updated, 1);
    ck_assert_int_eq(updated_err, was_over ? TERN_OK : TERN_ABORTED);
    ck_assert(!update.busy);
}
END_TEST

/* ---- Beginning anew ---- */

START_TEST(test_restart_ends_requests_and_sets_watches_again)
{
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    run();
    s.silent = true;
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    run();
    ck_assert_int_eq(xenstore_read(&xs, &requests[1], 0, "a"), TERN_OK);
    s.silent = false;
    store_restore(&s, 9);
    xenstore_restart(&xs, s.ring, s.port);
    ck_assert_int_eq(got[0].err, TERN_ABORTED);
    ck_assert_int_eq(got[1].err, TERN_ABORTED);
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[1], "b"), TERN_OK);
    xenstore_restart(&xs, s.ring, s.port);    /* while watches are being set */
    ck_assert_uint_eq(x.log_len, 0);
    run();
    ck_assert_uint_eq(store_n_watches(&s), 2);
    ck_assert_uint_eq(n_fired[0], 2);
    store_set(&s, "/local/domain/9/a", "1");
    run();
    ck_assert_uint_eq(n_fired[0], 3);
}
END_TEST

START_TEST(test_reconnect_heals_a_broken_ring)
{
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    run();
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
    run();
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
    run();
    ck_assert_uint_eq(xs.stats.foreign, 1);
    ck_assert_int_eq(xs.state, XENSTORE_RUNNING);
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    run();
    ck_assert_int_eq(got[0].err, TERN_UNREACHABLE);
}
END_TEST

/* ---- Breaches ---- */

/* Exactly this one; what was asked ends; the ring is not touched any more. */
static void assert_breach(enum xenstore_breach breach)
{
    (void)xenstore_poll(&xs, now_ns);
    ck_assert_int_eq(xs.state, XENSTORE_BROKEN);
    for (int i = 0; i < XENSTORE_BREACH_COUNT; i++)
        ck_assert_uint_eq(xs.breaches[i], i == (int)breach ? 1 : 0);
    ck_assert_ptr_nonnull(strstr(x.log, xenstore_breach_text(breach)));
    ck_assert(xenstore_is_quiet(&xs));
    ck_assert(xenstore_idle(&xs));
    xenstore_breached(&xs, breach);    /* once is enough */
    ck_assert_uint_eq(xs.breaches[breach], 1);
    struct xenstore_domain_interface before = *s.ring;
    ck_assert_int_eq(xenstore_read(&xs, &requests[7], 0, "a"), TERN_OK);
    ck_assert(!xenstore_idle(&xs));
    ck_assert_uint_eq(xenstore_poll(&xs, now_ns), TERN_NEVER);
    ck_assert_int_eq(got[7].err, TERN_ABORTED);
    ck_assert_int_eq(memcmp(&before, s.ring, sizeof before), 0);
}

/* One request under way, which must end with the store. */
static void ask_one(void)
{
    run();
    s.silent = true;
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    run();
    s.silent = false;
}

START_TEST(hostile_xen_store_index_of_answers_that_cannot_be)
{
    static const uint32_t steps[] = { 1025, 2000, 0x80000000u, 0xffffffffu, (uint32_t)-1000 };
    ask_one();
    s.ring->rsp_prod += steps[_i];
    assert_breach(XENSTORE_BREACH_INDEX);
    ck_assert_int_eq(got[0].err, TERN_ABORTED);
}
END_TEST

START_TEST(hostile_xen_store_index_of_requests_that_cannot_be)
{
    static const uint32_t steps[] = { 1, 1025, 0x80000000u, (uint32_t)-2000 };
    run();
    s.ring->req_cons += steps[_i];
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    assert_breach(XENSTORE_BREACH_INDEX);
    ck_assert_int_eq(got[0].err, TERN_ABORTED);
}
END_TEST

START_TEST(hostile_xen_store_message_longer_than_any)
{
    static const uint32_t lens[] = { 4097, 0x7fffffffu, 0x80000000u, 0xfffffff0u, 0xffffffffu };
    uint32_t hdr[4] = { XS_READ, 0, 0, lens[_i] };
    ask_one();
    hdr[1] = requests[0].id;
    memcpy(s.out, hdr, 16);
    s.n_out = 16;
    store_serve(&s);
    assert_breach(XENSTORE_BREACH_LEN);
    ck_assert_int_eq(got[0].err, TERN_ABORTED);
}
END_TEST

START_TEST(hostile_xen_store_answer_to_no_request)
{
    ask_one();
    store_send(&s, XS_READ, requests[0].id + (_i == 0 ? 1u : 0x80000000u), "a", 1);
    assert_breach(XENSTORE_BREACH_ID);
}
END_TEST

START_TEST(hostile_xen_store_request_answered_twice)
{
    ask_one();
    store_send(&s, XS_READ, requests[0].id, "a", 1);
    store_send(&s, XS_READ, requests[0].id, "b", 1);
    assert_breach(XENSTORE_BREACH_ID);
    assert_value(0, "a");
}
END_TEST

START_TEST(hostile_xen_store_answer_of_another_kind)
{
    static const uint32_t types[] = { XS_WRITE, XS_DIRECTORY, 100, XS_INVALID, 0xffffffffu };
    ask_one();
    store_send(&s, types[_i], requests[0].id, "a", 1);
    assert_breach(XENSTORE_BREACH_TYPE);
    ck_assert_int_eq(got[0].err, TERN_ABORTED);
}
END_TEST

START_TEST(hostile_xen_store_event_without_path_or_token)
{
    static const struct { const char *data; size_t len; } rows[] = {
        { "", 0 }, { "a", 1 }, { "a\0", 2 }, { "a\0token", 7 }, { "\0", 1 },
    };
    run();
    store_send(&s, XS_WATCH_EVENT, 0, rows[_i].data, rows[_i].len);
    assert_breach(XENSTORE_BREACH_EVENT);
}
END_TEST

START_TEST(hostile_xen_store_event_with_a_strange_token_is_nobodys)
{
    static const struct { const char *data; size_t len; } rows[] = {
        { "a\0", 3 }, { "a\0x", 4 }, { "a\0" "0000000g", 11 }, { "a\0" "000000010", 12 },
        { "a\0\0\0\0\0\0\0\0\0", 11 }, { "a\0" "FFFFFFFF", 11 }, { "\0\0", 2 },
    };
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    run();
    store_send(&s, XS_WATCH_EVENT, 0, rows[_i].data, rows[_i].len);
    run();
    ck_assert_uint_eq(n_fired[0], 1);
    ck_assert_uint_eq(xs.stats.events_unknown, 1);
    ck_assert_int_eq(xs.state, XENSTORE_RUNNING);
}
END_TEST

START_TEST(hostile_xen_store_that_never_stops_talking_gets_a_bounded_turn)
{
    char event[] = "a\0" "00000001";
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    run();
    for (int i = 0; i < 2000; i++)
        store_send(&s, XS_WATCH_EVENT, 0, event, sizeof event);
    unsigned n_polls = 0;
    do {
        n_polls++;
        (void)xenstore_poll(&xs, now_ns);
    } while (store_serve(&s));
    ck_assert_uint_gt(n_polls, 10);
    ck_assert_uint_le(n_fired[0], n_polls + 1);
}
END_TEST

static unsigned n_refilled;

/* More, before we have read to the end. */
static void refill(struct xenstore_request *r, enum tern_err err, const uint8_t *data, size_t len)
{
    (void)r;
    (void)err;
    (void)data;
    (void)len;
    n_refilled++;
    store_serve(&s);
}

START_TEST(hostile_xen_store_that_fills_the_ring_while_we_read_gets_a_bounded_turn)
{
    static const char event[500] = "a\0" "00000009";
    static struct xenstore_request many[100];
    run();
    memset(many, 0, sizeof many);
    n_refilled = 0;
    s.silent = true;
    for (size_t i = 0; i < 100; i++) {
        many[i].done = refill;
        ck_assert_int_eq(xenstore_read(&xs, &many[i], 0, "a"), TERN_OK);
    }
    run();
    s.silent = false;
    for (size_t i = 0; i < 100; i++) {
        store_send(&s, XS_READ, many[i].id, "a", 1);
        store_send(&s, XS_WATCH_EVENT, 0, event, sizeof event);
    }
    ck_assert_uint_eq(xenstore_poll(&xs, now_ns), now_ns);    /* there is more */
    ck_assert_uint_gt(n_refilled, 30);
    ck_assert_uint_lt(n_refilled, 60);
    run();
    ck_assert_uint_eq(n_refilled, 100);
}
END_TEST

START_TEST(hostile_xen_store_indices_of_ours_are_never_read)
{
    run();
    s.ring->req_prod = 0xdeadbeef;
    s.ring->rsp_cons = 0xdeadbeef;
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    (void)xenstore_poll(&xs, now_ns);
    ck_assert_uint_eq(s.ring->req_prod, xs.req_prod);
    s.ring->rsp_cons = xs.rsp_cons;
    run();
    ck_assert_int_eq(got[0].err, TERN_UNREACHABLE);
}
END_TEST

/* Answers and events are something else as soon as they were read. */
static void spoil(uint8_t *addr, bool written)
{
    uint8_t *rsp = (uint8_t *)s.ring->rsp;
    if (!written && addr >= rsp && addr < rsp + sizeof s.ring->rsp)
        *addr ^= 0xff;
}

START_TEST(hostile_xen_store_answers_rewritten_right_after_they_were_read)
{
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    run();
    store_set(&s, "/local/domain/5/a/b", "12345678901234567890");
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a/b"), TERN_OK);
    (void)xenstore_poll(&xs, now_ns);
    store_serve(&s);
    access_watch((uint8_t *)s.ring, XEN_PAGE_LEN, spoil);
    (void)xenstore_poll(&xs, now_ns);
    access_watch_end();
    ck_assert_int_eq(xs.state, XENSTORE_RUNNING);
    assert_value(0, "12345678901234567890");
    ck_assert_uint_eq(n_fired[0], 2);
}
END_TEST

/* ---- Values ---- */

START_TEST(test_numbers_are_digits_and_bounded)
{
    static const struct { const char *text; uint32_t most; bool good; uint32_t number; } rows[] = {
        { "0", 1, true, 0 }, { "1", 1, true, 1 }, { "2", 1, false, 0 }, { "007", 9, true, 7 },
        { "4294967295", UINT32_MAX, true, UINT32_MAX }, { "4294967296", UINT32_MAX, false, 0 },
        { "9999999999", UINT32_MAX, false, 0 }, { "00000000001", 9, false, 0 },
        { "", 9, false, 0 }, { "-1", 9, false, 0 }, { "+1", 9, false, 0 }, { " 1", 9, false, 0 },
        { "1 ", 9, false, 0 }, { "0x1", 9, false, 0 }, { "1a", 9, false, 0 }, { ":", 99, false, 0 },
        { "1/", 99, false, 0 }, { "1:", 99, false, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t number = 77;
        bool good = xenstore_number((const uint8_t *)rows[i].text, strlen(rows[i].text),
                                    rows[i].most, &number);
        ck_assert_msg(good == rows[i].good && number == (good ? rows[i].number : 77), "%s",
                      rows[i].text);
    }
}
END_TEST

START_TEST(test_mac_addresses_are_exact)
{
    static const struct { const char *text; bool good; } rows[] = {
        { "00:16:3e:aB:Cd:ef", true }, { "00:16:3e:ab:cd:e", false },
        { "00:16:3e:ab:cd:eff", false }, { "00-16-3e-ab-cd-ef", false },
        { "00:16:3e:ab:cd:eg", false }, { "01:00:5e:00:00:01", false },
        { "00:00:00:00:00:00", false }, { "ff:ff:ff:ff:ff:ff", false }, { "", false },
        { "00:16:3e:ab:cd ef", false }, { "/0:16:3e:ab:cd:ef", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t mac[6] = { 9, 9, 9, 9, 9, 9 };
        bool good = xenstore_mac((const uint8_t *)rows[i].text, strlen(rows[i].text), mac);
        ck_assert_msg(good == rows[i].good, "%s", rows[i].text);
        ck_assert_uint_eq(mac[5], good ? 0xef : 9);
    }
}
END_TEST

START_TEST(test_paths_are_absolute_and_plain)
{
    static const struct { const char *text; bool good; } rows[] = {
        { "/local/domain/0/backend/vif/5/0", true }, { "/a", true }, { "/a-b_c@d", true },
        { "", false }, { "/", false }, { "a", false }, { "/a/", false }, { "/a//b", false },
        { "//a", false }, { "/a b", false }, { "/a\n", false }, { "/a.b", false },
        { "/\x80", false },
    };
    char path[XENSTORE_PATH_CAP];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(xenstore_path((const uint8_t *)rows[i].text, strlen(rows[i].text), path) ==
                          rows[i].good, "%s", rows[i].text);
    uint8_t longest[XENSTORE_PATH_CAP];
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    ck_assert(xenstore_path(longest, XENSTORE_PATH_CAP - 1, path));
    ck_assert_uint_eq(strlen(path), XENSTORE_PATH_CAP - 1);
    ck_assert(!xenstore_path(longest, XENSTORE_PATH_CAP, path));
    ck_assert(!xenstore_path((const uint8_t *)"/a\0b", 4, path));
}
END_TEST

START_TEST(test_text_and_paths_are_written_or_left_empty)
{
    char text[11], path[8];
    xenstore_text(text, sizeof text, 0);
    ck_assert_str_eq(text, "0");
    xenstore_text(text, sizeof text, UINT32_MAX);
    ck_assert_str_eq(text, "4294967295");
    xenstore_text(text, 10, UINT32_MAX);
    ck_assert_str_eq(text, "");
    xenstore_join(path, sizeof path, "abc", "def");
    ck_assert_str_eq(path, "abc/def");
    xenstore_join(path, sizeof path, "abc", "defg");
    ck_assert_str_eq(path, "");
    xenstore_join(path, sizeof path, "abcdefgh", "d");
    ck_assert_str_eq(path, "");
    xenstore_join(path, sizeof path, "abcdefghi", "d");
    ck_assert_str_eq(path, "");
}
END_TEST

static TCase *asking(void)
{
    TCase *t = tcase_create("asking");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_key_is_read);
    tcase_add_test(t, test_missing_key_is_unreachable);
    tcase_add_test(t, test_key_is_written_and_removed);
    tcase_add_test(t, test_hundred_thousand_requests_wrap_the_rings);
    tcase_add_test(t, test_more_requests_than_the_ring_holds_wait_in_order);
    tcase_add_test(t, test_busy_or_too_long_request_is_refused);
    tcase_add_test(t, test_longest_answer_is_read);
    tcase_add_test(t, test_store_that_waits_for_room_is_told_and_no_other);
    tcase_add_test(t, test_request_may_be_asked_again_from_its_done);
    tcase_add_test(t, test_answers_may_come_in_another_order);
    tcase_add_test(t, test_client_sleeps_only_when_nothing_is_there);
    tcase_add_test(t, test_no_answer_is_a_time_out_and_a_late_one_is_dropped);
    tcase_add_test(t, test_store_that_reads_nothing_is_a_time_out_too);
    tcase_add_test(t, test_watch_fires_when_it_is_set_and_at_changes_below);
    tcase_add_test(t, test_events_between_answers_are_kept_in_bounded_memory);
    tcase_add_test(t, test_watch_moves_and_leaves_nothing_behind);
    tcase_add_test(t, test_event_of_a_watch_that_moved_is_dropped_and_counted);
    tcase_add_test(t, test_refused_watch_is_said_and_not_tried_without_end);
    tcase_add_test(t, test_watches_of_before_are_reset_first);
    tcase_add_test(t, test_store_that_cannot_reset_watches_is_fine);
    tcase_add_test(t, test_update_writes_all_keys_in_one_transaction);
    tcase_add_loop_test(t, test_update_into_a_directory_that_is_too_long_changes_nothing, 0, 2);
    tcase_add_test(t, test_update_that_collides_is_tried_again);
    tcase_add_test(t, test_update_that_always_collides_ends);
    tcase_add_test(t, test_update_with_a_refused_key_changes_nothing);
    tcase_add_loop_test(t, test_update_ends_when_the_store_does, 0, 8);
    tcase_add_test(t, test_restart_ends_requests_and_sets_watches_again);
    tcase_add_test(t, test_reconnect_heals_a_broken_ring);
    tcase_add_test(t, test_what_is_left_in_the_ring_is_skipped);
    return t;
}

static TCase *lying(void)
{
    TCase *t = tcase_create("lying");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, hostile_xen_transaction_with_a_number_that_is_none, 0, 7);
    tcase_add_loop_test(t, hostile_xen_store_index_of_answers_that_cannot_be, 0, 5);
    tcase_add_loop_test(t, hostile_xen_store_index_of_requests_that_cannot_be, 0, 4);
    tcase_add_loop_test(t, hostile_xen_store_message_longer_than_any, 0, 5);
    tcase_add_loop_test(t, hostile_xen_store_answer_to_no_request, 0, 2);
    tcase_add_test(t, hostile_xen_store_request_answered_twice);
    tcase_add_loop_test(t, hostile_xen_store_answer_of_another_kind, 0, 5);
    tcase_add_loop_test(t, hostile_xen_store_event_without_path_or_token, 0, 5);
    tcase_add_loop_test(t, hostile_xen_store_event_with_a_strange_token_is_nobodys, 0, 7);
    tcase_add_test(t, hostile_xen_store_that_never_stops_talking_gets_a_bounded_turn);
    tcase_add_test(t, hostile_xen_store_that_fills_the_ring_while_we_read_gets_a_bounded_turn);
    tcase_add_test(t, hostile_xen_store_indices_of_ours_are_never_read);
    tcase_add_test(t, hostile_xen_store_answers_rewritten_right_after_they_were_read);
    tcase_add_test(t, test_numbers_are_digits_and_bounded);
    tcase_add_test(t, test_mac_addresses_are_exact);
    tcase_add_test(t, test_paths_are_absolute_and_plain);
    tcase_add_test(t, test_text_and_paths_are_written_or_left_empty);
    return t;
}

Suite *xen_store_suite(void)
{
    Suite *suite = suite_create("xen_store");
    suite_add_tcase(suite, asking());
    suite_add_tcase(suite, lying());
    return suite;
}
