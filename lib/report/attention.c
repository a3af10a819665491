// What needs attention: which facts make an item, how urgent it is, what it says.
#include "report/report_private.h"

/* Smaller is more urgent among items of the same severity. */
enum rank {
	RANK_UNREACHABLE,
	RANK_NEWEST_VERIFICATION,
	RANK_NEWEST_RESTORE,
	RANK_MISSING,
	RANK_BACKUP,
	RANK_EMPTY,
	RANK_LATE,
	RANK_OLD_VERDICT,
	RANK_STAGE,
	RANK_SCAN,
	RANK_SCORE,
	RANK_EVIDENCE,
};

static struct report_item *
add_item(
    struct report *r, enum record_severity severity, int rank, const char *reason, int64_t since)
{
	struct report_item *item;

	MEM_GROW(r->items, r->item_count, r->item_cap);
	item = &r->items[r->item_count];
	*item = (struct report_item){
	    .severity = severity,
	    .rank = rank,
	    .reason = reason,
	    .since = since,
	    .order = r->item_count,
	};
	r->item_count++;
	return item;
}

/* An item about the location that is being added. */
static struct report_item *
add(struct report *r, enum record_severity severity, enum rank rank, const char *reason,
    int64_t since)
{
	struct report_item *item = add_item(r, severity, (int)rank, reason, since);

	item->location = mem_strdup(r->location.name);
	return item;
}

void
report_item_release(struct report_item *item)
{
	free(item->location);
	free(item->series);
	free(item->path);
	free(item->what);
	free(item->why);
	free(item->todo);
}

static char *
ago(const struct report *r, int64_t t)
{
	struct buf text = BUF_INIT;

	str_add_duration(&text, t < r->options.now ? r->options.now - t : 0);
	return buf_take(&text);
}

void
report_attend_location(struct report *r)
{
	const struct report_location *loc = &r->location;
	struct report_item *item;
	char reason[64];

	report_first_word(r, loc->reasons, reason, sizeof(reason));
	if (!loc->status) {
		item = add(r, RECORD_SEVERITY_WARNING, RANK_SCAN, "never_scanned", CLOCK_NONE);
		item->what = mem_strdup("has never been scanned");
		item->why = mem_strdup("nothing is known about it");
		item->todo = mem_strdup("run bkm-scan");
	} else if (strcmp(loc->status, "unreachable") == 0) {
		item = add(r, RECORD_SEVERITY_CRITICAL, RANK_UNREACHABLE, "unreachable",
		    loc->last_reached);
		item->what = mem_strdup("cannot be reached");
		item->why = mem_strdup(report_advice_why(reason));
		item->todo =
		    mem_strdup(*reason ? report_advice_todo(reason)
				       : "mount it or correct its path, then run bkm-scan");
	} else if (strcmp(loc->status, "empty") == 0) {
		item = add(r, RECORD_SEVERITY_CRITICAL, RANK_EMPTY, "empty", loc->empty_since);
		item->what = mem_strdup("holds no backup at all");
		item->why = mem_strdup("the directory can be read and nothing in it is a backup");
		item->todo = mem_strdup("see whether the job ever ran, and whether it writes to "
					"this place");
	} else {
		return;
	}
	item->path = mem_strdup(loc->path);
}

/* The newest arrival of a series failed. */
void
report_attend_backup(struct report *r, const struct report_backup *b)
{
	struct report_item *item;
	char reason[64];

	report_first_word(r, b->reasons, reason, sizeof(reason));
	item = add(r, RECORD_SEVERITY_WARNING, RANK_BACKUP, "failed", b->time);
	item->series = mem_strdup(b->series);
	item->path = mem_strdup(b->path);
	item->what = mem_strdup("the last backup failed");
	item->why = mem_strdup(report_advice_why(reason));
	item->todo = mem_strdup(report_advice_todo(reason));
}

/* The newest backup of a series failed one or both of its tests: one item. */
static bool
attend_newest(struct report *r, const struct report_series *s)
{
	struct report_verdict verified, restored, before;
	const struct report_verdict *v;
	struct report_item *item;
	bool bad, unrestorable;

	report_verdict_read(r, s->newest->verification, &verified);
	report_verdict_read(r, s->newest->restore, &restored);
	bad = verified.verdict == RECORD_VERDICT_FAIL;
	unrestorable = restored.verdict == RECORD_VERDICT_FAIL;
	if (!bad && !unrestorable)
		return false;
	v = bad ? &verified : &restored;
	item =
	    add(r, RECORD_SEVERITY_CRITICAL, bad ? RANK_NEWEST_VERIFICATION : RANK_NEWEST_RESTORE,
		bad ? "newest_verification_failed" : "newest_restore_failed", v->at);
	item->series = mem_strdup(s->name);
	item->path = mem_strdup(s->newest->path);
	item->what = mem_printf("the newest backup failed its %s%s%s", bad ? "verification" : "",
	    bad && unrestorable ? " and its " : "", unrestorable ? "restore test" : "");
	item->why = mem_strdup(report_advice_why(v->reason));
	report_verdict_read(r, s->previous ? s->previous->verification : NULL, &before);
	if (before.verdict == RECORD_VERDICT_PASS)
		item->todo = mem_printf("%s; the one before it passed: %s",
		    report_advice_todo(v->reason), path_base(s->previous->path));
	else
		item->todo = mem_strdup(report_advice_todo(v->reason));
	return true;
}

