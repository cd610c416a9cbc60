/* SPDX-License-Identifier: ISC */
/*
 * Frames for tests. The sums are made here in their plainest form (RFC 1071
 * section 4.1), not by the code under test.
 */
#include "packet.h"

#include <string.h>

const uint8_t packet_mac_us[6] = { 2, 0, 0, 0, 0, 1 };
const uint8_t packet_mac_peer[6] = { 2, 0, 0, 0, 0, 2 };
const uint8_t packet_mac_other[6] = { 2, 0, 0, 0, 0, 3 };
const uint8_t packet_mac_broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static uint32_t sum_add(uint32_t sum, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
    return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

void packet_ip4_resum(uint8_t *frame)
{
    uint8_t *hdr = frame + PACKET_ETH;
    size_t len = (size_t)(hdr[0] & 15) * 4;
    tern_store_be16(hdr + 10, 0);
    tern_store_be16(hdr + 10, (uint16_t)~sum_fold(sum_add(0, hdr, len)));
}

size_t packet_ip4(uint8_t *frame, const struct packet_ip4 *ip, const uint8_t *payload, size_t len)
{
    uint8_t *hdr = frame + PACKET_ETH;
    size_t hdr_len = PACKET_IP + ip->options_len;
    memcpy(frame, ip->dst_mac != NULL ? ip->dst_mac : packet_mac_us, 6);
    memcpy(frame + 6, ip->src_mac != NULL ? ip->src_mac : packet_mac_peer, 6);
    tern_store_be16(frame + 12, 0x0800);
    hdr[0] = (uint8_t)(0x40 | hdr_len / 4);
    hdr[1] = ip->tos;
    tern_store_be16(hdr + 2, (uint16_t)(hdr_len + len));
    tern_store_be16(hdr + 4, ip->id);
    tern_store_be16(hdr + 6, ip->frag);
    hdr[8] = ip->ttl != 0 ? ip->ttl : 64;
    hdr[9] = ip->protocol;
    tern_store_be32(hdr + 12, ip->src);
    tern_store_be32(hdr + 16, ip->dst);
    if (ip->options_len > 0)
        memcpy(hdr + PACKET_IP, ip->options, ip->options_len);
    packet_ip4_resum(frame);
    if (len > 0)
        memmove(hdr + hdr_len, payload, len);
    return PACKET_ETH + hdr_len + len;
}

static uint32_t pseudo(uint32_t src, uint32_t dst, uint8_t protocol, size_t len)
{
    return (src >> 16) + (src & 0xffff) + (dst >> 16) + (dst & 0xffff) + protocol + (uint32_t)len;
}

size_t packet_udp(uint8_t *frame, const struct packet_ip4 *ip, uint16_t src_port,
                  uint16_t dst_port, const uint8_t *data, size_t len)
{
    struct packet_ip4 h = *ip;
    uint8_t l4[8 + 65535];
    h.protocol = 17;
    tern_store_be16(l4, src_port);
    tern_store_be16(l4 + 2, dst_port);
    tern_store_be16(l4 + 4, (uint16_t)(8 + len));
    tern_store_be16(l4 + 6, 0);
    if (len > 0)
        memcpy(l4 + 8, data, len);
    uint16_t sum = (uint16_t)~sum_fold(sum_add(pseudo(h.src, h.dst, 17, 8 + len), l4, 8 + len));
    tern_store_be16(l4 + 6, sum != 0 ? sum : 0xffff);
    return packet_ip4(frame, &h, l4, 8 + len);
}

size_t packet_icmp(uint8_t *frame, const struct packet_ip4 *ip, uint8_t type, uint8_t code,
                   uint32_t rest, const uint8_t *body, size_t len)
{
    struct packet_ip4 h = *ip;
    uint8_t l4[8 + 65535];
    h.protocol = 1;
    l4[0] = type;
    l4[1] = code;
    tern_store_be16(l4 + 2, 0);
    tern_store_be32(l4 + 4, rest);
    if (len > 0)
        memcpy(l4 + 8, body, len);
    tern_store_be16(l4 + 2, (uint16_t)~sum_fold(sum_add(0, l4, 8 + len)));
    return packet_ip4(frame, &h, l4, 8 + len);
}

size_t packet_arp(uint8_t *frame, const uint8_t dst[6], uint16_t op, const uint8_t sender_mac[6],
                  uint32_t sender, const uint8_t target_mac[6], uint32_t target)
{
    uint8_t *p = frame + PACKET_ETH;
    memcpy(frame, dst, 6);
    memcpy(frame + 6, sender_mac, 6);
    tern_store_be16(frame + 12, 0x0806);
    tern_store_be16(p, 1);
    tern_store_be16(p + 2, 0x0800);
    p[4] = 6;
    p[5] = 4;
    tern_store_be16(p + 6, op);
    memcpy(p + 8, sender_mac, 6);
    tern_store_be32(p + 14, sender);
    memcpy(p + 18, target_mac, 6);
    tern_store_be32(p + 24, target);
    return PACKET_ETH + 28;
}

bool packet_sums_ok(const uint8_t *frame, size_t len)
{
    const uint8_t *hdr = frame + PACKET_ETH;
    size_t hdr_len = (size_t)(hdr[0] & 15) * 4, total = tern_load_be16(hdr + 2);
    if (len < PACKET_ETH + total || total < hdr_len ||
        sum_fold(sum_add(0, hdr, hdr_len)) != 0xffff)
        return false;
    const uint8_t *l4 = hdr + hdr_len;
    size_t l4_len = total - hdr_len;
    uint32_t sum = 0;
    bool known = hdr[9] == 1 || hdr[9] == 6 || hdr[9] == 17;
    if (!known || (tern_load_be16(hdr + 6) & 0x3fff) != 0)    /* or a fragment */
        return true;
    if (hdr[9] == 17 && l4_len >= 8 && tern_load_be16(l4 + 6) == 0)
        return true;
    if (hdr[9] == 6 || hdr[9] == 17)
        sum = pseudo(tern_load_be32(hdr + 12), tern_load_be32(hdr + 16), hdr[9], l4_len);
    return sum_fold(sum_add(sum, l4, l4_len)) == 0xffff;
}
