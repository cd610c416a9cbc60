/* SPDX-License-Identifier: ISC */
/*
 * Why requests are refused: the status that is answered (RFC 9110 section
 * 15.5) and the text in the answer's body, which is for whoever debugs the
 * client.
 */
#include "http_internal.h"

struct fault {
    uint16_t status;
    const char *text;
};

static const struct fault faults[TERN_HTTP_N_FAULTS] = {
    [TERN_HTTP_FAULT_NONE] = { 200, "no fault" },
    [TERN_HTTP_METHOD_EMPTY] = { 400, "request line has no method" },
    [TERN_HTTP_METHOD_CHAR] = { 400, "method has a character that no method has" },
    [TERN_HTTP_METHOD_LONG] = { 400, "method is too long" },
    [TERN_HTTP_METHOD_CONNECT] = { 400, "CONNECT is for proxies" },
    [TERN_HTTP_TARGET_CHAR] = { 400, "target has a character that is not allowed" },
    [TERN_HTTP_TARGET_LONG] = { 414, "target is too long" },
    [TERN_HTTP_TARGET_FORM] = { 400, "target has no form that the method allows" },
    [TERN_HTTP_TARGET_HOST] = { 400, "target's host is not that of the Host field" },
    [TERN_HTTP_VERSION_MALFORMED] = { 400, "request line does not end in HTTP/1.1" },
    [TERN_HTTP_VERSION_UNSUPPORTED] = { 505, "version is not HTTP/1.0 or HTTP/1.1" },
    [TERN_HTTP_LINE_BARE_LF] = { 400, "line ends in LF without CR" },
    [TERN_HTTP_LINE_BARE_CR] = { 400, "CR is not followed by LF" },
    [TERN_HTTP_LINE_SPACE_FIRST] = { 400, "space before the first field" },
    [TERN_HTTP_LINE_FOLDED] = { 400, "field line is folded" },
    [TERN_HTTP_NAME_EMPTY] = { 400, "field has no name" },
    [TERN_HTTP_NAME_CHAR] = { 400, "field name has a character that is not allowed" },
    [TERN_HTTP_NAME_SPACE] = { 400, "field name has a space before the colon" },
    [TERN_HTTP_NAME_NO_COLON] = { 400, "field line has no colon" },
    [TERN_HTTP_NAME_LONG] = { 431, "field name is too long" },
    [TERN_HTTP_VALUE_CHAR] = { 400, "field value has a control character" },
    [TERN_HTTP_HEAD_LONG] = { 431, "head is too long" },
    [TERN_HTTP_FIELDS_MANY] = { 431, "head has too many fields" },
    [TERN_HTTP_HOST_MISSING] = { 400, "HTTP/1.1 request has no Host field" },
    [TERN_HTTP_HOST_TWICE] = { 400, "request has more than one Host field" },
    [TERN_HTTP_HOST_MALFORMED] = { 400, "Host field is not a host with an optional port" },
    [TERN_HTTP_LENGTH_TWICE] = { 400, "request has more than one Content-Length" },
    [TERN_HTTP_LENGTH_MALFORMED] = { 400, "Content-Length is not one decimal number" },
    [TERN_HTTP_LENGTH_AND_CODING] = { 400, "request has Content-Length and Transfer-Encoding" },
    [TERN_HTTP_CODING_TWICE] = { 400, "request has more than one Transfer-Encoding" },
    [TERN_HTTP_CODING_MALFORMED] = { 400, "Transfer-Encoding does not end in one chunked" },
    [TERN_HTTP_CODING_UNKNOWN] = { 501, "Transfer-Encoding is not known here" },
    [TERN_HTTP_CODING_VERSION] = { 400, "HTTP/1.0 request has Transfer-Encoding" },
    [TERN_HTTP_EXPECT_UNKNOWN] = { 417, "expectation is not 100-continue" },
    [TERN_HTTP_BODY_LONG] = { 413, "body is too long" },
    [TERN_HTTP_CHUNK_SIZE_MALFORMED] = { 400, "chunk size is not a hexadecimal number" },
    [TERN_HTTP_CHUNK_SIZE_LONG] = { 400, "chunk size has too many digits" },
    [TERN_HTTP_CHUNK_EXT_MALFORMED] = { 400, "chunk extension is malformed" },
    [TERN_HTTP_CHUNK_EXT_LONG] = { 400, "chunk extensions are too long" },
    [TERN_HTTP_CHUNK_END_MISSING] = { 400, "chunk data is not followed by CR LF" },
    [TERN_HTTP_TRAILER_LONG] = { 431, "trailer section is too long" },
    [TERN_HTTP_TRUNCATED] = { 400, "connection ended inside the request" },
    [TERN_HTTP_HEAD_TIME] = { 408, "head took too long" },
    [TERN_HTTP_BODY_TIME] = { 408, "body came too slowly" },
    [TERN_HTTP_READ_TIME] = { 408, "answer was read too slowly" },
    [TERN_HTTP_NO_HEAD] = { 503, "no room for a head in pieces" },
    [TERN_HTTP_UNANSWERED] = { 500, "request was not answered" },
    [TERN_HTTP_CUT] = { 500, "answer ended too early" },
};

uint16_t tern_http_fault_status(enum tern_http_fault fault)
{
    return (unsigned)fault < TERN_HTTP_N_FAULTS ? faults[fault].status : 500;
}

const char *tern_http_fault_text(enum tern_http_fault fault)
{
    return (unsigned)fault < TERN_HTTP_N_FAULTS ? faults[fault].text : "unknown fault";
}
