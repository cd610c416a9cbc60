/* SPDX-License-Identifier: ISC */
/*
 * Waiting: the only place where interrupts come in. IF is clear everywhere else
 * outside of handlers, so between the look at what is pending and the halt no
 * interrupt can slip in: `sti` takes effect after the instruction that follows.
 */
#include "backends/pvh/cpu.h"
#include "backends/kvm/pc_internal.h"

/* Octets of log that one round sends, and when a full port is asked again. */
enum { LOG_ROUND = 512 };
#define LOG_RETRY_NS UINT64_C(10000000)

static uint64_t timer_at;    /* what the timer is set to */

static void timer_until(uint64_t at_ns, uint64_t now_ns)
{
    if (pc_timer_armed() ? at_ns == timer_at : at_ns == UINT64_MAX)
        return;
    timer_at = at_ns;
    pc_timer_set(at_ns == UINT64_MAX ? UINT64_MAX : at_ns - now_ns);
}

void pvh_wait(uint64_t deadline_ns)
{
    pc_irq_calm();
    for (;;) {
        bool sent = pvh_log_send(LOG_ROUND);
        cpu_irq_window();
        if (pvh_pending())
            return;
        uint64_t now_ns = pvh_now_ns();
        if (now_ns >= deadline_ns)
            return;
        uint64_t until = deadline_ns;
        if (!sent && until - now_ns > LOG_RETRY_NS)
            until = now_ns + LOG_RETRY_NS;
        timer_until(until, now_ns);
        cpu_irq_halt();
        pvh_counters.wakeups++;
    }
}
