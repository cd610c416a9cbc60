/* SPDX-License-Identifier: ISC */
/*
 * Datagram endpoints on kernel sockets: a batch a system call, both ways.
 *
 * All endpoints of a host share one arena to receive in, because what was
 * received is lent only for the event, and one queue to send from, because the
 * turn sends it in the end. Where a datagram came to is asked for
 * (IPV6_PKTINFO), so that an answer leaves from there; UDP GRO and GSO go
 * through as seg_len. ICMP errors come by the socket's error queue, where the
 * kernel has matched them with the socket.
 */
#include <errno.h>
#include <time.h>
/* After time.h, whose struct timespec it needs. */
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "unix_internal.h"

#define GSO_SEGMENTS_MAX 64u

static struct tern_socket_endpoint *endpoint_of(struct tern_endpoint *ep)
{
    return TERN_CONTAINER_OF(ep, struct tern_socket_endpoint, endpoint);
}

static void endpoint_ready(struct tern_socket_endpoint *e)
{
    struct tern_sockets *s = e->sockets;
    if (e->ready)
        return;
    e->ready = true;
    e->ready_next = NULL;
    *s->ready_last = e;
    s->ready_last = &e->ready_next;
    tern_provider_ready(&s->dgrams);
}

static void endpoint_watched(struct tern_unix_watch *watch, uint32_t events)
{
    struct tern_socket_endpoint *e =
        TERN_CONTAINER_OF(watch, struct tern_socket_endpoint, watch);
    if ((events & TERN_UNIX_READ) != 0)
        e->readable = true;
    if ((events & TERN_UNIX_ERROR) != 0)
        e->failed = true;
    if ((events & TERN_UNIX_WRITE) != 0)
        e->blocked = false;
    endpoint_ready(e);
}

/* ---- Receiving ------------------------------------------------------------------ */

static void endpoint_receive(struct tern_socket_endpoint *e)
{
    struct tern_sockets *s = e->sockets;
    struct mmsghdr msgs[DGRAM_BATCH];
    struct iovec iov[DGRAM_BATCH];
    struct sockaddr_storage names[DGRAM_BATCH];
    _Alignas(struct cmsghdr) uint8_t control[DGRAM_BATCH][CONTROL_CAP];
    struct tern_dgram dgrams[DGRAM_BATCH];

    for (size_t i = 0; i < DGRAM_BATCH; i++) {
        iov[i] = (struct iovec){ .iov_base = s->arena->in[i], .iov_len = DGRAM_CAP };
        msgs[i].msg_hdr = (struct msghdr){ .msg_name = &names[i], .msg_namelen = sizeof names[i],
                                           .msg_iov = &iov[i], .msg_iovlen = 1,
                                           .msg_control = control[i],
                                           .msg_controllen = CONTROL_CAP };
    }
    int n = recvmmsg(e->fd, msgs, DGRAM_BATCH, MSG_DONTWAIT, NULL);
    e->readable = n == (int)DGRAM_BATCH;
    if (n < 0) {
        /* An error of an earlier send stands in the way once; its detail is queued. */
        e->readable = errno != EAGAIN;
        e->failed = e->failed || errno != EAGAIN;
        return;
    }
    s->stats.dgrams_in += (uint64_t)n;
    for (int i = 0; i < n; i++) {
        struct tern_dgram *d = &dgrams[i];
        *d = (struct tern_dgram){ .local.port = e->local.port, .data = s->arena->in[i],
                                  .len = msgs[i].msg_len };
        tern_unix_sockaddr_load(&names[i], &d->peer);
        tern_unix_control_load(&msgs[i].msg_hdr, d);
        if ((msgs[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
            d->flags |= TERN_DGRAM_TRUNCATED;
            s->stats.dgrams_truncated++;
        }
        if (d->seg_len >= d->len)
            d->seg_len = 0;
    }
    if (n > 0 && e->endpoint.events != NULL && e->endpoint.events->received != NULL)
        e->endpoint.events->received(&e->endpoint, dgrams, (size_t)n);
}

/* One entry of the error queue; false: it is empty. */
static bool endpoint_fail_one(struct tern_socket_endpoint *e)
{
    struct sockaddr_storage name;
    uint8_t quoted[576];
    _Alignas(struct cmsghdr) uint8_t control[512];
    struct iovec iov = { .iov_base = quoted, .iov_len = sizeof quoted };
    struct msghdr msg = { .msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &iov,
                          .msg_iovlen = 1, .msg_control = control,
                          .msg_controllen = sizeof control };
    ssize_t n = recvmsg(e->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);

    if (n < 0)
        return false;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
        if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) &&
            !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
            continue;
        struct sock_extended_err error;
        memcpy(&error, CMSG_DATA(c), sizeof error);
        struct tern_dgram d = { .local = e->local, .data = quoted, .len = (size_t)n };
        tern_unix_sockaddr_load(&name, &d.peer);
        enum tern_err why = error.ee_errno == EMSGSIZE ? TERN_FULL
                            : error.ee_errno == ECONNREFUSED ? TERN_REFUSED
                                                             : TERN_UNREACHABLE;
        if (e->endpoint.events != NULL && e->endpoint.events->failed != NULL)
            e->endpoint.events->failed(&e->endpoint, &d, why);
    }
    return true;
}

