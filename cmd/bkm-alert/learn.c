// Evidence that is not in the stream: what is open, what the store knows, how the stages fare.
#include <stdlib.h>
#include <string.h>

#include "app.h"

#define SCORE_DAYS 7 /* the window of bkm-score */

struct look {
	struct app *app;
	struct store_alert_backup found; /* backs the words handed out */
	struct err *err;
};

static bool
was_good(void *ctx, const char *location)
{
	struct app *app = ctx;

	return store_alert_was_good(app->tool.store, app->tool.host, location, NULL) > 0;
}

/* Nothing in it and nothing due is no failure; nothing in it for longer than the schedule and its
 * grace allow is. */
static bool
empty_fails(void *ctx, const char *host, const char *name)
{
	struct app *app = ctx;
	const struct config_location *location = config_location(app->tool.config, name);
	struct store_location row = {0};
	struct schedule schedule;
	int64_t now = tool_now(&app->tool), since, allowed;
	bool fails = true;

	if (!location || strcmp(host, app->tool.host) != 0)
		return true; /* of a machine whose schedules are not known here */
	if (schedule_parse(&schedule, location->schedule, NULL, NULL) < 0 ||
	    schedule.kind == SCHEDULE_NONE)
		return false;
	if (store_location_find(app->tool.store, host, name, &row, NULL) > 0) {
		since = row.empty_since != CLOCK_NONE ? row.empty_since : row.first_scan;
		allowed = schedule_interval(&schedule, now) +
		    schedule_grace(&schedule, location->grace, now);
		fails = since == CLOCK_NONE || now - since >= allowed;
	}
	store_location_release(&row);
	return fails;
}

static int
expect_known(struct app *app, struct err *err)
{
	struct store_alert *alerts = NULL;
	struct alert_row row;
	size_t count = 0, i;
	int r = store_alerts(app->tool.store, NULL, &alerts, &count, err);

	for (i = 0; r == 0 && i < count; i++) {
		r = app_row_from(&row, &alerts[i], err);
		if (r == 0)
			r = alert_evidence_expect(app->evidence, &row, err);
		if (r == 0)
			alert_row_release(&row);
	}
	store_alerts_free(alerts, count);
	return r;
}

int
app_evidence_begin(struct app *app, struct err *err)
{
	struct alert_options options = {
	    .now = tool_now(&app->tool),
	    .host = app->tool.host,
	    .was_good = was_good,
	    .empty_fails = empty_fails,
	    .ctx = app,
	};

	if (app->evidence) {
		alert_evidence_restart(app->evidence, options.now);
	} else {
		memcpy(options.on, app->on, sizeof(options.on));
		if (alert_evidence_new(&app->evidence, &options, err) < 0)
			return -1;
	}
	return expect_known(app, err);
}

static int
take_line(struct app *app, const struct buf *line, struct record *rec, struct err *err)
{
	if (record_parse(rec, line->data, line->len, err) < 0)
		return -1;
	return alert_evidence_add(app->evidence, rec, err);
}

static int
learn_series(struct app *app, const struct config_location *location,
    const struct store_location *row, struct record *rec, struct err *err)
{
	struct tool_series_cursor *cursor = NULL;
	struct tool_series series;
	struct buf line = BUF_INIT;
	int r;

	if (tool_series_open(&app->tool, location, row, &cursor, err) < 0)
		return -1;
	while ((r = tool_series_next(cursor, &series, err)) > 0) {
		buf_clear(&line);
		tool_add_series(&app->tool, &line, location, &series);
		r = take_line(app, &line, rec, err);
		if (r < 0)
			break;
	}
	tool_series_close(cursor);
	buf_release(&line);
	return r;
}

static int
learn_vanished(struct app *app, int64_t location_id, struct record *rec, struct err *err)
{
	struct buf line = BUF_INIT;
	struct store_backup row;
	int64_t *ids = NULL;
	size_t count = 0;
	int r = store_alert_vanished(app->tool.store, location_id, &ids, &count, err);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		r = store_backup_by_id(app->tool.store, ids[i], &row, err);
		if (r <= 0)
			continue;
		buf_clear(&line);
		tool_add_backup(&app->tool, &line, &row, false);
		r = take_line(app, &line, rec, err);
	}
	free(ids);
	buf_release(&line);
	return r < 0 ? -1 : 0;
}

static int
learn_score(
    struct app *app, const struct config_location *location, struct record *rec, struct err *err)
{
	struct score_line line = {.host = app->tool.host, .location = location->name};
	struct score score;
	struct buf json = BUF_INIT;
	int r;

