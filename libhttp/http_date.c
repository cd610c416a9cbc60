/* SPDX-License-Identifier: ISC */
/* Dates as HTTP writes and reads them (RFC 9110 section 5.6.7). */
#include "http_internal.h"

static const char weekdays[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static void digits_write(char *out, unsigned value)
{
    out[0] = (char)('0' + value / 10 % 10);
    out[1] = (char)('0' + value % 10);
}

void tern_http_date_format(uint64_t unix_s, char out[TERN_HTTP_DATE_LEN])
{
    struct tern_date date;
    /* Four digits of a year hold up to its end; later times stand still there. */
    if (unix_s > UINT64_C(253402300799))
        unix_s = UINT64_C(253402300799);
    tern_date_of(unix_s, &date);
    memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", TERN_HTTP_DATE_LEN);
    memcpy(out, weekdays + (size_t)date.weekday * 3, 3);
    digits_write(out + 5, date.day);
    memcpy(out + 8, months + (size_t)(date.month - 1) * 3, 3);
    digits_write(out + 12, date.year / 100);
    digits_write(out + 14, date.year % 100);
    digits_write(out + 17, date.hour);
    digits_write(out + 20, date.minute);
    digits_write(out + 23, date.second);
}

/* ---- Reading -------------------------------------------------------------------- */

struct civil {
    unsigned year, month, day, hour, minute, second;    /* month: 0 is January */
    unsigned weekday;                                   /* 0 is Sunday */
};

static bool digits(const char *text, size_t n, unsigned *value)
{
    unsigned v = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        v = v * 10 + (unsigned)(text[i] - '0');
    }
    *value = v;
    return true;
}

/* Which of n names of three letters it is; case counts (section 5.6.7). */
static bool name_of_three(const char *text, const char *names, unsigned n, unsigned *which)
{
    for (unsigned i = 0; i < n; i++)
        if (memcmp(text, names + (size_t)i * 3, 3) == 0) {
            *which = i;
            return true;
        }
    return false;
}

static bool weekday_read(const char *text, unsigned *which)
{
    return name_of_three(text, weekdays, 7, which);
}

static bool month_read(const char *text, unsigned *which)
{
    return name_of_three(text, months, 12, which);
}

/* "08:49:37" */
static bool time_read(const char *text, struct civil *c)
{
    return digits(text, 2, &c->hour) && text[2] == ':' && digits(text + 3, 2, &c->minute) &&
           text[5] == ':' && digits(text + 6, 2, &c->second) && c->hour < 24 &&
           c->minute < 60 && c->second <= 60;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool fixdate_read(const char *text, struct civil *c)
{
    return weekday_read(text, &c->weekday) && memcmp(text + 3, ", ", 2) == 0 &&
           digits(text + 5, 2, &c->day) && text[7] == ' ' && month_read(text + 8, &c->month) &&
           text[11] == ' ' && digits(text + 12, 4, &c->year) && text[16] == ' ' &&
           time_read(text + 17, c) && memcmp(text + 25, " GMT", 4) == 0;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool asctime_read(const char *text, struct civil *c)
{
    return weekday_read(text, &c->weekday) && text[3] == ' ' &&
           month_read(text + 4, &c->month) && text[7] == ' ' &&
           (text[8] == ' ' ? digits(text + 9, 1, &c->day) : digits(text + 8, 2, &c->day)) &&
           text[10] == ' ' && time_read(text + 11, c) && text[19] == ' ' &&
           digits(text + 20, 4, &c->year);
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" */
static bool rfc850_read(const char *text, size_t len, struct civil *c)
{
    static const char *const names[7] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
                                          "Friday", "Saturday" };
    for (c->weekday = 0; c->weekday < 7; c->weekday++) {
        size_t n = strlen(names[c->weekday]);
        if (len == n + 24 && memcmp(text, names[c->weekday], n) == 0) {
            text += n;
            return memcmp(text, ", ", 2) == 0 && digits(text + 2, 2, &c->day) &&
                   text[4] == '-' && month_read(text + 5, &c->month) && text[8] == '-' &&
                   digits(text + 9, 2, &c->year) && text[11] == ' ' &&
                   time_read(text + 12, c) && memcmp(text + 20, " GMT", 4) == 0;
        }
    }
    return false;
}

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01 to a day of the civil calendar, or false: there is none. */
static bool days_of(const struct civil *c, int64_t *days)
{
    static const uint8_t lengths[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    unsigned length = lengths[c->month] + (c->month == 1 && is_leap(c->year) ? 1u : 0u);
    if (c->day < 1 || c->day > length)
        return false;
    /* Years that begin in March, as above. */
    unsigned month = (c->month + 10) % 12, year = c->year + 400 - (c->month < 2 ? 1u : 0u);
    unsigned doy = (153 * month + 2) / 5 + c->day - 1;
    unsigned n = year * 365 + year / 4 - year / 100 + year / 400 + doy;
    *days = (int64_t)n - 146097 - 719468;
    return true;
}

static int64_t seconds_of(const struct civil *c, int64_t days)
{
    return days * 86400 + (int64_t)(c->hour * 3600 + c->minute * 60 + c->second);
}

/* The year of a count of days since 1970, off by at most one near its ends. */
static unsigned year_about(uint64_t unix_s)
{
    uint64_t year = 1970 + unix_s / 31556952;    /* 365.2425 days */
    return year > 9900 ? 9900 : (unsigned)year;
}

enum tern_err tern_http_date_parse(const char *text, size_t len, uint64_t now_s, int64_t *unix_s)
{
    struct civil c = { .year = 0 };
    int64_t days = 0;
    bool two_digits = false;
    if (len == TERN_HTTP_DATE_LEN && text[3] == ',') {
        if (!fixdate_read(text, &c))
            return TERN_MALFORMED;
    } else if (len == 24) {
        if (!asctime_read(text, &c))
            return TERN_MALFORMED;
    } else {
        if (!rfc850_read(text, len, &c))
            return TERN_MALFORMED;
        two_digits = true;
    }
    if (two_digits) {
        /*
         * More than 50 years ahead means the most recent past year with these
         * digits. The year to judge by is the last that is not too far ahead.
         */
        unsigned limit = year_about(now_s) + 50, digits_of = c.year;
        c.year = limit + 1 - (limit + 1 + 100 - digits_of) % 100;
        uint64_t most = now_s + UINT64_C(50) * 31556952;
        if (days_of(&c, &days) && days > 0 && (uint64_t)seconds_of(&c, days) > most)
            c.year -= 100;
    }
    if (!days_of(&c, &days) ||
        (unsigned)((days % 7 + 11) % 7) != c.weekday)    /* 1970 began on a Thursday */
        return TERN_MALFORMED;
    *unix_s = seconds_of(&c, days);
    return TERN_OK;
}