/* Older ones that are still kept. */
static void
attend_older(struct report *r, const struct report_series *s, uint64_t count)
{
	struct report_verdict v = {.at = CLOCK_NONE};
	struct report_item *item;

	if (s->failed) {
		report_verdict_read(r, s->failed->verification, &v);
		if (v.verdict != RECORD_VERDICT_FAIL)
			report_verdict_read(r, s->failed->restore, &v);
	}
	item = add(r, RECORD_SEVERITY_WARNING, RANK_OLD_VERDICT, "failed_verdict", v.at);
	item->series = mem_strdup(s->name);
	item->path = s->failed ? mem_strdup(s->failed->path) : NULL;
	item->what = count == 1
	    ? mem_strdup("an older backup failed its verification or its restore test")
	    : mem_printf(
		  "%" PRIu64 " older backups failed their verification or restore test", count);
	item->why =
	    mem_printf("%s%s", count == 1 ? "" : "one of them: ", report_advice_why(v.reason));
	item->todo = mem_strdup("do not restore from it; keep another copy of that day");
}

/* That the last one failed says why it is late. */
static bool
told_failed(const struct report *r, const char *series)
{
	for (size_t i = r->first_item; i < r->item_count; i++) {
		const struct report_item *item = &r->items[i];

		if (item->rank == RANK_BACKUP && item->series && strcmp(item->series, series) == 0)
			return true;
	}
	return false;
}

static void
attend_due(struct report *r, const struct report_series *s)
{
	bool missing = s->state.status == SCHEDULE_MISSING;
	struct report_item *item =
	    add(r, RECORD_SEVERITY_WARNING, missing ? RANK_MISSING : RANK_LATE,
		missing ? "series_missing" : "series_late", s->state.due);
	char *age = s->newest ? ago(r, s->newest->time) : NULL;

	item->series = mem_strdup(s->name);
	if (!s->newest)
		item->what = mem_strdup("no complete backup is left");
	else if (missing)
		item->what = mem_printf("no backup for %s", age);
	else
		item->what = mem_printf("the backup is late, the last is %s old", age);
	item->why = mem_printf("schedule %s; %s", s->schedule ? s->schedule : "unknown",
	    missing ? "more than one due time is unmet" : "one due time is unmet");
	item->todo =
	    mem_strdup(missing ? "see whether the job still runs: its timer, its log, "
				 "its disk; if the series is retired, say ignore in series:"
			       : "look at the log of the job");
	if (s->newest)
		item->path = mem_strdup(s->newest->path);
	free(age);
}

void
report_attend_series(struct report *r, const struct report_series *s)
{
	uint64_t told;

	if (s->ignored)
		return;
	told = s->newest && attend_newest(r, s);
	if (s->state.status == SCHEDULE_MISSING ||
	    (s->state.status == SCHEDULE_LATE && !told_failed(r, s->name)))
		attend_due(r, s);
	if (s->failed_verdicts > told)
		attend_older(r, s, s->failed_verdicts - told);
}

struct reason_text {
	const char *reason, *what, *why, *todo;
};

/* Reasons of a score that no other item of the location has told about. */
static const struct reason_text reason_texts[] = {
    {"newest_verification_failed", "a newest backup failed its verification",
	"its standing verdict is fail", "make it again, then run bkm-verify"},
    {"newest_restore_failed", "a newest backup failed its restore test",
	"its standing verdict is fail", "make it again, then run bkm-restore"},
    {"failed_verdict", "a kept backup failed a verification or a restore test",
	"it is still there, and cannot be relied on", "bkm-scan --stored shows which"},
    {"series_late", "a series is late", "a due time is unmet", "look at the log of the job"},
    {"series_missing", "a series is missing", "more than one due time is unmet",
	"see whether the job still runs"},
    {"no_complete_backup", "no complete backup is left", "what is there is unfinished or failed",
	"see whether the job still runs: its timer, its log, its disk"},
};

static bool
has_word(const char *const *words, const char *word)
{
	for (size_t i = 0; words && words[i]; i++) {
		if (strcmp(words[i], word) == 0)
			return true;
	}
	return false;
}

