// The POSIX rule of a time zone: read it, and say which offset holds at an instant.
#include <ctype.h>

#include "schedule/civil_private.h"
#include "schedule/zone_private.h"

static const char *
read_name(const char *s)
{
	const char *begin = s;

	if (*s == '<') {
		for (s++; isalnum((unsigned char)*s) || *s == '+' || *s == '-'; s++)
			;
		return *s == '>' && s > begin + 1 ? s + 1 : NULL;
	}
	while (isalpha((unsigned char)*s))
		s++;
	return s - begin >= 3 ? s : NULL;
}

static const char *
read_number(const char *s, int max, int *ret)
{
	int value = 0;

	if (!isdigit((unsigned char)*s))
		return NULL;
	for (; isdigit((unsigned char)*s); s++) {
		value = value * 10 + (*s - '0');
		if (value > max)
			return NULL;
	}
	*ret = value;
	return s;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static const char *
read_time(const char *s, int max_hours, int32_t *ret)
{
	int sign = 1, hours = 0, minutes = 0, seconds = 0;

	if (*s == '+' || *s == '-')
		sign = *s++ == '-' ? -1 : 1;
	s = read_number(s, max_hours, &hours);
	if (s && *s == ':')
		s = read_number(s + 1, 59, &minutes);
	if (s && *s == ':')
		s = read_number(s + 1, 59, &seconds);
	if (s)
		*ret = sign * (hours * 3600 + minutes * 60 + seconds);
	return s;
}

static const char *
read_change(const char *s, struct zone_change *change)
{
	*change = (struct zone_change){.time = 7200};
	if (*s == 'M') {
		change->form = 'M';
		s = read_number(s + 1, 12, &change->month);
		s = s && *s == '.' ? read_number(s + 1, 5, &change->week) : NULL;
		s = s && *s == '.' ? read_number(s + 1, 6, &change->day) : NULL;
		if (s && (change->month < 1 || change->week < 1))
			return NULL;
	} else if (*s == 'J') {
		change->form = 'J';
		s = read_number(s + 1, 365, &change->day);
		if (s && change->day < 1)
			return NULL;
	} else {
		change->form = 'n';
		s = read_number(s, 365, &change->day);
	}
	if (s && *s == '/')
		s = read_time(s + 1, 167, &change->time);
	return s;
}

int
schedule_zone_rule(const char *text, struct zone_rule *ret_rule)
{
	struct zone_rule rule = {0};
	const char *s = read_name(text);
	int32_t west = 0;

	s = s ? read_time(s, 24, &west) : NULL;
	if (!s)
		return -1;
	rule.standard = -west;
	if (*s != '\0') {
		s = read_name(s);
		if (!s)
			return -1;
		rule.has_summer = true;
		rule.summer = rule.standard + 3600;
		if (*s != ',' && *s != '\0') {
			s = read_time(s, 24, &west);
			rule.summer = -west;
		}
		/* Without rules POSIX leaves them open; everybody takes the ones of the United States. */
		if (s && *s == '\0')
			s = ",M3.2.0,M11.1.0";
		s = s && *s == ',' ? read_change(s + 1, &rule.start) : NULL;
		s = s && *s == ',' ? read_change(s + 1, &rule.end) : NULL;
	}
	if (!s || *s != '\0')
		return -1;
	*ret_rule = rule;
	return 0;
}

/* The local time of a change in a year, as seconds since 1970. */
static int64_t
change_local(const struct zone_change *change, int64_t year)
{
	int64_t first = clock_days_from_civil(year, 1, 1);
	int64_t day = 0;

	switch (change->form) {
	case 'J': /* 29 February is never counted */
		day = first + change->day - 1;
		if (change->day >= 60 && schedule_leap_year(year))
			day++;
		break;
	case 'n':
		day = first + change->day;
		break;
	default: {
		unsigned month = (unsigned)change->month;
		int64_t begin = clock_days_from_civil(year, month, 1);
		int ahead = (change->day - (int)schedule_weekday(begin) + 7) % 7;

		day = begin + ahead + 7 * (change->week - 1);
		if (day >= begin + (int64_t)schedule_month_days(year, month))
			day -= 7;
	}
	}
	return day * CLOCK_DAY + change->time;
}

struct schedule_era
schedule_zone_rule_era(const struct zone_rule *rule, int64_t utc)
{
	struct schedule_era era = {INT64_MIN, rule->standard, rule->standard};
	struct civil civil = schedule_civil(utc);

	if (!rule->has_summer)
		return era;
	/* The latest change not later than utc. */
	for (int64_t year = civil.year - 1; year <= civil.year + 1; year++) {
		int64_t start = change_local(&rule->start, year) - rule->standard;
		int64_t end = change_local(&rule->end, year) - rule->summer;

		if (start <= utc && start >= era.start)
			era = (struct schedule_era){start, rule->summer, rule->standard};
		if (end <= utc && end > era.start)
			era = (struct schedule_era){end, rule->standard, rule->summer};
	}
	return era;
}
