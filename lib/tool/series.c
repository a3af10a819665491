// The series of a location from the store, with the schedules of the configuration applied.
#include "tool/series.h"

#include "tool/tool.h"

struct schedule_naming *
tool_naming(const struct config_location *location)
{
	struct schedule_naming_rule *rules;
	struct schedule_naming *naming;

	if (!location->names_series)
		return NULL;
	naming = mem_alloc(sizeof(*naming) + location->series_count * sizeof(*rules));
	rules = (struct schedule_naming_rule *)(void *)(naming + 1);
	for (size_t i = 0; i < location->series_count; i++) {
		const struct config_series *rule = &location->series[i];

		if (rule->name)
			rules[i] = (struct schedule_naming_rule){&rule->regex, rule->name};
	}
	*naming = (struct schedule_naming){rules, location->series_count};
	return naming;
}

char *
tool_naming_text(const struct config_location *location)
{
	struct buf text = BUF_INIT;
	struct json j;

	if (!location->names_series)
		return NULL;
	json_init(&j, &text);
	json_array(&j, NULL);
	for (size_t i = 0; i < location->series_count; i++) {
		if (!location->series[i].name)
			continue;
		json_object(&j, NULL);
		json_str(&j, "match", location->series[i].match);
		json_str(&j, "name", location->series[i].name);
		json_object_end(&j);
	}
	json_array_end(&j);
	return buf_take(&text);
}

struct tool_series_cursor {
	struct tool *tool;
	const struct config_location *location;
	struct store_series_cursor *rows;
	struct schedule_zone *zone;
	bool zone_open;
	int64_t scanned;
	struct schedule_policy policy; /* of the location itself */
	int64_t *times;
	size_t time_count, time_cap;
	struct schedule_naming *naming; /* NULL: no rule names a series */
	struct buf path;
	char *name; /* SCHEDULE_NAME_MAX, if naming */
};

/* The zone of the location: its own, else $TZ, else the machine's. */
static int
open_zone(struct tool_series_cursor *cursor, struct err *err)
{
	const char *name = cursor->location->timezone;
	const char *tz = getenv("TZ");

	if (cursor->zone_open)
		return 0;
	cursor->zone_open = true;
	if (name)
		return schedule_zone_open(&cursor->zone, name, err);
	if (tz && tz[0] == ':')
		tz++;
	if (tz && tz[0] != '\0' && schedule_zone_open(&cursor->zone, tz, NULL) == 0)
		return 0;
	return schedule_zone_open(&cursor->zone, "local", err);
}

static int
read_policy(struct tool_series_cursor *cursor, const char *schedule, int64_t grace,
    struct schedule_policy *policy, struct err *err)
{
	*policy = (struct schedule_policy){
	    .grace = grace,
	    .max_age = cursor->tool->config->monitoring.max_age_hours * CLOCK_HOUR,
	};
	if (schedule_parse(&policy->schedule, schedule, NULL, err) < 0)
		return err_wrap(err, "location '%s'", cursor->location->name);
	if (policy->schedule.kind == SCHEDULE_CRON) {
		if (open_zone(cursor, err) < 0)
			return err_wrap(err, "location '%s'", cursor->location->name);
		policy->schedule.zone = cursor->zone;
	}
	return 0;
}

int
tool_series_open(struct tool *tool, const struct config_location *location,
    const struct store_location *row, struct tool_series_cursor **ret_cursor, struct err *err)
{
	struct tool_series_cursor *cursor = mem_alloc(sizeof(*cursor));

	cursor->tool = tool;
	cursor->location = location;
	cursor->scanned = row->last_reached;
	cursor->path = BUF_INIT;
	cursor->naming = tool_naming(location);
	if (cursor->naming)
		cursor->name = mem_alloc(SCHEDULE_NAME_MAX);
	if (read_policy(cursor, location->schedule, location->grace, &cursor->policy, err) < 0 ||
	    store_series(tool->store, row->id, &cursor->rows, err) < 0) {
		tool_series_close(cursor);
		return -1;
	}
	*ret_cursor = cursor;
	return 0;
}

void
tool_series_close(struct tool_series_cursor *cursor)
{
	if (!cursor)
		return;
	store_series_close(cursor->rows);
	schedule_zone_free(cursor->zone);
	free(cursor->times);
	free(cursor->naming);
	free(cursor->name);
	buf_release(&cursor->path);
	free(cursor);
}

static struct schedule_facts
facts_of(const struct tool_series_cursor *cursor, const struct store_series *row)
{
	return (struct schedule_facts){
	    .times = &row->newest_time,
	    .count = row->newest_time != CLOCK_NONE,
	    .first = row->first_seen,
	    .members = row->members,
	    .present = row->count,
	    .growing = row->growing > 0,
	    .scanned = cursor->scanned,
	};
}

/* The rule that gave the series its name: the one that gives it to its newest backup now. */
static int
find_namer(
    struct tool_series_cursor *cursor, const struct store_series *row, size_t *ret, struct err *err)
{
	size_t len, rule;
	int r;

	*ret = SCHEDULE_NAMING_NONE;
	if (!cursor->naming)
		return 0;
	buf_clear(&cursor->path);
	r = store_series_path(cursor->tool->store, row->id, &cursor->path, err);
	if (r <= 0)
		return r;
	len = schedule_series_named(cursor->naming, NULL, cursor->path.data, cursor->path.len,
	    cursor->name, SCHEDULE_NAME_MAX, &rule);
	if (len == strlen(row->name) && memcmp(cursor->name, row->name, len) == 0)
		*ret = rule;
	return 0;
}

