/* SPDX-License-Identifier: ISC */
/* To a directory's own path, with its last "/" (RFC 9110 sections 10.2.2 and 15.4.2). */
#include "http_internal.h"

enum tern_err tern_http_redirect_slash_with(struct tern_http_exchange *x, const char *path,
                                            size_t len, const struct tern_http_policy *policy)
{
    static const char hex[] = "0123456789ABCDEF";
    struct tern_http_span query = tern_http_query(x);
    char location[TERN_HTTP_HEAD_CAP];
    /* A query is shorter than its head. */
    size_t n = 0, tail_len = query.data != NULL ? query.len + 2 : 1;
    /* A normal path has no empty segment; "//x/" would name a host x. */
    while (len > 1 && path[0] == '/' && path[1] == '/') {
        path++;
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)path[i];
        if (sizeof location - n < tail_len + 3)
            return tern_http_respond_policy(x, 404, NULL, "404 Not Found\n", 14, policy);
        if (char_is(c, CHAR_PATH)) {
            location[n++] = (char)c;
            continue;
        }
        location[n++] = '%';
        location[n++] = hex[c >> 4];
        location[n++] = hex[c & 15];
    }
    location[n++] = '/';
    if (query.data != NULL) {
        location[n++] = '?';
        memcpy(location + n, query.data, query.len);
        n += query.len;
    }
    struct tern_http_field to = { { "Location", 8 }, { location, n } };
    return tern_http_respond_policy(x, 301, &to, NULL, 0, policy);
}
