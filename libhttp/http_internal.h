/* SPDX-License-Identifier: ISC */
/*
 * libhttp from the inside. In reading order:
 *
 *   http_chars          classes of octets, and how they are scanned
 *   http_name           the field names that libhttp itself acts on
 *   http_fault          why requests are refused: status and text of each
 *   http_request        a head's octets become lines (RFC 9112 sections 3, 5)
 *   http_target         a target's four forms; authorities
 *   http_check          lines become a decision: whom for, how framed
 *   http_chunked        bodies in chunks
 *   http_framing        how an answer is framed
 *   http_path           paths that one can look up
 *   http_etag, http_date, http_status, http_content
 *   http_accept         which coding a client takes
 *   http_range          ranges, and a body of several
 *   http_condition      conditions, in their order
 *   http_select         what of a representation is sent
 *   http_emit           an answer's head becomes octets
 *   http_server         pools, accept, drain
 *   http_head           heads, in place or in pieces, and who is asked
 *   http_conn           a connection: exchanges and bodies, one after another
 *   http_time           its one timer: heads, bodies, readers, idleness
 *   http_exchange       what a handler sees, and its stream's calls
 *   http_respond        answers, interim answers, refusals
 *   http_redirect       to a directory's own path
 *   http_assets         files compiled in
 *   http_metrics, http_metrics_html, _names, _serve
 *                       counters for Prometheus and for people
 */
#ifndef TERN_HTTP_INTERNAL_H
#define TERN_HTTP_INTERNAL_H

#include <string.h>

#include <tern/http.h>

#include "http_chars.h"

#pragma GCC visibility push(hidden)

/* ---- http_name.c ------------------------------------------------------------ */

/* The field names that decide about connections, framing and what is sent. */
enum http_name {
    NAME_OTHER,
    NAME_HOST,
    NAME_CONNECTION,
    NAME_CONTENT_LENGTH,
    NAME_TRANSFER_ENCODING,
    NAME_EXPECT,
    NAME_DATE,
    NAME_KEEP_ALIVE,
    NAME_PROXY_CONNECTION,
    NAME_TE,
    NAME_TRAILER,
    NAME_UPGRADE,
    NAME_ACCEPT_ENCODING,
    NAME_IF_MATCH,
    NAME_IF_UNMODIFIED_SINCE,
    NAME_IF_NONE_MATCH,
    NAME_IF_MODIFIED_SINCE,
    NAME_IF_RANGE,
    NAME_RANGE,
};

enum http_name tern_http_name_find(const uint8_t *name, size_t len);

/* ---- http_check.c ------------------------------------------------------------- */

/* The element of a comma-separated list that begins at *off; false: none is left. */
bool tern_http_list_next(const uint8_t *list, size_t len, size_t *off, struct tern_http_span *elem);

/* ---- http_emit.c ---------------------------------------------------------------- */

enum http_persistence { PERSIST_SILENT, PERSIST_CLOSE, PERSIST_KEEP };

/* An answer's head, and a short body that goes with it. All read. */
struct http_answer {
    uint16_t status;
    enum tern_http_framing framing;
    enum http_persistence persistence;
    uint64_t body_len;
    const struct tern_http_field *fields;
    size_t n_fields;
    bool trusted;               /* the names are ours, the fields known to be sendable */
    const char *date;           /* TERN_HTTP_DATE_LEN octets, or NULL */
    const char *text;           /* text_len octets of body */
    size_t text_len;
};

/*
 * Queues the answer below in one piece. *len receives its octets. TERN_INVALID:
 * a field may not be sent; TERN_FULL: no room, nothing was queued.
 */
enum tern_err tern_http_emit_answer(struct tern_stream *below, const struct http_answer *answer,
                                    size_t *len);

/* http_fault.c: the names of the faults, in the form of metrics.h. */
const char *tern_http_faults_text(void);

/* ---- http_range.c ----------------------------------------------------------------- */

/* "multipart/byteranges; boundary=..." for a form's tag (or NULL): how many octets. */
size_t tern_http_multipart_type(const char *etag, char *to);

