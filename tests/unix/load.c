/* SPDX-License-Identifier: ISC */
/*
 * A small load: clients that check every octet they get. One process, one
 * epoll, kernel sockets.
 *
 *   load get ADDR PORT PATH FILE REQUESTS CONNECTIONS PIPELINED
 *       so many GETs in all, so many connections at once, so many requests a
 *       connection without waiting; each answer must be 200 and FILE
 *   load drip ADDR PORT PATH FILE CONNECTIONS
 *       one GET a connection, sent an octet at a time and read in small pieces
 *       through a small window, all connections at once
 *   load send ADDR PORT OCTETS, load receive ADDR PORT OCTETS
 *       a stream of the pattern to tests/unix/bulk's sink, or from its source
 *   load kill ADDR PORT CONNECTIONS
 *       connects, sends the start of a request, resets; over and over, as
 *       many as that in all
 *
 * Prints what it did; status 0 only if all of it was right.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pattern.h"

#define HEAD_CAP 4096u
#define SILENCE_MS 60000    /* only ends what would last for ever */

struct client {
    int fd;
    size_t asked, sent;          /* requests begun; octets of the one under way */
    size_t answered;
    size_t head_len, body_at;
    int state;                   /* 0: head, 1: body */
    char head[HEAD_CAP];
};

static struct sockaddr_storage server;
static socklen_t server_len;
static char request[1024];
static size_t request_len;
static uint8_t *want;
static size_t want_len;

static void die(const char *what)
{
    fprintf(stderr, "load: %s%s%s\n", what, errno != 0 ? ": " : "",
            errno != 0 ? strerror(errno) : "");
    exit(1);
}

static void wrong(const char *what)
{
    errno = 0;
    die(what);
}

static void server_parse(const char *addr, const char *port)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&server;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&server;
    char host[INET6_ADDRSTRLEN] = "";
    const char *zone = strchr(addr, '%');

    if (zone != NULL && (size_t)(zone - addr) < sizeof host) {
        memcpy(host, addr, (size_t)(zone - addr));
        in6->sin6_scope_id = if_nametoindex(zone + 1);
        addr = host;
    }
    if (inet_pton(AF_INET, addr, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)atoi(port));
        server_len = sizeof *in;
    } else if (inet_pton(AF_INET6, addr, &in6->sin6_addr) == 1) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)atoi(port));
        server_len = sizeof *in6;
    } else {
        wrong("bad address");
    }
}

static void file_load(const char *name)
{
    struct stat st;
    int fd = open(name, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) != 0)
        die(name);
    want_len = (size_t)st.st_size;
    want = malloc(want_len + 1);
    if (want == NULL)
        die("memory");
    for (size_t at = 0; at < want_len;) {
        ssize_t n = read(fd, want + at, want_len - at);
        if (n <= 0)
            die(name);
        at += (size_t)n;
    }
    close(fd);
}

static int dial(int rcvbuf)
{
    int one = 1, fd = socket(server.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0)
        die("socket");
    if (rcvbuf != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&server, server_len) != 0 && errno != EINPROGRESS)
        die("connect");
    return fd;
}

static void pool_watch(int epoll_fd, struct client *c, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.ptr = c };
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &e) != 0)
        die("epoll_ctl");
}

/* ---- Answers ------------------------------------------------------------------------ */

/* The head is complete: its status and length must be what we want. */
static void head_check(struct client *c)
{
    c->head[c->head_len] = '\0';
    if (strncmp(c->head, "HTTP/1.1 200 ", 13) != 0) {
        fprintf(stderr, "%s\n", c->head);
        wrong("not 200");
    }
    const char *length = strcasestr(c->head, "\r\ncontent-length: ");
    if (length == NULL || strtoull(length + 18, NULL, 10) != want_len)
        wrong("another length");
}

