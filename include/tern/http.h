/* SPDX-License-Identifier: ISC */
/*
 * HTTP/1.1 on streams: a server, the exchange that its handlers see, assets
 * compiled into the program, and the parts the server is made of, which are
 * pure functions and useful alone.
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

#include <tern/metrics.h>
#include <tern/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_host;
struct tern_listener;

/* ---- Words of the protocol ---------------------------------------------- */

/* A piece of a message; not terminated. data may be NULL where len is 0. */
struct tern_http_span {
    const char *data;
    size_t len;
};

/* A field line (RFC 9110 section 5): the value without the space around it. */
struct tern_http_field {
    struct tern_http_span name, value;
};

/* A field made of two string literals, as an initialiser. */
#define TERN_HTTP_FIELD(name_text, value_text) \
    { { (name_text), sizeof(name_text) - 1 }, { (value_text), sizeof(value_text) - 1 } }

enum tern_http_method {
    TERN_HTTP_OTHER,    /* any other token: tern_http_method_text has it */
    TERN_HTTP_GET,
    TERN_HTTP_HEAD,
    TERN_HTTP_POST,
    TERN_HTTP_PUT,
    TERN_HTTP_DELETE,
    TERN_HTTP_CONNECT,
    TERN_HTTP_OPTIONS,
    TERN_HTTP_TRACE,
    TERN_HTTP_PATCH,
};

/* As a body's length: not known (yet). */
#define TERN_HTTP_UNKNOWN UINT64_MAX

/*
 * Why a request was refused or a connection given up, one counter each. The
 * status that is answered and the text in the answer's body belong to it.
 */
enum tern_http_fault {
    TERN_HTTP_FAULT_NONE,
    /* the request line (RFC 9112 section 3) */
    TERN_HTTP_METHOD_EMPTY,
    TERN_HTTP_METHOD_CHAR,
    TERN_HTTP_METHOD_LONG,
    TERN_HTTP_METHOD_CONNECT,
    TERN_HTTP_TARGET_CHAR,
    TERN_HTTP_TARGET_LONG,
    TERN_HTTP_TARGET_FORM,
    TERN_HTTP_TARGET_HOST,
    TERN_HTTP_VERSION_MALFORMED,
    TERN_HTTP_VERSION_UNSUPPORTED,
    /* lines and fields (sections 2.2 and 5) */
    TERN_HTTP_LINE_BARE_LF,
    TERN_HTTP_LINE_BARE_CR,
    TERN_HTTP_LINE_SPACE_FIRST,
    TERN_HTTP_LINE_FOLDED,
    TERN_HTTP_NAME_EMPTY,
    TERN_HTTP_NAME_CHAR,
    TERN_HTTP_NAME_SPACE,
    TERN_HTTP_NAME_NO_COLON,
    TERN_HTTP_NAME_LONG,
    TERN_HTTP_VALUE_CHAR,
    TERN_HTTP_HEAD_LONG,
    TERN_HTTP_FIELDS_MANY,
    /* whom it is for (section 3.2) */
    TERN_HTTP_HOST_MISSING,
    TERN_HTTP_HOST_TWICE,
    TERN_HTTP_HOST_MALFORMED,
    /* framing (section 6) */
    TERN_HTTP_LENGTH_TWICE,
    TERN_HTTP_LENGTH_MALFORMED,
    TERN_HTTP_LENGTH_AND_CODING,
    TERN_HTTP_CODING_TWICE,
    TERN_HTTP_CODING_MALFORMED,
    TERN_HTTP_CODING_UNKNOWN,
    TERN_HTTP_CODING_VERSION,
    TERN_HTTP_EXPECT_UNKNOWN,
    TERN_HTTP_BODY_LONG,
    /* chunks (section 7.1) */
    TERN_HTTP_CHUNK_SIZE_MALFORMED,
    TERN_HTTP_CHUNK_SIZE_LONG,
    TERN_HTTP_CHUNK_EXT_MALFORMED,
    TERN_HTTP_CHUNK_EXT_LONG,
    TERN_HTTP_CHUNK_END_MISSING,
    TERN_HTTP_TRAILER_LONG,
    /* time, ends and pools */
    TERN_HTTP_TRUNCATED,         /* the peer ended inside a request */
    TERN_HTTP_HEAD_TIME,         /* the head took longer than head_ns */
    TERN_HTTP_BODY_TIME,         /* the body came slower than body_rate */
    TERN_HTTP_READ_TIME,         /* the peer reads slower than read_rate: aborted */
    TERN_HTTP_NO_HEAD,           /* an incomplete head, and no buffer for it (any more) */
    TERN_HTTP_UNANSWERED,        /* the handler neither answered nor attached */
    TERN_HTTP_CUT,               /* the handler ended an answer before its length: aborted */
    TERN_HTTP_N_FAULTS
};

