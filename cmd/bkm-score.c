// bkm-score: grade the backups of each location, and of all of them, from what the store knows.
#include "base/base.h"
#include "score/score.h"
#include "tool/tool.h"

enum { EXPLAIN_MAX = 200 }; /* series on one line */

struct scored {
	const struct config_location *location; /* NULL: over all */
	int64_t id;
	struct score score;
	struct buf record;
};

struct explain { /* the series of a location as JSON */
	struct buf json;
	struct json writer;
	uint64_t count;
};

struct grading {
	struct tool *tool;
	const char *gate_text, *require;
	bool explain;
	struct record_filter *gate;
	struct scored *scored; /* the locations, then all of them */
	size_t count;
	size_t judged;
};

static const char *
verdict_word(enum record_verdict verdict)
{
	return record_word(RECORD_LIST_VERDICT, (int)verdict);
}

static void
explain_series(void *ctx, const struct tool_series *series, const struct score_series *facts)
{
	struct explain *explain = ctx;
	struct json *j = &explain->writer;

	if (explain->count++ >= EXPLAIN_MAX)
		return;
	json_object(j, NULL);
	json_str(j, "series", series->row.name);
	json_str(j, "status", schedule_status_word(facts->status));
	json_time(j, "due_at", series->state.due);
	json_uint(j, "due", facts->due);
	json_uint(j, "met", facts->met);
	json_uint(j, "ok", facts->ok);
	json_uint(j, "failed", facts->failed);
	json_uint(j, "verified", facts->verified_pass);
	json_uint(j, "verification_failed", facts->verified_fail);
	json_uint(j, "unverified", facts->complete - facts->verified_pass - facts->verified_fail);
	json_uint(j, "restored", facts->restored_pass);
	json_uint(j, "restore_failed", facts->restored_fail);
	json_str(j, "newest_verification", verdict_word(facts->newest_verification));
	json_str(j, "newest_restore", verdict_word(facts->newest_restore));
	json_object_end(j);
}

static void
write_record(
    struct grading *grading, struct scored *scored, struct score_line line, struct explain *explain)
{
	struct buf json = BUF_INIT, formula = BUF_INIT;
	struct json j;

	line.store = store_uuid(grading->tool->store);
	line.host = grading->tool->host;
	line.location = scored->location ? scored->location->name : NULL;
	line.days = grading->tool->days;
	if (grading->explain) {
		json_init(&j, &json);
		json_object(&j, NULL);
		score_add_formula(&formula, &scored->score);
		json_str(&j, "formula", scored->location ? formula.data : "mean of the locations");
		if (scored->location)
			json_raw(&j, "series", explain->json.data, explain->json.len);
		if (explain->count > EXPLAIN_MAX)
			json_uint(&j, "series_left_out", explain->count - EXPLAIN_MAX);
		json_object_end(&j);
		line.explain = &json;
	}
	score_add_record(&scored->record, &scored->score, &line);
	buf_release(&json);
	buf_release(&formula);
}

static int
score_one(struct grading *grading, struct scored *scored, struct err *err)
{
	struct tool *tool = grading->tool;
	struct explain explain = {.json = BUF_INIT};
	struct score_line line = {0};
	int r = 0;

	json_init(&explain.writer, &explain.json);
	json_array(&explain.writer, NULL);
	if (scored->location)
		r = tool_score_location(tool, scored->location, tool->days,
		    grading->explain ? explain_series : NULL, &explain, &scored->score, &scored->id,
		    err);
	json_array_end(&explain.writer);
	if (r == 0 && (!scored->location || scored->id != 0))
		r = tool_score_previous(tool, scored->id, tool->days, &line, err);
	if (r == 0)
		write_record(grading, scored, line, &explain);
	buf_release(&explain.json);
	return r;
}

/* The scores of the selected locations, and the one over all of them if nothing narrowed it. */
static int
score_all(struct grading *grading, struct err *err)
{
	struct tool *tool = grading->tool;
	const struct config *config = tool->config;
	struct score_options options = tool_score_options(tool, NULL);
	struct score *scores = mem_array(config->location_count + 1, sizeof(*scores));
	int r = 0;

	grading->scored = mem_array(config->location_count + 1, sizeof(*grading->scored));
	for (size_t i = 0; i < config->location_count && r == 0; i++) {
		struct scored *scored = &grading->scored[grading->count];

		if (!tool_selects_location(tool, &config->locations[i]))
			continue;
		*scored = (struct scored){.location = &config->locations[i], .record = BUF_INIT};
		r = tool_stopping() ? tool_interrupted(err) : score_one(grading, scored, err);
		scores[grading->count++] = scored->score;
		tool_progress(tool, "%zu of %zu locations", grading->count, config->location_count);
	}
	if (r == 0 && tool->locations.count == 0 && tool->location_id == 0) {
		struct scored *overall = &grading->scored[grading->count];

		*overall = (struct scored){.record = BUF_INIT};
		score_overall(&overall->score, &options, scores, grading->count++);
		r = score_one(grading, overall, err);
	}
	free(scores);
	return r;
}

/* Is there something to remember: another score than the last one, or the first of a day? */
static bool
is_news(struct grading *grading, const struct scored *scored, struct err *err)
{
	struct store_score last;
	int64_t now = grading->tool->now;

	if (store_score_last(
		grading->tool->store, scored->id, (int64_t)grading->tool->days, &last, err) <= 0)
		return true;
	return last.at / CLOCK_DAY != now / CLOCK_DAY || last.known != scored->score.known ||
	    last.grade != scored->score.grade || last.score < scored->score.score ||
	    last.score > scored->score.score;
}

