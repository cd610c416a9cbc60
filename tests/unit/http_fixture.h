/* SPDX-License-Identifier: ISC */
/*
 * A server on a feed under virtual time, for the tests of libhttp: requests go
 * in as text, answers come out as text, and what the handler saw is a log.
 */
#ifndef TERN_TESTS_HTTP_FIXTURE_H
#define TERN_TESTS_HTTP_FIXTURE_H

#include <tern/feed.h>
#include <tern/http.h>

enum { FIXTURE_CONNS = 4, FIXTURE_HEADS = 2, FIXTURE_BLOCKS = 64 };

/* What the handler does with a request; a path's first segment overrules it. */
enum http_handler {
    HANDLER_HELLO,    /* 200 "hello\n" at once, nothing attached */
    HANDLER_ECHO,     /* answers with the request's body, chunked */
    HANDLER_LATER,    /* attaches; the test answers through fixture.exchange */
    HANDLER_SILENT,   /* neither answers nor attaches */
    HANDLER_SLOW,     /* attaches and takes nothing of the body until fixture.takes */
    HANDLER_SINK,     /* takes the body, then answers 200 with its length */
    HANDLER_ASSETS,   /* fixture.assets */
};

struct http_fixture {
    struct tern_turn turn;
    struct tern_block_pool pool;
    _Alignas(16) uint8_t memory[FIXTURE_BLOCKS * 2048];
    struct tern_http_config config;
    struct tern_http_server server;
    struct tern_http_conn conns[FIXTURE_CONNS];
    struct tern_http_head heads[FIXTURE_HEADS];
    struct tern_feed_config feed_config;
    struct tern_feed feed;
    uint64_t now_ns, deadline_ns;
    enum http_handler handler;
    struct tern_http_exchange *exchange;    /* of HANDLER_LATER, until closed */
    const struct tern_http_asset *assets;
    size_t n_assets;
    const struct tern_http_policy *policy;    /* of the assets */
    uint64_t body_len;                      /* octets of bodies seen */
    bool takes;
    bool reads;                             /* the peer takes output after each turn */
    char out[1 << 18];
    size_t out_len;
    char log[1 << 16];
    size_t log_len;
    bool in_data;                           /* the log's last entry is open data */
    size_t n_sends;                         /* turns that had output */
};

/* Starts turn, pool and server; set config and handler members before _open. */
void fixture_init(struct http_fixture *f);

/* Opens the (one) connection, with a server as configured. */
void fixture_open(struct http_fixture *f);

/* Gives the peer's octets; all are taken, or the test fails. Then runs turns. */
void fixture_input(struct http_fixture *f, const char *text, size_t len);

/* As much as is taken, in pieces of `cut` octets; returns how many were taken. */
size_t fixture_input_cut(struct http_fixture *f, const char *text, size_t len, size_t cut);

/* Runs turns until there is nothing left to do now. */
void fixture_run(struct http_fixture *f);

/* Lets time pass, with a turn at each deadline. */
void fixture_wait(struct http_fixture *f, uint64_t ns);

/* The peer takes at most n octets of output. */
size_t fixture_read(struct http_fixture *f, size_t n);

/* The peer ends, and everything comes to an end: true if all pools are full again. */
bool fixture_end(struct http_fixture *f);

/*
 * The server's whole answer to a fault at an octet of the head (negative: it
 * names none), as a C string.
 */
void fixture_refusal(char *to, size_t cap, enum tern_http_fault fault, int off, bool head);

/* The output so far as a C string. */
const char *fixture_out(struct http_fixture *f);
const char *fixture_log(struct http_fixture *f);

/* Adds to the log, as printf. */
void fixture_note(struct http_fixture *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
