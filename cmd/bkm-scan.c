// bkm-scan: find the backups of each location, remember them, and write a line about each.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "bkm-scan/scan.h"
#include "tool/tool.h"

enum {
	DEBOUNCE_MS = 700,  /* from a change to the rescan */
	WAIT_STEP_MS = 500, /* how soon a signal is noticed */
	MANY = 5000,        /* backups that are worth threads to print */
	REST = 10,          /* a rescan may take one part in so many of the time */
};

struct place { /* a selected location */
	const struct config_location *config;
	bool repeats;
	int64_t next_ms; /* of the next scan, and of the next one that prints everything */
	int64_t full_ms;
	int64_t rest_ms; /* not before */
};

struct scanner {
	struct tool *tool;
	bool check_config, changed, follow, wait, accept_identity;
	int64_t wait_max, settle; /* seconds; -1: not given */
	struct place *places;
	size_t count;
	struct scan_watch *watch;
	bool watch_full;
	uint64_t added, updated, gone;
	uint64_t findings; /* --stored: failed backups */
	struct record rec;
	struct buf line;
};

static int
pause_ms(struct scanner *s, int64_t ms, struct err *err)
{
	struct pollfd fd = {.fd = s->watch ? scan_watch_fd(s->watch) : -1, .events = POLLIN};

	if (tool_flush(s->tool, err) < 0)
		return -1;
	(void)poll(&fd, 1, (int)(ms < WAIT_STEP_MS ? ms : WAIT_STEP_MS));
	return tool_stopping() ? tool_interrupted(err) : 0;
}

/* ---------------------------------------------------------------- lines */
/* --where and --days choose which backups are printed. */
static bool
is_selected(struct scanner *s)
{
	if (!s->tool->where && !s->tool->days)
		return true;
	if (record_parse(&s->rec, s->line.data, s->line.len, NULL) < 0)
		return false;
	return tool_selects(s->tool, &s->rec, RECORD_BACKUP);
}

/* All live ones by threads, if they are many and nothing chooses among them: 1 if that was done. */
static int
print_many(struct scanner *s, const struct bkm_scan *scan, struct err *err)
{
	size_t parts = 0;

	if (s->tool->where || s->tool->days || scan->found < MANY)
		return 0;
	if (store_scan_parts(scan->scan, &parts, err) < 0)
		return -1;
	return parts ? tool_print_lines(s->tool, scan->scan, parts, err) : 0;
}

/* only_new: what this scan changed, and of it nothing that is still being written. */
static int
print_backups(struct scanner *s, const struct bkm_scan *scan, bool only_new, struct err *err)
{
	enum store_scan_which which = only_new || s->changed ? STORE_SCAN_TOUCHED : STORE_SCAN_ALL;
	struct store_scan_cursor *cursor = NULL;
	struct store_backup row;
	bool touched;
	int r = which == STORE_SCAN_ALL ? print_many(s, scan, err) : 0;

	if (r > 0)
		which = STORE_SCAN_GONE;
	if (r >= 0)
		r = store_scan_lines(scan->scan, which, &cursor, err);
	while (r >= 0 && (r = store_scan_lines_next(cursor, &row, &touched, err)) > 0) {
		if (only_new && (!touched || strcmp(row.state, "growing") == 0))
			continue;
		buf_clear(&s->line);
		tool_add_backup(s->tool, &s->line, &row, tool_is_new(s->tool, &row, touched));
		if (is_selected(s))
			r = tool_put_line(s->tool, &s->line, err);
		if (r >= 0 && tool_stopping())
			r = tool_interrupted(err);
	}
	store_scan_lines_close(cursor);
	return r;
}

static int
print_stored(struct scanner *s, const struct bkm_scan *scan, struct err *err)
{
	const struct store_backup_query query = {
	    .location_id = scan->row.id, .host = s->tool->host, .since = CLOCK_NONE};
	struct store_cursor *cursor = NULL;
	struct store_backup row;
	int r = store_backups(s->tool->store, &query, &cursor, err);

	while (r >= 0 && (r = store_backups_next(cursor, &row, err)) > 0) {
		buf_clear(&s->line);
		tool_add_backup(s->tool, &s->line, &row, false);
		s->findings += strcmp(row.status, "failed") == 0;
		if (is_selected(s))
			r = tool_put_line(s->tool, &s->line, err);
	}
	store_cursor_close(cursor);
	return r;
}

static int
print_series(struct scanner *s, const struct bkm_scan *scan, struct err *err)
{
	struct store_location row = scan->row;
	struct tool_series_cursor *cursor = NULL;
	struct tool_series series;
	int r;

	if (scan->reached)
		row.last_reached = s->tool->now;
	r = tool_series_open(s->tool, scan->config, &row, &cursor, err);
	while (r >= 0 && (r = tool_series_next(cursor, &series, err)) > 0) {
		buf_clear(&s->line);
		tool_add_series(s->tool, &s->line, scan->config, &series);
		r = tool_put_line(s->tool, &s->line, err);
	}
	tool_series_close(cursor);
	if (r < 0)
		return -1;
	buf_clear(&s->line);
	bkm_scan_add_location(s->tool, &s->line, scan);
	return tool_put_line(s->tool, &s->line, err);
}

