/* SPDX-License-Identifier: ISC */
/*
 * The paravirtual console: two rings of octets in a page that the console's
 * backend shares (xen/io/console.h). It is the log's way out, and what a person
 * types comes in.
 *
 * The backend may write anything into the page. Our own indices are kept in
 * private memory and only published; the other side's are read once a call.
 * One that is not where a backend could have put it ends the console, its port
 * included, and nothing else: the log goes on without it.
 */
#ifndef TERN_XEN_CONSOLE_H
#define TERN_XEN_CONSOLE_H

#include "xen.h"

struct xen_console {
    struct xen_env *env;
    void *page;              /* NULL: there is none */
    struct xen_port event;
    uint32_t out_prod, in_cons;
    uint32_t out_seen;       /* of what was put: how much has been taken out, at most */
    uint64_t breaches;
};

/* page: shared, of XEN_PAGE_LEN octets; what is in its rings already stays. */
void xen_console_init(struct xen_console *console, struct xen_env *env, void *page, uint32_t port);

/* Puts octets into the ring: how many found room. The backend is told. */
size_t xen_console_write(struct xen_console *console, const char *text, size_t len);

/* Takes what was typed, at most cap octets. The backend is told that there is room. */
size_t xen_console_read(struct xen_console *console, char *to, size_t cap);

/*
 * The same for the loop, which the port has perhaps waked: one that brings nothing is
 * listened to ever more rarely, and xen_console_due says when it wants to be looked at.
 */
size_t xen_console_poll(struct xen_console *console, char *to, size_t cap, uint64_t now_ns);

static inline uint64_t xen_console_due(const struct xen_console *console)
{
    return console->page != NULL ? xen_port_due(&console->event) : TERN_NEVER;
}

#endif
