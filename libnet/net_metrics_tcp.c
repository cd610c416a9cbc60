/* SPDX-License-Identifier: ISC */
/* The names of TCP's counters, which are RFC 4022's where it has one. */
#include <string.h>

#include "net_metrics.h"

#include <tern/tcp.h>

#define TCP_METRICS(X, T)                                                                     \
    X(T, active_opens, TERN_COUNTER("active_opens", ""))                                      \
    X(T, passive_opens, TERN_COUNTER("passive_opens", ""))                                    \
    X(T, attempt_fails, TERN_COUNTER("attempt_fails", ""))                                    \
    X(T, estab_resets, TERN_COUNTER("estab_resets", ""))                                      \
    X(T, curr_estab, TERN_GAUGE("curr_estab", ""))                                            \
    X(T, in_segs, TERN_COUNTER("in_segs", ""))                                                \
    X(T, out_segs, TERN_COUNTER("out_segs", ""))                                              \
    X(T, retrans_segs, TERN_COUNTER("retrans_segs", ""))                                      \
    X(T, in_errs, TERN_COUNTER("in_errs", "Broken segments, in drops too"))                   \
    X(T, out_rsts, TERN_COUNTER("out_rsts", ""))                                              \
    X(T, drop_short, TERN_COUNTER_REASON("drops", "short", ""))                               \
    X(T, drop_bad_offset, TERN_METRIC_ALSO("bad_offset"))                                     \
    X(T, drop_bad_checksum, TERN_METRIC_ALSO("bad_checksum"))                                 \
    X(T, drop_bad_options, TERN_METRIC_ALSO("bad_options"))                                   \
    X(T, drop_port_zero, TERN_METRIC_ALSO("port_zero"))                                       \
    X(T, drop_bad_flags, TERN_METRIC_ALSO("bad_flags"))                                       \
    X(T, drop_bad_source, TERN_METRIC_ALSO("bad_source"))                                     \
    X(T, drop_no_conn, TERN_METRIC_ALSO("no_conn"))                                           \
    X(T, drop_listen_ack, TERN_METRIC_ALSO("listen_ack"))                                     \
    X(T, drop_listen_rst, TERN_METRIC_ALSO("listen_rst"))                                     \
    X(T, drop_backlog, TERN_METRIC_ALSO("backlog"))                                           \
    X(T, drop_paused, TERN_METRIC_ALSO("paused"))                                             \
    X(T, drop_no_conn_free, TERN_METRIC_ALSO("no_conn_free"))                                 \
    X(T, drop_half_seq, TERN_METRIC_ALSO("half_seq"))                                         \
    X(T, drop_half_rst, TERN_METRIC_ALSO("half_rst"))                                         \
    X(T, drop_half_paws, TERN_METRIC_ALSO("half_paws"))                                       \
    X(T, drop_syn_sent_ack, TERN_METRIC_ALSO("syn_sent_ack"))                                 \
    X(T, drop_syn_sent_rst, TERN_METRIC_ALSO("syn_sent_rst"))                                 \
    X(T, drop_syn_sent_no_syn, TERN_METRIC_ALSO("syn_sent_no_syn"))                           \
    X(T, drop_out_of_window, TERN_METRIC_ALSO("out_of_window"))                               \
    X(T, drop_paws, TERN_METRIC_ALSO("paws"))                                                 \
    X(T, drop_rst_challenged, TERN_METRIC_ALSO("rst_challenged"))                             \
    X(T, drop_syn_challenged, TERN_METRIC_ALSO("syn_challenged"))                             \
    X(T, drop_no_ack, TERN_METRIC_ALSO("no_ack"))                                             \
    X(T, drop_ack_old, TERN_METRIC_ALSO("ack_old"))                                           \
    X(T, drop_ack_unsent, TERN_METRIC_ALSO("ack_unsent"))                                     \
    X(T, drop_after_fin, TERN_METRIC_ALSO("after_fin"))                                       \
    X(T, drop_time_wait, TERN_METRIC_ALSO("time_wait"))                                       \
    X(T, drop_time_wait_rst, TERN_METRIC_ALSO("time_wait_rst"))                               \
    X(T, drop_no_block, TERN_METRIC_ALSO("no_block"))                                         \
    X(T, drop_no_work, TERN_METRIC_ALSO("no_work"))                                           \
    X(T, drop_no_range, TERN_METRIC_ALSO("no_range"))                                         \
    X(T, in_data_octets, TERN_COUNTER("in_data_bytes", ""))                                   \
    X(T, in_out_of_order, TERN_COUNTER("in_out_of_order", ""))                                \
    X(T, in_duplicate, TERN_COUNTER("in_duplicates", ""))                                     \
    X(T, in_urgent, TERN_COUNTER("in_urgent", ""))                                            \
    X(T, in_rst, TERN_COUNTER("in_rsts", ""))                                                 \
    X(T, in_syn_data, TERN_COUNTER("in_syn_data", ""))                                        \
    X(T, in_ack_only, TERN_COUNTER("in_acks", ""))                                            \
    X(T, in_dup_acks, TERN_COUNTER("in_dup_acks", ""))                                        \
    X(T, in_window_probes, TERN_COUNTER("in_window_probes", ""))                              \
    X(T, out_data_octets, TERN_COUNTER("out_data_bytes", ""))                                 \
    X(T, out_acks, TERN_COUNTER("out_acks", ""))                                              \
    X(T, out_dup_acks, TERN_COUNTER("out_dup_acks", ""))                                      \
    X(T, out_challenge_acks, TERN_COUNTER("out_challenge_acks", ""))                          \
    X(T, out_window_updates, TERN_COUNTER("out_window_updates", ""))                          \
    X(T, challenge_limited, TERN_COUNTER("challenge_limited", "Challenge ACKs not sent"))     \
    X(T, reply_lost, TERN_COUNTER("replies_lost", "Answers sent nowhere"))                    \
    X(T, timeouts_rto, TERN_COUNTER_BY("timeouts", "timer", "rto", ""))                       \
    X(T, timeouts_delayed_ack, TERN_METRIC_ALSO("delayed_ack"))                               \
    X(T, timeouts_persist, TERN_METRIC_ALSO("persist"))                                       \
    X(T, timeouts_keepalive, TERN_METRIC_ALSO("keepalive"))                                   \
    X(T, timeouts_user, TERN_METRIC_ALSO("user"))                                             \
    X(T, timeouts_linger, TERN_METRIC_ALSO("linger"))                                         \
    X(T, fast_retransmits, TERN_COUNTER("fast_retransmits", ""))                              \
    X(T, recoveries, TERN_COUNTER("recoveries", ""))                                          \
    X(T, partial_acks, TERN_COUNTER("partial_acks", ""))                                      \
    X(T, limited_transmits, TERN_COUNTER("limited_transmits", ""))                            \
    X(T, half_open, TERN_GAUGE("half_open", "Handshakes under way now"))                      \
    X(T, half_completed, TERN_COUNTER("half_completed", "Handshakes completed"))              \
    X(T, half_evicted, TERN_COUNTER("half_evicted", "Handshakes given up for others"))        \
    X(T, half_timed_out, TERN_COUNTER("half_timed_out", "Handshakes timed out"))              \
    X(T, half_retransmits, TERN_COUNTER("half_retransmits", "SYN-ACKs sent again"))           \
    X(T, time_wait, TERN_GAUGE("time_wait", ""))                                              \
    X(T, time_wait_evicted, TERN_COUNTER("time_wait_evicted", ""))                            \
    X(T, time_wait_expired, TERN_COUNTER("time_wait_expired", ""))                            \
    X(T, time_wait_reused, TERN_COUNTER("time_wait_reused", ""))                              \
    X(T, work_waits, TERN_COUNTER("work_waits", "Connections that waited for a work block"))  \
    X(T, flight_merges, TERN_COUNTER("flight_merges", "Records of segments joined"))          \
    X(T, accept_aborts, TERN_COUNTER("accept_aborts", "Connections nobody took"))             \
    X(T, tx_waits, TERN_COUNTER("out_waits", "Segments that waited for a slot"))              \
    X(T, icmp_unmatched, TERN_COUNTER_BY("icmp_errors", "effect", "unmatched", ""))           \
    X(T, icmp_out_of_window, TERN_METRIC_ALSO("out_of_window"))                               \
    X(T, icmp_soft, TERN_METRIC_ALSO("soft"))                                                 \
    X(T, icmp_hard, TERN_METRIC_ALSO("hard"))                                                 \
    X(T, icmp_pmtu, TERN_METRIC_ALSO("pmtu"))                                                 \
    X(T, icmp_pmtu_bad, TERN_METRIC_ALSO("pmtu_bad"))

