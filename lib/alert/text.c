// An alert in words: the line for people, the facts of its messages, its record.
#include <stdlib.h>
#include <string.h>

#include "alert/alert_private.h"

#define SHOWN_MEMBERS 10
#define NAME_MAX_TEXT 120

static const char *
severity_word(enum record_severity severity)
{
	return record_word(RECORD_LIST_SEVERITY, (int)severity);
}

// A name for people: visible, and not longer than a line can bear.
static void
add_name(struct buf *out, const char *name)
{
	struct buf visible = BUF_INIT;
	size_t len, keep;

	str_add_visible(&visible, name, strlen(name));
	len = visible.len;
	if (len > NAME_MAX_TEXT) {
		for (keep = NAME_MAX_TEXT;
		     keep && ((unsigned char)visible.data[keep] & 0xc0) == 0x80;)
			keep--;
		buf_add(out, visible.data, keep);
		buf_str(out, "…");
	} else {
		buf_add(out, visible.data, len);
	}
	buf_release(&visible);
}

// "2026-11-22 02:00 UTC"
static void
add_when(struct buf *out, int64_t t)
{
	char text[CLOCK_TEXT_LEN];

	(void)clock_format(t, text);
	buf_printf(out, "%.10s %.5s UTC", text, text + 11);
}