int
tool_series_next(struct tool_series_cursor *cursor, struct tool_series *ret, struct err *err)
{
	const struct config_series *rule;
	struct schedule_facts facts;
	size_t namer;
	int r = store_series_next(cursor->rows, &ret->row, err);

	if (r <= 0)
		return r;
	if (find_namer(cursor, &ret->row, &namer, err) < 0)
		return -1;
	rule = config_series_for(cursor->location, ret->row.name, namer);
	ret->ignored = rule && rule->ignore;
	ret->schedule = rule ? rule->schedule : cursor->location->schedule;
	ret->policy = cursor->policy;
	if (rule && read_policy(cursor, rule->schedule, rule->grace, &ret->policy, err) < 0)
		return -1;
	if (ret->ignored) {
		ret->state = (struct schedule_state){
		    .status = SCHEDULE_UNSCHEDULED, .due = CLOCK_NONE, .late = CLOCK_NONE};
		return 1;
	}
	facts = facts_of(cursor, &ret->row);
	ret->state = schedule_status(&ret->policy, &facts, cursor->tool->now);
	return 1;
}

static int
add_time(void *ctx, int64_t time)
{
	struct tool_series_cursor *cursor = ctx;

	MEM_GROW(cursor->times, cursor->time_count, cursor->time_cap);
	cursor->times[cursor->time_count++] = time;
	return 0;
}

/* The facts behind a series' state, reaching back far enough for a window that begins at from. */
static int
window_facts(struct tool_series_cursor *cursor, const struct tool_series *series, int64_t from,
    struct schedule_facts *ret_facts, struct err *err)
{
	struct schedule_facts facts = facts_of(cursor, &series->row);
	int64_t reach = schedule_reach(&series->policy, from, cursor->tool->now);

	cursor->time_count = 0;
	if (store_score_times(cursor->tool->store, series->row.id, reach, add_time, cursor, err) <
	    0)
		return -1;
	facts.times = cursor->times;
	facts.count = cursor->time_count;
	/* What lies before the first of these times is not known here, unless nothing does. */
	if (facts.count > 0 && facts.times[0] < reach)
		facts.first = facts.times[0];
	*ret_facts = facts;
	return 0;
}

int
tool_series_each_due(struct tool_series_cursor *cursor, const struct tool_series *series,
    int64_t from, schedule_due_fn *fn, void *ctx, struct err *err)
{
	struct schedule_facts facts;

	if (series->state.status == SCHEDULE_UNSCHEDULED ||
	    series->state.status == SCHEDULE_UNKNOWN)
		return 0;
	if (window_facts(cursor, series, from, &facts, err) < 0)
		return -1;
	schedule_each_due(&series->policy, &facts, from, cursor->tool->now, fn, ctx);
	return 0;
}

int
tool_series_count(struct tool_series_cursor *cursor, const struct tool_series *series, int64_t from,
    struct schedule_count *ret_count, struct err *err)
{
	*ret_count = (struct schedule_count){0};
	return tool_series_each_due(cursor, series, from, schedule_count_due, ret_count, err);
}

static void
add_member(struct json *j, const char *key, const struct store_series_member *member)
{
	if (member->id == 0)
		return;
	json_object(j, key);
	json_int(j, "id", member->id);
	json_path(j, "path", member->path);
	json_uint(j, "size", member->size);
	json_time(j, "mtime", member->mtime);
	json_object_end(j);
}

static void
add_status_reasons(struct json *j, const struct tool_series *series)
{
	switch (series->state.status) {
	case SCHEDULE_FRESH:
		break;
	case SCHEDULE_DUE:
		if (series->row.growing > 0)
			json_str(j, NULL, "growing");
		break;
	case SCHEDULE_LATE:
		json_str(j, NULL, "late");
		break;
	case SCHEDULE_MISSING:
		json_str(j, NULL, series->row.count == 0 ? "no_complete_backup" : "missing");
		break;
	case SCHEDULE_UNSCHEDULED:
		if (series->ignored)
			json_str(j, NULL, "ignored");
		else
			json_str(j, NULL,
			    series->policy.schedule.kind == SCHEDULE_NONE ? "no_schedule"
				: series->row.count == 0                  ? "no_complete_backup"
									  : "one_backup");
		break;
	case SCHEDULE_UNKNOWN:
		json_str(j, NULL, "scan_too_old");
		break;
	}
}

void
tool_add_series(struct tool *tool, struct buf *out, const struct config_location *location,
    const struct tool_series *series)
{
	/* Reasons of its newest backup that are about the series. */
	static const char *const carried[] = {
	    "future_mtime", "size_dropped", "size_grew", "same_content"};
	const struct store_series *row = &series->row;
	struct json j;

	record_begin(&j, out, RECORD_SERIES);
	json_str(&j, "store", store_uuid(tool->store));
	json_str(&j, "host", tool->host);
	json_str(&j, "location", location->name);
	json_str(&j, "series", row->name);
	json_str(&j, "status", schedule_status_word(series->state.status));
	json_str(&j, "schedule", series->schedule);
	json_time(&j, "due", series->state.due);
	add_member(&j, "newest", &row->newest);
	add_member(&j, "previous", &row->previous);
	json_uint(&j, "count", row->count);
	json_uint(&j, "bytes", row->bytes);
	json_array(&j, "reasons");
	add_status_reasons(&j, series);
	if (row->stalled > 0)
		json_str(&j, NULL, "stalled");
	for (size_t i = 0; row->reasons && i < ARRAY_LEN(carried); i++) {
		char quoted[32];

		snprintf(quoted, sizeof(quoted), "\"%s\"", carried[i]);
		if (strstr(row->reasons, quoted))
			json_str(&j, NULL, carried[i]);
	}
	json_array_end(&j);
	record_end(&j);
}
