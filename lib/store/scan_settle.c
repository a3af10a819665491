// What a series adds up to after a scan: newest, previous, how its sizes compare, what it keeps.
#include <stdlib.h>
#include <string.h>

#include "store/scan_private.h"

#define CHUNK      512
#define LOOK_BACK  64 /* newest generations of a series that are looked at */
#define BAND_SIZES 30 /* earlier sizes that a new one is compared with */
/* A series that has kept more than usual for so long keeps that much usually. */
#define USUAL_AFTER ((int64_t)3 * CLOCK_DAY)

struct stale {
	int64_t id, usual_at;
	uint64_t count, usual;
};

struct generation {
	int64_t id, time, first_seen, changed_at, completed_at, touched;
	uint64_t size;
	bool live, complete, ok, vanished;
	bool has_reasons;
};

struct sum {
	int64_t latest_id, previous_id, newest_time;
	int64_t members;
};

static const char sql_stale[] =
    "SELECT id, count, usual, usual_at FROM series WHERE location_id = ?1 AND stale = 1"
    " AND id > ?2 ORDER BY id LIMIT ?3";
static const char sql_generations[] =
    "SELECT id, time, first_seen, changed_at, completed_at, touched, size, live, state, status,"
    " reasons FROM backup WHERE series_id = ?1 AND completed_at IS NOT NULL"
    " ORDER BY time DESC, id DESC LIMIT ?2";
static const char sql_live[] =
    "SELECT id FROM backup WHERE series_id = ?1 AND live = 1 AND state = 'complete'"
    " AND status = 'ok' ORDER BY time DESC, id DESC LIMIT 2";
static const char sql_warn[] = "UPDATE backup SET reasons = ?2, touched = ?3 WHERE id = ?1";
static const char sql_stall[] =
    "UPDATE backup SET state = 'stalled', status = 'failed', completed_at = NULL,"
    " reasons = '[\"stalled\",\"size_dropped\"]', touched = ?2 WHERE id = ?1";
static const char sql_settle[] =
    "UPDATE series SET latest_id = ?2, previous_id = ?3, newest_time = ?4, members = ?5,"
    " usual = ?6, usual_at = ?7, stale = 0 WHERE id = ?1";

/* completed counts what was ever in the series, also what a rename took elsewhere. */
static const char sql_anew[] =
    "UPDATE series SET first_seen = coalesce((SELECT min(time) FROM backup WHERE series_id = ?1),"
    " first_seen), completed = CASE WHEN EXISTS (SELECT 1 FROM backup WHERE series_id = ?1"
    " AND completed_at IS NOT NULL) THEN completed ELSE 0 END WHERE id = ?1";

