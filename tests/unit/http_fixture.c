/* SPDX-License-Identifier: ISC */
/* A server on a feed under virtual time: see the header. */
#include "http_fixture.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fixture_note(struct http_fixture *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(f->log + f->log_len, sizeof f->log - f->log_len, format, args);
    va_end(args);
    ck_assert(n >= 0 && (size_t)n < sizeof f->log - f->log_len);
    f->log_len += (size_t)n;
    f->in_data = false;
}

/* Body octets in the log, adjacent ones joined. */
static void note_data(struct http_fixture *f, const uint8_t *data, size_t len)
{
    if (len > (sizeof f->log - f->log_len) / 2)
        return;    /* of what is long, the octets that come back are checked instead */
    if (!f->in_data)
        fixture_note(f, "data ");
    memcpy(f->log + f->log_len, data, len);
    f->log_len += len;
    f->in_data = true;
}

static void note_event(struct http_fixture *f, const char *event)
{
    fixture_note(f, "%s%s\n", f->in_data ? "\n" : "", event);
}

static void log_opened(struct tern_stream *s)
{
    note_event(s->user, "opened");
}

static void log_closed(struct tern_stream *s, enum tern_err why)
{
    struct http_fixture *f = s->user;
    fixture_note(f, "%sclosed %s\n", f->in_data ? "\n" : "", tern_err_text(why));
    f->exchange = NULL;
}

static size_t echo_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    size_t n = tern_stream_write(s, data, len);
    note_data(s->user, data, n);
    return n;
}

static const struct tern_stream_events echo_events = {
    .opened = log_opened,
    .data = echo_data,
    .closed = log_closed,
};

static size_t sink_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    struct http_fixture *f = s->user;
    f->body_len += len;
    note_data(f, data, len);
    memset(data, 'x', len);    /* what is taken may be overwritten */
    return len;
}

static void later_ended(struct tern_stream *s)
{
    note_event(s->user, "ended");
}

static void later_room(struct tern_stream *s)
{
    note_event(s->user, "room");
}

static const struct tern_stream_events later_events = {
    .opened = log_opened,
    .data = sink_data,
    .ended = later_ended,
    .room = later_room,
    .closed = log_closed,
};

static void sink_ended(struct tern_stream *s)
{
    struct http_fixture *f = s->user;
    char text[32];
    note_event(f, "ended");
    int n = snprintf(text, sizeof text, "%llu\n", (unsigned long long)f->body_len);
    ck_assert_int_eq(tern_http_respond_text(f->exchange, 200, text, (size_t)n), TERN_OK);
}

static const struct tern_stream_events sink_events = {
    .opened = log_opened,
    .data = sink_data,
    .ended = sink_ended,
    .closed = log_closed,
};

static size_t slow_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    const struct http_fixture *f = s->user;
    (void)data;
    return f->takes ? len : 0;
}

static const struct tern_stream_events slow_events = {
    .opened = log_opened,
    .data = slow_data,
    .ended = later_ended,
    .closed = log_closed,
};

static void request_note(struct http_fixture *f, struct tern_http_exchange *x)
{
    struct tern_http_span method = tern_http_method_text(x), path = tern_http_path(x);
    struct tern_http_span query = tern_http_query(x), authority = tern_http_authority(x);
    fixture_note(f, "%s%.*s %.*s", f->in_data ? "\n" : "", (int)method.len, method.data,
                 (int)path.len, path.data);
    if (query.data != NULL)
        fixture_note(f, " ?%.*s", (int)query.len, query.data);
    fixture_note(f, " @%.*s", (int)authority.len, authority.data);
    for (size_t i = 0; i < tern_http_n_fields(x); i++) {
        struct tern_http_field field = tern_http_field(x, i);
        fixture_note(f, " [%.*s=%.*s]", (int)field.name.len, field.name.data,
                     (int)field.value.len, field.value.data);
    }
    if (tern_http_body_len(x) == TERN_HTTP_UNKNOWN)
        fixture_note(f, " chunked\n");
    else
        fixture_note(f, " %llu\n", (unsigned long long)tern_http_body_len(x));
}

static bool path_begins(struct tern_http_exchange *x, const char *with)
{
    struct tern_http_span path = tern_http_path(x);
    return path.len >= strlen(with) && memcmp(path.data, with, strlen(with)) == 0;
}

static void request(void *app, struct tern_http_exchange *x)
{
    struct http_fixture *f = app;
    enum http_handler handler = f->handler;
    static const struct tern_http_field octets[] = {
        TERN_HTTP_FIELD("Content-Type", "application/octet-stream"),
    };
    request_note(f, x);
    if (path_begins(x, "/echo"))
        handler = HANDLER_ECHO;
    else if (path_begins(x, "/sink"))
        handler = HANDLER_SINK;
    f->exchange = x;
    switch (handler) {
    case HANDLER_HELLO:
        ck_assert_int_eq(tern_http_respond_text(x, 200, "hello\n", 6), TERN_OK);
        break;
    case HANDLER_ECHO:
        tern_stream_attach(&x->stream, &echo_events, f);
        ck_assert_int_eq(tern_http_respond(x, 200, octets, 1, TERN_HTTP_UNKNOWN), TERN_OK);
        break;
    case HANDLER_LATER:
        tern_stream_attach(&x->stream, &later_events, f);
        break;
    case HANDLER_SILENT:
        break;
    case HANDLER_SLOW:
        tern_stream_attach(&x->stream, &slow_events, f);
        break;
    case HANDLER_SINK:
        f->body_len = 0;
        tern_stream_attach(&x->stream, &sink_events, f);
        break;
    case HANDLER_ASSETS:
        ck_assert_int_eq(tern_http_assets_serve_with(x, f->assets, f->n_assets, f->policy),
                         TERN_OK);
        break;
    }
}

