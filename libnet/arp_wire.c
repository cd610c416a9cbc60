/* SPDX-License-Identifier: ISC */
/*
 * ARP packets on the wire (RFC 826): pure parse and emit.
 */
#include "arp_wire.h"
#include "eth_wire.h"

#include <string.h>

enum {
    ARP_HTYPE = 0,
    ARP_PTYPE = 2,
    ARP_HLEN = 4,
    ARP_PLEN = 5,
    ARP_OP = 6,
    ARP_SHA = 8,
    ARP_SPA = 14,
    ARP_THA = 18,
    ARP_TPA = 24,
};

enum tern_err tern_arp_parse(const uint8_t *data, size_t len, struct tern_arp_packet *arp)
{
    if (len < ARP_LEN)
        return TERN_TRUNCATED;
    if (tern_load_be16(data + ARP_HTYPE) != 1 ||
        tern_load_be16(data + ARP_PTYPE) != ETH_TYPE_IPV4)
        return TERN_UNSUPPORTED;
    if (data[ARP_HLEN] != 6 || data[ARP_PLEN] != 4)
        return TERN_MALFORMED;
    arp->op = tern_load_be16(data + ARP_OP);
    if (arp->op != ARP_REQUEST && arp->op != ARP_REPLY)
        return TERN_UNSUPPORTED;
    static const uint8_t none[6];
    memcpy(arp->sender_mac, data + ARP_SHA, 6);
    if (eth_is_group(arp->sender_mac) || eth_equal(arp->sender_mac, none))
        return TERN_MALFORMED;
    memcpy(arp->target_mac, data + ARP_THA, 6);
    arp->sender = tern_load_be32(data + ARP_SPA);
    arp->target = tern_load_be32(data + ARP_TPA);
    return TERN_OK;
}

void tern_arp_emit(uint8_t data[ARP_LEN], const struct tern_arp_packet *arp)
{
    tern_store_be16(data + ARP_HTYPE, 1);
    tern_store_be16(data + ARP_PTYPE, ETH_TYPE_IPV4);
    data[ARP_HLEN] = 6;
    data[ARP_PLEN] = 4;
    tern_store_be16(data + ARP_OP, arp->op);
    memcpy(data + ARP_SHA, arp->sender_mac, 6);
    tern_store_be32(data + ARP_SPA, arp->sender);
    memcpy(data + ARP_THA, arp->target_mac, 6);
    tern_store_be32(data + ARP_TPA, arp->target);
}
