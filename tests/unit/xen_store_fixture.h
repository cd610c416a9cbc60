/* SPDX-License-Identifier: ISC */
/*
 * A client and a store, and what became of what was asked.
 */
#ifndef TERN_TESTS_XEN_STORE_FIXTURE_H
#define TERN_TESTS_XEN_STORE_FIXTURE_H

#include "xen_store.h"

enum { ASKED = 8, WATCHED = 4 };

/* What a request came to. */
struct asked {
    unsigned n_done;
    enum tern_err err;
    uint8_t data[XENSTORE_REPLY_CAP];
    size_t len;
};

extern struct xen_fake x;
extern struct xen_store s;
extern struct xenstore xs;
extern uint64_t now_ns;
extern struct asked got[ASKED];    /* of requests[i] */
extern struct xenstore_request requests[ASKED];
extern struct xenstore_watch watches[WATCHED];
extern unsigned n_fired[WATCHED];

void store_setup(void);
void store_teardown(void);

/* Keeps what becomes of a request whose user is i in got[i]. */
void store_done(struct xenstore_request *r, enum tern_err err, const uint8_t *data, size_t len);

/* Both sides until neither has anything to do. */
void store_run(void);

void store_assert_value(size_t i, const char *value);

#endif
