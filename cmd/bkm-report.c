// bkm-report: write what the store knows as HTML, CSV, JSON, text, or what a jq program makes of it.
#include <sys/stat.h>

#include "report/report.h"
#include "tool/score.h"
#include "tool/tool.h"

enum {
	MANY_LOCATIONS = 100,        /* from here on less is said about each */
	ALL_DAYS = 36500,            /* the window of --all, for rates */
	YESTERDAY = 20 * CLOCK_HOUR, /* a score so old at least is the one to compare with */
};

struct reporting {
	struct tool *tool;
	struct tool_list formats;
	const char *where, *template;
	struct report_outputs outputs;
	struct unsaved { /* written, and not yet in the store */
		uint64_t bytes;
		bool is;
	} * unsaved;
	enum record_grade grade; /* over all, once it is known */
	struct report *report;
};

/* What the command line names, else what the configuration does. */
static int
choose(void *ctx, struct err *err)
{
	struct reporting *rep = ctx;
	const struct config *config = rep->tool->config;
	bool named = rep->formats.count > 0 || rep->template;
	const char *template = named ? rep->template : config->reporting.template;
	const char *where = rep->where ? rep->where : config->reporting.output_directory;
	char *directory = tool_share("report"), *library = tool_share("report/lib");
	int r = 0;

	for (size_t i = 0; i < rep->formats.count && r == 0; i++)
		r = report_outputs_add(&rep->outputs, directory, rep->formats.items[i], err);
	for (size_t i = 0; !named && i < config->reporting.formats.count && r == 0; i++)
		r = report_outputs_add(
		    &rep->outputs, directory, config->reporting.formats.items[i], err);
	if (template)
		report_outputs_add_program(&rep->outputs, template);
	if (rep->outputs.is_check && !rep->where)
		where = "-";
	if (r == 0)
		r = report_outputs_open(&rep->outputs, library, where, err);
	if (r == 0 && rep->outputs.count > 0 && !rep->outputs.items[0].path)
		rep->tool->quiet = true;
	rep->unsaved = mem_array(rep->outputs.count + 1, sizeof(*rep->unsaved));
	free(directory);
	free(library);
	return r;
}

