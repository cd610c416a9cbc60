/* SPDX-License-Identifier: ISC */
/*
 * Files compiled into the program, answered from constant memory. What of them
 * is sent tern_http_select says. The data is borrowed: sending a file of any
 * size takes no memory; one in several parts, a slot of the server's.
 */
#include "http_internal.h"

enum {
    PATH_MAX_LEN = 1024,    /* a path that is longer names no asset */
    COPY_MAX = 1024,        /* data up to this is copied behind the answer's head */
};

static int path_compare(const char *path, size_t len, const char *other)
{
    size_t other_len = strlen(other), n = len < other_len ? len : other_len;
    int order = memcmp(path, other, n);
    if (order != 0)
        return order;
    return len < other_len ? -1 : len > other_len;
}

const struct tern_http_asset *tern_http_asset_find(const struct tern_http_asset *assets, size_t n,
                                                   const char *path, size_t path_len)
{
    size_t low = 0;
    while (n > low) {    /* assets[low..n) may have it */
        size_t mid = low + (n - low) / 2;
        int order = path_compare(path, path_len, assets[mid].path);
        if (order == 0)
            return &assets[mid];
        if (order < 0)
            n = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

/* ---- Bodies ------------------------------------------------------------------ */

/* Queues a run of constant octets; how many of them found room. */
static size_t run_send(struct tern_stream *s, const uint8_t *data, size_t len)
{
    size_t done = 0;
    if (len <= COPY_MAX)
        done = tern_stream_write(s, data, len);
    if (done < len)
        done += tern_stream_borrow(s, data + done, len - done);
    return done;
}

/*
 * What is missing of a run that ends where user points; what has no room waits
 * for it. (The answer's length tells how much there is before that end.)
 */
static void run_room(struct tern_stream *s)
{
    const uint8_t *end = s->user;
    size_t left = (size_t)conn_of_stream(s)->answer_left;
    if (left > 0)
        (void)tern_stream_borrow(s, end - left, left);
}

static void body_ended(struct tern_stream *s)
{
    (void)s;    /* the answer's length says where it ends */
}

static const struct tern_stream_events run_events = {
    .ended = body_ended,
    .room = run_room,
};

/* As many pieces of a body in several parts as there is room for. */
static void parts_room(struct tern_stream *s)
{
    const struct tern_http_multipart *m = s->user;
    const struct tern_http_conn *conn = conn_of_stream(s);
    struct tern_http_piece piece;
    while (conn->answer_left > 0) {
        tern_http_body_piece(&m->body, m->body.len - conn->answer_left, &piece);
        size_t len = (size_t)piece.len, done;
        if (piece.is_text)
            done = tern_stream_write(s, (const uint8_t *)piece.text + piece.off, len);
        else
            done = run_send(s, m->data + piece.off, len);
        if (done < len)
            return;
    }
}

static void parts_closed(struct tern_stream *s, enum tern_err why)
{
    (void)why;
    tern_http_multipart_give(conn_of_stream(s)->server, s->user);
}

static const struct tern_stream_events parts_events = {
    .ended = body_ended,
    .room = parts_room,
    .closed = parts_closed,
};

static void body_send(struct tern_stream *s, const uint8_t *data,
                      const struct tern_http_body *body)
{
    size_t len = (size_t)body->len;
    data += body->ranges.range[0].first;
    if (run_send(s, data, len) < len)    /* user is never written through */
        tern_stream_attach(s, &run_events, (void *)(uintptr_t)(data + len));
}

/* ---- Assets ------------------------------------------------------------------- */

static struct tern_http_variant coded_variant(const struct tern_http_coded *coded)
{
    if (coded->data == NULL)
        return (struct tern_http_variant){ NULL, TERN_HTTP_UNKNOWN };
    return (struct tern_http_variant){ coded->etag, coded->len };
}

static const uint8_t *asset_data(const struct tern_http_asset *asset, enum tern_http_coding coding)
{
    switch (coding) {
    case TERN_HTTP_GZIP: return asset->gzip.data;
    case TERN_HTTP_BROTLI: return asset->brotli.data;
    default: return asset->data;
    }
}

static enum tern_err asset_answer(struct tern_http_exchange *x,
                                  const struct tern_http_asset *asset, uint16_t status,
                                  const struct tern_http_policy *policy)
{
    struct tern_http_representation rep = {
        .content_type = asset->content_type,
        .last_modified = asset->last_modified,
        .variants = { [TERN_HTTP_IDENTITY] = { asset->etag, asset->len },
                   [TERN_HTTP_GZIP] = coded_variant(&asset->gzip),
                   [TERN_HTTP_BROTLI] = coded_variant(&asset->brotli) },
        .status = status,
    };
    struct tern_http_selection selection;
    struct tern_http_multipart *m = NULL;
    tern_http_select(x, &rep, policy, &selection);
    if (selection.body.len > 0 && selection.body.ranges.n > 1) {
        m = tern_http_multipart_take(conn_of(x)->server);
        if (m == NULL)
            tern_http_select_whole(&rep, policy, &selection);
    }
    enum tern_err err = tern_http_respond_selection(x, &selection);
    const uint8_t *data = asset_data(asset, selection.coding);
    if (m != NULL && err != TERN_OK) {
        tern_http_multipart_give(conn_of(x)->server, m);
    } else if (m != NULL) {
        m->data = data;
        m->body = selection.body;
        tern_stream_attach(&x->stream, &parts_events, m);
        parts_room(&x->stream);
    } else if (err == TERN_OK && selection.body.len > 0 &&
               tern_http_method(x) != TERN_HTTP_HEAD) {
        body_send(&x->stream, data, &selection.body);
    }
    return err;
}

/* What is not there: with the site's own page, if it has one. */
static enum tern_err not_found(struct tern_http_exchange *x, const struct tern_http_asset *assets,
                               size_t n, const struct tern_http_policy *policy)
{
    const struct tern_http_asset *page = tern_http_asset_find(assets, n, "/404.html", 9);
    if (page != NULL)
        return asset_answer(x, page, 404, policy);
    return tern_http_respond_policy(x, 404, NULL, "404 Not Found\n", 14, policy);
}

static enum tern_err serve(struct tern_http_exchange *x, const struct tern_http_asset *assets,
                           size_t n, const struct tern_http_policy *policy)
{
    static const char index[] = "index.html";
    enum tern_http_method method = tern_http_method(x);
    struct tern_http_span raw = tern_http_path(x);
    char path[PATH_MAX_LEN + 1 + sizeof index];
    size_t len;
    if (method == TERN_HTTP_OTHER)    /* RFC 9110 section 9.1: one that we do not know */
        return tern_http_respond_policy(x, 501, NULL, "501 Not Implemented\n", 20, policy);
    if (method != TERN_HTTP_GET && method != TERN_HTTP_HEAD) {
        static const struct tern_http_field allow = TERN_HTTP_FIELD("Allow", "GET, HEAD");
        return tern_http_respond_policy(x, 405, &allow, NULL, 0, policy);
    }
    if (raw.len > PATH_MAX_LEN)
        return not_found(x, assets, n, policy);
    if (tern_http_path_normalise(raw.data, raw.len, path, &len) != TERN_OK)
        return tern_http_respond_policy(x, 400, NULL, "400 Bad Request\npath is malformed\n", 34,
                                        policy);
    bool directory = path[len - 1] == '/';
    if (directory) {
        memcpy(path + len, index, sizeof index - 1);
        len += sizeof index - 1;
    }
    const struct tern_http_asset *asset = tern_http_asset_find(assets, n, path, len);
    if (asset != NULL)
        return asset_answer(x, asset, 200, policy);
    if (!directory) {
        path[len] = '/';
        memcpy(path + len + 1, index, sizeof index - 1);
        if (tern_http_asset_find(assets, n, path, len + sizeof index) != NULL)
            return tern_http_redirect_slash_with(x, path, len, policy);
    }
    return not_found(x, assets, n, policy);
}

enum tern_err tern_http_assets_serve_with(struct tern_http_exchange *x,
                                          const struct tern_http_asset *assets, size_t n,
                                          const struct tern_http_policy *policy)
{
    enum tern_err err = serve(x, assets, n, policy);
    /* Only an unusually long head finds no room in `request`; a short one does. */
    if (err == TERN_FULL)
        err = tern_http_respond_text(x, 503, "503 Service Unavailable\n", 24);
    return err;
}