/* The status answered for a fault: 400, 408, 413, 414, 417, 431, 500, 501, 503 or 505. */
uint16_t tern_http_fault_status(enum tern_http_fault fault);

/* A phrase for people, "field name has a space before the colon". Constant. */
const char *tern_http_fault_text(enum tern_http_fault fault);

/* The reason phrase of RFC 9110 for a status; "Unknown" for others. Constant. */
const char *tern_http_status_text(uint16_t status);

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

/* ---- Request heads (RFC 9112 sections 2 to 5) ------------------------------ */

#define TERN_HTTP_HEAD_CAP 8192u    /* octets of a head, at most */
#define TERN_HTTP_FIELDS_CAP 100u   /* fields of a head, at most */

/* Where a field line stands: offsets from the head's first octet. */
struct tern_http_line {
    uint16_t name_off, value_off, value_len;
    uint8_t name_len, name;    /* name: private, which of the names libhttp knows */
};

/*
 * A request head, parsed or on the way to it. Offsets count from the first
 * octet given, so the head may move between calls.
 */
struct tern_http_request {
    uint16_t head_max, target_max, fields_max;    /* limits */
    uint16_t off;                                 /* parsed up to here */
    uint16_t mark;                                /* where the token under way began */
    uint8_t state;                                /* the parser's */
    uint8_t fault;                                /* enum tern_http_fault, at off */
    uint8_t method, method_len, minor;            /* method: enum tern_http_method */
    uint8_t seen;                                 /* bits: which framing fields there are */
    uint16_t method_off, target_off, target_len;
    uint16_t head_len;                            /* the whole head with its empty line */
    uint16_t path_off, path_len, query_off, query_len, authority_off, authority_len;
    uint8_t form, framing_flags;                  /* of tern_http_target_parse, _framing */
    uint16_t n_fields;
    uint64_t body_len;                            /* set by the framing */
    struct tern_http_line fields[TERN_HTTP_FIELDS_CAP];
};

/*
 * Starts a request. Limits in octets of the head, octets of the target, and
 * fields; 0, or more than the caps above: the cap (for the target 8,000, which
 * RFC 9112 section 3 recommends). O(1): the fields are not touched.
 * TERN_MISMATCH: compiled with another version of this header.
 */
enum tern_err tern_http_request_init_sized(struct tern_http_request *r, size_t r_len,
                                           size_t head_max, size_t target_max, size_t fields_max);
static inline enum tern_err tern_http_request_init(struct tern_http_request *r, size_t head_max,
                                                   size_t target_max, size_t fields_max)
{
    return tern_http_request_init_sized(r, sizeof *r, head_max, target_max, fields_max);
}

/*
 * Parses a head, as far as it is there.
 *
 *   buf, len  the head from its first octet on: all that the calls before were
 *             given, at the same or another place, and what has come since.
 *             Read, not kept. More than the head is harmless.
 *
 * Every octet is looked at once, however the head is cut; the result does not
 * depend on the cuts. One empty line before the request is skipped (section
 * 2.2). Lines end in CR LF, nothing else.
 *
 * TERN_OK         complete: r->head_len octets, results in *r.
 * TERN_AGAIN      incomplete: call again with more.
 * TERN_MALFORMED  refused: r->fault says why, r->off at which octet.
 */
enum tern_err tern_http_request_parse(struct tern_http_request *r, const uint8_t *buf, size_t len);

