// Everything the store knows about the selected locations, the stages and the alerts.
#include "app.h"

enum {
	MANY_LOCATIONS = 100,        /* from here on less is said about each */
	ALL_DAYS = 36500,            /* the window of --all, for rates */
	YESTERDAY = 20 * CLOCK_HOUR, /* a score so old at least is the one to compare with */
};

struct health { /* with room for the words */
	struct report_health report;
	const char *capped_by[32], *reasons[32];
};

static void
set_words(const char **words, uint32_t bits)
{
	size_t count = 0;

	for (int bit = 1; bit < 32; bit++) {
		const char *word = bits & SCORE_CAP(bit) ? record_word(RECORD_LIST_CAP, bit) : NULL;

		if (word)
			words[count++] = word;
	}
	words[count] = NULL;
}

static struct report_part
part_of(const struct score_part *part)
{
	return (struct report_part){
	    .applies = part->applies,
	    .known = part->known,
	    .rate = part->rate,
	    .has_coverage = part->applies && part->should > 0,
	    .coverage = part->should ? (double)part->covered / (double)part->should : 0,
	};
}

static int
set_health(struct app *app, const struct score *score, int64_t location_id, struct health *health,
    struct err *err)
{
	struct tool *tool = app->tool;
	int r;

	health->report = (struct report_health){
	    .grade = score->grade,
	    .has_score = score->known,
	    .score = score->score,
	    .raw_score = score->raw,
	    .backup = part_of(&score->parts[SCORE_BACKUP]),
	    .verification = part_of(&score->parts[SCORE_VERIFICATION]),
	    .restore = part_of(&score->parts[SCORE_RESTORE]),
	    .capped_by = health->capped_by,
	    .reasons = health->reasons,
	};
	set_words(health->capped_by, score->capped_by);
	set_words(health->reasons, score->reasons);
	r = store_report_score(tool->store, location_id, (int64_t)tool->days, tool->now - YESTERDAY,
	    &health->report.previous, err);
	health->report.has_previous = r > 0;
	return r < 0 ? -1 : 0;
}

static int
add_location(struct app *app, const struct config_location *location,
    const struct store_location *row, struct score *ret_score, struct err *err)
{
	const struct report_location loc = {
	    .id = row->id,
	    .name = location->name,
	    .path = location->path,
	    .type = config_type_word(location->type),
	    .unit = location->unit == CONFIG_UNIT_DIRECTORY ? "directory" : "file",
	    .schedule = location->schedule,
	    .status = row->status,
	    .reasons = row->reasons,
	    .first_scan = row->first_scan,
	    .last_scan = row->last_scan,
	    .last_reached = row->last_reached,
	    .empty_since = row->empty_since,
	    .free_bytes = row->free_bytes,
	    .verify_integrity = location->verify_integrity,
	    .test_restore = location->test_restore,
	};
	struct tool *tool = app->tool;
	struct health health;
	int r;

	report_location_begin(app->report, &loc);
	r = tool_score_location(
	    tool, location, tool->days ? tool->days : ALL_DAYS, NULL, NULL, ret_score, NULL, err);
	if (r == 0)
		r = set_health(app, ret_score, row->id, &health, err);
	if (r == 0 && row->id)
		r = app_add_backups(app, row->id, err);
	if (r == 0 && row->id)
		r = app_add_series(app, location, row, err);
	if (r == 0)
		report_location_end(app->report, &health.report);
	return r;
}

/* -l, --location-id and --where, as a location record would be judged. */
static bool
selects(struct app *app, const struct config_location *location, const struct store_location *row)
{
	struct buf line = BUF_INIT;
	struct record rec = RECORD_INIT;
	struct json j;
	bool yes;

	record_begin(&j, &line, RECORD_LOCATION);
	if (row->id)
		json_int(&j, "id", row->id);
	json_str(&j, "host", app->tool->host);
	json_str(&j, "location", location->name);
	json_path(&j, "path", location->path);
	json_str(&j, "type", config_type_word(location->type));
	json_str(&j, "status", row->status);
	record_end(&j);
	yes = record_parse(&rec, line.data, line.len, NULL) == 0 &&
	    tool_selects(app->tool, &rec, RECORD_LOCATION);
	record_release(&rec);
	buf_release(&line);
	return yes;
}

