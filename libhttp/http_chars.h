/* SPDX-License-Identifier: ISC */
/*
 * Classes of octets (RFC 9110 section 5.6.2, RFC 3986 section 2) and scanners
 * that look at eight octets at a time.
 *
 * A word's octets are tested side by side with ordinary arithmetic: subtract
 * borrows only upwards, so the lowest octet that a test marks is marked
 * rightly, and the lowest is all that a scanner asks for. Words are loaded in
 * little-endian order on every machine, which makes "lowest" mean "first".
 */
#ifndef TERN_HTTP_CHARS_H
#define TERN_HTTP_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tern/base.h>

enum {
    CHAR_TOKEN = 1,     /* tchar */
    CHAR_UPPER = 2,     /* tchar without lower-case letters: methods */
    CHAR_VALUE = 4,     /* field-vchar, obs-text, SP, HTAB */
    CHAR_HOST = 8,      /* unreserved and sub-delims without "," */
    CHAR_PATH = 16,     /* pchar and "/", without "%": needs no encoding in a path */
};

/* The classes of each octet. */
extern const uint8_t tern_http_chars[256] __attribute__((visibility("hidden")));

static inline bool char_is(uint8_t c, unsigned class)
{
    return (tern_http_chars[c] & class) != 0;
}

static inline uint8_t char_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* The value of a hexadecimal digit, 16 for anything else. */
static inline unsigned char_hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0' + 0u;
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 16u;
}

#define WORD_ONES UINT64_C(0x0101010101010101)
#define WORD_HIGHS UINT64_C(0x8080808080808080)

/* Marks octets equal to c; exact for the lowest. */
static inline uint64_t word_equal(uint64_t w, uint8_t c)
{
    uint64_t z = w ^ WORD_ONES * c;
    return (z - WORD_ONES) & ~z & WORD_HIGHS;
}

/* Marks octets below c <= 0x80; exact for the lowest. */
static inline uint64_t word_below(uint64_t w, uint8_t c)
{
    return (w - WORD_ONES * c) & ~w & WORD_HIGHS;
}

/* Marks octets that are neither a letter nor "-"; exact for all. */
static inline uint64_t word_not_letter(uint64_t w)
{
    uint64_t low = (w | WORD_ONES * 0x20) & ~WORD_HIGHS;
    uint64_t letter = (low + WORD_ONES * (0x80 - 'a')) & ~(low + WORD_ONES * (0x7f - 'z'));
    uint64_t dash = ~(((w ^ WORD_ONES * '-') & ~WORD_HIGHS) + ~WORD_HIGHS);
    return ~((letter | dash) & ~w) & WORD_HIGHS;
}

/* Marks octets that are no letter, digit, "-" or "."; exact for all. */
static inline uint64_t word_not_host(uint64_t w)
{
    uint64_t low = (w | WORD_ONES * 0x20) & ~WORD_HIGHS, plain = w & ~WORD_HIGHS;
    uint64_t letter = (low + WORD_ONES * (0x80 - 'a')) & ~(low + WORD_ONES * (0x7f - 'z'));
    /* "-" "." "/" and the digits follow each other. */
    uint64_t digit = (plain + WORD_ONES * (0x80 - '-')) & ~(plain + WORD_ONES * (0x7f - '9'));
    uint64_t slash = ~((plain ^ WORD_ONES * '/') + ~WORD_HIGHS);
    return ~((letter | (digit & ~slash)) & ~w) & WORD_HIGHS;
}

/* How many octets lie before the lowest mark of a word that has one. */
static inline size_t word_first(uint64_t marks)
{
    return (size_t)__builtin_ctzll(marks) / 8;
}

/* Marks control octets, HTAB among them; exact for all. */
static inline uint64_t word_control(uint64_t w)
{
    uint64_t low = w & ~WORD_HIGHS;
    return ((low + WORD_ONES) | ~(low + WORD_ONES * 0x60)) & ~w & WORD_HIGHS;
}

/* The first octet in [p, end) that may not stand in a field value, or end. */
static inline const uint8_t *scan_value(const uint8_t *p, const uint8_t *end)
{
    while ((size_t)(end - p) >= 8) {
        uint64_t stop = word_control(tern_load_le64(p));
        if (stop == 0) {
            p += 8;
            continue;
        }
        p += word_first(stop);
        if (*p != '\t')
            return p;
        p++;
    }
    while (p != end && char_is(*p, CHAR_VALUE))
        p++;
    return p;
}

/* The first octet in [p, end) that is no visible ASCII character, or end. */
static inline const uint8_t *scan_visible(const uint8_t *p, const uint8_t *end)
{
    while ((size_t)(end - p) >= 8) {
        uint64_t w = tern_load_le64(p);
        uint64_t stop = word_below(w, 0x21) | word_equal(w, 0x7f) | (w & WORD_HIGHS);
        if (stop != 0)
            return p + word_first(stop);
        p += 8;
    }
    while (p != end && *p > 0x20 && *p < 0x7f)
        p++;
    return p;
}

/* The first octet in [p, end) that is no token character, or end. */
static inline const uint8_t *scan_token(const uint8_t *p, const uint8_t *end)
{
    while ((size_t)(end - p) >= 8) {
        uint64_t stop = word_not_letter(tern_load_le64(p));
        if (stop == 0) {
            p += 8;
            continue;
        }
        p += word_first(stop);
        if (!char_is(*p, CHAR_TOKEN))
            return p;
        p++;
    }
    while (p != end && char_is(*p, CHAR_TOKEN))
        p++;
    return p;
}

/*
 * The same for a field name, which nearly always is letters and "-" up to a
 * colon. The colon alone says where to go on, so that the next load waits for
 * little; whether what lies before it is a token is only a branch.
 */
static inline const uint8_t *scan_name(const uint8_t *p, const uint8_t *end)
{
    while ((size_t)(end - p) >= 8) {
        uint64_t w = tern_load_le64(p), colon = word_equal(w, ':');
        uint64_t before = (colon & (0 - colon)) - 1;    /* all marks, where there is no colon */
        if ((word_not_letter(w) & before) != 0)
            break;
        if (colon != 0)
            return p + word_first(colon);
        p += 8;
    }
    return scan_token(p, end);
}

/* Equal without regard to case; lower is in lower case, letters and "-" only. */
static inline bool text_is(const uint8_t *text, size_t len, const char *lower, size_t lower_len)
{
    if (len != lower_len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (char_lower(text[i]) != (uint8_t)lower[i])
            return false;
    return true;
}

#endif
