/* SPDX-License-Identifier: ISC */
/*
 * The field names that libhttp itself acts on. Names are compared without
 * regard to case (RFC 9110 section 5.1) in words: setting bit 0x20 makes
 * letters lower-case, leaves "-" as it is, and turns no other token character
 * into either.
 */
#include "http_internal.h"

static inline bool lower4(const uint8_t *p, const char *lower)
{
    return (tern_load_le32(p) | 0x20202020u) == tern_load_le32((const uint8_t *)lower);
}

static inline bool lower8(const uint8_t *p, const char *lower)
{
    return (tern_load_le64(p) | WORD_ONES * 0x20) == tern_load_le64((const uint8_t *)lower);
}

/* Which name it is; the octets are a token. Words may overlap. */
enum http_name tern_http_name_find(const uint8_t *name, size_t len)
{
    switch (len) {
    case 2:
        return text_is(name, 2, "te", 2) ? NAME_TE : NAME_OTHER;
    case 4:
        if (lower4(name, "host"))
            return NAME_HOST;
        return lower4(name, "date") ? NAME_DATE : NAME_OTHER;
    case 5:
        return lower4(name, "rang") && char_lower(name[4]) == 'e' ? NAME_RANGE : NAME_OTHER;
    case 6:
        return lower4(name, "expe") && lower4(name + 2, "pect") ? NAME_EXPECT : NAME_OTHER;
    case 7:
        if (lower4(name, "trai") && lower4(name + 3, "iler"))
            return NAME_TRAILER;
        return lower4(name, "upgr") && lower4(name + 3, "rade") ? NAME_UPGRADE : NAME_OTHER;
    case 8:
        if (lower8(name, "if-match"))
            return NAME_IF_MATCH;
        return lower8(name, "if-range") ? NAME_IF_RANGE : NAME_OTHER;
    case 10:
        if (lower8(name, "connecti") && lower4(name + 6, "tion"))
            return NAME_CONNECTION;
        return lower8(name, "keep-ali") && lower4(name + 6, "live") ? NAME_KEEP_ALIVE : NAME_OTHER;
    case 13:
        return lower8(name, "if-none-") && lower8(name + 5, "ne-match") ? NAME_IF_NONE_MATCH
                                                                        : NAME_OTHER;
    case 14:
        return lower8(name, "content-") && lower8(name + 6, "t-length") ? NAME_CONTENT_LENGTH
                                                                        : NAME_OTHER;
    case 15:
        return lower8(name, "accept-e") && lower8(name + 7, "encoding") ? NAME_ACCEPT_ENCODING
                                                                        : NAME_OTHER;
    case 16:
        return lower8(name, "proxy-co") && lower8(name + 8, "nnection") ? NAME_PROXY_CONNECTION
                                                                        : NAME_OTHER;
    case 17:
        if (lower8(name, "if-modif") && lower8(name + 8, "ied-sinc") &&
            char_lower(name[16]) == 'e')
            return NAME_IF_MODIFIED_SINCE;
        return lower8(name, "transfer") && lower8(name + 8, "-encodin") &&
                       char_lower(name[16]) == 'g'
                   ? NAME_TRANSFER_ENCODING
                   : NAME_OTHER;
    case 19:
        return lower8(name, "if-unmod") && lower8(name + 8, "ified-si") &&
                       lower4(name + 15, "ince")
                   ? NAME_IF_UNMODIFIED_SINCE
                   : NAME_OTHER;
    default:
        return NAME_OTHER;
    }
}
