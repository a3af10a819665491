// The status of a series and the count of its due times, as the contract tells them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "schedule/schedule.h"

#define HOUR CLOCK_HOUR
#define DAY  CLOCK_DAY

/* 2026-11-20, a Friday, midnight UTC. */
static const int64_t day0 = 1795132800;

struct fixture {
	struct schedule_policy policy;
	struct schedule_facts facts;
	struct schedule_zone *zone;
	int64_t times[64];
};

static void
init(struct fixture *f, const char *schedule, const char *zone)
{
	struct err err = {0};

	*f = (struct fixture){.policy = {.grace = -1, .max_age = 0}};
	if (zone)
		assert_int_equal(schedule_zone_open(&f->zone, zone, NULL), 0);
	if (schedule_parse(&f->policy.schedule, schedule, f->zone, &err) < 0)
		fail_msg("%s", err.msg);
	f->facts = (struct schedule_facts){
	    .times = f->times, .first = CLOCK_NONE, .members = 2, .present = 2, .scanned = day0};
}

static void
release(struct fixture *f)
{
	schedule_zone_free(f->zone);
}

static void
add(struct fixture *f, int64_t t)
{
	assert_true(f->facts.count < ARRAY_LEN(f->times));
	f->times[f->facts.count++] = t;
}

static enum schedule_status
status_at(const struct fixture *f, int64_t now)
{
	return schedule_status(&f->policy, &f->facts, now).status;
}

#define assert_status(f, now, expected)                                                            \
	assert_string_equal(                                                                       \
	    schedule_status_word(status_at((f), (now))), schedule_status_word(expected))

static struct schedule_count
count(const struct schedule_policy *policy, const struct schedule_facts *facts, int64_t from,
    int64_t now)
{
	struct schedule_count c = {0};

	schedule_each_due(policy, facts, from, now, schedule_count_due, &c);
	return c;
}

#define assert_count(f, from, now, expected_met, expected_due)                                     \
	do {                                                                                       \
		struct schedule_count c = count(&(f)->policy, &(f)->facts, (from), (now));         \
		assert_int_equal(c.due, (expected_due));                                           \
		assert_int_equal(c.met, (expected_met));                                           \
	} while (0)

static void
an_interval_runs_from_the_last_success(void **state)
{
	struct fixture f;
	struct schedule_state s;

	(void)state;
	init(&f, "daily", NULL);
	add(&f, day0);
	add(&f, day0 + DAY + 20 * 60);
	s = schedule_status(&f.policy, &f.facts, day0 + DAY + HOUR);
	assert_int_equal(s.status, SCHEDULE_FRESH);
	assert_int_equal(s.due, day0 + 2 * DAY + 20 * 60);
	assert_int_equal(s.late, s.due + DAY / 10);
	assert_int_equal(s.interval, DAY);
	assert_status(&f, s.due, SCHEDULE_FRESH);
	assert_status(&f, s.due + 1, SCHEDULE_DUE);
	assert_status(&f, s.late, SCHEDULE_DUE);
	assert_status(&f, s.late + 1, SCHEDULE_LATE);
	assert_status(&f, s.late + DAY, SCHEDULE_LATE);
	assert_status(&f, s.late + DAY + 1, SCHEDULE_MISSING);
	f.policy.grace = 0;
	assert_status(&f, s.due + 1, SCHEDULE_LATE);
	release(&f);
}

static void
cron_has_due_times_of_its_own(void **state)
{
	struct fixture f;
	struct schedule_state s;
	int64_t due = day0 + 2 * HOUR;

	(void)state;
	init(&f, "0 2 * * *", NULL);
	add(&f, due - DAY);
	add(&f, due + 5 * 60); /* meets the due time before it */
	s = schedule_status(&f.policy, &f.facts, due + HOUR);
	assert_int_equal(s.status, SCHEDULE_FRESH);
	assert_int_equal(s.due, due + DAY);
	assert_status(&f, due + DAY, SCHEDULE_FRESH);
	assert_status(&f, due + DAY + 1, SCHEDULE_DUE);
	assert_status(&f, due + DAY + 8640, SCHEDULE_DUE);
	assert_status(&f, due + DAY + 8641, SCHEDULE_LATE);
	assert_status(&f, due + 2 * DAY + 8640, SCHEDULE_LATE);
	assert_status(&f, due + 2 * DAY + 8641, SCHEDULE_MISSING);
	/* Up to half an interval early or late it counts for the same due time. */
	f.times[1] = due - 12 * HOUR;
	assert_int_equal(schedule_status(&f.policy, &f.facts, due).due, due + DAY);
	f.times[1] = due - 12 * HOUR - 1;
	assert_int_equal(schedule_status(&f.policy, &f.facts, due).due, due);
	f.times[1] = due + 12 * HOUR - 1;
	assert_int_equal(schedule_status(&f.policy, &f.facts, due + 13 * HOUR).due, due + DAY);
	f.times[1] = due + 12 * HOUR;
	assert_int_equal(schedule_status(&f.policy, &f.facts, due + 13 * HOUR).due, due + 2 * DAY);
	release(&f);
}

