/* SPDX-License-Identifier: ISC */
/*
 * HTTP/1.1 on streams: a server, the exchange that its handlers see, and assets
 * compiled into the program. With it come http_message.h, the pure functions that
 * the server is made of, and http_select.h, which decides what of a resource is sent.
 *
 * Standards: RFC 9110 (semantics), RFC 9112 (HTTP/1.1), RFC 3986 (targets).
 *
 * One exchange is one request with its answer. Its first member is a struct
 * tern_stream, the body both ways: `data` and `ended` bring the request's,
 * write, borrow, reserve and finish send the answer's. A server that greets:
 *
 *     static void greet(void *app, struct tern_http_exchange *x)
 *     {
 *         static const struct tern_http_field text[] = {
 *             TERN_HTTP_FIELD("content-type", "text/plain"),
 *         };
 *         (void)app;
 *         if (tern_http_respond(x, 200, text, 1, 6) == TERN_OK)
 *             (void)tern_stream_write(&x->stream, (const uint8_t *)"hello\n", 6);
 *     }
 *     ...
 *     static struct tern_http_conn conns[64];
 *     static struct tern_http_head heads[8];
 *     struct tern_http_config config = { .request = greet };
 *     err = tern_http_server_init(&server, &turn, &config, conns, 64, heads, 8);
 *     err = tern_listen(host, 80, tern_http_accept, &server);
 *
 * The server, its connections and its heads are placed for the server's life.
 * Nothing grows with what a peer sends.
 */
#ifndef TERN_HTTP_H
#define TERN_HTTP_H

#include <tern/http_message.h>
#include <tern/http_select.h>
#include <tern/metrics.h>
#include <tern/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_host;
struct tern_listener;

/* ---- The exchange -------------------------------------------------------- */

/*
 * One request and its answer, of whatever version of HTTP. Lives from the
 * server's `request` until its stream's `closed` has returned, or, where
 * nothing is attached, until the answer is complete.
 *
 * The stream's events: `opened` comes after `request` has returned; `data` and
 * `ended` give the request's body, decoded; a request without one is `ended`
 * at once. `room` comes after a write that was cut short, and after
 * tern_http_respond said TERN_FULL. `closed` with TERN_OK: the answer was
 * queued completely and the request was taken or discarded. A missing `ended`
 * means tern_stream_close while an answer of unknown length is under way, and
 * nothing otherwise: a length already says where the answer ends.
 *
 * The stream's calls: before tern_http_respond write, borrow and reserve take
 * nothing. Of an answer of known length they take no more than is missing;
 * with its last octet it is finished. finish ends an answer of unknown length
 * (of a known one, too early: the connection is aborted then). For HEAD, 204
 * and 304 octets are taken and thrown away, so that handlers need not ask.
 * close finishes and discards the rest of the request's body; abort breaks the
 * connection off. `info` gives the connection's addresses.
 */
struct tern_http_exchange {
    struct tern_stream stream;    /* first */
    /* What follows is not part of the interface. */
    const struct tern_http_request *request;
    const uint8_t *head;
};

/* ---- The request, in an exchange. O(1); spans are lent, see tern_http_keep. */

enum tern_http_method tern_http_method(const struct tern_http_exchange *x);
struct tern_http_span tern_http_method_text(const struct tern_http_exchange *x);

/* "http", or "https" where the stream below is TLS. */
struct tern_http_span tern_http_scheme(const struct tern_http_exchange *x);

/* Host and port, from the target or the Host field, checked. May be empty. */
struct tern_http_span tern_http_authority(const struct tern_http_exchange *x);

/*
 * The target's path as it came, percent-encoded, beginning with "/", or "*"
 * (OPTIONS only). tern_http_path_normalise makes it a path that one can use.
 */
struct tern_http_span tern_http_path(const struct tern_http_exchange *x);

/* What follows the first "?", not decoded. Empty with NULL data: there was none. */
struct tern_http_span tern_http_query(const struct tern_http_exchange *x);

