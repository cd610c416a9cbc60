/* SPDX-License-Identifier: ISC */
/*
 * The header that goes before each frame of a TAP device with IFF_VNET_HDR:
 * struct virtio_net_hdr in the host's octet order, without the count of
 * buffers (linux/virtio_net.h; the machine is little-endian where TUNSETVNETLE
 * is set, which tap.c does).
 *
 *      0       1       2       4       6       8       10
 *      +-------+-------+-------+-------+-------+-------+
 *      | flags |  gso  |hdr_len| gso   |csum   |csum   |
 *      |       | type  |       | size  |start  |offset |
 *      +-------+-------+-------+-------+-------+-------+
 */
#include <string.h>

#include "unix_internal.h"

enum { VNET_FLAGS = 0, VNET_GSO_TYPE = 1, VNET_HDR_LEN = 2, VNET_GSO_SIZE = 4,
       VNET_CSUM_START = 6, VNET_CSUM_OFFSET = 8 };
enum { FLAG_NEEDS_CSUM = 1, FLAG_DATA_VALID = 2 };
enum { GSO_NONE = 0, GSO_TCPV4 = 1, GSO_TCPV6 = 4, GSO_UDP_L4 = 5, GSO_ECN = 0x80 };

enum tern_err tern_vnet_parse(const uint8_t *hdr, struct tern_rx *rx)
{
    uint8_t flags = hdr[VNET_FLAGS], type = hdr[VNET_GSO_TYPE] & (uint8_t)~GSO_ECN;

    rx->csum = (flags & FLAG_NEEDS_CSUM) != 0   ? TERN_CSUM_PARTIAL
               : (flags & FLAG_DATA_VALID) != 0 ? TERN_CSUM_VALID
                                                : TERN_CSUM_NONE;
    rx->seg_len = tern_load_le16(hdr + VNET_GSO_SIZE);
    rx->hash = 0;
    switch (type) {
    case GSO_NONE:
        rx->gso = TERN_GSO_NONE;
        rx->seg_len = 0;
        return TERN_OK;
    case GSO_TCPV4:
        rx->gso = TERN_GSO_TCP4;
        break;
    case GSO_TCPV6:
        rx->gso = TERN_GSO_TCP6;
        break;
    case GSO_UDP_L4:
        rx->gso = TERN_GSO_UDP;
        break;
    default:
        return TERN_UNSUPPORTED;
    }
    return rx->seg_len != 0 ? TERN_OK : TERN_MALFORMED;
}

void tern_vnet_emit(uint8_t *hdr, const struct tern_tx *tx)
{
    static const uint8_t types[] = {
        [TERN_GSO_NONE] = GSO_NONE, [TERN_GSO_TCP4] = GSO_TCPV4,
        [TERN_GSO_TCP6] = GSO_TCPV6, [TERN_GSO_UDP] = GSO_UDP_L4,
    };
    memset(hdr, 0, TERN_VNET_LEN);
    if (!tx->csum_partial)
        return;
    hdr[VNET_FLAGS] = FLAG_NEEDS_CSUM;
    tern_store_le16(hdr + VNET_CSUM_START, tx->csum_start);
    tern_store_le16(hdr + VNET_CSUM_OFFSET, tx->csum_off);
    if (tx->gso == TERN_GSO_NONE)
        return;
    hdr[VNET_GSO_TYPE] = types[tx->gso];
    tern_store_le16(hdr + VNET_HDR_LEN, tx->hdr_len);
    tern_store_le16(hdr + VNET_GSO_SIZE, tx->seg_len);
}