static void
weekdays_are_quiet_on_sunday(void **state)
{
	struct fixture f;
	int64_t friday = day0 + 2 * HOUR;

	(void)state;
	init(&f, "0 2 * * 1-5", NULL);
	add(&f, friday - DAY);
	add(&f, friday + 60);
	assert_status(&f, friday + 2 * DAY + 12 * HOUR, SCHEDULE_FRESH);
	assert_status(&f, friday + 3 * DAY, SCHEDULE_FRESH);
	assert_status(&f, friday + 3 * DAY + HOUR, SCHEDULE_DUE);
	assert_status(&f, friday + 3 * DAY + 3 * HOUR, SCHEDULE_LATE);
	release(&f);
}

static void
a_growing_backup_holds_due(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, "daily", NULL);
	add(&f, day0);
	f.facts.growing = true;
	assert_status(&f, day0 + 12 * HOUR, SCHEDULE_FRESH);
	assert_status(&f, day0 + 30 * HOUR, SCHEDULE_DUE);
	assert_status(&f, day0 + 10 * DAY, SCHEDULE_DUE);
	f.facts.growing = false; /* it stalled */
	assert_status(&f, day0 + 30 * HOUR, SCHEDULE_LATE);
	release(&f);
}

static void
odd_states(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, "daily", NULL);
	add(&f, day0);
	/* One member is no series yet. */
	f.facts.members = 1;
	assert_status(&f, day0 + 10 * DAY, SCHEDULE_UNSCHEDULED);
	assert_count(&f, day0 - DAY, day0 + 10 * DAY, 0, 0);
	f.facts.members = 2;
	/* Nothing left. */
	f.facts.present = 0;
	assert_status(&f, day0 + HOUR, SCHEDULE_MISSING);
	f.facts.growing = true;
	assert_status(&f, day0 + HOUR, SCHEDULE_DUE);
	f.facts.growing = false;
	f.facts.present = 2;
	/* The scan is too old to say, or there was none. */
	f.policy.max_age = 2 * HOUR;
	f.facts.scanned = day0;
	assert_status(&f, day0 + 2 * HOUR, SCHEDULE_FRESH);
	assert_status(&f, day0 + 2 * HOUR + 1, SCHEDULE_UNKNOWN);
	f.facts.scanned = CLOCK_NONE;
	assert_status(&f, day0, SCHEDULE_UNKNOWN);
	assert_int_equal(schedule_status(&f.policy, &f.facts, day0).due, CLOCK_NONE);
	release(&f);

	init(&f, NULL, NULL);
	add(&f, day0);
	assert_status(&f, day0 + 100 * DAY, SCHEDULE_UNSCHEDULED);
	f.facts.present = 0;
	assert_status(&f, day0 + 100 * DAY, SCHEDULE_UNSCHEDULED);
	release(&f);
}

static void
never_a_success(void **state)
{
	struct fixture f;

	(void)state;
	/* Every backup so far was a failure: due since the first one. */
	init(&f, "0 2 * * *", NULL);
	f.facts.first = day0 + 2 * HOUR + 60;
	assert_status(&f, day0 + 3 * HOUR, SCHEDULE_DUE);
	assert_status(&f, day0 + 5 * HOUR, SCHEDULE_LATE);
	assert_status(&f, day0 + 3 * DAY, SCHEDULE_MISSING);
	assert_count(&f, day0, day0 + 3 * DAY, 0, 3);
	release(&f);
	init(&f, "daily", NULL);
	f.facts.first = day0;
	assert_status(&f, day0 + 5 * DAY, SCHEDULE_MISSING);
	assert_count(&f, day0, day0 + 5 * DAY, 0, 4);
	f.facts.first = CLOCK_NONE;
	assert_status(&f, day0 + 5 * DAY, SCHEDULE_UNSCHEDULED);
	assert_count(&f, day0, day0 + 5 * DAY, 0, 0);
	release(&f);
}

