/* SPDX-License-Identifier: ISC */
/*
 * An image that tries the ground it stands on: what its files share.
 */
#ifndef TERN_TESTS_SELFTEST_H
#define TERN_TESTS_SELFTEST_H

#include <string.h>

#include "backends/kvm/pc.h"

enum { STATUS_OK = 0, STATUS_UNKNOWN = 2, STATUS_SURVIVED = 3, STATUS_WRONG = 4 };
enum { PAGE = 4096, IO_LEN = PAGE + 100, LARGE = 0x200000 };

/* What a word of the command line stands for. A word of NULL ends a table. */
struct selftest_violation {
    const char *word;
    void (*commit)(void);    /* must not return */
};
struct selftest_service {
    const char *word;
    int (*run)(void);        /* returns a status */
};
extern const struct selftest_violation selftest_violations[];
extern const struct selftest_service selftest_services[];

/* Memory taken before the seal. */
extern void *selftest_heap;
extern uint8_t *selftest_io, *selftest_io_large;    /* a page and a bit; 2 MiB if there is room */

/* Another processor: what early=ap, start=ap and run=ap do. */
void selftest_ap_early(void);
void selftest_ap_start(void);
int selftest_ap_run(void);

#endif
