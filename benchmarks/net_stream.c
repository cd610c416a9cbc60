/* SPDX-License-Identifier: ISC */
/*
 * Streams over the kernel's TCP, for measuring beside TAP.
 *
 *     net_stream send ADDR PORT OCTETS       to a sink; waits for its end
 *     net_stream receive ADDR PORT OCTETS    from a source, then breaks off
 *     net_stream serve PORT                  a sink there, a source on PORT + 1
 *
 * send and receive print the seconds of CPU that they took.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static char buf[262144];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void cpu_print(void)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    printf("%.6f\n", (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                         1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec));
}

static int stream_send(int fd, uint64_t len)
{
    for (uint64_t at = 0; at < len;) {
        size_t n = len - at < sizeof buf ? (size_t)(len - at) : sizeof buf;
        ssize_t w = send(fd, buf, n, MSG_NOSIGNAL);
        if (w <= 0)
            return -1;
        at += (uint64_t)w;
    }
    return 0;
}

static uint64_t stream_receive(int fd, uint64_t len)
{
    uint64_t at = 0;
    while (at < len) {
        ssize_t n = recv(fd, buf, sizeof buf, 0);
        if (n <= 0)
            break;
        at += (uint64_t)n;
    }
    return at;
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 16) != 0)
        die("listen");
    return fd;
}

/* Two processes, so that the sink's CPU and the source's can be told apart by pid. */
_Noreturn static void serve(uint16_t port)
{
    pid_t child = fork();
    if (child < 0)
        die("fork");
    int source = child == 0, fd = listen_on((uint16_t)(port + source));
    if (!source) {
        printf("%d %d\n", (int)getpid(), (int)child);
        fflush(stdout);
    }
    for (;;) {
        int c = accept(fd, NULL, NULL);
        if (c < 0)
            die("accept");
        if (source)
            (void)stream_send(c, UINT64_MAX);
        else
            (void)stream_receive(c, UINT64_MAX);
        close(c);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = { .sin_family = AF_INET };

    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        serve((uint16_t)atoi(argv[2]));
    if (argc != 5)
        return 2;
    to.sin_port = htons((uint16_t)atoi(argv[3]));
    if (inet_pton(AF_INET, argv[2], &to.sin_addr) != 1)
        return 2;
    uint64_t len = strtoull(argv[4], NULL, 10);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("connect");
    if (strcmp(argv[1], "send") == 0) {
        if (stream_send(fd, len) != 0 || shutdown(fd, SHUT_WR) != 0)
            die("send");
        (void)stream_receive(fd, UINT64_MAX);
    } else if (stream_receive(fd, len) < len) {
        die("receive");
    }
    close(fd);
    cpu_print();
    return 0;
}
