/* SPDX-License-Identifier: ISC */
/*
 * UDP (RFC 768) as a part of libnet: endpoints (dgram.h) over the network layers of a
 * stack. tern/net.h includes this.
 *
 * List tern_udp with a placed struct tern_udp among the stack's parts. An endpoint is
 * the library's from tern_udp_open until tern_endpoint_close:
 *
 *     static struct tern_udp_endpoint endpoints[16];
 *     static struct tern_udp udp = { .config = { .endpoints = endpoints,
 *                                                .n_endpoints = 16 } };
 *     struct tern_endpoint_addr local = { .port = 7 };
 *     ...
 *     err = tern_udp_open(&net, &local, &events, NULL, &ep);
 */
#ifndef TERN_UDP_H
#define TERN_UDP_H

#include <tern/net.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const struct tern_net_part tern_udp;    /* struct tern_udp */

/* An endpoint; members are the library's. */
struct tern_udp_endpoint {
    struct tern_endpoint endpoint;
    struct tern_net *net;
    struct tern_endpoint_addr local;
    struct tern_rx *rx_first, *rx_last;          /* lent datagrams that wait for the visit */
    struct tern_block *kept_first, *kept_last;   /* copied ones that outlived their turn */
    uint32_t ready_next, wait_next, lent_next;
    uint32_t hash_next, n_kept;
    uint32_t flags, generation;
    uint32_t n_sent_keys;
    uint32_t sent_keys[8];                       /* keyed hashes of recent peers, for ICMP errors */
    struct { struct tern_addr group; uint16_t link; } groups[4];
    struct { enum tern_err why; struct tern_endpoint_addr peer; } error;
    struct tern_endpoint_addr path_dst;          /* the peer that was written to last */
    struct tern_net_path path;
    uint32_t *wait_list;                         /* that it has joined, or NULL */
    struct tern_endpoint_addr reserved_peer;
    uint32_t reserved_cap;
    struct tern_block *reserved_block;
    uint64_t reserved_state[32];                 /* an open reservation */
};

/* in_dgrams counts all; each that is not delivered is in one other in_ counter. */
struct tern_udp_stats {
    uint64_t in_dgrams, in_delivered, out_dgrams;
    uint64_t in_no_port, in_short, in_bad_len, in_bad_checksum, in_no_room, in_port_zero;
    uint64_t in_closed;                          /* its endpoint was closed before the visit */
    uint64_t out_full, out_refused;              /* no room for now; cannot be sent at all */
    uint64_t errors_in, errors_unmatched, errors_lost;
};

struct tern_udp_config {
    struct tern_udp_endpoint *endpoints;         /* placed */
    size_t n_endpoints;
    uint32_t max_kept;                           /* datagrams kept for an endpoint; 0: 16 */
};

/* The context of part tern_udp. */
struct tern_udp {
    struct tern_udp_config config;
    struct tern_net *net;
    uint32_t free_first, lent_first, lent_last;
    uint8_t key[16];
    uint8_t slot;
    /* set when the first endpoint is opened that is not a client's of the stack's own */
    void (*error)(struct tern_net *net, struct tern_udp *udp,
                  const struct tern_net_error *error);
    uint16_t (*port_choose)(struct tern_net *net, struct tern_udp *udp,
                            const struct tern_endpoint_addr *local);
    uint32_t buckets[64];                        /* by port */
    struct tern_udp_stats stats;
    uint64_t reserved[14];
};

/*
 * Opens an endpoint on local (any address; port 0: a free one, unpredictable).
 * TERN_FULL: none left, TERN_REFUSED: the port is taken, TERN_UNSUPPORTED: the
 * family, TERN_INVALID: not an address of ours.
 */
enum tern_err tern_udp_open(struct tern_net *net, const struct tern_endpoint_addr *local,
                            const struct tern_endpoint_events *events, void *user,
                            struct tern_endpoint **ep);
const struct tern_udp_stats *tern_udp_stats(const struct tern_net *net);

/* For other languages: the octets of what a caller places. */
size_t tern_udp_size(void);
size_t tern_udp_endpoint_size(void);

#ifdef __cplusplus
}
#endif

#endif
