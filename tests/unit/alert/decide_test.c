// Evidence and decisions with plain records: what opens, what stays, what resolves, who is told.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "alert/alert.h"

#define NOW ((int64_t)1795402800) /* 2026-11-23T03:00:00Z */
#define H   ((int64_t)3600)

struct world {
	struct alert_evidence *ev;
	struct record rec;
	struct alert_row row; /* of the one alert that the tests look at */
	int64_t now;
};

static void
start(struct world *w)
{
	struct alert_options options = {.now = NOW, .host = "h"};

	for (int i = RECORD_ALERT_BACKUP_FAILURE; i <= RECORD_ALERT_MONITOR_FAILURE; i++)
		options.on[i] = true;
	*w = (struct world){.rec = RECORD_INIT, .now = NOW};
	assert_int_equal(alert_evidence_new(&w->ev, &options, NULL), 0);
}

static void
end(struct world *w)
{
	alert_evidence_free(w->ev);
	record_release(&w->rec);
	alert_row_release(&w->row);
}

/* A run over these lines (NULL ends them); the event about the one alert they concern. */
static enum alert_event
run(struct world *w, const struct alert_rates *rates, ...)
{
	static const struct alert_rates usual = {.after = 1, .repeat_s = 24 * H};
	enum alert_event event = ALERT_EVENT_NONE;
	struct alert_entry *entry;
	const char *line;
	size_t pos = 0;
	va_list ap;

	alert_evidence_restart(w->ev, w->now);
	if (w->row.fingerprint[0] && w->row.state != ALERT_RESOLVED)
		assert_int_equal(alert_evidence_expect(w->ev, &w->row, NULL), 0);
	va_start(ap, rates);
	while ((line = va_arg(ap, const char *))) {
		assert_int_equal(record_parse(&w->rec, line, strlen(line), NULL), 0);
		assert_int_equal(alert_evidence_add(w->ev, &w->rec, NULL), 0);
	}
	va_end(ap);
	assert_int_equal(alert_evidence_end(w->ev, NULL), 0);
	assert_int_equal(alert_evidence_sort(w->ev, NULL), 0);
	while ((entry = alert_evidence_next(w->ev, &pos))) {
		if (w->row.fingerprint[0])
			assert_string_equal(alert_entry_fingerprint(entry), w->row.fingerprint);
		if (alert_merge(&w->row, entry, w->now))
			event = alert_judge(
			    &w->row, alert_entry_is_bad(entry), rates ? rates : &usual, w->now);
	}
	return event;
}

#define BACKUP(path, rest)                                                                          \
	"{\"kind\":\"backup\",\"host\":\"h\",\"location\":\"db\",\"series\":\"s\",\"path\":\"" path \
	"\",\"state\":\"complete\"," rest "}"
#define BAD(path)  BACKUP(path, "\"status\":\"failed\",\"reasons\":[\"empty\"]")
#define GOOD(path) BACKUP(path, "\"status\":\"ok\"")
#define SERIES(status)                                                                                  \
	"{\"kind\":\"series\",\"host\":\"h\",\"location\":\"db\",\"series\":\"s\",\"status\":\"" status \
	"\"}"

