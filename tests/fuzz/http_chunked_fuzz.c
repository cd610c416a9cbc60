/* SPDX-License-Identifier: ISC */
/*
 * Chunked bodies: decoded whole and in pieces, taking all or a few octets, the
 * data and the end are the same.
 *
 * Input: an octet that says how to cut, then a chunked body.
 */
#include <tern/http.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

struct result {
    enum tern_err err;
    uint8_t fault;
    size_t end, data_len;
    uint64_t hash;
};

static struct result decode(const uint8_t *in, size_t len, size_t step, size_t take)
{
    struct tern_http_chunked c = { .state = 0 };
    struct result r = { .err = TERN_AGAIN, .hash = 14695981039346656037u };
    size_t end = step < len ? step : len;
    for (size_t turns = 0; r.err == TERN_AGAIN; turns++) {
        size_t used, data_len;
        must(turns < 10 * len + 100);
        r.err = tern_http_chunked_next(&c, in + r.end, end - r.end, &used, &data_len);
        must(used <= end - r.end && data_len <= end - r.end - used);
        must(data_len == 0 || r.err == TERN_AGAIN);
        r.end += used;
        size_t n = data_len < take ? data_len : take;
        for (size_t i = 0; i < n; i++)
            r.hash = (r.hash ^ in[r.end + i]) * 1099511628211u;
        tern_http_chunked_take(&c, n);
        r.end += n;
        r.data_len += n;
        if (n > 0 || r.err != TERN_AGAIN)
            continue;
        must(r.end == end);
        if (end == len)
            break;
        end = len - end < step ? len : end + step;
    }
    r.fault = c.fault;
    must(c.ext_len <= TERN_HTTP_CHUNK_EXT_MAX && c.trailer_len <= TERN_HTTP_TRAILER_MAX);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const uint8_t *in = data + 1;
    size_t len = size - 1;
    struct result whole = decode(in, len, len + 1, SIZE_MAX);
    struct result cut = decode(in, len, 1 + data[0] % 13u, 1 + data[0] / 13u);
    must(whole.err == cut.err && whole.fault == cut.fault && whole.end == cut.end);
    must(whole.data_len == cut.data_len && whole.hash == cut.hash);
    return 0;
}
