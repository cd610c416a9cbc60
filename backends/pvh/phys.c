/* SPDX-License-Identifier: ISC */
/*
 * Octets that loader and firmware left in physical memory. What is below 4 GiB
 * is mapped at its own address until the seal; after it nobody asks.
 */
#include "backends/pvh/pvh_internal.h"

const uint8_t *pvh_phys(uint64_t at, uint64_t len)
{
    if (at == 0 || at > UINT32_MAX || len > UINT32_MAX - at)
        return NULL;
    return (const uint8_t *)(uintptr_t)at;
}

bool pvh_phys_sums_to_zero(const uint8_t *octets, size_t len)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + octets[i]);
    return sum == 0;
}