/* "bytes 0-99/1000" to to + at; range NULL: "bytes * /1000", without the space. The new end. */
size_t tern_http_content_range(char *to, size_t at, const struct tern_http_range *range,
                               uint64_t complete_len);

/* Sets the length of a body of one or more ranges; false: the whole is as cheap. */
bool tern_http_body_measure(struct tern_http_body *body);

/* ---- http_condition.c -------------------------------------------------------------- */

/* The lines of a request that matter here: lists of several lines only counted. */
struct http_asked {
    const struct tern_http_request *r;
    const uint8_t *head;
    const struct tern_http_line *unmodified, *modified, *if_range, *range;    /* the last */
    uint8_t n_unmodified, n_modified, n_if_range, n_range;
    bool match, none_match, accept;
};

static inline const char *asked_value(const struct http_asked *a, const struct tern_http_line *line)
{
    return (const char *)a->head + line->value_off;
}

/* Steps 1 to 4 of RFC 9110 section 13.2.2: 200 (go on), 304 or 412. */
uint16_t tern_http_conditions_check(const struct http_asked *a, const char *etag,
                                    const char *last_modified, uint64_t now_s);

/* Step 5: does If-Range, or its absence, let a range be sent? */
bool tern_http_range_is_wanted(const struct http_asked *a, const char *etag,
                               const char *last_modified, bool one_form, uint64_t now_s);

/* ---- http_select.c ---------------------------------------------------------------- */

/* Turns a selection of several ranges into the whole. */
void tern_http_select_whole(const struct tern_http_representation *representation,
                            const struct tern_http_policy *policy,
                            struct tern_http_selection *selection);

/* ---- http_conn.c and its neighbours ------------------------------------------------ */

/* Where the receiving side of a connection stands. */
enum conn_state {
    CONN_HEAD,       /* between requests or in a head */
    CONN_READY,      /* a head is complete in `held` and waits for room to answer */
    CONN_BODY,       /* body_left octets of a body are to come */
    CONN_CHUNKED,    /* a chunked body is to come */
    CONN_WAIT,       /* the request is complete, its answer is not */
    CONN_OVER,       /* nothing more is read: closed or aborted below, or about to be */
};

/* What the timer watches. */
enum conn_watch {
    WATCH_NOTHING,
    WATCH_HEAD,
    WATCH_IDLE,
    WATCH_BODY,
    WATCH_READ,
};

enum {
    CONN_EXCHANGE = 1 << 0,      /* an exchange is under way */
    CONN_IN_REQUEST = 1 << 1,    /* the handler's `request` is running */
    CONN_IN_DATA = 1 << 2,       /* conn_data is running and will look further */
    CONN_IN_VISIT = 1 << 3,      /* an event of the stream below is running */
    CONN_OPENED = 1 << 4,        /* the exchange has had `opened` */
    CONN_ENDED = 1 << 5,         /* ... and `ended` */
    CONN_RESPONDED = 1 << 6,     /* the answer's head is queued */
    CONN_FINISHING = 1 << 7,     /* the answer has no more octets; its end is not queued */
    CONN_FINISHED = 1 << 8,      /* the answer is queued completely */
    CONN_DISCARD = 1 << 9,       /* the handler wants no more of the request */
    CONN_WANT_ROOM = 1 << 10,    /* the exchange is owed a `room` */
    CONN_CLOSES = 1 << 11,       /* the connection ends with this exchange */
    CONN_CONTINUE = 1 << 12,     /* the client waits for 100 (Continue) */
    CONN_UNTAKEN = 1 << 13,      /* the handler left octets of the body */
    CONN_KEPT = 1 << 14,         /* the handler keeps the head */
    CONN_REFUSING = 1 << 15,     /* an error answer waits for room */
    CONN_CHUNK_OPEN = 1 << 16,   /* a chunk's last CR LF is not yet queued */
    CONN_HEAD_ONLY = 1 << 17,    /* the request is HEAD */
    CONN_OLD = 1 << 18,          /* ... of HTTP/1.0 */
    CONN_KEEPS = 1 << 19,        /* ... with keep-alive */
    CONN_SERVED = 1 << 20,       /* not the connection's first request */
    CONN_NO_ROOM = 1 << 21,      /* the next request waits for room to be answered */
    CONN_PEER_ENDED = 1 << 22,   /* the peer sends no more */
    CONN_BEHIND = 1 << 23,       /* octets were offered that have not been taken */
};

