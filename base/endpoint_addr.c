/* SPDX-License-Identifier: ISC */
/*
 * Addresses with a port and their text. An IPv6 address stands in brackets
 * (RFC 5952 section 6), the link of a scoped one after "%" (RFC 4007 section
 * 11) as the number that struct tern_endpoint_addr has, or by its name if the caller
 * knows any.
 */
#include "base_internal.h"

/* "*" and "" are any address; IPv6 comes in brackets only. */
static enum tern_err plain_parse(const char *text, size_t len, struct tern_endpoint_addr *addr)
{
    if (len == 0 || (len == 1 && text[0] == '*'))
        return TERN_OK;
    if (tern_text_find(text, len, ':') < len)
        return TERN_MALFORMED;
    return tern_addr_parse(text, len, &addr->addr);
}

/* What stands between the brackets: an IPv6 address and perhaps "%link". */
static enum tern_err bracket_parse(const char *text, size_t len, tern_link_of_fn *link_of,
                                   void *user, struct tern_endpoint_addr *addr)
{
    size_t percent = tern_text_find(text, len, '%');
    if (tern_text_find(text, percent, ':') == percent ||
        tern_addr_parse(text, percent, &addr->addr) != TERN_OK)
        return TERN_MALFORMED;
    if (percent == len)
        return TERN_OK;
    const char *zone = text + percent + 1;
    size_t zone_len = len - percent - 1;
    uint32_t link = 0;
    if (tern_addr_is_v4(&addr->addr) || zone_len == 0)
        return TERN_MALFORMED;
    if (!tern_decimal_parse(zone, zone_len, UINT16_MAX, &link)) {
        if (link_of == NULL)
            return TERN_MALFORMED;
        link = link_of(user, zone, zone_len);
        if (link == 0)
            return TERN_UNREACHABLE;
    }
    addr->link = (uint16_t)link;
    return link != 0 ? TERN_OK : TERN_MALFORMED;
}

enum tern_err tern_endpoint_addr_parse_zone(const char *text, size_t text_len,
                                            tern_link_of_fn *link_of, void *user,
                                            struct tern_endpoint_addr *addr)
{
    struct tern_endpoint_addr found = { .port = 0 };
    uint32_t port = 0;
    size_t start = text_len;    /* of the port: after the last ":" or at the front */
    while (start > 0 && text[start - 1] != ':')
        start--;
    if (!tern_decimal_parse(text + start, text_len - start, UINT16_MAX, &port))
        return TERN_MALFORMED;
    found.port = (uint16_t)port;
    if (start > 0) {
        size_t len = start - 1;
        enum tern_err err = len >= 2 && text[0] == '[' && text[len - 1] == ']'
                                ? bracket_parse(text + 1, len - 2, link_of, user, &found)
                                : plain_parse(text, len, &found);
        if (err != TERN_OK)
            return err;
    }
    *addr = found;
    return TERN_OK;
}

enum tern_err tern_endpoint_addr_parse(const char *text, size_t text_len,
                                       struct tern_endpoint_addr *addr)
{
    return tern_endpoint_addr_parse_zone(text, text_len, NULL, NULL, addr);
}

size_t tern_endpoint_addr_format(const struct tern_endpoint_addr *addr, char *text)
{
    bool is_v4 = tern_addr_is_v4(&addr->addr);
    size_t n = 0;
    if (!is_v4)
        text[n++] = '[';
    n += tern_addr_format(&addr->addr, text + n);
    if (!is_v4 && addr->link != 0) {
        text[n++] = '%';
        n += tern_decimal_format(addr->link, text + n);
    }
    if (!is_v4)
        text[n++] = ']';
    text[n++] = ':';
    n += tern_decimal_format(addr->port, text + n);
    text[n] = '\0';
    return n;
}
