/* SPDX-License-Identifier: ISC */
/* The script, the recording handlers, and the client's side of the trace. */
#include "http_trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A1K A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64

const char http_trace_script[] =
    "GET /hello HTTP/1.1\r\nHost: trace.example\r\nAccept: */*\r\n\r\n"
    "HEAD /hello HTTP/1.1\r\nHost: trace.example\r\n\r\n"
    "POST /count HTTP/1.1\r\nHost: trace.example\r\nContent-Length: 10\r\n\r\n0123456789"
    "POST /count HTTP/1.1\r\nHost: trace.example\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: dropped\r\n\r\n"
    "PUT /echo?q=1 HTTP/1.1\r\nHost: trace.example\r\nExpect: 100-continue\r\n"
    "Content-Length: 13\r\n\r\nechoed octets"
    "POST /hello HTTP/1.1\r\nHost: trace.example\r\nContent-Length: 7\r\n\r\nignored"
    "POST /echo HTTP/1.1\r\nHost: trace.example\r\nTransfer-Encoding: chunked\r\n\r\n"
    "400\r\n" A1K "\r\n3\r\nend\r\n0\r\n\r\n"
    "OPTIONS * HTTP/1.1\r\nHost: trace.example\r\n\r\n"
    "GET /bad HTTP/1.1\r\nHost : trace.example\r\n\r\n"
    "GET /never HTTP/1.1\r\nHost: trace.example\r\n\r\n";
const size_t http_trace_script_len = sizeof http_trace_script - 1;

const char http_trace_wanted[] =
    "GET /hello @trace.example Host=trace.example Accept=*/*\n"
    "HEAD /hello @trace.example Host=trace.example\n"
    "POST /count @trace.example Host=trace.example Content-Length=10\n"
    "opened\ndata 0123456789\nended\nclosed no error\n"
    "POST /count @trace.example Host=trace.example Transfer-Encoding=chunked\n"
    "opened\ndata hello world\nended\nclosed no error\n"
    "PUT /echo ?q=1 @trace.example Host=trace.example Expect=100-continue Content-Length=13\n"
    "opened\ndata echoed octets\nended\nclosed no error\n"
    "POST /hello @trace.example Host=trace.example Content-Length=7\n"
    "POST /echo @trace.example Host=trace.example Transfer-Encoding=chunked\n"
    "opened\ndata " A1K "end\nended\nclosed no error\n"
    "OPTIONS * @trace.example Host=trace.example\n"
    "-> 200 6 hello\n"
    "-> 200 0 \n"
    "-> 200 2 10\n"
    "-> 200 2 11\n"
    "-> 100 0 \n"
    "-> 200 13 echoed octets\n"
    "-> 200 6 hello\n"
    "-> 200 1027 " A1K "end\n"
    "-> 204 0 \n"
    "-> 400 39 400 Bad Request name_space at octet 23\n";

static void note(struct http_trace *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note(struct http_trace *t, const char *format, ...)
{
    va_list args;
    if (t->in_data) {
        t->in_data = false;
        note(t, "\n");
    }
    va_start(args, format);
    int n = vsnprintf(t->events + t->events_len, sizeof t->events - t->events_len, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof t->events - t->events_len)
        abort();
    t->events_len += (size_t)n;
}

static void trace_opened(struct tern_stream *s)
{
    note(s->user, "opened\n");
}

static size_t trace_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    struct http_trace *t = s->user;
    if (!t->in_data)
        note(t, "data ");
    t->in_data = false;
    note(t, "%.*s", (int)len, (const char *)data);
    t->in_data = true;
    t->body_len += len;
    return len;
}

static void trace_closed(struct tern_stream *s, enum tern_err why)
{
    note(s->user, "closed %s\n", tern_err_text(why));
}

static void count_ended(struct tern_stream *s)
{
    struct http_trace *t = s->user;
    char text[24];
    note(t, "ended\n");
    int n = snprintf(text, sizeof text, "%llu", (unsigned long long)t->body_len);
    if (tern_http_respond_text(t->exchange, 200, text, (size_t)n) != TERN_OK)
        note(t, "could not answer\n");
}

static const struct tern_stream_events count_events = {
    .opened = trace_opened,
    .data = trace_data,
    .ended = count_ended,
    .closed = trace_closed,
};

/* Takes what can be sent back at once; the rest is offered again. */
static size_t echo_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    size_t n = tern_stream_write(s, data, len);
    return n == 0 ? 0 : trace_data(s, data, n);
}

static void echo_ended(struct tern_stream *s)
{
    note(s->user, "ended\n");
    tern_stream_close(s);
}

static const struct tern_stream_events echo_events = {
    .opened = trace_opened,
    .data = echo_data,
    .ended = echo_ended,
    .closed = trace_closed,
};

