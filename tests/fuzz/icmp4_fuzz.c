/* SPDX-License-Identifier: ISC */
/*
 * ICMP: the quote's parser on memory of exactly its size, then the message as
 * a packet to us. Input: type, code, then the rest of the message; messages
 * follow each other, their length in two octets before each.
 */
#include "libnet/icmp4_wire.h"
#include "net_world.h"

#include "tests/unit/packet.h"

#include <stdlib.h>
#include <string.h>

static void quote_exactly(const uint8_t *body, size_t len)
{
    struct tern_icmp4_quote q;
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
        abort();
    if (len > 0)
        memcpy(copy, body, len);
    if (tern_icmp4_quote_parse(copy, len, &q) == TERN_OK) {
        /* All that it shows lies inside, and there are ports. */
        if (q.hdr != copy || q.l4 < copy + 20 || q.l4_len < 8 ||
            q.l4_len > len - (size_t)(q.l4 - copy) || q.total_len < 28)
            abort();
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t frame[PACKET_CAP];
    struct packet_ip4 ip = { .src = 0x0a000002, .dst = 0x0a000001, .protocol = 1 };
    struct net_world_meta meta = { .fix = true };
    net_world_start(0);
    /* The endpoint has written to a peer: errors about that are believed. */
    uint8_t octet = 1;
    struct tern_dgram d = { .peer = { .addr = tern_addr_v4(0x0a000002), .port = 9 },
                            .data = &octet, .len = 1 };
    (void)tern_endpoint_send(net_world_endpoint(), &d, 1);
    while (size >= 2) {
        size_t len = tern_load_be16(data) & 2047;
        data += 2;
        size -= 2;
        if (len > size)
            len = size;
        if (len >= 8)
            quote_exactly(data + 8, len - 8);
        net_world_frame(frame, packet_ip4(frame, &ip, data, len), &meta);
        net_world_flush();
        data += len;
        size -= len;
    }
    size_t mtu = tern_endpoint_mtu(net_world_endpoint(), &d.peer);
    if (mtu < 552 - 28 || mtu > 1472)
        abort();
    net_world_finish();
    return 0;
}
