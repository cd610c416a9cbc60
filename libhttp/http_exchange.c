/* SPDX-License-Identifier: ISC */
/*
 * What a handler sees of its request, and the calls of the exchange's stream:
 * how octets of an answer's body go to the stream below.
 *
 * A chunk is queued with its size in front and without its last CR LF; that
 * comes with the next chunk, with the end, or when the visit is over. So a
 * write needs room only in front of its data, and never has to be undone.
 */
#include "http_internal.h"

enum {
    CHUNK_MAX = 0xffff,     /* four digits */
    CHUNK_HEAD = 8,         /* CR LF of the chunk before, four digits, CR LF */
};

static struct tern_http_span span_of(const struct tern_http_exchange *x, size_t off, size_t len)
{
    return (struct tern_http_span){ (const char *)x->head + off, len };
}

static const struct tern_http_span nothing = { NULL, 0 };

enum tern_http_method tern_http_method(const struct tern_http_exchange *x)
{
    return x->request != NULL ? (enum tern_http_method)x->request->method : TERN_HTTP_OTHER;
}

struct tern_http_span tern_http_method_text(const struct tern_http_exchange *x)
{
    return x->request != NULL ? span_of(x, x->request->method_off, x->request->method_len)
                              : nothing;
}

struct tern_http_span tern_http_scheme(const struct tern_http_exchange *x)
{
    struct tern_stream_info room;
    bool tls = tern_stream_info(conn_of(x)->below, &room)->tls;
    return (struct tern_http_span){ tls ? "https" : "http", tls ? 5 : 4 };
}

struct tern_http_span tern_http_authority(const struct tern_http_exchange *x)
{
    return x->request != NULL ? span_of(x, x->request->authority_off, x->request->authority_len)
                              : nothing;
}

struct tern_http_span tern_http_path(const struct tern_http_exchange *x)
{
    if (x->request == NULL)
        return nothing;
    if (x->request->path_len > 0)
        return span_of(x, x->request->path_off, x->request->path_len);
    bool all = x->request->method == TERN_HTTP_OPTIONS && x->request->query_off == 0;
    return (struct tern_http_span){ all ? "*" : "/", 1 };    /* an absolute target without one */
}

struct tern_http_span tern_http_query(const struct tern_http_exchange *x)
{
    if (x->request == NULL || x->request->query_off == 0)
        return nothing;
    return span_of(x, x->request->query_off, x->request->query_len);
}

unsigned tern_http_minor(const struct tern_http_exchange *x)
{
    return conn_is(conn_of(x), CONN_OLD) ? 0 : 1;
}

size_t tern_http_n_fields(const struct tern_http_exchange *x)
{
    return x->request != NULL ? x->request->n_fields : 0;
}

struct tern_http_field tern_http_field(const struct tern_http_exchange *x, size_t i)
{
    if (i >= tern_http_n_fields(x))
        return (struct tern_http_field){ nothing, nothing };
    const struct tern_http_line *line = &x->request->fields[i];
    return (struct tern_http_field){ span_of(x, line->name_off, line->name_len),
                                     span_of(x, line->value_off, line->value_len) };
}

bool tern_http_find(const struct tern_http_exchange *x, const char *name, size_t *i,
                    struct tern_http_span *value)
{
    size_t n = tern_http_n_fields(x), name_len = strlen(name);
    while (*i < n) {
        const struct tern_http_line *line = &x->request->fields[(*i)++];
        if (line->name_len == name_len &&
            text_is(x->head + line->name_off, name_len, name, name_len)) {
            *value = span_of(x, line->value_off, line->value_len);
            return true;
        }
    }
    return false;
}

uint64_t tern_http_body_len(const struct tern_http_exchange *x)
{
    return x->request != NULL ? x->request->body_len : 0;
}

/* ---- Octets of the answer ------------------------------------------------------- */

/* Sees to it that there is a visit in which what was just decided is done. */
static void poke(struct tern_http_conn *conn)
{
    if (!conn_is(conn, CONN_IN_VISIT))
        tern_stream_resume(conn->below);
}

/* May octets of a body be queued now? */
static bool is_open(const struct tern_http_conn *conn)
{
    return conn_is(conn, CONN_EXCHANGE) && conn_is(conn, CONN_RESPONDED) &&
           conn->state != CONN_OVER && !conn_is(conn, CONN_FINISHING | CONN_FINISHED);
}

/* Answers without a body swallow what a handler writes all the same. */
static bool is_swallowed(const struct tern_http_conn *conn)
{
    return conn_is(conn, CONN_EXCHANGE) && conn_is(conn, CONN_RESPONDED) &&
           conn->state != CONN_OVER &&
           (conn->framing == TERN_HTTP_FRAME_NONE || conn->framing == TERN_HTTP_FRAME_HEAD);
}