/*
 * Decides what a complete head asks for and how its body is framed, in one
 * place: target form, Host, version, Content-Length, Transfer-Encoding,
 * Expect and Connection (RFC 9112 sections 3.2, 3.3, 6.3, 9.3; RFC 9110
 * sections 7.2 and 10.1.1), stricter than they ask where a proxy before us
 * could read it differently. Fills path, query, authority, body_len and flags.
 * TERN_MALFORMED: r->fault and r->off tell.
 */
enum tern_err tern_http_request_check(struct tern_http_request *r, const uint8_t *buf);

/* Flags of a checked request. */
enum {
    TERN_HTTP_CHUNKED = 1,       /* the body is chunked */
    TERN_HTTP_CLOSES = 2,        /* the connection ends with this exchange */
    TERN_HTTP_CONTINUE = 4,      /* the client waits for 100 (Continue) */
    TERN_HTTP_KEEPS = 8,         /* HTTP/1.0 with keep-alive: the answer must say so */
};

/*
 * How an answer is framed (RFC 9112 section 6.3): by what was asked, the
 * status, the length known to the handler, and the client's minor version.
 */
enum tern_http_framing {
    TERN_HTTP_FRAME_NONE,        /* no body, no length field: 1xx, 204, 304 */
    TERN_HTTP_FRAME_LENGTH,      /* Content-Length and a body */
    TERN_HTTP_FRAME_HEAD,        /* HEAD: the fields of the answer to GET, no body */
    TERN_HTTP_FRAME_CHUNKED,
    TERN_HTTP_FRAME_CLOSE,       /* up to the end of the connection */
};
enum tern_http_framing tern_http_framing_choose(enum tern_http_method method, uint16_t status,
                                                uint64_t body_len, unsigned minor);

/* ---- Chunked bodies (RFC 9112 section 7.1) --------------------------------- */

/* Zero-initialised it stands before the first chunk. */
struct tern_http_chunked {
    uint64_t left;             /* octets of this chunk that are still to come */
    uint32_t ext_len;          /* of all chunk extensions so far */
    uint32_t trailer_len;      /* of the trailer section so far */
    uint8_t state, n_digits, fault, name_len;
};

#define TERN_HTTP_CHUNK_EXT_MAX 4096u     /* octets of extensions, all chunks of a body */
#define TERN_HTTP_TRAILER_MAX 8192u       /* octets of a trailer section */

/*
 * Reads framing up to the next data.
 *
 *   in, in_len  what has come; read.
 *   used        receives how many octets of framing were consumed.
 *   data_len    receives how many octets of data stand at in + *used; 0 where
 *               there are none yet. Of those the caller takes what it likes by
 *               tern_http_chunked_take, and calls again with what follows.
 *
 * Extensions are checked and ignored; trailer fields are checked, bounded and
 * dropped, never merged. O(in_len).
 *
 * TERN_AGAIN      all was consumed or is data: more to come.
 * TERN_OK         the body is over; *used octets belonged to it.
 * TERN_MALFORMED  c->fault says why, at octet *used.
 */
enum tern_err tern_http_chunked_next(struct tern_http_chunked *c, const uint8_t *in, size_t in_len,
                                     size_t *used, size_t *data_len);

/* Takes len octets of data, at most the *data_len that were offered. */
static inline void tern_http_chunked_take(struct tern_http_chunked *c, size_t len)
{
    c->left -= len;
}

/* ---- Targets, paths, authorities, tags, dates: pure functions -------------- */

/* The four forms of a target (RFC 9112 section 3.2). */
enum tern_http_form {
    TERN_HTTP_ORIGIN,       /* "/path?query" */
    TERN_HTTP_ABSOLUTE,     /* "http://host/path?query" */
    TERN_HTTP_AUTHORITY,    /* "host:port", CONNECT only */
    TERN_HTTP_ASTERISK,     /* "*", OPTIONS only */
};

struct tern_http_target {
    enum tern_http_form form;
    struct tern_http_span scheme, authority, path, query;    /* point into the target */
};

/*
 * Takes a target apart, for a method. The path of an absolute target may be
 * empty, which means "/" ("*" for OPTIONS without a query). TERN_MALFORMED: it
 * has none of the four forms, or not one that the method allows, its scheme is
 * not http or https, or its authority has user information or is malformed.
 */
enum tern_err tern_http_target_parse(const char *target, size_t len, enum tern_http_method method,
                                     struct tern_http_target *out);

