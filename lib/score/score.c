// The score of a location: rates, weights, caps, and how they become one number and one grade.
#include "score/score.h"

#include <math.h>

#define BIT(cap) SCORE_CAP(RECORD_CAP_##cap)

/* Each cap holds the score below a band; the other reasons only explain. */
static const uint32_t critical_caps =
    BIT(UNREACHABLE) | BIT(EMPTY) | BIT(NEWEST_VERIFICATION_FAILED) | BIT(NEWEST_RESTORE_FAILED);
static const uint32_t warning_caps = BIT(SERIES_LATE) | BIT(SERIES_MISSING) | BIT(FAILED_VERDICT) |
    BIT(NEVER_VERIFIED) | BIT(NEVER_RESTORED) | BIT(NO_COMPLETE_BACKUP) | BIT(SCAN_TOO_OLD) |
    BIT(LOCATION_UNKNOWN);
/* Those that are news of something bad, and not of something missing. */
static const uint32_t missing_evidence = BIT(NEVER_VERIFIED) | BIT(NEVER_RESTORED) |
    BIT(NO_COMPLETE_BACKUP) | BIT(SCAN_TOO_OLD) | BIT(NEVER_SCANNED) | BIT(LOCATION_UNKNOWN);

static double
round_rate(double rate)
{
	return floor(rate * 1000 + 0.5) / 1000;
}

/* The lowest score with three decimals that reaches a threshold. */
static double
on_grid(double threshold)
{
	return ceil(threshold * 1000 - 1e-6) / 1000;
}

static void
set_options(struct score *score, const struct score_options *options)
{
	*score = (struct score){
	    .options = *options,
	    .good = on_grid(options->good),
	    .warning = on_grid(options->warning),
	};
	for (size_t i = 0; i < SCORE_PARTS; i++) {
		score->parts[i].applies = !options->off[i] && options->weights[i] > 0;
		score->parts[i].weight = score->parts[i].applies ? options->weights[i] : 0;
	}
}

void
score_begin(
    struct score *score, const struct score_options *options, enum record_location_status status)
{
	set_options(score, options);
	switch (status) {
	case RECORD_LOCATION_NONE:
		score->reasons |= BIT(NEVER_SCANNED);
		break;
	case RECORD_LOCATION_EMPTY:
		score->reasons |= BIT(EMPTY);
		break;
	case RECORD_LOCATION_UNREACHABLE:
		score->reasons |= BIT(UNREACHABLE);
		break;
	case RECORD_LOCATION_OK:
	case RECORD_LOCATION_DEGRADED:
		break;
	}
}

static void
add_backup(struct score *score, const struct score_series *series)
{
	struct score_part *part = &score->parts[SCORE_BACKUP];
	uint64_t of = series->due, good = series->met;

	if (of == 0) {
		of = series->ok + series->failed;
		good = series->ok;
	}
	if (of == 0 && series->status == SCHEDULE_MISSING)
		of = 1; /* nothing left to count is not nothing to say */
	part->of += of;
	part->good += good;
	if (series->due > series->met)
		score->reasons |= BIT(DUE_TIMES_MISSED);
	if (series->failed > 0)
		score->reasons |= BIT(BACKUPS_FAILED);
}

static void
add_verdicts(struct score *score, const struct score_series *series)
{
	struct score_part *verification = &score->parts[SCORE_VERIFICATION];
	struct score_part *restore = &score->parts[SCORE_RESTORE];

	verification->good += series->verified_pass;
	verification->of += series->verified_pass + series->verified_fail;
	verification->covered += series->verified_pass + series->verified_fail;
	verification->should += series->complete;
	restore->good += series->restored_pass;
	restore->of += series->restored_pass + series->restored_fail;
	restore->covered += series->has_newest && series->newest_restore != RECORD_VERDICT_NONE;
	restore->should += series->has_newest;
	if (series->newest_verification == RECORD_VERDICT_FAIL)
		score->reasons |= BIT(NEWEST_VERIFICATION_FAILED);
	if (series->newest_restore == RECORD_VERDICT_FAIL)
		score->reasons |= BIT(NEWEST_RESTORE_FAILED);
	if (series->any_fail || series->verified_fail > 0 || series->restored_fail > 0)
		score->reasons |= BIT(FAILED_VERDICT);
}

void
score_add(struct score *score, const struct score_series *series)
{
	switch (series->status) {
	case SCHEDULE_FRESH:
	case SCHEDULE_DUE:
	case SCHEDULE_UNSCHEDULED:
		break;
	case SCHEDULE_LATE:
		score->reasons |= BIT(SERIES_LATE);
		break;
	case SCHEDULE_MISSING:
		score->reasons |= BIT(SERIES_MISSING);
		break;
	case SCHEDULE_UNKNOWN:
		score->reasons |= BIT(SCAN_TOO_OLD);
		break;
	}
	add_backup(score, series);
	add_verdicts(score, series);
}