/* ---- Sending ------------------------------------------------------------------- */

/* Sends what is queued, as far as the kernel takes it; the rest moves up. */
static void queue_flush(struct tern_sockets *s)
{
    struct tern_dgram_arena *a = s->arena;
    struct mmsghdr msgs[DGRAM_BATCH];
    struct iovec iov[DGRAM_BATCH];
    struct sockaddr_storage names[DGRAM_BATCH];
    _Alignas(struct cmsghdr) uint8_t control[DGRAM_BATCH][CONTROL_CAP];
    size_t at = 0;

    while (at < a->n_queue) {
        struct tern_socket_endpoint *e = a->queue[at].endpoint;
        unsigned n = 0;
        if (e == NULL || e->blocked) {
            if (e == NULL) {    /* closed since */
                at++;
                continue;
            }
            break;
        }
        for (; at + n < a->n_queue && a->queue[at + n].endpoint == e; n++) {
            const struct tern_dgram *d = &a->queue[at + n].dgram;
            iov[n] = (struct iovec){ .iov_base = d->data, .iov_len = d->len };
            msgs[n].msg_hdr = (struct msghdr){ .msg_name = &names[n], .msg_iov = &iov[n],
                                               .msg_iovlen = 1, .msg_control = control[n] };
            msgs[n].msg_hdr.msg_namelen = tern_unix_sockaddr(&d->peer, e->family, &names[n]);
            tern_unix_control_store(&msgs[n].msg_hdr, d);
            if (msgs[n].msg_hdr.msg_controllen == 0)
                msgs[n].msg_hdr.msg_control = NULL;
        }
        int sent = sendmmsg(e->fd, msgs, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            s->stats.dgrams_out += (uint64_t)sent;
            at += (size_t)sent;
        } else if (errno == EAGAIN) {
            e->blocked = true;
        } else if (errno != EINTR) {    /* this one cannot be sent */
            s->stats.dgrams_unsent++;
            at++;
        }
    }
    memmove(a->queue, a->queue + at, (a->n_queue - at) * sizeof a->queue[0]);
    a->n_queue -= at;
    if (a->n_queue == 0 && a->reserved_by == NULL)
        a->out_len = 0;
}

/* Room for one more datagram of len octets; NULL: none. */
static uint8_t *queue_room(struct tern_socket_endpoint *e, size_t len)
{
    struct tern_dgram_arena *a = e->sockets->arena;
    if (a->n_queue == DGRAM_BATCH || len > DGRAM_OUT_CAP - a->out_len)
        queue_flush(e->sockets);
    if (a->n_queue == DGRAM_BATCH || len > DGRAM_OUT_CAP - a->out_len) {
        e->wants_room = true;
        return NULL;
    }
    return a->out + a->out_len;
}