static int
read_generations(struct store_scan *scan, int64_t series_id, struct generation *g, size_t *ret_n,
    struct err *err)
{
	sqlite3_stmt *st = store_stmt(scan->store, sql_generations, err);
	size_t n = 0;
	int r = 0;

	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	store_bind_int(st, 2, LOOK_BACK);
	while (n < LOOK_BACK && (r = store_step(scan->store, st, err)) > 0) {
		enum record_state state = store_state(store_text(st, 8));

		g[n++] = (struct generation){
		    .id = sqlite3_column_int64(st, 0),
		    .time = sqlite3_column_int64(st, 1),
		    .first_seen = sqlite3_column_int64(st, 2),
		    .changed_at = sqlite3_column_int64(st, 3),
		    .completed_at = sqlite3_column_int64(st, 4),
		    .touched = store_time(st, 5),
		    .size = (uint64_t)sqlite3_column_int64(st, 6),
		    .live = sqlite3_column_int(st, 7) != 0,
		    .complete = state == RECORD_STATE_COMPLETE,
		    .vanished = state == RECORD_STATE_VANISHED,
		    .ok = strcmp(store_text(st, 9), "ok") == 0,
		    .has_reasons = sqlite3_column_type(st, 10) != SQLITE_NULL,
		};
	}
	store_reset(st);
	*ret_n = n;
	return r < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------- sizes */
static void
is_amended(struct store_scan *scan, const struct generation *g)
{
	if (scan->spool)
		store_spool_amend(scan->spool, g->id);
}

static int
warn(struct store_scan *scan, const struct generation *g, const char *word, struct err *err)
{
	char *reasons = mem_printf(g->has_reasons ? "[\"future_mtime\",\"%s\"]" : "[\"%s\"]", word);
	sqlite3_stmt *st = store_stmt(scan->store, sql_warn, err);
	int r = -1;

	is_amended(scan, g);
	if (st) {
		store_bind_int(st, 1, g->id);
		store_bind_text(st, 2, reasons);
		store_bind_int(st, 3, scan->options.run_id);
		r = store_run_stmt(scan->store, st, err);
	}
	free(reasons);
	return r;
}

/* It grew under our eyes and stopped far below what its series always was: not complete. */
static int
stall(struct store_scan *scan, int64_t series_id, struct generation *g, struct err *err)
{
	struct store_scan_delta delta = {.completed = -1};
	sqlite3_stmt *st = store_stmt(scan->store, sql_stall, err);

	is_amended(scan, g);
	if (!st)
		return -1;
	store_bind_int(st, 1, g->id);
	store_bind_int(st, 2, scan->options.run_id);
	if (store_run_stmt(scan->store, st, err) < 0)
		return -1;
	g->complete = g->ok = false;
	store_scan_count(
	    &delta, &(struct store_scan_row){.state = RECORD_STATE_COMPLETE, .size = g->size}, -1);
	store_scan_count(
	    &delta, &(struct store_scan_row){.state = RECORD_STATE_STALLED, .failed = true}, 1);
	return store_scan_bump(scan, series_id, &delta, err);
}

static int
compare_size(struct store_scan *scan, int64_t series_id, struct generation *g, size_t n, size_t i,
    struct err *err)
{
	uint64_t before[BAND_SIZES];
	size_t count = 0;
	int r;

	for (size_t k = i + 1; k < n && count < BAND_SIZES; k++) {
		if (g[k].ok || g[k].vanished)
			before[count++] = g[k].size;
	}
	r = scan->options.band(scan->options.arg, g[i].size, before, count);
	if (r == 0)
		return 0;
	if (r < 0 && g[i].changed_at > g[i].first_seen)
		return stall(scan, series_id, &g[i], err);
	return warn(scan, &g[i], r < 0 ? "size_dropped" : "size_grew", err);
}

/* Of a series that is all new only the newest is compared: its past is nobody's finding. */
static int
compare_sizes(
    struct store_scan *scan, int64_t series_id, struct generation *g, size_t n, struct err *err)
{
	size_t fresh = 0;

