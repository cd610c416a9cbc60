/* SPDX-License-Identifier: ISC */
/* Reason phrases (RFC 9110 section 15 and the status codes registered since). */
#include "http_internal.h"

/* Three digits and the phrase of each; those that files are answered with first. */
static const char phrases[] =
    "200OK\0"
    "206Partial Content\0"
    "301Moved Permanently\0"
    "304Not Modified\0"
    "404Not Found\0"
    "100Continue\0"
    "101Switching Protocols\0"
    "102Processing\0"
    "103Early Hints\0"
    "201Created\0"
    "202Accepted\0"
    "203Non-Authoritative Information\0"
    "204No Content\0"
    "205Reset Content\0"
    "300Multiple Choices\0"
    "302Found\0"
    "303See Other\0"
    "307Temporary Redirect\0"
    "308Permanent Redirect\0"
    "400Bad Request\0"
    "401Unauthorized\0"
    "403Forbidden\0"
    "405Method Not Allowed\0"
    "406Not Acceptable\0"
    "408Request Timeout\0"
    "409Conflict\0"
    "410Gone\0"
    "411Length Required\0"
    "412Precondition Failed\0"
    "413Content Too Large\0"
    "414URI Too Long\0"
    "415Unsupported Media Type\0"
    "416Range Not Satisfiable\0"
    "417Expectation Failed\0"
    "421Misdirected Request\0"
    "422Unprocessable Content\0"
    "425Too Early\0"
    "426Upgrade Required\0"
    "428Precondition Required\0"
    "429Too Many Requests\0"
    "431Request Header Fields Too Large\0"
    "451Unavailable For Legal Reasons\0"
    "500Internal Server Error\0"
    "501Not Implemented\0"
    "502Bad Gateway\0"
    "503Service Unavailable\0"
    "504Gateway Timeout\0"
    "505HTTP Version Not Supported\0"
    "507Insufficient Storage\0"
    "511Network Authentication Required\0";

const char *tern_http_status_text(uint16_t status)
{
    const char *at = phrases;
    for (; *at != '\0'; at++) {
        if ((at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0') == status)
            return at + 3;
        while (*at != '\0')
            at++;
    }
    return "Unknown";
}
