/* SPDX-License-Identifier: ISC */
/*
 * libnet: a TCP/IP stack as one context. Frames and time in; frames, events
 * and the next deadline out.
 *
 * Standards: Ethernet II and 802.1Q. IPv4 is in ipv4.h and UDP in udp.h, which this
 * includes; TCP is in tcp.h, IPv6 in ipv6.h. A stack without IPv6 answers
 * TERN_UNSUPPORTED to its addresses and counts its frames.
 *
 * A stack contains only the parts that its configuration lists: the core calls
 * them through the slots that tern_net_init files them into, never by name, so
 * a part that nobody lists is not linked. All memory is placed by the caller:
 * the tern_net, every part's context, and the arrays that contexts point at.
 *
 *     static struct tern_net net;
 *     static struct tern_neighbour neighbours[64];
 *     static struct tern_ipv4 ipv4 = { .config = { .neighbours = neighbours,
 *                                                  .n_neighbours = 64 } };
 *     ...
 *     struct tern_net_config config = { .turn = &turn, .drbg = &drbg, .blocks = &blocks,
 *         .parts = (const struct tern_net_use[]){
 *             { &tern_ipv4, &ipv4 }, { &tern_tcp, &tcp }, { &tern_newreno, NULL },
 *             { NULL, NULL } } };
 *     err = tern_net_init(&net, &config);
 *     err = tern_net_attach(&net, &tap.link);
 *     err = tern_ipv4_set(&net, 0, &address);
 */
#ifndef TERN_NET_H
#define TERN_NET_H

#include <tern/dgram.h>
#include <tern/link.h>
#include <tern/metrics.h>
#include <tern/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_net;
struct tern_net_error;
struct tern_net_packet;

/* ---- Parts ---------------------------------------------------------------- */

enum tern_net_role {
    TERN_NET_NETWORK,       /* a network layer; id: its EtherType */
    TERN_NET_TRANSPORT,     /* id: its IP protocol number */
    TERN_NET_CLIENT,        /* configures the stack; id: its server's port, or 169.254 */
    TERN_NET_CONGESTION,    /* a congestion control of TCP */
};

/* A part: what the core needs to know of it. Constant; defined by libnet. */
struct tern_net_part {
    const char *name;
    uint16_t role, id;
    uint32_t context_len;    /* octets of the context, 0: it has none */
    const void *ops;         /* by role, see libnet/net_internal.h */
};

struct tern_net_use {
    const struct tern_net_part *part;    /* NULL ends the list */
    void *context;                       /* placed, of the part's type */
};

#define TERN_NET_LINKS 4u
#define TERN_NET_NETWORKS 2u
#define TERN_NET_TRANSPORTS 4u
#define TERN_NET_CLIENTS 4u
#define TERN_NET_CONGESTIONS 4u

/* ---- Counters --------------------------------------------------------------- */

/*
 * Every frame that is not delivered lands in exactly one counter, named after
 * the reason. Free-running; read them at any time.
 */
struct tern_net_stats {
    /* links */
    uint64_t rx_frames, rx_octets, tx_frames, tx_octets;
    uint64_t tx_full;                     /* slots refused by a driver */
    uint64_t eth_short, eth_other_host, eth_bad_source, eth_unknown_type, eth_bad_vlan;
    /* the rest is counted by ipv4, udp and tcp in their own contexts */
    uint64_t ipv6_unsupported;
    uint64_t eth_nested;                  /* a driver brought frames inside an event */
    uint64_t events_lost;                 /* of the application: more than 16 in a turn */
};

/* ---- The stack --------------------------------------------------------------- */

enum tern_net_event {
    TERN_NET_LINK_UP,
    TERN_NET_LINK_DOWN,
    TERN_NET_ADDRESS,          /* *addr can be used from now on */
    TERN_NET_ADDRESS_LOST,     /* its connections are being closed */
    TERN_NET_CONFLICT,         /* another host uses *addr */
};
typedef void tern_net_event_fn(void *app, enum tern_net_event event, uint8_t link,
                               const struct tern_addr *addr);

struct tern_net_config {
    struct tern_turn *turn;                      /* placed */
    struct tern_drbg *drbg;                      /* placed, seeded */
    struct tern_block_pool *blocks;              /* placed; payload that has to wait */
    const struct tern_checksum_ops *checksum;    /* NULL: portable */
    const struct tern_net_use *parts;            /* read */
    tern_net_event_fn *event;                    /* may be NULL; runs in a visit */
    void *app;
    uint16_t waiting_dgrams;                     /* for unresolved neighbours, in all; 0: 64 */
    uint16_t waiting_per_neighbour;              /* 0: 3; at most 255 */
};

