/* SPDX-License-Identifier: ISC */
/*
 * IPv4's files among themselves. Reading order: arp_wire.c, arp.c;
 * ipv4_wire.c, ipv4.c, ipv4_route.c, ipv4_output.c, ipv4_fragment.c;
 * icmp4_wire.c, icmp4.c; igmp_wire.c, igmp.c. Addresses are 32 bits in host order here.
 */
#ifndef TERN_NET_IPV4_INTERNAL_H
#define TERN_NET_IPV4_INTERNAL_H

#include "ip_internal.h"

#pragma GCC visibility push(hidden)

#define IPV4_ANY 0u
#define IPV4_BROADCAST 0xffffffffu
#define IPV4_LINK_LOCAL 0xa9feu        /* the upper half of 169.254/16 (RFC 3927) */
#define IPV4_ALL_HOSTS 0xe0000001u    /* RFC 1112 section 4 */

static inline bool ipv4_is_multicast(uint32_t addr)
{
    return addr >> 28 == 0xe;
}

static inline bool ipv4_is_loopback(uint32_t addr)
{
    return addr >> 24 == 127;
}

/* One that a host may have: not of "this network", loopback, class D or E. */
static inline bool ipv4_is_host(uint32_t addr)
{
    return addr >> 24 != 0 && !ipv4_is_loopback(addr) && addr < 0xe0000000;
}

/* The last address of the link's prefix; with /31 and /32 there is none (RFC 3021). */
static inline bool ipv4_is_directed_broadcast(const struct tern_ipv4 *ip, uint8_t link,
                                              uint32_t addr)
{
    uint32_t mask = ip->links[link].mask;
    return ip->links[link].set && ~mask > 1 && addr == (ip->links[link].addr | ~mask);
}

/* The context that the shared part is in. */
static inline struct tern_ipv4 *ipv4_of(struct tern_ip *ip)
{
    return TERN_CONTAINER_OF(ip, struct tern_ipv4, ip);
}

/* ---- ARP (arp.c) -------------------------------------------------------- */

void tern_arp_input(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link,
                    struct tern_rx *rx, size_t off);

/* A question about a neighbour, as its cache wants it. */
void tern_arp_ask(struct tern_ip *ip, const struct tern_neighbour *n, bool to_one);

/* "Does anyone use addr?" with source 0 (RFC 5227 section 2.1.1): one question. */
void tern_arp_probe(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link, uint32_t addr);

/*
 * "addr is mine": now and once more in two seconds (RFC 5227 section 2.3). Before that
 * one that is configured is asked after (section 2.1.1).
 */
void tern_arp_announce(struct tern_net *net, struct tern_ipv4 *ip, uint8_t link);

/* Makes the probes and announcements that are due; when the next one is. */
uint64_t tern_arp_run(struct tern_ip *ip, uint64_t now_ns);

/* ---- Sending (ipv4_route.c, ipv4_output.c) ------------------------------ */

/* As tern_ipv4_set, with routes that were configured or that a DHCP server has said. */
enum tern_err tern_ipv4_set_from(struct tern_net *net, uint8_t link,
                                 const struct tern_ipv4_address *address,
                                 enum tern_route_origin origin);

/* As it is told; gateway 0: none. */
void tern_ipv4_address_make(struct tern_ipv4_address *to, uint32_t addr, uint32_t mask,
                            uint32_t gateway);

/* The link that has the address, or 0xff: an address is one link's. */
uint8_t tern_ipv4_link_of(const struct tern_net *net, const struct tern_ipv4 *ip, uint32_t addr);

/* The scope in which src is sent from: its link's index plus one, or 0: any link's. */
uint16_t tern_ipv4_scope_of(const struct tern_net *net, const struct tern_ipv4 *ip,
                            const struct tern_addr *src);

enum ipv4_kind { IPV4_UNICAST, IPV4_TO_BROADCAST, IPV4_TO_MULTICAST };

struct ipv4_route {
    uint32_t next_hop;
    uint8_t link;
    enum ipv4_kind kind;
};

/* How dst is reached; scope: a link's index plus one, 0: any. TERN_UNREACHABLE: no way. */
enum tern_err tern_ipv4_route(const struct tern_net *net, const struct tern_ipv4 *ip,
                              uint32_t dst, uint16_t scope, struct ipv4_route *route);
enum tern_err tern_ipv4_source(struct tern_net *net, void *context, const struct tern_addr *dst,
                               uint16_t scope, struct tern_addr *src);
uint16_t tern_ipv4_mtu(const struct tern_net *net, const void *context,
                       const struct tern_addr *src, const struct tern_addr *dst);
void tern_ipv4_set_mtu(struct tern_net *net, void *context, const struct tern_addr *dst,
                       uint16_t mtu);
uint16_t tern_ipv4_link_mtu(const struct tern_net *net, const struct tern_ipv4 *ip, uint8_t link);

enum tern_err tern_ipv4_begin(struct tern_net *net, void *context, struct tern_net_out *out,
                              size_t l4_len);
void tern_ipv4_commit(struct tern_net *net, void *context, struct tern_net_out *out,
                      size_t l4_len);
enum tern_err tern_ipv4_send_parts(struct tern_net *net, void *context, struct tern_net_out *out,
                                   const struct tern_span parts[2]);
void tern_ipv4_confirm(struct tern_net *net, void *context, const struct tern_net_path *path);

/* ---- Receiving ---------------------------------------------------------- */

/* A whole datagram: to ICMP or its transport. */
void tern_ipv4_deliver(struct tern_net *net, struct tern_ipv4 *ip, struct tern_net_packet *pkt);

/* A fragment (ipv4_fragment.c); pkt is as of a whole packet, its l4 the fragment's octets. */
void tern_ipv4_fragment(struct tern_ipv4 *ip, const struct tern_net_packet *pkt);
extern const struct ip_family tern_ipv4_family;

/* ---- IGMP (igmp.c) ------------------------------------------------------ */

extern const struct ip_group_ops tern_igmp_ops;
void tern_igmp_group_mac(uint8_t mac[6], const struct tern_addr *group);

/* ---- ICMP (icmp4.c) ----------------------------------------------------- */

void tern_icmp4_input(struct tern_net *net, struct tern_ipv4 *ip, struct tern_net_packet *pkt);

/* Answers a packet with an error, if that is allowed and not too often; word: the MTU. */
void tern_icmp4_error(struct tern_net *net, struct tern_ipv4 *ip,
                      const struct tern_net_packet *pkt, uint8_t type, uint8_t code,
                      uint32_t word);

#pragma GCC visibility pop

#endif
