// bkm-restore: what a test brought back, queued for the store until the next commit.
#include <stdlib.h>
#include <string.h>

#include "app.h"

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

/* A person said that what this backup lacks is right. */
static int
accept(struct app *app, const struct app_pending *p, struct err *err)
{
	const struct restore_result *result = &p->result;
	int r = 0;

	for (size_t i = 0; i < result->shrunk_count && r == 0; i++)
		r = store_drill_accept(app->tool.store, p->drill.series_id, result->shrunk[i].name,
		    p->drill.time, p->restore.at, err);
	return r;
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
		if (r == 0 && app->accept.count)
			r = accept(app, p, err);
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

void
app_queue(struct app *app, const struct app_target *target, const struct restore_subject *subject,
    int64_t at, struct restore_result *result, const struct buf *json)
{
	struct app_pending *p;

	MEM_GROW(app->pending, app->pending_count, app->pending_cap);
	p = &app->pending[app->pending_count++];
	*p = (struct app_pending){.result = *result,
	    .record = mem_strndup(json->data, json->len),
	    .drill = {.series_id = target->series_id, .time = target->time, .size = target->size}};
	*result = (struct restore_result){.verdict = p->result.verdict};
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
