/* SPDX-License-Identifier: ISC */
/*
 * IPv6 as a part of a stack (net.h): RFC 8200 with ICMPv6 (RFC 4443), Neighbour
 * Discovery (RFC 4861), duplicate address detection (RFC 4862, 7527), addresses
 * from routers' advertisements (RFC 4862, 7217, 8981), multicast listening
 * (RFC 3810), and as a part of its own DHCPv6 (RFC 8415).
 *
 *     static struct tern_ipv6 ipv6 = { .config = { .neighbours = neighbours,
 *                                                  .n_neighbours = 64 } };
 *     ... { &tern_ipv6, &ipv6 } among the parts of tern_net_init, and then
 *     err = tern_ipv6_auto(&net, 0, TERN_IPV6_AUTO | TERN_IPV6_TEMPORARY);
 *     err = tern_ipv6_set(&net, 0, &address);
 *
 * A link has a link-local address of its own as soon as either is called and
 * the link is up; no other address of the link is used before duplicate address
 * detection has found nobody else with it.
 */
#ifndef TERN_IPV6_H
#define TERN_IPV6_H

#include <tern/net.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The sizes of what IPv6's parts are given: tern_net_init compares them (net.h). */
#undef TERN_NET_IPV6_MARK
#define TERN_NET_IPV6_MARK (23 * sizeof(struct tern_ipv6) + 29 * sizeof(struct tern_dhcp6))

extern const struct tern_net_part tern_ipv6;     /* struct tern_ipv6 */
extern const struct tern_net_part tern_dhcp6;    /* struct tern_dhcp6; needs tern_udp */

#define TERN_IPV6_ADDRS 24u      /* of all links together */
#define TERN_IPV6_GROUPS 40u     /* multicast groups that are listened to, of all links */
#define TERN_IPV6_SERVERS 4u     /* DNS servers that routers or DHCP have named */
#define TERN_IPV6_DOMAINS_LEN 256u

/* ---- Addresses ---------------------------------------------------------------- */

enum tern_ipv6_origin {
    TERN_IPV6_CONFIGURED,
    TERN_IPV6_LINK_LOCAL,
    TERN_IPV6_FROM_PREFIX,       /* SLAAC, with an opaque stable identifier (RFC 7217) */
    TERN_IPV6_FROM_PREFIX_TEMPORARY,    /* SLAAC, with one that changes (RFC 8981) */
    TERN_IPV6_FROM_DHCP,
};

enum tern_ipv6_state {
    TERN_IPV6_UNUSED,            /* no address */
    TERN_IPV6_TENTATIVE,         /* others are being asked; not ours yet */
    TERN_IPV6_PREFERRED,
    TERN_IPV6_DEPRECATED,        /* for connections that have it, not for new ones */
    TERN_IPV6_DUPLICATE,         /* another host has it: not used */
};

/* An address of ours; members are the library's, to be read through tern_ipv6_get. */
struct tern_ipv6_own {
    struct tern_addr addr;
    uint64_t preferred_ns, valid_ns;    /* until then; TERN_NEVER: for ever */
    uint64_t due_ns;                    /* the next question of duplicate address detection */
    uint64_t made_ns;
    uint8_t prefix_len, link, state, origin;
    uint8_t n_asks;                     /* of it, that are still to be sent */
    uint8_t n_conflicts;                /* RFC 7217's DAD_Counter */
    uint8_t nonce[6];                   /* of our questions, to know them again (RFC 7527) */
    bool told;                          /* the application knows of it */
    struct tern_addr gateway;           /* that came with it by tern_ipv6_set, or all zero */
};

struct tern_ipv6_address {
    struct tern_addr addr;
    uint8_t prefix_len;                 /* 0..128 */
    uint8_t state, origin;              /* enum; of tern_ipv6_get */
    struct tern_addr gateway;           /* tern_ipv6_set: the default router, or all zero */
    uint64_t preferred_ns, valid_ns;    /* of tern_ipv6_get */
};

/* ---- Counters ------------------------------------------------------------------- */

