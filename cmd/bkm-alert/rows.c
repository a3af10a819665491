// A stored alert as the domain sees it, and the other way round.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

static const char *const states[] = {
    [ALERT_PENDING] = "pending",
    [ALERT_OPEN] = "open",
    [ALERT_RESOLVED] = "resolved",
};

static char *
take(char **slot)
{
	char *s = *slot;

	*slot = NULL;
	return s;
}

int
app_row_from(struct alert_row *row, struct store_alert *stored, struct err *err)
{
	size_t i, state = 0;

	while (state < ARRAY_LEN(states) && strcmp(states[state], stored->state) != 0)
		state++;
	*row = (struct alert_row){
	    .kind = (enum record_alert)record_word_find(RECORD_LIST_ALERT, stored->kind),
	    .severity =
		(enum record_severity)record_word_find(RECORD_LIST_SEVERITY, stored->severity),
	    .state = (enum alert_state)state,
	    .episode = stored->episode,
	    .since = stored->since,
	    .opened = stored->opened,
	    .seen = stored->seen,
	    .failures = stored->failures,
	    .escalated = stored->escalated,
	    .notified = stored->notified,
	    .resolved = stored->resolved,
	    .acked_at = stored->acked_at,
	};
	(void)snprintf(row->fingerprint, sizeof(row->fingerprint), "%s", stored->fingerprint);
	if (row->kind == RECORD_ALERT_NONE || state == ARRAY_LEN(states)) {
		err_set(err, ERR_STORE,
		    "the store has an alert that this version does not know: %s",
		    stored->fingerprint);
		store_alert_release(stored);
		return -1;
	}
	row->host = take(&stored->host);
	row->location = take(&stored->location);
	row->series = take(&stored->series);
	row->command = take(&stored->command);
	row->path = take(&stored->path);
	row->acked_by = take(&stored->acked_by);
	row->acked_why = take(&stored->acked_why);
	row->reasons = take(&stored->reasons);
	row->summary = take(&stored->summary);
	row->detail = take(&stored->detail);
	row->members = mem_array(stored->member_count + 1, sizeof(*row->members));
	for (i = 0; i < stored->member_count; i++)
		row->members[i] = (struct alert_member){
		    .member = take(&stored->members[i].member),
		    .reason = take(&stored->members[i].reason),
		    .since = stored->members[i].since,
		};
	row->member_count = stored->member_count;
	store_alert_release(stored);
	return 0;
}

/* The store only reads what it is given; its struct owns strings where ours borrows them. */
static char *
borrow(const char *s)
{
	union {
		const char *in;
		char *out;
	} u = {.in = s};

	return u.out;
}

void
app_row_view(const struct alert_row *row, struct store_alert *ret)
{
	size_t i;

	*ret = (struct store_alert){
	    .fingerprint = borrow(row->fingerprint),
	    .kind = borrow(record_word(RECORD_LIST_ALERT, (int)row->kind)),
	    .severity = borrow(record_word(RECORD_LIST_SEVERITY, (int)row->severity)),
	    .host = row->host,
	    .location = row->location,
	    .series = row->series,
	    .command = row->command,
	    .path = row->path,
	    .state = borrow(states[row->state]),
	    .episode = row->episode,
	    .since = row->since,
	    .opened = row->opened,
	    .seen = row->seen,
	    .failures = row->failures,
	    .escalated = row->escalated,
	    .notified = row->notified,
	    .resolved = row->resolved,
	    .acked_at = row->acked_at,
	    .acked_by = row->acked_by,
	    .acked_why = row->acked_why,
	    .reasons = row->reasons,
	    .summary = row->summary,
	    .detail = row->detail,
	    .member_count = row->member_count,
	};
	ret->members = mem_array(row->member_count + 1, sizeof(*ret->members));
	for (i = 0; i < row->member_count; i++) {
		ret->members[i].member = row->members[i].member;
		ret->members[i].reason = row->members[i].reason;
		ret->members[i].since = row->members[i].since;
	}
}
