// Cron due times against a slow oracle: every minute of the clock on the wall, as libc shows it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "schedule/schedule.h"

/* The expression again, as a function of the wall clock: nothing shared with the code under test. */
struct oracle {
	const char *text;
	bool (*matches)(const struct tm *tm);
};

static bool
at_0200(const struct tm *tm)
{
	return tm->tm_hour == 2 && tm->tm_min == 0;
}

static bool
at_0230(const struct tm *tm)
{
	return tm->tm_hour == 2 && tm->tm_min == 30;
}

static bool
each_quarter(const struct tm *tm)
{
	return tm->tm_min % 15 == 0;
}

static bool
each_hour_at_7(const struct tm *tm)
{
	return tm->tm_min == 7;
}

static bool
weekdays_at_1(const struct tm *tm)
{
	return tm->tm_wday >= 1 && tm->tm_wday <= 5 && tm->tm_hour == 1 && tm->tm_min == 59;
}

static bool
sundays(const struct tm *tm)
{
	return tm->tm_wday == 0 && tm->tm_hour == 3 && tm->tm_min == 0;
}

static bool
first_or_friday(const struct tm *tm)
{
	return (tm->tm_mday == 1 || tm->tm_wday == 5) && tm->tm_hour == 0 && tm->tm_min == 5;
}

static bool
odd_days_and_monday(const struct tm *tm)
{
	return tm->tm_mday % 2 == 1 && tm->tm_wday == 1 && tm->tm_hour == 4 && tm->tm_min == 0;
}

static bool
twice_in_the_night(const struct tm *tm)
{
	return (tm->tm_hour == 1 || tm->tm_hour == 2) && (tm->tm_min == 10 || tm->tm_min == 40);
}

static bool
march_and_october(const struct tm *tm)
{
	return (tm->tm_mon == 2 || tm->tm_mon == 9) && tm->tm_hour % 6 == 0 && tm->tm_min == 0;
}

static const struct oracle oracles[] = {
    {"0 2 * * *", at_0200},
    {"30 2 * * *", at_0230},
    {"*/15 * * * *", each_quarter},
    {"7 * * * *", each_hour_at_7},
    {"59 1 * * mon-fri", weekdays_at_1},
    {"0 3 * * 7", sundays},
    {"5 0 1 * fri", first_or_friday},
    {"0 4 */2 * mon", odd_days_and_monday},
    {"10,40 1-2 * * *", twice_in_the_night},
    {"0 */6 * mar,oct *", march_and_october},
};

static const char *const zones[] = {
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Casablanca",
    "America/Nuuk",
    "Asia/Kathmandu",
};

struct dues {
	int64_t *times;
	size_t count, cap;
};

static void
dues_add(struct dues *dues, int64_t t)
{
	if (dues->count > 0 && dues->times[dues->count - 1] == t)
		return;
	MEM_GROW(dues->times, dues->count, dues->cap);
	dues->times[dues->count++] = t;
}

/* Each wall-clock minute once: at its first showing, or when the gap that swallowed it ends. */
static void
find_dues(const struct oracle *oracle, int64_t from, int64_t to, struct dues *dues)
{
	int64_t shown = INT64_MIN;

	for (int64_t t = from; t < to; t += 60) {
		time_t tt = (time_t)t;
		struct tm tm;
		int64_t local;

		assert_non_null(localtime_r(&tt, &tm));
		local = t + tm.tm_gmtoff;
		if (shown == INT64_MIN)
			shown = local - 60;
		for (int64_t minute = shown + 60; minute <= local; minute += 60) {
			time_t wall = (time_t)minute;

			assert_non_null(gmtime_r(&wall, &tm));
			if (oracle->matches(&tm))
				dues_add(dues, t);
		}
		if (local > shown)
			shown = local;
	}
}

static void
compare(const struct oracle *oracle, const char *zone_name, int64_t from, int64_t to)
{
	struct schedule_zone *zone = NULL;
	struct schedule schedule;
	struct dues dues = {0};
	struct err err = {0};
	int64_t t = from - 1;

	assert_int_equal(schedule_zone_open(&zone, zone_name, NULL), 0);
	if (schedule_parse(&schedule, oracle->text, zone, &err) < 0)
		fail_msg("%s", err.msg);
	find_dues(oracle, from, to, &dues);
	assert_true(dues.count > 0);
	for (size_t i = 0; i < dues.count; i++) {
		int64_t due = dues.times[i];

		t = schedule_next(&schedule, t);
		if (t != due)
			fail_msg("'%s' in %s: next is %lld, not %lld", oracle->text, zone_name,
			    (long long)t, (long long)due);
		assert_int_equal(schedule_prev(&schedule, due), due);
		if (i > 0) {
			assert_int_equal(schedule_prev(&schedule, due - 1), dues.times[i - 1]);
			assert_int_equal(schedule_next(&schedule, due - 1), due);
			assert_int_equal(schedule_next(&schedule,
					     dues.times[i - 1] + (due - dues.times[i - 1]) / 2),
			    due);
		}
	}
	free(dues.times);
	schedule_zone_free(zone);
}

