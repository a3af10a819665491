// The judge: every rule of how checks become a verdict, with plain structs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verify/verify.h"

#define NOW   INT64_C(1795000000)
#define MTIME (NOW - 2 * CLOCK_DAY)

static const struct verify_known usual = {
    .methods = VERIFY_METHODS_ALL,
    .now = NOW,
    .recorded = true,
    .size = 1000,
    .mtime = MTIME,
    .algorithm = "md5",
    .can_record = true,
};

static struct verify_answer
answer(enum record_verdict content, enum verify_reason reason, enum record_level level)
{
	struct verify_answer a = {.bytes = 1000, .digests = {{.len = 16, .data = {0xab}}}};
	a.content.verdict = content;
	a.content.reason = reason;
	a.content.level = level;
	return a;
}

#define DIGEST "ab000000000000000000000000000000"
#define OTHER  "cd000000000000000000000000000000"

static void
expect(const struct verify_known *k, const struct verify_answer *a, uint64_t size, int64_t mtime,
    enum record_verdict verdict, enum verify_reason reason, enum record_level level)
{
	struct verify_found f = {.size = size, .mtime = mtime, .answer = a};
	struct verify_verdict v;
	verify_judge(k, &f, &v);
	if (v.verdict != verdict || v.reason != reason || v.level != level)
		fail_msg("%s %s %s instead of %s %s %s",
		    record_word(RECORD_LIST_VERDICT, (int)v.verdict), verify_reason_word(v.reason),
		    record_word(RECORD_LIST_LEVEL, (int)v.level),
		    record_word(RECORD_LIST_VERDICT, (int)verdict), verify_reason_word(reason),
		    record_word(RECORD_LIST_LEVEL, (int)level));
}

static void
test_levels_of_passes(void **state)
{
	(void)state;
	struct verify_known k = usual;
	struct verify_answer opaque =
	    answer(RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE, RECORD_LEVEL_NONE);
	struct verify_answer intact = answer(RECORD_VERDICT_PASS, 0, RECORD_LEVEL_INTACT);
	struct verify_answer complete = answer(RECORD_VERDICT_PASS, 0, RECORD_LEVEL_COMPLETE);
	expect(&k, NULL, 1000, MTIME, RECORD_VERDICT_PASS, 0, RECORD_LEVEL_METADATA);
	expect(&k, &opaque, 1000, MTIME, RECORD_VERDICT_PASS, 0, RECORD_LEVEL_READ);
	expect(&k, &intact, 1000, MTIME, RECORD_VERDICT_PASS, 0, RECORD_LEVEL_INTACT);
	k.baseline = DIGEST;
	expect(&k, &opaque, 1000, MTIME, RECORD_VERDICT_PASS, 0, RECORD_LEVEL_UNCHANGED);
	expect(&k, &complete, 1000, MTIME, RECORD_VERDICT_PASS, 0, RECORD_LEVEL_COMPLETE);
}

static void
test_nothing_to_compare_with_is_no_pass(void **state)
{
	(void)state;
	struct verify_known k = usual;
	struct verify_answer opaque =
	    answer(RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE, RECORD_LEVEL_NONE);
	k.recorded = k.can_record = false; /* a file by hand */
	expect(&k, &opaque, 1000, MTIME, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE, 0);
	struct verify_answer secret =
	    answer(RECORD_VERDICT_SKIP, VERIFY_REASON_ENCRYPTED, RECORD_LEVEL_NONE);
	expect(&k, &secret, 1000, MTIME, RECORD_VERDICT_SKIP, VERIFY_REASON_ENCRYPTED, 0);
}

static void
test_fails(void **state)
{
	(void)state;
	struct verify_known k = usual;
	struct verify_answer good = answer(RECORD_VERDICT_PASS, 0, RECORD_LEVEL_INTACT);
	struct verify_answer cut = answer(RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED, 0);
	expect(&k, NULL, 0, MTIME, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, RECORD_LEVEL_METADATA);
	expect(&k, NULL, 999, MTIME, RECORD_VERDICT_FAIL, VERIFY_REASON_SIZE_MISMATCH,
	    RECORD_LEVEL_METADATA);
	expect(
	    &k, &cut, 1000, MTIME, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED, RECORD_LEVEL_READ);
	k.baseline = OTHER;
	expect(
	    &k, &good, 1000, MTIME, RECORD_VERDICT_FAIL, VERIFY_REASON_BITROT, RECORD_LEVEL_READ);
	/* What the content says names it before the digest does. */
	expect(
	    &k, &cut, 1000, MTIME, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED, RECORD_LEVEL_READ);
	k.methods = VERIFY_SIZE; /* an empty one fails whatever is asked for */
	expect(&k, NULL, 0, MTIME, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, RECORD_LEVEL_METADATA);
	k.methods = VERIFY_CONTENT;
	expect(&k, NULL, 0, MTIME, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, RECORD_LEVEL_METADATA);
}

