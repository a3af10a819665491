// Rules, quiet hours, the digest, escalation and back-off.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "alert/alert.h"

static const char *const both[] = {"email", "log"};
static const char *const only_log[] = {"log"};

static int64_t
at(const char *text)
{
	int64_t t = 0;

	assert_int_equal(clock_parse(text, &t, NULL), 0);
	return t;
}

static int64_t
when(const char *digest, const char *quiet, const char *zone, enum record_severity severity,
    const char *now)
{
	const struct alert_policy_options options = {
	    .digest = digest, .quiet_hours = quiet, .zone = zone, .after = 1};
	struct alert_policy *policy = NULL;
	int64_t t;

	assert_int_equal(alert_policy_new(&policy, &options, NULL), 0);
	t = alert_policy_when(policy, severity, at(now));
	alert_policy_free(policy);
	return t;
}

#define W RECORD_SEVERITY_WARNING
#define C RECORD_SEVERITY_CRITICAL

/* clang-format off */
static const struct {
	const char *digest, *quiet, *zone;
	enum record_severity severity;
	const char *now, *expected;
} moments[] = {
	{NULL, NULL, "UTC", W, "2026-11-22T23:00:00Z", "2026-11-22T23:00:00Z"},
	{NULL, "22:00-07:00", "UTC", C, "2026-11-22T23:00:00Z", "2026-11-22T23:00:00Z"},
	{NULL, "22:00-07:00", "UTC", W, "2026-11-22T23:00:00Z", "2026-11-23T07:00:00Z"},
	{NULL, "22:00-07:00", "UTC", W, "2026-11-23T06:59:59Z", "2026-11-23T07:00:00Z"},
	{NULL, "22:00-07:00", "UTC", W, "2026-11-23T07:00:00Z", "2026-11-23T07:00:00Z"},
	{NULL, "22:00-07:00", "UTC", W, "2026-11-23T21:59:59Z", "2026-11-23T21:59:59Z"},
	{NULL, "12:00-13:00", "UTC", W, "2026-11-23T12:30:00Z", "2026-11-23T13:00:00Z"},
	{NULL, "22:00-07:00", "Europe/Berlin", W, "2026-11-22T21:30:00Z", "2026-11-23T06:00:00Z"},
	/* the night the clocks go forward, and the one they go back */
	{NULL, "22:00-07:00", "Europe/Berlin", W, "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"},
	{NULL, "22:00-07:00", "Europe/Berlin", W, "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z"},
	{"08:00", NULL, "UTC", W, "2026-11-22T07:59:59Z", "2026-11-22T08:00:00Z"},
	{"08:00", NULL, "UTC", W, "2026-11-22T08:00:00Z", "2026-11-23T08:00:00Z"},
	{"08:00", NULL, "UTC", C, "2026-11-22T08:01:00Z", "2026-11-22T08:01:00Z"},
	{"06:00", "22:00-07:00", "UTC", W, "2026-11-22T12:00:00Z", "2026-11-23T07:00:00Z"},
};
/* clang-format on */

static void
test_quiet_hours_and_digest(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(moments); i++)
		assert_int_equal(when(moments[i].digest, moments[i].quiet, moments[i].zone,
				     moments[i].severity, moments[i].now),
		    at(moments[i].expected));
}

static void
test_refused(void **state)
{
	static const char *const digests[] = {
	    "8:00", "24:00", "08:60", "0800", "08:00x", "ab:cd", ""};
	static const char *const spans[] = {"22:00", "22:00-22:00", "22:00-7:00", "22-07", ""};
	const struct alert_rule rule = {.match = ".a ="};
	struct alert_policy *policy = NULL;
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(digests); i++) {
		const struct alert_policy_options o = {.digest = digests[i]};

		assert_int_equal(alert_policy_new(&policy, &o, &err), -1);
		assert_int_equal(err.code, ERR_CONFIG);
	}
	for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
		const struct alert_policy_options o = {.quiet_hours = spans[i]};

		assert_int_equal(alert_policy_new(&policy, &o, &err), -1);
		assert_int_equal(err.code, ERR_CONFIG);
	}
	const struct alert_policy_options o = {.rules = &rule, .rule_count = 1};

	assert_int_equal(alert_policy_new(&policy, &o, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "alerts.rules[0].match"));
}