void tern_http_exchange_count(struct tern_http_conn *conn, size_t len)
{
    conn->written += len;
    if (conn->framing != TERN_HTTP_FRAME_LENGTH)
        return;
    conn->answer_left -= len;
    if (conn->answer_left == 0) {
        conn->flags |= CONN_FINISHED;
        poke(conn);
    }
}

/* Digits and CR LF of a chunk of n <= CHUNK_MAX octets, after the CR LF that is owed. */
static size_t chunk_head(struct tern_http_conn *conn, uint8_t *to, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = 0;
    if (conn_is(conn, CONN_CHUNK_OPEN)) {
        to[len++] = '\r';
        to[len++] = '\n';
    }
    for (int shift = 12; shift >= 0; shift -= 4)
        to[len++] = (uint8_t)digits[n >> shift & 15];
    to[len++] = '\r';
    to[len++] = '\n';
    return len;
}

static size_t chunk_head_len(const struct tern_http_conn *conn)
{
    return conn_is(conn, CONN_CHUNK_OPEN) ? CHUNK_HEAD : CHUNK_HEAD - 2;
}

/* One chunk of as much as one span takes; 0: no room. */
static size_t chunk_write(struct tern_http_conn *conn, const uint8_t *data, size_t len)
{
    size_t head_len = chunk_head_len(conn), room;
    uint8_t *to = tern_stream_reserve(conn->below, head_len + 1, &room);
    if (to == NULL)
        return 0;
    size_t n = len < room - head_len ? len : room - head_len;
    if (n > CHUNK_MAX)
        n = CHUNK_MAX;
    (void)chunk_head(conn, to, n);
    memcpy(to + head_len, data, n);
    tern_stream_commit(conn->below, head_len + n);
    conn->flags |= CONN_CHUNK_OPEN;
    conn->written += head_len + n;
    return n;
}

static void reservation_drop(struct tern_http_conn *conn)
{
    conn->reserved = 0;
    conn->n_spans = 0;
    conn->chunk_gap = 0;
}

static size_t exchange_write(struct tern_stream *s, const uint8_t *data, size_t len)
{
    struct tern_http_conn *conn = conn_of_stream(s);
    size_t done = 0;
    if (is_swallowed(conn))
        return len;
    if (!is_open(conn) || len == 0)
        return 0;
    reservation_drop(conn);
    if (conn->borrowed_len > 0) {
        conn->flags |= CONN_WANT_ROOM;
        return 0;
    }
    if (conn->framing == TERN_HTTP_FRAME_CHUNKED) {
        tern_stream_commit(conn->below, 0);
        for (size_t n = 1; done < len && n > 0; done += n)
            n = chunk_write(conn, data + done, len - done);
    } else {
        if (conn->framing == TERN_HTTP_FRAME_LENGTH && len > conn->answer_left)
            len = (size_t)conn->answer_left;
        done = tern_stream_write(conn->below, data, len);
        tern_http_exchange_count(conn, done);
    }
    if (done < len)
        conn->flags |= CONN_WANT_ROOM;
    return done;
}

/* The head of a chunk that will be borrowed: any length. */
static bool chunk_head_long(struct tern_http_conn *conn, size_t n)
{
    uint8_t text[2 * sizeof(size_t) + 4];
    size_t at = sizeof text, room;
    text[--at] = '\n';
    text[--at] = '\r';
    for (; n > 0; n >>= 4)
        text[--at] = (uint8_t)"0123456789abcdef"[n & 15];
    size_t open = conn_is(conn, CONN_CHUNK_OPEN) ? 2 : 0;
    uint8_t *to = tern_stream_reserve(conn->below, open + sizeof text - at, &room);
    if (to == NULL)
        return false;
    memcpy(to, "\r\n", open);
    memcpy(to + open, text + at, sizeof text - at);
    tern_stream_commit(conn->below, open + sizeof text - at);
    conn->written += open + sizeof text - at;
    conn->flags |= CONN_CHUNK_OPEN;
    return true;
}

