/* SPDX-License-Identifier: ISC */
/*
 * UDP headers on the wire (RFC 768): pure parse and emit.
 */
#include "udp_wire.h"

enum tern_err tern_udp_view_init(struct tern_udp_view *v, const uint8_t *l4, size_t contig,
                                 size_t l4_len)
{
    if (contig < UDP_HDR_LEN || l4_len < UDP_HDR_LEN)
        return TERN_TRUNCATED;
    size_t len = tern_load_be16(l4 + UDP_LENGTH);
    if (len < UDP_HDR_LEN || len > l4_len)
        return TERN_MALFORMED;
    *v = (struct tern_udp_view){ .hdr = l4, .len = len };
    return TERN_OK;
}

void tern_udp_hdr_emit(uint8_t hdr[UDP_HDR_LEN], uint16_t src_port, uint16_t dst_port, size_t len)
{
    tern_store_be16(hdr + UDP_SRC_PORT, src_port);
    tern_store_be16(hdr + UDP_DST_PORT, dst_port);
    tern_store_be16(hdr + UDP_LENGTH, (uint16_t)len);
    tern_store_be16(hdr + UDP_CHECKSUM, 0);
}
