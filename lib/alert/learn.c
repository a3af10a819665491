// What a record says about its subject: which evidence is bad, which is good, which is none.
#include <stdlib.h>
#include <string.h>

#include "alert/alert_private.h"

static const char *
str_or(const char *s, const char *other)
{
	return s ? s : other;
}

static const char *
first_reason(struct record *rec, const char *name, const char *other)
{
	size_t pos = 0;

	return str_or(record_next_str(rec, name, &pos), other);
}

static void
note_point(struct alert_point *point, const char *path, int64_t time, int64_t size)
{
	if (!path || (point->time != CLOCK_NONE && point->time > time))
		return;
	alert_set(&point->path, path);
	point->time = time;
	point->size = size;
}

/* When the backup was made, as freshness sees it. */
static int64_t
time_of(struct record *rec)
{
	int64_t mtime = CLOCK_NONE, seen = CLOCK_NONE;

	(void)record_time(rec, "mtime", &mtime);
	(void)record_time(rec, "first_seen", &seen);
	if (mtime == CLOCK_NONE || (seen != CLOCK_NONE && seen < mtime))
		return seen;
	return mtime;
}

static void
mention(struct alert_evidence *ev, const char *host, const char *location)
{
	if (location)
		alert_group_get(ev, host, location, NULL, NULL)->mentioned = true;
}

static void
learn_verdict(struct alert_entry *entry, struct alert_point *point, struct record *rec,
    const char *path, const char *const names[3])
{
	const char *verdict = record_str(rec, names[0]);
	int64_t size = -1;

	if (!verdict || !entry)
		return; /* never looked at: no evidence either way */
	if (strcmp(verdict, "pass") == 0) {
		alert_entry_good(entry, path, false);
		(void)record_int(rec, "size", &size);
		note_point(point, path, time_of(rec), size);
	} else if (strcmp(verdict, "fail") == 0) {
		const char *reason = str_or(record_str(rec, names[1]), "failed");

		/* That its series is late is told once, as a failure of the backups. */
		if (strcmp(reason, "stale") != 0)
			alert_entry_bad(entry, path, reason, RECORD_SEVERITY_CRITICAL,
			    record_str(rec, names[2]));
	}
	/* error and skip answer nothing: what was known stands */
}

static void
learn_backup(struct alert_evidence *ev, struct record *rec)
{
	static const char *const verification[] = {
	    "verification.verdict", "verification.reason", "verification.message"};
	static const char *const restore[] = {
	    "restore.verdict", "restore.reason", "restore.message"};
	const char *host = record_str(rec, "host"), *location = record_str(rec, "location");
	const char *series = record_str(rec, "series"), *path = record_path(rec);
	const char *state = str_or(record_str(rec, "state"), "");
	const char *status = str_or(record_str(rec, "status"), "");
	struct alert_entry *backup, *verify, *drill;
	struct alert_group *g;
	int64_t size = -1;

	if (!path)
		return;
	mention(ev, host, location);
	g = alert_group_get(ev, host, location, str_or(series, path), NULL);
	backup = alert_entry_get(ev, g, RECORD_ALERT_BACKUP_FAILURE);
	verify = alert_entry_get(ev, g, RECORD_ALERT_VERIFICATION_FAILURE);
	drill = alert_entry_get(ev, g, RECORD_ALERT_RESTORE_FAILURE);

	if (strcmp(state, "expired") == 0) {
		alert_entry_good(backup, path, true);
		alert_entry_good(verify, path, true);
		alert_entry_good(drill, path, true);
		return;
	}
	if (strcmp(status, "failed") == 0) {
		alert_entry_bad(backup, path, first_reason(rec, "reasons", "failed"),
		    RECORD_SEVERITY_CRITICAL, NULL);
	} else if (strcmp(status, "ok") == 0 && strcmp(state, "growing") != 0) {
		alert_entry_good(backup, path, false);
		if (strcmp(state, "vanished") != 0) {
			(void)record_int(rec, "size", &size);
			note_point(&g->newest, path, time_of(rec), size);
		}
	}
	if (strcmp(state, "vanished") == 0) {
		/* What its content was no longer matters; that it is gone is the backup's failure. */
		alert_entry_good(verify, path, true);
		alert_entry_good(drill, path, true);
		return;
	}
	learn_verdict(verify, &g->verified, rec, path, verification);
	learn_verdict(drill, &g->restored, rec, path, restore);
}

