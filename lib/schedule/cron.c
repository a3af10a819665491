// Cron expressions: read one, find the due times next to an instant.
#include <ctype.h>
#include <strings.h>

#include "schedule/civil_private.h"
#include "schedule/cron_private.h"

enum { DAYS_MAX = 50 * 366 };

struct field {
	const char *name;
	int min, max;
	const char *const *names; /* of the values from min on */
};

static const char *const month_names[] = {
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

/* In crontab(5) both 0 and 7 are Sunday. */
static const struct field fields[] = {
    {"minute", 0, 59, NULL},
    {"hour", 0, 23, NULL},
    {"day of month", 1, 31, NULL},
    {"month", 1, 12, month_names},
    {"day of week", 0, 7, weekday_names},
};

/* A number or a name at *s, which moves behind it; -1 if there is neither. */
static int
read_value(const struct field *field, const char **s)
{
	int value = 0, digits = 0;

	for (size_t i = 0; field->names && field->names[i]; i++) {
		if (strncasecmp(*s, field->names[i], 3) == 0 && !isalpha((unsigned char)(*s)[3])) {
			*s += 3;
			return (int)i + field->min;
		}
	}
	for (; isdigit((unsigned char)**s) && digits < 4; digits++)
		value = value * 10 + (*(*s)++ - '0');
	return digits > 0 && value >= field->min && value <= field->max ? value : -1;
}

/* One part of a list: "*", "5", "1-5", each with "/2". */
static int
read_part(const struct field *field, const char **s, uint64_t *bits)
{
	int low = field->min, high = field->max, step = 1;
	bool open = true;

	if (**s == '*') {
		(*s)++;
	} else {
		low = read_value(field, s);
		open = false;
		high = low;
		if (low >= 0 && **s == '-') {
			(*s)++;
			high = read_value(field, s);
			open = true;
		}
	}
	if (low < 0 || high < 0 || high < low)
		return -1;
	if (**s == '/') {
		struct field steps = {"step", 1, field->max, NULL};

		(*s)++;
		step = read_value(&steps, s);
		if (step < 0)
			return -1;
		if (!open)
			high = field->max; /* "5/15": from 5 on */
	}
	for (int value = low; value <= high; value += step)
		*bits |= (uint64_t)1 << value;
	return 0;
}

static int
read_field(const struct field *field, const char *text, uint64_t *ret_bits, struct err *err)
{
	const char *s = text;
	uint64_t bits = 0;

	for (;;) {
		if (read_part(field, &s, &bits) < 0 || (*s != ',' && *s != '\0'))
			return err_set(err, ERR_CONFIG,
			    "bad %s '%.40s' in the cron schedule (%d to %d)", field->name, text,
			    field->min, field->max);
		if (*s++ == '\0')
			break;
	}
	*ret_bits = bits;
	return 0;
}

static const char *
expand_word(const char *text)
{
	static const char *const words[][2] = {
	    {"@hourly", "0 * * * *"},
	    {"@daily", "0 0 * * *"},
	    {"@midnight", "0 0 * * *"},
	    {"@weekly", "0 0 * * 0"},
	    {"@monthly", "0 0 1 * *"},
	    {"@yearly", "0 0 1 1 *"},
	    {"@annually", "0 0 1 1 *"},
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasecmp(text, words[i][0]) == 0)
			return words[i][1];
	}
	return NULL;
}

int
schedule_cron_parse(struct schedule_cron *ret_cron, const char *text, struct err *err)
{
	struct schedule_cron cron = {0};
	uint64_t bits[ARRAY_LEN(fields)];
	char copy[256];
	char *rest = copy;
	size_t count = 0;

	if (text[0] == '@') {
		const char *expanded = expand_word(text);

		if (!expanded)
			return err_set(err, ERR_CONFIG,
			    "unknown schedule '%.60s' (expected @hourly, @daily, @weekly, @monthly, or @yearly)",
			    text);
		text = expanded;
	}
	snprintf(copy, sizeof(copy), "%s", text);
	while (rest) {
		char *field = strsep(&rest, " ");

		if (count < ARRAY_LEN(fields)) {
			if (read_field(&fields[count], field, &bits[count], err) < 0)
				return -1;
			if (count == 2)
				cron.any_day = field[0] == '*';
			if (count == 4)
				cron.any_weekday = field[0] == '*';
		}
		count++;
	}
	if (count != ARRAY_LEN(fields))
		return err_set(err, ERR_CONFIG,
		    "a cron schedule has five fields (minute hour day month weekday), '%.60s' has %zu",
		    text, count);
	cron.minutes = bits[0];
	cron.hours = (uint32_t)bits[1];
	cron.days = (uint32_t)bits[2];
	cron.months = (uint16_t)bits[3];
	cron.weekdays = (uint8_t)((bits[4] | bits[4] >> 7) & 0x7f);
	*ret_cron = cron;
	return 0;
}

