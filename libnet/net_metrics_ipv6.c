/* SPDX-License-Identifier: ISC */
/* The names of IPv6's counters, which are RFC 4293's where it has one. */
#include "net_metrics.h"

#include <tern/ipv6.h>

#define IPV6_METRICS(X, T)                                                                    \
    X(T, in_packets, TERN_COUNTER("in_receives", ""))                                         \
    X(T, in_delivered, TERN_COUNTER("in_delivers", ""))                                       \
    X(T, in_forwarded, TERN_COUNTER("in_forwarded", ""))                                      \
    X(T, in_short, TERN_COUNTER_REASON("in_hdr_errors", "short", ""))                         \
    X(T, in_bad_version, TERN_METRIC_ALSO("bad_version"))                                     \
    X(T, in_bad_payload_len, TERN_METRIC_ALSO("bad_payload_len"))                             \
    X(T, in_jumbo, TERN_METRIC_ALSO("jumbo"))                                                 \
    X(T, in_long_chain, TERN_METRIC_ALSO("long_chain"))                                       \
    X(T, in_bad_hdr, TERN_METRIC_ALSO("bad_hdr"))                                             \
    X(T, in_bad_option, TERN_METRIC_ALSO("bad_option"))                                       \
    X(T, in_bad_routing, TERN_METRIC_ALSO("bad_routing"))                                     \
    X(T, in_bad_fragment, TERN_METRIC_ALSO("bad_fragment"))                                   \
    X(T, in_cut_chain, TERN_METRIC_ALSO("cut_chain"))                                         \
    X(T, in_bad_next, TERN_METRIC_ALSO("bad_next"))                                           \
    X(T, in_no_next, TERN_METRIC_ALSO("no_next"))                                             \
    X(T, in_bad_source, TERN_COUNTER_REASON("in_addr_errors", "bad_source", ""))              \
    X(T, in_mapped, TERN_METRIC_ALSO("mapped"))                                               \
    X(T, in_not_ours, TERN_METRIC_ALSO("not_ours"))                                           \
    X(T, in_wrong_link, TERN_METRIC_ALSO("wrong_link"))                                       \
    X(T, in_tentative, TERN_METRIC_ALSO("tentative"))                                         \
    X(T, in_link_group, TERN_METRIC_ALSO("link_group"))                                       \
    X(T, in_unknown_protocol, TERN_COUNTER_REASON("in_unknown_protos",                        \
                                              "unknown_protocol", ""))    \
    X(T, icmp_in, TERN_COUNTER("icmp_in_msgs", ""))                                           \
    X(T, icmp_echo_in, TERN_COUNTER("icmp_in_echos", ""))                                     \
    X(T, icmp_errors_in, TERN_COUNTER("icmp_in_errors_used", ""))                             \
    X(T, icmp_nd_in, TERN_COUNTER("icmp_in_nd", ""))                                          \
    X(T, icmp_mld_in, TERN_COUNTER("icmp_in_mld", ""))                                        \
    X(T, icmp_short, TERN_COUNTER_REASON("icmp_drops", "short", ""))                          \
    X(T, icmp_bad_checksum, TERN_METRIC_ALSO("bad_checksum"))                                 \
    X(T, icmp_unknown_type, TERN_METRIC_ALSO("unknown_type"))                                 \
    X(T, icmp_ignored, TERN_METRIC_ALSO("ignored"))                                           \
    X(T, icmp_errors_bad, TERN_METRIC_ALSO("error_bad"))                                      \
    X(T, icmp_errors_unmatched, TERN_METRIC_ALSO("error_unmatched"))                          \
    X(T, icmp_echo_replies, TERN_COUNTER("icmp_out_echo_reps", ""))                           \
    X(T, icmp_errors_out, TERN_COUNTER("icmp_out_errors_sent", ""))                           \
    X(T, icmp_full, TERN_COUNTER_REASON("icmp_out_errors", "full", ""))                       \
    X(T, icmp_not_allowed, TERN_METRIC_ALSO("not_allowed"))                                   \
    X(T, nd_solicitations, TERN_COUNTER("nd_in_solicits", ""))                                \
    X(T, nd_advertisements, TERN_COUNTER("nd_in_adverts", ""))                                \
    X(T, nd_routers, TERN_COUNTER("nd_in_routers", ""))                                       \
    X(T, nd_redirects, TERN_COUNTER("nd_in_redirects", ""))                                   \
    X(T, nd_not_local, TERN_COUNTER_REASON("nd_drops", "not_local", ""))                      \
    X(T, nd_fragmented, TERN_METRIC_ALSO("fragmented"))                                       \
    X(T, nd_malformed, TERN_METRIC_ALSO("malformed"))                                         \
    X(T, nd_bad_addr, TERN_METRIC_ALSO("bad_addr"))                                           \
    X(T, nd_not_ours, TERN_METRIC_ALSO("not_ours"))                                           \
    X(T, nd_unsolicited, TERN_METRIC_ALSO("unsolicited"))                                     \
    X(T, nd_bad_options, TERN_COUNTER("nd_bad_options", ""))                                  \
    X(T, nd_asked, TERN_COUNTER("nd_out_solicits", ""))                                       \
    X(T, nd_answered, TERN_COUNTER("nd_out_adverts", ""))                                     \
    X(T, nd_full, TERN_COUNTER("nd_unsent", "Neighbour Discovery without a slot"))            \
    X(T, dad_conflicts, TERN_COUNTER("dad_conflicts", ""))                                    \
    X(T, dad_looped, TERN_COUNTER("dad_looped", "Our own questions heard"))                   \
    X(T, router_no_room, TERN_COUNTER_REASON("router_drops", "no_room", ""))                  \
    X(T, prefix_no_room, TERN_METRIC_ALSO("prefix_no_room"))                                  \
    X(T, mtu_refused, TERN_METRIC_ALSO("mtu"))                                                \
    X(T, hop_limit_refused, TERN_METRIC_ALSO("hop_limit"))                                    \
    X(T, redirect_refused, TERN_METRIC_ALSO("redirect"))

TERN_METRICS_TABLE(IPV6_METRICS, tern_ipv6_stats, offsetof(struct tern_ipv6_stats, ip), "ipv6");

const struct net_names tern_net_names_ipv6 = {
    .name = "ipv6",
    .role = TERN_NET_NETWORK,
    .id = 0x86dd,
    .context_len = sizeof(struct tern_ipv6),
    .text = tern_ipv6_stats_text,
    .stats_off = offsetof(struct tern_ipv6, stats),
    .ip_off = offsetof(struct tern_ipv6, stats.ip),
};
