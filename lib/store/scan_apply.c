// The end of a scan: renames followed, what is gone judged, what is new written.
#include <stdlib.h>
#include <string.h>

#include "store/scan_private.h"

#define SEEN_COLUMNS                                                                               \
	"n.seq, n.id, n.replaces, n.dir_id, n.name, n.size, n.mtime, n.mtime_nsec, n.device,"      \
	" n.inode, n.entries, n.series, n.state, n.status, n.reasons, n.changed_at"

/* The same file under another name: one row for each side at most. */
static const char sql_match[] =
    "INSERT OR IGNORE INTO temp.scan_move (seq, id) SELECT n.seq, g.id FROM temp.scan_gone AS g"
    " CROSS JOIN main.backup AS b ON b.id = g.id CROSS JOIN temp.scan_seen AS n"
    " ON n.inode = b.inode AND n.device = b.device AND n.size = b.size AND n.mtime = b.mtime"
    " AND n.mtime_nsec = b.mtime_nsec AND n.entries IS b.entries WHERE n.id IS NULL ORDER BY g.id, n.seq";
static const char sql_changes[] =
    "SELECT " SEEN_COLUMNS
    ", b.series_id, b.state, b.size, b.completed_at, b.id, b.status, b.reasons"
    " FROM temp.scan_seen AS n JOIN main.backup AS b ON b.id = n.id WHERE n.id IS NOT NULL"
    " AND n.seq > ?2 ORDER BY n.seq LIMIT ?3";
/* ?1 = 1: what takes the place of a row that goes; 0: what has a name of its own. */
static const char sql_adds[] =
    "SELECT " SEEN_COLUMNS " FROM temp.scan_seen AS n WHERE n.id IS NULL"
    " AND (n.replaces <> 0) = ?1 AND n.seq NOT IN (SELECT seq FROM temp.scan_move)"
    " AND n.seq > ?2 ORDER BY n.seq LIMIT ?3";
static const char sql_moves[] =
    "SELECT " SEEN_COLUMNS ", b.series_id, b.state, b.size, b.completed_at, b.id, b.status,"
    " b.reasons FROM temp.scan_move AS m CROSS JOIN temp.scan_seen AS n ON n.seq = m.seq"
    " CROSS JOIN main.backup AS b ON b.id = m.id";
static const char sql_leave[] =
    "SELECT g.id, g.replaced, b.series_id, b.state, b.status, b.size, b.time, s.name,"
    " coalesce(v.verify_verdict = 'fail' OR v.restore_verdict = 'fail', 0),"
    " g.id IN (SELECT id FROM temp.scan_move), b.reasons, d.path, b.name"
    " FROM temp.scan_gone AS g CROSS JOIN main.backup AS b ON b.id = g.id"
    " JOIN main.series AS s ON s.id = b.series_id JOIN main.dir AS d ON d.id = b.dir_id"
    " LEFT JOIN main.standing AS v ON v.backup_id = b.id";
static const char sql_unlive[] =
    "UPDATE backup SET live = 0, gone_at = ?2, state = coalesce(?3, state), touched = ?4"
    " WHERE id = ?1";
static const char sql_change[] =
    "UPDATE backup SET size = ?2, mtime = ?3, mtime_nsec = ?4, device = ?5, inode = ?6,"
    " entries = ?7, changed_at = ?8, state = ?9, status = ?10, reasons = ?11,"
    " completed_at = coalesce(completed_at, ?12), time = min(first_seen, ?3), touched = ?13"
    " WHERE id = ?1";
static const char sql_move[] =
    "UPDATE backup SET dir_id = ?2, name = ?3, series_id = ?4, state = ?5, status = ?6,"
    " reasons = ?7, completed_at = coalesce(completed_at, ?8), live = 1, gone_at = NULL,"
    " touched = ?9 WHERE id = ?1";
static const char sql_early[] = "UPDATE temp.scan_gone SET early = 1 WHERE id = ?1";
static const char sql_early_series[] =
    "SELECT b.series_id, count(*), s.count, s.usual FROM temp.scan_gone AS g"
    " CROSS JOIN main.backup AS b ON b.id = g.id CROSS JOIN main.series AS s ON s.id = b.series_id"
    " WHERE g.early = 1 GROUP BY b.series_id, s.count, s.usual";
static const char sql_loss[] =
    "UPDATE backup SET status = 'failed', reasons = '[\"vanished\"]' WHERE series_id = ?1"
    " AND id IN (SELECT id FROM temp.scan_gone WHERE early = 1)";
