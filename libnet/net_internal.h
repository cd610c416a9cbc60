/* SPDX-License-Identifier: ISC */
/*
 * Between libnet's core, its network layers, its transports and its clients.
 *
 * Reading order: net.c (init, turns, the list of news), net_link.c (slots,
 * flushing, waiters), net_group.c, net_route.c, net_packet.c, eth_wire.h,
 * eth.c; ip_internal.h, which has what both network layers share;
 * ipv4_internal.h, ipv6_internal.h; udp_wire.c, udp.c, udp_input.c,
 * udp_output.c; dhcp4_wire.c, dhcp4.c; then tcp_internal.h.
 *
 * The life of a frame. net_input hands each frame of the batch to its network
 * layer, which checks the header and makes a struct tern_net_packet; its
 * transport checks its own, updates its state and threads the frame (by
 * rx->scratch) on the object it belongs to, which joins the stack's list of
 * news. Then the turn visits these objects in order; at its end `send` first
 * has every transport put away what was lent (copying to blocks what is still
 * wanted), then send, then flushes the links.
 */
#ifndef TERN_NET_INTERNAL_H
#define TERN_NET_INTERNAL_H

#include <tern/net.h>

#include <string.h>

#pragma GCC visibility push(hidden)

#define ETH_HDR_LEN 14u

/* ---- A received packet -------------------------------------------------- */

/* An IP packet whose headers are checked; lent like the frame it is in. */
struct tern_net_packet {
    struct tern_rx *rx;
    struct tern_addr src, dst;
    const uint8_t *l4;       /* the transport's header, in the frame's first span */
    size_t l4_contig;        /* octets of the packet that lie there in one run */
    size_t l4_off;           /* of l4, from the frame's first octet */
    size_t l4_len;           /* transport header and payload; the frame has them all */
    const uint8_t *l3;       /* the network header, for ICMP errors; l3_len octets to l4 */
    size_t l3_len;
    bool fragmented;         /* it came in fragments, of IPv6 also in one that is all of it */
    bool alert;              /* there was a Router Alert (IPv6) */
    uint8_t network;         /* slot of the network layer */
    uint8_t link;
    uint8_t protocol, ttl, ecn;
    bool multicast;          /* sent to a multicast or broadcast address (either layer) */
    bool transit;            /* for no address of ours: it is forwarded */
};

/* What net->forward says of a packet that is for no address of the link it came by. */
enum net_forwarded {
    NET_NOT_FORWARDED,       /* it is to be dropped, and counted */
    NET_FORWARDED,           /* its part has it, and has counted it */
    NET_IS_OURS,             /* another link's address, that is taken here too */
};

/*
 * Is the transport checksum good? By what the driver says, else by summing all
 * spans with the pseudo-header (RFC 9293 section 3.1).
 */
bool tern_net_packet_sum_ok(const struct tern_net *net, const struct tern_net_packet *pkt);

/* ---- Sending ------------------------------------------------------------ */

struct tern_net_out {
    /* in */
    const struct tern_addr *src, *dst;    /* src is ours; see ops->source */
    struct tern_net_path *path;           /* may be updated */
    uint8_t protocol;
    uint8_t ttl;                          /* 0: the default */
    uint8_t tos;                          /* DSCP and ECN */
    bool dont_fragment;                   /* for TCP nearly always */
    uint8_t transport;                    /* slot of the caller, for wait */
    uint16_t scope;                       /* only by this link: index plus one; 0: by route */
    /* out, when begin returned TERN_OK */
    struct tern_tx tx;                    /* csum and gso members are the caller's to fill */
    struct tern_link *link;
    uint8_t *l4;                          /* where the transport header goes */
    size_t l4_cap;                        /* octets there: at least what was asked for */
    uint16_t l4_off;                      /* of l4 in the frame, for csum_start, hdr_len */
    uint32_t pseudo;                      /* sum of the pseudo-header without the length */
    /* out, when begin returned TERN_FULL or TERN_AGAIN */
    uint32_t *wait;                       /* the list to join: ops->wake names it later */
    /* private to the network layer */
    uint64_t own[2];
};

/* An ICMP error about a packet that seems to be ours, its quote bounds-checked. */
struct tern_net_error {
    enum {
        TERN_NET_ERROR_UNREACHABLE,    /* net, host, administratively */
        TERN_NET_ERROR_PROTOCOL,       /* hard: protocol unreachable */
        TERN_NET_ERROR_PORT,           /* hard: port unreachable */
        TERN_NET_ERROR_TOO_BIG,        /* mtu says the next hop's */
        TERN_NET_ERROR_EXPIRED,        /* TTL or reassembly time */
        TERN_NET_ERROR_PARAMETER,
    } kind;
    struct tern_addr src, dst;    /* of the quoted packet: src is one of ours */
    const uint8_t *l4;            /* quoted octets of the transport, at least 8 */
    size_t l4_len;
    uint16_t mtu;
    uint8_t network, link;
};