/* The request's minor version: 0 or 1. */
unsigned tern_http_minor(const struct tern_http_exchange *x);

/* The request's fields in their order, i < tern_http_n_fields(x). */
size_t tern_http_n_fields(const struct tern_http_exchange *x);
struct tern_http_field tern_http_field(const struct tern_http_exchange *x, size_t i);

/*
 * Finds the next field of a name (given in lower case, compared without
 * regard to case), from index *i on; sets *i just past it. False: none.
 * O(fields).
 */
bool tern_http_find(const struct tern_http_exchange *x, const char *name, size_t *i,
                    struct tern_http_span *value);

/* The body's length as announced; 0 without a body, TERN_HTTP_UNKNOWN if chunked. */
uint64_t tern_http_body_len(const struct tern_http_exchange *x);

/*
 * Keeps the request's spans until `closed`; without it they are lent only
 * until `request` returns. Copies the head into a head buffer of the server:
 * spans taken before the call are replaced by those taken after it. May be
 * called in `request` only; TERN_FULL: no buffer free. TERN_INVALID: later.
 */
enum tern_err tern_http_keep(struct tern_http_exchange *x);

/* ---- The answer ---------------------------------------------------------- */

/*
 * Begins the final answer, in `request` or later, once (RFC 9110 section 15).
 *
 *   status    200..999; 101 is not answered by this.
 *   fields    n_fields of them, read. Framing is libhttp's: content-length,
 *             transfer-encoding, connection, keep-alive, proxy-connection,
 *             te, trailer and upgrade are refused. date is added when absent
 *             and the server knows the time.
 *   body_len  how many octets the body will have, or TERN_HTTP_UNKNOWN:
 *             chunked, or, for HTTP/1.0, up to the end of the connection.
 *
 * A head of at most TERN_RESERVE_LEAST octets (ours of about 120 included)
 * finds room whenever it is answered in `request`.
 *
 * TERN_OK       the head is queued; the body may be written.
 * TERN_FULL     no room for the head: call again in `room`.
 * TERN_INVALID  a field of framing; a name that is no token; CR, LF, NUL or
 *               another control octet in a value (RFC 9110 section 5.5); a
 *               status out of range; answered before. Nothing was queued.
 */
enum tern_err tern_http_respond(struct tern_http_exchange *x, uint16_t status,
                                const struct tern_http_field *fields, size_t n_fields,
                                uint64_t body_len);

/*
 * Sends an interim answer, 100 or 102..199, before the final one (RFC 9110
 * section 15.2). 100 is sent without being asked for when the client waits for
 * it and the handler attached a `data` without having answered. To HTTP/1.0
 * nothing is sent, with TERN_OK. Errors as tern_http_respond.
 */
enum tern_err tern_http_interim(struct tern_http_exchange *x, uint16_t status,
                                const struct tern_http_field *fields, size_t n_fields);

/*
 * The whole answer in one call: status, text/plain and len octets of text
 * (read, at most 256). As tern_http_respond; nothing is left to do.
 */
enum tern_err tern_http_respond_text(struct tern_http_exchange *x, uint16_t status,
                                     const char *text, size_t len);

/* ---- Server ----------------------------------------------------------------- */

/*
 * A head that has to wait: incomplete, or kept by its handler. A server takes
 * one from its pool only then; when none is free, the one that has been
 * incomplete the longest is given up for it. Members are not part of the
 * interface.
 */
struct tern_http_head {
    struct tern_http_head *next, **link;    /* link: what points at it; NULL: complete or free */
    struct tern_http_conn *conn;            /* whose it is while it is incomplete */
    size_t len;
    struct tern_http_request request;
    uint8_t octets[TERN_HTTP_HEAD_CAP];
};

struct tern_http_server;

