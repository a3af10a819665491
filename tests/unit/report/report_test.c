// The report document: order, days, attention, what is left out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "report/report.h"

#define NOW ((int64_t)1795402800) /* 2026-11-23T03:00:00Z */
#define H   ((int64_t)3600)

static struct report *
start(int64_t days)
{
	const struct report_options options = {
	    .app = "Backup Monitor",
	    .host = "h",
	    .version = "1",
	    .store = "s",
	    .now = NOW,
	    .days = days,
	    .good = 0.8,
	    .warning = 0.5,
	};

	return report_new(&options);
}

static const struct report_location plain_location = {
    .id = 1,
    .name = "db",
    .path = "/b/db",
    .type = "file",
    .unit = "file",
    .status = "ok",
    .first_scan = NOW - 30 * 24 * H,
    .last_scan = NOW - H,
    .last_reached = NOW - H,
    .empty_since = CLOCK_NONE,
    .free_bytes = -1,
    .verify_integrity = true,
    .test_restore = true,
};

static const struct report_health good_health = {
    .grade = RECORD_GRADE_GOOD,
    .has_score = true,
    .score = 1,
    .raw_score = 1,
    .backup = {.applies = true, .known = true, .rate = 1},
};

static struct report_backup
backup(const char *path, int64_t hours, const char *status)
{
	return (struct report_backup){
	    .id = 1,
	    .series = "db-*.gz",
	    .path = path,
	    .size = 1000,
	    .time = NOW - hours * H,
	    .mtime = NOW - hours * H,
	    .first_seen = NOW - hours * H,
	    .present = true,
	    .state = "complete",
	    .status = status,
	};
}

/* Ends the document and keeps it until the next call. */
static const char *
finish(struct report *r, enum record_grade grade)
{
	static struct buf out = {.data = buf_empty};
	const struct report_health overall = {.grade = grade, .has_score = true, .score = 0.5};
	const struct report_statistics statistics = {.backups = 3};
	struct record rec = RECORD_INIT;

	buf_release(&out);
	report_finish(r, &overall, &statistics, &out);
	report_free(r);
	assert_int_equal(record_parse(&rec, out.data, out.len, NULL), 0);
	record_release(&rec);
	return out.data;
}

static void
check(const char *doc, const char *expr)
{
	struct record_filter *filter = NULL;
	struct err err = {0};
	int r = record_filter_new(&filter, expr, &err);

	if (r == 0)
		r = record_filter_run_json(filter, doc, strlen(doc), &err);
	record_filter_free(filter);
	if (r != 1)
		fail_msg("%s: %s\n%s", expr, r < 0 ? err.msg : "false", doc);
}

static void
one(struct report *r, const char *name, enum record_grade grade, double score)
{
	struct report_location loc = plain_location;
	struct report_health health = good_health;

	loc.name = name;
	health.grade = grade;
	health.score = score;
	health.has_score = grade != RECORD_GRADE_UNKNOWN;
	report_location_begin(r, &loc);
	report_location_end(r, &health);
}

static void
test_worst_first(void **state)
{
	struct report *r = start(7);
	const char *doc;

	(void)state;
	one(r, "good", RECORD_GRADE_GOOD, 0.9);
	one(r, "unknown", RECORD_GRADE_UNKNOWN, 0);
	one(r, "warning-high", RECORD_GRADE_WARNING, 0.7);
	one(r, "critical", RECORD_GRADE_CRITICAL, 0.4);
	one(r, "warning-low", RECORD_GRADE_WARNING, 0.6);
	doc = finish(r, RECORD_GRADE_CRITICAL);
	check(doc,
	    "[.locations[].location] == "
	    "[\"critical\",\"warning-low\",\"warning-high\",\"unknown\",\"good\"]");
	check(doc, ".overall.locations == {critical:1,warning:2,unknown:1,good:1}");
	check(doc, ".locations[3].score == null and .locations[3].grade == \"unknown\"");
	/* A grade that is not good is always explained. */
	check(doc, "[.attention[].location] == [\"critical\",\"warning-high\",\"warning-low\"]");
	check(doc, ".attention[0].reason == \"score\" and .attention[0].why == \"backups 100 %\"");
}

static void
test_empty(void **state)
{
	const char *doc = finish(start(7), RECORD_GRADE_UNKNOWN);

	(void)state;
	check(doc, ".locations == [] and .attention == [] and .runs == [] and .alerts == []");
	check(doc, ".v == 1 and .kind == \"report_document\" and .days == 7");
	check(doc, ".from == \"2026-11-16T03:00:00Z\" and .generated == \"2026-11-23T03:00:00Z\"");
	check(doc, ".thresholds == {good:0.8,warning:0.5} and .statistics.backups == 3");
}