static size_t exchange_borrow(struct tern_stream *s, const uint8_t *data, size_t len)
{
    struct tern_http_conn *conn = conn_of_stream(s);
    if (is_swallowed(conn))
        return len;
    if (!is_open(conn) || len == 0)
        return 0;
    reservation_drop(conn);
    if (conn->borrowed_len > 0) {
        conn->flags |= CONN_WANT_ROOM;
        return 0;
    }
    if (conn->framing == TERN_HTTP_FRAME_CHUNKED) {
        tern_stream_commit(conn->below, 0);
        if (!chunk_head_long(conn, len)) {
            conn->flags |= CONN_WANT_ROOM;
            return 0;
        }
        conn->borrowed = data;    /* its size is queued: we keep it until below takes it */
        conn->borrowed_len = len;
        tern_http_exchange_push(conn);
        return len;
    }
    if (conn->framing == TERN_HTTP_FRAME_LENGTH && len > conn->answer_left)
        return 0;
    size_t n = tern_stream_borrow(conn->below, data, len);
    if (n == 0)
        conn->flags |= CONN_WANT_ROOM;
    else
        tern_http_exchange_count(conn, n);
    return n;
}

/*
 * A chunk's size stands in front of its first span. Where that span leaves
 * less than `least` behind it, the handler gets the next one, and the commit
 * moves its octets up to fill the gap.
 */
static uint8_t *chunk_reserve(struct tern_http_conn *conn, size_t least, size_t *room)
{
    size_t head_len = chunk_head_len(conn), want = least + head_len;
    if (want > TERN_RESERVE_LEAST)
        want = TERN_RESERVE_LEAST;
    uint8_t *to = tern_stream_reserve(conn->below, want, room);
    if (to == NULL)
        return NULL;
    conn->chunk = to;
    *room -= head_len;
    if (*room >= least)
        return to + head_len;
    conn->chunk_gap = *room;
    conn->chunk_data = tern_stream_reserve(conn->below, least, room);
    conn->n_spans = TERN_RESERVE_SPANS - 1;    /* and no more of them */
    if (conn->chunk_data == NULL) {
        tern_stream_commit(conn->below, 0);
        reservation_drop(conn);
    }
    return conn->chunk_data;
}

static uint8_t *exchange_reserve(struct tern_stream *s, size_t least, size_t *room)
{
    struct tern_http_conn *conn = conn_of_stream(s);
    uint64_t most = CHUNK_MAX;
    uint8_t *to;
    if ((!is_open(conn) && !is_swallowed(conn)) || conn->n_spans == TERN_RESERVE_SPANS)
        return NULL;
    if (conn->borrowed_len > 0) {
        conn->flags |= CONN_WANT_ROOM;
        return NULL;
    }
    if (conn->framing == TERN_HTTP_FRAME_LENGTH)
        most = conn->answer_left;
    else if (conn->framing != TERN_HTTP_FRAME_CHUNKED)
        most = SIZE_MAX;
    if (most - conn->reserved < least)
        return NULL;
    if (conn->framing == TERN_HTTP_FRAME_CHUNKED && conn->n_spans == 0)
        to = chunk_reserve(conn, least, room);
    else
        to = tern_stream_reserve(conn->below, least, room);
    if (to == NULL) {
        conn->flags |= CONN_WANT_ROOM;
        return NULL;
    }
    if (*room > most - conn->reserved)
        *room = (size_t)(most - conn->reserved);
    conn->reserved += *room;
    conn->n_spans++;
    return to;
}

static void exchange_commit(struct tern_stream *s, size_t len)
{
    struct tern_http_conn *conn = conn_of_stream(s);
    size_t gap = conn->chunk_gap;
    if (len > conn->reserved)
        len = conn->reserved;
    reservation_drop(conn);
    if (len == 0 || !is_open(conn)) {
        tern_stream_commit(conn->below, 0);
        return;
    }
    if (conn->framing != TERN_HTTP_FRAME_CHUNKED) {
        tern_stream_commit(conn->below, len);
        tern_http_exchange_count(conn, len);
        return;
    }
    size_t head_len = chunk_head(conn, conn->chunk, len);
    if (gap > 0) {
        size_t up = len < gap ? len : gap;
        memcpy(conn->chunk + head_len, conn->chunk_data, up);
        memmove(conn->chunk_data, conn->chunk_data + up, len - up);
    }
    tern_stream_commit(conn->below, head_len + len);
    conn->written += head_len + len;
    conn->flags |= CONN_CHUNK_OPEN;
}

/* The CR LF after a chunk's data. */
void tern_http_exchange_seal(struct tern_http_conn *conn)
{
    size_t room;
    if (!conn_is(conn, CONN_CHUNK_OPEN) || conn->borrowed_len > 0 || conn->state == CONN_OVER)
        return;
    uint8_t *to = tern_stream_reserve(conn->below, 2, &room);
    if (to == NULL)
        return;    /* it comes with what is queued next */
    memcpy(to, "\r\n", 2);
    tern_stream_commit(conn->below, 2);
    conn->written += 2;
    conn->flags &= ~(uint32_t)CONN_CHUNK_OPEN;
}

