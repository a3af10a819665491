// The ledger: how the backups of a location stand, and how much was read lately.
#include "record/record.h"
#include "store/store_private.h"

/*
 * The oldest of the verdicts that are asked for (?1 to ?4 say which), 0 where one is missing; a
 * method that is not asked for counts as the newest of all. Failed: one of them is a fail, or the last
 * try was an error.
 */
#define NEVER_OLD "9223372036854775807"
#define OLDEST                                                                                     \
	" min(CASE WHEN ?1 THEN coalesce(v.size_at, 0) ELSE " NEVER_OLD " END,"                    \
	" CASE WHEN ?2 THEN coalesce(v.timestamp_at, 0) ELSE " NEVER_OLD " END,"                   \
	" CASE WHEN ?3 THEN coalesce(v.checksum_at, 0) ELSE " NEVER_OLD " END,"                    \
	" CASE WHEN ?4 THEN coalesce(v.content_at, 0) ELSE " NEVER_OLD " END)"
#define TRIED                                                                                      \
	" max(CASE WHEN ?1 THEN coalesce(v.size_at, 0) ELSE 0 END,"                                \
	" CASE WHEN ?2 THEN coalesce(v.timestamp_at, 0) ELSE 0 END,"                               \
	" CASE WHEN ?3 THEN coalesce(v.checksum_at, 0) ELSE 0 END,"                                \
	" CASE WHEN ?4 THEN coalesce(v.content_at, 0) ELSE 0 END, coalesce(v.error_at, 0))"
#define FAILED                                                                                     \
	" (v.error_at IS NOT NULL OR (?1 AND v.size_verdict = 'fail')"                             \
	" OR (?2 AND v.timestamp_verdict = 'fail') OR (?3 AND v.checksum_verdict = 'fail')"        \
	" OR (?4 AND v.content_verdict = 'fail'))"

static const char sql_ledger[] =
    "SELECT b.id, s.id, s.name, b.size, b.time, b.first_seen," OLDEST "," TRIED ", coalesce(" FAILED
    ", 0) FROM series AS s CROSS JOIN backup AS b ON b.series_id = s.id"
    " LEFT JOIN verify_state AS v ON v.backup_id = b.id"
    " WHERE s.location_id = ?5 AND b.live = 1 AND b.state = 'complete'"
    " AND (?6 IS NULL OR b.time >= ?6)";

static const char sql_scanned[] = "SELECT last_reached FROM location WHERE id = ?1";

#define READ                                                                                       \
	"SELECT coalesce(sum(bytes), 0), coalesce(sum(ms + 1), 0), min(at), max(at)"               \
	" FROM verification WHERE "
static const char sql_read[] = READ "location_id = ?1 AND at > ?2 AND bytes > 0";
static const char sql_read_all[] =
    READ "location_id IN (SELECT id FROM location WHERE id <> ?1) AND at > ?2 AND bytes > 0";

static const char sql_new[] =
    "SELECT coalesce(sum(b.size), 0) FROM series AS s CROSS JOIN backup AS b ON b.series_id = s.id"
    " WHERE s.location_id = ?1 AND b.time >= ?2 AND b.completed_at IS NOT NULL";

static int64_t
or_none(int64_t t)
{
	return t == 0 ? CLOCK_NONE : t;
}

int
store_ledger(struct store *store, const struct store_ledger_query *query, store_ledger_fn *fn,
    void *arg, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_ledger, err);
	int r;
	if (!st)
		return -1;
	for (int i = 0; i < STORE_VERIFY_METHODS; i++)
		store_bind_int(st, i + 1, query->methods[i]);
	store_bind_int(st, 5, query->location_id);
	store_bind_time(st, 6, query->since);
	while ((r = store_step(store, st, err)) > 0) {
		struct store_ledger_entry e = {
		    .backup_id = sqlite3_column_int64(st, 0),
		    .location_id = query->location_id,
		    .series_id = sqlite3_column_int64(st, 1),
		    .series = store_text(st, 2),
		    .size = (uint64_t)sqlite3_column_int64(st, 3),
		    .time = sqlite3_column_int64(st, 4),
		    .first_seen = sqlite3_column_int64(st, 5),
		    .oldest = or_none(sqlite3_column_int64(st, 6)),
		    .tried = or_none(sqlite3_column_int64(st, 7)),
		    .failed = sqlite3_column_int(st, 8) != 0,
		};
		if (fn(arg, &e) != 0)
			break;
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}

int
store_ledger_scanned(struct store *store, int64_t location_id, int64_t *ret_at, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_scanned, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, location_id);
	int r = store_step(store, st, err);
	*ret_at = r > 0 ? store_time(st, 0) : CLOCK_NONE;
	store_reset(st);
	return r < 0 ? -1 : 0;
}

int
store_ledger_read(struct store *store, int64_t location_id, int64_t since,
    struct store_ledger_read *ret_read, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, location_id ? sql_read : sql_read_all, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, location_id);
	store_bind_int(st, 2, since);
	int r = store_step(store, st, err);
	if (r > 0)
		*ret_read = (struct store_ledger_read){
		    .bytes = (uint64_t)sqlite3_column_int64(st, 0),
		    .ms = (uint64_t)sqlite3_column_int64(st, 1),
		    .first = store_time(st, 2),
		    .last = store_time(st, 3),
		};
	store_reset(st);
	return r < 0 ? -1 : 0;
}

int
store_ledger_new(
    struct store *store, int64_t location_id, int64_t since, uint64_t *ret_bytes, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_new, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, location_id);
	store_bind_int(st, 2, since);
	int r = store_step(store, st, err);
	if (r > 0)
		*ret_bytes = (uint64_t)sqlite3_column_int64(st, 0);
	store_reset(st);
	return r < 0 ? -1 : 0;
}