static void
learn_series(struct alert_evidence *ev, struct record *rec)
{
	const char *host = record_str(rec, "host"), *location = record_str(rec, "location");
	const char *series = record_str(rec, "series");
	const char *status = str_or(record_str(rec, "status"), "");
	struct alert_entry *entry;
	struct alert_group *g;
	int64_t time = CLOCK_NONE, size = -1;

	if (!series)
		return;
	mention(ev, host, location);
	g = alert_group_get(ev, host, location, series, NULL);
	entry = alert_entry_get(ev, g, RECORD_ALERT_BACKUP_FAILURE);
	alert_set(&g->status, status);
	alert_set(&g->schedule, record_str(rec, "schedule"));
	g->due = CLOCK_NONE;
	(void)record_time(rec, "due", &g->due);
	(void)record_time(rec, "newest.mtime", &time);
	(void)record_int(rec, "newest.size", &size);
	note_point(&g->newest, record_path_of(rec, "newest.path"), time, size);
	if (strcmp(status, "late") == 0)
		alert_entry_bad(entry, "", "late", RECORD_SEVERITY_WARNING, NULL);
	else if (strcmp(status, "missing") == 0)
		alert_entry_bad(entry, "", "missing", RECORD_SEVERITY_CRITICAL, NULL);
	else if (strcmp(status, "fresh") == 0 || strcmp(status, "unscheduled") == 0)
		alert_entry_good(entry, "", false);
	/* due and unknown: neither in time nor late */
}

static void
learn_location(struct alert_evidence *ev, struct record *rec)
{
	const char *host = record_str(rec, "host"), *location = record_str(rec, "location");
	const char *status = str_or(record_str(rec, "status"), "");
	const struct alert_options *o = &ev->options;
	struct alert_entry *entry;
	struct alert_group *g;

	if (!location)
		return;
	mention(ev, host, location);
	g = alert_group_get(ev, host, location, NULL, NULL);
	entry = alert_entry_get(ev, g, RECORD_ALERT_BACKUP_FAILURE);
	alert_set(&g->status, status);
	if (strcmp(status, "unreachable") == 0)
		alert_entry_bad(entry, "", "unreachable", RECORD_SEVERITY_CRITICAL,
		    first_reason(rec, "reasons", NULL));
	else if (strcmp(status, "empty") == 0 &&
	    (!o->empty_fails || o->empty_fails(o->ctx, g->host, location)))
		alert_entry_bad(entry, "", "empty", RECORD_SEVERITY_CRITICAL, NULL);
	else if (strcmp(status, "ok") == 0 || strcmp(status, "degraded") == 0)
		alert_entry_good(entry, "", false);
}

/* Missing evidence withholds good news; it never makes bad news. */
static bool
is_missing_evidence(const char *cap)
{
	static const char *const words[] = {"never_verified", "never_restored",
	    "no_complete_backup", "scan_too_old", "location_unknown", "never_scanned"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i], cap) == 0)
			return true;
	return false;
}

/* Does a warning grade rest on more than things nobody has looked at yet? Without a cap it is the
 * mean itself that is below good. */
static bool
is_bad_warning(struct record *rec)
{
	const char *cap;
	size_t pos = 0, caps = 0;

	for (; (cap = record_next_str(rec, "capped_by", &pos)); caps++)
		if (!is_missing_evidence(cap))
			return true;
	return caps == 0;
}

/* The caps of the record that are words of ours, as a JSON array; free(). */
static char *
known_caps(struct record *rec)
{
	struct buf out = BUF_INIT;
	struct json j;
	const char *cap;
	size_t pos = 0;

	json_init(&j, &out);
	json_array(&j, NULL);
	while ((cap = record_next_str(rec, "capped_by", &pos)))
		if (record_word_find(RECORD_LIST_CAP, cap))
			json_str(&j, NULL, cap);
	json_array_end(&j);
	return buf_take(&out);
}

