/* SPDX-License-Identifier: ISC */
/*
 * The octets of an input.
 */
#include "input.h"

static const uint8_t *in;
static size_t in_len;

void input_begin(const uint8_t *data, size_t len, size_t cap)
{
    in = data;
    in_len = len < cap ? len : cap;
}

size_t input_left(void)
{
    return in_len;
}

uint8_t next8(void)
{
    if (in_len == 0)
        return 0;
    in_len--;
    return *in++;
}

uint16_t next16(void)
{
    uint16_t low = next8();
    return (uint16_t)(low | next8() << 8);
}

uint32_t next32(void)
{
    uint32_t low = next16();
    return low | (uint32_t)next16() << 16;
}
