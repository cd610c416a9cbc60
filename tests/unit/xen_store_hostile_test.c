/* SPDX-License-Identifier: ISC */
/*
 * The store's client, with a store that does not keep the rules.
 */
#include "access_watch.h"
#include "suites.h"
#include "xen_store_fixture.h"

#include <stdio.h>
#include <string.h>

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
    store_run();
    s.silent = true;
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    store_run();
    s.silent = false;
}

START_TEST(hostile_net_55_store_index_of_answers_that_cannot_be)
{
    static const uint32_t steps[] = { 1025, 2000, 0x80000000u, 0xffffffffu, (uint32_t)-1000 };
    ask_one();
    s.ring->rsp_prod += steps[_i];
    assert_breach(XENSTORE_BREACH_INDEX);
    ck_assert_int_eq(got[0].err, TERN_ABORTED);
}
END_TEST

/* What was shown once cannot be taken back, though it is not all read yet. */
START_TEST(hostile_net_55_store_index_of_answers_that_goes_back)
{
    uint8_t some[40];
    ask_one();
    s.ring->rsp_prod += 40;
    ck_assert_uint_eq(xenstore_ring_read(&xs, some, 10), 10);
    s.ring->rsp_prod -= 5;
    ck_assert_uint_eq(xenstore_ring_read(&xs, some, 10), 0);
    assert_breach(XENSTORE_BREACH_INDEX);
}
END_TEST

START_TEST(hostile_net_55_store_index_of_requests_that_cannot_be)
{
    static const uint32_t steps[] = { 1, 1025, 0x80000000u, (uint32_t)-2000 };
    store_run();
    s.ring->req_cons += steps[_i];
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    assert_breach(XENSTORE_BREACH_INDEX);
    ck_assert_int_eq(got[0].err, TERN_ABORTED);
}
END_TEST

START_TEST(hostile_net_55_store_message_longer_than_any)
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

START_TEST(hostile_net_55_store_answer_to_no_request)
{
    ask_one();
    store_send(&s, XS_READ, requests[0].id + (_i == 0 ? 1u : 0x80000000u), "a", 1);
    assert_breach(XENSTORE_BREACH_ID);
}
END_TEST

START_TEST(hostile_net_55_store_request_answered_twice)
{
    ask_one();
    store_send(&s, XS_READ, requests[0].id, "a", 1);
    store_send(&s, XS_READ, requests[0].id, "b", 1);
    assert_breach(XENSTORE_BREACH_ID);
    store_assert_value(0, "a");
}
END_TEST

START_TEST(hostile_net_55_store_answer_of_another_kind)
{
    static const uint32_t types[] = { XS_WRITE, XS_DIRECTORY, 100, XS_INVALID, 0xffffffffu };
    ask_one();
    store_send(&s, types[_i], requests[0].id, "a", 1);
    assert_breach(XENSTORE_BREACH_TYPE);
    ck_assert_int_eq(got[0].err, TERN_ABORTED);
}
END_TEST

START_TEST(hostile_net_55_store_event_without_path_or_token)
{
    static const struct { const char *data; size_t len; } rows[] = {
        { "", 0 }, { "a", 1 }, { "a\0", 2 }, { "a\0token", 7 }, { "\0", 1 },
    };
    store_run();
    store_send(&s, XS_WATCH_EVENT, 0, rows[_i].data, rows[_i].len);
    assert_breach(XENSTORE_BREACH_EVENT);
}
END_TEST

START_TEST(hostile_net_55_store_event_with_a_strange_token_is_nobodys)
{
    static const struct { const char *data; size_t len; } rows[] = {
        { "a\0", 3 }, { "a\0x", 4 }, { "a\0" "0000000g", 11 }, { "a\0" "000000010", 12 },
        { "a\0\0\0\0\0\0\0\0\0", 11 }, { "a\0" "FFFFFFFF", 11 }, { "\0\0", 2 },
    };
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    store_run();
    store_send(&s, XS_WATCH_EVENT, 0, rows[_i].data, rows[_i].len);
    store_run();
    ck_assert_uint_eq(n_fired[0], 1);
    ck_assert_uint_eq(xs.stats.events_unknown, 1);
    ck_assert_int_eq(xs.state, XENSTORE_RUNNING);
}
END_TEST