static bool
day_matches(const struct schedule_cron *cron, int64_t day)
{
	struct civil civil = schedule_civil(day * CLOCK_DAY);
	bool in_month = cron->days >> civil.day & 1;
	bool in_week = cron->weekdays >> schedule_weekday(day) & 1;

	if (!(cron->months >> civil.month & 1))
		return false;
	return cron->any_day || cron->any_weekday ? in_month && in_week : in_month || in_week;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The first instant later than t among the times of a day that the clocks show from `from` on. */
static int64_t
next_in_day(const struct schedule *schedule, int64_t day, int64_t from, int64_t t)
{
	for (int hour = 0; hour < 24; hour++) {
		int64_t local = day * CLOCK_DAY + hour * CLOCK_HOUR;

		if (!(schedule->cron.hours >> hour & 1) || local + CLOCK_HOUR <= from)
			continue;
		for (int minute = 0; minute < 60; minute++) {
			int64_t utc;

			if (!(schedule->cron.minutes >> minute & 1) || local + minute * 60 < from)
				continue;
			utc = schedule_zone_to_utc(schedule->zone, local + minute * 60);
			if (utc > t)
				return utc;
		}
	}
	return CLOCK_NONE;
}

/* The last instant not later than t among the times of a day that the clocks show up to `to`. */
static int64_t
prev_in_day(const struct schedule *schedule, int64_t day, int64_t to, int64_t t)
{
	for (int hour = 23; hour >= 0; hour--) {
		int64_t local = day * CLOCK_DAY + hour * CLOCK_HOUR;

		if (!(schedule->cron.hours >> hour & 1) || local > to)
			continue;
		for (int minute = 59; minute >= 0; minute--) {
			int64_t utc;

			if (!(schedule->cron.minutes >> minute & 1) || local + minute * 60 > to)
				continue;
			utc = schedule_zone_to_utc(schedule->zone, local + minute * 60);
			if (utc <= t)
				return utc;
		}
	}
	return CLOCK_NONE;
}

int64_t
schedule_next(const struct schedule *schedule, int64_t t)
{
	int64_t local, day;

	if (schedule->kind != SCHEDULE_CRON)
		return CLOCK_NONE;
	/* What the clocks showed before they showed `local` first is not later than t. */
	local = t + schedule_zone_era(schedule->zone, t).offset;
	local = floor_div(local, 60) * 60;
	day = floor_div(local, CLOCK_DAY);
	for (int64_t end = day + DAYS_MAX; day < end; day++) {
		if (day_matches(&schedule->cron, day)) {
			int64_t utc = next_in_day(schedule, day, local, t);

			if (utc != CLOCK_NONE)
				return utc;
		}
	}
	return CLOCK_NONE;
}

int64_t
schedule_prev(const struct schedule *schedule, int64_t t)
{
	struct schedule_era era;
	int64_t local, day;

	if (schedule->kind != SCHEDULE_CRON)
		return CLOCK_NONE;
	/* The latest time the clocks have shown: before they were set back it may have been later. */
	era = schedule_zone_era(schedule->zone, t);
	local = t + era.offset;
	if (era.start != INT64_MIN && era.start - 1 + era.before > local)
		local = era.start - 1 + era.before;
	day = floor_div(local, CLOCK_DAY);
	for (int64_t end = day - DAYS_MAX; day > end; day--) {
		if (day_matches(&schedule->cron, day)) {
			int64_t utc = prev_in_day(schedule, day, local, t);

			if (utc != CLOCK_NONE)
				return utc;
		}
	}
	return CLOCK_NONE;
}