/* A network layer: `ops` of a part with role NETWORK. */
struct tern_net_network_ops {
    uint8_t hdr_len;    /* without options */
    enum tern_err (*init)(struct tern_net *net, void *context);

    /* A frame with this EtherType; off is where its payload begins. Counts what it drops. */
    void (*input)(struct tern_net *net, void *context, uint8_t link, struct tern_rx *rx,
                  size_t off, bool to_group);

    /* Any other EtherType that belongs to it (ARP): true if it took the frame. */
    bool (*input_other)(struct tern_net *net, void *context, uint8_t link, struct tern_rx *rx,
                        size_t off, uint16_t ethertype, bool to_group);

    /* Is it of this family? */
    bool (*family)(const struct tern_addr *addr);

    /* Is it an address of ours, on this link (0xff: on any)? or_soon: or being asked after? */
    bool (*is_ours)(const struct tern_net *net, const void *context, const struct tern_addr *addr,
                    uint8_t link, bool or_soon);

    /* Can it be one host's? Not a group's, not a broadcast of one of our links. */
    bool (*is_host)(const struct tern_net *net, const void *context,
                    const struct tern_addr *addr);

    /* The source address for dst by route. TERN_UNREACHABLE: no way. */
    enum tern_err (*source)(struct tern_net *net, void *context, const struct tern_addr *dst,
                            uint16_t scope, struct tern_addr *src);

    /*
     * The path MTU to dst as far as known, from src by its link (not ours: by
     * route); 0: no route. Set: what ICMP said, checked above.
     */
    uint16_t (*mtu)(const struct tern_net *net, const void *context,
                    const struct tern_addr *src, const struct tern_addr *dst);
    void (*set_mtu)(struct tern_net *net, void *context, const struct tern_addr *dst,
                    uint16_t mtu);

    /*
     * Lends a slot behind its headers for l4_len octets. TERN_FULL: the driver
     * has none; TERN_AGAIN: the neighbour is being resolved (for both: join
     * out->wait, hold no packet); TERN_UNREACHABLE: no route, neighbour failed.
     */
    enum tern_err (*begin)(struct tern_net *net, void *context, struct tern_net_out *out,
                           size_t l4_len);

    /* Sends it with l4_len octets, or gives the slot back (0). tx.csum_partial etc. are set. */
    void (*commit)(struct tern_net *net, void *context, struct tern_net_out *out, size_t l4_len);

    /*
     * Sends one whole transport payload, of two runs of octets that follow each
     * other: a header and its data. It may have to be copied and kept for an
     * unresolved neighbour (at most as configured), or be fragmented when
     * out->dont_fragment is not set. For datagrams and ICMP.
     */
    enum tern_err (*send_parts)(struct tern_net *net, void *context, struct tern_net_out *out,
                                const struct tern_span parts[2]);

    /* Upper-layer progress confirms that the neighbour is alive. */
    void (*confirm)(struct tern_net *net, void *context, const struct tern_net_path *path);

    /* Answers a packet with an ICMP "port unreachable" (rate-limited, RFC 1122 3.2.2). */
    void (*port_unreachable)(struct tern_net *net, void *context,
                             const struct tern_net_packet *pkt);

    /* What tern_net_address_set and tern_net_auto do; NULL: not of this family. */
    enum tern_err (*address_set)(struct tern_net *net, uint8_t link,
                                 const struct tern_net_address *address);
    enum tern_err (*automatic)(struct tern_net *net, uint8_t link, unsigned flags);

    /* A route came or went: paths are to be looked up again. */
    void (*route_changed)(struct tern_net *net, void *context);

    /* The link's carrier, MAC or MTU changed; the turn ends (release what was lent in it). */
    void (*link_changed)(struct tern_net *net, void *context, uint8_t link);
    void (*turn_end)(struct tern_net *net, void *context);
};

/*
 * Groups that endpoints join, of one network layer: what reports them (IGMP) is
 * linked where tern_udp_open is.
 */
struct net_groups {
    uint16_t id;    /* the network layer's */
    void (*start)(struct tern_net *net);    /* the first endpoint is being opened */

    /*
     * Receives a multicast group on a link (index plus one; 0: the first that
     * has an address), or no longer. Bookkeeping of this host only.
     */
    enum tern_err (*join)(struct tern_net *net, void *context, const struct tern_addr *group,
                          uint16_t scope, bool leave);
};
extern const struct net_groups tern_net_groups_ipv4, tern_net_groups_ipv6;

