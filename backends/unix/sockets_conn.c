/* SPDX-License-Identifier: ISC */
/*
 * A connection over a kernel socket: a feed with epoll beside it.
 *
 * Each socket is watched once, edge-triggered, for all it can have; a request
 * then costs one recv and one sendmsg. A socket with news joins the list of
 * those to read; the reader, a provider of the turn, reads one block from each
 * in its visits, within the turn's budget. A read that does not fill its room
 * has emptied the socket (epoll(7)), so nobody asks again. At the end of the
 * turn the feeds that were visited are sent, a system call each.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "unix_internal.h"

#define OUTPUT_SPANS 64u     /* spans a sendmsg */
#define STARVED_LOOKS 64u    /* starved connections looked at a turn */

static struct tern_socket_conn *conn_of_feed(struct tern_feed *feed)
{
    return (struct tern_socket_conn *)(void *)feed;
}

/* ---- Reading ---------------------------------------------------------------- */

static void read_queue(struct tern_socket_conn *c)
{
    struct tern_sockets *s = c->sockets;

    if ((c->flags & (CONN_QUEUED | CONN_STARVED | CONN_EOF)) != 0)
        return;
    c->flags |= CONN_QUEUED;
    c->next = NULL;
    c->link = s->read_last;
    *s->read_last = c;
    s->read_last = &c->next;
    tern_provider_ready(&s->reader);
}

static void starve(struct tern_socket_conn *c)
{
    struct tern_sockets *s = c->sockets;

    c->flags |= CONN_STARVED;
    c->next = s->starved;
    c->link = &s->starved;
    if (c->next != NULL)
        c->next->link = &c->next;
    s->starved = c;
    s->stats.no_block++;
}

/* Off the list that it waits in. O(1). */
static void list_leave(struct tern_socket_conn *c)
{
    struct tern_sockets *s = c->sockets;

    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    else if ((c->flags & CONN_QUEUED) != 0)
        s->read_last = c->link;
    c->flags &= ~(CONN_QUEUED | CONN_STARVED);
}

/* Reads what one block holds. */
static void conn_read(struct tern_socket_conn *c)
{
    struct tern_sockets *s = c->sockets;
    size_t room;

    if (tern_feed_state(&c->feed) == TERN_FEED_CLOSED ||
        tern_feed_state(&c->feed) == TERN_FEED_FAILED)
        return;
    uint8_t *at = tern_feed_input_reserve(&c->feed, &room);
    if (at == NULL) {
        starve(c);
        return;
    }
    ssize_t n = recv(c->watch.fd, at, room, 0);
    s->stats.reads++;
    tern_feed_input_commit(&c->feed, n > 0 ? (size_t)n : 0);
    if (n > 0) {
        s->stats.octets_in += (size_t)n;
        if ((size_t)n == room || (c->flags & CONN_PEER_END) != 0)
            read_queue(c);
    } else if (n == 0) {
        c->flags |= CONN_EOF;
        tern_feed_end(&c->feed);
    } else if (errno == EINTR) {
        read_queue(c);
    } else if (errno != EAGAIN) {
        tern_feed_error(&c->feed, tern_unix_err(errno));
    }
}

static size_t reader_visit(struct tern_provider *provider, size_t n)
{
    struct tern_sockets *s = TERN_CONTAINER_OF(provider, struct tern_sockets, reader);
    size_t i = 0;

    for (; i < n && s->read_first != NULL; i++) {
        struct tern_socket_conn *c = s->read_first;
        list_leave(c);
        conn_read(c);
    }
    return i;
}

static const struct tern_provider_ops reader_ops = { .visit = reader_visit };

/* ---- Events of the socket ------------------------------------------------------ */

static void conn_connected(struct tern_socket_conn *c)
{
    c->flags = (c->flags & ~CONN_CONNECTING) | CONN_WRITABLE;
    c->sockets->stats.connected++;
    tern_feed_connected(&c->feed, NULL);
}

static void conn_ready(struct tern_unix_watch *watch, uint32_t events)
{
    struct tern_socket_conn *c = TERN_CONTAINER_OF(watch, struct tern_socket_conn, watch);

    if ((events & TERN_UNIX_ERROR) != 0) {
        int number = 0;
        socklen_t len = sizeof number;
        (void)getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &number, &len);
        if (number != 0) {
            tern_feed_error(&c->feed, tern_unix_err(number));
            return;
        }
    }
    if ((events & TERN_UNIX_WRITE) != 0) {
        if ((c->flags & CONN_CONNECTING) != 0) {
            conn_connected(c);
        } else if ((c->flags & CONN_WRITABLE) == 0) {
            c->flags |= CONN_WRITABLE;
            tern_stream_resume(&c->feed.stream);    /* so that the turn sends it */
        }
    }
    if ((events & (TERN_UNIX_PEER_END | TERN_UNIX_HANGUP)) != 0)
        c->flags |= CONN_PEER_END;
    if ((events & (TERN_UNIX_READ | TERN_UNIX_PEER_END | TERN_UNIX_HANGUP)) != 0)
        read_queue(c);
}

