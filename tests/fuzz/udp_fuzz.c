/* SPDX-License-Identifier: ISC */
/*
 * UDP from both sides: the calls of an application in any order, with frames
 * and refused slots between them. Input: one octet a step and what it needs.
 */
#include "net_world.h"

#include "tests/unit/packet.h"

#include <stdlib.h>
#include <string.h>

#define N_EPS 3u

static struct tern_endpoint *eps[N_EPS];
static size_t rooms[N_EPS];
static uint8_t *reserved[N_EPS];

static void received(struct tern_endpoint *ep, struct tern_dgram *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (in[i].len > 0)
            in[i].data[0] ^= 0xff;    /* those it took it may overwrite */
        if (in[i].len == 3)
            (void)tern_endpoint_send(ep, &in[i], 1);
        if (in[i].len == 5) {
            size_t which = *(const size_t *)ep->user;
            tern_endpoint_close(ep);
            eps[which] = NULL;
            reserved[which] = NULL;
            return;
        }
    }
}

static const struct tern_endpoint_events events = { .received = received };

static void open_one(size_t i, uint8_t how)
{
    static const size_t numbers[N_EPS] = { 0, 1, 2 };
    struct tern_endpoint_addr local = { .port = (uint16_t)(how & 3), .link = how >> 2 & 3 };
    if (how & 0x10)
        local.addr = tern_addr_v4(0x0a000001);
    if (eps[i] == NULL &&
        tern_udp_open(net_world_net(), &local, &events, NULL, &eps[i]) == TERN_OK)
        eps[i]->user = (void *)(uintptr_t)&numbers[i];
}

static struct tern_dgram dgram(uint8_t *data, size_t len, uint8_t how)
{
    static const uint32_t peers[] = { 0x0a000002, 0x0a000003, 0xc0000201, 0xe00000fb,
                                      0xffffffff, 0x0a0000ff, 0x0a000001, 0 };
    return (struct tern_dgram){ .peer = { .addr = tern_addr_v4(peers[how & 7]),
                                          .port = (uint16_t)(how >> 3 & 3) },
                                .flags = how >> 5 & 1,
                                .seg_len = how & 0x40 ? 100 : 0,
                                .link = how >> 7,
                                .data = data, .len = len };
}

static void step(size_t i, uint8_t op, uint8_t how)
{
    static uint8_t data[70000], frame[PACKET_CAP];
    struct packet_ip4 ip = { .src = 0x0a000002, .dst = 0x0a000001 };
    struct net_world_meta meta = { .fix = true };
    struct tern_addr group = tern_addr_v4(0xe00000fb - (how & 1));
    struct tern_dgram d = dgram(data, (size_t)how * (op & 0x80 ? 260 : 11), how);
    switch (op & 15) {
    case 0:
        open_one(i, how);
        break;
    case 1:
        if (eps[i] != NULL)
            tern_endpoint_close(eps[i]);
        eps[i] = NULL;
        reserved[i] = NULL;
        break;
    case 2:
        if (eps[i] != NULL)
            (void)tern_endpoint_send(eps[i], &d, 1);
        break;
    case 3:
        if (eps[i] != NULL)
            reserved[i] = tern_endpoint_reserve(eps[i], &d, d.len % 2100, &rooms[i]);
        break;
    case 4:
        if (eps[i] != NULL && reserved[i] != NULL) {
            memset(reserved[i], 7, rooms[i]);    /* all that was lent may be written */
            tern_endpoint_commit(eps[i], rooms[i] * how / 255);
        }
        reserved[i] = NULL;
        break;
    case 5:
        if (eps[i] != NULL)
            (void)tern_endpoint_join(eps[i], &group, how >> 1 & 3, how >> 3 & 1);
        break;
    case 6:
        if (eps[i] != NULL && tern_endpoint_mtu(eps[i], &d.peer) > 1472)
            abort();
        break;
    case 7:
        net_world_full(0, how & 1);
        break;
    case 8:
        net_world_pass(UINT64_C(0x10000) << how % 20);
        break;
    case 9:
        net_world_frame(frame, packet_udp(frame, &ip, 2, how & 3, data, how >> 2), &meta);
        break;
    case 10:
        net_world_flush();
        break;
    case 11: {
        static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 2 };
        size_t len = packet_arp(frame, packet_mac_us, 2, mac, 0x0a000002 + (how & 1),
                                packet_mac_us, 0x0a000001);
        net_world_frame(frame, len, &meta);
        break;
    }
    case 12: {
        struct packet_ip4 inner = { .src = 0x0a000001, .dst = 0x0a000002 };
        static uint8_t quote[PACKET_CAP];
        size_t len = packet_udp(quote, &inner, how & 3, how >> 2 & 3, NULL, 0) - PACKET_ETH;
        len = packet_icmp(frame, &ip, 3, how >> 4, (uint32_t)how << 4, quote + PACKET_ETH, len);
        net_world_frame(frame, len, &meta);
        break;
    }
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(eps, 0, sizeof eps);
    memset(reserved, 0, sizeof reserved);
    net_world_start(size > 0 ? data[0] & 0x3f : 0);
    for (size_t at = 1; at + 1 < size; at += 2)
        step((data[at] >> 4 & 7) % N_EPS, data[at], data[at + 1]);
    net_world_flush();
    for (size_t i = 0; i < N_EPS; i++)
        if (eps[i] != NULL)
            tern_endpoint_close(eps[i]);
    net_world_finish();
    return 0;
}
