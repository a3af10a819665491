// What verification found out: verdicts for each content and method, baselines, the standing one.
#include <string.h>

#include "record/record.h"
#include "store/store_private.h"

/* The stand of each method, the baseline, and the generation of the path before this one. */
#define STATE_COLUMNS                                                                              \
	"SELECT s.size_verdict, s.size_at, s.timestamp_verdict, s.timestamp_at,"                   \
	" s.checksum_verdict, s.checksum_at, s.content_verdict, s.content_at, s.error_at,"         \
	" l.digest, l.at, l.source,"                                                               \
	" (SELECT p.mtime FROM backup AS p WHERE p.dir_id = b.dir_id AND p.name = b.name"          \
	" AND p.live = 0 AND p.gone_at = b.first_seen ORDER BY p.id DESC LIMIT 1), b.id, s.tampering"
#define STATE_JOINS                                                                                \
	" LEFT JOIN verify_state AS s ON s.backup_id = b.id"                                       \
	" LEFT JOIN baseline AS l ON l.backup_id = b.id AND l.algorithm = ?2"
static const char sql_state[] = STATE_COLUMNS " FROM backup AS b" STATE_JOINS " WHERE b.id = ?1";
/* ?1 a JSON list of numbers */
static const char sql_states[] =
    STATE_COLUMNS " FROM json_each(?1) AS j CROSS JOIN backup AS b ON b.id = j.value" STATE_JOINS;

