/* SPDX-License-Identifier: ISC */
/* SHA-256 (FIPS 180-4), for names of contents: an asset's tag, an object's sum. */
#ifndef TERN_TOOLS_SHA256_H
#define TERN_TOOLS_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t h[8];
    uint8_t block[64];
    uint64_t len;
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);

/* 64 lower-case hexadecimal digits and a zero. */
void sha256_finish(struct sha256 *s, char hex[65]);

#endif
