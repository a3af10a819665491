/*
 * The rules: what state a backup is in, whether one that went was missed, how sizes compare. Pure.
 *
 *	growing    size or mtime changed within settle, or a name that says so
 *	complete   neither, and not empty
 *	stalled    stopped short: empty, or a partial name without progress for twice the settle time
 *	vanished   gone before its retention was over
 *	expired    gone after it, without one, or replaced
 */
#ifndef SCAN_JUDGE_H
#define SCAN_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

#define SCAN_FUTURE_SLACK ((int64_t)3600) /* an mtime later than now by more is a finding */
#define SCAN_PARTIAL_MIN  ((int64_t)300)  /* the least settle time of partial names */

struct scan_facts {
	bool partial; /* the name says that it is not finished */
	uint64_t size;
	int64_t mtime;
	bool is_new;         /* never seen before */
	bool changed;        /* since it was last seen */
	bool changed_before; /* an earlier scan saw it change */
	int64_t changed_at;  /* when a scan last saw a change; of a new one now */
	uint64_t min_size;
};

#define SCAN_REASONS_MAX 96

struct scan_judgement {
	enum record_state state;
	enum record_status status;
	char reasons[SCAN_REASONS_MAX]; /* JSON array; "" for none */
};

void
scan_judge(const struct scan_facts *facts, int64_t now, int64_t settle, struct scan_judgement *ret);

/* When a growing one will have settled (or stalled), if nothing more happens to it. */
int64_t scan_settles(const struct scan_facts *facts, int64_t now, int64_t settle);

/* A backup of that time is gone: before its retention was over? retention_days 0: it has none. */
bool scan_is_early(int64_t time, int64_t now, int64_t retention_days);

/* early backups of a series are gone too soon; count are left of the usual number. A finding if
 * the series keeps fewer than it used to, or if many (three or more, and most of it) went at once. */
bool scan_is_loss(uint64_t early, uint64_t count, uint64_t usual);

/*
 * How a size compares with the sizes before it: -1 far below, 0 as usual, 1 far above.
 *
 * The band is the median of the sizes plus and minus the widest of SCAN_BAND_SIGMAS standard
 * deviations (1.4826 times the median absolute deviation, which outliers do not move), half of the
 * median below and all of it above, and SCAN_BAND_FLOOR bytes. At least SCAN_BAND_MIN sizes are
 * needed; more than SCAN_BAND_MAX are not looked at.
 */
#define SCAN_BAND_MIN    5
#define SCAN_BAND_MAX    64
#define SCAN_BAND_SIGMAS 5
#define SCAN_BAND_FLOOR  ((uint64_t)512)

int scan_band(uint64_t size, const uint64_t *before, size_t count);

#endif
