/* SPDX-License-Identifier: ISC */
/*
 * www: serves the site that was compiled in (tern image --site), or is given at
 * the start (--modules), over HTTP/1.1, and its own numbers. The same source is a
 * process and a sealed guest.
 */
#include <tern/host.h>
#include <tern/http.h>

#include <string.h>

#ifdef TERN_MODULES
#include "given.h"
#else
#define GIVEN_POOLS
#endif

enum { HEADS = 64 };

struct www {
    struct tern_http_server server;
    const struct tern_http_asset *assets;    /* what is served: n_assets */
    size_t n_assets;
    struct tern_http_metrics metrics;
    struct tern_metrics_source sources[3];
    struct tern_http_metrics_port *port;    /* of the numbers; NULL: none of their own */
    bool shows;                             /* the numbers stand beside the site */
};

static const struct tern_option www_options[] = {
    { .key = "listen", .value_name = "ADDR:PORT", .fallback = ":80",
      .help = "where to serve, any address by default" },
    { .key = "stats", .value_name = "site|off|[ADDR:]PORT", .fallback = "site",
      .help = "where /metrics and /status are" },
    { .key = NULL },
};

TERN_COLD
static bool equal(const char *a, const char *b)
{
    return strlen(a) == strlen(b) && memcmp(a, b, strlen(a)) == 0;
}

TERN_COLD
static const char *check(const char *key, const char *value)
{
    struct tern_endpoint_addr at;
    if (tern_endpoint_addr_parse(value, strlen(value), &at) == TERN_OK)
        return NULL;
    if (equal(key, "listen"))
        return "is not an address with a port, as 127.0.0.1:8080";
    return equal(value, "site") || equal(value, "off")
               ? NULL : "is not site, off, a port or an address with one, as 127.0.0.1:9090";
}

static const char *const listens[] = { "listen", "stats", NULL };

TERN_APPLIANCE(.name = "www", .connections = 1024,
    .pools = TERN_POOLS(TERN_POOL("http.conn", struct tern_http_conn, .per_connection = 1),
                        TERN_POOL("http.head", struct tern_http_head, .fixed = HEADS),
                        TERN_POOL("http.metrics", struct tern_http_metrics_port, .fixed = 1),
                        GIVEN_POOLS
                        TERN_POOL("www", struct www, .fixed = 1)),
    .options = www_options, .check = check, .listens = listens);

TERN_COLD
static void say(struct tern_host *host, enum tern_log_level level, const char *text)
{
    tern_host_log(host, level, text, strlen(text));
}

TERN_COLD
static size_t add(char *line, size_t cap, size_t len, const char *text)
{
    size_t n = strlen(text);
    if (n > cap - len)
        n = cap - len;
    memcpy(line + len, text, n);
    return len + n;
}

TERN_COLD
static void say_where(struct tern_host *host, enum tern_log_level level, const char *what,
                      const char *where, const char *why)
{
    char line[160];
    size_t len = add(line, sizeof line, 0, what);
    len = add(line, sizeof line, len, where);
    len = add(line, sizeof line, len, why);
    tern_host_log(host, level, line, len);
}

TERN_COLD
static enum tern_err cannot_listen(struct tern_host *host, const char *option, const char *where,
                                   enum tern_err err)
{
    say_where(host, TERN_LOG_ERROR, option, where,
              err == TERN_REFUSED       ? ": in use, or forbidden"
              : err == TERN_UNREACHABLE ? ": not an address of this host"
              : err == TERN_UNSUPPORTED ? ": no such addresses here"
                                        : "");
    return err;
}

/* Where it really is: a port that was given as 0 is another. */
TERN_COLD
static void say_listening(struct tern_host *host, const char *what,
                          const struct tern_listener *listener)
{
    struct tern_endpoint_addr local;
    char text[TERN_ENDPOINT_TEXT_CAP];
    tern_listener_local(listener, &local);
    (void)tern_endpoint_addr_format(&local, text);
    say_where(host, TERN_LOG_INFO, what, text, "");
}

static void serve(void *app, struct tern_http_exchange *x)
{
    struct www *www = app;
    if (www->shows && tern_http_metrics_serve(&www->metrics, x))
        return;
    (void)tern_http_assets_serve_with(x, www->assets, www->n_assets, &tern_http_site_policy);
}