static void
test_days(void **state)
{
	struct report *r = start(7);
	struct report_location loc = plain_location;
	struct report_backup b;
	const char *doc;

	(void)state;
	loc.first_scan = NOW - 5 * 24 * H; /* the 18th */
	report_location_begin(r, &loc);
	b = backup("/b/db/1", 1, "ok");
	report_add_backup(r, &b);
	b = backup("/b/db/2", 25, "ok");
	b.verification = "{\"verdict\":\"fail\",\"reason\":\"truncated\"}";
	b.verify_verdict = "fail";
	report_add_backup(r, &b);
	b = backup("/b/db/3", 50, "ok");
	b.state = "growing";
	report_add_backup(r, &b);
	b = backup("/b/db/4", 73, "ok");
	report_add_backup(r, &b);
	b.size = 5000;
	report_add_backup(r, &b);
	b = backup("/b/db/5", 97, "failed");
	report_add_backup(r, &b);
	report_location_end(r, &good_health);
	doc = finish(r, RECORD_GRADE_GOOD);
	check(doc,
	    "[.locations[0].days[] | .day[8:] + \" \" + .status] == [\"17 unknown\","
	    "\"18 idle\",\"19 failed\",\"20 ok\",\"21 idle\",\"22 failed\",\"23 ok\"]");
	/* The largest of a series that day, not the sum. */
	check(doc,
	    ".locations[0].days[3] == "
	    "{day:\"2026-11-20\",status:\"ok\",backups:2,bytes:5000}");
	check(doc, ".locations[0].days[5].failed == 1");
}

static void
test_days_after_the_last_look(void **state)
{
	struct report *r = start(3);
	struct report_location loc = plain_location;
	const char *doc;

	(void)state;
	loc.last_reached = NOW - 30 * H; /* the 21st */
	report_location_begin(r, &loc);
	report_location_end(r, &good_health);
	doc = finish(r, RECORD_GRADE_GOOD);
	check(doc, "[.locations[0].days[].status] == [\"idle\",\"unknown\",\"unknown\"]");
}

static void
test_missing_days(void **state)
{
	struct report *r = start(7);
	const int64_t times[] = {NOW - 6 * 24 * H, NOW - 5 * 24 * H, NOW - 4 * 24 * H};
	struct schedule_policy policy = {.grace = -1};
	struct schedule_facts facts = {
	    .times = times,
	    .count = 3,
	    .first = times[0],
	    .members = 3,
	    .present = 3,
	    .scanned = NOW - H,
	};
	struct report_backup b = backup("/b/db/1", 4 * 24, "ok");
	struct report_series s = {.name = "db-*.gz", .schedule = "daily", .count = 3};
	const char *doc;

	(void)state;
	assert_int_equal(schedule_parse(&policy.schedule, "daily", NULL, NULL), 0);
	s.newest = &b;
	s.state = schedule_status(&policy, &facts, NOW);
	report_location_begin(r, &plain_location);
	report_add_backup(r, &b);
	schedule_each_due(&policy, &facts, NOW - 7 * 24 * H, NOW, report_add_due, r);
	report_add_series(r, &s);
	report_location_end(r, &good_health);
	doc = finish(r, RECORD_GRADE_WARNING);
	check(doc,
	    ".locations[0].days[3].status == \"missing\" and "
	    ".locations[0].days[2].status == \"ok\"");
	check(doc,
	    ".attention[0] | .reason == \"series_missing\" and .series == \"db-*.gz\" and "
	    ".severity == \"warning\" and .since == \"2026-11-20T03:00:00Z\" and "
	    "(.what | startswith(\"no backup for 4 d\")) and (.why | startswith(\"schedule "
	    "daily\"))");
	check(doc,
	    ".locations[0].series[0] | .status == \"missing\" and .count == 3 and "
	    ".newest.path == \"/b/db/1\"");
}

