/* SPDX-License-Identifier: ISC */
/*
 * Published ports that are to be reached over IPv6. QEMU's user network listens at IPv4
 * addresses alone: a process of ours listens instead, and hands each connection on to a
 * port of 127.0.0.1 that QEMU forwards to the guest.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tern/unix.h>

#include "boot.h"

enum { PAIRS = 256, PIECE = 16384 };

/* Octets on their way from one side to the other. */
struct way {
    char octets[PIECE];
    size_t off, len;
    bool end, ended;    /* the sender's end is read; and passed on */
};

/* A connection: side 0 is the client's, side 1 QEMU's. way[i] comes from side i. */
struct pair {
    int fd[2];
    struct way way[2];
};

struct relay {
    struct boot_relay *places;
    size_t n_places, n_pairs;
    struct pair *pairs[PAIRS];
};

static void name6(const struct tern_endpoint_addr *at, struct sockaddr_in6 *name)
{
    memset(name, 0, sizeof *name);
    name->sin6_family = AF_INET6;
    name->sin6_port = htons(at->port);
    name->sin6_scope_id = at->link;
    memcpy(&name->sin6_addr, at->addr.octets, 16);
}

static struct sockaddr_in name4(uint16_t port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/*
 * A port of 127.0.0.1 that nobody has; 0: none. The socket that has it stays, bound and
 * never listening, as long as this process: nobody is given the port, but who asks for
 * it by number and sets SO_REUSEADDR, as QEMU does, may bind it too and listen there.
 */
static uint16_t port_take(void)
{
    struct sockaddr_in name = name4(0);
    socklen_t len = sizeof name;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        bind(fd, (struct sockaddr *)&name, len) == 0 &&
        getsockname(fd, (struct sockaddr *)&name, &len) == 0)
        return ntohs(name.sin_port);
    if (fd >= 0)
        close(fd);
    return 0;
}

/* ---- The process ------------------------------------------------------------------------ */

/* Both sides learn at once that it is over. */
static void pair_end(struct relay *r, size_t i, bool broken)
{
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    struct pair *p = r->pairs[i];
    for (size_t side = 0; side < 2; side++) {
        if (broken)
            (void)setsockopt(p->fd[side], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(p->fd[side]);
    }
    free(p);
    r->pairs[i] = r->pairs[--r->n_pairs];
}

static void pair_begin(struct relay *r, const struct boot_relay *place)
{
    struct sockaddr_in to = name4(place->port);
    int client = accept4(place->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client >= 0 && server >= 0) {
        struct pair *p = work_alloc(sizeof *p);
        memset(p, 0, sizeof *p);
        p->fd[0] = client;
        p->fd[1] = server;
        r->pairs[r->n_pairs++] = p;
        if (connect(server, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
            pair_end(r, r->n_pairs - 1, true);
        return;
    }
    if (client >= 0)
        close(client);
    if (server >= 0)
        close(server);
}

/* One way's turn; false: the connection is broken. */
static bool way_go(struct way *w, int from, int to, bool readable)
{
    if (readable && w->len == 0 && !w->end) {
        ssize_t n = recv(from, w->octets, sizeof w->octets, 0);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        w->end = n == 0;
        w->off = 0;
        w->len = n > 0 ? (size_t)n : 0;
    }
    if (w->len > 0) {
        ssize_t n = send(to, w->octets + w->off, w->len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        w->off += n > 0 ? (size_t)n : 0;
        w->len -= n > 0 ? (size_t)n : 0;
    }
    if (w->len == 0 && w->end && !w->ended) {
        w->ended = true;
        (void)shutdown(to, SHUT_WR);
    }
    return true;
}

/* Who has nothing to wait for is not looked at: a hangup would be told over and over. */
static struct pollfd side_poll(const struct pair *p, size_t side)
{
    const struct way *in = &p->way[side], *out = &p->way[1 - side];
    short events = (short)((in->len == 0 && !in->end ? POLLIN : 0) | (out->len > 0 ? POLLOUT : 0));
    return (struct pollfd){ .fd = events != 0 ? p->fd[side] : -1, .events = events };
}

static void relay_step(struct relay *r)
{
    static struct pollfd fds[2 * PAIRS + BOOT_RELAYS];
    size_t n = 0, n_pairs = r->n_pairs;

    for (size_t i = 0; i < n_pairs; i++) {
        fds[n++] = side_poll(r->pairs[i], 0);
        fds[n++] = side_poll(r->pairs[i], 1);
    }
    for (size_t i = 0; i < r->n_places; i++)
        fds[n++] = (struct pollfd){ .fd = n_pairs < PAIRS - BOOT_RELAYS ? r->places[i].fd : -1,
                                    .events = POLLIN };
    if (poll(fds, n, -1) <= 0)
        return;
    for (size_t i = n_pairs; i-- > 0;) {    /* from the end, so that one that goes moves none */
        struct pair *p = r->pairs[i];
        short client = fds[2 * i].revents, server = fds[2 * i + 1].revents;
        bool whole = ((client | server) & POLLERR) == 0;
        if (client != 0 || server != 0)
            whole = whole && way_go(&p->way[0], p->fd[0], p->fd[1], client != 0) &&
                    way_go(&p->way[1], p->fd[1], p->fd[0], server != 0);
        if (!whole || (p->way[0].ended && p->way[1].ended))
            pair_end(r, i, !whole);
    }
    for (size_t i = 0; i < r->n_places; i++)
        if (fds[2 * n_pairs + i].revents != 0)
            pair_begin(r, &r->places[i]);
}

/* A group of its own: the terminal's Ctrl-C is for the guest, which finishes what it has. */
static void become_relay(struct boot *boot, pid_t parent)
{
    struct relay relay = { .places = boot->relays, .n_places = boot->n_relays };
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    (void)setpgid(0, 0);
    for (;;)
        relay_step(&relay);
}

/* ---- Its beginning ------------------------------------------------------------------------- */

static bool place_open(struct boot *boot, struct boot_relay *place)
{
    struct sockaddr_in6 name;
    int one = 1, zero = 0;

    name6(&place->at, &name);
    place->fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    place->port = port_take();
    if (place->fd >= 0) {
        (void)setsockopt(place->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        (void)setsockopt(place->fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    }
    if (place->fd < 0 || place->port == 0 ||
        bind(place->fd, (struct sockaddr *)&name, sizeof name) != 0 ||
        listen(place->fd, PAIRS) != 0) {
        char text[TERN_ENDPOINT_TEXT_CAP];
        (void)tern_endpoint_addr_format(&place->at, text);
        fprintf(stderr, "tern boot: --publish: cannot listen on %s: %s\n", text, strerror(errno));
        return false;
    }
    work_wordf(&boot->publish, "tcp:127.0.0.1:%u-:%u", place->port, place->guest);
    return true;
}

bool boot_relay_start(struct boot *boot)
{
    for (size_t i = 0; i < boot->n_relays; i++)
        if (!place_open(boot, &boot->relays[i]))
            return false;
    if (boot->n_relays == 0)
        return true;
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become_relay(boot, parent);
    for (size_t i = 0; i < boot->n_relays; i++)
        close(boot->relays[i].fd);
    return pid > 0;
}