static void
count_findings(struct scanner *s, const struct bkm_scan *scan)
{
	uint64_t n = scan->findings + s->findings + scan->by_status[SCHEDULE_LATE] +
	    scan->by_status[SCHEDULE_MISSING] +
	    (scan->status == RECORD_LOCATION_EMPTY || scan->status == RECORD_LOCATION_UNREACHABLE);

	for (; n; n--)
		tool_finding(s->tool);
}

/* ---------------------------------------------------------------- one location */
static int
scan_once(struct scanner *s, struct place *p, struct bkm_scan *ret, struct err *err)
{
	const struct bkm_scan_options options = {
	    .settle = s->settle,
	    .accept_identity = s->accept_identity,
	    .repeats = p->repeats && s->wait,
	    .watch = s->watch,
	    .number = (size_t)(p - s->places),
	};

	s->tool->now = tool_now(s->tool);
	if (bkm_scan(s->tool, p->config, &options, ret, err) < 0)
		return -1;
	p->repeats = true;
	s->added += ret->added;
	s->updated += ret->changed;
	s->gone += ret->gone;
	if (ret->watch_full && !s->watch_full) {
		log_warning(s->tool->log,
		    "too many directories to watch: the rest is seen at the next full scan");
		log_hint(s->tool->log, "raise fs.inotify.max_user_watches");
		s->watch_full = true;
	}
	return 0;
}

/* --wait: until nothing is growing, or the time is up. */
static int
scan_settled(struct scanner *s, struct place *p, struct bkm_scan *scan, struct err *err)
{
	int64_t until = clock_mono_ms() + s->wait_max * 1000, ms;

	if (scan_once(s, p, scan, err) < 0)
		return -1;
	while (s->wait && scan->growing && clock_mono_ms() < until) {
		ms = (scan->settles - s->tool->now) * 1000;
		tool_progress(s->tool, "%s: waiting for %llu growing backups", p->config->name,
		    (unsigned long long)scan->growing);
		if (ms > 0 && ms > until - clock_mono_ms())
			ms = until - clock_mono_ms();
		for (ms += clock_mono_ms(); clock_mono_ms() < ms;) {
			if (pause_ms(s, ms - clock_mono_ms(), err) < 0)
				return -1;
		}
		if (scan_once(s, p, scan, err) < 0)
			return -1;
	}
	return 0;
}

static void
is_due(void *arg, size_t number)
{
	struct scanner *s = arg;
	int64_t soon = clock_mono_ms() + DEBOUNCE_MS;

	for (size_t i = 0; i < s->count; i++) {
		if ((number == SCAN_WATCH_ALL || number == i) && s->places[i].next_ms > soon)
			s->places[i].next_ms = soon;
	}
}

/* When to look at the location again under --follow. */
static void
plan(struct scanner *s, struct place *p, const struct bkm_scan *scan, int64_t began, bool full)
{
	int64_t period = s->tool->config->monitoring.check_interval_minutes * 60000;
	int64_t settles = began + (scan->settles - s->tool->now) * 1000;

	if (full)
		p->full_ms = began + period;
	p->rest_ms = began + (clock_mono_ms() - began) * REST;
	p->next_ms = p->full_ms;
	if (scan->settles != CLOCK_NONE && settles < p->next_ms)
		p->next_ms = settles;
	if (scan->watched_more)
		is_due(s, (size_t)(p - s->places));
}

/* --stored */
static int
tell_place(struct scanner *s, struct place *p, struct err *err)
{
	struct bkm_scan scan = {0};
	int r = bkm_scan_stored(s->tool, p->config, &scan, err);

	s->findings = 0;
	if (r > 0) {
		r = print_stored(s, &scan, err);
		count_findings(s, &scan);
		if (r == 0)
			r = print_series(s, &scan, err);
	}
	bkm_scan_release(&scan);
	return r;
}

static int
scan_place(struct scanner *s, struct place *p, struct err *err)
{
	int64_t began = clock_mono_ms();
	struct bkm_scan scan = {0};
	int r;

	if (s->tool->stored)
		return tell_place(s, p, err);
	r = scan_settled(s, p, &scan, err);
	if (r == 0 && s->follow)
		plan(s, p, &scan, began, true);
	if (r == 0) {
		count_findings(s, &scan);
		r = print_backups(s, &scan, false, err);
	}
	if (r == 0)
		r = print_series(s, &scan, err);
	bkm_scan_release(&scan);
	return r;
}

