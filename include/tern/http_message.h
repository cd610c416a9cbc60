/* SPDX-License-Identifier: ISC */
/*
 * HTTP/1.1 messages: the words of the protocol, request heads, framing, chunked
 * bodies, targets, paths and dates. Pure functions, which the server (http.h) is
 * made of and which are useful alone.
 *
 * Standards: RFC 9110 (semantics), RFC 9112 (HTTP/1.1), RFC 3986 (targets).
 */
#ifndef TERN_HTTP_MESSAGE_H
#define TERN_HTTP_MESSAGE_H

#include <tern/base.h>

#ifdef __cplusplus
extern "C" {
#endif

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

/* The word under which it is counted, "name_space"; "none" of what is no fault. Constant. */
const char *tern_http_fault_text(enum tern_http_fault fault);

/* The reason phrase of RFC 9110 for a status; "Unknown" for others. Constant. */
const char *tern_http_status_text(uint16_t status);

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

#ifdef __cplusplus
}
#endif

#endif
