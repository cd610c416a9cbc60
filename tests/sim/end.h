/* SPDX-License-Identifier: ISC */
/*
 * One end of a simulated connection: it sends so many octets in every style
 * that the stream contract has, checks each octet that it gets and the order
 * of its events, and ends. All choices from its own seed.
 */
#ifndef TERN_TESTS_SIM_END_H
#define TERN_TESTS_SIM_END_H

#include "hosts.h"

/* What an end does when it has sent all that it has. */
enum ending { FINISH, CLOSE, ABORT_MIDWAY };

struct end {
    struct host *host;
    struct tern_stream *s;
    struct end *peer;
    struct sim_random random;
    struct tern_timer timer;         /* reads and writes again later */
    uint32_t key;                    /* where in content its octets begin */
    uint64_t n_total, n_sent, n_got;
    enum ending ending;
    uint64_t abort_at;               /* octets sent before ABORT_MIDWAY */
    bool opened, ended, finished, closed, lazy, slow_reader;
    enum tern_err why;
    const char *wrong;
};

/* Fills the octets that everybody sends. Harmless twice. */
void end_content_init(void);

extern const struct tern_stream_events end_events;

/* Makes the end the user of a stream it has not got yet. */
void end_attach(struct end *end, struct tern_stream *s);

/* Draws what the end will do. host and peer are set before. */
void end_choose(struct end *end, struct sim_random *random);

#endif
