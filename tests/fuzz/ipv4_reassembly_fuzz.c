/* SPDX-License-Identifier: ISC */
/*
 * Reassembly against what must hold whatever comes: a datagram that is
 * delivered consists of octets that stand where the sender put them. Every
 * octet here is a function of its datagram and its place, but for fragments
 * that are spoilt; with a spoilt octet nothing may be delivered that joins it
 * with a good one in the same place.
 *
 * Input: an octet of offloads, then fragments of six octets: who and flags,
 * offset, length, cuts.
 */
#include "net_world.h"

#include "tests/unit/packet.h"

#include <stdlib.h>
#include <string.h>

static uint8_t octet(unsigned id, size_t at)
{
    return (uint8_t)(at * 31 ^ at >> 8 ^ id * 101);
}

static void received(struct tern_endpoint *ep, struct tern_dgram *in, size_t n)
{
    (void)ep;
    for (size_t i = 0; i < n; i++) {
        unsigned id = in[i].peer.port;
        for (size_t k = 0; k < in[i].len; k++) {
            uint8_t good = octet(id, 8 + k);
            if (in[i].data[k] != good && in[i].data[k] != (uint8_t)~good)
                abort();
        }
    }
}

static const struct tern_endpoint_events events = { .received = received };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t frame[PACKET_CAP], piece[2048];
    struct tern_endpoint_addr local = { .port = 9 };
    struct tern_endpoint *ep;
    net_world_start(0);
    if (tern_udp_open(net_world_net(), &local, &events, NULL, &ep) != TERN_OK)
        abort();
    for (; size >= 6; data += 6, size -= 6) {
        unsigned id = data[0] & 3;
        bool spoilt = data[0] >> 2 & 1, more = data[0] >> 3 & 1;
        size_t off = (size_t)(data[1] | (data[2] & 31) << 8) * 8;
        size_t len = (size_t)(data[3] | (data[4] & 7) << 8) % sizeof piece;
        for (size_t k = 0; k < len; k++)
            piece[k] = (uint8_t)(octet(id + 1, off + k) ^ (spoilt ? 0xff : 0));
        /* The header says: from port id + 1 to port 9, any length, no checksum. */
        uint8_t hdr[8] = { 0, (uint8_t)(id + 1), 0, 9, data[5], data[4], 0, 0 };
        for (size_t k = off; k < 8 && k - off < len; k++)
            piece[k - off] = hdr[k];
        struct packet_ip4 ip = { .src = 0x0a000002 + id, .dst = 0x0a000001, .protocol = 17,
                                 .id = (uint16_t)id,
                                 .frag = (uint16_t)((more ? 0x2000 : 0) | off / 8) };
        struct net_world_meta meta = { .first = 256,
                                       .step = data[0] & 0x10 ? (uint16_t)(data[5] + 1) : 0 };
        net_world_frame(frame, packet_ip4(frame, &ip, piece, len), &meta);
        if (data[0] & 0x20)
            net_world_pass((uint64_t)data[5] * TERN_SECOND_NS / 4);
    }
    net_world_flush();
    tern_endpoint_close(ep);
    net_world_finish();
    return 0;
}
