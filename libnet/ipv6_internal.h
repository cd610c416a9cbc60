/* SPDX-License-Identifier: ISC */
/*
 * IPv6's files among themselves. Reading order: ipv6_wire.h, ipv6.c (the part,
 * receiving), ipv6_addr.c (addresses of ours and their lives, duplicate
 * address detection), ipv6_source.c (RFC 6724), ipv6_output.c, ipv6_fragment.c,
 * icmp6_wire.h, icmp6.c, nd_wire.h, nd.c (neighbours), nd_router.c (routers),
 * slaac.c, mld_wire.h, mld.c.
 */
#ifndef TERN_NET_IPV6_INTERNAL_H
#define TERN_NET_IPV6_INTERNAL_H

#include <tern/ipv6.h>

#include "icmp6_wire.h"
#include "ip_internal.h"
#include "ipv6_wire.h"

#pragma GCC visibility push(hidden)

/* The context that the shared part is in, and the stack's. NULL: it has no IPv6. */
static inline struct tern_ipv6 *ipv6_of(struct tern_ip *ip)
{
    return TERN_CONTAINER_OF(ip, struct tern_ipv6, ip);
}
struct tern_ipv6 *tern_ipv6_context(const struct tern_net *net);

static inline bool ipv6_addr_is_multicast(const struct tern_addr *a)
{
    return a->octets[0] == 0xff;
}

static inline bool ipv6_addr_is_link_local(const struct tern_addr *a)
{
    return ipv6_is_link_local(a->octets);
}

/* One that a host may have: not ::, ::1, multicast or ::ffff:0:0/96. */
bool tern_ipv6_is_host(const struct tern_addr *a);

/* ff02::1:ffXX:XXXX of an address (RFC 4291 section 2.7.1). */
struct tern_addr tern_ipv6_solicited_node(const struct tern_addr *a);

/* ---- Addresses of ours (ipv6_addr.c) --------------------------------------- */

/* It counts as ours: what is sent to it is taken. */
static inline bool ipv6_own_is_valid(const struct tern_ipv6_own *own)
{
    return own->state == TERN_IPV6_PREFERRED || own->state == TERN_IPV6_DEPRECATED;
}

/* To be called whenever one comes, goes, or starts or ends to be valid. */
static inline void ipv6_own_changed(struct tern_ipv6 *ip)
{
    ip->good_link = 0xff;
    tern_neigh_invalidate(&ip->ip);
}

/* The entry for addr on the link (0xff: any), in whatever state, or NULL. */
const struct tern_ipv6_own *tern_ipv6_own_find(const struct tern_ipv6 *ip, uint8_t link,
                                               const struct tern_addr *addr);

/*
 * A new one, TENTATIVE: joins its solicited-node group and asks after it, the
 * first time after a random delay of up to a second (RFC 4862 section 5.4.2).
 * NULL: no entry is free. Lifetimes are points in time, TERN_NEVER: for ever.
 */
struct tern_ipv6_own *tern_ipv6_own_add(struct tern_ipv6 *ip, uint8_t link,
                                        const struct tern_addr *addr, uint8_t prefix_len,
                                        enum tern_ipv6_origin origin, uint64_t preferred_ns,
                                        uint64_t valid_ns);
void tern_ipv6_own_remove(struct tern_ipv6 *ip, struct tern_ipv6_own *own);

/* Removes those of an origin from the link. */
void tern_ipv6_own_remove_all(struct tern_ipv6 *ip, uint8_t link, enum tern_ipv6_origin origin);

/*
 * Somebody else has it, or asks after it as we do (RFC 4862 section 5.4.3):
 * of a tentative one that is a failure, and by RFC 7217 another is made; of one
 * in use it is told (RFC 4862 section 5.4.5 leaves the rest to the host).
 */
void tern_ipv6_own_conflict(struct tern_ipv6 *ip, struct tern_ipv6_own *own);

/* Asks and expires what is due; the next deadline. */
uint64_t tern_ipv6_own_run(struct tern_ipv6 *ip, uint64_t now_ns);

/*
 * To be called after any change of the link: all are asked after anew if it came
 * up or has another MAC. What they had while it was down, they keep.
 */
void tern_ipv6_own_link_changed(struct tern_ipv6 *ip, uint8_t link);

/* ---- Routes, source and MTU (ipv6_source.c, ip_route.c) ---------------------- */

struct ipv6_route {
    struct tern_addr next_hop;
    uint8_t link;
    bool multicast;
};

/* How dst is reached; scope: a link's index plus one, 0: any. TERN_UNREACHABLE: no way. */
enum tern_err tern_ipv6_route(const struct tern_net *net, const struct tern_ipv6 *ip,
                              const struct tern_addr *dst, uint16_t scope,
                              struct ipv6_route *route);

