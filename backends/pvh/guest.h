/* SPDX-License-Identifier: ISC */
/*
 * A whole guest: what main is to a process. guest.c reads the options, places
 * memory, runs the appliance on a host over libnet, and turns the loop; the
 * backend brings the network device and what else only it knows.
 *
 *     pvh_backend_setup                     pvh_backend_main
 *       options                               host, tern_main
 *       guest_net_start    the device         loop:
 *       memory                                  guest_net_poll, or a turn
 *                                               guest_net_until, pvh_wait
 */
#ifndef TERN_PVH_GUEST_H
#define TERN_PVH_GUEST_H

#include "backends/host/host_internal.h"

#include <backends/pvh/pvh.h>

/* ---- The backend's side --------------------------------------------------------- */

/* "kvm", "xen": begins its lines in the log. */
extern const char guest_backend[];

/*
 * Finds and starts the network device, before the seal; ends the guest if there is none.
 * With several links settings become what all want together, see tern_host_links_settle.
 */
struct tern_link *guest_net_start(struct tern_host_settings *settings);

/*
 * What the device has to say, in turns of its own. False: nothing, and no turn
 * was run. *deadline_ns is what the last turn returned.
 */
bool guest_net_poll(uint64_t now_ns, uint64_t *deadline_ns);

/*
 * The loop has nothing to do until deadline_ns: until when may it wait? now_ns
 * or less: there is news, for which nothing would wake it.
 */
uint64_t guest_net_until(uint64_t now_ns, uint64_t deadline_ns);

/* The host runs: what a backend follows beside the device begins. */
void guest_started(struct tern_net_host *host);

/* What the device counts: set i, from 0; false: no more. */
bool guest_net_metrics(size_t i, struct tern_metrics *set);

/* ---- guest_nics.c, for a guest with several links ------------------------------- */

/* One of the machine's network devices of use. */
struct guest_nic {
    char name[24];      /* its place, for the log */
    uint8_t mac[6];
    size_t at;          /* its place, if the backend has a number for it */
    size_t link;        /* whose it is; TERN_NET_LINKS: nobody's */
};

/*
 * Settles the options of all links, as guest_net_start does, and says which of n devices
 * is which link's; ends the guest if a link has none. Lists them in the log.
 */
void guest_nics_share(struct guest_nic *nics, size_t n, struct tern_host_settings *settings);

#endif
