/* SPDX-License-Identifier: ISC */
/*
 * IPv4 as parts of libnet: the network layer with ARP, ICMP and reassembly, and two
 * clients that give a link its address, DHCP's and that of link-local addresses.
 *
 * Standards: IPv4 (RFC 791, 1122, 6864), ARP (RFC 826, 5227), ICMP (RFC 792, 5927),
 * DHCPv4 (RFC 2131, 3442), link-local addresses (RFC 3927).
 *
 * tern/net.h includes this. List tern_ipv4 with a placed struct tern_ipv4 among the
 * stack's parts, then give a link its address, which it keeps until it is cleared:
 *
 *     static struct tern_neighbour neighbours[64];
 *     static struct tern_ipv4 ipv4 = { .config = { .neighbours = neighbours,
 *                                                  .n_neighbours = 64 } };
 *     struct tern_ipv4_address address = { .addr = tern_addr_v4(0x0a000002),
 *                                          .prefix_len = 24 };
 *     ...
 *     err = tern_ipv4_set(&net, 0, &address);
 */
#ifndef TERN_IPV4_H
#define TERN_IPV4_H

#include <tern/net.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const struct tern_net_part tern_ipv4;          /* struct tern_ipv4 */
extern const struct tern_net_part tern_dhcp4;         /* struct tern_dhcp4; needs tern_udp */
extern const struct tern_net_part tern_linklocal4;    /* struct tern_linklocal4 */

/* ---- IPv4 -------------------------------------------------------------------- */

/*
 * Why packets did not get through, and what was done. in_packets counts all;
 * each that is not delivered is in one other in_, ip.frag_ or icmp_ counter.
 */
struct tern_ipv4_stats {
    uint64_t in_packets, in_delivered, in_forwarded;
    uint64_t in_bad_version, in_bad_hdr_len, in_bad_checksum, in_bad_options, in_source_route;
    uint64_t in_short, in_bad_total_len;
    uint64_t in_bad_source, in_not_ours, in_wrong_link, in_loopback;
    uint64_t in_link_group;          /* for one host, in a frame for many (RFC 1122 3.3.6) */
    uint64_t in_unknown_protocol;
    /* each ARP packet is in arp_in and in one of the six after it */
    uint64_t arp_in;
    uint64_t arp_asked;              /* a question for an address of ours */
    uint64_t arp_learned, arp_conflict, arp_bad, arp_not_ours, arp_unsolicited;
    uint64_t arp_replies, arp_requests, arp_announcements, arp_full;
    /* each ICMP message is in icmp_in and in one of the nine after it */
    uint64_t icmp_in, icmp_echo_in, icmp_errors_in;
    uint64_t icmp_short, icmp_bad_checksum, icmp_unknown_type, icmp_broadcast;
    uint64_t icmp_ignored;           /* redirects, source quench, answers to no question */
    uint64_t icmp_errors_bad, icmp_errors_unmatched;
    uint64_t icmp_echo_replies, icmp_errors_out, icmp_full, icmp_not_allowed;
    /* each IGMP message is in igmp_in and in the next or one of ip.group_ */
    uint64_t igmp_in, igmp_bad_checksum;
    struct tern_ip_stats ip;         /* the rest, which IPv6 has as well */
};

struct tern_ipv4_config {
    struct tern_neighbour *neighbours;      /* placed */
    size_t n_neighbours;                         /* 8..32,768 */
    struct tern_reassembly *reassemblies;   /* placed; may be NULL */
    size_t n_reassemblies;                       /* 0: fragments are refused; 4 is usual */
    uint8_t default_ttl;                         /* 0: 64 */
    uint64_t reassembly_ns;                      /* 0: 30 s */
};

#define TERN_IPV4_GROUPS 16u

/* One interface address. */
struct tern_ipv4_address {
    struct tern_addr addr;       /* IPv4 */
    uint8_t prefix_len;          /* 0..32 */
    struct tern_addr gateway;    /* the default router, or all zero: none */
};

/* A link, as IPv4 keeps it. Members are the library's. */
struct tern_ipv4_link {
    uint32_t addr, mask, gateway;
    uint16_t mtu;                /* a lease may lower the link's; 0: it has not */
    bool set;
    bool configuring;            /* a DHCP client listens before there is an address */
    uint8_t n_announce;          /* steps of probing and announcing that are to be made */
    uint8_t origin;              /* of its routes */
    uint64_t announce_ns, defended_ns;
    uint32_t probing;            /* asked about before it is used; 0: nothing */
    uint32_t good_source;        /* the last that was found right; 0: none */
    struct tern_ipv4_address lost;   /* that another host has, if n_announce is the next */
#define TERN_IPV4_LOST 6u
};

/* The context of part tern_ipv4: set config, the rest is the library's. */
struct tern_ipv4 {
    struct tern_ipv4_config config;
    struct tern_ip ip;
    struct tern_ipv4_link links[TERN_NET_LINKS];
    struct tern_ip_group groups[TERN_IPV4_GROUPS];
    uint16_t ids[64];                            /* of packets: RFC 7739 section 5.3 */
    struct tern_ipv4_stats stats;
    uint64_t reserved[11];
};

