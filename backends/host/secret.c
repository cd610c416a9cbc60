/* SPDX-License-Identifier: ISC */
/*
 * The secret that stable identifiers are made of (RFC 7217 section 5), as it is configured.
 */
#include <string.h>

#include "host_internal.h"

enum tern_err tern_host_secret_parse(const char *text, uint8_t secret[16])
{
    if (strlen(text) != 32)
        return TERN_INVALID;
    for (size_t i = 0; i < 16; i++) {
        int high = tern_hex_value(text[2 * i]), low = tern_hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return TERN_INVALID;
        secret[i] = (uint8_t)(high << 4 | low);
    }
    return TERN_OK;
}