static void
test_urgency(void **state)
{
	struct report *r = start(7);
	struct report_location loc = plain_location;
	struct report_health health = good_health;
	struct report_backup bad = backup("/b/db/2", 2, "ok"), before = backup("/b/db/1", 26, "ok");
	struct report_series s = {
	    .name = "db-*.gz",
	    .count = 2,
	    .newest = &bad,
	    .previous = &before,
	    .failed_verdicts = 3,
	};
	struct report_backup older = backup("/b/db/0", 50, "ok");
	const struct report_run scan = {
	    .command = "bkm-scan", .fate = "ended", .started = NOW, .ended = NOW, .ms = 1};
	const struct report_run dead = {
	    .command = "bkm-verify", .fate = "dead", .started = NOW, .ended = CLOCK_NONE, .ms = -1};
	static const char *const reasons[] = {"never_restored", "series_late", NULL};
	static const char *const away[] = {"never_restored", "unreachable", NULL};
	const char *doc;

	(void)state;
	report_add_run(r, &dead);
	report_add_run(r, &scan);
	older.restore = "{\"verdict\":\"fail\",\"reason\":\"damaged\"}";
	s.failed = &older;
	health.grade = RECORD_GRADE_CRITICAL;
	health.capped_by = health.reasons = reasons;
	bad.verification = "{\"verdict\":\"fail\",\"reason\":\"truncated\",\"level\":\"read\","
			   "\"at\":\"2026-11-23T02:00:00Z\",\"secret\":1}";
	before.verification = "{\"verdict\":\"pass\",\"level\":\"intact\"}";
	report_location_begin(r, &loc);
	s.state.status = SCHEDULE_LATE;
	s.state.due = NOW - H;
	report_add_series(r, &s);
	report_location_end(r, &health);
	health.capped_by = health.reasons = away;
	loc.name = "away";
	loc.status = "unreachable";
	loc.reasons = "[\"identity_changed\"]";
	report_location_begin(r, &loc);
	report_location_end(r, &health);
	doc = finish(r, RECORD_GRADE_CRITICAL);
	check(doc,
	    "[.attention[].reason] == [\"unreachable\",\"newest_verification_failed\","
	    "\"series_late\",\"failed_verdict\",\"stage_died\",\"never_restored\"]");
	check(doc, ".attention[0].why | test(\"unmounted\")");
	check(doc,
	    ".attention[1] | .severity == \"critical\" and .path == \"/b/db/2\" and "
	    ".since == \"2026-11-23T02:00:00Z\" and "
	    "(.why | startswith(\"the data ends\")) and (.todo | endswith(\"passed: 1\"))");
	check(doc,
	    ".attention[3] | .what == \"2 older backups failed their verification or restore test\" "
	    "and .path == \"/b/db/0\" and .why == \"one of them: the data does not agree with its own checks\"");
	check(doc, "[.runs[].command] == [\"bkm-scan\", \"bkm-verify\"]");
	/* A verdict is shown with its level, and nothing that a report does not know. */
	check(doc,
	    "[.locations[] | select(.location == \"db\")][0].series[0].newest.verification "
	    "| .level == \"read\" and .secret == null");
}

/* One backup that failed both tests, or is late because the last one failed, is one item. */
static void
test_one_item(void **state)
{
	struct report *r = start(7);
	struct report_backup bad = backup("/b/db/2", 2, "ok"),
			     empty = backup("/b/db/3", 1, "failed");
	struct report_series s = {.name = "db-*.gz", .count = 2, .newest = &bad};
	const char *doc;

	(void)state;
	bad.verification = bad.restore = "{\"verdict\":\"fail\",\"reason\":\"bomb\"}";
	empty.reasons = "[\"empty\"]";
	s.failed_verdicts = 1;
	s.state.status = SCHEDULE_LATE;
	report_location_begin(r, &plain_location);
	report_add_backup(r, &empty);
	report_add_series(r, &s);
	report_location_end(r, &good_health);
	doc = finish(r, RECORD_GRADE_CRITICAL);
	check(doc, "[.attention[].reason] == [\"newest_verification_failed\", \"failed\"]");
	check(doc,
	    ".attention[0].what == "
	    "\"the newest backup failed its verification and its restore test\"");
}

/* The same verdict, told by the score alone; both kinds of missing evidence are one item. */
static void
test_told_by_the_score(void **state)
{
	static const char *const reasons[] = {
	    "series_missing", "never_verified", "never_restored", "due_times_missed", NULL};
	struct report *r = start(7);
	struct report_health health = good_health;
	const char *doc;

	(void)state;
	health.grade = RECORD_GRADE_WARNING;
	health.reasons = reasons;
	report_location_begin(r, &plain_location);
	report_location_end(r, &health);
	doc = finish(r, RECORD_GRADE_WARNING);
	check(doc, "[.attention[].reason] == [\"series_missing\",\"never_verified\"]");
	check(doc, ".attention[1].what == \"nothing has been verified or restored on trial\"");
	check(doc, ".locations[0].score_reasons | length == 4");
}

