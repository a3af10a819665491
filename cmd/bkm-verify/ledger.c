// The ledger: the plan of the night, made again when a scan upstream has found more.
#include <stdlib.h>
#include <string.h>

#include "app.h"

/* How much of --max-time is planned for: the rate of past nights is not that of this one. */
#define TIME_USED(bytes) ((bytes) / 4 * 3)

#define REPLANS 64 /* in a night, at most */

struct store_ledger_query
app_ledger_query(const struct app *app, int64_t location_id)
{
	return (struct store_ledger_query){
	    .location_id = location_id,
	    .methods = {app->methods & VERIFY_SIZE, app->methods & VERIFY_TIMESTAMP,
		app->methods & VERIFY_CHECKSUM, app->methods & VERIFY_CONTENT},
	    .since =
		app->tool.days ? app->tool.now - (int64_t)app->tool.days * CLOCK_DAY : CLOCK_NONE,
	};
}

/* ---------------------------------------------------------------- the entries of a location */

struct load {
	struct app *app;
	const struct config_location *location;
	int64_t series_id, retention_days; /* of the series that comes just now */
	bool settled;
	struct verify_entry *old; /* of the plan before this one, by id */
	size_t old_count;
};

static int
by_id(const void *x, const void *y)
{
	const struct verify_entry *a = x, *b = y;
	return (a->id > b->id) - (a->id < b->id);
}

static struct verify_entry *
find(struct verify_entry *entries, size_t count, int64_t id)
{
	const struct verify_entry key = {.id = id};
	return count ? bsearch(&key, entries, count, sizeof(key), by_id) : NULL;
}

static int64_t
retention_of(struct load *l, const struct store_ledger_entry *e)
{
	if (l->series_id != e->series_id) {
		const struct config_series *rule =
		    config_series_for(l->location, e->series, SIZE_MAX);
		l->series_id = e->series_id;
		l->retention_days = rule ? rule->retention_days : l->location->retention_days;
	}
	return l->retention_days;
}

static int
load_entry(void *arg, const struct store_ledger_entry *e)
{
	struct load *l = arg;
	struct app_ledger *ledger = &l->app->ledger;
	int64_t days = retention_of(l, e);
	const struct verify_entry *old = find(l->old, l->old_count, e->backup_id);
	MEM_GROW(ledger->entries, ledger->count, ledger->cap);
	ledger->entries[ledger->count++] = (struct verify_entry){
	    .id = e->backup_id,
	    .location_id = e->location_id,
	    .size = e->size,
	    .time = e->time,
	    .expires = days > 0 ? e->time + days * CLOCK_DAY : CLOCK_NONE,
	    .since = e->failed            ? e->tried
		: e->oldest != CLOCK_NONE ? e->oldest
					  : e->first_seen,
	    .failed = e->failed,
	    .never = e->oldest == CLOCK_NONE,
	    .settled = old ? old->settled : l->settled,
	    .reached = old && old->reached,
	};
	return 0;
}

static struct app_place *
place_of(struct app *app, int64_t location_id)
{
	struct app_ledger *l = &app->ledger;
	for (size_t i = 0; i < l->place_count; i++)
		if (l->places[i].location_id == location_id)
			return &l->places[i];
	MEM_GROW(l->places, l->place_count, l->place_cap);
	l->places[l->place_count] = (struct app_place){.location_id = location_id};
	return &l->places[l->place_count++];
}

static int
load_location(struct app *app, struct load *l, struct err *err)
{
	struct store_location row = {0};
	int r = store_location_find(app->tool.store, app->tool.host, l->location->name, &row, err);
	if (r <= 0)
		return r;
	struct app_place *place = place_of(app, row.id);
	struct store_ledger_query q = app_ledger_query(app, row.id);
	place->scanned = row.last_reached;
	l->settled = place->seen;
	l->series_id = 0;
	store_location_release(&row);
	return store_ledger(app->tool.store, &q, load_entry, l, err);
}

/* ---------------------------------------------------------------- the plan */

/* What is not settled, with what is left of the budget. */
static void
plan_rest(struct app *app)
{
	struct app_ledger *l = &app->ledger;
	const struct verify_night night = {
	    .now = app->tool.now,
	    .interval = app->interval,
	    .budget = l->budget > app->spent ? l->budget - app->spent : 0,
	    .begun = app->spent > 0,
	};
	verify_ledger_plan(&night, l->entries, l->count);
	l->freed = 0;
}

/* What was decided about records that have come already stays; the rest is planned with what is left
 * of the budget. */
static int
make_plan(struct app *app, struct err *err)
{
	const struct config *c = app->tool.config;
	struct app_ledger *ledger = &app->ledger;
	struct verify_entry *old = ledger->entries;
	struct load l = {.app = app, .old = old, .old_count = ledger->count};
	int r = 0;
	ledger->entries = NULL;
	ledger->count = ledger->cap = 0;
	for (size_t i = 0; r >= 0 && i < c->location_count; i++) {
		l.location = &c->locations[i];
		if (l.location->verify_integrity && tool_selects_location(&app->tool, l.location))
			r = load_location(app, &l, err);
	}
	free(old);
	if (r < 0)
		return -1;
	plan_rest(app);
	if (ledger->count)
		qsort(ledger->entries, ledger->count, sizeof(*ledger->entries), by_id);
	return 0;
}

