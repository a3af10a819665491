// Wall clock, monotonic clock, RFC 3339 both ways.
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base.h"

#define YEAR_0000 (-62167219200LL)
#define YEAR_9999 (253402300799LL)

int64_t
clock_wall(void)
{
	return (int64_t)time(NULL);
}

int64_t
clock_mono_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static char *
two_digits(char *p, int64_t v)
{
	*p++ = (char)('0' + v / 10);
	*p++ = (char)('0' + v % 10);
	return p;
}

/* By hand, because every record has several: a tenth of the time of gmtime_r and snprintf. The civil
 * date is Howard Hinnant's civil_from_days, see below. */
char *
clock_format(int64_t t, char out[CLOCK_TEXT_LEN])
{
	int64_t days, seconds, era, doe, yoe, doy, mp, year;
	char *p = out;

	if (t < YEAR_0000)
		t = YEAR_0000;
	if (t > YEAR_9999)
		t = YEAR_9999;
	days = t / CLOCK_DAY - (t % CLOCK_DAY < 0);
	seconds = t - days * CLOCK_DAY;
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	year = yoe + era * 400 + (mp >= 10);
	p = two_digits(p, year / 100);
	p = two_digits(p, year % 100);
	*p++ = '-';
	p = two_digits(p, mp < 10 ? mp + 3 : mp - 9);
	*p++ = '-';
	p = two_digits(p, doy - (153 * mp + 2) / 5 + 1);
	*p++ = 'T';
	p = two_digits(p, seconds / 3600);
	*p++ = ':';
	p = two_digits(p, seconds / 60 % 60);
	*p++ = ':';
	p = two_digits(p, seconds % 60);
	*p++ = 'Z';
	*p = '\0';
	return out;
}

/* Howard Hinnant's days_from_civil, http://howardhinnant.github.io/date_algorithms.html */
int64_t
clock_days_from_civil(int64_t year, unsigned month, unsigned day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

static bool
digits(const char **s, int count, int64_t *ret)
{
	int64_t v = 0;

	for (int i = 0; i < count; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		v = v * 10 + (**s - '0');
	}
	*ret = v;
	return true;
}

static bool
literal(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* "Z", "+hh:mm" or "-hh:mm"; the offset in seconds east of UTC. */
static bool
zone(const char **s, int64_t *ret)
{
	int64_t h, m, sign;

	if (literal(s, 'Z') || literal(s, 'z')) {
		*ret = 0;
		return true;
	}
	if (**s != '+' && **s != '-')
		return false;
	sign = *(*s)++ == '-' ? -1 : 1;
	if (!digits(s, 2, &h) || !literal(s, ':') || !digits(s, 2, &m) || h > 23 || m > 59)
		return false;
	*ret = sign * (h * 3600 + m * 60);
	return true;
}

static bool
time_of_day(const char **s, int64_t *ret)
{
	int64_t h, m, sec;

	if (!digits(s, 2, &h) || !literal(s, ':') || !digits(s, 2, &m) || !literal(s, ':') ||
	    !digits(s, 2, &sec) || h > 23 || m > 59 || sec > 60)
		return false;
	if (literal(s, '.')) {
		if (**s < '0' || **s > '9')
			return false;
		while (**s >= '0' && **s <= '9')
			(*s)++;
	}
	*ret = h * 3600 + m * 60 + sec;
	return true;
}

static bool
parse(const char *s, int64_t *ret)
{
	static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t y, mo, d, tod = 0, off = 0;

	if (!digits(&s, 4, &y) || !literal(&s, '-') || !digits(&s, 2, &mo) || !literal(&s, '-') ||
	    !digits(&s, 2, &d) || mo < 1 || mo > 12 || d < 1 || d > month_days[mo - 1])
		return false;
	if (mo == 2 && d == 29 && (y % 4 != 0 || (y % 100 == 0 && y % 400 != 0)))
		return false;
	if (*s) {
		if (!literal(&s, 'T') && !literal(&s, 't') && !literal(&s, ' '))
			return false;
		if (!time_of_day(&s, &tod) || !zone(&s, &off) || *s)
			return false;
	}
	*ret = clock_days_from_civil(y, (unsigned)mo, (unsigned)d) * CLOCK_DAY + tod - off;
	return true;
}

int
clock_parse(const char *text, int64_t *ret_t, struct err *err)
{
	if (text[0] == '@')
		return str_to_i64(text + 1, YEAR_0000, YEAR_9999, ret_t, err);
	if (!parse(text, ret_t))
		return err_set(err, ERR_FORMAT, "not a time: '%s'", text);
	return 0;
}
