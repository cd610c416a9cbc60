/* SPDX-License-Identifier: ISC */
/*
 * libhttp's parser on the measurement's requests: the head in place, the
 * decision about host and framing, and the chunks.
 */
#include "http_parse.h"

#include <tern/http.h>

static size_t parse(const char *text, size_t len)
{
    static struct tern_http_request r;
    const uint8_t *p = (const uint8_t *)text;
    size_t body = 0;
    tern_http_request_init(&r, 0, 0, 0);
    if (tern_http_request_parse(&r, p, len) != TERN_OK || tern_http_request_check(&r, p) != TERN_OK)
        return 0;
    if ((r.framing_flags & TERN_HTTP_CHUNKED) == 0)
        return r.n_fields;
    struct tern_http_chunked c = { .state = 0 };
    for (size_t at = r.head_len;;) {
        size_t used, data_len;
        enum tern_err err = tern_http_chunked_next(&c, p + at, len - at, &used, &data_len);
        if (err == TERN_OK)
            return r.n_fields + body;
        if (err != TERN_AGAIN || data_len == 0)
            return 0;
        tern_http_chunked_take(&c, data_len);
        body += data_len;
        at += used + data_len;
    }
}

int main(int argc, char **argv)
{
    return parse_main(argc, argv, parse);
}