	line.days = app->tool.days_given ? app->tool.days : SCORE_DAYS;
	r = tool_score_location(&app->tool, location, line.days, NULL, NULL, &score, NULL, err);
	if (r == 0) {
		score_add_record(&json, &score, &line);
		r = take_line(app, &json, rec, err);
	}
	buf_release(&json);
	return r;
}

/* What a scan found long ago is no evidence of how a place is now; that it is long ago is trouble
 * of its own (stage_silent). */
static bool
is_recent(const struct app *app, int64_t scanned)
{
	int64_t max_age = app->tool.config->monitoring.max_age_hours * CLOCK_HOUR;

	return scanned != CLOCK_NONE && (!max_age || tool_now(&app->tool) - scanned <= max_age);
}

static int
learn_location(
    struct app *app, const struct config_location *location, struct record *rec, struct err *err)
{
	struct store_location row = {0};
	struct buf line = BUF_INIT;
	struct json j;
	int r = store_location_find(app->tool.store, app->tool.host, location->name, &row, err);

	if (r > 0 && is_recent(app, row.last_scan)) {
		record_begin(&j, &line, RECORD_LOCATION);
		json_str(&j, "host", app->tool.host);
		json_str(&j, "location", location->name);
		json_str(&j, "status", row.status);
		if (row.reasons)
			json_raw(&j, "reasons", row.reasons, strlen(row.reasons));
		record_end(&j);
		r = take_line(app, &line, rec, err);
	}
	if (r >= 0 && row.id) {
		r = learn_series(app, location, &row, rec, err);
		if (r == 0)
			r = learn_vanished(app, row.id, rec, err);
		if (r == 0)
			r = learn_score(app, location, rec, err);
	}
	store_location_release(&row);
	buf_release(&line);
	return r;
}

static int
learn_stored(struct app *app, struct err *err)
{
	const struct config *c = app->tool.config;
	struct record rec = RECORD_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->location_count; i++)
		if (tool_selects_location(&app->tool, &c->locations[i]))
			r = learn_location(app, &c->locations[i], &rec, err);
	record_release(&rec);
	return r;
}

static void
on_dead_run(void *ctx, const struct tool_dead_run *run)
{
	struct app *app = ctx;

	(void)alert_evidence_stage(
	    app->evidence, run->host, run->command, "stage_died", run->started, NULL);
}

/* The newest run of each stage: one that lives clears what was said of it; one that died or is
 * too old is trouble, but only --stored speaks for stages that are not in the stream. */
static int
on_latest_run(void *arg, const struct store_run *run, enum store_run_fate fate)
{
	struct app *app = arg;
	int64_t max_age = app->tool.config->monitoring.max_age_hours * CLOCK_HOUR;
	const char *reason = NULL;

	if (strcmp(run->command, app->tool.spec->name) == 0)
		return 0;
	if (fate == STORE_RUN_DEAD)
		reason = "stage_died";
	else if (fate != STORE_RUN_ALIVE && max_age &&
	    tool_now(&app->tool) - run->started > max_age)
		reason = "stage_silent";
	if (reason && !app->tool.stored)
		return 0;
	(void)alert_evidence_stage(
	    app->evidence, run->host, run->command, reason, run->started, NULL);
	return 0;
}

static const char *
word_or_null(const char *word)
{
	return *word ? word : NULL;
}

static int
look_up(void *ctx, struct alert_lookup *lookup, struct err *err)
{
	struct look *look = ctx;
	int r;

	if (!lookup->location || !lookup->series)
		return 0;
	r = store_alert_backup(look->app->tool.store, lookup->host, lookup->location,
	    lookup->series, lookup->path, &look->found, err);
	if (r <= 0)
		return r;
	lookup->state = look->found.accepted ? "expired" : word_or_null(look->found.state);
	lookup->status = word_or_null(look->found.status);
	lookup->verify = word_or_null(look->found.verify);
	lookup->restore = word_or_null(look->found.restore);
	return 0;
}

int
app_evidence_finish(struct app *app, struct err *err)
{
	struct look look = {.app = app};

	if (app->tool.stored && learn_stored(app, err) < 0)
		return -1;
	(void)tool_dead_runs(&app->tool, on_dead_run, app);
	if (store_run_latest(app->tool.store, app->tool.host, on_latest_run, app, err) < 0)
		return -1;
	if (alert_evidence_end(app->evidence, err) < 0)
		return -1;
	if (store_read_begin(app->tool.store, err) < 0 ||
	    alert_evidence_unseen(app->evidence, look_up, &look, err) < 0)
		return -1;
	store_read_end(app->tool.store);
	return alert_evidence_sort(app->evidence, err);
}
