/* SPDX-License-Identifier: ISC */
/*
 * What a host said in a run of frames, in a form in which two runs can be
 * compared: not when and in how many segments, but which octets to whom, and
 * how each conversation ended.
 */
#ifndef TERN_TESTS_REPLAY_SUMMARY_H
#define TERN_TESTS_REPLAY_SUMMARY_H

#include <tern/base.h>

#define SUMMARY_FLOWS 192u
#define SUMMARY_FRAGMENTS 4u

enum summary_kind { SUMMARY_ARP, SUMMARY_ICMP, SUMMARY_UDP, SUMMARY_TCP, SUMMARY_GROUP };

/* A packet of either family in a frame; offsets are from the frame's start. */
struct summary_packet {
    struct tern_addr src, dst;
    uint8_t protocol;
    bool fragment, more;
    size_t frag_off;
    uint32_t id;
    size_t l4_off, l4_len;
};

/* False: no packet, or it is cut. */
bool summary_packet(const uint8_t *frame, size_t len, struct summary_packet *pkt);

/* The sum over a packet's pseudo-header, to which that over its l4_len octets is added. */
uint32_t summary_pseudo_sum(const struct summary_packet *pkt);

/*
 * One conversation: answers to ARP or Neighbour Discovery, one kind of ICMP
 * message, a pair of ports, a group that is reported (with how many, and other
 * Neighbour Discovery, each host does as it likes).
 */
struct summary_flow {
    enum summary_kind kind;
    struct tern_addr peer;
    uint16_t ours, theirs;       /* ports; ICMP: type and code */
    uint64_t n_messages;         /* TCP: 0 */
    uint64_t n_octets, hash;     /* FNV-1a of all octets in order */
    bool fin, rst;               /* TCP */
    bool started;                /* TCP: iss is known */
    uint32_t iss, next;          /* TCP: initial and next sequence number */
    uint32_t last_ts;            /* TCP: the last timestamp, 0: none */
};

struct summary {
    struct summary_flow flows[SUMMARY_FLOWS];
    size_t n_flows;
    bool overflow;               /* more than it can hold: comparisons mean nothing */
    struct {
        struct tern_addr dst;
        uint32_t id;
        uint8_t protocol;
        bool used;
        size_t len;
        uint8_t data[66000];
    } fragments[SUMMARY_FRAGMENTS];
};

/* Adds a frame that the host sent. */
void summary_add(struct summary *s, const uint8_t *frame, size_t len);

/* The TCP flow of these ports, or NULL. */
struct summary_flow *summary_tcp(struct summary *s, const struct tern_addr *peer, uint16_t ours,
                                 uint16_t theirs);

/* Are they the same? Prints each difference to standard output, "want" first. */
bool summary_same(const struct summary *want, const struct summary *got);

#endif
