/* SPDX-License-Identifier: ISC */
/*
 * The names of the server's counters.
 */
#include "http_internal.h"

#define SERVER_METRICS(X, T)                                                                  \
    X(T, connections, TERN_COUNTER("accepted", ""))                                           \
    X(T, refused, TERN_COUNTER_REASON("refused", "no_connection",                             \
                                  "Connections not served"))                                  \
    X(T, requests, TERN_COUNTER("requests", ""))                                              \
    X(T, answers, TERN_COUNTER("answers", ""))                                                \
    X(T, idle_closes, TERN_COUNTER("idle_closes", ""))

TERN_METRICS_TABLE(SERVER_METRICS, tern_http_stats, offsetof(struct tern_http_stats, statuses),
                   "http");

static const char statuses_text[] = "http\0"
    TERN_COUNTER_BY("responses", "status", "2xx", "")
    TERN_METRIC_ALSO("3xx") TERN_METRIC_ALSO("4xx") TERN_METRIC_ALSO("5xx");

static const char pools_text[] = "http\0"
    TERN_GAUGE("connections", "")
    TERN_GAUGE("connections_free", "")
    TERN_GAUGE("heads_free", "Buffers for heads not in use");

bool tern_http_server_metrics(void *user, size_t i, struct tern_metrics *set)
{
    const struct tern_http_server *server = user;

    set->labels[0].name = NULL;
    set->values = set->own;
    switch (i) {
    case 0:
        set->text = tern_http_stats_text;
        set->values = (const uint64_t *)&server->stats;
        return true;
    case 1:
        set->text = statuses_text;
        set->values = server->stats.statuses;
        return true;
    case 2:
        set->text = tern_http_faults_text();
        set->values = server->stats.faults;
        return true;
    case 3:
        set->text = pools_text;
        set->own[0] = tern_http_server_active(server);
        set->own[1] = server->n_free_conns;
        set->own[2] = server->n_free_heads;
        return true;
    default:
        return false;
    }
}
