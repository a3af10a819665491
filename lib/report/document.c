// The report document: begun with its options, ended as one JSON object.
#include "report/report_private.h"

static size_t
or_default(size_t value, size_t otherwise)
{
	return value > 0 ? value : otherwise;
}

struct report *
report_new(const struct report_options *options)
{
	struct report *r = mem_alloc(sizeof(*r));

	r->options = *options;
	r->options.max_attention = or_default(options->max_attention, 50);
	r->options.max_series = or_default(options->max_series, 40);
	r->options.max_recent = or_default(options->max_recent, 10);
	r->options.max_alerts = or_default(options->max_alerts, 50);
	r->app = mem_strdup(options->app);
	r->host = mem_strdup(options->host);
	r->version = mem_strdup(options->version);
	r->store = mem_strdup(options->store);
	record_init(&r->scratch);
	report_days_init(r);
	return r;
}

void
report_free(struct report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->item_count; i++)
		report_item_release(&r->items[i]);
	free(r->items);
	report_list_release(&r->series);
	report_list_release(&r->recent);
	report_list_release(&r->locations);
	report_list_release(&r->alerts);
	report_list_release(&r->runs);
	record_release(&r->scratch);
	free(r->group);
	free(r->days);
	free(r->app);
	free(r->host);
	free(r->version);
	free(r->store);
	free(r);
}

void
report_add_run(struct report *r, const struct report_run *run)
{
	struct report_chunk *chunk = report_list_add(&r->runs);
	struct json own, *j = &own;

	chunk->rank = record_word_find(RECORD_LIST_COMMAND, run->command);
	json_init(j, &chunk->json);
	json_object(j, NULL);
	json_str(j, "command", run->command);
	json_str(j, "fate", run->fate);
	json_time(j, "started", run->started);
	json_time(j, "ended", run->ended);
	json_str(j, "ended_by", run->ended_by);
	if (run->ms >= 0)
		json_int(j, "ms", run->ms);
	if (run->exit >= 0)
		json_int(j, "exit", run->exit);
	if (run->findings >= 0)
		json_int(j, "findings", run->findings);
	if (run->errors >= 0)
		json_int(j, "errors", run->errors);
	json_object_end(j);
	report_attend_run(r, run);
}

void
report_add_alert(struct report *r, const struct report_alert *alert)
{
	struct report_chunk *chunk;
	struct json j;

	if (r->alert_seen++ >= r->options.max_alerts)
		return;
	chunk = report_list_add(&r->alerts);
	json_init(&j, &chunk->json);
	json_object(&j, NULL);
	json_str(&j, "fingerprint", alert->fingerprint);
	json_str(&j, "alert", alert->alert);
	json_str(&j, "severity", alert->severity);
	json_str(&j, "location", alert->location);
	json_str(&j, "series", alert->series);
	if (alert->path)
		json_path(&j, "path", alert->path);
	json_str(&j, "state", alert->state);
	json_time(&j, "opened", alert->opened);
	json_time(&j, "acked", alert->acked);
	json_str(&j, "summary", alert->summary);
	json_object_end(&j);
}

static void
overall_json(const struct report *r, struct json *j, const struct report_health *overall)
{
	json_object(j, "overall");
	report_health_json(j, overall);
	json_object(j, "locations");
	json_uint(j, "critical", r->grades[RECORD_GRADE_CRITICAL]);
	json_uint(j, "warning", r->grades[RECORD_GRADE_WARNING]);
	json_uint(j, "unknown", r->grades[RECORD_GRADE_UNKNOWN] + r->grades[RECORD_GRADE_NONE]);
	json_uint(j, "good", r->grades[RECORD_GRADE_GOOD]);
	json_object_end(j);
	json_object_end(j);
}

static void
statistics_json(struct json *j, const struct report_statistics *s)
{
	json_object(j, "statistics");
	json_int(j, "bytes", s->bytes);
	json_int(j, "locations", s->locations);
	json_int(j, "series", s->series);
	json_int(j, "backups", s->backups);
	json_int(j, "verifications", s->verifications);
	json_int(j, "restores", s->restores);
	json_object_end(j);
}

static void
left_out_json(const struct report *r, struct json *j)
{
	size_t items = r->item_count, alerts = r->alert_seen;

	json_object(j, "left_out");
	json_uint(j, "attention",
	    items > r->options.max_attention ? items - r->options.max_attention : 0);
	json_uint(j, "alerts", alerts > r->options.max_alerts ? alerts - r->options.max_alerts : 0);
	json_object_end(j);
}

static void
head_json(const struct report *r, struct json *j)
{
	json_int(j, "v", RECORD_VERSION);
	json_str(j, "kind", "report_document");
	json_time(j, "generated", r->options.now);
	json_str(j, "version", r->version);
	json_str(j, "app", r->app);
	json_str(j, "host", r->host);
	json_str(j, "store", r->store);
	if (r->options.days > 0) {
		json_int(j, "days", r->options.days);
		json_time(j, "from", r->options.now - r->options.days * CLOCK_DAY);
	} else {
		json_null(j, "days");
		json_null(j, "from");
	}
	json_time(j, "to", r->options.now);
	json_object(j, "thresholds");
	json_real(j, "good", r->options.good, 4);
	json_real(j, "warning", r->options.warning, 4);
	json_object_end(j);
}

void
report_finish(struct report *r, const struct report_health *overall,
    const struct report_statistics *statistics, struct buf *out)
{
	struct json j;

	report_list_sort(&r->locations);
	report_list_sort(&r->runs);
	json_init(&j, out);
	json_object(&j, NULL);
	head_json(r, &j);
	overall_json(r, &j, overall);
	report_items_json(r, &j);
	json_array(&j, "locations");
	report_list_json(&r->locations, r->locations.count, &j);
	json_array_end(&j);
	json_array(&j, "alerts");
	report_list_json(&r->alerts, r->alerts.count, &j);
	json_array_end(&j);
	json_array(&j, "runs");
	report_list_json(&r->runs, r->runs.count, &j);
	json_array_end(&j);
	statistics_json(&j, statistics);
	left_out_json(r, &j);
	json_object_end(&j);
}