static void
test_timestamps(void **state)
{
	(void)state;
	struct verify_known k = usual;
	k.mtime = NOW + CLOCK_HOUR + 1;
	expect(&k, NULL, 1000, k.mtime, RECORD_VERDICT_FAIL, VERIFY_REASON_TIMESTAMP_MOVED,
	    RECORD_LEVEL_METADATA);
	k.mtime = NOW + CLOCK_HOUR;
	expect(&k, NULL, 1000, k.mtime, RECORD_VERDICT_PASS, 0, RECORD_LEVEL_METADATA);
	k = usual; /* back against the record, and against the generation before */
	expect(&k, NULL, 1000, MTIME - 1, RECORD_VERDICT_FAIL, VERIFY_REASON_TIMESTAMP_MOVED,
	    RECORD_LEVEL_METADATA);
	k.has_previous = true;
	k.previous_mtime = MTIME + 1;
	expect(&k, NULL, 1000, MTIME, RECORD_VERDICT_FAIL, VERIFY_REASON_TIMESTAMP_MOVED,
	    RECORD_LEVEL_METADATA);
	k.methods = VERIFY_SIZE;
	expect(&k, NULL, 1000, MTIME, RECORD_VERDICT_PASS, 0, RECORD_LEVEL_METADATA);
	k = usual; /* fractions of a second get lost in copies */
	k.mtime_nsec = 5;
	expect(&k, NULL, 1000, MTIME, RECORD_VERDICT_PASS, 0, RECORD_LEVEL_METADATA);
}

static void
test_generations(void **state)
{
	(void)state;
	struct verify_known k = usual;
	struct verify_answer good = answer(RECORD_VERDICT_PASS, 0, RECORD_LEVEL_INTACT);
	expect(&k, &good, 1200, MTIME + 60, RECORD_VERDICT_SKIP, VERIFY_REASON_SUPERSEDED, 0);
	k.immutable = true;
	expect(&k, &good, 1200, MTIME + 60, RECORD_VERDICT_FAIL, VERIFY_REASON_FORBIDDEN_CHANGE,
	    RECORD_LEVEL_METADATA);
	k.has_previous = true; /* the scan has seen the change already */
	k.previous_mtime = MTIME - 1;
	expect(&k, &good, 1000, MTIME, RECORD_VERDICT_FAIL, VERIFY_REASON_FORBIDDEN_CHANGE,
	    RECORD_LEVEL_READ);
}

static void
test_errors_and_changes(void **state)
{
	(void)state;
	struct verify_known k = usual;
	struct verify_answer a = {.outcome = VERIFY_FAILED, .reason = VERIFY_REASON_TIMEOUT};
	expect(&k, &a, 0, 0, RECORD_VERDICT_ERROR, VERIFY_REASON_TIMEOUT, 0);
	a.outcome = VERIFY_CHANGED;
	expect(&k, &a, 1000, MTIME, RECORD_VERDICT_SKIP, VERIFY_REASON_GROWING, 0);
	struct verify_answer late = answer(RECORD_VERDICT_ERROR, VERIFY_REASON_TIMEOUT, 0);
	expect(&k, &late, 1000, MTIME, RECORD_VERDICT_ERROR, VERIFY_REASON_TIMEOUT, 0);
}

