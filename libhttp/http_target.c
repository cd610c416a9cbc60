/* SPDX-License-Identifier: ISC */
/*
 * A target's four forms (RFC 9112 section 3.2) and the authority in it or in a
 * Host field (RFC 9110 section 7.2, RFC 3986 section 3.2).
 */
#include "http_internal.h"

/*
 * The first octet in [p, end) that is a or b, or end. The octets after the last
 * whole word are looked at in the word that ends with them: what it holds of
 * the words before is known to be neither.
 */
static const uint8_t *scan_either(const uint8_t *p, const uint8_t *end, uint8_t a, uint8_t b)
{
    if ((size_t)(end - p) < 8) {
        while (p != end && *p != a && *p != b)
            p++;
        return p;
    }
    for (;;) {
        uint64_t w = tern_load_le64(p);
        uint64_t stop = word_equal(w, a) | word_equal(w, b);
        if (stop != 0)
            return p + word_first(stop);
        p += 8;
        if (p == end)
            return end;
        if ((size_t)(end - p) < 8)
            p = end - 8;
    }
}

/* "1" to "65535", no sign, no leading zero. */
static bool port_parse(const char *text, size_t len, uint16_t *port)
{
    uint32_t value = 0;
    if (len == 0 || len > 5 || text[0] == '0')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(text[i] - '0');
    }
    *port = (uint16_t)value;
    return value <= 65535;
}

/* A name or an IPv4 address: characters of reg-name, "%" with two digits. */
static size_t name_len(const uint8_t *text, size_t len)
{
    size_t i = 0;
    while (len >= 8 && i < len) {    /* as scan_either does */
        if (len - i < 8)
            i = len - 8;
        uint64_t stop = word_not_host(tern_load_le64(text + i));
        if (stop != 0) {
            i += word_first(stop);
            break;
        }
        i += 8;
    }
    while (i < len) {
        if (char_is(text[i], CHAR_HOST))
            i++;
        else if (text[i] == '%' && len - i >= 3 && char_hex(text[i + 1]) < 16 &&
                 char_hex(text[i + 2]) < 16)
            i += 3;
        else
            break;
    }
    return i;
}

/* "[" IPv6 "]" at the beginning of text: its length, 0 if it is malformed. */
static size_t literal_len(const char *text, size_t len)
{
    struct tern_addr addr;
    size_t i = 1;
    while (i < len && text[i] != ']')
        i++;
    if (i == len || tern_addr_parse(text + 1, i - 1, &addr) != TERN_OK)
        return 0;
    for (size_t k = 1; k < i; k++)
        if (text[k] == ':')
            return i + 1;
    return 0;    /* IPv4 has no brackets */
}

enum tern_err tern_http_authority_parse(const char *text, size_t len, size_t *host_len,
                                        uint16_t *port)
{
    size_t host;
    uint16_t number = 0;
    if (len == 0) {
        *host_len = 0;
        *port = 0;
        return TERN_OK;
    }
    host = text[0] == '[' ? literal_len(text, len) : name_len((const uint8_t *)text, len);
    if (host == 0)
        return TERN_MALFORMED;
    if (host < len && (text[host] != ':' || !port_parse(text + host + 1, len - host - 1, &number)))
        return TERN_MALFORMED;
    *host_len = host;
    *port = number;
    return TERN_OK;
}

static struct tern_http_span span(const uint8_t *from, const uint8_t *to)
{
    return (struct tern_http_span){ (const char *)from, (size_t)(to - from) };
}

/* Path and query from p on; false where there is a fragment, which no request has. */
static bool path_and_query(const uint8_t *p, const uint8_t *end, struct tern_http_target *out)
{
    const uint8_t *mark = scan_either(p, end, '?', '#');
    out->path = span(p, mark);
    out->query = (struct tern_http_span){ NULL, 0 };
    if (mark == end)
        return true;
    out->query = span(mark + 1, end);
    return *mark == '?' && scan_either(mark + 1, end, '#', '#') == end;
}

/* "http://" or "https://" at the beginning: its length, 0 if it is neither. */
static size_t scheme_len(const uint8_t *p, size_t len)
{
    if (len >= 7 && text_is(p, 4, "http", 4) && memcmp(p + 4, "://", 3) == 0)
        return 4;
    if (len >= 8 && text_is(p, 5, "https", 5) && memcmp(p + 5, "://", 3) == 0)
        return 5;
    return 0;
}

static enum tern_err absolute_parse(const uint8_t *p, const uint8_t *end,
                                    struct tern_http_target *out)
{
    size_t host_len, n = scheme_len(p, (size_t)(end - p));
    uint16_t port;
    if (n == 0)
        return TERN_MALFORMED;
    out->form = TERN_HTTP_ABSOLUTE;
    out->scheme = span(p, p + n);
    p += n + 3;
    const uint8_t *authority_end = p;
    while (authority_end != end && *authority_end != '/' && *authority_end != '?' &&
           *authority_end != '#')
        authority_end++;
    out->authority = span(p, authority_end);
    /* RFC 9110 section 4.2.1: an http URI with an empty host is invalid. */
    if (tern_http_authority_parse(out->authority.data, out->authority.len, &host_len, &port) !=
            TERN_OK || host_len == 0)
        return TERN_MALFORMED;
    if (!path_and_query(authority_end, end, out))
        return TERN_MALFORMED;
    return TERN_OK;
}

enum tern_err tern_http_target_parse(const char *target, size_t len, enum tern_http_method method,
                                     struct tern_http_target *out)
{
    const uint8_t *p = (const uint8_t *)target;
    *out = (struct tern_http_target){ .form = TERN_HTTP_ORIGIN };
    if (len == 0)
        return TERN_MALFORMED;
    if (method == TERN_HTTP_CONNECT) {
        size_t host_len;
        uint16_t port;
        out->form = TERN_HTTP_AUTHORITY;
        out->authority = span(p, p + len);
        if (tern_http_authority_parse(target, len, &host_len, &port) != TERN_OK || port == 0)
            return TERN_MALFORMED;
        return TERN_OK;
    }
    if (target[0] == '/')
        return path_and_query(p, p + len, out) ? TERN_OK : TERN_MALFORMED;
    if (target[0] == '*') {
        out->form = TERN_HTTP_ASTERISK;
        out->path = span(p, p + len);
        return len == 1 && method == TERN_HTTP_OPTIONS ? TERN_OK : TERN_MALFORMED;
    }
    return absolute_parse(p, p + len, out);
}
