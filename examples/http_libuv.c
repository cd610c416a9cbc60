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
static struct { struct tern_turn turn; struct tern_block_pool pool; struct tern_feed_set set;
                struct tern_http_server server; struct tern_http_conn conns[FDS];
                struct tern_http_head heads[FDS]; _Alignas(16) uint8_t memory[FDS << 14]; } s;

static void greet(void *app, struct tern_http_exchange *x)
{
    (void)tern_http_respond_text(x, 200, app, 9);
}

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

/* The end of a turn: what feeds say goes out, what they have room for comes in. */
static void move(struct tern_feed_set *set)
{
    for (struct tern_feed *feed; (feed = tern_feed_set_next(set)) != NULL;) {
        uv_poll_t *poll = &polls[feed - feeds];
        int wants = (int)tern_feed_socket_move(feed, (int)(feed - feeds));    /* libuv's bits */
        (void)(wants != 0 ? uv_poll_start(poll, wants, ready) : uv_poll_stop(poll));
        if (tern_feed_state(feed) == TERN_FEED_CLOSED)
            (void)close((int)(feed - feeds));
    }
}

static void come(uv_poll_t *listener, int status, int events)
{
    int at = (int)(listener - polls), fd = accept(at, NULL, NULL);
    if (fd >= 0 && fd < FDS && status == 0 && (events & UV_READABLE) != 0 &&
        (polls[fd].loop != NULL || uv_poll_init(timer.loop, &polls[fd], fd) == 0)) {
        tern_feed_init_in(&feeds[fd], &s.set, &s.turn, &s.pool, NULL);
        (void)tern_feed_accept(&feeds[fd], NULL, NULL, tern_http_accept, &s.server);
        run(&timer);
    } else
        (void)close(fd);
}

int main(int argc, char **argv)
{
    static const struct tern_http_config config = { greet, .app = "It works\n" };
    struct sockaddr_in at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    tern_turn_init(&s.turn, NULL, uv_hrtime());
    tern_feed_set_init(&s.set, &s.turn, move);
    if (tern_block_pool_init(&s.pool, s.memory, sizeof s.memory, 2048) != TERN_OK ||
        tern_http_server_init(&s.server, &s.turn, &config, s.conns, FDS, s.heads, FDS) != TERN_OK ||
        uv_ip4_addr("127.0.0.1", atoi(argc > 1 ? argv[1] : "8080"), &at) != 0 ||
        bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, FDS) != 0 ||
        uv_timer_init(uv_default_loop(), &timer) != 0 ||
        uv_poll_init(timer.loop, &polls[listener], listener) != 0 ||
        uv_poll_start(&polls[listener], UV_READABLE, come) != 0)
        return EXIT_FAILURE;
    return uv_run(timer.loop, UV_RUN_DEFAULT);
}
