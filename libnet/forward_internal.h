/* SPDX-License-Identifier: ISC */
/*
 * Forwarding's files among themselves. Reading order: forward.c (the part, what
 * goes where), forward_wait.c (for neighbours), forward_output.c (slots, sums,
 * segments), forward4.c, forward6.c (what differs).
 */
#ifndef TERN_NET_FORWARD_INTERNAL_H
#define TERN_NET_FORWARD_INTERNAL_H

#include <tern/forward.h>

#include "ip_internal.h"

#pragma GCC visibility push(hidden)

/* A packet on its way through. */
struct forward_job {
    struct tern_forward *f;
    const struct tern_forward_family *family;
    void *context;                   /* of the network layer */
    struct tern_ip *ip;
    struct tern_net_packet *pkt;     /* as it came */
    size_t total_len;                /* from the network header on */
    size_t hdr_len;                  /* of that, before the transport's header */
    uint8_t protocol;                /* the transport's, or TERN_FORWARD_UNKNOWN */
    bool fragment, later;            /* one of several; not the first of them */
    bool is_bad;                     /* a fragment that begins in TCP's header, or ends too far */
    uint8_t out_link;
};

enum forward_error {
    FORWARD_EXPIRED, FORWARD_NO_ROUTE, FORWARD_NO_NEIGHBOUR, FORWARD_PROHIBITED,
    FORWARD_TOO_BIG, FORWARD_BEYOND_SCOPE, FORWARD_N_ERRORS
};

enum forward_scope { FORWARD_GOOD, FORWARD_BAD_SOURCE, FORWARD_BAD_DST, FORWARD_SOURCE_BEYOND };

/* Headers with room for what is in a frame's first span, whatever it is. */
#define FORWARD_HDR_CAP 256u

/*
 * What leaves: headers that were changed, and the octets behind them as they
 * stand in the frame. hdr holds the network header and the first octets of the
 * rest, if they matter.
 */
struct forward_cut {
    const struct forward_job *job;
    const uint8_t *mac;
    uint8_t hdr[FORWARD_HDR_CAP];
    size_t l3_len, hdr_len;          /* l3_len: without extension headers */
    size_t data_off, data_len;       /* in the frame, behind hdr */
    uint8_t csum_off;                /* of the sum's field in the transport's header */
    bool sum_due;                    /* the field holds the pseudo-header's sum */
};

struct tern_forward_family {
    uint16_t ethertype;
    uint8_t flag;                    /* TERN_FORWARD_IPV4, _IPV6 */
    const struct tern_net_part *part;
    enum tern_err (*group)(void *context, uint8_t link, bool leave);    /* of routers; or NULL */
    struct tern_ip *(*ip)(void *context);
    bool (*is_used)(const void *context, uint8_t link);    /* has the link an address? */
    enum forward_scope (*scope)(const struct tern_net *net, const void *context,
                                const struct tern_net_packet *pkt);
    void (*transport_find)(struct forward_job *job);    /* hdr_len to is_bad, of job */
    uint16_t (*link_mtu)(const struct tern_net *net, const void *context, uint8_t link);
    void (*error)(const struct forward_job *job, enum forward_error what, uint16_t mtu);
    void (*hop)(uint8_t *l3);        /* the hop limit less one */

    /* Segment nth of those that a packet is cut into has so many octets. */
    void (*len_set)(uint8_t *l3, size_t l3_len, size_t total_len, size_t nth);
    uint32_t (*pseudo_sum)(const uint8_t *l3, size_t l4_len, uint8_t protocol);
    bool (*may_cut)(const uint8_t *l3);

    /* Sends it in fragments; NULL: what may_cut always says no to. */
    enum tern_err (*fragments)(struct forward_cut *cut, size_t mtu);
};

static inline struct tern_link *forward_link(const struct tern_net *net, uint8_t link)
{
    return net->links[link].link;
}

/* ---- forward.c ---- */

/* The packet's neighbour, by route or as found before. As tern_neigh_resolve. */
enum tern_err tern_forward_way(struct forward_job *job, struct tern_neighbour **n);

/* Fills in what follows from pkt: family, transport. False: no family of ours. */
bool tern_forward_job_init(struct forward_job *job, struct tern_forward *f,
                           struct tern_net_packet *pkt);

/* ---- forward_wait.c ---- */

void tern_forward_held_init(struct tern_forward *f);

/* Copies the packet until n has answered. False: there is no room; counted. */
bool tern_forward_hold(struct forward_job *job, struct tern_neighbour *n);

/* struct tern_net_transport_ops' wake and send. */
void tern_forward_wake(struct tern_net *net, void *context, uint32_t *list, enum tern_err why);
void tern_forward_held_run(struct tern_net *net, void *context);

/* ---- forward_output.c ---- */

/* Sends the packet to a neighbour's MAC, as it fits the link. Counts what becomes of it. */
void tern_forward_output(struct forward_job *job, const uint8_t mac[6]);

/* Sends len octets from offset `from` behind the network header, with this one before them. */
enum tern_err tern_forward_piece(struct forward_cut *cut, const uint8_t *l3, size_t l3_len,
                                 size_t from, size_t len);

#pragma GCC visibility pop

#endif
