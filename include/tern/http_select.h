/* SPDX-License-Identifier: ISC */
/*
 * What of a resource is sent: content codings, ranges, conditions, and the
 * fields that go along. Whoever has the octets (a table, a disk) describes them;
 * tern_http_select decides.
 *
 * Standards: RFC 9110 sections 8, 12, 13 and 14.
 */
#ifndef TERN_HTTP_SELECT_H
#define TERN_HTTP_SELECT_H

#include <tern/http_message.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_http_exchange;

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

#ifdef __cplusplus
}
#endif

#endif
