/* SPDX-License-Identifier: ISC */
/*
 * What has happened and waits for the loop, and how often things happened.
 *
 * Interrupts are let in only inside pvh_wait, so none comes between a load and
 * a store here; a handler's own store cannot be interrupted either.
 */
#include "backends/pvh/pvh_internal.h"

static volatile uint32_t pending;

struct pvh_stats pvh_counters;

const struct pvh_stats *pvh_stats(void)
{
    return &pvh_counters;
}

void pvh_pending_set(uint32_t bits)
{
    pending = pending | bits;
}

uint32_t pvh_pending_take(void)
{
    uint32_t bits = pending;
    pending = 0;
    return bits;
}

bool pvh_pending(void)
{
    return pending != 0;
}
