// The ledger: how far tonight's budget reaches, and how much is covered.
#include <string.h>

#include "app.h"

static void
fill_query(const struct app *app, struct store_ledger_query *q)
{
	*q = (struct store_ledger_query){
	    .host = app->tool.host,
	    .methods = {app->methods & VERIFY_SIZE, app->methods & VERIFY_TIMESTAMP,
		app->methods & VERIFY_CHECKSUM, app->methods & VERIFY_CONTENT},
	    .now = app->tool.now,
	    .interval = app->interval,
	};
}

struct reach {
	struct app *app;
	uint64_t left;
};

/* Entries come in their order; the first that does not fit ends the night, unless it is the first
 * of all: a file larger than the budget must have its turn too. */
static int
add_entry(void *arg, const struct store_ledger_entry *entry)
{
	struct reach *r = arg;
	if (entry->size > r->left && r->app->has_last)
		return 1;
	r->left -= entry->size < r->left ? entry->size : r->left;
	r->app->last = *entry;
	r->app->has_last = true;
	return 0;
}

int
app_budget(struct app *app, struct err *err)
{
	struct store_ledger_query q;
	struct reach r = {.app = app, .left = app->budget};
	if (!app->budget || app->force || app->tool.by_operands)
		return 0;
	fill_query(app, &q);
	return store_ledger(app->tool.store, &q, add_entry, &r, err);
}

static enum store_ledger_class
class_of(const struct app *app, const struct store_verify_state *s, int64_t *ret_at)
{
	static const enum verify_method order[] = {
	    VERIFY_SIZE, VERIFY_TIMESTAMP, VERIFY_CHECKSUM, VERIFY_CONTENT};
	bool failed = s->error_at != CLOCK_NONE;
	*ret_at = app->tool.now;
	for (size_t i = 0; i < STORE_VERIFY_METHODS; i++) {
		if (!(app->methods & order[i]))
			continue;
		if (s->methods[i].verdict == RECORD_VERDICT_NONE) {
			*ret_at = CLOCK_NONE;
			return STORE_LEDGER_NEW;
		}
		failed = failed || s->methods[i].verdict == RECORD_VERDICT_FAIL;
		if (s->methods[i].at < *ret_at)
			*ret_at = s->methods[i].at;
	}
	return failed ? STORE_LEDGER_FAILED : STORE_LEDGER_OLD;
}

/* Is it the turn of this one tonight? */
bool
app_reaches(struct app *app, const struct app_item *item)
{
	int64_t at;
	if (app->stop_ms && clock_mono_ms() >= app->stop_ms)
		return false;
	if (!app->budget || app->force)
		return true;
	enum store_ledger_class class = class_of(app, &item->state, &at);
	const struct store_ledger_entry *l = &app->last;
	if (!app->has_last) /* nothing was due when we looked: what is new since comes at once */
		return app->spent == 0 || app->spent + item->known.size <= app->budget;
	if (class != l->class)
		return class < l->class;
	if (at != l->at)
		return at < l->at;
	return item->id <= l->backup_id;
}

/* ---------------------------------------------------------------- coverage */

static void
add_coverage(struct json *j, const struct app *app, const struct store_coverage *c)
{
	uint64_t left = c->bytes - c->verified_bytes;
	json_object(j, "coverage");
	json_int(j, "interval_days", app->interval / CLOCK_DAY);
	json_uint(j, "backups", c->backups);
	json_uint(j, "bytes", c->bytes);
	json_uint(j, "verified_backups", c->verified_backups);
	json_uint(j, "verified_bytes", c->verified_bytes);
	if (c->bytes)
		json_real(j, "ratio", (double)c->verified_bytes / (double)c->bytes, 4);
	json_uint(j, "never_backups", c->never_backups);
	json_uint(j, "never_bytes", c->never_bytes);
	json_time(j, "oldest", c->oldest);
	/* At the rate of the last interval: what is left, and whether the cycle fits the interval. */
	if (c->read_bytes && c->first_read != CLOCK_NONE) {
		int64_t days = (app->tool.now - c->first_read) / CLOCK_DAY + 1;
		uint64_t rate = c->read_bytes / (uint64_t)days;
		json_uint(j, "bytes_per_day", rate);
		if (rate) {
			json_time(j, "complete_by",
			    app->tool.now + (int64_t)((left + rate - 1) / rate) * CLOCK_DAY);
			json_uint(j, "cycle_days", (c->bytes + rate - 1) / rate);
		}
	}
	json_object_end(j);
}

static int
print_location(struct app *app, const struct config_location *location, struct err *err)
{
	struct store_location row = {0};
	struct store_coverage c;
	struct store_ledger_query q;
	struct buf line = BUF_INIT;
	struct json j;
	int r = store_location_find(app->tool.store, app->tool.host, location->name, &row, err);
	if (r <= 0)
		goto out;
	fill_query(app, &q);
	r = store_coverage(app->tool.store, &q, row.id, &c, err);
	if (r < 0)
		goto out;
	record_begin(&j, &line, RECORD_LOCATION);
	json_int(&j, "id", row.id);
	json_str(&j, "store", store_uuid(app->tool.store));
	json_str(&j, "host", app->tool.host);
	json_str(&j, "location", location->name);
	json_path(&j, "path", location->path);
	json_str(&j, "type", config_type_word(location->type));
	json_str(&j, "status", row.status);
	add_coverage(&j, app, &c);
	record_end(&j);
	r = tool_put_line(&app->tool, &line, err);
out:
	store_location_release(&row);
	buf_release(&line);
	return r < 0 ? -1 : 0;
}

int
app_coverage(struct app *app, struct err *err)
{
	for (size_t i = 0; i < app->tool.config->location_count; i++) {
		const struct config_location *location = &app->tool.config->locations[i];
		if (tool_selects_location(&app->tool, location) &&
		    print_location(app, location, err) < 0)
			return -1;
	}
	return 0;
}
