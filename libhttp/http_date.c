/* SPDX-License-Identifier: ISC */
/* Dates as HTTP writes them (RFC 9110 section 5.6.7, IMF-fixdate). */
#include "http_internal.h"

static void two_digits(char *out, unsigned value)
{
    out[0] = (char)('0' + value / 10 % 10);
    out[1] = (char)('0' + value % 10);
}

void tern_http_date_format(uint64_t unix_s, char out[TERN_HTTP_DATE_LEN])
{
    static const char days[] = "ThuFriSatSunMonTueWed";
    static const char months[] = "MarAprMayJunJulAugSepOctNovDecJanFeb";
    /* Four digits of a year hold up to its end; later times stand still there. */
    if (unix_s > UINT64_C(253402300799))
        unix_s = UINT64_C(253402300799);
    uint32_t day = (uint32_t)(unix_s / 86400), second = (uint32_t)(unix_s % 86400);

    /*
     * The civil calendar from a count of days, with years that begin in March
     * so that a leap day is a year's last: 719,468 days lie between
     * 0000-03-01 and 1970-01-01, 146,097 are 400 years.
     */
    uint32_t n = day + 719468, era = n / 146097, doe = n % 146097;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t month = (5 * doy + 2) / 153, dom = doy - (153 * month + 2) / 5 + 1;
    uint32_t year = era * 400 + yoe + (month >= 10 ? 1 : 0);

    /* fine: octets, not a string */
    memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", TERN_HTTP_DATE_LEN);
    memcpy(out, days + day % 7 * 3, 3);
    two_digits(out + 5, dom);
    memcpy(out + 8, months + (size_t)month * 3, 3);
    two_digits(out + 12, year / 100);
    two_digits(out + 14, year % 100);
    two_digits(out + 17, second / 3600);
    two_digits(out + 20, second / 60 % 60);
    two_digits(out + 23, second % 60);
}