/*
 * Checks "host" or "host:port" (RFC 3986 section 3.2 without user information):
 * a name, an IPv4 address or an IPv6 address in brackets; a port of 1..65535.
 * *host_len receives the length of the host, *port the number, 0 if none is
 * given. Empty is allowed only where the scheme has no use for a host: the
 * caller decides. TERN_MALFORMED otherwise.
 */
enum tern_err tern_http_authority_parse(const char *text, size_t len, size_t *host_len,
                                        uint16_t *port);

/*
 * Makes a percent-encoded path one that can be looked up: decodes, joins
 * "//", resolves "." and ".." (RFC 3986 section 5.2.4; ".." at the root stays
 * there), once. out (room for len octets; may be path itself) receives a path
 * that begins with "/", has no empty, "." or ".." segment, and ends in "/" if
 * it names a directory. *out_len <= len.
 *
 * TERN_MALFORMED: it does not begin with "/"; "%" without two digits; an octet
 * below 0x20, 0x7f or NUL, encoded or not; "/" or "\" encoded, "\" plain; what
 * it decodes to is not UTF-8 in the shortest form (RFC 3629).
 */
enum tern_err tern_http_path_normalise(const char *path, size_t len, char *out, size_t *out_len);

/*
 * True if an If-None-Match value, "*" or a list, names the entity tag (given
 * with its quotes), by weak comparison (RFC 9110 sections 8.8.3.2 and 13.1.2).
 * A malformed list matches up to where it breaks.
 */
bool tern_http_etag_match(const char *list, size_t len, const char *etag, size_t etag_len);

/*
 * The same by strong comparison, for If-Match and If-Range (sections 13.1.1
 * and 13.1.5): neither tag is weak. "*" matches any etag, a weak one too.
 */
bool tern_http_etag_match_strong(const char *list, size_t len, const char *etag, size_t etag_len);

/* Writes "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7): 29 octets, no terminator. */
#define TERN_HTTP_DATE_LEN 29u
void tern_http_date_format(uint64_t unix_s, char out[TERN_HTTP_DATE_LEN]);

/*
 * Reads a date in any of the three forms of RFC 9110 section 5.6.7: the one
 * above, that of RFC 850, whose year has two digits, and that of asctime.
 *
 *   now_s    the time now, seconds since 1970: two digits of a year mean one
 *            that is at most 50 years ahead of it.
 *   unix_s   receives seconds since 1970; negative before.
 *
 * TERN_MALFORMED: none of them to the octet, no day of the calendar, or not
 * the day of the week that it was. A leap second is the second after it.
 */
enum tern_err tern_http_date_parse(const char *text, size_t len, uint64_t now_s, int64_t *unix_s);

/* The media type for a path's extension; application/octet-stream if unknown. Constant. */
const char *tern_http_content_type(const char *path, size_t len);

/* ---- Representations: codings, ranges, conditions -------------------------- */

/* The content codings an answer can have (RFC 9110 section 8.4.1). */
enum tern_http_coding {
    TERN_HTTP_IDENTITY,
    TERN_HTTP_GZIP,
    TERN_HTTP_BROTLI,
    TERN_HTTP_CODINGS
};

/* "identity", "gzip" or "br". Constant. */
const char *tern_http_coding_text(enum tern_http_coding coding);

/* What Accept-Encoding says (RFC 9110 section 12.5.3). Start with _init. */
struct tern_http_accept {
    int16_t q[TERN_HTTP_CODINGS], any;    /* weights in thousandths; -1: not named */
    bool present;
};

void tern_http_accept_init(struct tern_http_accept *accept);

/*
 * Reads one field's value; several fields are one list. "x-gzip" is gzip.
 * Codings that libhttp lacks and elements that are malformed say nothing.
 */
void tern_http_accept_parse(struct tern_http_accept *accept, const char *value, size_t len);

/*
 * Chooses among the codings of which bit 1 << coding is set in available
 * (identity always counts as set): the one with the greatest weight, of equal
 * ones brotli, then gzip. Without the field it is identity. False: none is
 * acceptable, since identity is refused ("identity;q=0", or "*;q=0").
 */
bool tern_http_accept_choose(const struct tern_http_accept *accept, unsigned available,
                             enum tern_http_coding *coding);