/* ---- Sending and ending ----------------------------------------------------------- */

static void conn_free(struct tern_socket_conn *c)
{
    struct tern_sockets *s = c->sockets;

    if ((c->flags & (CONN_QUEUED | CONN_STARVED)) != 0)
        list_leave(c);
    enum tern_err why = tern_feed_why(&c->feed);
    /*
     * A peer may read for longer than we linger what the kernel has taken from
     * us, our FIN at its end: that goes on without us.
     */
    bool lingered = why == TERN_TIMED_OUT && (c->flags & CONN_SHUT) != 0;
    if (why != TERN_OK && !lingered) {
        struct linger reset = { .l_onoff = 1, .l_linger = 0 };
        (void)setsockopt(c->watch.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    tern_unix_loop_forget(s->loop, &c->watch);
    close(c->watch.fd);
    c->flags = 0;
    c->next = s->free_conns;
    s->free_conns = c;
    s->stats.closed++;
    s->stats.n_open--;
    tern_host_core_stream_closed(&s->core);
    if (s->any_waiting)
        tern_sockets_listeners_wake(s);
}

/* Sends what the feed has until it has none or the kernel takes no more. */
static void conn_send(struct tern_socket_conn *c)
{
    struct tern_sockets *s = c->sockets;
    struct tern_feed_span spans[OUTPUT_SPANS];
    struct iovec iov[OUTPUT_SPANS];

    while ((c->flags & (CONN_WRITABLE | CONN_CONNECTING)) == CONN_WRITABLE) {
        size_t n = tern_feed_outputs(&c->feed, spans, OUTPUT_SPANS), len = 0;
        ssize_t sent;
        if (n == 0)
            return;
        if (n == 1) {
            len = spans[0].len;
            sent = send(c->watch.fd, spans[0].data, len, MSG_NOSIGNAL);
        } else {
            for (size_t i = 0; i < n; i++) {
                iov[i].iov_base = (void *)(uintptr_t)spans[i].data;
                iov[i].iov_len = spans[i].len;
                len += spans[i].len;
            }
            struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };
            sent = sendmsg(c->watch.fd, &msg, MSG_NOSIGNAL);
        }
        s->stats.writes++;
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            if (errno != EAGAIN)
                tern_feed_error(&c->feed, tern_unix_err(errno));
            c->flags &= ~CONN_WRITABLE;
            return;
        }
        s->stats.octets_out += (size_t)sent;
        tern_feed_sent(&c->feed, (size_t)sent);
        if ((size_t)sent < len)
            c->flags &= ~CONN_WRITABLE;
        else if (n < OUTPUT_SPANS)
            return;
    }
}

static void conn_work(struct tern_socket_conn *c)
{
    struct tern_feed_span span;

    conn_send(c);
    switch (tern_feed_state(&c->feed)) {
    case TERN_FEED_CLOSED:
        conn_free(c);
        return;
    case TERN_FEED_FINISHED:
        if ((c->flags & (CONN_SHUT | CONN_CONNECTING)) == 0 &&
            !tern_feed_output(&c->feed, &span)) {
            c->flags |= CONN_SHUT;
            (void)shutdown(c->watch.fd, SHUT_WR);
        }
        break;
    case TERN_FEED_OPEN:
    case TERN_FEED_FAILED:    /* `closed` is on its way, and CLOSED after it */
        break;
    }
    if ((c->flags & CONN_STARVED) != 0 && !tern_feed_is_choked(&c->feed)) {
        list_leave(c);
        read_queue(c);
    }
}

static void set_send(struct tern_feed_set *set)
{
    struct tern_sockets *s = TERN_CONTAINER_OF(set, struct tern_sockets, set);
    struct tern_feed *feed;

    while ((feed = tern_feed_set_next(set)) != NULL)
        conn_work(conn_of_feed(feed));
    /* Others may have given back the blocks that these wait for. */
    struct tern_socket_conn *c = s->starved, *next;
    for (size_t i = 0; i < STARVED_LOOKS && c != NULL; i++, c = next) {
        next = c->next;
        if (tern_feed_is_choked(&c->feed))
            continue;
        list_leave(c);
        read_queue(c);
    }
}

/* ---- Opening ------------------------------------------------------------------------- */

/* Our own address, asked of the kernel when somebody wants to know, once. */
static void conn_name(struct tern_socket_conn *c)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof name;

    c->flags |= CONN_NAMED;
    if (getsockname(c->watch.fd, (struct sockaddr *)&name, &len) == 0)
        tern_unix_sockaddr_load(&name, &c->feed.local);
}

static const struct tern_stream_info *conn_info(const struct tern_stream *stream,
                                                struct tern_stream_info *info)
{
    /* The connection is ours; only its user may not change it. */
    struct tern_socket_conn *c = (struct tern_socket_conn *)(uintptr_t)stream;