void fixture_init(struct http_fixture *f)
{
    memset(f, 0, sizeof *f);
    f->now_ns = 1000 * TERN_SECOND_NS;
    f->reads = true;
    f->config = (struct tern_http_config){ .request = request, .app = f };
    tern_turn_init(&f->turn, NULL, f->now_ns);
    ck_assert_int_eq(tern_block_pool_init(&f->pool, f->memory, sizeof f->memory, 2048), TERN_OK);
}

void fixture_open(struct http_fixture *f)
{
    ck_assert_int_eq(tern_http_server_init(&f->server, &f->turn, &f->config, f->conns,
                                           FIXTURE_CONNS, f->heads, FIXTURE_HEADS), TERN_OK);
    tern_feed_init(&f->feed, &f->turn, &f->pool, &f->feed_config);
    ck_assert_int_eq(tern_feed_accept(&f->feed, NULL, NULL, tern_http_accept, &f->server),
                     TERN_OK);
    fixture_run(f);
}

size_t fixture_read(struct http_fixture *f, size_t n)
{
    struct tern_feed_span span;
    size_t total = 0;
    while (total < n && tern_feed_output(&f->feed, &span)) {
        size_t len = span.len < n - total ? span.len : n - total;
        ck_assert_uint_lt(len, sizeof f->out - f->out_len);
        memcpy(f->out + f->out_len, span.data, len);
        f->out_len += len;
        tern_feed_sent(&f->feed, len);
        total += len;
    }
    return total;
}

void fixture_run(struct http_fixture *f)
{
    for (unsigned i = 0;; i++) {
        f->deadline_ns = tern_turn_run(&f->turn, f->now_ns);
        for (size_t k = 0; k < FIXTURE_CONNS; k++)
            ck_assert(f->conns[k].below == NULL || tern_http_conn_sane(&f->conns[k]));
        size_t n = f->reads ? fixture_read(f, SIZE_MAX) : 0;
        f->n_sends += n > 0;
        if (n == 0 && f->deadline_ns > f->now_ns)
            return;
        ck_assert_uint_lt(i, 10000);    /* or it would never rest */
    }
}

void fixture_wait(struct http_fixture *f, uint64_t ns)
{
    uint64_t until_ns = f->now_ns + ns;
    while (f->deadline_ns <= until_ns) {
        if (f->deadline_ns > f->now_ns)
            f->now_ns = f->deadline_ns;
        fixture_run(f);
    }
    f->now_ns = until_ns;
    fixture_run(f);
}

void fixture_input(struct http_fixture *f, const char *text, size_t len)
{
    while (len > 0) {
        size_t n = tern_feed_input(&f->feed, (const uint8_t *)text, len);
        fixture_run(f);
        ck_assert(n > 0);
        text += n;
        len -= n;
    }
}

size_t fixture_input_cut(struct http_fixture *f, const char *text, size_t len, size_t cut)
{
    size_t done = 0;
    while (done < len) {
        size_t n = len - done < cut ? len - done : cut;
        n = tern_feed_input(&f->feed, (const uint8_t *)text + done, n);
        if (n == 0)
            break;
        done += n;
        fixture_run(f);
    }
    return done;
}

bool fixture_end(struct http_fixture *f)
{
    f->reads = true;
    tern_feed_end(&f->feed);
    fixture_run(f);
    if (tern_feed_state(&f->feed) != TERN_FEED_CLOSED)
        tern_feed_error(&f->feed, TERN_RESET);
    fixture_run(f);
    return tern_feed_state(&f->feed) == TERN_FEED_CLOSED && f->pool.n_free == f->pool.n_blocks &&
           f->server.n_free_conns == FIXTURE_CONNS && f->server.n_free_heads == FIXTURE_HEADS;
}

void fixture_refusal(char *to, size_t cap, enum tern_http_fault fault, int off, bool head)
{
    char body[256], at[32] = "";
    unsigned status = tern_http_fault_status(fault);
    const char *reason = tern_http_status_text((uint16_t)status);
    if (off >= 0)
        snprintf(at, sizeof at, " at octet %d", off);
    snprintf(body, sizeof body, "%u %s\n%s%s\n", status, reason, tern_http_fault_text(fault), at);
    snprintf(to, cap,
             "HTTP/1.1 %u %s\r\nContent-Length: %zu\r\nConnection: close\r\n"
             "Content-Type: text/plain; charset=utf-8\r\n\r\n%s",
             status, reason, strlen(body), head ? "" : body);
}

const char *fixture_out(struct http_fixture *f)
{
    f->out[f->out_len] = '\0';
    return f->out;
}

const char *fixture_log(struct http_fixture *f)
{
    if (f->in_data)
        fixture_note(f, "\n");
    f->log[f->log_len] = '\0';
    return f->log;
}
