// What restore tests brought back, by series: written with the verdict, read as baseline and history.
#include "store/drill.h"

#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

/* The tables of so many tests of a series are kept; the times and totals of all of them are. */
#define LISTS_KEPT 40

static void
bind_known(sqlite3_stmt *st, int i, int64_t v)
{
	if (v >= 0)
		store_bind_int(st, i, v);
}

static int64_t
known(sqlite3_stmt *st, int col)
{
	return sqlite3_column_type(st, col) == SQLITE_NULL ? -1 : sqlite3_column_int64(st, col);
}

/* ---------------------------------------------------------------- writing */

static const char sql_put[] =
    "INSERT INTO drill (restore_id, series_id, backup_id, time, at, verdict, reason, size, bytes,"
    " files, tables, rows, ms, fetch_ms, unpack_ms, start_ms, load_ms, check_ms, rto_ms, listed)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
    " ?19, ?20)";

static const char sql_put_table[] = "INSERT INTO drill_table (restore_id, name, rows)"
				    " VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";

static const char sql_old_lists[] =
    "SELECT restore_id FROM drill WHERE series_id = ?1 AND listed = 1"
    " ORDER BY time DESC, restore_id DESC LIMIT 1 OFFSET ?2";

static const char sql_drop_list[] = "DELETE FROM drill_table WHERE restore_id = ?1";
static const char sql_unlist[] = "UPDATE drill SET listed = 0 WHERE restore_id = ?1";

static int
put_tables(struct store *store, int64_t restore_id, const struct store_drill *d, struct err *err)
{
	for (size_t i = 0; d->listed && i < d->list_count; i++) {
		sqlite3_stmt *st = store_stmt(store, sql_put_table, err);

		if (!st)
			return -1;
		store_bind_int(st, 1, restore_id);
		store_bind_text(st, 2, d->list[i].name);
		store_bind_int(st, 3, (int64_t)d->list[i].rows);
		if (store_run_stmt(store, st, err) < 0)
			return -1;
	}
	return 0;
}

static int
run_with_id(struct store *store, const char *sql, int64_t id, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	return store_run_stmt(store, st, err);
}

static int
drop_old_list(struct store *store, int64_t series_id, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_old_lists, err);
	int64_t id = 0;
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	store_bind_int(st, 2, LISTS_KEPT);
	r = store_step(store, st, err);
	if (r > 0)
		id = sqlite3_column_int64(st, 0);
	store_reset(st);
	if (r <= 0)
		return r;
	r = run_with_id(store, sql_drop_list, id, err);
	return r < 0 ? -1 : run_with_id(store, sql_unlist, id, err);
}

int
store_drill_put(
    struct store *store, int64_t restore_id, const struct store_drill *d, struct err *err)
{
	const int64_t numbers[] = {d->size, d->bytes, d->files, d->tables, d->rows, d->ms,
	    d->fetch_ms, d->unpack_ms, d->start_ms, d->load_ms, d->check_ms, d->rto_ms};
	sqlite3_stmt *st = store_stmt(store, sql_put, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, restore_id);
	store_bind_int(st, 2, d->series_id);
	store_bind_int(st, 3, d->backup_id);
	store_bind_time(st, 4, d->time);
	store_bind_time(st, 5, d->at);
	store_bind_text(st, 6, d->verdict);
	store_bind_text(st, 7, d->reason);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		bind_known(st, 8 + (int)i, numbers[i]);
	store_bind_int(st, 20, d->listed);
	if (store_run_stmt(store, st, err) < 0 || put_tables(store, restore_id, d, err) < 0)
		return -1;
	return d->listed ? drop_old_list(store, d->series_id, err) : 0;
}

/* ---------------------------------------------------------------- reading */

#define DRILL_COLUMNS                                                                              \
	"SELECT restore_id, series_id, backup_id, time, at, verdict, reason, size, bytes, files,"  \
	" tables, rows, ms, fetch_ms, unpack_ms, start_ms, load_ms, check_ms, rto_ms, listed"

static const char sql_seen[] = DRILL_COLUMNS
    " FROM drill WHERE restore_id IN (SELECT max(restore_id) FROM drill WHERE series_id = ?1"
    " AND verdict = 'pass' AND backup_id <> ?2 AND time < ?3 GROUP BY backup_id)"
    " ORDER BY time DESC, restore_id DESC LIMIT ?4";

static const char sql_history[] =
    DRILL_COLUMNS " FROM drill WHERE series_id = ?1 ORDER BY at DESC, restore_id DESC LIMIT ?2";

static const char sql_tables[] =
    "SELECT name, rows FROM drill_table WHERE restore_id = ?1 ORDER BY name";

static void
read_drill(sqlite3_stmt *st, struct store_drill *d)
{
	*d = (struct store_drill){.series_id = sqlite3_column_int64(st, 1),
	    .backup_id = sqlite3_column_int64(st, 2),
	    .time = store_time(st, 3),
	    .at = store_time(st, 4),
	    .verdict = store_text(st, 5),
	    .reason = store_text(st, 6),
	    .size = known(st, 7),
	    .bytes = known(st, 8),
	    .files = known(st, 9),
	    .tables = known(st, 10),
	    .rows = known(st, 11),
	    .ms = known(st, 12),
	    .fetch_ms = known(st, 13),
	    .unpack_ms = known(st, 14),
	    .start_ms = known(st, 15),
	    .load_ms = known(st, 16),
	    .check_ms = known(st, 17),
	    .rto_ms = known(st, 18),
	    .listed = sqlite3_column_int(st, 19) != 0};
}