enum {
	COL_ERROR_AT = 2 * STORE_VERIFY_METHODS,
	COL_DIGEST,
	COL_AT,
	COL_SOURCE,
	COL_PREVIOUS,
	COL_ID,
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

static void
read_state(sqlite3_stmt *st, struct store_verify_state *s)
{
	clear_state(s);
	for (int i = 0; i < STORE_VERIFY_METHODS; i++) {
		s->methods[i].verdict = (enum record_verdict)record_word_find(
		    RECORD_LIST_VERDICT, store_text(st, 2 * i));
		s->methods[i].at = store_time(st, 2 * i + 1);
	}
	s->error_at = store_time(st, COL_ERROR_AT);
	if (store_text(st, COL_DIGEST)) {
		str_copy(s->baseline, sizeof(s->baseline), store_text(st, COL_DIGEST));
		s->baseline_at = store_time(st, COL_AT);
		s->accepted = !strcmp(store_text(st, COL_SOURCE), "accepted");
		s->from_manifest = !strcmp(store_text(st, COL_SOURCE), "manifest");
	}
	s->previous_mtime = store_time(st, COL_PREVIOUS);
	s->has_previous = s->previous_mtime != CLOCK_NONE;
	s->tampering = (unsigned)sqlite3_column_int(st, COL_TAMPERING);
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
		read_state(st, ret_state);
	store_reset(st);
	return r < 0 ? -1 : 0;
}

int
store_verify_load(struct store *store, const char *ids, const char *algorithm, int64_t *ret_ids,
    struct store_verify_state *ret_states, size_t max, size_t *ret_count)
{
	sqlite3_stmt *st = store_stmt(store, sql_states, NULL);
	int r = -1;
	*ret_count = 0;
	if (!st)
		return -1;
	store_bind_text(st, 1, ids);
	store_bind_text(st, 2, algorithm);
	while (*ret_count < max && (r = store_step(store, st, NULL)) > 0) {
		ret_ids[*ret_count] = sqlite3_column_int64(st, COL_ID);
		read_state(st, &ret_states[(*ret_count)++]);
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------- writing */

static const char sql_insert[] =
    "INSERT INTO verification (backup_id, location_id, at, verdict, reason, level, bytes, ms, record)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
static const char sql_stands[] =
    "INSERT INTO standing (backup_id, location_id, verify_verdict, verify_level, verify_reason,"
    " verify_at, verify_record) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    " ON CONFLICT (backup_id) DO UPDATE SET verify_verdict = excluded.verify_verdict,"
    " verify_level = excluded.verify_level, verify_reason = excluded.verify_reason,"
    " verify_at = excluded.verify_at, verify_record = excluded.verify_record";
static const char sql_put_state[] =
    "INSERT INTO verify_state (backup_id, size_verdict, size_at, timestamp_verdict, timestamp_at,"
    " checksum_verdict, checksum_at, content_verdict, content_at, error_at, codec, format, entropy,"
    " rewritten, tampering) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL, ?10, ?11, ?12, ?13, ?14)"
    " ON CONFLICT (backup_id) DO UPDATE SET"
    " size_verdict = coalesce(excluded.size_verdict, size_verdict),"
    " size_at = coalesce(excluded.size_at, size_at),"
    " timestamp_verdict = coalesce(excluded.timestamp_verdict, timestamp_verdict),"
    " timestamp_at = coalesce(excluded.timestamp_at, timestamp_at),"
    " checksum_verdict = coalesce(excluded.checksum_verdict, checksum_verdict),"
    " checksum_at = coalesce(excluded.checksum_at, checksum_at),"
    " content_verdict = coalesce(excluded.content_verdict, content_verdict),"
    " content_at = coalesce(excluded.content_at, content_at), error_at = NULL,"
    " codec = coalesce(excluded.codec, codec), format = coalesce(excluded.format, format),"
    " entropy = coalesce(excluded.entropy, entropy),"
    " rewritten = coalesce(excluded.rewritten, rewritten),"
    " tampering = coalesce(excluded.tampering, tampering)";
static const char sql_put_error[] =
    "INSERT INTO verify_state (backup_id, error_at) VALUES (?1, ?2)"
    " ON CONFLICT (backup_id) DO UPDATE SET error_at = excluded.error_at";
static const char sql_put_baseline[] =
    "INSERT INTO baseline (backup_id, algorithm, digest, size, mtime, mtime_nsec, at, source)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (backup_id, algorithm) DO UPDATE SET"
    " digest = excluded.digest, size = excluded.size, mtime = excluded.mtime,"
    " mtime_nsec = excluded.mtime_nsec, at = excluded.at, source = excluded.source";

/* Text that outlives the statement's run, and so need not be copied. */
static void
lend_text(sqlite3_stmt *st, int i, const char *text)
{
	(void)sqlite3_bind_text(st, i, text, -1, SQLITE_STATIC);
}

static int
put_row(struct store *store, const struct store_verification *v, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_insert, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, v->backup_id);
	store_bind_int(st, 2, v->location_id);
	store_bind_time(st, 3, v->at);
	lend_text(st, 4, record_word(RECORD_LIST_VERDICT, v->verdict));
	lend_text(st, 5, v->reason);
	lend_text(st, 6, record_word(RECORD_LIST_LEVEL, v->level));
	store_bind_int(st, 7, (int64_t)v->bytes);
	store_bind_int(st, 8, v->ms);
	lend_text(st, 9, v->verdict == RECORD_VERDICT_PASS ? NULL : v->record);
	return store_run_stmt(store, st, err);
}

static int
put_standing(struct store *store, const struct store_verification *v, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_stands, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, v->backup_id);
	store_bind_int(st, 2, v->location_id);
	lend_text(st, 3, record_word(RECORD_LIST_VERDICT, v->verdict));
	lend_text(st, 4, record_word(RECORD_LIST_LEVEL, v->level));
	lend_text(st, 5, v->reason);
	store_bind_time(st, 6, v->at);
	lend_text(st, 7, v->record);
	return store_run_stmt(store, st, err);
}

static void
bind_profile(sqlite3_stmt *st, const struct store_verification *v)
{
	store_bind_text(st, 10, v->profile.codec);
	store_bind_text(st, 11, v->profile.format);
	store_bind_int(st, 12, v->profile.entropy);
	store_bind_int(st, 13, v->profile.rewritten);
	store_bind_int(st, 14, v->tampering);
}

static int
put_state(struct store *store, const struct store_verification *v, struct err *err)
{
	bool error = v->verdict == RECORD_VERDICT_ERROR;
	sqlite3_stmt *st = store_stmt(store, error ? sql_put_error : sql_put_state, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, v->backup_id);
	if (error)
		store_bind_time(st, 2, v->at);
	for (int i = 0; !error && i < STORE_VERIFY_METHODS; i++) {
		if (v->methods[i] == RECORD_VERDICT_NONE || v->methods[i] == RECORD_VERDICT_ERROR)
			continue;
		lend_text(st, 2 + 2 * i, record_word(RECORD_LIST_VERDICT, v->methods[i]));
		store_bind_time(st, 3 + 2 * i, v->at);
	}
	if (!error && v->has_profile)
		bind_profile(st, v);
	return store_run_stmt(store, st, err);
}

static int
put_baseline(struct store *store, const struct store_verification *v, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_put_baseline, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, v->backup_id);
	lend_text(st, 2, v->algorithm);
	lend_text(st, 3, v->digest);
	store_bind_int(st, 4, (int64_t)v->size);
	store_bind_int(st, 5, v->mtime);
	store_bind_int(st, 6, v->mtime_nsec);
	store_bind_time(st, 7, v->at);
	lend_text(st, 8, v->source);
	return store_run_stmt(store, st, err);
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
store_verify_put(struct store *store, const struct store_verification *v, struct err *err)
{
	if (put_row(store, v, err) < 0 || put_state(store, v, err) < 0)
		return -1;
	/* What a person accepts replaces what was known under every algorithm. */
	if (v->algorithm && !strcmp(v->source, "accepted") &&
	    forget_baselines(store, v->backup_id, err) < 0)
		return -1;
	if (v->algorithm && put_baseline(store, v, err) < 0)
		return -1;
	if (v->same_content && store_add_reason(store, v->backup_id, "same_content", err) < 0)
		return -1;
	return v->stands && v->verdict != RECORD_VERDICT_ERROR ? put_standing(store, v, err) : 0;
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
