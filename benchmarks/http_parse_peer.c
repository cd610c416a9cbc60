/* SPDX-License-Identifier: ISC */
/*
 * The peer of the parser measurement: Debian's http-parser, with callbacks that
 * note where fields and body are, as a server's would.
 */
#include "http_parse.h"

#include <http_parser.h>

enum { FIELDS_MAX = 100 };

static struct {
    const char *at;
    size_t len;
} url, names[FIELDS_MAX], values[FIELDS_MAX];
static size_t n_names, n_values, body_len;
static int complete;

static int on_url(http_parser *p, const char *at, size_t len)
{
    (void)p;
    url.at = at;
    url.len = len;
    return 0;
}

static int on_name(http_parser *p, const char *at, size_t len)
{
    (void)p;
    if (n_names == FIELDS_MAX)
        return 1;
    names[n_names].at = at;
    names[n_names++].len = len;
    return 0;
}

static int on_value(http_parser *p, const char *at, size_t len)
{
    (void)p;
    if (n_values == FIELDS_MAX)
        return 1;
    values[n_values].at = at;
    values[n_values++].len = len;
    return 0;
}

static int on_body(http_parser *p, const char *at, size_t len)
{
    (void)p;
    (void)at;
    body_len += len;
    return 0;
}

static int on_complete(http_parser *p)
{
    (void)p;
    complete = 1;
    return 0;
}

static size_t parse(const char *text, size_t len)
{
    static const http_parser_settings settings = {
        .on_url = on_url,
        .on_header_field = on_name,
        .on_header_value = on_value,
        .on_body = on_body,
        .on_message_complete = on_complete,
    };
    http_parser parser;
    n_names = n_values = body_len = 0;
    complete = 0;
    http_parser_init(&parser, HTTP_REQUEST);
    if (http_parser_execute(&parser, &settings, text, len) != len || !complete)
        return 0;
    return n_names + body_len;
}

int main(int argc, char **argv)
{
    return parse_main(argc, argv, parse);
}
