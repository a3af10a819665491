// The history of a series as signals of tampering are judged by: profiles, what went, what came instead.
#include <string.h>

#include "record/record.h"
#include "store/store_private.h"

#define LATELY (2 * (int64_t)CLOCK_DAY)

static const char sql_profiles[] =
    "SELECT v.codec, v.format, v.entropy, v.rewritten FROM backup AS b"
    " JOIN verify_state AS v ON v.backup_id = b.id WHERE b.series_id = ?1 AND b.id <> ?2"
    " AND v.content_verdict IN ('pass', 'skip') AND v.format IS NOT NULL"
    " AND coalesce(v.tampering, 0) = 0 ORDER BY b.time DESC, b.id DESC LIMIT ?3";

/* An older generation of its series, settled for a day, stood at its path until the scan that first
 * saw it. */
static const char sql_rewritten[] =
    "SELECT EXISTS (SELECT 1 FROM backup AS p WHERE p.dir_id = b.dir_id AND p.name = b.name"
    " AND p.live = 0 AND p.gone_at = b.first_seen AND p.completed_at IS NOT NULL"
    " AND p.time <= b.first_seen - 86400 AND EXISTS (SELECT 1 FROM backup AS q"
    " WHERE q.series_id = b.series_id AND q.time > p.time AND q.id <> b.id"
    " AND q.first_seen < b.first_seen AND q.completed_at IS NOT NULL))"
    " FROM backup AS b WHERE b.id = ?1";

/* What went from its directory when it came, with its name but for the last extension. */
static const char sql_origin[] =
    "SELECT p.series_id, b.series_id, b.first_seen FROM backup AS b JOIN backup AS p"
    " ON p.dir_id = b.dir_id AND p.live = 0 AND p.name >= ?2 AND p.name < ?4"
    " AND (p.name = ?2 OR p.name > ?3)"
    " WHERE b.id = ?1 AND p.gone_at = b.first_seen AND p.completed_at IS NOT NULL LIMIT 1";
static const char sql_came[] =
    "SELECT count(*) FROM backup WHERE series_id = ?1 AND first_seen = ?2 AND live = 1";
static const char sql_went[] =
    "SELECT p.gone_at, count(*) FROM backup AS p WHERE p.series_id = ?1"
    " AND p.live = 0 AND p.completed_at IS NOT NULL"
    " AND p.gone_at IS NOT NULL AND p.accepted_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM backup AS q WHERE q.dir_id = p.dir_id"
    " AND q.name = p.name AND q.live = 1 AND q.first_seen = p.gone_at)"
    " AND NOT EXISTS (SELECT 1 FROM backup AS q WHERE q.dir_id = p.dir_id"
    " AND q.name = p.name AND q.live = 0 AND q.first_seen = p.gone_at)"
    " GROUP BY p.gone_at";
static const char sql_left[] = "SELECT count FROM series WHERE id = ?1";

static const char sql_digests[] =
    "SELECT l.digest FROM backup AS b JOIN baseline AS l ON l.backup_id = b.id AND l.algorithm = ?2"
    " WHERE b.series_id = ?1 AND b.id <> ?3 AND b.completed_at IS NOT NULL"
    " ORDER BY b.time DESC, b.id DESC LIMIT ?4";

int
store_profiles(struct store *store, int64_t series_id, int64_t except_id,
    struct store_profile *profiles, size_t max, size_t *ret_count, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_profiles, err);
	size_t n = 0;
	int r = 0;
	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	store_bind_int(st, 2, except_id);
	store_bind_int(st, 3, (int64_t)max);
	while (n < max && (r = store_step(store, st, err)) > 0) {
		struct store_profile *p = &profiles[n++];
		const char *codec = store_text(st, 0), *format = store_text(st, 1);
		snprintf(p->codec, sizeof(p->codec), "%s", codec ? codec : "");
		snprintf(p->format, sizeof(p->format), "%s", format ? format : "");
		p->entropy = (unsigned)sqlite3_column_int(st, 2);
		p->rewritten = sqlite3_column_int(st, 3) != 0;
	}
	store_reset(st);
	*ret_count = n;
	return r < 0 ? -1 : 0;
}

int
store_rewritten(struct store *store, int64_t backup_id, bool *ret_rewritten, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_rewritten, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, backup_id);
	int r = store_step(store, st, err);
	*ret_rewritten = r > 0 && sqlite3_column_int(st, 0) != 0;
	store_reset(st);
	return r < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------- what went */

