// --accept: a person says that the present content is right, or that a backup is gone for good.
#include <string.h>

#include "app.h"

static int
accept_gone(struct app *app, int64_t id, struct err *err)
{
	if (store_begin(app->tool.store, err) < 0)
		return -1;
	if (store_verify_accept_gone(app->tool.store, id, app->tool.now, err) < 0) {
		store_rollback(app->tool.store);
		return -1;
	}
	return store_commit(app->tool.store, err);
}

/* 1: its content is to be looked at, 0: done. */
static int
accept_one(struct app *app, const char *word, struct record *rec, struct err *err)
{
	struct store_backup row;
	int64_t id;
	struct err why = {0};
	if (str_to_i64(word, 1, INT64_MAX, &id, &why) < 0)
		return err_set(err, ERR_USAGE, "option '--accept': %s", why.msg);
	int r = store_backup_by_id(app->tool.store, id, &row, err);
	if (r < 0)
		return -1;
	if (r == 0 || strcmp(row.host, app->tool.host) != 0)
		return err_set(err, ERR_USAGE, "option '--accept': there is no backup %s", word);
	if (!strcmp(row.state, "vanished"))
		return accept_gone(app, id, err);
	if (!row.live)
		return err_set(err, ERR_USAGE,
		    "option '--accept': backup %s is gone, and nothing about it is open", word);
	struct buf line = BUF_INIT;
	tool_add_backup(&app->tool, &line, &row, false);
	r = record_parse(rec, line.data, line.len, err);
	buf_release(&line);
	return r < 0 ? -1 : 1;
}

int
app_accept_next(struct app *app, size_t *pos, struct record *rec, struct err *err)
{
	int r = 0;
	while (r == 0 && *pos < app->accept.count)
		r = accept_one(app, app->accept.items[(*pos)++], rec, err);
	return r;
}
