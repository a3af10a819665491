// The rules of states, losses and sizes, on plain structs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "scan/scan.h"

#define NOW    ((int64_t)1000000)
#define SETTLE ((int64_t)300)

static struct scan_judgement
judge(struct scan_facts facts)
{
	struct scan_judgement j;

	scan_judge(&facts, NOW, SETTLE, &j);
	return j;
}

static void
test_states(void **state)
{
	static const struct {
		const char *what;
		struct scan_facts facts;
		enum record_state state;
		enum record_status status;
		const char *reasons;
	} rows[] = {
	    {"old at first sight", {.is_new = true, .size = 1, .mtime = NOW - 300},
		RECORD_STATE_COMPLETE, RECORD_STATUS_OK, ""},
	    {"young at first sight", {.is_new = true, .size = 1, .mtime = NOW - 299},
		RECORD_STATE_GROWING, RECORD_STATUS_OK, ""},
	    {"unchanged since it was young",
		{.size = 1, .mtime = NOW - 300, .changed_at = NOW - 100}, RECORD_STATE_COMPLETE,
		RECORD_STATUS_OK, ""},
	    {"seen to change, then quiet for too short a time",
		{.size = 1, .mtime = NOW - 900, .changed_before = true, .changed_at = NOW - 100},
		RECORD_STATE_GROWING, RECORD_STATUS_OK, ""},
	    {"seen to change, then quiet",
		{.size = 1, .mtime = NOW - 900, .changed_before = true, .changed_at = NOW - 300},
		RECORD_STATE_COMPLETE, RECORD_STATUS_OK, ""},
	    {"changing now", {.size = 1, .mtime = NOW - 900, .changed = true, .changed_at = NOW},
		RECORD_STATE_GROWING, RECORD_STATUS_OK, ""},
	    {"empty and quiet", {.is_new = true, .mtime = NOW - 300}, RECORD_STATE_STALLED,
		RECORD_STATUS_FAILED, "[\"empty\"]"},
	    {"empty and young", {.is_new = true, .mtime = NOW}, RECORD_STATE_GROWING,
		RECORD_STATUS_OK, ""},
	    {"too small", {.is_new = true, .size = 9, .min_size = 10, .mtime = 0},
		RECORD_STATE_COMPLETE, RECORD_STATUS_FAILED, "[\"too_small\"]"},
	    {"just large enough", {.is_new = true, .size = 10, .min_size = 10, .mtime = 0},
		RECORD_STATE_COMPLETE, RECORD_STATUS_OK, ""},
	    {"partial and active", {.is_new = true, .partial = true, .size = 1, .mtime = NOW - 599},
		RECORD_STATE_GROWING, RECORD_STATUS_OK, "[\"partial_name\"]"},
	    {"partial and dead", {.is_new = true, .partial = true, .size = 1, .mtime = NOW - 600},
		RECORD_STATE_STALLED, RECORD_STATUS_FAILED, "[\"partial_name\",\"stalled\"]"},
	    {"from the future at first sight",
		{.is_new = true, .size = 1, .mtime = NOW + 3601, .changed_at = NOW},
		RECORD_STATE_GROWING, RECORD_STATUS_OK, "[\"future_mtime\"]"},
	    {"a little ahead", {.is_new = true, .size = 1, .mtime = NOW + 3600, .changed_at = NOW},
		RECORD_STATE_GROWING, RECORD_STATUS_OK, ""},
	    {"from the future and quiet",
		{.size = 1, .mtime = NOW + 99999, .changed_at = NOW - 300}, RECORD_STATE_COMPLETE,
		RECORD_STATUS_OK, "[\"future_mtime\"]"},
	    {"before 1970", {.is_new = true, .size = 1, .mtime = -5}, RECORD_STATE_COMPLETE,
		RECORD_STATUS_OK, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scan_judgement j = judge(rows[i].facts);

		if (j.state != rows[i].state || j.status != rows[i].status)
			fail_msg("%s: %d %d", rows[i].what, (int)j.state, (int)j.status);
		assert_string_equal(j.reasons, rows[i].reasons);
	}
}

static void
test_settle_zero_completes_at_once(void **state)
{
	struct scan_facts facts = {.is_new = true, .size = 1, .mtime = NOW};
	struct scan_judgement j;

	(void)state;
	scan_judge(&facts, NOW, 0, &j);
	assert_int_equal(j.state, RECORD_STATE_COMPLETE);
	facts.mtime = NOW + 10;
	scan_judge(&facts, NOW, 0, &j);
	assert_int_equal(j.state, RECORD_STATE_COMPLETE);
	facts.partial = true;
	scan_judge(&facts, NOW, 0, &j);
	assert_int_equal(j.state, RECORD_STATE_GROWING);
}

static void
test_early_and_loss(void **state)
{
	(void)state;
	assert_false(scan_is_early(NOW - 10, NOW, 0));
	assert_true(scan_is_early(NOW - 10, NOW, 1));
	assert_true(scan_is_early(NOW - CLOCK_DAY + 1, NOW, 1));
	assert_false(scan_is_early(NOW - CLOCK_DAY, NOW, 1));
	assert_false(scan_is_loss(0, 0, 9));
	assert_false(scan_is_loss(1, 7, 7)); /* replaced by a new one */
	assert_true(scan_is_loss(1, 6, 7));
	assert_true(scan_is_loss(8, 7, 7));
	assert_false(scan_is_loss(2, 1, 1));
}

static void
test_band(void **state)
{
	const uint64_t even[] = {1000, 1000, 1000, 1000, 1000};
	const uint64_t wide[] = {1000, 3000, 5000, 7000, 9000, 4000, 6000};
	const uint64_t outlier[] = {10000, 10100, 9900, 10050, 1, 9950, 90000000};
	const uint64_t huge[] = {1ULL << 52, 1ULL << 52, 1ULL << 52, 1ULL << 52, 1ULL << 52};

	(void)state;
	assert_int_equal(scan_band(1, even, 4), 0);   /* too few */
	assert_int_equal(scan_band(488, even, 5), 0); /* the floor of bytes */
	assert_int_equal(scan_band(487, even, 5), -1);
	assert_int_equal(scan_band(2000, even, 5), 0);
	assert_int_equal(scan_band(2001, even, 5), 1);
	assert_int_equal(scan_band(1, wide, 7), 0); /* sizes that were always all over */
	assert_int_equal(scan_band(4900, outlier, 7), -1);
	assert_int_equal(scan_band(5100, outlier, 7), 0);
	assert_int_equal(scan_band(0, huge, 5), -1);
	assert_int_equal(scan_band(UINT64_MAX, huge, 5), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_states),
	    cmocka_unit_test(test_settle_zero_completes_at_once),
	    cmocka_unit_test(test_early_and_loss),
	    cmocka_unit_test(test_band),
	};

	return cmocka_run_group_tests_name("scan/judge", tests, NULL, NULL);
}
