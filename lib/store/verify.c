// What verification found out: verdicts for each content and method, baselines, the standing one.
#include <assert.h>
#include <string.h>

#include "record/record.h"
#include "store/store_private.h"

static const char sql_state[] =
    "SELECT " STORE_STATE_COLUMNS " FROM backup AS b" STORE_STATE_JOINS " WHERE b.id = ?1";

/* The stand of each method, the baseline, and the generation of the path before this one. */
enum {
	COL_ERROR_AT = 2 * STORE_VERIFY_METHODS,
	COL_DIGEST,
	COL_AT,
	COL_SOURCE,
	COL_PREVIOUS,
	COL_TAMPERING
};

static void
clear_state(struct store_verify_state *s)
{
	*s = (struct store_verify_state){
	    .error_at = CLOCK_NONE, .baseline_at = CLOCK_NONE, .previous_mtime = CLOCK_NONE};
	for (int i = 0; i < STORE_VERIFY_METHODS; i++)
		s->methods[i].at = CLOCK_NONE;
}

void
store_state_read(sqlite3_stmt *st, int col, struct store_verify_state *s)
{
	clear_state(s);
	for (int i = 0; i < STORE_VERIFY_METHODS; i++) {
		s->methods[i].verdict = (enum record_verdict)record_word_find(
		    RECORD_LIST_VERDICT, store_text(st, col + 2 * i));
		s->methods[i].at = store_time(st, col + 2 * i + 1);
	}
	s->error_at = store_time(st, col + COL_ERROR_AT);
	if (store_text(st, col + COL_DIGEST)) {
		str_copy(s->baseline, sizeof(s->baseline), store_text(st, col + COL_DIGEST));
		s->baseline_at = store_time(st, col + COL_AT);
		s->accepted = !strcmp(store_text(st, col + COL_SOURCE), "accepted");
		s->from_manifest = !strcmp(store_text(st, col + COL_SOURCE), "manifest");
	}
	s->previous_mtime = store_time(st, col + COL_PREVIOUS);
	s->has_previous = s->previous_mtime != CLOCK_NONE;
	s->tampering = (unsigned)sqlite3_column_int(st, col + COL_TAMPERING);
}

