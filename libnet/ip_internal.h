/* SPDX-License-Identifier: ISC */
/*
 * What IPv4 and IPv6 do alike, for both by struct tern_ip of their contexts:
 * the neighbour cache with unreachability detection (ip_neighbour_cache.c,
 * ip_neighbour.c), sending (ip_output.c), datagrams that wait for a neighbour
 * (ip_held.c), path MTUs and the rate of errors (ip_path.c), reassembly
 * (ip_reassembly.c), groups that are listened to (ip_group.c). What differs, a
 * family says in its struct ip_family.
 */
#ifndef TERN_NET_IP_INTERNAL_H
#define TERN_NET_IP_INTERNAL_H

#include "group_wire.h"
#include "net_internal.h"

#pragma GCC visibility push(hidden)

/* Protocol numbers that both have. */
enum { IP_ICMP4 = 1, IP_TCP = 6, IP_UDP = 17, IP_ICMP6 = 58 };

#define IP_GROUP_RECORDS 16u    /* in a report, at most */

struct ip_family {
    /* Sends one question about n: to its MAC, or to all who may have the address. */
    void (*ask)(struct tern_ip *ip, const struct tern_neighbour *n, bool to_one);

    /* Serves the family's own deadlines up to now; the next one. */
    uint64_t (*run)(struct tern_ip *ip, uint64_t now_ns);

    /*
     * A datagram is whole: its headers stand in the hdr_len octets before its
     * data, as they came in the first fragment. Makes them those of a packet
     * that was never cut and delivers it.
     */
    void (*reassembled)(struct tern_ip *ip, struct tern_reassembly *r, uint8_t ecn);

    /* Its time is over, and fragment zero has come (else this is not called). */
    void (*timed_out)(struct tern_ip *ip, struct tern_reassembly *r);
};

/* IGMP or MLD. IPv6 has it from the start, IPv4 once endpoints may join groups. */
struct ip_group_ops {
    uint8_t version;    /* that we speak */

    /* Do routers hear of this group? Those that all hosts are in need no report. */
    bool (*is_reported)(const struct tern_addr *group);
    void (*mac)(uint8_t mac[6], const struct tern_addr *group);

    /*
     * Sends a report of that version with n records, at most IP_GROUP_RECORDS;
     * of an older version it is one: TO_INCLUDE means that we leave. False: no
     * slot.
     */
    bool (*report)(struct tern_ip *ip, uint8_t link, uint8_t version,
                   const struct tern_group_record *records, size_t n);

    /* Of IPv4: a message. */
    void (*input)(struct tern_ip *ip, const struct tern_net_packet *pkt);

    /* Of ip_group.c: what it does in time, on a change of the link, and knows. */
    uint64_t (*run)(struct tern_ip *ip, uint64_t now_ns);
    void (*tell)(struct tern_ip *ip, uint8_t link);
    bool (*has)(const struct tern_ip *ip, uint8_t link, const struct tern_addr *group);
};

static inline const struct ip_group_ops *ip_groups(const struct tern_ip *ip)
{
    return ip->group_ops;
}

static inline const struct ip_family *ip_family(const struct tern_ip *ip)
{
    return ip->family;
}

/*
 * Takes over what the context's own config says; false: it is out of range.
 * The timer is set, the caches empty. slot is found by context.
 */
bool tern_ip_init(struct tern_ip *ip, struct tern_net *net, const void *context,
                  const struct ip_family *family, struct tern_ip_stats *stats);

/* Sets the timer to due_ns if that is earlier than what it is set to. */
void tern_ip_rearm(struct tern_ip *ip, uint64_t due_ns);

/* ---- The neighbour cache (ip_neighbour_cache.c) -------------------------- */

#define IP_NO_NEIGHBOUR 0xffffu

/*
 * States after RFC 4861 section 7.3.2, which says for IPv6 what RFC 1122
 * section 2.3.2.1 asks of ARP; from PROBE all are asked again before it fails
 * (RFC 7048 section 3):
 *
 *   INCOMPLETE --answer--> REACHABLE --30 s--> STALE --use--> DELAY
 *       |  ^                   ^                                |
 *       |  |                   +-- an answer, or TCP progress --+ 5 s
 *       |  +-- 3 unicast requests unanswered -- PROBE <---------+
 *       +-- 3 requests unanswered --> FAILED --1 s--> gone
 *
 * The last four can be sent to.
 */
enum neigh_state {
    NEIGH_FREE,
    NEIGH_INCOMPLETE,
    NEIGH_FAILED,
    NEIGH_STALE,
    NEIGH_DELAY,
    NEIGH_PROBE,
    NEIGH_REACHABLE,
};