static const char sql_vanished[] =
    "SELECT b.id, s.name, b.time, d.path, b.name FROM backup AS b JOIN dir AS d ON d.id = b.dir_id"
    " JOIN series AS s ON s.id = b.series_id"
    " WHERE b.state = 'vanished' AND b.status = 'failed' AND d.location_id = ?1"
    " AND b.id > ?2 ORDER BY b.id LIMIT ?3";
static const char sql_expire[] =
    "UPDATE backup SET state = 'expired', status = 'ok', reasons = NULL, touched = ?2"
    " WHERE id = ?1";

static void
read_seen(sqlite3_stmt *st, struct store_seen *seen)
{
	*seen = (struct store_seen){
	    .name = sqlite3_column_blob(st, 4),
	    .name_len = (size_t)sqlite3_column_bytes(st, 4),
	    .size = (uint64_t)sqlite3_column_int64(st, 5),
	    .mtime = sqlite3_column_int64(st, 6),
	    .mtime_nsec = (uint32_t)sqlite3_column_int64(st, 7),
	    .device = (uint64_t)sqlite3_column_int64(st, 8),
	    .inode = (uint64_t)sqlite3_column_int64(st, 9),
	    .entries = store_text(st, 10),
	    .series = store_text(st, 11),
	    .series_len = (size_t)sqlite3_column_bytes(st, 11),
	    .state = store_state(store_text(st, 12)),
	    .status = (enum record_status)record_word_find(RECORD_LIST_STATUS, store_text(st, 13)),
	    .reasons = store_text(st, 14),
	    .changed_at = sqlite3_column_int64(st, 15),
	};
}

/* What a row of sql_changes or sql_moves was before. */
static struct store_scan_row
old_row(sqlite3_stmt *st)
{
	return (struct store_scan_row){.state = store_state(store_text(st, 17)),
	    .size = (uint64_t)sqlite3_column_int64(st, 18),
	    .failed = strcmp(store_text(st, 21), "failed") == 0,
	    .reasons = store_text(st, 22)};
}

typedef int row_fn(struct store_scan *scan, sqlite3_stmt *st, struct err *err);

/*
 * Call fn for each row of a query, up to limit rows (-1: all) whose first column is larger than
 * *after; *after becomes that of the last one. What fn writes goes into the open transaction.
 * Returns how many rows there were, or -1.
 */
static int64_t
each(struct store_scan *scan, const char *sql, int64_t arg, int64_t limit, int64_t *after,
    row_fn *fn, struct err *err)
{
	sqlite3_stmt *st = store_prepare(scan->store, sql, err);
	int64_t count = 0;
	int r;

	if (!st)
		return -1;
	if (sqlite3_bind_parameter_count(st) == 3) {
		store_bind_int(st, 1, arg);
		store_bind_int(st, 2, *after);
		store_bind_int(st, 3, limit);
	}
	while ((r = store_step(scan->store, st, err)) > 0) {
		*after = sqlite3_column_int64(st, 0);
		count++;
		r = fn(scan, st, err);
		if (r < 0)
			break;
	}
	(void)sqlite3_finalize(st);
	return r < 0 ? -1 : count;
}

/* Inside one transaction. */
static int
each_whole(struct store_scan *scan, const char *sql, int64_t arg, row_fn *fn, struct err *err)
{
	int64_t after = 0;

	return each(scan, sql, arg, -1, &after, fn, err) < 0 ? -1 : 0;
}

/*
 * In transactions of a batch, each of which begins before its rows are read: a read that is older
 * than the transaction could not become a write once somebody else has written (SQLite says busy at
 * once then).
 */
static int
each_batch(struct store_scan *scan, const char *sql, int64_t arg, row_fn *fn, struct err *err)
{
	int64_t count, after = 0;

	do {
		if (store_scan_flush(scan, err) < 0 || store_begin(scan->store, err) < 0)
			return -1;
		count = each(scan, sql, arg, STORE_SCAN_BATCH, &after, fn, err);
	} while (count == STORE_SCAN_BATCH);
	return count < 0 ? -1 : store_scan_flush(scan, err);
}

