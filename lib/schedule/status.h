/*
 * How a series stands at a given now, and how many of its due times were met.
 *
 * The time of a backup is the earlier of its mtime and the moment bkm first saw it; a success is a
 * complete backup that is not failed (its verdicts do not matter here), whether it is still there
 * or not. The caller gathers these facts; nothing here looks anything up.
 */
#ifndef SCHEDULE_STATUS_H
#define SCHEDULE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schedule/rule.h"

enum schedule_status {
	SCHEDULE_FRESH,   /* the last due time is met, or none has come yet */
	SCHEDULE_DUE,     /* past the due time, inside the grace, or a backup is still growing */
	SCHEDULE_LATE,    /* one due time is unmet and its grace is over */
	SCHEDULE_MISSING, /* two are, or no complete backup is left */
	SCHEDULE_UNSCHEDULED, /* no schedule, or fewer than two members of different times */
	SCHEDULE_UNKNOWN,     /* the last scan is too old to say */
};

/* "fresh", "due", …: the words of the records. */
const char *schedule_status_word(enum schedule_status status);

struct schedule_policy {
	struct schedule schedule;
	int64_t grace;   /* seconds; negative: the default */
	int64_t max_age; /* a scan older than this (seconds) proves nothing; 0: any scan will do */
};

struct schedule_facts {
	const int64_t *times; /* of the successes, ascending; the newest one must be there */
	size_t count;
	int64_t first;    /* the first evidence of the series, of any kind; CLOCK_NONE: times[0].
			   * If times leave the oldest out, times[0] too. */
	uint64_t members; /* complete backups of different times ever seen; 2 is as good as more */
	uint64_t present; /* complete backups that are there now */
	bool growing;     /* one is being written and has not stalled */
	int64_t scanned;  /* end of the last scan of its location; CLOCK_NONE: never */
};

struct schedule_state {
	enum schedule_status status;
	int64_t
	    due; /* fresh: the next due time; due, late, missing: the first unmet one; else CLOCK_NONE */
	int64_t late;     /* due plus grace: the moment it is, or would be, late */
	int64_t interval; /* seconds around now; 0 without a schedule */
};

struct schedule_state schedule_status(
    const struct schedule_policy *policy, const struct schedule_facts *facts, int64_t now);

/*
 * Call fn for each due time of the window, oldest first: those from `from` to now whose grace is
 * over, from the first evidence on, and at least the last such one however old it is. met is the
 * time of the backup that met it, or CLOCK_NONE. times must reach back to schedule_reach() and hold
 * the last success before that (all of them is always right).
 *
 * Cron: a backup meets the due time D if it lies from half an interval before D to half an
 * interval before the next. Intervals: D is the last success plus the interval; D is met by the
 * first backup from half an interval before D to half an interval (or the grace, if that is
 * longer) after it; backups before that only move D; an unmet D is followed by D + interval.
 */
typedef void schedule_due_fn(void *ctx, int64_t due, int64_t met);
void schedule_each_due(const struct schedule_policy *policy, const struct schedule_facts *facts,
    int64_t from, int64_t now, schedule_due_fn *fn, void *ctx);

/* How far back the facts for a window must reach. */
int64_t schedule_reach(const struct schedule_policy *policy, int64_t from, int64_t now);

/* The fn that counts them: ctx is a struct schedule_count, zero at first. */
struct schedule_count {
	uint64_t due;
	uint64_t met;
};
void schedule_count_due(void *ctx, int64_t due, int64_t met);

#endif
