/* SPDX-License-Identifier: ISC */
/*
 * Datagram endpoints on kernel sockets.
 */
#include <string.h>

#include <tern/unix.h>

#include "suites.h"

static struct tern_unix_loop loop;
static struct tern_host *host;

static struct seen {
    unsigned n, n_failed, n_room;
    struct tern_dgram last;
    uint8_t data[70000];
    enum tern_err why;
    struct tern_endpoint_addr failed_peer;
    bool answer, close;
} a, b;

static void received(struct tern_endpoint *ep, struct tern_dgram *dgrams, size_t n)
{
    struct seen *seen = ep->user;
    for (size_t i = 0; i < n; i++) {
        seen->n += dgrams[i].seg_len == 0
                       ? 1
                       : (unsigned)((dgrams[i].len + dgrams[i].seg_len - 1) / dgrams[i].seg_len);
        seen->last = dgrams[i];
        memcpy(seen->data, dgrams[i].data, dgrams[i].len);
        if (seen->answer) {
            size_t room;
            uint8_t *out = tern_endpoint_reserve(ep, &dgrams[i], dgrams[i].len, &room);
            ck_assert_ptr_nonnull(out);
            ck_assert_uint_ge(room, dgrams[i].len);
            memcpy(out, dgrams[i].data, dgrams[i].len);
            tern_endpoint_commit(ep, dgrams[i].len);
        }
    }
    if (seen->close)
        tern_endpoint_close(ep);
}

static void failed(struct tern_endpoint *ep, const struct tern_dgram *quoted, enum tern_err why)
{
    struct seen *seen = ep->user;
    seen->n_failed++;
    seen->why = why;
    seen->failed_peer = quoted->peer;
}

static const struct tern_endpoint_events events = { .received = received, .failed = failed };

static void setup(void)
{
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    ck_assert_int_eq(tern_unix_loop_init(&loop, NULL), TERN_OK);
    ck_assert_int_eq(tern_sockets_open(&loop, NULL, &host), TERN_OK);
}

static void teardown(void)
{
    tern_sockets_close(host);
    tern_unix_loop_close(&loop);
}

static struct tern_endpoint *open_on(const char *addr, struct seen *seen,
                                     struct tern_endpoint_addr *local)
{
    struct tern_endpoint_addr at = { .port = 0 };
    struct tern_endpoint *ep;
    ck_assert_int_eq(tern_addr_parse(addr, strlen(addr), &at.addr), TERN_OK);
    ck_assert_int_eq(tern_endpoint_open(host, &at, &events, seen, &ep), TERN_OK);
    tern_endpoint_local(ep, local);
    ck_assert_uint_ne(local->port, 0);
    return ep;
}

static void step_until(const unsigned *n, unsigned want)
{
    for (int i = 0; i < 2000 && *n < want; i++)
        (void)tern_unix_loop_step(&loop, tern_unix_now_ns() + 5 * TERN_MILLISECOND_NS);
    ck_assert_uint_eq(*n, want);
}

static const struct {
    const char *server, *to;
} families[] = {
    { "127.0.0.1", "127.0.0.1" }, { "::1", "::1" }, { "::", "127.0.0.1" }, { "::", "::1" },
    { "::", "127.0.0.2" },
};