/* ---------------------------------------------------------------- --follow */
static int
rescan(struct scanner *s, struct place *p, struct err *err)
{
	int64_t began = clock_mono_ms();
	struct bkm_scan scan = {0};
	bool full = began >= p->full_ms;
	int r = scan_once(s, p, &scan, err);

	if (r == 0) {
		plan(s, p, &scan, began, full);
		r = print_backups(s, &scan, true, err);
	}
	if (r == 0 && full)
		r = print_series(s, &scan, err);
	bkm_scan_release(&scan);
	return r;
}

static int
follow(struct scanner *s, struct err *err)
{
	for (;;) {
		int64_t now = clock_mono_ms(), wait = WAIT_STEP_MS;

		for (size_t i = 0; i < s->count; i++) {
			struct place *p = &s->places[i];
			int64_t at = p->next_ms > p->rest_ms ? p->next_ms : p->rest_ms;

			if (at <= now && rescan(s, p, err) < 0)
				return -1;
			if (at > now && at - now < wait)
				wait = at - now;
		}
		if (pause_ms(s, wait, err) < 0)
			return -1;
		if (s->watch)
			scan_watch_read(s->watch, is_due, s);
	}
}

/* ---------------------------------------------------------------- main */
static void
select_places(struct scanner *s)
{
	const struct config *config = s->tool->config;

	s->places = mem_array(config->location_count + 1, sizeof(*s->places));
	for (size_t i = 0; i < config->location_count; i++) {
		if (tool_selects_location(s->tool, &config->locations[i]))
			s->places[s->count++] = (struct place){.config = &config->locations[i]};
	}
}

static int
scan_all(struct scanner *s, struct err *err)
{
	select_places(s);
	if (s->follow && scan_watch_open(&s->watch, err) < 0)
		log_warning(s->tool->log, "%s: changes are seen at the next full scan", err->msg);
	for (size_t i = 0; i < s->count; i++) {
		if (scan_place(s, &s->places[i], err) < 0)
			return -1;
	}
	if (s->follow)
		return follow(s, err);
	tool_count(s->tool, "new", s->added);
	tool_count(s->tool, "changed", s->updated);
	tool_count(s->tool, "gone", s->gone);
	return 0;
}

/* What can be refused before anything begins. To look at nothing is not to find nothing wrong. */
static int
check(void *ctx, struct err *err)
{
	const struct scanner *s = ctx;
	const struct config *config = s->tool->config;

	if (s->follow && s->tool->stored)
		return err_set(
		    err, ERR_USAGE, "options '--follow' and '--stored' exclude each other");
	if (!config->location_count)
		return err_set(err, ERR_CONFIG,
		    "failed to load settings: '%s' names no location (backups.locations)",
		    config->file);
	if (s->check_config && bkm_scan_check_words(config, err) < 0) {
		err->code = ERR_CONFIG;
		return -1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct scanner s = {
	    .wait_max = INT32_MAX, .settle = -1, .rec = RECORD_INIT, .line = BUF_INIT};
	const struct tool_option options[] = {
	    {"check-config", 0, NULL, .flag = &s.check_config,
		.help = "read the configuration, say what is wrong with it, and end"},
	    {"changed", 0, NULL, .flag = &s.changed,
		.help = "print only backups that are new, changed or gone since the last scan"},
	    {"wait", 0, "MAX", .flag = &s.wait, .seconds = &s.wait_max, .optional = true,
		.help = "stay until what is growing has settled, at most for MAX (10m)"},
	    {"settle", 0, "TIME", .seconds = &s.settle,
		.help = "how long a backup must be unchanged to be complete; 0s inside its job"},
	    {"follow", 0, NULL, .flag = &s.follow,
		.help = "stay, and print each backup when it is complete"},
	    {"accept-identity", 0, NULL, .flag = &s.accept_identity,
		.help = "take the file system that is mounted there now as the right one"},
	    {0},
	};
	const struct tool_spec spec = {
	    .name = "bkm-scan",
	    .usage = "[OPTION]...",
	    .about = "Find the backups of each location, remember them in the store, and write a "
		     "record for each, for each series of them, and for each location.",
	    .options = options,
	    .input = TOOL_INPUT_NONE,
	    .check = check,
	    .ctx = &s,
	};
	struct tool tool = TOOL_INIT;
	struct err err = {0};
	int r;

	if (tool_parse(&tool, &spec, argc, argv) != 0)
		return tool_close(&tool, 0, NULL);
	s.tool = &tool;
	tool.follow = s.follow;
	r = tool_open(&tool, s.check_config ? TOOL_CONFIG : TOOL_RUN, &err);
	if (r == 0)
		r = s.check_config ? bkm_scan_say_config(&tool, &err) : scan_all(&s, &err);
	scan_watch_close(s.watch);
	record_release(&s.rec);
	buf_release(&s.line);
	free(s.places);
	return tool_close(&tool, r, &err);
}
