/* SPDX-License-Identifier: ISC */
/*
 * A store in the test's own memory, at the other end of a guest's ring: a tree,
 * watches, transactions. Its answers can be held back, doubled or rewritten.
 */
#ifndef TERN_TESTS_XEN_STORE_H
#define TERN_TESTS_XEN_STORE_H

#include <backends/xen/xenstore.h>

#include "xen_fake.h"

enum { STORE_NODES = 192, STORE_WATCHES = 16, STORE_OPS = 64, STORE_PATH = 160, STORE_VALUE = 128,
       STORE_HELD = 64, STORE_HELD_LEN = 160 };

struct store_node {
    char path[STORE_PATH];
    char value[STORE_VALUE];
};

struct store_watch {
    bool used;
    char path[STORE_PATH], given[STORE_PATH], token[24];
};

struct store_op {
    uint32_t tx;
    bool removes;
    struct store_node node;
};

struct xen_store {
    struct xen_fake *xen;
    struct xenstore_domain_interface *ring;
    uint32_t port;
    uint16_t domid;              /* the guest's: relative paths count from its directory */
    struct store_node nodes[STORE_NODES];
    size_t n_nodes;
    struct store_watch watches[STORE_WATCHES];
    struct store_op ops[STORE_OPS];    /* of transactions that are not over */
    size_t n_ops;
    uint32_t next_tx;
    unsigned n_tx_open, n_commits;
    unsigned n_eagain;           /* so many commits it refuses */
    unsigned n_requests;
    bool deaf;                   /* reads nothing */
    bool silent;                 /* answers nothing */
    bool holds;                  /* keeps answers back, not events, until store_release */
    struct {
        uint32_t type, id;
        size_t len;
        uint8_t data[STORE_HELD_LEN];
    } held[STORE_HELD];
    size_t n_held;
    bool no_reset;               /* knows no XS_RESET_WATCHES */
    unsigned watch_limit;        /* refuses watches above; 0: no limit */
    /* Sees each answer and event before it goes out, and may rewrite it. */
    void (*mangle)(struct xen_store *s, uint8_t *message, size_t len);
    void (*changed)(struct xen_store *s, const char *path);    /* may be NULL */
    void *user;
    uint8_t out[1 << 16];
    size_t n_out;
};

void store_init(struct xen_store *s, struct xen_fake *xen, uint16_t domid);
void store_free(struct xen_store *s);

/* As another domain does: watches fire. Paths are absolute. */
void store_set(struct xen_store *s, const char *path, const char *value);
void store_remove(struct xen_store *s, const char *path);
/* NULL: there is none. */
const char *store_get(const struct xen_store *s, const char *path);

/* Takes requests and sends answers, as far as the ring has room. True: it did something. */
bool store_serve(struct xen_store *s);

/* Sends a message of its own making. */
void store_send(struct xen_store *s, uint32_t type, uint32_t id, const void *data, size_t len);

/* Gives what it has held back, the last first. */
void store_release(struct xen_store *s);

unsigned store_n_watches(const struct xen_store *s);

/* The domain is another: watches and transactions are gone, and so is what was under way. */
void store_restore(struct xen_store *s, uint16_t domid);

#endif
