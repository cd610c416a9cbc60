/* SPDX-License-Identifier: ISC */
/*
 * A guest with a network device, its store, and a netback that speaks the
 * handshake: all of a connection's life in one process.
 */
#ifndef TERN_TESTS_XEN_WORLD_H
#define TERN_TESTS_XEN_WORLD_H

#include <backends/xen/netfront_bus.h>

#include "xen_netback.h"
#include "xen_store.h"

enum { WORLD_GUEST = 5, WORLD_KEYS = 12, WORLD_LAG = 8 };

/* A netback and its toolstack. */
struct world_back {
    struct netback nb;
    uint16_t domid;
    char dir[64];                /* its own directory */
    uint32_t state;              /* what it has written last */
    bool attached;
    bool offline;                /* closed, it stays closed */
    bool stubborn;               /* does not react to what the frontend says */
    bool ignores_close;          /* ... to its closing */
    unsigned lag;                /* so many turns late it sees what the frontend is */
    uint32_t seen[WORLD_LAG];    /* what that was, the newest first */
    const char *features[WORLD_KEYS][2];    /* what it writes beside its state */
    size_t n_features;
    unsigned n_connects, n_disconnects;
};

struct world {
    struct xen_fake x;
    struct xen_store s;
    struct xenstore xs;
    struct netfront nf;
    struct netfront_bus bus;
    struct world_back back;
    uint64_t now_ns, deadline_ns;    /* deadline: of the stack above */
    char front[64];                  /* the frontend's directory */
};

/* The guest starts; there is no backend. config may be NULL. */
void world_init(struct world *w, const struct netfront_config *config);
void world_free(struct world *w);

/* A backend that can everything. */
void world_features_all(struct world *w);
void world_feature(struct world *w, const char *key, const char *value);

/*
 * The toolstack makes a device whose backend is domain domid, which says what it
 * can and waits; or takes it away, after the handshake or by force.
 */
void world_attach(struct world *w, uint16_t domid);
void world_detach(struct world *w);
void world_back_dies(struct world *w);
/* The backend's own steps. */
void world_back_state(struct world *w, uint32_t state);
void world_back_restart(struct world *w);

/* One turn of everybody. True: somebody did something. */
bool world_turn(struct world *w);
/* Turns until nobody does anything. */
void world_run(struct world *w);

const char *world_key(const struct world *w, const char *name);    /* the frontend's */
uint32_t world_state(const struct world *w);                       /* the frontend's */

#endif
