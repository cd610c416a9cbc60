/* SPDX-License-Identifier: ISC */
/*
 * Entity tags in If-Match, If-None-Match and If-Range (RFC 9110 sections 8.8.3
 * and 13.1): lists of them, compared weakly or strongly.
 */
#include "http_internal.h"

/* A tag without its "W/": weak comparison looks at the opaque part alone. */
static size_t weak_len(const char *tag, size_t len)
{
    return len >= 2 && tag[0] == 'W' && tag[1] == '/' ? 2 : 0;
}

static bool list_match(const char *list, size_t len, const char *etag, size_t etag_len, bool strong)
{
    size_t skip = weak_len(etag, etag_len), i = 0;
    bool weak_etag = skip > 0;
    etag += skip;
    etag_len -= skip;
    if (len == 1 && list[0] == '*')
        return true;
    for (;;) {
        while (i < len && (list[i] == ' ' || list[i] == '\t' || list[i] == ','))
            i++;
        skip = weak_len(list + i, len - i);
        i += skip;
        if (i == len || list[i] != '"')
            return false;
        size_t from = i++;
        while (i < len && list[i] != '"')
            i++;
        if (i == len)
            return false;
        i++;
        /* RFC 9110 section 8.8.3.2: a weak tag is never the same, strongly. */
        if (strong && (weak_etag || skip > 0))
            continue;
        if (i - from == etag_len && memcmp(list + from, etag, etag_len) == 0)
            return true;
    }
}

bool tern_http_etag_match(const char *list, size_t len, const char *etag, size_t etag_len)
{
    return list_match(list, len, etag, etag_len, false);
}

bool tern_http_etag_match_strong(const char *list, size_t len, const char *etag, size_t etag_len)
{
    return list_match(list, len, etag, etag_len, true);
}
