/*
 * Calendar arithmetic on seconds that count as if local time were UTC.
 */
#ifndef SCHEDULE_CIVIL_PRIVATE_H
#define SCHEDULE_CIVIL_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

struct civil {
	int64_t year;
	unsigned month, day, hour, minute;
};

struct civil schedule_civil(int64_t local);
bool schedule_leap_year(int64_t year);
unsigned schedule_month_days(int64_t year, unsigned month);
unsigned schedule_weekday(int64_t days); /* of days since 1970-01-01; 0: Sunday */

#endif