static void
test_rules(void **state)
{
	const struct alert_rule rules[] = {
	    {.match = ".location | tonumber",
		.channels = NULL,
		.channel_count = 0,
		.after = -1,
		.repeat_hours = -1},
	    {.match = ".severity == \"warning\"",
		.channels = only_log,
		.channel_count = 1,
		.after = 5,
		.repeat_hours = -1},
	};
	const struct alert_policy_options options = {.rules = rules,
	    .rule_count = 2,
	    .channels = both,
	    .channel_count = 2,
	    .after = 1,
	    .repeat_hours = 24};
	static const char warning[] = "{\"severity\":\"warning\",\"location\":\"db\"}";
	static const char critical[] = "{\"severity\":\"critical\",\"location\":null}";
	struct alert_policy *policy = NULL;
	const char *const *channels;
	struct alert_rates rates = {0};
	struct err err = {0};
	size_t count;

	(void)state;
	assert_int_equal(alert_policy_new(&policy, &options, &err), 0);
	/* the first rule fails on it, which is said; the second one matches all the same */
	assert_int_equal(
	    alert_policy_rates(policy, warning, strlen(warning), &rates, &channels, &count, &err),
	    -1);
	assert_non_null(strstr(err.msg, "alerts.rules[0].match"));
	assert_int_equal(count, 1);
	assert_int_equal(rates.after, 5);
	assert_int_equal(rates.repeat_s, 24 * 3600);
	(void)alert_policy_rates(
	    policy, critical, strlen(critical), &rates, &channels, &count, &err);
	assert_int_equal(count, 2);
	assert_int_equal(rates.after, 1);
	alert_policy_free(policy);
}

static void
test_escalation(void **state)
{
	const struct alert_step steps[] = {{1800, both, 2}, {7200, only_log, 1}};
	const struct alert_policy_options options = {.steps = steps, .step_count = 2};
	struct alert_policy *policy = NULL;
	struct alert_row row = {
	    .state = ALERT_OPEN, .opened = 1000, .notified = 1000, .acked_at = CLOCK_NONE};

	(void)state;
	assert_int_equal(alert_policy_new(&policy, &options, NULL), 0);
	assert_null(alert_policy_escalate(policy, &row, 2799));
	assert_ptr_equal(alert_policy_escalate(policy, &row, 2800), &steps[0]);
	assert_null(alert_policy_escalate(policy, &row, 2800));
	row.acked_at = 5000;
	assert_null(alert_policy_escalate(policy, &row, 100000));
	row.acked_at = CLOCK_NONE;
	row.notified = CLOCK_NONE; /* nobody was told yet: silenced */
	assert_null(alert_policy_escalate(policy, &row, 100000));
	row.notified = 1000;
	assert_ptr_equal(alert_policy_escalate(policy, &row, 100000), &steps[1]);
	assert_null(alert_policy_escalate(policy, &row, 1000000));
	alert_policy_free(policy);
}

static void
test_backoff(void **state)
{
	(void)state;
	assert_int_equal(alert_backoff(1, 0), 60);
	assert_int_equal(alert_backoff(2, 0), 300);
	assert_int_equal(alert_backoff(5, 0), 21600);
	assert_int_equal(alert_backoff(50, 0), 21600);
	assert_int_equal(alert_backoff(1, 7200), 7200);
	assert_int_equal(alert_backoff(1, 10), 60);
	assert_int_equal(alert_backoff(1, INT64_MAX), 86400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_quiet_hours_and_digest),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_rules),
	    cmocka_unit_test(test_escalation),
	    cmocka_unit_test(test_backoff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