/* Takes octets of answers; returns how many answers were completed. */
static size_t answer_take(struct client *c, const uint8_t *data, size_t len)
{
    size_t n_done = 0;

    while (len > 0 || (c->state == 1 && c->body_at == want_len)) {
        if (c->state == 0) {
            if (c->head_len == HEAD_CAP - 1)
                wrong("a long head");
            c->head[c->head_len++] = (char)*data++;
            len--;
            if (c->head_len < 4 || memcmp(c->head + c->head_len - 4, "\r\n\r\n", 4) != 0)
                continue;
            head_check(c);
            c->state = 1;
            c->body_at = 0;
        }
        size_t n = want_len - c->body_at < len ? want_len - c->body_at : len;
        if (memcmp(data, want + c->body_at, n) != 0)
            wrong("another body");
        c->body_at += n;
        data += n;
        len -= n;
        if (c->body_at == want_len) {
            c->state = 0;
            c->head_len = 0;
            c->answered++;
            n_done++;
        }
        if (len == 0)
            break;
    }
    return n_done;
}

/* ---- get ---------------------------------------------------------------------------- */

/* Sends as many requests as may be under way. */
static void requests_send(struct client *c, size_t *left, size_t pipelined)
{
    while (*left > 0 && c->asked - c->answered < pipelined) {
        ssize_t n = send(c->fd, request + c->sent, request_len - c->sent, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN && errno != ENOTCONN)
                die("send");
            return;
        }
        c->sent += (size_t)n;
        if (c->sent < request_len)
            return;
        c->sent = 0;
        c->asked++;
        (*left)--;
    }
}

static int get(size_t n_requests, size_t n_conns, size_t pipelined)
{
    static uint8_t buf[262144];
    struct epoll_event events[256];
    struct client *clients = calloc(n_conns, sizeof *clients);
    int epoll_fd = epoll_create1(0);
    size_t left = n_requests, done = 0;

    if (clients == NULL || epoll_fd < 0)
        die("memory");
    for (size_t i = 0; i < n_conns; i++) {
        clients[i].fd = dial(0);
        pool_watch(epoll_fd, &clients[i], EPOLLIN | EPOLLOUT | EPOLLET);
    }
    while (done < n_requests) {
        int n = epoll_wait(epoll_fd, events, 256, SILENCE_MS);
        if (n <= 0)
            wrong("silence");
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            requests_send(c, &left, pipelined);
            for (;;) {
                ssize_t got = recv(c->fd, buf, sizeof buf, 0);
                if (got < 0 && errno == EAGAIN)
                    break;
                if (got < 0)
                    die("recv");
                if (got == 0)
                    wrong("closed early");
                done += answer_take(c, buf, (size_t)got);
                requests_send(c, &left, pipelined);
            }
        }
    }
    printf("%zu answers of %zu octets over %zu connections\n", done, want_len, n_conns);
    for (size_t i = 0; i < n_conns; i++)
        close(clients[i].fd);
    free(clients);
    return 0;
}

/* ---- drip ---------------------------------------------------------------------------- */

static int drip(size_t n_conns)
{
    struct client *clients = calloc(n_conns, sizeof *clients);
    uint8_t buf[97];
    size_t done = 0, idle = 0;

    if (clients == NULL)
        die("memory");
    for (size_t i = 0; i < n_conns; i++)
        clients[i].fd = dial(2048);
    while (done < n_conns) {
        bool moved = false;
        for (size_t i = 0; i < n_conns; i++) {
            struct client *c = &clients[i];
            if (c->answered == 1)
                continue;
            if (c->sent < request_len) {
                ssize_t n = send(c->fd, request + c->sent, 1, MSG_NOSIGNAL);
                if (n < 0 && errno != EAGAIN && errno != ENOTCONN && errno != EPIPE)
                    die("send");
                c->sent += n > 0 ? 1 : 0;
                moved = moved || n > 0;
                continue;
            }
            ssize_t n = recv(c->fd, buf, sizeof buf, 0);
            if (n == 0)
                wrong("closed early");
            if (n < 0 && errno != EAGAIN)
                die("recv");
            if (n > 0)
                done += answer_take(c, buf, (size_t)n);
            moved = moved || n > 0;
        }
        idle = moved ? 0 : idle + 1;
        if (idle > 60000)
            wrong("silence");
        if (!moved)
            usleep(1000);
    }
    printf("%zu slow clients got %zu octets each\n", done, want_len);
    for (size_t i = 0; i < n_conns; i++)
        close(clients[i].fd);
    free(clients);
    return 0;
}

