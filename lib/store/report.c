// What a report tells about the store itself, and which files it became.
#include "store/store_private.h"

static const char sql_statistics[] = "SELECT (SELECT count(*) FROM location),"
				     " (SELECT count(*) FROM series),"
				     " (SELECT coalesce(sum(count), 0) FROM series),"
				     " (SELECT coalesce(max(id), 0) FROM verification),"
				     " (SELECT coalesce(max(id), 0) FROM restore)";

static const char sql_page_count[] = "PRAGMA page_count";
static const char sql_page_size[] = "PRAGMA page_size";

static int
pragma(struct store *store, const char *sql, int64_t *ret_v, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql, err);
	int r;

	if (!st)
		return -1;
	r = store_step(store, st, err);
	if (r > 0)
		*ret_v = sqlite3_column_int64(st, 0);
	store_reset(st);
	return r < 0 ? -1 : 0;
}

int
store_statistics(struct store *store, struct store_statistics *ret_statistics, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_statistics, err);
	struct store_statistics s = {0};
	int64_t count = 0, size = 0;
	int r;

	if (!st)
		return -1;
	r = store_step(store, st, err);
	if (r > 0) {
		s.locations = sqlite3_column_int64(st, 0);
		s.series = sqlite3_column_int64(st, 1);
		s.backups = sqlite3_column_int64(st, 2);
		s.verifications = sqlite3_column_int64(st, 3);
		s.restores = sqlite3_column_int64(st, 4);
	}
	store_reset(st);
	if (r < 0 || pragma(store, sql_page_count, &count, err) < 0 ||
	    pragma(store, sql_page_size, &size, err) < 0)
		return -1;
	s.bytes = count * size;
	*ret_statistics = s;
	return 0;
}

/* The condition is that of the index standing_fail, word for word. */
static const char sql_failed[] =
    "SELECT b.series_id, count(*), min(b.id), max(b.id) FROM standing AS s JOIN backup AS b ON b.id = s.backup_id"
    " WHERE s.location_id = ?1 AND b.live = 1"
    " AND (s.verify_verdict = 'fail' OR s.restore_verdict = 'fail')"
    " GROUP BY b.series_id ORDER BY b.series_id";

int
store_report_failed(
    struct store *store, int64_t location_id, store_failed_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_failed, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, location_id);
	while ((r = store_step(store, st, err)) > 0) {
		const struct store_failed failed = {
		    .series_id = sqlite3_column_int64(st, 0),
		    .count = (uint64_t)sqlite3_column_int64(st, 1),
		    .first_id = sqlite3_column_int64(st, 2),
		    .last_id = sqlite3_column_int64(st, 3),
		};

		fn(arg, &failed);
	}
	store_reset(st);
	return r;
}

static const char sql_score[] =
    "SELECT score FROM score WHERE location_id IS ?1 AND days = ?2 AND at <= ?3"
    " ORDER BY at DESC, id DESC LIMIT 1";

int
store_report_score(struct store *store, int64_t location_id, int64_t days, int64_t at,
    double *ret_score, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_score, err);
	int r;

	if (!st)
		return -1;
	if (location_id)
		store_bind_int(st, 1, location_id);
	store_bind_int(st, 2, days);
	store_bind_int(st, 3, at);
	r = store_step(store, st, err);
	if (r > 0 && sqlite3_column_type(st, 0) == SQLITE_NULL)
		r = 0;
	if (r > 0)
		*ret_score = sqlite3_column_double(st, 0);
	store_reset(st);
	return r;
}

static const char sql_put[] =
    "INSERT INTO report (at, format, path, bytes) VALUES (?1, ?2, ?3, ?4)";

int
store_report_put(struct store *store, int64_t at, const char *format, const char *path,
    uint64_t bytes, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_put, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, at);
	store_bind_text(st, 2, format);
	store_bind_blob(st, 3, path, strlen(path));
	store_bind_int(st, 4, (int64_t)bytes);
	return store_run_stmt(store, st, err);
}
