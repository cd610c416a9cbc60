/* SPDX-License-Identifier: ISC */
/*
 * www: serves the site that was compiled in (tern image --site) over HTTP/1.1.
 * The same source is a process and a sealed guest.
 */
#include <tern/host.h>
#include <tern/http.h>

#include <string.h>

enum { HEADS = 64 };

static const struct tern_option www_options[] = {
    { .key = "listen", .value_name = "ADDR:PORT", .fallback = ":80",
      .help = "where to serve, any address by default" },
    { .key = NULL },
};

TERN_APPLIANCE(.name = "www", .connections = 1024,
    .pools = TERN_POOLS(TERN_POOL("http.conn", struct tern_http_conn, .per_connection = 1),
                        TERN_POOL("http.head", struct tern_http_head, .fixed = HEADS),
                        TERN_POOL("www", struct tern_http_server, .fixed = 1)),
    .options = www_options);

static void say(struct tern_host *host, enum tern_log_level level, const char *text)
{
    tern_host_log(host, level, text, strlen(text));
}

static void serve(void *app, struct tern_http_exchange *x)
{
    (void)app;
    (void)tern_http_assets_serve_with(x, tern_http_site, tern_http_site_len,
                                      &tern_http_site_policy);
}

static uint64_t wall_ns(void *host)
{
    return tern_host_wall_ns(host);
}

/* Answers under way go on; the host ends when its last stream has closed. */
static void on_event(void *app, enum tern_host_event event, const struct tern_addr *addr)
{
    (void)addr;
    if (event == TERN_HOST_DRAIN)
        tern_http_server_drain(app);
}

static enum tern_err start_server(struct tern_host *host, struct tern_http_server *server)
{
    size_t n_conns, n_heads;
    struct tern_http_conn *conns =
        tern_host_pool(host, "http.conn", sizeof *conns, &n_conns);
    struct tern_http_head *heads =
        tern_host_pool(host, "http.head", sizeof *heads, &n_heads);
    if (conns == NULL || heads == NULL)
        return TERN_BUG;
    struct tern_http_config config = { .request = serve, .app = server,
                                       .wall_ns = wall_ns, .wall_user = host };
    return tern_http_server_init(server, host->turn, &config, conns, n_conns, heads, n_heads);
}

int tern_main(struct tern_host *host)
{
    size_t n;
    struct tern_http_server *server = tern_host_pool(host, "www", sizeof *server, &n);
    if (server == NULL)
        return TERN_BUG;
    enum tern_err err = start_server(host, server);
    if (err != TERN_OK)
        return (int)err;

    const char *where = tern_host_option(host, "listen");
    struct tern_listen listen = { .backlog = 0 };
    if (where == NULL ||
        tern_endpoint_addr_parse(where, strlen(where), &listen.local) != TERN_OK) {
        say(host, TERN_LOG_ERROR, "listen=: not an address with a port");
        return TERN_INVALID;
    }
    struct tern_listener *listener;
    err = tern_listen_at(host, &listen, tern_http_accept, server, &listener);
    if (err != TERN_OK) {
        say(host, TERN_LOG_ERROR, "listen=: cannot listen there");
        return (int)err;
    }
    tern_host_on_event(host, on_event, server);
    return (int)tern_http_server_listener(server, listener);
}
