/* SPDX-License-Identifier: ISC */
/*
 * What a process has to show: the host's own, then the sockets' or the stack's
 * and the TAP device's.
 */
#include "unix_internal.h"

#define SOCKETS_METRICS(X, T)                                                                 \
    X(T, accepted, TERN_COUNTER("accepted", "Connections accepted"))                          \
    X(T, connected, TERN_COUNTER("connected", "Connections opened"))                          \
    X(T, closed, TERN_COUNTER("closed", "Connections closed"))                                \
    X(T, refused_full, TERN_COUNTER_REASON("accept_waits", "no_connection",                   \
                                       "Times that accepting had to wait"))                   \
    X(T, refused_descriptors, TERN_METRIC_ALSO("no_descriptor"))                              \
    X(T, accept_failed, TERN_COUNTER("accept_failed", "Gone before they were accepted"))      \
    X(T, reads, TERN_COUNTER("reads", "System calls that read"))                              \
    X(T, writes, TERN_COUNTER("writes", "System calls that wrote"))                           \
    X(T, octets_in, TERN_COUNTER("in_bytes", "Octets received"))                              \
    X(T, octets_out, TERN_COUNTER("out_bytes", "Octets sent"))                                \
    X(T, no_block, TERN_COUNTER("read_waits", "Reads put off for want of a block"))           \
    X(T, dgrams_in, TERN_COUNTER("in_datagrams", "Datagrams received"))                       \
    X(T, dgrams_out, TERN_COUNTER("out_datagrams", "Datagrams sent"))                         \
    X(T, dgrams_truncated, TERN_COUNTER_REASON("datagram_drops", "truncated",                 \
                                           "Datagrams dropped"))                              \
    X(T, dgrams_unsent, TERN_METRIC_ALSO("unsent"))                                           \
    X(T, n_open, TERN_GAUGE("connections", "Connections open now"))

#define TAP_METRICS(X, T)                                                                     \
    X(T, rx_frames, TERN_COUNTER("in_frames", "Frames read"))                                 \
    X(T, rx_octets, TERN_COUNTER("in_bytes", "Octets of frames read"))                        \
    X(T, rx_malformed, TERN_COUNTER_REASON("in_drops", "malformed", "Frames dropped"))        \
    X(T, rx_down, TERN_COUNTER("downs", "Reads that found the device down"))                  \
    X(T, tx_frames, TERN_COUNTER("out_frames", "Frames written"))                             \
    X(T, tx_octets, TERN_COUNTER("out_bytes", "Octets of frames written"))                    \
    X(T, tx_full, TERN_COUNTER("out_waits", "Slots there were not: sent later"))              \
    X(T, tx_failed, TERN_COUNTER_REASON("out_drops", "failed",                                \
                                    "Frames the device did not take"))                        \
    X(T, reads, TERN_COUNTER("reads", "System calls that read"))                              \
    X(T, writes, TERN_COUNTER("writes", "System calls that wrote"))

TERN_METRICS_TABLE(SOCKETS_METRICS, tern_sockets_stats, sizeof(struct tern_sockets_stats),
                   "sockets");
TERN_METRICS_TABLE(TAP_METRICS, tern_tap_stats, sizeof(struct tern_tap_stats), "tap");

enum { CORE_SETS = 2 };

bool tern_sockets_metrics(struct tern_host_core *core, size_t i, struct tern_metrics *set)
{
    const struct tern_sockets *s = TERN_CONTAINER_OF(core, struct tern_sockets, core);

    set->labels[0].name = NULL;
    set->text = tern_sockets_stats_text;
    set->values = (const uint64_t *)&s->stats;
    return i == 0;
}

bool tern_tap_host_metrics(struct tern_host_core *core, size_t i, struct tern_metrics *set)
{
    const struct tern_net_host *h = TERN_CONTAINER_OF(core, struct tern_net_host, core);

    if (i > h->net.n_links)
        return tern_net_metrics(&h->net, i - h->net.n_links - 1, set);
    if (i == h->net.n_links) {
        tern_tap_host_addresses(h, set);
        return true;
    }
    const struct tern_tap *tap =
        TERN_CONTAINER_OF(h->net.links[i].link, struct tern_tap, link);
    /* A name comes once: what has others is other names. */
    if (h->net.n_links > 1)
        set->area = core->options->links->names[i];
    set->labels[0].name = NULL;
    set->text = tern_tap_stats_text;
    set->values = (const uint64_t *)&tap->stats;
    return true;
}

bool tern_host_metrics(void *host, size_t i, struct tern_metrics *set)
{
    struct tern_host_core *core =
        TERN_CONTAINER_OF((struct tern_host *)host, struct tern_host_core, host);

    return i < CORE_SETS ? tern_host_core_metrics(core, i, "unix", set)
                         : core->metrics != NULL && core->metrics(core, i - CORE_SETS, set);
}