static void queue_add(struct tern_socket_endpoint *e, const struct tern_dgram *to, uint8_t *data,
                      size_t len)
{
    struct tern_dgram_arena *a = e->sockets->arena;
    a->queue[a->n_queue].endpoint = e;
    a->queue[a->n_queue].dgram = *to;
    a->queue[a->n_queue].dgram.data = data;
    a->queue[a->n_queue].dgram.len = len;
    a->n_queue++;
    a->out_len += len;
    tern_provider_worked(&e->sockets->dgrams);
}

static bool can_go(const struct tern_socket_endpoint *e, const struct tern_dgram *d, size_t len)
{
    struct sockaddr_storage name;
    size_t segments = d->seg_len != 0 ? (len + d->seg_len - 1) / d->seg_len : 1;
    bool ok = tern_unix_sockaddr(&d->peer, e->family, &name) != 0 && d->peer.port != 0 &&
              segments <= GSO_SEGMENTS_MAX && len <= 65507;
    if (!ok)
        e->sockets->stats.dgrams_unsent++;
    return ok;
}

static void endpoint_commit(struct tern_endpoint *ep, size_t len)
{
    struct tern_socket_endpoint *e = endpoint_of(ep);
    struct tern_dgram_arena *a = e->sockets->arena;

    if (a->reserved_by != e)
        return;
    a->reserved_by = NULL;
    if (len != 0 && len <= DGRAM_OUT_CAP - a->out_len && can_go(e, &a->reserved, len))
        queue_add(e, &a->reserved, a->out + a->out_len, len);
}

static uint8_t *endpoint_reserve(struct tern_endpoint *ep, const struct tern_dgram *to,
                                 size_t least, size_t *room)
{
    struct tern_socket_endpoint *e = endpoint_of(ep);
    struct tern_dgram_arena *a = e->sockets->arena;

    if (!can_go(e, to, least))
        return NULL;
    a->reserved_by = NULL;    /* one at a time: an earlier one is given back */
    uint8_t *at = queue_room(e, least);
    if (at == NULL)
        return NULL;
    a->reserved_by = e;
    a->reserved = *to;
    *room = DGRAM_OUT_CAP - a->out_len;
    if (*room > 65507)
        *room = 65507;
    return at;
}

static size_t endpoint_send(struct tern_endpoint *ep, const struct tern_dgram *dgrams, size_t n)
{
    struct tern_socket_endpoint *e = endpoint_of(ep);
    size_t i = 0;

    e->sockets->arena->reserved_by = NULL;
    for (; i < n; i++) {
        if (!can_go(e, &dgrams[i], dgrams[i].len))
            break;
        uint8_t *at = queue_room(e, dgrams[i].len);
        if (at == NULL)
            break;
        if (dgrams[i].len != 0)
            memcpy(at, dgrams[i].data, dgrams[i].len);
        queue_add(e, &dgrams[i], at, dgrams[i].len);
    }
    return i;
}

/* ---- The rest of the table ------------------------------------------------------- */

/* Asks the kernel's routes, which know the path's MTU: by a socket of its own. */
static size_t endpoint_mtu(struct tern_endpoint *ep, const struct tern_endpoint_addr *peer)
{
    struct sockaddr_storage to;
    int family = tern_addr_is_v4(&peer->addr) ? AF_INET : AF_INET6, mtu = 0;
    socklen_t len = sizeof mtu, to_len = tern_unix_sockaddr(peer, family, &to);
    int headers = family == AF_INET ? 28 : 48;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)ep;
    if (fd >= 0) {
        if (connect(fd, (struct sockaddr *)&to, to_len) != 0 ||
            getsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
                       family == AF_INET ? IP_MTU : IPV6_MTU, &mtu, &len) != 0)
            mtu = 0;
        close(fd);
    }
    if (mtu <= headers)
        mtu = family == AF_INET ? 576 : 1280;    /* what every host takes */
    return (size_t)(mtu - headers < 65507 ? mtu - headers : 65507);
}