/* in_packets counts all; each that is not delivered is in one other in_, ip.frag_ or icmp_. */
struct tern_ipv6_stats {
    uint64_t in_packets, in_delivered, in_forwarded;
    uint64_t in_short, in_bad_version, in_bad_payload_len, in_jumbo;
    uint64_t in_long_chain, in_bad_hdr, in_bad_option, in_bad_routing, in_bad_fragment;
    uint64_t in_cut_chain, in_bad_next, in_no_next;
    uint64_t in_bad_source, in_mapped, in_not_ours, in_wrong_link, in_tentative, in_link_group;
    uint64_t in_unknown_protocol;
    /* each ICMPv6 message is in icmp_in and in one of the ten after it */
    uint64_t icmp_in, icmp_echo_in, icmp_errors_in, icmp_nd_in;
    uint64_t icmp_mld_in;                   /* and in one of ip.group_ */
    uint64_t icmp_short, icmp_bad_checksum, icmp_unknown_type, icmp_ignored;
    uint64_t icmp_errors_bad, icmp_errors_unmatched;
    uint64_t icmp_echo_replies, icmp_errors_out, icmp_full, icmp_not_allowed;
    /* each message of Neighbour Discovery is in icmp_nd_in and in one of these */
    uint64_t nd_solicitations, nd_advertisements, nd_routers, nd_redirects;
    uint64_t nd_not_local, nd_fragmented, nd_malformed, nd_bad_addr, nd_not_ours, nd_unsolicited;
    uint64_t nd_bad_options;                /* passed over in messages that counted */
    uint64_t nd_asked, nd_answered, nd_full;
    uint64_t dad_conflicts, dad_looped;
    uint64_t router_no_room, prefix_no_room, mtu_refused, hop_limit_refused, redirect_refused;
    struct tern_ip_stats ip;
};

/* ---- The part -------------------------------------------------------------------- */

struct tern_ipv6_config {
    struct tern_neighbour *neighbours;           /* placed */
    size_t n_neighbours;                         /* 8..32,768 */
    struct tern_reassembly *reassemblies;        /* placed; may be NULL */
    size_t n_reassemblies;                       /* 0: fragments are refused; 4 is usual */
    uint8_t hop_limit;                           /* 0: what routers say, else 64 */
    uint8_t n_dad;                               /* questions before an address is used; 0: 1 */
    bool no_dad;                                 /* none at all: only where nobody else can be */
    uint64_t reassembly_ns;                      /* 0: 60 s (RFC 8200 section 4.5) */
    /*
     * What stable identifiers are made of (RFC 7217 section 5): 16 octets that
     * are kept from start to start. NULL: new ones at each start.
     */
    const uint8_t *stable_secret;
};

/* A link, as IPv6 keeps it. Members are the library's. */
struct tern_ipv6_link {
    uint16_t mtu;                    /* that routers say; 0: they have not */
    uint8_t hop_limit;               /* 0: they have not */
    uint8_t flags;                   /* TERN_IPV6_AUTO, ... */
    uint8_t n_solicits;              /* router solicitations that are still to be sent */
    uint8_t ra_flags;                /* of the last advertisement: managed, other */
    bool running;                    /* it is to have addresses */
    bool was_up;
    uint8_t mac[6];                  /* with which its addresses were asked after */
    uint64_t solicit_ns, solicit_wait_ns;    /* wait 0: no router is solicited */
    uint64_t reachable_base_ns, reachable_drawn_ns;    /* what routers say, and since when */
};

/* The context of part tern_ipv6: set config, the rest is the library's. */
struct tern_ipv6 {
    struct tern_ipv6_config config;
    struct tern_ip ip;
    struct tern_ipv6_own addrs[TERN_IPV6_ADDRS];
    struct tern_ipv6_link links[TERN_NET_LINKS];
    struct tern_ip_group groups[TERN_IPV6_GROUPS];
    struct {
        struct tern_addr addr;
        uint64_t expires_ns;
        uint8_t link;
    } servers[TERN_IPV6_SERVERS];
    uint8_t domains[TERN_IPV6_DOMAINS_LEN];      /* DNSSL's names, in wire form */
    uint16_t domains_len;
    uint64_t domains_expire_ns;
    uint8_t stable_secret[16];
    struct tern_addr good_source, good_dst;      /* of the packet before: its train */
    uint8_t good_link;
    uint32_t flow_key, frag_ids[8];
    const void *temporary;           /* what makes temporary addresses; NULL: nothing */
    struct tern_ipv6_stats stats;
    uint64_t reserved[15];
};

#define TERN_IPV6_AUTO 0x01u         /* addresses and routes from routers (SLAAC) */
#define TERN_IPV6_TEMPORARY 0x02u    /* and temporary ones, preferred for new connections */

/*
 * Lets link number `link` have addresses: the link-local one and, by flags,
 * those that routers advertise. TERN_INVALID: no such link or flags, or its MTU
 * is below 1,280; TERN_FULL: TERN_IPV6_ADDRS are in use.
 */