// "'x.gz' is empty": the reasons of a failed backup as a sentence.
static const char *
phrase(const char *reason)
{
	static const struct {
		const char *reason, *phrase;
	} table[] = {
	    {"empty", "is empty"},
	    {"too_small", "is smaller than min_size"},
	    {"partial_name", "was never finished"},
	    {"stalled", "stopped growing before it was complete"},
	    {"vanished", "is gone before its retention was over"},
	    {"unreadable", "cannot be read"},
	    {"no_statement", "is a dump without a statement"},
	    {"truncated", "is truncated"},
	    {"damaged", "is damaged"},
	    {"foreign", "is not what its name promises"},
	    {"unsafe", "is unsafe to restore"},
	    {"bomb", "unpacks past the limits"},
	    {"incomplete", "lacks a part that a restore needs"},
	    {"size_mismatch", "has another size than recorded"},
	    {"timestamp_moved", "has a modification time that moved"},
	    {"bitrot", "has changed content under an unchanged time: bit rot"},
	    {"checksum_mismatch", "does not match its checksum"},
	    {"forbidden_change", "was changed although it is immutable"},
	    {"stale", "is not the newest that there should be"},
	    {"differs", "differs from the live files"},
	    {"shrunk", "lacks what its series always had"},
	    {"assertion", "does not hold what it must"},
	    {"rto_exceeded", "took too long to restore"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (strcmp(table[i].reason, reason) == 0)
			return table[i].phrase;
	return NULL;
}

// The members that are paths: how many, and the first.
static size_t
count_paths(const struct alert_row *row, const struct alert_member **ret_first)
{
	size_t n = 0;

	*ret_first = NULL;
	for (size_t i = 0; i < row->member_count; i++) {
		if (!row->members[i].member[0])
			continue;
		if (!n++)
			*ret_first = &row->members[i];
	}
	return n;
}

static const char *
subject_reason(const struct alert_row *row)
{
	return row->member_count && !row->members[0].member[0] ? row->members[0].reason : NULL;
}

static void
add_paths(struct buf *out, const struct alert_row *row, const char *what)
{
	const struct alert_member *first;
	size_t n = count_paths(row, &first);
	const char *words;

	if (!n)
		return;
	words = phrase(first->reason);
	if (n > 1)
		buf_printf(out, "%zu backups %s, among them ", n, what);
	buf_char(out, '\'');
	add_name(out, path_base(first->member));
	buf_char(out, '\'');
	if (words)
		buf_printf(out, " %s", words);
	else
		buf_printf(out, " %s (%s)", what, first->reason);
}

static void
add_series(
    struct buf *out, const struct alert_row *row, const char *reason, const struct alert_group *g)
{
	buf_char(out, '\'');
	add_name(out, row->series ? row->series : "");
	buf_printf(out, "' is %s", reason);
	if (g->due != CLOCK_NONE) {
		buf_str(out, ": a backup was due ");
		add_when(out, g->due);
	}
	if (g->newest.path) {
		buf_str(out, g->due != CLOCK_NONE ? ", the newest is '" : ": the newest is '");
		add_name(out, path_base(g->newest.path));
		buf_str(out, "' of ");
		add_when(out, g->newest.time);
	} else if (strcmp(reason, "missing") == 0) {
		buf_str(out,
		    g->due != CLOCK_NONE ? ", no complete backup is left"
					 : ": no complete backup is left");
	}
}

static void
add_backup_summary(struct buf *out, const struct alert_row *row, const struct alert_group *g)
{
	const char *reason = subject_reason(row);
	const struct alert_member *first;

	if (reason && !row->series) {
		if (strcmp(reason, "unreachable") == 0)
			buf_str(out, "the location cannot be reached, nothing in it was looked at");
		else
			buf_str(out, "the location is empty");
	} else if (reason) {
		add_series(out, row, reason, g);
	}
	if (count_paths(row, &first)) {
		if (reason)
			buf_str(out, "; ");
		add_paths(out, row, "failed");
	}
}

static void
add_monitor_summary(struct buf *out, const struct alert_row *row, const struct alert_entry *entry)
{
	const char *reason = subject_reason(row);
	const struct alert_group *g = entry->group;
	const struct alert_member *first;
	const struct alert_fault *fault = entry->fault_count ? &entry->faults[0] : NULL;
	size_t n = count_paths(row, &first);

	if (reason) {
		bool silent = strcmp(reason, "stage_silent") == 0;
		add_name(out, row->command);
		buf_str(out, silent ? " has not run since " : " died in the run it began ");
	}
	if (reason && g->started != CLOCK_NONE)
		add_when(out, g->started);
	else if (reason)
		buf_str(out, "at an unknown time");
	if (!n)
		return;
	if (reason)
		buf_str(out, "; ");
	add_name(out, row->command);
	buf_str(out, " could not do all of its work");
	for (size_t i = 0; fault && !fault->note && i < entry->fault_count; i++)
		fault = &entry->faults[i];
	if (fault && fault->note) {
		buf_str(out, ": ");
		add_name(out, fault->note);
	}
	if (n > 1)
		buf_printf(out, " (and %zu more)", n - 1);
}

static void
add_health_summary(struct buf *out, const struct alert_group *g)
{
	const char *p;
	unsigned percent;

	buf_printf(out, "the score is %s", g->grade && *g->grade ? g->grade : "unknown");
	if (g->score >= 0) {
		/* Cut, not rounded: 0.799 is a warning, and 0.80 would be good. */
		percent = (unsigned)(g->score * 1000 + 0.5) / 10;
		buf_printf(out, " (%u.%02u)", percent / 100, percent % 100);
	}
	if (g->last_grade)
		buf_printf(out, ", it was %s", g->last_grade);
	if (g->caps && strlen(g->caps) > 2) {
		buf_str(out, ": ");
		for (p = g->caps; *p; p++) /* words of ours in a JSON array */
			if (*p == ',')
				buf_str(out, ", ");
			else if (!strchr("[]\"", *p))
				buf_char(out, *p == '_' ? ' ' : *p);
	}
}

void
alert_add_summary(struct buf *out, const struct alert_row *row, const struct alert_entry *entry)
{
	if (row->location) {
		add_name(out, row->location);
		buf_str(out, ": ");
	}
	switch (row->kind) {
	case RECORD_ALERT_NONE:
		break;
	case RECORD_ALERT_BACKUP_FAILURE:
		add_backup_summary(out, row, entry->group);
		break;
	case RECORD_ALERT_VERIFICATION_FAILURE:
		add_paths(out, row, "failed verification");
		break;
	case RECORD_ALERT_RESTORE_FAILURE:
		add_paths(out, row, "failed the restore test");
		break;
	case RECORD_ALERT_HEALTH_DEGRADATION:
		add_health_summary(out, entry->group);
		break;
	case RECORD_ALERT_MONITOR_FAILURE:
		add_monitor_summary(out, row, entry);
		break;
	}
}

static void
add_point(struct json *j, const char *key, const struct alert_point *point)
{
	if (!point->path)
		return;
	json_object(j, key);
	json_path(j, "path", point->path);
	json_time(j, "time", point->time);
	if (point->size >= 0)
		json_int(j, "size", point->size);
	json_object_end(j);
}

static const char *
note_of(const struct alert_entry *entry, const char *member)
{
	for (size_t i = 0; i < entry->fault_count && i < 1000; i++)
		if (strcmp(entry->faults[i].member, member) == 0)
			return entry->faults[i].note;
	return NULL;
}

static void
add_members(struct json *j, const struct alert_row *row, const struct alert_entry *entry)
{
	size_t shown = 0;

	json_int(j, "failing", (int64_t)row->member_count);
	json_array(j, "members");
	for (size_t i = 0; i < row->member_count && shown < SHOWN_MEMBERS; i++, shown++) {
		const struct alert_member *m = &row->members[i];

		json_object(j, NULL);
		if (m->member[0] == '/')
			json_path(j, "path", m->member);
		json_str(j, "reason", m->reason);
		json_str(j, "message", note_of(entry, m->member));
		json_time(j, "since", m->since);
		json_object_end(j);
	}
	json_array_end(j);
}

static size_t
count_gone(const struct alert_entry *entry)
{
	size_t n = 0;

	for (size_t i = 0; i < entry->expected_count; i++)
		n += entry->expected[i].gone ? 1 : 0;
	return n;
}

void
alert_add_detail(struct buf *out, const struct alert_row *row, const struct alert_entry *entry)
{
	const struct alert_group *g = entry->group;
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	add_members(&j, row, entry);
	if (g->status && *g->status)
		json_str(&j, "status", g->status);
	json_str(&j, "schedule", g->schedule);
	json_time(&j, "due", g->due);
	add_point(&j, "newest", &g->newest);
	add_point(&j, "verified", &g->verified);
	add_point(&j, "restored", &g->restored);
	if (row->kind == RECORD_ALERT_HEALTH_DEGRADATION) {
		json_str(&j, "grade", g->grade);
		if (g->score >= 0)
			json_real(&j, "score", g->score, 4);
		json_str(&j, "last_grade", g->last_grade);
		if (g->caps)
			json_raw(&j, "capped_by", g->caps, strlen(g->caps));
	}
	json_time(&j, "started", g->started);
	if (!row->member_count && count_gone(entry))
		json_int(&j, "gone", (int64_t)count_gone(entry));
	json_object_end(&j);
}

static const char *
state_word(const struct alert_row *row)
{
	if (row->state == ALERT_RESOLVED)
		return "resolved";
	return row->acked_at != CLOCK_NONE ? "acknowledged" : "open";
}

static void
add_subject(struct json *j, const struct alert_row *row)
{
	json_str(j, "fingerprint", row->fingerprint);
	json_str(j, "alert", record_word(RECORD_LIST_ALERT, (int)row->kind));
	json_str(j, "severity", severity_word(row->severity));
	if (row->host && *row->host)
		json_str(j, "host", row->host);
	json_str(j, "location", row->location);
	json_str(j, "series", row->series);
	json_str(j, "command", row->command);
	if (row->path)
		json_path(j, "path", row->path);
}

static void
add_told(struct json *j, const struct alert_line *line)
{
	json_array(j, "channels");
	for (size_t i = 0; i < line->told_count; i++) {
		json_object(j, NULL);
		json_str(j, "channel", line->told[i].channel);
		json_str(j, "notify", line->told[i].notify);
		if (line->told[i].error && *line->told[i].error)
			json_str(j, "error", line->told[i].error);
		json_object_end(j);
	}
	json_array_end(j);
}

void
alert_add_record(struct buf *out, const struct alert_row *row, const struct alert_line *line)
{
	struct json j;

	record_begin(&j, out, RECORD_ALERT);
	add_subject(&j, row);
	json_str(&j, "state", line->state ? line->state : state_word(row));
	json_time(&j, "opened", row->opened);
	json_time(&j, "resolved", row->resolved);
	if (row->reasons)
		json_raw(&j, "reasons", row->reasons, strlen(row->reasons));
	json_int(&j, "failing", (int64_t)row->member_count);
	json_str(&j, "summary", row->summary);
	json_str(&j, "notify", line->notify);
	add_told(&j, line);
	json_str(&j, "why", line->why);
	json_time(&j, "until", line->until);
	record_end(&j);
}

void
alert_add_item(struct buf *out, const struct alert_row *row, enum alert_event event)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_str(&j, "event", alert_event_word(event));
	add_subject(&j, row);
	json_time(&j, "since", row->since);
	json_time(&j, "opened", row->opened);
	json_time(&j, "resolved", row->resolved);
	json_int(&j, "runs", row->failures);
	if (row->reasons)
		json_raw(&j, "reasons", row->reasons, strlen(row->reasons));
	json_str(&j, "summary", row->summary);
	if (row->detail)
		json_raw(&j, "detail", row->detail, strlen(row->detail));
	json_object_end(&j);
}