/*
 * Gives link number `link` its address (replacing the one before) and routes:
 * the prefix and, with a gateway, the default. It is used at once, and meanwhile
 * asked after (RFC 5227 section 2.1.1), when it is set and when the link comes up:
 * three probes in 600 ms, then it is announced. If another host has it, it is taken
 * away again (TERN_NET_CONFLICT, TERN_NET_ADDRESS_LOST) and tried anew once a
 * minute. TERN_INVALID for an address
 * that no host may have, such a gateway or one outside the prefix (but with a
 * prefix of 32 any, as clouds lease them), or no such link; TERN_FULL: the table
 * of routes is full; TERN_UNSUPPORTED for IPv6.
 */
enum tern_err tern_ipv4_set(struct tern_net *net, uint8_t link,
                            const struct tern_ipv4_address *address);

/*
 * Takes the link's address away, also one that another host has; its connections end
 * with TERN_UNREACHABLE.
 */
void tern_ipv4_clear(struct tern_net *net, uint8_t link);

/* The link's address; TERN_INVALID: it has none. */
enum tern_err tern_ipv4_get(const struct tern_net *net, uint8_t link,
                            struct tern_ipv4_address *address);

/* The counters, or NULL: this stack has no IPv4. */
const struct tern_ipv4_stats *tern_ipv4_stats(const struct tern_net *net);

/* ---- DHCPv4 client ----------------------------------------------------------------- */

/* Each datagram to the client is in one of the in_ counters, acks, naks or offers. */
struct tern_dhcp4_stats {
    uint64_t discovers, requests, offers, acks, naks, declines, renewals, rebinds, expiries;
    uint64_t in_short, in_malformed, in_not_ours, in_unexpected;
    uint64_t repaired;                  /* T1, T2 or gateway of a lease put right */
    uint64_t conflicts;                 /* the probe was answered */
};

struct tern_dhcp4_config {
    uint8_t link;                 /* the link's number */
    const char *hostname;         /* sent, placed; at most 63 octets; may be NULL */
    /*
     * Asks for routes (RFC 3442) and takes up to TERN_DHCP4_ROUTES of them, as
     * learned ones, which none that is configured gives way to. Off, for who
     * answers first on a link would choose where traffic goes (CVE-2024-3661).
     */
    bool routes;
};

#define TERN_DHCP4_ROUTES 8u

/* The context of part tern_dhcp4: set config, the rest is the library's. */
struct tern_dhcp4 {
    struct tern_dhcp4_config config;
    struct tern_net *net;
    struct tern_endpoint *ep;
    uint32_t xid;
    uint8_t state, n_tries;
    bool was_up;
    uint16_t secs;                /* of the last DISCOVER */
    uint64_t started_ns, asked_ns;
    struct tern_timer timer;
    struct {
        uint32_t addr, mask, gateway, server, dns[3], ntp[2];
        uint8_t n_dns, n_ntp, n_routes;
        uint16_t mtu;
        struct { uint32_t prefix, gateway; uint8_t prefix_len; } routes[TERN_DHCP4_ROUTES];
        uint64_t t1_ns, t2_ns, expires_ns;
    } lease, offer;               /* in use (addr 0: none); being asked for */
    struct tern_dhcp4_stats stats;
    uint64_t reserved[16];
};

/* What the lease says; TERN_AGAIN: there is none yet. */
struct tern_dhcp4_lease {
    struct tern_ipv4_address address;
    struct tern_addr server, dns[3], ntp[2];
    uint8_t n_dns, n_ntp;
    uint64_t expires_ns;
};
enum tern_err tern_dhcp4_get(const struct tern_net *net, struct tern_dhcp4_lease *lease);

/* ---- IPv4 link-local addresses --------------------------------------------------------- */

struct tern_linklocal4_stats {
    uint64_t probes, claims;
    uint64_t conflicts;           /* the address was, or became, another host's */
};

struct tern_linklocal4_config {
    uint8_t link;                 /* the link's number */
    bool at_once;                 /* also before a DHCP client has found no server */
};

/*
 * The context of part tern_linklocal4 (RFC 3927): gives the link an address of
 * 169.254/16 that nobody has, until DHCP has another. tern_ipv4_get says which.
 */
struct tern_linklocal4 {
    struct tern_linklocal4_config config;
    struct tern_linklocal4_stats stats;
    struct tern_net *net;
    struct tern_timer timer;
    uint32_t addr;
    uint16_t n_conflicts;
    uint8_t state, n_probes;
    bool was_up;
    uint64_t reserved[4];
};

/* For other languages: the octets of what a caller places. */
size_t tern_ipv4_size(void);
size_t tern_dhcp4_size(void);
size_t tern_linklocal4_size(void);

#ifdef __cplusplus
}
#endif

#endif