static void
test_life(void **state)
{
	struct world w;

	(void)state;
	start(&w);
	assert_int_equal(run(&w, NULL, GOOD("/a"), SERIES("fresh"), NULL), ALERT_EVENT_NONE);
	assert_string_equal(w.row.fingerprint, "");
	assert_int_equal(
	    run(&w, NULL, GOOD("/a"), BAD("/b"), GOOD("/c"), NULL), ALERT_EVENT_OPENED);
	assert_int_equal(w.row.state, ALERT_OPEN);
	assert_int_equal(w.row.episode, 1);
	assert_int_equal(w.row.severity, RECORD_SEVERITY_CRITICAL);
	assert_string_equal(w.row.reasons, "[\"empty\"]");
	assert_string_equal(w.row.path, "/b");
	assert_string_equal(w.row.summary, "db: 'b' is empty");
	w.now += H;
	assert_int_equal(run(&w, NULL, BAD("/b"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(run(&w, NULL, NULL), ALERT_EVENT_NONE);
	assert_int_equal(run(&w, NULL, GOOD("/a"), GOOD("/c"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(w.row.state, ALERT_OPEN);
	assert_int_equal(w.row.failures, 2);
	w.now = NOW + 24 * H;
	assert_int_equal(run(&w, NULL, GOOD("/a"), NULL), ALERT_EVENT_NONE); /* not found again */
	assert_int_equal(run(&w, NULL, BAD("/b"), NULL), ALERT_EVENT_REPEATED);
	assert_int_equal(run(&w, NULL, BAD("/b"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(run(&w, NULL, GOOD("/b"), NULL), ALERT_EVENT_RESOLVED);
	assert_int_equal(w.row.state, ALERT_RESOLVED);
	assert_string_equal(w.row.summary, "db: 'b' is empty"); /* what is no longer so */
	assert_int_equal(run(&w, NULL, GOOD("/b"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(run(&w, NULL, BAD("/b"), NULL), ALERT_EVENT_OPENED);
	assert_int_equal(w.row.episode, 2);
	end(&w);
}

static void
test_members(void **state)
{
	struct world w;

	(void)state;
	start(&w);
	assert_int_equal(
	    run(&w, NULL, BAD("/a"), BAD("/b"), SERIES("late"), NULL), ALERT_EVENT_OPENED);
	assert_int_equal(w.row.member_count, 3);
	assert_string_equal(w.row.members[0].member, "");
	assert_string_equal(w.row.reasons, "[\"late\",\"empty\"]");
	w.now += H;
	assert_int_equal(run(&w, NULL, GOOD("/a"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(w.row.member_count, 2);
	assert_int_equal(run(&w, NULL, SERIES("due"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(w.row.member_count, 2);
	assert_int_equal(run(&w, NULL, SERIES("fresh"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(w.row.member_count, 1);
	assert_int_equal(w.row.members[0].since, NOW);
	assert_int_equal(w.row.severity, RECORD_SEVERITY_CRITICAL); /* of the one that is left */
	/* seen good and bad in one stream: bad counts, in either order */
	assert_int_equal(run(&w, NULL, GOOD("/b"), BAD("/b"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(run(&w, NULL, BAD("/b"), GOOD("/b"), BAD("/b"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(w.row.member_count, 1);
	assert_int_equal(run(&w, NULL, BACKUP("/b", "\"state2\":0,\"status\":\"ok\""), NULL),
	    ALERT_EVENT_RESOLVED);
	end(&w);
}

static void
test_after(void **state)
{
	static const struct alert_rates three = {.after = 3, .repeat_s = 0};
	struct world w;

	(void)state;
	start(&w);
	assert_int_equal(run(&w, &three, BAD("/a"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(w.row.state, ALERT_PENDING);
	assert_int_equal(run(&w, &three, BAD("/a"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(run(&w, &three, GOOD("/a"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(w.row.state, ALERT_RESOLVED);
	assert_int_equal(run(&w, &three, BAD("/a"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(run(&w, &three, BAD("/a"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(run(&w, &three, BAD("/a"), NULL), ALERT_EVENT_OPENED);
	w.now += 1000 * H;
	assert_int_equal(run(&w, &three, BAD("/a"), NULL), ALERT_EVENT_NONE); /* 0: never again */
	end(&w);
}

static void
test_quiet(void **state)
{
	static const struct alert_rates silenced = {.after = 1, .repeat_s = H, .silenced = true};
	struct world w;

	(void)state;
	start(&w);
	assert_int_equal(run(&w, &silenced, BAD("/a"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(w.row.state, ALERT_OPEN);
	assert_int_equal(run(&w, NULL, BAD("/a"), NULL), ALERT_EVENT_OPENED);
	w.row.acked_at = w.now;
	w.now += 100 * H;
	assert_int_equal(run(&w, NULL, BAD("/a"), NULL), ALERT_EVENT_NONE);
	end(&w);
}

static void
test_verdicts(void **state)
{
	struct world w;

	(void)state;
	start(&w);
	assert_int_equal(
	    run(&w, NULL,
		BACKUP("/a",
		    "\"status\":\"ok\",\"verification\":{\"verdict\":\"fail\",\"reason\":\"bitrot\"}"),
		NULL),
	    ALERT_EVENT_OPENED);
	assert_int_equal(w.row.kind, RECORD_ALERT_VERIFICATION_FAILURE);
	assert_int_equal(run(&w, NULL, GOOD("/a"), NULL), ALERT_EVENT_NONE);
	assert_int_equal(
	    run(&w, NULL,
		BACKUP("/a",
		    "\"status\":\"ok\",\"verification\":{\"verdict\":\"error\",\"reason\":\"io_error\"}"),
		NULL),
	    ALERT_EVENT_NONE);
	assert_int_equal(
	    run(&w, NULL,
		BACKUP("/a",
		    "\"status\":\"ok\",\"verification\":{\"verdict\":\"skip\",\"reason\":\"growing\"}"),
		NULL),
	    ALERT_EVENT_NONE);
	assert_int_equal(w.row.state, ALERT_OPEN);
	assert_int_equal(
	    run(&w, NULL, BACKUP("/a", "\"status\":\"ok\",\"verification\":{\"verdict\":\"pass\"}"),
		NULL),
	    ALERT_EVENT_RESOLVED);
	end(&w);
}

static void
test_stages(void **state)
{
	static const char clean[] =
	    "{\"kind\":\"run\",\"command\":\"bkm-verify\",\"host\":\"h\",\"phase\":\"end\",\"errors\":0}";
	static const char trouble[] =
	    "{\"kind\":\"error\",\"command\":\"bkm-verify\",\"host\":\"h\",\"location\":\"db\","
	    "\"path\":\"/x\",\"reason\":\"io_error\",\"message\":\"cannot read\"}";
	struct world w;

	(void)state;
	start(&w);
	assert_int_equal(run(&w, NULL, trouble, NULL), ALERT_EVENT_OPENED);
	assert_int_equal(w.row.kind, RECORD_ALERT_MONITOR_FAILURE);
	assert_int_equal(w.row.severity, RECORD_SEVERITY_WARNING);
	assert_string_equal(w.row.command, "bkm-verify");
	/* its end without an error says nothing about a place that did not pass */
	assert_int_equal(run(&w, NULL, clean, NULL), ALERT_EVENT_NONE);
	assert_int_equal(w.row.state, ALERT_OPEN);
	assert_int_equal(run(&w, NULL, GOOD("/a"), clean, NULL), ALERT_EVENT_RESOLVED);
	end(&w);
}

static void
test_fingerprints(void **state)
{
	static const char *const lines[] = {
	    SERIES("late"),
	    "{\"kind\":\"series\",\"host\":\"h\",\"location\":\"dbs\",\"series\":\"\",\"status\":\"late\"}",
	    "{\"kind\":\"series\",\"host\":\"h\",\"location\":\"d\",\"series\":\"bs\",\"status\":\"late\"}",
	    "{\"kind\":\"series\",\"host\":\"hdb\",\"location\":\"\",\"series\":\"s\",\"status\":\"late\"}",
	    "{\"kind\":\"location\",\"host\":\"h\",\"location\":\"db\",\"status\":\"unreachable\"}",
	};
	char seen[ARRAY_LEN(lines)][ALERT_FINGERPRINT_LEN + 1];
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		start(&w);
		assert_int_equal(run(&w, NULL, lines[i], NULL), ALERT_EVENT_OPENED);
		memcpy(seen[i], w.row.fingerprint, sizeof(seen[i]));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(seen[i], seen[k]);
		end(&w);
	}
}

/* Ten thousand bad backups of one series: one alert, and no quadratic work. */
static void
test_many(void **state)
{
	struct buf line = BUF_INIT;
	struct alert_rates rates = {.after = 1};
	struct alert_entry *entry;
	struct world w;
	size_t pos = 0;

	(void)state;
	start(&w);
	for (int round = 0; round < 2; round++) {
		alert_evidence_restart(w.ev, NOW);
		if (round)
			assert_int_equal(alert_evidence_expect(w.ev, &w.row, NULL), 0);
		for (int i = 0; i < 10000; i++) {
			buf_clear(&line);
			buf_printf(&line,
			    "{\"kind\":\"backup\",\"location\":\"db\",\"series\":\"s\",\"path\":\"/%d\","
			    "\"state\":\"complete\",\"status\":\"%s\",\"reasons\":[\"empty\"]}",
			    i, round ? "ok" : "failed");
			assert_int_equal(record_parse(&w.rec, line.data, line.len, NULL), 0);
			assert_int_equal(alert_evidence_add(w.ev, &w.rec, NULL), 0);
		}
		assert_int_equal(alert_evidence_end(w.ev, NULL), 0);
		assert_int_equal(alert_evidence_sort(w.ev, NULL), 0);
		pos = 0;
		entry = alert_evidence_next(w.ev, &pos);
		assert_non_null(entry);
		assert_true(alert_merge(&w.row, entry, NOW));
		assert_int_equal(alert_judge(&w.row, alert_entry_is_bad(entry), &rates, NOW),
		    round ? ALERT_EVENT_RESOLVED : ALERT_EVENT_OPENED);
		assert_int_equal(w.row.member_count, round ? 0 : 10000);
	}
	buf_release(&line);
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_life),
	    cmocka_unit_test(test_members),
	    cmocka_unit_test(test_after),
	    cmocka_unit_test(test_quiet),
	    cmocka_unit_test(test_verdicts),
	    cmocka_unit_test(test_stages),
	    cmocka_unit_test(test_fingerprints),
	    cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