enum tern_err tern_ipv6_auto(struct tern_net *net, uint8_t link, unsigned flags);

/*
 * Gives the link an address, its prefix as a route and, with a gateway, the
 * default route; beside those that it has. TERN_INVALID for an address that no
 * host may have or another link has, such a gateway, or no such link or one
 * whose MTU is below 1,280; TERN_FULL: TERN_IPV6_ADDRS are in use, or the table
 * of routes is full; TERN_UNSUPPORTED for IPv4.
 */
enum tern_err tern_ipv6_set(struct tern_net *net, uint8_t link,
                            const struct tern_ipv6_address *address);

/* Takes it away; its connections end with TERN_UNREACHABLE. TERN_INVALID: it is not there. */
enum tern_err tern_ipv6_clear(struct tern_net *net, uint8_t link, const struct tern_addr *addr);

/* The link's address number i, in no order; TERN_INVALID: it has no more. */
enum tern_err tern_ipv6_get(const struct tern_net *net, uint8_t link, size_t i,
                            struct tern_ipv6_address *address);

/* DNS server number i that routers (RFC 8106) or DHCPv6 named; TERN_INVALID: no more. */
enum tern_err tern_ipv6_server(const struct tern_net *net, size_t i,
                               struct tern_endpoint_addr *server);

/* ---- DHCPv6 client --------------------------------------------------------------- */

/* Each datagram to the client is in one of the in_ counters, advertises, replies or refusals. */
struct tern_dhcp6_stats {
    uint64_t solicits, requests, confirms, renews, rebinds, information_requests;
    uint64_t releases, declines, expiries;
    uint64_t advertises, replies;
    uint64_t refusals;                  /* a status code, or no address where one was asked for */
    uint64_t in_short, in_malformed, in_not_ours, in_unexpected;
    uint64_t repaired;                  /* T1 and T2 of a lease put right */
    uint64_t conflicts;                 /* addresses that others have */
};

enum tern_dhcp6_mode {
    TERN_DHCP6_AS_ROUTERS_SAY,          /* by the M and O flags of advertisements */
    TERN_DHCP6_STATELESS,               /* DNS and NTP servers, no address */
    TERN_DHCP6_STATEFUL,
};

struct tern_dhcp6_config {
    uint8_t link;                       /* the link's number */
    uint8_t mode;
    uint8_t duid_len;                   /* 3..130; 0: the DUID is made of the link's MAC */
    const uint8_t *duid;                /* placed, kept from start to start (RFC 8415 section 11) */
};

/* The context of part tern_dhcp6: set config, the rest is the library's. */
struct tern_dhcp6 {
    struct tern_dhcp6_config config;
    struct tern_net *net;
    struct tern_endpoint *ep;
    uint8_t state, n_sent, server_id_len, preference, n_ntp;
    bool was_up, released;
    uint32_t xid, sol_max_rt_s, inf_max_rt_s;
    uint64_t started_ns, rt_ns;         /* of the exchange: its first message, the last wait */
    struct tern_timer timer;
    struct {
        struct tern_addr addrs[2];      /* all zero: none is asked for */
        uint64_t t1_ns, t2_ns;
        uint64_t valid_ns;              /* 0: they are not ours */
    } lease;
    struct tern_addr ntp[2];
    uint8_t server_id[130];             /* whom we have chosen */
    struct tern_dhcp6_stats stats;
    struct tern_addr returned[2];       /* being declined or released; all zero: nothing */
    uint64_t reserved[4];
};

/* What a server has said; TERN_AGAIN: nothing yet. */
struct tern_dhcp6_lease {
    struct tern_addr addrs[2];          /* all zero: it has no more */
    uint64_t expires_ns;
    struct tern_addr ntp[2];
    uint8_t n_ntp;                      /* DNS servers: tern_ipv6_server */
};
enum tern_err tern_dhcp6_get(const struct tern_net *net, struct tern_dhcp6_lease *lease);

/*
 * Gives the lease back, as before a shutdown: its address goes, and the server
 * is told up to four times. No other is asked for until the link comes up
 * anew. TERN_INVALID: this stack has no such client.
 */
enum tern_err tern_dhcp6_release(struct tern_net *net);

/* The counters, or NULL: this stack has no IPv6. */
const struct tern_ipv6_stats *tern_ipv6_stats(const struct tern_net *net);

/* For other languages: the octets of what a caller places. */
size_t tern_ipv6_size(void);
size_t tern_dhcp6_size(void);

#ifdef __cplusplus
}
#endif

#endif