int
store_verify_state(struct store *store, int64_t backup_id, const char *algorithm,
    struct store_verify_state *ret_state, struct err *err)
{
	const struct store_verify_state *ahead = store_ahead_state(store, backup_id, algorithm);
	if (ahead) {
		*ret_state = *ahead;
		return 0;
	}
	clear_state(ret_state);
	sqlite3_stmt *st = store_stmt(store, sql_state, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, backup_id);
	store_bind_text(st, 2, algorithm);
	int r = store_step(store, st, err);
	if (r > 0)
		store_state_read(st, 0, ret_state);
	store_reset(st);
	return r < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------- writing */

/* Each statement once for one row and once for ROWS of them, which is dear to begin and cheap to go on. */
#define ROWS      16
#define FOUR(row) row ", " row ", " row ", " row
#define MANY(row) FOUR(FOUR(row))
static_assert(sizeof(MANY("?")) == 3 * ROWS - 1, "as many rows as ROWS says");

#define INSERT                                                                                     \
	"INSERT INTO verification (backup_id, location_id, at, verdict, reason, level, bytes, ms," \
	" record) VALUES "
#define INSERT_ROW "(?, ?, ?, ?, ?, ?, ?, ?, ?)"

#define STATE                                                                                      \
	"INSERT INTO verify_state (backup_id, size_verdict, size_at, timestamp_verdict,"           \
	" timestamp_at, checksum_verdict, checksum_at, content_verdict, content_at, error_at,"     \
	" codec, format, entropy, rewritten, tampering) VALUES "
#define STATE_ROW "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define STATE_KNOWN                                                                                \
	" ON CONFLICT (backup_id) DO UPDATE SET"                                                   \
	" size_verdict = coalesce(excluded.size_verdict, size_verdict),"                           \
	" size_at = coalesce(excluded.size_at, size_at),"                                          \
	" timestamp_verdict = coalesce(excluded.timestamp_verdict, timestamp_verdict),"            \
	" timestamp_at = coalesce(excluded.timestamp_at, timestamp_at),"                           \
	" checksum_verdict = coalesce(excluded.checksum_verdict, checksum_verdict),"               \
	" checksum_at = coalesce(excluded.checksum_at, checksum_at),"                              \
	" content_verdict = coalesce(excluded.content_verdict, content_verdict),"                  \
	" content_at = coalesce(excluded.content_at, content_at), error_at = excluded.error_at,"   \
	" codec = coalesce(excluded.codec, codec), format = coalesce(excluded.format, format),"    \
	" entropy = coalesce(excluded.entropy, entropy),"                                          \
	" rewritten = coalesce(excluded.rewritten, rewritten),"                                    \
	" tampering = coalesce(excluded.tampering, tampering)"

#define BASELINE                                                                                   \
	"INSERT INTO baseline (backup_id, algorithm, digest, size, mtime, mtime_nsec, at, source)" \
	" VALUES "
#define BASELINE_ROW "(?, ?, ?, ?, ?, ?, ?, ?)"
#define BASELINE_KNOWN                                                                             \
	" ON CONFLICT (backup_id, algorithm) DO UPDATE SET digest = excluded.digest,"              \
	" size = excluded.size, mtime = excluded.mtime, mtime_nsec = excluded.mtime_nsec,"         \
	" at = excluded.at, source = excluded.source"

#define STANDS                                                                                     \
	"INSERT INTO standing (backup_id, location_id, verify_verdict, verify_level,"              \
	" verify_reason, verify_at, verify_record) VALUES "
#define STANDS_ROW "(?, ?, ?, ?, ?, ?, ?)"
#define STANDS_KNOWN                                                                               \
	" ON CONFLICT (backup_id) DO UPDATE SET verify_verdict = excluded.verify_verdict,"         \
	" verify_level = excluded.verify_level, verify_reason = excluded.verify_reason,"           \
	" verify_at = excluded.verify_at, verify_record = excluded.verify_record"

static const char sql_insert[] = INSERT INSERT_ROW;
static const char sql_insert_many[] = INSERT MANY(INSERT_ROW);
static const char sql_state_put[] = STATE STATE_ROW STATE_KNOWN;
static const char sql_state_put_many[] = STATE MANY(STATE_ROW) STATE_KNOWN;
static const char sql_baseline[] = BASELINE BASELINE_ROW BASELINE_KNOWN;
static const char sql_baseline_many[] = BASELINE MANY(BASELINE_ROW) BASELINE_KNOWN;
static const char sql_stands[] = STANDS STANDS_ROW STANDS_KNOWN;
static const char sql_stands_many[] = STANDS MANY(STANDS_ROW) STANDS_KNOWN;

/* Text that outlives the statement's run, and so need not be copied. */
static void
lend_text(sqlite3_stmt *st, int i, const char *text)
{
	(void)sqlite3_bind_text(st, i, text, -1, SQLITE_STATIC);
}

/* Each binds one row to the parameters from i on. */
static void
bind_insert(sqlite3_stmt *st, int i, const struct store_verification *v)
{
	store_bind_int(st, i, v->backup_id);
	store_bind_int(st, i + 1, v->location_id);
	store_bind_time(st, i + 2, v->at);
	lend_text(st, i + 3, record_word(RECORD_LIST_VERDICT, v->verdict));
	lend_text(st, i + 4, v->reason);
	lend_text(st, i + 5, record_word(RECORD_LIST_LEVEL, v->level));
	store_bind_int(st, i + 6, (int64_t)v->bytes);
	store_bind_int(st, i + 7, v->ms);
	lend_text(st, i + 8, v->verdict == RECORD_VERDICT_PASS ? NULL : v->record);
}

/* An error says only when: what is NULL leaves what stands. */
static void
bind_state(sqlite3_stmt *st, int i, const struct store_verification *v)
{
	store_bind_int(st, i, v->backup_id);
	if (v->verdict == RECORD_VERDICT_ERROR) {
		store_bind_time(st, i + 9, v->at);
		return;
	}
	for (int m = 0; m < STORE_VERIFY_METHODS; m++) {
		if (v->methods[m] == RECORD_VERDICT_NONE || v->methods[m] == RECORD_VERDICT_ERROR)
			continue;
		lend_text(st, i + 1 + 2 * m, record_word(RECORD_LIST_VERDICT, v->methods[m]));
		store_bind_time(st, i + 2 + 2 * m, v->at);
	}
	if (!v->has_profile)
		return;
	lend_text(st, i + 10, v->profile.codec);
	lend_text(st, i + 11, v->profile.format);
	store_bind_int(st, i + 12, v->profile.entropy);
	store_bind_int(st, i + 13, v->profile.rewritten);
	store_bind_int(st, i + 14, v->tampering);
}

static bool
has_baseline(const struct store_verification *v)
{
	return v->algorithm;
}

static void
bind_baseline(sqlite3_stmt *st, int i, const struct store_verification *v)
{
	store_bind_int(st, i, v->backup_id);
	lend_text(st, i + 1, v->algorithm);
	lend_text(st, i + 2, v->digest);
	store_bind_int(st, i + 3, (int64_t)v->size);
	store_bind_int(st, i + 4, v->mtime);
	store_bind_int(st, i + 5, v->mtime_nsec);
	store_bind_time(st, i + 6, v->at);
	lend_text(st, i + 7, v->source);
}

static bool
is_standing(const struct store_verification *v)
{
	return v->stands && v->verdict != RECORD_VERDICT_ERROR;
}

static void
bind_standing(sqlite3_stmt *st, int i, const struct store_verification *v)
{
	store_bind_int(st, i, v->backup_id);
	store_bind_int(st, i + 1, v->location_id);
	lend_text(st, i + 2, record_word(RECORD_LIST_VERDICT, v->verdict));
	lend_text(st, i + 3, record_word(RECORD_LIST_LEVEL, v->level));
	lend_text(st, i + 4, v->reason);
	store_bind_time(st, i + 5, v->at);
	lend_text(st, i + 6, v->record);
}

static const struct table {
	const char *one, *many;
	int params;                                        /* of a row */
	bool (*wants)(const struct store_verification *v); /* NULL: every one */
	void (*bind)(sqlite3_stmt *st, int i, const struct store_verification *v);
} tables[] = {
    {sql_insert, sql_insert_many, 9, NULL, bind_insert},
    {sql_state_put, sql_state_put_many, 15, NULL, bind_state},
    {sql_baseline, sql_baseline_many, 8, has_baseline, bind_baseline},
    {sql_stands, sql_stands_many, 7, is_standing, bind_standing},
};

static int
put_rows(struct store *store, const struct table *t, const struct store_verification *const *rows,
    size_t count, struct err *err)
{
	size_t step = count == ROWS ? ROWS : 1;
	for (size_t i = 0; i < count; i += step) {
		sqlite3_stmt *st = store_stmt(store, step == ROWS ? t->many : t->one, err);
		if (!st)
			return -1;
		for (size_t k = 0; k < step; k++)
			t->bind(st, (int)k * t->params + 1, rows[i + k]);
		if (store_run_stmt(store, st, err) < 0)
			return -1;
	}
	return 0;
}

static int
put_table(struct store *store, const struct table *t, const struct store_verification *list,
    size_t count, struct err *err)
{
	const struct store_verification *rows[ROWS];
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		if (t->wants && !t->wants(&list[i]))
			continue;
		rows[n++] = &list[i];
		if (n < ROWS)
			continue;
		if (put_rows(store, t, rows, n, err) < 0)
			return -1;
		n = 0;
	}
	return put_rows(store, t, rows, n, err);
}

