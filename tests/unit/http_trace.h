/* SPDX-License-Identifier: ISC */
/*
 * One script of requests, one server, and the trace of what its handlers see
 * and its client gets, for proving that libhttp is the same over everything
 * that provides streams. Adjacent octets of a body are joined, so that only
 * what may differ, where runs are cut, does not show.
 *
 * A carrier gives http_trace_script to the server in whatever way it moves
 * octets, and every octet that comes back to http_trace_answer; the trace must
 * then be http_trace_wanted.
 */
#ifndef TERN_TESTS_HTTP_TRACE_H
#define TERN_TESTS_HTTP_TRACE_H

#include <tern/http.h>

/* Ends in a request that is refused: the server then closes. */
extern const char http_trace_script[];
extern const size_t http_trace_script_len;
extern const char http_trace_wanted[];

struct http_trace {
    struct tern_http_server server;
    struct tern_http_conn conns[2];
    struct tern_http_head heads[2];
    char events[8192];
    size_t events_len;
    bool in_data;
    struct tern_http_exchange *exchange;
    uint64_t body_len;
    uint8_t answers[65536];
    size_t answers_len;
    char text[16384];
};

/* Starts the server; accept with tern_http_accept and &trace->server. */
void http_trace_init(struct http_trace *trace, struct tern_turn *turn);

/* Octets that the client got, in order. */
void http_trace_answer(struct http_trace *trace, const uint8_t *octets, size_t len);

/* The whole trace: events, then the answers, decoded. Are all pools full again? */
const char *http_trace_text(struct http_trace *trace);

#endif