START_TEST(a_datagram_is_answered_from_where_it_came_to)
{
    struct tern_endpoint_addr here, there;
    (void)open_on(families[_i].server, &b, &there);
    struct tern_endpoint *ep = open_on("::", &a, &here);
    b.answer = true;
    ck_assert_int_eq(tern_addr_parse(families[_i].to, strlen(families[_i].to), &there.addr),
                     TERN_OK);
    struct tern_dgram d = { .peer = there, .ecn = 2, .hop_limit = 9, .data = (uint8_t[]){ 1, 2, 3 },
                            .len = 3 };
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
    step_until(&a.n, 1);
    ck_assert_uint_eq(b.n, 1);
    ck_assert(tern_addr_equal(&b.last.local.addr, &there.addr));
    ck_assert_uint_eq(b.last.local.port, there.port);
    ck_assert_uint_eq(b.last.ecn, 2);
    ck_assert_uint_eq(b.last.hop_limit, 9);
    ck_assert_uint_ne(b.last.link, 0);
    ck_assert_uint_eq(a.last.len, 3);
    ck_assert_mem_eq(a.data, "\1\2\3", 3);
    ck_assert(tern_addr_equal(&a.last.peer.addr, &there.addr));
    ck_assert_uint_eq(a.last.peer.port, there.port);
}
END_TEST

START_TEST(an_empty_datagram_is_one)
{
    struct tern_endpoint_addr here, there;
    (void)open_on("127.0.0.1", &b, &there);
    struct tern_endpoint *ep = open_on("127.0.0.1", &a, &here);
    struct tern_dgram d = { .peer = there };
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
    step_until(&b.n, 1);
    ck_assert_uint_eq(b.last.len, 0);
}
END_TEST

START_TEST(more_than_a_batch_goes_in_one_call)
{
    struct tern_endpoint_addr here, there;
    struct tern_dgram many[100];
    static uint8_t data[100];
    (void)open_on("127.0.0.1", &b, &there);
    struct tern_endpoint *ep = open_on("127.0.0.1", &a, &here);
    for (size_t i = 0; i < 100; i++)
        many[i] = (struct tern_dgram){ .peer = there, .data = &data[i], .len = 1 };
    ck_assert_uint_eq(tern_endpoint_send(ep, many, 100), 100);
    step_until(&b.n, 100);
    ck_assert_uint_eq(tern_sockets_stats(host)->dgrams_out, 100);
    ck_assert_uint_eq(tern_sockets_stats(host)->dgrams_in, 100);
}
END_TEST

START_TEST(several_of_one_size_are_one_call_and_arrive_apart_or_marked)
{
    struct tern_endpoint_addr here, there;
    static uint8_t data[4500];
    (void)open_on("127.0.0.1", &b, &there);
    struct tern_endpoint *ep = open_on("127.0.0.1", &a, &here);
    struct tern_dgram d = { .peer = there, .seg_len = 1000, .data = data, .len = sizeof data };
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
    step_until(&b.n, 5);
}
END_TEST

START_TEST(what_cannot_be_sent_is_not_taken_and_counted)
{
    struct tern_endpoint_addr here;
    static uint8_t data[66000];
    struct tern_endpoint *ep = open_on("127.0.0.1", &a, &here);
    struct tern_dgram no_port = { .peer = { .addr = here.addr }, .data = data, .len = 1 };
    struct tern_dgram other_family = { .peer = { .addr = { { 0x20, 1 } }, .port = 1 },
                                       .data = data, .len = 1 };
    struct tern_dgram too_long = { .peer = here, .data = data, .len = 65508 };
    ck_assert_uint_eq(tern_endpoint_send(ep, &no_port, 1), 0);
    ck_assert_uint_eq(tern_endpoint_send(ep, &other_family, 1), 0);
    ck_assert_uint_eq(tern_endpoint_send(ep, &too_long, 1), 0);
    ck_assert_uint_eq(tern_sockets_stats(host)->dgrams_unsent, 3);
}
END_TEST

START_TEST(a_port_that_nobody_has_is_an_error_of_that_datagram)
{
    struct tern_endpoint_addr here, there;
    tern_endpoint_close(open_on("127.0.0.1", &b, &there));
    struct tern_endpoint *ep = open_on("127.0.0.1", &a, &here);
    struct tern_dgram d = { .peer = there, .data = (uint8_t[]){ 7 }, .len = 1 };
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
    step_until(&a.n_failed, 1);
    ck_assert_int_eq(a.why, TERN_REFUSED);
    ck_assert_uint_eq(a.failed_peer.port, there.port);
    ck_assert(tern_addr_equal(&a.failed_peer.addr, &there.addr));
}
END_TEST

