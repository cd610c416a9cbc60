/* SPDX-License-Identifier: ISC */
/*
 * Octets in memory of exactly their size: a sanitizer sees a read past them.
 */
#ifndef TERN_TESTS_EXACT_H
#define TERN_TESTS_EXACT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A copy for free(). Never NULL. */
static inline uint8_t *exact(const void *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
        abort();
    if (len > 0)
        memcpy(copy, data, len);
    return copy;
}

#endif
