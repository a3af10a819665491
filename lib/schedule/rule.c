// Read a schedule as people write it: words, "every N", cron.
#include "schedule/rule.h"

#include <ctype.h>
#include <strings.h>

#include "schedule/cron_private.h"

enum { INTERVAL_MIN = 60, INTERVAL_MAX = 3660 * CLOCK_DAY };

struct word {
	const char *name;
	int64_t seconds;
};

static const struct word words[] = {
    {"hourly", CLOCK_HOUR},
    {"daily", CLOCK_DAY},
    {"nightly", CLOCK_DAY},
    {"weekly", 7 * CLOCK_DAY},
    {"fortnightly", 14 * CLOCK_DAY},
    {"biweekly", 14 * CLOCK_DAY},
    {"monthly", 31 * CLOCK_DAY},
    {"quarterly", 92 * CLOCK_DAY},
    {"yearly", 366 * CLOCK_DAY},
    {"annually", 366 * CLOCK_DAY},
    {"none", 0},
    {"manual", 0},
    {"never", 0},
};

static const struct word units[] = {
    {"minute", 60},
    {"min", 60},
    {"hour", CLOCK_HOUR},
    {"day", CLOCK_DAY},
    {"night", CLOCK_DAY},
    {"week", 7 * CLOCK_DAY},
    {"fortnight", 14 * CLOCK_DAY},
    {"month", 31 * CLOCK_DAY},
    {"quarter", 92 * CLOCK_DAY},
    {"year", 366 * CLOCK_DAY},
};

static int
unknown_word(const char *text, struct err *err)
{
	const char *names[ARRAY_LEN(words) + 1] = {0};
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		names[i] = words[i].name;
	near = str_nearest(text, names);
	return err_set(err, ERR_CONFIG,
	    "unknown schedule '%.60s'%s%s%s (expected a word like daily, 'every 6h', or five cron fields)",
	    text, near ? ", did you mean '" : "", near ? near : "", near ? "'" : "");
}

/* "day", "2 days", "90 minutes", "6h", "1h30m". */
static int
parse_every(const char *text, int64_t *ret_seconds, struct err *err)
{
	int64_t count = 1, seconds = 0;
	const char *unit = text;
	size_t digits = strspn(text, "0123456789");

	if (digits > 0 && digits < 7) {
		count = strtol(text, NULL, 10);
		unit = text + digits + strspn(text + digits, " ");
	}
	for (size_t i = 0; i < ARRAY_LEN(units) && seconds == 0; i++) {
		size_t len = strlen(units[i].name);

		if (strncasecmp(unit, units[i].name, len) == 0 &&
		    (unit[len] == '\0' || strcasecmp(unit + len, "s") == 0))
			seconds = count * units[i].seconds;
	}
	if (seconds == 0 && str_to_duration(text, &seconds, err) < 0)
		return err_set(err, ERR_CONFIG,
		    "'every %.60s' is no interval (expected 'every 6h', 'every 2 days')", text);
	if (seconds < INTERVAL_MIN || seconds > INTERVAL_MAX)
		return err_set(
		    err, ERR_CONFIG, "'every %.60s' is out of range (1 minute to 10 years)", text);
	*ret_seconds = seconds;
	return 0;
}

static int
parse_trimmed(struct schedule *schedule, const char *text, struct err *err)
{
	if (strncasecmp(text, "every ", 6) == 0) {
		schedule->kind = SCHEDULE_INTERVAL;
		return parse_every(text + 6 + strspn(text + 6, " "), &schedule->interval, err);
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasecmp(text, words[i].name) == 0) {
			schedule->interval = words[i].seconds;
			schedule->kind = words[i].seconds ? SCHEDULE_INTERVAL : SCHEDULE_NONE;
			return 0;
		}
	}
	if (text[0] != '@' && !strchr(text, ' '))
		return unknown_word(text, err);
	schedule->kind = SCHEDULE_CRON;
	if (schedule_cron_parse(&schedule->cron, text, err) < 0)
		return -1;
	if (schedule_next(schedule, 0) == CLOCK_NONE)
		return err_set(err, ERR_CONFIG, "the schedule '%.60s' is never due", text);
	return 0;
}

int
schedule_parse(struct schedule *ret_schedule, const char *text, const struct schedule_zone *zone,
    struct err *err)
{
	struct schedule schedule = {.kind = SCHEDULE_NONE, .zone = zone};
	char trimmed[256];
	size_t len = 0;

	/* Blanks of any kind and number are one. */
	for (const char *s = text ? text : ""; *s; s++) {
		bool blank = isspace((unsigned char)*s);

		if (blank && (len == 0 || trimmed[len - 1] == ' '))
			continue;
		if (len + 1 >= sizeof(trimmed))
			return err_set(err, ERR_CONFIG, "the schedule is longer than %zu bytes",
			    sizeof(trimmed) - 1);
		trimmed[len++] = blank ? ' ' : *s;
	}
	while (len > 0 && trimmed[len - 1] == ' ')
		len--;
	trimmed[len] = '\0';
	if (len > 0 && parse_trimmed(&schedule, trimmed, err) < 0)
		return -1;
	*ret_schedule = schedule;
	return 0;
}

int
schedule_check(const char *text, const char *timezone, struct err *err)
{
	struct schedule_zone *zone = NULL;
	struct schedule schedule;
	int r = 0;

	if (timezone && schedule_zone_open(&zone, timezone, err) < 0)
		return -1;
	if (text)
		r = schedule_parse(&schedule, text, zone, err);
	schedule_zone_free(zone);
	return r;
}

int64_t
schedule_interval(const struct schedule *schedule, int64_t t)
{
	int64_t due, before, after;

	if (schedule->kind != SCHEDULE_CRON)
		return schedule->kind == SCHEDULE_INTERVAL ? schedule->interval : 0;
	due = schedule_prev(schedule, t);
	if (due == CLOCK_NONE)
		due = schedule_next(schedule, t);
	if (due == CLOCK_NONE)
		return 0;
	before = schedule_prev(schedule, due - 1);
	after = schedule_next(schedule, due);
	if (before == CLOCK_NONE || after == CLOCK_NONE)
		return after == CLOCK_NONE ? CLOCK_DAY : after - due;
	return after - due < due - before ? after - due : due - before;
}

int64_t
schedule_grace(const struct schedule *schedule, int64_t grace, int64_t t)
{
	int64_t tenth;

	if (grace >= 0)
		return grace;
	tenth = schedule_interval(schedule, t) / 10;
	return tenth > CLOCK_HOUR ? tenth : CLOCK_HOUR;
}