static void
cron_counts_each_due_time(void **state)
{
	struct fixture f;
	int64_t due = day0 + 2 * HOUR;

	(void)state;
	init(&f, "0 2 * * *", NULL);
	for (int i = 0; i < 7; i++) {
		if (i != 3)
			add(&f, due + i * DAY + 300);
	}
	assert_count(&f, day0 - 7 * DAY, due + 6 * DAY + 4 * HOUR, 6, 7);
	/* Not before the first evidence, and only once the grace is over. */
	assert_count(&f, day0 - 700 * DAY, due + 6 * DAY + HOUR, 5, 6);
	/* A window of two days. */
	assert_count(&f, due + 5 * DAY, due + 6 * DAY + 4 * HOUR, 2, 2);
	/* A window without a due time reaches back to the last one. */
	assert_count(&f, due + 6 * DAY + HOUR, due + 6 * DAY + 4 * HOUR, 1, 1);
	assert_count(&f, due + 4 * DAY - HOUR, due + 4 * DAY - HOUR + 1, 0, 1);
	/* Several backups of one night are one due time met. */
	add(&f, due + 6 * DAY + 900);
	add(&f, due + 6 * DAY + 1900);
	assert_count(&f, day0, due + 6 * DAY + 4 * HOUR, 6, 7);
	release(&f);
}

static void
a_weekly_series_counts_in_a_window_of_a_day(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, "0 2 * * sun", NULL);
	add(&f, day0 + 2 * DAY + 3 * HOUR - 14 * DAY);
	assert_count(&f, day0 - DAY, day0, 0, 1);
	add(&f, day0 + 2 * DAY + 3 * HOUR - 7 * DAY);
	assert_count(&f, day0 - DAY, day0, 1, 1);
	assert_count(&f, day0 - 30 * DAY, day0, 2, 2);
	release(&f);
}

static void
intervals_count_from_success_to_success(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, "daily", NULL);
	for (int i = 0; i < 5; i++)
		add(&f, day0 + i * (DAY + 600)); /* a little later each night */
	assert_count(&f, day0, day0 + 5 * DAY, 4, 4);
	/* Two nights out: the day after the last success, and the one after that. */
	assert_count(&f, day0, day0 + 7 * DAY, 4, 6);
	/* Then it comes back: three due times stood before it, the last of them is met. */
	add(&f, day0 + 7 * DAY + 4 * HOUR);
	assert_count(&f, day0, day0 + 8 * DAY, 5, 7);
	release(&f);
}

static void
backups_between_only_move_the_due_time(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, "daily", NULL);
	for (int i = 0; i < 3; i++) {
		for (int hour = 0; hour < 5; hour++)
			add(&f, day0 + i * DAY + hour * HOUR);
	}
	assert_count(&f, day0, day0 + 3 * DAY, 2, 2);
	release(&f);
	/* One by hand in the evening, the next a day after that: never late, so nothing is unmet. */
	init(&f, "daily", NULL);
	add(&f, day0);
	add(&f, day0 + 10 * HOUR);
	add(&f, day0 + 34 * HOUR);
	assert_status(&f, day0 + 35 * HOUR, SCHEDULE_FRESH);
	assert_count(&f, day0, day0 + 40 * HOUR, 1, 1);
	release(&f);
}

static void
an_hourly_series_inside_its_grace_is_met(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, "hourly", NULL); /* grace is one hour */
	for (int i = 0; i < 10; i++)
		add(&f, day0 + i * 110 * 60);
	assert_status(&f, day0 + 9 * 110 * 60 + 7200, SCHEDULE_DUE);
	assert_count(&f, day0, day0 + 10 * 110 * 60, 9, 9);
	release(&f);
}

static void
a_change_of_clocks_is_no_failure(void **state)
{
	struct fixture f;
	int64_t t = CLOCK_NONE;

	(void)state;
	init(&f, "30 2 * * *", "Europe/Berlin");
	t = schedule_next(&f.policy.schedule, 1774396800 - DAY); /* 2026-03-24 */
	for (int i = 0; i < 9; i++) {
		add(&f, t + 120);
		t = schedule_next(&f.policy.schedule, t);
	}
	assert_count(&f, f.times[0] - DAY, t, 9, 9);
	for (int64_t now = f.times[1]; now < t; now += 1800) {
		struct schedule_facts facts = f.facts;

		while (facts.count > 0 && f.times[facts.count - 1] > now)
			facts.count--;
		assert_true(schedule_status(&f.policy, &facts, now).status <= SCHEDULE_DUE);
	}
	release(&f);

	init(&f, "30 2 * * *", "Europe/Berlin");
	t = schedule_next(&f.policy.schedule, 1792540800); /* 2026-10-21 */
	for (int i = 0; i < 9; i++) {
		add(&f, t + 120);
		t = schedule_next(&f.policy.schedule, t);
	}
	assert_count(&f, f.times[0] - DAY, t, 9, 9);
	release(&f);
}

