/* SPDX-License-Identifier: ISC */
/*
 * Bodies in chunks (RFC 9112 section 7.1).
 *
 *   chunked-body = *( size [ ext ] CRLF data CRLF ) 1*"0" [ ext ] CRLF
 *                  *( name ":" value CRLF ) CRLF
 *   ext          = *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted ) ] )
 *
 * Framing is read octet by octet, data in runs. Everything that another
 * decoder might read differently is refused: a bare LF, space before CR,
 * quotes left open, anything but CR LF after the data.
 */
#include "http_internal.h"

enum {
    STATE_SIZE_FIRST,
    STATE_SIZE,
    STATE_EXT_SPACE,          /* BWS before ";" */
    STATE_EXT_NAME_FIRST,     /* after ";" */
    STATE_EXT_NAME,
    STATE_EXT_NAME_SPACE,     /* BWS before "=" or ";" */
    STATE_EXT_VALUE_FIRST,    /* after "=" */
    STATE_EXT_TOKEN,
    STATE_EXT_QUOTED,
    STATE_EXT_ESCAPED,
    STATE_EXT_END,            /* after the closing quote */
    STATE_SIZE_LF,
    STATE_DATA,
    STATE_DATA_CR,
    STATE_DATA_LF,
    STATE_TRAILER_FIRST,
    STATE_TRAILER_NAME,
    STATE_TRAILER_VALUE,
    STATE_TRAILER_LF,
    STATE_END_LF,
    STATE_DONE,
    STATE_FAULT,
};

enum { DIGITS_MAX = 16, TRAILER_NAME_MAX = 255 };

static enum tern_http_fault size_octet(struct tern_http_chunked *c, uint8_t octet)
{
    unsigned digit = char_hex(octet);
    if (digit < 16) {
        if (c->n_digits == DIGITS_MAX || c->left > (uint64_t)INT64_MAX >> 4)
            return TERN_HTTP_CHUNK_SIZE_LONG;
        c->left = c->left << 4 | digit;
        c->n_digits++;
        c->state = STATE_SIZE;
        return TERN_HTTP_FAULT_NONE;
    }
    if (c->n_digits == 0)
        return TERN_HTTP_CHUNK_SIZE_MALFORMED;
    if (octet == '\r')
        c->state = STATE_SIZE_LF;
    else if (octet == ';')
        c->state = STATE_EXT_NAME_FIRST;
    else if (octet == ' ' || octet == '\t')
        c->state = STATE_EXT_SPACE;
    else
        return octet == '\n' ? TERN_HTTP_LINE_BARE_LF : TERN_HTTP_CHUNK_SIZE_MALFORMED;
    return TERN_HTTP_FAULT_NONE;
}

/* What may follow a whole extension or its name; `space` is the state for BWS. */
static enum tern_http_fault ext_boundary(struct tern_http_chunked *c, uint8_t octet, uint8_t space)
{
    if (octet == ';')
        c->state = STATE_EXT_NAME_FIRST;
    else if (octet == '\r')
        c->state = STATE_SIZE_LF;
    else if (octet == ' ' || octet == '\t')
        c->state = space;
    else
        return octet == '\n' ? TERN_HTTP_LINE_BARE_LF : TERN_HTTP_CHUNK_EXT_MALFORMED;
    return TERN_HTTP_FAULT_NONE;
}

