/* SPDX-License-Identifier: ISC */
/*
 * Datagrams in batches, both ways: UDP of libnet and of the kernel.
 *
 * A provider's endpoint has a struct tern_endpoint as its first member. It is
 * opened by tern_endpoint_open (host.h) or tern_udp_open (net.h) and lives
 * until tern_endpoint_close. Events run in visits, as with streams (stream.h);
 * calls are legal in any event and outside a turn.
 *
 * An echo, answers written in place:
 *
 *     static void echo(struct tern_endpoint *ep, struct tern_dgram *in, size_t n)
 *     {
 *         for (size_t i = 0; i < n; i++) {
 *             size_t room;
 *             uint8_t *out = tern_endpoint_reserve(ep, &in[i], in[i].len, &room);
 *             if (out == NULL)
 *                 return;
 *             memcpy(out, in[i].data, in[i].len);
 *             tern_endpoint_commit(ep, in[i].len);
 *         }
 *     }
 */
#ifndef TERN_DGRAM_H
#define TERN_DGRAM_H

#include <tern/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TERN_DGRAM_DONT_FRAGMENT 0x01u
#define TERN_DGRAM_MULTICAST 0x02u    /* it came to a multicast or broadcast address */
#define TERN_DGRAM_TRUNCATED 0x04u    /* it was longer than what is shown */

struct tern_dgram {
    struct tern_endpoint_addr peer;     /* from whom, or to whom */
    struct tern_endpoint_addr local;    /* where it came to, or leaves from; 0: choose */
    uint8_t ecn;                        /* the two ECN bits */
    uint8_t hop_limit;                  /* 0 when sending: the default */
    uint8_t flags;                      /* TERN_DGRAM_* */
    uint8_t reserved;
    uint16_t link;                      /* index plus one; 0: any */
    uint16_t seg_len;                   /* not 0: several datagrams of that size in data */
    uint8_t *data;
    size_t len;
};

struct tern_endpoint;

struct tern_endpoint_ops {
    size_t (*send)(struct tern_endpoint *ep, const struct tern_dgram *dgrams, size_t n);
    uint8_t *(*reserve)(struct tern_endpoint *ep, const struct tern_dgram *to, size_t least,
                        size_t *room);
    void (*commit)(struct tern_endpoint *ep, size_t len);
    size_t (*mtu)(struct tern_endpoint *ep, const struct tern_endpoint_addr *peer);
    void (*local)(struct tern_endpoint *ep, struct tern_endpoint_addr *addr);
    enum tern_err (*join)(struct tern_endpoint *ep, const struct tern_addr *group, uint16_t link,
                          bool leave);
    void (*close)(struct tern_endpoint *ep);
};

struct tern_endpoint_events {
    /* n >= 1 datagrams, lent until the callback returns; their data may be overwritten. */
    void (*received)(struct tern_endpoint *ep, struct tern_dgram *dgrams, size_t n);

    /* There is room again after a send or reserve that was cut short. */
    void (*room)(struct tern_endpoint *ep);

    /*
     * An ICMP error about a datagram that this endpoint sent: quoted->peer is
     * whom it was for, data what was quoted of it (may be empty). Checked as
     * RFC 5927 advises. why: UNREACHABLE, REFUSED (port), FULL (too big: ask mtu).
     */
    void (*failed)(struct tern_endpoint *ep, const struct tern_dgram *quoted, enum tern_err why);
};

struct tern_endpoint {
    const struct tern_endpoint_ops *ops;
    const struct tern_endpoint_events *events;    /* entries may be NULL: dropped */
    void *user;
};

/*
 * Sends up to n datagrams (read); returns how many went or were taken. Fewer:
 * the rest found no room and `room` will come, or the first of the rest cannot
 * be sent at all (no way, too long), which the provider has counted.
 */
static inline size_t tern_endpoint_send(struct tern_endpoint *ep, const struct tern_dgram *dgrams,
                                        size_t n)
{
    return ep->ops->send(ep, dgrams, n);
}

/*
 * Lends room for one datagram to to->peer from to->local: at least `least`
 * octets, *room says how many. NULL as with send's shortfall. One at a time;
 * commit it, or commit 0 to give it back.
 */
static inline uint8_t *tern_endpoint_reserve(struct tern_endpoint *ep, const struct tern_dgram *to,
                                             size_t least, size_t *room)
{
    return ep->ops->reserve(ep, to, least, room);
}

static inline void tern_endpoint_commit(struct tern_endpoint *ep, size_t len)
{
    ep->ops->commit(ep, len);
}

/* The longest payload to this peer that is not fragmented, as far as is known. */
static inline size_t tern_endpoint_mtu(struct tern_endpoint *ep,
                                       const struct tern_endpoint_addr *peer)
{
    return ep->ops->mtu(ep, peer);
}

/* The address it is bound to; its port is never 0. */
static inline void tern_endpoint_local(struct tern_endpoint *ep, struct tern_endpoint_addr *addr)
{
    ep->ops->local(ep, addr);
}

/* Joins (or leaves) a multicast group on a link (index plus one; 0: the default). */
static inline enum tern_err tern_endpoint_join(struct tern_endpoint *ep,
                                               const struct tern_addr *group, uint16_t link,
                                               bool leave)
{
    return ep->ops->join(ep, group, link, leave);
}

/* Closes it at once; no event comes after this call. */
static inline void tern_endpoint_close(struct tern_endpoint *ep)
{
    ep->ops->close(ep);
}

#ifdef __cplusplus
}
#endif

#endif
