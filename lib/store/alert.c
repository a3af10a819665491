// What is open, what exactly is wrong in it, and what is acknowledged.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

#define ALERT_COLUMNS                                                                              \
	"fingerprint, kind, severity, host, location, series, command, path, state, episode,"      \
	" since, opened, seen, failures, notified, escalated, resolved, acked_at, acked_by,"       \
	" acked_why, reasons, summary, detail"

static const char sql_find[] = "SELECT " ALERT_COLUMNS " FROM alert WHERE fingerprint = ?1";
static const char sql_in_state[] =
    "SELECT " ALERT_COLUMNS " FROM alert WHERE state = ?1 ORDER BY opened, fingerprint";
static const char sql_unresolved[] =
    "SELECT " ALERT_COLUMNS " FROM alert WHERE state IN ('pending', 'open')"
    " ORDER BY opened, fingerprint";
static const char sql_by_prefix[] =
    "SELECT " ALERT_COLUMNS " FROM alert WHERE state = 'open'"
    " AND substr(fingerprint, 1, length(?1)) = ?1 ORDER BY fingerprint LIMIT 2";
static const char sql_put[] =
    "INSERT INTO alert (" ALERT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
    " ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)"
    " ON CONFLICT (fingerprint) DO UPDATE SET severity = excluded.severity,"
    " path = excluded.path, state = excluded.state, episode = excluded.episode,"
    " since = excluded.since, opened = excluded.opened, seen = excluded.seen,"
    " failures = excluded.failures, notified = excluded.notified,"
    " escalated = excluded.escalated, resolved = excluded.resolved,"
    " acked_at = excluded.acked_at, acked_by = excluded.acked_by,"
    " acked_why = excluded.acked_why, reasons = excluded.reasons,"
    " summary = excluded.summary, detail = excluded.detail";
static const char sql_ack[] = "UPDATE alert SET acked_at = ?2, acked_by = ?3, acked_why = ?4"
			      " WHERE fingerprint = ?1 AND state = 'open'";
static const char sql_members[] =
    "SELECT member, reason, since FROM alert_member WHERE fingerprint = ?1 ORDER BY member";
static const char sql_member_put[] =
    "INSERT INTO alert_member (fingerprint, member, reason, since) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (fingerprint, member) DO UPDATE SET reason = excluded.reason";
static const char sql_member_drop[] =
    "DELETE FROM alert_member WHERE fingerprint = ?1 AND member = ?2";
static const char sql_was_good[] =
    "SELECT EXISTS (SELECT 1 FROM score AS s JOIN location AS l ON l.id = s.location_id"
    " WHERE l.host = ?1 AND l.name = ?2 AND s.grade = 'good')";
static const char sql_backup[] =
    "SELECT b.state, b.status, b.accepted_at IS NOT NULL, s.verify_verdict, s.restore_verdict"
    " FROM location AS l JOIN series AS r ON r.location_id = l.id"
    " JOIN backup AS b ON b.series_id = r.id JOIN dir AS d ON d.id = b.dir_id"
    " LEFT JOIN standing AS s ON s.backup_id = b.id"
    " WHERE l.host = ?1 AND l.name = ?2 AND r.name = ?3 AND b.name = ?4 AND d.path = ?5"
    " ORDER BY b.live DESC, b.id DESC LIMIT 1";
/* Rules have given the backups of a series to others: this one to another, or all of them. */
static const char sql_elsewhere[] =
    "SELECT 1 FROM location AS l JOIN dir AS d ON d.location_id = l.id"
    " JOIN backup AS b ON b.dir_id = d.id JOIN series AS r ON r.id = b.series_id"
    " WHERE l.host = ?1 AND l.name = ?2 AND r.name <> ?3 AND b.name = ?4 AND d.path = ?5 LIMIT 1";
static const char sql_emptied[] =
    "SELECT 1 FROM location AS l JOIN series AS r ON r.location_id = l.id"
    " WHERE l.host = ?1 AND l.name = ?2 AND r.name = ?3 AND r.completed = 0"
    " AND NOT EXISTS (SELECT 1 FROM backup WHERE series_id = r.id)";
