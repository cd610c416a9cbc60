/* SPDX-License-Identifier: ISC */
/*
 * Arithmetic of sequence numbers (RFC 9293 section 3.4): modulo 2^32, where
 * one number is before another if it is less than half the circle behind it.
 * Timestamps (RFC 7323 section 5.2) and our own milliseconds compare alike.
 *
 *                   b
 *              .----+----.
 *      before /           \ after        two numbers exactly half a circle
 *            |             |             apart are each "not before" by the
 *             \           /              signed difference INT32_MIN: callers
 *              '---------'               only compare within a window of 2^30
 */
#ifndef TERN_TCP_SEQ_H
#define TERN_TCP_SEQ_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

static inline bool tern_tcp_seq_lt(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static inline bool tern_tcp_seq_leq(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) <= 0;
}

static inline bool tern_tcp_seq_gt(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

static inline bool tern_tcp_seq_geq(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) >= 0;
}

/* start <= seq < start + len */
static inline bool tern_tcp_seq_in(uint32_t seq, uint32_t start, uint32_t len)
{
    return seq - start < len;
}

static inline uint32_t tern_tcp_seq_max(uint32_t a, uint32_t b)
{
    return tern_tcp_seq_lt(a, b) ? b : a;
}

#pragma GCC visibility pop

#endif
