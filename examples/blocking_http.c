/* SPDX-License-Identifier: ISC */
/*
 * An HTTP server on blocking sockets: libhttp on a feed, without an event loop.
 * One connection at a time, on the port given, on 127.0.0.1.
 */
#include <tern/feed.h>
#include <tern/http.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct tern_turn turn;

static void request(void *app, struct tern_http_exchange *x)
{
    static const struct tern_http_asset page = {
        .path = "/index.html", .content_type = "text/html", .etag = "\"1\"",
        .data = (const uint8_t *)"<h1>It works</h1>\n", .len = 18 };
    (void)app;
    (void)tern_http_assets_serve(x, &page, 1);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * TERN_SECOND_NS + (uint64_t)t.tv_nsec;
}

/* What the server wrote goes out; once it has ended, so does our direction. */
static void output(struct tern_feed *feed, int fd)
{
    struct tern_feed_span span;
    while (tern_feed_output(feed, &span)) {
        ssize_t n = send(fd, span.data, span.len, MSG_NOSIGNAL);
        tern_feed_sent(feed, n > 0 ? (size_t)n : 0);
        if (n < 0)
            tern_feed_error(feed, TERN_RESET);
    }
    if (tern_feed_state(feed) == TERN_FEED_FINISHED)
        shutdown(fd, SHUT_WR);
    (void)tern_turn_run(&turn, now_ns());
}

int main(int argc, char **argv)
{
    static _Alignas(16) uint8_t memory[32 * 2048], buf[4096];
    static struct { struct tern_block_pool pool; struct tern_feed feed; struct tern_http_conn conn;
                    struct tern_http_server server; struct tern_http_head head; } s;
    long port = strtol(argc > 1 ? argv[1] : "8080", NULL, 10);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) },
                              .sin_port = htons((uint16_t)port) };
    static const struct timeval second = { .tv_sec = 1 };    /* to look at deadlines */
    static const struct tern_http_config config = { .request = request };
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    tern_turn_init(&turn, NULL, now_ns());
    if (tern_block_pool_init(&s.pool, memory, sizeof memory, 2048) != TERN_OK ||
        tern_http_server_init(&s.server, &turn, &config, &s.conn, 1, &s.head, 1) != TERN_OK ||
        port < 1 || port > UINT16_MAX ||
        bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 64) != 0)
        return EXIT_FAILURE;
    for (int fd;; close(fd)) {
        while ((fd = accept(listener, NULL, NULL)) < 0)
            (void)usleep(10000);    /* it has left, or no descriptor is free */
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
        tern_feed_init(&s.feed, &turn, &s.pool, NULL);
        (void)tern_feed_accept(&s.feed, NULL, NULL, tern_http_accept, &s.server);
        for (; tern_feed_state(&s.feed) != TERN_FEED_CLOSED; output(&s.feed, fd)) {
            size_t room = tern_feed_input_room(&s.feed, sizeof buf);
            ssize_t n = room > 0 ? recv(fd, buf, room, 0) : 0;    /* no room: output first */
            (void)tern_feed_input(&s.feed, buf, n > 0 ? (size_t)n : 0);
            if (room > 0 && (n == 0 || (n < 0 && errno != EAGAIN)))
                tern_feed_end(&s.feed);
            (void)tern_turn_run(&turn, now_ns());
        }
    }
}