static const char sql_vanished[] =
    "SELECT b.id FROM series AS r JOIN backup AS b ON b.series_id = r.id"
    " WHERE r.location_id = ?1 AND b.live = 0 AND b.state = 'vanished' AND b.accepted_at IS NULL"
    " ORDER BY b.id";
static void
free_members(struct store_member *members, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(members[i].member);
		free(members[i].reason);
	}
	free(members);
}

void
store_alert_release(struct store_alert *a)
{
	free(a->fingerprint);
	free(a->kind);
	free(a->severity);
	free(a->host);
	free(a->location);
	free(a->series);
	free(a->command);
	free(a->path);
	free(a->state);
	free(a->acked_by);
	free(a->acked_why);
	free(a->reasons);
	free(a->summary);
	free(a->detail);
	free_members(a->members, a->member_count);
	*a = (struct store_alert){0};
}

void
store_alerts_free(struct store_alert *alerts, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		store_alert_release(&alerts[i]);
	free(alerts);
}

static char *
take_blob(sqlite3_stmt *st, int col)
{
	const void *data = sqlite3_column_blob(st, col);
	size_t len = (size_t)sqlite3_column_bytes(st, col);

	if (sqlite3_column_type(st, col) == SQLITE_NULL)
		return NULL;
	return mem_strndup(len ? data : "", len);
}

static void
read_alert(sqlite3_stmt *st, struct store_alert *a)
{
	*a = (struct store_alert){
	    .fingerprint = mem_strdup(store_text(st, 0)),
	    .kind = mem_strdup(store_text(st, 1)),
	    .severity = mem_strdup(store_text(st, 2)),
	    .host = mem_strdup(store_text(st, 3)),
	    .location = mem_strdup(store_text(st, 4)),
	    .series = mem_strdup(store_text(st, 5)),
	    .command = mem_strdup(store_text(st, 6)),
	    .path = take_blob(st, 7),
	    .state = mem_strdup(store_text(st, 8)),
	    .episode = sqlite3_column_int64(st, 9),
	    .since = sqlite3_column_int64(st, 10),
	    .opened = sqlite3_column_int64(st, 11),
	    .seen = sqlite3_column_int64(st, 12),
	    .failures = sqlite3_column_int64(st, 13),
	    .notified = store_time(st, 14),
	    .escalated = sqlite3_column_int64(st, 15),
	    .resolved = store_time(st, 16),
	    .acked_at = store_time(st, 17),
	    .acked_by = mem_strdup(store_text(st, 18)),
	    .acked_why = mem_strdup(store_text(st, 19)),
	    .reasons = mem_strdup(store_text(st, 20)),
	    .summary = mem_strdup(store_text(st, 21)),
	    .detail = mem_strdup(store_text(st, 22)),
	};
}

static int
read_members(struct store *store, struct store_alert *a, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_members, err);
	size_t cap = 0;
	int r;

	if (!st)
		return -1;
	store_bind_text(st, 1, a->fingerprint);
	while ((r = store_step(store, st, err)) > 0) {
		MEM_GROW(a->members, a->member_count, cap);
		a->members[a->member_count++] = (struct store_member){
		    .member = take_blob(st, 0),
		    .reason = mem_strdup(store_text(st, 1)),
		    .since = sqlite3_column_int64(st, 2),
		};
	}
	store_reset(st);
	return r;
}

int
store_alerts(struct store *store, const char *state, struct store_alert **ret_alerts,
    size_t *ret_count, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, state ? sql_in_state : sql_unresolved, err);
	struct store_alert *alerts = NULL;
	size_t count = 0, cap = 0, i;
	int r;

	if (!st)
		return -1;
	if (state)
		store_bind_text(st, 1, state);
	while ((r = store_step(store, st, err)) > 0) {
		MEM_GROW(alerts, count, cap);
		read_alert(st, &alerts[count++]);
	}
	store_reset(st);
	for (i = 0; r == 0 && i < count; i++)
		r = read_members(store, &alerts[i], err);
	if (r < 0) {
		store_alerts_free(alerts, count);
		return -1;
	}
	*ret_alerts = alerts;
	*ret_count = count;
	return 0;
}

