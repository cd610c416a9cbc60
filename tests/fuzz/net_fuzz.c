/* SPDX-License-Identifier: ISC */
/*
 * The whole stack: frames in batches with whatever the driver says of them,
 * time that passes, slots that are refused, links that go down.
 *
 * Input: an octet of offloads, then steps. A step's first octet: 0..3 a frame
 * (its higher bits: fix, link, spans; then length, driver's word, octets), 4
 * hands up the batch, 5 lets time pass, 6 refuses slots or takes a link down, 7
 * undoes that.
 */
#include "net_world.h"

struct input {
    const uint8_t *data;
    size_t len;
};

static uint8_t take(struct input *in)
{
    if (in->len == 0)
        return 0;
    in->len--;
    return *in->data++;
}

static void frame_step(struct input *in, uint8_t op)
{
    size_t len = take(in);
    len |= (size_t)(take(in) & 15) << 8;
    uint8_t word = take(in);
    struct net_world_meta meta = { .fix = op >> 3 & 1, .link = op >> 4 & 1,
                                   .csum = word & 3, .gso = word >> 2 & 3 };
    if (op & 0x20) {
        meta.first = take(in);
        meta.step = (uint16_t)(take(in) + 1);
        if (!(op & 0x40) && meta.first < 255)    /* what drivers promise */
            meta.first = 256;
    }
    if (word & 0x10)
        meta.seg_len = (uint16_t)(take(in) << 3);
    if (len > in->len)
        len = in->len;
    net_world_frame(in->data, len, &meta);
    in->data += len;
    in->len -= len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    net_world_start(take(&in) & 0x3f);
    while (in.len > 0) {
        uint8_t op = take(&in);
        switch (op & 7) {
        case 4:
            net_world_flush();
            break;
        case 5:
            net_world_flush();
            net_world_pass(UINT64_C(0x10000) << (op >> 3) % 22);
            break;
        case 6:
            net_world_flush();
            if (op & 8)
                net_world_full(op >> 4 & 1, true);
            else
                net_world_up(op >> 4 & 1, false);
            break;
        case 7:
            net_world_flush();
            net_world_full(op >> 4 & 1, false);
            net_world_up(op >> 4 & 1, true);
            break;
        default:
            frame_step(&in, op);
            break;
        }
    }
    net_world_finish();
    return 0;
}