static void endpoint_local(struct tern_endpoint *ep, struct tern_endpoint_addr *addr)
{
    *addr = endpoint_of(ep)->local;
}

static enum tern_err endpoint_join(struct tern_endpoint *ep, const struct tern_addr *group,
                                   uint16_t link, bool leave)
{
    struct tern_socket_endpoint *e = endpoint_of(ep);

    if (tern_addr_is_v4(group)) {
        struct ip_mreqn mreq = { .imr_ifindex = link };
        memcpy(&mreq.imr_multiaddr, group->octets + 12, 4);
        if (setsockopt(e->fd, IPPROTO_IP, leave ? IP_DROP_MEMBERSHIP : IP_ADD_MEMBERSHIP, &mreq,
                       sizeof mreq) == 0)
            return TERN_OK;
    } else {
        struct ipv6_mreq mreq = { .ipv6mr_interface = link };
        memcpy(&mreq.ipv6mr_multiaddr, group->octets, 16);
        if (setsockopt(e->fd, IPPROTO_IPV6, leave ? IPV6_LEAVE_GROUP : IPV6_JOIN_GROUP, &mreq,
                       sizeof mreq) == 0)
            return TERN_OK;
    }
    return errno == ENODEV ? TERN_UNREACHABLE : tern_unix_err(errno);
}

static void endpoint_close(struct tern_endpoint *ep)
{
    struct tern_socket_endpoint *e = endpoint_of(ep);
    struct tern_sockets *s = e->sockets;

    if (s->arena->reserved_by == e)
        s->arena->reserved_by = NULL;
    queue_flush(s);
    for (size_t i = 0; i < s->arena->n_queue; i++)
        if (s->arena->queue[i].endpoint == e)
            s->arena->queue[i].endpoint = NULL;
    if (e->ready) {
        struct tern_socket_endpoint **at = &s->ready_first;
        while (*at != e)
            at = &(*at)->ready_next;
        *at = e->ready_next;
        s->ready_last = &s->ready_first;
        while (*s->ready_last != NULL)
            s->ready_last = &(*s->ready_last)->ready_next;
    }
    tern_unix_loop_unwatch(s->loop, &e->watch);
    close(e->fd);
    e->fd = -1;
    e->ready = false;
    e->next = s->free_endpoints;
    s->free_endpoints = e;
}

static const struct tern_endpoint_ops endpoint_ops = {
    .send = endpoint_send, .reserve = endpoint_reserve, .commit = endpoint_commit,
    .mtu = endpoint_mtu, .local = endpoint_local, .join = endpoint_join,
    .close = endpoint_close,
};

/* ---- Visits ------------------------------------------------------------------------ */

static void endpoint_visit(struct tern_socket_endpoint *e)
{
    /* An event may close the endpoint: fd says so, its struct is the host's. */
    if (e->failed) {
        e->failed = false;
        for (size_t i = 0; i < DGRAM_BATCH && e->fd >= 0; i++)
            if (!endpoint_fail_one(e))
                break;
    }
    if (e->fd >= 0 && e->readable)
        endpoint_receive(e);
    if (e->fd >= 0 && e->wants_room && !e->blocked) {
        e->wants_room = false;
        queue_flush(e->sockets);
        if (e->endpoint.events != NULL && e->endpoint.events->room != NULL)
            e->endpoint.events->room(&e->endpoint);
    }
    if (e->fd >= 0 && (e->readable || e->failed))
        endpoint_ready(e);
}