/* Up to NULL, in an archive member of its own, as tern_net_names (net_metrics.h). */
extern const struct net_groups *const tern_net_groups[];

/* As tern_udp_open, for DHCP: it can send datagrams, one by one, and no more. */
enum tern_err tern_udp_client_open(struct tern_net *net, const struct tern_endpoint_addr *local,
                                   const struct tern_endpoint_events *events, void *user,
                                   struct tern_endpoint **ep);

/* A transport: `ops` of a part with role TRANSPORT. */
struct tern_net_transport_ops {
    enum tern_err (*init)(struct tern_net *net, void *context, uint8_t slot);

    /* A packet of this protocol. Checks, counts, updates state, threads the frame. */
    void (*input)(struct tern_net *net, void *context, const struct tern_net_packet *pkt);

    void (*error)(struct tern_net *net, void *context, const struct tern_net_error *error);

    /*
     * The objects on *list (their 32-bit links; the head is at list) may try
     * again (TERN_OK), or their neighbour did not answer (TERN_UNREACHABLE).
     * The transport empties the list.
     */
    void (*wake)(struct tern_net *net, void *context, uint32_t *list, enum tern_err why);

    /* One visit to object `index`, which is off the list of news before the call. */
    void (*visit)(struct tern_net *net, void *context, uint32_t index);

    /* The link word of object `index` in the list of news. */
    uint32_t *(*ready_link)(void *context, uint32_t index);

    /* The turn ends: keep (copy) what is still wanted of lent frames; then send what is due. */
    void (*put_away)(struct tern_net *net, void *context);
    void (*send)(struct tern_net *net, void *context);

    /* An address of ours is gone: what is bound to it ends with TERN_UNREACHABLE. */
    void (*address_lost)(struct tern_net *net, void *context, const struct tern_addr *addr);

    /* A link's MTU or offloads changed. */
    void (*link_changed)(struct tern_net *net, void *context, uint8_t link);
};

/* A client (DHCP): `ops` of a part with role CLIENT. The last three may be NULL. */
struct tern_net_client_ops {
    enum tern_err (*init)(struct tern_net *net, void *context);
    void (*link_changed)(struct tern_net *net, void *context, uint8_t link);

    /*
     * Another host has addr, which is asked after before it is used (RFC 5227,
     * RFC 4862 section 5.4.3), or is used and has just been defended.
     */
    void (*conflict)(struct tern_net *net, void *context, uint8_t link,
                     const struct tern_addr *addr);

    /* A router has advertised: managed 0x80, other configuration 0x40 (RFC 4861 section 4.2). */
    void (*router_said)(struct tern_net *net, void *context, uint8_t link, uint8_t ra_flags);

    /* DHCPv4 is granted an address, which is to be the link's; or has no answer so far. */
    void (*leased)(struct tern_net *net, void *context, uint8_t link, bool found);
};

/* ---- The core's services ------------------------------------------------ */

/*
 * Objects with news are named by a handle: (slot << 28) + index + 1, so 0 is
 * none; an object is on the list at most once (the transport keeps the flag).
 */
#define TERN_NET_HANDLE_SLOT_SHIFT 28
void tern_net_ready(struct tern_net *net, uint8_t transport, uint32_t index);

/* Something waits to be sent at the end of this turn. */
static inline void tern_net_worked(struct tern_net *net)
{
    tern_provider_worked(&net->provider);
}

/* Queues an event for the application. */
void tern_net_event(struct tern_net *net, enum tern_net_event event, uint8_t link,
                    const struct tern_addr *addr);

/* Of a part's context: all zero but the config, wherever it stands in it. */
static inline void tern_net_clear(void *context, size_t context_len, size_t config_off,
                                  size_t config_len)
{
    size_t behind = config_off + config_len;
    memset(context, 0, config_off);
    memset((uint8_t *)context + behind, 0, context_len - behind);
}

/* The context of a part in use, or NULL. */
void *tern_net_context(const struct tern_net *net, const struct tern_net_part *part);

/* The network layer for an address's family: its slot, or 0xff. */
uint8_t tern_net_network_of(const struct tern_net *net, const struct tern_addr *addr);

static inline const struct tern_net_network_ops *tern_net_network(const struct tern_net *net,
                                                                  uint8_t slot)
{
    return net->networks[slot].ops;
}

/*
 * A slot on a link for len octets behind an Ethernet header, which it writes;
 * *wait is set on TERN_FULL (transport 0xff: nobody waits, wait may be NULL).
 * The commit (len as in begin; 0 gives back) marks the link for the flush at
 * the end of the turn.
 */
