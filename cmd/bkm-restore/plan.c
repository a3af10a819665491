// bkm-restore: which backups are to be tested in this run.
#include <string.h>

#include "app.h"

static bool
contains(const int64_t *list, size_t count, int64_t id)
{
	for (size_t i = count; i-- > 0;) {
		if (list[i] == id)
			return true;
	}
	return false;
}

/* The rotation of a series is chosen once a run, before any of it is tested. */
static int
choose(struct app *app, int64_t series_id, struct err *err)
{
	size_t max = app->sample < 100000 ? (size_t)app->sample : 100000, count = 0;
	int64_t *ids;
	int r;

	if (contains(app->series, app->series_count, series_id))
		return 0;
	MEM_GROW(app->series, app->series_count, app->series_cap);
	app->series[app->series_count++] = series_id;
	ids = mem_array(max, sizeof(*ids));
	r = store_restore_sample(app->tool.store, series_id, max, ids, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		MEM_GROW(app->chosen, app->chosen_count, app->chosen_cap);
		app->chosen[app->chosen_count++] = ids[i];
	}
	free(ids);
	return r;
}

static bool
is_complete(const struct tool_backup *backup)
{
	return backup->row.state && strcmp(backup->row.state, "complete") == 0;
}

/* Its verdict is missing, only says that the test could not be made, or is too old. */
static bool
is_old(const struct app *app, const struct store_backup *row)
{
	int64_t interval = app->tool.config->restore_testing.interval_days * CLOCK_DAY;

	/* A test is dated when it was made, later than its run began: that is not to cost a night. */
	interval -= interval / 14;
	return !row->restore_verdict || strcmp(row->restore_verdict, "error") == 0 ||
	    row->restore_at == CLOCK_NONE || row->restore_at + interval <= app->tool.now ||
	    row->restore_at > app->tool.now + CLOCK_HOUR;
}

int
app_is_due(struct app *app, const struct tool_backup *backup, struct err *err)
{
	const struct store_backup *row = &backup->row;

	if (app->tool.by_operands)
		return 1;
	if (!is_complete(backup))
		return 0;
	if (app->latest && !row->latest)
		return 0;
	if (app->force)
		return 1;
	if (!backup->location->test_restore)
		return 0;
	if (row->latest)
		return is_old(app, row);
	if (app->sample == 0)
		return 0;
	if (choose(app, row->series_id, err) < 0)
		return -1;
	return contains(app->chosen, app->chosen_count, row->id);
}

bool
app_is_wanted(const struct app *app, const struct tool_backup *backup)
{
	const struct store_backup *row = &backup->row;

	if (app->tool.by_operands)
		return true;
	return is_complete(backup) && (row->latest || (!app->latest && row->restore_verdict));
}