static enum record_grade
grade_of(const struct score *score)
{
	if (!score->known)
		return RECORD_GRADE_UNKNOWN;
	if (score->score >= score->good)
		return RECORD_GRADE_GOOD;
	return score->score >= score->warning ? RECORD_GRADE_WARNING : RECORD_GRADE_CRITICAL;
}

/* The caps that decide: the critical ones if there are any. */
static uint32_t
deciding_caps(uint32_t caps)
{
	return caps & critical_caps ? caps & critical_caps : caps & warning_caps;
}

/* raw, under caps, becomes score and grade; capped_by has the caps that made the difference. */
static void
apply_caps(struct score *score, uint32_t caps)
{
	double limit = 1;

	score->known = score->raw_known;
	if (!score->known && (caps & (critical_caps | warning_caps) & ~missing_evidence)) {
		score->known = true; /* something bad is known and nothing else */
		score->score = 0;
		score->capped_by = deciding_caps(caps);
	}
	if (score->raw_known) {
		if (caps & critical_caps)
			limit = round_rate(score->warning - 0.001);
		else if (caps & warning_caps)
			limit = round_rate(score->good - 0.001);
		score->score = score->raw;
		if (score->raw > limit) {
			score->score = limit;
			score->capped_by = deciding_caps(caps);
		}
	}
	score->grade = grade_of(score);
}

static void
compute_mean(struct score *score)
{
	double sum = 0, weights = 0;

	for (size_t i = 0; i < SCORE_PARTS; i++) {
		struct score_part *part = &score->parts[i];

		part->known = part->applies && part->of > 0;
		if (!part->known)
			continue;
		part->rate = (double)part->good / (double)part->of;
		sum += part->weight * part->rate;
		weights += part->weight;
	}
	score->raw_known = weights > 0;
	if (score->raw_known)
		score->raw = round_rate(sum / weights);
}

static void
compute_coverage(struct score *score)
{
	uint64_t covered = 0, should = 0;

	for (size_t i = SCORE_VERIFICATION; i < SCORE_PARTS; i++) {
		if (!score->parts[i].applies)
			continue;
		covered += score->parts[i].covered;
		should += score->parts[i].should;
	}
	score->coverage_known = should > 0;
	if (should > 0)
		score->coverage = (double)covered / (double)should;
}

void
score_finish(struct score *score)
{
	static const uint32_t without[SCORE_PARTS] = {
	    BIT(NO_COMPLETE_BACKUP), BIT(NEVER_VERIFIED), BIT(NEVER_RESTORED)};

	compute_mean(score);
	compute_coverage(score);
	for (size_t i = 0; i < SCORE_PARTS; i++) {
		if (score->parts[i].applies && !score->parts[i].known)
			score->reasons |= without[i];
	}
	apply_caps(score, score->reasons);
}

void
score_overall(struct score *ret_score, const struct score_options *options,
    const struct score *locations, size_t count)
{
	struct score score;
	double sum = 0, raw = 0;
	size_t known = 0;

	set_options(&score, options);
	for (size_t part = 0; part < SCORE_PARTS; part++)
		score.parts[part].applies = false;
	for (size_t i = 0; i < count; i++) {
		const struct score *location = &locations[i];

		score.reasons |= location->reasons;
		if (!location->known)
			score.reasons |= BIT(LOCATION_UNKNOWN);
		known += location->known;
		sum += location->known ? location->score : 0;
		raw += location->raw_known ? location->raw : 0;
		for (size_t part = 0; part < SCORE_PARTS; part++) {
			if (!location->parts[part].applies)
				continue;
			score.parts[part].applies = true;
			score.parts[part].good += location->parts[part].good;
			score.parts[part].of += location->parts[part].of;
			score.parts[part].covered += location->parts[part].covered;
			score.parts[part].should += location->parts[part].should;
		}
	}
	compute_mean(&score);
	compute_coverage(&score);
	score.raw_known = known > 0;
	score.raw = known > 0 ? round_rate(sum / (double)known) : 0;
	if (known > 0)
		apply_caps(&score, score.reasons);
	else
		score.grade = RECORD_GRADE_UNKNOWN;
	/* What already holds a location down is named here too. */
	score.raw = known > 0 ? round_rate(raw / (double)known) : 0;
	if (score.known && score.score < score.raw)
		score.capped_by = deciding_caps(score.reasons);
	*ret_score = score;
}
