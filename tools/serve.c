/* SPDX-License-Identifier: ISC */
/*
 * tern serve: a directory over HTTP/1.1. An appliance of its own, in a program
 * that has other commands too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "serve.h"
#include "tools.h"

enum { HEADS = 64 };

static const struct tern_option serve_options[] = {
    { .key = "dir", .value_name = "DIR", .help = "what to serve" },
    { .key = "listen", .value_name = "ADDR:PORT", .fallback = ":8080",
      .help = "where to serve" },
    { .key = "log", .value_name = "FILE|off", .fallback = "-",
      .help = "the access log; -: standard output" },
    { .key = "stats", .value_name = "[ADDR:]PORT",
      .help = "where /metrics and /status are (default: nowhere)" },
    { .key = "headers", .value_name = "FILE",
      .help = "header fields to send, a line each; 'Name:' removes a default" },
    { .key = "dot-files", .value_name = "on|off", .fallback = "off",
      .help = "serve names that begin with a dot; .well-known is served in any case" },
    { .key = NULL },
};

static const char *why_not(const char *format, const char *why)
{
    static char text[320];
    snprintf(text, sizeof text, format, why);
    return text;
}

/* Also of what only the start will open: what it would refuse has no budget. */
static const char *check(const char *key, const char *value)
{
    static struct headers headers;
    struct tern_endpoint_addr at;

    if (strcmp(key, "dir") == 0) {
        if (value == NULL)
            return "is missing: tern serve DIR";
        int fd = serve_open_root(value);
        if (fd < 0)
            return why_not("cannot be served: %s", strerror(errno));
        close(fd);
    } else if (strcmp(key, "listen") == 0) {
        if (tern_endpoint_addr_parse(value, strlen(value), &at) != TERN_OK)
            return "is not an address with a port, as 127.0.0.1:8080";
    } else if (strcmp(key, "log") == 0) {
        if (serve_log_check(value) != TERN_OK)
            return why_not("cannot be written: %s", strerror(errno));
    } else if (strcmp(key, "stats") == 0) {
        if (value != NULL && tern_endpoint_addr_parse(value, strlen(value), &at) != TERN_OK)
            return "is no port, and no address with a port, as 127.0.0.1:9090";
    } else if (strcmp(key, "headers") == 0) {
        if (!headers_read(&headers, value))
            return why_not("will not do: %s", headers.why);
    } else if (strcmp(key, "dot-files") == 0) {
        if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
            return "is not on or off";
    }
    return NULL;
}

static const char *const listens[] = { "listen", "stats", NULL };

static const struct tern_appliance serve_appliance = {
    .size = sizeof(struct tern_appliance), .name = "tern serve", .connections = 1024,
    .pools = TERN_POOLS(TERN_POOL("http.conn", struct tern_http_conn, .per_connection = 1),
                        TERN_POOL("http.head", struct tern_http_head, .fixed = HEADS),
                        TERN_POOL("http.metrics", struct tern_http_metrics_port, .fixed = 1),
                        TERN_POOL("serve", struct serve, .fixed = 1),
                        TERN_POOL("serve.send", struct serve_send, .per_connection = 1),
                        TERN_POOL("serve.file", struct serve_file, .fixed = SERVE_FILES),
                        TERN_POOL("serve.octets", struct serve_octets, .fixed = SERVE_FILES)),
    .options = serve_options, .check = check, .listens = listens,
};

/* ---- Requests --------------------------------------------------------------------- */

static void request_log(struct serve *serve, struct tern_http_exchange *x, uint16_t status,
                        uint64_t len)
{
    if (serve->log.fd >= 0)
        serve_log_add(&serve->log, x, tern_host_wall_ns(serve->host), status, len);
}

/* What libhttp refused before there was a request. */
static void refused(void *app, const struct tern_http_refusal *refusal)
{
    struct serve *serve = app;
    if (serve->log.fd >= 0)
        serve_log_refusal(&serve->log, refusal, tern_host_wall_ns(serve->host));
}

