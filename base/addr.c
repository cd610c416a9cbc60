/* SPDX-License-Identifier: ISC */
/*
 * Addresses and their text: IPv4 dotted, IPv6 by RFC 4291 section 2.2 on the
 * way in and by RFC 5952 on the way out.
 */
#include "base_internal.h"

#include <string.h>

#define N_GROUPS 8u    /* of 16 bits, in an IPv6 address */

struct tern_addr tern_addr_v4(uint32_t v4)
{
    struct tern_addr a = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff } };
    tern_store_be32(a.octets + 12, v4);
    return a;
}

bool tern_addr_is_any(const struct tern_addr *a)
{
    return (tern_load_le64(a->octets) | tern_load_le64(a->octets + 8)) == 0;
}

bool tern_addr_equal(const struct tern_addr *a, const struct tern_addr *b)
{
    return tern_load_le64(a->octets) == tern_load_le64(b->octets) &&
           tern_load_le64(a->octets + 8) == tern_load_le64(b->octets + 8);
}

int tern_addr_compare(const struct tern_addr *a, const struct tern_addr *b)
{
    return memcmp(a->octets, b->octets, sizeof a->octets);
}

size_t tern_text_find(const char *text, size_t len, char c)
{
    size_t i = 0;
    while (i < len && text[i] != c)
        i++;
    return i;
}

/* ---- Numbers ---------------------------------------------------------------- */

bool tern_decimal_parse(const char *text, size_t len, uint32_t most, uint32_t *value)
{
    if (len == 0 || len > 8 || (len > 1 && text[0] == '0'))
        return false;
    uint32_t v = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        v = v * 10 + (uint32_t)(text[i] - '0');
    }
    if (v > most)
        return false;
    *value = v;
    return true;
}

size_t tern_decimal_format(uint64_t value, char *text)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[sizeof digits - ++n] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    memcpy(text, digits + sizeof digits - n, n);
    return n;
}

int tern_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool tern_mac_parse(const char *text, size_t text_len, uint8_t mac[6])
{
    unsigned any = 0;
    if (text_len != 17)
        return false;
    for (size_t i = 0; i < 6; i++, text += 3) {
        int high = tern_hex_value(text[0]), low = tern_hex_value(text[1]);
        if (high < 0 || low < 0 || (i < 5 && text[2] != ':'))
            return false;
        mac[i] = (uint8_t)(high << 4 | low);
        any |= mac[i];
    }
    return any != 0 && (mac[0] & 1) == 0;
}

static size_t hex_format(uint16_t value, char *text)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    for (unsigned shift = 16; shift > 0;) {
        shift -= 4;
        unsigned digit = (unsigned)value >> shift & 0xfu;
        if (digit != 0 || n != 0 || shift == 0)
            text[n++] = digits[digit];
    }
    return n;
}

/* ---- Reading ---------------------------------------------------------------- */

static bool v4_parse(const char *text, size_t len, uint8_t octets[4])
{
    size_t start = 0;
    for (size_t i = 0; i < 4; i++) {
        size_t end = start + tern_text_find(text + start, len - start, '.');
        /* A dot must follow the first three numbers, and nothing the fourth. */
        if ((end < len) != (i < 3))
            return false;
        uint32_t value = 0;
        if (!tern_decimal_parse(text + start, end - start, 255, &value))
            return false;
        octets[i] = (uint8_t)value;
        start = i < 3 ? end + 1 : end;
    }
    return true;
}

/* An IPv6 address while it is read. */
struct v6_text {
    uint8_t octets[16];
    size_t n_groups;
    size_t gap;    /* how many groups stand before "::"; N_GROUPS + 1: there is none */
};

/* Reads one group of one to four digits; returns how many characters, 0: none. */
static size_t v6_group_parse(struct v6_text *v6, const char *text, size_t len)
{
    unsigned value = 0;
    size_t n = 0;
    while (n < len && n < 4 && tern_hex_value(text[n]) >= 0)
        value = value << 4 | (unsigned)tern_hex_value(text[n++]);
    if (n == 0 || v6->n_groups == N_GROUPS)
        return 0;
    tern_store_be16(v6->octets + 2 * v6->n_groups++, (uint16_t)value);
    return n;
}

/* The last 32 bits may be written as an IPv4 address (RFC 4291 section 2.2, form 3). */
static bool v6_tail_parse(struct v6_text *v6, const char *text, size_t len)
{
    if (v6->n_groups > N_GROUPS - 2 || !v4_parse(text, len, v6->octets + 2 * v6->n_groups))
        return false;
    v6->n_groups += 2;
    return true;
}

