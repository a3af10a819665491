// Calendar arithmetic: dates from seconds, lengths of months, days of the week.
#include "schedule/civil_private.h"

bool
schedule_leap_year(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

unsigned
schedule_month_days(int64_t year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && schedule_leap_year(year) ? 29 : days[month - 1];
}

unsigned
schedule_weekday(int64_t days)
{
	return (unsigned)(((days + 4) % 7 + 7) % 7);
}

/* Years that begin in March put the leap day last: the inverse of clock_days_from_civil(). */
struct civil
schedule_civil(int64_t local)
{
	int64_t days = local / CLOCK_DAY - (local % CLOCK_DAY < 0);
	int64_t second = local - days * CLOCK_DAY;
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t of_era = shifted - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	struct civil civil = {
	    .year = year + era * 400 + (month >= 10),
	    .month = (unsigned)(month < 10 ? month + 3 : month - 9),
	    .day = (unsigned)(of_year - (153 * month + 2) / 5 + 1),
	    .hour = (unsigned)(second / 3600),
	    .minute = (unsigned)(second / 60 % 60),
	};

	return civil;
}
