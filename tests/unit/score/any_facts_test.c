// Scores: what must hold whatever the facts are.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../fixtures/score_of.h"

static uint64_t
random_below(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 8) % n;
}

static struct score_series
random_series(unsigned *seed)
{
	static const enum record_verdict verdicts[] = {
	    RECORD_VERDICT_NONE, RECORD_VERDICT_PASS, RECORD_VERDICT_FAIL};
	struct score_series s = {
	    .status = (enum schedule_status)random_below(seed, SCHEDULE_UNKNOWN + 1),
	    .due = random_below(seed, 4),
	    .ok = random_below(seed, 4),
	    .failed = random_below(seed, 3),
	    .verified_pass = random_below(seed, 4),
	    .verified_fail = random_below(seed, 4) / 2,
	    .restored_pass = random_below(seed, 4),
	    .restored_fail = random_below(seed, 4) / 2,
	    .has_newest = random_below(seed, 3) > 0,
	    .any_fail = random_below(seed, 5) == 0,
	    .newest_verification = verdicts[random_below(seed, 3)],
	    .newest_restore = verdicts[random_below(seed, 3)],
	};

	s.met = random_below(seed, (unsigned)s.due + 1);
	s.complete = s.verified_pass + s.verified_fail + random_below(seed, 3);
	return s;
}

/* One more piece of bad news. */
static struct score_series
worse(struct score_series s, unsigned *seed)
{
	switch (random_below(seed, 8)) {
	case 0:
		s.verified_fail++;
		s.complete++;
		break;
	case 1:
		s.restored_fail++;
		break;
	case 2:
		s.due += s.due > 0;
		break;
	case 3:
		s.failed++;
		break;
	case 4:
		s.any_fail = true;
		break;
	case 5:
		s.newest_verification = RECORD_VERDICT_FAIL;
		break;
	case 6:
		s.newest_restore = RECORD_VERDICT_FAIL;
		break;
	default:
		if (s.verified_pass > 0) {
			s.verified_pass--;
			s.verified_fail++;
		}
	}
	return s;
}

static void
check_agreement(const struct score *score, const struct score_options *options)
{
	if (!score->known) {
		assert_int_equal(score->grade, RECORD_GRADE_UNKNOWN);
		return;
	}
	assert_true(score->score >= 0 && score->score <= 1);
	if (score->raw_known)
		assert_true(score->score <= score->raw);
	assert_int_equal(score->grade == RECORD_GRADE_GOOD, score->score >= options->good - 1e-9);
	assert_int_equal(
	    score->grade == RECORD_GRADE_CRITICAL, score->score < options->warning - 1e-9);
	assert_int_equal(score->capped_by & ~score->reasons, 0);
	if (score->reasons & (CAP(NEWEST_VERIFICATION_FAILED) | CAP(NEWEST_RESTORE_FAILED)))
		assert_int_equal(score->grade, RECORD_GRADE_CRITICAL);
	if (score->grade == RECORD_GRADE_GOOD)
		assert_int_equal(
		    score->reasons & ~(CAP(DUE_TIMES_MISSED) | CAP(BACKUPS_FAILED)), 0);
}

static void
grade_and_number_agree_and_failures_never_help(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct score_options options = defaults;
		struct score_series series[3];
		size_t count = 1 + random_below(&seed, 3);
		size_t pick = random_below(&seed, (unsigned)count);
		struct score before, after;

		options.off[SCORE_VERIFICATION] = random_below(&seed, 5) == 0;
		options.off[SCORE_RESTORE] = random_below(&seed, 5) == 0;
		for (size_t i = 0; i < count; i++)
			series[i] = random_series(&seed);
		before = score_of(&options, RECORD_LOCATION_OK, series, count);
		check_agreement(&before, &options);
		series[pick] = worse(series[pick], &seed);
		after = score_of(&options, RECORD_LOCATION_OK, series, count);
		check_agreement(&after, &options);
		if (before.known) {
			assert_true(after.known);
			if (after.score > before.score + 1e-9)
				fail_msg(
				    "round %d: %.3f became %.3f", round, before.score, after.score);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(grade_and_number_agree_and_failures_never_help),
	};

	return cmocka_run_group_tests_name("score/any_facts", tests, NULL, NULL);
}
