/* SPDX-License-Identifier: ISC */
/*
 * The script: what two users do to each other over a pair of streams, and what
 * they must have seen, whoever provides them. conform_ends.c has a part of it.
 */
#include "conform_steps.h"

#include <stdlib.h>
#include <string.h>

/* ---- Begins and orderly ends ------------------------------------------------------- */

static void client_finishes_first(const struct conform_driver *d)
{
    start(d);
    client.opened = write_hello;
    server.ended = finish;
    join();
    tern_stream_finish(client.stream);
    driver->pump();
    ck_assert_uint_eq(client.n_closed, 1);
    end("opened ended closed(no error)", "accept opened data(hello) ended closed(no error)");
}

static void server_finishes_first(const struct conform_driver *d)
{
    start(d);
    server.opened = write_hello;
    join();
    tern_stream_finish(server.stream);
    ck_assert_uint_eq(user_write(&server, "more"), 0);    /* nothing after the end */
    driver->pump();
    ck_assert_uint_eq(user_write(&client, "the other way is open"), 21);
    driver->pump();
    tern_stream_finish(client.stream);
    end("opened data(hello) ended closed(no error)",
        "accept opened data(the other way is open) ended closed(no error)");
}

static void finish_in_opened(struct conform_user *user)
{
    write_hello(user);
    tern_stream_finish(user->stream);
    tern_stream_finish(user->stream);
}

static void both_finish_at_once(const struct conform_driver *d)
{
    start(d);
    client.opened = server.opened = finish_in_opened;
    join();
    end("opened data(hello) ended closed(no error)",
        "accept opened data(hello) ended closed(no error)");
}

static void the_default_of_ended_is_close(const struct conform_driver *d)
{
    start(d);
    server.default_ended = true;
    join();
    write_hello(&client);
    tern_stream_finish(client.stream);
    end("opened ended closed(no error)", "accept opened data(hello) closed(no error)");
}

static void write_bye_and_finish(struct conform_user *user)
{
    ck_assert_uint_eq(user_write(user, "bye"), 3);
    tern_stream_finish(user->stream);
}

static void ended_may_still_write(const struct conform_driver *d)
{
    start(d);
    client.opened = finish_in_opened;
    server.ended = write_bye_and_finish;
    join();
    end("opened data(bye) ended closed(no error)",
        "accept opened data(hello) ended closed(no error)");
}

static void empty_streams_end_too(const struct conform_driver *d)
{
    start(d);
    join();
    tern_stream_finish(server.stream);
    driver->pump();
    tern_stream_finish(client.stream);
    end("opened ended closed(no error)", "accept opened ended closed(no error)");
}

static void closes_from_both_sides_are_in_order(const struct conform_driver *d)
{
    start(d);
    join();
    tern_stream_close(client.stream);
    tern_stream_close(server.stream);
    end("opened closed(no error)", "accept opened closed(no error)");
}

static void a_stream_knows_itself(const struct conform_driver *d)
{
    struct tern_stream_info info;
    start(d);
    join();
    struct tern_stream *streams[] = { client.stream, server.stream };
    for (size_t i = 0; i < 2; i++) {
        const struct tern_stream_info *known = tern_stream_info(streams[i], &info);
        ck_assert_ptr_nonnull(known->provider);
        ck_assert_uint_gt(known->room, 0);
        ck_assert_uint_gt(known->reserve_max, 0);
        ck_assert_uint_eq(known->unsent, 0);
    }
    write_hello(&client);
    ck_assert_uint_eq(tern_stream_info(client.stream, &info)->unsent, 5);
    driver->pump();
    ck_assert_uint_eq(tern_stream_info(client.stream, &info)->unsent, 0);
    tern_stream_close(client.stream);
    tern_stream_close(server.stream);
    end("opened closed(no error)", "accept opened data(hello) closed(no error)");
}

static void silence_is_no_end(const struct conform_driver *d)
{
    start(d);
    join();
    driver->wait(driver->long_ns);
    write_hello(&server);
    driver->wait(driver->long_ns);
    ck_assert_str_eq(user_trace(&client), "opened data(hello)");
    ck_assert_str_eq(user_trace(&server), "accept opened");
    tern_stream_close(client.stream);
    tern_stream_close(server.stream);
    end("opened data(hello) closed(no error)", "accept opened closed(no error)");
}

/* ---- Reading ----------------------------------------------------------------------- */

