/* SPDX-License-Identifier: ISC */
/*
 * Event channels and waiting: the machine as drivers see it.
 *
 * All channels are masked from the start: nothing interrupts. The loop waits in
 * SCHEDOP_poll, which names those that end the wait. A channel's bit in the
 * shared page stays set until it is taken, so no event is lost between a look
 * and a wait.
 */
#include <string.h>

#include "xen_public.h"
#include <xen/event_channel.h>
#include <xen/sched.h>

#include "backends/pvh/pvh_internal.h"

#include "machine.h"

enum { N_PORTS = 4096, WORD_BITS = 64, LISTEN_MAX = 32 };

/* Octets of log that one round sends, and when a full console is asked again. */
enum { LOG_ROUND = 512 };
#define LOG_RETRY_NS UINT64_C(10000000)

static struct {
    evtchn_port_t ports[LISTEN_MAX];    /* alive and unmasked: what ends a wait */
    uint32_t n;
} listening;

void xen_events_start(void)
{
    for (size_t i = 0; i < N_PORTS / WORD_BITS; i++)
        xen_shared.info.evtchn_mask[i] = ~UINT64_C(0);
    listening.n = 0;
}

static void listen_drop(uint32_t port)
{
    for (uint32_t i = 0; i < listening.n; i++) {
        if (listening.ports[i] == port) {
            listening.ports[i] = listening.ports[--listening.n];
            return;
        }
    }
}

void xen_machine_listen(uint32_t port)
{
    listen_drop(port);
    if (port > 0 && port < N_PORTS && listening.n < LISTEN_MAX)
        listening.ports[listening.n++] = port;
}

static enum tern_err evtchn_alloc(struct xen_env *env, uint16_t domid, uint32_t *port)
{
    struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = domid };
    (void)env;
    if (listening.n == LISTEN_MAX)
        return TERN_FULL;
    if (xen_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, xen_arg(&alloc),
                      0) != 0)
        return TERN_FULL;
    *port = alloc.port;
    xen_machine_listen(alloc.port);
    return TERN_OK;
}

static void evtchn_close(struct xen_env *env, uint32_t port)
{
    struct evtchn_close close = { .port = port };
    (void)env;
    listen_drop(port);
    (void)xen_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_close, xen_arg(&close), 0);
}

static void evtchn_notify(struct xen_env *env, uint32_t port)
{
    struct evtchn_send send = { .port = port };
    (void)env;
    (void)xen_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, xen_arg(&send), 0);
}

static void evtchn_mask(struct xen_env *env, uint32_t port, bool masked)
{
    (void)env;
    if (masked)
        listen_drop(port);
    else
        xen_machine_listen(port);
}

static bool evtchn_take(struct xen_env *env, uint32_t port)
{
    (void)env;
    if (port >= N_PORTS)
        return false;
    volatile xen_ulong_t *word = &xen_shared.info.evtchn_pending[port / WORD_BITS];
    xen_ulong_t bit = (xen_ulong_t)1 << port % WORD_BITS;
    if ((*word & bit) == 0)
        return false;
    return (__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST) & bit) != 0;
}

/* ---- Waiting ---- */

static bool is_raised(void)
{
    for (uint32_t i = 0; i < listening.n; i++) {
        evtchn_port_t port = listening.ports[i];
        if ((xen_shared.info.evtchn_pending[port / WORD_BITS] >> port % WORD_BITS & 1) != 0)
            return true;
    }
    return false;
}

static void poll_until(uint64_t until_ns)
{
    struct sched_poll poll = { .nr_ports = listening.n };
    set_xen_guest_handle(poll.ports, listening.ports);
    /* 0 is for ever; so might as well be what is far off. */
    uint64_t at = xen_clock_raw_ns(until_ns);
    poll.timeout = until_ns >= (uint64_t)INT64_MAX ? 0 : at == 0 ? 1 : at;
    (void)xen_hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, xen_arg(&poll), 0);
}

void pvh_wait(uint64_t deadline_ns)
{
    for (;;) {
        bool sent = pvh_log_send(LOG_ROUND);
        if (pvh_pending() || is_raised())
            return;
        uint64_t now_ns = pvh_now_ns();
        if (now_ns >= deadline_ns)
            return;
        uint64_t until_ns = deadline_ns;
        if (!sent && until_ns - now_ns > LOG_RETRY_NS)
            until_ns = now_ns + LOG_RETRY_NS;
        poll_until(until_ns);
        pvh_counters.wakeups++;
    }
}

/* ---- The machine as drivers see it ---- */

static void *carve(struct xen_env *env, size_t len, size_t align)
{
    (void)env;
    void *mem = pvh_mem_carve(len, align);
    if (mem != NULL)
        memset(mem, 0, len);
    return mem;
}

static void *carve_io(struct xen_env *env, size_t len)
{
    (void)env;
    return pvh_mem_carve_io(len);
}

static uint32_t frame(struct xen_env *env, const void *page)
{
    (void)env;
    return (uint32_t)(pvh_mem_phys(page) / XEN_PAGE_LEN);
}

static void say(struct xen_env *env, const char *text, size_t len)
{
    (void)env;
    pvh_log(text, len);
}

struct xen_env xen_machine_env PVH_SEALED;

void xen_env_start(void)
{
    static const struct xen_env env = {
        .carve = carve,
        .carve_io = carve_io,
        .frame = frame,
        .evtchn_alloc = evtchn_alloc,
        .evtchn_close = evtchn_close,
        .evtchn_notify = evtchn_notify,
        .evtchn_mask = evtchn_mask,
        .evtchn_take = evtchn_take,
        .log = say,
    };
    xen_machine_env = env;
}
