// The ledger: years of nights over synthetic backups; every byte has its turn, nothing starves.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "verify/verify.h"

#define START    INT64_C(1700000000)
#define INTERVAL (30 * (int64_t)CLOCK_DAY)
#define MB       UINT64_C(1000000)
#define MAX      20000

/* A world of backups and the nights that pass over it. */
struct world {
	struct verify_entry entries[MAX];
	size_t count;
	int64_t now, next_id;
	struct verify_night night;
	uint64_t spent, largest;          /* of the last night */
	size_t missed_new, missed_failed; /* due, and not reached in the last night */
};

static struct world *
world_new(uint64_t budget)
{
	struct world *w = mem_alloc(sizeof(*w));
	w->now = START;
	w->night = (struct verify_night){.interval = INTERVAL, .budget = budget};
	return w;
}

static struct verify_entry *
come(struct world *w, uint64_t size, int64_t retention)
{
	assert_true(w->count < MAX);
	struct verify_entry *e = &w->entries[w->count++];
	*e = (struct verify_entry){
	    .id = ++w->next_id,
	    .size = size,
	    .time = w->now,
	    .since = w->now,
	    .expires = retention ? w->now + retention : CLOCK_NONE,
	    .never = true,
	};
	return e;
}

static void
prune(struct world *w)
{
	size_t kept = 0;
	for (size_t i = 0; i < w->count; i++)
		if (w->entries[i].expires == CLOCK_NONE || w->entries[i].expires > w->now)
			w->entries[kept++] = w->entries[i];
	w->count = kept;
}

/* One night; what failed goes on failing. A plan is never longer than its budget or one file. */
static void
read_night(struct world *w)
{
	w->night.now = w->now;
	w->spent = w->largest = 0;
	w->missed_new = w->missed_failed = 0;
	verify_ledger_plan(&w->night, w->entries, w->count);
	uint64_t largest_read = 0;
	for (size_t i = 0; i < w->count; i++) {
		struct verify_entry *e = &w->entries[i];
		w->largest = e->size > w->largest ? e->size : w->largest;
		if (!e->reached) {
			w->missed_new += e->never && !e->failed;
			w->missed_failed += e->failed;
			continue;
		}
		w->spent += e->size;
		largest_read = e->size > largest_read ? e->size : largest_read;
		e->since = w->now;
		e->never = false;
	}
	assert_true(w->spent <= w->night.budget || w->spent == largest_read);
}

static int64_t
longest_wait(const struct world *w)
{
	int64_t most = 0;
	for (size_t i = 0; i < w->count; i++)
		if (w->now - w->entries[i].since > most)
			most = w->now - w->entries[i].since;
	return most;
}

static void
expect_within(const struct world *w, int64_t days, int night)
{
	if (longest_wait(w) > days * CLOCK_DAY)
		fail_msg("night %d: a verdict is %lld hours old", night,
		    (long long)(longest_wait(w) / CLOCK_HOUR));
}

/* ---------------------------------------------------------------- enough budget */

/* An old heap, nothing new: enough is a thirtieth a night and a file. */
static void
test_a_heap_has_its_turn_within_the_cycle(void **state)
{
	(void)state;
	struct world *w = world_new(0);
	uint64_t total = 0;
	for (unsigned i = 0; i < 900; i++)
		total += come(w, (1 + i % 7) * MB, 0)->size;
	w->night.budget = total / 30 + total / 100 + 2 * 7 * MB;
	for (int night = 0; night < 3 * 365; night++) {
		read_night(w);
		expect_within(w, 31, night);
		w->now += CLOCK_DAY;
	}
	free(w);
}

/* Everything was read in one night without a budget, then there is one: what falls due in one night
 * is spread over those before it. */
static void
test_what_falls_due_at_once_is_read_ahead(void **state)
{
	(void)state;
	struct world *w = world_new(UINT64_MAX);
	for (unsigned i = 0; i < 600; i++)
		come(w, 5 * MB, 0);
	read_night(w);
	assert_int_equal(w->spent, 600 * 5 * MB);
	w->night.budget = 600 * 5 * MB / 15;
	for (int night = 0; night < 2 * 365; night++) {
		w->now += CLOCK_DAY;
		read_night(w);
		expect_within(w, 31, night);
	}
	free(w);
}

