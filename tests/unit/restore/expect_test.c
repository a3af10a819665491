// What the values mean that a restored database gives: truth, comparisons, times.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "restore/restore_private.h"

static void
truth(void **state)
{
	static const char *const yes[] = {"1", "t", "true", "-1", "0.5", "x", "1e3", "00001"};
	static const char *const no[] = {"", "0", "0.0", "-0", "f", "false", "FALSE", "0e5"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(restore_value_true(yes[i]));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(restore_value_true(no[i]));
}

static void
comparisons(void **state)
{
	static const struct {
		const char *actual, *expected;
		bool is;
	} cases[] = {
	    {"10", "10", true},
	    {"10", "== 10.0", true},
	    {"10", "=10", true},
	    {"9", "< 10", true},
	    {"9", ">= 10", false},
	    {"10", ">=10", true},
	    {"10", "<= 9", false},
	    {"10", "<=10", true},
	    {"10", "!= 10", false},
	    {"10", "<> 11", true},
	    {"-5", "> -6", true},
	    /* beyond what a double can tell apart */
	    {"9007199254740993", "> 9007199254740992", true},
	    {"9007199254740993", "== 9007199254740992", false},
	    {"1e3", "1000", true},
	    /* text: byte by byte */
	    {"abc", "abc", true},
	    {"abc", "== abd", false},
	    {"abc", "< abd", true},
	    {"9a", "< 10a", false},
	    {"", "==", true},
	    {"x", "!=", true},
	    {"nan", "nan", true},
	    {"0x10", "16", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (restore_value_is(cases[i].actual, cases[i].expected) != cases[i].is)
			fail_msg("%s %s", cases[i].actual, cases[i].expected);
	}
}

static void
times(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} cases[] = {
	    {"2026-03-10 19:00:00", 1773169200},
	    {"2026-03-10T19:00:00Z", 1773169200},
	    {"2026-03-10 19:00:00.123456", 1773169200},
	    {"2026-03-10 19:00:00+00", 1773169200},
	    {"2026-03-10 20:00:00.5+01", 1773169200},
	    {"2026-03-10 14:00:00-0500", 1773169200},
	    {"2026-03-11 00:30:00+05:30", 1773169200},
	    {"2026-03-10 19:00", 1773169200},
	    {"2026-03-10 19:00:00 UTC", 1773169200},
	    {"2026-03-10", 1773100800},
	    {"1773169200", 1773169200},
	    {"1773169200.75", 1773169200},
	    {"1773169200123", 1773169200},
	    {"1773169200123456", 1773169200},
	    {"1773169200123456789", 1773169200},
	};
	static const char *const none[] = {"", "yesterday", "2026-13-40", "2026-03-10 25:00:00",
	    "12:00:00", "2026-03-10 19:00:00 Europe/Berlin"};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (restore_value_time(cases[i].text, &t) < 0 || t != cases[i].t)
			fail_msg("%s", cases[i].text);
	}
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		if (restore_value_time(none[i], &t) == 0)
			fail_msg("%s", none[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(truth),
	    cmocka_unit_test(comparisons),
	    cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
