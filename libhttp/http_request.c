/* SPDX-License-Identifier: ISC */
/*
 * A request head's octets become lines (RFC 9112 sections 2.2, 3 and 5).
 *
 *   head = [ CRLF ] method SP target SP "HTTP/" DIGIT "." DIGIT CRLF
 *          *( name ":" OWS value OWS CRLF ) CRLF
 *
 * The parser is one function that reads like the grammar. It runs through a
 * head that is whole without looking at its state; where octets run out it
 * notes at which piece it stands, and the switch leads there again: every
 * octet is looked at once, and the result is the same for all cuts.
 */
#include "http_internal.h"

enum {
    STATE_START,
    STATE_EMPTY_LF,
    STATE_METHOD_FIRST,
    STATE_METHOD,
    STATE_TARGET,
    STATE_VERSION,
    STATE_LINE,
    STATE_HEAD_LF,
    STATE_NAME,
    STATE_SPACE,
    STATE_VALUE,
    STATE_VALUE_LF,
    STATE_DONE,
    STATE_FAULT,
};

enum { METHOD_MAX = 24, NAME_MAX = 255, TARGET_DEFAULT = 8000 };

/* Lengths of the names that tern_http_request_check looks for: 4, 6, 10, 14, 17. */
#define NAME_LENGTHS (1u << 4 | 1u << 6 | 1u << 10 | 1u << 14 | 1u << 17)

void tern_http_request_init(struct tern_http_request *r, size_t head_max, size_t target_max,
                            size_t fields_max)
{
    if (head_max == 0 || head_max > TERN_HTTP_HEAD_CAP)
        head_max = TERN_HTTP_HEAD_CAP;
    if (target_max == 0 || target_max > TERN_HTTP_HEAD_CAP)
        target_max = TARGET_DEFAULT;
    if (fields_max == 0 || fields_max > TERN_HTTP_FIELDS_CAP)
        fields_max = TERN_HTTP_FIELDS_CAP;
    /* The builtin is expanded here even where the library is freestanding. */
    __builtin_memset(r, 0, offsetof(struct tern_http_request, fields));
    r->head_max = (uint16_t)head_max;
    r->target_max = (uint16_t)target_max;
    r->fields_max = (uint16_t)fields_max;
}

static enum tern_err refuse(struct tern_http_request *r, enum tern_http_fault fault, size_t off)
{
    r->state = STATE_FAULT;
    r->fault = (uint8_t)fault;
    r->off = (uint16_t)off;
    return TERN_MALFORMED;
}

/* Up to eight characters as a number, so that a method is one comparison. */
#define WORD(a, b, c, d, e, f, g)                                                              \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 |          \
     (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48)

/* The method for its token; RFC 9110 section 9.1: it is case-sensitive. */
static enum tern_http_method method_find(const uint8_t *p, size_t len)
{
    uint64_t word = 0;
    if (len > 7)
        return TERN_HTTP_OTHER;
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)p[i] << 8 * i;
    switch (word) {
    case WORD('G', 'E', 'T', 0, 0, 0, 0): return TERN_HTTP_GET;
    case WORD('H', 'E', 'A', 'D', 0, 0, 0): return TERN_HTTP_HEAD;
    case WORD('P', 'O', 'S', 'T', 0, 0, 0): return TERN_HTTP_POST;
    case WORD('P', 'U', 'T', 0, 0, 0, 0): return TERN_HTTP_PUT;
    case WORD('D', 'E', 'L', 'E', 'T', 'E', 0): return TERN_HTTP_DELETE;
    case WORD('C', 'O', 'N', 'N', 'E', 'C', 'T'): return TERN_HTTP_CONNECT;
    case WORD('O', 'P', 'T', 'I', 'O', 'N', 'S'): return TERN_HTTP_OPTIONS;
    case WORD('T', 'R', 'A', 'C', 'E', 0, 0): return TERN_HTTP_TRACE;
    case WORD('P', 'A', 'T', 'C', 'H', 0, 0): return TERN_HTTP_PATCH;
    default: return TERN_HTTP_OTHER;
    }
}

/* Takes the white space off a value's end (section 5.1). */
static inline void value_trim(struct tern_http_line *line, const uint8_t *buf)
{
    const uint8_t *value = buf + line->value_off;
    size_t len = line->value_len;
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    line->value_len = (uint16_t)len;
}

