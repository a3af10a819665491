/*
 * verify, the ledger: what is read tonight, and when all will have been read. Pure: no clock, no
 * store, no randomness; the same nights give the same plan.
 *
 * A backup is due if it failed or could not be read, was never looked at, or its verdict is older than
 * the interval. What is due waits in lanes, each in an order of its own:
 *
 *	failed     the longest untried first
 *	new        never looked at, the newest first
 *	expiring   its retention ends within VERIFY_EXPIRING: the first to go first
 *	oldest     everything that is due, the longest waiting first; then, while there is budget and the
 *	           nights to come could not hold all that falls due in them, what will be due next
 *
 * A night begins with the head of each lane, in the order of how long it has waited, measured by
 * what its lane may wait (a day; the oldest: the interval). The first of all is read however large
 * it is, so that a night is never longer than its budget or one file, and nothing is too large to have
 * its turn. Then each lane gets its share, and what is left goes to the lanes in their order. Since
 * the oldest lane holds everything and has a share of its own, nothing starves, whatever else comes.
 */
#ifndef VERIFY_LEDGER_H
#define VERIFY_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "record/record.h"

#define VERIFY_EXPIRING (7 * (int64_t)CLOCK_DAY)

enum verify_lane {
	VERIFY_LANE_FAILED,
	VERIFY_LANE_NEW,
	VERIFY_LANE_EXPIRING,
	VERIFY_LANE_OLDEST,
	VERIFY_LANES,
};

/* One complete backup that is on disk. */
struct verify_entry {
	int64_t id; /* the caller's */
	int64_t location_id;
	uint64_t size;
	int64_t time;    /* of the backup */
	int64_t expires; /* when its retention ends; CLOCK_NONE: never */
	/* When it was last tried (failed), when it was first seen (never), else its oldest verdict. */
	int64_t since;
	bool failed;  /* the last verdict of some method is a fail, or the last try an error */
	bool never;   /* some method has never looked at it */
	bool settled; /* decided before: it keeps reached, and costs nothing of this budget */
	bool reached; /* out: it is read tonight */
};

struct verify_night {
	int64_t now, interval; /* seconds */
	uint64_t budget;       /* bytes */
	bool begun; /* something was read tonight: no file goes beyond what is left any more */
};

/* Is a verdict of that time too old? So is one from the future by more than the interval: a clock
 * was wrong then. */
bool verify_ledger_is_old(int64_t at, int64_t now, int64_t interval);

bool verify_ledger_is_due(const struct verify_entry *entry, int64_t now, int64_t interval);

/* Set reached of every entry that is read tonight. Reorders nothing. */
void
verify_ledger_plan(const struct verify_night *night, struct verify_entry *entries, size_t count);

/* ---------------------------------------------------------------- when the cycle is complete */

struct verify_progress {
	int64_t now, interval;
	int64_t retention;             /* seconds; 0: none */
	uint64_t bytes;                /* complete, on disk */
	uint64_t verified_bytes;       /* of them verified within the interval */
	uint64_t read_bytes;           /* by the runs since read_since */
	uint64_t new_bytes;            /* that came since new_since */
	int64_t read_since, new_since; /* CLOCK_NONE: nothing was */
	bool bounded; /* the last run did not reach all that was due: the rate is what can be had */
};

struct verify_forecast {
	enum record_outlook outlook;
	uint64_t rate;       /* bytes a day; 0: unknown */
	uint64_t inflow;     /* bytes a day */
	int64_t complete_by; /* CLOCK_NONE: never, or not known */
	int64_t cycle_days;  /* for all of it, with what comes meanwhile; 0: not known, or never */
};

void verify_ledger_forecast(const struct verify_progress *progress, struct verify_forecast *ret);

#endif