static uint64_t wall_ns(void *host)
{
    return tern_host_wall_ns(host);
}

/* Answers under way go on; the host ends when its last stream has closed. */
TERN_COLD
static void on_event(void *app, enum tern_host_event event, const struct tern_addr *addr)
{
    struct www *www = app;
    (void)addr;
    if (event != TERN_HOST_DRAIN)
        return;
    tern_http_server_drain(&www->server);
    if (www->port != NULL)
        tern_http_metrics_drain(www->port);
}

TERN_COLD
static bool is_file(const struct www *www, const char *path)
{
    return tern_http_asset_find(www->assets, www->n_assets, path, strlen(path)) != NULL;
}

TERN_COLD
static enum tern_err start_site(struct tern_host *host, struct www *www)
{
    www->assets = tern_http_site;
    www->n_assets = tern_http_site_len;
#ifdef TERN_MODULES
    return given_site(host, &www->assets, &www->n_assets);
#else
    (void)host;
    return TERN_OK;
#endif
}

TERN_COLD
static enum tern_err start_metrics(struct tern_host *host, struct www *www)
{
    const char *where = tern_host_option(host, "stats");
    size_t n;

    www->sources[0] = (struct tern_metrics_source){ tern_host_metrics, host };
    www->sources[1] = (struct tern_metrics_source){ tern_http_server_metrics, &www->server };
    enum tern_err err = tern_http_metrics_init(&www->metrics, www->sources);
    if (where == NULL || equal(where, "off") || err != TERN_OK)
        return err;
    if (equal(where, "site")) {
        www->shows = !is_file(www, "/metrics") && !is_file(www, "/status");
        if (!www->shows)
            say(host, TERN_LOG_WARN, "the site has a /metrics or /status: stats=PORT shows ours");
        return TERN_OK;
    }
    www->port = tern_host_pool(host, "http.metrics", sizeof *www->port, &n);
    if (www->port == NULL)
        return TERN_BUG;
    err = tern_http_metrics_listen(&www->metrics, www->port, host, where);
    if (err != TERN_OK)
        return cannot_listen(host, "option stats: cannot listen on ", where, err);
    say_listening(host, "status and metrics on ", www->port->listener);
    return TERN_OK;
}

/* Of as many connections as the host has, a port of the numbers' own has a few. */
TERN_COLD
static enum tern_err start_server(struct tern_host *host, struct www *www)
{
    size_t n_conns, n_heads;
    struct tern_http_conn *conns =
        tern_host_pool(host, "http.conn", sizeof *conns, &n_conns);
    struct tern_http_head *heads =
        tern_host_pool(host, "http.head", sizeof *heads, &n_heads);
    if (conns == NULL || heads == NULL)
        return TERN_BUG;
    struct tern_http_config config = { .request = serve, .app = www,
                                       .wall_ns = wall_ns, .wall_user = host,
                                       .policy = &tern_http_site_policy };
    if (www->port != NULL && n_conns > 2 * TERN_HTTP_METRICS_CONNS)
        n_conns -= TERN_HTTP_METRICS_CONNS;
    return tern_http_server_init(&www->server, host->turn, &config, conns, n_conns, heads,
                                 n_heads);
}

TERN_COLD
int tern_main(struct tern_host *host)
{
    size_t n;
    struct www *www = tern_host_pool(host, "www", sizeof *www, &n);
    if (www == NULL)
        return TERN_BUG;
    enum tern_err err = start_site(host, www);
    if (err == TERN_OK)
        err = start_metrics(host, www);
    if (err == TERN_OK)
        err = start_server(host, www);
    if (err != TERN_OK)
        return (int)err;

    const char *where = tern_host_option(host, "listen");
    struct tern_listen listen = { .backlog = 0 };
    if (where == NULL ||
        tern_endpoint_addr_parse(where, strlen(where), &listen.local) != TERN_OK)
        return TERN_INVALID;    /* which its check has named before */
    struct tern_listener *listener;
    err = tern_listen_at(host, &listen, tern_http_accept, &www->server, &listener);
    if (err != TERN_OK)
        return (int)cannot_listen(host, "option listen: cannot listen on ", where, err);
    say_listening(host, "listening on ", listener);
    tern_host_on_event(host, on_event, www);
    return (int)tern_http_server_listener(&www->server, listener);
}
