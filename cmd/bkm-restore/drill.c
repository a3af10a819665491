// bkm-restore: one drill of one backup, its verdict onto the line and into the queue for the store.
#include <string.h>

#include "app.h"
#include "tool/repository.h"

/* An error is said aloud: the run ends with status 3 because of it. */
static void
count(struct app *app, const char *path, const struct restore_result *result)
{
	struct buf name = BUF_INIT;

	switch (result->verdict) {
	case RECORD_VERDICT_PASS:
		app->passes++;
		break;
	case RECORD_VERDICT_FAIL:
		app->fails++;
		tool_finding(&app->tool);
		break;
	case RECORD_VERDICT_SKIP:
		app->skips++;
		break;
	case RECORD_VERDICT_ERROR:
	case RECORD_VERDICT_NONE:
		app->errors++;
		str_add_visible(&name, path, strlen(path));
		tool_error(&app->tool, "cannot test '%s': %s", name.data, result->message);
		break;
	}
	buf_release(&name);
}

#define LIST_MAX RESTORE_DEMANDS_MAX

struct lists {
	const char *must_contain[LIST_MAX + 1], *sql[LIST_MAX + 1], *command[LIST_MAX + 1];
	const char *exclude[LIST_MAX + 1];
	struct restore_expect expects[LIST_MAX];
	struct restore_member members[LIST_MAX];
	const char *argv[LIST_MAX + 1], *match[LIST_MAX + 1];
	struct decrypt_command decrypt;
};

static const char *const *
copy_list(const char **out, const struct config_list *list)
{
	for (size_t i = 0; i < list->count && i < LIST_MAX; i++)
		out[i] = list->items[i];
	return list->count ? out : NULL;
}

/* The sum was checked when the configuration was read. */
static void
member_of(const struct config_member *member, struct restore_member *ret)
{
	struct buf sum = BUF_INIT;

	ret->name = member->member;
	if (str_from_hex(member->sum, strlen(member->sum), &sum) == 0)
		memcpy(ret->sha256, sum.data, sizeof(ret->sha256));
	buf_release(&sum);
}

/* Keys of the configuration that a restored backup must meet. */
static void
demands(
    struct restore_subject *subject, const struct config_location *location, struct lists *lists)
{
	const struct config_restore *r = &location->restore;

	subject->handler = r->handler;
	subject->min_entries = r->min_entries > 0 ? (uint64_t)r->min_entries : 0;
	if (location->rto_minutes > 0)
		subject->rto_ms = location->rto_minutes * 60000;
	subject->must_contain = copy_list(lists->must_contain, &r->must_contain);
	subject->sql = copy_list(lists->sql, &r->sql);
	subject->command = copy_list(lists->command, &r->command);
	for (size_t i = 0; i < r->expect_count && i < LIST_MAX; i++)
		lists->expects[i] = (struct restore_expect){r->expects[i].sql, r->expects[i].value};
	subject->expects = lists->expects;
	subject->expect_count = r->expect_count < LIST_MAX ? r->expect_count : LIST_MAX;
	subject->learn = r->learn;
	subject->compare = r->compare;
	subject->compare_sample = (uint64_t)r->compare_sample;
	subject->compare_tolerance = r->compare_tolerance;
	subject->compare_exclude = copy_list(lists->exclude, &r->compare_exclude);
	for (size_t i = 0; i < r->member_count && i < LIST_MAX; i++)
		member_of(&r->members[i], &lists->members[i]);
	if (location->decrypt.command.count) {
		lists->decrypt = (struct decrypt_command){
		    .argv = copy_list(lists->argv, &location->decrypt.command),
		    .secret = location->decrypt.secret,
		    .match = copy_list(lists->match, &location->decrypt.match),
		    .unix_sockets = location->decrypt.unix_sockets};
		subject->decrypt = &lists->decrypt;
	}
	subject->members = lists->members;
	subject->member_count = r->member_count < LIST_MAX ? r->member_count : LIST_MAX;
	subject->newest_row = r->newest_row;
	subject->newest_within = r->newest_row_within != CONFIG_UNSET ? r->newest_row_within : 0;
}

