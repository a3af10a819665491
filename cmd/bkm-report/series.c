// The backups in the window and the series of a location, from the store into the report.
#include "app.h"

static struct report_backup
backup_of(const struct store_backup *row)
{
	return (struct report_backup){
	    .id = row->id,
	    .series = row->series,
	    .path = row->path,
	    .size = row->size,
	    .time = row->time,
	    .mtime = row->mtime,
	    .first_seen = row->first_seen,
	    .present = row->live,
	    .state = row->state,
	    .status = row->status,
	    .reasons = row->reasons,
	    .verification = row->verification,
	    .restore = row->restore,
	    .verify_verdict = row->verify_verdict,
	    .restore_verdict = row->restore_verdict,
	};
}

int
app_add_backups(struct app *app, int64_t location_id, struct err *err)
{
	const struct store_backup_query query = {
	    .location_id = location_id,
	    .since = app->tool->days ? app->tool->now - (int64_t)app->tool->days * CLOCK_DAY
				     : CLOCK_NONE,
	    .newest_first = true,
	    .with_gone = true,
	};
	struct store_cursor *cursor = NULL;
	struct store_backup row;
	int r = store_backups(app->tool->store, &query, &cursor, err);

	while (r >= 0 && (r = store_backups_next(cursor, &row, err)) > 0) {
		struct report_backup backup = backup_of(&row);

		report_add_backup(app->report, &backup);
	}
	store_cursor_close(cursor);
	return r;
}

struct fails { /* by series id, ascending */
	struct store_failed *items;
	size_t count, cap;
};

static void
add_fail(void *arg, const struct store_failed *failed)
{
	struct fails *fails = arg;

	MEM_GROW(fails->items, fails->count, fails->cap);
	fails->items[fails->count++] = *failed;
}

static int
by_id(const void *key, const void *item)
{
	int64_t id = *(const int64_t *)key, other = ((const struct store_failed *)item)->series_id;

	return id < other ? -1 : id > other;
}

/* A member of a series, with copies of its texts: the row lives only until the next look-up. */
struct member {
	struct report_backup backup;
	char *texts[7];
};

static const struct report_backup *
find_member(struct app *app, int64_t id, struct member *member, int *r, struct err *err)
{
	struct report_backup *b = &member->backup;
	struct store_backup row;

	if (*r < 0 || id == 0)
		return NULL;
	*r = store_backup_by_id(app->tool->store, id, &row, err);
	if (*r <= 0)
		return NULL;
	*b = backup_of(&row);
	b->series = member->texts[0] = mem_strdup(b->series);
	b->path = member->texts[1] = mem_strdup(b->path);
	b->state = member->texts[2] = mem_strdup(b->state);
	b->status = member->texts[3] = mem_strdup(b->status);
	b->reasons = member->texts[4] = mem_strdup(b->reasons);
	b->verification = member->texts[5] = mem_strdup(b->verification);
	b->restore = member->texts[6] = mem_strdup(b->restore);
	b->verify_verdict = b->restore_verdict = NULL;
	return b;
}

static void
release_member(struct member *member)
{
	for (size_t i = 0; i < ARRAY_LEN(member->texts); i++)
		free(member->texts[i]);
}

static int
add_series(struct app *app, struct tool_series_cursor *cursor, const struct tool_series *series,
    const struct fails *fails, struct err *err)
{
	struct tool *tool = app->tool;
	int64_t id = series->row.id, newest_id = series->row.newest.id,
		previous_id = series->row.previous.id;
	const struct store_failed *fail = fails->count
	    ? bsearch(&id, fails->items, fails->count, sizeof(*fails->items), by_id)
	    : NULL;
	struct report_series s = {
	    .name = series->row.name,
	    .schedule = series->schedule,
	    .state = series->state,
	    .ignored = series->ignored,
	    .count = series->row.count,
	    .bytes = series->row.bytes,
	    .reasons = series->row.reasons,
	    .failed_verdicts = fail ? fail->count : 0,
	};
	struct member newest = {0}, previous = {0}, failed = {0};
	struct store_drill_times times;
	int r = store_drill_times(tool->store, id, &times, err);

	if (r == 0)
		s.restore_times = (struct report_times){
		    times.tests, times.target_ms, times.last_ms, times.median_ms, times.worst_ms};

	s.newest = find_member(app, newest_id, &newest, &r, err);
	s.previous = find_member(app, previous_id, &previous, &r, err);
	if (fail)
		s.failed = find_member(app,
		    fail->last_id != newest_id        ? fail->last_id
			: fail->first_id != newest_id ? fail->first_id
						      : 0,
		    &failed, &r, err);
	if (r >= 0)
		r = tool_series_each_due(cursor, series,
		    tool->now - (int64_t)(tool->days ? tool->days : REPORT_DAYS_MAX) * CLOCK_DAY,
		    report_add_due, app->report, err);
	if (r >= 0)
		report_add_series(app->report, &s);
	release_member(&newest);
	release_member(&previous);
	release_member(&failed);
	return r < 0 ? -1 : 0;
}

int
app_add_series(struct app *app, const struct config_location *location,
    const struct store_location *row, struct err *err)
{
	struct tool_series_cursor *cursor = NULL;
	struct tool_series series;
	struct fails fails = {0};
	int r = store_report_failed(app->tool->store, row->id, add_fail, &fails, err);

	if (r == 0)
		r = tool_series_open(app->tool, location, row, &cursor, err);
	while (r >= 0 && (r = tool_series_next(cursor, &series, err)) > 0)
		r = add_series(app, cursor, &series, &fails, err);
	tool_series_close(cursor);
	free(fails.items);
	return r;
}
