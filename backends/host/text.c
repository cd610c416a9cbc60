/* SPDX-License-Identifier: ISC */
/*
 * Lines put together without printf, which guests do not have.
 */
#include <string.h>

#include "host_internal.h"

void tern_text_init(struct tern_text *text, char *at, size_t cap)
{
    *text = (struct tern_text){ .at = at, .cap = cap };
    at[0] = '\0';
}

void tern_text_add_n(struct tern_text *text, const char *s, size_t len)
{
    size_t room = text->cap - 1 - text->len;
    if (len > room)
        len = room;
    /* fine: len octets of s were written by its caller */
    memcpy(text->at + text->len, s, len);
    text->len += len;
    text->at[text->len] = '\0';
}

void tern_text_add(struct tern_text *text, const char *s)
{
    tern_text_add_n(text, s, strlen(s));
}

void tern_text_u64_wide(struct tern_text *text, uint64_t value, size_t width)
{
    char digits[20];
    size_t n = tern_decimal_format(value, digits);

    for (; width > n; width--)
        tern_text_add_n(text, "0", 1);
    tern_text_add_n(text, digits, n);
}

void tern_text_u64(struct tern_text *text, uint64_t value)
{
    tern_text_u64_wide(text, value, 1);
}

void tern_text_pad(struct tern_text *text, size_t column)
{
    size_t begin = text->len;
    while (begin > 0 && text->at[begin - 1] != '\n')
        begin--;
    while (text->len - begin < column && text->len < text->cap - 1)
        tern_text_add_n(text, " ", 1);
}

void tern_text_addr(struct tern_text *text, const struct tern_addr *addr)
{
    char s[TERN_ADDR_TEXT_CAP];
    tern_text_add_n(text, s, tern_addr_format(addr, s));
}

bool tern_text_equal(const char *a, const char *b)
{
    while (*a == *b && *a != '\0') {
        a++;
        b++;
    }
    return *a == *b;
}
