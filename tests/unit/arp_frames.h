/* SPDX-License-Identifier: ISC */
/*
 * Frames of ARP that a stack under test has sent, told apart.
 */
#ifndef ARP_FRAMES_H
#define ARP_FRAMES_H

#include <string.h>

#include "libnet/arp_wire.h"
#include "net_fixture.h"

static inline bool is_arp(const struct fake_frame *sent, uint16_t op, const uint8_t dst[6],
                   uint32_t target)
{
    struct tern_arp_packet arp;
    return tern_load_be16(sent->data + 12) == 0x0806 && memcmp(sent->data, dst, 6) == 0 &&
           sent->len == PACKET_ETH + ARP_LEN &&
           tern_arp_parse(sent->data + PACKET_ETH, sent->len - PACKET_ETH, &arp) == TERN_OK &&
           arp.op == op && arp.target == target && arp.sender == US;
}

/* The next frame is a question after US, of nobody (RFC 5227 section 1.1). */
static inline bool is_probe(struct net_fixture *f)
{
    const uint8_t *sent = net_fixture_sent(f)->data;
    return tern_load_be16(sent + 12) == 0x0806 && tern_load_be16(sent + 20) == 1 &&
           memcmp(sent, packet_mac_broadcast, 6) == 0 && tern_load_be32(sent + 28) == 0 &&
           tern_load_be32(sent + 38) == US;
}

#endif
