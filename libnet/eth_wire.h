/* SPDX-License-Identifier: ISC */
/*
 * Ethernet II and 802.1Q headers.
 *
 *     0              6              12      14      16      18
 *     +--------------+--------------+-------+.......+.......+
 *     |   dst MAC    |   src MAC    | type  : TCI     type  :
 *     +--------------+--------------+-------+.......+.......+
 *                                    0x8100 : when tagged   :
 */
#ifndef TERN_NET_ETH_WIRE_H
#define TERN_NET_ETH_WIRE_H

#include <tern/base.h>

#pragma GCC visibility push(hidden)

enum { ETH_DST = 0, ETH_SRC = 6, ETH_TYPE = 12, ETH_TCI = 14, ETH_TAG_LEN = 4 };

enum {
    ETH_TYPE_IPV4 = 0x0800,
    ETH_TYPE_ARP = 0x0806,
    ETH_TYPE_VLAN = 0x8100,
    ETH_TYPE_IPV6 = 0x86dd,
};

/* The group bit: multicast and broadcast (IEEE 802 section 8.2.2). */
static inline bool eth_is_group(const uint8_t mac[6])
{
    return mac[0] & 1;
}

/* By the compiler's name: a freestanding memcpy of six octets would be a call. */
static inline void eth_copy(uint8_t to[6], const uint8_t from[6])
{
    __builtin_memcpy(to, from, 6);
}

static inline bool eth_equal(const uint8_t a[6], const uint8_t b[6])
{
    uint32_t a4, b4;
    uint16_t a2, b2;
    __builtin_memcpy(&a4, a, 4);
    __builtin_memcpy(&b4, b, 4);
    __builtin_memcpy(&a2, a + 4, 2);
    __builtin_memcpy(&b2, b + 4, 2);
    return ((a4 ^ b4) | (uint32_t)(a2 ^ b2)) == 0;
}

#pragma GCC visibility pop

#endif