static void
test_failed_arrival(void **state)
{
	struct report *r = start(7);
	struct report_backup b = backup("/b/db/2", 2, "failed");
	const char *doc;

	(void)state;
	b.reasons = "[\"empty\"]";
	report_location_begin(r, &plain_location);
	report_add_backup(r, &b);
	b = backup("/b/db/1", 26, "failed");
	report_add_backup(r, &b); /* an older one of the series is no news */
	report_location_end(r, &good_health);
	doc = finish(r, RECORD_GRADE_WARNING);
	check(doc, "[.attention[] | [.reason, .path]] == [[\"failed\", \"/b/db/2\"]]");
	check(doc, ".attention[0].why == \"there is nothing in it\"");
	check(doc, ".locations[0].recent[0].reasons == [\"empty\"]");
}

static void
test_never_scanned(void **state)
{
	struct report *r = start(7);
	struct report_location loc = plain_location;
	struct report_health health = {.grade = RECORD_GRADE_UNKNOWN};
	const char *doc;

	(void)state;
	loc.status = NULL;
	loc.first_scan = loc.last_scan = loc.last_reached = CLOCK_NONE;
	report_location_begin(r, &loc);
	report_location_end(r, &health);
	loc.status = "empty";
	report_location_begin(r, &loc);
	report_location_end(r, &health);
	doc = finish(r, RECORD_GRADE_UNKNOWN);
	check(doc, "[.attention[].reason] == [\"empty\", \"never_scanned\"]");
	check(doc, "all(.locations[0].days[]; .status == \"unknown\")");
}

static void
test_limits(void **state)
{
	struct report *r = start(7);
	struct report_series s = {.name = "x"};
	const struct report_alert alert = {
	    .fingerprint = "f", .alert = "backup_failure", .opened = NOW, .acked = CLOCK_NONE};
	char name[32];
	const char *doc;

	(void)state;
	report_location_begin(r, &plain_location);
	for (int i = 0; i < 60; i++) {
		struct report_backup b;

		(void)snprintf(name, sizeof(name), "s%02d", i);
		b = backup(name, i, "ok");
		b.series = name;
		report_add_backup(r, &b);
		s.name = name;
		s.state.status = i == 59 ? SCHEDULE_LATE : SCHEDULE_FRESH;
		s.newest = &b;
		report_add_series(r, &s);
		report_add_alert(r, &alert);
	}
	report_location_end(r, &good_health);
	for (int i = 0; i < 60; i++)
		one(r, "w", RECORD_GRADE_WARNING, 0.6);
	doc = finish(r, RECORD_GRADE_WARNING);
	check(doc, "(.attention | length) == 50 and .left_out.attention == 11");
	check(doc, "(.alerts | length) == 50 and .left_out.alerts == 10");
	check(doc,
	    ".locations[60] | (.series | length) == 40 and .left_out.series == 20 and "
	    "(.recent | length) == 10 and .left_out.recent == 50");
	/* What is left out is never the worst, and never the newest. */
	check(doc, ".locations[60].series[0].series == \"s59\"");
	check(doc,
	    "[.locations[60].recent[].path] == [\"s00\",\"s01\",\"s02\",\"s03\",\"s04\","
	    "\"s05\",\"s06\",\"s07\",\"s08\",\"s09\"]");
}

static void
test_hostile(void **state)
{
	struct report *r = start(7);
	struct report_location loc = plain_location;
	struct report_backup b = backup("/b/\xff\n\"<script>", 1, "ok");
	const char *doc;

	(void)state;
	loc.name = "\"]}<script>\xff";
	loc.reasons = "no array";
	b.verification = "not json";
	b.restore = "{\"verdict\":7,\"reason\":[1],\"at\":\"soon\"}";
	b.reasons = "[\"a\xff";
	report_location_begin(r, &loc);
	b.reasons = NULL;
	report_add_backup(r, &b);
	report_location_end(r, &good_health);
	doc = finish(r, RECORD_GRADE_GOOD);
	check(doc, ".locations[0].recent[0].path_b64 != null");
	check(
	    doc, ".locations[0].reasons == null and .locations[0].recent[0].verification == null");
}

static void
test_check_status(void **state)
{
	(void)state;
	assert_int_equal(report_check_status(RECORD_GRADE_GOOD), 0);
	assert_int_equal(report_check_status(RECORD_GRADE_WARNING), 1);
	assert_int_equal(report_check_status(RECORD_GRADE_CRITICAL), 2);
	assert_int_equal(report_check_status(RECORD_GRADE_UNKNOWN), 3);
	assert_int_equal(report_check_status(RECORD_GRADE_NONE), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_worst_first),
	    cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_days),
	    cmocka_unit_test(test_days_after_the_last_look),
	    cmocka_unit_test(test_missing_days),
	    cmocka_unit_test(test_urgency),
	    cmocka_unit_test(test_one_item),
	    cmocka_unit_test(test_told_by_the_score),
	    cmocka_unit_test(test_failed_arrival),
	    cmocka_unit_test(test_never_scanned),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_check_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
