// The ledger: what is due for verification and in which order, and how much is covered.
#include "record/record.h"
#include "store/store_private.h"

/*
 * The oldest of the verdicts that are asked for (?1 to ?4 say which), 0 where one is missing; a
 * method that is not asked for counts as just done (?5). Failed: one of them is a fail, or the last
 * try was an error.
 */
#define OLDEST                                                                                     \
	" min(CASE WHEN ?1 THEN coalesce(v.size_at, 0) ELSE ?5 END,"                               \
	" CASE WHEN ?2 THEN coalesce(v.timestamp_at, 0) ELSE ?5 END,"                              \
	" CASE WHEN ?3 THEN coalesce(v.checksum_at, 0) ELSE ?5 END,"                               \
	" CASE WHEN ?4 THEN coalesce(v.content_at, 0) ELSE ?5 END)"
#define FAILED                                                                                     \
	" (v.error_at IS NOT NULL OR (?1 AND v.size_verdict = 'fail')"                             \
	" OR (?2 AND v.timestamp_verdict = 'fail') OR (?3 AND v.checksum_verdict = 'fail')"        \
	" OR (?4 AND v.content_verdict = 'fail'))"

static const char sql_due[] =
    "SELECT CASE WHEN oldest = 0 THEN 0 WHEN failed THEN 1 ELSE 2 END AS class, oldest, id,"
    " location_id, size FROM (SELECT b.id AS id, d.location_id AS location_id, b.size AS size," OLDEST
    " AS oldest, coalesce(" FAILED ", 0) AS failed"
    " FROM location AS l CROSS JOIN dir AS d ON d.location_id = l.id"
    " CROSS JOIN backup AS b ON b.dir_id = d.id"
    " LEFT JOIN verify_state AS v ON v.backup_id = b.id"
    " WHERE l.host = ?7 AND b.live = 1 AND b.state = 'complete')"
    " WHERE failed OR oldest <= ?6 ORDER BY 1, 2, 3";

static const char sql_coverage[] =
    "SELECT count(*), sum(size), sum(oldest > ?6), sum(CASE WHEN oldest > ?6 THEN size END),"
    " min(CASE WHEN oldest > 0 THEN oldest END), sum(oldest = 0),"
    " sum(CASE WHEN oldest = 0 THEN size END) FROM (SELECT b.size AS size," OLDEST " AS oldest"
    " FROM dir AS d CROSS JOIN backup AS b ON b.dir_id = d.id"
    " LEFT JOIN verify_state AS v ON v.backup_id = b.id"
    " WHERE d.location_id = ?7 AND b.live = 1 AND b.state = 'complete')";

static const char sql_read[] =
    "SELECT sum(bytes), min(at) FROM verification WHERE location_id = ?1 AND at > ?2";

static void
bind_query(sqlite3_stmt *st, const struct store_ledger_query *query)
{
	for (int i = 0; i < STORE_VERIFY_METHODS; i++)
		store_bind_int(st, i + 1, query->methods[i]);
	store_bind_int(st, 5, query->now);
	store_bind_int(st, 6, query->now - query->interval);
}

int
store_ledger(struct store *store, const struct store_ledger_query *query, store_ledger_fn *fn,
    void *arg, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_due, err);
	int r;
	if (!st)
		return -1;
	bind_query(st, query);
	store_bind_text(st, 7, query->host);
	while ((r = store_step(store, st, err)) > 0) {
		struct store_ledger_entry e = {
		    .class = (enum store_ledger_class)sqlite3_column_int(st, 0),
		    .at = sqlite3_column_int64(st, 1),
		    .backup_id = sqlite3_column_int64(st, 2),
		    .location_id = sqlite3_column_int64(st, 3),
		    .size = (uint64_t)sqlite3_column_int64(st, 4),
		};
		if (e.at == 0)
			e.at = CLOCK_NONE;
		if (fn(arg, &e) != 0)
			break;
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}

int
store_coverage(struct store *store, const struct store_ledger_query *query, int64_t location_id,
    struct store_coverage *ret_coverage, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_coverage, err);
	if (!st)
		return -1;
	bind_query(st, query);
	store_bind_int(st, 7, location_id);
	int r = store_step(store, st, err);
	if (r > 0) {
		*ret_coverage = (struct store_coverage){
		    .backups = (uint64_t)sqlite3_column_int64(st, 0),
		    .bytes = (uint64_t)sqlite3_column_int64(st, 1),
		    .verified_backups = (uint64_t)sqlite3_column_int64(st, 2),
		    .verified_bytes = (uint64_t)sqlite3_column_int64(st, 3),
		    .oldest = store_time(st, 4),
		    .never_backups = (uint64_t)sqlite3_column_int64(st, 5),
		    .never_bytes = (uint64_t)sqlite3_column_int64(st, 6),
		    .first_read = CLOCK_NONE,
		};
	}
	store_reset(st);
	if (r < 0)
		return -1;
	st = store_stmt(store, sql_read, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, location_id);
	store_bind_int(st, 2, query->now - query->interval);
	r = store_step(store, st, err);
	if (r > 0) {
		ret_coverage->read_bytes = (uint64_t)sqlite3_column_int64(st, 0);
		ret_coverage->first_read = store_time(st, 1);
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}
