/* SPDX-License-Identifier: ISC */
/*
 * Addresses in text. Whatever is read is written and read again as the same
 * address, in no more room than the header promises, and its canonical text
 * does not change any more.
 */
#include <tern/base.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_addr(const char *text, size_t len)
{
    struct tern_addr a, again;
    char first[TERN_ADDR_TEXT_CAP], second[TERN_ADDR_TEXT_CAP];
    if (tern_addr_parse(text, len, &a) != TERN_OK)
        return;
    size_t n = tern_addr_format(&a, first);
    must(n == strlen(first) && n < sizeof first);
    must(tern_addr_parse(first, n, &again) == TERN_OK);
    must(tern_addr_equal(&a, &again));
    must(tern_addr_format(&again, second) == n && strcmp(first, second) == 0);
}

static void check_endpoint(const char *text, size_t len)
{
    struct tern_endpoint_addr a, again;
    char first[TERN_ENDPOINT_TEXT_CAP];
    if (tern_endpoint_addr_parse(text, len, &a) != TERN_OK)
        return;
    size_t n = tern_endpoint_addr_format(&a, first);
    must(n == strlen(first) && n < sizeof first);
    must(tern_endpoint_addr_parse(first, n, &again) == TERN_OK);
    must(tern_addr_equal(&a.addr, &again.addr));
    must(a.port == again.port && a.link == again.link);
}

static void check_prefix(const char *text, size_t len)
{
    struct tern_addr a;
    uint8_t prefix_len = 0xff;
    if (tern_prefix_parse(text, len, &a, &prefix_len) == TERN_OK)
        must(prefix_len <= (tern_addr_is_v4(&a) ? 32 : 128));
    else
        must(prefix_len == 0xff);
}

/* Any sixteen octets are an address, and have a text. */
static void check_octets(const uint8_t *octets)
{
    struct tern_addr a, again;
    char text[TERN_ADDR_TEXT_CAP];
    memcpy(a.octets, octets, sizeof a.octets);
    size_t n = tern_addr_format(&a, text);
    must(tern_addr_parse(text, n, &again) == TERN_OK && tern_addr_equal(&a, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of the exact length: reading beyond it is seen. */
    char *text = malloc(size > 0 ? size : 1);
    must(text != NULL);
    memcpy(text, data, size);
    check_addr(text, size);
    check_endpoint(text, size);
    check_prefix(text, size);
    if (size >= 16)
        check_octets(data);
    free(text);
    return 0;
}
