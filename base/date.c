/* SPDX-License-Identifier: ISC */
/* Moments in the proleptic Gregorian calendar. */
#include "base_internal.h"

void tern_date_of(uint64_t unix_s, struct tern_date *date)
{
    uint32_t day = (uint32_t)(unix_s / 86400), second = (uint32_t)(unix_s % 86400);
    /*
     * Years that begin in March have the leap day as their last: 719,468 days lie
     * between 0000-03-01 and 1970-01-01, 146,097 are 400 years.
     */
    uint32_t n = day + 719468, era = n / 146097, doe = n % 146097;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t month = (5 * doy + 2) / 153;
    date->day = doy - (153 * month + 2) / 5 + 1;
    date->month = month < 10 ? month + 3 : month - 9;
    date->year = era * 400 + yoe + (month >= 10);
    date->weekday = (day + 4) % 7;    /* 1970 began with a Thursday */
    date->hour = second / 3600;
    date->minute = second / 60 % 60;
    date->second = second % 60;
}
