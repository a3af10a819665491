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

char *
clock_format(int64_t t, char out[CLOCK_TEXT_LEN])
{
	struct tm tm;
	time_t tt;

	if (t < YEAR_0000)
		t = YEAR_0000;
	if (t > YEAR_9999)
		t = YEAR_9999;
	tt = (time_t)t;
	(void)gmtime_r(&tt, &tm);
	(void)snprintf(out, CLOCK_TEXT_LEN, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
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
