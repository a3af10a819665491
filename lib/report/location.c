// One location of the document: its backups, its series, how it is.
#include "report/report_private.h"

/* Ascending: the worst first. */
static int
grade_rank(enum record_grade grade)
{
	switch (grade) {
	case RECORD_GRADE_CRITICAL:
		return 0;
	case RECORD_GRADE_WARNING:
		return 1;
	case RECORD_GRADE_GOOD:
		return 3;
	case RECORD_GRADE_NONE:
	case RECORD_GRADE_UNKNOWN:
		break;
	}
	return 2;
}

static int
status_rank(enum schedule_status status)
{
	switch (status) {
	case SCHEDULE_MISSING:
		return 0;
	case SCHEDULE_LATE:
		return 1;
	case SCHEDULE_UNKNOWN:
		return 3;
	case SCHEDULE_DUE:
		return 4;
	case SCHEDULE_UNSCHEDULED:
		return 5;
	case SCHEDULE_FRESH:
		break;
	}
	return 6;
}

void
report_location_begin(struct report *r, const struct report_location *location)
{
	r->location = *location;
	r->first_item = r->item_count;
	r->evidence = location->first_scan;
	r->recent_seen = 0;
	r->backup_count = 0;
	r->backup_bytes = 0;
	report_days_clear(r);
	report_attend_location(r);
}

static void
backup_json(struct report *r, struct json *j, const struct report_backup *b)
{
	json_object(j, NULL);
	json_int(j, "id", b->id);
	json_str(j, "series", b->series);
	json_path(j, "path", b->path);
	json_uint(j, "size", b->size);
	json_time(j, "at", b->time);
	json_time(j, "mtime", b->mtime);
	json_time(j, "first_seen", b->first_seen);
	json_str(j, "state", b->state);
	json_str(j, "status", b->status);
	report_array_json(j, "reasons", b->reasons);
	report_verdict_json(r, j, "verification", b->verification);
	report_verdict_json(r, j, "restore", b->restore);
	json_object_end(j);
}

/* Keep the newest ones, newest first. */
static void
keep_recent(struct report *r, const struct report_backup *b)
{
	struct report_list *list = &r->recent;
	struct report_chunk chunk = {.time = b->time, .json = BUF_INIT};
	size_t at = list->count;
	struct json j;

	r->recent_seen++;
	while (at > 0 && list->items[at - 1].time < b->time)
		at--;
	if (at == r->options.max_recent)
		return;
	report_list_cut(list, r->options.max_recent - 1);
	json_init(&j, &chunk.json);
	backup_json(r, &j, b);
	(void)report_list_add(list);
	memmove(
	    &list->items[at + 1], &list->items[at], (list->count - 1 - at) * sizeof(*list->items));
	list->items[at] = chunk;
}

static bool
is_fail(const char *verdict)
{
	return verdict && strcmp(verdict, "fail") == 0;
}

static bool
failed(const struct report_backup *b)
{
	return (b->status && strcmp(b->status, "failed") == 0) || is_fail(b->verify_verdict) ||
	    is_fail(b->restore_verdict);
}

void
report_add_backup(struct report *r, const struct report_backup *b)
{
	bool growing = b->state && strcmp(b->state, "growing") == 0;
	bool same = r->group && b->series && strcmp(r->group, b->series) == 0;

	if (!same)
		report_days_series_done(r);
	if (!growing) {
		if (!same && b->status && strcmp(b->status, "failed") == 0)
			report_attend_backup(r, b);
		if (!same) {
			free(r->group);
			r->group = mem_strdup(b->series ? b->series : "");
		}
	}
	report_days_backup(r, b, failed(b));
	if (r->evidence == CLOCK_NONE || b->time < r->evidence)
		r->evidence = b->time;
	if (b->present)
		keep_recent(r, b);
}

static void
member_json(struct report *r, struct json *j, const char *key, const struct report_backup *b)
{
	if (!b)
		return;
	json_object(j, key);
	json_int(j, "id", b->id);
	json_path(j, "path", b->path);
	json_uint(j, "size", b->size);
	json_time(j, "at", b->time);
	report_verdict_json(r, j, "verification", b->verification);
	report_verdict_json(r, j, "restore", b->restore);
	json_object_end(j);
}

static void
times_json(struct json *j, const struct report_times *t)
{
	if (!t->tests)
		return;
	json_object(j, "restore_times");
	json_uint(j, "tests", t->tests);
	json_int(j, "last_ms", t->last_ms);
	json_int(j, "median_ms", t->median_ms);
	json_int(j, "worst_ms", t->worst_ms);
	if (t->target_ms >= 0)
		json_int(j, "target_ms", t->target_ms);
	json_object_end(j);
}

