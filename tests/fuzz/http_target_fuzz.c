/* SPDX-License-Identifier: ISC */
/*
 * Targets, authorities, paths and lists of entity tags: what comes out lies
 * inside what went in, and a normal path is one: below the root, without empty
 * or dot segments, and the same when it is encoded and normalised again.
 *
 * Input: an octet that chooses the method, then a target.
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

static void inside(const char *text, size_t len, struct tern_http_span span)
{
    must(span.len == 0 || (span.data >= text && span.data + span.len <= text + len));
}

static void normal_check(const char *path, size_t len)
{
    must(len >= 1 && path[0] == '/');
    for (size_t i = 0, from = 1; i < len; i++) {
        must((unsigned char)path[i] >= 0x20 && path[i] != 0x7f && path[i] != '\\');
        if (i == 0 || (path[i] != '/' && i + 1 < len))
            continue;
        size_t to = path[i] == '/' ? i : i + 1;
        must(to > from);
        must(!(to - from == 1 && path[from] == '.'));
        must(!(to - from == 2 && path[from] == '.' && path[from + 1] == '.'));
        from = i + 1;
    }
}

static void path_check(const char *path, size_t len)
{
    char *out = malloc(len + 1), *encoded = malloc(3 * len + 1), *again = malloc(3 * len + 1);
    size_t out_len, again_len, n = 0;
    must(out != NULL && encoded != NULL && again != NULL);
    if (tern_http_path_normalise(path, len, out, &out_len) == TERN_OK) {
        must(out_len <= len);
        normal_check(out, out_len);
        for (size_t i = 0; i < out_len; i++) {
            unsigned char c = (unsigned char)out[i];
            if (c == '/') {
                encoded[n++] = '/';
                continue;
            }
            encoded[n++] = '%';
            encoded[n++] = "0123456789abcdef"[c >> 4];
            encoded[n++] = "0123456789ABCDEF"[c & 15];
        }
        must(tern_http_path_normalise(encoded, n, again, &again_len) == TERN_OK);
        must(again_len == out_len && memcmp(again, out, out_len) == 0);
        memcpy(again, path, len);
        must(tern_http_path_normalise(again, len, again, &again_len) == TERN_OK);
        must(again_len == out_len && memcmp(again, out, out_len) == 0);
    }
    free(out);
    free(encoded);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tern_http_target target;
    size_t host_len;
    uint16_t port;
    if (size < 1)
        return 0;
    size_t len = size - 1;
    char *text = malloc(len > 0 ? len : 1);    /* its end is watched */
    must(text != NULL);
    memcpy(text, data + 1, len);
    if (tern_http_target_parse(text, len, (enum tern_http_method)(data[0] % 10), &target) ==
        TERN_OK) {
        inside(text, len, target.scheme);
        inside(text, len, target.authority);
        inside(text, len, target.path);
        inside(text, len, target.query);
        must(target.form != TERN_HTTP_ORIGIN || target.path.data[0] == '/');
        must(target.form != TERN_HTTP_ABSOLUTE || target.authority.len > 0);
        path_check(target.path.data, target.path.len);
    }
    if (tern_http_authority_parse(text, len, &host_len, &port) == TERN_OK)
        must(host_len <= len && (port == 0 || host_len + 2 <= len));
    path_check(text, len);
    (void)tern_http_etag_match(text, len, "\"a\"", 3);
    (void)tern_http_content_type(text, len);
    free(text);
    return 0;
}