/* ---------------------------------------------------------------- what goes on or is new */
static int
change_row(struct store_scan *scan, sqlite3_stmt *row, struct err *err)
{
	struct store_scan_delta delta = {0};
	struct store_scan_row before, after;
	struct store_seen seen;
	sqlite3_stmt *st = store_stmt(scan->store, sql_change, err);
	bool completes;

	if (!st)
		return -1;
	read_seen(row, &seen);
	completes = seen.state == RECORD_STATE_COMPLETE;
	store_bind_int(st, 1, sqlite3_column_int64(row, 1));
	store_bind_int(st, 2, (int64_t)seen.size);
	store_bind_int(st, 3, seen.mtime);
	store_bind_int(st, 4, seen.mtime_nsec);
	store_bind_int(st, 5, (int64_t)seen.device);
	store_bind_int(st, 6, (int64_t)seen.inode);
	store_bind_text(st, 7, seen.entries);
	store_bind_int(st, 8, seen.changed_at);
	store_bind_text(st, 9, record_word(RECORD_LIST_STATE, (int)seen.state));
	store_bind_text(st, 10, record_word(RECORD_LIST_STATUS, (int)seen.status));
	store_bind_text(st, 11, seen.reasons);
	store_bind_time(st, 12, completes ? scan->options.now : CLOCK_NONE);
	store_bind_int(st, 13, scan->options.run_id);
	if (store_run_stmt(scan->store, st, err) < 0)
		return -1;
	store_scan_touch(scan, sqlite3_column_int64(row, 1));
	before = old_row(row);
	after = store_scan_row_of(&seen);
	store_scan_count(&delta, &before, -1);
	store_scan_count(&delta, &after, 1);
	delta.completed = completes && store_time(row, 19) == CLOCK_NONE;
	return store_scan_bump(scan, sqlite3_column_int64(row, 16), &delta, err);
}

static int
add_row(struct store_scan *scan, sqlite3_stmt *row, struct err *err)
{
	struct store_seen seen;

	read_seen(row, &seen);
	return store_scan_insert(scan, sqlite3_column_int64(row, 3), &seen, err);
}

/* A complete backup stays what it was under its new name; anything else is judged anew. */
static int
move_row(struct store_scan *scan, sqlite3_stmt *row, struct err *err)
{
	enum record_state was = store_state(store_text(row, 17));
	struct store_scan_slot *slot;
	struct store_scan_row after;
	struct store_seen seen;
	sqlite3_stmt *st;
	bool completes;

	read_seen(row, &seen);
	if (was == RECORD_STATE_COMPLETE &&
	    (seen.state == RECORD_STATE_COMPLETE ||
		(seen.state == RECORD_STATE_GROWING && !seen.reasons))) {
		seen.state = was;
		seen.status =
		    (enum record_status)record_word_find(RECORD_LIST_STATUS, store_text(row, 21));
		seen.reasons = store_text(row, 22);
	}
	completes = seen.state == RECORD_STATE_COMPLETE;
	if (store_scan_series(scan, seen.series, seen.series_len, INT64_MAX, &slot, err) < 0)
		return -1;
	after = store_scan_row_of(&seen);
	store_scan_count(&slot->delta, &after, 1);
	slot->delta.completed += completes &&
	    (store_time(row, 19) == CLOCK_NONE || slot->id != sqlite3_column_int64(row, 16));
	slot->dirty = true;
	st = store_stmt(scan->store, sql_move, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, sqlite3_column_int64(row, 20));
	store_bind_int(st, 2, sqlite3_column_int64(row, 3));
	store_bind_blob(st, 3, seen.name, seen.name_len);
	store_bind_int(st, 4, slot->id);
	store_bind_text(st, 5, record_word(RECORD_LIST_STATE, (int)seen.state));
	store_bind_text(st, 6, record_word(RECORD_LIST_STATUS, (int)seen.status));
	store_bind_text(st, 7, seen.reasons);
	store_bind_time(st, 8, completes ? scan->options.now : CLOCK_NONE);
	store_bind_int(st, 9, scan->options.run_id);
	return store_run_stmt(scan->store, st, err);
}