/* One attached link, as the stack keeps it. Members are not part of the interface. */
struct tern_net_link {
    struct tern_link *link;
    uint32_t waiting[TERN_NET_TRANSPORTS];    /* who found no slot: lists of the transports */
    bool was_up, unflushed, owed_room;
    uint8_t mac[6];
    uint8_t groups[TERN_LINK_GROUPS][6];     /* that are listened to, */
    uint32_t group_users[TERN_LINK_GROUPS];  /* by so many each */
    uint32_t n_groups, n_groups_more;        /* more: users that found no place above */
};

/* Where packets to a prefix go. */
enum tern_route_origin { TERN_ROUTE_CONFIGURED, TERN_ROUTE_LEARNED };
#define TERN_NET_ROUTES 48u
struct tern_route {
    struct tern_addr prefix;     /* zeros behind its length */
    struct tern_addr gateway;    /* all zero: who has the prefix is on the link */
    uint64_t expires_ns;         /* on the turn's clock; TERN_NEVER: it does not */
    uint64_t bad_until_ns;       /* the library's: its gateway did not answer */
    uint16_t metric;             /* of equal prefixes the lower one wins */
    uint8_t prefix_len;          /* 0..128; an IPv4 prefix's is 96 more than its own */
    uint8_t link, origin;
};

struct tern_net_slot {
    const void *ops;
    void *context;
    const struct tern_net_part *part;
};

/*
 * Where packets to one destination go: a neighbour found before. The network
 * layer checks by its generation that it still holds; all zero: not looked up.
 */
struct tern_net_path {
    uint32_t generation;
    uint16_t neighbour;
    uint8_t link, network;
};

/* Members are not part of the interface, but for stats. */
struct tern_net {
    /* What is named most stands first: it is reached by the shortest instructions. */
    struct tern_turn *turn;
    struct tern_drbg *drbg;
    uint8_t n_links, n_networks, n_transports, n_clients, n_congestions, n_routes;
    uint8_t n_events, event_first;
    uint16_t max_waiting, max_waiting_per_neighbour, n_waiting;
    uint32_t ready_first, ready_last;         /* handles of objects with news */
    struct tern_block_pool *blocks;
    const struct tern_checksum_ops *checksum;
    struct tern_net_slot networks[TERN_NET_NETWORKS];
    struct tern_net_slot transports[TERN_NET_TRANSPORTS];
    struct tern_net_link links[TERN_NET_LINKS];
    struct tern_net_slot clients[TERN_NET_CLIENTS];
    struct tern_net_slot congestions[TERN_NET_CONGESTIONS];
    struct tern_provider provider;
    tern_net_event_fn *event;
    void *app;
    struct { uint8_t event, link; struct tern_addr addr; } events[16];    /* to be told */
    struct tern_net_stats stats;
    struct tern_route routes[TERN_NET_ROUTES];    /* in the order in which they are tried */
    bool any_address;                         /* any link takes any of our addresses */
    uint8_t routes_v6;                        /* bits: links that forward IPv6 */
    int (*forward)(struct tern_net *net, struct tern_net_packet *pkt, bool to_group);
    void *forward_context;                    /* NULL as the one above: forward.h is not there */
    uint64_t reserved[6];
};

/*
 * Makes *net (placed) a stack with no links. TERN_MISMATCH: compiled with
 * another version of this header; TERN_INVALID: a missing member, an unseeded
 * drbg, a part listed twice, too many of a role, a context missing or refused.
 */
enum tern_err tern_net_init_sized(struct tern_net *net, size_t net_len,
                                  const struct tern_net_config *config, size_t config_len,
                                  size_t parts_mark, size_t tcp_mark);
#define tern_net_init(net, config) \
    tern_net_init_sized(net, sizeof(struct tern_net), config, sizeof(struct tern_net_config), \
                        TERN_NET_PARTS_MARK, TERN_NET_TCP_MARK)

/*
 * The sizes of what parts are given, as one number: each times a prime, so that
 * no change of one hides another's. ipv6.h and tcp.h define theirs; without them
 * a program has no IPv6 or no TCP, and 0 is not compared. tern_net_parts_mark()
 * and tern_net_tcp_mark() say what the library was compiled with, IPv6 included.
 */
#ifndef TERN_NET_IPV6_MARK
#define TERN_NET_IPV6_MARK ((size_t)0)
#endif
#define TERN_NET_PARTS_MARK                                                       \
    (sizeof(struct tern_net_use) + 3 * sizeof(struct tern_ipv4) +                 \
     5 * sizeof(struct tern_neighbour) + 7 * sizeof(struct tern_reassembly) + \
     11 * sizeof(struct tern_udp) + 13 * sizeof(struct tern_udp_endpoint) +       \
     17 * sizeof(struct tern_dhcp4) + 19 * sizeof(struct tern_linklocal4) +      \
     TERN_NET_IPV6_MARK)
