/* SPDX-License-Identifier: ISC */
/*
 * The test filter: uses one stream and provides another, whose octets travel
 * changed (by exclusive or) over the one below. It is as transparent as TLS
 * would be, so that a user cannot tell a stack of it from the provider alone,
 * and does what a filter has to: no scheduler of its own, no octet kept back.
 */
#ifndef TERN_TESTS_STREAM_FILTER_H
#define TERN_TESTS_STREAM_FILTER_H

#include <tern/stream.h>

#define FILTER_BORROWS 4u

struct filter_server;

/* One filtered connection, placed by the test. */
struct filter {
    struct tern_stream stream;      /* what it provides */
    struct tern_stream *below;      /* what it uses; NULL: free */
    uint8_t mask;
    bool cut_short;                 /* the user above waits for room */
    bool finishing, closing, failed;
    struct {
        const uint8_t *data;
        size_t len;
    } borrowed[FILTER_BORROWS];     /* to be changed on the way down */
    size_t n_borrowed;
    struct {
        uint8_t *data;
        size_t len;
    } spans[TERN_RESERVE_SPANS];    /* lent below, and from here to the user above */
    size_t n_spans;
};

/* What filters the accepted streams of one listener. */
struct filter_server {
    struct filter *filters;         /* placed */
    size_t n_filters;
    uint8_t mask;
    tern_accept_fn *accept;         /* the user's above */
    void *app;
};

/* An accept callback; app is a struct filter_server. */
void filter_accept(void *app, struct tern_stream *below);

/* For a stream that connects: attach these to it, with a filter as user. */
extern const struct tern_stream_events filter_events;

/* Makes *filter ready to be attached to `below`, with the user above attached to it. */
void filter_init(struct filter *filter, struct tern_stream *below, uint8_t mask,
                 const struct tern_stream_events *events, void *user);

#endif
