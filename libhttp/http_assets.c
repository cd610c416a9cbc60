/* SPDX-License-Identifier: ISC */
/*
 * Files compiled into the program, answered from constant memory (RFC 9110
 * sections 8.8, 9.3, 13.1.2 and 15.4.5). The data is borrowed: sending a file
 * of any size takes no memory.
 */
#include "http_internal.h"

enum {
    PATH_MAX_LEN = 1024,    /* a path that is longer names no asset */
    COPY_MAX = 1024,        /* data up to this is copied behind the answer's head */
    LOCATION_MAX = 3 * PATH_MAX_LEN,
    QUERY_MAX = 1024,       /* one that is longer is left out of a redirection */
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

/* Queues what is missing of the asset in user; what has no room waits for it. */
static void asset_send(struct tern_stream *s)
{
    const struct tern_http_conn *conn = conn_of_stream(s);
    const struct tern_http_asset *asset = s->user;
    size_t left = (size_t)conn->answer_left;
    if (left > 0)
        (void)tern_stream_borrow(s, asset->data + asset->len - left, left);
}

static void asset_ended(struct tern_stream *s)
{
    (void)s;    /* the answer's length says where it ends */
}

static const struct tern_stream_events asset_events = {
    .ended = asset_ended,
    .room = asset_send,
};

static bool is_current(struct tern_http_exchange *x, const struct tern_http_asset *asset)
{
    struct tern_http_span list;
    size_t i = 0;
    if (asset->etag == NULL)
        return false;
    while (tern_http_find(x, "if-none-match", &i, &list))
        if (tern_http_etag_match(list.data, list.len, asset->etag, strlen(asset->etag)))
            return true;
    return false;
}

static struct tern_http_field field(const char *name, const char *value, size_t value_len)
{
    return (struct tern_http_field){ { name, strlen(name) }, { value, value_len } };
}

static enum tern_err asset_answer(struct tern_http_exchange *x,
                                  const struct tern_http_asset *asset)
{
    struct tern_http_field fields[2];
    size_t n = 0;
    if (asset->etag != NULL)
        fields[n++] = field("ETag", asset->etag, strlen(asset->etag));
    if (is_current(x, asset))
        return tern_http_respond(x, 304, fields, n, 0);
    fields[n++] = field("Content-Type", asset->content_type, strlen(asset->content_type));
    enum tern_err err = tern_http_respond(x, 200, fields, n, asset->len);
    if (err != TERN_OK || tern_http_method(x) == TERN_HTTP_HEAD || asset->len == 0)
        return err;
    size_t done = 0;
    if (asset->len <= COPY_MAX)
        done = tern_stream_write(&x->stream, asset->data, asset->len);
    if (done < asset->len)
        done += tern_stream_borrow(&x->stream, asset->data + done, asset->len - done);
    if (done < asset->len)    /* user is never written through */
        tern_stream_attach(&x->stream, &asset_events, (void *)(uintptr_t)asset);
    return TERN_OK;
}

/*
 * 301 to path with "/" after it: percent-encoded anew, since path is decoded.
 * The query goes along as it came.
 */
static enum tern_err redirect(struct tern_http_exchange *x, const char *path, size_t len)
{
    static const char hex[] = "0123456789ABCDEF";
    struct tern_http_span query = tern_http_query(x);
    char location[LOCATION_MAX + 2 + QUERY_MAX];
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)path[i];
        if (char_is(c, CHAR_PATH)) {
            location[n++] = (char)c;
            continue;
        }
        location[n++] = '%';
        location[n++] = hex[c >> 4];
        location[n++] = hex[c & 15];
    }
    location[n++] = '/';
    if (query.data != NULL && query.len <= QUERY_MAX) {
        location[n++] = '?';
        memcpy(location + n, query.data, query.len);
        n += query.len;
    }
    struct tern_http_field to = field("Location", location, n);
    return tern_http_respond(x, 301, &to, 1, 0);
}

static enum tern_err serve(struct tern_http_exchange *x, const struct tern_http_asset *assets,
                           size_t n)
{
    static const char index[] = "index.html";
    enum tern_http_method method = tern_http_method(x);
    struct tern_http_span raw = tern_http_path(x);
    char path[PATH_MAX_LEN + 1 + sizeof index];
    size_t len;
    if (method == TERN_HTTP_OTHER)    /* RFC 9110 section 9.1: one that we do not know */
        return tern_http_respond_text(x, 501, "501 Not Implemented\n", 20);
    if (method != TERN_HTTP_GET && method != TERN_HTTP_HEAD) {
        static const struct tern_http_field allow[] = { TERN_HTTP_FIELD("Allow", "GET, HEAD") };
        return tern_http_respond(x, 405, allow, 1, 0);
    }
    if (raw.len > PATH_MAX_LEN)
        return tern_http_respond_text(x, 404, "404 Not Found\n", 14);
    if (tern_http_path_normalise(raw.data, raw.len, path, &len) != TERN_OK)
        return tern_http_respond_text(x, 400, "400 Bad Request\npath is malformed\n", 34);
    bool directory = path[len - 1] == '/';
    if (directory) {
        memcpy(path + len, index, sizeof index - 1);
        len += sizeof index - 1;
    }
    const struct tern_http_asset *asset = tern_http_asset_find(assets, n, path, len);
    if (asset != NULL)
        return asset_answer(x, asset);
    if (!directory) {
        path[len] = '/';
        memcpy(path + len + 1, index, sizeof index - 1);
        if (tern_http_asset_find(assets, n, path, len + sizeof index) != NULL)
            return redirect(x, path, len);
    }
    return tern_http_respond_text(x, 404, "404 Not Found\n", 14);
}

enum tern_err tern_http_assets_serve(struct tern_http_exchange *x,
                                     const struct tern_http_asset *assets, size_t n)
{
    enum tern_err err = serve(x, assets, n);
    /* Only an unusually long head finds no room in `request`; a short one does. */
    if (err == TERN_FULL)
        err = tern_http_respond_text(x, 503, "503 Service Unavailable\n", 24);
    return err;
}