static int
number(struct store *store, const char *sql, int64_t a, int64_t b, uint64_t *ret, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, a);
	if (sqlite3_bind_parameter_count(st) > 1)
		store_bind_int(st, 2, b);
	int r = store_step(store, st, err);
	*ret = r > 0 ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
	store_reset(st);
	return r < 0 ? -1 : 0;
}

/* How many went at once: lately, at most, and before; and in the scan of that time. */
static int
count_gone(struct store *store, int64_t series_id, int64_t now, int64_t at, struct store_gone *g,
    uint64_t *ret_then, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_went, err);
	int r;
	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	*ret_then = 0;
	while ((r = store_step(store, st, err)) > 0) {
		int64_t gone_at = sqlite3_column_int64(st, 0);
		uint64_t n = (uint64_t)sqlite3_column_int64(st, 1);
		uint64_t *most = gone_at > now - LATELY ? &g->lately : &g->before;
		*most = n > *most ? n : *most;
		if (gone_at == at)
			*ret_then = n;
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}

/* The series of what stood there under another extension; 0: none. */
static int
find_origin(struct store *store, int64_t backup_id, const char *name, int64_t *ret_origin,
    int64_t *ret_series, int64_t *ret_at, struct err *err)
{
	const char *dot = strrchr(name, '.');
	*ret_origin = *ret_series = *ret_at = 0;
	if (!dot || dot == name)
		return 0;
	sqlite3_stmt *st = store_stmt(store, sql_origin, err);
	if (!st)
		return -1;
	struct buf from = BUF_INIT, to = BUF_INIT;
	size_t len = (size_t)(dot - name);
	buf_add(&from, name, len + 1);
	buf_add(&to, name, len);
	buf_char(&to, '/'); /* follows the dot */
	store_bind_int(st, 1, backup_id);
	store_bind_blob(st, 2, name, len);
	store_bind_blob(st, 3, from.data, from.len);
	store_bind_blob(st, 4, to.data, to.len);
	int r = store_step(store, st, err);
	if (r > 0) {
		*ret_origin = sqlite3_column_int64(st, 0);
		*ret_series = sqlite3_column_int64(st, 1);
		*ret_at = sqlite3_column_int64(st, 2);
	}
	store_reset(st);
	buf_release(&from);
	buf_release(&to);
	return r < 0 ? -1 : 0;
}

int
store_gone(struct store *store, int64_t backup_id, int64_t series_id, const char *name, int64_t now,
    struct store_gone *ret_gone, struct err *err)
{
	struct store_gone g = {.series_id = series_id};
	int64_t origin, own, at;
	uint64_t then = 0, came = 0;
	if (find_origin(store, backup_id, name, &origin, &own, &at, err) < 0)
		return -1;
	if (origin && origin != own)
		g.series_id = origin;
	if (count_gone(store, g.series_id, now, at, &g, &then, err) < 0 ||
	    number(store, sql_left, g.series_id, 0, &g.left, err) < 0)
		return -1;
	if (g.series_id != series_id) {
		if (number(store, sql_came, own, at, &came, err) < 0)
			return -1;
		g.renamed = came < then ? came : then;
	}
	*ret_gone = g;
	return 0;
}

/* ---------------------------------------------------------------- the same content */

int
store_digests(struct store *store, int64_t series_id, int64_t except_id, const char *algorithm,
    char (*digests)[STORE_DIGEST_HEX], size_t max, size_t *ret_count, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_digests, err);
	size_t n = 0;
	int r = 0;
	if (!st)
		return -1;
	store_bind_int(st, 1, series_id);
	store_bind_text(st, 2, algorithm);
	store_bind_int(st, 3, except_id);
	store_bind_int(st, 4, (int64_t)max);
	while (n < max && (r = store_step(store, st, err)) > 0)
		snprintf(digests[n++], STORE_DIGEST_HEX, "%s", store_text(st, 0));
	store_reset(st);
	*ret_count = n;
	return r < 0 ? -1 : 0;
}

int
store_add_reason(struct store *store, int64_t backup_id, const char *word, struct err *err)
{
	static const char sql[] =
	    "UPDATE backup SET reasons = CASE WHEN reasons IS NULL THEN '[\"' || ?2 || '\"]'"
	    " ELSE substr(reasons, 1, length(reasons) - 1) || ',\"' || ?2 || '\"]' END"
	    " WHERE id = ?1 AND (reasons IS NULL OR reasons NOT LIKE '%\"' || ?2 || '\"%')";
	sqlite3_stmt *st = store_stmt(store, sql, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, backup_id);
	store_bind_text(st, 2, word);
	return store_run_stmt(store, st, err);
}
