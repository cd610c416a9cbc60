/* SPDX-License-Identifier: ISC */
/*
 * The schedule by which a device that broke a rule gets another chance.
 */
#include "backends/pvh/retry.h"

#define FIRST_NS TERN_SECOND_NS
#define LAST_NS (300 * TERN_SECOND_NS)
#define LASTED_NS (60 * TERN_SECOND_NS)

bool pvh_retry_due(struct pvh_retry *r, uint64_t now_ns)
{
    if (r->at_ns == 0) {
        r->wait_ns = now_ns - r->begun_ns >= LASTED_NS || r->wait_ns == 0 ? FIRST_NS
                                                                        : 2 * r->wait_ns;
        if (r->wait_ns > LAST_NS)
            r->wait_ns = LAST_NS;
        r->at_ns = now_ns + r->wait_ns;
    }
    if (now_ns < r->at_ns)
        return false;
    r->at_ns = 0;
    r->begun_ns = now_ns;
    return true;
}
