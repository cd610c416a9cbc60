/* SPDX-License-Identifier: ISC */
/*
 * The script, continued: ends that are not orderly, and another user.
 */
#include "conform_steps.h"

#include <stdlib.h>
#include <string.h>

/* ---- Other ends -------------------------------------------------------------------- */

void close_discards_what_arrives(const struct conform_driver *d)
{
    start(d);
    server.take = 0;
    join();
    ck_assert_uint_eq(user_write(&client, "never read"), 10);
    driver->pump();
    ck_assert_uint_eq(user_write(&server, "last words"), 10);
    tern_stream_close(server.stream);
    driver->pump();
    ck_assert_uint_eq(user_write(&client, "nor this"), 8);
    driver->pump();
    tern_stream_finish(client.stream);
    end("opened data(last words) ended closed(no error)",
        "accept opened offer closed(no error)");
}

static size_t take_one_and_close(struct conform_user *user, const uint8_t *data, size_t len)
{
    (void)data, (void)len;
    tern_stream_close(user->stream);
    return 1;
}

void close_in_data_ends_the_data(const struct conform_driver *d)
{
    start(d);
    server.data = take_one_and_close;
    client.ended = finish;
    join();
    write_hello(&client);
    end("opened ended closed(no error)", "accept opened data(h) closed(no error)");
}

void close_does_not_wait_for_ever(const struct conform_driver *d)
{
    start(d);
    join();
    tern_stream_close(client.stream);
    driver->pump();
    ck_assert_uint_eq(client.n_closed, 0);
    driver->wait(driver->linger_ns + TERN_MILLISECOND_NS);
    ck_assert_str_eq(user_trace(&client), "opened closed(timed out)");
    /* What the other side learns of it, and when, is each provider's. */
    if (server.stream != NULL)
        tern_stream_abort(server.stream, TERN_ABORTED);
    driver->pump();
    ck_assert_uint_eq(server.n_closed, 1);
    end("opened closed(timed out)", user_trace(&server));
}

static void abort_client(struct conform_user *user)
{
    tern_stream_abort(user->stream, TERN_UNSUPPORTED);
    /* Failed, not yet closed: nothing does anything, and no event has run. */
    size_t room;
    ck_assert_uint_eq(user->n_closed, 0);
    ck_assert_uint_eq(user_write(user, "lost"), 0);
    ck_assert_uint_eq(tern_stream_borrow(user->stream, (const uint8_t *)"lost", 4), 0);
    ck_assert_ptr_null(tern_stream_reserve(user->stream, 1, &room));
    tern_stream_commit(user->stream, 1);
    tern_stream_resume(user->stream);
    tern_stream_finish(user->stream);
    tern_stream_close(user->stream);
    tern_stream_abort(user->stream, TERN_BUG);    /* the first reason stays */
}

void abort_outside_a_turn_is_told_in_the_next(const struct conform_driver *d)
{
    start(d);
    join();
    abort_client(&client);
    ck_assert_str_eq(user_trace(&client), "opened");
    end("opened closed(not supported)", "accept opened closed(reset by the peer)");
}

static size_t abort_in_data(struct conform_user *user, const uint8_t *data, size_t len)
{
    (void)data;
    if (user->got_len + len == 5)
        abort_client(user);
    return len;
}

void abort_in_data_is_the_last_of_it(const struct conform_driver *d)
{
    start(d);
    server.data = abort_in_data;
    join();
    write_hello(&client);
    end("opened closed(reset by the peer)",
        "accept opened data(hello) closed(not supported)");
}

void abort_in_opened_comes_before_data(const struct conform_driver *d)
{
    start(d);
    server.opened = abort_client;
    join();
    end("opened closed(reset by the peer)", "accept opened closed(not supported)");
}

void abort_in_flush_is_the_last_of_it(const struct conform_driver *d)
{
    start(d);
    server.flush = abort_client;
    join();
    end("opened closed(reset by the peer)", "accept opened closed(not supported)");
}

void abort_in_accept_goes_unopened(const struct conform_driver *d)
{
    start(d);
    server.accepted = abort_client;
    join();
    end("opened closed(reset by the peer)", "accept closed(not supported)");
}

void what_is_not_attached_is_aborted(const struct conform_driver *d)
{
    start(d);
    server.refuse = true;
    join();
    end("opened closed(reset by the peer)", "accept");
}

void abort_loses_unsent_data_and_frees_what_waited(const struct conform_driver *d)
{
    start(d);
    server.take = 0;
    client.out_left = driver->much;
    join();
    driver->pump();
    tern_stream_abort(client.stream, TERN_ABORTED);
    end("opened closed(aborted)", "accept opened offer closed(reset by the peer)");
}

void abort_of_the_other_stream_in_an_event(const struct conform_driver *d)
{
    start(d);
    server.opened = write_hello;
    join();
    tern_stream_abort(server.stream, TERN_TIMED_OUT);
    tern_stream_abort(client.stream, TERN_REFUSED);
    end("opened data(hello) closed(refused by the peer)", "accept opened closed(timed out)");
}

void a_refused_connection_is_closed_without_opened(const struct conform_driver *d)
{
    start(d);
    client.stream = driver->connect(user_events(&client), &client, true);
    ck_assert_ptr_nonnull(client.stream);
    ck_assert_str_eq(user_trace(&client), "");
    end("closed(refused by the peer)", "");
}

void a_connection_may_be_aborted_before_it_stands(const struct conform_driver *d)
{
    start(d);
    server.refuse = true;    /* it may come so far, or not */
    client.stream = driver->connect(user_events(&client), &client, false);
    tern_stream_abort(client.stream, TERN_ABORTED);
    end("closed(aborted)", user_trace(&server));
}

/* ---- Another user ------------------------------------------------------------------ */

static struct conform_user second;

static size_t upgrade_in_data(struct conform_user *user, const uint8_t *data, size_t len)
{
    size_t n = 0;
    while (n < len && data[n] != '\n')
        n++;
    if (n == len)
        return len;
    second.stream = user->stream;
    second.n_opened = 1;    /* `opened` comes once a stream, not once a user */
    tern_stream_attach(user->stream, user_events(&second), &second);
    return n + 1;
}

void untaken_data_is_the_new_user_s(const struct conform_driver *d)
{
    start(d);
    user_init(&second);
    second.ended = finish;
    server.data = upgrade_in_data;
    join();
    ck_assert_uint_eq(user_write(&client, "upgrade\nand "), 12);
    driver->pump();
    ck_assert_uint_eq(user_write(&client, "more"), 4);
    tern_stream_finish(client.stream);
    driver->pump();
    ck_assert_str_eq(user_trace(&second), "data(and more) ended closed(no error)");
    end("opened ended closed(no error)", "accept opened data(upgrade\n)");
}

static size_t attach_and_take_nothing(struct conform_user *user, const uint8_t *data, size_t len)
{
    (void)data, (void)len;
    second.stream = user->stream;
    second.n_opened = 1;
    tern_stream_attach(user->stream, user_events(&second), &second);
    return 0;
}

void the_new_user_gets_all_when_the_old_one_took_nothing(const struct conform_driver *d)
{
    start(d);
    user_init(&second);
    second.ended = finish;
    server.data = attach_and_take_nothing;
    join();
    write_hello(&client);
    driver->pump();
    ck_assert_str_eq(user_trace(&second), "data(hello)");
    tern_stream_finish(client.stream);
    driver->pump();
    ck_assert_str_eq(user_trace(&second), "data(hello) ended closed(no error)");
    end("opened ended closed(no error)", "accept opened offer");
}