static void
test_manifest_comes_first(void **state)
{
	(void)state;
	struct verify_known k = usual;
	struct verify_answer a = answer(RECORD_VERDICT_NONE, 0, 0);
	struct verify_found f = {.size = 1000, .mtime = MTIME, .answer = &a};
	struct verify_verdict v;
	k.methods = VERIFY_CHECKSUM;
	k.manifest = (struct verify_reference){
	    .found = true, .algorithm = "md5", .len = 16, .digest = {0xab}};
	verify_judge(&k, &f, &v);
	assert_int_equal(v.verdict, RECORD_VERDICT_PASS);
	assert_int_equal(v.level, RECORD_LEVEL_UNCHANGED);
	assert_string_equal(v.checks[0].reference, "manifest");
	assert_true(v.new_baseline);
	k.manifest.digest[0] = 0xcd; /* what contradicts a manifest is no baseline */
	verify_judge(&k, &f, &v);
	assert_int_equal(v.reason, VERIFY_REASON_CHECKSUM_MISMATCH);
	assert_false(v.new_baseline);
	/* Another algorithm: the second digest is the manifest's. */
	a.digests[1] = (struct verify_digest){.len = 20, .data = {0x11}};
	k.manifest = (struct verify_reference){
	    .found = true, .algorithm = "sha1", .len = 20, .digest = {0x11}};
	k.baseline = DIGEST;
	verify_judge(&k, &f, &v);
	assert_int_equal(v.verdict, RECORD_VERDICT_PASS);
	assert_int_equal(v.check_count, 2);
	k.baseline = OTHER; /* a manifest that changed with the content hides nothing */
	verify_judge(&k, &f, &v);
	assert_int_equal(v.reason, VERIFY_REASON_BITROT);
}

static void
test_baselines(void **state)
{
	(void)state;
	struct verify_known k = usual;
	struct verify_answer cut = answer(RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED, 0);
	struct verify_found f = {.size = 1000, .mtime = MTIME, .answer = &cut};
	struct verify_verdict v;
	verify_judge(&k, &f, &v);
	assert_false(v.new_baseline); /* what fails is none */
	cut.content.verdict = RECORD_VERDICT_PASS;
	cut.content.reason = 0;
	verify_judge(&k, &f, &v);
	assert_true(v.new_baseline);
	k.baseline = DIGEST;
	verify_judge(&k, &f, &v);
	assert_false(v.new_baseline);
}

static void
test_json(void **state)
{
	(void)state;
	struct verify_known k = usual;
	struct verify_answer a = answer(RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED, 0);
	struct verify_found f = {.size = 1000, .mtime = MTIME, .answer = &a};
	struct verify_verdict v;
	struct buf out = BUF_INIT;
	struct record rec = RECORD_INIT;
	snprintf(a.content.last, sizeof(a.content.last), "bad \xff \"name\"\n");
	a.content.offset = 7;
	k.baseline = OTHER;
	verify_judge(&k, &f, &v);
	v.warnings = VERIFY_WARN_GARBAGE | VERIFY_WARN_MANIFEST;
	verify_add_json(&out, &k, &f, &v, "because");
	assert_int_equal(record_parse(&rec, out.data, out.len, NULL), 0);
	record_release(&rec);
	assert_non_null(strstr(out.data, "\"verdict\":\"fail\",\"reason\":\"damaged\""));
	assert_non_null(
	    strstr(out.data, "\"warnings\":[\"trailing_garbage\",\"manifest_ignored\"]"));
	assert_non_null(strstr(out.data, "\"expected\":\"" OTHER "\",\"actual\":\"" DIGEST "\""));
	assert_non_null(strstr(out.data, "\"reason\":\"bitrot\""));
	buf_release(&out);
}

/* The words here are the words of the records. */
static void
test_words(void **state)
{
	(void)state;
	for (int r = VERIFY_REASON_NONE + 1; r < VERIFY_REASON_REASONS; r++) {
		const char *w = verify_reason_word((enum verify_reason)r);
		assert_non_null(w);
		if (!record_word_find(RECORD_LIST_FAIL_REASON, w) &&
		    !record_word_find(RECORD_LIST_SKIP_REASON, w) &&
		    !record_word_find(RECORD_LIST_CANNOT_REASON, w))
			fail_msg("no such reason in the table: %s", w);
	}
	for (unsigned i = 0; i < VERIFY_WARNINGS; i++) {
		const char *w = verify_warning_word((enum verify_warning)(1U << i));
		if (!record_word_find(RECORD_LIST_WARNING, w))
			fail_msg("no such warning in the table: %s", w);
	}
	for (unsigned i = 0; i < VERIFY_METHODS; i++)
		assert_true(record_word_find(RECORD_LIST_CHECK,
				verify_method_name((enum verify_method)(1U << i))) > 0);
	assert_null(verify_reason_word(VERIFY_REASON_NONE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_levels_of_passes),
	    cmocka_unit_test(test_nothing_to_compare_with_is_no_pass),
	    cmocka_unit_test(test_fails),
	    cmocka_unit_test(test_timestamps),
	    cmocka_unit_test(test_generations),
	    cmocka_unit_test(test_errors_and_changes),
	    cmocka_unit_test(test_manifest_comes_first),
	    cmocka_unit_test(test_baselines),
	    cmocka_unit_test(test_json),
	    cmocka_unit_test(test_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