void tern_http_exchange_push(struct tern_http_conn *conn)
{
    if (conn->state == CONN_OVER)
        return;
    if (conn->borrowed_len > 0) {
        size_t n = tern_stream_borrow(conn->below, conn->borrowed, conn->borrowed_len);
        if (n == 0)
            return;
        conn->written += n;
        conn->borrowed = NULL;
        conn->borrowed_len = 0;
    }
    if (!conn_is(conn, CONN_FINISHING))
        return;
    if (conn->framing == TERN_HTTP_FRAME_CHUNKED) {    /* RFC 9112 section 7.1: last-chunk */
        static const char end[] = "\r\n0\r\n\r\n";
        size_t skip = conn_is(conn, CONN_CHUNK_OPEN) ? 0 : 2, room;
        uint8_t *to = tern_stream_reserve(conn->below, 7 - skip, &room);
        if (to == NULL)
            return;
        memcpy(to, end + skip, 7 - skip);
        tern_stream_commit(conn->below, 7 - skip);
        conn->written += 7 - skip;
        conn->flags &= ~(uint32_t)CONN_CHUNK_OPEN;
    }
    conn->flags &= ~(uint32_t)CONN_FINISHING;
    conn->flags |= CONN_FINISHED;
}

static void exchange_finish(struct tern_stream *s)
{
    struct tern_http_conn *conn = conn_of_stream(s);
    if (!is_open(conn))
        return;
    reservation_drop(conn);
    if (conn->framing == TERN_HTTP_FRAME_LENGTH) {
        /* The client was promised more; only a broken connection tells it. */
        conn->server->stats.faults[TERN_HTTP_CUT]++;
        tern_stream_abort(s, TERN_ABORTED);
        return;
    }
    tern_stream_commit(conn->below, 0);
    conn->flags |= CONN_FINISHING;
    tern_http_exchange_push(conn);
    poke(conn);
}

static void exchange_resume(struct tern_stream *s)
{
    struct tern_http_conn *conn = conn_of_stream(s);
    if (!conn_is(conn, CONN_EXCHANGE) || conn->state == CONN_OVER)
        return;
    if (conn_is(conn, CONN_CONTINUE) && !conn_is(conn, CONN_RESPONDED))
        (void)tern_http_interim(&conn->exchange, 100, NULL, 0);
    tern_stream_resume(conn->below);
}

static void exchange_stream_close(struct tern_stream *s)
{
    struct tern_http_conn *conn = conn_of_stream(s);
    if (!conn_is(conn, CONN_EXCHANGE) || conn->state == CONN_OVER)
        return;
    conn->flags |= CONN_DISCARD;
    exchange_finish(s);
    /* The visit makes an end, and offers what the handler did not take. */
    if (conn->state != CONN_OVER && (!conn_is(conn, CONN_IN_VISIT) || conn_is(conn, CONN_UNTAKEN)))
        tern_stream_resume(conn->below);
}

TERN_COLD
static void exchange_abort(struct tern_stream *s, enum tern_err why)
{
    struct tern_http_conn *conn = conn_of_stream(s);
    if (!conn_is(conn, CONN_EXCHANGE) || conn->state == CONN_OVER)
        return;
    conn->state = CONN_OVER;    /* `closed` comes with that of the stream below */
    tern_stream_abort(conn->below, why);
}

TERN_COLD
static const struct tern_stream_info *exchange_info(const struct tern_stream *s,
                                                    struct tern_stream_info *info)
{
    const struct tern_http_conn *conn = conn_of_stream(s);
    struct tern_stream_info below;
    /* fine: the stream below fills it */
    *info = *tern_stream_info(conn->below, &below);
    info->provider = "http";
    size_t overhead = conn->framing == TERN_HTTP_FRAME_CHUNKED ? chunk_head_len(conn) : 0;
    info->room = info->room > overhead && is_open(conn) ? info->room - overhead : 0;
    info->reserve_max = info->reserve_max > overhead ? info->reserve_max - overhead : 0;
    if (conn->framing == TERN_HTTP_FRAME_LENGTH && info->room > conn->answer_left)
        info->room = (size_t)conn->answer_left;
    if (conn->framing == TERN_HTTP_FRAME_CHUNKED && info->reserve_max > CHUNK_MAX)
        info->reserve_max = CHUNK_MAX;
    info->unsent += conn->borrowed_len;
    return info;
}

const struct tern_stream_ops tern_http_exchange_ops = {
    .write = exchange_write,
    .borrow = exchange_borrow,
    .reserve = exchange_reserve,
    .commit = exchange_commit,
    .resume = exchange_resume,
    .finish = exchange_finish,
    .close = exchange_stream_close,
    .abort = exchange_abort,
    .info = exchange_info,
};