int
store_alert_find(
    struct store *store, const char *fingerprint, struct store_alert *ret_alert, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_find, err);
	struct store_alert alert;
	int r;

	if (!st)
		return -1;
	store_bind_text(st, 1, fingerprint);
	r = store_step(store, st, err);
	if (r > 0)
		read_alert(st, &alert);
	store_reset(st);
	if (r <= 0)
		return r;
	if (read_members(store, &alert, err) < 0) {
		store_alert_release(&alert);
		return -1;
	}
	*ret_alert = alert;
	return 1;
}

static int
put_member(struct store *store, const char *fingerprint, const struct store_member *member,
    struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_member_put, err);

	if (!st)
		return -1;
	store_bind_text(st, 1, fingerprint);
	store_bind_blob(st, 2, member->member, strlen(member->member));
	store_bind_text(st, 3, member->reason);
	store_bind_int(st, 4, member->since);
	return store_run_stmt(store, st, err);
}

static int
drop_member(struct store *store, const char *fingerprint, const char *member, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_member_drop, err);

	if (!st)
		return -1;
	store_bind_text(st, 1, fingerprint);
	store_bind_blob(st, 2, member, strlen(member));
	return store_run_stmt(store, st, err);
}

/* The table becomes what the struct has; both sides are sorted by member, so one pass will do. */
static int
put_members(struct store *store, const struct store_alert *a, struct err *err)
{
	struct store_alert old = {.fingerprint = a->fingerprint};
	size_t i = 0, j = 0;
	int r = read_members(store, &old, err), order;

	while (r == 0 && (i < a->member_count || j < old.member_count)) {
		if (i == a->member_count)
			order = 1;
		else if (j == old.member_count)
			order = -1;
		else
			order = strcmp(a->members[i].member, old.members[j].member);
		if (order > 0)
			r = drop_member(store, a->fingerprint, old.members[j].member, err);
		else if (order < 0 || strcmp(a->members[i].reason, old.members[j].reason) != 0)
			r = put_member(store, a->fingerprint, &a->members[i], err);
		if (order <= 0)
			i++;
		if (order >= 0)
			j++;
	}
	free_members(old.members, old.member_count);
	return r;
}

int
store_alert_put(struct store *store, const struct store_alert *a, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_put, err);

	if (!st)
		return -1;
	store_bind_text(st, 1, a->fingerprint);
	store_bind_text(st, 2, a->kind);
	store_bind_text(st, 3, a->severity);
	store_bind_text(st, 4, a->host);
	store_bind_text(st, 5, a->location);
	store_bind_text(st, 6, a->series);
	store_bind_text(st, 7, a->command);
	if (a->path)
		store_bind_blob(st, 8, a->path, strlen(a->path));
	store_bind_text(st, 9, a->state);
	store_bind_int(st, 10, a->episode);
	store_bind_int(st, 11, a->since);
	store_bind_int(st, 12, a->opened);
	store_bind_int(st, 13, a->seen);
	store_bind_int(st, 14, a->failures);
	store_bind_time(st, 15, a->notified);
	store_bind_int(st, 16, a->escalated);
	store_bind_time(st, 17, a->resolved);
	store_bind_time(st, 18, a->acked_at);
	store_bind_text(st, 19, a->acked_by);
	store_bind_text(st, 20, a->acked_why);
	store_bind_text(st, 21, a->reasons);
	store_bind_text(st, 22, a->summary);
	store_bind_text(st, 23, a->detail);
	if (store_run_stmt(store, st, err) < 0)
		return -1;
	return put_members(store, a, err);
}

/* The open alert that prefix means; its row is read inside the caller's transaction. */
static int
find_by_prefix(
    struct store *store, const char *prefix, struct store_alert *ret_alert, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_by_prefix, err);
	struct store_alert alert = {0};
	int r;

	if (!st)
		return -1;
	store_bind_text(st, 1, prefix);
	r = store_step(store, st, err);
	if (r > 0) {
		read_alert(st, &alert);
		r = store_step(store, st, err);
		if (r > 0)
			r = err_set(err, ERR_USAGE, "several open alerts begin with '%s'", prefix);
	} else if (r == 0) {
		r = err_set(err, ERR_NOT_FOUND,
		    "no open alert has the fingerprint '%s'; bkm-alert --list shows what is open",
		    prefix);
	}
	store_reset(st);
	if (r < 0)
		store_alert_release(&alert);
	else
		*ret_alert = alert;
	return r;
}