static inline bool neigh_can_send(const struct tern_neighbour *n)
{
    return n->state >= NEIGH_STALE;
}

#define NEIGH_REACHABLE_NS (30 * TERN_SECOND_NS)
#define NEIGH_RETRY_NS (1 * TERN_SECOND_NS)
#define NEIGH_DELAY_NS (5 * TERN_SECOND_NS)
#define NEIGH_TRIES 3

/* Of a context that is all zero but for what its config says. */
void tern_neigh_cache_init(struct tern_ip *ip);
struct tern_neighbour *tern_neigh_find(struct tern_ip *ip, uint8_t link,
                                       const struct tern_addr *addr);

/*
 * A new entry, INCOMPLETE and not yet asked for. asked: we want to send there;
 * then what is not known to live may give way. NULL: there is no room.
 */
struct tern_neighbour *tern_neigh_add(struct tern_ip *ip, uint8_t link,
                                      const struct tern_addr *addr, bool asked);

/* Who waits for it is told. */
void tern_neigh_remove(struct tern_ip *ip, struct tern_neighbour *n);

/* The entry was used: it is the last that gives way. */
void tern_neigh_touch(struct tern_ip *ip, struct tern_neighbour *n);

/*
 * The entry's next deadline. In a FIFO all wait equally long: each link has one for its
 * retries, and the last, TERN_NET_LINKS, is for DELAY.
 */
void tern_neigh_due_set(struct tern_ip *ip, struct tern_neighbour *n, uint64_t delay_ns);
void tern_neigh_due_clear(struct tern_ip *ip, struct tern_neighbour *n);
struct tern_neighbour *tern_neigh_due_first(struct tern_ip *ip, size_t fifo);

/* Paths that were found before are to be looked up again. */
void tern_neigh_invalidate(struct tern_ip *ip);

/* ---- Unreachability detection (ip_neighbour.c) --------------------------- */

/*
 * The neighbour for addr on the link. TERN_OK: it can be sent to. TERN_AGAIN:
 * it is being asked, *n is whose list to join. TERN_UNREACHABLE: it has not
 * answered, or no entry is free.
 */
enum tern_err tern_neigh_resolve(struct tern_ip *ip, uint8_t link, const struct tern_addr *addr,
                                 struct tern_neighbour **n);

/* Progress above, or a true answer, proves that it lives. */
void tern_neigh_confirm(struct tern_ip *ip, struct tern_neighbour *n);

/* The same of the one that the path names, if that still holds. */
void tern_neigh_progress(struct tern_ip *ip, const struct tern_net_path *path);

void tern_neigh_state_set(struct tern_ip *ip, struct tern_neighbour *n, enum neigh_state state);

/* Its MAC is known now: what waited for it goes. */
void tern_neigh_learn(struct tern_ip *ip, struct tern_neighbour *n, const uint8_t mac[6],
                      enum neigh_state state);

/*
 * The MAC we have is contested. It stays until its owner has been asked, to
 * its face, and was silent; at most once a second, whoever says so.
 */
void tern_neigh_contest(struct tern_ip *ip, struct tern_neighbour *n);

/* Forgets all neighbours of a link; who waits for them hears why. */
void tern_neigh_forget(struct tern_ip *ip, uint8_t link);

/* Serves deadlines up to now; the next one. */
uint64_t tern_neigh_run(struct tern_ip *ip, uint64_t now_ns);

/* The neighbour that the path names, if that still holds and needs no look now. */
static inline struct tern_neighbour *tern_neigh_of_path(const struct tern_ip *ip,
                                                        const struct tern_net_path *path)
{
    struct tern_neighbour *n = &ip->neighbours[path->neighbour];
    if (path->generation == 0 || path->generation != n->generation ||
        ip->net->turn->now_ns >= n->check_ns)
        return NULL;
    return n;
}

/* Finds it by address for a packet, and notes it in out->path; as tern_neigh_resolve. */
enum tern_err tern_neigh_for(struct tern_ip *ip, struct tern_net_out *out, uint8_t link,
                             const struct tern_addr *next_hop, struct tern_neighbour **n);

/* ---- Sending (ip_output.c) ------------------------------------------------ */

/* Copies len octets from offset off of a payload in two parts. */
void tern_ip_parts_copy(uint8_t *to, const struct tern_span parts[2], size_t off, size_t len);

/* The family's send_parts, of one run of octets. */
enum tern_err tern_ip_send(struct tern_ip *ip, struct tern_net_out *out, const uint8_t *l4,
                           size_t l4_len);

/* The same of what pkt carries, as it stands in its frame by now. */
enum tern_err tern_ip_answer(struct tern_ip *ip, const struct tern_net_packet *pkt,
                             struct tern_net_out *out);

