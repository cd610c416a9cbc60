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

/* Lengths of the names that tern_http_request_check and tern_http_select look for. */
#define NAME_LENGTHS                                                                           \
    (1u << 4 | 1u << 5 | 1u << 6 | 1u << 8 | 1u << 10 | 1u << 13 | 1u << 14 | 1u << 15 |        \
     1u << 17 | 1u << 19)

TERN_COLD
enum tern_err tern_http_request_init_sized(struct tern_http_request *r, size_t r_len,
                                           size_t head_max, size_t target_max, size_t fields_max)
{
    if (r_len != sizeof *r)
        return TERN_MISMATCH;
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
    return TERN_OK;
}

TERN_COLD
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

/* What is wrong with a line whose name ended after len octets, not in a colon. */
TERN_COLD
static enum tern_http_fault line_fault(const struct tern_http_request *r, uint8_t c, size_t len)
{
    bool space = c == ' ' || c == '\t';
    if (len == 0 && space)    /* section 5.2: obs-fold is refused */
        return r->n_fields == 0 ? TERN_HTTP_LINE_SPACE_FIRST : TERN_HTTP_LINE_FOLDED;
    if (len == 0 && c == ':')
        return TERN_HTTP_NAME_EMPTY;
    if (len == 0 && c == '\n')
        return TERN_HTTP_LINE_BARE_LF;
    if (space)
        return TERN_HTTP_NAME_SPACE;
    return c == '\r' || c == '\n' ? TERN_HTTP_NAME_NO_COLON : TERN_HTTP_NAME_CHAR;
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

/*
 * p is where the parser stands, from where the token under way began: r->off
 * and r->mark while there is nothing to do.
 */
enum tern_err tern_http_request_parse(struct tern_http_request *r, const uint8_t *buf, size_t len)
{
    const uint8_t *p = buf + r->off, *from = buf + r->mark, *value_end;
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
    method_first:
        from = p;
        r->method_off = (uint16_t)(p - buf);
        if (end - p >= 4 && tern_load_le32(p) == tern_load_le32((const uint8_t *)"GET ")) {
            r->method = TERN_HTTP_GET;
            r->method_len = 3;
            p += 3;
            goto target;
        }
        state = STATE_METHOD;
        /* fall through */
    case STATE_METHOD:
        while (p != end && char_is(*p, CHAR_UPPER))
            p++;
        if (p - from > METHOD_MAX)
            return refuse(r, TERN_HTTP_METHOD_LONG, (size_t)(from - buf) + METHOD_MAX);
        if (p == end)
            goto more;
        if (*p != ' ')
            return refuse(r, *p == '\n' ? TERN_HTTP_LINE_BARE_LF : TERN_HTTP_METHOD_CHAR,
                          (size_t)(p - buf));
        if (p == from)
            return refuse(r, TERN_HTTP_METHOD_EMPTY, (size_t)(p - buf));
        r->method_len = (uint8_t)(p - from);
        r->method = (uint8_t)method_find(from, r->method_len);
    target:
        p++;
        from = p;
        state = STATE_TARGET;
        /* fall through */
    case STATE_TARGET:
        p = scan_visible(p, end);
        if (p - from > r->target_max)
            return refuse(r, TERN_HTTP_TARGET_LONG, (size_t)(from - buf) + r->target_max);
        if (p == end)
            goto more;
        if (*p != ' ' || p == from) {
            /* HTTP/0.9 ended its line here. */
            return refuse(r, *p == '\n'   ? TERN_HTTP_LINE_BARE_LF
                             : *p == '\r' ? TERN_HTTP_VERSION_MALFORMED
                                          : TERN_HTTP_TARGET_CHAR, (size_t)(p - buf));
        }
        r->target_off = (uint16_t)(from - buf);
        r->target_len = (uint16_t)(p - from);
        p++;
        from = p;
        state = STATE_VERSION;
        if (end - p >= 10 && tern_load_le64(p) == tern_load_le64((const uint8_t *)"HTTP/1.1") &&
            p[8] == '\r' && p[9] == '\n') {
            p += 10;
            r->minor = 1;
            goto line;
        }
        /* fall through */
    case STATE_VERSION:
        for (size_t i = (size_t)(p - from); i < 10; i++, p++) {
            if (p == end)
                goto more;
            enum tern_http_fault fault = version_octet(r, i, *p);
            if (fault != TERN_HTTP_FAULT_NONE)
                return refuse(r, fault, (size_t)(p - buf));
        }
        if (r->minor > 1)
            return refuse(r, TERN_HTTP_VERSION_UNSUPPORTED, (size_t)(from - buf));

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
            from = p;
            state = STATE_NAME;
            /* fall through */
    case STATE_NAME:
            p = scan_name(p, end);
            if (p - from > NAME_MAX)
                return refuse(r, TERN_HTTP_NAME_LONG, (size_t)(from - buf) + NAME_MAX);
            if (p == end)
                goto more;
            if (*p != ':' || p == from)
                return refuse(r, line_fault(r, *p, (size_t)(p - from)), (size_t)(p - buf));
            if (r->n_fields == r->fields_max)
                return refuse(r, TERN_HTTP_FIELDS_MANY, (size_t)(from - buf));
            line->name_off = (uint16_t)(from - buf);
            line->name_len = (uint8_t)(p - from);
            line->name = NAME_OTHER;
            if (p - from < 32 && (NAME_LENGTHS >> (p - from) & 1) != 0)
                line->name = (uint8_t)tern_http_name_find(from, (size_t)(p - from));
            p++;
            state = STATE_SPACE;
            if (end - p >= 2 && p[0] == ' ' && p[1] > ' ') {
                p++;
                goto value;
            }
            /* fall through */
    case STATE_SPACE:
            while (p != end && (*p == ' ' || *p == '\t'))
                p++;
            if (p == end)
                goto more;
    value:
            from = p;
            state = STATE_VALUE;
            /* fall through */
    case STATE_VALUE:
            p = scan_value(p, end);
            if (p == end)
                goto more;
            if (*p != '\r')
                return refuse(r, *p == '\n' ? TERN_HTTP_LINE_BARE_LF : TERN_HTTP_VALUE_CHAR,
                              (size_t)(p - buf));
            for (value_end = p; value_end != from; value_end--)    /* section 5.1: OWS */
                if (value_end[-1] != ' ' && value_end[-1] != '\t')
                    break;
            line->value_off = (uint16_t)(from - buf);
            line->value_len = (uint16_t)(value_end - from);
            p++;
            state = STATE_VALUE_LF;
            /* fall through */
    case STATE_VALUE_LF:
            if (p == end)
                goto more;
            if (*p != '\n')
                return refuse(r, TERN_HTTP_LINE_BARE_CR, (size_t)(p - buf));
            p++;
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
    r->mark = (uint16_t)(from - buf);
    r->off = (uint16_t)(p - buf);
    if (r->off == r->head_max)
        return refuse(r, TERN_HTTP_HEAD_LONG, r->off);
    return TERN_AGAIN;
}
