/* SPDX-License-Identifier: ISC */
/*
 * Paths that one can look up (RFC 3986 sections 2.1, 3.3, 5.2.4): decoded once,
 * without empty, "." and ".." segments. What a file system or another decoder
 * could take for a separator is refused when it comes encoded.
 */
#include "http_internal.h"

/*
 * The length of the UTF-8 sequence at p, 0 if there is none in the shortest
 * form for a scalar value (RFC 3629 section 4).
 */
static size_t utf8_len(const uint8_t *p, size_t len)
{
    uint8_t lead = p[0], low = 0x80, high = 0xbf;
    size_t n;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        n = 2;
    else if (lead >= 0xe0 && lead <= 0xef)
        n = 3;
    else if (lead >= 0xf0 && lead <= 0xf4)
        n = 4;
    else
        return 0;
    if (len < n)
        return 0;
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)    /* no surrogates */
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)    /* up to U+10FFFF */
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

/* Decodes the character at *i and moves *i past it; false: it is refused. */
static bool octet_decode(const uint8_t *path, size_t len, size_t *i, uint8_t *octet)
{
    uint8_t c = path[*i];
    *i += 1;
    if (c == '%') {
        if (len - *i < 2)
            return false;
        unsigned high = char_hex(path[*i]), low = char_hex(path[*i + 1]);
        if (high > 15 || low > 15)
            return false;
        *i += 2;
        c = (uint8_t)(high << 4 | low);
        if (c == '/')
            return false;
    }
    *octet = c;
    return c >= 0x20 && c != 0x7f && c != '\\';
}

enum tern_err tern_http_path_normalise(const char *path, size_t len, char *out, size_t *out_len)
{
    const uint8_t *in = (const uint8_t *)path;
    uint8_t *o = (uint8_t *)out;
    size_t n = 1;
    if (len == 0 || in[0] != '/')
        return TERN_MALFORMED;
    o[0] = '/';

    /*
     * Each turn takes one segment with the "/" after it. o[0..n) ends in "/"
     * and is normal; n <= i, so that out may be path.
     */
    for (size_t i = 1; i < len;) {
        size_t from = n;
        bool slash = false;
        while (i < len && !slash) {
            if (in[i] == '/') {
                slash = true;
                i++;
            } else if (!octet_decode(in, len, &i, &o[n])) {
                return TERN_MALFORMED;
            } else {
                n++;
            }
        }
        for (size_t k = from; k < n;) {
            size_t c = utf8_len(o + k, n - k);
            if (c == 0)
                return TERN_MALFORMED;
            k += c;
        }
        size_t seg_len = n - from;
        if (seg_len == 0)
            continue;
        if (seg_len == 1 && o[from] == '.') {
            n = from;
        } else if (seg_len == 2 && o[from] == '.' && o[from + 1] == '.') {
            n = from;
            if (n > 1)
                for (n--; o[n - 1] != '/'; n--)
                    ;
        } else if (slash) {
            o[n++] = '/';
        }
    }
    *out_len = n;
    return TERN_OK;
}