static int
forget_baselines(struct store *store, int64_t backup_id, struct err *err)
{
	static const char sql[] = "DELETE FROM baseline WHERE backup_id = ?1";
	sqlite3_stmt *st = store_stmt(store, sql, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, backup_id);
	return store_run_stmt(store, st, err);
}

int
store_verify_put(
    struct store *store, const struct store_verification *list, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct store_verification *v = &list[i];
		/* What a person accepts replaces what was known under every algorithm. */
		if (v->algorithm && !strcmp(v->source, "accepted") &&
		    forget_baselines(store, v->backup_id, err) < 0)
			return -1;
		if (v->same_content &&
		    store_add_reason(store, v->backup_id, "same_content", err) < 0)
			return -1;
	}
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		if (put_table(store, &tables[i], list, count, err) < 0)
			return -1;
	return 0;
}

int
store_verify_accept_gone(struct store *store, int64_t backup_id, int64_t now, struct err *err)
{
	static const char sql[] =
	    "UPDATE backup SET state = 'expired', status = 'ok', reasons = NULL,"
	    " accepted_at = ?2 WHERE id = ?1 AND state = 'vanished'";
	sqlite3_stmt *st = store_stmt(store, sql, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, backup_id);
	store_bind_time(st, 2, now);
	return store_run_stmt(store, st, err);
}