static bool path_is(struct tern_http_exchange *x, const char *path)
{
    struct tern_http_span span = tern_http_path(x);
    return span.len == strlen(path) && memcmp(span.data, path, span.len) == 0;
}

static void request(void *app, struct tern_http_exchange *x)
{
    struct http_trace *t = app;
    struct tern_http_span method = tern_http_method_text(x), path = tern_http_path(x);
    struct tern_http_span query = tern_http_query(x), authority = tern_http_authority(x);
    note(t, "%.*s %.*s", (int)method.len, method.data, (int)path.len, path.data);
    if (query.data != NULL)
        note(t, " ?%.*s", (int)query.len, query.data);
    note(t, " @%.*s", (int)authority.len, authority.data);
    for (size_t i = 0; i < tern_http_n_fields(x); i++) {
        struct tern_http_field f = tern_http_field(x, i);
        note(t, " %.*s=%.*s", (int)f.name.len, f.name.data, (int)f.value.len, f.value.data);
    }
    note(t, "\n");
    t->exchange = x;
    t->body_len = 0;
    enum tern_err err = TERN_OK;
    if (path_is(x, "/hello")) {
        err = tern_http_respond_text(x, 200, "hello\n", 6);
    } else if (path_is(x, "/count")) {
        tern_stream_attach(&x->stream, &count_events, t);
    } else if (path_is(x, "/echo")) {
        tern_stream_attach(&x->stream, &echo_events, t);
        err = tern_http_respond(x, 200, NULL, 0, TERN_HTTP_UNKNOWN);
    } else {
        err = tern_http_respond(x, 204, NULL, 0, 0);
    }
    if (err != TERN_OK)
        note(t, "could not answer\n");
}

void http_trace_init(struct http_trace *t, struct tern_turn *turn)
{
    memset(t, 0, sizeof *t);
    struct tern_http_config config = { .request = request, .app = t };
    if (tern_http_server_init(&t->server, turn, &config, t->conns, 2, t->heads, 2) != TERN_OK)
        abort();
}

void http_trace_answer(struct http_trace *t, const uint8_t *octets, size_t len)
{
    if (len > sizeof t->answers - t->answers_len)
        len = sizeof t->answers - t->answers_len;
    memcpy(t->answers + t->answers_len, octets, len);
    t->answers_len += len;
}

/* ---- The client's side: answers as a client that knows the questions reads them ---- */

static const char *head_find(const char *head, const char *head_end, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = head; p + len < head_end; p++)
        if (memcmp(p, name, len) == 0)
            return p + len;
    return NULL;
}

/* The chunks at p, joined into out; returns what follows them, NULL if they are broken. */
static const char *chunks_join(const char *p, const char *end, char *out, size_t *out_len)
{
    for (*out_len = 0;;) {
        char *digits_end;
        unsigned long n = strtoul(p, &digits_end, 16);
        p = digits_end + 2;
        if (n > (size_t)(end - p) || n > 4096 - *out_len)
            return NULL;
        memcpy(out + *out_len, p, n);
        *out_len += n;
        p += n + 2;
        if (n == 0)
            return p;
    }
}

const char *http_trace_text(struct http_trace *t)
{
    const char *p = (const char *)t->answers, *end = p + t->answers_len;
    size_t n_answers = 0;
    char body[4096];
    while (p < end) {
        const char *head = p, *head_end = head_find(p, end, "\r\n\r\n");
        if (head_end == NULL || end - head < 12) {
            note(t, "-> broken\n");
            break;
        }
        const char *length = head_find(head, head_end, "Content-Length: ");
        const char *chunked = head_find(head, head_end, "Transfer-Encoding: chunked");
        size_t len = length != NULL && n_answers != 1 ? strtoul(length, NULL, 10) : 0;
        p = head_end;
        if (chunked != NULL) {
            p = chunks_join(p, end, body, &len);
        } else if (len <= (size_t)(end - p) && len <= sizeof body) {
            memcpy(body, p, len);
            p += len;
        } else {
            p = NULL;
        }
        if (p == NULL) {
            note(t, "-> broken\n");
            break;
        }
        size_t shown = len;
        while (shown > 0 && body[shown - 1] == '\n')
            shown--;
        for (size_t i = 0; i < shown; i++)
            if (body[i] == '\n')
                body[i] = ' ';
        note(t, "-> %.3s %zu %.*s\n", head + 9, len, (int)shown, body);
        n_answers++;
    }
    if (t->server.n_free_conns != 2 || t->server.n_free_heads != 2)
        note(t, "pools are not full again\n");
    memcpy(t->text, t->events, t->events_len);
    t->text[t->events_len] = '\0';
    return t->text;
}