/* ---------------------------------------------------------------- what the store knows */

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
set_health(struct reporting *rep, const struct score *score, int64_t location_id,
    struct health *health, struct err *err)
{
	struct tool *tool = rep->tool;
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

static struct report_backup
backup_of(const struct store_backup *row)
{
	return (struct report_backup){
	    .id = row->id,
	    .series = row->series,
	    .path = row->path,
	    .size = row->size,
	    .time = row->time,
	    .mtime = row->mtime,
	    .first_seen = row->first_seen,
	    .present = row->live,
	    .state = row->state,
	    .status = row->status,
	    .reasons = row->reasons,
	    .verification = row->verification,
	    .restore = row->restore,
	};
}

static int
add_backups(struct reporting *rep, int64_t location_id, struct err *err)
{
	const struct store_backup_query query = {
	    .location_id = location_id,
	    .since = rep->tool->days ? rep->tool->now - (int64_t)rep->tool->days * CLOCK_DAY
				     : CLOCK_NONE,
	    .newest_first = true,
	    .with_gone = true,
	};
	struct store_cursor *cursor = NULL;
	struct store_backup row;
	int r = store_backups(rep->tool->store, &query, &cursor, err);

	while (r >= 0 && (r = store_backups_next(cursor, &row, err)) > 0) {
		struct report_backup backup = backup_of(&row);

		report_add_backup(rep->report, &backup);
	}
	store_cursor_close(cursor);
	return r;
}

struct fails { /* by series id, ascending */
	struct fail {
		int64_t series_id;
		uint64_t count;
	} * items;
	size_t count, cap;
};

static void
add_fail(void *arg, int64_t series_id, uint64_t count)
{
	struct fails *fails = arg;

	MEM_GROW(fails->items, fails->count, fails->cap);
	fails->items[fails->count++] = (struct fail){series_id, count};
}

static int
by_id(const void *key, const void *item)
{
	int64_t id = *(const int64_t *)key, other = ((const struct fail *)item)->series_id;

	return id < other ? -1 : id > other;
}

/* A member of a series, with copies of its texts: the row lives only until the next look-up. */
struct member {
	struct report_backup backup;
	char *texts[7];
};

static const struct report_backup *
find_member(struct reporting *rep, int64_t id, struct member *member, int *r, struct err *err)
{
	struct report_backup *b = &member->backup;
	struct store_backup row;

	if (*r < 0 || id == 0)
		return NULL;
	*r = store_backup_by_id(rep->tool->store, id, &row, err);
	if (*r <= 0)
		return NULL;
	*b = backup_of(&row);
	b->series = member->texts[0] = mem_strdup(b->series);
	b->path = member->texts[1] = mem_strdup(b->path);
	b->state = member->texts[2] = mem_strdup(b->state);
	b->status = member->texts[3] = mem_strdup(b->status);
	b->reasons = member->texts[4] = mem_strdup(b->reasons);
	b->verification = member->texts[5] = mem_strdup(b->verification);
	b->restore = member->texts[6] = mem_strdup(b->restore);
	return b;
}

static void
release_member(struct member *member)
{
	for (size_t i = 0; i < ARRAY_LEN(member->texts); i++)
		free(member->texts[i]);
}

static int
add_series(struct reporting *rep, struct tool_series_cursor *cursor,
    const struct tool_series *series, const struct fails *fails, struct err *err)
{
	struct tool *tool = rep->tool;
	int64_t id = series->row.id, newest_id = series->row.newest.id,
		previous_id = series->row.previous.id;
	const struct fail *fail = fails->count
	    ? bsearch(&id, fails->items, fails->count, sizeof(*fails->items), by_id)
	    : NULL;
	struct report_series s = {
	    .name = series->row.name,
	    .schedule = series->schedule,
	    .state = series->state,
	    .ignored = series->ignored,
	    .count = series->row.count,
	    .bytes = series->row.bytes,
	    .reasons = series->row.reasons,
	    .failed_verdicts = fail ? fail->count : 0,
	};
	struct member newest = {0}, previous = {0};
	int r = 0;

	s.newest = find_member(rep, newest_id, &newest, &r, err);
	s.previous = find_member(rep, previous_id, &previous, &r, err);
	if (r >= 0)
		r = tool_series_each_due(cursor, series,
		    tool->now - (int64_t)(tool->days ? tool->days : REPORT_DAYS_MAX) * CLOCK_DAY,
		    report_add_due, rep->report, err);
	if (r >= 0)
		report_add_series(rep->report, &s);
	release_member(&newest);
	release_member(&previous);
	return r < 0 ? -1 : 0;
}

static int
add_all_series(struct reporting *rep, const struct config_location *location,
    const struct store_location *row, struct err *err)
{
	struct tool_series_cursor *cursor = NULL;
	struct tool_series series;
	struct fails fails = {0};
	int r = store_report_failed(rep->tool->store, row->id, add_fail, &fails, err);

	if (r == 0)
		r = tool_series_open(rep->tool, location, row, &cursor, err);
	while (r >= 0 && (r = tool_series_next(cursor, &series, err)) > 0)
		r = add_series(rep, cursor, &series, &fails, err);
	tool_series_close(cursor);
	free(fails.items);
	return r;
}

static int
add_location(struct reporting *rep, const struct config_location *location,
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
	struct tool *tool = rep->tool;
	struct health health;
	int r;

	report_location_begin(rep->report, &loc);
	r = tool_score_location(
	    tool, location, tool->days ? tool->days : ALL_DAYS, NULL, NULL, ret_score, NULL, err);
	if (r == 0)
		r = set_health(rep, ret_score, row->id, &health, err);
	if (r == 0 && row->id)
		r = add_backups(rep, row->id, err);
	if (r == 0 && row->id)
		r = add_all_series(rep, location, row, err);
	if (r == 0)
		report_location_end(rep->report, &health.report);
	return r;
}

/* -l, --location-id and --where, as a location record would be judged. */
static bool
selects(
    struct reporting *rep, const struct config_location *location, const struct store_location *row)
{
	struct buf line = BUF_INIT;
	struct record rec = RECORD_INIT;
	struct json j;
	bool yes;