struct seen {
	size_t count;
	int64_t last;
	size_t unmet;
};

static void
see(void *ctx, int64_t due, int64_t met)
{
	struct seen *seen = ctx;

	assert_true(seen->count == 0 || due > seen->last);
	seen->last = due;
	seen->count++;
	seen->unmet += met == CLOCK_NONE;
}

/* Whatever the times are: due times ascend, an unmet one means that it once was late, a series
 * that never was late has none, and what is counted is over. */
static void
random_histories(void **state)
{
	static const char *const schedules[] = {"daily", "every 6h", "0 2 * * *", "0 */6 * * *",
	    "0 2 * * 1-5", "hourly", "*/30 * * * *"};
	unsigned seed = 12345;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct fixture f;
		struct seen seen = {0};
		int64_t t = day0;
		int64_t now = 0;
		size_t late = 0;

		init(&f, schedules[round % (int)ARRAY_LEN(schedules)], NULL);
		for (int i = 0; i < 20; i++) {
			add(&f, t);
			seed = seed * 1103515245 + 12345;
			t += 60 + (int64_t)(seed >> 8) % (36 * HOUR);
		}
		now = t;
		for (size_t i = 0; i < 20; i++) {
			struct schedule_facts facts = f.facts;

			facts.count = i + 1;
			facts.first = f.times[0];
			late += schedule_status(
				    &f.policy, &facts, i + 1 < 20 ? f.times[i + 1] - 1 : now)
				    .status > SCHEDULE_DUE;
		}
		schedule_each_due(&f.policy, &f.facts, day0, now, see, &seen);
		if (f.policy.schedule.kind == SCHEDULE_INTERVAL && late == 0)
			assert_int_equal(seen.unmet, 0);
		if (seen.count > 0)
			assert_true(seen.last < now);
		release(&f);
	}
}

static void
a_window_needs_no_more_than_its_reach(void **state)
{
	static const char *const schedules[] = {"daily", "0 2 * * *", "weekly", "0 2 * * sun"};
	int64_t now = day0 + 60 * DAY;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(schedules); i++) {
		struct fixture f;
		struct schedule_count all, cut;
		struct schedule_facts facts;
		int64_t reach;
		size_t first = 0;

		int step = i < 2 ? 1 : 7;

		init(&f, schedules[i], NULL);
		for (int day = 0; day < 60; day += step) {
			if (day / step % 11 != 5)
				add(&f, day0 + day * DAY + 2 * HOUR + 60);
		}
		all = count(&f.policy, &f.facts, now - 7 * DAY, now);
		reach = schedule_reach(&f.policy, now - 7 * DAY, now);
		while (f.times[first + 1] < reach)
			first++;
		facts = f.facts;
		facts.times += first;
		facts.count -= first;
		cut = count(&f.policy, &facts, now - 7 * DAY, now);
		assert_int_equal(cut.due, all.due);
		assert_int_equal(cut.met, all.met);
		release(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_interval_runs_from_the_last_success),
	    cmocka_unit_test(cron_has_due_times_of_its_own),
	    cmocka_unit_test(weekdays_are_quiet_on_sunday),
	    cmocka_unit_test(a_growing_backup_holds_due),
	    cmocka_unit_test(odd_states),
	    cmocka_unit_test(never_a_success),
	    cmocka_unit_test(cron_counts_each_due_time),
	    cmocka_unit_test(a_weekly_series_counts_in_a_window_of_a_day),
	    cmocka_unit_test(intervals_count_from_success_to_success),
	    cmocka_unit_test(backups_between_only_move_the_due_time),
	    cmocka_unit_test(an_hourly_series_inside_its_grace_is_met),
	    cmocka_unit_test(a_change_of_clocks_is_no_failure),
	    cmocka_unit_test(random_histories),
	    cmocka_unit_test(a_window_needs_no_more_than_its_reach),
	};

	return cmocka_run_group_tests_name("schedule/status", tests, NULL, NULL);
}