/* One connection. Members are not part of the interface. */
struct tern_http_conn {
    struct tern_http_exchange exchange;
    struct tern_http_server *server;
    struct tern_stream *below;
    uint32_t flags, fault_off;
    uint8_t state, fault, framing, watch, n_spans;
    uint16_t status;
    struct tern_http_head *held;
    uint64_t received, written, flushed;  /* octets of bodies in, of answers out, then */
    uint64_t body_left, discard_left;     /* of the request */
    struct tern_timer timer;
    uint64_t due_ns;                      /* the deadline under way, TERN_NEVER: none */
    uint64_t mark_ns, mark_octets;        /* where the rate under way is measured from */
    struct tern_http_conn *next;          /* in the pool */
    struct tern_http_chunked chunked;
    uint64_t answer_left;                 /* of an answer of known length */
    const uint8_t *borrowed;              /* lent by the handler, not yet taken below */
    size_t borrowed_len;
    size_t reserved;                      /* octets lent by reserve */
    uint8_t *chunk, *chunk_data;          /* what is reserved for a chunk */
    size_t chunk_gap;
};

/* A request that the server answered itself, because of a fault. */
struct tern_http_refusal {
    enum tern_http_fault fault;
    uint16_t status;
    uint64_t body_len;                      /* octets of the answer's body */
    const struct tern_stream_info *info;    /* of the stream below; read */
};

struct tern_http_config {
    /*
     * A request's head is complete. Answers by tern_http_respond now, or
     * attaches to the exchange's stream and answers later. May do anything to
     * this and to other streams.
     */
    void (*request)(void *app, struct tern_http_exchange *x);
    void *app;

    size_t head_max;        /* octets of a head; 0: TERN_HTTP_HEAD_CAP */
    size_t target_max;      /* octets of a target; 0: 8,000 */
    size_t fields_max;      /* fields of a head; 0: TERN_HTTP_FIELDS_CAP */
    uint64_t body_max;      /* octets of a request's body; 0: 1 MiB; TERN_HTTP_UNKNOWN: any */
    uint64_t discard_max;   /* of a body nobody wants, to keep the connection; 0: 64 KiB */

    uint64_t head_ns;       /* from a head's first octet (of the first: from the start); 0: 10 s */
    uint64_t idle_ns;       /* between requests; 0: 60 s */
    uint64_t body_ns;       /* how often a body's rate is judged; 0: 10 s */
    uint64_t body_rate;     /* octets per second it must reach while we take all; 0: 200 */
    uint64_t read_ns;       /* the same for the peer's reading of answers; 0: 20 s */
    uint64_t read_rate;     /* 0: 200 */

    /* Wall clock for the date field, nanoseconds since 1970; NULL: no date is sent. */
    uint64_t (*wall_ns)(void *wall_user);
    void *wall_user;

    /*
     * A refusal's answer is queued: for a log. Called with `app`, once a
     * refusal; of most `request` has never heard. NULL: nobody is told.
     */
    void (*refused)(void *app, const struct tern_http_refusal *refusal);

    /* Its `every` goes with refusals too; placed, stays. NULL: nothing does. */
    const struct tern_http_policy *policy;
};

struct tern_http_stats {
    uint64_t connections;                   /* accepted and served */
    uint64_t refused;                       /* no tern_http_conn was free */
    uint64_t requests;                      /* heads that reached the handler */
    uint64_t answers;                       /* final answers completely queued */
    uint64_t idle_closes;                   /* ended for idle_ns between requests */
    uint64_t statuses[4];                   /* answers begun, refusals too: 2xx, 3xx, 4xx, 5xx */
    uint64_t faults[TERN_HTTP_N_FAULTS];    /* refused and given up, by reason */
};

#define TERN_HTTP_LISTENERS 4u
#define TERN_HTTP_MULTIPARTS 16u

/* An answer from assets in several parts. Members are not part of the interface. */
struct tern_http_multipart {
    struct tern_http_multipart *next;
    const uint8_t *data;
    struct tern_http_body body;
};

