/* SPDX-License-Identifier: ISC */
/*
 * Networks of stacks in virtual time. A simulated link is a driver: its commit
 * copies the frame into a heap of events ordered by (time, number), and the
 * simulator's run takes the earliest and hands it to the other end. Nothing
 * depends on an address or on real time, so a seed is a whole run.
 *
 * impair.h puts loss, delay and the rest between a link and its stack.
 */
#ifndef TERN_TESTS_SIM_H
#define TERN_TESTS_SIM_H

#include <tern/link.h>

#define SIM_FRAME_CAP (14 + 65535)
#define SIM_EVENTS 4096
#define SIM_HOSTS 8

/* A small generator for choices of the test itself; not the stack's. */
struct sim_random {
    uint64_t state;
};
uint64_t sim_random_u64(struct sim_random *r);
uint32_t sim_random_below(struct sim_random *r, uint32_t n);
/* True with probability parts in a million. */
bool sim_random_ppm(struct sim_random *r, uint32_t ppm);

struct sim;

/* One end of a simulated cable. */
struct sim_link {
    struct tern_link link;
    struct sim *sim;
    struct sim_link *peer;       /* the other end */
    uint64_t delay_ns;           /* propagation */
    uint64_t octet_ns_x1024;     /* serialisation: ns an octet, times 1024; 0: infinite rate */
    uint64_t busy_until_ns;
    uint32_t queue_max;          /* frames under way before tx_slot says FULL */
    uint32_t n_queued;
    bool owes_room;
    uint8_t host;                /* index of the host it belongs to */
    uint8_t *slot;               /* one lent slot at a time is enough: commits copy */
    uint64_t n_sent, n_full, n_split;
};

struct sim_event {
    uint64_t at_ns, number;
    struct sim_link *to;
    uint8_t *frame;
    uint32_t len;
    uint16_t seg_len;
    uint8_t gso, csum;
};

/* What the simulator calls to run a host; returns its next deadline. */
struct sim_host {
    uint64_t (*poll)(void *host, uint64_t now_ns);
    void (*after)(void *host);    /* after each event: invariants */
    void *host;
    uint64_t deadline_ns;
    uint64_t paused_until_ns;
};

struct sim {
    uint64_t now_ns;
    uint64_t n_events_made;
    struct sim_event heap[SIM_EVENTS];
    size_t n_heap;
    struct sim_host hosts[SIM_HOSTS];
    size_t n_hosts;
    struct sim_random random;
    uint64_t trace;              /* a hash over every frame and its time */
    bool overflowed;
    void (*tap)(void *user, uint64_t now_ns, const uint8_t *frame, size_t len);    /* may be NULL */
    void *tap_user;
};

void sim_init(struct sim *sim, uint64_t seed);
void sim_free(struct sim *sim);

/* Makes two ends of one cable (their memory the caller's) between two hosts. */
void sim_cable(struct sim *sim, struct sim_link *a, uint8_t host_a, struct sim_link *b,
               uint8_t host_b, uint16_t mtu, uint16_t offloads);
void sim_uncable(struct sim_link *a, struct sim_link *b);

uint8_t sim_add_host(struct sim *sim, uint64_t (*poll)(void *host, uint64_t now_ns),
                     void (*after)(void *host), void *host);

/* A frame (copied) that comes to this end from no host, as other machines of the link send. */
void sim_inject(struct sim *sim, struct sim_link *to, const uint8_t *frame, size_t len);

/* A host's deadline changed outside its poll (a call from the test). */
void sim_kick(struct sim *sim, uint8_t host);

/*
 * Runs until done(user) says so, nothing is left to happen, or virtual time
 * passes until_ns. Returns true if done.
 */
bool sim_run(struct sim *sim, uint64_t until_ns, bool (*done)(void *user), void *user);

#endif
