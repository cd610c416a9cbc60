/* SPDX-License-Identifier: ISC */
/*
 * A frontend, a backend connected to it, and a stack that keeps what it is told.
 */
#ifndef TERN_TESTS_XEN_FIXTURE_H
#define TERN_TESTS_XEN_FIXTURE_H

#include <backends/xen/netfront.h>

#include "xen_netback.h"

enum { FIXTURE_BACKEND = 7 };

/* A frame as input saw it: a copy, made when it returned. */
struct xen_got {
    const uint8_t *at;
    uint8_t *octets;
    size_t len;
    uint8_t csum, gso;
    uint16_t seg_len;
};

struct xen_fixture {
    struct xen_fake x;
    struct netback nb;
    struct netfront nf;
    struct netfront_keys keys;
    struct netfront_peer peer;
    struct xen_got got[TERN_LINK_BATCH];      /* of the last input */
    size_t n_got;
    unsigned n_input, n_tx_room, n_changed;
    uint64_t now_ns;
    void (*during_input)(struct xen_fixture *fx);    /* the backend's turn, inside input */
};

extern const struct netfront_peer fixture_peer_all;    /* a backend that can everything */

/* Starts a frontend, closed; config may be NULL. */
void fx_init(struct xen_fixture *fx, const struct netfront_config *config);
/* Connects it to a backend. */
void fx_connect(struct xen_fixture *fx, const struct netfront_peer *peer);
/* Both; the change is told and forgotten. */
void fx_begin(struct xen_fixture *fx, const struct netfront_config *config,
              const struct netfront_peer *peer);
void fx_end(struct xen_fixture *fx);

/* One poll; got is what came in it. */
bool fx_poll(struct xen_fixture *fx);

void fx_fill(uint8_t *p, size_t len, uint8_t seed);

/* Takes a slot, copies, commits. */
enum tern_err fx_send(struct xen_fixture *fx, const uint8_t *frame, size_t len);
void fx_flush(struct xen_fixture *fx);
void fx_assert_got(struct xen_fixture *fx, size_t i, const uint8_t *frame, size_t len);

/* What must hold of the driver's own books at any time; NULL if it does. */
const char *fx_broken(const struct netfront *nf);

#endif
