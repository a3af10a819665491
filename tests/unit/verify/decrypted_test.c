// What the end of a decryptor adds to what was found in its output.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "verify/verify.h"

static struct verify_content
content(enum record_verdict verdict, enum verify_reason reason, const char *format)
{
	struct verify_content c = {.verdict = verdict, .reason = reason};

	if (verdict == RECORD_VERDICT_PASS) {
		c.level = RECORD_LEVEL_COMPLETE;
		c.warnings = VERIFY_WARN_UNCHECKED;
	}
	(void)snprintf(c.format, sizeof(c.format), "%s", format);
	return c;
}

static void
expect(struct verify_content c, enum decrypt_outcome outcome, bool checked,
    enum record_verdict verdict, enum verify_reason reason, enum record_level level)
{
	const struct decrypt_result r = {
	    .outcome = outcome, .checked = checked, .message = "it said so"};

	verify_decrypted(&c, &r);
	assert_int_equal(c.verdict, verdict);
	assert_int_equal(c.reason, reason);
	assert_int_equal(c.level, level);
	if (outcome != DECRYPT_DONE && c.reason != VERIFY_REASON_BOMB &&
	    c.reason != VERIFY_REASON_TIMEOUT)
		assert_non_null(strstr(c.detail, "it said so"));
}

static void
a_good_end(void **state)
{
	const struct verify_content tar = content(RECORD_VERDICT_PASS, VERIFY_REASON_NONE, "tar"),
				    noise = content(
					RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE, ""),
				    foreign =
					content(RECORD_VERDICT_FAIL, VERIFY_REASON_FOREIGN, "");

	(void)state;
	expect(tar, DECRYPT_DONE, false, RECORD_VERDICT_PASS, VERIFY_REASON_NONE,
	    RECORD_LEVEL_COMPLETE);
	expect(
	    tar, DECRYPT_DONE, true, RECORD_VERDICT_PASS, VERIFY_REASON_NONE, RECORD_LEVEL_INTACT);
	expect(noise, DECRYPT_DONE, false, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
	    RECORD_LEVEL_NONE);
	expect(noise, DECRYPT_DONE, true, RECORD_VERDICT_PASS, VERIFY_REASON_NONE,
	    RECORD_LEVEL_INTACT);
	/* Without a check of the encryption noise is what a wrong key looks like. */
	expect(foreign, DECRYPT_DONE, false, RECORD_VERDICT_ERROR, VERIFY_REASON_DECRYPT,
	    RECORD_LEVEL_NONE);
	expect(foreign, DECRYPT_DONE, true, RECORD_VERDICT_FAIL, VERIFY_REASON_FOREIGN,
	    RECORD_LEVEL_NONE);
	expect(content(RECORD_VERDICT_FAIL, VERIFY_REASON_FOREIGN, "zip"), DECRYPT_DONE, false,
	    RECORD_VERDICT_FAIL, VERIFY_REASON_FOREIGN, RECORD_LEVEL_NONE);
}

static void
a_bad_end(void **state)
{
	const struct verify_content tar = content(RECORD_VERDICT_PASS, VERIFY_REASON_NONE, "tar"),
				    noise = content(
					RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE, "");

	(void)state;
	expect(tar, DECRYPT_DAMAGED, false, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
	    RECORD_LEVEL_NONE);
	expect(tar, DECRYPT_UNSURE, false, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
	    RECORD_LEVEL_NONE);
	expect(noise, DECRYPT_UNSURE, false, RECORD_VERDICT_ERROR, VERIFY_REASON_DECRYPT,
	    RECORD_LEVEL_NONE);
	expect(tar, DECRYPT_KEY, false, RECORD_VERDICT_ERROR, VERIFY_REASON_DECRYPT,
	    RECORD_LEVEL_NONE);
	expect(tar, DECRYPT_CANNOT, false, RECORD_VERDICT_ERROR, VERIFY_REASON_DECRYPT,
	    RECORD_LEVEL_NONE);
	expect(tar, DECRYPT_STOPPED, false, RECORD_VERDICT_ERROR, VERIFY_REASON_DECRYPT,
	    RECORD_LEVEL_NONE);
}

/* Whoever stops to read makes the decryptor fail: that says nothing. */
static void
nobody_read_it(void **state)
{
	(void)state;
	expect(content(RECORD_VERDICT_FAIL, VERIFY_REASON_BOMB, "tar"), DECRYPT_UNSURE, false,
	    RECORD_VERDICT_FAIL, VERIFY_REASON_BOMB, RECORD_LEVEL_NONE);
	expect(content(RECORD_VERDICT_ERROR, VERIFY_REASON_TIMEOUT, "tar"), DECRYPT_DAMAGED, false,
	    RECORD_VERDICT_ERROR, VERIFY_REASON_TIMEOUT, RECORD_LEVEL_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_end),
	    cmocka_unit_test(a_bad_end),
	    cmocka_unit_test(nobody_read_it),
	};

	return cmocka_run_group_tests_name("verify/decrypted", tests, NULL, NULL);
}
