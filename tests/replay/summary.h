/* SPDX-License-Identifier: ISC */
/*
 * What a host said in a run of frames, in a form in which two runs can be
 * compared: not when and in how many segments, but which octets to whom, and
 * how each conversation ended.
 */
#ifndef TERN_TESTS_REPLAY_SUMMARY_H
#define TERN_TESTS_REPLAY_SUMMARY_H

#include <tern/base.h>

#define SUMMARY_FLOWS 64u
#define SUMMARY_FRAGMENTS 4u

enum summary_kind { SUMMARY_ARP, SUMMARY_ICMP, SUMMARY_UDP, SUMMARY_TCP };

/* One conversation: ARP answers, one kind of ICMP message, a pair of ports. */
struct summary_flow {
    enum summary_kind kind;
    uint32_t peer;
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
        uint32_t dst;
        uint16_t id;
        uint8_t protocol;
        bool used;
        size_t len;
        uint8_t data[66000];
    } fragments[SUMMARY_FRAGMENTS];
};

/* Adds a frame that the host sent. */
void summary_add(struct summary *s, const uint8_t *frame, size_t len);

/* The TCP flow of these ports, or NULL. */
struct summary_flow *summary_tcp(struct summary *s, uint32_t peer, uint16_t ours,
                                 uint16_t theirs);

/* Are they the same? Prints each difference to standard output, "want" first. */
bool summary_same(const struct summary *want, const struct summary *got);

#endif
