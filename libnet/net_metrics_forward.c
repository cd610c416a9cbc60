/* SPDX-License-Identifier: ISC */
/* The names of the counters of forwarding. */
#include <tern/forward.h>

#include "net_metrics.h"

#define FORWARD_METRICS(X, T)                                                                 \
    X(T, in, TERN_COUNTER("in_packets", ""))                                                  \
    X(T, passed, TERN_COUNTER("out_packets", ""))                                             \
    X(T, passed_octets, TERN_COUNTER("out_bytes", ""))                                        \
    X(T, segments, TERN_COUNTER("out_segments", ""))                                          \
    X(T, fragments, TERN_COUNTER("out_frag_creates", ""))                                     \
    X(T, super_frames, TERN_COUNTER("out_super_frames", ""))                                  \
    X(T, waiting, TERN_GAUGE("waiting", ""))                                                  \
    X(T, bad_source, TERN_COUNTER_REASON("drops", "bad_source", ""))                          \
    X(T, wrong_way, TERN_METRIC_ALSO("wrong_way"))                                            \
    X(T, link_group, TERN_METRIC_ALSO("link_group"))                                          \
    X(T, cut, TERN_METRIC_ALSO("cut"))                                                        \
    X(T, expired, TERN_METRIC_ALSO("expired"))                                                \
    X(T, no_route, TERN_METRIC_ALSO("no_route"))                                              \
    X(T, denied, TERN_METRIC_ALSO("denied"))                                                  \
    X(T, rejected, TERN_METRIC_ALSO("rejected"))                                              \
    X(T, too_big, TERN_METRIC_ALSO("too_big"))                                                \
    X(T, no_neighbour, TERN_METRIC_ALSO("no_neighbour"))                                      \
    X(T, waiting_full, TERN_METRIC_ALSO("waiting_full"))                                      \
    X(T, full, TERN_METRIC_ALSO("full"))                                                      \
    X(T, bad_offload, TERN_METRIC_ALSO("bad_offload"))

TERN_METRICS_TABLE(FORWARD_METRICS, tern_forward_stats, sizeof(struct tern_forward_stats),
                   "forward");

const struct net_names tern_net_names_forward = {
    .name = "forward",
    .role = TERN_NET_TRANSPORT,
    .id = TERN_FORWARD_ID,
    .context_len = sizeof(struct tern_forward),
    .text = tern_forward_stats_text,
    .stats_off = offsetof(struct tern_forward, stats),
};
