/* SPDX-License-Identifier: ISC */
/*
 * DHCP: the parser on memory of exactly the message's size, then the client: a
 * message to it, some time, the next. Input: pieces of (length, time, octets);
 * transaction and MAC are put right, so that what a message says counts.
 */
#include "libnet/dhcp4_wire.h"
#include "net_world.h"

#include "tests/unit/packet.h"

#include <stdlib.h>
#include <string.h>

static void parse_exactly(const uint8_t *msg, size_t len)
{
    struct tern_dhcp4_reply reply;
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
        abort();
    if (len > 0)
        memcpy(copy, msg, len);
    if (tern_dhcp4_reply_parse(copy, len, &reply) == TERN_OK &&
        (reply.n_dns > 3 || reply.n_ntp > 2 || reply.type == 0))
        abort();
    free(copy);
}

/* The lease that the client uses is one that a host may use. */
static void lease_check(void)
{
    struct tern_dhcp4_lease lease;
    struct tern_ipv4_address a;
    if (tern_dhcp4_get(net_world_net(), &lease) != TERN_OK)
        return;
    if (tern_ipv4_get(net_world_net(), 1, &a) != TERN_OK ||
        !tern_addr_equal(&a.addr, &lease.address.addr) || lease.address.prefix_len < 8)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t frame[PACKET_CAP];
    struct packet_ip4 ip = { .src = 0x0a020001, .dst = 0xffffffff,
                             .dst_mac = packet_mac_broadcast };
    struct net_world_meta meta = { .link = 1, .fix = true };
    net_world_start(0);
    while (size >= 3) {
        size_t len = tern_load_be16(data) & 2047;
        uint64_t wait_ns = UINT64_C(0x10000) << data[2] % 24;
        data += 3;
        size -= 3;
        if (len > size)
            len = size;
        parse_exactly(data, len);
        net_world_frame(frame, packet_udp(frame, &ip, 67, 68, data, len), &meta);
        net_world_flush();
        net_world_pass(wait_ns);
        lease_check();
        data += len;
        size -= len;
    }
    net_world_finish();
    return 0;
}
