/* SPDX-License-Identifier: ISC */
/*
 * Paravirtual devices of Xen for a guest that does not trust their backends.
 *
 * What they stand on is written down in Xen's public headers (libxen-dev):
 * xen/grant_table.h, xen/event_channel.h, xen/io/ring.h, xen/io/netif.h,
 * xen/io/xs_wire.h and xen/io/xenbus.h.
 *
 * Files in reading order:
 *
 *   xen.h, xen.c          the machine as drivers see it; xen_public.h: the public headers
 *   gnttab.[ch]           grants: who may reach which page
 *   xen_ring.[ch]         a ring of requests and answers, the frontend's side
 *   xenstore.[ch]         the store's client ...
 *   xenstore_wire.c       ... its ring
 *   xenstore_update.c     ... several keys in one transaction
 *   xenstore_value.c      ... what values may look like
 *   xenbus.[ch]           the handshake with a backend, its end, its next life
 *   netfront.[ch]         the network device as a struct tern_link
 *   netfront_rx.c         ... its frames in
 *   netfront_tx.c         ... its frames out
 *   netfront_group.c      ... the groups that it listens to
 *   netfront_bus.c        ... what it agrees on with its backend
 *
 * All of them see the machine through one table, struct xen_env, so the very
 * same objects run in tests with a backend that lies.
 *
 * The backend is hostile, and so is the store. Each may write all memory that
 * it shares with the guest at any time. So the drivers keep a private copy of
 * everything that they rely on, read each value once into a local, and check
 * it. A value that no honest backend writes is a breach: it is counted, the
 * device stops, and nothing else is touched.
 */
#ifndef TERN_XEN_H
#define TERN_XEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tern/base.h>

#define XEN_PAGE_LEN 4096u

/*
 * What a driver needs of the machine. carve and carve_io are called by the
 * inits only (before the seal), the others at any time.
 */
struct xen_env {
    /* Private memory, zeroed. NULL: none is left. */
    void *(*carve)(struct xen_env *env, size_t len, size_t align);
    /* Whole pages for what a backend reads or writes: zeroed, shared with nothing else. */
    void *(*carve_io)(struct xen_env *env, size_t len);
    /* The guest's number of a page that carve_io gave. */
    uint32_t (*frame)(struct xen_env *env, const void *page);

    /*
     * Event channels. alloc: a new port that domain domid may bind to, unmasked
     * (EVTCHNOP_alloc_unbound). TERN_FULL: there is none.
     */
    enum tern_err (*evtchn_alloc)(struct xen_env *env, uint16_t domid, uint32_t *port);
    void (*evtchn_close)(struct xen_env *env, uint32_t port);
    void (*evtchn_notify)(struct xen_env *env, uint32_t port);
    /* Masked, a port wakes nobody. Unmasked again, it does if it was raised meanwhile. */
    void (*evtchn_mask)(struct xen_env *env, uint32_t port, bool masked);
    /*
     * Was it raised since the last call? One that is raised after this call
     * lets the loop's next wait return at once.
     */
    bool (*evtchn_take)(struct xen_env *env, uint32_t port);

    void (*log)(struct xen_env *env, const char *text, size_t len);
};

/* One line in the log: who, then text. */
void xen_say(struct xen_env *env, const char *who, const char *text);

/* The same of one that has broken a rule: "who: stopped: why". */
void xen_say_stopped(struct xen_env *env, const char *who, const char *why);

/* The n-th of texts that stand one behind another, each with its zero. */
const char *xen_text_at(const char *texts, size_t n);

/*
 * Events that bring no work are answered by not listening (XSA-391): 32 of them in a
 * row mask a port, for 1 ms at first and 128 ms at most. An honest side sends some:
 * work may have been found before its event came.
 */
struct xen_port {
    uint32_t port;
    bool masked;
    uint8_t n_idle, backoff;    /* events in a row that brought no work; pauses */
    uint64_t until_ns;          /* masked until then */
};

/* Was the port raised? A masked one is listened to again when its time is over. */
bool xen_port_take(struct xen_env *env, struct xen_port *port, uint64_t now_ns);
/* What came of that look. True: the port has just been masked. */
bool xen_port_account(struct xen_env *env, struct xen_port *port, bool raised, bool worked,
                      uint64_t now_ns);

/* When it wants to be looked at, whatever happens: TERN_NEVER if it is listened to. */
static inline uint64_t xen_port_due(const struct xen_port *port)
{
    return port->masked ? port->until_ns : TERN_NEVER;
}

/*
 * Order. On x86 stores are seen in the order of the program, and loads too: only
 * a load must be kept from passing an earlier store. The compiler is told in all
 * three cases.
 */
static inline void xen_wmb(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }
static inline void xen_rmb(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }
static inline void xen_mb(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

#endif
