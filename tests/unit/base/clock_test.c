// Instants as text both ways, civil dates, the clock that does not jump.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

static void
text_of_an_instant(void **state)
{
	char text[CLOCK_TEXT_LEN];

	(void)state;
	assert_string_equal(clock_format(0, text), "1970-01-01T00:00:00Z");
	assert_string_equal(clock_format(1763776805, text), "2025-11-22T02:00:05Z");
	assert_string_equal(clock_format(951782400, text), "2000-02-29T00:00:00Z");
	assert_string_equal(clock_format(-1, text), "1969-12-31T23:59:59Z");
	assert_string_equal(clock_format(INT64_MAX, text), "9999-12-31T23:59:59Z");
	assert_string_equal(clock_format(-INT64_MAX, text), "0000-01-01T00:00:00Z");
}

static void
an_instant_from_text(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} rows[] = {{"1970-01-01T00:00:00Z", 0}, {"2025-11-22T02:00:05Z", 1763776805},
	    {"2025-11-22T03:00:05+01:00", 1763776805}, {"2025-11-22T02:00:05.999Z", 1763776805},
	    {"2025-11-21T20:30:05-05:30", 1763776805}, {"2000-02-29", 951782400}, {"@12", 12},
	    {"@-12", -12}};
	static const char *const bad[] = {"", "x", "2025-13-01", "2025-02-29",
	    "2025-11-22T24:00:01Z", "2025-11-22T02:00:05", "2025-11-22T02:00:05Zx",
	    "2025-11-22 02:00", "@", "@1x", "2025-11-22T02:60:05Z", "2025-1-2",
	    "2025-11-22T02:00:05+25:00"};
	int64_t t = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (clock_parse(rows[i].text, &t, NULL) < 0 || t != rows[i].t)
			fail_msg("'%s' gave %lld", rows[i].text, (long long)t);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (clock_parse(bad[i], &t, NULL) == 0)
			fail_msg("'%s' was taken for a time", bad[i]);
	}
}

static void
there_and_back(void **state)
{
	char text[CLOCK_TEXT_LEN];
	int64_t back;

	(void)state;
	for (int64_t t = -62167219200LL; t < 253402300799LL; t += 86400LL * 97 + 3671) {
		assert_int_equal(clock_parse(clock_format(t, text), &back, NULL), 0);
		assert_true(back == t);
	}
	assert_int_equal(clock_days_from_civil(1970, 1, 1), 0);
	assert_int_equal(clock_days_from_civil(2000, 3, 1), 11017);
	assert_int_equal(clock_days_from_civil(1969, 12, 31), -1);
}

static void
clocks_go_on(void **state)
{
	int64_t a = clock_mono_ms(), b = clock_mono_ms();

	(void)state;
	assert_true(b >= a);
	assert_true(clock_wall() > 1600000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_of_an_instant),
	    cmocka_unit_test(an_instant_from_text),
	    cmocka_unit_test(there_and_back),
	    cmocka_unit_test(clocks_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
