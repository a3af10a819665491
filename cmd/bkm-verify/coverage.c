// --coverage: how much of each location is verified, and when all of it will be.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"

struct coverage {
	uint64_t backups, bytes;
	uint64_t verified_backups, verified_bytes; /* every method looked within the interval */
	uint64_t never_backups, never_bytes;       /* some method never looked */
	int64_t oldest;                            /* the oldest verdict; CLOCK_NONE: none */
	int64_t oldest_unverified; /* since when the longest waiting waits; CLOCK_NONE: none does */
	int64_t last_read;         /* CLOCK_NONE: never, within the interval */
	bool bounded;              /* something that was due when it was last read was left */
	struct verify_progress progress;
	struct verify_forecast forecast;
	const struct app *app;
};

/* Two stages of one chain do not read the clock in the same second. */
#define SAME_TIME 60

static void
earliest(int64_t *t, int64_t candidate)
{
	if (candidate != CLOCK_NONE && (*t == CLOCK_NONE || candidate < *t))
		*t = candidate;
}

static int
add_entry(void *arg, const struct store_ledger_entry *e)
{
	struct coverage *c = arg;
	const struct app *app = c->app;
	bool never = e->oldest == CLOCK_NONE;
	int64_t since = never ? e->first_seen : e->oldest;
	c->backups++;
	c->bytes += e->size;
	earliest(&c->oldest, e->oldest);
	if (never) {
		c->never_backups++;
		c->never_bytes += e->size;
	} else if (!verify_ledger_is_old(e->oldest, app->tool.now, app->interval)) {
		c->verified_backups++;
		c->verified_bytes += e->size;
		return 0;
	}
	earliest(&c->oldest_unverified, since);
	if (c->last_read != CLOCK_NONE &&
	    (never ? since : since + app->interval) + SAME_TIME <= c->last_read)
		c->bounded = true;
	return 0;
}

static int
measure(struct app *app, const struct config_location *location, int64_t id, struct coverage *c,
    struct err *err)
{
	struct store_ledger_query q = app_ledger_query(app, id);
	struct store_ledger_read read = {0};
	struct verify_progress *p = &c->progress;
	int64_t since = app->tool.now - app->interval;
	*c = (struct coverage){.oldest = CLOCK_NONE, .oldest_unverified = CLOCK_NONE, .app = app};
	*p = (struct verify_progress){
	    .now = app->tool.now,
	    .interval = app->interval,
	    .retention = location->retention_days * CLOCK_DAY,
	    .new_since = since,
	};
	if (store_ledger_read(app->tool.store, id, since, &read, err) < 0 ||
	    store_ledger_new(app->tool.store, id, since, &p->new_bytes, err) < 0)
		return -1;
	c->last_read = read.last;
	if (store_ledger(app->tool.store, &q, add_entry, c, err) < 0)
		return -1;
	p->bytes = c->bytes;
	p->verified_bytes = c->verified_bytes;
	p->read_bytes = read.bytes;
	p->read_since = read.first;
	p->bounded = c->bounded;
	verify_ledger_forecast(p, &c->forecast);
	return 0;
}

/* Over all: the sums, and no better outlook than the worst of the locations. */
static void
add_up(struct coverage *all, const struct coverage *c)
{
	struct verify_forecast *f = &all->forecast;
	all->backups += c->backups;
	all->bytes += c->bytes;
	all->verified_backups += c->verified_backups;
	all->verified_bytes += c->verified_bytes;
	all->never_backups += c->never_backups;
	all->never_bytes += c->never_bytes;
	earliest(&all->oldest, c->oldest);
	earliest(&all->oldest_unverified, c->oldest_unverified);
	f->rate += c->forecast.rate;
	f->inflow += c->forecast.inflow;
	if (c->forecast.outlook > f->outlook)
		f->outlook = c->forecast.outlook;
	if (c->forecast.complete_by > f->complete_by)
		f->complete_by = c->forecast.complete_by;
	if (c->forecast.cycle_days > f->cycle_days)
		f->cycle_days = c->forecast.cycle_days;
}

/* ---------------------------------------------------------------- as a record */

static void
add_coverage(struct json *j, const struct coverage *c)
{
	const struct verify_forecast *f = &c->forecast;
	json_object(j, "coverage");
	json_int(j, "interval_days", c->app->interval / CLOCK_DAY);
	json_uint(j, "backups", c->backups);
	json_uint(j, "bytes", c->bytes);
	json_uint(j, "verified_backups", c->verified_backups);
	json_uint(j, "verified_bytes", c->verified_bytes);
	if (c->bytes)
		json_real(j, "ratio", (double)c->verified_bytes / (double)c->bytes, 4);
	json_uint(j, "never_backups", c->never_backups);
	json_uint(j, "never_bytes", c->never_bytes);
	json_time(j, "oldest", c->oldest);
	json_time(j, "oldest_unverified", c->oldest_unverified);
	if (f->rate)
		json_uint(j, "bytes_per_day", f->rate);
	json_uint(j, "new_bytes_per_day", f->inflow);
	json_str(j, "outlook", record_word(RECORD_LIST_OUTLOOK, (int)f->outlook));
	if (f->outlook <= RECORD_OUTLOOK_ON_COURSE)
		json_time(j, "complete_by", f->complete_by);
	if (f->cycle_days)
		json_int(j, "cycle_days", f->cycle_days);
	json_object_end(j);
}

