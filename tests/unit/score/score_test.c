// Scores: rates, weights, every cap and reason, the record and the formula.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../fixtures/score_of.h"

/* A week of nights, all well. */
static const struct score_series healthy = {
    .status = SCHEDULE_FRESH,
    .due = 7,
    .met = 7,
    .ok = 7,
    .complete = 7,
    .verified_pass = 7,
    .restored_pass = 2,
    .has_newest = true,
    .newest_verification = RECORD_VERDICT_PASS,
    .newest_restore = RECORD_VERDICT_PASS,
};

static struct score
score_one(const struct score_series *series)
{
	return score_of(&defaults, RECORD_LOCATION_OK, series, 1);
}

static void
assert_score(const struct score *score, double expected, enum record_grade grade)
{
	assert_true(score->known);
	assert_float_equal(score->score, expected, 1e-9);
	assert_int_equal(score->grade, grade);
}

static void
all_well_is_one(void **state)
{
	struct score score = score_one(&healthy);

	(void)state;
	assert_score(&score, 1, RECORD_GRADE_GOOD);
	assert_float_equal(score.raw, 1, 1e-9);
	assert_int_equal(score.capped_by, 0);
	assert_int_equal(score.reasons, 0);
	assert_true(score.coverage_known);
	assert_float_equal(score.coverage, 1, 1e-9);
}

static void
rates_are_weighted(void **state)
{
	struct score_series series = healthy;
	struct score score;

	(void)state;
	series.due = 10;
	series.met = 8;
	score = score_one(&series);
	assert_score(&score, 0.9, RECORD_GRADE_GOOD);
	assert_int_equal(score.reasons, CAP(DUE_TIMES_MISSED));
	assert_int_equal(score.capped_by, 0);
	assert_float_equal(score.parts[SCORE_BACKUP].rate, 0.8, 1e-9);
	series.met = 0;
	score = score_one(&series);
	assert_score(&score, 0.5, RECORD_GRADE_WARNING);
	/* Without due times the backups themselves count. */
	series = healthy;
	series.status = SCHEDULE_UNSCHEDULED;
	series.due = series.met = 0;
	series.ok = 3;
	series.failed = 1;
	score = score_one(&series);
	assert_float_equal(score.parts[SCORE_BACKUP].rate, 0.75, 1e-9);
	assert_score(&score, 0.875, RECORD_GRADE_GOOD);
	assert_int_equal(score.reasons, CAP(BACKUPS_FAILED));
}

static void
a_part_that_is_off_shares_its_weight(void **state)
{
	struct score_options options = defaults;
	struct score_series series = healthy;
	struct score score;

	(void)state;
	series.met = 0;
	options.off[SCORE_RESTORE] = true;
	score = score_of(&options, RECORD_LOCATION_OK, &series, 1);
	assert_score(&score, 0.375, RECORD_GRADE_CRITICAL);
	assert_false(score.parts[SCORE_RESTORE].applies);
	assert_false(score.parts[SCORE_RESTORE].known);
	options.off[SCORE_VERIFICATION] = true;
	score = score_of(&options, RECORD_LOCATION_OK, &series, 1);
	assert_score(&score, 0, RECORD_GRADE_CRITICAL);
	assert_false(score.coverage_known);
	/* Nothing about it is missed either. */
	series = healthy;
	series.verified_pass = series.restored_pass = 0;
	series.newest_verification = series.newest_restore = RECORD_VERDICT_NONE;
	score = score_of(&options, RECORD_LOCATION_OK, &series, 1);
	assert_score(&score, 1, RECORD_GRADE_GOOD);
	/* A weight of zero is the same. */
	options = defaults;
	options.weights[SCORE_RESTORE] = 0;
	options.weights[SCORE_VERIFICATION] = 0;
	score = score_of(&options, RECORD_LOCATION_OK, &series, 1);
	assert_score(&score, 1, RECORD_GRADE_GOOD);
	/* But a failure that somebody found counts. */
	series.newest_restore = RECORD_VERDICT_FAIL;
	score = score_of(&options, RECORD_LOCATION_OK, &series, 1);
	assert_score(&score, 0.499, RECORD_GRADE_CRITICAL);
}