	record_begin(&j, &line, RECORD_LOCATION);
	if (row->id)
		json_int(&j, "id", row->id);
	json_str(&j, "host", rep->tool->host);
	json_str(&j, "location", location->name);
	json_path(&j, "path", location->path);
	json_str(&j, "type", config_type_word(location->type));
	json_str(&j, "status", row->status);
	record_end(&j);
	yes = record_parse(&rec, line.data, line.len, NULL) == 0 &&
	    tool_selects(rep->tool, &rec, RECORD_LOCATION);
	record_release(&rec);
	buf_release(&line);
	return yes;
}

static int
add_locations(struct reporting *rep, struct health *ret_overall, struct err *err)
{
	const struct config *config = rep->tool->config;
	struct score *scores = mem_array(config->location_count + 1, sizeof(*scores));
	struct score_options options = tool_score_options(rep->tool, NULL);
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
				    : store_location_find(rep->tool->store, rep->tool->host,
					  location->name, &row, err);
		if (r >= 0 && selects(rep, location, &row))
			r = add_location(rep, location, &row, &scores[count++], err);
		store_location_release(&row);
		tool_progress(rep->tool, "%zu of %zu locations", i + 1, config->location_count);
	}
	if (r >= 0) {
		score_overall(&overall, &options, scores, count);
		rep->grade = overall.grade;
		r = set_health(rep, &overall, 0, ret_overall, err);
	}
	free(scores);
	return r;
}

static int
add_run(void *arg, const struct store_run *run, enum store_run_fate fate)
{
	struct reporting *rep = arg;
	int64_t max_age = rep->tool->config->monitoring.max_age_hours * CLOCK_HOUR;
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

	if (strcmp(run->uuid, rep->tool->run.uuid) == 0)
		return 0;
	if (fate == STORE_RUN_DEAD)
		r.fate = "dead";
	else if (fate == STORE_RUN_ALIVE)
		r.fate = "alive";
	else if (max_age > 0 && run->started < rep->tool->now - max_age)
		r.fate = "silent";
	report_add_run(rep->report, &r);
	return 0;
}

/* Alerts of the locations that are reported, and of the monitor itself. */
static int
add_alerts(struct reporting *rep, struct err *err)
{
	struct store_alert *alerts = NULL;
	const struct config_location *location;
	size_t count = 0;

	if (store_alerts(rep->tool->store, "open", &alerts, &count, err) < 0)
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

		location = a->location ? config_location(rep->tool->config, a->location) : NULL;
		if (!a->location || (location && tool_selects_location(rep->tool, location)))
			report_add_alert(rep->report, &alert);
	}
	store_alerts_free(alerts, count);
	return 0;
}

static int
gather(struct reporting *rep, struct buf *out, struct err *err)
{
	struct tool *tool = rep->tool;
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

	rep->report = report_new(&options);
	if (add_locations(rep, &overall, err) < 0 ||
	    store_run_latest(tool->store, tool->host, add_run, rep, err) < 0 ||
	    add_alerts(rep, err) < 0 || store_statistics(tool->store, &s, err) < 0)
		return -1;
	statistics = (struct report_statistics){.bytes = s.bytes,
	    .locations = s.locations,
	    .series = s.series,
	    .backups = s.backups,
	    .verifications = s.verifications,
	    .restores = s.restores};
	report_finish(rep->report, &overall.report, &statistics, out);
	return 0;
}

/* ---------------------------------------------------------------- writing */

static int
commit(void *ctx, struct err *err)
{
	struct reporting *rep = ctx;

	for (size_t i = 0; i < rep->outputs.count; i++) {
		const struct report_output *out = &rep->outputs.items[i];
		struct unsaved *unsaved = &rep->unsaved[i];

		if (unsaved->is &&
		    store_report_put(rep->tool->store, rep->tool->now, out->format, out->path,
			unsaved->bytes, err) < 0)
			return -1;
		unsaved->is = false;
	}
	return 0;
}

