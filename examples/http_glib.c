/* SPDX-License-Identifier: ISC */
/*
 * An HTTP server inside a GLib main loop, on 127.0.0.1 and the port given: libhttp on
 * feeds. A GSource watches all sockets; its ready time is the turn's deadline.
 */
#include <tern/feed_socket.h>
#include <tern/http.h>
#include <arpa/inet.h>
#include <glib.h>
#include <unistd.h>

enum { FDS = 128 };
static struct tern_feed feeds[FDS];    /* by descriptor */
static gpointer tags[FDS];             /* what the source calls it */
static struct { struct tern_turn turn; struct tern_block_pool pool; struct tern_feed_set set;
                struct tern_http_server server; struct tern_http_conn conns[FDS];
                struct tern_http_head heads[FDS]; _Alignas(16) uint8_t memory[FDS << 14]; } s;
static GSource *source;
static int listener;

static void greet(void *app, struct tern_http_exchange *x)
{
    (void)tern_http_respond_text(x, 200, app, 9);
}

/* The end of a turn: what feeds say goes out, what they have room for comes in. */
static void move(struct tern_feed_set *set)
{
    for (struct tern_feed *feed; (feed = tern_feed_set_next(set)) != NULL;) {
        int fd = (int)(feed - feeds);
        unsigned wants = tern_feed_socket_move(feed, fd);
        g_source_modify_unix_fd(source, tags[fd], (wants & TERN_FEED_READ ? G_IO_IN : 0) |
                                                  (wants & TERN_FEED_WRITE ? G_IO_OUT : 0));
        if (tern_feed_state(feed) == TERN_FEED_CLOSED && close(fd) == 0)
            g_source_remove_unix_fd(source, g_steal_pointer(&tags[fd]));
    }
}

static gboolean dispatch(GSource *self, GSourceFunc callback, gpointer data)
{
    bool comes = g_source_query_unix_fd(self, tags[listener]) != 0;
    int fd = comes ? accept(listener, NULL, NULL) : -1;
    bool full = comes && fd < 0;    /* no descriptor is free: again in a while */
    g_source_modify_unix_fd(self, tags[listener], full ? 0 : G_IO_IN);
    (void)callback, (void)data;
    if (fd >= 0 && fd < FDS) {
        tags[fd] = g_source_add_unix_fd(self, fd, 0);
        tern_feed_init_in(&feeds[fd], &s.set, &s.turn, &s.pool, NULL);
        (void)tern_feed_accept(&feeds[fd], NULL, NULL, tern_http_accept, &s.server);
    } else if (fd >= FDS)
        (void)close(fd);
    for (fd = 0; fd < FDS; fd++)
        if (tags[fd] != NULL && fd != listener && g_source_query_unix_fd(self, tags[fd]) != 0)
            tern_stream_resume(&feeds[fd].stream);
    uint64_t due_ns = tern_turn_run(&s.turn, (uint64_t)g_get_monotonic_time() * 1000);
    g_source_set_ready_time(self, full ? g_get_monotonic_time() + 100000 :
                                  due_ns == TERN_NEVER ? -1 : (gint64)(due_ns / 1000 + 1));
    return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
    static const struct tern_http_config config = { greet, .app = "It works\n" };
    gint64 port = g_ascii_strtoll(argc > 1 ? argv[1] : "8080", NULL, 10);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) },
                              .sin_port = htons((uint16_t)port) };
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    source = g_source_new(&(GSourceFuncs){ .dispatch = dispatch }, sizeof *source);
    tags[listener] = g_source_add_unix_fd(source, listener, G_IO_IN);
    tern_turn_init(&s.turn, NULL, 0);
    tern_feed_set_init(&s.set, &s.turn, move);
    if (port < 1 || port > UINT16_MAX || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        tern_block_pool_init(&s.pool, s.memory, sizeof s.memory, 2048) != TERN_OK ||
        tern_http_server_init(&s.server, &s.turn, &config, s.conns, FDS, s.heads, FDS) != TERN_OK ||
        listen(listener, FDS) != 0)
        return 1;
    (void)g_source_attach(source, NULL);
    g_main_loop_run(g_main_loop_new(NULL, FALSE));
}
