// Restore tests: remembered, and asked for what is to be tested next.
#include "store/restore.h"

#include <string.h>

#include "store/store_private.h"

static const char sql_put[] =
    "INSERT INTO restore (backup_id, location_id, at, handler, verdict, reason, entries, bytes,"
    " ms, record) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

static const char sql_stand[] =
    "INSERT INTO standing (backup_id, location_id, restore_verdict, restore_reason, restore_at,"
    " restore_record) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (backup_id) DO UPDATE SET"
    " restore_verdict = excluded.restore_verdict, restore_reason = excluded.restore_reason,"
    " restore_at = excluded.restore_at, restore_record = excluded.restore_record"
    " WHERE excluded.restore_verdict IN ('pass', 'fail') OR standing.restore_verdict IS NULL"
    " OR standing.restore_verdict NOT IN ('pass', 'fail')";

static int
stand(struct store *store, const struct store_restore *restore, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_stand, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, restore->backup_id);
	store_bind_int(st, 2, restore->location_id);
	store_bind_text(st, 3, restore->verdict);
	store_bind_text(st, 4, restore->reason);
	store_bind_time(st, 5, restore->at);
	store_bind_text(st, 6, restore->record);
	return store_run_stmt(store, st, err);
}

int
store_restore_put(struct store *store, const struct store_restore *restore, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_put, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, restore->backup_id);
	store_bind_int(st, 2, restore->location_id);
	store_bind_time(st, 3, restore->at);
	store_bind_text(st, 4, restore->handler);
	store_bind_text(st, 5, restore->verdict);
	store_bind_text(st, 6, restore->reason);
	store_bind_int(st, 7, (int64_t)restore->entries);
	store_bind_int(st, 8, (int64_t)restore->bytes);
	store_bind_int(st, 9, restore->ms);
	store_bind_text(st, 10, restore->record);
	if (store_run_stmt(store, st, err) < 0)
		return -1;
	if (restore->drill && store_drill_put(store, store_last_id(store), restore->drill, err) < 0)
		return -1;
	return stand(store, restore, err);
}

/* The last try counts for the rotation, whatever came out of it. */
static const char sql_sample[] =
    "SELECT b.id FROM backup AS b LEFT JOIN (SELECT backup_id, max(at) AS at FROM restore"
    " GROUP BY backup_id) AS r ON r.backup_id = b.id"
    " WHERE b.series_id = ?1 AND b.live = 1 AND b.state = 'complete' AND b.id <>"
    " (SELECT coalesce(latest_id, 0) FROM series WHERE id = ?1)"
    " ORDER BY r.at IS NOT NULL, r.at, b.time DESC, b.id LIMIT ?2";

int
store_restore_sample(struct store *store, int64_t series_id, size_t max, int64_t *ret_ids,
    size_t *ret_count, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_sample, err);
	int r;

	*ret_count = 0;
	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	store_bind_int(st, 2, (int64_t)max);
	while ((r = store_step(store, st, err)) > 0 && *ret_count < max)
		ret_ids[(*ret_count)++] = sqlite3_column_int64(st, 0);
	store_reset(st);
	return r < 0 ? -1 : 0;
}
