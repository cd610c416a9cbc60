/* SPDX-License-Identifier: ISC */
/*
 * What a guest has to show: the host's own, the machine's, the network
 * device's, the stack's.
 */
#include "backends/host/host_internal.h"
#include "virtio_net.h"
#include "virtio_pvh.h"

#define PVH_METRICS(X, T)                                                                     \
    X(T, wakeups, TERN_COUNTER("wakeups", "Times the processor woke up"))                     \
    X(T, irq_device, TERN_COUNTER_BY("interrupts", "of", "device", "Interrupts"))             \
    X(T, irq_timer, TERN_METRIC_ALSO("timer"))                                                \
    X(T, irq_spurious, TERN_METRIC_ALSO("spurious"))                                          \
    X(T, irq_storms, TERN_COUNTER("interrupt_storms", "Lines masked for never being silent")) \
    X(T, log_dropped, TERN_COUNTER("log_lost_bytes", "Octets of log the console did not take"))

#define VIRTIO_METRICS(X, T)                                                                  \
    X(T, rx_frames, TERN_COUNTER("in_frames", "Frames received"))                             \
    X(T, rx_octets, TERN_COUNTER("in_bytes", "Octets of frames received"))                    \
    X(T, rx_batches, TERN_COUNTER("in_batches", "Batches of frames"))                         \
    X(T, rx_runt, TERN_COUNTER_BY("in_drops", "reason", "runt", "Frames dropped"))            \
    X(T, rx_bad_header, TERN_METRIC_ALSO("bad_header"))                                       \
    X(T, tx_frames, TERN_COUNTER("out_frames", "Frames sent"))                                \
    X(T, tx_octets, TERN_COUNTER("out_bytes", "Octets of frames sent"))                       \
    X(T, tx_full, TERN_COUNTER("out_waits", "Slots there were not: sent later"))              \
    X(T, changes, TERN_COUNTER("changes", "Changes of carrier or MTU"))                       \
    X(T, ctrl_done, TERN_COUNTER_BY("commands", "result", "done", "Commands to the device"))  \
    X(T, ctrl_refused, TERN_METRIC_ALSO("refused"))

#define BREACH_METRICS(X, T)                                                                  \
    X(T, VIRTIO_BREACH_USED_IDX, TERN_COUNTER_BY("breaches", "reason", "used_idx",            \
                                                 "Rules the device broke: it is stopped"))    \
    X(T, VIRTIO_BREACH_ID, TERN_METRIC_ALSO("id"))                                            \
    X(T, VIRTIO_BREACH_NOT_IN_FLIGHT, TERN_METRIC_ALSO("not_in_flight"))                      \
    X(T, VIRTIO_BREACH_LEN, TERN_METRIC_ALSO("len"))                                          \
    X(T, VIRTIO_BREACH_SHORT, TERN_METRIC_ALSO("short"))                                      \
    X(T, VIRTIO_BREACH_NUM_BUFFERS, TERN_METRIC_ALSO("num_buffers"))                          \
    X(T, VIRTIO_BREACH_TOO_LONG, TERN_METRIC_ALSO("too_long"))

TERN_METRICS_TABLE(PVH_METRICS, pvh_stats, sizeof(struct pvh_stats), "guest");
TERN_METRICS_TABLE(VIRTIO_METRICS, virtio_net_stats, sizeof(struct virtio_net_stats), "virtio");
TERN_METRICS_ARRAY(BREACH_METRICS, breaches, VIRTIO_BREACH_COUNT, "virtio");

enum { CORE_SETS = 2 };

bool tern_host_metrics(void *host, size_t i, struct tern_metrics *set)
{
    struct tern_net_host *h =
        TERN_CONTAINER_OF((struct tern_host *)host, struct tern_net_host, core.host);
    const struct virtio_net *net = TERN_CONTAINER_OF(h->link, struct virtio_net, link);
    const struct {
        const char *text;
        const void *values;
    } own[] = {
        { pvh_stats_text, pvh_stats() },
        { virtio_net_stats_text, &net->stats },
        { breaches_text, net->dev->breaches },
    };
    enum { OWN_SETS = sizeof own / sizeof own[0] };

    if (i < CORE_SETS)
        return tern_host_core_metrics(&h->core, i, "kvm", set);
    i -= CORE_SETS;
    if (i >= OWN_SETS)
        return tern_net_metrics(&h->net, i - OWN_SETS, set);
    set->labels[0].name = NULL;
    set->text = own[i].text;
    set->values = own[i].values;
    return true;
}