/* What is wrong with an octet that ended a field name and is no colon. */
static enum tern_http_fault name_fault(uint8_t c)
{
    if (c == ' ' || c == '\t')
        return TERN_HTTP_NAME_SPACE;
    if (c == '\r' || c == '\n')
        return TERN_HTTP_NAME_NO_COLON;
    return TERN_HTTP_NAME_CHAR;
}

/*
 * The end of the request line, octet by octet: mark is where the version
 * began. The digits may be any: it is their value that is not supported.
 */
static enum tern_http_fault version_octet(struct tern_http_request *r, size_t i, uint8_t c)
{
    static const char form[] = "HTTP/1.1\r\n";
    if (i == 5 || i == 7) {
        if (c < '0' || c > '9')
            return TERN_HTTP_VERSION_MALFORMED;
        if (i == 5)
            r->minor = c == '1' ? 0 : 0xff;    /* 0xff: another major version */
        else if (r->minor != 0xff)
            r->minor = c == '0' ? 0 : 1;       /* RFC 9110 section 2.5: 1.2 is read as 1.1 */
        return TERN_HTTP_FAULT_NONE;
    }
    if (c == (uint8_t)form[i])
        return TERN_HTTP_FAULT_NONE;
    if (i == 9)
        return TERN_HTTP_LINE_BARE_CR;
    return c == '\n' ? TERN_HTTP_LINE_BARE_LF : TERN_HTTP_VERSION_MALFORMED;
}

enum tern_err tern_http_request_parse(struct tern_http_request *r, const uint8_t *buf, size_t len)
{
    const uint8_t *p = buf + r->off;
    const uint8_t *end = buf + (len < r->head_max ? len : r->head_max);
    struct tern_http_line *line = r->fields + r->n_fields;
    uint8_t state = r->state;

