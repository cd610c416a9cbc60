/* SPDX-License-Identifier: ISC */
/* The names of DHCPv6's counters. */
#include "net_metrics.h"

#include <tern/ipv6.h>

#define DHCP6_METRICS(X, T)                                                                   \
    X(T, solicits, TERN_COUNTER("solicits", ""))                                              \
    X(T, requests, TERN_COUNTER("requests", ""))                                              \
    X(T, confirms, TERN_COUNTER("confirms", ""))                                              \
    X(T, renews, TERN_COUNTER("renews", ""))                                                  \
    X(T, rebinds, TERN_COUNTER("rebinds", ""))                                                \
    X(T, information_requests, TERN_COUNTER("information_requests", ""))                      \
    X(T, releases, TERN_COUNTER("releases", ""))                                              \
    X(T, declines, TERN_COUNTER("declines", ""))                                              \
    X(T, expiries, TERN_COUNTER("expiries", ""))                                              \
    X(T, advertises, TERN_COUNTER("advertises", ""))                                          \
    X(T, replies, TERN_COUNTER("replies", ""))                                                \
    X(T, refusals, TERN_COUNTER("refusals", ""))                                              \
    X(T, in_short, TERN_COUNTER_REASON("in_drops", "short", ""))                              \
    X(T, in_malformed, TERN_METRIC_ALSO("malformed"))                                         \
    X(T, in_not_ours, TERN_METRIC_ALSO("not_ours"))                                           \
    X(T, in_unexpected, TERN_METRIC_ALSO("unexpected"))                                       \
    X(T, repaired, TERN_COUNTER("repaired", "Lease values put right"))                        \
    X(T, conflicts, TERN_COUNTER("conflicts", ""))

TERN_METRICS_TABLE(DHCP6_METRICS, tern_dhcp6_stats, sizeof(struct tern_dhcp6_stats), "dhcp6");

const struct net_names tern_net_names_dhcp6 = {
    .name = "dhcp6",
    .role = TERN_NET_CLIENT,
    .id = 547,
    .context_len = sizeof(struct tern_dhcp6),
    .text = tern_dhcp6_stats_text,
    .stats_off = offsetof(struct tern_dhcp6, stats),
};
