/* SPDX-License-Identifier: ISC */
/*
 * Uncompressed domain names (RFC 1035 section 3.1): pure functions.
 */
#include "names_wire.h"

static bool is_name_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
           c == '_';
}

size_t tern_name_len(const uint8_t *data, size_t len)
{
    if (len > NAME_MAX_LEN)
        len = NAME_MAX_LEN;
    /* Each turn adds at least one octet to off, which stays below len. */
    for (size_t off = 0; off < len;) {
        size_t label = data[off++];
        if (label == 0)
            return off;
        if (label > NAME_LABEL_MAX || label > len - off)
            return 0;
        for (size_t end = off + label; off < end; off++)
            if (!is_name_char(data[off]))
                return 0;
    }
    return 0;
}

bool tern_names_ok(const uint8_t *data, size_t len)
{
    size_t off = 0;
    /* Each turn adds at least two octets to off, which stays at most len. */
    while (off < len && data[off] != 0) {
        size_t name_len = tern_name_len(data + off, len - off);
        if (name_len == 0)
            return false;
        off += name_len;
    }
    unsigned padding = 0;
    for (size_t i = off; i < len; i++)
        padding |= data[i];
    return off > 0 && padding == 0;
}