static enum tern_http_fault ext_octet(struct tern_http_chunked *c, uint8_t octet)
{
    bool space = octet == ' ' || octet == '\t', token = char_is(octet, CHAR_TOKEN);
    if (c->ext_len == TERN_HTTP_CHUNK_EXT_MAX)
        return TERN_HTTP_CHUNK_EXT_LONG;
    c->ext_len++;
    switch (c->state) {
    case STATE_EXT_SPACE:    /* space and then CR is not BWS */
        if (space)
            return TERN_HTTP_FAULT_NONE;
        if (octet != ';')
            return TERN_HTTP_CHUNK_SIZE_MALFORMED;
        c->state = STATE_EXT_NAME_FIRST;
        return TERN_HTTP_FAULT_NONE;
    case STATE_EXT_NAME_FIRST:
    case STATE_EXT_VALUE_FIRST:
        if (space)
            return TERN_HTTP_FAULT_NONE;
        if (octet == '"' && c->state == STATE_EXT_VALUE_FIRST)
            c->state = STATE_EXT_QUOTED;
        else if (!token)
            return TERN_HTTP_CHUNK_EXT_MALFORMED;
        else
            c->state = c->state == STATE_EXT_NAME_FIRST ? STATE_EXT_NAME : STATE_EXT_TOKEN;
        return TERN_HTTP_FAULT_NONE;
    case STATE_EXT_NAME:
        if (token)
            return TERN_HTTP_FAULT_NONE;
        if (octet == '=') {
            c->state = STATE_EXT_VALUE_FIRST;
            return TERN_HTTP_FAULT_NONE;
        }
        return ext_boundary(c, octet, STATE_EXT_NAME_SPACE);
    case STATE_EXT_NAME_SPACE:
        if (octet == '=') {
            c->state = STATE_EXT_VALUE_FIRST;
            return TERN_HTTP_FAULT_NONE;
        }
        if (octet == '\r')
            return TERN_HTTP_CHUNK_EXT_MALFORMED;
        return ext_boundary(c, octet, STATE_EXT_NAME_SPACE);
    case STATE_EXT_TOKEN:
        if (token)
            return TERN_HTTP_FAULT_NONE;
        return ext_boundary(c, octet, STATE_EXT_SPACE);
    case STATE_EXT_QUOTED:    /* quoted-string, RFC 9110 section 5.6.4 */
        if (!char_is(octet, CHAR_VALUE))
            return TERN_HTTP_CHUNK_EXT_MALFORMED;
        if (octet == '"')
            c->state = STATE_EXT_END;
        else if (octet == '\\')
            c->state = STATE_EXT_ESCAPED;
        return TERN_HTTP_FAULT_NONE;
    case STATE_EXT_ESCAPED:
        c->state = STATE_EXT_QUOTED;
        return char_is(octet, CHAR_VALUE) ? TERN_HTTP_FAULT_NONE : TERN_HTTP_CHUNK_EXT_MALFORMED;
    default:    /* STATE_EXT_END */
        return ext_boundary(c, octet, STATE_EXT_SPACE);
    }
}

static enum tern_http_fault trailer_name_octet(struct tern_http_chunked *c, uint8_t octet)
{
    if (octet == ':') {
        c->state = STATE_TRAILER_VALUE;
        return c->name_len == 0 ? TERN_HTTP_NAME_EMPTY : TERN_HTTP_FAULT_NONE;
    }
    if (octet == ' ' || octet == '\t')
        return c->name_len == 0 ? TERN_HTTP_LINE_FOLDED : TERN_HTTP_NAME_SPACE;
    if (octet == '\r' || octet == '\n')
        return octet == '\n' && c->name_len == 0 ? TERN_HTTP_LINE_BARE_LF
                                                 : TERN_HTTP_NAME_NO_COLON;
    if (!char_is(octet, CHAR_TOKEN))
        return TERN_HTTP_NAME_CHAR;
    if (c->name_len == TRAILER_NAME_MAX)
        return TERN_HTTP_NAME_LONG;
    c->name_len++;
    c->state = STATE_TRAILER_NAME;
    return TERN_HTTP_FAULT_NONE;
}

/* RFC 9112 section 7.1.2: trailer fields are checked as fields are, and dropped. */
static enum tern_http_fault trailer_octet(struct tern_http_chunked *c, uint8_t octet)
{
    if (c->trailer_len == TERN_HTTP_TRAILER_MAX)
        return TERN_HTTP_TRAILER_LONG;
    c->trailer_len++;
    switch (c->state) {
    case STATE_TRAILER_FIRST:
        c->name_len = 0;
        if (octet == '\r') {
            c->state = STATE_END_LF;
            return TERN_HTTP_FAULT_NONE;
        }
        return trailer_name_octet(c, octet);
    case STATE_TRAILER_NAME:
        return trailer_name_octet(c, octet);
    case STATE_TRAILER_VALUE:
        if (octet == '\r')
            c->state = STATE_TRAILER_LF;
        else if (!char_is(octet, CHAR_VALUE))
            return octet == '\n' ? TERN_HTTP_LINE_BARE_LF : TERN_HTTP_VALUE_CHAR;
        return TERN_HTTP_FAULT_NONE;
    default:    /* STATE_TRAILER_LF */
        c->state = STATE_TRAILER_FIRST;
        return octet == '\n' ? TERN_HTTP_FAULT_NONE : TERN_HTTP_LINE_BARE_CR;
    }
}