	for (size_t i = 0; i < n; i++)
		fresh += g[i].touched == scan->options.run_id;
	for (size_t i = 0; i < n; i++) {
		if (g[i].touched != scan->options.run_id ||
		    g[i].completed_at != scan->options.now || !g[i].live || !g[i].complete ||
		    !g[i].ok)
			continue;
		if (compare_size(scan, series_id, g, n, i, err) < 0)
			return -1;
		if (fresh == n)
			break;
	}
	return 0;
}

/* ---------------------------------------------------------------- newest, previous, usual */
static int
find_live(struct store_scan *scan, int64_t series_id, struct sum *sum, struct err *err)
{
	sqlite3_stmt *st = store_stmt(scan->store, sql_live, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	sum->latest_id = sum->previous_id = 0;
	r = store_step(scan->store, st, err);
	if (r > 0) {
		sum->latest_id = sqlite3_column_int64(st, 0);
		r = store_step(scan->store, st, err);
		if (r > 0)
			sum->previous_id = sqlite3_column_int64(st, 0);
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}

static int
sum_up(struct store_scan *scan, const struct stale *s, const struct generation *g, size_t n,
    struct sum *ret, struct err *err)
{
	*ret = (struct sum){.newest_time = CLOCK_NONE};
	for (size_t i = 0; i < n; i++) {
		if (ret->newest_time == CLOCK_NONE && g[i].ok)
			ret->newest_time = g[i].time;
		if (g[i].live && g[i].complete && g[i].ok) {
			if (!ret->latest_id)
				ret->latest_id = g[i].id;
			else if (!ret->previous_id)
				ret->previous_id = g[i].id;
		}
		if (ret->members < 2 && (!ret->members || g[i].time != g[0].time))
			ret->members++;
	}
	if (n == LOOK_BACK && !ret->previous_id && s->count > 0)
		return find_live(scan, s->id, ret, err);
	return 0;
}

static int
put(struct store_scan *scan, const struct stale *s, const struct sum *sum, struct err *err)
{
	int64_t now = scan->options.now, usual_at = s->usual_at;
	sqlite3_stmt *st = store_stmt(scan->store, sql_settle, err);
	uint64_t usual = s->usual;

	if (!st)
		return -1;
	if (s->count <= usual || usual_at == CLOCK_NONE || now - usual_at >= USUAL_AFTER) {
		usual = s->count;
		usual_at = now;
	}
	store_bind_int(st, 1, s->id);
	if (sum->latest_id)
		store_bind_int(st, 2, sum->latest_id);
	if (sum->previous_id)
		store_bind_int(st, 3, sum->previous_id);
	store_bind_time(st, 4, sum->newest_time);
	store_bind_int(st, 5, sum->members);
	store_bind_int(st, 6, (int64_t)usual);
	store_bind_time(st, 7, usual_at);
	return store_run_stmt(scan->store, st, err);
}

/* Rows have come and gone: what the series was before is nobody's any more. */
static int
begin_anew(struct store_scan *scan, struct stale *s, struct err *err)
{
	sqlite3_stmt *st = store_stmt(scan->store, sql_anew, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, s->id);
	s->usual = 0;
	s->usual_at = CLOCK_NONE;
	return store_run_stmt(scan->store, st, err);
}

static int
settle(struct store_scan *scan, struct stale *s, struct err *err)
{
	struct generation g[LOOK_BACK];
	struct sum sum;
	size_t n = 0;

	if (store_scan_write(scan, err) < 0)
		return -1;
	if (scan->regroups && begin_anew(scan, s, err) < 0)
		return -1;
	if (read_generations(scan, s->id, g, &n, err) < 0 ||
	    compare_sizes(scan, s->id, g, n, err) < 0 || sum_up(scan, s, g, n, &sum, err) < 0)
		return -1;
	return put(scan, s, &sum, err);
}

static int
next_stale(struct store_scan *scan, int64_t after, struct stale *s, size_t *ret_n, struct err *err)
{
	sqlite3_stmt *st = store_stmt(scan->store, sql_stale, err);
	size_t n = 0;
	int r = 0;

	if (!st)
		return -1;
	store_bind_int(st, 1, scan->options.location_id);
	store_bind_int(st, 2, after);
	store_bind_int(st, 3, CHUNK);
	while (n < CHUNK && (r = store_step(scan->store, st, err)) > 0)
		s[n++] = (struct stale){
		    .id = sqlite3_column_int64(st, 0),
		    .count = (uint64_t)sqlite3_column_int64(st, 1),
		    .usual = (uint64_t)sqlite3_column_int64(st, 2),
		    .usual_at = store_time(st, 3),
		};
	store_reset(st);
	*ret_n = n;
	return r < 0 ? -1 : 0;
}

int
store_scan_settle(struct store_scan *scan, struct err *err)
{
	struct stale s[CHUNK];
	int64_t after = 0;
	size_t n;

	do {
		if (next_stale(scan, after, s, &n, err) < 0)
			return -1;
		for (size_t i = 0; i < n; i++) {
			if (settle(scan, &s[i], err) < 0)
				return -1;
			after = s[i].id;
		}
	} while (n == CHUNK);
	return store_scan_flush(scan, err);
}
