// --history: a series record for each series that was ever tested, with what its tests took.
#include <string.h>

#include "app.h"

#define TESTS_MAX 100

struct history {
	struct json j;
	size_t tests;
};

static void
add_known(struct json *j, const char *key, int64_t v)
{
	if (v >= 0)
		json_int(j, key, v);
}

static void
on_drill(void *arg, const struct store_drill *d)
{
	struct history *h = arg;
	const struct {
		const char *key;
		int64_t v;
	} numbers[] = {{"size", d->size}, {"bytes", d->bytes}, {"files", d->files},
	    {"tables", d->tables}, {"rows", d->rows}, {"ms", d->ms}, {"fetch_ms", d->fetch_ms},
	    {"unpack_ms", d->unpack_ms}, {"start_ms", d->start_ms}, {"load_ms", d->load_ms},
	    {"check_ms", d->check_ms}, {"rto_ms", d->rto_ms}};

	h->tests++;
	json_object(&h->j, NULL);
	json_time(&h->j, "at", d->at);
	json_time(&h->j, "time", d->time);
	json_int(&h->j, "id", d->backup_id);
	json_str(&h->j, "verdict", d->verdict);
	json_str(&h->j, "reason", d->reason);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		add_known(&h->j, numbers[i].key, numbers[i].v);
	json_object_end(&h->j);
}

static void
add_rto(struct json *j, const struct store_drill_times *t)
{
	json_object(j, "rto");
	json_uint(j, "tests", t->tests);
	add_known(j, "target_ms", t->target_ms);
	if (t->tests) {
		json_int(j, "last_ms", t->last_ms);
		json_int(j, "median_ms", t->median_ms);
		json_int(j, "worst_ms", t->worst_ms);
	}
	json_object_end(j);
}

static int
put_series(struct app *app, const struct config_location *location, int64_t id, const char *name,
    struct err *err)
{
	struct history h = {.tests = 0};
	struct store_drill_times times = {.target_ms = -1};
	struct buf line = BUF_INIT;
	int r;

	record_begin(&h.j, &line, RECORD_SERIES);
	json_str(&h.j, "store", store_uuid(app->tool.store));
	json_str(&h.j, "host", app->tool.host);
	json_str(&h.j, "location", location->name);
	json_str(&h.j, "series", name);
	json_array(&h.j, "drills");
	r = store_drill_history(app->tool.store, id, TESTS_MAX, on_drill, &h, err);
	json_array_end(&h.j);
	if (r == 0)
		r = store_drill_times(app->tool.store, id, &times, err);
	add_rto(&h.j, &times);
	record_end(&h.j);
	if (r == 0 && h.tests)
		r = tool_put_line(&app->tool, &line, err);
	buf_release(&line);
	return r;
}

static int
put_location(struct app *app, const struct config_location *location, struct err *err)
{
	struct store_series_cursor *cursor = NULL;
	struct store_location row = {0};
	struct store_series series;
	int r = store_location_find(app->tool.store, app->tool.host, location->name, &row, err);

	if (r > 0)
		r = store_series(app->tool.store, row.id, &cursor, err);
	while (cursor && r >= 0 && (r = store_series_next(cursor, &series, err)) > 0)
		r = put_series(app, location, series.id, series.name, err);
	store_series_close(cursor);
	store_location_release(&row);
	return r < 0 ? -1 : 0;
}

int
app_history(struct app *app, struct err *err)
{
	const struct config *c = app->tool.config;
	int r = 0;

	for (size_t i = 0; i < c->location_count && r == 0; i++) {
		if (tool_selects_location(&app->tool, &c->locations[i]))
			r = put_location(app, &c->locations[i], err);
	}
	return r;
}
