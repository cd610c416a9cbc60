/* SPDX-License-Identifier: ISC */
/*
 * IPv4 options and the header's checksum (RFC 791): pure functions.
 */
#include "ipv4_wire.h"

enum {
    OPT_END = 0,
    OPT_NOP = 1,
    OPT_RECORD_ROUTE = 7,
    OPT_TIMESTAMP = 68,
    OPT_LSRR = 131,
    OPT_SSRR = 137,
};

/*
 * We write into no option and copy none into what we send, so a pointer is
 * never followed. One that points before its data is refused all the same:
 * only an attack has it. One past the data means a full option.
 */
static bool pointer_ok(const uint8_t *opt, size_t len, uint8_t least)
{
    return len >= 3 && opt[2] >= least;
}

enum tern_err tern_ipv4_options_check(const uint8_t *options, size_t len)
{
    size_t off = 0;
    /* Each turn adds at least one octet to off, which stays at most len. */
    while (off < len) {
        uint8_t type = options[off];
        if (type == OPT_END)
            break;
        if (type == OPT_NOP) {
            off++;
            continue;
        }
        if (len - off < 2)
            return TERN_MALFORMED;
        size_t opt_len = options[off + 1];
        if (opt_len < 2 || opt_len > len - off)
            return TERN_MALFORMED;
        /* RFC 1122 section 3.2.1.8 (c) lets a host refuse them; everyone does. */
        if (type == OPT_LSRR || type == OPT_SSRR)
            return TERN_UNSUPPORTED;
        if (type == OPT_RECORD_ROUTE && !pointer_ok(options + off, opt_len, 4))
            return TERN_MALFORMED;
        if (type == OPT_TIMESTAMP && (opt_len < 4 || !pointer_ok(options + off, opt_len, 5)))
            return TERN_MALFORMED;
        off += opt_len;
    }
    return TERN_OK;
}

uint16_t tern_ipv4_checksum(const uint8_t *hdr, size_t hdr_len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < hdr_len; i += 2)
        sum += tern_load_be16(hdr + i);
    return tern_checksum_finish(sum);
}
