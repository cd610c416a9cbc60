/* SPDX-License-Identifier: ISC */
/*
 * An HTTP server in an epoll loop, on 127.0.0.1 and the port given: libhttp on
 * feeds. SIGINT and SIGTERM end it when what is under way is answered.
 */
#include <tern/feed_socket.h>
#include <tern/http.h>
#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { FDS = 128, MS = 1000000 };
static struct tern_feed feeds[FDS];    /* by descriptor */
static int listener;    /* once shut down it has news: the loop wakes */
static volatile sig_atomic_t stopped;

static void stop(int number) { stopped = number; (void)shutdown(listener, SHUT_RD); }

static void greet(void *app, struct tern_http_exchange *x)
{
    (void)tern_http_respond_text(x, 200, app, 9);
}

/* The end of a turn: what feeds say goes out, what they have room for comes in. */
static void move(struct tern_feed_set *set)
{
    for (struct tern_feed *feed; (feed = tern_feed_set_next(set)) != NULL;) {
        (void)tern_feed_socket_move(feed, (int)(feed - feeds));
        if (tern_feed_state(feed) == TERN_FEED_CLOSED)
            (void)close((int)(feed - feeds));
    }
}

int main(int argc, char **argv)
{
    static struct { struct tern_turn turn; struct tern_block_pool pool; struct tern_feed_set set;
                    struct tern_http_server server; struct tern_http_conn conns[FDS];
                    struct tern_http_head heads[FDS]; _Alignas(16) uint8_t memory[FDS << 14]; } s;
    static const struct tern_http_config config = { greet, .app = "It works\n" };
    long port = strtol(argc > 1 ? argv[1] : "8080", NULL, 10);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) },
                              .sin_port = htons((uint16_t)port) };
    struct epoll_event events[FDS] = { { .events = EPOLLIN | EPOLLET } };
    int fd, full = 0, poller = epoll_create1(0);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    tern_turn_init(&s.turn, NULL, 0);
    tern_feed_set_init(&s.set, &s.turn, move);
    if (port < 1 || port > UINT16_MAX || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(listener, FDS) != 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, events) != 0 ||
        tern_block_pool_init(&s.pool, s.memory, sizeof s.memory, 2048) != TERN_OK ||
        tern_http_server_init(&s.server, &s.turn, &config, s.conns, FDS, s.heads, FDS) != TERN_OK ||
        signal(SIGINT, stop) == SIG_ERR || signal(SIGTERM, stop) == SIG_ERR)
        return EXIT_FAILURE;
    for (struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t) == 0;) {
        uint64_t now_ns = (uint64_t)t.tv_sec * TERN_SECOND_NS + (uint64_t)t.tv_nsec;
        if (stopped != 0)    /* answer what is under way */
            tern_http_server_drain(&s.server);
        uint64_t due_ns = tern_turn_run(&s.turn, now_ns);
        if (stopped != 0 && tern_http_server_active(&s.server) == 0)
            return EXIT_SUCCESS;
        int wait_ms = full ? 100 : due_ns == TERN_NEVER ? -1 :
            due_ns <= now_ns ? 0 : (int)((due_ns - now_ns) / MS + 1);
        for (int n = epoll_wait(poller, events, FDS, wait_ms); n > 0; n--)
            if (events[n - 1].data.ptr != NULL)
                tern_stream_resume(events[n - 1].data.ptr);
        while ((fd = accept(listener, NULL, NULL)) >= 0)
            if (fd < FDS) {
                struct epoll_event edges = { EPOLLIN | EPOLLOUT | EPOLLET, { &feeds[fd].stream } };
                tern_feed_init_in(&feeds[fd], &s.set, &s.turn, &s.pool, NULL);
                tern_feed_accept(&feeds[fd], NULL, NULL, tern_http_accept, &s.server);
                (void)epoll_ctl(poller, EPOLL_CTL_ADD, fd, &edges);
            } else
                (void)close(fd);
        full = errno != EAGAIN;    /* no descriptor is free: again in a while */
    }
}
