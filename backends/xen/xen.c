/* SPDX-License-Identifier: ISC */
/*
 * What the drivers say in the log, and how long they listen to a port.
 */
#include "xen.h"

#include <string.h>

static void say(struct xen_env *env, const char *who, const char *between, const char *text)
{
    char line[160];
    size_t len = 0;
    const char *const pieces[] = { who, between, text, "\n" };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t n = strlen(pieces[i]);
        if (n > sizeof line - len)
            n = sizeof line - len;
        memcpy(line + len, pieces[i], n);
        len += n;
    }
    env->log(env, line, len);
}

void xen_say(struct xen_env *env, const char *who, const char *text)
{
    say(env, who, ": ", text);
}

const char *xen_text_at(const char *texts, size_t n)
{
    while (n-- > 0)
        texts += strlen(texts) + 1;
    return texts;
}

void xen_say_stopped(struct xen_env *env, const char *who, const char *why)
{
    say(env, who, ": stopped: ", why);
}

enum { IDLE_EVENTS = 32, BACKOFF_MOST = 7 };

bool xen_port_take(struct xen_env *env, struct xen_port *port, uint64_t now_ns)
{
    if (port->masked) {
        if (now_ns < port->until_ns)
            return false;
        port->masked = false;
        env->evtchn_mask(env, port->port, false);
    }
    return env->evtchn_take(env, port->port);
}

bool xen_port_account(struct xen_env *env, struct xen_port *port, bool raised, bool worked,
                      uint64_t now_ns)
{
    if (worked)
        port->n_idle = port->backoff = 0;
    if (worked || !raised || ++port->n_idle < IDLE_EVENTS)
        return false;
    port->n_idle = IDLE_EVENTS / 2;
    port->masked = true;
    port->until_ns = now_ns + (TERN_MILLISECOND_NS << port->backoff);
    if (port->backoff < BACKOFF_MOST)
        port->backoff++;
    env->evtchn_mask(env, port->port, true);
    return true;
}