static int
add_locations(struct app *app, struct health *ret_overall, struct err *err)
{
	const struct config *config = app->tool->config;
	struct score *scores = mem_array(config->location_count + 1, sizeof(*scores));
	struct score_options options = tool_score_options(app->tool, NULL);
	struct score overall;
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < config->location_count && r >= 0; i++) {
		const struct config_location *location = &config->locations[i];
		struct store_location row = {.first_scan = CLOCK_NONE,
		    .last_scan = CLOCK_NONE,
		    .last_reached = CLOCK_NONE,
		    .empty_since = CLOCK_NONE,
		    .free_bytes = -1};

		r = tool_stopping() ? tool_interrupted(err)
				    : store_location_find(app->tool->store, app->tool->host,
					  location->name, &row, err);
		if (r >= 0 && selects(app, location, &row))
			r = add_location(app, location, &row, &scores[count++], err);
		store_location_release(&row);
		tool_progress(app->tool, "%zu of %zu locations", i + 1, config->location_count);
	}
	if (r >= 0) {
		score_overall(&overall, &options, scores, count);
		app->grade = overall.grade;
		r = set_health(app, &overall, 0, ret_overall, err);
	}
	free(scores);
	return r;
}

static int
add_run(void *arg, const struct store_run *run, enum store_run_fate fate)
{
	struct app *app = arg;
	int64_t max_age = app->tool->config->monitoring.max_age_hours * CLOCK_HOUR;
	bool ended = fate == STORE_RUN_ENDED;
	struct report_run r = {
	    .command = run->command,
	    .fate = "ended",
	    .ended_by = ended ? run->ended_by : NULL,
	    .started = run->started,
	    .ended = ended ? run->ended : CLOCK_NONE,
	    .ms = ended ? run->ms : -1,
	    .exit = ended ? run->exit_status : -1,
	    .findings = ended ? (int64_t)run->findings : -1,
	    .errors = ended ? (int64_t)run->errors : -1,
	};

	if (strcmp(run->uuid, app->tool->run.uuid) == 0)
		return 0;
	if (fate == STORE_RUN_DEAD)
		r.fate = "dead";
	else if (fate == STORE_RUN_ALIVE)
		r.fate = "alive";
	else if (max_age > 0 && run->started < app->tool->now - max_age)
		r.fate = "silent";
	report_add_run(app->report, &r);
	return 0;
}

/* Alerts of the locations that are reported, and of the monitor itself. */
static int
add_alerts(struct app *app, struct err *err)
{
	struct store_alert *alerts = NULL;
	const struct config_location *location;
	size_t count = 0;

	if (store_alerts(app->tool->store, "open", &alerts, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct store_alert *a = &alerts[i];
		const struct report_alert alert = {
		    .fingerprint = a->fingerprint,
		    .alert = a->kind,
		    .severity = a->severity,
		    .location = a->location,
		    .series = a->series,
		    .path = a->path,
		    .state = a->state,
		    .summary = a->summary,
		    .opened = a->opened,
		    .acked = a->acked_at,
		};

		location = a->location ? config_location(app->tool->config, a->location) : NULL;
		if (!a->location || (location && tool_selects_location(app->tool, location)))
			report_add_alert(app->report, &alert);
	}
	store_alerts_free(alerts, count);
	return 0;
}

int
app_gather(struct app *app, struct buf *out, struct err *err)
{
	struct tool *tool = app->tool;
	const struct config *config = tool->config;
	bool many = config->location_count > MANY_LOCATIONS;
	const struct report_options options = {
	    .app = config->app_name,
	    .host = tool->host,
	    .version = BKM_VERSION,
	    .store = store_uuid(tool->store),
	    .now = tool->now,
	    .days = (int64_t)tool->days,
	    .good = config->scoring.good,
	    .warning = config->scoring.warning,
	    .max_recent = many ? 3 : 0,
	    .max_series = many ? 10 : 0,
	};
	struct store_statistics s;
	struct report_statistics statistics;
	struct health overall;

	app->report = report_new(&options);
	if (add_locations(app, &overall, err) < 0 ||
	    store_run_latest(tool->store, tool->host, add_run, app, err) < 0 ||
	    add_alerts(app, err) < 0 || store_statistics(tool->store, &s, err) < 0)
		return -1;
	statistics = (struct report_statistics){.bytes = s.bytes,
	    .locations = s.locations,
	    .series = s.series,
	    .backups = s.backups,
	    .verifications = s.verifications,
	    .restores = s.restores};
	report_finish(app->report, &overall.report, &statistics, out);
	return 0;
}
