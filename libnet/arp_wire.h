/* SPDX-License-Identifier: ISC */
/*
 * ARP for IPv4 over Ethernet (RFC 826).
 *
 *      0       8       16      24     31
 *      +-------+-------+-------+-------+
 *    0 | hardware = 1  | protocol=0800 |
 *    4 | hlen=6| plen=4|   operation   |
 *    8 |   sender's MAC                |
 *   12 |               | sender's IPv4 |
 *   16 |               |  target's MAC |
 *   20 |                               |
 *   24 |   target's IPv4               |
 *      +-------+-------+-------+-------+
 */
#ifndef TERN_NET_ARP_WIRE_H
#define TERN_NET_ARP_WIRE_H

#include <tern/base.h>

#pragma GCC visibility push(hidden)

enum { ARP_REQUEST = 1, ARP_REPLY = 2 };
enum { ARP_LEN = 28 };

/* A checked packet, in values. */
struct tern_arp_packet {
    uint16_t op;
    uint8_t sender_mac[6], target_mac[6];
    uint32_t sender, target;    /* IPv4, host order */
};

/*
 * Reads a packet of at least len octets (padding may follow).
 * TERN_TRUNCATED: shorter than 28; TERN_UNSUPPORTED: not IPv4 over Ethernet,
 * or no request or reply; TERN_MALFORMED: wrong address lengths, or a sender's
 * MAC that no station has.
 */
enum tern_err tern_arp_parse(const uint8_t *data, size_t len, struct tern_arp_packet *arp);

/* Writes ARP_LEN octets. */
void tern_arp_emit(uint8_t data[ARP_LEN], const struct tern_arp_packet *arp);

#pragma GCC visibility pop

#endif