struct cap_case {
	const char *what;
	void (*change)(struct score_series *series);
	enum record_location_status status;
	double score;
	enum record_grade grade;
	uint32_t capped_by, reasons;
};

static void
change_nothing(struct score_series *series)
{
	(void)series;
}

static void
newest_verification_fails(struct score_series *series)
{
	series->newest_verification = RECORD_VERDICT_FAIL;
	series->verified_pass--;
	series->verified_fail++;
}

static void
newest_restore_fails(struct score_series *series)
{
	series->newest_restore = RECORD_VERDICT_FAIL;
	series->restored_pass = 9;
	series->restored_fail = 1;
}

static void
is_late(struct score_series *series)
{
	series->status = SCHEDULE_LATE;
	series->met = 6;
}

static void
is_missing(struct score_series *series)
{
	series->status = SCHEDULE_MISSING;
	series->met = 5;
}

static void
an_old_backup_failed(struct score_series *series)
{
	series->any_fail = true;
}

static void
is_never_verified(struct score_series *series)
{
	series->verified_pass = 0;
	series->newest_verification = RECORD_VERDICT_NONE;
}

static void
is_never_restored(struct score_series *series)
{
	series->restored_pass = 0;
	series->newest_restore = RECORD_VERDICT_NONE;
}

static void
scan_is_old(struct score_series *series)
{
	series->status = SCHEDULE_UNKNOWN;
	series->due = series->met = 0;
}

static void
backups_do_not_count(struct score_series *series)
{
	series->status = SCHEDULE_UNSCHEDULED;
	series->due = series->met = series->ok = 0;
}

static void
two_reasons(struct score_series *series)
{
	newest_verification_fails(series);
	is_never_restored(series);
}

