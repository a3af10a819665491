// The life of an alert: pending, open, resolved, and when somebody is told.
#include <stdlib.h>
#include <string.h>

#include "alert/alert_private.h"

/* A run that comes a little earlier than the last one, by a timer's jitter, still repeats. */
#define REPEAT_SLACK 900

void
alert_row_release(struct alert_row *row)
{
	size_t i;

	free(row->host);
	free(row->location);
	free(row->series);
	free(row->command);
	free(row->path);
	free(row->acked_by);
	free(row->acked_why);
	free(row->reasons);
	free(row->summary);
	free(row->detail);
	for (i = 0; i < row->member_count; i++) {
		free(row->members[i].member);
		free(row->members[i].reason);
	}
	free(row->members);
	*row = (struct alert_row){0};
}

const char *
alert_event_word(enum alert_event event)
{
	static const char *const words[] = {
	    [ALERT_EVENT_NONE] = NULL,
	    [ALERT_EVENT_OPENED] = "opened",
	    [ALERT_EVENT_REPEATED] = "repeated",
	    [ALERT_EVENT_ESCALATED] = "escalated",
	    [ALERT_EVENT_RESOLVED] = "resolved",
	};

	return words[event];
}

static int
compare_members(const void *a, const void *b)
{
	const struct alert_member *x = a, *y = b;
	int order = strcmp(x->member, y->member);

	/* of two sights of one thing the later one is the fault of this run */
	return order ? order : (x->since < y->since) - (x->since > y->since);
}

static bool
is_cleared(const struct alert_entry *entry, const char *member)
{
	const struct alert_expected *expected = alert_entry_expected(entry, member);

	return entry->all_clear || (expected && expected->seen == ALERT_SEEN_GOOD);
}

/* What is still wrong: what was and is not cleared, and what this run found. */
static void
merge_members(struct alert_row *row, const struct alert_entry *entry, int64_t now)
{
	struct alert_member *all;
	size_t count = 0, kept = 0, i;

	all = mem_array(row->member_count + entry->fault_count + 1, sizeof(*all));
	for (i = 0; i < row->member_count; i++) {
		if (is_cleared(entry, row->members[i].member)) {
			free(row->members[i].member);
			free(row->members[i].reason);
		} else {
			all[count++] = row->members[i];
		}
	}
	for (i = 0; i < entry->fault_count; i++)
		all[count++] = (struct alert_member){
		    .member = mem_strdup(entry->faults[i].member),
		    .reason = mem_strdup(entry->faults[i].reason),
		    .since = now,
		};
	if (count)
		qsort(all, count, sizeof(*all), compare_members);
	for (i = 0; i < count; i++) {
		if (kept && strcmp(all[kept - 1].member, all[i].member) == 0) {
			/* the newer one stands first: its reason, the older one's time */
			all[kept - 1].since = all[i].since;
			free(all[i].member);
			free(all[i].reason);
		} else {
			all[kept++] = all[i];
		}
	}
	free(row->members);
	row->members = all;
	row->member_count = kept;
}

static void
begin(struct alert_row *row, const struct alert_entry *entry, int64_t now)
{
	const struct alert_group *g = entry->group;

	memcpy(row->fingerprint, entry->fingerprint, sizeof(row->fingerprint));
	row->kind = entry->kind;
	row->severity = RECORD_SEVERITY_NONE;
	row->state = ALERT_PENDING;
	row->episode++;
	row->since = row->opened = row->seen = now;
	row->failures = row->escalated = 0;
	row->notified = row->resolved = row->acked_at = CLOCK_NONE;
	alert_set(&row->host, g->host);
	alert_set(&row->location, g->location);
	alert_set(&row->series, g->series);
	alert_set(&row->command, g->command);
	alert_set(&row->acked_by, NULL);
	alert_set(&row->acked_why, NULL);
}

/* Does the row hold a member that this run did not find? Its share in the severity stays. */
static bool
has_older(const struct alert_row *row, const struct alert_entry *entry)
{
	size_t i, f;

	for (i = 0; i < row->member_count; i++) {
		for (f = 0; f < entry->fault_count; f++)
			if (strcmp(row->members[i].member, entry->faults[f].member) == 0)
				break;
		if (f == entry->fault_count)
			return true;
		if (i > 64)
			return true; /* not worth looking further */
	}
	return false;
}

static void
set_reasons(struct alert_row *row)
{
	struct buf out = BUF_INIT;
	struct json j;
	size_t i, k;

	json_init(&j, &out);
	json_array(&j, NULL);
	for (i = 0; i < row->member_count && i < 1000; i++) {
		for (k = 0; k < i; k++)
			if (strcmp(row->members[k].reason, row->members[i].reason) == 0)
				break;
		if (k == i)
			json_str(&j, NULL, row->members[i].reason);
	}
	json_array_end(&j);
	free(row->reasons);
	row->reasons = buf_take(&out);
}

static void
set_severity(struct alert_row *row, const struct alert_entry *entry)
{
	enum record_severity worst = has_older(row, entry) ? row->severity : RECORD_SEVERITY_NONE;
	size_t i;

	for (i = 0; i < entry->fault_count; i++)
		if (entry->faults[i].severity > worst)
			worst = entry->faults[i].severity;
	if (worst != RECORD_SEVERITY_NONE)
		row->severity = worst;
}

bool
alert_merge(struct alert_row *row, const struct alert_entry *entry, int64_t now)
{
	struct buf text = BUF_INIT;
	bool known = row->fingerprint[0] && row->state != ALERT_RESOLVED;
	size_t i;

	if (!known && !entry->fault_count)
		return false;
	if (!known)
		begin(row, entry, now);
	merge_members(row, entry, now);
	if (entry->fault_count) {
		row->seen = now;
		row->failures++;
	}
	if (row->member_count) { /* else the words stay those of what is over */
		set_severity(row, entry);
		set_reasons(row);
		alert_set(&row->path, NULL);
		for (i = 0; i < row->member_count && !row->path; i++)
			if (row->members[i].member[0] == '/')
				alert_set(&row->path, row->members[i].member);
		alert_add_summary(&text, row, entry);
		free(row->summary);
		row->summary = buf_take(&text);
	}
	alert_add_detail(&text, row, entry);
	free(row->detail);
	row->detail = buf_take(&text);
	return true;
}

enum alert_event
alert_judge(struct alert_row *row, bool found, const struct alert_rates *rates, int64_t now)
{
	int64_t after = row->kind == RECORD_ALERT_MONITOR_FAILURE ? 1 : rates->after;

	if (!row->member_count) {
		bool was_open = row->state == ALERT_OPEN;

		row->state = ALERT_RESOLVED;
		row->resolved = now;
		return was_open ? ALERT_EVENT_RESOLVED : ALERT_EVENT_NONE;
	}
	if (row->state == ALERT_PENDING && row->failures >= after) {
		row->state = ALERT_OPEN;
		row->opened = now;
	}
	if (row->state != ALERT_OPEN || !found || rates->silenced || row->acked_at != CLOCK_NONE)
		return ALERT_EVENT_NONE;
	if (row->notified == CLOCK_NONE) {
		row->notified = now;
		return ALERT_EVENT_OPENED;
	}
	if (rates->repeat_s > 0 &&
	    (now - row->notified + REPEAT_SLACK >= rates->repeat_s ||
		row->notified > now + REPEAT_SLACK)) { /* told under a clock that was wrong */
		row->notified = now;
		return ALERT_EVENT_REPEATED;
	}
	return ALERT_EVENT_NONE;
}
