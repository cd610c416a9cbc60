/* SPDX-License-Identifier: ISC */
/* Smaller forms of a file: gzip and brotli. */
#ifndef TERN_TOOLS_IMAGE_PACK_H
#define TERN_TOOLS_IMAGE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is it worth trying for a media type? Text is, what is compressed already is not. */
bool image_pack_wants(const char *content_type);

/*
 * Packs len octets; NULL: the result would not be smaller than `less` octets.
 * The same octets give the same result. The caller frees it.
 */
uint8_t *image_pack_gzip(const uint8_t *data, size_t len, size_t less, size_t *out_len);
uint8_t *image_pack_brotli(const uint8_t *data, size_t len, size_t less, size_t *out_len);

#endif