/* Octets first..last of a representation, both included (RFC 9110 section 14.1.2). */
struct tern_http_range {
    uint64_t first, last;
};

#define TERN_HTTP_RANGES_MAX 16u         /* parts of one answer, at most */
#define TERN_HTTP_RANGE_SPECS_MAX 64u    /* elements that are read, at most */

struct tern_http_ranges {
    size_t n;
    struct tern_http_range range[TERN_HTTP_RANGES_MAX];
};

/*
 * Reads a Range value, "bytes=0-99,-500", for a representation of complete_len
 * octets. What overlaps or follows one another becomes one range: no octet is
 * sent twice, and an answer is longer than the representation by the heads of
 * its parts at most, whatever is asked for (CVE-2011-3192). The order asked
 * for is kept otherwise. Work is bounded by len and the limits above.
 *
 * TERN_OK           ranges->n ranges; 0: none can be satisfied (416).
 * TERN_UNSUPPORTED  a unit other than bytes: to be ignored.
 * TERN_MALFORMED    invalid, "9-0" included: to be ignored.
 * TERN_FULL         more elements or parts than the limits: to be ignored.
 */
enum tern_err tern_http_range_parse(const char *value, size_t len, uint64_t complete_len,
                                    struct tern_http_ranges *ranges);

/* One coded form of a resource; each has a tag and a length of its own. */
struct tern_http_variant {
    const char *etag;    /* with its quotes; NULL: none, or no such form */
    uint64_t len;        /* octets; TERN_HTTP_UNKNOWN: there is no such form */
};

/*
 * What a resource is, apart from its octets. Whoever has them (a table, a
 * disk) fills it in, has tern_http_select decide, and sends what that says.
 */
struct tern_http_representation {
    const char *content_type;
    /*
     * TERN_HTTP_DATE_LEN octets. NULL: not known, or of a second in which it may
     * still become another: If-Range takes the date for a strong validator
     * (RFC 9110 section 8.8.2.2), but one of the server's own second.
     */
    const char *last_modified;
    struct tern_http_variant variants[TERN_HTTP_CODINGS];    /* identity there is always */
    uint16_t status;              /* 200; another: the page that goes with it, say 404 */
};

/*
 * Fields that go with every answer but 304, which has their Cache-Control alone
 * (RFC 9110 section 15.4.5); those that only documents (HTML, SVG, XML) obey go
 * with these, where they are whole. Each must be one that
 * tern_http_respond would take (tern_http_field_sane), at most
 * TERN_HTTP_POLICY_MAX in all. An own Cache-Control belongs into `every`.
 */
#define TERN_HTTP_POLICY_MAX 8u
struct tern_http_policy {
    const struct tern_http_field *every, *documents;
    size_t n_every, n_documents;
};

/* True: the field may be sent by a handler. */
bool tern_http_field_sane(const struct tern_http_field *field);

/*
 * What is sent unless one says otherwise: Cache-Control: no-cache (a cache asks
 * each time, and hears 304), X-Content-Type-Options: nosniff, and for
 * documents Referrer-Policy: same-origin and a Content-Security-Policy that
 * lets a page load from its own site, inline styles and data: images.
 */
extern const struct tern_http_policy tern_http_policy_default;

/* The body of an answer: one range, or several in multipart/byteranges. */
struct tern_http_body {
    uint64_t len;             /* octets of the body in all */
    uint64_t complete_len;    /* of the form chosen */
    const char *content_type, *etag;
    struct tern_http_ranges ranges;
};

/* What stands at some offset of a body: text, or octets off.. of the form. */
#define TERN_HTTP_PIECE_CAP 384u
struct tern_http_piece {
    bool is_text;
    uint64_t off, len;        /* text: from text + off */
    char text[TERN_HTTP_PIECE_CAP];
};

/* The piece at offset at < body->len, from there to its end. O(ranges). */
void tern_http_body_piece(const struct tern_http_body *body, uint64_t at,
                          struct tern_http_piece *piece);

