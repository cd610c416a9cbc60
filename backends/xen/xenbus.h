/* SPDX-License-Identifier: ISC */
/*
 * The handshake of a device with its backend, over the store
 * (xen/io/xenbus.h): each side has a directory with a key `state`, and watches
 * the other's.
 *
 *     ours                            the backend's
 *     Initialising                    InitWait      it has said what it can
 *     (keys written) Connected        Connected     it has mapped the rings
 *     Closing, Closed                 Closing, Closed
 *
 * A backend may close, restart, vanish, or be replaced by one of another
 * domain, at any time and without the intermediate steps. Whatever happens, the
 * device's end is called before its next begin.
 */
#ifndef TERN_XEN_XENBUS_H
#define TERN_XEN_XENBUS_H

#include "xenstore.h"

struct xenbus;

struct xenbus_ops {
    /*
     * The backend is ready: the device reads what it can, writes its own keys,
     * and says xenbus_publish or xenbus_refuse, now or later.
     */
    void (*begin)(struct xenbus *bus);
    /* The backend is connected: from now on, requests. */
    void (*connected)(struct xenbus *bus);
    /* Something has changed in the directory of a connected backend. */
    void (*changed)(struct xenbus *bus);
    /* It is over, or has never been: nothing of the connection may be left. */
    void (*end)(struct xenbus *bus);
};

enum xenbus_phase {
    XENBUS_LOOKING,      /* no backend is named */
    XENBUS_WAITING,      /* for its InitWait */
    XENBUS_BEGUN,        /* the device agrees with it */
    XENBUS_OFFERED,      /* we are Connected, it is not yet */
    XENBUS_CONNECTED,
    XENBUS_CLOSING,      /* we want to close: for its Closing or Closed */
    XENBUS_CLOSED,       /* for its next life */
};

/*
 * A backend that closes and stays is asked to begin anew, so often in a row: one
 * that closes again within a second after it was connected is left alone then.
 */
#define XENBUS_REOPENS 8u
#define XENBUS_LASTED_NS TERN_SECOND_NS

/* Placed. */
struct xenbus {
    const struct xenbus_ops *ops;
    struct xenstore *store;
    const char *name;                     /* for the log */
    const char *dir;                      /* ours: "device/vif/0" */
    uint16_t domid;                       /* whose it is */
    enum xenbus_phase phase;
    uint32_t life;                        /* changes with each end: what was asked before is old */
    uint32_t theirs, ours, written;       /* states */
    bool reopen, look_again, state_again, state_later;
    unsigned n_reopens;
    uint64_t connected_ns;
    uint64_t n_bad;                       /* values that are none */
    uint32_t found_id;
    unsigned n_looking;
    char backend[XENSTORE_PATH_CAP];      /* the backend's; "": none */
    char found[XENSTORE_PATH_CAP];        /* what a look finds, until it is complete */
    struct xenstore_watch watch_backend, watch_id, watch_peer;
    struct xenstore_request read_backend, read_id, read_state, write_state;
};

/*
 * Looks for the backend of the device whose directory is dir (constant). Calls
 * back from xenstore_poll only.
 */
void xenbus_init(struct xenbus *bus, struct xenstore *store, const struct xenbus_ops *ops,
                 const char *name, const char *dir);

/* In answer to begin: our keys are written; or the backend cannot be used. */
void xenbus_publish(struct xenbus *bus);
void xenbus_refuse(struct xenbus *bus, const char *why);
/* ... or the store ended meanwhile: all begins again when the watches are set anew. */
void xenbus_aborted(struct xenbus *bus);

/*
 * Closes, and begins anew with the same backend when it has closed too; another
 * one is taken at once. Harmless while there is no connection.
 */
void xenbus_reopen(struct xenbus *bus);

/*
 * After a restore, when the device has been ended by its own means: everything
 * that was known is void. Followed by xenstore_restart.
 */
void xenbus_restart(struct xenbus *bus);

#endif