/* With room to spare nothing is read before it is due. */
static void
test_ample_budget_reads_nothing_twice(void **state)
{
	(void)state;
	struct world *w = world_new(1000 * MB);
	for (unsigned i = 0; i < 50; i++)
		come(w, MB, 0);
	read_night(w);
	for (int night = 1; night < 30; night++) {
		w->now += CLOCK_DAY;
		read_night(w);
		assert_int_equal(w->spent, 0);
	}
	w->now += CLOCK_DAY;
	read_night(w);
	assert_int_equal(w->spent, 50 * MB);
	free(w);
}

/* Growing series, retention, failures that stay, summer time: new content and failures are read in
 * the night they come, and nothing grows older than the interval and a night. */
static void
test_growing_series_with_retention_and_failures(void **state)
{
	(void)state;
	struct world *w = world_new(0);
	uint64_t total = 0;
	for (int night = 0; night < 3 * 365; night++) {
		for (unsigned s = 0; s < 8; s++) {
			int64_t retention = (s % 2 ? 90 : 45) * (int64_t)CLOCK_DAY;
			uint64_t size = (2 + s) * MB + (uint64_t)night * MB / 200;
			struct verify_entry *e = come(w, size, retention);
			e->failed = (night % 50) == 7 && s == 3;
		}
		prune(w);
		total = 0;
		uint64_t failed = 0, fresh = 0;
		for (size_t i = 0; i < w->count; i++) {
			total += w->entries[i].size;
			failed += w->entries[i].failed ? w->entries[i].size : 0;
			fresh += w->entries[i].never ? w->entries[i].size : 0;
		}
		/* What comes, what failed, a thirtieth of all, and a file for what does not fit. */
		w->night.budget = fresh + failed + total / 30 + total / 50 + 4 * w->largest;
		read_night(w);
		assert_int_equal(w->missed_new, 0);
		assert_int_equal(w->missed_failed, 0);
		expect_within(w, 31, night);
		/* Twice a year a night is an hour longer or shorter. */
		w->now += CLOCK_DAY + (night % 365 == 90 ? -CLOCK_HOUR : 0) +
		    (night % 365 == 300 ? CLOCK_HOUR : 0);
	}
	free(w);
}

/* ---------------------------------------------------------------- too little */

/* Half of what comes can be read: new content is preferred, yet what came first is not left behind
 * for good, and a failure is looked at again each night. */
static void
test_nothing_starves_under_too_little(void **state)
{
	(void)state;
	struct world *w = world_new(0);
	for (unsigned i = 0; i < 400; i++)
		come(w, 10 * MB, 0);
	struct verify_entry *bad = come(w, 4 * MB, 0);
	bad->failed = true;
	int64_t bad_id = bad->id;
	w->night.budget = 40 * MB;
	uint64_t fresh_read = 0, fresh = 0;
	for (int night = 0; night < 3 * 365; night++) {
		int64_t first = w->next_id + 1;
		for (unsigned s = 0; s < 4; s++)
			come(w, 10 * MB, 60 * (int64_t)CLOCK_DAY);
		prune(w);
		read_night(w);
		for (size_t i = 0; i < w->count; i++) {
			const struct verify_entry *e = &w->entries[i];
			if (e->id == bad_id)
				assert_int_equal(e->since, w->now);
			if (e->id >= first) {
				fresh += e->size;
				fresh_read += e->since == w->now && !e->never ? e->size : 0;
			}
		}
		w->now += CLOCK_DAY;
	}
	/* New content had at least a quarter of what it asked for at once. */
	assert_true(fresh_read * 4 >= fresh);
	/* The heap of the first day, 4 GB, was read through again and again by the quarter that is
	 * its own, 10 MB a night: 400 nights and what came before each. */
	for (size_t i = 0; i < w->count; i++) {
		if (w->entries[i].id <= 400)
			assert_true(w->now - w->entries[i].since < 700 * (int64_t)CLOCK_DAY);
	}
	free(w);
}

