/* SPDX-License-Identifier: ISC */
/*
 * Requests of the store's client, with a store that keeps the rules.
 */
#include "suites.h"
#include "xen_store_fixture.h"

#include <string.h>

START_TEST(test_key_is_read)
{
    store_set(&s, "/local/domain/5/device/vif/0/mac", "00:16:3e:00:00:01");
    store_set(&s, "/vm/x", "");
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "device/vif/0/mac"), TERN_OK);
    ck_assert_int_eq(xenstore_read(&xs, &requests[1], 0, "/vm/x"), TERN_OK);
    store_run();
    store_assert_value(0, "00:16:3e:00:00:01");
    store_assert_value(1, "");
    ck_assert(xenstore_is_quiet(&xs));
}
END_TEST

START_TEST(test_missing_key_is_unreachable)
{
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "nothing"), TERN_OK);
    store_run();
    ck_assert_uint_eq(got[0].n_done, 1);
    ck_assert_int_eq(got[0].err, TERN_UNREACHABLE);
}
END_TEST

START_TEST(test_key_is_written_and_removed)
{
    ck_assert_int_eq(xenstore_write(&xs, &requests[0], 0, "control/shutdown", ""), TERN_OK);
    ck_assert_int_eq(xenstore_write(&xs, &requests[1], 0, "data/a", "17"), TERN_OK);
    store_run();
    ck_assert_str_eq(store_get(&s, "/local/domain/5/control/shutdown"), "");
    ck_assert_str_eq(store_get(&s, "/local/domain/5/data/a"), "17");
    ck_assert_int_eq(xenstore_remove(&xs, &requests[2], 0, "data"), TERN_OK);
    store_run();
    ck_assert_ptr_null(store_get(&s, "/local/domain/5/data/a"));
    ck_assert_int_eq(got[2].err, TERN_OK);
    ck_assert_int_eq(xenstore_remove(&xs, &requests[3], 0, "data/a"), TERN_OK);
    store_run();
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
        store_run();
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
        many[i] = (struct xenstore_request){ .done = store_done, .user = (void *)(uintptr_t)7 };
        ck_assert_int_eq(xenstore_read(&xs, &many[i], 0, path), TERN_OK);
    }
    (void)xenstore_poll(&xs, now_ns);
    ck_assert(!xenstore_is_quiet(&xs));
    store_run();
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
    store_run();
    ck_assert_uint_eq(got[0].n_done, 1);
}
END_TEST

START_TEST(test_longest_answer_is_read)
{
    static uint8_t data[XENSTORE_PAYLOAD_MAX];
    memset(data, 'd', sizeof data);
    s.silent = true;
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    store_run();
    s.silent = false;
    store_send(&s, XS_READ, requests[0].id, data, sizeof data);
    store_run();
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
    store_run();
    s.silent = true;
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    store_run();
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
    store_run();
    ck_assert_uint_eq(n_again, 100);
}
END_TEST

START_TEST(test_answers_may_come_in_another_order)
{
    s.silent = true;
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(xenstore_read(&xs, &requests[i], 0, "a"), TERN_OK);
    store_run();
    s.silent = false;
    store_send(&s, XS_READ, requests[2].id, "two", 3);
    store_send(&s, XS_READ, requests[0].id, "zero", 4);
    store_send(&s, XS_READ, requests[1].id, "one", 3);
    store_run();
    store_assert_value(0, "zero");
    store_assert_value(1, "one");
    store_assert_value(2, "two");
}
END_TEST

START_TEST(test_client_sleeps_only_when_nothing_is_there)
{
    store_run();
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
    store_run();
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    store_run();
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
    store_run();
    store_assert_value(1, "here");
    store_send(&s, XS_READ, id, "late", 4);
    store_run();
    ck_assert_uint_eq(xs.stats.late, 1);
    ck_assert_uint_eq(xs.stats.timed_out, 2);    /* the reset of watches was the other */
    ck_assert_int_eq(xs.state, XENSTORE_RUNNING);
    ck_assert_uint_eq(got[0].n_done, 1);
}
END_TEST

/* Of several, the one that was asked first is over first. */
START_TEST(test_poll_says_when_the_first_of_several_requests_is_over)
{
    uint64_t begun_ns = now_ns;
    store_run();
    s.deaf = _i == 1;    /* in the ring, unread; else read, and not answered */
    s.silent = true;
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(xenstore_read(&xs, &requests[i], 0, "/a"), TERN_OK);
        ck_assert_uint_eq(xenstore_poll(&xs, now_ns), begun_ns + XENSTORE_TIMEOUT_NS);
        (void)store_serve(&s);
        now_ns += TERN_SECOND_NS;
    }
    now_ns = begun_ns + XENSTORE_TIMEOUT_NS;
    ck_assert_uint_eq(xenstore_poll(&xs, now_ns), now_ns + TERN_SECOND_NS);
    ck_assert_uint_eq(got[0].n_done, 1);
    ck_assert_uint_eq(got[1].n_done, 0);
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

static TCase *asking(void)
{
    TCase *t = tcase_create("asking");
    tcase_add_checked_fixture(t, store_setup, store_teardown);
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
    tcase_add_loop_test(t, test_poll_says_when_the_first_of_several_requests_is_over, 0, 2);
    return t;
}

Suite *xen_store_suite(void)
{
    Suite *suite = suite_create("xen_store");
    suite_add_tcase(suite, asking());
    return suite;
}
