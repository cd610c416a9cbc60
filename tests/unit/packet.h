/* SPDX-License-Identifier: ISC */
/*
 * Frames for tests, written from plain values with right lengths and sums; a
 * test spoils what it wants to spoil afterwards. All return the frame's length.
 */
#ifndef TERN_TESTS_PACKET_H
#define TERN_TESTS_PACKET_H

#include <tern/base.h>

#define PACKET_CAP 66000u
#define PACKET_ETH 14u
#define PACKET_IP 20u

extern const uint8_t packet_mac_us[6];           /* 02:00:00:00:00:01, the fake link's */
extern const uint8_t packet_mac_peer[6];         /* ...:02 */
extern const uint8_t packet_mac_other[6];        /* ...:03 */
extern const uint8_t packet_mac_broadcast[6];

struct packet_ip4 {
    uint32_t src, dst;
    uint8_t protocol, ttl, tos;      /* ttl 0: 64 */
    uint16_t id, frag;               /* frag: flags and offset field */
    const uint8_t *options;          /* a multiple of 4 */
    size_t options_len;
    const uint8_t *dst_mac;          /* NULL: ours */
    const uint8_t *src_mac;          /* NULL: the peer's */
};

size_t packet_ip4(uint8_t *frame, const struct packet_ip4 *ip, const uint8_t *payload, size_t len);
size_t packet_udp(uint8_t *frame, const struct packet_ip4 *ip, uint16_t src_port,
                  uint16_t dst_port, const uint8_t *data, size_t len);
/* An ICMP message of type, code, 4 octets of rest, and a body. */
size_t packet_icmp(uint8_t *frame, const struct packet_ip4 *ip, uint8_t type, uint8_t code,
                   uint32_t rest, const uint8_t *body, size_t len);
size_t packet_arp(uint8_t *frame, const uint8_t dst[6], uint16_t op, const uint8_t sender_mac[6],
                  uint32_t sender, const uint8_t target_mac[6], uint32_t target);

/* Puts the IPv4 header's checksum right again after a change. */
void packet_ip4_resum(uint8_t *frame);

/* Is every checksum of a sent IPv4 frame (header; UDP, TCP or ICMP) right? */
bool packet_sums_ok(const uint8_t *frame, size_t len);

#endif