    if ((c->flags & (CONN_NAMED | CONN_CONNECTING)) == 0)
        conn_name(c);
    const struct tern_stream_info *known = c->sockets->feed_ops->info(stream, info);
    if (known != info)
        *info = *known;
    info->provider = "socket";
    return info;
}

/* A free connection with its feed made ready, or NULL. */
static struct tern_socket_conn *conn_take(struct tern_sockets *s)
{
    struct tern_socket_conn *c = s->free_conns;
    if (c == NULL)
        return NULL;
    s->free_conns = c->next;
    c->next = NULL;
    c->flags = 0;
    c->watch.ready = conn_ready;
    c->watch.events = 0;
    tern_feed_init_in(&c->feed, &s->set, s->core.host.turn, &s->blocks, &s->feed_config);
    s->feed_ops = c->feed.stream.ops;
    s->stream_ops = *s->feed_ops;
    s->stream_ops.info = conn_info;
    c->feed.stream.ops = &s->stream_ops;
    return c;
}

static void conn_untake(struct tern_socket_conn *c)
{
    c->next = c->sockets->free_conns;
    c->sockets->free_conns = c;
}

static enum tern_err conn_watch(struct tern_socket_conn *c, int fd)
{
    return tern_unix_loop_watch(c->sockets->loop, &c->watch, fd,
                                TERN_UNIX_READ | TERN_UNIX_WRITE | TERN_UNIX_PEER_END |
                                    TERN_UNIX_EDGE);
}

static void conn_opened(struct tern_socket_conn *c)
{
    c->sockets->stats.n_open++;
    tern_host_core_stream_opened(&c->sockets->core);
}

void tern_socket_conn_accept(struct tern_sockets *s, int fd,
                             const struct tern_socket_listener *listener,
                             const struct tern_endpoint_addr *peer)
{
    struct tern_socket_conn *c = conn_take(s);

    if (c == NULL || conn_watch(c, fd) != TERN_OK) {
        if (c != NULL)
            conn_untake(c);
        close(fd);
        s->stats.accept_failed++;
        return;
    }
    c->flags = CONN_WRITABLE;
    conn_opened(c);
    s->stats.accepted++;
    (void)tern_feed_accept(&c->feed, NULL, peer, listener->accept, listener->app);
}

enum tern_err tern_sockets_connect(struct tern_host *host, const struct tern_endpoint_addr *peer,
                                   const struct tern_stream_events *events, void *user,
                                   struct tern_stream **stream)
{
    struct tern_sockets *s = tern_sockets_of(host);
    int family = tern_addr_is_v4(&peer->addr) ? AF_INET : AF_INET6, one = 1;
    struct sockaddr_storage to;

    *stream = NULL;
    if (peer->port == 0 || tern_addr_is_any(&peer->addr))
        return TERN_INVALID;
    if (!tern_host_core_may_connect(&s->core))
        return TERN_REFUSED;
    struct tern_socket_conn *c = conn_take(s);
    if (c == NULL)
        return TERN_FULL;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0) {
        enum tern_err err = tern_unix_err(errno);
        conn_untake(c);
        return err;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    socklen_t len = tern_unix_sockaddr(peer, family, &to);
    if (connect(fd, (struct sockaddr *)&to, len) != 0 && errno != EINPROGRESS) {
        enum tern_err err = tern_unix_err(errno);
        /* A refusal is news of the peer, and comes in `closed`. */
        if (err != TERN_REFUSED && err != TERN_TIMED_OUT && err != TERN_RESET) {
            close(fd);
            conn_untake(c);
            return err;
        }
        (void)tern_feed_connect(&c->feed, peer, events, user);
        tern_feed_error(&c->feed, err);
    } else {
        (void)tern_feed_connect(&c->feed, peer, events, user);
    }
    if (conn_watch(c, fd) != TERN_OK) {
        c->watch.fd = fd;
        tern_feed_error(&c->feed, TERN_FULL);
    }
    c->flags = CONN_CONNECTING;
    conn_opened(c);
    *stream = &c->feed.stream;
    return TERN_OK;
}

void tern_sockets_conns_init(struct tern_sockets *s)
{
    for (size_t i = s->n_conns; i-- > 0;) {
        s->conns[i].sockets = s;
        s->conns[i].next = s->free_conns;
        s->free_conns = &s->conns[i];
    }
    s->read_last = &s->read_first;
    tern_feed_set_init(&s->set, s->core.host.turn, set_send);
    tern_provider_init(&s->reader, s->core.host.turn, &reader_ops);
}

void tern_sockets_conns_stop(struct tern_sockets *s)
{
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };

    for (size_t i = 0; i < s->n_conns; i++) {
        struct tern_socket_conn *c = &s->conns[i];
        if (c->watch.events == 0)
            continue;
        (void)setsockopt(c->watch.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        tern_unix_loop_forget(s->loop, &c->watch);
        close(c->watch.fd);
        tern_timer_cancel(s->core.host.turn, &c->feed.timer);
    }
    tern_provider_leave(&s->reader);
    tern_provider_leave(&s->set.provider);
}