static void
learn_score(struct alert_evidence *ev, struct record *rec)
{
	const char *location = record_str(rec, "location");
	const char *grade = str_or(record_str(rec, "grade"), "");
	const char *previous = str_or(record_str(rec, "previous_grade"), "");
	const struct alert_options *o = &ev->options;
	struct alert_entry *entry;
	struct alert_group *g;
	bool was_good;

	if (!location)
		return; /* the score over all is never worse than its worst location */
	g = alert_group_get(ev, record_str(rec, "host"), location, NULL, NULL);
	entry = alert_entry_get(ev, g, RECORD_ALERT_HEALTH_DEGRADATION);
	alert_set(&g->grade, grade);
	g->score = -1;
	(void)record_real(rec, "score", &g->score);
	free(g->caps);
	g->caps = known_caps(rec);
	was_good = strcmp(previous, "good") == 0 || (o->was_good && o->was_good(o->ctx, location));
	alert_set(&g->last_grade, was_good ? "good" : NULL);
	if (strcmp(grade, "critical") == 0)
		alert_entry_bad(entry, "", was_good ? "grade_dropped" : "below_good",
		    RECORD_SEVERITY_CRITICAL, NULL);
	else if (strcmp(grade, "warning") == 0 && was_good)
		alert_entry_bad(entry, "", "grade_dropped", RECORD_SEVERITY_WARNING, NULL);
	else if (strcmp(grade, "warning") == 0 && is_bad_warning(rec))
		alert_entry_bad(entry, "", "below_good", RECORD_SEVERITY_WARNING, NULL);
	else if (strcmp(grade, "good") == 0 || strcmp(grade, "warning") == 0)
		alert_entry_good(entry, "", false);
}

static void
learn_error(struct alert_evidence *ev, struct record *rec)
{
	const char *host = record_str(rec, "host"), *location = record_str(rec, "location");
	const char *command = record_str(rec, "command"), *path = record_path(rec);
	const char *reason = str_or(record_str(rec, "reason"), "other");
	struct alert_group *g;

	if (!command || strcmp(command, "bkm-alert") == 0 || strcmp(reason, "dead_stage") == 0)
		return; /* those have ways of their own */
	alert_group_get(ev, host, NULL, NULL, command)->told_errors = true;
	g = alert_group_get(ev, host, location, NULL, command);
	alert_entry_bad(alert_entry_get(ev, g, RECORD_ALERT_MONITOR_FAILURE),
	    path ? path : ALERT_MEMBER_STAGE, "trouble", RECORD_SEVERITY_WARNING,
	    str_or(record_str(rec, "message"), reason));
}

static void
learn_run(struct alert_evidence *ev, struct record *rec)
{
	const char *command = record_str(rec, "command"), *phase = record_str(rec, "phase");
	struct alert_group *g;
	int64_t errors = 0;

	if (!command || !phase || strcmp(phase, "end") != 0)
		return;
	g = alert_group_get(ev, record_str(rec, "host"), NULL, NULL, command);
	(void)record_int(rec, "errors", &errors);
	g->ended_clean = (!g->ended || g->ended_clean) && errors == 0;
	g->ended = true;
	g->errors += errors;
}

int
alert_evidence_add(struct alert_evidence *ev, struct record *rec, struct err *err)
{
	(void)err;
	switch (rec->kind) {
	case RECORD_BACKUP:
		learn_backup(ev, rec);
		break;
	case RECORD_SERIES:
		learn_series(ev, rec);
		break;
	case RECORD_LOCATION:
		learn_location(ev, rec);
		break;
	case RECORD_SCORE:
		learn_score(ev, rec);
		break;
	case RECORD_ERROR:
		learn_error(ev, rec);
		break;
	case RECORD_RUN:
		learn_run(ev, rec);
		break;
	case RECORD_OTHER:
	case RECORD_REPORT:
	case RECORD_ALERT:
		break;
	}
	return 0;
}

int
alert_evidence_stage(struct alert_evidence *ev, const char *host, const char *command,
    const char *reason, int64_t since, struct err *err)
{
	struct alert_group *g = alert_group_get(ev, host, NULL, NULL, command);
	struct alert_entry *entry = alert_entry_get(ev, g, RECORD_ALERT_MONITOR_FAILURE);

	(void)err;
	g->started = since;
	if (!reason) {
		alert_entry_good(entry, "", false);
		return 0;
	}
	alert_entry_bad(entry, "", reason, RECORD_SEVERITY_CRITICAL, NULL);
	ev->died += strcmp(reason, "stage_died") == 0;
	return 0;
}

