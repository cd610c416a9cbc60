/* SPDX-License-Identifier: ISC */
/*
 * An HTTP server inside a libuv program, on 127.0.0.1 and the port given: libhttp on
 * feeds, each beside a uv_poll_t. A timer has the deadline that the last turn told.
 */
#include <tern/feed_socket.h>
#include <tern/http.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

enum { FDS = 128, MS = 1000000 };
static struct tern_feed feeds[FDS];
static uv_poll_t polls[FDS];    /* both by descriptor; made once */
static uv_timer_t timer;
static int listener;
static struct { struct tern_turn turn; struct tern_block_pool pool; struct tern_feed_set set;
                struct tern_http_server server; struct tern_http_conn conns[FDS];
                struct tern_http_head heads[FDS]; _Alignas(16) uint8_t memory[FDS << 14]; } s;

static void say(void *app, struct tern_http_exchange *x) { tern_http_respond_text(x, 200, app, 9); }

static void run(uv_timer_t *at)
{
    uint64_t now_ns = uv_hrtime(), due_ns = tern_turn_run(&s.turn, now_ns);
    (void)uv_timer_start(at, run, due_ns <= now_ns ? 0 : (due_ns - now_ns) / MS + 1, 0);
}

static void ready(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;    /* the socket itself tells what it is */
    tern_stream_resume(&feeds[poll - polls].stream);
    run(&timer);
}

static void come(uv_poll_t *poll, int status, int events)
{
    int fd = accept(listener, NULL, NULL);
    (void)status, (void)events;
    if (fd >= 0 && fd < FDS && (polls[fd].loop || !uv_poll_init(timer.loop, &polls[fd], fd))) {
        tern_feed_init_in(&feeds[fd], &s.set, &s.turn, &s.pool, NULL);
        (void)tern_feed_accept(&feeds[fd], NULL, NULL, tern_http_accept, &s.server);
        run(&timer);
    } else if (fd >= 0)
        (void)close(fd);
    else if ((errno == EMFILE || errno == ENFILE) && tern_http_server_active(&s.server) > 0)
        (void)uv_poll_stop(poll);    /* until a connection has closed */
}

/* The end of a turn: what feeds say goes out, what they have room for comes in. */
static void move(struct tern_feed_set *set)
{
    for (struct tern_feed *feed; (feed = tern_feed_set_next(set)) != NULL;) {
        int fd = (int)(feed - feeds), wants = (int)tern_feed_socket_move(feed, fd);    /* uv's */
        (void)(wants != 0 ? uv_poll_start(&polls[fd], wants, ready) : uv_poll_stop(&polls[fd]));
        if (tern_feed_state(feed) == TERN_FEED_CLOSED && close(fd) == 0)
            (void)uv_poll_start(&polls[listener], UV_READABLE, come);
    }
}

int main(int argc, char **argv)
{
    static const struct tern_http_config config = { say, .app = "It works\n" };
    long port = strtol(argc > 1 ? argv[1] : "8080", NULL, 10);
    struct sockaddr_in at;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    tern_turn_init(&s.turn, NULL, uv_hrtime());
    tern_feed_set_init(&s.set, &s.turn, move);
    if (tern_block_pool_init(&s.pool, s.memory, sizeof s.memory, 2048) != TERN_OK ||
        tern_http_server_init(&s.server, &s.turn, &config, s.conns, FDS, s.heads, FDS) != TERN_OK ||
        port < 1 || port > UINT16_MAX || uv_ip4_addr("127.0.0.1", (int)port, &at) != 0 ||
        bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, FDS) != 0 ||
        uv_timer_init(uv_default_loop(), &timer) != 0 ||
        uv_poll_init(timer.loop, &polls[listener], listener) != 0 ||
        uv_poll_start(&polls[listener], UV_READABLE, come) != 0)
        return EXIT_FAILURE;
    return uv_run(timer.loop, UV_RUN_DEFAULT);
}