/* Files larger than the whole budget have their turn, and do not shut out the small ones. */
static void
test_large_files_and_small_ones(void **state)
{
	(void)state;
	struct world *w = world_new(10 * MB);
	for (unsigned i = 0; i < 5; i++)
		come(w, 50 * MB, 0);
	for (unsigned i = 0; i < 20; i++)
		come(w, MB, 0);
	struct verify_entry *bad = come(w, 40 * MB, 0);
	bad->failed = true;
	size_t at = w->count - 1;
	int64_t longest_failed = 0;
	for (int night = 0; night < 365; night++) {
		int64_t waited = w->now - w->entries[at].since;
		longest_failed = waited > longest_failed ? waited : longest_failed;
		read_night(w);
		if (night > 60)
			expect_within(w, 60, night);
		w->now += CLOCK_DAY;
	}
	if (longest_failed > 10 * (int64_t)CLOCK_DAY)
		fail_msg("a failure waited %lld days", (long long)(longest_failed / CLOCK_DAY));
	free(w);
}

/* What is about to be deleted is read before what can wait. */
static void
test_expiring_before_oldest(void **state)
{
	(void)state;
	struct world *w = world_new(3 * MB);
	w->now = START - 40 * (int64_t)CLOCK_DAY;
	come(w, MB, 0)->never = false;
	come(w, MB, 0)->never = false;
	w->now += CLOCK_DAY;
	come(w, MB, 42 * (int64_t)CLOCK_DAY)->never = false;
	come(w, MB, 200 * (int64_t)CLOCK_DAY)->never = false;
	w->now = START;
	w->night.now = START;
	w->night.budget = 2 * MB;
	verify_ledger_plan(&w->night, w->entries, w->count);
	assert_true(w->entries[2].reached);
	assert_true(w->entries[0].reached); /* the oldest has a share of its own */
	assert_false(w->entries[1].reached || w->entries[3].reached);
	free(w);
}

/* ---------------------------------------------------------------- clocks */

/* The clock is ten years ahead for a night, then right again; then a year behind for one. Nothing is
 * lost sight of. */
static void
test_clock_jumps(void **state)
{
	(void)state;
	struct world *w = world_new(0);
	uint64_t total = 0;
	for (unsigned i = 0; i < 300; i++)
		total += come(w, 2 * MB, 0)->size;
	w->night.budget = total / 30 + total / 100 + 4 * MB;
	for (int night = 0; night < 400; night++) {
		int64_t right = w->now;
		if (night == 100)
			w->now += 3650 * (int64_t)CLOCK_DAY;
		if (night == 200)
			w->now -= 365 * (int64_t)CLOCK_DAY;
		read_night(w);
		w->now = right;
		/* Read under a wrong clock, they are read again once it is right. */
		if (night < 100 || night > 331 || (night > 140 && night < 200))
			expect_within(w, 31, night);
		for (size_t i = 0; i < w->count && night > 135 && night < 200; i++)
			assert_true(w->entries[i].since <= w->now);
		w->now += CLOCK_DAY;
	}
	free(w);
}

static void
test_due(void **state)
{
	(void)state;
	struct verify_entry e = {.since = START};
	assert_false(verify_ledger_is_due(&e, START + INTERVAL - 1, INTERVAL));
	assert_true(verify_ledger_is_due(&e, START + INTERVAL, INTERVAL));
	assert_false(verify_ledger_is_due(&e, START - CLOCK_DAY, INTERVAL));
	assert_true(verify_ledger_is_due(&e, START - INTERVAL - 1, INTERVAL));
	e.failed = true;
	assert_true(verify_ledger_is_due(&e, START, INTERVAL));
	e = (struct verify_entry){.since = START, .never = true};
	assert_true(verify_ledger_is_due(&e, START, INTERVAL));
}

/* The same plan whatever the order of the entries, and what was decided before stays and costs
 * nothing. */
