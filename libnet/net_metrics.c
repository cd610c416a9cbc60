/* SPDX-License-Identifier: ISC */
/*
 * The names of the stack's counters: RFC 4022 (TCP), RFC 4113 (UDP), RFC 4293
 * (IP, ICMP) in small letters where those have an object, one label "reason"
 * for each cause of a drop.
 *
 * In objects of their own, which are linked only where someone asks.
 */
#include "net_metrics.h"

#include <string.h>

#define NET_METRICS(X, T)                                                                     \
    X(T, rx_frames, TERN_COUNTER("in_frames", ""))                                            \
    X(T, rx_octets, TERN_COUNTER("in_bytes", ""))                                             \
    X(T, tx_frames, TERN_COUNTER("out_frames", ""))                                           \
    X(T, tx_octets, TERN_COUNTER("out_bytes", ""))                                            \
    X(T, tx_full, TERN_COUNTER("out_waits", "Slots the driver had not: sent later"))          \
    X(T, eth_short, TERN_COUNTER_REASON("in_drops", "short", ""))                             \
    X(T, eth_other_host, TERN_METRIC_ALSO("other_host"))                                      \
    X(T, eth_bad_source, TERN_METRIC_ALSO("bad_source"))                                      \
    X(T, eth_unknown_type, TERN_METRIC_ALSO("unknown_type"))                                  \
    X(T, eth_bad_vlan, TERN_METRIC_ALSO("bad_vlan"))                                          \
    X(T, ipv6_unsupported, TERN_METRIC_ALSO("ipv6_unsupported"))                              \
    X(T, eth_nested, TERN_METRIC_ALSO("nested"))                                              \
    X(T, events_lost, TERN_COUNTER("events_lost", "Network events not told"))

#define IP_METRICS(X, T)                                                                      \
    X(T, frag_in, TERN_COUNTER("reasm_stored", ""))                                           \
    X(T, frag_reassembled, TERN_COUNTER("reasm_oks", ""))                                     \
    X(T, frag_bad_offset, TERN_COUNTER_REASON("reasm_fails", "bad_offset", ""))               \
    X(T, frag_bad_len, TERN_METRIC_ALSO("bad_len"))                                           \
    X(T, frag_overlap, TERN_METRIC_ALSO("overlap"))                                           \
    X(T, frag_duplicate, TERN_METRIC_ALSO("duplicate"))                                       \
    X(T, frag_too_large, TERN_METRIC_ALSO("too_large"))                                       \
    X(T, frag_no_buffer, TERN_METRIC_ALSO("no_buffer"))                                       \
    X(T, frag_too_many, TERN_METRIC_ALSO("too_many"))                                         \
    X(T, frag_dead, TERN_METRIC_ALSO("dead"))                                                 \
    X(T, frag_bad_ecn, TERN_METRIC_ALSO("bad_ecn"))                                           \
    X(T, frag_timed_out, TERN_METRIC_ALSO("timed_out"))                                       \
    X(T, frag_evicted, TERN_METRIC_ALSO("evicted"))                                           \
    X(T, frag_cleared, TERN_METRIC_ALSO("cleared"))                                           \
    X(T, out_packets, TERN_COUNTER("out_transmits", ""))                                      \
    X(T, out_fragments, TERN_COUNTER("out_frag_creates", ""))                                 \
    X(T, out_dont_fragment, TERN_COUNTER_REASON("out_frag_fails", "dont_fragment", ""))       \
    X(T, out_no_route, TERN_COUNTER_REASON("out_no_routes", "no_route", ""))                  \
    X(T, out_no_neighbour, TERN_COUNTER_REASON("out_discards", "no_neighbour", ""))           \
    X(T, out_full, TERN_METRIC_ALSO("full"))                                                  \
    X(T, out_waiting_full, TERN_METRIC_ALSO("waiting_full"))                                  \
    X(T, out_too_long, TERN_METRIC_ALSO("too_long"))                                          \
    X(T, out_link_down, TERN_METRIC_ALSO("link_down"))                                        \
    X(T, neigh_rate_limited, TERN_COUNTER("neigh_rate_limited", "Questions not asked again")) \
    X(T, neigh_failed, TERN_COUNTER("neigh_failed", ""))                                      \
    X(T, neigh_cache_full, TERN_COUNTER("neigh_cache_full", "Neighbours without a place"))    \
    X(T, icmp_rate_limited, TERN_COUNTER("icmp_rate_limited", ""))                            \
    X(T, pmtu_lowered, TERN_COUNTER("pmtu_lowered", ""))                                      \
    X(T, pmtu_refused, TERN_COUNTER("pmtu_refused", ""))                                      \
    X(T, group_queries, TERN_COUNTER("group_in_queries", ""))                                 \
    X(T, group_heard, TERN_COUNTER("group_in_reports", ""))                                   \
    X(T, group_ignored, TERN_COUNTER_REASON("group_drops", "ignored", ""))                    \
    X(T, group_not_local, TERN_METRIC_ALSO("not_local"))                                      \
    X(T, group_malformed, TERN_METRIC_ALSO("malformed"))                                      \
    X(T, group_reports, TERN_COUNTER("group_out_reports", ""))                                \
    X(T, group_full, TERN_COUNTER("group_unsent", "Reports without a slot"))

TERN_METRICS_TABLE(NET_METRICS, tern_net_stats, sizeof(struct tern_net_stats), "link");
TERN_METRICS_TABLE(IP_METRICS, tern_ip_stats, sizeof(struct tern_ip_stats), "ip");

/* The caller's own part with such a number may keep something else: then it is not named. */
static const uint8_t *context_find(const struct tern_net *net, const struct net_names *names)
{
    const struct tern_net_slot *slots = net->clients;
    size_t n = net->n_clients, len = strlen(names->name) + 1;
    if (names->role == TERN_NET_NETWORK) {
        slots = net->networks;
        n = net->n_networks;
    } else if (names->role == TERN_NET_TRANSPORT) {
        slots = net->transports;
        n = net->n_transports;
    }
    for (size_t i = 0; i < n; i++) {
        const struct tern_net_part *part = slots[i].part;
        if (part->id == names->id && part->context_len == names->context_len &&
            strlen(part->name) + 1 == len && memcmp(part->name, names->name, len) == 0)
            return slots[i].context;
    }
    return NULL;
}

static bool set_make(struct tern_metrics *set, const char *text, const void *values,
                     const char *area)
{
    set->text = text;
    set->values = values;
    set->area = area;
    set->labels[0].name = NULL;
    return true;
}

bool tern_net_metrics(const struct tern_net *net, size_t i, struct tern_metrics *set)
{
    if (i-- == 0)
        return set_make(set, tern_net_stats_text, &net->stats, NULL);
    for (const struct net_names *const *at = tern_net_names; *at != NULL; at++) {
        const struct net_names *names = *at;
        const uint8_t *context = context_find(net, names);
        if (context == NULL)
            continue;
        if (i-- == 0)
            return set_make(set, names->text, context + names->stats_off, NULL);
        if (names->ip_off != 0 && i-- == 0)
            return set_make(set, tern_ip_stats_text, context + names->ip_off, names->name);
        if (names->own != NULL && i-- == 0) {
            (void)set_make(set, NULL, NULL, NULL);
            names->own(context, set);
            return true;
        }
    }
    return false;
}
