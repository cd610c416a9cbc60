/* SPDX-License-Identifier: ISC */
/*
 * When something that broke a rule is begun with anew: after 1 s, then each time
 * after twice as long, 300 s at most. What has lasted a minute begins with 1 s again.
 */
#ifndef TERN_PVH_RETRY_H
#define TERN_PVH_RETRY_H

#include <tern/base.h>

/* Of zeros: it is not broken and never was. */
struct pvh_retry {
    uint64_t at_ns, wait_ns, begun_ns;    /* at_ns 0: it is not waited for */
};

/*
 * Is it time? Called while it is broken, once with an answer of true for each
 * attempt; at_ns then says how long there is nothing to do.
 */
bool pvh_retry_due(struct pvh_retry *retry, uint64_t now_ns);

#endif