static int
remember(struct grading *grading, struct err *err)
{
	struct tool *tool = grading->tool;

	if (tool->read_only)
		return 0;
	if (store_begin(tool->store, err) < 0)
		return -1;
	for (size_t i = 0; i < grading->count; i++) {
		const struct scored *scored = &grading->scored[i];
		struct store_score row = {
		    .at = tool->now,
		    .location_id = scored->id,
		    .days = (int64_t)tool->days,
		    .known = scored->score.known,
		    .raw_known = scored->score.raw_known,
		    .score = scored->score.score,
		    .raw_score = scored->score.raw,
		    .grade = scored->score.grade,
		};

		if ((scored->location && scored->id == 0) || !is_news(grading, scored, err))
			continue;
		if (store_score_put(tool->store, &row, scored->record.data, err) < 0) {
			store_rollback(tool->store);
			return -1;
		}
	}
	return store_commit(tool->store, err);
}

/* --where chooses which scores are judged; all are printed. */
static bool
is_judged(struct grading *grading, const struct scored *scored)
{
	struct record rec = RECORD_INIT;
	bool judged = !grading->tool->where;

	if (!judged && record_parse(&rec, scored->record.data, scored->record.len, NULL) == 0)
		judged = tool_selects(grading->tool, &rec, RECORD_SCORE);
	record_release(&rec);
	return judged;
}

/* Findings, the gate and --require. */
static void
judge(struct grading *grading, const struct scored *scored)
{
	struct tool *tool = grading->tool;
	struct err err = {0};
	int r;

	grading->judged++;
	if (grading->require && scored->score.grade != RECORD_GRADE_GOOD)
		tool_require_failed(tool);
	if (!grading->gate) {
		if (scored->score.grade != RECORD_GRADE_GOOD)
			tool_finding(tool);
		return;
	}
	r = record_filter_run_json(grading->gate, scored->record.data, scored->record.len, &err);
	if (r == 0)
		tool_finding(tool);
	if (r < 0)
		tool_error(tool, "option '--gate': %s", err.msg);
}

static int
grade(struct grading *grading, struct err *err)
{
	struct tool *tool = grading->tool;
	uint64_t grades[RECORD_GRADE_UNKNOWN + 1] = {0};
	int r;

	/* A scan that ends in between must not give half a location. */
	if (store_begin_read(tool->store, err) < 0)
		return -1;
	r = score_all(grading, err);
	store_rollback(tool->store);
	if (r < 0 || remember(grading, err) < 0)
		return -1;
	for (size_t i = 0; i < grading->count; i++) {
		const struct scored *scored = &grading->scored[i];

		grades[scored->score.grade] += scored->location != NULL;
		if (is_judged(grading, scored))
			judge(grading, scored);
		if (tool_put_line(tool, &scored->record, err) < 0)
			return -1;
	}
	if (grading->require && grading->judged == 0)
		tool_require_failed(tool);
	for (int word = RECORD_GRADE_CRITICAL; word <= RECORD_GRADE_UNKNOWN; word++)
		tool_count(tool, record_word(RECORD_LIST_GRADE, word), grades[word]);
	return 0;
}

static void
release(struct grading *grading)
{
	for (size_t i = 0; i < grading->count; i++)
		buf_release(&grading->scored[i].record);
	free(grading->scored);
	record_filter_free(grading->gate);
}

int
main(int argc, char **argv)
{
	static const char *const require_words[] = {"pass", NULL};
	struct grading grading = {0};
	const struct tool_option options[] = {
	    {"explain", 0, NULL, .flag = &grading.explain,
		.help = "add the arithmetic and each series to the record"},
	    {"gate", 0, "JQ", .text = &grading.gate_text,
		.help =
		    "exit 1 if this jq expression is false for a score record, and for no other reason"},
	    {"require", 0, "WHAT", .text = &grading.require, .words = require_words,
		.help = "pass: exit 1 unless every selected grade is good"},
	    {0},
	};
	const struct tool_spec spec = {
	    .name = "bkm-score",
	    .usage = "[OPTION]...",
	    .about =
		"Grade the backups of each location, and of all together, from the store. Records "
		"on standard input are passed on and do not narrow the score; -l does.",
	    .options = options,
	    .input = TOOL_INPUT_PASS,
	    .default_days = 7,
	};
	struct tool tool = TOOL_INIT;
	struct record rec = RECORD_INIT;
	struct err err = {0};
	int r = 0;

	if (tool_parse(&tool, &spec, argc, argv) != 0)
		return tool_close(&tool, 0, NULL);
	grading.tool = &tool;
	if (grading.gate_text)
		r = record_filter_new(&grading.gate, grading.gate_text, &err);
	if (r < 0) {
		(void)err_wrap(&err, "option '--gate'");
		goto out;
	}
	r = tool_open(&tool, TOOL_RUN, &err);
	if (r < 0)
		goto out;
	while ((r = tool_next(&tool, &rec, &err)) > 0) {
		r = tool_put(&tool, &rec, &err);
		if (r < 0)
			goto out;
	}
	if (r == 0)
		r = grade(&grading, &err);
out:
	record_release(&rec);
	release(&grading);
	return tool_close(&tool, r, &err);
}