#ifndef TERN_NET_TCP_MARK
#define TERN_NET_TCP_MARK ((size_t)0)
#endif
size_t tern_net_parts_mark(void);
size_t tern_net_tcp_mark(void);

/*
 * Joins a link (placed, as long as the stack lives) as number net->n_links - 1
 * and sets its events. TERN_FULL: TERN_NET_LINKS are attached; TERN_INVALID: a
 * member is missing, the MTU is below 576 or a slot does not hold it.
 */
enum tern_err tern_net_attach(struct tern_net *net, struct tern_link *link);

/* What a link's driver calls, through this table: each is a whole turn. */
extern const struct tern_link_events tern_net_link_events;

/*
 * The same by name: input hands in frames (lent for the call), tx_room says
 * that slots are free again, link_changed that up, mac, mtu or offloads are
 * others; poll only lets time pass. Each runs the turn and returns the next
 * deadline of all that hangs in it (tern_turn_run).
 */
uint64_t tern_net_input(struct tern_net *net, struct tern_link *link, struct tern_rx *rx,
                        size_t n_rx, uint64_t now_ns);
uint64_t tern_net_tx_room(struct tern_net *net, struct tern_link *link, uint64_t now_ns);
uint64_t tern_net_link_changed(struct tern_net *net, struct tern_link *link, uint64_t now_ns);
uint64_t tern_net_poll(struct tern_net *net, uint64_t now_ns);

/* ---- Addresses of either family ------------------------------------------------ */

struct tern_net_address {
    struct tern_addr addr;
    struct tern_addr gateway;    /* the default router, or all zero: none */
    uint8_t prefix_len;          /* of IPv4 0..32, of IPv6 0..128 */
};

/*
 * Gives the link an address: tern_ipv4_set or tern_ipv6_set, whichever part the
 * stack has for its family. TERN_UNSUPPORTED: it has none.
 */
enum tern_err tern_net_address_set(struct tern_net *net, uint8_t link,
                                   const struct tern_net_address *address);

/*
 * Has the link configure itself as far as a network layer does that: IPv6, by
 * routers, with the flags of tern_ipv6_auto. TERN_UNSUPPORTED: none does, or
 * temporary addresses are wanted, which only a call of tern_ipv6_auto links.
 */
enum tern_err tern_net_auto(struct tern_net *net, uint8_t link, unsigned flags);

/* ---- Routes ------------------------------------------------------------------ */

/*
 * Adds a route that is configured: it is tried before all that routers or DHCP
 * have said, whatever their prefixes. Of configured ones the longest prefix
 * wins, then the lowest metric; a gateway that does not answer is passed over
 * for a minute where the same prefix has another way. One with the same link,
 * prefix and gateway takes the place of the one before. TERN_INVALID: no such
 * link, bits behind the prefix, a gateway of another family or that no host may
 * have; TERN_FULL: TERN_NET_ROUTES are there; TERN_UNSUPPORTED: the family.
 */
enum tern_err tern_net_route_set(struct tern_net *net, const struct tern_route *route);

/* Takes away the route with the same link, prefix and gateway. TERN_INVALID: there is none. */
enum tern_err tern_net_route_clear(struct tern_net *net, const struct tern_route *route);

/* Route number i in the order in which they are tried, good until one changes; NULL: no more. */
const struct tern_route *tern_net_route_get(const struct tern_net *net, size_t i);

/* ---- What both network layers have ------------------------------------------- */

/* An entry of a neighbour cache; members are the library's. */
struct tern_neighbour {
    struct tern_addr addr;
    uint32_t generation;             /* another whenever what a path holds of it ends */
    uint16_t hash_next;              /* lists: index plus one, 0 ends them */
    uint8_t link, n_held;
    uint64_t check_ns;               /* until then a path needs no second look */
    uint8_t mac[6];
    uint8_t state, n_tries;
    uint16_t lru_prev, lru_next;
    uint16_t due_prev, due_next;
    uint64_t confirmed_ns, due_ns;
    uint32_t waiting[TERN_NET_TRANSPORTS];
    struct tern_block *held_first, *held_last;    /* copied datagrams that wait for it */
    bool router;                     /* it says that it forwards (IPv6) */
};

