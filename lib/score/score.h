/*
 * score: how healthy the backups of a location are, from 0 to 1, and why it is not more.
 *
 * Pure: facts in, numbers and words out. A score is the weighted mean of the rates that apply
 * (backup, verification, restore), under caps that averages must not hide. Numbers are rounded to
 * three decimals before they are graded, so that what is printed and the grade always agree; a
 * capped score is the highest one of the band below, good - 0.001 or warning - 0.001.
 *
 * Missing evidence withholds good news (a warning cap) and never makes bad news: a part without
 * evidence has no rate, and its weight is shared out. When nothing at all is known the grade is
 * `unknown` and there is no score. Adding a failure to the facts never raises a score.
 */
#ifndef SCORE_SCORE_H
#define SCORE_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "record/record.h"
#include "schedule/schedule.h"

enum score_part_id { SCORE_BACKUP, SCORE_VERIFICATION, SCORE_RESTORE, SCORE_PARTS };

struct score_options {
	double weights[SCORE_PARTS]; /* >= 0; a part of weight 0 does not apply */
	bool off[SCORE_PARTS];       /* switched off for this location */
	double good, warning;        /* thresholds: good >= 0.8, warning >= 0.5 */
};

/* What is known of one series, within the window. */
struct score_series {
	enum schedule_status status;
	uint64_t due, met;   /* due times whose grace is over; none if it is not scheduled */
	uint64_t ok, failed; /* backups: what counts where no due time does */
	uint64_t complete;   /* backups that should have a verification verdict */
	uint64_t verified_pass, verified_fail;
	uint64_t restored_pass, restored_fail;
	bool has_newest; /* a complete one is on disk: it should have a restore verdict */
	enum record_verdict newest_verification; /* pass, fail, or none that counts */
	enum record_verdict newest_restore;
	bool any_fail; /* a backup on disk has a failed verdict, whatever its age */
};

struct score_part {
	bool applies;
	double weight;
	bool known;
	double rate; /* good / of, if known */
	uint64_t good, of;
	uint64_t covered, should; /* those that have a verdict, of those that should */
};

struct score {
	bool known, raw_known;
	double score, raw;
	enum record_grade grade;
	uint32_t capped_by; /* bit n: enum record_cap n; those that keep the score down */
	uint32_t reasons;   /* all that was found, those above included */
	bool coverage_known;
	double coverage;
	struct score_part parts[SCORE_PARTS];
	struct score_options options;
	double good, warning; /* as options, on the grid of three decimals */
};

/* What the last scan said about the location; NONE: there was none. */
void score_begin(
    struct score *score, const struct score_options *options, enum record_location_status status);
void score_add(struct score *score, const struct score_series *series);
void score_finish(struct score *score);

/* Over all: the mean of the finished scores of count locations under the worst of their caps. */
void score_overall(struct score *ret_score, const struct score_options *options,
    const struct score *locations, size_t count);

/* The bit of a cap. */
#define SCORE_CAP(cap) ((uint32_t)1 << (cap))

/* "0.5 * 0.857 + 0.3 * 1 + 0.2 * 1 = 0.929, capped at 0.799 by series_late". */
void score_add_formula(struct buf *out, const struct score *score);

/* What a score record carries beside the score. */
struct score_line {
	const char *host, *store;
	const char *location; /* NULL: over all */
	uint64_t days;
	bool has_previous;
	bool previous_known;
	double previous;
	enum record_grade previous_grade;
	const struct buf *explain; /* JSON, or NULL */
};

/* Append the `score` record (no newline). */
void score_add_record(struct buf *out, const struct score *score, const struct score_line *line);

#endif
