/* SPDX-License-Identifier: ISC */
/*
 * The paravirtual console's two rings.
 */
#include "xen_console.h"

#include "xen_public.h"
#include <xen/io/console.h>

enum { IN_LEN = 1024, OUT_LEN = 2048 };

_Static_assert(sizeof((struct xencons_interface *)0)->in == IN_LEN, "the ring in");
_Static_assert(sizeof((struct xencons_interface *)0)->out == OUT_LEN, "the ring out");

static volatile struct xencons_interface *rings(const struct xen_console *console)
{
    return console->page;
}

static void breach(struct xen_console *console)
{
    console->breaches++;
    console->page = NULL;
    console->env->evtchn_mask(console->env, console->event.port, true);
}

void xen_console_init(struct xen_console *console, struct xen_env *env, void *page, uint32_t port)
{
    *console = (struct xen_console){ .env = env, .page = page, .event.port = port };
    if (page == NULL)
        return;
    /* Whoever was here before us (a loader, an earlier life) has left its indices. */
    console->out_prod = console->out_seen = rings(console)->out_prod;
    console->in_cons = rings(console)->in_cons;
}

size_t xen_console_write(struct xen_console *console, const char *text, size_t len)
{
    if (console->page == NULL)
        return 0;
    volatile struct xencons_interface *ring = rings(console);
    uint32_t cons = ring->out_cons;
    uint32_t full = console->out_prod - cons;
    if (full > OUT_LEN) {
        breach(console);
        return 0;
    }
    xen_mb();    /* what the backend has read is read before it is written over */
    size_t n = len < OUT_LEN - full ? len : OUT_LEN - full;
    for (size_t i = 0; i < n; i++)
        ring->out[(console->out_prod + i) % OUT_LEN] = text[i];
    if (n == 0)
        return 0;
    xen_wmb();
    console->out_prod += (uint32_t)n;
    ring->out_prod = console->out_prod;
    xen_mb();
    console->env->evtchn_notify(console->env, console->event.port);
    return n;
}

size_t xen_console_read(struct xen_console *console, char *to, size_t cap)
{
    if (console->page == NULL)
        return 0;
    volatile struct xencons_interface *ring = rings(console);
    uint32_t prod = ring->in_prod;
    uint32_t full = prod - console->in_cons;
    if (full > IN_LEN) {
        breach(console);
        return 0;
    }
    xen_rmb();
    size_t n = full < cap ? full : cap;
    for (size_t i = 0; i < n; i++)
        to[i] = ring->in[(console->in_cons + i) % IN_LEN];
    if (n == 0)
        return 0;
    xen_mb();
    console->in_cons += (uint32_t)n;
    ring->in_cons = console->in_cons;
    console->env->evtchn_notify(console->env, console->event.port);
    return n;
}

/* Has something been taken out of the ring? Only forwards, so not without end. */
static bool taken(struct xen_console *console)
{
    uint32_t cons = rings(console)->out_cons;
    uint32_t n = cons - console->out_seen;
    if (n == 0 || n > console->out_prod - console->out_seen)
        return false;
    console->out_seen = cons;
    return true;
}

size_t xen_console_poll(struct xen_console *console, char *to, size_t cap, uint64_t now_ns)
{
    if (console->page == NULL)
        return 0;
    bool raised = xen_port_take(console->env, &console->event, now_ns);
    size_t n = xen_console_read(console, to, cap);
    if (console->page != NULL)
        (void)xen_port_account(console->env, &console->event, raised, taken(console) || n > 0,
                               now_ns);
    return n;
}
