/*
 * What a score is computed from, and the scores that were.
 */
#ifndef STORE_SCORE_H
#define STORE_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "record/record.h"

struct store;

/* The times of the successes of a series (complete once, never failed but for vanishing later), on
 * disk or not, ascending: those at or after since, and the last one before it. */
typedef int store_score_time_fn(void *arg, int64_t time); /* non-zero stops */
int store_score_times(struct store *store, int64_t series_id, int64_t since,
    store_score_time_fn *fn, void *arg, struct err *err);

/* What is on disk of a series: backups whose time is at or after since, and its newest complete
 * one whatever its age. Passes count from min_level on. */
struct store_score_sums {
	uint64_t ok, failed; /* by what the scan thinks of them; growing ones are neither */
	uint64_t complete;   /* of them: that should have a verification verdict */
	uint64_t verified_pass, verified_fail;
	uint64_t restored_pass, restored_fail;
	enum record_verdict
	    newest_verification; /* of the newest complete one; NONE: none that counts */
	enum record_verdict newest_restore;
};
int store_score_sums(struct store *store, int64_t series_id, int64_t latest_id, int64_t since,
    enum record_level min_level, struct store_score_sums *ret_sums, struct err *err);

/* The series of a location that have a backup on disk whose standing verdict is a fail: fn is
 * called with their ids, ascending. */
typedef int store_score_id_fn(void *arg, int64_t id);
int store_score_fails(
    struct store *store, int64_t location_id, store_score_id_fn *fn, void *arg, struct err *err);

struct store_score {
	int64_t at;
	int64_t location_id; /* 0: over all */
	int64_t days;
	bool known; /* score and raw_score are numbers */
	bool raw_known;
	double score, raw_score;
	enum record_grade grade;
};

/* The newest score of that location and window: 1, 0 there is none, -1. */
int store_score_last(struct store *store, int64_t location_id, int64_t days,
    struct store_score *ret_score, struct err *err);

/* Keep a score with its record (JSON). Inside a transaction. */
int store_score_put(
    struct store *store, const struct store_score *score, const char *record, struct err *err);

#endif