int
store_alert_ack(struct store *store, const char *prefix, int64_t now, const char *by,
    const char *why, struct store_alert *ret_alert, struct err *err)
{
	struct store_alert alert = {0};
	sqlite3_stmt *st;

	if (store_begin(store, err) < 0)
		return -1;
	if (find_by_prefix(store, prefix, &alert, err) < 0)
		goto fail;
	st = store_stmt(store, sql_ack, err);
	if (!st)
		goto fail;
	store_bind_text(st, 1, alert.fingerprint);
	store_bind_int(st, 2, now);
	store_bind_text(st, 3, by);
	store_bind_text(st, 4, why);
	if (store_run_stmt(store, st, err) < 0 || store_commit(store, err) < 0)
		goto fail;
	alert.acked_at = now;
	*ret_alert = alert;
	return 0;
fail:
	store_rollback(store);
	store_alert_release(&alert);
	return -1;
}

int
store_alert_was_good(struct store *store, const char *host, const char *location, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_was_good, err);
	int r;

	if (!st)
		return -1;
	store_bind_text(st, 1, host);
	store_bind_text(st, 2, location);
	r = store_step(store, st, err);
	if (r > 0)
		r = sqlite3_column_int(st, 0);
	store_reset(st);
	return r;
}

static void
take_word(sqlite3_stmt *st, int col, char out[16])
{
	const char *word = store_text(st, col);

	(void)snprintf(out, 16, "%s", word ? word : "");
}

/* A row of a query about a backup or, with path NULL, about its series. 1, 0, -1. */
static int
ask(struct store *store, const char *sql, const char *host, const char *location,
    const char *series, const char *rel, sqlite3_stmt **ret_st, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql, err);
	const char *name;

	if (!st)
		return -1;
	store_bind_text(st, 1, host);
	store_bind_text(st, 2, location);
	store_bind_text(st, 3, series);
	if (rel) {
		name = path_base(rel);
		store_bind_blob(st, 4, name, strlen(name));
		store_bind_blob(st, 5, rel, name > rel ? (size_t)(name - rel - 1) : 0);
	}
	*ret_st = st;
	return store_step(store, st, err);
}

int
store_alert_backup(struct store *store, const char *host, const char *location, const char *series,
    const char *path, struct store_alert_backup *ret_backup, struct err *err)
{
	struct store_location loc = {0};
	const char *rel = NULL;
	sqlite3_stmt *st = NULL;
	int r = store_location_find(store, host, location, &loc, err);

	if (r <= 0)
		return r;
	r = 0;
	if (*path && !path_is_below(path, loc.path))
		goto out;
	if (*path) {
		rel = path + strlen(loc.path);
		rel += strspn(rel, "/");
		r = ask(store, sql_backup, host, location, series, rel, &st, err);
	}
	if (r > 0) {
		take_word(st, 0, ret_backup->state);
		take_word(st, 1, ret_backup->status);
		ret_backup->accepted = sqlite3_column_int(st, 2) != 0;
		take_word(st, 3, ret_backup->verify);
		take_word(st, 4, ret_backup->restore);
	} else if (r == 0) {
		if (st)
			store_reset(st);
		r = ask(store, rel ? sql_elsewhere : sql_emptied, host, location, series, rel, &st,
		    err);
		if (r > 0)
			*ret_backup = (struct store_alert_backup){.state = "expired"};
	}
	if (st)
		store_reset(st);
out:
	store_location_release(&loc);
	return r;
}

int
store_alert_vanished(
    struct store *store, int64_t location_id, int64_t **ret_ids, size_t *ret_count, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_vanished, err);
	int64_t *ids = NULL;
	size_t count = 0, cap = 0;
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, location_id);
	while ((r = store_step(store, st, err)) > 0) {
		MEM_GROW(ids, count, cap);
		ids[count++] = sqlite3_column_int64(st, 0);
	}
	store_reset(st);
	if (r < 0) {
		free(ids);
		return -1;
	}
	*ret_ids = ids;
	*ret_count = count;
	return 0;
}