/* RFC 6724 section 5 among the addresses of the link that dst is reached by. */
enum tern_err tern_ipv6_source(struct tern_net *net, void *context, const struct tern_addr *dst,
                               uint16_t scope, struct tern_addr *src);
uint16_t tern_ipv6_mtu(const struct tern_net *net, const void *context,
                       const struct tern_addr *src, const struct tern_addr *dst);

/* The MTU to dst by one link (its index plus one), or that of src (0); 0: it has no way. */
uint16_t tern_ipv6_path_mtu(const struct tern_ipv6 *ip, const struct tern_addr *src,
                            const struct tern_addr *dst, uint16_t scope, bool echo);

void tern_ipv6_set_mtu(struct tern_net *net, void *context, const struct tern_addr *dst,
                       uint16_t mtu);
uint16_t tern_ipv6_link_mtu(const struct tern_net *net, const struct tern_ipv6 *ip, uint8_t link);

/* ---- Sending (ipv6_output.c) -------------------------------------------------- */

enum tern_err tern_ipv6_begin(struct tern_net *net, void *context, struct tern_net_out *out,
                              size_t l4_len);
void tern_ipv6_commit(struct tern_net *net, void *context, struct tern_net_out *out,
                      size_t l4_len);
enum tern_err tern_ipv6_send_parts(struct tern_net *net, void *context, struct tern_net_out *out,
                                   const struct tern_span parts[2]);
void tern_ipv6_confirm(struct tern_net *net, void *context, const struct tern_net_path *path);

/*
 * Sends an ICMPv6 message of Neighbour Discovery or MLD, whose checksum it
 * fills in: straight to a MAC or, if to_mac is NULL, to the group dst's. The
 * hop limit is 255, or 1 with alert (a Router Alert before it). False: no slot.
 */
bool tern_ipv6_send_local(struct tern_ipv6 *ip, uint8_t link, const struct tern_addr *src,
                          const struct tern_addr *dst, const uint8_t *to_mac, uint8_t *msg,
                          size_t len, bool alert);

/* ---- Receiving ------------------------------------------------------------------ */

/* A whole packet: to ICMPv6 or its transport. next_off: of the field that names protocol. */
void tern_ipv6_deliver(struct tern_ipv6 *ip, struct tern_net_packet *pkt, size_t next_off);

/* Has the link joined the group? All-nodes is joined where IPv6 runs (RFC 4291 2.8). */
static inline bool tern_ipv6_has_group(const struct tern_ipv6 *ip, uint8_t link,
                                       const struct tern_addr *group)
{
    return tern_ip_has_group(&ip->ip, link, group);
}

/* A fragment (ipv6_fragment.c); pkt as of a whole packet, its l4 the fragment's data. */
void tern_ipv6_fragment(struct tern_ipv6 *ip, const struct tern_net_packet *pkt,
                        const struct tern_ipv6_chain *chain);
extern const struct ip_family tern_ipv6_family;

/* ---- ICMPv6 (icmp6.c) ------------------------------------------------------------- */

void tern_icmp6_input(struct tern_ipv6 *ip, struct tern_net_packet *pkt);

/*
 * Answers a packet with an error, if RFC 4443 section 2.4 (e) allows and not
 * too often; word: the MTU or the pointer.
 */
void tern_icmp6_error(struct tern_ipv6 *ip, const struct tern_net_packet *pkt, uint8_t type,
                      uint8_t code, uint32_t word);

/* ---- Neighbour Discovery (nd.c, nd_router.c, slaac.c) ------------------------------- */

/* A message of types 133..137 whose checksum is right. fragmented: RFC 6980. */
void tern_nd_input(struct tern_ipv6 *ip, const struct tern_net_packet *pkt);

/* A question about a neighbour, as its cache wants it. */
void tern_nd_ask(struct tern_ip *ip, const struct tern_neighbour *n, bool to_one);

/* A question about an address of ours that is tentative. False: it could not be sent. */
bool tern_nd_probe(struct tern_ipv6 *ip, const struct tern_ipv6_own *own);

/* "addr is mine", unasked (RFC 4861 section 7.2.6): after a new MAC, a resume, DAD's end. */
void tern_nd_announce(struct tern_ipv6 *ip, const struct tern_ipv6_own *own);

struct tern_nd_msg;
struct tern_nd_out;

/* Sends a message of ours, and counts it. to_mac NULL: dst is a group. False: no slot. */
bool tern_nd_send(struct tern_ipv6 *ip, uint8_t link, const struct tern_addr *src,
                  const struct tern_addr *dst, const uint8_t *to_mac,
                  const struct tern_nd_out *nd);

