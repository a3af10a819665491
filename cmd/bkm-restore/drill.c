// bkm-restore: one drill of one backup, its verdict onto the line and into the queue for the store.
#include <string.h>

#include "app.h"

struct app_pending {
	int64_t backup_id, location_id, at, ms;
	uint64_t entries, bytes;
	const char *verdict, *reason; /* words of the tables */
	char handler[40];
	char *record;
};

int
app_commit(void *ctx, struct err *err)
{
	struct app *app = ctx;
	int r = 0;

	for (size_t i = 0; i < app->pending_count && r == 0; i++) {
		const struct app_pending *p = &app->pending[i];
		const struct store_restore row = {.backup_id = p->backup_id,
		    .location_id = p->location_id,
		    .at = p->at,
		    .handler = p->handler[0] ? p->handler : NULL,
		    .verdict = p->verdict,
		    .reason = p->reason,
		    .entries = p->entries,
		    .bytes = p->bytes,
		    .ms = p->ms,
		    .record = p->record};

		r = store_restore_put(app->tool.store, &row, err);
	}
	for (size_t i = 0; i < app->pending_count; i++)
		free(app->pending[i].record);
	app->pending_count = 0;
	return r;
}

static void
queue(struct app *app, int64_t backup_id, int64_t location_id, int64_t at,
    const struct restore_result *result, const struct buf *json)
{
	struct app_pending *p;

	MEM_GROW(app->pending, app->pending_count, app->pending_cap);
	p = &app->pending[app->pending_count++];
	*p = (struct app_pending){.backup_id = backup_id,
	    .location_id = location_id,
	    .at = at,
	    .ms = result->ms,
	    .entries = result->entries,
	    .bytes = result->bytes,
	    .verdict = record_word(RECORD_LIST_VERDICT, (int)result->verdict),
	    .reason = result->reason,
	    .record = mem_strndup(json->data, json->len)};
	(void)snprintf(p->handler, sizeof(p->handler), "%s", result->handler);
	tool_dirty(&app->tool);
}

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
	struct restore_expect expects[LIST_MAX];
	struct restore_member members[LIST_MAX];
};

static const char *const *
copy_list(const char **out, const struct config_list *list)
{
	for (size_t i = 0; i < list->count && i < LIST_MAX; i++)
		out[i] = list->items[i];
	return list->count ? out : NULL;
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
	subject->compare = r->compare != NULL;
	subject->members = lists->members;
	subject->member_count = r->member_count < LIST_MAX ? r->member_count : LIST_MAX;
	subject->newest_row = r->newest_row;
	subject->newest_within = r->newest_row_within != CONFIG_UNSET ? r->newest_row_within : 0;
}

int
app_drill(struct app *app, struct record *rec, const struct tool_backup *backup, struct err *err)
{
	struct lists lists = {.sql = {NULL}};
	struct restore_subject subject = {.path = backup->path,
	    .time = app->tool.by_operands ? CLOCK_NONE : backup->row.time,
	    .follow = app->tool.by_operands};
	int64_t id = backup->row.id, location_id = backup->row.location_id, at;
	struct restore_result result = {.verdict = RECORD_VERDICT_NONE};
	struct buf json = BUF_INIT;
	int r;

	if (!app->drill && sandbox_scratch_open(app_scratch_base(app), &app->drill, err) < 0)
		return -1;
	if (backup->location)
		demands(&subject, backup->location, &lists);
	r = tool_flush(&app->tool, err);
	if (r == 0)
		r = restore_drill(&subject, &app->restore, app->drill, &result, err);
	if (r < 0) {
		restore_result_release(&result);
		return -1;
	}
	at = app->tool.now + (clock_mono_ms() - app->tool.started_ms) / 1000;
	restore_result_json(&result, at, &json);
	count(app, subject.path, &result);
	if (app->keep) {
		log_warning(app->tool.log, "kept: %s", sandbox_scratch_path(app->drill));
		(void)sandbox_scratch_close(app->drill, true, NULL);
		app->drill = NULL;
	} else {
		r = sandbox_scratch_clear(app->drill, err);
	}
	if (r == 0)
		r = record_set(rec, "restore", json.data, json.len, err);
	if (r == 0 && !app->tool.by_operands)
		queue(app, id, location_id, at, &result, &json);
	if (result.verdict != RECORD_VERDICT_PASS && app->require)
		tool_require_failed(&app->tool);
	app->judged++;
	restore_result_release(&result);
	buf_release(&json);
	return r;
}
