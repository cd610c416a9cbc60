/* SPDX-License-Identifier: ISC */
/* The names of IPv4's counters, which are RFC 4293's where it has one. */
#include "net_metrics.h"

#define IPV4_METRICS(X, T)                                                                    \
    X(T, in_packets, TERN_COUNTER("in_receives", ""))                                         \
    X(T, in_delivered, TERN_COUNTER("in_delivers", ""))                                       \
    X(T, in_forwarded, TERN_COUNTER("in_forwarded", ""))                                      \
    X(T, in_bad_version, TERN_COUNTER_REASON("in_hdr_errors", "bad_version", ""))             \
    X(T, in_bad_hdr_len, TERN_METRIC_ALSO("bad_hdr_len"))                                     \
    X(T, in_bad_checksum, TERN_METRIC_ALSO("bad_checksum"))                                   \
    X(T, in_bad_options, TERN_METRIC_ALSO("bad_options"))                                     \
    X(T, in_source_route, TERN_METRIC_ALSO("source_route"))                                   \
    X(T, in_short, TERN_COUNTER_REASON("in_truncated_pkts", "short", ""))                     \
    X(T, in_bad_total_len, TERN_METRIC_ALSO("bad_total_len"))                                 \
    X(T, in_bad_source, TERN_COUNTER_REASON("in_addr_errors", "bad_source", ""))              \
    X(T, in_not_ours, TERN_METRIC_ALSO("not_ours"))                                           \
    X(T, in_wrong_link, TERN_METRIC_ALSO("wrong_link"))                                       \
    X(T, in_loopback, TERN_METRIC_ALSO("loopback"))                                           \
    X(T, in_link_group, TERN_METRIC_ALSO("link_group"))                                       \
    X(T, in_unknown_protocol, TERN_COUNTER_REASON("in_unknown_protos",                        \
                                              "unknown_protocol", ""))    \
    X(T, arp_in, TERN_COUNTER("arp_in", ""))                                                  \
    X(T, arp_asked, TERN_COUNTER("arp_asked", "Questions for an address of ours"))            \
    X(T, arp_learned, TERN_COUNTER("arp_learned", "Answers and news taken"))                  \
    X(T, arp_conflict, TERN_COUNTER("arp_conflicts", ""))                                     \
    X(T, arp_bad, TERN_COUNTER_REASON("arp_drops", "bad", ""))                                \
    X(T, arp_not_ours, TERN_METRIC_ALSO("not_ours"))                                          \
    X(T, arp_unsolicited, TERN_METRIC_ALSO("unsolicited"))                                    \
    X(T, arp_replies, TERN_COUNTER("arp_replies", ""))                                        \
    X(T, arp_requests, TERN_COUNTER("arp_requests", ""))                                      \
    X(T, arp_announcements, TERN_COUNTER("arp_announcements", ""))                            \
    X(T, arp_full, TERN_COUNTER("arp_unsent", "ARP packets without a slot"))                  \
    X(T, icmp_in, TERN_COUNTER("icmp_in_msgs", ""))                                           \
    X(T, icmp_echo_in, TERN_COUNTER("icmp_in_echos", ""))                                     \
    X(T, icmp_errors_in, TERN_COUNTER("icmp_in_errors_used", ""))                             \
    X(T, icmp_short, TERN_COUNTER_REASON("icmp_drops", "short", ""))                          \
    X(T, icmp_bad_checksum, TERN_METRIC_ALSO("bad_checksum"))                                 \
    X(T, icmp_unknown_type, TERN_METRIC_ALSO("unknown_type"))                                 \
    X(T, icmp_broadcast, TERN_METRIC_ALSO("broadcast"))                                       \
    X(T, icmp_ignored, TERN_METRIC_ALSO("ignored"))                                           \
    X(T, icmp_errors_bad, TERN_METRIC_ALSO("error_bad"))                                      \
    X(T, icmp_errors_unmatched, TERN_METRIC_ALSO("error_unmatched"))                          \
    X(T, icmp_echo_replies, TERN_COUNTER("icmp_out_echo_reps", ""))                           \
    X(T, icmp_errors_out, TERN_COUNTER("icmp_out_errors_sent", ""))                           \
    X(T, icmp_full, TERN_COUNTER_REASON("icmp_out_errors", "full", ""))                       \
    X(T, icmp_not_allowed, TERN_METRIC_ALSO("not_allowed"))                                   \
    X(T, igmp_in, TERN_COUNTER("igmp_in_msgs", ""))                                           \
    X(T, igmp_bad_checksum, TERN_COUNTER("igmp_in_bad_checksums", ""))

TERN_METRICS_TABLE(IPV4_METRICS, tern_ipv4_stats, offsetof(struct tern_ipv4_stats, ip), "ipv4");

const struct net_names tern_net_names_ipv4 = {
    .name = "ipv4",
    .role = TERN_NET_NETWORK,
    .id = 0x0800,
    .context_len = sizeof(struct tern_ipv4),
    .text = tern_ipv4_stats_text,
    .stats_off = offsetof(struct tern_ipv4, stats),
    .ip_off = offsetof(struct tern_ipv4, stats.ip),
};