/* What an exchange holds between two requests. */
#define CONN_OF_EXCHANGE                                                                       \
    (CONN_EXCHANGE | CONN_OPENED | CONN_ENDED | CONN_RESPONDED | CONN_FINISHING |              \
     CONN_FINISHED | CONN_DISCARD | CONN_WANT_ROOM | CONN_CLOSES | CONN_CONTINUE |             \
     CONN_UNTAKEN | CONN_KEPT | CONN_CHUNK_OPEN | CONN_HEAD_ONLY | CONN_OLD | CONN_KEEPS)

static inline struct tern_http_conn *conn_of(const struct tern_http_exchange *x)
{
    /* An exchange is the first member of its connection. */
    return (struct tern_http_conn *)(uintptr_t)x;
}

static inline struct tern_http_conn *conn_of_stream(const struct tern_stream *s)
{
    return (struct tern_http_conn *)(uintptr_t)s;
}

static inline bool conn_is(const struct tern_http_conn *conn, unsigned flags)
{
    return (conn->flags & flags) != 0;
}

/* http_head.c: octets of a head (how many were taken), and one that waited for room. */
size_t tern_http_head_input(struct tern_http_conn *conn, const uint8_t *data, size_t len);
void tern_http_head_ready(struct tern_http_conn *conn);
void tern_http_head_give(struct tern_http_server *server, struct tern_http_head *head);

/* The events a connection attaches to the stream below (http_conn.c). */
extern const struct tern_stream_events tern_http_conn_events;

/* Moves the exchange on as far as it can be without more octets or room. In a visit. */
void tern_http_conn_step(struct tern_http_conn *conn);

/*
 * Gives a request up: counts, answers if nothing was answered yet, closes.
 * off: the octet of the head, UINT32_MAX where there is none to tell. In a
 * visit, or while the connection waits for more of a head.
 */
void tern_http_conn_refuse(struct tern_http_conn *conn, enum tern_http_fault fault, uint32_t off);

/* Queues the error answer and closes; in a visit, again in `room`. */
void tern_http_refusal_send(struct tern_http_conn *conn);

/* Between requests, and nothing of the next one was offered. */
bool tern_http_conn_is_idle(const struct tern_http_conn *conn);

/* Ends the connection after what is queued. */
void tern_http_conn_close(struct tern_http_conn *conn);

/* http_time.c: after every visit, sets or judges the deadline. */
void tern_http_conn_watch(struct tern_http_conn *conn);
void tern_http_conn_fire(struct tern_timer *timer, uint64_t now_ns);

/* http_exchange.c */
extern const struct tern_stream_ops tern_http_exchange_ops;

/* Queues what an answer still owes (borrowed octets, its end) as far as there is room. */
void tern_http_exchange_push(struct tern_http_conn *conn);

/* Ends an open chunk, so that what was written can be read whole. */
void tern_http_exchange_seal(struct tern_http_conn *conn);

/* Counts octets of an answer of known length; the last one finishes it. */
void tern_http_exchange_count(struct tern_http_conn *conn, size_t len);

/* http_server.c */
void tern_http_conn_give(struct tern_http_conn *conn);

/* The multipart answers under way are a pool of the server's. */
struct tern_http_multipart *tern_http_multipart_take(struct tern_http_server *server);
void tern_http_multipart_give(struct tern_http_server *server, struct tern_http_multipart *m);

/* Seconds since 1970, 0: the server does not know the time. */
uint64_t tern_http_server_now_s(const struct tern_http_server *server);

/* The text of the date field now, or NULL: the server does not know the time. */
const char *tern_http_server_date(struct tern_http_server *server);

#pragma GCC visibility pop

#endif