struct tern_http_server {
    /* But for stats, what follows is not part of the interface. */
    struct tern_turn *turn;
    bool draining, paused;
    size_t n_conns, n_free_conns, n_heads, n_free_heads;
    struct tern_http_conn *conns, *free_conns;
    struct tern_http_head *free_heads;
    struct tern_http_head *waiting, **waiting_end;    /* incomplete heads, the oldest first */
    struct tern_http_config config;
    struct tern_listener *listeners[TERN_HTTP_LISTENERS];
    size_t n_listeners;
    uint64_t date_s;                 /* second that date_text is for */
    char date_text[TERN_HTTP_DATE_LEN];
    struct tern_http_stats stats;    /* to be read at any time */
    struct tern_http_request scratch;    /* a head that lies whole in one run */
    struct tern_http_multipart multiparts[TERN_HTTP_MULTIPARTS], *free_multiparts;
};

/* Octets of each struct that a caller places, as it knows them. */
struct tern_http_sizes {
    size_t server, config, conn, head;
};

/*
 * Starts a server on a turn. config is copied, conns and heads are placed.
 * n_heads may be smaller than n_conns: a head needs a buffer only when it
 * comes in pieces or is kept. With none free the oldest head in pieces is
 * answered 503; with all of them kept, the new one is.
 * TERN_INVALID: no `request`, no connections, or a limit above its cap;
 * TERN_MISMATCH: compiled with another version of this header.
 */
enum tern_err tern_http_server_init_sized(const struct tern_http_sizes *sizes,
                                          struct tern_http_server *server, struct tern_turn *turn,
                                          const struct tern_http_config *config,
                                          struct tern_http_conn *conns, size_t n_conns,
                                          struct tern_http_head *heads, size_t n_heads);
static inline enum tern_err tern_http_server_init(struct tern_http_server *server,
                                                  struct tern_turn *turn,
                                                  const struct tern_http_config *config,
                                                  struct tern_http_conn *conns, size_t n_conns,
                                                  struct tern_http_head *heads, size_t n_heads)
{
    const struct tern_http_sizes sizes = { sizeof *server, sizeof *config, sizeof *conns,
                                           sizeof *heads };
    return tern_http_server_init_sized(&sizes, server, turn, config, conns, n_conns, heads,
                                       n_heads);
}

/*
 * The accept callback; app is the server. Takes a connection from the pool;
 * none free: does not attach, so the stream is aborted, and counts.
 */
void tern_http_accept(void *app, struct tern_stream *s);

/*
 * From now on the listener is paused while all connections are taken. At most
 * TERN_HTTP_LISTENERS, then TERN_FULL. The listener outlives the server's use.
 */
enum tern_err tern_http_server_listener(struct tern_http_server *server,
                                        struct tern_listener *listener);

/*
 * From now on every answer says that it is its connection's last, and is; idle
 * connections end at once. Answers under way go on: one that did not say so is
 * followed by one that does, if a request already waits behind it.
 * O(connections). tern_http_server_active tells how many connections are left.
 */
void tern_http_server_drain(struct tern_http_server *server);
size_t tern_http_server_active(const struct tern_http_server *server);

/* For tests: is every member of the connection within what it may be? */
bool tern_http_conn_sane(const struct tern_http_conn *conn);

/* ---- Assets ------------------------------------------------------------------ */

/* A smaller form of an asset. data NULL: there is none. */
struct tern_http_coded {
    const char *etag;            /* strong, with its quotes, another than the asset's; or NULL */
    const uint8_t *data;         /* constant for the program's life */
    size_t len;
};

/* One file compiled in. Tables are sorted by path (octets, as strcmp) without duplicates. */
struct tern_http_asset {
    const char *path;            /* decoded and normal, "/img/a.png" */
    const char *content_type;
    const char *etag;            /* strong, with its quotes: "\"9f86d081\""; NULL: none */
    const uint8_t *data;         /* constant for the program's life */
    size_t len;
    const char *last_modified;   /* "Sun, 06 Nov 1994 08:49:37 GMT"; NULL: not known */
    struct tern_http_coded gzip, brotli;
};