/* ---------------------------------------------------------------- what is gone */
static int
mark_early(struct store_scan *scan, int64_t id, struct err *err)
{
	sqlite3_stmt *st = store_stmt(scan->store, sql_early, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	return store_run_stmt(scan->store, st, err);
}

static bool
is_early(struct store_scan *scan, sqlite3_stmt *row, int series, int time, int path)
{
	const struct store_scan_options *o = &scan->options;

	buf_clear(&scan->arena);
	store_add_path(&scan->arena, row, path);
	store_add_path(&scan->arena, row, path + 1);
	return o->is_early(
	    o->arg, store_text(row, series), scan->arena.data, sqlite3_column_int64(row, time));
}

/* Columns as in sql_leave. A row that moves only leaves its place. */
static int
leave_row(struct store_scan *scan, sqlite3_stmt *row, struct err *err)
{
	const struct store_scan_options *o = &scan->options;
	int64_t id = sqlite3_column_int64(row, 0);
	enum record_state was = store_state(store_text(row, 3));
	bool good = was == RECORD_STATE_COMPLETE && strcmp(store_text(row, 4), "ok") == 0 &&
	    !sqlite3_column_int(row, 8);
	bool moves = sqlite3_column_int(row, 9) != 0, early = false;
	struct store_scan_delta delta = {0};
	struct store_scan_row old;
	sqlite3_stmt *st = store_stmt(scan->store, sql_unlive, err);

	if (!st)
		return -1;
	if (good && !moves && !sqlite3_column_int(row, 1))
		early = is_early(scan, row, 7, 6, 11);
	store_bind_int(st, 1, id);
	store_bind_int(st, 2, o->now);
	if (!moves)
		store_bind_text(st, 3, early ? "vanished" : "expired");
	store_bind_int(st, 4, o->run_id);
	if (store_run_stmt(scan->store, st, err) < 0 || (early && mark_early(scan, id, err) < 0))
		return -1;
	store_scan_touch(scan, id);
	old = (struct store_scan_row){.state = was,
	    .size = (uint64_t)sqlite3_column_int64(row, 5),
	    .failed = strcmp(store_text(row, 4), "failed") == 0,
	    .reasons = store_text(row, 10)};
	store_scan_count(&delta, &old, -1);
	return store_scan_bump(scan, sqlite3_column_int64(row, 2), &delta, err);
}

static int
judge_loss(struct store_scan *scan, sqlite3_stmt *row, struct err *err)
{
	const struct store_scan_options *o = &scan->options;
	sqlite3_stmt *st;

	if (!o->is_loss(o->arg, (uint64_t)sqlite3_column_int64(row, 1),
		(uint64_t)sqlite3_column_int64(row, 2), (uint64_t)sqlite3_column_int64(row, 3)))
		return 0;
	st = store_stmt(scan->store, sql_loss, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, sqlite3_column_int64(row, 0));
	return store_run_stmt(scan->store, st, err);
}

/* A backup that vanished stays a finding until its retention is over. */
static int
expire_row(struct store_scan *scan, sqlite3_stmt *row, struct err *err)
{
	sqlite3_stmt *st;

	if (is_early(scan, row, 1, 2, 3))
		return 0;
	st = store_stmt(scan->store, sql_expire, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, sqlite3_column_int64(row, 0));
	store_bind_int(st, 2, scan->options.run_id);
	return store_run_stmt(scan->store, st, err);
}

static int
expire(struct store_scan *scan, struct err *err)
{
	return each_batch(scan, sql_vanished, scan->options.location_id, expire_row, err);
}

/* ---------------------------------------------------------------- in order */
static int
is_noted(struct store_scan *scan, const char *sql, bool *ret, struct err *err)
{
	sqlite3_stmt *st = store_stmt(scan->store, sql, err);
	int r;

	if (!st)
		return -1;
	r = store_step(scan->store, st, err);
	*ret = r > 0;
	store_reset(st);
	return r < 0 ? -1 : 0;
}

/* Renames, losses and replacements are one transaction: a kill leaves all of them to the next scan. */
static int
apply_gone(struct store_scan *scan, struct err *err)
{
	if (store_scan_flush(scan, err) < 0 || store_begin(scan->store, err) < 0)
		return -1;
	if (each_whole(scan, sql_leave, 0, leave_row, err) < 0 ||
	    each_whole(scan, sql_moves, 0, move_row, err) < 0 ||
	    each_whole(scan, sql_adds, 1, add_row, err) < 0 ||
	    store_scan_flush_rows(scan, err) < 0 || store_scan_flush_series(scan, err) < 0 ||
	    each_whole(scan, sql_early_series, 0, judge_loss, err) < 0)
		return -1;
	return store_scan_flush(scan, err);
}

int
store_scan_apply(struct store_scan *scan, struct err *err)
{
	static const char sql_any_gone[] = "SELECT 1 FROM temp.scan_gone LIMIT 1";
	bool any_gone = false;

	if (store_scan_flush(scan, err) < 0 || is_noted(scan, sql_any_gone, &any_gone, err) < 0)
		return -1;
	if (any_gone && store_exec(scan->store, sql_match, err) < 0)
		return -1;
	if (!scan->direct &&
	    (store_scan_unlist(scan, err) < 0 ||
		each_batch(scan, sql_changes, 0, change_row, err) < 0 ||
		each_batch(scan, sql_adds, 0, add_row, err) < 0 ||
		(any_gone && apply_gone(scan, err) < 0)))
		return -1;
	if (store_scan_flush(scan, err) < 0 || expire(scan, err) < 0 ||
	    store_scan_flush(scan, err) < 0)
		return -1;
	return store_scan_settle(scan, err);
}
