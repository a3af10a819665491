// Reading the series of a location back, from what the scans keep in their rows.
#include <stdlib.h>

#include "store/store_private.h"

#define MEMBER(id, t)                                                                              \
	" LEFT JOIN backup AS " t " ON " t ".id = " id " LEFT JOIN dir AS d" t " ON d" t           \
	".id = " t ".dir_id"

static const char sql_series[] =
    "SELECT s.id, s.location_id, s.name, s.first_seen, s.count, s.bytes, s.growing, s.stalled,"
    " s.completed, s.members, s.newest_time, l.path,"
    " n.id, dn.path, n.name, n.size, n.mtime, n.time,"
    " p.id, dp.path, p.name, p.size, p.mtime, p.time, n.reasons"
    " FROM series AS s JOIN location AS l ON l.id = s.location_id" MEMBER("s.latest_id", "n")
	MEMBER("s.previous_id",
	    "p") " WHERE s.location_id = ?1"
		 " AND (s.completed > 0 OR s.growing > 0 OR s.stalled > 0) ORDER BY s.name";

static const char sql_path[] =
    "SELECT d.path, b.name FROM backup AS b JOIN dir AS d ON d.id = b.dir_id"
    " WHERE b.series_id = ?1 AND b.completed_at IS NOT NULL ORDER BY b.time DESC, b.id DESC LIMIT 1";

struct store_series_cursor {
	struct store *store;
	sqlite3_stmt *st;
	bool kept; /* st is the store's; a second cursor at the same time has its own */
	struct buf newest, previous;
};

int
store_series(
    struct store *store, int64_t location_id, struct store_series_cursor **ret, struct err *err)
{
	struct store_series_cursor *cursor;
	bool kept = !store->series_busy;
	sqlite3_stmt *st =
	    kept ? store_stmt(store, sql_series, err) : store_prepare(store, sql_series, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, location_id);
	cursor = mem_alloc(sizeof(*cursor));
	*cursor = (struct store_series_cursor){
	    .store = store, .st = st, .kept = kept, .newest = BUF_INIT, .previous = BUF_INIT};
	store->series_busy = true;
	*ret = cursor;
	return 0;
}

static void
read_member(sqlite3_stmt *st, int col, struct buf *path, struct store_series_member *m)
{
	*m = (struct store_series_member){.mtime = CLOCK_NONE, .time = CLOCK_NONE};
	if (sqlite3_column_type(st, col) == SQLITE_NULL)
		return;
	buf_clear(path);
	store_add_path(path, st, 11);
	store_add_path(path, st, col + 1);
	store_add_path(path, st, col + 2);
	*m = (struct store_series_member){
	    .id = sqlite3_column_int64(st, col),
	    .path = path->data,
	    .size = (uint64_t)sqlite3_column_int64(st, col + 3),
	    .mtime = sqlite3_column_int64(st, col + 4),
	    .time = sqlite3_column_int64(st, col + 5),
	};
}

int
store_series_next(struct store_series_cursor *cursor, struct store_series *ret, struct err *err)
{
	sqlite3_stmt *st = cursor->st;
	int r = store_step(cursor->store, st, err);

	if (r <= 0)
		return r;
	*ret = (struct store_series){
	    .id = sqlite3_column_int64(st, 0),
	    .location_id = sqlite3_column_int64(st, 1),
	    .name = store_text(st, 2),
	    .first_seen = sqlite3_column_int64(st, 3),
	    .count = (uint64_t)sqlite3_column_int64(st, 4),
	    .bytes = (uint64_t)sqlite3_column_int64(st, 5),
	    .growing = (uint64_t)sqlite3_column_int64(st, 6),
	    .stalled = (uint64_t)sqlite3_column_int64(st, 7),
	    .completed = (uint64_t)sqlite3_column_int64(st, 8),
	    .members = (uint64_t)sqlite3_column_int64(st, 9),
	    .newest_time = store_time(st, 10),
	    .reasons = store_text(st, 24),
	};
	read_member(st, 12, &cursor->newest, &ret->newest);
	read_member(st, 18, &cursor->previous, &ret->previous);
	return 1;
}

void
store_series_close(struct store_series_cursor *cursor)
{
	if (!cursor)
		return;
	if (cursor->kept) {
		store_reset(cursor->st);
		cursor->store->series_busy = false;
	} else {
		(void)sqlite3_finalize(cursor->st);
	}
	buf_release(&cursor->newest);
	buf_release(&cursor->previous);
	free(cursor);
}

int
store_series_path(struct store *store, int64_t series_id, struct buf *path, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_path, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	r = store_step(store, st, err);
	if (r > 0) {
		store_add_path(path, st, 0);
		store_add_path(path, st, 1);
	}
	store_reset(st);
	return r;
}
