// bkm-restore: is the newest complete backup of a series the one that should be the newest by now?
#include <stdlib.h>
#include <string.h>

#include "app.h"

static int
ask_series(struct app *app, const struct config_location *location,
    const struct store_location *row, struct err *err)
{
	struct tool_series_cursor *cursor = NULL;
	struct tool_series series;
	int r = tool_series_open(&app->tool, location, row, &cursor, err);

	while (r >= 0 && (r = tool_series_next(cursor, &series, err)) > 0) {
		if (series.state.status != SCHEDULE_LATE && series.state.status != SCHEDULE_MISSING)
			continue;
		MEM_GROW(app->stale, app->stale_count, app->stale_cap);
		app->stale[app->stale_count++] =
		    (struct app_stale){series.row.id, series.state.due};
	}
	tool_series_close(cursor);
	return r < 0 ? -1 : 0;
}

/* Once a run for each location. */
static int
ask_location(struct app *app, const struct tool_backup *backup, struct err *err)
{
	const struct config_location *location = backup->location;
	struct store_location row = {0};
	int r;

	for (size_t i = 0; i < app->asked_count; i++) {
		if (app->asked[i] == backup->row.location_id)
			return 0;
	}
	MEM_GROW(app->asked, app->asked_count, app->asked_cap);
	app->asked[app->asked_count++] = backup->row.location_id;
	r = store_location_find(app->tool.store, app->tool.host, location->name, &row, err);
	if (r > 0)
		r = ask_series(app, location, &row, err);
	store_location_release(&row);
	return r < 0 ? -1 : 0;
}

int
app_is_stale(struct app *app, const struct tool_backup *backup, int64_t *ret_due, struct err *err)
{
	if (app->tool.by_operands || !backup->row.latest || !backup->location->test_restore)
		return 0;
	if (ask_location(app, backup, err) < 0)
		return -1;
	for (size_t i = 0; i < app->stale_count; i++) {
		if (app->stale[i].series_id == backup->row.series_id) {
			*ret_due = app->stale[i].due;
			return 1;
		}
	}
	return 0;
}

void
app_say_stale(struct restore_result *result, int64_t time, int64_t due)
{
	char of[CLOCK_TEXT_LEN], when[CLOCK_TEXT_LEN];
	struct restore_check *c =
	    &result->checks[result->check_count < RESTORE_CHECKS_MAX ? result->check_count++
								     : RESTORE_CHECKS_MAX - 1];

	*c = (struct restore_check){
	    .check = "fresh", .verdict = RECORD_VERDICT_FAIL, .reason = "stale"};
	(void)snprintf(c->actual_text, sizeof(c->actual_text), "%s", clock_format(time, of));
	(void)snprintf(c->expected_text, sizeof(c->expected_text), ">= %s",
	    due == CLOCK_NONE ? "" : clock_format(due, when));
	result->verdict = RECORD_VERDICT_FAIL;
	result->reason = "stale";
	(void)snprintf(result->message, sizeof(result->message),
	    "the newest complete backup is of %s, another one was due %s", of,
	    due == CLOCK_NONE ? "since" : when);
}
