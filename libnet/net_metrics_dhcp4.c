/* SPDX-License-Identifier: ISC */
/* The names of DHCPv4's counters. */
#include "net_metrics.h"

#define DHCP4_METRICS(X, T)                                                                   \
    X(T, discovers, TERN_COUNTER("discovers", ""))                                            \
    X(T, requests, TERN_COUNTER("requests", ""))                                              \
    X(T, offers, TERN_COUNTER("offers", ""))                                                  \
    X(T, acks, TERN_COUNTER("acks", ""))                                                      \
    X(T, naks, TERN_COUNTER("naks", ""))                                                      \
    X(T, declines, TERN_COUNTER("declines", ""))                                              \
    X(T, renewals, TERN_COUNTER("renewals", ""))                                              \
    X(T, rebinds, TERN_COUNTER("rebinds", ""))                                                \
    X(T, expiries, TERN_COUNTER("expiries", ""))                                              \
    X(T, in_short, TERN_COUNTER_REASON("in_drops", "short", ""))                              \
    X(T, in_malformed, TERN_METRIC_ALSO("malformed"))                                         \
    X(T, in_not_ours, TERN_METRIC_ALSO("not_ours"))                                           \
    X(T, in_unexpected, TERN_METRIC_ALSO("unexpected"))                                       \
    X(T, repaired, TERN_COUNTER("repaired", "Lease values put right"))                        \
    X(T, conflicts, TERN_COUNTER("conflicts", ""))

TERN_METRICS_TABLE(DHCP4_METRICS, tern_dhcp4_stats, sizeof(struct tern_dhcp4_stats), "dhcp4");

const struct net_names tern_net_names_dhcp4 = {
    .name = "dhcp4",
    .role = TERN_NET_CLIENT,
    .id = 67,
    .context_len = sizeof(struct tern_dhcp4),
    .text = tern_dhcp4_stats_text,
    .stats_off = offsetof(struct tern_dhcp4, stats),
};
