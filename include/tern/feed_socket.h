/* SPDX-License-Identifier: ISC */
/*
 * A feed beside a stream socket of POSIX, for a program with a loop of its own:
 * epoll, libuv, GLib. This header is all of it; there is nothing to link.
 *
 * A feed that has news is visited by the turn; at the turn's end the function
 * that its set was given moves octets between each such feed and its socket:
 *
 *     static void work(struct tern_feed_set *set)
 *     {
 *         struct tern_feed *feed;
 *         while ((feed = tern_feed_set_next(set)) != NULL) {
 *             int fd = fd_of(feed);
 *             watch(fd, tern_feed_socket_move(feed, fd));
 *             if (tern_feed_state(feed) == TERN_FEED_CLOSED)
 *                 close(fd);
 *         }
 *     }
 *
 * When the loop finds the socket ready, tern_stream_resume(&feed->stream) has
 * the next turn visit the feed. examples/ has whole programs.
 */
#ifndef TERN_FEED_SOCKET_H
#define TERN_FEED_SOCKET_H

#include <tern/feed.h>

#include <errno.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Sends what the feed has until fd, a connected stream socket, takes no more,
 * then reads once if the feed has room, and never waits for either. What the
 * socket has to say of the peer's end or of an error the feed is told; what the
 * feed's user has ended is shut down. After an error, closing fd resets it.
 *
 * Returns what to wait for, as tern_feed_wants; for no more than that: a socket
 * that is not read makes its peer wait. Once the feed is TERN_FEED_CLOSED, fd is
 * the caller's to close.
 */
static inline unsigned tern_feed_socket_move(struct tern_feed *feed, int fd)
{
    const struct linger reset = { 1, 0 };
    struct tern_feed_span out;
    size_t room;
    ptrdiff_t n = 1;
    int error = 0;

    while (n > 0 && tern_feed_output(feed, &out)) {
        n = send(fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        error = n < 0 ? errno : 0;
        tern_feed_sent(feed, n > 0 ? (size_t)n : 0);
    }
    if (error == 0 || error == EAGAIN) {
        uint8_t *in = tern_feed_input_reserve(feed, &room);
        socklen_t len = sizeof error;
        if (in != NULL) {
            n = recv(fd, in, room, MSG_DONTWAIT);
            error = n < 0 ? errno : 0;
            tern_feed_input_commit(feed, n > 0 ? (size_t)n : 0);
            if (n == 0)
                tern_feed_end(feed);
        } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
            error = errno;
        }
    }
    if (error != 0 && error != EAGAIN && error != EINTR)
        tern_feed_error(feed, TERN_RESET);
    if (tern_feed_state(feed) == TERN_FEED_FINISHED && !tern_feed_output(feed, &out))
        (void)shutdown(fd, SHUT_WR);
    if (tern_feed_state(feed) == TERN_FEED_CLOSED && tern_feed_why(feed) != TERN_OK)
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    return tern_feed_wants(feed);
}

#ifdef __cplusplus
}
#endif

#endif
