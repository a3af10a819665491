// bkm-restore: one drill of one backup, its verdict onto the line and into the queue for the store.
#include <string.h>

#include "app.h"

/* The backup that is tested: its row is gone with the next call into the store. */
struct app_target {
	int64_t id, location_id, series_id, time, size;
};

struct app_pending {
	struct store_restore restore; /* words of the tables, and what follows */
	struct store_drill drill;
	struct store_compared compared;
	char handler[40];
	char *record;
	char *after, *last;
	struct restore_result result; /* of it, the tables */
	struct store_drill_table *list;
};

static void
release_pending(struct app_pending *p)
{
	restore_result_release(&p->result);
	free(p->list);
	free(p->record);
	free(p->after);
	free(p->last);
}

int
app_commit(void *ctx, struct err *err)
{
	struct app *app = ctx;
	int r = 0;

	for (size_t i = 0; i < app->pending_count && r == 0; i++) {
		struct app_pending *p = &app->pending[i];

		p->restore.handler = p->handler[0] ? p->handler : NULL;
		p->restore.drill = p->drill.verdict ? &p->drill : NULL;
		r = store_restore_put(app->tool.store, &p->restore, err);
		if (r == 0 && p->compared.last)
			r = store_compared_put(app->tool.store, &p->compared, err);
	}
	for (size_t i = 0; i < app->pending_count; i++)
		release_pending(&app->pending[i]);
	app->pending_count = 0;
	return r;
}

static int64_t
known(uint64_t n, bool is_known)
{
	return is_known ? (int64_t)n : -1;
}

/* What the series remembers of a test that came to a verdict. */
static void
remember(struct app_pending *p, const struct restore_subject *subject)
{
	const struct restore_result *r = &p->result;
	bool tree = r->files > 0, database = r->tables > 0 || r->table_list;

	p->drill.verdict = p->restore.verdict;
	p->drill.reason = p->restore.reason;
	p->drill.backup_id = p->restore.backup_id;
	p->drill.at = p->restore.at;
	p->drill.bytes = (int64_t)r->bytes;
	p->drill.files = known(r->files, tree);
	p->drill.tables = known(r->tables, database);
	p->drill.rows = known(r->rows, database);
	p->drill.ms = r->ms - r->compare_ms;
	p->drill.fetch_ms = r->fetch_ms;
	p->drill.unpack_ms = r->unpack_ms;
	p->drill.start_ms = r->start_ms;
	p->drill.load_ms = r->load_ms;
	p->drill.check_ms = r->check_ms;
	p->drill.rto_ms = subject->rto_ms ? subject->rto_ms : -1;
	p->drill.listed = r->table_list && !r->tables_left_out;
	p->list = mem_array(r->table_list_count + 1, sizeof(*p->list));
	for (size_t i = 0; i < r->table_list_count; i++)
		p->list[i] = (struct store_drill_table){
		    .name = r->table_list[i].name, .rows = r->table_list[i].rows};
	p->drill.list = p->list;
	p->drill.list_count = r->table_list_count;
}

/* A sample that failed is looked at again before the others have their turn. */
static void
remember_compared(struct app_pending *p, const struct restore_subject *subject)
{
	const struct restore_compared *c = &p->result.compared;
	bool again = p->restore.reason && strcmp(p->restore.reason, "differs") == 0;

	if (!c->last)
		return;
	p->after = mem_strdup(subject->compare_after);
	p->last = mem_strdup(c->last);
	p->compared = (struct store_compared){.series_id = p->drill.series_id,
	    .backup_id = p->restore.backup_id,
	    .at = p->restore.at,
	    .after = p->after,
	    .last = p->last,
	    .next = again ? p->after : p->last,
	    .round_done = c->round_done,
	    .same = c->same,
	    .differing = c->differing,
	    .newer = c->newer,
	    .unread = c->unread};
}

/* Takes over what result owns. */
static void
queue(struct app *app, const struct app_target *target, const struct restore_subject *subject,
    int64_t at, struct restore_result *result, const struct buf *json)
{
	struct app_pending *p;

	MEM_GROW(app->pending, app->pending_count, app->pending_cap);
	p = &app->pending[app->pending_count++];
	*p = (struct app_pending){.result = *result,
	    .record = mem_strndup(json->data, json->len),
	    .drill = {.series_id = target->series_id, .time = target->time, .size = target->size}};
	result->table_list = NULL;
	result->table_list_count = 0;
	result->compared = (struct restore_compared){.same = 0};
	(void)snprintf(p->handler, sizeof(p->handler), "%s", p->result.handler);
	p->restore = (struct store_restore){.backup_id = target->id,
	    .location_id = target->location_id,
	    .at = at,
	    .ms = p->result.ms,
	    .entries = p->result.entries,
	    .bytes = p->result.bytes,
	    .verdict = record_word(RECORD_LIST_VERDICT, (int)p->result.verdict),
	    .reason = p->result.reason,
	    .record = p->record};
	if (p->result.verdict == RECORD_VERDICT_PASS || p->result.verdict == RECORD_VERDICT_FAIL)
		remember(p, subject);
	remember_compared(p, subject);
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

int
app_drill(struct app *app, struct record *rec, const struct tool_backup *backup, struct err *err)
{
	const struct app_target target = {backup->row.id, backup->row.location_id,
	    backup->row.series_id, backup->row.time, (int64_t)backup->row.size};
	struct lists lists = {.sql = {NULL}};
	struct restore_subject subject = {.path = backup->path,
	    .time = app->tool.by_operands ? CLOCK_NONE : target.time,
	    .follow = app->tool.by_operands};
	struct restore_result result = {.verdict = RECORD_VERDICT_NONE};
	struct buf json = BUF_INIT, after = BUF_INIT;
	int64_t at;
	int r;

	if (!app->drill && sandbox_scratch_open(app_scratch_base(app), &app->drill, err) < 0)
		return -1;
	if (backup->location)
		demands(&subject, backup->location, &lists);
	r = tool_flush(&app->tool, err);
	if (r == 0 && subject.compare)
		r = store_compared_next(app->tool.store, target.series_id, &after, err);
	subject.compare_after = after.len ? after.data : NULL;
	if (r >= 0)
		r = restore_drill(&subject, &app->restore, app->drill, &result, err);
	if (r < 0)
		goto out;
	at = app->tool.now + (clock_mono_ms() - app->tool.started_ms) / 1000;
	restore_result_json(&result, at, &json);
	count(app, subject.path, &result);
	if (result.verdict != RECORD_VERDICT_PASS && app->require)
		tool_require_failed(&app->tool);
	app->judged++;
	r = clear(app, err);
	if (r == 0)
		r = record_set(rec, "restore", json.data, json.len, err);
	if (r == 0 && !app->tool.by_operands)
		queue(app, &target, &subject, at, &result, &json);
out:
	restore_result_release(&result);
	buf_release(&json);
	buf_release(&after);
	return r;
}