/* The table that `tern image --site` compiles into an appliance, sorted. */
extern const struct tern_http_asset tern_http_site[];
extern const size_t tern_http_site_len;    /* how many */

/* The fields that `tern image --headers` compiles in; the default without. */
extern const struct tern_http_policy tern_http_site_policy;

/*
 * A table of assets made of an archive (archive.h) at the start, where there is a
 * place for it. The first four members are the caller's.
 */
struct tern_http_archive {
    struct tern_http_asset *assets;    /* placed: the table */
    size_t cap;                        /* its elements: one a file */
    char *text;                        /* placed: paths, tags and dates */
    size_t text_cap;                   /* octets: 60 a file and those of its name */
    size_t n;                          /* assets in the table, sorted */
    size_t text_len;
    size_t n_hidden;                   /* files left out for their names */
    size_t off;                        /* after an error: where in the archive */
    const char *why;                   /* ... and what is wrong, for people; constant */
    const char *name;                  /* ... the file that it is about, or NULL */
};

/*
 * Makes assets of the files of an archive of len octets, which is placed: the
 * table points into it. What `tern image --site` does at a build is done here:
 * the media type is the name's, the tag is made of the file's SHA-256 (the same
 * tag for the same octets), the date is the file's; names that begin with a dot are
 * left out, but for .well-known (RFC 8615). A file NAME.gz or NAME.br beside NAME,
 * and smaller, is a form of it too.
 *
 *   root    if all files lie in a directory of this name, that is where paths
 *           begin. NULL: at the archive's own beginning.
 *
 * O(len + n log n); no file is copied.
 *
 * TERN_FULL           more files than cap, or longer names than text_cap.
 * TERN_MALFORMED      no archive; one name twice; a name to which no path of a
 *                     request leads; no file at all.
 * TERN_TRUNCATED, TERN_UNSUPPORTED    as tern_archive_next says; an archive that
 *                     ends without its last entry, unless all of it lies in root.
 */
enum tern_err tern_http_archive_read(struct tern_http_archive *archive, const uint8_t *data,
                                     size_t len, const char *root);

/* The asset of a normal path (path_len octets), or NULL. O(log n). */
const struct tern_http_asset *tern_http_asset_find(const struct tern_http_asset *assets, size_t n,
                                                   const char *path, size_t path_len);

/*
 * Answers an exchange from a table; call it in `request`, nothing is left to
 * do. GET and HEAD; other methods get 405 with Allow, or 501 if nobody knows
 * them. A directory's path is answered with its index.html, and one that lacks
 * its last "/" with 301 to it, query and all. A path that is malformed gets
 * 400; one that is not there 404, with the table's "/404.html" if it has one.
 * Codings, conditions and ranges are tern_http_select's; several ranges get
 * the whole while TERN_HTTP_MULTIPARTS such answers are under way. The data is
 * borrowed: an asset of any size takes no memory to send.
 *
 *   policy    fields to go with it, placed; NULL: tern_http_policy_default.
 *             Its `every` goes with all that is answered here, but a 304, and
 *             a 503 for want of room for them.
 *
 * TERN_OK; TERN_INVALID: the exchange was answered before.
 */
enum tern_err tern_http_assets_serve_with(struct tern_http_exchange *x,
                                          const struct tern_http_asset *assets, size_t n,
                                          const struct tern_http_policy *policy);
static inline enum tern_err tern_http_assets_serve(struct tern_http_exchange *x,
                                                   const struct tern_http_asset *assets, size_t n)
{
    return tern_http_assets_serve_with(x, assets, n, NULL);
}

/* ---- Metrics ----------------------------------------------------------------- */

/* The server's counters as sets of metrics.h: a tern_metrics_fn whose user is the server. */
bool tern_http_server_metrics(void *server, size_t i, struct tern_metrics *set);

enum tern_http_metrics_form {
    TERN_HTTP_METRICS_TEXT,    /* Prometheus's text exposition format 0.0.4 */
    TERN_HTTP_METRICS_PAGE,    /* HTML for people: what is not zero */
};