/* A reassembly buffer; members are the library's. The largest datagram it takes: */
#define TERN_REASSEMBLY_LEN 9000u
#define TERN_REASSEMBLY_HDR_LEN 240u
struct tern_reassembly {
    struct tern_addr src, dst;
    uint32_t id;
    uint8_t state, link, n_ranges, ecn, hdr_len;
    uint16_t total_len;              /* 0: the last fragment has not come */
    uint16_t have_len;
    struct { uint16_t start, end; } ranges[16];
    uint64_t due_ns, order;          /* order: which of two came first */
    struct tern_rx rx;
    struct tern_span span;
    uint8_t frame[14 + TERN_REASSEMBLY_HDR_LEN + TERN_REASSEMBLY_LEN];
};

/* Counters that IPv4 and IPv6 both have. */
struct tern_ip_stats {
    /* each fragment is in one; frag_reassembled and the last four count datagrams */
    uint64_t frag_in, frag_reassembled, frag_bad_offset, frag_bad_len, frag_overlap;
    uint64_t frag_duplicate, frag_too_large, frag_no_buffer, frag_too_many, frag_dead;
    uint64_t frag_bad_ecn, frag_timed_out, frag_evicted, frag_cleared;
    uint64_t out_packets, out_fragments;
    uint64_t out_dont_fragment;      /* longer than the path's MTU, and may not be cut */
    uint64_t out_no_route, out_no_neighbour, out_full, out_waiting_full, out_too_long;
    uint64_t out_link_down;
    uint64_t neigh_rate_limited, neigh_failed, neigh_cache_full;
    uint64_t icmp_rate_limited;
    uint64_t pmtu_lowered, pmtu_refused;
    /* each message of IGMP or MLD is in one of these five; then what we said */
    uint64_t group_queries, group_heard, group_ignored, group_not_local, group_malformed;
    uint64_t group_reports, group_full;
};

/* A multicast group that is listened to on a link; members are the library's. */
struct tern_ip_group {
    struct tern_addr group;
    uint64_t report_ns;              /* a report is due; 0: none */
    uint16_t n_users;                /* 0: it is free, or its end is still to be reported */
    uint8_t link;
    uint8_t n_reports;               /* of a change, that are still to be sent */
    bool was_last;                   /* of those here, to report it (IGMPv2, MLDv1) */
};

#define TERN_IP_PMTUS 16u
#define TERN_IP_ECHO_PMTUS 4u
#define TERN_IP_RATES 64u

/* What a network layer's context holds of them; members are the library's. */
struct tern_ip {
    struct tern_net *net;
    struct tern_ip_stats *stats;
    struct tern_neighbour *neighbours;
    uint32_t generation;
    uint8_t slot;                                /* among the stack's network layers */
    uint16_t lru_first, lru_last, free_first;
    /* in order of time: each link's retries, all links' delays */
    uint16_t due_first[TERN_NET_LINKS + 1], due_last[TERN_NET_LINKS + 1];
    uint16_t n_free, n_incomplete[TERN_NET_LINKS];
    size_t n_neighbours, n_reassemblies, n_groups;
    struct tern_reassembly *reassemblies;
    struct tern_ip_group *groups;
    uint8_t key[16];
    const void *family;
    uint64_t reassembly_ns, n_reassembly_order;
    struct tern_timer timer;
    const void *group_ops;                       /* NULL: no groups but that of all hosts */
    uint64_t retry_ns[TERN_NET_LINKS];           /* between two questions about a neighbour */
    uint64_t reachable_ns[TERN_NET_LINKS];       /* so long one is taken to live */
    uint16_t buckets[256];                       /* of the neighbour cache */
    struct {    /* the last ones count for echo replies only */
        struct tern_addr dst;
        uint16_t mtu;
        uint64_t due_ns;
    } pmtus[TERN_IP_PMTUS + TERN_IP_ECHO_PMTUS];
    struct { struct tern_addr dst; uint32_t tokens; uint64_t at_ns; } rates[TERN_IP_RATES];
    struct {
        uint64_t old_ns[2];                      /* version 1, 2 has been heard: until then */
        uint64_t general_ns;                     /* all are reported then; 0: nobody asked */
        uint16_t interval_s;                     /* the querier's */
        uint8_t robustness, version;
    } group_links[TERN_NET_LINKS];
    uint64_t reserved[4];
};

/* ---- What it counts ------------------------------------------------------- */

/*
 * Number i of the stack's sets of counters (metrics.h): links, IPv4 and IPv6
 * with all that is theirs, UDP, DHCP, TCP and its pools, those that it has. False: no more.
 */
bool tern_net_metrics(const struct tern_net *net, size_t i, struct tern_metrics *set);

/* For other languages: the octets of what a caller places. */
size_t tern_net_size(void);
size_t tern_net_config_size(void);
size_t tern_net_use_size(void);
size_t tern_neighbour_size(void);
size_t tern_reassembly_size(void);

#ifdef __cplusplus
}
#endif

#include <tern/ipv4.h>
#include <tern/udp.h>

#endif