/* Moves what stands after "::" to the end, once all groups are known. */
static bool v6_gap_widen(struct v6_text *v6)
{
    if (v6->gap > N_GROUPS)
        return v6->n_groups == N_GROUPS;
    if (v6->n_groups == N_GROUPS)    /* "::" stands for at least one group */
        return false;
    size_t n_after = v6->n_groups - v6->gap;
    uint8_t *from = v6->octets + 2 * v6->gap;
    memmove(v6->octets + 2 * (N_GROUPS - n_after), from, 2 * n_after);
    memset(from, 0, 2 * (N_GROUPS - v6->n_groups));
    return true;
}

static bool v6_parse(const char *text, size_t len, struct v6_text *v6)
{
    size_t off = 0;
    if (len >= 2 && text[0] == ':' && text[1] == ':') {
        v6->gap = 0;
        off = 2;
    }
    while (off < len) {    /* each turn reads at least one character, or ends it */
        size_t n = v6_group_parse(v6, text + off, len - off);
        if (n == 0)
            return false;
        if (off + n < len && text[off + n] == '.') {
            v6->n_groups--;
            return v6_tail_parse(v6, text + off, len - off) && v6_gap_widen(v6);
        }
        off += n;
        if (off == len)
            break;
        if (text[off] != ':' || ++off == len)    /* no single ":" at the end */
            return false;
        if (text[off] != ':')
            continue;
        if (v6->gap <= N_GROUPS)    /* "::" stands at most once */
            return false;
        v6->gap = v6->n_groups;
        off++;
    }
    return v6_gap_widen(v6);
}

enum tern_err tern_addr_parse(const char *text, size_t text_len, struct tern_addr *a)
{
    uint8_t v4[4];
    if (tern_text_find(text, text_len, ':') == text_len) {
        if (!v4_parse(text, text_len, v4))
            return TERN_MALFORMED;
        *a = tern_addr_v4(tern_load_be32(v4));
        return TERN_OK;
    }
    struct v6_text v6 = { .gap = N_GROUPS + 1 };
    if (!v6_parse(text, text_len, &v6))
        return TERN_MALFORMED;
    memcpy(a->octets, v6.octets, sizeof a->octets);
    return TERN_OK;
}

enum tern_err tern_prefix_parse(const char *text, size_t text_len, struct tern_addr *a,
                                uint8_t *prefix_len)
{
    size_t slash = tern_text_find(text, text_len, '/');
    struct tern_addr addr;
    if (tern_addr_parse(text, slash, &addr) != TERN_OK)
        return TERN_MALFORMED;
    uint32_t most = tern_addr_is_v4(&addr) ? 32 : 128;
    uint32_t len = most;
    if (slash < text_len &&
        !tern_decimal_parse(text + slash + 1, text_len - slash - 1, most, &len))
        return TERN_MALFORMED;
    *a = addr;
    *prefix_len = (uint8_t)len;
    return TERN_OK;
}

/* ---- Writing ---------------------------------------------------------------- */

static size_t v4_format(const uint8_t octets[4], char *text)
{
    size_t n = 0;
    for (size_t i = 0; i < 4; i++) {
        if (i > 0)
            text[n++] = '.';
        n += tern_decimal_format(octets[i], text + n);
    }
    text[n] = '\0';
    return n;
}

/*
 * The run of zero groups that "::" stands for: the longest, the first of
 * several, and never a single group (RFC 5952 section 4.2).
 */
static size_t zero_run_find(const uint16_t groups[N_GROUPS], size_t *run_len)
{
    size_t best = N_GROUPS, best_len = 1;
    for (size_t i = 0; i < N_GROUPS; i++) {
        size_t n = 0;
        while (i + n < N_GROUPS && groups[i + n] == 0)
            n++;
        if (n > best_len) {
            best = i;
            best_len = n;
        }
        i += n;
    }
    *run_len = best_len;
    return best;
}

size_t tern_addr_format(const struct tern_addr *a, char *text)
{
    if (tern_addr_is_v4(a))
        return v4_format(a->octets + 12, text);
    uint16_t groups[N_GROUPS];
    for (size_t i = 0; i < N_GROUPS; i++)
        groups[i] = tern_load_be16(a->octets + 2 * i);
    size_t run_len = 0;
    size_t run = zero_run_find(groups, &run_len);
    size_t n = 0;
    for (size_t i = 0; i < N_GROUPS; i++) {
        if (i == run) {
            text[n++] = ':';
            text[n++] = ':';
            i += run_len - 1;
            continue;
        }
        if (i > 0 && i != run + run_len)
            text[n++] = ':';
        n += hex_format(groups[i], text + n);
    }
    text[n] = '\0';
    return n;
}