static void
test_plans_are_deterministic_and_settled_ones_stay(void **state)
{
	(void)state;
	struct verify_entry a[40], b[40];
	struct verify_night night = {.now = START, .interval = INTERVAL, .budget = 20 * MB};
	for (int i = 0; i < 40; i++)
		a[i] = (struct verify_entry){.id = i + 1,
		    .size = MB,
		    .since = START - 100 * (int64_t)CLOCK_DAY,
		    .time = START - 100 * (int64_t)CLOCK_DAY,
		    .never = i % 3 == 0,
		    .failed = i % 5 == 0,
		    .expires = CLOCK_NONE};
	for (int i = 0; i < 40; i++)
		b[i] = a[39 - i];
	verify_ledger_plan(&night, a, 40);
	verify_ledger_plan(&night, b, 40);
	for (int i = 0; i < 40; i++)
		assert_int_equal(a[i].reached, b[39 - i].reached);
	for (int i = 0; i < 40; i++)
		a[i].settled = a[i].reached;
	verify_ledger_plan(&night, a, 40);
	for (int i = 0; i < 40; i++)
		assert_true(a[i].reached);
	/* What is found out later in a night has what is left of its budget, and no more. */
	for (int i = 0; i < 40; i++)
		a[i].settled = i > 0;
	night.begun = true;
	night.budget = 0;
	verify_ledger_plan(&night, a, 40);
	assert_false(a[0].reached);
}

/* ---------------------------------------------------------------- forecasts */

static void
expect_outlook(
    const struct verify_progress *p, enum record_outlook outlook, int64_t days, int64_t cycle)
{
	struct verify_forecast f;
	verify_ledger_forecast(p, &f);
	assert_int_equal(f.outlook, outlook);
	assert_int_equal(f.complete_by, days ? p->now + days * CLOCK_DAY : CLOCK_NONE);
	assert_int_equal(f.cycle_days, cycle);
}

static void
test_forecasts(void **state)
{
	(void)state;
	const struct verify_progress usual = {
	    .now = START,
	    .interval = INTERVAL,
	    .bytes = 3000 * MB,
	    .verified_bytes = 1000 * MB,
	    .read_bytes = 2200 * MB,
	    .read_since = START - 10 * (int64_t)CLOCK_DAY,
	    .new_bytes = 600 * MB,
	    .new_since = START - INTERVAL,
	    .bounded = true,
	};
	struct verify_progress p = usual;
	/* 220 a day are read, 20 come: 200 for the cycle. */
	expect_outlook(&p, RECORD_OUTLOOK_ON_COURSE, 10, 15);
	p.verified_bytes = p.bytes;
	expect_outlook(&p, RECORD_OUTLOOK_COMPLETE, 0, 14);
	p = usual;
	p.read_bytes = 0;
	p.read_since = CLOCK_NONE;
	expect_outlook(&p, RECORD_OUTLOOK_UNKNOWN, 0, 0);
	p = usual;
	p.read_bytes = 1000 * MB; /* 80 for the cycle: 38 days */
	expect_outlook(&p, RECORD_OUTLOOK_TOO_SLOW, 0, 38);
	p.retention = 35 * (int64_t)CLOCK_DAY;
	expect_outlook(&p, RECORD_OUTLOOK_TOO_LATE, 0, 38);
	p.retention = 365 * (int64_t)CLOCK_DAY;
	expect_outlook(&p, RECORD_OUTLOOK_TOO_SLOW, 0, 38);
	p = usual;
	p.read_bytes = 150 * MB; /* less than what comes */
	expect_outlook(&p, RECORD_OUTLOOK_TOO_SLOW, 0, 200);
	p.bounded = false; /* but nothing was left behind: it cannot be too little */
	expect_outlook(&p, RECORD_OUTLOOK_ON_COURSE, 134, 200);
	p = (struct verify_progress){.now = START, .interval = INTERVAL};
	expect_outlook(&p, RECORD_OUTLOOK_COMPLETE, 0, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_due),
	    cmocka_unit_test(test_a_heap_has_its_turn_within_the_cycle),
	    cmocka_unit_test(test_what_falls_due_at_once_is_read_ahead),
	    cmocka_unit_test(test_ample_budget_reads_nothing_twice),
	    cmocka_unit_test(test_growing_series_with_retention_and_failures),
	    cmocka_unit_test(test_nothing_starves_under_too_little),
	    cmocka_unit_test(test_large_files_and_small_ones),
	    cmocka_unit_test(test_expiring_before_oldest),
	    cmocka_unit_test(test_clock_jumps),
	    cmocka_unit_test(test_plans_are_deterministic_and_settled_ones_stay),
	    cmocka_unit_test(test_forecasts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