static void answer_text(struct serve *serve, struct tern_http_exchange *x, uint16_t status)
{
    const char *text = tern_http_status_text(status);
    size_t len = strlen(text);

    if (tern_http_respond_policy(x, status, NULL, text, len, &serve->headers.policy) ==
        TERN_FULL) {    /* only for a short head there always is room */
        status = 503;
        text = tern_http_status_text(status);
        len = strlen(text);
        (void)tern_http_respond_text(x, status, text, len);
    }
    request_log(serve, x, status, tern_http_method(x) == TERN_HTTP_HEAD ? 0 : len);
}

static void answer_405(struct serve *serve, struct tern_http_exchange *x)
{
    static const struct tern_http_field allow = TERN_HTTP_FIELD("allow", "GET, HEAD");
    request_log(serve, x, 405, 0);
    (void)tern_http_respond_policy(x, 405, &allow, NULL, 0, &serve->headers.policy);
}

/* What libhttp selects of the file, which is given back; status: 200, or its page's. */
static void answer_file(struct serve *serve, struct tern_http_exchange *x,
                        struct serve_file *file, uint16_t status)
{
    struct tern_http_representation representation = file->representation;
    struct tern_http_selection selection;
    const struct tern_http_body *body = &selection.body;
    bool is_head = tern_http_method(x) == TERN_HTTP_HEAD;
    uint64_t at = 0;

    representation.status = status;
    tern_http_select(x, &representation, &serve->headers.policy, &selection);
    enum tern_err err = tern_http_respond_selection(x, &selection);
    if (err == TERN_FULL)
        answer_text(serve, x, 503);
    else
        request_log(serve, x, selection.status, is_head ? 0 : body->len);
    if (err != TERN_OK || is_head || body->len == 0) {
        serve_files_give(&serve->files, file);
        return;
    }
    if (file->whole && body->ranges.n == 1)
        at = tern_stream_write(&x->stream, file->octets->octets + body->ranges.range[0].first,
                               (size_t)body->len);
    if (at == body->len)
        serve_files_give(&serve->files, file);
    else
        serve_send_start(serve, x, file, body, at);
}

/* With the root's 404.html, if there is one; that there is none is known for a second. */
static void answer_404(struct serve *serve, struct tern_http_exchange *x)
{
    static const char page[] = "/404.html";
    struct serve_file *file;
    uint64_t now_ns = serve->host->turn->now_ns;

    if (serve->no_page_ns == 0 || now_ns - serve->no_page_ns >= SERVE_CHECK_NS) {
        if (serve_files_open(&serve->files, page, sizeof page - 1, &file) == 200) {
            answer_file(serve, x, file, 404);
            return;
        }
        serve->no_page_ns = now_ns;
    }
    answer_text(serve, x, 404);
}

static void answer_301(struct serve *serve, struct tern_http_exchange *x, const char *path,
                       size_t len)
{
    if (tern_http_redirect_slash_with(x, path, len, &serve->headers.policy) == TERN_OK)
        request_log(serve, x, 301, 0);
    else
        answer_text(serve, x, 503);
}

static void request(void *app, struct tern_http_exchange *x)
{
    struct serve *serve = app;
    enum tern_http_method method = tern_http_method(x);
    struct tern_http_span raw = tern_http_path(x);
    struct serve_file *file;
    char path[8192];
    size_t len;

    if (method == TERN_HTTP_OTHER) {    /* RFC 9110 section 9.1: one that we do not know */
        answer_text(serve, x, 501);
        return;
    }
    if (method != TERN_HTTP_GET && method != TERN_HTTP_HEAD) {
        answer_405(serve, x);
        return;
    }
    if (raw.len > sizeof path ||
        tern_http_path_normalise(raw.data, raw.len, path, &len) != TERN_OK) {
        answer_text(serve, x, 400);
        return;
    }
    uint16_t status = serve_files_open(&serve->files, path, len, &file);
    if (status == 200)
        answer_file(serve, x, file, 200);
    else if (status == 301)
        answer_301(serve, x, path, len);
    else if (status == 404)
        answer_404(serve, x);
    else
        answer_text(serve, x, status);
}

/* ---- Start and end ------------------------------------------------------------------ */