static void untaken_data_waits_for_resume(const struct conform_driver *d)
{
    start(d);
    server.take = 0;
    join();
    ck_assert_uint_eq(user_write(&client, "abcdef"), 6);
    tern_stream_finish(client.stream);
    driver->pump();
    server.take = 2;
    driver->pump();    /* no cause: not offered */
    ck_assert_str_eq(user_trace(&server), "accept opened offer");
    tern_stream_resume(server.stream);
    driver->pump();
    ck_assert_str_eq(user_trace(&server), "accept opened offer data(ab)");
    server.take = SIZE_MAX;
    tern_stream_resume(server.stream);
    driver->pump();
    tern_stream_finish(server.stream);
    end("opened ended closed(no error)",
        "accept opened offer data(ab) data(cdef) ended closed(no error)");
}

static void new_data_offers_what_was_not_taken(const struct conform_driver *d)
{
    start(d);
    server.take = 0;
    join();
    ck_assert_uint_eq(user_write(&client, "abc"), 3);
    driver->pump();
    server.take = SIZE_MAX;
    ck_assert_uint_eq(user_write(&client, "def"), 3);
    driver->pump();
    tern_stream_close(client.stream);
    tern_stream_close(server.stream);
    end("opened closed(no error)", "accept opened offer data(abcdef) closed(no error)");
}

static size_t take_and_resume(struct conform_user *user, const uint8_t *data, size_t len)
{
    (void)data;
    tern_stream_resume(user->stream);
    return len > 100 ? 100 : len;
}

static void a_slow_reader_loses_nothing(const struct conform_driver *d)
{
    start(d);
    server.data = take_and_resume;
    client.out_left = 100000;
    client.finish_after_out = true;
    server.ended = finish;
    join();
    driver->pump();
    ck_assert(server.got_hash == pattern_hash(100000));
    end("opened ended closed(no error)", "accept opened data(100000) ended closed(no error)");
}

static void a_reader_that_stops_holds_the_writer_back(const struct conform_driver *d)
{
    start(d);
    server.take = 10;
    client.out_left = driver->much;
    client.finish_after_out = true;
    server.ended = finish;
    join();
    driver->pump();
    ck_assert_uint_eq(server.got_len, 10);
    ck_assert_uint_gt(client.out_left, 0);
    uint64_t left = client.out_left;
    driver->pump();
    ck_assert_uint_eq(client.out_left, left);
    server.take = SIZE_MAX;
    tern_stream_resume(server.stream);
    driver->pump();
    ck_assert_uint_gt(client.n_room, 0);
    ck_assert(server.got_hash == pattern_hash(driver->much));
    /* Between the ten and the rest there may have been offers, or none. */
    ck_assert_ptr_nonnull(strstr(user_trace(&server), "ended closed(no error)"));
    ck_assert_uint_eq(server.got_len, driver->much);
    end("opened ended closed(no error)", user_trace(&server));
}

/* ---- Writing ----------------------------------------------------------------------- */

static void an_echo_never_hangs(const struct conform_driver *d)
{
    start(d);
    server.echo = true;
    client.take = 0;
    client.out_left = driver->much;
    client.finish_after_out = true;
    server.ended = finish;
    join();
    driver->pump();    /* all queues are full, both ways */
    client.take = SIZE_MAX;
    tern_stream_resume(client.stream);
    driver->pump();
    ck_assert_uint_eq(client.got_len, driver->much);
    ck_assert(client.got_hash == pattern_hash(driver->much));
    ck_assert(server.got_hash == pattern_hash(driver->much));
    ck_assert_int_eq(client.why, TERN_OK);
    ck_assert_int_eq(server.why, TERN_OK);
    end(user_trace(&client), user_trace(&server));
}

static void bulk_goes_both_ways_at_once(const struct conform_driver *d)
{
    start(d);
    client.out_left = server.out_left = 300000;
    client.finish_after_out = server.finish_after_out = true;
    join();
    ck_assert(client.got_hash == pattern_hash(300000));
    ck_assert(server.got_hash == pattern_hash(300000));
    end("opened data(300000) ended closed(no error)",
        "accept opened data(300000) ended closed(no error)");
}

static void a_write_outside_a_turn_takes_effect_in_the_next(const struct conform_driver *d)
{
    start(d);
    join();
    write_hello(&client);
    ck_assert_str_eq(user_trace(&server), "accept opened");    /* a call runs no event */
    driver->pump();
    ck_assert_str_eq(user_trace(&server), "accept opened data(hello)");
    tern_stream_close(client.stream);
    tern_stream_close(server.stream);
    end("opened closed(no error)", "accept opened data(hello) closed(no error)");
}