/* What --max-time is worth in bytes, by the rate of the last interval; 0 if none is known. */
static int
bytes_for_time(struct app *app, int64_t ms, unsigned jobs, uint64_t *ret_bytes, struct err *err)
{
	struct store_ledger_read read = {0};
	if (store_ledger_read(app->tool.store, 0, app->tool.now - app->interval, &read, err) < 0)
		return -1;
	*ret_bytes = read.bytes && read.ms
	    ? TIME_USED((uint64_t)((double)read.bytes / (double)read.ms * (double)ms * jobs))
	    : 0;
	return 0;
}

int
app_ledger_begin(struct app *app, struct err *err)
{
	struct app_ledger *l = &app->ledger;
	l->waits_since = CLOCK_NONE;
	l->budget = app->budget;
	if (app->force || app->tool.by_operands || app->coverage)
		return 0;
	if (app->stop_ms) {
		uint64_t bytes = 0;
		unsigned jobs = app->pool ? verify_pool_jobs(app->pool) : 1;
		if (bytes_for_time(app, app->stop_ms - clock_mono_ms(), jobs, &bytes, err) < 0)
			return -1;
		if (bytes && (!l->budget || bytes < l->budget))
			l->budget = bytes;
	}
	l->on = l->budget > 0;
	return 0;
}

void
app_ledger_release(struct app *app)
{
	free(app->ledger.entries);
	free(app->ledger.places);
}

/* The first record of a location: if a scan has been there since the plan was made, so that there may
 * be more than it knows, it is made again. */
static int
arrive(struct app *app, const struct app_item *item, struct err *err)
{
	struct app_place *place = place_of(app, item->location_id);
	int64_t scanned;
	if (place->seen)
		return 0;
	/* What a scan has written since this process last waited for a line counts. */
	store_read_end(app->tool.store);
	if (store_read_begin(app->tool.store, err) < 0)
		return -1;
	if (store_ledger_scanned(app->tool.store, item->location_id, &scanned, err) < 0)
		return -1;
	if ((!app->ledger.entries || scanned != place->scanned ||
		!find(app->ledger.entries, app->ledger.count, item->id)) &&
	    make_plan(app, err) < 0)
		return -1;
	place_of(app, item->location_id)->seen = true;
	return 0;
}

int
app_ledger_turn(struct app *app, const struct app_item *item, bool due, enum app_turn *ret_turn,
    struct err *err)
{
	struct app_ledger *l = &app->ledger;
	bool late = app->stop_ms && clock_mono_ms() >= app->stop_ms;
	*ret_turn = !due ? APP_TURN_NOT_DUE : late ? APP_TURN_WAIT : APP_TURN_READ;
	if (!l->on)
		return 0;
	if (arrive(app, item, err) < 0)
		return -1;
	const struct verify_entry *e = find(l->entries, l->count, item->id);
	/* The rest is planned anew where that can help this one, and not more often than is worth it. */
	if (e && due && !e->reached && l->freed >= e->size && l->freed >= l->budget / REPLANS)
		plan_rest(app);
	/* What the plan does not know came while it was carried out. */
	bool reached = e ? e->reached
			 : due &&
		(app->spent == 0 ||
		    (app->spent < l->budget && item->known.size <= l->budget - app->spent));
	if (!reached)
		*ret_turn = due ? APP_TURN_WAIT : APP_TURN_NOT_DUE;
	else
		*ret_turn = late ? due ? APP_TURN_WAIT : APP_TURN_NOT_DUE : APP_TURN_READ;
	return 0;
}

int
app_ledger_passed(struct app *app, const struct app_item *item, uint64_t bytes, struct err *err)
{
	struct app_ledger *l = &app->ledger;
	if (!l->on || !item->id || item->accept)
		return 0;
	if (arrive(app, item, err) < 0)
		return -1;
	struct verify_entry *e = find(l->entries, l->count, item->id);
	if (!e || e->settled)
		return 0;
	e->settled = true;
	if (e->reached)
		l->freed = l->freed + e->size > bytes ? l->freed + e->size - bytes : 0;
	return 0;
}

/* ---------------------------------------------------------------- what was not reached */

void
app_not_reached(struct app *app, const struct app_item *item)
{
	const struct store_ledger_query q = app_ledger_query(app, item->location_id);
	int64_t since = INT64_MAX;
	app->counts.not_reached++;
	app->counts.not_reached_bytes += item->known.size;
	for (size_t i = 0; i < STORE_VERIFY_METHODS; i++) {
		int64_t at = item->state.methods[i].at;
		if (q.methods[i] && at < since)
			since = at != CLOCK_NONE ? at : item->known.first_seen;
	}
	if (app->ledger.waits_since == CLOCK_NONE || since < app->ledger.waits_since)
		app->ledger.waits_since = since;
}

void
app_ledger_end(struct app *app)
{
	const struct app_counts *c = &app->counts;
	struct buf size = BUF_INIT;
	char since[CLOCK_TEXT_LEN];
	if (!c->not_reached)
		return;
	str_add_size(&size, c->not_reached_bytes);
	log_warning(app->tool.log,
	    "not reached within the %s: %llu due backup%s, %s; the longest waits since %s",
	    app->budget ? "budget" : "time", (unsigned long long)c->not_reached,
	    c->not_reached == 1 ? "" : "s", size.data,
	    clock_format(app->ledger.waits_since, since));
	buf_release(&size);
}