static void say(struct tern_host *host, enum tern_log_level level, const char *a, const char *b,
                const char *c, const char *d)
{
    char line[400];
    int n = snprintf(line, sizeof line, "%s%s%s%s", a, b, c, d);
    if (n > 0)
        tern_host_log(host, level, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static uint64_t wall_ns(void *host)
{
    return tern_host_wall_ns(host);
}

static void on_event(void *app, enum tern_host_event event, const struct tern_addr *addr)
{
    struct serve *serve = app;
    (void)addr;
    if (event != TERN_HOST_DRAIN)
        return;
    tern_http_server_drain(&serve->server);
    if (serve->port != NULL)
        tern_http_metrics_drain(serve->port);
}

static enum tern_err root_open(struct serve *serve)
{
    const char *dir = tern_host_option(serve->host, "dir");
    const char *dots = tern_host_option(serve->host, "dot-files");
    struct serve_file *files;
    struct serve_octets *octets;
    size_t n_files, n_octets;
    uint8_t key[16];

    int fd = serve_open_root(dir);
    if (fd < 0) {
        say(serve->host, TERN_LOG_ERROR, "option dir: '", dir, "' cannot be served: ",
            strerror(errno));
        return TERN_INVALID;
    }
    files = tern_host_pool(serve->host, "serve.file", sizeof *files, &n_files);
    octets = tern_host_pool(serve->host, "serve.octets", sizeof *octets, &n_octets);
    if (files == NULL || octets == NULL)
        return TERN_BUG;
    enum tern_err err = tern_host_random(serve->host, key, sizeof key);
    if (err == TERN_OK)
        serve_files_init(&serve->files, serve->host, fd, files, octets, n_files, key,
                         strcmp(dots, "on") == 0);
    tern_unix_reads_files(serve->host, fd);
    return err;
}

static enum tern_err log_open(struct serve *serve)
{
    const char *where = tern_host_option(serve->host, "log");
    if (serve_log_open(&serve->log, serve->host->turn, where) == TERN_OK)
        return TERN_OK;
    say(serve->host, TERN_LOG_ERROR, "option log: '", where, "' cannot be written: ",
        strerror(errno));
    return TERN_INVALID;
}

static enum tern_err headers_load(struct serve *serve)
{
    if (headers_read(&serve->headers, tern_host_option(serve->host, "headers")))
        return TERN_OK;
    say(serve->host, TERN_LOG_ERROR, "option headers: ", serve->headers.why, "", "");
    return TERN_INVALID;
}

/* The cache of files and the access log count too. */
static bool own_metrics(void *app, size_t i, struct tern_metrics *set)
{
    static const char text[] = "serve\0"
        TERN_COUNTER("opens", "Paths that were opened, or tried")
        TERN_COUNTER("checks", "Files looked at again")
        TERN_COUNTER("hits", "Requests for a file that was open")
        TERN_COUNTER_BY("refused", "reason", "files_full", "Requests for one file too many")
        TERN_COUNTER("log_lines_lost", "Lines of the access log that nobody took");
    const struct serve *serve = app;
    const uint64_t now[] = { serve->files.n_opens, serve->files.n_checks, serve->files.n_hits,
                             serve->files.n_full, serve->log.n_lost };

    memcpy(set->own, now, sizeof now);
    set->text = text;
    set->values = set->own;
    set->labels[0].name = NULL;
    return i == 0;
}

static enum tern_err stats_start(struct serve *serve)
{
    const char *where = tern_host_option(serve->host, "stats");
    size_t n;

    if (where == NULL)
        return TERN_OK;
    serve->sources[0] = (struct tern_metrics_source){ tern_host_metrics, serve->host };
    serve->sources[1] = (struct tern_metrics_source){ tern_http_server_metrics, &serve->server };
    serve->sources[2] = (struct tern_metrics_source){ own_metrics, serve };
    serve->port = tern_host_pool(serve->host, "http.metrics", sizeof *serve->port, &n);
    if (serve->port == NULL)
        return TERN_BUG;
    enum tern_err err = tern_http_metrics_init(&serve->metrics, serve->sources);
    if (err == TERN_OK)
        err = tern_http_metrics_listen(&serve->metrics, serve->port, serve->host, where);
    if (err != TERN_OK) {
        say(serve->host, TERN_LOG_ERROR, "option stats: cannot listen on ", where,
            err == TERN_REFUSED       ? ": in use, or forbidden"
            : err == TERN_UNREACHABLE ? ": not an address of this host"
                                      : "", "");
        return err;
    }
    struct tern_endpoint_addr local;
    char text[TERN_ENDPOINT_TEXT_CAP];
    tern_listener_local(serve->port->listener, &local);
    (void)tern_endpoint_addr_format(&local, text);
    say(serve->host, TERN_LOG_INFO, "status and metrics on ", text, "", "");
    return TERN_OK;
}

static enum tern_err server_start(struct serve *serve)
{
    struct tern_http_config config = { .request = request, .app = serve, .wall_ns = wall_ns,
                                       .wall_user = serve->host, .refused = refused,
                                       .policy = &serve->headers.policy };
    size_t n_conns, n_heads, n_sends;
    struct tern_http_conn *conns =
        tern_host_pool(serve->host, "http.conn", sizeof *conns, &n_conns);
    struct tern_http_head *heads =
        tern_host_pool(serve->host, "http.head", sizeof *heads, &n_heads);
    struct serve_send *sends =
        tern_host_pool(serve->host, "serve.send", sizeof *sends, &n_sends);

    if (conns == NULL || heads == NULL || sends == NULL)
        return TERN_BUG;
    for (size_t i = n_sends; i-- > 0;) {
        sends[i].next = serve->free_sends;
        serve->free_sends = &sends[i];
    }
    /* Of the host's connections the numbers have a few for themselves. */
    if (serve->port != NULL && n_conns > 2 * TERN_HTTP_METRICS_CONNS)
        n_conns -= TERN_HTTP_METRICS_CONNS;
    return tern_http_server_init(&serve->server, serve->host->turn, &config, conns, n_conns,
                                 heads, n_heads);
}

static enum tern_err listen_start(struct serve *serve)
{
    const char *where = tern_host_option(serve->host, "listen");
    struct tern_listen listen = { .backlog = 0 };
    char text[TERN_ENDPOINT_TEXT_CAP];

    if (tern_endpoint_addr_parse(where, strlen(where), &listen.local) != TERN_OK)
        return TERN_INVALID;    /* which the check has named before */
    enum tern_err err = tern_listen_at(serve->host, &listen, tern_http_accept, &serve->server,
                                       &serve->listener);
    if (err != TERN_OK) {
        say(serve->host, TERN_LOG_ERROR, "option listen: cannot listen on ", where,
            err == TERN_REFUSED       ? ": in use, or forbidden"
            : err == TERN_UNREACHABLE ? ": not an address of this host"
                                      : "", "");
        return err;
    }
    tern_listener_local(serve->listener, &listen.local);
    (void)tern_endpoint_addr_format(&listen.local, text);
    say(serve->host, TERN_LOG_INFO, "serving ", tern_host_option(serve->host, "dir"), "", "");
    say(serve->host, TERN_LOG_INFO, "listening on ", text, "", "");
    return tern_http_server_listener(&serve->server, serve->listener);
}

static struct serve *running;

static int start(struct tern_host *host)
{
    size_t n;
    struct serve *serve = tern_host_pool(host, "serve", sizeof *serve, &n);

    if (serve == NULL)
        return TERN_BUG;
    serve->host = host;
    enum tern_err err = root_open(serve);
    if (err == TERN_OK)
        err = log_open(serve);
    if (err == TERN_OK)
        err = headers_load(serve);
    if (err == TERN_OK)
        err = stats_start(serve);
    if (err == TERN_OK)
        err = server_start(serve);
    if (err == TERN_OK)
        err = listen_start(serve);
    if (err != TERN_OK)
        return (int)err;
    tern_host_on_event(host, on_event, serve);
    running = serve;
    return TERN_OK;
}

int tern_tool_serve(int argc, char **argv)
{
    int status = tern_unix_main(&serve_appliance, start, "dir", argc, argv);
    if (running != NULL && running->log.fd >= 0)
        serve_log_flush(&running->log);
    return status;
}
