/* SPDX-License-Identifier: ISC */
/*
 * Listeners on kernel sockets, and accepting.
 *
 * A listener without an address is one socket of AF_INET6 that takes IPv4 too;
 * where the kernel has no IPv6 it is one of AF_INET. When no connection or no
 * descriptor is free, listeners stop looking, and what comes waits in their
 * backlogs until one closes.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "unix_internal.h"

#define ACCEPT_BATCH 64u
#define BACKLOG 1024u
#define RETRY_NS (100 * TERN_MILLISECOND_NS)

static void listener_look(struct tern_socket_listener *l)
{
    struct tern_sockets *s = tern_sockets_of(l->listener.host);
    if (l->paused || l->waiting || s->core.draining)
        tern_unix_loop_unwatch(s->loop, &l->watch);
    else if (l->watch.events == 0)
        (void)tern_unix_loop_watch(s->loop, &l->watch, l->fd, TERN_UNIX_READ);
}

/* All listeners wait: what is missing is missing to each. */
static void listeners_wait(struct tern_sockets *s)
{
    for (struct tern_socket_listener *l = s->open_listeners; l != NULL; l = l->next) {
        l->waiting = true;
        listener_look(l);
    }
    s->any_waiting = true;
}

void tern_sockets_listeners_wake(struct tern_sockets *s)
{
    s->any_waiting = false;
    tern_timer_cancel(s->core.host.turn, &s->retry_timer);
    for (struct tern_socket_listener *l = s->open_listeners; l != NULL; l = l->next) {
        l->waiting = false;
        listener_look(l);
    }
}

static void retry_fire(struct tern_timer *timer, uint64_t now_ns)
{
    (void)now_ns;
    tern_sockets_listeners_wake(TERN_CONTAINER_OF(timer, struct tern_sockets, retry_timer));
}

/* Accepts one; false: no more for now. */
static bool accept_one(struct tern_socket_listener *l)
{
    struct tern_sockets *s = tern_sockets_of(l->listener.host);
    struct tern_endpoint_addr peer;
    struct sockaddr_storage from;
    socklen_t len = sizeof from;

    if (s->free_conns == NULL) {
        s->stats.refused_full++;
        listeners_wait(s);
        return false;
    }
    int fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        tern_unix_sockaddr_load(&from, &peer);
        tern_socket_conn_accept(s, fd, l, &peer);
        return true;
    }
    switch (errno) {
    case EAGAIN:
        return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        s->stats.refused_descriptors++;
        listeners_wait(s);
        /* Those of another process may be what is missing: look again by time too. */
        tern_timer_set(s->core.host.turn, &s->retry_timer,
                       s->core.host.turn->now_ns + RETRY_NS);
        return false;
    default:    /* it was gone before we came, or the network said so (accept(2)) */
        s->stats.accept_failed++;
        return true;
    }
}

static void listener_ready(struct tern_unix_watch *watch, uint32_t events)
{
    struct tern_socket_listener *l = TERN_CONTAINER_OF(watch, struct tern_socket_listener, watch);
    (void)events;
    for (size_t i = 0; i < ACCEPT_BATCH && accept_one(l); i++)
        continue;
}

/* A listening socket, or -1 and errno. */
static int listener_socket(const struct tern_listen *at, int family)
{
    struct sockaddr_storage name;
    int one = 1, zero = 0;
    socklen_t len = tern_unix_sockaddr(&at->local, family, &name);
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

    if (fd < 0)
        return -1;
    /* Accepted sockets inherit TCP_NODELAY: a turn's output is put together by us. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if ((at->transparent &&
         setsockopt(fd, family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
                    family == AF_INET6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, &one,
                    sizeof one) != 0) ||
        bind(fd, (struct sockaddr *)&name, len) != 0 ||
        listen(fd, (int)(at->backlog != 0 ? at->backlog : BACKLOG)) != 0) {
        int number = errno;
        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

enum tern_err tern_sockets_listen(struct tern_host *host, const struct tern_listen *at,
                                  tern_accept_fn *accept, void *app,
                                  struct tern_listener **listener)
{
    struct tern_sockets *s = tern_sockets_of(host);
    struct tern_socket_listener *l = s->free_listeners;

    if (listener != NULL)
        *listener = NULL;
    if (accept == NULL || at->backlog > INT32_MAX)
        return TERN_INVALID;
    if (s->core.sealed)
        return TERN_REFUSED;
    if (l == NULL)
        return TERN_FULL;
    int fd = listener_socket(at, tern_addr_is_v4(&at->local.addr) ? AF_INET : AF_INET6);
    if (fd < 0 && tern_addr_is_any(&at->local.addr) &&
        (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
        fd = listener_socket(at, AF_INET);
    if (fd < 0)
        return at->transparent && errno == EPERM ? TERN_UNSUPPORTED : tern_unix_err(errno);
    s->free_listeners = l->next;
    *l = (struct tern_socket_listener){ .listener.host = host, .watch.ready = listener_ready,
                                        .accept = accept, .app = app, .fd = fd,
                                        .waiting = s->any_waiting, .next = s->open_listeners };
    s->open_listeners = l;
    listener_look(l);
    if (listener != NULL)
        *listener = &l->listener;
    return TERN_OK;
}

void tern_sockets_listener_pause(struct tern_listener *listener, bool pause)
{
    struct tern_socket_listener *l =
        TERN_CONTAINER_OF(listener, struct tern_socket_listener, listener);
    l->paused = pause;
    listener_look(l);
}

void tern_sockets_listener_close(struct tern_listener *listener)
{
    struct tern_socket_listener *l =
        TERN_CONTAINER_OF(listener, struct tern_socket_listener, listener);
    struct tern_sockets *s = tern_sockets_of(listener->host);
    struct tern_socket_listener **at = &s->open_listeners;

    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    tern_unix_loop_unwatch(s->loop, &l->watch);
    close(l->fd);
    l->next = s->free_listeners;
    s->free_listeners = l;
}

void tern_sockets_listener_local(const struct tern_listener *listener,
                                 struct tern_endpoint_addr *addr)
{
    const struct tern_socket_listener *l =
        (const struct tern_socket_listener *)(const void *)listener;
    struct sockaddr_storage name;
    socklen_t len = sizeof name;

    *addr = (struct tern_endpoint_addr){ .port = 0 };
    if (getsockname(l->fd, (struct sockaddr *)&name, &len) == 0)
        tern_unix_sockaddr_load(&name, addr);
}

/*
 * From now on the kernel refuses connections: in a backlog that nobody looks at
 * again they would wait for nothing until the program has ended. The socket
 * keeps its address, so that tern_listener_local still knows it.
 */
void tern_sockets_listeners_drain(struct tern_host_core *core)
{
    struct tern_sockets *s = tern_sockets_of(&core->host);
    for (struct tern_socket_listener *l = s->open_listeners; l != NULL; l = l->next) {
        listener_look(l);
        (void)shutdown(l->fd, SHUT_RDWR);
    }
}

void tern_sockets_listeners_stop(struct tern_sockets *s)
{
    while (s->open_listeners != NULL)
        tern_sockets_listener_close(&s->open_listeners->listener);
}

void tern_sockets_listeners_init(struct tern_sockets *s)
{
    for (size_t i = s->n_listeners; i-- > 0;) {
        s->listeners[i].next = s->free_listeners;
        s->free_listeners = &s->listeners[i];
    }
    s->retry_timer.fire = retry_fire;
}