TERN_METRICS_TABLE(TCP_METRICS, tern_tcp_stats, sizeof(struct tern_tcp_stats), "tcp");

/* TCP's pools: how many elements, and how many of them are free. */
static const char pools_text[] = "tcp\0"
    TERN_GAUGE_BY("pool", "of", "conn", "Elements there are")
    TERN_METRIC_ALSO("half") TERN_METRIC_ALSO("time_wait") TERN_METRIC_ALSO("work")
    TERN_METRIC_ALSO("flight")
    TERN_GAUGE_BY("pool_free", "of", "conn", "Elements not in use")
    TERN_METRIC_ALSO("half") TERN_METRIC_ALSO("time_wait") TERN_METRIC_ALSO("work")
    TERN_METRIC_ALSO("flight");

static void pools_set(const void *context, struct tern_metrics *set)
{
    const struct tern_tcp *tcp = context;
    const uint64_t n[] = {
        tcp->config.n_conns, tcp->config.n_halves, tcp->config.n_time_waits,
        tcp->config.n_works, tcp->config.n_flights, tcp->n_conns_free, tcp->n_halves_free,
        tcp->n_time_waits_free, tcp->n_works_free, tcp->n_flights_free,
    };
    memcpy(set->own, n, sizeof n);
    set->text = pools_text;
    set->values = set->own;
}

const struct net_names tern_net_names_tcp = {
    .name = "tcp",
    .role = TERN_NET_TRANSPORT,
    .id = 6,
    .context_len = sizeof(struct tern_tcp),
    .text = tern_tcp_stats_text,
    .stats_off = offsetof(struct tern_tcp, stats),
    .own = pools_set,
};
