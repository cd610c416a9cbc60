/* SPDX-License-Identifier: ISC */
/*
 * UDP header (RFC 768).
 *
 *      0       8       16      24     31
 *      +-------+-------+-------+-------+
 *    0 |  source port  |   dest. port  |
 *    4 |    length     |   checksum    |
 *      +-------+-------+-------+-------+
 */
#ifndef TERN_NET_UDP_WIRE_H
#define TERN_NET_UDP_WIRE_H

#include <tern/base.h>

#pragma GCC visibility push(hidden)

enum {
    UDP_SRC_PORT = 0,
    UDP_DST_PORT = 2,
    UDP_LENGTH = 4,
    UDP_CHECKSUM = 6,
    UDP_HDR_LEN = 8,
};

#define UDP_PROTOCOL 17

/* A datagram whose lengths are checked. Only tern_udp_view_init makes one. */
struct tern_udp_view {
    const uint8_t *hdr;
    size_t len;    /* header and payload, as the header says */
};

/*
 * Reads the header of a datagram of l4_len octets, contig of them at l4.
 * TERN_TRUNCATED: no room for a header; TERN_MALFORMED: its length is below 8
 * or past the IP payload. What lies behind its length is not part of it (RFC
 * 9868 puts options there).
 */
enum tern_err tern_udp_view_init(struct tern_udp_view *v, const uint8_t *l4, size_t contig,
                                 size_t l4_len);

/* Writes a header without checksum for len octets of header and payload. */
void tern_udp_hdr_emit(uint8_t hdr[UDP_HDR_LEN], uint16_t src_port, uint16_t dst_port,
                       size_t len);

/* The checksum field for a sum: zero means "none", so a sum of zero is sent as all ones. */
static inline uint16_t udp_checksum_finish(uint32_t sum)
{
    uint16_t field = tern_checksum_finish(sum);
    return field != 0 ? field : 0xffff;
}

#pragma GCC visibility pop

#endif
