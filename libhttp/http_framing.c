/* SPDX-License-Identifier: ISC */
/*
 * How an answer is framed (RFC 9112 section 6.3, RFC 9110 sections 6.4.1 and
 * 15). The only place that knows which answers have no body.
 */
#include "http_internal.h"

enum tern_http_framing tern_http_framing_choose(enum tern_http_method method, uint16_t status,
                                                uint64_t body_len, unsigned minor)
{
    if (status < 200 || status == 204 || status == 304)
        return TERN_HTTP_FRAME_NONE;
    if (method == TERN_HTTP_HEAD)
        return TERN_HTTP_FRAME_HEAD;
    if (body_len != TERN_HTTP_UNKNOWN)
        return TERN_HTTP_FRAME_LENGTH;
    return minor >= 1 ? TERN_HTTP_FRAME_CHUNKED : TERN_HTTP_FRAME_CLOSE;
}
