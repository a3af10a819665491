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

static int
find(struct app *app, const char *word, struct store_backup *ret_row, struct err *err)
{
	int64_t id;
	struct err why = {0};
	if (str_to_i64(word, 1, INT64_MAX, &id, &why) < 0)
		return err_set(err, ERR_USAGE, "option '--accept': %s", why.msg);
	int r = store_backup_by_id(app->tool.store, id, ret_row, err);
	if (r < 0)
		return -1;
	if (r == 0 || strcmp(ret_row->host, app->tool.host) != 0)
		return err_set(err, ERR_USAGE, "option '--accept': there is no backup %s", word);
	if (!ret_row->live && strcmp(ret_row->state, "vanished") != 0)
		return err_set(err, ERR_USAGE,
		    "option '--accept': backup %s is gone, and nothing about it is open", word);
	return 0;
}

int
app_accept_check(struct app *app, struct err *err)
{
	struct store_backup row;
	for (size_t i = 0; i < app->accept.count; i++)
		if (find(app, app->accept.items[i], &row, err) < 0)
			return -1;
	return 0;
}

/* 1: its content is to be looked at, 0: done. */
static int
accept_one(struct app *app, const char *word, struct record *rec, struct err *err)
{
	struct store_backup row;
	if (find(app, word, &row, err) < 0)
		return -1;
	if (!strcmp(row.state, "vanished"))
		return accept_gone(app, row.id, err);
	struct buf line = BUF_INIT;
	tool_add_backup(&app->tool, &line, &row, false);
	int r = record_parse(rec, line.data, line.len, err);
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
