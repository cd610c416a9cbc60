/* SPDX-License-Identifier: ISC */
/*
 * The requests that both parsers of the HTTP measurement read: a small GET (73
 * octets), a browser's GET (652 octets, 12 fields), a POST in four chunks (392
 * octets); and how a run is timed.
 */
#ifndef TERN_BENCH_HTTP_PARSE_H
#define TERN_BENCH_HTTP_PARSE_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char small_get[] =
    "GET /index.html HTTP/1.1\r\n"
    "Host: www.example.org\r\n"
    "User-Agent: bench/10\r\n\r\n";

static const char browser_get[] =
    "GET /wiki/Hypertext_Transfer_Protocol?action=history HTTP/1.1\r\n"
    "Host: en.encyclopedia.example\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Referer: https://www.search.example/results?q=http\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; visits=27; lang=en;"
    " seen=banner-20240229-v02\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "If-None-Match: \"W-0123456789abcdef0123456789abcdef-gz\"\r\n"
    "Cache-Control: max-age=0\r\n"
    "Priority: u=0, i\r\n\r\n";

#define CHUNK "30\r\n012345678901234567890123456789012345678901234567\r\n"
static const char chunked_post[] =
    "POST /upload/part/1 HTTP/1.1\r\n"
    "Host: www.example.org\r\n"
    "User-Agent: bench/1.0\r\n"
    "Accept: */*\r\n"
    "X-Part: 12\r\n"
    "Content-Type: application/octet-stream\r\n"
    "Transfer-Encoding: chunked\r\n\r\n" CHUNK CHUNK CHUNK CHUNK "0\r\n\r\n";

_Static_assert(sizeof small_get - 1 == 73, "the size that the row is named for");
_Static_assert(sizeof browser_get - 1 == 652, "the size that the row is named for");
_Static_assert(sizeof chunked_post - 1 == 392, "the size that the row is named for");

/* Reads one whole request; 0 where that fails. What it returns is summed up. */
typedef size_t parse_fn(const char *text, size_t len);

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* parse_main CASE COUNT: ns of CPU a request. */
static int parse_main(int argc, char **argv, parse_fn *parse)
{
    static const struct {
        const char *name, *text;
        size_t len;
    } cases[] = {
        { "small-get", small_get, sizeof small_get - 1 },
        { "browser-get", browser_get, sizeof browser_get - 1 },
        { "chunked-post", chunked_post, sizeof chunked_post - 1 },
    };
    for (size_t i = 0; argc == 3 && i < 3; i++) {
        if (strcmp(argv[1], cases[i].name) != 0)
            continue;
        size_t n = strtoul(argv[2], NULL, 10), sum = 0;
        /* At an odd place, as in a buffer that was read into. */
        char *text = malloc(cases[i].len + 64);
        if (text == NULL || n == 0)
            return 1;
        memcpy(text + 3, cases[i].text, cases[i].len);
        double start_ns = cpu_ns();
        for (size_t k = 0; k < n; k++) {
            size_t got = parse(text + 3, cases[i].len);
            if (got == 0) {
                fprintf(stderr, "%s: not parsed\n", argv[1]);
                return 1;
            }
            sum += got;
        }
        double ns = (cpu_ns() - start_ns) / (double)n;
        free(text);
        printf("%.2f\n", ns);
        return sum == 0;
    }
    fprintf(stderr, "usage: %s small-get|browser-get|chunked-post COUNT\n", argv[0]);
    return 2;
}

#endif