/* ---- send and receive ------------------------------------------------------------------ */

static int dial_blocking(void)
{
    int fd = dial(0);
    if (fcntl(fd, F_SETFL, 0) != 0)
        die("fcntl");
    struct timeval limit = { .tv_sec = SILENCE_MS / 1000 };
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return fd;
}

static int bulk_send(uint64_t len)
{
    static uint8_t buf[262144];
    char line[64];
    uint64_t at = 0;
    size_t got = 0;
    int fd = dial_blocking();

    while (at < len) {
        size_t n = len - at < sizeof buf ? (size_t)(len - at) : sizeof buf;
        pattern_fill(buf, n, at);
        for (size_t off = 0; off < n;) {
            ssize_t w = send(fd, buf + off, n - off, MSG_NOSIGNAL);
            if (w <= 0)
                die("send");
            off += (size_t)w;
        }
        at += n;
    }
    (void)shutdown(fd, SHUT_WR);
    while (got < sizeof line - 1) {
        ssize_t n = recv(fd, line + got, sizeof line - 1 - got, 0);
        if (n < 0)
            die("recv");
        if (n == 0)
            break;
        got += (size_t)n;
    }
    line[got] = '\0';
    char expected[64];
    snprintf(expected, sizeof expected, "%llu right\n", (unsigned long long)len);
    if (strcmp(line, expected) != 0) {
        fprintf(stderr, "the sink says: %s\n", line);
        wrong("not what was sent");
    }
    printf("sent %s", line);
    return 0;
}

static int bulk_receive(uint64_t len)
{
    static uint8_t buf[262144];
    uint64_t at = 0;
    int fd = dial_blocking();

    for (;;) {
        ssize_t n = recv(fd, buf, sizeof buf, 0);
        if (n < 0)
            die("recv");
        if (n == 0)
            break;
        if (!pattern_is(buf, (size_t)n, at))
            wrong("not what was sent");
        at += (uint64_t)n;
    }
    if (at != len)
        wrong("another length");
    printf("received %llu right\n", (unsigned long long)at);
    return 0;
}

/* ---- kill ------------------------------------------------------------------------------ */

static int kill_many(size_t n_conns)
{
    struct linger reset = { .l_onoff = 1 };

    for (size_t i = 0; i < n_conns; i++) {
        int fd = dial_blocking();
        size_t len = i % 7 == 0 ? request_len : i % request_len;
        (void)send(fd, request, len, MSG_NOSIGNAL);
        if (i % 3 != 0)
            (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
    printf("%zu connections broken off\n", n_conns);
    return 0;
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (argc < 5)
        wrong("what? (see the file)");
    server_parse(argv[2], argv[3]);
    if (strcmp(argv[1], "send") == 0)
        return bulk_send(strtoull(argv[4], NULL, 10));
    if (strcmp(argv[1], "receive") == 0)
        return bulk_receive(strtoull(argv[4], NULL, 10));
    request_len = (size_t)snprintf(request, sizeof request,
                                   "GET %s HTTP/1.1\r\nHost: test\r\nUser-Agent: load\r\n\r\n",
                                   strcmp(argv[1], "kill") == 0 ? "/" : argv[4]);
    if (strcmp(argv[1], "kill") == 0)
        return kill_many(strtoull(argv[4], NULL, 10));
    if (argc < 7)
        wrong("what? (see the file)");
    file_load(argv[5]);
    if (strcmp(argv[1], "drip") == 0)
        return drip(strtoull(argv[6], NULL, 10));
    if (strcmp(argv[1], "get") == 0 && argc == 9)
        return get(strtoull(argv[6], NULL, 10), strtoull(argv[7], NULL, 10),
                   strtoull(argv[8], NULL, 10));
    wrong("what? (see the file)");
    return 2;
}
