/* SPDX-License-Identifier: ISC */
/*
 * What scripts do again and again; each file of them has its own two users.
 */
#ifndef TERN_TESTS_STREAM_CONFORM_STEPS_H
#define TERN_TESTS_STREAM_CONFORM_STEPS_H

#include "conform.h"
#include "conform_user.h"

#include <check.h>

static const struct conform_driver *driver;
static struct conform_user client, server;

/* ---- Steps ----------------------------------------------------------------------- */

static inline void start(const struct conform_driver *d)
{
    driver = d;
    user_init(&client);
    user_init(&server);
    driver->setup(user_accept, &server);
}

static inline void join(void)
{
    client.stream = driver->connect(user_events(&client), &client, false);
    ck_assert_ptr_nonnull(client.stream);
    driver->pump();
}

/* Both are over; `closed` came to each once, and everything was given back. */
static inline void end(const char *client_trace, const char *server_trace)
{
    driver->pump();
    ck_assert_str_eq(user_trace(&client), client_trace);
    ck_assert_str_eq(user_trace(&server), server_trace);
    const char *leak = driver->teardown();
    ck_assert_msg(leak == NULL, "not given back: %s", leak);
}

static inline void write_hello(struct conform_user *user)
{
    ck_assert_uint_eq(user_write(user, "hello"), 5);
}

static inline void finish(struct conform_user *user)
{
    tern_stream_finish(user->stream);
}

/* ---- conform_ends.c --------------------------------------------------------------- */

typedef void conform_run_fn(const struct conform_driver *d);

conform_run_fn close_discards_what_arrives, close_in_data_ends_the_data,
    close_does_not_wait_for_ever, abort_outside_a_turn_is_told_in_the_next,
    abort_in_data_is_the_last_of_it, abort_in_opened_comes_before_data,
    abort_in_flush_is_the_last_of_it, abort_in_accept_goes_unopened,
    what_is_not_attached_is_aborted, abort_loses_unsent_data_and_frees_what_waited,
    abort_of_the_other_stream_in_an_event,
    a_refused_connection_is_closed_without_opened,
    a_connection_may_be_aborted_before_it_stands, untaken_data_is_the_new_user_s,
    the_new_user_gets_all_when_the_old_one_took_nothing;

#endif