/*
 * A message says that addr is at mac (NULL: it does not), unasked: a new entry,
 * or another MAC, is STALE (RFC 4861 sections 7.2.3, 6.3.4, 8.3). The entry, or
 * NULL.
 */
struct tern_neighbour *tern_nd_learn(struct tern_ipv6 *ip, uint8_t link,
                                     const struct tern_addr *addr, const uint8_t *mac);

/* When what lasts so many seconds from now on is over; all ones: never (RFC 4861 4.6.2). */
static inline uint64_t nd_expires_ns(const struct tern_ipv6 *ip, uint32_t seconds)
{
    return seconds == UINT32_MAX ? TERN_NEVER
                                 : ip->ip.net->turn->now_ns + seconds * TERN_SECOND_NS;
}

#define ND_REDIRECTS_MAX 6u    /* that are followed at a time; further ones are refused */

void tern_nd_router_input(struct tern_ipv6 *ip, const struct tern_net_packet *pkt,
                          struct tern_nd_msg *nd);
void tern_nd_redirect_input(struct tern_ipv6 *ip, const struct tern_net_packet *pkt,
                            struct tern_nd_msg *nd);

/* Solicits routers (RFC 4861 section 6.3.7, RFC 7559 for how long). */
void tern_nd_router_solicit(struct tern_ipv6 *ip, uint8_t link);
uint64_t tern_nd_router_run(struct tern_ipv6 *ip, uint64_t now_ns);

/* A neighbour is no router any more (RFC 4861 section 7.2.5): no learned way leads by it. */
void tern_nd_router_gone(struct tern_ipv6 *ip, uint8_t link, const struct tern_addr *router);

/*
 * A DNS server, named by a router or by DHCPv6, until expires_ns (in the past:
 * no longer). Those that came first keep their places.
 */
void tern_nd_server_put(struct tern_ipv6 *ip, uint8_t link, const struct tern_addr *server,
                        uint64_t expires_ns);

/* All that routers of the link have said is forgotten. */
void tern_nd_router_forget(struct tern_ipv6 *ip, uint8_t link);

struct tern_nd_option;
/* A prefix option that is autonomous (RFC 4862 section 5.5.3, RFC 8981 section 3.4). */
void tern_slaac_prefix(struct tern_ipv6 *ip, uint8_t link, const struct tern_nd_option *option);

/* The interface identifier of a prefix on the link (RFC 7217 section 5) in addr's last 8. */
void tern_slaac_stable(const struct tern_ipv6 *ip, uint8_t link, struct tern_addr *addr,
                       uint8_t n_conflicts);

/* A tentative address of ours was somebody's: another in its place, if its origin has one. */
void tern_slaac_retry(struct tern_ipv6 *ip, uint8_t link, const struct tern_ipv6_own *failed);

/* What tern_ipv6_auto files in ip->temporary: without it there are no temporary addresses. */
struct ipv6_temporary_ops {
    void (*add)(struct tern_ipv6 *ip, const struct tern_ipv6_own *stable, uint8_t n_conflicts);
    uint64_t (*run)(struct tern_ipv6 *ip, uint64_t now_ns);
    void (*limit)(const struct tern_ipv6 *ip, const struct tern_ipv6_own *own,
                  uint64_t *preferred_ns, uint64_t *valid_ns);
};
extern const struct ipv6_temporary_ops tern_ipv6_temporary_ops;

/* For tern_net_auto, which links no temporary addresses: TERN_UNSUPPORTED where nothing has. */
enum tern_err tern_ipv6_automatic(struct tern_net *net, uint8_t link, unsigned flags);

/* Makes the next temporary addresses before those in use are deprecated; the next deadline. */
uint64_t tern_slaac_run(struct tern_ipv6 *ip, uint64_t now_ns);

/* ---- Multicast listening (mld.c; joining is ip_group.c's) ----------------------------- */

void tern_mld_input(struct tern_ipv6 *ip, const struct tern_net_packet *pkt);

extern const struct ip_group_ops tern_mld_ops;
void tern_mld_group_mac(uint8_t mac[6], const struct tern_addr *group);

/* Joins or leaves a group on a link; counted users. */
static inline enum tern_err tern_mld_join(struct tern_ipv6 *ip, uint8_t link,
                                          const struct tern_addr *group)
{
    return tern_ip_group_join(&ip->ip, link, group);
}
static inline void tern_mld_leave(struct tern_ipv6 *ip, uint8_t link, const struct tern_addr *group)
{
    (void)tern_ip_group_leave(&ip->ip, link, group);
}

/* The link came up or went down, or its link-local address can be used: all is reported anew. */
static inline void tern_mld_link_changed(struct tern_ipv6 *ip, uint8_t link)
{
    tern_ip_groups_tell(&ip->ip, link);
}

#pragma GCC visibility pop

#endif