/* An octet that must be CR or LF. */
static enum tern_http_fault line_end_octet(struct tern_http_chunked *c, uint8_t octet)
{
    switch (c->state) {
    case STATE_SIZE_LF:
        c->state = c->left == 0 ? STATE_TRAILER_FIRST : STATE_DATA;
        return octet == '\n' ? TERN_HTTP_FAULT_NONE : TERN_HTTP_LINE_BARE_CR;
    case STATE_DATA_CR:
        c->state = STATE_DATA_LF;
        return octet == '\r' ? TERN_HTTP_FAULT_NONE : TERN_HTTP_CHUNK_END_MISSING;
    case STATE_DATA_LF:
        c->state = STATE_SIZE_FIRST;
        c->n_digits = 0;
        return octet == '\n' ? TERN_HTTP_FAULT_NONE : TERN_HTTP_CHUNK_END_MISSING;
    default:    /* STATE_END_LF */
        c->state = STATE_DONE;
        return octet == '\n' ? TERN_HTTP_FAULT_NONE : TERN_HTTP_LINE_BARE_CR;
    }
}

static enum tern_http_fault octet_take(struct tern_http_chunked *c, uint8_t octet)
{
    if (c->state <= STATE_SIZE)
        return size_octet(c, octet);
    if (c->state < STATE_SIZE_LF)
        return ext_octet(c, octet);
    if (c->state >= STATE_TRAILER_FIRST && c->state <= STATE_TRAILER_LF)
        return trailer_octet(c, octet);
    return line_end_octet(c, octet);
}

/*
 * The framing that nearly every chunk has, "CR LF digits CR LF", when it lies
 * whole in the input: one step instead of one an octet. Returns how many
 * octets it took; 0 leaves them to the states above.
 */
static size_t plain_take(struct tern_http_chunked *c, const uint8_t *in, size_t len)
{
    enum { CRLF = '\r' << 8 | '\n', MOST = 2 + DIGITS_MAX - 1 + 2 };
    size_t i = 0;
    uint64_t size = 0;
    if (len < MOST || (c->state != STATE_DATA_CR && (c->state != STATE_SIZE_FIRST ||
                                                     c->n_digits != 0)))
        return 0;
    if (c->state == STATE_DATA_CR) {
        if (tern_load_be16(in) != CRLF)
            return 0;
        i = 2;
    }
    for (size_t first = i; i - first < DIGITS_MAX - 1; i++) {
        unsigned digit = char_hex(in[i]);
        if (digit > 15)
            break;
        size = size << 4 | digit;
    }
    if (size == 0 || tern_load_be16(in + i) != CRLF)
        return 0;
    c->left = size;
    c->n_digits = 0;
    c->state = STATE_DATA;
    return i + 2;
}

enum tern_err tern_http_chunked_next(struct tern_http_chunked *c, const uint8_t *in, size_t in_len,
                                     size_t *used, size_t *data_len)
{
    *data_len = 0;
    if (c->state == STATE_DATA && c->left == 0)
        c->state = STATE_DATA_CR;
    size_t i = plain_take(c, in, in_len);
    while (i < in_len && c->state < STATE_DONE && c->state != STATE_DATA) {
        enum tern_http_fault fault = octet_take(c, in[i]);
        if (fault != TERN_HTTP_FAULT_NONE) {
            c->state = STATE_FAULT;
            c->fault = (uint8_t)fault;
            break;
        }
        i++;
    }
    *used = i;
    if (c->state == STATE_DONE)
        return TERN_OK;
    if (c->state == STATE_FAULT)
        return TERN_MALFORMED;
    if (c->state == STATE_DATA)
        *data_len = c->left < in_len - i ? (size_t)c->left : in_len - i;
    return TERN_AGAIN;
}