    switch (state) {
    case STATE_START:
        if (p == end)
            goto more;
        if (*p != '\r')
            goto method_first;
        p++;
        state = STATE_EMPTY_LF;
        /* fall through */
    case STATE_EMPTY_LF:
        if (p == end)
            goto more;
        if (*p != '\n')
            return refuse(r, TERN_HTTP_LINE_BARE_CR, (size_t)(p - buf));
        p++;
        state = STATE_METHOD_FIRST;
        /* fall through */
    case STATE_METHOD_FIRST:
        if (p == end)
            goto more;
    method_first:
        r->mark = r->method_off = (uint16_t)(p - buf);
        if (end - p >= 4 && tern_load_le32(p) == tern_load_le32((const uint8_t *)"GET ")) {
            r->method = TERN_HTTP_GET;
            r->method_len = 3;
            p += 4;
            goto target;
        }
        state = STATE_METHOD;
        /* fall through */
    case STATE_METHOD:
        while (p != end && char_is(*p, CHAR_UPPER))
            p++;
        if ((size_t)(p - buf) - r->mark > METHOD_MAX)
            return refuse(r, TERN_HTTP_METHOD_LONG, r->mark + (size_t)METHOD_MAX);
        if (p == end)
            goto more;
        if (*p != ' ' && *p == '\n')
            return refuse(r, TERN_HTTP_LINE_BARE_LF, (size_t)(p - buf));
        if (*p != ' ')
            return refuse(r, TERN_HTTP_METHOD_CHAR, (size_t)(p - buf));
        r->method_len = (uint8_t)(p - buf - r->mark);
        if (r->method_len == 0)
            return refuse(r, TERN_HTTP_METHOD_EMPTY, (size_t)(p - buf));
        r->method = (uint8_t)method_find(buf + r->mark, r->method_len);
        p++;
    target:
        r->target_off = (uint16_t)(p - buf);
        state = STATE_TARGET;
        /* fall through */
    case STATE_TARGET:
        p = scan_visible(p, end);
        if ((size_t)(p - buf) - r->target_off > r->target_max)
            return refuse(r, TERN_HTTP_TARGET_LONG, (size_t)r->target_off + r->target_max);
        if (p == end)
            goto more;
        if (*p == '\n')
            return refuse(r, TERN_HTTP_LINE_BARE_LF, (size_t)(p - buf));
        r->target_len = (uint16_t)(p - buf - r->target_off);
        if (*p == '\r')    /* HTTP/0.9 had no version here */
            return refuse(r, TERN_HTTP_VERSION_MALFORMED, (size_t)(p - buf));
        if (*p != ' ' || r->target_len == 0)
            return refuse(r, TERN_HTTP_TARGET_CHAR, (size_t)(p - buf));
        p++;
        r->mark = (uint16_t)(p - buf);
        state = STATE_VERSION;
        if (end - p >= 10 && tern_load_le64(p) == tern_load_le64((const uint8_t *)"HTTP/1.1") &&
            p[8] == '\r' && p[9] == '\n') {
            p += 10;
            r->minor = 1;
            goto line;
        }
        /* fall through */
    case STATE_VERSION:
        for (size_t i = (size_t)(p - buf) - r->mark; i < 10; i++, p++) {
            if (p == end)
                goto more;
            enum tern_http_fault fault = version_octet(r, i, *p);
            if (fault != TERN_HTTP_FAULT_NONE)
                return refuse(r, fault, (size_t)(p - buf));
        }
        if (r->minor > 1)
            return refuse(r, TERN_HTTP_VERSION_UNSUPPORTED, r->mark);

        /* Each turn takes one field line, or the empty line that ends the head. */
        for (;;) {
    line:
            state = STATE_LINE;
            /* fall through */
    case STATE_LINE:
            if (p == end)
                goto more;
            if (*p == '\r') {
                p++;
                state = STATE_HEAD_LF;
                /* fall through */
    case STATE_HEAD_LF:
                if (p == end)
                    goto more;
                if (*p != '\n')
                    return refuse(r, TERN_HTTP_LINE_BARE_CR, (size_t)(p - buf));
                p++;
                r->state = STATE_DONE;
                r->off = r->head_len = (uint16_t)(p - buf);
                return TERN_OK;
            }
            if (*p == ' ' || *p == '\t')    /* section 5.2: obs-fold is refused */
                return refuse(r, r->n_fields == 0 ? TERN_HTTP_LINE_SPACE_FIRST
                                                  : TERN_HTTP_LINE_FOLDED, (size_t)(p - buf));
            if (*p == '\n')
                return refuse(r, TERN_HTTP_LINE_BARE_LF, (size_t)(p - buf));
            if (r->n_fields == r->fields_max)
                return refuse(r, TERN_HTTP_FIELDS_MANY, (size_t)(p - buf));
            line->name_off = (uint16_t)(p - buf);
            state = STATE_NAME;
            /* fall through */
    case STATE_NAME:
            p = scan_token(p, end);
            if ((size_t)(p - buf) - line->name_off > NAME_MAX)
                return refuse(r, TERN_HTTP_NAME_LONG, line->name_off + (size_t)NAME_MAX);
            if (p == end)
                goto more;
            if (*p != ':')
                return refuse(r, name_fault(*p), (size_t)(p - buf));
            line->name_len = (uint8_t)(p - buf - line->name_off);
            if (line->name_len == 0)
                return refuse(r, TERN_HTTP_NAME_EMPTY, (size_t)(p - buf));
            line->name = NAME_OTHER;
            if (line->name_len < 32 && (NAME_LENGTHS >> line->name_len & 1) != 0)
                line->name = (uint8_t)tern_http_name_find(buf + line->name_off, line->name_len);
            p++;
            state = STATE_SPACE;
            /* fall through */
    case STATE_SPACE:
            if (p != end && *p == ' ')
                p++;
            while (p != end && (*p == ' ' || *p == '\t'))
                p++;
            if (p == end)
                goto more;
            line->value_off = (uint16_t)(p - buf);
            state = STATE_VALUE;
            /* fall through */
    case STATE_VALUE:
            p = scan_value(p, end);
            if (p == end)
                goto more;
            if (*p != '\r')
                return refuse(r, *p == '\n' ? TERN_HTTP_LINE_BARE_LF : TERN_HTTP_VALUE_CHAR,
                              (size_t)(p - buf));
            line->value_len = (uint16_t)(p - buf - line->value_off);
            p++;
            state = STATE_VALUE_LF;
            /* fall through */
    case STATE_VALUE_LF:
            if (p == end)
                goto more;
            if (*p != '\n')
                return refuse(r, TERN_HTTP_LINE_BARE_CR, (size_t)(p - buf));
            p++;
            value_trim(line, buf);
            r->n_fields++;
            line++;
        }
    case STATE_DONE:
        return TERN_OK;
    default:
        return TERN_MALFORMED;
    }

more:
    r->state = state;
    r->off = (uint16_t)(p - buf);
    if (r->off == r->head_max)
        return refuse(r, TERN_HTTP_HEAD_LONG, r->off);
    return TERN_AGAIN;
}
