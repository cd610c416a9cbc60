/* SPDX-License-Identifier: ISC */
/* The names of UDP's counters, which are RFC 4113's where it has one. */
#include "net_metrics.h"

#define UDP_METRICS(X, T)                                                                     \
    X(T, in_dgrams, TERN_COUNTER("in_receives", ""))                                          \
    X(T, in_delivered, TERN_COUNTER("in_datagrams", ""))                                      \
    X(T, out_dgrams, TERN_COUNTER("out_datagrams", ""))                                       \
    X(T, in_no_port, TERN_COUNTER_REASON("no_ports", "no_port", ""))                          \
    X(T, in_short, TERN_COUNTER_REASON("in_errors", "short", ""))                             \
    X(T, in_bad_len, TERN_METRIC_ALSO("bad_len"))                                             \
    X(T, in_bad_checksum, TERN_METRIC_ALSO("bad_checksum"))                                   \
    X(T, in_no_room, TERN_METRIC_ALSO("no_room"))                                             \
    X(T, in_port_zero, TERN_METRIC_ALSO("port_zero"))                                         \
    X(T, in_closed, TERN_METRIC_ALSO("closed"))                                               \
    X(T, out_full, TERN_COUNTER("out_waits", "Datagrams without room: told the sender"))      \
    X(T, out_refused, TERN_COUNTER("out_refused", ""))                                        \
    X(T, errors_in, TERN_COUNTER("icmp_errors", ""))                                          \
    X(T, errors_unmatched, TERN_COUNTER_REASON("icmp_drops", "unmatched", ""))                \
    X(T, errors_lost, TERN_METRIC_ALSO("superseded"))

TERN_METRICS_TABLE(UDP_METRICS, tern_udp_stats, sizeof(struct tern_udp_stats), "udp");

const struct net_names tern_net_names_udp = {
    .name = "udp",
    .role = TERN_NET_TRANSPORT,
    .id = 17,
    .context_len = sizeof(struct tern_udp),
    .text = tern_udp_stats_text,
    .stats_off = offsetof(struct tern_udp, stats),
};