struct list {
	struct store_drill_table *items;
	size_t count, cap;
};

static void
release_list(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((void *)(uintptr_t)list->items[i].name);
	free(list->items);
}

static int
read_list(struct store *store, int64_t restore_id, struct list *list, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_tables, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, restore_id);
	while ((r = store_step(store, st, err)) > 0) {
		MEM_GROW(list->items, list->count, list->cap);
		list->items[list->count++] =
		    (struct store_drill_table){.name = mem_strdup(store_text(st, 0)),
			.rows = (uint64_t)sqlite3_column_int64(st, 1)};
	}
	store_reset(st);
	return r;
}

int
store_drill_seen(struct store *store, int64_t series_id, int64_t backup_id, int64_t time,
    size_t max, store_drill_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_seen, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	store_bind_int(st, 2, backup_id);
	store_bind_int(st, 3, time);
	store_bind_int(st, 4, (int64_t)max);
	while ((r = store_step(store, st, err)) > 0) {
		struct list list = {.count = 0};
		struct store_drill d;

		read_drill(st, &d);
		if (d.listed)
			r = read_list(store, sqlite3_column_int64(st, 0), &list, err);
		if (r < 0) {
			release_list(&list);
			break;
		}
		d.list = list.items;
		d.list_count = list.count;
		fn(arg, &d);
		release_list(&list);
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}

int
store_drill_history(struct store *store, int64_t series_id, size_t max, store_drill_fn *fn,
    void *arg, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_history, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	store_bind_int(st, 2, (int64_t)max);
	while ((r = store_step(store, st, err)) > 0) {
		struct store_drill d;

		read_drill(st, &d);
		fn(arg, &d);
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}

static const char sql_times[] =
    "SELECT ms, rto_ms FROM drill WHERE series_id = ?1 AND (verdict = 'pass' OR"
    " reason = 'rto_exceeded') ORDER BY at DESC, restore_id DESC LIMIT ?2";

static int
ms_cmp(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int
store_drill_times(
    struct store *store, int64_t series_id, struct store_drill_times *ret_times, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_times, err);
	int64_t ms[STORE_DRILL_TIMES];
	struct store_drill_times t = {.target_ms = -1};
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	store_bind_int(st, 2, STORE_DRILL_TIMES);
	while ((r = store_step(store, st, err)) > 0 && t.tests < STORE_DRILL_TIMES) {
		if (!t.tests)
			t.target_ms = known(st, 1);
		ms[t.tests++] = sqlite3_column_int64(st, 0);
	}
	store_reset(st);
	if (r < 0)
		return -1;
	if (t.tests) {
		t.last_ms = ms[0];
		qsort(ms, t.tests, sizeof(*ms), ms_cmp);
		t.median_ms = ms[t.tests / 2];
		t.worst_ms = ms[t.tests - 1];
	}
	*ret_times = t;
	return 0;
}

/* ---------------------------------------------------------------- accepted by a person */

static const char sql_accept[] =
    "INSERT INTO drill_accepted (series_id, name, time, at) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (series_id, name) DO UPDATE SET time = excluded.time, at = excluded.at";

static const char sql_accepted[] = "SELECT name, time FROM drill_accepted WHERE series_id = ?1";

int
store_drill_accept(struct store *store, int64_t series_id, const char *name, int64_t time,
    int64_t at, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_accept, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	store_bind_text(st, 2, name);
	store_bind_int(st, 3, time);
	store_bind_time(st, 4, at);
	return store_run_stmt(store, st, err);
}

int
store_drill_accepted(
    struct store *store, int64_t series_id, store_accepted_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_accepted, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	while ((r = store_step(store, st, err)) > 0)
		fn(arg, store_text(st, 0), sqlite3_column_int64(st, 1));
	store_reset(st);
	return r < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------- compared with live files */

static const char sql_compared_put[] =
    "INSERT INTO compared (series_id, backup_id, at, after, last, next, round_done, same,"
    " differing, newer, unread) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

static const char sql_compared_next[] =
    "SELECT next FROM compared WHERE series_id = ?1 ORDER BY id DESC LIMIT 1";

static void
bind_path(sqlite3_stmt *st, int i, const char *path)
{
	if (path)
		store_bind_blob(st, i, path, strlen(path));
}

int
store_compared_put(struct store *store, const struct store_compared *c, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_compared_put, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, c->series_id);
	store_bind_int(st, 2, c->backup_id);
	store_bind_time(st, 3, c->at);
	bind_path(st, 4, c->after);
	bind_path(st, 5, c->last);
	bind_path(st, 6, c->next);
	store_bind_int(st, 7, c->round_done);
	store_bind_int(st, 8, (int64_t)c->same);
	store_bind_int(st, 9, (int64_t)c->differing);
	store_bind_int(st, 10, (int64_t)c->newer);
	store_bind_int(st, 11, (int64_t)c->unread);
	return store_run_stmt(store, st, err);
}

int
store_compared_next(struct store *store, int64_t series_id, struct buf *path, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_compared_next, err);
	size_t len = path->len;
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	r = store_step(store, st, err);
	if (r > 0)
		buf_add(path, sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0));
	store_reset(st);
	return r > 0 && path->len == len ? 0 : r;
}
