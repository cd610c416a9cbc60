/* SPDX-License-Identifier: ISC */
/*
 * Smaller forms of a file, by zlib (RFC 1952) and libbrotli (RFC 7932), both as
 * small as they can: it is done once, at build time. No time and no name go
 * into the gzip header, so that the same octets give the same result.
 */
#include "image_pack.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <brotli/encode.h>
#include <zlib.h>

#include "work.h"

enum { BROTLI_BEST_MAX = 1 << 22 };    /* more than this is packed a little less well */

bool image_pack_wants(const char *type)
{
    static const char *const types[] = {
        "text/", "application/json", "application/xml", "application/wasm", "image/svg+xml",
        "image/x-icon", "font/ttf", "font/otf",
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strncmp(type, types[i], strlen(types[i])) == 0)
            return true;
    return false;
}

uint8_t *image_pack_gzip(const uint8_t *data, size_t len, size_t less, size_t *out_len)
{
    z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)data, .avail_in = (uInt)len };
    if (less == 0 || len > UINT_MAX || less > UINT_MAX)
        return NULL;
    uint8_t *out = work_alloc(less);
    z.next_out = out;
    z.avail_out = (uInt)(less - 1);
    bool good = deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9,
                             Z_DEFAULT_STRATEGY) == Z_OK;
    good = good && deflate(&z, Z_FINISH) == Z_STREAM_END;
    *out_len = z.total_out;
    (void)deflateEnd(&z);
    if (good)
        return out;
    free(out);
    return NULL;
}

uint8_t *image_pack_brotli(const uint8_t *data, size_t len, size_t less, size_t *out_len)
{
    if (less == 0)
        return NULL;
    uint8_t *out = work_alloc(less);
    int quality = len <= BROTLI_BEST_MAX ? BROTLI_MAX_QUALITY : 9;
    *out_len = less - 1;
    if (BrotliEncoderCompress(quality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, len, data,
                              out_len, out) == BROTLI_TRUE && *out_len > 0)
        return out;
    free(out);
    return NULL;
}
