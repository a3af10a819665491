// Time zones: every offset and every wall-clock time as the C library has them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "schedule/schedule.h"

static const char *const zones[] = {
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "America/Nuuk",
    "EST5EDT",
    "Etc/GMT+12",
};

static const char *const rules[] = {
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
    "IST-2IDT,M3.4.4/26,M10.5.0",
    "EST5EDT",
    "AAA3BBB,J60/0,J300/0",
    "AAA3BBB,59/0,299/0",
    "<+0330>-3:30",
};

static int64_t
start_of(int64_t year)
{
	return clock_days_from_civil(year, 1, 1) * CLOCK_DAY;
}

static void
set_zone(const char *name)
{
	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
}

static void
compare_with_libc(const char *name, int64_t from, int64_t to, int64_t step)
{
	struct schedule_zone *zone = NULL;
	struct err err = {0};

	if (schedule_zone_open(&zone, name, &err) < 0)
		fail_msg("%s", err.msg);
	set_zone(name);
	for (int64_t t = from; t < to; t += step) {
		struct schedule_era era = schedule_zone_era(zone, t);
		time_t tt = (time_t)t;
		struct tm tm;

		assert_non_null(localtime_r(&tt, &tm));
		if (era.offset != tm.tm_gmtoff)
			fail_msg("%s at %lld: %d, not %ld", name, (long long)t, era.offset,
			    tm.tm_gmtoff);
		if (era.start != INT64_MIN) {
			assert_true(era.start <= t);
			assert_int_equal(schedule_zone_era(zone, era.start).offset, era.offset);
		}
	}
	schedule_zone_free(zone);
}

static void
offsets_are_those_of_libc(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
		compare_with_libc(zones[i], start_of(1960), start_of(2100), 5 * CLOCK_DAY + 1234);
		compare_with_libc(zones[i], start_of(2026), start_of(2027), 1800);
		compare_with_libc(zones[i], start_of(2061), start_of(2062), 1800);
	}
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		compare_with_libc(rules[i], start_of(2024), start_of(2027), 1800);
}

/* First showing by looking at every quarter of an hour; skipped times: the first later instant. */
static void
wall_clock_times_are_the_first_showing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
		struct schedule_zone *zone = NULL;
		int64_t shown = INT64_MIN, from = start_of(2026), t;

		assert_int_equal(schedule_zone_open(&zone, zones[i], NULL), 0);
		for (t = from; t < from + 366 * CLOCK_DAY; t += 900) {
			int64_t local = t + schedule_zone_era(zone, t).offset;

			if (shown != INT64_MIN && local > shown + 900) {
				for (int64_t skipped = shown + 900; skipped < local; skipped += 900)
					assert_int_equal(schedule_zone_to_utc(zone, skipped), t);
			}
			if (local > shown) {
				assert_int_equal(schedule_zone_to_utc(zone, local), t);
				shown = local;
			} else {
				assert_true(schedule_zone_to_utc(zone, local) < t);
			}
		}
		schedule_zone_free(zone);
	}
}

static void
a_day_can_be_skipped(void **state)
{
	struct schedule_zone *zone = NULL;
	int64_t day = clock_days_from_civil(2011, 12, 30) * CLOCK_DAY;
	int64_t gap = clock_days_from_civil(2011, 12, 30) * CLOCK_DAY + 10 * CLOCK_HOUR;

	(void)state;
	/* Samoa went over the date line: 30 December 2011 was not there. */
	assert_int_equal(schedule_zone_open(&zone, "Pacific/Apia", NULL), 0);
	for (int64_t local = day; local < day + CLOCK_DAY; local += CLOCK_HOUR)
		assert_int_equal(schedule_zone_to_utc(zone, local), gap);
	schedule_zone_free(zone);
}

static void
bad_names_are_refused(void **state)
{
	static const char *const names[] = {"", "Europe/Nowhere", "../../etc/passwd", "/etc/passwd",
	    "Europe", "Mars", "CET-1CEST,", "CET-1CEST,M13.1.0,M10.5.0", "CET-1CEST,M3.5.0", "A1",
	    "CET-99", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J5", "CET-1CEST,400,5", "CET-1 ",
	    "<CET-1", "tzdata.zi", "Europe/Berlin\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct schedule_zone *zone = NULL;
		struct err err = {0};

		if (schedule_zone_open(&zone, names[i], &err) == 0)
			fail_msg("'%s' was accepted", names[i]);
		assert_int_equal(err.code, ERR_CONFIG);
		assert_non_null(strstr(err.msg, "unknown time zone"));
		assert_null(zone);
	}
}

static void
the_machines_zone_is_there(void **state)
{
	struct schedule_zone *zone = NULL;

	(void)state;
	assert_int_equal(schedule_zone_open(&zone, "local", NULL), 0);
	schedule_zone_free(zone);
	assert_int_equal(schedule_zone_era(NULL, 1234).offset, 0);
	assert_int_equal(schedule_zone_to_utc(NULL, 1234), 1234);
}

static void
damaged_files_are_refused(void **state)
{
	struct buf file = BUF_INIT;
	struct schedule_zone *zone;

	(void)state;
	assert_int_equal(
	    fsio_read_file("/usr/share/zoneinfo/Europe/Berlin", 100000, &file, NULL), 0);
	for (size_t len = 0; len < file.len; len++) {
		zone = NULL;
		assert_int_equal(schedule_zone_read(&zone, file.data, len, NULL), -1);
		assert_null(zone);
	}
	/* No byte may make it crash; what it accepts must answer. */
	for (size_t i = 0; i < file.len; i++) {
		char kept = file.data[i];

		file.data[i] = (char)(kept ^ 0x80);
		zone = NULL;
		if (schedule_zone_read(&zone, file.data, file.len, NULL) == 0)
			(void)schedule_zone_to_utc(zone, 1760000000);
		schedule_zone_free(zone);
		file.data[i] = kept;
	}
	assert_int_equal(schedule_zone_read(&zone, file.data, file.len, NULL), 0);
	schedule_zone_free(zone);
	buf_release(&file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(offsets_are_those_of_libc),
	    cmocka_unit_test(wall_clock_times_are_the_first_showing),
	    cmocka_unit_test(a_day_can_be_skipped),
	    cmocka_unit_test(bad_names_are_refused),
	    cmocka_unit_test(the_machines_zone_is_there),
	    cmocka_unit_test(damaged_files_are_refused),
	};

	return cmocka_run_group_tests_name("schedule/zone", tests, NULL, NULL);
}
