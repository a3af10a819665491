// Rules that name series have changed: each backup of a location goes to the series it is of now.
#include <stdlib.h>
#include <string.h>

#include "store/scan_private.h"

#define CHUNK     4096              /* rows moved by one transaction */
#define NAMES_MAX ((size_t)1 << 20) /* and what their names may take */

struct moving {
	int64_t id, time;
	struct store_scan_row row;
	bool live, completed;
	size_t from, from_len, to, to_len; /* names of series, in the text */
};

struct regroup {
	struct store_scan *scan;
	store_scan_series_fn *series_of;
	void *arg;
	char *name; /* size bytes */
	size_t size;
	struct moving *rows;
	size_t count;
	struct buf text;
	int64_t after; /* id of the last row that was looked at */
};

static const char sql_rows[] =
    "SELECT b.id, d.path, b.name, s.name, b.state, b.size, b.status, b.reasons, b.live, b.time,"
    " b.completed_at IS NOT NULL FROM backup AS b CROSS JOIN dir AS d ON d.id = b.dir_id"
    " CROSS JOIN series AS s ON s.id = b.series_id"
    " WHERE b.id > ?1 AND d.location_id = ?2 ORDER BY b.id";
static const char sql_any_dir[] = "SELECT 1 FROM dir WHERE location_id = ?1 LIMIT 1";
static const char sql_move[] = "UPDATE backup SET series_id = ?2 WHERE id = ?1";
static const char sql_naming[] = "UPDATE location SET naming = ?2 WHERE id = ?1";

static size_t
keep_name(struct buf *text, const char *name, size_t len)
{
	size_t at = text->len;

	buf_add(text, name, len);
	return at;
}

/* A row as it is; noted if its series has another name now. */
static void
look_at(struct regroup *g, sqlite3_stmt *st)
{
	struct buf *arena = &g->scan->arena;
	const char *from = store_text(st, 3), *reasons = store_text(st, 7);
	size_t dir, name, from_len = (size_t)sqlite3_column_bytes(st, 3), len;

	g->after = sqlite3_column_int64(st, 0);
	buf_clear(arena);
	dir = store_scan_keep(arena, st, 1);
	name = store_scan_keep(arena, st, 2);
	len = g->series_of(g->arg, arena->data + dir, (size_t)sqlite3_column_bytes(st, 1),
	    arena->data + name, (size_t)sqlite3_column_bytes(st, 2), g->name, g->size);
	if (len == from_len && memcmp(g->name, from, len) == 0)
		return;
	g->rows[g->count++] = (struct moving){
	    .id = g->after,
	    .time = sqlite3_column_int64(st, 9),
	    .row = {.state = store_state(store_text(st, 4)),
		.size = (uint64_t)sqlite3_column_int64(st, 5),
		.failed = strcmp(store_text(st, 6), "failed") == 0,
		.reasons =
		    reasons && strstr(reasons, "\"future_mtime\"") ? "\"future_mtime\"" : NULL},
	    .live = sqlite3_column_int(st, 8) != 0,
	    .completed = sqlite3_column_int(st, 10) != 0,
	    .from = keep_name(&g->text, from, from_len),
	    .from_len = from_len,
	    .to = keep_name(&g->text, g->name, len),
	    .to_len = len,
	};
}

/* Up to a chunk of rows that must move. 1: there may be more. */
static int
collect(struct regroup *g, struct err *err)
{
	struct store *store = g->scan->store;
	sqlite3_stmt *st = store_stmt(store, sql_rows, err);
	int r = 1;

	if (!st)
		return -1;
	store_bind_int(st, 1, g->after);
	store_bind_int(st, 2, g->scan->options.location_id);
	g->count = 0;
	buf_clear(&g->text);
	while (g->count < CHUNK && g->text.len < NAMES_MAX && (r = store_step(store, st, err)) > 0)
		look_at(g, st);
	store_reset(st);
	return r;
}

static void
count(struct store_scan_slot *slot, const struct moving *m, int sign)
{
	if (m->live)
		store_scan_count(&slot->delta, &m->row, sign);
	slot->delta.completed += m->completed ? sign : 0;
	slot->dirty = true;
}

static int
move(struct regroup *g, const struct moving *m, struct err *err)
{
	struct store_scan *scan = g->scan;
	struct store_scan_slot *slot;
	sqlite3_stmt *st;

	if (store_scan_write(scan, err) < 0 ||
	    store_scan_series(scan, g->text.data + m->from, m->from_len, INT64_MAX, &slot, err) < 0)
		return -1;
	count(slot, m, -1);
	if (store_scan_series(scan, g->text.data + m->to, m->to_len, m->time, &slot, err) < 0)
		return -1;
	count(slot, m, 1);
	st = store_stmt(scan->store, sql_move, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, m->id);
	store_bind_int(st, 2, slot->id);
	return store_run_stmt(scan->store, st, err);
}

/* Rows are read outside of the transactions that move them, so that nobody waits for an expression. */
static int
move_all(struct regroup *g, struct err *err)
{
	int r;

	do {
		r = collect(g, err);
		for (size_t i = 0; r >= 0 && i < g->count; i++) {
			if (move(g, &g->rows[i], err) < 0)
				r = -1;
		}
		if (r >= 0 && store_scan_flush(g->scan, err) < 0)
			r = -1;
	} while (r > 0);
	return r;
}

static int
write_naming(struct store_scan *scan, const char *naming, struct err *err)
{
	sqlite3_stmt *st;

	if (store_scan_write(scan, err) < 0)
		return -1;
	st = store_stmt(scan->store, sql_naming, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, scan->options.location_id);
	store_bind_text(st, 2, naming);
	if (store_run_stmt(scan->store, st, err) < 0)
		return -1;
	return store_scan_flush(scan, err);
}

int
store_scan_regroup(struct store_scan *scan, const char *naming, store_scan_series_fn *series_of,
    size_t size, void *arg, struct err *err)
{
	struct regroup g = {
	    .scan = scan, .series_of = series_of, .arg = arg, .size = size, .text = BUF_INIT};
	int64_t any = 0;
	int r = store_scan_ask(scan, sql_any_dir, &any, err);

	if (r == 0 && any) {
		g.name = mem_alloc(size);
		g.rows = mem_array(CHUNK, sizeof(*g.rows));
		scan->regroups = true;
		r = move_all(&g, err);
		if (r == 0)
			r = store_scan_settle(scan, err);
		scan->regroups = false;
	}
	free(g.name);
	free(g.rows);
	buf_release(&g.text);
	return r < 0 ? -1 : write_naming(scan, naming, err);
}