/* Fills up to n_spans spans of one reservation with the pattern and commits all but `less`. */
static size_t reserve_and_commit(struct conform_user *user, size_t n_spans, size_t less)
{
    size_t sum = 0, room;
    for (size_t k = 0; k < n_spans; k++) {
        uint8_t *span = tern_stream_reserve(user->stream, 1, &room);
        if (span == NULL)
            break;
        ck_assert_uint_ge(room, 1);
        for (size_t i = 0; i < room; i++)
            span[i] = pattern_at(user->out_at + sum + i);
        sum += room;
    }
    less = less < sum ? less : sum;
    tern_stream_commit(user->stream, sum - less);
    user->out_at += sum - less;
    return sum - less;
}

static void reservations_of_many_spans_arrive_in_order(const struct conform_driver *d)
{
    start(d);
    join();
    for (size_t k = 0; k < 40; k++) {
        (void)reserve_and_commit(&client, 1 + k % TERN_RESERVE_SPANS, k * 7 % 50);
        driver->pump();
    }
    ck_assert_uint_gt(client.out_at, 0);
    ck_assert_uint_eq(server.got_len, client.out_at);
    ck_assert(server.got_hash == pattern_hash(client.out_at));
    tern_stream_close(client.stream);
    tern_stream_close(server.stream);
    end("opened closed(no error)", user_trace(&server));
}

static void reserve_in_opened(struct conform_user *user)
{
    size_t room;
    uint8_t *span = tern_stream_reserve(user->stream, 1, &room);
    ck_assert_ptr_nonnull(span);
    span[0] = '!';
    ck_assert_uint_eq(user_write(user, "w"), 1);    /* gives the span back */
    tern_stream_commit(user->stream, 1);            /* nothing is reserved */
    span = tern_stream_reserve(user->stream, 1, &room);
    ck_assert_ptr_nonnull(span);
    span[0] = 'r';
    tern_stream_commit(user->stream, 1);
    ck_assert_uint_eq(tern_stream_borrow(user->stream, (const uint8_t *)"b", 1), 1);
    ck_assert_ptr_nonnull(tern_stream_reserve(user->stream, 1, &room));
    tern_stream_finish(user->stream);               /* gives it back, too */
    tern_stream_commit(user->stream, 1);
}

static void what_is_reserved_is_given_back_by_other_calls(const struct conform_driver *d)
{
    start(d);
    client.opened = reserve_in_opened;
    server.ended = finish;
    join();
    end("opened ended closed(no error)", "accept opened data(wrb) ended closed(no error)");
}

static void a_reservation_ends_with_the_visit(const struct conform_driver *d)
{
    size_t room;
    start(d);
    join();
    ck_assert_ptr_nonnull(tern_stream_reserve(client.stream, 1, &room));
    tern_stream_resume(client.stream);
    driver->pump();
    tern_stream_commit(client.stream, 1);
    write_hello(&client);
    driver->pump();
    tern_stream_close(client.stream);
    tern_stream_close(server.stream);
    end("opened closed(no error)", "accept opened data(hello) closed(no error)");
}

static void copied_and_borrowed_octets_keep_their_order(const struct conform_driver *d)
{
    static uint8_t constant[64];
    for (size_t i = 0; i < sizeof constant; i++)
        constant[i] = pattern_at(i);
    start(d);
    server.ended = finish;
    join();
    uint8_t copied[64];
    /* The pattern of 64 octets again and again, cut in turn into both kinds. */
    uint64_t sum = 0;
    for (size_t k = 0; k < 60; k++) {
        size_t n = 1 + k % 63;
        memcpy(copied, constant + n, 64 - n);
        size_t borrowed;
        while ((borrowed = tern_stream_borrow(client.stream, constant, n)) == 0)
            driver->pump();
        ck_assert_uint_eq(borrowed, n);
        size_t done = 0;
        while (done < 64 - n) {
            done += tern_stream_write(client.stream, copied + done, 64 - n - done);
            if (done < 64 - n)
                driver->pump();
        }
        memset(copied, 0xee, sizeof copied);    /* a copy is a copy */
        sum += 64;
    }
    tern_stream_finish(client.stream);
    driver->pump();
    ck_assert_uint_eq(server.got_len, sum);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (uint64_t i = 0; i < sum; i++)
        hash = (hash ^ constant[i % 64]) * UINT64_C(0x100000001b3);
    ck_assert(server.got_hash == hash);
    end("opened ended closed(no error)", user_trace(&server));
}

/* ---- The end of a visit -------------------------------------------------------------- */

