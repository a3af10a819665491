// --history: a series record for each series that was ever tested, with what its tests took.
#include <stdlib.h>
#include <string.h>

#include "app.h"

#define TESTS_MAX 100

struct history {
	struct json j;
	int64_t ms[TESTS_MAX]; /* of the passes */
	size_t tests, count;
	int64_t target_ms, last_ms;
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

	/* What took too long was restored: its time counts. */
	if (strcmp(d->verdict, "pass") == 0 ||
	    (d->reason && strcmp(d->reason, "rto_exceeded") == 0)) {
		if (!h->count)
			h->last_ms = d->ms;
		h->ms[h->count++] = d->ms;
	}
	if (!h->tests++)
		h->target_ms = d->rto_ms;
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

static int
ms_cmp(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
add_rto(struct history *h)
{
	json_object(&h->j, "rto");
	json_uint(&h->j, "tests", h->count);
	add_known(&h->j, "target_ms", h->target_ms);
	if (h->count) {
		qsort(h->ms, h->count, sizeof(*h->ms), ms_cmp);
		json_int(&h->j, "last_ms", h->last_ms);
		json_int(&h->j, "median_ms", h->ms[h->count / 2]);
		json_int(&h->j, "worst_ms", h->ms[h->count - 1]);
	}
	json_object_end(&h->j);
}

static int
put_series(struct app *app, const struct config_location *location, int64_t id, const char *name,
    struct err *err)
{
	struct history h = {.target_ms = -1};
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
	add_rto(&h);
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