static int
write_record(struct reporting *rep, size_t i, struct err *err)
{
	const struct report_output *out = &rep->outputs.items[i];
	struct buf line = BUF_INIT;
	struct json j;
	int r;

	record_begin(&j, &line, RECORD_REPORT);
	json_str(&j, "format", out->format);
	json_path(&j, "path", out->path);
	json_uint(&j, "bytes", rep->unsaved[i].bytes);
	record_end(&j);
	rep->unsaved[i].is = true;
	tool_dirty(rep->tool);
	r = tool_put_line(rep->tool, &line, err);
	buf_release(&line);
	return r;
}

/* What goes wrong with one format does not keep the others from being written. */
static int
write_one(struct reporting *rep, size_t i, const struct buf *document, mode_t mask, struct err *err)
{
	const struct report_output *out = &rep->outputs.items[i];
	struct err own = {0};
	int r = report_output_write(out, document, mask, &rep->unsaved[i].bytes, &own);

	if (r == 0)
		return out->path ? write_record(rep, i, err) : 0;
	if (!out->path && own.code != ERR_FORMAT) {
		*err = own; /* standard output is gone or full */
		return -1;
	}
	return tool_trouble(rep->tool, NULL, out->path ? out->path : out->program,
	    own.code == ERR_DENIED ? "permission_denied" : "other", err, "format '%s': %s",
	    out->format, own.msg);
}

static int
write_all(struct reporting *rep, struct err *err)
{
	struct buf document = BUF_INIT;
	mode_t mask = umask(0);
	int r;

	(void)umask(mask);
	r = gather(rep, &document, err);
	for (size_t i = 0; i < rep->outputs.count && r == 0; i++)
		r = write_one(rep, i, &document, mask, err);
	buf_release(&document);
	return r;
}

int
main(int argc, char **argv)
{
	struct reporting rep = {0};
	const struct tool_option options[] = {
	    {"format", 'f', "LIST", .list = &rep.formats, .commas = true,
		.help = "html, csv, json, text, prometheus, nagios: what to write, several "
			"with commas (default: reporting.formats)"},
	    {"output", 'o', "PATH", .text = &rep.where,
		.help = "a file, a directory for several formats, or - for standard output "
			"instead of records (default: reporting.output_directory)"},
	    {"template", 0, "FILE", .text = &rep.template,
		.help = "a jq program of your own that makes the text"},
	    {0},
	};
	const struct tool_spec spec = {
	    .name = "bkm-report",
	    .usage = "[OPTION]...",
	    .about = "Write reports from what the store knows. Records on standard input are "
		     "passed on and do not narrow a report; -l does.",
	    .notes = "Example:\n"
		     "  bkm-report --stored -f text -o -     how things stand, on the terminal\n",
	    .options = options,
	    .input = TOOL_INPUT_PASS,
	    .default_days = 7,
	    .check = choose,
	    .commit = commit,
	    .ctx = &rep,
	};
	struct tool tool = TOOL_INIT;
	struct record rec = RECORD_INIT;
	struct err err = {0};
	int r, status;

	rep.tool = &tool;
	if (tool_parse(&tool, &spec, argc, argv) != 0)
		return tool_close(&tool, 0, NULL);
	r = tool_open(&tool, TOOL_RUN, &err);
	while (r >= 0 && (r = tool_next(&tool, &rec, &err)) > 0)
		r = tool_put(&tool, &rec, &err);
	if (r == 0)
		r = write_all(&rep, &err);
	if (r == 0)
		r = tool_flush(&tool, &err);
	record_release(&rec);
	status = tool_close(&tool, r, &err);
	if (rep.outputs.is_check)
		status = status == TOOL_EXIT_OK ? report_check_status(rep.grade) : 3;
	report_free(rep.report);
	report_outputs_release(&rep.outputs);
	free(rep.unsaved);
	return status;
}
