// bkm-restore: bring backups back in a sandbox, and say of each what came back.
#include <string.h>

#include "bkm-restore/app.h"

static const char *const require_words[] = {"pass", NULL};

/* A result that no test brought: on the line, and --require has failed. */
static int
set_result(
    struct app *app, struct record *rec, const struct restore_result *result, struct err *err)
{
	struct buf json = BUF_INIT;
	int r;

	if (app->require)
		tool_require_failed(&app->tool);
	restore_result_json(result, app->tool.now, &json);
	r = record_set(rec, "restore", json.data, json.len, err);
	buf_release(&json);
	return r;
}

/* Never yesterday's pass again: another backup should be here by now. */
static int
pass_on_stale(struct app *app, struct record *rec, int64_t time, int64_t due, struct err *err)
{
	struct restore_result result = {.verdict = RECORD_VERDICT_FAIL};

	app_say_stale(&result, time, due);
	tool_finding(&app->tool);
	return set_result(app, rec, &result, err);
}

/* What is not tested now passes with its last verdict, which counts as a fresh one does. */
static int
pass_on(struct app *app, struct record *rec, const struct tool_backup *backup, struct err *err)
{
	const struct store_backup *row = &backup->row;
	const char *verdict = row->restore_verdict;
	bool passed = verdict && strcmp(verdict, "pass") == 0;

	app->not_due++;
	if (verdict && strcmp(verdict, "fail") == 0)
		tool_finding(&app->tool);
	if (app_is_wanted(app, backup)) {
		app->judged++;
		if (app->require && !passed)
			tool_require_failed(&app->tool);
	}
	if (!row->restore)
		return 0;
	if (passed) {
		int64_t time = row->time, due;
		int r = app_is_stale(app, backup, &due, err);

		if (r != 0)
			return r < 0 ? -1 : pass_on_stale(app, rec, time, due, err);
	}
	return record_set(rec, "restore", row->restore, strlen(row->restore), err);
}

static int
set_skip(struct app *app, struct record *rec, const char *reason, struct err *err)
{
	struct restore_result result = {.verdict = RECORD_VERDICT_SKIP, .reason = reason};

	app->skips++;
	return set_result(app, rec, &result, err);
}

static int
test_backup(struct app *app, struct record *rec, struct err *err)
{
	struct tool_backup backup;
	int r = tool_resolve(&app->tool, rec, &backup, err);

	if (r < 0)
		return -1;
	if (r == 0)
		return set_skip(app, rec, backup.skip, err);
	r = app_is_due(app, &backup, err);
	if (r < 0)
		return -1;
	return r ? app_drill(app, rec, &backup, err) : pass_on(app, rec, &backup, err);
}

static int
reap(struct app *app, struct err *err)
{
	size_t removed, in_use;
	int r = sandbox_scratch_reap(app_scratch_base(app), &removed, &in_use, err);

	(void)restore_reap_segments();
	if (r == 0 && !app->tool.quiet)
		log_warning(app->tool.log, "removed %zu scratch directories, %zu are in use",
		    removed, in_use);
	return r;
}

static int
run(struct app *app, struct err *err)
{
	struct record rec = RECORD_INIT;
	struct tool *tool = &app->tool;
	size_t accepted = 0;
	int r;

	for (;;) {
		bool accept = app->accept.count > 0;

		r = accept ? app_accept_next(app, &accepted, &rec, err)
			   : tool_next(tool, &rec, err);
		if (r <= 0)
			break;
		r = 0;
		if (accept || tool_selects(tool, &rec, RECORD_BACKUP))
			r = test_backup(app, &rec, err);
		if (r == 0)
			r = tool_put(tool, &rec, err);
		if (r < 0)
			break;
	}
	record_release(&rec);
	if (app->require && app->judged == 0)
		tool_require_failed(tool);
	return r;
}

static int
check(void *ctx, struct err *err)
{
	return app_accept_check(ctx, err);
}

static void
add_counts(struct app *app)
{
	tool_count(&app->tool, "pass", app->passes);
	tool_count(&app->tool, "fail", app->fails);
	tool_count(&app->tool, "error", app->errors);
	tool_count(&app->tool, "skip", app->skips);
	tool_count(&app->tool, "not_due", app->not_due);
}

int
main(int argc, char **argv)
{
	struct app app = {.tool = TOOL_INIT};
	const struct tool_option options[] = {
	    {"due", 0, NULL, .flag = &app.due,
		.help = "test what is due: the newest of each series, and the sample (default)"},
	    {"force", 0, NULL, .flag = &app.force, .help = "test everything selected, due or not"},
	    {"latest", 0, NULL, .flag = &app.latest,
		.help = "only the newest backup of each series"},
	    {"sample", 0, "N", .flag = &app.sample_given, .number = &app.sample, .max = 100000,
		.help = "of each series also N older ones, in rotation"},
	    {"scratch", 0, "DIR", .text = &app.scratch, .help = "restore below this directory"},
	    {"keep", 0, NULL, .flag = &app.keep, .help = "leave what was restored, and say where"},
	    {"max-bytes", 0, "SIZE", .size = &app.max_bytes, .min = 1,
		.help = "refuse a backup that unpacks to more"},
	    {"max-entries", 0, "N", .number = &app.max_entries, .min = 1,
		.help = "refuse a backup with more files and directories"},
	    {"max-ratio", 0, "N", .number = &app.max_ratio, .min = 2,
		.help = "refuse a backup that unpacks to more than N times its size"},
	    {"max-time", 0, "TIME", .seconds = &app.max_time, .help = "end a test after this time"},
	    {"require", 0, "VERDICT", .text = &app.require, .words = require_words,
		.help = "exit 1 unless something was selected and all of it passed"},
	    {"accept", 0, "ID", .list = &app.accept,
		.help = "test a backup, and take what it lacks of its series as right"},
	    {"history", 0, NULL, .flag = &app.history,
		.help = "test nothing; say what the tests of each series brought and took"},
	    {"reap", 0, NULL, .flag = &app.reap,
		.help = "only remove scratch directories whose owner is dead"},
	    {0},
	};
	struct tool_spec spec = {
	    .name = "bkm-restore",
	    .usage = "[OPTION]... [FILE]...",
	    .about =
		"Restore backups into a sandbox and say what came back. Reads records, or tests "
		"the FILEs named, without configuration and store.",
	    .options = options,
	    .input = TOOL_INPUT_FILTER,
	    .operands = TOOL_OPERANDS_BACKUPS,
	    .check = check,
	    .commit = app_commit,
	    .ctx = &app,
	};
	struct err err = {.code = ERR_NONE};
	int r;

	if (tool_parse(&app.tool, &spec, argc, argv) != 0)
		return tool_close(&app.tool, 0, NULL);
	if (app.reap && app.scratch)
		app.tool.by_operands = true; /* neither configuration nor store is needed */
	if (app.accept.count || app.history)
		spec.input = TOOL_INPUT_NONE;
	app.force |= app.accept.count > 0;
	r = 0;
	if (app.tool.operand_count && (app.accept.count || app.history))
		r = err_set(&err, ERR_USAGE, "options '--accept' and '--history' take no files");
	if (r == 0)
		r = tool_open(&app.tool, app.reap ? TOOL_CONFIG : TOOL_RUN, &err);
	if (r == 0)
		r = app_setup(&app, &err);
	if (r == 0)
		r = app.reap      ? reap(&app, &err)
		    : app.history ? app_history(&app, &err)
				  : run(&app, &err);
	add_counts(&app);
	app_remove_scratch(&app);
	r = tool_close(&app.tool, r, &err);
	app_release(&app);
	return r;
}