/* What tern_http_select decided. Points into itself: it is not to be copied. */
#define TERN_HTTP_SELECTION_FIELDS (8u + TERN_HTTP_POLICY_MAX)
struct tern_http_selection {
    uint16_t status;                  /* 200, 206, 304, 406, 412, 416, or the page's */
    enum tern_http_coding coding;     /* whose octets are meant */
    struct tern_http_body body;       /* len 0: without one */
    size_t n_fields;
    struct tern_http_field fields[TERN_HTTP_SELECTION_FIELDS];
    char content_range[72];           /* "bytes 0-99/1000" */
    char multipart[104];              /* its content type */
};

/*
 * Decides how a GET or HEAD of a representation is answered: which coding
 * (Accept-Encoding), whether at all (If-Match, If-Unmodified-Since,
 * If-None-Match, If-Modified-Since, in the order of RFC 9110 section 13.2.2),
 * and how much of it (Range, If-Range). Call it in `request`, or after
 * tern_http_keep. A pure function of the request, the representation and the
 * policy (NULL: the default), which are read and must stay as long as *out is
 * used. Takes a few hundred instructions and no memory.
 *
 * Where a form other than identity is chosen several ranges get the whole:
 * Content-Encoding would speak of the multipart.
 */
void tern_http_select(const struct tern_http_exchange *x,
                      const struct tern_http_representation *representation,
                      const struct tern_http_policy *policy, struct tern_http_selection *out);

/*
 * tern_http_respond with what was selected; the body, if the method asks for
 * one, is the caller's to send: piece by piece up to out->body.len.
 */
enum tern_err tern_http_respond_selection(struct tern_http_exchange *x,
                                          const struct tern_http_selection *selection);

/*
 * An answer without a representation: what tern_http_respond does with one own
 * field (NULL: none) and the fields of policy->every (NULL: the default). text
 * (len octets, at most 256; 0: no body) is sent as text/plain. All read.
 */
enum tern_err tern_http_respond_policy(struct tern_http_exchange *x, uint16_t status,
                                       const struct tern_http_field *own, const char *text,
                                       size_t len, const struct tern_http_policy *policy);

/*
 * 301 to a directory: path (normal, without its last "/"), percent-encoded,
 * with "/" and the request's query after it. Path-absolute, and never the
 * name of a host (RFC 3986 section 4.2). 404 where that is longer than a head.
 * With the fields of policy->every (NULL: the default), read.
 */
enum tern_err tern_http_redirect_slash_with(struct tern_http_exchange *x, const char *path,
                                            size_t len, const struct tern_http_policy *policy);
static inline enum tern_err tern_http_redirect_slash(struct tern_http_exchange *x,
                                                     const char *path, size_t len)
{
    return tern_http_redirect_slash_with(x, path, len, NULL);
}

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
    struct tern_http_conn *next;          /* in the pool */
    struct tern_http_head *held;
    struct tern_timer timer;
    uint64_t due_ns;                      /* the deadline under way, TERN_NEVER: none */
    uint64_t mark_ns, mark_octets;        /* where the rate under way is measured from */
    uint64_t received, written, flushed;  /* octets of bodies in, of answers out, then */
    uint64_t body_left, discard_left;     /* of the request */
    struct tern_http_chunked chunked;
    uint64_t answer_left;                 /* of an answer of known length */
    const uint8_t *borrowed;              /* lent by the handler, not yet taken below */
    size_t borrowed_len;
    size_t reserved;                      /* octets lent by reserve */
    uint32_t flags, fault_off;
    uint16_t status;
    uint8_t *chunk, *chunk_data;          /* what is reserved for a chunk */
    size_t chunk_gap;
    uint8_t state, fault, framing, watch, n_spans;
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
    struct tern_http_stats stats;    /* to be read at any time */
    /* What follows is not part of the interface. */
    struct tern_turn *turn;
    struct tern_http_config config;
    struct tern_http_conn *conns, *free_conns;
    struct tern_http_head *free_heads;
    struct tern_http_head *waiting, **waiting_end;    /* incomplete heads, the oldest first */
    size_t n_conns, n_free_conns, n_heads, n_free_heads;
    struct tern_listener *listeners[TERN_HTTP_LISTENERS];
    size_t n_listeners;
    bool draining, paused;
    uint64_t date_s;                 /* second that date_text is for */
    char date_text[TERN_HTTP_DATE_LEN];
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