/* --keep leaves the scratch directory; otherwise it is emptied for the next test. */
static int
clear(struct app *app, struct err *err)
{
	if (!app->keep)
		return sandbox_scratch_clear(app->drill, err);
	log_warning(app->tool.log, "kept: %s", sandbox_scratch_path(app->drill));
	(void)sandbox_scratch_close(app->drill, true, NULL);
	app->drill = NULL;
	return 0;
}

/* What the store knows of the series, for the demands that look back. */
static int
look_back(struct app *app, const struct app_target *target, struct restore_subject *subject,
    struct app_baseline *baseline, struct buf *after, struct err *err)
{
	if (app->tool.by_operands)
		return 0;
	if (subject->compare &&
	    store_compared_next(app->tool.store, target->series_id, after, err) < 0)
		return -1;
	subject->compare_after = after->len ? after->data : NULL;
	if (!subject->learn)
		return 0;
	if (app_baseline_load(app, target, baseline, err) < 0)
		return -1;
	subject->baseline = &baseline->rules;
	return 0;
}

/* The line says how it stands now; the store keeps what was found out about the backup. */
static int
put_on_line(struct app *app, struct record *rec, const struct restore_result *result,
    const struct app_target *target, int64_t at, int64_t due, const struct buf *stored,
    struct err *err)
{
	struct restore_result *stale;
	struct buf json = BUF_INIT;
	int r;

	if (due == CLOCK_NONE || result->verdict != RECORD_VERDICT_PASS)
		return record_set(rec, "restore", stored->data, stored->len, err);
	stale = mem_dup(result, sizeof(*result));
	app_say_stale(stale, target->time, due);
	restore_result_json(stale, at, &json);
	r = record_set(rec, "restore", json.data, json.len, err);
	buf_release(&json);
	free(stale);
	tool_finding(&app->tool);
	if (app->require)
		tool_require_failed(&app->tool);
	return r;
}

int
app_drill(struct app *app, struct record *rec, const struct tool_backup *backup, struct err *err)
{
	const struct app_target target = {.id = backup->row.id,
	    .location_id = backup->row.location_id,
	    .series_id = backup->row.series_id,
	    .time = app->tool.by_operands ? CLOCK_NONE : backup->row.time,
	    .size = (int64_t)backup->row.size};
	struct lists lists = {.sql = {NULL}};
	struct restore_subject subject = {
	    .path = backup->path, .time = target.time, .follow = app->tool.by_operands};
	struct restore_result result = {.verdict = RECORD_VERDICT_NONE};
	struct app_baseline baseline = {.rules = {.count = 0}};
	struct buf json = BUF_INIT, after = BUF_INIT;
	int64_t at, due = CLOCK_NONE;
	int r;

	if (!app->drill && sandbox_scratch_open(app_scratch_base(app), &app->drill, err) < 0)
		return -1;
	if (backup->location)
		demands(&subject, backup->location, &lists);
	subject.accept = app->accept.count > 0;
	r = app_is_stale(app, backup, &due, err);
	if (r >= 0)
		r = tool_flush(&app->tool, err);
	if (r == 0)
		r = look_back(app, &target, &subject, &baseline, &after, err);
	if (r == 0 && tool_is_repository(backup->location))
		r = app_snapshot(app, backup->location, &subject, &result, err);
	else if (r == 0)
		r = restore_drill(&subject, &app->restore, app->drill, &result, err);
	if (r < 0)
		goto out;
	at = tool_now(&app->tool);
	restore_result_json(&result, at, &json);
	count(app, subject.path, &result);
	if (result.verdict != RECORD_VERDICT_PASS && app->require)
		tool_require_failed(&app->tool);
	app->judged++;
	r = clear(app, err);
	if (r == 0)
		r = put_on_line(app, rec, &result, &target, at, due, &json, err);
	if (r == 0 && !app->tool.by_operands)
		app_queue(app, &target, &subject, at, &result, &json);
out:
	restore_result_release(&result);
	app_baseline_release(&baseline);
	buf_release(&json);
	buf_release(&after);
	return r;
}