START_TEST(an_endpoint_may_be_closed_in_its_own_event)
{
    struct tern_endpoint_addr here, there;
    (void)open_on("127.0.0.1", &b, &there);
    struct tern_endpoint *ep = open_on("127.0.0.1", &a, &here);
    b.close = true;
    struct tern_dgram d[2] = { { .peer = there, .data = (uint8_t[]){ 7 }, .len = 1 },
                               { .peer = there, .data = (uint8_t[]){ 8 }, .len = 1 } };
    ck_assert_uint_eq(tern_endpoint_send(ep, d, 1), 1);
    step_until(&b.n, 1);
    ck_assert_uint_eq(tern_endpoint_send(ep, d, 1), 1);
    step_until(&a.n_failed, 1);
    ck_assert_uint_eq(b.n, 1);
}
END_TEST

START_TEST(a_reservation_that_is_given_back_sends_nothing)
{
    struct tern_endpoint_addr here, there;
    size_t room;
    (void)open_on("127.0.0.1", &b, &there);
    struct tern_endpoint *ep = open_on("127.0.0.1", &a, &here);
    struct tern_dgram to = { .peer = there };
    ck_assert_ptr_nonnull(tern_endpoint_reserve(ep, &to, 100, &room));
    tern_endpoint_commit(ep, 0);
    struct tern_dgram d = { .peer = there, .data = (uint8_t[]){ 7 }, .len = 1 };
    ck_assert_uint_eq(tern_endpoint_send(ep, &d, 1), 1);
    step_until(&b.n, 1);
    ck_assert_uint_eq(b.last.len, 1);
}
END_TEST

START_TEST(the_mtu_of_a_path_is_the_kernels)
{
    struct tern_endpoint_addr here;
    struct tern_endpoint *ep = open_on("127.0.0.1", &a, &here);
    ck_assert_uint_eq(tern_endpoint_mtu(ep, &here), 65507);
}
END_TEST

START_TEST(only_a_group_can_be_joined)
{
    struct tern_endpoint_addr here;
    struct tern_endpoint *ep = open_on("127.0.0.1", &a, &here);
    ck_assert_int_eq(tern_endpoint_join(ep, &here.addr, 0, false), TERN_INVALID);
}
END_TEST

START_TEST(a_datagram_port_that_is_taken_is_refused)
{
    struct tern_endpoint_addr here;
    struct tern_endpoint *ep;
    (void)open_on("127.0.0.1", &a, &here);
    ck_assert_int_eq(tern_endpoint_open(host, &here, &events, &b, &ep), TERN_REFUSED);
}
END_TEST

Suite *unix_dgram_suite(void)
{
    Suite *suite = suite_create("unix_dgram");
    TCase *tc = tcase_create("dgram");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_datagram_is_answered_from_where_it_came_to, 0,
                        sizeof families / sizeof families[0]);
    tcase_add_test(tc, an_empty_datagram_is_one);
    tcase_add_test(tc, more_than_a_batch_goes_in_one_call);
    tcase_add_test(tc, several_of_one_size_are_one_call_and_arrive_apart_or_marked);
    tcase_add_test(tc, what_cannot_be_sent_is_not_taken_and_counted);
    tcase_add_test(tc, a_port_that_nobody_has_is_an_error_of_that_datagram);
    tcase_add_test(tc, an_endpoint_may_be_closed_in_its_own_event);
    tcase_add_test(tc, a_reservation_that_is_given_back_sends_nothing);
    tcase_add_test(tc, the_mtu_of_a_path_is_the_kernels);
    tcase_add_test(tc, only_a_group_can_be_joined);
    tcase_add_test(tc, a_datagram_port_that_is_taken_is_refused);
    suite_add_tcase(suite, tc);
    return suite;
}
