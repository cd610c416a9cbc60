/* SPDX-License-Identifier: ISC */
/*
 * Which content coding a client takes (RFC 9110 section 12.5.3), with weights
 * (section 12.4.2).
 */
#include "http_internal.h"

enum { Q_MAX = 1000, Q_NOT_NAMED = -1 };

const char *tern_http_coding_text(enum tern_http_coding coding)
{
    switch (coding) {
    case TERN_HTTP_GZIP: return "gzip";
    case TERN_HTTP_BROTLI: return "br";
    default: return "identity";
    }
}

void tern_http_accept_init(struct tern_http_accept *accept)
{
    for (size_t i = 0; i < TERN_HTTP_CODINGS; i++)
        accept->q[i] = Q_NOT_NAMED;
    accept->any = Q_NOT_NAMED;
    accept->present = false;
}

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ), in thousandths */
static bool qvalue_read(const uint8_t *text, size_t len, int16_t *q)
{
    int value = 0;
    if (len == 0 || len > 5 || (text[0] != '0' && text[0] != '1') ||
        (len > 1 && text[1] != '.'))
        return false;
    for (size_t i = 2; i < 5; i++) {
        if (i < len && (text[i] < '0' || text[i] > '9'))
            return false;
        value = value * 10 + (i < len ? text[i] - '0' : 0);
    }
    value += text[0] == '1' ? Q_MAX : 0;
    *q = (int16_t)value;
    return value <= Q_MAX;
}

static size_t space_skip(const uint8_t *text, size_t len, size_t i)
{
    while (i < len && (text[i] == ' ' || text[i] == '\t'))
        i++;
    return i;
}

/* codings [ OWS ";" OWS "q=" qvalue ]; what is not that says nothing. */
static void element_read(struct tern_http_accept *accept, struct tern_http_span elem)
{
    const uint8_t *text = (const uint8_t *)elem.data;
    size_t name_len = (size_t)(scan_token(text, text + elem.len) - text);
    size_t i = space_skip(text, elem.len, name_len);
    int16_t q = Q_MAX;
    if (i < elem.len) {
        if (text[i] != ';')
            return;
        i = space_skip(text, elem.len, i + 1);
        if (elem.len - i < 2 || char_lower(text[i]) != 'q' || text[i + 1] != '=' ||
            !qvalue_read(text + i + 2, elem.len - i - 2, &q))
            return;
    }
    if (text_is(text, name_len, "gzip", 4) || text_is(text, name_len, "x-gzip", 6))
        accept->q[TERN_HTTP_GZIP] = q;
    else if (text_is(text, name_len, "br", 2))
        accept->q[TERN_HTTP_BROTLI] = q;
    else if (text_is(text, name_len, "identity", 8))
        accept->q[TERN_HTTP_IDENTITY] = q;
    else if (name_len == 1 && text[0] == '*')
        accept->any = q;
}

void tern_http_accept_parse(struct tern_http_accept *accept, const char *value, size_t len)
{
    struct tern_http_span elem;
    accept->present = true;
    for (size_t off = 0; tern_http_list_next((const uint8_t *)value, len, &off, &elem);)
        element_read(accept, elem);
}

/*
 * In half thousandths: identity that nobody named is acceptable, but less so
 * than whatever was named.
 */
static int weight_of(const struct tern_http_accept *accept, enum tern_http_coding coding)
{
    if (accept->q[coding] != Q_NOT_NAMED)
        return 2 * accept->q[coding];
    if (accept->any != Q_NOT_NAMED)
        return 2 * accept->any;
    return coding == TERN_HTTP_IDENTITY ? 1 : 0;
}

bool tern_http_accept_choose(const struct tern_http_accept *accept, unsigned available,
                             enum tern_http_coding *coding)
{
    static const enum tern_http_coding by_size[] = { TERN_HTTP_BROTLI, TERN_HTTP_GZIP,
                                                     TERN_HTTP_IDENTITY };
    int best = 0;
    *coding = TERN_HTTP_IDENTITY;
    /* Anything goes; but who says nothing is most often who can decode nothing. */
    if (!accept->present)
        return true;
    for (size_t i = 0; i < sizeof by_size / sizeof by_size[0]; i++) {
        enum tern_http_coding c = by_size[i];
        if (c != TERN_HTTP_IDENTITY && (available >> c & 1) == 0)
            continue;
        if (weight_of(accept, c) > best) {
            best = weight_of(accept, c);
            *coding = c;
        }
    }
    return best > 0;
}