START_TEST(hostile_net_55_store_that_never_stops_talking_gets_a_bounded_turn)
{
    char event[] = "a\0" "00000001";
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    store_run();
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

START_TEST(hostile_net_55_store_that_fills_the_ring_while_we_read_gets_a_bounded_turn)
{
    static const char event[500] = "a\0" "00000009";
    static struct xenstore_request many[100];
    store_run();
    memset(many, 0, sizeof many);
    n_refilled = 0;
    s.silent = true;
    for (size_t i = 0; i < 100; i++) {
        many[i].done = refill;
        ck_assert_int_eq(xenstore_read(&xs, &many[i], 0, "a"), TERN_OK);
    }
    store_run();
    s.silent = false;
    for (size_t i = 0; i < 100; i++) {
        store_send(&s, XS_READ, many[i].id, "a", 1);
        store_send(&s, XS_WATCH_EVENT, 0, event, sizeof event);
    }
    ck_assert_uint_eq(xenstore_poll(&xs, now_ns), now_ns);    /* there is more */
    ck_assert_uint_gt(n_refilled, 30);
    ck_assert_uint_lt(n_refilled, 60);
    store_run();
    ck_assert_uint_eq(n_refilled, 100);
}
END_TEST

START_TEST(hostile_net_55_store_indices_of_ours_are_never_read)
{
    store_run();
    s.ring->req_prod = 0xdeadbeef;
    s.ring->rsp_cons = 0xdeadbeef;
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a"), TERN_OK);
    (void)xenstore_poll(&xs, now_ns);
    ck_assert_uint_eq(s.ring->req_prod, xs.req_prod);
    s.ring->rsp_cons = xs.rsp_cons;
    store_run();
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

START_TEST(hostile_net_55_store_answers_rewritten_right_after_they_were_read)
{
    ck_assert_int_eq(xenstore_watch_set(&xs, &watches[0], "a"), TERN_OK);
    store_run();
    store_set(&s, "/local/domain/5/a/b", "12345678901234567890");
    ck_assert_int_eq(xenstore_read(&xs, &requests[0], 0, "a/b"), TERN_OK);
    (void)xenstore_poll(&xs, now_ns);
    store_serve(&s);
    access_watch((uint8_t *)s.ring, XEN_PAGE_LEN, spoil);
    (void)xenstore_poll(&xs, now_ns);
    access_watch_end();
    ck_assert_int_eq(xs.state, XENSTORE_RUNNING);
    store_assert_value(0, "12345678901234567890");
    ck_assert_uint_eq(n_fired[0], 2);
}
END_TEST

/* XSA-391: one that says nothing, or broke, and goes on raising its port. */
START_TEST(hostile_net_55_store_that_raises_its_port_for_nothing_is_heard_ever_more_rarely)
{
    unsigned n_awake = 0, n_pauses = 0;
    store_run();
    if (_i == 1)
        xenstore_breached(&xs, XENSTORE_BREACH_ID);
    uint64_t due_ns = xenstore_poll(&xs, now_ns);
    for (unsigned i = 0; i < 20000; i++) {
        bool is_due = due_ns <= now_ns;
        fake_raise(&x, s.port);
        n_awake += fake_awake(&x);
        n_pauses += is_due;
        if (fake_awake(&x) || is_due)
            due_ns = xenstore_poll(&xs, now_ns);
        now_ns += 100000;    /* 2 s in all */
    }
    ck_assert_uint_gt(n_pauses, 5);
    ck_assert_uint_lt(n_awake, 600);    /* of 20,000 */
    if (_i == 1)
        return;
    /* It still works, and work is what makes the port heard again. */
    store_set(&s, "/b", "here");
    ck_assert_int_eq(xenstore_read(&xs, &requests[1], 0, "/b"), TERN_OK);
    store_run();
    store_assert_value(1, "here");
    now_ns += TERN_SECOND_NS;
    (void)xenstore_poll(&xs, now_ns);
    ck_assert(!x.ports[s.port].masked);
}
END_TEST

static TCase *lying(void)
{
    TCase *t = tcase_create("lying");
    tcase_add_checked_fixture(t, store_setup, store_teardown);
    tcase_add_loop_test(t, hostile_net_55_store_index_of_answers_that_cannot_be, 0, 5);
    tcase_add_test(t, hostile_net_55_store_index_of_answers_that_goes_back);
    tcase_add_loop_test(t, hostile_net_55_store_index_of_requests_that_cannot_be, 0, 4);
    tcase_add_loop_test(t, hostile_net_55_store_message_longer_than_any, 0, 5);
    tcase_add_loop_test(t, hostile_net_55_store_answer_to_no_request, 0, 2);
    tcase_add_test(t, hostile_net_55_store_request_answered_twice);
    tcase_add_loop_test(t, hostile_net_55_store_answer_of_another_kind, 0, 5);
    tcase_add_loop_test(t, hostile_net_55_store_event_without_path_or_token, 0, 5);
    tcase_add_loop_test(t, hostile_net_55_store_event_with_a_strange_token_is_nobodys, 0, 7);
    tcase_add_test(t, hostile_net_55_store_that_never_stops_talking_gets_a_bounded_turn);
    tcase_add_test(t, hostile_net_55_store_that_fills_the_ring_while_we_read_gets_a_bounded_turn);
    tcase_add_test(t, hostile_net_55_store_indices_of_ours_are_never_read);
    tcase_add_test(t, hostile_net_55_store_answers_rewritten_right_after_they_were_read);
    tcase_add_loop_test(
        t, hostile_net_55_store_that_raises_its_port_for_nothing_is_heard_ever_more_rarely, 0, 2);
    return t;
}

Suite *xen_store_hostile_suite(void)
{
    Suite *suite = suite_create("xen_store_hostile");
    suite_add_tcase(suite, lying());
    return suite;
}
