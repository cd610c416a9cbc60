/* SPDX-License-Identifier: ISC */
/*
 * What a guest has to show: the host's own, the machine's, the network
 * device's, the stack's.
 */
#include "backends/pvh/guest.h"

#define PVH_METRICS(X, T)                                                                     \
    X(T, wakeups, TERN_COUNTER("wakeups", ""))                                                \
    X(T, irq_device, TERN_COUNTER_BY("interrupts", "of", "device", ""))                       \
    X(T, irq_timer, TERN_METRIC_ALSO("timer"))                                                \
    X(T, irq_spurious, TERN_METRIC_ALSO("spurious"))                                          \
    X(T, irq_storms, TERN_COUNTER("interrupt_storms", "Lines masked for never being silent")) \
    X(T, log_dropped, TERN_COUNTER("log_lost_bytes", ""))

TERN_METRICS_TABLE(PVH_METRICS, pvh_stats, sizeof(struct pvh_stats), "guest");

enum { CORE_SETS = 2 };

bool tern_host_metrics(void *host, size_t i, struct tern_metrics *set)
{
    struct tern_net_host *h =
        TERN_CONTAINER_OF((struct tern_host *)host, struct tern_net_host, core.host);
    if (i < CORE_SETS)
        return tern_host_core_metrics(&h->core, i, guest_backend, set);
    i -= CORE_SETS;
    set->labels[0].name = NULL;
    if (i == 0) {
        set->text = pvh_stats_text;
        set->values = (const uint64_t *)(const void *)pvh_stats();
        return true;
    }
    /* The device's few, then the stack's. */
    for (size_t n = 1;; n++) {
        if (!guest_net_metrics(n - 1, set))
            return tern_net_metrics(&h->net, i - n, set);
        if (n == i)
            return true;
    }
}
