/* SPDX-License-Identifier: ISC */
/*
 * UDP's files among themselves. Reading order: udp_wire.c, udp.c (endpoints),
 * udp_input.c (received datagrams and errors), udp_output.c.
 */
#ifndef TERN_NET_UDP_INTERNAL_H
#define TERN_NET_UDP_INTERNAL_H

#include "net_internal.h"
#include "udp_wire.h"

#pragma GCC visibility push(hidden)

/*
 * READY and LENT say that the endpoint is on the stack's list of news and on
 * UDP's list of those with lent frames; they outlive a close, since a list is
 * not searched for one that leaves.
 */
enum {
    UDP_OPEN = 1 << 0,
    UDP_READY = 1 << 1,
    UDP_LENT = 1 << 2,
    UDP_ROOM = 1 << 3,       /* `room` is to be called */
    UDP_ERROR = 1 << 4,      /* `failed` is to be called */
    UDP_RESERVED = 1 << 5,
};

static inline struct tern_udp_endpoint *udp_endpoint_of(struct tern_endpoint *ep)
{
    return TERN_CONTAINER_OF(ep, struct tern_udp_endpoint, endpoint);
}

static inline uint32_t udp_index(const struct tern_udp *udp, const struct tern_udp_endpoint *ep)
{
    return (uint32_t)(ep - udp->config.endpoints);
}

/* 0.0.0.0 means any address as well: of IPv4. */
static inline bool udp_addr_any_v4(const struct tern_addr *a)
{
    return tern_addr_is_v4(a) && tern_addr_to_v4(a) == 0;
}

static inline bool udp_addr_any(const struct tern_addr *a)
{
    return tern_addr_is_any(a) || udp_addr_any_v4(a);
}

/* What remembers a peer that was written to: 32 bits of a keyed hash, never 0. */
uint32_t tern_udp_peer_key(const struct tern_udp *udp, const struct tern_addr *addr,
                           uint16_t port);

void tern_udp_ready(struct tern_udp *udp, struct tern_udp_endpoint *ep);

/* Received: the transport's entry points. */
void tern_udp_input(struct tern_net *net, void *context, const struct tern_net_packet *pkt);
void tern_udp_error(struct tern_net *net, struct tern_udp *udp,
                    const struct tern_net_error *error);
void tern_udp_visit(struct tern_net *net, void *context, uint32_t index);
void tern_udp_put_away(struct tern_net *net, void *context);

/* Drops what has been received and not yet delivered. */
void tern_udp_received_drop(struct tern_udp *udp, struct tern_udp_endpoint *ep);

/* Sending: an endpoint's calls. */
size_t tern_udp_send(struct tern_endpoint *endpoint, const struct tern_dgram *dgrams, size_t n);

/* The same of datagrams that are not several in one. */
size_t tern_udp_client_send(struct tern_endpoint *endpoint, const struct tern_dgram *dgrams,
                            size_t n);
uint8_t *tern_udp_reserve(struct tern_endpoint *endpoint, const struct tern_dgram *to,
                          size_t least, size_t *room);
void tern_udp_commit(struct tern_endpoint *endpoint, size_t len);
size_t tern_udp_mtu(struct tern_endpoint *endpoint, const struct tern_endpoint_addr *peer);
void tern_udp_wake(struct tern_net *net, void *context, uint32_t *list, enum tern_err why);
void tern_udp_wait_leave(struct tern_udp *udp, struct tern_udp_endpoint *ep);

#pragma GCC visibility pop

#endif
