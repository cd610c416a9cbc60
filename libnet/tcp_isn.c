/* SPDX-License-Identifier: ISC */
/*
 * Numbers that an outsider must not guess: initial sequence numbers (RFC
 * 6528), timestamp offsets (RFC 7323 section 7.1) and ephemeral ports (RFC
 * 6056).
 *
 * ISN = M + F(local, peer, ports, secret), with M a clock of 4 microseconds.
 * M is read in whole milliseconds, so that a half-open entry needs to keep its
 * birth time only and can compute its ISN anew.
 */
#include "tcp_internal.h"

#include <string.h>

#define M_PER_MS 250u    /* ticks of 4 microseconds in a millisecond */
#define PORT_FIRST 49152u
#define PORT_COUNT 16384u    /* the dynamic ports of RFC 6335 */

enum { FOR_ISN, FOR_TIMESTAMP };

static uint32_t tuple_hash(const struct tern_tcp *tcp, const struct tern_tcp_tuple *tuple,
                           uint64_t purpose)
{
    /* SipHash-2-4 over the same octets on every machine. */
    uint8_t octets[40];
    memcpy(octets, tuple->local.octets, 16);
    memcpy(octets + 16, tuple->peer.octets, 16);
    tern_store_le64(octets + 32,
                    purpose << 32 | (uint64_t)tuple->local_port << 16 | tuple->peer_port);
    return (uint32_t)tern_siphash(tcp->isn_key, octets, sizeof octets);
}

uint32_t tern_tcp_isn(const struct tern_tcp *tcp, const struct tern_tcp_tuple *tuple,
                      uint32_t at_ms)
{
    return at_ms * M_PER_MS + tuple_hash(tcp, tuple, FOR_ISN);
}

uint32_t tern_tcp_isn_ts_offset(const struct tern_tcp *tcp, const struct tern_tcp_tuple *tuple)
{
    return tuple_hash(tcp, tuple, FOR_TIMESTAMP);
}

/*
 * RFC 6056 section 3.3.1: a random start, then the next one that is free. A
 * port on which somebody listens is left alone, lest we talk to ourselves.
 */
enum tern_err tern_tcp_isn_port(const struct tern_tcp *tcp, struct tern_tcp_tuple *tuple)
{
    uint32_t start = tern_drbg_below(tcp->net->drbg, PORT_COUNT);
    for (uint32_t i = 0; i < PORT_COUNT; i++) {
        uint16_t port = (uint16_t)(PORT_FIRST + (start + i) % PORT_COUNT);
        if (tern_tcp_lookup(tcp, &tuple->local, port, &tuple->peer, tuple->peer_port) != 0 ||
            tern_tcp_listen_find(tcp, &tuple->local, port, 0xff) != NULL)
            continue;
        tuple->local_port = port;
        return TERN_OK;
    }
    return TERN_FULL;
}
