// What scores are computed from, and the scores that were.
#include "store/score.h"

#include "store/store_private.h"

/* A backup that vanished counts as the success it was, unless it was a failure before. */
#define SUCCESS                                                                                    \
	"completed_at IS NOT NULL AND (status = 'ok' OR (state = 'vanished'"                       \
	" AND reasons NOT LIKE '%\"empty\"%' AND reasons NOT LIKE '%\"too_small\"%'))"

static const char sql_time_before[] = "SELECT time FROM backup WHERE series_id = ?1"
				      " AND time < ?2 AND " SUCCESS " ORDER BY time DESC LIMIT 1";
static const char sql_times[] = "SELECT time FROM backup WHERE series_id = ?1 AND time >= ?2"
				" AND " SUCCESS " ORDER BY time";

static int
each_time(struct store *store, const char *sql, int64_t series_id, int64_t since,
    store_score_time_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	store_bind_int(st, 2, since);
	while ((r = store_step(store, st, err)) > 0) {
		if (fn(arg, sqlite3_column_int64(st, 0)) != 0)
			break;
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}

int
store_score_times(struct store *store, int64_t series_id, int64_t since, store_score_time_fn *fn,
    void *arg, struct err *err)
{
	if (each_time(store, sql_time_before, series_id, since, fn, arg, err) < 0)
		return -1;
	return each_time(store, sql_times, series_id, since, fn, arg, err);
}

#define SUM_COLUMNS                                                                                \
	"SELECT b.live, b.state, b.status, b.id = ?3, v.verify_verdict, v.verify_level,"           \
	" v.restore_verdict FROM backup AS b LEFT JOIN standing AS v ON v.backup_id = b.id"

static const char sql_sums[] =
    SUM_COLUMNS " WHERE b.series_id = ?1 AND b.time >= ?2"
		" AND (b.live = 1 OR (b.state = 'vanished' AND b.status = 'failed'))"
		" UNION ALL " SUM_COLUMNS " WHERE b.id = ?3 AND b.time < ?2 AND b.live = 1";

static bool
is_word(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

static enum record_verdict
counted(const char *verdict, bool deep_enough)
{
	if (is_word(verdict, "fail"))
		return RECORD_VERDICT_FAIL;
	return deep_enough && is_word(verdict, "pass") ? RECORD_VERDICT_PASS : RECORD_VERDICT_NONE;
}

static void
add_to_sums(struct store_score_sums *sums, sqlite3_stmt *st, enum record_level min_level)
{
	const char *state = store_text(st, 1);
	bool failed = is_word(store_text(st, 2), "failed");
	int level = record_word_find(RECORD_LIST_LEVEL, store_text(st, 5));
	enum record_verdict verification = counted(store_text(st, 4), level >= (int)min_level);
	enum record_verdict restore = counted(store_text(st, 6), true);

	if (failed)
		sums->failed++;
	else if (is_word(state, "complete"))
		sums->ok++;
	if (!sqlite3_column_int(st, 0) || !is_word(state, "complete"))
		return;
	sums->complete++;
	sums->verified_pass += verification == RECORD_VERDICT_PASS;
	sums->verified_fail += verification == RECORD_VERDICT_FAIL;
	sums->restored_pass += restore == RECORD_VERDICT_PASS;
	sums->restored_fail += restore == RECORD_VERDICT_FAIL;
	if (sqlite3_column_int(st, 3)) {
		sums->newest_verification = verification;
		sums->newest_restore = restore;
	}
}

int
store_score_sums(struct store *store, int64_t series_id, int64_t latest_id, int64_t since,
    enum record_level min_level, struct store_score_sums *ret_sums, struct err *err)
{
	struct store_score_sums sums = {0};
	sqlite3_stmt *st = store_stmt(store, sql_sums, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	store_bind_int(st, 2, since);
	store_bind_int(st, 3, latest_id);
	while ((r = store_step(store, st, err)) > 0)
		add_to_sums(&sums, st, min_level);
	store_reset(st);
	if (r < 0)
		return -1;
	*ret_sums = sums;
	return 0;
}

int
store_score_fails(
    struct store *store, int64_t location_id, store_score_id_fn *fn, void *arg, struct err *err)
{
	static const char sql[] =
	    "SELECT DISTINCT b.series_id FROM standing AS v JOIN backup AS b ON b.id = v.backup_id"
	    " WHERE v.location_id = ?1 AND (v.verify_verdict = 'fail' OR v.restore_verdict = 'fail')"
	    " AND b.live = 1 ORDER BY b.series_id";
	sqlite3_stmt *st = store_stmt(store, sql, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, location_id);
	while ((r = store_step(store, st, err)) > 0) {
		if (fn(arg, sqlite3_column_int64(st, 0)) != 0)
			break;
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}

static void
bind_location(sqlite3_stmt *st, int i, int64_t location_id)
{
	if (location_id)
		store_bind_int(st, i, location_id);
}

/* A number, or NULL. */
static void
bind_real(sqlite3_stmt *st, int i, bool known, double v)
{
	if (known)
		(void)sqlite3_bind_double(st, i, v);
}

static void
read_score(sqlite3_stmt *st, struct store_score *score)
{
	*score = (struct store_score){
	    .at = sqlite3_column_int64(st, 0),
	    .location_id = sqlite3_column_int64(st, 1),
	    .days = sqlite3_column_int64(st, 2),
	    .known = sqlite3_column_type(st, 3) != SQLITE_NULL,
	    .score = sqlite3_column_double(st, 3),
	    .raw_known = sqlite3_column_type(st, 4) != SQLITE_NULL,
	    .raw_score = sqlite3_column_double(st, 4),
	    .grade = (enum record_grade)record_word_find(RECORD_LIST_GRADE, store_text(st, 5)),
	};
}

int
store_score_last(struct store *store, int64_t location_id, int64_t days,
    struct store_score *ret_score, struct err *err)
{
	static const char sql[] =
	    "SELECT at, location_id, days, score, raw_score, grade FROM score"
	    " WHERE location_id IS ?1 AND days = ?2 ORDER BY at DESC, id DESC LIMIT 1";
	sqlite3_stmt *st = store_stmt(store, sql, err);
	int r;

	if (!st)
		return -1;
	bind_location(st, 1, location_id);
	store_bind_int(st, 2, days);
	r = store_step(store, st, err);
	if (r > 0)
		read_score(st, ret_score);
	store_reset(st);
	return r;
}

int
store_score_put(
    struct store *store, const struct store_score *score, const char *record, struct err *err)
{
	static const char sql[] =
	    "INSERT INTO score (at, location_id, days, score, raw_score, grade, record)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
	sqlite3_stmt *st = store_stmt(store, sql, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, score->at);
	bind_location(st, 2, score->location_id);
	store_bind_int(st, 3, score->days);
	bind_real(st, 4, score->known, score->score);
	bind_real(st, 5, score->raw_known, score->raw_score);
	store_bind_text(st, 6, record_word(RECORD_LIST_GRADE, (int)score->grade));
	store_bind_text(st, 7, record);
	return store_run_stmt(store, st, err);
}