/* A rendering under way. Members are not part of the interface. */
struct tern_http_metrics_page {
    struct tern_http_metrics_page *next;    /* in the pool */
    struct tern_http_metrics *metrics;
    const struct tern_metrics_source *sources;
    const char *area;
    struct tern_metric metric;
    size_t source, set;
    size_t at;                              /* octets of the item under way that are out */
    uint8_t form, stage;
    bool heads;
};

/* Starts a rendering of all that the sources have (placed; up to one without `get`). */
void tern_http_metrics_begin(struct tern_http_metrics_page *page,
                             const struct tern_metrics_source *sources,
                             enum tern_http_metrics_form form);

/*
 * Writes the next octets, at most cap; 0: it is over. Keeps no octets: a
 * rendering may be read in pieces of any size, over any time. A value is that
 * of the moment when its line begins.
 */
size_t tern_http_metrics_render(struct tern_http_metrics_page *page, uint8_t *to, size_t cap);

#define TERN_HTTP_METRICS_PAGES 8u

/* The pages /metrics and /status. Placed; members are not part of the interface. */
struct tern_http_metrics {
    const struct tern_metrics_source *sources;
    struct tern_http_metrics_page pages[TERN_HTTP_METRICS_PAGES], *free;
};

/* sources is placed. TERN_MISMATCH: compiled with another version of this header. */
enum tern_err tern_http_metrics_init_sized(struct tern_http_metrics *metrics, size_t metrics_len,
                                           const struct tern_metrics_source *sources);
static inline enum tern_err tern_http_metrics_init(struct tern_http_metrics *metrics,
                                                   const struct tern_metrics_source *sources)
{
    return tern_http_metrics_init_sized(metrics, sizeof *metrics, sources);
}

/*
 * Answers an exchange whose path is exactly "/metrics" or "/status", and says
 * whether it was one; call it in `request`. GET and HEAD; other methods get
 * 405. While TERN_HTTP_METRICS_PAGES are under way: 503. Nothing is left to do.
 */
bool tern_http_metrics_serve(struct tern_http_metrics *metrics, struct tern_http_exchange *x);

#define TERN_HTTP_METRICS_CONNS 4u

/*
 * A port of their own for these pages: a server with few connections, so that
 * who reads numbers does not wait for, nor takes from, those who read the site.
 * Members are not part of the interface.
 */
struct tern_http_metrics_port {
    struct tern_http_server server;
    struct tern_http_conn conns[TERN_HTTP_METRICS_CONNS];
    struct tern_http_head heads[2];
    struct tern_listener *listener;
};

/*
 * Listens on where, "ADDR:PORT", ":PORT" or "PORT" (every address), and answers
 * there: "/status", which "/" is too, and "/metrics". metrics and port are
 * placed. TERN_INVALID: where is none of them; otherwise as tern_listen_at and
 * tern_http_server_init.
 */
enum tern_err tern_http_metrics_listen_sized(struct tern_http_metrics *metrics,
                                             struct tern_http_metrics_port *port, size_t port_len,
                                             struct tern_host *host, const char *where);
static inline enum tern_err tern_http_metrics_listen(struct tern_http_metrics *metrics,
                                                     struct tern_http_metrics_port *port,
                                                     struct tern_host *host, const char *where)
{
    return tern_http_metrics_listen_sized(metrics, port, sizeof *port, host, where);
}

/* Drains the port's server, as tern_http_server_drain. Harmless if it never listened. */
void tern_http_metrics_drain(struct tern_http_metrics_port *port);

/* For other languages: the octets of what a caller places. */
size_t tern_http_server_size(void);
size_t tern_http_config_size(void);
size_t tern_http_conn_size(void);
size_t tern_http_head_size(void);
size_t tern_http_request_size(void);
size_t tern_http_chunked_size(void);
size_t tern_http_metrics_size(void);
size_t tern_http_metrics_port_size(void);

#ifdef __cplusplus
}
#endif

#endif