void
report_add_series(struct report *r, const struct report_series *s)
{
	struct report_chunk *chunk = report_list_add(&r->series);
	struct json j;

	chunk->rank = s->ignored ? 7 : status_rank(s->state.status);
	chunk->name = mem_strdup(s->name);
	json_init(&j, &chunk->json);
	json_object(&j, NULL);
	json_str(&j, "series", s->name);
	json_str(&j, "status", s->ignored ? "ignored" : schedule_status_word(s->state.status));
	json_str(&j, "schedule", s->schedule);
	json_time(&j, "due", s->state.due);
	json_uint(&j, "count", s->count);
	json_uint(&j, "bytes", s->bytes);
	json_uint(&j, "failed_verdicts", s->failed_verdicts);
	report_array_json(&j, "reasons", s->reasons);
	member_json(r, &j, "newest", s->newest);
	member_json(r, &j, "previous", s->previous);
	times_json(&j, &s->restore_times);
	json_object_end(&j);
	r->backup_count += s->count;
	r->backup_bytes += s->bytes;
	report_attend_series(r, s);
}

static void
part_json(struct json *j, const char *key, const struct report_part *part)
{
	if (part->applies && part->known)
		json_real(j, key, part->rate, 4);
	else
		json_null(j, key);
}

static void
words_json(struct json *j, const char *key, const char *const *words)
{
	json_array(j, key);
	for (size_t i = 0; words && words[i]; i++)
		json_str(j, NULL, words[i]);
	json_array_end(j);
}

void
report_health_json(struct json *j, const struct report_health *h)
{
	const char *grade = record_word(RECORD_LIST_GRADE, (int)h->grade);

	if (h->has_score) {
		json_real(j, "score", h->score, 4);
		json_real(j, "raw_score", h->raw_score, 4);
	} else {
		json_null(j, "score");
		json_null(j, "raw_score");
	}
	json_str(j, "grade", grade ? grade : "unknown");
	if (h->has_previous)
		json_real(j, "previous", h->previous, 4);
	words_json(j, "capped_by", h->capped_by);
	words_json(j, "score_reasons", h->reasons);
	json_object(j, "parts");
	part_json(j, "backup", &h->backup);
	part_json(j, "verification", &h->verification);
	part_json(j, "restore", &h->restore);
	json_object_end(j);
	json_object(j, "coverage");
	if (h->verification.has_coverage)
		json_real(j, "verification", h->verification.coverage, 4);
	if (h->restore.has_coverage)
		json_real(j, "restore", h->restore.coverage, 4);
	json_object_end(j);
}

static void
facts_json(const struct report *r, struct json *j)
{
	const struct report_location *loc = &r->location;

	json_int(j, "id", loc->id);
	json_str(j, "location", loc->name);
	json_path(j, "path", loc->path);
	json_str(j, "type", loc->type);
	json_str(j, "unit", loc->unit);
	json_str(j, "status", loc->status);
	report_array_json(j, "reasons", loc->reasons);
	json_str(j, "schedule", loc->schedule);
	json_time(j, "scanned", loc->last_scan);
	json_time(j, "reached", loc->last_reached);
	if (loc->free_bytes >= 0)
		json_int(j, "free_bytes", loc->free_bytes);
	json_uint(j, "backups", r->backup_count);
	json_uint(j, "bytes", r->backup_bytes);
	json_bool(j, "verify_integrity", loc->verify_integrity);
	json_bool(j, "test_restore", loc->test_restore);
}

static size_t
over(size_t count, size_t max)
{
	return count > max ? count - max : 0;
}

void
report_location_end(struct report *r, const struct report_health *health)
{
	struct report_chunk *chunk;
	struct json j;

	report_days_series_done(r);
	report_attend_health(r, health);
	report_list_sort(&r->series);
	chunk = report_list_add(&r->locations);
	chunk->rank = grade_rank(health->grade);
	chunk->score = health->has_score ? health->score : 0;
	chunk->name = mem_strdup(r->location.name);
	r->grades[health->grade]++;
	json_init(&j, &chunk->json);
	json_object(&j, NULL);
	facts_json(r, &j);
	report_health_json(&j, health);
	report_days_json(r, &j);
	json_array(&j, "series");
	report_list_json(&r->series, r->options.max_series, &j);
	json_array_end(&j);
	json_array(&j, "recent");
	report_list_json(&r->recent, r->options.max_recent, &j);
	json_array_end(&j);
	json_object(&j, "left_out");
	json_uint(&j, "series", over(r->series.count, r->options.max_series));
	json_uint(&j, "recent", over(r->recent_seen, r->options.max_recent));
	json_object_end(&j);
	json_object_end(&j);
	report_list_clear(&r->series);
	report_list_clear(&r->recent);
	free(r->group);
	r->group = NULL;
}
