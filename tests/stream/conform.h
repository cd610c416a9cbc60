/* SPDX-License-Identifier: ISC */
/*
 * What every provider of streams must do alike. A script (conform_script.c)
 * moves two users over a pair of connected streams and notes what each of them
 * saw; the notes must be the same whoever provides the streams. A driver is
 * all that a provider has to bring.
 */
#ifndef TERN_TESTS_STREAM_CONFORM_H
#define TERN_TESTS_STREAM_CONFORM_H

#include <tern/stream.h>

/* A provider under test. The tables are const; state is the driver's own. */
struct conform_driver {
    const char *name;

    /* Ready to listen and connect. accept and app are for all that arrives. */
    void (*setup)(tern_accept_fn *accept, void *app);

    /* Starts a connection to what listens, or, if refused, to what does not. */
    struct tern_stream *(*connect)(const struct tern_stream_events *events, void *user,
                                   bool refused);

    /* Runs turns and moves octets until nothing more happens by itself. */
    void (*pump)(void);

    /* Lets so much time pass, and then pumps. */
    void (*wait)(uint64_t ns);

    /* Gives all back. Returns what was not given back to the provider, or NULL. */
    const char *(*teardown)(void);

    /* After close, how long this driver's provider waits for the peer's end. */
    uint64_t linger_ns;

    /* A long time, by this driver's clock. */
    uint64_t long_ns;

    /* Octets that are more than all queues on the way from user to user hold. */
    uint64_t much;
};

/* feed_driver.c: two feeds joined in memory, in several sizes. */
extern const struct conform_driver conform_feed;
extern const struct conform_driver conform_feed_small;
extern const struct conform_driver conform_feed_octet;

/* sockets_driver.c: kernel sockets over the loop-back interface. */
extern const struct conform_driver conform_sockets;

/* net_driver.c: two stacks on a simulated cable, a good one and a rough one. */
extern const struct conform_driver conform_net;
extern const struct conform_driver conform_net_rough;

/* The same with the test filter above both streams. */
const struct conform_driver *conform_filtered(const struct conform_driver *driver);

/* ---- Scripts --------------------------------------------------------------- */

/* Each is one sentence of stream.h. It asserts by Check and returns. */
struct conform_script {
    const char *name;
    void (*run)(const struct conform_driver *driver);
};

extern const struct conform_script conform_scripts[];
extern const int conform_n_scripts;

#endif