static void
due_times_are_those_of_the_wall_clock(void **state)
{
	bool soak = getenv("BKM_SOAK") != NULL;

	(void)state;
	for (size_t z = 0; z < ARRAY_LEN(zones); z++) {
		assert_int_equal(setenv("TZ", zones[z], 1), 0);
		tzset();
		for (size_t i = 0; i < ARRAY_LEN(oracles); i++) {
			int64_t year = clock_days_from_civil(2026, 1, 1) * CLOCK_DAY;

			if (soak) {
				compare(&oracles[i], zones[z], year, year + 3 * 365 * CLOCK_DAY);
				continue;
			}
			/* Around the changes of either half of the year. */
			compare(
			    &oracles[i], zones[z], year + 60 * CLOCK_DAY, year + 98 * CLOCK_DAY);
			compare(
			    &oracles[i], zones[z], year + 275 * CLOCK_DAY, year + 307 * CLOCK_DAY);
		}
	}
}

static int64_t
at(const char *text)
{
	int64_t t = 0;

	assert_int_equal(clock_parse(text, &t, NULL), 0);
	return t;
}

struct next_case {
	const char *schedule, *zone, *after, *next;
};

static void
edge_cases(void **state)
{
	static const struct next_case cases[] = {
	    {"0 0 29 2 *", "UTC", "2026-01-01", "2028-02-29T00:00:00Z"},
	    {"0 0 29 2 *", "UTC", "2096-03-01", "2104-02-29T00:00:00Z"},
	    {"0 0 31 * *", "UTC", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"},
	    {"0 0 1 1 *", "UTC", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
	    {"59 23 31 12 *", "UTC", "2026-12-31T23:58:59Z", "2026-12-31T23:59:00Z"},
	    {"0 0 * * 0", "UTC", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"},
	    {"0 0 * * 7", "UTC", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"},
	    {"@weekly", "UTC", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"},
	    {"@daily", "UTC", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"},
	    {"@midnight", "UTC", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"},
	    {"@hourly", "UTC", "2026-11-22T00:00:00Z", "2026-11-22T01:00:00Z"},
	    {"@monthly", "UTC", "2026-11-22T00:00:00Z", "2026-12-01T00:00:00Z"},
	    {"@yearly", "UTC", "2026-11-22T00:00:00Z", "2027-01-01T00:00:00Z"},
	    {"@annually", "UTC", "2026-11-22T00:00:00Z", "2027-01-01T00:00:00Z"},
	    {"10/20 5 * * *", "UTC", "2026-11-22T05:10:00Z", "2026-11-22T05:30:00Z"},
	    {"0 0 * * FRI-sat", "UTC", "2026-11-22T00:00:00Z", "2026-11-27T00:00:00Z"},
	    {"0\t2  * * *", "UTC", "2026-11-22T00:00:00Z", "2026-11-22T02:00:00Z"},
	    {"  0 2 * * *  ", "UTC", "2026-11-22T00:00:00Z", "2026-11-22T02:00:00Z"},
	    /* Berlin, 29 March 2026: 02:00 to 03:00 is skipped; due when the gap ends, once. */
	    {"30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
	    {"30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"},
	    {"*/10 * * * *", "Europe/Berlin", "2026-03-29T00:50:00Z", "2026-03-29T01:00:00Z"},
	    {"*/10 * * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T01:10:00Z"},
	    /* Berlin, 25 October 2026: 02:00 to 03:00 comes twice; due at the first. */
	    {"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
	    {"30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
	    {"0 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct schedule_zone *zone = NULL;
		struct schedule schedule;
		char text[CLOCK_TEXT_LEN];

		assert_int_equal(schedule_zone_open(&zone, cases[i].zone, NULL), 0);
		assert_int_equal(schedule_parse(&schedule, cases[i].schedule, zone, NULL), 0);
		assert_int_equal(schedule.kind, SCHEDULE_CRON);
		clock_format(schedule_next(&schedule, at(cases[i].after)), text);
		assert_string_equal(text, cases[i].next);
		schedule_zone_free(zone);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(edge_cases),
	    cmocka_unit_test(due_times_are_those_of_the_wall_clock),
	};

	return cmocka_run_group_tests_name("schedule/cron", tests, NULL, NULL);
}
