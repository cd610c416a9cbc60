/* SPDX-License-Identifier: ISC */
/* The names of the counters of IPv4's link-local addresses. */
#include "net_metrics.h"

#define LINKLOCAL4_METRICS(X, T)                                                              \
    X(T, probes, TERN_COUNTER("probes", ""))                                                  \
    X(T, claims, TERN_COUNTER("claims", ""))                                                  \
    X(T, conflicts, TERN_COUNTER("conflicts", ""))

TERN_METRICS_TABLE(LINKLOCAL4_METRICS, tern_linklocal4_stats,
                   sizeof(struct tern_linklocal4_stats), "linklocal4");

const struct net_names tern_net_names_linklocal4 = {
    .name = "linklocal4",
    .role = TERN_NET_CLIENT,
    .id = 0xa9fe,
    .context_len = sizeof(struct tern_linklocal4),
    .text = tern_linklocal4_stats_text,
    .stats_off = offsetof(struct tern_linklocal4, stats),
};
