/* SPDX-License-Identifier: ISC */
/*
 * A user of a stream that notes all its events and does what the script says.
 */
#ifndef TERN_TESTS_STREAM_CONFORM_USER_H
#define TERN_TESTS_STREAM_CONFORM_USER_H

#include <tern/stream.h>

#define CONFORM_TRACE_CAP 1024
#define CONFORM_RUN_CAP 48       /* data up to this length stands in the trace itself */

struct conform_user {
    /* What it saw: see user_trace. */
    char trace[CONFORM_TRACE_CAP];
    uint8_t run[CONFORM_RUN_CAP];
    size_t run_len;              /* of the data noted since the last other event */
    uint64_t got_len, got_hash;  /* of all data */
    unsigned n_accept, n_opened, n_closed, n_room, n_flush;
    enum tern_err why;

    /* What it does. */
    struct tern_stream *stream;  /* NULL before accept and after closed */
    size_t take;                 /* octets it will still take; SIZE_MAX: all */
    bool echo;                   /* writes what it takes, takes what it can write */
    uint64_t out_left, out_at;   /* octets of the pattern to write as there is room */
    bool finish_after_out;
    void (*opened)(struct conform_user *user);
    size_t (*data)(struct conform_user *user, const uint8_t *data, size_t len);
    void (*ended)(struct conform_user *user);    /* NULL: nothing */
    void (*flush)(struct conform_user *user);
    bool default_ended;          /* leaves `ended` to its default */
    bool refuse;                 /* does not attach in accept */
    void (*accepted)(struct conform_user *user);
};

void user_init(struct conform_user *user);

/* Events for a user as `user`. */
const struct tern_stream_events *user_events(const struct conform_user *user);

/* An accept callback; app is the struct conform_user. */
void user_accept(void *app, struct tern_stream *s);

/*
 * All events in order, in words: "accept opened data(hello) offer room ended
 * closed(no error)". Data that came in neighbouring runs is joined, since runs
 * are cut anywhere; long data is noted by its length and a hash. `offer` is
 * data of which nothing was taken, noted once in a row. `room` and `flush` are
 * only counted: how often they come is a matter of sizes.
 */
const char *user_trace(struct conform_user *user);

/* Writes as much of the pattern as there is room for, of out_left octets. */
void user_write_out(struct conform_user *user);

/* One octet of the pattern, and the hash of its first len octets. */
uint8_t pattern_at(uint64_t i);
uint64_t pattern_hash(uint64_t len);

/* Text as octets. */
size_t user_write(struct conform_user *user, const char *text);

#endif