static int
print_record(struct app *app, const struct config_location *location,
    const struct store_location *row, const struct coverage *c, struct err *err)
{
	struct buf line = BUF_INIT;
	struct json j;
	record_begin(&j, &line, RECORD_LOCATION);
	if (row)
		json_int(&j, "id", row->id);
	json_str(&j, "store", store_uuid(app->tool.store));
	json_str(&j, "host", app->tool.host);
	if (location) {
		json_str(&j, "location", location->name);
		json_path(&j, "path", location->path);
		json_str(&j, "type", config_type_word(location->type));
		json_str(&j, "status", row->status);
	} else {
		json_null(&j, "location");
	}
	add_coverage(&j, c);
	record_end(&j);
	int r = tool_put_line(&app->tool, &line, err);
	buf_release(&line);
	return r;
}

/* ---------------------------------------------------------------- as a table */

static void
add_cell(struct buf *out, uint64_t bytes)
{
	struct buf text = BUF_INIT;
	str_add_size(&text, bytes);
	buf_printf(out, "  %10s", text.data);
	buf_release(&text);
}

static void
add_day(struct buf *out, int64_t t)
{
	char text[CLOCK_TEXT_LEN];
	buf_printf(out, "  %-10.10s", t != CLOCK_NONE ? clock_format(t, text) : "-");
}

static void
add_outlook(struct buf *out, const struct coverage *c)
{
	const struct verify_forecast *f = &c->forecast;
	char text[CLOCK_TEXT_LEN];
	switch (f->outlook) {
	case RECORD_OUTLOOK_COMPLETE:
		buf_str(out, "complete");
		break;
	case RECORD_OUTLOOK_ON_COURSE:
		buf_printf(out, "complete by %.10s", clock_format(f->complete_by, text));
		break;
	case RECORD_OUTLOOK_UNKNOWN:
		buf_str(out, "unknown: nothing was read lately");
		break;
	case RECORD_OUTLOOK_TOO_SLOW:
		buf_str(out, "never: less is read than comes and grows old");
		break;
	case RECORD_OUTLOOK_TOO_LATE:
		buf_printf(out, "never: a cycle of %lld days is longer than backups are kept",
		    (long long)f->cycle_days);
		break;
	case RECORD_OUTLOOK_NONE:
		break;
	}
}

static void
add_row(struct buf *out, const char *name, const struct coverage *c)
{
	struct buf shown = BUF_INIT;
	str_add_visible(&shown, name, strlen(name));
	buf_printf(out, "%-20s", shown.data);
	buf_release(&shown);
	add_cell(out, c->bytes);
	add_cell(out, c->verified_bytes);
	/* Rounded down: 100 is all of it. */
	if (c->bytes)
		buf_printf(out, "  %4llu%%",
		    (unsigned long long)((double)c->verified_bytes / (double)c->bytes * 100));
	else
		buf_printf(out, "  %5s", "-");
	add_cell(out, c->never_bytes);
	add_day(out, c->oldest_unverified);
	add_cell(out, c->forecast.rate);
	buf_str(out, "  ");
	add_outlook(out, c);
	buf_char(out, '\n');
}

/* ---------------------------------------------------------------- all of them */

static int
one_location(struct app *app, const struct config_location *location, struct coverage *all,
    struct buf *table, struct err *err)
{
	struct store_location row = {0};
	struct coverage c;
	int r = store_location_find(app->tool.store, app->tool.host, location->name, &row, err);
	if (r > 0)
		r = measure(app, location, row.id, &c, err) < 0 ? -1 : 1;
	if (r > 0) {
		add_up(all, &c);
		if (table)
			add_row(table, location->name, &c);
		else
			r = print_record(app, location, &row, &c, err);
	}
	store_location_release(&row);
	return r < 0 ? -1 : 0;
}

bool
app_coverage_for_people(const struct app *app)
{
	return app->coverage_form ? !strcmp(app->coverage_form, "text")
				  : isatty(STDOUT_FILENO) == 1;
}

int
app_coverage(struct app *app, struct err *err)
{
	const struct config *config = app->tool.config;
	struct buf table = BUF_INIT;
	struct coverage all = {.app = app,
	    .oldest = CLOCK_NONE,
	    .oldest_unverified = CLOCK_NONE,
	    .forecast = {.outlook = RECORD_OUTLOOK_COMPLETE, .complete_by = CLOCK_NONE}};
	bool people =
	    app->coverage_form ? !strcmp(app->coverage_form, "text") : isatty(STDOUT_FILENO) == 1;
	int r = 0;
	buf_printf(&table, "%-20s  %10s  %10s  %5s  %10s  %-10s  %10s  %s\n", "location", "bytes",
	    "verified", "", "never", "waits from", "a day", "all within the interval");
	for (size_t i = 0; r == 0 && i < config->location_count; i++)
		if (tool_selects_location(&app->tool, &config->locations[i]))
			r = one_location(
			    app, &config->locations[i], &all, people ? &table : NULL, err);
	if (r == 0 && people) {
		add_row(&table, "all", &all);
		r = fsio_write_all(STDOUT_FILENO, table.data, table.len, "standard output", err);
	} else if (r == 0) {
		r = print_record(app, NULL, NULL, &all, err);
	}
	buf_release(&table);
	return r;
}