static void
every_cap(void **state)
{
	static const struct cap_case cases[] = {
	    {"unreachable", change_nothing, RECORD_LOCATION_UNREACHABLE, 0.499,
		RECORD_GRADE_CRITICAL, CAP(UNREACHABLE), CAP(UNREACHABLE)},
	    {"empty", change_nothing, RECORD_LOCATION_EMPTY, 0.499, RECORD_GRADE_CRITICAL,
		CAP(EMPTY), CAP(EMPTY)},
	    {"degraded alone caps nothing", change_nothing, RECORD_LOCATION_DEGRADED, 1,
		RECORD_GRADE_GOOD, 0, 0},
	    {"newest verification", newest_verification_fails, RECORD_LOCATION_OK, 0.499,
		RECORD_GRADE_CRITICAL, CAP(NEWEST_VERIFICATION_FAILED),
		CAP(NEWEST_VERIFICATION_FAILED) | CAP(FAILED_VERDICT)},
	    {"newest restore", newest_restore_fails, RECORD_LOCATION_OK, 0.499,
		RECORD_GRADE_CRITICAL, CAP(NEWEST_RESTORE_FAILED),
		CAP(NEWEST_RESTORE_FAILED) | CAP(FAILED_VERDICT)},
	    {"late", is_late, RECORD_LOCATION_OK, 0.799, RECORD_GRADE_WARNING, CAP(SERIES_LATE),
		CAP(SERIES_LATE) | CAP(DUE_TIMES_MISSED)},
	    {"missing", is_missing, RECORD_LOCATION_OK, 0.799, RECORD_GRADE_WARNING,
		CAP(SERIES_MISSING), CAP(SERIES_MISSING) | CAP(DUE_TIMES_MISSED)},
	    {"an old failure", an_old_backup_failed, RECORD_LOCATION_OK, 0.799,
		RECORD_GRADE_WARNING, CAP(FAILED_VERDICT), CAP(FAILED_VERDICT)},
	    {"never verified", is_never_verified, RECORD_LOCATION_OK, 0.799, RECORD_GRADE_WARNING,
		CAP(NEVER_VERIFIED), CAP(NEVER_VERIFIED)},
	    {"never restored", is_never_restored, RECORD_LOCATION_OK, 0.799, RECORD_GRADE_WARNING,
		CAP(NEVER_RESTORED), CAP(NEVER_RESTORED)},
	    {"scan too old", scan_is_old, RECORD_LOCATION_OK, 0.799, RECORD_GRADE_WARNING,
		CAP(SCAN_TOO_OLD), CAP(SCAN_TOO_OLD)},
	    {"no backup counts", backups_do_not_count, RECORD_LOCATION_OK, 0.799,
		RECORD_GRADE_WARNING, CAP(NO_COMPLETE_BACKUP), CAP(NO_COMPLETE_BACKUP)},
	    {"the worse one caps", two_reasons, RECORD_LOCATION_OK, 0.499, RECORD_GRADE_CRITICAL,
		CAP(NEWEST_VERIFICATION_FAILED),
		CAP(NEWEST_VERIFICATION_FAILED) | CAP(FAILED_VERDICT) | CAP(NEVER_RESTORED)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct score_series series = healthy;
		struct score score;

		cases[i].change(&series);
		score = score_of(&defaults, cases[i].status, &series, 1);
		if (!score.known || score.score < cases[i].score - 1e-9 ||
		    score.score > cases[i].score + 1e-9 || score.grade != cases[i].grade ||
		    score.capped_by != cases[i].capped_by || score.reasons != cases[i].reasons)
			fail_msg("%s: %.3f, grade %d, capped by %x, reasons %x", cases[i].what,
			    score.score, (int)score.grade, score.capped_by, score.reasons);
	}
}

static void
a_low_mean_is_not_capped(void **state)
{
	struct score_series series = healthy;
	struct score score;

	(void)state;
	is_missing(&series);
	series.met = 0;
	series.verified_pass = 0;
	series.verified_fail = 7;
	score = score_one(&series);
	assert_score(&score, 0.2, RECORD_GRADE_CRITICAL);
	assert_int_equal(score.capped_by, 0);
	assert_int_equal(
	    score.reasons, CAP(SERIES_MISSING) | CAP(DUE_TIMES_MISSED) | CAP(FAILED_VERDICT));
}

static void
nothing_known_is_unknown(void **state)
{
	struct score_series series = {.status = SCHEDULE_UNSCHEDULED};
	struct score score = score_of(&defaults, RECORD_LOCATION_NONE, NULL, 0);

	(void)state;
	assert_false(score.known);
	assert_false(score.raw_known);
	assert_int_equal(score.grade, RECORD_GRADE_UNKNOWN);
	assert_int_equal(score.capped_by, 0);
	assert_int_equal(score.reasons,
	    CAP(NEVER_SCANNED) | CAP(NO_COMPLETE_BACKUP) | CAP(NEVER_VERIFIED) |
		CAP(NEVER_RESTORED));
	score = score_one(&series);
	assert_int_equal(score.grade, RECORD_GRADE_UNKNOWN);
	/* Bad news alone is news. */
	score = score_of(&defaults, RECORD_LOCATION_UNREACHABLE, NULL, 0);
	assert_score(&score, 0, RECORD_GRADE_CRITICAL);
	assert_false(score.raw_known);
	assert_int_equal(score.capped_by, CAP(UNREACHABLE));
	score = score_of(&defaults, RECORD_LOCATION_EMPTY, NULL, 0);
	assert_score(&score, 0, RECORD_GRADE_CRITICAL);
	/* A series of which nothing is left. */
	series.status = SCHEDULE_MISSING;
	score = score_one(&series);
	assert_score(&score, 0, RECORD_GRADE_CRITICAL);
}

static void
missing_evidence_makes_no_bad_news(void **state)
{
	struct score_series series = healthy;
	struct score score;

	(void)state;
	is_never_verified(&series);
	is_never_restored(&series);
	score = score_one(&series);
	assert_score(&score, 0.799, RECORD_GRADE_WARNING);
	assert_float_equal(score.raw, 1, 1e-9);
	assert_false(score.parts[SCORE_VERIFICATION].known);
	assert_true(score.coverage_known);
	assert_float_equal(score.coverage, 0, 1e-9);
}

static void
coverage_counts_what_should_have_a_verdict(void **state)
{
	struct score_series series[2] = {healthy, healthy};
	struct score score;

	(void)state;
	series[0].verified_pass = 3;
	series[1].newest_restore = RECORD_VERDICT_NONE;
	score = score_of(&defaults, RECORD_LOCATION_OK, series, 2);
	/* 3 + 7 of 14 verified, 1 of 2 restored */
	assert_float_equal(score.coverage, 11.0 / 16.0, 1e-9);
	assert_int_equal(score.parts[SCORE_VERIFICATION].covered, 10);
	assert_int_equal(score.parts[SCORE_VERIFICATION].should, 14);
	assert_int_equal(score.parts[SCORE_RESTORE].covered, 1);
	assert_int_equal(score.parts[SCORE_RESTORE].should, 2);
}

static void
thresholds_can_be_set(void **state)
{
	struct score_options options = defaults;
	struct score_series series = healthy;
	struct score score;

	(void)state;
	options.good = 0.95;
	options.warning = 0.9;
	is_late(&series);
	score = score_of(&options, RECORD_LOCATION_OK, &series, 1);
	assert_score(&score, 0.929, RECORD_GRADE_WARNING);
	score = score_of(&options, RECORD_LOCATION_EMPTY, &healthy, 1);
	assert_score(&score, 0.899, RECORD_GRADE_CRITICAL);
	/* A threshold between two printed numbers belongs to the upper one. */
	options.good = 0.9285;
	score = score_of(&options, RECORD_LOCATION_OK, &series, 1);
	assert_score(&score, 0.928, RECORD_GRADE_WARNING);
}

static void
over_all_it_is_the_mean_under_the_worst_cap(void **state)
{
	struct score locations[3], score;
	struct score_series series = healthy;

	(void)state;
	locations[0] = score_one(&healthy);
	locations[1] = score_one(&healthy);
	locations[2] = score_one(&healthy);
	score_overall(&score, &defaults, locations, 3);
	assert_score(&score, 1, RECORD_GRADE_GOOD);
	is_late(&series);
	locations[1] = score_one(&series);
	score_overall(&score, &defaults, locations, 3);
	assert_score(&score, 0.799, RECORD_GRADE_WARNING);
	assert_float_equal(score.raw, 0.976, 1e-9);
	assert_int_equal(score.capped_by, CAP(SERIES_LATE));
	locations[2] = score_of(&defaults, RECORD_LOCATION_UNREACHABLE, NULL, 0);
	score_overall(&score, &defaults, locations, 3);
	assert_score(&score, 0.499, RECORD_GRADE_CRITICAL);
	assert_int_equal(score.capped_by, CAP(UNREACHABLE));
	/* A location of which nothing is known withholds the good news of the others. */
	locations[1] = locations[0];
	locations[2] = score_of(&defaults, RECORD_LOCATION_NONE, NULL, 0);
	score_overall(&score, &defaults, locations, 3);
	assert_score(&score, 0.799, RECORD_GRADE_WARNING);
	assert_true(score.capped_by & CAP(LOCATION_UNKNOWN));
	assert_int_equal(score.parts[SCORE_BACKUP].of, 14);
	/* None known, none there. */
	score_overall(&score, &defaults, locations + 2, 1);
	assert_int_equal(score.grade, RECORD_GRADE_UNKNOWN);
	assert_false(score.known);
	score_overall(&score, &defaults, NULL, 0);
	assert_int_equal(score.grade, RECORD_GRADE_UNKNOWN);
}

/* ---------------------------------------------------------------- the record */

static void
the_record_has_it_all(void **state)
{
	struct score_series series = healthy;
	struct score_line line = {.host = "h",
	    .store = "s",
	    .location = "db",
	    .days = 7,
	    .has_previous = true,
	    .previous_known = true,
	    .previous = 0.5,
	    .previous_grade = RECORD_GRADE_WARNING};
	struct buf out = BUF_INIT;
	struct record rec = RECORD_INIT;
	struct score score;

	(void)state;
	is_late(&series);
	is_never_restored(&series);
	score = score_one(&series);
	score_add_record(&out, &score, &line);
	assert_string_equal(out.data,
	    "{\"v\":1,\"kind\":\"score\",\"store\":\"s\",\"host\":\"h\",\"location\":\"db\",\"days\":7,"
	    "\"score\":0.799,\"grade\":\"warning\",\"capped_by\":[\"series_late\",\"never_restored\"],"
	    "\"raw_score\":0.911,\"parts\":{"
	    "\"backup\":{\"applies\":true,\"rate\":0.857,\"weight\":0.5,\"good\":6,\"of\":7},"
	    "\"verification\":{\"applies\":true,\"rate\":1,\"weight\":0.3,\"good\":7,\"of\":7,"
	    "\"coverage\":1},"
	    "\"restore\":{\"applies\":true,\"rate\":null,\"weight\":0.2,\"good\":0,\"of\":0,"
	    "\"coverage\":0}},"
	    "\"coverage\":0.875,\"previous\":0.5,\"previous_grade\":\"warning\","
	    "\"reasons\":[\"series_late\",\"never_restored\",\"due_times_missed\"]}");
	buf_clear(&out);
	score = score_of(&defaults, RECORD_LOCATION_NONE, NULL, 0);
	line = (struct score_line){.host = "h", .store = "s", .days = 7};
	score_add_record(&out, &score, &line);
	assert_non_null(strstr(out.data, "\"location\":null"));
	assert_non_null(strstr(out.data, "\"score\":null,\"grade\":\"unknown\",\"capped_by\":[]"));
	assert_non_null(strstr(out.data, "\"previous\":null"));
	assert_int_equal(record_parse(&rec, out.data, out.len, NULL), 0);
	record_release(&rec);
	buf_release(&out);
}

static void
the_formula_shows_the_arithmetic(void **state)
{
	struct score_series series = healthy;
	struct buf out = BUF_INIT;
	struct score score;

	(void)state;
	is_late(&series);
	score = score_one(&series);
	score_add_formula(&out, &score);
	assert_string_equal(out.data,
	    "0.5 * 6/7 backup + 0.3 * 7/7 verification + 0.2 * 2/2 restore = 0.929, "
	    "capped at 0.799 by series_late");
	buf_clear(&out);
	is_never_restored(&series);
	score = score_one(&series);
	score_add_formula(&out, &score);
	assert_string_equal(out.data,
	    "0.625 * 6/7 backup + 0.375 * 7/7 verification = 0.911, "
	    "capped at 0.799 by series_late, never_restored");
	buf_clear(&out);
	score = score_of(&defaults, RECORD_LOCATION_NONE, NULL, 0);
	score_add_formula(&out, &score);
	assert_string_equal(out.data, "nothing is known");
	buf_clear(&out);
	score = score_of(&defaults, RECORD_LOCATION_EMPTY, NULL, 0);
	score_add_formula(&out, &score);
	assert_string_equal(out.data, "nothing good is known");
	buf_release(&out);
}

static void
caps_have_their_words(void **state)
{
	(void)state;
	assert_string_equal(record_word(RECORD_LIST_CAP, RECORD_CAP_UNREACHABLE), "unreachable");
	assert_string_equal(
	    record_word(RECORD_LIST_CAP, RECORD_CAP_SERIES_MISSING), "series_missing");
	assert_string_equal(
	    record_word(RECORD_LIST_CAP, RECORD_CAP_LOCATION_UNKNOWN), "location_unknown");
	assert_string_equal(
	    record_word(RECORD_LIST_CAP, RECORD_CAP_NEVER_SCANNED), "never_scanned");
	assert_null(record_word(RECORD_LIST_CAP, RECORD_CAPS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_well_is_one),
	    cmocka_unit_test(rates_are_weighted),
	    cmocka_unit_test(a_part_that_is_off_shares_its_weight),
	    cmocka_unit_test(every_cap),
	    cmocka_unit_test(a_low_mean_is_not_capped),
	    cmocka_unit_test(nothing_known_is_unknown),
	    cmocka_unit_test(missing_evidence_makes_no_bad_news),
	    cmocka_unit_test(coverage_counts_what_should_have_a_verdict),
	    cmocka_unit_test(thresholds_can_be_set),
	    cmocka_unit_test(over_all_it_is_the_mean_under_the_worst_cap),
	    cmocka_unit_test(the_record_has_it_all),
	    cmocka_unit_test(the_formula_shows_the_arithmetic),
	    cmocka_unit_test(caps_have_their_words),
	};

	return cmocka_run_group_tests_name("score/score", tests, NULL, NULL);
}