/* A stage that came to its end without an error had no trouble with anything that passed. */
static void
conclude_trouble(struct alert_evidence *ev, struct alert_group *g)
{
	struct alert_entry *entry = g->entry[RECORD_ALERT_MONITOR_FAILURE];
	struct alert_group *stage;
	size_t i;

	if (!entry || !entry->expected_count || entry->fault_count)
		return;
	stage = alert_group_get(ev, g->host, NULL, NULL, g->command);
	if (!stage->ended_clean)
		return;
	if (g->location && !alert_group_get(ev, g->host, g->location, NULL, NULL)->mentioned)
		return;
	for (i = 0; i < entry->expected_count; i++)
		if (entry->expected[i].member[0])
			alert_entry_good(entry, entry->expected[i].member, false);
}

int
alert_evidence_end(struct alert_evidence *ev, struct err *err)
{
	struct alert_group *g;
	struct alert_entry *entry;
	struct buf note = BUF_INIT;
	size_t i, count = ev->group_count;

	(void)err;
	for (i = 0; i < count; i++) {
		g = ev->groups[i];
		if (!g->command)
			continue;
		if (!g->location && g->ended) {
			entry = alert_entry_get(ev, g, RECORD_ALERT_MONITOR_FAILURE);
			alert_entry_good(entry, "", false);
			if (g->errors > ev->died && !g->told_errors) {
				buf_clear(&note);
				buf_printf(&note, "%lld part%s of the work could not be done",
				    (long long)g->errors, g->errors == 1 ? "" : "s");
				alert_entry_bad(entry, ALERT_MEMBER_STAGE, "trouble",
				    RECORD_SEVERITY_WARNING, note.data);
			}
		}
		conclude_trouble(ev, g);
	}
	buf_release(&note);
	return 0;
}

/* A path of a backup, or "" for the series itself. */
static int
look_up(struct alert_entry *entry, struct alert_expected *expected,
    int (*fn)(void *ctx, struct alert_lookup *lookup, struct err *err), void *ctx, struct err *err)
{
	const struct alert_group *g = entry->group;
	struct alert_lookup lookup = {
	    .host = g->host,
	    .location = g->location,
	    .series = g->series,
	    .path = expected->member,
	};
	const char *verdict;

	if (fn(ctx, &lookup, err) < 0)
		return -1;
	if (!lookup.state)
		return 0;
	if (strcmp(lookup.state, "expired") == 0) {
		alert_entry_good(entry, expected->member, true);
		return 0;
	}
	if (entry->kind == RECORD_ALERT_BACKUP_FAILURE) {
		if (lookup.status && strcmp(lookup.status, "ok") == 0 &&
		    strcmp(lookup.state, "growing") != 0)
			alert_entry_good(entry, expected->member, false);
		return 0;
	}
	verdict = entry->kind == RECORD_ALERT_RESTORE_FAILURE ? lookup.restore : lookup.verify;
	if (strcmp(lookup.state, "vanished") == 0)
		alert_entry_good(entry, expected->member, true);
	else if (verdict && strcmp(verdict, "pass") == 0)
		alert_entry_good(entry, expected->member, false);
	return 0;
}

int
alert_evidence_unseen(struct alert_evidence *ev,
    int (*fn)(void *ctx, struct alert_lookup *lookup, struct err *err), void *ctx, struct err *err)
{
	static const enum record_alert kinds[] = {RECORD_ALERT_BACKUP_FAILURE,
	    RECORD_ALERT_VERIFICATION_FAILURE, RECORD_ALERT_RESTORE_FAILURE};
	struct alert_entry *entry;
	size_t i, k, m;

	for (i = 0; i < ev->group_count; i++) {
		for (k = 0; k < ARRAY_LEN(kinds); k++) {
			entry = ev->groups[i]->entry[kinds[k]];
			for (m = 0; entry && m < entry->expected_count; m++)
				if (entry->expected[m].seen == ALERT_UNSEEN &&
				    look_up(entry, &entry->expected[m], fn, ctx, err) < 0)
					return -1;
		}
	}
	return 0;
}