/* ---- Datagrams that wait for a neighbour (ip_held.c) ---------------------- */

/*
 * Copies a datagram to a block of n's list, or says TERN_AGAIN: n or the stack
 * hold enough, or none is free. Later ones are refused rather than earlier
 * ones dropped, so that a sender learns of it.
 */
enum tern_err tern_ip_hold(struct tern_ip *ip, struct tern_neighbour *n,
                           const struct tern_net_out *out, const struct tern_span parts[2]);

/* Sends, or drops, the datagrams that waited for this neighbour. */
void tern_ip_held_send(struct tern_ip *ip, struct tern_neighbour *n);
void tern_ip_held_drop(struct tern_ip *ip, struct tern_neighbour *n);

/* ---- Path MTUs and the rate of errors (ip_path.c) ------------------------- */

/*
 * The path MTU to dst: link_mtu, or what was noted for dst if that is less; for
 * an echo's reply also what was noted for those.
 */
uint16_t tern_ip_pmtu(const struct tern_ip *ip, const struct tern_addr *dst, uint16_t link_mtu,
                      bool echo);

/* Notes mtu, which is below what was known, for ten minutes (RFC 1191 6.3, RFC 8201 5.3). */
void tern_ip_pmtu_lower(struct tern_ip *ip, const struct tern_addr *dst, uint16_t mtu, bool echo);

/* May an ICMP error go to dst now? Counts if not. */
bool tern_ip_rate_allows(struct tern_ip *ip, const struct tern_addr *dst);

/* ---- Groups (ip_group.c) --------------------------------------------------- */

void tern_ip_groups_init(struct tern_ip *ip, const struct ip_group_ops *ops);

/*
 * Joins or leaves a group on a link, with reports and the link's filter; users
 * are counted. Leaving on link 0xff: where it is joined. TERN_FULL: no entry is
 * free; TERN_INVALID: it was not joined.
 */
enum tern_err tern_ip_group_join(struct tern_ip *ip, uint8_t link, const struct tern_addr *group);
enum tern_err tern_ip_group_leave(struct tern_ip *ip, uint8_t link,
                                  const struct tern_addr *group);
bool tern_ip_has_group(const struct tern_ip *ip, uint8_t link, const struct tern_addr *group);

/*
 * Reports all groups of the link as if they had just been joined: it came up, or
 * got the address that reports are to come from (RFC 3810 section 5.2.13).
 */
void tern_ip_groups_tell(struct tern_ip *ip, uint8_t link);

/* A query that is checked; another host's report of an older version. */
void tern_ip_group_query(struct tern_ip *ip, uint8_t link, const struct tern_group_query *q);
void tern_ip_group_heard(struct tern_ip *ip, uint8_t link, const struct tern_addr *group);

/* Sends the reports that are due; the next deadline. */
uint64_t tern_ip_groups_run(struct tern_ip *ip, uint64_t now_ns);

/* ---- Reassembly (ip_reassembly.c) ----------------------------------------- */

/*
 * A fragment. pkt is as of a whole packet: its l4 is the fragment's data, and
 * the l3_len octets at l3 (1..TERN_REASSEMBLY_HDR_LEN) are what is kept of
 * fragment zero's headers.
 */
struct ip_fragment {
    const struct tern_net_packet *pkt;
    uint32_t id;             /* of IPv4 with the protocol in the upper half */
    size_t start, end;       /* octets of the datagram's data; end: past the last */
    size_t end_max;          /* what a total length can say */
    bool more;
};

enum ip_fragment_fault { IP_FRAGMENT_GOOD, IP_FRAGMENT_BAD_LEN, IP_FRAGMENT_BAD_OFFSET };

/* Takes a fragment; counts what becomes of it. The fault is what IPv6 answers to. */
enum ip_fragment_fault tern_ip_fragment(struct tern_ip *ip, const struct ip_fragment *f);

/* The data of a datagram begins here in its buffer's frame, its headers end here. */
#define IP_REASSEMBLY_OFF (ETH_HDR_LEN + TERN_REASSEMBLY_HDR_LEN)

/*
 * The packet that stands in the buffer, its headers the hdr_len octets before
 * the data: all of it, or of an unfinished one what has come without a gap.
 * protocol, ttl, ecn and multicast are left to the family.
 */
struct tern_net_packet tern_ip_reassembly_packet(struct tern_ip *ip, struct tern_reassembly *r);

void tern_ip_reassembly_init(struct tern_ip *ip);
uint64_t tern_ip_reassembly_run(struct tern_ip *ip, uint64_t now_ns);
void tern_ip_reassembly_turn_end(struct tern_ip *ip);
void tern_ip_reassembly_forget(struct tern_ip *ip, uint8_t link);

#pragma GCC visibility pop

#endif