static void
add_text(struct report *r, enum rank rank, const struct reason_text *t)
{
	struct report_item *item = add(r, RECORD_SEVERITY_WARNING, rank, t->reason,
	    rank == RANK_EVIDENCE ? r->evidence : CLOCK_NONE);

	item->what = mem_strdup(t->what);
	item->why = mem_strdup(t->why);
	item->todo = mem_strdup(t->todo);
}

/* Where there is nothing to verify, that nothing was verified is no news. */
static void
attend_evidence(struct report *r, const char *const *reasons)
{
	static const struct reason_text both = {"never_verified",
	    "nothing has been verified or restored on trial", "no backup has a verdict",
	    "run bkm-verify and bkm-restore"};
	static const struct reason_text verified = {"never_verified", "nothing has been verified",
	    "no backup has a verdict", "run bkm-verify"};
	static const struct reason_text restored = {"never_restored",
	    "nothing has been restored on trial", "no restore test has a verdict",
	    "run bkm-restore, or set test_restore: false for this location"};
	bool unverified = has_word(reasons, "never_verified");
	bool unrestored = has_word(reasons, "never_restored");

	if (has_word(reasons, "unreachable") || has_word(reasons, "empty") ||
	    has_word(reasons, "no_complete_backup"))
		return;
	if (unverified)
		add_text(r, RANK_EVIDENCE, unrestored ? &both : &verified);
	else if (unrestored)
		add_text(r, RANK_EVIDENCE, &restored);
}

static void
add_rate(struct buf *out, const char *name, const struct report_part *part)
{
	if (part->applies && part->known)
		buf_printf(out, "%s%s %d %%", out->len ? ", " : "", name, (int)(part->rate * 100));
}

void
report_attend_health(struct report *r, const struct report_health *h)
{
	bool critical = h->grade == RECORD_GRADE_CRITICAL;
	struct report_item *item;
	struct buf why = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(reason_texts); i++) {
		if (r->item_count == r->first_item && has_word(h->reasons, reason_texts[i].reason))
			add_text(r, RANK_SCORE, &reason_texts[i]);
	}
	attend_evidence(r, h->reasons);
	/* What makes a location critical is critical: a series that is gone, a failed backup. */
	for (size_t i = r->first_item; critical && i < r->item_count; i++) {
		if (r->items[i].rank == RANK_MISSING || r->items[i].rank == RANK_BACKUP)
			r->items[i].severity = RECORD_SEVERITY_CRITICAL;
	}
	if ((!critical && h->grade != RECORD_GRADE_WARNING) || r->item_count > r->first_item)
		return;
	item = add(r, critical ? RECORD_SEVERITY_CRITICAL : RECORD_SEVERITY_WARNING, RANK_SCORE,
	    "score", CLOCK_NONE);
	item->what = mem_strdup("the score is too low");
	add_rate(&why, "backups", &h->backup);
	add_rate(&why, "verified", &h->verification);
	add_rate(&why, "restored", &h->restore);
	item->why = buf_take(&why);
	item->todo = mem_strdup("see its days and its newest backups below");
}

void
report_attend_run(struct report *r, const struct report_run *run)
{
	bool dead = run->fate && strcmp(run->fate, "dead") == 0;
	struct report_item *item;

	if (!dead && (!run->fate || strcmp(run->fate, "silent") != 0))
		return;
	item = add_item(r, RECORD_SEVERITY_WARNING, RANK_STAGE,
	    dead ? "stage_died" : "stage_silent", run->started);
	item->what = mem_printf(
	    "%s %s", run->command, dead ? "died before its end" : "has not run for too long");
	item->why =
	    mem_strdup(dead ? "its last run neither ended nor is alive: killed, crashed, or "
			      "the power failed"
			    : "its last run is older than monitoring.max_age_hours");
	item->todo = mem_strdup("see its timer or cron line and its log, and run it again");
}

static int
compare(const void *x, const void *y)
{
	const struct report_item *a = x, *b = y;

	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->since != b->since)
		return a->since < b->since ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

void
report_items_json(struct report *r, struct json *j)
{
	if (r->item_count > 1)
		qsort(r->items, r->item_count, sizeof(*r->items), compare);
	json_array(j, "attention");
	for (size_t i = 0; i < r->item_count && i < r->options.max_attention; i++) {
		const struct report_item *item = &r->items[i];

		json_object(j, NULL);
		json_str(j, "severity", record_word(RECORD_LIST_SEVERITY, (int)item->severity));
		json_str(j, "reason", item->reason);
		json_str(j, "location", item->location);
		json_str(j, "series", item->series);
		if (item->path)
			json_path(j, "path", item->path);
		json_str(j, "what", item->what);
		json_time(j, "since", item->since);
		json_str(j, "why", item->why);
		json_str(j, "todo", item->todo);
		json_object_end(j);
	}
	json_array_end(j);
}
