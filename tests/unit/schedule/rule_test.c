// Schedules as people write them, and what is said about those that are none.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "schedule/schedule.h"

struct interval_case {
	const char *text;
	int64_t seconds;
};

static void
words_and_intervals(void **state)
{
	static const struct interval_case cases[] = {
	    {"hourly", 3600},
	    {"daily", 86400},
	    {"nightly", 86400},
	    {"weekly", 7 * 86400},
	    {"fortnightly", 14 * 86400},
	    {"biweekly", 14 * 86400},
	    {"monthly", 31 * 86400},
	    {"quarterly", 92 * 86400},
	    {"yearly", 366 * 86400},
	    {"annually", 366 * 86400},
	    {"Daily", 86400},
	    {" daily ", 86400},
	    {"every 6h", 6 * 3600},
	    {"every 90m", 5400},
	    {"every 1h30m", 5400},
	    {"every day", 86400},
	    {"every 2 days", 2 * 86400},
	    {"every 2days", 2 * 86400},
	    {"EVERY  12  Hours", 12 * 3600},
	    {"every 15 minutes", 900},
	    {"every 15 min", 900},
	    {"every week", 7 * 86400},
	    {"every 1w", 7 * 86400},
	    {"every month", 31 * 86400},
	    {"every 10 years", 3660 * 86400},
	    {"every night", 86400},
	    {"every 60s", 60},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct schedule schedule;
		struct err err = {0};

		if (schedule_parse(&schedule, cases[i].text, NULL, &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(schedule.kind, SCHEDULE_INTERVAL);
		assert_int_equal(schedule.interval, cases[i].seconds);
		assert_int_equal(schedule_interval(&schedule, 0), cases[i].seconds);
		assert_int_equal(schedule_next(&schedule, 0), CLOCK_NONE);
		assert_int_equal(schedule_prev(&schedule, 0), CLOCK_NONE);
	}
}

static void
no_schedule(void **state)
{
	static const char *const texts[] = {NULL, "", "  ", "none", "manual", "Never"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct schedule schedule;

		assert_int_equal(schedule_parse(&schedule, texts[i], NULL, NULL), 0);
		assert_int_equal(schedule.kind, SCHEDULE_NONE);
		assert_int_equal(schedule_interval(&schedule, 0), 0);
	}
}

struct bad_case {
	const char *text;
	const char *message;
};

static void
mistakes_are_named(void **state)
{
	static const struct bad_case cases[] = {
	    {"dayly", "did you mean 'daily'"},
	    {"whenever", "unknown schedule 'whenever'"},
	    {"12h", "unknown schedule '12h'"},
	    {"every", "unknown schedule"},
	    {"every ", "unknown schedule"},
	    {"every moon", "'every moon' is no interval"},
	    {"every 0h", "out of range"},
	    {"every 10s", "out of range"},
	    {"every 11 years", "out of range"},
	    {"every 99999999 days", "'every 99999999 days' is no interval"},
	    {"every -1h", "is no interval"},
	    {"0 2 * *", "has 4"},
	    {"0 2 * * * *", "has 6"},
	    {"60 2 * * *", "bad minute '60'"},
	    {"0 24 * * *", "bad hour '24'"},
	    {"0 2 0 * *", "bad day of month '0'"},
	    {"0 2 32 * *", "bad day of month '32'"},
	    {"0 2 * 13 *", "bad month '13'"},
	    {"0 2 * * 8", "bad day of week '8'"},
	    {"0 2 * * mond", "bad day of week 'mond'"},
	    {"0 2 * * fri-mon", "bad day of week 'fri-mon'"},
	    {"5-1 2 * * *", "bad minute '5-1'"},
	    {"*/0 2 * * *", "bad minute '*/0'"},
	    {"1,,2 2 * * *", "bad minute '1,,2'"},
	    {"1, 2 * * *", "bad minute '1,'"},
	    {"* * * * *x", "bad day of week '*x'"},
	    {"0 2 30 2 *", "is never due"},
	    {"0 2 31 4,6,9,11 *", "is never due"},
	    {"@reboot", "unknown schedule '@reboot'"},
	    {"@dayly", "unknown schedule '@dayly'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct schedule schedule;
		struct err err = {0};

		if (schedule_parse(&schedule, cases[i].text, NULL, &err) == 0)
			fail_msg("'%s' was accepted", cases[i].text);
		assert_int_equal(err.code, ERR_CONFIG);
		if (!strstr(err.msg, cases[i].message))
			fail_msg("'%s': %s", cases[i].text, err.msg);
	}
}

static void
a_long_text_is_refused(void **state)
{
	struct schedule schedule;
	struct err err = {0};
	char text[400];

	(void)state;
	memset(text, '1', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(schedule_parse(&schedule, text, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "longer than"));
}

static void
configuration_check(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(schedule_check("daily", NULL, &err), 0);
	assert_int_equal(schedule_check(NULL, "Europe/Berlin", &err), 0);
	assert_int_equal(schedule_check("0 2 * * *", "Europe/Berlin", &err), 0);
	assert_int_equal(schedule_check(NULL, NULL, &err), 0);
	assert_int_equal(schedule_check("0 2 * * *", "Europe/Berlni", &err), -1);
	assert_non_null(strstr(err.msg, "unknown time zone 'Europe/Berlni'"));
	assert_int_equal(schedule_check("0 2 * *", "Europe/Berlin", &err), -1);
}

static void
grace_is_a_tenth_but_an_hour_at_least(void **state)
{
	struct schedule schedule;

	(void)state;
	assert_int_equal(schedule_parse(&schedule, "daily", NULL, NULL), 0);
	assert_int_equal(schedule_grace(&schedule, -1, 0), 8640);
	assert_int_equal(schedule_grace(&schedule, 60, 0), 60);
	assert_int_equal(schedule_grace(&schedule, 0, 0), 0);
	assert_int_equal(schedule_parse(&schedule, "hourly", NULL, NULL), 0);
	assert_int_equal(schedule_grace(&schedule, -1, 0), 3600);
	assert_int_equal(schedule_parse(&schedule, "0 2 * * *", NULL, NULL), 0);
	assert_int_equal(schedule_interval(&schedule, 1763863200), 86400);
	assert_int_equal(schedule_grace(&schedule, -1, 1763863200), 8640);
	/* Friday to Monday is three days: the rhythm is one. */
	assert_int_equal(schedule_parse(&schedule, "0 2 * * 1-5", NULL, NULL), 0);
	assert_int_equal(schedule_interval(&schedule, 1763863200), 86400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_and_intervals),
	    cmocka_unit_test(no_schedule),
	    cmocka_unit_test(mistakes_are_named),
	    cmocka_unit_test(a_long_text_is_refused),
	    cmocka_unit_test(configuration_check),
	    cmocka_unit_test(grace_is_a_tenth_but_an_hour_at_least),
	};

	return cmocka_run_group_tests_name("schedule/rule", tests, NULL, NULL);
}
