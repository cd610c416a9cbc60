/* SPDX-License-Identifier: ISC */
/*
 * The network device on the bus: what it reads of its backend, what it writes,
 * and its connection's beginning and end.
 */
#ifndef TERN_XEN_NETFRONT_BUS_H
#define TERN_XEN_NETFRONT_BUS_H

#include "netfront.h"
#include "xenbus.h"

#define NETFRONT_BUS_READS 12u

/* One key that is read at the beginning. */
struct netfront_read {
    struct xenstore_request request;
    bool there;           /* and a number; or as its kind says */
    uint32_t number;
};

struct netfront_bus {
    struct netfront *nf;
    unsigned n_reading;
    bool begin_again;           /* what is under way is of a former life */
    uint32_t life;              /* the one that it is of */
    uint8_t mac[6];
    bool has_mac, aborted, unread;
    bool carrier_again;
    struct xenbus bus;
    struct netfront_read reads[NETFRONT_BUS_READS];
    struct xenstore_request carrier;
    struct xenstore_update update;
    struct xenstore_entry entries[XENSTORE_UPDATE_CAP];
    char texts[4][11];          /* references and ports, in decimal */
    uint64_t n_bad;             /* values that are none: they count as missing */
};

/*
 * Begins to look for the backend of the device whose directory is dir
 * (constant; "device/vif/0"). nf is initialised, and closed.
 */
void netfront_bus_init(struct netfront_bus *nb, struct netfront *nf, struct xenstore *store,
                       const char *dir);

/* After a breach, or at any time: leaves the backend and connects anew. */
void netfront_bus_reopen(struct netfront_bus *nb);

/*
 * After a restore: the device is closed without a look at what was, and begins
 * anew. The grant table has been restarted before; xenstore_restart follows.
 */
void netfront_bus_restart(struct netfront_bus *nb);

#endif
