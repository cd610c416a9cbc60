/* SPDX-License-Identifier: ISC */
/*
 * The pages /metrics and /status as answers, beside a site or on a port of
 * their own.
 */
#include "http_internal.h"

#include <tern/host.h>

enum tern_err tern_http_metrics_init_sized(struct tern_http_metrics *metrics, size_t metrics_len,
                                           const struct tern_metrics_source *sources)
{
    if (metrics_len != sizeof *metrics)
        return TERN_MISMATCH;
    metrics->sources = sources;
    metrics->free = NULL;
    for (size_t i = TERN_HTTP_METRICS_PAGES; i-- > 0;) {
        metrics->pages[i].metrics = metrics;
        metrics->pages[i].next = metrics->free;
        metrics->free = &metrics->pages[i];
    }
    return TERN_OK;
}

/* ---- One answer --------------------------------------------------------------------- */

static void page_room(struct tern_stream *s)
{
    struct tern_http_metrics_page *page = s->user;
    uint8_t *to;
    size_t room;

    while ((to = tern_stream_reserve(s, 1, &room)) != NULL) {
        size_t n = tern_http_metrics_render(page, to, room);
        tern_stream_commit(s, n);
        if (n < room) {    /* all there is: full room always means that there may be more */
            tern_stream_close(s);
            return;
        }
    }
}

/* What a request brings along is not for us, nor does its end end the answer. */
static void page_ended(struct tern_stream *s)
{
    (void)s;
}

static void page_closed(struct tern_stream *s, enum tern_err why)
{
    struct tern_http_metrics_page *page = s->user;

    (void)why;
    page->next = page->metrics->free;
    page->metrics->free = page;
}

static const struct tern_stream_events page_events = {
    .ended = page_ended,
    .room = page_room,
    .closed = page_closed,
};

static void answer(struct tern_http_metrics *metrics, struct tern_http_exchange *x,
                   enum tern_http_metrics_form form)
{
    static const struct tern_http_field allow = TERN_HTTP_FIELD("Allow", "GET, HEAD");
    static const char busy[] = "Service Unavailable";
    static const struct tern_http_field fields[] = {
        TERN_HTTP_FIELD("Content-Type", "text/plain; version=0.0.4; charset=utf-8"),
        TERN_HTTP_FIELD("Cache-Control", "no-store"),
        TERN_HTTP_FIELD("X-Content-Type-Options", "nosniff"),
        TERN_HTTP_FIELD("Cache-Control", "no-store"),
        TERN_HTTP_FIELD("Content-Type", "text/html; charset=utf-8"),
        TERN_HTTP_FIELD("Content-Security-Policy",
                        "default-src 'none'; style-src 'unsafe-inline'"),
    };
    struct tern_http_metrics_page *page = metrics->free;
    enum tern_http_method method = tern_http_method(x);

    if (method != TERN_HTTP_GET && method != TERN_HTTP_HEAD) {
        (void)tern_http_respond_policy(x, 405, &allow, NULL, 0, NULL);
        return;
    }
    if (page == NULL) {
        (void)tern_http_respond_policy(x, 503, NULL, busy, sizeof busy - 1, NULL);
        return;
    }
    /* Of six fields the first three are the text's, the last three the page's. */
    if (tern_http_respond(x, 200, form == TERN_HTTP_METRICS_TEXT ? fields : fields + 3, 3,
                          TERN_HTTP_UNKNOWN) != TERN_OK ||
        method == TERN_HTTP_HEAD)
        return;
    metrics->free = page->next;
    tern_http_metrics_begin(page, metrics->sources, form);
    tern_stream_attach(&x->stream, &page_events, page);
    page_room(&x->stream);
}

static bool path_is(struct tern_http_span path, const char *wanted)
{
    return path.len == strlen(wanted) && memcmp(path.data, wanted, path.len) == 0;
}

bool tern_http_metrics_serve(struct tern_http_metrics *metrics, struct tern_http_exchange *x)
{
    struct tern_http_span path = tern_http_path(x);

    if (path_is(path, "/metrics"))
        answer(metrics, x, TERN_HTTP_METRICS_TEXT);
    else if (path_is(path, "/status"))
        answer(metrics, x, TERN_HTTP_METRICS_PAGE);
    else
        return false;
    return true;
}

/* ---- A port of their own --------------------------------------------------------------- */

static void port_request(void *app, struct tern_http_exchange *x)
{
    static const char lost[] = "/status and /metrics are here\n";

    if (path_is(tern_http_path(x), "/"))
        answer(app, x, TERN_HTTP_METRICS_PAGE);
    else if (!tern_http_metrics_serve(app, x))
        (void)tern_http_respond_policy(x, 404, NULL, lost, sizeof lost - 1, NULL);
}

static uint64_t port_wall_ns(void *host)
{
    return tern_host_wall_ns(host);
}

enum tern_err tern_http_metrics_listen_sized(struct tern_http_metrics *metrics,
                                             struct tern_http_metrics_port *port, size_t port_len,
                                             struct tern_host *host, const char *where)
{
    struct tern_http_config config = { .request = port_request, .app = metrics,
                                       .idle_ns = 15 * TERN_SECOND_NS, .wall_ns = port_wall_ns,
                                       .wall_user = host };
    struct tern_listen listen = { .backlog = 0 };

    if (port_len != sizeof *port)
        return TERN_MISMATCH;
    if (tern_endpoint_addr_parse(where, strlen(where), &listen.local) != TERN_OK)
        return TERN_INVALID;
    enum tern_err err = tern_http_server_init(&port->server, host->turn, &config, port->conns,
                                              TERN_HTTP_METRICS_CONNS, port->heads,
                                              sizeof port->heads / sizeof port->heads[0]);
    if (err == TERN_OK)
        err = tern_listen_at(host, &listen, tern_http_accept, &port->server, &port->listener);
    return err != TERN_OK ? err : tern_http_server_listener(&port->server, port->listener);
}

void tern_http_metrics_drain(struct tern_http_metrics_port *port)
{
    tern_http_server_drain(&port->server);
}
