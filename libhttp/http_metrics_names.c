/* SPDX-License-Identifier: ISC */
/*
 * The names of the server's counters.
 */
#include "http_internal.h"

#define SERVER_METRICS(X, T)                                                                  \
    X(T, connections, TERN_COUNTER("accepted", "Connections accepted"))                       \
    X(T, refused, TERN_COUNTER_BY("refused", "reason", "no_connection",                       \
                                  "Connections not served"))                                  \
    X(T, requests, TERN_COUNTER("requests", "Requests that reached the handler"))             \
    X(T, answers, TERN_COUNTER("answers", "Answers that are complete"))                       \
    X(T, idle_closes, TERN_COUNTER("idle_closes", "Connections closed for idleness"))

#define FAULT_METRICS(X, T)                                                                   \
    X(T, TERN_HTTP_FAULT_NONE, TERN_METRIC_NONE)                                              \
    X(T, TERN_HTTP_METHOD_EMPTY, TERN_COUNTER_BY("faults", "reason", "method_empty",          \
                                                 "Requests refused or given up"))             \
    X(T, TERN_HTTP_METHOD_CHAR, TERN_METRIC_ALSO("method_char"))                              \
    X(T, TERN_HTTP_METHOD_LONG, TERN_METRIC_ALSO("method_long"))                              \
    X(T, TERN_HTTP_METHOD_CONNECT, TERN_METRIC_ALSO("method_connect"))                        \
    X(T, TERN_HTTP_TARGET_CHAR, TERN_METRIC_ALSO("target_char"))                              \
    X(T, TERN_HTTP_TARGET_LONG, TERN_METRIC_ALSO("target_long"))                              \
    X(T, TERN_HTTP_TARGET_FORM, TERN_METRIC_ALSO("target_form"))                              \
    X(T, TERN_HTTP_TARGET_HOST, TERN_METRIC_ALSO("target_host"))                              \
    X(T, TERN_HTTP_VERSION_MALFORMED, TERN_METRIC_ALSO("version_malformed"))                  \
    X(T, TERN_HTTP_VERSION_UNSUPPORTED, TERN_METRIC_ALSO("version_unsupported"))              \
    X(T, TERN_HTTP_LINE_BARE_LF, TERN_METRIC_ALSO("line_bare_lf"))                            \
    X(T, TERN_HTTP_LINE_BARE_CR, TERN_METRIC_ALSO("line_bare_cr"))                            \
    X(T, TERN_HTTP_LINE_SPACE_FIRST, TERN_METRIC_ALSO("line_space_first"))                    \
    X(T, TERN_HTTP_LINE_FOLDED, TERN_METRIC_ALSO("line_folded"))                              \
    X(T, TERN_HTTP_NAME_EMPTY, TERN_METRIC_ALSO("name_empty"))                                \
    X(T, TERN_HTTP_NAME_CHAR, TERN_METRIC_ALSO("name_char"))                                  \
    X(T, TERN_HTTP_NAME_SPACE, TERN_METRIC_ALSO("name_space"))                                \
    X(T, TERN_HTTP_NAME_NO_COLON, TERN_METRIC_ALSO("name_no_colon"))                          \
    X(T, TERN_HTTP_NAME_LONG, TERN_METRIC_ALSO("name_long"))                                  \
    X(T, TERN_HTTP_VALUE_CHAR, TERN_METRIC_ALSO("value_char"))                                \
    X(T, TERN_HTTP_HEAD_LONG, TERN_METRIC_ALSO("head_long"))                                  \
    X(T, TERN_HTTP_FIELDS_MANY, TERN_METRIC_ALSO("fields_many"))                              \
    X(T, TERN_HTTP_HOST_MISSING, TERN_METRIC_ALSO("host_missing"))                            \
    X(T, TERN_HTTP_HOST_TWICE, TERN_METRIC_ALSO("host_twice"))                                \
    X(T, TERN_HTTP_HOST_MALFORMED, TERN_METRIC_ALSO("host_malformed"))                        \
    X(T, TERN_HTTP_LENGTH_TWICE, TERN_METRIC_ALSO("length_twice"))                            \
    X(T, TERN_HTTP_LENGTH_MALFORMED, TERN_METRIC_ALSO("length_malformed"))                    \
    X(T, TERN_HTTP_LENGTH_AND_CODING, TERN_METRIC_ALSO("length_and_coding"))                  \
    X(T, TERN_HTTP_CODING_TWICE, TERN_METRIC_ALSO("coding_twice"))                            \
    X(T, TERN_HTTP_CODING_MALFORMED, TERN_METRIC_ALSO("coding_malformed"))                    \
    X(T, TERN_HTTP_CODING_UNKNOWN, TERN_METRIC_ALSO("coding_unknown"))                        \
    X(T, TERN_HTTP_CODING_VERSION, TERN_METRIC_ALSO("coding_version"))                        \
    X(T, TERN_HTTP_EXPECT_UNKNOWN, TERN_METRIC_ALSO("expect_unknown"))                        \
    X(T, TERN_HTTP_BODY_LONG, TERN_METRIC_ALSO("body_long"))                                  \
    X(T, TERN_HTTP_CHUNK_SIZE_MALFORMED, TERN_METRIC_ALSO("chunk_size_malformed"))            \
    X(T, TERN_HTTP_CHUNK_SIZE_LONG, TERN_METRIC_ALSO("chunk_size_long"))                      \
    X(T, TERN_HTTP_CHUNK_EXT_MALFORMED, TERN_METRIC_ALSO("chunk_ext_malformed"))              \
    X(T, TERN_HTTP_CHUNK_EXT_LONG, TERN_METRIC_ALSO("chunk_ext_long"))                        \
    X(T, TERN_HTTP_CHUNK_END_MISSING, TERN_METRIC_ALSO("chunk_end_missing"))                  \
    X(T, TERN_HTTP_TRAILER_LONG, TERN_METRIC_ALSO("trailer_long"))                            \
    X(T, TERN_HTTP_TRUNCATED, TERN_METRIC_ALSO("truncated"))                                  \
    X(T, TERN_HTTP_HEAD_TIME, TERN_METRIC_ALSO("head_time"))                                  \
    X(T, TERN_HTTP_BODY_TIME, TERN_METRIC_ALSO("body_time"))                                  \
    X(T, TERN_HTTP_READ_TIME, TERN_METRIC_ALSO("read_time"))                                  \
    X(T, TERN_HTTP_NO_HEAD, TERN_METRIC_ALSO("no_head"))                                      \
    X(T, TERN_HTTP_UNANSWERED, TERN_METRIC_ALSO("unanswered"))                                \
    X(T, TERN_HTTP_CUT, TERN_METRIC_ALSO("cut"))

TERN_METRICS_TABLE(SERVER_METRICS, tern_http_stats, offsetof(struct tern_http_stats, statuses),
                   "http");
TERN_METRICS_ARRAY(FAULT_METRICS, faults, TERN_HTTP_N_FAULTS, "http");

static const char statuses_text[] = "http\0"
    TERN_COUNTER_BY("responses", "status", "2xx", "Answers begun")
    TERN_METRIC_ALSO("3xx") TERN_METRIC_ALSO("4xx") TERN_METRIC_ALSO("5xx");

static const char pools_text[] = "http\0"
    TERN_GAUGE("connections", "Connections now")
    TERN_GAUGE("connections_free", "Connections not in use")
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
        set->text = faults_text;
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