static size_t dgrams_visit(struct tern_provider *provider, size_t n)
{
    struct tern_sockets *s = TERN_CONTAINER_OF(provider, struct tern_sockets, dgrams);
    size_t i = 0;

    for (; i < n && s->ready_first != NULL; i++) {
        struct tern_socket_endpoint *e = s->ready_first;
        s->ready_first = e->ready_next;
        if (s->ready_first == NULL)
            s->ready_last = &s->ready_first;
        e->ready = false;
        endpoint_visit(e);
    }
    return i;
}

static void dgrams_send(struct tern_provider *provider)
{
    queue_flush(TERN_CONTAINER_OF(provider, struct tern_sockets, dgrams));
}

static const struct tern_provider_ops dgrams_ops = { .visit = dgrams_visit, .send = dgrams_send };

/* ---- Opening ------------------------------------------------------------------------ */

static void endpoint_ask(int fd, int family)
{
    int one = 1;
    (void)setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one);
    if (family != AF_INET6)
        return;
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof one);
}

static int endpoint_socket(const struct tern_endpoint_addr *local, int family,
                           struct tern_endpoint_addr *bound)
{
    struct sockaddr_storage name;
    int zero = 0, fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
    socklen_t len = tern_unix_sockaddr(local, family, &name);

    if (fd < 0)
        return -1;
    if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    endpoint_ask(fd, family);
    if (bind(fd, (struct sockaddr *)&name, len) != 0) {
        int number = errno;
        close(fd);
        errno = number;
        return -1;
    }
    len = sizeof name;
    (void)getsockname(fd, (struct sockaddr *)&name, &len);
    tern_unix_sockaddr_load(&name, bound);
    return fd;
}

enum tern_err tern_sockets_endpoint_open(struct tern_host *host,
                                         const struct tern_endpoint_addr *local,
                                         const struct tern_endpoint_events *events, void *user,
                                         struct tern_endpoint **endpoint)
{
    struct tern_sockets *s = tern_sockets_of(host);
    struct tern_socket_endpoint *e = s->free_endpoints;
    struct tern_endpoint_addr bound;
    int family = tern_addr_is_v4(&local->addr) ? AF_INET : AF_INET6;

    *endpoint = NULL;
    if (s->core.sealed && !tern_host_core_may_connect(&s->core))
        return TERN_REFUSED;
    if (e == NULL)
        return TERN_FULL;
    int fd = endpoint_socket(local, family, &bound);
    if (fd < 0 && tern_addr_is_any(&local->addr) &&
        (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
        fd = endpoint_socket(local, family = AF_INET, &bound);
    if (fd < 0)
        return tern_unix_err(errno);
    s->free_endpoints = e->next;
    *e = (struct tern_socket_endpoint){
        .endpoint = { .ops = &endpoint_ops, .events = events, .user = user },
        .watch.ready = endpoint_watched, .sockets = s, .local = bound, .fd = fd,
        .family = family };
    if (tern_unix_loop_watch(s->loop, &e->watch, fd,
                             TERN_UNIX_READ | TERN_UNIX_WRITE | TERN_UNIX_EDGE) != TERN_OK) {
        endpoint_close(&e->endpoint);
        return TERN_FULL;
    }
    *endpoint = &e->endpoint;
    return TERN_OK;
}

void tern_sockets_dgrams_init(struct tern_sockets *s)
{
    for (size_t i = s->n_endpoints; i-- > 0;) {
        s->endpoints[i].fd = -1;
        s->endpoints[i].next = s->free_endpoints;
        s->free_endpoints = &s->endpoints[i];
    }
    s->ready_last = &s->ready_first;
    tern_provider_init(&s->dgrams, s->core.host.turn, &dgrams_ops);
}

void tern_sockets_dgrams_stop(struct tern_sockets *s)
{
    for (size_t i = 0; i < s->n_endpoints; i++)
        if (s->endpoints[i].fd >= 0)
            endpoint_close(&s->endpoints[i].endpoint);
    tern_provider_leave(&s->dgrams);
}