enum tern_err tern_net_slot_begin(struct tern_net *net, uint8_t link, uint8_t transport,
                                  const uint8_t dst_mac[6], uint16_t ethertype, size_t len,
                                  struct tern_tx *tx, uint32_t **wait);
void tern_net_slot_commit(struct tern_net *net, uint8_t link, struct tern_tx *tx, size_t len);

/* For ipv4 when a transport's packet is complete: finds the transport, or false. */
bool tern_net_deliver(struct tern_net *net, const struct tern_net_packet *pkt);
bool tern_net_deliver_error(struct tern_net *net, uint8_t protocol,
                            const struct tern_net_error *error);

/* An address of ours went: tells transports and the application. */
void tern_net_address_lost(struct tern_net *net, uint8_t link, const struct tern_addr *addr);

/* The same to all clients. */
void tern_net_conflict(struct tern_net *net, uint8_t link, const struct tern_addr *addr);
void tern_net_router_said(struct tern_net *net, uint8_t link, uint8_t ra_flags);
void tern_net_leased(struct tern_net *net, uint8_t link, bool found);

/* The objects on lists of waiters, one a transport, may try again (or not: why). */
void tern_net_wake(struct tern_net *net, uint32_t waiting[TERN_NET_TRANSPORTS], enum tern_err why);

/*
 * Frames to this group (a multicast MAC address, read) are wanted on a link, or
 * no longer: each join is left once. Joins of one address are counted, and when
 * there is no place for another, all groups are heard. In net_group.c.
 */
void tern_net_group_join(struct tern_net *net, uint8_t link, const uint8_t mac[6], bool leave);

/* Tells the link which groups those are: at the beginning, and whenever they are others. */
void tern_net_groups_tell(struct tern_net *net, uint8_t link);

/* ---- Routes (net_route.c) ----------------------------------------------- */

/* Are the first len bits the same? len is at most 128. */
bool tern_net_prefix_has(const struct tern_addr *prefix, uint8_t len,
                         const struct tern_addr *addr);

/* The address with zeros behind its first len bits. */
struct tern_addr tern_net_prefix_of(const struct tern_addr *addr, uint8_t len);

/*
 * Adds or renews a route. TERN_REFUSED: learned, and the same is configured;
 * TERN_FULL: no room, of which those that are learned have half.
 */
enum tern_err tern_net_route_put(struct tern_net *net, const struct tern_route *route);

/*
 * Takes away the one with the same link, prefix and gateway; who has learned it
 * takes none that is configured. False: there is none.
 */
bool tern_net_route_drop(struct tern_net *net, const struct tern_route *route);

/* The way to dst, by one link (its index plus one) or by any (0); NULL: there is none. */
const struct tern_route *tern_net_route_find(const struct tern_net *net,
                                             const struct tern_addr *dst, uint16_t scope);

/* The metric of a route that a redirect has made (RFC 4861 section 8), of that one only. */
#define NET_METRIC_REDIRECT UINT16_MAX

static inline bool net_route_is_redirect(const struct tern_route *route)
{
    return route->metric == NET_METRIC_REDIRECT && route->expires_ns != TERN_NEVER;
}

/* A neighbour did not answer: ways through it are the last to be taken for a while. */
void tern_net_gateway_failed(struct tern_net *net, uint8_t link, const struct tern_addr *gateway);

void tern_net_route_changed(struct tern_net *net);

/* Sends what the drivers have queued, once a link. */
void tern_net_flush(struct tern_net *net);

/* One received frame to its network layer; in eth.c. */
void tern_eth_input(struct tern_net *net, uint8_t link, struct tern_rx *rx);

/* Octets of a frame in all its spans, of which there is mostly one. */
size_t tern_rx_len_of_many(const struct tern_rx *rx);

static inline size_t tern_rx_len(const struct tern_rx *rx)
{
    return rx->n_spans == 1 ? rx->spans[0].len : tern_rx_len_of_many(rx);
}

/* Copies len octets of a frame from offset off on; they are there. */
void tern_rx_copy(const struct tern_rx *rx, size_t off, uint8_t *to, size_t len);

/* Adds their checksum to sum; the same while copying. */
uint32_t tern_rx_sum(const struct tern_net *net, const struct tern_rx *rx, size_t off,
                     size_t len, uint32_t sum);
uint32_t tern_rx_sum_copy(const struct tern_net *net, const struct tern_rx *rx, size_t off,
                          uint8_t *to, size_t len, uint32_t sum);

#pragma GCC visibility pop

#endif
