/* SPDX-License-Identifier: ISC */
/*
 * Why requests are refused: the status that is answered (RFC 9110 section
 * 15.5), and the word that stands in the answer's body, in logs and as a label of
 * the counter.
 */
#include "http_internal.h"

#include <tern/metrics.h>

#define FAULTS_HEAD "+?faults\0" "Requests refused or given up\0"

#define FAULT_METRICS(X, T)                                                                   \
    X(T, TERN_HTTP_FAULT_NONE, TERN_METRIC_NONE)                                              \
    X(T, TERN_HTTP_METHOD_EMPTY, FAULTS_HEAD "method_empty\0")                                \
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

TERN_METRICS_ARRAY(FAULT_METRICS, faults, TERN_HTTP_N_FAULTS, "http");

enum { LEAST = 400 };

/* Of those that are not 400, what they are more. */
static const uint8_t more[TERN_HTTP_N_FAULTS] = {
    [TERN_HTTP_TARGET_LONG] = 414 - LEAST,
    [TERN_HTTP_VERSION_UNSUPPORTED] = 505 - LEAST,
    [TERN_HTTP_NAME_LONG] = 431 - LEAST,
    [TERN_HTTP_HEAD_LONG] = 431 - LEAST,
    [TERN_HTTP_FIELDS_MANY] = 431 - LEAST,
    [TERN_HTTP_CODING_UNKNOWN] = 501 - LEAST,
    [TERN_HTTP_EXPECT_UNKNOWN] = 417 - LEAST,
    [TERN_HTTP_BODY_LONG] = 413 - LEAST,
    [TERN_HTTP_TRAILER_LONG] = 431 - LEAST,
    [TERN_HTTP_HEAD_TIME] = 408 - LEAST,
    [TERN_HTTP_BODY_TIME] = 408 - LEAST,
    [TERN_HTTP_READ_TIME] = 408 - LEAST,
    [TERN_HTTP_NO_HEAD] = 503 - LEAST,
    [TERN_HTTP_UNANSWERED] = 500 - LEAST,
    [TERN_HTTP_CUT] = 500 - LEAST,
};

uint16_t tern_http_fault_status(enum tern_http_fault fault)
{
    if (fault == TERN_HTTP_FAULT_NONE)
        return 200;
    return (unsigned)fault < TERN_HTTP_N_FAULTS ? (uint16_t)(LEAST + more[fault]) : 500;
}

const char *tern_http_faults_text(void)
{
    return faults_text;
}

const char *tern_http_fault_text(enum tern_http_fault fault)
{
    const char *at = faults_text + sizeof "http\0" "-" FAULTS_HEAD - 1;
    if (fault == TERN_HTTP_FAULT_NONE || (unsigned)fault >= TERN_HTTP_N_FAULTS)
        return "none";
    for (unsigned i = TERN_HTTP_METHOD_EMPTY; i < (unsigned)fault; i++)
        at += strlen(at) + 2;    /* the comma of the next */
    return at;
}
