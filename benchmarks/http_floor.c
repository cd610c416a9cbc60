/* SPDX-License-Identifier: ISC */
/*
 * The floor for an HTTP server on kernel sockets: answers whatever comes with
 * the same octets, without looking at it. One recv, one send, nothing else:
 * what a server takes above this is its own.
 *
 *     http_floor PORT BODY-OCTETS
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static char answer[1 << 21];

int main(int argc, char **argv)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    struct epoll_event events[256], e = { .events = EPOLLIN };
    static char buf[65536];
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), epoll_fd = epoll_create1(0);

    if (argc != 3 || atoi(argv[2]) > 1 << 20)
        return 2;
    size_t body_len = (size_t)atoi(argv[2]);
    int head_len = snprintf(answer, sizeof answer,
                            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                            "Content-Length: %zu\r\ncontent-type: application/octet-stream\r\n"
                            "etag: \"a80291-400-18ea9f92fa4d3f29\"\r\n\r\n",
                            body_len);
    size_t len = (size_t)head_len + body_len;
    at.sin_port = htons((uint16_t)atoi(argv[1]));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    e.data.fd = fd;
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1024) != 0 ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e) != 0)
        return 1;
    for (;;) {
        int n = epoll_wait(epoll_fd, events, 256, -1);
        for (int i = 0; i < n; i++) {
            int c = events[i].data.fd;
            if (c == fd) {
                c = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
                e.data.fd = c;
                if (c >= 0)
                    (void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c, &e);
                continue;
            }
            ssize_t got = recv(c, buf, sizeof buf, 0);
            if (got == 0 || (got < 0 && errno != EAGAIN) ||
                (got > 0 && send(c, answer, len, MSG_NOSIGNAL) != (ssize_t)len))
                close(c);
        }
    }
}
