/* SPDX-License-Identifier: ISC */
/* Entity tags in If-None-Match (RFC 9110 sections 8.8.3 and 13.1.2). */
#include "http_internal.h"

/* A tag without its "W/": weak comparison looks at the opaque part alone. */
static size_t weak_len(const char *tag, size_t len)
{
    return len >= 2 && tag[0] == 'W' && tag[1] == '/' ? 2 : 0;
}

bool tern_http_etag_match(const char *list, size_t len, const char *etag, size_t etag_len)
{
    size_t skip = weak_len(etag, etag_len), i = 0;
    etag += skip;
    etag_len -= skip;
    if (len == 1 && list[0] == '*')
        return true;
    for (;;) {
        while (i < len && (list[i] == ' ' || list[i] == '\t' || list[i] == ','))
            i++;
        i += weak_len(list + i, len - i);
        if (i == len || list[i] != '"')
            return false;
        size_t from = i++;
        while (i < len && list[i] != '"')
            i++;
        if (i == len)
            return false;
        i++;
        if (i - from == etag_len && memcmp(list + from, etag, etag_len) == 0)
            return true;
    }
}