static void flush_comes_after_each_visit(const struct conform_driver *d)
{
    start(d);
    join();
    ck_assert_uint_ge(client.n_flush, 1);    /* that of `opened` */
    ck_assert_uint_ge(server.n_flush, 1);
    unsigned n = client.n_flush;
    write_hello(&client);
    ck_assert_uint_eq(client.n_flush, n);    /* a call runs no event */
    driver->pump();
    ck_assert_uint_gt(client.n_flush, n);
    n = server.n_flush;
    tern_stream_resume(server.stream);
    driver->pump();
    ck_assert_uint_gt(server.n_flush, n);
    tern_stream_close(client.stream);
    tern_stream_close(server.stream);
    end("opened closed(no error)", "accept opened data(hello) closed(no error)");
}

/* As a filter seals its record: what came in the visit gets one answer, at its end. */
static void seal_and_finish(struct conform_user *user)
{
    if (user->got_len < 5 || user->out_at > 0)
        return;
    user->out_at = user_write(user, "sealed");
    tern_stream_finish(user->stream);
}

static void what_flush_writes_is_sent(const struct conform_driver *d)
{
    start(d);
    server.flush = seal_and_finish;
    client.ended = finish;
    join();
    write_hello(&client);
    end("opened data(sealed) ended closed(no error)",
        "accept opened data(hello) ended closed(no error)");
}

static void reserve_in_first_flush(struct conform_user *user)
{
    size_t room;
    if (user->n_flush > 1)
        return;
    uint8_t *span = tern_stream_reserve(user->stream, 1, &room);
    ck_assert_ptr_nonnull(span);
    span[0] = '1';
    tern_stream_commit(user->stream, 1);
    ck_assert_ptr_nonnull(tern_stream_reserve(user->stream, 1, &room));    /* and forgets it */
}

static void flush_may_reserve(const struct conform_driver *d)
{
    start(d);
    server.flush = reserve_in_first_flush;
    join();
    tern_stream_commit(server.stream, 1);    /* the visit is over: nothing is reserved */
    driver->pump();
    tern_stream_close(client.stream);
    tern_stream_close(server.stream);
    end("opened data(1) closed(no error)", "accept opened closed(no error)");
}

#define SCRIPT(function) { #function, function }

const struct conform_script conform_scripts[] = {
    SCRIPT(client_finishes_first),
    SCRIPT(server_finishes_first),
    SCRIPT(both_finish_at_once),
    SCRIPT(the_default_of_ended_is_close),
    SCRIPT(ended_may_still_write),
    SCRIPT(empty_streams_end_too),
    SCRIPT(closes_from_both_sides_are_in_order),
    SCRIPT(a_stream_knows_itself),
    SCRIPT(silence_is_no_end),
    SCRIPT(untaken_data_waits_for_resume),
    SCRIPT(new_data_offers_what_was_not_taken),
    SCRIPT(a_slow_reader_loses_nothing),
    SCRIPT(a_reader_that_stops_holds_the_writer_back),
    SCRIPT(an_echo_never_hangs),
    SCRIPT(bulk_goes_both_ways_at_once),
    SCRIPT(a_write_outside_a_turn_takes_effect_in_the_next),
    SCRIPT(reservations_of_many_spans_arrive_in_order),
    SCRIPT(what_is_reserved_is_given_back_by_other_calls),
    SCRIPT(a_reservation_ends_with_the_visit),
    SCRIPT(copied_and_borrowed_octets_keep_their_order),
    SCRIPT(flush_comes_after_each_visit),
    SCRIPT(what_flush_writes_is_sent),
    SCRIPT(flush_may_reserve),
    SCRIPT(close_discards_what_arrives),
    SCRIPT(close_in_data_ends_the_data),
    SCRIPT(close_does_not_wait_for_ever),
    SCRIPT(abort_outside_a_turn_is_told_in_the_next),
    SCRIPT(abort_in_data_is_the_last_of_it),
    SCRIPT(abort_in_opened_comes_before_data),
    SCRIPT(abort_in_flush_is_the_last_of_it),
    SCRIPT(abort_in_accept_goes_unopened),
    SCRIPT(what_is_not_attached_is_aborted),
    SCRIPT(abort_loses_unsent_data_and_frees_what_waited),
    SCRIPT(abort_of_the_other_stream_in_an_event),
    SCRIPT(a_refused_connection_is_closed_without_opened),
    SCRIPT(a_connection_may_be_aborted_before_it_stands),
    SCRIPT(untaken_data_is_the_new_user_s),
    SCRIPT(the_new_user_gets_all_when_the_old_one_took_nothing),
};
const int conform_n_scripts = (int)(sizeof conform_scripts / sizeof conform_scripts[0]);
