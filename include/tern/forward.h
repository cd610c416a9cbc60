/* SPDX-License-Identifier: ISC */
/*
 * Forwarding between links as a part of a stack (net.h): RFC 1812, RFC 8200 and
 * what of RFC 8504 is a router's. Off until tern_forward_link says otherwise of
 * a link; an image that does not list the part has none of it.
 *
 *     static struct tern_forward forward = { .config = { .ipv4 = &tern_forward_ipv4,
 *                                                        .ipv6 = &tern_forward_ipv6,
 *                                                        .allow = policy } };
 *     ... { &tern_forward, &forward } among the parts of tern_net_init, and then
 *     err = tern_forward_link(&net, 0, TERN_FORWARD_IPV4 | TERN_FORWARD_IPV6);
 *     err = tern_forward_link(&net, 1, TERN_FORWARD_IPV4 | TERN_FORWARD_IPV6);
 *
 * A packet that is for no address of ours goes on by the table of routes if the
 * link it came by and the one it leaves by both forward its family. Nothing is
 * forwarded from or to loopback, link-local, multicast, unspecified, broadcast
 * or reserved addresses, nor what came in a frame for many; IPv4's source routes
 * are refused. Hop limits go down, what is too long is answered or, of IPv4,
 * cut; super-frames leave as such by a link that has the offload, and else in
 * their segments. Errors go out at the rate of the stack's other ones. No
 * redirects are sent, no routers' advertisements, and nothing is answered for
 * addresses that are not ours.
 */
#ifndef TERN_FORWARD_H
#define TERN_FORWARD_H

#include <tern/net.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const struct tern_net_part tern_forward;    /* struct tern_forward */

/* A family that is forwarded: it is linked with what it needs of its network layer. */
struct tern_forward_family;
#define TERN_FORWARD_ID 0x100u    /* the part's, above all protocol numbers */
extern const struct tern_forward_family tern_forward_ipv4, tern_forward_ipv6;

/* ---- Policy ----------------------------------------------------------------- */

enum tern_forward_verdict {
    TERN_FORWARD_PASS,
    TERN_FORWARD_DROP,      /* nobody hears of it */
    TERN_FORWARD_REJECT,    /* its sender does: ICMP, administratively prohibited */
};

#define TERN_FORWARD_UNKNOWN 255u    /* a protocol behind headers that we cannot see past */

/*
 * A packet as the policy sees it; lent for the call. Of a first fragment the
 * whole transport header is there (RFC 1858, RFC 7112: others are dropped before);
 * a later one has none: its ports are 0 and l4 is NULL.
 */
struct tern_forward_packet {
    struct tern_addr src, dst;
    const uint8_t *l3;          /* the network header */
    const uint8_t *l4;          /* the transport header, or NULL */
    size_t l4_len;              /* octets that may be read there */
    size_t len;                 /* of the packet; of a super-frame all of it */
    uint16_t src_port, dst_port;    /* of TCP and UDP; in host order, else 0 */
    uint8_t protocol;           /* of the transport, past extension headers */
    uint8_t hop_limit;          /* as it came */
    bool later_fragment;
};

/* Runs in input, for each packet: it may not call the stack. Links by number. */
typedef enum tern_forward_verdict tern_forward_allow_fn(void *arg, uint8_t in_link,
                                                        uint8_t out_link,
                                                        const struct tern_forward_packet *pkt);

/* ---- Counters ----------------------------------------------------------------- */

/*
 * `in` counts what was for others and came by a link that forwards its family;
 * each of these is in one of passed, waiting and those from bad_source on.
 */
struct tern_forward_stats {
    uint64_t in;
    uint64_t passed, passed_octets;      /* packets, a super-frame being one; from their headers */
    uint64_t segments, fragments;        /* made of super-frames; made of packets of IPv4 */
    uint64_t super_frames;               /* that left as such */
    uint64_t waiting;                    /* now, for a neighbour's answer */
    uint64_t bad_source;                 /* never a packet's that is forwarded */
    uint64_t wrong_way;                  /* its source is not behind that link */
    uint64_t link_group;                 /* came in a frame for many */
    uint64_t cut;                        /* not all of the transport header (RFC 1858) */
    uint64_t expired;                    /* hop limit: answered */
    uint64_t no_route;                   /* answered */
    uint64_t denied, rejected;           /* by the policy; rejected are answered */
    uint64_t too_big;                    /* answered */
    uint64_t no_neighbour;               /* it did not answer: we do */
    uint64_t waiting_full;               /* too many wait, or it is too long to */
    uint64_t full;                       /* the driver had no slot */
    uint64_t bad_offload;                /* a super-frame or sum that cannot be what is said */
};

/* ---- The part ----------------------------------------------------------------- */

struct tern_forward_config {
    const struct tern_forward_family *ipv4, *ipv6;    /* NULL: not forwarded */
    tern_forward_allow_fn *allow;                     /* NULL: all may pass */
    void *arg;
};

/* A packet that waits for a neighbour; members are the library's. */
#define TERN_FORWARD_WAITING 32u
struct tern_forward_held {
    struct tern_block *block;
    struct tern_addr src, dst;
    uint32_t next;              /* index plus one; 0 ends a list */
    uint16_t len, l3_len;
    uint8_t in_link, network, protocol, csum;
    bool failed;
};

#define TERN_FORWARD_PATHS 16u

/* The context of part tern_forward: set config, the rest is the library's. */
struct tern_forward {
    struct tern_forward_config config;
    struct tern_forward_stats stats;
    struct tern_net *net;
    struct { struct tern_addr dst; struct tern_net_path path; } paths[TERN_FORWARD_PATHS];
    struct tern_forward_held held[TERN_FORWARD_WAITING];
    uint32_t held_free, due_first, due_last;
    uint8_t slot;                       /* among the stack's transports */
    uint8_t flags[TERN_NET_LINKS];
    uint64_t reserved[8];
};

#define TERN_FORWARD_IPV4 0x01u
#define TERN_FORWARD_IPV6 0x02u
/* Of what comes by this link: drop what would not go back by it (RFC 3704, strict). */
#define TERN_FORWARD_CHECK_SOURCE 0x04u
/*
 * Our addresses of other links are taken on this one too (RFC 1122's weak model,
 * as RFC 1812 has routers do). Of the stack as soon as one link has it: what is
 * sent from an address of ours may then leave by any link.
 */
#define TERN_FORWARD_ANY_ADDRESS 0x08u

/*
 * Says what link number `link` forwards, in and out; 0: nothing, as before the
 * first call. A link that forwards IPv6 joins the group of all routers, and its
 * advertisements of itself say that it is one. TERN_INVALID: no such link or
 * flags, or a family without its table in config; TERN_UNSUPPORTED: this stack
 * has no such part or family; TERN_FULL: no room for a group.
 */
enum tern_err tern_forward_link(struct tern_net *net, uint8_t link, unsigned flags);

/* The counters (tern_net_metrics has them with names), or NULL: this stack has none. */
const struct tern_forward_stats *tern_forward_stats(const struct tern_net *net);

/* The octets of what a caller places, for other languages. */
size_t tern_forward_size(void);

#ifdef __cplusplus
}
#endif

#endif
